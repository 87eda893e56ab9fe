//! Read-write locks: several readers or one writer, one first-come, first-served queue for both. Whoever comes while
//! somebody waits queues up too, so a waiting writer holds back later readers and cannot starve. Not re-entrant, and no
//! upgrade: a reader that asks to write waits for itself.

use super::Holder;
use crate::core::{Meta, blocked};
use crate::outcome::{At, Resume, Step, Try};
use crate::queue::{Entry, Queue};
use crate::scheduler::Scheduler;
use tracer::event::Kind;
use tracer::finding::WaitReason;
use tracer::record::Tracer;

/// Tag of a queue entry that wants to write.
pub(crate) const WRITE: u16 = 1;

/// A read-write lock with the value that it protects.
#[derive(Clone, Debug)]
pub struct RwLock<V> {
    pub(crate) meta: Meta,
    pub(crate) readers: Vec<Holder>,
    pub(crate) writer: Holder,
    pub(crate) queue: Queue,
    /// The value.
    pub value: V,
}

impl<V: Default> Default for RwLock<V> {
    fn default() -> Self {
        Self {
            meta: Meta::default(),
            readers: Vec::new(),
            writer: Holder::NOBODY,
            queue: Queue::default(),
            value: V::default(),
        }
    }
}

impl<V: Copy + Default, B: Default> Scheduler<V, B> {
    /// Makes a read-write lock.
    pub fn rwlock<T: Tracer>(&mut self, tr: &mut T, at: At, value: V) -> u32 {
        let slot = self.rwlocks.take();
        let lock = &mut self.rwlocks[slot];
        lock.meta = self.core.new_object(at);
        lock.readers.clear();
        lock.writer = Holder::NOBODY;
        lock.queue.clear();
        lock.value = value;
        tr.emit(Kind::RwMake as u8, at.site, at.clock, lock.meta.id, 0);
        slot
    }

    /// Locks for reading; parks while a writer has it or anybody waits.
    #[inline]
    pub fn read_lock<T: Tracer>(&mut self, tr: &mut T, at: At, rwlock: u32) -> Step {
        if self.read_now(tr, at, rwlock) {
            return Step::Ready(());
        }
        let lock = &mut self.rwlocks[rwlock];
        let entry = self.core.park(tr, at, WaitReason::ReadLock, rwlock);
        lock.queue.push(entry);
        tr.emit(blocked(Kind::ReadLock), at.site, at.clock, lock.meta.id, 0);
        self.check_chain();
        Step::Blocked
    }

    /// Locks for writing; parks while anybody has it.
    #[inline]
    pub fn write_lock<T: Tracer>(&mut self, tr: &mut T, at: At, rwlock: u32) -> Step {
        if self.write_now(tr, at, rwlock) {
            return Step::Ready(());
        }
        let lock = &mut self.rwlocks[rwlock];
        let entry = self.core.park(tr, at, WaitReason::WriteLock, rwlock);
        lock.queue.push(Entry { tag: WRITE, ..entry });
        tr.emit(blocked(Kind::WriteLock), at.site, at.clock, lock.meta.id, 0);
        self.check_chain();
        Step::Blocked
    }

    /// Locks for reading if that is possible at once.
    pub fn try_read<T: Tracer>(&mut self, tr: &mut T, at: At, rwlock: u32) -> Try {
        if self.read_now(tr, at, rwlock) {
            return Try::Ready(());
        }
        tr.emit(Kind::TryLockFail as u8, at.site, at.clock, self.rwlocks[rwlock].meta.id, 0);
        Try::NotNow
    }

    /// Locks for writing if that is possible at once.
    pub fn try_write<T: Tracer>(&mut self, tr: &mut T, at: At, rwlock: u32) -> Try {
        if self.write_now(tr, at, rwlock) {
            return Try::Ready(());
        }
        tr.emit(Kind::TryLockFail as u8, at.site, at.clock, self.rwlocks[rwlock].meta.id, 0);
        Try::NotNow
    }

