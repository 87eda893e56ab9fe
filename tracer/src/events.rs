//! The events of a run in memory, to be read in any order.
//!
//! Records stay as they were recorded, 16 bytes each, in segments; marks inside a segment say clock, worker and task, so
//! that any event is found by a binary search and at most [`MARK`] steps. The stream is that of one worker, or of several
//! merged ([`crate::merge`]). Damaged records are kept as harmless ones and counted:
//! a store takes anything.

use crate::chunk::Chunk;
use crate::event::{Field, Kind, Record, Site, Stamp, TaskId};
use crate::merge::MAX_WORKERS;
use std::collections::VecDeque;
use std::ops::Range;

/// Records of a full segment.
const SEGMENT: usize = 4096;

/// Records from one mark to the next.
const MARK: usize = 256;

/// Side text at which a segment is full.
const SEGMENT_TEXT: usize = 1 << 20;

/// Largest ordinal and clock that are believed; a damaged trace may claim more.
const LARGEST: u64 = 1 << 56;

/// An event with everything that is known of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Event<'a> {
    /// Its number in the stream, from 0.
    pub ordinal: u64,
    /// What happened.
    pub kind: Kind,
    /// Whether the task blocked in it.
    pub blocked: bool,
    /// The worker on which it happened, from 0.
    pub worker: u32,
    /// The task that did it (0: none yet). Timers fire in nobody's name: theirs means nothing.
    pub task: TaskId,
    /// Where in the code.
    pub site: Site,
    /// Absolute clock in ticks.
    pub clock: u64,
    /// See [`Kind::object_field`].
    pub object: u32,
    /// See [`Kind::arg_field`].
    pub arg: u32,
    /// The text, for kinds that have one.
    pub text: &'a str,
}

impl Event<'_> {
    /// `object` and `arg` as one number.
    pub fn wide(&self) -> u64 {
        self.object as u64 | (self.arg as u64) << 32
    }
}

#[derive(Clone, Copy, Debug)]
struct Mark {
    clock: u64,
    runs: Runs,
}

/// Whose records follow.
#[derive(Clone, Copy, Debug, Default)]
struct Runs {
    worker: u32,
    task: TaskId,
}

impl Runs {
    /// Follows a record.
    #[inline]
    fn step(&mut self, record: &Record) {
        match record.kind_site as u8 {
            kind if kind == Kind::Switch as u8 => self.task = TaskId(record.object),
            kind if kind == Kind::Worker as u8 => *self = Self { worker: record.object, task: TaskId(record.arg) },
            _ => {}
        }
    }
}

#[derive(Debug, Default)]
struct Segment {
    first: u64,
    records: Vec<Record>,
    /// What holds before each [`MARK`]th record.
    marks: Vec<Mark>,
    text: Vec<u8>,
    /// How many events of each worker came before.
    counts: Vec<u64>,
}

impl Segment {
    fn end(&self) -> u64 {
        self.first + self.records.len() as u64
    }

    fn clock(&self) -> u64 {
        self.marks.first().map_or(0, |mark| mark.clock)
    }
}

/// The events of a run.
#[derive(Debug, Default)]
pub struct Events {
    segments: VecDeque<Segment>,
    end: u64,
    clock: u64,
    runs: Runs,
    /// Events of each worker so far, as its recorder counted them.
    counts: Vec<u64>,
    dropped: u64,
    damaged: u64,
    bytes: usize,
}

/// How far a record moves the clock.
pub(crate) fn ticks(record: &Record) -> u64 {
    let jump = if record.kind_site as u8 == Kind::ClockJump as u8 { record.wide() } else { 0 };
    jump.saturating_add(record.clock_delta as u64)
}

/// Which kinds carry text, from the table of kinds.
const TEXT: [bool; 128] = {
    let mut text = [false; 128];
    let mut row = 0;
    while row < Kind::ALL.len() {
        text[Kind::ALL[row] as usize] = matches!(Kind::ALL[row].object_field(), Field::TextAt);
        row += 1;
    }
    text
};

/// Whether a record points at text.
#[inline]
pub(crate) fn is_text(record: &Record) -> bool {
    TEXT[record.kind_site as usize & 127]
}

