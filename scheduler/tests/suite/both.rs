//! The same program on both runtimes.
//!
//! Whether a program's outcome depends on the schedule is found out on the deterministic runtime: on random seeds, with every sleep
//! and timeout changed at random and with sleeps put in anywhere, as if computing took time. Where all that makes no difference, the
//! parallel runtime must come to the same outcome.

use crate::driver::run_program;
use crate::parallel;
use crate::script::{Arm, Op, Program};
use scheduler::Next;
use std::collections::BTreeMap;
use tracer::finding::{Finding, Verdict};

/// What does not depend on order: for each script the words of its tasks, the end, and who is stuck in what.
#[derive(Debug, PartialEq)]
pub struct Outcome {
    words: Vec<(usize, Vec<String>)>,
    end: Next,
    stuck: Vec<(u32, &'static str, Verdict)>,
}

impl Outcome {
    pub fn of(words: &[(u32, usize, String)], end: Next, findings: &[Finding]) -> Outcome {
        let mut tasks: BTreeMap<u32, (usize, Vec<String>)> = BTreeMap::new();
        for (task, script, word) in words {
            tasks.entry(*task).or_insert((*script, Vec::new())).1.push(word.clone());
        }
        let mut words: Vec<(usize, Vec<String>)> = tasks.into_values().collect();
        words.sort();
        let tasks = findings.iter().flat_map(|finding| finding.tasks.iter().map(|task| (task, finding.verdict)));
        let mut stuck: Vec<_> =
            tasks.map(|(task, verdict)| (task.task.function, task.reason.name(), verdict)).collect();
        stuck.sort_by_key(|task| (task.0, task.1));
        Outcome { words, end, stuck }
    }
}

/// Schedules tried on the deterministic runtime; Miri is some hundred times as slow.
const SEEDS: u64 = if cfg!(miri) { 2 } else { 60 };

/// Numbers of workers, and runs with each.
const WORKERS: &[u32] = if cfg!(miri) { &[3] } else { &[1, 2, 4, 8] };
const RUNS: u64 = if cfg!(miri) { 1 } else { 3 };

/// A small generator of numbers below a bound.
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, n: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % n
    }
}

/// The program with other times.
fn varied(program: &Program, seed: u64) -> Program {
    let mut numbers = Numbers(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15));
    let mut varied = program.clone();
    let often = numbers.below(4);
    for (_, ops) in &mut varied.tasks {
        let mut new = Vec::new();
        for op in ops.drain(..) {
            if numbers.below(4) < often {
                new.push(Op::Sleep(numbers.below(4) * 7));
            }
            new.push(match op {
                Op::Sleep(_) => Op::Sleep(numbers.below(60)),
                Op::After(name, _) => Op::After(name, numbers.below(60)),
                Op::Ticker(name, _) => Op::Ticker(name, 1 + numbers.below(60)),
                Op::Context(name, parent, Some(_)) => Op::Context(name, parent, Some(1 + numbers.below(60))),
                Op::Select(arms, default) => {
                    let vary = |arm| if let Arm::After(_) = arm { Arm::After(numbers.below(60)) } else { arm };
                    Op::Select(arms.into_iter().map(vary).collect(), default)
                }
                op => op,
            });
        }
        *ops = new;
    }
    varied
}

/// The outcome on all schedules, if there is only one.
pub fn only_outcome(program: &Program) -> Option<Outcome> {
    let mut only = None;
    for seed in 0..SEEDS {
        let run = run_program(&varied(program, seed), seed);
        let outcome = Outcome::of(&run.words, run.end, &run.findings);
        if *only.get_or_insert_with(|| Outcome::of(&run.words, run.end, &run.findings)) != outcome {
            return None;
        }
    }
    only
}

/// The longest time in a program.
fn longest(program: &Program) -> u64 {
    let ops = program.tasks.iter().flat_map(|(_, ops)| ops);
    let time = ops.map(|op| match op {
        Op::Sleep(time) | Op::After(_, time) | Op::Ticker(_, time) | Op::Context(_, _, Some(time)) => *time,
        Op::Select(arms, _) => {
            arms.iter().map(|arm| if let Arm::After(time) = arm { *time } else { 0 }).max().unwrap_or(0)
        }
        _ => 0,
    });
    time.max().unwrap_or(0)
}

/// Nanoseconds that the parallel runtime, which really sleeps, is asked to sleep at most.
const LONGEST: u64 = 10_000_000;

/// Runs the program on the parallel runtime, too, if it has one outcome only, and says whether it has.
pub fn compare(program: &Program) -> bool {
    if longest(program) > LONGEST {
        return false;
    }
    let Some(expected) = only_outcome(program) else { return false };
    for &workers in WORKERS {
        for seed in 0..RUNS {
            let run = parallel::run(program, workers, seed);
            let outcome = Outcome::of(&run.words, run.end, &run.findings);
            assert_eq!(outcome, expected, "{workers} workers, seed {seed}: {program:?}");
        }
    }
    true
}
