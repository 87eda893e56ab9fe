//! Mutexes between workers: a word for the common case, a queue for the rest.
//!
//! Locking a free mutex and unlocking one that nobody waits for is one exchange each. A task that finds it locked tries for a moment
//! (the holder may run on another worker), then queues up; unlocking hands the lock to the first in the queue, as in the deterministic
//! runtime: a waiter is never overtaken, and the word never looks free while anybody waits.
//!
//! `value`, `site` and `clock` belong to the holder. It sets `clock` before `owner`, so that whoever queues up behind it in a traced run can
//! be later than it: who finds the lock taken and no owner yet tries again.
#![expect(unsafe_code, reason = "the protected value belongs to the holder, which is checked at each access")]

use super::lock::{Backoff, Guard, Lock};
use super::sync::{AtomicU32, AtomicU64, Ordering, UnsafeCell};
use super::worker::Worker;
use crate::core::{Meta, blocked};
use crate::objects::Holder;
use crate::outcome::{At, Resume, Step, Try};
use crate::queue::{Entry, Queue};
use tracer::event::Kind;
use tracer::finding::WaitReason;
use tracer::record::Tracer;

/// In the word: somebody holds it.
const LOCKED: u32 = 1;
/// In the word: somebody waits.
const WAITERS: u32 = 2;

/// A mutex with the value that it protects.
#[derive(Debug, Default)]
pub struct MutexCell<V> {
    word: AtomicU32,
    /// Number in events, again in `meta`: looked at by every operation.
    id: AtomicU32,
    /// Slot and number of the holder; 0 without one.
    owner: AtomicU64,
    site: AtomicU32,
    clock: AtomicU64,
    pub(super) rest: Lock<Rest>,
    value: UnsafeCell<V>,
}

/// What is looked at only when tasks wait, and by reports.
#[derive(Debug, Default)]
pub struct Rest {
    pub meta: Meta,
    pub queue: Queue,
    /// Trace clock of the last who queued up.
    clock: u64,
}

// SAFETY: `value` is accessed by the holder only (`Worker::mutex_value` checks), or while the world is stopped or the mutex is made;
// the holder changes with the ordering of `word` or of the queue's lock.
unsafe impl<V: Send> Sync for MutexCell<V> {}

impl<V: Copy> MutexCell<V> {
    /// The holder.
    pub fn holder(&self) -> Holder {
        let owner = self.owner.load(Ordering::Relaxed);
        if owner == 0 {
            return Holder::NOBODY;
        }
        Holder { slot: owner as u32, id: (owner >> 32) as u32, site: self.site.load(Ordering::Relaxed) }
    }

    /// The protected value, while the world is stopped.
    pub fn frozen_value(&self) -> V {
        // SAFETY: the world is stopped, so nobody else accesses it.
        self.value.with_mut(|value| unsafe { *value })
    }

    /// Takes a waiter out whose wait was cancelled at this trace clock.
    pub fn leave(&self, slot: u32, ticket: u32, clock: u64) {
        let mut rest = self.rest.lock();
        rest.clock = rest.clock.max(clock);
        rest.queue.remove(slot, ticket);
    }

    /// Forgets the mutex, while the world is stopped.
    pub fn clear(&self) {
        self.rest.lock().meta = Meta::default();
        self.id.store(0, Ordering::Relaxed);
    }

    /// Takes the lock if it is free.
    #[inline(always)]
    pub(super) fn take(&self) -> bool {
        self.word.compare_exchange(0, LOCKED, Ordering::Acquire, Ordering::Relaxed).is_ok()
    }

