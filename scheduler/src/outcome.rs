//! What operations take and give: the place and time of an event, whether an operation went through, and how a parked
//! task is told the outcome of the operation that it was blocked in.

/// Place and time of an operation of the current task.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct At {
    /// Index of the instruction.
    pub site: u32,
    /// The trace clock: ticks of budget used so far in the run, plus the time slept.
    pub clock: u64,
}

/// Outcome of an operation that may block.
///
/// After `Blocked` the wait is recorded in the task; the caller saves its state and asks for the next task. The outcome
/// comes as a [`Resume`] when the task runs again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub enum Step<R = ()> {
    /// It went through.
    Ready(R),
    /// The current task is parked in it.
    Blocked,
    /// The channel is closed (a receive: and drained).
    Closed,
}

/// Outcome of an operation that never blocks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub enum Try<R = ()> {
    /// It went through.
    Ready(R),
    /// It would have blocked.
    NotNow,
    /// The channel is closed (a receive: and drained).
    Closed,
}

/// Outcome of the first look at a select.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub enum Selected<V> {
    /// An arm was ready and its operation is done; `value` is what a receive or a future gave.
    Arm {
        /// Index in source order.
        arm: u16,
        /// What happened.
        outcome: ArmOutcome,
        /// The value of `Received` and `Done`.
        value: V,
    },
    /// Nothing was ready and there is a default arm.
    Default,
    /// Nothing was ready: the caller now blocks the task with `select_block`.
    NotReady,
}

/// What the chosen arm of a select did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ArmOutcome {
    /// A value was received.
    Received,
    /// The channel to receive from is closed and drained.
    Closed,
    /// The value was sent.
    Sent,
    /// The channel to send to is closed.
    SendClosed,
    /// The timer fired.
    Fired,
    /// The future is done.
    Done,
    /// The future's task was cancelled, or its result was taken before.
    Gone,
}

/// Why a task runs again: the outcome of the operation that it was parked in. Values stand in the task's `value`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum Resume {
    /// It was not parked: it is new, was preempted or let others run.
    #[default]
    None,
    /// A receive got the task's `value`.
    Received,
    /// A receive found the channel closed and drained.
    Closed,
    /// A send was taken.
    Sent,
    /// A send found the channel closed.
    SendClosed,
    /// A lock (either side) or a permit is now ours.
    Acquired,
    /// A wait is over: wait group, once, barrier (we are not its leader), sleep.
    Waited,
    /// The awaited task ended; its result is the task's `value`.
    Done,
    /// The awaited task was cancelled: there is no result.
    Gone,
    /// This arm of a select was chosen.
    Arm {
        /// Index in source order.
        arm: u16,
        /// What happened.
        outcome: ArmOutcome,
    },
    /// The task is cancelled: it should run its deferred work and end. Whatever it waited for did not happen.
    Cancelled,
}

/// Reference to a task that outlives the task: the slot is only valid while the task there has this number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Default)]
pub struct Handle {
    /// Slot in the table of tasks.
    pub slot: u32,
    /// The task's number.
    pub id: u32,
}

impl Handle {
    /// As one number, for the payload of a guest value.
    #[inline(always)]
    pub fn pack(self) -> u64 {
        self.slot as u64 | (self.id as u64) << 32
    }

    /// From [`Handle::pack`].
    #[inline(always)]
    pub fn unpack(packed: u64) -> Self {
        Self { slot: packed as u32, id: (packed >> 32) as u32 }
    }
}

/// What the caller should do next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub enum Next {
    /// Run this task for at most `slice` ticks; its `resume` says how the operation that it was parked in came out.
    Run {
        /// Slot of the task.
        slot: u32,
        /// Ticks.
        slice: u32,
    },
    /// Many switches have passed without the end of a slice: look at stop flags and the like, then ask again.
    Poll,
    /// Nothing can run until a timer fires (or an I/O operation ends): call `pass_time`, then ask again.
    Idle,
    /// No task is left.
    Finished,
    /// Tasks are left, all blocked, and nothing is under way that could wake one.
    Stuck,
}
