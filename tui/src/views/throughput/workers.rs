//! The lower table: one row for each worker, one for all of them together.
//!
//! A number comes from the engine where it says it, else from the trace: from what the worker recorded, and from `meta.counter`
//! records. A column that has nothing to show for any worker is left out.

use super::operations::{resample, span_text};
use super::{CELLS, per_second};
use crate::draw::put;
use crate::engine::Numbers;
use crate::format::{count, duration, pad, pad_left, percent, short_count};
use crate::state::State;
use crate::theme::Role;
use crate::widgets::gauge;
use crate::widgets::strip::bar;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::{Modifier, Style};
use std::ops::Range;
use tracer::counters::Counter;

/// What the trace says of a worker between two times.
pub(super) fn traced(state: &State, number: u32, times: Range<u64>) -> Numbers {
    let store = &state.store;
    let Some(worker) = store.workers().get(number) else { return Numbers::default() };
    let (from, to) = (store.clock_at(times.start), store.clock_at(times.end));
    let ticks = to.saturating_sub(from);
    let seconds = times.end.saturating_sub(times.start) as f64 / 1e9;
    let work = store.work(number, times);
    let to = to.saturating_add(1);
    let rate = |value: Option<f64>| value.filter(|_| seconds > 0.0).map(|value| value / seconds);
    Numbers {
        busy: (ticks > 0).then(|| work.busy as f64 / ticks as f64),
        switches: rate(Some(work.switches)),
        events: rate(Some(work.events)),
        ticks: rate(worker.counted(Counter::Ticks, from, to)),
        steals: rate(worker.counted(Counter::Steals, from, to)),
        parks: rate(worker.counted(Counter::Parks, from, to)),
        queue: worker.counted(Counter::QueueLength, from, to),
        machine: worker.machine(from, to),
    }
}

/// What both say; the engine knows better.
pub(super) fn together(traced: Numbers, said: Option<Numbers>) -> Numbers {
    let Some(said) = said else { return traced };
    Numbers {
        busy: traced.busy,
        events: traced.events,
        switches: said.switches.or(traced.switches),
        ticks: said.ticks.or(traced.ticks),
        steals: said.steals.or(traced.steals),
        parks: said.parks.or(traced.parks),
        queue: said.queue.or(traced.queue),
        machine: if said.machine == Default::default() { traced.machine } else { said.machine },
    }
}

/// The share of the time in which a worker ran tasks, in the cells of a sparkline.
pub(super) fn history(state: &State, number: u32, times: Range<u64>) -> Vec<f64> {
    let span = times.end - times.start;
    let edge = |cell: usize| times.start + (span as u128 * cell as u128 / CELLS as u128) as u64;
    (0..CELLS)
        .map(|cell| {
            let times = edge(cell)..edge(cell + 1);
            let ticks = state.store.clock_at(times.end).saturating_sub(state.store.clock_at(times.start));
            state.store.work(number, times).busy as f64 / ticks.max(1) as f64
        })
        .collect()
}