    /// Takes the lock, or else gives the queue, in which the caller then waits: whoever unlocks will see it. With `after_holder` the holder
    /// has set its clock by then.
    pub(super) fn take_or_wait(&self, after_holder: bool) -> Option<Guard<'_, Rest>> {
        let mut backoff = Backoff::default();
        let mut rest = self.rest.lock();
        let mut word = self.word.load(Ordering::Relaxed);
        loop {
            let to = if word & LOCKED == 0 { word | LOCKED } else { word | WAITERS };
            if let Err(now) = self.word.compare_exchange(word, to, Ordering::Acquire, Ordering::Relaxed) {
                word = now;
                continue;
            }
            if word & LOCKED == 0 {
                return None;
            }
            if !after_holder || self.owner.load(Ordering::Acquire) != 0 {
                return Some(rest);
            }
            // It has just been locked, or is about to be handed over.
            drop(rest);
            backoff.wait();
            rest = self.rest.lock();
            word = self.word.load(Ordering::Relaxed);
        }
    }

    /// Unlocks, by the holder; `false` if somebody waits: then [`MutexCell::next`] follows.
    #[inline(always)]
    pub(super) fn give_back(&self) -> bool {
        self.owner.store(0, Ordering::Relaxed);
        self.word.compare_exchange(LOCKED, 0, Ordering::Release, Ordering::Relaxed).is_ok()
    }

    /// The first waiter whose wait `claim` gets; without one the lock is free now. The caller makes it the holder with
    /// [`MutexCell::hand_to`] before it lets the queue go.
    pub(super) fn next(&self, rest: &mut Rest, claim: impl FnMut(&Entry) -> bool) -> Option<Entry> {
        let next = rest.queue.pop_claimed(claim);
        if next.is_none() {
            self.word.store(0, Ordering::Release);
        }
        next
    }

    /// Makes a waiter the holder.
    pub(super) fn hand_to(&self, rest: &Rest, holder: Holder) {
        self.set_holder(holder);
        if rest.queue.is_empty() {
            self.word.store(LOCKED, Ordering::Release);
        }
    }

    #[inline(always)]
    pub(super) fn set_holder(&self, holder: Holder) {
        self.site.store(holder.site, Ordering::Relaxed);
        self.owner.store(u64::from(holder.slot) | u64::from(holder.id) << 32, Ordering::Release);
    }
}

impl<V: Copy + Default, B: Default> Worker<V, B> {
    pub(super) fn mutex<T: Tracer>(&mut self, tr: &mut T, at: At, value: V) -> u32 {
        let shared = self.shared();
        let slot = shared.mutexes.take(&mut self.free.mutexes);
        let mutex = shared.mutexes.at(slot);
        let meta = shared.new_object(at);
        let clock = self.clock(at.clock);
        {
            let mut rest = mutex.rest.lock();
            rest.meta = meta;
            rest.queue.clear();
            rest.clock = clock;
        }
        mutex.id.store(meta.id, Ordering::Relaxed);
        mutex.clock.store(clock, Ordering::Relaxed);
        mutex.owner.store(0, Ordering::Relaxed);
        // SAFETY: nobody else knows the new mutex.
        mutex.value.with_mut(|old| unsafe { *old = value });
        mutex.word.store(0, Ordering::Release);
        tr.emit(Kind::MutexMake as u8, at.site, clock, meta.id, 0);
        slot
    }

    #[inline(always)]
    pub(super) fn lock<T: Tracer>(&mut self, tr: &mut T, at: At, mutex: u32) -> Step {
        let m = self.shared().mutexes.at(mutex);
        if m.take() {
            self.locked(tr, at, m);
            return Step::Ready(());
        }
        self.lock_slow(tr, at, mutex)
    }

    /// The running task has just got the lock.
    #[inline(always)]
    fn locked<T: Tracer>(&mut self, tr: &mut T, at: At, m: &MutexCell<V>) {
        if T::ON {
            let clock = self.after_clock(at.clock, m.clock.load(Ordering::Relaxed));
            m.clock.store(clock, Ordering::Relaxed);
            tr.emit(Kind::Lock as u8, at.site, clock, m.id.load(Ordering::Relaxed), 0);
        }
        m.set_holder(Holder { slot: self.current, id: self.current_id, site: at.site });
    }

    #[cold]
    #[inline(never)]
    fn lock_slow<T: Tracer>(&mut self, tr: &mut T, at: At, mutex: u32) -> Step {
        let shared = self.shared();
        let m = shared.mutexes.at(mutex);
        if shared.lanes.len() > 1 {
            let mut backoff = Backoff::default();
            while !backoff.is_long() && m.word.load(Ordering::Relaxed) & WAITERS == 0 {
                if m.take() {
                    self.locked(tr, at, m);
                    return Step::Ready(());
                }
                backoff.wait();
            }
        }
        let Some(mut rest) = m.take_or_wait(T::ON) else {
            self.locked(tr, at, m);
            return Step::Ready(());
        };
        // Later than the holder's lock and than those who wait already; who hands over will be later than this.
        let clock = if T::ON {
            self.after_clock(at.clock, m.clock.load(Ordering::Relaxed).max(rest.clock))
        } else {
            self.clock(at.clock)
        };
        rest.clock = clock;
        let entry = self.park(tr.ordinal(), at, clock, WaitReason::Lock, mutex);
        rest.queue.push(entry);
        let id = rest.meta.id;
        drop(rest);
        tr.emit(blocked(Kind::Lock), at.site, clock, id, 0);
        self.parked(tr, at, entry);
        Step::Blocked
    }

