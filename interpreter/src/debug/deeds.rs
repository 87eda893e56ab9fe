//! What is done by hand: a task picked, time passed, a preemption, a variable set. The same code does it the first time and whenever the
//! run comes by again.

use super::evaluate::Where;
use super::evaluate::set::set;
use super::travel::Travel;
use scheduler::schedule::Forced;
use tracer::inspect::Variable;

/// Something done by hand. Tasks are named by number.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Deed {
    /// This task runs next.
    Run(u32),
    /// Time passes until the next timer.
    Time,
    /// The running task makes room for others.
    Preempt,
    /// In a frame of a task a place gets the value of an expression.
    Set(u32, usize, String, String),
}

impl Deed {
    /// Whether a schedule can say it: what changes the program's state cannot be part of one.
    pub fn is_choice(&self) -> bool {
        matches!(self, Deed::Run(_) | Deed::Time | Deed::Preempt)
    }
}

impl Travel {
    /// Does it, where the run stands. Gives what there is to show of it.
    pub(super) fn perform(&mut self, deed: &Deed) -> Result<Option<Variable>, String> {
        let slot = |travel: &Travel, task: u32| travel.slot(task).ok_or_else(|| format!("task {task} is gone"));
        match deed {
            Deed::Run(task) => {
                let slot = slot(self, *task)?;
                self.force(Forced::Task(slot)).then_some(None).ok_or_else(|| "the task is not ready".into())
            }
            Deed::Time => self.force(Forced::Time).then_some(None).ok_or_else(|| "no timer is set".into()),
            Deed::Preempt => {
                self.can_record(deed)?;
                self.machine.cut();
                Ok(None)
            }
            Deed::Set(task, frame, place, value) => {
                let (slot, program) = (slot(self, *task)?, self.program.clone());
                let at = Where::frame(slot, *frame);
                set(&mut self.machine, &program, at, place, value).map(Some).map_err(|refused| refused.0)
            }
        }
    }

    /// Whether something that records events can be done here; always `true`, or why not.
    pub(super) fn can_record(&self, deed: &Deed) -> Result<bool, String> {
        match deed {
            Deed::Preempt if !self.machine.stepper.is_midway() => Err("nobody runs here".into()),
            _ => Ok(true),
        }
    }

    fn force(&mut self, next: Forced) -> bool {
        !self.machine.stepper.is_midway() && self.machine.sched.force(&self.machine.tr, next)
    }
}
