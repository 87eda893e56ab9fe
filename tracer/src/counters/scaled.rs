//! A counter that shares its place in the processor with others, scaled up to the whole time.

/// What the kernel says of a counter: its count, and for how long (in nanoseconds) it should have counted and did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Reading {
    /// The count.
    pub count: u64,
    /// Time during which it was asked to count.
    pub enabled: u64,
    /// Time during which it had a place in the processor.
    pub running: u64,
}

/// The scaled total. Scaling each stretch between two readings by itself, and not the total by the ratio so far, keeps it
/// from ever going back, and follows a program whose phases differ.
#[derive(Clone, Copy, Debug, Default)]
pub struct Scaled {
    last: Reading,
    total: u64,
}

impl Scaled {
    /// Takes a reading in and gives the scaled total. While the counter had no place since the reading before, nothing is
    /// known and the total stands; what it missed is made up for when it has counted again.
    pub fn update(&mut self, now: Reading) -> u64 {
        let count = now.count.saturating_sub(self.last.count);
        let enabled = now.enabled.saturating_sub(self.last.enabled);
        let running = now.running.saturating_sub(self.last.running);
        if running == 0 && count == 0 {
            return self.total;
        }
        let whole = if running == 0 || running >= enabled {
            count
        } else {
            u64::try_from(u128::from(count) * u128::from(enabled) / u128::from(running)).unwrap_or(u64::MAX)
        };
        self.total = self.total.saturating_add(whole);
        self.last = now;
        self.total
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_counter_of_its_own_is_exact() {
        let mut scaled = Scaled::default();
        assert_eq!(scaled.update(Reading { count: 10, enabled: 100, running: 100 }), 10);
        assert_eq!(scaled.update(Reading { count: 15, enabled: 150, running: 150 }), 15);
    }

    #[test]
    fn a_shared_one_is_scaled_stretch_by_stretch_and_never_goes_back() {
        let mut scaled = Scaled::default();
        assert_eq!(scaled.update(Reading { count: 10, enabled: 100, running: 50 }), 20);
        // The whole by the ratio so far would now be (10 * 200 / 150) = 13: back.
        assert_eq!(scaled.update(Reading { count: 10, enabled: 200, running: 150 }), 20);
        assert_eq!(scaled.update(Reading { count: 20, enabled: 300, running: 250 }), 30);
    }

    #[test]
    fn time_without_a_place_is_made_up_for_later() {
        let mut scaled = Scaled::default();
        assert_eq!(scaled.update(Reading { count: 0, enabled: 100, running: 0 }), 0);
        assert_eq!(scaled.update(Reading { count: 5, enabled: 200, running: 50 }), 20);
    }
}
