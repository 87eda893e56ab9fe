//! Tables of objects: which are shown, in which order, in which columns, and where the cursor is.
//!
//! A view of objects says what is its own ([`Objects`]): its orders, its columns, what stands in them. Filtering, sorting, scrolling,
//! moving and drawing are the same for all and stand here once.

use super::list::Scroll;
use crate::commands::Command;
use crate::draw::{empty, paint_row, put};
use crate::filter::{Fields, Filter};
use crate::format::{count, pad, pad_left, width};
use crate::state::{Focus, State};
use crate::theme::Role;
use crate::update::Mouse;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::{Modifier, Style};
use ratatui::text::{Line, Span};
use std::cmp::Reverse;
use tracer::event::ObjectId;

/// A column: its heading, its width (0: that of the names), whether it is a number, and the screen's width from which it is shown.
pub struct Column(pub &'static str, pub usize, pub bool, pub u16);

/// What rows are compared by.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum SortKey {
    /// By the alphabet.
    Text(String),
    /// The largest first.
    Most(Reverse<u64>),
}

impl SortKey {
    /// The largest first.
    pub fn most(n: impl Into<u64>) -> SortKey {
        SortKey::Most(Reverse(n.into()))
    }
}

/// What the title calls an order, and what it compares; `None` is the order of creation.
pub struct Order(pub &'static str, pub Option<fn(&State, ObjectId) -> SortKey>);

/// What a table remembers.
#[derive(Debug, Default)]
pub struct Table {
    /// Which objects are shown.
    pub filter: Filter,
    order: usize,
    reverse: bool,
    rows: Vec<ObjectId>,
    scroll: Scroll,
}

/// A view that is a table of objects.
pub trait Objects {
    /// What the objects are called together: `channels`.
    const WORD: &'static str;
    /// What the title says is shown as it was at a selected event.
    const THEN: &'static str;
    /// What would fill the table.
    const FILLS: &'static str;
    /// The orders that `s` goes through.
    const ORDERS: &'static [Order];
    /// The columns; the first has the names.
    const COLUMNS: &'static [Column];
    /// The part of the screen that the names may take: one in so many.
    const NAMES: usize;

    /// What it remembers.
    fn table(state: &State) -> &Table;
    /// The same, to be changed.
    fn table_mut(state: &mut State) -> &mut Table;
    /// All objects, in order of creation.
    fn all(state: &State) -> Vec<ObjectId>;
    /// What stands in the first column.
    fn name(state: &State, id: ObjectId) -> String;
    /// What stands in the others.
    fn field(state: &State, column: &str, id: ObjectId) -> (String, Style);

    /// What is drawn to the right of the columns: in the heading where there is no object.
    fn beside(_state: &State, _buffer: &mut Buffer, _area: Rect, _id: Option<ObjectId>) {}
}

/// What the frame says.
pub fn title<T: Objects>(state: &State) -> Line<'static> {
    let table = T::table(state);
    let mut spans = vec![Span::raw(T::WORD)];
    if !table.rows.is_empty() || !table.filter.is_empty() {
        spans.push(Span::raw(format!(" · {}", count(table.rows.len() as u64))));
    }
    if let Some(event) = state.selection.event {
        spans.push(Span::raw(format!(" · {} at event {}", T::THEN, count(event))));
    }
    if state.future().is_some() {
        let text = format!(" · counts of all {} known events", count(state.store.len()));
        spans.push(Span::styled(text, state.theme.dim()));
    }
    if table.order != 0 || table.reverse {
        let way = if table.reverse { ", reversed" } else { "" };
        let by = T::ORDERS.get(table.order).map_or("", |order| order.0);
        spans.push(Span::styled(format!(" · by {by}{way}"), state.theme.dim()));
    }
    if !table.filter.is_empty() {
        spans.push(Span::styled(format!(" · /{}", table.filter.text()), state.theme.bold(Role::Warning)));
    }
    Line::from(spans)
}

/// Sorts and filters.
pub fn settle<T: Objects>(state: &mut State) {
    let table = T::table(state);
    let mut rows = T::all(state);
    if !table.filter.is_empty() {
        rows.retain(|&id| {
            let name = state.object_name(id);
            table.filter.matches(&Fields { text: &name, object: &name, ..Fields::default() })
        });
    }
    if let Some(key) = T::ORDERS.get(table.order).and_then(|order| order.1) {
        rows.sort_by_cached_key(|&id| key(state, id));
    }
    if table.reverse {
        rows.reverse();
    }
    if state.selection.object.is_none()
        && let Some(&first) = rows.first()
    {
        state.selection.object = Some(first);
    }
    let cursor = rows.iter().position(|&id| Some(id) == state.selection.object);
    let room = (state.room().height as usize).saturating_sub(1);
    let table = T::table_mut(state);
    table.scroll.settle(cursor, rows.len(), room);
    table.rows = rows;
}

