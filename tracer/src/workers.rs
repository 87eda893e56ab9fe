//! What the engine says of its workers while it runs: numbers that are in no event.
//!
//! The engine counts, whoever watches asks now and then and takes differences. What a trace tells of workers by itself (how
//! busy they were, what they ran) is in [`crate::model::workers`].

use crate::counters::Sample;

/// A worker's numbers, all since the run's start unless said otherwise.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct WorkerStats {
    /// Its number, from 0.
    pub worker: u32,
    /// Guest instructions executed (units of instruction budget).
    pub ticks: u64,
    /// Tasks switched to.
    pub switches: u64,
    /// Tasks taken from other workers.
    pub steals: u64,
    /// How often it went to sleep for want of work.
    pub parks: u64,
    /// How often it woke another worker.
    pub wakes: u64,
    /// Tasks in its run queue at the moment.
    pub queue: u32,
    /// Whether it is without work at the moment.
    pub idle: bool,
    /// What the machine counted for its thread.
    pub machine: Sample,
}
