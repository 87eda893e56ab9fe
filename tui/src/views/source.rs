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
use tracer::event::TaskId;
use tracer::model::now::TaskNow;
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

/// Enter on a line: the first task that stands there, or the next one where the selected task already does.
fn open(state: &mut State) {
    let here = cursor(state);
    let standing = standing(state, here.0);
    let Some(tasks) = standing.get(&here.1).filter(|tasks| !tasks.is_empty()) else {
        state.notice = Some("no task stands in this line at this moment".into());
        return;
    };
    let at = tasks.iter().position(|task| Some(task.id) == state.selection.task);
    let next = tasks[at.map_or(0, |at| (at + 1) % tasks.len())].id;
    state.select_task(next);
    state.selection.line = Some(here);
    state.show(View::Timeline);
}

/// The tasks of a file by line, in order of their numbers.
fn standing(state: &State, file: u16) -> BTreeMap<u32, Vec<&TaskNow>> {
    let mut out: BTreeMap<u32, Vec<&TaskNow>> = BTreeMap::new();
    for task in state.now().tasks() {
        if let Some(place) = state.program.place(task.site).filter(|place| place.file == file) {
            out.entry(place.line).or_default().push(task);
        }
    }
    for tasks in out.values_mut() {
        // Those that run come first, then by number.
        tasks.sort_by_key(|task| (task.state != TaskState::Running, task.id));
    }
    out
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
        let number = state.source.top.max(1) + u32::from(y);
        if number as usize > source.len() {
            break;
        }
        let chosen = number == line;
        let mark = if chosen { "▶" } else { " " };
        let mut x = put(buffer, area, 0, y, mark, state.theme.bold(Role::Key));
        let number_style = if chosen { Style::new().add_modifier(Modifier::BOLD) } else { state.theme.dim() };
        x = put(buffer, area, x, y, &pad_left(&number.to_string(), digits), number_style);
        x = put(buffer, area, x, y, " │ ", state.theme.style(Role::Border));
        let tasks = standing.get(&number);
        let room = if tasks.is_some() { area.width.saturating_sub(notes as u16 + 1) } else { area.width };
        code(state, buffer, Rect { width: room, ..area }, x, y, source.line(number), &source.colors(number));
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

fn code(
    state: &State,
    buffer: &mut Buffer,
    area: Rect,
    x: u16,
    y: u16,
    text: &str,
    colors: &[(std::ops::Range<usize>, Role)],
) {
    // Tabs are four columns; everything else that is no character becomes a mark.
    let left = state.source.left;
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
fn gutter(state: &State, buffer: &mut Buffer, area: Rect, y: u16, tasks: &[&TaskNow]) {
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
