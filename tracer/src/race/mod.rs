//! Data races: two accesses to one place in memory, at least one of them a write, that nothing orders.
//!
//! [`Racing`] is a tracer, around a recorder where the run is recorded. From the events of the run it knows what happened before what ([`order`]); the engine tells
//! it each access to memory that tasks may share ([`Tracer::access`]). It finds a race whether or not the two accesses came close
//! to each other in this run: what counts is that no synchronisation stands between them. So a run without a race has none in any
//! schedule with the same synchronisation in the same order.
//!
//! * [`clock`] vector clocks, [`task`] and [`object`] what has one, [`order`] and [`primitives`] how they move
//! * [`location`] places in memory, [`shadow`] what is remembered of each
//! * [`fingerprint`] which runs are the same but for the order of independent steps

pub mod clock;
pub mod fingerprint;
pub mod location;
pub mod object;
pub mod order;
mod primitives;
pub mod shadow;
pub mod task;
pub mod words;

use crate::event::{BLOCKED, Kind, ObjectId, Site};
use crate::finding::{Access, Synced};
use crate::record::{Operations, Recorder, Tracer};
use location::{Location, Space};
use order::Order;
use rustc_hash::FxHashSet;
use shadow::{Seen, Shadow, Stamp};

/// Two accesses that nothing orders.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Race {
    /// The place.
    pub location: Location,
    /// The access that came first in this run.
    pub first: Access,
    /// The other one.
    pub second: Access,
}

/// What is known of a run: what happened before what, and who accessed what.
#[derive(Clone, Debug, Default)]
pub struct Detector {
    /// What happened before what.
    pub order: Order,
    shadow: Shadow,
    /// Pairs of sites that were reported.
    reported: FxHashSet<(u32, u32)>,
    found: Vec<Race>,
    /// Whether the fingerprint of the run will be asked for.
    fingerprint: bool,
    /// Whether races are not looked for.
    blind: bool,
}

impl Detector {
    /// With a fingerprint of the run.
    pub fn with_fingerprint() -> Self {
        Self { fingerprint: true, ..Self::default() }
    }

    /// Whether races are to be found, and not only the order of accesses followed.
    pub fn look_for_races(&mut self, look: bool) {
        self.blind = !look;
    }

    /// Begins another run.
    pub fn reset(&mut self) {
        self.order.reset();
        self.shadow.reset();
        self.reported.clear();
        self.found.clear();
    }

    /// Places in memory for which there is room.
    pub fn places(&self) -> usize {
        self.shadow.places()
    }

    /// The races found since this was asked last.
    pub fn take_races(&mut self) -> Vec<Race> {
        std::mem::take(&mut self.found)
    }

    /// Objects were freed.
    pub fn forget(&mut self, alive: &dyn Fn(Space, u32) -> bool) {
        self.shadow.forget(alive);
    }

    /// Follows an event.
    #[inline]
    pub fn event(&mut self, kind: u8, site: u32, clock: u64, object: u32, arg: u32) {
        if let Some(known) = Kind::from_byte(kind & !BLOCKED) {
            self.order.event(known, kind & BLOCKED != 0, site, clock, object, arg);
        }
    }

    /// Whether the running task accessed the place like that in its segment before; then there is nothing new to say of it.
    #[inline]
    pub fn is_known(&mut self, location: Location, site: u32, write: bool) -> bool {
        if self.fingerprint
            && let Some(hash) = self.order.hash()
        {
            self.shadow.hash(location, site, write, hash);
        }
        self.blind || self.shadow.seen(location, write, self.order.now()) == Seen::Before
    }

    /// An access; whether it races.
    pub fn access(&mut self, site: u32, clock: u64, event: Option<u64>, location: Location, write: bool) -> bool {
        let (task, count) = self.order.now();
        if task == 0 {
            return false;
        }
        let stamp = Stamp { task, count, site, clock, event, segment: self.order.segment() };
        let Self { order, shadow, reported, found, .. } = self;
        let me = stamp.clone();
        let before = found.len();
        shadow.access(
            location,
            stamp,
            write,
            |task, count| order.is_before(task, count),
            |other, other_write| {
                if reported.insert((other.site.min(site), other.site.max(site)))
                    && let (Some(first), Some(second)) =
                        (evidence(order, other, other_write), evidence(order, &me, write))
                {
                    found.push(Race { location, first, second });
                }
            },
        );
        self.found.len() > before
    }
}

/// An access as evidence.
fn evidence(order: &Order, stamp: &Stamp, write: bool) -> Option<Access> {
    let held = &stamp.segment.held;
    Some(Access {
        task: order.who(stamp.task)?,
        write,
        site: Site(stamp.site),
        clock: stamp.clock,
        event: stamp.event,
        held: held.iter().filter_map(|&(lock, site)| Some((order.what(lock)?, Site(site)))).collect(),
        last: stamp.segment.last.map(|sync| Synced {
            kind: sync.kind.name().to_string(),
            id: ObjectId(sync.object),
            object: order.what(sync.object).filter(|_| !names_a_task(sync.kind)),
            task: names_a_task(sync.kind).then(|| order.who(sync.object)).flatten(),
            site: Site(sync.site),
            clock: sync.clock,
        }),
    })
}

