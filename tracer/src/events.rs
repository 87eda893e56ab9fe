//! The events of a run, to be read in any order: in memory, or in a file of which only what is asked for is held.
//!
//! Records stay as they were recorded, 16 bytes each, in segments; marks inside a segment say clock, worker and task, so
//! that any event is found by a binary search and at most [`MARK`] steps. The stream is that of one worker, or of several
//! merged ([`crate::merge`]). Damaged records are kept as harmless ones and counted:
//! a store takes anything.
//!
//! Of a file a segment is a block. It is decoded when it is first asked for and stays until [`Events::settle`], which
//! whoever goes on for long has to call now and then, gives the oldest ones back.

use crate::archive::source::Blocks;
use crate::chunk::Chunk;
use crate::event::{Field, Kind, Record, Site, Stamp, TaskId};
use crate::merge::MAX_WORKERS;
use std::collections::VecDeque;
use std::ops::Range;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

/// Records of a full segment.
const SEGMENT: usize = 4096;

/// Records from one mark to the next.
const MARK: usize = 256;

/// Side text at which a segment is full.
const SEGMENT_TEXT: usize = 1 << 20;

/// Largest ordinal and clock that are believed; a damaged trace may claim more.
pub(crate) const LARGEST: u64 = 1 << 56;

/// Decoded segments of a file that are kept: 32 MiB of records.
const DECODED: usize = 512;

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

/// Consecutive events.
#[derive(Debug)]
pub(crate) struct Segment {
    first: u64,
    records: Vec<Record>,
    /// What holds before each [`MARK`]th record.
    marks: Vec<Mark>,
    text: Vec<u8>,
    /// How many events of each worker came before; not known of a file's.
    counts: Vec<u64>,
    /// No event is later than this.
    latest: u64,
}

impl Default for Segment {
    fn default() -> Self {
        Self { first: 0, records: Vec::new(), marks: Vec::new(), text: Vec::new(), counts: Vec::new(), latest: LARGEST }
    }
}

/// A place in a segment, and what holds there.
#[derive(Clone, Copy, Debug, Default)]
struct Cursor {
    index: usize,
    clock: u64,
    runs: Runs,
}

impl Segment {
    fn end(&self) -> u64 {
        self.first + self.records.len() as u64
    }

    fn clock(&self) -> u64 {
        self.marks.first().map_or(0, |mark| mark.clock)
    }

    /// A record as it may be kept: nonsense becomes a step of the clock, text is copied here. Gives its kind, its text, and
    /// whether it was nonsense.
    fn keep(&mut self, record: &mut Record, chunk: &Chunk) -> (Kind, Range<usize>, bool) {
        let believed = |kind: &Kind| *kind != Kind::Worker || record.object < MAX_WORKERS;
        let known = record.kind().filter(believed);
        let kind = known.unwrap_or(Kind::ClockJump);
        if known.is_none() {
            *record = Record::new(Kind::ClockJump as u8, 0, record.clock_delta, 0, 0);
        }
        let start = self.text.len();
        if is_text(record) {
            let text = std::str::from_utf8(chunk.text_of(record)).unwrap_or("\u{fffd}");
            record.object = start as u32;
            record.arg = text.len() as u32;
            self.text.extend_from_slice(text.as_bytes());
        }
        (kind, start..self.text.len(), known.is_none())
    }

    /// Becomes the block of a file that was read into a chunk. The list of blocks is what counts where the two differ.
    pub(crate) fn load(&mut self, block: &Block, chunk: &Chunk) {
        (self.first, self.latest) = (block.first, block.last);
        self.records.clear();
        self.marks.clear();
        self.text.clear();
        let mut cursor = Cursor {
            index: 0,
            clock: chunk.clock.clamp(block.clock, block.last),
            runs: Runs { worker: chunk.worker.min(MAX_WORKERS - 1), task: chunk.task },
        };
        for record in chunk.records().iter().take(block.events as usize) {
            if cursor.index.is_multiple_of(MARK) {
                self.marks.push(Mark { clock: cursor.clock, runs: cursor.runs });
            }
            let mut record = *record;
            self.keep(&mut record, chunk);
            self.records.push(record);
            self.step(&mut cursor, &record);
        }
    }

    #[inline]
    fn step(&self, cursor: &mut Cursor, record: &Record) {
        cursor.clock = cursor.clock.saturating_add(ticks(record)).min(self.latest);
        cursor.runs.step(record);
        cursor.index += 1;
    }

