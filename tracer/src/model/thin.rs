//! Series of a long run with fewer entries: what is shorter than a cell of a grid is merged, what is longer stays as it is.
//!
//! A group is what begins in one cell of the grid. Its last entry is kept as it is: it is the one that may last. Of
//! those before it, which are over inside the cell, the time in each state is kept (and the events in it), as one entry for
//! each state in the order in which they came up. So a state that lasts longer than a cell is exact, in when it began,
//! with which event, and when it ended; and the time in each state is exact between any two edges of groups. Merging again with
//! a coarser grid gives what merging once with the coarser grid gives, up to the order inside a group.
//!
//! Of levels the first, the lowest, the highest and the last of a cell are kept, at their own clocks.

use super::channels::Level;
use super::lanes::{Interval, Times};
use super::series::Series;
use super::state::TaskState;

/// A grid: cells of so many (powers of two) ticks and events. A new cell of either begins a new group.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Grid {
    /// Ticks of a cell: 2 to the power of this.
    pub ticks: u32,
    /// Events of a cell: 2 to the power of this. 0 and 0 ticks: nothing is merged.
    pub events: u32,
}

impl Grid {
    /// Whether nothing is merged.
    pub fn is_exact(&self) -> bool {
        *self == Self::default()
    }

    /// The next coarser one.
    fn doubled(self) -> Self {
        Self { ticks: self.ticks + 1, events: self.events + 1 }
    }

    fn of(&self, interval: &Interval) -> (u64, u64) {
        (interval.start() >> self.ticks.min(63), interval.event >> self.events.min(63))
    }
}

/// Events between two looks at the number of entries at least: counting them takes a step for each task.
const LOOK: u64 = 4096;

/// What can be thinned out.
pub trait Thin {
    /// How many entries there are.
    fn entries(&self) -> usize;
    /// Merges what is shorter than a cell.
    fn thin(&mut self, grid: Grid);
}

/// Keeps the number of entries below a bound: coarsens the grid when there are too many.
#[derive(Clone, Debug)]
pub struct Bound {
    most: usize,
    grid: Grid,
    /// Looked at when so many events have come.
    next: u64,
}

impl Bound {
    /// Entries at most (in between twice as many).
    pub fn new(most: usize) -> Self {
        Self { most, grid: Grid::default(), next: 0 }
    }

    /// The grid by now.
    pub fn grid(&self) -> Grid {
        self.grid
    }

    /// Looks after so many events and ticks whether there are too many entries.
    pub fn check(&mut self, events: u64, ticks: u64, model: &mut impl Thin) {
        if events < self.next {
            return;
        }
        if model.entries() > 2 * self.most {
            self.finish(events, ticks, model);
        }
        // An event makes a few entries at most.
        self.next = events + ((2 * self.most).saturating_sub(model.entries()) as u64 / 4).max(LOOK);
    }

    /// Makes it right at the end.
    pub fn finish(&mut self, events: u64, ticks: u64, model: &mut impl Thin) {
        if model.entries() > self.most && !self.grid.is_exact() {
            // What has come since is still to be merged at all.
            model.thin(self.grid);
        }
        while model.entries() > self.most && self.grid.ticks < 64 {
            self.grid = match self.grid.is_exact() {
                // A cell has about as many ticks as pass in its events.
                true => {
                    let ratio = ticks.checked_div(events).unwrap_or(0).max(1);
                    Grid { ticks: ratio.ilog2() + 2, events: 2 }
                }
                false => self.grid.doubled(),
            };
            model.thin(self.grid);
        }
    }
}

/// Intervals on a grid.
pub fn intervals(series: &mut Series<Interval>, grid: Grid) {
    if series.len() < 4 || grid.is_exact() {
        return;
    }
    let mut merged: Vec<Interval> = Vec::with_capacity(series.len() / 2);
    let mut group: Vec<Interval> = Vec::new();
    let mut cell = None;
    for interval in series.iter() {
        let own = grid.of(interval);
        if cell != Some(own) {
            fold(&mut group, &mut merged);
            cell = Some(own);
        }
        group.push(*interval);
    }
    fold(&mut group, &mut merged);
    if merged.len() < series.len() {
        *series = Series::of(merged);
    }
}

