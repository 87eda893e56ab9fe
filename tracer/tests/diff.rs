//! Comparisons: a slow-down is found, equal runs are not told apart, and places are found where they have moved to.

use proptest::prelude::*;
use std::collections::BTreeMap;
use tracer::about::{About, Runtime};
use tracer::diff::{self, Comparison, Method, Options, Verdict};
use tracer::profile::{Profile, RunNumbers, SiteInfo};

/// A generator with a fixed seed: the noise of the runs below is the same every time.
struct Noise(u64);

impl Noise {
    /// Between 0 and 1.
    fn next(&mut self) -> f64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 11) as f64 / (1u64 << 53) as f64
    }

    /// About 1, within 3 %.
    fn small(&mut self) -> f64 {
        1.0 + 0.03 * (self.next() + self.next() - 1.0)
    }

    /// The same, and in one of ten runs up to half more: what a busy machine does.
    fn factor(&mut self) -> f64 {
        let noise = self.small();
        if self.next() < 0.1 { noise + 0.5 * self.next() } else { noise }
    }
}

fn about(runtime: Runtime) -> About {
    About { title: "p.vex".into(), runtime, real_time: runtime == Runtime::Parallel, seed: Some(1), ..About::default() }
}

/// A program of three places, run so often, this much slower in its first place.
fn repeated(runs: usize, slower: f64, noise: &mut Noise) -> Profile {
    let mut profile = Profile { about: about(Runtime::Parallel), ..Profile::default() };
    profile.sites = (1..=3)
        .map(|line| SiteInfo { file: "p.vex".into(), line: line * 10, column: 5, function: "work".into() })
        .collect();
    for _ in 0..runs {
        let factor = noise.factor();
        let parts = [6e6 * slower * noise.small(), 3e6 * noise.small(), 1e6 * noise.small()].map(|ns| ns * factor);
        let duration: f64 = parts.iter().sum();
        let mut numbers = BTreeMap::from([
            ("total/duration".to_string(), duration),
            ("total/running".to_string(), duration),
            ("count/channel send/recv".to_string(), 1000.0),
            ("rate/channel send/recv".to_string(), 1000.0 / duration * 1e9),
            ("wait/recv/p99".to_string(), 1e5 * (1.0 + 2.0 * noise.next())),
            ("total/tasks".to_string(), 5.0),
        ]);
        for (line, ns) in (1..).zip(parts) {
            numbers.insert(format!("on-cpu/p.vex:{}:5", line * 10), ns);
        }
        profile.runs.push(RunNumbers { duration_ns: duration as u64, wall_ns: duration as u64, numbers });
    }
    profile
}

fn compare(old: &Profile, new: &Profile, fail_on: f64) -> Comparison {
    let options = Options { fail_on: Some(fail_on), on: Vec::new() };
    diff::compare(("old", old), ("new", new), &options).expect("comparable")
}

fn failing(comparison: &Comparison) -> Vec<&str> {
    comparison.changes.iter().filter(|change| change.fails).map(|change| change.key.as_str()).collect()
}

#[test]
fn a_slow_down_is_found_and_named_by_its_place() {
    let mut noise = Noise(7);
    let (old, new) = (repeated(10, 1.0, &mut noise), repeated(10, 1.0 + 0.2 / 0.6, &mut noise));
    let found = compare(&old, &new, 0.1);
    assert!(found.failed && found.method == Method::Repeated);
    assert_eq!(failing(&found), ["total/duration", "on-cpu/p.vex:10:5", "rate/channel send/recv"]);
    let whole = &found.changes[0];
    let ratio = whole.ratio.expect("a ratio");
    assert!((1.15..1.27).contains(&ratio), "{ratio}");
    let (low, high) = whole.interval.expect("an interval");
    assert!(low > 1.1 && low <= ratio && ratio <= high, "{low} {high}");
    assert!(whole.adjusted_p.is_some_and(|p| p <= 0.01));
    // The same the other way round is an improvement, which does not fail.
    let back = compare(&new, &old, 0.1);
    assert!(!back.failed && back.changes[0].verdict == Verdict::Improvement, "{:?}", back.changes);
}

/// The whole run is tested by itself, so five runs are enough for it; the other numbers want more, and that is said.
#[test]
fn five_runs_are_enough_for_the_whole() {
    let mut noise = Noise(3);
    let (old, new) = (repeated(5, 1.0, &mut noise), repeated(5, 1.5, &mut noise));
    let found = compare(&old, &new, 0.1);
    assert_eq!(failing(&found), ["total/duration"]);
    assert!(found.notes.iter().any(|note| note.contains("that takes `--runs")), "{:?}", found.notes);
}

