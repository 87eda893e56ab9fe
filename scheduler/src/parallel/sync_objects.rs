//! Read-write locks, wait groups, onces, barriers and semaphores between workers: the deterministic runtime's objects, each behind its
//! lock, with the same rules (first come, first served; a waiting writer holds back later readers; a released permit goes to the
//! first who waits).

use super::worker::Worker;
use crate::core::blocked;
use crate::objects::rwlock::WRITE;
use crate::objects::{Holder, NegativeCounter, OnceStep, RwLock};
use crate::outcome::{At, Resume, Step, Try};
use crate::queue::Entry;
use tracer::event::Kind;
use tracer::finding::WaitReason;
use tracer::record::Tracer;

/// Makes an object: a slot, the numbers, the first stamp, what the kind needs, the event.
macro_rules! make {
    ($self:ident, $tr:ident, $at:ident, $table:ident, $kind:ident, $arg:expr, |$object:ident| $set_up:expr) => {{
        let shared = $self.shared();
        let slot = shared.$table.take(&mut $self.free.$table);
        let mut locked = shared.$table.at(slot).lock();
        let clock = $self.clock($at.clock);
        locked.clock = clock;
        let $object = &mut locked.it;
        $object.meta = shared.new_object($at);
        $object.queue.clear();
        $set_up;
        $tr.emit(Kind::$kind as u8, $at.site, clock, $object.meta.id, $arg);
        slot
    }};
}

impl<V: Copy + Default, B: Default> Worker<V, B> {
    fn holder(&self, at: At) -> Holder {
        Holder { slot: self.current, id: self.current_id, site: at.site }
    }

    /// A woken task as the holder of what it asked for.
    fn woken_holder(&self, entry: Entry) -> Holder {
        let task = self.own(entry.slot);
        Holder { slot: entry.slot, id: task.id, site: task.site }
    }

    // Read-write locks

    pub(super) fn rwlock<T: Tracer>(&mut self, tr: &mut T, at: At, value: V) -> u32 {
        make!(self, tr, at, rwlocks, RwMake, 0, |lock| {
            lock.readers.clear();
            lock.writer = Holder::NOBODY;
            lock.value = value;
        })
    }

    /// Locks if that is possible at once, and reports it; otherwise parks, or reports the failed attempt.
    fn rw_lock<T: Tracer>(&mut self, tr: &mut T, at: At, rwlock: u32, write: bool, parks: bool) -> Step {
        let shared = self.shared();
        let mut locked = shared.rwlocks.at(rwlock).lock();
        let waited_for = locked.it.queue.first_valid(|entry| self.under_way(entry)).is_some();
        let clock = self.stamp_object::<T>(at, &mut locked.clock);
        let me = self.holder(at);
        let lock = &mut locked.it;
        let id = lock.meta.id;
        let kind = if write { Kind::WriteLock } else { Kind::ReadLock };
        if lock.writer.id == 0 && !waited_for && (!write || lock.readers.is_empty()) {
            if write {
                lock.writer = me;
            } else {
                lock.readers.push(me);
            }
            drop(locked);
            tr.emit(kind as u8, at.site, clock, id, 0);
            return Step::Ready(());
        }
        if !parks {
            drop(locked);
            tr.emit(Kind::TryLockFail as u8, at.site, clock, id, 0);
            return Step::Blocked;
        }
        let reason = if write { WaitReason::WriteLock } else { WaitReason::ReadLock };
        let entry = self.park(tr.ordinal(), at, clock, reason, rwlock);
        lock.queue.push(Entry { tag: if write { WRITE } else { 0 }, ..entry });
        drop(locked);
        tr.emit(blocked(kind), at.site, clock, id, 0);
        self.parked(tr, at, entry);
        Step::Blocked
    }

    pub(super) fn read_lock<T: Tracer>(&mut self, tr: &mut T, at: At, rwlock: u32) -> Step {
        self.rw_lock(tr, at, rwlock, false, true)
    }

