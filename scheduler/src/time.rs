//! Time as the guest sees it, and how it passes when nothing can run.
//!
//! Under a seed time is virtual: computing takes none, and it jumps straight to the next timer when no task can run.
//! Without one it is the wall's; this file is the only place of the crate that reads it. The trace clock is another thing
//! in both: ticks of budget plus the time slept, so it never goes back and orders all events of a run.

use crate::scheduler::Scheduler;
use std::time::{Duration, Instant};
use tracer::record::Tracer;

/// Where time comes from.
#[derive(Clone, Copy, Debug)]
pub enum TimeSource {
    /// It passes only when nothing can run.
    Virtual {
        /// Nanoseconds slept so far.
        now: u64,
    },
    /// It passes by itself.
    Real {
        /// When the run began.
        start: Instant,
        /// Nanoseconds slept so far, as they are part of the trace clock.
        slept: u64,
    },
}

/// The end of time: deadlines are cut to it, so that the sum of time slept and ticks executed always fits the trace clock.
/// In nanoseconds that is 146 years.
pub(crate) const FAR: u64 = 1 << 62;

/// The longest sleep of the host between two looks at the stop flag.
const STEP: Duration = Duration::from_millis(2);

impl TimeSource {
    /// Virtual time, from 0.
    pub fn virtual_time() -> Self {
        TimeSource::Virtual { now: 0 }
    }

    /// Real time, from now on.
    #[expect(clippy::disallowed_methods, reason = "the one place where a run in real time gets its time from")]
    pub fn real_time() -> Self {
        TimeSource::Real { start: Instant::now(), slept: 0 }
    }

    /// Nanoseconds since the run began.
    pub fn now(&self) -> u64 {
        match self {
            TimeSource::Virtual { now } => *now,
            TimeSource::Real { start, .. } => start.elapsed().as_nanos() as u64,
        }
    }

    /// Nanoseconds of the trace clock that were slept, not computed.
    pub fn slept(&self) -> u64 {
        match self {
            TimeSource::Virtual { now } => *now,
            TimeSource::Real { slept, .. } => *slept,
        }
    }
}

impl<V: Copy + Default, B: Default> Scheduler<V, B> {
    /// The guest's time: nanoseconds since the run began.
    pub fn now(&self) -> u64 {
        self.time.now()
    }

    /// The point in time that is this many nanoseconds from now.
    pub(crate) fn deadline(&self, nanoseconds: u64) -> u64 {
        self.now().saturating_add(nanoseconds).min(FAR)
    }

    /// After [`crate::Next::Idle`]: lets time pass until the next timer, moves the trace clock on and fires what is due. In
    /// real time it sleeps in small steps and asks `interrupted` between them (stop flags, ended I/O operations), giving
    /// up when that says so.
    pub fn pass_time<T: Tracer>(&mut self, tr: &mut T, clock: &mut u64, mut interrupted: impl FnMut() -> bool) {
        self.detector.idled();
        if self.detector.hopeless {
            // Whatever timers are pending wake nobody: `next_task` says `Stuck` now.
            return;
        }
        let deadline = self.next_deadline();
        match &mut self.time {
            TimeSource::Virtual { now } => {
                let Some(deadline) = deadline else { return };
                let passed = deadline.saturating_sub(*now);
                *now += passed;
                *clock += passed;
            }
            TimeSource::Real { start, slept } => {
                tr.idle(*clock);
                let began = start.elapsed();
                let until = deadline.map(Duration::from_nanos);
                loop {
                    let now = start.elapsed();
                    let left = until.map_or(STEP, |until| until.saturating_sub(now));
                    if left.is_zero() || interrupted() {
                        break;
                    }
                    std::thread::sleep(left.min(STEP));
                }
                let passed = start.elapsed().saturating_sub(began).as_nanos() as u64;
                *slept += passed;
                *clock = tr.awake(*clock + passed);
            }
        }
        let now = self.now();
        self.fire_due(tr, *clock, now);
    }

    /// In real time timers fire while tasks run, too: looked at now and then.
    pub(crate) fn poll_time<T: Tracer>(&mut self, tr: &mut T, clock: u64) {
        if matches!(self.time, TimeSource::Real { .. }) && self.timer_pending() {
            let now = self.now();
            self.fire_due(tr, clock, now);
        }
    }
}
