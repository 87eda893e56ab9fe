//! The one stream of a recording: what all threads say, in the order in which they came by the lock.
//!
//! A record's task is implied, so a [`Kind::Worker`] record stands wherever another thread goes on, as in the merged stream
//! of several workers. The clock is the wall's, in nanoseconds since the recording began.

use crate::chunk::{CAPACITY, Chunk};
use crate::event::{Kind, Record, TaskId};
use crate::record::PIECE;
use crate::sink::{LiveSink, Sink};

/// Side text at which a chunk is handed over although it has room for more records.
const TEXT_LIMIT: usize = 1 << 18;

/// Where records go.
pub(super) struct Stream {
    /// Gone when the recording is over.
    sink: Option<LiveSink>,
    chunk: Chunk,
    /// The task that the stream last said each worker runs.
    tasks: Vec<TaskId>,
    /// The worker of the newest record.
    worker: u32,
    /// Its clock.
    clock: u64,
    /// Ordinal of the next record.
    ordinal: u64,
}

impl Stream {
    pub(super) fn new(sink: LiveSink) -> Self {
        Self { sink: Some(sink), chunk: Chunk::new(), tasks: vec![TaskId(0)], worker: 0, clock: 0, ordinal: 0 }
    }

    /// Ordinal of the newest record.
    pub(super) fn newest(&self) -> u64 {
        self.ordinal.saturating_sub(1)
    }

    /// The task that the stream says a worker runs or ran last.
    pub(super) fn task(&self, worker: u32) -> TaskId {
        self.tasks.get(worker as usize).copied().unwrap_or_default()
    }

    /// Clock of the newest record.
    pub(super) fn clock(&self) -> u64 {
        self.clock
    }

    /// Writes a record of a worker.
    pub(super) fn record(&mut self, worker: u32, kind: u8, site: u32, clock: u64, object: u32, arg: u32) {
        self.go_on_with(worker, clock);
        self.write(kind, site, clock, object, arg);
        if kind == Kind::Switch as u8
            && let Some(task) = self.tasks.get_mut(worker as usize)
        {
            *task = TaskId(object);
        }
    }

    /// Writes a record of a kind that carries text.
    pub(super) fn text(&mut self, worker: u32, kind: Kind, site: u32, clock: u64, text: &str) {
        let mut rest = text;
        loop {
            let mut cut = rest.len().min(PIECE);
            while !rest.is_char_boundary(cut) {
                cut -= 1;
            }
            let (piece, after) = rest.split_at(cut);
            self.go_on_with(worker, clock);
            self.make_room();
            let start = self.chunk.text.len() as u32;
            self.chunk.text.extend_from_slice(piece.as_bytes());
            self.write(kind as u8, site, clock, start, piece.len() as u32);
            rest = after;
            if rest.is_empty() {
                return;
            }
        }
    }

    /// Hands over what there is, with the time; nothing where nothing is.
    pub(super) fn flush(&mut self, clock: u64) {
        if !self.chunk.is_empty() {
            // Time is known only up to the last anchor.
            self.write(Kind::Anchor as u8, 0, clock, clock as u32, (clock >> 32) as u32);
            self.hand_over();
        }
    }

    /// The recording is over: whoever reads sees the end behind what was handed over.
    pub(super) fn close(&mut self) {
        self.sink = None;
    }

    fn go_on_with(&mut self, worker: u32, clock: u64) {
        if worker as usize >= self.tasks.len() {
            self.tasks.resize(worker as usize + 1, TaskId(0));
        }
        if worker != self.worker {
            self.make_room();
            let task = self.task(worker);
            self.write(Kind::Worker as u8, 0, clock, worker, task.0);
            self.worker = worker;
        }
    }

    fn make_room(&mut self) {
        if self.chunk.len >= CAPACITY || self.chunk.text.len() >= TEXT_LIMIT {
            self.hand_over();
        }
    }

    /// Appends a record, with a clock jump before it where that is needed.
    fn write(&mut self, kind: u8, site: u32, clock: u64, object: u32, arg: u32) {
        // A text record has made room for its text and must stay in the same chunk; the slack is for it and a jump.
        if self.chunk.len >= CAPACITY + 4 {
            self.hand_over();
        }
        let delta = clock.saturating_sub(self.clock);
        if self.chunk.is_empty() {
            (self.chunk.worker, self.chunk.task) = (self.worker, self.task(self.worker));
            (self.chunk.clock, self.chunk.first) = (self.clock, self.ordinal);
        }
        self.clock += delta;
        let mut small = delta as u32;
        if delta >> 32 != 0 {
            self.put(Record::new(Kind::ClockJump as u8, 0, 0, delta as u32, (delta >> 32) as u32));
            small = 0;
        }
        self.put(Record::new(kind, site, small, object, arg));
    }

    fn put(&mut self, record: Record) {
        if let Some(slot) = self.chunk.slots.get_mut(self.chunk.len) {
            *slot = record;
            self.chunk.len += 1;
            self.ordinal += 1;
        }
    }

    fn hand_over(&mut self) {
        if !self.chunk.is_empty() {
            let full = std::mem::take(&mut self.chunk);
            self.chunk = match &mut self.sink {
                Some(sink) => sink.take(full),
                None => full,
            };
            self.chunk.clear();
        }
    }
}
