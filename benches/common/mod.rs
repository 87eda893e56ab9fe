//! The rows and modes of `vex bench`, for benches.

#![allow(dead_code, unused_imports, reason = "a bench uses a part of what the command does")]

#[path = "../../src/bench/measure.rs"]
pub mod measure;
#[path = "../../src/bench/modes.rs"]
pub mod modes;
#[path = "../../src/bench/rows.rs"]
pub mod rows;
