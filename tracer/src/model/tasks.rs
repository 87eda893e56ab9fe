//! Every task that ever was: where it comes from, and its states over time.

use super::Analysis;
use super::lanes::Interval;
use super::series::Series;
use super::slots::Slots;
use super::state::{TaskState, legal};
use super::thin::{self, Grid, Thin};
use crate::archive::codec::{Reader, Writer};
use crate::event::{Site, TaskId};
use crate::events::Event;
use rustc_hash::FxHashMap;

/// A task, alive or over.
#[derive(Clone, Debug)]
pub struct Task {
    /// Its number.
    pub id: TaskId,
    /// Index of its function in the program's table; past its end where the recording does not say.
    pub function: u32,
    /// The how-many-th task of that function it is, from 1.
    pub nth: u32,
    /// Who spawned it; 0 for `main`.
    pub parent: TaskId,
    /// Where.
    pub spawned_at: Site,
    /// Clock when it was spawned.
    pub start: u64,
    /// Clock when it ended.
    pub end: Option<u64>,
    /// Where it ended, or the site of its newest change of state.
    pub site: Site,
    /// Its newest state.
    pub state: TaskState,
    /// How often it got a worker.
    pub slices: u32,
    /// Its states over time.
    pub intervals: Series<Interval>,
    /// The nearest ancestor that is still known: where it hangs in the tree.
    above: TaskId,
    first_child: u32,
    last_child: u32,
    next_sibling: u32,
}

/// All tasks.
#[derive(Debug, Default)]
pub struct Tasks {
    tasks: Slots<Task>,
    made: FxHashMap<u32, u32>,
    first_root: u32,
    last_root: u32,
    illegal: u64,
    created: u64,
}

impl Tasks {
    /// How many were created, those forgotten included.
    pub fn created(&self) -> u64 {
        self.created
    }

    /// How many are known: all, unless the store has a limit.
    pub fn len(&self) -> usize {
        self.tasks.len()
    }

    /// Whether there was none.
    pub fn is_empty(&self) -> bool {
        self.tasks.is_empty()
    }

    /// A task.
    pub fn get(&self, id: TaskId) -> Option<&Task> {
        self.tasks.get(id.0)
    }

    /// All in order of creation.
    pub fn iter(&self) -> impl Iterator<Item = &Task> {
        self.tasks.iter().map(|(_, task)| task)
    }

    /// Changes of state that the table of legal transitions does not allow: 0 unless the recording is damaged or its
    /// beginning was dropped.
    pub fn illegal_transitions(&self) -> u64 {
        self.illegal
    }

    /// Tasks in the order of the spawn tree (a task, then its children in order of creation), each with its depth,
    /// starting after `skip` tasks and at most `limit` of them.
    pub fn tree(&self, skip: usize, limit: usize) -> Vec<(TaskId, u32)> {
        let mut out = Vec::new();
        let mut depth = 0;
        let mut at = self.first_root;
        let mut above: Vec<u32> = Vec::new();
        let mut seen = 0;
        while at != 0 && out.len() < limit {
            let Some(task) = self.tasks.get(at) else { break };
            if seen >= skip {
                out.push((task.id, depth));
            }
            seen += 1;
            if task.first_child != 0 {
                above.push(task.next_sibling);
                at = task.first_child;
                depth += 1;
                continue;
            }
            at = task.next_sibling;
            while at == 0 {
                match above.pop() {
                    Some(next) => {
                        at = next;
                        depth -= 1;
                    }
                    None => break,
                }
            }
        }
        out
    }

    /// Forgets what was before a clock: states, and tasks that had ended. Their children move up to the next ancestor
    /// that is still there.
    pub(crate) fn trim(&mut self, clock: u64) {
        let gone = |task: &Task| task.end.is_some_and(|end| end < clock);
        // Parents are created before their children, so an ancestor has been dealt with when a child asks for it.
        let mut heir: FxHashMap<TaskId, TaskId> = FxHashMap::default();
        let mut kept = Vec::new();
        for (_, task) in self.tasks.iter() {
            let parent = heir.get(&task.above).copied().unwrap_or(task.above);
            if gone(task) {
                heir.insert(task.id, parent);
            } else {
                kept.push((task.id, parent));
            }
        }
        self.tasks.retain(|_, task| !gone(task));
        for task in self.tasks.values_mut() {
            task.intervals.trim(clock);
            (task.first_child, task.last_child, task.next_sibling) = (0, 0, 0);
        }
        (self.first_root, self.last_root) = (0, 0);
        for (task, parent) in kept {
            self.link(task, parent);
        }
    }

    pub(crate) fn write(&self, to: &mut Writer) {
        to.number(self.created);
        to.number(self.illegal);
        to.length(self.tasks.len());
        let (mut id, mut start) = (0, 0);
        for (number, task) in self.tasks.iter() {
            to.rise(number, &mut id);
            for number in [task.function, task.nth, task.parent.0, task.above.0, task.spawned_at.0] {
                to.number(number);
            }
            to.near(task.start, start);
            start = task.start;
            to.maybe(task.end.map(|end| end.saturating_sub(start)));
            to.number(task.site.0);
            to.number(task.state.code());
            to.number(task.slices);
            write_intervals(&task.intervals, start, to);
        }
    }

