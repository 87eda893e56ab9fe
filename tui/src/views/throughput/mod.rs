//! How fast it goes: the operations of the performance table against their targets, and what each worker does.
//!
//! [`operations`] draws the upper table, [`workers`] the lower one; both are rows of one list that scrolls. The numbers are those of
//! the last second before the moment (the tracer's `model::rates` and `model::workers`); at the newest event of a live run the engine's own
//! come with them. Everything is looked up once a change, in [`settle`].

mod operations;
mod workers;

use super::View;
use super::list::Scroll;
use crate::commands::Command;
use crate::draw::{empty, paint_row, put};
use crate::engine::Numbers;
use crate::filter::Filter;
use crate::format::{count, duration, percent, short_count, wrap};
use crate::session::Status;
use crate::state::State;
use crate::theme::Role;
use crate::update::Mouse;
use crate::views::timeline::axis::{Measure, event_before};
pub use operations::describe as describe_operation;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::{Modifier, Style};
use ratatui::text::{Line, Span};
use std::ops::Range;
use tracer::counters::{Class, Counter, Sample};
use tracer::model::rates::{COUNT, NOW, ROWS, Rate, row_of};
pub use workers::describe as describe_worker;

/// Nanoseconds that a sparkline shows.
const HISTORY: u64 = 60 * 1_000_000_000;

/// Cells of a sparkline at most.
pub(super) const CELLS: usize = 60;

/// Events before the moment of which a task's share is told.
pub const SHARED: u64 = 16_384;

/// What the cursor is on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pick {
    /// A row of the performance table.
    Operation(usize),
    /// All workers together.
    All,
    /// A worker.
    Worker(u32),
}

/// A row of the list.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Item {
    Pick(Pick),
    /// The heading of the lower table.
    Heading,
    /// A sentence, or a piece of one.
    Note(String),
}

/// How many of the last events were operations of a row, and how many of these the selected task's.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Share {
    /// By anybody.
    pub all: u64,
    /// By the selected task.
    pub own: u64,
}

/// What the view remembers.
#[derive(Debug)]
pub struct ThroughputView {
    /// Where the cursor is.
    pub pick: Pick,
    items: Vec<Item>,
    scroll: Scroll,
    /// What everything below was looked up for.
    known: Option<Known>,
    /// The rates at the moment.
    pub rates: [Rate; COUNT],
    /// What the sparklines show, and from when to when.
    history: Vec<[f64; COUNT]>,
    span: Range<u64>,
    /// The workers' numbers, and those of all together.
    workers: Vec<(u32, Numbers)>,
    all: Numbers,
    /// Their shares of time over the span of the sparklines.
    busy: Vec<Vec<f64>>,
    /// The selected task's shares.
    pub shares: [Share; COUNT],
    /// The part of the last second in which the selected task ran.
    pub ran: f64,
    /// What the machine counted since the run began.
    pub machine: Sample,
}

/// What the numbers depend on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Known {
    events: u64,
    moment: u64,
    task: u32,
    looks: u64,
    behind: bool,
    over: bool,
    columns: u16,
}

impl Default for ThroughputView {
    fn default() -> Self {
        Self {
            pick: Pick::Operation(0),
            items: Vec::new(),
            scroll: Scroll::default(),
            known: None,
            rates: [Rate::default(); COUNT],
            history: Vec::new(),
            span: 0..0,
            workers: Vec::new(),
            all: Numbers::default(),
            busy: Vec::new(),
            shares: [Share::default(); COUNT],
            ran: 0.0,
            machine: Sample::default(),
        }
    }
}

impl ThroughputView {
    /// Other events have taken the place of those there were.
    pub fn begin_again(&mut self) {
        self.known = None;
    }
}

/// `31.2 M/s`.
pub fn per_second(rate: f64) -> String {
    format!("{}/s", short_count(rate))
}

