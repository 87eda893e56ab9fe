//! The parallel worker as a [`Runtime`].

use super::worker::Worker;
use crate::objects::{Arm, Cause, ContextEnd, ContextKind, NegativeCounter, OnceStep, Side};
use crate::outcome::{At, Handle, Next, Selected, Step, Try};
use crate::runtime::Runtime;
use crate::scheduler::Scheduler;
use crate::task::Task;
use std::sync::atomic::Ordering;
use tracer::event::{EndStatus, Kind};
use tracer::finding::Finding;
use tracer::record::Tracer;

impl<V: Copy + Default + Send + 'static, B: Default + Send + 'static> Runtime<V, B> for Worker<V, B> {
    const PARALLEL: bool = true;

    fn frozen<R>(&mut self, look: impl FnOnce(&mut Scheduler<V, B>) -> R) -> R {
        Worker::frozen(self, look)
    }

    #[inline(always)]
    fn stamp(&self, clock: u64) -> u64 {
        self.clock(clock)
    }

    fn weigh(&mut self) -> Option<usize> {
        Worker::weigh(self)
    }

    #[inline(always)]
    fn current(&self) -> u32 {
        self.current
    }

    #[inline(always)]
    fn task(&self, slot: u32) -> &Task<V, B> {
        Worker::task(self, slot)
    }

    #[inline(always)]
    fn task_mut(&mut self, slot: u32) -> &mut Task<V, B> {
        self.own(slot)
    }

    fn live(&self) -> usize {
        Worker::live(self)
    }

    fn random(&mut self, n: u32) -> u32 {
        self.numbers.below(n.max(1))
    }

    fn now(&self) -> u64 {
        Worker::now(self)
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
        Worker::spawn(self, tr, at, function, joinable, start)
    }

    #[inline(always)]
    fn end_task<T: Tracer>(&mut self, tr: &mut T, at: At, status: EndStatus, result: V) {
        Worker::end_task(self, tr, at, status, result);
    }

    fn yield_now<T: Tracer>(&mut self, tr: &mut T, at: At) {
        Worker::yield_now(self, tr, at);
    }

    fn slice_end<T: Tracer>(&mut self, tr: &mut T, at: At) -> Option<u32> {
        Worker::slice_end(self, tr, at)
    }

    #[inline(always)]
    fn next_task<T: Tracer>(&mut self, tr: &mut T, clock: u64) -> Next {
        Worker::next_task(self, tr, clock)
    }

    #[inline(always)]
    fn await_task<T: Tracer>(&mut self, tr: &mut T, at: At, future: Handle, takes: bool) -> Step<V> {
        Worker::await_task(self, tr, at, future, takes)
    }

    fn detach<T: Tracer>(&mut self, tr: &mut T, at: At, future: Handle) {
        Worker::detach(self, tr, at, future);
    }

    fn cancel_task<T: Tracer>(&mut self, tr: &mut T, at: At, task: Handle) {
        Worker::cancel_task(self, tr, at, task);
    }

    #[inline(always)]
    fn scan_due(&self, clock: u64) -> bool {
        self.clock(clock) >= self.shared.next_scan.load(Ordering::Relaxed)
    }

    fn finding_event<T: Tracer>(&mut self, tr: &mut T, at: At, number: u32, finding: &Finding) {
        let task = finding.culprit.or(finding.tasks.first().map(|blocked| blocked.task));
        tr.emit(Kind::Finding as u8, at.site, self.clock(at.clock), number, task.map_or(0, |task| task.id.0));
    }

    fn outside<T: Tracer>(&mut self, tr: &mut T, at: At, work: impl FnOnce() + Send + 'static) -> Step {
        Worker::outside(self, tr, at, work)
    }

    fn channel<T: Tracer>(&mut self, tr: &mut T, at: At, capacity: u32) -> u32 {
        Worker::channel(self, tr, at, capacity)
    }

    #[inline(always)]
    fn send<T: Tracer>(&mut self, tr: &mut T, at: At, channel: u32, value: V) -> Step {
        Worker::send(self, tr, at, channel, value)
    }

    fn try_send<T: Tracer>(&mut self, tr: &mut T, at: At, channel: u32, value: V) -> Try {
        Worker::try_send(self, tr, at, channel, value)
    }

    #[inline(always)]
    fn recv<T: Tracer>(&mut self, tr: &mut T, at: At, channel: u32) -> Step<V> {
        Worker::recv(self, tr, at, channel)
    }

    fn try_recv<T: Tracer>(&mut self, tr: &mut T, at: At, channel: u32) -> Try<V> {
        Worker::try_recv(self, tr, at, channel)
    }

    fn close<T: Tracer>(&mut self, tr: &mut T, at: At, channel: u32) -> bool {
        Worker::close(self, tr, at, channel)
    }

