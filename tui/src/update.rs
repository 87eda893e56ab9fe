//! The messages, and the one function that changes the state.
//!
//! Whatever happens (a key, the mouse, a chunk of events, a frame's look at the session) is a [`Message`]; [`update`] applies it and
//! says whether the screen is to be drawn and what is to be done outside. Anything may come in any order and at any size.

use crate::commands::Command;
use crate::debugger::Look;
use crate::filter::Filter;
use crate::keys::Key;
use crate::layout::{Regions, tabs};
use crate::session::{Request, Status};
use crate::state::{Prompt, PromptKind, Speed, State};
use crate::views::{self, View};
use ratatui::layout::Position;
use tracer::chunk::Chunk;
use tracer::finding::Finding;
use tracer::workers::WorkerStats;

/// Something that happened.
#[derive(Clone, Debug)]
pub enum Message<'a> {
    /// A key was pressed.
    Key(Key),
    /// The mouse did something at a column and row of the screen.
    Mouse(Mouse, u16, u16),
    /// The screen has a new size.
    Resize(u16, u16),
    /// New events; a [`Message::Progress`] must follow before the next frame.
    Chunk(&'a Chunk),
    /// What the session says now.
    Progress(Progress),
    /// Events a second, over the last moment of wall time.
    Rate(f64),
    /// What the engine says of its workers.
    Workers(Workers),
    /// What the debugger says.
    Debugger(Look),
    /// What a typed beginning of a command can become.
    Completions(Vec<String>),
    /// The events so far are no longer what happened: they come anew, from event 0 on.
    Forked,
}

/// What the mouse did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mouse {
    /// Pressed, or was moved while pressed.
    Click,
    /// The wheel, down is positive.
    Wheel(i32),
    /// The wheel with shift, or sideways; right is positive.
    Sideways(i32),
    /// The wheel with control: in (`true`) or out.
    Zoom(bool),
}

/// What a look at the session gave.
#[derive(Clone, Debug)]
pub struct Progress {
    /// How far it is.
    pub status: Status,
    /// All findings so far; `None` where they were not asked for.
    pub findings: Option<Vec<Finding>>,
    /// Events lost.
    pub dropped: u64,
}

/// A look at the engine's workers.
#[derive(Clone, Debug, Default)]
pub struct Workers {
    /// Each worker's numbers.
    pub stats: Vec<WorkerStats>,
    /// Seconds of wall time since the look before.
    pub seconds: f64,
    /// Why there are no hardware counters, where that is known.
    pub no_counters: Option<String>,
    /// Whether the screen could not keep up with the program's events, which had to wait for it.
    pub behind: bool,
}

/// What is to be done outside.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Effect {
    /// Leave.
    Quit,
    /// Ask the session.
    Request(Request),
    /// Ask the session what this beginning of a command can become; [`Message::Completions`] is the answer.
    Complete(String),
    /// Draw every cell anew.
    Redraw,
    /// Give the terminal back and stop.
    Suspend,
}

/// What an update led to.
#[derive(Clone, Debug, Default)]
pub struct Step {
    /// Whether anything to be seen changed.
    pub changed: bool,
    /// What is to be done outside, in order.
    pub effects: Vec<Effect>,
}

impl Step {
    fn nothing() -> Step {
        Step::default()
    }

    fn changed() -> Step {
        Step { changed: true, effects: Vec::new() }
    }

    fn effect(effect: Effect) -> Step {
        Step { changed: true, effects: vec![effect] }
    }
}

