//! The horizontal axis: by time or by events, the window of it that is shown, and its ruler.
//!
//! A position on the axis is a number: nanoseconds, or an event's ordinal. The event axis is for programs that take no time to
//! speak of, and for reading step by step: on it every event has a place of its own.

use crate::format::{count, duration, short_duration, width};
use crate::state::State;
use std::ops::Range;
use tracer::model::state::TaskState;

/// What is measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum Measure {
    /// Nanoseconds.
    #[default]
    Time,
    /// Events.
    Events,
}

/// A part of the axis, never empty.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Window {
    /// First position.
    pub from: u64,
    /// Position after the last.
    pub to: u64,
}

/// A position takes at most this many cells: more would be stripes, not a picture.
const WIDEST: u64 = 8;

impl Window {
    /// Everything there is.
    pub fn extent(state: &State, measure: Measure) -> Window {
        let (from, last) = match measure {
            Measure::Time => (state.store.start_time(), state.end_time()),
            Measure::Events => (state.store.first(), state.store.len().saturating_sub(1)),
        };
        Window { from, to: last.max(from).saturating_add(1) }
    }

    /// How many positions.
    pub fn span(&self) -> u64 {
        self.to - self.from
    }

    /// The position at which a cell begins; cells may share one where the window is narrow.
    pub fn edge(&self, cell: usize, cells: usize) -> u64 {
        self.from + (self.span() as u128 * cell as u128 / cells.max(1) as u128) as u64
    }

    /// All edges.
    pub fn edges(&self, cells: usize) -> Vec<u64> {
        (0..=cells).map(|cell| self.edge(cell, cells)).collect()
    }

    /// The cell in which a position lies: the first of several.
    pub fn cell(&self, position: u64, cells: usize) -> Option<usize> {
        if position < self.from || position >= self.to || cells == 0 {
            return None;
        }
        let offset = (position - self.from) as u128;
        let cell = (offset * cells as u128).div_ceil(self.span() as u128) as usize;
        // The cell whose edge is at or before the position and the next one's after it.
        let cell = if self.edge(cell.min(cells), cells) > position { cell.saturating_sub(1) } else { cell };
        Some(cell.min(cells - 1))
    }

    /// A part as wide as `span` about a position, which keeps its place on the screen as far as the extent lets it.
    pub fn zoomed(&self, about: u64, span: u64, extent: Window, cells: usize) -> Window {
        let span = span.clamp((cells as u64 / WIDEST).max(1), extent.span().max(cells as u64 / WIDEST).max(1));
        let about = about.clamp(self.from, self.to);
        let before = ((about - self.from) as u128 * span as u128 / self.span().max(1) as u128) as u64;
        let from = about.saturating_sub(before);
        Window { from, to: from.saturating_add(span) }.within(extent)
    }

    /// The same span, moved so that it lies in the extent (or begins where that begins, if it is longer).
    pub fn within(&self, extent: Window) -> Window {
        let span = self.span();
        let from = self.from.min(extent.to.saturating_sub(span)).max(extent.from);
        Window { from, to: from.saturating_add(span) }
    }

    /// The same span, moved by so many positions.
    pub fn moved(&self, by: i64, extent: Window) -> Window {
        let from = self.from.saturating_add_signed(by);
        Window { from, to: from.saturating_add(self.span()) }.within(extent)
    }

    /// The same span, moved just so far that it shows a position.
    pub fn showing(&self, position: u64, extent: Window) -> Window {
        if position >= self.from && position < self.to {
            return *self;
        }
        let from = position.saturating_sub(self.span() / 2);
        Window { from, to: from.saturating_add(self.span()) }.within(extent)
    }

    /// Its positions.
    pub fn range(&self) -> Range<u64> {
        self.from..self.to
    }
}

/// Where an event is on the axis.
pub fn position(state: &State, measure: Measure, event: u64) -> u64 {
    match measure {
        Measure::Time => state.store.time_of(event),
        Measure::Events => event,
    }
}

/// The newest event before a position.
pub fn event_before(state: &State, measure: Measure, position: u64) -> u64 {
    let after = match measure {
        Measure::Time => state.store.ordinal_at(position),
        Measure::Events => position,
    };
    after.saturating_sub(1).clamp(state.store.first(), state.store.len().saturating_sub(1).max(state.store.first()))
}

/// The clocks of the edges of all cells.
pub fn clocks(state: &State, measure: Measure, window: Window, cells: usize) -> Vec<u64> {
    let edges = window.edges(cells).into_iter();
    match measure {
        Measure::Time => edges.map(|time| state.store.clock_at(time)).collect(),
        Measure::Events => {
            let last = state.store.len().saturating_sub(1);
            // A sixteenth of a cell is not to be seen.
            let within = window.span() / cells.max(1) as u64 / 16;
            edges.map(|event| state.store.clock_about(event.min(last), within)).collect()
        }
    }
}

/// Tasks that are asked how long they ran.
const ASKED: usize = 64;

