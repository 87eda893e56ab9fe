//! The merge: the streams of several workers become one, in an order that respects every cause.
//!
//! The clock of a parallel run is a Lamport clock: what happens because of something else has a later clock, on whatever
//! worker. So sorting all events by clock (by worker where clocks are equal, and in a worker's own order) is enough.
//! Each worker's stream is sorted already; what is left is to choose, again and again, the worker whose next event is
//! the earliest, and to copy its events up to where another worker's turn comes.
//!
//! The merged stream is a stream like any other, in chunks with continuous ordinals. Since a record's task is implied by the
//! last switch, a [`Kind::Worker`] record stands wherever the worker changes. Events that a worker lost make a gap in
//! the ordinals, at the place where they are missing.

use crate::chunk::{CAPACITY, Chunk};
use crate::event::{Kind, Record, TaskId};
use crate::events::{is_text, ticks};
use std::collections::VecDeque;

/// Workers that are believed; a damaged trace may claim more.
pub const MAX_WORKERS: u32 = 1 << 12;

/// Side text at which a merged chunk is full.
const TEXT_LIMIT: usize = 1 << 18;

/// Chunks kept for reuse.
const SPARE: usize = 16;

/// No event is left.
const NONE: u64 = u64::MAX;

/// What is known of one worker's stream.
#[derive(Debug, Default)]
struct Source {
    chunks: VecDeque<Chunk>,
    /// Records of the front chunk that are done.
    at: usize,
    /// Clock of the newest record that is done, clock jumps before the next one included.
    clock: u64,
    /// The task that runs.
    task: TaskId,
    /// Ordinal, in the worker's own stream, after the newest chunk that was begun.
    end: u64,
    /// Events lost before the next one.
    lost: u64,
}

/// Merges streams, as far as they have come.
#[derive(Debug, Default)]
pub struct Merger {
    sources: Vec<Source>,
    /// Clock of each source's next event, [`NONE`] where it has none: apart, since it is looked through at every change.
    heads: Vec<u64>,
    out: Chunk,
    /// The worker of the newest record.
    worker: u32,
    /// Its clock.
    clock: u64,
    /// Ordinal of the next record.
    ordinal: u64,
    ready: VecDeque<Chunk>,
    used: Vec<Chunk>,
    spare: Vec<Chunk>,
    /// Whether merged chunks are filled again here, and not given back by [`Merger::used`].
    reuses: bool,
    late: u64,
}

/// Whether a record is one more clock jump, and no event.
fn is_jump(record: &Record) -> bool {
    record.kind_site as u8 == Kind::ClockJump as u8
}

impl Source {
    /// The clock of the next event.
    fn head(&self) -> u64 {
        let (mut clock, mut at) = (self.clock, self.at);
        for chunk in &self.chunks {
            if at == 0 {
                clock = clock.max(chunk.clock);
            }
            for record in &chunk.records()[at..] {
                clock = clock.saturating_add(ticks(record));
                if !is_jump(record) {
                    return clock.min(NONE - 1);
                }
            }
            at = 0;
        }
        NONE
    }

    /// Goes to the next event: into the next chunk, and past clock jumps.
    fn enter(&mut self, used: &mut Vec<Chunk>) {
        while let Some(chunk) = self.chunks.front() {
            if self.at == 0 {
                self.lost += chunk.first.saturating_sub(self.end);
                if chunk.first != self.end || chunk.first == 0 {
                    // After a gap only the chunk itself knows what runs.
                    self.task = chunk.task;
                }
                self.end = self.end.max(chunk.first.saturating_add(chunk.len as u64));
                self.clock = self.clock.max(chunk.clock);
            }
            let rest = &chunk.records()[self.at..];
            let jumps = rest.iter().take_while(|record| is_jump(record));
            for jump in jumps {
                self.clock = self.clock.saturating_add(ticks(jump));
                self.at += 1;
            }
            if self.at < chunk.len {
                return;
            }
            self.leave(used);
        }
    }

    /// Done with the front chunk.
    fn leave(&mut self, used: &mut Vec<Chunk>) {
        used.extend(self.chunks.pop_front());
        self.at = 0;
    }
}

impl Merger {
    /// A merger that has nothing yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Takes a chunk. Those of one worker may come in any order as long as none of their events has been merged.
    pub fn push(&mut self, chunk: Chunk) {
        if chunk.is_empty() {
            self.used.push(chunk);
            return;
        }
        let worker = chunk.worker.min(MAX_WORKERS - 1) as usize;
        if worker >= self.sources.len() {
            self.sources.resize_with(worker + 1, Source::default);
            self.heads.resize(worker + 1, NONE);
        }
        let source = &mut self.sources[worker];
        // The front chunk may have been begun.
        let place = source.chunks.partition_point(|before| before.first <= chunk.first).max((source.at > 0) as usize);
        source.chunks.insert(place, chunk);
        if place == 0 || self.heads[worker] == NONE {
            self.heads[worker] = source.head();
        }
    }

