//! The engine's languages, bytecode and virtual machine.
//!
//! Source text goes through a language's front end (one folder each) to one core tree, from there to
//! bytecode, and the virtual machine runs it on the scheduler. Nothing after lowering asks which language it was.

pub mod builtins;
pub mod bytecode;
pub mod core;
pub mod core_text;
pub mod debug;
pub mod diagnostics;
pub mod dynamic;
pub mod lower;
pub mod m28;
pub mod ownership;
pub mod pipeline;
pub mod read_source;
pub mod schedule;
pub mod source;
pub mod trace_info;
pub mod types;
pub mod value;
pub mod vex;
pub mod vm;
