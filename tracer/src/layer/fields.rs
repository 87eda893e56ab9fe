//! What the fields of spans and events say: Tokio's own as numbers and words, any other's as text.

use std::fmt::{self, Write};
use tracing_core::Metadata;
use tracing_core::field::{Field, Visit};

/// What a span is for the recording.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Class {
    /// A task of Tokio's.
    Task,
    /// A mutex, channel, timer … of Tokio's.
    Resource,
    /// An operation on one, as long as its future lives.
    Operation,
    /// The polling of an operation.
    Poll,
    /// A span of the program's own.
    Ordinary,
}

/// What sort of span this is, by the names that Tokio gives (they are the same since 1.13, and tokio-console goes by them).
pub(super) fn class_of(metadata: &Metadata<'_>) -> Class {
    if !metadata.target().starts_with("tokio") {
        return Class::Ordinary;
    }
    match metadata.name() {
        "runtime.spawn" => Class::Task,
        "runtime.resource" => Class::Resource,
        "runtime.resource.async_op" => Class::Operation,
        "runtime.resource.async_op.poll" => Class::Poll,
        _ => Class::Ordinary,
    }
}

/// What an event tells of Tokio.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Says {
    /// An operation was polled.
    Polled,
    /// The state of a resource changed.
    Resource,
    /// The state of an operation changed.
    Operation,
    /// Something was done with a task's waker.
    Waker,
    /// Nothing: an event of the program's own.
    Ordinary,
}

/// What sort of event this is.
pub(super) fn says(metadata: &Metadata<'_>) -> Says {
    match metadata.target() {
        "runtime::resource::poll_op" => Says::Polled,
        "runtime::resource::state_update" => Says::Resource,
        "runtime::resource::async_op::state_update" => Says::Operation,
        "tokio::task::waker" => Says::Waker,
        _ => Says::Ordinary,
    }
}

/// How a number of a state update is meant.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum How {
    /// It is the value now.
    #[default]
    Override,
    /// The value grew by it.
    Add,
    /// The value shrank by it.
    Sub,
}

/// What changed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Update {
    /// Nothing that is known here.
    #[default]
    None,
    /// Free permits of a semaphore.
    Permits(u64),
    /// Permits that an operation wants.
    Requested(u64),
    /// Permits that it has got.
    Obtained(u64),
    /// Whether a mutex is locked.
    Locked(bool),
    /// Whether a read-write lock is locked for writing.
    WriteLocked(bool),
    /// Readers of a read-write lock.
    Readers(u64),
    /// Parties of a barrier.
    Size(u64),
    /// Who has arrived at it.
    Arrived(u64),
    /// The last one has.
    Leader,
    /// Milliseconds of a timer.
    Duration(u64),
    /// A oneshot channel's value was sent.
    ValueSent,
    /// It was taken.
    ValueReceived,
    /// Its sender is gone.
    SenderGone,
}

/// What is done with a waker.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum WakerOp {
    /// Nothing of interest.
    #[default]
    None,
    /// It was cloned: somebody will wake the task.
    Clone,
    /// The task was woken.
    Wake,
}

/// The fields of Tokio's spans and events that matter here.
#[derive(Debug, Default)]
pub(super) struct Fields {
    pub(super) update: Update,
    pub(super) how: How,
    pub(super) waker: WakerOp,
    /// Of a waker: the task's span.
    pub(super) task: u64,
    pub(super) ready: bool,
    pub(super) internal: bool,
    /// Of a task: `task`, `local`, `blocking`, `block_on`.
    pub(super) kind: String,
    pub(super) name: String,
    /// The function of a blocking task.
    pub(super) function: String,
    /// `Mutex`, `Sender|Receiver` …
    pub(super) concrete: String,
    /// `RwLock::read` …
    pub(super) source: String,
    pub(super) file: String,
    pub(super) line: u32,
    pub(super) column: u32,
}

