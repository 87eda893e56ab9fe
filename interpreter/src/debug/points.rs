//! Breakpoints, watches and log points: what they stop at, and whether they hold there.
//!
//! A motion asks for what all of them could stop at ([`Watching::add_to`]) and at each stop which of them hold. Names of objects and
//! tasks are compared as they are shown, since the things may not be there yet when the breakpoint is made.

use super::evaluate::Compiled;
use super::evaluate::place::{Place, Print};
use super::evaluate::template::Template;
use super::request::{BreakOn, Breakpoint, Hits, Refused};
use super::session::Debugger;
use super::travel::{Halt, Stops};
use crate::bytecode::Op;
use crate::bytecode::ops::{Flow, Operand};
use crate::bytecode::program::ArmCode;
use crate::value::Value;
use rustc_hash::FxHashMap;
use std::sync::Arc;
use tracer::event::{Field, Kind, ObjectId, Record};
use tracer::inspect::{BreakpointView, Reason};
use tracer::journal::Want;

/// All of them, in order of their numbers.
#[derive(Default)]
pub(super) struct Points {
    list: Vec<Point>,
    last: u32,
}

/// One.
struct Point {
    id: u32,
    is: Breakpoint,
    enabled: bool,
    hits: u64,
    /// The instructions of a line or function.
    pcs: Vec<u32>,
    /// The line, where it is at one.
    line: Option<(u16, u32)>,
    condition: Option<Compiled>,
    value: Option<Compiled>,
    log: Option<Template>,
    /// What is watched, and its value when it was last looked at.
    watch: Option<(Place, Option<Print>, String)>,
    /// Whether the object with this number has the name; asked for once each.
    named: FxHashMap<u32, bool>,
}

impl Debugger {
    /// Makes a breakpoint; gives its number.
    ///
    /// # Errors
    /// When there is no such line, function or variable, or an expression in it is wrong.
    pub fn add(&mut self, breakpoint: Breakpoint) -> Result<u32, Refused> {
        let mut point = Point {
            id: self.points.last + 1,
            enabled: true,
            hits: 0,
            pcs: Vec::new(),
            line: None,
            condition: self.compiled(breakpoint.condition.as_deref())?,
            value: None,
            log: breakpoint.log.as_deref().map(|log| self.template(log)).transpose()?,
            watch: None,
            named: FxHashMap::default(),
            is: breakpoint,
        };
        match &point.is.on {
            BreakOn::Line { file, line } => {
                let file = self.file(file.as_deref())?;
                let path = &self.program.files[file as usize].path;
                let (at, pcs) = self
                    .lines
                    .at_or_after((file, *line))
                    .ok_or_else(|| Refused(format!("there is no code at or after {path}:{line}")))?;
                point.line = Some(at);
                point.pcs = pcs.to_vec();
            }
            BreakOn::Function(name) => {
                let code = &self.travel.machine.code;
                let named = |index: usize| self.program.functions.get(index).is_some_and(|f| f.name == *name);
                let entries =
                    (0..).zip(&code.functions).filter(|(at, f)| !f.prelude && (f.name == *name || named(*at)));
                point.pcs = entries.map(|(_, f)| f.start).collect();
                if point.pcs.is_empty() {
                    return Err(Refused(format!("there is no function `{name}`")));
                }
                point.line = self.lines.of(point.pcs[0]);
            }
            BreakOn::Event { value, .. } => point.value = self.compiled(value.as_deref())?,
            BreakOn::Panic | BreakOn::Finding => {}
            BreakOn::Write(name) => {
                let place = self.locate(name)?;
                let (value, text) = (self.read(&place), self.shown(&place));
                point.watch = Some((place, value, text));
            }
        }
        self.points.last = point.id;
        self.points.list.push(point);
        Ok(self.points.last)
    }

    /// Takes a breakpoint away.
    ///
    /// # Errors
    /// When there is none with this number.
    pub fn remove(&mut self, id: u32) -> Result<(), Refused> {
        let at = self.points.list.iter().position(|point| point.id == id).ok_or_else(|| none(id))?;
        self.points.list.remove(at);
        Ok(())
    }

