//! A series of changes over time with summaries, so that any span of it is summed up without looking at every entry.
//!
//! There are two ways, by what the summaries can do. Where one can be taken from another (times), each [`FAN`]th entry
//! has the sum of all before it, and a span is a difference of two. Where it cannot (lowest and highest), the summaries
//! form a pyramid: level 0 summarises [`FAN`] entries, level 1 as many nodes of level 0, and so on. Old entries can be
//! cut off at the front, so a series may run for as long as the program does.

use std::collections::VecDeque;
use std::ops::Range;

/// Entries or nodes under one node.
const FAN: u64 = 32;

/// An entry of a series.
pub trait Entry {
    /// What a node keeps about many entries.
    type Summary: Default + Clone;

    /// Whether [`Entry::subtract`] works: sums are then kept from the beginning on and not as a pyramid.
    const SUBTRACTS: bool = false;

    /// Where it stands on the axis that the series is searched by.
    fn clock(&self) -> u64;

    /// Adds this entry, which held until `until`, to a summary.
    fn add_to(&self, until: u64, summary: &mut Self::Summary);

    /// Adds one summary to another.
    fn merge(from: &Self::Summary, into: &mut Self::Summary);

    /// Takes one summary from another. Sums wrap around here and in `merge`: one may be taken from a smaller one on the
    /// way, only the last difference has to make sense.
    fn subtract(_part: &Self::Summary, _from: &mut Self::Summary) {}
}

/// Entries in the order of their clocks.
#[derive(Clone, Debug)]
pub struct Series<E: Entry> {
    entries: VecDeque<E>,
    /// Absolute index of the first entry kept.
    first: u64,
    levels: Vec<Level<E::Summary>>,
}

#[derive(Clone, Debug)]
struct Level<S> {
    nodes: VecDeque<S>,
    first: u64,
}

impl<S> Level<S> {
    /// Index after its last node.
    fn end(&self) -> u64 {
        self.first + self.nodes.len() as u64
    }
}

impl<E: Entry> Default for Series<E> {
    fn default() -> Self {
        Self { entries: VecDeque::new(), first: 0, levels: Vec::new() }
    }
}

impl<E: Entry> Series<E> {
    /// Absolute index after the newest entry. Indices stay what they are when old entries are cut off.
    pub fn end(&self) -> u64 {
        self.first + self.entries.len() as u64
    }

    /// How many entries are kept.
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// The same series with other entries, which are the newest of it.
    pub(crate) fn of(entries: impl IntoIterator<Item = E>) -> Self {
        let mut series = Self::default();
        entries.into_iter().for_each(|entry| series.push(entry));
        series.entries.shrink_to_fit();
        series
    }

    /// Absolute index of the oldest entry kept.
    pub fn first(&self) -> u64 {
        self.first
    }

    /// Whether nothing is kept.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// The entry of an absolute index.
    pub fn get(&self, index: u64) -> Option<&E> {
        self.entries.get(index.checked_sub(self.first)? as usize)
    }

    /// The newest entry.
    pub fn last(&self) -> Option<&E> {
        self.entries.back()
    }

    /// The newest entry, to be changed as long as no other follows.
    pub fn last_mut(&mut self) -> Option<&mut E> {
        self.entries.back_mut()
    }

    /// The entries kept, oldest first.
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = &E> {
        self.entries.iter()
    }

    /// The last entry at or before a clock.
    pub fn at(&self, clock: u64) -> Option<u64> {
        (self.after(clock)).checked_sub(1).filter(|&index| index >= self.first)
    }

    /// Absolute index of the first entry after a clock.
    pub fn after(&self, clock: u64) -> u64 {
        self.first + self.entries.partition_point(|entry| entry.clock() <= clock) as u64
    }

    /// Absolute index of the first entry that a condition does not hold for; it holds for all entries before that one.
    pub fn partition(&self, holds: impl FnMut(&E) -> bool) -> u64 {
        self.first + self.entries.partition_point(holds) as u64
    }

