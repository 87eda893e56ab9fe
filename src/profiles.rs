//! Profiles from files: recorded traces, which are analysed, and documents of profiles that were made before.

use crate::load;
use anyhow::Context;
use std::fs::File;
use std::io::Read;
use std::path::Path;
use tracer::file::TraceFile;
use tracer::profile::{Profile, document};
use tracer::trace::Trace;

/// A profile, and the events that it is made of where there are any.
pub struct Profiled {
    /// The profile.
    pub profile: Profile,
    /// The recording.
    pub trace: Option<TraceFile>,
}

impl Profiled {
    /// The events, for formats that are made of them.
    pub fn events(&self) -> Option<&dyn Trace> {
        self.trace.as_ref().map(|trace| trace as &dyn Trace)
    }
}

/// What a file is, by its first byte: programs are text that begins with neither.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A trace (`.vxt`).
    Trace,
    /// A JSON document.
    Document,
    /// Anything else.
    Other,
}

/// Looks at the beginning of a file. What cannot be read is none of ours: its error comes from where it is read.
pub fn kind(path: &Path) -> Kind {
    let mut first = [0];
    let read = File::open(path).and_then(|mut file| file.read(&mut first));
    match (read, first) {
        (Ok(1), [b'{']) => Kind::Document,
        (Ok(1), [0x89]) => Kind::Trace,
        _ => Kind::Other,
    }
}

/// Opens a trace or a document.
///
/// # Errors
/// When it cannot be read or is neither.
pub fn open(path: &Path) -> anyhow::Result<Profiled> {
    if kind(path) == Kind::Document {
        let bytes = std::fs::read(path).with_context(|| format!("cannot read {}", path.display()))?;
        let profile = document::read(&bytes).map_err(|problem| anyhow::anyhow!("{} {problem}", path.display()))?;
        return Ok(Profiled { profile, trace: None });
    }
    let trace = TraceFile::open(path)?;
    for warning in trace.warnings() {
        load::say(&format!("vex: {}: {warning}\n", path.display()));
    }
    let profile = analysed(&trace, path)?;
    Ok(Profiled { profile, trace: Some(trace) })
}

/// The profile of a trace.
///
/// # Errors
/// When the file cannot be read.
pub fn analysed(trace: &TraceFile, path: &Path) -> anyhow::Result<Profile> {
    tracer::analysis::profile(trace).with_context(|| format!("cannot read {}", path.display()))
}
