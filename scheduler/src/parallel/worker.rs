//! A worker: run queue, switching, waking, spawning and ending tasks. The operations of the primitives stand in their own files.
//!
//! A task that is made ready goes into the worker's `next` slot, where nobody steals it: in a chain of hand-overs (a request, its
//! reply) both sides stay on one core. A second one goes to the worker's deque, from which idle workers steal. `next` is preferred
//! only so many times in a row, the deque is first in, first out, and what was injected from outside is looked at now and then: so no
//! ready task waits for ever. A task in `next` waits at most for the end of the running slice.

use super::shared::{Lane, ParallelConfig, Shared, Watch, count};
use super::sync::{Arc, lock};
use super::table::Slots;
use super::task::{CANCEL, TaskCell};
use super::world::Parked;
use crate::core::{EndedTask, blocked};
use crate::oracle::SplitMix;
use crate::outcome::{ArmOutcome, At, Handle, Next, Resume, Step};
use crate::queue::{Entry, PLAIN};
use crate::scheduler::TAKES;
use crate::slab::NONE;
use crate::task::{State, Task, flag};
use crossbeam_deque::{Steal, Worker as Deque};
use std::ops::Range;
use std::sync::atomic::Ordering;
use std::time::Duration;
use tracer::event::{EndStatus, Kind};
use tracer::finding::WaitReason;
use tracer::record::Tracer;

/// Ticks of a slice: some ten microseconds, so that a worker comes to a safepoint soon.
const SLICE: u32 = 10_000;

/// Slices of one tick after which it is another task's turn, while a watcher steps or slows the program.
const STAY: u32 = 32;

/// Times that `next` is preferred to the deque.
const CHAIN: u32 = 64;

/// Switches between two looks at timers, injected tasks and stop flags.
const ATTEND: u32 = 61;

/// The last worker to sleep looks at its stop flags this often.
const LOOK: Duration = Duration::from_millis(20);

/// Slices between two weighings, at least; the more channels there are to look at, the more rarely.
const WEIGHING: u32 = 64;

/// Rounds of looking for work before a worker goes to sleep.
const ROUNDS: u32 = 32;

/// Free slots of each table that a worker has at hand.
#[derive(Debug, Default)]
pub struct Free {
    pub tasks: Slots,
    pub channels: Slots,
    pub selects: Slots,
    pub mutexes: Slots,
    pub rwlocks: Slots,
    pub wait_groups: Slots,
    pub onces: Slots,
    pub barriers: Slots,
    pub semaphores: Slots,
    pub atomics: Slots,
}

/// One worker's handle on the parallel runtime. It belongs to one thread.
#[derive(Debug)]
pub struct Worker<V, B> {
    pub(super) shared: Arc<Shared<V, B>>,
    pub(super) index: u32,
    /// Slot of the running task, [`NONE`] without one.
    pub(super) current: u32,
    /// Its number, 0 without one.
    pub(super) current_id: u32,
    /// How far the trace clock is ahead of the ticks that operations come with.
    pub(super) offset: u64,
    /// Trace clock that the next operation comes after beside those of its object: that of a cancellation that this worker ran into.
    floor: u64,
    next: u32,
    deque: Deque<u32>,
    /// Times in a row that `next` was preferred.
    chain: u32,
    attend_in: u32,
    /// Slices that the running task has used up without making room.
    stayed: u32,
    pub(super) free: Free,
    pub(super) numbers: SplitMix,
    /// Workers that may look for work at once.
    most_searching: u32,
    /// Numbers for its next tasks.
    task_numbers: Range<u32>,
    /// Slices until this worker weighs what the runtime holds.
    weigh_in: u32,
    /// Live tasks as of the last exact count.
    live_seen: i64,
}

