//! Tokio's mutexes, semaphores, channels, barriers and timers: what their spans and state updates mean.
//!
//! Everything that queues in Tokio stands on one semaphore (`batch_semaphore`), and that says all that is needed: an operation
//! that gets all permits it asked for while its own task polls it was *let in at once*; one that gets them while another task gives
//! them back was *handed over* to, as in vex's own locks. So the owner of a lock is known: who was let in, until it lets go.
//!
//! - `Mutex`, `RwLock`: an outer resource with a place, and a semaphore inside. Letting go shows as permits on the inside (given
//!   back, or handed to a waiter), then as a state update of the outer one. Being let in without asking (`try_lock`) shows only as the
//!   latter.
//! - `Semaphore`: the same, without state updates of the outer one.
//! - A semaphore inside of nothing is a bounded channel's (or a `OnceCell`'s, which cannot be told apart). A permit taken is a value
//!   sent, a permit given back a value received. Tokio says neither who receives nor that a receiver waits.
//! - `Sender|Receiver` is a oneshot channel. `Notify`, `watch`, `broadcast`, unbounded channels, join handles and sockets say nothing:
//!   a wait for one is an unknown wait.

use super::fields::{Fields, How, Update};
use super::state::{Key, On, Phase, State};
use crate::event::{Kind, TaskId};
use crate::finding::{ObjectKind, WaitReason};

/// Permits given back at once beyond which no more records are made of it.
const MANY: u64 = 1024;

/// What a resource is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Sort {
    Mutex,
    RwLock,
    Semaphore,
    /// The semaphore inside of one of those.
    Inside(Key),
    /// A bounded channel.
    Channel,
    Oneshot,
    Barrier,
    Timer,
    Other,
}

/// Somebody who holds a lock or a permit.
#[derive(Clone, Copy, Debug)]
pub(super) struct Hold {
    pub(super) key: Key,
    pub(super) task: TaskId,
    pub(super) site: u32,
    pub(super) exclusive: bool,
    /// It was handed over, and its task has not said yet that it has it.
    unconfirmed: bool,
}

/// A resource of Tokio's.
#[derive(Clone, Debug)]
pub(super) struct Resource {
    pub(super) sort: Sort,
    pub(super) object: u32,
    pub(super) nth: u32,
    pub(super) site: u32,
    pub(super) holds: Vec<Hold>,
    /// A oneshot channel's value was sent.
    pub(super) sent: bool,
    /// Where a value's sending is left open.
    pub(super) sender: Option<u32>,
    closed: bool,
    /// A timer's object was recorded as set.
    set: bool,
    /// A barrier's parties, a channel's capacity, a semaphore's permits.
    parties: u32,
    /// Values in a channel, free permits of a semaphore.
    level: i64,
    /// Who took the last value of a channel.
    receiver: Option<Key>,
    /// Who has arrived at a barrier since it last opened, with the operation.
    arrived: Vec<(Key, Key)>,
    microseconds: u32,
    /// Tasks that wait at a barrier or for a oneshot channel.
    waiting: Vec<Key>,
    /// Holders whose letting go has been recorded before they said it, because somebody else was let in.
    early: Vec<TaskId>,
}

/// An operation on a resource.
#[derive(Clone, Debug)]
pub(super) struct Operation {
    resource: Key,
    /// The task that polls it.
    task: Key,
    /// The operation that it is part of.
    outer: Option<Key>,
    /// What it is for a read-write lock.
    writes: bool,
    requested: u64,
    obtained: u64,
    /// It has what it wants.
    pub(super) granted: bool,
    /// And that is recorded.
    recorded: bool,
}

impl Resource {
    /// As evidence.
    pub(super) fn kind(&self) -> ObjectKind {
        match self.sort {
            Sort::Mutex => ObjectKind::Mutex,
            Sort::RwLock => ObjectKind::RwLock,
            Sort::Semaphore | Sort::Inside(_) => ObjectKind::Semaphore,
            Sort::Channel | Sort::Oneshot => ObjectKind::Channel,
            Sort::Barrier => ObjectKind::Barrier,
            Sort::Timer | Sort::Other => ObjectKind::Timer,
        }
    }
}

