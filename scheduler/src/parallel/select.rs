//! Select between workers.
//!
//! The first look tries the arms one after the other, from a random one on, each under its own lock: that is fair, and in the common
//! case of a ready arm takes one lock. Only where none is ready all of them are locked together, in the order of their slots, looked at
//! once more, and the task is put into all queues. Whoever then comes first claims the task's wait. Its other entries are taken out
//! of their queues by the task itself when it runs again.

use super::channel::{Received, Sent};
use super::lock::{Guard, Lock};
use super::shared::Stamped;
use super::task::Header;
use super::worker::{Worker, add_waiter};
use crate::core::blocked;
use crate::objects::select::Armed;
use crate::objects::timer::micros;
use crate::objects::{Arm, Channel};
use crate::outcome::{ArmOutcome, At, Handle, Resume, Selected, Try};
use crate::queue::{Entry, PLAIN};
use crate::scheduler::TAKES;
use tracer::event::Kind;
use tracer::finding::WaitReason;
use tracer::record::Tracer;

impl<V: Copy + Default, B: Default> Worker<V, B> {
    #[inline]
    pub(super) fn select_try<T: Tracer>(
        &mut self,
        tr: &mut T,
        at: At,
        arms: &[Arm<V>],
        has_default: bool,
    ) -> Selected<V> {
        if !arms.is_empty() {
            let first = self.numbers.below(arms.len() as u32) as usize;
            for index in (first..arms.len()).chain(0..first) {
                if let Some(selected) = self.try_arm(tr, at, arms[index], index as u16) {
                    return selected;
                }
            }
        }
        if has_default {
            tr.emit(Kind::SelectDefault as u8, at.site, self.clock(at.clock), 0, 0);
            return Selected::Default;
        }
        Selected::NotReady
    }

    #[inline(always)]
    fn try_arm<T: Tracer>(&mut self, tr: &mut T, at: At, arm: Arm<V>, index: u16) -> Option<Selected<V>> {
        let (outcome, value) = match arm {
            Arm::Recv(channel) => match self.recv_now(tr, at, channel, Some(index.into()))? {
                Try::Ready(value) => (ArmOutcome::Received, value),
                Try::Closed | Try::NotNow => (ArmOutcome::Closed, V::default()),
            },
            Arm::Send(channel, value) => match self.send_now(tr, at, channel, value, Some(index.into()))? {
                Try::Ready(()) => (ArmOutcome::Sent, V::default()),
                Try::Closed | Try::NotNow => (ArmOutcome::SendClosed, V::default()),
            },
            Arm::Future(future) => self.take_result(tr, at, future, index)?,
            Arm::Timer(_) | Arm::Never => return None,
        };
        Some(Selected::Arm { arm: index, outcome, value })
    }

    /// The result of a task, if it is over (or gone).
    fn take_result<T: Tracer>(&mut self, tr: &mut T, at: At, future: Handle, index: u16) -> Option<(ArmOutcome, V)> {
        let shared = self.shared();
        let mut result = (ArmOutcome::Gone, V::default());
        let mut clock = self.clock(at.clock);
        if let Some(cell) = shared.tasks.get(future.slot) {
            let mut header = cell.header.lock();
            if header.id == future.id {
                if !header.ended {
                    return None;
                }
                clock = self.stamp_object::<T>(at, &mut header.clock);
                if !header.cancelled {
                    result = (ArmOutcome::Done, header.result);
                }
                header.id = 0;
                drop(header);
                shared.tasks.put(&mut self.free.tasks, future.slot);
            }
        }
        tr.emit(Kind::SelectCommit as u8, at.site, clock, future.id, index.into());
        Some(result)
    }

    pub(super) fn select_block<T: Tracer>(&mut self, tr: &mut T, at: At, arms: &[Arm<V>]) -> Selected<V> {
        let shared = self.shared();
        let mut locks = Locks::of(shared, arms);
        for (index, &arm) in arms.iter().enumerate() {
            let ready = match arm {
                Arm::Recv(channel) => {
                    let ch = locks.channel(channel);
                    !ch.it.buffer.is_empty()
                        || ch.it.closed
                        || ch.it.senders.first_valid(|entry| self.under_way(entry)).is_some()
                }
                Arm::Send(channel, _) => {
                    let ch = locks.channel(channel);
                    ch.it.closed
                        || ch.it.buffer.len() < ch.it.capacity as usize
                        || ch.it.receivers.first_valid(|entry| self.under_way(entry)).is_some()
                }
                Arm::Future(future) => locks.future(future).is_none_or(|header| header.id != future.id || header.ended),
                Arm::Timer(_) | Arm::Never => false,
            };
            // Something came between the first look and the locks. It is done under the locks that are held; if another task was
            // still faster (it claimed the partner elsewhere), the next arm may be ready.
            if ready && let Some(selected) = self.do_locked(tr, at, &mut locks, arm, index as u16) {
                return selected;
            }
        }
        self.block_in(tr, at, arms, locks);
        Selected::NotReady
    }

