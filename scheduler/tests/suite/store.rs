//! What the store of `tracer` makes of a run's events must be what the scheduler itself says of it: the states, the
//! waits, who holds what, the rings.

use crate::driver::Log;
use std::sync::Arc;
use tracer::chunk::Chunk;
use tracer::event::{BLOCKED, ObjectId, TaskId};
use tracer::finding::{Finding, ObjectKind, Target, WaitReason};
use tracer::model::state::TaskState;
use tracer::model::waits::Graph;
use tracer::program::ProgramInfo;
use tracer::record::{Recorder, Tracer};
use tracer::sink::MemorySink;
use tracer::store::Store;

/// Records a log and reads it back.
pub fn of(log: &Log) -> Store {
    let (sink, memory) = MemorySink::unbounded();
    let mut recorder = Recorder::new(sink);
    for (record, clock) in &log.0 {
        recorder.emit(record.kind_site as u8, record.kind_site >> 8, *clock, record.object, record.arg);
    }
    drop(recorder);
    let chunks: Vec<Chunk> = memory.take();
    Store::of(Arc::new(ProgramInfo::default()), &chunks)
}

/// Compares a run with its findings.
pub fn agrees(log: &Log, findings: &[Finding]) {
    if log.0.windows(2).any(|pair| (pair[1].1 - pair[0].1) >> 32 != 0) {
        // The recorder puts a record of its own before a long jump of the clock, so ordinals differ.
        return;
    }
    let store = of(log);
    assert_eq!(store.len(), log.0.len() as u64);
    assert_eq!((store.damaged(), store.dropped(), store.tasks().illegal_transitions()), (0, 0, 0));
    let blocked = log.0.iter().filter(|(record, _)| record.kind_site as u8 & BLOCKED != 0).count();
    assert_eq!(store.events(0..store.len()).filter(|event| event.blocked).count(), blocked);
    for finding in findings {
        let Some(event) = finding.event else { panic!("the run was traced") };
        let then = store.at(event);
        let mut graph = Graph::of(&then, usize::MAX);
        let by_events = graph.cycles.clone();
        graph.mark(finding);
        for task in &finding.tasks {
            let Some(now) = then.task(task.task.id) else { panic!("{:?} is not alive", task.task.id) };
            assert_eq!(now.state, TaskState::Blocked(task.reason), "{:?}", task.task);
            assert_eq!((now.since, Some(now.event)), (task.since, task.event), "{:?}", task.task);
            // Anybody may give back a parked task's permit between its park and the finding, so permits are left out.
            let lock =
                |id: &u32| store.objects().get(ObjectId(*id)).is_some_and(|made| made.kind != ObjectKind::Semaphore);
            let mut held: Vec<u32> = task.held.iter().map(|(object, _)| object.id.0).filter(lock).collect();
            let mut found: Vec<u32> = now.held.iter().map(|object| object.0).filter(lock).collect();
            held.sort_unstable();
            found.sort_unstable();
            assert_eq!(held, found, "held by {:?}", task.task);
            if let [Target::Object(object)] = task.targets[..]
                && !now.state.ended()
                && now.arms.is_empty()
            {
                assert_eq!(now.on, object.id.0);
                let made = store.objects().get(object.id).map(|made| (made.kind, made.made_at, made.nth));
                assert_eq!(made, Some((object.kind, object.made_at, object.nth)));
            }
            let waiter = graph.waiters.iter().find(|waiter| waiter.task == task.task.id);
            assert!(waiter.is_some_and(|waiter| waiter.orphan || waiter.cycle.is_some()), "{waiter:?}");
        }
        if !finding.cycle.is_empty() {
            let mut ring: Vec<TaskId> = finding.cycle.iter().map(|&index| finding.tasks[index].task.id).collect();
            let lowest = (0..ring.len()).min_by_key(|&index| ring[index]).unwrap_or(0);
            ring.rotate_left(lowest);
            // Rings of locks and awaits are in the events; those through channels take reachability.
            let exact = finding.cycle.iter().all(|&index| {
                let reason = finding.tasks[index].reason;
                matches!(reason, WaitReason::Lock | WaitReason::WriteLock | WaitReason::Await | WaitReason::Once)
            });
            assert!(!exact || by_events.contains(&ring), "{ring:?} is not in {by_events:?}");
            assert!(graph.cycles.contains(&ring));
        }
    }
}
