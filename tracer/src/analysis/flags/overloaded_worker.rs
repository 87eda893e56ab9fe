//! One worker is busy all the time while the others have nothing to do and tasks wait.

use super::super::{Analysis, Known, Out};
use super::thresholds::{IDLE, OVERLOADED, READY_SHARE, WORKERS_NS};
use crate::profile::{Flag, Severity};

/// Looks at the rows of workers.
#[derive(Default)]
pub(in super::super) struct OverloadedWorker;

impl Analysis for OverloadedWorker {
    fn finish(self, known: &Known, out: &mut Out) {
        let workers = &out.profile.workers;
        let Some(busiest) = workers.iter().max_by(|a, b| a.busy.total_cmp(&b.busy).then(b.worker.cmp(&a.worker)))
        else {
            return;
        };
        let all = workers.len().max(known.about.workers as usize);
        if all < 2 || known.duration() < WORKERS_NS || busiest.busy < OVERLOADED {
            return;
        }
        let others = (workers.iter().map(|worker| worker.busy).sum::<f64>() - busiest.busy) / (all - 1) as f64;
        let ready = out.profile.totals.ready_ns as f64 / known.duration().max(1) as f64;
        if others > IDLE || ready < READY_SHARE {
            return;
        }
        let sentence = format!(
            "Worker {} was busy {:.0} % of the run, the other {} {:.0} % on average, while {ready:.1} tasks were ready on average. Spawn the \
             work from several tasks, or in smaller pieces, so that it can be shared.",
            busiest.worker,
            busiest.busy * 100.0,
            all - 1,
            others * 100.0
        );
        let about = vec![format!("worker {}", busiest.worker)];
        out.flag(Flag {
            rule: "overloaded-worker".to_string(),
            severity: Severity::Warning,
            sentence,
            sites: Vec::new(),
            about,
            count: 1,
            ns: None,
            event: None,
        });
    }
}
