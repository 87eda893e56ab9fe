//! What the scheduler does differently under a script, and what a debugger asks of it.
//!
//! Nothing of this is on the path of other oracles: a script keeps [`Core::attend_in`] at 1, so that each look for the next task
//! comes by the place where what is rare is attended to, and from there to here.

use super::divergence::{Divergence, Found};
use super::points::Lane;
use super::script::Script;
use super::{Decision, Point, TaskPath, What};
use crate::core::{Core, POLL_SWITCHES};
use crate::objects::Arm;
use crate::oracle::{Choice, Oracle};
use crate::outcome::{At, Next};
use crate::scheduler::Scheduler;
use crate::task::State;
use crate::time::TimeSource;
use tracer::event::Kind;
use tracer::record::Tracer;

/// What happens next at a point where nobody runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Forced {
    /// The task in this slot runs.
    Task(u32),
    /// Time passes to the next timer.
    Time,
}

/// What a script has chosen.
enum Chosen {
    /// This one of the run queue runs.
    Task(usize),
    Time,
    /// Nothing: the schedule must be followed and cannot.
    Refused,
}

impl<V: Copy + Default, B: Default> Scheduler<V, B> {
    fn script(&self) -> Option<&Script> {
        match &self.core.oracle {
            Oracle::Scripted(script) => Some(script),
            _ => None,
        }
    }

    fn script_mut(&mut self) -> Option<&mut Script> {
        match &mut self.core.oracle {
            Oracle::Scripted(script) => Some(script),
            _ => None,
        }
    }

    // For a debugger.

