//! Recording beside the screen: what is shown goes into a file, too.

use super::keeper::summarise;
use super::lock;
use super::summary::wrote;
use anyhow::Context;
use interpreter::vm::run::Ran;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use tracer::about::{About, Ending};
use tracer::chunk::Chunk;
use tracer::file::{FileWriter, Header};
use tracer::finding::Verdict;
use tracer::program::ProgramInfo;

/// Records beside the screen: the same chunks go into a file as they are shown.
#[derive(Clone)]
pub struct Tee(Arc<Mutex<Teed>>);

struct Teed {
    path: PathBuf,
    writer: Option<FileWriter>,
    events: u64,
    failed: Option<String>,
}

impl Tee {
    /// Begins a file.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn create(path: &Path, about: About, program: ProgramInfo) -> anyhow::Result<Self> {
        let header = Header { about, program: Arc::new(program) };
        let writer = FileWriter::create(path, &header).with_context(|| format!("cannot write {}", path.display()))?;
        let teed = Teed { path: path.to_path_buf(), writer: Some(writer), events: 0, failed: None };
        Ok(Self(Arc::new(Mutex::new(teed))))
    }

    /// Takes events. What goes wrong is said at the end: the screen is not ours.
    pub fn push(&self, chunk: &Chunk) {
        let mut teed = lock(&self.0);
        teed.events += chunk.len() as u64;
        if let Some(writer) = &mut teed.writer
            && let Err(error) = writer.push(chunk)
            && teed.failed.is_none()
        {
            teed.failed = Some(format!("the recording ended after {} events: {error}", teed.events));
        }
    }

    /// Ends the file, and says what is in it. `left`: the user left before the program had ended, `events` happened until then.
    pub fn finish(&self, ran: &Ran, exit_code: i32, left: bool, events: u64) -> String {
        let mut teed = lock(&self.0);
        let Some(writer) = teed.writer.take() else { return String::new() };
        let mut notes: Vec<String> = teed.failed.take().into_iter().collect();
        if left {
            notes.push("left before the program had ended".to_string());
        } else if ran.report.verdict == Verdict::TimeLimit {
            notes.push("stopped by --time-limit".to_string());
        }
        let ended = matches!(ran.report.verdict, Verdict::Ok | Verdict::Leak);
        let ending = Ending {
            verdict: ran.report.verdict,
            exit_code: if left { 0 } else { exit_code },
            program_exit_code: ended.then_some(ran.report.exit_code),
            clock: ran.report.clock,
            dropped: events.saturating_sub(teed.events),
            note: notes.join("; "),
        };
        let done = writer.finish(ending, &ran.report.findings, &[]);
        let mut out: String = notes.iter().map(|note| format!("vex: {note}\n")).collect();
        match done {
            Ok(mut written) => {
                summarise(&teed.path, &mut written);
                out.push_str(&format!("{}\n", wrote(&teed.path, &written, 0)));
            }
            Err(error) => out.push_str(&format!("vex: cannot finish {}: {error}\n", teed.path.display())),
        }
        out
    }
}
