//! The Debug view: a stopped run. Source with where every task stands, variables, the stack, who can run next, the tasks, and
//! a bar of the whole run to move along.
//!
//! [`places`] says which pane is where, [`panes`] draws them, [`pointer`] is the mouse, [`words`] says why the run stands, [`bar`] is the bar. Each key stands for a
//! command line of the debugger ([`line_of`]); nothing here knows how one debugs.

pub mod bar;
mod hints;
mod panes;
pub mod places;
mod pointer;
pub mod variables;
pub mod words;

use crate::commands::Command;
use crate::keys::Key;
use crate::state::{Prompt, PromptKind, State};
use crate::views::View;
use crate::views::list::{Scroll, reveal};
use crate::views::source::next_in_line;
pub use hints::hints;
pub use panes::draw;
use places::{Pane, Places};
pub use pointer::pointer;
use std::collections::BTreeSet;
use tracer::event::TaskId;

/// What the view remembers.
#[derive(Debug, Default)]
pub struct DebugView {
    /// The pane that has the keys.
    pub focus: Pane,
    /// The move under the cursor, from 0.
    pub chosen_move: usize,
    /// The row of the variables under the cursor.
    variable: usize,
    /// The frame that was asked for and has not come yet.
    pub wanted_frame: Option<usize>,
    /// Variables that are unfolded, by path.
    open: BTreeSet<String>,
    /// Whether the console is shown.
    pub console: bool,
    /// Lines that the console is scrolled up by.
    pub console_up: usize,
    /// Whether the user has typed that he wants to leave.
    pub leave: bool,
    top: u32,
    left: usize,
    reveal: bool,
    variables: Scroll,
    stack: Scroll,
    moves: Scroll,
    tasks: Scroll,
}

impl DebugView {
    /// The selected line is to be seen.
    pub fn reveal_line(&mut self) {
        self.reveal = true;
    }

    /// The selected task is to be seen.
    pub fn reveal_task(&mut self) {
        self.tasks.reveal = true;
    }
}

/// The command line that a key stands for by itself, and whether it can be done by the selected task alone.
pub fn line_of(command: Command) -> Option<(&'static str, bool)> {
    Some(match command {
        Command::StepInstruction => ("step", true),
        Command::InstructionBack => ("back step", false),
        Command::StepLine => ("line", true),
        Command::LineBack => ("back line", false),
        Command::Over => ("over", true),
        Command::OverBack => ("back over", false),
        Command::Out => ("out", true),
        Command::OutBack => ("back out", false),
        Command::RunTask => ("run", false),
        Command::NextEvent => ("event", false),
        Command::EventBack => ("back event", false),
        Command::Switch => ("switch", false),
        Command::SwitchBack => ("back switch", false),
        Command::Continue => ("continue", false),
        Command::ContinueBack => ("back continue", false),
        Command::Preempt => ("preempt", false),
        Command::Undo => ("undo", false),
        Command::Beginning => ("start", false),
        Command::Frontier => ("end", false),
        _ => return None,
    })
}

/// A command of this view.
pub fn command(state: &mut State, command: Command) {
    if let Some((line, can_alone)) = line_of(command) {
        let alone = can_alone && state.debugger.as_ref().is_some_and(|debugger| debugger.alone);
        let line = if alone { format!("{line} alone") } else { line.to_string() };
        return state.ask_debugger(line, false);
    }
    match command {
        Command::Alone => change_alone(state),
        Command::Moves if state.debug.focus == Pane::Moves => pick(state, state.debug.chosen_move),
        Command::Moves => focus(state, Pane::Moves),
        Command::Watch => with_variable(state, |state, path| state.ask_debugger(format!("watch {path}"), false)),
        Command::LastWrite => {
            with_variable(state, |state, path| state.ask_debugger(format!("back write {path}"), false))
        }
        Command::SetVariable => with_variable(state, |state, path| {
            state.prompt = Some(Prompt::new(PromptKind::Debug, format!("set {path} = ")));
        }),
        Command::GoToEvent => state.prompt = Some(Prompt::new(PromptKind::Debug, "goto ")),
        Command::Type => state.prompt = Some(Prompt::new(PromptKind::Debug, "")),
        Command::Earlier => bar::move_by(state, false),
        Command::Later => bar::move_by(state, true),
        Command::Console => {
            state.debug.console = !state.debug.console;
            state.debug.console_up = 0;
            if !state.debug.console && state.debug.focus == Pane::Console {
                state.debug.focus = Pane::Source;
            }
        }
        Command::Clear if state.debug.console => {
            state.debug.console = false;
            if state.debug.focus == Pane::Console {
                state.debug.focus = Pane::Source;
            }
        }
        Command::Clear => state.debug.focus = Pane::Source,
        Command::NextPane => next_pane(state, 1),
        Command::LastPane => next_pane(state, -1),
        Command::FoldLeft => sideways(state, false),
        Command::UnfoldRight => sideways(state, true),
        Command::Up => go(state, -1),
        Command::Down => go(state, 1),
        Command::PageUp => go(state, -page(state)),
        Command::PageDown => go(state, page(state)),
        Command::First => go(state, isize::MIN / 2),
        Command::Last => go(state, isize::MAX / 2),
        Command::Open => open(state),
        _ => {}
    }
}

