//! A run in the formats of other tools: profiles for pprof and flame graphs, tracks for Perfetto, tables for databases, reports for CI.
//!
//! [`Format`] is the one table of formats. Some only need the [`Profile`]; others read the events, chunk by chunk, and write as they
//! read: none holds a trace in memory (`docs/export.md` says what each holds instead). The same input gives the same bytes: nothing here
//! asks a clock or iterates over a hash table.

mod chrome;
mod csv;
mod directory;
mod firefox;
mod folded;
mod hlog;
mod junit;
mod parquet;
mod perfetto;
mod pprof;
mod sarif;
mod speedscope;
mod stacks;
mod table;
mod timeline;
mod trouble;

use crate::profile::{self, Profile};
use crate::trace::Trace;
use std::fmt;
use std::io::{self, Write};
use std::ops::Range;

/// Columns of a report that is written to a file.
const REPORT_WIDTH: usize = 100;

/// What is known of a format.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Info {
    /// Its name on the command line.
    pub name: &'static str,
    /// What it is called as well; empty where nothing.
    pub alias: &'static str,
    /// The usual end of a file's name, without the dot.
    pub extension: &'static str,
    /// What it is, and what opens it, in a line.
    pub doc: &'static str,
    /// Whether it is made of the events: a profile alone does not do.
    pub events: bool,
    /// Whether it is no text.
    pub binary: bool,
}

macro_rules! formats {
    ($($format:ident, $name:literal, $alias:literal, $extension:literal, $events:literal, $binary:literal, $doc:literal;)+) => {
        /// A format to write a run in. The table in this file is the only list of them.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum Format { $( #[doc = $doc] $format, )+ }

        impl Format {
            /// Every format, in the order of the table.
            pub const ALL: &'static [Format] = &[$(Format::$format),+];

            /// Its row.
            pub const fn info(self) -> Info {
                match self { $(Format::$format => Info {
                    name: $name, alias: $alias, extension: $extension, doc: $doc, events: $events, binary: $binary,
                },)+ }
            }
        }
    };
}

// format, name, alias, extension, made of events, binary, one line
formats! {
    Report, "report", "markdown", "md", false, false, "The one-screen report of `vex profile`, as Markdown";
    Json, "json", "", "json", false, false, "The whole profile as a documented JSON document";
    Pprof, "pprof", "", "pb.gz", false, true, "Stacks with on-CPU, blocked, lock and channel time, for `go tool pprof`";
    Speedscope, "speedscope", "", "speedscope.json", false, false, "Flame graphs of on-CPU and off-CPU time, for speedscope.app";
    Folded, "folded", "", "folded", false, false, "Stacks a line each, below `on-cpu` and `off-cpu`, for flamegraph.pl and inferno";
    Hlog, "hlog", "", "hlog", false, false, "Latency histograms by wait, lock and channel, for HdrHistogram tools";
    Firefox, "firefox", "", "profile.json", false, false, "On-CPU and off-CPU stacks, for profiler.firefox.com";
    Junit, "junit", "", "xml", false, false, "A test report for CI: a case for each kind of finding and each line of a budget";
    Sarif, "sarif", "", "sarif", false, false, "Findings and red flags for code scanning, with the tasks of a deadlock as code flows";
    Chrome, "chrome", "", "trace.json", true, false, "Tracks of tasks with flows and counters, for chrome://tracing and Perfetto";
    Perfetto, "perfetto", "", "pftrace", true, true, "The same with every operation, in Perfetto's own form, for ui.perfetto.dev and its trace processor";
    Csv, "csv", "", "csv", true, false, "Events as a table with a header, for spreadsheets and scripts";
    Parquet, "parquet", "", "parquet", true, true, "Events as columns, for DuckDB, Spark, pandas and DataFusion";
}

impl Format {
    /// The format of this name or alias.
    pub fn by_name(name: &str) -> Option<Format> {
        let known = |format: &&Format| {
            let info = format.info();
            info.name == name || !info.alias.is_empty() && info.alias == name
        };
        Format::ALL.iter().find(known).copied()
    }
}

