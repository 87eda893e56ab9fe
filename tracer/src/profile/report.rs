//! A profile for people: Markdown that fits on one screen and reads well as it is.
//!
//! Sections come in the order of the questions: did it go well, how fast was it, where did time go, what did tasks wait for and how long,
//! what could it not have been faster than, what looks wrong, what to do. A section without anything to say is left out; the
//! document of `--format json` has all of it.

use super::numbers::rate;
use super::table::{Side, Table, wrap};
use super::{Distribution, Profile, Severity};
use crate::about::Runtime;
use crate::names::{count, duration};
use std::collections::BTreeMap;

/// Rows of the tables.
const SITES: usize = 6;
const OBJECTS: usize = 4;
const LATENCIES: usize = 4;
/// Sentences of the lists.
const FLAGS: usize = 4;
const FINDINGS: usize = 3;
const ADVICE: usize = 3;

/// The report of a profile, for a terminal of this width.
pub fn report(profile: &Profile, width: usize) -> String {
    let width = width.max(40);
    let sections = [
        verdict(profile, width),
        rates(profile, width),
        places(profile, width),
        objects(profile, width),
        latencies(profile, width),
        paths(profile, width),
        flags(profile, width),
        advice(profile, width),
    ];
    sections.into_iter().filter(|section| !section.is_empty()).collect::<Vec<_>>().join("\n")
}

fn percent(share: f64) -> String {
    match share * 100.0 {
        share if share > 0.0 && share < 0.95 => format!("{share:.1} %"),
        share => format!("{share:.0} %"),
    }
}

fn share(part: u64, whole: u64) -> String {
    percent(part as f64 / whole.max(1) as f64)
}

fn plural(number: u64, one: &str) -> String {
    if number == 1 { format!("1 {one}") } else { format!("{} {one}s", count(number)) }
}

/// What it was and how it ended.
fn verdict(profile: &Profile, width: usize) -> String {
    let (about, totals) = (&profile.about, &profile.totals);
    let title = if about.title.is_empty() { "a run" } else { about.title.as_str() };
    let mut out = format!("# Profile of {title}\n\n");
    let mut parts = Vec::new();
    match &profile.ending {
        Some(ending) => {
            parts.push(format!("**{}** (exit {})", ending.verdict.name(), ending.exit_code));
            if !ending.note.is_empty() {
                parts.push(ending.note.clone());
            }
        }
        None => parts.push("**cut off**: the recording ends before the run does".to_string()),
    }
    let kind = if totals.is_virtual { " of virtual time" } else { "" };
    parts.push(format!("{}{kind}", duration(totals.duration_ns)));
    match about.runtime {
        Runtime::Foreign => {}
        _ => parts.extend(about.seed.map(|seed| format!("seed {seed}"))),
    }
    if profile.workers.len() > 1 || about.workers > 1 {
        parts.push(plural(u64::from(about.workers).max(profile.workers.len() as u64), "worker"));
    }
    parts.push(format!("{} ({} at once)", plural(totals.tasks, "task"), count(totals.peak_tasks)));
    parts.push(plural(totals.events, "event"));
    if totals.dropped > 0 {
        parts.push(format!("**{} lost**", plural(totals.dropped, "event")));
    }
    if profile.runs.len() > 1 {
        parts.push(format!("the median of {} runs", profile.runs.len()));
    }
    out.push_str(&wrap(&parts.join(" · "), "", "", width));
    for finding in profile.findings.iter().take(FINDINGS) {
        let word = |name: &str| finding.get(name).and_then(|value| value.as_str()).unwrap_or_default();
        let at = if word("at").is_empty() { String::new() } else { format!(" ({})", word("at")) };
        out.push_str(&wrap(&format!("**{}**: {}{at}", word("verdict"), word("message")), "- ", "  ", width));
    }
    if profile.findings.len() > FINDINGS {
        out.push_str(&format!("- … and {} more findings\n", profile.findings.len() - FINDINGS));
    }
    out
}

/// Rates beside the table's targets.
fn rates(profile: &Profile, width: usize) -> String {
    let is_virtual = profile.totals.is_virtual;
    let columns: &[(&str, Side)] = match is_virtual {
        true => &[("operation", Side::Left), ("count", Side::Right)],
        false => &[
            ("operation", Side::Left),
            ("count", Side::Right),
            ("rate", Side::Right),
            ("best 1 %", Side::Right),
            ("target", Side::Right),
        ],
    };
    let mut table = Table::new(columns);
    for row in profile.rates.iter().filter(|row| row.count > 0) {
        let mut cells = vec![row.operation.clone(), count(row.count)];
        if !is_virtual {
            let target = row.target.map_or("–".to_string(), rate);
            cells.extend([rate(row.per_second), rate(row.peak_per_second), target]);
        }
        table.row(cells);
    }
    table.text(width)
}

