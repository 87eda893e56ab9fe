//! One file per command.

pub mod bench;
pub mod check;
pub mod doctor;
pub mod replay;
pub mod run;
pub mod trace;
