//! What is done by hand: a task picked, time passed, a preemption, a variable set. The same code does it the first time and whenever the
//! run comes by again.

use super::travel::{Deed, Travel};

impl Travel {
    /// Does it, where the run stands.
    pub(super) fn perform(&mut self, deed: &Deed) -> Result<(), String> {
        match deed {
            Deed::Preempt => {
                if self.running().is_none() || !self.machine.stepper.is_midway() {
                    return Err("nobody runs here".into());
                }
                self.machine.cut();
                Ok(())
            }
            Deed::Run(_) | Deed::Time | Deed::Set(..) => Err("not yet".into()),
        }
    }
}
