//! What each worker did: when it ran tasks and when it had none, how often it switched, how much it recorded.
//!
//! A worker runs a task from a switch on until the task blocks, is preempted, lets others run or ends. Between two tasks
//! the scheduler is at work: a gap shorter than [`SWITCHING`] counts as running, so that only real idling makes an entry
//! and a busy worker costs no memory.

use super::buckets::Buckets;
use super::lanes::{self, Cell, Interval};
use super::series::Series;
use super::slots::Slots;
use super::state::TaskState;
use super::tasks::{read_intervals, write_intervals};
use super::thin::{self, Grid, Thin};
use crate::archive::codec::{Reader, Writer};
use crate::counters::{Class, Counter, Sample, Shape};
use crate::event::{Kind, TaskId};
use crate::events::Event;
use std::collections::BTreeMap;

/// Ticks between two tasks up to which a worker counts as busy.
pub const SWITCHING: u64 = 2_000;

/// What stands for a worker without a task in its lane.
pub const IDLE: TaskState = TaskState::Ready;

const SWITCHES: usize = 0;
const EVENTS: usize = 1;

/// A worker.
#[derive(Clone, Debug, Default)]
pub struct Worker {
    /// The task that it runs or ran last.
    pub task: TaskId,
    /// [`TaskState::Running`] and [`IDLE`] in turn, without the idle time that began last.
    intervals: Series<Interval>,
    /// The clock since which it has had no task.
    idle_since: Option<u64>,
    /// Whether it has recorded nothing since its last anchor.
    anchored: bool,
    /// Clock and wall time of that anchor, and the clock since which it had run before.
    anchor: Option<(u64, u64)>,
    since: u64,
    /// Switches and events.
    counts: Buckets<2>,
    /// The sum of a counter's records and how many there were.
    counters: BTreeMap<Counter, Buckets<2>>,
}

/// The time between two anchors of a worker. Two with nothing between them are the ends of a time in which it was held up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Span {
    /// Clocks between which the work was done.
    pub from: u64,
    /// The end.
    pub to: u64,
    /// How long it took, or how long the worker was held up after it.
    pub nanoseconds: u64,
    /// Whether it was held up.
    pub held: bool,
}

/// What a worker did in a span of time.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Work {
    /// Ticks in which it ran tasks.
    pub busy: u64,
    /// Tasks switched to.
    pub switches: f64,
    /// Events recorded.
    pub events: f64,
}

impl Worker {
    fn event(&mut self, event: &Event) {
        self.counts.add(event.clock, EVENTS, 1);
        self.anchored = false;
        match event.kind {
            Kind::Switch => {
                self.counts.add(event.clock, SWITCHES, 1);
                self.task = TaskId(event.object);
                if event.object == 0 { self.stop(event) } else { self.start(event) }
            }
            // A call that blocked its task has ended on the same worker.
            Kind::CallEnd | Kind::IoEnd => self.start(event),
            Kind::Preempt | Kind::Yield | Kind::TaskEnd => self.stop(event),
            _ if event.blocked => self.stop(event),
            _ => {}
        }
    }

    /// Follows a `meta.counter` record.
    fn counter(&mut self, event: &Event) {
        let Some(counter) = Counter::from_id(event.object) else { return };
        let buckets = self.counters.entry(counter).or_default();
        buckets.add(event.clock, 0, u64::from(event.arg));
        buckets.add(event.clock, 1, 1);
    }

    /// What its records say of a counter between two clocks: the increase, or the mean of the levels. `None` without records.
    pub fn counted(&self, counter: Counter, from: u64, to: u64) -> Option<f64> {
        let [sum, records] = self.counters.get(&counter)?.between(from, to);
        match counter.shape() {
            Shape::Increase => Some(sum),
            Shape::Level => (records > 0.0).then(|| sum / records),
        }
    }

    /// What the machine counted between two clocks, as far as it was recorded.
    pub fn machine(&self, from: u64, to: u64) -> Sample {
        let mut sample = Sample::default();
        for &counter in self.counters.keys().filter(|counter| counter.class() != Class::Engine) {
            sample.set(counter, self.counted(counter, from, to).map(|value| value.round() as u64));
        }
        sample
    }

    fn start(&mut self, event: &Event) {
        match self.idle_since.take() {
            Some(since) if event.clock - since.min(event.clock) > SWITCHING => {
                self.intervals.push(Interval::new(since, IDLE, event.ordinal));
            }
            Some(_) => return,
            None if !self.intervals.is_empty() => return,
            None => {}
        }
        self.intervals.push(Interval::new(event.clock, TaskState::Running, event.ordinal));
    }

    fn stop(&mut self, event: &Event) {
        if !self.intervals.is_empty() {
            self.idle_since.get_or_insert(event.clock);
        }
    }

    /// Tasks switched to so far.
    pub fn switches(&self) -> u64 {
        self.counts.total()[SWITCHES]
    }

    /// Events recorded so far.
    pub fn events(&self) -> u64 {
        self.counts.total()[EVENTS]
    }

    /// Whether it has a task.
    pub fn is_busy(&self) -> bool {
        !self.intervals.is_empty() && self.idle_since.is_none()
    }

    /// Ticks between two clocks in which it ran tasks.
    pub(crate) fn busy(&self, from: u64, to: u64, now: u64) -> u64 {
        let until = self.idle_since.unwrap_or(now);
        match self.intervals.is_empty() {
            true => 0,
            false => lanes::times(&self.intervals, from, to, until).of(TaskState::Running),
        }
    }

