//! Findings in words and in JSON, for standard error and for `--json`.
//!
//! A deadlock or a leak names every blocked task, where it blocks, on what, who holds that, and the ring if there is one;
//! a panic its message, its task and the stack. Everything is derived from the finding as data; nothing here looks at a
//! trace, so a run without one reports the same.

use crate::event::Site;
use crate::finding::{BlockedTask, Finding, ObjectRef, Target, TaskRef, Verdict, WaitReason};
use crate::names;
use crate::program::ProgramInfo;
use crate::store::Store;
use rustc_hash::FxHashSet;
use serde::Serialize;
use std::fmt::Write;

/// Words the findings of one run.
pub struct Report<'a> {
    program: &'a ProgramInfo,
    /// Sites known to have made several objects: these are numbered from the first on.
    several: FxHashSet<Site>,
    store: Option<&'a Store>,
}

impl<'a> Report<'a> {
    /// A report on findings of a run without a trace, whose clock counts nanoseconds. All findings of the run are given, so
    /// that one object has one name.
    pub fn new(program: &'a ProgramInfo, findings: &[Finding]) -> Self {
        let mut several = FxHashSet::default();
        for task in findings.iter().flat_map(|finding| &finding.tasks) {
            let targets = task.targets.iter().filter_map(|target| match target {
                Target::Object(object) => Some(object),
                Target::Task(_) => None,
            });
            let objects = targets.chain(task.held.iter().map(|(object, _)| object));
            several.extend(objects.filter(|object| object.nth > 1).map(|object| object.made_at));
        }
        for access in
            findings.iter().filter_map(|finding| finding.race.as_ref()).flat_map(|race| [&race.first, &race.second])
        {
            let last = access.last.iter().filter_map(|sync| sync.object.as_ref());
            let objects = access.held.iter().map(|(object, _)| object).chain(last);
            several.extend(objects.filter(|object| object.nth > 1).map(|object| object.made_at));
        }
        Self { program, several, store: None }
    }

    /// A report on the findings of a traced run: the trace knows the time of each clock and how many objects a site made.
    pub fn of_store(store: &'a Store) -> Self {
        Self { program: store.program(), several: FxHashSet::default(), store: Some(store) }
    }

    pub(crate) fn time(&self, clock: u64) -> u64 {
        self.store.map_or(clock, |store| store.time_of_clock(clock))
    }

    /// The finding as lines of text for a human, the last one ended as well.
    pub fn text(&self, finding: &Finding) -> String {
        let mut out = String::new();
        let _ = writeln!(out, "{}", self.headline(finding));
        if let Some(race) = &finding.race {
            crate::race::words::text(self, race, &mut out);
            return out;
        }
        for frame in &finding.stack {
            let function = self.program.functions.get(frame.function as usize).map_or("?", |info| info.name.as_str());
            let _ = writeln!(out, "  at {function} ({})", self.program.locate(frame.site));
        }
        if let Some(task) = finding.culprit.filter(|task| !finding.stack.is_empty() && task.id.0 > 1) {
            let _ = writeln!(out, "  in a task spawned at {}", self.program.locate(task.spawned_at));
        }
        for task in &finding.tasks {
            let _ = writeln!(out, "  {} at {}", self.wait(task), self.place(task));
            self.wait_details(task, finding, &mut out);
        }
        for sentence in self.sentences(finding) {
            let _ = writeln!(out, "{sentence}");
        }
        out
    }

    /// The first line: `deadlock at 1.20 ms: 5 tasks are blocked for good`.
    pub fn headline(&self, finding: &Finding) -> String {
        let culprit = finding.culprit.map(|task| self.task(&task));
        let by = culprit.map_or_else(String::new, |name| format!(" in {name}"));
        let at = names::duration(self.time(finding.clock));
        let tasks = match finding.tasks.len() {
            1 => "1 task is".to_string(),
            n => format!("{} tasks are", names::count(n as u64)),
        };
        let note = if finding.message.is_empty() { String::new() } else { format!(": {}", finding.message) };
        match finding.verdict {
            Verdict::Ok => format!("ok{note}"),
            Verdict::Deadlock => format!("deadlock at {at}: {tasks} blocked for good"),
            Verdict::Leak => format!("leak at {at}: {tasks} blocked for good"),
            Verdict::Panic => format!("panic{by}{note}"),
            Verdict::Assert if finding.message.is_empty() => format!("panic{by}: assertion failed"),
            Verdict::Assert => format!("panic{by}{note}"),
            Verdict::Race => match &finding.race {
                Some(race) => format!("data race at {at} on {}", race.place),
                None => format!("race{by}{note}"),
            },
            Verdict::Livelock => format!("livelock at {at}: the run goes on without progress{note}"),
            Verdict::TimeLimit => format!("time limit reached at {at}{note}"),
        }
    }

