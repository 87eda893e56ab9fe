//! Showing a stopped world to code that knows the deterministic runtime: the collector and the scan for stuck tasks.
//!
//! Everything is moved into a [`Scheduler`] and back, not copied: what a look costs is moving some words for each task and object, and
//! marking costs more than that. So there is one collector and one detection for both runtimes.

use super::shared::{Locked, Shared};
use super::sync::lock;
use super::table::{Slots, Table};
use super::task::CANCEL;
use super::worker::Worker;
use crate::core::{EndedTask, Meta};
use crate::objects::{Atomic, Barrier, Channel, Mutex, Once, RwLock, Semaphore, WaitGroup};
use crate::oracle::Oracle;
use crate::queue::Entry;
use crate::scheduler::{Config, Scheduler};
use crate::slab::Slab;
use crate::task::{State, Task, flag};
use crate::time::TimeSource;
use std::sync::atomic::Ordering;

/// An object that can be moved into the deterministic runtime's table.
trait Movable: Default {
    fn meta(&self) -> Meta;
}

macro_rules! movable {
    ($($name:ident $(<$v:ident>)?),+) => {
        $(impl $(<$v: Default>)? Movable for $name $(<$v>)? {
            fn meta(&self) -> Meta { self.meta }
        })+
    };
}

movable!(Channel<V>, RwLock<V>, WaitGroup, Once<V>, Barrier, Semaphore);

/// Moves the objects out of a table.
fn take<T: Movable>(table: &Table<Locked<T>>) -> Slab<T> {
    Slab::of(
        (0..table.slots())
            .map(|slot| table.get(slot).map(|object| std::mem::take(&mut object.lock().it)).unwrap_or_default()),
        |object| object.meta().id == 0,
    )
}

/// Moves them back; slots that were freed meanwhile are free here, too.
fn put<T: Movable>(table: &Table<Locked<T>>, objects: Slab<T>, free: &mut Slots) {
    let freed = objects.freed().to_vec();
    for (slot, object) in objects.into_items().enumerate() {
        if let Some(place) = table.get(slot as u32) {
            place.lock().it = object;
        }
    }
    freed.into_iter().for_each(|slot| table.put(free, slot));
}

impl<V: Copy + Default, B: Default> Worker<V, B> {
    /// See [`crate::Runtime::frozen`].
    pub(super) fn frozen<R>(&mut self, look: impl FnOnce(&mut Scheduler<V, B>) -> R) -> R {
        let shared = self.shared();
        shared.world.stopped(|| {
            let began = shared.now();
            let mut scheduler = freeze(shared);
            let result = look(&mut scheduler);
            self.thaw(scheduler);
            shared.scanned(std::time::Duration::from_nanos(shared.now().saturating_sub(began)));
            result
        })
    }

    fn thaw(&mut self, s: Scheduler<V, B>) {
        let shared = self.shared();
        let Scheduler { core, .. } = s;
        for (slot, task) in core.tasks.into_items().enumerate() {
            let slot = slot as u32;
            let Some(cell) = shared.tasks.get(slot) else { continue };
            let mut header = cell.header.lock();
            let freed = task.state == State::Free && header.id != 0;
            header.joinable = task.flags & flag::JOINABLE != 0;
            if freed {
                header.id = 0;
            }
            drop(header);
            *self.own(slot) = task;
            if freed {
                shared.tasks.put(&mut self.free.tasks, slot);
            }
        }
        put(&shared.channels, s.channels, &mut self.free.channels);
        put(&shared.rwlocks, s.rwlocks, &mut self.free.rwlocks);
        put(&shared.wait_groups, s.wait_groups, &mut self.free.wait_groups);
        put(&shared.onces, s.onces, &mut self.free.onces);
        put(&shared.barriers, s.barriers, &mut self.free.barriers);
        put(&shared.semaphores, s.semaphores, &mut self.free.semaphores);
        for (slot, select) in s.selects.into_items().enumerate() {
            if let Some(place) = shared.selects.get(slot as u32) {
                *place.lock() = select;
            }
        }
        for &slot in s.mutexes.freed() {
            shared.mutexes.at(slot).clear();
            shared.mutexes.put(&mut self.free.mutexes, slot);
        }
        for (slot, mutex) in s.mutexes.into_items().enumerate() {
            if let Some(place) = shared.mutexes.get(slot as u32) {
                place.rest.lock().queue = mutex.queue;
            }
        }
        for &slot in s.atomics.freed() {
            shared.atomics.at(slot).set_meta(Meta::default());
            shared.atomics.put(&mut self.free.atomics, slot);
        }
        let mut time = lock(&shared.time);
        time.timers = s.timers;
        time.contexts = s.contexts;
        time.queue = s.queue;
        drop(time);
        *lock(&shared.detector) = s.detector;
    }
}

