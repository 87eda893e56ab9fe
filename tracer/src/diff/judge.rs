//! Each number of two profiles, judged.

use super::align::{self, place_in};
use super::statistics::{
    benjamini_hochberg, cliffs_delta, holm, lower_quartile, mann_whitney, median, ratio, smallest_p, upper_quartile,
};
use super::{ALPHA, Change, Comparison, Method, Options, RUNS, SINGLE, Verdict};
use crate::budget::fits;
use crate::profile::numbers::{Better, Unit, key_of};
use crate::profile::{Profile, numbers};
use std::collections::{BTreeMap, BTreeSet};

/// The number that stands for the whole run. It is looked at by itself, so that few runs suffice for it.
const WHOLE: &str = "total/duration";

/// The same without what else the machine did, where that was measured on both sides: it takes the place of the duration, and of
/// rates, which are only numbers over it.
const UNDISTURBED: &str = "total/undisturbed";

/// What can make a comparison fail unless something else is asked for.
const OUTCOMES: &[&str] = &[
    UNDISTURBED,
    WHOLE,
    "rate/*",
    "on-cpu/*",
    "total/peak-tasks",
    "total/panicked",
    "total/blocked-at-end",
    "finding/*",
];

/// Of these, what says something even of a single run.
const STEADY: &[&str] = &[UNDISTURBED, WHOLE, "rate/*", "total/panicked", "total/blocked-at-end", "finding/*"];

/// Numbers that are nothing where they are not there.
const ABSENT_IS_NONE: &[&str] = &["finding/*", "flag/*"];

/// The smallest difference that is spoken of where nobody says what fails; of a single run three times as much.
const WORTH_SAYING: f64 = 0.1;

/// Times are spoken of where they differ by this part of all time that tasks ran, or of the run where that is longer.
const MATERIAL: f64 = 0.02;

/// Runs of each side that are looked at.
const MOST_RUNS: usize = 200;

/// Compares the numbers of two profiles.
pub fn judge(comparison: &mut Comparison, old: &Profile, new: &Profile, options: &Options) {
    let old_runs = Runs::new(old, comparison);
    let new_runs = Runs::new(new, comparison);
    let judge = Judge {
        method: comparison.method,
        fail_on: options.fail_on,
        // Half of what fails is worth saying.
        floor: options.fail_on.map_or(WORTH_SAYING, |fail_on| fail_on / 2.0),
        patterns: options.on.iter().map(String::as_str).collect(),
        whole: if old_runs.all_have(UNDISTURBED) && new_runs.all_have(UNDISTURBED) { UNDISTURBED } else { WHOLE },
        material: MATERIAL * old_runs.median(WHOLE).max(old_runs.median("total/running")),
        old: &old_runs,
        new: &new_runs,
    };
    let mut changes = judge.pairs(comparison, old, new);
    for change in &mut changes {
        judge.measure(change);
    }
    judge.correct(&mut changes);
    for change in &mut changes {
        judge.decide(change);
    }
    judge.warn_of_too_few(comparison, &changes);
    let (mut shown, unchanged): (Vec<Change>, Vec<Change>) =
        changes.into_iter().partition(|change| change.verdict != Verdict::NoDifference);
    let size = |change: &Change| change.ratio.map_or(f64::INFINITY, |ratio| ratio.max(f64::MIN_POSITIVE).ln().abs());
    shown.sort_by(|a, b| {
        let first = |change: &Change| (!change.fails, !change.outcome, change.key != judge.whole);
        first(a).cmp(&first(b)).then(size(b).total_cmp(&size(a))).then_with(|| a.key.cmp(&b.key))
    });
    comparison.failed = shown.iter().any(|change| change.fails);
    comparison.unchanged = unchanged.len();
    comparison.changes = shown;
}

/// The numbers of one side's runs.
struct Runs {
    runs: Vec<BTreeMap<String, f64>>,
    keys: BTreeSet<String>,
}

impl Runs {
    fn new(profile: &Profile, comparison: &mut Comparison) -> Self {
        let mut runs: Vec<_> = profile.runs.iter().take(MOST_RUNS).map(|run| run.numbers.clone()).collect();
        if profile.runs.len() > MOST_RUNS {
            comparison.notes.push(format!("Only the first {MOST_RUNS} of {} runs are looked at.", profile.runs.len()));
        }
        // One run, or a document that says nothing of its runs.
        if runs.iter().all(BTreeMap::is_empty) {
            runs = vec![numbers(profile)];
        }
        let keys = runs.iter().flat_map(|run| run.keys().cloned()).collect();
        Self { runs, keys }
    }

