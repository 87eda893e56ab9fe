//! The virtual machine: dispatch loop, heap, garbage collection and built-ins.

mod arguments;
pub mod arith;
mod attributes;
pub mod builtins;
mod calls;
mod collect;
mod core;
pub mod dynamic;
pub mod engine;
pub mod equal;
pub mod evidence;
pub mod fault;
pub mod format;
pub mod globals;
pub mod heap;
pub mod io;
pub mod machine;
pub mod mark;
pub mod parallel;
pub(crate) mod race;
mod raise;
mod refs;
mod resume;
pub mod run;
mod sample;
pub mod sharing;
mod slow;
pub mod snapshot;
pub mod step;
pub mod task;
pub mod trial;

#[cfg(test)]
mod tests;
