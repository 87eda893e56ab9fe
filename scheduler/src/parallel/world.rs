//! Who runs, who is idle, and stopping the world.
//!
//! Every worker is *running* (it may touch tasks and objects), *idle* (it found nothing to do and sleeps) or *away* (it waits for
//! something outside: a watcher who has paused the program). One mutex guards these states; the fast paths look at two atomics only.
//!
//! **No wake-up is lost.** A worker that has made work visible to others ([`World::notify`]) first publishes the work, then looks whether
//! anybody is idle; a worker that goes idle first counts itself as idle, then looks once more for work; a sequentially consistent fence
//! stands between the two steps on both sides. So either the first sees the second, or the second sees the work. A worker that is
//! still searching counts as one that will see the work: nobody is woken then.
//!
//! **Stopping.** The stopper sets `stopping`, and waits until it is the only worker that runs. Running workers come here at their next
//! safepoint and wait; idle and away ones may not run again before the world goes on. Stopping is exclusive.
//!
//! **Quiet.** The last worker to go idle decides what that means, and nobody else runs before it has: one that sleeps until a timer is due may
//! wake meanwhile, and would take the timer out of the decider's sight.

use super::sync::{AtomicBool, AtomicU32, Condvar, Mutex, MutexGuard, Ordering, fence, lock, wait};
use std::time::Duration;

/// The states of all workers.
#[derive(Debug)]
pub struct World {
    /// Set while somebody wants all workers to come to a safepoint: the world is to stop, or the run is over.
    attention: AtomicBool,
    idle: AtomicU32,
    searching: AtomicU32,
    state: Mutex<State>,
    /// The stopper waits here for the others, and whoever waits for the world to go on.
    changed: Condvar,
    /// A place to sleep for each worker.
    beds: Box<[Condvar]>,
    /// So many workers are awake at most: more than twice the cores only get into each other's way. Work that nobody is woken for is found by those
    /// who are awake, at the latest when they have none of their own.
    most_awake: usize,
}

#[derive(Debug, Default)]
struct State {
    /// Those who wait in [`World::safepoint`] included: they have work in hand.
    running: u32,
    /// How many of these wait there.
    halted: u32,
    away: u32,
    stopping: bool,
    /// A worker was told [`Parked::Quiet`] and has not decided yet.
    deciding: bool,
    over: bool,
    /// Idle workers; the last to come is the first to be woken, its caches are warm.
    idle: Vec<u32>,
    /// Those of them who have been woken and have not noticed yet, and calls that came while nobody was idle.
    woken: Vec<bool>,
}

/// Why an idle worker goes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Parked {
    /// There may be work.
    Woken,
    /// Nobody runs: this worker is the last. It is not idle now; it decides what that means, and then parks again, or calls
    /// [`World::decided`] or [`World::finish`].
    Quiet,
    /// The run is over.
    Over,
}

impl World {
    /// A world of workers that all run.
    pub fn new(workers: u32) -> Self {
        let state = State { running: workers, woken: vec![false; workers as usize], ..State::default() };
        Self {
            attention: AtomicBool::new(false),
            idle: AtomicU32::new(0),
            searching: AtomicU32::new(0),
            state: Mutex::new(state),
            changed: Condvar::new(),
            beds: (0..workers).map(|_| Condvar::new()).collect(),
            most_awake: workers as usize,
        }
    }

    /// Sets how many workers are awake at most.
    pub fn with_most_awake(mut self, most: usize) -> Self {
        self.most_awake = most;
        self
    }

    /// Whether a worker should come to [`World::safepoint`].
    #[inline(always)]
    pub fn wants_attention(&self) -> bool {
        self.attention.load(Ordering::Relaxed)
    }

    /// To be called by a running worker that touches nothing: waits while the world is stopped. Says whether the run is over.
    pub fn safepoint(&self) -> bool {
        let mut state = lock(&self.state);
        state = self.halt(state);
        state.over
    }