impl State {
    /// A resource was made, inside of `around` where that is one.
    pub(super) fn new_resource(&mut self, worker: u32, key: Key, fields: &Fields, around: Option<Key>) {
        let around = around.filter(|around| self.resources.contains_key(around));
        let sort = match fields.concrete.as_str() {
            "Mutex" => Sort::Mutex,
            "RwLock" => Sort::RwLock,
            "Semaphore" if !fields.internal => Sort::Semaphore,
            "Semaphore" => around.map_or(Sort::Channel, Sort::Inside),
            "Sender|Receiver" => Sort::Oneshot,
            "Barrier" => Sort::Barrier,
            "Sleep" | "Interval" => Sort::Timer,
            _ => Sort::Other,
        };
        let place = self.table.place(&fields.file, fields.line, fields.column);
        let site = if fields.file.is_empty() { self.here } else { self.table.object_site(place) };
        let (mut object, mut nth) = (0, 0);
        let kind = match sort {
            Sort::Mutex => Some(Kind::MutexMake),
            Sort::RwLock => Some(Kind::RwMake),
            Sort::Oneshot => Some(Kind::ChanMake),
            // Made when their size is known; timers when they are waited for.
            Sort::Semaphore | Sort::Channel | Sort::Barrier => None,
            Sort::Inside(_) | Sort::Timer | Sort::Other => None,
        };
        if let Some(kind) = kind {
            self.acting(worker);
            (object, nth) = self.new_object(site);
            self.emit(worker, kind, site, object, (sort == Sort::Oneshot) as u32);
            self.rest(worker);
        }
        let resource = Resource {
            sort,
            object,
            nth,
            site,
            holds: Vec::new(),
            sent: false,
            sender: None,
            closed: false,
            set: false,
            parties: 0,
            level: 0,
            receiver: None,
            arrived: Vec::new(),
            microseconds: 0,
            waiting: Vec::new(),
            early: Vec::new(),
        };
        self.resources.insert(key, resource);
    }

    /// The size of a resource is known: it is made.
    fn make(&mut self, worker: u32, key: Key, kind: Kind, size: u64) {
        let Some(site) = self.resources.get(&key).filter(|resource| resource.object == 0).map(|resource| resource.site)
        else {
            return;
        };
        let size = u32::try_from(size).unwrap_or(u32::MAX);
        self.acting(worker);
        let (object, nth) = self.new_object(site);
        self.emit(worker, kind, site, object, size);
        if let Some(resource) = self.resources.get_mut(&key) {
            (resource.object, resource.nth, resource.parties) = (object, nth, size);
            resource.level = if kind == Kind::SemaphoreMake { i64::from(size) } else { 0 };
        }
        self.rest(worker);
    }

    /// A resource is gone.
    pub(super) fn end_resource(&mut self, key: Key) {
        self.settle_sender(key);
        self.resources.remove(&key);
    }

    /// An operation was begun, as part of `outer`.
    pub(super) fn new_operation(&mut self, worker: u32, key: Key, resource: Key, outer: Option<Key>, source: &str) {
        let task = self.worker(worker).stack.last().copied().unwrap_or(0);
        let writes = source.starts_with("RwLock::write");
        let (requested, obtained, granted, recorded) = (0, 0, false, false);
        self.operations
            .insert(key, Operation { resource, task, outer, writes, requested, obtained, granted, recorded });
    }

    /// Its future is gone.
    pub(super) fn end_operation(&mut self, key: Key) {
        if let Some(operation) = self.operations.remove(&key)
            && let Some(task) = self.tasks.get_mut(&operation.task)
        {
            task.not_ready.retain(|&other| other != key);
        }
    }

    /// What tasks see of a resource: the one around a semaphore.
    fn seen(&self, key: Key) -> Key {
        match self.resources.get(&key).map(|resource| resource.sort) {
            Some(Sort::Inside(around)) => around,
            _ => key,
        }
    }

    fn sort(&self, key: Key) -> Option<Sort> {
        self.resources.get(&key).map(|resource| resource.sort)
    }

    fn object(&self, key: Key) -> u32 {
        self.resources.get(&key).map_or(0, |resource| resource.object)
    }

