//! What a virtual machine needs of a runtime: every operation on tasks and primitives, in one trait. The deterministic
//! [`Scheduler`] implements it here; the parallel runtime's worker does in `parallel`.
//!
//! Two differences are the caller's business. Under `PARALLEL` a task that an operation has parked may run elsewhere before
//! the operation returns: its body is saved before, and not touched after. And the trace clock of a parallel worker is
//! ahead of the ticks it is called with: [`Runtime::stamp`] translates.

use crate::objects::{Arm, Cause, ContextEnd, ContextKind, NegativeCounter, OnceStep, Side};
use crate::outcome::{At, Handle, Next, Selected, Step, Try};
use crate::scheduler::Scheduler;
use crate::task::Task;
use tracer::event::EndStatus;
use tracer::finding::Finding;
use tracer::record::Tracer;

/// A runtime: what the machine of one worker works with. `V` is a guest value, `B` the interpreter's part of a task.
pub trait Runtime<V: Copy + Default, B: Default> {
    /// Whether other workers run tasks at the same time.
    const PARALLEL: bool;

    /// Shows the whole state to `look` while nothing runs: for the collector and the scan for stuck tasks. Under `PARALLEL`
    /// the other workers are stopped at their safepoints meanwhile; the running task's body must be saved.
    fn frozen<R>(&mut self, look: impl FnOnce(&mut Scheduler<V, B>) -> R) -> R;

    /// The trace clock of a moment given in the worker's ticks.
    fn stamp(&self, clock: u64) -> u64;

    /// To be called at the end of each slice: now and then, where that does not need [`Runtime::frozen`], about how many bytes
    /// the runtime holds for the guest.
    fn weigh(&mut self) -> Option<usize>;

    /// Slot of the running task.
    fn current(&self) -> u32;

    /// The task in a slot: the running one, or one that failed. (In the parallel runtime others may not be looked at.)
    fn task(&self, slot: u32) -> &Task<V, B>;

    /// The task in a slot, to save or restore its body, take its value and its resume; as [`Runtime::task`].
    fn task_mut(&mut self, slot: u32) -> &mut Task<V, B>;

    /// Number of tasks that have not ended.
    fn live(&self) -> usize;

    /// A random number below `n` (at least 1) for the guest.
    fn random(&mut self, n: u32) -> u32;

    /// The guest's time: nanoseconds since the run began.
    fn now(&self) -> u64;

    /// Makes a task whose body `start` fills in, and makes it ready.
    fn spawn<T: Tracer>(
        &mut self,
        tr: &mut T,
        at: At,
        function: u32,
        joinable: bool,
        start: impl FnOnce(&mut B),
    ) -> Handle;

    /// Ends the running task.
    fn end_task<T: Tracer>(&mut self, tr: &mut T, at: At, status: EndStatus, result: V);

    /// The running task lets others run.
    fn yield_now<T: Tracer>(&mut self, tr: &mut T, at: At);

    /// The running task's slice is used up; the next one's length, if it simply goes on.
    fn slice_end<T: Tracer>(&mut self, tr: &mut T, at: At) -> Option<u32>;

    /// The running task makes room for others after so many instructions of its slice, because a schedule or a user says so. Only
    /// engines that step ask for it; to others it is like [`Runtime::yield_now`].
    fn preempt<T: Tracer>(&mut self, tr: &mut T, at: At, instructions: u64) {
        let _ = instructions;
        self.yield_now(tr, at);
    }

    /// After [`Runtime::next_task`] gave a task: the number of instructions after which its slice is to be cut.
    fn cut(&self) -> Option<u64> {
        None
    }

    /// Chooses who runs next.
    fn next_task<T: Tracer>(&mut self, tr: &mut T, clock: u64) -> Next;

    /// Waits for the end of a task and takes its result.
    fn await_task<T: Tracer>(&mut self, tr: &mut T, at: At, future: Handle, takes: bool) -> Step<V>;

    /// The future of a task was dropped.
    fn detach<T: Tracer>(&mut self, tr: &mut T, at: At, future: Handle);

    /// Cancels a task.
    fn cancel_task<T: Tracer>(&mut self, tr: &mut T, at: At, task: Handle);

    /// Whether the caller should scan for stuck tasks now.
    fn scan_due(&self, clock: u64) -> bool;