    pub(crate) fn read(from: &mut Reader) -> Option<Self> {
        let mut tasks = Self { created: from.number()?, illegal: from.number()?, ..Self::default() };
        let (mut id, mut start) = (0, 0);
        for _ in 0..from.length(11)? {
            let number = u32::try_from(from.rise(&mut id)?).ok().filter(|&number| number != 0)?;
            let (function, nth) = (from.word()?, from.word()?);
            let (parent, above, spawned_at) = (TaskId(from.word()?), TaskId(from.word()?), Site(from.word()?));
            start = from.near(start)?;
            let end = from.maybe()?.map(|length| start.saturating_add(length));
            let site = Site(from.word()?);
            let state = TaskState::from_code(from.byte()?)?;
            let slices = from.word()?;
            let intervals = read_intervals(start, from)?;
            if tasks.tasks.get(number).is_some() {
                return None;
            }
            let task = Task {
                id: TaskId(number),
                function,
                nth,
                parent,
                spawned_at,
                start,
                end,
                site,
                state,
                slices,
                intervals,
                above: TaskId(0),
                first_child: 0,
                last_child: 0,
                next_sibling: 0,
            };
            tasks.tasks.insert(number, task);
            tasks.link(TaskId(number), above);
        }
        Some(tasks)
    }

    /// Hangs a task into the tree as its parent's last child; it must not be in the tree yet.
    fn link(&mut self, id: TaskId, parent: TaskId) {
        if let Some(task) = self.tasks.get_mut(id.0) {
            task.above = parent;
        }
        let before = match self.tasks.get_mut(parent.0).filter(|_| parent != id) {
            Some(parent) => {
                if parent.first_child == 0 {
                    parent.first_child = id.0;
                }
                std::mem::replace(&mut parent.last_child, id.0)
            }
            None => {
                if self.first_root == 0 {
                    self.first_root = id.0;
                }
                std::mem::replace(&mut self.last_root, id.0)
            }
        };
        if let Some(before) = self.tasks.get_mut(before) {
            before.next_sibling = id.0;
        }
    }
}

/// Intervals, the first near a clock.
pub(crate) fn write_intervals(intervals: &Series<Interval>, clock: u64, to: &mut Writer) {
    to.length(intervals.len());
    let mut before = (clock, 0);
    for interval in intervals.iter() {
        to.near(interval.start(), before.0);
        to.near(interval.event, before.1);
        to.number(interval.state().code());
        before = (interval.start(), interval.event);
    }
}

pub(crate) fn read_intervals(clock: u64, from: &mut Reader) -> Option<Series<Interval>> {
    let mut before = (clock, 0);
    let mut intervals = Vec::new();
    for _ in 0..from.length(3)? {
        let (clock, event) = (from.near(before.0)?.min(1 << 56), from.near(before.1)?);
        // They rise, whatever the bytes say: only the first may lie before what it is counted from.
        before = match intervals.is_empty() {
            true => (clock, event),
            false => (clock.max(before.0), event.max(before.1)),
        };
        intervals.push(Interval::new(before.0, TaskState::from_code(from.byte()?)?, before.1));
    }
    Some(Series::of(intervals))
}

impl Thin for Tasks {
    fn entries(&self) -> usize {
        self.tasks.iter().map(|(_, task)| task.intervals.len()).sum()
    }

    fn thin(&mut self, grid: Grid) {
        self.tasks.values_mut().for_each(|task| thin::intervals(&mut task.intervals, grid));
    }
}

impl Analysis for Tasks {
    fn spawned(&mut self, id: TaskId, parent: TaskId, function: u32, at: &Event) {
        if self.tasks.get(id.0).is_some() {
            return;
        }
        let nth = self.made.entry(function).or_insert(0);
        *nth += 1;
        let task = Task {
            id,
            function,
            nth: *nth,
            parent,
            spawned_at: at.site,
            start: at.clock,
            end: None,
            site: at.site,
            state: TaskState::Ready,
            slices: 0,
            intervals: Series::default(),
            above: TaskId(0),
            first_child: 0,
            last_child: 0,
            next_sibling: 0,
        };
        self.tasks.insert(id.0, task);
        self.link(id, parent);
        self.created += 1;
    }

    fn state(&mut self, id: TaskId, to: TaskState, at: &Event) {
        let Some(task) = self.tasks.get_mut(id.0) else { return };
        let from = if task.intervals.is_empty() { None } else { Some(task.state) };
        if !legal(from, to) {
            self.illegal += 1;
        }
        task.state = to;
        match to {
            TaskState::Running => task.slices = task.slices.saturating_add(1),
            _ if to.ended() => task.end = Some(at.clock),
            _ => {}
        }
        if to.phase() != super::state::Phase::Ready || from.is_some_and(|from| from == TaskState::Running) {
            task.site = at.site;
        }
        task.intervals.push(Interval::new(at.clock, to, at.ordinal));
    }
}
