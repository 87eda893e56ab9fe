//! Wait queues: who is parked in an object, first come, first served.
//!
//! Entries of a task that was woken elsewhere (another arm of its select, cancellation) are not searched for: their
//! ticket no longer matches and they are skipped. The queue counts them, and throws them out once they are the majority,
//! so that a channel in a select that always chooses another arm costs constant time and bounded memory.

use crate::deque::Deque;
use crate::slab::{NONE, Slab};
use crate::task::Task;

/// `arm` of an entry that belongs to a plain operation, not to a select.
pub const PLAIN: u16 = u16::MAX;

/// A parked task.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Its slot.
    pub slot: u32,
    /// Its ticket when it was parked.
    pub ticket: u32,
    /// The arm of its select, or [`PLAIN`].
    pub arm: u16,
    /// What else the object wants to know (which side of a lock; whether the result is taken).
    pub tag: u16,
}

impl Entry {
    /// No entry.
    pub const NOBODY: Entry = Entry { slot: NONE, ticket: 0, arm: PLAIN, tag: 0 };

    /// Whether the task still waits with this entry.
    #[inline(always)]
    pub fn valid<V, B>(&self, tasks: &Slab<Task<V, B>>) -> bool {
        tasks[self.slot].ticket == self.ticket
    }
}

/// A queue of parked tasks. The first one stands in the object itself: most queues never hold more than one task, and
/// reaching for a heap allocation at each park and wake-up is what a rendezvous would spend most of its time on.
#[derive(Clone, Debug)]
pub struct Queue {
    /// [`Entry::NOBODY`] only if `rest` is empty.
    first: Entry,
    rest: Deque<Entry>,
    stale: u32,
}

impl Default for Queue {
    fn default() -> Self {
        Self { first: Entry::NOBODY, rest: Deque::default(), stale: 0 }
    }
}

impl Queue {
    /// Forgets everybody (a new object in a used slot).
    pub fn clear(&mut self) {
        self.first = Entry::NOBODY;
        self.rest.clear();
        self.stale = 0;
    }

    /// Entries, stale ones too.
    fn entries(&self) -> usize {
        (self.first.slot != NONE) as usize + self.rest.len()
    }

    /// Number of tasks that wait.
    #[inline]
    pub fn len(&self) -> usize {
        self.entries() - self.stale as usize
    }

    /// Whether nobody waits.
    #[inline(always)]
    pub fn is_empty(&self) -> bool {
        self.first.slot == NONE || self.len() == 0
    }

    /// Adds a task at the end.
    #[inline(always)]
    pub fn push(&mut self, entry: Entry) {
        if self.first.slot == NONE {
            self.first = entry;
        } else {
            self.rest.push_back(entry);
        }
    }

    /// Takes the first task that still waits.
    #[inline(always)]
    pub fn pop<V, B>(&mut self, tasks: &Slab<Task<V, B>>) -> Option<Entry> {
        let entry = self.first;
        if entry.slot == NONE {
            return None;
        }
        self.shift();
        if entry.valid(tasks) {
            return Some(entry);
        }
        self.pop_past_stale(tasks)
    }

    #[inline(always)]
    fn shift(&mut self) {
        self.first = if self.rest.is_empty() { Entry::NOBODY } else { self.shift_rest() };
    }

    #[inline(never)]
    fn shift_rest(&mut self) -> Entry {
        self.rest.pop_front().unwrap_or(Entry::NOBODY)
    }

    #[cold]
    #[inline(never)]
    fn pop_past_stale<V, B>(&mut self, tasks: &Slab<Task<V, B>>) -> Option<Entry> {
        self.stale -= 1;
        let entry = self.first(tasks)?;
        self.shift();
        Some(entry)
    }

    /// The first task that still waits.
    pub fn first<V, B>(&mut self, tasks: &Slab<Task<V, B>>) -> Option<Entry> {
        while self.first.slot != NONE {
            if self.first.valid(tasks) {
                return Some(self.first);
            }
            self.shift();
            self.stale -= 1;
        }
        None
    }

    /// One of the entries has become stale.
    #[inline]
    pub fn one_stale<V, B>(&mut self, tasks: &Slab<Task<V, B>>) {
        self.note_stale();
        self.tidy(tasks);
    }

    /// One of the entries has become stale, and perhaps not the only one: [`Queue::tidy`] follows when all are noted.
    #[inline(always)]
    pub fn note_stale(&mut self) {
        self.stale += 1;
    }

    /// Throws the stale entries out if they are the majority. All of them must have been noted.
    #[inline]
    pub fn tidy<V, B>(&mut self, tasks: &Slab<Task<V, B>>) {
        if self.stale as usize * 2 > self.entries() {
            if self.rest.is_empty() {
                self.first = Entry::NOBODY;
                self.stale = 0;
            } else {
                self.compact(tasks);
            }
        }
    }

    #[inline(never)]
    fn compact<V, B>(&mut self, tasks: &Slab<Task<V, B>>) {
        self.rest.retain(|entry| entry.valid(tasks));
        if self.first.slot != NONE && !self.first.valid(tasks) {
            self.shift();
        }
        self.stale = 0;
    }

    /// Those who still wait, in order.
    pub fn iter<'a, V, B>(&'a self, tasks: &'a Slab<Task<V, B>>) -> impl Iterator<Item = Entry> + 'a {
        let first = (self.first.slot != NONE).then_some(self.first);
        first.into_iter().chain(self.rest.iter().copied()).filter(|entry| entry.valid(tasks))
    }

    /// Bytes allocated.
    pub fn bytes(&self) -> usize {
        self.rest.capacity() * size_of::<Entry>()
    }
}

/// In the parallel runtime, where the one who takes an entry claims the wait, and the one who leaves a wait takes its entries out:
/// there, no entry is ever counted as stale.
impl Queue {
    /// Takes the first entry whose wait `claim` gets.
    #[inline(always)]
    pub fn pop_claimed(&mut self, mut claim: impl FnMut(&Entry) -> bool) -> Option<Entry> {
        while self.first.slot != NONE {
            let entry = self.first;
            self.shift();
            if claim(&entry) {
                return Some(entry);
            }
        }
        None
    }

    /// The first entry whose wait is still under way, as `valid` says; those before it are thrown out.
    pub fn first_valid(&mut self, mut valid: impl FnMut(&Entry) -> bool) -> Option<Entry> {
        while self.first.slot != NONE {
            if valid(&self.first) {
                return Some(self.first);
            }
            self.shift();
        }
        None
    }

    /// Throws out the entries whose wait is over.
    pub fn keep(&mut self, mut valid: impl FnMut(&Entry) -> bool) {
        self.rest.retain(&mut valid);
        if self.first.slot != NONE && !valid(&self.first) {
            self.shift();
        }
    }

    /// Throws the first entry out.
    pub fn drop_first(&mut self) {
        self.shift();
    }

    /// Takes out the entries of a task's wait.
    pub fn remove(&mut self, slot: u32, ticket: u32) {
        let mine = |entry: &Entry| entry.slot == slot && entry.ticket == ticket;
        self.rest.retain(|entry| !mine(entry));
        if self.first.slot != NONE && mine(&self.first) {
            self.shift();
        }
    }
}