    /// The ring and the orphans of a finding, each in a sentence.
    pub fn sentences(&self, finding: &Finding) -> Vec<String> {
        if let Some(race) = &finding.race {
            return crate::race::words::sentences(self, race);
        }
        let ring: Vec<&BlockedTask> = finding.cycle.iter().filter_map(|&index| finding.tasks.get(index)).collect();
        let mut out = Vec::new();
        if !ring.is_empty() {
            out.push(self.ring_sentence(finding, &ring));
        }
        for (index, task) in finding.tasks.iter().enumerate() {
            if !finding.cycle.contains(&index)
                && let Some(sentence) = self.orphan_sentence(task)
            {
                out.push(sentence);
            }
        }
        out
    }

    fn ring_sentence(&self, finding: &Finding, ring: &[&BlockedTask]) -> String {
        // The one that closed the ring is the culprit, or else the member that blocked last.
        let closer = ring
            .iter()
            .find(|task| finding.culprit.is_some_and(|culprit| culprit.id == task.task.id))
            .or_else(|| ring.iter().max_by_key(|task| (task.since, task.event)));
        let mut sentence = match ring {
            [only] => {
                let name = self.task(&only.task);
                format!("{name} waits for itself: it {}", names::wait_phrase(only.reason, &self.on(only)))
            }
            _ => {
                let mut members: Vec<&TaskRef> = ring.iter().map(|task| &task.task).collect();
                members.sort_by_key(|task| task.id);
                let members: Vec<String> = members.into_iter().map(|task| self.task(task)).collect();
                let holding = ring.iter().all(|task| !task.held.is_empty());
                let holds = if holding { "holds one and waits" } else { "waits" };
                format!("Each of {} {holds} for the next", names::span(&members))
            }
        };
        if ring.len() == 1 && !ring[0].held.is_empty() {
            sentence.push_str(", which it holds");
        }
        sentence.push('.');
        if let Some(closer) = closer {
            let asked = match closer.reason {
                WaitReason::Await => "began to wait for",
                _ => "asked for",
            };
            let (name, place, on) = (self.task(&closer.task), self.place(closer), self.on(closer));
            let _ = write!(sentence, " Closed by {name} at {place} when it {asked} {on}.");
        }
        sentence
    }

    /// `worker#3 waits to receive from jobs since 4.20 ms; no live task can send to it: its last sender, main, ended at
    /// pool.vex:41:5.` Only for a wait that nobody is left to end.
    pub fn orphan_sentence(&self, task: &BlockedTask) -> Option<String> {
        if !task.waits_for.is_empty() || task.reason == WaitReason::Select && task.targets.is_empty() {
            return None;
        }
        let since = names::duration(self.time(task.since));
        let mut sentence = format!("{} since {since}; {}", self.wait(task), names::missing_phrase(task.reason));
        if let Some(missing) = task.missing {
            let (word, name) = (names::partner_word(task.reason), self.task(&missing.task));
            let _ = write!(sentence, ": its last {word}, {name}, ended at {}", self.program.locate(missing.ended_at));
        }
        sentence.push('.');
        Some(sentence)
    }

    /// `worker#3 waits to receive from jobs`.
    fn wait(&self, task: &BlockedTask) -> String {
        format!("{} {}", self.task(&task.task), names::wait_phrase(task.reason, &self.on(task)))
    }

    fn wait_details(&self, task: &BlockedTask, finding: &Finding, out: &mut String) {
        for &caller in task.stack.iter().skip(1) {
            let _ = writeln!(out, "    called from {}", self.program.locate(caller));
        }
        let holders: Vec<String> = task.waits_for.iter().map(|task| self.task(task)).collect();
        if !holders.is_empty() {
            let relation = match task.reason {
                WaitReason::Lock | WaitReason::ReadLock | WaitReason::WriteLock | WaitReason::Semaphore => "held by",
                WaitReason::Once => "run by",
                WaitReason::Await => "which would have to end:",
                _ => "could be woken only by",
            };
            let _ = writeln!(out, "    {relation} {}", names::list(&holders));
        }
        for (object, taken) in &task.held {
            let _ = writeln!(out, "    holds {}, taken at {}", self.object(object), self.program.locate(*taken));
        }
        if task.task.id.0 > 1 && finding.cycle.is_empty() {
            let _ = writeln!(out, "    spawned at {}", self.program.locate(task.task.spawned_at));
        }
    }

    pub(crate) fn locate(&self, site: Site) -> String {
        self.program.locate(site)
    }

    pub(crate) fn task(&self, task: &TaskRef) -> String {
        names::task_ref_name(self.program, task)
    }

    pub(crate) fn object(&self, object: &ObjectRef) -> String {
        if let Some(store) = self.store.filter(|store| store.objects().get(object.id).is_some()) {
            return store.object_name(object.id);
        }
        let several = self.several.contains(&object.made_at);
        names::object_name(self.program, object.kind, object.made_at, object.nth, several)
    }

