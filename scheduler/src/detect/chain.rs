//! The chain of owners, walked whenever a task is parked in something that one task will release: a lock, a once, an
//! awaited task. Nearly always it is one step long. If it comes back to its start, ends at a task that is gone, or runs
//! into tasks that are known to be stuck, a scan is called for at once, so that a ring of locks is reported at the event
//! that closes it even late in a long run.

use crate::objects::Holder;
use crate::scheduler::Scheduler;
use crate::task::{State, flag};
use tracer::finding::WaitReason;

/// Longest chain that is walked at a park; longer ones are left to the next regular scan.
const LONGEST: usize = 256;

impl<V: Copy + Default, B: Default> Scheduler<V, B> {
    /// To be called when the running task has just been parked.
    #[inline]
    pub(crate) fn check_chain(&mut self) {
        if let Some(owner) = self.sole_owner(self.core.current) {
            let task = &self.core.tasks[owner.slot];
            if task.id != owner.id || task.state == State::Blocked {
                self.walk_chain();
            }
        }
    }

    #[cold]
    #[inline(never)]
    fn walk_chain(&mut self) {
        let start = self.core.current;
        let mut slot = start;
        for _ in 0..LONGEST {
            let Some(owner) = self.sole_owner(slot) else { return };
            let task = &self.core.tasks[owner.slot];
            if task.id != owner.id || owner.slot == start || task.has(flag::REPORTED) {
                self.detector.hurry();
                return;
            }
            if task.state != State::Blocked {
                return;
            }
            slot = owner.slot;
        }
    }

    /// The one task that a parked task waits for, if its wait is of that sort.
    pub(crate) fn sole_owner(&self, slot: u32) -> Option<Holder> {
        let task = &self.core.tasks[slot];
        match task.reason {
            WaitReason::Lock => Some(self.mutexes[task.object].owner),
            WaitReason::ReadLock | WaitReason::WriteLock => {
                let lock = &self.rwlocks[task.object];
                if lock.writer.id != 0 {
                    return Some(lock.writer);
                }
                // A reader that asks to write is in a ring by itself, however many others read.
                let own = lock.readers.iter().find(|reader| reader.id == task.id);
                own.or(lock.readers.first()).copied()
            }
            WaitReason::Await => Some(Holder { slot: task.object, id: self.core.tasks[task.object].id, site: 0 }),
            WaitReason::Once => Some(self.onces[task.object].runner),
            _ => None,
        }
        .filter(|owner| owner.id != 0)
    }
}