    /// The number of each run. Sums that are not there are nothing; percentiles of nothing are not there at all.
    fn sample(&self, key: &str) -> Vec<f64> {
        let percentile =
            key.rsplit('/').next().is_some_and(|last| last == "max" || last.starts_with('p') && last.len() < 6);
        let absent = (!percentile).then_some(0.0);
        let numbers = self.runs.iter().filter_map(|run| run.get(key).copied().or(absent));
        numbers.filter(|number| number.is_finite()).collect()
    }

    fn all_have(&self, key: &str) -> bool {
        self.runs.iter().all(|run| run.contains_key(key))
    }

    fn median(&self, key: &str) -> f64 {
        median(&self.sample(key)).unwrap_or_default()
    }
}

struct Judge<'a> {
    method: Method,
    fail_on: Option<f64>,
    floor: f64,
    patterns: Vec<&'a str>,
    /// The number that stands for the whole run.
    whole: &'static str,
    material: f64,
    old: &'a Runs,
    new: &'a Runs,
}

impl Judge<'_> {
    /// The numbers that both sides have, and into the comparison those that only one has.
    fn pairs(&self, comparison: &mut Comparison, old: &Profile, new: &Profile) -> Vec<Change> {
        let moved = align::places((old, self.old.keys.iter()), (new, self.new.keys.iter()));
        let taken: BTreeSet<&str> = moved.values().map(|place| place.to.as_str()).collect();
        let mut paired = BTreeSet::new();
        let mut changes = Vec::new();
        for old_key in &self.old.keys {
            let place = place_in(old_key).and_then(|range| Some((range.clone(), old_key.get(range)?)));
            let (key, guessed) = match place.as_ref().map(|(range, place)| (range, place, moved.get(*place))) {
                Some((range, _, Some(to))) => {
                    let mut key = old_key.clone();
                    key.replace_range(range.clone(), &to.to);
                    (key, to.guessed)
                }
                // Another place has moved to where this one was.
                Some((_, place, None)) if taken.contains(*place) => (String::new(), false),
                _ => (old_key.clone(), false),
            };
            if self.new.keys.contains(&key) || any(ABSENT_IS_NONE, old_key) {
                let old_key = (key != *old_key).then(|| old_key.clone());
                paired.insert(key.clone());
                changes.push(Change { old_key, guessed, ..self.change(key) });
            } else {
                comparison.only_old.push(old_key.clone());
            }
        }
        for key in self.new.keys.difference(&paired) {
            if any(ABSENT_IS_NONE, key) {
                changes.push(self.change(key.clone()));
            } else {
                comparison.only_new.push(key.clone());
            }
        }
        changes
    }

    fn change(&self, key: String) -> Change {
        let disturbed = self.whole == UNDISTURBED && any(&[WHOLE, "rate/*"], &key);
        let outcome = match self.patterns.as_slice() {
            [] => any(OUTCOMES, &key) && !disturbed,
            patterns => any(patterns, &key),
        };
        Change {
            key,
            old_key: None,
            guessed: false,
            old: 0.0,
            new: 0.0,
            old_runs: 0,
            new_runs: 0,
            ratio: Some(1.0),
            interval: None,
            delta: 0.0,
            p: None,
            adjusted_p: None,
            verdict: Verdict::NoDifference,
            outcome,
            fails: false,
            note: String::new(),
        }
    }

    fn samples(&self, change: &Change) -> (Vec<f64>, Vec<f64>) {
        (self.old.sample(change.old_key.as_ref().unwrap_or(&change.key)), self.new.sample(&change.key))
    }

    fn measure(&self, change: &mut Change) {
        let (old, new) = self.samples(change);
        (change.old_runs, change.new_runs) = (old.len(), new.len());
        (change.old, change.new) = (median(&old).unwrap_or_default(), median(&new).unwrap_or_default());
        change.delta = cliffs_delta(&old, &new);
        if self.method == Method::Repeated && old.len().min(new.len()) >= RUNS {
            change.p = Some(mann_whitney(&old, &new));
        }
        let found = ratio(&old, &new, 0.95);
        change.ratio = found.map(|found| found.estimate).filter(|ratio| ratio.is_finite());
        if self.method == Method::Repeated {
            change.interval = found.map(|found| (found.low, found.high)).filter(|(_, high)| high.is_finite());
        }
        self.check_work(change);
    }

    /// A rate says something of speed only where the run does the same work.
    fn check_work(&self, change: &mut Change) {
        let Some(operation) = change.key.strip_prefix("rate/").or_else(|| change.key.strip_prefix("peak/")) else {
            return;
        };
        let count = format!("count/{operation}");
        let (old, new) = (self.old.median(&count), self.new.median(&count));
        if (old - new).abs() > 0.01 * old.max(new) && self.patterns.is_empty() {
            change.outcome = false;
            change.note = format!("does other work: {} → {} of them", plain(old), plain(new));
        }
    }

    /// Accounts for how many numbers are looked at: the whole run by itself, all other outcomes, and all causes.
    fn correct(&self, changes: &mut [Change]) {
        let family = |change: &Change| match (change.outcome, change.key == self.whole) {
            (true, true) => 0,
            (true, false) => 1,
            (false, _) => 2,
        };
        for number in 0..3 {
            let mut members: Vec<&mut Change> = changes
                .iter_mut()
                .filter(|change| family(change) == number && change.p.is_some() && self.is_material(change))
                .collect();
            let ps: Vec<f64> = members.iter().filter_map(|change| change.p).collect();
            let adjusted = if number < 2 { holm(&ps) } else { benjamini_hochberg(&ps) };
            for (change, p) in members.iter_mut().zip(adjusted) {
                change.adjusted_p = Some(p);
            }
        }
    }

    /// Whether a number is large enough to matter. It must not depend on which side is which: that would be choosing what to
    /// test by looking at the result.
    fn is_material(&self, change: &Change) -> bool {
        let sum_of_times = key_of(&change.key)
            .is_some_and(|row| row.unit == Unit::Nanoseconds && !row.pattern.contains("{percentile}"));
        !sum_of_times || change.old.max(change.new) >= self.material
    }

    fn decide(&self, change: &mut Change) {
        let better = key_of(&change.key).map_or(Better::Neither, |row| row.better);
        let ratio = change.ratio.unwrap_or(f64::INFINITY);
        let worse = match better {
            Better::Lower | Better::Neither => ratio - 1.0,
            Better::Higher => 1.0 - ratio,
        };
        let real = match self.method {
            Method::Exact => change.old != change.new,
            Method::Repeated => {
                change.adjusted_p.is_some_and(|p| p <= ALPHA)
                    && worse.abs() >= self.floor
                    && self.best_runs_agree(change, worse)
            }
            Method::Single => worse.abs() >= SINGLE * self.floor.max(WORTH_SAYING),
        };
        if !real || !self.is_material(change) {
            return;
        }
        change.verdict = match better {
            Better::Neither => Verdict::Change,
            _ if worse > 0.0 => Verdict::Regression,
            _ => Verdict::Improvement,
        };
        let needed = match self.method {
            Method::Single => self.fail_on.map(|fail_on| SINGLE * fail_on),
            Method::Exact | Method::Repeated => self.fail_on,
        };
        let sure = self.method != Method::Single || any(STEADY, &change.key);
        let bad =
            change.verdict == Verdict::Regression || change.verdict == Verdict::Change && !self.patterns.is_empty();
        change.fails = change.outcome && sure && bad && needed.is_some_and(|needed| worse.abs() >= needed - 1e-9);
    }

    /// Whether the best quarter of the runs shows at least half of the difference. What disturbs a machine for a while makes
    /// some runs slower; a slower program has no fast runs.
    fn best_runs_agree(&self, change: &Change, worse: f64) -> bool {
        let (old, new) = self.samples(change);
        let higher = key_of(&change.key).is_some_and(|row| row.better == Better::Higher);
        let best = |sample: &[f64]| if higher { upper_quartile(sample) } else { lower_quartile(sample) };
        let (Some(old), Some(new)) = (best(&old), best(&new)) else { return false };
        let difference = if higher { old - new } else { new - old };
        difference * worse.signum() >= 0.5 * worse.abs().min(1e9) * old || old == 0.0 && new > 0.0
    }

    /// Says when so many numbers are looked at that these runs cannot be enough.
    fn warn_of_too_few(&self, comparison: &mut Comparison, changes: &[Change]) {
        if self.method != Method::Repeated {
            return;
        }
        let outcomes = changes
            .iter()
            .filter(|change| change.outcome && change.key != self.whole && change.adjusted_p.is_some())
            .count();
        let (old, new) = (comparison.old.runs, comparison.new.runs);
        if smallest_p(old, new) * outcomes as f64 > ALPHA {
            let enough = (RUNS..=MOST_RUNS).find(|&runs| smallest_p(runs, runs) * outcomes as f64 <= ALPHA);
            let enough = enough.unwrap_or(MOST_RUNS);
            comparison.notes.push(format!(
                "{old} and {new} runs can be sure of the whole run's time, but not of one of {outcomes} other numbers: that takes \
                 `--runs {enough}`."
            ));
        }
    }
}

/// Whether one of the patterns fits.
fn any(patterns: &[&str], key: &str) -> bool {
    patterns.iter().any(|pattern| fits(pattern, key))
}

/// A count without a point.
fn plain(count: f64) -> String {
    crate::names::count(count.max(0.0).round() as u64)
}
