//! The store: a run's events and everything derived from them, for tests, reports and views.
//!
//! It is fed chunks, live or from a recording, and never looks back: each event is followed once, in constant time
//! (amortised). What views ask for is then looked up, not computed. Times are nanoseconds: of the virtual clock in a run
//! without wall time, interpolated between anchors otherwise.
//!
//! One stream of events is kept. Those of several workers have been merged into one before ([`crate::merge`]); no view
//! notices.

use crate::chunk::Chunk;
use crate::event::{Kind, ObjectId, TaskId};
use crate::events::{Event, Events, Iter};
use crate::finding::{Finding, ObjectKind};
use crate::model::Analysis;
use crate::model::channels::{Channels, Occupancy};
use crate::model::lanes::{self, Cell, Times};
use crate::model::locks::Locks;
use crate::model::messages::Messages;
use crate::model::now::Now;
use crate::model::objects::Objects;
use crate::model::rates::{self, Rate, Rates};
use crate::model::state::TaskState;
use crate::model::tasks::Tasks;
use crate::model::waits::Graph;
use crate::model::workers::{Work, Workers};
use crate::names;
use crate::program::ProgramInfo;
use std::collections::VecDeque;
use std::ops::Range;
use std::sync::Arc;

/// Events from one keyframe to the next at least; more where much is alive, so that keyframes cost little beside events.
const KEYFRAME: u64 = 1 << 16;

/// Everything known of a run.
#[derive(Debug, Default)]
pub struct Store {
    program: Arc<ProgramInfo>,
    events: Events,
    now: Now,
    derived: Derived,
    keyframes: VecDeque<Keyframe>,
    findings: Vec<Finding>,
    /// Whether a finding names an event by a stamp that has not come yet.
    stamped: bool,
    limit: Option<usize>,
}

/// The state before an event.
#[derive(Debug)]
struct Keyframe {
    before: u64,
    now: Now,
}

/// The analyses. Every one of them is told of every change here, and only here.
#[derive(Debug, Default)]
struct Derived {
    tasks: Tasks,
    objects: Objects,
    channels: Channels,
    locks: Locks,
    messages: Messages,
    rates: Rates,
    workers: Workers,
    /// Clock of the very first event.
    began: Option<u64>,
    outputs: VecDeque<u64>,
    /// Ordinals of the recorder's own notes.
    notes: VecDeque<u64>,
    anchors: Anchors,
    kinds: Kinds,
}

/// Clock and wall time at some points, both rising.
#[derive(Debug, Default)]
struct Anchors(Vec<(u64, u64)>);

#[derive(Debug)]
struct Kinds([u64; 128]);

impl Default for Kinds {
    fn default() -> Self {
        Self([0; 128])
    }
}

impl Anchors {
    fn push(&mut self, clock: u64, wall: u64) {
        let wall = self.0.last().map_or(wall, |&(_, before)| wall.max(before));
        let several = self.0.len() > 1;
        match self.0.last_mut() {
            // Where the clock stood still the later wall time counts, from the next change on.
            Some(last) if several && last.0 == clock => last.1 = wall,
            _ => self.0.push((clock, wall)),
        }
    }

    /// Translates along the line between the two points around `value`.
    fn translate(&self, value: u64, from: fn(&(u64, u64)) -> u64, to: fn(&(u64, u64)) -> u64) -> u64 {
        let after = self.0.partition_point(|point| from(point) <= value);
        let (Some(a), Some(b)) = (after.checked_sub(1).and_then(|i| self.0.get(i)), self.0.get(after)) else {
            // Before the first point or after the last: the nearest one.
            return self.0.get(after.saturating_sub(1)).map_or(value, to);
        };
        let (span, done, length) = (from(b) - from(a), value - from(a), to(b) - to(a));
        to(a) + (done as u128 * length as u128 / span.max(1) as u128) as u64
    }
}

impl Derived {
    fn event(&mut self, event: &Event) {
        self.kinds.0[event.kind as usize & 127] += 1;
        self.began.get_or_insert(event.clock);
        if event.kind.is_bookkeeping() {
            self.notes.push_back(event.ordinal);
        } else {
            self.rates.event(event);
            self.workers.event(event.worker, event);
        }
        match event.kind {
            Kind::Output | Kind::ErrorOutput => self.outputs.push_back(event.ordinal),
            Kind::Counter => self.workers.counter(event.worker, event),
            Kind::Anchor => {
                if let Some(span) = self.workers.anchor(event) {
                    self.rates.span(span);
                }
                self.anchors.push(event.clock, event.wide());
            }
            _ => {}
        }
    }
}

