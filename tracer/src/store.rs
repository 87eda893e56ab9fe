//! The store: a run's events and everything derived from them, for tests, reports and views.
//!
//! It is fed chunks, live or from a recording, and never looks back: each event is followed once, in constant time
//! (amortised). What views ask for is then looked up, not computed. Times are nanoseconds: of the virtual clock in a run
//! without wall time, interpolated between anchors otherwise.
//!
//! One stream of events is kept. Those of several workers have been merged into one before ([`crate::merge`]); no view
//! notices. Nor does it notice where a trace stays in its file ([`crate::archive`]): what is asked of the store is then answered by a
//! summary of the whole, or exactly by a window about what is looked at.
//!
//! [`crate::search`] finds events and what caused them.

use crate::archive::source::Blocks;
use crate::archive::{Archive, Axis, Scratch, Window};
use crate::chunk::Chunk;
use crate::event::{Kind, ObjectId, TaskId};
use crate::events::{Event, Events, Iter};
use crate::finding::Finding;
use crate::model::channels::{Channels, Occupancy};
use crate::model::derived::Derived;
use crate::model::lanes::{self, Cell, Times};
use crate::model::locks::Locks;
use crate::model::now::Now;
use crate::model::objects::Objects;
use crate::model::rates::{self, Rate, Rates};
use crate::model::series::Series;
use crate::model::state::TaskState;
use crate::model::tasks::{Task, Tasks};
use crate::model::thin::Grid;
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
    pub(crate) events: Events,
    now: Now,
    pub(crate) derived: Derived,
    keyframes: VecDeque<Keyframe>,
    findings: Vec<Finding>,
    /// Whether a finding names an event by a stamp that has not come yet.
    stamped: bool,
    limit: Option<usize>,
    /// Where the events are in a file: what there is beside them. `derived` is then of bounded resolution.
    pub(crate) archive: Option<Archive>,
}

/// The state before an event.
#[derive(Debug)]
struct Keyframe {
    before: u64,
    now: Now,
}

/// From the first to the last of some clocks.
fn clocks(edges: &[u64]) -> Axis {
    Axis::Clocks(edges.first().copied().unwrap_or(0), edges.last().copied().unwrap_or(0))
}

