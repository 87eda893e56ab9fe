//! A tracer around a tracer that reads the machine's counters at every task switch it sees go by.
//!
//! The engine knows nothing of it: the stream of events says which task runs, and the last event before a switch is the
//! operation with which the task left the worker. Its site says in which function that was. What a worker counts between
//! the moment it runs out of work and the next switch is no task's.
//!
//! Counters belong to a thread, so they are opened by the first call from the worker's own thread, not by whoever made this.

use super::attribution::TASKS;
use super::{Attribution, Availability, Meter, Sample, SwitchHook};
use crate::event::Kind;
use crate::record::Tracer;
use rustc_hash::FxHashMap;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Ticks from one set of `meta.counter` records of a worker to the next, at least.
const INTERVAL: u64 = 10_000_000;

/// What several workers' metered tracers found out; whoever has a clone can look while they run.
#[derive(Clone, Default)]
pub struct Accounts(Arc<Mutex<Books>>);

#[derive(Default)]
struct Books {
    attribution: Attribution,
    availability: Option<Availability>,
    workers: BTreeMap<u32, Sample>,
    spawned: FxHashMap<u32, u32>,
}

impl Accounts {
    /// What was used by task, function and kind of operation, of the workers that have ended.
    pub fn attribution(&self) -> Attribution {
        self.lock().attribution.clone()
    }

    /// Which counters there are; `None` before any worker has begun.
    pub fn availability(&self) -> Option<Availability> {
        self.lock().availability.clone()
    }

    /// The function that a task was spawned with, if it is one of the first [`TASKS`].
    pub fn spawned(&self, task: u32) -> Option<u32> {
        self.lock().spawned.get(&task).copied()
    }

    /// What the machine has counted for a worker, at its last set of records.
    pub fn worker(&self, worker: u32) -> Sample {
        self.lock().workers.get(&worker).copied().unwrap_or_default()
    }

    fn lock(&self) -> MutexGuard<'_, Books> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A tracer that meters a worker's tasks and gives every event on to another tracer.
pub struct Metered<T: Tracer> {
    inner: T,
    worker: u32,
    accounts: Accounts,
    /// The functions by their first sites, ascending.
    functions: Arc<[(u32, u32)]>,
    meter: Option<Meter>,
    /// The task that runs; 0 between tasks.
    task: u32,
    last_kind: u8,
    last_site: u32,
    recorded: u64,
    /// Tasks spawned here with their functions.
    spawned: Vec<(u32, u32)>,
}

impl<T: Tracer> Metered<T> {
    /// Meters a worker. `functions` has the first site and the number of each function, ascending.
    pub fn new(inner: T, worker: u32, functions: Arc<[(u32, u32)]>, accounts: &Accounts) -> Metered<T> {
        Metered {
            inner,
            worker,
            accounts: accounts.clone(),
            functions,
            meter: None,
            task: 0,
            last_kind: Kind::Preempt as u8,
            last_site: 0,
            recorded: 0,
            spawned: Vec::new(),
        }
    }

    /// The innermost function of a site.
    fn function(&self, site: u32) -> u32 {
        let after = self.functions.partition_point(|&(start, _)| start <= site);
        self.functions.get(after.saturating_sub(1)).map_or(u32::MAX, |&(_, function)| function)
    }

    fn meter(&mut self) -> &mut Meter {
        let accounts = &self.accounts;
        self.meter.get_or_insert_with(|| {
            let meter = Meter::open();
            accounts.lock().availability.get_or_insert_with(|| meter.availability().clone());
            meter
        })
    }

    /// The task that ran has left the worker, if one ran; what was counted is its, or nobody's.
    fn leave(&mut self) {
        let (task, kind) = (self.task, self.last_kind);
        let function = self.function(self.last_site);
        let meter = self.meter();
        if task == 0 {
            meter.idled()
        } else {
            meter.switched(task, function, kind)
        }
        self.task = 0;
    }

    /// Puts what was counted into the trace, at most now and then unless it `must`.
    fn record(&mut self, clock: u64, must: bool) {
        if !must && clock < self.recorded.saturating_add(INTERVAL) {
            return;
        }
        self.recorded = clock;
        let worker = self.worker;
        if let Some(meter) = &mut self.meter {
            meter.record(&mut self.inner, clock);
            self.accounts.lock().workers.insert(worker, meter.counted());
        }
    }
}

impl<T: Tracer> Tracer for Metered<T> {
    const ON: bool = true;

    #[inline]
    fn emit(&mut self, kind: u8, site: u32, clock: u64, object: u32, arg: u32) {
        if kind == Kind::Switch as u8 {
            self.leave();
            self.record(clock, false);
            self.task = object;
            // A task that does nothing that is recorded until it leaves has computed.
            self.last_kind = Kind::Preempt as u8;
        } else {
            self.last_kind = kind;
            if (kind == Kind::TaskSpawn as u8 || kind == Kind::AsyncSpawn as u8) && self.spawned.len() < TASKS {
                self.spawned.push((object, arg));
            }
        }
        self.last_site = site;
        self.inner.emit(kind, site, clock, object, arg);
    }