/// A key that picks a move by its number, while the list of moves has the keys and something to pick; says whether it was one.
pub fn moves_key(state: &mut State, key: Key) -> bool {
    let choosing = state.inspection().is_some_and(|at| !at.moves.is_empty());
    let here = state.view == View::Debug && state.debug.focus == Pane::Moves && choosing;
    let (true, Some(Command::PickMove), Key::Char(digit)) = (here, Command::of_moves(key), key) else { return false };
    let number = digit.to_digit(10).unwrap_or(1) as usize;
    pick(state, number - 1);
    true
}

fn pick(state: &mut State, index: usize) {
    let number = state.inspection().and_then(|at| at.moves.get(index)).map(|one| one.number);
    let count = state.inspection().map_or(0, |at| at.moves.len());
    match number {
        Some(number) => state.ask_debugger(format!("pick {number}"), false),
        None if count == 0 => state.notice = Some("nobody is to be chosen here; w goes to where somebody is".into()),
        None => state.notice = Some(format!("there are {count} moves; Esc leaves the list, then digits open views")),
    }
}

/// A line that the user typed.
pub fn typed(state: &mut State, line: &str) {
    match line.trim() {
        "" => {}
        "quit" | "q" | "exit" => state.debug.leave = true,
        line => state.ask_debugger(line.to_string(), true),
    }
}

/// A breakpoint on the selected line, or none any more.
pub fn toggle_breakpoint(state: &mut State) {
    let (file, line) = state.selection.line.unwrap_or((0, 1));
    let there = state.inspection().and_then(|at| at.breakpoints.iter().find(|one| one.line == Some((file, line))));
    let command = match there {
        Some(one) => format!("delete {}", one.id),
        None => {
            let Some(source) = state.sources.get(file as usize) else { return };
            let name = source.path.rsplit('/').next().unwrap_or(&source.path);
            let alone = state.sources.iter().filter(|other| other.path.ends_with(name)).count() == 1;
            format!("break {}:{line}", if alone { name } else { &source.path })
        }
    };
    state.ask_debugger(command, false);
}

fn change_alone(state: &mut State) {
    let Some(debugger) = &mut state.debugger else { return };
    debugger.alone = !debugger.alone;
    state.notice = Some(match debugger.alone {
        true => "steps let only the selected task run, as far as it can (a: everybody again)".into(),
        false => "steps let everybody run as the schedule has it".into(),
    });
}

fn with_variable(state: &mut State, act: impl FnOnce(&mut State, String)) {
    match variables::rows(state).get(state.debug.variable).and_then(|row| row.path.clone()) {
        Some(path) => act(state, path),
        None => state.notice = Some("no variable is selected: Tab goes to the variables, ↑↓ select one".into()),
    }
}

/// Gives the keys to a pane.
pub fn focus(state: &mut State, pane: Pane) {
    state.debug.focus = pane;
    state.debug.variables.reveal = true;
    state.debug.moves.reveal = true;
    state.debug.tasks.reveal = true;
    state.debug.stack.reveal = true;
}

