//! The record of a run that can be taken back: each event is kept once, however often the run comes by.
//!
//! A debugger goes back to a checkpoint and executes again. The journal goes back with it ([`Journal::restore`]) and stays silent until
//! the run is past the last event that it has; a deterministic run gives the same events again, so nothing has to be compared. Where
//! the run is to take another turn, what was recorded of the old future is forgotten ([`Journal::truncate`]).
//!
//! Records are those of a [`crate::record::Recorder`] of the same run, clock jumps and cut texts included: ordinals are the same.

use crate::chunk::{CAPACITY, Chunk};
use crate::event::{Field, Kind, ObjectId, Record, TaskId};
use crate::events::{is_text, ticks};
use crate::race::location::{Location, Space};
use crate::race::{Detector, Race};
use crate::record::{Operations, PIECE, Tracer};
use std::cell::Cell;
use std::ops::Range;

/// Bytes of text in one chunk, about.
const TEXT: usize = 1 << 18;

/// What events to stop after.
#[derive(Clone, Debug)]
pub struct Want {
    /// By number of the kind: whether such an event is wanted where its task went on, and where it blocked.
    kinds: [[bool; 2]; 128],
    /// Only about this object.
    object: Option<ObjectId>,
    /// When so many events have been emitted.
    until: u64,
}

impl Default for Want {
    /// None.
    fn default() -> Self {
        Self { kinds: [[false; 2]; 128], object: None, until: u64::MAX }
    }
}

impl Want {
    /// The first event that makes it so many.
    pub fn until(events: u64) -> Self {
        Self { until: events, ..Self::default() }
    }

    /// Adds a kind, or only those events of it with which the task blocked.
    pub fn add(&mut self, kind: Kind, only_blocked: bool) {
        self.kinds[kind as usize & 127] = [self.kinds[kind as usize & 127][0] || !only_blocked, true];
    }

    /// Adds what another wants. What both want then may be more than either: about any object.
    pub fn join(&mut self, other: &Want) {
        if other.is_empty() {
            return;
        }
        self.object = self.object.filter(|object| other.object == Some(*object));
        for (ours, theirs) in self.kinds.iter_mut().zip(&other.kinds) {
            *ours = [ours[0] | theirs[0], ours[1] | theirs[1]];
        }
        self.until = self.until.min(other.until);
    }

    /// Only events about this object.
    pub fn about(mut self, object: ObjectId) -> Self {
        self.object = Some(object);
        self
    }

    /// Whether that many events are enough.
    pub fn reached(&self, events: u64) -> bool {
        events >= self.until
    }

    /// Whether it wants nothing.
    pub fn is_empty(&self) -> bool {
        self.until == u64::MAX && self.kinds.iter().all(|wanted| *wanted == [false; 2])
    }

    /// Whether an event is wanted by its kind and object.
    pub fn matches(&self, record: &Record) -> bool {
        self.kinds[record.kind_site as usize & 127][record.blocked() as usize]
            && self.object.is_none_or(|object| {
                record.kind().map(Kind::object_field) == Some(Field::Object) && record.object == object.0
            })
    }
}

/// Records events once.
#[derive(Debug, Default)]
pub struct Journal {
    chunks: Vec<Chunk>,
    /// Events that are kept: the next new one gets this ordinal.
    kept: u64,
    here: Stand,
    /// Stop after these.
    want: Want,
    /// Such an event was emitted since somebody last asked.
    hit: bool,
    /// Operations counted last: from which ordinal to which, and what they were.
    counted: Cell<(u64, u64, Operations)>,
    /// Looks for data races, where that was asked for. It belongs to where the run is, and goes back with it.
    detector: Option<Box<Detector>>,
}

/// How far a run is, as far as its events go.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct Stand {
    /// Events so far.
    pub events: u64,
    clock: u64,
    task: u32,
}

impl Journal {
    /// An empty journal of a run in which data races are looked for.
    pub fn of_races() -> Journal {
        Journal { detector: Some(Box::default()), ..Journal::default() }
    }

    /// What is known of data races, where they are looked for.
    pub fn detector(&self) -> Option<&Detector> {
        self.detector.as_deref()
    }

    /// What was known of data races where the run has gone back to.
    pub fn set_detector(&mut self, detector: Option<Box<Detector>>) {
        self.detector = detector;
    }

    /// Where the run is.
    pub fn stand(&self) -> Stand {
        self.here
    }

