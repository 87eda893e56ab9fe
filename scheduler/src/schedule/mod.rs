//! Schedules as values: what was decided in a run, so that it can be done again, written down, changed by hand, and carried over to
//! an edited program.
//!
//! A run asks an oracle who runs next, for how long, which ready arm of a select is taken, and for random numbers. A [`Schedule`]
//! names the *base* oracle by its seed and lists only what differs from it. Each [`Decision`] says where it belongs twice:
//!
//! - by its **key**, which is exact (the nth switch, the nth choice among arms, the nth random number of the run) and means
//!   something in the same program only;
//! - by its **point**: after the nth operation of the task with this path. That survives edits elsewhere.
//!
//! Files: `path` who a task is · `script` the oracle that follows a schedule and notes what was decided · `tasks` paths and
//! operations of the tasks of a run · `points` finding a decision's place in another program · `drive` what [`crate::Scheduler`]
//! does differently under a script, and what a debugger asks of it · `divergence` where the run was not what the schedule said ·
//! `text` the file format · `inline` the form for a command line · `log` the growing list of decisions.

mod divergence;
mod drive;
mod inline;
mod log;
mod path;
mod points;
mod script;
mod tasks;
mod text;

pub use divergence::{Divergence, Found};
pub use drive::Forced;
pub use inline::LONGEST;
pub use path::{Name, TaskPath};
pub use points::Follow;
pub use script::{Keep, Names, Script};
pub use text::FormatError;

use tracer::event::Kind;

/// Version of the format, of the text and of what it means.
pub const VERSION: u32 = 1;

/// A schedule.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Schedule {
    /// The program that it was made with.
    pub program: Option<ProgramStamp>,
    /// Seed of the base oracle, which decides wherever no decision says otherwise: 0 is the reference schedule.
    pub seed: u64,
    /// Seed of the oracle that gives the lengths of slices, where it is not the base: the decisions then spell out a run of this
    /// seed relative to another base. Slices have no effect of their own, but events say how long they are.
    pub slices: Option<u64>,
    /// Arguments of the program.
    pub args: Vec<String>,
    /// The lines that the program read, in order, with who read them where that is known.
    pub input: Vec<InputLine>,
    /// What differs from the base, in order of time.
    pub decisions: Vec<Decision>,
}

impl Schedule {
    /// What a seed decides and nothing else.
    pub fn of_seed(seed: u64) -> Self {
        Self { seed, ..Self::default() }
    }

    /// Whether it is for this program, as far as it says.
    pub fn fits(&self, hash: u64) -> bool {
        self.program.as_ref().is_none_or(|program| program.hash == hash)
    }
}

/// Which program a schedule is for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProgramStamp {
    /// Its path, as the user gave it.
    pub path: String,
    /// A hash of what it is compiled to.
    pub hash: u64,
}

/// A line that the program read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InputLine {
    /// Who read it.
    pub task: Option<TaskPath>,
    /// The line, without its end.
    pub text: String,
}

/// One decision.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Decision {
    /// Where it belongs exactly, counted from 1: see [`What`].
    pub key: Option<u64>,
    /// The program point that it follows.
    pub after: Option<Point>,
    /// What was decided.
    pub what: What,
}

/// A program point: right after the nth operation of a task.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Point {
    /// Whose.
    pub task: TaskPath,
    /// Operations it had done, as [`Kind::is_operation`] counts them. For [`What::Number`]: random numbers it had drawn.
    pub nth: u64,
    /// The how-many-th time, from 1, that it left with so many operations done: where it blocked in its last operation and was
    /// preempted before the next, that is the second. For [`What::Arm`]: the how-many-th choice among arms there.
    pub stop: u32,
    /// The last of them, where that is known.
    pub operation: Option<Operation>,
}

/// An operation, to recognise it in a program that does other things around it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Operation {
    /// What it was.
    pub kind: Kind,
    /// The name of its object (`forks#2`); empty where it has none.
    pub object: Name,
}

/// What was decided.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum What {
    /// At the switch of this number another task runs than the base says.
    Run {
        /// Who.
        task: TaskPath,
        /// Ticks of its first slice, where they are not what the base says.
        slice: Option<u32>,
    },
    /// Before the switch of this number time passes to the next timer, although tasks are ready.
    Time,
    /// The task that ran since the switch of this number made room when a slice ended.
    Preempt {
        /// Ticks since the switch.
        ticks: u64,
    },
    /// The task that ran since the switch of this number was made to make room.
    Cut {
        /// Instructions it executed since the switch.
        instructions: u64,
    },
    /// In the how-many-th select that found several arms ready.
    Arm {
        /// The arm that was taken, in source order, from 0.
        arm: u32,
    },
    /// The how-many-th random number of the run.
    Number {
        /// The number.
        value: u32,
    },
}