/// What the frame says.
pub fn title(state: &State) -> Line<'static> {
    let mut spans = vec![Span::raw("throughput")];
    if state.store.is_empty() {
        return Line::from(spans);
    }
    let (view, room) = (&state.throughput, (state.room().height as usize).saturating_sub(1));
    if view.items.len() > room {
        let (first, last) = (view.scroll.top + 1, (view.scroll.top + room).min(view.items.len()));
        spans.push(Span::styled(format!(" · lines {first} – {last} of {}", view.items.len()), state.theme.dim()));
    }
    if let Some(event) = state.selection.event {
        spans.push(Span::raw(format!(" · at event {}, {}", count(event), duration(state.time()))));
    }
    if state.store.is_virtual() {
        spans.push(Span::styled(" · virtual time", state.theme.bold(Role::Warning)));
    }
    if state.follow {
        spans.push(Span::styled(" · follow", state.theme.style(Role::Running)));
    }
    Line::from(spans)
}

/// Looks everything up, if anything changed.
pub fn settle(state: &mut State) {
    let room = state.room();
    let known = Known {
        events: state.store.len(),
        moment: state.moment(),
        task: state.selection.task.map_or(0, |task| task.0),
        looks: state.engine.looks(),
        behind: state.engine.behind,
        over: matches!(state.status, Status::Finished(_)),
        columns: room.width,
    };
    if state.throughput.known != Some(known) {
        look_up(state);
        state.throughput.items = items(state, room.width as usize);
        state.throughput.known = Some(known);
    }
    let view = &mut state.throughput;
    if !view.items.contains(&Item::Pick(view.pick)) {
        view.pick = Pick::Operation(0);
    }
    let cursor = view.items.iter().position(|item| *item == Item::Pick(view.pick));
    view.scroll.settle(cursor, view.items.len(), (room.height as usize).saturating_sub(1));
}

/// The span of the sparklines: the last minute before the end, or a minute about a moment that lies before that.
fn span(state: &State) -> Range<u64> {
    let (start, end) = (state.store.origin(), state.end_time());
    let to = end.min(state.time().max(end.saturating_sub(HISTORY)).saturating_add(HISTORY / 2));
    let from = to.saturating_sub(HISTORY).max(start);
    from..to.max(from + 1)
}

fn look_up(state: &mut State) {
    let (time, span) = (state.time(), span(state));
    let store = &state.store;
    let rates = store.rates_at(time);
    let history = store.rate_history(span.clone(), CELLS);
    let last = time.saturating_sub(NOW).max(store.origin())..time;
    // What the engine says is of now; where the run is over, of all of it.
    let whole = matches!(state.status, Status::Finished(_)).then(|| (state.end_time() - store.origin()) as f64 / 1e9);
    let live = state.selection.event.is_none();
    let mut numbers: Vec<u32> = store.workers().iter().map(|(number, _)| number).collect();
    numbers.extend(state.engine.workers());
    numbers.sort_unstable();
    numbers.dedup();
    let workers: Vec<(u32, Numbers)> = numbers
        .iter()
        .map(|&number| {
            let traced = workers::traced(state, number, last.clone());
            let said = if live { state.engine.numbers(number, whole) } else { None };
            (number, workers::together(traced, said))
        })
        .collect();
    let all = Numbers::sum(workers.iter().map(|(_, numbers)| numbers));
    let busy = numbers.iter().map(|&number| workers::history(state, number, span.clone())).collect();
    let mut machine = state.engine.machine();
    if state.engine.is_silent() || !live {
        machine = Sample::default();
        let clocks = (store.clock_at(store.origin()), store.clock_at(time).saturating_add(1));
        store.workers().iter().for_each(|(_, worker)| machine += worker.machine(clocks.0, clocks.1));
    }
    let (shares, ran) = shares(state, last);
    let view = &mut state.throughput;
    (view.rates, view.history, view.span, view.workers) = (rates, history, span, workers);
    (view.all, view.busy, view.machine, view.shares, view.ran) = (all, busy, machine, shares, ran);
}

