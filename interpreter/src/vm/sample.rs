//! Stack samples: every so many ticks of running a worker records the stack of the task that runs.
//!
//! Nothing interrupts the loop. A slice is cut into segments, and the safepoint at which a segment is used up takes the sample and goes
//! on with the rest of the slice: the same clock, the same slices, the same choices, only records beside. So a seeded run has the
//! same samples every time, and the program does not notice.
//!
//! Stacks are recorded as nodes: a call and the node that called it. Each worker numbers its own, its index in the upper bits, so that
//! the streams can be merged. A stack deeper than [`DEEPEST`] has its middle left out.

use super::engine::Engine;
use super::evidence;
use super::machine::Machine;
use rustc_hash::FxHashMap;
use scheduler::Runtime;
use tracer::event::Kind;
use tracer::finding::Frame;
use tracer::record::Tracer;

/// Calls of a stack that are recorded: the innermost and the outermost half.
const DEEPEST: usize = 512;

/// Bits of a node's number that count; the worker's index is above them.
const COUNT_BITS: u32 = 20;

/// Takes the samples of one worker.
#[derive(Clone, Debug)]
pub struct Sampler {
    /// Ticks of running from one sample to the next, at least 1.
    every: u32,
    /// How many are left until the next.
    due: u32,
    /// The worker's clock when the segment at hand began.
    began: u64,
    /// Ticks of the slice after the segment at hand; `None` in its last one.
    rest: Option<u32>,
    worker: u32,
    /// The numbers of nodes, by site and caller.
    nodes: FxHashMap<(u32, u32), u32>,
    /// In the parallel runtime: the stack before the operation at hand, which nobody may look at once its task has parked.
    before: u32,
    /// Calls of the stack at hand.
    frames: Vec<Frame>,
}

impl Sampler {
    fn new(every: u32, worker: u32) -> Self {
        let every = every.max(1);
        Self {
            every,
            due: every,
            began: 0,
            rest: None,
            worker,
            nodes: FxHashMap::default(),
            before: 0,
            frames: Vec::new(),
        }
    }

    /// Counts what ran since the segment began.
    fn account(&mut self, clock: u64) {
        let ran = u32::try_from(clock.saturating_sub(self.began)).unwrap_or(u32::MAX);
        self.due = self.due.saturating_sub(ran);
        self.began = clock;
    }

    /// The first segment of what is left of a slice. A segment of `n` ticks ends with the operation after them, as a slice does.
    fn segment(&mut self, clock: u64, slice: u32) -> u32 {
        self.began = clock;
        let due = self.due.max(1);
        self.rest = slice.checked_sub(due);
        if self.rest.is_some() { due - 1 } else { slice }
    }
}

impl<E: Engine> Machine<E> {
    /// Takes a sample every so many ticks of running, where events are recorded at all. `worker` is this machine's.
    pub fn sample_every(&mut self, ticks: Option<u32>, worker: u32) {
        self.sampler = ticks.filter(|_| E::Tracer::ON).map(|ticks| Box::new(Sampler::new(ticks, worker)));
    }

    /// A slice begins: gives the ticks of its first segment.
    #[cold]
    #[inline(never)]
    pub(super) fn begin_segment(&mut self, slice: u32) -> u32 {
        let clock = self.clock;
        match &mut self.sampler {
            Some(sampler) => {
                sampler.account(clock);
                sampler.segment(clock, slice)
            }
            None => slice,
        }
    }

    /// The worker has nothing to run, and time will pass.
    #[cold]
    #[inline(never)]
    pub(super) fn end_segment(&mut self) {
        if let Some(sampler) = &mut self.sampler {
            sampler.account(self.clock);
            // What passes now is nobody's.
            sampler.began = u64::MAX;
        }
    }

    /// A segment is used up: takes a sample if one is due. Gives the next segment, where the slice is not over.
    #[cold]
    #[inline(never)]
    pub(super) fn segment_ended(&mut self, slot: u32) -> Option<u32> {
        let clock = self.clock;
        let sampler = self.sampler.as_mut()?;
        sampler.account(clock);
        let rest = sampler.rest.take();
        if sampler.due == 0 {
            let every = sampler.every;
            sampler.due = every;
            let node = self.stack_node(slot);
            let (site, clock) = (self.body(slot).pc, self.sched.stamp(clock));
            self.tr.emit(Kind::Sample as u8, site, clock, node, every);
        }
        let rest = rest?;
        Some(self.sampler.as_mut()?.segment(clock, rest))
    }

    /// An operation may park the running task, which is saved: its stack can be looked at now only.
    #[cold]
    #[inline(never)]
    pub(super) fn note_stack(&mut self) {
        let node = self.stack_node(self.running);
        if let Some(sampler) = &mut self.sampler {
            sampler.before = node;
        }
    }

    /// The operation just recorded blocked its task.
    #[cold]
    #[inline(never)]
    pub(super) fn blocked_at(&mut self) {
        let noted = self.sampler.as_ref().map_or(0, |sampler| sampler.before);
        let node = if E::PARALLEL { noted } else { self.stack_node(self.running) };
        let clock = self.sched.stamp(self.clock);
        self.tr.emit(Kind::BlockedAt as u8, 0, clock, node, 0);
    }

    /// The node of a saved task's stack; nodes that are new are recorded first. 0 where there are too many.
    fn stack_node(&mut self, slot: u32) -> u32 {
        let Some(mut sampler) = self.sampler.take() else { return 0 };
        let mut frames = std::mem::take(&mut sampler.frames);
        frames.clear();
        evidence::visible_into(&self.code, &self.sched.task(slot).body, &mut frames);
        if frames.len() > DEEPEST {
            frames.drain(DEEPEST / 2..frames.len() - DEEPEST / 2);
        }
        let clock = self.sched.stamp(self.clock);
        let mut caller = 0;
        for frame in frames.iter().rev() {
            let next = sampler.nodes.len() as u32 + 1;
            let node = *sampler.nodes.entry((frame.site.0, caller)).or_insert(next);
            if node >> COUNT_BITS != 0 {
                break;
            }
            let number = sampler.worker << COUNT_BITS | node;
            if node == next {
                let caller = if caller == 0 { 0 } else { sampler.worker << COUNT_BITS | caller };
                self.tr.emit(Kind::StackFrame as u8, frame.site.0, clock, number, caller);
            }
            caller = node;
        }
        sampler.frames = frames;
        let worker = sampler.worker;
        self.sampler = Some(sampler);
        if caller == 0 { 0 } else { worker << COUNT_BITS | caller }
    }
}