    /// An operation of the running task was polled.
    pub(super) fn polled(&mut self, worker: u32, key: Key, ready: bool) {
        let Some(&task) = self.worker(worker).stack.last() else { return };
        let Some(operation) = self.operations.get_mut(&key) else { return };
        operation.task = task;
        let (resource, granted, recorded) = (operation.resource, operation.granted, operation.recorded);
        let site = self.site_of(task);
        let Some(entry) = self.tasks.get_mut(&task) else { return };
        if !ready {
            entry.waits_at = site;
            if !entry.not_ready.contains(&key) {
                entry.not_ready.push(key);
            }
            return;
        }
        entry.not_ready.retain(|&other| other != key);
        let seen = self.seen(resource);
        match self.sort(seen) {
            Some(Sort::Channel) if granted && !recorded => self.take_permit(worker, seen),
            Some(Sort::Semaphore) if granted && !recorded => self.take_permit(worker, seen),
            Some(Sort::Oneshot) => self.received(worker, seen),
            _ => {}
        }
        if let Some(operation) = self.operations.get_mut(&key) {
            operation.recorded = true;
        }
    }

    /// The state of an operation changed. `polled` says that its own task is polling it.
    pub(super) fn operation_update(&mut self, worker: u32, key: Key, fields: &Fields, polled: bool) {
        let Some(operation) = self.operations.get_mut(&key) else { return };
        match (fields.update, fields.how) {
            (Update::Requested(permits), _) => operation.requested = permits,
            (Update::Obtained(permits), How::Add) if permits > 0 => {
                operation.obtained = operation.obtained.saturating_add(permits);
                if operation.obtained < operation.requested || operation.granted {
                    return;
                }
                operation.granted = true;
                let (resource, outer) = (operation.resource, operation.outer);
                if let Some(outer) = outer.and_then(|outer| self.operations.get_mut(&outer)) {
                    outer.granted = true;
                }
                if polled {
                    self.let_in_at_once(worker, key, resource)
                } else {
                    self.handed_over(worker, key, resource)
                }
            }
            (Update::Arrived(_), _) => {
                let resource = operation.resource;
                let actor = self.acting(worker);
                if let Some(barrier) = self.resources.get_mut(&resource) {
                    barrier.arrived.push((actor, key));
                }
            }
            (Update::Leader, _) => {
                let resource = operation.resource;
                self.everybody_is_here(worker, key, resource);
            }
            _ => {}
        }
    }

    /// Notes that an operation's success stands in the trace.
    fn record_of(&mut self, key: Key) {
        let outer = self.operations.get_mut(&key).and_then(|operation| {
            operation.recorded = true;
            operation.outer
        });
        if let Some(outer) = outer.and_then(|outer| self.operations.get_mut(&outer)) {
            outer.recorded = true;
        }
    }

    fn let_in_at_once(&mut self, worker: u32, key: Key, resource: Key) {
        let seen = self.seen(resource);
        if matches!(self.sort(seen), Some(Sort::Channel | Sort::Semaphore)) {
            self.take_permit(worker, seen);
            self.record_of(key);
        }
    }

    /// A permit of a semaphore was taken; a channel's is a value sent.
    fn take_permit(&mut self, worker: u32, key: Key) {
        let actor = self.acting(worker);
        let Some(resource) = self.resources.get(&key) else { return };
        if resource.sort == Sort::Channel {
            let site = self.site_of(actor);
            let entry = self.worker(worker);
            (entry.sending, entry.sent, entry.sending_at) = (Some(key), Some(key), site);
            if let Some(resource) = self.resources.get_mut(&key) {
                resource.sender = Some(worker);
            }
            if !self.worker(worker).stack.is_empty() {
                return;
            }
            self.settle(worker);
        } else {
            let (object, site) = (resource.object, self.site_of(actor));
            if resource.level <= 0 {
                self.release_early(worker, key);
            }
            let Some(resource) = self.resources.get_mut(&key) else { return };
            resource.level -= 1;
            let left = u32::try_from(resource.level).unwrap_or(0);
            self.emit(worker, Kind::Acquire, site, object, left);
            self.hold(key, actor, site, false, false);
        }
        self.rest(worker);
    }

