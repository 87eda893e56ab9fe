//! Recording: the trait through which the engine emits events, and the recorder behind it.
//!
//! The engine is generic over [`Tracer`] and compiled twice: with [`Off`] every call vanishes, with [`Recorder`] an event
//! is a 16-byte write, a bump and one well-predicted branch. Everything else (full chunks, long clock jumps, pausing) is
//! in the cold path behind that branch.
//!
//! Several workers have a recorder each ([`Recorder::at_safepoints`]). Such a recorder never waits in the middle of an
//! operation, for its worker may hold a lock that others need: it waits where the engine says that it may, and the
//! engine asks it often while a watcher wants to brake.
//!
//! Invariants: `position < limit <= CAPACITY` between two events, so that the cold path always finds room for one record
//! more; `clock` is the absolute clock of the newest record; ordinals count every record, clock jumps and anchors too.

use crate::chunk::{CAPACITY, Chunk, SLOTS};
use crate::control::{Control, Grant, Seat};
use crate::event::{Kind, Record, Stamp, TaskId};
use crate::race::Race;
use crate::race::location::{Location, Space};
use crate::sink::Sink;
use std::sync::Arc;
use std::time::Instant;

/// What the engine emits events through.
pub trait Tracer {
    /// Whether events are recorded at all; code that only prepares an event belongs behind `if T::ON`.
    const ON: bool;

    /// Records an event: `kind` is a [`Kind`] as a byte, with [`crate::event::BLOCKED`] set where the task blocked; `clock` is
    /// absolute, in ticks, and never goes back.
    fn emit(&mut self, kind: u8, site: u32, clock: u64, object: u32, arg: u32);

    /// Records an event of a kind that carries text.
    fn text(&mut self, kind: Kind, site: u32, clock: u64, text: &str);

    /// The ordinal that the next record gets: the number of records so far. The event emitted last has `ordinal() - 1`. Of
    /// one of several workers it is a [`Stamp`], since nobody knows ordinals before the streams have been merged;
    /// [`crate::store::Store`] translates those in findings.
    fn ordinal(&self) -> u64;

    /// What the running task did since it was switched to, where `from` is the ordinal right after that [`Kind::Switch`]: records
    /// whose kind [is an operation](Kind::is_operation). `None` where nobody counts.
    fn operations(&self, _from: u64) -> Option<Operations> {
        None
    }

    /// To be called at the end of every slice: hands over what is there if someone watches. One relaxed load where nobody
    /// asked for anything. `clock` is the worker's trace clock: its next event is not below it.
    ///
    /// Where the watcher has paused the program a recorder of the only worker waits here. One of several workers
    /// never does: it says `true`, and the engine calls [`Tracer::wait`] where the worker holds nothing that others need.
    fn poll(&mut self, clock: u64) -> bool;

    /// Waits as long as the watcher likes, after [`Tracer::poll`] has said so. Gives the clock at which the worker goes on.
    fn wait(&mut self, clock: u64) -> u64 {
        clock
    }

    /// To be called when a slice of this many ticks begins: gives how many the worker may run until the next
    /// [`Tracer::poll`], 1 while a watcher wants to stop it after each operation.
    #[inline(always)]
    fn slice(&mut self, slice: u32) -> u32 {
        slice
    }

    /// To be called before the worker sleeps in real time: a watcher should see everything that happened before, and must
    /// not wait for this worker meanwhile. `clock` is the worker's.
    fn idle(&mut self, clock: u64);

    /// To be called when the worker has work again, before its next event, and before its first. Gives the clock at which
    /// it goes on: the one given or a later one, never below what a watcher has already seen of other workers.
    #[inline(always)]
    fn awake(&mut self, clock: u64) -> u64 {
        clock
    }

    /// Whether the watcher has left and the run should end. One relaxed load.
    fn quit(&self) -> bool;

    /// Whether the engine tells of accesses to memory ([`Tracer::access`], [`Tracer::observe`], [`Tracer::forget`]); where not, it never
    /// prepares one.
    const RACES: bool = false;

    /// The running task is about to read or write a place that other tasks may reach; `site` is the user's, not the prelude's. Says
    /// whether that made [`Tracer::races`].
    #[inline(always)]
    fn access(&mut self, _site: u32, _clock: u64, _location: Location, _write: bool) -> bool {
        false
    }

    /// The running task has seen, in a way that is no event, what was done to an object: that a once is done, a context cancelled.
    #[inline(always)]
    fn observe(&mut self, _site: u32, _clock: u64, _object: u32) {}

    /// Whether ordinals of events mean something.
    #[inline(always)]
    fn recording(&self) -> bool {
        Self::ON
    }

