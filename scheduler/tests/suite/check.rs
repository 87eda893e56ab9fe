//! What must hold of every stream of events, whatever the program: tasks only make legal changes of state, by the table
//! of `tracer`, and only the running task acts.

use std::collections::BTreeMap;
use tracer::causal::{self, Violation};
use tracer::event::{Field, Kind, Record, Site, TaskId};
use tracer::events::Event;
use tracer::finding::WaitReason;
use tracer::model::state::{TaskState, legal};

/// The task that a record says was woken.
pub fn woken(record: &Record) -> Option<u32> {
    let kind = record.kind()?;
    let id = match (kind.object_field(), kind.arg_field()) {
        (Field::Woken, _) => record.object,
        (_, Field::Woken) => record.arg,
        _ if kind == Kind::Wake => record.object,
        _ => 0,
    };
    (id != 0).then_some(id)
}

/// Replays the records of a run in their order, each with its worker.
pub fn stream<'a>(records: impl Iterator<Item = (usize, &'a Record)>) {
    let mut states: BTreeMap<u32, TaskState> = BTreeMap::new();
    let mut running: BTreeMap<usize, u32> = BTreeMap::new();
    for (ordinal, (worker, record)) in records.enumerate() {
        let Some(kind) = record.kind() else { panic!("no kind at {ordinal}") };
        let mut go = |task: u32, to: TaskState| {
            let from = states.insert(task, to);
            assert!(legal(from, to), "event {ordinal} {}: task {task} from {from:?} to {to:?}", kind.name());
        };
        let current = running.get(&worker).copied().unwrap_or_default();
        match kind {
            Kind::TaskSpawn | Kind::AsyncSpawn => go(record.object, TaskState::Ready),
            Kind::Switch => {
                go(record.object, TaskState::Running);
                running.insert(worker, record.object);
            }
            Kind::Preempt | Kind::Yield => go(current, TaskState::Ready),
            Kind::TaskEnd => go(current, TaskState::Done),
            _ => {}
        }
        if record.blocked() {
            go(current, TaskState::Blocked(WaitReason::Send));
        }
        if let Some(task) = woken(record) {
            go(task, TaskState::Ready);
        }
    }
}

/// The merged records of several workers, each with its worker and clock, as events.
fn events(log: &[(usize, Record, u64)]) -> Vec<Event<'static>> {
    let mut running: BTreeMap<usize, u32> = BTreeMap::new();
    let event = |(ordinal, &(worker, record, clock)): (usize, &(usize, Record, u64))| {
        let kind = record.kind().unwrap_or_else(|| panic!("no kind at {ordinal}"));
        if kind == Kind::Switch {
            running.insert(worker, record.object);
        }
        Event {
            ordinal: ordinal as u64,
            kind,
            blocked: record.blocked(),
            worker: worker as u32,
            task: TaskId(running.get(&worker).copied().unwrap_or_default()),
            site: Site(record.kind_site >> 8),
            clock,
            object: record.object,
            arg: record.arg,
            text: "",
        }
    };
    log.iter().enumerate().map(event).collect()
}

/// What cannot have happened in the order of the log.
pub fn causes(log: &[(usize, Record, u64)]) -> Vec<Violation> {
    causal::check(events(log))
}

/// The log, an event a line.
pub fn listing(log: &[(usize, Record, u64)]) -> String {
    let line = |event: Event<'_>| {
        let Event { ordinal, worker, clock, task, object, arg, .. } = event;
        let blocked = if event.blocked { "!" } else { "" };
        format!("{ordinal} {clock} w{worker} t{} {}{blocked} {object} {arg}\n", task.0, event.kind.name())
    };
    events(log).into_iter().map(line).collect()
}
