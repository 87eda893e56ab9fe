//! The timeline: a lane for each task, in the order of the spawn tree.
//!
//! [`axis`] is the horizontal measure, [`rows`] the vertical one, [`cells`] what stands where they meet, [`draw`] the picture.
//! The cursor is a row (the selected task, or a folded group) and a position on the axis. Moving the cursor sets the moment of
//! all views; picking an event elsewhere brings the cursor along.

pub mod axis;
pub mod cells;
mod draw;
pub mod rows;

use crate::commands::Command;
use crate::filter::Filter;
use crate::format::width;
use crate::session::Status;
use crate::state::{Focus, State};
use crate::update::Mouse;
use crate::views::View;
use crate::views::list::reveal;
use axis::{Measure, Window, event_before, position, time_is_degenerate};
pub use draw::{draw, title};
use rows::{Group, Key, Rows};
use std::collections::BTreeMap;
use tracer::model::state::TaskState;

/// What the timeline remembers.
#[derive(Debug, Default)]
pub struct TimelineView {
    /// What is measured.
    pub measure: Measure,
    /// Whether the user chose the measure.
    measure_chosen: bool,
    /// With how many events the measure was judged last.
    judged: u64,
    /// The part shown; `None` is the whole run.
    window: Option<Window>,
    /// Where the cursor is.
    pub cursor: u64,
    /// The rows.
    pub rows: Rows,
    /// The first row shown.
    pub top: usize,
    /// The folded group that the cursor is on.
    pub group: Option<Group>,
    /// Groups that the user folded (`true`) or unfolded.
    folds: BTreeMap<Group, bool>,
    /// Whether the user folded (`true`) or unfolded the workers' lanes.
    workers_folded: Option<bool>,
    /// Which tasks are shown.
    pub filter: Filter,
    /// Whether the cursor's row is to be scrolled to.
    reveal: bool,
    tally: Option<Tally>,
}

/// How many tasks of a group do what.
#[derive(Debug)]
struct Tally {
    /// Of which group, at which moment, of how many events.
    of: (Group, u64, u64),
    counts: Vec<(u64, TaskState)>,
}

impl TimelineView {
    /// How many tasks of the group under the cursor do what.
    pub fn tally(&self) -> &[(u64, TaskState)] {
        self.tally.as_ref().map_or(&[], |tally| &tally.counts)
    }

    /// Other events have taken the place of those there were.
    pub fn begin_again(&mut self) {
        self.rows_are_stale();
        self.judged = 0;
    }

    /// The rows are to be made anew.
    pub fn rows_are_stale(&mut self) {
        self.rows.stale();
        self.reveal = true;
    }
}

/// Where the parts of the view are.
pub struct Parts {
    /// Columns of the labels, the space after them included.
    pub label: usize,
    /// Cells of a lane.
    pub cells: usize,
    /// Lanes of tasks.
    pub lanes: usize,
    /// Lanes of workers below them: none where there is only one worker, one for all where they are folded.
    pub workers: usize,
}

impl Parts {
    /// In the room that the view has: a ruler above, labels at the left.
    pub fn of(state: &State) -> Parts {
        let room = state.room();
        let columns = room.width as usize;
        let label = (state.timeline.rows.label + 2).clamp(8, (columns / 3).clamp(8, 30));
        let lanes = (room.height as usize).saturating_sub(1);
        let workers = worker_lanes(state, lanes);
        Parts { label, cells: columns.saturating_sub(label), lanes: lanes - workers, workers }
    }
}

/// How many rows the workers get: a lane each where they fit in a third of the view, else one for all.
fn worker_lanes(state: &State, lanes: usize) -> usize {
    const FOLD_AT: usize = 9;
    let n = state.store.workers().len();
    let folded = state.timeline.workers_folded.unwrap_or(n >= FOLD_AT);
    match n {
        0 | 1 => 0,
        _ if lanes < 4 => 0,
        _ if folded || n > lanes / 3 => 1,
        _ => n,
    }
}

/// The part of the axis that is shown.
pub fn window(state: &State) -> Window {
    let extent = Window::extent(state, state.timeline.measure);
    state.timeline.window.unwrap_or(extent)
}