    fn closed_again<T: Tracer>(&mut self, tr: &mut T, at: At, channel: u32) {
        Worker::closed_again(self, tr, at, channel);
    }

    fn channel_len(&self, channel: u32) -> usize {
        self.shared.channels.at(channel).lock().it.buffer.len()
    }

    fn channel_capacity(&self, channel: u32) -> u32 {
        self.shared.channels.at(channel).lock().it.capacity
    }

    fn channel_closed(&self, channel: u32) -> bool {
        self.shared.channels.at(channel).lock().it.closed
    }

    #[inline(always)]
    fn select_try<T: Tracer>(&mut self, tr: &mut T, at: At, arms: &[Arm<V>], has_default: bool) -> Selected<V> {
        Worker::select_try(self, tr, at, arms, has_default)
    }

    fn select_block<T: Tracer>(&mut self, tr: &mut T, at: At, arms: &[Arm<V>]) -> Selected<V> {
        Worker::select_block(self, tr, at, arms)
    }

    fn mutex<T: Tracer>(&mut self, tr: &mut T, at: At, value: V) -> u32 {
        Worker::mutex(self, tr, at, value)
    }

    #[inline(always)]
    fn lock<T: Tracer>(&mut self, tr: &mut T, at: At, mutex: u32) -> Step {
        Worker::lock(self, tr, at, mutex)
    }

    fn try_lock<T: Tracer>(&mut self, tr: &mut T, at: At, mutex: u32) -> Try {
        Worker::try_lock(self, tr, at, mutex)
    }

    #[inline(always)]
    fn unlock<T: Tracer>(&mut self, tr: &mut T, at: At, mutex: u32) {
        Worker::unlock(self, tr, at, mutex);
    }

    fn open_locks(&mut self) {
        Worker::open_locks(self);
    }

    fn unlock_any<T: Tracer>(&mut self, tr: &mut T, at: At, side: Side, lock: u32) -> bool {
        match side {
            Side::Mutex => Worker::unlock_any(self, tr, at, lock),
            Side::Read => self.rw_unlock(tr, at, lock, false),
            Side::Write => self.rw_unlock(tr, at, lock, true),
        }
    }

    #[inline(always)]
    fn mutex_value(&mut self, mutex: u32) -> Option<&mut V> {
        Worker::mutex_value(self, mutex)
    }

    fn rwlock<T: Tracer>(&mut self, tr: &mut T, at: At, value: V) -> u32 {
        Worker::rwlock(self, tr, at, value)
    }

    fn read_lock<T: Tracer>(&mut self, tr: &mut T, at: At, rwlock: u32) -> Step {
        Worker::read_lock(self, tr, at, rwlock)
    }

    fn write_lock<T: Tracer>(&mut self, tr: &mut T, at: At, rwlock: u32) -> Step {
        Worker::write_lock(self, tr, at, rwlock)
    }

    fn try_read<T: Tracer>(&mut self, tr: &mut T, at: At, rwlock: u32) -> Try {
        self.try_rw(tr, at, rwlock, false)
    }

    fn try_write<T: Tracer>(&mut self, tr: &mut T, at: At, rwlock: u32) -> Try {
        self.try_rw(tr, at, rwlock, true)
    }

    fn read_unlock<T: Tracer>(&mut self, tr: &mut T, at: At, rwlock: u32) {
        self.rw_unlock(tr, at, rwlock, false);
    }

    fn write_unlock<T: Tracer>(&mut self, tr: &mut T, at: At, rwlock: u32) {
        self.rw_unlock(tr, at, rwlock, true);
    }

    fn rwlock_value(&self, rwlock: u32) -> V {
        Worker::rwlock_value(self, rwlock)
    }

    fn set_rwlock_value(&mut self, rwlock: u32, value: V) {
        Worker::set_rwlock_value(self, rwlock, value);
    }

    fn once<T: Tracer>(&mut self, tr: &mut T, at: At) -> u32 {
        Worker::once(self, tr, at)
    }

    fn once_begin<T: Tracer>(&mut self, tr: &mut T, at: At, once: u32) -> OnceStep {
        Worker::once_begin(self, tr, at, once)
    }

    fn once_end<T: Tracer>(&mut self, tr: &mut T, at: At, once: u32) {
        Worker::once_end(self, tr, at, once);
    }

    fn once_done(&self, once: u32) -> bool {
        Worker::once_done(self, once)
    }

    fn barrier<T: Tracer>(&mut self, tr: &mut T, at: At, parties: u32) -> u32 {
        Worker::barrier(self, tr, at, parties)
    }

    fn barrier_wait<T: Tracer>(&mut self, tr: &mut T, at: At, barrier: u32) -> Step {
        Worker::barrier_wait(self, tr, at, barrier)
    }

