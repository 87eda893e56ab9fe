//! Sampling: one seed after the other, each followed by its twin with shorter slices. Seeds differ in kind (how long slices are), so that
//! bugs that need a switch at an exact place and bugs that need a long lead are both found. It is complete only where there is nothing
//! to choose.

use super::strategy::{Plan, Seen, Strategy};
use scheduler::oracle::SHORT;

/// Seeds from a first one on.
#[derive(Clone, Debug)]
pub struct Sampling {
    next: Option<u64>,
    complete: bool,
}

impl Sampling {
    /// From this seed on.
    pub fn new(seed: u64) -> Self {
        Self { next: Some(seed), complete: false }
    }
}

impl Strategy for Sampling {
    fn next(&mut self) -> Option<Plan> {
        let seed = self.next?;
        self.next = match seed & SHORT {
            0 => Some(seed | SHORT),
            _ => (seed & !SHORT).checked_add(1).filter(|next| next & SHORT == 0),
        };
        Some(Plan { seed })
    }

    fn learn(&mut self, seen: &Seen) {
        if !seen.had_choice {
            self.complete = true;
            self.next = None;
        }
    }

    fn is_complete(&self) -> bool {
        self.complete
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn seeds_come_in_order_and_a_run_without_a_choice_is_the_last() {
        let mut sampling = Sampling::new(7);
        assert_eq!(sampling.next(), Some(Plan { seed: 7 }));
        sampling.learn(&Seen { fingerprint: 1, had_choice: true });
        assert_eq!((sampling.next(), sampling.is_complete()), (Some(Plan { seed: 7 | SHORT }), false));
        sampling.learn(&Seen { fingerprint: 1, had_choice: true });
        assert_eq!((sampling.next(), sampling.is_complete()), (Some(Plan { seed: 8 }), false));
        sampling.learn(&Seen { fingerprint: 1, had_choice: false });
        assert_eq!((sampling.next(), sampling.is_complete()), (None, true));
        let mut last = Sampling::new(u64::MAX);
        assert_eq!(last.next().map(|plan| plan.schedule()), Some(format!("1:seed={}", u64::MAX)));
        assert_eq!(last.next(), None);
    }
}
