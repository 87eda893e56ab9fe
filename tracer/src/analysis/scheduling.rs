//! How long tasks that could run waited for a worker.

use super::{Analysis, Change, Known, Out};
use crate::model::state::TaskState;
use crate::profile::Distribution;

/// From ready to running.
#[derive(Default)]
pub(super) struct Scheduling(Distribution);

impl Analysis for Scheduling {
    fn changed(&mut self, change: &Change, _known: &Known) {
        if change.task.state == TaskState::Ready && change.to == Some(TaskState::Running) {
            self.0.record(change.ns);
        }
    }

    fn finish(self, _known: &Known, out: &mut Out) {
        out.profile.scheduling = self.0;
    }
}