fn freeze<V: Copy + Default, B: Default>(shared: &Shared<V, B>) -> Scheduler<V, B> {
    let mut s = Scheduler::new(Config {
        oracle: Oracle::fair(),
        time: TimeSource::real_time(),
        time_value: shared.time_value,
        may_cancel: shared.may_cancel,
    });
    s.open_locks = shared.open_locks.load(Ordering::Relaxed);
    s.core.live = shared.live().max(0) as u32;
    s.core.traced = shared.traced.load(Ordering::Relaxed);
    s.core.main_ended = shared.main_ended.load(Ordering::Relaxed);
    s.core.tasks =
        Slab::of((0..shared.tasks.slots()).map(|slot| task(shared, slot, &mut s.core.more_waiters)), |task| {
            task.state == State::Free
        });
    s.core.remember(ended(shared));
    s.external = shared.external.load(Ordering::Acquire);
    s.channels = take(&shared.channels);
    s.rwlocks = take(&shared.rwlocks);
    s.wait_groups = take(&shared.wait_groups);
    s.onces = take(&shared.onces);
    s.barriers = take(&shared.barriers);
    s.semaphores = take(&shared.semaphores);
    let selects = (0..shared.selects.slots())
        .map(|slot| shared.selects.get(slot).map(|select| std::mem::take(&mut *select.lock())).unwrap_or_default());
    s.selects = Slab::of(selects, |_| false);
    let mutexes = (0..shared.mutexes.slots()).map(|slot| match shared.mutexes.get(slot) {
        Some(mutex) => {
            let mut rest = mutex.rest.lock();
            let (meta, queue) = (rest.meta, std::mem::take(&mut rest.queue));
            Mutex { meta, owner: mutex.holder(), queue, value: mutex.frozen_value() }
        }
        None => Mutex::default(),
    });
    s.mutexes = Slab::of(mutexes, |mutex| mutex.meta.id == 0);
    let atomics = (0..shared.atomics.slots()).map(|slot| match shared.atomics.get(slot) {
        Some(atomic) => Atomic { value: atomic.value(), meta: atomic.meta() },
        None => Atomic::default(),
    });
    s.atomics = Slab::of(atomics, |atomic| atomic.meta.id == 0);
    let mut time = lock(&shared.time);
    s.timers = std::mem::take(&mut time.timers);
    s.contexts = std::mem::take(&mut time.contexts);
    s.queue = std::mem::take(&mut time.queue);
    drop(time);
    s.detector = std::mem::take(&mut *lock(&shared.detector));
    s
}

/// Moves a task out, with what stands beside it.
fn task<V: Copy + Default, B: Default>(
    shared: &Shared<V, B>,
    slot: u32,
    more_waiters: &mut std::collections::BTreeMap<u32, Vec<Entry>>,
) -> Task<V, B> {
    let Some(cell) = shared.tasks.get(slot) else { return Task::default() };
    let header = cell.header.lock();
    let mut task = std::mem::take(cell.frozen());
    task.ticket = cell.wait().ticket();
    if header.id == 0 {
        task.state = State::Free;
        task.id = 0;
        task.flags = 0;
        return task;
    }
    if header.ended {
        task.state = State::Ended;
        task.value = header.result;
    }
    let flags = [
        (header.joinable, flag::JOINABLE),
        (header.cancelled, flag::CANCELLED),
        (cell.flags.load(Ordering::Relaxed) & CANCEL != 0, flag::CANCEL),
    ];
    for (on, flag) in flags {
        task.flags = if on { task.flags | flag } else { task.flags & !flag };
    }
    task.waiter = header.waiter;
    if !header.more.entries().is_empty() {
        more_waiters.insert(slot, header.more.entries().to_vec());
    }
    task
}

/// The last tasks that ended on any worker.
fn ended<V, B>(shared: &Shared<V, B>) -> Vec<EndedTask> {
    let mut ended: Vec<EndedTask> = shared.lanes.iter().flat_map(|lane| lane.ended.frozen()).collect();
    ended.sort_by_key(|ended| (ended.clock, ended.task.id.0));
    ended
}
