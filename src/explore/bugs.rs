//! The bugs of a search, each distinct one once.
//!
//! Two findings are one bug where they are of one kind and at the same lines: a deadlock of the same functions at the same places, a race of
//! the same two lines, a panic with the same stack.

use crate::cli::{Leaks, Policy, Races};
use crate::exit;
use std::collections::BTreeSet;
use std::sync::Arc;
use tracer::finding::{Finding, Verdict};
use tracer::program::ProgramInfo;

/// Something wrong, and the schedule that shows it.
#[derive(Clone, Debug)]
pub struct Bug {
    /// What.
    pub finding: Finding,
    /// As `vex replay --schedule` takes it.
    pub schedule: String,
    /// How often a task had to make room in it.
    pub preemptions: u32,
    /// The how-many-th schedule of the search, from 1.
    pub number: u64,
}

/// Distinct bugs, in the order in which they were found.
pub struct Bugs {
    program: Arc<ProgramInfo>,
    policy: Policy,
    known: BTreeSet<String>,
    bugs: Vec<Bug>,
}

impl Default for Bugs {
    fn default() -> Self {
        Self::new(Arc::default(), Policy { leaks: Leaks::Deny, races: Races::Deny })
    }
}

impl Bugs {
    /// None so far.
    pub fn new(program: Arc<ProgramInfo>, policy: Policy) -> Self {
        Self { program, policy, known: BTreeSet::new(), bugs: Vec::new() }
    }

    /// Notes a finding, unless it is known or not asked for.
    pub fn add(&mut self, bug: Bug) {
        let asked = match bug.finding.verdict {
            Verdict::Ok | Verdict::TimeLimit => false,
            Verdict::Leak => self.policy.leaks != Leaks::Ignore,
            Verdict::Race => self.policy.races != Races::Off,
            Verdict::Deadlock | Verdict::Panic | Verdict::Assert | Verdict::Livelock => true,
        };
        if asked && self.known.insert(key(&self.program, &bug.finding)) {
            self.bugs.push(bug);
        }
    }

    /// All of them.
    pub fn all(&self) -> &[Bug] {
        &self.bugs
    }

    /// Whether one of them ends the search.
    pub fn any_denied(&self) -> bool {
        self.bugs.iter().any(|bug| self.is_denied(bug))
    }

    fn is_denied(&self, bug: &Bug) -> bool {
        exit::of_verdict(bug.finding.verdict, self.policy).is_some()
    }

    /// The most severe one, of equals the first, of those that are denied before others.
    pub fn worst(&self) -> Option<&Bug> {
        self.bugs.iter().min_by_key(|bug| (!self.is_denied(bug), severity(bug.finding.verdict)))
    }

    /// The exit code that they make.
    pub fn exit_code(&self) -> i32 {
        let worst = self.worst().and_then(|bug| exit::of_verdict(bug.finding.verdict, self.policy));
        worst.unwrap_or(exit::SUCCESS)
    }
}

/// The rank of a verdict: 0 is the most severe.
fn severity(verdict: Verdict) -> u8 {
    match verdict {
        Verdict::Panic | Verdict::Assert => 0,
        Verdict::Deadlock => 1,
        Verdict::Livelock => 2,
        Verdict::Race => 3,
        Verdict::Leak => 4,
        Verdict::Ok | Verdict::TimeLimit => 5,
    }
}

/// What makes two findings the same bug.
fn key(program: &ProgramInfo, finding: &Finding) -> String {
    let line = |site| {
        let place = program.locate(site);
        place.rsplit_once(':').map_or(place.clone(), |(line, _)| line.to_string())
    };
    let mut parts: Vec<String> = match &finding.race {
        Some(race) => [&race.first, &race.second].map(|access| line(access.site)).to_vec(),
        None if finding.tasks.is_empty() => finding.stack.iter().map(|frame| program.locate(frame.site)).collect(),
        None => {
            let place = |site: Option<&_>| site.map_or_else(String::new, |&site| program.locate(site));
            finding.tasks.iter().map(|task| format!("{} {}", task.task.function, place(task.stack.first()))).collect()
        }
    };
    if finding.race.is_some() || !finding.tasks.is_empty() {
        parts.sort();
    }
    format!("{} {}", finding.verdict.name(), parts.join(" "))
}
