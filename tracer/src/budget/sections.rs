//! What can be limited: one table of sections, their keys, and where in a profile each number stands.

use super::units::Unit;
use super::{Bound, Quantity};
use crate::finding::Verdict;
use crate::profile::{Distribution, PERCENTILES, Profile, WaitRow};

/// A table of the budget file.
#[derive(Debug)]
pub struct Section {
    /// Its name; empty for keys at the top of the file.
    pub name: &'static str,
    /// What its keys are.
    pub shape: Shape,
    /// What the names in it are names of, for messages; empty where it has none.
    pub names: &'static str,
    /// The names that the profile has, to measure them all and to say which one was perhaps meant.
    pub known: fn(&Profile) -> Vec<String>,
    /// What it limits, for the documentation.
    pub doc: &'static str,
}

/// What the keys of a section are.
#[derive(Debug)]
pub enum Shape {
    /// These keys.
    Fields(&'static [Field]),
    /// Names, each with a table of these keys.
    Named(&'static [Field]),
    /// Names, each with a limit or with such durations.
    Names(Measure, Unit, Bound),
    /// Reasons of waits, each with a table of statistics.
    Reasons,
    /// Names, each with a table of reasons.
    NamedReasons(&'static [Field]),
    /// Keys of numbers, each with a limit in the unit that it is written in.
    Numbers,
}

/// A key of a section.
#[derive(Debug)]
pub struct Field {
    /// The key.
    pub key: &'static str,
    /// Where the number stands.
    pub measure: Measure,
    /// What it counts.
    pub unit: Unit,
    /// What a limit without `min` or `max` is.
    pub bound: Bound,
    /// What it is, for the documentation.
    pub doc: &'static str,
}

/// Where a number stands in a profile. The name is that of the section's key and has no `*` any more.
#[derive(Clone, Copy, Debug)]
pub enum Measure {
    /// A number, absent where the profile has none.
    Number(fn(&Profile, &str) -> Option<f64>),
    /// Durations of which a statistic is taken.
    Times(fn(&Profile, &str) -> Option<Distribution>),
    /// Waits for a reason: found by the section and the reason.
    Waits,
}

/// What is taken of many durations.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Statistic {
    /// The duration that this many percent are not longer than.
    Percentile(f64),
    /// The longest.
    Max,
    /// The mean.
    Mean,
    /// Their sum.
    Total,
    /// How many.
    Count,
}

impl Statistic {
    /// Every statistic by its key.
    pub fn all() -> impl Iterator<Item = (&'static str, Statistic)> {
        let percentiles = PERCENTILES.into_iter().map(|(name, percent)| (name, Statistic::Percentile(percent)));
        percentiles.chain([
            ("max", Statistic::Max),
            ("mean", Statistic::Mean),
            ("total", Statistic::Total),
            ("count", Statistic::Count),
        ])
    }

    /// What it counts.
    pub fn unit(self) -> Unit {
        if self == Statistic::Count { Unit::Count } else { Unit::Duration }
    }

    /// Takes it of durations; absent where there is none and it would say nothing.
    pub fn of(self, times: &Distribution) -> Option<Quantity> {
        let value = match self {
            Statistic::Count => times.count() as f64,
            Statistic::Total => times.total() as f64,
            _ if times.count() == 0 => return None,
            Statistic::Percentile(percent) => times.percentile(percent) as f64,
            Statistic::Max => times.max() as f64,
            Statistic::Mean => times.mean(),
        };
        Some(Quantity::new(value, self.unit()))
    }
}

/// A key whose plain limit is a most.
const fn most(key: &'static str, unit: Unit, get: fn(&Profile, &str) -> Option<f64>, doc: &'static str) -> Field {
    Field { key, measure: Measure::Number(get), unit, bound: Bound::Max, doc }
}

/// A key whose plain limit is a least.
const fn least(key: &'static str, unit: Unit, get: fn(&Profile, &str) -> Option<f64>, doc: &'static str) -> Field {
    Field { key, measure: Measure::Number(get), unit, bound: Bound::Min, doc }
}

/// A key with a table of statistics.
const fn times(key: &'static str, get: fn(&Profile, &str) -> Option<Distribution>, doc: &'static str) -> Field {
    Field { key, measure: Measure::Times(get), unit: Unit::Duration, bound: Bound::Max, doc }
}

const NO_NAMES: fn(&Profile) -> Vec<String> = |_| Vec::new();

/// Everything that can be limited.
pub static SECTIONS: &[Section] = &[
    Section {
        name: "",
        shape: Shape::Fields(&[
            most("duration", Unit::Duration, |p, _| some(p.totals.duration_ns), "from the first event to the last"),
            most(
                "critical-path",
                Unit::Duration,
                |p, _| Some(p.critical_path.ns as f64).filter(|&ns| ns > 0.0),
                "the longest chain of causes: what the run could not have been faster than",
            ),
            times("scheduling", |p, _| Some(p.scheduling.clone()), "from ready to running"),
        ]),
        names: "",
        known: NO_NAMES,
        doc: "the whole run",
    },
    Section {
        name: "rates",
        shape: Shape::Names(
            Measure::Number(|p, name| {
                let row = p.rates.iter().find(|row| row.operation == name)?;
                (row.count > 0).then_some(row.per_second)
            }),
            Unit::Rate,
            Bound::Min,
        ),
        names: "operation",
        known: |p| p.rates.iter().map(|row| row.operation.clone()).collect(),
        doc: "operations a second over the whole run, at least; an operation is called as in the report's table of rates",
    },
    Section {
        name: "waits",
        shape: Shape::Reasons,
        names: "reason",
        known: |p| reasons(&p.waits),
        doc: "how long tasks waited, by reason",
    },
    Section {
        name: "objects",
        shape: Shape::NamedReasons(&[]),
        names: "object",
        known: |p| names(p.waits_by_object.iter().filter_map(|row| row.object.clone())),
        doc: "how long tasks waited for an object, by its name and the reason",
    },
    Section {
        name: "sites",
        shape: Shape::NamedReasons(&[most(
            "on-cpu",
            Unit::Share,
            |p, name| {
                let all: u64 = p.by_site.iter().map(|row| row.on_cpu_ns).sum();
                let here = p.by_site.iter().filter(|row| is_site(p, row.site, name));
                let here: u64 = here.map(|row| row.on_cpu_ns).sum();
                (all > 0).then(|| here as f64 / all as f64)
            },
            "its share of the time on workers",
        )]),
        names: "place",
        known: |p| names(p.sites.iter().flat_map(|site| [site_text(site), site.function.clone()])),
        doc: "a place, by `file:line`, `file:line:column` or the name of its function: how long tasks waited there, by reason",
    },
    Section {
        name: "locks",
        shape: Shape::Named(&[
            times("wait", |p, name| Some(lock(p, name)?.wait.clone()), "how long tasks waited for it"),
            times("hold", |p, name| Some(lock(p, name)?.hold.clone()), "how long it was held"),
            most(
                "contended",
                Unit::Share,
                |p, name| {
                    let row = lock(p, name)?;
                    (row.acquired > 0).then(|| row.contended as f64 / row.acquired as f64)
                },
                "how many of those that took it had to wait",
            ),
            most(
                "held",
                Unit::Share,
                |p, name| Some(lock(p, name)?.held_share),
                "the part of the run in which it was held",
            ),
            most(
                "queue",
                Unit::Count,
                |p, name| some(lock(p, name)?.longest_queue),
                "most tasks that waited for it at once",
            ),
        ]),
        names: "lock",
        known: |p| names(p.locks.iter().map(|row| row.name.clone())),
        doc: "mutexes and read-write locks, by name",
    },
    Section {
        name: "channels",
        shape: Shape::Named(&[
            times("latency", |p, name| Some(channel(p, name)?.latency.clone()), "how long values lay in it"),
            times("send-wait", |p, name| Some(channel(p, name)?.send_wait.clone()), "how long senders waited"),
            times("recv-wait", |p, name| Some(channel(p, name)?.recv_wait.clone()), "how long receivers waited"),
            least(
                "rate",
                Unit::Rate,
                |p, name| {
                    let row = channel(p, name)?;
                    (row.received > 0).then_some(row.per_second)
                },
                "values a second, at least",
            ),
            most(
                "full",
                Unit::Share,
                |p, name| Some(channel(p, name)?.full_share),
                "the part of its life in which it was full",
            ),
            most("length", Unit::Count, |p, name| some(channel(p, name)?.peak), "its largest length"),
        ]),
        names: "channel",
        known: |p| names(p.channels.iter().map(|row| row.name.clone())),
        doc: "channels, by name",
    },
    Section {
        name: "tasks",
        shape: Shape::Fields(&[
            most("created", Unit::Count, |p, _| some(p.totals.tasks), "tasks that were created"),
            most("peak", Unit::Count, |p, _| some(p.totals.peak_tasks), "most tasks alive at once"),
            most("panicked", Unit::Count, |p, _| some(p.totals.panicked), "tasks that ended by a panic"),
            most("cancelled", Unit::Count, |p, _| some(p.totals.cancelled), "tasks that were cancelled"),
            most("leaked", Unit::Count, |p, _| some(p.totals.blocked_at_end), "tasks still blocked at the end"),
        ]),
        names: "",
        known: NO_NAMES,
        doc: "how many tasks",
    },
    Section {
        name: "events",
        shape: Shape::Fields(&[
            most("recorded", Unit::Count, |p, _| some(p.totals.events), "events, lost ones included"),
            most("dropped", Unit::Count, |p, _| some(p.totals.dropped), "events that were lost"),
        ]),
        names: "",
        known: NO_NAMES,
        doc: "the recording",
    },
    Section {
        name: "parallelism",
        shape: Shape::Fields(&[
            least(
                "running",
                Unit::Count,
                |p, _| Some(p.parallelism.running),
                "mean of tasks that ran at once, at least",
            ),
            least(
                "runnable",
                Unit::Count,
                |p, _| Some(p.parallelism.runnable),
                "mean of tasks that could have run at once, at least",
            ),
        ]),
        names: "",
        known: NO_NAMES,
        doc: "how much went on at once",
    },
    Section {
        name: "findings",
        shape: Shape::Names(Measure::Number(|p, name| Some(findings(p, name) as f64)), Unit::Count, Bound::Max),
        names: "verdict",
        known: |_| verdicts().map(str::to_string).collect(),
        doc: "what is wrong with the run, by verdict; `any` for all of them",
    },
    Section {
        name: "flags",
        shape: Shape::Names(
            Measure::Number(|p, name| {
                Some(p.flags.iter().filter(|flag| name == "any" || flag.rule == name).count() as f64)
            }),
            Unit::Count,
            Bound::Max,
        ),
        names: "rule",
        known: |_| RULES.iter().map(ToString::to_string).collect(),
        doc: "red flags, by rule; `any` for all of them",
    },
    Section {
        name: "numbers",
        shape: Shape::Numbers,
        names: "number",
        known: |p| crate::profile::numbers(p).into_keys().collect(),
        doc: "any number that comparisons align, by its key, as `vex profile --format json --runs 1` lists them under `runs`",
    },
];

/// The rules of red flags, and the word for all of them.
const RULES: &[&str] = &[
    "any",
    "lock-across-wait",
    "convoy",
    "starvation",
    "busy-polling",
    "unbuffered-hot-channel",
    "goroutine-explosion",
    "never-received",
    "closed-again",
    "overloaded-worker",
    "sequential-awaits",
];

/// The verdicts that findings have, and the word for all of them.
fn verdicts() -> impl Iterator<Item = &'static str> {
    let all = [Verdict::Deadlock, Verdict::Leak, Verdict::Panic, Verdict::Assert, Verdict::Race, Verdict::Livelock];
    std::iter::once("any").chain(all.into_iter().map(Verdict::name))
}

/// The section of this name.
pub fn section(name: &str) -> Option<&'static Section> {
    SECTIONS.iter().find(|section| section.name == name)
}