/// The workers of a new run; the first is the one to spawn `main`.
pub fn workers<V: Copy + Default, B: Default>(config: &ParallelConfig<V>) -> Vec<Worker<V, B>> {
    let deques: Vec<Deque<u32>> = (0..config.workers.max(1)).map(|_| Deque::new_fifo()).collect();
    let config = ParallelConfig { workers: deques.len() as u32, ..config.clone() };
    let shared = Arc::new(Shared::new(&config, deques.iter().map(Deque::stealer).collect()));
    let worker = |(index, deque)| Worker {
        shared: Arc::clone(&shared),
        index: index as u32,
        current: NONE,
        current_id: 0,
        offset: 0,
        floor: 0,
        next: NONE,
        deque,
        chain: 0,
        attend_in: ATTEND,
        stayed: 0,
        free: Free::default(),
        numbers: SplitMix(config.seed.wrapping_add((index as u64) << 32)),
        most_searching: shared.most_searching(),
        task_numbers: 0..0,
        weigh_in: WEIGHING,
        live_seen: 0,
    };
    deques.into_iter().enumerate().map(worker).collect()
}

impl<V: Copy + Default, B: Default> Worker<V, B> {
    /// Its number, from 0.
    pub fn index(&self) -> u32 {
        self.index
    }

    #[inline(always)]
    pub(super) fn lane(&self) -> &Lane {
        &self.shared.lanes[self.index as usize]
    }

    #[inline(always)]
    pub(super) fn cell(&self, slot: u32) -> &TaskCell<V, B> {
        self.shared.tasks.at(slot)
    }

    /// What the workers share. Not bound to the borrow of the worker, so that operations can go on changing it while they hold an
    /// object's lock.
    #[inline(always)]
    #[expect(unsafe_code, reason = "see below")]
    pub(super) fn shared<'a>(&self) -> &'a Shared<V, B>
    where
        V: 'a,
        B: 'a,
    {
        // SAFETY: the worker keeps the shared state alive, and nothing that is made of this reference leaves the operation.
        unsafe { &*Arc::as_ptr(&self.shared) }
    }

    /// A task that this worker owns; see `task`.
    #[inline(always)]
    #[expect(unsafe_code, reason = "callers own the task: it runs here, was made or claimed here, or the world stands")]
    pub(super) fn own<'a>(&self, slot: u32) -> &'a mut Task<V, B>
    where
        V: 'a,
        B: 'a,
    {
        // SAFETY: this is private to the runtime, whose every use is one of those named in the reason.
        unsafe { self.shared().tasks.at(slot).own() }
    }

    /// The trace clock of a moment given in ticks.
    #[inline(always)]
    pub(super) fn clock(&self, ticks: u64) -> u64 {
        ticks.wrapping_add(self.offset)
    }

    /// The trace clock of an operation that comes after everything up to `above`.
    #[inline(always)]
    pub(super) fn after_clock(&mut self, ticks: u64, above: u64) -> u64 {
        let clock = self.clock(ticks);
        let above = above.max(self.floor);
        if clock > above {
            return clock;
        }
        self.offset = self.offset.wrapping_add(above + 1 - clock);
        above + 1
    }

    /// Moves the trace clock on to the wall's time.
    fn follow_wall(&mut self, ticks: u64) -> u64 {
        let now = self.shared.now();
        let clock = self.clock(ticks);
        if clock < now {
            self.offset = self.offset.wrapping_add(now - clock);
        }
        now
    }

    /// Moves the trace clock on to this moment.
    fn not_before(&mut self, ticks: u64, clock: u64) {
        self.offset = self.offset.wrapping_add(clock.saturating_sub(self.clock(ticks)));
    }

    /// To be called before the worker's first operation, and when it has work again.
    pub fn awake<T: Tracer>(&mut self, tr: &mut T, ticks: u64) {
        self.shared.traced.store(T::ON, Ordering::Relaxed);
        let clock = tr.awake(self.clock(ticks));
        self.not_before(ticks, clock);
    }

    // Parking and waking

    /// Writes the wait into the running task, with the number of the event that will tell of it. It can be claimed from now on: its entries come into queues after this, under locks that are
    /// held. The caller then calls [`Worker::parked`] and touches the task no more.
    #[inline(always)]
    pub(super) fn park(&mut self, event: u64, at: At, clock: u64, reason: WaitReason, object: u32) -> Entry {
        let slot = self.current;
        let cell = self.shared.tasks.at(slot);
        let task = self.own(slot);
        task.state = State::Blocked;
        task.reason = reason;
        task.object = object;
        task.site = at.site;
        task.since = clock;
        task.event = event;
        task.partner = 0;
        let ticket = cell.wait().begin();
        Entry { slot, ticket, arm: PLAIN, tag: 0 }
    }

