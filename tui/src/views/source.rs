//! The source: each line with the tasks that stand in it.

use super::View;
use super::list::reveal;
use crate::commands::Command;
use crate::draw::{empty, put};
use crate::format::{count, fit, pad_left, printable, width};
use crate::state::State;
use crate::theme::Role;
use crate::update::Mouse;
use crate::wording::look;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::{Modifier, Style};
use ratatui::text::{Line, Span};
use std::collections::BTreeMap;
use tracer::event::{Site, TaskId};
use tracer::model::state::TaskState;

/// What the source remembers.
#[derive(Debug, Default)]
pub struct SourceView {
    top: u32,
    left: usize,
    reveal: bool,
}

/// Tasks named in the gutter of a line; the rest is counted.
const NAMED: usize = 3;

fn cursor(state: &State) -> (u16, u32) {
    state.selection.line.unwrap_or((0, 1))
}

fn lines(state: &State) -> u32 {
    state.sources.get(cursor(state).0 as usize).map_or(0, |file| file.len() as u32)
}

/// What the frame says.
pub fn title(state: &State) -> Line<'static> {
    let (file, line) = cursor(state);
    let Some(source) = state.sources.get(file as usize) else { return Line::from("source") };
    let mut spans = vec![Span::raw(printable(&source.path)), Span::raw(format!(":{line}"))];
    if let Some(event) = state.selection.event {
        spans.push(Span::styled(format!(" · tasks at event {}", count(event)), state.theme.dim()));
    } else if state.follow {
        spans.push(Span::styled(" · tasks at the newest event", state.theme.dim()));
    }
    Line::from(spans)
}

/// Keeps the scroll position right.
pub fn settle(state: &mut State) {
    let room = state.room().height as u32;
    let (_, line) = cursor(state);
    let last = lines(state);
    if std::mem::take(&mut state.source.reveal) {
        let top = state.source.top.max(1);
        // A line that was jumped to stands in the middle: what is around it matters.
        if line < top || line >= top + room {
            state.source.top = line.saturating_sub(room / 2).max(1);
        }
    }
    state.source.top = state.source.top.clamp(1, (last + 1).saturating_sub(room).max(1));
}

/// The moment was set from elsewhere: the line of its event has been selected with it.
pub fn moment_changed(state: &mut State) {
    state.source.reveal = true;
}

/// Goes to where the selected task stands, unless a line was picked.
pub fn shown(state: &mut State) {
    if state.selection.line.is_none() {
        state.selection.line = task_line(state, state.selection.task);
    }
    state.source.reveal = true;
}

/// Where a task stands at the moment.
fn task_line(state: &State, task: Option<TaskId>) -> Option<(u16, u32)> {
    let task = task?;
    let live = state.now().task(task).map(|task| task.site);
    let site = live.or_else(|| state.store.tasks().get(task).map(|task| task.site))?;
    state.program.place(site).map(|place| (place.file, place.line))
}

/// A command of this view.
pub fn command(state: &mut State, command: Command) {
    let page = i64::from(state.room().height.saturating_sub(1).max(1));
    match command {
        Command::Up => go(state, -1),
        Command::Down => go(state, 1),
        Command::PageUp => go(state, -page),
        Command::PageDown => go(state, page),
        Command::First => go(state, i64::MIN / 2),
        Command::Last => go(state, i64::MAX / 2),
        Command::Left => state.source.left = state.source.left.saturating_sub(8),
        Command::Right => state.source.left = (state.source.left + 8).min(10_000),
        Command::Next => state.step_event(true),
        Command::Previous => state.step_event(false),
        Command::Open => open(state),
        _ => {}
    }
}

fn go(state: &mut State, by: i64) {
    let (file, line) = cursor(state);
    let line = (i64::from(line) + by).clamp(1, i64::from(lines(state)).max(1)) as u32;
    state.selection.line = Some((file, line));
    let room = state.room().height as usize;
    // Walking scrolls line by line; only jumps put the line in the middle.
    state.source.top = reveal(state.source.top as usize, line as usize, room) as u32;
}

