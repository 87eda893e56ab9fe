//! Pieces of drawing that know no trace.

pub mod chain;
pub mod gauge;
pub mod strip;