/// Where tasks ran, and where they were blocked.
fn places(profile: &Profile, width: usize) -> String {
    let totals = &profile.totals;
    let mut by_cpu: Vec<_> = profile.by_site.iter().filter(|row| row.on_cpu_ns > 0).collect();
    by_cpu.sort_by_key(|row| (std::cmp::Reverse(row.on_cpu_ns), row.site));
    let mut by_block: Vec<_> = profile.by_site.iter().filter(|row| row.blocked_ns > 0).collect();
    by_block.sort_by_key(|row| (std::cmp::Reverse(row.blocked_ns), row.site));
    let mut shown: Vec<u32> = by_cpu.iter().take(SITES / 2).map(|row| row.site).collect();
    let more: Vec<u32> = by_block.iter().map(|row| row.site).filter(|site| !shown.contains(site)).collect();
    shown.extend(more.into_iter().take(SITES - shown.len()));
    let sampled = !by_cpu.is_empty();
    let mut columns = vec![("place", Side::Left), ("function", Side::Left)];
    if sampled {
        columns.extend([("on CPU", Side::Right), ("", Side::Right)]);
    }
    columns.extend([("blocked", Side::Right), ("", Side::Right), ("events", Side::Right)]);
    let mut table = Table::new(&columns);
    for site in shown {
        let Some(row) = profile.by_site.iter().find(|row| row.site == site) else { continue };
        let function = profile.sites.get(site as usize).map_or_else(String::new, |info| info.function.clone());
        let mut cells = vec![profile.place(site), function];
        let time = |ns: u64, whole: u64| match ns {
            0 => ["–".to_string(), String::new()],
            _ => [duration(ns), share(ns, whole)],
        };
        if sampled {
            cells.extend(time(row.on_cpu_ns, totals.running_ns));
        }
        cells.extend(time(row.blocked_ns, totals.blocked_ns));
        cells.push(count(row.events));
        table.row(cells);
    }
    let mut out = table.text(width);
    if !sampled && totals.running_ns > 0 {
        // Nothing is made up: without samples only the tasks' functions are known.
        let mut functions: BTreeMap<&str, u64> = BTreeMap::new();
        profile.spawn_tree.iter().for_each(|row| *functions.entry(&row.function).or_default() += row.running.total());
        let mut functions: Vec<_> = functions.into_iter().filter(|entry| entry.1 > 0).collect();
        functions.sort_by_key(|entry| std::cmp::Reverse(entry.1));
        let words = functions.iter().take(4).map(|(name, ns)| format!("{name} {}", share(*ns, totals.running_ns)));
        let words = words.collect::<Vec<_>>().join(", ");
        if !words.is_empty() {
            if !out.is_empty() {
                out.push('\n');
            }
            let sentence = format!("On CPU by the function of the task (no samples): {words}.");
            out.push_str(&wrap(&sentence, "", "", width));
        }
    }
    out
}

/// The objects that tasks waited for longest.
fn objects(profile: &Profile, width: usize) -> String {
    let mut table = Table::new(&[
        ("object", Side::Left),
        ("waits", Side::Right),
        ("waited", Side::Right),
        ("longest", Side::Right),
        ("what it did", Side::Left),
    ]);
    let mut rows: Vec<(u64, Vec<String>)> = Vec::new();
    let cells = |kind: &str, name: &str, waits: u64, waited: u64, longest: u64, what: String| {
        let name = if name.starts_with(kind) { name.to_string() } else { format!("{kind} {name}") };
        (waited, vec![name, count(waits), duration(waited), duration(longest), what])
    };
    for lock in profile.locks.iter().filter(|lock| lock.contended > 0) {
        let what = format!(
            "held {}, {} of {} contended, queue up to {}",
            percent(lock.held_share),
            share(lock.contended, lock.acquired.max(lock.contended)),
            count(lock.acquired),
            lock.longest_queue
        );
        rows.push(cells(&lock.kind, &lock.name, lock.wait.count(), lock.wait.total(), lock.wait.max(), what));
    }
    for channel in &profile.channels {
        let (send, recv) = (&channel.send_wait, &channel.recv_wait);
        if send.count() + recv.count() == 0 {
            continue;
        }
        let room = match channel.capacity {
            0 => "unbuffered".to_string(),
            capacity => {
                let (full, empty) = (percent(channel.full_share), percent(channel.empty_share));
                format!("full {full}, empty {empty} of {capacity}")
            }
        };
        let what = format!(
            "{room}; send {}, recv {}; {} values",
            duration(send.total()),
            duration(recv.total()),
            count(channel.received)
        );
        let (waits, waited) = (send.count() + recv.count(), send.total().saturating_add(recv.total()));
        rows.push(cells("channel", &channel.name, waits, waited, send.max().max(recv.max()), what));
    }
    rows.sort_by_key(|row| std::cmp::Reverse(row.0));
    rows.into_iter().take(OBJECTS).for_each(|(_, cells)| table.row(cells));
    table.text(width)
}

