//! When the machine collects garbage and looks for stuck tasks: both mark with [`super::mark`]. The running task is saved.

use super::engine::Engine;
use super::fault::Fault;
use super::machine::Machine;
use super::mark::{self, Marker, Roots};
use scheduler::{At, Runtime};
use tracer::event::Kind;
use tracer::finding::ObjectKind;
use tracer::record::Tracer;

impl<E: Engine> Machine<E> {
    /// Frees everything unreachable.
    ///
    /// # Errors
    /// When what is left is over the memory limit.
    #[cold]
    #[inline(never)]
    pub(super) fn collect_garbage(&mut self) -> Result<(), Fault> {
        let roots = Roots { globals: &self.globals, constants: &self.constants };
        let (heap, code, marks) = (&mut self.heap, &self.code, &mut self.marks);
        let collected = self.sched.frozen(|sched| mark::collect(heap, sched, code, roots, marks));
        let count = |n: usize| u32::try_from(n).unwrap_or(u32::MAX);
        let site = self.sched.task(self.running).body.pc;
        self.tr.emit(
            Kind::Collect as u8,
            site,
            self.sched.stamp(self.clock),
            count(collected.live),
            count(collected.freed),
        );
        self.heap.over_limit().map_or(Ok(()), Err)
    }

    /// To be called at the end of a slice: now and then weighs what the guest holds outside the heap. Buffers of channels grow
    /// without an allocation in the heap; without a look from time to time nothing would stop them.
    pub(super) fn weigh(&mut self) {
        let (heap, marks) = (&mut self.heap, &mut self.marks);
        self.sched.frozen(|sched| {
            if marks.weighing_due(sched.count(ObjectKind::Channel)) {
                heap.weigh(sched.bytes());
            }
        });
    }

    /// Looks for tasks that are stuck for good; each finding is recorded as an event.
    #[cold]
    #[inline(never)]
    pub(super) fn scan(&mut self) {
        let mut marker = Marker::new(&self.heap, &self.code, &self.globals, &mut self.marks);
        let clock = self.sched.stamp(self.clock);
        for finding in self.sched.frozen(|sched| sched.scan(&mut marker, clock)) {
            let number = self.findings.len() as u32;
            let site = finding.tasks.first().and_then(|task| task.stack.first()).map_or(0, |site| site.0);
            self.sched.finding_event(&mut self.tr, At { site, clock: self.clock }, number, &finding);
            self.findings.push(finding);
        }
    }
}
