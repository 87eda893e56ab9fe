//! One file per command.

pub mod check;
pub mod run;
pub mod trace;
