//! The state machine of a run: which task is in which state, what it waits for, who holds what, how full every channel is.
//!
//! It is fed events one by one and tells an [`Analysis`] what changed. Only what is alive is kept (tasks that ended leave
//! it), so that copying it for a keyframe stays cheap. It trusts nothing: an event that does not fit the state (the start
//! of a recording was dropped, a file is damaged) changes what it can and is otherwise passed over.
//!
//! Several workers run a task each. An event is one of the worker that the stream names; a task belongs to the worker that
//! switched to it last, so that a worker whose task has moved on to another says nothing about it any more.

mod saved;

use super::Analysis;
use super::slots::Slots;
use super::state::TaskState;
use crate::event::{EndStatus, Kind, ObjectId, Site, TaskId};
use crate::events::Event;
use crate::finding::{ObjectKind, WaitReason};
use rustc_hash::FxHashMap;

/// A way on for a task in a select.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Arm {
    /// Receives from a channel.
    Recv(ObjectId),
    /// Sends to a channel.
    Send(ObjectId),
    /// A timer fires.
    Timer(ObjectId),
    /// A task ends.
    Future(TaskId),
}

/// A live task.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TaskNow {
    /// Its number.
    pub id: TaskId,
    /// Its state.
    pub state: TaskState,
    /// Where it is in the code: the site of its newest event.
    pub site: Site,
    /// Clock when it came into its state.
    pub since: u64,
    /// Ordinal of the event with which it did.
    pub event: u64,
    /// The worker that runs it or ran it last.
    pub worker: u32,
    /// What it waits for where it is blocked: an [`ObjectId`] or, for an await, a [`TaskId`]; 0 for a select and for none.
    pub on: u32,
    /// The arms of its select.
    pub arms: Vec<Arm>,
    /// Locks and permits it holds, oldest first.
    pub held: Vec<ObjectId>,
}

/// Somebody who holds a lock or a permit, or runs a once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Hold {
    /// The task.
    pub task: TaskId,
    /// Where it took it.
    pub site: Site,
    /// Clock when it got it.
    pub since: u64,
    /// Ordinal of the event with which it asked for it.
    pub event: u64,
    /// Whether nobody else may hold it meanwhile.
    pub exclusive: bool,
}

/// A channel, lock, wait group …
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ObjectNow {
    /// Its sort.
    pub kind: ObjectKind,
    /// A channel's capacity, a barrier's parties, a semaphore's permits.
    pub size: u32,
    /// A channel's length, a wait group's count, a barrier's arrivals, a semaphore's free permits, a once's 1 when it is done.
    pub level: u32,
    /// Whether a channel is closed, a context cancelled, a timer stopped or fired.
    pub closed: bool,
    /// Who holds it.
    pub holds: Vec<Hold>,
    /// How many tasks wait to receive, lock, acquire, or for its end.
    pub waiting: u32,
    /// How many tasks wait to send.
    pub waiting_to_send: u32,
}

impl ObjectNow {
    fn new(kind: ObjectKind, size: u32) -> Self {
        let level = if matches!(kind, ObjectKind::Semaphore | ObjectKind::WaitGroup) { size } else { 0 };
        Self { kind, size, level, closed: false, holds: Vec::new(), waiting: 0, waiting_to_send: 0 }
    }

    /// The task that holds it exclusively.
    pub fn owner(&self) -> Option<TaskId> {
        self.holds.iter().find(|hold| hold.exclusive).map(|hold| hold.task)
    }
}

/// What holds at one point of a run.
#[derive(Clone, Debug, Default)]
pub struct Now {
    /// Live tasks; recycled places have task 0.
    tasks: Vec<TaskNow>,
    free: Vec<u32>,
    places: FxHashMap<u32, u32>,
    objects: Slots<ObjectNow>,
    /// The worker whose events come now.
    worker: u32,
    current: TaskId,
    /// Place of the current task, or past the end.
    place: usize,
    /// Task and place of each worker, the one at hand aside.
    others: Vec<(TaskId, usize)>,
    counts: Counts,
}