    pub(super) fn write_lock<T: Tracer>(&mut self, tr: &mut T, at: At, rwlock: u32) -> Step {
        self.rw_lock(tr, at, rwlock, true, true)
    }

    pub(super) fn try_rw<T: Tracer>(&mut self, tr: &mut T, at: At, rwlock: u32, write: bool) -> Try {
        match self.rw_lock(tr, at, rwlock, write, false) {
            Step::Ready(()) => Try::Ready(()),
            Step::Blocked | Step::Closed => Try::NotNow,
        }
    }

    /// The writer or a reader leaves; `false` where there is none.
    pub(super) fn rw_unlock<T: Tracer>(&mut self, tr: &mut T, at: At, rwlock: u32, write: bool) -> bool {
        let shared = self.shared();
        let mut locked = shared.rwlocks.at(rwlock).lock();
        let me = self.current_id;
        let lock = &mut locked.it;
        if write {
            if lock.writer.id == 0 {
                return false;
            }
            lock.writer = Holder::NOBODY;
        } else {
            if lock.readers.is_empty() {
                return false;
            }
            // A guard may be released by a task that did not take it; then it is taken to be the oldest.
            let mine = lock.readers.iter().rposition(|holder| holder.id == me);
            lock.readers.remove(mine.unwrap_or(0));
        }
        let let_in = self.let_in(&mut locked.it);
        let clock = self.stamp_object::<T>(at, &mut locked.clock);
        let id = locked.it.meta.id;
        drop(locked);
        let kind = if write { Kind::WriteUnlock } else { Kind::ReadUnlock };
        let mut woken = let_in.into_iter();
        let first = woken.next().map_or(0, |entry| self.wake(entry.slot, Resume::Acquired, clock));
        tr.emit(kind as u8, at.site, clock, id, first);
        for entry in woken {
            let woken = self.wake(entry.slot, Resume::Acquired, clock);
            tr.emit(Kind::Wake as u8, at.site, clock, woken, id);
        }
        true
    }

    /// Claims all who may go in now: the first writer alone, or all readers before the next writer.
    pub(super) fn let_in(&mut self, lock: &mut RwLock<V>) -> Vec<Entry> {
        let mut let_in = Vec::new();
        while let Some(entry) = lock.queue.first_valid(|entry| self.under_way(entry)) {
            let free = lock.writer.id == 0 && (entry.tag != WRITE || lock.readers.is_empty());
            if !free {
                break;
            }
            // Exactly the one that was looked at: it may be cancelled just now, and then the next one has other rights.
            let claimed = self.claim(&entry);
            lock.queue.drop_first();
            if claimed {
                let holder = self.woken_holder(entry);
                if entry.tag == WRITE {
                    lock.writer = holder;
                } else {
                    lock.readers.push(holder);
                }
                let_in.push(entry);
            }
        }
        let_in
    }

    pub(super) fn rwlock_value(&self, rwlock: u32) -> V {
        self.shared.rwlocks.at(rwlock).lock().it.value
    }

    pub(super) fn set_rwlock_value(&mut self, rwlock: u32, value: V) {
        self.shared.rwlocks.at(rwlock).lock().it.value = value;
    }

    // Wait groups

    pub(super) fn wait_group<T: Tracer>(&mut self, tr: &mut T, at: At, count: u32) -> u32 {
        make!(self, tr, at, wait_groups, WaitGroupMake, count, |group| {
            group.count = i64::from(count);
            group.last_done = 0;
        })
    }

