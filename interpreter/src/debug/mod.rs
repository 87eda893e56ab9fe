//! The debugger's engine: a run of the deterministic runtime that can be stepped, steered, looked into and taken back.
//!
//! * [`request`] what can be asked for; [`travel`] going there;
//! * [`view`] a stopped machine to look at: [`frames`] the stacks, [`values`] variables and objects in words;
//! * [`evaluate`] expressions of the language: conditions, places to set and to watch, text with values in it.

mod deeds;
pub mod evaluate;
pub mod frames;
pub mod request;
pub mod travel;
pub mod values;
pub mod view;

#[cfg(test)]
mod tests;
