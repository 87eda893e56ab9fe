//! The picture: ruler, labels, lanes, the cursor, and the line from the event under the cursor to its cause.

use super::axis::{Measure, Window, position, ruler};
use super::rows::{Group, Key};
use super::{Parts, axis, cells, cursor_row, label_text, window};
use crate::draw::{empty, put};
use crate::format::{count, duration, fit, width};
use crate::state::State;
use crate::theme::Role;
use crate::wording::{LEGEND, look};
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::{Modifier, Style};
use ratatui::text::{Line, Span};
use tracer::event::TaskId;
use tracer::model::lanes::Cell;

/// What the frame says: the window, the filter, whether the view follows.
pub fn title(state: &State) -> Line<'static> {
    if state.store.is_empty() {
        return Line::from("timeline");
    }
    let parts = Parts::of(state);
    let timeline = &state.timeline;
    let mut spans = vec![Span::raw(axis::title(timeline.measure, window(state), parts.cells))];
    if let Some(event) = state.selection.event {
        spans.push(Span::raw(format!(" · at event {}, {}", count(event), duration(state.time()))));
    }
    let rows = timeline.rows.rows.len();
    if rows > parts.lanes {
        let last = (timeline.top + parts.lanes).min(rows);
        spans.push(Span::styled(
            format!(" · lanes {} – {} of {}", timeline.top + 1, last, count(rows as u64)),
            state.theme.dim(),
        ));
    }
    if !timeline.filter.is_empty() {
        spans.push(Span::styled(format!(" · /{}", timeline.filter.text()), state.theme.bold(Role::Warning)));
    }
    if let Some(future) = state.future() {
        spans.push(Span::styled(format!(" · from event {} on not yet", count(future)), state.theme.dim()));
    }
    if state.follow {
        spans.push(Span::styled(" · follow", state.theme.style(Role::Running)));
    }
    Line::from(spans)
}

/// Draws the view.
pub fn draw(state: &State, buffer: &mut Buffer, area: Rect) {
    if state.store.is_empty() {
        let how = match state.description.live {
            true => "Lanes appear as soon as the program does something. Space pauses it, < slows it down.",
            false => "This recording has no events.",
        };
        return empty(state, buffer, area, "No events yet", how);
    }
    if state.timeline.rows.rows.is_empty() {
        let what = format!("No task matches “{}”", state.timeline.filter.text());
        return empty(state, buffer, area, &what, "Esc drops the filter, / changes it.");
    }
    let parts = Parts::of(state);
    let window = window(state);
    let cursor = window.cell(state.timeline.cursor, parts.cells);
    let selected = cursor_row(state);
    // Where a debugged run stands, and from which cell on everything is its future.
    let stands = state.debugger.as_ref().and(window.cell(coordinate(state), parts.cells));
    let future = state.future().map(|_| match coordinate(state) {
        at if at < window.from => 0,
        at => window.cell(at, parts.cells).map_or(parts.cells, |cell| cell + 1),
    });
    draw_ruler(state, buffer, area, &parts, window, cursor);
    for lane in 0..parts.lanes {
        let index = state.timeline.top + lane;
        let Some(row) = state.timeline.rows.rows.get(index) else { break };
        let y = lane as u16 + 1;
        let chosen = selected == Some(index);
        let label = fit(&label_text(state, index).unwrap_or_default(), parts.label.saturating_sub(1));
        let style = if chosen { Style::new().add_modifier(Modifier::BOLD | Modifier::REVERSED) } else { Style::new() };
        put(buffer, area, 0, y, &label, style);
        let line: Vec<(char, Style)> = match row.key {
            Key::Task(id) => {
                let lane = cells::lane(state, state.timeline.measure, window, parts.cells, id);
                lane.iter().map(|cell| cells::show(state, cell)).collect()
            }
            Key::Group(group) => match state.timeline.rows.groups.get(&group) {
                Some(members) => cells::strip(state, state.timeline.measure, window, parts.cells, members),
                None => Vec::new(),
            },
        };
        for (i, (glyph, style)) in line.into_iter().enumerate() {
            let style =
                if future.is_some_and(|future| i >= future) { style.patch(state.theme.future()) } else { style };
            // The cursor is one cell; where the run stands is a line down all lanes.
            let marked = chosen && cursor == Some(i) || stands == Some(i);
            let style = if marked { style.add_modifier(Modifier::REVERSED) } else { style };
            let mut text = [0; 4];
            put(buffer, area, (parts.label + i) as u16, y, glyph.encode_utf8(&mut text), style);
        }
    }
    draw_cause(state, buffer, area, &parts, window);
    let used = (state.timeline.rows.rows.len() - state.timeline.top).min(parts.lanes);
    draw_workers(
        state,
        buffer,
        Rect { y: area.y + 1 + used as u16, height: parts.workers as u16, ..area },
        &parts,
        window,
    );
    let used = used + parts.workers;
    let room = parts.lanes + parts.workers - used;
    legend(state, buffer, Rect { y: area.y + 1 + used as u16, height: room as u16, ..area });
}

/// Where on the axis the newest event is that has happened where a debugged run stands.
fn coordinate(state: &State) -> u64 {
    let event = state.coordinate().unwrap_or_else(|| state.store.newest());
    position(state, state.timeline.measure, event)
}

