//! The reference schedule: the task that became ready first runs first, until it blocks; the first ready arm in source
//! order is taken. Slices end all the same, so that the host can look at its stop flags.

use super::{Choice, SplitMix};

/// First in, first out.
#[derive(Clone, Debug)]
pub struct Fifo {
    pub(super) slice: u32,
    pub(super) preempts: bool,
    guest: SplitMix,
}

/// Ticks between two looks at the host's flags: about a millisecond.
const REFERENCE_SLICE: u32 = 1 << 18;

/// Ticks of a fair slice: long enough that a switch costs nothing beside it, short enough for a screen.
const FAIR_SLICE: u32 = 1 << 16;

impl Fifo {
    /// Seed 0: never preempts.
    pub fn reference() -> Self {
        Self { slice: REFERENCE_SLICE, preempts: false, guest: SplitMix(0) }
    }

    /// Round robin.
    pub fn fair() -> Self {
        Self { slice: FAIR_SLICE, preempts: true, guest: SplitMix(0) }
    }

    #[inline]
    pub(super) fn choose(&mut self, kind: Choice, n: u32) -> u32 {
        match kind {
            Choice::Task | Choice::Arm => 0,
            Choice::Guest => self.guest.below(n),
        }
    }
}