    /// Goes to a record: from the mark before it, step by step.
    fn seek(&self, index: usize) -> Cursor {
        let mark = index / MARK;
        let Some(&Mark { clock, runs }) = self.marks.get(mark) else { return Cursor { index, ..Cursor::default() } };
        let mut cursor = Cursor { index: mark * MARK, clock, runs };
        for record in self.records.iter().take(index).skip(mark * MARK) {
            self.step(&mut cursor, record);
        }
        cursor
    }

    /// The event at a place, which moves on.
    #[inline]
    fn next(&self, cursor: &mut Cursor) -> Option<Event<'_>> {
        let record = self.records.get(cursor.index)?;
        let ordinal = self.first + cursor.index as u64;
        self.step(cursor, record);
        let kind = record.kind()?;
        let text = if is_text(record) {
            let start = record.object as usize;
            self.text.get(start..start + record.arg as usize).and_then(|text| std::str::from_utf8(text).ok())
        } else {
            None
        };
        Some(Event {
            ordinal,
            kind,
            blocked: record.blocked(),
            worker: cursor.runs.worker,
            task: cursor.runs.task,
            site: record.site(),
            clock: cursor.clock,
            object: record.object,
            arg: record.arg,
            text: text.unwrap_or(""),
        })
    }

    /// All its events.
    pub(crate) fn events(&self) -> impl Iterator<Item = Event<'_>> {
        let mut cursor = self.seek(0);
        std::iter::from_fn(move || self.next(&mut cursor))
    }
}

/// Where a block of a file is in the stream. The list of blocks is made so that ordinals and clocks rise from each to the next.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Block {
    /// Ordinal of its first event.
    pub first: u64,
    /// How many events it has.
    pub events: u32,
    /// The clock before its first event.
    pub clock: u64,
    /// The clock of its last event.
    pub last: u64,
}

impl Block {
    /// Ordinal after its last event.
    pub fn end(&self) -> u64 {
        self.first + u64::from(self.events)
    }
}

/// The blocks of a file, decoded where they were asked for.
#[derive(Debug)]
struct Filed {
    blocks: Arc<dyn Blocks>,
    slots: Vec<OnceLock<Box<Segment>>>,
    /// Those that are decoded, the oldest first.
    decoded: Mutex<VecDeque<usize>>,
}

impl Filed {
    fn segment(&self, index: usize) -> Option<&Segment> {
        let slot = self.slots.get(index)?;
        let segment = slot.get_or_init(|| {
            self.decoded.lock().unwrap_or_else(PoisonError::into_inner).push_back(index);
            let mut segment = Box::<Segment>::default();
            let mut chunk = Chunk::new();
            // A block that cannot be read is a gap.
            if let Some(block) = self.blocks.blocks().get(index) {
                segment.first = block.first;
                if self.blocks.read(index, &mut chunk) {
                    segment.load(block, &chunk);
                }
            }
            segment
        });
        Some(segment)
    }

    /// Gives decoded segments back until so many are left.
    fn settle(&mut self, most: usize) {
        let decoded = self.decoded.get_mut().unwrap_or_else(PoisonError::into_inner);
        while decoded.len() > most {
            if let Some(slot) = decoded.pop_front().and_then(|index| self.slots.get_mut(index)) {
                slot.take();
            }
        }
    }
}

/// The events of a run.
#[derive(Debug, Default)]
pub struct Events {
    segments: VecDeque<Segment>,
    /// Where the events are those of a file: there are no segments then.
    file: Option<Filed>,
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
    /// The events of a file.
    pub(crate) fn filed(blocks: Arc<dyn Blocks>) -> Self {
        let list = blocks.blocks();
        let end = list.last().map_or(0, Block::end);
        let here: u64 = list.iter().map(|block| u64::from(block.events)).sum();
        let clock = list.last().map_or(0, |block| block.last);
        let slots = list.iter().map(|_| OnceLock::new()).collect();
        let file = Some(Filed { blocks, slots, decoded: Mutex::default() });
        Self { file, end, clock, dropped: end - here, ..Self::default() }
    }

    /// Gives back what was decoded of a file and not asked for lately.
    pub fn settle(&mut self) {
        if let Some(file) = &mut self.file {
            file.settle(DECODED);
        }
    }

    /// How many segments are decoded of a file.
    pub fn decoded(&self) -> usize {
        self.file.as_ref().map_or(0, |file| file.decoded.lock().unwrap_or_else(PoisonError::into_inner).len())
    }