    /// The races found since this was asked last.
    #[inline(always)]
    fn races(&mut self) -> Vec<Race> {
        Vec::new()
    }

    /// Objects of the guest's memory were freed, and their numbers may be used again: `alive` says which are still there.
    #[inline(always)]
    fn forget(&mut self, _alive: &dyn Fn(Space, u32) -> bool) {}

    /// Whether an event was recorded after which an engine that steps should stop.
    #[inline(always)]
    fn stops(&self) -> bool {
        false
    }

    /// Ordinal of the event emitted last.
    fn last(&self) -> Option<u64> {
        self.ordinal().checked_sub(1)
    }
}

/// Operations of a task.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct Operations {
    /// How many.
    pub count: u64,
    /// The last one: its kind and the number of its object or task.
    pub last: Option<(Kind, u32)>,
}

/// Records nothing; all calls vanish.
#[derive(Clone, Copy, Debug, Default)]
pub struct Off;

impl Tracer for Off {
    const ON: bool = false;
    #[inline(always)]
    fn emit(&mut self, _kind: u8, _site: u32, _clock: u64, _object: u32, _arg: u32) {}
    #[inline(always)]
    fn text(&mut self, _kind: Kind, _site: u32, _clock: u64, _text: &str) {}
    #[inline(always)]
    fn ordinal(&self) -> u64 {
        0
    }
    #[inline(always)]
    fn poll(&mut self, _clock: u64) -> bool {
        false
    }
    #[inline(always)]
    fn idle(&mut self, _clock: u64) {}
    #[inline(always)]
    fn quit(&self) -> bool {
        false
    }
}

/// A wall clock for runs in real time; nanoseconds since the run began. Seeded runs in virtual time have none, so that
/// their streams are equal byte for byte.
pub trait Wall: Send {
    /// Nanoseconds since the run began.
    fn nanoseconds(&mut self) -> u64;
}

impl<F: FnMut() -> u64 + Send> Wall for F {
    fn nanoseconds(&mut self) -> u64 {
        self()
    }
}

/// The machine's clock, for [`Recorder::with_wall`]: the run begins now.
#[expect(clippy::disallowed_methods, reason = "only runs in real time ask for it; a seeded run has no wall clock")]
pub fn wall_clock() -> impl Wall + 'static {
    let start = Instant::now();
    move || u64::try_from(start.elapsed().as_nanos()).unwrap_or(u64::MAX)
}

/// Side text at which a chunk is handed over although it has room for more records.
const TEXT_LIMIT: usize = 1 << 18;

/// Longest text of one record; longer ones are split. Far below what a record's 32-bit offsets can hold.
pub(crate) const PIECE: usize = 1 << 20;

/// Records into chunks.
pub struct Recorder {
    slots: Box<[Record; SLOTS]>,
    position: usize,
    /// Where the cold path is taken: [`CAPACITY`] at full speed, less while a watcher steps or slows the program.
    limit: usize,
    clock: u64,
    /// The ordinal of the first record of the chunk.
    base: u64,
    /// The task that runs: remembered, so that no chunk has to be searched for its last switch.
    task: u32,
    cold: Box<Cold>,
}

/// What only the cold path touches.
struct Cold {
    worker: u32,
    /// Task, clock and ordinal at the start of the chunk.
    task: TaskId,
    start_clock: u64,
    first: u64,
    text: Vec<u8>,
    sink: Box<dyn Sink>,
    wall: Option<Box<dyn Wall>>,
    control: Option<Arc<Control>>,
    /// Where the next records go while a sink has this chunk's: the recorder always owns two.
    spare: Option<Chunk>,
    /// Anchors at the start of the chunk: a chunk of nothing else is not worth handing over.
    leading: usize,
    /// Requests of the watcher that have been seen.
    seen: u64,
    /// For one of several workers: what it was granted, and up to which ordinal that has been counted.
    seat: Option<Seat>,
    counted: u64,
    /// Whether to ask at each poll, requests or not: the watcher brakes, or the sink is full.
    watchful: bool,
}

impl Recorder {
    /// A recorder of worker 0 that gives its chunks to `sink`.
    pub fn new(sink: impl Sink + 'static) -> Self {
        let chunk = Chunk::new();
        let cold = Cold {
            worker: 0,
            task: TaskId(0),
            start_clock: 0,
            first: 0,
            text: chunk.text,
            sink: Box::new(sink),
            wall: None,
            control: None,
            spare: None,
            leading: 0,
            seen: 0,
            seat: None,
            counted: 0,
            watchful: false,
        };
        Self { slots: chunk.slots, position: 0, limit: CAPACITY, clock: 0, base: 0, task: 0, cold: Box::new(cold) }
    }

