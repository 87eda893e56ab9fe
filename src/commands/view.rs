//! `vex view`: a recorded trace on the screen, at any size.
//!
//! A large trace whose file has no summary yet gets one, which is stored in the file where that can be written, so that the
//! next look at it begins at once.

use crate::cli::ViewArgs;
use crate::recorded::{self, Recorded};
use crate::{exit, load};
use std::io::IsTerminal;
use tracer::archive;
use tracer::file::TraceFile;
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
    if archive::lacks_summary(&file) && file.len() >= LONG {
        load::say(&format!("vex: reading {} events, once …\n", file.len()));
    }
    drop(file);
    let summary = recorded::summarise(&args.trace)?;
    let session = Recorded::open(TraceFile::open(&args.trace)?, summary);
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