    fn segment(&self, index: usize) -> Option<&Segment> {
        match &self.file {
            Some(file) => file.segment(index),
            None => self.segments.get(index),
        }
    }

    /// The first segment that ends after an ordinal.
    fn segment_of(&self, ordinal: u64) -> usize {
        match &self.file {
            Some(file) => file.blocks.blocks().partition_point(|block| block.end() <= ordinal),
            None => self.segments.partition_point(|segment| segment.end() <= ordinal),
        }
    }

    /// Ordinal after the newest event.
    pub fn end(&self) -> u64 {
        self.end
    }

    /// Ordinal of the oldest event that is still here.
    pub fn first(&self) -> u64 {
        match &self.file {
            Some(file) => file.blocks.blocks().first().map_or(self.end, |block| block.first),
            None => self.segments.front().map_or(self.end, |segment| segment.first),
        }
    }

    /// Clock of the newest event.
    pub fn clock(&self) -> u64 {
        self.clock
    }

    /// Clock of the oldest event that is still here.
    pub fn first_clock(&self) -> u64 {
        match &self.file {
            Some(file) => file.blocks.blocks().first().map_or(self.clock, |block| block.clock),
            None => self.segments.front().map_or(self.clock, Segment::clock),
        }
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
            let (kind, text, nonsense) = segment.keep(&mut record, chunk);
            self.damaged += u64::from(nonsense);
            self.bytes += text.len();
            let text = segment.text.get(text).and_then(|text| std::str::from_utf8(text).ok()).unwrap_or("");
            self.clock = self.clock.saturating_add(ticks(&record)).min(LARGEST);
            self.runs.step(&record);
            segment.records.push(record);
            self.bytes += size_of::<Record>();
            if is_counted(kind) {
                let worker = self.runs.worker as usize;
                if worker >= self.counts.len() {
                    self.counts.resize(worker + 1, 0);
                }
                self.counts[worker] += 1;
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
        let segment = self.segment_of(range.start);
        let end = range.end.min(self.end);
        let end = if range.start < end { end } else { 0 };
        let mut iter = Iter { events: self, segment, cursor: Cursor::default(), end };
        if end > 0
            && let Some(found) = self.segment(segment)
        {
            iter.cursor = found.seek(range.start.saturating_sub(found.first) as usize);
        }
        iter
    }

    /// The ordinal of the first event whose clock is at least this, or the end.
    pub fn ordinal_at_clock(&self, clock: u64) -> u64 {
        if let Some(file) = &self.file {
            let blocks = file.blocks.blocks();
            let after = blocks.partition_point(|block| block.last < clock);
            let Some(block) = blocks.get(after) else { return self.end };
            // (Only a block that cannot be read has no such event.)
            return self.first_at(after, clock).unwrap_or(block.first);
        }
        // The segment before the first one that begins at or after the clock may still hold events of that clock.
        let segment = self.segments.partition_point(|segment| segment.clock() < clock).saturating_sub(1);
        let later = (segment..self.segments.len()).find_map(|segment| self.first_at(segment, clock));
        later.unwrap_or(self.end)
    }

    /// The first event of a segment whose clock is at least this.
    fn first_at(&self, segment: usize, clock: u64) -> Option<u64> {
        let segment = self.segment(segment)?;
        let mark = segment.marks.partition_point(|mark| mark.clock < clock).saturating_sub(1);
        let mut cursor = segment.seek(mark * MARK);
        while let Some(event) = segment.next(&mut cursor) {
            if event.clock >= clock {
                return Some(event.ordinal);
            }
        }
        None
    }
}

/// Events in order; see [`Events::range`].
#[derive(Clone)]
pub struct Iter<'a> {
    events: &'a Events,
    segment: usize,
    cursor: Cursor,
    end: u64,
}

impl<'a> Iterator for Iter<'a> {
    type Item = Event<'a>;

    fn next(&mut self) -> Option<Event<'a>> {
        if self.end == 0 {
            return None;
        }
        let mut segment = self.events.segment(self.segment)?;
        // A block that could not be read has no records.
        while self.cursor.index >= segment.records.len() {
            if segment.end() >= self.end {
                return None;
            }
            self.segment += 1;
            segment = self.events.segment(self.segment)?;
            self.cursor = segment.seek(0);
        }
        if segment.first + self.cursor.index as u64 >= self.end {
            return None;
        }
        segment.next(&mut self.cursor)
    }
}
