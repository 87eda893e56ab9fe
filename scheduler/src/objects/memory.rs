//! What the guest's garbage collector needs: what objects and tasks refer to, and freeing what was not marked.
//!
//! The interpreter marks; roots are its globals and all tasks that have not ended. An object that is in use by the
//! scheduler itself (somebody waits in it, holds it) is never freed here, whatever the marks say.

use super::{Arm, Context};
use crate::core::Meta;
use crate::outcome::Resume;
use crate::scheduler::Scheduler;
use crate::slab::{NONE, Slab};
use crate::task::{State, flag};
use tracer::event::{ObjectId, Site};
use tracer::finding::{ObjectKind, ObjectRef};

/// Something that an object or a task refers to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Child<V> {
    /// A guest value.
    Value(V),
    /// An object of the scheduler.
    Object(ObjectKind, u32),
    /// A task, whose result may be asked for.
    Task(u32),
}

impl<V: Copy + Default, B: Default> Scheduler<V, B> {
    /// What an object refers to. Handles of parked tasks are not among it: all tasks are roots.
    pub fn children(&self, kind: ObjectKind, slot: u32, mut found: impl FnMut(Child<V>)) {
        match kind {
            ObjectKind::Channel => {
                let channel = &self.channels[slot];
                channel.buffer.iter().for_each(|&value| found(Child::Value(value)));
                if channel.context != NONE {
                    found(Child::Object(ObjectKind::Context, channel.context));
                }
                if channel.timer != NONE {
                    found(Child::Object(ObjectKind::Timer, channel.timer));
                }
            }
            ObjectKind::Mutex => found(Child::Value(self.mutexes[slot].value)),
            ObjectKind::RwLock => found(Child::Value(self.rwlocks[slot].value)),
            ObjectKind::Once => found(Child::Value(self.onces[slot].value)),
            ObjectKind::Timer => found(Child::Object(ObjectKind::Channel, self.timers[slot].channel)),
            ObjectKind::Context => {
                let context = &self.contexts[slot];
                if let Some((_, value)) = context.value {
                    found(Child::Value(value));
                }
                if context.parent != NONE {
                    found(Child::Object(ObjectKind::Context, context.parent));
                }
                if context.done != NONE {
                    found(Child::Object(ObjectKind::Channel, context.done));
                }
            }
            ObjectKind::WaitGroup | ObjectKind::Barrier | ObjectKind::Semaphore | ObjectKind::Atomic => {}
        }
    }

    /// The values in flight of a task: what it offers or was handed, its result. Its body belongs to the interpreter.
    pub fn in_flight(&self, slot: u32, mut found: impl FnMut(Child<V>)) {
        let task = &self.core.tasks[slot];
        // What stands there at other times is a left-over.
        let holds = match task.state {
            State::Ended => true,
            State::Blocked => task.reason == tracer::finding::WaitReason::Send,
            State::Free | State::Ready | State::Running => {
                matches!(task.resume, Resume::Received | Resume::Done | Resume::Waited | Resume::Arm { .. })
            }
        };
        if holds {
            found(Child::Value(task.value));
        }
        if task.state == State::Blocked {
            match task.reason {
                tracer::finding::WaitReason::Select => {
                    for armed in &self.selects[task.object].arms {
                        match armed.arm {
                            Arm::Send(channel, value) => {
                                found(Child::Object(ObjectKind::Channel, channel));
                                found(Child::Value(value));
                            }
                            Arm::Recv(channel) => found(Child::Object(ObjectKind::Channel, channel)),
                            Arm::Future(future) => found(Child::Task(future.slot)),
                            Arm::Timer(_) | Arm::Never => {}
                        }
                    }
                }
                tracer::finding::WaitReason::Await => found(Child::Task(task.object)),
                _ => {}
            }
        }
    }

