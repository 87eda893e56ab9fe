//! One program, run once: compiled in memory, its output kept in memory, its time taken around the run.

use super::modes::{Mode, Runtime};
use super::rows::{Row, Size};
use anyhow::{Context, bail, ensure};
use interpreter::bytecode::Code;
use interpreter::pipeline::{self, Kind};
use interpreter::vm::io::Io;
use interpreter::vm::machine::Limits;
use interpreter::vm::parallel::run_parallel;
use interpreter::vm::run::{self, Ran, RunOptions};
use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};
use tracer::chunk::Chunk;
use tracer::finding::Verdict;
use tracer::record::{Off, Recorder};
use tracer::sink::Sink;

/// Chunks that a traced run keeps: a flight recorder of 16 MiB.
const RING: usize = 256;

/// A flight recorder that stays from sample to sample, so that a sample does not pay for touching 16 MiB of memory for the
/// first time: one that has run for a while does not either.
#[derive(Clone, Default)]
pub struct Ring(Arc<Mutex<VecDeque<Chunk>>>);

impl Sink for Ring {
    fn take(&mut self, chunk: Chunk) -> Chunk {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        kept.push_back(chunk);
        let mut oldest = if kept.len() > RING { kept.pop_front() } else { None }.unwrap_or_default();
        oldest.clear();
        oldest
    }
}

/// How everything is run.
#[derive(Clone, Default)]
pub struct Settings {
    /// Where traced runs record to.
    pub ring: Ring,
    /// About how long one sample should take.
    pub sample: Duration,
}

/// One run.
#[derive(Clone, Copy, Debug, Default)]
pub struct Sample {
    /// Operations.
    pub operations: u64,
    /// Wall time.
    pub elapsed: Duration,
    /// Ticks of the instruction budget; `None` where the runtime's clock counts something else.
    pub ticks: Option<u64>,
}

impl Sample {
    /// Operations a second.
    pub fn rate(&self) -> f64 {
        self.operations as f64 / self.elapsed.as_secs_f64().max(1e-9)
    }
}

/// A row's program for a given `N`.
///
/// # Errors
/// When the program is wrong.
pub fn compile(name: &str, program: &str, n: u64) -> anyhow::Result<Code> {
    let lines = program.lines().map(|line| match line.strip_prefix("const N: i64 = ") {
        Some(_) => format!("const N: i64 = {n}\n"),
        None => format!("{line}\n"),
    });
    let text: String = lines.collect();
    let compiled = pipeline::compile_text(name, &text, Kind::Program, &mut interpreter::vex::check::NoFiles);
    let wrong = compiled.diagnostics.list().first().map_or_else(String::new, |one| one.message.clone());
    compiled.code.with_context(|| format!("the program of {name} is wrong: {wrong}"))
}

/// A row's program of a size, ready to run again and again.
pub struct Prepared {
    name: &'static str,
    code: Code,
    /// Operations of one run.
    pub operations: u64,
}

impl Prepared {
    /// Compiles a row's program for `n`, rounded to what the program can do.
    ///
    /// # Errors
    /// When the program is wrong.
    pub fn new(row: &Row, n: u64) -> anyhow::Result<Prepared> {
        let (n, operations) = match row.size {
            Size::Multiple(of) => {
                let n = (n / of).max(1) * of;
                (n, n)
            }
            Size::Fixed { n, operations } => (n, operations),
        };
        Ok(Prepared { name: row.name, code: compile(row.name, row.program, n)?, operations })
    }

    /// A program that takes about the time of a sample in a mode.
    ///
    /// # Errors
    /// When the program is wrong, or does not end well.
    pub fn sized(row: &Row, mode: &Mode, settings: &Settings) -> anyhow::Result<Prepared> {
        let mut n = 1000;
        loop {
            let tried = Prepared::new(row, n)?;
            if let Size::Fixed { .. } = row.size {
                return Ok(tried);
            }
            let took = tried.run(mode, settings)?.elapsed.max(Duration::from_nanos(1));
            let wanted = settings.sample.as_secs_f64() / took.as_secs_f64();
            if wanted <= 4.0 {
                return Prepared::new(row, (tried.operations as f64 * wanted) as u64);
            }
            n = tried.operations.saturating_mul(4);
        }
    }

    /// Runs it once.
    ///
    /// # Errors
    /// When the program does not end well.
    #[expect(clippy::disallowed_methods, reason = "it measures")]
    pub fn run(&self, mode: &Mode, settings: &Settings) -> anyhow::Result<Sample> {
        let io = Io::memory();
        let start = Instant::now();
        let ran = run(&self.code, mode, settings, io);
        let elapsed = start.elapsed();
        check(self.name, &ran)?;
        let ticks = match mode.runtime {
            Runtime::Deterministic => Some(ran.report.clock),
            Runtime::Parallel => None,
        };
        Ok(Sample { operations: self.operations, elapsed, ticks })
    }
}

/// Runs a program in a mode.
pub fn run(code: &Code, mode: &Mode, settings: &Settings, io: Io) -> Ran {
    let stop = std::sync::Arc::default();
    match mode.runtime {
        Runtime::Deterministic => {
            let options = RunOptions {
                seed: Some(0),
                real_time: false,
                limits: Limits { memory: 8 << 30, tasks: 10_000_000 },
                stop_at_main: false,
            };
            if mode.traced {
                run::run(code, &options, Recorder::new(settings.ring.clone()), io, stop, &mut |_| ())
            } else {
                run::run(code, &options, Off, io, stop, &mut |_| ())
            }
        }
        Runtime::Parallel => {
            let options = RunOptions {
                seed: None,
                real_time: true,
                limits: Limits { memory: 8 << 30, tasks: 10_000_000 },
                stop_at_main: false,
            };
            let workers = std::env::var("VEX_W").ok().and_then(|w| w.parse().ok()).unwrap_or(2);
            if mode.traced {
                let recorders = (0..workers).map(|worker| Recorder::new(settings.ring.clone()).with_worker(worker));
                run_parallel(code, &options, recorders.collect(), io, stop, &|_| (), |_| ())
            } else {
                run_parallel(code, &options, vec![Off; workers as usize], io, stop, &|_| (), |_| ())
            }
        }
    }
}

/// Whether a run ended as it should: a rate of a program that failed means nothing.
///
/// # Errors
/// When it did not.
pub fn check(name: &str, ran: &Ran) -> anyhow::Result<()> {
    if ran.report.verdict != Verdict::Ok {
        let message = ran.report.findings.first().map_or_else(String::new, |finding| format!(": {finding:?}"));
        bail!("{name} ended as {:?}{message}", ran.report.verdict);
    }
    ensure!(!ran.io.stdout().is_empty(), "{name} printed nothing");
    Ok(())
}
