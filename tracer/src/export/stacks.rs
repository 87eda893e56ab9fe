//! What profilers want of a profile: each stack as the places of its calls, and each wait as the kind of trouble that it is.
//!
//! A profile may come from a file that somebody wrote by hand: indices that lead nowhere, or in a circle, end the stack.

use crate::profile::{Profile, SiteInfo};

/// A place that is not known.
const UNKNOWN: &SiteInfo = &SiteInfo { file: String::new(), line: 0, column: 0, function: String::new() };

/// The place of an index.
pub(super) fn site(profile: &Profile, index: u32) -> &SiteInfo {
    profile.sites.get(index as usize).unwrap_or(UNKNOWN)
}

/// Time that a stack took.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Time<'a> {
    /// The places of its calls, innermost first.
    pub(super) sites: Vec<u32>,
    /// Samples, or waits.
    pub(super) count: u64,
    /// How long, together: never 0.
    pub(super) ns: u64,
    /// Why it waited; empty where it ran.
    pub(super) reason: &'a str,
}

/// Time on a worker, by stack. A run that was recorded without samples has no stacks: then it is the time of each place.
pub(super) fn on_cpu(profile: &Profile) -> Vec<Time<'_>> {
    let sampled = profile.on_cpu.iter().map(|time| (time.frame, time.samples, time.ns));
    let mut times: Vec<Time> =
        sampled.map(|(frame, count, ns)| Time { sites: sites(profile, frame), count, ns, reason: "" }).collect();
    if times.is_empty() {
        let places = profile.by_site.iter().map(|row| (row.site, row.on_cpu_ns));
        times.extend(places.map(|(site, ns)| Time { sites: vec![site], count: 0, ns, reason: "" }));
    }
    times.retain(|time| time.ns > 0);
    times
}

/// Time blocked or asleep, by stack and reason; by place and reason where there are no stacks.
pub(super) fn off_cpu(profile: &Profile) -> Vec<Time<'_>> {
    let sampled = profile.blocked.iter().map(|time| Time {
        sites: sites(profile, time.frame),
        count: time.count,
        ns: time.ns,
        reason: &time.reason,
    });
    let mut times: Vec<Time> = sampled.collect();
    if times.is_empty() {
        times.extend(profile.waits_by_site.iter().map(|row| Time {
            sites: row.site.into_iter().collect(),
            count: row.time.count(),
            ns: row.time.total(),
            reason: &row.reason,
        }));
    }
    times.retain(|time| time.ns > 0);
    times
}

/// The sites of a stack, innermost call first.
fn sites(profile: &Profile, frame: u32) -> Vec<u32> {
    let mut next = Some(frame);
    let mut sites = Vec::new();
    while let Some((index, frame)) = next.and_then(|index| Some((index, profile.frames.get(index as usize)?))) {
        sites.push(frame.site);
        // A caller stands before whom it calls.
        next = frame.caller.filter(|&caller| caller < index);
    }
    sites
}

/// The names of a stack's calls with their lines, outermost first, and at last why it waits: `[recv]`.
pub(super) fn names(profile: &Profile, time: &Time) -> Vec<String> {
    let calls = time.sites.iter().rev().map(|&index| function_and_line(site(profile, index)));
    let reason = Some(time.reason).filter(|reason| !reason.is_empty());
    calls.chain(reason.map(|reason| format!("[{reason}]"))).collect()
}

/// The name of a function; a word where there is none.
pub(super) fn function(site: &SiteInfo) -> &str {
    if site.function.is_empty() { "?" } else { &site.function }
}

/// `worker (pool.vex:12)`: a function and the line that it is at.
fn function_and_line(site: &SiteInfo) -> String {
    match (site.file.as_str(), site.line) {
        ("", _) | (_, 0) => function(site).to_string(),
        (file, line) => format!("{} ({file}:{line})", function(site)),
    }
}

/// What a wait is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Waits {
    Lock,
    Channel,
    Sleep,
    Other,
}

/// What a wait is for, by its reason's word.
pub(super) fn kind(reason: &str) -> Waits {
    match reason {
        "lock" | "read" | "write" => Waits::Lock,
        "send" | "recv" | "select" => Waits::Channel,
        "sleep" => Waits::Sleep,
        _ => Waits::Other,
    }
}

/// A number for a format that only has signed ones.
pub(super) fn signed(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}