/// Applies a message.
pub fn update(state: &mut State, message: Message) -> Step {
    let step = match message {
        Message::Key(key) => {
            state.notice = None;
            match state.prompt.take() {
                Some(prompt) => answer(state, prompt, key),
                None if key == Key::Ctrl('c') && interrupts(state) => {
                    state.interrupt_debugger();
                    state.notice = Some("interrupted; Ctrl-C again leaves".into());
                    Step::changed()
                }
                None => match views::debug::moves_key(state, key) {
                    true => Step::changed(),
                    false => Command::of(key, state.view).map_or(Step::changed(), |command| run(state, command)),
                },
            }
        }
        Message::Mouse(mouse, x, y) => pointer(state, mouse, x, y),
        Message::Resize(columns, rows) => {
            state.size = (columns, rows);
            Step::changed()
        }
        Message::Chunk(chunk) => {
            // Many may come in a frame: what follows from them is made right once, with the look at the session after them.
            state.take(chunk);
            return Step { changed: !chunk.is_empty(), effects: Vec::new() };
        }
        Message::Progress(progress) => look(state, progress),
        Message::Rate(rate) => {
            let changed = (rate - state.rate).abs() > f64::EPSILON;
            state.rate = rate;
            Step { changed, effects: Vec::new() }
        }
        Message::Workers(workers) => {
            state.engine.no_counters = workers.no_counters;
            let changed = state.engine.take(workers.stats, workers.seconds) || workers.behind && !state.engine.behind;
            state.engine.behind |= workers.behind;
            Step { changed, effects: Vec::new() }
        }
        Message::Debugger(look) => Step { changed: state.look_at_debugger(look), effects: Vec::new() },
        Message::Completions(lines) => complete(state, &lines),
        Message::Forked => {
            state.begin_again();
            return Step::changed();
        }
    };
    if step.changed {
        // Scroll positions, rows and what holds at the selected event follow from the rest: they are made right in one place.
        state.settle();
    }
    let mut step = step;
    step.effects.extend(state.requests.drain(..).map(Effect::Request));
    step
}

/// Whether Ctrl-C stops the debugger and not the UI: once.
fn interrupts(state: &State) -> bool {
    state.debugger.as_ref().is_some_and(|debugger| debugger.busy.is_some() && !debugger.interrupting)
}

fn look(state: &mut State, progress: Progress) -> Step {
    let unseen = state.unscanned() || state.has_news();
    // What the store has forgotten under its memory limit is as lost as what never came.
    let dropped = progress.dropped.max(state.store.dropped());
    let mut changed = progress.status != state.status || dropped != state.dropped;
    if changed {
        if matches!(progress.status, Status::Running | Status::Finished(_)) && state.status == Status::Paused {
            state.wants_pause = false;
        }
        state.status = progress.status;
        state.dropped = dropped;
    }
    if let Some(findings) = progress.findings
        && findings != state.reported
    {
        state.take_findings(findings);
        changed = true;
    }
    Step { changed: changed || unseen, effects: Vec::new() }
}

/// Speeds of slow motion, in events a second.
const SPEEDS: [u64; 13] = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1_000, 10_000, 100_000, 1_000_000];

