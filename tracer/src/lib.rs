//! What happened in a run, and what it means: the vocabulary, the recorder, the store, the analyses.
//!
//! This crate knows no scheduler, no language and no screen; everything else speaks through its words. A run emits events
//! through [`record::Tracer`] into [`chunk::Chunk`]s; a [`sink::Sink`] keeps them or hands them to a watcher; a
//! [`store::Store`] takes them in and answers what views and reports ask.

pub mod about;
pub mod analysis;
pub mod archive;
pub mod budget;
pub mod causal;
pub mod chunk;
pub mod control;
pub mod counters;
pub mod counting;
pub mod diff;
pub mod dump;
pub mod event;
pub mod events;
pub mod explain;
#[cfg(feature = "export")]
pub mod export;
pub mod fan_in;
pub mod file;
pub mod finding;
pub mod inspect;
pub mod journal;
pub mod layer;
pub mod merge;
pub mod model;
pub mod names;
pub mod profile;
pub mod program;
pub mod progress;
pub mod race;
pub mod record;
pub mod report;
pub mod search;
pub mod sink;
pub mod store;
pub mod testing;
pub mod trace;
pub mod workers;
