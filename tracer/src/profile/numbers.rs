//! A profile as numbers by key: what comparisons align, budgets limit and `--runs` keeps of each run.
//!
//! [`KEYS`] is the table of what there is. Keys are stable: they hold no number of the run, and places are those of the source.

use super::{Distribution, PERCENTILES, Profile};
use crate::names;
use std::collections::BTreeMap;

/// What a number is measured in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unit {
    /// Nanoseconds.
    Nanoseconds,
    /// A second.
    PerSecond,
    /// A plain count.
    Count,
    /// A share, 0 to 1.
    Share,
}

/// Whether more of it is better.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Better {
    /// More is.
    Higher,
    /// Less is.
    Lower,
    /// Neither: it says what the run was.
    Neither,
}

/// A family of keys: `{}` stands for a name.
#[derive(Clone, Copy, Debug)]
pub struct Key {
    /// The pattern: `wait/{reason}/p99`.
    pub pattern: &'static str,
    /// In what.
    pub unit: Unit,
    /// Which way is better.
    pub better: Better,
    /// What it is.
    pub what: &'static str,
}

const fn key(pattern: &'static str, unit: Unit, better: Better, what: &'static str) -> Key {
    Key { pattern, unit, better, what }
}

/// All keys. `{percentile}` is one of `p50`, `p90`, `p99`, `p99.9` and `max`.
pub const KEYS: &[Key] = &[
    key("total/duration", Unit::Nanoseconds, Better::Lower, "From the first event to the last."),
    key(
        "total/undisturbed",
        Unit::Nanoseconds,
        Better::Lower,
        "The duration without the time in which the machine ran something else; only of repeated runs in real time.",
    ),
    key("total/events", Unit::Count, Better::Neither, "Events, lost ones included."),
    key("total/dropped", Unit::Count, Better::Lower, "Events that were lost."),
    key("total/tasks", Unit::Count, Better::Neither, "Tasks created."),
    key("total/peak-tasks", Unit::Count, Better::Lower, "Most tasks alive at once."),
    key("total/panicked", Unit::Count, Better::Lower, "Tasks that ended by a panic."),
    key("total/cancelled", Unit::Count, Better::Neither, "Tasks that were cancelled."),
    key("total/blocked-at-end", Unit::Count, Better::Lower, "Tasks still blocked at the end: leaks."),
    key("total/objects", Unit::Count, Better::Neither, "Objects made, the timers of sleeps left out."),
    key("total/running", Unit::Nanoseconds, Better::Lower, "Time that tasks ran, together."),
    key("total/ready", Unit::Nanoseconds, Better::Lower, "Time that tasks were ready without a worker, together."),
    key("total/blocked", Unit::Nanoseconds, Better::Lower, "Time that tasks were blocked, together."),
    key("total/sleeping", Unit::Nanoseconds, Better::Neither, "Time that tasks slept, together."),
    key("total/findings", Unit::Count, Better::Lower, "Findings."),
    key("finding/{verdict}", Unit::Count, Better::Lower, "Findings of one verdict: `deadlock`, `leak`, `panic`."),
    key("flag/{rule}", Unit::Count, Better::Lower, "Red flags of one rule."),
    key(
        "rate/{operation}",
        Unit::PerSecond,
        Better::Higher,
        "An operation of the performance table, over the whole run.",
    ),
    key("peak/{operation}", Unit::PerSecond, Better::Higher, "The same in the best hundredth of the run."),
    key("count/{operation}", Unit::Count, Better::Neither, "How many there were."),
    key("on-cpu/{place}", Unit::Nanoseconds, Better::Lower, "Time on a worker in a place itself; needs samples."),
    key("blocked/{place}", Unit::Nanoseconds, Better::Lower, "Time blocked in a place, sleeping left out."),
    key("wait/{reason}", Unit::Nanoseconds, Better::Lower, "Waits for one reason (`recv`, `lock`), together."),
    key("wait/{reason}/count", Unit::Count, Better::Neither, "How many there were."),
    key("wait/{reason}/{percentile}", Unit::Nanoseconds, Better::Lower, "How long they took."),
    key("lock/{name}/acquired", Unit::Count, Better::Neither, "How often a lock was taken."),
    key("lock/{name}/contended", Unit::Count, Better::Lower, "How often somebody had to wait for it."),
    key("lock/{name}/wait", Unit::Nanoseconds, Better::Lower, "How long they waited, together."),
    key("lock/{name}/wait/{percentile}", Unit::Nanoseconds, Better::Lower, "How long they waited, each."),
    key("lock/{name}/hold", Unit::Nanoseconds, Better::Lower, "How long it was held, together."),
    key("lock/{name}/hold/{percentile}", Unit::Nanoseconds, Better::Lower, "How long it was held at a time."),
    key("lock/{name}/queue", Unit::Count, Better::Lower, "Most tasks that waited for it at once."),
    key("channel/{name}/sent", Unit::Count, Better::Neither, "Values sent to a channel."),
    key("channel/{name}/received", Unit::Count, Better::Neither, "Values received from it."),
    key("channel/{name}/rate", Unit::PerSecond, Better::Higher, "Values a second."),
    key("channel/{name}/peak", Unit::Count, Better::Neither, "Its largest length."),
    key("channel/{name}/length", Unit::Count, Better::Neither, "Its mean length over time."),
    key("channel/{name}/full", Unit::Share, Better::Neither, "Share of its life in which it was full."),
    key("channel/{name}/empty", Unit::Share, Better::Neither, "Share of its life in which it was empty."),
    key("channel/{name}/send-wait", Unit::Nanoseconds, Better::Lower, "How long senders waited, together."),
    key("channel/{name}/send-wait/{percentile}", Unit::Nanoseconds, Better::Lower, "How long senders waited, each."),
    key("channel/{name}/recv-wait", Unit::Nanoseconds, Better::Lower, "How long receivers waited, together."),
    key("channel/{name}/recv-wait/{percentile}", Unit::Nanoseconds, Better::Lower, "How long receivers waited, each."),
    key("channel/{name}/latency/{percentile}", Unit::Nanoseconds, Better::Lower, "How long values lay in it."),
    key("scheduling", Unit::Nanoseconds, Better::Lower, "From ready to running, together."),
    key("scheduling/{percentile}", Unit::Nanoseconds, Better::Lower, "From ready to running."),
    key("critical-path/duration", Unit::Nanoseconds, Better::Lower, "The longest chain of causes."),
    key("critical-path/running", Unit::Nanoseconds, Better::Lower, "Of it: on a worker."),
    key("critical-path/ready", Unit::Nanoseconds, Better::Lower, "Of it: ready without a worker."),
    key("critical-path/sleeping", Unit::Nanoseconds, Better::Neither, "Of it: asleep."),
    key("critical-path/other", Unit::Nanoseconds, Better::Lower, "Of it: in anything else."),
    key("critical-path/site/{place}", Unit::Nanoseconds, Better::Lower, "Of it: in one place."),
    key("parallelism/running", Unit::Count, Better::Higher, "Mean of tasks that ran at once."),
    key("parallelism/runnable", Unit::Count, Better::Neither, "Mean of tasks that could have run at once."),
    key("worker/{number}/busy", Unit::Share, Better::Neither, "Share of the run in which a worker ran tasks."),
];

