//! What the UI knows of a debugger: where the run stands, what has been asked and answered.
//!
//! The UI knows nothing of debugging. A key or a typed line becomes a command ([`State::ask_debugger`]), which goes to the session
//! as a request; what comes back is an inspection and an answer ([`State::look_at_debugger`]). The *coordinate* is where the run
//! stands; views that follow show the moment there, and what the store knows beyond it is the future ([`State::future`]).

use crate::session::{Answer, Request};
use crate::state::{Focus, State};
use crate::views::{self, View};
use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;
use tracer::event::{ObjectId, TaskId};
use tracer::inspect::{Inspection, Reason, TaskView, Variable};
use tracer::program::Place;

/// Commands that may wait for their answers: keys that are held down must not fill a queue that takes minutes.
const WAITING: usize = 32;
/// Lines of the console that are kept.
const KEPT: usize = 5_000;
/// Typed lines that can be brought back.
const HISTORY: usize = 500;

/// What was asked, or what was said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Said {
    /// A command.
    Command(String),
    /// A line of an answer.
    Answer(String),
    /// A line of a refusal.
    Failure(String),
}

/// A command that has not been answered.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Asked {
    command: String,
    /// Whether the user typed it; else a key or the mouse stood for it.
    typed: bool,
}

/// Everything known of a debugger.
#[derive(Debug, Default)]
pub struct Debugger {
    /// Where the run stands; nothing until the debugger has looked for the first time.
    pub at: Option<Arc<Inspection>>,
    /// The command that it is at.
    pub busy: Option<String>,
    /// What was asked and said, the newest last.
    pub console: VecDeque<Said>,
    /// Lines of it that are not kept any more.
    pub forgotten: u64,
    /// What was typed, the newest last.
    pub history: Vec<String>,
    /// Whether steps let only the selected task run.
    pub alone: bool,
    /// Whether an interrupt has been asked for since it became busy.
    pub interrupting: bool,
    /// How many choices made by hand were last written into a file.
    saved: u32,
    /// Whether the user was told that leaving loses choices.
    warned: bool,
    /// The event to go to as soon as everything is answered: the last place of a drag.
    pub heading: Option<u64>,
    asked: VecDeque<Asked>,
    /// The values of variables at the last stop in the same frame.
    values: BTreeMap<String, String>,
    before: BTreeMap<String, String>,
}

/// A look at the session's debugger.
#[derive(Clone, Debug, Default)]
pub struct Look {
    /// Where the run stands.
    pub inspection: Option<Arc<Inspection>>,
    /// What the debugger is at.
    pub busy: Option<String>,
    /// What it has said since the last look.
    pub answers: Vec<Answer>,
}

impl Debugger {
    /// Whether commands wait for their answers.
    pub fn waits(&self) -> bool {
        !self.asked.is_empty()
    }

    /// Whether a variable (by its path) had another value at the stop before in the same frame.
    pub fn changed(&self, path: &str, value: &str) -> bool {
        self.before.get(path).is_some_and(|before| before != value)
    }

    /// A live task.
    pub fn task(&self, id: TaskId) -> Option<&TaskView> {
        self.at.as_ref()?.tasks.iter().find(|task| task.id == id)
    }

    /// Says once that leaving would lose choices made by hand that no file has.
    pub fn warn_of_loss(&mut self) -> Option<String> {
        let choices = self.at.as_ref().map_or(0, |at| at.choices);
        if choices == 0 || choices == self.saved || std::mem::replace(&mut self.warned, true) {
            return None;
        }
        let what = crate::format::plural(u64::from(choices), "choice");
        Some(format!("{what} made by hand would be lost; `:save FILE.vxs` keeps them, q again leaves"))
    }

    fn say(&mut self, said: Said) {
        self.console.push_back(said);
        while self.console.len() > KEPT {
            self.console.pop_front();
            self.forgotten += 1;
        }
    }

    fn answer(&mut self, answer: &Answer) -> bool {
        let asked = self.asked.iter().position(|asked| asked.command == answer.command);
        let typed = asked.and_then(|index| self.asked.drain(..=index).next_back()).is_some_and(|asked| asked.typed);
        if !answer.command.is_empty() {
            self.say(Said::Command(answer.command.clone()));
        }
        for line in answer.text.lines() {
            let line = line.to_string();
            self.say(if answer.failed { Said::Failure(line) } else { Said::Answer(line) });
        }
        typed
    }
}

/// The path of a variable's part, as an expression of the language would have it.
pub fn path_of(parent: &str, part: &str) -> String {
    match part.starts_with('[') || parent.is_empty() {
        true => format!("{parent}{part}"),
        false => format!("{parent}.{part}"),
    }
}

fn values(variables: &[Variable], parent: &str, out: &mut BTreeMap<String, String>) {
    for variable in variables {
        let path = path_of(parent, &variable.name);
        values(&variable.parts, &path, out);
        out.insert(path, variable.value.clone());
    }
}

