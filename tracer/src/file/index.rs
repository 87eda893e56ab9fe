//! Where everything is in a trace file: the index at its end, and the trailer that points to it.

use super::section::{HEADER, Head, Tag};
use super::varint::{Reader, put, unzigzag, zigzag};
use crate::event::TaskId;

/// Bytes of the trailer.
pub(super) const TRAILER: usize = 32;

/// What a file that was finished ends with.
const END: [u8; 8] = *b"vxt\x1aend\n";

/// Bytes of an `EVNT` section's info.
pub(super) const BLOCK_INFO: usize = 40;

/// One block of events, as the index knows it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct BlockInfo {
    /// Ordinal of its first event.
    pub first: u64,
    /// How many events it has.
    pub events: u32,
    /// Absolute clock before its first event, in ticks.
    pub clock: u64,
    /// Absolute clock of its last event, in ticks.
    pub end_clock: u64,
    /// The worker that recorded its first event.
    pub worker: u32,
    /// The task that ran before its first event.
    pub task: TaskId,
    /// Bytes of text.
    pub text: u32,
    /// Where its section begins in the file.
    pub offset: u64,
    /// Bytes of its section, header and all.
    pub stored: u64,
    /// Bytes of its events before compression.
    pub raw: u64,
}

impl BlockInfo {
    /// Ordinal after its last event.
    pub fn end(&self) -> u64 {
        self.first.saturating_add(self.events as u64)
    }

    /// The info of its section.
    pub(super) fn info(&self) -> [u8; BLOCK_INFO] {
        let mut info = [0; BLOCK_INFO];
        info[..8].copy_from_slice(&self.first.to_le_bytes());
        info[8..16].copy_from_slice(&self.clock.to_le_bytes());
        info[16..24].copy_from_slice(&self.end_clock.to_le_bytes());
        for (at, word) in [(24, self.events), (28, self.worker), (32, self.task.0), (36, self.text)] {
            info[at..at + 4].copy_from_slice(&word.to_le_bytes());
        }
        info
    }

    /// A block's info as its section has it; a later minor version may have more behind it.
    pub(super) fn parse(info: &[u8], offset: u64, stored: u64, raw: u64) -> Option<Self> {
        let info = info.first_chunk::<BLOCK_INFO>()?;
        let word = |at: usize| u32::from_le_bytes([info[at], info[at + 1], info[at + 2], info[at + 3]]);
        let long = |at: usize| word(at) as u64 | (word(at + 4) as u64) << 32;
        Some(Self {
            first: long(0),
            clock: long(8),
            end_clock: long(16),
            events: word(24),
            worker: word(28),
            task: TaskId(word(32)),
            text: word(36),
            offset,
            stored,
            raw,
        })
    }
}

/// A section that is no block of events.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct SectionInfo {
    pub(super) tag: Tag,
    pub(super) offset: u64,
    pub(super) size: u64,
}

/// All sections of a file, in the order in which they stand in it. The index of a long recording is written in parts, so that its
/// writer's memory does not grow: then this is what came behind them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Index {
    /// Sections with an index of the blocks before.
    pub(super) parts: Vec<SectionInfo>,
    pub(super) blocks: Vec<BlockInfo>,
    pub(super) sections: Vec<SectionInfo>,
}

impl Index {
    /// As the payload of an `INDX` or `PART` section.
    pub(super) fn encode(&self) -> Vec<u8> {
        let mut out = Vec::new();
        put_sections(&mut out, &self.parts);
        put(&mut out, self.blocks.len() as u64);
        let mut before = BlockInfo::default();
        for block in &self.blocks {
            put(&mut out, block.first.wrapping_sub(before.end()));
            put(&mut out, block.events as u64);
            put(&mut out, zigzag(block.clock.wrapping_sub(before.end_clock) as i64));
            put(&mut out, zigzag(block.end_clock.wrapping_sub(block.clock) as i64));
            put(&mut out, block.worker as u64);
            put(&mut out, block.task.0 as u64);
            put(&mut out, block.text as u64);
            put(&mut out, block.offset.wrapping_sub(before.offset.wrapping_add(before.stored)));
            put(&mut out, block.stored);
            put(&mut out, block.raw);
            before = *block;
        }
        put_sections(&mut out, &self.sections);
        out
    }

    /// The blocks of a `PART` section as it stands in the file at `offset`.
    pub(super) fn of_part(section: &[u8], offset: u64) -> Option<Vec<BlockInfo>> {
        let mut payload = Vec::new();
        Head::parse(section)?.0.unpack(section, &mut payload).ok()?;
        Some(Self::decode(&payload, offset)?.blocks)
    }

