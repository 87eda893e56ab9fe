//! Operations that block a thread (reading input today; calls into C libraries and files tomorrow) run on threads of their own, so that no
//! worker stands still: the task is parked, and injected into the run queues when the operation is over.
//!
//! There are as many threads as operations under way; one that has had nothing to do for a while ends. They are not workers: what they
//! do to a task they do while the world cannot stop.

use super::shared::Shared;
use super::sync::{Arc, Mutex, lock};
use super::worker::Worker;
use crate::core::blocked;
use crate::outcome::{At, Resume, Step};
use crate::queue::Entry;
use crate::task::State;
use std::fmt;
use std::sync::atomic::Ordering;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::time::Duration;
use tracer::event::Kind;
use tracer::finding::WaitReason;
use tracer::record::Tracer;

type Job = Box<dyn FnOnce() + Send>;

/// How long a thread without work stays.
const STAY: Duration = Duration::from_secs(5);

/// The threads.
#[derive(Clone, Default)]
pub struct Pool(Arc<Mutex<Idle>>);

/// Threads without work, each with its number and the way to it.
#[derive(Default)]
struct Idle {
    threads: Vec<(u64, Sender<Job>)>,
    started: u64,
}

impl fmt::Debug for Pool {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Pool").field(&lock(&self.0).threads.len()).finish()
    }
}

impl Pool {
    /// Runs a job on a thread that is free, or on a new one; gives it back where no thread can be started.
    fn run(&self, mut job: Job) -> Result<(), Job> {
        let idle = lock(&self.0).threads.pop();
        if let Some((_, thread)) = idle {
            match thread.send(job) {
                Ok(()) => return Ok(()),
                Err(back) => job = back.0,
            }
        }
        let number = {
            let mut idle = lock(&self.0);
            idle.started += 1;
            idle.started
        };
        let (sender, receiver) = channel();
        let pool = self.clone();
        let thread = std::thread::Builder::new().name(format!("blocking {number}"));
        let (own, first) = (sender.clone(), Arc::new(Mutex::new(Some(job))));
        let theirs = Arc::clone(&first);
        match thread.spawn(move || pool.serve(number, &own, &receiver, lock(&theirs).take())) {
            Ok(_) => Ok(()),
            Err(_) => lock(&first).take().map_or(Ok(()), Err),
        }
    }

    fn serve(&self, number: u64, own: &Sender<Job>, jobs: &Receiver<Job>, first: Option<Job>) {
        let mut next = first;
        while let Some(job) = next {
            job();
            lock(&self.0).threads.push((number, own.clone()));
            next = jobs.recv_timeout(STAY).ok().or_else(|| self.leave(number, jobs));
        }
    }

    /// Nothing came for a while: leaves, unless somebody has just chosen this thread.
    fn leave(&self, number: u64, jobs: &Receiver<Job>) -> Option<Job> {
        let mut idle = lock(&self.0);
        let before = idle.threads.len();
        idle.threads.retain(|&(other, _)| other != number);
        let chosen = idle.threads.len() == before;
        drop(idle);
        if chosen { jobs.recv().ok() } else { None }
    }
}

impl<V: Copy + Default + Send + 'static, B: Default + Send + 'static> Worker<V, B> {
    /// See [`crate::Runtime::outside`].
    pub(super) fn outside<T: Tracer>(&mut self, tr: &mut T, at: At, work: impl FnOnce() + Send + 'static) -> Step {
        let shared = Arc::clone(&self.shared);
        shared.external.fetch_add(1, Ordering::AcqRel);
        let clock = self.clock(at.clock);
        let entry = self.park(tr.ordinal(), at, clock, WaitReason::Io, 0);
        tr.emit(blocked(Kind::IoBegin), at.site, clock, 0, 0);
        let pool = shared.pool.clone();
        if let Err(job) = pool.run(Box::new(move || {
            work();
            shared.outside_ended(entry);
        })) {
            // No thread is to be had: this worker stands still for once.
            job();
        }
        self.parked(tr, at, entry);
        Step::Blocked
    }
}

impl<V: Copy + Default, B: Default> Shared<V, B> {
    /// The operation that a task is parked in is over, unless the task was cancelled meanwhile.
    fn outside_ended(&self, entry: Entry) {
        self.world.steadily(|| {
            let cell = self.tasks.at(entry.slot);
            if cell.wait().claim(entry.ticket) {
                let task = cell.claimed();
                task.resume = Resume::Waited;
                task.state = State::Ready;
                self.injector.push(entry.slot);
                // After the push: who reads 0 here finds the task.
                self.external.fetch_sub(1, Ordering::AcqRel);
            }
        });
        self.world.notify();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Barrier;

    #[test]
    fn as_many_jobs_as_there_are_run_at_once() {
        let (pool, all) = (Pool::default(), Arc::new(Barrier::new(9)));
        for _ in 0..8 {
            let all = Arc::clone(&all);
            assert!(
                pool.run(Box::new(move || {
                    all.wait();
                }))
                .is_ok()
            );
        }
        // Would wait for ever if a job had to wait for another.
        all.wait();
    }

    #[test]
    fn a_thread_that_is_free_is_used_again() {
        let pool = Pool::default();
        for round in 0..50 {
            let (done, wait) = channel();
            assert!(pool.run(Box::new(move || done.send(round).unwrap_or(()))).is_ok());
            assert_eq!(wait.recv(), Ok(round));
            while lock(&pool.0).threads.is_empty() {
                std::thread::yield_now();
            }
        }
        assert_eq!(lock(&pool.0).started, 1);
    }
}
