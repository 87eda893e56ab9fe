//! One file per command.

pub mod bench;
pub mod check;
pub mod debug;
pub mod diff;
pub mod doctor;
pub mod explore;
pub mod export;
pub mod profile;
pub mod replay;
pub mod run;
pub mod trace;
pub mod view;
