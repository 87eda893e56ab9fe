//! Cutting a stream of events into blocks, ready to be written or kept.
//!
//! How events are cut depends on the events alone, never on the chunks in which they come, which depend on the watcher's
//! timing: the file of a seeded run is the same every time. ([`Cutter::flush`] cuts, too; it is for runs in real time.)

use super::EVENTS;
use super::block::{Encoder, Now};
use super::index::BlockInfo;
use super::section::Packer;
use super::stamps::Tally;
use crate::chunk::{CAPACITY, Chunk, SLOTS};
use crate::event::{BLOCKED, Kind, Record, TaskId};
use crate::events::is_text;
use std::io;

/// Side text at which a block is full.
const TEXT_LIMIT: usize = 1 << 18;

/// Longest text of one event; recorders split longer ones far below that.
const LONGEST_TEXT: usize = 1 << 24;

/// A block that has been cut.
pub(super) struct Cut<'a> {
    /// All but where it stands in a file.
    pub(super) info: BlockInfo,
    /// Whose events they are.
    pub(super) tally: Tally,
    /// Its section, header and all.
    pub(super) section: &'a [u8],
}

/// How many events of which kind there were.
#[derive(Clone, Debug)]
pub struct Kinds([u64; 256]);

impl Default for Kinds {
    fn default() -> Self {
        Self([0; 256])
    }
}

impl Kinds {
    /// Events of a kind in which no task blocked.
    pub fn passed(&self, kind: Kind) -> u64 {
        self.0[kind as usize]
    }

    /// Events of a kind in which the task blocked.
    pub fn blocked(&self, kind: Kind) -> u64 {
        self.0[(kind as u8 | BLOCKED) as usize]
    }

    /// Events of a kind.
    pub fn all(&self, kind: Kind) -> u64 {
        self.passed(kind) + self.blocked(kind)
    }
}

/// Takes blocks.
pub(super) type Take<'a> = &'a mut dyn FnMut(Cut) -> io::Result<()>;

/// Cuts, encodes and compresses.
pub(super) struct Cutter {
    pub(super) packer: Packer,
    encoder: Encoder,
    /// Events that do not fill a block yet.
    pending: Chunk,
    /// What held before the first of them, and its ordinal.
    began: (Now, u64),
    /// What holds after the newest event, and the ordinal after it.
    now: Now,
    end: u64,
    tally: Tally,
    kinds: Kinds,
}

impl Cutter {
    pub(super) fn new() -> Self {
        Self {
            packer: Packer::new(),
            encoder: Encoder::new(),
            pending: Chunk::new(),
            began: (Now::default(), 0),
            now: Now::default(),
            end: 0,
            tally: Tally::default(),
            kinds: Kinds::default(),
        }
    }

    /// Takes events, and gives blocks that are full to `take`. After an error the events of this chunk may be lost.
    pub(super) fn push(&mut self, chunk: &Chunk, take: Take) -> io::Result<()> {
        let records = chunk.records();
        let Some(first) = records.first() else { return Ok(()) };
        // A switch of workers says itself what runs from then on.
        let follows = chunk.first == self.end
            && chunk.clock == self.now.clock
            && (first.kind_site as u8 == Kind::Worker as u8
                || (chunk.worker == self.now.worker && chunk.task == self.now.task));
        if !follows {
            self.flush(take)?;
            self.now = Now { clock: chunk.clock, worker: chunk.worker, task: chunk.task };
            // Whoever counts the events of a worker counts those that it lost.
            self.tally.add(chunk.worker, chunk.first.saturating_sub(self.end));
            self.end = self.end.max(chunk.first);
        }
        if self.pending.is_empty() && is_full_block(records) && chunk.text.len() < TEXT_LIMIT {
            self.begin();
            self.follow_all(records);
            return self.block(records, &chunk.text, take);
        }
        for record in records {
            self.append(*record, chunk, take)?;
        }
        Ok(())
    }

    fn begin(&mut self) {
        self.began = (self.now, self.end);
    }

    /// Notes an event.
    #[inline]
    fn follow(&mut self, record: &Record) {
        self.now.step(record);
        self.tally.count(self.now.worker, record);
        self.end = self.end.saturating_add(1);
    }

