//! The virtual machine: dispatch loop, heap, garbage collection and built-ins.

pub mod fault;
pub mod task;
