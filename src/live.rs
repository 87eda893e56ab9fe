//! A running program as the UI sees it: the engine runs on a thread of its own and hands over chunks of events.
//!
//! On several workers each has a recorder, and what arrives here is their merged stream: nothing else differs.

use crate::load::Execution;
use crate::recording::Tee;
use interpreter::bytecode::Code;
use interpreter::vm::io::Io;
use interpreter::vm::parallel::run_parallel;
use interpreter::vm::run::{self, Ran, RunOptions};
use scheduler::parallel::Watch;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::thread::JoinHandle;
use tracer::chunk::Chunk;
use tracer::control::Control;
use tracer::counters::{Class, Counters};
use tracer::fan_in::live_workers;
use tracer::finding::Finding;
use tracer::program::ProgramInfo;
use tracer::race::Racing;
use tracer::record::Recorder;
use tracer::sink::{BackPressure, Next, Receive, Sink, live};
use tracer::workers::WorkerStats;
use tui::session::{Description, Ending, Request, Session, Status};

/// Chunks under way between the engine and the screen: 16 MiB of events. The engine waits when they are full: the store
/// keeps everything, and a program that waits for the screen is better than a hole in its trace.
const CHUNKS: usize = 256;

/// What the two threads share.
#[derive(Default)]
struct Shared {
    findings: Mutex<Vec<Finding>>,
    ending: Mutex<Option<Ending>>,
    workers: Mutex<Option<Watch>>,
}

impl Shared {
    fn found(&self, finding: &Finding) {
        lock(&self.findings).push(finding.clone());
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// What records a run, which says on which runtime it runs.
pub enum Recorders {
    /// On the deterministic runtime.
    One(Recorder),
    /// On the deterministic runtime, where data races are looked for.
    Racing(Box<Racing>),
    /// On the parallel runtime, for each worker.
    Several(Vec<Recorder>),
}

impl Recorders {
    /// Recorders for sinks: of the parallel runtime's workers, or the one of the deterministic runtime.
    pub fn new<S: Sink + 'static>(
        sinks: Vec<S>,
        options: &RunOptions,
        parallel: bool,
        control: Option<&Arc<Control>>,
    ) -> Self {
        // One clock for all, so that their anchors agree.
        let wall = wall_clock();
        let recorder = |(worker, sink)| {
            let mut recorder = Recorder::new(sink).with_worker(worker);
            if parallel {
                recorder = recorder.at_safepoints();
            }
            if let Some(control) = control {
                recorder = recorder.with_control(control.clone());
            }
            if parallel || options.real_time {
                recorder = recorder.with_wall(wall.clone());
            }
            recorder
        };
        let mut recorders: Vec<Recorder> = (0..).zip(sinks).map(recorder).collect();
        match recorders.pop() {
            Some(recorder) if !parallel => Self::One(recorder),
            last => {
                recorders.extend(last);
                Self::Several(recorders)
            }
        }
    }

    /// Looks for data races, too, where that is wanted and there is one worker.
    pub fn looking_for_races(self, wanted: bool) -> Self {
        match self {
            Self::One(recorder) if wanted => Self::Racing(Box::new(Racing::new(Some(recorder)))),
            other => other,
        }
    }
}

/// Runs a program on the runtime that it was given recorders for. `found` is told of each finding as it is made; `watch` gets
/// the workers' numbers where there are several.
pub fn run(
    code: &Code,
    options: &RunOptions,
    recorders: Recorders,
    io: Io,
    stop: Arc<AtomicBool>,
    found: &(dyn Fn(&Finding) + Sync),
    watch: impl FnOnce(Watch),
) -> Ran {
    let workers = if let Recorders::Several(recorders) = &recorders { recorders.len() } else { 1 };
    let _span = tracing::info_span!("run", seed = options.seed, workers, real_time = options.real_time).entered();
    let ran = match recorders {
        Recorders::Racing(racing) => run::run(code, options, *racing, io, stop, &mut |finding| found(finding)),
        Recorders::One(recorder) => run::run(code, options, recorder, io, stop, &mut |finding| found(finding)),
        Recorders::Several(recorders) => run_parallel(code, options, recorders, io, stop, found, watch),
    };
    crate::log::ran(&ran);
    ran
}

/// A program that runs while it is watched.
pub struct LiveRun {
    description: Description,
    program: Arc<ProgramInfo>,
    control: Arc<Control>,
    stop: Arc<AtomicBool>,
    receiver: Box<dyn Receive>,
    shared: Arc<Shared>,
    started: bool,
    drained: bool,
    /// Records what is shown, too.
    pub tee: Option<Tee>,
}

impl LiveRun {
    /// Starts the program. `ending` words how it ended.
    ///
    /// # Errors
    /// When no thread can be started.
    pub fn start(
        code: Box<Code>,
        execution: &Execution,
        io: Io,
        control: Arc<Control>,
        description: Description,
        ending: impl Fn(&Ran) -> Ending + Send + 'static,
    ) -> std::io::Result<(LiveRun, JoinHandle<Ran>)> {
        let program = Arc::new(execution.program_info(&code));
        let (options, races, stop) = (execution.options, execution.races, execution.stop.clone());
        let (recorders, receiver): (_, Box<dyn Receive>) = match execution.workers {
            None => {
                let (sink, receiver) = live(CHUNKS, BackPressure::Block, control.clone());
                (
                    Recorders::new(vec![sink], &options, false, Some(&control)).looking_for_races(races),
                    Box::new(receiver),
                )
            }
            Some(workers) => {
                let (sinks, receiver) = live_workers(workers as usize, CHUNKS, BackPressure::Block, control.clone());
                (Recorders::new(sinks, &options, true, Some(&control)), Box::new(receiver))
            }
        };
        let shared = Arc::new(Shared::default());
        let (theirs, flag) = (shared.clone(), stop.clone());
        let engine = std::thread::Builder::new().name("engine".into()).spawn(move || {
            let (found, watch) =
                (|finding: &Finding| theirs.found(finding), |watch| *lock(&theirs.workers) = Some(watch));
            let ran = run(&code, &options, recorders, io, flag, &found, watch);
            // Verdicts of findings are settled at the end: the list as it is now is the right one.
            lock(&theirs.findings).clone_from(&ran.report.findings);
            *lock(&theirs.ending) = Some(ending(&ran));
            ran
        })?;
        let run = LiveRun {
            description,
            program,
            control,
            stop,
            receiver,
            shared,
            started: false,
            drained: false,
            tee: None,
        };
        Ok((run, engine))
    }
}

/// Nanoseconds since now.
#[expect(
    clippy::disallowed_methods,
    reason = "a run in real time has a wall clock; seeded runs in virtual time never get it"
)]
pub fn wall_clock() -> impl FnMut() -> u64 + Send + Clone + use<> {
    let start = std::time::Instant::now();
    move || start.elapsed().as_nanos() as u64
}

