//! The parallel runtime: tasks on several OS threads, in real time.
//!
//! Each thread drives a [`Worker`], which implements [`crate::Runtime`] as the deterministic scheduler does, and shares all tasks and
//! objects with the others. Start reading at `task` (who may touch a task), then `world` (who runs, who sleeps, how the world is
//! stopped), then `worker` (run queues, switching, waking), then a primitive.
//!
//! **Locks.** Every object has its own (`lock`); an operation takes one at a time, except for a select that blocks, which takes all of its
//! arms' in one order. The mutex around timers and contexts is never held while another lock is taken but those of the table of free slots.
//!
//! **Trace clock.** A Lamport clock: a worker's clock moves on with the ticks that it executes, and each object, task header and
//! ready task remembers the clock of the last operation on it. An operation raises its worker's clock above that first. So if one event
//! happens before another through any object, wake-up or spawn, its clock is strictly smaller, and the order by (clock, worker) is a causally
//! consistent order of the whole run. Between such meetings clocks follow the wall's nanoseconds (at the ends of slices and sleeps), so
//! that they are also times. Atomics are left out: nothing waits for them, and their own order would cost more than they do.

mod atomic;
mod blocking;
mod cancel;
mod channel;
mod freeze;
mod lock;
#[cfg(all(test, loom))]
mod models;
mod mutex;
mod runtime;
mod select;
mod shared;
mod sync;
mod sync_objects;
mod table;
mod task;
mod timers;
mod worker;
mod world;

pub use shared::{Counts, ParallelConfig, Watch};
pub use worker::{Idle, Worker, workers};
