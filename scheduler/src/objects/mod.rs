//! The primitives, one file each: what the object holds, and its operations on the scheduler.

mod atomic;
mod barrier;
mod cancel;
mod channel;
mod context;
mod memory;
mod mutex;
mod once;
pub(crate) mod rwlock;
pub(crate) mod select;
mod semaphore;
pub(crate) mod timer;
mod wait_group;

pub use atomic::Atomic;
pub use barrier::Barrier;
pub use channel::Channel;
pub(crate) use context::end_of;
pub use context::{Cause, Context, ContextEnd, ContextKind};
pub use memory::Child;
pub use mutex::Mutex;
pub use once::{Once, OnceStep};
pub use rwlock::RwLock;
pub use select::{Arm, Select};
pub use semaphore::Semaphore;
pub use timer::{Timer, TimerQueue};
pub use wait_group::{NegativeCounter, WaitGroup};

/// Who holds a lock or a permit, and since where.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Holder {
    /// Slot of the task.
    pub slot: u32,
    /// Its number: the slot may belong to another task by now.
    pub id: u32,
    /// Where it was taken.
    pub site: u32,
}

/// A way in which a lock is held.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    /// A mutex.
    Mutex,
    /// A read-write lock, by a reader.
    Read,
    /// A read-write lock, by the writer.
    Write,
}

impl Holder {
    /// Nobody.
    pub const NOBODY: Holder = Holder { slot: crate::slab::NONE, id: 0, site: 0 };
}