    /// The running task is parked and all locks are released.
    #[inline(always)]
    pub(super) fn parked<T: Tracer>(&mut self, tr: &mut T, at: At, entry: Entry) {
        self.current = NONE;
        self.current_id = 0;
        if self.shared.may_cancel {
            self.cancel_parked(tr, at, entry);
        }
    }

    /// Claims the wait of a queue's entry.
    #[inline(always)]
    pub(super) fn claim(&mut self, entry: &Entry) -> bool {
        let claimed = claim(&self.shared, entry);
        if !claimed {
            self.missed(entry);
        }
        claimed
    }

    /// Whether the wait of a queue's entry is under way: it may be over a moment later.
    #[inline(always)]
    pub(super) fn under_way(&mut self, entry: &Entry) -> bool {
        let under_way = self.cell(entry.slot).wait().is_under_way(entry.ticket);
        if !under_way {
            self.missed(entry);
        }
        under_way
    }

    /// The wait of a queue's entry is over. Of a plain one, which stands in one queue only, that was a cancellation, and what this worker
    /// does now comes after it.
    #[cold]
    fn missed(&mut self, entry: &Entry) {
        if entry.arm == PLAIN {
            self.floor = self.floor.max(self.cell(entry.slot).cancelled_at(entry.ticket));
        }
    }

    /// Makes a task ready whose wait this worker has claimed.
    #[inline(always)]
    pub(super) fn wake(&mut self, slot: u32, resume: Resume, clock: u64) -> u32 {
        let task = self.own(slot);
        task.resume = resume;
        task.state = State::Ready;
        task.since = clock;
        let id = task.id;
        self.make_ready(slot);
        id
    }

    /// Makes the task of a claimed entry ready and hands it a value.
    #[inline(always)]
    pub(super) fn wake_with(&mut self, entry: Entry, value: V, plain: Resume, outcome: ArmOutcome, clock: u64) -> u32 {
        self.own(entry.slot).value = value;
        self.wake_entry(entry, plain, outcome, clock)
    }

    /// Makes the task of a claimed entry ready.
    #[inline(always)]
    pub(super) fn wake_entry(&mut self, entry: Entry, plain: Resume, outcome: ArmOutcome, clock: u64) -> u32 {
        let resume = if entry.arm == PLAIN { plain } else { Resume::Arm { arm: entry.arm, outcome } };
        self.wake(entry.slot, resume, clock)
    }

    /// Puts a ready task into the run queue. It may run elsewhere at once.
    #[inline(always)]
    fn make_ready(&mut self, slot: u32) {
        if self.next == NONE {
            self.next = slot;
        } else {
            self.deque.push(slot);
            self.notify();
        }
    }

    /// Work was published that others may take.
    #[inline(always)]
    fn notify(&self) {
        if self.shared.world.notify() {
            count(&self.lane().counts.wakes);
        }
    }

    // Tasks

    pub(super) fn spawn<T: Tracer>(
        &mut self,
        tr: &mut T,
        at: At,
        function: u32,
        joinable: bool,
        start: impl FnOnce(&mut B),
    ) -> Handle {
        let slot = self.shared.tasks.take(&mut self.free.tasks);
        let id = self.task_number();
        let nth = self.shared.nth_of_function(function);
        // Strictly after what the parent did, strictly before what the child does.
        let clock = self.clock(at.clock);
        {
            let mut header = self.cell(slot).header.lock();
            header.id = id;
            header.ended = false;
            header.cancelled = false;
            header.joinable = joinable;
            header.waiter = Entry::NOBODY;
            header.clock = clock;
        }
        self.cell(slot).flags.store(0, Ordering::Relaxed);
        let (parent, task) = (self.current_id, self.own(slot));
        task.id = id;
        task.function = function;
        task.nth = nth;
        task.spawned_at = at.site;
        task.parent = parent;
        task.site = at.site;
        task.since = clock;
        task.flags = if joinable { flag::JOINABLE } else { 0 };
        task.resume = Resume::None;
        task.state = State::Ready;
        task.partner = 0;
        start(&mut task.body);
        let live = &self.lane().live;
        live.store(live.load(Ordering::Relaxed) + 1, Ordering::Relaxed);
        self.live_seen += 1;
        let kind = if joinable { Kind::AsyncSpawn } else { Kind::TaskSpawn };
        tr.emit(kind as u8, at.site, clock, id, function);
        self.make_ready(slot);
        Handle { slot, id }
    }

