//! Traces that are too large to hold: a store whose events stay in a file.
//!
//! Three things answer for a file. Its *events* are decoded block by block when they are asked for ([`crate::events`]). A
//! *summary* has every model in bounded resolution, for pictures of the whole ([`summary`], made by [`build`], kept in the
//! section `SUMM` of the file). And where somebody looks so closely that the summary would be coarse, a [`window`] is made of
//! the events there, at full resolution. No view notices: the store asks the one that is fine enough.
//!
//! `docs/design/trace-store.md` says why, and what it costs.

mod build;
pub(crate) mod codec;
pub mod filter;
mod of_file;
pub mod source;
mod summary;
mod window;

pub(crate) use build::Scratch;
pub use of_file::{lacks_summary, open, summarise};
pub(crate) use summary::Tally;
pub(crate) use window::Window;

use crate::event::ObjectId;
use crate::model::derived::Derived;
use crate::model::now::Now;
use crate::model::thin::Grid;
use crate::program::ProgramInfo;
use crate::store::Store;
use filter::Subject;
use source::{Block, Blocks};
use std::ops::Range;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use summary::{Standing, Summary};

/// How much is kept, and what may take how long.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Events from one keyframe to the next at least.
    pub keyframe: u64,
    /// Entries of all models of the summary together.
    pub entries: usize,
    /// Events of a window that is made while a frame waits for it.
    pub at_once: u64,
    /// Events of a window that is made on a thread.
    pub later: u64,
    /// Entries of such a window.
    pub window: usize,
    /// A cell of a picture that has at least so many cells of the grid is exact enough.
    pub fine: u64,
}

impl Limits {
    /// For a trace of so many events: a summary of at most about a tenth of the file.
    pub fn of(events: u64) -> Self {
        Self {
            keyframe: 1 << 14,
            entries: usize::try_from(events / 16).unwrap_or(usize::MAX).clamp(1 << 18, 1 << 21),
            at_once: 1 << 16,
            later: 1 << 21,
            window: 1 << 18,
            fine: 8,
        }
    }
}

/// A part that takes longer than this many things that are alive at its beginning is not made while a frame waits.
const HEAVY: usize = 20_000;

/// A window is good enough for a picture whose cells are as wide as so many cells of its grid.
const ENOUGH: u64 = 2;

/// Windows that are kept.
const WINDOWS: usize = 8;

/// What is asked about.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Axis {
    /// Between two clocks.
    Clocks(u64, u64),
    /// Between two ordinals.
    Events(u64, u64),
}

/// Everything of an archived trace that threads share.
#[derive(Debug)]
struct Shared {
    source: Arc<dyn Blocks>,
    summary: Summary,
    limits: Limits,
    windows: Mutex<Windows>,
    /// Whether a thread makes a window.
    busy: AtomicBool,
    /// Whether one has been made since somebody asked.
    arrived: AtomicBool,
}

/// The windows that were used last, the newest last; and the parts that there are no windows for.
#[derive(Debug, Default)]
struct Windows {
    made: Vec<Arc<Window>>,
}

/// The archive behind a store.
#[derive(Debug)]
pub(crate) struct Archive(Arc<Shared>);

impl Archive {
    fn blocks(&self) -> &[Block] {
        self.0.source.blocks()
    }

    pub(crate) fn source(&self) -> &Arc<dyn Blocks> {
        &self.0.source
    }

    pub(crate) fn grid(&self) -> Grid {
        self.0.summary.grid
    }

    pub(crate) fn newest(&self) -> u64 {
        self.0.summary.newest
    }

    /// What was counted of all blocks before one.
    pub(crate) fn tally(&self, block: usize) -> Tally {
        let tallies = &self.0.summary.tallies;
        tallies.get(block).or(tallies.last()).copied().unwrap_or_default()
    }

    /// How many blocks there are.
    pub(crate) fn len(&self) -> usize {
        self.blocks().len()
    }

    /// The first block for which a count is above a number.
    pub(crate) fn block_with(&self, counts: impl Fn(usize, &Tally) -> bool) -> usize {
        let (mut low, mut high) = (0, self.len());
        while low < high {
            let middle = low + (high - low) / 2;
            if counts(middle + 1, &self.tally(middle + 1)) { high = middle } else { low = middle + 1 }
        }
        low
    }

    /// The ordinals of a block; past the last one none, after all others.
    pub(crate) fn ordinals(&self, block: usize) -> Range<u64> {
        let end = self.blocks().last().map_or(0, Block::end);
        self.blocks().get(block).map_or(end..end, |block| block.first..block.end())
    }

