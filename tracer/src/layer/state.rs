//! What the program is known to do: its tasks, who runs where, who waits for what. From what Tokio and the program's spans
//! say it makes the records of a trace.
//!
//! All threads come here by one lock, so there is one order of everything, and the clock is read under it. A task is named
//! by the number of its span; plain threads are tasks, too, with numbers that no span has.
//!
//! Two things are known only a moment later than they happen, and are *left open* until then, which is at the next thing
//! that the same thread says, or at the next flush:
//! - A task leaves its worker. Whether it waits or has ended, its span closes right after in the latter case. Where it is known
//!   to wait (an operation was not ready, or its waker was taken) nothing is left open.
//! - A value was sent to a channel. Whether a receiver waited for it: its waker is woken right after.

use super::resources::{Operation, Resource};
use super::stream::Stream;
use super::table::Table;
use crate::event::{BLOCKED, EndStatus, Kind, TaskId};
use crate::finding::{Finding, WaitReason};
use crate::program::Place;
use rustc_hash::FxHashMap;

/// The number of a span, or of a thread that is a task ([`FIRST_THREAD`] and up).
pub(super) type Key = u64;

/// Keys of threads; the registry never counts that far.
const FIRST_THREAD: Key = u64::MAX - u32::MAX as u64;

/// A task that comes back this soon to the thread that it left, with nothing else in between, comes to be dropped: it is taken
/// for not having left, in nanoseconds.
const PROMPTLY: u64 = 20_000;

/// A task that waits and comes back this soon, before anybody woke it, comes to be dropped.
const SOON: u64 = 200_000;

/// Threads that record at once; those beyond share the last number.
const MAX_WORKERS: u32 = 4000;

/// What sort of task.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Sort {
    /// One of Tokio's.
    Tokio,
    /// A span that was entered where no task ran.
    Span,
    /// A thread.
    Thread,
}

/// What a task does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Phase {
    /// It was made or woken.
    Ready,
    /// It runs on a worker.
    Running(u32),
    /// It left a worker; why is left open.
    Leaving(u32),
    /// It waits.
    Blocked(Wait),
}

/// What a task waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum On {
    /// Nobody says.
    Unknown,
    /// Nobody says, but so far it was always a value from this channel.
    Habit(Key),
    /// A lock.
    Lock(Key),
    /// A permit.
    Permit(Key),
    /// Room in a channel.
    Room(Key),
    /// A oneshot channel's value.
    Value(Key),
    /// The others at a barrier.
    Barrier(Key),
    /// A timer, or any of several timers and oneshot channels.
    Timer,
    /// The end of a task.
    Task,
}

/// A wait that was recorded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Wait {
    pub(super) on: On,
    /// As in the record.
    pub(super) reason: WaitReason,
    pub(super) object: u32,
    pub(super) site: u32,
    pub(super) event: u64,
    pub(super) since: u64,
    /// Objects of timers that may end it.
    pub(super) timers: Vec<u32>,
}

/// What a task's waits that nobody explains have been for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Habit {
    None,
    Always(Key),
    Mixed,
}

/// A task.
#[derive(Clone, Debug)]
pub(super) struct Task {
    pub(super) id: TaskId,
    pub(super) sort: Sort,
    pub(super) function: u32,
    pub(super) nth: u32,
    pub(super) spawned_at: u32,
    pub(super) phase: Phase,
    /// Operations that were not ready when it polled them, since it last came to a worker.
    pub(super) not_ready: Vec<Key>,
    /// Where it was when it last said that it cannot go on.
    pub(super) waits_at: u32,
    /// Values of these channels were handed to it while it waited: taking them is recorded already.
    pub(super) handed: Vec<Key>,
    /// Its innermost span that is its own: the best that is known of where it is.
    pub(super) places: Vec<(Key, u32)>,
    cloned: bool,
    woken: bool,
    panicked: bool,
    /// It came back to be dropped.
    dropping: bool,
    finished: bool,
    /// It gave no sign of waiting when it left a thread last.
    open: bool,
    left_at: u64,
    habit: Habit,
}

