//! The schedule of a debugged run: where it comes from, and what it is by now.

use super::session::{Debugger, Setup};
use crate::bytecode::Code;
use crate::schedule::{names, stamp};
use scheduler::Oracle;
use scheduler::schedule::{Divergence, Follow, InputLine, Keep, Schedule, Script};

/// The oracle that follows a schedule in a program.
pub(super) fn oracle(code: &Code, schedule: &Schedule) -> Oracle {
    let follow = if schedule.fits(stamp(code).hash) { Follow::Keys } else { Follow::Points };
    Oracle::Scripted(Box::new(Script::new(schedule, names(code), Keep::Changes, follow, false)))
}

impl Debugger {
    /// The schedule of the run up to here: the seed and what was chosen. Variables that were set are not part of it
    /// ([`Debugger::was_changed`]).
    pub fn schedule(&self) -> Schedule {
        let machine = &self.travel.machine;
        Schedule {
            program: Some(self.stamp.clone()),
            args: self.setup().args.clone(),
            input: input(self.setup(), machine.common.io().lines_read()),
            ..machine.sched.schedule_so_far()
        }
    }

    /// Whether the program's state was changed by hand on the way here, which no schedule can tell.
    pub fn was_changed(&self) -> bool {
        self.travel.deeds().any(|done| !done.deed.is_choice())
    }

    /// Where the schedule that the run began with could not be followed so far.
    pub fn divergences(&self) -> Vec<Divergence> {
        self.travel.machine.sched.divergences(self.ended().is_some())
    }
}

/// The lines of input that were read.
fn input(setup: &Setup, lines: usize) -> Vec<InputLine> {
    setup.input.iter().take(lines).map(|text| InputLine { task: None, text: text.clone() }).collect()
}