    pub(super) fn try_lock<T: Tracer>(&mut self, tr: &mut T, at: At, mutex: u32) -> Try {
        let m = self.shared().mutexes.at(mutex);
        if m.take() {
            self.locked(tr, at, m);
            return Try::Ready(());
        }
        tr.emit(Kind::TryLockFail as u8, at.site, self.clock(at.clock), m.id.load(Ordering::Relaxed), 0);
        Try::NotNow
    }

    #[inline(always)]
    pub(super) fn unlock<T: Tracer>(&mut self, tr: &mut T, at: At, mutex: u32) {
        let m = self.shared().mutexes.at(mutex);
        // Unlocking what is not locked does nothing.
        if m.owner.load(Ordering::Relaxed) == 0 {
            return;
        }
        self.release_mutex(tr, at, mutex);
    }

    /// The holder unlocks.
    #[inline(always)]
    fn release_mutex<T: Tracer>(&mut self, tr: &mut T, at: At, mutex: u32) {
        let m = self.shared().mutexes.at(mutex);
        let mut clock = 0;
        if T::ON {
            clock = self.after_clock(at.clock, m.clock.load(Ordering::Relaxed));
            m.clock.store(clock, Ordering::Relaxed);
        }
        if m.give_back() {
            tr.emit(Kind::Unlock as u8, at.site, clock, m.id.load(Ordering::Relaxed), 0);
            return;
        }
        self.hand_over(tr, at, mutex, clock);
    }

    pub(super) fn open_locks(&mut self) {
        let shared = self.shared();
        if !shared.open_locks.load(Ordering::Relaxed) {
            shared.open_locks.store(true, Ordering::Relaxed);
        }
    }

    /// Unlocks whoever holds it; `false` where nobody does. Of several tasks that release it at once each releases another hold.
    pub(super) fn unlock_any<T: Tracer>(&mut self, tr: &mut T, at: At, mutex: u32) -> bool {
        let m = self.shared().mutexes.at(mutex);
        let mut backoff = Backoff::default();
        // Who takes the owner away is the one that releases, and is the holder until then.
        while m.owner.swap(0, Ordering::AcqRel) == 0 {
            if m.word.load(Ordering::Acquire) & LOCKED == 0 {
                return false;
            }
            // It is just being locked, or handed over.
            backoff.wait();
        }
        self.release_mutex(tr, at, mutex);
        true
    }

    #[cold]
    #[inline(never)]
    fn hand_over<T: Tracer>(&mut self, tr: &mut T, at: At, mutex: u32, mut clock: u64) {
        let shared = self.shared();
        let m = shared.mutexes.at(mutex);
        let mut rest = m.rest.lock();
        let id = rest.meta.id;
        let Some(entry) = m.next(&mut rest, |entry| self.claim(entry)) else {
            drop(rest);
            tr.emit(Kind::Unlock as u8, at.site, clock, id, 0);
            return;
        };
        let task = self.own(entry.slot);
        if T::ON {
            clock = self.after_clock(at.clock, clock.max(rest.clock));
            m.clock.store(clock, Ordering::Relaxed);
        }
        m.hand_to(&rest, Holder { slot: entry.slot, id: task.id, site: task.site });
        drop(rest);
        let woken = self.wake(entry.slot, Resume::Acquired, clock);
        tr.emit(Kind::Unlock as u8, at.site, clock, id, woken);
    }

    /// The protected value; only its holder may touch it.
    #[inline(always)]
    pub(super) fn mutex_value(&mut self, mutex: u32) -> Option<&mut V> {
        let m = self.shared().mutexes.at(mutex);
        let me = u64::from(self.current) | u64::from(self.current_id) << 32;
        // SAFETY: the running task holds the lock, and it runs nowhere else.
        (m.owner.load(Ordering::Relaxed) == me).then(|| m.value.with_mut(|value| unsafe { &mut *value }))
    }
}
