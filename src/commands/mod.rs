//! One file per command.

pub mod bench;
pub mod check;
pub mod debug;
pub mod doctor;
pub mod replay;
pub mod run;
pub mod trace;
pub mod view;
