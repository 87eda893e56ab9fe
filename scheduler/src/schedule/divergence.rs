//! Where a run was not what its schedule said: as data, and in words.

use super::{Decision, Point, TaskPath, What};
use crate::task::State;
use std::fmt::Write;
use tracer::event::Site;
use tracer::finding::WaitReason;
use tracer::names;
use tracer::program::ProgramInfo;

/// A decision that could not be followed, or not where it belongs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Divergence {
    /// Which decision of the schedule, from 0.
    pub index: usize,
    /// The decision.
    pub decision: Decision,
    /// What was there instead.
    pub found: Found,
    /// Where the task that it is about stands, or the one that ran before.
    pub site: Option<Site>,
}

/// What was there instead.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Found {
    /// There is no such task (any more).
    NoTask,
    /// The task cannot run.
    NotReady {
        /// Its state.
        state: State,
        /// Why it is blocked, where it is.
        reason: WaitReason,
    },
    /// The key stands at another program point.
    Elsewhere {
        /// Which; `None` before the first task.
        at: Option<(TaskPath, u64)>,
    },
    /// The point was met later than wanted, after so many operations.
    Late {
        /// How many.
        operations: u64,
    },
    /// The task left before: it blocked, ended or let others run.
    Left,
    /// No timer is set.
    NoTimer,
    /// The arm is not ready, or there are fewer.
    ArmNotReady,
    /// The number is not below this bound.
    TooLarge {
        /// The bound.
        below: u32,
    },
    /// It was never met.
    Never {
        /// So many decisions behind it were not met either.
        more: usize,
    },
}

impl Divergence {
    /// In a sentence: what was wanted, what was there, where.
    pub fn words(&self, program: &ProgramInfo) -> String {
        let mut out = format!("decision {}: wanted {}", self.index + 1, wanted(&self.decision));
        out.push_str("; ");
        let about = match &self.decision.what {
            What::Run { task, .. } => task.to_string(),
            _ => self.decision.after.as_ref().map_or_else(|| "the task".into(), |point| point.task.to_string()),
        };
        let _ = match &self.found {
            Found::NoTask => write!(out, "there is no task {about}"),
            Found::NotReady { state: State::Blocked, reason } => {
                let waits = names::wait_phrase(*reason, "something");
                write!(out, "{about} cannot run: it {}", waits.trim_end_matches(" something"))
            }
            Found::NotReady { .. } => write!(out, "{about} cannot run"),
            Found::Elsewhere { at: Some((task, nth)) } => write!(out, "the run stood after operation {nth} of {task}"),
            Found::Elsewhere { at: None } => write!(out, "the run had not begun"),
            Found::Late { operations } => write!(out, "it was made after operation {operations}"),
            Found::Left => write!(out, "{about} had left before"),
            Found::NoTimer => write!(out, "no timer is set"),
            Found::ArmNotReady => write!(out, "that arm is not ready"),
            Found::TooLarge { below } => write!(out, "a number below {below} was asked for"),
            Found::Never { more: 0 } => write!(out, "the run never came there"),
            Found::Never { more } => write!(out, "the run never came there, nor to {more} more"),
        };
        if let Some(site) = self.site.filter(|site| program.place(*site).is_some()) {
            let _ = write!(out, " (at {})", program.locate(site));
        }
        out
    }
}

/// What a decision wants, in words.
fn wanted(decision: &Decision) -> String {
    let what = match &decision.what {
        What::Run { task, .. } => format!("{task} to run"),
        What::Time => "time to pass".into(),
        What::Preempt { ticks } => format!("a preemption after {ticks} ticks"),
        What::Cut { instructions } => format!("a preemption after {instructions} instructions"),
        What::Arm { arm } => format!("arm {arm} of a select"),
        What::Number { value } => format!("the random number {value}"),
    };
    match &decision.after {
        Some(Point { task, nth, .. }) => format!("{what} after {} {nth} of {task}", decision.what.unit()),
        None => what,
    }
}
