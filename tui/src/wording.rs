//! Events and states in words, as the log, the detail and the sentences of views say them.

use crate::format::{duration, plural, printable};
use crate::state::State;
use crate::theme::Role;
use tracer::event::{Category, EndStatus, Field, Kind, ObjectId, TaskId};
use tracer::events::Event;
use tracer::finding::WaitReason;
use tracer::model::now::{Arm, TaskNow};
use tracer::model::state::TaskState;
use tracer::names::wait_phrase;
use tracer::race::location::Location;

/// The glyph and the role of a task's state.
pub fn look(state: TaskState) -> (char, Role) {
    match state {
        TaskState::Running => ('█', Role::Running),
        TaskState::Ready => ('▒', Role::Ready),
        TaskState::Done => ('·', Role::Done),
        TaskState::Cancelled => ('×', Role::Done),
        TaskState::Panicked => ('✖', Role::Bad),
        TaskState::Blocked(reason) => match reason {
            WaitReason::Send => ('▷', Role::Send),
            WaitReason::Recv => ('◁', Role::Receive),
            WaitReason::Select => ('◇', Role::Select),
            WaitReason::Lock | WaitReason::ReadLock | WaitReason::WriteLock | WaitReason::Semaphore => {
                ('▪', Role::Lock)
            }
            WaitReason::Await => ('…', Role::Await),
            WaitReason::WaitGroup | WaitReason::Once | WaitReason::Barrier => ('∥', Role::Gather),
            WaitReason::Sleep => ('z', Role::Sleep),
            WaitReason::Io => ('⌁', Role::Outside),
        },
    }
}

/// The glyphs with their meaning, in a word or two for the timeline and in full for help: each glyph once.
pub const LEGEND: &[(TaskState, &str, &str)] = &[
    (TaskState::Running, "running", "running"),
    (TaskState::Ready, "ready", "ready: could run, has no worker"),
    (TaskState::Blocked(WaitReason::Send), "sends", "blocked: sends"),
    (TaskState::Blocked(WaitReason::Recv), "receives", "blocked: receives"),
    (TaskState::Blocked(WaitReason::Select), "selects", "blocked in a select"),
    (TaskState::Blocked(WaitReason::Lock), "locks", "blocked on a lock or semaphore"),
    (TaskState::Blocked(WaitReason::Await), "awaits", "awaits a task"),
    (TaskState::Blocked(WaitReason::WaitGroup), "waits for all", "in a wait group, barrier or once"),
    (TaskState::Blocked(WaitReason::Sleep), "asleep", "asleep"),
    (TaskState::Blocked(WaitReason::Io), "C or I/O", "in a C call or I/O"),
    (TaskState::Done, "done", "done"),
    (TaskState::Panicked, "panicked", "panicked"),
    (TaskState::Cancelled, "cancelled", "cancelled"),
];

/// What a wait is for, without "waits": `to send to jobs`.
fn purpose(reason: WaitReason, object: &str) -> String {
    let phrase = wait_phrase(reason, object);
    phrase.strip_prefix("waits ").unwrap_or(&phrase).to_string()
}

/// What a blocked task waits for, in words, with every arm of a select.
pub fn wait(state: &State, task: &TaskNow) -> String {
    let TaskState::Blocked(reason) = task.state else { return task.state.name().to_string() };
    match reason {
        WaitReason::Select if task.arms.is_empty() => "in a select without arms".to_string(),
        WaitReason::Select => {
            let arms: Vec<String> = task.arms.iter().map(|&arm| arm_words(state, arm)).collect();
            format!("in a select: {}", arms.join(", or "))
        }
        WaitReason::Await => purpose(reason, &state.task_name(TaskId(task.on))),
        _ => purpose(reason, &state.object_name(ObjectId(task.on))),
    }
}

/// An arm of a select in words.
pub fn arm_words(state: &State, arm: Arm) -> String {
    match arm {
        Arm::Recv(channel) => format!("receive from {}", state.object_name(channel)),
        Arm::Send(channel) => format!("send to {}", state.object_name(channel)),
        Arm::Timer(timer) => format!("{} fires", state.object_name(timer)),
        Arm::Future(task) => format!("{} ends", state.task_name(task)),
    }
}

/// The task in whose name an event is shown; timers fire in nobody's.
pub fn actor(event: &Event) -> Option<TaskId> {
    tracer::archive::filter::actor(event)
}

