//! A task asks again and again, and computes nothing between: try_recv, try_send, try_lock, a select with a default.

use super::super::{Analysis, Change, Known, Out};
use super::thresholds::{POLL_GAP, POLLS};
use crate::event::{Kind, Site, TaskId};
use crate::events::Event;
use crate::names::{count, duration};
use crate::profile::{Flag, Severity};
use rustc_hash::FxHashMap;
use std::collections::BTreeMap;

/// Failed tries of a task in a row.
#[derive(Clone, Copy, Debug)]
struct Row {
    site: Site,
    kind: Kind,
    count: u64,
    first: u64,
    last: u64,
    event: u64,
    function: u32,
}

/// What polling in one place came to.
#[derive(Clone, Copy, Debug)]
struct Polling {
    kind: Kind,
    count: u64,
    ns: u64,
    function: u32,
    event: u64,
}

/// Rows of tries.
#[derive(Default)]
pub(in super::super) struct BusyPolling {
    rows: FxHashMap<TaskId, Row>,
    found: BTreeMap<Site, Polling>,
}

fn is_poll(kind: Kind) -> bool {
    matches!(
        kind,
        Kind::TryRecvEmpty | Kind::TrySendFull | Kind::TryLockFail | Kind::TryAcquireFail | Kind::SelectDefault
    )
}

impl BusyPolling {
    fn end(&mut self, task: TaskId) {
        let Some(row) = self.rows.remove(&task) else { return };
        let ns = row.last.saturating_sub(row.first);
        if row.count < POLLS || ns / row.count > POLL_GAP {
            return;
        }
        let new = Polling { kind: row.kind, count: 0, ns: 0, function: row.function, event: row.event };
        let found = self.found.entry(row.site).or_insert(new);
        found.count += row.count;
        found.ns = found.ns.saturating_add(ns);
    }
}

impl Analysis for BusyPolling {
    #[inline]
    fn event(&mut self, at: &Event, known: &Known) {
        if is_poll(at.kind) {
            let going = self.rows.get_mut(&at.task).filter(|row| row.site == at.site);
            match going {
                Some(row) => {
                    row.count += 1;
                    row.last = at.clock;
                }
                None => {
                    self.end(at.task);
                    let function = known.task(at.task).map_or(u32::MAX, |task| task.function);
                    let (first, last) = (at.clock, at.clock);
                    let row = Row { site: at.site, kind: at.kind, count: 1, first, last, event: at.ordinal, function };
                    self.rows.insert(at.task, row);
                }
            }
        } else if !self.rows.is_empty() && at.kind.is_operation() && !matches!(at.kind, Kind::Yield) {
            self.end(at.task);
        }
    }

    fn changed(&mut self, change: &Change, _known: &Known) {
        if !self.rows.is_empty() && (change.wait().is_some() || change.to.is_none_or(|to| to.ended())) {
            self.end(change.task.id);
        }
    }

    fn finish(self, known: &Known, out: &mut Out) {
        for (site, found) in self.found {
            let (what, instead) = match found.kind {
                Kind::TryRecvEmpty => ("try_recv", "receive from the channel"),
                Kind::TrySendFull => ("try_send", "send to the channel"),
                Kind::TryLockFail => ("try_lock", "lock it"),
                Kind::TryAcquireFail => ("try_acquire", "acquire a permit"),
                _ => ("a select with a default arm", "leave the default arm out"),
            };
            let sentence = format!(
                "{} polls with {what} at {}: {} times for nothing, {} of running. To wait instead, {instead}.",
                known.function(found.function),
                known.place(site),
                count(found.count),
                duration(found.ns)
            );
            let sites = vec![out.site(site)];
            out.flag(Flag {
                rule: "busy-polling".to_string(),
                severity: Severity::Warning,
                sentence,
                sites,
                about: vec![known.function(found.function).to_string()],
                count: found.count,
                ns: Some(found.ns),
                event: Some(found.event),
            });
        }
    }
}
