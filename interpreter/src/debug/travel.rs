//! Going to any point of a run, forwards and back.
//!
//! A run is a line of states, one for each step. [`Travel`] stands at one of them. Forwards it executes; backwards it puts the nearest
//! checkpoint before back in place and executes from there: the same program, schedule and choices by hand give the same states
//! again, so what was recorded before is right for them.
//!
//! Checkpoints are made about every [`Travel::spacing`] steps on the way forwards, and closer and closer before the point that a
//! journey back ends at, so that the next small step back is short. Where they take too much memory, those that are far
//! away and close to each other go first.
//!
//! What was done by hand (a task picked, a preemption, a variable set) is kept by step and done again whenever the run comes by.
//! Doing something else anywhere but at the end of what is known forgets what came after: the run takes another turn.

use super::deeds::Deed;
use crate::bytecode::verify::VerifyError;
use crate::value::Value;
use crate::vm::engine::Stepping;
use crate::vm::io::Io;
use crate::vm::machine::{Limits, Machine, Program, Stop};
use crate::vm::run::{RunReport, may_cancel};
use crate::vm::snapshot::Snapshot;
use scheduler::{Config, Scheduler, State};
use std::cell::Cell;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use tracer::finding::Finding;
use tracer::inspect::{Coordinate, Variable};
use tracer::journal::{Journal, Stand, Want};
use tracer::program::ProgramInfo;
use tracer::race::Detector;
use tracer::record::Tracer;

/// The machine that a debugger drives.
pub type Debugged = Machine<Stepping<Journal>>;

/// Steps between two looks at the interrupt flag.
const QUANTUM: u64 = 1 << 20;

/// The closest that two checkpoints are ever made: fewer steps are executed again in no time.
const CLOSEST: u64 = 1 << 7;

/// Bytes of a checkpoint that take as long to copy as one step: what is large is copied more rarely.
const BYTES: u64 = 16;

/// Bytes that checkpoints may take together.
const MEMORY: usize = 512 << 20;

/// Events that are recorded at most: a gibibyte of them.
pub const MOST_EVENTS: u64 = 1 << 26;

/// Checkpoints that are kept at most, however small.
const MOST: usize = 4096;

/// Something that was done by hand at a step.
#[derive(Clone, Debug)]
pub struct Done {
    /// What.
    pub deed: Deed,
    /// Events recorded before.
    pub event: u64,
}

/// What to stop at on the way forwards, besides the destination.
#[derive(Default)]
pub struct Stops {
    /// Every scheduling point.
    pub switches: bool,
    /// Before these instructions.
    pub breaks: Option<Arc<[bool]>>,
    /// After events like these.
    pub events: Want,
    /// After so many steps.
    pub steps: Option<u64>,
}

/// Why the run stands after going forwards. Several may hold at once.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Halt {
    /// At the destination.
    pub arrived: bool,
    /// After an event that was asked for.
    pub event: bool,
    /// Before an instruction that was asked for.
    pub broke: bool,
    /// At a scheduling point.
    pub switch: bool,
    /// At the end.
    pub ended: bool,
    /// The user interrupted.
    pub interrupted: bool,
    /// Events when it went on from its last stop.
    pub since: u64,
}

/// The user did not want to wait.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Interrupted;

/// A state to go back to.
struct Checkpoint {
    snapshot: Snapshot,
    journal: Stand,
    detector: Option<Box<Detector>>,
}

/// How the debugged program is run.
pub struct Setup<'a> {
    /// Limits on the program.
    pub limits: Limits,
    /// End at once when `main` returns.
    pub stop_at_main: bool,
    /// Look for data races.
    pub races: bool,
    /// The streams; output goes to the journal only.
    pub io: Io,
    /// What the scheduler is made of.
    pub config: &'a dyn Fn(bool) -> Config<Value>,
    /// Names and places of the program.
    pub program: Arc<ProgramInfo>,
    /// Steps between checkpoints, about; [`u64::MAX`]: there are none but the beginning.
    pub spacing: u64,
    /// Set by somebody else to stop a long journey.
    pub interrupt: Arc<AtomicBool>,
}

