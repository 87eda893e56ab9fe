//! Channels, locks and the other objects of the scheduler in words.

use super::Teller;
use super::types::Parameters;
use crate::debug::view::View;
use crate::value::{Tag, Value};
use crate::vm::builtins::atomics::content_tag;
use crate::vm::format::plain_scalar;
use crate::vm::mark::object_kind;
use scheduler::inspect::{Facts, Holding, ObjectState, Wants};
use scheduler::{Cause, Child, Handle, State};
use std::fmt::Write;
use tracer::finding::ObjectKind;
use tracer::names;

/// Objects inside of objects that a line unfolds.
const NESTING: u32 = 2;

/// What an object is called everywhere: `jobs`, `fork#2`, `channel@12:5`.
pub fn name(view: &View<'_>, kind: ObjectKind, slot: u32) -> String {
    let object = view.sched.object(kind, slot);
    let several = view.sched.made_at(object.made_at.0) > 1;
    names::object_name(view.program, kind, object.made_at, object.nth, several)
}

/// What a task is called everywhere: `worker#1`.
pub fn task_name(view: &View<'_>, slot: u32) -> String {
    names::task_ref_name(view.program, &view.sched.task(slot).evidence())
}

/// What a task with this number is called, if it still lives.
pub fn live_task_of_number(view: &View<'_>, number: u32) -> Option<String> {
    let (slot, _) = view.sched.live_tasks().find(|(_, task)| task.id == number)?;
    Some(task_name(view, slot))
}

/// What a task with this number is called: by its number once it has ended.
pub fn task_of_number(view: &View<'_>, number: u32) -> String {
    live_task_of_number(view, number).unwrap_or_else(|| format!("task {number}"))
}

/// The value that a mutex, a read-write lock or a once protects.
pub fn protected(view: &View<'_>, kind: ObjectKind, slot: u32) -> Option<Value> {
    let mut found = None;
    view.sched.children(kind, slot, |child| {
        if let Child::Value(value) = child {
            found = found.or(Some(value));
        }
    });
    found
}

/// The first values in a channel's buffer.
pub(in crate::debug) fn buffered(view: &View<'_>, slot: u32, most: usize) -> Vec<Value> {
    let mut found = Vec::new();
    view.sched.children(ObjectKind::Channel, slot, |child| {
        if let Child::Value(value) = child
            && found.len() < most
        {
            found.push(value);
        }
    });
    found
}