    /// A permit was taken that nobody has given back yet: one who holds one and runs is only about to say so.
    fn release_early(&mut self, worker: u32, semaphore: Key) {
        let Some(resource) = self.resources.get(&semaphore) else { return };
        let running = |hold: &Hold| match self.tasks.get(&hold.key).map(|task| &task.phase) {
            Some(&Phase::Running(there)) if there != worker => Some((there, *hold)),
            _ => None,
        };
        let Some((there, hold)) = resource.holds.iter().find_map(running) else { return };
        let object = resource.object;
        self.settle(there);
        self.emit(there, Kind::Release, 0, object, 0);
        self.let_hold_go(semaphore, hold.key);
        if let Some(resource) = self.resources.get_mut(&semaphore) {
            resource.level += 1;
            resource.early.push(hold.task);
        }
    }

    /// Whether a task's letting go has been recorded before it said it, which it does now.
    fn was_early(&mut self, key: Key, actor: Key) -> bool {
        let me = TaskId(self.id(actor));
        let Some(resource) = self.resources.get_mut(&key) else { return false };
        let place = resource.early.iter().position(|&task| task == me);
        place.map(|place| resource.early.remove(place)).is_some()
    }

    /// A value was sent, and no receiver was woken for it.
    pub(super) fn sent_nobody_waited(&mut self, worker: u32, key: Key) {
        let site = self.worker(worker).sending_at;
        let Some(resource) = self.resources.get_mut(&key) else { return };
        resource.sender = None;
        resource.level += 1;
        let (object, receiver) = (resource.object, resource.receiver);
        let full = resource.level > i64::from(resource.parties);
        // There was room, so the receiver has taken a value and is only about to say so.
        if let Some(task) = receiver.filter(|_| full).and_then(|receiver| self.tasks.get_mut(&receiver))
            && let Phase::Running(there) = task.phase
            && there != worker
        {
            task.handed.push(key);
            resource.level -= 1;
            self.emit(there, Kind::Recv, 0, object, 0);
        }
        self.emit(worker, Kind::Send, site, object, 0);
    }

    fn hold(&mut self, lock: Key, key: Key, site: u32, exclusive: bool, unconfirmed: bool) {
        let task = TaskId(self.id(key));
        if let Some(resource) = self.resources.get_mut(&lock) {
            resource.holds.push(Hold { key, task, site, exclusive, unconfirmed });
        }
    }

    /// Somebody gave permits back, and with them let in the task of an operation.
    fn handed_over(&mut self, worker: u32, key: Key, resource: Key) {
        let Some(operation) = self.operations.get(&key) else { return };
        let (waiter, writes) = (operation.task, self.writes(key));
        if let Some(Phase::Leaving(there)) = self.tasks.get(&waiter).map(|task| &task.phase) {
            let there = *there;
            self.settle(there);
        }
        let lock = self.seen(resource);
        let Some(sort) = self.sort(lock) else { return };
        let actor = self.acting(worker);
        let site = self.site_of(actor);
        let object = self.object(lock);
        // One that runs still (on its way to wait) will say itself that it was let in.
        let (mut woken, mut asked) = (0, 0);
        if let Some(task) = self.tasks.get(&waiter)
            && let Phase::Blocked(wait) = &task.phase
            && matches!(wait.on, On::Lock(on) | On::Permit(on) | On::Room(on) if on == lock)
        {
            (woken, asked) = (task.id.0, wait.site);
        }
        match sort {
            Sort::Channel => {
                let handed = self.tasks.get_mut(&actor).and_then(|task| {
                    let place = task.handed.iter().position(|&channel| channel == lock)?;
                    Some(task.handed.remove(place))
                });
                match (handed, woken) {
                    (Some(_), 0) => {}
                    (Some(_), woken) => self.emit(worker, Kind::Wake, site, woken, object),
                    (None, woken) => {
                        self.settle_sender(lock);
                        self.emit(worker, Kind::Recv, site, object, woken);
                        if let Some(resource) = self.resources.get_mut(&lock) {
                            resource.receiver = Some(actor);
                            resource.level -= i64::from(woken == 0);
                        }
                    }
                }
            }
            Sort::Semaphore => {
                if !self.was_early(lock, actor) {
                    self.let_hold_go(lock, actor);
                    self.emit(worker, Kind::Release, site, object, woken);
                    if let Some(resource) = self.resources.get_mut(&lock).filter(|_| woken == 0) {
                        resource.level += 1;
                    }
                } else if woken != 0 {
                    self.emit(worker, Kind::Wake, site, woken, object);
                }
                if woken != 0 {
                    self.hold(lock, waiter, asked, false, false);
                }
            }
            Sort::Mutex | Sort::RwLock => {
                if self.let_go(worker, lock, actor, woken, None) {
                    // The record of letting go named the woken task.
                } else if woken != 0 {
                    self.emit(worker, Kind::Wake, site, woken, object);
                }
                if woken != 0 {
                    self.hold(lock, waiter, asked, sort == Sort::Mutex || writes, true);
                }
            }
            _ => return,
        }
        if woken != 0 {
            self.let_in(waiter);
            self.record_of(key);
        }
        self.rest(worker);
    }

