//! Who and what is mentioned in which block: so that the next event of a rare task among a hundred million is found without
//! decoding what lies between.
//!
//! For each block the numbers of the tasks, objects and sites in it, sorted, as distances: a byte or two each.

use super::codec::{Reader, Writer};
use crate::event::{Field, Kind, ObjectId, Site, TaskId};
use crate::events::Event;

/// What events are looked for by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Subject {
    /// The events of a task: in its name.
    Task(TaskId),
    /// The events about an object.
    Object(ObjectId),
    /// The events of a place in the code: one for each iteration.
    Site(Site),
}

impl Subject {
    /// Whether an event is one of them.
    pub fn has(&self, event: &Event) -> bool {
        match *self {
            Subject::Task(task) => actor(event) == Some(task),
            Subject::Object(object) => object_of(event) == Some(object),
            Subject::Site(site) => !event.kind.is_bookkeeping() && event.site == site,
        }
    }
}

/// The task in whose name an event is; timers fire in nobody's.
pub fn actor(event: &Event) -> Option<TaskId> {
    let nobody = event.kind == Kind::TimerFire || event.kind.is_bookkeeping() || event.task.0 == 0;
    (!nobody).then_some(event.task)
}

/// The object that an event is about.
pub fn object_of(event: &Event) -> Option<ObjectId> {
    (event.kind.object_field() == Field::Object && event.object != 0).then_some(ObjectId(event.object))
}

/// The numbers in the block at hand.
#[derive(Debug, Default)]
pub(crate) struct Collector {
    tasks: Vec<u32>,
    objects: Vec<u32>,
    sites: Vec<u32>,
}

fn note(numbers: &mut Vec<u32>, number: u32) {
    if number != 0 && numbers.last() != Some(&number) {
        numbers.push(number);
        // Sorted out now and then: a block has a few numbers, again and again.
        if numbers.len() >= 512 && numbers.len().is_power_of_two() {
            numbers.sort_unstable();
            numbers.dedup();
        }
    }
}

impl Collector {
    /// One more event of the block.
    #[inline]
    pub(crate) fn event(&mut self, event: &Event) {
        note(&mut self.tasks, event.task.0);
        let of_task = |field| matches!(field, Field::Task | Field::Woken);
        match event.kind.object_field() {
            Field::Object => note(&mut self.objects, event.object),
            field if of_task(field) => note(&mut self.tasks, event.object),
            _ => {}
        }
        match event.kind.arg_field() {
            Field::Object => note(&mut self.objects, event.arg),
            field if of_task(field) => note(&mut self.tasks, event.arg),
            _ => {}
        }
        if !event.kind.is_bookkeeping() {
            // Site 0 is a place as well.
            note(&mut self.sites, event.site.0 + 1);
        }
    }

    /// The block is over.
    pub(crate) fn finish(&mut self, filters: &mut Filters) {
        let mut to = Writer(std::mem::take(&mut filters.bytes));
        for numbers in [&mut self.tasks, &mut self.objects, &mut self.sites] {
            numbers.sort_unstable();
            numbers.dedup();
            to.length(numbers.len());
            let mut before = 0;
            numbers.iter().for_each(|&number| to.rise(number, &mut before));
            numbers.clear();
        }
        filters.bytes = to.0;
        filters.ends.push(filters.bytes.len());
    }
}

/// The numbers of all blocks.
#[derive(Debug, Default)]
pub(crate) struct Filters {
    bytes: Vec<u8>,
    /// Where those of each block end.
    ends: Vec<usize>,
}

impl Filters {
    /// Whether a block may have events of a subject: `false` is certain. A task is also in the blocks in which something
    /// is done to it.
    pub(crate) fn may_have(&self, block: usize, subject: Subject) -> bool {
        let Some(&end) = self.ends.get(block) else { return true };
        let start = block.checked_sub(1).and_then(|before| self.ends.get(before)).copied().unwrap_or(0);
        let Some(bytes) = self.bytes.get(start..end) else { return true };
        let (list, number) = match subject {
            Subject::Task(task) => (0, task.0),
            Subject::Object(object) => (1, object.0),
            Subject::Site(site) => (2, site.0.saturating_add(1)),
        };
        contains(&mut Reader(bytes), list, number).unwrap_or(true)
    }

    pub(crate) fn write(&self, to: &mut Writer) {
        to.length(self.ends.len());
        let mut before = 0;
        self.ends.iter().for_each(|&end| to.rise(end as u64, &mut before));
        to.bytes(&self.bytes);
    }

    pub(crate) fn read(blocks: usize, from: &mut Reader) -> Option<Self> {
        let length = from.length(1).filter(|&length| length == blocks)?;
        let mut end = 0;
        let mut ends = Vec::with_capacity(length);
        for _ in 0..length {
            ends.push(usize::try_from(from.rise(&mut end)?).ok()?);
        }
        Some(Self { bytes: from.bytes()?.to_vec(), ends })
    }
}

fn contains(from: &mut Reader, list: usize, number: u32) -> Option<bool> {
    for at in 0..=list {
        let mut before = 0;
        let length = from.length(1)?;
        for _ in 0..length {
            let other = from.rise(&mut before)?;
            if at == list && other >= u64::from(number) {
                return Some(other == u64::from(number));
            }
        }
    }
    Some(false)
}