    /// Frees the objects of a kind that `keep` does not want and nobody uses; gives their number.
    pub fn sweep(&mut self, kind: ObjectKind, keep: impl FnMut(u32) -> bool) -> usize {
        match kind {
            ObjectKind::Channel => sweep(&mut self.channels, keep, |c| c.receivers.is_empty() && c.senders.is_empty()),
            ObjectKind::Mutex => sweep(&mut self.mutexes, keep, |m| m.owner.id == 0),
            ObjectKind::RwLock => sweep(&mut self.rwlocks, keep, |l| l.writer.id == 0 && l.readers.is_empty()),
            ObjectKind::WaitGroup => sweep(&mut self.wait_groups, keep, |g| g.queue.is_empty()),
            ObjectKind::Once => sweep(&mut self.onces, keep, |o| o.runner.id == 0),
            ObjectKind::Barrier => sweep(&mut self.barriers, keep, |b| b.queue.is_empty()),
            ObjectKind::Semaphore => sweep(&mut self.semaphores, keep, |s| s.queue.is_empty()),
            ObjectKind::Atomic => sweep(&mut self.atomics, keep, |_| true),
            ObjectKind::Timer => self.sweep_timers(keep),
            ObjectKind::Context => self.sweep_contexts(keep),
        }
    }

    /// Timers that nobody can listen to any more are freed although they are set.
    fn sweep_timers(&mut self, mut keep: impl FnMut(u32) -> bool) -> usize {
        let dead: Vec<u32> =
            self.timers.iter().filter(|(slot, t)| t.meta.id != 0 && !keep(*slot)).map(|(slot, _)| slot).collect();
        for &slot in &dead {
            self.disarm(slot);
            let timer = &mut self.timers[slot];
            timer.meta = Meta::default();
            // Where the channel was not swept before the timer it is nobody's but the collector's either.
            if let Some(channel) = self.channels.get(timer.channel)
                && channel.timer == slot
            {
                let channel = timer.channel;
                self.channels[channel].timer = NONE;
            }
            self.timers.put(slot);
        }
        dead.len()
    }

    fn sweep_contexts(&mut self, mut keep: impl FnMut(u32) -> bool) -> usize {
        let dead: Vec<u32> =
            self.contexts.iter().filter(|(slot, c)| c.meta.id != 0 && !keep(*slot)).map(|(slot, _)| slot).collect();
        for &slot in &dead {
            let timed = self.contexts[slot].timed;
            let mut children = std::mem::take(&mut self.contexts[slot].children);
            children.clear();
            self.contexts[slot] = Context { children, ..Context::default() };
            if timed {
                self.queue.one_stale(&self.core.tasks, &self.timers, &self.contexts);
            }
            self.contexts.put(slot);
        }
        dead.len()
    }

    /// Forgets the results of ended tasks whose future `keep` does not want, and that anybody might ask for those of the
    /// others; gives the number of tasks freed.
    pub fn sweep_tasks(&mut self, mut keep: impl FnMut(u32) -> bool) -> usize {
        let mut freed = 0;
        for slot in 0..self.core.tasks.slots() {
            let task = &mut self.core.tasks[slot];
            if task.joinable() && !keep(slot) {
                if task.state == State::Ended {
                    self.core.free_task(slot);
                    freed += 1;
                } else if task.waiter.slot == NONE {
                    task.flags &= !flag::JOINABLE;
                }
            }
        }
        freed
    }

    /// Number of objects of a kind.
    pub fn count(&self, kind: ObjectKind) -> usize {
        match kind {
            ObjectKind::Channel => self.channels.live(),
            ObjectKind::Mutex => self.mutexes.live(),
            ObjectKind::RwLock => self.rwlocks.live(),
            ObjectKind::WaitGroup => self.wait_groups.live(),
            ObjectKind::Once => self.onces.live(),
            ObjectKind::Barrier => self.barriers.live(),
            ObjectKind::Semaphore => self.semaphores.live(),
            ObjectKind::Atomic => self.atomics.live(),
            ObjectKind::Timer => self.timers.live(),
            ObjectKind::Context => self.contexts.live(),
        }
    }

