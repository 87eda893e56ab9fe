//! Races in words: both accesses, and why nothing orders them.

use crate::finding::{Access, ObjectRef, RaceEvidence, Synced};
use crate::names;
use crate::report::{BugTask, Report};
use std::fmt::Write;

/// The two accesses and the sentence on their order, as lines under a headline.
pub fn text(report: &Report, race: &RaceEvidence, out: &mut String) {
    for access in [&race.second, &race.first] {
        let (name, verb, place) = (report.task(&access.task), verb(access), report.locate(access.site));
        let time = names::duration(report.time(access.clock));
        let _ = writeln!(out, "  {name} {verb} at {place} ({time})");
        for (object, taken) in &access.held {
            let _ = writeln!(out, "    holds {}, taken at {}", report.object_with_kind(object), report.locate(*taken));
        }
        if access.task.id.0 > 1 {
            let _ = writeln!(out, "    spawned at {}", report.locate(access.task.spawned_at));
        }
    }
    for sentence in sentences(report, race) {
        let _ = writeln!(out, "{sentence}");
    }
}

/// The race in a sentence or three, for documents.
pub fn message(report: &Report, race: &RaceEvidence) -> String {
    let does = |access: &Access| {
        format!("{} {} it at {}", report.task(&access.task), verb(access), report.locate(access.site))
    };
    let why = sentences(report, race).join(" ");
    format!("data race on {}: {}, {}. {why}", race.place, does(&race.first), does(&race.second))
}

fn verb(access: &Access) -> &'static str {
    if access.write { "writes" } else { "reads" }
}

/// Why nothing orders the accesses: what each task synchronised on last, and what each holds.
pub fn sentences(report: &Report, race: &RaceEvidence) -> Vec<String> {
    let [second, first] = [&race.second, &race.first].map(|access| (report.task(&access.task), access));
    let order =
        format!("Nothing orders them: {}, {}.", since(report, &second.0, second.1), since(report, &first.0, first.1));
    vec![order, locks(report, second, first)]
}

/// `worker#1 last synchronised by mutex.unlock of m at pool.vex:12:5`.
fn since(report: &Report, name: &str, access: &Access) -> String {
    let Some(sync) = &access.last else {
        return if access.task.id.0 == 1 {
            format!("{name} had synchronised with nobody before")
        } else {
            format!("{name} had synchronised with nobody since it was spawned")
        };
    };
    format!("{name} last synchronised when it {} at {}", deed(report, sync), report.locate(sync.site))
}

/// What a task did to synchronise: `unlocked mutex m`.
fn deed(report: &Report, sync: &Synced) -> String {
    let on = match (&sync.task, &sync.object) {
        (Some(task), _) => report.task(task),
        (None, Some(object)) => report.object_with_kind(object),
        (None, None) => String::new(),
    };
    let verb = match sync.kind.as_str() {
        "task.spawn" | "task.spawn-async" => "spawned",
        "task.cancel" => "cancelled",
        "future.await" => "got the result of",
        "chan.send" => "sent to",
        "chan.recv" => "received from",
        "chan.recv-closed" => "found closed",
        "chan.close" => "closed",
        "mutex.lock" => "locked",
        "mutex.unlock" | "rwlock.write-unlock" | "rwlock.read-unlock" => "unlocked",
        "rwlock.read" => "locked to read",
        "rwlock.write" => "locked to write",
        "waitgroup.add" => "added to",
        "waitgroup.done" => "counted down",
        "waitgroup.wait" => "waited for",
        "once.begin" => "saw the end of",
        "once.end" => "finished",
        "barrier.wait" => "passed",
        "semaphore.acquire" => "acquired",
        "semaphore.release" => "released",
        "time.timer" => "set",
        "context.cancel" => "saw or did the cancelling of",
        "atomic.op" => "used",
        other => other,
    };
    format!("{verb} {on}").trim_end().to_string()
}

/// Which locks stand between the accesses: none in common.
fn locks(report: &Report, (second, a): (String, &Access), (first, b): (String, &Access)) -> String {
    let held = |access: &Access| -> Vec<String> {
        access.held.iter().map(|(object, _): &(ObjectRef, _)| report.object_with_kind(object)).collect()
    };
    let (x, y) = (held(a), held(b));
    match (x.is_empty(), y.is_empty()) {
        (true, true) => "Neither held a lock.".to_string(),
        (false, true) => format!("{second} held {}, {first} held no lock.", names::list(&x)),
        (true, false) => format!("{second} held no lock, {first} held {}.", names::list(&y)),
        (false, false) => {
            let common: Vec<String> = x.iter().filter(|name| y.contains(name)).cloned().collect();
            if common.is_empty() {
                format!("{second} held {}, {first} held {}: no lock in common.", names::list(&x), names::list(&y))
            } else {
                format!("Both held {}, but not so that it excludes the other.", names::list(&common))
            }
        }
    }
}

/// The accesses as tasks of a bug object in JSON.
pub fn tasks(report: &Report, race: &RaceEvidence) -> Vec<BugTask> {
    let task = |access: &Access| BugTask {
        task: report.task(&access.task),
        state: "running",
        op: if access.write { "write" } else { "read" },
        object: race.place.clone(),
        at: report.locate(access.site),
        held: access.held.iter().map(|(object, _)| report.object_with_kind(object)).collect(),
        waits_for: Vec::new(),
        since_ns: report.time(access.clock),
    };
    vec![task(&race.first), task(&race.second)]
}