/// Live tasks by what they do.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    by_state: [u32; TaskState::COUNT],
}

impl Counts {
    /// How many tasks are in a state. Ended tasks are counted as well.
    pub fn of(&self, state: TaskState) -> u32 {
        self.by_state[state.code() as usize]
    }

    /// How many are blocked, sleeping ones aside.
    pub fn blocked(&self) -> u32 {
        WaitReason::ALL.iter().filter(|&&r| r != WaitReason::Sleep).map(|&r| self.of(TaskState::Blocked(r))).sum()
    }

    /// How many have not ended.
    pub fn alive(&self) -> u32 {
        (0..TaskState::COUNT as u8)
            .filter_map(TaskState::from_code)
            .filter(|state| !state.ended())
            .map(|state| self.of(state))
            .sum()
    }
}

impl Now {
    /// A live task.
    pub fn task(&self, id: TaskId) -> Option<&TaskNow> {
        self.tasks.get(*self.places.get(&id.0)? as usize)
    }

    /// Live tasks in no particular (but always the same) order.
    pub fn tasks(&self) -> impl Iterator<Item = &TaskNow> {
        self.tasks.iter().filter(|task| task.id.0 != 0)
    }

    /// Live tasks with the places they are kept at, for [`Now::at_place`].
    pub(crate) fn places(&self) -> impl Iterator<Item = (u32, &TaskNow)> {
        (0u32..).zip(&self.tasks).filter(|(_, task)| task.id.0 != 0)
    }

    pub(crate) fn at_place(&self, place: u32) -> Option<&TaskNow> {
        self.tasks.get(place as usize)
    }

    /// An object.
    pub fn object(&self, id: ObjectId) -> Option<&ObjectNow> {
        self.objects.get(id.0)
    }

    /// All objects in the order of their numbers.
    pub fn objects(&self) -> impl Iterator<Item = (ObjectId, &ObjectNow)> {
        self.objects.iter().map(|(number, object)| (ObjectId(number), object))
    }

    /// The task that runs (or ran last) on the worker of the newest event.
    pub fn current(&self) -> TaskId {
        self.current
    }

    /// Number of workers that were seen.
    pub fn workers(&self) -> u32 {
        (self.others.len() as u32).max(self.worker + 1)
    }

    /// The task that runs on a worker.
    pub fn running_on(&self, worker: u32) -> Option<&TaskNow> {
        let here = (self.current, self.place);
        let place = if worker == self.worker { here } else { *self.others.get(worker as usize)? }.1;
        self.tasks.get(place).filter(|task| task.worker == worker && task.state == TaskState::Running)
    }

    /// Tasks by state.
    pub fn counts(&self) -> &Counts {
        &self.counts
    }

    /// How much a copy costs, in entries.
    pub fn weight(&self) -> usize {
        self.tasks.len() + self.objects.len()
    }

