//! Going back: to the last state before this one where something holds.
//!
//! What the events tell is looked up in the journal and gone to at once. What only the states tell (a line, a breakpoint, a write) is
//! found by going forwards again from checkpoint to checkpoint, the latest first, keeping the last state that fits.

use super::frames;
use super::motion::{Origin, about};
use super::points::Watching;
use super::request::{Motion, Refused};
use super::session::Debugger;
use super::travel::{Halt, Interrupted, Stops, back};
use std::sync::Arc;
use tracer::event::{Kind, Record, TaskId};
use tracer::inspect::Reason;

impl Debugger {
    /// Goes back once.
    pub(super) fn back_once(&mut self, motion: &Motion) -> Reason {
        let switches = |_: &mut Debugger| Stops { switches: true, ..Stops::default() };
        let of_a_task =
            matches!(motion, Motion::Instruction | Motion::Into | Motion::Over | Motion::Out | Motion::UntilBlocked);
        if of_a_task && self.task().is_err() {
            return self.back_to_life();
        }
        match motion {
            Motion::Instruction => {
                let Ok((task, _)) = self.task() else { return self.nobody() };
                self.back_instruction(task)
            }
            Motion::Into | Motion::Over | Motion::Out => self.back_line(motion),
            Motion::Event => self.before_last(|_, _| true),
            Motion::Switch => {
                let found = self.back_to_stop(switches, |_, halt| halt.switch);
                self.after(found)
            }
            Motion::Operation(name) => match self.object_named(name) {
                Ok(object) => {
                    let want = about(object);
                    self.before_last(|record, _| want.matches(record))
                }
                Err(refused) => Reason::Nothing { why: refused.0 },
            },
            Motion::Blocking => self.before_last(|record, _| record.blocked()),
            Motion::UntilBlocked => {
                let Ok((task, _)) = self.task() else { return self.nobody() };
                self.before_last(|record, by| record.blocked() && by == TaskId(task))
            }
            Motion::Continue => self.back_to_breakpoint(),
            Motion::LastWrite(name) => match self.back_to_write(name) {
                Ok(found) => self.after(found),
                Err(refused) => Reason::Nothing { why: refused.0 },
            },
            Motion::Sent(name) => match self.send_of(name) {
                Ok(event) => self.before_event(Some(event)),
                Err(refused) => Reason::Nothing { why: refused.0 },
            },
            Motion::Taken(name) => match self.taking_of(name) {
                Ok(event) => self.before_event(Some(event)),
                Err(refused) => Reason::Nothing { why: refused.0 },
            },
            Motion::Step(_) | Motion::EventAt(_) | Motion::Start | Motion::Frontier => {
                Reason::Nothing { why: "a place has no direction: go to it".into() }
            }
        }
    }

    /// The reason after a way back.
    fn after(&mut self, found: Result<bool, Interrupted>) -> Reason {
        self.select_running();
        match found {
            Ok(true) => Reason::Done,
            Ok(false) => Reason::Beginning,
            Err(Interrupted) => Reason::Interrupted,
        }
    }

    /// To before the last event for which this holds.
    fn before_last(&mut self, wanted: impl FnMut(&Record, TaskId) -> bool) -> Reason {
        let event = self.journal().rfind(self.at().event, wanted);
        self.before_event(event)
    }

    /// To before an event; to the beginning where there is none.
    fn before_event(&mut self, event: Option<u64>) -> Reason {
        let Some(event) = event.filter(|&event| event >= self.travel.first_event()) else {
            self.travel.seek(0);
            return self.after(Ok(false));
        };
        let arrived = self.travel.seek_event(event);
        self.after(if arrived { Ok(true) } else { Err(Interrupted) })
    }

    /// The last state before this one where the run stops so and `right` holds.
    fn back_to_stop(
        &mut self,
        stops: impl Fn(&mut Debugger) -> Stops,
        right: impl FnMut(&mut Debugger, Halt) -> bool,
    ) -> Result<bool, Interrupted> {
        back(self, |debugger| &mut debugger.travel, stops, right)
    }

    /// Nobody is left: back to the last instruction of the user's own code.
    fn back_to_life(&mut self) -> Reason {
        let own = |debugger: &Debugger| {
            let task = debugger.travel.running().map(|slot| debugger.travel.machine.sched.task(slot));
            task.is_some_and(|task| debugger.lines.of(debugger.user_pc(task)).is_some())
        };
        while !own(self) && self.at().step > 0 {
            let step = self.at().step - 1;
            if !self.travel.seek(step) {
                return Reason::Interrupted;
            }
        }
        self.after(Ok(self.at().step > 0))
    }

    /// Before the last instruction of a task.
    fn back_instruction(&mut self, task: u32) -> Reason {
        let stepper = &self.travel.machine.stepper;
        let step = self.at().step;
        if self.ended().is_some() && self.travel.running() == self.travel.slot(task) {
            // The run ended with an instruction of this task.
            self.travel.seek(step - 1);
            return self.after(Ok(true));
        }
        if self.travel.running() == self.travel.slot(task) && stepper.is_midway() && stepper.in_slice() > 0 {
            self.travel.seek(step - 1);
            return self.after(Ok(true));
        }
        let own = |debugger: &mut Debugger| {
            let machine = &debugger.travel.machine;
            machine.stepper.slice_just_over() && machine.sched.task(machine.running()).id == task
        };
        // Where it stands itself may be the end of such a turn.
        if own(self) && !self.travel.machine.stepper.is_midway() {
            self.travel.seek(step - 1);
            return self.after(Ok(true));
        }
        let found = self.back_to_stop(
            |_| Stops { switches: true, ..Stops::default() },
            |debugger, halt| halt.switch && own(debugger),
        );
        if found == Ok(true) {
            let step = self.at().step;
            self.travel.seek(step - 1);
        }
        self.after(found)
    }