/// A run, and where it stands.
pub struct Travel {
    /// The machine. Whoever changes it calls [`Travel::fork`] first.
    pub machine: Debugged,
    checkpoints: BTreeMap<u64, Checkpoint>,
    /// Bytes that they take.
    bytes: usize,
    /// Bytes of the one made last.
    weight: u64,
    /// Where that was; it may have been given up since.
    kept_at: u64,
    /// Steps between checkpoints on the way forwards.
    spacing: u64,
    /// Names and places of the program.
    pub(super) program: Arc<ProgramInfo>,
    /// What was done by hand, by the step before which it was.
    deeds: BTreeMap<u64, Vec<Done>>,
    /// Where it stands the run is over, like this.
    ended: Option<RunReport>,
    /// The furthest point known, and whether it is the end.
    frontier: Coordinate,
    /// Raised by every fork that forgot recorded events.
    revision: u64,
    interrupt: Arc<AtomicBool>,
    /// Nobody goes further than this step.
    limit: u64,
    /// Where the task that was last asked for is.
    hint: Cell<u32>,
    /// The step whose deeds have been done in the state as it is.
    done: Option<u64>,
    /// Why something could not be done again: a fault of vex.
    amiss: Option<String>,
}

impl Travel {
    /// A run that stands before its first step.
    ///
    /// # Errors
    /// When the verifier rejects the program.
    pub fn new(code: &crate::bytecode::Code, setup: Setup<'_>) -> Result<Travel, VerifyError> {
        let program = Program::new(code)?;
        let sched = Scheduler::new((setup.config)(may_cancel(code)));
        let never = Arc::new(AtomicBool::new(false));
        let journal = if setup.races { Journal::of_races() } else { Journal::default() };
        let mut machine = Debugged::new(&program, sched, journal, setup.io, setup.limits, never);
        machine.lookout.set_on(setup.races);
        machine.stop_at_main = setup.stop_at_main;
        machine.begin();
        let mut travel = Travel {
            machine,
            checkpoints: BTreeMap::new(),
            bytes: 0,
            weight: 0,
            kept_at: 0,
            spacing: setup.spacing.max(1),
            program: setup.program,
            deeds: BTreeMap::new(),
            ended: None,
            frontier: Coordinate::default(),
            revision: 0,
            interrupt: setup.interrupt,
            limit: u64::MAX,
            hint: Cell::new(0),
            done: None,
            amiss: None,
        };
        travel.keep();
        travel.note();
        Ok(travel)
    }

    /// Where it stands.
    pub fn at(&self) -> Coordinate {
        Coordinate { step: self.machine.stepper.steps(), event: self.machine.tr.stand().events }
    }

    /// The furthest point known.
    pub fn frontier(&self) -> Coordinate {
        self.frontier
    }

    /// How the run ended, where it stands at its end.
    pub fn ended(&self) -> Option<&RunReport> {
        self.ended.as_ref()
    }

    /// Raised whenever recorded events were forgotten.
    pub fn revision(&self) -> u64 {
        self.revision
    }

    /// What was done by hand on the way here, by step.
    pub fn deeds(&self) -> impl DoubleEndedIterator<Item = &Done> {
        self.deeds_by_step().map(|(_, done)| done)
    }

    /// The coordinates at which something was done by hand on the way here.
    pub fn chosen(&self) -> Vec<Coordinate> {
        self.deeds_by_step().map(|(step, done)| Coordinate { step, event: done.event }).collect()
    }

    fn deeds_by_step(&self) -> impl DoubleEndedIterator<Item = (u64, &Done)> {
        let here = self.at().step;
        let end = if self.done == Some(here) { here + 1 } else { here };
        self.deeds.range(..end).flat_map(|(&step, deeds)| deeds.iter().map(move |deed| (step, deed)))
    }

    /// Steps at which checkpoints stand.
    pub fn checkpoints(&self) -> impl Iterator<Item = u64> {
        self.checkpoints.keys().copied()
    }

