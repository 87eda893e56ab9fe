//! Choosing who runs next: what can happen at a scheduling point, and what each of it would do.
//!
//! What a move would do is not guessed: it is done, in the machine itself, up to the first event that others can notice, and then the
//! machine is put back. The journal looks away meanwhile. That costs a copy of the machine a move, so in a large program only
//! the first moves are tried ([`Debugger::foreseen`]); the others say where their task goes on.

use super::deeds::Deed;
use super::request::Refused;
use super::session::Debugger;
use super::values::objects;
use super::view::View;
use crate::bytecode::{Instr, Op};
use crate::value::Value;
use crate::vm::machine::Stop;
use crate::vm::snapshot::Snapshot;
use crate::vm::task::Body;
use scheduler::schedule::Forced;
use scheduler::{Resume, State, Task};
use tracer::event::{EndStatus, Field, Kind, ObjectId, Record, Site, TaskId};
use tracer::inspect::{Move, Reason};
use tracer::names;
use tracer::record::Tracer;

/// Steps that a move is followed for until something can be noticed.
const AHEAD: u64 = 100_000;

/// Tasks and objects that are copied for all moves of a list together, about.
const COPIES: usize = 60_000;

impl Debugger {
    /// What can happen next; nothing but at a scheduling point.
    pub fn moves(&mut self) -> Vec<Move> {
        if self.travel.machine.stepper.is_midway() || self.ended().is_some() {
            return Vec::new();
        }
        let default = self.default_next();
        let sched = &mut self.travel.machine.sched;
        let time = sched.can_pass_time();
        let ready: Vec<u32> = sched.ready_slots().collect();
        let all: Vec<Forced> = ready.into_iter().map(Forced::Task).chain(time.then_some(Forced::Time)).collect();
        let tried = self.foreseen().min(all.len());
        // One copy to come back to from all of them.
        let here = (tried > 0).then(|| self.travel.machine.snapshot());
        (1..)
            .zip(&all)
            .map(|(number, &next)| {
                let here = here.as_ref().filter(|_| number as usize <= tried);
                self.move_of(number, next, default == Some(next), here)
            })
            .collect()
    }

    /// How many moves are tried.
    fn foreseen(&self) -> usize {
        let machine = &self.travel.machine;
        let size = 100 + machine.sched.live() + machine.heap.objects() + machine.heap.bytes() / 64;
        COPIES / size
    }

    /// What happens next if nobody picks.
    fn default_next(&mut self) -> Option<Forced> {
        let machine = &mut self.travel.machine;
        if machine.stepper.is_midway() {
            return None;
        }
        let next = machine.sched.default_next(&machine.tr);
        next.or_else(|| machine.sched.can_pass_time().then_some(Forced::Time))
    }

    /// Slot of the task that runs next if nobody picks, at a scheduling point.
    pub(super) fn default_task(&mut self) -> Option<u32> {
        match self.default_next()? {
            Forced::Task(slot) => Some(slot),
            Forced::Time => None,
        }
    }

    /// A move in words; it is tried where there is a copy of here to come back to.
    fn move_of(&mut self, number: u32, next: Forced, default: bool, here: Option<&Snapshot>) -> Move {
        let (does, effect) = match (next, here) {
            (_, None) => ("goes on".to_string(), String::new()),
            (Forced::Task(_), Some(here)) => self.foresee(here, next),
            (Forced::Time, Some(here)) => self.foresee_time(here),
        };
        let view = View::of(&self.travel.machine, &self.program);
        let (task, who, place) = match next {
            Forced::Task(slot) => {
                let task = view.sched.task(slot);
                (Some(TaskId(task.id)), objects::task_name(&view, slot), self.program.locate(Site(self.user_pc(task))))
            }
            Forced::Time => (None, "time".to_string(), String::new()),
        };
        Move { number, task, who, does, effect, place, default }
    }

    /// Where a task stands in the user's own code.
    pub(super) fn user_pc(&self, task: &Task<Value, Body>) -> u32 {
        let code = &self.travel.machine.code;
        super::frames::visible(code, &task.body).next().map_or(task.body.pc, |frame| frame.pc)
    }

