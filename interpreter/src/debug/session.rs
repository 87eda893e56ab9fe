//! The debugger: one run, a selected task and frame, breakpoints; every request comes here.
//!
//! Requests to go somewhere are in `motion` (forwards) and `reverse` (back), choices in `moves`, breakpoints in `points`, looking
//! into the program in `look`.

use super::deeds::Deed;
use super::lines::Lines;
use super::points::Points;
use super::request::{Go, Motion, Refused};
use super::travel::{MOST_EVENTS, Setup as TravelSetup, Travel};
use crate::bytecode::Code;
use crate::bytecode::verify::VerifyError;
use crate::trace_info::program_info;
use crate::value::{Tag, Value};
use crate::vm::io::{Input, Io, Sink};
use crate::vm::machine::Limits;
use crate::vm::run::RunReport;
use scheduler::schedule::ProgramStamp;
use scheduler::{Config, State, TimeSource};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use tracer::event::{Kind, TaskId};
use tracer::finding::{Finding, Verdict};
use tracer::inspect::{Coordinate, Ended, Reason};
use tracer::journal::Journal;
use tracer::program::ProgramInfo;
use tracer::store::Store;

/// How the debugged program runs.
#[derive(Clone, Debug)]
pub struct Setup {
    /// Who runs when, until somebody chooses otherwise.
    pub schedule: scheduler::schedule::Schedule,
    /// Limits on the program.
    pub limits: Limits,
    /// End at once when `main` returns.
    pub stop_at_main: bool,
    /// Look for data races.
    pub races: bool,
    /// Lines of standard input.
    pub input: Vec<String>,
    /// The program's arguments.
    pub args: Vec<String>,
    /// Set to stop a long journey; whoever sets it clears it before the next request.
    pub interrupt: Arc<AtomicBool>,
    /// Steps between two checkpoints, about.
    pub spacing: u64,
}

/// Steps between two checkpoints where nobody says: a few milliseconds of executing again.
pub const SPACING: u64 = 1 << 20;

/// A debugged run.
pub struct Debugger {
    pub(super) travel: Travel,
    pub(super) program: Arc<ProgramInfo>,
    pub(super) lines: Lines,
    pub(super) points: Points,
    /// Number of the task that requests are about, and its frame.
    pub(super) selected: Option<u32>,
    pub(super) frame: usize,
    /// Why the run stands.
    reason: Reason,
    /// What log points said since somebody last asked.
    pub(super) log: Vec<String>,
    /// Output up to this event has been told.
    told: u64,
    /// Every event up to where the run stands; fed when asked for.
    store: Store,
    /// The revision of the past that the store was fed from.
    store_of: u64,
    pub(super) stamp: ProgramStamp,
    setup: Setup,
}

impl Debugger {
    /// A run that stands before its first step.
    ///
    /// # Errors
    /// When the verifier rejects the program, which is a fault of the compiler.
    pub fn new(code: &Code, setup: Setup) -> Result<Debugger, VerifyError> {
        let mut program = program_info(code);
        if setup.races {
            program.globals = code.globals.iter().map(|global| global.name.clone()).collect();
        }
        let program = Arc::new(program);
        let oracle = super::schedule::oracle(code, &setup.schedule);
        let config = |may_cancel| Config {
            oracle: oracle.clone(),
            time: TimeSource::virtual_time(),
            time_value: |nanoseconds| Value::new(Tag::Time, nanoseconds),
            may_cancel,
        };
        let mut io = Io::new(Sink::Events, Sink::Events, Input::Lines(setup.input.clone(), 0));
        io.args.clone_from(&setup.args);
        let travel = Travel::new(
            code,
            TravelSetup {
                limits: setup.limits,
                stop_at_main: setup.stop_at_main,
                races: setup.races,
                io,
                config: &config,
                program: program.clone(),
                spacing: setup.spacing,
                interrupt: setup.interrupt.clone(),
            },
        )?;
        Ok(Debugger {
            lines: Lines::new(&travel.machine.code, &program),
            points: Points::default(),
            selected: Some(1),
            frame: 0,
            reason: Reason::Start,
            log: Vec::new(),
            told: 0,
            store: Store::new(program.clone()),
            store_of: 0,
            stamp: crate::schedule::stamp(code),
            travel,
            program,
            setup,
        })
    }