    /// Reads the payload of an `INDX` or `PART` section of a file whose other sections end at `end`; `None` where it makes no sense.
    pub(super) fn decode(payload: &[u8], end: u64) -> Option<Self> {
        let mut reader = Reader::new(payload);
        let inside = |offset: u64, size: u64| {
            size >= HEADER as u64 && offset.checked_add(size).is_some_and(|behind| behind <= end)
        };
        let sections = |reader: &mut Reader| {
            let mut sections = Vec::new();
            for _ in 0..reader.number()? {
                let tag = reader.bytes(4)?.first_chunk::<4>().copied()?;
                let (offset, size) = (reader.number()?, reader.number()?);
                inside(offset, size).then_some(())?;
                sections.push(SectionInfo { tag, offset, size });
            }
            Some(sections)
        };
        let mut index = Self { parts: sections(&mut reader)?, ..Self::default() };
        // A block takes ten bytes of the index at least: no more memory is taken than that allows.
        let blocks = usize::try_from(reader.number()?).ok().filter(|&blocks| blocks <= reader.left() / 10)?;
        index.blocks.reserve_exact(blocks);
        let mut before = BlockInfo::default();
        for _ in 0..blocks {
            let first = before.end().checked_add(reader.number()?)?;
            let events = reader.small()?;
            let clock = before.end_clock.wrapping_add(unzigzag(reader.number()?) as u64);
            let end_clock = clock.wrapping_add(unzigzag(reader.number()?) as u64);
            let (worker, task, text) = (reader.small()?, TaskId(reader.small()?), reader.small()?);
            let offset = before.offset.checked_add(before.stored)?.checked_add(reader.number()?)?;
            let (stored, raw) = (reader.number()?, reader.number()?);
            first.checked_add(events as u64)?;
            let block = BlockInfo { first, events, clock, end_clock, worker, task, text, offset, stored, raw };
            inside(offset, stored).then_some(())?;
            index.blocks.push(block);
            before = block;
        }
        index.sections = sections(&mut reader)?;
        Some(index)
    }
}

fn put_sections(out: &mut Vec<u8>, sections: &[SectionInfo]) {
    put(out, sections.len() as u64);
    for section in sections {
        out.extend_from_slice(&section.tag);
        put(out, section.offset);
        put(out, section.size);
    }
}

/// The trailer of a file whose index section stands at `offset` and takes `size` bytes.
pub(super) fn trailer(offset: u64, size: u64) -> [u8; TRAILER] {
    let mut out = [0; TRAILER];
    out[..8].copy_from_slice(&offset.to_le_bytes());
    out[8..16].copy_from_slice(&size.to_le_bytes());
    let sum = crc32fast::hash(&out[..16]);
    out[16..20].copy_from_slice(&sum.to_le_bytes());
    out[24..].copy_from_slice(&END);
    out
}

/// Where the index stands in a file of this length, by its trailer; `None` where that is none.
pub(super) fn find(trailer: &[u8; TRAILER], length: u64) -> Option<(u64, u64)> {
    let long = |at: usize| trailer[at..at + 8].iter().rev().fold(0, |value, &byte| value << 8 | byte as u64);
    let sum = u32::from_le_bytes([trailer[16], trailer[17], trailer[18], trailer[19]]);
    let (offset, size) = (long(0), long(8));
    let whole = trailer[24..] == END && sum == crc32fast::hash(&trailer[..16]);
    (whole && offset.checked_add(size)?.checked_add(TRAILER as u64)? == length).then_some((offset, size))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_index_comes_back_and_one_that_points_outside_does_not() {
        let block = |n: u64| BlockInfo {
            first: n * 5000,
            events: 4088,
            clock: n * 1000,
            end_clock: n * 1000 + 999,
            worker: n as u32,
            task: TaskId(7),
            text: 3,
            offset: 100 + n * 200,
            stored: 180,
            raw: 900,
        };
        let index = Index {
            parts: vec![SectionInfo { tag: *b"PART", offset: 500, size: 60 }],
            blocks: (0..3).map(block).collect(),
            sections: vec![SectionInfo { tag: *b"HEAD", offset: 16, size: 84 }],
        };
        let bytes = index.encode();
        assert_eq!(Index::decode(&bytes, 1000), Some(index));
        assert_eq!(Index::decode(&bytes, 600), None);
        for cut in 0..bytes.len() {
            assert_eq!(Index::decode(&bytes[..cut], 1000), None);
        }
        assert_eq!(Index::decode(&[0, 0xff, 0xff, 0xff, 0xff, 0x0f], 1000), None, "more blocks than there can be");
    }

    #[test]
    fn a_block_says_what_it_is_in_its_section() {
        let block = BlockInfo { first: 1 << 40, events: 9, clock: 3, end_clock: u64::MAX, ..BlockInfo::default() };
        assert_eq!(BlockInfo::parse(&block.info(), 0, 0, 0), Some(block));
        assert_eq!(BlockInfo::parse(&block.info()[1..], 0, 0, 0), None);
    }

    #[test]
    fn a_trailer_is_for_a_file_of_one_length() {
        let bytes = trailer(1000, 50);
        assert_eq!(find(&bytes, 1082), Some((1000, 50)));
        assert_eq!(find(&bytes, 1083), None);
        assert_eq!(find(&[0; TRAILER], 1082), None);
    }
}