/// Enter on a line: a task that stands there, in its lane.
fn open(state: &mut State) {
    let here = cursor(state);
    let Some(next) = next_in_line(state, here.0, here.1) else {
        state.notice = Some("no task stands in this line at this moment".into());
        return;
    };
    state.select_task(next);
    state.selection.line = Some(here);
    state.show(View::Timeline);
}

/// A task in a line.
pub struct Stander {
    id: TaskId,
    state: TaskState,
}

/// The tasks of a file by line, in order of their numbers. Where a debugged run stands, where they are to the instruction; else where
/// their newest event was.
pub fn standing(state: &State, file: u16) -> BTreeMap<u32, Vec<Stander>> {
    let mut out: BTreeMap<u32, Vec<Stander>> = BTreeMap::new();
    let mut stands = |id: TaskId, task: TaskState, site: Site| {
        if let Some(place) = state.program.place(site).filter(|place| place.file == file) {
            out.entry(place.line).or_default().push(Stander { id, state: task });
        }
    };
    match state.inspection().filter(|_| state.at_coordinate()) {
        Some(at) => at.tasks.iter().for_each(|task| stands(task.id, task.state, task.site)),
        None => state.now().tasks().for_each(|task| stands(task.id, task.state, task.site)),
    }
    for tasks in out.values_mut() {
        // Those that run come first, then by number.
        tasks.sort_by_key(|task| (task.state != TaskState::Running, task.id));
    }
    out
}

/// The task to select when a line is chosen: the first that stands there, or the next one where the selected task already does.
pub fn next_in_line(state: &State, file: u16, line: u32) -> Option<TaskId> {
    let standing = standing(state, file);
    let tasks = standing.get(&line).filter(|tasks| !tasks.is_empty())?;
    let at = tasks.iter().position(|task| Some(task.id) == state.selection.task);
    Some(tasks[at.map_or(0, |at| (at + 1) % tasks.len())].id)
}

/// What the mouse did in a row of the view.
pub fn pointer(state: &mut State, mouse: Mouse, _x: u16, y: u16) {
    match mouse {
        Mouse::Wheel(by) => state.source.top = state.source.top.saturating_add_signed(by * 3),
        Mouse::Sideways(by) => state.source.left = state.source.left.saturating_add_signed(by as isize * 8),
        Mouse::Click => {
            let line = state.source.top.max(1) + u32::from(y);
            if line <= lines(state) {
                state.selection.line = Some((cursor(state).0, line));
            }
        }
        Mouse::Zoom(_) => {}
    }
}

/// Draws the view.
pub fn draw(state: &State, buffer: &mut Buffer, area: Rect) {
    page(state, buffer, area, state.source.top, state.source.left);
}

/// A page of the file that the selected line is in, from a line and a column on.
pub fn page(state: &State, buffer: &mut Buffer, area: Rect, top: u32, left: usize) {
    let (file, line) = cursor(state);
    let Some(source) = state.sources.get(file as usize).filter(|source| !source.is_empty()) else {
        let how =
            "A program's text appears here with the tasks that stand in each line; this recording brings none along.";
        return empty(state, buffer, area, "No source", how);
    };
    let standing = standing(state, file);
    let digits = source.len().to_string().len().max(3);
    let notes = (area.width as usize / 3).max(16);
    for y in 0..area.height {
        let number = top.max(1) + u32::from(y);
        if number as usize > source.len() {
            break;
        }
        let chosen = number == line;
        let mut x = 0;
        if state.debugger.is_some() {
            let (mark, style) = breakpoint_mark(state, file, number);
            x = put(buffer, area, 0, y, mark, style);
        }
        let (mark, style) = match state.debugger.is_some() && state.at_coordinate() {
            true if stands_at(state, file, number) => ("▶", state.theme.bold(Role::Running)),
            true => (if chosen { "·" } else { " " }, state.theme.bold(Role::Key)),
            false => (if chosen { "▶" } else { " " }, state.theme.bold(Role::Key)),
        };
        x = put(buffer, area, x, y, mark, style);
        let number_style = if chosen { Style::new().add_modifier(Modifier::BOLD) } else { state.theme.dim() };
        x = put(buffer, area, x, y, &pad_left(&number.to_string(), digits), number_style);
        x = put(buffer, area, x, y, " │ ", state.theme.style(Role::Border));
        let tasks = standing.get(&number);
        let room = if tasks.is_some() { area.width.saturating_sub(notes as u16 + 1) } else { area.width };
        code(state, buffer, Rect { width: room, ..area }, x, y, source.line(number), &source.colors(number), left);
        if chosen {
            let whole = Rect { x: area.x + x, y: area.y + y, width: room.saturating_sub(x), height: 1 };
            buffer.set_style(whole, Style::new().add_modifier(Modifier::BOLD));
        }
        if let Some(tasks) = tasks {
            let place = Rect { x: area.x + area.width - notes as u16, width: notes as u16, ..area };
            gutter(state, buffer, place, y, tasks);
        }
    }
}

