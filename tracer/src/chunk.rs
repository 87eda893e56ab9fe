//! A chunk: the unit in which events travel from a recorder to whoever keeps them.
//!
//! Chunks are self-contained: with its worker, the task that ran, the clock and the ordinal at its start, each can be read
//! without the ones before it. They are recycled, never freed while recording, so that the hot path allocates nothing.

use crate::event::{Record, TaskId};

/// Slots of a chunk: 64 KiB of records.
pub const SLOTS: usize = 4096;

/// Records that a recorder puts into a chunk at most. The rest is slack for records that come in twos (a clock jump and
/// its event) and room for a header where a chunk is written to a file of 64 KiB blocks.
pub const CAPACITY: usize = SLOTS - 8;

/// A run of consecutive events of one worker.
#[derive(Clone, Debug)]
pub struct Chunk {
    /// The worker that recorded it, from 0.
    pub worker: u32,
    /// The task that ran when it began.
    pub task: TaskId,
    /// Absolute clock when it began, in ticks: the first record's delta counts from here.
    pub clock: u64,
    /// Ordinal of its first record. A gap to the end of the chunk before it means dropped events.
    pub first: u64,
    /// Bytes that records with text point into.
    pub text: Vec<u8>,
    pub(crate) slots: Box<[Record; SLOTS]>,
    pub(crate) len: usize,
}

impl Default for Chunk {
    fn default() -> Self {
        Self::new()
    }
}

impl Chunk {
    /// An empty chunk.
    pub fn new() -> Self {
        let slots = match vec![Record::default(); SLOTS].into_boxed_slice().try_into() {
            Ok(slots) => slots,
            Err(_) => unreachable!("the vector has SLOTS elements"),
        };
        Self { worker: 0, task: TaskId(0), clock: 0, first: 0, text: Vec::new(), slots, len: 0 }
    }

    /// A chunk of given records (at most [`SLOTS`]; the rest is left out), as a reader of files or a test makes it.
    pub fn of(first: u64, clock: u64, task: TaskId, records: &[Record], text: &[u8]) -> Self {
        let mut chunk = Self::new();
        chunk.first = first;
        chunk.clock = clock;
        chunk.task = task;
        chunk.len = records.len().min(SLOTS);
        chunk.slots[..chunk.len].copy_from_slice(&records[..chunk.len]);
        chunk.text.extend_from_slice(text);
        chunk
    }

    /// Its records.
    pub fn records(&self) -> &[Record] {
        &self.slots[..self.len]
    }

    /// Whether it holds none.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Number of records.
    pub fn len(&self) -> usize {
        self.len
    }

    /// Empties it, keeping its memory (a side text that had grown large is given back).
    pub fn clear(&mut self) {
        self.len = 0;
        self.text.clear();
        self.text.shrink_to(1 << 16);
    }

    /// The side text that a record of a text kind points at; empty where the record points outside (a damaged trace).
    pub fn text_of(&self, record: &Record) -> &[u8] {
        let start = record.object as usize;
        self.text.get(start..start.saturating_add(record.arg as usize)).unwrap_or(&[])
    }
}
