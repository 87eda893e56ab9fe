//! From stuck tasks to findings: what each waits for, what it holds, who would have to act, who is missing, and which
//! tasks belong into one finding.

use super::Reach;
use super::groups::{Groups, ring};
use crate::core::EndedTask;
use crate::objects::{Arm, Holder};
use crate::scheduler::Scheduler;
use crate::task::Task;
use rustc_hash::FxHashMap;
use tracer::event::Site;
use tracer::finding::{BlockedTask, Finding, Missing, ObjectKind, ObjectRef, Target, TaskRef, Verdict, WaitReason};

/// Stuck tasks up to which it is found out who reaches whose channel; each needs a marking of its own. In larger sets only
/// owners and awaited tasks are named.
const SMALL: usize = 64;

/// The findings about `fresh`, the tasks among the `stuck` ones that were not reported before.
pub(super) fn findings<V: Copy + Default, B: Default>(
    s: &Scheduler<V, B>,
    reach: &mut impl Reach<V, B>,
    stuck: &[u32],
    fresh: &[u32],
) -> Vec<Finding> {
    let index: FxHashMap<u32, usize> = fresh.iter().enumerate().map(|(i, &slot)| (slot, i)).collect();
    let mut waits: Vec<Wait> = fresh.iter().map(|&slot| Wait::new(s, slot)).collect();
    if stuck.len() <= SMALL {
        find_reachers(s, reach, stuck, &mut waits);
    }
    let mut held = held_objects(s, &index);

    let mut groups = Groups::new(fresh.len());
    let mut by_object: FxHashMap<(ObjectKind, u32), usize> = FxHashMap::default();
    for (i, wait) in waits.iter().enumerate() {
        for slot in wait.owners.iter().chain(&wait.reachers) {
            if let Some(&j) = index.get(slot) {
                groups.join(i, j);
            }
        }
        for &object in &wait.objects {
            let j = *by_object.entry(object).or_insert(i);
            groups.join(i, j);
        }
    }

    let mut members: Vec<Vec<usize>> = vec![Vec::new(); fresh.len()];
    for i in 0..fresh.len() {
        members[groups.find(i)].push(i);
    }
    members.retain(|group| !group.is_empty());
    members.iter().map(|group| finding(s, reach, fresh, &waits, &mut held, group)).collect()
}

/// What a stuck task waits for.
struct Wait {
    targets: Vec<Target>,
    objects: Vec<(ObjectKind, u32)>,
    /// Slots of the tasks that own what it waits for, or are it.
    owners: Vec<u32>,
    /// Slots of stuck tasks that could reach it, if they could run.
    reachers: Vec<u32>,
    /// An owner that is gone.
    lost: u32,
}

impl Wait {
    fn new<V: Copy + Default, B: Default>(s: &Scheduler<V, B>, slot: u32) -> Self {
        let mut wait = Wait { targets: vec![], objects: vec![], owners: vec![], reachers: vec![], lost: 0 };
        let task = &s.core.tasks[slot];
        match task.reason {
            WaitReason::Await => wait.future(s, task.object),
            WaitReason::Select => {
                for armed in &s.selects[task.object].arms {
                    match armed.arm {
                        Arm::Recv(channel) | Arm::Send(channel, _) => wait.object(s, ObjectKind::Channel, channel),
                        Arm::Future(future) => wait.future(s, future.slot),
                        Arm::Timer(_) | Arm::Never => {}
                    }
                }
            }
            WaitReason::Send | WaitReason::Recv => wait.object(s, ObjectKind::Channel, task.object),
            WaitReason::Lock => {
                wait.object(s, ObjectKind::Mutex, task.object);
                wait.owner(s, s.mutexes[task.object].owner);
            }
            WaitReason::ReadLock | WaitReason::WriteLock => {
                wait.object(s, ObjectKind::RwLock, task.object);
                let lock = &s.rwlocks[task.object];
                // Its own read lock first: an upgrade is a ring of one.
                let (own, others): (Vec<Holder>, Vec<Holder>) = lock
                    .readers
                    .iter()
                    .chain((lock.writer.id != 0).then_some(&lock.writer))
                    .partition(|h| h.id == task.id);
                own.into_iter().chain(others).for_each(|holder| wait.owner(s, holder));
            }
            WaitReason::Once => {
                wait.object(s, ObjectKind::Once, task.object);
                wait.owner(s, s.onces[task.object].runner);
            }
            WaitReason::WaitGroup => wait.object(s, ObjectKind::WaitGroup, task.object),
            WaitReason::Barrier => wait.object(s, ObjectKind::Barrier, task.object),
            WaitReason::Semaphore => wait.object(s, ObjectKind::Semaphore, task.object),
            WaitReason::Sleep | WaitReason::Io => {}
        }
        wait
    }

    fn object<V: Copy + Default, B: Default>(&mut self, s: &Scheduler<V, B>, kind: ObjectKind, slot: u32) {
        self.objects.push((kind, slot));
        self.targets.push(Target::Object(s.object(kind, slot)));
    }

    fn future<V: Copy + Default, B: Default>(&mut self, s: &Scheduler<V, B>, slot: u32) {
        self.owners.push(slot);
        self.targets.push(Target::Task(s.core.tasks[slot].evidence()));
    }

    fn owner<V: Copy + Default, B: Default>(&mut self, s: &Scheduler<V, B>, holder: Holder) {
        if holder.id == 0 {
            return;
        }
        if s.core.tasks[holder.slot].id == holder.id {
            if !self.owners.contains(&holder.slot) {
                self.owners.push(holder.slot);
            }
        } else {
            self.lost = holder.id;
        }
    }