    /// Whether no more events can be recorded, so that the run cannot go on past what is known.
    pub fn is_full(&self) -> bool {
        let events = self.machine.tr.stand().events;
        events >= MOST_EVENTS && events == self.machine.tr.len()
    }

    /// A fault of vex: something done by hand could not be done again.
    pub fn amiss(&self) -> Option<&str> {
        self.amiss.as_deref()
    }

    /// Slot of the live task with this number.
    pub fn slot(&self, task: u32) -> Option<u32> {
        let sched = &self.machine.sched;
        // It is mostly the same one again, and there may be very many.
        let hint = self.hint.get();
        let is = |slot: u32| {
            let there = sched.task_in(slot)?;
            (there.id == task && !matches!(there.state, State::Free | State::Ended)).then_some(slot)
        };
        if let Some(slot) = is(hint) {
            return Some(slot);
        }
        let found = sched.live_tasks().find(|(_, other)| other.id == task).map(|(slot, _)| slot);
        self.hint.set(found.unwrap_or(hint));
        found
    }

    /// How many things were found wrong up to here.
    pub fn found(&self) -> usize {
        self.ended.as_ref().map_or_else(|| self.machine.common.findings().len(), |report| report.findings.len())
    }

    /// Everything found wrong up to here.
    pub fn findings(&self) -> Vec<Finding> {
        match &self.ended {
            Some(report) => report.findings.clone(),
            None => self.machine.common.findings().clone(),
        }
    }

    /// Slot of the task that is in the middle of its slice (or failed there, at the end of the run); `None` between tasks.
    pub fn running(&self) -> Option<u32> {
        // The run may not have begun, and then nobody is in slot 0.
        let slot = self.machine.running();
        let runs = self.machine.stepper.is_midway() || self.ended.is_some();
        (runs && self.machine.sched.task(slot).state == State::Running).then_some(slot)
    }

    /// Goes forwards until a stop, and never past `step`. Checkpoints are made on the way.
    pub fn forward(&mut self, step: u64, stops: Stops) -> Halt {
        let step = stops.steps.map_or(step, |steps| step.min(self.at().step.saturating_add(steps)));
        self.machine.stepper.set_breaks(stops.breaks.unwrap_or_default());
        self.machine.tr.stop_after(stops.events);
        let mut halt = Halt { since: self.at().event, ..Halt::default() };
        let mut pass = true;
        while self.ended.is_none() {
            let mut here = self.machine.stepper.steps();
            if here < step {
                self.redo(here);
                here = self.machine.stepper.steps();
            }
            if here >= step {
                halt.arrived = true;
                break;
            }
            if here >= self.limit || self.is_full() || !pass && self.interrupt.load(Ordering::Relaxed) {
                halt.interrupted = true;
                break;
            }
            let last = self.checkpoints.range(..=here).next_back().map_or(0, |(&at, _)| at).max(self.kept_at.min(here));
            let due = last.saturating_add(self.spacing.max(self.weight / BYTES)).max(here + 1);
            let deed = self.deeds.range(here + 1..).next().map_or(u64::MAX, |(&at, _)| at);
            self.machine.stepper.stop_at(
                step.min(due).min(deed).min(self.limit).min(here + QUANTUM),
                stops.switches,
                pass,
            );
            pass = false;
            let stop = self.machine.dispatch();
            let stood = stop == Stop::Step;
            if let Some(end) = self.machine.act(stop) {
                self.ended = Some(self.machine.settle(end));
                break;
            }
            let now = self.machine.stepper.steps();
            if stood && now >= due {
                self.keep();
            }
            halt.event = self.machine.tr.stops();
            halt.broke = stood && self.machine.stands_before(self.machine.stepper.breaks());
            halt.switch = stood && !self.machine.stepper.is_midway() && stops.switches;
            if halt.event || halt.broke || halt.switch {
                halt.arrived = now >= step;
                break;
            }
        }
        halt.ended = self.ended.is_some();
        halt.event |= self.machine.tr.stops();
        self.machine.stepper.set_breaks(Arc::default());
        self.machine.tr.stop_after(Want::default());
        self.note();
        halt
    }

