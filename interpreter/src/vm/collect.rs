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
        let (heap, code, marks) = (&mut self.heap, &self.code, &mut self.marks);
        let (globals, values, constants) = (&self.globals, &mut self.global_values, &self.constants);
        let collected = self.sched.frozen(|sched| {
            if E::PARALLEL && !heap.should_collect() {
                // Another machine was quicker.
                return None;
            }
            globals.copy_to(values);
            let collected = mark::collect(heap, sched, code, Roots { globals: values, constants }, marks);
            if E::STEP {
                mark::forget_freed(sched, code, marks);
            }
            Some(collected)
        });
        let Some(collected) = collected else { return Ok(()) };
        if E::Tracer::RACES {
            self.forget_freed_places();
        }
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
        if E::PARALLEL {
            // The world is not stopped for this: the runtime weighs itself.
            if let Some(bytes) = self.sched.weigh() {
                self.heap.weigh(bytes);
            }
            return;
        }
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
        let clock = self.sched.stamp(self.clock);
        let (heap, code, marks) = (&self.heap, &self.code, &mut self.marks);
        let (globals, values) = (&self.globals, &mut self.global_values);
        let found = self.sched.frozen(|sched| {
            globals.copy_to(values);
            sched.scan(&mut Marker::new(heap, code, values, marks), clock)
        });
        for finding in found {
            let mut findings = self.common.findings();
            let site = finding.tasks.first().and_then(|task| task.stack.first()).map_or(0, |site| site.0);
            let at = At { site, clock: self.clock };
            self.sched.finding_event(&mut self.tr, at, findings.len() as u32, &finding);
            findings.push(finding);
        }
    }
}
