//! The events of one block as bytes, before compression.

use super::varint::{Reader, put, unzigzag, zigzag};
use crate::chunk::{Chunk, SLOTS};
use crate::event::{Kind, Record, TaskId};
use crate::events::{is_text, ticks};

/// What holds between two records.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Now {
    pub(super) clock: u64,
    pub(super) worker: u32,
    pub(super) task: TaskId,
}

impl Now {
    /// Follows a record.
    #[inline]
    pub(super) fn step(&mut self, record: &Record) {
        self.clock = self.clock.saturating_add(ticks(record));
        match record.kind_site as u8 {
            kind if kind == Kind::Switch as u8 => self.task = TaskId(record.object),
            kind if kind == Kind::Worker as u8 => (self.worker, self.task) = (record.object, TaskId(record.arg)),
            _ => {}
        }
    }
}

/// Encodes blocks, and keeps the memory for it.
#[derive(Debug, Default)]
pub(super) struct Encoder {
    /// The block.
    pub(super) raw: Vec<u8>,
    text: Vec<u8>,
}

impl Encoder {
    /// Encodes records into `raw` and gives the length of their text.
    pub(super) fn encode(&mut self, records: &[Record], text: &[u8]) -> usize {
        self.raw.clear();
        self.text.clear();
        let mut last = Record::default();
        for record in records {
            let mut record = *record;
            let mut flag = 0;
            if is_text(&record) {
                let start = record.object as usize;
                match text.get(start..start.saturating_add(record.arg as usize)) {
                    Some(piece) => {
                        record.object = self.text.len() as u32;
                        self.text.extend_from_slice(piece);
                        flag = 1;
                    }
                    None => record.object = u32::MAX,
                }
            }
            put(&mut self.raw, (record.kind_site as u64) << 1 | flag);
            put(&mut self.raw, record.clock_delta as u64);
            put(&mut self.raw, zigzag(record.object as i64 - last.object as i64));
            put(&mut self.raw, zigzag(record.arg as i64 - last.arg as i64));
            last = record;
        }
        self.raw.extend_from_slice(&self.text);
        self.text.len()
    }
}

/// Decodes a block of `events` records and `text` bytes of text; `None` where it makes no sense.
pub(super) fn decode(raw: &[u8], events: usize, text: usize, chunk: &mut Chunk) -> Option<()> {
    chunk.clear();
    let (body, text) = raw.split_at_checked(raw.len().checked_sub(text)?)?;
    let mut reader = Reader::new(body);
    let mut last = Record::default();
    for slot in chunk.slots.get_mut(..events.min(SLOTS + 1))? {
        let kind_site = u32::try_from(reader.number()? >> 1).ok()?;
        let clock_delta = reader.small()?;
        let object = (last.object as i64).wrapping_add(unzigzag(reader.number()?)) as u32;
        let arg = (last.arg as i64).wrapping_add(unzigzag(reader.number()?)) as u32;
        last = Record { kind_site, clock_delta, object, arg };
        *slot = last;
    }
    chunk.len = events;
    chunk.text.extend_from_slice(text);
    Some(())
}
