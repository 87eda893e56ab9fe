//! Time between workers: sleeps, timers, tickers and contexts, all behind one mutex. They are rare beside the other primitives, and
//! the tree of contexts would need a lock order of its own.
//!
//! Nobody waits for timers while any worker runs: workers look at `next_deadline` at the end of each slice. When all are idle, the last
//! one sleeps until that deadline. The mutex is never held while a channel is locked or a task is made ready.

use super::shared::Shared;
use super::sync::lock;
use super::worker::Worker;
use crate::core::blocked;
use crate::objects::timer::{Pending, Target, micros};
use crate::objects::{Cause, Context, ContextEnd, ContextKind, Timer, TimerQueue, end_of};
use crate::outcome::{ArmOutcome, At, Resume};
use crate::queue::Entry;
use crate::slab::{NONE, Slab};
use crate::time::FAR;
use std::cmp::Reverse;
use std::sync::atomic::Ordering;
use tracer::event::Kind;
use tracer::finding::WaitReason;
use tracer::record::Tracer;

/// Timers, contexts, and the queue that they and the sleeping tasks wait in.
#[derive(Debug)]
pub struct TimeState<V> {
    pub queue: TimerQueue,
    pub timers: Slab<Timer>,
    pub contexts: Slab<Context<V>>,
    /// Trace clock of the newest operation on any context.
    pub clock: u64,
}

impl<V> Default for TimeState<V> {
    fn default() -> Self {
        Self { queue: TimerQueue::default(), timers: Slab::default(), contexts: Slab::default(), clock: 0 }
    }
}

impl<V> TimeState<V> {
    /// Whether an entry is still wanted.
    fn valid<B>(&self, shared: &Shared<V, B>, pending: &Pending) -> bool {
        match pending.target {
            Target::Task { slot, ticket, .. } => shared.tasks.at(slot).wait().is_under_way(ticket),
            Target::Timer { slot, id } => self.timers[slot].meta.id == id && self.timers[slot].armed == pending.order,
            Target::Context { slot, id } => self.contexts[slot].meta.id == id && self.contexts[slot].cause.is_none(),
        }
    }

    /// Throws out what is not wanted any more, and tells everybody when the next is due.
    fn settle<B>(&mut self, shared: &Shared<V, B>) {
        if self.queue.stale * 2 > self.queue.heap.len() {
            let mut heap = std::mem::take(&mut self.queue.heap);
            heap.retain(|pending| self.valid(shared, &pending.0));
            self.queue.heap = heap;
            self.queue.stale = 0;
        }
        while let Some(Reverse(pending)) = self.queue.heap.peek()
            && !self.valid(shared, pending)
        {
            self.queue.heap.pop();
            self.queue.stale = self.queue.stale.saturating_sub(1);
        }
        let next = self.queue.heap.peek().map_or(u64::MAX, |pending| pending.0.deadline);
        shared.next_deadline.store(next, Ordering::Relaxed);
    }

    /// Takes the next entry that is due.
    fn pop_due<B>(&mut self, shared: &Shared<V, B>, now: u64) -> Option<Pending> {
        self.settle(shared);
        let due = self.queue.heap.peek().is_some_and(|pending| pending.0.deadline <= now);
        due.then(|| self.queue.heap.pop()).flatten().map(|pending| pending.0)
    }
}

impl<V: Copy + Default, B: Default> Worker<V, B> {
    pub(super) fn now(&self) -> u64 {
        self.shared.now()
    }

    fn deadline(&self, nanoseconds: u64) -> u64 {
        self.now().saturating_add(nanoseconds).min(FAR)
    }

    /// Puts a parked task into the queue. (It may have been woken elsewhere already: then the entry is stale.)
    pub(super) fn wake_at(&mut self, nanoseconds: u64, object: u32, entry: Entry) {
        let deadline = self.deadline(nanoseconds);
        let shared = self.shared();
        let mut time = lock(&shared.time);
        time.queue.wake_at(deadline, object, entry);
        time.settle(shared);
    }

    /// A task in the timer queue was woken otherwise.
    pub(super) fn timer_stale(&self) {
        let mut time = lock(&self.shared.time);
        time.queue.stale += 1;
        time.settle(&self.shared);
    }

    pub(super) fn sleep_for<T: Tracer>(&mut self, tr: &mut T, at: At, nanoseconds: u64) {
        let object = self.shared.object_number();
        let clock = self.clock(at.clock);
        let entry = self.park(tr.ordinal(), at, clock, WaitReason::Sleep, object);
        tr.emit(blocked(Kind::Sleep), at.site, clock, object, micros(nanoseconds));
        self.wake_at(nanoseconds, object, entry);
        self.parked(tr, at, entry);
    }

