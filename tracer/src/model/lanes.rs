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
    /// Which states occurred at all, be it for no time: bit by code.
    seen: u32,
}

impl Default for Times {
    fn default() -> Self {
        Self { ticks: [0; TaskState::COUNT], seen: 0 }
    }
}

impl Times {
    /// Ticks in a state.
    pub fn of(&self, state: TaskState) -> u64 {
        self.ticks[state.code() as usize]
    }

    fn add(&mut self, state: TaskState, ticks: u64) {
        self.ticks[state.code() as usize] += ticks;
        self.seen |= 1 << state.code();
    }

    /// The state that took most time; running and blocked states win over being ready where they are equal.
    fn longest(&self) -> Option<TaskState> {
        let mut best: Option<(u64, TaskState)> = None;
        for code in 0..TaskState::COUNT as u8 {
            let Some(state) = TaskState::from_code(code) else { continue };
            let ticks = self.ticks[code as usize];
            if self.seen & 1 << code != 0 && best.is_none_or(|(most, _)| ticks > most || (ticks == most && code == 1)) {
                best = Some((ticks, state));
            }
        }
        best.map(|(_, state)| state)
    }
}

impl Entry for Interval {
    type Summary = Times;

    fn clock(&self) -> u64 {
        self.start()
    }

    fn add_to(&self, until: u64, times: &mut Times) {
        times.add(self.state(), until.saturating_sub(self.start()));
    }

    fn merge(from: &Times, into: &mut Times) {
        for (into, from) in into.ticks.iter_mut().zip(&from.ticks) {
            *into += from;
        }
        into.seen |= from.seen;
    }
}

/// One cell of a lane.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Cell {
    /// The state that took most time; `None` before the task was created and where nothing is known.
    pub state: Option<TaskState>,
    /// The state that took most of its left half, and of its right half: where they differ a half block may be drawn.
    pub halves: [Option<TaskState>; 2],
    /// Whether the task was in some other state as well, for a time shorter than the cell.
    pub more: bool,
}

/// Time spent in each state between two clocks; `now` is the clock up to which the run is known.
pub fn times(intervals: &Series<Interval>, from: u64, to: u64, now: u64) -> Times {
    let mut times = Times::default();
    let to = to.min(now.max(from));
    // The interval that covers the start counts in part, those that begin inside count whole, the last one in part again.
    let begin = intervals.after(from);
    let end = intervals.after(to.saturating_sub(1)).max(begin);
    let clip = |index: u64| intervals.get(index).map_or(to, |next| next.start().min(to));
    if let Some(first) = begin.checked_sub(1).and_then(|index| intervals.get(index)) {
        let until = clip(begin);
        if until > from {
            times.add(first.state(), until - from);
        }
    }
    if end > begin {
        intervals.sum(begin..end - 1, to, &mut times);
        if let Some(last) = intervals.get(end - 1) {
            times.add(last.state(), to.saturating_sub(last.start()));
        }
    }
    times
}

/// The cells between consecutive edges (clocks), as far as the run is known (`now`).
pub fn lane(intervals: &Series<Interval>, edges: &[u64], now: u64, out: &mut Vec<Cell>) {
    out.clear();
    for pair in edges.windows(2) {
        let (from, to) = (pair[0], pair[1]);
        if from > now || intervals.is_empty() {
            out.push(Cell::default());
            continue;
        }
        // A cell narrower than a tick shows the state at its start.
        let to = to.max(from + 1);
        let middle = from + (to - from) / 2;
        let mut left = times(intervals, from, middle, now.max(from + 1));
        let right = times(intervals, middle, to, now.max(from + 1));
        let halves = [left.longest().or(right.longest()), right.longest()];
        Interval::merge(&right, &mut left);
        out.push(Cell { state: left.longest(), halves, more: left.seen.count_ones() > 1 });
    }
}
