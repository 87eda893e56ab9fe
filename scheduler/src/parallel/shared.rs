//! What the workers of a run share.

use super::blocking::Pool;
use super::lock::Lock;
use super::sync::Mutex;
use super::sync::UnsafeCell;
use super::table::Table;
use super::task::TaskCell;
use super::timers::TimeState;
use super::world::World;
use super::{atomic::AtomicCell, mutex::MutexCell};
use crate::core::{EndedTask, Meta};
use crate::detect::Detector;
use crate::objects::{Barrier, Channel, Once, RwLock, Select, Semaphore, WaitGroup};
use crate::outcome::At;
use crossbeam_deque::{Injector, Stealer};
use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU32, AtomicU64, Ordering};
use std::time::{Duration, Instant};
use tracer::counters::Sample;
use tracer::workers::WorkerStats;

/// What a parallel run is made for.
#[derive(Clone, Debug)]
pub struct ParallelConfig<V> {
    /// Number of workers, at least 1.
    pub workers: u32,
    /// Number of functions of the program: tasks are numbered for each.
    pub functions: u32,
    /// Number of places in the code: objects are numbered for each.
    pub sites: u32,
    /// The guest's value for a point in time, sent by timers and tickers.
    pub time_value: fn(u64) -> V,
    /// Whether the program can cancel tasks at all.
    pub may_cancel: bool,
    /// Seed of the workers' random numbers.
    pub seed: u64,
}

/// An object with the trace clock of the last operation on it.
#[derive(Debug, Default)]
pub struct Stamped<T> {
    /// See the module's header in `parallel`.
    pub clock: u64,
    /// The object.
    pub it: T,
}

/// An object behind its lock.
pub type Locked<T> = Lock<Stamped<T>>;

/// What a worker counts. Written by itself only, read by anybody.
#[derive(Debug, Default)]
pub struct Counts {
    /// Ticks executed, as of the last slice's end.
    pub ticks: AtomicU64,
    /// Tasks taken up.
    pub switches: AtomicU64,
    /// Tasks taken from other workers.
    pub steals: AtomicU64,
    /// Times it went to sleep.
    pub parks: AtomicU64,
    /// Times it woke another worker.
    pub wakes: AtomicU64,
    /// Length of its run queue, as of the last slice's end.
    pub queue: AtomicU64,
    /// Nanoseconds asleep.
    pub idle: AtomicU64,
    /// Nanosecond of the run at which it went to sleep; 0 while it is awake.
    pub idle_since: AtomicU64,
}

/// One more, by the only writer.
#[inline(always)]
pub fn count(counter: &AtomicU64) {
    counter.store(counter.load(Ordering::Relaxed).wrapping_add(1), Ordering::Relaxed);
}

impl Counts {
    fn stats(&self, worker: u32) -> WorkerStats {
        let of = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        WorkerStats {
            worker,
            ticks: of(&self.ticks),
            switches: of(&self.switches),
            steals: of(&self.steals),
            parks: of(&self.parks),
            wakes: of(&self.wakes),
            queue: of(&self.queue) as u32,
            idle: of(&self.idle_since) != 0,
            machine: Sample::default(),
        }
    }
}

/// What a watcher in another thread may ask of a run's workers, also when it is over.
#[derive(Clone)]
pub struct Watch(Arc<dyn Lanes>);

/// The lanes of a run, whatever its tasks are made of.
trait Lanes: Send + Sync {
    fn stats(&self) -> Vec<WorkerStats>;
}

impl<V: Send, B: Send> Lanes for Shared<V, B> {
    fn stats(&self) -> Vec<WorkerStats> {
        self.lanes.iter().enumerate().map(|(worker, lane)| lane.counts.stats(worker as u32)).collect()
    }
}

impl Watch {
    pub(super) fn new<V: Send + 'static, B: Send + 'static>(shared: &Arc<Shared<V, B>>) -> Self {
        Self(Arc::clone(shared) as Arc<dyn Lanes>)
    }

    /// The numbers of each worker.
    pub fn stats(&self) -> Vec<WorkerStats> {
        self.0.stats()
    }
}

/// Ended tasks that each worker remembers as evidence.
const REMEMBERED: usize = 64;

/// The last tasks that ended on a worker, without a lock: every end of a task comes here.
#[derive(Debug, Default)]
pub struct Ended(UnsafeCell<VecDeque<EndedTask>>);