    fn block_in<T: Tracer>(&mut self, tr: &mut T, at: At, arms: &[Arm<V>], mut locks: Locks<'_, V>) {
        let shared = self.shared();
        let record = shared.selects.take(&mut self.free.selects);
        let mut list = std::mem::take(&mut shared.selects.at(record).lock().arms);
        list.clear();
        let mut clock = self.clock(at.clock);
        for &arm in arms {
            let object = match arm {
                Arm::Timer(_) => shared.object_number(),
                Arm::Recv(channel) | Arm::Send(channel, _) => {
                    let ch = locks.channel(channel);
                    clock = self.stamp_object::<T>(at, &mut ch.clock).max(clock);
                    ch.it.meta.id
                }
                Arm::Future(future) => future.id,
                Arm::Never => 0,
            };
            list.push(Armed { arm, object });
        }
        // All objects were passed by the time of the last.
        for armed in &list {
            match armed.arm {
                Arm::Recv(channel) | Arm::Send(channel, _) => locks.channel(channel).clock = clock,
                Arm::Future(future) => {
                    if let Some(header) = locks.future(future) {
                        header.clock = header.clock.max(clock);
                    }
                }
                Arm::Timer(_) | Arm::Never => {}
            }
        }
        for armed in &list {
            if let Arm::Timer(nanoseconds) = armed.arm {
                tr.emit(Kind::TimerSet as u8, at.site, clock, armed.object, micros(nanoseconds));
            }
        }
        let event = tr.ordinal();
        tr.emit(blocked(Kind::SelectWait), at.site, clock, 0, list.len() as u32);
        for (index, armed) in list.iter().enumerate() {
            let kind = match armed.arm {
                Arm::Recv(_) => Kind::SelectRecvArm,
                Arm::Send(..) => Kind::SelectSendArm,
                Arm::Timer(_) => Kind::SelectTimerArm,
                Arm::Future(_) => Kind::SelectFutureArm,
                Arm::Never => continue,
            };
            tr.emit(kind as u8, at.site, clock, armed.object, index as u32);
        }
        let entries: Vec<(u16, Armed<V>)> = list.iter().enumerate().map(|(i, &armed)| (i as u16, armed)).collect();
        shared.selects.at(record).lock().arms = list;
        // From here on the task may be claimed and run elsewhere as soon as the lock of one of its queues is let go.
        let parked = self.park(event, at, clock, WaitReason::Select, record);
        let mut timers = Vec::new();
        for (arm, armed) in entries {
            let entry = Entry { arm, ..parked };
            match armed.arm {
                Arm::Recv(channel) => locks.channel(channel).it.receivers.push(entry),
                Arm::Send(channel, _) => locks.channel(channel).it.senders.push(entry),
                Arm::Timer(nanoseconds) => timers.push((nanoseconds, armed.object, entry)),
                Arm::Future(future) => {
                    if let Some(header) = locks.future(future) {
                        add_waiter(shared, header, Entry { tag: TAKES, ..entry });
                    }
                }
                Arm::Never => {}
            }
        }
        drop(locks);
        // A timer of a select that is over by now is one of many stale entries.
        for (nanoseconds, object, entry) in timers {
            self.wake_at(nanoseconds, object, entry);
        }
        self.parked(tr, at, parked);
    }

    /// Does an arm's operation under the locks that are held.
    fn do_locked<T: Tracer>(
        &mut self,
        tr: &mut T,
        at: At,
        locks: &mut Locks<'_, V>,
        arm: Arm<V>,
        index: u16,
    ) -> Option<Selected<V>> {
        let (outcome, value) = match arm {
            Arm::Recv(channel) => {
                let ch = locks.channel(channel);
                let received = self.recv_locked(&mut ch.it);
                if let Received::Empty = received {
                    return None;
                }
                let (clock, id) = (self.stamp_object::<T>(at, &mut ch.clock), ch.it.meta.id);
                tr.emit(Kind::SelectCommit as u8, at.site, clock, id, index.into());
                match received {
                    Received::Value(value, sender) => {
                        let woken = sender.map_or(0, |s| self.wake_entry(s, Resume::Sent, ArmOutcome::Sent, clock));
                        tr.emit(Kind::Recv as u8, at.site, clock, id, woken);
                        (ArmOutcome::Received, value)
                    }
                    Received::Closed | Received::Empty => {
                        tr.emit(Kind::RecvClosed as u8, at.site, clock, id, 0);
                        (ArmOutcome::Closed, V::default())
                    }
                }
            }
            Arm::Send(channel, value) => {
                let ch = locks.channel(channel);
                let sent = self.send_locked(&mut ch.it, value);
                if let Sent::Full = sent {
                    return None;
                }
                let (clock, id) = (self.stamp_object::<T>(at, &mut ch.clock), ch.it.meta.id);
                tr.emit(Kind::SelectCommit as u8, at.site, clock, id, index.into());
                let (kind, woken, outcome) = match sent {
                    Sent::Given(entry) => (Kind::Send, self.give(entry, value, clock), ArmOutcome::Sent),
                    Sent::Closed => (Kind::SendClosed, 0, ArmOutcome::SendClosed),
                    Sent::Buffered | Sent::Full => (Kind::Send, 0, ArmOutcome::Sent),
                };
                tr.emit(kind as u8, at.site, clock, id, woken);
                (outcome, V::default())
            }
            Arm::Future(future) => {
                let mut result = (ArmOutcome::Gone, V::default());
                let mut clock = self.clock(at.clock);
                if let Some(header) = locks.future(future).filter(|header| header.id == future.id) {
                    clock = self.stamp_object::<T>(at, &mut header.clock);
                    if !header.cancelled {
                        result = (ArmOutcome::Done, header.result);
                    }
                    header.id = 0;
                    self.shared().tasks.put(&mut self.free.tasks, future.slot);
                }
                tr.emit(Kind::SelectCommit as u8, at.site, clock, future.id, index.into());
                result
            }
            Arm::Timer(_) | Arm::Never => return None,
        };
        Some(Selected::Arm { arm: index, outcome, value })
    }

