//! How often the operations of the performance table happen: their rates over time, fed event by event.
//!
//! [`ROWS`] is the table: name, target, and which records make one operation. An operation is counted once, where it is
//! complete: a message when it has reached its receiver, a lock when it is given back. Counting is stateless, so whoever has an
//! event can ask [`row_of`] for its row. Time is the store's: nanoseconds of the virtual clock where there is no wall time.

use super::buckets::Buckets;
use crate::event::Kind;
use crate::events::Event;

/// When a record of a kind completes an operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum When {
    /// Always.
    Always,
    /// When the task went on; one that blocked in it is served by a record of the other side.
    Unblocked,
    /// When it served a task that was blocked in the other half of the operation.
    Handed,
    /// When a task did it: nobody spawns `main`.
    ByTask,
}

/// A row of the performance table.
#[derive(Clone, Copy, Debug)]
pub struct Row {
    /// As the table of the guide calls it: `channel send/recv`.
    pub name: &'static str,
    /// What one operation is, in a few words.
    pub unit: &'static str,
    /// Operations a second that the guide promises; `None` where it promises nothing.
    pub target: Option<f64>,
    /// The records that complete an operation.
    pub counts: &'static [(Kind, When)],
}

/// Number of rows.
pub const COUNT: usize = 7;

/// The rows, in the order of the guide's table; then what it does not name.
pub const ROWS: [Row; COUNT] = [
    Row {
        name: "goroutine spawn",
        unit: "a task created by go",
        target: Some(0.5e6),
        counts: &[(Kind::TaskSpawn, When::ByTask)],
    },
    Row {
        name: "channel send/recv",
        unit: "a value that got from its sender to its receiver",
        target: Some(10e6),
        counts: &[(Kind::Recv, When::Unblocked), (Kind::Send, When::Handed)],
    },
    Row {
        name: "async task spawn",
        unit: "a call of an async function",
        target: Some(1e6),
        counts: &[(Kind::AsyncSpawn, When::Always)],
    },
    Row {
        name: "mutex lock/unlock",
        unit: "a mutex taken and given back",
        target: Some(50e6),
        counts: &[(Kind::Unlock, When::Always)],
    },
    Row {
        name: "atomic operation",
        unit: "a load, store, add or exchange of an atomic",
        target: Some(100e6),
        counts: &[(Kind::Atomic, When::Always)],
    },
    Row {
        name: "rwlock lock/unlock",
        unit: "a read-write lock taken and given back, for reading or for writing",
        target: None,
        counts: &[(Kind::ReadUnlock, When::Always), (Kind::WriteUnlock, When::Always)],
    },
    Row {
        name: "select",
        unit: "a select that chose an arm or its default",
        target: None,
        counts: &[(Kind::SelectCommit, When::Always), (Kind::SelectDefault, When::Always)],
    },
];

/// Row and condition by kind, for a test in constant time.
const BY_KIND: [Option<(u8, When)>; 128] = {
    let mut table = [None; 128];
    let mut row = 0;
    while row < COUNT {
        let mut at = 0;
        while at < ROWS[row].counts.len() {
            let (kind, when) = ROWS[row].counts[at];
            table[kind as usize & 127] = Some((row as u8, when));
            at += 1;
        }
        row += 1;
    }
    table
};

/// The row that an event completes an operation of.
#[inline]
pub fn row_of(event: &Event) -> Option<usize> {
    let (row, when) = BY_KIND[event.kind as usize & 127]?;
    let counts = match when {
        When::Always => true,
        When::Unblocked => !event.blocked,
        When::Handed => !event.blocked && event.arg != 0,
        When::ByTask => event.task.0 != 0,
    };
    counts.then_some(row as usize)
}

/// Nanoseconds over which "now" is measured: the last second.
pub const NOW: u64 = 1_000_000_000;

/// Nanoseconds over which a peak is measured at least. Shorter would measure luck, longer would hide bursts.
pub const PEAK: u64 = 100_000_000;

/// Spans that a peak is looked for in at most; longer runs are measured in longer spans.
const SPANS: u64 = 4096;

/// What there is to say of a row at a time.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Rate {
    /// Operations until then.
    pub total: u64,
    /// Operations a second in the last second (in the whole run where it is shorter).
    pub now: f64,
    /// The most operations a second until then over [`PEAK`] (a tenth of the run where that is shorter).
    pub peak: f64,
}

impl Rate {
    /// Mean nanoseconds from one operation to the next: at the rate of now, or where there is none at the peak's.
    pub fn nanoseconds(&self) -> Option<f64> {
        let rate = if self.now > 0.0 { self.now } else { self.peak };
        (rate > 0.0).then(|| 1e9 / rate)
    }
}

/// Operations of every row over time.
#[derive(Clone, Debug, Default)]
pub struct Rates {
    counts: Buckets<COUNT>,
}

