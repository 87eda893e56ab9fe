//! Tasks as workers share them, and the word that says who may touch one.
//!
//! What [`Task`] holds belongs to exactly one thread at a time:
//!
//! | the task is | its owner is |
//! |---|---|
//! | being made | the worker that makes it |
//! | ready | nobody; then the worker that takes it out of a run queue |
//! | running | its worker |
//! | parked | nobody; then whoever *claims* the wait |
//! | over | nobody; its result stands in the [`Header`], which has a lock |
//!
//! A wait is claimed by moving `wait` from "parked, with ticket n" to "not parked, ticket n + 1". Entries in wait queues carry
//! the ticket, so an entry whose claim fails is stale: another arm of the select, a timer or a cancellation was faster. Who has
//! claimed a wait writes the outcome into the task and puts it into a run queue; run queues hand over with the ordering that this needs.
#![expect(unsafe_code, reason = "the ownership above is what makes the accesses here exclusive")]

use super::lock::{Backoff, Lock};
use super::sync::{AtomicU8, AtomicU32, AtomicU64, Ordering, UnsafeCell, fence};
use crate::queue::Entry;
use crate::task::Task;

/// A task and its protection.
#[derive(Debug)]
pub struct TaskCell<V, B> {
    /// Ticket and [`PARKED`].
    wait: Wait,
    /// Flags that others set while the task runs: [`CANCEL`].
    pub flags: AtomicU8,
    /// What others may ask of it while it runs and after.
    pub header: Lock<Header<V>>,
    task: UnsafeCell<Task<V, B>>,
    /// The ticket after that of the last wait that was cancelled, and the cancellation's trace clock.
    cancelled: AtomicU32,
    cancelled_at: AtomicU64,
}

// SAFETY: `task` is accessed by one thread at a time, as the table in the module's header says; everything else is atomic or locked.
unsafe impl<V: Send, B: Send> Sync for TaskCell<V, B> {}

impl<V: Default, B: Default> Default for TaskCell<V, B> {
    fn default() -> Self {
        Self {
            wait: Wait::default(),
            flags: AtomicU8::new(0),
            header: Lock::new(Header::default()),
            task: UnsafeCell::new(Task::default()),
            cancelled: AtomicU32::new(0),
            cancelled_at: AtomicU64::new(0),
        }
    }
}

impl<V, B> TaskCell<V, B> {
    /// The task.
    ///
    /// # Safety
    /// The caller owns it as the module's header says, and lets the reference go before it gives the task away.
    #[inline(always)]
    #[expect(clippy::mut_from_ref, reason = "ownership is handed around by the protocol, not by references")]
    pub unsafe fn own(&self) -> &mut Task<V, B> {
        // SAFETY: promised by the caller.
        self.task.with_mut(|task| unsafe { &mut *task })
    }

    /// The task, by a thread that is no worker and has just claimed its wait.
    #[expect(clippy::mut_from_ref, reason = "as for `own`")]
    pub(super) fn claimed(&self) -> &mut Task<V, B> {
        // SAFETY: private to the runtime, and called only after a claim, which makes the caller the owner.
        unsafe { self.own() }
    }

    /// The task, while the world is stopped and one thread looks at it.
    #[expect(clippy::mut_from_ref, reason = "as for `own`")]
    pub(super) fn frozen(&self) -> &mut Task<V, B> {
        // SAFETY: private to the runtime, and called only where the world is stopped: no worker touches any task.
        unsafe { self.own() }
    }

    /// Asks the task to be cancelled. Where it is parked its wait is claimed, and this is its ticket; otherwise it finds the flag when it parks
    /// ([`TaskCell::cancels_itself`]). The caller holds the header, which keeps the task from ending.
    pub fn cancel(&self) -> Option<u32> {
        self.flags.fetch_or(CANCEL, Ordering::SeqCst);
        fence(Ordering::SeqCst);
        self.wait.under_way().filter(|&ticket| self.wait.claim(ticket))
    }

    /// After it has parked with this ticket: whether somebody wanted it to be cancelled before and did not find it parked. Then the
    /// wait is claimed.
    pub fn cancels_itself(&self, ticket: u32) -> bool {
        fence(Ordering::SeqCst);
        self.flags.load(Ordering::SeqCst) & CANCEL != 0 && self.wait.claim(ticket)
    }

    /// The wait with this ticket was claimed to be cancelled, and this is the cancellation's trace clock. To be said at once: who wanted to
    /// claim the wait, too, waits for it.
    pub fn set_cancelled(&self, ticket: u32, clock: u64) {
        self.cancelled_at.store(clock, Ordering::Relaxed);
        self.cancelled.store(ticket.wrapping_add(1), Ordering::Release);
    }

