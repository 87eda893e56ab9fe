//! What a debugger says of a stopped run, as data: where it stands, who can run next and what that would do, stacks, variables,
//! objects. The engine fills it in (`interpreter::debug`); text, JSON and views word it.
//!
//! Everything here is already in the words of the program (names, values, places), because a reader of it has no heap to look into.

use crate::event::{ObjectId, Site, TaskId};
use crate::finding::{ObjectKind, Verdict};
use crate::model::state::TaskState;
use serde::{Serialize, Serializer};

/// A point of a run. `step` alone orders points: it counts everything that the engine does one after the other (an instruction,
/// a look for the next task, a jump of the clock), so there is exactly one state of the program for each.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize)]
pub struct Coordinate {
    /// Steps done.
    pub step: u64,
    /// Events recorded: the next event gets this ordinal.
    pub event: u64,
}

/// Why the run stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum Reason {
    /// Nothing has been asked for yet.
    Start,
    /// What was asked for is done: a step, a switch, an event, a move, a coordinate.
    Done,
    /// Breakpoints, by number.
    Breakpoint {
        /// Their numbers.
        ids: Vec<u32>,
    },
    /// A watched variable or cell was written.
    Watch {
        /// The breakpoint's number.
        id: u32,
        /// What is watched.
        name: String,
        /// Its value before.
        old: String,
        /// Its value now.
        new: String,
    },
    /// Something was found wrong: the finding's index.
    Finding {
        /// Index into the findings.
        index: usize,
    },
    /// The run is over.
    Ended,
    /// Going back came to the beginning.
    Beginning,
    /// The user interrupted.
    Interrupted,
    /// What was asked for cannot happen from here; why.
    Nothing {
        /// In a sentence.
        why: String,
    },
}

/// How a run ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Ended {
    /// The verdict.
    #[serde(serialize_with = "verdict")]
    pub verdict: Verdict,
    /// What `vex` exits with for it.
    pub exit_code: i32,
}

/// A live task.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct TaskView {
    /// Its number.
    #[serde(serialize_with = "task")]
    pub id: TaskId,
    /// Its name: `worker#1`.
    pub name: String,
    /// The names of those who spawned each other down to it, which does not depend on the schedule: `main/worker.1`.
    pub path: String,
    /// Its state.
    #[serde(serialize_with = "state")]
    pub state: TaskState,
    /// What it waits for, in words (`to receive from jobs`); empty where it does not.
    pub waits: String,
    /// The object it waits for.
    #[serde(serialize_with = "object_or_null")]
    pub on: Option<ObjectId>,
    /// The trace clock when it came to wait.
    pub since: u64,
    /// Where it stands.
    pub place: String,
    /// The same as a site.
    #[serde(skip)]
    pub site: Site,
    /// Names of what it holds.
    pub holds: Vec<String>,
}

/// Something that can happen next at a scheduling point.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Move {
    /// The number to pick it by, from 1.
    pub number: u32,
    /// Who: a task; `None` lets time pass until the next timer.
    #[serde(serialize_with = "task_or_null")]
    pub task: Option<TaskId>,
    /// The task's name, or `time`.
    pub who: String,
    /// What it would do first that others can notice: `receives 7 from jobs`.
    pub does: String,
    /// What follows: `unblocks worker#3`, `closes a cycle: deadlock`; empty where nothing does.
    pub effect: String,
    /// Where it stands.
    pub place: String,
    /// Whether it is what happens where nobody picks.
    pub default: bool,
}

/// A frame of a task's stack, the innermost first.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct FrameView {
    /// From 0, the innermost.
    pub index: usize,
    /// The function's name.
    pub function: String,
    /// `pool.vex:12:5`.
    pub place: String,
    /// The instruction that it is at or will go on with.
    #[serde(skip)]
    pub site: Site,
}

/// A variable, or a part of one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Variable {
    /// Its name; of parts the field's name, `[3]`, `["key"]`.
    pub name: String,
    /// Its type in the language's words; may be empty for parts.
    #[serde(rename = "type")]
    pub ty: String,
    /// Its value on one line, cut where it is long (then `parts` has more).
    pub value: String,
    /// What else there is to know: `unique`, `counted`, `shared` of a box, `locks fork[2]` of a guard; may be empty.
    pub note: String,
    /// Fields, elements, entries: the first of them.
    pub parts: Vec<Variable>,
    /// How many parts there are.
    pub part_count: usize,
}