    /// Whether it waits for something that whoever reaches it can give.
    fn open(&self) -> impl Iterator<Item = (ObjectKind, u32)> {
        let open = |kind| !matches!(kind, ObjectKind::Mutex | ObjectKind::RwLock | ObjectKind::Once);
        self.objects.iter().copied().filter(move |&(kind, _)| open(kind))
    }
}

/// Which stuck tasks could reach what the others wait for. Those who wait in the very same object are no help.
fn find_reachers<V: Copy + Default, B: Default>(
    s: &Scheduler<V, B>,
    reach: &mut impl Reach<V, B>,
    stuck: &[u32],
    waits: &mut [Wait],
) {
    for &slot in stuck {
        let own = Wait::new(s, slot).objects;
        reach.begin(s, false);
        reach.add_task(s, slot);
        for wait in waits.iter_mut() {
            if wait.open().any(|object| !own.contains(&object) && reach.reached(object.0, object.1)) {
                wait.reachers.push(slot);
            }
        }
    }
}

/// The locks and permits that each of the tasks holds.
fn held_objects<V: Copy + Default, B: Default>(
    s: &Scheduler<V, B>,
    index: &FxHashMap<u32, usize>,
) -> Vec<Vec<(ObjectRef, Site)>> {
    let mut held = vec![Vec::new(); index.len()];
    let mut note = |kind, slot, holder: &Holder| {
        if holder.id != 0
            && let Some(&i) = index.get(&holder.slot)
            && s.core.tasks[holder.slot].id == holder.id
        {
            held[i].push((s.object(kind, slot), Site(holder.site)));
        }
    };
    for (slot, mutex) in s.mutexes.iter() {
        note(ObjectKind::Mutex, slot, &mutex.owner);
    }
    for (slot, lock) in s.rwlocks.iter() {
        lock.readers.iter().chain([&lock.writer]).for_each(|holder| note(ObjectKind::RwLock, slot, holder));
    }
    for (slot, semaphore) in s.semaphores.iter() {
        semaphore.holders.iter().for_each(|holder| note(ObjectKind::Semaphore, slot, holder));
    }
    held
}

fn finding<V: Copy + Default, B: Default>(
    s: &Scheduler<V, B>,
    reach: &impl Reach<V, B>,
    fresh: &[u32],
    waits: &[Wait],
    held: &mut [Vec<(ObjectRef, Site)>],
    group: &[usize],
) -> Finding {
    let place: FxHashMap<u32, usize> = group.iter().enumerate().map(|(place, &i)| (fresh[i], place)).collect();
    let mut tasks = Vec::new();
    let mut edges = Vec::new();
    let mut closed = Closing::default();
    let mut deadlock = false;
    for &i in group {
        let (slot, wait) = (fresh[i], &waits[i]);
        let task = &s.core.tasks[slot];
        deadlock |= task.id == 1;
        let missing = missing(s, task, wait);
        closed.consider(task.event, task.since, task.evidence());
        if let Some(ended) = missing {
            closed.consider(ended.event, ended.clock, ended.task);
        }
        // A channel that several could serve is no link of a ring: any of them could break it.
        let sole = if wait.owners.is_empty() && wait.reachers.len() == 1 { &wait.reachers } else { &wait.owners };
        edges.push(sole.iter().filter_map(|slot| place.get(slot).copied()).collect());
        let mut stack = reach.stack(s, slot);
        if stack.is_empty() {
            stack.push(Site(task.site));
        }
        tasks.push(BlockedTask {
            task: task.evidence(),
            reason: task.reason,
            targets: wait.targets.clone(),
            stack,
            since: task.since,
            event: s.core.traced.then_some(task.event),
            held: std::mem::take(&mut held[i]),
            waits_for: wait.owners.iter().chain(&wait.reachers).map(|&slot| s.core.tasks[slot].evidence()).collect(),
            missing: missing.map(|ended| Missing { task: ended.task, ended_at: Site(ended.ended_at) }),
        });
    }
    Finding {
        verdict: if deadlock { Verdict::Deadlock } else { Verdict::Leak },
        message: String::new(),
        culprit: closed.task,
        stack: Vec::new(),
        tasks,
        cycle: ring(&edges),
        clock: closed.clock,
        event: s.core.traced.then_some(closed.event),
        race: None,
    }
}

/// The partner that a task waits for in vain: the ended owner of its lock; else the last task that could reach what it
/// waits for, or, if there was none while it waited, the last that did its part there. None of them if it lives.
fn missing<'a, V: Copy + Default, B: Default>(
    s: &'a Scheduler<V, B>,
    task: &Task<V, B>,
    wait: &Wait,
) -> Option<&'a EndedTask> {
    if wait.lost != 0 {
        return s.core.ended_task(wait.lost);
    }
    if !wait.owners.is_empty() || !wait.reachers.is_empty() {
        return None;
    }
    let last = match task.reason {
        _ if task.partner != 0 => task.partner,
        WaitReason::Recv => s.channels[task.object].last_sender,
        WaitReason::Send => s.channels[task.object].last_receiver,
        WaitReason::WaitGroup => s.wait_groups[task.object].last_done,
        WaitReason::Semaphore => s.semaphores[task.object].last_release,
        _ => 0,
    };
    s.core.ended_task(last)
}

/// The newest event that had to happen for the finding to be true.
#[derive(Default)]
struct Closing {
    event: u64,
    clock: u64,
    task: Option<TaskRef>,
}

impl Closing {
    fn consider(&mut self, event: u64, clock: u64, task: TaskRef) {
        if self.task.is_none() || (clock, event) > (self.clock, self.event) {
            *self = Closing { event, clock, task: Some(task) };
        }
    }
}