#[test]
fn equal_programs_are_not_told_apart() {
    for seed in 0..200 {
        let mut noise = Noise(seed);
        let (old, new) = (repeated(10, 1.0, &mut noise), repeated(10, 1.0, &mut noise));
        let found = compare(&old, &new, 0.1);
        assert!(!found.failed, "seed {seed}: {}", diff::text(&found));
    }
}

/// On 5 % less is no regression of 10 %, however sure it is.
#[test]
fn a_smaller_slow_down_than_asked_for_does_not_fail() {
    let mut noise = Noise(5);
    let found = compare(&repeated(20, 1.0, &mut noise), &repeated(20, 1.08, &mut noise), 0.1);
    assert!(!found.failed, "{}", diff::text(&found));
}

/// Six of ten new runs were disturbed: the others are as fast as ever.
#[test]
fn a_disturbed_machine_is_no_regression() {
    let mut noise = Noise(9);
    let (old, mut new) = (repeated(10, 1.0, &mut noise), repeated(10, 1.01, &mut noise));
    for run in new.runs.iter_mut().take(6) {
        *run.numbers.get_mut("total/duration").expect("a duration") *= 1.4;
    }
    assert!(!failing(&compare(&old, &new, 0.1)).contains(&"total/duration"));
}

#[test]
fn a_single_run_has_no_confidence_and_takes_three_times_as_much() {
    let mut noise = Noise(1);
    let old = repeated(1, 1.0, &mut noise);
    for (slower, fails) in [(1.2, false), (3.0, true)] {
        let found = compare(&old, &repeated(1, slower, &mut Noise(1)), 0.1);
        assert_eq!((found.method, found.failed), (Method::Single, fails), "{slower}: {}", diff::text(&found));
        assert!(
            found.notes[0].starts_with("1 run and 1 run: too few to tell a difference from noise."),
            "{:?}",
            found.notes
        );
        assert!(found.changes.iter().all(|change| change.p.is_none() && change.interval.is_none()));
    }
}

fn seeded(numbers: &[(&str, f64)]) -> Profile {
    let numbers = numbers.iter().map(|(key, number)| ((*key).to_string(), *number)).collect();
    let run = RunNumbers { numbers, ..RunNumbers::default() };
    Profile { about: about(Runtime::Deterministic), runs: vec![run], ..Profile::default() }
}

#[test]
fn of_seeded_runs_every_difference_is_real() {
    let old = seeded(&[("total/duration", 1000.0), ("total/tasks", 5.0), ("wait/recv", 100.0)]);
    let same = compare(&old, &old, 0.1);
    assert!(!same.failed && same.changes.is_empty() && same.method == Method::Exact);
    assert_eq!(diff::text(&same).lines().next(), Some("old (1 run) → new (1 run): no regression of 10 %"));
    assert!(diff::text(&same).ends_with("3 numbers are the same\n"), "{}", diff::text(&same));
    let slower = seeded(&[("total/duration", 1100.0), ("total/tasks", 6.0), ("wait/recv", 500.0)]);
    let found = compare(&old, &slower, 0.1);
    assert_eq!(failing(&found), ["total/duration"]);
    let verdicts: Vec<_> = found.changes.iter().map(|change| (change.key.as_str(), change.verdict)).collect();
    assert_eq!(
        verdicts,
        [("total/duration", Verdict::Regression), ("wait/recv", Verdict::Regression), ("total/tasks", Verdict::Change)]
    );
    assert!(!compare(&old, &seeded(&[("total/duration", 1099.0)]), 0.1).failed);
}

#[test]
fn a_new_deadlock_fails_and_one_that_is_gone_does_not() {
    let (without, with) =
        (seeded(&[("total/duration", 9.0)]), seeded(&[("total/duration", 9.0), ("finding/deadlock", 1.0)]));
    let found = compare(&without, &with, 0.5);
    assert_eq!(failing(&found), ["finding/deadlock"]);
    assert_eq!((found.changes[0].ratio, found.changes[0].old, found.changes[0].new), (None, 0.0, 1.0));
    assert!(diff::text(&found).contains("from 0"), "{}", diff::text(&found));
    assert!(!compare(&with, &without, 0.5).failed);
}

/// Half of the operations in half of the time: the rate says nothing.
#[test]
fn a_rate_of_other_work_does_not_fail() {
    let numbers =
        |count, rate| seeded(&[("total/duration", 9.0), ("count/task spawn", count), ("rate/task spawn", rate)]);
    let found = compare(&numbers(1000.0, 1e6), &numbers(500.0, 5e5), 0.1);
    assert!(!found.failed);
    let rate = found.changes.iter().find(|change| change.key == "rate/task spawn").expect("it differs");
    assert_eq!(rate.note, "does other work: 1 000 → 500 of them");
    assert!(compare(&numbers(1000.0, 1e6), &numbers(1000.0, 5e5), 0.1).failed);
}

