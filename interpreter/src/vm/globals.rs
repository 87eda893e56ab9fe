//! Global variables, shared by all machines of a run.
//!
//! A value is two words, so several machines read and write it under a lock of one byte; a machine that is alone needs none. Both
//! words are atomics, which cost what plain loads and stores do.

use super::heap::lock::ByteLock;
use crate::value::Value;
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, AtomicU64, Ordering};

/// The globals of a program.
#[derive(Clone, Debug)]
pub struct Globals(Arc<[Global]>);

#[derive(Debug)]
struct Global {
    lock: ByteLock,
    tag: AtomicU8,
    payload: AtomicU64,
}

impl Global {
    #[inline(always)]
    fn get(&self) -> Value {
        Value { tag: self.tag.load(Ordering::Relaxed), payload: self.payload.load(Ordering::Relaxed) }
    }

    #[inline(always)]
    fn set(&self, value: Value) {
        self.tag.store(value.tag, Ordering::Relaxed);
        self.payload.store(value.payload, Ordering::Relaxed);
    }
}

impl Globals {
    /// So many globals, all unset.
    pub fn new(count: usize) -> Globals {
        let unset = |_| Global {
            lock: ByteLock::new(),
            tag: AtomicU8::new(Value::NONE.tag),
            payload: AtomicU64::new(Value::NONE.payload),
        };
        Globals((0..count).map(unset).collect())
    }

    /// Number of globals.
    pub fn count(&self) -> usize {
        self.0.len()
    }

    /// The value of a global. `shared`: other machines may be at it.
    #[inline(always)]
    pub fn load(&self, index: usize, shared: bool) -> Value {
        let global = &self.0[index];
        let _held = shared.then(|| global.lock.lock());
        global.get()
    }

    /// Sets a global. `shared`: other machines may be at it; the value is published.
    #[inline(always)]
    pub fn store(&self, index: usize, value: Value, shared: bool) {
        let global = &self.0[index];
        let _held = shared.then(|| global.lock.lock());
        global.set(value);
    }

    /// Sets all globals, of a machine that is alone.
    pub fn restore(&self, values: &[Value]) {
        self.0.iter().zip(values).for_each(|(global, &value)| global.set(value));
    }

    /// Puts the values of all globals into a list, in place of what it held, while the world is stopped.
    pub fn copy_to(&self, values: &mut Vec<Value>) {
        values.clear();
        values.extend(self.0.iter().map(Global::get));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::value::Tag;

    #[test]
    fn a_global_is_never_seen_half_written() {
        let globals = Globals::new(1);
        let int = Value::i64(7);
        let string = Value::handle(Tag::String, 3);
        globals.store(0, int, true);
        std::thread::scope(|scope| {
            for value in [int, string] {
                let globals = globals.clone();
                scope.spawn(move || {
                    for _ in 0..20_000 {
                        globals.store(0, value, true);
                        let seen = globals.load(0, true);
                        assert!(seen == int || seen == string, "{seen:?}");
                    }
                });
            }
        });
    }
}
