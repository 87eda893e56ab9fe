//! Which panes of the Debug view are where. The source is always there; what a screen has no room for waits behind its neighbour
//! and comes up when it gets the keys.
//!
//! ```text
//!  wide                                   80 columns                    60 × 15
//! ┌ source ───────┐┌ moves ─────┐        ┌ source ──────────────────┐  ┌ source ─────────┐
//! │               │├ tasks ─────┤        │                          │  │                 │
//! ├ variables ────┤│            │        ├ variables ─┐┌ moves ─────┤  ├ one of the rest ┤
//! │               │├ stack ─────┤        │ or stack   ││ or tasks   │  │                 │
//! ├ console ──────┤│            │        └────────────┘└────────────┘  └─────────────────┘
//! └───────────────┘└────────────┘         why it stands                 why it stands
//!  why it stands                          0 ├──●────────┤ 402 events    0 ├──●──┤ 402
//!  0 ├────●───────────┤ 402 events
//! ```

use crate::layout::{Regions, inside};
use crate::state::State;
use crate::views::View;
use ratatui::layout::{Position, Rect};

/// A pane.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum Pane {
    /// The source.
    #[default]
    Source,
    /// The variables of the selected frame.
    Variables,
    /// The stack of the selected task.
    Stack,
    /// Who can run next.
    Moves,
    /// The live tasks.
    Tasks,
    /// What was asked and said.
    Console,
}

impl Pane {
    /// Every pane, in the order of Tab.
    pub const ALL: &'static [Pane] =
        &[Pane::Source, Pane::Variables, Pane::Stack, Pane::Moves, Pane::Tasks, Pane::Console];

    /// What it is called where it is not shown.
    pub fn name(self) -> &'static str {
        match self {
            Pane::Source => "source",
            Pane::Variables => "variables",
            Pane::Stack => "stack",
            Pane::Moves => "moves",
            Pane::Tasks => "tasks",
            Pane::Console => "console",
        }
    }
}

/// A pane that is shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// Which.
    pub pane: Pane,
    /// Where, with its frame; the upper edge may be its neighbour's lower one.
    pub area: Rect,
    /// Whether its upper edge is.
    pub below: bool,
    /// Those that wait behind it.
    pub behind: Vec<Pane>,
}

/// Where everything is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Places {
    /// All of the view.
    pub area: Rect,
    /// The panes that are shown, from above.
    pub panes: Vec<Place>,
    /// The line that says why the run stands.
    pub words: Rect,
    /// The bar of the run.
    pub bar: Rect,
}

/// From so many columns on there are two columns of panes.
const WIDE: u16 = 100;
/// From so many rows on the lower part of a narrow screen has two panes, and the right of a wide one three.
const HIGH: u16 = 15;

impl Places {
    /// On the screen as it is.
    pub fn of(state: &State) -> Places {
        let Some(regions) = Regions::of(state.size, View::Debug, false) else {
            return Places { area: Rect::ZERO, panes: Vec::new(), words: Rect::ZERO, bar: Rect::ZERO };
        };
        let matters = match state.inspection() {
            Some(at) if !at.moves.is_empty() => Pane::Moves,
            Some(at) if at.ended.is_some() => Pane::Tasks,
            _ => Pane::Variables,
        };
        Places::new(regions.view, state.debug.focus, matters, state.debug.console)
    }