fn is_output(event: &Event) -> bool {
    matches!(event.kind, Kind::Output | Kind::ErrorOutput)
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

    /// A store of an archived trace: what held at its end, and its models.
    pub(crate) fn archived(program: Arc<ProgramInfo>, now: Now, derived: Derived, archive: Archive) -> Self {
        let events = Events::filed(Arc::clone(archive.source()));
        Self { program, events, now, derived, archive: Some(archive), ..Self::default() }
    }

    /// Whether the events are in a file.
    pub fn is_archived(&self) -> bool {
        self.archive.is_some()
    }

    /// Gives back what was read of a file and not asked for lately. Whoever asks on and on calls it now and then; the UI does
    /// in every frame.
    pub fn settle(&mut self) {
        self.events.settle();
    }

    /// How the models of an archived trace were merged ([`crate::model::thin`]); `None` where nothing was.
    pub fn grid(&self) -> Option<Grid> {
        self.archive.as_ref().map(Archive::grid)
    }

    /// How many blocks of a file are decoded at the moment.
    pub fn decoded(&self) -> usize {
        self.events.decoded()
    }

    /// Whether something can be shown more exactly than when it was asked for last; asks once.
    pub fn refined(&self) -> bool {
        self.archive.as_ref().is_some_and(Archive::arrived)
    }

    /// Whether something is being made that [`Store::refined`] will tell of.
    pub fn refining(&self) -> bool {
        self.archive.as_ref().is_some_and(Archive::is_busy)
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
        // A recording is complete.
        if self.archive.is_some() {
            return;
        }
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

    /// Gives the events of a range of ordinals to `take`, in order, until it says `false`; other than [`Store::events`] it holds
    /// no more of a file than a block.
    pub fn each(&self, range: Range<u64>, mut take: impl FnMut(&Event) -> bool) {
        let Some(archive) = &self.archive else {
            self.events.range(range).all(|event| take(&event));
            return;
        };
        let mut scratch = Scratch::default();
        for block in archive.block_of(range.start)..archive.len() {
            if archive.ordinals(block).start >= range.end {
                return;
            }
            let inside = |event: &Event| event.ordinal >= range.start && event.ordinal < range.end;
            let go_on =
                scratch.block(&**archive.source() as &dyn Blocks, block).filter(inside).all(|event| take(&event));
            if !go_on {
                return;
            }
        }
    }

    /// The newest event that is a step of the program and not a note of the recorder's; 0 where there is none.
    pub fn newest(&self) -> u64 {
        if let Some(archive) = &self.archive {
            return archive.newest();
        }
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
        match &self.archive {
            Some(archive) => self.steps_before_block(archive, archive.len()),
            None => (self.len() - self.first()).saturating_sub(self.derived.notes.len() as u64),
        }
    }

    /// Steps of the program in the blocks before one.
    fn steps_before_block(&self, archive: &Archive, block: usize) -> u64 {
        let end = match block.checked_sub(1) {
            Some(last) => archive.ordinals(last).end,
            None => self.first(),
        };
        end.saturating_sub(self.first()).saturating_sub(archive.tally(block).notes)
    }

    /// How many rows of that log come before an event.
    pub fn rows_before(&self, ordinal: u64) -> u64 {
        if let Some(archive) = &self.archive {
            let block = archive.block_of(ordinal);
            let start = archive.ordinals(block).start;
            let own = self.events.range(start..ordinal).filter(|event| event.kind.is_bookkeeping()).count() as u64;
            let notes = archive.tally(block).notes + own;
            return ordinal.saturating_sub(self.first()).saturating_sub(notes);
        }
        let notes = self.derived.notes.partition_point(|&note| note < ordinal);
        ordinal.saturating_sub(self.first()).saturating_sub(notes as u64)
    }

    /// The event in a row of that log.
    pub fn at_row(&self, row: u64) -> Option<u64> {
        if let Some(archive) = &self.archive {
            let block = archive.block_with(|block, _| self.steps_before_block(archive, block) > row);
            let range = archive.ordinals(block);
            let before = self.rows_before(range.start);
            let mut steps = self.events.range(range.clone()).filter(|event| !event.kind.is_bookkeeping());
            return match row.checked_sub(before) {
                Some(nth) => steps.nth(usize::try_from(nth).ok()?).map(|event| event.ordinal),
                None => range.start.checked_sub(before - row),
            };
        }
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
        self.derived.anchors.is_empty()
    }

    /// The time of a clock.
    pub fn time_of_clock(&self, clock: u64) -> u64 {
        self.derived.anchors.time(clock)
    }

    /// The clock of a time.
    pub fn clock_at(&self, time: u64) -> u64 {
        self.derived.anchors.clock(time)
    }

    /// The clock of an event, or of one that is at most so many events from it: of a file the latter need not be read.
    pub fn clock_about(&self, ordinal: u64, within: u64) -> u64 {
        let guess = self.archive.as_ref().and_then(|archive| archive.clock_about(ordinal, within));
        guess.unwrap_or_else(|| self.events.get(ordinal).map_or(0, |event| event.clock))
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
        let Some((before, mut now)) = self.keyframe(ordinal) else { return Now::default() };
        self.events.range(before..ordinal + 1).for_each(|event| now.apply(&event, &mut ()));
        // The arms of a select are records of their own, but part of the operation.
        let arm = |event: &Event| {
            let kind = event.kind;
            matches!(kind, Kind::SelectRecvArm | Kind::SelectSendArm | Kind::SelectTimerArm | Kind::SelectFutureArm)
        };
        self.events.range(ordinal + 1..self.len()).take_while(arm).for_each(|event| now.apply(&event, &mut ()));
        now
    }

    /// What held before an event that is not after this one.
    fn keyframe(&self, ordinal: u64) -> Option<(u64, Now)> {
        if let Some(archive) = &self.archive {
            return archive.keyframe(ordinal);
        }
        let found = self.keyframes.partition_point(|keyframe| keyframe.before <= ordinal).checked_sub(1);
        let keyframe = self.keyframes.get(found?)?;
        Some((keyframe.before, keyframe.now.clone()))
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
        let mut work = self.derived.workers.get(worker).map_or_else(Work::default, |worker| worker.work(from, to, now));
        let window = self.window(Axis::Clocks(from, to), 1);
        if let Some(worker) = window.as_ref().and_then(|window| window.workers().get(worker)) {
            work.busy = worker.busy(from, to, now);
        }
        work
    }

    /// A worker's lane between two clocks each.
    pub fn worker_lane(&self, worker: u32, edges: &[u64]) -> Vec<Cell> {
        let window = self.window(clocks(edges), edges.len().saturating_sub(1));
        let fine = window.as_ref().and_then(|window| window.workers().get(worker));
        match fine.or(self.derived.workers.get(worker)) {
            Some(worker) => worker.lane(edges, self.events.clock()),
            None => vec![Cell::default(); edges.len().saturating_sub(1)],
        }
    }

    /// How many pieces of output the program wrote.
    pub fn outputs(&self) -> u64 {
        match &self.archive {
            Some(archive) => archive.tally(archive.len()).outputs,
            None => self.derived.outputs.len() as u64,
        }
    }

    /// The event of a piece of output, counted from 0.
    pub fn output(&self, number: u64) -> Option<u64> {
        let Some(archive) = &self.archive else {
            return self.derived.outputs.get(usize::try_from(number).ok()?).copied();
        };
        let block = archive.block_with(|_, tally| tally.outputs > number);
        let nth = usize::try_from(number.checked_sub(archive.tally(block).outputs)?).ok()?;
        self.events.range(archive.ordinals(block)).filter(is_output).nth(nth).map(|event| event.ordinal)
    }

    /// How many pieces of output came before an event.
    pub fn outputs_before(&self, ordinal: u64) -> u64 {
        let Some(archive) = &self.archive else {
            return self.derived.outputs.partition_point(|&output| output < ordinal) as u64;
        };
        let block = archive.block_of(ordinal);
        let start = archive.ordinals(block).start;
        archive.tally(block).outputs + self.events.range(start..ordinal).filter(is_output).count() as u64
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

    /// The window that answers a question exactly, where the models are too coarse for that.
    fn window(&self, axis: Axis, cells: usize) -> Option<Arc<Window>> {
        self.archive.as_ref()?.window(axis, cells)
    }

    /// The states of a task, or of a part of the run in which it lives.
    fn intervals<'a>(&'a self, task: &'a Task, window: Option<&'a Window>) -> &'a Series<lanes::Interval> {
        window.and_then(|window| window.intervals(task.id)).unwrap_or(&task.intervals)
    }

    /// A task's lane between two times in as many cells.
    pub fn lane(&self, task: TaskId, times: Range<u64>, cells: usize) -> Vec<Cell> {
        let mut out = Vec::new();
        if let Some(task) = self.derived.tasks.get(task) {
            let edges = self.edges(times, cells);
            let window = self.window(clocks(&edges), cells);
            let intervals = self.intervals(task, window.as_deref());
            lanes::lane(intervals, &edges, self.events.clock(), &mut out);
            self.mark_coarse(intervals, &edges, |interval| interval.start(), window.as_deref(), &mut out);
        }
        out.resize(cells, Cell::default());
        out
    }

    /// A task's lane between ordinals, each event counting the same.
    pub fn lane_by_events(&self, task: TaskId, edges: &[u64]) -> Vec<Cell> {
        let cells = edges.len().saturating_sub(1);
        let Some(task) = self.derived.tasks.get(task) else { return vec![Cell::default(); cells] };
        let axis = Axis::Events(edges.first().copied().unwrap_or(0), edges.last().copied().unwrap_or(0));
        let window = self.window(axis, cells);
        let intervals = self.intervals(task, window.as_deref());
        let mut out = lanes::lane_by_events(intervals, edges, self.len());
        self.mark_coarse(intervals, edges, |interval| interval.event, window.as_deref(), &mut out);
        out
    }

    /// Where cells show what was merged although there is more to see: says so.
    fn mark_coarse(
        &self,
        intervals: &Series<lanes::Interval>,
        edges: &[u64],
        place: impl Fn(&lanes::Interval) -> u64,
        window: Option<&Window>,
        cells: &mut [Cell],
    ) {
        let Some(archive) = &self.archive else { return };
        let grid = window.map_or(archive.grid(), |window| window.grid);
        if grid.is_exact() {
            return;
        }
        for (cell, pair) in cells.iter_mut().zip(edges.windows(2)).filter(|(cell, _)| cell.state.is_some()) {
            let at = intervals.partition(|interval| place(interval) <= pair[0]);
            let begin = at.checked_sub(1).and_then(|index| intervals.get(index));
            if let (Some(begin), Some(end)) = (begin, intervals.get(at)) {
                let short = end.start().saturating_sub(begin.start()) >> grid.ticks.min(63) == 0;
                cell.more |= short && end.event.saturating_sub(begin.event) >> grid.events.min(63) == 0;
            }
        }
    }

    /// The state of a task after an event; `None` before it was spawned.
    pub fn state_of(&self, task: TaskId, ordinal: u64) -> Option<TaskState> {
        let known = self.derived.tasks.get(task)?;
        let window = self.window(Axis::Events(ordinal, ordinal + 1), 1);
        let intervals = self.intervals(known, window.as_deref());
        let index = intervals.partition(|interval| interval.event <= ordinal).checked_sub(1)?;
        intervals.get(index).map(lanes::Interval::state)
    }

    /// How long a task was in each state between two times, in ticks.
    pub fn times(&self, task: TaskId, times: Range<u64>) -> Times {
        let now = self.events.clock();
        self.derived.tasks.get(task).map_or_else(Times::default, |task| {
            let (from, to) = (self.clock_at(times.start), self.clock_at(times.end));
            let window = self.window(Axis::Clocks(from, to), 1);
            lanes::times(self.intervals(task, window.as_deref()), from, to, now)
        })
    }

    /// A channel's length between two times in as many cells.
    pub fn occupancy(&self, channel: ObjectId, times: Range<u64>, cells: usize) -> Vec<Option<Occupancy>> {
        self.occupancy_at(channel, &self.edges(times, cells))
    }

    /// The same between clocks.
    pub fn occupancy_at(&self, channel: ObjectId, edges: &[u64]) -> Vec<Option<Occupancy>> {
        let cells = edges.len().saturating_sub(1);
        let Some(known) = self.derived.channels.get(channel) else { return vec![None; cells] };
        let window = self.window(clocks(edges), cells);
        let fine = window.as_ref().and_then(|window| window.channel(channel));
        fine.unwrap_or(known).strip(edges, self.events.clock())
    }

    /// The send of the value that is received from a channel next; `None` where it is empty.
    pub fn next_message(&self, channel: ObjectId) -> Option<u64> {
        self.derived.messages.next(channel)
    }
}
