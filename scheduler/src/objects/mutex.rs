//! Mutexes: an owner and a first-come, first-served queue. Unlocking hands the lock over to the first in the queue, so
//! that a woken task never has to try again. Not re-entrant.

use super::{Holder, Side};
use crate::core::{Meta, blocked};
use crate::outcome::{ArmOutcome, At, Resume, Step, Try};
use crate::queue::Queue;
use crate::scheduler::Scheduler;
use tracer::event::Kind;
use tracer::finding::WaitReason;
use tracer::record::Tracer;

/// A mutex with the value that it protects.
#[derive(Clone, Debug)]
pub struct Mutex<V> {
    pub(crate) meta: Meta,
    pub(crate) owner: Holder,
    pub(crate) queue: Queue,
    /// The value.
    pub value: V,
}

impl<V: Default> Default for Mutex<V> {
    fn default() -> Self {
        Self { meta: Meta::default(), owner: Holder::NOBODY, queue: Queue::default(), value: V::default() }
    }
}

impl<V: Copy + Default, B: Default> Scheduler<V, B> {
    /// Makes a mutex.
    pub fn mutex<T: Tracer>(&mut self, tr: &mut T, at: At, value: V) -> u32 {
        let slot = self.mutexes.take();
        let mutex = &mut self.mutexes[slot];
        mutex.meta = self.core.new_object(at);
        mutex.owner = Holder::NOBODY;
        mutex.queue.clear();
        mutex.value = value;
        tr.emit(Kind::MutexMake as u8, at.site, at.clock, mutex.meta.id, 0);
        slot
    }

    /// Locks; parks while it is locked.
    #[inline]
    pub fn lock<T: Tracer>(&mut self, tr: &mut T, at: At, mutex: u32) -> Step {
        let m = &mut self.mutexes[mutex];
        if m.owner.id == 0 {
            m.owner = self.core.holder(at);
            tr.emit(Kind::Lock as u8, at.site, at.clock, m.meta.id, 0);
            return Step::Ready(());
        }
        let entry = self.core.park(tr, at, WaitReason::Lock, mutex);
        m.queue.push(entry);
        tr.emit(blocked(Kind::Lock), at.site, at.clock, m.meta.id, 0);
        self.check_chain();
        Step::Blocked
    }

    /// Locks if it is not locked.
    #[inline]
    pub fn try_lock<T: Tracer>(&mut self, tr: &mut T, at: At, mutex: u32) -> Try {
        let m = &mut self.mutexes[mutex];
        if m.owner.id != 0 {
            tr.emit(Kind::TryLockFail as u8, at.site, at.clock, m.meta.id, 0);
            return Try::NotNow;
        }
        m.owner = self.core.holder(at);
        tr.emit(Kind::Lock as u8, at.site, at.clock, m.meta.id, 0);
        Try::Ready(())
    }

    /// Unlocks and hands over to the first who waits. Unlocking what is not locked does nothing.
    #[inline]
    pub fn unlock<T: Tracer>(&mut self, tr: &mut T, at: At, mutex: u32) {
        let m = &mut self.mutexes[mutex];
        if m.owner.id == 0 {
            return;
        }
        m.owner = Holder::NOBODY;
        let mut woken = 0;
        if let Some(entry) = m.queue.pop(&self.core.tasks) {
            // An entry of a lock is never an arm of a select.
            woken = self.core.wake_entry(entry, Resume::Acquired, ArmOutcome::Done);
            m.owner = Holder { slot: entry.slot, id: woken, site: self.core.tasks[entry.slot].site };
        }
        tr.emit(Kind::Unlock as u8, at.site, at.clock, m.meta.id, woken);
    }

    /// Releases a lock, whoever took it; `false` where it is not held that way.
    pub fn unlock_any<T: Tracer>(&mut self, tr: &mut T, at: At, side: Side, lock: u32) -> bool {
        let held = match side {
            Side::Mutex => self.mutexes[lock].owner.id != 0,
            Side::Read => !self.rwlocks[lock].readers.is_empty(),
            Side::Write => self.rwlocks[lock].writer.id != 0,
        };
        match side {
            Side::Mutex => self.unlock(tr, at, lock),
            Side::Read => self.read_unlock(tr, at, lock),
            Side::Write => self.write_unlock(tr, at, lock),
        }
        held
    }

    /// The protected value.
    #[inline(always)]
    pub fn mutex_value(&mut self, mutex: u32) -> &mut V {
        &mut self.mutexes[mutex].value
    }

    /// Number of the task that owns it, 0 if none.
    pub fn mutex_owner(&self, mutex: u32) -> u32 {
        self.mutexes[mutex].owner.id
    }
}