    /// The run is where it was before.
    pub fn restore(&mut self, stand: Stand) {
        self.here = stand;
        self.hit = false;
        self.counted.take();
    }

    /// Events that are kept, those that the run has not come to again included.
    pub fn len(&self) -> u64 {
        self.kept
    }

    /// Whether nothing has happened yet.
    pub fn is_empty(&self) -> bool {
        self.kept == 0
    }

    /// Asks for stops after events from now on.
    pub fn stop_after(&mut self, want: Want) {
        self.hit = self.here.events >= want.until;
        self.want = want;
    }

    /// Forgets what comes after where the run is now.
    pub fn truncate(&mut self) {
        let events = self.here.events;
        while self.chunks.last().is_some_and(|chunk| chunk.first >= events) {
            self.chunks.pop();
        }
        if let Some(last) = self.chunks.last_mut() {
            last.len = last.len.min((events - last.first) as usize);
            // Texts of forgotten records stay until the chunk goes; nothing points at them.
        }
        self.kept = events;
    }

    /// The events in a range, in chunks for a [`crate::store::Store`]; what is not kept is left out.
    pub fn chunks(&self, range: Range<u64>) -> impl Iterator<Item = Chunk> {
        let end = range.end.min(self.kept);
        let first = self.chunks.partition_point(|chunk| chunk.first + chunk.len as u64 <= range.start);
        self.chunks[first..].iter().take_while(move |chunk| chunk.first < end).map(move |chunk| {
            part(chunk, range.start.saturating_sub(chunk.first) as usize, (end - chunk.first) as usize)
        })
    }

    /// The last event before an ordinal for which this holds, by its record and its task.
    pub fn rfind(&self, before: u64, mut wanted: impl FnMut(&Record, TaskId) -> bool) -> Option<u64> {
        let chunks = self.chunks.partition_point(|chunk| chunk.first < before);
        for chunk in self.chunks[..chunks].iter().rev() {
            let mut task = chunk.task;
            let mut found = None;
            for (ordinal, record) in (chunk.first..before.min(self.kept)).zip(chunk.records()) {
                if record.kind() == Some(Kind::Switch) {
                    task = TaskId(record.object);
                }
                if wanted(record, task) {
                    found = Some(ordinal);
                }
            }
            if found.is_some() {
                return found;
            }
        }
        None
    }

    /// An empty journal of what happens from here on, whatever is known of it: to look ahead.
    pub fn ahead(&self) -> Journal {
        Journal { kept: self.here.events, here: self.here, ..Journal::default() }
    }

    /// The event with this ordinal, raw: its record and, where its kind carries one, its text.
    pub fn record(&self, ordinal: u64) -> Option<(Record, &[u8])> {
        let index = self.chunks.partition_point(|chunk| chunk.first + chunk.len as u64 <= ordinal);
        let chunk = self.chunks.get(index)?;
        let record = *chunk.records().get((ordinal - chunk.first) as usize)?;
        Some((record, if is_text(&record) { chunk.text_of(&record) } else { &[] }))
    }

    /// A hash of all events in a range and their texts, independent of how they are kept.
    pub fn hash(&self, range: Range<u64>) -> u64 {
        let mut hash = 0u64;
        let mut mix = |word: u64| hash = (hash.rotate_left(5) ^ word).wrapping_mul(0x517c_c1b7_2722_0a95);
        for ordinal in range {
            let Some((record, text)) = self.record(ordinal) else { break };
            mix(record.kind_site as u64 | (record.clock_delta as u64) << 32);
            if is_text(&record) {
                text.iter().for_each(|&byte| mix(byte as u64));
            } else {
                mix(record.wide());
            }
        }
        hash
    }

    /// Takes one record; `clock` and `task` hold after it.
    fn push(&mut self, record: Record, text: &str) {
        if self.here.events == self.kept {
            let chunk = self.open();
            let mut record = record;
            if is_text(&record) {
                record.object = chunk.text.len() as u32;
                chunk.text.extend_from_slice(text.as_bytes());
            }
            chunk.slots[chunk.len] = record;
            chunk.len += 1;
            self.kept += 1;
        }
        self.here.events += 1;
        self.hit |= self.here.events >= self.want.until || self.want.matches(&record);
    }

