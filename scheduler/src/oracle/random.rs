//! Random schedules: any ready task may run next, any ready arm be taken, and slices have random lengths.
//!
//! Slice lengths are spread over powers of two, and how many powers is itself drawn once for each seed: some runs switch
//! after every operation, others let a task work for long. Bugs that need a switch at an exact place and bugs that need a
//! long lead are both found.

use super::Choice;

/// Slices of a run are below two to one of these powers. Short ones come first in practice: most races and deadlocks of
/// small programs need a switch between two neighbouring operations.
const POWERS: [u32; 8] = [1, 1, 2, 2, 3, 4, 8, 13];

/// Sebastiano Vigna's SplitMix64: one 64-bit word of state, good enough to choose among schedules.
#[derive(Clone, Debug)]
pub struct SplitMix(pub u64);

impl SplitMix {
    /// The next 64 random bits.
    #[inline]
    pub fn bits(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    /// A number below `n`; the bias of the multiplication is below 2^-32 and of no matter here.
    #[inline]
    pub fn below(&mut self, n: u32) -> u32 {
        (((self.bits() >> 32) * n as u64) >> 32) as u32
    }
}

/// Seeds with this bit have slices that are one tick shorter, so that a task may have to make room after a single operation: a slice of
/// one tick ends with the second. A search of schedules needs those; all other seeds stay what they are.
pub const SHORT: u64 = 1 << 63;

/// A random schedule.
#[derive(Clone, Debug)]
pub struct Random {
    numbers: SplitMix,
    powers: u32,
    shorter: u32,
}

impl Random {
    /// The schedule of this seed.
    pub fn new(seed: u64) -> Self {
        let mut numbers = SplitMix(seed);
        let powers = POWERS[numbers.below(POWERS.len() as u32) as usize];
        Self { numbers, powers, shorter: u32::from(seed & SHORT != 0) }
    }

    #[inline]
    pub(super) fn choose(&mut self, _kind: Choice, n: u32) -> u32 {
        self.numbers.below(n)
    }

    #[inline]
    pub(super) fn slice(&mut self) -> u32 {
        let bits = self.numbers.bits();
        let power = (bits >> 32) as u32 % self.powers;
        (1 << power) + (bits as u32 & ((1 << power) - 1)) - self.shorter
    }
}