/// Whether a name in the file is only ever one of those known beforehand, so that any other is a mistake.
pub fn has_fixed_names(section: &Section) -> bool {
    matches!(section.name, "findings" | "flags")
}

#[expect(clippy::unnecessary_wraps, reason = "the table's functions may find nothing")]
fn some(number: u64) -> Option<f64> {
    Some(number as f64)
}

/// Names in the order of their first mention, each once, without empty ones.
fn names(all: impl Iterator<Item = String>) -> Vec<String> {
    let mut out: Vec<String> = Vec::new();
    let mut seen = rustc_hash::FxHashSet::default();
    out.extend(all.filter(|name| !name.is_empty() && seen.insert(name.clone())));
    out
}

fn reasons(rows: &[WaitRow]) -> Vec<String> {
    names(rows.iter().map(|row| row.reason.clone()))
}

fn lock<'a>(profile: &'a Profile, name: &str) -> Option<&'a crate::profile::LockRow> {
    profile.locks.iter().find(|row| row.name == name)
}

fn channel<'a>(profile: &'a Profile, name: &str) -> Option<&'a crate::profile::ChannelRow> {
    profile.channels.iter().find(|row| row.name == name)
}

fn findings(profile: &Profile, verdict: &str) -> usize {
    let is = |finding: &&serde_json::Value| {
        verdict == "any" || finding.get("verdict").and_then(serde_json::Value::as_str) == Some(verdict)
    };
    profile.findings.iter().filter(is).count()
}

/// A place as people write it: `pool.vex:12:5`.
pub fn site_text(site: &crate::profile::SiteInfo) -> String {
    if site.file.is_empty() { String::new() } else { format!("{}:{}:{}", site.file, site.line, site.column) }
}

/// Whether a site is the place that a budget names: `dir/pool.vex:12:5`, `pool.vex:12`, or its function.
pub fn is_site(profile: &Profile, site: u32, name: &str) -> bool {
    let Some(site) = profile.sites.get(site as usize) else { return false };
    let whole = site_text(site);
    let line = whole.rsplit_once(':').map_or("", |(line, _)| line);
    let ends = |text: &str| text == name || text.strip_suffix(name).is_some_and(|before| before.ends_with('/'));
    !name.is_empty() && (ends(&whole) || ends(line) || site.function == name)
}