    /// Records that a finding was made.
    fn finding_event<T: Tracer>(&mut self, tr: &mut T, at: At, number: u32, finding: &Finding);

    /// Runs something that may block for long and has nothing to do with guest state. `Ready` if it was done at once; otherwise the
    /// running task is parked until it is over (`Resume::Waited`).
    fn outside<T: Tracer>(&mut self, tr: &mut T, at: At, work: impl FnOnce() + Send + 'static) -> Step;

    /// Makes a channel; capacity 0 is a rendezvous.
    fn channel<T: Tracer>(&mut self, tr: &mut T, at: At, capacity: u32) -> u32;

    /// Sends; parks while there is neither room nor a receiver.
    fn send<T: Tracer>(&mut self, tr: &mut T, at: At, channel: u32, value: V) -> Step;

    /// Sends if that is possible at once.
    fn try_send<T: Tracer>(&mut self, tr: &mut T, at: At, channel: u32, value: V) -> Try;

    /// Receives; parks while there is nothing to receive.
    fn recv<T: Tracer>(&mut self, tr: &mut T, at: At, channel: u32) -> Step<V>;

    /// Receives if that is possible at once.
    fn try_recv<T: Tracer>(&mut self, tr: &mut T, at: At, channel: u32) -> Try<V>;

    /// Closes; `false` if it was closed before.
    fn close<T: Tracer>(&mut self, tr: &mut T, at: At, channel: u32) -> bool;

    /// Records that a closed channel was closed again, where that has no effect.
    fn closed_again<T: Tracer>(&mut self, tr: &mut T, at: At, channel: u32);

    /// Number of buffered values.
    fn channel_len(&self, channel: u32) -> usize;

    /// Room for how many values.
    fn channel_capacity(&self, channel: u32) -> u32;

    /// Whether it is closed.
    fn channel_closed(&self, channel: u32) -> bool;

    /// Does the operation of a ready arm, if there is one.
    fn select_try<T: Tracer>(&mut self, tr: &mut T, at: At, arms: &[Arm<V>], has_default: bool) -> Selected<V>;

    /// After `NotReady`: parks the running task until one of the arms is ready. An arm may have become ready meanwhile: then it is done at once.
    fn select_block<T: Tracer>(&mut self, tr: &mut T, at: At, arms: &[Arm<V>]) -> Selected<V>;

    /// Makes a mutex.
    fn mutex<T: Tracer>(&mut self, tr: &mut T, at: At, value: V) -> u32;

    /// Locks; parks while it is locked.
    fn lock<T: Tracer>(&mut self, tr: &mut T, at: At, mutex: u32) -> Step;

    /// Locks if it is not locked.
    fn try_lock<T: Tracer>(&mut self, tr: &mut T, at: At, mutex: u32) -> Try;

    /// Unlocks.
    fn unlock<T: Tracer>(&mut self, tr: &mut T, at: At, mutex: u32);

    /// From now on any task may release any lock that it can reach.
    fn open_locks(&mut self);

    /// Releases a lock, whoever took it; `false` where it is not held that way. Where locks are released so, nothing may stand behind
    /// them: [`Runtime::mutex_value`] is the owner's alone.
    fn unlock_any<T: Tracer>(&mut self, tr: &mut T, at: At, side: Side, lock: u32) -> bool;

    /// The protected value; `None` where the running task may not touch it, because another one holds the lock.
    fn mutex_value(&mut self, mutex: u32) -> Option<&mut V>;

    /// Makes a read-write lock.
    fn rwlock<T: Tracer>(&mut self, tr: &mut T, at: At, value: V) -> u32;

    /// Locks for reading.
    fn read_lock<T: Tracer>(&mut self, tr: &mut T, at: At, rwlock: u32) -> Step;

    /// Locks for writing.
    fn write_lock<T: Tracer>(&mut self, tr: &mut T, at: At, rwlock: u32) -> Step;

    /// Locks for reading if that is possible at once.
    fn try_read<T: Tracer>(&mut self, tr: &mut T, at: At, rwlock: u32) -> Try;

    /// Locks for writing if that is possible at once.
    fn try_write<T: Tracer>(&mut self, tr: &mut T, at: At, rwlock: u32) -> Try;

    /// The running task stops reading.
    fn read_unlock<T: Tracer>(&mut self, tr: &mut T, at: At, rwlock: u32);

    /// The writer leaves.
    fn write_unlock<T: Tracer>(&mut self, tr: &mut T, at: At, rwlock: u32);

    /// The protected value.
    fn rwlock_value(&self, rwlock: u32) -> V;

    /// Replaces the protected value.
    fn set_rwlock_value(&mut self, rwlock: u32, value: V);

    /// Makes a once.
    fn once<T: Tracer>(&mut self, tr: &mut T, at: At) -> u32;

    /// Calls.
    fn once_begin<T: Tracer>(&mut self, tr: &mut T, at: At, once: u32) -> OnceStep;

    /// The body is over.
    fn once_end<T: Tracer>(&mut self, tr: &mut T, at: At, once: u32);

    /// Whether the body is over.
    fn once_done(&self, once: u32) -> bool;

    /// Makes a barrier for a number of parties.
    fn barrier<T: Tracer>(&mut self, tr: &mut T, at: At, parties: u32) -> u32;

    /// Arrives; `Ready` means that the running task is the last and the leader.
    fn barrier_wait<T: Tracer>(&mut self, tr: &mut T, at: At, barrier: u32) -> Step;

    /// Makes a wait group.
    fn wait_group<T: Tracer>(&mut self, tr: &mut T, at: At, count: u32) -> u32;

    /// Adds to the counter; wakes all who wait when it reaches 0.
    fn wait_group_add<T: Tracer>(&mut self, tr: &mut T, at: At, group: u32, n: i64) -> Result<(), NegativeCounter>;

    /// Parks while the counter is not 0.
    fn wait_group_wait<T: Tracer>(&mut self, tr: &mut T, at: At, group: u32) -> Step;

    /// Makes a semaphore.
    fn semaphore<T: Tracer>(&mut self, tr: &mut T, at: At, permits: u32) -> u32;

    /// Takes a permit; parks while there is none.
    fn acquire<T: Tracer>(&mut self, tr: &mut T, at: At, semaphore: u32) -> Step;

    /// Takes a permit if there is one.
    fn try_acquire<T: Tracer>(&mut self, tr: &mut T, at: At, semaphore: u32) -> Try;

    /// Gives a permit back, or a new one in.
    fn release<T: Tracer>(&mut self, tr: &mut T, at: At, semaphore: u32);

    /// Permits that are left, to be looked at.
    fn permits(&self, semaphore: u32) -> u64;

    /// Makes an atomic.
    fn new_atomic<T: Tracer>(&mut self, tr: &mut T, at: At, value: i64) -> u32;

    /// Its value; an operation, with its event.
    fn atomic_load<T: Tracer>(&mut self, tr: &mut T, at: At, atomic: u32) -> i64;

    /// Adds, wrapping at 64 bits; gives the old value.
    fn atomic_add<T: Tracer>(&mut self, tr: &mut T, at: At, atomic: u32, n: i64) -> i64;

    /// Replaces the value by what `update` makes of it (called again where another task came first). Gives the old value.
    fn atomic_update<T: Tracer>(&mut self, tr: &mut T, at: At, atomic: u32, update: impl FnMut(i64) -> i64) -> i64;

    /// Its value, to be looked at (no event).
    fn atomic_value(&self, atomic: u32) -> i64;

    /// Parks the running task for this long.
    fn sleep<T: Tracer>(&mut self, tr: &mut T, at: At, nanoseconds: u64);

    /// A channel (capacity 1) that gets the time once, after this long.
    fn after<T: Tracer>(&mut self, tr: &mut T, at: At, nanoseconds: u64) -> u32;

    /// A ticker that sends the time to its channel again and again.
    fn ticker<T: Tracer>(&mut self, tr: &mut T, at: At, period: u64) -> u32;

    /// The channel of a timer or ticker.
    fn timer_channel(&self, timer: u32) -> u32;

    /// Stops a timer or ticker; `false` if it was not set (any more).
    fn stop_timer<T: Tracer>(&mut self, tr: &mut T, at: At, timer: u32) -> bool;

    /// Makes a context below a parent; a root without one.
    fn context<T: Tracer>(&mut self, tr: &mut T, at: At, parent: Option<u32>, kind: ContextKind<V>) -> u32;

    /// Cancels a context and all below it.
    fn cancel_context<T: Tracer>(&mut self, tr: &mut T, at: At, context: u32, cause: Cause);

    /// Cancels a context and all below it, for a reason of the program's.
    fn cancel_context_for<T: Tracer>(&mut self, tr: &mut T, at: At, context: u32, reason: Option<Box<str>>);

    /// How a context came to its end, if it is cancelled.
    fn context_end(&self, context: u32) -> Option<ContextEnd>;

    /// The channel that closes when the context is cancelled.
    fn context_done<T: Tracer>(&mut self, tr: &mut T, at: At, context: u32) -> u32;

    /// Why it is cancelled, if it is.
    fn context_cause(&self, context: u32) -> Option<Cause>;

    /// The running task has seen that a context is cancelled: tells a tracer that looks for data races.
    fn saw_cancelled<T: Tracer>(&self, _tr: &mut T, _at: At, _context: u32) {}

    /// Whether its deadline (or that of a context above it) has cancelled it.
    fn context_timed_out(&self, context: u32) -> bool;

    /// The value of a key, from here towards the root.
    fn context_value(&self, context: u32, key: &str) -> Option<V>;

    /// Nanoseconds until its deadline; `None` without one.
    fn context_remaining(&self, context: u32) -> Option<u64>;
}

impl<V: Copy + Default, B: Default> Runtime<V, B> for Scheduler<V, B> {
    const PARALLEL: bool = false;

