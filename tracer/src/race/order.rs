//! What happened before what: follows the events of a run and keeps the clocks of tasks and objects.
//!
//! Edges (each with a test in `tests/race.rs`): a spawn and the child's first step; a send and its receive (without a buffer both ways; with
//! one the k-th receive and the (k + capacity)-th send); a close and a receive that finds the channel closed; an unlock and later
//! locks, with readers ordered by writers only; `done` of a wait group and a wait that sees 0; the body of a once and everybody who
//! finds it done; all arrivals at a barrier and all who leave it; the k-th release of a semaphore and the (k + permits)-th acquire; operations on one
//! atomic; the end of a task and who waited for it; setting a timer and what it does; cancelling a context and what its done channel tells.
//!
//! A blocked operation happens when it is completed: the event that completes it names the task, whose clock is joined there and
//! then, since it takes no step before it runs again. A select's commit adds nothing to the operation of its arm.
//!
//! Two things end up nowhere in the events, and the engine tells them through [`Order::observe`]: a once that is done already, and a context
//! that turns out to be cancelled.

use super::fingerprint::{Steps, mix, step};
use super::object::Object;
use super::task::{Segment, Sync, Task, Wait};
use crate::event::Kind;
use crate::finding::{ObjectKind, ObjectRef, TaskRef};
use rustc_hash::FxHashMap;
use std::collections::BTreeMap;
use std::sync::Arc;

/// Ended tasks that are kept, at least, before those that can race with nobody are forgotten.
const ENDED: usize = 64;

/// The event that may wake further tasks.
#[derive(Clone, Copy, Debug)]
struct Cause {
    kind: Kind,
    task: u32,
    clock: u64,
}

/// What happened before what, so far.
#[derive(Clone, Debug, Default)]
pub struct Order {
    pub(super) tasks: BTreeMap<u32, Task>,
    pub(super) objects: BTreeMap<u32, Object>,
    /// The running task, 0 for none.
    pub(super) current: u32,
    /// Its segment's number.
    count: u32,
    /// The event before, of those that are no `task.wake`.
    cause: Option<Cause>,
    /// The timer that has fired, while what it does goes on.
    pub(super) fired: u32,
    /// A select took this arm at once: a channel, or a task that has ended. The next event says which.
    committed: u32,
    /// A channel that was just made, and where and when: it may turn out to be a timer's.
    pub(super) made: (u32, u32, u64),
    /// Tasks so far of each function, objects so far of each site.
    functions: FxHashMap<u32, u32>,
    pub(super) sites: FxHashMap<u32, u32>,
    /// Tasks that have ended and are still kept, and how many may be.
    ended: usize,
    ended_limit: usize,
    /// Hashes of the last steps of tasks that have ended, together.
    over: u64,
    runnable: u32,
    pub(super) timers: u32,
    /// Whether there ever was more than one way to go on.
    choice: bool,
    preemptions: u32,
}

impl Order {
    /// Begins another run, in the room that the last one took.
    pub fn reset(&mut self) {
        let Self { functions, sites, .. } = std::mem::take(self);
        *self = Self { functions, sites, ..Self::default() };
        self.functions.clear();
        self.sites.clear();
    }

    /// The running task and the number of its segment; 0 where none runs.
    #[inline(always)]
    pub fn now(&self) -> (u32, u32) {
        (self.current, self.count)
    }

    /// Whether a segment of a task happened before the next step of the running task.
    #[inline]
    pub fn is_before(&self, task: u32, count: u32) -> bool {
        let known = self.tasks.get(&self.current).is_some_and(|me| me.clock.get(task) >= count);
        // Tasks are forgotten when all they did happened before everything to come.
        known || !self.tasks.contains_key(&task)
    }

    /// The segment of the running task.
    pub fn segment(&mut self) -> Arc<Segment> {
        self.tasks.get_mut(&self.current).map(|me| me.segment().clone()).unwrap_or_default()
    }

    /// Who a task is.
    pub fn who(&self, task: u32) -> Option<TaskRef> {
        self.tasks.get(&task).map(|task| task.who)
    }

    /// What an object is.
    pub fn what(&self, object: u32) -> Option<ObjectRef> {
        self.objects.get(&object).map(|object| object.who)
    }