    #[inline(always)]
    fn task_number(&mut self) -> u32 {
        if self.task_numbers.is_empty() {
            self.task_numbers = self.shared.task_numbers();
        }
        self.task_numbers.next().unwrap_or_default()
    }

    /// About how many tasks have not ended; exact often enough for a limit on their number.
    pub(super) fn live(&self) -> usize {
        self.live_seen.max(0) as usize
    }

    pub(super) fn end_task<T: Tracer>(&mut self, tr: &mut T, at: At, status: EndStatus, result: V) {
        let slot = self.current;
        let task = self.own(slot);
        if task.id == 1 {
            self.shared.main_ended.store(true, Ordering::Relaxed);
        }
        let evidence = task.evidence();
        task.state = State::Free;
        let (plain, outcome) = match status {
            EndStatus::Cancelled => (Resume::Gone, ArmOutcome::Gone),
            EndStatus::Done | EndStatus::Panicked => (Resume::Done, ArmOutcome::Done),
        };
        let shared = self.shared();
        let mut header = shared.tasks.at(slot).header.lock();
        let clock = if T::ON { self.after_clock(at.clock, header.clock) } else { self.clock(at.clock) };
        header.clock = clock;
        let first = std::mem::replace(&mut header.waiter, Entry::NOBODY);
        let (mut taken, mut woken) = (false, 0);
        if first.slot != NONE && self.claim(&first) {
            taken = first.tag == TAKES;
            woken = self.wake_with(first, result, plain, outcome, clock);
        }
        let event = tr.ordinal();
        tr.emit(Kind::TaskEnd as u8, at.site, clock, woken, status as u32);
        for entry in header.more.take() {
            if self.claim(&entry) {
                taken |= entry.tag == TAKES;
                let woken = self.wake_with(entry, result, plain, outcome, clock);
                tr.emit(Kind::Wake as u8, at.site, clock, woken, 0);
            }
        }
        if header.joinable && !taken {
            header.ended = true;
            header.cancelled = status == EndStatus::Cancelled;
            header.result = result;
        } else {
            header.id = 0;
        }
        let free = header.id == 0;
        drop(header);
        if free {
            self.shared.tasks.put(&mut self.free.tasks, slot);
        }
        let lane = self.lane();
        lane.live.store(lane.live.load(Ordering::Relaxed) - 1, Ordering::Relaxed);
        lane.ended.push(EndedTask { task: evidence, ended_at: at.site, clock, event });
        self.live_seen -= 1;
        self.current = NONE;
        self.current_id = 0;
    }

    pub(super) fn await_task<T: Tracer>(&mut self, tr: &mut T, at: At, future: Handle, takes: bool) -> Step<V> {
        let shared = self.shared();
        let Some(cell) = shared.tasks.get(future.slot) else { return Step::Closed };
        let mut header = cell.header.lock();
        if header.id != future.id {
            return Step::Closed;
        }
        let clock = if T::ON { self.after_clock(at.clock, header.clock) } else { self.clock(at.clock) };
        header.clock = clock;
        if header.ended {
            let (value, cancelled) = (header.result, header.cancelled);
            if takes {
                header.id = 0;
            }
            drop(header);
            if takes {
                self.shared.tasks.put(&mut self.free.tasks, future.slot);
            }
            tr.emit(Kind::Await as u8, at.site, clock, future.id, 0);
            return if cancelled { Step::Closed } else { Step::Ready(value) };
        }
        let task = self.own(self.current);
        task.flags = if takes { task.flags | flag::OWNS_AWAITED } else { task.flags & !flag::OWNS_AWAITED };
        let entry = self.park(tr.ordinal(), at, clock, WaitReason::Await, future.slot);
        let tag = if takes { TAKES } else { 0 };
        add_waiter(shared, &mut header, Entry { tag, ..entry });
        drop(header);
        tr.emit(blocked(Kind::Await), at.site, clock, future.id, 0);
        self.parked(tr, at, entry);
        Step::Blocked
    }

