//! Who spawned whom, by function and place of the spawn: how many there were, how many at once, how long they lived and ran.
//!
//! A function that spawns itself has one row, not one for each generation. Where there are more than [`ROWS`] rows, what is new goes into
//! a last one.

use super::counts::Counts;
use super::{Analysis, Change, Known, Live, Out};
use crate::event::{Site, TaskId};
use crate::events::Event;
use crate::model::state::TaskState;
use crate::profile::SpawnRow;
use rustc_hash::FxHashMap;

/// Rows at most, the one for all others left out.
const ROWS: usize = 4096;

/// Tasks of one function that were spawned at one place by tasks of one row.
#[derive(Clone, Debug)]
pub(super) struct Row {
    pub function: u32,
    pub site: Site,
    pub parent: Option<u32>,
    pub count: u64,
    pub peak: u64,
    pub alive: u64,
    lifetime: Counts,
    running: Counts,
}

/// The rows, and which row each live task is in.
#[derive(Default)]
pub(super) struct SpawnTree {
    rows: Vec<Row>,
    found: FxHashMap<(Option<u32>, u32, Site), u32>,
    tasks: FxHashMap<TaskId, u32>,
}

impl SpawnTree {
    /// The row of a task that is spawned by one of a row.
    fn row(&mut self, parent: Option<u32>, function: u32, site: Site) -> u32 {
        if let Some(&row) = self.found.get(&(parent, function, site)) {
            return row;
        }
        let same =
            |row: &u32| self.rows.get(*row as usize).is_some_and(|row| (row.function, row.site) == (function, site));
        let above = std::iter::successors(parent, |row| self.rows.get(*row as usize)?.parent).find(same);
        let row = above.unwrap_or_else(|| {
            let full = self.rows.len() >= ROWS;
            if !full || self.rows.len() == ROWS {
                let (function, site, parent) =
                    if full { (u32::MAX, Site(u32::MAX), None) } else { (function, site, parent) };
                self.rows.push(Row {
                    function,
                    site,
                    parent,
                    count: 0,
                    peak: 0,
                    alive: 0,
                    lifetime: Counts::default(),
                    running: Counts::default(),
                });
            }
            (self.rows.len() - 1) as u32
        });
        if self.found.len() < ROWS * 4 {
            self.found.insert((parent, function, site), row);
        }
        row
    }
}

impl Analysis for SpawnTree {
    fn spawned(&mut self, task: &Live, _at: &Event, _known: &Known) {
        let parent = self.tasks.get(&task.parent).copied();
        let index = self.row(parent, task.function, task.spawned_at);
        self.tasks.insert(task.id, index);
        if let Some(row) = self.rows.get_mut(index as usize) {
            row.count += 1;
            row.alive += 1;
            row.peak = row.peak.max(row.alive);
        }
    }

    fn changed(&mut self, change: &Change, _known: &Known) {
        if !change.to.is_none_or(TaskState::ended) {
            return;
        }
        let Some(index) = self.tasks.remove(&change.task.id) else { return };
        let Some(row) = self.rows.get_mut(index as usize) else { return };
        let slice = if change.task.state == TaskState::Running { change.ns } else { 0 };
        row.running.record(change.task.running.saturating_add(slice));
        if change.to.is_some() {
            row.alive = row.alive.saturating_sub(1);
            row.lifetime.record(change.at.clock.saturating_sub(change.task.born));
        }
    }

    fn finish(self, known: &Known, out: &mut Out) {
        for (index, row) in self.rows.iter().enumerate() {
            let others = index == ROWS;
            let site = out.site(row.site);
            out.profile.spawn_tree.push(SpawnRow {
                function: if others { "(others)".to_string() } else { known.function(row.function).to_string() },
                site,
                parent: row.parent,
                count: row.count,
                peak: row.peak,
                alive: row.alive,
                lifetime: row.lifetime.distribution(),
                running: row.running.distribution(),
            });
        }
    }
}
