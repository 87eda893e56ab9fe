//! A part of a trace at full resolution: made from the keyframe before it when somebody looks closely, and kept while he does.
//!
//! It answers for what lies in it exactly what a store in memory answers. A part that takes too long for a frame is
//! made on a thread, with a bounded number of entries; until it is there the summary answers.

use super::build::Scratch;
use super::source::Blocks;
use super::summary::{Standing, Summary};
use crate::event::{ObjectId, TaskId};
use crate::events::Event;
use crate::finding::ObjectKind;
use crate::model::Analysis;
use crate::model::channels::{Channel, Level};
use crate::model::lanes::Interval;
use crate::model::messages::Messages;
use crate::model::series::Series;
use crate::model::state::TaskState;
use crate::model::thin::{self, Bound, Grid, Thin};
use crate::model::workers::Workers;
use rustc_hash::FxHashMap;
use std::ops::Range;

/// See the module.
#[derive(Debug)]
pub(crate) struct Window {
    /// The blocks that it answers for.
    pub(crate) blocks: Range<usize>,
    /// How much it has been merged: a large part has a bounded number of entries.
    pub(crate) grid: Grid,
    fine: Fine,
}

/// The models that depend on the resolution.
#[derive(Debug, Default)]
struct Fine {
    lanes: FxHashMap<u32, Series<Interval>>,
    channels: FxHashMap<u32, Channel>,
    messages: Messages,
    workers: Workers,
    entries: usize,
}

impl Fine {
    /// What held where the part begins.
    fn of(standing: &mut Standing, clock: u64, ordinal: u64) -> Self {
        let mut fine = Fine::default();
        for task in standing.now.tasks() {
            let intervals = fine.lanes.entry(task.id.0).or_default();
            intervals.push(Interval::new(task.since.min(clock), task.state, task.event));
        }
        for (id, object) in standing.now.objects().filter(|(_, object)| object.kind == ObjectKind::Channel) {
            let channel = fine.channels.entry(id.0).or_default();
            channel.levels.push(Level { clock, level: object.level });
        }
        fine.workers = Workers::standing_so(&standing.workers, clock, ordinal);
        fine.messages = std::mem::take(&mut standing.messages).remembering();
        fine
    }
}

impl Analysis for Fine {
    fn state(&mut self, task: TaskId, to: TaskState, at: &Event) {
        self.lanes.entry(task.0).or_default().push(Interval::new(at.clock, to, at.ordinal));
        self.entries += 1;
    }

    fn made(&mut self, id: ObjectId, kind: ObjectKind, _size: u32, at: &Event) {
        if kind == ObjectKind::Channel {
            let mut channel = Channel::default();
            channel.levels.push(Level { clock: at.clock, level: 0 });
            self.channels.insert(id.0, channel);
        }
    }

    fn level(&mut self, id: ObjectId, level: u32, at: &Event) {
        if let Some(channel) = self.channels.get_mut(&id.0) {
            channel.levels.push(Level { clock: at.clock, level });
            self.entries += 1;
        }
    }

    fn queued(&mut self, channel: ObjectId, send: u64, at: &Event) {
        self.messages.queued(channel, send, at);
    }

    fn took(&mut self, channel: ObjectId, receive: u64, at: &Event) {
        self.messages.took(channel, receive, at);
    }
}

impl Thin for Fine {
    fn entries(&self) -> usize {
        self.entries
    }

    #[expect(clippy::iter_over_hash_type, reason = "each series by itself: the order changes nothing")]
    fn thin(&mut self, grid: Grid) {
        self.entries = 0;
        for intervals in self.lanes.values_mut() {
            thin::intervals(intervals, grid);
            self.entries += intervals.len();
        }
        for channel in self.channels.values_mut() {
            thin::levels(&mut channel.levels, grid);
            self.entries += channel.levels.len();
        }
        self.workers.thin(grid);
    }
}

impl Window {
    /// Makes it for some blocks, from the keyframe at or before the first of them on.
    pub(crate) fn build(source: &dyn Blocks, summary: &Summary, blocks: Range<usize>, entries: usize) -> Option<Self> {
        let list = source.blocks();
        let (first, mut standing) = summary.standing(list, blocks.start)?;
        let at = list.get(first)?;
        let mut fine = Fine::of(&mut standing, at.clock, at.first);
        let mut now = standing.now;
        let mut bound = Bound::new(entries);
        let mut scratch = Scratch::default();
        let mut done = 0;
        for index in first..blocks.end {
            for event in scratch.block(source, index) {
                if !event.kind.is_bookkeeping() {
                    fine.workers.event(event.worker, &event);
                }
                now.apply(&event, &mut fine);
            }
            let block = list.get(index)?;
            done += u64::from(block.events);
            bound.check(done, block.last.saturating_sub(at.clock), &mut fine);
        }
        Some(Self { blocks: first..blocks.end, grid: bound.grid(), fine })
    }

    /// A task's states; `None` where it is not alive in the part.
    pub(crate) fn intervals(&self, task: TaskId) -> Option<&Series<Interval>> {
        self.fine.lanes.get(&task.0)
    }

    /// A channel of which only the levels are known.
    pub(crate) fn channel(&self, channel: ObjectId) -> Option<&Channel> {
        self.fine.channels.get(&channel.0)
    }

    pub(crate) fn workers(&self) -> &Workers {
        &self.fine.workers
    }

    pub(crate) fn messages(&self) -> &Messages {
        &self.fine.messages
    }
}
