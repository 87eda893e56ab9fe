//! What the live tasks do, wait for and hold.

use super::objects;
use crate::debug::frames;
use crate::debug::view::View;
use rustc_hash::FxHashMap;
use scheduler::Arm;
use scheduler::inspect::Facts;
use tracer::event::{ObjectId, Site, TaskId};
use tracer::finding::{ObjectKind, WaitReason};
use tracer::inspect::TaskView;
use tracer::model::state::TaskState;
use tracer::names;

/// A task's state in the words of traces.
pub fn state_of(state: scheduler::State, reason: WaitReason) -> TaskState {
    match state {
        scheduler::State::Free | scheduler::State::Ended => TaskState::Done,
        scheduler::State::Ready => TaskState::Ready,
        scheduler::State::Running => TaskState::Running,
        scheduler::State::Blocked => TaskState::Blocked(reason),
    }
}

/// What is found out once for all tasks.
struct Around {
    /// Names of what each task holds, by the task's number.
    holds: FxHashMap<u32, Vec<String>>,
    /// When each sleep ends, by the number that events know it by.
    wakes: FxHashMap<u32, u64>,
}

impl Around {
    fn of(view: &View<'_>) -> Around {
        let mut holds: FxHashMap<u32, Vec<String>> = FxHashMap::default();
        for kind in [ObjectKind::Mutex, ObjectKind::RwLock, ObjectKind::Semaphore, ObjectKind::Once] {
            for (slot, _) in view.sched.live_objects(kind) {
                let Some(state) = view.sched.inspect(kind, slot) else { continue };
                let holders = match state.facts {
                    Facts::Mutex { owner, .. } => owner.into_iter().collect(),
                    Facts::RwLock { readers, writer, .. } => readers.into_iter().chain(writer).collect(),
                    Facts::Semaphore { holders, .. } => holders,
                    Facts::Once { runner, .. } => runner.into_iter().collect(),
                    _ => Vec::new(),
                };
                for holder in holders.iter().filter(|holder| holder.live) {
                    holds.entry(holder.task.0).or_default().push(objects::name(view, kind, slot));
                }
            }
        }
        let wakes = view.sched.pending().iter().map(|pending| (pending.object, pending.deadline)).collect();
        Around { holds, wakes }
    }
}

/// All live tasks, by number.
pub fn views(view: &View<'_>) -> Vec<TaskView> {
    let mut tasks: Vec<(u32, u32)> = view.sched.live_tasks().map(|(slot, task)| (task.id, slot)).collect();
    tasks.sort_unstable();
    let around = Around::of(view);
    tasks.into_iter().map(|(_, slot)| task_view(view, &around, slot)).collect()
}

fn task_view(view: &View<'_>, around: &Around, slot: u32) -> TaskView {
    let task = view.sched.task(slot);
    let state = state_of(task.state, task.reason);
    // Inside the prelude a task stands, for people, where it called that.
    let site = frames::visible(view.code, &task.body).next().map_or(task.site, |frame| frame.pc);
    let (waits, on) = match state {
        TaskState::Blocked(reason) => waits(view, around, slot, reason),
        _ => (String::new(), None),
    };
    TaskView {
        id: TaskId(task.id),
        name: objects::task_name(view, slot),
        path: view.sched.task_path(slot).map_or(String::new(), |path| path.to_string()),
        state,
        waits,
        on,
        since: task.since,
        place: view.program.locate(Site(site)),
        site: Site(site),
        holds: around.holds.get(&task.id).cloned().unwrap_or_default(),
    }
}

/// The sort of object that a task waits for, where it waits for one.
pub fn awaited_kind(reason: WaitReason) -> Option<ObjectKind> {
    Some(match reason {
        WaitReason::Send | WaitReason::Recv => ObjectKind::Channel,
        WaitReason::Lock => ObjectKind::Mutex,
        WaitReason::ReadLock | WaitReason::WriteLock => ObjectKind::RwLock,
        WaitReason::WaitGroup => ObjectKind::WaitGroup,
        WaitReason::Once => ObjectKind::Once,
        WaitReason::Barrier => ObjectKind::Barrier,
        WaitReason::Semaphore => ObjectKind::Semaphore,
        WaitReason::Select | WaitReason::Await | WaitReason::Sleep | WaitReason::Io => return None,
    })
}

/// What a blocked task waits for, in words, and the object.
fn waits(view: &View<'_>, around: &Around, slot: u32, reason: WaitReason) -> (String, Option<ObjectId>) {
    let task = view.sched.task(slot);
    let (name, object) = match (awaited_kind(reason), reason) {
        (Some(kind), _) => (objects::name(view, kind, task.object), Some(view.sched.object(kind, task.object).id)),
        (None, WaitReason::Await) => (objects::task_name(view, task.object), None),
        (None, WaitReason::Select) => select(view, slot),
        _ => (String::new(), None),
    };
    let phrase = names::wait_phrase(reason, &name);
    let mut phrase = phrase.strip_prefix("waits ").unwrap_or(&phrase).to_string();
    if let Some(&at) = around.wakes.get(&task.object).filter(|_| reason == WaitReason::Sleep) {
        phrase.push_str(&format!(" for {} more", names::duration(at.saturating_sub(view.sched.now()))));
    }
    (phrase, object)
}

/// What the arms of a task's select wait for; the object where there is only one.
fn select(view: &View<'_>, slot: u32) -> (String, Option<ObjectId>) {
    let mut words: Vec<String> = Vec::new();
    let mut objects: Vec<ObjectId> = Vec::new();
    for arm in view.sched.arms_of(slot).into_iter().flatten() {
        let word = match arm {
            Arm::Recv(channel) | Arm::Send(channel, _) => {
                objects.push(view.sched.object(ObjectKind::Channel, channel).id);
                objects::name(view, ObjectKind::Channel, channel)
            }
            Arm::Timer(nanoseconds) => names::duration(nanoseconds),
            Arm::Future(future) => objects::task_of_number(view, future.id),
            Arm::Never => continue,
        };
        if !words.contains(&word) {
            words.push(word);
        }
    }
    objects.dedup();
    let only = if words.len() == 1 { objects.first().copied() } else { None };
    (names::either(&words), only)
}