impl Rates {
    /// Counts an event.
    #[inline]
    pub(crate) fn event(&mut self, event: &Event) {
        if let Some(row) = row_of(event) {
            self.counts.add(event.clock, row, 1);
        }
    }

    /// Operations of each row in the whole run.
    pub fn totals(&self) -> [u64; COUNT] {
        self.counts.total()
    }

    /// Buckets in use; bounded.
    pub fn buckets(&self) -> usize {
        self.counts.len()
    }

    /// The rates at a time (events of that very time included) of a run that began at `start`; `clock_at` translates times.
    pub(crate) fn at(&self, start: u64, time: u64, clock_at: impl Fn(u64) -> u64) -> [Rate; COUNT] {
        let mut rates = [Rate::default(); COUNT];
        // Times are those of events, and the newest event counts: a time stands for the end of its nanosecond.
        let before = |time: u64| self.counts.before(clock_at(time).saturating_add(1));
        let elapsed = time.saturating_sub(start);
        let until = before(time);
        let span = NOW.min(elapsed);
        let mut set = |row: usize, from: &[f64; COUNT], to: &[f64; COUNT], span: u64| {
            let rate = if span > 0 { (to[row] - from[row]).max(0.0) * 1e9 / span as f64 } else { 0.0 };
            rates[row].peak = rates[row].peak.max(rate);
            rate
        };
        let from = if span == elapsed { [0.0; COUNT] } else { before(time - span) };
        let now: Vec<f64> = (0..COUNT).map(|row| set(row, &from, &until, span)).collect();
        // Spans that overlap by three quarters, so that a burst is not cut in two.
        let span = PEAK.min(elapsed / 10);
        let step = (span / 4).max(elapsed / SPANS);
        let span = span.max(step);
        if let Some(quarters) = span.checked_div(step) {
            let quarters = quarters.max(1) as usize;
            let mut edges = vec![[0.0; COUNT]];
            let mut at = start;
            while at < time {
                at = (at + step).min(time);
                edges.push(before(at));
                let newest = edges.len() - 1;
                // The last step may be shorter; a span that ends there is not measured, the one before it is.
                if (at - start).is_multiple_of(step) && newest >= quarters {
                    for row in 0..COUNT {
                        set(row, &edges[newest - quarters], &edges[newest], step * quarters as u64);
                    }
                }
            }
        }
        for (row, rate) in rates.iter_mut().enumerate() {
            rate.now = now[row];
            rate.total = until[row].round() as u64;
        }
        rates
    }

    /// Operations a second of each row in the cells between consecutive times.
    pub(crate) fn history(&self, edges: &[u64], clock_at: impl Fn(u64) -> u64) -> Vec<[f64; COUNT]> {
        let sums: Vec<[f64; COUNT]> = edges.iter().map(|&time| self.counts.before(clock_at(time))).collect();
        let cells = edges.windows(2).zip(sums.windows(2));
        cells
            .map(|(times, sums)| {
                let seconds = times[1].saturating_sub(times[0]) as f64 / 1e9;
                std::array::from_fn(
                    |row| if seconds > 0.0 { (sums[1][row] - sums[0][row]).max(0.0) / seconds } else { 0.0 },
                )
            })
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event(kind: Kind, clock: u64) -> Event<'static> {
        use crate::event::{Site, TaskId};
        Event {
            ordinal: 0,
            kind,
            blocked: false,
            worker: 0,
            task: TaskId(1),
            site: Site(0),
            clock,
            object: 1,
            arg: 0,
            text: "",
        }
    }

    #[test]
    fn ten_million_events_take_no_more_room_than_ten_thousand() {
        let mut rates = Rates::default();
        for n in 0..10_000_000u64 {
            let kind = if n % 4 == 0 { Kind::Atomic } else { Kind::Unlock };
            rates.event(&event(kind, n * 40));
        }
        assert!(rates.buckets() <= 8192, "{}", rates.buckets());
        assert_eq!(rates.totals()[3..5], [7_500_000, 2_500_000]);
        let end = 400_000_000 - 1;
        let at = rates.at(0, end, |time| time);
        let near = |rate: f64, truth: f64| (rate / truth - 1.0).abs() < 1e-3;
        assert!(near(at[4].now, 6.25e6) && near(at[4].peak, 6.25e6), "{at:?}");
        let half = rates.at(0, end / 2, |time| time);
        assert!(near(half[3].total as f64, 3.75e6) && near(half[3].now, 18.75e6), "{half:?}");
        assert_eq!(half[0], Rate::default());
    }

    #[test]
    fn no_kind_counts_for_two_rows_and_names_differ() {
        let kinds: Vec<Kind> = ROWS.iter().flat_map(|row| row.counts.iter().map(|count| count.0)).collect();
        for (i, kind) in kinds.iter().enumerate() {
            assert!(!kinds[i + 1..].contains(kind), "{kind:?}");
        }
        for (i, row) in ROWS.iter().enumerate() {
            assert!(ROWS[i + 1..].iter().all(|other| other.name != row.name));
        }
    }
}