    /// Follows an event.
    pub fn apply(&mut self, at: &Event, analysis: &mut impl Analysis) {
        let object = ObjectId(at.object);
        if at.worker != self.worker {
            self.change_worker(at, analysis);
        }
        if let Some(task) = self.tasks.get_mut(self.place) {
            // Wakes and timers may be recorded in the name of a task that has just blocked: its place is where it blocked.
            if task.state == TaskState::Running && task.worker == self.worker && !at.kind.is_bookkeeping() {
                task.site = at.site;
            }
        }
        match at.kind {
            Kind::TaskSpawn | Kind::AsyncSpawn => self.spawn(at, analysis),
            Kind::Switch => self.switch(at, analysis),
            Kind::Preempt | Kind::Yield => self.set_current(TaskState::Ready, at, analysis),
            Kind::Wake => self.wake(TaskId(at.object), true, at, analysis),
            Kind::TaskEnd => self.end(at, analysis),
            Kind::TaskCancel => self.wake(TaskId(at.object), false, at, analysis),

            Kind::ChanMake => self.make(ObjectKind::Channel, at.arg, at, analysis),
            Kind::Send if at.blocked => self.block(WaitReason::Send, at, analysis),
            Kind::Send => self.send(object, at, analysis),
            Kind::Recv if at.blocked => self.block(WaitReason::Recv, at, analysis),
            Kind::Recv => self.receive(object, at, analysis),
            Kind::Close => {
                if let Some(channel) = self.object_mut(object, ObjectKind::Channel) {
                    channel.closed = true;
                    analysis.closed(object, at);
                }
            }
            Kind::SelectWait => self.block(WaitReason::Select, at, analysis),
            Kind::SelectRecvArm => self.arm(Arm::Recv(object)),
            Kind::SelectSendArm => self.arm(Arm::Send(object)),
            Kind::SelectTimerArm => self.arm(Arm::Timer(object)),
            Kind::SelectFutureArm => self.arm(Arm::Future(TaskId(at.object))),
            Kind::RecvClosed | Kind::SendClosed | Kind::CloseAgain | Kind::TrySendFull | Kind::TryRecvEmpty => {}
            Kind::SelectCommit | Kind::SelectDefault => {}

            Kind::MutexMake => self.make(ObjectKind::Mutex, 0, at, analysis),
            Kind::Lock if at.blocked => self.block(WaitReason::Lock, at, analysis),
            Kind::Lock => self.acquire(object, at.task, None, at, analysis),
            Kind::RwMake => self.make(ObjectKind::RwLock, 0, at, analysis),
            Kind::ReadLock if at.blocked => self.block(WaitReason::ReadLock, at, analysis),
            Kind::WriteLock if at.blocked => self.block(WaitReason::WriteLock, at, analysis),
            Kind::ReadLock | Kind::WriteLock => self.acquire(object, at.task, None, at, analysis),
            Kind::Unlock | Kind::ReadUnlock | Kind::WriteUnlock | Kind::Release => self.release(object, at, analysis),
            Kind::TryLockFail | Kind::TryAcquireFail => {}

            Kind::WaitGroupMake => self.make(ObjectKind::WaitGroup, at.arg, at, analysis),
            Kind::WaitGroupAdd | Kind::WaitGroupDone => {
                self.set_level(object, ObjectKind::WaitGroup, (at.arg as i32).max(0) as u32, at, analysis);
            }
            Kind::WaitGroupWait if at.blocked => self.block(WaitReason::WaitGroup, at, analysis),
            Kind::WaitGroupWait => {}
            Kind::OnceMake => self.make(ObjectKind::Once, 0, at, analysis),
            Kind::OnceBegin if at.blocked => self.block(WaitReason::Once, at, analysis),
            Kind::OnceBegin => self.acquire(object, at.task, None, at, analysis),
            Kind::OnceEnd => {
                self.release(object, at, analysis);
                self.set_level(object, ObjectKind::Once, 1, at, analysis);
            }
            Kind::BarrierMake => self.make(ObjectKind::Barrier, at.arg, at, analysis),
            Kind::BarrierWait => {
                let arrived = if at.blocked { at.arg } else { 0 };
                self.set_level(object, ObjectKind::Barrier, arrived, at, analysis);
                if at.blocked {
                    self.block(WaitReason::Barrier, at, analysis);
                }
            }
            Kind::SemaphoreMake => self.make(ObjectKind::Semaphore, at.arg, at, analysis),
            Kind::Acquire if at.blocked => self.block(WaitReason::Semaphore, at, analysis),
            Kind::Acquire => {
                let free = self.object(object).map_or(0, |semaphore| semaphore.level.saturating_sub(1));
                self.set_level(object, ObjectKind::Semaphore, free, at, analysis);
                self.acquire(object, at.task, None, at, analysis);
            }

            Kind::Await if at.blocked => self.block(WaitReason::Await, at, analysis),
            Kind::Await | Kind::Detach => {}
            Kind::Sleep => {
                self.make(ObjectKind::Timer, at.arg, at, analysis);
                self.block(WaitReason::Sleep, at, analysis);
            }
            Kind::TimerSet => self.make(ObjectKind::Timer, at.arg, at, analysis),
            Kind::TimerFire => self.wake(TaskId(at.arg), true, at, analysis),
            Kind::TimerStop => {
                if let Some(timer) = self.object_mut(object, ObjectKind::Timer) {
                    timer.closed = true;
                }
            }
            Kind::ContextMake => self.make(ObjectKind::Context, 0, at, analysis),
            Kind::ContextCancel => {
                if let Some(context) = self.object_mut(object, ObjectKind::Context) {
                    context.closed = true;
                }
            }
            Kind::AtomicMake => self.make(ObjectKind::Atomic, 0, at, analysis),
            Kind::CallBegin | Kind::IoBegin => {
                if at.blocked {
                    self.block(WaitReason::Io, at, analysis);
                }
            }
            Kind::CallEnd | Kind::IoEnd => {
                let place = self.place;
                let waits =
                    |task: &TaskNow| task.state == TaskState::Blocked(WaitReason::Io) && task.worker == self.worker;
                if self.tasks.get(place).is_some_and(waits) {
                    self.set(place, TaskState::Running, at, analysis);
                }
            }
            Kind::Atomic | Kind::Publish | Kind::SharedRead | Kind::SharedWrite | Kind::Collect => {}
            Kind::Output | Kind::ErrorOutput | Kind::Panic | Kind::Marker | Kind::Finding => {}
            Kind::ClockJump | Kind::Anchor | Kind::Counter | Kind::Worker => {}
            Kind::Sample | Kind::StackFrame | Kind::BlockedAt => {}
        }
    }

