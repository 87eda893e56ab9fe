//! Select over any mix of receives, sends, timers and futures.
//!
//! Two calls, so that arms can be evaluated once: [`Scheduler::select_try`] does a ready arm's operation, chosen by the
//! oracle; only if nothing is ready, [`Scheduler::select_block`] puts an entry of the task into the queue of every arm.
//! Whoever comes first claims the task by raising its ticket; `leave_select` then tells the other queues that their
//! entries are stale. The arms of a parked select stand in a record of their own: what a send arm offers is there.

use crate::core::blocked;
use crate::outcome::{ArmOutcome, At, Handle, Selected, Try};
use crate::queue::{Entry, PLAIN};
use crate::scheduler::{Scheduler, TAKES};
use crate::task::{State, flag};
use crate::{core::Core, oracle::Choice, oracle::Oracle};
use tracer::event::Kind;
use tracer::finding::WaitReason;
use tracer::record::Tracer;

/// An arm.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Arm<V> {
    /// Receive from a channel.
    Recv(u32),
    /// Send a value to a channel.
    Send(u32, V),
    /// Wait for this many nanoseconds.
    Timer(u64),
    /// Wait for the end of a task and take its result.
    Future(Handle),
    /// Never ready (a channel that is not there).
    Never,
}

/// The arms of a parked select.
#[derive(Clone, Debug)]
pub struct Select<V> {
    pub(crate) arms: Vec<Armed<V>>,
}

impl<V> Default for Select<V> {
    fn default() -> Self {
        Self { arms: Vec::new() }
    }
}

/// An arm with what events call its object.
#[derive(Clone, Copy, Debug)]
pub struct Armed<V> {
    pub(crate) arm: Arm<V>,
    pub(crate) object: u32,
}

impl<V: Copy + Default, B: Default> Scheduler<V, B> {
    /// Does the operation of a ready arm, if there is one. Of several the oracle chooses.
    #[inline]
    pub fn select_try<T: Tracer>(&mut self, tr: &mut T, at: At, arms: &[Arm<V>], has_default: bool) -> Selected<V> {
        let mut ready = 0u32;
        let mut chosen = 0;
        for (index, arm) in arms.iter().enumerate() {
            if self.arm_ready(arm) {
                if ready == 0 {
                    chosen = index;
                }
                ready += 1;
                if self.core.oracle.takes_first_arm() {
                    break;
                }
            }
        }
        if ready > 1 && matches!(self.core.oracle, Oracle::Scripted(_)) {
            chosen = self.scripted_arm(tr, at, arms);
        } else if ready > 1 {
            let choice = self.core.oracle.choose(Choice::Arm, ready);
            if choice > 0 {
                let nth = (0..arms.len()).filter(|&index| self.arm_ready(&arms[index])).nth(choice as usize);
                chosen = nth.unwrap_or(chosen);
            }
        }
        if ready > 0 {
            return self.do_arm(tr, at, arms[chosen], chosen as u16);
        }
        if has_default {
            tr.emit(Kind::SelectDefault as u8, at.site, at.clock, 0, 0);
            return Selected::Default;
        }
        Selected::NotReady
    }

    #[inline(always)]
    pub(crate) fn arm_ready(&self, arm: &Arm<V>) -> bool {
        match *arm {
            Arm::Recv(channel) => {
                let ch = &self.channels[channel];
                !ch.buffer.is_empty() || ch.closed || !ch.senders.is_empty()
            }
            Arm::Send(channel, _) => {
                let ch = &self.channels[channel];
                ch.closed || ch.buffer.len() < ch.capacity as usize || !ch.receivers.is_empty()
            }
            Arm::Future(future) => {
                let task = self.core.tasks.get(future.slot);
                task.is_none_or(|task| task.id != future.id || task.state == State::Ended)
            }
            Arm::Timer(_) | Arm::Never => false,
        }
    }

    #[inline(always)]
    fn do_arm<T: Tracer>(&mut self, tr: &mut T, at: At, arm: Arm<V>, index: u16) -> Selected<V> {
        let object = self.arm_object(&arm);
        tr.emit(Kind::SelectCommit as u8, at.site, at.clock, object, index as u32);
        let (outcome, value) = match arm {
            Arm::Recv(channel) => match self.recv_now(tr, at, channel) {
                Try::Ready(value) => (ArmOutcome::Received, value),
                Try::Closed | Try::NotNow => (ArmOutcome::Closed, V::default()),
            },
            Arm::Send(channel, value) => match self.send_now(tr, at, channel, value) {
                Try::Ready(()) => (ArmOutcome::Sent, V::default()),
                Try::Closed | Try::NotNow => (ArmOutcome::SendClosed, V::default()),
            },
            Arm::Future(future) => self.take_result(future),
            Arm::Timer(_) | Arm::Never => (ArmOutcome::Fired, V::default()),
        };
        Selected::Arm { arm: index, outcome, value }
    }

