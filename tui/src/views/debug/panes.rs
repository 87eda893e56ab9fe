//! Draws the panes.

use super::places::{Pane, Place, Places};
use super::{bar, variables, words};
use crate::debugger::Said;
use crate::draw::{frame, paint_row, put};
use crate::format::{count, duration, fit, pad, pad_left, printable, width, wrap};
use crate::layout::inside;
use crate::state::State;
use crate::theme::Role;
use crate::views::source;
use crate::wording::look;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::{Modifier, Style};
use ratatui::text::{Line, Span};
use tracer::inspect::{Inspection, Move, TaskView};
use tracer::model::state::TaskState;

/// Columns of a name in a list.
const NAME: usize = 14;

/// Draws the view.
pub fn draw(state: &State, buffer: &mut Buffer, _area: Rect) {
    let places = Places::of(state);
    for place in &places.panes {
        let area = inside(place.area);
        frame(state, buffer, place.area, &title(state, place));
        if place.below {
            let (style, y) = (state.theme.style(Role::Border), place.area.y);
            let edge = Rect { y, height: 1, ..place.area };
            put(buffer, edge, 0, 0, "├", style);
            put(buffer, edge, edge.width.saturating_sub(1), 0, "┤", style);
        }
        match place.pane {
            Pane::Source => source::page(state, buffer, area, state.debug.top, state.debug.left),
            Pane::Variables => draw_variables(state, buffer, area),
            Pane::Stack => draw_stack(state, buffer, area),
            Pane::Moves => draw_moves(state, buffer, area),
            Pane::Tasks => draw_tasks(state, buffer, area),
            Pane::Console => draw_console(state, buffer, area),
        }
    }
    let (role, text) = words::standing(state);
    let room = places.words.width.saturating_sub(2) as usize;
    put(buffer, places.words, 1, 0, &fit(&text, room), state.theme.bold(role));
    bar::draw(state, buffer, places.bar);
}

/// What the frame of a pane says, and what waits behind it.
fn title(state: &State, place: &Place) -> Line<'static> {
    let at = state.inspection();
    let text = match place.pane {
        Pane::Source => {
            let (file, line) = state.selection.line.unwrap_or((0, 1));
            let room = (place.area.width as usize).saturating_sub(12);
            state.sources.get(file as usize).map_or("source".into(), |source| match width(&source.path) > room {
                true => format!("{}:{line}", words::short_place(&source.path)),
                false => format!("{}:{line}", source.path),
            })
        }
        Pane::Variables => match at.and_then(|at| Some((at, at.selected?))) {
            Some((at, id)) => {
                let deep = at.frame > 0;
                let frame = at.stack.get(at.frame).filter(|_| deep);
                let frame = frame.map_or(String::new(), |frame| format!(", frame {} {}", at.frame, frame.function));
                format!("variables of {}{frame}", state.task_name(id))
            }
            None => "variables".into(),
        },
        Pane::Stack => match at.and_then(|at| at.selected) {
            Some(id) => format!("stack of {}", state.task_name(id)),
            None => "stack".into(),
        },
        Pane::Moves => match at.filter(|at| !at.moves.is_empty()) {
            Some(at) => format!("moves at event {}", count(at.at.event)),
            None => "moves".into(),
        },
        Pane::Tasks => at.map_or("tasks".into(), |at| format!("tasks · {} live", count(at.tasks.len() as u64))),
        Pane::Console => match state.debug.console_up {
            0 => "console".into(),
            up => format!("console · {} more below", count(up as u64)),
        },
    };
    let bold = Style::new().add_modifier(Modifier::BOLD);
    let focused = state.debug.focus == place.pane;
    let style = if focused { bold.add_modifier(Modifier::REVERSED) } else { bold };
    let mut spans = vec![Span::styled(printable(&text), style)];
    if place.pane == Pane::Source && state.debugger.as_ref().is_some_and(|debugger| debugger.alone) {
        spans.push(Span::styled(" · alone", state.theme.bold(Role::Warning)));
    }
    if !place.behind.is_empty() {
        let names: Vec<&str> = place.behind.iter().map(|pane| pane.name()).collect();
        spans.push(Span::styled(format!(" · Tab: {}", names.join(", ")), state.theme.dim()));
    }
    Line::from(spans)
}

