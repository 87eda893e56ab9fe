//! Every object that was made: its sort, where, and the how-many-th of its site.

use super::Analysis;
use super::slots::Slots;
use crate::archive::codec::{Reader, Writer};
use crate::event::{ObjectId, Site, TaskId};
use crate::events::Event;
use crate::finding::ObjectKind;
use rustc_hash::FxHashMap;

/// An object.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Object {
    /// Its sort.
    pub kind: ObjectKind,
    /// Where it was made.
    pub made_at: Site,
    /// Who made it.
    pub made_by: TaskId,
    /// Clock when it was made.
    pub start: u64,
    /// The how-many-th object made there, from 1.
    pub nth: u32,
    /// A channel's capacity, a barrier's parties, a semaphore's permits.
    pub size: u32,
}

/// All objects.
#[derive(Debug, Default)]
pub struct Objects {
    objects: Slots<Object>,
    made: FxHashMap<Site, u32>,
}

impl Objects {
    /// How many were made.
    pub fn len(&self) -> usize {
        self.objects.len()
    }

    /// Whether none was made.
    pub fn is_empty(&self) -> bool {
        self.objects.is_empty()
    }

    /// An object.
    pub fn get(&self, id: ObjectId) -> Option<&Object> {
        self.objects.get(id.0)
    }

    /// All in order of creation.
    pub fn iter(&self) -> impl Iterator<Item = (ObjectId, &Object)> {
        self.objects.iter().map(|(number, object)| (ObjectId(number), object))
    }

    /// Forgets timers made before a clock: every sleep makes one.
    pub(crate) fn trim(&mut self, clock: u64) {
        self.objects.retain(|_, object| object.kind != ObjectKind::Timer || object.start >= clock);
    }

    pub(crate) fn write(&self, to: &mut Writer) {
        to.length(self.objects.len());
        let (mut id, mut start) = (0, 0);
        for (number, object) in self.objects.iter() {
            to.rise(number, &mut id);
            to.number(object.kind as u8);
            for number in [object.made_at.0, object.made_by.0, object.nth, object.size] {
                to.number(number);
            }
            to.near(object.start, start);
            start = object.start;
        }
    }

    pub(crate) fn read(from: &mut Reader) -> Option<Self> {
        let mut objects = Self::default();
        let (mut id, mut start) = (0, 0);
        for _ in 0..from.length(7)? {
            let number = u32::try_from(from.rise(&mut id)?).ok()?;
            let kind = *ObjectKind::ALL.get(usize::from(from.byte()?))?;
            let (made_at, made_by) = (Site(from.word()?), TaskId(from.word()?));
            let (nth, size) = (from.word()?, from.word()?);
            start = from.near(start)?;
            objects.objects.insert(number, Object { kind, made_at, made_by, start, nth, size });
            let made = objects.made.entry(made_at).or_insert(0);
            *made = nth.max(*made);
        }
        Some(objects)
    }

    /// How many were made at a site.
    pub fn made_at(&self, site: Site) -> u32 {
        self.made.get(&site).copied().unwrap_or(0)
    }
}

impl Analysis for Objects {
    fn made(&mut self, id: ObjectId, kind: ObjectKind, size: u32, at: &Event) {
        // A repeated timer is set again and again under the same number.
        if self.objects.get(id.0).is_some_and(|object| object.kind == kind) {
            return;
        }
        let nth = self.made.entry(at.site).or_insert(0);
        *nth += 1;
        let object = Object { kind, made_at: at.site, made_by: at.task, start: at.clock, nth: *nth, size };
        self.objects.insert(id.0, object);
    }
}