#[test]
fn causes_fail_only_where_they_are_asked_for() {
    let (old, new) = (seeded(&[("wait/recv/p99", 100.0)]), seeded(&[("wait/recv/p99", 900.0)]));
    assert!(!compare(&old, &new, 0.1).failed);
    let options = Options { fail_on: Some(0.1), on: vec!["wait/*".into()] };
    let found = diff::compare(("old", &old), ("new", &new), &options).expect("comparable");
    assert_eq!(failing(&found), ["wait/recv/p99"]);
}

#[test]
fn places_that_moved_are_found_again() {
    let profile = |lines: &[(u32, f64)], file: &str| {
        let keys: Vec<(String, f64)> =
            lines.iter().map(|(line, ns)| (format!("on-cpu/{file}:{line}:5"), *ns)).collect();
        let numbers: Vec<(&str, f64)> =
            keys.iter().map(|(key, ns)| (key.as_str(), *ns)).chain([("total/duration", 1000.0)]).collect();
        let mut profile = seeded(&numbers);
        let site = |line: u32| SiteInfo { file: file.into(), line, column: 5, function: "work".into() };
        profile.sites = lines.iter().map(|(line, _)| site(*line)).collect();
        profile
    };
    let old = profile(&[(10, 300.0), (12, 500.0)], "base/p.vex");
    let new = profile(&[(14, 300.0), (16, 800.0)], "head/p.vex");
    let found = compare(&old, &new, 0.1);
    assert_eq!(failing(&found), ["on-cpu/head/p.vex:16:5"]);
    let moved = &found.changes[0];
    assert_eq!((moved.old_key.as_deref(), moved.guessed), (Some("on-cpu/base/p.vex:12:5"), false));
    assert!(diff::text(&found).contains("was on-cpu/base/p.vex:12:5"), "{}", diff::text(&found));
    assert!(found.only_old.is_empty() && found.only_new.is_empty());
}

#[test]
fn virtual_and_real_time_are_not_compared() {
    let (seeded, real) = (seeded(&[]), repeated(1, 1.0, &mut Noise(1)));
    assert!(diff::compare(("old", &seeded), ("new", &real), &Options::default()).is_err());
}

#[test]
fn a_comment_has_a_verdict_a_table_and_folded_details() {
    let old = seeded(&[("total/duration", 1000.0), ("wait/recv", 100.0)]);
    let new = seeded(&[("total/duration", 1250.0), ("wait/recv", 500.0)]);
    let comment = diff::markdown(&compare(&old, &new, 0.1));
    let expected = "\
### ❌ regression of at least 10 %: total/duration +25.0 %

| number | old | new | change | 95 % interval | verdict |
|---|---:|---:|---:|---|---|
| total/duration | 1.00 µs | 1.25 µs | **+25.0 %** |  | FAILS |

0 numbers are the same.

Seeded runs in virtual time: every difference is real.

<details><summary>1 number that may explain it</summary>

| number | old | new | change | 95 % interval | verdict |
|---|---:|---:|---:|---|---|
| wait/recv | 100 ns | 500 ns | +400.0 % |  | worse |

</details>

old (1 run) → new (1 run)
";
    assert_eq!(comment, expected);
}

#[test]
fn a_comparison_comes_back_from_json() {
    let found = compare(&seeded(&[("total/duration", 1000.0)]), &seeded(&[("total/duration", 1250.0)]), 0.1);
    let document = serde_json::to_string(&found).expect("a document");
    assert_eq!(serde_json::from_str::<Comparison>(&document).expect("a comparison"), found);
}

proptest! {
    #[test]
    fn any_numbers_are_compared(
        old in prop::collection::vec(prop::collection::btree_map("(total|on-cpu|lock|wait)/[a-z@/]{0,4}(:[0-9]{1,9}){0,2}(/p99)?", any::<f64>(), 0..6), 0..8),
        new in prop::collection::vec(prop::collection::btree_map("(total|on-cpu|lock|wait)/[a-z@/]{0,4}(:[0-9]{1,9}){0,2}(/p99)?", any::<f64>(), 0..6), 0..8),
        runtime in prop::sample::select(vec![Runtime::Deterministic, Runtime::Parallel]),
    ) {
        let profile = |runs: Vec<BTreeMap<String, f64>>| Profile {
            about: about(runtime),
            runs: runs.into_iter().map(|numbers| RunNumbers { numbers, ..RunNumbers::default() }).collect(),
            ..Profile::default()
        };
        let found = compare(&profile(old), &profile(new), 0.1);
        let _ = (diff::text(&found), diff::markdown(&found));
        // It is a document: JSON has no number that is none.
        prop_assert!(!serde_json::to_string(&found).expect("a document").is_empty());
    }
}
