//! Tables of things addressed by a 32-bit slot.
//!
//! A freed slot keeps its thing, so that the thing's own allocations (a queue, a stack) are used again by the next one.
//! Slots are therefore reused; what must never be mistaken for a successor carries a unique number beside the slot.

use std::ops::{Index, IndexMut};

/// "No slot".
pub const NONE: u32 = u32::MAX;

/// A table of things.
#[derive(Clone, Debug)]
pub struct Slab<T> {
    items: Vec<T>,
    free: Vec<u32>,
    /// Slots that are not in use and not to be taken here: free ones of the table that this one stands for.
    vacant: usize,
}

impl<T> Default for Slab<T> {
    fn default() -> Self {
        Self { items: Vec::new(), free: Vec::new(), vacant: 0 }
    }
}

impl<T: Default> Slab<T> {
    /// Takes a slot; what stands there is a new thing or the one freed before, to be set up by the caller.
    #[inline]
    pub fn take(&mut self) -> u32 {
        match self.free.pop() {
            Some(slot) => slot,
            None => self.grow(),
        }
    }

    #[cold]
    #[inline(never)]
    fn grow(&mut self) -> u32 {
        let slot = self.items.len() as u32;
        self.items.push(T::default());
        slot
    }
}

impl<T> Slab<T> {
    /// A table of given things by slot; those that are `free` are not counted as live.
    pub fn of(items: impl Iterator<Item = T>, free: impl Fn(&T) -> bool) -> Self {
        let items: Vec<T> = items.collect();
        let vacant = items.iter().filter(|item| free(item)).count();
        Self { items, free: Vec::new(), vacant }
    }

    /// Slots given back since [`Slab::of`].
    pub fn freed(&self) -> &[u32] {
        &self.free
    }

    /// The things by slot.
    pub fn into_items(self) -> impl Iterator<Item = T> {
        self.items.into_iter()
    }

    /// Gives a slot back.
    #[inline]
    pub fn put(&mut self, slot: u32) {
        self.free.push(slot);
    }

    /// Number of slots ever used at once, free ones too.
    pub fn slots(&self) -> u32 {
        self.items.len() as u32
    }

    /// Number of slots in use.
    pub fn live(&self) -> usize {
        self.items.len() - self.free.len() - self.vacant
    }

    /// The thing in a slot, if there is such a slot.
    #[inline]
    pub fn get(&self, slot: u32) -> Option<&T> {
        self.items.get(slot as usize)
    }

    /// All slots, free ones too.
    pub fn iter(&self) -> impl Iterator<Item = (u32, &T)> {
        self.items.iter().enumerate().map(|(slot, item)| (slot as u32, item))
    }
}

impl<T> Index<u32> for Slab<T> {
    type Output = T;
    #[inline(always)]
    fn index(&self, slot: u32) -> &T {
        &self.items[slot as usize]
    }
}

impl<T> IndexMut<u32> for Slab<T> {
    #[inline(always)]
    fn index_mut(&mut self, slot: u32) -> &mut T {
        &mut self.items[slot as usize]
    }
}