/// The cursor of a list: painted where the pane has the keys.
fn paint_cursor(state: &State, buffer: &mut Buffer, area: Rect, y: u16, pane: Pane) {
    let modifier = if state.debug.focus == pane { Modifier::REVERSED } else { Modifier::BOLD };
    paint_row(buffer, area, y, Style::new().add_modifier(modifier));
}

/// A sentence in the middle of nothing.
fn say(state: &State, buffer: &mut Buffer, area: Rect, text: &str) {
    for (y, line) in wrap(text, area.width.saturating_sub(2) as usize).iter().enumerate() {
        put(buffer, area, 1, y as u16, line, state.theme.dim());
    }
}

fn draw_variables(state: &State, buffer: &mut Buffer, area: Rect) {
    let theme = &state.theme;
    let rows = variables::rows(state);
    if rows.is_empty() {
        let ended = state.inspection().is_some_and(|at| at.selected.is_none());
        let text = if ended { "No task is selected." } else { "No variables here yet." };
        return say(state, buffer, area, text);
    }
    let top = state.debug.variables.top;
    for (y, row) in rows.iter().skip(top).take(area.height as usize).enumerate() {
        let y = y as u16;
        let mark = match (row.parts, row.open) {
            (true, true) => "▾",
            (true, false) => "▸",
            (false, _) => " ",
        };
        let mut x = put(buffer, area, 1 + 2 * row.depth as u16, y, mark, theme.style(Role::Key));
        let Some(path) = &row.path else {
            put(buffer, area, x, y, &row.name, theme.dim());
            continue;
        };
        x = put(buffer, area, x, y, &printable(&row.name), Style::new().add_modifier(Modifier::BOLD));
        if !row.ty.is_empty() {
            x = put(buffer, area, x, y, ": ", theme.dim());
            x = put(buffer, area, x, y, &printable(&row.ty), theme.style(Role::Type));
        }
        x = put(buffer, area, x, y, " = ", theme.dim());
        let changed = state.debugger.as_ref().is_some_and(|debugger| debugger.changed(path, &row.value));
        let mark = if changed { " ← new" } else { "" };
        let room = (area.width as usize).saturating_sub(x as usize + width(mark));
        let style = if changed { theme.bold(Role::Warning) } else { Style::new() };
        x = put(buffer, area, x, y, &fit(&printable(&row.value), room), style);
        // Colour alone does not say it.
        x = put(buffer, area, x, y, mark, theme.bold(Role::Warning));
        if !row.note.is_empty() {
            put(buffer, area, x + 2, y, &printable(&row.note), theme.dim());
        }
        if state.debug.focus == Pane::Variables && top + y as usize == state.debug.variable {
            paint_cursor(state, buffer, area, y, Pane::Variables);
        }
    }
    more_below(state, buffer, area, rows.len(), top);
}

/// Says that a list goes on.
fn more_below(state: &State, buffer: &mut Buffer, area: Rect, rows: usize, top: usize) {
    let shown = top + area.height as usize;
    if rows > shown && area.height > 0 {
        let text = format!(" ▼ {} more", count((rows - shown) as u64));
        let x = area.width.saturating_sub(width(&text) as u16);
        put(buffer, area, x, area.height - 1, &text, state.theme.style(Role::Key));
    }
}

fn draw_stack(state: &State, buffer: &mut Buffer, area: Rect) {
    let Some(at) = state.inspection() else { return };
    if at.stack.is_empty() {
        return say(state, buffer, area, "The selected task has no stack.");
    }
    let chosen = super::frame(state);
    let top = state.debug.stack.top;
    let digits = at.stack.len().to_string().len();
    for (y, frame) in at.stack.iter().skip(top).take(area.height as usize).enumerate() {
        let y = y as u16;
        let here = frame.index == chosen;
        let place = words::short_place(&frame.place);
        let room = (area.width as usize).saturating_sub(width(&place) + digits + 5);
        let mut x = put(buffer, area, 0, y, if here { "▶ " } else { "  " }, state.theme.bold(Role::Running));
        x = put(buffer, area, x, y, &pad_left(&frame.index.to_string(), digits), state.theme.dim());
        put(buffer, area, x + 1, y, &fit(&printable(&frame.function), room), Style::new());
        let x = area.width.saturating_sub(width(&place) as u16 + 1);
        put(buffer, area, x, y, &place, state.theme.dim());
        if here {
            paint_cursor(state, buffer, area, y, Pane::Stack);
        }
    }
    more_below(state, buffer, area, at.stack.len(), top);
}

