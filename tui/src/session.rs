//! What the UI needs from the thing that it shows: a trait that the binary fills, for a live run and for a recording alike.
//!
//! The UI calls it from its one thread, a few dozen times a second, and no call may wait for the program.

use std::sync::Arc;
use tracer::chunk::Chunk;
use tracer::finding::{Finding, Verdict};
use tracer::inspect::Inspection;
use tracer::program::ProgramInfo;
use tracer::store::Store;
use tracer::workers::WorkerStats;

/// What the run is; does not change.
#[derive(Clone, Debug)]
pub struct Description {
    /// The program as the user named it (`examples/vex/philosophers.vex`).
    pub title: String,
    /// How it runs, in a word or two for the header (`seed 7`); may be empty.
    pub mode: String,
    /// Whether there is a program to pause, step and slow down; a recording has none.
    pub live: bool,
    /// The command that gives this very run again, where there is one.
    pub replay: Option<String>,
}

/// How far the run is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Status {
    /// No event yet.
    Starting,
    /// Events come.
    Running,
    /// Stopped by [`Request::Pause`], to go on.
    Paused,
    /// Over.
    Finished(Ending),
}

/// How the run ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ending {
    /// What was wrong, if anything.
    pub verdict: Verdict,
    /// What `vex` will exit with.
    pub exit_code: i32,
    /// A sentence where the run did not end by itself (`stopped by --time-limit`); may be empty.
    pub note: String,
}

/// What the user wants of a live run or of a debugger.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Request {
    /// Stop at the next event.
    Pause,
    /// Go on.
    Resume,
    /// While paused: this many events more.
    Step(u64),
    /// So many events a second; `None` is full speed.
    Rate(Option<u64>),
    /// Of a debugger: do this, a line of its command language (`step`, `back line`, `pick 2`). It waits until those before
    /// it are done, and gives exactly one [`Answer`].
    Debug(String),
    /// Of a debugger: stop what it is doing, and forget the commands that wait; each of those still gives its answer.
    Interrupt,
    /// The user leaves: the program is to end as soon as it can.
    Quit,
}

/// What a debugger said to a command.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// The command, as it was asked.
    pub command: String,
    /// What it said, in lines; may be empty.
    pub text: String,
    /// Whether it was refused or failed: then the text says why.
    pub failed: bool,
}

/// A run that the UI shows.
pub trait Session {
    /// What it is.
    fn description(&self) -> Description;

    /// Its functions, files and names. Asked for once.
    fn program(&self) -> Arc<ProgramInfo>;

    /// The run as a store that has all of it: of a recording, which then gives nothing by [`Session::drain`]. Asked for once.
    fn store(&mut self) -> Option<Store> {
        None
    }

    /// What is wrong with the recording, each a sentence. Asked for once.
    fn warnings(&self) -> Vec<String> {
        Vec::new()
    }

    /// Gives what has been recorded since the last call to `take`, in order, chunk by chunk; stops when `take` says
    /// `false` (the frame's time is up). Returns whether more is waiting.
    fn drain(&mut self, take: &mut dyn FnMut(&Chunk) -> bool) -> bool;

    /// How far it is. `Finished` only when everything has been given out by [`Session::drain`].
    fn status(&self) -> Status;

    /// What has been found wrong so far, in order. Asked for when a finding was recorded, twice a second, and at the end,
    /// when the verdicts are settled.
    fn findings(&self) -> Vec<Finding>;

    /// Events that were recorded and lost.
    fn dropped(&self) -> u64;

    /// What the engine says of its workers now, in the order of their numbers; nothing where there is no engine (a recording) or
    /// it does not count. Asked for twice a second.
    fn workers(&self) -> Vec<WorkerStats> {
        Vec::new()
    }

    /// Why there are no hardware counters, in one sentence; `None` where there are, or nobody knows.
    fn no_counters(&self) -> Option<String> {
        None
    }

    /// Where the debugged run stands, newest; `None` where this is no debugger, or nothing has been looked at yet. A new one is a new
    /// `Arc`: the UI compares pointers to see whether anything changed.
    fn debug(&self) -> Option<Arc<Inspection>> {
        None
    }

    /// Whether this is a debugger: the UI then has a Debug view from the start. Does not change.
    fn is_debugger(&self) -> bool {
        self.debug().is_some()
    }

    /// The command that the debugger is at, while it is (`continue`).
    fn busy(&self) -> Option<String> {
        None
    }

    /// What the debugger said since the last call, the newest last: to commands, and unasked (then the command is empty: what log
    /// points said).
    fn answers(&mut self) -> Vec<Answer> {
        Vec::new()
    }

    /// Of a debugger: the whole lines that a line of its command language can become when its last word is ended, sorted; for the
    /// Tab key. Nothing where there is no such line.
    fn complete(&self, _line: &str) -> Vec<String> {
        Vec::new()
    }

    /// Which version of the past [`Session::drain`] gives out. It is raised when events that were given out are no longer true (the
    /// schedule was forked after going back), and only inside of `drain`, which then gives nothing more and returns `true`; the
    /// next `drain` begins again with event 0.
    fn revision(&self) -> u64 {
        0
    }

    /// Asks something of the run; a recording ignores it.
    fn request(&mut self, request: Request);
}
