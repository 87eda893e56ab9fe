//! Red flags: what looks wrong although it is no error, one file a rule.
//!
//! A rule speaks where something costs time or memory that a person can save, and says what, where, how much and what to do. Its thresholds
//! stand in the table below, so that no flag is raised over what does not matter. Shares are of the run's time.

pub(super) mod busy_polling;
pub(super) mod closed_again;
pub(super) mod convoy;
pub(super) mod explosion;
pub(super) mod lock_across_wait;
pub(super) mod never_received;
pub(super) mod overloaded_worker;
pub(super) mod sequential_awaits;
pub(super) mod starvation;
pub(super) mod unbuffered;

/// From when on a rule speaks.
pub(super) mod thresholds {
    /// Shortest wait with a lock held that counts, in nanoseconds.
    pub const HELD_WAIT: u64 = 1_000_000;
    /// Share of the run that such waits of a lock must take together, where others waited for it meanwhile.
    pub const HELD_SHARE: f64 = 0.01;
    /// The same where nobody did.
    pub const HELD_SHARE_ALONE: f64 = 0.25;
    /// Tasks that wait for a lock at once, for a convoy.
    pub const CONVOY: u32 = 4;
    /// Share of the run in which so many must have waited.
    pub const CONVOY_SHARE: f64 = 0.2;
    /// How much longer than the median the longest wait must be, for starvation.
    pub const STARVED: u64 = 50;
    /// Shortest wait that is starvation, in nanoseconds.
    pub const STARVED_NS: u64 = 10_000_000;
    /// Share of the run that it must take.
    pub const STARVED_SHARE: f64 = 0.05;
    /// Waits that a median needs.
    pub const STARVED_OF: u64 = 20;
    /// Failed tries in a row, without any other operation between them, for polling.
    pub const POLLS: u64 = 100;
    /// Nanoseconds between two of them at most, on average: with more the task does something between.
    pub const POLL_GAP: u64 = 2_000;
    /// Values through an unbuffered channel that make it hot.
    pub const HOT: u64 = 1_000;
    /// Share of them whose senders had to wait.
    pub const HOT_WAITS: f64 = 0.25;
    /// Share of the run that waiting for a hot channel must take, for senders and for receivers.
    pub const HOT_SHARE: f64 = 0.02;
    /// Tasks of one spawn alive at once, for an explosion.
    pub const EXPLOSION: u64 = 10_000;
    /// Tasks of one spawn alive at the end, for the same.
    pub const LEFT_ALIVE: u64 = 1_000;
    /// How busy a worker must be to be overloaded, and the others at most, on average.
    pub const OVERLOADED: f64 = 0.9;
    /// See [`OVERLOADED`].
    pub const IDLE: f64 = 0.3;
    /// Share of the run that tasks were ready without a worker meanwhile.
    pub const READY_SHARE: f64 = 0.2;
    /// Shortest run, in nanoseconds, in which workers are compared.
    pub const WORKERS_NS: u64 = 50_000_000;
    /// Shortest mean wait of awaits in sequence, in nanoseconds.
    pub const AWAIT: u64 = 1_000_000;
    /// Awaits in a row at one place (at several places two are enough).
    pub const AWAITS: u64 = 3;
    /// Share of the run that joining them would save.
    pub const AWAIT_SHARE: f64 = 0.05;
}