impl Analysis for Derived {
    fn spawned(&mut self, task: TaskId, parent: TaskId, function: u32, at: &Event) {
        self.tasks.spawned(task, parent, function, at);
    }
    fn state(&mut self, task: TaskId, to: TaskState, at: &Event) {
        self.tasks.state(task, to, at);
    }
    fn made(&mut self, object: ObjectId, kind: ObjectKind, size: u32, at: &Event) {
        self.objects.made(object, kind, size, at);
        self.channels.made(object, kind, size, at);
        self.locks.made(object, kind, size, at);
    }
    fn level(&mut self, object: ObjectId, level: u32, at: &Event) {
        self.channels.level(object, level, at);
    }
    fn queued(&mut self, channel: ObjectId, send: u64, at: &Event) {
        self.channels.queued(channel, send, at);
        self.messages.queued(channel, send, at);
    }
    fn took(&mut self, channel: ObjectId, receive: u64, at: &Event) {
        self.channels.took(channel, receive, at);
        self.messages.took(channel, receive, at);
    }
    fn closed(&mut self, channel: ObjectId, at: &Event) {
        self.channels.closed(channel, at);
    }
    fn acquired(&mut self, object: ObjectId, task: TaskId, waited: Option<u64>, at: &Event) {
        self.locks.acquired(object, task, waited, at);
    }
    fn released(&mut self, object: ObjectId, task: TaskId, held: u64, at: &Event) {
        self.locks.released(object, task, held, at);
    }
    fn waited(&mut self, object: ObjectId, task: TaskId, ticks: u64, at: &Event) {
        self.channels.waited(object, task, ticks, at);
    }
}

/// The edges of `cells` cells between two times.
fn time_edges(times: Range<u64>, cells: usize) -> Vec<u64> {
    let length = times.end.saturating_sub(times.start) as u128;
    (0..=cells).map(|i| times.start + (length * i as u128 / cells.max(1) as u128) as u64).collect()
}

impl Store {
    /// An empty store for a run of this program.
    pub fn new(program: Arc<ProgramInfo>) -> Self {
        Self { program, ..Self::default() }
    }

    /// Keeps about `bytes` of events, and what is derived from them: the oldest are forgotten and counted as dropped.
    pub fn with_limit(mut self, bytes: usize) -> Self {
        self.limit = Some(bytes);
        self
    }

