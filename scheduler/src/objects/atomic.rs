//! Atomics. One task runs at a time, so they are plain numbers; the interpreter does the arithmetic and reports it.

use crate::core::Meta;
use crate::outcome::At;
use crate::scheduler::Scheduler;
use tracer::event::Kind;
use tracer::record::Tracer;

/// An atomic.
#[derive(Clone, Debug, Default)]
pub struct Atomic {
    pub(crate) value: i64,
    pub(crate) meta: Meta,
}

impl<V: Copy + Default, B: Default> Scheduler<V, B> {
    /// Makes an atomic.
    pub fn new_atomic<T: Tracer>(&mut self, tr: &mut T, at: At, value: i64) -> u32 {
        let slot = self.atomics.take();
        let meta = self.core.new_object(at);
        self.atomics[slot] = Atomic { value, meta };
        tr.emit(Kind::AtomicMake as u8, at.site, at.clock, meta.id, 0);
        slot
    }

    /// Its value.
    #[inline(always)]
    pub fn atomic(&mut self, atomic: u32) -> &mut i64 {
        &mut self.atomics[atomic].value
    }

    /// Its value, to be looked at.
    pub fn atomic_value(&self, atomic: u32) -> i64 {
        self.atomics[atomic].value
    }

    /// Reports an operation that has just been done.
    #[inline(always)]
    pub fn atomic_event<T: Tracer>(&mut self, tr: &mut T, at: At, atomic: u32) {
        let a = &self.atomics[atomic];
        tr.emit(Kind::Atomic as u8, at.site, at.clock, a.meta.id, a.value as u32);
    }
}