    /// What the send arm of a parked select offers.
    pub(super) fn offered(&self, record: u32, arm: u16) -> V {
        match self.shared.selects.at(record).lock().arms.get(arm as usize) {
            Some(Armed { arm: Arm::Send(_, value), .. }) => *value,
            _ => V::default(),
        }
    }

    /// The running task was woken out of its select by an arm (or by none: [`PLAIN`]): takes its other entries out.
    #[cold]
    #[inline(never)]
    pub(super) fn leave_select<T: Tracer>(&mut self, tr: &mut T, clock: u64, chosen: u16) {
        let shared = self.shared();
        let (slot, task) = (self.current, self.own(self.current));
        let record = task.object;
        // Whoever claimed the wait has moved the ticket on by one.
        let ticket = shared.tasks.at(slot).wait().ticket().wrapping_sub(1);
        let list = std::mem::take(&mut shared.selects.at(record).lock().arms);
        for (index, armed) in list.iter().enumerate() {
            if index as u16 == chosen && chosen != PLAIN {
                continue;
            }
            match armed.arm {
                Arm::Recv(channel) => shared.channels.at(channel).lock().it.receivers.remove(slot, ticket),
                Arm::Send(channel, _) => shared.channels.at(channel).lock().it.senders.remove(slot, ticket),
                Arm::Timer(_) => self.timer_stale(),
                Arm::Future(future) => {
                    let mut header = shared.tasks.at(future.slot).header.lock();
                    let mine = |entry: &Entry| entry.slot == slot && entry.ticket == ticket;
                    header.more.retain(|entry| !mine(entry));
                    if mine(&header.waiter) {
                        header.waiter = header.more.pop().unwrap_or(Entry::NOBODY);
                    }
                }
                Arm::Never => {}
            }
        }
        if let Some(armed) = list.get(chosen as usize).filter(|_| chosen != PLAIN) {
            tr.emit(Kind::SelectCommit as u8, task.site, clock, armed.object, chosen.into());
        }
        shared.selects.at(record).lock().arms = list;
        shared.selects.put(&mut self.free.selects, record);
    }
}

/// Takes the locks of all these slots (a slot may come twice), in the order in which everybody takes them.
pub(super) fn lock_all<'a, T>(
    mut slots: Vec<u32>,
    lock: impl Fn(u32) -> Option<&'a Lock<T>>,
) -> Vec<(u32, Guard<'a, T>)> {
    slots.sort_unstable();
    slots.dedup();
    slots.into_iter().filter_map(|slot| Some((slot, lock(slot)?.lock()))).collect()
}

/// The locks of all arms of a select, taken in one order by everybody: channels by slot, then tasks by slot.
struct Locks<'a, V> {
    channels: Vec<(u32, Guard<'a, Stamped<Channel<V>>>)>,
    futures: Vec<(u32, Guard<'a, Header<V>>)>,
}

impl<'a, V: Copy + Default> Locks<'a, V> {
    fn of<B: Default>(shared: &'a super::shared::Shared<V, B>, arms: &[Arm<V>]) -> Self {
        let mut channels: Vec<u32> = Vec::with_capacity(arms.len());
        let mut futures: Vec<u32> = Vec::new();
        for arm in arms {
            match arm {
                Arm::Recv(channel) | Arm::Send(channel, _) => channels.push(*channel),
                Arm::Future(future) => futures.push(future.slot),
                Arm::Timer(_) | Arm::Never => {}
            }
        }
        Self {
            channels: lock_all(channels, |slot| Some(shared.channels.at(slot))),
            futures: lock_all(futures, |slot| Some(&shared.tasks.get(slot)?.header)),
        }
    }

    /// The channel of an arm; its lock is among those taken.
    fn channel(&mut self, slot: u32) -> &mut Stamped<Channel<V>> {
        let found = self.channels.binary_search_by_key(&slot, |(slot, _)| *slot).unwrap_or_else(|place| place);
        &mut self.channels[found].1
    }

    fn future(&mut self, future: Handle) -> Option<&mut Header<V>> {
        let found = self.futures.binary_search_by_key(&future.slot, |(slot, _)| *slot).ok()?;
        Some(&mut self.futures[found].1)
    }
}
