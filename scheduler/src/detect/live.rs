//! Which tasks are live, by fixpoint: start with those that need nobody, mark what they reach, add those whose wait can
//! come to an end because of that, and so on.
//!
//! | parked in | can come to an end if |
//! |---|---|
//! | send, receive | a live task reaches the channel, or a pending timer or a context that may be cancelled feeds it |
//! | mutex | its owner is live (an owner that is gone: a live task reaches the mutex) |
//! | read-write lock | all its holders are live; reading also: a writer that waits in front is live |
//! | either of them where locks are open ([`Scheduler::open_locks`]) | also: a live task reaches it |
//! | await | the task is live |
//! | once | the task inside it is live |
//! | wait group, barrier, semaphore | a live task reaches it |
//! | select | any of its arms could be chosen |
//! | anything, if tasks can be cancelled | a live task reaches its future |
//!
//! Reaching a channel counts whatever its holder does with it: a task that only ever receives might send. That errs on the
//! side of silence; the finding then comes when the holder ends.

use super::Reach;
use crate::objects::{Arm, Holder};
use crate::scheduler::Scheduler;
use crate::slab::NONE;
use crate::task::{State, flag};
use std::collections::VecDeque;
use tracer::finding::{ObjectKind, WaitReason};

/// What a scan saw.
pub(crate) struct Seen {
    /// Slots of the stuck tasks, in order of their numbers.
    pub stuck: Vec<u32>,
    /// Parked tasks that are live, with the number of the live task that can reach what they wait for, where that is
    /// another one than before. Only known (not 0) while the program is small enough to look at every pair.
    pub partners: Vec<(u32, u32)>,
    /// No task is live at all.
    pub nothing_live: bool,
    /// Tasks looked at.
    pub cost: u64,
}

/// Pairs of live and parked tasks up to which each parked task learns who can wake it.
const PAIRS: usize = 1 << 12;

pub(crate) fn live_set<V: Copy + Default, B: Default>(s: &Scheduler<V, B>, reach: &mut impl Reach<V, B>) -> Seen {
    let mut set = LiveSet {
        live: vec![false; s.core.tasks.slots() as usize],
        queue: VecDeque::new(),
        partners: Vec::new(),
        cost: s.core.tasks.slots() as u64,
    };
    let mut parked = Vec::new();
    for (slot, task) in s.core.tasks.iter() {
        match task.state {
            State::Free | State::Ended => {}
            // A cancellation that is still to be delivered will make it run.
            State::Blocked if task.has(flag::CANCEL) => set.add(slot),
            State::Blocked if !matches!(task.reason, WaitReason::Sleep | WaitReason::Io) => parked.push(slot),
            State::Ready | State::Running | State::Blocked => set.add(slot),
        }
    }
    let attribute = parked.len().saturating_mul(s.core.live as usize) <= PAIRS;
    // Globals are of use only to a task that can run; a timer may still make one run.
    reach.begin(s, !set.queue.is_empty());
    if set.queue.is_empty() {
        set.pass(s, reach, &mut parked, 0);
        if !set.queue.is_empty() {
            reach.begin(s, true);
        }
    }
    let nothing_live = set.queue.is_empty();
    let mut reached = reach.cost();
    while !set.queue.is_empty() {
        while let Some(slot) = set.queue.pop_front() {
            reach.add_task(s, slot);
            if attribute && (reach.cost() != reached) {
                reached = reach.cost();
                set.pass(s, reach, &mut parked, s.core.tasks[slot].id);
            }
        }
        // Chains of waits mostly follow the order of creation, one way or the other: looking in turns from both ends
        // finds them in a few rounds.
        set.pass(s, reach, &mut parked, 0);
        parked.reverse();
    }
    parked.sort_unstable_by_key(|&slot| s.core.tasks[slot].id);
    Seen { stuck: parked, partners: set.partners, nothing_live, cost: set.cost }
}

struct LiveSet {
    live: Vec<bool>,
    /// Live tasks whose reach is not marked yet.
    queue: VecDeque<u32>,
    partners: Vec<(u32, u32)>,
    cost: u64,
}

