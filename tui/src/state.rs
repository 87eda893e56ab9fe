//! What the UI knows: the trace, the run's status, one selection for all views, and each view's own small state.
//!
//! Only [`crate::update`] changes it. After every change [`State::settle`] makes right what follows from the rest (rows, scroll
//! positions, what held at the selected event), so that drawing has nothing to compute but what is visible.
//!
//! The *moment* is the event that all views show: the selected one, or the newest while following.

use crate::debugger::Debugger;
use crate::engine::Engine;
use crate::filter::Filter;
use crate::format::{count, duration};
use crate::layout::Regions;
use crate::session::{Description, Request, Status};
use crate::syntax::SourceFile;
use crate::theme::Theme;
use crate::views::debug::DebugView;
use crate::views::events::EventsView;
use crate::views::help::HelpView;
use crate::views::output::OutputView;
use crate::views::source::SourceView;
use crate::views::table::Table;
use crate::views::throughput::ThroughputView;
use crate::views::timeline::TimelineView;
use crate::views::waits::WaitsView;
use crate::views::{self, View};
use crate::wording;
use ratatui::layout::Rect;
use std::sync::Arc;
use tracer::archive::filter::Subject;
use tracer::chunk::Chunk;
use tracer::event::{ObjectId, Site, TaskId};
use tracer::finding::{Finding, WaitReason};
use tracer::model::now::Now;
use tracer::model::state::TaskState;
use tracer::program::{Place, ProgramInfo};
use tracer::store::Store;

/// What the user picked last: `n` and the detail speak of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum Focus {
    /// The task.
    #[default]
    Task,
    /// The channel, lock …
    Object,
}

/// The one selection.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct Selection {
    /// A task.
    pub task: Option<TaskId>,
    /// A channel, lock …
    pub object: Option<ObjectId>,
    /// An event; `None` is the newest, whichever that is.
    pub event: Option<u64>,
    /// File (index) and line.
    pub line: Option<(u16, u32)>,
    /// Which of task and object was picked last.
    pub focus: Focus,
}

/// How fast the program may go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Speed {
    /// As fast as it can.
    Full,
    /// So many events a second.
    Events(u64),
}

/// What a question is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PromptKind {
    /// An event or a time to go to.
    GoTo,
    /// A filter for this view.
    Filter,
    /// A command of the debugger.
    Debug,
}

impl PromptKind {
    /// What stands before the answer.
    pub fn label(self) -> &'static str {
        match self {
            PromptKind::GoTo => "go to event or time:",
            PromptKind::Filter => "filter:",
            PromptKind::Debug => "debugger:",
        }
    }
}

/// A question on the last line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Prompt {
    /// What about.
    pub kind: PromptKind,
    /// The answer so far.
    pub text: String,
    /// How many lines back in the history it was taken from; 0 for what is being typed.
    pub back: usize,
}

impl Prompt {
    /// A question with the beginning of an answer.
    pub fn new(kind: PromptKind, text: impl Into<String>) -> Prompt {
        Prompt { kind, text: text.into(), back: 0 }
    }
}

/// Places to go back to that are remembered.
const TRAIL: usize = 100;