impl Session for LiveRun {
    fn description(&self) -> Description {
        self.description.clone()
    }

    fn program(&self) -> Arc<ProgramInfo> {
        self.program.clone()
    }

    fn drain(&mut self, take: &mut dyn FnMut(&Chunk) -> bool) -> bool {
        loop {
            match self.receiver.try_next() {
                Next::Chunk(chunk) => {
                    self.started = true;
                    if let Some(tee) = &self.tee {
                        tee.push(&chunk);
                    }
                    let more = take(&chunk);
                    self.receiver.recycle(chunk);
                    if !more {
                        return true;
                    }
                }
                Next::Empty => return false,
                Next::End => {
                    self.drained = true;
                    return false;
                }
            }
        }
    }

    fn status(&self) -> Status {
        let ending = lock(&self.shared.ending).clone();
        match ending {
            Some(ending) if self.drained => Status::Finished(ending),
            _ if self.control.is_paused() => Status::Paused,
            _ if self.started => Status::Running,
            _ => Status::Starting,
        }
    }

    fn findings(&self) -> Vec<Finding> {
        lock(&self.shared.findings).clone()
    }

    fn dropped(&self) -> u64 {
        self.control.stats().dropped
    }

    fn no_counters(&self) -> Option<String> {
        static WHY: OnceLock<Option<String>> = OnceLock::new();
        let why = || {
            let counters = Counters::open();
            let there = counters.availability();
            (!there.has(Class::Hardware)).then(|| there.sentence())
        };
        WHY.get_or_init(why).clone()
    }

    fn workers(&self) -> Vec<WorkerStats> {
        lock(&self.shared.workers).as_ref().map_or_else(Vec::new, Watch::stats)
    }

    fn request(&mut self, request: Request) {
        match request {
            Request::Pause => self.control.pause(),
            Request::Resume => self.control.resume(),
            Request::Step(events) => self.control.step(events),
            Request::Rate(rate) => self.control.set_rate(rate.unwrap_or(0)),
            Request::Quit => {
                self.stop.store(true, Ordering::Relaxed);
                self.control.quit();
            }
            // A run that is only watched is no debugger.
            Request::Debug(_) | Request::Interrupt => {}
        }
    }
}
