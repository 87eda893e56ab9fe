//! What decides which schedules are run.

use scheduler::schedule::Schedule;

/// A schedule to run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Plan {
    /// The seed that it is drawn from.
    pub seed: u64,
}

impl Plan {
    /// As `vex replay --schedule` takes it.
    pub fn schedule(&self) -> String {
        Schedule::of_seed(self.seed).to_inline().unwrap_or_default()
    }
}

/// What became of a schedule.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Seen {
    /// Stands for its Mazurkiewicz trace.
    pub fingerprint: u64,
    /// Whether another schedule could have gone another way.
    pub had_choice: bool,
}

/// Chooses schedules, one after another.
pub trait Strategy {
    /// The next one; `None` where there is no other.
    fn next(&mut self) -> Option<Plan>;

    /// What became of the last one.
    fn learn(&mut self, seen: &Seen);

    /// Whether it is certain that every inequivalent schedule was run.
    fn is_complete(&self) -> bool;
}
