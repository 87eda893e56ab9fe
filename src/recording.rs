//! Recording a program into a trace file, or into a flight recorder: the engine runs here, a thread beside it writes.
//!
//! The engine hands over chunks of events through the same connection as to the screen, and waits where the writer is
//! slower: nothing is lost. What goes wrong with the file ends the recording, never the program; from then on events are
//! counted and thrown away.
//!
//! The file of a seeded run in virtual time is the same every time: its writer asks for nothing but full chunks, and a
//! finding stands behind exactly those chunks that were handed over before it was made.
//!
//! `keeper`: the writer's thread · `signals`: what ends a run from outside · `tee`: recording beside the screen · `summary`: in words

mod keeper;
mod signals;
mod summary;
mod tee;

pub use tee::Tee;

use crate::cli::{CommonArgs, Execution as ExecutionArgs, Policy};
use crate::live::{self, Recorders};
use crate::load::{self, Execution};
use crate::report;
use anyhow::Context;
use interpreter::bytecode::Code;
use interpreter::vm::io::Io;
use interpreter::vm::run::Ran;
use keeper::{Keeper, Receiver, Target};
use signals::Listener;
use std::collections::VecDeque;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicI32, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;
use tracer::about::{About, Runtime};
use tracer::chunk::Chunk;
use tracer::control::Control;
use tracer::fan_in::live_workers;
use tracer::file::{FileWriter, Header, Kinds, Ring, Written};
use tracer::finding::Finding;
use tracer::sink::{BackPressure, Sink, live};

/// Chunks under way between the engine and the writer: 16 MiB of events.
const CHUNKS: usize = 256;

/// How a program is recorded.
#[derive(Clone, Copy, Debug)]
pub struct RecordOptions {
    /// Only the newest events, in about so many bytes of memory, to be written when something happens.
    pub ring: Option<u64>,
    /// What decides the exit code.
    pub policy: Policy,
    /// Whether SIGINT and SIGTERM end the program and not vex.
    pub signals: bool,
}

/// A recording that is over.
pub struct Recorded {
    /// The run; its findings name events by ordinals.
    pub ran: Ran,
    /// What vex should exit with.
    pub exit_code: i32,
    /// What the file has, where one was finished.
    pub written: Option<Written>,
    /// Events that happened, and how many of which kind.
    pub events: u64,
    /// See there.
    pub kinds: Kinds,
    /// Events that are not in the file although they should be.
    pub dropped: u64,
    /// Events that a flight recorder forgot.
    pub forgotten: u64,
    /// Where the last file was written, if not where it should be (a flight recorder wrote several).
    pub path: PathBuf,
    /// The signal that ended the run; 0 for none.
    pub signal: i32,
    /// What did not go as it should, a sentence; may be empty.
    pub note: String,
}

/// What is recorded: the program, and how it is run.
pub fn about(
    file: &Path,
    args: &[String],
    common: &CommonArgs,
    options: &ExecutionArgs,
    execution: &Execution,
) -> About {
    let real_time = execution.workers.is_some() || execution.options.real_time;
    About {
        title: file.display().to_string(),
        args: args.to_vec(),
        language: match load::language(file, common.lang) {
            Ok(language) => language.name().to_string(),
            Err(_) => String::new(),
        },
        runtime: if execution.workers.is_some() { Runtime::Parallel } else { Runtime::Deterministic },
        seed: options.seed,
        workers: execution.workers.unwrap_or(1),
        real_time,
        replay: report::replay(file, args, options),
        writer: concat!("vex ", env!("CARGO_PKG_VERSION")).to_string(),
        // The file of a seeded run in virtual time is the same every time.
        started: real_time.then(started).flatten(),
    }
}

#[expect(clippy::disallowed_methods, reason = "only of runs in real time")]
fn started() -> Option<u64> {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).ok()?;
    u64::try_from(since.as_millis()).ok()
}

/// Runs a program and records it into a file.
///
/// # Errors
/// When the file cannot be begun. What goes wrong later is said in the [`Recorded`].
pub fn record(
    code: &Code,
    execution: &Execution,
    io: Io,
    about: About,
    to: &Path,
    options: &RecordOptions,
) -> anyhow::Result<Recorded> {
    let header = Header { about, program: Arc::new(execution.program_info(code)) };
    tracing::info!(path = %to.display(), ring = options.ring, "recording");
    let control = Arc::new(Control::new());
    let shared = Arc::new(Shared::default());
    let handed_over = Arc::new(AtomicU64::new(0));
    let target = match options.ring {
        Some(bytes) => Target::Ring(Ring::new(usize::try_from(bytes).unwrap_or(usize::MAX))),
        None => {
            let writer = FileWriter::create(to, &header);
            Target::File(writer.with_context(|| format!("cannot write {}", to.display()))?)
        }
    };
    let run_options = &execution.options;
    let (recorders, receiver) = match execution.workers {
        None => {
            let (sink, receiver) = live(CHUNKS, BackPressure::Block, control.clone());
            let sink = Numbered { sink, number: handed_over.clone() };
            (
                Recorders::new(vec![sink], run_options, false, Some(&control)).looking_for_races(execution.races),
                Receiver::One(receiver),
            )
        }
        Some(workers) => {
            let (sinks, receiver) = live_workers(workers as usize, CHUNKS, BackPressure::Block, control.clone());
            (Recorders::new(sinks, run_options, true, Some(&control)), Receiver::Several(Box::new(receiver)))
        }
    };
    let real_time = execution.workers.is_some() || run_options.real_time;
    let signals = options.signals.then(|| Listener::start(&shared, execution.stop.clone(), options.ring.is_some()));
    let mut keeper = Keeper::new(receiver, target, header, to, real_time, shared.clone());
    let writer = thread::Builder::new().name("trace writer".into()).spawn(move || {
        keeper.keep();
        keeper
    })?;
    let found = |finding: &Finding| {
        let after = handed_over.load(Ordering::Relaxed);
        lock(&shared.findings).push_back((after, finding.clone()));
    };
    let ran = live::run(code, run_options, recorders, io, execution.stop.clone(), &found, |_| ());
    let keeper = writer.join().map_err(|_| anyhow::anyhow!("the thread that writes the trace has failed"))?;
    let recorded = keeper.finish(ran, options.policy, shared.signal.load(Ordering::Relaxed));
    // Until here a second signal ends vex itself.
    drop(signals);
    Ok(recorded)
}

/// What the engine, the writer and the signals tell each other.
#[derive(Default)]
struct Shared {
    /// Findings, each with how many chunks had been handed over before.
    findings: Mutex<VecDeque<(u64, Finding)>>,
    /// The signal that ended the run; 0 for none.
    signal: AtomicI32,
    /// Whether what the ring has should be written now.
    dump: AtomicBool,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Counts the chunks that pass through.
struct Numbered<S> {
    sink: S,
    number: Arc<AtomicU64>,
}

impl<S: Sink> Sink for Numbered<S> {
    fn take(&mut self, chunk: Chunk) -> Chunk {
        // Before it is sent: what is found from now on comes after it.
        self.number.fetch_add(1, Ordering::Relaxed);
        self.sink.take(chunk)
    }
}
