//! Time: sleeps, timers that send to a channel, tickers, deadlines of contexts; and the one queue that they all wait in.
//!
//! The queue is a heap by (deadline, order of setting), so that equal deadlines fire in the order in which they were set.
//! As in wait queues, entries that are no longer wanted are not searched for: they are recognised when they come up, and
//! thrown out together once they are the majority. A stale entry never moves virtual time.

use super::Context;
use crate::core::{Meta, blocked};
use crate::outcome::{ArmOutcome, At, Resume};
use crate::queue::{Entry, PLAIN};
use crate::scheduler::Scheduler;
use crate::slab::{NONE, Slab};
use crate::task::Task;
use crate::time::FAR;
use std::cmp::Reverse;
use std::collections::BinaryHeap;
use tracer::event::Kind;
use tracer::finding::WaitReason;
use tracer::record::Tracer;

/// A timer or ticker that sends to a channel.
#[derive(Clone, Debug, Default)]
pub struct Timer {
    pub(crate) meta: Meta,
    pub(crate) channel: u32,
    /// Nanoseconds between two ticks; 0 fires once.
    pub(crate) period: u64,
    /// Order number of its entry in the queue; 0 when it is not set.
    pub(crate) armed: u64,
}

/// Whom an entry is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Target {
    /// A parked task.
    Task { slot: u32, ticket: u32, arm: u16 },
    /// A timer.
    Timer { slot: u32, id: u32 },
    /// A context's deadline.
    Context { slot: u32, id: u32 },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Pending {
    pub(crate) deadline: u64,
    pub(crate) order: u64,
    /// Number of the timer in events.
    pub(crate) object: u32,
    pub(crate) target: Target,
}

impl Pending {
    pub(crate) fn valid<V, B>(
        &self,
        tasks: &Slab<Task<V, B>>,
        timers: &Slab<Timer>,
        contexts: &Slab<Context<V>>,
    ) -> bool {
        match self.target {
            Target::Task { slot, ticket, .. } => tasks[slot].ticket == ticket,
            Target::Timer { slot, id } => timers[slot].meta.id == id && timers[slot].armed == self.order,
            Target::Context { slot, id } => contexts[slot].meta.id == id && contexts[slot].cause.is_none(),
        }
    }
}

/// The queue of everything that waits for a point in time.
#[derive(Debug, Default)]
pub struct TimerQueue {
    pub(crate) heap: BinaryHeap<Reverse<Pending>>,
    orders: u64,
    pub(crate) stale: usize,
}

impl Clone for TimerQueue {
    /// The copy has the same room to grow: see [`crate::deque`].
    fn clone(&self) -> Self {
        let mut pending = Vec::with_capacity(self.heap.capacity());
        pending.extend_from_slice(self.heap.as_slice());
        Self { heap: pending.into(), orders: self.orders, stale: self.stale }
    }
}

impl TimerQueue {
    pub(crate) fn push(&mut self, deadline: u64, object: u32, target: Target) -> u64 {
        self.orders += 1;
        self.heap.push(Reverse(Pending { deadline, order: self.orders, object, target }));
        self.orders
    }

    /// Wakes a parked task.
    pub(crate) fn wake_at(&mut self, deadline: u64, object: u32, entry: Entry) {
        self.push(deadline, object, Target::Task { slot: entry.slot, ticket: entry.ticket, arm: entry.arm });
    }

    /// Cancels a context.
    pub(crate) fn cancel_at(&mut self, deadline: u64, object: u32, slot: u32, id: u32) {
        self.push(deadline, object, Target::Context { slot, id });
    }

    /// One of the entries has become stale.
    pub(crate) fn one_stale<V, B>(
        &mut self,
        tasks: &Slab<Task<V, B>>,
        timers: &Slab<Timer>,
        contexts: &Slab<Context<V>>,
    ) {
        self.stale += 1;
        if self.stale * 2 > self.heap.len() {
            self.heap.retain(|pending| pending.0.valid(tasks, timers, contexts));
            self.stale = 0;
        }
    }

    /// Bytes allocated.
    pub(crate) fn bytes(&self) -> usize {
        self.heap.capacity() * size_of::<Pending>()
    }
}

/// Nanoseconds as the microseconds of an event.
pub(crate) fn micros(nanoseconds: u64) -> u32 {
    u32::try_from(nanoseconds / 1000).unwrap_or(u32::MAX)
}

impl<V: Copy + Default, B: Default> Scheduler<V, B> {
    /// Parks the running task for this long.
    pub fn sleep<T: Tracer>(&mut self, tr: &mut T, at: At, nanoseconds: u64) {
        let object = self.core.object_number();
        let deadline = self.deadline(nanoseconds);
        let entry = self.core.park(tr, at, WaitReason::Sleep, object);
        self.queue.wake_at(deadline, object, entry);
        tr.emit(blocked(Kind::Sleep), at.site, at.clock, object, micros(nanoseconds));
    }

    /// A channel (capacity 1) that gets the time once, after this long. Gives the channel.
    pub fn after<T: Tracer>(&mut self, tr: &mut T, at: At, nanoseconds: u64) -> u32 {
        let timer = self.new_timer(tr, at, nanoseconds, 0);
        self.timers[timer].channel
    }

