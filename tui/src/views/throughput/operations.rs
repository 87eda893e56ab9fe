//! The upper table: one row for each operation of the performance table.

use super::{CELLS, per_second};
use crate::draw::put;
use crate::format::{count, pad, pad_left, percent, short_count, width};
use crate::session::Status;
use crate::state::State;
use crate::theme::Role;
use crate::widgets::gauge;
use crate::widgets::strip::bar;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::{Modifier, Style};
use tracer::model::rates::{PEAK, ROWS};

/// Columns of the ratio and its mark: `1 234× ✔`.
const RATIO: u16 = 8;

/// Where the columns stand: first column and width of each, a width of 0 where there is no room for it.
pub(super) struct Table {
    target: (u16, u16),
    now: (u16, u16),
    peak: (u16, u16),
    mean: (u16, u16),
    bar: (u16, u16),
    ratio: (u16, u16),
    strip: (u16, u16),
}

impl Table {
    /// In a view of so many columns.
    pub(super) fn of(columns: u16) -> Table {
        let mut x = 1 + 18 + 1;
        let mut next = |size: u16| {
            let place = (x, size);
            x += if size > 0 { size + 1 } else { 0 };
            place
        };
        let target = next(7);
        let now = next(8);
        let peak = next(if columns >= 74 { 8 } else { 0 });
        let mean = next(if columns >= 92 { 7 } else { 0 });
        let rest = columns.saturating_sub(x);
        // Bar, ratio, and the strip with a blank on either side.
        let strip = match rest.saturating_sub(RATIO + 3) {
            wide @ 30.. => (wide * 2 / 5).min(CELLS as u16),
            some @ 18.. => some - 10,
            _ => 0,
        };
        let used = RATIO + 1 + if strip > 0 { strip + 2 } else { 0 };
        let mut next = |size: u16| {
            let place = (x, size);
            x += if size > 0 { size + 1 } else { 0 };
            place
        };
        let bar = next(rest.saturating_sub(used + 1).min(60));
        let ratio = next(RATIO);
        let strip = (x + 1, strip);
        Table { target, now, peak, mean, bar, ratio, strip }
    }

    pub(super) fn heading(&self, state: &State, buffer: &mut Buffer, area: Rect) {
        let dim = state.theme.dim();
        put(buffer, area, 1, 0, "operation", dim);
        let right = [(self.target, "target"), (self.now, "now"), (self.peak, "peak"), (self.mean, "ns/op")];
        for ((x, size), text) in right.into_iter().filter(|(place, _)| place.1 > 0) {
            put(buffer, area, x, 0, &pad_left(text, size as usize), dim);
        }
        let text = if self.bar.1 < 19 { "log scale" } else { "against target (log)" };
        put(buffer, area, self.bar.0, 0, &pad(text, (self.bar.1 + 1 + self.ratio.1) as usize), dim);
        if self.strip.1 > 0 {
            put(buffer, area, self.strip.0, 0, &pad(&span_text(state), self.strip.1 as usize), dim);
        }
    }

    /// Draws a row; gives the column after what the cursor marks.
    pub(super) fn row(&self, state: &State, buffer: &mut Buffer, area: Rect, y: u16, row: usize) -> u16 {
        let theme = &state.theme;
        let rate = &state.throughput.rates[row];
        let what = &ROWS[row];
        put(buffer, area, 1, y, &pad(what.name, 18), Style::new().add_modifier(Modifier::BOLD));
        let number = |buffer: &mut Buffer, (x, size): (u16, u16), text: &str, style: Style| {
            if size > 0 {
                put(buffer, area, x, y, &pad_left(text, size as usize), style);
            }
        };
        number(buffer, self.target, &what.target.map_or("–".into(), per_second), theme.dim());
        let end = self.bar.0;
        if rate.total == 0 {
            number(buffer, self.now, "–", theme.dim());
            number(buffer, self.peak, "–", theme.dim());
            number(buffer, self.mean, "–", theme.dim());
            let text = match (&state.status, state.selection.event) {
                (Status::Finished(_), None) => "none in this run",
                _ => "none so far",
            };
            put(buffer, area, end, y, text, theme.dim());
            return end;
        }
        let now = if rate.now > 0.0 { Style::new() } else { theme.dim() };
        number(buffer, self.now, &per_second(rate.now), now);
        number(buffer, self.peak, &per_second(rate.peak), Style::new());
        number(buffer, self.mean, &rate.nanoseconds().map_or("–".into(), short_nanoseconds), now);
        match what.target {
            Some(target) => {
                let (now, peak) = (rate.now / target, rate.peak / target);
                let role = if peak >= 1.0 { Role::Running } else { Role::Warning };
                for (i, cell) in gauge::target(now, peak, self.bar.1 as usize).into_iter().enumerate() {
                    let style = if cell == gauge::Cell::Target { theme.bold(Role::Title) } else { theme.style(role) };
                    put(buffer, area, self.bar.0 + i as u16, y, cell.glyph().encode_utf8(&mut [0; 4]), style);
                }
                let mark = if peak >= 1.0 { '✔' } else { '✖' };
                let text = format!("{} {mark}", times(peak));
                put(buffer, area, self.ratio.0, y, &pad_left(&text, self.ratio.1 as usize), theme.bold(role));
            }
            None => {
                put(buffer, area, self.bar.0, y, "no target", theme.dim());
            }
        }
        self.strip(state, buffer, area, y, row);
        end
    }

