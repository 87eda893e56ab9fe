//! A debugger that is spoken to in commands: it does what each asks for and answers in words and as data.
//!
//! The words are for people, the data (`result`) for `--json`; both come from the same views of [`tracer::inspect`].

use super::command::{Command, Line, Which};
use super::nearest::{did_you_mean, nearest};
use super::{help, text};
use crate::cli::Policy;
use crate::report;
use interpreter::debug::request::{Breakpoint, Direction, Go, Motion, Refused};
use interpreter::debug::session::Debugger;
use serde::Serialize;
use serde_json::{Value, json};
use std::path::Path;
use std::sync::Arc;
use tracer::finding::Finding;
use tracer::inspect::{Coordinate, Inspection, Reason};
use tracer::program::ProgramInfo;
use tracer::report::Report;
use tracer::{dump, explain};

/// What came of a command.
#[derive(Clone, Debug, Default)]
pub struct Answer {
    /// In words: lines, the last one ended; may be empty.
    pub text: String,
    /// As data; null where there is nothing to say but where the run stands.
    pub result: Value,
    /// Why the run stands, after a motion or a choice.
    pub reason: Option<Reason>,
    /// Whether something changed that an inspection shows.
    pub changed: bool,
    /// Whether the session is to end.
    pub quit: bool,
}

/// A debugger with the memory that its commands need.
pub struct Console {
    debugger: Debugger,
    program: Arc<ProgramInfo>,
    /// How many divergences from the schedule have been told.
    told: usize,
    /// How often the past had changed when somebody last looked.
    revision: u64,
    /// Where motions began, for `back` without a motion.
    history: Vec<Coordinate>,
    policy: Policy,
}

impl Console {
    /// Speaks to a debugger.
    pub fn new(debugger: Debugger, policy: Policy) -> Self {
        let program = debugger.program().clone();
        let revision = debugger.revision();
        Self { debugger, program, told: 0, revision, history: Vec::new(), policy }
    }

    /// The debugger itself.
    pub fn debugger(&mut self) -> &mut Debugger {
        &mut self.debugger
    }

    /// The program's names and places.
    pub fn program(&self) -> &Arc<ProgramInfo> {
        &self.program
    }

    /// What has been found so far, as far as `--leaks` lets it through.
    pub fn findings(&self) -> Vec<Finding> {
        report::shown(&self.debugger.findings(), self.policy)
    }

    /// Where the run stands, in words.
    pub fn standing(&mut self) -> String {
        let inspection = self.debugger.inspection();
        text::standing(&inspection, &self.program, &self.debugger.findings())
    }

    /// Does what a command asks for.
    ///
    /// # Errors
    /// When it cannot be done; nothing has changed then.
    pub fn run(&mut self, command: &Command) -> Result<Answer, Refused> {
        match command {
            Command::Go(go) => Ok(self.go(go)),
            Command::Back => self.back(),
            Command::Moves => Ok(self.moves()),
            Command::Pick(number) => self.choose(|debugger| debugger.pick(*number)),
            Command::Preempt => self.choose(Debugger::preempt),
            Command::Undo => self.choose(Debugger::undo),
            Command::Break(breakpoint) => self.add(breakpoint),
            Command::Breakpoints => Ok(self.breakpoints()),
            Command::Delete(which) => self.each(which, "removed", Debugger::remove),
            Command::Enable(which, on) => {
                let done = if *on { "turned on" } else { "turned off" };
                self.each(which, done, |debugger, id| debugger.enable(id, *on))
            }
            Command::Where { all } => Ok(self.stacks(*all)),
            Command::Tasks => {
                let inspection = self.debugger.inspection();
                let text = or(text::tasks(&inspection), "there is no live task");
                Ok(said(text, &inspection.tasks))
            }
            Command::Select(name) => {
                self.debugger.select(name)?;
                let inspection = self.debugger.inspection();
                Ok(Answer { changed: true, ..said(text::selected(&inspection, &self.program), Value::Null) })
            }
            Command::Frame(index) => self.frame(*index),
            Command::FrameBy(by) => self.frame_by(*by),
            Command::Locals => {
                let variables = self.debugger.variables();
                Ok(said(or(text::variables(&variables), "there are no variables here"), &variables))
            }
            Command::Evaluate { text, effects } => self.evaluate(text, *effects),
            Command::Set { place, value } => self.set(place, value),
            Command::Objects => {
                let objects = self.debugger.objects();
                Ok(said(or(text::objects(&objects), "there are no objects yet"), &objects))
            }
            Command::Object(name) => self.object(name),
            Command::Waits => Ok(self.waits()),
            Command::List(line) => self.list(line.as_ref()),
            Command::Events(count) => Ok(self.events(*count)),
            Command::Output => {
                let output = self.debugger.output();
                Ok(said(or(text::marked(&output), "nothing has been written yet"), output))
            }
            Command::Findings => Ok(self.found()),
            Command::Info => {
                let inspection = self.debugger.inspection();
                let text = self.standing() + &text::info(&inspection, self.findings().len());
                Ok(Answer { changed: true, reason: inspection.reason.clone(), ..said(text, Value::Null) })
            }
            Command::Schedule => {
                let inline = self.debugger.schedule().to_inline().ok_or_else(|| {
                    Refused("the schedule is too long for an inline string; `save FILE` writes it".to_string())
                })?;
                Ok(said(format!("{inline}\n"), inline))
            }
            Command::Save(path) => self.save(path),
            Command::Restart => Ok(self.restart()),
            Command::Help(row) => Ok(said(row.map_or_else(help::overview, help::of), Value::Null)),
            Command::Quit => Ok(Answer { quit: true, ..Answer::default() }),
        }
    }

