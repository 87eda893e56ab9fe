//! `vex bench`: this machine's rates beside the performance table.

use crate::bench::kit::Lines;
use crate::bench::measure::Settings;
use crate::bench::modes::{MODES, Mode};
use crate::bench::suite::{Observer, Suite};
use crate::bench::text::{self, Style};
use crate::bench::{parked, rows};
use crate::cli::BenchArgs;
use crate::{exit, load};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use std::io::{IsTerminal, Write};
use std::time::Duration;
use tui::theme::Charset;

/// Rounds where nobody says otherwise.
const ROUNDS: u32 = 5;

/// Rounds of `--kit`, and a sample's milliseconds, where the environment does not say: the script has rounds of its own.
const KIT_ROUNDS: u32 = 2;
const SAMPLE: u64 = 60;

/// Measures, prints, and gives the exit code.
///
/// # Errors
/// When standard output cannot be written.
pub fn run(args: &BenchArgs) -> anyhow::Result<i32> {
    let sample =
        args.sample.unwrap_or_else(|| Duration::from_millis(kit_variable(args, "TARGET_MS").unwrap_or(SAMPLE)));
    let settings = Settings::new(args.workers.unwrap_or_else(load::default_workers), sample);
    if let Some(name) = &args.child {
        return child(name, &settings, args.tasks);
    }
    let modes: Vec<&Mode> = if args.mode.is_empty() {
        MODES.iter().collect()
    } else {
        MODES.iter().filter(|mode| args.mode.iter().any(|name| name == mode.name)).collect()
    };
    let rounds = args.rounds.unwrap_or_else(|| {
        let kit = kit_variable(args, "REPS").and_then(|n| u32::try_from(n).ok()).unwrap_or(KIT_ROUNDS);
        if args.kit { kit } else { ROUNDS }
    });
    let Some(suite) = Suite::new(args.filter.as_ref(), modes.clone(), !args.mode.is_empty(), rounds, settings) else {
        let names: Vec<_> = rows::ROWS.iter().map(|row| row.name).chain([rows::PARKED_BYTES]).collect();
        load::say(&format!("vex: --filter matches no row; there are {}\n", names.join(", ")));
        return Ok(exit::USAGE);
    };
    let mut out = std::io::stdout().lock();
    let mut lines = Lines { out: &mut out, broken: None };
    let mut bar = Bar::new(args.kit.then_some(&mut lines));
    let report = suite.run(&mut bar);
    bar.end();
    if let Some(error) = lines.broken {
        return Err(error.into());
    }
    if args.json {
        writeln!(out, "{}", serde_json::to_string_pretty(&report)?)?;
    } else if !args.kit {
        let unicode = tui::Options::detect().theme.charset == Charset::Unicode;
        let style = Style { color: load::color(args.color, &std::io::stdout()), unicode };
        out.write_all(text::print(&report, &modes, style).as_bytes())?;
    }
    out.flush()?;
    let failed = report.rows.iter().any(|row| row.modes.iter().any(|mode| mode.failed.is_some()));
    Ok(if failed { exit::INTERNAL } else { exit::SUCCESS })
}

/// A number that the script which wants `--kit` hands to everything it measures.
fn kit_variable(args: &BenchArgs, name: &str) -> Option<u64> {
    std::env::var(name).ok()?.parse().ok().filter(|&n| args.kit && n > 0)
}

/// What the process of its own does that measures blocked tasks.
fn child(name: &str, settings: &Settings, tasks: u64) -> anyhow::Result<i32> {
    let Some(mode) = Mode::by_name(name) else {
        load::say(&format!("vex: there is no mode {name}\n"));
        return Ok(exit::USAGE);
    };
    let parked = parked::run(mode, settings, tasks)?;
    writeln!(std::io::stdout(), "{}", serde_json::to_string(&parked)?)?;
    Ok(exit::SUCCESS)
}

/// The progress bar, on standard error where that is a terminal; samples go on to the lines of `--kit`.
struct Bar<'a, 'b> {
    bar: ProgressBar,
    lines: Option<&'a mut Lines<'b>>,
}

impl<'a, 'b> Bar<'a, 'b> {
    fn new(lines: Option<&'a mut Lines<'b>>) -> Self {
        let shown = std::io::stderr().is_terminal();
        let bar = ProgressBar::with_draw_target(
            None,
            if shown { ProgressDrawTarget::stderr() } else { ProgressDrawTarget::hidden() },
        );
        let look = if tui::Options::detect().theme.charset == Charset::Unicode { "█▌ " } else { "#> " };
        if let Ok(style) = ProgressStyle::with_template("{bar:30} {pos}/{len}  {msg}") {
            bar.set_style(style.progress_chars(look));
        }
        Bar { bar, lines }
    }

    fn end(self) {
        self.bar.finish_and_clear();
    }
}

impl Observer for Bar<'_, '_> {
    fn begin(&mut self, steps: u64) {
        self.bar.set_length(steps);
    }

    fn step(&mut self, row: &str, mode: &str) {
        self.bar.set_message(format!("{row}  {mode}"));
        self.bar.inc(1);
    }

    fn sample(&mut self, mode: &str, row: &str, value: f64, unit: &str, cores: Option<f64>) {
        if let Some(lines) = &mut self.lines {
            lines.sample(mode, row, value, unit, cores);
        }
    }

    fn failed(&mut self, mode: &str, row: &str, why: &str) {
        if let Some(lines) = &mut self.lines {
            lines.failed(mode, row, why);
        }
        self.bar.suspend(|| load::say(&format!("vex: {why}\n")));
    }
}
