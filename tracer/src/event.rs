//! The one table of event kinds, and the 16-byte record that carries an event.
//!
//! A record does not name its task: the last [`Kind::Switch`] in the same stream does. (Where the streams of several
//! workers have been put into one, [`Kind::Worker`] says whose records follow and which task that worker runs.) It does
//! not name its time either, only the ticks since the record before. Whether an operation blocked is a flag of the kind, and the task
//! that it woke rides in `arg`, so that a hand-off costs one record and not three.

use serde::{Deserialize, Serialize};

/// A task's number: unique in a run, in order of creation; `main` is 1, 0 means "no task".
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct TaskId(pub u32);

/// A channel's, lock's, timer's … number: unique in a run over all kinds of objects, in order of creation; 0 means "none".
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ObjectId(pub u32);

/// A place in the program's code: the index of an instruction. [`crate::program::ProgramInfo`] knows its source line.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Site(pub u32);

/// What an event is called before the streams of several workers have been merged, when its ordinal is not known yet: the
/// how-many-th event of which worker it is. It fits where an ordinal fits and is larger than all ordinals.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stamp {
    /// The worker, from 0.
    pub worker: u32,
    /// How many events it recorded before.
    pub count: u64,
}

impl Stamp {
    const BITS: u32 = 48;

    /// As a number.
    pub fn number(self) -> u64 {
        (self.worker as u64 + 1) << Self::BITS | (self.count & ((1 << Self::BITS) - 1))
    }

    /// The stamp that a number stands for; `None` for an ordinal.
    pub fn of(number: u64) -> Option<Self> {
        let worker = (number >> Self::BITS).checked_sub(1)? as u32;
        Some(Self { worker, count: number & ((1 << Self::BITS) - 1) })
    }
}

/// One event as it is recorded: 16 bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
#[repr(C)]
pub struct Record {
    /// The low byte is the kind with [`BLOCKED`] as its top bit, the upper 24 bits the [`Site`].
    pub kind_site: u32,
    /// Ticks since the record before in the same stream (in the deterministic runtime a tick is one virtual nanosecond:
    /// one per unit of instruction budget, plus the time slept).
    pub clock_delta: u32,
    /// The object or task that the event is about; see the kind's row.
    pub object: u32,
    /// See the kind's row.
    pub arg: u32,
}

/// Flag in a record's kind byte: the operation could not go on, and its task is now blocked in it.
pub const BLOCKED: u8 = 0x80;

impl Record {
    /// Packs a record.
    #[inline(always)]
    pub fn new(kind: u8, site: u32, clock_delta: u32, object: u32, arg: u32) -> Self {
        Self { kind_site: kind as u32 | site << 8, clock_delta, object, arg }
    }

    /// The kind, or `None` where the byte names none (a damaged trace).
    pub fn kind(&self) -> Option<Kind> {
        Kind::from_byte(self.kind_site as u8 & !BLOCKED)
    }

    /// Whether the task blocked in this operation.
    pub fn blocked(&self) -> bool {
        self.kind_site as u8 & BLOCKED != 0
    }

    /// Where in the code.
    pub fn site(&self) -> Site {
        Site(self.kind_site >> 8)
    }

    /// `object` and `arg` as one 64-bit number (kinds whose fields are [`Field::Low64`]/[`Field::High64`]).
    pub fn wide(&self) -> u64 {
        self.object as u64 | (self.arg as u64) << 32
    }
}

