//! Workers: how long each ran tasks, how often it switched, how much it recorded.
//!
//! A worker runs a task from a switch on until the task blocks, is preempted, lets others run or ends. Between two tasks the
//! scheduler is at work: a gap shorter than [`SWITCHING`] counts as busy, as it does in the views.

use super::{Analysis, Known, Out};
use crate::event::Kind;
use crate::events::Event;
use crate::model::workers::SWITCHING;
use crate::profile::WorkerRow;

/// A worker.
#[derive(Clone, Copy, Default)]
pub(super) struct Worker {
    busy: u64,
    since: Option<u64>,
    until: Option<u64>,
    switches: u64,
    events: u64,
}

impl Worker {
    fn start(&mut self, time: u64) {
        if let Some(until) = self.until.take()
            && time.saturating_sub(until) <= SWITCHING
        {
            self.busy += time.saturating_sub(until);
        }
        self.since.get_or_insert(time);
    }

    fn stop(&mut self, time: u64) {
        if let Some(since) = self.since.take() {
            self.busy += time.saturating_sub(since);
            self.until = Some(time);
        }
    }
}

/// All workers, by number.
#[derive(Default)]
pub(super) struct Workers(Vec<Worker>);

impl Analysis for Workers {
    #[inline]
    fn event(&mut self, at: &Event, _known: &Known) {
        if at.kind.is_bookkeeping() {
            return;
        }
        let index = at.worker as usize;
        if index >= self.0.len() {
            self.0.resize(index + 1, Worker::default());
        }
        let worker = &mut self.0[index];
        worker.events += 1;
        match at.kind {
            Kind::Switch => {
                worker.switches += 1;
                if at.object == 0 { worker.stop(at.clock) } else { worker.start(at.clock) }
            }
            // A call that blocked its task has ended on the same worker.
            Kind::CallEnd | Kind::IoEnd => worker.start(at.clock),
            Kind::Preempt | Kind::Yield | Kind::TaskEnd => worker.stop(at.clock),
            _ if at.blocked => worker.stop(at.clock),
            _ => {}
        }
    }

    fn finish(mut self, known: &Known, out: &mut Out) {
        let duration = known.duration().max(1) as f64;
        for (index, worker) in (0u32..).zip(&mut self.0) {
            worker.stop(known.end);
            if worker.events > 0 {
                out.profile.workers.push(WorkerRow {
                    worker: index,
                    busy: (worker.busy as f64 / duration).min(1.0),
                    switches: worker.switches,
                    events: worker.events,
                });
            }
        }
    }
}
