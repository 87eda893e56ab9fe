//! The channels: how much went through, how full they are, who waits, and their length over time.

use super::table::{Column, Objects, Order, SortKey, Table};
use super::timeline::axis::{Window, clocks};
use crate::draw::put;
use crate::format::{count, short_count, short_duration, width};
use crate::state::State;
use crate::theme::Role;
use crate::widgets::strip::bar;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;
use tracer::event::ObjectId;
use tracer::model::channels::{Channel, Occupancy};

/// The view.
pub struct ChannelsView;

fn channel(state: &State, id: ObjectId) -> Option<&Channel> {
    state.store.channels().get(id)
}

impl Objects for ChannelsView {
    const WORD: &'static str = "channels";
    const THEN: &'static str = "length and waiting";
    const FILLS: &'static str =
        "Each channel that the program makes gets a row here: how full it is, what went through, who waits.";
    const NAMES: usize = 4;

    const ORDERS: &'static [Order] = &[
        Order("creation", None),
        Order("name", Some(|state, id| SortKey::Text(state.object_name(id)))),
        Order(
            "fullness",
            Some(|state, id| {
                let now = state.now().object(id);
                SortKey::most(now.map_or(0, |now| u64::from(now.level) * 1_000_000 / u64::from(now.size.max(1))))
            }),
        ),
        Order("traffic", Some(|state, id| SortKey::most(channel(state, id).map_or(0, |channel| channel.received)))),
        Order(
            "waiting",
            Some(|state, id| {
                let now = state.now().object(id);
                SortKey::most(now.map_or(0, |now| now.waiting + now.waiting_to_send))
            }),
        ),
        Order("average wait", Some(|state, id| SortKey::most(channel(state, id).and_then(average_wait).unwrap_or(0)))),
    ];

    const COLUMNS: &'static [Column] = &[
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

    fn table(state: &State) -> &Table {
        &state.channels
    }

    fn table_mut(state: &mut State) -> &mut Table {
        &mut state.channels
    }

    fn all(state: &State) -> Vec<ObjectId> {
        state.store.channels().iter().map(|(id, _)| id).collect()
    }

    fn name(state: &State, id: ObjectId) -> String {
        state.object_name(id)
    }

    fn field(state: &State, column: &str, id: ObjectId) -> (String, Style) {
        let plain = Style::new();
        let Some(channel) = channel(state, id) else { return (String::new(), plain) };
        let now = state.now().object(id);
        let level = now.map_or(0, |now| now.level);
        match column {
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

    /// The length over time.
    fn beside(state: &State, buffer: &mut Buffer, area: Rect, id: Option<ObjectId>) {
        match id.map(|id| (id, channel(state, id))) {
            Some((id, Some(channel))) => draw_strip(state, buffer, area, id, channel),
            Some((_, None)) => {}
            None => {
                let text = if area.width < 19 { "occupancy" } else { "occupancy over time" };
                put(buffer, area, 0, 0, text, state.theme.dim());
            }
        }
    }
}

/// Ticks that a wait for the channel took on average.
pub fn average_wait(channel: &Channel) -> Option<u64> {
    channel.wait_ticks.checked_div(channel.waits)
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
fn occupancy(state: &State, id: ObjectId, cells: usize) -> Vec<Option<Occupancy>> {
    let measure = state.timeline.measure;
    let window = Window::extent(state, measure);
    state.store.occupancy_at(id, &clocks(state, measure, window, cells))
}

fn draw_strip(state: &State, buffer: &mut Buffer, area: Rect, id: ObjectId, channel: &Channel) {
    let cells = area.width as usize;
    if channel.capacity == 0 {
        let text = if cells < 32 { "unbuffered" } else { "unbuffered: nothing is ever kept" };
        put(buffer, area, 0, 0, text, state.theme.dim());
        return;
    }
    let measure = state.timeline.measure;
    let window = Window::extent(state, measure);
    // What lies ahead of where a debugged run stands is known, but has not happened.
    let future = state.future().map(|event| {
        let position = crate::views::timeline::axis::position(state, measure, event.saturating_sub(1));
        window.cell(position, cells).map_or(cells, |cell| cell + 1)
    });
    for (i, cell) in occupancy(state, id, cells).into_iter().enumerate() {
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
        let style = if future.is_some_and(|future| i >= future) { style.patch(state.theme.future()) } else { style };
        let mut text = [0; 4];
        put(buffer, area, i as u16, 0, glyph.encode_utf8(&mut text), style);
    }
}

/// Parts of its life in which a channel was full and empty.
pub fn shares(state: &State, channel: &Channel) -> Option<(f64, f64)> {
    channel.shares(state.store.clock_at(state.end_time()))
}
