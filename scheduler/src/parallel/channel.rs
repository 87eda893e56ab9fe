//! Channels between workers: the deterministic runtime's channel behind a lock, with the same invariants.
//!
//! Whoever hands a value over claims the other side's wait under the channel's lock, and makes the task ready after it has let the lock go.

use super::worker::Worker;
use crate::core::blocked;
use crate::objects::Channel;
use crate::outcome::{ArmOutcome, At, Resume, Step, Try};
use crate::queue::{Entry, PLAIN};
use crate::slab::NONE;
use tracer::event::Kind;
use tracer::finding::WaitReason;
use tracer::record::Tracer;

impl<V: Copy + Default, B: Default> Worker<V, B> {
    pub(super) fn channel<T: Tracer>(&mut self, tr: &mut T, at: At, capacity: u32) -> u32 {
        let shared = self.shared();
        let slot = shared.channels.take(&mut self.free.channels);
        let mut ch = shared.channels.at(slot).lock();
        let clock = self.clock(at.clock);
        ch.clock = clock;
        let channel = &mut ch.it;
        channel.meta = shared.new_object(at);
        channel.capacity = capacity;
        channel.closed = false;
        channel.buffer.clear();
        channel.receivers.clear();
        channel.senders.clear();
        channel.context = NONE;
        channel.timer = NONE;
        channel.last_sender = 0;
        channel.last_receiver = 0;
        tr.emit(Kind::ChanMake as u8, at.site, clock, channel.meta.id, capacity);
        slot
    }

    #[inline]
    pub(super) fn send<T: Tracer>(&mut self, tr: &mut T, at: At, channel: u32, value: V) -> Step {
        let shared = self.shared();
        let mut ch = shared.channels.at(channel).lock();
        let sent = self.send_locked(&mut ch.it, value);
        let clock = self.stamp_object::<T>(at, &mut ch.clock);
        let id = ch.it.meta.id;
        match sent {
            Sent::Given(entry) => {
                drop(ch);
                let woken = self.give(entry, value, clock);
                tr.emit(Kind::Send as u8, at.site, clock, id, woken);
                Step::Ready(())
            }
            Sent::Buffered => {
                drop(ch);
                tr.emit(Kind::Send as u8, at.site, clock, id, 0);
                Step::Ready(())
            }
            Sent::Closed => {
                drop(ch);
                tr.emit(Kind::SendClosed as u8, at.site, clock, id, 0);
                Step::Closed
            }
            Sent::Full => {
                self.own(self.current).value = value;
                let entry = self.park(tr.ordinal(), at, clock, WaitReason::Send, channel);
                ch.it.senders.push(entry);
                drop(ch);
                tr.emit(blocked(Kind::Send), at.site, clock, id, 0);
                self.parked(tr, at, entry);
                Step::Blocked
            }
        }
    }

    pub(super) fn try_send<T: Tracer>(&mut self, tr: &mut T, at: At, channel: u32, value: V) -> Try {
        self.send_now(tr, at, channel, value, None).unwrap_or(Try::NotNow)
    }

    /// Sends, if that is possible at once; `None` otherwise. A select says which arm this is, for its own event before the send's; without
    /// one the failed attempt is an event of its own.
    pub(super) fn send_now<T: Tracer>(
        &mut self,
        tr: &mut T,
        at: At,
        channel: u32,
        value: V,
        arm: Option<u32>,
    ) -> Option<Try> {
        let shared = self.shared();
        let mut ch = shared.channels.at(channel).lock();
        let id = ch.it.meta.id;
        let sent = self.send_locked(&mut ch.it, value);
        if matches!(sent, Sent::Full) && arm.is_some() {
            return None;
        }
        let clock = self.stamp_object::<T>(at, &mut ch.clock);
        drop(ch);
        if let Some(arm) = arm {
            tr.emit(Kind::SelectCommit as u8, at.site, clock, id, arm);
        }
        let (kind, woken, outcome) = match sent {
            Sent::Given(entry) => (Kind::Send, self.give(entry, value, clock), Try::Ready(())),
            Sent::Buffered => (Kind::Send, 0, Try::Ready(())),
            Sent::Closed => (Kind::SendClosed, 0, Try::Closed),
            Sent::Full => (Kind::TrySendFull, 0, Try::NotNow),
        };
        tr.emit(kind as u8, at.site, clock, id, woken);
        Some(outcome)
    }

