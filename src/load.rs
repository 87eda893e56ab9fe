//! From the command line to a program that is ready to run: reading, checking, limits, the time limit.

use crate::cli::{self, Bounds, ColorChoice, CommonArgs, Execution as ExecutionArgs, OnExit, Races};
use crate::{exit, report};
use interpreter::bytecode::Code;
use interpreter::pipeline::{self, Kind, Language};
use interpreter::trace_info::program_info;
use interpreter::vm::machine::Limits;
use interpreter::vm::run::RunOptions;
use std::io::{IsTerminal, Write};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::time::Duration;
use tracer::program::ProgramInfo;
use tui::theme::{Charset, ColorDepth, Theme};

/// What became of a source file.
pub enum Loaded {
    /// A verified program.
    Program(Box<Code>),
    /// It cannot run: the exit code. Why has been said.
    Wrong(i32),
}

/// Reads and checks a program. Diagnostics go to standard error, and with `--json` as a document to standard output.
///
/// # Errors
/// When standard output or standard error cannot be written.
pub fn program(path: &Path, common: &CommonArgs) -> anyhow::Result<Loaded> {
    let language = match language(path, common.lang) {
        Ok(language) => language,
        Err(message) => return refuse(exit::USAGE, &message, common),
    };
    let span = tracing::info_span!("load", path = %path.display()).entered();
    let mut compiled = match pipeline::compile_as(path, language, Kind::Program) {
        Ok(compiled) => compiled,
        Err(error) => return refuse(exit::INPUT, &error.to_string(), common),
    };
    let (errors, files) = (compiled.diagnostics.has_errors(), compiled.sources.files().len());
    tracing::debug!(errors, files, functions = compiled.code.as_ref().map(|code| code.functions.len()), "compiled");
    drop(span);
    // Warnings are for `vex check`: a run says only why it cannot begin.
    compiled.diagnostics.keep_errors();
    let text = compiled.render(color(common.color, &std::io::stderr()));
    std::io::stderr().write_all(text.as_bytes())?;
    if common.json && compiled.code.is_none() {
        writeln!(std::io::stdout(), "{:#}", report::source_error(&compiled.records())?)?;
    }
    Ok(compiled.code.map_or(Loaded::Wrong(exit::SOURCE), |code| Loaded::Program(Box::new(code))))
}

/// Says why a program cannot be looked at.
fn refuse(code: i32, message: &str, common: &CommonArgs) -> anyhow::Result<Loaded> {
    say(&format!("vex: {message}\n"));
    if common.json {
        writeln!(std::io::stdout(), "{:#}", report::refusal(code, message))?;
    }
    Ok(Loaded::Wrong(code))
}

/// Writes to standard error. Nobody may be reading it: that is no reason to fail.
pub fn say(text: &str) {
    let _ = std::io::stderr().write_all(text.as_bytes());
}

/// The language of a file: what `--lang` says, or else its extension. What is no file at all gets its error where it is read.
///
/// # Errors
/// When neither tells.
pub fn language(path: &Path, lang: Option<cli::Language>) -> Result<Language, String> {
    if let Some(lang) = lang {
        return Ok(lang.into());
    }
    match (Language::of(path), path.extension().and_then(|extension| extension.to_str())) {
        (Some(language), _) => Ok(language),
        _ if path.is_dir() || !path.exists() => Ok(Language::Vex),
        (None, Some(other)) => Err(format!(
            "{}: no language has the extension `.{other}`; say it with `--lang vex` or `--lang m28`",
            path.display()
        )),
        (None, None) => Err(format!(
            "{}: a file without an extension; say its language with `--lang vex` or `--lang m28`",
            path.display()
        )),
    }
}

/// Whether to colour what goes to a stream.
pub fn color(choice: ColorChoice, stream: &impl IsTerminal) -> bool {
    match choice {
        ColorChoice::Always => true,
        ColorChoice::Never => false,
        ColorChoice::Auto => stream.is_terminal() && std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty()),
    }
}

/// What the command line says of colours and characters.
pub fn theme(theme: &mut Theme, color: ColorChoice, ascii: bool) {
    if ascii {
        theme.charset = Charset::Ascii;
    }
    match color {
        ColorChoice::Never => theme.depth = ColorDepth::None,
        ColorChoice::Always if theme.depth == ColorDepth::None => theme.depth = ColorDepth::Ansi16,
        ColorChoice::Always | ColorChoice::Auto => {}
    }
}

/// How a program is run, with the watchdog of its time limit, which ends when this is dropped.
pub struct Execution {
    /// For the driver.
    pub options: RunOptions,
    /// Workers of the parallel runtime; `None` for the deterministic one.
    pub workers: Option<u32>,
    /// Whether data races are looked for.
    pub races: bool,
    /// Ends the run when set.
    pub stop: Arc<AtomicBool>,
    _watchdog: Option<Watchdog>,
}

impl Execution {
    /// What the options say. The time limit counts from now.
    pub fn new(args: &ExecutionArgs) -> Self {
        let stop = Arc::new(AtomicBool::new(false));
        let watchdog = args.bounds.time_limit.map(|limit| {
            let flag = stop.clone();
            Watchdog::new(limit, move || flag.store(true, Ordering::Relaxed))
        });
        let options = RunOptions {
            seed: args.seed,
            real_time: args.seed.is_none() || args.real_time,
            limits: limits(&args.bounds),
            stop_at_main: args.bounds.on_exit == OnExit::Stop,
            sample: None,
        };
        let workers = args.seed.is_none().then(|| args.workers.unwrap_or_else(default_workers));
        let races = args.bounds.races != Races::Off;
        Self { options, workers, races, stop, _watchdog: watchdog }
    }

    /// What a trace of this run needs to know of the program.
    pub fn program_info(&self, code: &Code) -> ProgramInfo {
        let mut info = program_info(code);
        if self.races {
            info.globals = code.globals.iter().map(|global| global.name.clone()).collect();
        }
        info
    }
}

/// Does something when a time has passed, unless it is dropped before.
pub struct Watchdog {
    _leash: Sender<()>,
}

impl Watchdog {
    /// The time counts from now.
    pub fn new(limit: Duration, bark: impl FnOnce() + Send + 'static) -> Self {
        let (leash, receiver) = channel::<()>();
        std::thread::spawn(move || {
            if receiver.recv_timeout(limit) == Err(RecvTimeoutError::Timeout) {
                bark();
            }
        });
        Self { _leash: leash }
    }
}

/// The limits on a program.
pub fn limits(bounds: &Bounds) -> Limits {
    Limits { memory: bounds.max_memory.unwrap_or_else(default_memory), tasks: bounds.max_tasks }
}

/// A worker for each core that this process may use.
pub fn default_workers() -> u32 {
    std::thread::available_parallelism().map_or(1, |cores| cores.get() as u32)
}

/// The limit on a program's memory where nobody says: half of the machine's; 2 GiB where that cannot be found out.
pub fn default_memory() -> u64 {
    let total = std::fs::read_to_string("/proc/meminfo").ok().and_then(|text| {
        let line = text.lines().find(|line| line.starts_with("MemTotal:"))?;
        line.split_whitespace().nth(1)?.parse::<u64>().ok()
    });
    total.map_or(2 << 30, |kibibytes| kibibytes * 1024 / 2)
}
