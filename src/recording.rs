//! Recording a program into a trace file, or into a flight recorder: the engine runs here, a thread beside it writes.
//!
//! The engine hands over chunks of events through the same connection as to the screen, and waits where the writer is
//! slower: nothing is lost. What goes wrong with the file ends the recording, never the program; from then on events are
//! counted and thrown away.
//!
//! The file of a seeded run in virtual time is the same every time: its writer asks for nothing but full chunks, and a
//! finding stands behind exactly those chunks that were handed over before it was made.

use crate::cli::{CommonArgs, Execution as ExecutionArgs, Language, Leaks};
use crate::live::{self, Recorders};
use crate::load::{self, Execution};
use crate::report;
use anyhow::Context;
use interpreter::bytecode::Code;
use interpreter::trace_info::program_info;
use interpreter::vm::io::Io;
use interpreter::vm::run::Ran;
use signal_hook::consts::{SIGINT, SIGTERM, SIGUSR1};
use signal_hook::iterator::Signals;
use std::collections::VecDeque;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicI32, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};
use tracer::about::{About, Ending, Runtime};
use tracer::chunk::Chunk;
use tracer::control::Control;
use tracer::fan_in::{MergedReceiver, live_workers};
use tracer::file::{FileWriter, Header, Ring, Written};
use tracer::finding::{Finding, Verdict};
use tracer::program::ProgramInfo;
use tracer::sink::{BackPressure, LiveReceiver, Next, Sink, live};

/// Chunks under way between the engine and the writer: 16 MiB of events.
const CHUNKS: usize = 256;

/// How long the writer waits for events before it looks at what else there is to do.
const PATIENCE: Duration = Duration::from_millis(50);

/// How long the writer leaves several workers alone before it asks them again how far they are.
const PAUSE: Duration = Duration::from_millis(2);

/// How long events of a run in real time may wait for more before they are written.
const FRESH: Duration = Duration::from_millis(250);

/// How a program is recorded.
#[derive(Clone, Copy, Debug)]
pub struct RecordOptions {
    /// Only the newest events, in about so many bytes of memory, to be written when something happens.
    pub ring: Option<u64>,
    /// What to do about leaks: it decides the exit code.
    pub leaks: Leaks,
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
    /// Events that happened.
    pub events: u64,
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

impl Recorded {
    /// What was recorded, on a screen.
    pub fn summary(&self, program: &ProgramInfo) -> String {
        let mut out = String::new();
        match &self.written {
            Some(written) => out.push_str(&format!("{}\n", wrote(&self.path, written, self.forgotten))),
            None => out.push_str(&format!("{} has no end\n", self.path.display())),
        }
        let _ = program;
        out
    }
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
            Ok(Language::Vex) => "vex".to_string(),
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

/// Records beside the screen: the same chunks go into a file as they are shown.
#[derive(Clone)]
pub struct Tee(Arc<Mutex<Teed>>);

struct Teed {
    path: PathBuf,
    writer: Option<FileWriter>,
    events: u64,
    failed: Option<String>,
}

impl Tee {
    /// Begins a file.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn create(path: &Path, about: About, code: &Code) -> anyhow::Result<Self> {
        let header = Header { about, program: Arc::new(program_info(code)) };
        let writer = FileWriter::create(path, &header).with_context(|| format!("cannot write {}", path.display()))?;
        let teed = Teed { path: path.to_path_buf(), writer: Some(writer), events: 0, failed: None };
        Ok(Self(Arc::new(Mutex::new(teed))))
    }

    /// Takes events. What goes wrong is said at the end: the screen is not ours.
    pub fn push(&self, chunk: &Chunk) {
        let mut teed = lock(&self.0);
        teed.events += chunk.len() as u64;
        if let Some(writer) = &mut teed.writer
            && let Err(error) = writer.push(chunk)
            && teed.failed.is_none()
        {
            teed.failed = Some(format!("the recording ended after {} events: {error}", teed.events));
        }
    }

