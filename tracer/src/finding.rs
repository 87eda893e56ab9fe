//! Findings: what is wrong with a run, as data with evidence. The scheduler makes them, reports and views word them.

use crate::event::{ObjectId, Site, TaskId};
use serde::{Deserialize, Serialize};

/// What kind of trouble a finding is, and the verdict of a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    /// Nothing wrong.
    Ok,
    /// `main` can never end.
    Deadlock,
    /// Tasks are blocked for good while `main` could end.
    Leak,
    /// A task panicked.
    Panic,
    /// An assertion failed.
    Assert,
    /// Two unordered accesses to one location.
    Race,
    /// The run goes on without progress.
    Livelock,
    /// The time limit was reached.
    TimeLimit,
}

impl Verdict {
    /// The word of reports and JSON: `deadlock`.
    pub fn name(self) -> &'static str {
        match self {
            Verdict::Ok => "ok",
            Verdict::Deadlock => "deadlock",
            Verdict::Leak => "leak",
            Verdict::Panic => "panic",
            Verdict::Assert => "assert",
            Verdict::Race => "race",
            Verdict::Livelock => "livelock",
            Verdict::TimeLimit => "time-limit",
        }
    }
}

/// What a blocked task waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum WaitReason {
    /// Room in a channel, or its receiver.
    Send,
    /// A value from a channel.
    Recv,
    /// Any arm of a select (with no arms: nothing at all).
    Select,
    /// A mutex.
    Lock,
    /// A read-write lock, to read.
    ReadLock,
    /// A read-write lock, to write.
    WriteLock,
    /// The result of a task.
    Await,
    /// A wait group's zero.
    WaitGroup,
    /// The first caller of a once.
    Once,
    /// The other parties of a barrier.
    Barrier,
    /// A permit of a semaphore.
    Semaphore,
    /// A point in time.
    Sleep,
    /// A C call or an I/O operation.
    Io,
}

impl WaitReason {
    /// Every reason, in the order of their codes.
    pub const ALL: [WaitReason; 13] = [
        WaitReason::Send,
        WaitReason::Recv,
        WaitReason::Select,
        WaitReason::Lock,
        WaitReason::ReadLock,
        WaitReason::WriteLock,
        WaitReason::Await,
        WaitReason::WaitGroup,
        WaitReason::Once,
        WaitReason::Barrier,
        WaitReason::Semaphore,
        WaitReason::Sleep,
        WaitReason::Io,
    ];

    /// The word of reports and JSON: `send`, `recv`, `lock`.
    pub fn name(self) -> &'static str {
        match self {
            WaitReason::Send => "send",
            WaitReason::Recv => "recv",
            WaitReason::Select => "select",
            WaitReason::Lock => "lock",
            WaitReason::ReadLock => "read",
            WaitReason::WriteLock => "write",
            WaitReason::Await => "await",
            WaitReason::WaitGroup => "wait",
            WaitReason::Once => "call_once",
            WaitReason::Barrier => "barrier",
            WaitReason::Semaphore => "acquire",
            WaitReason::Sleep => "sleep",
            WaitReason::Io => "io",
        }
    }
}

/// What sort of thing an [`ObjectId`] is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ObjectKind {
    /// A channel.
    Channel,
    /// A mutex.
    Mutex,
    /// A read-write lock.
    RwLock,
    /// A wait group.
    WaitGroup,
    /// A once.
    Once,
    /// A barrier.
    Barrier,
    /// A semaphore.
    Semaphore,
    /// An atomic.
    Atomic,
    /// A timer or ticker.
    Timer,
    /// A context.
    Context,
}

impl ObjectKind {
    /// Every sort, in the order of their codes.
    pub const ALL: [ObjectKind; 10] = [
        ObjectKind::Channel,
        ObjectKind::Mutex,
        ObjectKind::RwLock,
        ObjectKind::WaitGroup,
        ObjectKind::Once,
        ObjectKind::Barrier,
        ObjectKind::Semaphore,
        ObjectKind::Atomic,
        ObjectKind::Timer,
        ObjectKind::Context,
    ];

    /// The word of reports: `channel`, `mutex`, `wait group`.
    pub fn name(self) -> &'static str {
        match self {
            ObjectKind::Channel => "channel",
            ObjectKind::Mutex => "mutex",
            ObjectKind::RwLock => "rwlock",
            ObjectKind::WaitGroup => "wait group",
            ObjectKind::Once => "once",
            ObjectKind::Barrier => "barrier",
            ObjectKind::Semaphore => "semaphore",
            ObjectKind::Atomic => "atomic",
            ObjectKind::Timer => "timer",
            ObjectKind::Context => "context",
        }
    }
}