    fn wait_group<T: Tracer>(&mut self, tr: &mut T, at: At, count: u32) -> u32 {
        Worker::wait_group(self, tr, at, count)
    }

    fn wait_group_add<T: Tracer>(&mut self, tr: &mut T, at: At, group: u32, n: i64) -> Result<(), NegativeCounter> {
        Worker::wait_group_add(self, tr, at, group, n)
    }

    fn wait_group_wait<T: Tracer>(&mut self, tr: &mut T, at: At, group: u32) -> Step {
        Worker::wait_group_wait(self, tr, at, group)
    }

    fn semaphore<T: Tracer>(&mut self, tr: &mut T, at: At, permits: u32) -> u32 {
        Worker::semaphore(self, tr, at, permits)
    }

    fn acquire<T: Tracer>(&mut self, tr: &mut T, at: At, semaphore: u32) -> Step {
        Worker::acquire(self, tr, at, semaphore, true)
    }

    fn try_acquire<T: Tracer>(&mut self, tr: &mut T, at: At, semaphore: u32) -> Try {
        match Worker::acquire(self, tr, at, semaphore, false) {
            Step::Ready(()) => Try::Ready(()),
            Step::Blocked | Step::Closed => Try::NotNow,
        }
    }

    fn release<T: Tracer>(&mut self, tr: &mut T, at: At, semaphore: u32) {
        Worker::release(self, tr, at, semaphore);
    }

    fn new_atomic<T: Tracer>(&mut self, tr: &mut T, at: At, value: i64) -> u32 {
        Worker::new_atomic(self, tr, at, value)
    }

    #[inline(always)]
    fn atomic_load<T: Tracer>(&mut self, tr: &mut T, at: At, atomic: u32) -> i64 {
        Worker::atomic_load(self, tr, at, atomic)
    }

    #[inline(always)]
    fn atomic_add<T: Tracer>(&mut self, tr: &mut T, at: At, atomic: u32, n: i64) -> i64 {
        Worker::atomic_add(self, tr, at, atomic, n)
    }

    fn atomic_update<T: Tracer>(&mut self, tr: &mut T, at: At, atomic: u32, update: impl FnMut(i64) -> i64) -> i64 {
        Worker::atomic_update(self, tr, at, atomic, update)
    }

    fn atomic_value(&self, atomic: u32) -> i64 {
        self.shared.atomics.at(atomic).value()
    }

    fn sleep<T: Tracer>(&mut self, tr: &mut T, at: At, nanoseconds: u64) {
        self.sleep_for(tr, at, nanoseconds);
    }

    fn after<T: Tracer>(&mut self, tr: &mut T, at: At, nanoseconds: u64) -> u32 {
        let timer = self.new_timer(tr, at, nanoseconds, 0);
        Worker::timer_channel(self, timer)
    }

    fn ticker<T: Tracer>(&mut self, tr: &mut T, at: At, period: u64) -> u32 {
        // A period of 0 would keep the timers from ever being done.
        self.new_timer(tr, at, period.max(1), period.max(1))
    }

    fn timer_channel(&self, timer: u32) -> u32 {
        Worker::timer_channel(self, timer)
    }

    fn stop_timer<T: Tracer>(&mut self, tr: &mut T, at: At, timer: u32) -> bool {
        Worker::stop_timer(self, tr, at, timer)
    }

    fn context<T: Tracer>(&mut self, tr: &mut T, at: At, parent: Option<u32>, kind: ContextKind<V>) -> u32 {
        Worker::context(self, tr, at, parent, kind)
    }

    fn cancel_context<T: Tracer>(&mut self, tr: &mut T, at: At, context: u32, cause: Cause) {
        Worker::cancel_context(self, tr, at, context, cause);
    }

    fn cancel_context_for<T: Tracer>(&mut self, tr: &mut T, at: At, context: u32, reason: Option<Box<str>>) {
        Worker::cancel_context_for(self, tr, at, context, reason);
    }

    fn context_end(&self, context: u32) -> Option<ContextEnd> {
        Worker::context_end(self, context)
    }

    fn context_done<T: Tracer>(&mut self, tr: &mut T, at: At, context: u32) -> u32 {
        Worker::context_done(self, tr, at, context)
    }

    fn context_cause(&self, context: u32) -> Option<Cause> {
        Worker::context_cause(self, context)
    }

    fn context_timed_out(&self, context: u32) -> bool {
        Worker::context_timed_out(self, context)
    }

    fn context_value(&self, context: u32, key: &str) -> Option<V> {
        Worker::context_value(self, context, key)
    }

    fn context_remaining(&self, context: u32) -> Option<u64> {
        Worker::context_remaining(self, context)
    }

    fn permits(&self, semaphore: u32) -> u64 {
        self.shared.semaphores.at(semaphore).lock().it.permits
    }
}