    /// Back by lines of the selected task.
    fn back_line(&mut self, motion: &Motion) -> Reason {
        let Ok((task, _)) = self.task() else { return self.nobody() };
        let Some(origin) = self.origin(task) else { return self.nobody() };
        let mut breaks = self.none();
        let mut base = origin.base;
        if *motion == Motion::Out {
            let Some((call, caller)) = self.caller(&origin) else {
                return Reason::Nothing { why: "this is the task's first function: nobody called it".into() };
            };
            breaks[call as usize] = true;
            base = caller;
        } else {
            breaks.copy_from_slice(self.lines.leaders());
        }
        let motion = motion.clone();
        let breaks: Arc<[bool]> = breaks.into();
        let found = self.back_to_stop(
            move |debugger| {
                let midway = debugger.travel.machine.stepper.is_midway();
                let mine = debugger.travel.running() == debugger.travel.slot(task);
                // Other tasks' lines are of no interest.
                let breaks = (mine || !midway).then(|| breaks.clone());
                Stops { switches: true, breaks, ..Stops::default() }
            },
            move |debugger, halt| {
                if !halt.broke || debugger.travel.running() != debugger.travel.slot(task) {
                    return false;
                }
                let now = debugger.origin(task).map_or(0, |now| now.base);
                match motion {
                    Motion::Into => true,
                    Motion::Out => now == base,
                    _ => now <= base,
                }
            },
        );
        self.selected = Some(task);
        match found {
            Ok(true) => Reason::Done,
            Ok(false) => Reason::Beginning,
            Err(Interrupted) => Reason::Interrupted,
        }
    }

    /// The call that an origin's frame was entered by, and its caller's frame.
    fn caller(&self, origin: &Origin) -> Option<(u32, u32)> {
        let machine = &self.travel.machine;
        let body = &machine.sched.task(self.travel.slot(origin.task)?).body;
        let mut all = frames::all(&machine.code, body).skip_while(|frame| frame.base != origin.base);
        all.next()?;
        let caller = all.find(|frame| !machine.code.functions[frame.function as usize].prelude)?;
        Some((caller.pc, caller.base))
    }

    /// To the last state where a breakpoint holds, or to before the last finding.
    fn back_to_breakpoint(&mut self) -> Reason {
        let mut met = None;
        let found = {
            let mut points = Watching::begin(self);
            let stops = |debugger: &mut Debugger| {
                let mut stops = Stops::default();
                Watching::begin(debugger).add_to(debugger, &mut stops);
                stops
            };
            self.back_to_stop(stops, |debugger, halt| {
                let reason = points.holds(debugger, halt, true);
                let holds = reason.is_some();
                if holds {
                    met = reason;
                }
                holds
            })
        };
        match (self.after(found), met) {
            (Reason::Done, Some(reason)) => reason,
            (reason, _) => reason,
        }
    }

    /// To before the last write of a variable.
    fn back_to_write(&mut self, name: &str) -> Result<Result<bool, Interrupted>, Refused> {
        let place = self.locate(name)?;
        let writers = self.writers();
        let stops = |_: &mut Debugger| Stops { switches: true, breaks: Some(writers.clone()), ..Stops::default() };
        Ok(self.back_to_stop(stops, |debugger, _| {
            let before = debugger.read(&place);
            let step = debugger.at().step + 1;
            // The loop that goes forwards goes on from wherever this stands.
            debugger.travel.forward(step, Stops::default());
            let after = debugger.read(&place);
            before != after
        }))
    }

    /// The event with which what stands in this variable was sent, or for a channel the value that is received from it next.
    fn send_of(&mut self, name: &str) -> Result<u64, Refused> {
        if let Ok(object) = self.object_named(name) {
            let next = self.store().next_message(object);
            return next.ok_or_else(|| Refused(format!("nothing has been sent to `{name}` that is still there")));
        }
        // A variable: what wrote it was a receive, which the store pairs with its send.
        let back = self.at().step;
        let wrote = self.back_to_write(name)?;
        if wrote != Ok(true) {
            self.travel.seek(back);
            return Err(Refused(format!("nothing wrote `{name}` before")));
        }
        let before = self.at().event;
        let step = self.at().step + 1;
        self.travel.forward(step, Stops::default());
        let (task, after) = (self.selected, self.at().event);
        let journal = self.journal();
        let receives = |record: &Record| matches!(record.kind(), Some(Kind::Recv | Kind::SelectWait));
        // The receive is recorded with the write, or, where the task had to wait, was recorded when it began to wait.
        let receive = (before..after)
            .find(|&n| journal.record(n).is_some_and(|(record, _)| receives(&record)))
            .or_else(|| journal.rfind(after, |record, by| receives(record) && Some(by.0) == task));
        // What a receive that had to wait goes back to is what ended the wait: the send.
        self.travel.seek(back);
        let sent = receive.and_then(|receive| self.store().cause(receive));
        sent.ok_or_else(|| Refused(format!("the value of `{name}` was not received from a channel")))
    }

    /// The event with which whoever holds this lock asked for it.
    fn taking_of(&mut self, name: &str) -> Result<u64, Refused> {
        let object = self.object_named(name)?;
        let holds = self.store().now().object(object).map(|now| now.holds.clone()).unwrap_or_default();
        let hold = holds.last().ok_or_else(|| Refused(format!("nobody holds `{name}`")))?;
        Ok(hold.event)
    }
}
