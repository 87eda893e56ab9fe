//! How much went on at once: tasks that ran, and tasks that could have run, over time.

use super::{Analysis, Change, Known, Live, Out};
use crate::events::Event;
use crate::merge::MAX_WORKERS;
use crate::model::state::TaskState;
use crate::profile::Parallelism;

/// Equal parts of the run in which the mean is told.
const PARTS: u64 = 100;

/// Tasks that run or could run now, and how that was over time.
#[derive(Default)]
pub(super) struct Load {
    running: u32,
    ready: u32,
    since: Option<u64>,
    /// Nanoseconds in which 0, 1, 2 … tasks ran.
    shares: Vec<u64>,
    /// Tasks times nanoseconds, for each part of the run.
    parts: Vec<(u128, u128)>,
}

impl Load {
    /// Lets time pass.
    fn advance(&mut self, time: u64, known: &Known) {
        let since = self.since.replace(time).unwrap_or(known.start);
        if time <= since {
            return;
        }
        let running = self.running.min(MAX_WORKERS) as usize;
        if running >= self.shares.len() {
            self.shares.resize(running + 1, 0);
        }
        self.shares[running] += time - since;
        let duration = u128::from(known.duration().max(1));
        let part_of = |time: u64| u128::from(time.saturating_sub(known.start)) * u128::from(PARTS) / duration;
        let edge = |part: u128| known.start + (part * duration).div_ceil(u128::from(PARTS)) as u64;
        let (first, last) = (part_of(since), part_of(time - 1).min(u128::from(PARTS) - 1));
        if self.parts.is_empty() {
            self.parts.resize(PARTS as usize, (0, 0));
        }
        for part in first..=last {
            let from = edge(part).max(since);
            let ns = u128::from(edge(part + 1).min(time).saturating_sub(from));
            if let Some((running, runnable)) = self.parts.get_mut(part as usize) {
                *running += ns * u128::from(self.running);
                *runnable += ns * (u128::from(self.running) + u128::from(self.ready));
            }
        }
    }

    fn count(&mut self, state: TaskState) -> Option<&mut u32> {
        match state {
            TaskState::Running => Some(&mut self.running),
            TaskState::Ready => Some(&mut self.ready),
            _ => None,
        }
    }
}

impl Analysis for Load {
    fn spawned(&mut self, _task: &Live, at: &Event, known: &Known) {
        self.advance(at.clock, known);
        self.ready += 1;
    }

    fn changed(&mut self, change: &Change, known: &Known) {
        self.advance(change.at.clock, known);
        if let Some(to) = change.to {
            if let Some(count) = self.count(change.task.state) {
                *count = count.saturating_sub(1);
            }
            if let Some(count) = self.count(to) {
                *count += 1;
            }
        }
    }

    fn finish(mut self, known: &Known, out: &mut Out) {
        self.advance(known.end, known);
        let duration = known.duration();
        if duration == 0 {
            return;
        }
        let part = duration as f64 / PARTS as f64;
        let whole = self.parts.iter().fold((0, 0), |sum, part| (sum.0 + part.0, sum.1 + part.1));
        out.profile.parallelism = Parallelism {
            running: whole.0 as f64 / duration as f64,
            runnable: whole.1 as f64 / duration as f64,
            shares: self.shares.iter().map(|&ns| (ns as f64 / duration as f64).min(1.0)).collect(),
            running_over_time: self.parts.iter().map(|sums| sums.0 as f64 / part).collect(),
            runnable_over_time: self.parts.iter().map(|sums| sums.1 as f64 / part).collect(),
        };
    }
}
