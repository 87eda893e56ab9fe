//! The debugger's engine: a run of the deterministic runtime that can be stepped, steered, looked into and taken back.
//!
//! * [`request`] what can be asked for;
//! * [`view`] a stopped machine to look at: [`frames`] the stacks, [`values`] variables and objects in words.

pub mod frames;
pub mod request;
pub mod values;
pub mod view;

#[cfg(test)]
mod tests;