/// The row of [`KEYS`] that a key is of.
pub fn key_of(key: &str) -> Option<&'static Key> {
    // A name may hold slashes (a file's path does), so patterns are matched from both ends; the longest pattern wins.
    KEYS.iter().filter(|row| matches(row.pattern, key)).max_by_key(|row| row.pattern.len())
}

fn matches(pattern: &str, key: &str) -> bool {
    let Some((head, tail)) = pattern.split_once('{') else { return pattern == key };
    let Some(rest) = key.strip_prefix(head) else { return false };
    let Some((_, tail)) = tail.split_once('}') else { return false };
    match tail.split_once('{') {
        // Two names: the second is a percentile.
        Some((middle, _)) => {
            let Some((before, percentile)) = rest.rsplit_once('/') else { return false };
            let name = middle.strip_suffix('/').and_then(|middle| before.strip_suffix(middle));
            is_percentile(percentile) && name.is_some_and(|name| !name.is_empty())
        }
        None if pattern.ends_with("{percentile}") => is_percentile(rest),
        None => rest.strip_suffix(tail).is_some_and(|name| !name.is_empty()),
    }
}

fn is_percentile(word: &str) -> bool {
    word == "max" || PERCENTILES.iter().any(|(name, _)| *name == word)
}

/// The numbers of a profile by key, see [`KEYS`].
pub fn numbers(profile: &Profile) -> BTreeMap<String, f64> {
    let mut numbers = Numbers::default();
    let totals = &profile.totals;
    let counts = [
        ("duration", totals.duration_ns),
        ("events", totals.events),
        ("dropped", totals.dropped),
        ("tasks", totals.tasks),
        ("peak-tasks", totals.peak_tasks),
        ("panicked", totals.panicked),
        ("cancelled", totals.cancelled),
        ("blocked-at-end", totals.blocked_at_end),
        ("objects", totals.objects),
        ("running", totals.running_ns),
        ("ready", totals.ready_ns),
        ("blocked", totals.blocked_ns),
        ("sleeping", totals.sleeping_ns),
        ("findings", profile.findings.len() as u64),
    ];
    counts.into_iter().for_each(|(name, count)| numbers.add(format!("total/{name}"), count as f64));
    for finding in &profile.findings {
        let verdict = finding.get("verdict").and_then(|verdict| verdict.as_str()).unwrap_or("?");
        numbers.add(format!("finding/{verdict}"), 1.0);
    }
    profile.flags.iter().for_each(|flag| numbers.add(format!("flag/{}", flag.rule), 1.0));
    for rate in &profile.rates {
        numbers.add(format!("rate/{}", rate.operation), rate.per_second);
        numbers.add(format!("peak/{}", rate.operation), rate.peak_per_second);
        numbers.add(format!("count/{}", rate.operation), rate.count as f64);
    }
    for row in &profile.by_site {
        let place = profile.place(row.site);
        if row.on_cpu_ns > 0 {
            numbers.add(format!("on-cpu/{place}"), row.on_cpu_ns as f64);
        }
        if row.blocked_ns > 0 {
            numbers.add(format!("blocked/{place}"), row.blocked_ns as f64);
        }
    }
    for row in &profile.waits {
        let key = format!("wait/{}", row.reason);
        numbers.add(format!("{key}/count"), row.time.count() as f64);
        numbers.distribution(key, &row.time);
    }
    let names = profile.locks.iter().map(|row| (row.name.as_str(), row.made_at));
    for (row, name) in profile.locks.iter().zip(unique(profile, names)) {
        let key = format!("lock/{name}");
        numbers.add(format!("{key}/acquired"), row.acquired as f64);
        numbers.add(format!("{key}/contended"), row.contended as f64);
        numbers.add(format!("{key}/queue"), row.longest_queue as f64);
        numbers.distribution(format!("{key}/wait"), &row.wait);
        numbers.distribution(format!("{key}/hold"), &row.hold);
    }
    let names = profile.channels.iter().map(|row| (row.name.as_str(), row.made_at));
    for (row, name) in profile.channels.iter().zip(unique(profile, names)) {
        let key = format!("channel/{name}");
        numbers.add(format!("{key}/sent"), row.sent as f64);
        numbers.add(format!("{key}/received"), row.received as f64);
        numbers.add(format!("{key}/rate"), row.per_second);
        numbers.add(format!("{key}/peak"), row.peak as f64);
        numbers.add(format!("{key}/length"), row.mean_length);
        numbers.add(format!("{key}/full"), row.full_share);
        numbers.add(format!("{key}/empty"), row.empty_share);
        numbers.distribution(format!("{key}/send-wait"), &row.send_wait);
        numbers.distribution(format!("{key}/recv-wait"), &row.recv_wait);
        numbers.percentiles(&format!("{key}/latency"), &row.latency);
    }
    numbers.distribution("scheduling".to_string(), &profile.scheduling);
    let path = &profile.critical_path;
    let parts = [
        ("duration", path.ns),
        ("running", path.running_ns),
        ("ready", path.ready_ns),
        ("sleeping", path.sleeping_ns),
        ("other", path.other_ns),
    ];
    parts.into_iter().for_each(|(name, ns)| numbers.add(format!("critical-path/{name}"), ns as f64));
    for row in &path.sites {
        numbers.add(format!("critical-path/site/{}", profile.place(row.site)), row.ns as f64);
    }
    numbers.add("parallelism/running".to_string(), profile.parallelism.running);
    numbers.add("parallelism/runnable".to_string(), profile.parallelism.runnable);
    profile.workers.iter().for_each(|row| numbers.add(format!("worker/{}/busy", row.worker), row.busy));
    numbers.0
}