    /// Whether another schedule could have gone another way: more than one task could run, or one could and a timer was set.
    pub fn had_choice(&self) -> bool {
        self.choice
    }

    /// Tasks that are remembered.
    pub fn tasks_known(&self) -> usize {
        self.tasks.len()
    }

    /// How often a task had to make room.
    pub fn preemptions(&self) -> u32 {
        self.preemptions
    }

    /// Stands for the run so far, apart from the order of independent steps.
    pub fn fingerprint(&self) -> u64 {
        self.tasks.values().fold(self.over, |sum, task| sum.wrapping_add(mix(task.hash, 1)))
    }

    /// The running task's hash, to chain an access of memory to.
    #[inline]
    pub fn hash(&mut self) -> Option<&mut u64> {
        self.settle_commit();
        self.tasks.get_mut(&self.current).map(|me| &mut me.hash)
    }

    /// An event. `blocked`: its task waits in it.
    pub fn event(&mut self, kind: Kind, blocked: bool, site: u32, clock: u64, object: u32, arg: u32) {
        if self.committed != 0 && !matches!(kind, Kind::Send | Kind::Recv | Kind::RecvClosed | Kind::SendClosed) {
            self.settle_commit();
        }
        self.committed = 0;
        let follows = matches!(kind, Kind::ContextCancel | Kind::Close | Kind::Wake | Kind::TimerFire);
        if site != 0 || !follows {
            self.fired = 0;
        }
        if !kind.is_bookkeeping() && kind != Kind::Switch && self.fired == 0 {
            self.choice |=
                self.runnable > 1 || self.timers > 0 && self.runnable > 0 && !blocked && kind != Kind::TimerFire;
        }
        if blocked {
            self.block(kind, site, clock, object);
        } else {
            let sync = Sync { kind, object, site, clock };
            self.step(sync, arg);
        }
        if kind != Kind::Wake {
            self.cause = Some(Cause { kind, task: self.current, clock });
        }
    }

    /// The running task has seen, without an event, what was released into this object.
    pub fn observe(&mut self, object: u32, site: u32, clock: u64) {
        self.settle_commit();
        let kind = match self.objects.get(&object).map(|object| object.who.kind) {
            Some(ObjectKind::Once) => Kind::OnceBegin,
            _ => Kind::ContextCancel,
        };
        self.acquire(self.current, Sync { kind, object, site, clock });
        self.look(self.current, Sync { kind, object, site, clock });
    }

    fn block(&mut self, kind: Kind, site: u32, clock: u64, object: u32) {
        let me = self.current;
        self.runnable = self.runnable.saturating_sub(1);
        if kind == Kind::Sleep {
            self.timers += 1;
        }
        if let Some(task) = self.tasks.get_mut(&me) {
            task.wait = Some(Wait { kind, object, site });
            task.arms.clear();
        }
        if kind == Kind::BarrierWait {
            self.arrive(Sync { kind, object, site, clock });
        }
    }