    pub(super) fn wait_group_add<T: Tracer>(
        &mut self,
        tr: &mut T,
        at: At,
        group: u32,
        n: i64,
    ) -> Result<(), NegativeCounter> {
        let shared = self.shared();
        let mut locked = shared.wait_groups.at(group).lock();
        let g = &mut locked.it;
        let count = g.count.checked_add(n).filter(|&count| count >= 0).ok_or(NegativeCounter)?;
        g.count = count;
        if n < 0 {
            g.last_done = self.current_id;
        }
        let clock = self.stamp_object::<T>(at, &mut locked.clock);
        let id = locked.it.meta.id;
        let mut waiters = if count == 0 { std::mem::take(&mut locked.it.queue) } else { Default::default() };
        drop(locked);
        let kind = if n < 0 { Kind::WaitGroupDone } else { Kind::WaitGroupAdd };
        tr.emit(kind as u8, at.site, clock, id, count as u32);
        while let Some(entry) = waiters.pop_claimed(|entry| self.claim(entry)) {
            let woken = self.wake(entry.slot, Resume::Waited, clock);
            tr.emit(Kind::Wake as u8, at.site, clock, woken, id);
        }
        Ok(())
    }

    pub(super) fn wait_group_wait<T: Tracer>(&mut self, tr: &mut T, at: At, group: u32) -> Step {
        let shared = self.shared();
        let mut locked = shared.wait_groups.at(group).lock();
        let clock = self.stamp_object::<T>(at, &mut locked.clock);
        let (id, count) = (locked.it.meta.id, locked.it.count);
        if count == 0 {
            drop(locked);
            tr.emit(Kind::WaitGroupWait as u8, at.site, clock, id, 0);
            return Step::Ready(());
        }
        let entry = self.park(tr.ordinal(), at, clock, WaitReason::WaitGroup, group);
        locked.it.queue.push(entry);
        drop(locked);
        tr.emit(blocked(Kind::WaitGroupWait), at.site, clock, id, count as u32);
        self.parked(tr, at, entry);
        Step::Blocked
    }

    // Onces

    pub(super) fn once<T: Tracer>(&mut self, tr: &mut T, at: At) -> u32 {
        make!(self, tr, at, onces, OnceMake, 0, |once| {
            once.runner = Holder::NOBODY;
            once.done = false;
            once.value = V::default();
        })
    }

    pub(super) fn once_begin<T: Tracer>(&mut self, tr: &mut T, at: At, once: u32) -> OnceStep {
        let shared = self.shared();
        let mut locked = shared.onces.at(once).lock();
        if locked.it.done {
            // Later than the body, though there is no event of it.
            self.stamp_object::<T>(at, &mut locked.clock);
            return OnceStep::Done;
        }
        let clock = self.stamp_object::<T>(at, &mut locked.clock);
        let id = locked.it.meta.id;
        if locked.it.runner.id == 0 {
            locked.it.runner = self.holder(at);
            drop(locked);
            tr.emit(Kind::OnceBegin as u8, at.site, clock, id, 0);
            return OnceStep::Run;
        }
        let entry = self.park(tr.ordinal(), at, clock, WaitReason::Once, once);
        locked.it.queue.push(entry);
        drop(locked);
        tr.emit(blocked(Kind::OnceBegin), at.site, clock, id, 0);
        self.parked(tr, at, entry);
        OnceStep::Blocked
    }

    pub(super) fn once_end<T: Tracer>(&mut self, tr: &mut T, at: At, once: u32) {
        let shared = self.shared();
        let mut locked = shared.onces.at(once).lock();
        locked.it.runner = Holder::NOBODY;
        locked.it.done = true;
        let clock = self.stamp_object::<T>(at, &mut locked.clock);
        let id = locked.it.meta.id;
        let mut waiters = std::mem::take(&mut locked.it.queue);
        drop(locked);
        tr.emit(Kind::OnceEnd as u8, at.site, clock, id, waiters.len() as u32);
        while let Some(entry) = waiters.pop_claimed(|entry| self.claim(entry)) {
            let woken = self.wake(entry.slot, Resume::Waited, clock);
            tr.emit(Kind::Wake as u8, at.site, clock, woken, id);
        }
    }

    pub(super) fn once_done(&self, once: u32) -> bool {
        self.shared.onces.at(once).lock().it.done
    }

    // Barriers

