//! Deadlocks: tasks that hold locks and wait for each other's in a ring.
//!
//! Looked for whenever a task begins to wait for a lock or a permit without a timer that would let it give up, so a ring is found
//! with the wait that closes it, while the rest of the program runs on, and stands in the file from then on. What is found is what
//! the views find: the waits around the task are put into the model's wait-for graph ([`Graph`]), and its rings are the findings.

use super::resources::Sort;
use super::state::{Key, On, Phase, State, Wait};
use crate::event::{Kind, ObjectId, Site, TaskId};
use crate::events::Event;
use crate::finding::{BlockedTask, Finding, ObjectRef, Target, TaskRef, Verdict};
use crate::model::now::Now;
use crate::model::waits::Graph;

/// Tasks around a wait beyond which a ring is not looked for: nobody would understand it.
const MANY: usize = 10_000;

impl State {
    /// The lock or semaphore that a task waits for, if it cannot give up.
    fn wants(&self, key: Key) -> Option<(Key, &Wait)> {
        match &self.tasks.get(&key)?.phase {
            Phase::Blocked(wait) if wait.timers.is_empty() => match wait.on {
                On::Lock(lock) | On::Permit(lock) => Some((lock, wait)),
                _ => None,
            },
            _ => None,
        }
    }

    /// A task waits for a lock now: notes a finding if that closes a ring.
    pub(super) fn look_for_a_ring(&mut self, worker: u32, key: Key) {
        // All who have to act before it, and before those.
        let mut around = vec![key];
        let (mut at, mut back) = (0, false);
        while let Some(&task) = around.get(at) {
            at += 1;
            let Some((lock, _)) = self.wants(task) else { continue };
            let Some(resource) = self.resources.get(&lock) else { continue };
            for hold in &resource.holds {
                back |= hold.key == key;
                if !around.contains(&hold.key) {
                    around.push(hold.key);
                }
            }
            if around.len() > MANY {
                return;
            }
        }
        if !back {
            return;
        }
        for ring in Graph::of(&self.model(&around), usize::MAX).cycles {
            let known = self.findings.iter().any(|finding| {
                let mut ids: Vec<TaskId> = finding.tasks.iter().map(|task| task.task.id).collect();
                let mut ring = ring.clone();
                ids.sort_unstable();
                ring.sort_unstable();
                ids == ring
            });
            if known {
                continue;
            }
            let Some(finding) = self.finding(&around, &ring, key) else { continue };
            let id = self.id(key);
            self.emit(worker, Kind::Finding, 0, self.findings.len() as u32, id);
            self.findings.push(finding);
        }
    }

    /// Looks again for rings anywhere.
    pub(super) fn look_everywhere(&mut self) {
        let mut waiting: Vec<(u32, Key)> = Vec::new();
        #[expect(clippy::iter_over_hash_type, reason = "put in order below")]
        for (&key, task) in &self.tasks {
            if self.wants(key).is_some() {
                waiting.push((task.id.0, key));
            }
        }
        waiting.sort_unstable();
        for (_, key) in waiting {
            self.look_for_a_ring(0, key);
        }
    }

