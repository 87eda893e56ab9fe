//! What can be said of two small samples without assuming how they are distributed.
//!
//! Everything rests on ranks. [`mann_whitney`] is the exact test of whether one sample tends to be larger: the ways of dealing
//! the pooled ranks into two hands are counted, ties and all, so that five runs are as sound as fifty. [`ratio`] is its
//! estimate, the median of all pairwise ratios (Hodges and Lehmann, "Estimates of location based on rank tests", 1963, on
//! logarithms), with the interval that the same test gives. [`cliffs_delta`] says how far the samples lie apart. [`holm`] and
//! [`benjamini_hochberg`] account for asking about many numbers at once.

/// Samples larger than this together are tested by the normal approximation: it is then as good, and counting grows with
/// their fourth power.
const COUNTED: usize = 40;

/// The median; `None` of nothing. What is no number sorts last.
pub fn median(sample: &[f64]) -> Option<f64> {
    let sorted = sorted(sample);
    let middle = sorted.len() / 2;
    match sorted.len() {
        0 => None,
        n if n % 2 == 1 => sorted.get(middle).copied(),
        _ => Some(f64::midpoint(*sorted.get(middle - 1)?, *sorted.get(middle)?)),
    }
}

/// The number that a quarter of the sample, rounded down, lies below.
pub fn lower_quartile(sample: &[f64]) -> Option<f64> {
    sorted(sample).get(sample.len().saturating_sub(1) / 4).copied()
}

/// The number that a quarter of the sample, rounded down, lies above.
pub fn upper_quartile(sample: &[f64]) -> Option<f64> {
    let sorted = sorted(sample);
    let above = sorted.len().saturating_sub(1) / 4;
    sorted.len().checked_sub(1 + above).and_then(|at| sorted.get(at).copied())
}

fn sorted(sample: &[f64]) -> Vec<f64> {
    let mut sorted = sample.to_vec();
    sorted.sort_by(f64::total_cmp);
    sorted
}

/// How often a number of `new` is larger than one of `old`, less how often it is smaller, of all pairs: from -1 to 1.
pub fn cliffs_delta(old: &[f64], new: &[f64]) -> f64 {
    let pairs = (old.len() * new.len()).max(1);
    let sign = |(old, new): (&f64, &f64)| i64::from(new > old) - i64::from(new < old);
    let sum: i64 = old.iter().flat_map(|old| new.iter().map(move |new| (old, new))).map(sign).sum();
    sum as f64 / pairs as f64
}

/// How much of the chance, were the samples alike, lies at least as far out as what was seen: two-sided, from 0 to 1.
pub fn mann_whitney(old: &[f64], new: &[f64]) -> f64 {
    if old.is_empty() || new.is_empty() {
        return 1.0;
    }
    let ranks = doubled_ranks(old, new);
    let (all, seen) = (ranks.iter().sum::<usize>(), ranks.iter().take(old.len()).sum::<usize>());
    // Twice the sum of ranks that `old` gets on average.
    let expected = all as f64 * old.len() as f64 / ranks.len() as f64;
    let off = (seen as f64 - expected).abs();
    if ranks.len() > COUNTED {
        return normal(&ranks, old.len(), off);
    }
    let ways = ways(&ranks, old.len());
    let total: f64 = ways.iter().sum();
    let beyond = ways.iter().enumerate().filter(|(sum, _)| (*sum as f64 - expected).abs() >= off - 1e-9);
    (beyond.map(|(_, ways)| ways).sum::<f64>() / total).min(1.0)
}

/// The smallest that [`mann_whitney`] can be for samples of these sizes in which no two numbers are equal.
pub fn smallest_p(old: usize, new: usize) -> f64 {
    // One over the number of ways to choose `old` of all, on both sides.
    let ways = (1..=old.min(new)).fold(1.0, |ways, i| ways * (old.max(new) + i) as f64 / i as f64);
    if old == 0 || new == 0 { 1.0 } else { (2.0 / ways).min(1.0) }
}

/// Twice the rank of each number among all, those of `old` first: equal numbers share the mean of their ranks, so that
/// doubled ranks are whole.
fn doubled_ranks(old: &[f64], new: &[f64]) -> Vec<usize> {
    let all: Vec<f64> = old.iter().chain(new).copied().collect();
    let rank = |x: &f64| {
        let below = all.iter().filter(|y| y.total_cmp(x).is_lt()).count();
        let equal = all.iter().filter(|y| y.total_cmp(x).is_eq()).count();
        2 * below + equal + 1
    };
    all.iter().map(rank).collect()
}