    /// Adds an entry; clocks never go back.
    pub fn push(&mut self, entry: E) {
        // With this entry the one before it is complete: its end is known. A node is made when its last entry is.
        let complete = self.end();
        let now = entry.clock();
        self.entries.push_back(entry);
        if complete.is_multiple_of(FAN) && complete > 0 && complete >= self.first + FAN {
            let index = complete / FAN - 1;
            let mut summary = E::Summary::default();
            if E::SUBTRACTS
                && let Some(level) = self.levels.first()
                && level.end() == index
                && let Some(before) = level.nodes.back()
            {
                summary = before.clone();
            }
            self.sum_entries(complete - FAN..complete, now, &mut summary);
            self.push_node(0, index, summary);
        }
    }

    fn push_node(&mut self, level: usize, index: u64, summary: E::Summary) {
        if self.levels.len() == level {
            self.levels.push(Level { nodes: VecDeque::new(), first: index });
        }
        let nodes = &mut self.levels[level];
        if nodes.end() != index {
            // Entries were cut off faster than nodes were completed.
            nodes.nodes.clear();
            nodes.first = index;
        }
        nodes.nodes.push_back(summary);
        let end = nodes.end();
        if !E::SUBTRACTS && end.is_multiple_of(FAN) && end >= nodes.first + FAN {
            let mut above = E::Summary::default();
            let skip = nodes.nodes.len() - FAN as usize;
            nodes.nodes.iter().skip(skip).for_each(|node| E::merge(node, &mut above));
            self.push_node(level + 1, end / FAN - 1, above);
        }
    }

    /// Sums entries up one by one; the last one held until `until`.
    fn sum_entries(&self, range: Range<u64>, until: u64, summary: &mut E::Summary) {
        for index in range {
            if let Some(entry) = self.get(index) {
                let end = self.get(index + 1).map_or(until, |next| next.clock());
                entry.add_to(end, summary);
            }
        }
    }

    /// Sums up whole entries of a range of absolute indices; the newest entry of all counts until `now`.
    pub fn sum(&self, range: Range<u64>, now: u64, summary: &mut E::Summary) {
        let mut at = range.start.max(self.first);
        let end = range.end.min(self.end());
        if E::SUBTRACTS {
            if at < end {
                let mut whole = self.before(end, now);
                E::subtract(&self.before(at, now), &mut whole);
                E::merge(&whole, summary);
            }
            return;
        }
        while at < end {
            // The largest node that starts here and fits.
            let mut best = None;
            let mut span = FAN;
            for level in &self.levels {
                if !at.is_multiple_of(span) || at + span > end {
                    break;
                }
                let index = at / span;
                match index.checked_sub(level.first).and_then(|index| level.nodes.get(index as usize)) {
                    Some(node) => best = Some((node, span)),
                    None => break,
                }
                span *= FAN;
            }
            match best {
                Some((node, span)) => {
                    E::merge(node, summary);
                    at += span;
                }
                None => {
                    self.sum_entries(at..at + 1, now, summary);
                    at += 1;
                }
            }
        }
    }

    /// The sum of all entries before an absolute index, from some fixed but unknown beginning on: differences of two such
    /// sums are what counts. Only for summaries that can be subtracted.
    pub fn before(&self, index: u64, now: u64) -> E::Summary {
        let mut sum = E::Summary::default();
        let Some(level) = self.levels.first().filter(|level| !level.nodes.is_empty()) else {
            self.sum_entries(self.first..index, now, &mut sum);
            return sum;
        };
        // The last node that ends at or before the index; what lies between is added, or for the first one taken off.
        let node = (index / FAN).saturating_sub(1).clamp(level.first, level.end() - 1);
        let from = (node + 1) * FAN;
        if let Some(cumulative) = level.nodes.get((node - level.first) as usize) {
            sum = cumulative.clone();
        }
        if from <= index {
            self.sum_entries(from..index, now, &mut sum);
        } else {
            let mut over = E::Summary::default();
            self.sum_entries(index..from, now, &mut over);
            E::subtract(&over, &mut sum);
        }
        sum
    }

