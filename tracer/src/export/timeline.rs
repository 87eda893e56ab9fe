//! The events of a run as what timeline viewers draw: for each task what it is doing, what goes from one task to another, and levels.
//!
//! The state machine of [`crate::model::now`] is fed event by event and says what changed; a [`Viewer`] is told of it in an order in
//! which it can be written at once:
//!
//! - a task begins and ends *slices* (`running`, `ready`, `waits to receive from jobs`), one at a time;
//! - an event that another one goes back to (a send to its receive, an unlock to the wake-up) begins a *flow*, which has the event's number;
//!   the instant or the slice that it leads to ends it;
//! - channel lengths and the number of running tasks are *counters*.
//!
//! Nothing is held but what is alive: open slices, messages under way, and the names of [`Directory`].

use super::directory::{Directory, Names, try_each_event};
use crate::event::{Kind, ObjectId, Site, TaskId};
use crate::events::Event;
use crate::finding::{ObjectKind, WaitReason};
use crate::model::Analysis;
use crate::model::now::Now;
use crate::model::slots::Slots;
use crate::model::state::TaskState;
use crate::names;
use crate::trace::Trace;
use rustc_hash::FxHashMap;
use std::collections::VecDeque;
use std::io;
use std::ops::Range;
use std::sync::Arc;

/// What a task does for a while.
#[derive(Clone, Debug)]
pub(super) struct Slice {
    /// Since when, in nanoseconds.
    pub(super) start: u64,
    /// Its state.
    pub(super) state: TaskState,
    /// In words: `running`, `waits to receive from jobs`.
    pub(super) label: Arc<str>,
    /// Where in the program.
    pub(super) site: Site,
    /// The event with which it began.
    pub(super) event: u64,
}

/// A point on a task's track.
pub(super) struct Instant<'a> {
    pub(super) time: u64,
    /// When the slice that it is in began.
    pub(super) slice: u64,
    pub(super) event: &'a Event<'a>,
    /// What the event is about, in words: `jobs`, a text, nothing.
    pub(super) about: Arc<str>,
}

/// What a counter counts.
#[derive(Clone, Debug)]
pub(super) enum Counter {
    /// Tasks that run.
    Running,
    /// A channel's length.
    Length(ObjectId, Arc<str>),
}

/// Writes a timeline. Times never go back.
pub(super) trait Viewer {
    /// A task, before anything else of it.
    fn task(&mut self, task: TaskId, name: &str, time: u64) -> io::Result<()>;
    /// It begins a slice: `from` is the flow that leads here, `to` the one that begins here.
    fn begin(&mut self, task: TaskId, slice: &Slice, from: Option<u64>, to: Option<u64>) -> io::Result<()>;
    /// A slice that had begun is over.
    fn end(&mut self, task: TaskId, slice: &Slice, time: u64) -> io::Result<()>;
    /// Something happened in a slice of this task: `from` and `to` as for slices.
    fn instant(&mut self, task: TaskId, at: &Instant, from: &[u64], to: Option<u64>) -> io::Result<()>;
    /// A level changed.
    fn counter(&mut self, counter: &Counter, time: u64, value: u64) -> io::Result<()>;
}

/// What one event changed.
#[derive(Debug, Default)]
struct Changes {
    spawned: Vec<TaskId>,
    states: Vec<(TaskId, TaskState)>,
    levels: Vec<(ObjectId, u32)>,
    /// Sends of values not received yet, by channel.
    queues: Slots<VecDeque<u64>>,
    /// Values taken at this event, by their sends.
    taken: Vec<u64>,
    channels: Vec<ObjectId>,
}

impl Analysis for Changes {
    fn spawned(&mut self, task: TaskId, _parent: TaskId, _function: u32, _at: &Event) {
        self.spawned.push(task);
    }

    fn state(&mut self, task: TaskId, to: TaskState, _at: &Event) {
        self.states.push((task, to));
    }

    fn made(&mut self, object: ObjectId, kind: ObjectKind, _size: u32, _at: &Event) {
        if kind == ObjectKind::Channel {
            self.channels.push(object);
        }
    }

    fn level(&mut self, object: ObjectId, level: u32, _at: &Event) {
        self.levels.push((object, level));
    }

