//! What a debugger asks of a stopped run: objects, who holds them and who waits for them, timers. Plain facts by value; who asks
//! words them.
//!
//! Nothing here changes anything. Waiting tasks are given in the order in which they will be served; entries of waits that are over
//! are left out. An object is looked at in time that does not depend on how many others there are.

use crate::objects::timer::Target;
use crate::objects::{Arm, Cause, Holder, rwlock};
use crate::queue::{Entry, PLAIN, Queue};
use crate::scheduler::Scheduler;
use crate::slab::NONE;
use crate::task::State;
use std::cmp::Reverse;
use tracer::event::{Site, TaskId};
use tracer::finding::{ObjectKind, ObjectRef};

/// A task that waits for an object.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Waiting<V> {
    /// Who.
    pub task: TaskId,
    /// Its slot.
    pub slot: u32,
    /// The arm of its select, from 0, where it waits in one.
    pub arm: Option<u16>,
    /// What it wants.
    pub wants: Wants<V>,
}

/// What a waiting task wants.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wants<V> {
    /// The object itself: its lock, its permit, its end.
    It,
    /// To receive.
    Receive,
    /// To send this.
    Send(V),
    /// To read.
    Read,
    /// To write.
    Write,
}

/// A task that holds an object.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Holding {
    /// Who: it may have ended since.
    pub task: TaskId,
    /// Whether it has not ended.
    pub live: bool,
    /// Where it was taken.
    pub site: Site,
}

/// What an object is like, by its kind.
#[derive(Clone, Debug, PartialEq)]
pub enum Facts<V> {
    /// A channel.
    Channel {
        /// Room.
        capacity: u32,
        /// Values in it, the next to be received first.
        buffered: Vec<V>,
        /// It is closed.
        closed: bool,
        /// The context that closes it.
        context: Option<u32>,
        /// The timer or ticker that sends to it.
        timer: Option<u32>,
        /// Who sent last, or tried to.
        last_sender: Option<TaskId>,
        /// Who received last, or tried to.
        last_receiver: Option<TaskId>,
    },
    /// A mutex.
    Mutex {
        /// Who holds it.
        owner: Option<Holding>,
        /// What it guards.
        value: V,
    },
    /// A read-write lock.
    RwLock {
        /// Who reads.
        readers: Vec<Holding>,
        /// Who writes.
        writer: Option<Holding>,
        /// What it guards.
        value: V,
    },
    /// A wait group.
    WaitGroup {
        /// Its counter.
        count: i64,
        /// Who lowered it last.
        last_done: Option<TaskId>,
    },
    /// A once.
    Once {
        /// Who runs its body.
        runner: Option<Holding>,
        /// The body has run.
        done: bool,
        /// Its value.
        value: V,
    },
    /// A barrier; those who have arrived wait.
    Barrier {
        /// How many it waits for.
        parties: u32,
    },
    /// A semaphore.
    Semaphore {
        /// Permits left.
        permits: u64,
        /// Who took those that are out, oldest first.
        holders: Vec<Holding>,
    },
    /// An atomic.
    Atomic {
        /// Its value.
        value: i64,
    },
    /// A timer or ticker.
    Timer {
        /// Nanoseconds between two ticks; `None` fires once.
        period: Option<u64>,
        /// When it fires next, in the guest's time; `None` where it is not set.
        deadline: Option<u64>,
        /// Slot of the channel that it sends to.
        channel: u32,
    },
    /// A context.
    Context {
        /// Slot of the one above it.
        parent: Option<u32>,
        /// Why it is cancelled, if it is.
        cause: Option<Cause>,
        /// The earliest deadline from it to the root, in the guest's time.
        deadline: Option<u64>,
        /// What it carries: a key and a value.
        value: Option<(Box<str>, V)>,
        /// Slot of the channel that closes with it, where somebody asked for one.
        done: Option<u32>,
    },
}

/// An object.
#[derive(Clone, Debug, PartialEq)]
pub struct ObjectState<V> {
    /// Which it is.
    pub object: ObjectRef,
    /// Its slot, as values of the guest name it.
    pub slot: u32,
    /// What it is like.
    pub facts: Facts<V>,
    /// Who waits for it, in the order in which they will be served: of a channel the receivers or the senders, of which only one
    /// kind can be there, except in selects.
    pub waiting: Vec<Waiting<V>>,
}

/// Something that waits for a point in time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pending {
    /// When, in the guest's time.
    pub deadline: u64,
    /// Its number in events.
    pub object: u32,
    /// What happens then.
    pub fires: Fires,
}

/// What happens when a point in time comes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fires {
    /// This task is woken; the arm of its select, where it waits in one.
    Task(TaskId, Option<u16>),
    /// The timer in this slot sends.
    Timer(u32),
    /// The context in this slot is cancelled.
    Context(u32),
}