    #[inline(always)]
    fn frozen<R>(&mut self, look: impl FnOnce(&mut Scheduler<V, B>) -> R) -> R {
        look(self)
    }

    #[inline(always)]
    fn stamp(&self, clock: u64) -> u64 {
        clock
    }

    #[inline(always)]
    fn weigh(&mut self) -> Option<usize> {
        None
    }

    #[inline(always)]
    fn current(&self) -> u32 {
        Scheduler::current(self)
    }

    #[inline(always)]
    fn task(&self, slot: u32) -> &Task<V, B> {
        Scheduler::task(self, slot)
    }

    #[inline(always)]
    fn task_mut(&mut self, slot: u32) -> &mut Task<V, B> {
        Scheduler::task_mut(self, slot)
    }

    #[inline(always)]
    fn live(&self) -> usize {
        Scheduler::live(self)
    }

    #[inline(always)]
    fn random(&mut self, n: u32) -> u32 {
        Scheduler::random(self, n)
    }

    #[inline(always)]
    fn now(&self) -> u64 {
        Scheduler::now(self)
    }

    #[inline(always)]
    fn spawn<T: Tracer>(
        &mut self,
        tr: &mut T,
        at: At,
        function: u32,
        joinable: bool,
        start: impl FnOnce(&mut B),
    ) -> Handle {
        let slot = Scheduler::spawn(self, tr, at, function, joinable);
        let task = self.task_mut(slot);
        start(&mut task.body);
        Handle { slot, id: task.id }
    }