/// What a kind's `object` or `arg` means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Field {
    /// Always 0.
    None,
    /// A [`TaskId`].
    Task,
    /// The [`TaskId`] that this operation woke (made ready), 0 if none.
    Woken,
    /// An [`ObjectId`].
    Object,
    /// Index of a function in the program's table.
    Function,
    /// A plain count; its name says of what.
    Count(&'static str),
    /// A signed number (two's complement).
    Signed(&'static str),
    /// An [`EndStatus`] for `task.end`.
    Status,
    /// A byte offset into the chunk's side text.
    TextAt,
    /// A length in bytes of the chunk's side text.
    TextLen,
    /// Low half of a 64-bit number.
    Low64(&'static str),
    /// High half of the 64-bit number begun by `Low64`.
    High64,
}

/// Which part of a program's life an event belongs to; views colour and filter by it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Category {
    /// Tasks and the scheduler.
    Task,
    /// Channels and select.
    Channel,
    /// Mutex and RwLock.
    Lock,
    /// WaitGroup, Once, Barrier, Semaphore.
    Sync,
    /// Atomics and shared memory.
    Memory,
    /// Futures.
    Future,
    /// Timers, sleep and contexts.
    Time,
    /// Output, panics, C calls, I/O, markers.
    Program,
    /// The recording itself: clocks, counters.
    Meta,
}

/// How a task ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum EndStatus {
    /// It returned.
    Done = 0,
    /// It panicked.
    Panicked = 1,
    /// It was cancelled (a losing arm of an async select).
    Cancelled = 2,
}

