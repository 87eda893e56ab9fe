//! The scheduler as the interpreter sees it: spawning, ending, switching, waiting for tasks, cancelling. The operations of
//! each primitive stand in that primitive's file, under `objects`.

use crate::core::{Core, POLL_SWITCHES, blocked};
use crate::detect::Detector;
use crate::objects::{
    Atomic, Barrier, Channel, Context, Mutex, Once, RwLock, Select, Semaphore, Timer, TimerQueue, WaitGroup,
};
use crate::oracle::{Choice, Oracle};
use crate::outcome::{ArmOutcome, At, Handle, Next, Resume, Step};
use crate::queue::{Entry, PLAIN};
use crate::slab::{NONE, Slab};
use crate::task::{State, Task, flag};
use crate::time::TimeSource;
use tracer::event::{EndStatus, Kind};
use tracer::finding::WaitReason;
use tracer::record::Tracer;

/// What a scheduler is made for.
#[derive(Clone, Debug)]
pub struct Config<V> {
    /// Who makes the choices.
    pub oracle: Oracle,
    /// Virtual or real time.
    pub time: TimeSource,
    /// The guest's value for a point in time (nanoseconds of [`Scheduler::now`]), sent by timers and tickers.
    pub time_value: fn(u64) -> V,
    /// Whether the program can cancel tasks at all. If so, a task whose future a live task still holds is never called
    /// stuck: it may be cancelled.
    pub may_cancel: bool,
}

/// The deterministic runtime. `V` is a guest value, `B` the interpreter's part of a task.
#[derive(Clone, Debug)]
pub struct Scheduler<V, B> {
    pub(crate) core: Core<V, B>,
    pub(crate) channels: Slab<Channel<V>>,
    pub(crate) selects: Slab<Select<V>>,
    pub(crate) mutexes: Slab<Mutex<V>>,
    pub(crate) rwlocks: Slab<RwLock<V>>,
    pub(crate) wait_groups: Slab<WaitGroup>,
    pub(crate) onces: Slab<Once<V>>,
    pub(crate) barriers: Slab<Barrier>,
    pub(crate) semaphores: Slab<Semaphore>,
    pub(crate) atomics: Slab<Atomic>,
    pub(crate) timers: Slab<Timer>,
    pub(crate) contexts: Slab<Context<V>>,
    pub(crate) queue: TimerQueue,
    pub(crate) time: TimeSource,
    pub(crate) time_value: fn(u64) -> V,
    pub(crate) may_cancel: bool,
    /// See [`Scheduler::open_locks`].
    pub(crate) open_locks: bool,
    /// Tasks parked in I/O or C calls.
    pub(crate) external: u32,
    pub(crate) detector: Detector,
}

impl<V: Copy + Default, B: Default> Scheduler<V, B> {
    /// A scheduler without tasks.
    pub fn new(config: Config<V>) -> Self {
        Self {
            core: Core::new(config.oracle),
            channels: Slab::default(),
            selects: Slab::default(),
            mutexes: Slab::default(),
            rwlocks: Slab::default(),
            wait_groups: Slab::default(),
            onces: Slab::default(),
            barriers: Slab::default(),
            semaphores: Slab::default(),
            atomics: Slab::default(),
            timers: Slab::default(),
            contexts: Slab::default(),
            queue: TimerQueue::default(),
            time: config.time,
            time_value: config.time_value,
            may_cancel: config.may_cancel,
            open_locks: false,
            external: 0,
            detector: Detector::default(),
        }
    }

    /// Takes all tasks out of the run queue but this one: what a copy of a run is for that is to do one thing only.
    pub fn leave_only(&mut self, slot: u32) {
        self.core.ready = crate::ready::ReadyQueue::default();
        self.core.ready.push(slot);
    }

    /// From now on any task may release any lock that it can reach (a language without guards). A lock's owner then is only who took
    /// it: that the owner is stuck does not mean that the lock is.
    pub fn open_locks(&mut self) {
        self.open_locks = true;
    }

    /// Slot of the running task.
    #[inline(always)]
    pub fn current(&self) -> u32 {
        self.core.current
    }

    /// The task in a slot.
    #[inline(always)]
    pub fn task(&self, slot: u32) -> &Task<V, B> {
        &self.core.tasks[slot]
    }

