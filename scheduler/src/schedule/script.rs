//! The oracle that follows a schedule: a base oracle, the decisions that override it, and a log of what was decided.
//!
//! The base is asked wherever it would be asked without a schedule, and overridden afterwards. So what it decides later does not
//! depend on what was overridden, and a run that is being made by hand asks it as often as the replay of that run.
//!
//! A script is copied with the scheduler that it is part of: what is large and does not change is shared.

use super::divergence::{Divergence, Found};
use super::log::Log;
use super::points::{Follow, Lane, Plan};
use super::tasks::Tasks;
use super::{Decision, Name, Point, Schedule, TaskPath, What};
use crate::oracle::{Choice, Oracle, SplitMix};
use crate::slab::NONE;
use std::sync::Arc;
use tracer::event::Site;

/// Names of functions by number, for paths of tasks. They must not depend on lines.
#[derive(Clone, Debug, Default)]
pub struct Names(Arc<[Name]>);

impl Names {
    /// These names, by number of function.
    pub fn new(functions: impl IntoIterator<Item = Name>) -> Self {
        Self(functions.into_iter().collect())
    }

    /// The name of a function.
    pub fn function(&self, number: u32) -> Name {
        self.0.get(number as usize).cloned().unwrap_or_else(|| format!("fn{number}").into())
    }
}

/// What is noted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Keep {
    /// Decisions that were made by hand or by the schedule, relative to the same base.
    Changes,
    /// Everything that differs from the reference schedule: the run can be told without its seed.
    Everything,
}

/// The part of a schedule that decides, in a run.
#[derive(Clone, Debug)]
pub struct Script {
    base: Oracle,
    seed: u64,
    /// Gives the lengths of slices in place of the base.
    lengths: Option<Oracle>,
    slices: Option<u64>,
    keep: Keep,
    /// What the reference schedule would give the guest as random numbers.
    reference: SplitMix,
    strict: bool,
    plan: Arc<Plan>,
    /// Decisions of each lane that have been taken by their keys.
    taken: [usize; 3],
    /// Decisions that have been taken by their points, as bits.
    done: Vec<u64>,
    log: Log,
    pub(super) tasks: Tasks,
    /// Slot of the task that ran last.
    pub(super) running: Option<u32>,
    /// Where it stands, if it has left; `None` as well where nobody counts operations.
    pub(super) last: Option<Point>,
    /// It has left.
    pub(super) left: bool,
    /// Ordinal of the first event of its segment.
    pub(super) mark: u64,
    /// The trace clock when it was switched to.
    pub(super) began: u64,
    /// Length of its first slice by the base.
    pub(super) slice: u32,
    /// It is stopped after every tick, because a point of its is waited for.
    pub(super) watched: bool,
    pub(super) switches: u64,
    /// How often time passed by decision since the last switch.
    times: u64,
    arms: u64,
    numbers: u64,
    pub(super) forced: Option<super::Forced>,
    pub(super) until_poll: u32,
    divergences: Vec<Divergence>,
}

impl Script {
    /// An oracle that follows a schedule. With `strict`, the run does not go on where the schedule cannot be followed.
    pub fn new(schedule: &Schedule, names: Names, keep: Keep, follow: Follow, strict: bool) -> Self {
        let plan = Plan::new(schedule.decisions.clone(), follow);
        Self {
            base: Oracle::seed(schedule.seed),
            seed: schedule.seed,
            lengths: schedule.slices.map(Oracle::seed),
            slices: schedule.slices,
            keep,
            reference: SplitMix(0),
            strict,
            taken: [0; 3],
            done: vec![0; if plan.has_points() { plan.len().div_ceil(64) } else { 0 }],
            plan,
            log: Log::default(),
            tasks: Tasks::new(names),
            running: None,
            last: None,
            left: true,
            mark: 0,
            began: 0,
            slice: 0,
            watched: false,
            switches: 0,
            times: 0,
            arms: 0,
            numbers: 0,
            forced: None,
            until_poll: crate::core::POLL_SWITCHES,
            divergences: Vec::new(),
        }
    }

