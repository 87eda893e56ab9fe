//! The brake: how a watcher pauses, steps and slows a running program.
//!
//! A recorder at full speed looks only at one relaxed flag, and only at [`crate::record::Tracer::poll`] and when a chunk
//! is full. While the program is paused, stepped or slowed, the recorder's limit is lowered so that every event (or
//! every small batch of events) takes the cold path, which waits here. A wait ends at once when the watcher says
//! resume or quit.
//!
//! Several workers share one control, each with a [`Seat`]. They never wait in the middle of an operation: while the watcher
//! wants to brake, their slices are one operation long, and they wait between two of them. A step lets each worker go on to
//! its next event; a rate is that of all workers together.

use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering::Relaxed};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// Numbers for a header line.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ControlStats {
    /// Events handed over so far.
    pub events: u64,
    /// Events that a bounded sink had to drop.
    pub dropped: u64,
    /// Whether the recorder waits for the watcher right now (pause, step).
    pub waiting: bool,
}

#[derive(Debug, Default)]
struct Wanted {
    paused: bool,
    steps: u64,
    /// Steps since the pause began, and how many pauses there were: each of several workers counts for itself.
    steps_each: u64,
    pauses: u64,
    /// Events per second; 0 is unlimited.
    rate: u64,
    quit: bool,
    /// When the next batch is due under a rate limit.
    due: Option<Instant>,
}

/// Shared between a recorder and its watcher.
#[derive(Debug, Default)]
pub struct Control {
    wanted: Mutex<Wanted>,
    changed: Condvar,
    /// Counts requests. A recorder remembers up to where it has seen them.
    requests: AtomicU64,
    /// Whether several workers should stop after each operation.
    braked: AtomicBool,
    quit: AtomicBool,
    waiting: AtomicU32,
    events: AtomicU64,
    dropped: AtomicU64,
}

/// What one of several workers has used of what it was granted.
#[derive(Debug, Default)]
pub(crate) struct Seat {
    /// The pause during which `taken` steps were done.
    pause: u64,
    taken: u64,
    /// Events left under a rate limit; an operation may record more than one, so it may be overdrawn.
    left: i64,
}

impl Seat {
    /// Notes events that were recorded since the last time, and whether the worker may go on.
    fn may_go(&mut self, wanted: &Wanted, events: u64) -> bool {
        if wanted.quit {
            return true;
        }
        if wanted.paused {
            self.left = 0;
            if self.pause != wanted.pauses {
                (self.pause, self.taken) = (wanted.pauses, 0);
            } else if events > 0 {
                self.taken = (self.taken + 1).min(wanted.steps_each);
            }
            return self.taken < wanted.steps_each;
        }
        if wanted.rate == 0 {
            self.left = 0;
            return true;
        }
        self.left = self.left.saturating_sub_unsigned(events);
        self.left > 0
    }
}

/// How far a recorder may go on before it asks again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Grant {
    /// Until its chunk is full.
    Free,
    /// This many events.
    Events(u64),
}

/// Batches a second under a rate limit: slow rates go event by event, fast ones a frame's worth at once.
const BATCHES_A_SECOND: u64 = 60;

impl Control {
    /// Full speed, nobody has asked for anything.
    pub fn new() -> Self {
        Self::default()
    }

    /// A run that stops before its first event, to be stepped or resumed by the watcher.
    pub fn new_paused() -> Self {
        let control = Self::default();
        control.pause();
        control
    }

    fn lock(&self) -> MutexGuard<'_, Wanted> {
        self.wanted.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn change(&self, change: impl FnOnce(&mut Wanted)) {
        let mut wanted = self.lock();
        change(&mut wanted);
        self.braked.store((wanted.paused || wanted.rate > 0) && !wanted.quit, Relaxed);
        self.requests.fetch_add(1, Relaxed);
        self.changed.notify_all();
    }

    /// Stops the program at its next slice end or event.
    pub fn pause(&self) {
        self.change(|wanted| {
            wanted.pauses += 1;
            wanted.paused = true;
            wanted.steps = 0;
            wanted.steps_each = 0;
        });
    }

    /// Lets it go on, at the rate set.
    pub fn resume(&self) {
        self.change(|wanted| {
            wanted.paused = false;
            wanted.steps = 0;
            wanted.due = None;
        });
    }

    /// While paused: lets `events` more events happen, on each of several workers. Steps add up.
    pub fn step(&self, events: u64) {
        self.change(|wanted| {
            if wanted.paused {
                wanted.steps = wanted.steps.saturating_add(events);
                wanted.steps_each = wanted.steps_each.saturating_add(events);
            }
        });
    }

    /// Events per second from now on, 0 for unlimited.
    pub fn set_rate(&self, events_per_second: u64) {
        self.change(|wanted| {
            wanted.rate = events_per_second;
            wanted.due = None;
        });
    }