fn next_pane(state: &mut State, by: isize) {
    let panes: Vec<Pane> =
        Pane::ALL.iter().copied().filter(|pane| *pane != Pane::Console || state.debug.console).collect();
    let at = panes.iter().position(|pane| *pane == state.debug.focus).unwrap_or(0) as isize;
    focus(state, panes[(at + by).rem_euclid(panes.len() as isize) as usize]);
}

fn page(state: &State) -> isize {
    let height = Places::of(state).inside(state.debug.focus).map_or(1, |area| area.height);
    isize::from(height.saturating_sub(1).max(1) as i16)
}

fn lines(state: &State) -> usize {
    let file = state.selection.line.map_or(0, |line| line.0);
    state.sources.get(file as usize).map_or(0, |file| file.len())
}

/// The cursor of the pane that has the keys goes up or down.
fn go(state: &mut State, by: isize) {
    match state.debug.focus {
        Pane::Source => {
            let (file, line) = state.selection.line.unwrap_or((0, 1));
            let line = (line as usize).saturating_add_signed(by).clamp(1, lines(state).max(1));
            state.selection.line = Some((file, line as u32));
            let room = Places::of(state).inside(Pane::Source).map_or(1, |area| area.height) as usize;
            state.debug.top = reveal(state.debug.top.max(1) as usize, line, room) as u32;
        }
        Pane::Variables => {
            let last = variables::rows(state).len().saturating_sub(1);
            state.debug.variable = state.debug.variable.saturating_add_signed(by).min(last);
            state.debug.variables.reveal = true;
        }
        Pane::Stack => {
            let Some(last) = state.inspection().and_then(|at| at.stack.len().checked_sub(1)) else { return };
            choose_frame(state, frame(state).saturating_add_signed(by).min(last));
        }
        Pane::Moves => {
            let last = state.inspection().map_or(0, |at| at.moves.len().saturating_sub(1));
            state.debug.chosen_move = state.debug.chosen_move.saturating_add_signed(by).min(last);
            state.debug.moves.reveal = true;
        }
        Pane::Tasks => {
            let Some(at) = state.inspection() else { return };
            let Some(last) = at.tasks.len().checked_sub(1) else { return };
            let row = task_row(state).map_or(0, |row| row.saturating_add_signed(by).min(last));
            choose_task(state, row);
        }
        Pane::Console => {
            let last = state.debugger.as_ref().map_or(0, |debugger| debugger.console.len());
            state.debug.console_up = state.debug.console_up.saturating_add_signed(by.saturating_neg()).min(last);
        }
    }
}

/// The selected frame, or the one that will be.
pub fn frame(state: &State) -> usize {
    state.debug.wanted_frame.or_else(|| state.inspection().map(|at| at.frame)).unwrap_or(0)
}

fn choose_frame(state: &mut State, index: usize) {
    state.debug.stack.reveal = true;
    if index != frame(state) {
        state.debug.wanted_frame = Some(index);
        state.ask_debugger(format!("frame {index}"), false);
    }
}

/// The row of the selected task among the live ones.
pub fn task_row(state: &State) -> Option<usize> {
    let id = state.selection.task?;
    state.inspection()?.tasks.iter().position(|task| task.id == id)
}

fn choose_task(state: &mut State, row: usize) {
    let Some(id) = state.inspection().and_then(|at| at.tasks.get(row)).map(|task| task.id) else { return };
    state.debug.tasks.reveal = true;
    if state.selection.task != Some(id) {
        state.select_task(id);
        ask_for_task(state, id);
    }
}

/// Makes a task the one that commands are about.
fn ask_for_task(state: &mut State, id: TaskId) {
    let Some(at) = state.inspection() else { return };
    let Some(task) = at.tasks.iter().find(|task| task.id == id) else { return };
    let alone = at.tasks.iter().filter(|other| other.name == task.name).count() == 1;
    let command = if alone { format!("task {}", task.name) } else { format!("task {}", id.0) };
    state.ask_debugger(command, false);
}

