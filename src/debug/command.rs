//! A command, understood: what the words of [`super::table`] come down to.

use interpreter::debug::request::{Breakpoint, Go};
use std::path::PathBuf;

/// Breakpoints by number, or all.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Which {
    /// All there are.
    All,
    /// These.
    Numbers(Vec<u32>),
}

/// A line of the source.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// The end of the file's path; `None`: the file of the selected frame.
    pub file: Option<String>,
    /// From 1.
    pub line: u32,
}

/// What is asked of the debugger.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Command {
    /// A motion.
    Go(Go),
    /// To where the last motion began.
    Back,
    /// Who can run next.
    Moves,
    /// One of them.
    Pick(u32),
    /// The running task makes room.
    Preempt,
    /// Without the last choice.
    Undo,
    /// A breakpoint, log point or watch.
    Break(Breakpoint),
    /// Lists them.
    Breakpoints,
    /// Removes some.
    Delete(Which),
    /// Turns some on or off.
    Enable(Which, bool),
    /// Stacks: of the selected task, or of all.
    Where {
        /// Of all.
        all: bool,
    },
    /// Live tasks.
    Tasks,
    /// Selects one.
    Select(String),
    /// Selects a frame.
    Frame(usize),
    /// So many frames up (towards the callers) or down.
    FrameBy(i64),
    /// Variables.
    Locals,
    /// The value of an expression; whether it may have effects.
    Evaluate {
        /// The expression.
        text: String,
        /// Whether it may change something.
        effects: bool,
    },
    /// Another value for a place.
    Set {
        /// The variable, field or element.
        place: String,
        /// An expression.
        value: String,
    },
    /// Objects.
    Objects,
    /// One of them.
    Object(String),
    /// Who waits for whom.
    Waits,
    /// Source.
    List(Option<Line>),
    /// The last events.
    Events(usize),
    /// The program's output.
    Output,
    /// What was found wrong.
    Findings,
    /// Where it stands.
    Info,
    /// The schedule, inline.
    Schedule,
    /// The schedule, into a file.
    Save(PathBuf),
    /// From the start, without choices.
    Restart,
    /// Help, on a command.
    Help(Option<&'static super::table::Row>),
    /// The end of the session.
    Quit,
}
