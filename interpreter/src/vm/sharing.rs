//! What several machines of one run share beside the heap, and the publishing of values that one task hands to others.
//!
//! Where values leave a task (each of these places calls [`Machine::publish`] or [`Env::publish`] first) is listed in
//! `docs/design/parallel-heap.md`. All of it vanishes from a machine that is alone.

use super::builtins::Env;
use super::engine::Engine;
use super::heap::Heap;
use super::io::Io;
use super::machine::Machine;
use crate::value::Value;
use rustc_hash::FxHashMap;
use scheduler::{At, Runtime};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tracer::event::Kind;
use tracer::finding::Finding;
use tracer::record::Tracer;

/// What all machines of a run write to.
pub struct Common {
    io: Mutex<Io>,
    findings: Mutex<Vec<Finding>>,
    main_result: Mutex<Option<Value>>,
    lines: Lines,
    warnings: Mutex<BTreeMap<(Warning, u32), u64>>,
}

/// Something that a program did and that has no effect, but is hardly meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Warning {
    /// A closed channel was closed again.
    ClosedAgain,
}

impl Warning {
    /// A word for programs.
    pub fn name(self) -> &'static str {
        match self {
            Warning::ClosedAgain => "closed-again",
        }
    }

    /// What to say of it.
    pub fn sentence(self) -> &'static str {
        match self {
            Warning::ClosedAgain => "closes a channel that is closed already, which has no effect",
        }
    }
}

/// What a warning came to in one place of the program.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Warned {
    /// What it is.
    pub warning: Warning,
    /// Where.
    pub site: u32,
    /// How often.
    pub count: u64,
}

/// Lines that were read for tasks, by the tasks' numbers, until they take them.
pub type Lines = Arc<Mutex<FxHashMap<u32, Option<String>>>>;

/// A lock whose holder may have panicked: what it guards is whole between any two steps.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Common {
    /// For a run with these streams.
    pub fn new(io: Io) -> Common {
        Common {
            io: Mutex::new(io),
            findings: Mutex::default(),
            main_result: Mutex::default(),
            lines: Lines::default(),
            warnings: Mutex::default(),
        }
    }

    /// The guest's input and output.
    pub fn io(&self) -> MutexGuard<'_, Io> {
        lock(&self.io)
    }

    /// Where lines of input come for the tasks that wait for them.
    pub fn lines(&self) -> Lines {
        self.lines.clone()
    }

    /// Takes the line that was read for a task.
    pub fn take_line(&self, task: u32) -> Option<String> {
        lock(&self.lines).remove(&task).flatten()
    }

    /// The program did something odd at this place in the code.
    pub fn warn(&self, warning: Warning, site: u32) {
        *lock(&self.warnings).entry((warning, site)).or_default() += 1;
    }

    /// What was odd, by place.
    pub fn warnings(&self) -> Vec<Warned> {
        let warned = |(&(warning, site), &count): (&(Warning, u32), &u64)| Warned { warning, site, count };
        lock(&self.warnings).iter().map(warned).collect()
    }

    /// Findings made so far.
    pub fn findings(&self) -> MutexGuard<'_, Vec<Finding>> {
        lock(&self.findings)
    }

    /// What `main` returned, once it has.
    pub fn main_result(&self) -> Option<Value> {
        *lock(&self.main_result)
    }

    /// `main` has returned.
    pub fn set_main_result(&self, value: Value) {
        *lock(&self.main_result) = Some(value);
    }

    /// Goes back to what was found by then.
    pub fn restore(&self, findings: Vec<Finding>, warnings: &[Warned], main_result: Option<Value>) {
        *self.findings() = findings;
        *lock(&self.warnings) = warnings.iter().map(|warned| ((warned.warning, warned.site), warned.count)).collect();
        *lock(&self.main_result) = main_result;
    }

    /// The streams, when the run is over.
    pub fn into_io(self) -> Io {
        self.io.into_inner().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Records that objects were published.
fn tell<E: Engine>(sched: &E::Sched, tr: &mut E::Tracer, at: At, objects: usize) {
    if objects > 0 {
        let objects = u32::try_from(objects).unwrap_or(u32::MAX);
        tr.emit(Kind::Publish as u8, at.site, sched.stamp(at.clock), 0, objects);
    }
}

/// Publishes values that other tasks are about to get.
fn publish<E: Engine>(heap: &mut Heap, sched: &E::Sched, tr: &mut E::Tracer, at: At, values: &[Value]) {
    let objects = heap.publish_all(values);
    tell::<E>(sched, tr, at, objects);
}

impl<E: Engine> Machine<E> {
    /// Before other tasks may get hold of these values.
    #[inline(always)]
    pub(super) fn publish(&mut self, at: At, values: &[Value]) {
        if E::PARALLEL {
            publish::<E>(&mut self.heap, &self.sched, &mut self.tr, at, values);
        }
    }

    /// After an instruction that stores into an object: if others may reach that one, what was stored has been published.
    #[inline(always)]
    pub(super) fn stored(&mut self, at: At) {
        if E::PARALLEL {
            let objects = self.heap.take_published();
            tell::<E>(&self.sched, &mut self.tr, at, objects);
        }
    }
}

impl<E: Engine> Env<'_, E> {
    /// Before other tasks may get hold of this value.
    #[inline(always)]
    pub(crate) fn publish(&mut self, value: Value) {
        if E::PARALLEL {
            publish::<E>(self.heap, self.sched, self.tr, self.at, &[value]);
        }
    }
}
