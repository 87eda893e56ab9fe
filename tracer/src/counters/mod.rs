//! What the machine and the engine count while a program runs: cycles, cache misses, context switches, steals.
//!
//! [`Counter`] is the one table of counters. [`Counters`] reads those of the processor and the operating system for one
//! thread (or for a thread and all that it starts), [`Attribution`] adds up what each task, function and kind of operation
//! used, [`Meter`] does both at every task switch, and [`emit`] puts a value into the trace as a `meta.counter` record.
//! [`Metered`] is a tracer around a tracer that sees the switches by itself; [`Threads`] is for a watcher that only wants to know
//! now and then.
//!
//! Nothing here fails: a counter that cannot be had is absent from the [`Sample`], and [`Availability`] says why and what
//! would help. Outside Linux nothing can be had, and it says so.

mod attribution;
mod availability;
mod costs;
#[cfg(target_os = "linux")]
mod linux;
mod meter;
mod metered;
#[cfg(not(target_os = "linux"))]
mod nowhere;
mod sample;
mod scaled;
mod threads;

pub use attribution::{Account, Attribution, kind_name};
pub use availability::{Availability, Missing, Source};
pub use costs::{Cost, Costs};
#[cfg(target_os = "linux")]
pub use linux::Counters;
pub use meter::{Meter, SwitchHook};
pub use metered::{Accounts, Metered};
#[cfg(not(target_os = "linux"))]
pub use nowhere::Counters;
pub use sample::Sample;
pub use threads::Threads;

use crate::event::Kind;
use crate::record::Tracer;
use crate::workers::WorkerStats;

/// Who counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Class {
    /// The processor.
    Hardware,
    /// The operating system.
    Software,
    /// The engine.
    Engine,
}

/// What the value of a `meta.counter` record means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shape {
    /// The increase since the same worker's record of this counter before; the sum over all records is the total.
    Increase,
    /// The value at this moment.
    Level,
}