    // Moving and choosing

    fn go(&mut self, go: &Go) -> Answer {
        let from = self.debugger.at();
        let reason = self.debugger.go(go);
        self.left(from);
        self.stood(reason)
    }

    fn back(&mut self) -> Result<Answer, Refused> {
        let Some(to) = self.history.pop() else {
            return Err(Refused("there was no motion yet that could be taken back".to_string()));
        };
        let reason = self.debugger.go(&to_place(Motion::Step(to.step)));
        Ok(self.stood(reason))
    }

    fn choose(&mut self, choice: impl FnOnce(&mut Debugger) -> Result<Reason, Refused>) -> Result<Answer, Refused> {
        let from = self.debugger.at();
        let reason = choice(&mut self.debugger)?;
        self.left(from);
        Ok(self.stood(reason))
    }

    /// The run left a place, to which `back` goes. Where it took another turn, what is known of later points is no longer so.
    fn left(&mut self, from: Coordinate) {
        let at = self.debugger.at();
        if self.debugger.revision() != self.revision {
            self.revision = self.debugger.revision();
            self.history.retain(|point| *point <= from.min(at));
        }
        if at != from {
            self.history.push(from);
        }
    }

    /// The answer to a motion: what log points said, and where the run stands.
    fn stood(&mut self, reason: Reason) -> Answer {
        let log = self.debugger.take_log();
        let mut text: String = log.iter().map(|line| format!("log: {}\n", line.trim_end())).collect();
        let divergences = self.debugger.divergences();
        for divergence in divergences.iter().skip(self.told) {
            text.push_str(&format!("diverged: {}\n", divergence.words(&self.program)));
        }
        self.told = self.told.max(divergences.len());
        text.push_str(&self.standing());
        let result = if log.is_empty() { Value::Null } else { json!({ "log": log }) };
        Answer { text, result, reason: Some(reason), changed: true, quit: false }
    }

    fn moves(&mut self) -> Answer {
        let moves = self.debugger.moves();
        let text = match self.debugger.inspection() {
            _ if !moves.is_empty() => text::moves(&moves),
            Inspection { ended: Some(_), .. } => "nobody can run: the run is over\n".to_string(),
            Inspection { running: Some(id), tasks, .. } => {
                let name = tasks.iter().find(|task| task.id == id).map_or("a task", |task| &task.name);
                format!("{name} runs; `switch` goes to where somebody is to be chosen, `preempt` makes it here\n")
            }
            Inspection { .. } => "nobody can run\n".to_string(),
        };
        said(text, moves)
    }

    fn restart(&mut self) -> Answer {
        while self.debugger.undo().is_ok() {}
        let reason = self.debugger.go(&to_place(Motion::Start));
        self.left(self.debugger.at());
        self.history.clear();
        self.stood(reason)
    }

    // Breakpoints

