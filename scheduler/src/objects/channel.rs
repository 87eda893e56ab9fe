//! Channels: a buffer of `capacity` values, a queue of parked receivers and one of parked senders.
//!
//! Invariants: receivers wait only while the buffer is empty and no sender waits; senders wait only while the buffer is
//! full (always so with capacity 0); nobody waits on a closed channel. So a send first looks for a receiver, and a receive
//! that takes from a full buffer moves the first sender's value behind it: first in, first out over buffer and senders.

use crate::core::{Meta, blocked};
use crate::deque::Deque;
use crate::outcome::{ArmOutcome, At, Resume, Step, Try};
use crate::queue::{Entry, PLAIN, Queue};
use crate::scheduler::Scheduler;
use crate::slab::NONE;
use tracer::event::Kind;
use tracer::finding::WaitReason;
use tracer::record::Tracer;

/// A channel.
#[derive(Clone, Debug)]
pub struct Channel<V> {
    pub(crate) meta: Meta,
    pub(crate) capacity: u32,
    pub(crate) closed: bool,
    pub(crate) buffer: Deque<V>,
    pub(crate) receivers: Queue,
    pub(crate) senders: Queue,
    /// The context that closes it, or [`NONE`].
    pub(crate) context: u32,
    /// The timer or ticker that sends to it, or [`NONE`].
    pub(crate) timer: u32,
    /// Number of the task that sent, or tried to, last: evidence for a receiver that waits in vain.
    pub(crate) last_sender: u32,
    /// Number of the task that received, or tried to, last.
    pub(crate) last_receiver: u32,
}

impl<V> Default for Channel<V> {
    fn default() -> Self {
        Self {
            meta: Meta::default(),
            capacity: 0,
            closed: false,
            buffer: Deque::default(),
            receivers: Queue::default(),
            senders: Queue::default(),
            context: NONE,
            timer: NONE,
            last_sender: 0,
            last_receiver: 0,
        }
    }
}

impl<V: Copy + Default, B: Default> Scheduler<V, B> {
    /// Makes a channel; capacity 0 is a rendezvous.
    pub fn channel<T: Tracer>(&mut self, tr: &mut T, at: At, capacity: u32) -> u32 {
        let slot = self.channels.take();
        let channel = &mut self.channels[slot];
        channel.meta = self.core.new_object(at);
        channel.capacity = capacity;
        channel.closed = false;
        channel.buffer.clear();
        channel.receivers.clear();
        channel.senders.clear();
        channel.context = NONE;
        channel.timer = NONE;
        channel.last_sender = 0;
        channel.last_receiver = 0;
        tr.emit(Kind::ChanMake as u8, at.site, at.clock, channel.meta.id, capacity);
        slot
    }

    /// Sends; parks while there is neither room nor a receiver.
    #[inline]
    pub fn send<T: Tracer>(&mut self, tr: &mut T, at: At, channel: u32, value: V) -> Step {
        match self.send_now(tr, at, channel, value) {
            Try::Ready(()) => Step::Ready(()),
            Try::Closed => Step::Closed,
            Try::NotNow => {
                let entry = self.core.park(tr, at, WaitReason::Send, channel);
                let ch = &mut self.channels[channel];
                ch.senders.push(entry);
                self.core.running().value = value;
                tr.emit(blocked(Kind::Send), at.site, at.clock, ch.meta.id, 0);
                Step::Blocked
            }
        }
    }

    /// Sends if that is possible at once.
    #[inline]
    pub fn try_send<T: Tracer>(&mut self, tr: &mut T, at: At, channel: u32, value: V) -> Try {
        let sent = self.send_now(tr, at, channel, value);
        if sent == Try::NotNow {
            tr.emit(Kind::TrySendFull as u8, at.site, at.clock, self.channels[channel].meta.id, 0);
        }
        sent
    }

    /// The common part of sends; emits unless it is `NotNow`.
    #[inline(always)]
    pub(crate) fn send_now<T: Tracer>(&mut self, tr: &mut T, at: At, channel: u32, value: V) -> Try {
        let me = self.core.current_id;
        let ch = &mut self.channels[channel];
        ch.last_sender = me;
        let id = ch.meta.id;
        if ch.closed {
            tr.emit(Kind::SendClosed as u8, at.site, at.clock, id, 0);
            return Try::Closed;
        }
        if let Some(entry) = ch.receivers.pop(&self.core.tasks) {
            let woken = self.give(entry, value);
            tr.emit(Kind::Send as u8, at.site, at.clock, id, woken);
            return Try::Ready(());
        }
        if ch.buffer.len() < ch.capacity as usize {
            ch.buffer.push_back(value);
            tr.emit(Kind::Send as u8, at.site, at.clock, id, 0);
            return Try::Ready(());
        }
        Try::NotNow
    }

    /// Hands a value to a parked receiver.
    #[inline(always)]
    pub(crate) fn give(&mut self, receiver: Entry, value: V) -> u32 {
        let woken = self.core.wake_with(receiver, value, Resume::Received, ArmOutcome::Received);
        if receiver.arm != PLAIN {
            self.leave_select(receiver.slot, receiver.arm);
        }
        woken
    }