/// The moment was set from elsewhere.
pub fn moment_changed<T: Objects>(state: &mut State) {
    T::table_mut(state).scroll.reveal = true;
}

/// A command of the view.
pub fn command<T: Objects>(state: &mut State, command: Command) {
    let page = state.room().height.saturating_sub(2).max(1) as isize;
    match command {
        Command::Up => go::<T>(state, -1),
        Command::Down => go::<T>(state, 1),
        Command::PageUp => go::<T>(state, -page),
        Command::PageDown => go::<T>(state, page),
        Command::First => go::<T>(state, isize::MIN),
        Command::Last => go::<T>(state, isize::MAX),
        Command::Next | Command::Previous => {
            state.selection.focus = Focus::Object;
            state.step_event(command == Command::Next);
        }
        Command::Sort => {
            let table = T::table_mut(state);
            table.order = (table.order + 1) % T::ORDERS.len().max(1);
            table.reverse = false;
            table.scroll.reveal = true;
        }
        Command::Reverse => {
            let table = T::table_mut(state);
            table.reverse = !table.reverse;
            table.scroll.reveal = true;
        }
        Command::Open => state.show_made(),
        _ => {}
    }
}

fn go<T: Objects>(state: &mut State, by: isize) {
    let rows = &T::table(state).rows;
    let Some(last) = rows.len().checked_sub(1) else { return };
    let row = rows.iter().position(|&id| Some(id) == state.selection.object);
    let row = row.map_or(0, |row| row.saturating_add_signed(by).min(last));
    if let Some(&id) = rows.get(row) {
        state.select_object(id);
        T::table_mut(state).scroll.reveal = true;
    }
}

/// What the mouse did in a row of the view.
pub fn pointer<T: Objects>(state: &mut State, mouse: Mouse, y: u16) {
    let table = T::table_mut(state);
    match mouse {
        Mouse::Wheel(by) => table.scroll.by(by),
        Mouse::Click => {
            let row = (y as usize).checked_sub(1).map(|row| table.scroll.top + row);
            if let Some(&id) = row.and_then(|row| table.rows.get(row)) {
                state.select_object(id);
            }
        }
        Mouse::Sideways(_) | Mouse::Zoom(_) => {}
    }
}

/// Draws the view.
pub fn draw<T: Objects>(state: &State, buffer: &mut Buffer, area: Rect) {
    let table = T::table(state);
    if table.rows.is_empty() && table.filter.is_empty() {
        return empty(state, buffer, area, &state.none(T::WORD), T::FILLS);
    }
    if table.rows.is_empty() {
        let word = T::WORD.strip_suffix('s').unwrap_or(T::WORD);
        let what = format!("No {word} matches “{}”", table.filter.text());
        return empty(state, buffer, area, &what, "Esc drops the filter, / changes it.");
    }
    // The name gets what it needs, within reason: what stands beside is the more telling, the longer it is.
    let visible = table.rows.iter().skip(table.scroll.top).take(area.height as usize);
    let longest = visible.map(|&id| width(&T::name(state, id))).max().unwrap_or(0);
    let name = longest.clamp(T::WORD.len() - 1, (area.width as usize / T::NAMES).max(12));
    let columns: Vec<&Column> = T::COLUMNS.iter().filter(|column| area.width >= column.3.saturating_sub(2)).collect();
    let fitted = |column: &Column, text: &str| {
        let size = if column.1 == 0 { name } else { column.1 };
        if column.2 { pad_left(text, size) } else { pad(text, size) }
    };
    let rest = |x: u16, y: u16| {
        Rect { x: area.x + x, y: area.y + y, width: area.width.saturating_sub(x + 1), height: 1 }.intersection(area)
    };
    let mut x = 1;
    for column in &columns {
        x = put(buffer, area, x, 0, &fitted(column, column.0), state.theme.dim()) + 1;
    }
    T::beside(state, buffer, rest(x, 0), None);
    for y in 1..area.height {
        let Some(&id) = table.rows.get(table.scroll.top + y as usize - 1) else { break };
        let mut x = 1;
        for (i, column) in columns.iter().enumerate() {
            let (text, style) = match i {
                0 => (T::name(state, id), Style::new().add_modifier(Modifier::BOLD)),
                _ => T::field(state, column.0, id),
            };
            x = put(buffer, area, x, y, &fitted(column, &text), style) + 1;
        }
        if state.is_made_later(id) {
            paint_row(buffer, Rect { width: x.min(area.width), ..area }, y, state.theme.future());
        }
        if state.selection.object == Some(id) {
            let chosen = Rect { width: x.min(area.width), ..area };
            paint_row(buffer, chosen, y, Style::new().add_modifier(Modifier::REVERSED));
        }
        T::beside(state, buffer, rest(x, y), Some(id));
    }
}
