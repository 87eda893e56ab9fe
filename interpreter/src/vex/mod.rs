//! The language Vex.
//!
//! Start reading in `ast`: what the parser hands to everything after it.

pub mod ast;