// SAFETY: only the lane's own worker adds, while it runs; others look only while the world is stopped.
#[expect(unsafe_code, reason = "see above")]
unsafe impl Sync for Ended {}

impl Ended {
    /// Adds one; by the lane's own worker.
    #[expect(unsafe_code, reason = "see below")]
    pub fn push(&self, task: EndedTask) {
        // SAFETY: private to the runtime, which calls it from the lane's worker only, and never inside itself.
        self.0.with_mut(|ended| {
            let ended = unsafe { &mut *ended };
            if ended.len() == REMEMBERED {
                ended.pop_front();
            }
            ended.push_back(task);
        });
    }

    /// All of them, oldest first; while the world is stopped.
    #[expect(unsafe_code, reason = "see below")]
    pub fn frozen(&self) -> Vec<EndedTask> {
        // SAFETY: private to the runtime, which calls it while the world is stopped: no worker ends a task.
        self.0.with_mut(|ended| unsafe { &*ended }.iter().copied().collect())
    }
}

/// A worker as the others see it. Lanes stand apart so that what one worker counts does not slow down another.
#[derive(Debug)]
#[repr(align(128))]
pub struct Lane {
    pub stealer: Stealer<u32>,
    pub counts: Counts,
    /// Tasks made here minus tasks ended here.
    pub live: AtomicI64,
    /// The last tasks that ended here.
    pub ended: Ended,
}

/// Everything that the workers share.
#[derive(Debug)]
pub struct Shared<V, B> {
    pub world: World,
    pub lanes: Box<[Lane]>,
    pub injector: Injector<u32>,
    pub tasks: Table<TaskCell<V, B>>,
    pub channels: Table<Locked<Channel<V>>>,
    pub selects: Table<Lock<Select<V>>>,
    pub mutexes: Table<MutexCell<V>>,
    pub rwlocks: Table<Locked<RwLock<V>>>,
    pub wait_groups: Table<Locked<WaitGroup>>,
    pub onces: Table<Locked<Once<V>>>,
    pub barriers: Table<Locked<Barrier>>,
    pub semaphores: Table<Locked<Semaphore>>,
    pub atomics: Table<AtomicCell>,
    pub time: Mutex<TimeState<V>>,
    /// Nanosecond at which the next timer is due; `u64::MAX` without one.
    pub next_deadline: AtomicU64,
    pub detector: Mutex<Detector>,
    /// Nanosecond before which no scan for stuck tasks is made.
    pub next_scan: AtomicU64,
    pub main_ended: AtomicBool,
    /// Events are recorded, so that their numbers mean something.
    pub traced: AtomicBool,
    /// Tasks parked in I/O or C calls.
    pub external: AtomicU32,
    pub pool: Pool,
    next_task: AtomicU64,
    next_object: AtomicU32,
    functions: Box<[AtomicU32]>,
    sites: Box<[AtomicU32]>,
    pub time_value: fn(u64) -> V,
    pub may_cancel: bool,
    /// See `Scheduler::open_locks`.
    pub open_locks: AtomicBool,
    start: Instant,
}

/// Numbers of tasks that a worker takes at once.
const TASK_NUMBERS: u32 = 32;

/// Scans are not made more often than this.
const SCAN_EVERY: Duration = Duration::from_millis(1);

/// A scan that took long is not repeated before this many times as long has passed.
const SCAN_SHARE: u32 = 50;

impl<V: Copy + Default, B: Default> Shared<V, B> {
    #[expect(clippy::disallowed_methods, reason = "parallel runs are in real time; seeded runs never come here")]
    pub fn new(config: &ParallelConfig<V>, stealers: Vec<Stealer<u32>>) -> Self {
        let counters = |n: u32| (0..n).map(|_| AtomicU32::new(0)).collect();
        let lane =
            |stealer| Lane { stealer, counts: Counts::default(), live: AtomicI64::new(0), ended: Ended::default() };
        Self {
            world: World::new(config.workers).with_most_awake(most_awake()),
            lanes: stealers.into_iter().map(lane).collect(),
            injector: Injector::new(),
            tasks: Table::default(),
            channels: Table::default(),
            selects: Table::default(),
            mutexes: Table::default(),
            rwlocks: Table::default(),
            wait_groups: Table::default(),
            onces: Table::default(),
            barriers: Table::default(),
            semaphores: Table::default(),
            atomics: Table::default(),
            time: Mutex::default(),
            next_deadline: AtomicU64::new(u64::MAX),
            detector: Mutex::default(),
            next_scan: AtomicU64::new(SCAN_EVERY.as_nanos() as u64),
            main_ended: AtomicBool::new(false),
            traced: AtomicBool::new(false),
            external: AtomicU32::new(0),
            pool: Pool::default(),
            next_task: AtomicU64::new(1),
            next_object: AtomicU32::new(1),
            functions: counters(config.functions),
            sites: counters(config.sites),
            time_value: config.time_value,
            may_cancel: config.may_cancel,
            open_locks: AtomicBool::new(false),
            start: Instant::now(),
        }
    }
}

