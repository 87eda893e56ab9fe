//! vex's own log, for whoever looks for a fault in vex: nothing without `VEX_LOG`, which says what is wanted (`debug`,
//! `info,interpreter=trace`).
//!
//! It goes to standard error; while the screen is up, which is standard error's as well, to a file: `VEX_LOG_FILE`, or
//! `vex.log` in the user's folder for state. How to read it: `docs/how-to/log.md`. Nothing that runs for every event, operation or
//! frame logs: phases, runs, files and findings do.

use crate::cli::Command;
use crate::load;
use interpreter::vm::run::Ran;
use std::env;
use std::fs::File;
use std::io::{self, Write};
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use tracing_subscriber::EnvFilter;
use tracing_subscriber::fmt::MakeWriter;
use tracing_subscriber::fmt::format::FmtSpan;

/// Where the log goes, if that is a file.
#[derive(Debug, Default)]
pub struct Log {
    file: Option<PathBuf>,
}

impl Log {
    /// Begins to log if `VEX_LOG` says so.
    ///
    /// # Errors
    /// When the filter cannot be understood, or the file not be written: the sentence for the user.
    pub fn begin(command: &Command) -> Result<Log, String> {
        let Some(wanted) = env::var_os("VEX_LOG").filter(|wanted| !wanted.is_empty()) else {
            return Ok(Log::default());
        };
        let wanted = wanted.to_str().ok_or("VEX_LOG: not text")?;
        let filter = EnvFilter::try_new(wanted).map_err(|error| {
            format!("VEX_LOG={wanted}: {error}; write a level (`debug`) or `target=level`, with commas")
        })?;
        let file = match env::var_os("VEX_LOG_FILE").filter(|path| !path.is_empty()) {
            Some(path) => Some(PathBuf::from(path)),
            None => has_screen(command).then(default_file),
        };
        let to = match &file {
            Some(path) => {
                if let Some(folder) = path.parent() {
                    // Where that fails the file says why.
                    let _ = std::fs::create_dir_all(folder);
                }
                let file = File::create(path).map_err(|error| format!("cannot log to {}: {error}", path.display()))?;
                To::File(Arc::new(Mutex::new(file)))
            }
            None => To::StandardError,
        };
        let subscriber = tracing_subscriber::fmt()
            .with_env_filter(filter)
            .with_span_events(FmtSpan::CLOSE)
            .with_ansi(false)
            .log_internal_errors(false)
            .with_writer(to)
            .finish();
        tracing::subscriber::set_global_default(subscriber).map_err(|error| format!("cannot log: {error}"))?;
        Ok(Log { file })
    }

    /// Says where the log is.
    pub fn end(&self) {
        if let Some(path) = &self.file {
            load::say(&format!("vex: the log is in {}\n", path.display()));
        }
    }
}

/// Whether the command takes the terminal over.
fn has_screen(command: &Command) -> bool {
    match command {
        Command::Trace(args) => !args.headless,
        Command::View(_) => true,
        Command::Debug(args) => args.script.is_none() && args.commands.is_empty(),
        _ => false,
    }
}

/// `vex.log` in the folder for state, or the one for temporary files.
fn default_file() -> PathBuf {
    let folder = |name| env::var_os(name).filter(|path| !path.is_empty()).map(PathBuf::from);
    let state = folder("XDG_STATE_HOME").or_else(|| folder("HOME").map(|home| home.join(".local/state")));
    state.map_or_else(env::temp_dir, |state| state.join("vex")).join("vex.log")
}

/// Logs how a run ended, and what was found.
pub fn ran(ran: &Ran) {
    let report = &ran.report;
    tracing::info!(verdict = report.verdict.name(), findings = report.findings.len(), "the run has ended");
    for finding in &report.findings {
        let tasks: Vec<u32> = finding.tasks.iter().map(|blocked| blocked.task.id.0).collect();
        tracing::info!(
            verdict = finding.verdict.name(),
            ?tasks,
            event = finding.event,
            message = finding.message,
            "finding"
        );
    }
}

/// What log lines are written to. Nobody may be reading: that is no reason to fail.
#[derive(Clone)]
enum To {
    StandardError,
    File(Arc<Mutex<File>>),
}

impl MakeWriter<'_> for To {
    type Writer = To;
    fn make_writer(&self) -> To {
        self.clone()
    }
}

impl Write for To {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        let _ = match self {
            To::StandardError => io::stderr().write_all(line),
            To::File(file) => file.lock().unwrap_or_else(PoisonError::into_inner).write_all(line),
        };
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
