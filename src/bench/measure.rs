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

/// Chunks that a traced run keeps, of all workers together: a flight recorder of 1 MiB, which the core's caches hold. What a larger one
/// costs beyond that is the machine's memory, not the recorder: with 16 MiB an event takes half a nanosecond more.
const RING: usize = 16;

/// A flight recorder that stays from sample to sample, so that a sample does not pay for touching that memory for the
/// first time: one that has run for a while does not either. One for each worker.
#[derive(Clone)]
pub struct Ring {
    kept: Arc<Mutex<VecDeque<Chunk>>>,
    limit: usize,
}

impl Sink for Ring {
    fn take(&mut self, chunk: Chunk) -> Chunk {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        kept.push_back(chunk);
        let mut oldest = if kept.len() > self.limit { kept.pop_front() } else { None }.unwrap_or_default();
        oldest.clear();
        oldest
    }
}

/// How many times larger the next size that is tried may be.
const GROWTH: f64 = 16.0;

/// How everything is run.
#[derive(Clone)]
pub struct Settings {
    /// Worker threads of the parallel runtime.
    pub workers: u32,
    /// About how long one sample should take.
    pub sample: Duration,
    /// Where traced runs record to, by worker.
    rings: Vec<Ring>,
}

impl Settings {
    /// With so many workers, at least one.
    pub fn new(workers: u32, sample: Duration) -> Settings {
        let workers = workers.max(1);
        let limit = (RING / workers as usize).max(2);
        let rings = (0..workers).map(|_| Ring { kept: Arc::default(), limit }).collect();
        Settings { workers, sample, rings }
    }

    /// A recorder for a worker.
    fn recorder(&self, worker: u32) -> Recorder {
        Recorder::new(self.rings[worker as usize].clone()).with_worker(worker)
    }
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

/// How the line of a program begins that says how much to do, in each language.
pub const SIZES: [&str; 2] = ["const N: i64 = ", "(def N "];

/// A row's program for a given `N`. The extension of its name says its language; without one it is Vex.
///
/// # Errors
/// When the program is wrong.
pub fn compile(name: &str, program: &str, n: u64) -> anyhow::Result<Code> {
    let lines = program.lines().map(|line| match SIZES.iter().find(|size| line.starts_with(**size)) {
        Some(size) => format!("{size}{n}{}\n", if size.starts_with('(') { ")" } else { "" }),
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

    /// A program that takes about the time of a sample in a mode. A run has costs that do not grow with `N` (the engine starts,
    /// and looks for stuck tasks most often at the beginning), so the size is found by growing it and not by one division.
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
            // On a busy machine wall time says little: a run that mostly waited for a core is smaller than it looks.
            let before = processor_time();
            let elapsed = tried.run(mode, settings)?.elapsed;
            let took = elapsed.min(processor_time().saturating_sub(before)).max(Duration::from_nanos(1));
            let wanted = settings.sample.as_secs_f64() / took.as_secs_f64();
            if wanted <= 1.5 {
                return Ok(tried);
            }
            n = (tried.operations as f64 * wanted.min(GROWTH)) as u64;
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
        let Run { ran, ticks } = run(&self.code, mode, settings, io);
        let elapsed = start.elapsed();
        check(self.name, &ran)?;
        Ok(Sample { operations: self.operations, elapsed, ticks })
    }
}

/// Time that this process has spent on cores, all threads together.
pub fn processor_time() -> Duration {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::ProcessCPUTime);
    Duration::new(u64::try_from(time.tv_sec).unwrap_or(0), u32::try_from(time.tv_nsec).unwrap_or(0))
}

/// A run that is over.
pub struct Run {
    /// How it ended.
    pub ran: Ran,
    /// Ticks that its tasks used, where the runtime says.
    pub ticks: Option<u64>,
}

/// Runs a program in a mode.
pub fn run(code: &Code, mode: &Mode, settings: &Settings, io: Io) -> Run {
    let stop = Arc::default();
    let limits = Limits { memory: 8 << 30, tasks: 10_000_000 };
    let workers = match mode.runtime {
        Runtime::Deterministic => {
            let options = RunOptions { seed: Some(0), real_time: false, limits, stop_at_main: false, sample: None };
            let ran = if mode.traced {
                run::run(code, &options, settings.recorder(0), io, stop, &mut |_| ())
            } else {
                run::run(code, &options, Off, io, stop, &mut |_| ())
            };
            return Run { ticks: Some(ran.report.clock), ran };
        }
        Runtime::Parallel => settings.workers,
        Runtime::Single => 1,
    };
    let options = RunOptions { seed: None, real_time: true, limits, stop_at_main: false, sample: None };
    let mut watch = None;
    let ran = if mode.traced {
        let recorders = (0..workers).map(|worker| settings.recorder(worker)).collect();
        run_parallel(code, &options, recorders, io, stop, &|_| (), |given| watch = Some(given))
    } else {
        run_parallel(code, &options, vec![Off; workers as usize], io, stop, &|_| (), |given| watch = Some(given))
    };
    // Workers say their ticks now and then: of a run that was too short for that nothing is known.
    let ticks = watch.map(|watch| watch.stats().iter().map(|worker| worker.ticks).sum()).filter(|&ticks| ticks > 0);
    Run { ran, ticks }
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
