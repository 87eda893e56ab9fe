//! Who is stuck: findings about tasks that nothing can ever wake.
//!
//! A task is *live* if it can run, sleeps, or is in an I/O operation. A parked task is live too if its wait can still come
//! to an end because of a live task or a pending timer; [`live`] has the rule of every primitive. Whatever is left when no
//! further task can be found live is stuck for good: no live task can reach what the stuck ones wait for, so no step of
//! the program can ever wake them. That covers rings of locks, orphaned receivers, groups of tasks that only wait for each
//! other, and all mixtures, while the rest of the program runs on.
//!
//! "Reach" is the exact marking of the garbage collector, done by the interpreter behind [`Reach`].
//!
//! When: a scan costs about as much as a small collection, so it is not done at every event of a long run. At first, up to
//! an allowance, every park and every end is followed by a scan, so that in small programs the finding comes at the very
//! event that closes it. Later a scan waits until the program has executed a multiple of the ticks that the last one cost.
//! The ring of lock owners is walked at every park ([`chain`]), and calls for a scan at once when it is closed. As nothing
//! here depends on the wall clock, the same run makes the same scans. A finding made late still names the event that
//! closed it: the newest of the events with which its tasks were parked, or the end of the partner that is missing.

mod chain;
mod evidence;
mod groups;
mod live;

use crate::outcome::At;
use crate::scheduler::Scheduler;
use crate::task::flag;
use tracer::event::{Kind, Site};
use tracer::finding::{Finding, ObjectKind, Verdict};
use tracer::record::Tracer;

/// What the interpreter can tell about reachability: the same exact marking as the garbage collector's, from chosen tasks
/// instead of from all. It gets the scheduler with each call, because whoever scans holds it.
pub trait Reach<V, B> {
    /// Forgets all marks; with `globals` the program's globals are marked again.
    fn begin(&mut self, scheduler: &Scheduler<V, B>, globals: bool);

    /// Marks everything that a task can reach: its registers and its values in flight ([`Scheduler::in_flight`]), and
    /// from there through the heap, through objects ([`Scheduler::children`]) and through futures (the result of an ended
    /// task is its value in flight; a task that has not ended is marked itself, but not what it reaches).
    fn add_task(&mut self, scheduler: &Scheduler<V, B>, slot: u32);

    /// Whether an object is marked.
    fn reached(&self, kind: ObjectKind, slot: u32) -> bool;

    /// Whether a future of this task is marked.
    fn reached_task(&self, slot: u32) -> bool;

    /// Things marked since `begin`: what the scan has cost.
    fn cost(&self) -> u64;

    /// Where a parked task stands, innermost call first.
    fn stack(&self, scheduler: &Scheduler<V, B>, slot: u32) -> Vec<Site>;
}

/// Cost of scans that is spent without asking whether it pays; a unit is a task looked at or a thing marked.
const ALLOWANCE: u64 = 1 << 19;

/// What a scan costs however small the program.
const SCAN: u64 = 64;

/// Ticks that the program must execute for each unit that a scan cost before the next one. A unit takes two or three times
/// as long as a tick, so scans take a few per cent of a long run.
const TICKS_PER_UNIT: u64 = 64;

/// Ticks that a jump of time counts for: a program that mostly sleeps should not wait for its findings.
const TICKS_PER_IDLE: u64 = 1 << 15;

/// State of the detection.
#[derive(Clone, Debug, Default)]
pub(crate) struct Detector {
    /// Executed ticks before which no further scan is due.
    next_scan: u64,
    /// Cost of all scans so far.
    spent: u64,
    /// The last scan found nothing live: no task will ever run again, whatever timers are pending.
    pub(crate) hopeless: bool,
}

impl Detector {
    /// Time jumps to the next timer.
    pub(crate) fn idled(&mut self) {
        self.next_scan = self.next_scan.saturating_sub(TICKS_PER_IDLE);
    }

    /// The next park or end should be followed by a scan, whatever it costs.
    fn hurry(&mut self) {
        self.next_scan = 0;
    }

    fn scanned(&mut self, executed: u64, cost: u64) {
        let cost = cost.saturating_add(SCAN);
        self.spent = self.spent.saturating_add(cost);
        self.next_scan =
            if self.spent <= ALLOWANCE { 0 } else { executed.saturating_add(cost.saturating_mul(TICKS_PER_UNIT)) };
    }
}

impl<V: Copy + Default, B: Default> Scheduler<V, B> {
    /// Whether the caller should scan for stuck tasks now: to be asked after each operation that parked a task, after each
    /// end of a task and at [`crate::Next::Idle`], once the state of the task is saved.
    #[inline(always)]
    pub fn scan_due(&self, clock: u64) -> bool {
        self.core.dirty && clock.wrapping_sub(self.time.slept()) >= self.detector.next_scan
    }

    /// Looks for tasks that are stuck for good and were not reported before. To be called when [`Scheduler::scan_due`] says
    /// so, and at [`crate::Next::Stuck`] in any case. Verdicts are provisional until [`Scheduler::settle`].
    pub fn scan(&mut self, reach: &mut impl Reach<V, B>, clock: u64) -> Vec<Finding> {
        self.core.dirty = false;
        let seen = live::live_set(self, reach);
        for &(slot, partner) in &seen.partners {
            self.core.tasks[slot].partner = partner;
        }
        let mut cost = seen.cost + reach.cost();
        self.detector.hopeless = seen.nothing_live;
        let fresh: Vec<u32> =
            seen.stuck.iter().copied().filter(|&slot| !self.core.tasks[slot].has(flag::REPORTED)).collect();
        let mut findings = Vec::new();
        if !fresh.is_empty() {
            findings = evidence::findings(self, reach, &seen.stuck, &fresh);
            cost += reach.cost();
            for slot in fresh {
                self.core.tasks[slot].flags |= flag::REPORTED;
            }
        }
        self.detector.scanned(clock.wrapping_sub(self.time.slept()), cost);
        findings
    }

    /// Records that a finding was made: its number in the caller's list and the task that it is about.
    pub fn finding_event<T: Tracer>(&mut self, tr: &mut T, at: At, number: u32, finding: &Finding) {
        let task = finding.culprit.or(finding.tasks.first().map(|blocked| blocked.task));
        tr.emit(Kind::Finding as u8, at.site, at.clock, number, task.map_or(0, |task| task.id.0));
    }

    /// At the end of a run: stuck tasks are a deadlock if `main` is among those that never end, otherwise a leak. Findings
    /// of other kinds keep their verdict.
    pub fn settle(&self, findings: &mut [Finding]) {
        let verdict = if self.core.main_ended { Verdict::Leak } else { Verdict::Deadlock };
        for finding in findings {
            if matches!(finding.verdict, Verdict::Deadlock | Verdict::Leak) {
                finding.verdict = verdict;
            }
        }
    }
}
