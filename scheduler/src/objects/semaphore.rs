//! Semaphores: permits, and a first-come, first-served queue. A released permit is handed to the first who waits.

use super::Holder;
use crate::core::{Meta, blocked};
use crate::outcome::{At, Resume, Step, Try};
use crate::queue::Queue;
use crate::scheduler::Scheduler;
use tracer::event::Kind;
use tracer::finding::WaitReason;
use tracer::record::Tracer;

/// A semaphore.
#[derive(Clone, Debug, Default)]
pub struct Semaphore {
    pub(crate) meta: Meta,
    pub(crate) permits: u64,
    pub(crate) queue: Queue,
    /// Number of the task that released last: evidence for who waits in vain.
    pub(crate) last_release: u32,
    /// Who took the permits that are out, oldest first: evidence only, as anybody may release.
    pub(crate) holders: Vec<Holder>,
}

impl<V: Copy + Default, B: Default> Scheduler<V, B> {
    /// Makes a semaphore.
    pub fn semaphore<T: Tracer>(&mut self, tr: &mut T, at: At, permits: u32) -> u32 {
        let slot = self.semaphores.take();
        let semaphore = &mut self.semaphores[slot];
        semaphore.meta = self.core.new_object(at);
        semaphore.permits = permits as u64;
        semaphore.queue.clear();
        semaphore.last_release = 0;
        semaphore.holders.clear();
        tr.emit(Kind::SemaphoreMake as u8, at.site, at.clock, semaphore.meta.id, permits);
        slot
    }

    /// Takes a permit; parks while there is none.
    #[inline]
    pub fn acquire<T: Tracer>(&mut self, tr: &mut T, at: At, semaphore: u32) -> Step {
        if self.acquire_now(tr, at, semaphore) {
            return Step::Ready(());
        }
        let s = &mut self.semaphores[semaphore];
        let entry = self.core.park(tr, at, WaitReason::Semaphore, semaphore);
        s.queue.push(entry);
        tr.emit(blocked(Kind::Acquire), at.site, at.clock, s.meta.id, 0);
        Step::Blocked
    }

    /// Takes a permit if there is one.
    pub fn try_acquire<T: Tracer>(&mut self, tr: &mut T, at: At, semaphore: u32) -> Try {
        if self.acquire_now(tr, at, semaphore) {
            return Try::Ready(());
        }
        tr.emit(Kind::TryAcquireFail as u8, at.site, at.clock, self.semaphores[semaphore].meta.id, 0);
        Try::NotNow
    }

    #[inline(always)]
    fn acquire_now<T: Tracer>(&mut self, tr: &mut T, at: At, semaphore: u32) -> bool {
        let s = &mut self.semaphores[semaphore];
        if s.permits == 0 {
            return false;
        }
        s.permits -= 1;
        s.holders.push(self.core.holder(at));
        tr.emit(Kind::Acquire as u8, at.site, at.clock, s.meta.id, s.permits as u32);
        true
    }

    /// Gives a permit back, or a new one in.
    #[inline]
    pub fn release<T: Tracer>(&mut self, tr: &mut T, at: At, semaphore: u32) {
        let me = self.core.current_id;
        let s = &mut self.semaphores[semaphore];
        s.last_release = me;
        // Where a task releases what others took, it is taken to be the oldest permit that comes back.
        let mine = s.holders.iter().rposition(|holder| holder.id == me);
        if !s.holders.is_empty() {
            s.holders.remove(mine.unwrap_or(0));
        }
        let mut woken = 0;
        if let Some(entry) = s.queue.pop(&self.core.tasks) {
            woken = self.core.wake(entry.slot, Resume::Acquired);
            s.holders.push(Holder { slot: entry.slot, id: woken, site: self.core.tasks[entry.slot].site });
        } else {
            s.permits += 1;
        }
        tr.emit(Kind::Release as u8, at.site, at.clock, s.meta.id, woken);
    }

    /// Permits that can be taken at once.
    pub fn permits(&self, semaphore: u32) -> u64 {
        self.semaphores[semaphore].permits
    }
}
