//! The events of one block as bytes, before compression.
//!
//! A table of the codes in the block (a code is a kind at a site), then columns: a control byte for each event, and what the
//! control bytes ask for: numbers of codes, ticks, objects, args, each in a column of its own, since what stands in one
//! column resembles itself. A control byte says of the code whether it is the one that the [`Model`] expects, and of each of
//! the three numbers in two bits how it is written:
//!
//! | bits | the number is |
//! | --- | --- |
//! | 0 | the model's first guess |
//! | 1 | its second guess |
//! | 2 | written in one byte, as a difference (ticks: as it is) |
//! | 3 | written in up to five bytes |

use super::index::BlockInfo;
use super::model::{Code, Guess, Here, Model};
use super::section::Head;
use super::varint::{Reader, put};
use super::{EVENTS, Error, LARGEST_BLOCK};
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

/// In a control byte: the code is not the expected one, but written. Then two bits each for ticks, object and arg.
const OTHER_CODE: u8 = 1;
const DELTA: u32 = 1;
const OBJECT: u32 = 3;
const ARG: u32 = 5;

/// Slots of the table in which a code's number is looked up: twice as many as there can be codes.
const LOOKUP: usize = 2 * SLOTS;

/// Room for a column: five bytes for each number, and a power of two, so that no index has to be checked.
const COLUMN: usize = 8 * SLOTS;

/// A column that is being written.
type Column = [u8; COLUMN];

/// Writes a number as its bits in the control byte say, which are given: without a branch where one byte does.
#[inline(always)]
fn write(column: &mut Column, length: &mut usize, value: u32, guess: Guess, is_delta: bool) -> u8 {
    let difference = if is_delta { value } else { zigzag(value.wrapping_sub(guess.base)) };
    let short = 2 + (difference >= 256) as u8;
    let other = if value == guess.second { 1 } else { short };
    let how = if value == guess.first { 0 } else { other };
    column[*length % COLUMN] = difference as u8;
    *length += (how == 2) as usize;
    if how == 3 {
        *length = long(column, *length, difference);
    }
    how
}

/// Writes a number of any size at a place, and gives the place behind it.
#[inline]
fn long(column: &mut Column, mut length: usize, mut value: u32) -> usize {
    while value >= 0x80 {
        column[length % COLUMN] = value as u8 | 0x80;
        length += 1;
        value >>= 7;
    }
    column[length % COLUMN] = value as u8;
    length + 1
}

/// A signed difference as an unsigned one, small where it is near 0 on either side.
#[inline(always)]
fn zigzag(value: u32) -> u32 {
    value << 1 ^ ((value as i32) >> 31) as u32
}

/// The difference back.
#[inline(always)]
fn unzigzag(value: u32) -> u32 {
    value >> 1 ^ (value & 1).wrapping_neg()
}

/// Encodes blocks, and keeps the memory for it.
#[derive(Debug)]
pub(super) struct Encoder {
    /// The block.
    pub(super) raw: Vec<u8>,
    model: Model,
    codes: Vec<Code>,
    /// By a hash of the code: its number plus one.
    lookup: Box<[u16; LOOKUP]>,
    control: Box<[u8; SLOTS]>,
    /// Codes, ticks, objects, args.
    columns: Box<[Column; 4]>,
    text: Vec<u8>,
}

impl Encoder {
    pub(super) fn new() -> Self {
        Self {
            raw: Vec::new(),
            model: Model::new(),
            codes: Vec::new(),
            lookup: Box::new([0; LOOKUP]),
            control: Box::new([0; SLOTS]),
            columns: Box::new([[0; COLUMN]; 4]),
            text: Vec::new(),
        }
    }

    /// Encodes at most [`SLOTS`] records, before which a task runs, into `raw` and gives the length of their text.
    pub(super) fn encode(&mut self, records: &[Record], text: &[u8], task: TaskId) -> usize {
        let mut here = self.model.begin(task.0);
        self.codes.clear();
        self.lookup.fill(0);
        self.text.clear();
        let records = &records[..records.len().min(SLOTS)];
        let mut lengths = [0; 4];
        for (at, record) in records.iter().enumerate() {
            self.control[at % SLOTS] = self.record(*record, text, &mut here, &mut lengths);
        }
        let Self { raw, codes, control, columns, text, .. } = self;
        raw.clear();
        put(raw, codes.len() as u64);
        for code in codes.iter() {
            put(raw, (code.kind_site as u64) << 1 | code.is_text as u64);
        }
        lengths.iter().for_each(|&length| put(raw, length as u64));
        raw.extend_from_slice(&control[..records.len()]);
        columns.iter().zip(lengths).for_each(|(column, length)| raw.extend_from_slice(&column[..length]));
        raw.extend_from_slice(text);
        text.len()
    }

