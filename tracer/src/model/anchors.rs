//! Clocks as times and back: between two anchors of the recorder wall time is interpolated, before the first and after the last it
//! stands still. Without any, a tick is a nanosecond.

/// Clock and wall time at some points, both rising.
#[derive(Clone, Debug, Default)]
pub(crate) struct Anchors(pub(crate) Vec<(u64, u64)>);

impl Anchors {
    /// Adds the newest point.
    pub(crate) fn push(&mut self, clock: u64, wall: u64) {
        let wall = self.0.last().map_or(wall, |&(_, before)| wall.max(before));
        let several = self.0.len() > 1;
        match self.0.last_mut() {
            // Where the clock stood still the later wall time counts, from the next change on.
            Some(last) if several && last.0 == clock => last.1 = wall,
            _ => self.0.push((clock, wall)),
        }
    }

    /// Whether there is no wall time.
    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The time of a clock.
    pub(crate) fn time(&self, clock: u64) -> u64 {
        self.translate(clock, |point| point.0, |point| point.1)
    }

    /// The clock of a time.
    pub(crate) fn clock(&self, time: u64) -> u64 {
        self.translate(time, |point| point.1, |point| point.0)
    }

    /// The time of a clock for somebody who asks for rising ones, and keeps the number of the point he is at.
    #[inline]
    pub(crate) fn time_after(&self, at: &mut usize, clock: u64) -> u64 {
        while self.0.get(*at + 1).is_some_and(|next| next.0 <= clock) {
            *at += 1;
        }
        match (self.0.get(*at), self.0.get(*at + 1)) {
            (None, _) => clock,
            (Some(a), Some(b)) if clock >= a.0 => between(clock, *a, *b),
            (Some(a), _) => a.1,
        }
    }

    /// Translates along the line between the two points around `value`.
    fn translate(&self, value: u64, from: fn(&(u64, u64)) -> u64, to: fn(&(u64, u64)) -> u64) -> u64 {
        let after = self.0.partition_point(|point| from(point) <= value);
        let (Some(a), Some(b)) = (after.checked_sub(1).and_then(|i| self.0.get(i)), self.0.get(after)) else {
            // Before the first point or after the last: the nearest one.
            return self.0.get(after.saturating_sub(1)).map_or(value, to);
        };
        between(value, (from(a), to(a)), (from(b), to(b)))
    }
}

/// What belongs to a value on the line between two points.
fn between(value: u64, a: (u64, u64), b: (u64, u64)) -> u64 {
    let (span, done, length) = (b.0 - a.0, value - a.0, b.1 - a.1);
    a.1 + (done as u128 * length as u128 / span.max(1) as u128) as u64
}
