//! Counters read at task switches, and what was counted in between put on the task's account.

use super::{Attribution, Availability, Counters, Sample, emit_sample};
use crate::record::Tracer;

/// What the engine calls at task switches when someone wants to know what tasks cost. One for each worker.
pub trait SwitchHook {
    /// A task that ran in this function has left the worker with this kind of operation (as in a record's kind byte).
    fn switched(&mut self, task: u32, function: u32, kind: u8);

    /// The worker goes on after it had nothing to run: what was counted since the last call was no task's.
    fn idled(&mut self);
}

/// Nobody wants to know.
impl SwitchHook for () {
    fn switched(&mut self, _task: u32, _function: u32, _kind: u8) {}
    fn idled(&mut self) {}
}

/// Reads a worker's counters at every task switch and keeps the accounts. Made and used by the worker's own thread.
///
/// A reading is a system call for each group of counters and takes longer than many a slice: shares are exact, rates of a
/// metered run are not.
pub struct Meter {
    counters: Counters,
    /// When this was opened, and at the switch before.
    first: Sample,
    last: Sample,
    /// At the last record in the trace.
    recorded: Sample,
    attribution: Attribution,
}

impl Meter {
    /// Opens the calling thread's counters.
    pub fn open() -> Meter {
        let mut counters = Counters::open();
        let last = counters.read();
        Meter { counters, first: last, last, recorded: last, attribution: Attribution::default() }
    }

    /// Which counters there are.
    pub fn availability(&self) -> &Availability {
        self.counters.availability()
    }

    /// What was used since the reading before.
    fn used(&mut self) -> Sample {
        let now = self.counters.read();
        let used = now - self.last;
        self.last = now;
        used
    }

    /// Records what the machine counted since the call before as `meta.counter` events. The values are those of the last
    /// switch: no reading of its own.
    pub fn record<T: Tracer>(&mut self, tr: &mut T, clock: u64) {
        emit_sample(tr, clock, &(self.last - self.recorded));
        self.recorded = self.last;
    }

    /// What was counted since this was opened, until the last switch.
    pub fn counted(&self) -> Sample {
        self.last - self.first
    }

    /// The accounts so far.
    pub fn attribution(&self) -> &Attribution {
        &self.attribution
    }
}

impl SwitchHook for Meter {
    fn switched(&mut self, task: u32, function: u32, kind: u8) {
        let used = self.used();
        self.attribution.add(task, function, kind, used);
    }

    fn idled(&mut self) {
        let used = self.used();
        self.attribution.add_between(used);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::counters::Counter;
    use crate::event::Kind;
    use crate::record::Recorder;
    use crate::sink::MemorySink;

    #[test]
    fn what_is_attributed_and_what_is_recorded_is_the_whole() {
        let mut meter = Meter::open();
        let begin = meter.last;
        let (sink, memory) = MemorySink::unbounded();
        let mut recorder = Recorder::new(sink);
        for i in 0..20u32 {
            let page = std::hint::black_box(vec![i as u8; 1 << 20]);
            assert_eq!(page.len(), 1 << 20);
            match i % 5 {
                4 => meter.idled(),
                task => meter.switched(task, i % 3, Kind::Send as u8),
            }
            meter.record(&mut recorder, u64::from(i));
        }
        drop(recorder);
        let whole = meter.last - begin;
        let mut accounted = meter.attribution().total().sum;
        accounted += meter.attribution().between().sum;
        let chunks = memory.take();
        for &counter in Counter::ALL {
            assert_eq!(accounted.get(counter), whole.get(counter), "{counter:?}");
            let records = chunks.iter().flat_map(|chunk| chunk.records());
            let recorded: u64 = records.filter(|r| r.object == counter.id()).map(|r| u64::from(r.arg)).sum();
            assert_eq!(recorded, whole.get(counter).unwrap_or(0), "{counter:?}");
        }
        assert_eq!(meter.attribution().total().slices, 16);
    }
}
