//! The rows of the timeline: tasks in spawn-tree order, many tasks of one function under one parent folded into a group.

use crate::filter::{Fields, Filter};
use crate::format::width;
use crate::state::State;
use rustc_hash::FxHashMap;
use std::collections::BTreeMap;
use tracer::event::TaskId;
use tracer::model::tasks::Task;

/// From so many tasks on a group is folded until the user unfolds it.
const FOLD_AT: usize = 33;
/// So many tasks of a group, evenly spread, stand for it in its strip.
pub const SAMPLE: usize = 64;
/// Deeper levels of the tree are not indented further.
const DEEPEST: usize = 12;

/// The tasks of one function that one task spawned.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Group {
    /// Who spawned them.
    pub parent: TaskId,
    /// Their function.
    pub function: u32,
}

impl Group {
    /// The group of a task.
    pub fn of(task: &Task) -> Group {
        Group { parent: task.parent, function: task.function }
    }
}

/// What a row shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Key {
    /// One task.
    Task(TaskId),
    /// A folded group.
    Group(Group),
}

/// A row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Row {
    /// What it shows.
    pub key: Key,
    depth: u16,
    last: bool,
    /// Bit by depth: whether that level goes on below this row.
    bars: u16,
}

impl Row {
    /// The branches of the tree before its name.
    pub fn branches(&self) -> String {
        let mut out = String::new();
        if self.depth == 0 {
            return out;
        }
        let depth = (self.depth as usize).min(DEEPEST);
        for level in 1..depth {
            out.push_str(if self.bars & 1 << level != 0 { "│ " } else { "  " });
        }
        out.push_str(if self.last { "└ " } else { "├ " });
        out
    }
}

/// Members of a group.
#[derive(Clone, Debug, Default)]
pub struct Members {
    /// All.
    pub tasks: Vec<TaskId>,
}

impl Members {
    /// At most [`SAMPLE`] of them, evenly spread, the first and the last among them.
    pub fn sample(&self) -> impl Iterator<Item = TaskId> {
        let n = self.tasks.len();
        let take = n.min(SAMPLE);
        (0..take).map(move |i| self.tasks[if take < 2 { 0 } else { i * (n - 1) / (take - 1) }])
    }
}

/// All rows, made anew where tasks, folds or the filter changed.
#[derive(Debug, Default)]
pub struct Rows {
    /// In order.
    pub rows: Vec<Row>,
    /// Groups with more than one task.
    pub groups: FxHashMap<Group, Members>,
    /// Columns of the widest label.
    pub label: usize,
    built: Option<usize>,
}

impl Rows {
    /// Forgets, to be made anew.
    pub fn stale(&mut self) {
        self.built = None;
    }

    /// Whether they must be made anew. While a program spawns by the hundred thousand they may lag behind by a few in a
    /// hundred, which the next quiet moment makes up for.
    pub fn outdated(&self, tasks: usize, running: bool) -> bool {
        match self.built {
            None => true,
            Some(built) if tasks == built => false,
            Some(built) => !running || tasks < 20_000 || tasks > built + built / 16,
        }
    }

    /// Makes them.
    pub fn build(state: &State, folds: &BTreeMap<Group, bool>, filter: &Filter) -> Rows {
        let tasks = state.store.tasks();
        let mut out = Rows { built: Some(tasks.len()), ..Rows::default() };
        let mut flat: Vec<(Key, u32)> = Vec::new();
        if !filter.is_empty() {
            for task in tasks.iter() {
                let name = state.task_name(task.id);
                let text = format!("{name} {}", task.state.name());
                if filter.matches(&Fields { text: &text, task: &name, ..Fields::default() }) {
                    flat.push((Key::Task(task.id), 0));
                }
            }
        } else {
            let tree = tasks.tree(0, usize::MAX);
            for &(id, _) in &tree {
                if let Some(task) = tasks.get(id) {
                    out.groups.entry(Group::of(task)).or_default().tasks.push(id);
                }
            }
            out.groups.retain(|_, members| members.tasks.len() > 1);
            let mut hidden_below = None;
            for (id, depth) in tree {
                if hidden_below.is_some_and(|limit| depth > limit) {
                    continue;
                }
                hidden_below = None;
                let Some(task) = tasks.get(id) else { continue };
                let group = Group::of(task);
                match out.groups.get(&group) {
                    Some(members) if folds.get(&group).copied().unwrap_or(members.tasks.len() >= FOLD_AT) => {
                        hidden_below = Some(depth);
                        if members.tasks.first() == Some(&id) {
                            flat.push((Key::Group(group), depth));
                        }
                    }
                    _ => flat.push((Key::Task(id), depth)),
                }
            }
        }
        out.label = flat.iter().map(|&(key, depth)| label_width(state, &out, key, depth)).max().unwrap_or(0);
        out.rows = connect(&flat);
        out
    }
}

/// Columns of a label, without making its text: there may be a million.
fn label_width(state: &State, rows: &Rows, key: Key, depth: u32) -> usize {
    let name = |function: u32| state.program.functions.get(function as usize).map_or(4, |f| width(&f.name));
    let digits = |n: usize| n.max(1).ilog10() as usize + 1;
    let indent = (depth as usize).min(DEEPEST) * 2;
    indent
        + match key {
            Key::Task(id) => match state.store.tasks().get(id) {
                Some(task) => name(task.function) + 1 + digits(task.nth as usize),
                None => 8,
            },
            Key::Group(group) => {
                let members = rows.groups.get(&group).map_or(0, |members| members.tasks.len());
                name(group.function) + 4 + digits(members) + digits(members) / 3
            }
        }
}

/// Finds out which branch of the tree goes on below which row: from the last row up.
fn connect(flat: &[(Key, u32)]) -> Vec<Row> {
    let mut rows = Vec::with_capacity(flat.len());
    let mut open: u16 = 0;
    for &(key, depth) in flat.iter().rev() {
        let level = depth.min(DEEPEST as u32);
        let bit = 1u16 << level;
        // Deeper levels end here: what is below this row belongs to its own children.
        open &= (bit << 1).wrapping_sub(1);
        rows.push(Row { key, depth: depth.min(u16::MAX as u32) as u16, last: open & bit == 0, bars: open });
        open |= bit;
    }
    rows.reverse();
    rows
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn branches_lead_from_parents_to_children() {
        let depths = [0, 1, 2, 2, 1, 2, 3, 1];
        let flat: Vec<(Key, u32)> = depths.iter().map(|&depth| (Key::Task(TaskId(1)), depth)).collect();
        let lines: Vec<String> = connect(&flat).iter().map(|row| format!("{}x", row.branches())).collect();
        assert_eq!(lines, ["x", "├ x", "│ ├ x", "│ └ x", "├ x", "│ └ x", "│   └ x", "└ x"]);
    }

    #[test]
    fn a_sample_has_both_ends() {
        let members = Members { tasks: (0..1000).map(TaskId).collect() };
        let sample: Vec<TaskId> = members.sample().collect();
        assert_eq!((sample.len(), sample[0], sample[SAMPLE - 1]), (SAMPLE, TaskId(0), TaskId(999)));
        let two = Members { tasks: vec![TaskId(4), TaskId(5)] };
        assert_eq!(two.sample().collect::<Vec<_>>(), two.tasks);
    }
}