    /// Sets the worker's number.
    pub fn with_worker(mut self, worker: u32) -> Self {
        self.cold.worker = worker;
        self
    }

    /// Makes it one of several: it waits for the watcher only in [`Tracer::wait`], and its ordinals are stamps. To be called
    /// after [`Recorder::with_worker`], before the first event.
    pub fn at_safepoints(mut self) -> Self {
        (self.position, self.cold.leading) = (0, 0);
        self.base = Stamp { worker: self.cold.worker, count: 0 }.number();
        self.cold.seat = Some(Seat::default());
        self.cold.counted = self.base;
        self.limit = CAPACITY;
        self
    }

    /// Lets a watcher pause, step and slow the run. The watcher's requests count from the first event on.
    pub fn with_control(mut self, control: Arc<Control>) -> Self {
        self.cold.control = Some(control);
        // The first event asks, so that a control that is paused from the start stops there.
        self.limit = if self.cold.seat.is_some() { CAPACITY } else { 1 };
        self
    }

    /// Records wall time at every chunk start and hand-over. (Of several workers only at hand-overs: where a worker has begun a
    /// chunk, it may next have something to say much later.)
    pub fn with_wall(mut self, wall: impl Wall + 'static) -> Self {
        self.cold.wall = Some(Box::new(wall));
        self.open();
        self
    }

    /// Hands over what is left. Later events are still recorded and handed over when the recorder is dropped.
    pub fn finish(&mut self) {
        if self.position > self.cold.leading {
            self.hand_over();
        }
    }

    /// Writes an anchor, where there is a wall clock.
    fn anchor(&mut self) {
        if let Some(wall) = &mut self.cold.wall {
            let now = wall.nanoseconds();
            self.slots[self.position & (SLOTS - 1)] =
                Record::new(Kind::Anchor as u8, 0, 0, now as u32, (now >> 32) as u32);
            self.position += 1;
        }
    }

    /// Hands over what one of several workers has, whose clock has come this far since its last event.
    fn finish_at(&mut self, clock: u64) {
        if self.position == 0 {
            return;
        }
        if let Some(wall) = &mut self.cold.wall {
            let now = wall.nanoseconds();
            self.emit(Kind::Anchor as u8, 0, clock.max(self.clock), now as u32, (now >> 32) as u32);
        }
        // The anchor may have filled the chunk.
        if self.position > 0 {
            self.hand_over_as_it_is();
        }
    }

    /// Gives the records so far to the sink and goes on with an empty chunk.
    fn hand_over(&mut self) {
        self.anchor();
        self.hand_over_as_it_is();
    }

    fn hand_over_as_it_is(&mut self) {
        let cold = &mut *self.cold;
        let mut chunk = cold.spare.take().unwrap_or_default();
        std::mem::swap(&mut self.slots, &mut chunk.slots);
        std::mem::swap(&mut cold.text, &mut chunk.text);
        chunk.worker = cold.worker;
        chunk.task = cold.task;
        chunk.clock = cold.start_clock;
        chunk.first = cold.first;
        chunk.len = self.position;
        cold.text.clear();
        cold.first += self.position as u64;
        self.base += self.position as u64;
        cold.task = TaskId(self.task);
        cold.start_clock = self.clock;
        if let Some(control) = &cold.control {
            control.handed_over(self.position as u64);
        }
        cold.spare = Some(cold.sink.take(chunk));
        cold.watchful |= cold.seat.is_some() && cold.sink.is_full();
        self.position = 0;
        self.limit = CAPACITY;
        self.cold.leading = 0;
    }

    /// Begins a chunk that may be long with an anchor of its own. The one that closed the chunk before it says the same, but
    /// may have been dropped.
    fn open(&mut self) {
        if self.position == 0 && self.cold.seat.is_none() {
            self.anchor();
            self.cold.leading = self.position;
        }
    }

    /// The cold path of an event: `delta` is what the newest record's clock should have moved by.
    #[cold]
    #[inline(never)]
    fn slow(&mut self, delta: u64) {
        if delta >> 32 != 0 {
            let newest = self.position - 1;
            let mut record = self.slots[newest & (SLOTS - 1)];
            record.clock_delta = 0;
            if (delta as i64) < 0 {
                // The clock went back: an engine's mistake that must not damage the trace. Time stands still instead.
                self.clock = self.clock.wrapping_sub(delta);
                self.slots[newest & (SLOTS - 1)] = record;
            } else {
                self.slots[newest & (SLOTS - 1)] =
                    Record::new(Kind::ClockJump as u8, 0, 0, delta as u32, (delta >> 32) as u32);
                self.slots[(newest + 1) & (SLOTS - 1)] = record;
                self.position += 1;
                // The merge makes jumps of its own: those of several workers do not count.
                self.base -= self.cold.seat.is_some() as u64;
            }
        }
        if self.position >= self.limit {
            self.hand_over();
            self.heed();
        }
    }

