//! Trying something out on a copy of a stopped run, which is thrown away afterwards: how a debugger calls functions of the program.
//!
//! A copy has its own scheduler, heap and streams. Whatever happens in it, the run itself does not notice: neither its state nor its
//! clock, events, findings or memory.

use super::builtins::Sched;
use super::engine::{Engine, Stepping};
use super::fault::Fault;
use super::io::Io;
use super::machine::{Machine, Program, Stop};
use super::task::Body;
use crate::value::Value;
use scheduler::{At, Next, Runtime, State};
use std::sync::Arc;
use tracer::event::{BLOCKED, Kind};
use tracer::finding::WaitReason;
use tracer::record::Tracer;

/// Sees what a trial does that others could notice.
#[derive(Clone, Debug, Default)]
pub struct Witness {
    count: u64,
    first: Option<(Kind, u32)>,
    output: String,
}

/// Output of a trial that is kept.
const OUTPUT: usize = 4096;

impl Tracer for Witness {
    const ON: bool = true;

    fn emit(&mut self, kind: u8, site: u32, _clock: u64, _object: u32, _arg: u32) {
        self.count += 1;
        let Some(kind) = Kind::from_byte(kind & !BLOCKED) else { return };
        // What the engine does by itself.
        if !matches!(kind, Kind::Switch | Kind::Preempt | Kind::TaskEnd | Kind::Collect) {
            self.first = self.first.or(Some((kind, site)));
        }
    }

    fn text(&mut self, kind: Kind, site: u32, clock: u64, text: &str) {
        self.emit(kind as u8, site, clock, 0, 0);
        if self.output.len() < OUTPUT {
            self.output.push_str(text);
        }
    }

    fn ordinal(&self) -> u64 {
        self.count
    }

    fn poll(&mut self, _clock: u64) -> bool {
        false
    }

    fn idle(&mut self, _clock: u64) {}

    fn quit(&self) -> bool {
        false
    }
}

/// A copy of a run to try things out on.
pub type Trial = Machine<Stepping<Witness>>;

/// Why a call on a copy gave no result.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Failure {
    /// It failed, with this message.
    Panic(String),
    /// It did something that others notice: the first such thing, and where.
    Effect(Kind, u32),
    /// It would wait.
    Waits(WaitReason),
    /// It takes more instructions than it may.
    Endless,
}

impl<E: Engine<Sched = Sched>> Machine<E> {
    /// A copy of this stopped machine.
    pub fn trial(&self) -> Trial {
        let program = self.program();
        let sched = self.sched.clone();
        let mut trial = Trial::new(&program, sched, Witness::default(), Io::memory(), self.limits, Arc::default());
        trial.heap.restore(&self.heap.image());
        trial.constants = self.constants.clone();
        let mut globals = Vec::new();
        self.globals.copy_to(&mut globals);
        trial.globals.restore(&globals);
        trial.clock = self.clock;
        trial
    }

    fn program(&self) -> Program {
        Program::of_parts(
            self.code.clone(),
            self.start,
            self.entries.clone(),
            self.selects.clone(),
            self.methods.clone(),
            self.attributes.clone(),
        )
    }
}

impl Trial {
    /// Calls a function in a task of its own while nobody else runs, for at most so many instructions. Without `effects` it must not do
    /// anything that others could notice.
    ///
    /// # Errors
    /// Why there is no result.
    pub fn call(
        &mut self,
        function: u32,
        captures: &[Value],
        args: &[Value],
        instructions: u64,
        effects: bool,
    ) -> Result<Value, Failure> {
        let Some(&entry) = self.entries.get(function as usize) else {
            return Err(Failure::Panic("there is no such function".into()));
        };
        if entry.params as usize != args.len() || entry.captures as usize != captures.len() {
            return Err(Failure::Panic(format!("it takes {} arguments but {} were given", entry.params, args.len())));
        }
        let at = At { site: entry.start, clock: self.clock };
        let start = |body: &mut Body| body.start(entry, captures, args);
        // That there is a task for it is nothing that it does.
        let before = self.tr.first;
        let task = Runtime::spawn(&mut self.sched, &mut self.tr, at, function, true, start);
        self.tr.first = before;
        self.sched.leave_only(task.slot);
        self.stepper.stop_at(self.stepper.steps().saturating_add(instructions), false, false);
        loop {
            let stop = self.dispatch();
            if let Some((kind, site)) = self.tr.first.filter(|_| !effects) {
                return Err(Failure::Effect(kind, site));
            }
            match stop {
                Stop::Step => return Err(Failure::Endless),
                Stop::TaskEnded | Stop::Scheduler(Next::Poll | Next::Run { .. }) => {}
                Stop::Fault(_, Fault::Panic(message) | Fault::Assert(message) | Fault::Error(_, message)) => {
                    return Err(Failure::Panic(message));
                }
                Stop::Fault(_, Fault::Raised(_)) => return Err(Failure::Panic("it raises an exception".into())),
                Stop::Fault(_, Fault::Exit(code)) => {
                    return Err(Failure::Panic(format!("it ends the program with code {code}")));
                }
                Stop::MainReturned | Stop::Stopped | Stop::Scheduler(_) => break,
            }
        }
        if !self.sched.has_task(task) {
            return Err(Failure::Panic("it was cancelled".into()));
        }
        let called = self.sched.task(task.slot);
        match called.state {
            State::Ended => Ok(called.value),
            _ => Err(Failure::Waits(called.reason)),
        }
    }

    /// What was written so far.
    pub fn written(&self) -> &str {
        &self.tr.output
    }

    /// The first thing done that others could notice, and where.
    pub fn effect(&self) -> Option<(Kind, u32)> {
        self.tr.first
    }
}
