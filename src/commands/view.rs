//! `vex view`: a recorded trace on the screen, at any size.
//!
//! A large trace whose file has no summary yet gets one, which is stored in the file where that can be written, so that the
//! next look at it begins at once.

use crate::cli::ViewArgs;
use crate::recorded::Recorded;
use crate::{exit, load};
use std::io::IsTerminal;
use std::num::NonZeroUsize;
use std::path::Path;
use tracer::archive;
use tracer::file::{self, SUMMARIES, TraceFile};
use tracer::trace::Trace;

/// Events from which on making a summary takes long enough to say so.
const LONG: u64 = 10_000_000;

/// Shows the trace and gives the exit code.
///
/// # Errors
/// When the file is no trace or cannot be read, or the terminal not be used.
pub fn run(args: &ViewArgs) -> anyhow::Result<i32> {
    let file = TraceFile::open(&args.trace)?;
    if !std::io::stdout().is_terminal() || !std::io::stdin().is_terminal() {
        load::say("vex: the screen needs a terminal\n");
        return Ok(exit::USAGE);
    }
    let threads = std::thread::available_parallelism().map_or(1, NonZeroUsize::get);
    let (file, summary) = with_summary(&args.trace, file, threads)?;
    let session = Recorded::open(file, summary, threads);
    let warnings = session.warnings().to_vec();
    let mut options = tui::Options::detect();
    load::theme(&mut options.theme, args.color, args.ascii);
    let shown = tui::run(Box::new(session), options);
    for warning in warnings {
        load::say(&format!("vex: {warning}\n"));
    }
    shown?;
    Ok(exit::SUCCESS)
}

/// The file with its summary: stored in it by now, or as bytes where it cannot be.
fn with_summary(path: &Path, file: TraceFile, threads: usize) -> Result<(TraceFile, Option<Vec<u8>>), file::Error> {
    if !archive::lacks_summary(&file) {
        return Ok((file, None));
    }
    if file.len() >= LONG {
        load::say(&format!("vex: reading {} events, once …\n", file.len()));
    }
    let summary = archive::summarise(&file, threads)?;
    // What is damaged or cut off stays as it is: it may be evidence.
    if !file.is_finished() || !file.warnings().is_empty() || file::add_section(path, SUMMARIES, &summary).is_err() {
        return Ok((file, Some(summary)));
    }
    Ok((TraceFile::open(path)?, Some(summary)))
}
