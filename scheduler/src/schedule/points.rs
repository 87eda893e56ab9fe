//! The decisions of a schedule, found by key or by program point.

use super::{Decision, TaskPath, What};
use rustc_hash::FxHashMap;
use std::collections::BTreeMap;
use std::sync::Arc;

/// How decisions are found that have both a key and a point.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Follow {
    /// By their keys: the program is the one that they were made with.
    Keys,
    /// By their points: it is another one.
    Points,
}

/// What a decision is asked for by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) enum Lane {
    Switch,
    Arm,
    Number,
}

impl Lane {
    pub const ALL: [Lane; 3] = [Lane::Switch, Lane::Arm, Lane::Number];
}

impl What {
    pub(super) fn lane(&self) -> Lane {
        match self {
            What::Run { .. } | What::Time | What::Preempt { .. } | What::Cut { .. } => Lane::Switch,
            What::Arm { .. } => Lane::Arm,
            What::Number { .. } => Lane::Number,
        }
    }

    /// Order of decisions with one key: time passes before the switch of a number, a slice ends after it.
    fn rank(&self) -> u8 {
        match self {
            What::Time => 0,
            What::Preempt { .. } | What::Cut { .. } => 2,
            _ => 1,
        }
    }

    /// What the points of such decisions count.
    pub(super) fn unit(&self) -> &'static str {
        if self.lane() == Lane::Number { "random number" } else { "operation" }
    }
}

/// Decisions by number of operations.
type ByCount = BTreeMap<u64, Vec<u32>>;

/// Decisions, never changed: copies of a run share them.
#[derive(Debug, Default)]
pub(super) struct Plan {
    decisions: Vec<Decision>,
    /// In order of keys, by lane.
    keyed: [Vec<u32>; 3],
    /// By lane and hash of the task's path.
    points: FxHashMap<(Lane, u64), ByCount>,
}

impl Plan {
    pub fn new(decisions: Vec<Decision>, follow: Follow) -> Arc<Self> {
        let mut plan = Plan::default();
        for (decision, index) in decisions.iter().zip(0..) {
            let lane = decision.what.lane();
            match (&decision.after, decision.key) {
                (Some(point), key) if follow == Follow::Points || key.is_none() => {
                    let tasks = plan.points.entry((lane, point.task.hash())).or_default();
                    tasks.entry(point.nth).or_default().push(index);
                }
                _ => plan.keyed[lane as usize].push(index),
            }
        }
        for lane in &mut plan.keyed {
            lane.sort_by_key(|&index| {
                let decision = &decisions[index as usize];
                (decision.key, decision.what.rank())
            });
        }
        plan.decisions = decisions;
        Arc::new(plan)
    }

    pub fn decision(&self, index: u32) -> &Decision {
        &self.decisions[index as usize]
    }

    pub fn len(&self) -> usize {
        self.decisions.len()
    }

    pub fn is_empty(&self) -> bool {
        self.decisions.is_empty()
    }

    pub fn has_points(&self) -> bool {
        !self.points.is_empty()
    }

    /// Whether there is a cut that is found by its key.
    pub fn cuts(&self) -> bool {
        let keyed = &self.keyed[Lane::Switch as usize];
        keyed.iter().any(|&index| matches!(self.decision(index).what, What::Cut { .. }))
    }

    /// The nth decision of a lane that is found by its key.
    pub fn keyed(&self, lane: Lane, nth: usize) -> Option<u32> {
        self.keyed[lane as usize].get(nth).copied()
    }

    /// Decisions about a task's points from operation `from` up to `to`, in order.
    pub fn at(&self, lane: Lane, task: &TaskPath, from: u64, to: u64) -> impl Iterator<Item = u32> + '_ {
        let tasks = self.points.get(&(lane, task.hash()));
        tasks.into_iter().flat_map(move |counts| counts.range(from..=to).flat_map(|(_, list)| list.iter().copied()))
    }
}