    /// `matters` is what is worth most here: who can be next, or the variables.
    fn new(area: Rect, focus: Pane, matters: Pane, console: bool) -> Places {
        let rows = area.height.saturating_sub(2);
        let upper = Rect { height: rows, ..area };
        let line = |y: u16| Rect { y: area.y + y, height: 1, ..area };
        // Who is asked for is shown; else who matters most here.
        let slot = |panes: &[Pane]| -> Vec<Pane> {
            let index = |wanted: Pane| panes.iter().position(|pane| *pane == wanted);
            // Where nobody is to be chosen the list of moves has nothing to say.
            let idle = || if matters == Pane::Moves { None } else { index(Pane::Tasks) };
            let first = index(focus).or_else(|| index(matters)).or_else(idle);
            let first = panes[first.unwrap_or(0)];
            std::iter::once(first).chain(panes.iter().copied().filter(|pane| *pane != first)).collect()
        };
        let (mut left, mut right) = (vec![], vec![]);
        let mut panes = Vec::new();
        if area.width >= WIDE {
            let split = area.width * 14 / 25;
            left.push((slot(&[Pane::Source]), if console && rows >= HIGH { 40 } else { 60 }));
            match (console, rows >= HIGH) {
                (false, _) => left.push((slot(&[Pane::Variables]), 40)),
                (true, true) => left.extend([(slot(&[Pane::Variables]), 25), (slot(&[Pane::Console]), 35)]),
                (true, false) if focus == Pane::Variables => left.push((vec![Pane::Variables, Pane::Console], 40)),
                (true, false) => left.push((vec![Pane::Console, Pane::Variables], 40)),
            }
            right.push((slot(&[Pane::Moves]), 30));
            match rows >= HIGH {
                true => right.extend([(slot(&[Pane::Tasks]), 40), (slot(&[Pane::Stack]), 30)]),
                false => right.push((slot(&[Pane::Tasks, Pane::Stack]), 50)),
            }
            column(Rect { width: split, ..upper }, false, left, &mut panes);
            column(Rect { x: area.x + split, width: area.width - split, ..upper }, false, right, &mut panes);
        } else {
            let source = if rows >= HIGH { rows * 11 / 20 } else { rows.div_ceil(2) };
            column(Rect { height: source, ..upper }, false, vec![(slot(&[Pane::Source]), 1)], &mut panes);
            let lower = Rect { y: upper.y + source - 1, height: rows + 1 - source, ..upper };
            let half = lower.width / 2;
            match (console, rows >= HIGH) {
                // The console is wide: its lines are sentences.
                (true, true) if focus != Pane::Console && focus != Pane::Source => {
                    let all = [Pane::Variables, Pane::Stack, Pane::Moves, Pane::Tasks, Pane::Console];
                    column(lower, true, vec![(slot(&all), 1)], &mut panes);
                }
                (true, true) => column(lower, true, vec![(vec![Pane::Console], 1)], &mut panes),
                (true, false) if focus == Pane::Source => {
                    column(lower, true, vec![(vec![Pane::Console], 1)], &mut panes);
                }
                (_, false) => {
                    let all = [Pane::Variables, Pane::Stack, Pane::Moves, Pane::Tasks];
                    let all: Vec<Pane> = all.into_iter().chain(console.then_some(Pane::Console)).collect();
                    column(lower, true, vec![(slot(&all), 1)], &mut panes);
                }
                (false, true) => {
                    let left = slot(&[Pane::Variables, Pane::Stack]);
                    let right = slot(&[Pane::Moves, Pane::Tasks]);
                    column(Rect { width: half, ..lower }, true, vec![(left, 1)], &mut panes);
                    let place = Rect { x: lower.x + half, width: lower.width - half, ..lower };
                    column(place, true, vec![(right, 1)], &mut panes);
                }
            }
        }
        Places { area, panes, words: line(rows), bar: line(rows + 1) }
    }

    /// A shown pane without its frame.
    pub fn inside(&self, pane: Pane) -> Option<Rect> {
        self.panes.iter().find(|place| place.pane == pane).map(|place| inside(place.area))
    }

    /// The pane at a place of the screen.
    pub fn at(&self, at: Position) -> Option<Pane> {
        self.panes.iter().rev().find(|place| place.area.contains(at)).map(|place| place.pane)
    }
}

/// Shares a column out by weights; neighbours share an edge.
fn column(area: Rect, below: bool, slots: Vec<(Vec<Pane>, u16)>, out: &mut Vec<Place>) {
    let count = slots.len() as u16;
    let total: u16 = slots.iter().map(|slot| slot.1).sum();
    let room = area.height.saturating_sub(count + 1);
    let mut y = area.y;
    let mut left = room;
    for (index, (panes, weight)) in slots.into_iter().enumerate() {
        let last = index as u16 + 1 == count;
        let rows = if last { left } else { (room * weight / total.max(1)).min(left) };
        left -= rows;
        let Some((&pane, behind)) = panes.split_first() else { continue };
        let area = Rect { y, height: rows + 2, ..area };
        out.push(Place { pane, area, below: below || index > 0, behind: behind.to_vec() });
        y += rows + 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_pane_can_be_reached_at_every_size_and_nothing_overlaps() {
        for columns in (60..260).step_by(7) {
            for rows in 12..80 {
                let area = Rect::new(0, 2, columns, rows);
                let cases = [Pane::Variables, Pane::Moves, Pane::Tasks];
                for (matters, console) in cases.into_iter().flat_map(|pane| [(pane, false), (pane, true)]) {
                    for &focus in Pane::ALL.iter().filter(|pane| console || **pane != Pane::Console) {
                        let places = Places::new(area, focus, matters, console);
                        let what = format!("{columns}×{rows} {focus:?} {matters:?} {console}: {places:?}");
                        let inner = places.inside(focus).expect(&what);
                        assert!(inner.height >= 1 && inner.width >= 20, "{what}");
                        let source = places.inside(Pane::Source).expect(&what);
                        assert!(source.height >= 3, "{what}");
                        for place in &places.panes {
                            assert_eq!(place.area.intersection(area), place.area, "{what}");
                            for other in places.panes.iter().filter(|other| other.pane != place.pane) {
                                assert!(inside(place.area).intersection(inside(other.area)).is_empty(), "{what}");
                            }
                        }
                        assert!(places.panes.iter().all(|place| !place.area.contains(places.words.as_position())));
                        assert_eq!(places.bar.bottom(), area.bottom());
                    }
                }
            }
        }
    }
}