/// Whether two stops are in the same frame of the same task, so that a value that differs is one that has changed.
fn same_frame(a: &Inspection, b: &Inspection) -> bool {
    let frame = |at: &Inspection| {
        Some((at.selected?, at.stack.len() - at.frame.min(at.stack.len()), at.stack.get(at.frame)?.function.clone()))
    };
    frame(a).is_some() && frame(a) == frame(b)
}

impl State {
    /// Makes the session one of a debugger: it has a Debug view from then on.
    pub fn attach_debugger(&mut self) {
        self.debugger = Some(Debugger::default());
    }

    /// Where the debugged run stands.
    pub fn inspection(&self) -> Option<&Arc<Inspection>> {
        self.debugger.as_ref()?.at.as_ref()
    }

    /// The newest event at the coordinate where that is not the newest of all: the moment of a view that follows.
    pub fn coordinate(&self) -> Option<u64> {
        let events = self.inspection()?.at.event;
        (events < self.store.len()).then(|| events.saturating_sub(1))
    }

    /// The first event that has not happened at the coordinate, where the store knows such.
    pub fn future(&self) -> Option<u64> {
        let events = self.inspection()?.at.event;
        (events < self.store.len()).then_some(events)
    }

    /// The clock after which everything is future, where the store knows such.
    pub fn future_clock(&self) -> Option<u64> {
        let future = self.future()?;
        self.store.event(future.saturating_sub(1)).map(|event| event.clock)
    }

    /// Whether an object is made only in the future.
    pub fn is_made_later(&self, id: ObjectId) -> bool {
        let made = self.store.objects().get(id).map(|object| object.start);
        self.future_clock().zip(made).is_some_and(|(now, made)| made > now)
    }

    /// Whether views show the moment at which the debugged run stands: what an inspection says is true of what they show.
    pub fn at_coordinate(&self) -> bool {
        self.debugger.is_some() && (self.follow || self.selection.event == self.coordinate())
    }

    /// The place in the source of the selected task and frame; of a task that has not begun, its function's.
    pub fn standing_place(&self) -> Option<Place> {
        let at = self.inspection()?;
        let frame = at.stack.get(at.frame).map(|frame| frame.site);
        let task = at.selected.and_then(|id| at.tasks.iter().find(|task| task.id == id)).map(|task| task.site);
        let place = frame.or(task).and_then(|site| self.program.place(site));
        place.or_else(|| {
            let function = self.store.tasks().get(at.selected?)?.function;
            self.program.functions.get(function as usize).map(|function| function.place).filter(|place| place.line > 0)
        })
    }

    /// Sends a command to the debugger; a line that the user typed is remembered.
    pub fn ask_debugger(&mut self, command: String, typed: bool) {
        let Some(debugger) = &mut self.debugger else {
            self.notice = Some("there is no debugger here; `vex debug FILE` starts one".into());
            return;
        };
        if typed && debugger.history.last() != Some(&command) {
            debugger.history.push(command.clone());
            let over = debugger.history.len().saturating_sub(HISTORY);
            debugger.history.drain(..over);
        }
        if debugger.asked.len() >= WAITING {
            let what = debugger.busy.as_deref().unwrap_or("what was asked before");
            self.notice = Some(format!("still at {what}; Esc interrupts"));
            return;
        }
        debugger.asked.push_back(Asked { command: command.clone(), typed });
        self.requests.push(Request::Debug(command));
    }

    /// Stops what the debugger is at.
    pub fn interrupt_debugger(&mut self) {
        if let Some(debugger) = &mut self.debugger {
            debugger.interrupting = true;
            debugger.heading = None;
            self.requests.push(Request::Interrupt);
        }
    }

    /// Whether the debugger is at something, or will be.
    pub fn debugger_is_busy(&self) -> bool {
        self.debugger.as_ref().is_some_and(|debugger| debugger.busy.is_some() || debugger.waits())
    }

    /// Goes to an event, or, while others are gone to, remembers it for when that is done.
    pub fn head_for(&mut self, event: u64) {
        let Some(debugger) = &mut self.debugger else { return };
        if debugger.waits() {
            debugger.heading = Some(event);
            return;
        }
        debugger.heading = None;
        let last = debugger.at.as_ref().map_or(0, |at| at.frontier.event);
        let command = match event {
            0 => "start".to_string(),
            event if event >= last => "end".to_string(),
            event => format!("goto {event}"),
        };
        self.ask_debugger(command, false);
    }

    /// Brings the run to the moment that is looked at: to where its event has just happened.
    pub fn go_here(&mut self) {
        if self.debugger.is_none() {
            self.notice = Some("only a debugger can bring the run there: `vex debug FILE`".into());
        } else if !self.store.is_empty() {
            let event = self.moment() + 1;
            self.head_for(event);
        }
    }

