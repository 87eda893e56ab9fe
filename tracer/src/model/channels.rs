//! What went through each channel, and how full it was over time.

use super::Analysis;
use super::series::{Entry, Series};
use super::slots::Slots;
use super::thin::{self, Grid, Thin};
use crate::archive::codec::{Reader, Writer};
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
    /// Clock when it was made.
    pub made: u64,
    /// Ticks in which it was full, and in which it was empty, up to its newest change.
    full_ticks: u64,
    /// See `full_ticks`.
    empty_ticks: u64,
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

    pub(crate) fn write(&self, to: &mut Writer) {
        to.length(self.channels.len());
        let mut id = 0;
        for (number, channel) in self.channels.iter() {
            to.rise(number, &mut id);
            for number in [channel.capacity, channel.peak] {
                to.number(number);
            }
            for number in [channel.sent, channel.received, channel.waits, channel.wait_ticks, channel.made] {
                to.number(number);
            }
            to.maybe(channel.closed);
            to.number(channel.full_ticks);
            to.number(channel.empty_ticks);
            to.length(channel.levels.len());
            let (mut clock, mut level) = (0, 0);
            for entry in channel.levels.iter() {
                to.rise(entry.clock, &mut clock);
                to.near(entry.level.into(), level);
                level = entry.level.into();
            }
        }
    }

    pub(crate) fn read(from: &mut Reader) -> Option<Self> {
        let mut channels = Slots::default();
        let mut id = 0;
        for _ in 0..from.length(10)? {
            let number = u32::try_from(from.rise(&mut id)?).ok()?;
            let mut channel = Channel {
                capacity: from.word()?,
                peak: from.word()?,
                sent: from.number()?,
                received: from.number()?,
                waits: from.number()?,
                wait_ticks: from.number()?,
                made: from.number()?,
                closed: from.maybe()?,
                full_ticks: from.number()?,
                empty_ticks: from.number()?,
                levels: Series::default(),
            };
            let (mut clock, mut level) = (0, 0);
            let mut levels = Vec::new();
            for _ in 0..from.length(2)? {
                from.rise(&mut clock)?;
                level = from.near(level)?;
                levels.push(Level { clock, level: u32::try_from(level).ok()? });
            }
            channel.levels = Series::of(levels);
            channels.insert(number, channel);
        }
        Some(Self { channels })
    }

    pub(crate) fn trim(&mut self, clock: u64) {
        self.channels.values_mut().for_each(|channel| channel.levels.trim(clock));
    }
}

impl Channel {
    /// The parts of its life up to a clock in which it was full, and in which it was empty.
    pub fn shares(&self, now: u64) -> Option<(f64, f64)> {
        let whole = now.checked_sub(self.made).filter(|&ticks| ticks > 0)? as f64;
        let (mut full, mut empty) = (self.full_ticks, self.empty_ticks);
        if let Some(last) = self.levels.last() {
            self.add_ticks(last, now, &mut full, &mut empty);
        }
        Some((full as f64 / whole, empty as f64 / whole))
    }

    fn add_ticks(&self, level: &Level, until: u64, full: &mut u64, empty: &mut u64) {
        let ticks = until.saturating_sub(level.clock);
        match level.level {
            0 => *empty += ticks,
            n if n >= self.capacity => *full += ticks,
            _ => {}
        }
    }

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
            let mut channel = Channel { capacity: size, made: at.clock, ..Channel::default() };
            channel.levels.push(Level { clock: at.clock, level: 0 });
            self.channels.insert(id.0, channel);
        }
    }

    fn level(&mut self, id: ObjectId, level: u32, at: &Event) {
        let Some(channel) = self.channels.get_mut(id.0) else { return };
        channel.peak = channel.peak.max(level);
        if let Some(last) = channel.levels.last() {
            let (mut full, mut empty) = (channel.full_ticks, channel.empty_ticks);
            channel.add_ticks(last, at.clock, &mut full, &mut empty);
            (channel.full_ticks, channel.empty_ticks) = (full, empty);
        }
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

impl Thin for Channels {
    fn entries(&self) -> usize {
        self.channels.iter().map(|(_, channel)| channel.levels.len()).sum()
    }

    fn thin(&mut self, grid: Grid) {
        self.channels.values_mut().for_each(|channel| thin::levels(&mut channel.levels, grid));
    }
}