    /// What holds around some tasks, in the model of the views.
    fn model(&self, around: &[Key]) -> Now {
        let mut now = Now::default();
        let mut apply = |task: TaskId, kind, blocked, object, arg| {
            let event =
                Event { ordinal: 0, kind, blocked, worker: 0, task, site: Site(0), clock: 0, object, arg, text: "" };
            now.apply(&event, &mut ());
        };
        let nobody = TaskId(0);
        for &key in around {
            apply(nobody, Kind::TaskSpawn, false, self.id(key), 0);
        }
        let mut made = Vec::new();
        for (lock, _) in around.iter().filter_map(|&key| self.wants(key)) {
            let Some(resource) = self.resources.get(&lock).filter(|_| !made.contains(&lock)) else { continue };
            made.push(lock);
            let (make, take) = match resource.sort {
                Sort::Mutex => (Kind::MutexMake, Kind::Lock),
                Sort::RwLock => (Kind::RwMake, Kind::ReadLock),
                _ => (Kind::SemaphoreMake, Kind::Acquire),
            };
            apply(nobody, make, false, resource.object, resource.holds.len() as u32);
            for hold in &resource.holds {
                apply(nobody, Kind::Switch, false, hold.task.0, 0);
                let take = if resource.sort == Sort::RwLock && hold.exclusive { Kind::WriteLock } else { take };
                apply(hold.task, take, false, resource.object, 0);
            }
        }
        for &key in around {
            let Some((lock, wait)) = self.wants(key) else { continue };
            let sort = self.resources.get(&lock).map(|resource| resource.sort);
            let kind = match (sort, wait.reason) {
                (Some(Sort::Mutex), _) => Kind::Lock,
                (_, crate::finding::WaitReason::WriteLock) => Kind::WriteLock,
                (Some(Sort::RwLock), _) => Kind::ReadLock,
                _ => Kind::Acquire,
            };
            let id = self.id(key);
            apply(nobody, Kind::Switch, false, id, 0);
            apply(TaskId(id), kind, true, wait.object, 0);
        }
        now
    }

    fn task_ref(&self, key: Key) -> Option<TaskRef> {
        let task = self.tasks.get(&key)?;
        Some(TaskRef { id: task.id, function: task.function, nth: task.nth, spawned_at: Site(task.spawned_at) })
    }

    fn object_ref(&self, key: Key) -> Option<ObjectRef> {
        let resource = self.resources.get(&key)?;
        let (id, made_at) = (ObjectId(resource.object), Site(resource.site));
        Some(ObjectRef { id, kind: resource.kind(), made_at, nth: resource.nth })
    }

    /// The finding of a ring, which a task has just closed.
    fn finding(&self, around: &[Key], ring: &[TaskId], closed_by: Key) -> Option<Finding> {
        let key_of = |id: TaskId| around.iter().copied().find(|&key| self.id(key) == id.0);
        let keys: Vec<Key> = ring.iter().filter_map(|&id| key_of(id)).collect();
        let mut ordered = keys.clone();
        ordered.sort_by_key(|&key| self.id(key));
        let mut holding: Vec<(u32, Key)> = Vec::new();
        #[expect(clippy::iter_over_hash_type, reason = "put in order below")]
        for (&key, resource) in &self.resources {
            if !resource.holds.is_empty() {
                holding.push((resource.object, key));
            }
        }
        holding.sort_unstable();
        let tasks: Option<Vec<BlockedTask>> = ordered
            .iter()
            .map(|&key| {
                let (lock, wait) = self.wants(key)?;
                let holders = self.resources.get(&lock)?.holds.iter();
                let held = holding.iter().filter_map(|(_, lock)| {
                    let hold = self.resources.get(lock)?.holds.iter().find(|hold| hold.key == key)?;
                    Some((self.object_ref(*lock)?, Site(hold.site)))
                });
                Some(BlockedTask {
                    task: self.task_ref(key)?,
                    reason: wait.reason,
                    targets: vec![Target::Object(self.object_ref(lock)?)],
                    stack: vec![Site(wait.site)],
                    since: wait.since,
                    event: Some(wait.event),
                    held: held.collect(),
                    waits_for: holders.filter_map(|hold| self.task_ref(hold.key)).collect(),
                    missing: None,
                })
            })
            .collect();
        let cycle = keys.iter().filter_map(|key| ordered.iter().position(|other| other == key)).collect();
        let closing = self.wants(closed_by).map(|(_, wait)| wait.event);
        Some(Finding {
            verdict: Verdict::Deadlock,
            message: String::new(),
            culprit: self.task_ref(closed_by),
            stack: Vec::new(),
            tasks: tasks?,
            cycle,
            clock: self.now,
            event: closing,
            race: None,
        })
    }
}
