//! What happened in a run, and what it means: the vocabulary, the recorder, the store, the analyses.
//!
//! This crate knows no scheduler, no language and no screen; everything else speaks through its words.

pub mod event;
pub mod finding;
pub mod program;
