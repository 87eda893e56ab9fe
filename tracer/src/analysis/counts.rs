//! A distribution for many: one of these is small, so that every object and every place can have its own.
//!
//! Durations are counted in the same steps as those of [`Distribution`], but only the steps that occur are kept.

use crate::profile::Distribution;

/// Durations in nanoseconds, to be made a [`Distribution`] of.
#[derive(Clone, Debug)]
pub(super) struct Counts {
    /// Steps and how many durations fell on each, sorted by step.
    steps: Vec<(u16, u32)>,
    count: u64,
    total: u64,
    min: u64,
    max: u64,
}

impl Default for Counts {
    fn default() -> Self {
        Self { steps: Vec::new(), count: 0, total: 0, min: u64::MAX, max: 0 }
    }
}

/// The step of a duration: exact below 256, then its eight leading bits and how far they are shifted.
fn step(ns: u64) -> u16 {
    let shift = (64 - 8u32).saturating_sub(ns.leading_zeros());
    (shift << 8) as u16 | (ns >> shift) as u16
}

/// The shortest duration of a step.
fn value(step: u16) -> u64 {
    u64::from(step & 255) << (step >> 8)
}

impl Counts {
    /// Adds a duration.
    pub fn record(&mut self, ns: u64) {
        self.add_step(step(ns), 1);
        self.count += 1;
        self.total = self.total.saturating_add(ns);
        self.min = self.min.min(ns);
        self.max = self.max.max(ns);
    }

    fn add_step(&mut self, step: u16, count: u32) {
        match self.steps.binary_search_by_key(&step, |entry| entry.0) {
            Ok(found) => self.steps[found].1 = self.steps[found].1.saturating_add(count),
            Err(place) => self.steps.insert(place, (step, count)),
        }
    }

    /// Adds all of another.
    pub fn add(&mut self, other: &Counts) {
        other.steps.iter().for_each(|&(step, count)| self.add_step(step, count));
        self.count += other.count;
        self.total = self.total.saturating_add(other.total);
        self.min = self.min.min(other.min);
        self.max = self.max.max(other.max);
    }

    /// How many.
    pub fn count(&self) -> u64 {
        self.count
    }

    /// Their sum.
    pub fn total(&self) -> u64 {
        self.total
    }

    /// The duration that half of them are not longer than, roughly; 0 where there is none.
    pub fn median(&self) -> u64 {
        let mut before = 0;
        for &(step, count) in &self.steps {
            before += u64::from(count);
            if before * 2 >= self.count {
                return value(step);
            }
        }
        0
    }

    /// The same as a distribution.
    pub fn distribution(&self) -> Distribution {
        let counts = self.steps.iter().map(|&(step, count)| (value(step), u64::from(count)));
        Distribution::of_counts(counts, self.total, self.min, self.max)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn it_becomes_the_distribution_that_counted_the_same(durations in prop::collection::vec(any::<u64>().prop_flat_map(|n| (0u32..64).prop_map(move |shift| n >> shift)), 0..200)) {
            let (mut counts, mut expected) = (Counts::default(), Distribution::new());
            for &ns in &durations {
                counts.record(ns);
                expected.record(ns);
            }
            let mut twice = counts.clone();
            twice.add(&counts);
            prop_assert_eq!(counts.distribution(), expected);
            prop_assert_eq!(twice.distribution().count(), 2 * durations.len() as u64);
        }
    }
}
