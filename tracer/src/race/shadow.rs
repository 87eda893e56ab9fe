//! What is remembered of each place in memory: who wrote it last, and who has read it since.
//!
//! This is FastTrack (Flanagan and Freund, 2009): of the writes only the last matters, since those before it are ordered before it or
//! have been reported; of the reads, too, as long as each is ordered after the one before. Only reads that are not ordered among each
//! other are all kept. What a task does again in the same segment is not looked at.
//!
//! Memory: one entry for each place of a live object that was accessed. A collection takes those of freed objects away.

use super::fingerprint::{Steps, step};
use super::location::{Location, Space};
use super::task::Segment;
use std::sync::Arc;

/// An access that is remembered.
#[derive(Clone, Debug)]
pub struct Stamp {
    /// The task.
    pub task: u32,
    /// The number of its segment.
    pub count: u32,
    /// Where.
    pub site: u32,
    /// When.
    pub clock: u64,
    /// Ordinal of its event, where the run is recorded.
    pub event: Option<u64>,
    /// What the task had synchronised on, and held.
    pub segment: Arc<Segment>,
}

#[derive(Clone, Debug, Default)]
enum Reads {
    #[default]
    None,
    One(Stamp),
    Several(Vec<Stamp>),
}

impl Reads {
    fn stamps(&self) -> &[Stamp] {
        match self {
            Reads::None => &[],
            Reads::One(stamp) => std::slice::from_ref(stamp),
            Reads::Several(stamps) => stamps,
        }
    }
}

/// What is remembered of a place.
#[derive(Clone, Debug, Default)]
struct Place {
    write: Option<Stamp>,
    reads: Reads,
    steps: Steps,
}

/// The places of an object.
#[derive(Clone, Debug, Default)]
struct Parts {
    shape: Place,
    pages: Vec<Option<Box<[Place; PAGE]>>>,
}

/// Parts in a page: who uses one element of a long list does not pay for all before it.
const PAGE: usize = 16;

/// What an access came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Seen {
    /// The task did the same in this segment before.
    Before,
    /// It is to be recorded.
    New,
}

/// All places.
#[derive(Clone, Debug, Default)]
pub struct Shadow {
    spaces: [Vec<Option<Box<Parts>>>; Space::ALL.len()],
}

impl Shadow {
    fn place(&mut self, at: Location) -> &mut Place {
        let slots = &mut self.spaces[at.space as usize];
        let slot = at.slot as usize;
        if slots.len() <= slot {
            slots.resize_with(slot + 1, Option::default);
        }
        let parts = slots[slot].get_or_insert_default();
        if at.is_shape() {
            return &mut parts.shape;
        }
        let (page, part) = (at.part as usize / PAGE, at.part as usize % PAGE);
        if parts.pages.len() <= page {
            parts.pages.resize_with(page + 1, Option::default);
        }
        &mut parts.pages[page].get_or_insert_default()[part]
    }

    /// Chains an access to the hash of its task.
    pub fn hash(&mut self, at: Location, site: u32, write: bool, task: &mut u64) {
        let own = step(*task, site, if write { 202 } else { 201 });
        let steps = &mut self.place(at).steps;
        *task = if write { steps.chain(own) } else { steps.look(own) };
    }

    /// Whether the task has done that, or more, in this segment before.
    #[inline]
    pub fn seen(&mut self, at: Location, write: bool, (task, count): (u32, u32)) -> Seen {
        let place = self.place(at);
        let mine = |stamp: &Stamp| stamp.task == task && stamp.count == count;
        // A write counts as a read; nobody can have read since, or this segment would race with it and has been reported.
        let written = place.write.as_ref().is_some_and(mine);
        if written || !write && place.reads.stamps().iter().any(mine) { Seen::Before } else { Seen::New }
    }

    /// Remembers an access, and tells of the accesses before it that it is not ordered with. `is_before` says whether a segment of a task
    /// happened before.
    pub fn access(
        &mut self,
        at: Location,
        stamp: Stamp,
        write: bool,
        is_before: impl Fn(u32, u32) -> bool,
        mut conflict: impl FnMut(&Stamp, bool),
    ) {
        let place = self.place(at);
        let ordered = |other: &Stamp| other.task == stamp.task || is_before(other.task, other.count);
        if let Some(other) = place.write.as_ref().filter(|other| !ordered(other)) {
            conflict(other, true);
        }
        if write {
            place.reads.stamps().iter().filter(|other| !ordered(other)).for_each(|other| conflict(other, false));
            place.write = Some(stamp);
            place.reads = Reads::None;
            return;
        }
        place.reads = match std::mem::take(&mut place.reads) {
            Reads::One(other) if !ordered(&other) => Reads::Several(vec![other, stamp]),
            Reads::None | Reads::One(_) => Reads::One(stamp),
            Reads::Several(mut stamps) => {
                stamps.retain(|other| !ordered(other));
                stamps.push(stamp);
                Reads::Several(stamps)
            }
        };
    }

    /// Forgets objects that were freed.
    pub fn forget(&mut self, alive: &dyn Fn(Space, u32) -> bool) {
        for &space in Space::ALL {
            for (slot, parts) in (0..).zip(&mut self.spaces[space as usize]) {
                if parts.is_some() && !alive(space, slot) {
                    *parts = None;
                }
            }
        }
    }

    /// Places for which there is room.
    pub fn places(&self) -> usize {
        self.spaces.iter().flatten().flatten().map(|parts| 1 + parts.pages.iter().flatten().count() * PAGE).sum()
    }

    /// Begins another run.
    pub fn reset(&mut self) {
        self.spaces.iter_mut().flatten().for_each(|parts| *parts = None);
    }
}
