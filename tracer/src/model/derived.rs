//! The analyses of a store, together: what is told of every event and of every change.

use super::Analysis;
use super::anchors::Anchors;
use super::channels::Channels;
use super::locks::Locks;
use super::messages::Messages;
use super::objects::Objects;
use super::rates::Rates;
use super::state::TaskState;
use super::tasks::Tasks;
use super::thin::{Grid, Thin};
use super::workers::Workers;
use crate::archive::codec::{Reader, Writer};
use crate::event::{Kind, ObjectId, TaskId};
use crate::events::Event;
use crate::finding::ObjectKind;
use std::collections::VecDeque;

/// The analyses. Every one of them is told of every change here, and only here.
#[derive(Debug, Default)]
pub(crate) struct Derived {
    pub(crate) tasks: Tasks,
    pub(crate) objects: Objects,
    pub(crate) channels: Channels,
    pub(crate) locks: Locks,
    pub(crate) messages: Messages,
    pub(crate) rates: Rates,
    pub(crate) workers: Workers,
    /// Clock of the very first event.
    pub(crate) began: Option<u64>,
    pub(crate) outputs: VecDeque<u64>,
    /// Ordinals of the recorder's own notes.
    pub(crate) notes: VecDeque<u64>,
    pub(crate) anchors: Anchors,
    pub(crate) kinds: Kinds,
}

#[derive(Debug)]
pub(crate) struct Kinds(pub(crate) [u64; 128]);

impl Default for Kinds {
    fn default() -> Self {
        Self([0; 128])
    }
}

impl Derived {
    /// Everything but the newest events' ordinals, in bytes.
    pub(crate) fn write(&self, to: &mut Writer) {
        to.maybe(self.began);
        self.kinds.0.iter().for_each(|&count| to.number(count));
        to.length(self.anchors.0.len());
        let (mut clock, mut wall) = (0, 0);
        for anchor in &self.anchors.0 {
            to.rise(anchor.0, &mut clock);
            to.rise(anchor.1, &mut wall);
        }
        self.objects.write(to);
        self.locks.write(to);
        self.rates.write(to);
        self.workers.write(to);
        self.channels.write(to);
        self.tasks.write(to);
    }

    pub(crate) fn read(from: &mut Reader) -> Option<Self> {
        let mut derived = Self { began: from.maybe()?, ..Self::default() };
        for count in &mut derived.kinds.0 {
            *count = from.number()?;
        }
        let (mut clock, mut wall) = (0, 0);
        for _ in 0..from.length(2)? {
            from.rise(&mut clock)?;
            from.rise(&mut wall)?;
            derived.anchors.0.push((clock, wall));
        }
        derived.objects = Objects::read(from)?;
        derived.locks = Locks::read(from)?;
        derived.rates = Rates::read(from)?;
        derived.workers = Workers::read(from)?;
        derived.channels = Channels::read(from)?;
        derived.tasks = Tasks::read(from)?;
        Some(derived)
    }

    pub(crate) fn event(&mut self, event: &Event) {
        self.kinds.0[event.kind as usize & 127] += 1;
        self.began.get_or_insert(event.clock);
        if event.kind.is_bookkeeping() {
            self.notes.push_back(event.ordinal);
        } else {
            self.rates.event(event);
            self.workers.event(event.worker, event);
        }
        match event.kind {
            Kind::Output | Kind::ErrorOutput => self.outputs.push_back(event.ordinal),
            Kind::Counter => self.workers.counter(event.worker, event),
            Kind::Anchor => {
                if let Some(span) = self.workers.anchor(event) {
                    self.rates.span(span);
                }
                self.anchors.push(event.clock, event.wide());
            }
            _ => {}
        }
    }
}

impl Analysis for Derived {
    fn spawned(&mut self, task: TaskId, parent: TaskId, function: u32, at: &Event) {
        self.tasks.spawned(task, parent, function, at);
    }
    fn state(&mut self, task: TaskId, to: TaskState, at: &Event) {
        self.tasks.state(task, to, at);
    }
    fn made(&mut self, object: ObjectId, kind: ObjectKind, size: u32, at: &Event) {
        self.objects.made(object, kind, size, at);
        self.channels.made(object, kind, size, at);
        self.locks.made(object, kind, size, at);
    }
    fn level(&mut self, object: ObjectId, level: u32, at: &Event) {
        self.channels.level(object, level, at);
    }
    fn queued(&mut self, channel: ObjectId, send: u64, at: &Event) {
        self.channels.queued(channel, send, at);
        self.messages.queued(channel, send, at);
    }
    fn took(&mut self, channel: ObjectId, receive: u64, at: &Event) {
        self.channels.took(channel, receive, at);
        self.messages.took(channel, receive, at);
    }
    fn closed(&mut self, channel: ObjectId, at: &Event) {
        self.channels.closed(channel, at);
    }
    fn acquired(&mut self, object: ObjectId, task: TaskId, waited: Option<u64>, at: &Event) {
        self.locks.acquired(object, task, waited, at);
    }
    fn released(&mut self, object: ObjectId, task: TaskId, held: u64, at: &Event) {
        self.locks.released(object, task, held, at);
    }
    fn waited(&mut self, object: ObjectId, task: TaskId, ticks: u64, at: &Event) {
        self.channels.waited(object, task, ticks, at);
    }
}

impl Thin for Derived {
    fn entries(&self) -> usize {
        self.tasks.entries() + self.channels.entries() + self.workers.entries()
    }

    fn thin(&mut self, grid: Grid) {
        self.tasks.thin(grid);
        self.channels.thin(grid);
        self.workers.thin(grid);
    }
}