    /// The events of another worker follow.
    fn change_worker(&mut self, at: &Event, analysis: &mut impl Analysis) {
        let (from, to) = (self.worker as usize, at.worker as usize);
        if from.max(to) >= self.others.len() {
            self.others.resize(from.max(to) + 1, (TaskId(0), usize::MAX));
        }
        self.others[from] = (self.current, self.place);
        self.worker = at.worker;
        (self.current, self.place) = self.others[to];
        // Its last switch was lost. (A switch itself says whom it switches to.)
        if at.task != self.current && at.kind != Kind::Switch {
            self.switch_to(at.task, at, analysis);
        }
    }

    fn spawn(&mut self, at: &Event, analysis: &mut impl Analysis) {
        let id = TaskId(at.object);
        if id.0 == 0 || self.places.contains_key(&id.0) {
            return;
        }
        analysis.spawned(id, at.task, at.arg, at);
        let place = self.add(id, at);
        self.counts.by_state[TaskState::Ready.code() as usize] += 1;
        analysis.state(self.tasks[place].id, TaskState::Ready, at);
    }

    /// A new place for a task, ready.
    fn add(&mut self, id: TaskId, at: &Event) -> usize {
        let place = match self.free.pop() {
            Some(place) => place as usize,
            None => {
                self.tasks.push(TaskNow {
                    id,
                    state: TaskState::Ready,
                    site: at.site,
                    since: 0,
                    event: 0,
                    worker: u32::MAX,
                    on: 0,
                    arms: Vec::new(),
                    held: Vec::new(),
                });
                self.tasks.len() - 1
            }
        };
        let task = &mut self.tasks[place];
        task.id = id;
        task.state = TaskState::Ready;
        task.site = at.site;
        task.since = at.clock;
        task.event = at.ordinal;
        task.worker = u32::MAX;
        self.places.insert(id.0, place as u32);
        place
    }

    fn switch(&mut self, at: &Event, analysis: &mut impl Analysis) {
        self.switch_to(TaskId(at.object), at, analysis);
    }

    fn switch_to(&mut self, id: TaskId, at: &Event, analysis: &mut impl Analysis) {
        // A task that runs on without having said why it stopped was preempted.
        self.set_current(TaskState::Ready, at, analysis);
        self.current = id;
        self.place = usize::MAX;
        if id.0 == 0 {
            return;
        }
        let place = match self.places.get(&id.0) {
            Some(&place) => place as usize,
            // Its spawn is not in the recording.
            None => {
                analysis.spawned(id, TaskId(0), u32::MAX, at);
                self.counts.by_state[TaskState::Ready.code() as usize] += 1;
                self.add(id, at)
            }
        };
        self.place = place;
        self.tasks[place].worker = self.worker;
        if let TaskState::Blocked(_) = self.tasks[place].state {
            self.unblock(place, true, at, analysis);
        }
        self.set(place, TaskState::Running, at, analysis);
    }