    /// The chunk that the next new record goes into.
    fn open(&mut self) -> &mut Chunk {
        let full = |chunk: &Chunk| chunk.len >= CAPACITY || chunk.text.len() >= TEXT;
        if self.chunks.last().is_none_or(full) {
            let mut chunk = Chunk::new();
            chunk.first = self.kept;
            chunk.clock = self.here.clock;
            chunk.task = TaskId(self.here.task);
            self.chunks.push(chunk);
        }
        let last = self.chunks.len() - 1;
        &mut self.chunks[last]
    }

    fn event(&mut self, kind: u8, site: u32, clock: u64, object: u32, arg: u32, text: &str) {
        let mut delta = clock.saturating_sub(self.here.clock);
        if delta >> 32 != 0 {
            self.push(Record::new(Kind::ClockJump as u8, 0, 0, delta as u32, (delta >> 32) as u32), "");
            self.here.clock += delta;
            delta = 0;
        }
        self.push(Record::new(kind, site, delta as u32, object, arg), text);
        self.here.clock += delta;
        if kind == Kind::Switch as u8 {
            self.here.task = object;
        }
    }
}

/// Records `from..to` of a chunk as a chunk of its own.
fn part(chunk: &Chunk, from: usize, to: usize) -> Chunk {
    let (from, to) = (from.min(chunk.len), to.min(chunk.len));
    let (mut clock, mut task) = (chunk.clock, chunk.task);
    for record in &chunk.records()[..from] {
        clock += ticks(record);
        if record.kind() == Some(Kind::Switch) {
            task = TaskId(record.object);
        }
    }
    Chunk::of(chunk.first + from as u64, clock, task, &chunk.records()[from..to], &chunk.text)
}

impl Tracer for Journal {
    const ON: bool = true;
    const RACES: bool = true;

    fn emit(&mut self, kind: u8, site: u32, clock: u64, object: u32, arg: u32) {
        if let Some(detector) = &mut self.detector {
            detector.event(kind, site, clock, object, arg);
        }
        self.event(kind, site, clock, object, arg, "");
    }

    fn text(&mut self, kind: Kind, site: u32, clock: u64, text: &str) {
        let mut rest = text;
        loop {
            let mut cut = rest.len().min(PIECE);
            while !rest.is_char_boundary(cut) {
                cut -= 1;
            }
            let (piece, after) = rest.split_at(cut);
            self.event(kind as u8, site, clock, 0, piece.len() as u32, piece);
            rest = after;
            if rest.is_empty() {
                return;
            }
        }
    }

    fn access(&mut self, site: u32, clock: u64, location: Location, write: bool) -> bool {
        let event = self.here.events;
        let Some(detector) = &mut self.detector else { return false };
        if detector.is_known(location, site, write) {
            return false;
        }
        let raced = detector.access(site, clock, Some(event), location, write);
        let kind = if write { Kind::SharedWrite } else { Kind::SharedRead };
        let (object, part) = location.numbers();
        self.event(kind as u8, site, clock, object, part, "");
        raced
    }

    fn observe(&mut self, site: u32, clock: u64, object: u32) {
        if let Some(detector) = &mut self.detector {
            detector.order.observe(object, site, clock);
        }
    }

    fn races(&mut self) -> Vec<Race> {
        self.detector.as_mut().map(|detector| detector.take_races()).unwrap_or_default()
    }

    fn forget(&mut self, alive: &dyn Fn(Space, u32) -> bool) {
        if let Some(detector) = &mut self.detector {
            detector.forget(alive);
        }
    }

    #[inline(always)]
    fn ordinal(&self) -> u64 {
        self.here.events
    }

    fn operations(&self, from: u64) -> Option<Operations> {
        // Asked again and again while a task runs: goes on where it left off.
        let (since, upto, operations) = self.counted.get();
        let (mut next, mut operations) = if since == from { (upto, operations) } else { (from, Operations::default()) };
        while let Some((record, _)) = self.record(next).filter(|_| next < self.here.events) {
            if let Some(kind) = record.kind().filter(|kind| kind.is_operation()) {
                operations = Operations { count: operations.count + 1, last: Some((kind, record.object)) };
            }
            next += 1;
        }
        self.counted.set((from, next, operations));
        Some(operations)
    }

    #[inline(always)]
    fn poll(&mut self, _clock: u64) -> bool {
        false
    }

    #[inline(always)]
    fn idle(&mut self, _clock: u64) {}

    #[inline(always)]
    fn quit(&self) -> bool {
        false
    }