    /// Whether an operation on a read-write lock, or the one around it, is to write.
    fn writes(&self, key: Key) -> bool {
        let Some(operation) = self.operations.get(&key) else { return false };
        let outer = operation.outer.and_then(|outer| self.operations.get(&outer));
        operation.writes || outer.is_some_and(|outer| outer.writes)
    }

    /// A value whose sending is left open comes before whoever takes it.
    fn settle_sender(&mut self, channel: Key) {
        if let Some(sender) = self.resources.get_mut(&channel).and_then(|resource| resource.sender.take()) {
            self.settle(sender);
        }
    }

    /// Records, once, that a task lets a lock go; `woken` gets it. Whether there was a record.
    fn let_go(&mut self, worker: u32, lock: Key, actor: Key, woken: u32, writes: Option<bool>) -> bool {
        if self.worker(worker).releasing == Some(lock) {
            return false;
        }
        let (me, site) = (TaskId(self.id(actor)), self.site_of(actor));
        if self.was_early(lock, actor) {
            self.worker(worker).releasing = Some(lock);
            return false;
        }
        let Some(resource) = self.resources.get_mut(&lock) else { return false };
        let fits = |hold: &Hold| writes.is_none_or(|writes| hold.exclusive == writes);
        let mine = resource.holds.iter().rposition(|hold| hold.task == me && fits(hold));
        // A guard may have been sent elsewhere; of a mutex there is only one, of others it is told later which.
        let any = resource.holds.iter().position(fits).filter(|_| resource.sort == Sort::Mutex || writes.is_some());
        let Some(place) = mine.or(any) else { return false };
        let hold = resource.holds.remove(place);
        let (object, sort) = (resource.object, resource.sort);
        self.worker(worker).releasing = Some(lock);
        self.emit(worker, unlock_of(sort, hold.exclusive), site, object, woken);
        true
    }

    fn let_hold_go(&mut self, semaphore: Key, actor: Key) {
        let Some(resource) = self.resources.get_mut(&semaphore) else { return };
        if !resource.holds.is_empty() {
            let place = resource.holds.iter().rposition(|hold| hold.key == actor).unwrap_or(0);
            resource.holds.remove(place);
        }
    }

    /// A task says that it has a lock.
    fn confirm(&mut self, worker: u32, lock: Key, exclusive: bool) {
        let actor = self.acting(worker);
        self.worker(worker).releasing = None;
        let me = TaskId(self.id(actor));
        let Some(resource) = self.resources.get_mut(&lock) else { return };
        if let Some(hold) = resource.holds.iter_mut().find(|hold| hold.task == me && hold.unconfirmed) {
            hold.unconfirmed = false;
            return;
        }
        // Whoever had it has let go, or nobody could have been let in: it is only about to say so.
        let (object, sort) = (resource.object, resource.sort);
        let mut gone = Vec::new();
        resource.holds.retain(|hold| {
            let stays = !(exclusive || hold.exclusive);
            if !stays {
                gone.push(*hold);
            }
            stays
        });
        resource.early.extend(gone.iter().map(|hold| hold.task));
        for hold in gone {
            let there = match self.tasks.get(&hold.key).map(|task| &task.phase) {
                Some(&Phase::Running(there)) => there,
                _ => worker,
            };
            self.settle(there);
            self.emit(there, unlock_of(sort, hold.exclusive), 0, object, 0);
        }
        let kind = match (sort, exclusive) {
            (Sort::Mutex, _) => Kind::Lock,
            (_, true) => Kind::WriteLock,
            (_, false) => Kind::ReadLock,
        };
        let site = self.site_of(actor);
        self.emit(worker, kind, site, object, 0);
        self.hold(lock, actor, site, exclusive, false);
        self.rest(worker);
    }