    /// The task in a slot, if there is such a slot: who looks at an earlier point of a run may know of one that is not there yet.
    pub fn task_in(&self, slot: u32) -> Option<&Task<V, B>> {
        self.core.tasks.get(slot)
    }

    /// The task in a slot, to save or restore its body, take its value and its resume.
    #[inline(always)]
    pub fn task_mut(&mut self, slot: u32) -> &mut Task<V, B> {
        &mut self.core.tasks[slot]
    }

    /// A reference to the task in a slot that cannot be mistaken for a later task in the same slot.
    #[inline(always)]
    pub fn handle(&self, slot: u32) -> Handle {
        self.core.tasks[slot].handle(slot)
    }

    /// Whether the task of a handle is still there: it has not ended, or its result has not been taken.
    #[inline]
    pub fn has_task(&self, handle: Handle) -> bool {
        self.core.tasks.get(handle.slot).is_some_and(|task| task.id == handle.id)
    }

    /// All tasks that have not ended, in order of slots.
    pub fn live_tasks(&self) -> impl Iterator<Item = (u32, &Task<V, B>)> {
        self.core.tasks.iter().filter(|(_, task)| !matches!(task.state, State::Free | State::Ended))
    }

    /// Number of tasks that have not ended.
    pub fn live(&self) -> usize {
        self.core.live as usize
    }

    /// Number of tasks in the run queue.
    pub fn ready(&self) -> usize {
        self.core.ready.len()
    }

    /// Whether the first task has ended.
    pub fn main_ended(&self) -> bool {
        self.core.main_ended
    }

    /// A random number below `n` (at least 1) for the guest.
    pub fn random(&mut self, n: u32) -> u32 {
        self.core.oracle.choose(Choice::Guest, n.max(1))
    }

    /// Makes a task and puts it into the run queue. The caller then fills in the body, in which the stack of an earlier
    /// task may be found for reuse. A `joinable` task keeps its result for [`Scheduler::await_task`]; the other kind is
    /// forgotten when it ends.
    #[inline]
    pub fn spawn<T: Tracer>(&mut self, tr: &mut T, at: At, function: u32, joinable: bool) -> u32 {
        let flags = if joinable { flag::JOINABLE } else { 0 };
        let slot = self.core.new_task(function, at.site, flags);
        self.core.ready.push(slot);
        let kind = if joinable { Kind::AsyncSpawn } else { Kind::TaskSpawn };
        tr.emit(kind as u8, at.site, at.clock, self.core.tasks[slot].id, function);
        slot
    }

    /// Ends the running task. Those who wait for it get `result`; where nobody can ask for it any more the slot is free.
    #[inline]
    pub fn end_task<T: Tracer>(&mut self, tr: &mut T, at: At, status: EndStatus, result: V) {
        let slot = self.core.current;
        self.core.remember_end(tr, at);
        self.core.live -= 1;
        self.core.dirty = true;
        let task = &mut self.core.tasks[slot];
        if task.id == 1 {
            self.core.main_ended = true;
        }
        let mut kept = task.joinable();
        if status == EndStatus::Cancelled {
            task.flags |= flag::CANCELLED;
        }
        if task.waiter.slot == NONE {
            tr.emit(Kind::TaskEnd as u8, at.site, at.clock, 0, status as u32);
        } else if self.wake_waiters(tr, at, status, result) {
            kept = false;
        }
        if kept {
            let task = &mut self.core.tasks[slot];
            task.value = result;
            task.state = State::Ended;
        } else {
            self.core.free_task(slot);
        }
        self.core.current = NONE;
        self.core.current_id = 0;
    }

    /// Wakes all who wait for the end of the running task; says whether one of them takes the result with it.
    #[inline]
    fn wake_waiters<T: Tracer>(&mut self, tr: &mut T, at: At, status: EndStatus, result: V) -> bool {
        let slot = self.core.current;
        let (plain, outcome) = match status {
            EndStatus::Cancelled => (Resume::Gone, ArmOutcome::Gone),
            EndStatus::Done | EndStatus::Panicked => (Resume::Done, ArmOutcome::Done),
        };
        let first = std::mem::replace(&mut self.core.tasks[slot].waiter, Entry::NOBODY);
        let mut taken = false;
        let mut woken = 0;
        if first.valid(&self.core.tasks) {
            woken = self.core.wake_with(first, result, plain, outcome);
            taken = first.tag == TAKES;
            if first.arm != PLAIN {
                self.leave_select(first.slot, first.arm);
            }
        }
        tr.emit(Kind::TaskEnd as u8, at.site, at.clock, woken, status as u32);
        if !self.core.more_waiters.is_empty() {
            taken |= self.wake_more(tr, at, plain, outcome, result);
        }
        taken
    }

