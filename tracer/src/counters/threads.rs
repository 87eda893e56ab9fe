//! The counters of several worker threads, for a watcher that reads them now and then.

use super::{Availability, Counters, Sample};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Counters by worker. A worker registers from its own thread; whoever has a clone reads. A worker that has ended keeps the
/// values it had.
#[derive(Clone, Default)]
pub struct Threads(Arc<Mutex<BTreeMap<u32, Counters>>>);

impl Threads {
    /// Opens the counters of the calling thread, which is this worker.
    pub fn register(&self, worker: u32) {
        let counters = Counters::open();
        self.lock().insert(worker, counters);
    }

    /// A worker's counters since it registered; empty where it has not.
    pub fn read(&self, worker: u32) -> Sample {
        self.lock().get_mut(&worker).map_or_else(Sample::default, Counters::read)
    }

    /// Which counters there are, as the first worker that registered found out.
    pub fn availability(&self) -> Option<Availability> {
        self.lock().values().next().map(|counters| counters.availability().clone())
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<u32, Counters>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::counters::{Class, Counter};

    #[test]
    fn another_thread_reads_what_a_worker_counted_also_when_it_has_ended() {
        let threads = Threads::default();
        assert_eq!(threads.read(3), Sample::default());
        assert!(threads.availability().is_none());
        let theirs = threads.clone();
        let worker = std::thread::spawn(move || {
            theirs.register(3);
            std::mem::forget(std::hint::black_box(vec![1u8; 1 << 22]));
            theirs.read(3)
        });
        let own = worker.join().expect("the worker ends");
        let mine = threads.read(3);
        for counter in Counter::ALL.iter().copied().filter(|counter| counter.class() == Class::Software) {
            assert!(mine.get(counter) >= own.get(counter), "{counter:?}: {mine:?} {own:?}");
        }
        let availability = threads.availability().expect("a worker has registered");
        assert_eq!(availability.source(Counter::PageFaults).is_some(), mine.get(Counter::PageFaults) > Some(0));
    }
}