/// A thread that records.
#[derive(Clone, Debug, Default)]
pub(super) struct Worker {
    /// Tasks that were entered on it, the innermost last.
    pub(super) stack: Vec<Key>,
    name: String,
    /// Itself as a task.
    thread: Option<Key>,
    /// Whether tasks run on it: what happens between them is nobody's.
    hosts: bool,
    /// The task that left it last, where that is left open.
    pub(super) leaving: Option<Key>,
    /// The channel that was sent to, where that is left open.
    pub(super) sending: Option<Key>,
    /// Where.
    pub(super) sending_at: u32,
    /// The channel that was sent to just before.
    pub(super) sent: Option<Key>,
    /// The lock that is being let go.
    pub(super) releasing: Option<Key>,
    /// When a task ended on it, if nothing has happened since.
    ended: Option<u64>,
}

/// A span of the program's own.
#[derive(Clone, Debug)]
struct Span {
    name: &'static str,
    fields: String,
    site: u32,
    place: Place,
    begun: bool,
}

/// See the module.
pub(super) struct State {
    pub(super) stream: Stream,
    pub(super) table: Table,
    /// The clock of what is being recorded.
    pub(super) now: u64,
    /// The site of it, where that is known.
    pub(super) here: u32,
    pub(super) tasks: FxHashMap<Key, Task>,
    pub(super) resources: FxHashMap<Key, Resource>,
    pub(super) operations: FxHashMap<Key, Operation>,
    pub(super) workers: Vec<Worker>,
    pub(super) findings: Vec<Finding>,
    /// How many findings the writer has been told of.
    pub(super) told: usize,
    spans: FxHashMap<Key, Span>,
    free: Vec<u32>,
    next_task: u32,
    next_object: u32,
    next_thread: Key,
    /// How many tasks each function has had, and objects each site.
    nth_task: Vec<u32>,
    nth_object: FxHashMap<u32, u32>,
}

impl State {
    pub(super) fn new(stream: Stream) -> Self {
        Self {
            stream,
            table: Table::new(),
            now: 0,
            here: 0,
            tasks: FxHashMap::default(),
            resources: FxHashMap::default(),
            operations: FxHashMap::default(),
            workers: Vec::new(),
            findings: Vec::new(),
            told: 0,
            spans: FxHashMap::default(),
            free: Vec::new(),
            next_task: 0,
            next_object: 0,
            next_thread: FIRST_THREAD,
            nth_task: Vec::new(),
            nth_object: FxHashMap::default(),
        }
    }

    // Records

    pub(super) fn emit(&mut self, worker: u32, kind: Kind, site: u32, object: u32, arg: u32) {
        self.stream.record(worker, kind as u8, site, self.now, object, arg);
    }

    pub(super) fn emit_blocked(&mut self, worker: u32, kind: Kind, site: u32, object: u32, arg: u32) {
        self.stream.record(worker, kind as u8 | BLOCKED, site, self.now, object, arg);
    }

    /// The number of a new object, and the how-many-th made at its site it is.
    pub(super) fn new_object(&mut self, site: u32) -> (u32, u32) {
        self.next_object += 1;
        let nth = self.nth_object.entry(site).or_insert(0);
        *nth += 1;
        (self.next_object, *nth)
    }

    // Threads

    /// A number for a thread.
    pub(super) fn new_worker(&mut self, name: &str) -> u32 {
        let worker = self.free.pop().unwrap_or_else(|| {
            let next = (self.workers.len() as u32).min(MAX_WORKERS);
            if next as usize >= self.workers.len() {
                self.workers.push(Worker::default());
            }
            next
        });
        if let Some(entry) = self.workers.get_mut(worker as usize) {
            *entry = Worker { name: name.to_string(), ..Worker::default() };
        }
        worker
    }

    /// A thread is over; its number may be used again.
    pub(super) fn end_worker(&mut self, worker: u32) {
        self.settle(worker);
        let Some(entry) = self.workers.get_mut(worker as usize) else { return };
        entry.stack.clear();
        if let Some(thread) = entry.thread.take() {
            self.end_task(worker, thread);
        }
        if worker < MAX_WORKERS {
            self.free.push(worker);
        }
    }