    /// The block that an event is in, or the first one after it.
    pub(crate) fn block_of(&self, ordinal: u64) -> usize {
        self.blocks().partition_point(|block| block.end() <= ordinal)
    }

    /// The clock of an event where its block is so short that it may be guessed.
    pub(crate) fn clock_about(&self, ordinal: u64, within: u64) -> Option<u64> {
        let block = self.blocks().get(self.block_of(ordinal))?;
        let events = u64::from(block.events);
        let into = (ordinal.saturating_sub(block.first) + 1).min(events);
        // At its ends it is known.
        let exact = into == events;
        (exact || events <= within).then(|| {
            let ticks = u128::from(block.last - block.clock) * u128::from(into) / u128::from(events.max(1));
            block.clock + ticks as u64
        })
    }

    pub(crate) fn may_have(&self, block: usize, subject: Subject) -> bool {
        self.0.summary.filters.may_have(block, subject)
    }

    /// What held before the events of a block that is not after the one that an event is in, and its first ordinal.
    pub(crate) fn keyframe(&self, ordinal: u64) -> Option<(u64, Now)> {
        let block = self.block_of(ordinal).min(self.len().checked_sub(1)?);
        let (block, standing) = self.0.summary.standing(self.blocks(), block)?;
        Some((self.blocks().get(block)?.first, standing.now))
    }

    /// A block before whose end a value is taken out of its channel that a send in the block of an event, or before it, put
    /// in, and from whose keyframe on it was still in it; `None` where it stays in for ever.
    pub(crate) fn leaves_in(&self, channel: ObjectId, send: u64) -> Option<Range<usize>> {
        let summary = &self.0.summary;
        let blocks = self.blocks();
        let begin = summary.keyframes.partition_point(|keyframe| keyframe.block <= self.block_of(send));
        let waits = |index: usize| {
            let standing = summary.keyframes.get(index).and_then(|at| summary.standing(blocks, at.block));
            standing.is_some_and(|(_, standing)| standing.messages.is_waiting(channel, send))
        };
        // Once it is out it stays out.
        let (mut low, mut high) = (begin, summary.keyframes.len());
        while low < high {
            let middle = low + (high - low) / 2;
            if waits(middle) { low = middle + 1 } else { high = middle }
        }
        let from = summary.keyframes.get(low.checked_sub(1)?)?.block;
        let to = summary.keyframes.get(low).map_or(blocks.len(), |keyframe| keyframe.block);
        Some(from..to)
    }

    /// The blocks that have to be known for a question.
    fn needed(&self, axis: Axis) -> Range<usize> {
        let blocks = self.blocks();
        let (first, end) = match axis {
            Axis::Clocks(from, to) => {
                (blocks.partition_point(|block| block.last < from), blocks.partition_point(|block| block.clock < to))
            }
            Axis::Events(from, to) => (self.block_of(from), blocks.partition_point(|block| block.first < to)),
        };
        first.min(blocks.len().saturating_sub(1))..end.max(first + 1).min(blocks.len())
    }

    /// The window that answers a question in so many cells, where the summary is too coarse for it and a window can be had.
    pub(crate) fn window(&self, axis: Axis, cells: usize) -> Option<Arc<Window>> {
        let (from, to) = match axis {
            Axis::Clocks(from, to) | Axis::Events(from, to) => (from, to),
        };
        let cell = to.saturating_sub(from) / cells.max(1) as u64;
        // How wide a cell of the picture is in cells of a grid.
        let fineness = |grid: Grid| {
            let shift = match axis {
                Axis::Clocks(..) => grid.ticks,
                Axis::Events(..) => grid.events,
            };
            cell.checked_shr(shift).unwrap_or(0)
        };
        let grid = self.grid();
        if grid.is_exact() || fineness(grid) >= self.0.limits.fine {
            return None;
        }
        self.part(self.needed(axis), |window| window.grid.is_exact() || fineness(window.grid) >= ENOUGH)
    }

    /// The window around an event, however long that takes; at full resolution.
    pub(crate) fn around(&self, ordinal: u64) -> Option<Arc<Window>> {
        let block = self.block_of(ordinal);
        if block >= self.len() {
            return None;
        }
        let exact = |window: &Window| window.grid.is_exact();
        if let Some(found) = self.found(&(block..block + 1), exact) {
            return Some(found);
        }
        let window = Window::build(&*self.0.source, &self.0.summary, block..block + 1, usize::MAX / 4)?;
        Some(self.0.keep(window))
    }

