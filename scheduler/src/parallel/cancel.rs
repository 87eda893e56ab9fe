//! Cancelling a task from any worker: the deterministic runtime's rules (see `objects::cancel`), with the claim of the wait deciding between a
//! cancellation and a wake-up that come at the same time.
//!
//! The canceller sets the flag and then looks whether the task is parked; a task that parks looks at the flag after. A sequentially
//! consistent fence stands between on both sides, so at least one of them sees the other, and the claim makes it exactly one.

use super::task::CANCEL;
use super::worker::Worker;
use crate::objects::Arm;
use crate::outcome::{At, Handle, Resume};
use crate::queue::Entry;
use crate::task::flag;
use std::sync::atomic::Ordering;
use tracer::event::Kind;
use tracer::finding::WaitReason;
use tracer::record::Tracer;

impl<V: Copy + Default, B: Default> Worker<V, B> {
    pub(super) fn cancel_task<T: Tracer>(&mut self, tr: &mut T, at: At, task: Handle) {
        let shared = self.shared();
        let mut pending = vec![task];
        while let Some(handle) = pending.pop() {
            let Some(cell) = shared.tasks.get(handle.slot) else { continue };
            let mut header = cell.header.lock();
            if header.id != handle.id {
                continue;
            }
            if header.ended {
                header.id = 0;
                drop(header);
                shared.tasks.put(&mut self.free.tasks, handle.slot);
                continue;
            }
            header.joinable = false;
            let mut clock = self.stamp_object::<T>(at, &mut header.clock);
            // The header's lock keeps the task from ending, so that flag and claim are this task's.
            let parked = cell.cancel();
            if let Some(ticket) = parked {
                if T::ON {
                    // The task parked in another object than this.
                    clock = self.after_clock(at.clock, clock.max(self.own(handle.slot).since));
                    header.clock = clock;
                }
                cell.set_cancelled(ticket, clock);
            }
            drop(header);
            tr.emit(Kind::TaskCancel as u8, at.site, clock, handle.id, parked.map_or(0, |_| handle.id));
            if let Some(ticket) = parked {
                self.unpark(tr, at, clock, handle.slot, ticket, &mut pending);
            }
        }
    }

    /// A task has just parked, and perhaps somebody wanted it to be cancelled before.
    pub(super) fn cancel_parked<T: Tracer>(&mut self, tr: &mut T, at: At, entry: Entry) {
        let cell = self.shared().tasks.at(entry.slot);
        if cell.cancels_itself(entry.ticket) {
            let (clock, id) = (self.clock(at.clock), self.own(entry.slot).id);
            cell.set_cancelled(entry.ticket, clock);
            let mut owned = Vec::new();
            tr.emit(Kind::TaskCancel as u8, at.site, clock, id, id);
            self.unpark(tr, at, clock, entry.slot, entry.ticket, &mut owned);
            for handle in owned {
                self.cancel_task(tr, at, handle);
            }
        }
    }

    /// Takes a task whose wait was claimed out of what it waits for and makes it ready; `owned` gets the futures that are cancelled with it.
    fn unpark<T: Tracer>(&mut self, tr: &mut T, at: At, clock: u64, slot: u32, ticket: u32, owned: &mut Vec<Handle>) {
        let shared = self.shared();
        shared.tasks.at(slot).flags.fetch_and(!CANCEL, Ordering::SeqCst);
        let task = self.own(slot);
        let (object, owns) = (task.object, task.flags & flag::OWNS_AWAITED != 0);
        // Whoever does not find the task there any more is later than this.
        macro_rules! leave {
            ($table:ident, $queue:ident) => {{
                let mut locked = shared.$table.at(object).lock();
                locked.clock = locked.clock.max(clock);
                locked.it.$queue.remove(slot, ticket);
            }};
        }
        match task.reason {
            WaitReason::Recv => leave!(channels, receivers),
            WaitReason::Send => leave!(channels, senders),
            WaitReason::Lock => shared.mutexes.at(object).leave(slot, ticket, clock),
            WaitReason::ReadLock | WaitReason::WriteLock => {
                let mut locked = shared.rwlocks.at(object).lock();
                locked.it.queue.remove(slot, ticket);
                locked.clock = locked.clock.max(clock);
                // A cancelled writer no longer holds back the readers behind it.
                let clock = self.stamp_object::<T>(at, &mut locked.clock);
                let id = locked.it.meta.id;
                let let_in = self.let_in(&mut locked.it);
                drop(locked);
                for entry in let_in {
                    let woken = self.wake(entry.slot, Resume::Acquired, clock);
                    tr.emit(Kind::Wake as u8, at.site, clock, woken, id);
                }
            }
            WaitReason::Await => {
                let mut header = shared.tasks.at(object).header.lock();
                let mine = |entry: &Entry| entry.slot == slot && entry.ticket == ticket;
                header.more.retain(|entry| !mine(entry));
                if mine(&header.waiter) {
                    header.waiter = header.more.pop().unwrap_or(Entry::NOBODY);
                }
                if owns && header.id != 0 {
                    owned.push(Handle { slot: object, id: header.id });
                }
            }
            WaitReason::WaitGroup => leave!(wait_groups, queue),
            WaitReason::Once => leave!(onces, queue),
            WaitReason::Barrier => leave!(barriers, queue),
            WaitReason::Semaphore => leave!(semaphores, queue),
            WaitReason::Sleep => self.timer_stale(),
            WaitReason::Io => {
                shared.external.fetch_sub(1, Ordering::AcqRel);
            }
            // The task takes its other entries out when it runs.
            WaitReason::Select => {
                let record = shared.selects.at(object).lock();
                owned.extend(record.arms.iter().rev().filter_map(|armed| match armed.arm {
                    Arm::Future(future) => Some(future),
                    _ => None,
                }));
            }
        }
        self.wake(slot, Resume::Cancelled, clock);
    }
}
