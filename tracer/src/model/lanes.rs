//! A task's states over time, and what a row of cells shows of them.

use super::series::{Entry, Series};
use super::state::TaskState;

/// One state of a task, from its clock on until the next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Interval {
    /// The clock in the upper 56 bits, the state's code in the lowest 8: a run has many of these.
    packed: u64,
    /// The event with which it began.
    pub event: u64,
}

impl Interval {
    pub(crate) fn new(clock: u64, state: TaskState, event: u64) -> Self {
        Self { packed: clock << 8 | state.code() as u64, event }
    }

    /// Clock when it began.
    pub fn start(&self) -> u64 {
        self.packed >> 8
    }

    /// The state.
    pub fn state(&self) -> TaskState {
        TaskState::from_code(self.packed as u8).unwrap_or(TaskState::Ready)
    }
}

/// Ticks spent in each state.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Times {
    ticks: [u64; TaskState::COUNT],
}

impl Default for Times {
    fn default() -> Self {
        Self { ticks: [0; TaskState::COUNT] }
    }
}

impl Times {
    /// Ticks in a state.
    pub fn of(&self, state: TaskState) -> u64 {
        self.ticks[state.code() as usize]
    }

    pub(crate) fn add(&mut self, state: TaskState, ticks: u64) {
        let sum = &mut self.ticks[state.code() as usize];
        *sum = sum.wrapping_add(ticks);
    }

    /// The state that took most time; running wins over others that took as long.
    pub fn longest(&self) -> Option<TaskState> {
        const RUNNING: usize = 1;
        let mut best = RUNNING;
        for code in 0..TaskState::COUNT {
            if self.ticks[code] > self.ticks[best] {
                best = code;
            }
        }
        if self.ticks[best] > 0 { TaskState::from_code(best as u8) } else { None }
    }
}

impl Entry for Interval {
    type Summary = Times;
    const SUBTRACTS: bool = true;

    fn clock(&self) -> u64 {
        self.start()
    }

    fn add_to(&self, until: u64, times: &mut Times) {
        times.add(self.state(), until.saturating_sub(self.start()));
    }

    fn merge(from: &Times, into: &mut Times) {
        for (into, from) in into.ticks.iter_mut().zip(&from.ticks) {
            *into = into.wrapping_add(*from);
        }
    }

    fn subtract(part: &Times, from: &mut Times) {
        for (from, part) in from.ticks.iter_mut().zip(&part.ticks) {
            *from = from.wrapping_sub(*part);
        }
    }
}

/// One cell of a lane.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Cell {
    /// The state that took most time; `None` before the task was created and where nothing is known.
    pub state: Option<TaskState>,
    /// The state that took most of its left half, and of its right half: where they differ a half block may be drawn.
    pub halves: [Option<TaskState>; 2],
    /// Whether the task changed its state inside the cell, so that there is more to see when zooming in.
    pub more: bool,
}

/// The time spent in each state up to a clock, from some beginning on, and the index of the first interval after it.
fn until(intervals: &Series<Interval>, clock: u64) -> (Times, u64) {
    let next = intervals.after(clock);
    let Some(current) = next.checked_sub(1).filter(|&index| index >= intervals.first()) else {
        return (intervals.before(intervals.first(), clock), next);
    };
    let mut times = intervals.before(current, clock);
    if let Some(interval) = intervals.get(current) {
        times.add(interval.state(), clock - interval.start());
    }
    (times, next)
}

/// Time spent in each state between two clocks; `now` is the clock up to which the run is known.
pub fn times(intervals: &Series<Interval>, from: u64, to: u64, now: u64) -> Times {
    let (mut times, _) = until(intervals, to.min(now).max(from));
    Interval::subtract(&until(intervals, from).0, &mut times);
    times
}

