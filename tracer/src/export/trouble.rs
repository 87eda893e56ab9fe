//! What is wrong with a run, for formats that list problems: each finding with its places, task by task.
//!
//! Findings in words are part of the profile. The trace's own findings know more places (where a held lock was taken, where a task was
//! spawned); they are used where they are at hand.

use super::Input;
use crate::finding::{Finding, Verdict};
use crate::names;
use crate::profile::Profile;
use crate::program::ProgramInfo;
use crate::report::Report;
use serde_json::Value;

/// What can be wrong, with a sentence. (Everything that a verdict can say but "ok".)
pub(super) const RULES: [(Verdict, &str); 7] = [
    (Verdict::Deadlock, "Tasks wait for each other, or for what nobody can do any more: the program can never end"),
    (Verdict::Leak, "Tasks are blocked for good while the program goes on or has ended"),
    (Verdict::Panic, "A task panicked"),
    (Verdict::Assert, "An assertion failed"),
    (Verdict::Race, "Two accesses to one place in memory are not ordered, and one of them writes"),
    (Verdict::Livelock, "The run goes on without progress"),
    (Verdict::TimeLimit, "The run was stopped by its time limit"),
];

/// A place as reports write it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Spot {
    pub(super) file: String,
    pub(super) line: u32,
    pub(super) column: u32,
}

impl Spot {
    /// The place of `file:line:column`; `None` for anything else.
    pub(super) fn parse(text: &str) -> Option<Spot> {
        let (rest, column) = text.rsplit_once(':')?;
        let (file, line) = rest.rsplit_once(':')?;
        let (line, column) = (line.parse().ok()?, column.parse().ok()?);
        Some(Spot { file: file.to_string(), line, column })
    }
}

/// What one task did.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Thread {
    /// Its name.
    pub(super) task: String,
    /// Places that it came by, each with what it did there, in order.
    pub(super) steps: Vec<(Spot, String)>,
}

/// A finding.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Trouble {
    /// The verdict's word.
    pub(super) rule: String,
    /// What, in a sentence or two.
    pub(super) message: String,
    /// Where.
    pub(super) at: Option<Spot>,
    /// The tasks that are part of it; those of a ring alone where there is one.
    pub(super) threads: Vec<Thread>,
    /// The stack of a panic, innermost call first.
    pub(super) stack: Vec<(String, Option<Spot>)>,
}

/// All findings of a run.
pub(super) fn findings(input: &Input) -> Vec<Trouble> {
    let known = input.trace.map(|trace| (trace.program(), trace.findings()));
    let Some((program, findings)) = known else { return worded(input.profile, None) };
    if input.profile.findings.len() == findings.len() {
        return worded(input.profile, Some((program, findings)));
    }
    let report = Report::new(program, findings);
    let words = findings.iter().map(|finding| serde_json::to_value(report.json(finding)).unwrap_or_default());
    let profile = Profile { findings: words.collect(), ..Profile::default() };
    worded(&profile, Some((program, findings)))
}

fn worded(profile: &Profile, findings: Option<(&std::sync::Arc<ProgramInfo>, &[Finding])>) -> Vec<Trouble> {
    let of = |index: usize| findings.and_then(|(program, findings)| Some((program.as_ref(), findings.get(index)?)));
    profile.findings.iter().enumerate().map(|(index, bug)| trouble(bug, of(index))).collect()
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_string()
}

fn list(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().into_iter().flatten()
}

fn trouble(bug: &Value, finding: Option<(&ProgramInfo, &Finding)>) -> Trouble {
    let ring: Vec<&str> = list(&bug["cycle"]).filter_map(Value::as_str).collect();
    let mut threads = Vec::new();
    for (index, task) in list(&bug["tasks"]).enumerate() {
        if ring.is_empty() || ring.iter().any(|name| task["task"] == **name) {
            threads
                .push(thread(task, finding.and_then(|(program, finding)| Some((program, finding.tasks.get(index)?)))));
        }
    }
    let stack = list(&bug["stack"]);
    Trouble {
        rule: text(&bug["verdict"]),
        message: text(&bug["message"]),
        at: bug["at"].as_str().and_then(Spot::parse),
        threads,
        stack: stack.map(|frame| (text(&frame["function"]), frame["at"].as_str().and_then(Spot::parse))).collect(),
    }
}

fn thread(task: &Value, blocked: Option<(&ProgramInfo, &crate::finding::BlockedTask)>) -> Thread {
    let name = text(&task["task"]);
    let held: Vec<String> = list(&task["held"]).map(text).collect();
    let mut steps = Vec::new();
    if let Some((program, blocked)) = blocked {
        let mut step = |site, what: String| {
            if let Some(spot) = Spot::parse(&program.locate(site)) {
                steps.push((spot, what));
            }
        };
        step(blocked.task.spawned_at, format!("{name} is spawned"));
        for ((_, site), object) in blocked.held.iter().zip(&held) {
            step(*site, format!("{name} takes {object}"));
        }
        for &site in blocked.stack.iter().skip(1).rev() {
            step(site, format!("{name} calls"));
        }
    }
    if let Some(spot) = task["at"].as_str().and_then(Spot::parse) {
        let what = wait(task, blocked.map(|(_, blocked)| blocked.reason));
        let holds = if held.is_empty() { String::new() } else { format!(" and holds {}", names::list(&held)) };
        steps.push((spot, format!("{name} {what}{holds}")));
    }
    Thread { task: name, steps }
}

/// What a task waits for, in words.
fn wait(task: &Value, reason: Option<crate::finding::WaitReason>) -> String {
    let on = text(&task["object"]);
    match reason {
        Some(reason) => names::wait_phrase(reason, &on),
        None => format!("waits ({}) for {on}", text(&task["op"])),
    }
}
