//! The run queue: slots of ready tasks in the order in which they became ready.
//!
//! As in wait queues, the first one stands apart: in a chain of hand-overs there is never a second.

use crate::deque::Deque;
use crate::slab::NONE;

/// The run queue.
#[derive(Clone, Debug)]
pub struct ReadyQueue {
    /// [`NONE`] only if `rest` is empty.
    first: u32,
    rest: Deque<u32>,
}

impl Default for ReadyQueue {
    fn default() -> Self {
        Self { first: NONE, rest: Deque::default() }
    }
}

impl ReadyQueue {
    /// Number of ready tasks.
    #[inline(always)]
    pub fn len(&self) -> usize {
        (self.first != NONE) as usize + self.rest.len()
    }

    /// Whether no task is ready.
    #[inline(always)]
    pub fn is_empty(&self) -> bool {
        self.first == NONE
    }

    /// Whether more than one task is ready, so that there is a choice.
    #[inline(always)]
    pub fn has_choice(&self) -> bool {
        !self.rest.is_empty()
    }

    /// Adds a task at the end.
    #[inline(always)]
    pub fn push(&mut self, slot: u32) {
        if self.first == NONE {
            self.first = slot;
        } else {
            self.rest.push_back(slot);
        }
    }

    /// Takes the first.
    #[inline(always)]
    pub fn pop(&mut self) -> Option<u32> {
        let slot = self.first;
        if slot == NONE {
            return None;
        }
        self.first = self.rest.pop_front().unwrap_or(NONE);
        Some(slot)
    }

    /// Exchanges the first with the one at an index; the rest keeps its order.
    pub fn bring_forward(&mut self, index: usize) {
        if let Some(other) = index.checked_sub(1).and_then(|index| self.rest.get_mut(index)) {
            std::mem::swap(&mut self.first, other);
        }
    }

    /// All of them, in order.
    pub fn iter(&self) -> impl Iterator<Item = u32> + '_ {
        (self.first != NONE).then_some(self.first).into_iter().chain(self.rest.iter().copied())
    }

    /// Where a task stands in it.
    pub fn position(&self, slot: u32) -> Option<usize> {
        self.iter().position(|other| other == slot)
    }

    /// Bytes allocated.
    pub fn bytes(&self) -> usize {
        self.rest.capacity() * size_of::<u32>()
    }
}
