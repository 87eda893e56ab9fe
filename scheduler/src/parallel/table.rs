//! Tables that several workers read and enlarge at the same time: things addressed by 32-bit slots that never move.
//!
//! Segments double in size and are made once, so an address stays good and a look-up is a count of leading zeros and two loads.
//! Free slots travel in batches between the workers and the table: one worker's spawns are often another worker's ends.

use super::lock::Lock;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};

/// Slots of the first segment, as a power of two.
const FIRST: u32 = 6;

/// Enough segments for all 32-bit slots.
const SEGMENTS: usize = (32 - FIRST) as usize;

/// Slots that a worker takes from the table or gives back at once.
const BATCH: u32 = 64;

/// Free slots that a worker keeps for itself.
const KEPT: usize = 256;

/// A table of things with their own protection.
#[derive(Debug)]
pub struct Table<T> {
    /// The first segment, which is all that most programs need: found without looking for it.
    first: Box<[T]>,
    /// The others; the place of the first stays empty.
    segments: [OnceLock<Box<[T]>>; SEGMENTS],
    next: AtomicU32,
    free: Lock<Vec<u32>>,
}

/// The free slots that a worker has at hand.
#[derive(Debug, Default)]
pub struct Slots {
    free: Vec<u32>,
}

/// Segment and place of a slot.
#[inline(always)]
fn place(slot: u32) -> (usize, usize) {
    let shifted = slot as u64 + (1 << FIRST);
    let segment = 63 - shifted.leading_zeros() - FIRST;
    (segment as usize, (shifted - (1u64 << (segment + FIRST))) as usize)
}

impl<T: Default> Default for Table<T> {
    fn default() -> Self {
        Self {
            first: (0..1 << FIRST).map(|_| T::default()).collect(),
            segments: [const { OnceLock::new() }; SEGMENTS],
            next: AtomicU32::new(0),
            free: Lock::default(),
        }
    }
}

impl<T: Default> Table<T> {
    /// Takes a slot; what stands there is new or was freed before, to be set up by the caller.
    #[inline]
    pub fn take(&self, slots: &mut Slots) -> u32 {
        match slots.free.pop() {
            Some(slot) => slot,
            None => self.refill(slots),
        }
    }

    #[cold]
    #[inline(never)]
    fn refill(&self, slots: &mut Slots) -> u32 {
        {
            let mut free = self.free.lock();
            let rest = free.len().saturating_sub(BATCH as usize);
            slots.free.extend(free.drain(rest..));
        }
        if slots.free.is_empty() {
            let first = self.next.fetch_add(BATCH, Ordering::Relaxed);
            // The lowest slot is taken first.
            slots.free.extend((first..first + BATCH).rev());
            let (segment, _) = place(first);
            if segment > 0 {
                let size = 1usize << (segment as u32 + FIRST);
                self.segments[segment].get_or_init(|| (0..size).map(|_| T::default()).collect());
            }
        }
        slots.free.pop().unwrap_or_default()
    }

    /// Gives a slot back.
    #[inline]
    pub fn put(&self, slots: &mut Slots, slot: u32) {
        slots.free.push(slot);
        if slots.free.len() > KEPT {
            self.give_back(slots);
        }
    }

    #[cold]
    #[inline(never)]
    fn give_back(&self, slots: &mut Slots) {
        self.free.lock().extend(slots.free.drain(..KEPT / 2));
    }
}

impl<T> Table<T> {
    /// The thing in a slot that was taken at some time.
    ///
    /// # Panics
    /// For a slot that was never taken: a mistake of the engine.
    #[inline(always)]
    pub fn at(&self, slot: u32) -> &T {
        match self.get(slot) {
            Some(item) => item,
            None => no_such_slot(slot),
        }
    }

    /// The thing in a slot, if the slot was ever taken.
    #[inline(always)]
    pub fn get(&self, slot: u32) -> Option<&T> {
        if let Some(item) = self.first.get(slot as usize) {
            return Some(item);
        }
        self.get_far(slot)
    }

    #[cold]
    #[inline(never)]
    fn get_far(&self, slot: u32) -> Option<&T> {
        let (segment, place) = place(slot);
        self.segments.get(segment)?.get()?.get(place)
    }

    /// Slots ever taken, rounded up to batches.
    pub fn slots(&self) -> u32 {
        self.next.load(Ordering::Acquire)
    }
}

#[cold]
#[inline(never)]
fn no_such_slot(slot: u32) -> ! {
    panic!("no such slot: {slot}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slots_lie_one_behind_the_other_in_segments_that_double() {
        assert_eq!(place(0), (0, 0));
        assert_eq!(place(63), (0, 63));
        assert_eq!(place(64), (1, 0));
        assert_eq!(place(64 + 127), (1, 127));
        assert_eq!(place(64 + 128), (2, 0));
        let (segment, at) = place(u32::MAX - 64);
        assert!(segment < SEGMENTS && at < 1 << (segment as u32 + FIRST));
    }

    #[test]
    fn threads_never_share_a_slot() {
        let table: Table<Lock<u32>> = Table::default();
        std::thread::scope(|scope| {
            for thread in 0..4 {
                let table = &table;
                scope.spawn(move || {
                    let mut slots = Slots::default();
                    let mut mine = Vec::new();
                    for round in 0..2000u32 {
                        let slot = table.take(&mut slots);
                        *table.at(slot).lock() = thread << 16 | round;
                        mine.push((slot, thread << 16 | round));
                        if round % 3 == 0 {
                            let (slot, value) = mine.remove(mine.len() / 2);
                            assert_eq!(*table.at(slot).lock(), value);
                            table.put(&mut slots, slot);
                        }
                    }
                    for (slot, value) in mine {
                        assert_eq!(*table.at(slot).lock(), value);
                    }
                });
            }
        });
        assert!(table.slots() < 4 * 2000);
    }
}