    /// Slots of the ready tasks, in the order in which the reference schedule would run them.
    pub fn ready_slots(&self) -> impl Iterator<Item = u32> + '_ {
        self.core.ready.iter()
    }

    /// Whether time could pass to the next timer now, at a scheduling point.
    pub fn can_pass_time(&mut self) -> bool {
        matches!(self.time, TimeSource::Virtual { .. }) && !self.detector.hopeless && self.timer_pending()
    }

    /// What would be chosen next if nobody picks; nothing is used up. `None` where nothing can be, or there is no script.
    pub fn default_next<T: Tracer>(&mut self, tr: &T) -> Option<Forced> {
        self.settle_segment(tr);
        if self.core.ready.is_empty() {
            return None;
        }
        let mut copy = Oracle::clone(&self.core.oracle);
        let Oracle::Scripted(script) = &mut copy else { return None };
        script.forced = None;
        let time = matches!(self.time, TimeSource::Virtual { .. }) && !self.detector.hopeless;
        match choose(script, &self.core, time) {
            Chosen::Task(index) => self.core.ready.iter().nth(index).map(Forced::Task),
            Chosen::Time => Some(Forced::Time),
            Chosen::Refused => None,
        }
    }

    /// Makes the next [`Scheduler::next_task`] choose this; it is noted as a decision. Whether it can: a task must be ready; for
    /// time to pass a timer must be set. What the schedule said of later choices is forgotten, unless it says the same of this one.
    pub fn force<T: Tracer>(&mut self, tr: &T, next: Forced) -> bool {
        let possible = match next {
            Forced::Task(slot) => self.core.ready.position(slot).is_some(),
            Forced::Time => self.can_pass_time(),
        };
        if !possible || self.script().is_none() {
            return false;
        }
        let same = self.default_next(tr) == Some(next);
        if let Some(script) = self.script_mut() {
            script.forced = Some(next);
            if !same {
                script.abandon();
            }
        }
        true
    }

    /// The running task, saved, makes room after this many instructions since it was switched to: it is put back into the run queue,
    /// and the next task is to be asked for. Noted as a decision.
    pub fn preempt<T: Tracer>(&mut self, tr: &mut T, at: At, instructions: u64) {
        if let Oracle::Scripted(script) = &mut self.core.oracle {
            let planned = script.keyed(Lane::Switch).is_some_and(|(_, decision)| {
                decision.key == Some(script.switches) && decision.what == What::Cut { instructions }
            });
            if planned {
                script.take_keyed(Lane::Switch);
            } else {
                script.abandon();
            }
            let here = here(script, tr);
            script.note(script.switches, here, What::Cut { instructions });
        }
        self.make_room(tr, at);
    }

    fn make_room<T: Tracer>(&mut self, tr: &mut T, at: At) {
        self.settle_segment(tr);
        tr.emit(Kind::Preempt as u8, at.site, at.clock, 0, 0);
        self.requeue(at);
    }

    /// After [`Next::Run`]: after how many instructions the schedule wants this task to make room, if it says so in instructions.
    /// The caller then calls [`Scheduler::preempt`] with that number.
    pub fn cut(&self) -> Option<u64> {
        let script = self.script()?;
        match script.keyed(Lane::Switch) {
            Some((_, Decision { key, what: What::Cut { instructions }, .. })) if *key == Some(script.switches) => {
                Some(*instructions)
            }
            _ => None,
        }
    }

    /// The path of the task in a slot; `None` without a script.
    pub fn task_path(&self, slot: u32) -> Option<TaskPath> {
        let script = self.script()?;
        script.tasks.path_of(slot, script.running, &self.core.ready, &self.core.tasks)
    }

    /// The decisions made so far, as [`super::Keep`] says; empty without a script.
    pub fn decisions(&self) -> Vec<Decision> {
        self.script().map_or_else(Vec::new, |script| script.decisions().cloned().collect())
    }

    /// How many decisions were made so far.
    pub fn decided(&self) -> usize {
        self.script().map_or(0, Script::decided)
    }

    /// Follows other decisions from here on; those that belong before this point, by their keys, are passed over. What was decided
    /// so far stays noted.
    pub fn follow(&mut self, decisions: Vec<Decision>) {
        if let Some(script) = self.script_mut() {
            script.follow(decisions);
        }
    }

    /// The schedule of the run so far: seeds and decisions. Program, arguments and input are the caller's to fill in.
    pub fn schedule_so_far(&self) -> super::Schedule {
        let (seed, slices) = self.script().map_or((0, None), Script::seeds);
        super::Schedule { seed, slices, decisions: self.decisions(), ..super::Schedule::default() }
    }

    /// Where the schedule could not be followed; at the end of a run (`over`) also what was never met.
    pub fn divergences(&self, over: bool) -> Vec<Divergence> {
        let Some(script) = self.script() else { return Vec::new() };
        let mut all = script.divergences().to_vec();
        all.extend(script.unmet().filter(|_| over && !script.refused()));
        all
    }

    /// A strict schedule cannot be followed: the run must end here.
    pub fn refused(&self) -> bool {
        self.script().is_some_and(Script::refused)
    }

    // Instead of the usual.

    /// In place of what [`Scheduler::next_task`] usually does.
    #[cold]
    #[inline(never)]
    pub(crate) fn next_scripted<T: Tracer>(&mut self, tr: &mut T, clock: u64) -> Next {
        self.core.attend_in = 1;
        // What is done to others here is no operation of the task that has left.
        self.settle_segment(tr);
        if !self.core.cancel_parked.is_empty() {
            self.cancel_now(tr, clock);
        }
        let time = self.can_pass_time();
        let Oracle::Scripted(script) = &mut self.core.oracle else { return Next::Poll };
        script.until_poll -= 1;
        if script.until_poll == 0 || script.refused() {
            script.until_poll = POLL_SWITCHES;
            tr.poll(clock);
            return Next::Poll;
        }
        if self.core.ready.is_empty() {
            script.forced = None;
            return self.nothing_ready();
        }
        let Oracle::Scripted(mut script) = std::mem::replace(&mut self.core.oracle, Oracle::fair()) else {
            return Next::Poll;
        };
        let chosen = choose(&mut script, &self.core, time);
        let next = match chosen {
            Chosen::Refused => Next::Poll,
            Chosen::Time => {
                self.core.current = crate::slab::NONE;
                self.core.current_id = 0;
                Next::Idle
            }
            Chosen::Task(index) => self.start(&mut script, tr, clock, index),
        };
        self.core.oracle = Oracle::Scripted(script);
        next
    }

    /// The task at this place of the run queue runs.
    fn start<T: Tracer>(&mut self, script: &mut Script, tr: &mut T, clock: u64, index: usize) -> Next {
        self.core.ready.bring_forward(index);
        let Some(slot) = self.core.ready.pop() else { return Next::Poll };
        let slice = script.slice;
        self.switch_to(tr, clock, slot, slice);
        script.tasks.begins(&self.core.ready);
        script.running = Some(slot);
        script.left = false;
        script.mark = tr.ordinal();
        script.began = clock;
        script.watched = script.tasks.get(slot).is_some_and(|known| script.awaits(&known.path));
        Next::Run { slot, slice: if script.watched { 0 } else { slice } }
    }

    /// The running task has left, if one ran: notes where it stands and whom it spawned.
    fn settle_segment<T: Tracer>(&mut self, tr: &T) {
        let Core { oracle: Oracle::Scripted(script), tasks, ready, .. } = &mut self.core else { return };
        let running = script.running;
        script.tasks.spawned(running, ready, tasks);
        if script.left {
            return;
        }
        script.left = true;
        script.last = here(script, tr);
        let Some(slot) = running else { return };
        if let (Some(known), Some(point)) = (script.tasks.get_mut(slot), &script.last) {
            known.operations = point.nth;
            known.stops = point.stop;
        }
        script.tasks.forget_ended(slot, tasks);
    }

    /// In place of what [`Scheduler::slice_end`] usually does.
    #[cold]
    #[inline(never)]
    pub(crate) fn scripted_slice_end<T: Tracer>(&mut self, tr: &mut T, at: At) -> Option<u32> {
        let idle = self.core.ready.is_empty();
        let Core { oracle: Oracle::Scripted(script), ready, tasks, .. } = &mut self.core else { return None };
        let ran = at.clock.saturating_sub(script.began);
        let planned = script.keyed(Lane::Switch).and_then(|(_, decision)| match decision.what {
            What::Preempt { ticks } if decision.key == Some(script.switches) => Some(ticks),
            _ => None,
        });
        let mut decided = false;
        let stops = if let Some(ticks) = planned {
            if ran >= ticks {
                script.take_keyed(Lane::Switch);
                decided = true;
            }
            ran >= ticks && !idle
        } else if script.watched
            && let Some(point) = here(script, tr)
        {
            match script.pointed(Lane::Switch, &point) {
                Some((index, decision)) => match &decision.what {
                    What::Run { task, .. } => {
                        let ready =
                            script.tasks.slot_of(task, tasks).is_some_and(|slot| ready.position(slot).is_some());
                        decided = ready;
                        ready
                    }
                    What::Preempt { .. } | What::Cut { .. } => {
                        script.set_done(index);
                        decided = true;
                        !idle
                    }
                    _ => {
                        decided = true;
                        true
                    }
                },
                None => script.base().preempts() && !idle && ran >= u64::from(script.slice),
            }
        } else {
            script.base().preempts() && !idle
        };
        if !stops {
            if script.watched {
                return Some(0);
            }
            let left = planned.map_or(u64::MAX, |ticks| ticks.saturating_sub(ran + 1));
            let next = script.next_slice();
            // Where lengths are known they add up by themselves.
            return Some(if script.knows_slices() { next } else { next.min(u32::try_from(left).unwrap_or(u32::MAX)) });
        }
        if script.keeps_everything() || decided {
            let point = here(script, tr);
            script.note(script.switches, point, What::Preempt { ticks: ran });
        }
        self.make_room(tr, at);
        None
    }

    /// In place of the oracle's choice among several ready arms: the arm, in source order.
    #[cold]
    #[inline(never)]
    pub(crate) fn scripted_arm<T: Tracer>(&mut self, tr: &T, at: At, arms: &[Arm<V>]) -> usize {
        let ready: Vec<u32> = (0..).zip(arms).filter(|(_, arm)| self.arm_ready(arm)).map(|(index, _)| index).collect();
        let Oracle::Scripted(script) = &mut self.core.oracle else { return 0 };
        let here = here(script, tr);
        let chosen = script.choose_arm(&ready, here, at.site);
        ready.get(chosen).map_or(0, |&arm| arm as usize)
    }
}

