//! What is kept of a trace beside its events: every model with bounded resolution, states to go on from, and who is mentioned
//! where. In memory while the trace is open, in the section `SUMM` of its file between.

use super::codec::{Reader, Writer};
use super::filter::Filters;
use super::source::Block;
use crate::model::derived::Derived;
use crate::model::messages::Messages;
use crate::model::now::Now;
use crate::model::thin::Grid;

/// The version of the bytes: another one is made anew.
const VERSION: u64 = 1;

/// What held at a block's beginning.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Keyframe {
    /// The block.
    pub(crate) block: usize,
    /// Where its bytes begin.
    start: usize,
}

/// What each worker is at: its number, whether it has begun, since when it has had no task.
pub(crate) type WorkersNow = Vec<(u32, bool, Option<u64>)>;

/// A state to go on from.
#[derive(Debug)]
pub(crate) struct Standing {
    pub(crate) now: Now,
    /// What is on its way in channels.
    pub(crate) messages: Messages,
    pub(crate) workers: WorkersNow,
}

fn write_workers(workers: &WorkersNow, to: &mut Writer) {
    to.length(workers.len());
    for &(worker, begun, idle_since) in workers {
        to.number(worker);
        to.flag(begun);
        to.maybe(idle_since);
    }
}

fn read_workers(from: &mut Reader) -> Option<WorkersNow> {
    let mut workers = Vec::new();
    for _ in 0..from.length(3)? {
        workers.push((from.word()?, from.flag()?, from.maybe()?));
    }
    Some(workers)
}

/// What is counted of each block.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Tally {
    /// Notes of the recorder's.
    pub(crate) notes: u64,
    /// Pieces of output.
    pub(crate) outputs: u64,
}

/// See the module.
#[derive(Debug, Default)]
pub(crate) struct Summary {
    pub(crate) derived: Derived,
    pub(crate) grid: Grid,
    pub(crate) keyframes: Vec<Keyframe>,
    /// Of each keyframe.
    pub(crate) workers: Vec<WorkersNow>,
    /// States and messages of the keyframes.
    pub(crate) bytes: Vec<u8>,
    pub(crate) filters: Filters,
    /// Before each block, and after the last.
    pub(crate) tallies: Vec<Tally>,
    /// The newest event that is no note.
    pub(crate) newest: u64,
}

impl Summary {
    /// A new keyframe, whose bytes `write` writes.
    pub(crate) fn keyframe(&mut self, block: usize, write: impl FnOnce(&mut Writer)) {
        let start = self.bytes.len();
        let mut to = Writer(std::mem::take(&mut self.bytes));
        write(&mut to);
        self.bytes = to.0;
        self.keyframes.push(Keyframe { block, start });
    }

    /// What held at the last keyframe at or before a block, and at which block that is.
    pub(crate) fn standing(&self, blocks: &[Block], block: usize) -> Option<(usize, Standing)> {
        let found = self.keyframes.partition_point(|keyframe| keyframe.block <= block).checked_sub(1)?;
        let keyframe = self.keyframes.get(found)?;
        let mut from = Reader(self.bytes.get(keyframe.start..)?);
        let at = blocks.get(keyframe.block)?;
        let now = Now::read(at.clock, at.first, &mut from)?;
        let messages = Messages::read(at.first, &mut from)?;
        let workers = self.workers.get(found).cloned().unwrap_or_default();
        Some((keyframe.block, Standing { now, messages, workers }))
    }

    /// The block of the last keyframe at or before a block.
    pub(crate) fn keyframe_before(&self, block: usize) -> usize {
        let found = self.keyframes.partition_point(|keyframe| keyframe.block <= block).checked_sub(1);
        found.and_then(|index| self.keyframes.get(index)).map_or(0, |keyframe| keyframe.block)
    }

    /// How much is alive at the keyframe of a block, roughly: a state takes some ten bytes for each thing.
    pub(crate) fn weight(&self, block: usize) -> usize {
        let found = self.keyframes.partition_point(|keyframe| keyframe.block < block);
        let start = self.keyframes.get(found).map_or(0, |keyframe| keyframe.start);
        let end = self.keyframes.get(found + 1).map_or(self.bytes.len(), |keyframe| keyframe.start);
        end.saturating_sub(start) / 10
    }

