//! `vex export`: a recorded run in the formats of other tools.

use crate::cli::ExportArgs;
use crate::{exit, load};
use anyhow::Context;
use std::fs::File;
use std::io::{IsTerminal, Read, Write};
use std::path::Path;
use std::time::Duration;
use tracer::export::{self, Format, Input};
use tracer::file::TraceFile;
use tracer::profile::{Profile, document};
use tracer::trace::Trace;

/// Converts the trace and gives the exit code.
///
/// # Errors
/// When the trace cannot be read, or the output not be written.
pub fn run(args: &ExportArgs) -> anyhow::Result<i32> {
    let info = args.format.info();
    if args.range.is_some() && !info.events {
        load::say(&format!("vex: --range is for formats made of events; {} is of the whole run\n", info.name));
        return Ok(exit::USAGE);
    }
    let standard = args.output.as_os_str() == "-";
    if standard && info.binary && std::io::stdout().is_terminal() {
        let (name, extension) = (info.name, info.extension);
        load::say(&format!("vex: {name} is no text for a terminal: say where it goes with `-o trace.{extension}`\n"));
        return Ok(exit::USAGE);
    }
    let trace = open(&args.trace)?;
    let profile = match &trace {
        Source::Trace(trace) => {
            trace.warnings().iter().for_each(|warning| load::say(&format!("vex: {warning}\n")));
            match info.events {
                // Nothing but what it is of.
                true => Profile { about: trace.about().clone(), ..Profile::default() },
                false => tracer::analysis::profile(trace.as_ref())
                    .with_context(|| format!("cannot read {}", args.trace.display()))?,
            }
        }
        Source::Profile(profile) => profile.as_ref().clone(),
    };
    let input = Input {
        range: args.range.map_or(0..u64::MAX, |Times(from, to)| from..to),
        ..Input::new(trace.events(), &profile)
    };
    if info.events && input.trace.is_none() {
        return Err(export::Error::NeedsEvents(args.format)).with_context(|| args.trace.display().to_string());
    }
    let mut out: Box<dyn Write> = if standard {
        Box::new(std::io::stdout().lock())
    } else {
        Box::new(File::create(&args.output).with_context(|| format!("cannot write {}", args.output.display()))?)
    };
    export::write_input(args.format, &input, &mut out)
        .with_context(|| format!("cannot export {}", args.trace.display()))?;
    Ok(exit::SUCCESS)
}

/// What is exported.
enum Source {
    Trace(Box<TraceFile>),
    Profile(Box<Profile>),
}

impl Source {
    fn events(&self) -> Option<&dyn Trace> {
        match self {
            Source::Trace(trace) => Some(trace.as_ref()),
            Source::Profile(_) => None,
        }
    }
}

/// A trace, or the JSON document of a profile.
fn open(path: &Path) -> anyhow::Result<Source> {
    let mut first = [0];
    let begins = File::open(path).and_then(|mut file| file.read(&mut first));
    if begins.is_ok_and(|length| length == 1 && first == *b"{") {
        let text = std::fs::read(path).with_context(|| format!("cannot read {}", path.display()))?;
        let profile = document::read(&text).map_err(|why| anyhow::anyhow!("{} {why}", path.display()))?;
        return Ok(Source::Profile(Box::new(profile)));
    }
    Ok(Source::Trace(Box::new(TraceFile::open(path)?)))
}

/// A span of a run, in nanoseconds from its beginning.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Times(u64, u64);

/// A span of times as the command line has it: `1ms..20ms`, `5s..`, `..300us`.
pub fn times(text: &str) -> Result<Times, String> {
    let (from, to) = text.split_once("..").ok_or("it is written FROM..TO, as in 1ms..20ms")?;
    let time = |text: &str, missing: u64| match text {
        "" => Ok(missing),
        text => humantime::parse_duration(text).map(nanoseconds).map_err(|error| error.to_string()),
    };
    let (from, to) = (time(from, 0)?, time(to, u64::MAX)?);
    if from < to { Ok(Times(from, to)) } else { Err("it ends before it begins".to_string()) }
}

fn nanoseconds(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}

/// The names of formats, each with its line.
pub fn formats() -> impl clap::builder::TypedValueParser<Value = Format> {
    use clap::builder::{PossibleValue, PossibleValuesParser, TypedValueParser};
    let values = Format::ALL.iter().map(|format| {
        let info = format.info();
        let value = PossibleValue::new(info.name).help(info.doc);
        if info.alias.is_empty() { value } else { value.alias(info.alias) }
    });
    PossibleValuesParser::new(values.collect::<Vec<_>>())
        .try_map(|name| Format::by_name(&name).ok_or_else(|| format!("there is no format {name}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_are_open_where_a_side_is_left_out() {
        assert_eq!(times("1ms..20ms"), Ok(Times(1_000_000, 20_000_000)));
        assert_eq!(times("5s.."), Ok(Times(5_000_000_000, u64::MAX)));
        assert_eq!(times("..300us"), Ok(Times(0, 300_000)));
        assert_eq!(times(".."), Ok(Times(0, u64::MAX)));
        for wrong in ["", "5s", "5s..1s", "soon..", "1ms..later"] {
            assert!(times(wrong).is_err(), "{wrong}");
        }
    }
}