/// In how many ways `chosen` of the ranks have each sum.
fn ways(ranks: &[usize], chosen: usize) -> Vec<f64> {
    let most: usize = ranks.iter().sum();
    let mut ways = vec![vec![0.0; most + 1]; chosen + 1];
    if let Some(none) = ways.first_mut().and_then(|sums| sums.first_mut()) {
        *none = 1.0;
    }
    for &rank in ranks {
        // From the largest hand down, so that each rank is dealt once.
        for hand in (1..=chosen).rev() {
            let (smaller, larger) = ways.split_at_mut(hand);
            let (Some(from), Some(to)) = (smaller.last(), larger.first_mut()) else { continue };
            for (to, from) in to.iter_mut().skip(rank).zip(from) {
                *to += from;
            }
        }
    }
    ways.pop().unwrap_or_default()
}

/// The same by the normal distribution, with the correction for ties.
fn normal(ranks: &[usize], old: usize, off: f64) -> f64 {
    let (n, m) = (old as f64, (ranks.len() - old) as f64);
    let all = n + m;
    let mut sorted = ranks.to_vec();
    sorted.sort_unstable();
    let ties: f64 = sorted
        .chunk_by(|a, b| a == b)
        .map(|tied| {
            let t = tied.len() as f64;
            t * t * t - t
        })
        .sum();
    let variance = n * m / 12.0 * (all + 1.0 - ties / (all * (all - 1.0)));
    if variance <= 0.0 {
        return 1.0;
    }
    // `off` is doubled; half a rank is the correction for sums being whole.
    let z = ((off / 2.0 - 0.5).max(0.0)) / variance.sqrt();
    (2.0 * upper_tail(z)).min(1.0)
}

/// The chance that a normal number is at least this large (z from 0), to seven digits: Abramowitz and Stegun 26.2.17.
fn upper_tail(z: f64) -> f64 {
    let t = 1.0 / (1.0 + 0.231_641_9 * z);
    let series = [0.319_381_53, -0.356_563_782, 1.781_477_937, -1.821_255_978, 1.330_274_429];
    let sum = series.iter().rev().fold(0.0, |sum, c| (sum + c) * t);
    (sum * (-z * z / 2.0).exp() / (2.0 * std::f64::consts::PI).sqrt()).clamp(0.0, 0.5)
}

/// By what factor the new sample is larger, with an interval that holds the true one in at least this part of all cases
/// (0.95), or is all there can be where the samples are too small for that.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Ratio {
    /// The median of all pairwise ratios.
    pub estimate: f64,
    /// The interval's lower end.
    pub low: f64,
    /// The interval's upper end.
    pub high: f64,
}

/// How the numbers of two samples, none negative, stand to each other; see [`Ratio`]. From nothing to something is infinitely
/// more, from nothing to nothing is the same.
pub fn ratio(old: &[f64], new: &[f64], confidence: f64) -> Option<Ratio> {
    let one = |old: f64, new: f64| if old == new { 1.0 } else { new / old };
    let mut ratios: Vec<f64> = old.iter().flat_map(|&old| new.iter().map(move |&new| one(old, new))).collect();
    ratios.sort_by(f64::total_cmp);
    let estimate = median(&ratios)?;
    let beyond = pairs_beyond(old.len(), new.len(), (1.0 - confidence) / 2.0);
    let low = ratios.get(beyond).copied().unwrap_or(estimate);
    let high = ratios.len().checked_sub(1 + beyond).and_then(|at| ratios.get(at).copied()).unwrap_or(estimate);
    Some(Ratio { estimate, low: low.min(estimate), high: high.max(estimate) })
}

/// How many of the pairwise ratios on either side lie outside of an interval that leaves out `tail` on that side.
fn pairs_beyond(n: usize, m: usize, tail: f64) -> usize {
    if n + m > COUNTED {
        let (n, m) = (n as f64, m as f64);
        // The 97.5 % point of the normal distribution; other confidences are not asked for with so many runs.
        return (n * m / 2.0 - 1.96 * (n * m * (n + m + 1.0) / 12.0).sqrt()).max(0.0) as usize;
    }
    let ranks: Vec<usize> = (1..=n + m).collect();
    let ways = ways(&ranks, n);
    let (total, least) = (ways.iter().sum::<f64>(), n * (n + 1) / 2);
    let mut sum = 0.0;
    // The statistic counts the pairs that are the other way round. As many as have no more than the tail may be left out.
    for (pairs, ways) in ways.iter().skip(least).enumerate() {
        sum += ways;
        if sum / total > tail {
            return pairs.saturating_sub(1);
        }
    }
    0
}