/// A channel, lock, wait group, context … as it is now.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ObjectView {
    /// Its number.
    #[serde(serialize_with = "object")]
    pub id: ObjectId,
    /// Its sort.
    #[serde(serialize_with = "kind")]
    pub kind: ObjectKind,
    /// Its name.
    pub name: String,
    /// What is to be said of it, as pairs of a word and a value: (`capacity`, `4`), (`buffer`, `[7, 8]`), (`owner`, `phil#2`).
    pub facts: Vec<(String, String)>,
    /// Names of the tasks that wait for it, in the order in which they will be served, with what they want.
    pub waiting: Vec<String>,
}

/// A breakpoint, watch or log point as it is listed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct BreakpointView {
    /// Its number.
    pub id: u32,
    /// What it is, as the user would write it: `break pool.vex:12 if j > 3`.
    pub text: String,
    /// File (index into the program's) and line, where it stands at one.
    #[serde(skip)]
    pub line: Option<(u16, u32)>,
    /// Whether it is on.
    pub enabled: bool,
    /// How often it was met, since it was made.
    pub hits: u64,
}

/// A stopped run, seen from one task and one of its frames.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Inspection {
    /// Where the run stands.
    pub at: Coordinate,
    /// The furthest point that is known: past `at` after going back.
    pub frontier: Coordinate,
    /// The trace clock.
    pub clock: u64,
    /// The guest's time in nanoseconds.
    pub time: u64,
    /// Why it stands.
    pub reason: Option<Reason>,
    /// How it ended; only at the end.
    pub ended: Option<Ended>,
    /// The task that runs; `None` at a scheduling point, where `moves` says who may be next.
    #[serde(serialize_with = "task_or_null")]
    pub running: Option<TaskId>,
    /// The task that commands are about.
    #[serde(serialize_with = "task_or_null")]
    pub selected: Option<TaskId>,
    /// Its selected frame.
    pub frame: usize,
    /// Live tasks by number.
    pub tasks: Vec<TaskView>,
    /// What can happen next; only at a scheduling point.
    pub moves: Vec<Move>,
    /// The selected task's stack.
    pub stack: Vec<FrameView>,
    /// The selected frame's variables.
    pub variables: Vec<Variable>,
    /// Breakpoints, watches, log points.
    pub breakpoints: Vec<BreakpointView>,
    /// Choices made by hand on the way here, which `undo` takes back one by one.
    pub choices: u32,
    /// Where they were made, in order; for a picture of the run.
    pub chosen: Vec<Coordinate>,
}

fn verdict<S: Serializer>(verdict: &Verdict, to: S) -> Result<S::Ok, S::Error> {
    to.serialize_str(verdict.name())
}

fn state<S: Serializer>(state: &TaskState, to: S) -> Result<S::Ok, S::Error> {
    to.serialize_str(match state {
        TaskState::Ready => "ready",
        TaskState::Running => "running",
        TaskState::Blocked(reason) => reason.name(),
        TaskState::Done => "done",
        TaskState::Panicked => "panicked",
        TaskState::Cancelled => "cancelled",
    })
}

fn task<S: Serializer>(task: &TaskId, to: S) -> Result<S::Ok, S::Error> {
    to.serialize_u32(task.0)
}

fn task_or_null<S: Serializer>(task: &Option<TaskId>, to: S) -> Result<S::Ok, S::Error> {
    task.map(|task| task.0).serialize(to)
}

fn object<S: Serializer>(object: &ObjectId, to: S) -> Result<S::Ok, S::Error> {
    to.serialize_u32(object.0)
}

fn object_or_null<S: Serializer>(object: &Option<ObjectId>, to: S) -> Result<S::Ok, S::Error> {
    object.map(|object| object.0).serialize(to)
}

fn kind<S: Serializer>(kind: &ObjectKind, to: S) -> Result<S::Ok, S::Error> {
    to.serialize_str(kind.name())
}