    /// A step that is done.
    fn step(&mut self, at: Sync, arg: u32) {
        let (me, object) = (self.current, at.object);
        match at.kind {
            Kind::TaskSpawn | Kind::AsyncSpawn => self.spawn(at, arg),
            Kind::Switch => {
                self.current = object;
                self.count = self.tasks.get(&object).map_or(0, |task| task.count);
            }
            Kind::Preempt => self.preemptions += 1,
            Kind::Yield => self.note(me, at),
            Kind::Wake => self.wake(at, arg),
            Kind::TaskEnd => self.end(at),
            Kind::TaskCancel => self.cancel(at, arg),
            Kind::Await => self.join_end(me, object, at),

            Kind::ChanMake => {
                self.make(at, ObjectKind::Channel, arg);
                self.made = (object, at.site, at.clock);
            }
            Kind::Send => self.sent(at, arg),
            Kind::Recv => self.received(at, arg),
            Kind::RecvClosed => {
                self.acquire(me, at);
                self.look(me, at);
            }
            Kind::SendClosed
            | Kind::CloseAgain
            | Kind::TrySendFull
            | Kind::TryRecvEmpty
            | Kind::TryLockFail
            | Kind::TryAcquireFail => {
                self.look(me, at);
            }
            Kind::Close | Kind::ContextCancel => {
                self.release_by_actor(at);
            }
            Kind::SelectCommit => match self.tasks.get_mut(&me) {
                Some(task) if task.wait.is_some_and(|wait| wait.kind == Kind::SelectWait) => task.wait = None,
                _ => self.committed = object,
            },
            Kind::SelectRecvArm => {
                if let Some(task) = self.tasks.get_mut(&me) {
                    task.arms.push(object);
                }
            }
            // The task's own timer: it orders nothing that is not in order.
            Kind::SelectTimerArm => self.forget_object(object),
            Kind::SelectWait | Kind::SelectSendArm | Kind::SelectFutureArm => {}
            Kind::SelectDefault => self.note(me, at),

            Kind::MutexMake => self.make(at, ObjectKind::Mutex, 0),
            Kind::Lock => self.locked(me, at),
            Kind::Unlock => self.unlocked(at, arg),
            Kind::RwMake => self.make(at, ObjectKind::RwLock, 0),
            Kind::ReadLock | Kind::WriteLock => self.locked(me, at),
            Kind::ReadUnlock | Kind::WriteUnlock => self.unlocked(at, arg),

            Kind::WaitGroupMake => self.make(at, ObjectKind::WaitGroup, 0),
            Kind::WaitGroupAdd => self.give(me, at),
            Kind::WaitGroupDone => {
                self.release(me, object);
                self.give(me, at);
            }
            Kind::WaitGroupWait => {
                self.acquire(me, at);
                self.take(me, at);
            }
            Kind::OnceMake => self.make(at, ObjectKind::Once, 0),
            Kind::OnceBegin => self.chain(me, at),
            Kind::OnceEnd => {
                self.release(me, object);
                self.chain(me, at);
            }
            Kind::BarrierMake => self.make(at, ObjectKind::Barrier, 0),
            Kind::BarrierWait => {
                self.arrive(at);
                if let Some(barrier) = self.objects.get_mut(&object) {
                    std::mem::swap(&mut barrier.released, &mut barrier.second);
                    barrier.released.clear();
                }
                self.leave_barrier(me, at);
            }
            Kind::SemaphoreMake => self.make(at, ObjectKind::Semaphore, arg),
            Kind::Acquire => self.acquired(me, at),
            Kind::Release => {
                self.permit_back(at);
                if arg != 0 {
                    let wait = self.resume(arg, at);
                    self.acquired(arg, wait);
                }
            }
            Kind::TimerSet => self.timer_set(at),
            Kind::TimerFire => self.timer_fired(at, arg),
            Kind::TimerStop => {
                self.timers = self.timers.saturating_sub(1);
                self.note(me, at);
            }
            Kind::ContextMake => self.make(at, ObjectKind::Context, 0),
            Kind::AtomicMake => self.make(at, ObjectKind::Atomic, 0),
            Kind::Atomic => {
                self.acquire(me, at);
                self.release(me, object);
                self.chain(me, at);
            }
            Kind::Detach | Kind::Sleep | Kind::Publish | Kind::SharedRead | Kind::SharedWrite | Kind::Collect => {}
            Kind::Output | Kind::ErrorOutput | Kind::Panic | Kind::Marker | Kind::Finding => {}
            Kind::CallBegin | Kind::CallEnd | Kind::IoBegin | Kind::IoEnd => {}
            Kind::ClockJump | Kind::Anchor | Kind::Counter | Kind::Sample | Kind::Worker => {}
            Kind::StackFrame | Kind::BlockedAt => {}
        }
        if at.kind != Kind::Switch {
            self.count = self.tasks.get(&self.current).map_or(0, |task| task.count);
        }
    }

    // --- Clocks ---

    /// A task learns what was released into an object.
    pub(super) fn acquire(&mut self, task: u32, at: Sync) {
        if let (Some(task), Some(object)) = (self.tasks.get_mut(&task), self.objects.get(&at.object)) {
            task.clock.join(&object.released);
            task.synchronised(at);
        }
        self.recount(task);
    }

    /// What a task knows is released into an object. The task's next step belongs to its next segment.
    pub(super) fn release(&mut self, task: u32, object: u32) {
        if let (Some(task), Some(object)) = (self.tasks.get_mut(&task), self.objects.get_mut(&object)) {
            object.released.join(&task.clock);
        }
    }

