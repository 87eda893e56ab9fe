//! A table by number: dense where numbers come in order (the ordinary run), sparse where they do not (a recording whose
//! beginning was dropped, or a damaged trace), so that no number can make it allocate more than was put in.

use std::collections::BTreeMap;

/// How far past its end the dense part may grow at once.
const STRIDE: usize = 1024;

/// A table of `T` by number.
#[derive(Clone, Debug)]
pub struct Slots<T> {
    dense: Vec<Option<T>>,
    sparse: BTreeMap<u32, T>,
    count: usize,
}

impl<T> Default for Slots<T> {
    fn default() -> Self {
        Self { dense: Vec::new(), sparse: BTreeMap::new(), count: 0 }
    }
}

impl<T> Slots<T> {
    /// Number of entries.
    pub fn len(&self) -> usize {
        self.count
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// The entry of a number.
    pub fn get(&self, number: u32) -> Option<&T> {
        match self.dense.get(number as usize) {
            Some(slot) => slot.as_ref(),
            None => self.sparse.get(&number),
        }
    }

    /// The entry of a number.
    pub fn get_mut(&mut self, number: u32) -> Option<&mut T> {
        match self.dense.get_mut(number as usize) {
            Some(slot) => slot.as_mut(),
            None => self.sparse.get_mut(&number),
        }
    }

    /// Puts an entry in, in place of the old one.
    pub fn insert(&mut self, number: u32, value: T) {
        let index = number as usize;
        if index >= self.dense.len() && index < self.dense.len() + STRIDE {
            let old = self.dense.len();
            self.dense.resize_with(index + 1, || None);
            if !self.sparse.is_empty() {
                for (slot, number) in self.dense[old..].iter_mut().zip(old as u32..) {
                    *slot = self.sparse.remove(&number);
                }
            }
        }
        let before = match self.dense.get_mut(index) {
            Some(slot) => slot.replace(value),
            None => self.sparse.insert(number, value),
        };
        self.count += before.is_none() as usize;
    }

    /// The entries in the order of their numbers, to be changed.
    pub fn values_mut(&mut self) -> impl Iterator<Item = &mut T> {
        self.dense.iter_mut().filter_map(Option::as_mut).chain(self.sparse.values_mut())
    }

    /// The entries in the order of their numbers.
    pub fn iter(&self) -> impl Iterator<Item = (u32, &T)> {
        let dense = (0u32..).zip(&self.dense).filter_map(|(number, slot)| Some((number, slot.as_ref()?)));
        dense.chain(self.sparse.iter().map(|(&number, value)| (number, value)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_out_of_order_and_far_away_are_found_in_order() {
        let mut slots = Slots::default();
        for number in [5, 4_000_000_000, 1, 2000, 1025, 1500] {
            slots.insert(number, number);
        }
        let found: Vec<u32> = slots.iter().map(|(number, &value)| if number == value { value } else { 0 }).collect();
        assert_eq!(found, [1, 5, 1025, 1500, 2000, 4_000_000_000]);
        assert_eq!(slots.len(), 6);
        assert!(slots.dense.len() < 4000);
    }
}
