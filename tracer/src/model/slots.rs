//! A table by number, in pages: dense where numbers come in order (the ordinary run), sparse where they do not (a
//! recording whose beginning was dropped, or a damaged trace), so that no number can make it allocate much more than was
//! put in. Pages that become empty are given back, so a run may create tasks for ever.

use std::collections::BTreeMap;

/// Entries of a page.
const PAGE: usize = 256;

/// How many pages past its end the dense part may grow at once.
const STRIDE: usize = 4;

/// A table of `T` by number.
#[derive(Clone, Debug)]
pub struct Slots<T> {
    pages: Vec<Option<Page<T>>>,
    sparse: BTreeMap<u32, T>,
    count: usize,
}

#[derive(Clone, Debug)]
struct Page<T> {
    /// [`PAGE`] of them.
    slots: Box<[Option<T>]>,
    used: usize,
}

impl<T> Default for Slots<T> {
    fn default() -> Self {
        Self { pages: Vec::new(), sparse: BTreeMap::new(), count: 0 }
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
    #[inline]
    pub fn get(&self, number: u32) -> Option<&T> {
        match self.pages.get(number as usize / PAGE) {
            Some(page) => page.as_ref()?.slots.get(number as usize % PAGE)?.as_ref(),
            None => self.sparse.get(&number),
        }
    }

    /// The entry of a number.
    #[inline]
    pub fn get_mut(&mut self, number: u32) -> Option<&mut T> {
        match self.pages.get_mut(number as usize / PAGE) {
            Some(page) => page.as_mut()?.slots.get_mut(number as usize % PAGE)?.as_mut(),
            None => self.sparse.get_mut(&number),
        }
    }

    /// Puts an entry in, in place of the old one.
    pub fn insert(&mut self, number: u32, value: T) {
        let index = number as usize / PAGE;
        if index >= self.pages.len() && index < self.pages.len() + STRIDE {
            let first = (self.pages.len() * PAGE) as u32;
            self.pages.resize_with(index + 1, || None);
            // What was far away is not any more.
            let near: Vec<u32> = self.sparse.range(first..first + (STRIDE * PAGE) as u32).map(|(&n, _)| n).collect();
            for near in near {
                if near as usize / PAGE < self.pages.len()
                    && let Some(value) = self.sparse.remove(&near)
                {
                    self.count -= 1;
                    self.insert_dense(near, value);
                }
            }
        }
        if index < self.pages.len() {
            self.insert_dense(number, value);
        } else if self.sparse.insert(number, value).is_none() {
            self.count += 1;
        }
    }

    fn insert_dense(&mut self, number: u32, value: T) {
        let page = self.pages[number as usize / PAGE]
            .get_or_insert_with(|| Page { slots: (0..PAGE).map(|_| None).collect(), used: 0 });
        if page.slots[number as usize % PAGE].replace(value).is_none() {
            page.used += 1;
            self.count += 1;
        }
    }

    /// Takes an entry out.
    pub fn remove(&mut self, number: u32) -> Option<T> {
        let removed = match self.pages.get_mut(number as usize / PAGE) {
            Some(place) => {
                let page = place.as_mut()?;
                let removed = page.slots.get_mut(number as usize % PAGE)?.take()?;
                page.used -= 1;
                if page.used == 0 {
                    *place = None;
                }
                removed
            }
            None => self.sparse.remove(&number)?,
        };
        self.count -= 1;
        Some(removed)
    }

    /// Keeps only the entries that `keep` says so of.
    pub fn retain(&mut self, mut keep: impl FnMut(u32, &T) -> bool) {
        let mut removed = 0;
        for (index, place) in self.pages.iter_mut().enumerate() {
            let Some(page) = place else { continue };
            for (slot, number) in page.slots.iter_mut().zip((index * PAGE) as u32..) {
                if slot.as_ref().is_some_and(|value| !keep(number, value)) {
                    *slot = None;
                    page.used -= 1;
                    removed += 1;
                }
            }
            if page.used == 0 {
                *place = None;
            }
        }
        self.sparse.retain(|&number, value| {
            let kept = keep(number, value);
            removed += !kept as usize;
            kept
        });
        self.count -= removed;
    }

    /// The entries in the order of their numbers, to be changed.
    pub fn values_mut(&mut self) -> impl Iterator<Item = &mut T> {
        let dense = self.pages.iter_mut().flatten().flat_map(|page| page.slots.iter_mut().flatten());
        dense.chain(self.sparse.values_mut())
    }

    /// The entries in the order of their numbers.
    pub fn iter(&self) -> impl Iterator<Item = (u32, &T)> {
        let pages = self.pages.iter().enumerate().filter_map(|(index, page)| Some((index, page.as_ref()?)));
        let dense = pages.flat_map(|(index, page)| {
            let numbers = (index * PAGE) as u32..;
            numbers.zip(&page.slots).filter_map(|(number, slot)| Some((number, slot.as_ref()?)))
        });
        dense.chain(self.sparse.iter().map(|(&number, value)| (number, value)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn numbers(slots: &Slots<u32>) -> Vec<u32> {
        slots.iter().map(|(number, &value)| if number == value { value } else { u32::MAX }).collect()
    }

    #[test]
    fn numbers_out_of_order_and_far_away_are_found_in_order() {
        let mut slots = Slots::default();
        for number in [5, 4_000_000_000, 1, 2000, 1025, 1500, 5] {
            slots.insert(number, number);
        }
        assert_eq!(numbers(&slots), [1, 5, 1025, 1500, 2000, 4_000_000_000]);
        assert_eq!(slots.len(), 6);
        assert!(slots.pages.len() < 16);
    }

    #[test]
    fn pages_that_become_empty_are_given_back() {
        let mut slots = Slots::default();
        (0..5000).for_each(|number| slots.insert(number, number));
        slots.insert(1 << 30, 1 << 30);
        slots.retain(|number, _| number >= 4990 || number == 3);
        assert_eq!(numbers(&slots), [&[3][..], &(4990..5000).collect::<Vec<_>>(), &[1 << 30]].concat());
        assert_eq!((slots.len(), slots.pages.iter().flatten().count()), (12, 2));
        slots.insert(1000, 1000);
        assert_eq!(slots.get(1000), Some(&1000));
    }
}
