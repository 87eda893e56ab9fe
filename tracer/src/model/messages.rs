//! Which send a receive took its value from, and the other way round.
//!
//! Channels are first in, first out: a queue of send ordinals for each channel is enough. Pairs are kept as distances,
//! sorted by the receive, 16 bytes each.

use super::Analysis;
use super::slots::Slots;
use crate::archive::codec::{Reader, Writer};
use crate::event::ObjectId;
use crate::events::Event;
use std::collections::VecDeque;

/// A value's way.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Pair {
    /// The event at which the value was taken: newest last, so this is what the list is sorted by.
    taken: u64,
    /// The other end, as far back as this. (A hand-off is taken by the event of one side and refers to the wait of the other.)
    back: u64,
}

/// All messages.
#[derive(Debug, Default)]
pub struct Messages {
    queues: Slots<VecDeque<u64>>,
    pairs: VecDeque<Pair>,
    /// Whether pairs are left out.
    forgets: bool,
}

impl Messages {
    /// Knows what is on its way, and forgets what has arrived.
    pub(crate) fn on_the_way() -> Self {
        Self { forgets: true, ..Self::default() }
    }

    /// With nothing that has arrived yet, but with what is on its way.
    pub(crate) fn remembering(mut self) -> Self {
        self.forgets = false;
        self
    }

    /// The event at which the value that this send put into its channel was taken, if it was taken out later.
    pub fn taken(&self, send: u64) -> Option<u64> {
        let from = self.pairs.partition_point(|pair| pair.taken <= send);
        self.pairs.range(from..).find(|pair| pair.taken - pair.back == send).map(|pair| pair.taken)
    }

    /// Whether the value of a send is still in its channel.
    pub(crate) fn is_waiting(&self, channel: ObjectId, send: u64) -> bool {
        self.queues.get(channel.0).is_some_and(|queue| queue.contains(&send))
    }

    /// Values on their way.
    pub(crate) fn waiting(&self) -> usize {
        self.queues.iter().map(|(_, queue)| queue.len()).sum()
    }

    /// What is on its way, at an event before `ordinal`.
    pub(crate) fn write(&self, ordinal: u64, to: &mut Writer) {
        to.length(self.queues.iter().filter(|(_, queue)| !queue.is_empty()).count());
        let mut id = 0;
        for (number, queue) in self.queues.iter().filter(|(_, queue)| !queue.is_empty()) {
            to.rise(number, &mut id);
            to.length(queue.len());
            let mut before = ordinal;
            for &send in queue {
                to.near(send, before);
                before = send;
            }
        }
    }

    pub(crate) fn read(ordinal: u64, from: &mut Reader) -> Option<Self> {
        let mut queues = Slots::default();
        let mut id = 0;
        for _ in 0..from.length(2)? {
            let number = u32::try_from(from.rise(&mut id)?).ok()?;
            let mut queue = VecDeque::new();
            let mut before = ordinal;
            for _ in 0..from.length(1)? {
                before = from.near(before)?;
                queue.push_back(before);
            }
            queues.insert(number, queue);
        }
        Some(Self { queues, pairs: VecDeque::new(), forgets: true })
    }

    /// The event at the other end of a value that moved at this event: for a receive from a buffer its send; for an
    /// operation that served a blocked task, the operation in which that one had blocked.
    pub fn partner(&self, event: u64) -> Option<u64> {
        let found = self.pairs.binary_search_by_key(&event, |pair| pair.taken).ok()?;
        Some(event - self.pairs[found].back)
    }

    /// The send of the value that is received from a channel next.
    pub fn next(&self, channel: ObjectId) -> Option<u64> {
        self.queues.get(channel.0)?.front().copied()
    }

    pub(crate) fn trim(&mut self, first: u64) {
        while self.pairs.front().is_some_and(|pair| pair.taken < first) {
            self.pairs.pop_front();
        }
    }
}

impl Analysis for Messages {
    fn queued(&mut self, channel: ObjectId, send: u64, _at: &Event) {
        match self.queues.get_mut(channel.0) {
            Some(queue) => queue.push_back(send),
            None => self.queues.insert(channel.0, VecDeque::from([send])),
        }
    }

    fn took(&mut self, channel: ObjectId, receive: u64, at: &Event) {
        let Some(send) = self.queues.get_mut(channel.0).and_then(VecDeque::pop_front) else { return };
        let other = if receive == at.ordinal { send } else { receive };
        if !self.forgets && other < at.ordinal && self.pairs.back().is_none_or(|pair| pair.taken < at.ordinal) {
            self.pairs.push_back(Pair { taken: at.ordinal, back: at.ordinal - other });
        }
    }
}