fn run(state: &mut State, command: Command) -> Step {
    let running = state.description.live && !matches!(state.status, Status::Finished(_));
    match command {
        Command::Quit => match state.debugger.as_mut().and_then(|debugger| debugger.warn_of_loss()) {
            Some(warning) => state.notice = Some(warning),
            None => return Step::effect(Effect::Quit),
        },
        Command::Suspend => return Step::effect(Effect::Suspend),
        Command::Redraw => return Step::effect(Effect::Redraw),
        Command::Pause if state.debugger.is_some() => match state.debugger_is_busy() {
            true => state.interrupt_debugger(),
            false => state.ask_debugger("continue".into(), false),
        },
        Command::Step if state.debugger.is_some() => state.ask_debugger("event".into(), false),
        Command::Slower | Command::Faster if state.debugger.is_some() => {
            state.notice =
                Some("a debugger has no speed: . goes on by an event, Space to a breakpoint or the end".into());
        }
        Command::Pause | Command::Step | Command::Slower | Command::Faster if !running => {
            state.notice = Some(match state.description.live {
                true => "the program has ended: there is nothing to pause, step or slow down".into(),
                false => "this is a recording: there is no program to pause, step or slow down".into(),
            });
        }
        Command::Pause => {
            let request = if state.paused() { Request::Resume } else { Request::Pause };
            state.wants_pause = request == Request::Pause;
            if state.wants_pause {
                state.follow = true;
            }
            return Step::effect(Effect::Request(request));
        }
        Command::Step => {
            // A step is to be seen: the view goes to the newest event.
            state.follow_newest();
            if !state.paused() {
                state.wants_pause = true;
                state.notice = Some("paused; . does one event at a time, Space goes on".into());
                return Step::effect(Effect::Request(Request::Pause));
            }
            return Step::effect(Effect::Request(Request::Step(1)));
        }
        Command::Slower | Command::Faster => {
            state.speed = change_speed(state.speed, command == Command::Faster);
            let rate = match state.speed {
                Speed::Full => None,
                Speed::Events(rate) => Some(rate),
            };
            state.notice = Some(rate.map_or("full speed".into(), |rate| match rate {
                1 => "slow motion: 1 event a second, the slowest".into(),
                rate => format!("slow motion: {} events a second", crate::format::count(rate)),
            }));
            return Step::effect(Effect::Request(Request::Rate(rate)));
        }
        Command::Debug if state.debugger.is_none() => {
            state.notice = Some("there is no debugger here; `vex debug FILE` starts one".into());
        }
        Command::Debug => state.show(View::Debug),
        Command::Timeline => state.show(View::Timeline),
        Command::Channels => state.show(View::Channels),
        Command::Locks => state.show(View::Locks),
        Command::Waits => state.show(View::Waits),
        Command::Throughput => state.show(View::Throughput),
        Command::Source => state.show(View::Source),
        Command::Output => state.show(View::Output),
        Command::Events => state.show(View::Events),
        Command::Help => match state.view {
            View::Help => state.back(),
            _ => state.show(View::Help),
        },
        Command::NextView => state.show(neighbour(state, 1)),
        Command::LastView => state.show(neighbour(state, -1)),
        Command::Back => state.back(),
        Command::Detail => state.show_detail = !state.show_detail,
        Command::Follow => state.follow_newest(),
        Command::Finding => state.next_finding(),
        Command::GoTo => state.prompt = Some(Prompt::new(PromptKind::GoTo, "")),
        Command::Filter => {
            let text = state.filter().map_or(String::new(), |filter| filter.text().to_string());
            state.prompt = Some(Prompt::new(PromptKind::Filter, text));
        }
        Command::Clear => {
            if state.view == View::Help {
                state.back();
            } else if interrupts(state) {
                state.interrupt_debugger();
            } else if state.view == View::Debug {
                views::command(state, command);
            } else if let Some(filter) = state.filter_mut() {
                *filter = Filter::default();
                state.filter_changed();
            }
        }
        Command::Cause => state.go_to_cause(),
        Command::Here => state.go_here(),
        Command::Breakpoint => views::debug::toggle_breakpoint(state),
        Command::StepInstruction
        | Command::InstructionBack
        | Command::StepLine
        | Command::LineBack
        | Command::Over
        | Command::OverBack
        | Command::Out
        | Command::OutBack
        | Command::Alone
        | Command::RunTask
        | Command::NextEvent
        | Command::EventBack
        | Command::Switch
        | Command::SwitchBack
        | Command::Continue
        | Command::ContinueBack
        | Command::Moves
        | Command::PickMove
        | Command::Preempt
        | Command::Undo
        | Command::Watch
        | Command::LastWrite
        | Command::SetVariable
        | Command::GoToEvent
        | Command::Earlier
        | Command::Later
        | Command::Beginning
        | Command::Frontier
        | Command::Type
        | Command::Console
        | Command::NextPane
        | Command::LastPane
        | Command::FoldLeft
        | Command::UnfoldRight => views::debug::command(state, command),
        Command::Open
        | Command::Up
        | Command::Down
        | Command::PageUp
        | Command::PageDown
        | Command::First
        | Command::Last
        | Command::Next
        | Command::Previous
        | Command::Left
        | Command::Right
        | Command::ZoomIn
        | Command::ZoomOut
        | Command::ZoomFit
        | Command::PanLeft
        | Command::PanRight
        | Command::LaneUp
        | Command::LaneDown
        | Command::Axis
        | Command::Group
        | Command::Workers
        | Command::Sort
        | Command::Reverse => views::command(state, command),
    }
    Step::changed()
}

fn neighbour(state: &State, by: isize) -> View {
    let views: Vec<View> = View::of_session(state.debugger.is_some()).collect();
    let at = views.iter().position(|&other| other == state.view).unwrap_or(0) as isize;
    views[(at + by).rem_euclid(views.len() as isize) as usize]
}

fn change_speed(speed: Speed, faster: bool) -> Speed {
    match (speed, faster) {
        (Speed::Full, true) => Speed::Full,
        // The first step down must be seen as one: a program of a few thousand events would be over at a million a second.
        (Speed::Full, false) => Speed::Events(100),
        (Speed::Events(rate), true) => SPEEDS.into_iter().find(|&s| s > rate).map_or(Speed::Full, Speed::Events),
        (Speed::Events(rate), false) => {
            Speed::Events(SPEEDS.into_iter().rev().find(|&s| s < rate).unwrap_or(SPEEDS[0]))
        }
    }
}

