//! The state byte of an object, and the lock in it.
//!
//! An object is private until it is published, and never again after. A private one is the business of the one worker that runs
//! its task; a published one is only touched by who holds its lock. Locks are held for a few loads and stores, never two at once
//! by one thread, and never across anything that could wait: so there is no order of locks to get wrong, and spinning is right. (The
//! system may still take the processor away from who holds one; hence the back-off ends in giving way.)

use std::sync::atomic::{AtomicU8, Ordering};

/// Touched by one worker only.
const PRIVATE: u8 = 0;
/// Reachable by several workers.
const PUBLISHED: u8 = 1;
/// Published, and held by somebody.
const LOCKED: u8 = 3;

/// Rounds of spinning, each twice as long as the one before, until a waiting thread gives way.
const ROUNDS: u32 = 7;

/// What an object carries to be shared.
pub trait State: Default + Send + Sync {
    /// Whether only one worker may touch it.
    fn is_private(&self) -> bool;
    /// Publishes it; whether it was private. Only its worker may.
    fn publish(&self) -> bool;
    /// Makes the state that of a fresh object of a task (0: nobody's in particular).
    fn renew(&mut self, task: u32);
    /// Takes the lock of a published object; `None` for a private one.
    fn lock(&self) -> Option<Held<'_>>;
    /// In builds that check: the object is private to another task than this one (0: whoever it is).
    fn is_strange(&self, task: u32) -> bool;
}

/// State of objects that never change and lead to no other: anybody may look at them at any time.
#[derive(Debug, Default)]
pub struct Constant;

impl State for Constant {
    #[inline(always)]
    fn is_private(&self) -> bool {
        true
    }

    fn publish(&self) -> bool {
        false
    }

    #[inline(always)]
    fn renew(&mut self, _task: u32) {}

    fn lock(&self) -> Option<Held<'_>> {
        None
    }

    #[inline(always)]
    fn is_strange(&self, _task: u32) -> bool {
        false
    }
}

/// State of all other objects.
#[derive(Debug, Default)]
pub struct StateByte {
    byte: AtomicU8,
    /// Number of the task that made it; 0 where tasks are not told apart.
    #[cfg(debug_assertions)]
    owner: u32,
}

impl State for StateByte {
    #[inline(always)]
    fn is_private(&self) -> bool {
        self.byte.load(Ordering::Relaxed) == PRIVATE
    }

    #[inline]
    fn publish(&self) -> bool {
        let private = self.is_private();
        if private {
            self.byte.store(PUBLISHED, Ordering::Release);
        }
        private
    }

    #[inline(always)]
    fn renew(&mut self, task: u32) {
        *self.byte.get_mut() = PRIVATE;
        #[cfg(debug_assertions)]
        {
            self.owner = task;
        }
        #[cfg(not(debug_assertions))]
        let _ = task;
    }

    #[inline]
    fn lock(&self) -> Option<Held<'_>> {
        if self.is_private() { None } else { Some(Held::take(&self.byte)) }
    }

    #[cfg(debug_assertions)]
    fn is_strange(&self, task: u32) -> bool {
        self.is_private() && task != 0 && self.owner != 0 && self.owner != task
    }

    #[cfg(not(debug_assertions))]
    #[inline(always)]
    fn is_strange(&self, _task: u32) -> bool {
        false
    }
}

/// Waits for a lock and takes it.
#[cold]
#[inline(never)]
fn wait(byte: &AtomicU8) {
    let mut round = 0;
    loop {
        if round < ROUNDS {
            for _ in 0..1 << round {
                std::hint::spin_loop();
            }
            round += 1;
        } else {
            std::thread::yield_now();
        }
        // Looking first keeps the cache line shared while the lock is taken.
        if byte.load(Ordering::Relaxed) == PUBLISHED
            && byte.compare_exchange_weak(PUBLISHED, LOCKED, Ordering::Acquire, Ordering::Relaxed).is_ok()
        {
            return;
        }
    }
}

/// A lock that is held; dropping it gives it back.
#[derive(Debug)]
pub struct Held<'a>(&'a AtomicU8);

#[cfg(debug_assertions)]
thread_local! {
    /// Whether this thread holds a lock: it may not take another one.
    static HOLDING: std::cell::Cell<bool> = const { std::cell::Cell::new(false) };
}

impl<'a> Held<'a> {
    #[inline(always)]
    fn take(byte: &'a AtomicU8) -> Self {
        #[cfg(debug_assertions)]
        assert!(!HOLDING.replace(true), "two object locks at once");
        if byte.compare_exchange(PUBLISHED, LOCKED, Ordering::Acquire, Ordering::Relaxed).is_err() {
            wait(byte);
        }
        Held(byte)
    }
}

impl Drop for Held<'_> {
    #[inline(always)]
    fn drop(&mut self) {
        #[cfg(debug_assertions)]
        HOLDING.set(false);
        self.0.store(PUBLISHED, Ordering::Release);
    }
}

/// A lock for something that always is shared: a global variable.
#[derive(Debug, Default)]
pub(crate) struct ByteLock(AtomicU8);

impl ByteLock {
    /// A lock that nobody holds.
    pub(crate) const fn new() -> Self {
        ByteLock(AtomicU8::new(PUBLISHED))
    }

    /// Takes it.
    #[inline]
    pub(crate) fn lock(&self) -> Held<'_> {
        Held::take(&self.0)
    }
}
