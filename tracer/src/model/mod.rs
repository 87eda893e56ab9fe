//! What the events of a run mean: its tasks, objects, channels, locks and waits, derived while events come in.
//!
//! One state machine, [`now::Now`], knows what holds at one point of the run. It is fed every event and tells its
//! [`Analysis`] what changed: a task's state, a channel's length, a lock's owner. The analyses keep what views ask for
//! over time, each in its own file. The same machine, copied now and then and fed again, gives the state at any event
//! of the past ([`crate::store::Store::at`]).

pub(crate) mod anchors;
pub mod buckets;
pub mod channels;
pub(crate) mod derived;
pub mod lanes;
pub mod locks;
pub mod messages;
pub mod now;
pub mod objects;
pub mod rates;
pub mod series;
pub mod slots;
pub mod state;
pub mod tasks;
pub mod thin;
pub mod waits;
pub mod workers;

use crate::event::{ObjectId, TaskId};
use crate::events::Event;
use crate::finding::ObjectKind;
use state::TaskState;

/// Is told what changed, by [`now::Now::apply`]. Everything defaults to "does not matter here".
pub trait Analysis {
    /// A task was created by another (0 for `main`).
    fn spawned(&mut self, _task: TaskId, _parent: TaskId, _function: u32, _at: &Event) {}
    /// A task's state changed.
    fn state(&mut self, _task: TaskId, _to: TaskState, _at: &Event) {}
    /// An object was made; `size` is a channel's capacity, a barrier's parties, a semaphore's permits.
    fn made(&mut self, _object: ObjectId, _kind: ObjectKind, _size: u32, _at: &Event) {}
    /// A channel's length, a wait group's count, a semaphore's free permits … changed.
    fn level(&mut self, _object: ObjectId, _level: u32, _at: &Event) {}
    /// A value entered a channel; `send` is the ordinal of its send.
    fn queued(&mut self, _channel: ObjectId, _send: u64, _at: &Event) {}
    /// The channel's oldest value was taken; `receive` is the ordinal of its receive, which may lie before the send.
    fn took(&mut self, _channel: ObjectId, _receive: u64, _at: &Event) {}
    /// A channel was closed.
    fn closed(&mut self, _channel: ObjectId, _at: &Event) {}
    /// A task got a lock or permit, after waiting for it this many ticks.
    fn acquired(&mut self, _object: ObjectId, _task: TaskId, _waited: Option<u64>, _at: &Event) {}
    /// A task gave a lock or permit back, having held it for this many ticks.
    fn released(&mut self, _object: ObjectId, _task: TaskId, _held: u64, _at: &Event) {}
    /// A task's wait for an object is over after this many ticks.
    fn waited(&mut self, _object: ObjectId, _task: TaskId, _ticks: u64, _at: &Event) {}
}

/// Nothing to tell: for a replay.
impl Analysis for () {}