    #[inline(always)]
    fn end_task<T: Tracer>(&mut self, tr: &mut T, at: At, status: EndStatus, result: V) {
        Scheduler::end_task(self, tr, at, status, result)
    }

    #[inline(always)]
    fn yield_now<T: Tracer>(&mut self, tr: &mut T, at: At) {
        Scheduler::yield_now(self, tr, at)
    }

    #[inline(always)]
    fn slice_end<T: Tracer>(&mut self, tr: &mut T, at: At) -> Option<u32> {
        Scheduler::slice_end(self, tr, at)
    }

    fn preempt<T: Tracer>(&mut self, tr: &mut T, at: At, instructions: u64) {
        Scheduler::preempt(self, tr, at, instructions);
    }

    fn cut(&self) -> Option<u64> {
        Scheduler::cut(self)
    }

    #[inline(always)]
    fn next_task<T: Tracer>(&mut self, tr: &mut T, clock: u64) -> Next {
        Scheduler::next_task(self, tr, clock)
    }

    #[inline(always)]
    fn await_task<T: Tracer>(&mut self, tr: &mut T, at: At, future: Handle, takes: bool) -> Step<V> {
        Scheduler::await_task(self, tr, at, future, takes)
    }

    #[inline(always)]
    fn detach<T: Tracer>(&mut self, tr: &mut T, at: At, future: Handle) {
        Scheduler::detach(self, tr, at, future)
    }