    /// The state of a resource changed.
    pub(super) fn resource_update(&mut self, worker: u32, key: Key, fields: &Fields) {
        let Some(sort) = self.sort(key) else { return };
        match (sort, fields.update, fields.how) {
            (Sort::Inside(around), Update::Permits(permits), How::Override)
                if self.sort(around) == Some(Sort::Semaphore) =>
            {
                self.make(worker, around, Kind::SemaphoreMake, permits);
            }
            (Sort::Channel, Update::Permits(permits), How::Override) => self.make(worker, key, Kind::ChanMake, permits),
            (Sort::Inside(_) | Sort::Channel, Update::Permits(permits), How::Add) => {
                self.given_back(worker, self.seen(key), permits);
            }
            (Sort::Mutex, Update::Locked(true), _) => self.confirm(worker, key, true),
            (Sort::Mutex, Update::Locked(false), _) => self.said_to_let_go(worker, key, None),
            (Sort::RwLock, Update::WriteLocked(true), _) => self.confirm(worker, key, true),
            (Sort::RwLock, Update::WriteLocked(false), _) => self.said_to_let_go(worker, key, Some(true)),
            (Sort::RwLock, Update::Readers(_), How::Add) => self.confirm(worker, key, false),
            (Sort::RwLock, Update::Readers(_), How::Sub) => self.said_to_let_go(worker, key, Some(false)),
            (Sort::Barrier, Update::Size(parties), _) => self.make(worker, key, Kind::BarrierMake, parties),
            (Sort::Timer, Update::Duration(milliseconds), _) => {
                if let Some(timer) = self.resources.get_mut(&key) {
                    timer.microseconds = u32::try_from(milliseconds.saturating_mul(1000)).unwrap_or(u32::MAX);
                    timer.set = false;
                }
            }
            (Sort::Oneshot, Update::ValueSent, _) => self.value_sent(worker, key),
            (Sort::Oneshot, Update::ValueReceived, _) => self.received(worker, key),
            (Sort::Oneshot, Update::SenderGone, _) => self.sender_gone(worker, key),
            _ => {}
        }
    }

    /// Permits were given back, and no waiter took them.
    fn given_back(&mut self, worker: u32, key: Key, permits: u64) {
        let Some(sort) = self.sort(key) else { return };
        let actor = self.acting(worker);
        let (site, object) = (self.site_of(actor), self.object(key));
        match sort {
            Sort::Channel => {
                self.settle_sender(key);
                for _ in 0..permits.min(MANY) {
                    let handed = self.tasks.get_mut(&actor).and_then(|task| {
                        let place = task.handed.iter().position(|&channel| channel == key)?;
                        Some(task.handed.remove(place))
                    });
                    if handed.is_none() {
                        self.emit(worker, Kind::Recv, site, object, 0);
                    }
                    if let Some(resource) = self.resources.get_mut(&key) {
                        resource.receiver = Some(actor);
                        resource.level -= i64::from(handed.is_none());
                    }
                }
            }
            Sort::Semaphore => {
                for _ in 0..permits.min(MANY) {
                    if !self.was_early(key, actor) {
                        self.let_hold_go(key, actor);
                        self.emit(worker, Kind::Release, site, object, 0);
                        if let Some(resource) = self.resources.get_mut(&key) {
                            resource.level += 1;
                        }
                    }
                }
            }
            Sort::Mutex | Sort::RwLock => {
                self.let_go(worker, key, actor, 0, None);
            }
            _ => {}
        }
        self.rest(worker);
    }

    /// A guard says that it let its lock go, which the semaphore has mostly told before.
    fn said_to_let_go(&mut self, worker: u32, lock: Key, writes: Option<bool>) {
        if self.resources.get(&lock).is_none_or(|resource| resource.holds.is_empty() && resource.early.is_empty()) {
            self.worker(worker).releasing = None;
            return;
        }
        let actor = self.acting(worker);
        self.let_go(worker, lock, actor, 0, writes);
        self.worker(worker).releasing = None;
        self.rest(worker);
    }

