//! Wait groups: a counter, and a queue of tasks that wait until it is 0.

use crate::core::{Meta, blocked};
use crate::outcome::{At, Resume, Step};
use crate::queue::Queue;
use crate::scheduler::Scheduler;
use tracer::event::Kind;
use tracer::finding::WaitReason;
use tracer::record::Tracer;

/// A wait group.
#[derive(Clone, Debug, Default)]
pub struct WaitGroup {
    pub(crate) meta: Meta,
    pub(crate) count: i64,
    pub(crate) queue: Queue,
    /// Number of the task that lowered the counter last: evidence for who waits in vain.
    pub(crate) last_done: u32,
}

/// A wait group's counter would have gone below zero (or past 2^63).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NegativeCounter;

impl<V: Copy + Default, B: Default> Scheduler<V, B> {
    /// Makes a wait group.
    pub fn wait_group<T: Tracer>(&mut self, tr: &mut T, at: At, count: u32) -> u32 {
        let slot = self.wait_groups.take();
        let group = &mut self.wait_groups[slot];
        group.meta = self.core.new_object(at);
        group.count = count as i64;
        group.queue.clear();
        group.last_done = 0;
        tr.emit(Kind::WaitGroupMake as u8, at.site, at.clock, group.meta.id, count);
        slot
    }

    /// Adds to the counter (`done` is -1); wakes all who wait when it reaches 0.
    #[inline]
    pub fn wait_group_add<T: Tracer>(&mut self, tr: &mut T, at: At, group: u32, n: i64) -> Result<(), NegativeCounter> {
        let me = self.core.current_id;
        let g = &mut self.wait_groups[group];
        let count = g.count.checked_add(n).filter(|&count| count >= 0).ok_or(NegativeCounter)?;
        g.count = count;
        if n < 0 {
            g.last_done = me;
        }
        let kind = if n < 0 { Kind::WaitGroupDone } else { Kind::WaitGroupAdd };
        tr.emit(kind as u8, at.site, at.clock, g.meta.id, count as u32);
        if count == 0 {
            while let Some(entry) = g.queue.pop(&self.core.tasks) {
                let woken = self.core.wake(entry.slot, Resume::Waited);
                tr.emit(Kind::Wake as u8, at.site, at.clock, woken, g.meta.id);
            }
        }
        Ok(())
    }

    /// Parks while the counter is not 0.
    #[inline]
    pub fn wait_group_wait<T: Tracer>(&mut self, tr: &mut T, at: At, group: u32) -> Step {
        let g = &mut self.wait_groups[group];
        if g.count == 0 {
            tr.emit(Kind::WaitGroupWait as u8, at.site, at.clock, g.meta.id, 0);
            return Step::Ready(());
        }
        let entry = self.core.park(tr, at, WaitReason::WaitGroup, group);
        g.queue.push(entry);
        tr.emit(blocked(Kind::WaitGroupWait), at.site, at.clock, g.meta.id, g.count as u32);
        Step::Blocked
    }
}
