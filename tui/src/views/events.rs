//! The log of events, one line each, with a filter.
//!
//! A run may have millions: only visible lines are worded, and a filter goes through the log in pieces, a frame's worth each, so
//! that keys are never late. The count in the title says how far it has come.

use super::list::{self, Log, Scan, Scroll};
use crate::commands::Command;
use crate::draw::{empty, paint_row, put};
use crate::filter::{Fields, Filter};
use crate::format::{count, duration, fit, pad, pad_left, percent};
use crate::state::State;
use crate::theme::Role;
use crate::wording::{actor, does, kind_words, object_of, sentence};
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::{Modifier, Style};
use ratatui::text::{Line, Span};
use tracer::event::Category;
use tracer::events::Event;

/// Events that a filter looks at in one frame where it must word them, and where it need not.
const WORDED: u64 = 5_000;
const UNWORDED: u64 = 100_000;

/// Matches that are kept: the title says how far the search came for them.
const MATCHES: usize = 4_000_000;

/// What the log remembers.
#[derive(Debug, Default)]
pub struct EventsView {
    /// Which events are shown.
    pub filter: Filter,
    scan: Scan,
    scroll: Scroll,
}

impl EventsView {
    /// What was found is void.
    pub fn filter_changed(&mut self) {
        self.scan = Scan::default();
        self.scroll.reveal = true;
    }

    /// Whether the filter has not seen every event yet.
    pub fn unscanned(&self, state: &State) -> bool {
        self.is_behind(state) && self.scan.found.len() < MATCHES
    }

    /// Whether there are events that the filter has not seen, and may never see.
    fn is_behind(&self, state: &State) -> bool {
        !self.filter.is_empty() && self.scan.next < state.store.len()
    }
}

impl Log for EventsView {
    fn rows(state: &State) -> usize {
        match state.events.filter.is_empty() {
            true => state.store.rows() as usize,
            false => state.events.scan.found.len(),
        }
    }

    fn at(state: &State, row: usize) -> Option<u64> {
        match state.events.filter.is_empty() {
            true => state.store.at_row(row as u64),
            false => state.events.scan.found.get(row).copied(),
        }
    }

    fn cursor(state: &State) -> Option<usize> {
        match state.events.filter.is_empty() {
            true => state.store.rows_before(state.moment() + 1).checked_sub(1).map(|row| row as usize),
            false => state.events.scan.rank(state.moment()).checked_sub(1),
        }
    }

    fn scroll(state: &mut State) -> &mut Scroll {
        &mut state.events.scroll
    }
}

/// What the frame says.
pub fn title(state: &State) -> Line<'static> {
    let view = &state.events;
    let total = state.store.len();
    let mut spans = vec![Span::raw("events")];
    if view.filter.is_empty() {
        let first = state.store.first();
        if total > 0 {
            spans.push(Span::raw(format!(" {} – {}", count(first), count(total - 1))));
        }
    } else {
        spans.push(Span::styled(format!(" /{}", view.filter.text()), state.theme.bold(Role::Warning)));
        spans.push(Span::raw(format!(" · {} match", count(view.scan.found.len() as u64))));
        if view.is_behind(state) {
            spans.push(Span::styled(
                format!(" · {} searched", percent(view.scan.next as f64 / total.max(1) as f64)),
                state.theme.dim(),
            ));
        }
    }
    if let Some(future) = state.future() {
        spans.push(Span::styled(format!(" · the run stands before {}", count(future)), state.theme.dim()));
    }
    if state.follow {
        spans.push(Span::styled(" · follow", state.theme.style(Role::Running)));
    }
    Line::from(spans)
}

/// A command of this view.
pub fn command(state: &mut State, command: Command) {
    match command {
        // In a debugger an event is a place to be, not only to be looked at.
        Command::Open if state.debugger.is_some() => state.go_here(),
        _ => list::command::<EventsView>(state, command),
    }
}