    pub(super) fn worker(&mut self, worker: u32) -> &mut Worker {
        let index = (worker as usize).min(self.workers.len().saturating_sub(1));
        if self.workers.is_empty() {
            self.workers.push(Worker::default());
        }
        &mut self.workers[index]
    }

    /// Tasks run on this thread, also where none is known.
    pub(super) fn hosts(&mut self, worker: u32) {
        self.worker(worker).hosts = true;
    }

    /// Records what a worker left open.
    pub(super) fn settle(&mut self, worker: u32) {
        if let Some(key) = self.worker(worker).leaving.take() {
            let now = self.now;
            if let Some(task) = self.tasks.get(&key) {
                self.now = task.left_at.max(self.stream.clock());
            }
            self.block(worker, key);
            self.now = now.max(self.now);
        }
        if let Some(channel) = self.worker(worker).sending.take() {
            self.sent_nobody_waited(worker, channel);
        }
    }

    /// Records everything that is left open: for a flush.
    pub(super) fn settle_all(&mut self) {
        for worker in 0..self.workers.len() as u32 {
            self.settle(worker);
        }
    }

    /// The task in whose name something happens on a thread: the one that runs there, or the thread itself, which is a task
    /// from now on.
    pub(super) fn acting(&mut self, worker: u32) -> Key {
        self.settle(worker);
        self.worker(worker).ended = None;
        if let Some(&key) = self.worker(worker).stack.last() {
            return key;
        }
        let key = match self.worker(worker).thread {
            Some(key) => key,
            None => {
                let key = self.next_thread;
                self.next_thread += 1;
                self.worker(worker).thread = Some(key);
                let name = match self.worker(worker).name.as_str() {
                    "" => "thread".to_string(),
                    "main" => "main thread".to_string(),
                    name => name.to_string(),
                };
                let function = self.table.function(&name, Place::default());
                self.spawn(worker, key, Sort::Thread, function, 0);
                key
            }
        };
        if self.tasks.get(&key).is_some_and(|task| task.phase != Phase::Running(worker)) {
            self.switch(worker, key);
        }
        key
    }

    /// A thread on which tasks run has said what it had to say between two of them.
    pub(super) fn rest(&mut self, worker: u32) {
        let entry = self.worker(worker);
        if !entry.hosts || !entry.stack.is_empty() {
            return;
        }
        if let Some(key) = entry.thread
            && self.tasks.get(&key).is_some_and(|task| task.phase == Phase::Running(worker))
        {
            self.settle(worker);
            self.block(worker, key);
        }
    }

    /// Whether a task, or a thread of its own, runs here.
    fn somebody(&mut self, worker: u32) -> bool {
        let entry = self.worker(worker);
        !entry.stack.is_empty() || !entry.hosts
    }

    /// What follows happens in nobody's name.
    pub(super) fn nobody(&mut self, worker: u32) {
        if self.stream.task(worker) != TaskId(0) {
            self.emit(worker, Kind::Switch, 0, 0, 0);
        }
    }

    // Tasks

    /// A task of Tokio's is made.
    pub(super) fn new_task(&mut self, worker: u32, key: Key, function: u32, site: u32) {
        self.settle(worker);
        self.spawn(worker, key, Sort::Tokio, function, site);
    }

    fn spawn(&mut self, worker: u32, key: Key, sort: Sort, function: u32, site: u32) {
        self.next_task += 1;
        let id = TaskId(self.next_task);
        let index = function as usize;
        if index >= self.nth_task.len() {
            self.nth_task.resize(index + 1, 0);
        }
        self.nth_task[index] += 1;
        let entry = self.worker(worker);
        let thread = entry.thread;
        let runs = !entry.stack.is_empty()
            || thread.and_then(|key| self.tasks.get(&key)).is_some_and(|task| task.phase == Phase::Running(worker));
        if !runs {
            self.nobody(worker);
        }
        self.emit(worker, Kind::TaskSpawn, site, id.0, function);
        let task = Task {
            id,
            sort,
            function,
            nth: self.nth_task[index],
            spawned_at: site,
            phase: Phase::Ready,
            not_ready: Vec::new(),
            waits_at: 0,
            handed: Vec::new(),
            places: Vec::new(),
            cloned: false,
            woken: false,
            panicked: false,
            dropping: false,
            finished: false,
            open: false,
            left_at: 0,
            habit: Habit::None,
        };
        self.tasks.insert(key, task);
    }