    fn add(&mut self, breakpoint: &Breakpoint) -> Result<Answer, Refused> {
        let id = self.debugger.add(breakpoint.clone())?;
        let inspection = self.debugger.inspection();
        let view = inspection.breakpoints.iter().find(|one| one.id == id);
        let words = view.map_or(&breakpoint.text, |view| &view.text);
        let stands = view.and_then(|view| view.line).and_then(|(file, line)| {
            let path = &self.program.files.get(file as usize)?.path;
            Some(format!(", at {path}:{line}"))
        });
        let text = format!("breakpoint {id}: {words}{}\n", stands.unwrap_or_default());
        Ok(Answer { changed: true, ..said(text, view) })
    }

    fn breakpoints(&mut self) -> Answer {
        let breakpoints = self.debugger.inspection().breakpoints;
        said(or(text::breakpoints(&breakpoints), "there are no breakpoints"), &breakpoints)
    }

    fn each(
        &mut self,
        which: &Which,
        done: &str,
        mut act: impl FnMut(&mut Debugger, u32) -> Result<(), Refused>,
    ) -> Result<Answer, Refused> {
        let known: Vec<u32> = self.debugger.inspection().breakpoints.iter().map(|one| one.id).collect();
        let ids = match which {
            Which::All => &known,
            Which::Numbers(ids) => ids,
        };
        // All or nothing: a mistake in the list leaves the others as they are.
        if let Some(unknown) = ids.iter().find(|id| !known.contains(id)) {
            return Err(Refused(format!("there is no breakpoint {unknown}; `breakpoints` lists them")));
        }
        for &id in ids {
            act(&mut self.debugger, id)?;
        }
        Ok(Answer {
            changed: true,
            ..said(format!("{done}: {}\n", text::counted(ids.len(), "breakpoint")), Value::Null)
        })
    }

    /// Where the run can only end, because nobody can go on or a task has failed, it ends: a verdict is settled at the end.
    pub fn settle(&mut self) {
        let inspection = self.debugger.inspection();
        let over = inspection.running.is_none() && inspection.moves.is_empty();
        if inspection.ended.is_none() && (over || matches!(inspection.reason, Some(Reason::Finding { .. }))) {
            self.debugger.go(&Go {
                motion: Motion::Instruction,
                direction: Direction::Forward,
                alone: false,
                times: 1,
            });
        }
    }

    // Looking

    fn stacks(&mut self, all: bool) -> Answer {
        let inspection = self.debugger.inspection();
        if !all {
            let text = or(text::stack(&inspection.stack, Some(inspection.frame)), "no task is selected");
            return said(text, &inspection.stack);
        }
        let mut words = String::new();
        let mut stacks = Vec::new();
        for task in &inspection.tasks {
            let selected = inspection.selected == Some(task.id);
            let stack = self.debugger.stack_of(task.id);
            words.push_str(&format!("{}\n", task.name));
            words.push_str(&text::stack(&stack, selected.then_some(inspection.frame)));
            stacks.push(json!({ "task": task.id.0, "name": task.name, "stack": stack }));
        }
        said(or(words, "there is no live task"), stacks)
    }

    fn frame(&mut self, index: usize) -> Result<Answer, Refused> {
        self.debugger.select_frame(index)?;
        let inspection = self.debugger.inspection();
        Ok(Answer { changed: true, ..said(text::frame(&inspection, &self.program), Value::Null) })
    }

    fn frame_by(&mut self, by: i64) -> Result<Answer, Refused> {
        let inspection = self.debugger.inspection();
        let index = usize::try_from(inspection.frame as i64 + by).ok().filter(|index| *index < inspection.stack.len());
        match index {
            Some(index) => self.frame(index),
            None if by < 0 => Err(Refused("frame 0 is the innermost".to_string())),
            None if inspection.stack.is_empty() => Err(Refused("no task is selected".to_string())),
            None => Err(Refused(format!("frame {} is the outermost", inspection.stack.len() - 1))),
        }
    }

    fn evaluate(&mut self, expression: &str, effects: bool) -> Result<Answer, Refused> {
        let at = self.debugger.at();
        let variable = self.debugger.evaluate(expression, effects)?;
        self.left(at);
        Ok(Answer { changed: effects, ..said(text::variable(&variable, true), &variable) })
    }

    fn set(&mut self, place: &str, value: &str) -> Result<Answer, Refused> {
        let at = self.debugger.at();
        let variable = self.debugger.set(place, value)?;
        self.left(at);
        let words = text::variable(&variable, true)
            + "the schedule is forked here: what came after is forgotten, and it gives this run only with this change\n";
        Ok(Answer { changed: true, ..said(words, &variable) })
    }

