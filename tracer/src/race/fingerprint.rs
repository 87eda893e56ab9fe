//! A number for what happened in a run, apart from the order of what is independent: two schedules get the same number exactly
//! where they are the same Mazurkiewicz trace (but for collisions of 64-bit hashes).
//!
//! Each step of a task gets a hash of its place in the program, of the task's step before it, and of the steps of others that it
//! depends on: the last ones on the same object or memory that do not commute with it. So the hash of a step stands for its whole
//! past, and a run is the sum of the hashes of all tasks' last steps, in whatever order they came. Nothing in it is a number that a
//! schedule gave out (a task's, an object's, a slot): what a task works on is determined by its past.
//!
//! What commutes: everything on different objects; sends with receives of a channel that neither is waiting for; reads of one place;
//! failed attempts (`try_lock`, `try_recv`) among each other; readers of a lock; `done` of a wait group with `done`; arrivals at a barrier.

/// Mixes a number into a hash.
#[inline(always)]
pub fn mix(hash: u64, with: u64) -> u64 {
    let mut z = (hash ^ with).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    z ^= z >> 32;
    z = z.wrapping_mul(0xD6E8_FEB8_6659_FD93);
    z ^ (z >> 29)
}

/// A step of a task at a site: `what` tells operations at one site apart.
#[inline(always)]
pub fn step(task: u64, site: u32, what: u8) -> u64 {
    mix(task, u64::from(site) << 8 | u64::from(what) | 1 << 63)
}

/// Steps on one object, of two kinds. Those of the first are ordered among each other where [`Steps::chain`] says so.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Steps {
    first: u64,
    second: u64,
}

impl Steps {
    /// Begins with what made the object.
    pub fn new(hash: u64) -> Self {
        Self { first: hash, second: 0 }
    }

    /// A step that commutes with none (a lock, a write).
    #[inline]
    pub fn chain(&mut self, step: u64) -> u64 {
        self.first = mix(mix(step, self.first), self.second);
        self.second = 0;
        self.first
    }

    /// A step that commutes with its like but not with those of [`Steps::chain`] (a read).
    #[inline]
    pub fn look(&mut self, step: u64) -> u64 {
        let hash = mix(step, self.first);
        self.second = self.second.wrapping_add(hash);
        hash
    }

    /// A step of the first of two kinds that commute each with its like, but not with each other (`done`).
    #[inline]
    pub fn give(&mut self, step: u64) -> u64 {
        let hash = mix(step, self.second);
        self.first = self.first.wrapping_add(hash);
        hash
    }

    /// A step of the second kind (`wait`).
    #[inline]
    pub fn take(&mut self, step: u64) -> u64 {
        let hash = mix(step, self.first);
        self.second = self.second.wrapping_add(hash);
        hash
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_commutes_gives_the_same_and_what_does_not_differs() {
        let (a, b) = (step(1, 10, 0), step(2, 20, 0));
        let ends = |run: &dyn Fn(&mut Steps) -> (u64, u64)| {
            let (x, y) = run(&mut Steps::new(7));
            x.wrapping_add(y)
        };
        let ab = |s: &mut Steps| (s.look(a), s.look(b));
        let ba = |s: &mut Steps| (s.look(b), s.look(a));
        assert_eq!(ends(&ab), ends(&ba));
        let ab = |s: &mut Steps| (s.give(a), s.give(b));
        let ba = |s: &mut Steps| (s.give(b), s.give(a));
        assert_eq!(ends(&ab), ends(&ba));
        let ab = |s: &mut Steps| (s.chain(a), s.chain(b));
        let ba = |s: &mut Steps| (s.chain(b), s.chain(a));
        assert_ne!(ends(&ab), ends(&ba));
        let read_first = |s: &mut Steps| (s.look(a), s.chain(b));
        let write_first = |s: &mut Steps| (s.chain(b), s.look(a));
        assert_ne!(ends(&read_first), ends(&write_first));
        let given_first = |s: &mut Steps| (s.give(a), s.take(b));
        let taken_first = |s: &mut Steps| (s.take(b), s.give(a));
        assert_ne!(ends(&given_first), ends(&taken_first));
    }
}
