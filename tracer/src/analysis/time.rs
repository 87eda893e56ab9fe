//! Clocks as times: between two anchors of the recorder wall time is interpolated; without any, a tick is a nanosecond.
//!
//! The driver translates every event before it gives it to the analyses, so that all of them count nanoseconds.

use super::read::LARGEST;
use crate::event::Kind;
use crate::events::Event;
use crate::model::anchors::Anchors;

/// The anchors of a run, and where the reader is among them.
#[derive(Clone, Debug, Default)]
pub(super) struct Time {
    anchors: Anchors,
    at: usize,
}

impl Time {
    /// Notes the anchors of a run that is read for the first time.
    pub fn note(&mut self, event: &Event) {
        if event.kind == Kind::Anchor {
            self.anchors.push(event.clock, event.wide().min(LARGEST));
        }
    }

    /// Whether there is no wall time: times are those of the virtual clock.
    pub fn is_virtual(&self) -> bool {
        self.anchors.is_empty()
    }

    /// The time of a clock; clocks are asked for in rising order, so that nothing has to be searched.
    #[inline]
    pub fn of(&mut self, clock: u64) -> u64 {
        self.anchors.time_after(&mut self.at, clock)
    }

    /// The time of any clock.
    pub fn at(&self, clock: u64) -> u64 {
        self.anchors.time(clock)
    }

    /// Back to the beginning.
    pub fn rewind(&mut self) {
        self.at = 0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::{Site, TaskId};

    fn anchor(clock: u64, wall: u64) -> Event<'static> {
        Event {
            ordinal: 0,
            kind: Kind::Anchor,
            blocked: false,
            worker: 0,
            task: TaskId(0),
            site: Site(0),
            clock,
            object: wall as u32,
            arg: (wall >> 32) as u32,
            text: "",
        }
    }

    #[test]
    fn without_anchors_a_tick_is_a_nanosecond() {
        let mut time = Time::default();
        assert!(time.is_virtual());
        assert_eq!(time.of(17), 17);
    }

    #[test]
    fn between_anchors_time_is_interpolated_and_outside_it_stands_still() {
        let mut time = Time::default();
        [anchor(10, 1000), anchor(20, 3000), anchor(20, 4000), anchor(30, 3500)].iter().for_each(|at| time.note(at));
        let times: Vec<u64> = [0, 10, 15, 20, 25, 30, 40].into_iter().map(|clock| time.of(clock)).collect();
        assert_eq!(times, [1000, 1000, 2500, 4000, 4000, 4000, 4000]);
        let again: Vec<u64> = [0, 10, 15, 20, 25, 30, 40].into_iter().map(|clock| time.at(clock)).collect();
        assert_eq!(again, times);
        time.rewind();
        assert_eq!(time.of(10), 1000);
    }
}