    /// Receives; parks while there is nothing to receive.
    #[inline]
    pub fn recv<T: Tracer>(&mut self, tr: &mut T, at: At, channel: u32) -> Step<V> {
        match self.recv_now(tr, at, channel) {
            Try::Ready(value) => Step::Ready(value),
            Try::Closed => Step::Closed,
            Try::NotNow => {
                let entry = self.core.park(tr, at, WaitReason::Recv, channel);
                let ch = &mut self.channels[channel];
                ch.receivers.push(entry);
                tr.emit(blocked(Kind::Recv), at.site, at.clock, ch.meta.id, 0);
                Step::Blocked
            }
        }
    }

    /// Receives if that is possible at once.
    #[inline]
    pub fn try_recv<T: Tracer>(&mut self, tr: &mut T, at: At, channel: u32) -> Try<V> {
        let received = self.recv_now(tr, at, channel);
        if let Try::NotNow = received {
            tr.emit(Kind::TryRecvEmpty as u8, at.site, at.clock, self.channels[channel].meta.id, 0);
        }
        received
    }

    /// The common part of receives; emits unless it is `NotNow`.
    #[inline(always)]
    pub(crate) fn recv_now<T: Tracer>(&mut self, tr: &mut T, at: At, channel: u32) -> Try<V> {
        let me = self.core.current_id;
        let ch = &mut self.channels[channel];
        ch.last_receiver = me;
        let id = ch.meta.id;
        if let Some(value) = ch.buffer.pop_front() {
            let mut woken = 0;
            if let Some(entry) = ch.senders.pop(&self.core.tasks) {
                let (next, sender) = self.take(entry);
                self.channels[channel].buffer.push_back(next);
                woken = sender;
            }
            tr.emit(Kind::Recv as u8, at.site, at.clock, id, woken);
            return Try::Ready(value);
        }
        if let Some(entry) = ch.senders.pop(&self.core.tasks) {
            let (value, woken) = self.take(entry);
            tr.emit(Kind::Recv as u8, at.site, at.clock, id, woken);
            return Try::Ready(value);
        }
        if ch.closed {
            tr.emit(Kind::RecvClosed as u8, at.site, at.clock, id, 0);
            return Try::Closed;
        }
        Try::NotNow
    }

    /// Takes the value that a parked sender offers, and wakes it.
    #[inline(always)]
    fn take(&mut self, sender: Entry) -> (V, u32) {
        let value = if sender.arm == PLAIN {
            self.core.tasks[sender.slot].value
        } else {
            self.offered(sender.slot, sender.arm)
        };
        let woken = self.core.wake_entry(sender, Resume::Sent, ArmOutcome::Sent);
        if sender.arm != PLAIN {
            self.leave_select(sender.slot, sender.arm);
        }
        (value, woken)
    }

    /// Closes; `false` if it was closed before. Parked receivers find it closed and drained, parked senders find it closed.
    pub fn close<T: Tracer>(&mut self, tr: &mut T, at: At, channel: u32) -> bool {
        let ch = &mut self.channels[channel];
        if ch.closed {
            return false;
        }
        ch.closed = true;
        let id = ch.meta.id;
        let waiting = (ch.receivers.len() + ch.senders.len()) as u32;
        tr.emit(Kind::Close as u8, at.site, at.clock, id, waiting);
        while let Some(entry) = self.channels[channel].receivers.pop(&self.core.tasks) {
            let woken = self.core.wake_entry(entry, Resume::Closed, ArmOutcome::Closed);
            tr.emit(Kind::Wake as u8, at.site, at.clock, woken, id);
            if entry.arm != PLAIN {
                self.leave_select(entry.slot, entry.arm);
            }
        }
        while let Some(entry) = self.channels[channel].senders.pop(&self.core.tasks) {
            let woken = self.core.wake_entry(entry, Resume::SendClosed, ArmOutcome::SendClosed);
            tr.emit(Kind::Wake as u8, at.site, at.clock, woken, id);
            if entry.arm != PLAIN {
                self.leave_select(entry.slot, entry.arm);
            }
        }
        true
    }

    /// Records that the program closed a channel that was closed before, in a language where that has no effect.
    pub fn closed_again<T: Tracer>(&mut self, tr: &mut T, at: At, channel: u32) {
        tr.emit(Kind::CloseAgain as u8, at.site, at.clock, self.channels[channel].meta.id, 0);
    }

    /// Number of buffered values.
    pub fn channel_len(&self, channel: u32) -> usize {
        self.channels[channel].buffer.len()
    }

    /// Room for how many values.
    pub fn channel_capacity(&self, channel: u32) -> u32 {
        self.channels[channel].capacity
    }

    /// Whether it is closed (there may still be values to drain).
    pub fn channel_closed(&self, channel: u32) -> bool {
        self.channels[channel].closed
    }
}