/// The point at which the task of the segment stands.
fn here<T: Tracer>(script: &Script, tr: &T) -> Option<Point> {
    let since = tr.operations(script.mark)?;
    let known = script.tasks.get(script.runner())?;
    let stop = if since.count == 0 { known.stops.saturating_add(1) } else { 1 };
    Some(Point { task: known.path.clone(), nth: known.operations + since.count, stop, operation: None })
}

/// Chooses who is next; `time` says whether time could pass. At least one task is ready. Sets the length of the slice.
fn choose<V: Copy + Default, B: Default>(script: &mut Script, core: &Core<V, B>, time: bool) -> Chosen {
    // A cancelled task may have taken the last timer with it.
    let forced = script.forced.take().filter(|forced| *forced != Forced::Time || time);
    let site = core.tasks.get(script.runner()).map(|task| task.site);
    let mut run = None;
    // Whether somebody decided, and not the base.
    let mut decided = forced.is_some();
    while let Some((index, by_key)) = wanted(script, site) {
        let take = |script: &mut Script| if by_key { script.take_keyed(Lane::Switch) } else { script.set_done(index) };
        let decision = if by_key { script.keyed(Lane::Switch) } else { None };
        let decision = decision.map_or_else(|| script.decision(index).clone(), |(_, decision)| decision.clone());
        if by_key && let Some(elsewhere) = elsewhere(script, &decision) {
            script.diverge(index, elsewhere, site);
            script.lose_keys();
            if script.refused() {
                return Chosen::Refused;
            }
            continue;
        }
        if !by_key
            && let (Some(wanted), Some(last)) = (&decision.after, &script.last)
            && wanted.nth < last.nth
        {
            let operations = last.nth;
            script.diverge(index, Found::Late { operations }, site);
        }
        take(script);
        let problem = match &decision.what {
            What::Time if time => {
                if forced.is_none() || forced == Some(Forced::Time) {
                    script.note_time();
                    return Chosen::Time;
                }
                break;
            }
            What::Time => Some((Found::NoTimer, site)),
            What::Run { task, slice } => match script.tasks.slot_of(task, &core.tasks) {
                None => Some((Found::NoTask, site)),
                Some(slot) => match core.ready.position(slot) {
                    Some(place) => {
                        run = Some((place, *slice));
                        decided = true;
                        None
                    }
                    None => {
                        let task = &core.tasks[slot];
                        Some((Found::NotReady { state: task.state, reason: task.reason }, Some(task.site)))
                    }
                },
            },
            // The task left by itself where its slice was to end.
            _ => {
                if by_key {
                    script.diverge(index, Found::Left, site);
                }
                continue;
            }
        };
        let Some((found, site)) = problem else { break };
        script.diverge(index, found, site);
        if by_key {
            script.lose_keys();
        }
        if script.refused() {
            return Chosen::Refused;
        }
    }
    match forced {
        Some(Forced::Time) => {
            script.note_time();
            return Chosen::Time;
        }
        Some(Forced::Task(slot)) => {
            if let Some(place) = core.ready.position(slot)
                && run.is_none_or(|(other, _)| other != place)
            {
                run = Some((place, None));
            }
        }
        None => {}
    }
    let queued = core.ready.len() as u32;
    let default = if queued > 1 { script.ask(Choice::Task, queued) as usize } else { 0 };
    let usual = script.next_slice();
    let (place, slice) = run.unwrap_or((default, None));
    script.slice = slice.map_or(usual, |slice| slice.max(1));
    script.switched();
    let other_slice = (script.slice != usual).then_some(script.slice);
    if decided || other_slice.is_some() || script.keeps_everything() && place != 0 {
        let path = core.ready.iter().nth(place).and_then(|slot| script.tasks.get(slot)).map(|known| known.path.clone());
        if let Some(task) = path {
            let after = script.last.clone();
            script.note(script.switches, after, What::Run { task, slice: other_slice });
        }
    }
    Chosen::Task(place)
}

