//! Scrolling through a long list of numbered things, and keeping those that match a filter; lists of events above all ([`Log`]).

use crate::commands::Command;
use crate::state::State;
use crate::update::Mouse;

/// Which part of a list is shown.
#[derive(Clone, Copy, Debug, Default)]
pub struct Scroll {
    /// The first row shown.
    pub top: usize,
    /// Whether the cursor's row is to be scrolled to.
    pub reveal: bool,
}

impl Scroll {
    /// Keeps the part inside the list, and the cursor in it where that was asked for.
    pub fn settle(&mut self, cursor: Option<usize>, rows: usize, room: usize) {
        if std::mem::take(&mut self.reveal)
            && let Some(cursor) = cursor
        {
            self.top = reveal(self.top, cursor, room);
        }
        self.top = self.top.min(rows.saturating_sub(room));
    }

    /// Scrolls without moving the cursor.
    pub fn by(&mut self, rows: i32) {
        self.top = self.top.saturating_add_signed(rows as isize * 3);
    }
}

/// The first row shown, moved just so far that a row can be seen.
pub fn reveal(top: usize, row: usize, room: usize) -> usize {
    top.clamp((row + 1).saturating_sub(room.max(1)), row)
}

/// What a filter has let through so far of things numbered from 0; goes on where it stopped.
#[derive(Clone, Debug, Default)]
pub struct Scan {
    /// The next thing to look at.
    pub next: u64,
    /// What matched, in order.
    pub found: Vec<u64>,
}

impl Scan {
    /// How many matched before and at a number.
    pub fn rank(&self, number: u64) -> usize {
        self.found.partition_point(|&found| found <= number)
    }
}

/// A view that is a list of events, one line each.
pub trait Log {
    /// How many lines there are.
    fn rows(state: &State) -> usize;
    /// The event in a line.
    fn at(state: &State, row: usize) -> Option<u64>;
    /// The line of the moment: that of the newest event shown which is not after it.
    fn cursor(state: &State) -> Option<usize>;
    /// Its part that is shown.
    fn scroll(state: &mut State) -> &mut Scroll;
}

/// Keeps the scroll position right.
pub fn settle<T: Log>(state: &mut State) {
    let room = state.room().height as usize;
    let rows = T::rows(state);
    let follow = state.follow;
    let newest = follow && state.selection.event.is_none();
    let cursor = if newest { rows.checked_sub(1) } else { T::cursor(state) };
    // What lies ahead of where a debugged run stands is seen below it.
    let ahead = if state.future().is_some() { room / 3 } else { 0 };
    let scroll = T::scroll(state);
    scroll.reveal |= follow;
    if let Some(cursor) = cursor.filter(|_| scroll.reveal && ahead > 0) {
        scroll.top = reveal(scroll.top, (cursor + ahead).min(rows.saturating_sub(1)), room);
    }
    scroll.settle(cursor, rows, room);
}

/// The moment was set from elsewhere.
pub fn moment_changed<T: Log>(state: &mut State) {
    T::scroll(state).reveal = true;
}

/// A command of the view.
pub fn command<T: Log>(state: &mut State, command: Command) {
    let page = state.room().height.saturating_sub(1).max(1) as isize;
    match command {
        Command::Up => go::<T>(state, -1),
        Command::Down => go::<T>(state, 1),
        Command::PageUp => go::<T>(state, -page),
        Command::PageDown => go::<T>(state, page),
        Command::First => go::<T>(state, isize::MIN),
        Command::Last => go::<T>(state, isize::MAX),
        Command::Next => state.step_event(true),
        Command::Previous => state.step_event(false),
        Command::Open => {
            let event = T::cursor(state).and_then(|row| T::at(state, row)).and_then(|event| state.store.event(event));
            match event.and_then(|event| Some((event.ordinal, state.program.place(event.site)?))) {
                Some((ordinal, place)) => {
                    state.select_event(ordinal);
                    state.show_line(place.file, place.line);
                }
                None => state.notice = Some("this event has no place in the source".into()),
            }
        }
        _ => {}
    }
}

fn go<T: Log>(state: &mut State, by: isize) {
    let Some(last) = T::rows(state).checked_sub(1) else { return };
    let row = match T::cursor(state) {
        Some(row) => row.saturating_add_signed(by).min(last),
        None if by > 0 => 0,
        None => return,
    };
    if let Some(event) = T::at(state, row) {
        state.select_event(event);
    }
}

/// What the mouse did in a row of the view.
pub fn pointer<T: Log>(state: &mut State, mouse: Mouse, y: u16) {
    match mouse {
        Mouse::Wheel(by) => {
            state.stop_following();
            T::scroll(state).by(by);
        }
        Mouse::Click => {
            let row = T::scroll(state).top + y as usize;
            if let Some(event) = T::at(state, row) {
                state.select_event(event);
            }
        }
        Mouse::Sideways(_) | Mouse::Zoom(_) => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_cursor_is_scrolled_to_only_when_it_moved() {
        let mut scroll = Scroll { top: 0, reveal: true };
        scroll.settle(Some(25), 100, 10);
        assert_eq!(scroll.top, 16);
        scroll.by(-2);
        scroll.settle(Some(25), 100, 10);
        assert_eq!(scroll.top, 10);
        scroll.by(1000);
        scroll.settle(Some(25), 100, 10);
        assert_eq!(scroll.top, 90);
        scroll.settle(None, 3, 10);
        assert_eq!(scroll.top, 0);
    }
}
