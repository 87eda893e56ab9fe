//! Measuring: guest programs for every row of the performance table, run in every mode of the engine.
//!
//! [`rows`] is the table of programs and [`modes`] that of modes; [`measure`] runs one program once and [`parked`] a million
//! blocked tasks in a process of their own. [`report`] has what came out, as one document; [`text`] and [`kit`] print it.

pub mod kit;
pub mod measure;
pub mod modes;
pub mod parked;
pub mod report;
pub mod rows;
pub mod suite;
pub mod text;
