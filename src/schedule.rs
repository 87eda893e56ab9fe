//! Schedules on the command line: a file or an inline string, and which program they are for.

use anyhow::{Context, bail};
use interpreter::bytecode::Code;
use interpreter::schedule::stamp;
use scheduler::schedule::{Follow, Schedule};
use std::fs::File;
use std::io::Read;

/// Bytes of the largest file that is read.
const LARGEST: u64 = 256 << 20;

/// Reads what `--schedule` says: the inline form where it begins with a version and a colon (`1:`), or else a file of that name.
///
/// # Errors
/// When the file cannot be read, or the text is no schedule: with line and column.
pub fn read(text: &str) -> anyhow::Result<Schedule> {
    if Schedule::is_inline(text) {
        return Schedule::parse_inline(text).map_err(|error| anyhow::anyhow!("--schedule:{error}"));
    }
    let mut bytes = Vec::new();
    let file = File::open(text).with_context(|| format!("cannot read {text}"))?;
    file.take(LARGEST + 1).read_to_end(&mut bytes).with_context(|| format!("cannot read {text}"))?;
    if bytes.len() as u64 > LARGEST {
        bail!("{text}: it is larger than {} MiB, which no schedule is", LARGEST >> 20);
    }
    let content = match std::str::from_utf8(&bytes) {
        Ok(content) => content,
        Err(error) => {
            let before = String::from_utf8_lossy(&bytes[..error.valid_up_to()]);
            let line = before.split('\n').count();
            let column = before.rsplit('\n').next().map_or(0, |last| last.chars().count()) + 1;
            bail!("{text}:{line}:{column}: this is no text");
        }
    };
    Schedule::parse(content).map_err(|error| anyhow::anyhow!("{text}:{error}"))
}

/// How a schedule can be followed in a program, and what is to be said where it was made with another one.
pub fn fit(schedule: &Schedule, code: &Code, name: &str) -> (Follow, Option<String>) {
    let here = stamp(code);
    match &schedule.program {
        Some(there) if there.hash != here.hash => {
            let which = if there.path == here.path { "another state of it".to_string() } else { there.path.clone() };
            let note = format!(
                "{name} was made with {which}, not with {} as it is now: it is followed by program points",
                here.path
            );
            (Follow::Points, Some(note))
        }
        _ => (Follow::Keys, None),
    }
}