/// Whether what a synchronisation names is a task and no object.
fn names_a_task(kind: Kind) -> bool {
    matches!(kind, Kind::TaskSpawn | Kind::AsyncSpawn | Kind::Await | Kind::TaskCancel)
}

/// Finds data races, passes every event on to a recorder where there is one, and counts operations for schedules.
///
/// It is one type for all of that, since the dispatch loop is compiled for each tracer: looking for races costs far more than asking
/// whether somebody records.
#[derive(Default)]
pub struct Racing {
    recorder: Option<Box<Recorder>>,
    detector: Box<Detector>,
    since: Operations,
    /// The run ends when it has computed for so many ticks.
    limit: Option<u64>,
    /// The newest clock, and how much of it was slept.
    clock: u64,
    slept: u64,
}

impl Racing {
    /// Around this recorder.
    pub fn new(recorder: Option<Recorder>) -> Self {
        Self { recorder: recorder.map(Box::new), ..Self::default() }
    }

    /// Without a recorder, with a detector that was used before. The run ends when it has computed for so many ticks.
    pub fn with(detector: Box<Detector>, limit: u64) -> Self {
        Self { detector, limit: Some(limit), ..Self::default() }
    }

    /// What is known of the run.
    pub fn detector(&self) -> &Detector {
        &self.detector
    }

    /// What is known of the run.
    pub fn into_detector(self) -> Box<Detector> {
        self.detector
    }

    /// Whether the run was ended because it went on for too long.
    pub fn is_exhausted(&self) -> bool {
        self.limit.is_some_and(|limit| self.clock.saturating_sub(self.slept) > limit)
    }

    #[inline]
    fn follow(&mut self, kind: u8, clock: u64, object: u32) {
        if kind == Kind::Switch as u8 {
            self.since = Operations::default();
        } else if let Some(kind) = Kind::from_byte(kind & !BLOCKED).filter(|kind| kind.is_operation()) {
            self.since = Operations { count: self.since.count + 1, last: Some((kind, object)) };
        } else if kind == Kind::TimerFire as u8 {
            // Where nobody can run the clock jumps to the next timer.
            self.slept += clock.saturating_sub(self.clock);
        }
        self.clock = clock;
    }
}

impl Tracer for Racing {
    const ON: bool = true;
    const RACES: bool = true;

    #[inline]
    fn emit(&mut self, kind: u8, site: u32, clock: u64, object: u32, arg: u32) {
        self.follow(kind, clock, object);
        self.detector.event(kind, site, clock, object, arg);
        if let Some(recorder) = &mut self.recorder {
            recorder.emit(kind, site, clock, object, arg);
        }
    }

    fn text(&mut self, kind: Kind, site: u32, clock: u64, text: &str) {
        self.detector.event(kind as u8, site, clock, 0, 0);
        if let Some(recorder) = &mut self.recorder {
            recorder.text(kind, site, clock, text);
        }
    }

    fn access(&mut self, site: u32, clock: u64, location: Location, write: bool) -> bool {
        if self.detector.is_known(location, site, write) {
            return false;
        }
        let event = self.recorder.as_ref().map(|recorder| recorder.ordinal());
        if let Some(recorder) = &mut self.recorder {
            let kind = if write { Kind::SharedWrite } else { Kind::SharedRead };
            let (object, part) = location.numbers();
            recorder.emit(kind as u8, site, clock, object, part);
        }
        self.detector.access(site, clock, event, location, write)
    }

    fn observe(&mut self, site: u32, clock: u64, object: u32) {
        self.detector.order.observe(object, site, clock);
    }

    fn races(&mut self) -> Vec<Race> {
        self.detector.take_races()
    }

    fn forget(&mut self, alive: &dyn Fn(Space, u32) -> bool) {
        self.detector.forget(alive);
    }

    fn recording(&self) -> bool {
        self.recorder.is_some()
    }

    fn ordinal(&self) -> u64 {
        self.recorder.as_ref().map_or(0, |recorder| recorder.ordinal())
    }

    fn operations(&self, _from: u64) -> Option<Operations> {
        Some(self.since)
    }

    fn poll(&mut self, clock: u64) -> bool {
        self.clock = clock;
        self.recorder.as_mut().is_some_and(|recorder| recorder.poll(clock))
    }

    fn idle(&mut self, clock: u64) {
        if let Some(recorder) = &mut self.recorder {
            recorder.idle(clock);
        }
    }

    fn quit(&self) -> bool {
        self.is_exhausted() || self.recorder.as_ref().is_some_and(|recorder| recorder.quit())
    }
}
