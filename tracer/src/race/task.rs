//! What the detector knows of a task.

use super::clock::Clock;
use crate::event::{Kind, Site, TaskId};
use crate::finding::TaskRef;
use std::sync::Arc;

/// A synchronisation that a task did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sync {
    /// The operation.
    pub kind: Kind,
    /// Number of its object, or of the task that was awaited.
    pub object: u32,
    /// Where.
    pub site: u32,
    /// When.
    pub clock: u64,
}

/// What all accesses of a task between two of its synchronisations have in common.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Segment {
    /// The synchronisation before; `None` since the task began.
    pub last: Option<Sync>,
    /// Locks held, and where they were taken.
    pub held: Vec<(u32, u32)>,
}

/// The operation in which a task is blocked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Wait {
    /// The operation.
    pub kind: Kind,
    /// Number of its object.
    pub object: u32,
    /// Where.
    pub site: u32,
}

/// A task.
#[derive(Clone, Debug)]
pub struct Task {
    /// Who it is, for findings.
    pub who: TaskRef,
    /// What happened before its next step, its own segments included.
    pub clock: Clock,
    /// Its segments so far: the number of the one that it is in.
    pub count: u32,
    /// Stands for everything that its next step depends on; see [`super::fingerprint`].
    pub hash: u64,
    /// What it waits in.
    pub wait: Option<Wait>,
    /// The arms of the select that it waits in: channels that it wants to receive from.
    pub arms: Vec<u32>,
    /// Locks held, and where they were taken.
    pub held: Vec<(u32, u32)>,
    /// Its last synchronisation.
    pub last: Option<Sync>,
    /// The segment that it is in, once it accessed something there.
    pub segment: Option<Arc<Segment>>,
    /// The number of the last segment in which it accessed anything.
    pub accessed: u32,
    /// Whether it has ended.
    pub ended: bool,
}

impl Task {
    /// A task that begins, with nothing before it.
    pub fn new(id: u32, function: u32, nth: u32, spawned_at: u32) -> Self {
        let mut clock = Clock::default();
        clock.raise(id, 1);
        Self {
            who: TaskRef { id: TaskId(id), function, nth, spawned_at: Site(spawned_at) },
            clock,
            count: 1,
            hash: 0,
            wait: None,
            arms: Vec::new(),
            held: Vec::new(),
            last: None,
            segment: None,
            accessed: 0,
            ended: false,
        }
    }

    /// A synchronisation is over: what comes next is another segment.
    pub fn synchronised(&mut self, sync: Sync) {
        self.count = self.count.saturating_add(1);
        self.clock.raise(self.who.id.0, self.count);
        self.last = Some(sync);
        self.segment = None;
    }

    /// The segment that it is in.
    pub fn segment(&mut self) -> &Arc<Segment> {
        self.accessed = self.count;
        let Self { segment, last, held, .. } = self;
        segment.get_or_insert_with(|| Arc::new(Segment { last: *last, held: held.clone() }))
    }
}
