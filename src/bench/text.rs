//! The report as a table of at most 120 columns.

use super::modes::Mode;
use super::report::{ModeReport, Report, RowReport};
use std::fmt::Write;
use tracer::counters::{Class, Counter};
use tui::format::{fit, pad, pad_left, short_count, short_duration, wrap};

/// Colours and characters of the table.
#[derive(Clone, Copy, Debug)]
pub struct Style {
    /// Whether to colour verdicts.
    pub color: bool,
    /// Whether to use characters beyond ASCII.
    pub unicode: bool,
}

impl Style {
    fn paint(&self, text: &str, code: u8) -> String {
        if self.color { format!("\x1b[{code}m{text}\x1b[0m") } else { text.to_string() }
    }

    fn times(&self) -> char {
        if self.unicode { '×' } else { 'x' }
    }

    fn verdict(&self, text: &str, reached: bool) -> String {
        let (mark, code) = match (reached, self.unicode) {
            (true, true) => ("✔", 32),
            (true, false) => ("yes", 32),
            (false, true) => ("✖", 31),
            (false, false) => ("NO", 31),
        };
        self.paint(&format!("{} {mark}", pad_left(text, VERDICT - 4)), code)
    }
}

/// Columns of the whole.
const WIDTH: usize = 120;
/// Columns of a row's name and of a mode's.
const NAME: usize = 20;
const MODE: usize = 13;
/// Columns of a verdict: the multiple, and a mark of up to three.
const VERDICT: usize = 10;
/// Columns of a counter.
const COUNT: usize = 8;

/// The other columns: their heads and widths.
const HEADS: [(&str, usize); 8] = [
    ("best", 9),
    ("median", 9),
    ("spread", 6),
    ("ns/op", 9),
    ("ticks/op", 8),
    ("cores", 5),
    ("tracing", 7),
    ("target", 9),
];

/// The whole report.
pub fn print(report: &Report, modes: &[&Mode], style: Style) -> String {
    let mut out = String::new();
    let machine = &report.machine;
    let processor = machine.processor.as_deref().unwrap_or("unknown processor");
    let (rounds, sample) = (report.rounds, report.sample_ms);
    let (cores, workers) = (machine.cores, report.workers);
    let _ = writeln!(
        out,
        "{}\n",
        fit(
            &format!(
                "{rounds} rounds of samples of {sample} ms, {workers} workers, {processor}, {cores} cores, {}",
                machine.system
            ),
            WIDTH
        )
    );
    let mut head = format!("{} {}", pad("row", NAME), pad("mode", MODE));
    HEADS.iter().for_each(|(name, width)| head.push_str(&format!(" {}", pad_left(name, *width))));
    let _ = writeln!(out, "{}", style.paint(&format!("{head} {}", pad_left("verdict", VERDICT)), 1));
    for row in &report.rows {
        print_row(&mut out, row, style);
    }
    out.push('\n');
    for class in [Class::Hardware, Class::Software] {
        counters(&mut out, report, class, style);
    }
    wrap(&machine.counters, WIDTH).iter().for_each(|line| out.push_str(&format!("{line}\n")));
    legend(&mut out, modes);
    out
}

/// The lines of a row: its name beside the first mode, the guide's name for it beside the second.
fn names(row: &RowReport) -> impl Iterator<Item = String> {
    let second = row.operation.map_or_else(String::new, |name| format!("  {name}"));
    [row.row.to_string(), second].into_iter().chain(std::iter::repeat(String::new()))
}