    #[cold]
    #[inline(never)]
    fn wake_more<T: Tracer>(&mut self, tr: &mut T, at: At, plain: Resume, outcome: ArmOutcome, result: V) -> bool {
        let mut taken = false;
        for entry in self.core.more_waiters.remove(&self.core.current).unwrap_or_default() {
            if entry.valid(&self.core.tasks) {
                self.core.tasks[entry.slot].value = result;
                let woken = self.core.wake_entry(entry, plain, outcome);
                tr.emit(Kind::Wake as u8, at.site, at.clock, woken, 0);
                taken |= entry.tag == TAKES;
                if entry.arm != PLAIN {
                    self.leave_select(entry.slot, entry.arm);
                }
            }
        }
        taken
    }

    /// The running task lets others run.
    #[inline]
    pub fn yield_now<T: Tracer>(&mut self, tr: &mut T, at: At) {
        tr.emit(Kind::Yield as u8, at.site, at.clock, 0, 0);
        self.requeue(at);
    }

    /// The running task's slice is used up. Gives the length of its next slice if it simply goes on; `None` if it has
    /// been put back into the run queue and the next task should be asked for.
    #[inline]
    pub fn slice_end<T: Tracer>(&mut self, tr: &mut T, at: At) -> Option<u32> {
        tr.poll(at.clock);
        self.poll_time(tr, at.clock);
        if let Oracle::Scripted(_) = self.core.oracle {
            return self.scripted_slice_end(tr, at);
        }
        if self.core.ready.is_empty() || !self.core.oracle.preempts() {
            return Some(self.core.oracle.slice());
        }
        tr.emit(Kind::Preempt as u8, at.site, at.clock, 0, 0);
        self.requeue(at);
        None
    }

    #[inline]
    pub(crate) fn requeue(&mut self, at: At) {
        let slot = self.core.current;
        let task = self.core.running();
        task.state = State::Ready;
        task.site = at.site;
        task.resume = Resume::None;
        self.core.ready.push(slot);
    }

    /// Chooses who runs next.
    #[inline]
    pub fn next_task<T: Tracer>(&mut self, tr: &mut T, clock: u64) -> Next {
        self.core.attend_in -= 1;
        if self.core.attend_in == 0
            && let Some(next) = self.attend(tr, clock)
        {
            return next;
        }
        let Some(slot) = self.core.pick() else {
            return self.nothing_ready();
        };
        let slice = self.core.oracle.slice();
        self.switch_to(tr, clock, slot, slice);
        Next::Run { slot, slice }
    }

    /// The task in a slot, taken out of the run queue, runs now.
    #[inline(always)]
    pub(crate) fn switch_to<T: Tracer>(&mut self, tr: &mut T, clock: u64, slot: u32, slice: u32) {
        self.core.current = slot;
        let task = &mut self.core.tasks[slot];
        task.state = State::Running;
        task.flags |= flag::STARTED;
        self.core.current_id = task.id;
        let site = task.site;
        tr.emit(Kind::Switch as u8, site, clock, task.id, slice);
        if let Resume::Arm { arm, .. } = task.resume {
            // `leave_select` left the number of the arm's object here.
            tr.emit(Kind::SelectCommit as u8, site, clock, task.object, arm as u32);
        }
    }

    #[cold]
    #[inline(never)]
    fn attend<T: Tracer>(&mut self, tr: &mut T, clock: u64) -> Option<Next> {
        if let Oracle::Scripted(_) = self.core.oracle {
            return Some(self.next_scripted(tr, clock));
        }
        let cancels = !self.core.cancel_parked.is_empty();
        self.cancel_now(tr, clock);
        self.core.attend_in = POLL_SWITCHES;
        if cancels {
            return None;
        }
        tr.poll(clock);
        self.poll_time(tr, clock);
        Some(Next::Poll)
    }

