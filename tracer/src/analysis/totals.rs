//! The numbers of the whole run.

use super::{Analysis, Change, Known, Live, Out};
use crate::events::Event;
use crate::finding::WaitReason;
use crate::model::state::TaskState;
use crate::profile::Totals;

/// See [`Totals`].
#[derive(Default)]
pub(super) struct TotalsOf(Totals);

impl Analysis for TotalsOf {
    fn spawned(&mut self, _task: &Live, _at: &Event, known: &Known) {
        self.0.peak_tasks = self.0.peak_tasks.max(known.alive());
    }

    fn changed(&mut self, change: &Change, _known: &Known) {
        let sum = match change.task.state {
            TaskState::Running => &mut self.0.running_ns,
            TaskState::Ready => &mut self.0.ready_ns,
            TaskState::Blocked(WaitReason::Sleep) => &mut self.0.sleeping_ns,
            TaskState::Blocked(_) => &mut self.0.blocked_ns,
            TaskState::Done | TaskState::Panicked | TaskState::Cancelled => return,
        };
        *sum = sum.saturating_add(change.ns);
        match change.to {
            Some(TaskState::Panicked) => self.0.panicked += 1,
            Some(TaskState::Cancelled) => self.0.cancelled += 1,
            None if change.wait().is_some() => self.0.blocked_at_end += 1,
            _ => {}
        }
    }

    fn finish(self, known: &Known, out: &mut Out) {
        let lost = known.ending.as_ref().map_or(0, |ending| ending.dropped);
        out.profile.totals = Totals {
            duration_ns: known.duration(),
            is_virtual: known.is_virtual,
            events: known.events,
            dropped: known.dropped.max(lost),
            tasks: known.created(),
            objects: known.objects_made(),
            ..self.0
        };
    }
}
