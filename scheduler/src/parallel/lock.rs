//! The lock of an object: one byte's worth of state, held for some dozen instructions.
//!
//! Taking it is one exchange, giving it back one store. Whoever finds it taken waits in steps that double, reading only, and
//! from some length on lets the operating system run somebody else: the holder may have lost its core in the middle. With
//! steps that do not grow, two workers at one channel spend most of their time passing the cache line to and fro.
#![expect(unsafe_code, reason = "a lock hands out exclusive access to what it guards; see the argument at `Guard`")]

use super::sync::{AtomicBool, Ordering, UnsafeCell, spin_loop, yield_now};
use std::ops::{Deref, DerefMut};

/// A spin lock around a value.
#[derive(Debug, Default)]
pub struct Lock<T> {
    locked: AtomicBool,
    value: UnsafeCell<T>,
}

// SAFETY: the value is only reached through a guard, of which there is at most one at a time, and taking the lock happens
// after the last giving back (acquire and release on `locked`). So sharing the lock is sending the value to and fro.
unsafe impl<T: Send> Sync for Lock<T> {}
// SAFETY: the value moves with the lock.
unsafe impl<T: Send> Send for Lock<T> {}

impl<T> Lock<T> {
    /// A free lock.
    pub fn new(value: T) -> Self {
        Self { locked: AtomicBool::new(false), value: UnsafeCell::new(value) }
    }

    /// Takes the lock. Not re-entrant.
    #[inline(always)]
    pub fn lock(&self) -> Guard<'_, T> {
        if !self.take() {
            self.contend();
        }
        Guard { lock: self }
    }

    #[cfg(not(loom))]
    #[inline(always)]
    fn take(&self) -> bool {
        !self.locked.swap(true, Ordering::Acquire)
    }

    /// An exchange that fails writes nothing: the model checker would follow every number of them.
    #[cfg(loom)]
    fn take(&self) -> bool {
        self.locked.compare_exchange(false, true, Ordering::Acquire, Ordering::Relaxed).is_ok()
    }

    #[cold]
    #[inline(never)]
    fn contend(&self) {
        let mut backoff = Backoff::default();
        loop {
            backoff.wait();
            if (cfg!(loom) || !self.locked.load(Ordering::Relaxed)) && self.take() {
                return;
            }
        }
    }
}

/// Exclusive access to what a lock guards.
///
/// At most one guard of a lock exists: it is made after an exchange found `locked` false and made it true, and `locked`
/// becomes false only when the guard is dropped.
#[derive(Debug)]
pub struct Guard<'a, T> {
    lock: &'a Lock<T>,
}

impl<T> Deref for Guard<'_, T> {
    type Target = T;
    #[inline(always)]
    fn deref(&self) -> &T {
        // SAFETY: this is the only guard; see its comment.
        self.lock.value.with_mut(|value| unsafe { &*value })
    }
}

impl<T> DerefMut for Guard<'_, T> {
    #[inline(always)]
    fn deref_mut(&mut self) -> &mut T {
        // SAFETY: this is the only guard; see its comment.
        self.lock.value.with_mut(|value| unsafe { &mut *value })
    }
}

impl<T> Drop for Guard<'_, T> {
    #[inline(always)]
    fn drop(&mut self) {
        self.lock.locked.store(false, Ordering::Release);
    }
}

/// Waiting in steps that double.
#[derive(Debug)]
pub struct Backoff {
    step: u32,
}

/// The first step is 2^5 pauses, about a microsecond: whoever holds the lock comes back for it some dozen times meanwhile, and the
/// cache line stays where it is. (Beginning with a single pause, two workers at one channel got half the rate.)
const FIRST: u32 = 5;

/// Steps up to which a waiter keeps its core: 2^9 pauses.
const SPINNING: u32 = 9;

impl Default for Backoff {
    fn default() -> Self {
        Self { step: FIRST }
    }
}

impl Backoff {
    /// Waits a little, the next time longer.
    #[inline]
    pub fn wait(&mut self) {
        if self.step <= SPINNING && !cfg!(loom) {
            for _ in 0..1u32 << self.step {
                spin_loop();
            }
            self.step += 1;
        } else {
            yield_now();
        }
    }

    /// Whether it has waited long enough that doing something else is better.
    pub fn is_long(&self) -> bool {
        self.step > SPINNING
    }
}
