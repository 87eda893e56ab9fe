//! A million tasks blocked at once: what each takes in memory, how fast they are made and woken.
//!
//! It runs in a process of its own, whose memory holds nothing else: the program writes a line to standard error when it
//! begins, when all tasks are blocked and when all have run again, and at each of these moments the process looks at the
//! clock and at what the operating system says of its memory (resident now, and the highest so far). Bytes per task are the
//! highest at the second moment less the resident ones at the first: tasks, stacks, queues, the recorder's ring, and what
//! the allocator wastes.

use super::measure::{self, Settings};
use super::modes::Mode;
use super::rows::{PARKED_PROGRAM, PARKED_TASKS};
use anyhow::Context;
use interpreter::vm::io::{Input, Io, Sink};
use serde::{Deserialize, Serialize};
use std::io::Write;
use std::process::{Command, Stdio};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

/// What came out.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Parked {
    /// Tasks blocked.
    pub tasks: u64,
    /// Growth of resident memory until all were blocked, for each; `None` where the system does not say.
    pub bytes: Option<f64>,
    /// Growth of resident memory until all had ended, for each.
    pub bytes_to_the_end: Option<f64>,
    /// Tasks spawned and blocked a second.
    pub spawned: f64,
    /// Tasks woken and ended a second.
    pub woken: f64,
}

/// Measures in a process of its own, which is this program with the option `--child`.
///
/// # Errors
/// When the process cannot be started, or fails.
pub fn in_child(mode: &Mode, settings: &Settings) -> anyhow::Result<Parked> {
    let program = std::env::current_exe().context("cannot find this program to start it anew")?;
    let mut command = Command::new(program);
    command.args(["bench", "--child", mode.name, "--tasks", &PARKED_TASKS.to_string()]);
    command.args(["--workers", &settings.workers.to_string()]);
    let output = command.stdin(Stdio::null()).stderr(Stdio::inherit()).output().context("cannot start a process")?;
    anyhow::ensure!(output.status.success(), "blocking {PARKED_TASKS} tasks in mode {} failed", mode.name);
    serde_json::from_slice(&output.stdout).context("the process printed something else")
}

/// A moment of the program.
#[derive(Clone, Copy, Debug)]
struct Moment {
    time: Instant,
    resident: Option<u64>,
    highest: Option<u64>,
}

/// Takes a moment at every line of the program's standard error.
#[derive(Clone, Debug, Default)]
struct Moments(Arc<Mutex<Vec<Moment>>>);

impl Write for Moments {
    #[expect(clippy::disallowed_methods, reason = "it measures")]
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        let time = Instant::now();
        let [resident, highest] = memory();
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push(Moment { time, resident, highest });
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

/// Bytes of this process that are resident, and the highest they have been.
fn memory() -> [Option<u64>; 2] {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    ["VmRSS:", "VmHWM:"].map(|key| {
        let line = status.lines().find_map(|line| line.strip_prefix(key))?;
        Some(line.split_whitespace().next()?.parse::<u64>().ok()? * 1024)
    })
}

/// Blocks `tasks` tasks and wakes them, in this process.
///
/// # Errors
/// When the program does not end well.
pub fn run(mode: &Mode, settings: &Settings, tasks: u64) -> anyhow::Result<Parked> {
    let code = measure::compile("parked", PARKED_PROGRAM, tasks)?;
    let moments = Moments::default();
    let io = Io::new(Sink::Memory, Sink::Stream(Box::new(moments.clone())), Input::Empty);
    let measure::Run { ran, .. } = measure::run(&code, mode, settings, io);
    measure::check("parked", &ran)?;
    let moments = moments.0.lock().unwrap_or_else(PoisonError::into_inner).clone();
    let [begin, parked, woken] = moments[..] else { anyhow::bail!("the program said {} lines, not 3", moments.len()) };
    // The kernel counts pages per thread and adds them up now and then: its highest is not quite monotone.
    let highest = memory()[1].max(parked.highest);
    let each = |bytes: Option<u64>| Some(bytes?.saturating_sub(begin.resident?) as f64 / tasks as f64);
    let rate = |from: Moment, to: Moment| tasks as f64 / (to.time - from.time).as_secs_f64().max(1e-9);
    Ok(Parked {
        tasks,
        bytes: each(parked.highest),
        bytes_to_the_end: each(highest),
        spawned: rate(begin, parked),
        woken: rate(parked, woken),
    })
}
