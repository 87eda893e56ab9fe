//! One file per command.

pub mod bench;
pub mod check;
pub mod run;
pub mod trace;
