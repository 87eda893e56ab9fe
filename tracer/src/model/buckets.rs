//! Counts over the whole run in bounded memory: buckets of time that double in width when there are too many.
//!
//! A bucket keeps the sum of everything up to its end and not only its own share, so that what happened between two clocks is
//! a difference of two look-ups, and merging two neighbours keeps the later one. Inside a bucket things are taken to have
//! happened evenly: a query is exact at the edges of buckets and off by at most one bucket's content elsewhere.

use crate::archive::codec::{Reader, Writer};

/// Buckets at most; from a quarter of a minute on (2¹³ buckets) one is about 2 ms wide, from half an hour on a quarter of a second.
const MOST: u64 = 8192;

/// The width of the first buckets is 2 to the power of this: a run of a few microseconds of virtual time has a history too.
const NARROWEST: u32 = 6;

/// `N` counts over time.
#[derive(Clone, Debug)]
pub struct Buckets<const N: usize> {
    /// A bucket is this power of two of ticks wide.
    shift: u32,
    /// Number of the first bucket: its first clock divided by the width.
    first: u64,
    /// What there was up to the end of each bucket.
    sums: Vec<[u64; N]>,
    /// The first clock that was counted at, and the newest.
    begin: u64,
    end: u64,
}

impl<const N: usize> Default for Buckets<N> {
    fn default() -> Self {
        Self { shift: NARROWEST, first: 0, sums: Vec::new(), begin: 0, end: 0 }
    }
}

impl<const N: usize> Buckets<N> {
    /// Counts at a clock. Clocks never go back; one that does counts at the newest instead.
    #[inline]
    pub fn add(&mut self, clock: u64, column: usize, count: u64) {
        if clock >> self.shift != self.newest() || self.sums.is_empty() {
            self.advance(clock);
        }
        self.end = self.end.max(clock);
        if let Some(sum) = self.sums.last_mut().and_then(|sums| sums.get_mut(column)) {
            *sum = sum.wrapping_add(count);
        }
    }

    /// Counts evenly from one clock to another, which is not after the newest.
    pub fn spread(&mut self, from: u64, to: u64, column: usize, count: u64) {
        self.add(to, column, 0);
        let from = from.max(self.begin).min(to);
        let index = (from >> self.shift).saturating_sub(self.first) as usize;
        let (first, shift) = (self.first, self.shift);
        for (sums, bucket) in self.sums.iter_mut().skip(index).zip(first + index as u64..) {
            let end = ((bucket + 1) << shift).min(to.max(from + 1));
            let part = u128::from(count) * u128::from(end - from) / u128::from(to.max(from + 1) - from);
            if let Some(sum) = sums.get_mut(column) {
                *sum = sum.wrapping_add(part as u64);
            }
        }
    }

    /// Number of the newest bucket.
    #[inline]
    fn newest(&self) -> u64 {
        self.first + (self.sums.len() as u64).saturating_sub(1)
    }

    #[cold]
    fn advance(&mut self, clock: u64) {
        if self.sums.is_empty() {
            self.first = clock >> self.shift;
            self.begin = clock;
            self.sums.push([0; N]);
            return;
        }
        while (clock >> self.shift) >= self.first + MOST {
            self.double();
        }
        let needed = (clock >> self.shift).saturating_sub(self.first) as usize + 1;
        if needed > self.sums.len() {
            let last = self.sums.last().copied().unwrap_or([0; N]);
            self.sums.resize(needed, last);
        }
    }

    /// Makes every bucket twice as wide.
    fn double(&mut self) {
        let (first, count) = (self.first, self.sums.len() as u64);
        let mut kept = 0;
        for index in 0..count {
            // The second of a pair has the sum of both; the very last may be the first of its pair.
            if (first + index) % 2 == 1 || index + 1 == count {
                self.sums[kept] = self.sums[index as usize];
                kept += 1;
            }
        }
        self.sums.truncate(kept);
        self.first = first / 2;
        self.shift += 1;
    }

    /// Everything so far.
    pub fn total(&self) -> [u64; N] {
        self.sums.last().copied().unwrap_or([0; N])
    }

    /// The newest clock that was counted at.
    pub fn end(&self) -> u64 {
        self.end
    }

    /// How many ticks a bucket is wide.
    pub fn width(&self) -> u64 {
        1 << self.shift
    }

    /// How many buckets there are: bounded, however long the run.
    pub fn len(&self) -> usize {
        self.sums.len()
    }

    /// Whether nothing was counted.
    pub fn is_empty(&self) -> bool {
        self.sums.is_empty()
    }