    /// Goes somewhere; why it stands then.
    pub fn go(&mut self, go: &Go) -> Reason {
        let mut reason = Reason::Done;
        for _ in 0..go.times.max(1) {
            reason = self.once(go);
            if reason != Reason::Done {
                break;
            }
        }
        if go.motion == Motion::Switch && reason == Reason::Done {
            self.select_next();
        }
        self.stand(reason)
    }

    /// At a scheduling point: selects who is next, where the selected task has to wait anyway.
    fn select_next(&mut self) {
        let waits = self.selected.is_none_or(|task| self.state_of(task) != Some(State::Ready));
        if waits && let Some(slot) = self.default_task() {
            self.selected = Some(self.travel.machine.sched.task(slot).id);
        }
    }

    /// The run stands, for this reason.
    pub(super) fn stand(&mut self, reason: Reason) -> Reason {
        let reason = match reason {
            Reason::Interrupted if self.travel.is_full() => Reason::Nothing {
                why: format!(
                    "{MOST_EVENTS} events are recorded, which is all that a debugger keeps: the run cannot go on here"
                ),
            },
            reason => reason,
        };
        self.frame = 0;
        self.keep_selection();
        if let Some(why) = self.travel.amiss() {
            self.log.push(format!("internal error: what was done by hand cannot be done again: {why}"));
        }
        self.reason = reason.clone();
        reason
    }

    /// Why the run stands.
    pub fn reason(&self) -> &Reason {
        &self.reason
    }

    /// Selects a task that is there, if the selected one is not.
    fn keep_selection(&mut self) {
        let there = |id: u32| self.travel.slot(id).is_some();
        if self.selected.is_some_and(there) {
            return;
        }
        let running = self.travel.running().or_else(|| self.default_task());
        let first = || self.travel.machine.sched.live_tasks().map(|(_, task)| task.id).min();
        self.selected = running.map(|slot| self.travel.machine.sched.task(slot).id).or_else(first);
    }

    /// Selects the task that runs, if one does.
    pub(super) fn select_running(&mut self) {
        if let Some(slot) = self.travel.running() {
            self.selected = Some(self.travel.machine.sched.task(slot).id);
        }
    }

    /// Slot of the selected task.
    pub(super) fn slot(&self) -> Option<u32> {
        self.travel.slot(self.selected?)
    }

    /// The selected task; says why there is none.
    pub(super) fn task(&self) -> Result<(u32, u32), Refused> {
        match (self.selected, self.slot()) {
            (Some(id), Some(slot)) => Ok((id, slot)),
            _ => Err(Refused("no task is left to look at".into())),
        }
    }

    /// Selects a task by its name `worker#1`, its path `main/worker.1` or its number.
    ///
    /// # Errors
    /// When there is no such live task.
    pub fn select(&mut self, task: &str) -> Result<TaskId, Refused> {
        let id = self.find_task(task)?;
        self.selected = Some(id.0);
        self.frame = 0;
        Ok(id)
    }

    /// Selects a frame of the selected task, 0 being the innermost.
    ///
    /// # Errors
    /// When it has no such frame.
    pub fn select_frame(&mut self, index: usize) -> Result<(), Refused> {
        let (_, slot) = self.task()?;
        let machine = &self.travel.machine;
        match super::frames::nth(&machine.code, &machine.sched.task(slot).body, index) {
            Some(_) => {
                self.frame = index;
                Ok(())
            }
            None => Err(Refused(format!("the task has no frame {index}"))),
        }
    }

