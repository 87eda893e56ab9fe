//! The tasks of a run under a script: their paths, and how many operations they have done.
//!
//! Spawning itself notes nothing: a task is looked at when the task that spawned it leaves, among what was put behind the run queue
//! meanwhile. Whoever follows no script pays nothing for all this.

use super::path::{Name, TaskPath};
use super::script::Names;
use crate::ready::ReadyQueue;
use crate::slab::Slab;
use crate::task::{State, Task};
use rustc_hash::FxHashMap;

/// A task.
#[derive(Clone, Debug)]
pub(super) struct Known {
    id: u32,
    pub path: TaskPath,
    /// Operations done before the segment that runs now.
    pub operations: u64,
    /// How often it has left with so many operations done.
    pub stops: u32,
    /// How often it has chosen among arms with so many operations done, and how many those are.
    pub choices: (u64, u32),
    /// Random numbers drawn.
    pub numbers: u64,
    /// How many tasks of each function it has spawned.
    children: Vec<(u32, u32)>,
}

/// All tasks of a run.
#[derive(Clone, Debug)]
pub(super) struct Tasks {
    names: Names,
    slots: Vec<Option<Known>>,
    /// Slots by hash of the path.
    by_path: FxHashMap<u64, u32>,
    /// Tasks with this number and above have not been looked at.
    fresh: u32,
    /// Length of the run queue when the running task began.
    queued: usize,
}

impl Tasks {
    pub fn new(names: Names) -> Self {
        Self { names, slots: Vec::new(), by_path: FxHashMap::default(), fresh: 1, queued: 0 }
    }

    pub fn get(&self, slot: u32) -> Option<&Known> {
        self.slots.get(slot as usize)?.as_ref()
    }

    pub fn get_mut(&mut self, slot: u32) -> Option<&mut Known> {
        self.slots.get_mut(slot as usize)?.as_mut()
    }

    /// The slot of the live task with a path.
    pub fn slot_of<V, B>(&self, path: &TaskPath, tasks: &Slab<Task<V, B>>) -> Option<u32> {
        let slot = *self.by_path.get(&path.hash())?;
        let known = self.get(slot)?;
        let task = tasks.get(slot)?;
        let live = task.id == known.id && !matches!(task.state, State::Free | State::Ended);
        (live && known.path == *path).then_some(slot)
    }

    /// The task in `running` leaves: takes in those that it spawned.
    pub fn spawned<V, B>(&mut self, running: Option<u32>, ready: &ReadyQueue, tasks: &Slab<Task<V, B>>) {
        let mut fresh = self.fresh;
        for slot in ready.iter().skip(self.queued) {
            let task = &tasks[slot];
            if task.id < self.fresh {
                continue;
            }
            let nth = running.and_then(|parent| self.get_mut(parent)).map(|known| known.next_child(task.function));
            let path = self.path(running, task.function, nth.unwrap_or(1));
            self.put(
                slot,
                Known { id: task.id, path, operations: 0, stops: 0, choices: (0, 0), numbers: 0, children: Vec::new() },
            );
            fresh = fresh.max(task.id.saturating_add(1));
        }
        self.fresh = fresh;
        self.queued = ready.len();
    }

    /// A task begins to run: what is put behind the queue from now on is its doing.
    pub fn begins(&mut self, ready: &ReadyQueue) {
        self.queued = ready.len();
    }

    /// Forgets the task in a slot if it has ended.
    pub fn forget_ended<V, B>(&mut self, slot: u32, tasks: &Slab<Task<V, B>>) {
        let Some(known) = self.get(slot) else { return };
        let task = &tasks[slot];
        if task.id != known.id || matches!(task.state, State::Free | State::Ended) {
            let hash = known.path.hash();
            self.slots[slot as usize] = None;
            if self.by_path.get(&hash) == Some(&slot) {
                self.by_path.remove(&hash);
            }
        }
    }

    /// The path of the task in a slot, also while the one that spawned it still runs.
    pub fn path_of<V, B>(
        &self,
        slot: u32,
        running: Option<u32>,
        ready: &ReadyQueue,
        tasks: &Slab<Task<V, B>>,
    ) -> Option<TaskPath> {
        let task = tasks.get(slot)?;
        if let Some(known) = self.get(slot).filter(|known| known.id == task.id) {
            return Some(known.path.clone());
        }
        let before = |other: &u32| tasks[*other].id >= self.fresh && tasks[*other].function == task.function;
        let earlier = ready.iter().skip(self.queued).take_while(|&other| other != slot).filter(before).count() as u32;
        let known = running.and_then(|parent| self.get(parent));
        let spawned = known.map_or(0, |known| known.children_of(task.function));
        Some(self.path(running, task.function, spawned + earlier + 1))
    }

    fn path(&self, parent: Option<u32>, function: u32, nth: u32) -> TaskPath {
        let name: Name = self.names.function(function);
        match parent.and_then(|parent| self.get(parent)) {
            Some(parent) => parent.path.child(name, nth),
            None => TaskPath::root(name),
        }
    }

    fn put(&mut self, slot: u32, known: Known) {
        let index = slot as usize;
        if self.slots.len() <= index {
            self.slots.resize(index + 1, None);
        }
        self.by_path.insert(known.path.hash(), slot);
        if let Some(old) = self.slots[index].replace(known) {
            let hash = old.path.hash();
            let same = self.slots[index].as_ref().is_some_and(|new| new.path.hash() == hash);
            if !same && self.by_path.get(&hash) == Some(&slot) {
                self.by_path.remove(&hash);
            }
        }
    }
}

impl Known {
    fn children_of(&self, function: u32) -> u32 {
        self.children.iter().find(|child| child.0 == function).map_or(0, |child| child.1)
    }

    fn next_child(&mut self, function: u32) -> u32 {
        match self.children.iter_mut().find(|child| child.0 == function) {
            Some(child) => {
                child.1 = child.1.wrapping_add(1);
                child.1
            }
            None => {
                self.children.push((function, 1));
                1
            }
        }
    }
}
