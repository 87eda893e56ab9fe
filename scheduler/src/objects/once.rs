//! Once: the first caller runs the body, later ones wait until it is over. A caller inside the body waits for itself.

use super::Holder;
use crate::core::{Meta, blocked};
use crate::outcome::{At, Resume};
use crate::queue::Queue;
use crate::scheduler::Scheduler;
use tracer::event::Kind;
use tracer::finding::WaitReason;
use tracer::record::Tracer;

/// A once, with room for a value that its body computes.
#[derive(Clone, Debug)]
pub struct Once<V> {
    pub(crate) meta: Meta,
    pub(crate) runner: Holder,
    pub(crate) done: bool,
    pub(crate) queue: Queue,
    /// The value, for languages whose once has one.
    pub value: V,
}

impl<V: Default> Default for Once<V> {
    fn default() -> Self {
        Self {
            meta: Meta::default(),
            runner: Holder::NOBODY,
            done: false,
            queue: Queue::default(),
            value: V::default(),
        }
    }
}

/// What a caller of a once should do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub enum OnceStep {
    /// Run the body, then call `once_end`.
    Run,
    /// It is done: go on.
    Done,
    /// The current task is parked; it is done when the task runs again (`Resume::Waited`).
    Blocked,
}

impl<V: Copy + Default, B: Default> Scheduler<V, B> {
    /// Makes a once.
    pub fn once<T: Tracer>(&mut self, tr: &mut T, at: At) -> u32 {
        let slot = self.onces.take();
        let once = &mut self.onces[slot];
        once.meta = self.core.new_object(at);
        once.runner = Holder::NOBODY;
        once.done = false;
        once.queue.clear();
        once.value = V::default();
        tr.emit(Kind::OnceMake as u8, at.site, at.clock, once.meta.id, 0);
        slot
    }

    /// Calls.
    #[inline]
    pub fn once_begin<T: Tracer>(&mut self, tr: &mut T, at: At, once: u32) -> OnceStep {
        let o = &mut self.onces[once];
        if o.done {
            if T::RACES {
                tr.observe(at.site, at.clock, o.meta.id);
            }
            return OnceStep::Done;
        }
        if o.runner.id == 0 {
            o.runner = self.core.holder(at);
            tr.emit(Kind::OnceBegin as u8, at.site, at.clock, o.meta.id, 0);
            return OnceStep::Run;
        }
        let entry = self.core.park(tr, at, WaitReason::Once, once);
        o.queue.push(entry);
        tr.emit(blocked(Kind::OnceBegin), at.site, at.clock, o.meta.id, 0);
        self.check_chain();
        OnceStep::Blocked
    }

    /// The body is over.
    pub fn once_end<T: Tracer>(&mut self, tr: &mut T, at: At, once: u32) {
        let o = &mut self.onces[once];
        o.runner = Holder::NOBODY;
        o.done = true;
        tr.emit(Kind::OnceEnd as u8, at.site, at.clock, o.meta.id, o.queue.len() as u32);
        while let Some(entry) = o.queue.pop(&self.core.tasks) {
            let woken = self.core.wake(entry.slot, Resume::Waited);
            tr.emit(Kind::Wake as u8, at.site, at.clock, woken, o.meta.id);
        }
    }

    /// The value of a once.
    pub fn once_value(&mut self, once: u32) -> &mut V {
        &mut self.onces[once].value
    }

    /// Whether the body is over.
    pub fn once_done(&self, once: u32) -> bool {
        self.onces[once].done
    }
}