/// How long waits took.
fn latencies(profile: &Profile, width: usize) -> String {
    let mut table = Table::new(&[
        ("latency", Side::Left),
        ("count", Side::Right),
        ("p50", Side::Right),
        ("p90", Side::Right),
        ("p99", Side::Right),
        ("p99.9", Side::Right),
        ("max", Side::Right),
        ("total", Side::Right),
    ]);
    let mut add = |name: String, time: &Distribution| {
        let mut cells = vec![name, count(time.count())];
        cells.extend(super::PERCENTILES.iter().map(|&(_, percent)| duration(time.percentile(percent))));
        cells.extend([duration(time.max()), duration(time.total())]);
        table.row(cells);
    };
    if profile.scheduling.count() > 0 {
        add("ready → running".to_string(), &profile.scheduling);
    }
    profile.waits.iter().take(LATENCIES).for_each(|row| add(row.reason.clone(), &row.time));
    table.text(width)
}

/// The critical path and parallelism, a sentence each.
fn paths(profile: &Profile, width: usize) -> String {
    let mut out = String::new();
    let path = &profile.critical_path;
    if path.ns > 0 {
        let parts = [
            ("running", path.running_ns),
            ("ready", path.ready_ns),
            ("sleeping", path.sleeping_ns),
            ("blocked", path.other_ns),
        ];
        let seen = |ns: u64| ns as f64 >= path.ns as f64 * 0.005;
        let mut parts: Vec<_> = parts.into_iter().filter(|part| seen(part.1)).collect();
        parts.sort_by_key(|part| std::cmp::Reverse(part.1));
        let parts: Vec<String> = parts.iter().map(|(name, ns)| format!("{name} {}", share(*ns, path.ns))).collect();
        let sites =
            path.sites.iter().take(3).map(|row| format!("{} ({})", profile.place(row.site), percent(row.share)));
        let sites: Vec<String> = sites.collect();
        let mut sentence = format!(
            "**Critical path**: {}, {}: {}",
            duration(path.ns),
            plural(path.handovers, "hand-over"),
            parts.join(", ")
        );
        if !sites.is_empty() {
            sentence.push_str(&format!("; most of it at {}", crate::names::list(&sites)));
        }
        sentence.push('.');
        out.push_str(&wrap(&sentence, "", "", width));
    }
    // In virtual time only computing takes workers, and next to sleeping that is nothing: no number to speak of.
    let load = &profile.parallelism;
    if load.runnable >= 0.005 {
        let mut sentence = format!(
            "**Parallelism**: on average {:.2} tasks ran at once, {:.2} could have",
            load.running, load.runnable
        );
        if let Some(idle) = load.shares.first().filter(|&&idle| idle >= 0.005) {
            sentence.push_str(&format!("; nothing ran for {} of the time", percent(*idle)));
        }
        if profile.workers.len() > 1 {
            let busy: Vec<String> = profile.workers.iter().take(8).map(|worker| percent(worker.busy)).collect();
            let more = if profile.workers.len() > 8 { " …" } else { "" };
            sentence.push_str(&format!("; workers busy {}{more}", busy.join(", ")));
        }
        sentence.push('.');
        out.push_str(&wrap(&sentence, "", "", width));
    }
    out
}

/// What looks wrong.
fn flags(profile: &Profile, width: usize) -> String {
    let mut out = String::new();
    for flag in profile.flags.iter().take(FLAGS) {
        let sign = match flag.severity {
            Severity::Note => "note",
            Severity::Warning => "warning",
            Severity::Error => "error",
        };
        out.push_str(&wrap(&format!("**{}** ({sign}): {}", flag.rule, flag.sentence), "- ", "  ", width));
    }
    if profile.flags.len() > FLAGS {
        out.push_str(&format!("- … and {} more red flags\n", profile.flags.len() - FLAGS));
    }
    if out.is_empty() { out } else { format!("Red flags:\n{out}") }
}

/// What to do.
fn advice(profile: &Profile, width: usize) -> String {
    let sentences = profile.advice.iter().take(ADVICE).map(|advice| wrap(&advice.sentence, "- ", "  ", width));
    let out: String = sentences.collect();
    if out.is_empty() { out } else { format!("Advice:\n{out}") }
}