/// The row that the cursor is on.
pub fn cursor_row(state: &State) -> Option<usize> {
    let rows = &state.timeline.rows.rows;
    if let Some(group) = state.timeline.group {
        return rows.iter().position(|row| row.key == Key::Group(group));
    }
    let id = state.selection.task?;
    let group = state.store.tasks().get(id).map(Group::of);
    let found = rows.iter().position(|row| row.key == Key::Task(id));
    found.or_else(|| rows.iter().position(|row| group.is_some_and(|group| row.key == Key::Group(group))))
}

/// Makes rows, window and scroll position right.
pub fn settle(state: &mut State) {
    let running = matches!(state.status, Status::Running);
    if state.timeline.rows.outdated(state.store.tasks().len(), running) {
        state.timeline.rows = Rows::build(state, &state.timeline.folds, &state.timeline.filter);
    }
    judge_measure(state);
    let measure = state.timeline.measure;
    let extent = Window::extent(state, measure);
    let parts = Parts::of(state);
    if state.follow {
        state.timeline.cursor = position(state, measure, state.moment());
        // At full length the window is the extent; a zoomed one goes along with its end, or with where a debugged run stands.
        if state.selection.event.is_some() {
            show_cursor(state);
        } else if let Some(window) = state.timeline.window {
            let from = extent.to.saturating_sub(window.span()).max(extent.from);
            state.timeline.window = Some(Window { from, to: from.saturating_add(window.span()) });
        }
    }
    state.timeline.cursor = state.timeline.cursor.clamp(extent.from, extent.to - 1);
    let count = state.timeline.rows.rows.len();
    let last = count.saturating_sub(parts.lanes);
    if std::mem::take(&mut state.timeline.reveal)
        && let Some(row) = cursor_row(state)
    {
        state.timeline.top = reveal(state.timeline.top, row, parts.lanes);
    }
    state.timeline.top = state.timeline.top.min(last);
    count_group(state);
}

/// Counts the group under the cursor, where that has not been done for this moment: it may have a million tasks.
fn count_group(state: &mut State) {
    let Some(group) = state.timeline.group else { return };
    let key = (group, state.moment(), state.store.len());
    if state.timeline.tally.as_ref().is_none_or(|tally| tally.of != key) {
        let members = state.timeline.rows.groups.get(&group);
        let counts = members.map_or_else(Vec::new, |members| cells::tally(state, members));
        state.timeline.tally = Some(Tally { of: key, counts });
    }
}

/// Chooses the measure for the user until he chooses one: anew whenever there are twice as many events, and at the end.
fn judge_measure(state: &mut State) {
    let events = state.store.len();
    let ended = matches!(state.status, Status::Finished(_));
    let due = events >= state.timeline.judged.saturating_mul(2) || ended && events != state.timeline.judged;
    if state.timeline.measure_chosen || !state.follow || events == 0 || !due {
        return;
    }
    state.timeline.judged = events;
    let measure = if time_is_degenerate(state) { Measure::Events } else { Measure::Time };
    set_measure(state, measure);
}

fn set_measure(state: &mut State, measure: Measure) {
    if state.timeline.measure == measure {
        return;
    }
    // The same part of the run, in the other measure.
    let before = state.timeline.measure;
    if let Some(old) = state.timeline.window {
        let from = position(state, measure, event_before(state, before, old.from.saturating_add(1)));
        let to = position(state, measure, event_before(state, before, old.to)).saturating_add(1);
        state.timeline.window = Some(Window { from, to: to.max(from + 1) });
    }
    state.timeline.measure = measure;
    state.timeline.cursor = position(state, measure, state.moment());
    show_cursor(state);
}

/// The moment was set from elsewhere: the cursor goes there.
pub fn moment_changed(state: &mut State) {
    state.timeline.cursor = position(state, state.timeline.measure, state.moment());
    state.timeline.group = None;
    state.timeline.reveal = true;
    show_cursor(state);
}

fn show_cursor(state: &mut State) {
    let extent = Window::extent(state, state.timeline.measure);
    if let Some(window) = state.timeline.window {
        let window = window.showing(state.timeline.cursor, extent);
        state.timeline.window = (window != extent).then_some(window);
    }
}

