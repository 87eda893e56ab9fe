//! Barriers: a number of parties that wait for each other; the last to arrive leads and lets all go, and the barrier is
//! ready for the next round.

use crate::core::{Meta, blocked};
use crate::outcome::{At, Resume, Step};
use crate::queue::Queue;
use crate::scheduler::Scheduler;
use tracer::event::Kind;
use tracer::finding::WaitReason;
use tracer::record::Tracer;

/// A barrier. Who has arrived is exactly who waits in the queue.
#[derive(Clone, Debug, Default)]
pub struct Barrier {
    pub(crate) meta: Meta,
    pub(crate) parties: u32,
    pub(crate) queue: Queue,
}

impl<V: Copy + Default, B: Default> Scheduler<V, B> {
    /// Makes a barrier for a number of parties; fewer than two never wait.
    pub fn barrier<T: Tracer>(&mut self, tr: &mut T, at: At, parties: u32) -> u32 {
        let slot = self.barriers.take();
        let barrier = &mut self.barriers[slot];
        barrier.meta = self.core.new_object(at);
        barrier.parties = parties;
        barrier.queue.clear();
        tr.emit(Kind::BarrierMake as u8, at.site, at.clock, barrier.meta.id, parties);
        slot
    }

    /// Arrives. `Ready` means that the running task is the last and the leader; parked tasks are not.
    #[inline]
    pub fn barrier_wait<T: Tracer>(&mut self, tr: &mut T, at: At, barrier: u32) -> Step {
        let b = &mut self.barriers[barrier];
        let arrived = b.queue.len() as u32 + 1;
        if arrived < b.parties {
            let entry = self.core.park(tr, at, WaitReason::Barrier, barrier);
            b.queue.push(entry);
            tr.emit(blocked(Kind::BarrierWait), at.site, at.clock, b.meta.id, arrived);
            return Step::Blocked;
        }
        tr.emit(Kind::BarrierWait as u8, at.site, at.clock, b.meta.id, arrived);
        while let Some(entry) = b.queue.pop(&self.core.tasks) {
            let woken = self.core.wake(entry.slot, Resume::Waited);
            tr.emit(Kind::Wake as u8, at.site, at.clock, woken, b.meta.id);
        }
        Step::Ready(())
    }
}