/// A column of numbers: heading, width, from which width of the view on, and how to read it.
struct Column(&'static str, usize, u16, fn(&Numbers) -> Option<String>);

/// The most telling first: a narrow screen shows those that fit.
const COLUMNS: [Column; 9] = [
    Column("guest instr", 11, 0, |numbers| numbers.ticks.map(per_second)),
    Column("switches", 9, 0, |numbers| numbers.switches.map(per_second)),
    Column("steals", 8, 0, |numbers| numbers.steals.map(per_second)),
    Column("queue", 5, 0, |numbers| numbers.queue.map(short_count)),
    Column("parks", 8, 70, |numbers| numbers.parks.map(per_second)),
    Column("IPC", 5, 70, |numbers| numbers.machine.instructions_per_cycle().map(|ipc| format!("{ipc:.2}"))),
    Column("cache miss/1k", 13, 100, |numbers| misses(numbers, Counter::CacheMisses)),
    Column("branch miss/1k", 14, 116, |numbers| misses(numbers, Counter::BranchMisses)),
    Column("events", 9, 70, |numbers| numbers.events.map(per_second)),
];

fn misses(numbers: &Numbers, counter: Counter) -> Option<String> {
    numbers.machine.per_thousand_instructions(counter).map(|misses| format!("{misses:.2}"))
}

/// Where things stand: columns of numbers, then the bar of now, then the strip.
struct Places {
    columns: Vec<(&'static Column, u16)>,
    bar: (u16, u16),
    strip: (u16, u16),
}

const NAME: u16 = 7;
const SHARE: u16 = 6;

fn places(state: &State, columns: u16) -> Places {
    let view = &state.throughput;
    let bar = (1 + NAME + SHARE + 1, if columns >= 76 { 8 } else { 4 });
    let mut x = bar.0 + bar.1 + 1;
    let mut shown = Vec::new();
    for column in COLUMNS.iter().filter(|column| columns >= column.2 && (column.3)(&view.all).is_some()) {
        if x + column.1 as u16 <= columns {
            shown.push((column, x));
            x += column.1 as u16 + 1;
        }
    }
    let rest = columns.saturating_sub(x + 2);
    Places { columns: shown, bar, strip: (x + 1, if rest >= 10 { rest.min(CELLS as u16) } else { 0 }) }
}

/// The heading, with how many workers there are; the rule fills what it leaves free.
pub(super) fn heading(state: &State, buffer: &mut Buffer, area: Rect, y: u16, rule: &str) {
    let dim = state.theme.dim();
    let places = places(state, area.width);
    let edge = state.theme.style(Role::Border);
    (0..area.width).for_each(|x| {
        put(buffer, area, x, y, rule, edge);
    });
    let n = state.throughput.workers.len();
    let text = if n == 1 { " worker ".to_string() } else { format!(" {} workers ", count(n as u64)) };
    let x = put(buffer, area, 0, y, &text, dim);
    put(buffer, area, x.max(places.bar.0 - 1), y, " busy ", dim);
    for (column, x) in &places.columns {
        put(buffer, area, x.saturating_sub(1), y, &format!(" {} ", pad_left(column.0, column.1)), dim);
    }
    if places.strip.1 > 0 {
        put(buffer, area, places.strip.0 - 1, y, &format!(" busy, {} ", span_text(state)), dim);
    }
}

/// Draws the row of a worker by its index, or of all; gives the column after what the cursor marks.
pub(super) fn row(state: &State, buffer: &mut Buffer, area: Rect, y: u16, index: Option<usize>) -> u16 {
    let view = &state.throughput;
    let places = places(state, area.width);
    let (name, numbers) = match index.and_then(|index| view.workers.get(index)) {
        Some((number, numbers)) => (format!("W{number}"), numbers),
        None => ("all".to_string(), &view.all),
    };
    put(buffer, area, 1, y, &pad(&name, NAME as usize), Style::new().add_modifier(Modifier::BOLD));
    let share = numbers.busy.map_or("–".into(), percent);
    put(buffer, area, 1 + NAME, y, &pad_left(&share, SHARE as usize), Style::new());
    let role = if numbers.busy.unwrap_or(0.0) > 0.0 { Role::Running } else { Role::Dim };
    let text = gauge::share(numbers.busy.unwrap_or(0.0), places.bar.1 as usize);
    put(buffer, area, places.bar.0, y, &text, state.theme.style(role));
    let mut end = places.bar.0 + places.bar.1;
    for (column, x) in &places.columns {
        let text = (column.3)(numbers).unwrap_or_else(|| "–".into());
        end = put(buffer, area, *x, y, &pad_left(&text, column.1), Style::new());
    }
    let cells = places.strip.1 as usize;
    let values = match index.and_then(|index| view.busy.get(index)) {
        Some(busy) => resample(busy.iter().copied(), cells),
        None => {
            let mean = |cell: usize| view.busy.iter().filter_map(|busy| busy.get(cell)).sum::<f64>();
            let workers = view.busy.len().max(1) as f64;
            resample((0..CELLS).map(|cell| mean(cell) / workers).collect::<Vec<_>>().into_iter(), cells)
        }
    };
    for (i, value) in values.into_iter().enumerate() {
        let glyph = match bar((value * 1000.0).round() as u64, 1000) {
            ' ' => '▁',
            glyph => glyph,
        };
        let style = if value > 0.0 { state.theme.style(Role::Heat3) } else { state.theme.dim() };
        put(buffer, area, places.strip.0 + i as u16, y, glyph.encode_utf8(&mut [0; 4]), style);
    }
    end
}

/// What there is to say of a worker, or of all: lines of text with their style.
pub fn describe(state: &State, number: Option<u32>) -> Vec<(String, Style)> {
    let view = &state.throughput;
    let mut lines = Vec::new();
    let plain = Style::new();
    let workers = state.store.workers();
    let (switches, events) = match number {
        Some(number) => {
            let Some(worker) = workers.get(number) else { return vec![("has recorded nothing".into(), plain)] };
            let task = state.task_name(worker.task);
            let (text, role) = match (worker.is_busy(), worker.task.0) {
                (true, _) => (format!("runs {task}"), Role::Running),
                (false, 0) => ("has run nothing".into(), Role::Dim),
                (false, _) => (format!("idle; ran {task} last"), Role::Dim),
            };
            lines.push((text, state.theme.bold(role)));
            (worker.switches(), worker.events())
        }
        None => workers.iter().fold((0, 0), |sum, (_, one)| (sum.0 + one.switches(), sum.1 + one.events())),
    };
    lines.push((format!("{} switches, {} events in all", count(switches), count(events)), plain));
    if number.is_none() {
        for &counter in Counter::ALL {
            if let Some(value) = view.machine.get(counter) {
                let text = if counter.unit() == "ns" { duration(value) } else { count(value) };
                lines.push((format!("{} {text}", counter.name().replace('-', " ")), plain));
            }
        }
    }
    if let Some(task) = state.selection.task {
        let text = format!("{} ran for {} of the last second", state.task_name(task), percent(view.ran));
        lines.push((text, Style::new().add_modifier(Modifier::BOLD)));
    }
    let what = "busy: the share of the last second in which tasks ran";
    lines.push((what.into(), state.theme.dim()));
    lines
}