    fn end(&mut self, at: &Event, analysis: &mut impl Analysis) {
        let state = match at.arg {
            s if s == EndStatus::Panicked as u32 => TaskState::Panicked,
            s if s == EndStatus::Cancelled as u32 => TaskState::Cancelled,
            _ => TaskState::Done,
        };
        let place = self.place;
        if self.tasks.get(place).is_some_and(|task| task.id.0 != 0 && task.worker == self.worker) {
            self.set(place, state, at, analysis);
            let task = &mut self.tasks[place];
            self.places.remove(&task.id.0);
            task.id = TaskId(0);
            task.arms.clear();
            task.held.clear();
            self.free.push(place as u32);
            self.place = usize::MAX;
        }
        self.wake(TaskId(at.object), true, at, analysis);
    }

    /// Changes the state of the task that runs on this worker; others are left alone.
    fn set_current(&mut self, state: TaskState, at: &Event, analysis: &mut impl Analysis) {
        if self.runs_here() {
            self.set(self.place, state, at, analysis);
        }
    }

    /// Whether the current task runs, and on this worker: it may have blocked, been woken, and gone on elsewhere.
    fn runs_here(&self) -> bool {
        let here = |task: &TaskNow| task.state == TaskState::Running && task.worker == self.worker;
        self.tasks.get(self.place).is_some_and(here)
    }

    fn set(&mut self, place: usize, state: TaskState, at: &Event, analysis: &mut impl Analysis) {
        let task = &mut self.tasks[place];
        let before = &mut self.counts.by_state[task.state.code() as usize];
        *before = before.saturating_sub(1);
        self.counts.by_state[state.code() as usize] += 1;
        task.state = state;
        task.since = at.clock;
        task.event = at.ordinal;
        analysis.state(task.id, state, at);
    }

    fn block(&mut self, reason: WaitReason, at: &Event, analysis: &mut impl Analysis) {
        let place = self.place;
        if !self.runs_here() {
            return;
        }
        let task = &mut self.tasks[place];
        task.on = at.object;
        task.arms.clear();
        self.set(place, TaskState::Blocked(reason), at, analysis);
        match reason {
            WaitReason::Send => self.count_waiting(ObjectId(at.object), true, 1),
            WaitReason::Select | WaitReason::Await | WaitReason::Io => {}
            _ => self.count_waiting(ObjectId(at.object), false, 1),
        }
    }

    /// One more arm of the select in which the current task has just blocked.
    fn arm(&mut self, arm: Arm) {
        let Some(task) = self.tasks.get_mut(self.place) else { return };
        if task.state == TaskState::Blocked(WaitReason::Select) && task.worker == self.worker {
            task.arms.push(arm);
            self.count_arm(arm, 1);
        }
    }

    fn count_arm(&mut self, arm: Arm, by: i32) {
        match arm {
            Arm::Recv(channel) => self.count_waiting(channel, false, by),
            Arm::Send(channel) => self.count_waiting(channel, true, by),
            Arm::Timer(timer) => self.count_waiting(timer, false, by),
            Arm::Future(_) => {}
        }
    }

    fn count_waiting(&mut self, object: ObjectId, to_send: bool, by: i32) {
        if let Some(object) = self.objects.get_mut(object.0) {
            let count = if to_send { &mut object.waiting_to_send } else { &mut object.waiting };
            *count = count.saturating_add_signed(by);
        }
    }

    /// A blocked task becomes ready; `served` unless it is cancelled.
    fn wake(&mut self, id: TaskId, served: bool, at: &Event, analysis: &mut impl Analysis) {
        if id.0 == 0 {
            return;
        }
        let Some(&place) = self.places.get(&id.0) else { return };
        let place = place as usize;
        if let TaskState::Blocked(_) = self.tasks[place].state {
            self.unblock(place, served, at, analysis);
            self.set(place, TaskState::Ready, at, analysis);
        }
    }

