//! Calls of one async function that are awaited one after the other although they could run at once.
//!
//! Whether a call needs the result of the one before cannot be seen in events, so only calls of the same function in a row count: that is
//! mostly one question asked about several things.

use super::super::{Analysis, Change, Known, Out};
use super::thresholds::{AWAIT, AWAIT_SHARE, AWAITS};
use crate::event::{Kind, Site, TaskId};
use crate::events::Event;
use crate::finding::WaitReason;
use crate::model::state::TaskState;
use crate::names::{count, duration};
use crate::profile::{Flag, Severity};
use rustc_hash::FxHashMap;
use std::collections::BTreeMap;

/// What a task has awaited in a row.
#[derive(Clone, Copy, Debug, Default)]
struct Row {
    /// Calls that were made and not awaited yet.
    open: u32,
    callee: Option<u32>,
    count: u64,
    ns: u64,
    longest: u64,
    first: Site,
    several_sites: bool,
    event: u64,
    function: u32,
}

/// What a place came to.
#[derive(Clone, Copy, Debug, Default)]
struct Found {
    rows: u64,
    awaits: u64,
    saved: u64,
    event: u64,
    function: u32,
    callee: u32,
}

/// Rows of awaits.
#[derive(Default)]
pub(in super::super) struct SequentialAwaits {
    rows: FxHashMap<TaskId, Row>,
    found: BTreeMap<Site, Found>,
}

impl SequentialAwaits {
    /// The row is over: a task did something else.
    fn end(&mut self, task: TaskId) {
        let Some(row) = self.rows.get_mut(&task) else { return };
        let over = std::mem::replace(row, Row { open: row.open, ..Row::default() });
        if row.open == 0 {
            self.rows.remove(&task);
        }
        let enough = over.count >= AWAITS || (over.several_sites && over.count >= 2);
        if enough && over.ns / over.count.max(1) >= AWAIT {
            let found = self.found.entry(over.first).or_default();
            found.rows += 1;
            found.awaits += over.count;
            found.saved = found.saved.saturating_add(over.ns - over.longest);
            (found.event, found.function) = (over.event, over.function);
            found.callee = over.callee.unwrap_or(u32::MAX);
        }
    }
}

impl Analysis for SequentialAwaits {
    fn event(&mut self, at: &Event, _known: &Known) {
        if matches!(at.kind, Kind::Await | Kind::Detach) && !at.blocked {
            if let Some(row) = self.rows.get_mut(&at.task) {
                row.open = row.open.saturating_sub(1);
            }
            return;
        }
        if at.kind != Kind::AsyncSpawn {
            return;
        }
        let row = self.rows.entry(at.task).or_default();
        row.open += 1;
        // Two at once, or another function: a new row.
        if row.open > 1 || row.callee.is_some_and(|callee| callee != at.arg) {
            self.end(at.task);
        }
        self.rows.entry(at.task).or_default().callee = Some(at.arg);
    }

    fn changed(&mut self, change: &Change, _known: &Known) {
        let (id, task) = (change.task.id, change.task);
        if change.to.is_none_or(TaskState::ended) {
            self.end(id);
            self.rows.remove(&id);
            return;
        }
        match change.wait() {
            None => {}
            Some(WaitReason::Await) => {
                let Some(row) = self.rows.get_mut(&id) else { return };
                let single = row.open == 1 && row.callee == Some(task.awaits);
                row.open = row.open.saturating_sub(1);
                if !single {
                    self.end(id);
                    return;
                }
                if row.count == 0 {
                    (row.first, row.event, row.function) = (task.site, task.event, task.function);
                }
                row.several_sites |= row.first != task.site;
                row.count += 1;
                row.ns = row.ns.saturating_add(change.ns);
                row.longest = row.longest.max(change.ns);
            }
            Some(_) => self.end(id),
        }
    }

    fn finish(self, known: &Known, out: &mut Out) {
        let enough = known.duration() as f64 * AWAIT_SHARE;
        for (site, found) in self.found.into_iter().filter(|(_, found)| found.saved as f64 >= enough) {
            let callee = known.function(found.callee);
            let sentence = format!(
                "{} awaits {callee} {} times, one after the other, from {} on. If no call needs the result of the one before, start all and join \
                 them: that would save up to {}.",
                known.function(found.function),
                count(found.awaits),
                known.place(site),
                duration(found.saved)
            );
            let sites = vec![out.site(site)];
            let about = vec![known.function(found.function).to_string(), callee.to_string()];
            out.flag(Flag {
                rule: "sequential-awaits".to_string(),
                severity: Severity::Note,
                sentence,
                sites,
                about,
                count: found.awaits,
                ns: Some(found.saved),
                event: Some(found.event),
            });
        }
    }
}
