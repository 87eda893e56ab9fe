//! How often the operations of the performance table happen: their rates over time, fed event by event.
//!
//! [`ROWS`] is the table: name, target, and which records make one operation. An operation is counted once, where it is
//! complete: a message when it has reached its receiver, a lock when it is given back. Counting is stateless, so whoever has an
//! event can ask [`row_of`] for its row. Time is the store's: nanoseconds of the virtual clock where there is no wall time.
//!
//! Rates are per second in which the program could go on. A watched program waits where the watcher cannot keep up or has
//! paused it: that time is in the trace (two anchors of a worker with nothing between them) and is left out.

use super::buckets::Buckets;
use super::workers::Span;
use crate::archive::codec::{Reader, Writer};
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

/// The columns with the nanoseconds in which workers were held up, and in which they could go on.
const HELD: usize = COUNT;
const FREE: usize = COUNT + 1;
const COLUMNS: usize = COUNT + 2;

/// Of a span in which the program was held up for more than all but one part of so many, nothing can be said.
const SLIVER: f64 = 1000.0;

/// Operations of every row over time.
#[derive(Clone, Debug, Default)]
pub struct Rates {
    counts: Buckets<COLUMNS>,
}

/// What happened in a span, a second of the time in which the program could go on.
fn rate(row: usize, from: &[f64; COLUMNS], to: &[f64; COLUMNS], span: u64, workers: usize) -> f64 {
    let span = span as f64;
    let between = |column: usize| (to[column] - from[column]).max(0.0);
    // Held up for nearly all of the time, what is left of the span is a difference of large numbers that are both
    // interpolated; the free time was counted along with the operations. Only of one worker it is all there is.
    let free = match workers {
        0 | 1 if between(HELD) > 0.0 => between(FREE).min(span),
        n => span - between(HELD) / n.max(1) as f64,
    };
    if span <= 0.0 || free * SLIVER < span { 0.0 } else { between(row) * 1e9 / free }
}

impl Rates {
    pub(crate) fn write(&self, to: &mut Writer) {
        self.counts.write(to);
    }

    pub(crate) fn read(from: &mut Reader) -> Option<Self> {
        Some(Self { counts: Buckets::read(from)? })
    }

    /// Counts an event.
    #[inline]
    pub(crate) fn event(&mut self, event: &Event) {
        if let Some(row) = row_of(event) {
            self.counts.add(event.clock, row, 1);
        }
    }

    /// A worker's time between two anchors: from one clock on until another it ran for so many nanoseconds, and was then held up
    /// for some. Time is interpolated between anchors: to whoever looks, the wait is spread over the work before it, and so
    /// it is here.
    pub(crate) fn span(&mut self, span: Span) {
        let column = if span.held { HELD } else { FREE };
        self.counts.spread(span.from, span.to, column, span.nanoseconds);
    }

    /// Operations of each row in the whole run.
    pub fn totals(&self) -> [u64; COUNT] {
        let all = self.counts.total();
        std::array::from_fn(|row| all[row])
    }

    /// Nanoseconds in which workers were held up by the watcher, all workers together.
    pub fn held_up(&self) -> u64 {
        self.counts.total()[HELD]
    }

    /// Buckets in use; bounded.
    pub fn buckets(&self) -> usize {
        self.counts.len()
    }

    /// The rates at a time (events of that very time included) of a run of so many workers that began at `start`; `clock_at`
    /// translates times.
    pub(crate) fn at(&self, start: u64, time: u64, workers: usize, clock_at: impl Fn(u64) -> u64) -> [Rate; COUNT] {
        let mut rates = [Rate::default(); COUNT];
        // Times are those of events, and the newest event counts: a time stands for the end of its nanosecond.
        let before = |time: u64| self.counts.before(clock_at(time).saturating_add(1));
        let nothing = [0.0; COLUMNS];
        let elapsed = time.saturating_sub(start);
        let until = before(time);
        let span = NOW.min(elapsed);
        let from = if span == elapsed { nothing } else { before(time - span) };
        for (row, now) in rates.iter_mut().enumerate() {
            now.now = rate(row, &from, &until, span, workers);
            now.peak = now.now;
            now.total = until[row].round() as u64;
        }
        // Spans that overlap by three quarters, so that a burst is not cut in two.
        let span = PEAK.min(elapsed / 10);
        let step = (span / 4).max(elapsed / SPANS);
        let span = span.max(step);
        if let Some(quarters) = span.checked_div(step) {
            let quarters = quarters.max(1) as usize;
            let mut edges = vec![nothing];
            let mut at = start;
            while at < time {
                at = (at + step).min(time);
                edges.push(before(at));
                let newest = edges.len() - 1;
                // The last step may be shorter; a span that ends there is not measured, the one before it is.
                if (at - start).is_multiple_of(step) && newest >= quarters {
                    for (row, peak) in rates.iter_mut().enumerate() {
                        let (from, to) = (&edges[newest - quarters], &edges[newest]);
                        peak.peak = peak.peak.max(rate(row, from, to, step * quarters as u64, workers));
                    }
                }
            }
        }
        rates
    }

    /// Operations a second of each row in the cells between consecutive times.
    pub(crate) fn history(&self, edges: &[u64], workers: usize, clock_at: impl Fn(u64) -> u64) -> Vec<[f64; COUNT]> {
        let sums: Vec<[f64; COLUMNS]> = edges.iter().map(|&time| self.counts.before(clock_at(time))).collect();
        let cells = edges.windows(2).zip(sums.windows(2));
        cells
            .map(|(times, sums)| {
                let span = times[1].saturating_sub(times[0]);
                std::array::from_fn(|row| rate(row, &sums[0], &sums[1], span, workers))
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
        let at = rates.at(0, end, 1, |time| time);
        let near = |rate: f64, truth: f64| (rate / truth - 1.0).abs() < 1e-3;
        assert!(near(at[4].now, 6.25e6) && near(at[4].peak, 6.25e6), "{at:?}");
        let half = rates.at(0, end / 2, 1, |time| time);
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