    /// Tasks cancelled while they ran and parked since are told.
    pub(crate) fn cancel_now<T: Tracer>(&mut self, tr: &mut T, clock: u64) {
        while let Some(slot) = self.core.cancel_parked.pop() {
            let task = &self.core.tasks[slot];
            if task.state == State::Blocked && task.has(flag::CANCEL) {
                let (handle, at) = (task.handle(slot), At { site: task.site, clock });
                self.cancel_task(tr, at, handle);
            }
        }
    }

    #[cold]
    #[inline(never)]
    pub(crate) fn nothing_ready(&mut self) -> Next {
        self.core.current = NONE;
        self.core.current_id = 0;
        if self.core.live == 0 {
            Next::Finished
        } else if self.external > 0 || !self.detector.hopeless && self.timer_pending() {
            Next::Idle
        } else {
            Next::Stuck
        }
    }

    /// Waits for the end of a task and takes its result. `takes` says that nobody else will ask: the future is consumed.
    /// `Closed` means that there is no result: it was taken before, or the task was cancelled.
    #[inline]
    pub fn await_task<T: Tracer>(&mut self, tr: &mut T, at: At, future: Handle, takes: bool) -> Step<V> {
        let Some(task) = self.core.tasks.get(future.slot).filter(|task| task.id == future.id) else {
            return Step::Closed;
        };
        if task.state == State::Ended {
            tr.emit(Kind::Await as u8, at.site, at.clock, future.id, 0);
            let (value, cancelled) = (task.value, task.has(flag::CANCELLED));
            if takes {
                self.core.free_task(future.slot);
            }
            return if cancelled { Step::Closed } else { Step::Ready(value) };
        }
        let entry = self.core.park(tr, at, WaitReason::Await, future.slot);
        self.add_waiter(future.slot, Entry { tag: if takes { TAKES } else { 0 }, ..entry });
        let flags = &mut self.core.running().flags;
        *flags = if takes { *flags | flag::OWNS_AWAITED } else { *flags & !flag::OWNS_AWAITED };
        tr.emit(blocked(Kind::Await), at.site, at.clock, future.id, 0);
        self.check_chain();
        Step::Blocked
    }

    #[inline]
    pub(crate) fn add_waiter(&mut self, target: u32, entry: Entry) {
        let first = self.core.tasks[target].waiter;
        if first.slot == NONE || !first.valid(&self.core.tasks) {
            self.core.tasks[target].waiter = entry;
        } else {
            let Core { more_waiters, tasks, .. } = &mut self.core;
            let more = more_waiters.entry(target).or_default();
            if more.len() == more.capacity() {
                more.retain(|entry| entry.valid(tasks));
            }
            more.push(entry);
        }
    }

    /// The future of a task was dropped: nobody will ask for its result.
    pub fn detach<T: Tracer>(&mut self, tr: &mut T, at: At, future: Handle) {
        let Some(task) = self.core.tasks.get(future.slot).filter(|task| task.id == future.id) else { return };
        if task.state == State::Ended {
            self.core.free_task(future.slot);
        } else {
            tr.emit(Kind::Detach as u8, at.site, at.clock, future.id, 0);
            self.core.tasks[future.slot].flags &= !flag::JOINABLE;
        }
    }

    /// Parks the running task until [`Scheduler::wake_external`]: an I/O operation or a C call on another thread. The
    /// caller emits the event, whose object is `object`.
    pub fn block_external<T: Tracer>(&mut self, tr: &T, at: At, object: u32) -> Handle {
        self.external += 1;
        let entry = self.core.park(tr, at, WaitReason::Io, object);
        self.handle(entry.slot)
    }

    /// The operation of [`Scheduler::block_external`] is over. Does nothing if the task was cancelled meanwhile.
    pub fn wake_external(&mut self, task: Handle, value: V) {
        let parked = &mut self.core.tasks[task.slot];
        if parked.id == task.id && parked.blocked_in(WaitReason::Io) {
            parked.value = value;
            self.external -= 1;
            self.core.wake(task.slot, Resume::Waited);
        }
    }
}

/// Tag of an entry that waits for a task's end and takes the result with it.
pub(crate) const TAKES: u16 = 1;