/// Everything.
pub struct State {
    /// What the run is.
    pub description: Description,
    /// Names and files.
    pub program: Arc<ProgramInfo>,
    /// The files in lines.
    pub sources: Vec<SourceFile>,
    /// The trace.
    pub store: Store,
    /// How far the run is.
    pub status: Status,
    /// What was found wrong.
    pub findings: Vec<Finding>,
    /// The same as they were reported: in a run of several workers the store puts ordinals for what names their events.
    pub reported: Vec<Finding>,
    /// Events lost.
    pub dropped: u64,
    /// Events a second of wall time.
    pub rate: f64,
    /// What the engine says of its workers.
    pub engine: Engine,
    /// What is known of the debugger, where the session is one.
    pub debugger: Option<Debugger>,
    /// What is to be asked of the session; [`crate::update::update`] hands it out.
    pub requests: Vec<Request>,
    /// Bytes of events to keep.
    memory: usize,
    /// Slow motion.
    pub speed: Speed,
    /// Whether the user asked for a pause that has not been granted or taken back.
    pub wants_pause: bool,
    /// Colours and characters.
    pub theme: Theme,
    /// Columns and rows.
    pub size: (u16, u16),
    /// The view shown.
    pub view: View,
    /// The one selection.
    pub selection: Selection,
    /// Whether views go along with what is newest.
    pub follow: bool,
    /// Views and selections to go back to.
    pub trail: Vec<(View, Selection)>,
    /// The question being answered.
    pub prompt: Option<Prompt>,
    /// What the word that is being typed can become, until the next key.
    pub choices: Vec<String>,
    /// A message on the last line, until the next key.
    pub notice: Option<String>,
    /// Whether the detail is shown.
    pub show_detail: bool,
    /// The finding that `!` went to last.
    finding: Option<usize>,
    /// The number of events that [`State::settle`] has seen.
    settled: u64,
    /// The selected event, what held there, and its clock.
    then: Option<(u64, Now, u64)>,
    /// The views' own.
    pub debug: DebugView,
    /// The views' own.
    pub timeline: TimelineView,
    /// The views' own.
    pub channels: Table,
    /// The views' own.
    pub locks: Table,
    /// The views' own.
    pub waits: WaitsView,
    /// The views' own.
    pub throughput: ThroughputView,
    /// The views' own.
    pub source: SourceView,
    /// The views' own.
    pub output: OutputView,
    /// The views' own.
    pub events: EventsView,
    /// The views' own.
    pub help: HelpView,
}

impl State {
    /// Nothing seen yet. `memory` bounds what is kept of the events, in bytes.
    pub fn new(
        description: Description,
        program: Arc<ProgramInfo>,
        theme: Theme,
        size: (u16, u16),
        memory: usize,
    ) -> State {
        State {
            sources: SourceFile::all(&program),
            store: Store::new(Arc::clone(&program)).with_limit(memory),
            description,
            program,
            status: Status::Starting,
            findings: Vec::new(),
            reported: Vec::new(),
            dropped: 0,
            rate: 0.0,
            engine: Engine::default(),
            debugger: None,
            requests: Vec::new(),
            memory,
            speed: Speed::Full,
            wants_pause: false,
            theme,
            size,
            view: View::Timeline,
            selection: Selection::default(),
            follow: true,
            trail: Vec::new(),
            prompt: None,
            choices: Vec::new(),
            notice: None,
            show_detail: true,
            finding: None,
            settled: 0,
            then: None,
            debug: DebugView::default(),
            timeline: TimelineView::default(),
            channels: Table::default(),
            locks: Table::default(),
            waits: WaitsView::default(),
            throughput: ThroughputView::default(),
            source: SourceView::default(),
            output: OutputView::default(),
            events: EventsView::default(),
            help: HelpView::default(),
        }
    }

    /// Takes over a store that has the whole run.
    pub fn open(&mut self, store: Store) {
        self.store = store;
        self.findings = self.store.findings().to_vec();
        self.reported = self.findings.clone();
        self.dropped = self.store.dropped();
        self.settled = u64::MAX;
        self.waits.findings_changed();
    }

    /// Takes events in.
    pub fn take(&mut self, chunk: &Chunk) {
        self.store.push(chunk);
        if self.findings != self.store.findings() {
            self.findings = self.store.findings().to_vec();
            self.waits.findings_changed();
        }
    }

    /// Forgets the events: another past takes their place, from event 0 on. What the user looks at stays as far as it can.
    pub fn begin_again(&mut self) {
        self.store = Store::new(Arc::clone(&self.program)).with_limit(self.memory);
        self.take_findings(Vec::new());
        self.finding = None;
        self.settled = u64::MAX;
        self.then = None;
        self.timeline.begin_again();
        self.throughput.begin_again();
        self.events.filter_changed();
        self.output.filter_changed();
    }