    fn take_result(&mut self, future: Handle) -> (ArmOutcome, V) {
        match self.core.tasks.get(future.slot).filter(|task| task.id == future.id) {
            Some(task) => {
                let gone = task.has(flag::CANCELLED);
                let value = task.value;
                self.core.free_task(future.slot);
                if gone { (ArmOutcome::Gone, V::default()) } else { (ArmOutcome::Done, value) }
            }
            None => (ArmOutcome::Gone, V::default()),
        }
    }

    #[inline(always)]
    fn arm_object(&self, arm: &Arm<V>) -> u32 {
        match *arm {
            Arm::Recv(channel) | Arm::Send(channel, _) => self.channels[channel].meta.id,
            Arm::Future(future) => future.id,
            Arm::Timer(_) | Arm::Never => 0,
        }
    }

    /// Parks the running task until one of the arms is ready; its `resume` is then that arm.
    pub fn select_block<T: Tracer>(&mut self, tr: &mut T, at: At, arms: &[Arm<V>]) {
        let record = self.selects.take();
        let mut list = std::mem::take(&mut self.selects[record].arms);
        list.clear();
        for &arm in arms {
            let object = match arm {
                Arm::Timer(nanoseconds) => {
                    let object = self.core.object_number();
                    let micros = crate::objects::timer::micros(nanoseconds);
                    tr.emit(Kind::TimerSet as u8, at.site, at.clock, object, micros);
                    object
                }
                _ => self.arm_object(&arm),
            };
            list.push(Armed { arm, object });
        }
        let parked = self.core.park(tr, at, WaitReason::Select, record);
        tr.emit(blocked(Kind::SelectWait), at.site, at.clock, 0, arms.len() as u32);
        for (index, armed) in list.iter().enumerate() {
            let entry = Entry { arm: index as u16, ..parked };
            let kind = match armed.arm {
                Arm::Recv(channel) => {
                    self.channels[channel].receivers.push(entry);
                    Kind::SelectRecvArm
                }
                Arm::Send(channel, _) => {
                    self.channels[channel].senders.push(entry);
                    Kind::SelectSendArm
                }
                Arm::Timer(nanoseconds) => {
                    let deadline = self.deadline(nanoseconds);
                    self.queue.wake_at(deadline, armed.object, entry);
                    Kind::SelectTimerArm
                }
                Arm::Future(future) => {
                    self.add_waiter(future.slot, Entry { tag: TAKES, ..entry });
                    Kind::SelectFutureArm
                }
                Arm::Never => continue,
            };
            tr.emit(kind as u8, at.site, at.clock, armed.object, index as u32);
        }
        self.selects[record].arms = list;
    }

    /// What the send arm of a parked select offers.
    #[inline]
    pub(crate) fn offered(&self, slot: u32, arm: u16) -> V {
        let record = &self.selects[self.core.tasks[slot].object];
        match record.arms.get(arm as usize) {
            Some(Armed { arm: Arm::Send(_, value), .. }) => *value,
            _ => V::default(),
        }
    }

    /// A task has been woken out of its select by an arm (or by none: [`PLAIN`]): its other entries are stale. Leaves the
    /// number of the arm's object in the task, for the event of the commit.
    #[cold]
    #[inline(never)]
    pub(crate) fn leave_select(&mut self, slot: u32, chosen: u16) {
        let record = self.core.tasks[slot].object;
        let list = std::mem::take(&mut self.selects[record].arms);
        let Core { tasks, .. } = &mut self.core;
        for (index, armed) in list.iter().enumerate() {
            if index as u16 == chosen && chosen != PLAIN {
                tasks[slot].object = armed.object;
                continue;
            }
            match armed.arm {
                Arm::Recv(channel) => self.channels[channel].receivers.note_stale(),
                Arm::Send(channel, _) => self.channels[channel].senders.note_stale(),
                Arm::Timer(_) => self.queue.one_stale(tasks, &self.timers, &self.contexts),
                // Stale waiters of a task's end are skipped and overwritten where they stand.
                Arm::Future(_) | Arm::Never => {}
            }
        }
        // A channel may stand in several arms, so only now may its queue be tidied.
        for armed in &list {
            match armed.arm {
                Arm::Recv(channel) => self.channels[channel].receivers.tidy(tasks),
                Arm::Send(channel, _) => self.channels[channel].senders.tidy(tasks),
                Arm::Timer(_) | Arm::Future(_) | Arm::Never => {}
            }
        }
        self.selects[record].arms = list;
        self.selects.put(record);
    }
}