    /// `channel jobs`; just the name where that says the kind already.
    pub(crate) fn object_with_kind(&self, object: &ObjectRef) -> String {
        let name = self.object(object);
        if name.starts_with(object.kind.name()) { name } else { format!("{} {name}", object.kind.name()) }
    }

    fn on(&self, task: &BlockedTask) -> String {
        let names: Vec<String> = task
            .targets
            .iter()
            .map(|target| match target {
                Target::Object(object) => self.object(object),
                Target::Task(task) => self.task(task),
            })
            .collect();
        names::either(&names)
    }

    fn place(&self, task: &BlockedTask) -> String {
        task.stack.first().map_or_else(|| "?".to_string(), |&site| self.program.locate(site))
    }

    /// The finding as a bug object of `--json`.
    pub fn json(&self, finding: &Finding) -> Bug {
        let tasks: Vec<BugTask> = finding
            .tasks
            .iter()
            .map(|task| BugTask {
                task: self.task(&task.task),
                state: "blocked",
                op: task.reason.name(),
                object: self.targets_with_kind(task),
                at: self.place(task),
                held: task.held.iter().map(|(object, _)| self.object_with_kind(object)).collect(),
                waits_for: task.waits_for.iter().map(|task| self.task(task)).collect(),
                since_ns: self.time(task.since),
            })
            .collect();
        let tasks = match &finding.race {
            Some(race) => crate::race::words::tasks(self, race),
            None => tasks,
        };
        let culprit_waits = finding.culprit.and_then(|c| finding.tasks.iter().find(|task| task.task.id == c.id));
        let at = match (finding.stack.first(), culprit_waits) {
            _ if finding.race.is_some() => tasks.last().map(|task| task.at.clone()),
            (Some(frame), _) => Some(self.program.locate(frame.site)),
            (None, Some(task)) => Some(self.place(task)),
            (None, None) => tasks.first().map(|task| task.at.clone()),
        };
        let mut message = match &finding.race {
            Some(race) => crate::race::words::message(self, race),
            None => finding.message.clone(),
        };
        if message.is_empty() {
            message = self.sentences(finding).join(" ");
        }
        if message.is_empty() {
            message = self.headline(finding);
        }
        Bug {
            verdict: finding.verdict.name(),
            message,
            tasks,
            at,
            task: finding.culprit.map(|task| self.task(&task)),
            stack: finding.stack.iter().map(|frame| self.frame(frame.function, frame.site)).collect(),
            cycle: finding.cycle.iter().filter_map(|&i| finding.tasks.get(i)).map(|t| self.task(&t.task)).collect(),
            event: finding.event,
            time_ns: self.time(finding.clock),
        }
    }

    fn targets_with_kind(&self, task: &BlockedTask) -> String {
        let names = task.targets.iter().map(|target| match target {
            Target::Object(object) => self.object_with_kind(object),
            Target::Task(task) => format!("task {}", self.task(task)),
        });
        names.collect::<Vec<_>>().join(", ")
    }

    fn frame(&self, function: u32, site: Site) -> BugFrame {
        let function = self.program.functions.get(function as usize).map_or("?", |info| info.name.as_str());
        BugFrame { function: function.to_string(), at: self.program.locate(site) }
    }
}

/// A finding in JSON.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Bug {
    /// The verdict's word.
    pub verdict: &'static str,
    /// The guest's message, or the finding in a sentence.
    pub message: String,
    /// Blocked tasks.
    pub tasks: Vec<BugTask>,
    /// Where it happened: the panic, or the operation that closed the ring.
    pub at: Option<String>,
    /// The task that panicked or closed the ring.
    pub task: Option<String>,
    /// The stack of a panic, innermost call first.
    pub stack: Vec<BugFrame>,
    /// The tasks of the ring, each waiting for the next.
    pub cycle: Vec<String>,
    /// Ordinal of the event, where the run was traced.
    pub event: Option<u64>,
    /// Time in nanoseconds.
    pub time_ns: u64,
}

/// A blocked task in JSON.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct BugTask {
    /// Its name.
    pub task: String,
    /// Its state.
    pub state: &'static str,
    /// The operation it blocks in: `recv`.
    pub op: &'static str,
    /// On what: `channel jobs`.
    pub object: String,
    /// Where.
    pub at: String,
    /// What it holds: `mutex m`.
    pub held: Vec<String>,
    /// Who would have to act.
    pub waits_for: Vec<String>,
    /// Time when it blocked, in nanoseconds.
    pub since_ns: u64,
}

/// A frame of a stack in JSON.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct BugFrame {
    /// The function.
    pub function: String,
    /// The place: `file:line:column`.
    pub at: String,
}
