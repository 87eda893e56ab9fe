//! What the cells of a lane show, on either axis, and how they look.

use super::axis::{Measure, Window};
use super::rows::Members;
use crate::state::State;
use crate::theme::Role;
use crate::wording::look;
use ratatui::style::{Modifier, Style};
use tracer::event::TaskId;
use tracer::finding::WaitReason;
use tracer::model::lanes::Cell;
use tracer::model::state::TaskState;

/// The cells of a task's lane.
pub fn lane(state: &State, measure: Measure, window: Window, cells: usize, id: TaskId) -> Vec<Cell> {
    match measure {
        Measure::Time => {
            let mut lane = state.store.lane(id, window.range(), cells);
            end_state(state, window, id, &mut lane);
            lane
        }
        Measure::Events => state.store.lane_by_events(id, &window.edges(cells)),
    }
}

/// The cell where the run ends (so far) shows what the task does there, however short it has done so: a deadlock is closed by
/// the last event, and the whole run on one screen must show it.
fn end_state(state: &State, window: Window, id: TaskId, lane: &mut [Cell]) {
    let Some(task) = state.store.tasks().get(id) else { return };
    if let Some(cell) = window.cell(state.end_time(), lane.len()).and_then(|cell| lane.get_mut(cell)) {
        cell.more |= cell.state.is_some_and(|dominant| dominant != task.state);
        cell.state = Some(task.state);
        cell.halves = [Some(task.state); 2];
    }
}

fn states() -> impl Iterator<Item = TaskState> {
    (0..TaskState::COUNT as u8).filter_map(TaskState::from_code)
}

/// The character and style of a cell: the glyph of the state that took most of it, a half block where the task ran for half of
/// it, underlined where something shorter than the cell happened too.
pub fn show(state: &State, cell: &Cell) -> (char, Style) {
    let theme = &state.theme;
    let Some(dominant) = cell.state else { return (' ', Style::new()) };
    let running = |half: Option<TaskState>| half == Some(TaskState::Running);
    let (left, right) = (running(cell.halves[0]), running(cell.halves[1]));
    if left != right {
        return (if left { '▌' } else { '▐' }, theme.style(Role::Running));
    }
    let (glyph, role) = look(dominant);
    let style = theme.style(role);
    match (cell.more, dominant) {
        (false, _) => (glyph, style),
        (true, TaskState::Running) => ('▓', style),
        (true, _) => (glyph, style.add_modifier(Modifier::UNDERLINED)),
    }
}

/// The strip of a folded group: how many of its tasks were at work (running or ready) as a bar, and where none was, what most of
/// them did. A sample of the group stands for it.
pub fn strip(state: &State, measure: Measure, window: Window, cells: usize, members: &Members) -> Vec<(char, Style)> {
    let lanes: Vec<Vec<Cell>> = members.sample().map(|id| lane(state, measure, window, cells, id)).collect();
    (0..cells)
        .map(|i| {
            let mut counts = [0u64; TaskState::COUNT];
            for cell in lanes.iter().filter_map(|lane| lane.get(i)) {
                if let Some(state) = cell.state {
                    // A task that ran for half the cell was at work in it.
                    let ran = cell.halves.contains(&Some(TaskState::Running));
                    counts[if ran { TaskState::Running } else { state }.code() as usize] += 1;
                }
            }
            let of = |state: TaskState| counts[state.code() as usize];
            let known: u64 = counts.iter().sum();
            let busy = of(TaskState::Running) + of(TaskState::Ready);
            if busy > 0 {
                let style = state.theme.style(heat(busy, known));
                return (crate::widgets::strip::bar(busy, lanes.len() as u64), style);
            }
            let idle = states().filter(|state| of(*state) > 0 && !state.ended()).max_by_key(|&state| of(state));
            let ended = states().filter(|state| of(*state) > 0).max_by_key(|&state| of(state));
            match idle.or(ended) {
                Some(what) => {
                    let (glyph, role) = look(what);
                    (glyph, state.theme.style(role))
                }
                None => (' ', Style::new()),
            }
        })
        .collect()
}

/// The strip of folded workers: how many of them were busy, as a bar.
pub fn busy_strip(state: &State, lanes: &[(u32, Vec<Cell>)], cells: usize) -> Vec<(char, Style)> {
    (0..cells)
        .map(|i| {
            let known = lanes.iter().filter_map(|(_, lane)| lane.get(i)).filter(|cell| cell.state.is_some());
            let (mut halves, mut count) = (0, 0);
            for cell in known {
                count += 2;
                halves += cell.halves.iter().filter(|half| **half == Some(TaskState::Running)).count() as u64;
            }
            match (count, halves) {
                (0, _) => (' ', Style::new()),
                (_, 0) => (look(TaskState::Ready).0, state.theme.dim()),
                _ => (crate::widgets::strip::bar(halves, count), state.theme.style(heat(halves, count))),
            }
        })
        .collect()
}

/// The colour of a part of a whole.
fn heat(part: u64, whole: u64) -> Role {
    match part * 5 / whole.max(1) {
        0 => Role::Heat1,
        1 => Role::Heat2,
        2 => Role::Heat3,
        3 => Role::Heat4,
        _ => Role::Heat5,
    }
}

/// How many tasks of a group are in which state at the moment, most important first, as `12▒ 988◁`.
pub fn tally(state: &State, members: &Members) -> Vec<(u64, TaskState)> {
    let mut counts = [0u64; TaskState::COUNT];
    for &id in &members.tasks {
        if let Some(state) = state.task_state(id) {
            counts[state.code() as usize] += 1;
        }
    }
    let mut order = vec![TaskState::Running, TaskState::Panicked, TaskState::Ready];
    order.extend(
        WaitReason::ALL.iter().filter(|&&reason| reason != WaitReason::Sleep).map(|&reason| TaskState::Blocked(reason)),
    );
    order.extend([TaskState::Blocked(WaitReason::Sleep), TaskState::Done, TaskState::Cancelled]);
    order.into_iter().map(|state| (counts[state.code() as usize], state)).filter(|entry| entry.0 > 0).collect()
}
