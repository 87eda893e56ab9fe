//! Makes the summary of a trace: its events once through, on one thread or two.
//!
//! One goes through the states of the run and derives tasks, channels and locks; the other looks at each event for itself:
//! rates, workers, who is mentioned where. Both decode for themselves; what they make is put together at the end. Splitting
//! the run by time instead would have every part wait for the state that it begins with, which is half of the work.

use super::Limits;
use super::filter::{Collector, Filters};
use super::source::{Block, Blocks};
use super::summary::{Standing, Summary, Tally, WorkersNow};
use crate::chunk::Chunk;
use crate::event::Kind;
use crate::events::{Event, Segment};
use crate::model::derived::Derived;
use crate::model::messages::Messages;
use crate::model::now::Now;
use crate::model::thin::Bound;

/// Events for each thing that is alive that a keyframe costs.
const KEYFRAME_COST: u64 = 8;

/// Reads blocks one after the other and keeps none.
#[derive(Default)]
pub(crate) struct Scratch {
    chunk: Chunk,
    segment: Segment,
}

impl Scratch {
    /// The events of a block; none where it cannot be read.
    pub(crate) fn block(&mut self, source: &dyn Blocks, index: usize) -> impl Iterator<Item = Event<'_>> {
        let block = source.blocks().get(index);
        let read = block.filter(|_| source.read(index, &mut self.chunk));
        let read = match read {
            Some(block) => {
                self.segment.load(block, &self.chunk);
                true
            }
            None => false,
        };
        self.segment.events().take_while(move |_| read)
    }
}

/// What the way through the states gives.
struct States {
    /// Tasks, objects, channels, locks, and what is on its way at the end.
    derived: Derived,
    /// With nothing but keyframes, and the grid.
    summary: Summary,
    now: Now,
}

/// What the way through the events gives.
struct Events {
    /// Rates, workers, counts, anchors.
    derived: Derived,
    filters: Filters,
    tallies: Vec<Tally>,
    newest: u64,
    /// What each worker was at before each block, and at the end.
    workers: Vec<WorkersNow>,
}

/// Makes a summary; also gives what held at the end.
pub(crate) fn build(source: &dyn Blocks, threads: usize, limits: &Limits) -> (Summary, Standing) {
    let (states, events) = match threads {
        0 | 1 => (states(source, limits), events(source, limits)),
        _ => std::thread::scope(|scope| {
            let other = scope.spawn(|| events(source, limits));
            let states = states(source, limits);
            // A panic there is one here.
            (states, other.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)))
        }),
    };
    let mut summary = states.summary;
    let workers = |block: usize| events.workers.get(block).cloned().unwrap_or_default();
    summary.workers = summary.keyframes.iter().map(|keyframe| workers(keyframe.block)).collect();
    let end = Standing { now: states.now, messages: states.derived.messages, workers: workers(source.blocks().len()) };
    summary.derived = Derived {
        tasks: states.derived.tasks,
        objects: states.derived.objects,
        channels: states.derived.channels,
        locks: states.derived.locks,
        ..events.derived
    };
    (summary.filters, summary.tallies, summary.newest) = (events.filters, events.tallies, events.newest);
    (summary, end)
}

/// Ticks of a trace.
fn span(blocks: &[Block], clock: u64) -> u64 {
    clock.saturating_sub(blocks.first().map_or(0, |block| block.clock))
}

fn states(source: &dyn Blocks, limits: &Limits) -> States {
    let blocks = source.blocks();
    let mut derived = Derived { messages: Messages::on_the_way(), ..Derived::default() };
    let mut now = Now::default();
    let mut summary = Summary::default();
    let mut bound = Bound::new(limits.entries);
    let mut scratch = Scratch::default();
    let mut due = 0;
    let mut done = 0;
    for (index, block) in blocks.iter().enumerate() {
        if block.first >= due {
            // More where much is alive, so that keyframes cost little beside events.
            let weight = now.weight() + derived.messages.waiting();
            due = block.first + limits.keyframe.max(weight as u64 * KEYFRAME_COST);
            summary.keyframe(index, |to| {
                now.write(block.clock, block.first, to);
                derived.messages.write(block.first, to);
            });
        }
        for event in scratch.block(source, index) {
            now.apply(&event, &mut derived);
        }
        done += u64::from(block.events);
        bound.check(done, span(blocks, block.last), &mut derived);
    }
    bound.finish(done, blocks.last().map_or(0, |block| span(blocks, block.last)), &mut derived);
    summary.grid = bound.grid();
    States { derived, summary, now }
}

fn events(source: &dyn Blocks, limits: &Limits) -> Events {
    let blocks = source.blocks();
    let mut out = Events {
        derived: Derived::default(),
        filters: Filters::default(),
        tallies: vec![Tally::default()],
        newest: 0,
        workers: Vec::with_capacity(blocks.len() + 1),
    };
    let mut bound = Bound::new(limits.entries / 4);
    let mut scratch = Scratch::default();
    let mut collector = Collector::default();
    let mut tally = Tally::default();
    let mut done = 0;
    for (index, block) in blocks.iter().enumerate() {
        out.workers.push(out.derived.workers.standing());
        for event in scratch.block(source, index) {
            collector.event(&event);
            out.derived.event(&event);
            if event.kind.is_bookkeeping() {
                tally.notes += 1;
            } else {
                out.newest = event.ordinal;
            }
            tally.outputs += u64::from(matches!(event.kind, Kind::Output | Kind::ErrorOutput));
        }
        // They are found by what is counted here.
        out.derived.notes.clear();
        out.derived.outputs.clear();
        collector.finish(&mut out.filters);
        out.tallies.push(tally);
        done += u64::from(block.events);
        bound.check(done, span(blocks, block.last), &mut out.derived.workers);
    }
    bound.finish(done, blocks.last().map_or(0, |block| span(blocks, block.last)), &mut out.derived.workers);
    out.workers.push(out.derived.workers.standing());
    out
}