    /// Does what the watcher wants, which may take as long as the watcher likes.
    fn heed(&mut self) {
        self.limit = CAPACITY;
        if let Some(control) = &self.cold.control
            && self.cold.seat.is_none()
            && let Grant::Events(events) = control.heed(&mut self.cold.seen)
        {
            // A step is one event, not one between two anchors.
            self.limit = CAPACITY.min(self.position.saturating_add(events as usize));
        } else {
            self.open();
        }
    }

    /// The cold path of a poll; whether the worker should wait.
    #[cold]
    #[inline(never)]
    fn attend(&mut self, clock: u64) -> bool {
        let events = self.ordinal() - self.cold.counted;
        let cold = &mut *self.cold;
        let (Some(control), Some(seat)) = (&cold.control, &mut cold.seat) else {
            self.finish();
            self.heed();
            return false;
        };
        // Before the hand-over: a request that comes during it is for the next one.
        let seen = control.requests();
        let waits = !control.may_go(seat, events) || cold.sink.is_full();
        cold.watchful = waits || control.is_braked();
        if waits || seen != cold.seen {
            cold.seen = seen;
            self.finish_at(clock);
            self.cold.sink.floor(clock);
        }
        self.cold.counted = self.ordinal();
        waits
    }
}

impl Tracer for Recorder {
    const ON: bool = true;

    #[inline(always)]
    fn emit(&mut self, kind: u8, site: u32, clock: u64, object: u32, arg: u32) {
        let delta = clock.wrapping_sub(self.clock);
        self.clock = clock;
        // The kind is a constant where it matters, so for other kinds this is nothing.
        if kind == Kind::Switch as u8 {
            self.task = object;
        }
        // The mask keeps the compiler from checking bounds; the limit keeps it from ever mattering.
        self.slots[self.position & (SLOTS - 1)] = Record::new(kind, site, delta as u32, object, arg);
        self.position += 1;
        if (delta >> 32 != 0) | (self.position >= self.limit) {
            self.slow(delta);
        }
    }

    fn text(&mut self, kind: Kind, site: u32, clock: u64, text: &str) {
        let mut rest = text;
        loop {
            let mut cut = rest.len().min(PIECE);
            while !rest.is_char_boundary(cut) {
                cut -= 1;
            }
            let (piece, after) = rest.split_at(cut);
            let start = self.cold.text.len();
            self.cold.text.extend_from_slice(piece.as_bytes());
            if self.cold.text.len() >= TEXT_LIMIT {
                self.limit = self.limit.min(self.position + 1);
            }
            self.emit(kind as u8, site, clock, start as u32, piece.len() as u32);
            rest = after;
            if rest.is_empty() {
                return;
            }
        }
    }

    #[inline(always)]
    fn ordinal(&self) -> u64 {
        self.base + self.position as u64
    }

    #[inline(always)]
    fn poll(&mut self, clock: u64) -> bool {
        match &self.cold.control {
            Some(control) if self.cold.seen != control.requests() || self.cold.watchful => self.attend(clock),
            _ => false,
        }
    }

    fn wait(&mut self, clock: u64) -> u64 {
        self.finish_at(clock);
        let cold = &mut *self.cold;
        cold.sink.idle(clock);
        if let (Some(control), Some(seat)) = (&cold.control, &mut cold.seat) {
            cold.sink.settle();
            control.sit(seat);
        }
        let clock = cold.sink.awake(clock);
        self.cold.counted = self.ordinal();
        clock
    }

    fn slice(&mut self, slice: u32) -> u32 {
        match &self.cold.control {
            Some(control) if self.cold.seat.is_some() && control.is_braked() => 1,
            _ => slice,
        }
    }

    fn idle(&mut self, clock: u64) {
        if self.cold.seat.is_some() {
            self.finish_at(clock);
            self.cold.sink.idle(clock);
        } else if self.cold.control.is_some() {
            self.attend(clock);
        } else if self.cold.wall.is_some() {
            // Time passes without events now; what happened before should not be stretched over it.
            self.anchor();
            if self.position >= self.limit {
                self.hand_over();
                self.open();
            }
        }
    }

    fn awake(&mut self, clock: u64) -> u64 {
        self.cold.sink.awake(clock)
    }

    #[inline(always)]
    fn quit(&self) -> bool {
        self.cold.control.as_ref().is_some_and(|control| control.is_quit())
    }
}

/// What was recorded must not be lost because an engine unwinds.
impl Drop for Recorder {
    fn drop(&mut self) {
        self.finish();
        self.cold.sink.idle(self.clock);
    }
}