    pub(super) fn detach<T: Tracer>(&mut self, tr: &mut T, at: At, future: Handle) {
        let Some(cell) = self.shared.tasks.get(future.slot) else { return };
        let mut header = cell.header.lock();
        if header.id != future.id {
            return;
        }
        if header.ended {
            header.id = 0;
            drop(header);
            self.shared.tasks.put(&mut self.free.tasks, future.slot);
        } else {
            header.joinable = false;
            drop(header);
            tr.emit(Kind::Detach as u8, at.site, self.clock(at.clock), future.id, 0);
        }
    }

    /// Now and then about how many bytes the runtime holds for the guest, without the tasks' bodies. Buffers of channels grow without
    /// an allocation in the guest's heap, so nothing else would notice.
    pub(super) fn weigh(&mut self) -> Option<usize> {
        self.weigh_in = self.weigh_in.saturating_sub(1);
        if self.weigh_in > 0 {
            return None;
        }
        let shared = self.shared();
        self.weigh_in = WEIGHING + shared.channels.slots() / 64;
        Some(shared.bytes())
    }

    // Switching

    pub(super) fn yield_now<T: Tracer>(&mut self, tr: &mut T, at: At) {
        tr.emit(Kind::Yield as u8, at.site, self.clock(at.clock), 0, 0);
        self.requeue(at);
    }

    pub(super) fn slice_end<T: Tracer>(&mut self, tr: &mut T, at: At) -> Option<u32> {
        self.attend(tr, at.clock);
        let shared = &self.shared;
        if shared.world.is_over() {
            self.requeue(at);
            return None;
        }
        let alone = self.next == NONE && self.deque.is_empty() && shared.injector.is_empty();
        let slice = tr.slice(SLICE);
        self.stayed = self.stayed.wrapping_add(1);
        // While a watcher steps, a slice is one tick: not yet anybody else's turn. But a task that polls must not go on for ever.
        if alone || slice < SLICE && self.stayed < STAY {
            return Some(self.braked(slice));
        }
        tr.emit(Kind::Preempt as u8, at.site, self.clock(at.clock), 0, 0);
        self.requeue(at);
        None
    }

    /// The slice as the tracer wants it; where that is short, the next switch is to look at the watcher, too.
    #[inline(always)]
    fn braked(&mut self, slice: u32) -> u32 {
        if slice < SLICE {
            self.attend_in = 1;
        }
        slice
    }

    /// Puts the running task behind all others.
    fn requeue(&mut self, at: At) {
        let (slot, clock) = (self.current, self.clock(at.clock));
        let task = self.own(slot);
        task.state = State::Ready;
        task.site = at.site;
        task.since = clock;
        task.resume = Resume::None;
        self.current = NONE;
        self.current_id = 0;
        self.deque.push(slot);
        self.notify();
    }

    /// What is rare: safepoints, time, timers. No task's state is in this worker's hands meanwhile.
    fn attend<T: Tracer>(&mut self, tr: &mut T, ticks: u64) {
        self.attend_in = ATTEND;
        self.lane().counts.ticks.store(ticks, Ordering::Relaxed);
        self.lane().counts.queue.store(self.deque.len() as u64, Ordering::Relaxed);
        if self.shared.world.wants_attention() {
            self.shared.world.safepoint();
        }
        let now = self.follow_wall(ticks);
        let clock = self.clock(ticks);
        if tr.poll(clock) {
            let clock = self.shared().world.away(|| tr.wait(clock));
            self.not_before(ticks, clock);
        }
        if now >= self.shared.next_deadline.load(Ordering::Relaxed) {
            self.fire_due(tr, ticks, now);
        }
        self.live_seen = self.shared.live();
    }

    #[inline(always)]
    pub(super) fn next_task<T: Tracer>(&mut self, tr: &mut T, ticks: u64) -> Next {
        self.attend_in -= 1;
        if self.attend_in == 0 || self.shared.world.wants_attention() {
            self.attend(tr, ticks);
            if let Steal::Success(slot) = self.shared.injector.steal() {
                self.deque.push(slot);
            }
            if self.shared.world.is_over() {
                return Next::Finished;
            }
            // Let the caller look at its own stop flags.
            return Next::Poll;
        }
        let Some(slot) = self.pick() else { return Next::Idle };
        self.take_up(tr, ticks, slot)
    }

