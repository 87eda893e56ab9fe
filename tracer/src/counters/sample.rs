//! The values of the machine's counters at one moment, or between two.

use super::Counter;
use std::ops::{AddAssign, Sub};

/// Numbers of counters below this one are the machine's.
const MACHINE: usize = 24;

/// What the machine had counted at one moment, since the counters were opened, or (a difference of two) in between. Values
/// of counters that shared a place in the processor are scaled up to the whole time; [`Sample::coverage`] says how much of
/// it they really counted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Sample {
    values: [Option<u64>; MACHINE],
    enabled: u64,
    running: u64,
}

impl Sample {
    /// A counter's value; `None` where the machine has none or does not give it to us.
    pub fn get(&self, counter: Counter) -> Option<u64> {
        *self.values.get(counter as usize)?
    }

    /// Sets a counter's value. Those of the engine are not the machine's and have no place here.
    pub fn set(&mut self, counter: Counter, value: Option<u64>) {
        if let Some(place) = self.values.get_mut(counter as usize) {
            *place = value;
        }
    }

    /// Adds to the times that hardware counters should have counted and did count, in nanoseconds.
    pub fn add_times(&mut self, enabled: u64, running: u64) {
        self.enabled += enabled;
        self.running += running;
    }

    /// The share of the time during which the hardware counters really counted: less than 1 where more of them were asked
    /// for than the processor has. `None` where there are none.
    pub fn coverage(&self) -> Option<f64> {
        (self.enabled > 0).then(|| self.running as f64 / self.enabled as f64)
    }

    /// Machine instructions per cycle.
    pub fn instructions_per_cycle(&self) -> Option<f64> {
        let (instructions, cycles) = (self.get(Counter::Instructions)?, self.get(Counter::Cycles)?);
        (cycles > 0).then(|| instructions as f64 / cycles as f64)
    }

    /// How often it happened per thousand machine instructions.
    pub fn per_thousand_instructions(&self, counter: Counter) -> Option<f64> {
        let (count, instructions) = (self.get(counter)?, self.get(Counter::Instructions)?);
        (instructions > 0).then(|| count as f64 * 1000.0 / instructions as f64)
    }
}

/// What was counted in between. A counter that either lacks is lacking.
impl Sub for Sample {
    type Output = Sample;

    fn sub(self, before: Sample) -> Sample {
        let mut difference = Sample {
            enabled: self.enabled.saturating_sub(before.enabled),
            running: self.running.saturating_sub(before.running),
            ..Sample::default()
        };
        for (place, (now, then)) in difference.values.iter_mut().zip(self.values.iter().zip(before.values)) {
            *place = now.zip(then).map(|(now, then)| now.saturating_sub(then));
        }
        difference
    }
}

/// Both together: of several workers, or of several stretches. A counter that only one has counts alone.
impl AddAssign for Sample {
    fn add_assign(&mut self, other: Sample) {
        self.enabled += other.enabled;
        self.running += other.running;
        for (place, value) in self.values.iter_mut().zip(other.values) {
            *place = match (*place, value) {
                (Some(a), Some(b)) => Some(a + b),
                (one, other) => one.or(other),
            };
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::counters::Class;

    #[test]
    fn every_counter_of_the_machine_has_a_place_and_none_of_the_engine() {
        for &counter in Counter::ALL {
            let mut sample = Sample::default();
            sample.set(counter, Some(7));
            assert_eq!(sample.get(counter).is_some(), counter.class() != Class::Engine, "{counter:?}");
        }
    }

    #[test]
    fn differences_and_ratios() {
        let mut before = Sample::default();
        before.set(Counter::Cycles, Some(100));
        before.set(Counter::Instructions, Some(50));
        before.add_times(10, 10);
        let mut after = before;
        after.set(Counter::Cycles, Some(300));
        after.set(Counter::Instructions, Some(450));
        after.set(Counter::CacheMisses, Some(2));
        after.add_times(100, 50);
        let between = after - before;
        assert_eq!(between.get(Counter::Cycles), Some(200));
        assert_eq!(between.get(Counter::CacheMisses), None, "it was not counted before");
        assert_eq!(between.instructions_per_cycle(), Some(2.0));
        assert_eq!(between.coverage(), Some(0.5));
        assert_eq!(after.per_thousand_instructions(Counter::CacheMisses), Some(2.0 * 1000.0 / 450.0));
        let mut sum = between;
        sum += between;
        assert_eq!(sum.get(Counter::Instructions), Some(800));
    }
}
