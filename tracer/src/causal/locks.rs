//! Locks, semaphores, wait groups, barriers and onces: nobody is let in too early, and nobody is let out too early.

use super::Checker;
use super::tasks::{State, Wait};
use crate::event::Kind;
use crate::events::Event;

/// A mutex or a read-write lock.
#[derive(Clone, Debug, Default)]
pub(super) struct Lock {
    writer: Option<u32>,
    readers: Vec<u32>,
}

#[derive(Clone, Debug)]
pub(super) struct Semaphore {
    pub permits: u32,
}

#[derive(Clone, Debug)]
pub(super) struct Barrier {
    pub parties: u32,
    pub waiting: u32,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Once {
    New,
    Running,
    Done,
}

impl Checker {
    pub(super) fn lock(&mut self, at: &Event) {
        if !at.blocked {
            return self.take(at, at.object, at.task.0, at.kind);
        }
        let held = self.locks.get(&at.object).is_some_and(|lock| lock.writer.is_some() || !lock.readers.is_empty());
        self.must(at, held, || format!("blocks, but nobody holds lock {}", at.object));
        self.block(at);
    }

    /// A task becomes a holder.
    fn take(&mut self, at: &Event, id: u32, task: u32, kind: Kind) {
        let Some(lock) = self.locks.get_mut(&id) else {
            return self.wrong(at, format!("of lock {id} before it was made"));
        };
        let (writer, reader) = (lock.writer, lock.readers.first().copied());
        if kind == Kind::ReadLock {
            lock.readers.push(task);
            self.must(at, writer.is_none(), || {
                format!("gives lock {id} to task {task} while task {} writes", writer.unwrap_or(0))
            });
        } else {
            lock.writer = Some(task);
            let holder = writer.or(reader);
            self.must(at, holder.is_none(), || {
                format!("gives lock {id} to task {task} while task {} holds it", holder.unwrap_or(0))
            });
        }
    }

    pub(super) fn unlock(&mut self, at: &Event) {
        let Some(lock) = self.locks.get_mut(&at.object) else {
            return self.wrong(at, format!("of lock {} before it was made", at.object));
        };
        let held = if at.kind == Kind::ReadUnlock {
            // A guard may be released by a task that did not take it.
            let mine = lock.readers.iter().rposition(|&reader| reader == at.task.0).unwrap_or(0);
            let held = !lock.readers.is_empty();
            if held {
                lock.readers.remove(mine);
            }
            held
        } else {
            lock.writer.take().is_some()
        };
        self.must(at, held, || format!("of lock {}, which nobody holds so", at.object));
        if let Some(kind) = self.lock_wait(at.arg) {
            self.woken(at, at.arg, kind, at.object);
            self.take(at, at.object, at.arg, kind);
        } else {
            self.woken(at, at.arg, Kind::Lock, at.object);
        }
    }

    /// The operation of a lock in which a task is blocked.
    fn lock_wait(&self, task: u32) -> Option<Kind> {
        match self.state(task)? {
            State::Blocked(wait) => {
                Some(wait.kind).filter(|kind| matches!(kind, Kind::Lock | Kind::ReadLock | Kind::WriteLock))
            }
            _ => None,
        }
    }

    pub(super) fn acquire(&mut self, at: &Event) {
        let Some(semaphore) = self.semaphores.get_mut(&at.object) else {
            return self.wrong(at, format!("of semaphore {} before it was made", at.object));
        };
        let permits = semaphore.permits;
        if at.blocked || at.kind == Kind::TryAcquireFail {
            self.must(at, permits == 0, || format!("finds no permit of semaphore {}, which has {permits}", at.object));
            if at.blocked {
                self.block(at);
            }
            return;
        }
        semaphore.permits = permits.saturating_sub(1);
        self.must(at, permits > 0, || format!("takes a permit that semaphore {} does not have", at.object));
    }

    pub(super) fn release(&mut self, at: &Event) {
        if at.arg != 0 {
            return self.woken(at, at.arg, Kind::Acquire, at.object);
        }
        if let Some(semaphore) = self.semaphores.get_mut(&at.object) {
            semaphore.permits = semaphore.permits.saturating_add(1);
        }
    }

    pub(super) fn group(&mut self, at: &Event) {
        let (id, count) = (at.object, at.arg as i32);
        let Some(&before) = self.groups.get(&id) else {
            return self.wrong(at, format!("of wait group {id} before it was made"));
        };
        let holds = match at.kind {
            Kind::WaitGroupAdd => count >= before,
            Kind::WaitGroupDone => count < before,
            _ => count == before && at.blocked == (count != 0),
        };
        self.must(at, holds, || format!("says {count} of wait group {id}, which is at {before}"));
        self.groups.insert(id, count);
        if at.blocked {
            self.block(at);
        }
    }

    pub(super) fn barrier(&mut self, at: &Event) {
        let Some(barrier) = self.barriers.get_mut(&at.object) else {
            return self.wrong(at, format!("at barrier {} before it was made", at.object));
        };
        let arrived = barrier.waiting + 1;
        let holds = at.arg == arrived && at.blocked == (arrived < barrier.parties);
        if at.blocked {
            barrier.waiting = arrived;
        }
        self.must(at, holds, || format!("says {} at barrier {}, where {arrived} have arrived", at.arg, at.object));
        if at.blocked {
            self.block(at);
        }
    }

    pub(super) fn once(&mut self, at: &Event) {
        let Some(state) = self.onces.get_mut(&at.object) else {
            return self.wrong(at, format!("of once {} before it was made", at.object));
        };
        let before = *state;
        let (wanted, after) = match at.kind {
            Kind::OnceBegin if at.blocked => (Once::Running, before),
            Kind::OnceBegin => (Once::New, Once::Running),
            _ => (Once::Running, Once::Done),
        };
        *state = after;
        self.must(at, before == wanted, || format!("of once {}, which is {before:?}", at.object));
        if at.blocked {
            self.block(at);
        }
    }

    /// A wake that has a record of its own follows an operation on this object; is it one that ends this wait?
    pub(super) fn may_be_woken(&mut self, at: &Event, wait: &Wait, object: u32) {
        let task = at.object;
        match wait.kind {
            Kind::Recv | Kind::Send | Kind::SelectWait => {
                let closed = self.is_closed(object);
                self.must(at, closed, || format!("of task {task} by channel {object}, which is not closed yet"));
                self.leaves(task, wait);
            }
            Kind::Lock | Kind::ReadLock | Kind::WriteLock => self.take(at, object, task, wait.kind),
            Kind::WaitGroupWait => {
                let count = self.groups.get(&object).copied();
                self.must(at, count == Some(0), || {
                    format!("of task {task} by wait group {object}, which is not at 0 yet")
                });
            }
            Kind::BarrierWait => self.leaves(task, wait),
            Kind::OnceBegin => {
                let state = self.onces.get(&object).copied();
                self.must(at, state == Some(Once::Done), || {
                    format!("of task {task} by once {object}, which is not done yet")
                });
            }
            _ => {}
        }
    }

    /// A task stops waiting in a queue without being served from it.
    pub(super) fn leaves(&mut self, task: u32, wait: &Wait) {
        match wait.kind {
            Kind::Recv | Kind::Send => self.leaves_channel(task, wait),
            Kind::BarrierWait => {
                if let Some(barrier) = self.barriers.get_mut(&wait.object) {
                    barrier.waiting = barrier.waiting.saturating_sub(1);
                }
            }
            _ => {}
        }
    }
}