/// The lanes of the workers, or one for all of them together.
fn draw_workers(state: &State, buffer: &mut Buffer, area: Rect, parts: &Parts, window: Window) {
    if parts.workers == 0 {
        return;
    }
    let clocks = axis::clocks(state, state.timeline.measure, window, parts.cells);
    let lanes: Vec<(u32, Vec<Cell>)> =
        state.store.workers().iter().map(|(number, _)| (number, state.store.worker_lane(number, &clocks))).collect();
    let mut row = |y: usize, label: &str, line: &mut dyn Iterator<Item = (char, Style)>| {
        put(buffer, area, 0, y as u16, &fit(label, parts.label.saturating_sub(1)), state.theme.dim());
        for (i, (glyph, style)) in line.enumerate() {
            put(buffer, area, (parts.label + i) as u16, y as u16, glyph.encode_utf8(&mut [0; 4]), style);
        }
    };
    if parts.workers < lanes.len() {
        let label = format!("▸{} workers", lanes.len());
        row(0, &label, &mut cells::busy_strip(state, &lanes, parts.cells).into_iter());
        return;
    }
    for (y, (number, lane)) in lanes.iter().enumerate() {
        let word = if y == 0 { "workers " } else { "" };
        let room = parts.label.saturating_sub(1);
        let name = format!("W{number}");
        let label = if width(word) + width(&name) <= room { format!("{word:<8}{name}") } else { name.clone() };
        let label = if width(&label) <= room { label } else { name };
        row(y, &label, &mut lane.iter().map(|cell| cells::show(state, cell)));
    }
}

/// Where lanes leave room: what the glyphs mean, at the bottom.
fn legend(state: &State, buffer: &mut Buffer, area: Rect) {
    let mut lines: Vec<Vec<(char, Role, &str)>> = vec![Vec::new()];
    let mut x = 0;
    for (what, word, _) in LEGEND {
        let (glyph, role) = look(*what);
        let size = width(word) + 4;
        if x + size > area.width as usize {
            lines.push(Vec::new());
            x = 0;
        }
        x += size;
        if let Some(line) = lines.last_mut() {
            line.push((glyph, role, word));
        }
    }
    // One blank row at least between the lanes and this.
    let Some(first) = area.height.checked_sub(lines.len() as u16).filter(|&first| first > 0) else { return };
    for (i, line) in lines.iter().enumerate() {
        let mut x = 0;
        for (glyph, role, word) in line {
            x = put(buffer, area, x, first + i as u16, &glyph.to_string(), state.theme.style(*role));
            x = put(buffer, area, x + 1, first + i as u16, word, state.theme.dim()) + 2;
        }
    }
}

fn draw_ruler(state: &State, buffer: &mut Buffer, area: Rect, parts: &Parts, window: Window, cursor: Option<usize>) {
    let dim = state.theme.dim();
    let word = match state.timeline.measure {
        Measure::Time => "time",
        Measure::Events => "event",
    };
    put(buffer, area, 0, 0, word, dim);
    for (cell, text) in ruler(state.timeline.measure, window, parts.cells) {
        // The cursor's mark has the right of way.
        if cursor.is_some_and(|cursor| (cell..cell + width(&text) + 1).contains(&cursor)) {
            continue;
        }
        put(buffer, area, (parts.label + cell) as u16, 0, &text, dim);
    }
    if let Some(cell) = cursor {
        put(buffer, area, (parts.label + cell) as u16, 0, "▼", state.theme.bold(Role::Key));
    }
}

/// The row of a task, or of the folded group that it is in; only among those on the screen.
fn visible_row(state: &State, parts: &Parts, id: TaskId) -> Option<usize> {
    let group = state.store.tasks().get(id).map(Group::of);
    let rows = &state.timeline.rows.rows;
    let end = (state.timeline.top + parts.lanes).min(rows.len());
    (state.timeline.top..end).find(|&index| match rows[index].key {
        Key::Task(task) => task == id,
        Key::Group(folded) => group == Some(folded),
    })
}

/// A line from the lane where the cause of the event under the cursor is to the lane of the cursor: a message, a wake-up, an
/// unlock that let the other lock.
fn draw_cause(state: &State, buffer: &mut Buffer, area: Rect, parts: &Parts, window: Window) {
    if state.follow && state.selection.event.is_none() || state.timeline.group.is_some() {
        return;
    }
    let measure = state.timeline.measure;
    let Some(event) = state.event_under_cursor() else { return };
    let Some((cause, from)) = state.store.cause(event).and_then(|cause| {
        let from = crate::wording::actor(&state.store.event(cause)?)?;
        Some((cause, from))
    }) else {
        return;
    };
    let Some(to) = state.selection.task else { return };
    let (Some(source), Some(target)) = (visible_row(state, parts, from), visible_row(state, parts, to)) else { return };
    if source == target {
        return;
    }
    let style = state.theme.bold(Role::Key);
    let row = |index: usize| (index - state.timeline.top) as u16 + 1;
    let column =
        |event: u64| window.cell(position(state, measure, event), parts.cells).map(|cell| (parts.label + cell) as u16);
    // The line runs where the later of the two is: the effect.
    if let Some(x) = column(cause.max(event)) {
        let (first, last) = (row(source.min(target)), row(source.max(target)));
        for y in first + 1..last {
            put(buffer, area, x, y, "│", style);
        }
        if cause.max(event) == event || column(cause) == column(event) {
            let head = if source < target { "▼" } else { "▲" };
            if last - first > 1 {
                put(buffer, area, x, if source < target { last - 1 } else { first + 1 }, head, style);
            }
        }
    }
    if let Some(x) = column(cause) {
        put(buffer, area, x, row(source), "●", style);
    }
}