    pub(super) fn new_timer<T: Tracer>(&mut self, tr: &mut T, at: At, nanoseconds: u64, period: u64) -> u32 {
        let shared = self.shared();
        let channel = self.channel(tr, at, 1);
        let meta = shared.new_object(at);
        let deadline = self.deadline(nanoseconds);
        let slot = {
            let mut time = lock(&shared.time);
            let slot = time.timers.take();
            let armed = time.queue.push(deadline, meta.id, Target::Timer { slot, id: meta.id });
            time.timers[slot] = Timer { meta, channel, period, armed };
            time.settle(shared);
            slot
        };
        shared.channels.at(channel).lock().it.timer = slot;
        tr.emit(Kind::TimerSet as u8, at.site, self.clock(at.clock), meta.id, micros(nanoseconds));
        slot
    }

    pub(super) fn timer_channel(&self, timer: u32) -> u32 {
        lock(&self.shared.time).timers[timer].channel
    }

    pub(super) fn stop_timer<T: Tracer>(&mut self, tr: &mut T, at: At, timer: u32) -> bool {
        let id = {
            let mut time = lock(&self.shared.time);
            if std::mem::take(&mut time.timers[timer].armed) == 0 {
                return false;
            }
            time.queue.stale += 1;
            time.settle(&self.shared);
            time.timers[timer].meta.id
        };
        tr.emit(Kind::TimerStop as u8, at.site, self.clock(at.clock), id, 0);
        true
    }

    /// Fires everything that is due.
    pub(super) fn fire_due<T: Tracer>(&mut self, tr: &mut T, ticks: u64, now: u64) {
        let shared = self.shared();
        loop {
            // The guard must not live through what follows.
            let due = lock(&shared.time).pop_due(shared, now);
            let Some(pending) = due else { return };
            match pending.target {
                Target::Task { slot, ticket, arm } => {
                    let entry = Entry { slot, ticket, arm, tag: 0 };
                    if shared.tasks.at(slot).wait().claim(ticket) {
                        let clock = self.after_clock(ticks, self.own(slot).since);
                        let woken = self.wake_entry(entry, Resume::Waited, ArmOutcome::Fired, clock);
                        tr.emit(Kind::TimerFire as u8, 0, clock, pending.object, woken);
                    }
                }
                Target::Timer { slot, id } => self.fire_timer(tr, ticks, slot, id, pending, now),
                Target::Context { slot, id } => {
                    tr.emit(Kind::TimerFire as u8, 0, self.clock(ticks), pending.object, 0);
                    self.cancel_tree(tr, At { site: 0, clock: ticks }, slot, id, Cause::Deadline, None);
                }
            }
        }
    }

    fn fire_timer<T: Tracer>(&mut self, tr: &mut T, ticks: u64, slot: u32, id: u32, pending: Pending, now: u64) {
        let shared = self.shared();
        let channel = {
            let mut time = lock(&shared.time);
            if time.timers[slot].meta.id != id || time.timers[slot].armed != pending.order {
                return;
            }
            let Timer { channel, period, .. } = time.timers[slot];
            time.timers[slot].armed = 0;
            // A late ticker skips the ticks that it missed instead of catching up.
            if let Some(missed) = now.saturating_sub(pending.deadline).checked_div(period) {
                let next = pending.deadline.saturating_add(period.saturating_mul(missed + 1)).min(FAR);
                // At the end of time it stops.
                if next > now {
                    time.timers[slot].armed = time.queue.push(next, id, Target::Timer { slot, id });
                }
            }
            time.settle(shared);
            channel
        };
        let value = (shared.time_value)(pending.deadline);
        let at = At { site: 0, clock: ticks };
        let mut ch = shared.channels.at(channel).lock();
        let receiver = ch.it.receivers.pop_claimed(|entry| self.claim(entry));
        let clock = self.stamp_object::<T>(at, &mut ch.clock);
        if receiver.is_none() && ch.it.buffer.len() < ch.it.capacity as usize && !ch.it.closed {
            ch.it.buffer.push_back(value);
        }
        drop(ch);
        let woken = receiver.map_or(0, |entry| self.give(entry, value, clock));
        tr.emit(Kind::TimerFire as u8, 0, clock, id, woken);
    }

    // Contexts

    pub(super) fn context<T: Tracer>(&mut self, tr: &mut T, at: At, parent: Option<u32>, kind: ContextKind<V>) -> u32 {
        let shared = self.shared();
        let now = self.now();
        let (own, value) = match kind {
            ContextKind::Plain => (None, None),
            ContextKind::Deadline(deadline) => (Some(deadline.min(FAR)), None),
            ContextKind::Timeout(nanoseconds) => (Some(now.saturating_add(nanoseconds).min(FAR)), None),
            ContextKind::Value(key, value) => (None, Some((key, value))),
        };
        let meta = shared.new_object(at);
        let mut time = lock(&shared.time);
        let clock = self.stamp_object::<T>(at, &mut time.clock);
        let slot = time.contexts.take();
        let (parent_id, inherited, cancelled) = match parent {
            Some(parent) => {
                let above = &time.contexts[parent];
                (above.meta.id, above.deadline, above.cause.is_some())
            }
            None => (0, None, false),
        };
        time.contexts[slot] =
            Context { meta, parent: parent.unwrap_or(NONE), deadline: inherited, value, ..Context::default() };
        tr.emit(Kind::ContextMake as u8, at.site, clock, meta.id, parent_id);
        if let Some(parent) = parent {
            let mut children = std::mem::take(&mut time.contexts[parent].children);
            if children.len() == children.capacity() {
                let contexts = &time.contexts;
                children.retain(|&(slot, id)| contexts[slot].meta.id == id && contexts[slot].cause.is_none());
            }
            children.push((slot, meta.id));
            time.contexts[parent].children = children;
        }
        let mut cause = cancelled.then_some(Cause::Parent);
        if let Some(deadline) = own
            && cause.is_none()
            && inherited.is_none_or(|inherited| deadline < inherited)
        {
            time.contexts[slot].deadline = Some(deadline);
            if deadline <= now {
                cause = Some(Cause::Deadline);
            } else {
                let object = shared.object_number();
                time.contexts[slot].timed = true;
                time.queue.cancel_at(deadline, object, slot, meta.id);
                time.settle(shared);
                tr.emit(Kind::TimerSet as u8, at.site, clock, object, micros(deadline - now));
            }
        }
        drop(time);
        if let Some(cause) = cause {
            self.cancel_tree(tr, at, slot, meta.id, cause, None);
        }
        slot
    }