    /// The rate set; 0 is unlimited.
    pub fn rate(&self) -> u64 {
        self.lock().rate
    }

    /// The watcher leaves: the recorder never waits again, and the engine should stop at its next look at
    /// [`crate::record::Tracer::quit`].
    pub fn quit(&self) {
        self.quit.store(true, Relaxed);
        self.change(|wanted| wanted.quit = true);
    }

    /// Whether the watcher has left.
    pub fn is_quit(&self) -> bool {
        self.quit.load(Relaxed)
    }

    /// Whether the program is paused (stepping counts as paused).
    pub fn is_paused(&self) -> bool {
        self.lock().paused
    }

    /// Asks the recorder to hand over what it has at its next slice end; a watcher calls it once a frame.
    pub fn refresh(&self) {
        self.requests.fetch_add(1, Relaxed);
    }

    /// Numbers for the watcher.
    pub fn stats(&self) -> ControlStats {
        ControlStats {
            events: self.events.load(Relaxed),
            dropped: self.dropped.load(Relaxed),
            waiting: self.waiting.load(Relaxed) > 0,
        }
    }

    pub(crate) fn handed_over(&self, events: u64) {
        self.events.fetch_add(events, Relaxed);
    }

    pub(crate) fn dropped(&self, events: u64) {
        self.dropped.fetch_add(events, Relaxed);
    }

    /// How many requests there were. A recorder that has seen fewer should attend to them.
    #[inline(always)]
    pub(crate) fn requests(&self) -> u64 {
        self.requests.load(Relaxed)
    }

    /// Whether several workers should stop after each operation.
    #[inline(always)]
    pub(crate) fn is_braked(&self) -> bool {
        self.braked.load(Relaxed)
    }

    /// For the only worker: waits as long as the watcher wants, and says how far the recorder may go then. What was asked
    /// for meanwhile has been `seen`.
    pub(crate) fn heed(&self, seen: &mut u64) -> Grant {
        let mut wanted = self.lock();
        let grant = loop {
            if wanted.quit {
                break Grant::Free;
            }
            if wanted.paused {
                if wanted.steps > 0 {
                    wanted.steps -= 1;
                    break Grant::Events(1);
                }
                wanted = self.sleep(wanted, None);
                continue;
            }
            if wanted.rate == 0 {
                break Grant::Free;
            }
            match wanted.batch() {
                Ok(batch) => break Grant::Events(batch),
                Err(left) => wanted = self.sleep(wanted, Some(left)),
            }
        };
        // Requests are made with the lock, so that none is taken for seen that comes after the grant.
        *seen = self.requests();
        grant
    }

    /// For one of several workers, which has recorded this many events since it last asked: whether it may go on.
    pub(crate) fn may_go(&self, seat: &mut Seat, events: u64) -> bool {
        seat.may_go(&self.lock(), events)
    }

    /// For one of several workers: waits until it may go on.
    pub(crate) fn sit(&self, seat: &mut Seat) {
        let mut wanted = self.lock();
        while !seat.may_go(&wanted, 0) {
            if wanted.paused {
                wanted = self.sleep(wanted, None);
                continue;
            }
            match wanted.batch() {
                Ok(batch) => seat.left = seat.left.saturating_add_unsigned(batch),
                Err(left) => wanted = self.sleep(wanted, Some(left)),
            }
        }
    }

    /// Waits for a change, or as long as that.
    fn sleep<'a>(&'a self, wanted: MutexGuard<'a, Wanted>, limit: Option<Duration>) -> MutexGuard<'a, Wanted> {
        // A worker that only keeps a rate is not said to wait: it goes on by itself.
        let Some(limit) = limit else {
            self.waiting.fetch_add(1, Relaxed);
            let wanted = self.changed.wait(wanted).unwrap_or_else(PoisonError::into_inner);
            self.waiting.fetch_sub(1, Relaxed);
            return wanted;
        };
        self.changed.wait_timeout(wanted, limit).unwrap_or_else(PoisonError::into_inner).0
    }
}

impl Wanted {
    /// Under a rate limit: the next batch of events, or how long until it is due.
    #[expect(clippy::disallowed_methods, reason = "slow motion for a human watcher; never changes what a run does")]
    fn batch(&mut self) -> Result<u64, Duration> {
        let now = Instant::now();
        let batch = (self.rate / BATCHES_A_SECOND).max(1);
        let interval = Duration::from_nanos(batch.saturating_mul(1_000_000_000) / self.rate.max(1));
        let due = *self.due.get_or_insert(now + interval);
        if now < due {
            return Err(due - now);
        }
        // A recorder that fell behind does not catch up in a burst.
        self.due = Some((due + interval).max(now));
        Ok(batch)
    }
}