    /// Ends the wait of a blocked task: it leaves the queues, and gets what it waited for if it was served.
    fn unblock(&mut self, place: usize, served: bool, at: &Event, analysis: &mut impl Analysis) {
        let task = &mut self.tasks[place];
        let TaskState::Blocked(reason) = task.state else { return };
        let (id, on, asked, asked_at) = (task.id, ObjectId(task.on), task.event, task.site);
        let ticks = at.clock.saturating_sub(task.since);
        task.on = 0;
        // The timer of a sleep is nobody's any more. There are as many as there were sleeps.
        if reason == WaitReason::Sleep && self.objects.get(on.0).is_some_and(|timer| timer.kind == ObjectKind::Timer) {
            self.objects.remove(on.0);
        }
        let task = &mut self.tasks[place];
        match reason {
            WaitReason::Select => {
                let arms = std::mem::take(&mut task.arms);
                arms.iter().for_each(|&arm| self.count_arm(arm, -1));
                let mut arms = arms;
                arms.clear();
                self.tasks[place].arms = arms;
            }
            WaitReason::Await | WaitReason::Io => {}
            WaitReason::Send => self.count_waiting(on, true, -1),
            _ => self.count_waiting(on, false, -1),
        }
        if !matches!(reason, WaitReason::Select | WaitReason::Await | WaitReason::Io | WaitReason::Sleep) {
            analysis.waited(on, id, ticks, at);
        }
        // In a program that recorded itself a wait for a lock may end because its task gave up (a timeout): only what names the
        // lock hands it over.
        let gave_up = match at.kind {
            Kind::TimerFire => true,
            Kind::Wake => at.arg != on.0,
            _ => false,
        };
        let for_lock = |reason| {
            matches!(reason, WaitReason::Lock | WaitReason::ReadLock | WaitReason::WriteLock | WaitReason::Semaphore)
        };
        if !served || (gave_up && for_lock(reason)) {
            return;
        }
        let by_partner = at.object == on.0;
        match reason {
            // The value went from hand to hand, or (a sender into a buffer) took the place of the one that left it.
            WaitReason::Send if by_partner && at.kind == Kind::Recv => analysis.queued(on, asked, at),
            WaitReason::Recv if by_partner && at.kind == Kind::Send => analysis.took(on, asked, at),
            WaitReason::Recv if at.kind == Kind::TimerFire => {
                analysis.queued(on, at.ordinal, at);
                analysis.took(on, asked, at);
            }
            WaitReason::Lock | WaitReason::ReadLock | WaitReason::WriteLock | WaitReason::Semaphore => {
                let exclusive = matches!(reason, WaitReason::Lock | WaitReason::WriteLock);
                let hold = Hold { task: id, site: asked_at, since: at.clock, event: asked, exclusive };
                self.hold(on, hold, Some(ticks), at, analysis);
            }
            _ => {}
        }
    }

    fn send(&mut self, channel: ObjectId, at: &Event, analysis: &mut impl Analysis) {
        analysis.queued(channel, at.ordinal, at);
        if at.arg == 0 {
            self.change_level(channel, 1, at, analysis);
            return;
        }
        // A receiver that waits in a select takes the value as well, but only here is it known from which channel.
        let woken = TaskId(at.arg);
        if let Some(task) = self.task(woken)
            && task.state == TaskState::Blocked(WaitReason::Select)
        {
            analysis.took(channel, task.event, at);
        }
        self.wake(woken, true, at, analysis);
    }

    fn receive(&mut self, channel: ObjectId, at: &Event, analysis: &mut impl Analysis) {
        if at.arg == 0 {
            self.change_level(channel, -1, at, analysis);
        } else {
            let woken = TaskId(at.arg);
            if let Some(task) = self.task(woken)
                && task.state == TaskState::Blocked(WaitReason::Select)
            {
                analysis.queued(channel, task.event, at);
            }
            self.wake(woken, true, at, analysis);
        }
        analysis.took(channel, at.ordinal, at);
    }