    pub(super) fn barrier<T: Tracer>(&mut self, tr: &mut T, at: At, parties: u32) -> u32 {
        make!(self, tr, at, barriers, BarrierMake, parties, |barrier| barrier.parties = parties)
    }

    pub(super) fn barrier_wait<T: Tracer>(&mut self, tr: &mut T, at: At, barrier: u32) -> Step {
        let shared = self.shared();
        let mut locked = shared.barriers.at(barrier).lock();
        locked.it.queue.keep(|entry| self.under_way(entry));
        let clock = self.stamp_object::<T>(at, &mut locked.clock);
        let id = locked.it.meta.id;
        let arrived = locked.it.queue.len() as u32 + 1;
        if arrived < locked.it.parties {
            let entry = self.park(tr.ordinal(), at, clock, WaitReason::Barrier, barrier);
            locked.it.queue.push(entry);
            drop(locked);
            tr.emit(blocked(Kind::BarrierWait), at.site, clock, id, arrived);
            self.parked(tr, at, entry);
            return Step::Blocked;
        }
        let mut waiters = std::mem::take(&mut locked.it.queue);
        drop(locked);
        tr.emit(Kind::BarrierWait as u8, at.site, clock, id, arrived);
        while let Some(entry) = waiters.pop_claimed(|entry| self.claim(entry)) {
            let woken = self.wake(entry.slot, Resume::Waited, clock);
            tr.emit(Kind::Wake as u8, at.site, clock, woken, id);
        }
        Step::Ready(())
    }

    // Semaphores

    pub(super) fn semaphore<T: Tracer>(&mut self, tr: &mut T, at: At, permits: u32) -> u32 {
        make!(self, tr, at, semaphores, SemaphoreMake, permits, |semaphore| {
            semaphore.permits = u64::from(permits);
            semaphore.last_release = 0;
            semaphore.holders.clear();
        })
    }

    pub(super) fn acquire<T: Tracer>(&mut self, tr: &mut T, at: At, semaphore: u32, parks: bool) -> Step {
        let shared = self.shared();
        let mut locked = shared.semaphores.at(semaphore).lock();
        let clock = self.stamp_object::<T>(at, &mut locked.clock);
        let me = self.holder(at);
        let s = &mut locked.it;
        let id = s.meta.id;
        if s.permits > 0 {
            s.permits -= 1;
            s.holders.push(me);
            let left = s.permits as u32;
            drop(locked);
            tr.emit(Kind::Acquire as u8, at.site, clock, id, left);
            return Step::Ready(());
        }
        if !parks {
            drop(locked);
            tr.emit(Kind::TryAcquireFail as u8, at.site, clock, id, 0);
            return Step::Blocked;
        }
        let entry = self.park(tr.ordinal(), at, clock, WaitReason::Semaphore, semaphore);
        s.queue.push(entry);
        drop(locked);
        tr.emit(blocked(Kind::Acquire), at.site, clock, id, 0);
        self.parked(tr, at, entry);
        Step::Blocked
    }

    pub(super) fn release<T: Tracer>(&mut self, tr: &mut T, at: At, semaphore: u32) {
        let shared = self.shared();
        let mut locked = shared.semaphores.at(semaphore).lock();
        let me = self.current_id;
        let s = &mut locked.it;
        let id = s.meta.id;
        s.last_release = me;
        // Where a task releases what others took, it is taken to be the oldest permit that comes back.
        let mine = s.holders.iter().rposition(|holder| holder.id == me);
        if !s.holders.is_empty() {
            s.holders.remove(mine.unwrap_or(0));
        }
        let entry = s.queue.pop_claimed(|entry| self.claim(entry));
        match entry {
            Some(entry) => s.holders.push(self.woken_holder(entry)),
            None => s.permits += 1,
        }
        let clock = self.stamp_object::<T>(at, &mut locked.clock);
        drop(locked);
        let woken = entry.map_or(0, |entry| self.wake(entry.slot, Resume::Acquired, clock));
        tr.emit(Kind::Release as u8, at.site, clock, id, woken);
    }
}
