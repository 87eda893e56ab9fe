//! The debugger's engine: a run of the deterministic runtime that can be stepped, steered, looked into and taken back.
//!
//! * [`request`] what can be asked for.

mod deeds;
pub mod request;
pub mod travel;

#[cfg(test)]
mod tests;
