//! Contexts: a tree of cancellation scopes with deadlines and values.
//!
//! A context is cancelled by the program, by its deadline or with its parent, once and for good. Its `done` channel is
//! made when it is first asked for and closes on cancellation. A parent knows its children only by slot and number (a
//! collected child must not keep its place), a child keeps its parent alive, for values.

use crate::core::Meta;
use crate::outcome::At;
use crate::scheduler::Scheduler;
use crate::slab::{NONE, Slab};
use crate::time::FAR;
use tracer::event::Kind;
use tracer::record::Tracer;

/// Why a context is cancelled; the numbers are those of the event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Cause {
    /// By the program.
    Cancelled = 1,
    /// By its deadline.
    Deadline = 2,
    /// With its parent.
    Parent = 3,
}

/// How a context that is cancelled came to its end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ContextEnd {
    /// How many steps above it the context is that was cancelled by itself: 0 for this one.
    pub above: usize,
    /// Why that one is: [`Cause::Cancelled`] or [`Cause::Deadline`].
    pub cause: Cause,
    /// What the program gave as its reason.
    pub reason: Option<Box<str>>,
}

/// What a new context adds to its parent.
#[derive(Clone, Debug, PartialEq)]
pub enum ContextKind<V> {
    /// A root, or a scope that can be cancelled.
    Plain,
    /// Cancelled at this time ([`Scheduler::now`]), or earlier.
    Deadline(u64),
    /// Cancelled after this many nanoseconds, or earlier.
    Timeout(u64),
    /// Carries a value.
    Value(Box<str>, V),
}

/// A context.
#[derive(Clone, Debug)]
pub struct Context<V> {
    pub(crate) meta: Meta,
    pub(crate) parent: u32,
    /// Slots and numbers; entries of cancelled or collected children are thrown out now and then.
    pub(crate) children: Vec<(u32, u32)>,
    /// The channel that closes, or [`NONE`].
    pub(crate) done: u32,
    /// The earliest deadline from here to the root.
    pub(crate) deadline: Option<u64>,
    /// Whether that deadline is its own, so that an entry of the timer queue is under way for it.
    pub(crate) timed: bool,
    pub(crate) cause: Option<Cause>,
    /// What the program gave as its reason when it cancelled this context.
    pub(crate) reason: Option<Box<str>>,
    pub(crate) value: Option<(Box<str>, V)>,
}

impl<V> Default for Context<V> {
    fn default() -> Self {
        Self {
            meta: Meta::default(),
            parent: NONE,
            children: Vec::new(),
            done: NONE,
            deadline: None,
            timed: false,
            cause: None,
            reason: None,
            value: None,
        }
    }
}

/// Follows a cancelled context to the one whose end was its own.
pub(crate) fn end_of<V: Default>(contexts: &Slab<Context<V>>, context: u32) -> Option<ContextEnd> {
    let (mut slot, mut above) = (context, 0);
    loop {
        let ctx = &contexts[slot];
        match ctx.cause? {
            Cause::Parent if ctx.parent != NONE => {
                slot = ctx.parent;
                above += 1;
            }
            cause => return Some(ContextEnd { above, cause, reason: ctx.reason.clone() }),
        }
    }
}

impl<V: Copy + Default, B: Default> Scheduler<V, B> {
    /// Makes a context below a parent; a root without one.
    pub fn context<T: Tracer>(&mut self, tr: &mut T, at: At, parent: Option<u32>, kind: ContextKind<V>) -> u32 {
        let now = self.now();
        let (own, value) = match kind {
            ContextKind::Plain => (None, None),
            ContextKind::Deadline(deadline) => (Some(deadline.min(FAR)), None),
            ContextKind::Timeout(nanoseconds) => (Some(self.deadline(nanoseconds)), None),
            ContextKind::Value(key, value) => (None, Some((key, value))),
        };
        let slot = self.contexts.take();
        let meta = self.core.new_object(at);
        let (parent_id, inherited, cancelled) = match parent {
            Some(parent) => {
                let above = &self.contexts[parent];
                (above.meta.id, above.deadline, above.cause.is_some())
            }
            None => (0, None, false),
        };
        let context = &mut self.contexts[slot];
        context.children.clear();
        let children = std::mem::take(&mut context.children);
        *context =
            Context { meta, parent: parent.unwrap_or(NONE), children, deadline: inherited, ..Context::default() };
        context.value = value;
        tr.emit(Kind::ContextMake as u8, at.site, at.clock, meta.id, parent_id);
        if let Some(parent) = parent {
            self.adopt(parent, slot, meta.id);
        }
        if cancelled {
            self.cancel_context(tr, at, slot, Cause::Parent);
        } else if let Some(deadline) = own
            && inherited.is_none_or(|inherited| deadline < inherited)
        {
            self.contexts[slot].deadline = Some(deadline);
            if deadline <= now {
                self.cancel_context(tr, at, slot, Cause::Deadline);
            } else {
                let object = self.core.object_number();
                self.contexts[slot].timed = true;
                self.queue.cancel_at(deadline, object, slot, meta.id);
                let micros = super::timer::micros(deadline - now);
                tr.emit(Kind::TimerSet as u8, at.site, at.clock, object, micros);
            }
        }
        slot
    }

