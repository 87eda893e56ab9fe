//! Atomics between workers: the machine's own. Their events are not ordered against other workers' beyond their clocks; nothing waits on them.

use super::worker::Worker;
use crate::core::Meta;
use crate::outcome::At;
use std::sync::atomic::{AtomicI64, AtomicU32, Ordering};
use tracer::event::Kind;
use tracer::record::Tracer;

/// An atomic, alone on its cache lines.
#[derive(Debug, Default)]
#[repr(align(64))]
pub struct AtomicCell {
    value: AtomicI64,
    id: AtomicU32,
    site: AtomicU32,
    nth: AtomicU32,
}

impl AtomicCell {
    /// Who it is.
    pub fn meta(&self) -> Meta {
        let of = |part: &AtomicU32| part.load(Ordering::Relaxed);
        Meta { id: of(&self.id), site: of(&self.site), nth: of(&self.nth) }
    }

    /// Its value.
    pub fn value(&self) -> i64 {
        self.value.load(Ordering::SeqCst)
    }

    /// Says who it is; the default forgets it.
    pub fn set_meta(&self, meta: Meta) {
        self.id.store(meta.id, Ordering::Relaxed);
        self.site.store(meta.site, Ordering::Relaxed);
        self.nth.store(meta.nth, Ordering::Relaxed);
    }
}

impl<V: Copy + Default, B: Default> Worker<V, B> {
    pub(super) fn new_atomic<T: Tracer>(&mut self, tr: &mut T, at: At, value: i64) -> u32 {
        let shared = self.shared();
        let slot = shared.atomics.take(&mut self.free.atomics);
        let (atomic, meta) = (shared.atomics.at(slot), shared.new_object(at));
        atomic.set_meta(meta);
        atomic.value.store(value, Ordering::SeqCst);
        tr.emit(Kind::AtomicMake as u8, at.site, self.clock(at.clock), meta.id, 0);
        slot
    }

    #[inline(always)]
    fn atomic_event<T: Tracer>(&self, tr: &mut T, at: At, atomic: &AtomicCell, now: i64) {
        if T::ON {
            tr.emit(Kind::Atomic as u8, at.site, self.clock(at.clock), atomic.id.load(Ordering::Relaxed), now as u32);
        }
    }

    #[inline(always)]
    pub(super) fn atomic_load<T: Tracer>(&mut self, tr: &mut T, at: At, atomic: u32) -> i64 {
        let atomic = self.shared().atomics.at(atomic);
        let value = atomic.value.load(Ordering::SeqCst);
        self.atomic_event(tr, at, atomic, value);
        value
    }

    #[inline(always)]
    pub(super) fn atomic_add<T: Tracer>(&mut self, tr: &mut T, at: At, atomic: u32, n: i64) -> i64 {
        let atomic = self.shared().atomics.at(atomic);
        let old = atomic.value.fetch_add(n, Ordering::SeqCst);
        self.atomic_event(tr, at, atomic, old.wrapping_add(n));
        old
    }

    pub(super) fn atomic_update<T: Tracer>(
        &mut self,
        tr: &mut T,
        at: At,
        atomic: u32,
        mut update: impl FnMut(i64) -> i64,
    ) -> i64 {
        let atomic = self.shared().atomics.at(atomic);
        let mut new = 0;
        let updated = atomic.value.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |old| {
            new = update(old);
            Some(new)
        });
        self.atomic_event(tr, at, atomic, new);
        updated.unwrap_or_else(|old| old)
    }
}