impl fmt::Display for Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.info().name)
    }
}

/// A line of a budget that was checked, as test reports show it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct BudgetLine {
    /// What it limits: `latency.recv.p99`.
    pub name: String,
    /// Whether the run kept to it.
    pub passed: bool,
    /// Measured value and limit in words.
    pub verdict: String,
}

/// What there is to export.
#[derive(Clone)]
pub struct Input<'a> {
    /// The events; `None` where there is only a profile.
    pub trace: Option<&'a dyn Trace>,
    /// The profile.
    pub profile: &'a Profile,
    /// Lines of a budget, for test reports.
    pub budget: &'a [BudgetLine],
    /// Only events of these times, in nanoseconds; profiles are always of the whole run.
    pub range: Range<u64>,
}

impl<'a> Input<'a> {
    /// A whole run, and no budget.
    pub fn new(trace: Option<&'a dyn Trace>, profile: &'a Profile) -> Self {
        Self { trace, profile, budget: &[], range: 0..u64::MAX }
    }
}

/// Why nothing, or not all, was written.
#[derive(Debug)]
pub enum Error {
    /// The format is made of events, and there are none.
    NeedsEvents(Format),
    /// The output cannot be written, or the trace not be read.
    Io(io::Error),
    /// The format cannot say it.
    Encode(Format, String),
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Error::NeedsEvents(format) => {
                write!(f, "{format} is made of the events of a trace, and a profile has none")
            }
            Error::Io(error) => write!(f, "{error}"),
            Error::Encode(format, why) => write!(f, "cannot be written as {format}: {why}"),
        }
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Error::Io(error) => Some(error),
            _ => None,
        }
    }
}

impl From<io::Error> for Error {
    fn from(error: io::Error) -> Self {
        Error::Io(error)
    }
}

impl From<serde_json::Error> for Error {
    fn from(error: serde_json::Error) -> Self {
        Error::Io(error.into())
    }
}

/// Writes a run in a format. The output is written in large pieces and flushed.
///
/// # Errors
/// When the format needs events and `trace` is `None`, when the trace cannot be read, and when `out` cannot be written.
pub fn write(format: Format, trace: Option<&dyn Trace>, profile: &Profile, out: &mut dyn Write) -> Result<(), Error> {
    write_input(format, &Input::new(trace, profile), out)
}

/// The same with all that can be given.
///
/// # Errors
/// As [`write`].
pub fn write_input(format: Format, input: &Input, out: &mut dyn Write) -> Result<(), Error> {
    let mut out = io::BufWriter::with_capacity(1 << 16, out);
    let profile = input.profile;
    let trace = || input.trace.ok_or(Error::NeedsEvents(format));
    match format {
        Format::Report => out.write_all(profile::report(profile, REPORT_WIDTH).as_bytes())?,
        Format::Json => json(profile, &mut out)?,
        Format::Pprof => pprof::write(profile, &mut out)?,
        Format::Speedscope => speedscope::write(profile, &mut out)?,
        Format::Folded => folded::write(profile, &mut out)?,
        Format::Hlog => hlog::write(profile, &mut out)?,
        Format::Firefox => firefox::write(profile, &mut out)?,
        Format::Junit => junit::write(input, &mut out)?,
        Format::Sarif => sarif::write(input, &mut out)?,
        Format::Chrome => chrome::write(trace()?, input, &mut out)?,
        Format::Perfetto => perfetto::write(trace()?, input, &mut out)?,
        Format::Csv => csv::write(trace()?, input, &mut out)?,
        Format::Parquet => parquet::write(trace()?, input, &mut out)?,
    }
    out.flush()?;
    Ok(())
}

fn json(profile: &Profile, out: &mut dyn Write) -> Result<(), Error> {
    serde_json::to_writer_pretty(&mut *out, profile)?;
    out.write_all(b"\n")?;
    Ok(())
}

#[cfg(test)]
mod tests;