    /// Cuts off entries that were over before a clock.
    pub fn trim(&mut self, clock: u64) {
        while self.entries.len() > 1 && self.entries[1].clock() <= clock {
            self.entries.pop_front();
            self.first += 1;
        }
        let mut span = FAN;
        for level in &mut self.levels {
            while !level.nodes.is_empty() && (level.first + 1) * span <= self.first {
                level.nodes.pop_front();
                level.first += 1;
            }
            span = span.saturating_mul(FAN);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Clone, Debug)]
    struct Step(u64, u64);

    impl Entry for Step {
        type Summary = (u64, u64);
        fn clock(&self) -> u64 {
            self.0
        }
        fn add_to(&self, until: u64, summary: &mut (u64, u64)) {
            summary.0 += until - self.0;
            summary.1 = summary.1.max(self.1);
        }
        fn merge(from: &(u64, u64), into: &mut (u64, u64)) {
            into.0 += from.0;
            into.1 = into.1.max(from.1);
        }
    }

    #[derive(Clone, Debug)]
    struct Tick(u64, u64);

    impl Entry for Tick {
        type Summary = u64;
        const SUBTRACTS: bool = true;
        fn clock(&self) -> u64 {
            self.0
        }
        fn add_to(&self, until: u64, summary: &mut u64) {
            *summary = summary.wrapping_add((until - self.0) * self.1);
        }
        fn merge(from: &u64, into: &mut u64) {
            *into = into.wrapping_add(*from);
        }
        fn subtract(part: &u64, from: &mut u64) {
            *from = from.wrapping_sub(*part);
        }
    }

    #[test]
    fn differences_of_sums_equal_sums_wherever_the_front_was_cut_off() {
        let mut series = Series::default();
        for i in 0..5000u64 {
            series.push(Tick(i * 2, i % 13));
            if i == 1500 || i == 1510 || i == 4000 {
                series.trim(i * 2 - 1000);
            }
            if i % 97 == 0 {
                for (from, to) in [(0, i + 1), (i / 2, i), (i.saturating_sub(40), i + 1), (3500, 3600)] {
                    let (mut fast, mut slow) = (0, 0);
                    series.sum(from..to, i * 2 + 1, &mut fast);
                    series.sum_entries(from.max(series.first())..to.min(series.end()), i * 2 + 1, &mut slow);
                    assert_eq!(fast, slow, "{from}..{to} at {i}");
                }
            }
        }
        // Everything but the newest entry is cut off, in the middle of a node.
        series.trim(u64::MAX);
        (5000..5200).for_each(|i| series.push(Tick(i * 2, i % 13)));
        let (mut fast, mut slow) = (0, 0);
        series.sum(5001..5199, 20_000, &mut fast);
        series.sum_entries(5001..5199, 20_000, &mut slow);
        assert_eq!(fast, slow);
    }

    #[test]
    fn a_sum_over_nodes_equals_the_sum_over_entries() {
        let mut series = Series::default();
        for i in 0..40_000u64 {
            series.push(Step(i * 3, i * 7919 % 10_007));
        }
        for (from, to) in [(0, 40_000), (1, 39_999), (31, 65), (1024, 2048), (999, 33_333), (5, 5)] {
            let mut fast = (0, 0);
            series.sum(from..to, 200_000, &mut fast);
            let mut slow = (0, 0);
            series.sum_entries(from..to, 200_000, &mut slow);
            assert_eq!(fast, slow, "{from}..{to}");
        }
    }

    #[test]
    fn what_is_cut_off_in_front_changes_nothing_behind() {
        let mut whole = Series::default();
        let mut cut = Series::default();
        for i in 0..10_000u64 {
            whole.push(Step(i, i % 101));
            cut.push(Step(i, i % 101));
            if i % 1000 == 777 {
                cut.trim(i - 500);
            }
        }
        assert_eq!(cut.first(), 9777 - 500);
        let (mut a, mut b) = ((0, 0), (0, 0));
        whole.sum(9300..9990, 10_000, &mut a);
        cut.sum(9300..9990, 10_000, &mut b);
        assert_eq!(a, b);
        assert_eq!(cut.at(9500), whole.at(9500));
    }
}
