//! A running program as the UI sees it: the engine runs on a thread of its own and hands over chunks of events.

use interpreter::bytecode::Code;
use interpreter::trace_info::program_info;
use interpreter::vm::io::Io;
use interpreter::vm::run::{self, Ran, RunOptions};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::thread::JoinHandle;
use tracer::chunk::Chunk;
use tracer::control::Control;
use tracer::counters::{Class, Counters};
use tracer::finding::Finding;
use tracer::program::ProgramInfo;
use tracer::record::Recorder;
use tracer::sink::{BackPressure, LiveReceiver, Next, live};
use tui::session::{Description, Ending, Request, Session, Status};

/// Chunks under way between the engine and the screen: 16 MiB of events. The engine waits when they are full: the store
/// keeps everything, and a program that waits for the screen is better than a hole in its trace.
const CHUNKS: usize = 256;

/// What the two threads share.
#[derive(Default)]
struct Shared {
    findings: Mutex<Vec<Finding>>,
    ending: Mutex<Option<Ending>>,
}

/// A program that runs while it is watched.
pub struct LiveRun {
    description: Description,
    program: Arc<ProgramInfo>,
    control: Arc<Control>,
    stop: Arc<AtomicBool>,
    receiver: LiveReceiver,
    shared: Arc<Shared>,
    started: bool,
    drained: bool,
}

impl LiveRun {
    /// Starts the program. `ending` words how it ended; `stack` is the size of the engine's thread's stack.
    ///
    /// # Errors
    /// When no thread can be started.
    pub fn start(
        code: Box<Code>,
        options: RunOptions,
        io: Io,
        control: Arc<Control>,
        stop: Arc<AtomicBool>,
        description: Description,
        ending: impl Fn(&Ran) -> Ending + Send + 'static,
    ) -> std::io::Result<(LiveRun, JoinHandle<Ran>)> {
        let program = Arc::new(program_info(&code));
        let (sink, receiver) = live(CHUNKS, BackPressure::Block, control.clone());
        let mut recorder = Recorder::new(sink).with_control(control.clone());
        if options.real_time {
            recorder = recorder.with_wall(wall_clock());
        }
        let shared = Arc::new(Shared::default());
        let (theirs, flag) = (shared.clone(), stop.clone());
        let engine = std::thread::Builder::new().name("engine".into()).spawn(move || {
            let found = theirs.clone();
            let ran = run::run(&code, &options, recorder, io, flag, &mut |finding| {
                found.findings.lock().unwrap_or_else(PoisonError::into_inner).push(finding.clone());
            });
            // Verdicts of findings are settled at the end: the list as it is now is the right one.
            *theirs.findings.lock().unwrap_or_else(PoisonError::into_inner) = ran.report.findings.clone();
            *theirs.ending.lock().unwrap_or_else(PoisonError::into_inner) = Some(ending(&ran));
            ran
        })?;
        let run = LiveRun { description, program, control, stop, receiver, shared, started: false, drained: false };
        Ok((run, engine))
    }
}

/// Nanoseconds since now.
#[expect(
    clippy::disallowed_methods,
    reason = "a run in real time has a wall clock; seeded runs in virtual time never get it"
)]
pub fn wall_clock() -> impl FnMut() -> u64 + Send {
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
        let ending = self.shared.ending.lock().unwrap_or_else(PoisonError::into_inner).clone();
        match ending {
            Some(ending) if self.drained => Status::Finished(ending),
            _ if self.control.is_paused() => Status::Paused,
            _ if self.started => Status::Running,
            _ => Status::Starting,
        }
    }

    fn findings(&self) -> Vec<Finding> {
        self.shared.findings.lock().unwrap_or_else(PoisonError::into_inner).clone()
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
        }
    }
}