    #[inline(always)]
    fn pick(&mut self) -> Option<u32> {
        if self.next != NONE {
            let next = std::mem::replace(&mut self.next, NONE);
            self.chain += 1;
            if self.chain < CHAIN {
                return Some(next);
            }
            self.chain = 0;
            self.deque.push(next);
        }
        self.chain = 0;
        self.deque.pop()
    }

    #[inline(always)]
    fn take_up<T: Tracer>(&mut self, tr: &mut T, ticks: u64, slot: u32) -> Next {
        count(&self.lane().counts.switches);
        let task = self.own(slot);
        let clock = if T::ON { self.after_clock(ticks, task.since) } else { self.clock(ticks) };
        task.state = State::Running;
        self.current = slot;
        self.current_id = task.id;
        self.stayed = 0;
        tr.emit(Kind::Switch as u8, task.site, clock, task.id, SLICE);
        if task.resume == Resume::Waited && task.reason == WaitReason::Io {
            tr.emit(Kind::IoEnd as u8, task.site, clock, 0, 0);
        }
        if self.shared.may_cancel && task.flags & flag::STARTED == 0 {
            task.flags |= flag::STARTED;
            // One that has never run was parked nowhere; and its deferred work may wait.
            let flags = &self.cell(slot).flags;
            if flags.load(Ordering::Acquire) & CANCEL != 0 {
                flags.fetch_and(!CANCEL, Ordering::AcqRel);
                task.resume = Resume::Cancelled;
            }
        } else if let Resume::Arm { arm, .. } = task.resume {
            self.leave_select(tr, clock, arm);
        } else if task.resume == Resume::Cancelled && task.reason == WaitReason::Select {
            self.leave_select(tr, clock, PLAIN);
        }
        Next::Run { slot, slice: self.braked(tr.slice(SLICE)) }
    }

    // Idling

    /// After [`Next::Idle`]: looks for work elsewhere, and sleeps while there is none. See [`Idle`].
    pub fn idle<T: Tracer>(&mut self, tr: &mut T, ticks: u64) -> Idle {
        if self.find_work() {
            return Idle::Work;
        }
        tr.idle(self.clock(ticks));
        let idle = self.sleep(ticks, true, None);
        self.awake(tr, ticks);
        idle
    }

    /// After [`Idle::Quiet`], where timers or I/O are under way: sleeps until the first is due or a task is woken.
    pub fn idle_until_due<T: Tracer>(&mut self, tr: &mut T, ticks: u64) -> Idle {
        tr.idle(self.clock(ticks));
        let deadline = self.shared.next_deadline.load(Ordering::Relaxed);
        let left = Duration::from_nanos(deadline.saturating_sub(self.shared.now()));
        let idle = if left.is_zero() {
            self.shared.world.decided();
            Idle::Work
        } else {
            self.sleep(ticks, false, Some(left.min(LOOK)))
        };
        self.awake(tr, ticks);
        self.attend(tr, ticks);
        idle
    }

    /// Whether a timer is set or an operation outside is under way. Exact when everybody else is idle.
    pub fn waits_for_something(&self) -> bool {
        self.shared.next_deadline.load(Ordering::Relaxed) != u64::MAX
            || self.shared.external.load(Ordering::Acquire) > 0
            // One that has just ended left its task there before it was counted off.
            || !self.shared.injector.is_empty()
    }

    /// Whether all tasks have ended. Exact when everybody else is idle.
    pub fn all_ended(&self) -> bool {
        self.shared.live() == 0
    }

    /// Whether the last scan found that no task will ever run again, whatever timers are set.
    pub fn is_hopeless(&self) -> bool {
        lock(&self.shared.detector).hopeless
    }

    /// This worker leaves, when the run is over; or one whose thread cannot be started never comes.
    pub fn retire(&self) {
        self.shared.world.retire();
    }

    /// Ends the run for all workers.
    pub fn finish(&self) {
        self.shared.world.finish();
    }

    /// Whether the run is over.
    pub fn is_over(&self) -> bool {
        self.shared.world.is_over()
    }