/// Goes on with the filter, and keeps the scroll position right.
pub fn settle(state: &mut State) {
    if state.events.unscanned(state) {
        let mut scan = std::mem::take(&mut state.events.scan);
        let filter = &state.events.filter;
        let budget = if filter.needs_text() { WORDED } else { UNWORDED };
        let from = scan.next.max(state.store.first());
        let to = state.store.len().min(from + budget);
        state.store.each(from..to, |event| {
            if matches(state, filter, event) {
                scan.found.push(event.ordinal);
            }
            true
        });
        scan.next = to;
        state.events.scan = scan;
    }
    list::settle::<EventsView>(state);
}

fn matches(state: &State, filter: &Filter, event: &Event) -> bool {
    let text = if filter.needs_text() {
        format!("{} {} {}", sentence(state, event), event.kind.name(), state.short_place(event.site))
    } else {
        String::new()
    };
    let task = actor(event).map_or(String::new(), |task| state.task_name(task));
    let object = object_of(event).map_or(String::new(), |object| state.object_name(object));
    let kind = kind_words(event.kind);
    filter.matches(&Fields { text: &text, task: &task, object: &object, kind: &kind, blocked: event.blocked })
}

/// The colour of a group of events.
pub fn color(category: Category) -> Role {
    match category {
        Category::Task => Role::Ready,
        Category::Channel => Role::Receive,
        Category::Lock => Role::Lock,
        Category::Sync => Role::Gather,
        Category::Memory => Role::Outside,
        Category::Future => Role::Await,
        Category::Time => Role::Sleep,
        Category::Program => Role::Running,
        Category::Meta => Role::Dim,
    }
}

/// Draws the view.
pub fn draw(state: &State, buffer: &mut Buffer, area: Rect) {
    let view = &state.events;
    if state.store.is_empty() {
        return empty(
            state,
            buffer,
            area,
            "No events yet",
            "Every step of the program that other tasks can notice appears here, one line each.",
        );
    }
    if EventsView::rows(state) == 0 {
        let what = match view.unscanned(state) {
            true => "Searching …".to_string(),
            false => format!("No event matches “{}”", view.filter.text()),
        };
        return empty(state, buffer, area, &what, "Esc drops the filter, / changes it; ? tells what it understands.");
    }
    let cursor = EventsView::cursor(state);
    let digits = count(state.store.len()).len().max(5);
    let wide = area.width >= 90;
    for y in 0..area.height {
        let row = view.scroll.top + y as usize;
        let Some(event) = EventsView::at(state, row).and_then(|event| state.store.event(event)) else { break };
        let chosen = cursor == Some(row) && state.selection.event.is_some();
        line(state, buffer, area, y, &event, digits, wide);
        if state.future().is_some_and(|future| event.ordinal >= future) {
            paint_row(buffer, area, y, state.theme.future());
        }
        if chosen {
            paint_row(buffer, area, y, Style::new().add_modifier(Modifier::REVERSED));
        }
    }
}

fn line(state: &State, buffer: &mut Buffer, area: Rect, y: u16, event: &Event, digits: usize, wide: bool) {
    let theme = &state.theme;
    let task = actor(event).map_or_else(|| "–".to_string(), |task| state.task_name(task));
    let name = if wide { 16 } else { 11 };
    let time = duration(state.store.time_of_clock(event.clock));
    let mut x = put(buffer, area, 0, y, &pad_left(&count(event.ordinal), digits), theme.dim());
    x = put(buffer, area, x + 1, y, &pad_left(&time, 9), Style::new());
    x = put(buffer, area, x + 2, y, &pad(&task, name), Style::new().add_modifier(Modifier::BOLD));
    let role = color(event.kind.category());
    let place = state.short_place(event.site);
    let room = (area.width as usize).saturating_sub(x as usize + 1 + if wide { 24 } else { 0 });
    let mut text = does(state, event);
    if event.blocked && !text.starts_with("waits") && !text.starts_with("sleeps") {
        text.push_str(", blocked");
    }
    let style = if event.blocked { theme.style(role).add_modifier(Modifier::BOLD) } else { theme.style(role) };
    put(buffer, area, x + 1, y, &fit(&text, room), style);
    if wide && place != "?" {
        put(buffer, area, area.width.saturating_sub(22), y, &pad_left(&place, 22), theme.dim());
    }
}