    /// The same by whoever acts now: the running task, or a timer for the task that set it.
    fn release_by_actor(&mut self, at: Sync) {
        let me = self.current;
        if self.fired == 0 {
            self.release(me, at.object);
            self.chain(me, at);
            return;
        }
        let setter = self.objects.get(&self.fired).map(|timer| (timer.released.clone(), timer.steps));
        if let (Some((clock, mut steps)), Some(object)) = (setter, self.objects.get_mut(&at.object)) {
            object.released.join(&clock);
            object.steps.chain(steps.chain(u64::from(at.kind as u8)));
        }
    }

    /// Tasks that synchronise with each other know the same.
    pub(super) fn meet(&mut self, one: u32, other: u32) {
        let Some(first) = self.tasks.get_mut(&one) else { return };
        let mut clock = std::mem::take(&mut first.clock);
        if let Some(second) = self.tasks.get_mut(&other) {
            second.clock.join(&clock);
            clock.copy(&second.clock);
        }
        if let Some(first) = self.tasks.get_mut(&one) {
            first.clock = clock;
        }
    }

    /// A task learns what another one knew at its end.
    fn join_end(&mut self, task: u32, ended: u32, at: Sync) {
        if let Some(other) = self.tasks.get(&ended).filter(|other| other.ended) {
            let (clock, hash) = (other.clock.clone(), other.hash);
            if let Some(task) = self.tasks.get_mut(&task) {
                task.clock.join(&clock);
                task.hash = mix(step(task.hash, at.site, at.kind as u8), hash);
            }
        }
        self.synchronised(task, at);
    }

    pub(super) fn synchronised(&mut self, task: u32, at: Sync) {
        if let Some(task) = self.tasks.get_mut(&task) {
            task.synchronised(at);
        }
        self.recount(task);
    }

    #[inline]
    pub(super) fn recount(&mut self, task: u32) {
        if task == self.current {
            self.count = self.tasks.get(&task).map_or(0, |task| task.count);
        }
    }

    // --- Steps of the fingerprint; each ends the segment ---

    fn hashed(&mut self, task: u32, at: Sync, steps: impl FnOnce(&mut Steps, u64) -> u64) {
        if let Some(task) = self.tasks.get_mut(&task) {
            let own = step(task.hash, at.site, at.kind as u8);
            task.hash = match self.objects.get_mut(&at.object) {
                Some(object) => steps(&mut object.steps, own),
                None => own,
            };
            task.synchronised(at);
        }
        self.recount(task);
    }

    pub(super) fn chain(&mut self, task: u32, at: Sync) {
        self.hashed(task, at, |steps, own| steps.chain(own));
    }

    pub(super) fn look(&mut self, task: u32, at: Sync) {
        self.hashed(task, at, |steps, own| steps.look(own));
    }

    fn give(&mut self, task: u32, at: Sync) {
        self.hashed(task, at, |steps, own| steps.give(own));
    }

    fn take(&mut self, task: u32, at: Sync) {
        self.hashed(task, at, |steps, own| steps.take(own));
    }

    /// A step that depends on nobody and orders nothing.
    pub(super) fn note(&mut self, task: u32, at: Sync) {
        if let Some(task) = self.tasks.get_mut(&task) {
            task.hash = step(task.hash, at.site, at.kind as u8);
        }
    }

    // --- Tasks ---

    fn spawn(&mut self, at: Sync, function: u32) {
        let nth = self.functions.entry(function).or_default();
        *nth += 1;
        let mut child = Task::new(at.object, function, *nth, at.site);
        self.runnable += 1;
        if let Some(parent) = self.tasks.get_mut(&self.current) {
            child.clock.join(&parent.clock);
            parent.hash = step(parent.hash, at.site, at.kind as u8);
            child.hash = mix(parent.hash, 2);
            parent.synchronised(at);
        }
        self.tasks.insert(at.object, child);
        self.recount(self.current);
    }

    fn end(&mut self, at: Sync) {
        let me = self.current;
        self.runnable = self.runnable.saturating_sub(1);
        if let Some(task) = self.tasks.get_mut(&me) {
            task.ended = true;
            task.hash = step(task.hash, at.site, at.kind as u8);
            task.held = Vec::new();
            task.segment = None;
        }
        if at.object != 0 {
            let wait = Sync { object: me, ..self.resume(at.object, at) };
            self.join_end(at.object, me, wait);
        }
        self.ended += 1;
        if self.ended > self.ended_limit.max(ENDED) {
            self.forget_ended();
        }
    }