    fn phase(&mut self, key: Key, phase: Phase) {
        if let Some(task) = self.tasks.get_mut(&key) {
            task.phase = phase;
        }
    }

    pub(super) fn id(&self, key: Key) -> u32 {
        self.tasks.get(&key).map_or(0, |task| task.id.0)
    }

    /// Where the task is that does what is being recorded: on its stack, or as far as its spans say.
    pub(super) fn site_of(&self, key: Key) -> u32 {
        if self.here != 0 {
            return self.here;
        }
        self.tasks.get(&key).and_then(|task| task.places.last()).map_or(0, |place| place.1)
    }

    /// A task comes to a thread.
    pub(super) fn enter(&mut self, worker: u32, key: Key) {
        self.hosts(worker);
        let now = self.now;
        let left = self.worker(worker).leaving == Some(key);
        let Some(task) = self.tasks.get_mut(&key) else { return };
        if left && now.saturating_sub(task.left_at) < PROMPTLY {
            task.dropping = true;
            task.phase = Phase::Running(worker);
            let entry = self.worker(worker);
            entry.leaving = None;
            entry.stack.push(key);
            return;
        }
        if let Phase::Running(_) = task.phase {
            // Its span was entered once more.
            self.worker(worker).stack.push(key);
            return;
        }
        // It waits as far as is known, but is back before anybody woke it: it was over, and comes to be dropped.
        // So does one that gave no sign of waiting when it left.
        let soon = now.saturating_sub(task.left_at) < SOON && self.stream.task(worker) == task.id;
        let dropping = task.open || (soon && matches!(task.phase, Phase::Blocked(_)));
        if let Phase::Leaving(there) = task.phase {
            self.settle(there);
        }
        self.settle(worker);
        let entry = self.worker(worker);
        (entry.ended, entry.sent, entry.releasing) = (None, None, None);
        let (outer, thread) = (entry.stack.last().copied(), entry.thread);
        if let Some(outer) = outer {
            self.emit(worker, Kind::Preempt, 0, 0, 0);
            self.phase(outer, Phase::Ready);
        } else if let Some(thread) = thread
            && self.tasks.get(&thread).is_some_and(|task| task.phase == Phase::Running(worker))
        {
            let id = self.id(key);
            self.wait_for(worker, thread, Kind::Await, WaitReason::Await, On::Task, id, 0, Vec::new());
        }
        self.switch(worker, key);
        self.worker(worker).stack.push(key);
        if let Some(task) = self.tasks.get_mut(&key) {
            task.dropping = dropping;
        }
    }

    /// Lets a task run; one that waits and that nobody was seen to wake was woken by nobody.
    fn switch(&mut self, worker: u32, key: Key) {
        let Some(task) = self.tasks.get(&key) else { return };
        let id = task.id.0;
        if let Phase::Blocked(wait) = &task.phase {
            let wait = wait.clone();
            self.woken_by_nobody(worker, id, &wait);
        }
        self.emit(worker, Kind::Switch, 0, id, 0);
        let Some(task) = self.tasks.get_mut(&key) else { return };
        task.phase = Phase::Running(worker);
        task.not_ready.clear();
        task.waits_at = 0;
        (task.cloned, task.woken, task.dropping, task.finished) = (false, false, false, false);
    }

    fn woken_by_nobody(&mut self, worker: u32, id: u32, wait: &Wait) {
        if wait.on == On::Unknown || matches!(wait.on, On::Habit(_)) && wait.reason == WaitReason::Io {
            return;
        }
        if self.stream.task(worker) != TaskId(id) {
            self.nobody(worker);
        }
        match wait.timers.first() {
            Some(&timer) => self.emit(worker, Kind::TimerFire, 0, timer, id),
            None => self.emit(worker, Kind::Wake, 0, id, 0),
        }
    }