/// The lines that the moves take in so many columns: of each its index, and whether it is the second line, which says what follows.
/// There are second lines where what is to be said does not fit into one and there is room for all.
pub fn move_lines(at: &Inspection, area: Rect) -> Vec<(usize, bool)> {
    let names = move_names(at);
    let digits = at.moves.len().to_string().len();
    let room = (area.width as usize).saturating_sub(digits + names + 4);
    let long = |one: &Move| !one.effect.is_empty() && width(&one.does) + 2 + width(&one.effect) > room;
    let several = at.moves.iter().any(long)
        && at.moves.iter().filter(|one| long(one)).count() + at.moves.len() <= area.height as usize;
    let mut out = Vec::new();
    for (index, one) in at.moves.iter().enumerate() {
        out.push((index, false));
        if several && long(one) {
            out.push((index, true));
        }
    }
    out
}

/// Columns of the names in the list of moves.
fn move_names(at: &Inspection) -> usize {
    at.moves.iter().map(|one| width(&one.who)).max().unwrap_or(0).min(NAME)
}

fn draw_moves(state: &State, buffer: &mut Buffer, area: Rect) {
    let Some(at) = state.inspection() else { return };
    if at.moves.is_empty() {
        return say(state, buffer, area, &words::no_moves(state));
    }
    let theme = &state.theme;
    let top = state.debug.moves.top;
    let digits = at.moves.len().to_string().len();
    let names = move_names(at);
    let lines = move_lines(at, area);
    let follows = |x: u16, y: u16, text: &str, buffer: &mut Buffer| {
        let bad = ["deadlock", "cycle", "panic"].iter().any(|word| text.contains(word));
        let style = theme.bold(if bad { Role::Bad } else { Role::Warning });
        let room = (area.width as usize).saturating_sub(x as usize);
        put(buffer, area, x, y, &fit(text, room), style)
    };
    for (y, (index, second)) in lines.iter().skip(top).take(area.height as usize).enumerate() {
        let y = y as u16;
        let Some(one) = at.moves.get(*index) else { break };
        let chosen = *index == state.debug.chosen_move;
        let start = (digits + names + 4) as u16;
        let effect = printable(&one.effect);
        if *second {
            follows(start, y, &effect, buffer);
        } else {
            let mut x = put(buffer, area, 0, y, if chosen { "▶ " } else { "  " }, theme.bold(Role::Key));
            x = put(buffer, area, x, y, &pad_left(&one.number.to_string(), digits), theme.style(Role::Key));
            let name = Style::new().add_modifier(Modifier::BOLD);
            put(buffer, area, x + 1, y, &pad(&printable(&one.who), names), name);
            let below = lines.get(top + y as usize + 1) == Some(&(*index, true));
            let effect = if below { String::new() } else { effect };
            // What follows is what one chooses by: it goes before the end of a long deed.
            let room = (area.width as usize).saturating_sub(start as usize);
            let effect_room = if effect.is_empty() { 0 } else { width(&effect) + 2 };
            let does_room = room.saturating_sub(effect_room).max(room.min(12));
            let mut x = put(buffer, area, start, y, &fit(&printable(&one.does), does_room), Style::new());
            if !effect.is_empty() {
                x = follows(x + 2, y, &effect, buffer);
            }
            let mark = area.width.saturating_sub(8);
            if one.default && mark > x {
                put(buffer, area, mark, y, "default", theme.dim());
            }
        }
        if chosen {
            paint_cursor(state, buffer, area, y, Pane::Moves);
        }
    }
    more_below(state, buffer, area, lines.len(), top);
}

