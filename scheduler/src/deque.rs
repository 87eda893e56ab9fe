//! A double-ended queue whose copies have the same room to grow.
//!
//! What queues weigh decides when the guest's memory is collected, and that is an event. A debugger that goes back to a copy of
//! a run must find the same weights.

use std::collections::VecDeque;
use std::ops::{Deref, DerefMut};

/// A [`VecDeque`] whose clones have its capacity.
#[derive(Debug)]
pub struct Deque<T>(VecDeque<T>);

impl<T> Default for Deque<T> {
    fn default() -> Self {
        Self(VecDeque::new())
    }
}

impl<T: Clone> Clone for Deque<T> {
    fn clone(&self) -> Self {
        let mut copy = VecDeque::with_capacity(self.0.capacity());
        copy.extend(self.0.iter().cloned());
        Self(copy)
    }
}

impl<T> Deref for Deque<T> {
    type Target = VecDeque<T>;
    #[inline(always)]
    fn deref(&self) -> &VecDeque<T> {
        &self.0
    }
}

impl<T> DerefMut for Deque<T> {
    #[inline(always)]
    fn deref_mut(&mut self) -> &mut VecDeque<T> {
        &mut self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_copy_has_the_same_room() {
        let mut queue = Deque::default();
        (0..1000).for_each(|n| queue.push_back(n));
        queue.drain(..990);
        let copy = queue.clone();
        assert_eq!(*copy, *queue);
        assert_eq!(copy.capacity(), queue.capacity());
    }
}