    /// A task leaves a thread.
    pub(super) fn exit(&mut self, worker: u32, key: Key, panicking: bool) {
        let entry = self.worker(worker);
        let Some(place) = entry.stack.iter().rposition(|&entered| entered == key) else { return };
        entry.stack.remove(place);
        entry.releasing = None;
        if entry.stack.contains(&key) {
            return;
        }
        let now = self.now;
        let Some(task) = self.tasks.get_mut(&key) else { return };
        task.panicked |= panicking;
        task.left_at = now;
        let granted = |op: &Key| self.operations.get(op).is_none_or(|operation| operation.granted);
        let waits = task.not_ready.iter().any(|op| !granted(op));
        let served = !task.not_ready.is_empty() && !waits;
        let signs = task.woken || served || waits || task.cloned;
        task.finished = task.dropping && !signs;
        task.open = !signs;
        if task.woken || served {
            self.settle(worker);
            self.emit(worker, Kind::Yield, 0, 0, 0);
            self.phase(key, Phase::Ready);
        } else if waits || task.cloned {
            self.settle(worker);
            self.block(worker, key);
        } else {
            self.leave_open(worker, key);
        }
        if let Some(&outer) = self.worker(worker).stack.last() {
            self.settle(worker);
            self.switch(worker, outer);
        }
    }

    fn leave_open(&mut self, worker: u32, key: Key) {
        // What it sent last comes before.
        if let Some(channel) = self.worker(worker).sending.take() {
            self.sent_nobody_waited(worker, channel);
        }
        self.phase(key, Phase::Leaving(worker));
        self.worker(worker).leaving = Some(key);
    }

    /// Records that a task waits now, for what is known.
    fn block(&mut self, worker: u32, key: Key) {
        if self.wait_in_operation(worker, key) {
            return;
        }
        let Some(task) = self.tasks.get(&key) else { return };
        let site = task.waits_at;
        match task.habit {
            Habit::Always(channel) if self.resources.contains_key(&channel) => {
                let object = self.resources.get(&channel).map_or(0, |resource| resource.object);
                let on = On::Habit(channel);
                self.wait_for(worker, key, Kind::Recv, WaitReason::Recv, on, object, site, Vec::new());
            }
            _ => self.wait_for(worker, key, Kind::IoBegin, WaitReason::Io, On::Unknown, 0, site, Vec::new()),
        }
    }

    /// Records that a task waits.
    #[expect(clippy::too_many_arguments, reason = "the parts of one record")]
    pub(super) fn wait_for(
        &mut self,
        worker: u32,
        key: Key,
        kind: Kind,
        reason: WaitReason,
        on: On,
        object: u32,
        site: u32,
        timers: Vec<u32>,
    ) {
        self.emit_blocked(worker, kind, site, object, 0);
        self.waits(key, reason, on, object, site, timers);
    }

    /// Notes that a task waits, which has just been recorded.
    pub(super) fn waits(&mut self, key: Key, reason: WaitReason, on: On, object: u32, site: u32, timers: Vec<u32>) {
        let wait = Wait { on, reason, object, site, event: self.stream.newest(), since: self.now, timers };
        self.phase(key, Phase::Blocked(wait));
    }

    /// The waker of a task was cloned: somebody means to wake it.
    pub(super) fn waker_cloned(&mut self, worker: u32, key: Key) {
        let site = self.site_of(key);
        if self.worker(worker).stack.last() == Some(&key)
            && let Some(task) = self.tasks.get_mut(&key)
        {
            task.cloned = true;
            task.waits_at = site;
        }
    }

