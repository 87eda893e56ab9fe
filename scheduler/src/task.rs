//! A task: what the scheduler keeps of it, beside the body `B` that belongs to the interpreter.
//!
//! States: `Free -> Ready -> Running -> (Ready | Blocked | Ended | Free)`, `Blocked -> Ready`, `Ended -> Free`. Only a
//! joinable task rests in `Ended`, until its result is taken or its future is dropped.
//!
//! `ticket` counts the waits of whoever uses the slot. A wait queue's entry carries the ticket of its wait; waking or
//! cancelling a task raises the ticket, which makes every other entry of the same wait stale. It is never set back, not
//! even when the slot is reused.

use crate::outcome::{Handle, Resume};
use crate::queue::Entry;
use tracer::event::{Site, TaskId};
use tracer::finding::{TaskRef, WaitReason};

/// State of a task.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum State {
    /// The slot is not in use.
    #[default]
    Free,
    /// In the run queue.
    Ready,
    /// The current task.
    Running,
    /// Parked in an operation; `reason` says in which.
    Blocked,
    /// Over; its result waits in `value`.
    Ended,
}

/// Flags of a task.
pub mod flag {
    /// Somebody may ask for the result.
    pub const JOINABLE: u8 = 1;
    /// Cancelled while it was not parked: it is told at its next wait.
    pub const CANCEL: u8 = 2;
    /// It has run at least once.
    pub const STARTED: u8 = 4;
    /// It ended by cancellation.
    pub const CANCELLED: u8 = 8;
    /// A finding has named it as stuck.
    pub const REPORTED: u8 = 16;
    /// While it awaits: the awaited task belongs to it alone and is cancelled with it.
    pub const OWNS_AWAITED: u8 = 32;
}

/// A task.
#[derive(Clone, Debug)]
pub struct Task<V, B> {
    /// The interpreter's part.
    pub body: B,
    /// The value in flight: what a parked send offers, what a wake-up hands over, at last the result.
    pub value: V,
    /// Clock when it blocked.
    pub since: u64,
    /// Ordinal of the event with which it blocked.
    pub event: u64,
    /// Number of the task; 0 in a free slot.
    pub id: u32,
    /// Its entry function.
    pub function: u32,
    /// The how-many-th task of that function it is.
    pub nth: u32,
    /// Where it was spawned.
    pub spawned_at: u32,
    /// Number of the task that spawned it.
    pub parent: u32,
    /// See the module's header.
    pub ticket: u32,
    /// While blocked: slot of the object, of the awaited task, of the record of arms of a select; the number of a sleep.
    pub object: u32,
    /// Where it blocked or let others run, last.
    pub site: u32,
    /// The first who waits for its end; further ones stand in the scheduler's side table.
    pub(crate) waiter: Entry,
    /// While blocked: the number of a live task that could wake it, as of the last scan.
    pub(crate) partner: u32,
    /// How its wait came out.
    pub resume: Resume,
    /// State.
    pub state: State,
    /// Why it is blocked.
    pub reason: WaitReason,
    /// See [`flag`].
    pub(crate) flags: u8,
}

impl<V: Default, B: Default> Default for Task<V, B> {
    fn default() -> Self {
        Self {
            body: B::default(),
            value: V::default(),
            since: 0,
            event: 0,
            id: 0,
            function: 0,
            nth: 0,
            spawned_at: 0,
            parent: 0,
            ticket: 0,
            object: 0,
            site: 0,
            waiter: Entry::NOBODY,
            partner: 0,
            resume: Resume::None,
            state: State::Free,
            reason: WaitReason::Send,
            flags: 0,
        }
    }
}

impl<V, B> Task<V, B> {
    /// Takes how the wait came out.
    #[inline(always)]
    pub fn take_resume(&mut self) -> Resume {
        std::mem::take(&mut self.resume)
    }

    /// Whether somebody may ask for its result.
    #[inline(always)]
    pub fn joinable(&self) -> bool {
        self.flags & flag::JOINABLE != 0
    }

    /// Whether this flag is set.
    #[inline(always)]
    pub(crate) fn has(&self, flag: u8) -> bool {
        self.flags & flag != 0
    }

    /// Whether it is parked for this reason.
    pub fn blocked_in(&self, reason: WaitReason) -> bool {
        self.state == State::Blocked && self.reason == reason
    }

    /// As evidence.
    pub fn evidence(&self) -> TaskRef {
        TaskRef { id: TaskId(self.id), function: self.function, nth: self.nth, spawned_at: Site(self.spawned_at) }
    }

    /// A handle to the task in this slot.
    pub(crate) fn handle(&self, slot: u32) -> Handle {
        Handle { slot, id: self.id }
    }
}
