//! pprof's profile: gzip around a protocol buffer, with a value of each sample type for every stack.
//!
//! Field numbers are those of `profile.proto` of github.com/google/pprof. Sample types come in pairs of how often and how long: on a
//! worker, blocked (all waits but sleeping), of these for locks and for channels, and asleep. Labels say the reason of a wait.

use super::{Error, stacks};
use crate::profile::{Profile, SiteInfo};
use flate2::Compression;
use flate2::write::GzEncoder;
use indexmap::{IndexMap, IndexSet};
use prost::Message;
use stacks::{Time, Waits, signed};
use std::io::Write;

#[derive(Clone, PartialEq, Message)]
struct Proto {
    #[prost(message, repeated, tag = "1")]
    sample_type: Vec<ValueType>,
    #[prost(message, repeated, tag = "2")]
    sample: Vec<Sample>,
    #[prost(message, repeated, tag = "3")]
    mapping: Vec<Mapping>,
    #[prost(message, repeated, tag = "4")]
    location: Vec<Location>,
    #[prost(message, repeated, tag = "5")]
    function: Vec<Function>,
    #[prost(string, repeated, tag = "6")]
    string_table: Vec<String>,
    #[prost(int64, tag = "9")]
    time_nanos: i64,
    #[prost(int64, tag = "10")]
    duration_nanos: i64,
    #[prost(message, optional, tag = "11")]
    period_type: Option<ValueType>,
    #[prost(int64, tag = "12")]
    period: i64,
    #[prost(int64, repeated, tag = "13")]
    comment: Vec<i64>,
    #[prost(int64, tag = "14")]
    default_sample_type: i64,
}

#[derive(Clone, Copy, PartialEq, Message)]
struct ValueType {
    #[prost(int64, tag = "1")]
    name: i64,
    #[prost(int64, tag = "2")]
    unit: i64,
}

#[derive(Clone, PartialEq, Message)]
struct Sample {
    #[prost(uint64, repeated, tag = "1")]
    location_id: Vec<u64>,
    #[prost(int64, repeated, tag = "2")]
    value: Vec<i64>,
    #[prost(message, repeated, tag = "3")]
    label: Vec<Label>,
}

#[derive(Clone, Copy, PartialEq, Message)]
struct Label {
    #[prost(int64, tag = "1")]
    key: i64,
    #[prost(int64, tag = "2")]
    str: i64,
}

#[derive(Clone, Copy, PartialEq, Message)]
struct Mapping {
    #[prost(uint64, tag = "1")]
    id: u64,
    #[prost(int64, tag = "5")]
    filename: i64,
    #[prost(bool, tag = "7")]
    has_functions: bool,
    #[prost(bool, tag = "8")]
    has_filenames: bool,
    #[prost(bool, tag = "9")]
    has_line_numbers: bool,
}

#[derive(Clone, PartialEq, Message)]
struct Location {
    #[prost(uint64, tag = "1")]
    id: u64,
    #[prost(uint64, tag = "2")]
    mapping_id: u64,
    #[prost(message, repeated, tag = "4")]
    line: Vec<Line>,
}

#[derive(Clone, Copy, PartialEq, Message)]
struct Line {
    #[prost(uint64, tag = "1")]
    function_id: u64,
    #[prost(int64, tag = "2")]
    line: i64,
    #[prost(int64, tag = "3")]
    column: i64,
}

#[derive(Clone, Copy, PartialEq, Message)]
struct Function {
    #[prost(uint64, tag = "1")]
    id: u64,
    #[prost(int64, tag = "2")]
    name: i64,
    #[prost(int64, tag = "3")]
    system_name: i64,
    #[prost(int64, tag = "4")]
    filename: i64,
}

/// The sample types, each with its unit.
const TYPES: [(&str, &str); 10] = [
    ("samples", "count"),
    ("on-cpu", "nanoseconds"),
    ("waits", "count"),
    ("blocked", "nanoseconds"),
    ("lock-waits", "count"),
    ("lock-contention", "nanoseconds"),
    ("channel-waits", "count"),
    ("channel-wait", "nanoseconds"),
    ("sleeps", "count"),
    ("asleep", "nanoseconds"),
];

/// Where the pairs of [`TYPES`] begin.
const ON_CPU: usize = 0;
const BLOCKED: usize = 2;
const LOCK: usize = 4;
const CHANNEL: usize = 6;
const SLEEP: usize = 8;

/// The tables that samples refer to.
struct Tables<'a> {
    profile: &'a Profile,
    /// The first one is empty.
    strings: IndexSet<&'a str>,
    /// Functions by name and file. Ids count from 1.
    functions: IndexSet<(&'a str, &'a str)>,
    /// Locations by site, as their lines. Ids count from 1.
    locations: IndexMap<u32, Line>,
}

impl<'a> Tables<'a> {
    fn string(&mut self, text: &'a str) -> i64 {
        self.strings.insert_full(text).0 as i64
    }