    /// Goes to a step, forwards or back, stopping at nothing. Where the run ends before, it stands at its end. Says whether it
    /// arrived (or else the user interrupted).
    pub fn seek(&mut self, step: u64) -> bool {
        let here = self.at().step;
        if step < here {
            self.back_to(step);
            // Going back is mostly done again soon, and not far.
            let mut gap = self.spacing / 8;
            while gap >= CLOSEST.max(self.weight / BYTES / 8) && self.spacing < u64::MAX {
                let at = step.saturating_sub(gap);
                if at > self.at().step {
                    if self.forward(at, Stops::default()).interrupted {
                        return false;
                    }
                    if self.done != Some(at) {
                        self.keep();
                    }
                }
                gap /= 8;
            }
        }
        !self.forward(step, Stops::default()).interrupted
    }

    /// Puts the nearest checkpoint that is not after a step back in place.
    fn back_to(&mut self, step: u64) {
        if let Some((_, checkpoint)) = self.checkpoints.range(..=step).next_back() {
            self.machine.restore(&checkpoint.snapshot);
            self.machine.tr.restore(checkpoint.journal);
            self.machine.tr.set_detector(checkpoint.detector.clone());
            self.ended = None;
            self.done = None;
            self.kept_at = 0;
        }
    }

    /// Goes to where this event is the next to happen; where the run ends before, it stands at its end. Says whether it arrived (or
    /// else the user interrupted).
    pub fn seek_event(&mut self, event: u64) -> bool {
        let here = self.at();
        if event < self.first_event() {
            // The run begins with the spawn of `main` done.
            return self.seek(0);
        }
        if event < here.event {
            let near = self.checkpoints.iter().rev().find(|(_, checkpoint)| checkpoint.journal.events <= event);
            let step = near.map_or(0, |(&step, _)| step);
            self.back_to(step);
        }
        let halt = self.forward(u64::MAX, Stops { events: Want::until(event.saturating_add(1)), ..Stops::default() });
        if halt.interrupted || halt.ended && !halt.event && self.at().event <= event {
            return !halt.interrupted;
        }
        // One step too far: it recorded the event.
        self.seek(self.at().step - 1)
    }

    /// From now on the run is interrupted at this step.
    #[cfg(test)]
    pub(super) fn limit(&mut self, step: u64) {
        self.limit = step;
    }

    /// Events recorded before the first step.
    pub fn first_event(&self) -> u64 {
        self.checkpoints.first_key_value().map_or(0, |(_, checkpoint)| checkpoint.journal.events)
    }

    /// Does something by hand where the run stands, and forgets what came after.
    ///
    /// # Errors
    /// When it cannot be done here; why.
    pub fn do_by_hand(&mut self, deed: Deed) -> Result<Option<Variable>, String> {
        let Coordinate { step, event } = self.at();
        // What cannot be done should forget nothing; but what records events has to find the old ones gone.
        let records = match deed {
            Deed::Preempt => self.can_record(&deed)?,
            Deed::Run(_) | Deed::Time | Deed::Set(..) => false,
        };
        if records {
            self.fork();
        }
        let shown = self.perform(&deed)?;
        if !records {
            self.fork();
        }
        self.deeds.entry(step).or_default().push(Done { deed, event });
        self.done = Some(step);
        self.note();
        Ok(shown)
    }

    /// Takes the last thing done by hand before here back and stands where it was done. Gives what it was.
    pub fn undo(&mut self) -> Option<Deed> {
        let step = self.deeds_by_step().next_back()?.0;
        let deed = self.deeds.get_mut(&step)?.pop().map(|done| done.deed);
        self.back_to(step);
        self.forward(step, Stops::default());
        self.redo(step);
        self.fork();
        self.deeds.retain(|_, deeds| !deeds.is_empty());
        deed
    }

