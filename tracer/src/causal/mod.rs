//! The causality checker: is a recorded run one that can have happened?
//!
//! It follows the events of a whole run, in the order of their ordinals, by rules that are written down apart from the
//! views' state machine ([`crate::model::now`], which forgives everything): who may run, who may be woken and by what,
//! which value a receive can have got, who may hold a lock. Tests feed it every trace they record. Of a parallel run it says
//! whether the merge found an order that respects all causes; a clock that does not cover some cause shows as an
//! operation that comes before what made it possible.
//!
//! It needs all events from the first on: where some were lost it says only that.

mod channels;
mod locks;
mod tasks;

use crate::event::{Kind, Site, TaskId};
use crate::events::Event;
use crate::store::Store;
use channels::Channel;
use locks::{Barrier, Lock, Once, Semaphore};
use rustc_hash::FxHashMap;
use std::fmt;
use tasks::Task;

/// Something that cannot have happened in this order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Violation {
    /// The event that cannot be.
    pub ordinal: u64,
    /// Why, in a sentence that names tasks and objects by their numbers.
    pub why: String,
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        write!(f, "event {}: {}", self.ordinal, self.why)
    }
}

/// Follows a run and notes what is wrong.
#[derive(Debug, Default)]
pub struct Checker {
    /// The program recorded itself: not everything that ends a wait is known.
    foreign: bool,
    next: u64,
    clock: u64,
    lost: bool,
    tasks: FxHashMap<u32, Task>,
    /// The task of each worker.
    running: Vec<TaskId>,
    channels: FxHashMap<u32, Channel>,
    /// The channel that a timer fills.
    timers: FxHashMap<u32, u32>,
    /// For each worker: the channel that it has just made and where, which may turn out to be a timer's.
    made: Vec<(u32, Site)>,
    locks: FxHashMap<u32, Lock>,
    semaphores: FxHashMap<u32, Semaphore>,
    groups: FxHashMap<u32, i32>,
    barriers: FxHashMap<u32, Barrier>,
    onces: FxHashMap<u32, Once>,
    violations: Vec<Violation>,
}

/// Checks the events of a run from its first to its last.
pub fn check<'a>(events: impl IntoIterator<Item = Event<'a>>) -> Vec<Violation> {
    let mut checker = Checker::default();
    events.into_iter().for_each(|event| checker.event(&event));
    checker.violations
}

/// Checks the events of a program that recorded itself (see [`crate::layer`]): a wake or a timer may end a wait without saying
/// how, since nobody may have told.
pub fn check_foreign<'a>(events: impl IntoIterator<Item = Event<'a>>) -> Vec<Violation> {
    let mut checker = Checker { foreign: true, ..Checker::default() };
    events.into_iter().for_each(|event| checker.event(&event));
    checker.violations
}

/// Checks a run that a store holds whole.
pub fn check_store(store: &Store) -> Vec<Violation> {
    check(store.events(0..store.len()))
}

impl Checker {
    /// What was wrong so far.
    pub fn violations(&self) -> &[Violation] {
        &self.violations
    }

    fn wrong(&mut self, at: &Event, why: String) {
        self.violations.push(Violation { ordinal: at.ordinal, why: format!("{} {why}", at.kind.name()) });
    }

    /// Notes what is wrong unless it holds.
    fn must(&mut self, at: &Event, holds: bool, why: impl FnOnce() -> String) {
        if !holds {
            self.wrong(at, why());
        }
    }

    /// Follows an event.
    pub fn event(&mut self, at: &Event) {
        if at.ordinal != self.next && !self.lost {
            self.lost = true;
            self.wrong(at, format!("comes where event {} is expected: events are missing", self.next));
        }
        if self.lost {
            return;
        }
        self.next += 1;
        self.must(at, at.clock >= self.clock, || "has an earlier clock than the event before".to_string());
        self.clock = at.clock;
        if at.kind.is_bookkeeping() {
            return;
        }
        let worker = at.worker as usize;
        if worker >= self.running.len() {
            self.running.resize(worker + 1, TaskId(0));
            self.made.resize(worker + 1, (0, Site(0)));
        }
        let made = std::mem::take(&mut self.made[worker]);
        self.runs(at);
        match at.kind {
            Kind::TaskSpawn | Kind::AsyncSpawn => self.spawn(at),
            Kind::Switch => self.switch(at),
            Kind::Preempt | Kind::Yield => self.stop(at),
            Kind::TaskEnd => self.end(at),
            Kind::Wake => self.woken_by_record(at),
            Kind::TaskCancel => self.cancel(at),
            Kind::Await => self.wait_for_task(at),

            Kind::ChanMake => {
                self.channels.insert(at.object, Channel::new(at.arg));
                self.made[worker] = (at.object, at.site);
            }
            Kind::Send => self.send(at),
            Kind::Recv => self.receive(at),
            Kind::RecvClosed | Kind::SendClosed | Kind::CloseAgain => self.found_closed(at),
            Kind::Close => self.close(at),
            Kind::TrySendFull | Kind::TryRecvEmpty => self.not_now(at),
            Kind::SelectWait => self.block(at),
            Kind::SelectRecvArm | Kind::SelectSendArm | Kind::SelectTimerArm | Kind::SelectFutureArm => self.arm(at),
            Kind::SelectCommit => self.commit(at),
            Kind::TimerSet if made.0 != 0 && made.1 == at.site => {
                self.timers.insert(at.object, made.0);
            }
            Kind::TimerFire => self.fire(at),
            Kind::Sleep => self.block(at),

            Kind::MutexMake | Kind::RwMake => {
                self.locks.insert(at.object, Lock::default());
            }
            Kind::Lock | Kind::ReadLock | Kind::WriteLock => self.lock(at),
            Kind::Unlock | Kind::ReadUnlock | Kind::WriteUnlock => self.unlock(at),
            Kind::SemaphoreMake => {
                self.semaphores.insert(at.object, Semaphore { permits: at.arg });
            }
            Kind::Acquire | Kind::TryAcquireFail => self.acquire(at),
            Kind::Release => self.release(at),
            Kind::WaitGroupMake => {
                self.groups.insert(at.object, at.arg as i32);
            }
            Kind::WaitGroupAdd | Kind::WaitGroupDone | Kind::WaitGroupWait => self.group(at),
            Kind::BarrierMake => {
                self.barriers.insert(at.object, Barrier { parties: at.arg, waiting: 0 });
            }
            Kind::BarrierWait => self.barrier(at),
            Kind::OnceMake => {
                self.onces.insert(at.object, Once::New);
            }
            Kind::OnceBegin | Kind::OnceEnd => self.once(at),
            Kind::CallBegin | Kind::IoBegin if at.blocked => self.block(at),
            Kind::CallEnd | Kind::IoEnd => self.external_end(at),
            _ => {}
        }
    }
}
