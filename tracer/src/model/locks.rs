//! What each lock (mutex, read-write lock, semaphore, once) cost: acquisitions, contention, time waited and held.

use super::Analysis;
use super::slots::Slots;
use crate::archive::codec::{Reader, Writer};
use crate::event::{ObjectId, TaskId};
use crate::events::Event;
use crate::finding::ObjectKind;

/// A lock's history in numbers. Who holds it and who waits now says [`super::now::Now`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Lock {
    /// Mutex, read-write lock, semaphore or once.
    pub kind: ObjectKind,
    /// How often it was taken.
    pub acquired: u64,
    /// How often that took a wait.
    pub contended: u64,
    /// Ticks that tasks waited for it, all together.
    pub wait_ticks: u64,
    /// The longest of these waits.
    pub longest_wait: u64,
    /// Ticks that it was held; shared holders count each.
    pub hold_ticks: u64,
    /// The longest time that somebody held it.
    pub longest_hold: u64,
}

/// All locks.
#[derive(Debug, Default)]
pub struct Locks {
    locks: Slots<Lock>,
}

impl Locks {
    /// A lock.
    pub fn get(&self, id: ObjectId) -> Option<&Lock> {
        self.locks.get(id.0)
    }

    /// All in order of creation.
    pub fn iter(&self) -> impl Iterator<Item = (ObjectId, &Lock)> {
        self.locks.iter().map(|(number, lock)| (ObjectId(number), lock))
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.locks.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.locks.is_empty()
    }

    pub(crate) fn write(&self, to: &mut Writer) {
        to.length(self.locks.len());
        let mut id = 0;
        for (number, lock) in self.locks.iter() {
            to.rise(number, &mut id);
            to.number(lock.kind as u8);
            let costs = [lock.acquired, lock.contended, lock.wait_ticks, lock.longest_wait];
            costs.into_iter().chain([lock.hold_ticks, lock.longest_hold]).for_each(|cost| to.number(cost));
        }
    }

    pub(crate) fn read(from: &mut Reader) -> Option<Self> {
        let mut locks = Slots::default();
        let mut id = 0;
        for _ in 0..from.length(8)? {
            let number = u32::try_from(from.rise(&mut id)?).ok()?;
            let lock = Lock {
                kind: *ObjectKind::ALL.get(usize::from(from.byte()?))?,
                acquired: from.number()?,
                contended: from.number()?,
                wait_ticks: from.number()?,
                longest_wait: from.number()?,
                hold_ticks: from.number()?,
                longest_hold: from.number()?,
            };
            locks.insert(number, lock);
        }
        Some(Self { locks })
    }
}

impl Analysis for Locks {
    fn made(&mut self, id: ObjectId, kind: ObjectKind, _size: u32, _at: &Event) {
        if matches!(kind, ObjectKind::Mutex | ObjectKind::RwLock | ObjectKind::Semaphore | ObjectKind::Once) {
            let lock = Lock {
                kind,
                acquired: 0,
                contended: 0,
                wait_ticks: 0,
                longest_wait: 0,
                hold_ticks: 0,
                longest_hold: 0,
            };
            self.locks.insert(id.0, lock);
        }
    }

    fn acquired(&mut self, id: ObjectId, _task: TaskId, waited: Option<u64>, _at: &Event) {
        let Some(lock) = self.locks.get_mut(id.0) else { return };
        lock.acquired += 1;
        if let Some(ticks) = waited {
            lock.contended += 1;
            lock.wait_ticks = lock.wait_ticks.saturating_add(ticks);
            lock.longest_wait = lock.longest_wait.max(ticks);
        }
    }

    fn released(&mut self, id: ObjectId, _task: TaskId, held: u64, _at: &Event) {
        let Some(lock) = self.locks.get_mut(id.0) else { return };
        lock.hold_ticks = lock.hold_ticks.saturating_add(held);
        lock.longest_hold = lock.longest_hold.max(held);
    }
}