    fn make(&mut self, kind: ObjectKind, size: u32, at: &Event, analysis: &mut impl Analysis) {
        if at.object != 0 {
            self.objects.insert(at.object, ObjectNow::new(kind, size));
            analysis.made(ObjectId(at.object), kind, size, at);
        }
    }

    /// The object, if it is of this sort; one whose making is not in the recording is added.
    fn object_mut(&mut self, id: ObjectId, kind: ObjectKind) -> Option<&mut ObjectNow> {
        if id.0 != 0 && self.objects.get(id.0).is_none() {
            self.objects.insert(id.0, ObjectNow::new(kind, 0));
        }
        self.objects.get_mut(id.0).filter(|object| object.kind == kind)
    }

    fn set_level(&mut self, id: ObjectId, kind: ObjectKind, level: u32, at: &Event, analysis: &mut impl Analysis) {
        if let Some(object) = self.object_mut(id, kind) {
            object.level = level;
            analysis.level(id, level, at);
        }
    }

    fn change_level(&mut self, id: ObjectId, by: i32, at: &Event, analysis: &mut impl Analysis) {
        if let Some(channel) = self.object_mut(id, ObjectKind::Channel) {
            channel.level = channel.level.saturating_add_signed(by);
            analysis.level(id, channel.level, at);
        }
    }

    fn acquire(
        &mut self,
        object: ObjectId,
        task: TaskId,
        waited: Option<u64>,
        at: &Event,
        analysis: &mut impl Analysis,
    ) {
        let exclusive = matches!(at.kind, Kind::Lock | Kind::WriteLock | Kind::OnceBegin);
        let hold = Hold { task, site: at.site, since: at.clock, event: at.ordinal, exclusive };
        self.hold(object, hold, waited, at, analysis);
    }

    fn hold(&mut self, id: ObjectId, hold: Hold, waited: Option<u64>, at: &Event, analysis: &mut impl Analysis) {
        let Some(object) = self.objects.get_mut(id.0) else { return };
        object.holds.push(hold);
        let keeps = object.kind != ObjectKind::Once;
        let place = if hold.task == self.current { self.place } else { self.place_of(hold.task) };
        if keeps && let Some(task) = self.tasks.get_mut(place) {
            task.held.push(id);
        }
        analysis.acquired(id, hold.task, waited, at);
    }

    fn place_of(&self, task: TaskId) -> usize {
        self.places.get(&task.0).map_or(usize::MAX, |&place| place as usize)
    }

    /// The current task gives a lock or permit back (or another's: guards and permits may travel), and a woken task gets it.
    fn release(&mut self, id: ObjectId, at: &Event, analysis: &mut impl Analysis) {
        let mut holder = None;
        if let Some(object) = self.objects.get_mut(id.0) {
            let mine = object.holds.iter().rposition(|hold| hold.task == at.task);
            if !object.holds.is_empty() {
                holder = Some(remove(&mut object.holds, mine.unwrap_or(0)));
            }
            if object.kind == ObjectKind::Semaphore && at.arg == 0 {
                object.level = object.level.saturating_add(1);
                analysis.level(id, object.level, at);
            }
        }
        if let Some(hold) = holder {
            let place = if hold.task == self.current { self.place } else { self.place_of(hold.task) };
            if let Some(task) = self.tasks.get_mut(place)
                && let Some(index) = task.held.iter().rposition(|&held| held == id)
            {
                remove(&mut task.held, index);
            }
            analysis.released(id, hold.task, at.clock.saturating_sub(hold.since), at);
        }
        if at.kind != Kind::OnceEnd {
            self.wake(TaskId(at.arg), true, at, analysis);
        }
    }
}

/// Takes an element out of its place; mostly it is the last one.
#[inline]
fn remove<T>(elements: &mut Vec<T>, index: usize) -> T {
    match elements.pop() {
        Some(last) if index == elements.len() => last,
        Some(last) => {
            elements.push(last);
            elements.remove(index)
        }
        None => unreachable!("the index was found in it"),
    }
}
