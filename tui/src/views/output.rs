//! What the program has written, each piece with its time and task; standard error is marked.

use super::list::{self, Log, Scan, Scroll};
use crate::commands::Command;
use crate::draw::{empty, paint_row, put};
use crate::filter::{Fields, Filter};
use crate::format::{count, duration, pad, pad_left, percent, plural, printable};
use crate::state::State;
use crate::theme::Role;
use crate::wording::actor;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::{Modifier, Style};
use ratatui::text::{Line, Span};
use tracer::event::Kind;
use tracer::events::Event;

/// Pieces that a filter looks at in one frame.
const AT_ONCE: u64 = 5_000;

/// What the output remembers.
#[derive(Debug, Default)]
pub struct OutputView {
    /// Which lines are shown.
    pub filter: Filter,
    /// Ordinals of what the filter let through.
    scan: Scan,
    scroll: Scroll,
    /// Columns that long lines are scrolled by.
    left: usize,
}

impl OutputView {
    /// What was found is void.
    pub fn filter_changed(&mut self) {
        self.scan = Scan::default();
        self.scroll.reveal = true;
    }

    /// Whether the filter has not seen every piece yet.
    pub fn unscanned(&self, state: &State) -> bool {
        !self.filter.is_empty() && self.scan.next < state.store.outputs()
    }
}

impl Log for OutputView {
    fn rows(state: &State) -> usize {
        match state.output.filter.is_empty() {
            true => usize::try_from(state.store.outputs()).unwrap_or(usize::MAX),
            false => state.output.scan.found.len(),
        }
    }

    fn at(state: &State, row: usize) -> Option<u64> {
        let list = &state.output;
        if list.filter.is_empty() { state.store.output(row as u64) } else { list.scan.found.get(row).copied() }
    }

    fn cursor(state: &State) -> Option<usize> {
        let moment = state.moment();
        let before = match state.output.filter.is_empty() {
            true => usize::try_from(state.store.outputs_before(moment.saturating_add(1))).unwrap_or(usize::MAX),
            false => state.output.scan.rank(moment),
        };
        before.checked_sub(1)
    }

    fn scroll(state: &mut State) -> &mut Scroll {
        &mut state.output.scroll
    }
}

/// What the frame says.
pub fn title(state: &State) -> Line<'static> {
    let total = state.store.outputs();
    let mut spans = vec![Span::raw("output")];
    if total > 0 {
        spans.push(Span::raw(format!(" · {}", plural(total, "line"))));
    }
    if !state.output.filter.is_empty() {
        spans.push(Span::styled(format!(" · /{}", state.output.filter.text()), state.theme.bold(Role::Warning)));
        spans.push(Span::raw(format!(" · {} match", count(state.output.scan.found.len() as u64))));
        if state.output.unscanned(state) {
            spans.push(Span::styled(
                format!(" · {} searched", percent(state.output.scan.next as f64 / total.max(1) as f64)),
                state.theme.dim(),
            ));
        }
    }
    if state.follow {
        spans.push(Span::styled(" · follow", state.theme.style(Role::Running)));
    }
    Line::from(spans)
}

/// Lets the filter see what is new, and keeps the scroll position right.
pub fn settle(state: &mut State) {
    if !state.output.filter.is_empty() {
        // Pieces are counted here, not events.
        let mut scan = std::mem::take(&mut state.output.scan);
        let until = state.store.outputs().min(scan.next + AT_ONCE);
        for number in scan.next..until {
            let Some(event) = state.store.output(number).and_then(|ordinal| state.store.event(ordinal)) else {
                continue;
            };
            let task = actor(&event).map_or(String::new(), |task| state.task_name(task));
            let text = format!("{task} {}", event.text);
            if state.output.filter.matches(&Fields {
                text: &text,
                task: &task,
                kind: event.kind.name(),
                ..Fields::default()
            }) {
                scan.found.push(event.ordinal);
            }
        }
        scan.next = until;
        state.output.scan = scan;
    }
    list::settle::<OutputView>(state);
}

/// A command of this view.
pub fn command(state: &mut State, command: Command) {
    match command {
        Command::Left => state.output.left = state.output.left.saturating_sub(8),
        Command::Right => state.output.left = (state.output.left + 8).min(10_000),
        _ => list::command::<OutputView>(state, command),
    }
}

/// Draws the view.
pub fn draw(state: &State, buffer: &mut Buffer, area: Rect) {
    if state.store.outputs() == 0 {
        let how = "What the program prints appears here, with the task that printed it; it never touches the screen otherwise.";
        return empty(state, buffer, area, "The program has written nothing so far", how);
    }
    if OutputView::rows(state) == 0 {
        let what = match state.output.unscanned(state) {
            true => "Searching …".to_string(),
            false => format!("No line matches “{}”", state.output.filter.text()),
        };
        return empty(state, buffer, area, &what, "Esc drops the filter, / changes it.");
    }
    let cursor = OutputView::cursor(state).filter(|_| state.selection.event.is_some());
    for y in 0..area.height {
        let row = state.output.scroll.top + y as usize;
        let Some(event) = OutputView::at(state, row).and_then(|event| state.store.event(event)) else { break };
        line(state, buffer, area, y, &event);
        if state.future().is_some_and(|future| event.ordinal >= future) {
            paint_row(buffer, area, y, state.theme.future());
        }
        if cursor == Some(row) {
            paint_row(buffer, area, y, Style::new().add_modifier(Modifier::REVERSED));
        }
    }
}

fn line(state: &State, buffer: &mut Buffer, area: Rect, y: u16, event: &Event) {
    let theme = &state.theme;
    let error = event.kind == Kind::ErrorOutput;
    let task = actor(event).map_or_else(|| "–".to_string(), |task| state.task_name(task));
    let time = duration(state.store.time_of_clock(event.clock));
    let mut x = put(buffer, area, 0, y, &pad_left(&time, 9), theme.dim());
    x = put(buffer, area, x + 1, y, &pad(&task, 12), theme.dim());
    let edge = if error { theme.bold(Role::Bad) } else { theme.style(Role::Border) };
    x = put(buffer, area, x, y, if error { "err┃" } else { "   │" }, edge);
    // A piece of several lines stays one row: its line ends are shown.
    let text = printable(&event.text.trim_end_matches('\n').replace('\n', "↵"));
    let text: String = text.chars().skip(state.output.left).collect();
    put(buffer, area, x + 1, y, &text, if error { theme.style(Role::Bad) } else { Style::new() });
}