fn sideways(state: &mut State, right: bool) {
    match state.debug.focus {
        Pane::Variables => {
            let rows = variables::rows(state);
            let Some(row) = rows.get(state.debug.variable) else { return };
            let Some(path) = row.path.clone() else { return };
            match right {
                true if row.parts => drop(state.debug.open.insert(path)),
                false if state.debug.open.remove(&path) => {}
                false => {
                    // A part leads to the whole.
                    let depth = row.depth;
                    let parent = rows[..state.debug.variable].iter().rposition(|above| above.depth < depth);
                    state.debug.variable = parent.unwrap_or(state.debug.variable);
                }
                true => {}
            }
            state.debug.variables.reveal = true;
        }
        _ if right => state.debug.left = (state.debug.left + 8).min(10_000),
        _ => state.debug.left = state.debug.left.saturating_sub(8),
    }
}

/// Enter.
fn open(state: &mut State) {
    match state.debug.focus {
        Pane::Source => {
            let (file, line) = state.selection.line.unwrap_or((0, 1));
            match next_in_line(state, file, line) {
                Some(id) => {
                    state.select_task(id);
                    state.debug.tasks.reveal = true;
                    ask_for_task(state, id);
                }
                None => state.notice = Some("no task stands in this line; b sets a breakpoint".into()),
            }
        }
        Pane::Variables => {
            let open = variables::rows(state)
                .get(state.debug.variable)
                .is_some_and(|row| row.path.as_ref().is_some_and(|path| state.debug.open.contains(path)));
            sideways(state, !open);
        }
        Pane::Moves => pick(state, state.debug.chosen_move),
        Pane::Stack | Pane::Tasks => {
            if let Some(place) = state.standing_place() {
                state.selection.line = Some((place.file, place.line));
                state.debug.reveal = true;
            }
            focus(state, Pane::Source);
        }
        Pane::Console => state.prompt = Some(Prompt::new(PromptKind::Debug, "")),
    }
}

/// The view came up: what was selected elsewhere is what the debugger is to be about.
pub fn shown(state: &mut State) {
    state.debug.reveal = true;
    state.debug.tasks.reveal = true;
    let Some(at) = state.inspection() else { return };
    let selected = at.selected;
    match state.selection.task {
        Some(id) if Some(id) != selected && at.tasks.iter().any(|task| task.id == id) => ask_for_task(state, id),
        // A task that is over (or not there yet) has nothing to show here.
        _ => state.selection.task = selected.or(state.selection.task),
    }
}

fn lines_of_moves(state: &State, places: &Places) -> Vec<(usize, bool)> {
    match (state.inspection(), places.inside(Pane::Moves)) {
        (Some(at), Some(area)) => panes::move_lines(at, area),
        _ => Vec::new(),
    }
}

/// Keeps scroll positions and cursors right.
pub fn settle(state: &mut State) {
    let places = Places::of(state);
    let room = |pane: Pane| places.inside(pane).map_or(1, |area| area.height) as usize;
    let line = state.selection.line.map_or(1, |line| line.1);
    let source = room(Pane::Source) as u32;
    if std::mem::take(&mut state.debug.reveal) {
        let top = state.debug.top.max(1);
        // Steps that stay on the screen do not move it; a jump puts the line in the middle. The last row is left for what comes next.
        if line < top || line + 1 >= top + source {
            state.debug.top = line.saturating_sub(source / 2).max(1);
        }
    }
    let last = lines(state) as u32;
    state.debug.top = state.debug.top.clamp(1, (last + 1).saturating_sub(source).max(1));

    let rows = variables::rows(state).len();
    let (frames, moves, tasks) =
        state.inspection().map_or((0, 0, 0), |at| (at.stack.len(), at.moves.len(), at.tasks.len()));
    let (frame, task) = (frame(state), task_row(state));
    let move_lines = lines_of_moves(state, &places);
    let view = &mut state.debug;
    view.variable = view.variable.min(rows.saturating_sub(1));
    view.chosen_move = view.chosen_move.min(moves.saturating_sub(1));
    view.variables.settle(Some(view.variable), rows, room(Pane::Variables));
    view.stack.settle(Some(frame), frames, room(Pane::Stack));
    let line = move_lines.iter().position(|line| line.0 == view.chosen_move);
    view.moves.settle(line, move_lines.len(), room(Pane::Moves));
    view.tasks.settle(task, tasks, room(Pane::Tasks));
    let console = state.debugger.as_ref().map_or(0, |debugger| debugger.console.len());
    view.console_up = view.console_up.min(console.saturating_sub(room(Pane::Console)));
}