    /// Ends the file, and says what is in it. `left`: the user left before the program had ended, `events` happened until then.
    pub fn finish(&self, ran: &Ran, exit_code: i32, left: bool, events: u64) -> String {
        let mut teed = lock(&self.0);
        let Some(writer) = teed.writer.take() else { return String::new() };
        let mut notes: Vec<String> = teed.failed.take().into_iter().collect();
        if left {
            notes.push("left before the program had ended".to_string());
        } else if ran.report.verdict == Verdict::TimeLimit {
            notes.push("stopped by --time-limit".to_string());
        }
        let ended = matches!(ran.report.verdict, Verdict::Ok | Verdict::Leak);
        let ending = Ending {
            verdict: ran.report.verdict,
            exit_code: if left { 0 } else { exit_code },
            program_exit_code: ended.then_some(ran.report.exit_code),
            clock: ran.report.clock,
            dropped: events.saturating_sub(teed.events),
            note: notes.join("; "),
        };
        let done = writer.finish(ending, &ran.report.findings, &[]);
        let mut out: String = notes.iter().map(|note| format!("vex: {note}\n")).collect();
        match done {
            Ok(written) => out.push_str(&format!("{}\n", wrote(&teed.path, &written, 0))),
            Err(error) => out.push_str(&format!("vex: cannot finish {}: {error}\n", teed.path.display())),
        }
        out
    }
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
    let header = Header { about, program: Arc::new(program_info(code)) };
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
            (Recorders::new(vec![sink], run_options, false, Some(&control)), Receiver::One(receiver))
        }
        Some(workers) => {
            let (sinks, receiver) = live_workers(workers as usize, CHUNKS, BackPressure::Block, control.clone());
            (Recorders::new(sinks, run_options, true, Some(&control)), Receiver::Several(Box::new(receiver)))
        }
    };
    let real_time = execution.workers.is_some() || run_options.real_time;
    let signals = options.signals.then(|| SignalThread::start(&shared, execution.stop.clone(), options.ring.is_some()));
    let mut keeper = Keeper {
        receiver,
        target,
        header,
        path: to.to_path_buf(),
        dumps: 0,
        dumped_at: 0,
        real_time,
        shared: shared.clone(),
        chunks: 0,
        events: 0,
        lost: 0,
        findings: Vec::new(),
        untold: 0,
        failed: None,
        flushed: now(),
    };
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
    drop(signals);
    Ok(keeper.finish(ran, options.leaks, shared.signal.load(Ordering::Relaxed)))
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

