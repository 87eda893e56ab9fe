//! An HdrHistogram interval log: one interval, the whole run, with a tagged histogram for everything that took time.
//!
//! Tags are paths of a word each: `wait/recv`, `wait/recv/jobs` (by object), `lock-hold/counter`, `channel-latency/jobs`,
//! `scheduling`. Values are nanoseconds; the log's own maximum column is in milliseconds, as usual.

use super::{Error, Format};
use crate::profile::{Distribution, Profile};
use hdrhistogram::serialization::V2DeflateSerializer;
use hdrhistogram::serialization::interval_log::{IntervalLogWriterBuilder, IntervalLogWriterError, Tag};
use std::io::Write;
use std::time::{Duration, SystemTime};

pub(super) fn write(profile: &Profile, mut out: &mut dyn Write) -> Result<(), Error> {
    let started = Duration::from_millis(profile.about.started.unwrap_or(0));
    let mut builder = IntervalLogWriterBuilder::new();
    let version = "[Histogram log format version 1.3]";
    builder.add_comment(version).add_comment(&one_line(&format!("{}: {}", profile.about.writer, profile.about.title)));
    // A time that no calendar has is that of a damaged document.
    let started = SystemTime::UNIX_EPOCH.checked_add(started).unwrap_or(SystemTime::UNIX_EPOCH);
    builder.with_start_time(started).with_max_value_divisor(1e6);
    let mut serializer = V2DeflateSerializer::new();
    let mut log = builder.begin_log_with(&mut out, &mut serializer)?;
    let run = Duration::from_nanos(profile.totals.duration_ns);
    for (tag, durations) in distributions(profile).into_iter().filter(|(_, durations)| durations.count() > 0) {
        let tag = Tag::new(&tag);
        log.write_histogram(durations.histogram(), Duration::ZERO, run, tag).map_err(|error| match error {
            IntervalLogWriterError::IoError(error) => Error::Io(error),
            IntervalLogWriterError::SerializeError(error) => Error::Encode(Format::Hlog, error.to_string()),
        })?;
    }
    Ok(())
}

/// Every histogram of the profile with its tag.
fn distributions(profile: &Profile) -> Vec<(String, &Distribution)> {
    let mut all: Vec<(String, &Distribution)> = Vec::new();
    let mut add = |parts: &[&str], durations| all.push((tag(parts), durations));
    for row in profile.waits.iter().chain(&profile.waits_by_object) {
        match &row.object {
            Some(object) => add(&["wait", &row.reason, object], &row.time),
            None => add(&["wait", &row.reason], &row.time),
        }
    }
    for lock in &profile.locks {
        add(&["lock-wait", &lock.name], &lock.wait);
        add(&["lock-hold", &lock.name], &lock.hold);
    }
    for channel in &profile.channels {
        add(&["channel-send-wait", &channel.name], &channel.send_wait);
        add(&["channel-recv-wait", &channel.name], &channel.recv_wait);
        add(&["channel-latency", &channel.name], &channel.latency);
    }
    add(&["scheduling"], &profile.scheduling);
    for row in &profile.spawn_tree {
        add(&["lifetime", &row.function], &row.lifetime);
        add(&["running", &row.function], &row.running);
    }
    all
}

/// A tag of these parts: it may hold no comma and no blank, which end it.
fn tag(parts: &[&str]) -> String {
    let plain = |c: char| if c == ',' || c.is_whitespace() || c.is_control() { '_' } else { c };
    parts.join("/").chars().map(plain).collect()
}

fn one_line(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect()
}