    fn queued(&mut self, channel: ObjectId, send: u64, _at: &Event) {
        match self.queues.get_mut(channel.0) {
            Some(queue) => queue.push_back(send),
            None => self.queues.insert(channel.0, VecDeque::from([send])),
        }
    }

    fn took(&mut self, channel: ObjectId, _receive: u64, _at: &Event) {
        self.taken.extend(self.queues.get_mut(channel.0).and_then(VecDeque::pop_front));
    }
}

/// What is being shown.
struct Timeline<'a> {
    directory: Directory,
    names: Names,
    labels: FxHashMap<(u8, u32), Arc<str>>,
    open: FxHashMap<TaskId, Slice>,
    /// Objects whose level is shown, by number.
    channels: Slots<()>,
    running: u64,
    /// The newest time: it never goes back.
    time: u64,
    /// Nothing is told before this time.
    from: u64,
    viewer: &'a mut dyn Viewer,
}

/// Shows the events of these times to a viewer. A slice that was open when they begin begins with them.
pub(super) fn show(trace: &dyn Trace, times: &Range<u64>, viewer: &mut dyn Viewer) -> io::Result<()> {
    let directory = Directory::of(trace)?;
    let last = directory.time(directory.end).min(times.end);
    let mut timeline = Timeline {
        directory,
        names: Names::default(),
        labels: FxHashMap::default(),
        open: FxHashMap::default(),
        channels: Slots::default(),
        running: 0,
        time: 0,
        from: times.start,
        viewer,
    };
    let (mut now, mut changes, mut over) = (Now::default(), Changes::default(), false);
    try_each_event(trace, |event| {
        over |= timeline.directory.time(event.clock) >= times.end;
        if over {
            return Ok(());
        }
        timeline.opened(timeline.directory.time(event.clock))?;
        now.apply(event, &mut changes);
        let told = timeline.event(event, &changes, &now);
        changes.spawned.clear();
        changes.states.clear();
        changes.levels.clear();
        changes.taken.clear();
        changes.channels.clear();
        told
    })?;
    timeline.opened(last)?;
    timeline.finish(last)
}