/// Puts a group, merged, to the others.
fn fold(group: &mut Vec<Interval>, out: &mut Vec<Interval>) {
    let Some(last) = group.last().copied() else { return };
    let mut ticks = Times::default();
    let mut events = [0u64; TaskState::COUNT];
    let mut order: Vec<TaskState> = Vec::with_capacity(4);
    for pair in group.windows(2) {
        let state = pair[0].state();
        if !order.contains(&state) {
            order.push(state);
        }
        ticks.add(state, pair[1].start().saturating_sub(pair[0].start()));
        events[state.code() as usize] += pair[1].event.saturating_sub(pair[0].event);
    }
    if order.len() + 1 < group.len() {
        let (mut clock, mut event) = (group[0].start(), group[0].event);
        for state in order {
            out.push(Interval::new(clock, state, event));
            clock += ticks.of(state);
            event += events[state.code() as usize];
        }
        out.push(last);
    } else {
        out.extend_from_slice(group);
    }
    group.clear();
}

/// Levels on a grid.
pub fn levels(series: &mut Series<Level>, grid: Grid) {
    if series.len() < 5 || grid.is_exact() {
        return;
    }
    let mut merged: Vec<Level> = Vec::with_capacity(series.len() / 2);
    let mut group: Vec<Level> = Vec::new();
    let mut cell = None;
    for level in series.iter() {
        let own = level.clock >> grid.ticks.min(63);
        if cell != Some(own) {
            extremes(&mut group, &mut merged);
            cell = Some(own);
        }
        group.push(*level);
    }
    extremes(&mut group, &mut merged);
    if merged.len() < series.len() {
        *series = Series::of(merged);
    }
}

fn extremes(group: &mut Vec<Level>, out: &mut Vec<Level>) {
    if group.len() > 4 {
        let lowest = (0..group.len()).min_by_key(|&index| group[index].level).unwrap_or(0);
        let highest = (0..group.len()).max_by_key(|&index| group[index].level).unwrap_or(0);
        let mut kept = [0, lowest, highest, group.len() - 1];
        kept.sort_unstable();
        let mut before = None;
        for index in kept {
            if before != Some(index) {
                out.push(group[index]);
            }
            before = Some(index);
        }
    } else {
        out.extend_from_slice(group);
    }
    group.clear();
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Tasks that take turns.
    #[derive(Default)]
    struct Turns(Vec<Series<Interval>>);

    impl Thin for Turns {
        fn entries(&self) -> usize {
            self.0.iter().map(Series::len).sum()
        }

        fn thin(&mut self, grid: Grid) {
            self.0.iter_mut().for_each(|series| intervals(series, grid));
        }
    }

    #[test]
    fn the_bound_is_kept_and_most_of_it_is_used() {
        let mut turns = Turns((0..5).map(|_| Series::default()).collect());
        let mut bound = Bound::new(10_000);
        for event in 0..2_000_000u64 {
            let state = if event / 5 % 2 == 0 { TaskState::Running } else { TaskState::Ready };
            turns.0[event as usize % 5].push(Interval::new(event * 3, state, event));
            bound.check(event, event * 3, &mut turns);
            assert!(turns.entries() < 30_000);
        }
        bound.finish(2_000_000, 6_000_000, &mut turns);
        assert!((1_000..=10_000).contains(&turns.entries()), "{} {:?}", turns.entries(), bound.grid());
        // Each task did each for half of the time, in any part of the run.
        for series in &turns.0 {
            let times = super::super::lanes::times(series, 1_000_000, 5_000_000, 6_000_000);
            let slack = 2 << bound.grid().ticks;
            assert!(times.of(TaskState::Running).abs_diff(2_000_000) <= slack, "{times:?}");
        }
    }
}