    /// Forgets what comes after here: events, checkpoints, what was done by hand.
    pub fn fork(&mut self) {
        let here = self.at();
        if here.event < self.machine.tr.len() {
            self.revision += 1;
        }
        self.machine.tr.truncate();
        self.forget(here.step + 1);
        let first = if self.done == Some(here.step) { here.step + 1 } else { here.step };
        self.deeds.split_off(&first);
        self.frontier = here;
    }

    /// Forgets the checkpoints from a step on.
    fn forget(&mut self, step: u64) {
        for checkpoint in self.checkpoints.split_off(&step.max(1)).into_values() {
            self.bytes -= checkpoint.snapshot.bytes();
        }
    }

    /// Does again what was done by hand at a step.
    fn redo(&mut self, step: u64) {
        if self.done == Some(step) {
            return;
        }
        let Some(deeds) = self.deeds.get(&step).cloned() else { return };
        self.done = Some(step);
        for done in deeds {
            // The state is what it was when it was done first, so it can be done again.
            if let Err(why) = self.perform(&done.deed) {
                self.amiss = Some(why);
            }
        }
    }

    /// Makes a checkpoint here.
    fn keep(&mut self) {
        let snapshot = self.machine.snapshot();
        let step = snapshot.steps();
        self.bytes += snapshot.bytes();
        self.weight = snapshot.bytes() as u64;
        self.kept_at = step;
        let detector = self.machine.tr.detector().map(|detector| Box::new(detector.clone()));
        let checkpoint = Checkpoint { snapshot, journal: self.machine.tr.stand(), detector };
        if let Some(old) = self.checkpoints.insert(step, checkpoint) {
            self.bytes -= old.snapshot.bytes();
        }
        while self.checkpoints.len() > MOST || self.bytes > MEMORY && self.checkpoints.len() > 1 {
            self.thin(step);
        }
    }

    /// Gives up the checkpoint that is missed least: where two neighbours are close to each other, measured by how far away they
    /// are from here. The first is never given up.
    fn thin(&mut self, here: u64) {
        let steps: Vec<u64> = self.checkpoints.keys().copied().collect();
        let cost = |window: &[u64]| (window[2] - window[0]) as f64 / (here.abs_diff(window[1]) + CLOSEST) as f64;
        let least = steps.windows(3).min_by(|a, b| cost(a).total_cmp(&cost(b))).map(|window| window[1]);
        // Of two, the first is enough to come anywhere.
        if let Some(step) = least.or_else(|| steps.last().copied())
            && let Some(checkpoint) = self.checkpoints.remove(&step)
        {
            self.bytes -= checkpoint.snapshot.bytes();
        }
    }

    /// Takes note of how far the run is known.
    fn note(&mut self) {
        self.frontier = self.frontier.max(self.at());
    }
}

/// Goes back to the last state before this one where the run of `of`, going forwards, stops and `right` says yes. Gives whether there
/// is one; if not, the run stands at its beginning.
///
/// # Errors
/// [`Interrupted`]: the run stands where the user interrupted it.
pub fn back<S>(
    of: &mut S,
    travel: impl Fn(&mut S) -> &mut Travel,
    stops: impl Fn(&mut S) -> Stops,
    mut right: impl FnMut(&mut S, Halt) -> bool,
) -> Result<bool, Interrupted> {
    // The states between two checkpoints, the later checkpoint included: only here are its stops seen.
    let here = travel(of).at().step;
    let mut end = here;
    while let Some(start) = travel(of).checkpoints.range(..end).next_back().map(|(&at, _)| at) {
        travel(of).back_to(start);
        let mut found = None;
        loop {
            let stops = stops(of);
            let halt = travel(of).forward(end, stops);
            if halt.interrupted {
                return Err(Interrupted);
            }
            let now = travel(of).at().step;
            if now < here && (halt.event || halt.broke || halt.switch) && right(of, halt) {
                found = Some(now);
            }
            if travel(of).at().step >= end || halt.ended {
                break;
            }
        }
        if let Some(step) = found {
            return if travel(of).seek(step) { Ok(true) } else { Err(Interrupted) };
        }
        end = start;
    }
    travel(of).back_to(0);
    Ok(false)
}