impl Timeline<'_> {
    /// Whether the times to show have begun.
    fn shown(&self) -> bool {
        self.time >= self.from
    }

    /// Time has come to here: where the times to show begin now, so does what was going on.
    fn opened(&mut self, time: u64) -> io::Result<()> {
        let before = self.time;
        self.time = self.time.max(time);
        if before >= self.from || !self.shown() {
            return Ok(());
        }
        let mut tasks: Vec<TaskId> = self.open.keys().copied().collect();
        tasks.sort_unstable();
        for task in tasks {
            if let Some(slice) = self.open.get_mut(&task) {
                slice.start = slice.start.max(self.from);
                self.viewer.task(task, &self.names.task(&self.directory, task.0), self.from)?;
                self.viewer.begin(task, slice, None, None)?;
            }
        }
        Ok(())
    }

    fn event(&mut self, event: &Event, changes: &Changes, now: &Now) -> io::Result<()> {
        let time = self.time;
        if self.shown() {
            for &task in &changes.spawned {
                self.viewer.task(task, &self.names.task(&self.directory, task.0), time)?;
            }
        }
        for &channel in &changes.channels {
            self.channels.insert(channel.0, ());
            self.level(channel, 0)?;
        }
        // A task that blocks here says so by its slice; what else it does is a point of its own.
        let wakes = changes.states.iter().any(|&(task, state)| task != event.task && state == TaskState::Ready);
        let slice = self.open.get(&event.task).filter(|_| is_point(event)).map(|slice| slice.start);
        if let Some(slice) = slice.filter(|_| self.shown()) {
            let sends = event.kind == Kind::Send;
            let at = Instant { time, slice, event, about: self.about(event) };
            let received = changes.taken.iter().copied().filter(|&send| send != event.ordinal);
            let received: Vec<u64> = if event.kind == Kind::Recv { received.collect() } else { Vec::new() };
            self.viewer.instant(event.task, &at, &received, (sends || wakes).then_some(event.ordinal))?;
        }
        let running = self.running;
        for &(task, state) in &changes.states {
            let from = (slice.is_some() && task != event.task && state == TaskState::Ready).then_some(event.ordinal);
            self.state(task, state, from, event, now)?;
        }
        if running != self.running && self.shown() {
            self.viewer.counter(&Counter::Running, time, self.running)?;
        }
        for &(object, level) in &changes.levels {
            if self.channels.get(object.0).is_some() {
                self.level(object, level)?;
            }
        }
        Ok(())
    }

    fn level(&mut self, channel: ObjectId, level: u32) -> io::Result<()> {
        if !self.shown() {
            return Ok(());
        }
        let name = self.names.object(&self.directory, channel.0);
        self.viewer.counter(&Counter::Length(channel, name), self.time, level.into())
    }

    /// A task's state changed; `from` is the event on another task's track that made it so.
    fn state(&mut self, task: TaskId, state: TaskState, from: Option<u64>, event: &Event, now: &Now) -> io::Result<()> {
        if let Some(slice) = self.open.remove(&task) {
            running_less(&mut self.running, slice.state);
            if self.shown() {
                self.viewer.end(task, &slice, self.time)?;
            }
        }
        if !state.ended() {
            let blocked = matches!(state, TaskState::Blocked(_));
            let on = now.task(task).map_or(0, |now| now.on);
            let site = if blocked { event.site } else { now.task(task).map_or(event.site, |now| now.site) };
            let label = self.label(state, if blocked { on } else { 0 });
            let slice = Slice { start: self.time, state, label, site, event: event.ordinal };
            let sends = state == TaskState::Blocked(WaitReason::Send);
            self.running += u64::from(state == TaskState::Running);
            if self.shown() {
                self.viewer.begin(task, &slice, from, sends.then_some(event.ordinal))?;
            }
            self.open.insert(task, slice);
        }
        Ok(())
    }

    /// What a task in a state does, in words.
    fn label(&mut self, state: TaskState, on: u32) -> Arc<str> {
        // Every sleep has a timer of its own, and all of them look the same.
        let on = if state == TaskState::Blocked(WaitReason::Sleep) { 0 } else { on };
        if self.labels.len() > 1 << 16 {
            self.labels.clear();
        }
        if let Some(label) = self.labels.get(&(state.code(), on)) {
            return label.clone();
        }
        let label: Arc<str> = match state {
            TaskState::Blocked(WaitReason::Select) => "waits in a select".into(),
            TaskState::Blocked(WaitReason::Await) => {
                names::wait_phrase(WaitReason::Await, &self.names.task(&self.directory, on)).into()
            }
            TaskState::Blocked(reason) => names::wait_phrase(reason, &self.names.object(&self.directory, on)).into(),
            state => state.name().into(),
        };
        self.labels.insert((state.code(), on), label.clone());
        label
    }

    /// What an event is about, in words.
    fn about(&mut self, event: &Event) -> Arc<str> {
        use crate::event::Field;
        match event.kind.object_field() {
            Field::TextAt => event.text.into(),
            Field::Object if event.object != 0 => self.names.object(&self.directory, event.object),
            Field::Task if event.object != 0 => self.names.task(&self.directory, event.object),
            _ => "".into(),
        }
    }

    fn finish(&mut self, time: u64) -> io::Result<()> {
        let time = time.max(self.time);
        let mut tasks: Vec<TaskId> = self.open.keys().copied().collect();
        tasks.sort_unstable();
        for task in tasks {
            if let Some(slice) = self.open.remove(&task).filter(|_| time >= self.from) {
                self.viewer.end(task, &slice, time)?;
            }
        }
        Ok(())
    }
}

fn running_less(running: &mut u64, state: TaskState) {
    *running = running.saturating_sub(u64::from(state == TaskState::Running));
}

/// Whether an event is a point on its task's track: not one that blocks, for that is a slice, nor a step of the scheduler's, nor a note;
/// and timers fire in nobody's name.
fn is_point(event: &Event) -> bool {
    let scheduler = matches!(event.kind, Kind::Switch | Kind::Preempt | Kind::Yield | Kind::TimerFire);
    !event.blocked && !scheduler && event.task != TaskId(0) && event.kind.category() != crate::event::Category::Meta
}