    /// Follows other decisions from here on: those that belong before this point are passed over.
    pub(super) fn follow(&mut self, decisions: Vec<Decision>) {
        self.replace(decisions, Follow::Keys);
        let (switches, times) = (self.switches, self.times);
        let past = |script: &Self, lane: Lane, past: &dyn Fn(&Decision) -> bool| {
            (0..).take_while(|&n| script.plan.keyed(lane, n).is_some_and(|i| past(script.plan.decision(i)))).count()
        };
        let mut times_left = times;
        let mut passed = 0;
        while let Some(index) = self.plan.keyed(Lane::Switch, passed) {
            let decision = self.plan.decision(index);
            let key = decision.key.unwrap_or(0);
            let over = match decision.what {
                What::Time if key == switches + 1 && times_left > 0 => {
                    times_left -= 1;
                    true
                }
                What::Preempt { .. } | What::Cut { .. } => key < switches || key == switches && self.left,
                What::Run { .. } => key <= switches,
                _ => key <= switches,
            };
            if !over {
                break;
            }
            passed += 1;
        }
        let (arms, numbers) = (self.arms, self.numbers);
        self.taken = [
            passed,
            past(self, Lane::Arm, &|decision| decision.key.unwrap_or(0) <= arms),
            past(self, Lane::Number, &|decision| decision.key.unwrap_or(0) <= numbers),
        ];
    }

    fn replace(&mut self, decisions: Vec<Decision>, follow: Follow) {
        self.plan = Plan::new(decisions, follow);
        self.done = vec![0; if self.plan.has_points() { self.plan.len().div_ceil(64) } else { 0 }];
        self.taken = [0; 3];
    }

    /// The rest of the schedule is about a run that does not happen: somebody chose otherwise.
    pub(super) fn abandon(&mut self) {
        if !self.plan.is_empty() {
            self.replace(Vec::new(), Follow::Keys);
        }
    }

    /// Whether it is to stop a task after a number of instructions.
    pub fn cuts(&self) -> bool {
        self.plan.cuts()
    }

    /// Decisions that were made so far, in order.
    pub fn decisions(&self) -> impl Iterator<Item = &Decision> {
        self.log.iter()
    }

    /// How many there are.
    pub fn decided(&self) -> usize {
        self.log.len()
    }

    /// The seeds of a schedule with the decisions made so far: of its base, and of its slices.
    pub fn seeds(&self) -> (u64, Option<u64>) {
        match self.keep {
            Keep::Changes => (self.seed, self.slices),
            Keep::Everything => (0, self.slices.or((self.seed != 0).then_some(self.seed))),
        }
    }

    /// Where the schedule could not be followed so far.
    pub fn divergences(&self) -> &[Divergence] {
        &self.divergences
    }

    /// The run must not go on.
    pub fn refused(&self) -> bool {
        self.strict && !self.divergences.is_empty()
    }

    /// The run is over: what was never asked for, as a divergence.
    pub(super) fn unmet(&self) -> Option<Divergence> {
        let unmet = self.left_over();
        let (&first, more) = unmet.split_first()?;
        let found = Found::Never { more: more.len() };
        Some(Divergence { index: first as usize, decision: self.plan.decision(first).clone(), found, site: None })
    }

    /// Decisions that were not asked for yet, in order.
    fn left_over(&self) -> Vec<u32> {
        let mut left = Vec::new();
        for lane in Lane::ALL {
            left.extend((self.taken[lane as usize]..).map_while(|nth| self.plan.keyed(lane, nth)));
        }
        if self.plan.has_points() {
            left.extend((0..self.plan.len() as u32).filter(|&index| self.by_point(index) && !self.is_done(index)));
        }
        left.sort_unstable();
        left
    }

    fn by_point(&self, index: u32) -> bool {
        let decision = self.plan.decision(index);
        decision.after.as_ref().is_some_and(|point| {
            self.plan.at(decision.what.lane(), &point.task, point.nth, point.nth).any(|other| other == index)
        })
    }

