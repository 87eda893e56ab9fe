//! Searching a program's schedules for bugs.
//!
//! A [`strategy::Strategy`] says which schedule to run next and learns what became of it; [`search`] runs them, one after another on this
//! thread, with the race detector and without a recording. The program is compiled and verified once, and the detector keeps its memory
//! from run to run.

pub mod bugs;
pub mod sampling;
pub mod strategy;

use bugs::{Bug, Bugs};
use interpreter::builtins::Builtin;
use interpreter::bytecode::{Code, Op};
use interpreter::vm::io::{Input, Io, Sink};
use interpreter::vm::machine::Program;
use interpreter::vm::run::{RunOptions, RunReport, run_once};
use rustc_hash::FxHashSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use strategy::{Seen, Strategy};
use tracer::finding::Verdict;
use tracer::race::{Detector, Racing};

/// Ticks that a run may compute: a schedule in which the program goes on for ever must not end the search. Deterministic, unlike a
/// limit on time.
const TICKS: u64 = 20_000_000;

/// What is searched, and how.
pub struct Search<'a> {
    /// The program.
    pub code: &'a Code,
    /// How it is run; the seed is the strategy's.
    pub options: RunOptions,
    /// The program's arguments.
    pub args: &'a [String],
    /// Whether data races are looked for.
    pub races: bool,
    /// Schedules to run at most.
    pub schedules: u64,
    /// Ends the search when set.
    pub stop: Arc<AtomicBool>,
}

/// What a search has found so far.
#[derive(Default)]
pub struct Found {
    /// Schedules that were run.
    pub schedules: u64,
    /// Those that went on for too long and were cut off.
    pub cut: u64,
    /// The Mazurkiewicz traces among them, each by its fingerprint.
    pub traces: FxHashSet<u64>,
    /// Every inequivalent schedule was run.
    pub complete: bool,
    /// What was wrong.
    pub bugs: Bugs,
}

/// Runs schedules until the strategy has no more, the search is stopped, or `go_on` says so, which is asked after each.
///
/// # Errors
/// When the verifier rejects the program: a mistake of the compiler.
pub fn search(
    search: &Search,
    strategy: &mut dyn Strategy,
    bugs: Bugs,
    mut go_on: impl FnMut(&Found) -> bool,
) -> Result<Found, String> {
    let program = Program::new(search.code).map_err(|error| error.to_string())?;
    let random = draws_numbers(search.code);
    let mut found = Found { bugs, ..Found::default() };
    let mut detector = Box::new(Detector::with_fingerprint());
    while found.schedules < search.schedules && !search.stop.load(Ordering::Relaxed) {
        let Some(plan) = strategy.next() else { break };
        let options = RunOptions { seed: Some(plan.seed), ..search.options };
        detector.reset();
        detector.look_for_races(search.races);
        let mut io = Io::new(Sink::Events, Sink::Events, Input::Empty);
        io.args.extend_from_slice(search.args);
        let (report, tracer) = run_once(&program, &options, Racing::with(detector, TICKS), io, search.stop.clone());
        let exhausted = tracer.is_exhausted();
        detector = tracer.into_detector();
        if report.verdict == Verdict::TimeLimit && !exhausted {
            // The search was stopped in the middle of it.
            break;
        }
        found.take(&report, &detector, &plan);
        found.cut += u64::from(exhausted);
        let seen = Seen {
            fingerprint: detector.order.fingerprint(),
            had_choice: detector.order.had_choice() || random || exhausted,
        };
        strategy.learn(&seen);
        found.complete = strategy.is_complete();
        if !go_on(&found) {
            break;
        }
    }
    Ok(found)
}

impl Found {
    fn take(&mut self, report: &RunReport, detector: &Detector, plan: &strategy::Plan) {
        self.schedules += 1;
        self.traces.insert(detector.order.fingerprint());
        for finding in &report.findings {
            self.bugs.add(Bug {
                finding: finding.clone(),
                schedule: plan.schedule(),
                preemptions: detector.order.preemptions(),
                number: self.schedules,
            });
        }
    }
}

/// Whether a program may draw random numbers, which a seed decides, too: then no number of schedules is all.
fn draws_numbers(code: &Code) -> bool {
    let draws = |builtin| matches!(builtin, Builtin::Random | Builtin::RandomInt);
    code.instrs.iter().any(|i| i.op == Op::CallBuiltin && Builtin::from_index(i.c).is_some_and(draws))
}