    /// A task was woken by what happens on a thread.
    pub(super) fn wake(&mut self, worker: u32, key: Key) {
        let Some(task) = self.tasks.get(&key) else { return };
        if let Phase::Leaving(there) = task.phase {
            self.settle(there);
        }
        let sent = self.worker(worker).sent.take();
        let Some(task) = self.tasks.get_mut(&key) else { return };
        let id = task.id.0;
        let wait = match &task.phase {
            Phase::Running(_) => {
                task.woken = true;
                return;
            }
            Phase::Blocked(wait) => wait.clone(),
            Phase::Ready | Phase::Leaving(_) => return,
        };
        if !self.somebody(worker) {
            // Who waits for a task's end is woken right after it; what else wakes between tasks are timers and sockets.
            let unexplained = matches!(wait.on, On::Unknown | On::Habit(_));
            let now = self.now;
            let ended = self.worker(worker).ended.is_some_and(|ended| now.saturating_sub(ended) < SOON);
            if unexplained && ended {
                self.emit(worker, Kind::Wake, 0, id, 0);
            } else {
                self.nobody(worker);
                match wait.timers.first() {
                    Some(&timer) => self.emit(worker, Kind::TimerFire, 0, timer, id),
                    None => self.emit(worker, Kind::Wake, 0, id, 0),
                }
            }
            self.learn(key, &wait, None);
            self.phase(key, Phase::Ready);
            return;
        }
        let handed = match (wait.on, sent) {
            (On::Habit(channel), Some(to)) if channel == to && self.worker(worker).sending == sent => {
                self.worker(worker).sending = None;
                Some(channel)
            }
            (On::Value(channel), _) => Some(channel),
            _ => None,
        };
        let actor = self.acting(worker);
        let site = match handed.or(sent) {
            Some(_) => self.worker(worker).sending_at,
            None => self.site_of(actor),
        };
        let object_of = |channel: Key| self.resources.get(&channel).map_or(0, |resource| resource.object);
        match (handed, wait.on, sent) {
            (Some(channel), ..) => {
                let object = object_of(channel);
                self.emit(worker, Kind::Send, site, object, id);
                if let Some(resource) = self.resources.get_mut(&channel) {
                    resource.sent = true;
                    resource.sender = None;
                }
                if let Some(task) = self.tasks.get_mut(&key) {
                    task.handed.push(channel);
                }
            }
            (None, On::Habit(_) | On::Unknown, Some(channel)) => {
                let object = object_of(channel);
                self.emit(worker, Kind::Wake, site, id, object);
            }
            (None, On::Barrier(_) | On::Timer, _) => self.emit(worker, Kind::Wake, site, id, wait.object),
            _ => self.emit(worker, Kind::Wake, site, id, 0),
        }
        self.learn(key, &wait, sent);
        self.phase(key, Phase::Ready);
        self.rest(worker);
    }

    /// What a wait was for that nobody explained: a value was `sent` to that channel just before its end.
    fn learn(&mut self, key: Key, wait: &Wait, sent: Option<Key>) {
        let Some(task) = self.tasks.get_mut(&key) else { return };
        if matches!(wait.on, On::Unknown | On::Habit(_)) {
            task.habit = match (task.habit, sent) {
                (Habit::None, Some(channel)) => Habit::Always(channel),
                (Habit::Always(before), Some(channel)) if before == channel => Habit::Always(channel),
                _ => Habit::Mixed,
            };
        }
    }

    /// A task was let in to what it waits for by an operation that has just been recorded with its number.
    pub(super) fn let_in(&mut self, key: Key) {
        self.phase(key, Phase::Ready);
    }

    /// A task's span is closed: it has ended.
    pub(super) fn end_task(&mut self, worker: u32, key: Key) {
        let Some(phase) = self.tasks.get(&key).map(|task| task.phase.clone()) else { return };
        match phase {
            Phase::Leaving(there) if self.worker(there).leaving == Some(key) => {
                self.worker(there).leaving = None;
                // It must end where it ran, which is the last that the stream said of that worker.
                if there != worker {
                    self.settle(worker);
                }
                self.end_here(there, key);
            }
            Phase::Running(there) => {
                self.settle(there);
                self.end_here(there, key);
            }
            _ => {
                self.settle(worker);
                let outer = self.worker(worker).stack.last().copied();
                if let Some(outer) = outer {
                    self.emit(worker, Kind::Preempt, 0, 0, 0);
                    self.phase(outer, Phase::Ready);
                }
                let finished = self.tasks.get(&key).is_some_and(|task| task.finished);
                self.switch(worker, key);
                if let Some(task) = self.tasks.get_mut(&key) {
                    task.finished = finished;
                }
                self.end_here(worker, key);
                if let Some(outer) = outer {
                    self.switch(worker, outer);
                }
            }
        }
    }