    // What the schedule says.

    pub(super) fn decision(&self, index: u32) -> &Decision {
        self.plan.decision(index)
    }

    /// The decision of a lane that stands next by its key.
    pub(super) fn keyed(&self, lane: Lane) -> Option<(u32, &Decision)> {
        let index = self.plan.keyed(lane, self.taken[lane as usize])?;
        Some((index, self.plan.decision(index)))
    }

    pub(super) fn take_keyed(&mut self, lane: Lane) {
        self.taken[lane as usize] += 1;
    }

    /// Passes over decisions whose key is past.
    fn pass(&mut self, lane: Lane, now: u64) {
        while self.keyed(lane).is_some_and(|(_, decision)| decision.key.unwrap_or(0) < now) {
            self.take_keyed(lane);
        }
    }

    /// The first decision that waits for this point; of switches also for an earlier one, which was missed.
    pub(super) fn pointed(&self, lane: Lane, here: &Point) -> Option<(u32, &Decision)> {
        if !self.plan.has_points() {
            return None;
        }
        let late = lane == Lane::Switch;
        let from = if late { 0 } else { here.nth };
        let waits = |point: &Point| {
            point.task == here.task
                && if late { point.nth < here.nth || point.stop <= here.stop } else { point.stop == here.stop }
        };
        let index = self
            .plan
            .at(lane, &here.task, from, here.nth)
            .find(|&index| !self.is_done(index) && self.plan.decision(index).after.as_ref().is_some_and(waits))?;
        Some((index, self.plan.decision(index)))
    }

    /// Whether any decision waits for a point of this task.
    pub(super) fn awaits(&self, task: &TaskPath) -> bool {
        self.plan.at(Lane::Switch, task, 0, u64::MAX).any(|index| !self.is_done(index))
    }

    fn is_done(&self, index: u32) -> bool {
        self.done.get(index as usize / 64).is_some_and(|word| word >> (index % 64) & 1 != 0)
    }

    pub(super) fn set_done(&mut self, index: u32) {
        if let Some(word) = self.done.get_mut(index as usize / 64) {
            *word |= 1 << (index % 64);
        }
    }

    /// Notes that a decision could not be followed.
    pub(super) fn diverge(&mut self, index: u32, found: Found, site: Option<u32>) {
        let decision = self.plan.decision(index).clone();
        self.divergences.push(Divergence { index: index as usize, decision, found, site: site.map(Site) });
    }

    /// Keys have lost their meaning: what is left is found by points.
    pub(super) fn lose_keys(&mut self) {
        let left = self.left_over();
        let done = |index: u32| left.binary_search(&index).is_err();
        // Their numbers stay, for the reader of divergences.
        let plan =
            Plan::new((0..self.plan.len() as u32).map(|i| self.plan.decision(i).clone()).collect(), Follow::Points);
        let mut bits = vec![0; plan.len().div_ceil(64)];
        for index in (0..plan.len() as u32).filter(|&index| done(index)) {
            bits[index as usize / 64] |= 1 << (index % 64);
        }
        let taken = Lane::ALL.map(|lane| (0..).take_while(|&nth| plan.keyed(lane, nth).is_some_and(done)).count());
        self.plan = plan;
        self.done = bits;
        self.taken = taken;
    }

    // What the base says.

    pub(crate) fn base(&self) -> &Oracle {
        &self.base
    }

    /// One of `n` (at least 1), as the base chooses.
    pub(super) fn ask(&mut self, kind: Choice, n: u32) -> u32 {
        if let Some(lengths) = &mut self.lengths {
            lengths.choose(kind, n);
        }
        self.base.choose(kind, n)
    }

    /// What [`Oracle::choose`] gives. Tasks and arms are chosen elsewhere, where more is known.
    pub(crate) fn choose(&mut self, kind: Choice, n: u32) -> u32 {
        match kind {
            Choice::Guest => self.number(n),
            Choice::Task | Choice::Arm => self.ask(kind, n),
        }
    }

