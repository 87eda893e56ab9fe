//! The keys, made from the table of commands, and what the glyphs mean.

use super::View;
use crate::commands::{Command, FILTER_NOTES, Group, Scope};
use crate::draw::put_line;
use crate::format::{pad, width, wrap};
use crate::state::State;
use crate::theme::Role;
use crate::update::Mouse;
use crate::wording::{LEGEND, look};
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::{Modifier, Style};
use ratatui::text::{Line, Span};

/// What the help remembers.
#[derive(Debug, Default)]
pub struct HelpView {
    top: usize,
}

/// From so many columns on the text stands in two columns.
const TWO: usize = 110;

fn layout(state: &State) -> (usize, usize) {
    let columns = state.room().width as usize;
    if columns >= TWO { (2, (columns - 3) / 2) } else { (1, columns.saturating_sub(1)) }
}

/// Help is read from its top.
pub fn shown(state: &mut State) {
    state.help.top = 0;
}

/// Keeps the scroll position right.
pub fn settle(state: &mut State) {
    let (parts, columns) = layout(state);
    let rows = text(state, columns).len().div_ceil(parts);
    let room = state.room().height as usize;
    state.help.top = state.help.top.min(rows.saturating_sub(room));
}

/// A command of this view.
pub fn command(state: &mut State, command: Command) {
    let page = state.room().height.saturating_sub(1).max(1) as usize;
    let top = &mut state.help.top;
    match command {
        Command::Up => *top = top.saturating_sub(1),
        Command::Down => *top += 1,
        Command::PageUp => *top = top.saturating_sub(page),
        Command::PageDown => *top += page,
        Command::First => *top = 0,
        Command::Last => *top = usize::MAX / 2,
        _ => {}
    }
}

/// What the mouse did.
pub fn pointer(state: &mut State, mouse: Mouse) {
    if let Mouse::Wheel(by) = mouse {
        state.help.top = state.help.top.saturating_add_signed(by as isize * 3);
    }
}

fn text(state: &State, columns: usize) -> Vec<Line<'static>> {
    let theme = &state.theme;
    let heading = |text: &str| Line::from(Span::styled(text.to_string(), theme.bold(Role::Title)));
    let mut lines = Vec::new();
    let entry = |lines: &mut Vec<Line<'static>>, key: &str, style: Style, words: &str, note: &str| {
        const KEY: usize = 14;
        let words = if note.is_empty() { words.to_string() } else { format!("{words} ({note})") };
        for (i, part) in wrap(&words, columns.saturating_sub(KEY + 2).max(10)).into_iter().enumerate() {
            let key = if i == 0 { key } else { "" };
            // A list of keys that is too wide pushes the words to the right rather than losing a key.
            lines.push(Line::from(vec![
                Span::styled(format!(" {}", pad(key, KEY.max(width(key)))), style),
                Span::raw(format!(" {part}")),
            ]));
        }
    };
    let key = theme.style(Role::Key);
    let debugger = state.debugger.is_some();
    for group in Group::ALL.into_iter().filter(|group| debugger || !group.of_debugger()) {
        lines.push(heading(group.title()));
        let commands = Command::ALL.iter().filter(|command| command.group() == group);
        for command in commands.filter(|command| debugger || **command != Command::Debug) {
            let place = match command.scope() {
                // All that is listed under this heading is about that view.
                Scope::Views([View::Debug]) if group.of_debugger() => String::new(),
                // Without a debugger there is no view that would be left out.
                Scope::Except(_) if !debugger => String::new(),
                scope => scope.words(),
            };
            let doc = match command.doc().split_once("; in a debugger: ") {
                Some((doc, _)) if !debugger => doc,
                _ => command.doc(),
            };
            entry(&mut lines, &command.key_text(), key, doc, &place);
        }
        lines.push(Line::default());
    }
    lines.push(heading("What a task does"));
    for (what, _, words) in LEGEND {
        let (glyph, role) = look(*what);
        entry(&mut lines, &glyph.to_string(), theme.bold(role), words, "");
    }
    entry(&mut lines, "▌ ▐", theme.bold(Role::Running), "running for half of the cell", "");
    entry(&mut lines, "▓", theme.bold(Role::Running), "running, and something shorter than the cell: zoom in", "");
    let underlined = Style::new().add_modifier(Modifier::UNDERLINED);
    entry(&mut lines, "z", underlined, "underlined: something shorter than the cell happened too", "");
    entry(&mut lines, "▁▄█", theme.bold(Role::Heat4), "a folded group: how many of its tasks are at work", "");
    entry(&mut lines, "W0", key, "a worker's lane: █ runs a task, ▒ has none", "");
    lines.push(Line::default());
    lines.push(heading("Throughput"));
    entry(
        &mut lines,
        "▓ ░",
        theme.bold(Role::Running),
        "the rate now, and at its peak; a decade of the scale is a fifth of the bar",
        "",
    );
    entry(&mut lines, "│ ✔ ✖", theme.bold(Role::Title), "the target; whether the peak reached it", "");
    lines.push(Line::default());
    lines.push(heading("Filters"));
    for (what, words) in FILTER_NOTES {
        entry(&mut lines, what, key, words, "");
    }
    lines.push(Line::default());
    lines.push(heading("Mouse"));
    entry(&mut lines, "click", key, "a tab, a row, a lane or a cell: go there", "");
    entry(&mut lines, "wheel", key, "scrolls; with Shift sideways, with Ctrl it zooms the timeline", "");
    if debugger {
        entry(&mut lines, "click", key, "in the Debug view: a pane gets the keys; on the bar of the run: go there", "");
    }
    lines
}

/// Draws the view.
pub fn draw(state: &State, buffer: &mut Buffer, area: Rect) {
    let (parts, columns) = layout(state);
    let lines = text(state, columns);
    let rows = lines.len().div_ceil(parts);
    for part in 0..parts {
        let place = Rect { x: area.x + (part * (columns + 2)) as u16, width: columns as u16, ..area };
        for y in 0..area.height {
            let row = state.help.top + y as usize;
            if row < rows
                && let Some(line) = lines.get(part * rows + row)
            {
                put_line(buffer, place, y, line);
            }
        }
    }
}