/// A key while a question is open.
fn answer(state: &mut State, mut prompt: Prompt, key: Key) -> Step {
    state.choices.clear();
    match key {
        // Whoever takes back a command does not mean to leave the session with all that was done in it.
        Key::Ctrl('c') if prompt.kind == PromptKind::Debug => return Step::changed(),
        Key::Ctrl('c') => return Step::effect(Effect::Quit),
        Key::Ctrl('z') => {
            state.prompt = Some(prompt);
            return Step::effect(Effect::Suspend);
        }
        Key::Esc => return Step::changed(),
        Key::Enter => {
            match prompt.kind {
                PromptKind::GoTo => state.go_to(&prompt.text),
                PromptKind::Filter => {
                    if let Some(filter) = state.filter_mut() {
                        *filter = Filter::parse(&prompt.text);
                    }
                    state.filter_changed();
                }
                PromptKind::Debug => views::debug::typed(state, &prompt.text),
            }
            return match std::mem::take(&mut state.debug.leave) {
                true => Step::effect(Effect::Quit),
                false => Step::changed(),
            };
        }
        Key::Tab if prompt.kind == PromptKind::Debug => {
            let line = prompt.text.clone();
            state.prompt = Some(prompt);
            return Step::effect(Effect::Complete(line));
        }
        Key::Up | Key::Down if prompt.kind == PromptKind::Debug => recall(state, &mut prompt, key == Key::Up),
        Key::Ctrl('u') => prompt.text.clear(),
        Key::Ctrl('w') => {
            let kept = prompt.text.trim_end().rfind(' ').map_or(0, |space| space + 1);
            prompt.text.truncate(kept);
        }
        Key::Backspace if prompt.text.is_empty() => return Step::changed(),
        Key::Backspace => {
            prompt.text.pop();
        }
        Key::Char(c) if prompt.text.len() < 1000 => prompt.text.push(c),
        _ => {}
    }
    state.prompt = Some(prompt);
    Step::changed()
}

/// Ends the word that is being typed as far as all that it can become agree; where they do not, says what they are.
fn complete(state: &mut State, lines: &[String]) -> Step {
    let Some(prompt) = state.prompt.as_mut().filter(|prompt| prompt.kind == PromptKind::Debug) else {
        return Step::nothing();
    };
    let (Some(first), Some(last)) = (lines.first(), lines.last()) else {
        state.choices.clear();
        return Step::changed();
    };
    // They are sorted: what the first and the last have in common all of them have.
    let common = first
        .char_indices()
        .zip(last.chars())
        .find(|((_, a), b)| a != b)
        .map_or(first.len().min(last.len()), |found| found.0.0);
    if common > prompt.text.len() {
        prompt.text = first[..common].to_string();
    }
    state.choices.clear();
    if lines.len() == 1 {
        prompt.text.push(' ');
    } else {
        let before = prompt.text.rfind(' ').map_or(0, |space| space + 1);
        state.choices = lines.iter().map(|line| line.get(before..).unwrap_or(line).to_string()).collect();
    }
    Step::changed()
}

/// Puts an earlier or a later line of the history into the answer.
fn recall(state: &State, prompt: &mut Prompt, earlier: bool) {
    let history = state.debugger.as_ref().map_or(&[][..], |debugger| &debugger.history);
    let back = match earlier {
        true => (prompt.back + 1).min(history.len()),
        false => prompt.back.saturating_sub(1),
    };
    if back != prompt.back {
        prompt.back = back;
        prompt.text = match back {
            0 => String::new(),
            back => history[history.len() - back].clone(),
        };
    }
}

fn pointer(state: &mut State, mouse: Mouse, x: u16, y: u16) -> Step {
    let Some(regions) = Regions::of(state.size, state.view, state.show_detail) else { return Step::nothing() };
    let at = Position::new(x, y);
    if regions.tabs.contains(at) && mouse == Mouse::Click {
        let tabs = tabs(regions.tabs.width, state.debugger.is_some());
        let Some((view, ..)) = tabs.into_iter().rev().find(|tab| tab.2 <= x + 1) else { return Step::nothing() };
        state.show(view);
        return Step::changed();
    }
    let area = regions.of_view(state.view);
    if !area.contains(at) {
        return Step::nothing();
    }
    views::pointer(state, mouse, x - area.x, y - area.y);
    Step::changed()
}
