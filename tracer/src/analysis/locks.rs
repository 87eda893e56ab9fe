//! Mutexes and read-write locks: how long each was waited for and held, how contended it was, how long its queue grew.

use super::counts::Counts;
use super::{Analysis, Change, Known, Object, Out};
use crate::event::{ObjectId, TaskId};
use crate::events::Event;
use crate::finding::{ObjectKind, WaitReason};
use crate::model::slots::Slots;
use crate::model::state::TaskState;
use crate::profile::LockRow;
use std::cmp::Reverse;

/// Locks that are written out.
const ROWS: usize = 1000;

/// A lock.
#[derive(Clone, Default)]
struct Lock {
    acquired: u64,
    contended: u64,
    wait: Counts,
    hold: Counts,
    /// How many hold it now, since when somebody does, and how long somebody did before.
    holders: u32,
    since: u64,
    held: u64,
    queue: u32,
    longest_queue: u32,
}

/// All locks.
#[derive(Default)]
pub(super) struct Locks(Slots<Lock>);

/// Whether a wait is one for a lock.
pub(super) fn is_lock(reason: WaitReason) -> bool {
    matches!(reason, WaitReason::Lock | WaitReason::ReadLock | WaitReason::WriteLock)
}

impl Analysis for Locks {
    fn made(&mut self, object: ObjectId, info: &Object, _known: &Known) {
        if matches!(info.kind, ObjectKind::Mutex | ObjectKind::RwLock) {
            self.0.insert(object.0, Lock::default());
        }
    }

    fn changed(&mut self, change: &Change, _known: &Known) {
        if change.wait().is_some_and(is_lock)
            && let Some(lock) = self.0.get_mut(change.task.on)
        {
            lock.wait.record(change.ns);
            lock.contended += 1;
            if change.to.is_some() {
                lock.queue = lock.queue.saturating_sub(1);
            }
        }
        if let Some(TaskState::Blocked(reason)) = change.to
            && is_lock(reason)
            && let Some(lock) = self.0.get_mut(change.at.object)
        {
            lock.queue += 1;
            lock.longest_queue = lock.longest_queue.max(lock.queue);
        }
    }

    fn acquired(&mut self, object: ObjectId, _task: TaskId, _waited: Option<u64>, at: &Event, _known: &Known) {
        let Some(lock) = self.0.get_mut(object.0) else { return };
        lock.acquired += 1;
        if lock.holders == 0 {
            lock.since = at.clock;
        }
        lock.holders += 1;
    }

    fn released(&mut self, object: ObjectId, _task: TaskId, held: u64, at: &Event, _known: &Known) {
        let Some(lock) = self.0.get_mut(object.0) else { return };
        lock.hold.record(held);
        lock.holders = lock.holders.saturating_sub(1);
        if lock.holders == 0 {
            lock.held += at.clock.saturating_sub(lock.since);
        }
    }

    fn finish(mut self, known: &Known, out: &mut Out) {
        let duration = known.duration().max(1) as f64;
        for lock in self.0.values_mut().filter(|lock| lock.holders > 0) {
            // Held to the end: for how long by each is not known, that it was held is.
            lock.held += known.end.saturating_sub(lock.since);
        }
        let mut locks: Vec<(u32, &Lock)> = self.0.iter().collect();
        locks.sort_by_key(|(number, lock)| (Reverse(lock.wait.total()), Reverse(lock.acquired), *number));
        let left_out = locks.len().saturating_sub(ROWS);
        for (number, lock) in locks.into_iter().take(ROWS) {
            let Some(&info) = known.object(ObjectId(number)) else { continue };
            let made_at = out.site(info.made_at);
            out.profile.locks.push(LockRow {
                name: known.object_name(ObjectId(number)),
                kind: info.kind.name().to_string(),
                made_at,
                acquired: lock.acquired,
                contended: lock.contended,
                wait: lock.wait.distribution(),
                hold: lock.hold.distribution(),
                held_share: (lock.held as f64 / duration).min(1.0),
                longest_queue: u64::from(lock.longest_queue),
            });
        }
        if let Some(worst) = out.profile.locks.first().filter(|row| row.wait.total() as f64 >= duration * 0.01) {
            let sentence = format!(
                "{} {}, made at {}, is the most contended: tasks waited {} for it, and it was held {:.0} % of the run. Hold it for \
                 less, or split what it guards.",
                worst.kind,
                worst.name,
                out.profile.place(worst.made_at),
                crate::names::duration(worst.wait.total()),
                worst.held_share * 100.0
            );
            out.advise("locks", sentence);
        }
        if left_out > 0 {
            out.advise("locks", format!("{left_out} locks that were waited for less than those listed are left out."));
        }
    }
}
