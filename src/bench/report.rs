//! What was measured, as one document: `--json` prints it as it stands here, and the other forms are made from it.
//! `docs/bench.md` describes its fields.

use super::measure::Sample;
use super::modes::Mode;
use super::parked::Parked;
use super::rows::{self, Bar, Row};
use serde::Serialize;
use std::collections::BTreeMap;
use std::time::Duration;
use tracer::counters::{self, Class, Counter};

/// The document.
#[derive(Debug, Serialize)]
pub struct Report {
    /// Where it was measured.
    pub machine: Machine,
    /// Worker threads of the parallel runtime.
    pub workers: u32,
    /// Samples of each row and mode.
    pub rounds: u32,
    /// About how long a sample takes, in milliseconds.
    pub sample_ms: f64,
    /// The rows.
    pub rows: Vec<RowReport>,
}

/// Where it was measured.
#[derive(Debug, Serialize)]
pub struct Machine {
    /// Operating system and architecture.
    pub system: String,
    /// Name of the processor, where the system says it.
    pub processor: Option<String>,
    /// Cores that this process may use.
    pub cores: usize,
    /// Whether the processor's counters could be read.
    pub hardware_counters: bool,
    /// The same in a sentence, with the reason where not and what would help.
    pub counters: String,
}

/// A row.
#[derive(Debug, Serialize)]
pub struct RowReport {
    /// Its name.
    pub row: &'static str,
    /// The operation of the guide's performance table, if it measures one.
    pub operation: Option<&'static str>,
    /// The unit of its samples.
    pub unit: &'static str,
    /// Operations a second that the guide promises.
    pub target: Option<f64>,
    /// In every mode.
    pub modes: Vec<ModeReport>,
}

/// A row in a mode. A size (in bytes) is best when small, a rate when large.
#[derive(Debug, Default, Serialize)]
pub struct ModeReport {
    /// The mode's name.
    pub mode: &'static str,
    /// Every sample, in order.
    pub samples: Vec<f64>,
    /// The best of them.
    pub best: f64,
    /// Their median.
    pub median: f64,
    /// How far the worst is from the best, as a share of the best.
    pub spread: f64,
    /// Nanoseconds of wall time for an operation, in the best sample.
    pub ns_per_op: Option<f64>,
    /// Ticks of the instruction budget (loop steps and calls, not instructions) for an operation.
    pub ticks_per_op: Option<f64>,
    /// Cores busy on average: processor time by wall time.
    pub cores: Option<f64>,
    /// How many times slower than the same mode without tracing: the median over the rounds.
    pub slow_down: Option<f64>,
    /// How many times faster than with a single worker, for rows whose tasks share nothing: the median over the rounds.
    pub scaling: Option<f64>,
    /// The machine's counters for an operation, over all samples.
    pub counters_per_op: BTreeMap<&'static str, f64>,
    /// The share of the time during which the processor's counters really counted; the rest was extrapolated.
    pub counters_coverage: Option<f64>,
    /// What it has to reach in this mode, in words.
    pub bar: Option<String>,
    /// The best by the target.
    pub of_target: Option<f64>,
    /// Whether it reached the target, or a bar that needs no other program beside it.
    pub reached: Option<bool>,
    /// Why there are no samples.
    pub failed: Option<String>,
}

/// A sample with what was counted during it.
#[derive(Clone, Copy, Debug, Default)]
pub struct Counted {
    /// The sample.
    pub sample: Sample,
    /// Processor time.
    pub processor: Duration,
    /// Counters.
    pub counters: counters::Sample,
}

