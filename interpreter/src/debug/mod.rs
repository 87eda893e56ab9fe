//! The debugger's engine: a run of the deterministic runtime that can be stepped, steered, looked into and taken back.
//!
//! * [`request`] what can be asked for.

pub mod request;
