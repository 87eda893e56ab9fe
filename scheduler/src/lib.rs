//! The deterministic runtime: tasks, channels, locks, select, futures, timers, contexts on one thread, and who is stuck.
//!
//! It knows no instruction and no language. An interpreter runs the current task's code, calls the operations here on its
//! behalf, and asks for the next task when an operation says that the task is parked:
//!
//! ```text
//! loop {
//!     match s.next_task(&mut tracer, clock) {
//!         Next::Run { slot, slice } => {
//!             // take s.task_mut(slot).take_resume(), finish the operation that the task was parked in, run it for at
//!             // most `slice` ticks; leave when an operation says `Blocked`, after `end_task` or `yield_now`, or when
//!             // `slice_end` gives `None`; then, if s.scan_due(clock), s.scan(reach, clock) for findings
//!         }
//!         Next::Poll => { /* stop flags, time limit */ }
//!         Next::Idle => {
//!             // if s.scan_due(clock), scan
//!             s.pass_time(&mut tracer, &mut clock, || stop.is_set())
//!         }
//!         Next::Finished => break,
//!         Next::Stuck => { /* scan a last time */ break }
//!     }
//! }
//! // s.settle(&mut findings)
//! ```
//!
//! The interpreter must charge at least one tick of the slice for every operation here (as it does for calls and loops),
//! so that random schedules can switch tasks between any two of them.
//!
//! Start reading at `core` (parking and waking), then `scheduler`, then a primitive under `objects`; `detect` explains
//! what "stuck" means.

mod core;
mod deque;
mod detect;
pub mod inspect;
mod objects;
pub mod oracle;
mod outcome;
pub mod parallel;
mod queue;
mod ready;
mod runtime;
pub mod schedule;
mod scheduler;
mod slab;
mod task;
mod time;

pub use self::core::EndedTask;
pub use detect::Reach;
pub use objects::{Arm, Cause, Child, ContextEnd, ContextKind, NegativeCounter, OnceStep, Side};
pub use oracle::Oracle;
pub use outcome::{ArmOutcome, At, Handle, Next, Resume, Selected, Step, Try};
pub use runtime::Runtime;
pub use scheduler::{Config, Scheduler};
pub use slab::NONE;
pub use task::{State, Task};
pub use time::TimeSource;
