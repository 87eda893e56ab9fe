//! What every analysis may ask while it is told of a change: the tasks alive, the objects made, their names, the run's bounds.
//!
//! Tasks that have ended leave it, and so do the timers of sleeps, so that it is as large as what is alive at once, and the
//! objects made.

use super::read::Reader;
use super::time::Time;
use crate::about::{About, Ending};
use crate::event::{Kind, ObjectId, Site, TaskId};
use crate::events::Event;
use crate::finding::{ObjectKind, WaitReason};
use crate::model::slots::Slots;
use crate::model::state::TaskState;
use crate::names;
use crate::program::ProgramInfo;
use crate::trace::Trace;
use rustc_hash::FxHashMap;
use std::ops::Range;
use std::sync::Arc;

/// A live task, in the state that it is in or about to leave.
#[derive(Clone, Copy, Debug)]
pub struct Live {
    /// Its number.
    pub id: TaskId,
    /// Index of its function in the program's table; past its end where the recording does not say.
    pub function: u32,
    /// The how-many-th task of that function it is, from 1.
    pub nth: u32,
    /// Who spawned it; 0 for `main`.
    pub parent: TaskId,
    /// Where.
    pub spawned_at: Site,
    /// Time when it was.
    pub born: u64,
    /// Its state.
    pub state: TaskState,
    /// Time when it came into it.
    pub since: u64,
    /// Where in the code it came into it.
    pub site: Site,
    /// The event with which it did.
    pub event: u64,
    /// What it waits for where it is blocked: an [`ObjectId`] or, for an await, a [`TaskId`]; 0 for a select and for none.
    pub on: u32,
    /// For an await: the function of the awaited task; past the table's end where it is not known.
    pub awaits: u32,
    /// How long it has run, the present slice left out.
    pub running: u64,
}

/// A task's state is over.
#[derive(Clone, Copy, Debug)]
pub struct Change<'a> {
    /// The task, as it was in that state.
    pub task: &'a Live,
    /// How long that was, in nanoseconds.
    pub ns: u64,
    /// What it does next; `None` where the run ends in that state.
    pub to: Option<TaskState>,
    /// The event with which the state changed; the last one at the end of the run.
    pub at: &'a Event<'a>,
}

impl Change<'_> {
    /// Why it was blocked, if it was.
    pub fn wait(&self) -> Option<WaitReason> {
        match self.task.state {
            TaskState::Blocked(reason) => Some(reason),
            _ => None,
        }
    }

    /// What a wait was for: the object, of a select the one that ended it; the function of an awaited task; nothing where nothing
    /// has a name (sleeping, calls into C).
    pub fn target(&self) -> Target {
        match self.wait() {
            None | Some(WaitReason::Sleep | WaitReason::Io) => Target::Nothing,
            Some(WaitReason::Await) => Target::Function(self.task.awaits),
            Some(WaitReason::Select) => match (self.to, self.at.kind) {
                (Some(_), Kind::Send | Kind::Recv | Kind::Close) => Target::Object(ObjectId(self.at.object)),
                _ => Target::Nothing,
            },
            Some(_) => Target::Object(ObjectId(self.task.on)),
        }
    }
}

/// What a task waited for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Target {
    /// Nothing with a name.
    Nothing,
    /// An object.
    Object(ObjectId),
    /// A task of this function.
    Function(u32),
}

/// An object.
#[derive(Clone, Copy, Debug)]
pub struct Object {
    /// Its sort.
    pub kind: ObjectKind,
    /// Where it was made.
    pub made_at: Site,
    /// When.
    pub born: u64,
    /// The how-many-th object made there, from 1.
    pub nth: u32,
    /// A channel's capacity, a barrier's parties, a semaphore's permits.
    pub size: u32,
}

/// What is known of the run so far.
#[derive(Debug, Default)]
pub struct Known {
    /// The program.
    pub program: Arc<ProgramInfo>,
    /// What was run.
    pub about: About,
    /// How it ended.
    pub ending: Option<Ending>,
    /// Time of the first event.
    pub start: u64,
    /// Time of the last event.
    pub end: u64,
    /// Whether times are those of the virtual clock.
    pub is_virtual: bool,
    /// Events, lost ones included.
    pub events: u64,
    /// Events that were lost.
    pub dropped: u64,
    tasks: FxHashMap<TaskId, Live>,
    functions: FxHashMap<u32, u32>,
    objects: Slots<Object>,
    made: FxHashMap<Site, u32>,
    created: u64,
    objects_made: u64,
}

impl Known {
    /// What is known after the first reading; `clocks` are those of the first and the last event.
    pub(super) fn of(trace: &dyn Trace, reader: &Reader, time: &Time, clocks: Range<u64>) -> Self {
        Self {
            program: trace.program().clone(),
            about: trace.about().clone(),
            ending: trace.ending().cloned(),
            start: time.at(clocks.start),
            end: time.at(clocks.end),
            is_virtual: time.is_virtual(),
            events: reader.end,
            dropped: reader.dropped,
            ..Self::default()
        }
    }