    #[inline(always)]
    fn cancel_task<T: Tracer>(&mut self, tr: &mut T, at: At, task: Handle) {
        Scheduler::cancel_task(self, tr, at, task)
    }

    #[inline(always)]
    fn scan_due(&self, clock: u64) -> bool {
        Scheduler::scan_due(self, clock)
    }

    #[inline(always)]
    fn finding_event<T: Tracer>(&mut self, tr: &mut T, at: At, number: u32, finding: &Finding) {
        Scheduler::finding_event(self, tr, at, number, finding)
    }

    fn outside<T: Tracer>(&mut self, _tr: &mut T, _at: At, work: impl FnOnce() + Send + 'static) -> Step {
        // Nothing runs beside the task here anyway, and a seeded run must not depend on how long this takes.
        work();
        Step::Ready(())
    }

    #[inline(always)]
    fn channel<T: Tracer>(&mut self, tr: &mut T, at: At, capacity: u32) -> u32 {
        Scheduler::channel(self, tr, at, capacity)
    }

    #[inline(always)]
    fn send<T: Tracer>(&mut self, tr: &mut T, at: At, channel: u32, value: V) -> Step {
        Scheduler::send(self, tr, at, channel, value)
    }

    #[inline(always)]
    fn try_send<T: Tracer>(&mut self, tr: &mut T, at: At, channel: u32, value: V) -> Try {
        Scheduler::try_send(self, tr, at, channel, value)
    }

    #[inline(always)]
    fn recv<T: Tracer>(&mut self, tr: &mut T, at: At, channel: u32) -> Step<V> {
        Scheduler::recv(self, tr, at, channel)
    }

    #[inline(always)]
    fn try_recv<T: Tracer>(&mut self, tr: &mut T, at: At, channel: u32) -> Try<V> {
        Scheduler::try_recv(self, tr, at, channel)
    }

    #[inline(always)]
    fn close<T: Tracer>(&mut self, tr: &mut T, at: At, channel: u32) -> bool {
        Scheduler::close(self, tr, at, channel)
    }

    fn closed_again<T: Tracer>(&mut self, tr: &mut T, at: At, channel: u32) {
        Scheduler::closed_again(self, tr, at, channel)
    }

    #[inline(always)]
    fn channel_len(&self, channel: u32) -> usize {
        Scheduler::channel_len(self, channel)
    }

    #[inline(always)]
    fn channel_capacity(&self, channel: u32) -> u32 {
        Scheduler::channel_capacity(self, channel)
    }

    #[inline(always)]
    fn channel_closed(&self, channel: u32) -> bool {
        Scheduler::channel_closed(self, channel)
    }

    #[inline(always)]
    fn select_try<T: Tracer>(&mut self, tr: &mut T, at: At, arms: &[Arm<V>], has_default: bool) -> Selected<V> {
        Scheduler::select_try(self, tr, at, arms, has_default)
    }

    #[inline(always)]
    fn select_block<T: Tracer>(&mut self, tr: &mut T, at: At, arms: &[Arm<V>]) -> Selected<V> {
        Scheduler::select_block(self, tr, at, arms);
        Selected::NotReady
    }

    #[inline(always)]
    fn mutex<T: Tracer>(&mut self, tr: &mut T, at: At, value: V) -> u32 {
        Scheduler::mutex(self, tr, at, value)
    }

    #[inline(always)]
    fn lock<T: Tracer>(&mut self, tr: &mut T, at: At, mutex: u32) -> Step {
        Scheduler::lock(self, tr, at, mutex)
    }

    #[inline(always)]
    fn try_lock<T: Tracer>(&mut self, tr: &mut T, at: At, mutex: u32) -> Try {
        Scheduler::try_lock(self, tr, at, mutex)
    }

    #[inline(always)]
    fn unlock<T: Tracer>(&mut self, tr: &mut T, at: At, mutex: u32) {
        Scheduler::unlock(self, tr, at, mutex)
    }

    fn open_locks(&mut self) {
        Scheduler::open_locks(self)
    }

    #[inline(always)]
    fn unlock_any<T: Tracer>(&mut self, tr: &mut T, at: At, side: Side, lock: u32) -> bool {
        Scheduler::unlock_any(self, tr, at, side, lock)
    }

    #[inline(always)]
    fn mutex_value(&mut self, mutex: u32) -> Option<&mut V> {
        Some(Scheduler::mutex_value(self, mutex))
    }

