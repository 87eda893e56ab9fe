//! The scheduler's objects as text, and what they count for in memory.

use super::Sched;
use super::atomics::content_tag;
use crate::value::{Tag, Value};
use crate::vm::format::{Objects, plain_scalar};
use scheduler::Child;
use std::fmt::Write;
use tracer::finding::ObjectKind;

/// What an object of the scheduler counts for until the next collection weighs them all: garbage made of nothing else
/// must lead to a collection, too.
pub const BYTES: usize = 128;

impl Objects for Sched {
    fn guarded(&self, guard: Value) -> Option<Value> {
        let kind = match guard.kind() {
            Tag::MutexGuard => ObjectKind::Mutex,
            Tag::ReadGuard | Tag::WriteGuard => ObjectKind::RwLock,
            _ => return None,
        };
        let mut value = None;
        self.children(kind, guard.slot(), |child| {
            if let Child::Value(content) = child {
                value = Some(content);
            }
        });
        value
    }

    fn describe(&self, value: Value, out: &mut String) {
        let name = match value.kind() {
            Tag::Channel => {
                let _ = write!(out, "Channel(cap {})", self.channel_capacity(value.slot()));
                return;
            }
            Tag::Atomic => {
                out.push_str("Atomic(");
                plain_scalar(Value::new(content_tag(value), self.atomic_value(value.slot()) as u64), out);
                out.push(')');
                return;
            }
            Tag::Semaphore => {
                let _ = write!(out, "Semaphore({})", self.permits(value.slot()));
                return;
            }
            Tag::Mutex => "Mutex",
            Tag::RwLock => "RwLock",
            Tag::Once => "Once",
            Tag::Barrier => "Barrier",
            Tag::WaitGroup => "WaitGroup",
            Tag::Context => "Context",
            Tag::Ticker => "Ticker",
            Tag::Future => "Future",
            Tag::MutexGuard => "MutexGuard",
            Tag::ReadGuard => "ReadGuard",
            Tag::WriteGuard => "WriteGuard",
            _ => "object",
        };
        out.push_str(name);
    }
}