/// What a task does, since when where it waits, and what it holds: in full, and then ever shorter.
fn doing(state: &State, at: &Inspection, task: &TaskView) -> [String; 3] {
    let time = |clock: u64| state.store.time_of_clock(clock);
    let holds = match task.holds.is_empty() {
        true => String::new(),
        false => format!(" · holds {}", printable(&task.holds.join(", "))),
    };
    let TaskState::Blocked(reason) = task.state else {
        let name = task.state.name();
        return [format!("{name}{holds}"), name.to_string(), name.to_string()];
    };
    let since = duration(time(at.clock).saturating_sub(time(task.since)));
    let waits = if task.waits.is_empty() { reason.name().to_string() } else { printable(&task.waits) };
    let on = task.on.map_or_else(|| reason.name().to_string(), |object| state.object_name(object));
    [format!("{waits} {since}{holds}"), format!("{waits} {since}"), format!("{on} {since}")]
}

fn draw_tasks(state: &State, buffer: &mut Buffer, area: Rect) {
    let Some(at) = state.inspection() else { return };
    if at.tasks.is_empty() {
        return say(state, buffer, area, "No task is alive.");
    }
    let theme = &state.theme;
    let top = state.debug.tasks.top;
    let shown = || at.tasks.iter().skip(top).take(area.height as usize);
    let names = shown().map(|task| width(&task.name)).max().unwrap_or(0).clamp(4, NAME);
    // The places stand right, the longest of them decides.
    let file = state.selection.line.map_or(0, |line| line.0);
    let short = |task: &TaskView| match state.program.place(task.site).filter(|place| place.file == file) {
        Some(place) => format!("line {}", place.line),
        None => words::short_place(&task.place),
    };
    let places = shown().map(|task| width(&short(task))).max().unwrap_or(0);
    for (y, task) in shown().enumerate() {
        let y = y as u16;
        let (glyph, role) = look(task.state);
        let chosen = state.selection.task == Some(task.id);
        let mark = if chosen { "▶ " } else { "  " };
        let mut x = put(buffer, area, 0, y, mark, theme.bold(Role::Key));
        x = put(buffer, area, x, y, &glyph.to_string(), theme.bold(role));
        x = put(buffer, area, x + 1, y, &pad(&printable(&task.name), names), Style::new());
        let place = short(task);
        let right = (area.width as usize).saturating_sub(places + 1);
        let room = right.saturating_sub(x as usize + 2);
        let texts = doing(state, at, task);
        let text = texts.iter().find(|text| width(text) <= room).unwrap_or(&texts[2]);
        put(buffer, area, x + 1, y, &fit(text, room), theme.style(role));
        put(buffer, area, right as u16, y, &place, theme.dim());
        if chosen {
            paint_cursor(state, buffer, area, y, Pane::Tasks);
        }
    }
    more_below(state, buffer, area, at.tasks.len(), top);
}

fn draw_console(state: &State, buffer: &mut Buffer, area: Rect) {
    let Some(debugger) = &state.debugger else { return };
    if debugger.console.is_empty() {
        let text = "What is asked and answered appears here. : takes a command; `help` lists them, ↑↓ bring back earlier ones.";
        return say(state, buffer, area, text);
    }
    let theme = &state.theme;
    let columns = area.width.saturating_sub(1) as usize;
    let mut y = area.height as usize;
    let known = debugger.console.len().saturating_sub(state.debug.console_up);
    for said in debugger.console.iter().take(known).rev() {
        let (text, style) = match said {
            Said::Command(text) => (format!("> {text}"), theme.bold(Role::Key)),
            Said::Answer(text) => (text.clone(), Style::new()),
            Said::Failure(text) => (text.clone(), theme.style(Role::Bad)),
        };
        // Lines keep their indentation: answers are tables, too.
        let text = printable(&text);
        let indent = text.len() - text.trim_start().len();
        let lines = match width(&text) <= columns {
            true => vec![text],
            false => wrap(&text, columns.saturating_sub(indent.min(columns / 2)))
                .into_iter()
                .map(|line| format!("{}{line}", " ".repeat(indent.min(columns / 2))))
                .collect(),
        };
        for line in lines.iter().rev() {
            let Some(next) = y.checked_sub(1) else { return };
            y = next;
            put(buffer, area, 0, y as u16, line, style);
        }
    }
    if debugger.forgotten > 0
        && let Some(y) = y.checked_sub(1)
    {
        let text = format!("{} older lines are not kept", count(debugger.forgotten));
        put(buffer, area, 0, y as u16, &text, theme.dim());
    }
}