/// A task as evidence: enough to name it without a trace.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct TaskRef {
    /// Its number.
    pub id: TaskId,
    /// Index of its entry function in the program's table.
    pub function: u32,
    /// The how-many-th task of that function it is, from 1.
    pub nth: u32,
    /// Where it was spawned.
    pub spawned_at: Site,
}

/// An object as evidence.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct ObjectRef {
    /// Its number.
    pub id: ObjectId,
    /// Its sort.
    pub kind: ObjectKind,
    /// Where it was made.
    pub made_at: Site,
    /// The how-many-th object made there, from 1.
    pub nth: u32,
}

/// What a task waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Target {
    /// An object.
    Object(ObjectRef),
    /// The end of a task.
    Task(TaskRef),
}

/// A blocked task of a finding.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BlockedTask {
    /// The task.
    pub task: TaskRef,
    /// Why it waits.
    pub reason: WaitReason,
    /// On what: one entry, or one an arm for a select (none for `select {}`).
    pub targets: Vec<Target>,
    /// Where, innermost call first.
    pub stack: Vec<Site>,
    /// Clock (ticks) when it blocked.
    pub since: u64,
    /// Ordinal of the event with which it blocked, where the run was traced.
    pub event: Option<u64>,
    /// Locks and permits that it holds, each with where it was taken.
    pub held: Vec<(ObjectRef, Site)>,
    /// Who would have to act: the lock's owner, the awaited task, the tasks that can still reach the channel.
    pub waits_for: Vec<TaskRef>,
    /// Why nobody will: the last task that could have woken it, with how that task stopped being able to.
    pub missing: Option<Missing>,
}

/// The missing partner of an orphaned wait.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Missing {
    /// The task that could have woken the waiter.
    pub task: TaskRef,
    /// Where it ended.
    pub ended_at: Site,
}

/// A synchronisation of a task, as evidence.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Synced {
    /// The kind of event: `mutex.unlock`.
    pub kind: String,
    /// Number of the object, or of the task.
    pub id: ObjectId,
    /// The object.
    pub object: Option<ObjectRef>,
    /// The task that was spawned or awaited.
    pub task: Option<TaskRef>,
    /// Where.
    pub site: Site,
    /// Clock (ticks).
    pub clock: u64,
}

/// An access to memory, as evidence.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Access {
    /// The task.
    pub task: TaskRef,
    /// Whether it wrote.
    pub write: bool,
    /// Where.
    pub site: Site,
    /// Clock (ticks).
    pub clock: u64,
    /// Ordinal of its event, where the run was traced.
    pub event: Option<u64>,
    /// Locks that the task held, each with where it was taken.
    pub held: Vec<(ObjectRef, Site)>,
    /// The task's last synchronisation before; `None` since it was spawned.
    pub last: Option<Synced>,
}

/// Two accesses to one place that nothing orders.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RaceEvidence {
    /// What they accessed: `variable total`, `list results[3]`.
    pub place: String,
    /// The access that came first in this run.
    pub first: Access,
    /// The other one.
    pub second: Access,
}

/// A frame of a guest's stack: function (index in the program's table) and place.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Frame {
    /// Index of the function.
    pub function: u32,
    /// The instruction.
    pub site: Site,
}

/// Something wrong with a run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Finding {
    /// What.
    pub verdict: Verdict,
    /// The guest's message of a panic or an assertion; empty otherwise.
    pub message: String,
    /// The task that panicked; the one whose step closed the circle.
    pub culprit: Option<TaskRef>,
    /// Stack of the culprit, innermost call first (panics).
    pub stack: Vec<Frame>,
    /// Blocked tasks, in order of their numbers.
    pub tasks: Vec<BlockedTask>,
    /// Indices into `tasks` that wait for each other in a ring, each for the next; empty where there is no ring.
    pub cycle: Vec<usize>,
    /// Clock (ticks) when it became true.
    pub clock: u64,
    /// Ordinal of the event that closed it, where the run was traced.
    pub event: Option<u64>,
    /// The two accesses of a race.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub race: Option<Box<RaceEvidence>>,
}