/// Whether a worker's recorder counted this record: the merge adds and drops such as only serve to read the stream.
fn is_counted(kind: Kind) -> bool {
    !matches!(kind, Kind::Worker | Kind::ClockJump)
}

impl Events {
    /// Ordinal after the newest event.
    pub fn end(&self) -> u64 {
        self.end
    }

    /// Ordinal of the oldest event that is still here.
    pub fn first(&self) -> u64 {
        self.segments.front().map_or(self.end, |segment| segment.first)
    }

    /// Clock of the newest event.
    pub fn clock(&self) -> u64 {
        self.clock
    }

    /// Clock of the oldest event that is still here.
    pub fn first_clock(&self) -> u64 {
        self.segments.front().map_or(self.clock, Segment::clock)
    }

    /// Events that were lost: before they came here, or because of [`Events::trim`].
    pub fn dropped(&self) -> u64 {
        self.dropped
    }

    /// Records that made no sense.
    pub fn damaged(&self) -> u64 {
        self.damaged
    }

    /// Memory in use, roughly.
    pub fn bytes(&self) -> usize {
        self.bytes
    }

    /// Takes the events of a chunk and calls `each` for every one of them.
    pub fn push(&mut self, chunk: &Chunk, mut each: impl FnMut(&Event)) {
        let first = if chunk.first < LARGEST { chunk.first.max(self.end) } else { self.end };
        let gap = first - self.end;
        self.dropped += gap;
        if gap > 0 || self.end == 0 {
            // After a gap only the chunk itself knows the clock and the task.
            self.clock = self.clock.max(chunk.clock).min(LARGEST);
            self.runs = Runs { worker: chunk.worker.min(MAX_WORKERS - 1), task: chunk.task };
            *self.count() += gap;
        }
        self.end = first;
        for record in chunk.records() {
            let full = self.segments.back().is_none_or(|segment| {
                segment.records.len() >= SEGMENT || segment.text.len() >= SEGMENT_TEXT || segment.end() != self.end
            });
            if full {
                let records = Vec::with_capacity(SEGMENT);
                let counts = self.counts.clone();
                self.segments.push_back(Segment { first: self.end, records, counts, ..Segment::default() });
            }
            let Some(segment) = self.segments.back_mut() else { return };
            if segment.records.len().is_multiple_of(MARK) {
                segment.marks.push(Mark { clock: self.clock, runs: self.runs });
            }
            let mut record = *record;
            let believed = |kind: &Kind| *kind != Kind::Worker || record.object < MAX_WORKERS;
            let kind = record.kind().filter(believed).unwrap_or_else(|| {
                self.damaged += 1;
                record = Record::new(Kind::ClockJump as u8, 0, record.clock_delta, 0, 0);
                Kind::ClockJump
            });
            let mut text = "";
            if is_text(&record) {
                let bytes = chunk.text_of(&record);
                text = std::str::from_utf8(bytes).unwrap_or("\u{fffd}");
                record.object = segment.text.len() as u32;
                record.arg = text.len() as u32;
                segment.text.extend_from_slice(text.as_bytes());
                self.bytes += text.len();
            }
            self.clock = self.clock.saturating_add(ticks(&record)).min(LARGEST);
            self.runs.step(&record);
            segment.records.push(record);
            self.bytes += size_of::<Record>();
            if is_counted(kind) {
                *self.count() += 1;
            }
            each(&Event {
                ordinal: self.end,
                kind,
                blocked: record.blocked(),
                worker: self.runs.worker,
                task: self.runs.task,
                site: record.site(),
                clock: self.clock,
                object: record.object,
                arg: record.arg,
                text,
            });
            self.end += 1;
        }
    }

    /// The count of the current worker.
    fn count(&mut self) -> &mut u64 {
        let worker = self.runs.worker as usize;
        if worker >= self.counts.len() {
            self.counts.resize(worker + 1, 0);
        }
        &mut self.counts[worker]
    }