    fn strip(&self, state: &State, buffer: &mut Buffer, area: Rect, y: u16, row: usize) {
        let view = &state.throughput;
        let cells = self.strip.1 as usize;
        let values = resample(view.history.iter().map(|cell| cell[row]), cells);
        let most = values.iter().copied().fold(0.0, f64::max);
        let place = state.time().saturating_sub(view.span.start) as u128 * cells as u128
            / u128::from((view.span.end - view.span.start).max(1));
        for (i, value) in values.into_iter().enumerate() {
            let glyph = match bar((value * 1e3) as u64, (most * 1e3) as u64) {
                // The base line says that there was time, but no operation.
                ' ' => '▁',
                glyph => glyph,
            };
            let mut style = if value > 0.0 { state.theme.style(Role::Heat2) } else { state.theme.dim() };
            if !state.follow && i as u128 == place.min(cells.saturating_sub(1) as u128) {
                style = style.add_modifier(Modifier::REVERSED);
            }
            put(buffer, area, self.strip.0 + i as u16, y, glyph.encode_utf8(&mut [0; 4]), style);
        }
    }
}

/// What the strip shows: `last 60 s`.
pub(super) fn span_text(state: &State) -> String {
    let span = &state.throughput.span;
    let length = crate::format::short_duration(span.end - span.start);
    let (start, end) = (state.store.origin(), state.end_time());
    match () {
        () if span.start <= start => format!("all {length}"),
        () if span.end >= end => format!("last {length}"),
        () => format!("{length} about it"),
    }
}

/// Fewer cells of the mean of several, or more of the same.
pub(super) fn resample(values: impl ExactSizeIterator<Item = f64>, cells: usize) -> Vec<f64> {
    let values: Vec<f64> = values.collect();
    let n = values.len();
    (0..cells)
        .map(|cell| {
            let from = cell * n / cells.max(1);
            let to = ((cell + 1) * n / cells.max(1)).clamp(from + 1, n.max(from + 1));
            let part = values.get(from..to).unwrap_or(&[]);
            part.iter().sum::<f64>() / part.len().max(1) as f64
        })
        .collect()
}

/// `62×`, `4.9×`, `0.8×`: never rounded to 1 from below.
fn times(ratio: f64) -> String {
    match ratio {
        r if r < 0.01 => "<0.01×".into(),
        r if r < 1.0 => format!("{:.2}×", (r * 100.0).floor() / 100.0),
        r if r < 9.95 => format!("{r:.1}×"),
        r if r < 99_999.5 => format!("{r:.0}×"),
        r => format!("{}×", short_count(r).replace(' ', "")),
    }
}

/// Nanoseconds in at most seven columns.
fn short_nanoseconds(ns: f64) -> String {
    match ns {
        ns if ns < 99.95 => format!("{ns:.1}"),
        ns if ns < 999_999.5 => count(ns.round() as u64),
        ns => short_count(ns),
    }
}

/// What there is to say of an operation: lines of text with their style.
pub fn describe(state: &State, row: usize) -> Vec<(String, Style)> {
    let theme = &state.theme;
    let what = &ROWS[row];
    let rate = &state.throughput.rates[row];
    let mut lines = vec![(format!("one operation is {}", what.unit), theme.dim())];
    if rate.total == 0 {
        return lines;
    }
    lines.push((format!("{} in all", count(rate.total)), Style::new()));
    if let Some(ns) = rate.nanoseconds() {
        let when = if rate.now > 0.0 { "now" } else { "at its peak" };
        lines.push((format!("one every {} ns {when}", short_nanoseconds(ns).trim()), Style::new()));
    }
    let over = crate::format::short_duration(PEAK.min(state.time().saturating_sub(state.store.origin()) / 10));
    lines.push((format!("peak {} over {over}", per_second(rate.peak)), Style::new()));
    let share = state.throughput.shares[row];
    if let Some(task) = state.selection.task.filter(|_| share.all > 0) {
        let part = percent(share.own as f64 / share.all as f64);
        let text = format!("{} did {part} of the last {}", state.task_name(task), count(share.all));
        lines.push((text, Style::new().add_modifier(Modifier::BOLD)));
    }
    if what.target.is_some_and(|target| rate.peak < target) {
        let text =
            "below its target, which may be all that the program asks for: `vex bench` measures the operation alone";
        lines.push((text.into(), theme.style(Role::Warning)));
    }
    debug_assert!(lines.iter().all(|line| width(&line.0) > 0));
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_columns_fit_and_do_not_overlap_at_every_width() {
        for columns in 58..400 {
            let table = Table::of(columns);
            let places =
                [table.target, table.now, table.peak, table.mean, table.bar, table.ratio, table.strip].into_iter();
            let mut x = 0;
            for (from, size) in places.filter(|place| place.1 > 0) {
                assert!(from > x, "{columns}");
                x = from + size;
            }
            assert!(x <= columns, "{columns}: {x}");
            assert!(table.bar.1 >= 6, "{columns}: {}", table.bar.1);
        }
    }

    #[test]
    fn what_is_below_the_target_never_reads_as_one() {
        let texts: Vec<String> = [0.999, 1.0, 0.04, 0.001, 62.4, 4.88, 123_456.0].map(times).into();
        assert_eq!(texts, ["0.99×", "1.0×", "0.04×", "<0.01×", "62×", "4.9×", "123k×"]);
        assert_eq!(["20.4", "250", "1 235", "1.2 M"], [20.4, 250.0, 1234.6, 1_234_567.0].map(short_nanoseconds)[..]);
    }

    #[test]
    fn resampling_keeps_the_whole() {
        assert_eq!(resample([1.0, 3.0, 5.0, 7.0].into_iter(), 2), [2.0, 6.0]);
        assert_eq!(resample([1.0, 3.0].into_iter(), 4), [1.0, 1.0, 3.0, 3.0]);
        assert_eq!(resample(std::iter::empty::<f64>().collect::<Vec<_>>().into_iter(), 2), [0.0, 0.0]);
    }
}