    #[inline(always)]
    pub(super) fn send_locked(&mut self, ch: &mut Channel<V>, value: V) -> Sent {
        ch.last_sender = self.current_id;
        if ch.closed {
            return Sent::Closed;
        }
        if let Some(entry) = ch.receivers.pop_claimed(|entry| self.claim(entry)) {
            return Sent::Given(entry);
        }
        if ch.buffer.len() < ch.capacity as usize {
            ch.buffer.push_back(value);
            return Sent::Buffered;
        }
        Sent::Full
    }

    /// Hands a value to a receiver whose wait was claimed.
    #[inline(always)]
    pub(super) fn give(&mut self, receiver: Entry, value: V, clock: u64) -> u32 {
        self.wake_with(receiver, value, Resume::Received, ArmOutcome::Received, clock)
    }

    #[inline]
    pub(super) fn recv<T: Tracer>(&mut self, tr: &mut T, at: At, channel: u32) -> Step<V> {
        let shared = self.shared();
        let mut ch = shared.channels.at(channel).lock();
        let received = self.recv_locked(&mut ch.it);
        let clock = self.stamp_object::<T>(at, &mut ch.clock);
        let id = ch.it.meta.id;
        match received {
            Received::Value(value, None) => {
                drop(ch);
                tr.emit(Kind::Recv as u8, at.site, clock, id, 0);
                Step::Ready(value)
            }
            Received::Value(value, Some(sender)) => {
                drop(ch);
                let woken = self.wake_entry(sender, Resume::Sent, ArmOutcome::Sent, clock);
                tr.emit(Kind::Recv as u8, at.site, clock, id, woken);
                Step::Ready(value)
            }
            Received::Closed => {
                drop(ch);
                tr.emit(Kind::RecvClosed as u8, at.site, clock, id, 0);
                Step::Closed
            }
            Received::Empty => {
                let entry = self.park(tr.ordinal(), at, clock, WaitReason::Recv, channel);
                ch.it.receivers.push(entry);
                drop(ch);
                tr.emit(blocked(Kind::Recv), at.site, clock, id, 0);
                self.parked(tr, at, entry);
                Step::Blocked
            }
        }
    }

    pub(super) fn try_recv<T: Tracer>(&mut self, tr: &mut T, at: At, channel: u32) -> Try<V> {
        self.recv_now(tr, at, channel, None).unwrap_or(Try::NotNow)
    }

    /// Receives, if that is possible at once; as [`Worker::send_now`].
    pub(super) fn recv_now<T: Tracer>(&mut self, tr: &mut T, at: At, channel: u32, arm: Option<u32>) -> Option<Try<V>> {
        let shared = self.shared();
        let mut ch = shared.channels.at(channel).lock();
        let id = ch.it.meta.id;
        let received = self.recv_locked(&mut ch.it);
        if matches!(received, Received::Empty) && arm.is_some() {
            return None;
        }
        let clock = self.stamp_object::<T>(at, &mut ch.clock);
        drop(ch);
        if let Some(arm) = arm {
            tr.emit(Kind::SelectCommit as u8, at.site, clock, id, arm);
        }
        let (kind, woken, outcome) = match received {
            Received::Value(value, Some(sender)) => {
                (Kind::Recv, self.wake_entry(sender, Resume::Sent, ArmOutcome::Sent, clock), Try::Ready(value))
            }
            Received::Value(value, None) => (Kind::Recv, 0, Try::Ready(value)),
            Received::Closed => (Kind::RecvClosed, 0, Try::Closed),
            Received::Empty => (Kind::TryRecvEmpty, 0, Try::NotNow),
        };
        tr.emit(kind as u8, at.site, clock, id, woken);
        Some(outcome)
    }