impl ModeReport {
    /// Of the samples of a row; `untraced` are those of the same rounds without tracing.
    pub fn of_rates(row: &Row, mode: &Mode, counted: &[Counted], untraced: Option<&[Counted]>) -> ModeReport {
        let samples: Vec<f64> = counted.iter().map(|one| one.sample.rate()).collect();
        let mut report = ModeReport::summary(mode.name, samples, true);
        let Some(best) = counted.iter().max_by(|a, b| a.sample.rate().total_cmp(&b.sample.rate())) else {
            return report;
        };
        let operations: u64 = counted.iter().map(|one| one.sample.operations).sum();
        let share = |part: u64| part as f64 / operations.max(1) as f64;
        let (wall, busy) = counted.iter().fold((0.0, 0.0), |(wall, busy), one| {
            (wall + one.sample.elapsed.as_secs_f64(), busy + one.processor.as_secs_f64())
        });
        let mut sum = counted[0].counters;
        counted[1..].iter().for_each(|one| sum += one.counters);
        report.ns_per_op = Some(1e9 / best.sample.rate());
        report.ticks_per_op = best.sample.ticks.map(|ticks| ticks as f64 / best.sample.operations.max(1) as f64);
        report.cores = Some(busy / wall.max(1e-9));
        report.slow_down = untraced.and_then(|off| ratio(off, counted));
        for &counter in Counter::ALL {
            if let Some(value) = sum.get(counter) {
                report.counters_per_op.insert(counter.name(), share(value));
            }
        }
        report.counters_coverage = sum.coverage();
        let bar = row.bars.of(mode.name);
        report.bar = bar.map(|bar| bar.to_string());
        report.of_target = row.target().map(|target| report.best / target);
        report.reached = match (report.of_target, bar) {
            (Some(times), _) => Some(times >= 1.0),
            (None, Some(Bar::Rate(rate))) => Some(report.best >= rate),
            _ => None,
        };
        report
    }

    /// Takes in how much more several workers bring than a single one, of which these are the samples.
    pub fn scaled(&mut self, counted: &[Counted], single: Option<&[Counted]>, workers: u32) {
        self.scaling = single.and_then(|single| ratio(counted, single));
        // With more workers than cores there is nothing to be had.
        let useful = f64::from(workers).min(cores() as f64).min(4.0);
        if let Some(scaling) = self.scaling.filter(|_| useful >= 2.0) {
            let bar = 1.0 + (useful - 1.0) * rows::SCALING_BAR;
            self.bar = Some(format!(">= {bar:.1} x 1"));
            self.reached = Some(scaling >= bar);
        }
    }

    /// Best, median and spread of samples.
    fn summary(mode: &'static str, samples: Vec<f64>, high: bool) -> ModeReport {
        let (low, top) = samples.iter().fold((f64::INFINITY, 0.0f64), |(low, top), &s| (low.min(s), top.max(s)));
        if samples.is_empty() {
            return ModeReport { mode, ..ModeReport::default() };
        }
        let (best, worst) = if high { (top, low) } else { (low, top) };
        let spread = if best > 0.0 { (worst - best).abs() / best } else { 0.0 };
        ModeReport { mode, best, median: median(samples.clone()), spread, samples, ..ModeReport::default() }
    }

    /// A mode in which the row failed.
    pub fn of_failure(mode: &Mode, why: String) -> ModeReport {
        ModeReport { mode: mode.name, failed: Some(why), ..ModeReport::default() }
    }
}

/// The three rows of blocked tasks, one mode in each.
pub fn parked_rows(mode: &Mode, samples: &[Parked]) -> [(&'static str, &'static str, ModeReport); 3] {
    let of = |value: fn(&Parked) -> Option<f64>, high| {
        ModeReport::summary(mode.name, samples.iter().filter_map(value).collect(), high)
    };
    let mut bytes = of(|one| one.bytes, false);
    bytes.bar = Some(rows::PARKED_BAR.to_string());
    if let Bar::Below(bar) = rows::PARKED_BAR
        && !bytes.samples.is_empty()
    {
        bytes.reached = Some(bytes.median < bar);
    } else {
        bytes.failed = Some("this system does not say how much memory a process has".into());
    }
    let mut spawned = of(|one| Some(one.spawned), true);
    let mut woken = of(|one| Some(one.woken), true);
    for rate in [&mut spawned, &mut woken] {
        rate.ns_per_op = (rate.best > 0.0).then(|| 1e9 / rate.best);
    }
    [(rows::PARKED_BYTES, "B/task", bytes), (rows::PARKED_SPAWN, "ops/s", spawned), (rows::PARKED_WAKE, "ops/s", woken)]
}

impl RowReport {
    /// A row of the table, still without modes.
    pub fn of(row: &Row) -> RowReport {
        RowReport { row: row.name, operation: row.operation, unit: row.unit, target: row.target(), modes: Vec::new() }
    }
}