/// A command of this view.
pub fn command(state: &mut State, command: Command) {
    let page = Parts::of(state).lanes.saturating_sub(1).max(1) as isize;
    match command {
        Command::Up => move_row(state, -1),
        Command::Down => move_row(state, 1),
        Command::PageUp => move_row(state, -page),
        Command::PageDown => move_row(state, page),
        Command::First => to_end(state, false),
        Command::Last => to_end(state, true),
        Command::Left => move_cursor(state, -1),
        Command::Right => move_cursor(state, 1),
        Command::PanLeft => pan(state, -0.5),
        Command::PanRight => pan(state, 0.5),
        Command::LaneUp => scroll(state, -1),
        Command::LaneDown => scroll(state, 1),
        Command::ZoomIn if state.timeline.group.is_some() => fold(state, false),
        Command::ZoomIn => zoom(state, state.timeline.cursor, true),
        Command::ZoomOut => zoom(state, state.timeline.cursor, false),
        Command::ZoomFit => state.timeline.window = None,
        Command::Axis => {
            state.timeline.measure_chosen = true;
            let other = match state.timeline.measure {
                Measure::Time => Measure::Events,
                Measure::Events => Measure::Time,
            };
            set_measure(state, other);
        }
        Command::Workers => fold_workers(state),
        Command::Group => fold(state, state.timeline.group.is_none()),
        Command::Next => state.step_event(true),
        Command::Previous => state.step_event(false),
        Command::Open => open(state),
        _ => {}
    }
}

/// What the mouse did at a place inside the view.
pub fn pointer(state: &mut State, mouse: Mouse, x: u16, y: u16) {
    let parts = Parts::of(state);
    let cell = (x as usize).checked_sub(parts.label);
    match mouse {
        Mouse::Wheel(by) => scroll(state, by as isize * 3),
        Mouse::Sideways(by) => pan(state, by as f64 * 0.1),
        Mouse::Zoom(inward) => {
            let about = window(state).edge(cell.unwrap_or(0), parts.cells);
            zoom(state, about, inward);
        }
        Mouse::Click => {
            if let Some(row) = (y as usize).checked_sub(1).filter(|&row| row < parts.lanes) {
                choose_row(state, state.timeline.top + row);
            }
            if let Some(cell) = cell {
                put_cursor(state, window(state).edge(cell, parts.cells));
            }
        }
    }
}

fn choose_row(state: &mut State, index: usize) {
    let Some(row) = state.timeline.rows.rows.get(index) else { return };
    match row.key {
        Key::Task(id) => {
            state.timeline.group = None;
            state.select_task(id);
        }
        Key::Group(group) => {
            state.timeline.group = Some(group);
            state.selection.focus = Focus::Task;
        }
    }
    state.timeline.reveal = true;
}

fn move_row(state: &mut State, by: isize) {
    let last = state.timeline.rows.rows.len().saturating_sub(1);
    let row = cursor_row(state).map_or(0, |row| row.saturating_add_signed(by).min(last));
    choose_row(state, row);
}

fn scroll(state: &mut State, by: isize) {
    state.timeline.top = state.timeline.top.saturating_add_signed(by);
}

/// Moves the cursor by cells; where a position is wider than a cell, by positions.
fn move_cursor(state: &mut State, by: i32) {
    let cells = Parts::of(state).cells;
    let window = window(state);
    let cursor = state.timeline.cursor;
    let cell = window.cell(cursor, cells).unwrap_or(if cursor < window.from { 0 } else { cells.saturating_sub(1) });
    let target = match by > 0 {
        true => window.edge(cell + 1, cells).max(cursor + 1),
        false => window.edge(cell.saturating_sub(1), cells).min(cursor.saturating_sub(1)),
    };
    put_cursor(state, target);
}

