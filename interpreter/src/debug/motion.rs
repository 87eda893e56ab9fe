//! Going forwards: by instructions, lines, events, switches, to breakpoints and to the end.
//!
//! Every motion is a loop over stops of the run ([`Debugger::run`]): what the motion itself wants to stop at, and the breakpoints,
//! together. At each stop the breakpoints are asked first, then the motion.

use super::deeds::Deed;
use super::frames;
use super::points::Watching;
use super::request::{Direction, Go, Motion};
use super::session::Debugger;
use super::travel::{Halt, Stops};
use scheduler::State;
use std::sync::Arc;
use tracer::event::{Field, Kind, ObjectId};
use tracer::inspect::Reason;
use tracer::journal::Want;

/// What a motion says at a stop.
pub(super) enum Verdict {
    /// On.
    On,
    /// There.
    There,
    /// It will never come there; why.
    Never(String),
}

/// Where a task was when a motion by lines began.
#[derive(Clone, Copy, Debug)]
pub(super) struct Origin {
    /// The task's number.
    pub task: u32,
    /// Register 0 of its frame.
    pub base: u32,
    /// The instruction that its frame returns to; `None` for the first frame.
    pub back: Option<u32>,
}

impl Debugger {
    /// Goes once.
    pub(super) fn once(&mut self, go: &Go) -> Reason {
        if go.direction == Direction::Back {
            return self.back_once(&go.motion);
        }
        match &go.motion {
            Motion::Instruction => self.instruction(go.alone),
            Motion::Into | Motion::Over | Motion::Out => self.by_line(&go.motion, go.alone),
            Motion::Event => {
                let until = self.at().event + 1;
                self.run(
                    go.alone,
                    |_| Stops { events: Want::until(until), ..Stops::default() },
                    |_, halt| on_if(halt.event),
                )
            }
            Motion::Switch => {
                self.run(go.alone, |_| Stops { switches: true, ..Stops::default() }, |_, halt| on_if(halt.switch))
            }
            Motion::Blocking => {
                let stops =
                    |_: &mut Debugger| Stops { events: any(|kind| !kind.is_bookkeeping(), true), ..Stops::default() };
                self.run(go.alone, stops, |_, halt| on_if(halt.event))
            }
            Motion::Operation(name) => match self.object_named(name) {
                Ok(object) => {
                    let stops = move |_: &mut Debugger| Stops { events: about(object), ..Stops::default() };
                    self.run(go.alone, stops, |_, halt| on_if(halt.event))
                }
                Err(refused) => Reason::Nothing { why: refused.0 },
            },
            Motion::UntilBlocked => self.until_blocked(),
            Motion::Continue => self.run(go.alone, |_| Stops::default(), |_, _| Verdict::On),
            Motion::LastWrite(_) | Motion::Sent(_) | Motion::Taken(_) => self.back_once(&go.motion),
            Motion::Step(step) => self.arrive(|debugger| debugger.travel.seek(*step)),
            Motion::EventAt(event) => self.arrive(|debugger| debugger.travel.seek_event(*event)),
            Motion::Start => self.arrive(|debugger| debugger.travel.seek(0)),
            Motion::Frontier => {
                let step = self.frontier().step;
                self.arrive(|debugger| debugger.travel.seek(step))
            }
        }
    }

    /// Goes to a point without looking left or right.
    fn arrive(&mut self, seek: impl FnOnce(&mut Debugger) -> bool) -> Reason {
        let arrived = seek(self);
        self.select_running();
        match arrived {
            false => Reason::Interrupted,
            true if self.ended().is_some() => Reason::Ended,
            true => Reason::Done,
        }
    }

    /// Goes forwards from stop to stop until the motion is there, a breakpoint holds, something is found wrong, or the run ends.
    /// `alone`: at every scheduling point the selected task is chosen where it can be.
    pub(super) fn run(
        &mut self,
        alone: bool,
        stops: impl Fn(&mut Debugger) -> Stops,
        mut there: impl FnMut(&mut Debugger, Halt) -> Verdict,
    ) -> Reason {
        let known = self.travel.found();
        let mut points = Watching::begin(self);
        loop {
            if self.ended().is_some() {
                return Reason::Ended;
            }
            if alone {
                self.prefer_selected();
            }
            let mut wanted = stops(self);
            let own = Own { switches: wanted.switches, events: wanted.events.clone(), breaks: wanted.breaks.clone() };
            wanted.switches |= alone;
            points.add_to(self, &mut wanted);
            wanted.events.join(&any(|kind| kind == Kind::Finding, false));
            let events = self.at().event;
            let halt = self.travel.forward(u64::MAX, wanted);
            if halt.interrupted {
                return Reason::Interrupted;
            }
            if let Some(reason) = points.holds(self, halt, false) {
                self.select_running();
                return reason;
            }
            if self.travel.found() > known {
                self.select_culprit(known);
                return Reason::Finding { index: known };
            }
            if halt.ended {
                return Reason::Ended;
            }
            match there(self, own.of(self, halt, events)) {
                Verdict::On => {}
                Verdict::There => return Reason::Done,
                Verdict::Never(why) => return Reason::Nothing { why },
            }
        }
    }