    /// What it did between two clocks; `now` is the clock up to which the run is known.
    pub fn work(&self, from: u64, to: u64, now: u64) -> Work {
        let busy = self.busy(from, to, now);
        let counts = self.counts.between(from, to);
        Work { busy, switches: counts[SWITCHES], events: counts[EVENTS] }
    }

    /// Its lane between consecutive edges (clocks): [`TaskState::Running`] or [`IDLE`] as far as the run is known.
    pub fn lane(&self, edges: &[u64], now: u64) -> Vec<Cell> {
        let mut cells = Vec::new();
        lanes::lane(&self.intervals, edges, self.idle_since.unwrap_or(now), &mut cells);
        for (cell, pair) in cells.iter_mut().zip(edges.windows(2)) {
            if cell.state.is_none() && pair[0] <= now {
                *cell = Cell { state: Some(IDLE), halves: [Some(IDLE); 2], more: false };
            }
        }
        cells
    }
}

/// All workers.
#[derive(Debug, Default)]
pub struct Workers {
    workers: Slots<Worker>,
}

impl Workers {
    /// Follows an event.
    #[inline]
    pub(crate) fn event(&mut self, worker: u32, event: &Event) {
        match self.workers.get_mut(worker) {
            Some(worker) => worker.event(event),
            None => {
                let mut new = Worker::default();
                new.event(event);
                self.workers.insert(worker, new);
            }
        }
    }

    /// Follows a `meta.counter` record. A worker that recorded nothing else is one all the same.
    pub(crate) fn counter(&mut self, worker: u32, event: &Event) {
        if self.workers.get(worker).is_none() {
            self.workers.insert(worker, Worker::default());
        }
        if let Some(worker) = self.workers.get_mut(worker) {
            worker.counter(event);
        }
    }

    /// Follows an anchor; gives what the worker did since the one before.
    pub(crate) fn anchor(&mut self, event: &Event) -> Option<Span> {
        let worker = self.workers.get_mut(event.worker)?;
        let held = std::mem::replace(&mut worker.anchored, true);
        let (clock, wall) = worker.anchor.replace((event.clock, event.wide()))?;
        let nanoseconds = event.wide().saturating_sub(wall);
        if !held {
            worker.since = clock;
        }
        Some(Span { from: worker.since, to: event.clock, nanoseconds, held })
    }

    /// What each is at: whether it has begun, and since when it has had no task.
    pub(crate) fn standing(&self) -> Vec<(u32, bool, Option<u64>)> {
        let standing = |(number, worker): (u32, &Worker)| (number, !worker.intervals.is_empty(), worker.idle_since);
        self.workers.iter().map(standing).collect()
    }

    /// Workers that stood so at a clock, for what came after it.
    pub(crate) fn standing_so(standing: &[(u32, bool, Option<u64>)], clock: u64, ordinal: u64) -> Self {
        let mut workers = Slots::default();
        for &(number, begun, idle_since) in standing {
            let mut worker = Worker { idle_since, ..Worker::default() };
            if begun {
                let start = idle_since.unwrap_or(clock).min(clock);
                worker.intervals.push(Interval::new(start, TaskState::Running, ordinal));
            }
            workers.insert(number, worker);
        }
        Self { workers }
    }

    pub(crate) fn write(&self, to: &mut Writer) {
        to.length(self.workers.len());
        let mut id = 0;
        for (number, worker) in self.workers.iter() {
            to.rise(number, &mut id);
            to.number(worker.task.0);
            to.maybe(worker.idle_since);
            worker.counts.write(to);
            to.length(worker.counters.len());
            for (counter, buckets) in &worker.counters {
                to.number(counter.id());
                buckets.write(to);
            }
            write_intervals(&worker.intervals, 0, to);
        }
    }

    pub(crate) fn read(from: &mut Reader) -> Option<Self> {
        let mut workers = Slots::default();
        let mut id = 0;
        for _ in 0..from.length(8)? {
            let number = u32::try_from(from.rise(&mut id)?).ok()?;
            let mut worker = Worker { task: TaskId(from.word()?), idle_since: from.maybe()?, ..Worker::default() };
            worker.counts = Buckets::read(from)?;
            for _ in 0..from.length(2)? {
                let counter = from.word()?;
                let buckets = Buckets::read(from)?;
                // One that a later version counts is passed over.
                if let Some(counter) = Counter::from_id(counter) {
                    worker.counters.insert(counter, buckets);
                }
            }
            worker.intervals = read_intervals(0, from)?;
            workers.insert(number, worker);
        }
        Some(Self { workers })
    }

    /// How many recorded something.
    pub fn len(&self) -> usize {
        self.workers.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.workers.is_empty()
    }

    /// A worker.
    pub fn get(&self, worker: u32) -> Option<&Worker> {
        self.workers.get(worker)
    }

    /// All, in the order of their numbers.
    pub fn iter(&self) -> impl Iterator<Item = (u32, &Worker)> {
        self.workers.iter()
    }

    pub(crate) fn trim(&mut self, clock: u64) {
        self.workers.values_mut().for_each(|worker| worker.intervals.trim(clock));
    }
}

impl Thin for Workers {
    fn entries(&self) -> usize {
        self.workers.iter().map(|(_, worker)| worker.intervals.len()).sum()
    }

    fn thin(&mut self, grid: Grid) {
        self.workers.values_mut().for_each(|worker| thin::intervals(&mut worker.intervals, grid));
    }
}
