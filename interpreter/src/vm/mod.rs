//! The virtual machine: dispatch loop, heap, garbage collection and built-ins.

pub mod arith;
pub mod builtins;
pub mod equal;
pub mod fault;
pub mod format;
pub mod heap;
pub mod io;
pub mod mark;
pub mod task;