    /// Takes over what was found wrong.
    pub fn take_findings(&mut self, findings: Vec<Finding>) {
        self.store.set_findings(findings.clone());
        self.findings = self.store.findings().to_vec();
        self.reported = findings;
        self.waits.findings_changed();
    }

    /// Makes right what follows from the rest.
    pub fn settle(&mut self) {
        self.settled = self.store.len();
        self.store.settle();
        if self.follow && self.debugger.is_some() && self.selection.event != self.coordinate() {
            self.selection.event = self.coordinate();
            views::moment_changed(self);
        }
        if let Some(event) = self.selection.event {
            // A recording that keeps the newest events may have forgotten the selected one.
            let last = self.store.len().saturating_sub(1);
            let event = event.clamp(self.store.first().min(last), last);
            self.selection.event = Some(event);
            if self.then.as_ref().is_none_or(|then| then.0 != event) {
                let clock = self.store.event(event).map_or(0, |event| event.clock);
                self.then = Some((event, self.store.at(event), clock));
            }
        } else {
            self.then = None;
        }
        if self.selection.task.is_none() {
            self.selection.task = self.store.tasks().iter().next().map(|task| task.id);
        }
        views::settle(self);
    }

    /// Whether there is work left that goes on between two inputs (a filter that has not seen every event yet).
    pub fn unscanned(&self) -> bool {
        match self.view {
            View::Events => self.events.unscanned(self),
            View::Output => self.output.unscanned(self),
            _ => false,
        }
    }

    /// Whether events have come in since the last [`State::settle`].
    pub fn has_news(&self) -> bool {
        self.settled != self.store.len()
    }

    // The moment

    /// The event that views show. The newest is the newest step of the program: stamps of the clock may come after it.
    pub fn moment(&self) -> u64 {
        self.selection.event.unwrap_or_else(|| self.store.newest())
    }

    /// What held then.
    pub fn now(&self) -> &Now {
        match (&self.then, self.selection.event) {
            (Some((event, now, _)), Some(selected)) if *event == selected => now,
            _ => self.store.now(),
        }
    }

    /// Its clock.
    fn clock(&self) -> u64 {
        match &self.then {
            Some((event, _, clock)) if Some(*event) == self.selection.event => *clock,
            _ => self.store.event(self.moment()).map_or(0, |event| event.clock),
        }
    }

    /// Its time.
    pub fn time(&self) -> u64 {
        self.store.time_of(self.moment())
    }

    /// The time of the newest event.
    pub fn end_time(&self) -> u64 {
        self.store.end_time()
    }

    /// How long it is from a clock to the moment.
    pub fn since(&self, clock: u64) -> u64 {
        self.time().saturating_sub(self.store.time_of_clock(clock))
    }

    /// A task's state at the moment; `None` before it was spawned.
    pub fn task_state(&self, id: TaskId) -> Option<TaskState> {
        let task = self.store.tasks().get(id)?;
        if self.selection.event.is_none() {
            return Some(task.state);
        }
        if let Some(now) = self.now().task(id) {
            return Some(now.state);
        }
        // It is not alive: it had ended, or was not there yet.
        let moment = self.moment();
        let clock = self.clock();
        match task.end {
            _ if task.start > clock => None,
            Some(end) if task.start < clock && end <= clock => Some(task.state),
            _ => self.store.state_of(id, moment),
        }
    }

    /// Whether the program stands still because the user wants it to.
    pub fn paused(&self) -> bool {
        self.wants_pause || self.status == Status::Paused
    }

    // Names

    /// What an empty table says: `No channels yet`, and of a run that is over `The program made no channels`.
    pub fn none(&self, what: &str) -> String {
        match self.status {
            Status::Finished(_) => format!("The program made no {what}"),
            _ => format!("No {what} yet"),
        }
    }