    /// Waits while the world is stopped.
    fn halt<'a>(&self, mut state: MutexGuard<'a, State>) -> MutexGuard<'a, State> {
        if state.stopping {
            state.halted += 1;
            self.changed.notify_all();
            while state.stopping {
                state = wait(&self.changed, state);
            }
            state.halted -= 1;
        }
        state
    }

    /// Ends the run: every worker learns of it at its next safepoint or at once, if it is idle.
    pub fn finish(&self) {
        let mut state = lock(&self.state);
        state.over = true;
        state.deciding = false;
        self.attention.store(true, Ordering::Relaxed);
        self.changed.notify_all();
        self.beds.iter().for_each(Condvar::notify_all);
    }

    /// The worker that was told [`Parked::Quiet`] goes on running.
    pub fn decided(&self) {
        lock(&self.state).deciding = false;
        self.changed.notify_all();
    }

    /// A running worker leaves for good.
    pub fn retire(&self) {
        lock(&self.state).running -= 1;
        self.changed.notify_all();
    }

    /// Whether the run is over.
    pub fn is_over(&self) -> bool {
        self.wants_attention() && lock(&self.state).over
    }

    /// Runs `work` while no other worker does. The caller is a running worker that touches nothing else meanwhile.
    pub fn stopped<R>(&self, work: impl FnOnce() -> R) -> R {
        let mut state = lock(&self.state);
        while state.stopping {
            state = self.halt(state);
        }
        state.stopping = true;
        self.attention.store(true, Ordering::Relaxed);
        while state.running - state.halted > 1 {
            state = wait(&self.changed, state);
        }
        drop(state);
        // The world must go on even if the work panics.
        struct GoOn<'a>(&'a World);
        impl Drop for GoOn<'_> {
            fn drop(&mut self) {
                let mut state = lock(&self.0.state);
                state.stopping = false;
                self.0.attention.store(state.over, Ordering::Relaxed);
                self.0.changed.notify_all();
            }
        }
        let _go_on = GoOn(self);
        work()
    }

    /// Runs `work` on a thread that is no worker, while the world is not stopped and cannot be.
    pub fn steadily(&self, work: impl FnOnce()) {
        let mut state = lock(&self.state);
        while state.stopping {
            state = wait(&self.changed, state);
        }
        work();
    }

    /// A running worker waits for something outside; the world may be stopped meanwhile.
    pub fn away<R>(&self, outside: impl FnOnce() -> R) -> R {
        {
            let mut state = lock(&self.state);
            state.running -= 1;
            state.away += 1;
            self.changed.notify_all();
        }
        let result = outside();
        let mut state = lock(&self.state);
        while state.stopping {
            state = wait(&self.changed, state);
        }
        state.running += 1;
        state.away -= 1;
        result
    }

    /// Work was published that any worker may take: wakes one, unless one is looking for work already; says whether.
    #[inline(always)]
    pub fn notify(&self) -> bool {
        fence(Ordering::SeqCst);
        let wanted = self.idle.load(Ordering::Relaxed) != 0 && self.searching.load(Ordering::Relaxed) == 0;
        if wanted {
            self.wake_one();
        }
        wanted
    }

    /// Wakes an idle worker, unless enough are awake.
    #[cold]
    #[inline(never)]
    pub fn wake_one(&self) {
        let mut state = lock(&self.state);
        if self.beds.len() - state.idle.len() >= self.most_awake {
            return;
        }
        if let Some(worker) = state.idle.pop() {
            self.idle.store(state.idle.len() as u32, Ordering::Relaxed);
            state.woken[worker as usize] = true;
            self.beds[worker as usize].notify_one();
        }
    }

    /// A worker begins to look for work elsewhere; `false` if enough do. Ends with [`World::found`] or [`World::park`].
    pub fn search(&self, most: u32) -> bool {
        let before = self.searching.fetch_add(1, Ordering::SeqCst);
        if before >= most {
            self.searching.fetch_sub(1, Ordering::SeqCst);
        }
        before < most
    }

    /// A searching worker has found something; where it was the only one, another may begin, as there may be more.
    pub fn found(&self) {
        if self.searching.fetch_sub(1, Ordering::SeqCst) == 1 && self.idle.load(Ordering::Relaxed) != 0 {
            self.wake_one();
        }
    }

    /// A searching worker gives up.
    pub fn gave_up(&self) {
        self.searching.fetch_sub(1, Ordering::SeqCst);
    }

    /// Makes a running worker idle until it is woken, `timeout` has passed, or the run is over. `work` is asked once more, when the
    /// worker counts as idle already, whether there is anything to do. With `alone` the last worker does not sleep but is told.
    pub fn park(&self, worker: u32, work: impl FnOnce() -> bool, alone: bool, timeout: Option<Duration>) -> Parked {
        let mut state = lock(&self.state);
        state.woken[worker as usize] = false;
        state.deciding = false;
        state.idle.push(worker);
        self.idle.store(state.idle.len() as u32, Ordering::Relaxed);
        fence(Ordering::SeqCst);
        state.running -= 1;
        let outcome = if work() {
            self.changed.notify_all();
            Parked::Woken
        } else if alone && state.running == 0 && state.away == 0 && !state.stopping {
            Parked::Quiet
        } else {
            self.changed.notify_all();
            state = self.sleep(worker, state, timeout);
            if state.over { Parked::Over } else { Parked::Woken }
        };
        state.idle.retain(|&other| other != worker);
        self.idle.store(state.idle.len() as u32, Ordering::Relaxed);
        while state.stopping || state.deciding {
            state = wait(&self.changed, state);
        }
        state.deciding = outcome == Parked::Quiet;
        state.running += 1;
        outcome
    }

    fn sleep<'a>(
        &self,
        worker: u32,
        mut state: MutexGuard<'a, State>,
        timeout: Option<Duration>,
    ) -> MutexGuard<'a, State> {
        let bed = &self.beds[worker as usize];
        while !state.woken[worker as usize] && !state.over {
            #[cfg(not(loom))]
            if let Some(timeout) = timeout {
                // Woken early is harmless: the caller looks at the clock again.
                return bed.wait_timeout(state, timeout).unwrap_or_else(|poisoned| poisoned.into_inner()).0;
            }
            let _ = timeout;
            state = wait(bed, state);
        }
        state
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;
    use std::sync::atomic::AtomicU64;

    #[test]
    fn the_world_stops_exclusively_again_and_again() {
        let world = World::new(4);
        let (inside, outside) = (AtomicU64::new(0), AtomicU64::new(0));
        std::thread::scope(|scope| {
            for worker in 0..4 {
                let (world, inside, outside) = (&world, &inside, &outside);
                scope.spawn(move || {
                    for round in 0..500 {
                        if round % 4 == worker {
                            world.stopped(|| {
                                assert_eq!(inside.fetch_add(1, Ordering::SeqCst), 0);
                                assert_eq!(outside.load(Ordering::SeqCst), 0);
                                inside.fetch_sub(1, Ordering::SeqCst);
                            });
                        }
                        outside.fetch_add(1, Ordering::SeqCst);
                        assert_eq!(inside.load(Ordering::SeqCst), 0);
                        outside.fetch_sub(1, Ordering::SeqCst);
                        if world.wants_attention() {
                            world.safepoint();
                        }
                    }
                    // An idle worker does not hold up those who still stop the world.
                    while world.park(worker, || false, true, None) == Parked::Woken {}
                    world.finish();
                });
            }
        });
    }

    #[test]
    fn the_last_to_come_is_told_that_nobody_runs() {
        let world = World::new(1);
        assert_eq!(world.park(0, || false, true, None), Parked::Quiet);
        assert_eq!(world.park(0, || true, true, None), Parked::Woken);
        assert_eq!(world.park(0, || false, false, Some(Duration::from_millis(1))), Parked::Woken);
        world.finish();
        assert_eq!(world.park(0, || false, false, None), Parked::Over);
    }
}