macro_rules! kinds {
    ($( $(#[doc = $doc:literal])+ $name:ident = $byte:literal, $text:literal, $category:ident, $object:expr, $arg:expr; )+) => {
        /// What happened. The table in this file is the only list of kinds.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        #[repr(u8)]
        pub enum Kind { $( $(#[doc = $doc])+ $name = $byte, )+ }

        impl Kind {
            /// Every kind, in the order of the table.
            pub const ALL: &'static [Kind] = &[$(Kind::$name),+];

            /// The kind of a byte (without the [`BLOCKED`] flag).
            #[inline]
            pub const fn from_byte(byte: u8) -> Option<Kind> {
                match byte { $($byte => Some(Kind::$name),)+ _ => None }
            }

            /// The name in dumps, filters and documents, such as `chan.send`.
            pub fn name(self) -> &'static str {
                match self { $(Kind::$name => $text,)+ }
            }

            /// One sentence (or two) on what it records.
            pub fn doc(self) -> &'static str {
                match self { $(Kind::$name => concat!($($doc),+),)+ }
            }

            /// Whether it is a note of the recorder's (clocks, counters) and no step of the program: it has no task and no site.
            pub fn is_bookkeeping(self) -> bool {
                matches!(
                    self,
                    Kind::ClockJump
                        | Kind::Anchor
                        | Kind::Counter
                        | Kind::Worker
                        | Kind::Sample
                        | Kind::StackFrame
                        | Kind::BlockedAt
                )
            }

            /// Whether it is an operation of the task that runs, as points of a schedule count them: once for each, whether it
            /// blocked or not; no output, no computing, nothing that the scheduler does.
            pub const fn is_operation(self) -> bool {
                matches!(
                    self,
                    Kind::TaskSpawn | Kind::AsyncSpawn | Kind::Yield | Kind::TaskEnd | Kind::TaskCancel | Kind::ChanMake | Kind::Send | Kind::Recv
                    | Kind::RecvClosed | Kind::SendClosed | Kind::Close | Kind::CloseAgain | Kind::TrySendFull | Kind::TryRecvEmpty
                    | Kind::SelectWait | Kind::SelectDefault | Kind::MutexMake | Kind::Lock | Kind::Unlock
                    | Kind::TryLockFail | Kind::RwMake | Kind::ReadLock | Kind::WriteLock | Kind::ReadUnlock
                    | Kind::WriteUnlock | Kind::WaitGroupMake | Kind::WaitGroupAdd | Kind::WaitGroupDone
                    | Kind::WaitGroupWait | Kind::OnceMake | Kind::OnceBegin | Kind::OnceEnd | Kind::BarrierMake
                    | Kind::BarrierWait | Kind::SemaphoreMake | Kind::Acquire | Kind::Release | Kind::TryAcquireFail
                    | Kind::Await | Kind::Detach | Kind::Sleep | Kind::ContextMake | Kind::AtomicMake | Kind::Atomic
                )
            }

            /// Its group.
            pub fn category(self) -> Category {
                match self { $(Kind::$name => Category::$category,)+ }
            }

            /// What `object` means.
            pub const fn object_field(self) -> Field {
                use Field::*;
                match self { $(Kind::$name => $object,)+ }
            }

            /// What `arg` means.
            pub const fn arg_field(self) -> Field {
                use Field::*;
                match self { $(Kind::$name => $arg,)+ }
            }
        }
    };
}

kinds! {
    /// A task was created and made ready; the spawner is the current task (none for `main`).
    TaskSpawn = 1, "task.spawn", Task, Task, Function;
    /// An async function was called: a task with a result was created and made ready.
    AsyncSpawn = 2, "task.spawn-async", Task, Task, Function;
    /// The worker now runs this task; all records up to the next switch are its own. `arg` is the slice in ticks.
    Switch = 3, "task.switch", Task, Task, Count("slice");
    /// The current task's slice was used up; it is ready again.
    Preempt = 4, "task.preempt", Task, None, None;
    /// The current task let others run; it is ready again.
    Yield = 5, "task.yield", Task, None, None;
    /// One more task was woken by the operation recorded before (which can name only one).
    Wake = 6, "task.wake", Task, Task, Object;
    /// The current task ended; `object` is a task that waited for it and was woken. Further waiters follow as `task.wake`.
    TaskEnd = 7, "task.end", Task, Woken, Status;
    /// A task is cancelled; it will run its deferred work and end.
    TaskCancel = 8, "task.cancel", Task, Task, Woken;

    /// A channel was made.
    ChanMake = 10, "chan.make", Channel, Object, Count("capacity");
    /// A value was sent, or (blocked) waits for room or a receiver.
    Send = 11, "chan.send", Channel, Object, Woken;
    /// A value was received, or (blocked) is waited for. Waking a blocked sender moves its value into the buffer or to us.
    Recv = 12, "chan.recv", Channel, Object, Woken;
    /// A receive found the channel closed and drained.
    RecvClosed = 13, "chan.recv-closed", Channel, Object, None;
    /// A send found the channel closed.
    SendClosed = 14, "chan.send-closed", Channel, Object, None;
    /// The channel was closed; everyone blocked on it is woken by `task.wake` records that follow.
    Close = 15, "chan.close", Channel, Object, Count("woken");
    /// A channel that was closed already was closed once more, where a language says that this has no effect.
    CloseAgain = 25, "chan.close-again", Channel, Object, None;
    /// A try-send found no room.
    TrySendFull = 16, "chan.try-send-full", Channel, Object, None;
    /// A try-receive found nothing.
    TryRecvEmpty = 17, "chan.try-recv-empty", Channel, Object, None;
    /// A select had no ready arm (blocked); its arms follow. `object` is 0.
    SelectWait = 18, "select.wait", Channel, None, Count("arms");
    /// An arm of the blocked select above that waits to receive from a channel.
    SelectRecvArm = 19, "select.arm-recv", Channel, Object, Count("arm");
    /// An arm of the blocked select above that waits to send to a channel.
    SelectSendArm = 20, "select.arm-send", Channel, Object, Count("arm");
    /// An arm of the blocked select above that waits for a timer.
    SelectTimerArm = 21, "select.arm-timer", Channel, Object, Count("arm");
    /// An arm of the blocked select above that waits for a future (`object` is its task).
    SelectFutureArm = 22, "select.arm-future", Channel, Task, Count("arm");
    /// A select chose this arm. A channel arm that was ready at once is followed by its send or receive record.
    SelectCommit = 23, "select.commit", Channel, Object, Count("arm");
    /// A select chose its default arm.
    SelectDefault = 24, "select.default", Channel, None, None;

    /// A mutex was made.
    MutexMake = 30, "mutex.make", Lock, Object, None;
    /// The mutex was locked, or (blocked) is waited for.
    Lock = 31, "mutex.lock", Lock, Object, None;
    /// The mutex was unlocked; a woken task owns it from now on (hand-off).
    Unlock = 32, "mutex.unlock", Lock, Object, Woken;
    /// A try-lock found it locked.
    TryLockFail = 33, "mutex.try-lock-fail", Lock, Object, None;
    /// A read-write lock was made.
    RwMake = 34, "rwlock.make", Lock, Object, None;
    /// It was locked for reading, or (blocked) is waited for.
    ReadLock = 35, "rwlock.read", Lock, Object, None;
    /// It was locked for writing, or (blocked) is waited for.
    WriteLock = 36, "rwlock.write", Lock, Object, None;
    /// A reader left; a woken task owns the lock from now on, further ones follow as `task.wake`.
    ReadUnlock = 37, "rwlock.read-unlock", Lock, Object, Woken;
    /// The writer left; a woken task owns the lock from now on, further ones follow as `task.wake`.
    WriteUnlock = 38, "rwlock.write-unlock", Lock, Object, Woken;

    /// A wait group was made.
    WaitGroupMake = 40, "waitgroup.make", Sync, Object, Count("count");
    /// Its counter was raised; `arg` is the new count.
    WaitGroupAdd = 41, "waitgroup.add", Sync, Object, Signed("count");
    /// Its counter was lowered; `arg` is the new count. At 0 the waiters are woken by `task.wake` records.
    WaitGroupDone = 42, "waitgroup.done", Sync, Object, Signed("count");
    /// Waited until the counter is 0, or (blocked) still waits.
    WaitGroupWait = 43, "waitgroup.wait", Sync, Object, Count("count");
    /// A once was made.
    OnceMake = 44, "once.make", Sync, Object, None;
    /// The first caller begins, or (blocked) a later one waits for it.
    OnceBegin = 45, "once.begin", Sync, Object, None;
    /// The first caller has finished; waiters are woken by `task.wake` records.
    OnceEnd = 46, "once.end", Sync, Object, Count("woken");
    /// A barrier was made.
    BarrierMake = 47, "barrier.make", Sync, Object, Count("parties");
    /// Arrived at a barrier, and (blocked) waits for the rest; the last one wakes them by `task.wake` records.
    BarrierWait = 48, "barrier.wait", Sync, Object, Count("arrived");
    /// A semaphore was made.
    SemaphoreMake = 49, "semaphore.make", Sync, Object, Count("permits");
    /// A permit was taken, or (blocked) is waited for.
    Acquire = 50, "semaphore.acquire", Sync, Object, Count("permits");
    /// A permit was given back; a woken task has it from now on.
    Release = 51, "semaphore.release", Sync, Object, Woken;
    /// A try-acquire found no permit.
    TryAcquireFail = 52, "semaphore.try-acquire-fail", Sync, Object, None;

    /// The result of a task was taken, or (blocked) is waited for.
    Await = 55, "future.await", Future, Task, None;
    /// A future was dropped before it was awaited: its task runs on, detached.
    Detach = 56, "future.detach", Future, Task, None;

    /// A sleep of the current task began (always blocked); `object` is the timer.
    Sleep = 60, "time.sleep", Time, Object, Count("microseconds");
    /// A timer or ticker was set.
    TimerSet = 61, "time.timer", Time, Object, Count("microseconds");
    /// A timer fired and woke this task, or (0) filled its channel or cancelled its context.
    TimerFire = 62, "time.fire", Time, Object, Woken;
    /// A timer was stopped before it fired.
    TimerStop = 63, "time.stop", Time, Object, None;
    /// A context was made below a parent (0 for a root).
    ContextMake = 64, "context.make", Time, Object, Object;
    /// A context was cancelled: 1 by the program, 2 by its deadline, 3 with its parent.
    ContextCancel = 65, "context.cancel", Time, Object, Count("cause");

    /// An atomic was made.
    AtomicMake = 70, "atomic.make", Memory, Object, None;
    /// An atomic operation; `arg` is the low half of the value after it.
    Atomic = 71, "atomic.op", Memory, Object, Signed("value");
    /// An object became visible to other tasks.
    Publish = 72, "memory.publish", Memory, Object, Count("objects");
    /// A place in memory was read, for the first time since the task synchronised (only where races are looked for). `object` is the kind
    /// of memory (4 bits) and the number of the thing; `arg` the field or element.
    SharedRead = 73, "memory.read", Memory, Count("place"), Count("part");
    /// The same for writing.
    SharedWrite = 74, "memory.write", Memory, Count("place"), Count("part");
    /// A garbage collection ran.
    Collect = 75, "memory.collect", Memory, Count("live"), Count("freed");

    /// Text on the program's standard output; the text stands in the chunk's side text.
    Output = 80, "output", Program, TextAt, TextLen;
    /// Text on the program's standard error.
    ErrorOutput = 81, "output.error", Program, TextAt, TextLen;
    /// The current task panicked; the message stands in the chunk's side text.
    Panic = 82, "panic", Program, TextAt, TextLen;
    /// A marker set by the program.
    Marker = 83, "marker", Program, TextAt, TextLen;
    /// A call into a C library began (blocked until it ends).
    CallBegin = 84, "call.begin", Program, Function, None;
    /// The call ended.
    CallEnd = 85, "call.end", Program, Function, None;
    /// An I/O operation began (blocked until it ends).
    IoBegin = 86, "io.begin", Program, Object, Count("bytes");
    /// The operation ended.
    IoEnd = 87, "io.end", Program, Object, Count("bytes");
    /// A finding was made while the program ran; `object` is its number in the list of findings.
    Finding = 88, "finding", Program, Count("finding"), Task;

    /// The clock jumped by this many ticks, more than a record's delta can hold; it is part of the next record's delta.
    ClockJump = 100, "meta.clock-jump", Meta, Low64("ticks"), High64;
    /// Wall time at this point, in nanoseconds since the run began. Between two anchors time is interpolated.
    Anchor = 101, "meta.anchor", Meta, Low64("wall-ns"), High64;
    /// A counter of the worker's: `object` is its number in the table of `tracer/src/counters/mod.rs`, `arg` the increase since its
    /// record before, or the level now.
    Counter = 102, "meta.counter", Meta, Count("counter"), Count("value");
    /// A sample of the running task, taken when the budget said so: `object` is the stack that it had, `arg` the ticks of running that
    /// the sample stands for. Only where a profile asked for samples.
    Sample = 103, "meta.sample", Meta, Count("stack"), Count("ticks");
    /// The records that follow are those of another worker, which runs this task.
    Worker = 104, "meta.worker", Meta, Count("worker"), Task;
    /// A stack gets a number, `object`, before it is first spoken of: its innermost call stands at the record's site, `arg` is the number
    /// of the stack that called it (0: none, a task begins here).
    StackFrame = 105, "meta.frame", Meta, Count("stack"), Count("caller");
    /// The stack, by its number, that the task has in the operation recorded before, in which it blocked.
    BlockedAt = 106, "meta.blocked-at", Meta, Count("stack"), None;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_bytes_are_unique_and_round_trip() {
        for (i, &kind) in Kind::ALL.iter().enumerate() {
            assert_eq!(Kind::from_byte(kind as u8), Some(kind));
            assert!((kind as u8) < BLOCKED);
            for &other in &Kind::ALL[i + 1..] {
                assert_ne!(kind.name(), other.name());
            }
        }
    }

    #[test]
    fn a_record_is_sixteen_bytes_and_keeps_its_parts() {
        assert_eq!(size_of::<Record>(), 16);
        let record = Record::new(Kind::Send as u8 | BLOCKED, 0x00AB_CDEF, 7, 3, 9);
        assert_eq!(record.kind(), Some(Kind::Send));
        assert!(record.blocked());
        assert_eq!(record.site(), Site(0x00AB_CDEF));
    }
}
