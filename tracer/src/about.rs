//! What a recording is a recording of, and how it ended: the words that a trace file, a profile and a report share.

use crate::finding::Verdict;
use serde::{Deserialize, Serialize};

/// What ran the program.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Runtime {
    /// One thread, virtual clock, every choice drawn from a seed.
    #[default]
    Deterministic,
    /// Worker threads, real time.
    Parallel,
    /// Another program, which recorded itself.
    Foreign,
}

/// What was run, and how. Does not change while it runs.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct About {
    /// The program as the user named it (`examples/vex/philosophers.vex`).
    pub title: String,
    /// Its arguments.
    pub args: Vec<String>,
    /// Its language (`vex`, `rust`).
    pub language: String,
    /// What ran it.
    pub runtime: Runtime,
    /// The seed of a deterministic run.
    pub seed: Option<u64>,
    /// Worker threads.
    pub workers: u32,
    /// Whether sleeping took real time; the times of such a run are wall times.
    pub real_time: bool,
    /// The command that does the very same run again, where there is one.
    pub replay: Option<String>,
    /// Who wrote it: `vex 0.1.0`.
    pub writer: String,
    /// When it began, in milliseconds since 1970 (UTC); `None` for a seeded run in virtual time, whose file is the same every time.
    pub started: Option<u64>,
}

/// How a run ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ending {
    /// The verdict: of several findings the one that decides.
    pub verdict: Verdict,
    /// What vex exits with.
    pub exit_code: i32,
    /// The program's own exit code, where it ended by itself.
    pub program_exit_code: Option<i32>,
    /// The clock at the end, in ticks.
    pub clock: u64,
    /// Events that were recorded and lost on the way (back-pressure by dropping, a full disk).
    pub dropped: u64,
    /// A sentence where the run or its recording did not end by itself (`stopped by --time-limit`); may be empty.
    pub note: String,
}