    /// How long the run took, in nanoseconds.
    pub fn duration(&self) -> u64 {
        self.end.saturating_sub(self.start)
    }

    /// A live task.
    pub fn task(&self, id: TaskId) -> Option<&Live> {
        self.tasks.get(&id)
    }

    /// How many tasks are alive.
    pub fn alive(&self) -> u64 {
        self.tasks.len() as u64
    }

    /// How many tasks were created.
    pub fn created(&self) -> u64 {
        self.created
    }

    /// How many objects were made, the timers of sleeps left out.
    pub fn objects_made(&self) -> u64 {
        self.objects_made
    }

    /// An object.
    pub fn object(&self, id: ObjectId) -> Option<&Object> {
        self.objects.get(id.0)
    }

    /// All objects in the order of their numbers.
    pub fn objects(&self) -> impl Iterator<Item = (ObjectId, &Object)> {
        self.objects.iter().map(|(number, object)| (ObjectId(number), object))
    }

    /// The name of a function; `?` where it has none.
    pub fn function(&self, function: u32) -> &str {
        self.program.functions.get(function as usize).map_or("?", |info| info.name.as_str())
    }

    /// The name of a task: `worker#3`.
    pub fn task_name(&self, task: &Live) -> String {
        names::task_name(&self.program, task.function, task.nth)
    }

    /// The name of an object as the program has it: `jobs`, `fork[2]`. Only final when the whole run is known.
    pub fn object_name(&self, id: ObjectId) -> String {
        match self.objects.get(id.0) {
            Some(object) => {
                let several = self.made.get(&object.made_at).is_some_and(|&count| count > 1);
                names::object_name(&self.program, object.kind, object.made_at, object.nth, several)
            }
            None => format!("object {}", id.0),
        }
    }

    /// The name of what a task waited for.
    pub fn target_name(&self, target: Target) -> Option<String> {
        match target {
            Target::Nothing => None,
            Target::Object(object) => Some(self.object_name(object)),
            Target::Function(function) => Some(format!("task {}", self.function(function))),
        }
    }

    /// `file:line:column` of a site.
    pub fn place(&self, site: Site) -> String {
        self.program.locate(site)
    }

    /// Whether the run came to its end, so that what is left then is left for good.
    pub fn is_whole(&self) -> bool {
        use crate::finding::Verdict;
        self.ending
            .as_ref()
            .is_some_and(|ending| !matches!(ending.verdict, Verdict::TimeLimit) && ending.note.is_empty())
    }

    pub(super) fn spawned(&mut self, id: TaskId, parent: TaskId, function: u32, at: &Event) -> Live {
        let nth = self.functions.entry(function).or_insert(0);
        *nth += 1;
        self.created += 1;
        let live = Live {
            id,
            function,
            nth: *nth,
            parent,
            spawned_at: at.site,
            born: at.clock,
            state: TaskState::Ready,
            since: at.clock,
            site: at.site,
            event: at.ordinal,
            on: 0,
            awaits: u32::MAX,
            running: 0,
        };
        self.tasks.insert(id, live);
        live
    }

    /// Follows a change of state; gives the task as it was before, and how long that was. `None` where nothing changed.
    pub(super) fn state(&mut self, id: TaskId, to: TaskState, at: &Event) -> Option<(Live, u64)> {
        let awaits = match to {
            TaskState::Blocked(WaitReason::Await) => {
                self.tasks.get(&TaskId(at.object)).map_or(u32::MAX, |of| of.function)
            }
            _ => u32::MAX,
        };
        let task = self.tasks.get_mut(&id)?;
        let before = *task;
        let ns = at.clock.saturating_sub(before.since);
        if before.state == to && ns == 0 {
            return None;
        }
        if before.state == TaskState::Running {
            task.running += ns;
        }
        task.state = to;
        task.since = at.clock;
        task.event = at.ordinal;
        // A task that is woken stays where it was.
        if before.state == TaskState::Running {
            task.site = at.site;
        }
        task.on = if matches!(to, TaskState::Blocked(_)) { at.object } else { 0 };
        task.awaits = awaits;
        if to.ended() {
            self.tasks.remove(&id);
        }
        Some((before, ns))
    }

    pub(super) fn made(&mut self, id: ObjectId, kind: ObjectKind, size: u32, at: &Event) -> bool {
        // Every sleep makes a timer that nobody speaks of; a repeated timer is set again and again under the same number.
        if at.kind == Kind::Sleep || self.objects.get(id.0).is_some_and(|object| object.kind == kind) {
            return false;
        }
        let nth = self.made.entry(at.site).or_insert(0);
        *nth += 1;
        self.objects.insert(id.0, Object { kind, made_at: at.site, born: at.clock, nth: *nth, size });
        self.objects_made += 1;
        true
    }

    /// Those alive, in the order of their numbers.
    pub(super) fn living(&self) -> Vec<Live> {
        let mut living: Vec<Live> = self.tasks.values().copied().collect();
        living.sort_unstable_by_key(|task| task.id);
        living
    }
}