    /// Selects a task that a finding is about.
    fn select_culprit(&mut self, index: usize) {
        let findings = self.findings();
        let task = findings.get(index).and_then(|f| f.culprit.or_else(|| f.tasks.first().map(|blocked| blocked.task)));
        if let Some(task) = task {
            self.selected = Some(task.id.0);
        }
    }

    /// At a scheduling point: chooses the selected task, if it is ready and would not be chosen anyway.
    fn prefer_selected(&mut self) {
        let Some(slot) = self.slot() else { return };
        let between = !self.travel.machine.stepper.is_midway();
        if between && self.travel.machine.sched.task(slot).state == State::Ready && self.default_task() != Some(slot) {
            let task = self.travel.machine.sched.task(slot).id;
            // It is ready, so it can be chosen.
            let _ = self.travel.do_by_hand(Deed::Run(task));
        }
    }

    /// One instruction of the selected task.
    fn instruction(&mut self, alone: bool) -> Reason {
        let Ok((task, _)) = self.task() else { return self.nobody() };
        if self.travel.running() != self.slot() {
            let reason = self.run(
                alone,
                |debugger| debugger.until_its_turn(task),
                move |debugger, _| match debugger.state_of(task) {
                    None => Verdict::Never("the task has ended".into()),
                    Some(_) => on_if(debugger.runs(task)),
                },
            );
            if reason != Reason::Done {
                return reason;
            }
        }
        let step = self.at().step + 1;
        self.run_to(step)
    }

    /// Whether this task is in the middle of its slice.
    fn runs(&self, task: u32) -> bool {
        let slot = self.travel.running();
        slot.is_some() && slot == self.travel.slot(task)
    }

    /// From switch to switch, until it is a task's turn.
    fn until_its_turn(&self, task: u32) -> Stops {
        match self.travel.machine.stepper.is_midway() {
            // At a scheduling point: whoever is next, his turn begins.
            false => Stops { steps: Some(1), ..Stops::default() },
            true if self.runs(task) => Stops { steps: Some(0), ..Stops::default() },
            true => Stops { switches: true, ..Stops::default() },
        }
    }

    /// Whether the next to run is this task, at a scheduling point.
    fn next_is(&mut self, task: u32) -> bool {
        let next = self.default_task();
        next.is_some_and(|slot| self.travel.machine.sched.task(slot).id == task)
    }

    /// To a step ahead, heeding breakpoints and findings.
    fn run_to(&mut self, step: u64) -> Reason {
        let known = self.travel.found();
        let mut points = Watching::begin(self);
        loop {
            let mut wanted = Stops::default();
            points.add_to(self, &mut wanted);
            wanted.events.join(&any(|kind| kind == Kind::Finding, false));
            let halt = self.travel.forward(step, wanted);
            let reason = points.holds(self, halt, false);
            if halt.interrupted {
                return Reason::Interrupted;
            } else if self.travel.found() > known {
                self.select_culprit(known);
                return Reason::Finding { index: known };
            } else if let Some(reason) = reason {
                return reason;
            } else if halt.ended {
                return Reason::Ended;
            } else if halt.arrived {
                return Reason::Done;
            }
        }
    }

    pub(super) fn nobody(&self) -> Reason {
        Reason::Nothing { why: "no task is left to step".into() }
    }

    /// Where a task is.
    pub(super) fn origin(&self, task: u32) -> Option<Origin> {
        let machine = &self.travel.machine;
        let body = &machine.sched.task(self.travel.slot(task)?).body;
        let mut all = frames::all(&machine.code, body);
        // A frame of the prelude belongs to the line that called it.
        let users = all.find(|frame| !machine.code.functions[frame.function as usize].prelude);
        // A task that has not come to the user's code yet: any of it will do.
        let Some(frame) = users else { return Some(Origin { task, base: u32::MAX, back: None }) };
        let back = all.next().map(|caller| caller.pc + 1);
        Some(Origin { task, base: frame.base, back })
    }

