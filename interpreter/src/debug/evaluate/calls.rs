//! Where an evaluation works: on the run itself, where nothing may be changed, or on a copy, where functions can be called.

use super::expr::Wrong;
use crate::bytecode::Code;
use crate::debug::view::Stoppable;
use crate::value::Value;
use crate::vm::builtins::Sched;
use crate::vm::globals::Globals;
use crate::vm::heap::Heap;
use crate::vm::machine::Machine;
use crate::vm::sharing::Common;
use crate::vm::trial::{Failure, Trial};
use std::sync::Arc;
use tracer::event::Site;
use tracer::names;
use tracer::program::ProgramInfo;

/// Instructions that a called function may take.
const INSTRUCTIONS: u64 = 10_000_000;

/// The parts that an evaluation works with.
pub struct Ground<'m> {
    /// The heap.
    pub heap: &'m mut Heap,
    /// Tasks and objects.
    pub sched: &'m mut Sched,
    /// The globals.
    pub globals: &'m Globals,
    /// Streams.
    pub common: &'m Common,
    /// The trace clock.
    pub clock: u64,
}

/// See the module.
pub trait Host {
    /// Its parts.
    fn ground(&mut self) -> Ground<'_>;

    /// The program.
    fn code(&self) -> &Arc<Code>;

    /// The heap, to look at.
    fn heap(&self) -> &Heap;

    /// Tasks and objects, to look at.
    fn sched(&self) -> &Sched;

    /// The globals, to look at.
    fn globals(&self) -> &Globals;

    /// Calls a function of the program.
    fn call(&mut self, at: u32, function: u32, captures: &[Value], args: &[Value]) -> Result<Value, Wrong>;

    /// What is to be said of the value, for what calls did.
    fn note(&self) -> String;
}

/// The run itself.
pub(super) struct OnRun<'m, E: Stoppable> {
    pub machine: &'m mut Machine<E>,
}

impl<E: Stoppable> Host for OnRun<'_, E> {
    fn ground(&mut self) -> Ground<'_> {
        ground(self.machine)
    }

    fn code(&self) -> &Arc<Code> {
        &self.machine.code
    }

    fn heap(&self) -> &Heap {
        &self.machine.heap
    }

    fn sched(&self) -> &Sched {
        &self.machine.sched
    }

    fn globals(&self) -> &Globals {
        &self.machine.globals
    }

    fn call(&mut self, at: u32, _function: u32, _captures: &[Value], _args: &[Value]) -> Result<Value, Wrong> {
        Err(Wrong { needs_copy: true, ..Wrong::new(at, "functions of the program cannot be called here") })
    }

    fn note(&self) -> String {
        String::new()
    }
}

fn ground<E: Stoppable>(machine: &mut Machine<E>) -> Ground<'_> {
    Ground {
        heap: &mut machine.heap,
        sched: &mut machine.sched,
        globals: &machine.globals,
        common: &machine.common,
        clock: machine.clock,
    }
}

/// A copy of the run.
pub(super) struct OnCopy<'p> {
    trial: Trial,
    program: &'p ProgramInfo,
    effects: bool,
}

impl<'p> OnCopy<'p> {
    /// Of a machine that stands. With `effects` what is called may do anything.
    pub fn of<E: Stoppable>(machine: &Machine<E>, program: &'p ProgramInfo, effects: bool) -> OnCopy<'p> {
        OnCopy { trial: machine.trial(), program, effects }
    }

    fn place(&self, site: u32) -> String {
        self.program.locate(Site(site))
    }
}

impl Host for OnCopy<'_> {
    fn ground(&mut self) -> Ground<'_> {
        ground(&mut self.trial)
    }

    fn code(&self) -> &Arc<Code> {
        &self.trial.code
    }

    fn heap(&self) -> &Heap {
        &self.trial.heap
    }

    fn sched(&self) -> &Sched {
        &self.trial.sched
    }

    fn globals(&self) -> &Globals {
        &self.trial.globals
    }

    fn call(&mut self, at: u32, function: u32, captures: &[Value], args: &[Value]) -> Result<Value, Wrong> {
        let name = self.trial.code.functions.get(function as usize).map_or("?", |f| &f.name).to_string();
        let result = self.trial.call(function, captures, args, INSTRUCTIONS, self.effects);
        result.map_err(|failure| {
            let why = match failure {
                Failure::Panic(message) => format!("`{name}` panics: {message}"),
                Failure::Effect(kind, site) => {
                    format!("`{name}` has an effect on others ({} at {})", kind.name(), self.place(site))
                }
                Failure::Waits(reason) => format!("`{name}` {}", names::wait_phrase(reason, "something")),
                Failure::Endless => format!("`{name}` does not end within {} instructions", names::count(INSTRUCTIONS)),
            };
            Wrong::new(at, why)
        })
    }

    fn note(&self) -> String {
        let mut notes = Vec::new();
        if let Some((kind, site)) = self.trial.effect().filter(|_| self.effects) {
            notes.push(format!("effects on a copy only: {} at {}", kind.name(), self.place(site)));
        }
        if !self.trial.written().is_empty() {
            let text: String = self.trial.written().chars().take(200).collect();
            notes.push(format!("writes {:?}", text));
        }
        notes.join(", ")
    }
}