/// Whether the selected frame of the debugged run is at a line.
fn stands_at(state: &State, file: u16, line: u32) -> bool {
    state.standing_place().is_some_and(|place| (place.file, place.line) == (file, line))
}

/// `●` where a breakpoint is, `○` where it is turned off.
fn breakpoint_mark(state: &State, file: u16, line: u32) -> (&'static str, Style) {
    let breakpoints = state.inspection().map_or(&[][..], |at| &at.breakpoints);
    let here = || breakpoints.iter().filter(|one| one.line == Some((file, line)));
    match here().any(|one| one.enabled) {
        true => ("●", state.theme.bold(Role::Bad)),
        false if here().next().is_some() => ("○", state.theme.style(Role::Bad)),
        false => (" ", Style::new()),
    }
}

#[expect(clippy::too_many_arguments, reason = "a place, a line and what colours it")]
fn code(
    state: &State,
    buffer: &mut Buffer,
    area: Rect,
    x: u16,
    y: u16,
    text: &str,
    colors: &[(std::ops::Range<usize>, Role)],
    left: usize,
) {
    // Tabs are four columns; everything else that is no character becomes a mark.
    let mut column = 0;
    let mut at = 0;
    for (index, c) in text.char_indices() {
        while colors.get(at).is_some_and(|(range, _)| range.end <= index) {
            at += 1;
        }
        let style = match colors.get(at) {
            Some((range, role)) if range.contains(&index) => state.theme.style(*role),
            _ => Style::new(),
        };
        let shown = if c == '\t' { "    ".to_string() } else { printable(&c.to_string()) };
        let columns = width(&shown);
        if column >= left {
            let place = x as usize + column - left;
            if place >= area.width as usize {
                break;
            }
            put(buffer, area, place as u16, y, &shown, style);
        }
        column += columns;
    }
}

/// The tasks of a line, to the right of it: glyph and name, as many as there is room for.
fn gutter(state: &State, buffer: &mut Buffer, area: Rect, y: u16, tasks: &[Stander]) {
    let mut x = put(buffer, area, 0, y, "◀ ", state.theme.dim());
    let total = tasks.len();
    for (i, task) in tasks.iter().take(NAMED).enumerate() {
        let (glyph, role) = look(task.state);
        let rest = total - i - 1;
        let tail = if rest > 0 { format!(" +{rest}") } else { String::new() };
        let name = state.task_name(task.id);
        let room = (area.width as usize).saturating_sub(x as usize + 2 + width(&tail));
        if i > 0 && room < width(&name).min(6) {
            put(buffer, area, x, y, &format!("+{}", rest + 1), state.theme.dim());
            return;
        }
        x = put(buffer, area, x, y, &glyph.to_string(), state.theme.bold(role));
        let chosen = state.selection.task == Some(task.id);
        let style = if chosen { Style::new().add_modifier(Modifier::BOLD | Modifier::REVERSED) } else { Style::new() };
        x = put(buffer, area, x, y, &fit(&name, room), style) + 1;
    }
    if total > NAMED {
        put(buffer, area, x, y, &format!("+{}", total - NAMED), state.theme.dim());
    }
}
