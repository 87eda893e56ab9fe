//! The channels: how much went through, how full they are, who waits, and their length over time.

use super::list::Scroll;
use super::timeline::axis::{Window, clocks};
use crate::commands::Command;
use crate::draw::{empty, paint_row, put};
use crate::filter::{Fields, Filter};
use crate::format::{count, pad, pad_left, short_count, short_duration, width};
use crate::state::{Focus, State};
use crate::theme::Role;
use crate::update::Mouse;
use crate::widgets::strip::bar;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::{Modifier, Style};
use ratatui::text::{Line, Span};
use std::cmp::Reverse;
use tracer::event::ObjectId;
use tracer::model::channels::{Channel, Occupancy};

macro_rules! orders {
    ($( $(#[doc = $doc:literal])+ $name:ident = $label:literal; )+) => {
        /// What the table is sorted by.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
        pub enum Order { #[default] $( $(#[doc = $doc])+ $name, )+ }

        impl Order {
            /// Every order, as `s` goes through them.
            pub const ALL: &'static [Order] = &[$(Order::$name),+];

            /// What the title calls it.
            pub fn label(self) -> &'static str {
                match self { $(Order::$name => $label,)+ }
            }
        }
    };
}

orders! {
    /// In order of creation.
    Made = "creation";
    /// By name.
    Name = "name";
    /// Fullest first.
    Fullness = "fullness";
    /// Most values received first.
    Traffic = "traffic";
    /// Most waiting tasks first.
    Waiting = "waiting";
    /// Longest average wait first.
    Wait = "average wait";
}

/// What the table remembers.
#[derive(Debug, Default)]
pub struct ChannelsView {
    /// Which channels are shown.
    pub filter: Filter,
    order: Order,
    reverse: bool,
    rows: Vec<ObjectId>,
    scroll: Scroll,
}

/// What the frame says.
pub fn title(state: &State) -> Line<'static> {
    let view = &state.channels;
    let mut spans = vec![Span::raw("channels")];
    if !state.store.channels().is_empty() {
        spans.push(Span::raw(format!(" · {}", count(view.rows.len() as u64))));
    }
    if let Some(event) = state.selection.event {
        spans.push(Span::raw(format!(" · length and waiting at event {}", count(event))));
    }
    if view.order != Order::Made || view.reverse {
        let way = if view.reverse { ", reversed" } else { "" };
        spans.push(Span::styled(format!(" · by {}{way}", view.order.label()), state.theme.dim()));
    }
    if !view.filter.is_empty() {
        spans.push(Span::styled(format!(" · /{}", view.filter.text()), state.theme.bold(Role::Warning)));
    }
    Line::from(spans)
}

/// Sorts and filters.
pub fn settle(state: &mut State) {
    let filter = &state.channels.filter;
    let mut rows: Vec<ObjectId> = state
        .store
        .channels()
        .iter()
        .map(|(id, _)| id)
        .filter(|&id| {
            if filter.is_empty() {
                return true;
            }
            let name = state.object_name(id);
            filter.matches(&Fields { text: &name, object: &name, ..Fields::default() })
        })
        .collect();
    let channel = |id: &ObjectId| state.store.channels().get(*id);
    match state.channels.order {
        Order::Made => {}
        Order::Name => rows.sort_by_cached_key(|id| state.object_name(*id)),
        Order::Fullness => rows.sort_by_cached_key(|id| {
            let now = state.now().object(*id);
            Reverse(now.map_or(0, |now| u64::from(now.level) * 1_000_000 / u64::from(now.size.max(1))))
        }),
        Order::Traffic => rows.sort_by_cached_key(|id| Reverse(channel(id).map_or(0, |channel| channel.received))),
        Order::Waiting => rows.sort_by_cached_key(|id| {
            let now = state.now().object(*id);
            Reverse(now.map_or(0, |now| now.waiting + now.waiting_to_send))
        }),
        Order::Wait => rows.sort_by_cached_key(|id| Reverse(channel(id).and_then(average_wait).unwrap_or(0))),
    }
    if state.channels.reverse {
        rows.reverse();
    }
    if state.selection.object.is_none()
        && let Some(&first) = rows.first()
    {
        state.selection.object = Some(first);
    }
    let cursor = rows.iter().position(|&id| Some(id) == state.selection.object);
    let room = (state.room().height as usize).saturating_sub(1);
    state.channels.scroll.settle(cursor, rows.len(), room);
    state.channels.rows = rows;
}

/// The moment was set from elsewhere.
pub fn moment_changed(state: &mut State) {
    state.channels.scroll.reveal = true;
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
        Command::Next | Command::Previous => {
            state.selection.focus = Focus::Object;
            state.step_event(command == Command::Next);
        }
        Command::Sort => {
            let at = Order::ALL.iter().position(|&order| order == state.channels.order).unwrap_or(0);
            state.channels.order = Order::ALL[(at + 1) % Order::ALL.len()];
            state.channels.reverse = false;
            state.channels.scroll.reveal = true;
        }
        Command::Reverse => {
            state.channels.reverse = !state.channels.reverse;
            state.channels.scroll.reveal = true;
        }
        Command::Open => state.show_made(),
        _ => {}
    }
}