    #[inline(always)]
    fn read_now<T: Tracer>(&mut self, tr: &mut T, at: At, rwlock: u32) -> bool {
        let lock = &mut self.rwlocks[rwlock];
        let free = lock.writer.id == 0 && lock.queue.is_empty();
        if free {
            lock.readers.push(self.core.holder(at));
            tr.emit(Kind::ReadLock as u8, at.site, at.clock, lock.meta.id, 0);
        }
        free
    }

    #[inline(always)]
    fn write_now<T: Tracer>(&mut self, tr: &mut T, at: At, rwlock: u32) -> bool {
        let lock = &mut self.rwlocks[rwlock];
        let free = lock.writer.id == 0 && lock.readers.is_empty() && lock.queue.is_empty();
        if free {
            lock.writer = self.core.holder(at);
            tr.emit(Kind::WriteLock as u8, at.site, at.clock, lock.meta.id, 0);
        }
        free
    }

    /// The running task stops reading. (Where it holds several read locks, the newest goes.)
    #[inline]
    pub fn read_unlock<T: Tracer>(&mut self, tr: &mut T, at: At, rwlock: u32) {
        let me = self.core.current_id;
        let lock = &mut self.rwlocks[rwlock];
        if !lock.readers.is_empty() {
            // A guard may be released by a task that did not take it; then it is taken to be the oldest.
            let mine = lock.readers.iter().rposition(|holder| holder.id == me);
            lock.readers.remove(mine.unwrap_or(0));
            self.hand_on(tr, at, rwlock, Kind::ReadUnlock);
        }
    }

    /// The writer leaves.
    #[inline]
    pub fn write_unlock<T: Tracer>(&mut self, tr: &mut T, at: At, rwlock: u32) {
        let lock = &mut self.rwlocks[rwlock];
        if lock.writer.id != 0 {
            lock.writer = Holder::NOBODY;
            self.hand_on(tr, at, rwlock, Kind::WriteUnlock);
        }
    }

    /// Emits the unlock and lets in whoever may go in now: the first writer alone, or all readers before the next writer.
    #[inline]
    fn hand_on<T: Tracer>(&mut self, tr: &mut T, at: At, rwlock: u32, unlock: Kind) {
        let id = self.rwlocks[rwlock].meta.id;
        let first = self.let_in(rwlock).unwrap_or(0);
        tr.emit(unlock as u8, at.site, at.clock, id, first);
        if first != 0 {
            self.let_in_rest(tr, at, rwlock);
        }
    }

    /// Lets in all who may go in, each with a wake event (a waiter in front of them was cancelled).
    pub(crate) fn let_in_rest<T: Tracer>(&mut self, tr: &mut T, at: At, rwlock: u32) {
        let id = self.rwlocks[rwlock].meta.id;
        while let Some(woken) = self.let_in(rwlock) {
            tr.emit(Kind::Wake as u8, at.site, at.clock, woken, id);
        }
    }

    fn let_in(&mut self, rwlock: u32) -> Option<u32> {
        let lock = &mut self.rwlocks[rwlock];
        let entry = lock.queue.first(&self.core.tasks)?;
        let free = lock.writer.id == 0 && (entry.tag != WRITE || lock.readers.is_empty());
        if !free {
            return None;
        }
        let entry = lock.queue.pop(&self.core.tasks)?;
        let task = &self.core.tasks[entry.slot];
        let holder = Holder { slot: entry.slot, id: task.id, site: task.site };
        if entry.tag == WRITE {
            lock.writer = holder;
        } else {
            lock.readers.push(holder);
        }
        Some(self.core.wake(entry.slot, Resume::Acquired))
    }

    /// The protected value, to be looked at.
    pub fn rwlock_content(&self, rwlock: u32) -> V {
        self.rwlocks[rwlock].value
    }

    /// The protected value.
    #[inline(always)]
    pub fn rwlock_value(&mut self, rwlock: u32) -> &mut V {
        &mut self.rwlocks[rwlock].value
    }
}
