//! The locks (mutexes, read-write locks, semaphores, onces): who holds them, who waits, and what they cost.

use super::list::Scroll;
use super::waits::object_text;
use crate::commands::Command;
use crate::draw::{empty, paint_row, put};
use crate::filter::{Fields, Filter};
use crate::format::{count, pad, pad_left, percent, short_count, short_duration, width};
use crate::state::{Focus, State};
use crate::theme::Role;
use crate::update::Mouse;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::{Modifier, Style};
use ratatui::text::{Line, Span};
use std::cmp::Reverse;
use tracer::event::ObjectId;
use tracer::model::locks::Lock;

/// What the table is sorted by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
enum Order {
    #[default]
    Made,
    Waiting,
    Waited,
    Held,
}

impl Order {
    fn next(self) -> Order {
        match self {
            Order::Made => Order::Waiting,
            Order::Waiting => Order::Waited,
            Order::Waited => Order::Held,
            Order::Held => Order::Made,
        }
    }

    fn label(self) -> &'static str {
        match self {
            Order::Made => "creation",
            Order::Waiting => "waiting",
            Order::Waited => "time waited",
            Order::Held => "time held",
        }
    }
}

/// What the table remembers.
#[derive(Debug, Default)]
pub struct LocksView {
    /// Which locks are shown.
    pub filter: Filter,
    order: Order,
    reverse: bool,
    rows: Vec<ObjectId>,
    scroll: Scroll,
}

/// What the frame says.
pub fn title(state: &State) -> Line<'static> {
    let view = &state.locks;
    let mut spans = vec![Span::raw("locks")];
    if !state.store.locks().is_empty() {
        spans.push(Span::raw(format!(" · {}", count(view.rows.len() as u64))));
    }
    if let Some(event) = state.selection.event {
        spans.push(Span::raw(format!(" · holders and waiting at event {}", count(event))));
    }
    if view.order != Order::Made || view.reverse {
        let way = if view.reverse { ", reversed" } else { "" };
        spans.push(Span::styled(format!(" · by {}{way}", view.order.label()), state.theme.dim()));
    }
    if !view.filter.is_empty() {
        spans.push(Span::styled(format!(" · /{}", view.filter.text()), state.theme.bold(Role::Warning)));
    }
    Line::from(spans)
}

/// Sorts and filters.
pub fn settle(state: &mut State) {
    let filter = &state.locks.filter;
    let stays = |id: ObjectId| {
        let name = state.object_name(id);
        filter.matches(&Fields { text: &name, object: &name, ..Fields::default() })
    };
    let all = state.store.locks().iter().map(|(id, _)| id);
    let mut rows: Vec<ObjectId> = all.filter(|&id| filter.is_empty() || stays(id)).collect();
    let lock = |id: &ObjectId| state.store.locks().get(*id);
    match state.locks.order {
        Order::Made => {}
        Order::Waiting => rows.sort_by_cached_key(|id| Reverse(state.now().object(*id).map_or(0, |now| now.waiting))),
        Order::Waited => rows.sort_by_cached_key(|id| Reverse(lock(id).map_or(0, |lock| lock.wait_ticks))),
        Order::Held => rows.sort_by_cached_key(|id| Reverse(lock(id).map_or(0, |lock| lock.hold_ticks))),
    }
    if state.locks.reverse {
        rows.reverse();
    }
    if state.selection.object.is_none()
        && let Some(&first) = rows.first()
    {
        state.selection.object = Some(first);
    }
    let cursor = rows.iter().position(|&id| Some(id) == state.selection.object);
    let room = (state.room().height as usize).saturating_sub(1);
    state.locks.scroll.settle(cursor, rows.len(), room);
    state.locks.rows = rows;
}

/// The moment was set from elsewhere.
pub fn moment_changed(state: &mut State) {
    state.locks.scroll.reveal = true;
}

/// A command of this view.
pub fn command(state: &mut State, command: Command) {
    let page = state.room().height.saturating_sub(2).max(1) as isize;
    match command {
        Command::Up => go(state, -1),
        Command::Down => go(state, 1),
        Command::PageUp => go(state, -page),
        Command::PageDown => go(state, page),
        Command::First => go(state, isize::MIN),
        Command::Last => go(state, isize::MAX),
        Command::Next | Command::Previous => {
            state.selection.focus = Focus::Object;
            state.step_event(command == Command::Next);
        }
        Command::Sort => {
            state.locks.order = state.locks.order.next();
            state.locks.reverse = false;
            state.locks.scroll.reveal = true;
        }
        Command::Reverse => {
            state.locks.reverse = !state.locks.reverse;
            state.locks.scroll.reveal = true;
        }
        Command::Open => state.show_made(),
        _ => {}
    }
}