    /// Takes over what the debugger says now; says whether anything changed.
    pub fn look_at_debugger(&mut self, look: Look) -> bool {
        let Some(debugger) = &mut self.debugger else { return false };
        let mut changed = debugger.busy != look.busy || !look.answers.is_empty();
        debugger.busy = look.busy;
        let mut news = None;
        for answer in &look.answers {
            let typed = debugger.answer(answer);
            if typed && !answer.text.is_empty() {
                self.debug.console = true;
                self.debug.console_up = 0;
            }
            if !answer.failed && answer.command.trim_start().starts_with("save ") {
                debugger.saved = look.inspection.as_ref().map_or(0, |at| at.choices);
            }
            if answer.failed {
                news = answer.text.lines().next().map(str::to_string);
            } else if answer.command.is_empty() {
                news = answer.text.lines().next_back().map(str::to_string);
            }
        }
        if debugger.busy.is_none() && !debugger.waits() {
            debugger.interrupting = false;
        }
        if news.is_some() {
            self.notice = news;
        }
        if let Some(inspection) = look.inspection
            && self.inspection().is_none_or(|before| !Arc::ptr_eq(before, &inspection))
        {
            self.inspected(inspection);
            changed = true;
        }
        let heading = self.debugger.as_mut().filter(|debugger| !debugger.waits()).and_then(|d| d.heading.take());
        if let Some(event) = heading {
            self.head_for(event);
        }
        changed
    }

    fn inspected(&mut self, inspection: Arc<Inspection>) {
        let Some(debugger) = &mut self.debugger else { return };
        let before = debugger.at.replace(Arc::clone(&inspection));
        let moved = before.as_ref().is_none_or(|before| before.at != inspection.at);
        let turned = before
            .as_ref()
            .is_none_or(|before| (before.selected, before.frame) != (inspection.selected, inspection.frame));
        let same = before.as_ref().is_some_and(|before| same_frame(before, &inspection));
        if moved || !same {
            debugger.before = match same {
                true => std::mem::take(&mut debugger.values),
                false => BTreeMap::new(),
            };
        }
        debugger.values.clear();
        values(&inspection.variables, "", &mut debugger.values);
        if before.as_ref().is_none_or(|before| before.moves != inspection.moves) {
            let default = inspection.moves.iter().position(|one| one.default);
            self.debug.chosen_move = default.unwrap_or(0);
        }
        self.debug.wanted_frame = None;
        // Somebody picked in another view stays picked there while the run goes on about somebody else.
        let other = before.as_ref().is_none_or(|before| before.selected != inspection.selected);
        if (other || self.view == View::Debug && (moved || turned))
            && let Some(task) = inspection.selected
        {
            self.selection.task = Some(task);
            self.selection.focus = Focus::Task;
            self.debug.reveal_task();
        }
        if moved {
            // The run was moved: whatever was looked at, it is to be seen now.
            self.follow = true;
            self.selection.event = self.coordinate();
            views::moment_changed(self);
        }
        if moved || turned {
            if let Some(place) = self.standing_place() {
                self.selection.line = Some((place.file, place.line));
            }
            self.debug.reveal_line();
            views::source::moment_changed(self);
        }
    }

    /// The word of the header for how the run stands: whether that is bad, and the words.
    pub fn standing_words(&self) -> (Standing, String) {
        let Some(debugger) = &self.debugger else { return (Standing::Stopped, String::new()) };
        if let Some(busy) = &debugger.busy {
            let word = if debugger.interrupting { "interrupting" } else { "running" };
            return (Standing::Busy, format!("{word} {busy}"));
        }
        let Some(at) = &debugger.at else { return (Standing::Busy, "starting".into()) };
        if let Some(ended) = &at.ended {
            let verdict = views::waits::verdict_word(ended.verdict);
            return match ended.exit_code {
                0 if verdict == "ok" => (Standing::Ended, "ended ok".into()),
                code if verdict == "ok" => (Standing::Bad, format!("ended, exit code {code}")),
                code => (Standing::Bad, format!("ended: {verdict}, exit code {code}")),
            };
        }
        match &at.reason {
            Some(Reason::Breakpoint { ids }) => {
                let ids: Vec<String> = ids.iter().map(u32::to_string).collect();
                (Standing::Stopped, format!("stopped at breakpoint {}", ids.join(", ")))
            }
            Some(Reason::Watch { id, .. }) => (Standing::Stopped, format!("stopped by watch {id}")),
            Some(Reason::Finding { index }) => {
                let verdict = self.findings.get(*index).map(|finding| views::waits::verdict_word(finding.verdict));
                (Standing::Bad, format!("stopped: {}", verdict.unwrap_or("something is wrong")))
            }
            Some(Reason::Interrupted) => (Standing::Stopped, "interrupted".into()),
            Some(Reason::Beginning | Reason::Start) => (Standing::Stopped, "stopped at the beginning".into()),
            _ if at.running.is_none() && !at.moves.is_empty() => (Standing::Stopped, "who is next?".into()),
            _ => (Standing::Stopped, "stopped".into()),
        }
    }
}

/// In which sort of state the debugged run is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// The debugger is at work.
    Busy,
    /// It stands.
    Stopped,
    /// It is over, and all was well.
    Ended,
    /// Something is wrong.
    Bad,
}
