//! The bar of the whole run: where it stands, what lies ahead of it, where something was found wrong or chosen by hand.
//!
//! `0 ├━━━━▲━━●─────✖─┤ 402 events`. A cell is a share of the events; a click goes there.

use crate::draw::put;
use crate::format::{plural, width};
use crate::state::State;
use crate::theme::Role;
use crate::update::Mouse;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

/// Where the bar's cells are in a line: the first column, how many, and what stands after them.
struct Scale {
    first: u16,
    cells: u64,
    last: u64,
    words: String,
}

impl Scale {
    fn of(state: &State, columns: u16) -> Option<Scale> {
        let at = state.inspection()?;
        let last = at.frontier.event.max(at.at.event);
        let words = plural(last, "event");
        let first = 4;
        let cells = columns.checked_sub(first + 3 + width(&words) as u16).filter(|cells| *cells >= 5)?;
        Some(Scale { first, cells: u64::from(cells), last, words })
    }

    /// The cell of an event.
    fn cell(&self, event: u64) -> u16 {
        (u128::from(event.min(self.last)) * u128::from(self.cells - 1) / u128::from(self.last.max(1))) as u16
    }

    /// The first event of a cell.
    fn event(&self, cell: u64) -> u64 {
        let cell = cell.min(self.cells - 1);
        (u128::from(cell) * u128::from(self.last)).div_ceil(u128::from(self.cells - 1)) as u64
    }
}

/// Draws it into a line.
pub fn draw(state: &State, buffer: &mut Buffer, area: Rect) {
    let (Some(at), Some(scale)) = (state.inspection(), Scale::of(state, area.width)) else { return };
    let theme = &state.theme;
    let here = scale.cell(at.at.event);
    put(buffer, area, 1, 0, "0 ├", theme.dim());
    for cell in 0..scale.cells as u16 {
        let (glyph, style) = if cell <= here { ("━", theme.style(Role::Running)) } else { ("─", theme.dim()) };
        put(buffer, area, scale.first + cell, 0, glyph, style);
    }
    let mut mark = |event: u64, glyph: &str, role: Role| {
        put(buffer, area, scale.first + scale.cell(event), 0, glyph, theme.bold(role));
    };
    at.chosen.iter().for_each(|chosen| mark(chosen.event, "▲", Role::Key));
    state.findings.iter().filter_map(|finding| finding.event).for_each(|event| mark(event, "✖", Role::Bad));
    // Where it stands goes over everything.
    mark(at.at.event, "●", Role::Title);
    let x = put(buffer, area, scale.first + scale.cells as u16, 0, "┤ ", theme.dim());
    put(buffer, area, x, 0, &scale.words, theme.dim());
}

/// By a cell, an event at least.
pub fn move_by(state: &mut State, later: bool) {
    let columns = state.size.0;
    let (Some(at), Some(scale)) = (state.inspection(), Scale::of(state, columns)) else { return };
    let step = (scale.last / (scale.cells - 1)).max(1);
    let from = state.debugger.as_ref().and_then(|debugger| debugger.heading).unwrap_or(at.at.event);
    let to = if later { (from + step).min(scale.last) } else { from.saturating_sub(step) };
    state.head_for(to);
}

/// What the mouse did in a column of the line.
pub fn pointer(state: &mut State, mouse: Mouse, x: u16, columns: u16) {
    match mouse {
        Mouse::Click => {
            let Some(scale) = Scale::of(state, columns) else { return };
            let cell = u64::from(x.saturating_sub(scale.first));
            if x >= scale.first && cell < scale.cells {
                let event = scale.event(cell);
                state.head_for(event);
            }
        }
        Mouse::Wheel(by) | Mouse::Sideways(by) => move_by(state, by > 0),
        Mouse::Zoom(_) => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_click_on_a_cell_leads_to_an_event_of_that_cell() {
        for last in [0, 1, 7, 402, 1_000_000, u64::MAX / 2] {
            for cells in [5, 40, 190] {
                let scale = Scale { first: 4, cells, last, words: String::new() };
                assert_eq!((scale.cell(0), scale.event(0)), (0, 0));
                assert_eq!(scale.event(cells - 1), last);
                for cell in 0..cells {
                    let event = scale.event(cell);
                    assert!(event <= last);
                    // Where there are fewer events than cells the nearest one after the cell is meant.
                    let back = u64::from(scale.cell(event));
                    assert!(
                        back == cell || last < cells && (back > cell || last == 0),
                        "{last} {cells} {cell}: {event}"
                    );
                }
            }
        }
    }
}
