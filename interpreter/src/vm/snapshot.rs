//! Copies of a stopped machine, to go back to.
//!
//! Values are numbers and handles are slots, so a copy is a copy: the scheduler with all tasks and their stacks, the heap, the globals. What
//! weighs something weighs the same in the copy (queues keep their room), because weights decide when garbage is collected,
//! and collections are events. What has gone out of the machine (events, output) is not part of it.

use super::engine::Engine;
use super::heap::Image;
use super::machine::Machine;
use super::sharing::Warned;
use super::step::Stand;
use super::task::Body;
use crate::value::Value;
use scheduler::Scheduler;
use tracer::finding::Finding;

/// A machine as it was.
#[derive(Debug)]
pub struct Snapshot {
    sched: Scheduler<Value, Body>,
    heap: Image,
    globals: Vec<Value>,
    clock: u64,
    running: u32,
    slice_end: u64,
    stand: Stand,
    findings: Vec<Finding>,
    warnings: Vec<Warned>,
    main_result: Option<Value>,
    /// Slices until the next weighing.
    slices: usize,
    /// Lines of input read so far.
    lines: usize,
    bytes: usize,
}

impl Snapshot {
    /// Steps done when it was made.
    pub fn steps(&self) -> u64 {
        self.stand.steps
    }

    /// What it takes, in bytes, about.
    pub fn bytes(&self) -> usize {
        self.bytes
    }
}

impl<E: Engine<Sched = Scheduler<Value, Body>>> Machine<E> {
    /// A copy of the machine, which must stand: before an instruction with its task saved, or between two tasks.
    pub fn snapshot(&self) -> Snapshot {
        let mut globals = Vec::new();
        self.globals.copy_to(&mut globals);
        let stacks: usize = self.sched.live_tasks().map(|(_, task)| size_of_val::<[Value]>(&task.body.stack)).sum();
        Snapshot {
            bytes: self.heap.bytes() + self.sched.bytes() + stacks + globals.len() * size_of::<Value>(),
            sched: self.sched.clone(),
            heap: self.heap.image(),
            globals,
            clock: self.clock,
            running: self.running,
            slice_end: self.slice_end,
            stand: self.stepper.stand(),
            findings: self.common.findings().clone(),
            warnings: self.common.warnings(),
            main_result: self.common.main_result(),
            slices: self.marks.slices(),
            lines: self.common.io().lines_read(),
        }
    }

    /// Makes the machine what it was. Executed from there it does the same again.
    pub fn restore(&mut self, snapshot: &Snapshot) {
        self.sched.clone_from(&snapshot.sched);
        self.heap.restore(&snapshot.heap);
        self.globals.restore(&snapshot.globals);
        self.clock = snapshot.clock;
        self.running = snapshot.running;
        self.slice_end = snapshot.slice_end;
        self.stepper.restore(snapshot.stand);
        self.fault = None;
        self.common.restore(snapshot.findings.clone(), &snapshot.warnings, snapshot.main_result);
        self.marks.set_slices(snapshot.slices);
        self.common.io().read_again_from(snapshot.lines);
    }
}