    /// A task's name, safe to show.
    pub fn task_name(&self, id: TaskId) -> String {
        self.store.task_name(id)
    }

    /// An object's name.
    pub fn object_name(&self, id: ObjectId) -> String {
        self.store.object_name(id)
    }

    /// A function's name.
    pub fn function_name(&self, function: u32) -> String {
        self.program.functions.get(function as usize).map_or_else(|| format!("function {function}"), |f| f.name.clone())
    }

    /// `file:line` of a site; the file without its folder.
    pub fn short_place(&self, site: Site) -> String {
        match self.program.place(site) {
            Some(place) => {
                let path = self.program.files.get(place.file as usize).map_or("?", |file| file.path.as_str());
                format!("{}:{}:{}", path.rsplit('/').next().unwrap_or(path), place.line, place.column)
            }
            None => "?".to_string(),
        }
    }

    /// The source line of a place, without its indentation.
    pub fn line_text(&self, place: Place) -> &str {
        self.sources.get(place.file as usize).map_or("", |file| file.line(place.line).trim())
    }

    // Header: the run as it is now, whichever moment is looked at

    /// `5 tasks: 1 running, 4 blocked`.
    pub fn task_summary(&self) -> String {
        let counts = self.store.now().counts();
        let mut parts = Vec::new();
        let mut part = |n: u32, word: &str| {
            if n > 0 {
                parts.push(format!("{} {word}", count(n as u64)));
            }
        };
        part(counts.of(TaskState::Running), "running");
        part(counts.of(TaskState::Ready), "ready");
        part(counts.blocked(), "blocked");
        part(counts.of(TaskState::Blocked(WaitReason::Sleep)), "asleep");
        part(counts.of(TaskState::Done) + counts.of(TaskState::Cancelled), "done");
        part(counts.of(TaskState::Panicked), "panicked");
        match parts.is_empty() {
            true => self.task_total(),
            false => format!("{}: {}", self.task_total(), parts.join(", ")),
        }
    }

    /// `5 tasks`.
    pub fn task_total(&self) -> String {
        let counts = self.store.now().counts();
        let ended = [TaskState::Done, TaskState::Panicked, TaskState::Cancelled]
            .map(|state| counts.of(state))
            .iter()
            .sum::<u32>();
        crate::format::plural((counts.alive() + ended) as u64, "task")
    }

    // Selecting

    /// Leaves follow mode where it is: the newest event becomes the selected one.
    pub fn stop_following(&mut self) {
        self.follow = false;
        if self.selection.event.is_none() && !self.store.is_empty() {
            self.selection.event = Some(self.store.newest());
        }
    }

    /// Goes along with the newest event; in a debugger with the newest where the run stands.
    pub fn follow_newest(&mut self) {
        self.follow = true;
        self.selection.event = self.coordinate();
        views::moment_changed(self);
    }

    /// Picks a task.
    pub fn select_task(&mut self, id: TaskId) {
        self.selection.task = Some(id);
        self.selection.focus = Focus::Task;
    }

    /// Picks an object.
    pub fn select_object(&mut self, id: ObjectId) {
        self.selection.object = Some(id);
        self.selection.focus = Focus::Object;
    }

    /// Picks an event: the moment of all views, with its task, object and line.
    pub fn select_event(&mut self, ordinal: u64) {
        self.follow = false;
        self.selection.event = Some(ordinal.min(self.store.len().saturating_sub(1)));
        if let Some(event) = self.store.event(ordinal) {
            let task = wording::actor(&event);
            let object = wording::object_of(&event);
            let place = self.program.place(event.site);
            if let Some(task) = task {
                self.selection.task = Some(task);
            }
            if let Some(object) = object {
                self.selection.object = Some(object);
            }
            if let Some(place) = place {
                self.selection.line = Some((place.file, place.line));
            }
        }
        views::moment_changed(self);
    }

    /// Makes an event the moment, and leaves the rest of the selection.
    pub fn set_moment(&mut self, ordinal: u64) {
        self.follow = false;
        self.selection.event = Some(ordinal.min(self.store.len().saturating_sub(1)));
    }