fn go(state: &mut State, by: isize) {
    let rows = &state.locks.rows;
    let Some(last) = rows.len().checked_sub(1) else { return };
    let row = rows.iter().position(|&id| Some(id) == state.selection.object);
    let row = row.map_or(0, |row| row.saturating_add_signed(by).min(last));
    if let Some(&id) = rows.get(row) {
        state.select_object(id);
        state.locks.scroll.reveal = true;
    }
}

/// What the mouse did in a row of the view.
pub fn pointer(state: &mut State, mouse: Mouse, y: u16) {
    match mouse {
        Mouse::Wheel(by) => state.locks.scroll.by(by),
        Mouse::Click => {
            let row = (y as usize).checked_sub(1).map(|row| state.locks.scroll.top + row);
            if let Some(&id) = row.and_then(|row| state.locks.rows.get(row)) {
                state.select_object(id);
            }
        }
        Mouse::Sideways(_) | Mouse::Zoom(_) => {}
    }
}

/// A column: its heading, its width, whether it is a number, and the screen's width from which it is shown.
struct Column(&'static str, usize, bool, u16);

const COLUMNS: [Column; 8] = [
    Column("lock", 0, false, 0),
    Column("held by", 14, false, 0),
    Column("waiting", 7, true, 0),
    Column("taken", 8, true, 0),
    Column("after wait", 10, true, 76),
    Column("waited", 7, true, 0),
    Column("longest", 7, true, 86),
    Column("held", 7, true, 96),
];

/// Draws the view.
pub fn draw(state: &State, buffer: &mut Buffer, area: Rect) {
    if state.store.locks().is_empty() {
        let how = "Each mutex, read-write lock, semaphore and once that the program makes gets a row here: who holds it, who waits, what it costs.";
        return empty(state, buffer, area, &state.none("locks"), how);
    }
    if state.locks.rows.is_empty() {
        let what = format!("No lock matches “{}”", state.locks.filter.text());
        return empty(state, buffer, area, &what, "Esc drops the filter, / changes it.");
    }
    let visible = state.locks.rows.iter().skip(state.locks.scroll.top).take(area.height as usize);
    let name = visible
        .map(|&id| width(&object_text(state, id)))
        .max()
        .unwrap_or(0)
        .clamp(8, (area.width as usize / 3).max(12));
    let size = |column: &Column| if column.0 == "lock" { name } else { column.1 };
    let columns: Vec<&Column> = COLUMNS.iter().filter(|column| area.width >= column.3.saturating_sub(2)).collect();
    let mut x = 1;
    for column in &columns {
        let text = if column.2 { pad_left(column.0, size(column)) } else { pad(column.0, size(column)) };
        x = put(buffer, area, x, 0, &text, state.theme.dim()) + 1;
    }
    for y in 1..area.height {
        let Some(&id) = state.locks.rows.get(state.locks.scroll.top + y as usize - 1) else { break };
        let Some(lock) = state.store.locks().get(id) else { continue };
        let mut x = 1;
        for column in &columns {
            let (text, style) = field(state, column.0, id, lock);
            let text = if column.2 { pad_left(&text, size(column)) } else { pad(&text, size(column)) };
            x = put(buffer, area, x, y, &text, style) + 1;
        }
        if state.selection.object == Some(id) {
            paint_row(
                buffer,
                Rect { width: x.min(area.width), ..area },
                y,
                Style::new().add_modifier(Modifier::REVERSED),
            );
        }
    }
}

fn field(state: &State, column: &str, id: ObjectId, lock: &Lock) -> (String, Style) {
    let plain = Style::new();
    let now = state.now().object(id);
    let part = |part: u64, whole: u64| percent(part as f64 / whole.max(1) as f64);
    match column {
        "lock" => (object_text(state, id), plain.add_modifier(Modifier::BOLD)),
        "held by" => match now.map(|now| now.holds.as_slice()) {
            Some([hold]) => (state.task_name(hold.task), state.theme.style(Role::Running)),
            Some([hold, rest @ ..]) => {
                (format!("{} +{}", state.task_name(hold.task), rest.len()), state.theme.style(Role::Running))
            }
            _ => ("–".into(), state.theme.dim()),
        },
        "waiting" => match now.map_or(0, |now| now.waiting) {
            0 => ("–".into(), state.theme.dim()),
            n => (format!("{} ▪", count(n as u64)), state.theme.bold(Role::Lock)),
        },
        "taken" => (short_count(lock.acquired as f64), plain),
        "after wait" => (part(lock.contended, lock.acquired), plain),
        "waited" => (short_duration(lock.wait_ticks), plain),
        "longest" => (short_duration(lock.longest_wait), plain),
        _ => (short_duration(lock.hold_ticks), plain),
    }
}
