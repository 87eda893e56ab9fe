//! The scheduler's objects as text, and what they count for in memory.

use super::atomics::content_tag;
use crate::value::{Tag, Value};
use crate::vm::format::{Objects, plain_scalar};
use crate::vm::task::Body;
use scheduler::Runtime;
use std::fmt::Write;

/// What an object of the scheduler counts for until the next collection weighs them all: garbage made of nothing else
/// must lead to a collection, too.
pub const BYTES: usize = 128;

impl<R: Runtime<Value, Body>> Objects for R {
    fn guarded(&mut self, guard: Value) -> Option<Value> {
        match guard.kind() {
            Tag::MutexGuard => self.mutex_value(guard.slot()).copied(),
            Tag::ReadGuard | Tag::WriteGuard => Some(self.rwlock_value(guard.slot())),
            _ => None,
        }
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