    /// Length of the next slice.
    pub(crate) fn next_slice(&mut self) -> u32 {
        let slice = self.base.slice();
        self.lengths.as_mut().map_or(slice, Oracle::slice)
    }

    /// Whether lengths of slices are known in advance.
    pub(super) fn knows_slices(&self) -> bool {
        self.lengths.is_some()
    }

    // What was decided.

    pub(super) fn keeps_everything(&self) -> bool {
        self.keep == Keep::Everything
    }

    pub(super) fn note(&mut self, key: u64, after: Option<Point>, what: What) {
        self.log.push(Decision { key: Some(key), after, what });
    }

    pub(super) fn note_time(&mut self) {
        self.times += 1;
        self.note(self.switches + 1, self.last.clone(), What::Time);
    }

    /// Counts a switch.
    pub(super) fn switched(&mut self) {
        self.switches += 1;
        self.times = 0;
    }

    /// A choice among `ready` arms, given by their places in the source; `here` is the running task's point.
    pub(super) fn choose_arm(&mut self, ready: &[u32], mut here: Option<Point>, site: u32) -> usize {
        if let (Some(here), Some(known)) = (&mut here, self.running.and_then(|slot| self.tasks.get_mut(slot))) {
            let before = if known.choices.0 == here.nth { known.choices.1 } else { 0 };
            known.choices = (here.nth, before.saturating_add(1));
            here.stop = known.choices.1;
        }
        let default = self.ask(Choice::Arm, ready.len() as u32) as usize;
        self.arms += 1;
        self.pass(Lane::Arm, self.arms);
        let keyed = self.keyed(Lane::Arm).filter(|(_, decision)| decision.key == Some(self.arms));
        let by_key = keyed.is_some();
        let pointed = || here.as_ref().and_then(|here| self.pointed(Lane::Arm, here));
        let wanted = keyed.or_else(pointed).map(|(index, decision)| (index, decision.what.clone()));
        let mut chosen = default;
        let mut followed = false;
        if let Some((index, What::Arm { arm })) = wanted {
            if by_key {
                self.take_keyed(Lane::Arm)
            } else {
                self.set_done(index)
            };
            match ready.iter().position(|&other| other == arm) {
                Some(place) => (chosen, followed) = (place, true),
                None => self.diverge(index, Found::ArmNotReady, Some(site)),
            }
        }
        if if self.keeps_everything() { chosen != 0 } else { followed } {
            self.note(self.arms, here, What::Arm { arm: ready[chosen] });
        }
        chosen
    }

    /// A random number below `n` for the running task.
    fn number(&mut self, n: u32) -> u32 {
        let default = self.ask(Choice::Guest, n);
        let reference = self.reference.below(n);
        self.numbers += 1;
        self.pass(Lane::Number, self.numbers);
        let here = self.running.and_then(|slot| self.tasks.get_mut(slot)).map(|known| {
            let point = Point { task: known.path.clone(), nth: known.numbers, stop: 1, operation: None };
            known.numbers += 1;
            point
        });
        let keyed = self.keyed(Lane::Number).filter(|(_, decision)| decision.key == Some(self.numbers));
        let by_key = keyed.is_some();
        let pointed = || here.as_ref().and_then(|here| self.pointed(Lane::Number, here));
        let wanted = keyed.or_else(pointed).map(|(index, decision)| (index, decision.what.clone()));
        let mut value = default;
        let mut followed = false;
        if let Some((index, What::Number { value: number })) = wanted {
            if by_key {
                self.take_keyed(Lane::Number)
            } else {
                self.set_done(index)
            };
            if number < n {
                (value, followed) = (number, true);
            } else {
                self.diverge(index, Found::TooLarge { below: n }, None);
            }
        }
        if if self.keeps_everything() { value != reference } else { followed } {
            self.note(self.numbers, here, What::Number { value });
        }
        value
    }

    /// Slot of the task that ran last.
    pub(super) fn runner(&self) -> u32 {
        self.running.unwrap_or(NONE)
    }
}