    /// Turns a breakpoint on or off.
    ///
    /// # Errors
    /// When there is none with this number.
    pub fn enable(&mut self, id: u32, on: bool) -> Result<(), Refused> {
        let point = self.points.list.iter_mut().find(|point| point.id == id).ok_or_else(|| none(id))?;
        point.enabled = on;
        Ok(())
    }

    /// Every breakpoint.
    pub fn breakpoints(&self) -> Vec<BreakpointView> {
        let view = |point: &Point| BreakpointView {
            id: point.id,
            text: point.is.text.clone(),
            line: point.line,
            enabled: point.enabled,
            hits: point.hits,
        };
        self.points.list.iter().map(view).collect()
    }

    /// A file by the end of its path; that of the selected frame where none is named.
    fn file(&self, name: Option<&str>) -> Result<u16, Refused> {
        let Some(name) = name else { return Ok(self.place_of_frame().map_or(0, |place| place.file)) };
        let ends = |path: &str| {
            path.strip_suffix(name).is_some_and(|before| before.is_empty() || before.ends_with(['/', '\\']))
        };
        let found = self.program.files.iter().position(|file| ends(&file.path));
        found.map(|at| at as u16).ok_or_else(|| Refused(format!("there is no file `{name}` in this program")))
    }

    fn compiled(&self, text: Option<&str>) -> Result<Option<Compiled>, Refused> {
        text.map(Compiled::new).transpose()
    }

    fn template(&self, text: &str) -> Result<Template, Refused> {
        Template::new(text)
    }

    /// The instructions after which a variable may have another value.
    pub(super) fn writers(&self) -> Arc<[bool]> {
        let code = &self.travel.machine.code;
        // Anything that writes a register may write the watched one; plain jumps write nothing.
        let only_jumps = |op: Op| {
            let jumps = matches!(op.flow(), Flow::Branch | Flow::Jump | Flow::Table);
            jumps && !op.operands().iter().any(|o| matches!(o, Operand::Write | Operand::Update | Operand::Frame))
        };
        code.instrs.iter().map(|instr| !only_jumps(instr.op)).collect()
    }
}

fn none(id: u32) -> Refused {
    Refused(format!("there is no breakpoint {id}"))
}

/// What the enabled breakpoints want, for one motion.
pub(super) struct Watching {
    breaks: Option<Arc<[bool]>>,
    events: Want,
    switches: bool,
}

impl Watching {
    /// Begins a motion.
    pub(super) fn begin(debugger: &mut Debugger) -> Watching {
        let mut watching = Watching { breaks: None, events: Want::default(), switches: false };
        let code = debugger.travel.machine.code.instrs.len();
        let enabled = || debugger.points.list.iter().filter(|point| point.enabled);
        let mut breaks = vec![false; code];
        for point in enabled() {
            point.pcs.iter().for_each(|&pc| breaks[pc as usize] = true);
            match &point.is.on {
                BreakOn::Event { kinds, blocked, .. } => {
                    kinds.iter().for_each(|&kind| watching.events.add(kind, *blocked));
                }
                BreakOn::Panic => watching.events.add(Kind::Panic, false),
                BreakOn::Finding => watching.events.add(Kind::Finding, false),
                BreakOn::Line { .. } | BreakOn::Function(_) | BreakOn::Write(_) => {}
            }
        }
        if enabled().any(|point| point.watch.is_some()) {
            // Whatever writes is a stop, and then the next one sees what it wrote.
            watching.switches = true;
            let writers = debugger.writers();
            breaks.iter_mut().zip(writers.iter()).for_each(|(stop, writes)| *stop |= writes);
            debugger.look_at_watches();
        }
        watching.breaks = breaks.contains(&true).then(|| breaks.into());
        watching
    }

    /// Adds what they want to what a motion wants.
    pub(super) fn add_to(&self, _debugger: &Debugger, stops: &mut Stops) {
        stops.switches |= self.switches;
        stops.events.join(&self.events);
        match (&mut stops.breaks, &self.breaks) {
            (Some(breaks), Some(ours)) => {
                *breaks = breaks.iter().zip(ours.iter()).map(|(stop, our)| stop | our).collect()
            }
            (none @ None, Some(ours)) => *none = Some(ours.clone()),
            _ => {}
        }
    }