    /// The trace clock of the cancellation of the wait with this ticket, or of a later one.
    pub fn cancelled_at(&self, ticket: u32) -> u64 {
        let mut backoff = Backoff::default();
        // Tickets wrap around.
        while (self.cancelled.load(Ordering::Acquire).wrapping_sub(ticket.wrapping_add(1)) as i32) < 0 {
            backoff.wait();
        }
        self.cancelled_at.load(Ordering::Relaxed)
    }

    /// Its waits.
    #[inline(always)]
    pub fn wait(&self) -> &Wait {
        &self.wait
    }
}

/// Cancelled while it was not parked: it is told at its next wait.
pub const CANCEL: u8 = 1;

/// Entries that hardly any task has: a word where there are none.
#[derive(Debug, Default)]
#[expect(clippy::box_collection, reason = "a million tasks have an empty one each")]
pub struct More(Option<Box<Vec<Entry>>>);

impl More {
    /// Adds an entry; where room would have to be made, those that are not `valid` any more go first.
    pub fn push(&mut self, entry: Entry, valid: impl Fn(&Entry) -> bool) {
        let entries = self.0.get_or_insert_default();
        if entries.len() == entries.capacity() {
            entries.retain(valid);
        }
        entries.push(entry);
    }

    /// Takes the last one.
    pub fn pop(&mut self) -> Option<Entry> {
        self.0.as_mut()?.pop()
    }

    /// Keeps those that are `wanted`.
    pub fn retain(&mut self, wanted: impl Fn(&Entry) -> bool) {
        if let Some(entries) = &mut self.0 {
            entries.retain(wanted);
        }
    }

    /// Takes all of them.
    pub fn take(&mut self) -> Vec<Entry> {
        self.0.take().map_or_else(Vec::new, |entries| *entries)
    }

    /// All of them.
    pub fn entries(&self) -> &[Entry] {
        self.0.as_ref().map_or(&[], |entries| entries.as_slice())
    }
}

/// What others may ask of a task.
#[derive(Debug)]
pub struct Header<V> {
    /// The task's number; 0 where the slot is free.
    pub id: u32,
    /// It is over.
    pub ended: bool,
    /// It is over because it was cancelled.
    pub cancelled: bool,
    /// Somebody may ask for the result.
    pub joinable: bool,
    /// The first who waits for its end.
    pub waiter: Entry,
    /// Further ones.
    pub more: More,
    /// The result, once it is over.
    pub result: V,
    /// Trace clock of its end.
    pub clock: u64,
}

impl<V: Default> Default for Header<V> {
    fn default() -> Self {
        Self {
            id: 0,
            ended: false,
            cancelled: false,
            joinable: false,
            waiter: Entry::NOBODY,
            more: More::default(),
            result: V::default(),
            clock: 0,
        }
    }
}

/// The waits of a task: a ticket that counts them, and whether one is under way.
#[derive(Debug, Default)]
pub struct Wait(AtomicU64);

/// In the word of a wait: the task is parked in it.
const PARKED: u64 = 1;

impl Wait {
    /// The ticket of the wait that is under way, or of the next.
    #[inline(always)]
    pub fn ticket(&self) -> u32 {
        (self.0.load(Ordering::Relaxed) >> 1) as u32
    }

    /// Begins a wait, by the task's owner: from now on it can be claimed. Its entries come into queues after this, or under locks that are
    /// still held.
    #[inline(always)]
    pub fn begin(&self) -> u32 {
        let word = self.0.load(Ordering::Relaxed);
        self.0.store(word | PARKED, Ordering::Release);
        (word >> 1) as u32
    }

    /// Claims the wait with this ticket for the only one who can: an entry of a plain wait, where nothing is ever cancelled.
    #[inline(always)]
    pub fn claim_alone(&self, ticket: u32) {
        self.0.store((u64::from(ticket.wrapping_add(1))) << 1, Ordering::Relaxed);
    }

    /// Claims the wait with this ticket; says whether that worked.
    #[inline(always)]
    pub fn claim(&self, ticket: u32) -> bool {
        let from = u64::from(ticket) << 1 | PARKED;
        let to = u64::from(ticket.wrapping_add(1)) << 1;
        self.0.compare_exchange(from, to, Ordering::AcqRel, Ordering::Relaxed).is_ok()
    }

    /// Whether the wait with this ticket is under way: it may be over a moment later.
    #[inline(always)]
    pub fn is_under_way(&self, ticket: u32) -> bool {
        self.0.load(Ordering::Acquire) == u64::from(ticket) << 1 | PARKED
    }

    /// The ticket of the wait that is under way, if one is.
    pub fn under_way(&self) -> Option<u32> {
        let word = self.0.load(Ordering::Acquire);
        (word & PARKED != 0).then_some((word >> 1) as u32)
    }
}