    fn value_sent(&mut self, worker: u32, key: Key) {
        let actor = self.acting(worker);
        let Some(channel) = self.resources.get_mut(&key) else { return };
        if std::mem::replace(&mut channel.sent, true) {
            return;
        }
        let object = channel.object;
        let waiting = std::mem::take(&mut channel.waiting);
        let waiter = waiting.into_iter().find(|waiter| self.waits_on(*waiter, On::Value(key)));
        let (site, woken) = (self.site_of(actor), waiter.map_or(0, |waiter| self.id(waiter)));
        self.emit(worker, Kind::Send, site, object, woken);
        if let Some(waiter) = waiter {
            self.let_in(waiter);
            if let Some(task) = self.tasks.get_mut(&waiter) {
                task.handed.push(key);
            }
        }
        self.rest(worker);
    }

    /// A oneshot channel's receiver is done: it has the value, or knows that there is none.
    fn received(&mut self, worker: u32, key: Key) {
        let actor = self.acting(worker);
        let site = self.site_of(actor);
        let Some(channel) = self.resources.get_mut(&key) else { return };
        let (object, sent, closed) = (channel.object, channel.sent, channel.closed);
        channel.closed = true;
        if let Some(task) = self.tasks.get_mut(&actor)
            && let Some(place) = task.handed.iter().position(|&handed| handed == key)
        {
            task.handed.remove(place);
        } else if sent && !closed {
            self.emit(worker, Kind::Recv, site, object, 0);
        } else if closed {
            self.emit(worker, Kind::RecvClosed, site, object, 0);
        }
        self.rest(worker);
    }

    fn sender_gone(&mut self, worker: u32, key: Key) {
        let Some(channel) = self.resources.get_mut(&key) else { return };
        if std::mem::replace(&mut channel.closed, true) || channel.object == 0 {
            return;
        }
        let object = channel.object;
        let actor = self.acting(worker);
        let site = self.site_of(actor);
        self.emit(worker, Kind::Close, site, object, 0);
        self.rest(worker);
    }

    fn waits_on(&self, key: Key, on: On) -> bool {
        matches!(self.tasks.get(&key).map(|task| &task.phase), Some(Phase::Blocked(wait)) if wait.on == on)
    }

    /// The last one has arrived at a barrier.
    fn everybody_is_here(&mut self, worker: u32, key: Key, barrier: Key) {
        let actor = self.acting(worker);
        let site = self.site_of(actor);
        let Some(resource) = self.resources.get_mut(&barrier) else { return };
        let (object, parties) = (resource.object, resource.parties);
        let arrived = std::mem::take(&mut resource.arrived);
        let mut waiting = std::mem::take(&mut resource.waiting).len() as u32;
        // Who has arrived and is still on its way to wait has waited for no time.
        let mut running = Vec::new();
        for &(other, _) in arrived.iter().filter(|arrived| arrived.0 != actor) {
            if let Some(Phase::Running(there)) = self.tasks.get(&other).map(|task| task.phase.clone()) {
                waiting += 1;
                self.settle(there);
                self.emit_blocked(there, Kind::BarrierWait, 0, object, waiting);
                running.push((other, there));
            }
        }
        self.emit(worker, Kind::BarrierWait, site, object, parties);
        for (other, operation) in arrived {
            let id = self.id(other);
            if self.waits_on(other, On::Barrier(barrier)) {
                self.emit(worker, Kind::Wake, site, id, object);
                self.let_in(other);
            } else if let Some(&(_, there)) = running.iter().find(|&&(key, _)| key == other) {
                self.emit(worker, Kind::Wake, site, id, object);
                self.emit(there, Kind::Switch, 0, id, 0);
                if let Some(operation) = self.operations.get_mut(&operation) {
                    operation.granted = true;
                }
            }
        }
        self.record_of(key);
    }

