//! How often the operations of the performance table happened, by the rules of [`crate::model::rates`].
//!
//! In a recording somebody may have held the program up (a watcher that paused it, a disk that was too slow): two anchors of a worker
//! with nothing between them are the ends of such a time, and it is left out.

use super::{Analysis, Known, Out};
use crate::event::Kind;
use crate::events::Event;
use crate::model::rates::{self, Rates};
use crate::model::workers::Span;
use crate::profile::RateRow;

/// Parts of the run that a peak is looked for in.
const PARTS: u64 = 100;

/// Operations of every row.
#[derive(Default)]
pub(super) struct RatesOf {
    rates: Rates,
    workers: Vec<Anchored>,
}

/// What a worker's anchors say.
#[derive(Clone, Copy, Default)]
struct Anchored {
    /// Whether it has recorded nothing since its last anchor.
    idle: bool,
    /// Time of that anchor, and since when it had run before.
    anchor: Option<u64>,
    since: u64,
    seen: bool,
}

impl RatesOf {
    fn worker(&mut self, worker: u32) -> &mut Anchored {
        let worker = worker as usize;
        if worker >= self.workers.len() {
            self.workers.resize(worker + 1, Anchored::default());
        }
        &mut self.workers[worker]
    }
}

impl Analysis for RatesOf {
    #[inline]
    fn event(&mut self, at: &Event, _known: &Known) {
        if at.kind == Kind::Anchor {
            let worker = self.worker(at.worker);
            let held = std::mem::replace(&mut worker.idle, true);
            if let Some(before) = worker.anchor.replace(at.clock) {
                if !held {
                    worker.since = before;
                }
                let span =
                    Span { from: worker.since, to: at.clock, nanoseconds: at.clock.saturating_sub(before), held };
                self.rates.span(span);
            }
        } else if !at.kind.is_bookkeeping() {
            let worker = self.worker(at.worker);
            (worker.idle, worker.seen) = (false, true);
            self.rates.event(at);
        }
    }

    fn finish(self, known: &Known, out: &mut Out) {
        let workers = self.workers.iter().filter(|worker| worker.seen).count();
        let over = |parts: u64| {
            let edge =
                |part: u64| known.start + (u128::from(known.duration()) * u128::from(part) / u128::from(parts)) as u64;
            let mut edges: Vec<u64> = (0..=parts).map(edge).collect();
            // The last event counts.
            if let Some(last) = edges.last_mut() {
                *last += 1;
            }
            self.rates.history(&edges, workers, |time| time)
        };
        let (whole, parts) = (over(1), over(PARTS.min(known.duration()).max(1)));
        let totals = self.rates.totals();
        for (row, info) in rates::ROWS.iter().enumerate() {
            out.profile.rates.push(RateRow {
                operation: info.name.to_string(),
                count: totals[row],
                per_second: whole.first().map_or(0.0, |rates| rates[row]),
                peak_per_second: parts.iter().map(|rates| rates[row]).fold(0.0, f64::max),
                target: info.target,
            });
        }
    }
}
