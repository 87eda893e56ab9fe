//! What a user can ask of a debugger, as data: a command line, a script, a key and a debug adapter all come down to these.

use tracer::event::Kind;

/// Which way to go.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum Direction {
    /// With time.
    #[default]
    Forward,
    /// Against it.
    Back,
}

/// How far to go.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Motion {
    /// One instruction of the selected task.
    Instruction,
    /// To another line of the selected task, into functions that are called.
    Into,
    /// To another line of the selected task's frame or of its callers. Backwards: over calls.
    Over,
    /// Until the selected task's frame has returned. Backwards: to where it was called.
    Out,
    /// Past the next event of anybody. Backwards: to before the last one.
    Event,
    /// To the next scheduling point, where somebody is to be chosen. Backwards: to the last one.
    Switch,
    /// Past the next operation on the object with this name.
    Operation(String),
    /// Past the next event with which a task blocks.
    Blocking,
    /// Until the selected task blocks or ends, only that one running where it can.
    UntilBlocked,
    /// To a breakpoint, a finding, or the end (the beginning).
    Continue,
    /// Back to before the last write of this variable of the selected frame.
    LastWrite(String),
    /// Back to the send of the value that this variable (or the newest value of this channel) came from.
    Sent(String),
    /// Back to where whoever holds this lock took it.
    Taken(String),
    /// To this step.
    Step(u64),
    /// To where this event is the next.
    EventAt(u64),
    /// To the beginning.
    Start,
    /// To the end of what is known, without breakpoints.
    Frontier,
}

/// A request to go somewhere.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Go {
    /// How far.
    pub motion: Motion,
    /// Which way.
    pub direction: Direction,
    /// Only the selected task runs, as long as it can. Choices made for that count as made by hand.
    pub alone: bool,
    /// How often; it ends early at a breakpoint.
    pub times: u32,
}

/// What a breakpoint waits for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum BreakOn {
    /// A task comes to this line.
    Line {
        /// The end of the file's path; `None`: the file of the selected task's frame.
        file: Option<String>,
        /// From 1.
        line: u32,
    },
    /// A function of this name is entered.
    Function(String),
    /// An event of this kind (`spawn`, `send`, `lock` …).
    Event {
        /// Any of these kinds.
        kinds: Vec<Kind>,
        /// Only with which the task blocked.
        blocked: bool,
        /// Only on the object or about the task with this name.
        on: Option<String>,
        /// Only of the task with this name or path.
        by: Option<String>,
        /// Only where the object has been held for longer, in nanoseconds of the guest's time.
        held_longer: Option<u64>,
        /// Only where a value is sent for which this expression holds; it is called `value`.
        value: Option<String>,
    },
    /// A task panics or an assertion fails.
    Panic,
    /// Anything is found wrong.
    Finding,
    /// A variable of the selected frame, a field or an element gets another value. For a shared cell: whoever writes it.
    Write(String),
}

/// How often a breakpoint lets go by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Hits {
    /// Stops from this time on.
    From(u64),
    /// Stops at this time only.
    At(u64),
    /// Stops every so many times.
    Every(u64),
}

/// A breakpoint, watch or log point.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Breakpoint {
    /// What it waits for.
    pub on: BreakOn,
    /// Only where this expression, in the program's language, holds in the innermost frame.
    pub condition: Option<String>,
    /// Only at these times.
    pub hits: Option<Hits>,
    /// Does not stop but says this; `{expression}` in it is evaluated.
    pub log: Option<String>,
    /// Goes away when it has stopped.
    pub once: bool,
    /// How the user wrote it.
    pub text: String,
}

/// A request that cannot be served; in a sentence for the user.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Refused(pub String);
