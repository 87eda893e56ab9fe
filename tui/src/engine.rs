//! What the engine said of its workers at the last two looks: what is not in the trace (steals, parks, guest instructions) and
//! what the machine counted, as rates.

use tracer::counters::Sample;
use tracer::workers::WorkerStats;

/// The last two looks.
#[derive(Clone, Debug, Default)]
pub struct Engine {
    before: Vec<WorkerStats>,
    now: Vec<WorkerStats>,
    /// Seconds of wall time between them.
    seconds: f64,
    looks: u64,
    /// Why there are no hardware counters, where that is known.
    pub no_counters: Option<String>,
    /// Whether the program ever had to wait for the screen.
    pub behind: bool,
}

/// A worker's numbers a second, or those of all workers together. What nobody counted is `None`.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Numbers {
    /// The share of the time in which it ran tasks.
    pub busy: Option<f64>,
    /// Task switches a second.
    pub switches: Option<f64>,
    /// Events a second.
    pub events: Option<f64>,
    /// Guest instructions a second.
    pub ticks: Option<f64>,
    /// Tasks taken from other workers a second.
    pub steals: Option<f64>,
    /// Times a second that it went to sleep.
    pub parks: Option<f64>,
    /// Tasks in its run queue.
    pub queue: Option<f64>,
    /// What the machine counted, in all of the span.
    pub machine: Sample,
}

fn plus(a: Option<f64>, b: Option<f64>) -> Option<f64> {
    match (a, b) {
        (Some(a), Some(b)) => Some(a + b),
        (one, other) => one.or(other),
    }
}

impl Numbers {
    /// All workers together; their time is as much as one worker's times their number.
    pub fn sum<'a>(parts: impl Iterator<Item = &'a Numbers>) -> Numbers {
        let mut sum = Numbers::default();
        let mut known = 0;
        for part in parts {
            known += u32::from(part.busy.is_some());
            sum.busy = plus(sum.busy, part.busy);
            sum.switches = plus(sum.switches, part.switches);
            sum.events = plus(sum.events, part.events);
            sum.ticks = plus(sum.ticks, part.ticks);
            sum.steals = plus(sum.steals, part.steals);
            sum.parks = plus(sum.parks, part.parks);
            sum.queue = plus(sum.queue, part.queue);
            sum.machine += part.machine;
        }
        sum.busy = sum.busy.map(|busy| busy / f64::from(known.max(1)));
        sum
    }
}

impl Engine {
    /// Takes in what the engine says now, so many seconds after it said it last. Says whether anything is new.
    pub fn take(&mut self, stats: Vec<WorkerStats>, seconds: f64) -> bool {
        if stats == self.now && self.before == self.now {
            return false;
        }
        self.before = std::mem::replace(&mut self.now, stats);
        self.seconds = seconds;
        self.looks += 1;
        true
    }

    /// How many looks brought something new.
    pub fn looks(&self) -> u64 {
        self.looks
    }

    /// The workers it knows, by number.
    pub fn workers(&self) -> impl Iterator<Item = u32> {
        self.now.iter().map(|stats| stats.worker)
    }

    /// Whether it says anything at all.
    pub fn is_silent(&self) -> bool {
        self.now.is_empty()
    }

    /// What the machine counted for all workers since the run began.
    pub fn machine(&self) -> Sample {
        let mut sum = Sample::default();
        self.now.iter().for_each(|stats| sum += stats.machine);
        sum
    }

    /// A worker's rates between the two looks; with `whole`, since the run began so many seconds ago.
    pub fn numbers(&self, worker: u32, whole: Option<f64>) -> Option<Numbers> {
        let now = self.now.iter().find(|stats| stats.worker == worker)?;
        let nothing = WorkerStats { worker, ..WorkerStats::default() };
        let (before, seconds) = match whole {
            Some(seconds) => (&nothing, seconds),
            None => (self.before.iter().find(|stats| stats.worker == worker)?, self.seconds),
        };
        let rate = |now: u64, before: u64| (seconds > 0.0).then(|| now.saturating_sub(before) as f64 / seconds);
        Some(Numbers {
            busy: None,
            switches: rate(now.switches, before.switches),
            events: None,
            ticks: rate(now.ticks, before.ticks),
            steals: rate(now.steals, before.steals),
            parks: rate(now.parks, before.parks),
            queue: Some(f64::from(now.queue)),
            machine: if whole.is_some() { now.machine } else { now.machine - before.machine },
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rates_are_differences_by_seconds() {
        let mut engine = Engine::default();
        let stats = |ticks, steals| vec![WorkerStats { worker: 3, ticks, steals, queue: 7, ..WorkerStats::default() }];
        assert!(engine.take(stats(1_000, 4), 0.5));
        assert_eq!(engine.numbers(3, None), None, "one look is no difference");
        assert!(engine.take(stats(5_000, 5), 0.5));
        let numbers = engine.numbers(3, None).unwrap();
        assert_eq!((numbers.ticks, numbers.steals, numbers.queue), (Some(8_000.0), Some(2.0), Some(7.0)));
        assert_eq!(engine.numbers(3, Some(10.0)).unwrap().ticks, Some(500.0));
        assert_eq!(engine.numbers(0, None), None);
        assert!(engine.take(stats(5_000, 5), 0.5) && !engine.take(stats(5_000, 5), 0.5));
    }

    #[test]
    fn all_workers_share_their_time_and_add_up_the_rest() {
        let parts = [
            Numbers { busy: Some(1.0), ticks: Some(5.0), ..Numbers::default() },
            Numbers { busy: Some(0.5), ticks: Some(7.0), queue: Some(2.0), ..Numbers::default() },
        ];
        let sum = Numbers::sum(parts.iter());
        assert_eq!((sum.busy, sum.ticks, sum.queue, sum.parks), (Some(0.75), Some(12.0), Some(2.0), None));
    }
}