    /// Merges all events with a clock below this one.
    pub fn advance(&mut self, limit: u64) {
        loop {
            // The first and the second in (clock, worker) order.
            let (mut first, mut second) = ((NONE, 0), (NONE, 0));
            for (worker, &clock) in self.heads.iter().enumerate() {
                if clock < first.0 {
                    (second, first) = (first, (clock, worker));
                } else if clock < second.0 {
                    second = (clock, worker);
                }
            }
            if first.0 >= limit {
                return;
            }
            self.copy(first.1, limit, second);
        }
    }

    /// Merges all that is left.
    pub fn finish(&mut self) {
        self.advance(NONE);
        self.flush();
    }

    /// Copies events of a worker while they are below `limit` and before those of the second.
    fn copy(&mut self, worker: usize, limit: u64, second: (u64, usize)) {
        let mut clock = self.heads[worker];
        while clock < limit && (clock < second.0 || (clock == second.0 && worker < second.1)) {
            let source = &mut self.sources[worker];
            source.enter(&mut self.used);
            if source.lost > 0 || self.worker != worker as u32 {
                self.change(worker, clock);
            }
            if self.out.len >= CAPACITY || self.out.text.len() >= TEXT_LIMIT {
                self.flush();
            }
            let source = &mut self.sources[worker];
            let Some(chunk) = source.chunks.front() else { break };
            let mut record = chunk.slots[source.at];
            let task = source.task;
            if record.kind_site as u8 == Kind::Switch as u8 {
                source.task = TaskId(record.object);
            } else if is_text(&record) {
                let text = chunk.text_of(&record);
                record.object = self.out.text.len() as u32;
                record.arg = text.len() as u32;
                self.out.text.extend_from_slice(text);
            }
            source.at += 1;
            source.clock = clock;
            let next = chunk.records().get(source.at).filter(|next| !is_jump(next)).map(|next| next.clock_delta as u64);
            if source.at >= chunk.len {
                source.leave(&mut self.used);
            }
            let head = next.map_or_else(|| source.head(), |delta| clock.saturating_add(delta).min(NONE - 1));
            self.heads[worker] = head;
            self.write(record, clock, task);
            clock = head;
        }
    }

    /// Goes on with another worker, or with the same one after some of its events were lost.
    fn change(&mut self, worker: usize, clock: u64) {
        let source = &mut self.sources[worker];
        let (task, lost) = (source.task, std::mem::take(&mut source.lost));
        if lost > 0 || self.out.len >= CAPACITY {
            self.flush();
            self.ordinal = self.ordinal.saturating_add(lost);
        }
        self.worker = worker as u32;
        self.write(Record::new(Kind::Worker as u8, 0, 0, worker as u32, task.0), clock, task);
    }

    /// Appends a record; `task` runs before it.
    fn write(&mut self, mut record: Record, clock: u64, task: TaskId) {
        if self.out.len == 0 {
            (self.out.worker, self.out.task) = (self.worker, task);
            (self.out.clock, self.out.first) = (self.clock, self.ordinal);
        }
        // A worker that recorded below what was merged already broke the rules; its event is shown where it came.
        self.late += (clock < self.clock) as u64;
        let delta = clock.saturating_sub(self.clock);
        self.clock += delta;
        record.clock_delta = delta as u32;
        if delta >> 32 != 0 {
            self.put(Record::new(Kind::ClockJump as u8, 0, 0, delta as u32, (delta >> 32) as u32));
            record.clock_delta = 0;
        }
        self.put(record);
    }

    fn put(&mut self, record: Record) {
        if let Some(slot) = self.out.slots.get_mut(self.out.len) {
            *slot = record;
            self.out.len += 1;
            self.ordinal += 1;
        }
    }

    /// Puts the chunk that is being filled into the row of those that are ready, full or not.
    pub fn flush(&mut self) {
        if !self.out.is_empty() {
            let used = if self.reuses { self.used.pop() } else { None };
            let empty = self.spare.pop().or(used).unwrap_or_default();
            self.ready.push_back(std::mem::replace(&mut self.out, empty));
            self.out.clear();
        }
    }

    /// The next merged chunk.
    pub fn pop(&mut self) -> Option<Chunk> {
        self.ready.pop_front()
    }

    /// A worker's chunk that has been merged whole and may be used again.
    pub fn used(&mut self) -> Option<Chunk> {
        self.used.pop()
    }

    /// Takes a merged chunk back, to be filled again.
    pub fn recycle(&mut self, mut chunk: Chunk) {
        if self.spare.len() < SPARE {
            chunk.clear();
            self.spare.push(chunk);
        }
    }

    /// Whether all events that came have been merged.
    pub fn is_done(&self) -> bool {
        self.heads.iter().all(|&head| head == NONE)
    }

    /// Events that came with a clock below what had been merged already: 0 where all workers kept to the rules of
    /// [`crate::progress::Progress`].
    pub fn late(&self) -> u64 {
        self.late
    }
}

/// Merges the chunks of a run that is over; they may be in any order.
pub fn merge(chunks: impl IntoIterator<Item = Chunk>) -> Vec<Chunk> {
    let mut merger = Merger { reuses: true, ..Merger::default() };
    chunks.into_iter().for_each(|chunk| merger.push(chunk));
    merger.finish();
    merger.ready.into()
}