    /// The breakpoints that hold where the run has stopped. Log points speak here; `quiet`ly on the way back.
    pub(super) fn holds(&mut self, debugger: &mut Debugger, halt: Halt, quiet: bool) -> Option<Reason> {
        let mut ids = Vec::new();
        let mut written = None;
        for index in 0..debugger.points.list.len() {
            let Some(met) = debugger.met(index, halt) else { continue };
            let point = &mut debugger.points.list[index];
            point.hits += !quiet as u64;
            let counts = match point.is.hits {
                _ if quiet => true,
                None => true,
                Some(Hits::From(n)) => point.hits >= n,
                Some(Hits::At(n)) => point.hits == n,
                Some(Hits::Every(n)) => point.hits.is_multiple_of(n.max(1)),
            };
            if !counts {
                continue;
            }
            if point.log.is_some() {
                if !quiet {
                    debugger.say(index);
                }
                continue;
            }
            if let Met::Written { name, old, new } = met {
                written.get_or_insert(Reason::Watch { id: point.id, name, old, new });
            }
            ids.push(point.id);
        }
        if !quiet {
            debugger.points.list.retain(|point| !(point.is.once && ids.contains(&point.id)));
        }
        written.or_else(|| (!ids.is_empty()).then_some(Reason::Breakpoint { ids }))
    }
}

/// How a breakpoint was met.
enum Met {
    Here,
    Written { name: String, old: String, new: String },
}

impl Debugger {
    /// Takes the values of what is watched as they are.
    fn look_at_watches(&mut self) {
        for index in 0..self.points.list.len() {
            if let Some((place, ..)) = &self.points.list[index].watch {
                let place = *place;
                let (value, text) = (self.read(&place), self.shown(&place));
                self.points.list[index].watch = Some((place, value, text));
            }
        }
    }

    /// Whether a breakpoint is met where the run stands, apart from how often.
    fn met(&mut self, index: usize, halt: Halt) -> Option<Met> {
        let point = &self.points.list[index];
        if !point.enabled {
            return None;
        }
        let mut met = Met::Here;
        match point.is.on.clone() {
            BreakOn::Line { .. } | BreakOn::Function(_) => {
                let machine = &self.travel.machine;
                let pc = machine.sched.task(machine.running()).body.pc;
                if !(machine.stepper.is_midway() && point.pcs.contains(&pc)) {
                    return None;
                }
            }
            BreakOn::Panic => self.recent(halt, |kind| kind == Kind::Panic)?,
            BreakOn::Finding => self.recent(halt, |kind| matches!(kind, Kind::Finding | Kind::Panic))?,
            BreakOn::Event { kinds, blocked, on, by, held_longer, .. } => {
                let here = self.at().event;
                let found = (halt.since..here).find(|&ordinal| {
                    let Some(record) = self.journal().record(ordinal).map(|(record, _)| record) else { return false };
                    let kind = record.kind().is_some_and(|kind| kinds.contains(&kind));
                    kind && (record.blocked() || !blocked)
                        && on.as_deref().is_none_or(|name| self.is_on(index, &record, name))
                        && by.as_deref().is_none_or(|name| self.is_by(ordinal, name))
                        && held_longer.is_none_or(|time| self.was_held(ordinal, &record, time))
                        && self.sends_right(index, &record)
                });
                found?;
            }
            BreakOn::Write(name) => {
                let (place, before, old) = point.watch.clone()?;
                let after = self.read(&place);
                if before == after {
                    return None;
                }
                let new = self.shown(&place);
                self.points.list[index].watch = Some((place, after, new.clone()));
                met = Met::Written { name, old, new };
            }
        }
        self.condition_holds(index).then_some(met)
    }

