//! Channels: every value is received once, after it was sent, in the order in which it was sent.

use super::Checker;
use super::tasks::Wait;
use crate::event::Kind;
use crate::events::Event;
use std::collections::VecDeque;

/// A channel. Tasks that wait in a select are in no queue here: another channel may take them away at any time.
#[derive(Clone, Debug, Default)]
pub(super) struct Channel {
    capacity: u32,
    closed: bool,
    /// Values in the buffer.
    level: u32,
    senders: VecDeque<u32>,
    receivers: VecDeque<u32>,
}

impl Channel {
    pub fn new(capacity: u32) -> Self {
        Self { capacity, ..Self::default() }
    }

    fn waiters(&mut self, kind: Kind) -> &mut VecDeque<u32> {
        if kind == Kind::Send { &mut self.senders } else { &mut self.receivers }
    }
}

/// A channel before an operation on it.
#[derive(Clone, Copy, Default)]
struct Seen {
    capacity: u32,
    closed: bool,
    level: u32,
    /// The task that has waited longest at the other side.
    first: Option<u32>,
}

/// The other side of an operation.
fn other(kind: Kind) -> Kind {
    if kind == Kind::Send { Kind::Recv } else { Kind::Send }
}

impl Checker {
    /// The channel of an event, after what is true of all operations: it was made, and nobody sends to a closed one.
    fn channel(&mut self, at: &Event) -> Seen {
        let Some(channel) = self.channels.get_mut(&at.object) else {
            self.wrong(at, format!("on channel {} before it was made", at.object));
            return Seen::default();
        };
        let first = channel.waiters(other(at.kind)).front().copied();
        let Channel { capacity, closed, level, .. } = *channel;
        let channel = Seen { capacity, closed, level, first };
        let sends = at.kind == Kind::Send || (at.kind == Kind::Recv && at.blocked);
        self.must(at, !(channel.closed && sends), || format!("on channel {} after it was closed", at.object));
        channel
    }

    fn change(&mut self, channel: u32, change: impl FnOnce(&mut Channel)) {
        if let Some(channel) = self.channels.get_mut(&channel) {
            change(channel);
        }
    }

    pub(super) fn send(&mut self, at: &Event) {
        let channel = self.channel(at);
        let id = at.object;
        if at.blocked || at.arg == 0 {
            self.nobody_waits(at, &channel);
        }
        if at.blocked {
            let full = channel.level >= channel.capacity;
            self.must(at, full, || format!("blocks, but channel {id} has room"));
            self.queue(at);
        } else if at.arg == 0 {
            let room = channel.level < channel.capacity;
            self.must(at, room, || format!("puts a value into channel {id}, which is full"));
            self.change(id, |channel| channel.level += 1);
        } else {
            let empty = channel.level == 0;
            self.must(at, empty, || format!("passes by {} values in channel {id}", channel.level));
            self.serve(at);
        }
    }

    pub(super) fn receive(&mut self, at: &Event) {
        let channel = self.channel(at);
        let id = at.object;
        if at.blocked || at.arg == 0 {
            self.nobody_waits(at, &channel);
        }
        if at.blocked {
            self.must(at, channel.level == 0, || format!("blocks, but channel {id} has a value"));
            self.queue(at);
        } else if at.arg == 0 {
            self.must(at, channel.level > 0, || format!("takes a value from channel {id} that was not sent yet"));
            self.change(id, |channel| channel.level = channel.level.saturating_sub(1));
        } else {
            // Out of a full buffer, into which the woken sender's value goes; or from the sender itself.
            let full = channel.level >= channel.capacity;
            self.must(at, full, || format!("wakes a sender although channel {id} had room for its value"));
            self.serve(at);
        }
    }

    /// Who could be served is: only selects, which may be on their way to another channel, do not count.
    fn nobody_waits(&mut self, at: &Event, channel: &Seen) {
        if let Some(first) = channel.first {
            self.wrong(at, format!("passes by task {first}, which waits at channel {}", at.object));
        }
    }

    fn queue(&mut self, at: &Event) {
        self.change(at.object, |channel| channel.waiters(at.kind).push_back(at.task.0));
        self.block(at);
    }

    /// The task that the event names waited at the other side: longer than all others, unless it is in a select.
    fn serve(&mut self, at: &Event) {
        let kind = other(at.kind);
        let (task, id) = (at.arg, at.object);
        self.woken(at, task, kind, id);
        let Some(channel) = self.channels.get_mut(&id) else { return };
        let queue = channel.waiters(kind);
        if let Some(place) = queue.iter().position(|&waiter| waiter == task) {
            queue.remove(place);
            let front = queue.front().copied().unwrap_or(0);
            self.must(at, place == 0, || format!("serves task {task} before task {front} at channel {id}"));
        }
    }

    pub(super) fn found_closed(&mut self, at: &Event) {
        let channel = self.channel(at);
        self.must(at, channel.closed, || format!("on channel {}, which is not closed yet", at.object));
        let drained = at.kind != Kind::RecvClosed || channel.level == 0;
        self.must(at, drained, || format!("leaves {} values in channel {}", channel.level, at.object));
    }

    pub(super) fn not_now(&mut self, at: &Event) {
        let channel = self.channel(at);
        let full = channel.level >= channel.capacity;
        let holds = if at.kind == Kind::TrySendFull { full } else { channel.level == 0 };
        self.must(at, holds, || format!("on channel {}, which has {} values", at.object, channel.level));
    }

    pub(super) fn close(&mut self, at: &Event) {
        self.channel(at);
        let closed = self.channels.get(&at.object).is_some_and(|channel| channel.closed);
        self.must(at, !closed, || format!("of channel {}, which was closed before", at.object));
        self.change(at.object, |channel| channel.closed = true);
    }

    /// A timer fires: it wakes who sleeps or selects, or fills its channel.
    pub(super) fn fire(&mut self, at: &Event) {
        let channel = self.timers.get(&at.object).copied();
        match (at.arg, channel) {
            (0, Some(channel)) => self.change(channel, |channel| {
                channel.level += (channel.level < channel.capacity && !channel.closed) as u32;
            }),
            (0, None) => {}
            (task, Some(channel)) => {
                self.change(channel, |channel| channel.receivers.retain(|&waiter| waiter != task));
                self.woken(at, task, Kind::Recv, channel);
            }
            // A timeout around another wait.
            (task, None) if self.foreign => self.woken_anyhow(at, task),
            (task, None) => self.woken(at, task, Kind::Sleep, at.object),
        }
    }

    pub(super) fn is_closed(&self, channel: u32) -> bool {
        self.channels.get(&channel).is_some_and(|channel| channel.closed)
    }

    pub(super) fn leaves_channel(&mut self, task: u32, wait: &Wait) {
        self.change(wait.object, |channel| channel.waiters(wait.kind).retain(|&waiter| waiter != task));
    }
}