    #[inline(always)]
    fn stops(&self) -> bool {
        self.hit
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::Recorder;
    use crate::sink::HashSink;

    /// Some events, from one position on.
    fn play(tr: &mut impl Tracer, from: u64, to: u64) {
        for n in from..to {
            let clock = n * 3 + (n / 7) * (1 << 33);
            match n % 5 {
                0 => tr.emit(Kind::Switch as u8, 0, clock, n as u32 % 9, 1),
                1 => tr.text(Kind::Output, 7, clock, &format!("line {n}\n")),
                _ => tr.emit(Kind::Send as u8, n as u32, clock, 4, 5),
            }
        }
    }

    #[test]
    fn operations_are_counted_over_and_over() {
        let mut journal = Journal::default();
        play(&mut journal, 0, 12);
        // 2, 3, 4, 7, 8 and 9 are sends.
        let sends = |count| Some(Operations { count, last: (count > 0).then_some((Kind::Send, 4)) });
        assert_eq!((journal.operations(0), journal.operations(0)), (sends(6), sends(6)));
        let stand = journal.stand();
        play(&mut journal, 12, 14);
        assert_eq!((journal.operations(0), journal.operations(journal.ordinal())), (sends(8), sends(0)));
        journal.restore(stand);
        assert_eq!(journal.operations(0), sends(6));
    }

    #[test]
    fn it_keeps_what_a_recorder_keeps() {
        let (sink, totals) = HashSink::new();
        let mut recorder = Recorder::new(sink);
        play(&mut recorder, 0, 20_000);
        let mut journal = Journal::default();
        play(&mut journal, 0, 20_000);
        assert_eq!(journal.ordinal(), recorder.ordinal());
        drop(recorder);
        assert_eq!(journal.len(), totals.get().events);
        assert_eq!(journal.hash(0..u64::MAX), totals.get().hash);
    }

    #[test]
    fn going_back_adds_nothing_and_another_turn_forgets_the_old_one() {
        let mut journal = Journal::default();
        play(&mut journal, 0, 5000);
        let there = journal.stand();
        play(&mut journal, 5000, 9000);
        let (len, hash) = (journal.len(), journal.hash(0..u64::MAX));
        journal.restore(there);
        play(&mut journal, 5000, 9000);
        assert_eq!((journal.len(), journal.hash(0..u64::MAX)), (len, hash));
        journal.restore(there);
        journal.truncate();
        assert_eq!(journal.len(), there.events);
        play(&mut journal, 5000, 6000);
        let mut direct = Journal::default();
        play(&mut direct, 0, 6000);
        assert_eq!(journal.hash(0..u64::MAX), direct.hash(0..u64::MAX));
    }

    #[test]
    fn chunks_begin_and_end_where_they_are_asked_to() {
        let mut journal = Journal::default();
        play(&mut journal, 0, 12_000);
        let whole: Vec<Chunk> = journal.chunks(0..u64::MAX).collect();
        let mut pieces = crate::events::Events::default();
        let mut all = crate::events::Events::default();
        whole.iter().for_each(|chunk| all.push(chunk, |_| {}));
        for at in (0..journal.len()).step_by(777) {
            journal.chunks(at..at + 777).for_each(|chunk| pieces.push(&chunk, |_| {}));
        }
        assert_eq!(pieces.end(), all.end());
        assert_eq!(pieces.clock(), all.clock());
        let events = |events: &crate::events::Events| {
            events.range(0..u64::MAX).map(|e| (e.ordinal, e.kind, e.clock, e.task)).collect::<Vec<_>>()
        };
        assert_eq!(events(&pieces), events(&all));
    }

    #[test]
    fn it_stops_after_what_was_asked_for() {
        let mut journal = Journal::default();
        let mut want = Want::default();
        want.add(Kind::Send, true);
        journal.stop_after(want.clone().about(ObjectId(1)));
        journal.emit(Kind::Switch as u8, 0, 0, 1, 0);
        journal.emit(Kind::Send as u8, 0, 0, 1, 0);
        journal.emit(Kind::Send as u8 | crate::event::BLOCKED, 0, 0, 2, 0);
        assert!(!journal.stops());
        journal.emit(Kind::Send as u8 | crate::event::BLOCKED, 0, 0, 1, 0);
        assert!(journal.stops());
        journal.stop_after(Want::until(5));
        assert!(!journal.stops());
        journal.emit(Kind::Switch as u8, 0, 0, 1, 0);
        assert!(journal.stops());
    }
}