impl<V: Copy + Default, B: Default> Scheduler<V, B> {
    /// All live objects of a kind, by slot.
    pub fn live_objects(&self, kind: ObjectKind) -> impl Iterator<Item = (u32, ObjectRef)> + '_ {
        (0..self.slots(kind)).map(move |slot| (slot, self.object(kind, slot))).filter(|(_, object)| object.id.0 != 0)
    }

    /// An object; `None` where there is none in that slot.
    pub fn inspect(&self, kind: ObjectKind, slot: u32) -> Option<ObjectState<V>> {
        if slot >= self.slots(kind) || self.object(kind, slot).id.0 == 0 {
            return None;
        }
        let mut waiting = Vec::new();
        let facts = match kind {
            ObjectKind::Channel => {
                let ch = &self.channels[slot];
                waiting.extend(self.waiting(&ch.receivers, |_| Wants::Receive));
                waiting.extend(self.waiting(&ch.senders, |entry| Wants::Send(self.offer(entry))));
                Facts::Channel {
                    capacity: ch.capacity,
                    buffered: ch.buffer.iter().copied().collect(),
                    closed: ch.closed,
                    context: some(ch.context),
                    timer: some(ch.timer),
                    last_sender: who(ch.last_sender),
                    last_receiver: who(ch.last_receiver),
                }
            }
            ObjectKind::Mutex => {
                let mutex = &self.mutexes[slot];
                waiting.extend(self.waiting(&mutex.queue, |_| Wants::It));
                Facts::Mutex { owner: self.holding(mutex.owner), value: mutex.value }
            }
            ObjectKind::RwLock => {
                let lock = &self.rwlocks[slot];
                let side = |entry: &Entry| if entry.tag == rwlock::WRITE { Wants::Write } else { Wants::Read };
                waiting.extend(self.waiting(&lock.queue, side));
                let readers = lock.readers.iter().filter_map(|&holder| self.holding(holder)).collect();
                Facts::RwLock { readers, writer: self.holding(lock.writer), value: lock.value }
            }
            ObjectKind::WaitGroup => {
                let group = &self.wait_groups[slot];
                waiting.extend(self.waiting(&group.queue, |_| Wants::It));
                Facts::WaitGroup { count: group.count, last_done: who(group.last_done) }
            }
            ObjectKind::Once => {
                let once = &self.onces[slot];
                waiting.extend(self.waiting(&once.queue, |_| Wants::It));
                Facts::Once { runner: self.holding(once.runner), done: once.done, value: once.value }
            }
            ObjectKind::Barrier => {
                let barrier = &self.barriers[slot];
                waiting.extend(self.waiting(&barrier.queue, |_| Wants::It));
                Facts::Barrier { parties: barrier.parties }
            }
            ObjectKind::Semaphore => {
                let semaphore = &self.semaphores[slot];
                waiting.extend(self.waiting(&semaphore.queue, |_| Wants::It));
                let holders = semaphore.holders.iter().filter_map(|&holder| self.holding(holder)).collect();
                Facts::Semaphore { permits: semaphore.permits, holders }
            }
            ObjectKind::Atomic => Facts::Atomic { value: self.atomics[slot].value },
            ObjectKind::Timer => {
                let timer = &self.timers[slot];
                Facts::Timer {
                    period: (timer.period != 0).then_some(timer.period),
                    deadline: self.deadline_of(slot),
                    channel: timer.channel,
                }
            }
            ObjectKind::Context => {
                let context = &self.contexts[slot];
                Facts::Context {
                    parent: some(context.parent),
                    cause: context.cause,
                    deadline: context.deadline,
                    value: context.value.clone(),
                    done: some(context.done),
                }
            }
        };
        Some(ObjectState { object: self.object(kind, slot), slot, facts, waiting })
    }

    /// Everything that waits for a point in time, the earliest first.
    pub fn pending(&self) -> Vec<Pending> {
        let mut all: Vec<_> = self.queue.heap.iter().map(|Reverse(pending)| pending).collect();
        all.retain(|pending| pending.valid(&self.core.tasks, &self.timers, &self.contexts));
        all.sort_unstable();
        let fires = |target: Target| match target {
            Target::Task { slot, arm, .. } => {
                Fires::Task(TaskId(self.core.tasks[slot].id), (arm != PLAIN).then_some(arm))
            }
            Target::Timer { slot, .. } => Fires::Timer(slot),
            Target::Context { slot, .. } => Fires::Context(slot),
        };
        let pending = all.iter().map(|pending| Pending {
            deadline: pending.deadline,
            object: pending.object,
            fires: fires(pending.target),
        });
        pending.collect()
    }

    /// What the parked select of a task waits for, arm by arm; `None` where it is in none.
    pub fn arms_of(&self, slot: u32) -> Option<impl Iterator<Item = Arm<V>> + '_> {
        let task = self.core.tasks.get(slot)?;
        let record = task.blocked_in(tracer::finding::WaitReason::Select).then_some(task.object)?;
        Some(self.selects[record].arms.iter().map(|armed| armed.arm))
    }

    fn waiting<'a>(
        &'a self,
        queue: &'a Queue,
        wants: impl Fn(&Entry) -> Wants<V> + 'a,
    ) -> impl Iterator<Item = Waiting<V>> + 'a {
        queue.iter(&self.core.tasks).map(move |entry| Waiting {
            task: TaskId(self.core.tasks[entry.slot].id),
            slot: entry.slot,
            arm: (entry.arm != PLAIN).then_some(entry.arm),
            wants: wants(&entry),
        })
    }

    /// What a waiting sender offers.
    fn offer(&self, entry: &Entry) -> V {
        if entry.arm == PLAIN { self.core.tasks[entry.slot].value } else { self.offered(entry.slot, entry.arm) }
    }

    fn holding(&self, holder: Holder) -> Option<Holding> {
        (holder.id != 0).then(|| Holding {
            task: TaskId(holder.id),
            live: self
                .core
                .tasks
                .get(holder.slot)
                .is_some_and(|task| task.id == holder.id && !matches!(task.state, State::Free | State::Ended)),
            site: Site(holder.site),
        })
    }

    fn deadline_of(&self, timer: u32) -> Option<u64> {
        let order = Some(self.timers[timer].armed).filter(|&order| order != 0)?;
        self.queue.heap.iter().find(|Reverse(pending)| pending.order == order).map(|Reverse(pending)| pending.deadline)
    }
}

fn some(slot: u32) -> Option<u32> {
    (slot != NONE).then_some(slot)
}

fn who(id: u32) -> Option<TaskId> {
    (id != 0).then_some(TaskId(id))
}
