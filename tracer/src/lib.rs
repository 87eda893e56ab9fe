//! What happened in a run, and what it means: the vocabulary, the recorder, the store, the analyses.
//!
//! This crate knows no scheduler, no language and no screen; everything else speaks through its words. A run emits events
//! through [`record::Tracer`] into [`chunk::Chunk`]s; a [`sink::Sink`] keeps them or hands them to a watcher.

pub mod chunk;
pub mod control;
pub mod event;
pub mod finding;
pub mod names;
pub mod program;
pub mod record;
pub mod sink;