/// Names that tell rows apart: one that occurs more than once gets the place where its object was made.
fn unique<'a>(profile: &Profile, names: impl Iterator<Item = (&'a str, u32)> + Clone) -> Vec<String> {
    let mut times: BTreeMap<&str, u32> = BTreeMap::new();
    names.clone().for_each(|(name, _)| *times.entry(name).or_default() += 1);
    let one = |(name, made_at): (&str, u32)| match times.get(name) {
        Some(1) => name.to_string(),
        _ => format!("{name}@{}", profile.place(made_at)),
    };
    names.map(one).collect()
}

/// Numbers by key; those of one key are added up.
#[derive(Default)]
struct Numbers(BTreeMap<String, f64>);

impl Numbers {
    fn add(&mut self, key: String, number: f64) {
        *self.0.entry(key).or_default() += number;
    }

    /// The sum under the key itself, the percentiles below it.
    fn distribution(&mut self, key: String, time: &Distribution) {
        self.percentiles(&key, time);
        self.add(key, time.total() as f64);
    }

    fn percentiles(&mut self, key: &str, time: &Distribution) {
        if time.count() > 0 {
            for (name, percent) in PERCENTILES {
                self.add(format!("{key}/{name}"), time.percentile(percent) as f64);
            }
            self.add(format!("{key}/max"), time.max() as f64);
        }
    }
}

/// A number in its unit, for people: `1.20 ms`, `10.4 M/s`, `42`, `12.3 %`.
pub fn number(unit: Unit, number: f64) -> String {
    match unit {
        Unit::Nanoseconds => names::duration(number.max(0.0).round() as u64),
        Unit::PerSecond => rate(number),
        Unit::Share => format!("{:.1} %", number * 100.0),
        Unit::Count if number.fract() == 0.0 && number >= 0.0 => names::count(number as u64),
        Unit::Count => format!("{number:.2}"),
    }
}

/// A rate with three significant digits: `950/s`, `10.4 K/s`, `1.20 M/s`.
pub fn rate(per_second: f64) -> String {
    let (scale, unit) = match per_second {
        ..999.5 => (1.0, ""),
        ..999_500.0 => (1e3, "K"),
        ..999_500_000.0 => (1e6, "M"),
        _ => (1e9, "G"),
    };
    let value = per_second / scale;
    let decimals = match value {
        _ if unit.is_empty() && value.fract() == 0.0 => 0,
        ..9.995 => 2,
        ..99.95 => 1,
        _ => 0,
    };
    let space = if unit.is_empty() { "" } else { " " };
    format!("{value:.decimals$}{space}{unit}/s")
}