    /// The running task makes room where it stands: who goes on is to be chosen.
    ///
    /// # Errors
    /// When nobody runs.
    pub fn preempt(&mut self) -> Result<Reason, Refused> {
        self.travel.do_by_hand(Deed::Preempt).map_err(Refused)?;
        Ok(self.stand(Reason::Done))
    }

    /// Takes the last thing done by hand back, and stands where it was done.
    ///
    /// # Errors
    /// When nothing was done by hand on the way here.
    pub fn undo(&mut self) -> Result<Reason, Refused> {
        self.travel.undo().ok_or_else(|| Refused("nothing was done by hand on the way here".into()))?;
        self.select_running();
        Ok(self.stand(Reason::Done))
    }

    /// Where the run stands.
    pub fn at(&self) -> Coordinate {
        self.travel.at()
    }

    /// The furthest point known.
    pub fn frontier(&self) -> Coordinate {
        self.travel.frontier()
    }

    /// Raised whenever recorded events were forgotten because the run took another turn.
    pub fn revision(&self) -> u64 {
        self.travel.revision()
    }

    /// How the run ended, where it stands at its end.
    pub fn ended(&self) -> Option<&RunReport> {
        self.travel.ended()
    }

    /// The same for a reader.
    pub(super) fn ending(&self) -> Option<Ended> {
        let report = self.travel.ended()?;
        Some(Ended { verdict: report.verdict, exit_code: exit_code(report) })
    }

    /// Everything found wrong up to here.
    pub fn findings(&self) -> Vec<Finding> {
        self.travel.findings()
    }

    /// The events.
    pub fn journal(&self) -> &Journal {
        &self.travel.machine.tr
    }

    /// Names and places of the program.
    pub fn program(&self) -> &Arc<ProgramInfo> {
        &self.program
    }

    /// How the program runs.
    pub fn setup(&self) -> &Setup {
        &self.setup
    }

    /// What log points said since last asked.
    pub fn take_log(&mut self) -> Vec<String> {
        std::mem::take(&mut self.log)
    }

    /// What the program wrote since last asked; what it writes again, after going back, is told once.
    pub fn take_output(&mut self) -> String {
        self.told = self.told.min(self.journal().len());
        let from = self.told;
        self.told = self.told.max(self.at().event);
        self.written(from..self.told)
    }

    /// All that it had written up to here.
    pub fn output(&self) -> String {
        self.written(0..self.at().event)
    }

    fn written(&self, events: std::ops::Range<u64>) -> String {
        let mut text = Vec::new();
        for chunk in self.journal().chunks(events) {
            for record in chunk.records() {
                if matches!(record.kind(), Some(Kind::Output | Kind::ErrorOutput)) {
                    text.extend_from_slice(chunk.text_of(record));
                }
            }
        }
        String::from_utf8_lossy(&text).into_owned()
    }

    /// The store of every event up to where the run stands.
    pub fn store(&mut self) -> &Store {
        let events = self.at().event;
        if self.store_of != self.revision() || self.store.len() > events {
            self.store = Store::new(self.program.clone());
            self.store_of = self.revision();
        }
        let from = self.store.len();
        let Self { travel, store, .. } = self;
        travel.machine.tr.chunks(from..events).for_each(|chunk| store.push(&chunk));
        &self.store
    }

    /// State of the task with this number; `None` where it is gone.
    pub(super) fn state_of(&self, task: u32) -> Option<State> {
        Some(self.travel.machine.sched.task(self.travel.slot(task)?).state)
    }
}

/// The exit code of a run that ended so, where leaks only warn.
fn exit_code(report: &RunReport) -> i32 {
    match report.verdict {
        Verdict::Ok | Verdict::Leak => report.exit_code,
        Verdict::Deadlock => 102,
        Verdict::Panic | Verdict::Assert => 101,
        Verdict::Race => 104,
        Verdict::Livelock => 106,
        Verdict::TimeLimit => 124,
    }
}