/// The selected task's part of the last events, and of the last second.
fn shares(state: &State, last: Range<u64>) -> ([Share; COUNT], f64) {
    let mut shares = [Share::default(); COUNT];
    let Some(task) = state.selection.task else { return (shares, 0.0) };
    let end = state.moment().saturating_add(1);
    for event in state.store.events(end.saturating_sub(SHARED)..end) {
        if let Some(row) = row_of(&event) {
            shares[row].all += 1;
            shares[row].own += u64::from(event.task == task);
        }
    }
    let ticks = state.store.clock_at(last.end).saturating_sub(state.store.clock_at(last.start));
    let ran = state.store.times(task, last).of(tracer::model::state::TaskState::Running);
    (shares, ran as f64 / ticks.max(1) as f64)
}

fn items(state: &State, columns: usize) -> Vec<Item> {
    let view = &state.throughput;
    let mut items: Vec<Item> = (0..COUNT).map(|row| Item::Pick(Pick::Operation(row))).collect();
    let note = |items: &mut Vec<Item>, text: String| {
        items.extend(wrap(&text, columns.saturating_sub(2)).into_iter().map(Item::Note));
    };
    if state.store.is_virtual() {
        note(
            &mut items,
            "Virtual time: a nanosecond is a step of the program, so these rates compare programs, not machines."
                .into(),
        );
    }
    let held = state.store.held_up();
    if held >= 0.01 {
        let part = percent(held);
        note(&mut items, format!("Watched: the program had to wait for {part} of its time; the rates leave that out."));
    } else if state.engine.behind {
        let text = "Watched: the program waited for the screen to take in its events. `vex bench` measures without.";
        note(&mut items, text.into());
    }
    items.push(Item::Heading);
    if view.workers.len() > 1 {
        items.push(Item::Pick(Pick::All));
    }
    items.extend(view.workers.iter().map(|(number, _)| Item::Pick(Pick::Worker(*number))));
    let software: Vec<String> = Counter::ALL
        .iter()
        .filter(|counter| counter.class() == Class::Software)
        .filter_map(|&counter| {
            let value = view.machine.get(counter)?;
            let text = if counter == Counter::TaskClock { duration(value) } else { count(value) };
            Some(format!("{} {text}", counter.name().replace('-', " ")))
        })
        .collect();
    let hardware = Counter::ALL.iter().any(|&c| c.class() == Class::Hardware && view.machine.get(c).is_some());
    let mut text = match (&state.engine.no_counters, hardware) {
        (_, true) => String::new(),
        (Some(why), false) => why.clone(),
        (None, false) => "No hardware counters: this run does not read them.".into(),
    };
    if !software.is_empty() {
        text = format!("{text} Software: {}.", software.join(", "));
    }
    if !text.trim().is_empty() {
        note(&mut items, text.trim().into());
    }
    items
}

/// The moment was set from elsewhere.
pub fn moment_changed(state: &mut State) {
    state.throughput.scroll.reveal = true;
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
        Command::Left => move_moment(state, false),
        Command::Right => move_moment(state, true),
        Command::Next => state.step_event(true),
        Command::Previous => state.step_event(false),
        Command::Open => open(state),
        _ => {}
    }
}

fn go(state: &mut State, by: isize) {
    let picks: Vec<Pick> = state
        .throughput
        .items
        .iter()
        .filter_map(|item| match item {
            Item::Pick(pick) => Some(*pick),
            _ => None,
        })
        .collect();
    let Some(last) = picks.len().checked_sub(1) else { return };
    let at = picks.iter().position(|pick| *pick == state.throughput.pick).unwrap_or(0);
    let next = at.saturating_add_signed(by).min(last);
    state.throughput.pick = picks[next];
    state.throughput.scroll.reveal = true;
    // Whoever goes to the last row wants to see what stands below it.
    if next == last {
        state.throughput.scroll.top = usize::MAX / 2;
    }
}