    /// The bytes of the section; `blocks` says which trace it is of, `end` is what held at its end.
    pub(crate) fn write(&self, blocks: &[Block], end: &Standing) -> Vec<u8> {
        let mut to = Writer::default();
        to.number(VERSION);
        fingerprint(blocks).into_iter().for_each(|number| to.number(number));
        to.number(self.grid.ticks);
        to.number(self.grid.events);
        to.number(self.newest);
        let mut before = Tally::default();
        for tally in &self.tallies {
            to.rise(tally.notes, &mut before.notes);
            to.rise(tally.outputs, &mut before.outputs);
        }
        self.filters.write(&mut to);
        to.length(self.keyframes.len());
        let (mut block, mut start) = (0, 0);
        for keyframe in &self.keyframes {
            to.rise(keyframe.block as u64, &mut block);
            to.rise(keyframe.start as u64, &mut start);
        }
        self.workers.iter().for_each(|workers| write_workers(workers, &mut to));
        to.bytes(&self.bytes);
        let at = end_of(blocks);
        end.now.write(at.clock, at.first, &mut to);
        end.messages.write(at.first, &mut to);
        write_workers(&end.workers, &mut to);
        self.derived.write(&mut to);
        let sum = crc32fast::hash(&to.0);
        to.0.extend_from_slice(&sum.to_le_bytes());
        to.0
    }

    /// Whether the bytes of a section are whole, of this version and of this trace.
    pub(crate) fn fits(bytes: &[u8], blocks: &[Block]) -> bool {
        whole(bytes, blocks).is_some()
    }

    /// What the bytes of a section say, and what held at the end; `None` where they are damaged, of another version or of
    /// another trace.
    pub(crate) fn read(bytes: &[u8], blocks: &[Block]) -> Option<(Self, Standing)> {
        let mut from = whole(bytes, blocks)?;
        let grid = Grid { ticks: from.word()?.min(64), events: from.word()?.min(65) };
        let newest = from.number()?;
        let mut tallies = Vec::with_capacity(blocks.len() + 1);
        let mut before = Tally::default();
        for _ in 0..=blocks.len() {
            from.rise(&mut before.notes)?;
            from.rise(&mut before.outputs)?;
            tallies.push(before);
        }
        let filters = Filters::read(blocks.len(), &mut from)?;
        let mut keyframes = Vec::new();
        let (mut block, mut start) = (0, 0);
        for _ in 0..from.length(2)? {
            let block = usize::try_from(from.rise(&mut block)?).ok()?;
            keyframes.push(Keyframe { block, start: usize::try_from(from.rise(&mut start)?).ok()? });
        }
        let mut workers = Vec::with_capacity(keyframes.len());
        for _ in &keyframes {
            workers.push(read_workers(&mut from)?);
        }
        let states = from.bytes()?.to_vec();
        let at = end_of(blocks);
        let end = Standing {
            now: Now::read(at.clock, at.first, &mut from)?,
            messages: Messages::read(at.first, &mut from)?,
            workers: read_workers(&mut from)?,
        };
        let derived = Derived::read(&mut from)?;
        Some((Self { derived, grid, keyframes, workers, bytes: states, filters, tallies, newest }, end))
    }
}

/// The bytes behind version and fingerprint, where these are right and nothing is damaged.
fn whole<'a>(bytes: &'a [u8], blocks: &[Block]) -> Option<Reader<'a>> {
    let (bytes, sum) = bytes.split_last_chunk::<4>()?;
    if crc32fast::hash(bytes) != u32::from_le_bytes(*sum) {
        return None;
    }
    let mut from = Reader(bytes);
    let mut right = from.number()? == VERSION;
    for number in fingerprint(blocks) {
        right &= from.number()? == number;
    }
    right.then_some(from)
}

/// What a summary must be of.
fn fingerprint(blocks: &[Block]) -> [u64; 4] {
    let (end, clock) = blocks.last().map_or((0, 0), |block| (block.end(), block.last));
    let events = blocks.iter().map(|block| u64::from(block.events)).sum();
    [blocks.len() as u64, end, clock, events]
}

/// The place after the last event, as if it were a block.
fn end_of(blocks: &[Block]) -> Block {
    blocks.last().map_or(Block::default(), |block| Block {
        first: block.end(),
        events: 0,
        clock: block.last,
        last: block.last,
    })
}