    /// Records that a task waits in the operations that were not ready, if there are any.
    pub(super) fn wait_in_operation(&mut self, worker: u32, key: Key) -> bool {
        let Some(task) = self.tasks.get(&key) else { return false };
        let site = task.waits_at;
        let (mut first, mut timers, mut values) = (None, Vec::new(), Vec::new());
        for &key in &task.not_ready {
            let Some(operation) = self.operations.get(&key).filter(|operation| !operation.granted) else { continue };
            let seen = self.seen(operation.resource);
            match self.sort(seen) {
                Some(Sort::Timer) => timers.push(seen),
                Some(Sort::Oneshot) => values.push(seen),
                Some(Sort::Mutex | Sort::RwLock | Sort::Semaphore | Sort::Channel | Sort::Barrier) => {
                    first = first.or(Some((key, seen)));
                }
                _ => {}
            }
        }
        if let Some((operation, resource)) = first {
            let timers: Vec<u32> = timers.into_iter().map(|timer| self.set_timer(worker, timer)).collect();
            self.wait_for_resource(worker, key, operation, resource, site, timers);
            return true;
        }
        match (&values[..], &timers[..]) {
            ([], []) => return false,
            (&[channel], []) => {
                let object = self.object(channel);
                if let Some(resource) = self.resources.get_mut(&channel) {
                    resource.waiting.push(key);
                }
                let on = On::Value(channel);
                self.wait_for(worker, key, Kind::Recv, WaitReason::Recv, on, object, site, Vec::new());
            }
            ([], &[timer]) => {
                let place = self.resources.get(&timer).map_or(0, |resource| resource.site);
                let (object, nth) = self.new_object(place);
                let mut microseconds = 0;
                if let Some(resource) = self.resources.get_mut(&timer) {
                    (resource.object, resource.nth, resource.set) = (object, nth, true);
                    microseconds = resource.microseconds;
                }
                self.emit_blocked(worker, Kind::Sleep, place, object, microseconds);
                self.waits(key, WaitReason::Sleep, On::Timer, object, place, vec![object]);
            }
            _ => {
                let timers: Vec<u32> = timers.into_iter().map(|timer| self.set_timer(worker, timer)).collect();
                let arms = (timers.len() + values.len()) as u32;
                self.emit_blocked(worker, Kind::SelectWait, site, 0, arms);
                let first = timers.first().copied().unwrap_or(0);
                self.waits(key, WaitReason::Select, On::Timer, first, site, timers.clone());
                for (arm, &timer) in (0..).zip(&timers) {
                    self.emit(worker, Kind::SelectTimerArm, site, timer, arm);
                }
                for (arm, channel) in (timers.len() as u32..).zip(values) {
                    let object = self.object(channel);
                    self.emit(worker, Kind::SelectRecvArm, site, object, arm);
                }
            }
        }
        true
    }

    fn wait_for_resource(&mut self, worker: u32, key: Key, operation: Key, on: Key, site: u32, timers: Vec<u32>) {
        let (object, writes) = (self.object(on), self.writes(operation));
        let Some(resource) = self.resources.get_mut(&on) else { return };
        let mut arg = 0;
        let (kind, reason, what) = match resource.sort {
            Sort::Mutex => (Kind::Lock, WaitReason::Lock, On::Lock(on)),
            Sort::RwLock if writes => (Kind::WriteLock, WaitReason::WriteLock, On::Lock(on)),
            Sort::RwLock => (Kind::ReadLock, WaitReason::ReadLock, On::Lock(on)),
            Sort::Channel => (Kind::Send, WaitReason::Send, On::Room(on)),
            Sort::Barrier => {
                resource.waiting.push(key);
                arg = resource.waiting.len() as u32;
                (Kind::BarrierWait, WaitReason::Barrier, On::Barrier(on))
            }
            _ => (Kind::Acquire, WaitReason::Semaphore, On::Permit(on)),
        };
        self.emit_blocked(worker, kind, site, object, arg);
        let gives_up = !timers.is_empty();
        self.waits(key, reason, what, object, site, timers);
        // Who can give up is in no deadlock.
        if matches!(what, On::Lock(_) | On::Permit(_)) && !gives_up {
            self.look_for_a_ring(worker, key);
        }
    }

    /// The object of a timer that may end a wait for something else.
    fn set_timer(&mut self, worker: u32, timer: Key) -> u32 {
        let Some(resource) = self.resources.get(&timer) else { return 0 };
        if resource.set && resource.object != 0 {
            return resource.object;
        }
        let (site, microseconds) = (resource.site, resource.microseconds);
        let (object, nth) = self.new_object(site);
        self.emit(worker, Kind::TimerSet, site, object, microseconds);
        if let Some(resource) = self.resources.get_mut(&timer) {
            (resource.object, resource.nth, resource.set) = (object, nth, true);
        }
        object
    }
}

fn unlock_of(sort: Sort, exclusive: bool) -> Kind {
    match (sort, exclusive) {
        (Sort::Mutex, _) => Kind::Unlock,
        (_, true) => Kind::WriteUnlock,
        (_, false) => Kind::ReadUnlock,
    }
}
