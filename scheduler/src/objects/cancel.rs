//! Cancelling a task: the loser of an async select.
//!
//! A parked task is taken out of what it waits for and runs again with [`Resume::Cancelled`], to do its deferred work and
//! end; what it awaited as the only owner is cancelled with it. A task that is not parked may just have been handed a
//! value or a lock, which must not be lost: it goes on until its next wait. One that has never run ends at once.

use super::Arm;
use crate::outcome::{At, Handle, Resume};
use crate::scheduler::Scheduler;
use crate::task::{State, flag};
use tracer::event::Kind;
use tracer::finding::WaitReason;
use tracer::record::Tracer;

impl<V: Copy + Default, B: Default> Scheduler<V, B> {
    /// Cancels a task and drops its future. Does nothing where the task is gone.
    pub fn cancel_task<T: Tracer>(&mut self, tr: &mut T, at: At, task: Handle) {
        let mut pending = vec![task];
        while let Some(handle) = pending.pop() {
            let Some(task) = self.core.tasks.get(handle.slot).filter(|task| task.id == handle.id) else { continue };
            let slot = handle.slot;
            match task.state {
                State::Free => {}
                State::Ended => self.core.free_task(slot),
                State::Ready if !task.has(flag::STARTED) => {
                    let task = &mut self.core.tasks[slot];
                    task.flags &= !(flag::JOINABLE | flag::CANCEL);
                    task.resume = Resume::Cancelled;
                    tr.emit(Kind::TaskCancel as u8, at.site, at.clock, handle.id, 0);
                }
                State::Ready | State::Running => {
                    let task = &mut self.core.tasks[slot];
                    task.flags = task.flags & !flag::JOINABLE | flag::CANCEL;
                    tr.emit(Kind::TaskCancel as u8, at.site, at.clock, handle.id, 0);
                }
                State::Blocked => {
                    let task = &mut self.core.tasks[slot];
                    task.flags &= !(flag::JOINABLE | flag::CANCEL);
                    tr.emit(Kind::TaskCancel as u8, at.site, at.clock, handle.id, handle.id);
                    self.unpark(tr, at, slot, &mut pending);
                }
            }
        }
    }

    /// Takes a parked task out of what it waits for; `owned` gets the futures that are cancelled with it.
    fn unpark<T: Tracer>(&mut self, tr: &mut T, at: At, slot: u32, owned: &mut Vec<Handle>) {
        let (reason, object, owns) = {
            let task = &self.core.tasks[slot];
            (task.reason, task.object, task.has(flag::OWNS_AWAITED))
        };
        if reason == WaitReason::Select {
            owned.extend(self.selects[object].arms.iter().rev().filter_map(|armed| match armed.arm {
                Arm::Future(future) => Some(future),
                _ => None,
            }));
        }
        self.core.wake(slot, Resume::Cancelled);
        let tasks = &self.core.tasks;
        match reason {
            WaitReason::Recv => self.channels[object].receivers.one_stale(tasks),
            WaitReason::Send => self.channels[object].senders.one_stale(tasks),
            WaitReason::Select => self.leave_select(slot, crate::queue::PLAIN),
            WaitReason::Lock => self.mutexes[object].queue.one_stale(tasks),
            WaitReason::ReadLock | WaitReason::WriteLock => {
                self.rwlocks[object].queue.one_stale(tasks);
                // A cancelled writer no longer holds back the readers behind it.
                self.let_in_rest(tr, at, object);
            }
            WaitReason::Await => {
                if owns {
                    owned.push(self.core.tasks[object].handle(object));
                }
            }
            WaitReason::WaitGroup => self.wait_groups[object].queue.one_stale(tasks),
            WaitReason::Once => self.onces[object].queue.one_stale(tasks),
            WaitReason::Barrier => self.barriers[object].queue.one_stale(tasks),
            WaitReason::Semaphore => self.semaphores[object].queue.one_stale(tasks),
            WaitReason::Sleep => self.queue.one_stale(tasks, &self.timers, &self.contexts),
            WaitReason::Io => self.external -= 1,
        }
    }
}