    /// Picks a move by its number and goes to that task's first step.
    ///
    /// # Errors
    /// When this is no scheduling point, or there is no such move.
    pub fn pick(&mut self, number: u32) -> Result<Reason, Refused> {
        if self.ended().is_some() {
            return Err(Refused("the run is over: nothing is left to choose".into()));
        }
        if self.travel.machine.stepper.is_midway() {
            return Err(Refused(
                "a task is in the middle of its turn; `switch` goes to the next point where there is a choice, `preempt` makes one"
                    .into(),
            ));
        }
        let sched = &mut self.travel.machine.sched;
        let time = sched.can_pass_time();
        let ready: Vec<u32> = sched.ready_slots().collect();
        let deed = match number.checked_sub(1).map(|at| at as usize) {
            Some(at) if at < ready.len() => Deed::Run(sched.task(ready[at]).id),
            Some(at) if at == ready.len() && time => Deed::Time,
            _ => {
                let count = ready.len() + time as usize;
                return Err(Refused(format!("there is no move {number}: {count} can be picked")));
            }
        };
        self.travel.do_by_hand(deed).map_err(Refused)?;
        let known = self.travel.found();
        let step = self.at().step + 1;
        self.travel.forward(step, super::travel::Stops::default());
        self.select_running();
        let reason = match () {
            () if self.travel.found() > known => Reason::Finding { index: known },
            () if self.ended().is_some() => Reason::Ended,
            () => Reason::Done,
        };
        Ok(self.stand(reason))
    }

    /// Goes ahead with a move and comes back. `look` sees where it ends: the events so far begin with the given one.
    fn ahead<R>(
        &mut self,
        here: &Snapshot,
        next: Forced,
        look: impl FnOnce(&mut Debugger, Option<Stop>, u64) -> R,
    ) -> R {
        let machine = &mut self.travel.machine;
        let ahead = machine.tr.ahead();
        let journal = std::mem::replace(&mut machine.tr, ahead);
        let first = machine.tr.stand().events;
        machine.sched.force(&machine.tr, next);
        let end = machine.stepper.steps() + AHEAD;
        machine.stepper.stop_at(end, false, true);
        machine.stepper.set_breaks(Default::default());
        machine.tr.stop_after(super::motion::any(noticed, false));
        let slot = match next {
            Forced::Task(slot) => Some(slot),
            Forced::Time => None,
        };
        // Until its turn is over, or something was noticed.
        let stop = loop {
            let stop = machine.dispatch();
            let over = stop != Stop::Step || machine.tr.stops() || machine.stepper.steps() >= end;
            if over || slot.is_none() {
                break (stop != Stop::Step).then_some(stop);
            }
        };
        let seen = look(self, stop, first);
        let machine = &mut self.travel.machine;
        machine.tr = journal;
        machine.restore(here);
        seen
    }

    /// What a task would do, and what follows from it.
    fn foresee(&mut self, here: &Snapshot, next: Forced) -> (String, String) {
        let Forced::Task(slot) = next else { return Default::default() };
        if let Some(done) = self.handed(slot) {
            return (done, String::new());
        }
        let findings = self.travel.found();
        self.ahead(here, next, |debugger, stop, first| {
            let now = debugger.journal().len();
            let own = (first..now).find_map(|n| {
                let (record, text) = debugger.journal().record(n)?;
                record.kind().filter(|&kind| noticed(kind)).map(|kind| (kind, record, text.to_vec()))
            });
            let mut effects = Vec::new();
            let does = match own {
                Some((kind, record, text)) => {
                    let woken = woken(kind, &record);
                    if let Some(id) = woken {
                        effects.push(format!("unblocks {}", debugger.task_name(id)));
                    }
                    debugger.deed_in_words(kind, &record, &text)
                }
                None => match stop {
                    Some(Stop::Fault(_, fault)) => {
                        effects.push("ends the run".into());
                        format!("fails: {fault:?}")
                    }
                    _ => format!("computes for {AHEAD} instructions or more"),
                },
            };
            let woken =
                (first..now).filter_map(|n| debugger.journal().record(n)).filter(|(r, _)| r.kind() == Some(Kind::Wake));
            effects.extend(
                woken.map(|(record, _)| format!("unblocks {}", debugger.task_name(record.object))).collect::<Vec<_>>(),
            );
            // Looked for at the very event, which is where the machine would look itself.
            let found = debugger.findings();
            if let Some(finding) = found.get(findings) {
                let report = tracer::report::Report::new(&debugger.program, &found);
                let cycle = if finding.cycle.is_empty() { "" } else { "closes a cycle: " };
                effects.push(format!("{cycle}{}", report.headline(finding)));
            }
            (does, effects.join(", "))
        })
    }

