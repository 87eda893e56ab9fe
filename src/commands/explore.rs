//! `vex explore`: a search of schedules for bugs.

use crate::cli::{Bounds, ExploreArgs, OnExit, Races};
use crate::explore::bugs::{Bug, Bugs};
use crate::explore::sampling::Sampling;
use crate::explore::{Found, Search, search};
use crate::load::{self, Loaded, Watchdog};
use crate::report;
use interpreter::trace_info::program_info;
use interpreter::vm::run::RunOptions;
use serde_json::{Value, json};
use std::io::{IsTerminal, Write};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};
use tracer::finding::{Finding, Verdict};
use tracer::names::count;
use tracer::program::ProgramInfo;
use tracer::report::Report;

/// How often the line of progress is drawn.
const REDRAW: Duration = Duration::from_millis(100);

/// Searches and gives the exit code.
///
/// # Errors
/// When the file cannot be read, or standard output not written.
pub fn run(args: &ExploreArgs) -> anyhow::Result<i32> {
    let code = match load::program(&args.file, &args.common)? {
        Loaded::Program(code) => code,
        Loaded::Wrong(code) => return Ok(code),
    };
    let bounds = args.bounds();
    let program = Arc::new(program_info(&code));
    let stop = Arc::new(AtomicBool::new(false));
    let _watchdog = args.time_limit.map(|limit| {
        let flag = stop.clone();
        Watchdog::new(limit, move || flag.store(true, Ordering::Relaxed))
    });
    let options = RunOptions {
        seed: None,
        real_time: false,
        limits: load::limits(&bounds),
        stop_at_main: args.on_exit == OnExit::Stop,
        sample: None,
    };
    let races = args.races != Races::Off;
    let what = Search { code: &code, options, args: &args.args, races, schedules: args.schedules, stop };
    let bugs = Bugs::new(program.clone(), bounds.policy());
    let started = now();
    let mut progress = Progress::new();
    let found = search(&what, &mut Sampling::new(args.seed), bugs, |found| {
        progress.draw(found);
        args.all || !found.bugs.any_denied()
    });
    progress.clear();
    let found = found.map_err(|error| anyhow::anyhow!("internal error: the program is not valid: {error}"))?;
    let elapsed = started.elapsed();
    let shown: Vec<&Bug> =
        if args.all { found.bugs.all().iter().collect() } else { found.bugs.worst().into_iter().collect() };
    load::say(&text(args, &bounds, &program, &found, &shown));
    if args.common.json {
        let document = document(args, &bounds, &program, &found, &shown, elapsed);
        writeln!(std::io::stdout(), "{document:#}")?;
    }
    Ok(found.bugs.exit_code())
}

#[expect(clippy::disallowed_methods, reason = "how long a search takes is what it says")]
fn now() -> Instant {
    Instant::now()
}

/// The line of progress, on a terminal.
struct Progress {
    drawn: Option<Instant>,
    shows: bool,
}

impl Progress {
    fn new() -> Self {
        Self { drawn: None, shows: std::io::stderr().is_terminal() }
    }

    fn draw(&mut self, found: &Found) {
        // Looking at the clock costs as much as a small schedule.
        if !self.shows || !found.schedules.is_multiple_of(64) {
            return;
        }
        if self.drawn.is_none_or(|drawn| drawn.elapsed() >= REDRAW) {
            self.drawn = Some(now());
            load::say(&format!("\r\x1b[K{}", tally(found)));
        }
    }

    fn clear(&self) {
        if self.drawn.is_some() {
            load::say("\r\x1b[K");
        }
    }
}

/// `1 000 schedules, 37 distinct traces`.
fn tally(found: &Found) -> String {
    let plural = |n: u64, word: &str| format!("{} {word}{}", count(n), if n == 1 { "" } else { "s" });
    format!("{}, {}", plural(found.schedules, "schedule"), plural(found.traces.len() as u64, "distinct trace"))
}

/// The bugs, and how far the search went.
fn text(args: &ExploreArgs, bounds: &Bounds, program: &ProgramInfo, found: &Found, shown: &[&Bug]) -> String {
    let mut out = String::new();
    for bug in shown {
        let findings = [bug.finding.clone()];
        let words = Report::new(program, &findings);
        out.push_str(&words.text(&bug.finding));
        let preemptions = match bug.preemptions {
            0 => "no preemption".to_string(),
            1 => "1 preemption".to_string(),
            n => format!("{n} preemptions"),
        };
        let again = report::replay_of(&args.file, &args.args, &bug.schedule, bounds);
        out.push_str(&format!(
            "in schedule {} of the search, with {preemptions}; again: {again}\n\n",
            count(bug.number)
        ));
    }
    let what = match found.bugs.all().len() {
        0 => "no bug".to_string(),
        _ if !args.all => "stopped at the first bug".to_string(),
        1 => "1 distinct bug".to_string(),
        n => format!("{} distinct bugs", count(n as u64)),
    };
    let whole = if found.complete { "; that is every schedule there is" } else { "" };
    let cut = match found.cut {
        0 => String::new(),
        n => format!("; {} went on for too long and were cut off", count(n)),
    };
    out.push_str(&format!("{what}: {}{whole}{cut}\n", tally(found)));
    out
}

/// The result as a JSON document.
fn document(
    args: &ExploreArgs,
    bounds: &Bounds,
    program: &ProgramInfo,
    found: &Found,
    shown: &[&Bug],
    elapsed: Duration,
) -> Value {
    let findings: Vec<Finding> = shown.iter().map(|bug| bug.finding.clone()).collect();
    let words = Report::new(program, &findings);
    let bug = |bug: &&Bug| {
        let mut value = serde_json::to_value(words.json(&bug.finding)).unwrap_or_default();
        value["preemptions"] = bug.preemptions.into();
        value["schedule"] = bug.schedule.as_str().into();
        value["replay"] = report::replay_of(&args.file, &args.args, &bug.schedule, bounds).into();
        value
    };
    let verdict = found.bugs.worst().map_or(Verdict::Ok, |bug| bug.finding.verdict);
    json!({
        "verdict": report::verdict_name(verdict),
        "schedules": found.schedules,
        "distinct_traces": found.traces.len(),
        "complete": found.complete,
        "elapsed_ms": elapsed.as_secs_f64() * 1000.0,
        "bugs": shown.iter().map(bug).collect::<Vec<_>>(),
    })
}
