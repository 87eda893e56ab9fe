//! Wait queues: who is parked in an object, first come, first served.
//!
//! Entries of a task that was woken elsewhere (another arm of its select, cancellation) are not searched for: their
//! ticket no longer matches and they are skipped. The queue counts them, and throws them out once they are the majority,
//! so that a channel in a select that always chooses another arm costs constant time and bounded memory.

use crate::slab::{NONE, Slab};
use crate::task::Task;
use std::collections::VecDeque;

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

/// A queue of parked tasks.
#[derive(Clone, Debug, Default)]
pub struct Queue {
    entries: VecDeque<Entry>,
    stale: u32,
}

impl Queue {
    /// Forgets everybody (a new object in a used slot).
    pub fn clear(&mut self) {
        self.entries.clear();
        self.stale = 0;
    }

    /// Number of tasks that wait.
    #[inline]
    pub fn len(&self) -> usize {
        self.entries.len() - self.stale as usize
    }

    /// Whether nobody waits.
    #[inline(always)]
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty() || self.len() == 0
    }

    /// Adds a task at the end.
    #[inline(always)]
    pub fn push(&mut self, entry: Entry) {
        self.entries.push_back(entry);
    }

    /// Takes the first task that still waits.
    #[inline(always)]
    pub fn pop<V, B>(&mut self, tasks: &Slab<Task<V, B>>) -> Option<Entry> {
        while let Some(entry) = self.entries.pop_front() {
            if entry.valid(tasks) {
                return Some(entry);
            }
            self.stale -= 1;
        }
        None
    }

    /// The first task that still waits.
    pub fn first<V, B>(&mut self, tasks: &Slab<Task<V, B>>) -> Option<Entry> {
        while let Some(&entry) = self.entries.front() {
            if entry.valid(tasks) {
                return Some(entry);
            }
            self.entries.pop_front();
            self.stale -= 1;
        }
        None
    }

    /// One of the entries has become stale.
    pub fn one_stale<V, B>(&mut self, tasks: &Slab<Task<V, B>>) {
        self.stale += 1;
        if self.stale as usize * 2 > self.entries.len() {
            self.entries.retain(|entry| entry.valid(tasks));
            self.stale = 0;
        }
    }

    /// Those who still wait, in order.
    pub fn iter<'a, V, B>(&'a self, tasks: &'a Slab<Task<V, B>>) -> impl Iterator<Item = Entry> + 'a {
        self.entries.iter().copied().filter(|entry| entry.valid(tasks))
    }

    /// Bytes allocated.
    pub fn bytes(&self) -> usize {
        self.entries.capacity() * size_of::<Entry>()
    }
}