    fn object(&mut self, name: &str) -> Result<Answer, Refused> {
        let objects = self.debugger.objects();
        match objects.iter().find(|object| object.name == name) {
            Some(object) => Ok(said(text::object(object), object)),
            None => {
                let hint = did_you_mean(nearest(name, objects.iter().map(|object| object.name.as_str())));
                Err(Refused(format!("there is no object `{name}`{hint}")))
            }
        }
    }

    fn list(&mut self, line: Option<&Line>) -> Result<Answer, Refused> {
        let inspection = self.debugger.inspection();
        let here = text::selected_place(&inspection, &self.program);
        let (file, line) = match (line, here) {
            (Some(Line { file: Some(name), line }), _) => {
                let end = Path::new(name);
                let found = self.program.files.iter().position(|file| Path::new(&file.path).ends_with(end));
                (found.ok_or_else(|| Refused(format!("the program has no file `{name}`")))?, *line)
            }
            (Some(Line { line, .. }), here) => (here.map_or(0, |place| place.file as usize), *line),
            (None, Some(place)) => (place.file as usize, place.line),
            (None, None) => (0, 1),
        };
        let lines = text::listing(&self.program, &inspection, file as u16, line);
        if lines.is_empty() {
            return Err(Refused(format!("the file has no line {line}")));
        }
        Ok(said(text::list(&lines), lines))
    }

    fn events(&mut self, count: usize) -> Answer {
        let end = self.debugger.at().event;
        let store = self.debugger.store();
        let mut lines = Vec::new();
        for event in store.events(end.saturating_sub(count as u64)..end) {
            let mut line = String::new();
            dump::line(store, &event, &mut line);
            lines.push(line);
        }
        let text = lines.iter().map(|line| format!("{line}\n")).collect();
        said(or(text, "nothing has happened yet"), lines)
    }

    fn waits(&mut self) -> Answer {
        let mut lines = Vec::new();
        // The store ends where the run stands.
        let mut graph = self.debugger.store().waits(usize::MAX);
        let findings = self.findings();
        findings.iter().for_each(|finding| graph.mark(finding));
        let store = self.debugger.store();
        lines.extend(graph.waiters.iter().map(|waiter| explain::waiter(store, store.now(), &graph, waiter)));
        lines.extend(explain::sentences(store, &graph));
        let words = Report::new(&self.program, &findings);
        for task in findings.iter().flat_map(|finding| &finding.tasks) {
            let orphan = graph.waiters.iter().any(|waiter| waiter.task == task.task.id && waiter.orphan);
            lines.extend(words.orphan_sentence(task).filter(|_| orphan));
        }
        let text = lines.iter().map(|line| format!("{line}\n")).collect();
        said(or(text, "nobody waits"), lines)
    }

    fn found(&mut self) -> Answer {
        let findings = self.findings();
        let words = Report::new(&self.program, &findings);
        let text: Vec<_> = findings.iter().map(|finding| words.text(finding)).collect();
        let data: Vec<_> = findings.iter().map(|finding| words.json(finding)).collect();
        said(or(text.join("\n"), "nothing has been found wrong"), data)
    }

    fn save(&mut self, path: &Path) -> Result<Answer, Refused> {
        let text = self.debugger.schedule().to_text();
        let shown = path.display().to_string();
        match std::fs::write(path, text) {
            Ok(()) => {
                let mut words = format!("saved: vex replay {} --schedule {shown}\n", self.file());
                if self.debugger.was_changed() {
                    words.push_str("values that were changed by hand are no part of it\n");
                }
                Ok(said(words, shown))
            }
            Err(error) => Err(Refused(format!("cannot write {shown}: {error}"))),
        }
    }

    /// The program's path, as the user gave it.
    fn file(&self) -> &str {
        self.program.files.first().map_or("FILE", |file| &file.path)
    }
}

/// A motion to a place, which has no direction.
fn to_place(motion: Motion) -> Go {
    Go { motion, direction: Direction::Forward, alone: false, times: 1 }
}

/// An answer that changes nothing.
fn said(text: String, result: impl Serialize) -> Answer {
    // What is serialised here has strings for keys and finite numbers: it cannot fail.
    Answer { text, result: serde_json::to_value(result).unwrap_or(Value::Null), ..Answer::default() }
}

/// Text, or a line that says why there is none.
fn or(text: String, nothing: &str) -> String {
    if text.is_empty() { format!("{nothing}\n") } else { text }
}
