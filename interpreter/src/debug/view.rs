//! A stopped run, to be looked at: the parts of a machine that frames, values and expressions are read from. What only looks goes
//! through this and so cannot change anything, nor is it compiled anew for each engine.

use crate::bytecode::Code;
use crate::value::Value;
use crate::vm::builtins::Sched;
use crate::vm::engine::Engine;
use crate::vm::globals::Globals;
use crate::vm::heap::Heap;
use crate::vm::machine::Machine;
use crate::vm::task::Body;
use scheduler::{State, Task};
use tracer::program::ProgramInfo;

/// An engine that can be stopped and looked into: any of the deterministic runtime.
pub trait Stoppable: Engine<Sched = Sched> {}

impl<E: Engine<Sched = Sched>> Stoppable for E {}

/// The parts of a stopped machine. Every task's registers stand in its body.
#[derive(Clone, Copy)]
pub struct View<'a> {
    /// The guest's heap.
    pub heap: &'a Heap,
    /// Tasks and everything they wait for.
    pub sched: &'a Sched,
    /// The program.
    pub code: &'a Code,
    /// Its globals.
    pub(crate) globals: &'a Globals,
    /// Names and places of the program.
    pub program: &'a ProgramInfo,
}

impl<'a> View<'a> {
    /// Of a machine that stands, with the running task saved.
    pub fn of<E: Stoppable>(machine: &'a Machine<E>, program: &'a ProgramInfo) -> View<'a> {
        View { heap: &machine.heap, sched: &machine.sched, code: &machine.code, globals: &machine.globals, program }
    }

    /// The task in a slot, unless it has ended or is not there yet.
    pub fn live(&self, slot: u32) -> Option<&'a Task<Value, Body>> {
        self.sched.task_in(slot).filter(|task| !matches!(task.state, State::Free | State::Ended))
    }

    /// What a register of the stack of a task holds; `None` where there is no such register.
    pub fn register(&self, slot: u32, index: usize) -> Option<Value> {
        self.sched.task_in(slot)?.body.stack.get(index).copied()
    }
}
