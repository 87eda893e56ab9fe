//! A door for Rust programs: a [`tracing_subscriber::Layer`] that records a program's own spans and events, and Tokio's tasks,
//! locks, channels and timers, into a trace file that vex opens like one of its own.
//!
//! ```no_run
//! use tracing_subscriber::prelude::*;
//!
//! # fn main() -> std::io::Result<()> {
//! let recording = tracer::layer::Recording::to("service.vxt")?;
//! tracing_subscriber::registry().with(recording.layer()).init();
//! // … the program …
//! recording.finish()?;
//! # Ok(())
//! # }
//! ```
//!
//! # What is recorded
//!
//! - **Tokio**, where it is built to tell (`--cfg tokio_unstable`, its feature `tracing`): tasks with who spawned them and
//!   where, when they run on which thread, what they wait for, who woke them; mutexes, read-write locks, semaphores, barriers with
//!   their owners; bounded and oneshot channels; timers. `resources.rs` says how that is known.
//! - **Spans** of the program: inside of a task they are markers (`begin NAME fields`, `end NAME`); where no task runs the
//!   outermost one is a task of its own, which runs while it is entered. So a program without Tokio, and one whose Tokio tells
//!   nothing, has tasks too. Threads that say something outside of any span are tasks that are named after them.
//! - **Events**: markers of the task that runs.
//! - A **deadlock** of tasks that wait for each other's locks is a finding, made when the ring closes (`ring.rs`).
//!
//! # What is not known
//!
//! Tokio does not tell where a task waits, locks or sends: the layer walks the stack up to the program's own code to find out
//! (`places.rs`). It does not tell of waits for sockets, join handles, `Notify`, `watch`, `broadcast` and unbounded channels, nor that a task waits to
//! receive from a bounded channel. Those are waits for input or output (`io`) in the trace; once a task's unexplained wait has ended
//! with a value sent to a channel, its next ones are taken for waits to receive from it, until one ends otherwise. What is
//! made by `const_new` tells nothing at all.
//!
//! # What it costs
//!
//! One recorder behind a lock takes all threads' events: their order is then exact, and who holds what has to be known
//! anyway. `docs/how-to/rust-programs.md` has the numbers. The file is written by a thread of its own, through a bounded queue; where a
//! disk is too slow the oldest events are dropped and counted, unless [`Options::block`] says that the program waits. The file can be
//! read after `kill -9` up to the last quarter of a second. Whatever goes wrong, the program runs on.

mod fields;
mod places;
mod resources;
mod ring;
mod source;
mod state;
mod stream;
mod subscriber;
mod table;
mod writer;

pub use crate::file::Written;
pub use subscriber::RecordingLayer;
pub use tracing_core::Level;

use crate::about::{About, Runtime};
use crate::control::Control;
use crate::file::{FileWriter, Header};
use crate::finding::Finding;
use crate::program::ProgramInfo;
use crate::sink::{BackPressure, live};
use places::{Here, Places};
use state::State;
use std::io;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, TryLockError};
use std::thread::JoinHandle;
use std::time::{Instant, SystemTime};
use stream::Stream;
use writer::{Outcome, Writer};

/// How a program is recorded.
#[derive(Clone, Debug)]
pub struct Options {
    title: String,
    level: Level,
    pressure: BackPressure,
    queue: usize,
    places: bool,
}

impl Default for Options {
    fn default() -> Self {
        let (title, level, pressure) = (String::new(), Level::DEBUG, BackPressure::DropOldest);
        Self { title, level, pressure, queue: 256, places: true }
    }
}

impl Options {
    /// What the trace is called [default: the name of the executable].
    pub fn title(mut self, title: impl Into<String>) -> Self {
        self.title = title.into();
        self
    }

    /// Which of the program's own spans and events are recorded: those of this level and of more important ones [default:
    /// `DEBUG`]. Tokio's are always, as far as filters of the subscriber let them through (they are `TRACE`).
    pub fn level(mut self, level: Level) -> Self {
        self.level = level;
        self
    }

    /// Lets the program wait where the disk is too slow, and drops nothing.
    pub fn block(mut self) -> Self {
        self.pressure = BackPressure::Block;
        self
    }

    /// Whether the stack is walked to find the line at which a task waits, locks or sends [default: yes]. Without it, places are
    /// those of the program's innermost span, and waits cost less.
    pub fn places(mut self, places: bool) -> Self {
        self.places = places;
        self
    }

    /// How many blocks of 4088 events (64 KiB each) may be on their way to the disk [default: 256].
    pub fn queue(mut self, blocks: usize) -> Self {
        self.queue = blocks.max(1);
        self
    }
}

