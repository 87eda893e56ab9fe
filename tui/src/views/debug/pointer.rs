//! The mouse in the panes: a click gives a pane the keys and puts its cursor where it points.

use super::places::{Pane, Places};
use super::{bar, choose_frame, choose_task, lines, lines_of_moves, open};
use crate::state::State;
use crate::update::Mouse;
use ratatui::layout::Position;

/// What the mouse did at a place of the view.
pub fn pointer(state: &mut State, mouse: Mouse, x: u16, y: u16) {
    let places = Places::of(state);
    let at = Position::new(places.area.x + x, places.area.y + y);
    if places.bar.contains(at) {
        return bar::pointer(state, mouse, at.x - places.bar.x, places.bar.width);
    }
    let Some(pane) = places.at(at) else { return };
    let Some(area) = places.inside(pane) else { return };
    match mouse {
        Mouse::Wheel(by) => scroll(state, pane, by),
        Mouse::Sideways(by) => state.debug.left = state.debug.left.saturating_add_signed(by as isize * 8).min(10_000),
        Mouse::Click => {
            // On its edge a click only gives it the keys.
            state.debug.focus = pane;
            if area.contains(at) {
                click(state, pane, (at.y - area.y) as usize);
            }
        }
        Mouse::Zoom(_) => {}
    }
}

fn scroll(state: &mut State, pane: Pane, by: i32) {
    let view = &mut state.debug;
    match pane {
        Pane::Source => view.top = view.top.saturating_add_signed(by * 3),
        Pane::Variables => view.variables.by(by),
        Pane::Stack => view.stack.by(by),
        Pane::Moves => view.moves.by(by),
        Pane::Tasks => view.tasks.by(by),
        Pane::Console => view.console_up = view.console_up.saturating_add_signed(-(by as isize) * 3),
    }
}

fn click(state: &mut State, pane: Pane, row: usize) {
    let view = &mut state.debug;
    match pane {
        Pane::Source => {
            let line = view.top.max(1) as usize + row;
            if line <= lines(state) {
                state.selection.line = Some((state.selection.line.map_or(0, |line| line.0), line as u32));
            }
        }
        Pane::Variables => {
            let row = view.variables.top + row;
            // A second click unfolds.
            if std::mem::replace(&mut view.variable, row) == row {
                open(state);
            }
        }
        Pane::Stack => {
            let index = view.stack.top + row;
            if state.inspection().is_some_and(|at| index < at.stack.len()) {
                choose_frame(state, index);
            }
        }
        Pane::Moves => {
            let line = view.moves.top + row;
            if let Some((index, _)) = lines_of_moves(state, &Places::of(state)).get(line) {
                state.debug.chosen_move = *index;
            }
        }
        Pane::Tasks => {
            let row = view.tasks.top + row;
            choose_task(state, row);
        }
        Pane::Console => {}
    }
}