    /// A timer that sends the time to its channel once, after this long.
    pub fn timer<T: Tracer>(&mut self, tr: &mut T, at: At, nanoseconds: u64) -> u32 {
        self.new_timer(tr, at, nanoseconds, 0)
    }

    /// A ticker that sends the time to its channel again and again; ticks that find the channel full are dropped.
    pub fn ticker<T: Tracer>(&mut self, tr: &mut T, at: At, period: u64) -> u32 {
        // A period of 0 would keep time from ever going on.
        self.new_timer(tr, at, period.max(1), period.max(1))
    }

    fn new_timer<T: Tracer>(&mut self, tr: &mut T, at: At, nanoseconds: u64, period: u64) -> u32 {
        let channel = self.channel(tr, at, 1);
        let slot = self.timers.take();
        let meta = self.core.new_object(at);
        self.channels[channel].timer = slot;
        self.timers[slot] = Timer { meta, channel, period, armed: 0 };
        self.set_timer(tr, at, slot, nanoseconds);
        slot
    }

    /// Sets a timer (again) to fire after this long.
    pub fn set_timer<T: Tracer>(&mut self, tr: &mut T, at: At, timer: u32, nanoseconds: u64) {
        let was_armed = self.timers[timer].armed != 0;
        let id = self.timers[timer].meta.id;
        let deadline = self.deadline(nanoseconds);
        self.timers[timer].armed = self.queue.push(deadline, id, Target::Timer { slot: timer, id });
        if was_armed {
            self.queue.one_stale(&self.core.tasks, &self.timers, &self.contexts);
        }
        tr.emit(Kind::TimerSet as u8, at.site, at.clock, id, micros(nanoseconds));
    }

    /// The channel of a timer or ticker.
    pub fn timer_channel(&self, timer: u32) -> u32 {
        self.timers[timer].channel
    }

    /// Stops a timer or ticker; `false` if it was not set (any more).
    pub fn stop_timer<T: Tracer>(&mut self, tr: &mut T, at: At, timer: u32) -> bool {
        if !self.disarm(timer) {
            return false;
        }
        tr.emit(Kind::TimerStop as u8, at.site, at.clock, self.timers[timer].meta.id, 0);
        true
    }

    pub(crate) fn disarm(&mut self, timer: u32) -> bool {
        let armed = std::mem::take(&mut self.timers[timer].armed) != 0;
        if armed {
            self.queue.one_stale(&self.core.tasks, &self.timers, &self.contexts);
        }
        armed
    }

    /// When the next timer fires.
    pub fn next_deadline(&mut self) -> Option<u64> {
        while let Some(Reverse(pending)) = self.queue.heap.peek() {
            if pending.valid(&self.core.tasks, &self.timers, &self.contexts) {
                return Some(pending.deadline);
            }
            self.queue.heap.pop();
            self.queue.stale = self.queue.stale.saturating_sub(1);
        }
        None
    }

    /// Whether any timer is set.
    pub(crate) fn timer_pending(&mut self) -> bool {
        self.next_deadline().is_some()
    }

    /// Fires everything that is due at `now`.
    pub(crate) fn fire_due<T: Tracer>(&mut self, tr: &mut T, clock: u64, now: u64) {
        while self.next_deadline().is_some_and(|deadline| deadline <= now) {
            let Some(Reverse(pending)) = self.queue.heap.pop() else { return };
            let at = At { site: 0, clock };
            self.core.dirty = true;
            match pending.target {
                Target::Task { slot, arm, .. } => {
                    let entry = Entry { slot, arm, ..Entry::NOBODY };
                    let woken = self.core.wake_entry(entry, Resume::Waited, ArmOutcome::Fired);
                    tr.emit(Kind::TimerFire as u8, 0, clock, pending.object, woken);
                    if arm != PLAIN {
                        self.leave_select(slot, arm);
                    }
                }
                Target::Timer { slot, id } => self.fire_timer(tr, at, slot, id, pending.deadline, now),
                Target::Context { slot, .. } => {
                    tr.emit(Kind::TimerFire as u8, 0, clock, pending.object, 0);
                    self.cancel_context(tr, at, slot, super::Cause::Deadline);
                }
            }
        }
    }

    fn fire_timer<T: Tracer>(&mut self, tr: &mut T, at: At, slot: u32, id: u32, deadline: u64, now: u64) {
        let Timer { channel, period, .. } = self.timers[slot];
        self.timers[slot].armed = 0;
        let value = (self.time_value)(deadline);
        let mut woken = 0;
        let ch = &mut self.channels[channel];
        if let Some(entry) = ch.receivers.pop(&self.core.tasks) {
            woken = self.give(entry, value);
        } else if ch.buffer.len() < ch.capacity as usize && !ch.closed {
            ch.buffer.push_back(value);
        }
        tr.emit(Kind::TimerFire as u8, 0, at.clock, id, woken);
        // In real time a late ticker skips the ticks that it missed instead of catching up.
        if let Some(missed) = now.saturating_sub(deadline).checked_div(period) {
            let next = deadline.saturating_add(period.saturating_mul(missed + 1)).min(FAR);
            // At the end of time it stops.
            if next > now {
                self.timers[slot].armed = self.queue.push(next, id, Target::Timer { slot, id });
            }
        }
    }

    /// Whether a timer is set.
    pub(crate) fn armed(&self, timer: u32) -> bool {
        timer != NONE && self.timers[timer].armed != 0
    }
}