    /// Slots of a kind, free ones too: what stands in a free one has number 0.
    pub fn slots(&self, kind: ObjectKind) -> u32 {
        match kind {
            ObjectKind::Channel => self.channels.slots(),
            ObjectKind::Mutex => self.mutexes.slots(),
            ObjectKind::RwLock => self.rwlocks.slots(),
            ObjectKind::WaitGroup => self.wait_groups.slots(),
            ObjectKind::Once => self.onces.slots(),
            ObjectKind::Barrier => self.barriers.slots(),
            ObjectKind::Semaphore => self.semaphores.slots(),
            ObjectKind::Atomic => self.atomics.slots(),
            ObjectKind::Timer => self.timers.slots(),
            ObjectKind::Context => self.contexts.slots(),
        }
    }

    /// An object as evidence.
    pub fn object(&self, kind: ObjectKind, slot: u32) -> ObjectRef {
        let meta = self.meta(kind, slot);
        ObjectRef { id: ObjectId(meta.id), kind, made_at: Site(meta.site), nth: meta.nth }
    }

    /// How many objects were made at a site so far, of any kind.
    pub fn made_at(&self, site: u32) -> u32 {
        self.core.made_at(site)
    }

    fn meta(&self, kind: ObjectKind, slot: u32) -> Meta {
        match kind {
            ObjectKind::Channel => self.channels[slot].meta,
            ObjectKind::Mutex => self.mutexes[slot].meta,
            ObjectKind::RwLock => self.rwlocks[slot].meta,
            ObjectKind::WaitGroup => self.wait_groups[slot].meta,
            ObjectKind::Once => self.onces[slot].meta,
            ObjectKind::Barrier => self.barriers[slot].meta,
            ObjectKind::Semaphore => self.semaphores[slot].meta,
            ObjectKind::Atomic => self.atomics[slot].meta,
            ObjectKind::Timer => self.timers[slot].meta,
            ObjectKind::Context => self.contexts[slot].meta,
        }
    }

    /// Bytes that the scheduler holds for the guest, roughly: tables, buffers and queues, without the tasks' bodies.
    pub fn bytes(&self) -> usize {
        fn table<T>(slab: &Slab<T>) -> usize {
            slab.slots() as usize * size_of::<T>()
        }
        let channels: usize = self
            .channels
            .iter()
            .map(|(_, c)| c.buffer.capacity() * size_of::<V>() + c.receivers.bytes() + c.senders.bytes())
            .sum();
        table(&self.core.tasks)
            + self.core.ready.bytes()
            + channels
            + table(&self.channels)
            + table(&self.selects)
            + table(&self.mutexes)
            + table(&self.rwlocks)
            + table(&self.wait_groups)
            + table(&self.onces)
            + table(&self.barriers)
            + table(&self.semaphores)
            + table(&self.atomics)
            + table(&self.timers)
            + table(&self.contexts)
            + self.queue.bytes()
    }
}

/// A thing with a number, 0 where its slot is free.
trait Numbered {
    fn meta_mut(&mut self) -> &mut Meta;
}

macro_rules! numbered {
    ($($name:ident $(<$v:ident>)?),+) => {
        $(impl $(<$v>)? Numbered for super::$name $(<$v>)? {
            fn meta_mut(&mut self) -> &mut Meta { &mut self.meta }
        })+
    };
}

numbered!(Channel<V>, Mutex<V>, RwLock<V>, WaitGroup, Once<V>, Barrier, Semaphore, Atomic);

fn sweep<T: Numbered + Default>(
    slab: &mut Slab<T>,
    mut keep: impl FnMut(u32) -> bool,
    idle: impl Fn(&T) -> bool,
) -> usize {
    let mut freed = 0;
    for slot in 0..slab.slots() {
        let item = &mut slab[slot];
        if item.meta_mut().id != 0 && idle(item) && !keep(slot) {
            *item.meta_mut() = Meta::default();
            slab.put(slot);
            freed += 1;
        }
    }
    freed
}