#[expect(clippy::disallowed_methods, reason = "when to write early, which no seeded run in virtual time does")]
fn now() -> Instant {
    Instant::now()
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

/// Where the events come from.
enum Receiver {
    One(LiveReceiver),
    Several(Box<MergedReceiver>),
}

impl Receiver {
    fn recycle(&mut self, chunk: Chunk) {
        match self {
            Self::One(receiver) => receiver.recycle(chunk),
            Self::Several(receiver) => receiver.recycle(chunk),
        }
    }
}

/// Where the events go.
enum Target {
    File(FileWriter),
    Ring(Ring),
    /// A file that could not be written any more.
    Nothing,
}

/// The writer's side.
struct Keeper {
    receiver: Receiver,
    target: Target,
    header: Header,
    path: PathBuf,
    /// Files that were written of a ring, and after how many events the last one.
    dumps: u32,
    dumped_at: u64,
    real_time: bool,
    shared: Arc<Shared>,
    /// Chunks and events that came.
    chunks: u64,
    events: u64,
    lost: u64,
    findings: Vec<Finding>,
    /// Findings that no dump of the ring has yet.
    untold: usize,
    failed: Option<String>,
    flushed: Instant,
}

impl Keeper {
    /// Takes events until the run is over.
    fn keep(&mut self) {
        let mut waited = false;
        loop {
            let next = match &mut self.receiver {
                Receiver::One(receiver) if self.real_time && waited => receiver.wait(PATIENCE),
                Receiver::One(receiver) => receiver.wait_for_full(PATIENCE),
                Receiver::Several(receiver) => {
                    if waited {
                        // Each time it is asked a worker cuts its chunk short: not more often than it is worth.
                        thread::sleep(PAUSE);
                    }
                    receiver.wait(PATIENCE)
                }
            };
            waited = matches!(next, Next::Empty);
            match next {
                Next::Chunk(chunk) => {
                    self.tell_findings();
                    self.chunks += 1;
                    self.events += chunk.len() as u64;
                    self.push(&chunk);
                    self.receiver.recycle(chunk);
                }
                Next::Empty => {
                    self.tell_findings();
                    self.flush();
                }
                Next::End => {
                    self.tell_findings();
                    return;
                }
            }
            if self.shared.dump.swap(false, Ordering::Relaxed) {
                self.dump("on SIGUSR1");
            }
        }
    }

    fn push(&mut self, chunk: &Chunk) {
        let pushed = match &mut self.target {
            Target::File(writer) => writer.push(chunk),
            Target::Ring(ring) => ring.push(chunk),
            Target::Nothing => {
                self.lost += chunk.len() as u64;
                return;
            }
        };
        self.check(pushed);
    }

    /// Notes why recording ends, where it does.
    fn check(&mut self, done: io::Result<()>) {
        let Err(error) = done else { return };
        if self.failed.is_none() {
            let path = self.path.display();
            let why = format!("the recording ended after {} events: cannot write {path}: {error}", self.events);
            load::say(&format!("vex: {why}; the program goes on\n"));
            self.failed = Some(why);
        }
    }

    /// Writes what waits for more events, in runs in real time: whoever looks at the file should see what has happened.
    fn flush(&mut self) {
        if let Target::File(writer) = &mut self.target
            && self.real_time
            && self.failed.is_none()
            && self.flushed.elapsed() >= FRESH
        {
            let flushed = writer.flush();
            self.check(flushed);
            tracing::debug!(events = self.events, chunks = self.chunks, lost = self.lost, "brought into the file");
            self.flushed = now();
        }
    }

    /// Writes findings that were made before the chunks that come next.
    fn tell_findings(&mut self) {
        loop {
            let mut waiting = lock(&self.shared.findings);
            let due = waiting.front().is_some_and(|&(after, _)| after <= self.chunks);
            let Some((_, finding)) = due.then(|| waiting.pop_front()).flatten() else { break };
            drop(waiting);
            if let Target::File(writer) = &mut self.target
                && self.failed.is_none()
            {
                let written = writer.finding(&finding);
                self.check(written);
            }
            self.findings.push(finding);
            self.untold += 1;
        }
        // A ring is written when something is found, but not again before half of it is new.
        if let Target::Ring(ring) = &self.target
            && self.untold > 0
        {
            let kept = ring.events() - ring.forgotten();
            if self.dumps == 0 || self.events - self.dumped_at > kept / 2 {
                self.dump("on a finding");
            }
        }
    }

    /// Writes what the ring has, of a run that goes on.
    fn dump(&mut self, why: &str) {
        let path = self.next_path();
        if let Target::Ring(ring) = &mut self.target {
            let written = ring.write(&path, &self.header, None, &self.findings);
            match written {
                Ok(written) => load::say(&format!("vex: {why}: {}\n", wrote(&path, &written, ring.forgotten()))),
                Err(error) => load::say(&format!("vex: {why}: cannot write {}: {error}\n", path.display())),
            }
            (self.dumps, self.dumped_at, self.untold) = (self.dumps + 1, self.events, 0);
        }
    }

    /// The first file of a ring is the one that was asked for, the others are numbered: `t.vxt`, `t.2.vxt`, `t.3.vxt`.
    fn next_path(&self) -> PathBuf {
        if self.dumps == 0 {
            return self.path.clone();
        }
        let extension = self.path.extension().map_or_else(String::new, |e| format!(".{}", e.to_string_lossy()));
        self.path.with_extension(format!("{}{extension}", self.dumps + 1))
    }

    /// Ends the file. All events have come.
    fn finish(mut self, mut ran: Ran, leaks: Leaks, signal: i32) -> Recorded {
        tracing::debug!(
            events = self.events,
            chunks = self.chunks,
            lost = self.lost,
            signal,
            "the recording has ended"
        );
        let exit_code = if signal == 0 { report::exit_code(&ran.report, leaks) } else { 128 + signal };
        let mut note = match signal {
            0 if ran.report.verdict == Verdict::TimeLimit => "stopped by --time-limit".to_string(),
            0 => String::new(),
            SIGINT => "stopped by SIGINT".to_string(),
            _ => "stopped by SIGTERM".to_string(),
        };
        let ended = matches!(ran.report.verdict, Verdict::Ok | Verdict::Leak);
        if let Some(why) = &self.failed {
            if !note.is_empty() {
                note.push_str("; ");
            }
            note.push_str(why);
        }
        let ending = Ending {
            verdict: ran.report.verdict,
            exit_code,
            program_exit_code: ended.then_some(ran.report.exit_code),
            clock: ran.report.clock,
            dropped: self.lost,
            note: note.clone(),
        };
        let findings = &mut ran.report.findings;
        let path = self.next_path();
        let mut forgotten = 0;
        let done = match std::mem::replace(&mut self.target, Target::Nothing) {
            Target::File(mut writer) => {
                let resolved = writer.resolve(findings);
                self.check(resolved);
                writer.finish(ending, findings, &[])
            }
            Target::Ring(mut ring) => {
                forgotten = ring.forgotten();
                ring.resolve(findings).and_then(|()| ring.write(&path, &self.header, Some(ending), findings))
            }
            Target::Nothing => Ok(Written::default()),
        };
        let written = match done {
            Ok(written) => Some(written),
            Err(error) => {
                if self.failed.is_none() {
                    note = format!("{} could not be finished: {error}", path.display());
                    load::say(&format!("vex: {note}\n"));
                }
                None
            }
        };
        let dropped = written.map_or(self.lost, |written| self.lost + written.lost);
        Recorded { ran, exit_code, written, events: self.events, dropped, forgotten, path, signal, note }
    }
}

/// What a file has, in words.
pub fn wrote(path: &Path, written: &Written, forgotten: u64) -> String {
    let mut out = format!("wrote {}: {} events, {} bytes", path.display(), written.events, written.bytes);
    if forgotten > 0 {
        out.push_str(&format!("; {forgotten} older events had been dropped for newer ones"));
    }
    out
}

/// Listens for signals until it is dropped.
struct SignalThread {
    handle: signal_hook::iterator::Handle,
}

impl SignalThread {
    /// SIGINT and SIGTERM end the program, and a second one vex. SIGUSR1 writes what a ring has.
    fn start(shared: &Arc<Shared>, stop: Arc<AtomicBool>, ring: bool) -> Option<Self> {
        let wanted: &[i32] = if ring { &[SIGINT, SIGTERM, SIGUSR1] } else { &[SIGINT, SIGTERM] };
        let mut signals = Signals::new(wanted).ok()?;
        let (handle, shared) = (signals.handle(), shared.clone());
        thread::spawn(move || {
            for signal in signals.forever() {
                if signal == SIGUSR1 {
                    shared.dump.store(true, Ordering::Relaxed);
                } else if shared.signal.swap(signal, Ordering::Relaxed) == 0 {
                    stop.store(true, Ordering::Relaxed);
                } else {
                    std::process::exit(128 + signal);
                }
            }
        });
        Some(Self { handle })
    }
}

impl Drop for SignalThread {
    fn drop(&mut self) {
        self.handle.close();
    }
}
