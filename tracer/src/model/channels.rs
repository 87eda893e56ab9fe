//! What went through each channel, and how full it was over time.

use super::Analysis;
use super::series::{Entry, Series};
use super::slots::Slots;
use crate::event::{ObjectId, TaskId};
use crate::events::Event;
use crate::finding::ObjectKind;

/// A channel's length from a clock on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Level {
    /// Clock of the change.
    pub clock: u64,
    /// The length.
    pub level: u32,
}

/// Lowest and highest length of a span.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Extremes {
    /// Lowest.
    pub min: u32,
    /// Highest.
    pub max: u32,
}

impl Default for Extremes {
    fn default() -> Self {
        Self { min: u32::MAX, max: 0 }
    }
}

impl Entry for Level {
    type Summary = Extremes;

    fn clock(&self) -> u64 {
        self.clock
    }

    fn add_to(&self, _until: u64, summary: &mut Extremes) {
        summary.min = summary.min.min(self.level);
        summary.max = summary.max.max(self.level);
    }

    fn merge(from: &Extremes, into: &mut Extremes) {
        into.min = into.min.min(from.min);
        into.max = into.max.max(from.max);
    }
}

/// A channel.
#[derive(Clone, Debug, Default)]
pub struct Channel {
    /// Capacity; 0 is a rendezvous.
    pub capacity: u32,
    /// Largest length so far.
    pub peak: u32,
    /// Values sent (that went in or from hand to hand).
    pub sent: u64,
    /// Values received.
    pub received: u64,
    /// Clock when it was closed.
    pub closed: Option<u64>,
    /// How many waits for it have ended, and how many ticks they took together.
    pub waits: u64,
    /// See `waits`.
    pub wait_ticks: u64,
    /// Its length over time.
    pub levels: Series<Level>,
}

/// All channels.
#[derive(Debug, Default)]
pub struct Channels {
    channels: Slots<Channel>,
}

/// One cell of an occupancy strip.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Occupancy {
    /// Lowest length in the cell.
    pub min: u32,
    /// Highest length in the cell.
    pub max: u32,
    /// Length at its end.
    pub last: u32,
}

impl Channels {
    /// A channel.
    pub fn get(&self, id: ObjectId) -> Option<&Channel> {
        self.channels.get(id.0)
    }

    /// All in order of creation.
    pub fn iter(&self) -> impl Iterator<Item = (ObjectId, &Channel)> {
        self.channels.iter().map(|(number, channel)| (ObjectId(number), channel))
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.channels.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.channels.is_empty()
    }

    pub(crate) fn trim(&mut self, clock: u64) {
        self.channels.values_mut().for_each(|channel| channel.levels.trim(clock));
    }
}

impl Channel {
    /// The cells between consecutive edges (clocks), as far as the run is known (`now`): `None` before the channel was
    /// made and after `now`.
    pub fn strip(&self, edges: &[u64], now: u64) -> Vec<Option<Occupancy>> {
        edges.windows(2).map(|pair| self.cell(pair[0], pair[1].max(pair[0] + 1), now)).collect()
    }

    fn cell(&self, from: u64, to: u64, now: u64) -> Option<Occupancy> {
        let end = self.levels.after(to - 1);
        if from > now || end == self.levels.first() {
            return None;
        }
        // What it was when the cell began counts too.
        let begin = self.levels.at(from).unwrap_or(self.levels.first());
        let mut extremes = Extremes::default();
        self.levels.sum(begin..end, now, &mut extremes);
        let last = self.levels.get(end - 1)?.level;
        Some(Occupancy { min: extremes.min, max: extremes.max, last })
    }
}

impl Analysis for Channels {
    fn made(&mut self, id: ObjectId, kind: ObjectKind, size: u32, at: &Event) {
        if kind == ObjectKind::Channel {
            let mut channel = Channel { capacity: size, ..Channel::default() };
            channel.levels.push(Level { clock: at.clock, level: 0 });
            self.channels.insert(id.0, channel);
        }
    }

    fn level(&mut self, id: ObjectId, level: u32, at: &Event) {
        let Some(channel) = self.channels.get_mut(id.0) else { return };
        channel.peak = channel.peak.max(level);
        channel.levels.push(Level { clock: at.clock, level });
    }

    fn queued(&mut self, id: ObjectId, _send: u64, _at: &Event) {
        if let Some(channel) = self.channels.get_mut(id.0) {
            channel.sent += 1;
        }
    }

    fn took(&mut self, id: ObjectId, _receive: u64, _at: &Event) {
        if let Some(channel) = self.channels.get_mut(id.0) {
            channel.received += 1;
        }
    }

    fn closed(&mut self, id: ObjectId, at: &Event) {
        if let Some(channel) = self.channels.get_mut(id.0) {
            channel.closed.get_or_insert(at.clock);
        }
    }

    fn waited(&mut self, id: ObjectId, _task: TaskId, ticks: u64, _at: &Event) {
        if let Some(channel) = self.channels.get_mut(id.0) {
            channel.waits += 1;
            channel.wait_ticks += ticks;
        }
    }
}
