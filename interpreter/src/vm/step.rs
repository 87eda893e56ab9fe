//! Counting steps and stopping at them: what the dispatch loop of an engine that steps asks before every instruction.
//!
//! A step is an instruction, a look for the next task (with the jump of the clock where none can run), or a cut: a preemption that
//! a schedule asks for at an exact instruction. Steps only ever grow along a run, and each has exactly one state of the program before
//! it, so a number of steps is a place to go to.

use super::engine::Engine;
use super::machine::Machine;
use scheduler::{At, Runtime};
use std::sync::Arc;

/// What to do before an instruction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Before {
    /// Execute it.
    Go,
    /// Come back to the driver.
    Stop,
    /// The task makes room for others here.
    Cut,
}

/// Steps done, and where to stop.
#[derive(Clone, Debug)]
pub struct Stepper {
    /// Steps done.
    steps: u64,
    /// Stop before this step.
    stop_at: u64,
    /// Stop before every look for the next task.
    switches: bool,
    /// Instructions to stop before; empty where there are none.
    breaks: Arc<[bool]>,
    /// The step at which switches and breaks do not count: the one that the run goes on from.
    passing: u64,
    /// The machine stands inside a slice, before an instruction.
    midway: bool,
    /// Steps done when the slice began.
    slice_began: u64,
    /// Cut the slice before this step.
    cut_at: u64,
    /// Steps done when the last slice was over; [`u64::MAX`] while one is not.
    over_at: u64,
}

/// What of a [`Stepper`] belongs to the state of the run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stand {
    /// Steps done.
    pub steps: u64,
    midway: bool,
    slice_began: u64,
    cut_at: u64,
    over_at: u64,
}

impl Default for Stepper {
    fn default() -> Self {
        Stepper {
            steps: 0,
            stop_at: u64::MAX,
            switches: false,
            breaks: Arc::default(),
            passing: u64::MAX,
            midway: false,
            slice_began: 0,
            cut_at: u64::MAX,
            over_at: 0,
        }
    }
}

impl Stepper {
    /// Steps done.
    pub fn steps(&self) -> u64 {
        self.steps
    }

    /// Whether a task is in the middle of its slice.
    pub fn is_midway(&self) -> bool {
        self.midway
    }

    /// Whether a slice ended with the last step, so that the one before it was the last state of its task's turn.
    pub fn slice_just_over(&self) -> bool {
        !self.midway && self.steps > 0 && (self.over_at == self.steps || self.over_at == u64::MAX)
    }

    /// Instructions of the running slice so far.
    pub fn in_slice(&self) -> u64 {
        self.steps - self.slice_began
    }

    /// Stops before this step, and where `switches` says so before every look for the next task. With `pass`, what would stop
    /// right here does not.
    pub fn stop_at(&mut self, step: u64, switches: bool, pass: bool) {
        self.stop_at = step;
        self.switches = switches;
        self.passing = if pass { self.steps } else { u64::MAX };
    }

    /// Stops before these instructions, too.
    pub fn set_breaks(&mut self, breaks: Arc<[bool]>) {
        self.breaks = breaks;
    }

    /// The instructions to stop before.
    pub fn breaks(&self) -> &[bool] {
        &self.breaks
    }

    /// What belongs to the state of the run.
    pub fn stand(&self) -> Stand {
        let Stepper { steps, midway, slice_began, cut_at, over_at, .. } = *self;
        Stand { steps, midway, slice_began, cut_at, over_at }
    }

    /// Goes back to where the run stood.
    pub fn restore(&mut self, stand: Stand) {
        let Stand { steps, midway, slice_began, cut_at, over_at } = stand;
        (self.steps, self.midway) = (steps, midway);
        (self.slice_began, self.cut_at, self.over_at) = (slice_began, cut_at, over_at);
    }

    /// Whether the machine goes on in the middle of a slice; from then on it does.
    #[inline(always)]
    pub(super) fn midway(&mut self) -> bool {
        std::mem::take(&mut self.midway)
    }

    /// Before a look for the next task: whether to go on. `asked`: an event was recorded after which to stop.
    pub(super) fn may_switch(&mut self, asked: bool) -> bool {
        self.over_at = self.over_at.min(self.steps);
        if self.steps >= self.stop_at || asked || self.switches && self.steps != self.passing {
            return false;
        }
        self.steps += 1;
        true
    }

    /// A slice begins, which is to be cut after so many instructions.
    pub(super) fn begin_slice(&mut self, cut: Option<u64>) {
        self.slice_began = self.steps;
        self.over_at = u64::MAX;
        self.cut_at = cut.map_or(u64::MAX, |instructions| self.steps.saturating_add(instructions));
    }

    /// Before the instruction at `pc`.
    #[inline(always)]
    pub(super) fn before(&mut self, pc: usize, asked: bool) -> Before {
        if self.steps >= self.stop_at.min(self.cut_at) || asked || self.breaks.get(pc).is_some_and(|&stop| stop) {
            return self.decide(asked);
        }
        self.steps += 1;
        Before::Go
    }

    #[cold]
    fn decide(&mut self, asked: bool) -> Before {
        if asked || self.steps >= self.stop_at {
            self.midway = true;
            return Before::Stop;
        }
        if self.steps >= self.cut_at {
            return Before::Cut;
        }
        // Only a break is left.
        if self.steps == self.passing {
            self.steps += 1;
            return Before::Go;
        }
        self.midway = true;
        Before::Stop
    }

    /// The running task makes room where it stands. Gives the instructions that its slice has had.
    fn cut_here(&mut self) -> u64 {
        let instructions = self.in_slice();
        self.midway = false;
        self.cut_at = u64::MAX;
        self.steps += 1;
        instructions
    }
}

impl<E: Engine> Machine<E> {
    /// Slot of the task that runs, or ran last.
    pub fn running(&self) -> u32 {
        self.running
    }

    /// Whether the machine stands in the middle of a slice before one of these instructions.
    pub fn stands_before(&self, breaks: &[bool]) -> bool {
        let pc = self.sched.task(self.running).body.pc;
        self.stepper.is_midway() && breaks.get(pc as usize).is_some_and(|&stop| stop)
    }

    /// Puts the running task, which is saved, back into the run queue: that is a step.
    #[cold]
    pub fn cut(&mut self) {
        let at = At { site: self.body(self.running).pc, clock: self.clock };
        let instructions = self.stepper.cut_here();
        self.sched.preempt(&mut self.tr, at, instructions);
    }
}
