//! From the command line to a program that is ready to run: reading, checking, limits, the time limit.

use crate::cli::{ColorChoice, CommonArgs, Execution as ExecutionArgs, OnExit};
use interpreter::bytecode::Code;
use interpreter::pipeline::{self, Kind};
use interpreter::vm::machine::Limits;
use interpreter::vm::run::RunOptions;
use std::io::{IsTerminal, Write};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{RecvTimeoutError, Sender, channel};

/// What became of a source file.
pub enum Loaded {
    /// A verified program.
    Program(Box<Code>),
    /// It is wrong; that has been said.
    Wrong,
}

/// Reads and checks a program. Diagnostics go to standard error.
///
/// # Errors
/// When the file (or one that it imports) cannot be read.
pub fn program(path: &Path, common: &CommonArgs) -> anyhow::Result<Loaded> {
    let mut compiled = pipeline::compile(path, Kind::Program)?;
    // Warnings are for `vex check`: a run says only why it cannot begin.
    compiled.diagnostics.keep_errors();
    let text = compiled.render(color(common.color, &std::io::stderr()));
    std::io::stderr().write_all(text.as_bytes())?;
    Ok(compiled.code.map_or(Loaded::Wrong, |code| Loaded::Program(Box::new(code))))
}

/// Whether to colour what goes to a stream.
pub fn color(choice: ColorChoice, stream: &impl IsTerminal) -> bool {
    match choice {
        ColorChoice::Always => true,
        ColorChoice::Never => false,
        ColorChoice::Auto => stream.is_terminal() && std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty()),
    }
}

/// How a program is run, with the watchdog of its time limit, which ends when this is dropped.
pub struct Execution {
    /// For the driver.
    pub options: RunOptions,
    /// Ends the run when set.
    pub stop: Arc<AtomicBool>,
    _watchdog: Option<Sender<()>>,
}

impl Execution {
    /// What the options say. The time limit counts from now.
    pub fn new(args: &ExecutionArgs) -> Self {
        let stop = Arc::new(AtomicBool::new(false));
        let watchdog = args.time_limit.map(|limit| {
            let (sender, receiver) = channel::<()>();
            let flag = stop.clone();
            std::thread::spawn(move || {
                if receiver.recv_timeout(limit) == Err(RecvTimeoutError::Timeout) {
                    flag.store(true, Ordering::Relaxed);
                }
            });
            sender
        });
        let options = RunOptions {
            seed: args.seed,
            real_time: args.seed.is_none() || args.real_time,
            limits: Limits { memory: args.max_memory.unwrap_or_else(default_memory), tasks: args.max_tasks },
            stop_at_main: args.on_exit == OnExit::Stop,
        };
        Self { options, stop, _watchdog: watchdog }
    }
}

/// Half of the machine's memory; 2 GiB where that cannot be found out.
fn default_memory() -> u64 {
    let total = std::fs::read_to_string("/proc/meminfo").ok().and_then(|text| {
        let line = text.lines().find(|line| line.starts_with("MemTotal:"))?;
        line.split_whitespace().nth(1)?.parse::<u64>().ok()
    });
    total.map_or(2 << 30, |kibibytes| kibibytes * 1024 / 2)
}