    // Going about

    /// Remembers where we are, to come back to.
    pub fn remember(&mut self) {
        let here = (self.view, self.selection);
        if self.trail.last() != Some(&here) {
            self.trail.push(here);
        }
        if self.trail.len() > TRAIL {
            self.trail.remove(0);
        }
    }

    /// Shows another view of the same selection.
    pub fn show(&mut self, view: View) {
        if view != self.view {
            self.remember();
            self.view = view;
            views::shown(self);
        }
    }

    /// Back to the view and selection before.
    pub fn back(&mut self) {
        match self.trail.pop() {
            Some((view, selection)) => {
                self.view = view;
                self.selection = selection;
                self.follow = selection.event.is_none() || selection.event == self.coordinate();
                views::moment_changed(self);
                views::shown(self);
            }
            None if self.view == View::Help && self.debugger.is_some() => self.view = View::Debug,
            None if self.view == View::Help => self.view = View::Timeline,
            None => self.notice = Some("this is where you began".into()),
        }
    }

    /// Goes where a place in the source is.
    pub fn show_line(&mut self, file: u16, line: u32) {
        self.remember();
        self.selection.line = Some((file, line));
        self.view = View::Source;
        views::shown(self);
    }

    /// Goes where the selected object is made.
    pub fn show_made(&mut self) {
        let made = self.selection.object.and_then(|id| self.store.objects().get(id)).map(|object| object.made_at);
        match made.and_then(|site| self.program.place(site)) {
            Some(place) => self.show_line(place.file, place.line),
            None => self.notice = Some("where this was made is not in the recording".into()),
        }
    }

    /// The next finding, at the event that closed it, where it is best understood.
    pub fn next_finding(&mut self) {
        if self.findings.is_empty() {
            self.notice = Some(match self.status {
                Status::Finished(_) => "nothing was found wrong with this run".into(),
                _ => "nothing was found wrong so far".into(),
            });
            return;
        }
        let next = self.finding.map_or(0, |last| (last + 1) % self.findings.len());
        self.finding = Some(next);
        let Some(finding) = self.findings.get(next).cloned() else { return };
        self.remember();
        if let Some(event) = finding.event {
            self.select_event(event);
        }
        let first = finding.cycle.first().and_then(|&index| finding.tasks.get(index)).or(finding.tasks.first());
        if let Some(task) = finding.culprit.map(|task| task.id).or(first.map(|blocked| blocked.task.id)) {
            self.select_task(task);
        }
        if finding.tasks.is_empty() {
            if let Some(place) = finding.stack.first().and_then(|frame| self.program.place(frame.site)) {
                self.selection.line = Some((place.file, place.line));
            }
            self.view = View::Source;
        } else {
            self.view = View::Waits;
        }
        views::shown(self);
        if self.findings.len() > 1 {
            self.notice = Some(format!("finding {} of {}", next + 1, self.findings.len()));
        }
    }

    /// The event that the one under the cursor goes back to.
    pub fn go_to_cause(&mut self) {
        match self.event_under_cursor().and_then(|event| self.store.cause(event)) {
            Some(cause) => {
                self.remember();
                self.select_event(cause);
            }
            None => self.notice = Some("this event has no cause in the trace".into()),
        }
    }

    /// The newest event of the selected task at or before the moment; the moment's own where no task is selected.
    pub fn event_under_cursor(&self) -> Option<u64> {
        let moment = self.moment();
        match self.selection.task {
            Some(task) if self.view != View::Events => {
                self.store.previous_of(Subject::Task(task), moment.saturating_add(1))
            }
            _ => self.store.event(moment).map(|event| event.ordinal),
        }
    }

