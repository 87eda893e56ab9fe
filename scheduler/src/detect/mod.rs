//! Findings about stuck tasks.
//!
//! A task is stuck when nothing that still runs can ever wake it. See `scan` for the rules.

use crate::outcome::At;
use crate::scheduler::Scheduler;
use tracer::event::{Kind, Site};
use tracer::finding::{Finding, ObjectKind};
use tracer::record::Tracer;

/// What the interpreter can tell about reachability: the same exact marking as the garbage collector's, from chosen tasks
/// instead of from all. It gets the scheduler with each call, because whoever scans holds it.
pub trait Reach<V, B> {
    /// Forgets all marks; with `globals` the program's globals are marked again.
    fn begin(&mut self, scheduler: &Scheduler<V, B>, globals: bool);

    /// Marks everything that a task can reach: its registers and its values in flight ([`Scheduler::in_flight`]), and
    /// from there through the heap and through objects ([`Scheduler::children`]).
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

/// State of the detection.
#[derive(Clone, Debug, Default)]
pub struct Detector {
    /// Executed ticks before which no further scan is due.
    next_scan: u64,
}

impl Detector {
    pub(crate) fn idled(&mut self) {}
}

impl<V: Copy + Default, B: Default> Scheduler<V, B> {
    /// Whether the caller should scan for stuck tasks now: to be asked after each operation that parked a task and after
    /// each end of a task, once the state of the task is saved.
    #[inline(always)]
    pub fn scan_due(&self, clock: u64) -> bool {
        self.core.dirty && clock - self.time.slept() >= self.detector.next_scan
    }

    /// Looks for tasks that are stuck for good and were not reported before.
    pub fn scan(&mut self, reach: &mut impl Reach<V, B>, clock: u64) -> Vec<Finding> {
        let _ = (reach, clock);
        self.core.dirty = false;
        Vec::new()
    }

    /// Records that a finding was made: its number in the caller's list and the task that it is about.
    pub fn finding_event<T: Tracer>(&mut self, tr: &mut T, at: At, number: u32, finding: &Finding) {
        let task = finding.culprit.or(finding.tasks.first().map(|blocked| blocked.task));
        tr.emit(Kind::Finding as u8, at.site, at.clock, number, task.map_or(0, |task| task.id.0));
    }

    pub(crate) fn check_chain(&mut self) {}
}