    /// The ordinal of the event that its worker's recorder gave this stamp, if it is (already, still) here.
    pub fn ordinal_of(&self, stamp: u64) -> Option<u64> {
        let Some(Stamp { worker, count }) = Stamp::of(stamp) else { return Some(stamp) };
        if self.counts.get(worker as usize).is_none_or(|&all| all <= count) {
            return None;
        }
        let before = |segment: &Segment| segment.counts.get(worker as usize).copied().unwrap_or(0);
        let segment =
            self.segments.get(self.segments.partition_point(|segment| before(segment) <= count).checked_sub(1)?)?;
        let own = |event: &Event| event.worker == worker && is_counted(event.kind);
        let nth = usize::try_from(count - before(segment)).ok()?;
        self.range(segment.first..segment.end()).filter(own).nth(nth).map(|event| event.ordinal)
    }

    /// Forgets the oldest segments until at most `bytes` are in use (the newest segment stays), and counts their events as
    /// dropped.
    pub fn trim(&mut self, bytes: usize) {
        while self.bytes > bytes && self.segments.len() > 1 {
            if let Some(oldest) = self.segments.pop_front() {
                self.dropped += oldest.records.len() as u64;
                self.bytes -= size_of_val(oldest.records.as_slice()) + oldest.text.len();
            }
        }
    }

    /// The event of an ordinal, if it is (still) here.
    pub fn get(&self, ordinal: u64) -> Option<Event<'_>> {
        self.range(ordinal..ordinal.saturating_add(1)).next()
    }

    /// The events of a range of ordinals, as far as they are here.
    pub fn range(&self, range: Range<u64>) -> Iter<'_> {
        let segment = self.segments.partition_point(|segment| segment.end() <= range.start);
        let mut iter =
            Iter { events: self, segment, index: 0, end: range.end.min(self.end), clock: 0, runs: Runs::default() };
        if let Some(found) = self.segments.get(segment) {
            let index = range.start.saturating_sub(found.first) as usize;
            iter.seek(found, index);
        }
        iter
    }

    /// The ordinal of the first event whose clock is at least this, or the end.
    pub fn ordinal_at_clock(&self, clock: u64) -> u64 {
        // The segment before the first one that begins at or after the clock may still hold events of that clock.
        let segment = self.segments.partition_point(|segment| segment.clock() < clock).saturating_sub(1);
        let Some(found) = self.segments.get(segment) else { return self.end };
        let mark = found.marks.partition_point(|mark| mark.clock < clock).saturating_sub(1);
        let start = found.first + (mark * MARK) as u64;
        self.range(start..self.end).find(|event| event.clock >= clock).map_or(self.end, |event| event.ordinal)
    }
}

/// Events in order; see [`Events::range`].
#[derive(Clone)]
pub struct Iter<'a> {
    events: &'a Events,
    segment: usize,
    index: usize,
    end: u64,
    clock: u64,
    runs: Runs,
}

impl Iter<'_> {
    /// Goes to a record of a segment: from the mark before it, step by step.
    fn seek(&mut self, segment: &Segment, index: usize) {
        let mark = index / MARK;
        let Some(&Mark { clock, runs }) = segment.marks.get(mark) else { return };
        self.clock = clock;
        self.runs = runs;
        self.index = index;
        for record in &segment.records[mark * MARK..index.min(segment.records.len())] {
            self.step(record);
        }
    }

    fn step(&mut self, record: &Record) {
        self.clock = self.clock.saturating_add(ticks(record)).min(LARGEST);
        self.runs.step(record);
    }
}

impl<'a> Iterator for Iter<'a> {
    type Item = Event<'a>;

    fn next(&mut self) -> Option<Event<'a>> {
        let mut segment = self.events.segments.get(self.segment)?;
        if self.index >= segment.records.len() {
            self.segment += 1;
            segment = self.events.segments.get(self.segment)?;
            self.seek(segment, 0);
        }
        let ordinal = segment.first + self.index as u64;
        if ordinal >= self.end {
            return None;
        }
        let record = segment.records.get(self.index)?;
        self.index += 1;
        self.step(record);
        let kind = record.kind()?;
        let text = if is_text(record) {
            let start = record.object as usize;
            segment.text.get(start..start + record.arg as usize).and_then(|text| std::str::from_utf8(text).ok())
        } else {
            None
        };
        Some(Event {
            ordinal,
            kind,
            blocked: record.blocked(),
            worker: self.runs.worker,
            task: self.runs.task,
            site: record.site(),
            clock: self.clock,
            object: record.object,
            arg: record.arg,
            text: text.unwrap_or(""),
        })
    }
}
