//! The brake: how a watcher pauses, steps and slows a running program.
//!
//! A recorder at full speed looks only at one relaxed flag, and only at [`crate::record::Tracer::poll`] and when a chunk
//! is full. While the program is paused, stepped or slowed, the recorder's limit is lowered so that every event (or
//! every small batch of events) takes the cold path, which waits here. A wait ends at once when the watcher says
//! resume or quit.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};
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
    attention: AtomicBool,
    quit: AtomicBool,
    waiting: AtomicBool,
    events: AtomicU64,
    dropped: AtomicU64,
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
        change(&mut self.lock());
        self.attention.store(true, Relaxed);
        self.changed.notify_all();
    }

    /// Stops the program at its next slice end or event.
    pub fn pause(&self) {
        self.change(|wanted| {
            wanted.paused = true;
            wanted.steps = 0;
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

    /// While paused: lets `events` more events happen. Steps add up.
    pub fn step(&self, events: u64) {
        self.change(|wanted| {
            if wanted.paused {
                wanted.steps = wanted.steps.saturating_add(events);
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
        self.attention.store(true, Relaxed);
    }

    /// Numbers for the watcher.
    pub fn stats(&self) -> ControlStats {
        ControlStats {
            events: self.events.load(Relaxed),
            dropped: self.dropped.load(Relaxed),
            waiting: self.waiting.load(Relaxed),
        }
    }

    pub(crate) fn handed_over(&self, events: u64) {
        self.events.fetch_add(events, Relaxed);
    }

    pub(crate) fn dropped(&self, events: u64) {
        self.dropped.fetch_add(events, Relaxed);
    }

    /// Whether something has been asked for since the last [`Control::heed`].
    #[inline(always)]
    pub(crate) fn wants_attention(&self) -> bool {
        self.attention.load(Relaxed)
    }

    /// Waits as long as the watcher wants, and says how far the recorder may go then.
    #[expect(clippy::disallowed_methods, reason = "slow motion for a human watcher; never changes what a run does")]
    pub(crate) fn heed(&self) -> Grant {
        let mut wanted = self.lock();
        self.attention.store(false, Relaxed);
        let grant = loop {
            if wanted.quit {
                break Grant::Free;
            }
            if wanted.paused {
                if wanted.steps > 0 {
                    wanted.steps -= 1;
                    break Grant::Events(1);
                }
                self.waiting.store(true, Relaxed);
                wanted = self.changed.wait(wanted).unwrap_or_else(PoisonError::into_inner);
                continue;
            }
            if wanted.rate == 0 {
                break Grant::Free;
            }
            let now = Instant::now();
            let batch = (wanted.rate / BATCHES_A_SECOND).max(1);
            let interval = Duration::from_nanos(batch.saturating_mul(1_000_000_000) / wanted.rate);
            let due = *wanted.due.get_or_insert(now + interval);
            if now >= due {
                // A recorder that fell behind does not catch up in a burst.
                wanted.due = Some((due + interval).max(now));
                break Grant::Events(batch);
            }
            wanted = self.changed.wait_timeout(wanted, due - now).unwrap_or_else(PoisonError::into_inner).0;
        };
        self.waiting.store(false, Relaxed);
        // What was asked for while waiting has been seen.
        self.attention.store(false, Relaxed);
        grant
    }
}