    /// How often which kind occurred in the block, as bytes of records: kind and blocked flag.
    pub(super) fn kinds(&self) -> impl Iterator<Item = (u8, u32)> {
        self.codes.iter().map(|code| (code.kind_site as u8, code.events))
    }

    /// Encodes a record, and gives its control byte.
    #[inline(always)]
    fn record(&mut self, mut record: Record, text: &[u8], here: &mut Here, lengths: &mut [usize; 4]) -> u8 {
        let mut has_text = false;
        if is_text(&record) {
            has_text = self.take_text(&mut record, text);
        }
        let expected = self.model.next(here);
        let known = self.codes.get((expected as usize).wrapping_sub(1));
        let as_expected = known.is_some_and(|code| (code.kind_site == record.kind_site) & (code.is_text == has_text));
        let number = if as_expected { expected - 1 } else { self.number_of(record.kind_site, has_text) };
        let [codes, deltas, objects, args] = &mut *self.columns;
        if !as_expected {
            lengths[0] = long(codes, lengths[0], number);
        }
        let Some(code) = self.codes.get_mut(number as usize) else { return 0 };
        let guesses = self.model.guess(here, code, as_expected);
        let control = !as_expected as u8
            | write(deltas, &mut lengths[1], record.clock_delta, guesses.delta, true) << DELTA
            | write(objects, &mut lengths[2], record.object, guesses.object, false) << OBJECT
            | write(args, &mut lengths[3], record.arg, guesses.arg, false) << ARG;
        self.model.learn(here, &record, number, code, &guesses);
        control
    }

    /// Puts a record's text behind what is there, where it has one.
    #[cold]
    fn take_text(&mut self, record: &mut Record, text: &[u8]) -> bool {
        let start = record.object as usize;
        let piece = text.get(start..start.saturating_add(record.arg as usize));
        match piece {
            Some(piece) => {
                record.object = self.text.len() as u32;
                self.text.extend_from_slice(piece);
            }
            // Outside of the text that comes with it, and so it stays.
            None => record.object = u32::MAX,
        }
        piece.is_some()
    }

    /// The number of a code, a new one where it has none.
    #[inline]
    fn number_of(&mut self, kind_site: u32, is_text: bool) -> u32 {
        let mut slot = kind_site.wrapping_mul(0x9e37_79b1) as usize >> 16;
        loop {
            let number = &mut self.lookup[slot % LOOKUP];
            if *number == 0 {
                *number = self.codes.len() as u16 + 1;
                self.codes.push(Code::new(kind_site, is_text));
                return self.codes.len() as u32 - 1;
            }
            let code = self.codes.get(*number as usize - 1);
            if code.is_some_and(|code| code.kind_site == kind_site && code.is_text == is_text) {
                return *number as u32 - 1;
            }
            slot += 1;
        }
    }
}

/// Memory for decoding, to be used again.
#[derive(Debug)]
pub(super) struct Decoder {
    raw: Vec<u8>,
    model: Model,
    codes: Vec<Code>,
}

impl Default for Decoder {
    fn default() -> Self {
        Self { raw: Vec::new(), model: Model::new(), codes: Vec::new() }
    }
}

impl Decoder {
    /// The events of a block's section, which should be what the index says, into a chunk.
    pub(super) fn open(&mut self, section: &[u8], info: &BlockInfo, chunk: &mut Chunk) -> Result<(), Error> {
        let (head, own) = Head::parse(section).ok_or(Error::Damaged("a block has no header"))?;
        if head.tag != EVENTS || BlockInfo::parse(own, info.offset, info.stored, info.raw) != Some(*info) {
            return Err(Error::Damaged("the index and a block do not agree"));
        }
        if head.raw > LARGEST_BLOCK {
            return Err(Error::Damaged("a block is too large"));
        }
        head.unpack(section, &mut self.raw)?;
        let Self { raw, model, codes } = self;
        decode(raw, info, model, codes, chunk).ok_or(Error::Damaged("a block of events makes no sense"))?;
        (chunk.worker, chunk.task) = (info.worker, info.task);
        (chunk.clock, chunk.first) = (info.clock, info.first);
        Ok(())
    }
}