    /// A store of whole chunks.
    pub fn of<'a>(program: Arc<ProgramInfo>, chunks: impl IntoIterator<Item = &'a Chunk>) -> Self {
        let mut store = Self::new(program);
        chunks.into_iter().for_each(|chunk| store.push(chunk));
        store
    }

    /// The program.
    pub fn program(&self) -> &Arc<ProgramInfo> {
        &self.program
    }

    /// Takes the events of a chunk in.
    pub fn push(&mut self, chunk: &Chunk) {
        self.take_in(chunk);
        if self.stamped {
            self.translate();
        }
    }

    fn take_in(&mut self, chunk: &Chunk) {
        let Self { events, now, derived, keyframes, .. } = self;
        let spacing = KEYFRAME.max(now.weight() as u64 * 8);
        if keyframes.back().is_none_or(|newest| events.end() >= newest.before + spacing) {
            keyframes.push_back(Keyframe { before: events.end(), now: now.clone() });
        }
        events.push(chunk, |event| {
            derived.event(event);
            now.apply(event, derived);
        });
        if let Some(limit) = self.limit
            && self.events.bytes() > limit
        {
            self.trim(limit - limit / 8);
        }
    }

    fn trim(&mut self, bytes: usize) {
        self.events.trim(bytes);
        let (first, clock) = (self.events.first(), self.events.first_clock());
        while self.keyframes.get(1).is_some_and(|second| second.before <= first) {
            self.keyframes.pop_front();
        }
        self.derived.tasks.trim(clock);
        self.derived.objects.trim(clock);
        self.derived.channels.trim(clock);
        self.derived.messages.trim(first);
        self.derived.workers.trim(clock);
        while self.derived.outputs.front().is_some_and(|&ordinal| ordinal < first) {
            self.derived.outputs.pop_front();
        }
        while self.derived.notes.front().is_some_and(|&ordinal| ordinal < first) {
            self.derived.notes.pop_front();
        }
    }

    // Events and time

    /// Number of events so far, dropped ones included: the ordinal that the next one gets.
    pub fn len(&self) -> u64 {
        self.events.end()
    }

    /// Whether there was no event.
    pub fn is_empty(&self) -> bool {
        self.events.end() == 0
    }

    /// Ordinal of the oldest event that is still here.
    pub fn first(&self) -> u64 {
        self.events.first()
    }

    /// Events that are not here any more or never came.
    pub fn dropped(&self) -> u64 {
        self.events.dropped()
    }

    /// Records that made no sense; more than 0 only for damaged recordings.
    pub fn damaged(&self) -> u64 {
        self.events.damaged()
    }

    /// How many events of a kind there were.
    pub fn count(&self, kind: Kind) -> u64 {
        self.derived.kinds.0[kind as usize & 127]
    }

    /// An event.
    pub fn event(&self, ordinal: u64) -> Option<Event<'_>> {
        self.events.get(ordinal)
    }

    /// The ordinal of the event that one of several workers' recorders gave this number ([`crate::event::Stamp`]), if it is
    /// here by now; ordinals stay as they are.
    pub fn ordinal_of(&self, stamp: u64) -> Option<u64> {
        self.events.ordinal_of(stamp)
    }

    /// The events of a range of ordinals, in order, as far as they are here.
    pub fn events(&self, range: Range<u64>) -> Iter<'_> {
        self.events.range(range)
    }

    /// The newest event that is a step of the program and not a note of the recorder's; 0 where there is none.
    pub fn newest(&self) -> u64 {
        let mut newest = self.len().saturating_sub(1);
        for &note in self.derived.notes.iter().rev() {
            if note != newest || newest <= self.first() {
                break;
            }
            newest -= 1;
        }
        newest
    }

    /// How many steps of the program are here: the rows of a log without the recorder's notes.
    pub fn rows(&self) -> u64 {
        (self.len() - self.first()).saturating_sub(self.derived.notes.len() as u64)
    }

    /// How many rows of that log come before an event.
    pub fn rows_before(&self, ordinal: u64) -> u64 {
        let notes = self.derived.notes.partition_point(|&note| note < ordinal);
        ordinal.saturating_sub(self.first()).saturating_sub(notes as u64)
    }

    /// The event in a row of that log.
    pub fn at_row(&self, row: u64) -> Option<u64> {
        let (first, notes) = (self.first(), &self.derived.notes);
        // How many notes come before the row: the note with index `i` has `note - first - i` rows before it.
        let (mut low, mut high) = (0, notes.len());
        while low < high {
            let middle = low + (high - low) / 2;
            if notes[middle] - first - middle as u64 <= row { low = middle + 1 } else { high = middle }
        }
        let ordinal = first.checked_add(row)?.checked_add(low as u64)?;
        (ordinal < self.len()).then_some(ordinal)
    }

    /// Whether the run has no wall time: times are those of the virtual clock.
    pub fn is_virtual(&self) -> bool {
        self.derived.anchors.0.is_empty()
    }

    /// The time of a clock.
    pub fn time_of_clock(&self, clock: u64) -> u64 {
        self.derived.anchors.translate(clock, |point| point.0, |point| point.1)
    }

    /// The clock of a time.
    pub fn clock_at(&self, time: u64) -> u64 {
        self.derived.anchors.translate(time, |point| point.1, |point| point.0)
    }

    /// The time of an event; of the newest one where the ordinal is past the end.
    pub fn time_of(&self, ordinal: u64) -> u64 {
        self.time_of_clock(self.events.get(ordinal).map_or(self.events.clock(), |event| event.clock))
    }

    /// The time of the newest event.
    pub fn end_time(&self) -> u64 {
        self.time_of_clock(self.events.clock())
    }

    /// The time of the oldest event that is still here.
    pub fn start_time(&self) -> u64 {
        self.time_of_clock(self.events.first_clock())
    }

    /// The ordinal of the first event at or after a time (past the end where there is none).
    pub fn ordinal_at(&self, time: u64) -> u64 {
        self.events.ordinal_at_clock(self.clock_at(time))
    }

    // State

    /// What holds at the newest event.
    pub fn now(&self) -> &Now {
        &self.now
    }

    /// What held after an event (after its arms, where it is a select that blocked); for an event that is not here any more, some state before the oldest that is.
    pub fn at(&self, ordinal: u64) -> Now {
        if ordinal.saturating_add(1) >= self.len() {
            return self.now.clone();
        }
        let found = self.keyframes.partition_point(|keyframe| keyframe.before <= ordinal).checked_sub(1);
        let Some(keyframe) = found.and_then(|index| self.keyframes.get(index)) else { return Now::default() };
        let mut now = keyframe.now.clone();
        self.events.range(keyframe.before..ordinal + 1).for_each(|event| now.apply(&event, &mut ()));
        // The arms of a select are records of their own, but part of the operation.
        let arm = |event: &Event| {
            let kind = event.kind;
            matches!(kind, Kind::SelectRecvArm | Kind::SelectSendArm | Kind::SelectTimerArm | Kind::SelectFutureArm)
        };
        self.events.range(ordinal + 1..self.len()).take_while(arm).for_each(|event| now.apply(&event, &mut ()));
        now
    }

    /// The wait-for graph at the newest event with at most `limit` waiting tasks, the findings' orphans marked.
    pub fn waits(&self, limit: usize) -> Graph {
        self.marked(Graph::of(&self.now, limit))
    }

    /// The same as it was after an event.
    pub fn waits_at(&self, ordinal: u64, limit: usize) -> Graph {
        self.waits_in(&self.at(ordinal), ordinal, limit)
    }

    /// The same for somebody who has asked for what held after that event before ([`Store::at`]).
    pub fn waits_in(&self, then: &Now, ordinal: u64, limit: usize) -> Graph {
        let mut graph = Graph::of(then, limit);
        for finding in self.findings.iter().filter(|finding| finding.event.is_none_or(|event| event <= ordinal)) {
            graph.mark(finding);
        }
        graph
    }

    fn marked(&self, mut graph: Graph) -> Graph {
        self.findings.iter().for_each(|finding| graph.mark(finding));
        graph
    }

    // Derived

    /// All tasks that ever were.
    pub fn tasks(&self) -> &Tasks {
        &self.derived.tasks
    }

    /// All objects that were made.
    pub fn objects(&self) -> &Objects {
        &self.derived.objects
    }

    /// All channels.
    pub fn channels(&self) -> &Channels {
        &self.derived.channels
    }

    /// All locks.
    pub fn locks(&self) -> &Locks {
        &self.derived.locks
    }

    /// All workers.
    pub fn workers(&self) -> &Workers {
        &self.derived.workers
    }

    /// How often the operations of the performance table happened, in the order of [`rates::ROWS`].
    pub fn rates(&self) -> &Rates {
        &self.derived.rates
    }

    /// The share of the run's time in which its workers were held up by whoever watches.
    pub fn held_up(&self) -> f64 {
        let whole = self.end_time().saturating_sub(self.origin()) * self.derived.workers.len() as u64;
        self.derived.rates.held_up() as f64 / whole.max(1) as f64
    }

    /// Their rates at a time.
    pub fn rates_at(&self, time: u64) -> [Rate; rates::COUNT] {
        self.derived.rates.at(self.origin(), time, self.derived.workers.len(), |time| self.clock_at(time))
    }

    /// Operations a second of each row between two times in as many cells.
    pub fn rate_history(&self, times: Range<u64>, cells: usize) -> Vec<[f64; rates::COUNT]> {
        self.derived.rates.history(&time_edges(times, cells), self.derived.workers.len(), |time| self.clock_at(time))
    }

    /// The time of the very first event: other than [`Store::start_time`] it stays when old events are forgotten.
    pub fn origin(&self) -> u64 {
        self.time_of_clock(self.derived.began.unwrap_or(0))
    }

    /// What a worker did between two times.
    pub fn work(&self, worker: u32, times: Range<u64>) -> Work {
        let now = self.events.clock();
        let (from, to) = (self.clock_at(times.start), self.clock_at(times.end));
        self.derived.workers.get(worker).map_or_else(Work::default, |worker| worker.work(from, to, now))
    }

    /// A worker's lane between two clocks each.
    pub fn worker_lane(&self, worker: u32, edges: &[u64]) -> Vec<Cell> {
        match self.derived.workers.get(worker) {
            Some(worker) => worker.lane(edges, self.events.clock()),
            None => vec![Cell::default(); edges.len().saturating_sub(1)],
        }
    }

    /// Ordinals of the program's output.
    pub fn outputs(&self) -> &VecDeque<u64> {
        &self.derived.outputs
    }

    /// The findings so far.
    pub fn findings(&self) -> &[Finding] {
        &self.findings
    }

    /// Takes over the scheduler's findings: verdicts settle at the end of a run, so a later list may word an old finding anew.
    pub fn set_findings(&mut self, findings: Vec<Finding>) {
        self.findings = findings;
        self.translate();
    }

    /// Adds a finding of the scheduler's.
    pub fn add_finding(&mut self, finding: Finding) {
        self.findings.push(finding);
        self.translate();
    }

    /// Gives findings the ordinals of their events, where the scheduler could only name them by stamps.
    fn translate(&mut self) {
        self.stamped = false;
        for finding in &mut self.findings {
            let events = finding.tasks.iter_mut().map(|task| &mut task.event).chain([&mut finding.event]);
            for event in events.flatten() {
                match self.events.ordinal_of(*event) {
                    Some(ordinal) => *event = ordinal,
                    None => self.stamped = true,
                }
            }
        }
    }

    /// The name of a task: `worker#3`; `–` for none.
    pub fn task_name(&self, id: TaskId) -> String {
        match self.derived.tasks.get(id) {
            Some(task) => names::task_name(&self.program, task.function, task.nth),
            None if id.0 == 0 => "–".to_string(),
            None => format!("task {}", id.0),
        }
    }

    /// The name of an object: `jobs`, `fork[2]`; `–` for none.
    pub fn object_name(&self, id: ObjectId) -> String {
        match self.derived.objects.get(id) {
            Some(object) => {
                let several = self.derived.objects.made_at(object.made_at) > 1;
                names::object_name(&self.program, object.kind, object.made_at, object.nth, several)
            }
            None if id.0 == 0 => "–".to_string(),
            None => format!("object {}", id.0),
        }
    }

    /// The clocks of the edges of `cells` cells between two times.
    fn edges(&self, times: Range<u64>, cells: usize) -> Vec<u64> {
        time_edges(times, cells).into_iter().map(|time| self.clock_at(time)).collect()
    }

    /// A task's lane between two times in as many cells.
    pub fn lane(&self, task: TaskId, times: Range<u64>, cells: usize) -> Vec<Cell> {
        let mut out = Vec::new();
        if let Some(task) = self.derived.tasks.get(task) {
            lanes::lane(&task.intervals, &self.edges(times, cells), self.events.clock(), &mut out);
        }
        out.resize(cells, Cell::default());
        out
    }

    /// How long a task was in each state between two times, in ticks.
    pub fn times(&self, task: TaskId, times: Range<u64>) -> Times {
        let now = self.events.clock();
        self.derived.tasks.get(task).map_or_else(Times::default, |task| {
            lanes::times(&task.intervals, self.clock_at(times.start), self.clock_at(times.end), now)
        })
    }

    /// A channel's length between two times in as many cells.
    pub fn occupancy(&self, channel: ObjectId, times: Range<u64>, cells: usize) -> Vec<Option<Occupancy>> {
        match self.derived.channels.get(channel) {
            Some(channel) => channel.strip(&self.edges(times, cells), self.events.clock()),
            None => vec![None; cells],
        }
    }

    /// The send of the value that is received from a channel next; `None` where it is empty.
    pub fn next_message(&self, channel: ObjectId) -> Option<u64> {
        self.derived.messages.next(channel)
    }

    // Causes

    /// What an event goes back to: for a receive the send that it took its value from, for an operation that blocked the
    /// event that ended the wait, for a switch the event that made the task ready, for anything else the event that
    /// made its task ready for the slice it is part of.
    pub fn cause(&self, ordinal: u64) -> Option<u64> {
        let event = self.events.get(ordinal).filter(|event| !event.kind.is_bookkeeping())?;
        if event.kind == Kind::Recv
            && !event.blocked
            && let Some(send) = self.derived.messages.partner(ordinal)
        {
            return Some(send);
        }
        let id = if event.kind == Kind::Switch { TaskId(event.object) } else { event.task };
        let intervals = &self.derived.tasks.get(id)?.intervals;
        let next = intervals.partition(|interval| interval.event <= ordinal);
        if event.blocked {
            // Blocked from this event on, ready from the one that woke it.
            return intervals.get(next).map(|interval| interval.event);
        }
        let mut index = next.checked_sub(1)?;
        while intervals.get(index)?.state() != TaskState::Ready {
            index = index.checked_sub(1)?;
        }
        intervals.get(index).map(|interval| interval.event)
    }
}