fn print_row(out: &mut String, row: &RowReport, style: Style) {
    // A single mode leaves no second line for the guide's name.
    if row.modes.len() == 1
        && let Some(operation) = row.operation
    {
        let _ = writeln!(out, "{}", style.paint(operation, 2));
    }
    for (mode, name) in row.modes.iter().zip(names(row)) {
        let _ = write!(out, "{} {}", pad(&name, NAME), pad(mode.mode, MODE));
        if let Some(why) = &mode.failed {
            let _ = writeln!(out, " {}", style.paint(&fit(&format!("failed: {why}"), 84), 31));
            continue;
        }
        for ((_, width), text) in HEADS.iter().zip(columns(row, mode, style)) {
            let _ = write!(out, " {}", pad_left(&text, *width));
        }
        let line = match (mode.of_target, mode.reached) {
            (Some(times), Some(reached)) => style.verdict(&format!("{}{}", multiple(times), style.times()), reached),
            (None, Some(reached)) if mode.scaling.is_some() => {
                style.verdict(&format!("{}{}", multiple(mode.scaling.unwrap_or_default()), style.times()), reached)
            }
            (None, Some(reached)) => style.verdict(mode.bar.as_deref().unwrap_or_default(), reached),
            _ => String::new(),
        };
        let _ = writeln!(out, " {line}");
        while out.ends_with(" \n") {
            out.truncate(out.len() - 2);
            out.push('\n');
        }
    }
}

/// What stands below [`HEADS`].
fn columns(row: &RowReport, mode: &ModeReport, style: Style) -> [String; 8] {
    let value = |value: f64| match row.unit {
        "B/task" => format!("{value:.0} B"),
        _ => format!("{}/s", short_count(value)),
    };
    let or_nothing = |value: Option<f64>, digits: usize| value.map_or_else(String::new, |v| format!("{v:.digits$}"));
    [
        value(mode.best),
        value(mode.median),
        format!("{:.0} %", mode.spread * 100.0),
        or_nothing(mode.ns_per_op, if mode.ns_per_op.is_some_and(|ns| ns < 10.0) { 2 } else { 1 }),
        or_nothing(mode.ticks_per_op, 2),
        or_nothing(mode.cores, 2),
        mode.slow_down.map_or_else(String::new, |times| format!("{times:.2}{}", style.times())),
        row.target.map_or_else(String::new, value),
    ]
}

/// A multiple with the digits that matter.
fn multiple(times: f64) -> String {
    if times < 9.95 { format!("{times:.2}") } else { format!("{times:.0}") }
}

/// The machine's counters for an operation, where there are any: those of the processor for one, those of the operating
/// system, being rare, for a million.
fn counters(out: &mut String, report: &Report, class: Class, style: Style) {
    let counters: Vec<Counter> = Counter::ALL
        .iter()
        .copied()
        .filter(|counter| counter.class() == class)
        .filter(|counter| modes(report).any(|mode| mode.counters_per_op.contains_key(counter.name())))
        .collect();
    if counters.is_empty() {
        return;
    }
    let (scale, each) = if class == Class::Hardware { (1.0, "operation") } else { (1e6, "million ops") };
    let mut head = format!("{} {}", pad(&format!("per {each}"), NAME + 1), pad("mode", MODE - 1));
    counters.iter().for_each(|counter| head.push_str(&format!(" {}", pad_left(short(*counter), COUNT))));
    if class == Class::Hardware {
        head.push_str("  counted");
    }
    let _ = writeln!(out, "{}", style.paint(&head, 1));
    for row in &report.rows {
        for (mode, name) in row.modes.iter().zip(names(row)).filter(|(mode, _)| !mode.counters_per_op.is_empty()) {
            let _ = write!(out, "{} {}", pad(&name, NAME + 1), pad(mode.mode, MODE - 1));
            for counter in &counters {
                let text = mode.counters_per_op.get(counter.name()).map_or_else(String::new, |per_op| {
                    let value = per_op * scale;
                    match counter {
                        Counter::TaskClock => short_duration(value as u64),
                        _ if value < 100.0 => format!("{value:.2}"),
                        _ => short_count(value),
                    }
                });
                let _ = write!(out, " {}", pad_left(&text, COUNT));
            }
            if let Some(share) = mode.counters_coverage {
                let _ = write!(out, " {}", pad_left(&format!("{:.0} %", share * 100.0), 8));
            }
            out.push('\n');
        }
    }
    out.push('\n');
}

