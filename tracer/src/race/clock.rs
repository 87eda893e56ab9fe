//! Vector clocks: how much of each task's work is known to have happened before.
//!
//! A clock has entries for those tasks only that it knows of, in order of their numbers. Programs start tasks by the
//! hundred thousand, of which few ever meet: an array with a place for every task would grow with the square of them.

/// For each task that is known of: how many of its segments (the work between two synchronisations) happened before.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Clock(Vec<(u32, u32)>);

impl Clock {
    /// How many segments of a task are known; 0 for a task that is not.
    #[inline]
    pub fn get(&self, task: u32) -> u32 {
        match self.find(task) {
            Ok(at) => self.0[at].1,
            Err(_) => 0,
        }
    }

    /// Knows so many segments of a task, if it did not know more.
    pub fn raise(&mut self, task: u32, count: u32) {
        match self.find(task) {
            Ok(at) => self.0[at].1 = self.0[at].1.max(count),
            Err(at) => self.0.insert(at, (task, count)),
        }
    }

    /// Knows what the other knows, too.
    pub fn join(&mut self, other: &Clock) {
        if self.0.is_empty() {
            self.0.extend_from_slice(&other.0);
            return;
        }
        if other.0.len() * 8 < self.0.len() {
            other.0.iter().for_each(|&(task, count)| self.raise(task, count));
            return;
        }
        let (mut at, mut missing) = (0, 0);
        for &(task, count) in &other.0 {
            while self.0.get(at).is_some_and(|entry| entry.0 < task) {
                at += 1;
            }
            match self.0.get_mut(at) {
                Some(entry) if entry.0 == task => entry.1 = entry.1.max(count),
                _ => missing += 1,
            }
        }
        if missing > 0 {
            self.merge(other, missing);
        }
    }

    /// Puts in what is missing, from the end on so that nothing is overwritten before it was moved.
    fn merge(&mut self, other: &Clock, missing: usize) {
        let (mut mine, mut theirs) = (self.0.len(), other.0.len());
        let mut to = mine + missing;
        self.0.resize(to, (0, 0));
        while theirs > 0 && to > mine {
            let entry = other.0[theirs - 1];
            if mine > 0 && self.0[mine - 1].0 >= entry.0 {
                theirs -= usize::from(self.0[mine - 1].0 == entry.0);
                mine -= 1;
                to -= 1;
                self.0[to] = self.0[mine];
            } else {
                theirs -= 1;
                to -= 1;
                self.0[to] = entry;
            }
        }
    }

    /// Takes over another clock, in the room that it has.
    pub fn copy(&mut self, other: &Clock) {
        self.0.clear();
        self.0.extend_from_slice(&other.0);
    }

    /// Knows nothing any more.
    pub fn clear(&mut self) {
        self.0.clear();
    }

    /// Tasks that it knows of.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether it knows of nobody.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Forgets tasks.
    pub fn retain(&mut self, keep: impl Fn(u32) -> bool) {
        self.0.retain(|entry| keep(entry.0));
    }

    #[inline]
    fn find(&self, task: u32) -> Result<usize, usize> {
        // Most clocks are short.
        if self.0.len() <= 8 {
            let at = self.0.iter().position(|entry| entry.0 >= task).unwrap_or(self.0.len());
            return if self.0.get(at).is_some_and(|entry| entry.0 == task) { Ok(at) } else { Err(at) };
        }
        self.0.binary_search_by_key(&task, |entry| entry.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::BTreeMap;

    fn clock(entries: &BTreeMap<u32, u32>) -> Clock {
        let mut clock = Clock::default();
        entries.iter().for_each(|(&task, &count)| clock.raise(task, count));
        clock
    }

    proptest! {
        #[test]
        fn joining_is_the_maximum_of_every_entry(
            a in prop::collection::btree_map(0u32..40, 1u32..9, 0..40),
            b in prop::collection::btree_map(0u32..40, 1u32..9, 0..40),
        ) {
            let mut joined = clock(&a);
            joined.join(&clock(&b));
            let mut wanted = a;
            for (task, count) in b {
                let entry = wanted.entry(task).or_default();
                *entry = (*entry).max(count);
            }
            prop_assert_eq!(joined.len(), wanted.len());
            prop_assert_eq!(&joined, &clock(&wanted));
            for task in 0..41 {
                prop_assert_eq!(joined.get(task), wanted.get(&task).copied().unwrap_or(0));
            }
        }
    }
}