/// Whether time tells little: there is less of it than there are events, nearly everything happens in a twentieth of it, or
/// tasks hardly run in it (a program that only sleeps, in virtual time: a lane would be one long `z`). Then events are the
/// better measure.
pub fn time_is_degenerate(state: &State) -> bool {
    let (first, end) = (state.store.first(), state.store.len());
    let events = end - first;
    let start = state.store.start_time();
    let total = state.end_time().saturating_sub(start);
    if events < 2 || total < events {
        return true;
    }
    let at = |tenth: u64| state.store.time_of(first + events * tenth / 10);
    if (at(9).saturating_sub(at(1)) as u128) * 20 < total as u128 {
        return true;
    }
    let tasks = state.store.tasks();
    let every = (tasks.len() / ASKED).max(1);
    let asked = tasks.iter().step_by(every);
    let ran: u64 = asked.map(|task| state.store.times(task.id, start..start + total).of(TaskState::Running)).sum();
    let ticks = state.store.clock_at(start + total).saturating_sub(state.store.clock_at(start));
    (ran as u128) * (every as u128) * 20 < ticks as u128
}

/// What the frame's title says of the window.
pub fn title(measure: Measure, window: Window, cells: usize) -> String {
    let per_cell = window.span() as f64 / cells.max(1) as f64;
    match measure {
        Measure::Time => {
            let cell = if per_cell < 1.0 { "< 1 ns".to_string() } else { short_duration(per_cell as u64) };
            format!("{} – {} · {cell} a cell", duration(window.from), duration(window.to - 1))
        }
        Measure::Events => {
            let (from, to) = (count(window.from), count(window.to - 1));
            match per_cell {
                n if n > 1.05 => format!("events {from} – {to} · {} a cell", crate::format::short_count(n)),
                n if n > 0.67 => format!("events {from} – {to} · a cell each"),
                n => format!("events {from} – {to} · {:.0} cells each", 1.0 / n.max(0.01)),
            }
        }
    }
}

/// Labels of the ruler with their columns: round numbers, far enough apart.
pub fn ruler(measure: Measure, window: Window, cells: usize) -> Vec<(usize, String)> {
    let label = |at: u64| match measure {
        Measure::Time => duration(at),
        Measure::Events => count(at),
    };
    let widest = width(&label(window.to)).max(width(&label(window.from))).max(6) + 2;
    let wanted = (cells / widest).max(1) as u64;
    let step = round_up(window.span() / wanted + 1);
    let mut out: Vec<(usize, String)> = Vec::new();
    let mut at = window.from.div_ceil(step).saturating_mul(step);
    let mut free = 0;
    while let Some(cell) = window.cell(at, cells) {
        let text = label(at);
        if cell >= free && cell + width(&text) <= cells {
            free = cell + width(&text) + 2;
            out.push((cell, text));
        }
        let Some(next) = at.checked_add(step) else { break };
        at = next;
    }
    out
}

/// The next number of the series 1, 2, 5, 10, 20, 50 …
fn round_up(number: u64) -> u64 {
    let mut scale = 1u64;
    loop {
        for factor in [1, 2, 5] {
            match scale.checked_mul(factor) {
                Some(round) if round >= number => return round,
                Some(_) => {}
                None => return u64::MAX / 2,
            }
        }
        let Some(next) = scale.checked_mul(10) else { return u64::MAX / 2 };
        scale = next;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_position_lies_in_the_cell_whose_edges_enclose_it() {
        for (from, to) in [(0, 1), (0, 7), (10, 1_000), (5, 10_000_000), (u64::MAX / 2, u64::MAX - 5)] {
            let window = Window { from, to };
            for cells in [1, 3, 50, 200] {
                for i in 0..500u64 {
                    let at = from + (window.span() - 1) / 499 * i.min(window.span() - 1);
                    let Some(cell) = window.cell(at, cells) else { continue };
                    assert!(window.edge(cell, cells) <= at, "{window:?} {cells} {at}");
                    let next =
                        (cell + 1..=cells).map(|c| window.edge(c, cells)).find(|&edge| edge > window.edge(cell, cells));
                    assert!(next.is_none_or(|next| at < next), "{window:?} {cells} {at} in {cell}");
                }
            }
        }
    }

    #[test]
    fn zooming_keeps_the_place_under_the_cursor() {
        let extent = Window { from: 0, to: 1_000_000 };
        let mut window = extent;
        for _ in 0..12 {
            let before = window.cell(300_000, 100).unwrap();
            window = window.zoomed(300_000, window.span() / 2, extent, 100);
            let after = window.cell(300_000, 100).unwrap();
            assert!(before.abs_diff(after) <= 1, "{before} {after}");
        }
        assert!(window.span() < 300);
        for _ in 0..30 {
            window = window.zoomed(300_000, window.span() * 2, extent, 100);
        }
        assert_eq!(window, extent);
    }

    #[test]
    fn a_window_stays_in_the_extent() {
        let extent = Window { from: 100, to: 200 };
        let window = Window { from: 150, to: 170 };
        assert_eq!(window.moved(1000, extent), Window { from: 180, to: 200 });
        assert_eq!(window.moved(-1000, extent), Window { from: 100, to: 120 });
        assert_eq!(window.showing(110, extent), Window { from: 100, to: 120 });
    }

    #[test]
    fn rulers_have_round_numbers_that_do_not_touch() {
        for (measure, to, cells) in
            [(Measure::Time, 1_204_000, 70), (Measure::Events, 313, 40), (Measure::Time, 3, 100)]
        {
            let labels = ruler(measure, Window { from: 0, to }, cells);
            assert!(labels.len() >= 2, "{labels:?}");
            for pair in labels.windows(2) {
                assert!(pair[0].0 + width(&pair[0].1) < pair[1].0);
            }
        }
        let labels = ruler(Measure::Time, Window { from: 0, to: 1_204_000 }, 70);
        assert_eq!(labels[1].1, "200 µs");
    }
}
