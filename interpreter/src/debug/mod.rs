//! The debugger's engine: a run of the deterministic runtime that can be stepped, steered, looked into and taken back.
//!
//! * [`request`] what can be asked for, [`session`] the debugger that is asked;
//! * [`travel`] any state of the run: checkpoints, executing again, what was done by hand;
//! * `motion` going forwards, `reverse` going back, `points` breakpoints, `moves` choosing who runs next, with [`lines`];
//! * [`view`] a stopped machine to look at: [`frames`] the stacks, [`values`] variables and objects in words, `look` all of it for one
//!   task and frame; [`evaluate`] expressions of the language: conditions, places to set and to watch, text with values in it.

mod deeds;
pub mod evaluate;
pub mod frames;
pub mod lines;
mod look;
mod motion;
mod moves;
pub mod names;
mod points;
pub mod request;
mod reverse;
mod schedule;
pub mod session;
pub mod travel;
pub mod values;
pub mod view;

#[cfg(test)]
mod tests;