    #[inline(always)]
    fn rwlock<T: Tracer>(&mut self, tr: &mut T, at: At, value: V) -> u32 {
        Scheduler::rwlock(self, tr, at, value)
    }

    #[inline(always)]
    fn read_lock<T: Tracer>(&mut self, tr: &mut T, at: At, rwlock: u32) -> Step {
        Scheduler::read_lock(self, tr, at, rwlock)
    }

    #[inline(always)]
    fn write_lock<T: Tracer>(&mut self, tr: &mut T, at: At, rwlock: u32) -> Step {
        Scheduler::write_lock(self, tr, at, rwlock)
    }

    #[inline(always)]
    fn try_read<T: Tracer>(&mut self, tr: &mut T, at: At, rwlock: u32) -> Try {
        Scheduler::try_read(self, tr, at, rwlock)
    }

    #[inline(always)]
    fn try_write<T: Tracer>(&mut self, tr: &mut T, at: At, rwlock: u32) -> Try {
        Scheduler::try_write(self, tr, at, rwlock)
    }

    #[inline(always)]
    fn read_unlock<T: Tracer>(&mut self, tr: &mut T, at: At, rwlock: u32) {
        Scheduler::read_unlock(self, tr, at, rwlock)
    }

    #[inline(always)]
    fn write_unlock<T: Tracer>(&mut self, tr: &mut T, at: At, rwlock: u32) {
        Scheduler::write_unlock(self, tr, at, rwlock)
    }

    #[inline(always)]
    fn rwlock_value(&self, rwlock: u32) -> V {
        Scheduler::rwlock_content(self, rwlock)
    }

    #[inline(always)]
    fn set_rwlock_value(&mut self, rwlock: u32, value: V) {
        *Scheduler::rwlock_value(self, rwlock) = value;
    }

    #[inline(always)]
    fn once<T: Tracer>(&mut self, tr: &mut T, at: At) -> u32 {
        Scheduler::once(self, tr, at)
    }

    #[inline(always)]
    fn once_begin<T: Tracer>(&mut self, tr: &mut T, at: At, once: u32) -> OnceStep {
        Scheduler::once_begin(self, tr, at, once)
    }

    #[inline(always)]
    fn once_end<T: Tracer>(&mut self, tr: &mut T, at: At, once: u32) {
        Scheduler::once_end(self, tr, at, once)
    }

    #[inline(always)]
    fn once_done(&self, once: u32) -> bool {
        Scheduler::once_done(self, once)
    }

    #[inline(always)]
    fn barrier<T: Tracer>(&mut self, tr: &mut T, at: At, parties: u32) -> u32 {
        Scheduler::barrier(self, tr, at, parties)
    }

    #[inline(always)]
    fn barrier_wait<T: Tracer>(&mut self, tr: &mut T, at: At, barrier: u32) -> Step {
        Scheduler::barrier_wait(self, tr, at, barrier)
    }

    #[inline(always)]
    fn wait_group<T: Tracer>(&mut self, tr: &mut T, at: At, count: u32) -> u32 {
        Scheduler::wait_group(self, tr, at, count)
    }

    #[inline(always)]
    fn wait_group_add<T: Tracer>(&mut self, tr: &mut T, at: At, group: u32, n: i64) -> Result<(), NegativeCounter> {
        Scheduler::wait_group_add(self, tr, at, group, n)
    }

    #[inline(always)]
    fn wait_group_wait<T: Tracer>(&mut self, tr: &mut T, at: At, group: u32) -> Step {
        Scheduler::wait_group_wait(self, tr, at, group)
    }

    #[inline(always)]
    fn semaphore<T: Tracer>(&mut self, tr: &mut T, at: At, permits: u32) -> u32 {
        Scheduler::semaphore(self, tr, at, permits)
    }

    #[inline(always)]
    fn acquire<T: Tracer>(&mut self, tr: &mut T, at: At, semaphore: u32) -> Step {
        Scheduler::acquire(self, tr, at, semaphore)
    }

    #[inline(always)]
    fn try_acquire<T: Tracer>(&mut self, tr: &mut T, at: At, semaphore: u32) -> Try {
        Scheduler::try_acquire(self, tr, at, semaphore)
    }

    #[inline(always)]
    fn release<T: Tracer>(&mut self, tr: &mut T, at: At, semaphore: u32) {
        Scheduler::release(self, tr, at, semaphore)
    }

