//! A lock is held while its holder sleeps, receives, awaits: everybody who wants it waits as long.

use super::super::locks::is_lock;
use super::super::{Analysis, Change, Known, Out};
use super::thresholds::{HELD_SHARE, HELD_SHARE_ALONE, HELD_WAIT};
use crate::event::{ObjectId, Site, TaskId};
use crate::events::Event;
use crate::finding::{ObjectKind, WaitReason};
use crate::model::state::TaskState;
use crate::names::{count, duration};
use crate::profile::{Flag, Severity};
use rustc_hash::FxHashMap;
use std::collections::BTreeMap;

/// Waits in one place with one lock held.
#[derive(Clone, Copy, Debug)]
struct Held {
    count: u64,
    ns: u64,
    longest: u64,
    /// Of them, those during which others waited for the lock.
    contended: u64,
    contended_ns: u64,
    taken_at: Site,
    function: u32,
    event: u64,
}

/// The same for several locks that are made in one line and held in one place.
type Alike = (WaitReason, Held, Vec<ObjectId>);

/// Who holds what, and how long they waited with it.
#[derive(Default)]
pub(in super::super) struct LockAcrossWait {
    held: FxHashMap<TaskId, Vec<(ObjectId, Site)>>,
    waiting: FxHashMap<ObjectId, u32>,
    /// By lock, place and reason.
    found: BTreeMap<(ObjectId, Site, u8), (WaitReason, Held)>,
}

impl Analysis for LockAcrossWait {
    fn acquired(&mut self, object: ObjectId, task: TaskId, waited: Option<u64>, at: &Event, known: &Known) {
        if known.object(object).is_some_and(|info| matches!(info.kind, ObjectKind::Mutex | ObjectKind::RwLock)) {
            // Who waited for it is where it asked; the event is that of whoever gave it away.
            let asked = known.task(task).filter(|_| waited.is_some()).map(|task| task.site);
            self.held.entry(task).or_default().push((object, asked.unwrap_or(at.site)));
        }
    }

    fn released(&mut self, object: ObjectId, task: TaskId, _held: u64, _at: &Event, _known: &Known) {
        if let Some(held) = self.held.get_mut(&task) {
            if let Some(place) = held.iter().rposition(|(lock, _)| *lock == object) {
                held.remove(place);
            }
            if held.is_empty() {
                self.held.remove(&task);
            }
        }
    }

    fn changed(&mut self, change: &Change, _known: &Known) {
        if let Some(TaskState::Blocked(reason)) = change.to
            && is_lock(reason)
        {
            *self.waiting.entry(ObjectId(change.at.object)).or_default() += 1;
        }
        if change.to.is_some_and(TaskState::ended) {
            self.held.remove(&change.task.id);
        }
        let Some(reason) = change.wait() else { return };
        if is_lock(reason) {
            if change.to.is_some()
                && let Some(waiting) = self.waiting.get_mut(&ObjectId(change.task.on))
            {
                *waiting = waiting.saturating_sub(1);
            }
            return;
        }
        // A wait that never ended is a finding, and a short one is not worth a word.
        if change.ns < HELD_WAIT || change.to.is_none() {
            return;
        }
        for &(lock, taken_at) in self.held.get(&change.task.id).into_iter().flatten() {
            let new = Held {
                count: 0,
                ns: 0,
                longest: 0,
                contended: 0,
                contended_ns: 0,
                taken_at,
                function: change.task.function,
                event: change.task.event,
            };
            let (_, held) = self.found.entry((lock, change.task.site, reason as u8)).or_insert((reason, new));
            held.count += 1;
            held.ns = held.ns.saturating_add(change.ns);
            if change.ns > held.longest {
                held.longest = change.ns;
                held.event = change.task.event;
            }
            if self.waiting.get(&lock).is_some_and(|&waiting| waiting > 0) {
                held.contended += 1;
                held.contended_ns = held.contended_ns.saturating_add(change.ns);
            }
        }
    }

    fn finish(self, known: &Known, out: &mut Out) {
        let duration_ns = known.duration().max(1) as f64;
        // Locks that are made and used alike are one flag: fork[0], fork[1] …
        let mut alike: BTreeMap<(Site, Site, u8), Alike> = BTreeMap::new();
        for ((lock, site, code), (reason, held)) in self.found {
            let made_at = known.object(lock).map_or(Site(0), |info| info.made_at);
            let made_at = known.program.place(made_at).map_or(made_at, |place| Site(place.line));
            match alike.get_mut(&(made_at, site, code)) {
                Some((_, sum, locks)) => {
                    locks.push(lock);
                    sum.count += held.count;
                    sum.ns = sum.ns.saturating_add(held.ns);
                    sum.contended += held.contended;
                    sum.contended_ns = sum.contended_ns.saturating_add(held.contended_ns);
                    if held.longest > sum.longest {
                        (sum.longest, sum.event) = (held.longest, held.event);
                    }
                }
                None => {
                    alike.insert((made_at, site, code), (reason, held, vec![lock]));
                }
            }
        }
        for ((_, site, _), (reason, held, locks)) in alike {
            let contended = held.contended_ns as f64 >= duration_ns * HELD_SHARE;
            if !contended && (held.ns as f64) < duration_ns * HELD_SHARE_ALONE {
                continue;
            }
            let names: Vec<String> = locks.iter().take(8).map(|&lock| known.object_name(lock)).collect();
            let name = crate::names::span(&names);
            let does = match reason {
                WaitReason::Sleep => "sleeps",
                WaitReason::Recv => "waits to receive",
                WaitReason::Send => "waits to send",
                WaitReason::Await => "awaits a result",
                WaitReason::Select => "waits in a select",
                _ => "waits",
            };
            let mut sentence = format!(
                "{} {does} at {} while it holds {name}, taken at {}: {} times, up to {}.",
                known.function(held.function),
                known.place(site),
                known.place(held.taken_at),
                count(held.count),
                duration(held.longest)
            );
            if contended {
                sentence.push_str(&format!(
                    " Others waited for it during {} of these. Unlock before the wait, or take the lock after it.",
                    count(held.contended)
                ));
            } else {
                sentence.push_str(" Nobody else wanted it in this run; it will hurt when somebody does.");
            }
            let severity = if contended { Severity::Warning } else { Severity::Note };
            let sites = vec![out.site(site), out.site(held.taken_at)];
            let mut about = names;
            about.push(known.function(held.function).to_string());
            out.flag(Flag {
                rule: "lock-across-wait".to_string(),
                severity,
                sentence,
                sites,
                about,
                count: held.count,
                ns: Some(if contended { held.contended_ns } else { held.ns }),
                event: Some(held.event),
            });
        }
    }
}