/// The cells between consecutive edges (clocks), as far as the run is known (`now`).
pub fn lane(intervals: &Series<Interval>, edges: &[u64], now: u64, out: &mut Vec<Cell>) {
    out.clear();
    let mut reached: Option<(u64, Times, u64)> = None;
    for pair in edges.windows(2) {
        let from = pair[0];
        if from > now || intervals.is_empty() {
            out.push(Cell::default());
            continue;
        }
        // A cell narrower than a tick shows the state at its start.
        let to = pair[1].max(from + 1);
        let known = to.min(now.max(from + 1));
        let middle = (from + (to - from) / 2).min(known);
        let (start, begin) = match reached {
            Some((clock, times, next)) if clock == from => (times, next),
            _ => until(intervals, from),
        };
        let (half, _) = until(intervals, middle);
        let (whole, end) = until(intervals, known);
        // A change at the very end belongs to the next cell.
        let mut last = end;
        while last > begin && intervals.get(last - 1).is_some_and(|interval| interval.start() == known) {
            last -= 1;
        }
        let left = difference(&half, &start).longest();
        let right = difference(&whole, &half).longest();
        let state = difference(&whole, &start).longest();
        out.push(Cell { state, halves: [left.or(right), right.or(left)], more: last > begin });
        reached = Some((known, whole, end));
    }
}

/// From so many changes in a cell on the sums are asked instead of each change.
const MANY: u64 = 48;

/// The cells between consecutive edges on the axis of events, each event counting the same; `end` is the ordinal after the
/// newest event.
pub fn lane_by_events(intervals: &Series<Interval>, edges: &[u64], end: u64) -> Vec<Cell> {
    edges.windows(2).map(|pair| by_events(intervals, pair[0], pair[1], end)).collect()
}

/// A cell of the event axis: the state after each of its events.
fn by_events(intervals: &Series<Interval>, from: u64, to: u64, end: u64) -> Cell {
    let to = to.max(from + 1);
    if from >= end {
        return Cell::default();
    }
    let first = intervals.partition(|interval| interval.event <= from).saturating_sub(1).max(intervals.first());
    let last = intervals.partition(|interval| interval.event < to.min(end));
    if last <= first {
        return Cell::default();
    }
    if last - first > MANY {
        // So many changes in one cell: which of them lasted longest is told well enough by time.
        let mut times = Times::default();
        let now = intervals.get(last).map_or(0, |next| next.start());
        intervals.sum(first..last, now, &mut times);
        let state = states().max_by_key(|&state| (times.of(state), state == TaskState::Running));
        return Cell { state, halves: [state, state], more: true };
    }
    let middle = from + (to - from) / 2;
    let mut weights: Vec<(TaskState, [u64; 2])> = Vec::new();
    for index in first..last {
        let Some(interval) = intervals.get(index) else { continue };
        let begin = interval.event.max(from);
        let until = intervals.get(index + 1).map_or(u64::MAX, |next| next.event).min(to);
        if until <= begin {
            continue;
        }
        let left = until.min(middle).saturating_sub(begin);
        let right = until.saturating_sub(begin.max(middle));
        match weights.iter_mut().find(|entry| entry.0 == interval.state()) {
            Some(entry) => entry.1 = [entry.1[0] + left, entry.1[1] + right],
            None => weights.push((interval.state(), [left, right])),
        }
    }
    let longest = |weight: &dyn Fn(&[u64; 2]) -> u64| {
        let best = weights.iter().filter(|entry| weight(&entry.1) > 0);
        best.max_by_key(|entry| (weight(&entry.1), entry.0 == TaskState::Running)).map(|entry| entry.0)
    };
    let state = longest(&|w| w[0] + w[1]);
    let right = longest(&|w| w[1]);
    Cell { state, halves: [longest(&|w| w[0]).or(right), right], more: weights.len() > 1 }
}

fn states() -> impl Iterator<Item = TaskState> {
    (0..TaskState::COUNT as u8).filter_map(TaskState::from_code)
}

fn difference(whole: &Times, part: &Times) -> Times {
    let mut times = *whole;
    Interval::subtract(part, &mut times);
    times
}
