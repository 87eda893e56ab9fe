//! Who is who in a trace: the names of all tasks and objects, and the time of every clock.
//!
//! A name needs to know how many others there are (`jobs#1` only where there is a `jobs#2`), so the trace is read once for this before it
//! is read for anything else. What is kept is 8 bytes for a task or an object and 16 for an anchor of the clock; words come from
//! [`crate::names`], the same as in reports and views.

use crate::chunk::Chunk;
use crate::event::{Kind, ObjectId, Site, TaskId};
use crate::events::{Event, Events};
use crate::finding::ObjectKind;
use crate::model::anchors::Anchors;
use crate::model::slots::Slots;
use crate::names;
use crate::program::ProgramInfo;
use crate::trace::Trace;
use rustc_hash::FxHashMap;
use std::io;
use std::num::NonZeroU32;
use std::sync::Arc;

/// Reads a trace event by event, holding a few chunks.
pub(super) fn each_event(trace: &dyn Trace, mut each: impl FnMut(&Event)) -> io::Result<()> {
    let mut events = Events::default();
    trace.each(&mut |chunk: &Chunk| {
        events.push(chunk, &mut each);
        events.trim(0);
    })
}

/// The same until an event could not be handled. (A trace can only be read to its end; the rest then is passed over.)
pub(super) fn try_each_event(trace: &dyn Trace, mut each: impl FnMut(&Event) -> io::Result<()>) -> io::Result<()> {
    let mut failed = Ok(());
    each_event(trace, |event| {
        if failed.is_ok() {
            failed = each(event);
        }
    })?;
    failed
}

/// An object: its kind and site in one word.
#[derive(Clone, Copy, Debug)]
struct Made {
    kind_site: u32,
    nth: NonZeroU32,
}

/// Names and times.
#[derive(Debug)]
pub(super) struct Directory {
    program: Arc<ProgramInfo>,
    /// Function and how-many-th.
    tasks: Slots<(u32, NonZeroU32)>,
    spawned: FxHashMap<u32, NonZeroU32>,
    objects: Slots<Made>,
    /// How many were made at a site.
    made: FxHashMap<Site, NonZeroU32>,
    anchors: Anchors,
    /// Workers that were seen.
    pub(super) workers: u32,
    /// Clock of the newest event.
    pub(super) end: u64,
}

impl Directory {
    /// Reads a trace.
    pub(super) fn of(trace: &dyn Trace) -> io::Result<Self> {
        let mut directory = Self {
            program: trace.program().clone(),
            tasks: Slots::default(),
            spawned: FxHashMap::default(),
            objects: Slots::default(),
            made: FxHashMap::default(),
            anchors: Anchors::default(),
            workers: 1,
            end: 0,
        };
        each_event(trace, |event| directory.event(event))?;
        Ok(directory)
    }

    fn event(&mut self, event: &Event) {
        self.end = event.clock;
        match event.kind {
            Kind::TaskSpawn | Kind::AsyncSpawn => self.task(event.object, event.arg),
            // Where the spawn is not in the recording.
            Kind::Switch => self.task(event.object, u32::MAX),
            Kind::Worker => {
                self.workers = self.workers.max(event.worker.saturating_add(1));
                self.task(event.arg, u32::MAX);
            }
            Kind::Anchor => self.anchors.push(event.clock, event.wide()),
            kind => {
                if let Some(kind) = made(kind) {
                    self.object(event.object, kind, event.site);
                }
            }
        }
    }

    fn task(&mut self, id: u32, function: u32) {
        if id != 0 && self.tasks.get(id).is_none() {
            let nth = next(self.spawned.get(&function));
            self.spawned.insert(function, nth);
            self.tasks.insert(id, (function, nth));
        }
    }

    fn object(&mut self, id: u32, kind: ObjectKind, site: Site) {
        let same = |made: &Made| made.kind_site & 0xff == kind as u32;
        // A repeated timer is set again and again under the same number.
        if id != 0 && !self.objects.get(id).is_some_and(same) {
            let nth = next(self.made.get(&site));
            self.made.insert(site, nth);
            self.objects.insert(id, Made { kind_site: kind as u32 | site.0 << 8, nth });
        }
    }

    /// The program.
    pub(super) fn program(&self) -> &ProgramInfo {
        &self.program
    }

    /// The time of a clock in nanoseconds: interpolated between anchors, the clock itself where there is none.
    pub(super) fn time(&self, clock: u64) -> u64 {
        self.anchors.time(clock)
    }

    /// The name of a task; `–` for none.
    pub(super) fn task_name(&self, id: TaskId) -> String {
        match self.tasks.get(id.0) {
            Some(&(function, nth)) => names::task_name(&self.program, function, nth.get()),
            None if id.0 == 0 => "–".to_string(),
            None => format!("task {}", id.0),
        }
    }

    /// The sort of an object, where it is known.
    pub(super) fn object_kind(&self, id: ObjectId) -> Option<ObjectKind> {
        ObjectKind::ALL.get((self.objects.get(id.0)?.kind_site & 0xff) as usize).copied()
    }

    /// The name of an object; `–` for none.
    pub(super) fn object_name(&self, id: ObjectId) -> String {
        match (self.objects.get(id.0), self.object_kind(id)) {
            (Some(made), Some(kind)) => {
                let site = Site(made.kind_site >> 8);
                let several = self.made.get(&site).is_some_and(|made| made.get() > 1);
                names::object_name(&self.program, kind, site, made.nth.get(), several)
            }
            _ if id.0 == 0 => "–".to_string(),
            _ => format!("object {}", id.0),
        }
    }
}

fn next(count: Option<&NonZeroU32>) -> NonZeroU32 {
    count.map_or(NonZeroU32::MIN, |count| count.saturating_add(1))
}

/// What an event makes.
fn made(kind: Kind) -> Option<ObjectKind> {
    Some(match kind {
        Kind::ChanMake => ObjectKind::Channel,
        Kind::MutexMake => ObjectKind::Mutex,
        Kind::RwMake => ObjectKind::RwLock,
        Kind::WaitGroupMake => ObjectKind::WaitGroup,
        Kind::OnceMake => ObjectKind::Once,
        Kind::BarrierMake => ObjectKind::Barrier,
        Kind::SemaphoreMake => ObjectKind::Semaphore,
        Kind::AtomicMake => ObjectKind::Atomic,
        Kind::Sleep | Kind::TimerSet => ObjectKind::Timer,
        Kind::ContextMake => ObjectKind::Context,
        _ => return None,
    })
}

/// Names that are asked for again and again, so many that they stay small.
#[derive(Debug, Default)]
pub(super) struct Names {
    tasks: FxHashMap<u32, Arc<str>>,
    objects: FxHashMap<u32, Arc<str>>,
}

/// Names that are kept.
const KEPT: usize = 1 << 16;

impl Names {
    /// The name of a task.
    pub(super) fn task(&mut self, directory: &Directory, id: u32) -> Arc<str> {
        if self.tasks.len() >= KEPT {
            self.tasks.clear();
        }
        self.tasks.entry(id).or_insert_with(|| directory.task_name(TaskId(id)).into()).clone()
    }

    /// The name of an object.
    pub(super) fn object(&mut self, directory: &Directory, id: u32) -> Arc<str> {
        if self.objects.len() >= KEPT {
            self.objects.clear();
        }
        self.objects.entry(id).or_insert_with(|| directory.object_name(ObjectId(id)).into()).clone()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kinds_of_objects_are_numbered_as_the_table_says() {
        for (number, &kind) in ObjectKind::ALL.iter().enumerate() {
            assert_eq!(kind as usize, number);
        }
    }
}