    /// Whether such an event was recorded since the run last stood.
    fn recent(&self, halt: Halt, wanted: impl Fn(Kind) -> bool) -> Option<()> {
        let kind = |n: u64| self.journal().record(n).and_then(|(record, _)| record.kind());
        (halt.since..self.at().event).any(|n| kind(n).is_some_and(&wanted)).then_some(())
    }

    /// Whether an event is about the thing with this name.
    fn is_on(&mut self, index: usize, record: &Record, name: &str) -> bool {
        let Some(kind) = record.kind() else { return false };
        match kind.object_field() {
            Field::Object => {
                if let Some(&known) = self.points.list[index].named.get(&record.object) {
                    return known;
                }
                let named = self.object_named(name).is_ok_and(|object| object == ObjectId(record.object));
                // The same name is always the same thing, once there is one.
                if self.object_named(name).is_ok() {
                    self.points.list[index].named.insert(record.object, named);
                }
                named
            }
            Field::Task => self.is_task(record.object, name),
            _ => false,
        }
    }

    /// Whether an event is of the task with this name.
    fn is_by(&self, ordinal: u64, name: &str) -> bool {
        let switch = |record: &Record| record.kind() == Some(Kind::Switch);
        let task = self.journal().rfind(ordinal + 1, |record, _| switch(record));
        let id = task.and_then(|at| self.journal().record(at)).map(|(record, _)| record.object);
        id.is_some_and(|id| self.is_task(id, name))
    }

    /// Whether the lock that an event is about had been held for longer than this when it was recorded.
    fn was_held(&mut self, ordinal: u64, record: &Record, time: u64) -> bool {
        let store = self.store();
        let before = store.at(ordinal);
        let clock = store.event(ordinal).map_or(0, |event| event.clock);
        let holds = before.object(ObjectId(record.object)).map(|now| now.holds.clone()).unwrap_or_default();
        holds.iter().any(|hold| clock.saturating_sub(hold.since) > time)
    }

    /// Whether the value that an event sends is the one that the breakpoint waits for.
    fn sends_right(&mut self, index: usize, record: &Record) -> bool {
        let Some(test) = self.points.list[index].value.clone() else { return true };
        let Some(value) = self.sent_value(record) else { return false };
        self.test(&test, &[("value", value)], index)
    }

    /// The value that the running task's send is about; it stands in a register.
    pub(super) fn sent_value(&self, record: &Record) -> Option<Value> {
        let machine = &self.travel.machine;
        let body = &machine.sched.task(machine.running()).body;
        let instr = machine.code.instrs.get(record.site().0 as usize)?;
        let register = match instr.op {
            Op::Send => instr.b / 2,
            Op::Select => {
                let select = machine.code.selects.get(instr.c as usize)?;
                let commit = self.journal().rfind(self.at().event, |r, _| r.kind() == Some(Kind::SelectCommit))?;
                let (commit, _) = self.journal().record(commit)?;
                match select.arms.get(commit.arg as usize)? {
                    ArmCode::Send(_, value) => value.0,
                    _ => return None,
                }
            }
            // A method of the channel: the arguments stand after it.
            Op::CallBuiltin => instr.a / 2 + 2,
            _ => return None,
        };
        body.stack.get(body.base as usize + register as usize).copied()
    }

    fn condition_holds(&mut self, index: usize) -> bool {
        match self.points.list[index].condition.clone() {
            None => true,
            Some(test) => self.test(&test, &[], index),
        }
    }

    /// Whether a test holds in the innermost frame of the running task. A test that cannot be made does not; that is said once.
    fn test(&mut self, test: &Compiled, bind: &[(&str, Value)], index: usize) -> bool {
        match self.holds_here(test, bind) {
            Ok(holds) => holds,
            Err(refused) => {
                let said = format!("breakpoint {}: {refused}", self.points.list[index].id);
                if !self.log.contains(&said) {
                    self.log.push(said);
                }
                false
            }
        }
    }

    /// A log point speaks.
    fn say(&mut self, index: usize) {
        let Some(log) = self.points.list[index].log.clone() else { return };
        let said =
            self.filled(&log).unwrap_or_else(|refused| format!("{}: {refused}", self.points.list[index].is.text));
        self.log.push(said);
    }
}
