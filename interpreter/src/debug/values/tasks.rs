//! What the live tasks do, wait for and hold.

use super::objects;
use crate::debug::frames;
use crate::debug::view::View;
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

/// All live tasks, by number.
pub fn views(view: &View<'_>) -> Vec<TaskView> {
    let mut tasks: Vec<(u32, u32)> = view.sched.live_tasks().map(|(slot, task)| (task.id, slot)).collect();
    tasks.sort_unstable();
    tasks.into_iter().map(|(_, slot)| task_view(view, slot)).collect()
}

/// A live task.
pub fn task_view(view: &View<'_>, slot: u32) -> TaskView {
    let task = view.sched.task(slot);
    let state = state_of(task.state, task.reason);
    // Inside the prelude a task stands, for people, where it called that.
    let site = frames::visible(view.code, &task.body).next().map_or(task.site, |frame| frame.pc);
    let (waits, on) = match state {
        TaskState::Blocked(reason) => waits(view, slot, reason),
        _ => (String::new(), None),
    };
    TaskView {
        id: TaskId(task.id),
        name: objects::task_name(view, slot),
        path: String::new(),
        state,
        waits,
        on,
        since: task.since,
        place: view.program.locate(Site(site)),
        site: Site(site),
        holds: Vec::new(),
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
fn waits(view: &View<'_>, slot: u32, reason: WaitReason) -> (String, Option<ObjectId>) {
    let task = view.sched.task(slot);
    let (name, object) = match (awaited_kind(reason), reason) {
        (Some(kind), _) => (objects::name(view, kind, task.object), Some(view.sched.object(kind, task.object).id)),
        (None, WaitReason::Await) => (objects::task_name(view, task.object), None),
        _ => (String::new(), None),
    };
    let phrase = names::wait_phrase(reason, &name);
    (phrase.strip_prefix("waits ").unwrap_or(&phrase).to_string(), object)
}