    fn adopt(&mut self, parent: u32, slot: u32, id: u32) {
        let mut children = std::mem::take(&mut self.contexts[parent].children);
        if children.len() == children.capacity() {
            let contexts = &self.contexts;
            children.retain(|&(slot, id)| contexts[slot].meta.id == id && contexts[slot].cause.is_none());
        }
        children.push((slot, id));
        self.contexts[parent].children = children;
    }

    /// Cancels a context and all below it; does nothing where that has happened already.
    pub fn cancel_context<T: Tracer>(&mut self, tr: &mut T, at: At, context: u32, cause: Cause) {
        let mut pending = vec![(context, self.contexts[context].meta.id, cause)];
        while let Some((slot, id, cause)) = pending.pop() {
            let ctx = &mut self.contexts[slot];
            if ctx.meta.id != id || ctx.cause.is_some() {
                continue;
            }
            ctx.cause = Some(cause);
            let children = std::mem::take(&mut ctx.children);
            let (done, timed) = (ctx.done, std::mem::take(&mut ctx.timed));
            tr.emit(Kind::ContextCancel as u8, at.site, at.clock, id, cause as u32);
            // The entry of a deadline that has just fired is gone already.
            if timed && cause != Cause::Deadline {
                self.queue.one_stale(&self.core.tasks, &self.timers, &self.contexts);
            }
            if done != NONE {
                self.close(tr, at, done);
            }
            pending.extend(children.iter().rev().map(|&(slot, id)| (slot, id, Cause::Parent)));
        }
    }

    /// As [`Scheduler::cancel_context`] by the program, for a reason.
    pub fn cancel_context_for<T: Tracer>(&mut self, tr: &mut T, at: At, context: u32, reason: Option<Box<str>>) {
        let ctx = &mut self.contexts[context];
        if ctx.cause.is_none() {
            ctx.reason = reason;
        }
        self.cancel_context(tr, at, context, Cause::Cancelled);
    }

    /// How it came to its end, if it is cancelled.
    pub fn context_end(&self, context: u32) -> Option<ContextEnd> {
        end_of(&self.contexts, context)
    }

    /// The channel that closes when the context is cancelled.
    pub fn context_done<T: Tracer>(&mut self, tr: &mut T, at: At, context: u32) -> u32 {
        if self.contexts[context].done == NONE {
            let channel = self.channel(tr, at, 0);
            self.channels[channel].context = context;
            self.contexts[context].done = channel;
            if self.contexts[context].cause.is_some() {
                if T::RACES {
                    // The channel closes now; what it tells of happened with the cancellation.
                    tr.observe(at.site, at.clock, self.contexts[context].meta.id);
                }
                self.close(tr, at, channel);
            }
        }
        self.contexts[context].done
    }

    /// Why it is cancelled, if it is.
    pub fn context_cause(&self, context: u32) -> Option<Cause> {
        self.contexts[context].cause
    }

    /// Whether its deadline (or that of a context above it) has cancelled it.
    pub fn context_timed_out(&self, context: u32) -> bool {
        let mut slot = context;
        loop {
            match self.contexts[slot].cause {
                Some(Cause::Deadline) => return true,
                Some(Cause::Parent) if self.contexts[slot].parent != NONE => slot = self.contexts[slot].parent,
                _ => return false,
            }
        }
    }

    /// The value of a key, from here towards the root.
    pub fn context_value(&self, context: u32, key: &str) -> Option<V> {
        let mut slot = context;
        while slot != NONE {
            let ctx = &self.contexts[slot];
            if let Some((name, value)) = &ctx.value
                && **name == *key
            {
                return Some(*value);
            }
            slot = ctx.parent;
        }
        None
    }

    /// Its deadline ([`Scheduler::now`]), if there is one.
    pub fn context_deadline(&self, context: u32) -> Option<u64> {
        self.contexts[context].deadline
    }

    /// Nanoseconds until its deadline; `None` without one.
    pub fn context_remaining(&self, context: u32) -> Option<u64> {
        self.contexts[context].deadline.map(|deadline| deadline.saturating_sub(self.now()))
    }
}
