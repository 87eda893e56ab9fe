//! One task waits much longer than the others: to get a worker, or to get a lock.

use super::super::counts::Counts;
use super::super::locks::is_lock;
use super::super::{Analysis, Change, Known, Out};
use super::thresholds::{STARVED, STARVED_NS, STARVED_OF, STARVED_SHARE};
use crate::event::{ObjectId, Site};
use crate::model::state::TaskState;
use crate::names::{duration, task_name};
use crate::profile::{Flag, Severity};
use std::collections::BTreeMap;

/// Waits of one sort, and the longest.
#[derive(Clone, Debug, Default)]
struct Queue {
    waits: Counts,
    longest: u64,
    function: u32,
    nth: u32,
    site: Site,
    event: u64,
}

impl Queue {
    fn record(&mut self, change: &Change) {
        self.waits.record(change.ns);
        if change.ns > self.longest {
            let task = change.task;
            self.longest = change.ns;
            (self.function, self.nth, self.site, self.event) = (task.function, task.nth, task.site, task.event);
        }
    }
}

/// Waits for workers and for each lock.
#[derive(Default)]
pub(in super::super) struct Starvation {
    ready: Queue,
    locks: BTreeMap<ObjectId, Queue>,
}

impl Analysis for Starvation {
    fn changed(&mut self, change: &Change, _known: &Known) {
        // A wait that has not ended is a finding's matter.
        if change.to.is_none() {
            return;
        }
        match change.task.state {
            TaskState::Ready if change.to == Some(TaskState::Running) => self.ready.record(change),
            TaskState::Blocked(reason) if is_lock(reason) => {
                self.locks.entry(ObjectId(change.task.on)).or_default().record(change);
            }
            _ => {}
        }
    }

    fn finish(self, known: &Known, out: &mut Out) {
        let enough = (known.duration() as f64 * STARVED_SHARE) as u64;
        let starved = |queue: &Queue| {
            queue.waits.count() >= STARVED_OF
                && queue.longest >= STARVED_NS.max(enough)
                && queue.longest / STARVED >= queue.waits.median()
        };
        let mut tell = |queue: &Queue, waited_for: String, then: &str, object: Option<String>| {
            let task = task_name(&known.program, queue.function, queue.nth);
            let sentence = format!(
                "{task} waited {} {waited_for} at {}, where half of the {} waits took at most {}. {then}",
                duration(queue.longest),
                known.place(queue.site),
                crate::names::count(queue.waits.count()),
                duration(queue.waits.median())
            );
            let sites = vec![out.site(queue.site)];
            out.flag(Flag {
                rule: "starvation".to_string(),
                severity: Severity::Warning,
                sentence,
                sites,
                about: [task].into_iter().chain(object).collect(),
                count: 1,
                ns: Some(queue.longest),
                event: Some(queue.event),
            });
        };
        if starved(&self.ready) {
            tell(
                &self.ready,
                "for a worker".to_string(),
                "Some task keeps its worker for long: see what runs meanwhile.",
                None,
            );
        }
        for (lock, queue) in self.locks.iter().filter(|entry| starved(entry.1)) {
            let name = known.object_name(*lock);
            tell(
                queue,
                format!("for {name}"),
                "Others hold it for long, or come before it again and again.",
                Some(name),
            );
        }
    }
}
