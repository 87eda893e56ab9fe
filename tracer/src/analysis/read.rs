//! Reading a trace once, event by event, without keeping it: what a store does with chunks, in constant memory.
//!
//! Nothing is trusted. A gap is counted, a record that names no kind or no believable worker is passed over, a clock stays below
//! [`LARGEST`].

use crate::chunk::Chunk;
use crate::event::{Kind, TaskId};
use crate::events::{Event, ticks};
use crate::merge::MAX_WORKERS;

/// Largest ordinal, clock and time that are believed.
pub(super) const LARGEST: u64 = 1 << 56;

/// Where a reader is in the stream.
#[derive(Clone, Debug, Default)]
pub(super) struct Reader {
    /// Ordinal of the next event.
    pub end: u64,
    /// Clock of the newest one, in ticks.
    pub clock: u64,
    /// Events that were lost.
    pub dropped: u64,
    /// Records that made no sense.
    pub damaged: u64,
    worker: u32,
    task: TaskId,
    began: bool,
}

impl Reader {
    /// Gives the events of the next chunk to `each`; their clocks are ticks, their texts are left out.
    pub fn read(&mut self, chunk: &Chunk, mut each: impl FnMut(&Event)) {
        let first = if chunk.first < LARGEST { chunk.first.max(self.end) } else { self.end };
        let gap = first - self.end;
        self.dropped += gap;
        if gap > 0 || !self.began {
            // Only the chunk itself knows the clock and the task.
            self.clock = self.clock.max(chunk.clock).min(LARGEST);
            (self.worker, self.task) = (chunk.worker.min(MAX_WORKERS - 1), chunk.task);
        }
        self.began = true;
        self.end = first;
        for record in chunk.records() {
            self.clock = self.clock.saturating_add(ticks(record)).min(LARGEST);
            let ordinal = self.end;
            self.end += 1;
            let Some(kind) = record.kind() else {
                self.damaged += 1;
                continue;
            };
            match kind {
                Kind::Switch => self.task = TaskId(record.object),
                Kind::Worker if record.object < MAX_WORKERS => {
                    (self.worker, self.task) = (record.object, TaskId(record.arg));
                }
                Kind::Worker => {
                    self.damaged += 1;
                    continue;
                }
                _ => {}
            }
            each(&Event {
                ordinal,
                kind,
                blocked: record.blocked(),
                worker: self.worker,
                task: self.task,
                site: record.site(),
                clock: self.clock,
                object: record.object,
                arg: record.arg,
                text: "",
            });
        }
    }
}
