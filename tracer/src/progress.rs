//! How far each worker of a run has come, so that their streams can be put into one order while they are still growing.
//!
//! Every worker publishes a *floor*: its next event is not below that clock. What is below the lowest floor of all workers
//! that run is complete and may be shown. A worker without work would hold everybody back, so it steps out
//! ([`Progress::idle`]) and comes back in above everything that has been shown meanwhile ([`Progress::awake`]). Those two
//! and the watcher's look at the floors ([`Progress::limit`]) exclude each other by a lock; a floor that only rises
//! needs none, for an old value of it is merely lower.
//!
//! A worker hands its events over *before* it publishes a floor above them, and the watcher looks at the floors *before* it
//! takes events in: it then has all events below the limit that it saw.

use std::sync::atomic::{AtomicU64, Ordering::Acquire, Ordering::Release};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// The floor of a worker that has stepped out.
const OUT: u64 = u64::MAX;

/// A floor, on a cache line of its own: its worker writes it while others write theirs.
#[derive(Debug)]
#[repr(align(128))]
struct Floor(AtomicU64);

#[derive(Debug, Default)]
struct Shown {
    /// Everything below this clock may have been shown.
    limit: u64,
    /// Above the newest event of each worker that has stepped out.
    left_at: u64,
}

/// The floors of all workers of a run.
#[derive(Debug)]
pub struct Progress {
    floors: Box<[Floor]>,
    shown: Mutex<Shown>,
}

impl Progress {
    /// That many workers, all without work yet.
    pub fn new(workers: usize) -> Self {
        let floors = (0..workers).map(|_| Floor(AtomicU64::new(OUT))).collect();
        Self { floors, shown: Mutex::default() }
    }

    fn lock(&self) -> MutexGuard<'_, Shown> {
        self.shown.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn set(&self, worker: u32, floor: u64) {
        if let Some(entry) = self.floors.get(worker as usize) {
            entry.0.store(floor, Release);
        }
    }

    /// A worker that runs has handed over all its events below this clock, and its next event is not below it.
    pub fn floor(&self, worker: u32, clock: u64) {
        self.set(worker, clock.min(OUT - 1));
    }

    /// A worker that has handed over all its events, none above this clock, does not run for a while (or has ended).
    pub fn idle(&self, worker: u32, clock: u64) {
        let mut shown = self.lock();
        shown.left_at = shown.left_at.max(clock.saturating_add(1).min(OUT - 1));
        self.set(worker, OUT);
    }

    /// A worker runs again. Gives the clock, this one or a later, below which it must not record anything.
    pub fn awake(&self, worker: u32, clock: u64) -> u64 {
        let shown = self.lock();
        let clock = clock.max(shown.limit);
        self.floor(worker, clock);
        clock
    }

    /// For the watcher: all events below the clock given are complete and may be shown. It never goes back.
    pub fn limit(&self) -> u64 {
        let mut shown = self.lock();
        let lowest = self.floors.iter().map(|floor| floor.0.load(Acquire)).min().unwrap_or(OUT);
        let limit = if lowest == OUT { shown.left_at } else { lowest };
        shown.limit = shown.limit.max(limit);
        shown.limit
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_slowest_worker_that_runs_sets_the_limit() {
        let progress = Progress::new(3);
        assert_eq!(progress.limit(), 0);
        assert_eq!([0, 1, 2].map(|worker| progress.awake(worker, 10 * worker as u64)), [0, 10, 20]);
        assert_eq!(progress.limit(), 0);
        progress.floor(0, 15);
        assert_eq!(progress.limit(), 10);
        progress.idle(1, 12);
        assert_eq!(progress.limit(), 15);
    }

    #[test]
    fn whoever_comes_back_goes_on_above_what_was_shown() {
        let progress = Progress::new(2);
        progress.awake(0, 0);
        progress.awake(1, 0);
        progress.idle(1, 5);
        progress.floor(0, 100);
        assert_eq!(progress.limit(), 100);
        assert_eq!(progress.awake(1, 6), 100);
        assert_eq!(progress.limit(), 100);
        progress.floor(1, 120);
        progress.idle(0, 130);
        progress.idle(1, 125);
        // Nobody runs: all there is may be shown.
        assert_eq!(progress.limit(), 131);
        assert_eq!(progress.awake(0, 130), 131);
    }

    #[test]
    fn a_worker_that_nobody_knows_changes_nothing() {
        let progress = Progress::new(1);
        progress.awake(0, 7);
        progress.floor(9, 1);
        assert_eq!(progress.limit(), 7);
    }
}