impl Machine {
    /// This machine.
    pub fn here(availability: &counters::Availability) -> Machine {
        Machine {
            system: format!("{} {}", std::env::consts::OS, std::env::consts::ARCH),
            processor: processor(),
            cores: cores(),
            hardware_counters: availability.has(Class::Hardware),
            counters: availability.sentence(),
        }
    }
}

/// Cores that this process may use.
pub fn cores() -> usize {
    std::thread::available_parallelism().map_or(1, usize::from)
}

/// The processor's name, where the system says it.
pub fn processor() -> Option<String> {
    let text = std::fs::read_to_string("/proc/cpuinfo").ok()?;
    let line = text.lines().find(|line| line.starts_with("model name"))?;
    Some(line.split_once(':')?.1.trim().to_string())
}

/// How many times faster some samples are than the others of the same rounds: the median.
fn ratio(these: &[Counted], others: &[Counted]) -> Option<f64> {
    let ratios: Vec<f64> =
        these.iter().zip(others).map(|(this, other)| this.sample.rate() / other.sample.rate()).collect();
    (!ratios.is_empty()).then(|| median(ratios))
}

/// The middle of values; of an even number, the mean of the two in the middle; 0 of none.
fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    let middle = values.len() / 2;
    match values.len() {
        0 => 0.0,
        n if n % 2 == 1 => values[middle],
        _ => (values[middle - 1] + values[middle]) / 2.0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bench::modes::MODES;
    use crate::bench::rows::ROWS;

    fn counted(operations: u64, milliseconds: u64) -> Counted {
        let elapsed = Duration::from_millis(milliseconds);
        Counted {
            sample: Sample { operations, elapsed, ticks: Some(operations * 3) },
            processor: elapsed / 2,
            ..Counted::default()
        }
    }

    #[test]
    fn best_median_spread_and_slow_down() {
        let row = ROWS.iter().find(|row| row.name == "spawn_batch1k").expect("a row");
        let off = [counted(1000, 1), counted(1000, 2), counted(1000, 4)];
        let on = [counted(1000, 2), counted(1000, 4), counted(1000, 4)];
        let report = ModeReport::of_rates(row, &MODES[1], &on, Some(&off));
        assert_eq!((report.best, report.median, report.spread), (500_000.0, 250_000.0, 0.5));
        assert_eq!((report.slow_down, report.ticks_per_op, report.ns_per_op), (Some(2.0), Some(3.0), Some(2000.0)));
        assert_eq!((report.of_target, report.reached), (Some(1.0), Some(true)));
        assert!((report.cores.expect("cores") - 0.5).abs() < 1e-9);
        assert_eq!(report.bar.as_deref(), Some(">= 4 x Go"));
    }

    #[test]
    fn scaling_is_judged_where_there_are_cores_for_it() {
        let row = ROWS.iter().find(|row| row.scales).expect("a row");
        let (two, one) = ([counted(1900, 1), counted(2000, 1)], [counted(1000, 1), counted(1000, 1)]);
        let mut report = ModeReport::of_rates(row, &MODES[2], &two, None);
        report.scaled(&two, Some(&one), 1);
        assert_eq!((report.scaling, report.reached), (Some(1.95), None));
        report.scaled(&two, Some(&one), 2);
        assert_eq!(report.reached, (cores() >= 2).then_some(true));
    }

    #[test]
    fn less_memory_is_better() {
        let one = |bytes| Parked { tasks: 10, bytes: Some(bytes), bytes_to_the_end: None, spawned: 5.0, woken: 2.0 };
        let [(_, unit, bytes), (_, _, spawned), _] = parked_rows(&MODES[0], &[one(500.0), one(300.0), one(400.0)]);
        assert_eq!((unit, bytes.best, bytes.median, bytes.reached), ("B/task", 300.0, 400.0, Some(true)));
        assert_eq!(spawned.ns_per_op, Some(2e8));
        let none = Parked { bytes: None, ..one(0.0) };
        assert!(parked_rows(&MODES[0], &[none])[0].2.failed.is_some());
    }

    #[test]
    fn medians() {
        assert_eq!(median(vec![]), 0.0);
        assert_eq!(median(vec![3.0, 1.0, 2.0]), 2.0);
        assert_eq!(median(vec![4.0, 1.0, 2.0, 3.0]), 2.5);
    }
}
