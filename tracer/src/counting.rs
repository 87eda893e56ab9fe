//! A tracer around another one that counts the operations of the task that runs, for schedules: program points of a schedule are
//! "after its nth operation", which says the same of a program before and after a line of it was moved or a print was added.

use crate::event::{BLOCKED, Kind};
use crate::record::{Operations, Tracer};

/// Counts operations since the last switch and remembers the last one.
#[derive(Clone, Copy, Debug, Default)]
pub struct Counting<T> {
    inner: T,
    since: Operations,
}

impl<T> Counting<T> {
    /// Around this tracer.
    pub fn new(inner: T) -> Self {
        Self { inner, since: Operations::default() }
    }

    /// The tracer within.
    pub fn inner(&self) -> &T {
        &self.inner
    }
}

impl<T: Tracer> Tracer for Counting<T> {
    const ON: bool = T::ON;

    #[inline]
    fn emit(&mut self, kind: u8, site: u32, clock: u64, object: u32, arg: u32) {
        if kind == Kind::Switch as u8 {
            self.since = Operations::default();
        } else if let Some(kind) = Kind::from_byte(kind & !BLOCKED).filter(|kind| kind.is_operation()) {
            self.since = Operations { count: self.since.count + 1, last: Some((kind, object)) };
        }
        self.inner.emit(kind, site, clock, object, arg);
    }

    fn text(&mut self, kind: Kind, site: u32, clock: u64, text: &str) {
        self.inner.text(kind, site, clock, text);
    }

    fn ordinal(&self) -> u64 {
        self.inner.ordinal()
    }

    fn operations(&self, _from: u64) -> Option<Operations> {
        Some(self.since)
    }

    fn poll(&mut self, clock: u64) -> bool {
        self.inner.poll(clock)
    }

    fn wait(&mut self, clock: u64) -> u64 {
        self.inner.wait(clock)
    }

    #[inline(always)]
    fn slice(&mut self, slice: u32) -> u32 {
        self.inner.slice(slice)
    }

    fn idle(&mut self, clock: u64) {
        self.inner.idle(clock);
    }

    #[inline(always)]
    fn awake(&mut self, clock: u64) -> u64 {
        self.inner.awake(clock)
    }

    fn quit(&self) -> bool {
        self.inner.quit()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::Off;

    #[test]
    fn what_a_task_does_is_counted_and_what_is_done_to_it_is_not() {
        let mut tr = Counting::new(Off);
        let kinds =
            [Kind::TaskSpawn, Kind::Switch, Kind::SelectCommit, Kind::Lock, Kind::Output, Kind::Send, Kind::Wake];
        for kind in kinds {
            tr.emit(kind as u8, 0, 0, 7, 0);
        }
        assert_eq!(tr.operations(0), Some(Operations { count: 2, last: Some((Kind::Send, 7)) }));
        tr.emit(Kind::Recv as u8 | BLOCKED, 0, 0, 8, 0);
        assert_eq!(tr.operations(0), Some(Operations { count: 3, last: Some((Kind::Recv, 8)) }));
        tr.emit(Kind::Switch as u8, 0, 0, 2, 0);
        assert_eq!(tr.operations(0), Some(Operations::default()));
    }
}