    fn location(&mut self, index: u32) -> u64 {
        if let Some(found) = self.locations.get_index_of(&index) {
            return found as u64 + 1;
        }
        let site: &SiteInfo = stacks::site(self.profile, index);
        let function = self.functions.insert_full((stacks::function(site), &site.file)).0;
        let line = Line { function_id: function as u64 + 1, line: site.line.into(), column: site.column.into() };
        self.locations.insert_full(index, line).0 as u64 + 1
    }

    fn sample(&mut self, time: &Time<'a>, pairs: &[usize]) -> Sample {
        let mut value = vec![0; TYPES.len()];
        for &pair in pairs {
            (value[pair], value[pair + 1]) = (signed(time.count), signed(time.ns));
        }
        let key = self.string("reason");
        let reason = Some(time.reason).filter(|reason| !reason.is_empty());
        let label = reason.map(|reason| Label { key, str: self.string(reason) }).into_iter().collect();
        Sample { location_id: time.sites.iter().map(|&site| self.location(site)).collect(), value, label }
    }
}

pub(super) fn write(profile: &Profile, out: &mut dyn Write) -> Result<(), Error> {
    let mut gzip = GzEncoder::new(out, Compression::default());
    gzip.write_all(&encode(profile).encode_to_vec())?;
    gzip.finish()?;
    Ok(())
}

fn encode(profile: &Profile) -> Proto {
    let mut tables =
        Tables { profile, strings: IndexSet::from([""]), functions: IndexSet::new(), locations: IndexMap::new() };
    let sample_type = TYPES.map(|(name, unit)| ValueType { name: tables.string(name), unit: tables.string(unit) });
    let on_cpu = stacks::on_cpu(profile);
    let mut sample: Vec<Sample> = on_cpu.iter().map(|time| tables.sample(time, &[ON_CPU])).collect();
    for time in stacks::off_cpu(profile) {
        let pairs: &[usize] = match stacks::kind(time.reason) {
            Waits::Sleep => &[SLEEP],
            Waits::Lock => &[BLOCKED, LOCK],
            Waits::Channel => &[BLOCKED, CHANNEL],
            Waits::Other => &[BLOCKED],
        };
        sample.push(tables.sample(&time, pairs));
    }
    let sum = |part: fn(&Time) -> u64| on_cpu.iter().fold(0u64, |sum, time| sum.saturating_add(part(time)));
    let period = signed(sum(|time| time.ns) / sum(|time| time.count).max(1));
    let shown = if on_cpu.is_empty() { BLOCKED + 1 } else { ON_CPU + 1 };
    let comment = [Some(profile.about.writer.as_str()), profile.about.replay.as_deref()];
    let comment =
        comment.into_iter().flatten().filter(|text| !text.is_empty()).map(|text| tables.string(text)).collect();
    let function = (1..).zip(tables.functions.clone());
    let function = function.map(|(id, (name, file))| {
        let name = tables.string(name);
        Function { id, name, system_name: name, filename: tables.string(file) }
    });
    let function = function.collect();
    let filename = tables.string(&profile.about.title);
    let mapping = Mapping { id: 1, filename, has_functions: true, has_filenames: true, has_line_numbers: true };
    let location = (1..).zip(tables.locations.values());
    Proto {
        sample_type: sample_type.to_vec(),
        sample,
        mapping: vec![mapping],
        location: location.map(|(id, &line)| Location { id, mapping_id: 1, line: vec![line] }).collect(),
        function,
        string_table: tables.strings.iter().map(|text| text.to_string()).collect(),
        time_nanos: signed(profile.about.started.unwrap_or(0).saturating_mul(1_000_000)),
        duration_nanos: signed(profile.totals.duration_ns),
        period_type: Some(sample_type[ON_CPU + 1]),
        period,
        comment,
        default_sample_type: sample_type[shown].name,
    }
}

#[cfg(test)]
mod tests {
    use super::super::Format;
    use super::super::tests::{bytes, profile};
    use super::*;

    #[test]
    fn pprof_values_and_places() {
        let mut raw = Vec::new();
        std::io::copy(&mut flate2::read::GzDecoder::new(&bytes(Format::Pprof, None, &profile())[..]), &mut raw)
            .unwrap();
        let proto = Proto::decode(&raw[..]).unwrap();
        let string = |index: i64| proto.string_table[index as usize].as_str();
        let types: Vec<&str> = proto.sample_type.iter().map(|row| string(row.name)).collect();
        assert_eq!((types[1], types[3], types[5], types[7]), ("on-cpu", "blocked", "lock-contention", "channel-wait"));
        let sums: Vec<i64> =
            (0..types.len()).map(|i| proto.sample.iter().map(|sample| sample.value[i]).sum()).collect();
        assert_eq!(sums, [8, 800, 3, 450, 1, 50, 2, 400, 1, 100]);
        assert_eq!(string(proto.default_sample_type), "on-cpu");
        let leaf = &proto.location[proto.sample[0].location_id[0] as usize - 1];
        let function = &proto.function[leaf.line[0].function_id as usize - 1];
        assert_eq!((string(function.name), string(function.filename), leaf.line[0].line), ("worker", "t.vex", 12));
        assert_eq!(string(proto.sample[2].label[0].str), "recv");
    }
}
