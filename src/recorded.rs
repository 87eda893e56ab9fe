//! A recording as the UI's session: everything is there from the start, and there is no program to be asked for anything.

use std::num::NonZeroUsize;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, UNIX_EPOCH};
use tracer::about::{About, Runtime};
use tracer::archive;
use tracer::chunk::Chunk;
use tracer::file::{self, SUMMARIES, TraceFile};
use tracer::finding::{Finding, Verdict};
use tracer::program::ProgramInfo;
use tracer::store::Store;
use tracer::trace::Trace;
use tui::session::{Description, Ending, Request, Session, Status};

/// Makes the summary of a large trace that has none, and stores it in the file where that may be written; gives its bytes.
/// What is damaged or cut off stays as it is: it may be evidence.
///
/// # Errors
/// When the file is no trace or cannot be read.
pub fn summarise(path: &Path) -> Result<Option<Vec<u8>>, file::Error> {
    let file = TraceFile::open(path)?;
    if !archive::lacks_summary(&file) {
        return Ok(None);
    }
    let summary = archive::summarise(&file, threads())?;
    if file.is_finished() && file.warnings().is_empty() {
        // One that cannot be stored is made anew the next time.
        let _ = file::add_section(path, SUMMARIES, &summary);
    }
    Ok(Some(summary))
}

/// Threads for making summaries.
fn threads() -> usize {
    std::thread::available_parallelism().map_or(1, NonZeroUsize::get)
}

/// A recorded run.
pub struct Recorded {
    description: Description,
    program: Arc<ProgramInfo>,
    findings: Vec<Finding>,
    ending: Ending,
    dropped: u64,
    warnings: Vec<String>,
    store: Option<Store>,
}

impl Recorded {
    /// Opens it; its summary is in these bytes, or in the file, or made now.
    pub fn open(file: TraceFile, summary: Option<Vec<u8>>) -> Recorded {
        let about = file.about();
        let description = Description {
            title: match about.title.is_empty() {
                true => file.path().display().to_string(),
                false => about.title.clone(),
            },
            mode: mode(about),
            live: false,
            replay: about.replay.clone(),
        };
        let findings = file.findings().to_vec();
        let ending = file.ending().map_or_else(
            || Ending {
                verdict: findings.first().map_or(Verdict::Ok, |finding| finding.verdict),
                exit_code: 0,
                note: "cut off".to_string(),
            },
            |ending| Ending { verdict: ending.verdict, exit_code: ending.exit_code, note: ending.note.clone() },
        );
        Recorded {
            description,
            program: Arc::clone(file.program()),
            findings,
            ending,
            dropped: file.ending().map_or(0, |ending| ending.dropped),
            warnings: file.warnings().to_vec(),
            store: Some(archive::open(file, summary, threads())),
        }
    }

    /// What is wrong with the file, each a sentence.
    pub fn warnings(&self) -> &[String] {
        &self.warnings
    }
}

/// How it ran and when it was recorded.
fn mode(about: &About) -> String {
    let mut parts = Vec::new();
    match (about.seed, about.runtime) {
        (Some(seed), _) => parts.push(format!("seed {seed}")),
        (None, Runtime::Parallel) if about.workers == 1 => parts.push("1 worker".to_string()),
        // The header says how many workers there are, where there are several.
        (None, _) => {}
    }
    if let Some(when) = about.started.and_then(|ms| UNIX_EPOCH.checked_add(Duration::from_millis(ms))) {
        // Years after 9999 have no such form.
        if when.duration_since(UNIX_EPOCH).is_ok_and(|since| since.as_secs() < 253_402_300_800) {
            let text = humantime::format_rfc3339_seconds(when).to_string();
            parts.push(format!("recorded {}", text.replace('T', " ").replace('Z', " UTC")));
        }
    }
    parts.join(", ")
}

impl Session for Recorded {
    fn description(&self) -> Description {
        self.description.clone()
    }

    fn program(&self) -> Arc<ProgramInfo> {
        Arc::clone(&self.program)
    }

    fn store(&mut self) -> Option<Store> {
        self.store.take()
    }

    fn warnings(&self) -> Vec<String> {
        self.warnings.clone()
    }

    fn drain(&mut self, _take: &mut dyn FnMut(&Chunk) -> bool) -> bool {
        false
    }

    fn status(&self) -> Status {
        Status::Finished(self.ending.clone())
    }

    fn findings(&self) -> Vec<Finding> {
        self.findings.clone()
    }

    fn dropped(&self) -> u64 {
        self.dropped
    }

    fn request(&mut self, _request: Request) {}
}