/// The decision about this point, and whether it was found by its key. Those whose time is past are passed over.
fn wanted(script: &mut Script, site: Option<u32>) -> Option<(u32, bool)> {
    let next = script.switches + 1;
    while let Some((index, decision)) = script.keyed(Lane::Switch) {
        let key = decision.key.unwrap_or(0);
        let ends = matches!(decision.what, What::Preempt { .. } | What::Cut { .. });
        if key == next && !ends || key + 1 == next && ends {
            return Some((index, true));
        }
        if key >= next {
            break;
        }
        script.take_keyed(Lane::Switch);
        script.diverge(index, Found::Left, site);
    }
    let (index, _) = script.pointed(Lane::Switch, script.last.as_ref()?)?;
    Some((index, false))
}

/// Where the run stands, if that is not where the decision belongs.
fn elsewhere(script: &Script, decision: &Decision) -> Option<Found> {
    let wanted = decision.after.as_ref()?;
    match &script.last {
        Some(last) if last.task == wanted.task && last.nth == wanted.nth => None,
        Some(last) => Some(Found::Elsewhere { at: Some((last.task.clone(), last.nth)) }),
        // Before the first task, or nobody counts.
        None if script.switches > 0 => None,
        None => Some(Found::Elsewhere { at: None }),
    }
}

impl<V, B> Scheduler<V, B> {
    /// Whether the state of a task lets it run.
    pub fn is_ready(&self, slot: u32) -> bool {
        self.core.tasks.get(slot).is_some_and(|task| task.state == State::Ready)
    }
}