/// What each p-value comes to when so many are looked at and none may be wrong: Holm's steps.
pub fn holm(ps: &[f64]) -> Vec<f64> {
    let mut least: f64 = 0.0;
    adjusted(ps, false, |rank, p| {
        least = least.max(p * (ps.len() - rank) as f64);
        least
    })
}

/// What each p-value comes to when a few of those that are called real may be wrong: Benjamini's and Hochberg's steps.
pub fn benjamini_hochberg(ps: &[f64]) -> Vec<f64> {
    let mut most: f64 = 1.0;
    adjusted(ps, true, |rank, p| {
        most = most.min(p * ps.len() as f64 / (rank + 1) as f64);
        most
    })
}

/// Goes through p-values by size, from the smallest on or from the largest, and puts what `step` says in their places.
fn adjusted(ps: &[f64], from_largest: bool, mut step: impl FnMut(usize, f64) -> f64) -> Vec<f64> {
    let mut order: Vec<(usize, f64)> = ps.iter().copied().enumerate().collect();
    order.sort_by(|a, b| a.1.total_cmp(&b.1));
    let mut ranked: Vec<(usize, (usize, f64))> = order.into_iter().enumerate().collect();
    if from_largest {
        ranked.reverse();
    }
    let mut out = vec![1.0; ps.len()];
    for (rank, (at, p)) in ranked {
        if let Some(out) = out.get_mut(at) {
            *out = step(rank, p).min(1.0);
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn close(a: f64, b: f64) {
        assert!((a - b).abs() < 1e-6, "{a} is not {b}");
    }

    #[test]
    fn medians_and_quartiles() {
        assert_eq!(median(&[]), None);
        assert_eq!(median(&[3.0, 1.0, 2.0]), Some(2.0));
        assert_eq!(median(&[4.0, 1.0, 2.0, 3.0]), Some(2.5));
        let ten: Vec<f64> = (1..=10).map(f64::from).collect();
        assert_eq!((lower_quartile(&ten), upper_quartile(&ten)), (Some(3.0), Some(8.0)));
        assert_eq!((lower_quartile(&[7.0]), upper_quartile(&[7.0])), (Some(7.0), Some(7.0)));
    }

    /// Of 20 ways to choose three of six, one has the smallest sum and one the largest: 2 in 20. With the second smallest sum,
    /// 1 + 2 + 4, it is 4 in 20.
    #[test]
    fn small_samples_are_counted() {
        close(mann_whitney(&[1.0, 2.0, 3.0], &[4.0, 5.0, 6.0]), 0.1);
        close(mann_whitney(&[4.0, 5.0, 6.0], &[1.0, 2.0, 3.0]), 0.1);
        close(mann_whitney(&[1.0, 2.0, 4.0], &[3.0, 5.0, 6.0]), 0.2);
        close(mann_whitney(&[1.0, 3.0], &[2.0, 4.0]), 4.0 / 6.0);
        close(mann_whitney(&[5.0; 5], &[5.0; 5]), 1.0);
        close(mann_whitney(&[1.0; 5], &[2.0; 5]), 2.0 / 252.0);
        close(mann_whitney(&[], &[1.0]), 1.0);
    }

    /// Ranks of {1, 2} and {2, 3}: 1, 2.5 and 2.5, 4. Of the six hands of two, 1 + 2.5 twice and 2.5 + 4 twice are as far out.
    #[test]
    fn ties_are_counted() {
        close(mann_whitney(&[1.0, 2.0], &[2.0, 3.0]), 4.0 / 6.0);
    }

    #[test]
    fn the_smallest_possible_p_is_that_of_samples_apart() {
        for n in 1..8 {
            for m in 1..8 {
                let low: Vec<f64> = (0..n).map(|i| i as f64).collect();
                let high: Vec<f64> = (0..m).map(|i| 100.0 + i as f64).collect();
                let seen = mann_whitney(&low, &high);
                close(smallest_p(n, m), seen);
            }
        }
        assert!(smallest_p(4, 4) > 0.01 && smallest_p(5, 5) < 0.01);
        close(smallest_p(0, 5), 1.0);
    }

    /// For 31 and 31 apart: z = (961/2 - 0.5) / sqrt(961 * 63 / 12) = 6.7577.
    #[test]
    fn large_samples_are_approximated() {
        let (low, high): (Vec<f64>, Vec<f64>) = ((0..31).map(f64::from).collect(), (100..131).map(f64::from).collect());
        let p = mann_whitney(&low, &high);
        assert!(p > 1e-12 && p < 1e-10, "{p}");
        close(upper_tail(0.0), 0.5);
        close(upper_tail(1.96), 0.024_997_9);
        close(mann_whitney(&[1.0; 40], &[1.0; 40]), 1.0);
        // Just above and just below the bound they agree.
        let counted: Vec<f64> = (0..20).map(|i| f64::from(i * 7 % 23)).collect();
        let shifted: Vec<f64> = counted.iter().map(|x| x + 4.5).collect();
        let more: Vec<f64> = shifted.iter().copied().chain([15.0]).collect();
        assert!((mann_whitney(&counted, &shifted) - mann_whitney(&counted, &more)).abs() < 0.02);
    }

    /// The pairwise ratios of {1, 2, 4} to {2, 4, 8}: 1/2, 1, 1, 2, 2, 2, 4, 4, 8.
    #[test]
    fn the_estimate_is_the_median_ratio() {
        let found = ratio(&[1.0, 2.0, 4.0], &[2.0, 4.0, 8.0], 0.95).expect("a ratio");
        assert_eq!((found.estimate, found.low, found.high), (2.0, 0.5, 8.0));
        assert_eq!(ratio(&[], &[1.0], 0.95), None);
        assert_eq!(ratio(&[0.0], &[0.0], 0.95).map(|r| r.estimate), Some(1.0));
        assert_eq!(ratio(&[0.0], &[3.0], 0.95).map(|r| r.estimate), Some(f64::INFINITY));
    }

    /// For 5 and 5 the 95 % interval leaves out two of the 25 pairs on either side; for 10 and 10, 23 of 100: the critical
    /// values in any table of Mann's and Whitney's U.
    #[test]
    fn the_interval_is_that_of_the_test() {
        assert_eq!(pairs_beyond(5, 5, 0.025), 2);
        assert_eq!(pairs_beyond(10, 10, 0.025), 23);
        assert_eq!(pairs_beyond(3, 3, 0.025), 0);
        let old: Vec<f64> = (0..5).map(|i| 100.0 + f64::from(i)).collect();
        let new: Vec<f64> = old.iter().map(|x| x * 1.2).collect();
        let found = ratio(&old, &new, 0.95).expect("a ratio");
        assert!(found.low > 1.15 && found.estimate > 1.19 && found.estimate < 1.21 && found.high < 1.25, "{found:?}");
    }

    #[test]
    fn samples_apart_have_a_delta_of_one() {
        close(cliffs_delta(&[1.0, 2.0], &[3.0, 4.0]), 1.0);
        close(cliffs_delta(&[3.0, 4.0], &[1.0, 2.0]), -1.0);
        close(cliffs_delta(&[1.0, 2.0], &[1.0, 2.0]), 0.0);
        close(cliffs_delta(&[], &[]), 0.0);
    }

    /// By hand: 0.01 × 3, 0.02 × 2, 0.04 × 1; and 0.04 × 3/3, 0.02 × 3/2, 0.01 × 3/1.
    #[test]
    fn asking_often_costs_confidence() {
        let (holm, bh) = (holm(&[0.04, 0.01, 0.02]), benjamini_hochberg(&[0.04, 0.01, 0.02]));
        [0.04, 0.03, 0.04].iter().zip(holm).for_each(|(a, b)| close(*a, b));
        [0.04, 0.03, 0.03].iter().zip(bh).for_each(|(a, b)| close(*a, b));
        assert_eq!(super::holm(&[0.9, 0.8]), [1.0, 1.0]);
        assert_eq!(super::benjamini_hochberg(&[]), [0.0; 0]);
    }

    proptest! {
        #[test]
        fn the_test_does_not_care_which_is_old(a in prop::collection::vec(0u8..20, 1..9), b in prop::collection::vec(0u8..20, 1..9)) {
            let (a, b): (Vec<f64>, Vec<f64>) = (a.into_iter().map(f64::from).collect(), b.into_iter().map(f64::from).collect());
            let (one, other) = (mann_whitney(&a, &b), mann_whitney(&b, &a));
            prop_assert!((one - other).abs() < 1e-9 && one > 0.0 && one <= 1.0);
            prop_assert!((cliffs_delta(&a, &b) + cliffs_delta(&b, &a)).abs() < 1e-9);
            // Ties can take away the other side.
            prop_assert!(one >= smallest_p(a.len(), b.len()) / 2.0 - 1e-9);
        }

        #[test]
        fn the_estimate_lies_in_its_interval(a in prop::collection::vec(0.0f64..1e9, 1..40), b in prop::collection::vec(0.0f64..1e9, 1..40)) {
            let found = ratio(&a, &b, 0.95).expect("a ratio");
            prop_assert!(found.low <= found.estimate && found.estimate <= found.high);
        }
    }
}