impl LiveSet {
    fn add(&mut self, slot: u32) {
        self.live[slot as usize] = true;
        self.queue.push_back(slot);
    }

    /// Moves the parked tasks that can be woken to the live ones; `partner` is who made the difference, 0 for unknown.
    fn pass<V: Copy + Default, B: Default>(
        &mut self,
        s: &Scheduler<V, B>,
        reach: &impl Reach<V, B>,
        parked: &mut Vec<u32>,
        partner: u32,
    ) {
        self.cost += parked.len() as u64;
        parked.retain(|&slot| {
            let can = self.can_wake(s, reach, slot);
            if can {
                self.add(slot);
                if partner != s.core.tasks[slot].partner {
                    self.partners.push((slot, partner));
                }
            }
            !can
        });
    }

    fn can_wake<V: Copy + Default, B: Default>(
        &self,
        s: &Scheduler<V, B>,
        reach: &impl Reach<V, B>,
        slot: u32,
    ) -> bool {
        if s.may_cancel && s.core.tasks[slot].joinable() && reach.reached_task(slot) {
            return true;
        }
        let task = &s.core.tasks[slot];
        let object = task.object;
        match task.reason {
            WaitReason::Send | WaitReason::Recv => channel_live(s, reach, object),
            WaitReason::Lock => {
                s.open_locks && reach.reached(ObjectKind::Mutex, object)
                    || self.holder_live(s, s.mutexes[object].owner, || reach.reached(ObjectKind::Mutex, object))
            }
            WaitReason::ReadLock | WaitReason::WriteLock => {
                let lock = &s.rwlocks[object];
                let orphan = || reach.reached(ObjectKind::RwLock, object);
                if s.open_locks && orphan() {
                    return true;
                }
                if lock.writer.id != 0 {
                    return self.holder_live(s, lock.writer, orphan);
                }
                lock.readers.iter().all(|&reader| self.holder_live(s, reader, orphan))
                    || task.reason == WaitReason::ReadLock
                        && lock.queue.iter(&s.core.tasks).any(|entry| self.live[entry.slot as usize])
            }
            WaitReason::Await => self.live[object as usize],
            WaitReason::Once => self.holder_live(s, s.onces[object].runner, || reach.reached(ObjectKind::Once, object)),
            WaitReason::WaitGroup => reach.reached(ObjectKind::WaitGroup, object),
            WaitReason::Barrier => reach.reached(ObjectKind::Barrier, object),
            WaitReason::Semaphore => reach.reached(ObjectKind::Semaphore, object),
            WaitReason::Select => s.selects[object].arms.iter().any(|armed| match armed.arm {
                Arm::Recv(channel) | Arm::Send(channel, _) => channel_live(s, reach, channel),
                Arm::Timer(_) => true,
                Arm::Future(future) => {
                    // A future whose task is gone or has ended would have been ready.
                    s.core.tasks[future.slot].id != future.id || self.live[future.slot as usize]
                }
                Arm::Never => false,
            }),
            WaitReason::Sleep | WaitReason::Io => true,
        }
    }

    fn holder_live<V, B>(&self, s: &Scheduler<V, B>, holder: Holder, orphan: impl Fn() -> bool) -> bool {
        let there = holder.slot != NONE && s.core.tasks[holder.slot].id == holder.id;
        if there { self.live[holder.slot as usize] } else { orphan() }
    }
}

fn channel_live<V: Copy + Default, B: Default>(s: &Scheduler<V, B>, reach: &impl Reach<V, B>, slot: u32) -> bool {
    if reach.reached(ObjectKind::Channel, slot) {
        return true;
    }
    let channel = &s.channels[slot];
    if s.armed(channel.timer) {
        return true;
    }
    let mut context = channel.context;
    while context != NONE {
        if s.contexts[context].timed || reach.reached(ObjectKind::Context, context) {
            return true;
        }
        context = s.contexts[context].parent;
    }
    false
}