impl Fields {
    /// Whether the update is something that a task does at some place: a lock, an unlock, a receive.
    pub(super) fn is_done(&self) -> bool {
        match self.update {
            Update::Permits(_) | Update::Readers(_) => self.how == How::Add,
            Update::Locked(_) | Update::WriteLocked(_) | Update::ValueSent | Update::ValueReceived => true,
            _ => false,
        }
    }

    fn number(&mut self, name: &str, value: u64) {
        let small = || u32::try_from(value).unwrap_or(u32::MAX);
        match name {
            "task.id" => self.task = value,
            "permits" => self.update = Update::Permits(value),
            "permits_requested" => self.update = Update::Requested(value),
            "permits_obtained" => self.update = Update::Obtained(value),
            "current_readers" => self.update = Update::Readers(value),
            "size" => self.update = Update::Size(value),
            "arrived" => self.update = Update::Arrived(value),
            "duration" => self.update = Update::Duration(value),
            "loc.line" => self.line = small(),
            "loc.col" => self.column = small(),
            _ => {}
        }
    }
}

impl Visit for Fields {
    fn record_u64(&mut self, field: &Field, value: u64) {
        self.number(field.name(), value);
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.number(field.name(), value.max(0) as u64);
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        match field.name() {
            "is_ready" => self.ready = value,
            "is_internal" => self.internal = value,
            "locked" => self.update = Update::Locked(value),
            "write_locked" => self.update = Update::WriteLocked(value),
            "arrived" if value => self.update = Update::Arrived(1),
            "is_leader" if value => self.update = Update::Leader,
            "value_sent" if value => self.update = Update::ValueSent,
            "value_received" if value => self.update = Update::ValueReceived,
            "tx_dropped" if value => self.update = Update::SenderGone,
            _ => {}
        }
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        match field.name() {
            "op" => {
                self.waker = match value {
                    "waker.clone" => WakerOp::Clone,
                    "waker.wake" | "waker.wake_by_ref" => WakerOp::Wake,
                    _ => WakerOp::None,
                };
            }
            "loc.file" => self.file = value.to_string(),
            "concrete_type" => self.concrete = value.to_string(),
            "source" => self.source = value.to_string(),
            "kind" => self.kind = value.to_string(),
            "task.name" => self.name = value.to_string(),
            name if name.ends_with(".op") => {
                self.how = match value {
                    "add" => How::Add,
                    "sub" => How::Sub,
                    _ => How::Override,
                };
            }
            _ => {}
        }
    }

    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        let to = match field.name() {
            "kind" => &mut self.kind,
            "task.name" => &mut self.name,
            "fn" => &mut self.function,
            _ => return,
        };
        to.clear();
        let _ = write!(to, "{value:?}");
    }
}

/// Fields as text, the message first: `order taken id=7 price=1.5`.
#[derive(Debug, Default)]
pub(super) struct Text {
    /// The text.
    pub(super) text: String,
    rest: String,
}

/// Longest text of one marker: what a program logs may be of any length, a trace is no place for it.
const LONGEST: usize = 4096;

impl Text {
    /// The whole text.
    pub(super) fn finish(mut self) -> String {
        self.text.push_str(&self.rest);
        if self.text.len() > LONGEST {
            let mut cut = LONGEST;
            while !self.text.is_char_boundary(cut) {
                cut -= 1;
            }
            self.text.truncate(cut);
            self.text.push('…');
        }
        self.text
    }
}

impl Visit for Text {
    fn record_str(&mut self, field: &Field, value: &str) {
        if field.name() == "message" {
            self.text.push_str(value);
        } else {
            let _ = write!(self.rest, " {}={value:?}", field.name());
        }
    }

    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        if field.name() == "message" {
            let _ = write!(self.text, "{value:?}");
        } else {
            let _ = write!(self.rest, " {}={value:?}", field.name());
        }
    }
}