    pub(super) fn cancel_context<T: Tracer>(&mut self, tr: &mut T, at: At, context: u32, cause: Cause) {
        let id = lock(&self.shared.time).contexts[context].meta.id;
        self.cancel_tree(tr, at, context, id, cause, None);
    }

    pub(super) fn cancel_context_for<T: Tracer>(&mut self, tr: &mut T, at: At, context: u32, reason: Option<Box<str>>) {
        let id = lock(&self.shared.time).contexts[context].meta.id;
        self.cancel_tree(tr, at, context, id, Cause::Cancelled, reason);
    }

    pub(super) fn context_end(&self, context: u32) -> Option<ContextEnd> {
        end_of(&lock(&self.shared.time).contexts, context)
    }

    /// Cancels a context and all below it; then closes their channels.
    fn cancel_tree<T: Tracer>(
        &mut self,
        tr: &mut T,
        at: At,
        context: u32,
        id: u32,
        cause: Cause,
        mut reason: Option<Box<str>>,
    ) {
        let shared = self.shared();
        let mut done = Vec::new();
        {
            let mut time = lock(&shared.time);
            let clock = self.stamp_object::<T>(at, &mut time.clock);
            let mut pending = vec![(context, id, cause)];
            while let Some((slot, id, cause)) = pending.pop() {
                let ctx = &mut time.contexts[slot];
                if ctx.meta.id != id || ctx.cause.is_some() {
                    continue;
                }
                ctx.cause = Some(cause);
                // The first one is the one that the reason is for.
                ctx.reason = reason.take();
                let children = std::mem::take(&mut ctx.children);
                let timed = std::mem::take(&mut ctx.timed);
                if ctx.done != NONE {
                    done.push(ctx.done);
                }
                tr.emit(Kind::ContextCancel as u8, at.site, clock, id, cause as u32);
                // The entry of a deadline that has just fired is gone already.
                if timed && cause != Cause::Deadline {
                    time.queue.stale += 1;
                }
                pending.extend(children.iter().rev().map(|&(slot, id)| (slot, id, Cause::Parent)));
            }
            time.settle(shared);
        }
        for channel in done {
            self.close(tr, at, channel);
        }
    }

    pub(super) fn context_done<T: Tracer>(&mut self, tr: &mut T, at: At, context: u32) -> u32 {
        let shared = self.shared();
        let done = lock(&shared.time).contexts[context].done;
        if done != NONE {
            return done;
        }
        let channel = self.channel(tr, at, 0);
        shared.channels.at(channel).lock().it.context = context;
        let cancelled = {
            let mut time = lock(&shared.time);
            if time.contexts[context].done != NONE {
                // Another task was faster; the collector takes the channel.
                return time.contexts[context].done;
            }
            time.contexts[context].done = channel;
            time.contexts[context].cause.is_some()
        };
        if cancelled {
            self.close(tr, at, channel);
        }
        channel
    }

    pub(super) fn context_cause(&self, context: u32) -> Option<Cause> {
        lock(&self.shared.time).contexts[context].cause
    }

    pub(super) fn context_timed_out(&self, context: u32) -> bool {
        let time = lock(&self.shared.time);
        let mut slot = context;
        loop {
            match time.contexts[slot].cause {
                Some(Cause::Deadline) => return true,
                Some(Cause::Parent) if time.contexts[slot].parent != NONE => slot = time.contexts[slot].parent,
                _ => return false,
            }
        }
    }

    pub(super) fn context_value(&self, context: u32, key: &str) -> Option<V> {
        let time = lock(&self.shared.time);
        let mut slot = context;
        while slot != NONE {
            let ctx = &time.contexts[slot];
            if let Some((name, value)) = &ctx.value
                && **name == *key
            {
                return Some(*value);
            }
            slot = ctx.parent;
        }
        None
    }

    pub(super) fn context_remaining(&self, context: u32) -> Option<u64> {
        let deadline = lock(&self.shared.time).contexts[context].deadline;
        deadline.map(|deadline| deadline.saturating_sub(self.now()))
    }
}