impl Teller<'_> {
    /// What a guard locks, in words, and what it gives access to; nothing where it has been released.
    pub(super) fn guard(&self, guard: Value) -> (String, Option<Value>) {
        let view = &self.view;
        let slot = guard.slot();
        let (kind, word) = match guard.kind() {
            Tag::MutexGuard => (ObjectKind::Mutex, "locks"),
            Tag::ReadGuard => (ObjectKind::RwLock, "reads"),
            _ => (ObjectKind::RwLock, "writes"),
        };
        let name = name(view, kind, slot);
        // A guard that has been let go may still stand in a register that nobody reads any more.
        let holders = match view.sched.inspect(kind, slot).map(|state| state.facts) {
            Some(Facts::Mutex { owner, .. }) => owner.into_iter().collect(),
            Some(Facts::RwLock { writer, .. }) if guard.is(Tag::WriteGuard) => writer.into_iter().collect(),
            Some(Facts::RwLock { readers, .. }) => readers,
            _ => Vec::new(),
        };
        if !holders.iter().any(|holder| self.task == 0 || holder.task.0 == self.task) {
            return (format!("locked {name}"), None);
        }
        (format!("{word} {name}"), protected(view, kind, slot))
    }

    /// An object on a line: its name and how it is.
    pub(super) fn describe(&self, value: Value, out: &mut String) {
        let view = &self.view;
        let slot = value.slot();
        if value.is(Tag::Future) {
            return self.describe_future(value, out);
        }
        let Some(kind) = object_kind(value.kind()) else { return };
        out.push_str(&name(view, kind, slot));
        let _ = match value.kind() {
            Tag::Channel => {
                if view.sched.channel_capacity(slot) > 0 || view.sched.channel_len(slot) > 0 {
                    let _ = write!(out, " {}", self.buffer(slot, 8));
                }
                let _ = write!(out, " cap {}", view.sched.channel_capacity(slot));
                if view.sched.channel_closed(slot) { write!(out, " closed") } else { Ok(()) }
            }
            Tag::Mutex | Tag::RwLock => {
                let content = protected(view, kind, slot).map_or(String::new(), |value| self.inner(value));
                write!(out, " ({content})")
            }
            Tag::Once => match view.sched.inspect(kind, slot).map(|state| state.facts) {
                Some(Facts::Once { done: true, .. }) => write!(out, " done"),
                Some(Facts::Once { runner: Some(runner), .. }) => {
                    write!(out, " runs in {}", task_of_number(view, runner.task.0))
                }
                _ => write!(out, " not done"),
            },
            Tag::WaitGroup => match view.sched.inspect(kind, slot).map(|state| state.facts) {
                Some(Facts::WaitGroup { count, .. }) => write!(out, " count {count}"),
                _ => Ok(()),
            },
            Tag::Barrier => match view.sched.inspect(kind, slot) {
                Some(ObjectState { facts: Facts::Barrier { parties }, waiting, .. }) => {
                    write!(out, " {} of {parties} arrived", waiting.len())
                }
                _ => Ok(()),
            },
            Tag::Semaphore => match view.sched.permits(slot) {
                1 => write!(out, " 1 permit"),
                permits => write!(out, " {permits} permits"),
            },
            Tag::Ticker => match view.sched.inspect(kind, slot).map(|state| state.facts) {
                Some(Facts::Timer { period: Some(period), .. }) => write!(out, " every {}", names::duration(period)),
                _ => Ok(()),
            },
            Tag::Atomic => {
                out.push(' ');
                plain_scalar(Value::new(content_tag(value), view.sched.atomic_value(slot) as u64), out);
                Ok(())
            }
            Tag::Context => write!(out, " {}", context_state(view, slot)),
            _ => Ok(()),
        };
    }

    fn describe_future(&self, value: Value, out: &mut String) {
        let view = &self.view;
        let handle = Handle::unpack(value.payload);
        if !view.sched.has_task(handle) {
            out.push_str("future whose result was taken");
            return;
        }
        let task = view.sched.task(handle.slot);
        out.push_str(&task_name(view, handle.slot));
        match task.state {
            State::Ended => {
                let result = task.value;
                out.push_str(" done: ");
                out.push_str(&self.inner(result));
            }
            state => {
                let _ = write!(out, " {}", super::tasks::state_of(state, task.reason).name());
            }
        }
    }

    /// The first values of a channel's buffer, in brackets.
    fn buffer(&self, slot: u32, most: usize) -> String {
        let count = self.view.sched.channel_len(slot);
        let mut shown: Vec<String> =
            buffered(&self.view, slot, most).into_iter().map(|value| self.inner(value)).collect();
        if count > shown.len() {
            shown.push(format!("… {} more", count - shown.len()));
        }
        format!("[{}]", shown.join(", "))
    }

    /// A value inside an object on a line. Objects may hold each other in a ring.
    fn inner(&self, value: Value) -> String {
        if self.nesting.get() >= NESTING {
            return "…".to_string();
        }
        self.nesting.set(self.nesting.get() + 1);
        let text = self.brief(value);
        self.nesting.set(self.nesting.get() - 1);
        text
    }

    /// What else there is to say of an object on a line of its own: who holds it, how many wait.
    pub(super) fn object_note(&self, value: Value) -> String {
        let view = &self.view;
        let state = object_kind(value.kind()).and_then(|kind| view.sched.inspect(kind, value.slot()));
        let Some(ObjectState { facts, waiting, .. }) = state else { return String::new() };
        let who = |holders: &[Holding]| {
            let names: Vec<String> = holders.iter().map(|holder| task_of_number(view, holder.task.0)).collect();
            names::list(&names)
        };
        let mut notes = Vec::new();
        match &facts {
            Facts::Mutex { owner: Some(owner), .. } => notes.push(format!("locked by {}", who(&[*owner]))),
            Facts::RwLock { writer: Some(writer), .. } => notes.push(format!("written by {}", who(&[*writer]))),
            Facts::RwLock { readers, .. } if !readers.is_empty() => notes.push(format!("read by {}", who(readers))),
            Facts::Semaphore { holders, .. } if !holders.is_empty() => notes.push(format!("held by {}", who(holders))),
            _ => {}
        }
        let sending = waiting.iter().filter(|waiting| matches!(waiting.wants, Wants::Send(_))).count();
        let receiving = waiting.iter().filter(|waiting| matches!(waiting.wants, Wants::Receive)).count();
        for (count, what) in
            [(sending, " to send"), (receiving, " to receive"), (waiting.len() - sending - receiving, "")]
        {
            match count {
                0 => {}
                1 => notes.push(format!("1 waits{what}")),
                _ => notes.push(format!("{count} wait{what}")),
            }
        }
        notes.join(", ")
    }

    /// How many parts an object has.
    pub(super) fn object_part_count(&self, value: Value) -> usize {
        match value.kind() {
            Tag::Channel => self.view.sched.channel_len(value.slot()),
            Tag::Mutex | Tag::RwLock => 1,
            Tag::Future => usize::from(self.result(value).is_some()),
            _ => 0,
        }
    }

    /// The first parts of an object: names, types, values.
    pub(super) fn object_parts<'t>(
        &self,
        value: Value,
        parameters: &Parameters<'t>,
        most: usize,
    ) -> Vec<(String, &'t str, Value)> {
        let ty = parameters.at(0);
        match value.kind() {
            Tag::Channel => {
                let values = buffered(&self.view, value.slot(), most).into_iter().enumerate();
                values.map(|(at, value)| (format!("[{at}]"), ty, value)).collect()
            }
            Tag::Mutex => {
                let content = protected(&self.view, ObjectKind::Mutex, value.slot());
                content.into_iter().map(|value| ("value".to_string(), ty, value)).collect()
            }
            Tag::RwLock => {
                let content = protected(&self.view, ObjectKind::RwLock, value.slot());
                content.into_iter().map(|value| ("value".to_string(), ty, value)).collect()
            }
            Tag::Future => self.result(value).into_iter().map(|value| ("result".to_string(), ty, value)).collect(),
            _ => Vec::new(),
        }
    }

    /// The result of a future's task that is there and not taken.
    fn result(&self, future: Value) -> Option<Value> {
        let handle = Handle::unpack(future.payload);
        let there = self.view.sched.has_task(handle);
        there
            .then(|| self.view.sched.task(handle.slot))
            .filter(|task| task.state == State::Ended)
            .map(|task| task.value)
    }
}

/// How a context is: `active`, `canceled`, `past its deadline`.
fn context_state(view: &View<'_>, slot: u32) -> String {
    match view.sched.context_cause(slot) {
        None => match view.sched.context_remaining(slot) {
            Some(left) => format!("ends in {}", names::duration(left)),
            None => "active".to_string(),
        },
        Some(_) if view.sched.context_timed_out(slot) => "past its deadline".to_string(),
        Some(Cause::Deadline) => "past its deadline".to_string(),
        Some(_) => "canceled".to_string(),
    }
}
