//! What must hold of every stream of events, whatever the program: tasks only make legal changes of state, by the table
//! of `tracer`, and only the running task acts.

use crate::driver::Log;
use std::collections::BTreeMap;
use tracer::event::{Field, Kind, Record};
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

/// Replays the stream.
pub fn stream(log: &Log) {
    let mut states: BTreeMap<u32, TaskState> = BTreeMap::new();
    let mut current = 0;
    for (ordinal, (record, _)) in log.0.iter().enumerate() {
        let Some(kind) = record.kind() else { panic!("no kind at {ordinal}") };
        let mut go = |task: u32, to: TaskState| {
            let from = states.insert(task, to);
            assert!(legal(from, to), "event {ordinal} {}: task {task} from {from:?} to {to:?}", kind.name());
        };
        match kind {
            Kind::TaskSpawn | Kind::AsyncSpawn => go(record.object, TaskState::Ready),
            Kind::Switch => {
                go(record.object, TaskState::Running);
                current = record.object;
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
