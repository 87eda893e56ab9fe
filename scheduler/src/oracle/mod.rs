//! The oracle: every choice of a run comes from here, through [`Oracle::choose`]. Program, input and oracle determine the
//! event stream.
//!
//! A strategy is one file. To add one (PCT, depth-first): write a type with `choose` and `slice`, add it to the
//! enum and to its matches. A schedule that is followed or made by hand is one, too: [`Script`]. The enum, not a trait object, keeps the reference strategy free on the fast path.

mod fifo;
mod random;

use crate::schedule::Script;

pub use fifo::Fifo;
pub use random::{Random, SHORT, SplitMix};

/// What a choice is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Choice {
    /// Which of the ready tasks runs next, in the order in which they became ready.
    Task,
    /// Which of the ready arms of a select is taken, in source order.
    Arm,
    /// A random number asked for by the guest.
    Guest,
}

/// A strategy.
#[derive(Clone, Debug)]
pub enum Oracle {
    /// The reference schedule.
    Fifo(Fifo),
    /// A random schedule.
    Random(Random),
    /// A schedule that was written down or is made by hand.
    Scripted(Box<Script>),
}

impl Oracle {
    /// The schedule of a seed: 0 is the reference schedule, any other a random one.
    pub fn seed(seed: u64) -> Self {
        if seed == 0 { Oracle::Fifo(Fifo::reference()) } else { Oracle::Random(Random::new(seed)) }
    }

    /// The schedule of runs in real time without a seed: first in, first out, with fair slices.
    pub fn fair() -> Self {
        Oracle::Fifo(Fifo::fair())
    }

    /// Chooses one of `n` (at least 1) possibilities, a number below `n`.
    #[inline]
    pub fn choose(&mut self, kind: Choice, n: u32) -> u32 {
        match self {
            Oracle::Fifo(fifo) => fifo.choose(kind, n),
            Oracle::Random(random) => random.choose(kind, n),
            Oracle::Scripted(script) => script.choose(kind, n),
        }
    }

    /// Whether the first of several ready arms is always taken, so that the others need not be looked at.
    #[inline]
    pub fn takes_first_arm(&self) -> bool {
        matches!(self, Oracle::Fifo(_))
    }

    /// Length of the next slice, in ticks: it ends with the operation that passes it.
    #[inline]
    pub fn slice(&mut self) -> u32 {
        match self {
            Oracle::Fifo(fifo) => fifo.slice,
            Oracle::Random(random) => random.slice(),
            Oracle::Scripted(script) => script.next_slice(),
        }
    }

    /// Whether a task whose slice is used up makes room for others.
    #[inline]
    pub fn preempts(&self) -> bool {
        match self {
            Oracle::Fifo(fifo) => fifo.preempts,
            Oracle::Random(_) => true,
            Oracle::Scripted(script) => script.base().preempts(),
        }
    }
}