    fn end_here(&mut self, worker: u32, key: Key) {
        let Some(task) = self.tasks.remove(&key) else { return };
        let status = match task {
            Task { panicked: true, .. } => EndStatus::Panicked,
            Task { sort: Sort::Tokio, finished: false, .. } => EndStatus::Cancelled,
            _ => EndStatus::Done,
        };
        // The thread that ran it goes on.
        let mut woken = 0;
        if let Some(thread) = self.worker(worker).thread
            && let Some(waiter) = self.tasks.get_mut(&thread)
            && matches!(&waiter.phase, Phase::Blocked(wait) if wait.on == On::Task && wait.object == task.id.0)
        {
            waiter.phase = Phase::Ready;
            woken = waiter.id.0;
        }
        self.emit(worker, Kind::TaskEnd, 0, woken, status as u32);
        let now = self.now;
        let entry = self.worker(worker);
        entry.stack.retain(|&entered| entered != key);
        entry.ended = Some(now);
    }

    // Spans and events of the program's own

    /// A span of the program's own is made.
    pub(super) fn new_span(&mut self, key: Key, name: &'static str, fields: String, place: Place) {
        let site = self.table.site(place);
        self.spans.insert(key, Span { name, fields, site, place, begun: false });
    }

    /// More of its fields are known.
    pub(super) fn add_fields(&mut self, key: Key, fields: &str) {
        if let Some(span) = self.spans.get_mut(&key).filter(|span| !span.begun) {
            span.fields.push_str(fields);
        }
    }

    /// It is entered: where a task runs it is a mark in that, elsewhere it is a task.
    pub(super) fn enter_span(&mut self, worker: u32, key: Key) {
        if self.tasks.contains_key(&key) {
            return self.enter(worker, key);
        }
        let Some(span) = self.spans.get(&key).cloned() else { return };
        if self.worker(worker).stack.is_empty() && !span.begun {
            self.settle(worker);
            let function = self.table.function(span.name, span.place);
            self.spawn(worker, key, Sort::Span, function, span.site);
            self.enter(worker, key);
            if let Some(task) = self.tasks.get_mut(&key) {
                task.places.push((key, span.site));
            }
            if !span.fields.is_empty() {
                self.mark(worker, span.site, span.fields.trim_start());
            }
            return;
        }
        let actor = self.acting(worker);
        if let Some(task) = self.tasks.get_mut(&actor) {
            task.places.push((key, span.site));
        }
        if !span.begun {
            if let Some(span) = self.spans.get_mut(&key) {
                span.begun = true;
            }
            self.mark(worker, span.site, &format!("begin {}{}", span.name, span.fields));
        }
    }

    /// It is left.
    pub(super) fn exit_span(&mut self, worker: u32, key: Key, panicking: bool) {
        if self.tasks.contains_key(&key) {
            return self.exit(worker, key, panicking);
        }
        if let Some(&actor) = self.worker(worker).stack.last()
            && let Some(task) = self.tasks.get_mut(&actor)
            && let Some(place) = task.places.iter().rposition(|place| place.0 == key)
        {
            task.places.remove(place);
        }
    }

    /// It is closed.
    pub(super) fn end_span(&mut self, worker: u32, key: Key) {
        let Some(span) = self.spans.remove(&key) else { return };
        if self.tasks.contains_key(&key) {
            self.end_task(worker, key);
        } else if span.begun && !self.worker(worker).stack.is_empty() {
            self.acting(worker);
            self.mark(worker, span.site, &format!("end {}", span.name));
        }
    }

    /// An event of the program's own.
    pub(super) fn event(&mut self, worker: u32, place: Place, text: &str) {
        let site = self.table.site(place);
        self.acting(worker);
        self.mark(worker, site, text);
        self.rest(worker);
    }

    fn mark(&mut self, worker: u32, site: u32, text: &str) {
        self.stream.text(worker, Kind::Marker, site, self.now, text);
    }
}