    #[inline(always)]
    pub(super) fn recv_locked(&mut self, ch: &mut Channel<V>) -> Received<V> {
        ch.last_receiver = self.current_id;
        if let Some(value) = ch.buffer.pop_front() {
            if ch.senders.is_empty() {
                return Received::Value(value, None);
            }
            let sender = ch.senders.pop_claimed(|entry| self.claim(entry));
            if let Some(sender) = sender {
                ch.buffer.push_back(self.offer(sender));
            }
            return Received::Value(value, sender);
        }
        if let Some(sender) = ch.senders.pop_claimed(|entry| self.claim(entry)) {
            return Received::Value(self.offer(sender), Some(sender));
        }
        if ch.closed { Received::Closed } else { Received::Empty }
    }

    /// The value that a sender offers whose wait was claimed.
    #[inline(always)]
    fn offer(&self, sender: Entry) -> V {
        let task = self.own(sender.slot);
        if sender.arm == PLAIN { task.value } else { self.offered(task.object, sender.arm) }
    }

    pub(super) fn close<T: Tracer>(&mut self, tr: &mut T, at: At, channel: u32) -> bool {
        let shared = self.shared();
        let mut ch = shared.channels.at(channel).lock();
        if ch.it.closed {
            return false;
        }
        ch.it.closed = true;
        let clock = self.stamp_object::<T>(at, &mut ch.clock);
        let id = ch.it.meta.id;
        let mut receivers = std::mem::take(&mut ch.it.receivers);
        let mut senders = std::mem::take(&mut ch.it.senders);
        drop(ch);
        let waiting = (receivers.len() + senders.len()) as u32;
        tr.emit(Kind::Close as u8, at.site, clock, id, waiting);
        while let Some(entry) = receivers.pop_claimed(|entry| self.claim(entry)) {
            let woken = self.wake_entry(entry, Resume::Closed, ArmOutcome::Closed, clock);
            tr.emit(Kind::Wake as u8, at.site, clock, woken, id);
        }
        while let Some(entry) = senders.pop_claimed(|entry| self.claim(entry)) {
            let woken = self.wake_entry(entry, Resume::SendClosed, ArmOutcome::SendClosed, clock);
            tr.emit(Kind::Wake as u8, at.site, clock, woken, id);
        }
        true
    }

    pub(super) fn closed_again<T: Tracer>(&mut self, tr: &mut T, at: At, channel: u32) {
        let shared = self.shared();
        let mut ch = shared.channels.at(channel).lock();
        let clock = self.stamp_object::<T>(at, &mut ch.clock);
        let id = ch.it.meta.id;
        drop(ch);
        tr.emit(Kind::CloseAgain as u8, at.site, clock, id, 0);
    }

    /// The trace clock of an operation on an object, which remembers it.
    #[inline(always)]
    pub(super) fn stamp_object<T: Tracer>(&mut self, at: At, object: &mut u64) -> u64 {
        if !T::ON {
            return self.clock(at.clock);
        }
        let clock = self.after_clock(at.clock, *object);
        *object = clock;
        clock
    }
}

/// How a send came out.
pub(super) enum Sent {
    /// To a receiver, whose wait is claimed.
    Given(Entry),
    /// Into the buffer.
    Buffered,
    /// Not: the channel is closed.
    Closed,
    /// Not: nobody receives, and there is no room.
    Full,
}

/// How a receive came out.
pub(super) enum Received<V> {
    /// A value, and the sender who is to be woken, if any.
    Value(V, Option<Entry>),
    /// Closed and drained.
    Closed,
    /// There is none.
    Empty,
}