impl<V: Copy + Default, B: Default> Shared<V, B> {
    /// About how many bytes all this takes, without the tasks' bodies and while others go on.
    pub fn bytes(&self) -> usize {
        fn table<T>(table: &Table<T>) -> usize {
            table.slots() as usize * size_of::<T>()
        }
        let buffers: usize = (0..self.channels.slots())
            .filter_map(|slot| self.channels.get(slot))
            .map(|channel| {
                let channel = &channel.lock().it;
                channel.buffer.capacity() * size_of::<V>() + channel.receivers.bytes() + channel.senders.bytes()
            })
            .sum();
        buffers
            + table(&self.tasks)
            + table(&self.channels)
            + table(&self.selects)
            + table(&self.mutexes)
            + table(&self.rwlocks)
            + table(&self.wait_groups)
            + table(&self.onces)
            + table(&self.barriers)
            + table(&self.semaphores)
            + table(&self.atomics)
    }
}

impl<V, B> Shared<V, B> {
    /// Workers that may look for work at once.
    pub fn most_searching(&self) -> u32 {
        (self.lanes.len().min(most_awake()) as u32 / 2).max(1)
    }

    /// Nanoseconds since the run began.
    pub fn now(&self) -> u64 {
        self.start.elapsed().as_nanos() as u64
    }

    /// Tasks that have not ended. Exact while nobody runs.
    pub fn live(&self) -> i64 {
        self.lanes.iter().map(|lane| lane.live.load(Ordering::Relaxed)).sum()
    }

    /// Numbers for new tasks, so many that not every spawn has to ask. The first is `main`'s.
    pub fn task_numbers(&self) -> std::ops::Range<u32> {
        let first = self.next_task.fetch_add(TASK_NUMBERS.into(), Ordering::Relaxed);
        // A run that uses up four thousand million begins anew, behind `main`'s.
        const LAST: u64 = u32::MAX as u64 - 4 * TASK_NUMBERS as u64;
        let first = if first < LAST { first as u32 } else { (first % LAST) as u32 + TASK_NUMBERS + 1 };
        first..first + TASK_NUMBERS
    }

    /// Number of something that is an object in events only (a sleep).
    pub fn object_number(&self) -> u32 {
        number(&self.next_object, 1)
    }

    /// The how-many-th task of a function this is.
    pub fn nth_of_function(&self, function: u32) -> u32 {
        nth(&self.functions, function)
    }

    /// The evidence of a new object.
    pub fn new_object(&self, at: At) -> Meta {
        Meta { id: self.object_number(), site: at.site, nth: nth(&self.sites, at.site) }
    }

    /// A scan has just been made and took this long.
    pub fn scanned(&self, took: Duration) {
        let pause = SCAN_EVERY.max(took * SCAN_SHARE);
        self.next_scan.store(self.now() + pause.as_nanos() as u64, Ordering::Relaxed);
    }
}

/// Workers that may be awake at once.
fn most_awake() -> usize {
    std::thread::available_parallelism().map_or(4, |cores| cores.get() * 2).max(4)
}

/// The next number; a run that uses up four thousand million begins anew at `again`.
#[inline(always)]
fn number(next: &AtomicU32, again: u32) -> u32 {
    let number = next.fetch_add(1, Ordering::Relaxed);
    if number == 0 {
        next.fetch_add(again, Ordering::Relaxed);
        return again;
    }
    number
}

/// Counts one more and says which it was, from 1.
#[inline(always)]
fn nth(counts: &[AtomicU32], index: u32) -> u32 {
    counts.get(index as usize).map_or(0, |count| count.fetch_add(1, Ordering::Relaxed).wrapping_add(1))
}
