//! A table of heap objects of one kind, addressed by 32-bit slots.
//!
//! Chunks of 256 never move, so growing costs no copy, and the masked index inside a chunk needs no bounds check. A bit per slot
//! says whether it is in use; sweeping goes by words of these bits. Invariants: `live` has a bit for every slot of every
//! chunk; a slot is either live, in `free`, or at or above `next`; what is not live holds `T::default()`.

/// Objects in a chunk.
const CHUNK: usize = 256;

/// What a slab may hold.
pub trait Object: Default {
    /// Bytes that it owns outside its slot.
    fn extra_bytes(&self) -> usize;
}

/// A table of objects.
#[derive(Debug)]
pub struct Slab<T> {
    chunks: Vec<Box<[T; CHUNK]>>,
    /// A bit for each slot in use; a word for 64 of them, four for a chunk.
    live: Vec<u64>,
    free: Vec<u32>,
    next: u32,
}

/// One bit for each slot of a slab. Clearing costs what was set, not what there is room for: the scan for stuck tasks marks a
/// few things again and again.
#[derive(Clone, Debug, Default)]
pub struct Bits {
    words: Vec<u64>,
    /// Words that have been set to something since the last clearing.
    touched: Vec<u32>,
}

impl Bits {
    /// Whether the bit of a slot is set; a slot beyond the end has none.
    #[inline]
    pub fn get(&self, slot: u32) -> bool {
        self.words.get((slot >> 6) as usize).is_some_and(|word| word >> (slot & 63) & 1 != 0)
    }

    /// Sets the bit of a slot; whether it was not set before. The table grows to hold it.
    #[inline]
    pub fn set(&mut self, slot: u32) -> bool {
        let index = (slot >> 6) as usize;
        if index >= self.words.len() {
            self.words.resize(index + 1, 0);
        }
        let bit = 1u64 << (slot & 63);
        let word = self.words[index];
        if word == 0 {
            self.touched.push(index as u32);
        }
        self.words[index] = word | bit;
        word & bit == 0
    }

    /// Clears all bits and keeps the room.
    pub fn clear(&mut self) {
        for index in self.touched.drain(..) {
            self.words[index as usize] = 0;
        }
    }
}

impl<T> Default for Slab<T> {
    fn default() -> Self {
        Slab { chunks: Vec::new(), live: Vec::new(), free: Vec::new(), next: 0 }
    }
}

impl<T: Object> Slab<T> {
    /// Puts an object into a free slot.
    #[inline]
    pub fn insert(&mut self, object: T) -> u32 {
        let slot = match self.free.pop() {
            Some(slot) => slot,
            None => {
                if self.next as usize == self.chunks.len() * CHUNK {
                    self.grow();
                }
                self.next += 1;
                self.next - 1
            }
        };
        if let Some(chunk) = self.chunks.get_mut(slot as usize / CHUNK) {
            chunk[slot as usize % CHUNK] = object;
        }
        if let Some(word) = self.live.get_mut((slot >> 6) as usize) {
            *word |= 1 << (slot & 63);
        }
        slot
    }

    fn is_live(&self, slot: u32) -> bool {
        self.live.get((slot >> 6) as usize).is_some_and(|word| word >> (slot & 63) & 1 != 0)
    }

    #[cold]
    #[inline(never)]
    fn grow(&mut self) {
        let chunk: Vec<T> = std::iter::repeat_with(T::default).take(CHUNK).collect();
        if let Ok(chunk) = chunk.into_boxed_slice().try_into() {
            self.chunks.push(chunk);
            self.live.resize(self.chunks.len() * CHUNK / 64, 0);
        }
    }

    /// The object in a slot. A slot that was freed reads as nothing in debug builds (and as an empty object otherwise): it can
    /// only be met through a mistake of the engine.
    #[inline(always)]
    pub fn get(&self, slot: u32) -> Option<&T> {
        if cfg!(debug_assertions) && !self.is_live(slot) {
            return None;
        }
        self.chunks.get(slot as usize / CHUNK).map(|chunk| &chunk[slot as usize % CHUNK])
    }

    /// The object in a slot, to be changed; as [`Slab::get`].
    #[inline(always)]
    pub fn get_mut(&mut self, slot: u32) -> Option<&mut T> {
        if cfg!(debug_assertions) && !self.is_live(slot) {
            return None;
        }
        self.chunks.get_mut(slot as usize / CHUNK).map(|chunk| &mut chunk[slot as usize % CHUNK])
    }

    /// Number of objects.
    pub fn count(&self) -> usize {
        self.next as usize - self.free.len()
    }

    /// Bytes of the slot itself.
    pub const SLOT_BYTES: usize = size_of::<T>();

    /// Frees every object without a mark. Gives the number of objects and of bytes freed.
    pub fn sweep(&mut self, marks: &Bits) -> (usize, usize) {
        let (mut objects, mut bytes) = (0, 0);
        // From the top, so that the lowest free slot is the next to be taken: the heap stays dense.
        for index in (0..self.live.len()).rev() {
            let live = self.live[index];
            let mut dead = live & !marks.words.get(index).copied().unwrap_or(0);
            if dead == 0 {
                continue;
            }
            self.live[index] = live & !dead;
            while dead != 0 {
                let bit = 63 - dead.leading_zeros();
                dead &= !(1 << bit);
                let slot = (index as u32) << 6 | bit;
                if let Some(chunk) = self.chunks.get_mut(slot as usize / CHUNK) {
                    let object = std::mem::take(&mut chunk[slot as usize % CHUNK]);
                    bytes += Self::SLOT_BYTES + object.extra_bytes();
                    objects += 1;
                }
                self.free.push(slot);
            }
        }
        (objects, bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    impl Object for u64 {
        fn extra_bytes(&self) -> usize {
            0
        }
    }

    #[test]
    fn sweeping_frees_exactly_what_is_not_marked_and_slots_are_reused_from_the_bottom() {
        let mut slab = Slab::default();
        let slots: Vec<u32> = (0..1000u64).map(|n| slab.insert(n)).collect();
        let mut marks = Bits::default();
        for &slot in slots.iter().filter(|slot| *slot % 3 == 0) {
            assert!(marks.set(slot));
            assert!(!marks.set(slot));
        }
        assert_eq!(slab.sweep(&marks), (666, 666 * 8));
        assert_eq!(slab.count(), 334);
        assert_eq!(slab.get(999), Some(&999));
        assert_eq!(slab.insert(7), 1);
        assert_eq!(slab.insert(7), 2);
        assert_eq!(slab.insert(7), 4);
        assert_eq!(slab.count(), 337);
        assert_eq!(slab.get(5000), None);
    }
}