    /// `n` and `N`: the event of the selected task or object next to the moment.
    pub fn step_event(&mut self, forward: bool) {
        let moment = self.moment();
        let (name, subject) = match (self.selection.focus, self.selection.task, self.selection.object) {
            (Focus::Object, _, Some(object)) => (self.object_name(object), Subject::Object(object)),
            (_, Some(task), _) => (self.task_name(task), Subject::Task(task)),
            _ => return,
        };
        let found = match forward {
            true => self.store.next_of(subject, moment),
            false => self.store.previous_of(subject, moment),
        };
        match found {
            Some(event) => {
                let focus = self.selection.focus;
                let task = self.selection.task;
                self.select_event(event);
                self.selection.focus = focus;
                if focus == Focus::Task {
                    self.selection.task = task;
                }
            }
            None if forward => self.notice = Some(format!("{name} has no later event")),
            None => self.notice = Some(format!("{name} has no earlier event")),
        }
    }

    /// Understands an event number or a time, and goes there.
    pub fn go_to(&mut self, text: &str) {
        let compact: String = text.chars().filter(|c| !c.is_whitespace() && *c != '_').collect();
        let digits = compact.trim_start_matches('#');
        let split = digits.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(digits.len());
        let (number, unit) = digits.split_at(split);
        let scale = match unit {
            "ns" => 1.0,
            "us" | "µs" => 1e3,
            "ms" => 1e6,
            "s" => 1e9,
            "min" => 60e9,
            "" => {
                match number.parse::<u64>() {
                    Ok(ordinal) if ordinal < self.store.len() => {
                        self.remember();
                        self.select_event(ordinal);
                    }
                    Ok(_) => self.notice = Some(format!("the newest event is {}", self.store.len().saturating_sub(1))),
                    Err(_) if text.trim().is_empty() => {}
                    Err(_) => self.notice = Some(format!("“{}” is no event number", text.trim())),
                }
                return;
            }
            _ => {
                self.notice = Some(format!("“{}” is neither an event number nor a time such as 1.2ms", text.trim()));
                return;
            }
        };
        match number.parse::<f64>() {
            Ok(value) if value * scale <= self.end_time() as f64 => {
                self.remember();
                let ordinal = self.store.ordinal_at((value * scale) as u64);
                self.select_event(ordinal);
            }
            Ok(_) => self.notice = Some(format!("the run goes to {} so far", duration(self.end_time()))),
            Err(_) => self.notice = Some(format!("“{}” is no time", text.trim())),
        }
    }

    // Filters

    /// The filter of the view shown, if it can have one.
    pub fn filter(&self) -> Option<&Filter> {
        match self.view {
            View::Timeline => Some(&self.timeline.filter),
            View::Channels => Some(&self.channels.filter),
            View::Locks => Some(&self.locks.filter),
            View::Output => Some(&self.output.filter),
            View::Events => Some(&self.events.filter),
            View::Debug | View::Waits | View::Throughput | View::Source | View::Help => None,
        }
    }

    /// The same, to be changed.
    pub fn filter_mut(&mut self) -> Option<&mut Filter> {
        match self.view {
            View::Timeline => Some(&mut self.timeline.filter),
            View::Channels => Some(&mut self.channels.filter),
            View::Locks => Some(&mut self.locks.filter),
            View::Output => Some(&mut self.output.filter),
            View::Events => Some(&mut self.events.filter),
            View::Debug | View::Waits | View::Throughput | View::Source | View::Help => None,
        }
    }

    /// What a view has kept for its old filter is void.
    pub fn filter_changed(&mut self) {
        match self.view {
            View::Timeline => self.timeline.rows_are_stale(),
            View::Output => self.output.filter_changed(),
            View::Events => self.events.filter_changed(),
            View::Channels | View::Locks | View::Debug | View::Waits | View::Throughput => {}
            View::Source | View::Help => {}
        }
    }

    // Places

    /// The inside of the view, in columns and rows; nothing where the screen is too small.
    pub fn room(&self) -> Rect {
        Regions::of(self.size, self.view, self.show_detail).map_or(Rect::ZERO, |regions| regions.inside())
    }
}