    /// Waits for something outside while the other workers go on, and the world may be stopped.
    pub fn away<R>(&self, outside: impl FnOnce() -> R) -> R {
        self.shared.world.away(outside)
    }

    fn sleep(&mut self, ticks: u64, alone: bool, timeout: Option<Duration>) -> Idle {
        let shared = self.shared();
        let counts = &shared.lanes[self.index as usize].counts;
        count(&counts.parks);
        counts.ticks.store(ticks, Ordering::Relaxed);
        counts.queue.store(0, Ordering::Relaxed);
        let began = shared.now();
        counts.idle_since.store(began.max(1), Ordering::Relaxed);
        let work = || !shared.injector.is_empty() || shared.lanes.iter().any(|lane| !lane.stealer.is_empty());
        let parked = shared.world.park(self.index, work, alone, timeout);
        counts.idle_since.store(0, Ordering::Relaxed);
        let now = self.follow_wall(ticks);
        counts.idle.store(counts.idle.load(Ordering::Relaxed) + now.saturating_sub(began), Ordering::Relaxed);
        match parked {
            Parked::Woken => {
                self.find_work();
                Idle::Work
            }
            Parked::Quiet => Idle::Quiet,
            Parked::Over => Idle::Over,
        }
    }

    /// Looks for a task in the injector and at the other workers, for a while. What it finds is put into this worker's queue.
    fn find_work(&mut self) -> bool {
        let shared = self.shared();
        if !shared.world.search(self.most_searching) {
            return self.steal();
        }
        for _ in 0..ROUNDS {
            if self.steal() {
                shared.world.found();
                return true;
            }
            if shared.world.wants_attention() {
                break;
            }
            for _ in 0..32 {
                std::hint::spin_loop();
            }
        }
        shared.world.gave_up();
        false
    }

    fn steal(&mut self) -> bool {
        let shared = self.shared();
        if let Steal::Success(slot) = shared.injector.steal() {
            self.deque.push(slot);
            return true;
        }
        let lanes = shared.lanes.len() as u32;
        let first = self.numbers.below(lanes);
        for lane in (first..lanes).chain(0..first).filter(|&lane| lane != self.index) {
            loop {
                match shared.lanes[lane as usize].stealer.steal_batch_and_pop(&self.deque) {
                    Steal::Success(slot) => {
                        count(&self.lane().counts.steals);
                        // In front of the rest of the batch.
                        if self.next == NONE {
                            self.next = slot
                        } else {
                            self.deque.push(slot)
                        }
                        return true;
                    }
                    Steal::Retry => {}
                    Steal::Empty => break,
                }
            }
        }
        false
    }

    /// The task in a slot, if it is the running one or one that only this worker can touch now.
    pub(super) fn task(&self, slot: u32) -> &Task<V, B> {
        self.own(slot)
    }
}

impl<V: Send + 'static, B: Send + 'static> Worker<V, B> {
    /// What others may see of the workers while they run.
    pub fn watch(&self) -> Watch {
        Watch::new(&self.shared)
    }
}

/// What an idle worker should do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Idle {
    /// Ask for the next task again.
    Work,
    /// No worker runs: all tasks are over, or blocked, or a timer or an operation outside is under way. It stays so until
    /// this worker calls [`Worker::idle_until_due`] or [`Worker::finish`], one of which it must do.
    Quiet,
    /// The run is over.
    Over,
}

/// Claims the wait of a queue's entry.
#[inline(always)]
pub(super) fn claim<V: Copy + Default, B: Default>(shared: &Shared<V, B>, entry: &Entry) -> bool {
    let wait = shared.tasks.at(entry.slot).wait();
    if entry.arm == PLAIN && !shared.may_cancel {
        wait.claim_alone(entry.ticket);
        return true;
    }
    wait.claim(entry.ticket)
}

/// Notes who waits for a task's end.
pub(super) fn add_waiter<V: Copy + Default, B: Default>(
    shared: &Shared<V, B>,
    header: &mut super::task::Header<V>,
    entry: Entry,
) {
    let valid = |entry: &Entry| shared.tasks.at(entry.slot).wait().is_under_way(entry.ticket);
    if header.waiter.slot == NONE || !valid(&header.waiter) {
        header.waiter = entry;
    } else {
        header.more.push(entry, valid);
    }
}