macro_rules! counters {
    ($( $(#[doc = $doc:literal])+ $name:ident = $id:literal, $text:literal, $unit:literal, $class:ident, $shape:ident; )+) => {
        /// What can be counted. The table in this file is the only list of counters; its numbers stand in traces.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        #[repr(u8)]
        pub enum Counter { $( $(#[doc = $doc])+ $name = $id, )+ }

        impl Counter {
            /// Every counter, in the order of the table.
            pub const ALL: &'static [Counter] = &[$(Counter::$name),+];

            /// The counter of a number in a trace.
            pub const fn from_id(id: u32) -> Option<Counter> {
                match id { $($id => Some(Counter::$name),)+ _ => None }
            }

            /// The name in reports, filters and documents, such as `cache-misses`.
            pub const fn name(self) -> &'static str {
                match self { $(Counter::$name => $text,)+ }
            }

            /// What one of it is; empty where the name says it.
            pub const fn unit(self) -> &'static str {
                match self { $(Counter::$name => $unit,)+ }
            }

            /// One sentence on what it counts.
            pub fn doc(self) -> &'static str {
                match self { $(Counter::$name => concat!($($doc),+).trim_ascii(),)+ }
            }

            /// Who counts it.
            pub const fn class(self) -> Class {
                match self { $(Counter::$name => Class::$class,)+ }
            }

            /// What its values in a trace mean.
            pub const fn shape(self) -> Shape {
                match self { $(Counter::$name => Shape::$shape,)+ }
            }
        }
    };
}

counters! {
    /// Cycles of the core, at whatever frequency it ran.
    Cycles = 1, "cycles", "", Hardware, Increase;
    /// Machine instructions that took effect.
    Instructions = 2, "instructions", "", Hardware, Increase;
    /// Accesses to the last level of cache.
    CacheReferences = 3, "cache-references", "", Hardware, Increase;
    /// Accesses that the last level of cache could not answer.
    CacheMisses = 4, "cache-misses", "", Hardware, Increase;
    /// Branch instructions.
    Branches = 5, "branches", "", Hardware, Increase;
    /// Branches that were predicted wrongly.
    BranchMisses = 6, "branch-misses", "", Hardware, Increase;
    /// Cycles in which no instruction could be fetched or decoded.
    StalledFrontend = 7, "stalled-frontend", "cycles", Hardware, Increase;
    /// Cycles in which no instruction could be carried out.
    StalledBackend = 8, "stalled-backend", "cycles", Hardware, Increase;

    /// Time on a core.
    TaskClock = 20, "task-clock", "ns", Software, Increase;
    /// Times the operating system took the core away or the thread gave it up.
    ContextSwitches = 21, "context-switches", "", Software, Increase;
    /// Times the thread was moved to another core.
    Migrations = 22, "migrations", "", Software, Increase;
    /// Pages of memory touched that had to be provided first.
    PageFaults = 23, "page-faults", "", Software, Increase;

    /// Ticks of the instruction budget that the program used: one for each loop step and call.
    Ticks = 40, "ticks", "", Engine, Increase;
    /// Task switches of the worker.
    Switches = 41, "switches", "", Engine, Increase;
    /// Tasks that the worker took from another worker's queue.
    Steals = 42, "steals", "", Engine, Increase;
    /// Times the worker went to sleep because there was nothing to run.
    Parks = 43, "parks", "", Engine, Increase;
    /// Times the worker woke another one up.
    Wakes = 44, "wakes", "", Engine, Increase;
    /// Tasks in the worker's run queue.
    QueueLength = 45, "queue-length", "tasks", Engine, Level;
    /// Share of the time since the sample before during which the worker ran tasks, in thousandths.
    Utilisation = 46, "utilisation", "1/1000", Engine, Level;
}

impl Counter {
    /// Its number in a trace.
    pub const fn id(self) -> u32 {
        self as u32
    }
}

/// Records a value of a counter at `clock` for the worker whose tracer it is: an increase or a level, as the counter's
/// [`Shape`] says. An increase that is too large for a record becomes several; one of 0 becomes none.
pub fn emit<T: Tracer>(tr: &mut T, clock: u64, counter: Counter, value: u64) {
    if !T::ON {
        return;
    }
    let mut emit = |value: u32| tr.emit(Kind::Counter as u8, 0, clock, counter.id(), value);
    if counter.shape() == Shape::Level {
        return emit(u32::try_from(value).unwrap_or(u32::MAX));
    }
    let mut rest = value;
    while rest > 0 {
        let piece = u32::try_from(rest).unwrap_or(u32::MAX);
        emit(piece);
        rest -= u64::from(piece);
    }
}

/// Records every counter of a difference of samples.
pub fn emit_sample<T: Tracer>(tr: &mut T, clock: u64, difference: &Sample) {
    for &counter in Counter::ALL {
        if let Some(value) = difference.get(counter) {
            emit(tr, clock, counter, value);
        }
    }
}

/// Records what a worker's engine has counted between two looks, and how long its queue is now. Its part of the machine's
/// counters is recorded too.
pub fn emit_stats<T: Tracer>(tr: &mut T, clock: u64, before: &WorkerStats, now: &WorkerStats) {
    for (counter, before, now) in [
        (Counter::Ticks, before.ticks, now.ticks),
        (Counter::Switches, before.switches, now.switches),
        (Counter::Steals, before.steals, now.steals),
        (Counter::Parks, before.parks, now.parks),
        (Counter::Wakes, before.wakes, now.wakes),
    ] {
        emit(tr, clock, counter, now.saturating_sub(before));
    }
    emit(tr, clock, Counter::QueueLength, u64::from(now.queue));
    emit_sample(tr, clock, &(now.machine - before.machine));
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::Recorder;
    use crate::sink::MemorySink;

    #[test]
    fn numbers_and_names_are_unique_and_come_back() {
        for (i, counter) in Counter::ALL.iter().enumerate() {
            assert_eq!(Counter::from_id(counter.id()), Some(*counter));
            assert!(counter.doc().ends_with('.') && !counter.doc().starts_with(' '), "{counter:?}");
            for other in &Counter::ALL[i + 1..] {
                assert!(counter.id() != other.id() && counter.name() != other.name(), "{counter:?} {other:?}");
            }
        }
        assert_eq!(Counter::from_id(0), None);
    }

    #[test]
    fn increases_are_whole_and_levels_are_said_even_when_zero() {
        let (sink, memory) = MemorySink::unbounded();
        let mut recorder = Recorder::new(sink);
        let large = (u64::from(u32::MAX)) * 2 + 7;
        emit(&mut recorder, 5, Counter::Ticks, large);
        emit(&mut recorder, 5, Counter::Steals, 0);
        emit(&mut recorder, 5, Counter::QueueLength, 0);
        drop(recorder);
        let chunks = memory.take();
        let records: Vec<_> = chunks.iter().flat_map(|chunk| chunk.records()).collect();
        let of = |counter: Counter| {
            records.iter().filter(|r| r.kind() == Some(Kind::Counter) && r.object == counter.id()).collect::<Vec<_>>()
        };
        assert_eq!(of(Counter::Ticks).iter().map(|r| u64::from(r.arg)).sum::<u64>(), large);
        assert_eq!(of(Counter::Ticks).len(), 3);
        assert!(of(Counter::Steals).is_empty());
        assert_eq!(of(Counter::QueueLength).len(), 1);
    }

    #[test]
    fn what_an_engine_counted_is_recorded_as_differences() {
        let (sink, memory) = MemorySink::unbounded();
        let mut recorder = Recorder::new(sink);
        let mut before = WorkerStats { ticks: 10, steals: 3, queue: 9, ..WorkerStats::default() };
        before.machine.set(Counter::PageFaults, Some(5));
        let mut now = WorkerStats { ticks: 25, steals: 3, parks: 1, queue: 4, ..before.clone() };
        now.machine.set(Counter::PageFaults, Some(7));
        emit_stats(&mut recorder, 5, &before, &now);
        drop(recorder);
        let chunks = memory.take();
        let records: Vec<_> = chunks[0].records().iter().map(|r| (Counter::from_id(r.object), r.arg)).collect();
        let wanted = [(Counter::Ticks, 15), (Counter::Parks, 1), (Counter::QueueLength, 4), (Counter::PageFaults, 2)];
        assert_eq!(records, wanted.map(|(counter, value)| (Some(counter), value)));
    }
}