    /// What happens if time passes.
    fn foresee_time(&mut self, here: &Snapshot) -> (String, String) {
        let machine = &mut self.travel.machine;
        let now = machine.sched.now();
        let deadline = machine.sched.next_deadline().unwrap_or(now);
        let passes = format!("passes {} to the next timer", names::duration(deadline.saturating_sub(now)));
        let ready: Vec<u32> = machine.sched.ready_slots().collect();
        let woken = self.ahead(here, Forced::Time, |debugger, stop, _| {
            if let Some(stop) = stop {
                // The driver's part: the clock moves, timers fire.
                let _ = debugger.travel.machine.act(stop);
            }
            let sched = &debugger.travel.machine.sched;
            let new: Vec<u32> =
                sched.ready_slots().filter(|slot| !ready.contains(slot)).map(|slot| sched.task(slot).id).collect();
            new.into_iter().map(|id| debugger.task_name(id)).collect::<Vec<_>>()
        });
        let effect = if woken.is_empty() { String::new() } else { format!("wakes {}", names::list(&woken)) };
        (passes, effect)
    }

    /// What a ready task goes on with, where it has waited for something that was handed to it.
    fn handed(&self, slot: u32) -> Option<String> {
        let machine = &self.travel.machine;
        let task = machine.sched.task(slot);
        let handed = matches!(
            task.resume,
            Resume::Received | Resume::Closed | Resume::Sent | Resume::SendClosed | Resume::Acquired
        );
        // What a task that has not waited says of objects is left over from before.
        if task.state != State::Ready || !handed {
            return None;
        }
        let object = self.waited_for(slot)?;
        let name = &object;
        Some(match task.resume {
            Resume::Received => format!("receives {} from {name}", self.in_words(task.value)),
            Resume::Closed => format!("finds {name} closed"),
            Resume::Sent => format!("goes on: its value was taken from {name}"),
            Resume::SendClosed => format!("finds {name} closed"),
            Resume::Acquired => format!("goes on with {name}"),
            _ => return None,
        })
    }

