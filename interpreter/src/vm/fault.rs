//! What can go wrong in an instruction or a built-in: the guest's failure, reported as a finding, never the host's.

use crate::dynamic::ErrorKind;
use crate::value::Value;

/// A failure of the running task.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fault {
    /// A panic with its message.
    Panic(String),
    /// A failed assertion with its message.
    Assert(String),
    /// The program asked to end with this code.
    Exit(i32),
    /// A failure that a program whose language has exceptions can catch. For others it is a panic.
    Error(ErrorKind, String),
    /// An exception on its way to its handler.
    Raised(Value),
}

impl Fault {
    /// A panic with a message.
    pub fn panic(message: impl Into<String>) -> Fault {
        Fault::Panic(message.into())
    }

    /// A failure of a kind that can be caught, with a message.
    pub fn error(kind: ErrorKind, message: impl Into<String>) -> Fault {
        Fault::Error(kind, message.into())
    }
}

/// What a built-in did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It is done, with this result.
    Done(crate::value::Value),
    /// The task is blocked in it; when the task is resumed, the built-in is completed.
    Blocked,
    /// It is done with `()`, and the task goes to the end of the run queue.
    Yield,
}