    /// Into, over, out.
    fn by_line(&mut self, motion: &Motion, alone: bool) -> Reason {
        let Ok((task, _)) = self.task() else { return self.nobody() };
        let Some(origin) = self.origin(task) else { return self.nobody() };
        let motion = motion.clone();
        let stops = {
            let motion = motion.clone();
            move |debugger: &mut Debugger| debugger.line_stops(&origin, &motion)
        };
        self.run(alone, stops, move |debugger, _| {
            if debugger.state_of(task).is_none() {
                return Verdict::There;
            }
            // The first instruction of a turn is not stopped at but looked at, like any other.
            let breaks = debugger.runs(task).then(|| debugger.line_stops(&origin, &motion).breaks).flatten();
            if !breaks.is_some_and(|breaks| debugger.travel.machine.stands_before(&breaks)) {
                return Verdict::On;
            }
            let Some(now) = debugger.origin(task) else { return Verdict::On };
            match motion {
                Motion::Out => on_if(now.base < origin.base),
                Motion::Over => on_if(now.base <= origin.base),
                _ => Verdict::There,
            }
        })
    }

    /// Where to stop for a motion by lines, as the run stands.
    fn line_stops(&mut self, origin: &Origin, motion: &Motion) -> Stops {
        if !self.runs(origin.task) {
            // Somebody else's lines are of no interest.
            return self.until_its_turn(origin.task);
        }
        let mut breaks = self.none();
        let deeper = self.deeper_return(origin);
        match (motion, deeper) {
            (Motion::Out, _) => {
                if let Some(back) = origin.back {
                    breaks[back as usize] = true;
                }
            }
            // Inside of something that was called, nothing stops before it has returned.
            (Motion::Over, Some(pc)) => breaks[pc as usize] = true,
            _ => breaks.copy_from_slice(self.lines.leaders()),
        }
        // The task's slice may end before: then somebody else's turn is over with a switch.
        Stops { switches: true, breaks: Some(breaks.into()), ..Stops::default() }
    }

    /// No instruction.
    pub(super) fn none(&self) -> Vec<bool> {
        vec![false; self.travel.machine.code.instrs.len()]
    }

    /// Where the frame of an origin goes on, if the task is in something that this frame has called.
    fn deeper_return(&self, origin: &Origin) -> Option<u32> {
        let machine = &self.travel.machine;
        let body = &machine.sched.task(self.travel.slot(origin.task)?).body;
        if body.base <= origin.base {
            return None;
        }
        frames::all(&machine.code, body).find(|frame| frame.base <= origin.base).map(|frame| frame.pc + 1)
    }

    /// Until the selected task blocks or ends, nobody else running while it can.
    fn until_blocked(&mut self) -> Reason {
        let Ok((task, _)) = self.task() else { return self.nobody() };
        let mut ran = self.travel.running() == self.slot();
        self.run(
            true,
            |_| Stops { switches: true, ..Stops::default() },
            move |debugger, halt| match debugger.state_of(task) {
                None => Verdict::There,
                Some(State::Blocked) => on_if(halt.switch && ran),
                Some(_) => {
                    ran |= debugger.next_is(task) || debugger.travel.running() == debugger.travel.slot(task);
                    Verdict::On
                }
            },
        )
    }
}

/// What a motion asked for, beside what breakpoints did: a stop may be theirs alone.
struct Own {
    switches: bool,
    events: Want,
    breaks: Option<Arc<[bool]>>,
}

impl Own {
    fn of(&self, debugger: &Debugger, halt: Halt, events: u64) -> Halt {
        let machine = &debugger.travel.machine;
        let now = debugger.at().event;
        Halt {
            event: halt.event && debugger.emitted(events..now, &self.events),
            switch: self.switches && !machine.stepper.is_midway(),
            broke: self.breaks.as_ref().is_some_and(|breaks| machine.stands_before(breaks)),
            ..halt
        }
    }
}

impl Debugger {
    /// Whether one of these events is wanted.
    pub(super) fn emitted(&self, mut events: std::ops::Range<u64>, want: &Want) -> bool {
        want.reached(events.end)
            || events.any(|n| self.journal().record(n).is_some_and(|(record, _)| want.matches(&record)))
    }
}

/// There if it holds.
pub(super) fn on_if(there: bool) -> Verdict {
    if there { Verdict::There } else { Verdict::On }
}

/// Events of all kinds for which this holds.
pub(super) fn any(wanted: impl Fn(Kind) -> bool, only_blocked: bool) -> Want {
    let mut want = Want::default();
    Kind::ALL.iter().filter(|&&kind| wanted(kind)).for_each(|&kind| want.add(kind, only_blocked));
    want
}

/// Events about an object, but not its making.
pub(super) fn about(object: ObjectId) -> Want {
    any(|kind| kind.object_field() == Field::Object && kind != Kind::Wake, false).about(object)
}