/// What all threads and the writer share.
struct Shared {
    state: Mutex<State>,
    closed: AtomicBool,
    level: Level,
    control: Arc<Control>,
    began: Instant,
    /// Where tasks are, unless nobody wants to know.
    places: Places,
    walks: bool,
}

impl Shared {
    /// Nanoseconds since the recording began.
    fn clock(&self) -> u64 {
        u64::try_from(self.began.elapsed().as_nanos()).unwrap_or(u64::MAX)
    }

    /// Where this thread is.
    fn here(&self) -> Here {
        if self.walks && !self.closed.load(Relaxed) { self.places.here() } else { Here::Nowhere }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn try_lock(&self) -> Option<MutexGuard<'_, State>> {
        match self.state.try_lock() {
            Ok(state) => Some(state),
            Err(TryLockError::Poisoned(poisoned)) => Some(poisoned.into_inner()),
            Err(TryLockError::WouldBlock) => None,
        }
    }

    /// The state, with the time, unless the recording is over.
    fn open(&self) -> Option<MutexGuard<'_, State>> {
        if self.closed.load(Relaxed) {
            return None;
        }
        let mut state = self.lock();
        state.now = self.clock().max(state.now);
        Some(state)
    }
}

/// A recording that goes on until it is [finished](Recording::finish) or dropped.
pub struct Recording {
    shared: Arc<Shared>,
    writer: Option<JoinHandle<io::Result<Outcome>>>,
}

impl Recording {
    /// Begins to record into this file.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn to(path: impl AsRef<Path>) -> io::Result<Recording> {
        Self::with(path, Options::default())
    }

    /// The same, with options.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn with(path: impl AsRef<Path>, options: Options) -> io::Result<Recording> {
        let header = Header { about: about(options.title), program: Arc::new(ProgramInfo::default()) };
        let file = FileWriter::create(path.as_ref(), &header)?;
        let control = Arc::new(Control::new());
        let (sink, receiver) = live(options.queue, options.pressure, control.clone());
        let shared = Arc::new(Shared {
            state: Mutex::new(State::new(Stream::new(sink))),
            closed: AtomicBool::new(false),
            level: options.level,
            control,
            began: now(),
            places: Places::default(),
            walks: options.places,
        });
        let writer = Writer::new(shared.clone(), receiver, file, header);
        let writer = std::thread::Builder::new().name("vex-recording".into()).spawn(move || writer.run())?;
        Ok(Recording { shared, writer: Some(writer) })
    }

    /// The layer to put on a [`tracing_subscriber::registry`]. Filters in front of it must let `tokio=trace,runtime=trace` through
    /// if Tokio is to be seen.
    pub fn layer(&self) -> RecordingLayer {
        RecordingLayer { shared: self.shared.clone() }
    }

    /// The deadlocks so far: tasks that hold locks and wait for each other's.
    pub fn check(&self) -> Vec<Finding> {
        let mut state = self.shared.lock();
        state.look_everywhere();
        state.findings.clone()
    }

    /// Ends the recording and the file.
    ///
    /// # Errors
    /// When the file could not be written to its end; it can be read as far as it was.
    pub fn finish(mut self) -> io::Result<Written> {
        self.end()
    }

    fn end(&mut self) -> io::Result<Written> {
        let Some(writer) = self.writer.take() else { return Ok(Written::default()) };
        if let Some(mut state) = self.shared.open() {
            state.settle_all();
            state.look_everywhere();
            self.shared.closed.store(true, Relaxed);
            let now = state.now;
            state.stream.flush(now);
            state.stream.close();
        }
        let outcome = writer.join().map_err(|_| io::Error::other("the recording's thread failed"))??;
        match outcome.failed {
            Some(error) => Err(error),
            None => Ok(outcome.written),
        }
    }
}

impl Drop for Recording {
    fn drop(&mut self) {
        // Who wants to know how it went finishes it.
        let _ = self.end();
    }
}

/// What is recorded.
fn about(title: String) -> About {
    let mut args = std::env::args_os().map(|arg| arg.to_string_lossy().into_owned());
    let program = args.next().unwrap_or_default();
    let name = program.rsplit(['/', '\\']).next().unwrap_or_default().to_string();
    About {
        title: if title.is_empty() { name } else { title },
        args: args.collect(),
        language: "rust".to_string(),
        runtime: Runtime::Foreign,
        real_time: true,
        writer: format!("vex {}", env!("CARGO_PKG_VERSION")),
        started: started(),
        ..About::default()
    }
}

#[expect(clippy::disallowed_methods, reason = "another program is recorded, never a seeded run")]
fn now() -> Instant {
    Instant::now()
}

#[expect(clippy::disallowed_methods, reason = "another program is recorded, never a seeded run")]
fn started() -> Option<u64> {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).ok()?;
    u64::try_from(since.as_millis()).ok()
}

#[cfg(test)]
mod tests;