fn put_cursor(state: &mut State, at: u64) {
    if state.store.is_empty() {
        return;
    }
    let measure = state.timeline.measure;
    let extent = Window::extent(state, measure);
    let at = at.clamp(extent.from, extent.to - 1);
    state.stop_following();
    state.timeline.cursor = at;
    show_cursor(state);
    // What has happened by the end of the cursor's cell is what the cell shows.
    let cells = Parts::of(state).cells;
    let window = window(state);
    let end = window.cell(at, cells).map_or(at + 1, |cell| window.edge(cell + 1, cells).max(at + 1));
    state.set_moment(event_before(state, measure, end));
    if let Some(event) = state.event_under_cursor().and_then(|event| state.store.event(event))
        && let Some(place) = state.program.place(event.site)
    {
        state.selection.line = Some((place.file, place.line));
    }
}

fn to_end(state: &mut State, last: bool) {
    let extent = Window::extent(state, state.timeline.measure);
    put_cursor(state, if last { extent.to - 1 } else { extent.from });
}

fn pan(state: &mut State, part: f64) {
    let extent = Window::extent(state, state.timeline.measure);
    let Some(window) = state.timeline.window else {
        state.notice = Some("the whole run is on the screen; + zooms in".into());
        return;
    };
    state.stop_following();
    let by = (window.span() as f64 * part) as i64;
    state.timeline.window = Some(window.moved(if by == 0 { part.signum() as i64 } else { by }, extent));
}

fn zoom(state: &mut State, about: u64, inward: bool) {
    let extent = Window::extent(state, state.timeline.measure);
    let cells = Parts::of(state).cells;
    let old = window(state);
    let about = if old.range().contains(&about) { about } else { old.from + old.span() / 2 };
    let span = if inward { old.span().div_ceil(2) } else { old.span().saturating_mul(2) };
    let new = old.zoomed(about, span, extent, cells);
    if new == old {
        state.notice =
            Some(if inward { "no closer: every event has its place" } else { "this is the whole run" }.into());
    }
    state.timeline.window = (new.from > extent.from || new.to < extent.to || new.span() < extent.span()).then_some(new);
}

fn fold(state: &mut State, folded: bool) {
    let group = match (state.timeline.group, state.selection.task.and_then(|id| state.store.tasks().get(id))) {
        (Some(group), _) => group,
        (None, Some(task)) => Group::of(task),
        (None, None) => return,
    };
    let Some(members) = state.timeline.rows.groups.get(&group) else {
        state.notice = Some("a group needs several tasks of one function under one parent".into());
        return;
    };
    if !folded
        && let Some(&first) = members.tasks.first()
        && state.selection.task.is_none_or(|id| !members.tasks.contains(&id))
    {
        state.selection.task = Some(first);
    }
    state.timeline.folds.insert(group, folded);
    state.timeline.group = folded.then_some(group);
    state.timeline.rows_are_stale();
}

/// Folds the workers' lanes into one, or unfolds it.
fn fold_workers(state: &mut State) {
    let parts = Parts::of(state);
    let n = state.store.workers().len();
    if n < 2 {
        state.notice = Some("there is one worker: what tasks run is what it does".into());
        return;
    }
    state.timeline.workers_folded = Some(parts.workers > 1);
    if parts.workers == 1 && Parts::of(state).workers == 1 {
        state.notice = Some(format!("{n} workers need a higher screen; Throughput lists them all"));
    }
    state.timeline.reveal = true;
}

/// Enter: a group unfolds, a task leads to its place in the source.
fn open(state: &mut State) {
    if state.timeline.group.is_some() {
        fold(state, false);
        return;
    }
    let event = state.event_under_cursor().and_then(|event| state.store.event(event));
    match event.and_then(|event| state.program.place(event.site)) {
        Some(place) => state.show_line(place.file, place.line),
        None => state.show(View::Source),
    }
}

/// Columns that a row's label would take (for tests and the width of the label column).
pub fn label_text(state: &State, index: usize) -> Option<String> {
    let row = state.timeline.rows.rows.get(index)?;
    Some(match row.key {
        Key::Task(id) => format!("{}{}", row.branches(), state.task_name(id)),
        Key::Group(group) => {
            let count = state.timeline.rows.groups.get(&group).map_or(0, |members| members.tasks.len());
            let name = format!("{} ×{}", state.function_name(group.function), crate::format::count(count as u64));
            format!("{}▸{name}", row.branches())
        }
    })
    .inspect(|text| debug_assert!(width(text) < 4096))
}