    /// What there was before a clock.
    pub fn before(&self, clock: u64) -> [f64; N] {
        let mut out = [0.0; N];
        let Some(index) = (clock >> self.shift).checked_sub(self.first) else { return out };
        let at = |index: u64| self.sums.get(index as usize).or(self.sums.last()).copied().unwrap_or([0; N]);
        let after = at(index);
        let before = index.checked_sub(1).map_or([0; N], at);
        // The first bucket begins late, and the newest is not over: what is in them lies between the first clock and the newest.
        let start = ((self.first + index) << self.shift).max(self.begin);
        let end = ((self.first + index + 1) << self.shift).min(self.end + 1);
        let length = end.saturating_sub(start).max(1);
        let part = (clock.saturating_sub(start) as f64 / length as f64).min(1.0);
        for (out, (before, after)) in out.iter_mut().zip(before.into_iter().zip(after)) {
            *out = before as f64 + after.saturating_sub(before) as f64 * part;
        }
        out
    }

    pub(crate) fn write(&self, to: &mut Writer) {
        to.number(self.shift);
        to.number(self.first);
        to.number(self.begin);
        to.number(self.end);
        to.length(self.sums.len());
        for column in 0..N {
            let mut before = 0;
            for sums in &self.sums {
                let sum = sums.get(column).copied().unwrap_or(0);
                to.near(sum, before);
                before = sum;
            }
        }
    }

    pub(crate) fn read(from: &mut Reader) -> Option<Self> {
        let shift = from.word().filter(|&shift| shift < 64)?;
        let (first, begin, end) = (from.number()?, from.number()?, from.number()?);
        let length = from.length(N)?;
        // A later bucket would begin after all clocks that are believed.
        if length as u64 > MOST || first > 1 << 57 >> shift {
            return None;
        }
        let mut sums = vec![[0; N]; length];
        for column in 0..N {
            let mut before = 0;
            for sums in &mut sums {
                before = from.near(before)?;
                if let Some(sum) = sums.get_mut(column) {
                    *sum = before;
                }
            }
        }
        Some(Self { shift, first, sums, begin: begin.min(1 << 57), end: end.min(1 << 57) })
    }

    /// What happened from one clock on and before another.
    pub fn between(&self, from: u64, to: u64) -> [f64; N] {
        let mut out = self.before(to);
        for (out, before) in out.iter_mut().zip(self.before(from)) {
            *out = (*out - before).max(0.0);
        }
        out
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_between_edges_is_exact_however_often_the_width_doubled() {
        let mut buckets = Buckets::<2>::default();
        let start = 12_345 << 6;
        for tick in 0..3_000_000u64 {
            buckets.add(start + tick, (tick % 3 == 0) as usize, 1);
        }
        assert!(buckets.len() as u64 <= MOST && buckets.width() > 64);
        let width = buckets.width();
        let edge = start.next_multiple_of(width) + 100 * width;
        let thirds = |from: u64, to: u64| (from - start..to - start).filter(|tick| tick % 3 == 0).count() as f64;
        let span = 57 * width;
        assert_eq!(buckets.between(edge, edge + span)[1], thirds(edge, edge + span));
        let sum: f64 = buckets.between(edge, edge + span).iter().sum();
        assert_eq!(sum, span as f64);
        assert_eq!(buckets.total(), [2_000_000, 1_000_000]);
        assert_eq!(buckets.before(u64::MAX), [2_000_000.0, 1_000_000.0]);
        assert_eq!(buckets.before(start), [0.0, 0.0]);
    }

    #[test]
    fn what_is_spread_lies_evenly_between_its_ends() {
        let mut buckets = Buckets::<2>::default();
        buckets.add(0, 1, 1);
        buckets.add(10_000, 1, 1);
        buckets.spread(2_000, 10_000, 0, 8_000);
        for (clock, sum) in [(0, 0.0), (2_000, 0.0), (4_000, 2_000.0), (9_000, 7_000.0), (10_001, 8_000.0)] {
            assert!((buckets.before(clock)[0] - sum).abs() < 64.0, "{clock}: {:?}", buckets.before(clock));
        }
        // Of no length: at that clock.
        buckets.spread(10_000, 10_000, 0, 5);
        buckets.spread(20_000, 20_000, 0, 5);
        assert_eq!((buckets.total(), buckets.before(15_000)[0].round()), ([8_010, 2], 8_005.0));
    }

    #[test]
    fn a_jump_to_the_end_of_time_costs_no_memory() {
        let mut buckets = Buckets::<1>::default();
        buckets.add(5, 0, 7);
        buckets.add(1 << 56, 0, 1);
        buckets.add(3, 0, 1);
        assert!(buckets.len() as u64 <= MOST);
        assert_eq!(buckets.total(), [9]);
        assert_eq!(buckets.between(buckets.width(), 1 << 55), [0.0]);
        assert_eq!(buckets.before(buckets.width()), [7.0]);
    }

    #[test]
    fn the_newest_bucket_ends_at_the_newest_clock() {
        let mut buckets = Buckets::<1>::default();
        (0..10).for_each(|clock| buckets.add(clock, 0, 1));
        assert_eq!((buckets.before(10), buckets.before(5), buckets.before(1000)), ([10.0], [5.0], [10.0]));
    }
}