    /// Forgets the tasks that have ended and whose every access happened before whatever any task does from now on.
    fn forget_ended(&mut self) {
        let running = self.current;
        let ended = self.tasks.iter().filter(|(id, task)| task.ended && **id != running);
        let mut gone: Vec<(u32, u32)> = ended.map(|(id, task)| (*id, task.accessed)).collect();
        for task in self.tasks.values().filter(|task| !task.ended) {
            gone.retain(|&(id, count)| task.clock.get(id) >= count);
            if gone.is_empty() {
                break;
            }
        }
        for (id, _) in &gone {
            if let Some(task) = self.tasks.remove(id) {
                self.over = self.over.wrapping_add(mix(task.hash, 1));
            }
        }
        let keep = |id: u32| gone.binary_search_by_key(&id, |entry| entry.0).is_err();
        self.tasks.values_mut().for_each(|task| task.clock.retain(keep));
        for object in self.objects.values_mut() {
            object.released.retain(keep);
            object.second.retain(keep);
            if let Some(buffer) = &mut object.buffer {
                buffer.sent.iter_mut().chain(&mut buffer.received).for_each(|message| message.clock.retain(keep));
            }
        }
        self.ended -= gone.len();
        // What looking costs is paid for by the tasks that have to end before the next look.
        self.ended_limit = self.ended * 2;
    }

    fn cancel(&mut self, at: Sync, woken: u32) {
        let me = self.current;
        if let Some(clock) = self.tasks.get(&me).map(|task| task.clock.clone())
            && let Some(task) = self.tasks.get_mut(&at.object)
        {
            task.clock.join(&clock);
            task.hash = mix(task.hash, u64::from(at.kind as u8));
        }
        self.note(me, at);
        self.synchronised(me, at);
        if woken != 0 {
            self.resume(woken, at);
        }
    }

    /// A blocked task can go on: what it waited in, as its own operation.
    pub(super) fn resume(&mut self, task: u32, by: Sync) -> Sync {
        self.runnable += 1;
        let Some(task) = self.tasks.get_mut(&task) else { return by };
        let wait = match task.wait {
            // Its commit follows when it runs.
            Some(wait) if wait.kind == Kind::SelectWait => wait,
            _ => task.wait.take().unwrap_or(Wait { kind: by.kind, object: by.object, site: by.site }),
        };
        Sync { kind: wait.kind, object: by.object, site: wait.site, clock: by.clock }
    }

    /// One more task was woken by the event before, which was on this object (0: the end of a task).
    fn wake(&mut self, at: Sync, object: u32) {
        let Some(cause) = self.cause else { return };
        let task = at.object;
        let waited = self.tasks.get(&task).and_then(|task| task.wait);
        let wait = self.resume(task, Sync { object, clock: cause.clock, ..at });
        match cause.kind {
            Kind::Close | Kind::ContextCancel | Kind::TimerFire => {
                let receives = match waited.map(|wait| wait.kind) {
                    Some(Kind::SelectWait) => self.tasks.get(&task).is_some_and(|task| task.arms.contains(&object)),
                    Some(Kind::Send) => false,
                    _ => true,
                };
                if receives {
                    self.acquire(task, wait);
                }
                self.look(task, wait);
            }
            Kind::ReadUnlock | Kind::WriteUnlock | Kind::TaskCancel => self.locked(task, wait),
            Kind::WaitGroupDone | Kind::WaitGroupAdd => {
                self.acquire(task, wait);
                self.take(task, wait);
            }
            Kind::OnceEnd => {
                self.acquire(task, wait);
                self.look(task, wait);
            }
            Kind::BarrierWait => self.leave_barrier(task, wait),
            Kind::TaskEnd => self.join_end(task, cause.task, Sync { object: cause.task, ..wait }),
            _ => {}
        }
    }

    /// A select took an arm that was no channel's: the future of a task.
    fn settle_commit(&mut self) {
        let object = std::mem::take(&mut self.committed);
        if object != 0 {
            let (task, clock) = (self.current, self.cause.map_or(0, |cause| cause.clock));
            self.join_end(task, object, Sync { kind: Kind::Await, object, site: 0, clock });
        }
    }
}
