//! Runs scripts on the deterministic scheduler.

use crate::check;
pub use crate::machine::Log;
use crate::machine::{Body, Common, Machine, locked};
use crate::script::{self, Op, Program};
use scheduler::schedule::{Divergence, Schedule};
use scheduler::{Config, Next, Oracle, Scheduler, TimeSource};
use std::fmt::Write;
use tracer::event::Kind;
use tracer::finding::Finding;

/// A finished run.
pub struct Run {
    /// What tasks said and got, in order: `a:5 main:closed`.
    pub said: String,
    /// `Finished` or `Stuck`.
    pub end: Next,
    pub findings: Vec<Finding>,
    pub log: Log,
    /// Guest time at the end.
    pub time: u64,
    /// How often the host was asked to look at its flags.
    pub polls: usize,
    /// How often stuck tasks were looked for.
    pub scans: usize,
    /// What the scheduler holds at the end.
    pub bytes: usize,
    /// Switches between tasks.
    pub switches: u64,
    /// What was said, by task: number, script, word.
    pub words: Vec<(u32, usize, String)>,
    pub names: Vec<String>,
    /// Where the oracle was a script: what was decided, and where it could not be followed.
    pub schedule: Schedule,
    pub divergences: Vec<Divergence>,
}

impl Run {
    /// One line for each finding: its tasks, each with what it waits for; rings in brackets.
    pub fn stuck(&self) -> String {
        let lines = self.findings.iter().map(|finding| {
            let tasks = finding.tasks.iter().map(|task| {
                let name = &self.names[task.task.function as usize];
                let mut out = format!("{name} {}", task.reason.name());
                for other in &task.waits_for {
                    let _ = write!(out, " <{}>", self.names[other.function as usize]);
                }
                if let Some(missing) = task.missing {
                    let _ = write!(out, " (missing {})", self.names[missing.task.function as usize]);
                }
                for (object, site) in &task.held {
                    let _ = write!(out, " [holds {} from {}]", object.kind.name(), site.0);
                }
                out
            });
            let ring: Vec<&str> =
                finding.cycle.iter().map(|&i| self.names[finding.tasks[i].task.function as usize].as_str()).collect();
            let ring = if ring.is_empty() { String::new() } else { format!(" ring {}", ring.join(" ")) };
            format!("{:?}: {}{ring}", finding.verdict, tasks.collect::<Vec<_>>().join(", ")).to_lowercase()
        });
        lines.collect::<Vec<_>>().join("\n")
    }

    /// Names of the events, one a word: `!` after blocked ones, `>` and a task after wake-ups. Only these kinds.
    pub fn events(&self, wanted: impl Fn(Kind) -> bool) -> String {
        let words = self.log.0.iter().filter_map(|(record, _)| {
            let kind = record.kind()?;
            let woken = check::woken(record).map(|id| format!(">{id}")).unwrap_or_default();
            wanted(kind).then(|| format!("{}{}{woken}", kind.name(), if record.blocked() { "!" } else { "" }))
        });
        words.collect::<Vec<_>>().join(" ")
    }
}

/// Runs a program text with a seed; where the outcome is the same on every schedule, on the parallel runtime, too.
pub fn run(text: &str, seed: u64) -> Run {
    let program = Program::parse(text);
    let run = run_program(&program, seed);
    if seed == 0 && run.switches < LONG {
        crate::both::compare(&program);
    }
    run
}

/// Switches from which on a run is too long to be repeated often.
const LONG: u64 = 5_000;

/// What the tasks say must be this.
pub fn says(text: &str, expected: &str) -> Run {
    let run = run(text, 0);
    assert_eq!(run.said, expected, "of\n{text}");
    run
}

/// The program must end, and nothing be found.
pub fn ends(text: &str, expected: &str) -> Run {
    let run = says(text, expected);
    assert_eq!((run.end, run.stuck().as_str()), (Next::Finished, ""), "of\n{text}");
    run
}

/// Whether a program can cancel tasks.
pub fn may_cancel(program: &Program) -> bool {
    program.tasks.iter().any(|(_, ops)| {
        ops.iter().any(|op| match op {
            Op::Cancel(_) => true,
            Op::Select(arms, _) => arms.iter().any(|arm| matches!(arm, script::Arm::Future(_))),
            _ => false,
        })
    })
}

pub fn run_program(program: &Program, seed: u64) -> Run {
    run_by(program, Oracle::seed(seed), |_| ())
}

/// Runs a program by an oracle. `hand` is asked before each look for the next task.
pub fn run_by(program: &Program, oracle: Oracle, hand: impl FnMut(&mut Hand<'_>)) -> Run {
    let config = Config {
        oracle,
        time: TimeSource::virtual_time(),
        time_value: |now| now as i64,
        may_cancel: may_cancel(program),
    };
    let common = Common::new(program);
    let mut driver = Driver { m: Machine::new(Scheduler::new(config), &common), polls: 0 };
    let end = driver.run(hand);
    let Driver { m, polls } = driver;
    let mut findings = std::mem::take(&mut *locked(&common.findings));
    m.s.settle(&mut findings);
    check::stream(m.tr.0.iter().map(|(record, _)| (0, record)));
    crate::store::agrees(&m.tr, &findings);
    let names: Vec<String> = program.tasks.iter().map(|task| task.0.clone()).collect();
    let words = std::mem::take(&mut *locked(&common.said));
    let said: Vec<String> = words.iter().map(|(_, script, word)| format!("{}:{word}", names[*script])).collect();
    Run {
        said: said.join(" "),
        words,
        end,
        findings,
        time: m.s.now(),
        polls,
        scans: m.scans,
        switches: m.switches,
        bytes: m.s.bytes(),
        schedule: m.s.schedule_so_far(),
        divergences: m.s.divergences(true),
        log: m.tr,
        names,
    }
}

/// What can be done by hand at a scheduling point.
pub struct Hand<'a> {
    pub s: &'a mut Scheduler<i64, Body>,
    pub tr: &'a Log,
    /// The next task is to make room after so many operations.
    pub cut: Option<u64>,
}

struct Driver<'a> {
    m: Machine<'a, Scheduler<i64, Body>>,
    polls: usize,
}

/// Runs longer than this have gone wrong.
const LONGEST: u64 = 1_000_000;

impl Driver<'_> {
    fn run(&mut self, mut hand: impl FnMut(&mut Hand<'_>)) -> Next {
        let m = &mut self.m;
        m.spawn_main();
        let mut last = 0;
        loop {
            let mut by_hand = Hand { s: &mut m.s, tr: &m.tr, cut: None };
            hand(&mut by_hand);
            let cut = by_hand.cut;
            let next = m.s.next_task(&mut m.tr, m.clock);
            match next {
                Next::Run { slot, slice } => {
                    let cut = cut.or_else(|| m.s.cut());
                    if let Some(at) = m.run_until(slot, slice, cut) {
                        m.s.preempt(&mut m.tr, at, cut.unwrap_or_default());
                    }
                }
                Next::Poll if m.s.refused() => return next,
                Next::Poll => self.polls += 1,
                Next::Idle => {
                    if m.s.scan_due(m.clock) {
                        m.scan();
                    }
                    m.s.pass_time(&mut m.tr, &mut m.clock, || false);
                }
                Next::Finished => return next,
                Next::Stuck => {
                    m.scan();
                    m.left_are_reported();
                    return next;
                }
            }
            assert!(m.clock >= last, "the clock went back");
            last = m.clock;
            assert!(m.switches < LONGEST, "the run does not end");
        }
    }
}