    /// A noticed event in words.
    fn deed_in_words(&self, kind: Kind, record: &Record, text: &[u8]) -> String {
        let name = || match kind.object_field() {
            Field::Object => self.object_name(ObjectId(record.object)),
            Field::Task | Field::Woken => self.task_name(record.object),
            _ => String::new(),
        };
        let wait = if record.blocked() { "waits to " } else { "" };
        let verb =
            |plain: &str, waiting: &str| if record.blocked() { format!("{wait}{waiting}") } else { plain.to_string() };
        match kind {
            Kind::TaskSpawn | Kind::AsyncSpawn => format!("spawns {}", name()),
            Kind::Yield => "lets others run".into(),
            Kind::TaskEnd => match record.arg {
                n if n == EndStatus::Done as u32 => "ends".into(),
                n if n == EndStatus::Cancelled as u32 => "ends, cancelled".into(),
                _ => "fails".into(),
            },
            Kind::TaskCancel => format!("cancels {}", name()),
            Kind::Send => {
                let value = self.sent_value(record).map_or_else(|| "a value".into(), |value| self.in_words(value));
                format!("{} {value} to {}", verb("sends", "send"), name())
            }
            Kind::Recv => match self.received(record) {
                Some(value) if !record.blocked() => format!("receives {} from {}", self.in_words(value), name()),
                _ => format!("{} from {}", verb("receives", "receive"), name()),
            },
            Kind::RecvClosed | Kind::SendClosed => format!("finds {} closed", name()),
            Kind::Close => format!("closes {}", name()),
            Kind::CloseAgain => format!("closes {} once more", name()),
            Kind::TrySendFull => format!("finds {} full", name()),
            Kind::TryRecvEmpty => format!("finds {} empty", name()),
            Kind::SelectWait => "waits in a select".into(),
            Kind::SelectDefault => "takes a select's default".into(),
            Kind::Lock => format!("{} {}", verb("locks", "lock"), name()),
            Kind::Unlock => format!("unlocks {}", name()),
            Kind::ReadLock => format!("{} {} to read", verb("locks", "lock"), name()),
            Kind::WriteLock => format!("{} {} to write", verb("locks", "lock"), name()),
            Kind::ReadUnlock | Kind::WriteUnlock => format!("unlocks {}", name()),
            Kind::Await => format!("{} {}", verb("awaits", "await"), name()),
            Kind::WaitGroupAdd => format!("adds to {}", name()),
            Kind::WaitGroupDone => format!("counts {} down", name()),
            Kind::WaitGroupWait => format!("{} for {}", verb("waits", "wait"), name()),
            Kind::BarrierWait => format!("{} at {}", verb("arrives", "meet others"), name()),
            Kind::Acquire => format!("{} a permit of {}", verb("takes", "take"), name()),
            Kind::Release => format!("gives a permit of {} back", name()),
            Kind::OnceBegin => format!("{} {}", verb("begins", "begin"), name()),
            Kind::OnceEnd => format!("finishes {}", name()),
            Kind::Detach => format!("lets go of the future of {}", name()),
            Kind::TryLockFail => format!("finds {} locked", name()),
            Kind::TryAcquireFail => format!("finds no permit of {}", name()),
            Kind::Sleep => format!("sleeps for {}", names::duration(u64::from(record.arg) * 1000)),
            Kind::TimerSet => format!("sets a timer of {}", names::duration(u64::from(record.arg) * 1000)),
            Kind::TimerStop => "stops a timer".into(),
            Kind::ContextMake => format!("makes {}", name()),
            Kind::ContextCancel => format!("cancels {}", name()),
            Kind::Atomic => format!("brings {} to {}", name(), record.arg as i32),
            Kind::ChanMake
            | Kind::MutexMake
            | Kind::RwMake
            | Kind::WaitGroupMake
            | Kind::OnceMake
            | Kind::BarrierMake
            | Kind::SemaphoreMake
            | Kind::AtomicMake => format!("makes {}", name()),
            Kind::Output | Kind::ErrorOutput => format!("prints {:?}", String::from_utf8_lossy(text).trim_end()),
            Kind::Panic => format!("fails: {}", String::from_utf8_lossy(text).trim_end()),
            other => {
                let name = name();
                if name.is_empty() { other.name().into() } else { format!("{} of {name}", other.name()) }
            }
        }
    }

    /// The value that a receive that has just been executed has brought.
    fn received(&self, record: &Record) -> Option<Value> {
        let machine = &self.travel.machine;
        let Instr { op, a, .. } = *machine.code.instrs.get(record.site().0 as usize)?;
        let body = &machine.sched.task(machine.running()).body;
        matches!(op, Op::Recv | Op::RecvOrJump | Op::CallBuiltin)
            .then(|| body.stack.get(body.base as usize + a as usize / 2).copied())?
    }
}

/// Whether others can notice such an event.
fn noticed(kind: Kind) -> bool {
    let silent = matches!(
        kind,
        Kind::Switch
            | Kind::Preempt
            | Kind::SelectCommit
            | Kind::Collect
            | Kind::Publish
            | Kind::Finding
            | Kind::Wake
            | Kind::SelectRecvArm
            | Kind::SelectSendArm
            | Kind::SelectTimerArm
            | Kind::SelectFutureArm
    );
    !silent && !kind.is_bookkeeping()
}

/// The task that an event woke.
fn woken(kind: Kind, record: &Record) -> Option<u32> {
    let field = |field, value: u32| (field == Field::Woken && value != 0 && !record.blocked()).then_some(value);
    field(kind.arg_field(), record.arg).or_else(|| field(kind.object_field(), record.object))
}