    /// The finest window that has these blocks.
    fn found(&self, blocks: &Range<usize>, fits: impl Fn(&Window) -> bool) -> Option<Arc<Window>> {
        let mut windows = self.0.windows.lock().unwrap_or_else(PoisonError::into_inner);
        let covers = |window: &Arc<Window>| {
            window.blocks.start <= blocks.start && window.blocks.end >= blocks.end && fits(window)
        };
        let best = (0..windows.made.len()).rev().filter(|&index| covers(&windows.made[index]));
        let best = best.min_by_key(|&index| windows.made[index].grid.ticks)?;
        let window = windows.made.remove(best);
        windows.made.push(Arc::clone(&window));
        Some(window)
    }

    /// A window that has these blocks and is good enough, or the best there is while a better one is made.
    fn part(&self, blocks: Range<usize>, good: impl Fn(&Window) -> bool) -> Option<Arc<Window>> {
        if blocks.is_empty() {
            return None;
        }
        if let Some(found) = self.found(&blocks, &good) {
            return Some(found);
        }
        let from = self.0.summary.keyframe_before(blocks.start);
        let first = self.blocks().get(from)?.first;
        let events = self.blocks().get(blocks.end - 1)?.end() - first;
        let limits = &self.0.limits;
        if events <= limits.at_once && self.0.summary.weight(from) <= HEAVY {
            // A little more, so that the next step aside finds it.
            let end = self.blocks().partition_point(|block| block.end() <= first.saturating_add(limits.at_once));
            let window = Window::build(&*self.0.source, &self.0.summary, from..end.max(blocks.end), usize::MAX / 4)?;
            return Some(self.0.keep(window));
        }
        let finer = self.found(&blocks, |window| window.grid.ticks < self.grid().ticks);
        // One that was made for just these blocks is as good as it gets.
        let own = self.found(&blocks, |window| window.blocks == (from..blocks.end));
        if own.is_some() {
            return finer;
        }
        if events <= limits.later && !self.0.busy.swap(true, Ordering::AcqRel) {
            let shared = Arc::clone(&self.0);
            let thread = std::thread::Builder::new().name("window".into());
            let begun = thread.spawn(move || {
                let window = Window::build(&*shared.source, &shared.summary, blocks, shared.limits.window);
                if let Some(window) = window {
                    shared.keep(window);
                    shared.arrived.store(true, Ordering::Release);
                }
                shared.busy.store(false, Ordering::Release);
            });
            if begun.is_err() {
                self.0.busy.store(false, Ordering::Release);
            }
        }
        finer
    }

    /// Whether a window has come that somebody had to do without; asks once.
    pub(crate) fn arrived(&self) -> bool {
        self.0.arrived.swap(false, Ordering::AcqRel)
    }

    /// Whether a window is being made.
    pub(crate) fn is_busy(&self) -> bool {
        self.0.busy.load(Ordering::Acquire)
    }
}

impl Shared {
    fn keep(&self, window: Window) -> Arc<Window> {
        let window = Arc::new(window);
        let mut windows = self.windows.lock().unwrap_or_else(PoisonError::into_inner);
        windows.made.push(Arc::clone(&window));
        if windows.made.len() > WINDOWS {
            windows.made.remove(0);
        }
        window
    }
}

/// Makes the summary of blocks, as the bytes of a section.
pub fn summarise_blocks(source: &dyn Blocks, threads: usize, limits: &Limits) -> Vec<u8> {
    let (summary, end) = build::build(source, threads, limits);
    summary.write(source.blocks(), &end)
}

/// A store of blocks: with the summary in these bytes where they fit, else with one that is made now.
pub fn open_blocks(
    program: Arc<ProgramInfo>,
    source: Arc<dyn Blocks>,
    summary: Option<&[u8]>,
    threads: usize,
    limits: Limits,
) -> Store {
    let read = summary.and_then(|bytes| Summary::read(bytes, source.blocks()));
    let (mut summary, end) = read.unwrap_or_else(|| build::build(&*source, threads, &limits));
    let derived = std::mem::take(&mut summary.derived);
    let Standing { now, messages, .. } = end;
    let derived = Derived { messages, ..derived };
    let shared = Shared {
        source,
        summary,
        limits,
        windows: Mutex::default(),
        busy: AtomicBool::new(false),
        arrived: AtomicBool::new(false),
    };
    Store::archived(program, now, derived, Archive(Arc::new(shared)))
}