fn modes(report: &Report) -> impl Iterator<Item = &ModeReport> {
    report.rows.iter().flat_map(|row| &row.modes)
}

/// A counter's name in [`COUNT`] columns.
fn short(counter: Counter) -> &'static str {
    match counter {
        Counter::Instructions => "instr.",
        Counter::CacheReferences => "cache",
        Counter::CacheMisses => "c.misses",
        Counter::BranchMisses => "b.misses",
        Counter::StalledFrontend => "stall f.",
        Counter::StalledBackend => "stall b.",
        Counter::TaskClock => "on core",
        Counter::ContextSwitches => "switches",
        Counter::Migrations => "migrated",
        Counter::PageFaults => "faults",
        other => other.name(),
    }
}

fn legend(out: &mut String, modes: &[&Mode]) {
    for mode in modes {
        let _ = writeln!(out, "{} {}", pad(mode.name, MODE), mode.about);
    }
    out.push_str(
        "best, median, spread: of the rounds; ns/op: wall time of the best; ticks: loop steps and calls, not instructions;\n\
         cores: processor time by wall time; tracing: how many times slower than without; target: the Vex guide's;\n\
         verdict: the best by the target (of nest_4tasks: how many times faster than with one worker).\n",
    );
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bench::modes::MODES;
    use crate::bench::report::Machine;

    fn report() -> Report {
        let mode = |mode, times| ModeReport {
            mode,
            samples: vec![16_123_456.0],
            best: 16_123_456.0,
            median: 15_000_000.0,
            spread: 0.123,
            ns_per_op: Some(62.0),
            ticks_per_op: Some(4.004),
            cores: Some(1.0),
            slow_down: times,
            counters_per_op: Counter::ALL.iter().take(12).map(|counter| (counter.name(), 123.4)).collect(),
            counters_coverage: Some(0.66),
            of_target: Some(32.2),
            reached: Some(times.is_none()),
            ..ModeReport::default()
        };
        let failed = ModeReport { mode: "vex-s", failed: Some("x".repeat(300)), ..ModeReport::default() };
        let row = |row, operation, modes| RowReport { row, operation, unit: "ops/s", target: Some(5e5), modes };
        Report {
            machine: Machine {
                system: "linux x86_64".into(),
                processor: Some("A processor with a long name ".repeat(9)),
                cores: 2,
                hardware_counters: false,
                counters: "No hardware counters: because. ".repeat(9),
            },
            workers: 2,
            rounds: 5,
            sample_ms: 60.0,
            rows: vec![
                row(
                    "spawn_batch1k",
                    Some("goroutine spawn"),
                    vec![mode("vex-s", None), mode("vex-s-traced", Some(1.4))],
                ),
                row("mutex_uncontended", Some("mutex lock/unlock"), vec![failed]),
            ],
        }
    }

    #[test]
    fn fits_120_columns_and_says_everything() {
        let style = Style { color: false, unicode: true };
        let text = print(&report(), &MODES.iter().collect::<Vec<_>>(), style);
        for line in text.lines() {
            assert!(tui::format::width(line) <= 120, "{} columns: {line}", tui::format::width(line));
        }
        for word in
            ["16.1 M/s", "goroutine spawn", "1.40×", "500 k/s", "32× ✔", "32× ✖", "failed: xxx", "because", "66 %"]
        {
            assert!(text.contains(word), "{word} in\n{text}");
        }
    }

    #[test]
    fn in_ascii_nothing_is_beyond_it() {
        let style = Style { color: false, unicode: false };
        let mut report = report();
        report.machine.processor = None;
        report.rows.truncate(1);
        let text = print(&report, &[], style);
        assert!(text.is_ascii(), "{text}");
        assert!(text.contains("32x yes"), "{text}");
    }
}
