//! A lock's queue is long for long: whoever gets it finds the next ones waiting, and they go through it in single file.

use super::super::locks::is_lock;
use super::super::{Analysis, Change, Known, Out};
use super::thresholds::{CONVOY, CONVOY_SHARE};
use crate::event::{ObjectId, TaskId};
use crate::events::Event;
use crate::model::state::TaskState;
use crate::names::duration;
use crate::profile::{Flag, Severity};
use std::collections::BTreeMap;

/// A lock's queue.
#[derive(Clone, Copy, Debug, Default)]
struct Queue {
    length: u32,
    longest: u32,
    /// Since when it has been long.
    since: Option<u64>,
    /// For how long it was, up to the last time that the lock went on to another task: one that nobody gives back any more is a
    /// deadlock and no convoy.
    ns: u64,
    event: u64,
    taken: u64,
}

/// The queues of locks that somebody waited for.
#[derive(Default)]
pub(in super::super) struct Convoy(BTreeMap<ObjectId, Queue>);

impl Analysis for Convoy {
    fn acquired(&mut self, object: ObjectId, _task: TaskId, waited: Option<u64>, at: &Event, _known: &Known) {
        if waited.is_some()
            && let Some(queue) = self.0.get_mut(&object)
        {
            queue.taken += 1;
            if let Some(since) = queue.since.as_mut() {
                queue.ns += at.clock.saturating_sub(*since);
                *since = at.clock;
            }
        }
    }

    fn changed(&mut self, change: &Change, _known: &Known) {
        if let Some(TaskState::Blocked(reason)) = change.to
            && is_lock(reason)
        {
            let queue = self.0.entry(ObjectId(change.at.object)).or_default();
            queue.length += 1;
            if queue.length > queue.longest {
                (queue.longest, queue.event) = (queue.length, change.at.ordinal);
            }
            if queue.length >= CONVOY {
                queue.since.get_or_insert(change.at.clock);
            }
        }
        if change.wait().is_some_and(is_lock)
            && change.to.is_some()
            && let Some(queue) = self.0.get_mut(&ObjectId(change.task.on))
        {
            queue.length = queue.length.saturating_sub(1);
            if queue.length < CONVOY
                && let Some(since) = queue.since.take()
            {
                queue.ns += change.at.clock.saturating_sub(since);
            }
        }
    }

    fn finish(self, known: &Known, out: &mut Out) {
        let whole = known.duration().max(1) as f64;
        for (lock, queue) in self.0 {
            let share = queue.ns as f64 / whole;
            if share < CONVOY_SHARE || queue.taken < u64::from(CONVOY) {
                continue;
            }
            let Some(info) = known.object(lock) else { continue };
            let name = known.object_name(lock);
            let sentence = format!(
                "{CONVOY} or more tasks waited for {} {name}, made at {}, during {:.0} % of the run ({}), up to {} at once. Hold it for \
                 less, or split what it guards.",
                info.kind.name(),
                known.place(info.made_at),
                share * 100.0,
                duration(queue.ns),
                queue.longest
            );
            let sites = vec![out.site(info.made_at)];
            out.flag(Flag {
                rule: "convoy".to_string(),
                severity: Severity::Warning,
                sentence,
                sites,
                about: vec![name],
                count: queue.taken,
                ns: Some(queue.ns),
                event: Some(queue.event),
            });
        }
    }
}