/// The object an event is about.
pub fn object_of(event: &Event) -> Option<ObjectId> {
    tracer::archive::filter::object_of(event)
}

/// The task that an event woke, spawned or is about, its own aside.
pub fn other_task(event: &Event) -> Option<TaskId> {
    let number = match (event.kind.object_field(), event.kind.arg_field()) {
        (Field::Task | Field::Woken, _) => event.object,
        (_, Field::Woken | Field::Task) => event.arg,
        _ => 0,
    };
    (number != 0).then_some(TaskId(number))
}

/// What an event's task does, after its name: `sends to jobs`.
pub fn does(state: &State, event: &Event) -> String {
    let object = || state.object_name(ObjectId(event.object));
    let task = || state.task_name(TaskId(event.object));
    let or_waits = |does: &str, reason: WaitReason| match event.blocked {
        true => wait_phrase(reason, &object()),
        false => format!("{does} {}", object()),
    };
    let quoted = || format!("“{}”", printable(event.text.trim_end_matches('\n')));
    let memory = || match Location::of_numbers(event.object, event.arg) {
        Some(location) => location.words(state.store.program()),
        None => "memory".to_string(),
    };
    let micros = event.arg as u64 * 1000;
    let mut text = match event.kind {
        Kind::TaskSpawn => format!("spawns {}", task()),
        Kind::AsyncSpawn => format!("calls {}, a task of its own", task()),
        Kind::Switch => "runs".to_string(),
        Kind::Preempt => "has used up its slice".to_string(),
        Kind::Yield => "lets others run".to_string(),
        Kind::Wake => format!("wakes {}", task()),
        Kind::TaskEnd => match event.arg {
            status if status == EndStatus::Panicked as u32 => "ends in panic".to_string(),
            status if status == EndStatus::Cancelled as u32 => "ends, cancelled".to_string(),
            _ => "ends".to_string(),
        },
        Kind::TaskCancel => format!("cancels {}", task()),
        Kind::ChanMake if event.arg == 0 => format!("makes channel {}, unbuffered", object()),
        Kind::ChanMake => format!("makes channel {}, capacity {}", object(), event.arg),
        Kind::Send => or_waits("sends to", WaitReason::Send),
        Kind::Recv => or_waits("receives from", WaitReason::Recv),
        Kind::RecvClosed => format!("finds {} closed and empty", object()),
        Kind::SendClosed => format!("sends to {}, which is closed", object()),
        Kind::Close => format!("closes {}", object()),
        Kind::CloseAgain => format!("closes {} once more", object()),
        Kind::TrySendFull => format!("tries to send to {}: full", object()),
        Kind::TryRecvEmpty => format!("tries to receive from {}: empty", object()),
        Kind::SelectWait => format!("waits in a select of {}", plural(event.arg as u64, "arm")),
        Kind::SelectRecvArm => format!("· or to receive from {}", object()),
        Kind::SelectSendArm => format!("· or to send to {}", object()),
        Kind::SelectTimerArm => format!("· or for {}", object()),
        Kind::SelectFutureArm => format!("· or for the result of {}", task()),
        Kind::SelectCommit if event.object == 0 => format!("select chooses arm {}", event.arg),
        Kind::SelectCommit => format!("select chooses arm {}: {}", event.arg, object()),
        Kind::SelectDefault => "select chooses default".to_string(),
        Kind::MutexMake => format!("makes mutex {}", object()),
        Kind::Lock => or_waits("locks", WaitReason::Lock),
        Kind::Unlock => format!("unlocks {}", object()),
        Kind::TryLockFail => format!("tries to lock {}: taken", object()),
        Kind::RwMake => format!("makes rwlock {}", object()),
        Kind::ReadLock => or_waits("locks for reading", WaitReason::ReadLock),
        Kind::WriteLock => or_waits("locks for writing", WaitReason::WriteLock),
        Kind::ReadUnlock => format!("ends reading {}", object()),
        Kind::WriteUnlock => format!("ends writing {}", object()),
        Kind::WaitGroupMake => format!("makes wait group {}, count {}", object(), event.arg),
        Kind::WaitGroupAdd => format!("adds to {}, now {}", object(), event.arg as i32),
        Kind::WaitGroupDone => format!("is done in {}, {} left", object(), event.arg as i32),
        Kind::WaitGroupWait if event.blocked => format!("waits for {}, {} left", object(), event.arg),
        Kind::WaitGroupWait => format!("finds {} at zero", object()),
        Kind::OnceMake => format!("makes once {}", object()),
        Kind::OnceBegin => or_waits("is the first caller of", WaitReason::Once),
        Kind::OnceEnd => format!("has done {}", object()),
        Kind::BarrierMake => format!("makes barrier {} for {}", object(), event.arg),
        Kind::BarrierWait if event.blocked => format!("waits at barrier {}, {} there", object(), event.arg),
        Kind::BarrierWait => format!("is the last at barrier {}", object()),
        Kind::SemaphoreMake => format!("makes semaphore {} with {}", object(), plural(event.arg as u64, "permit")),
        Kind::Acquire => or_waits("takes a permit of", WaitReason::Semaphore),
        Kind::Release => format!("gives back a permit of {}", object()),
        Kind::TryAcquireFail => format!("tries for a permit of {}: none", object()),
        Kind::Await if event.blocked => format!("waits for the result of {}", task()),
        Kind::Await => format!("takes the result of {}", task()),
        Kind::Detach => format!("lets {} run on alone", task()),
        Kind::Sleep => format!("sleeps {}", duration(micros)),
        Kind::TimerSet => format!("sets {} to {}", object(), duration(micros)),
        Kind::TimerFire => format!("{} fires", object()),
        Kind::TimerStop => format!("stops {}", object()),
        Kind::ContextMake => format!("makes context {}", object()),
        Kind::ContextCancel => match event.arg {
            2 => format!("{} reaches its deadline", object()),
            3 => format!("{} is cancelled with its parent", object()),
            _ => format!("cancels {}", object()),
        },
        Kind::AtomicMake => format!("makes atomic {}", object()),
        Kind::Atomic => format!("changes {} to {}", object(), event.arg as i32),
        Kind::Publish => format!("shares {} with other tasks", object()),
        Kind::SharedRead => format!("reads {}", memory()),
        Kind::SharedWrite => format!("writes {}", memory()),
        Kind::Collect => format!("garbage collection: {} freed, {} live", event.arg, event.object),
        Kind::Output => format!("prints {}", quoted()),
        Kind::ErrorOutput => format!("prints to stderr {}", quoted()),
        Kind::Panic => format!("panics: {}", printable(event.text)),
        Kind::Marker => format!("marks {}", quoted()),
        Kind::CallBegin => format!("calls C function {}", state.function_name(event.object)),
        Kind::CallEnd => format!("is back from {}", state.function_name(event.object)),
        Kind::IoBegin => format!("begins I/O of {}", plural(event.arg as u64, "byte")),
        Kind::IoEnd => format!("has done I/O of {}", plural(event.arg as u64, "byte")),
        Kind::Finding => format!("closes finding {}", event.object + 1),
        Kind::ClockJump => format!("the clock jumps by {}", duration(event.wide())),
        Kind::Anchor => format!("wall time {}", duration(event.wide())),
        Kind::Counter => format!("counter {} is {}", event.object, event.arg),
        Kind::Worker => format!("worker {} goes on", event.object),
        Kind::Sample => format!("runs in stack {}", event.object),
        Kind::StackFrame => format!("stack {} is a call from stack {}", event.object, event.arg),
        Kind::BlockedAt => format!("blocked in stack {}", event.object),
    };
    if (event.kind.arg_field() == Field::Woken && event.arg != 0) || (event.kind == Kind::TaskEnd && event.object != 0)
    {
        let woken = if event.kind == Kind::TaskEnd { event.object } else { event.arg };
        text.push_str(", wakes ");
        text.push_str(&state.task_name(TaskId(woken)));
    }
    text
}

/// What a filter's `kind:` looks at: the kind's name and the name of its category.
pub fn kind_words(kind: Kind) -> String {
    let category = match kind.category() {
        Category::Task => "task",
        Category::Channel => "channel",
        Category::Lock => "lock",
        Category::Sync => "sync",
        Category::Memory => "memory",
        Category::Future => "future",
        Category::Time => "time",
        Category::Program => "program",
        Category::Meta => "meta",
    };
    format!("{} {category}", kind.name())
}

/// The event as a sentence: `phil#1 waits to lock fork#2`.
pub fn sentence(state: &State, event: &Event) -> String {
    match actor(event) {
        Some(task) => format!("{} {}", state.task_name(task), does(state, event)),
        None if event.kind == Kind::TaskSpawn => format!("{} is there", state.task_name(TaskId(event.object))),
        None => does(state, event),
    }
}