fn go(state: &mut State, by: isize) {
    let rows = &state.channels.rows;
    let Some(last) = rows.len().checked_sub(1) else { return };
    let row = rows.iter().position(|&id| Some(id) == state.selection.object);
    let row = row.map_or(0, |row| row.saturating_add_signed(by).min(last));
    if let Some(&id) = rows.get(row) {
        state.select_object(id);
        state.channels.scroll.reveal = true;
    }
}

/// What the mouse did in a row of the view.
pub fn pointer(state: &mut State, mouse: Mouse, y: u16) {
    match mouse {
        Mouse::Wheel(by) => state.channels.scroll.by(by),
        Mouse::Click => {
            let row = (y as usize).checked_sub(1).map(|row| state.channels.scroll.top + row);
            if let Some(&id) = row.and_then(|row| state.channels.rows.get(row)) {
                state.select_object(id);
            }
        }
        Mouse::Sideways(_) | Mouse::Zoom(_) => {}
    }
}

/// Ticks that a wait for the channel took on average.
pub fn average_wait(channel: &Channel) -> Option<u64> {
    channel.wait_ticks.checked_div(channel.waits)
}

/// A column: its heading, its width, whether it is a number, and the screen's width from which it is shown.
struct Column(&'static str, usize, bool, u16);

const COLUMNS: [Column; 9] = [
    Column("channel", 0, false, 0),
    Column("cap", 5, true, 0),
    Column("len", 5, true, 0),
    Column("peak", 5, true, 70),
    Column("sent", 8, true, 100),
    Column("recv", 8, true, 0),
    Column("rate/s", 7, true, 84),
    Column("avg wait", 8, true, 92),
    Column("waiting", 10, false, 0),
];

/// Draws the view.
pub fn draw(state: &State, buffer: &mut Buffer, area: Rect) {
    if state.store.channels().is_empty() {
        let how = "Each channel that the program makes gets a row here: how full it is, what went through, who waits.";
        return empty(state, buffer, area, &state.none("channels"), how);
    }
    if state.channels.rows.is_empty() {
        let what = format!("No channel matches “{}”", state.channels.filter.text());
        return empty(state, buffer, area, &what, "Esc drops the filter, / changes it.");
    }
    // The name gets what it needs, within reason: the strip is the more telling, the longer it is.
    let named = state.channels.rows.iter().skip(state.channels.scroll.top).take(area.height as usize);
    let name =
        named.map(|&id| width(&state.object_name(id))).max().unwrap_or(0).clamp(7, (area.width as usize / 4).max(12));
    let columns: Vec<&Column> = COLUMNS.iter().filter(|column| area.width >= column.3.saturating_sub(2)).collect();
    let dim = state.theme.dim();
    let mut x = 1;
    let size = |column: &Column| if column.0 == "channel" { name } else { column.1 };
    for column in &columns {
        let text = if column.2 { pad_left(column.0, size(column)) } else { pad(column.0, size(column)) };
        x = put(buffer, area, x, 0, &text, dim) + 1;
    }
    let strip = (area.width as usize).saturating_sub(x as usize + 1);
    put(buffer, area, x, 0, if strip < 19 { "occupancy" } else { "occupancy over time" }, dim);
    for y in 1..area.height {
        let Some(&id) = state.channels.rows.get(state.channels.scroll.top + y as usize - 1) else { break };
        let Some(channel) = state.store.channels().get(id) else { continue };
        let mut x = 1;
        for column in &columns {
            let (text, style) = field(state, column.0, id, channel);
            let text = if column.2 { pad_left(&text, size(column)) } else { pad(&text, size(column)) };
            x = put(buffer, area, x, y, &text, style) + 1;
        }
        if state.selection.object == Some(id) {
            paint_row(
                buffer,
                Rect { width: x.min(area.width), ..area },
                y,
                Style::new().add_modifier(Modifier::REVERSED),
            );
        }
        let place = Rect { x: area.x + x, y: area.y + y, width: strip as u16, height: 1 }.intersection(area);
        draw_strip(state, buffer, place, channel);
    }
}

fn field(state: &State, column: &str, id: ObjectId, channel: &Channel) -> (String, Style) {
    let plain = Style::new();
    let now = state.now().object(id);
    let level = now.map_or(0, |now| now.level);
    match column {
        "channel" => (state.object_name(id), plain.add_modifier(Modifier::BOLD)),
        "cap" => (short_count(f64::from(channel.capacity)), plain),
        "len" => {
            let full = channel.capacity > 0 && level >= channel.capacity;
            (short_count(f64::from(level)), if full { state.theme.bold(Role::Warning) } else { plain })
        }
        "peak" => (short_count(f64::from(channel.peak)), plain),
        "sent" => (in_columns(channel.sent, 8), plain),
        "recv" => (in_columns(channel.received, 8), plain),
        "rate/s" => {
            let made = state.store.objects().get(id).map_or(0, |object| state.store.time_of_clock(object.start));
            let seconds = state.end_time().saturating_sub(made) as f64 / 1e9;
            (if seconds > 0.0 { short_count(channel.received as f64 / seconds) } else { "–".into() }, plain)
        }
        "avg wait" => (average_wait(channel).map_or_else(|| "–".into(), short_duration), plain),
        _ => waiting(state, now.map_or((0, 0), |now| (now.waiting_to_send, now.waiting)), channel),
    }
}

fn waiting(state: &State, (send, receive): (u32, u32), channel: &Channel) -> (String, Style) {
    let closed = channel.closed.is_some_and(|clock| state.store.time_of_clock(clock) <= state.time());
    match (send, receive) {
        (0, 0) if closed => ("closed".into(), state.theme.dim()),
        (0, 0) => ("–".into(), state.theme.dim()),
        (n, 0) => (format!("{} send ▷", count(n as u64)), state.theme.bold(Role::Send)),
        (0, n) => (format!("{} recv ◁", count(n as u64)), state.theme.bold(Role::Receive)),
        (s, r) => (format!("{s} ▷  {r} ◁"), state.theme.bold(Role::Select)),
    }
}

/// A count in full where it fits, else rounded.
fn in_columns(n: u64, columns: usize) -> String {
    let full = count(n);
    if width(&full) <= columns { full } else { short_count(n as f64) }
}

/// The lengths of a channel over the whole run, on the measure that the timeline uses.
fn occupancy(state: &State, channel: &Channel, cells: usize) -> Vec<Option<Occupancy>> {
    let measure = state.timeline.measure;
    let window = Window::extent(state, measure);
    let now = state.store.event(state.store.len().saturating_sub(1)).map_or(0, |event| event.clock);
    channel.strip(&clocks(state, measure, window, cells), now)
}

fn draw_strip(state: &State, buffer: &mut Buffer, area: Rect, channel: &Channel) {
    let cells = area.width as usize;
    if channel.capacity == 0 {
        let text = if cells < 32 { "unbuffered" } else { "unbuffered: nothing is ever kept" };
        put(buffer, area, 0, 0, text, state.theme.dim());
        return;
    }
    for (i, cell) in occupancy(state, channel, cells).into_iter().enumerate() {
        let Some(cell) = cell else { continue };
        let share = u64::from(cell.max) * 100 / u64::from(channel.capacity);
        let role = match share {
            100.. => Role::Warning,
            60.. => Role::Heat3,
            _ => Role::Heat2,
        };
        let glyph = match bar(u64::from(cell.max), u64::from(channel.capacity)) {
            ' ' => '▁',
            glyph => glyph,
        };
        let style = if cell.max == 0 { state.theme.dim() } else { state.theme.style(role) };
        let mut text = [0; 4];
        put(buffer, area, i as u16, 0, glyph.encode_utf8(&mut text), style);
    }
}

/// Changes of length up to which shares of time are summed exactly; beyond, samples stand for them.
const EXACT: u64 = 20_000;

/// Parts of its life in which a channel was full and empty.
pub fn shares(state: &State, channel: &Channel) -> Option<(f64, f64)> {
    let levels = &channel.levels;
    let first = levels.get(levels.first())?.clock;
    let end = state.store.clock_at(state.end_time());
    let whole = end.checked_sub(first).filter(|&ticks| ticks > 0)?;
    let (mut full, mut free) = (0u64, 0u64);
    let mut add = |level: u32, ticks: u64| match level {
        0 => free += ticks,
        n if n >= channel.capacity => full += ticks,
        _ => {}
    };
    if levels.end() - levels.first() <= EXACT {
        for index in levels.first()..levels.end() {
            let Some(entry) = levels.get(index) else { continue };
            let until = levels.get(index + 1).map_or(end, |next| next.clock);
            add(entry.level, until.saturating_sub(entry.clock));
        }
        return Some((full as f64 / whole as f64, free as f64 / whole as f64));
    }
    const SAMPLES: u64 = 2_000;
    for i in 0..SAMPLES {
        let clock = first + (whole as u128 * i as u128 / SAMPLES as u128) as u64;
        if let Some(entry) = levels.at(clock).and_then(|index| levels.get(index)) {
            add(entry.level, 1);
        }
    }
    Some((full as f64 / SAMPLES as f64, free as f64 / SAMPLES as f64))
}