    #[inline(always)]
    fn permits(&self, semaphore: u32) -> u64 {
        Scheduler::permits(self, semaphore)
    }

    #[inline(always)]
    fn new_atomic<T: Tracer>(&mut self, tr: &mut T, at: At, value: i64) -> u32 {
        Scheduler::new_atomic(self, tr, at, value)
    }

    #[inline(always)]
    fn atomic_load<T: Tracer>(&mut self, tr: &mut T, at: At, atomic: u32) -> i64 {
        let value = self.atomic_value(atomic);
        self.atomic_event(tr, at, atomic);
        value
    }

    #[inline(always)]
    fn atomic_add<T: Tracer>(&mut self, tr: &mut T, at: At, atomic: u32, n: i64) -> i64 {
        let cell = self.atomic(atomic);
        let old = *cell;
        *cell = old.wrapping_add(n);
        self.atomic_event(tr, at, atomic);
        old
    }

    #[inline(always)]
    fn atomic_update<T: Tracer>(&mut self, tr: &mut T, at: At, atomic: u32, mut update: impl FnMut(i64) -> i64) -> i64 {
        let cell = self.atomic(atomic);
        let old = *cell;
        *cell = update(old);
        self.atomic_event(tr, at, atomic);
        old
    }

    #[inline(always)]
    fn atomic_value(&self, atomic: u32) -> i64 {
        Scheduler::atomic_value(self, atomic)
    }

    #[inline(always)]
    fn sleep<T: Tracer>(&mut self, tr: &mut T, at: At, nanoseconds: u64) {
        Scheduler::sleep(self, tr, at, nanoseconds)
    }

    #[inline(always)]
    fn after<T: Tracer>(&mut self, tr: &mut T, at: At, nanoseconds: u64) -> u32 {
        Scheduler::after(self, tr, at, nanoseconds)
    }

    #[inline(always)]
    fn ticker<T: Tracer>(&mut self, tr: &mut T, at: At, period: u64) -> u32 {
        Scheduler::ticker(self, tr, at, period)
    }

    #[inline(always)]
    fn timer_channel(&self, timer: u32) -> u32 {
        Scheduler::timer_channel(self, timer)
    }

    #[inline(always)]
    fn stop_timer<T: Tracer>(&mut self, tr: &mut T, at: At, timer: u32) -> bool {
        Scheduler::stop_timer(self, tr, at, timer)
    }

    #[inline(always)]
    fn context<T: Tracer>(&mut self, tr: &mut T, at: At, parent: Option<u32>, kind: ContextKind<V>) -> u32 {
        Scheduler::context(self, tr, at, parent, kind)
    }

    #[inline(always)]
    fn cancel_context<T: Tracer>(&mut self, tr: &mut T, at: At, context: u32, cause: Cause) {
        Scheduler::cancel_context(self, tr, at, context, cause)
    }

    fn cancel_context_for<T: Tracer>(&mut self, tr: &mut T, at: At, context: u32, reason: Option<Box<str>>) {
        Scheduler::cancel_context_for(self, tr, at, context, reason)
    }

    fn context_end(&self, context: u32) -> Option<ContextEnd> {
        Scheduler::context_end(self, context)
    }

    #[inline(always)]
    fn context_done<T: Tracer>(&mut self, tr: &mut T, at: At, context: u32) -> u32 {
        Scheduler::context_done(self, tr, at, context)
    }

    #[inline(always)]
    fn saw_cancelled<T: Tracer>(&self, tr: &mut T, at: At, context: u32) {
        if T::RACES && Scheduler::context_cause(self, context).is_some() {
            tr.observe(at.site, at.clock, self.contexts[context].meta.id);
        }
    }

    fn context_cause(&self, context: u32) -> Option<Cause> {
        Scheduler::context_cause(self, context)
    }

    #[inline(always)]
    fn context_timed_out(&self, context: u32) -> bool {
        Scheduler::context_timed_out(self, context)
    }

    #[inline(always)]
    fn context_value(&self, context: u32, key: &str) -> Option<V> {
        Scheduler::context_value(self, context, key)
    }

    #[inline(always)]
    fn context_remaining(&self, context: u32) -> Option<u64> {
        Scheduler::context_remaining(self, context)
    }
}