/// Decodes a block; `None` where it makes no sense.
fn decode(raw: &[u8], info: &BlockInfo, model: &mut Model, codes: &mut Vec<Code>, chunk: &mut Chunk) -> Option<()> {
    chunk.clear();
    let mut here = model.begin(info.task.0);
    codes.clear();
    let mut reader = Reader::new(raw);
    let many = reader.small()? as usize;
    // No more codes than events.
    if many > SLOTS {
        return None;
    }
    for _ in 0..many {
        let code = reader.number()?;
        codes.push(Code::new(u32::try_from(code >> 1).ok()?, code & 1 == 1));
    }
    let mut lengths = [0; 4];
    for length in &mut lengths {
        *length = reader.small()? as usize;
    }
    let slots = chunk.slots.get_mut(..info.events as usize)?;
    let control = reader.bytes(slots.len())?;
    let mut columns = [Reader::new(&[]), Reader::new(&[]), Reader::new(&[]), Reader::new(&[])];
    for (column, length) in columns.iter_mut().zip(lengths) {
        *column = Reader::new(reader.bytes(length)?);
    }
    let text = reader.bytes(info.text as usize)?;
    let [numbers, deltas, objects, args] = &mut columns;
    for (slot, &control) in slots.iter_mut().zip(control) {
        let expected = control & OTHER_CODE == 0;
        let number = if expected { model.next(&here).checked_sub(1)? } else { numbers.small()? };
        let code = codes.get_mut(number as usize)?;
        let guesses = model.guess(&here, code, expected);
        let record = Record {
            kind_site: code.kind_site,
            clock_delta: value(deltas, control >> DELTA, guesses.delta, true)?,
            object: value(objects, control >> OBJECT, guesses.object, false)?,
            arg: value(args, control >> ARG, guesses.arg, false)?,
        };
        model.learn(&mut here, &record, number, code, &guesses);
        *slot = record;
    }
    chunk.len = info.events as usize;
    chunk.text.extend_from_slice(text);
    Some(())
}

/// Reads a number as its bits in the control byte say.
#[inline(always)]
fn value(column: &mut Reader, how: u8, guess: Guess, is_delta: bool) -> Option<u32> {
    let difference = match how & 3 {
        0 => return Some(guess.first),
        1 => return Some(guess.second),
        2 => column.byte()? as u32,
        _ => column.small()?,
    };
    Some(if is_delta { difference } else { guess.base.wrapping_add(unzigzag(difference)) })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn info(events: u32, text: u32, task: u32) -> BlockInfo {
        BlockInfo { events, text, task: TaskId(task), ..BlockInfo::default() }
    }

    fn back(raw: &[u8], info: &BlockInfo) -> Option<Chunk> {
        let mut chunk = Chunk::new();
        decode(raw, info, &mut Model::new(), &mut Vec::new(), &mut chunk).map(|()| chunk)
    }

    /// A loop of three events costs little more than its control bytes once it has been seen.
    #[test]
    fn what_repeats_is_not_written_again() {
        let mut records = Vec::new();
        for task in (1..4).cycle().take(300) {
            records.push(Record::new(Kind::Switch as u8, 0, 2, task, 1000));
            records.push(Record::new(Kind::Send as u8, 17, 11 + task, 5 + task, 0));
            records.push(Record::new(Kind::Recv as u8 | 0x80, 19, 7, 4 + task, 0));
        }
        let mut encoder = Encoder::new();
        assert_eq!(encoder.encode(&records, b"", TaskId(0)), 0);
        assert!(encoder.raw.len() < records.len() + 60, "{} bytes for {} events", encoder.raw.len(), records.len());
        assert_eq!(back(&encoder.raw, &info(900, 0, 0)).expect("whole").records(), records);
    }

    #[test]
    fn a_block_of_four_thousand_codes_comes_back() {
        let records: Vec<Record> = (0..SLOTS as u32)
            .map(|n| Record { kind_site: n << 8 | 1, clock_delta: n, object: !n, arg: n << 20 })
            .collect();
        let mut encoder = Encoder::new();
        encoder.encode(&records, b"", TaskId(7));
        assert_eq!(back(&encoder.raw, &info(SLOTS as u32, 0, 7)).expect("whole").records(), records);
    }

    #[test]
    fn a_block_that_ends_early_makes_no_sense() {
        let records: Vec<Record> = (0..50).map(|n| Record::new(Kind::Atomic as u8, n % 7, n * n, n, n)).collect();
        let mut encoder = Encoder::new();
        encoder.encode(&records, b"", TaskId(0));
        for length in 0..encoder.raw.len() {
            assert!(back(&encoder.raw[..length], &info(50, 0, 0)).is_none(), "{length}");
        }
        assert!(back(&encoder.raw, &info(51, 0, 0)).is_none());
        assert!(back(&encoder.raw, &info(SLOTS as u32 + 1, 0, 0)).is_none());
        assert!(back(&encoder.raw, &info(50, 1, 0)).is_none());
    }

    proptest! {
        /// Checksums that are right say nothing about who wrote them.
        #[test]
        fn any_bytes_are_read_or_refused(raw in prop::collection::vec(prop_oneof![0u8..9, any::<u8>()], 0..400), events in 0u32..60, text in 0u32..9) {
            if let Some(chunk) = back(&raw, &info(events, text, 1)) {
                prop_assert_eq!(chunk.len(), events as usize);
                prop_assert_eq!(chunk.text.len(), text as usize);
            }
        }
    }
}
