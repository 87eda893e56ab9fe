//! The locks (mutexes, read-write locks, semaphores, onces): who holds them, who waits, and what they cost.

use super::table::{Column, Objects, Order, SortKey, Table};
use super::waits::object_text;
use crate::format::{count, percent, short_count, short_duration};
use crate::state::State;
use crate::theme::Role;
use ratatui::style::Style;
use tracer::event::ObjectId;
use tracer::model::locks::Lock;

/// The view.
pub struct LocksView;

fn lock(state: &State, id: ObjectId) -> Option<&Lock> {
    state.store.locks().get(id)
}

impl Objects for LocksView {
    const WORD: &'static str = "locks";
    const THEN: &'static str = "holders and waiting";
    const FILLS: &'static str = "Each mutex, read-write lock, semaphore and once that the program makes gets a row here: who holds it, who waits, what it costs.";
    const NAMES: usize = 3;

    const ORDERS: &'static [Order] = &[
        Order("creation", None),
        Order("name", Some(|state, id| SortKey::Text(state.object_name(id)))),
        Order("waiting", Some(|state, id| SortKey::most(state.now().object(id).map_or(0, |now| now.waiting)))),
        Order("time waited", Some(|state, id| SortKey::most(lock(state, id).map_or(0, |lock| lock.wait_ticks)))),
        Order("time held", Some(|state, id| SortKey::most(lock(state, id).map_or(0, |lock| lock.hold_ticks)))),
    ];

    const COLUMNS: &'static [Column] = &[
        Column("lock", 0, false, 0),
        Column("held by", 14, false, 0),
        Column("waiting", 7, true, 0),
        Column("taken", 8, true, 0),
        Column("after wait", 10, true, 76),
        Column("waited", 7, true, 0),
        Column("longest", 7, true, 86),
        Column("held", 7, true, 96),
    ];

    fn table(state: &State) -> &Table {
        &state.locks
    }

    fn table_mut(state: &mut State) -> &mut Table {
        &mut state.locks
    }

    fn all(state: &State) -> Vec<ObjectId> {
        state.store.locks().iter().map(|(id, _)| id).collect()
    }

    fn name(state: &State, id: ObjectId) -> String {
        object_text(state, id)
    }

    fn field(state: &State, column: &str, id: ObjectId) -> (String, Style) {
        let plain = Style::new();
        let Some(lock) = lock(state, id) else { return (String::new(), plain) };
        let now = state.now().object(id);
        let part = |part: u64, whole: u64| percent(part as f64 / whole.max(1) as f64);
        match column {
            "held by" => match now.map(|now| now.holds.as_slice()) {
                Some([hold]) => (state.task_name(hold.task), state.theme.style(Role::Running)),
                Some([hold, rest @ ..]) => {
                    (format!("{} +{}", state.task_name(hold.task), rest.len()), state.theme.style(Role::Running))
                }
                _ => ("–".into(), state.theme.dim()),
            },
            "waiting" => match now.map_or(0, |now| now.waiting) {
                0 => ("–".into(), state.theme.dim()),
                n => (format!("{} ▪", count(n as u64)), state.theme.bold(Role::Lock)),
            },
            "taken" => (short_count(lock.acquired as f64), plain),
            "after wait" => (part(lock.contended, lock.acquired), plain),
            "waited" => (short_duration(lock.wait_ticks), plain),
            "longest" => (short_duration(lock.longest_wait), plain),
            _ => (short_duration(lock.hold_ticks), plain),
        }
    }
}