    fn text(&mut self, kind: Kind, site: u32, clock: u64, text: &str) {
        (self.last_kind, self.last_site) = (kind as u8, site);
        self.inner.text(kind, site, clock, text);
    }

    fn ordinal(&self) -> u64 {
        self.inner.ordinal()
    }

    fn poll(&mut self, clock: u64) -> bool {
        self.inner.poll(clock)
    }

    fn wait(&mut self, clock: u64) -> u64 {
        self.inner.wait(clock)
    }

    fn slice(&mut self, slice: u32) -> u32 {
        self.inner.slice(slice)
    }

    fn idle(&mut self, clock: u64) {
        self.leave();
        self.record(clock, true);
        self.inner.idle(clock);
    }

    fn awake(&mut self, clock: u64) -> u64 {
        self.inner.awake(clock)
    }

    fn quit(&self) -> bool {
        self.inner.quit()
    }
}

/// The worker has ended: its accounts are closed and added to the others'.
impl<T: Tracer> Drop for Metered<T> {
    fn drop(&mut self) {
        if self.task != 0 {
            self.leave();
        }
        if let Some(meter) = self.meter.take() {
            let mut books = self.accounts.lock();
            books.workers.insert(self.worker, meter.counted());
            books.attribution.merge(meter.attribution());
            books.spawned.extend(self.spawned.drain(..));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::counters::{Account, Counter, kind_name};
    use crate::event::BLOCKED;
    use crate::record::{Off, Recorder};
    use crate::sink::MemorySink;

    fn touch() {
        std::mem::forget(std::hint::black_box(vec![1u8; 1 << 18]));
    }

    /// Two tasks: the first computes, sends and blocks in a receive, the second ends.
    fn play<T: Tracer>(tracer: &mut T) {
        tracer.emit(Kind::Switch as u8, 0, 0, 1, 100);
        touch();
        tracer.emit(Kind::Preempt as u8, 3, 10, 0, 0);
        tracer.emit(Kind::Switch as u8, 3, 10, 1, 100);
        tracer.emit(Kind::Send as u8, 4, 12, 7, 0);
        tracer.emit(Kind::Recv as u8 | BLOCKED, 5, 20, 7, 0);
        tracer.emit(Kind::Switch as u8, 20, 20, 2, 100);
        touch();
        tracer.emit(Kind::TaskEnd as u8, 25, 30, 0, 0);
        tracer.idle(30);
    }

    #[test]
    fn tasks_functions_and_operations_are_told_from_the_stream() {
        let accounts = Accounts::default();
        let mut metered = Metered::new(Off, 2, [(0, 0), (10, 1), (20, 2)].into(), &accounts);
        play(&mut metered);
        assert_eq!(accounts.attribution().total(), Account::default(), "the worker still runs");
        drop(metered);
        let attribution = accounts.attribution();
        let slices = |accounts: Vec<(u32, Account)>| accounts.iter().map(|(n, a)| (*n, a.slices)).collect::<Vec<_>>();
        assert_eq!(slices(attribution.tasks()), [(1, 2), (2, 1)]);
        assert_eq!(slices(attribution.functions().collect()), [(0, 2), (2, 1)]);
        let kinds: Vec<_> = attribution.kinds().map(|(kind, _)| kind_name(kind)).collect();
        assert_eq!(kinds, ["compute", "task.end", "chan.recv"]);
        let mut whole = attribution.total().sum;
        whole += attribution.between().sum;
        for &counter in Counter::ALL {
            assert_eq!(whole.get(counter), accounts.worker(2).get(counter), "{counter:?}");
        }
        assert!(accounts.availability().is_some());
    }

    #[test]
    fn the_stream_goes_on_as_it_is_with_counters_in_it() {
        let (sink, memory) = MemorySink::unbounded();
        let accounts = Accounts::default();
        let mut metered = Metered::new(Recorder::new(sink), 0, [(0, 0)].into(), &accounts);
        play(&mut metered);
        drop(metered);
        let (plain_sink, plain_memory) = MemorySink::unbounded();
        let mut recorder = Recorder::new(plain_sink);
        play(&mut recorder);
        drop(recorder);
        let records = |memory: crate::sink::Memory| {
            memory.take().iter().flat_map(|chunk| chunk.records().to_vec()).collect::<Vec<_>>()
        };
        let (metered, plain) = (records(memory), records(plain_memory));
        let counters = metered.iter().filter(|record| record.kind() == Some(Kind::Counter)).count();
        let rest: Vec<_> = metered.into_iter().filter(|record| record.kind() != Some(Kind::Counter)).collect();
        assert_eq!(rest, plain);
        assert_eq!(counters > 0, accounts.worker(0) != Sample::default());
    }
}