/// The moment a cell of the sparklines earlier or later.
fn move_moment(state: &mut State, later: bool) {
    if state.store.is_empty() {
        return;
    }
    let step = ((state.throughput.span.end - state.throughput.span.start) / CELLS as u64).max(1);
    let time = state.time();
    let end = state.end_time();
    let to = if later { time.saturating_add(step) } else { time.saturating_sub(step) };
    if later && to >= end {
        return state.follow_newest();
    }
    let event = event_before(state, Measure::Time, to.max(state.store.start_time()) + 1);
    // A step leads to another event, also where nothing happened for longer.
    let event = match later {
        true => event.max(state.moment() + 1),
        false => event.min(state.moment().saturating_sub(1)),
    };
    state.set_moment(event.max(state.store.first()));
    super::moment_changed(state);
}

/// Enter: the events of an operation; what a worker runs, in its lane.
fn open(state: &mut State) {
    match state.throughput.pick {
        Pick::Operation(row) => {
            let kinds: Vec<&str> = ROWS[row].counts.iter().map(|(kind, _)| kind.name()).collect();
            state.show(View::Events);
            state.events.filter = Filter::parse(&format!("kind:={}", kinds.join("|")));
            state.filter_changed();
        }
        Pick::All => state.show(View::Timeline),
        Pick::Worker(number) => {
            if let Some(worker) = state.store.workers().get(number).filter(|worker| worker.task.0 != 0) {
                let task = worker.task;
                state.select_task(task);
            }
            state.show(View::Timeline);
        }
    }
}

/// What the mouse did in a row of the view.
pub fn pointer(state: &mut State, mouse: Mouse, y: u16) {
    match mouse {
        Mouse::Wheel(by) => state.throughput.scroll.by(by),
        Mouse::Click => {
            let row = (y as usize).checked_sub(1).map(|row| state.throughput.scroll.top + row);
            if let Some(Item::Pick(pick)) = row.and_then(|row| state.throughput.items.get(row)) {
                state.throughput.pick = *pick;
            }
        }
        Mouse::Sideways(by) => {
            for _ in 0..by.unsigned_abs().min(CELLS as u32) {
                move_moment(state, by > 0);
            }
        }
        Mouse::Zoom(_) => {}
    }
}

/// Draws the view.
pub fn draw(state: &State, buffer: &mut Buffer, area: Rect) {
    if state.store.is_empty() {
        let how = "Each kind of operation gets a row here: its rate now and at its peak, against the target of the performance table; below, what each worker does.";
        return empty(state, buffer, area, "Nothing to measure yet", how);
    }
    let view = &state.throughput;
    let table = operations::Table::of(area.width);
    // The heading of the table that the first row shown belongs to stays.
    let heading = view.items.iter().position(|item| *item == Item::Heading);
    match heading.is_some_and(|heading| heading < view.scroll.top) {
        true => workers::heading(state, buffer, area, 0, " "),
        false => table.heading(state, buffer, area),
    }
    for y in 1..area.height {
        let Some(item) = view.items.get(view.scroll.top + y as usize - 1) else { break };
        match item {
            Item::Heading => workers::heading(state, buffer, area, y, "─"),
            Item::Note(text) => {
                put(buffer, area, 1, y, text, state.theme.dim());
            }
            Item::Pick(pick) => {
                let end = match pick {
                    Pick::Operation(row) => table.row(state, buffer, area, y, *row),
                    Pick::All => workers::row(state, buffer, area, y, None),
                    Pick::Worker(number) => {
                        let index = view.workers.iter().position(|(other, _)| other == number);
                        workers::row(state, buffer, area, y, index)
                    }
                };
                if *pick == view.pick {
                    let chosen = Rect { width: end.min(area.width), ..area };
                    paint_row(buffer, chosen, y, Style::new().add_modifier(Modifier::REVERSED));
                }
            }
        }
    }
}