    /// Notes the events of a whole block: the same as [`Cutter::follow`] for each, with little to do for most of them.
    fn follow_all(&mut self, records: &[Record]) {
        let Now { mut clock, mut task, .. } = self.now;
        let mut counted = 0;
        for record in records {
            let kind = record.kind_site as u8;
            clock = clock.saturating_add(record.clock_delta as u64);
            task = if kind == Kind::Switch as u8 { TaskId(record.object) } else { task };
            counted += 1;
            if (kind == Kind::Worker as u8) | (kind == Kind::ClockJump as u8) {
                // Neither of them is counted.
                counted -= 1;
                if kind == Kind::ClockJump as u8 {
                    clock = clock.saturating_add(record.wide());
                } else {
                    self.tally.add(self.now.worker, std::mem::take(&mut counted));
                    (self.now.worker, task) = (record.object, TaskId(record.arg));
                }
            }
        }
        self.tally.add(self.now.worker, counted);
        (self.now.clock, self.now.task) = (clock, task);
        self.end = self.end.saturating_add(records.len() as u64);
    }

    fn append(&mut self, mut record: Record, chunk: &Chunk, take: Take) -> io::Result<()> {
        let pending = &mut self.pending;
        if is_text(&record) {
            let start = record.object as usize;
            match chunk.text.get(start..start.saturating_add(record.arg as usize)) {
                Some(text) if text.len() > LONGEST_TEXT => {
                    return Err(io::Error::new(io::ErrorKind::InvalidInput, "an event's text is too long for a trace"));
                }
                Some(text) => {
                    record.object = pending.text.len() as u32;
                    pending.text.extend_from_slice(text);
                }
                // Still outside, whatever text comes with it.
                None => record.object = u32::MAX,
            }
        }
        if pending.is_empty() {
            self.begin();
        }
        let pending = &mut self.pending;
        if let Some(slot) = pending.slots.get_mut(pending.len) {
            *slot = record;
            pending.len += 1;
        }
        // An event stays with the clock jump before it.
        let full = pending.len >= CAPACITY && record.kind_site as u8 != Kind::ClockJump as u8;
        let full = full || pending.len >= SLOTS || pending.text.len() >= TEXT_LIMIT;
        self.follow(&record);
        if full { self.flush(take) } else { Ok(()) }
    }

    /// Cuts a block of the events that do not fill one yet.
    pub(super) fn flush(&mut self, take: Take) -> io::Result<()> {
        if self.pending.is_empty() {
            return Ok(());
        }
        let mut pending = std::mem::take(&mut self.pending);
        let taken = self.block(pending.records(), &pending.text, take);
        pending.clear();
        self.pending = pending;
        taken
    }

    /// Makes a block of the newest events.
    fn block(&mut self, records: &[Record], text: &[u8], take: Take) -> io::Result<()> {
        let (before, first) = self.began;
        let text = self.encoder.encode(records, text, before.task);
        for (kind, events) in self.encoder.kinds() {
            self.kinds.0[kind as usize] += events as u64;
        }
        let mut info = BlockInfo {
            first,
            events: records.len() as u32,
            clock: before.clock,
            end_clock: self.now.clock,
            worker: before.worker,
            task: before.task,
            text: text as u32,
            offset: 0,
            stored: 0,
            raw: self.encoder.raw.len() as u64,
        };
        let section = self.packer.pack(EVENTS, &info.info(), &self.encoder.raw);
        let section =
            section.ok_or_else(|| io::Error::new(io::ErrorKind::InvalidInput, "a block of events is too large"))?;
        info.stored = section.len() as u64;
        take(Cut { info, tally: std::mem::take(&mut self.tally), section })
    }

    /// How many events of which kind are in blocks.
    pub(super) fn kinds(&self) -> &Kinds {
        &self.kinds
    }

    /// Events that do not fill a block yet.
    pub(super) fn pending(&self) -> u64 {
        self.pending.len() as u64
    }
}

/// Whether these records are a block as [`Cutter::append`] would have cut it.
fn is_full_block(records: &[Record]) -> bool {
    let jump = |at: usize| records[at].kind_site as u8 == Kind::ClockJump as u8;
    match records.len() {
        CAPACITY => !jump(CAPACITY - 1),
        length => length == CAPACITY + 1 && jump(CAPACITY - 1) && !jump(CAPACITY),
    }
}
