//! One bit for each slot of a slab: what a marking has reached.

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
        self.word((slot >> 6) as usize) >> (slot & 63) & 1 != 0
    }

    /// The bits of 64 slots.
    #[inline]
    pub fn word(&self, index: usize) -> u64 {
        self.words.get(index).copied().unwrap_or(0)
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
