//! A made-up parallel run: tasks over channels and mutexes on up to eight workers with Lamport clocks, interleaved at
//! random. Every worker records twice, into memory and live, so that what the merge makes of both can be compared with what
//! happened.

use proptest::prelude::*;
use std::collections::VecDeque;
use std::sync::Arc;
use tracer::causal::check_store;
use tracer::chunk::Chunk;
use tracer::control::Control;
use tracer::event::{BLOCKED, EndStatus, Kind};
use tracer::fan_in::{MergedReceiver, live_workers};
use tracer::merge::merge;
use tracer::record::{Recorder, Tracer};
use tracer::sink::{BackPressure, Memory, MemorySink, Next, Sink};
use tracer::store::Store;

/// Random numbers (splitmix64).
struct Random(u64);

impl Random {
    fn below(&mut self, n: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ z >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ z >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        (z ^ z >> 31) % n.max(1)
    }

    fn chance(&mut self, percent: u64) -> bool {
        self.below(100) < percent
    }
}

#[derive(Default)]
struct Task {
    clock: u64,
    holds: Vec<usize>,
    /// Who waits for its end.
    waiter: u32,
    ended: bool,
}

#[derive(Default)]
struct Object {
    clock: u64,
    capacity: usize,
    level: usize,
    senders: VecDeque<u32>,
    receivers: VecDeque<u32>,
    /// Of a mutex.
    owner: u32,
    waiting: VecDeque<u32>,
}

struct Worker {
    kept: Recorder,
    live: Recorder,
    clock: u64,
    task: u32,
    idle: bool,
}

/// What happened: clock, worker, kind with its flag, object, argument.
type Step = (u64, u32, u8, u32, u32);

const CHANNELS: u32 = 3;
const MUTEXES: u32 = 2;

struct Run {
    random: Random,
    workers: Vec<Worker>,
    /// By number; there is no task 0.
    tasks: Vec<Task>,
    objects: Vec<Object>,
    ready: Vec<u32>,
    log: Vec<Step>,
    memory: Memory,
    control: Arc<Control>,
    receiver: MergedReceiver,
    watched: Store,
}

fn recorder(worker: u32, sink: impl Sink + 'static) -> Recorder {
    Recorder::new(sink).with_worker(worker).at_safepoints()
}

impl Run {
    fn new(seed: u64, workers: u32) -> Self {
        let control = Arc::new(Control::new());
        let (sinks, receiver) = live_workers(workers as usize, 64, BackPressure::Block, control.clone());
        let (sink, memory) = MemorySink::unbounded();
        let workers = (0..)
            .zip(sinks)
            .map(|(n, live)| Worker {
                kept: recorder(n, sink.clone()),
                live: recorder(n, live).with_control(control.clone()),
                clock: 0,
                task: 0,
                idle: true,
            })
            .collect();
        let mut run = Self {
            random: Random(seed),
            workers,
            tasks: vec![Task::default()],
            objects: vec![Object::default()],
            ready: Vec::new(),
            log: Vec::new(),
            memory,
            control,
            receiver,
            watched: Store::new(Arc::default()),
        };
        run.awake(0);
        run.spawn(0);
        for object in 1..=CHANNELS {
            let capacity = run.random.below(3) as usize;
            run.objects.push(Object { capacity, ..Object::default() });
            run.emit(0, Kind::ChanMake as u8, object, capacity as u32);
            run.objects[object as usize].clock = run.workers[0].clock;
        }
        for object in CHANNELS + 1..=CHANNELS + MUTEXES {
            run.objects.push(Object::default());
            run.emit(0, Kind::MutexMake as u8, object, 0);
            run.objects[object as usize].clock = run.workers[0].clock;
        }
        // Enough that they do not all block at once.
        (0..6).for_each(|_| run.spawn(0));
        run
    }

    fn emit(&mut self, worker: usize, kind: u8, object: u32, arg: u32) {
        let w = &mut self.workers[worker];
        w.kept.emit(kind, 7, w.clock, object, arg);
        w.live.emit(kind, 7, w.clock, object, arg);
        self.log.push((w.clock, worker as u32, kind, object, arg));
    }

    fn awake(&mut self, worker: usize) {
        let w = &mut self.workers[worker];
        let clock = w.live.awake(w.clock);
        assert!(clock >= w.clock);
        w.clock = clock;
        w.idle = false;
    }

    fn spawn(&mut self, worker: usize) {
        let id = self.tasks.len() as u32;
        self.tasks.push(Task { clock: self.workers[worker].clock, ..Task::default() });
        self.emit(worker, Kind::TaskSpawn as u8, id, 0);
        // `main` runs from the start.
        if id == 1 {
            self.workers[worker].clock += 1;
            self.workers[worker].task = 1;
            self.emit(worker, Kind::Switch as u8, 1, 0);
        } else {
            self.ready.push(id);
        }
    }

    fn wake(&mut self, worker: usize, task: u32) {
        if task != 0 {
            // Who began to wait for its end meanwhile did so later than it blocked, perhaps later than this.
            let clock = &mut self.tasks[task as usize].clock;
            *clock = (*clock).max(self.workers[worker].clock);
            self.ready.push(task);
        }
    }

    /// One thing happens on some worker.
    fn step(&mut self) {
        let worker = self.random.below(self.workers.len() as u64) as usize;
        if self.workers[worker].idle {
            if !self.ready.is_empty() && self.random.chance(60) {
                self.awake(worker);
            }
            return;
        }
        if self.random.chance(10) {
            // Slice ends are where the watcher may look.
            if self.random.chance(30) {
                self.control.refresh();
            }
            self.safepoint(worker);
        }
        if self.random.chance(3) {
            self.workers[worker].kept.finish();
        }
        if self.workers[worker].task == 0 {
            return self.next_task(worker);
        }
        // Now and then a long computation, or one that no record's delta can hold.
        let ticks = if self.random.chance(2) { 1 << self.random.below(36) } else { self.random.below(4) };
        self.workers[worker].clock += ticks;
        self.operate(worker);
    }

    /// Where its row is full a worker waits, as in the engine, until the watcher has looked.
    fn safepoint(&mut self, worker: usize) {
        let w = &mut self.workers[worker];
        if w.live.poll(w.clock) {
            w.live.idle(w.clock);
            self.watch();
            self.awake(worker);
        }
    }

    fn next_task(&mut self, worker: usize) {
        if self.ready.is_empty() || self.random.chance(10) {
            let w = &mut self.workers[worker];
            w.live.idle(w.clock);
            w.idle = true;
            return;
        }
        let place = self.random.below(self.ready.len() as u64) as usize;
        let task = self.ready.swap_remove(place);
        let w = &mut self.workers[worker];
        w.clock = w.clock.max(self.tasks[task as usize].clock + 1);
        w.task = task;
        self.emit(worker, Kind::Switch as u8, task, 0);
    }

    fn leave(&mut self, worker: usize) {
        let w = &mut self.workers[worker];
        let task = std::mem::take(&mut w.task);
        self.tasks[task as usize].clock = w.clock;
    }

    fn operate(&mut self, worker: usize) {
        let task = self.workers[worker].task;
        let me = task as usize;
        match self.random.below(12) {
            0 if self.tasks.len() < 40 => self.spawn(worker),
            1 => {
                self.emit(worker, Kind::Yield as u8, 0, 0);
                self.leave(worker);
                self.ready.push(task);
            }
            2 if self.tasks[me].holds.is_empty() && task != 1 => {
                let waiter = std::mem::take(&mut self.tasks[me].waiter);
                self.tasks[me].ended = true;
                self.emit(worker, Kind::TaskEnd as u8, waiter, EndStatus::Done as u32);
                self.wake(worker, waiter);
                self.leave(worker);
            }
            3 => {
                let text = "x".repeat(self.random.below(9) as usize);
                let w = &mut self.workers[worker];
                w.kept.text(Kind::Output, 7, w.clock, &text);
                w.live.text(Kind::Output, 7, w.clock, &text);
                self.log.push((w.clock, worker as u32, Kind::Output as u8, 0, 0));
            }
            4 => self.wait_for(worker, task),
            5..8 => {
                let object = 1 + self.random.below(CHANNELS as u64) as u32;
                self.touch(worker, object);
                self.send(worker, task, object);
            }
            8..10 => {
                let object = 1 + self.random.below(CHANNELS as u64) as u32;
                self.touch(worker, object);
                self.receive(worker, task, object);
            }
            _ => self.lock_or_unlock(worker, task),
        }
    }

    /// An operation on an object comes after the one before it.
    fn touch(&mut self, worker: usize, object: u32) {
        let (w, o) = (&mut self.workers[worker], &mut self.objects[object as usize]);
        w.clock = w.clock.max(o.clock + 1);
        o.clock = w.clock;
    }

    fn block(&mut self, worker: usize, kind: Kind, object: u32) {
        self.emit(worker, kind as u8 | BLOCKED, object, 0);
        self.leave(worker);
    }

    fn wait_for(&mut self, worker: usize, task: u32) {
        // Younger ones only: nobody waits in a ring.
        let younger = task + 1 + self.random.below(5) as u32;
        let Some(target) = self.tasks.get_mut(younger as usize) else { return };
        if target.waiter != 0 {
            return;
        }
        let w = &mut self.workers[worker];
        // The task's record is an object, too.
        w.clock = w.clock.max(target.clock + 1);
        if target.ended {
            self.emit(worker, Kind::Await as u8, younger, 0);
        } else if !self.workers.iter().any(|other| other.task == younger) {
            target.waiter = task;
            self.block(worker, Kind::Await, younger);
            // Its end must come after this.
            let clock = self.tasks[task as usize].clock;
            self.tasks[younger as usize].clock = clock;
        }
    }

    fn send(&mut self, worker: usize, task: u32, object: u32) {
        let channel = &mut self.objects[object as usize];
        if let Some(receiver) = channel.receivers.pop_front() {
            self.emit(worker, Kind::Send as u8, object, receiver);
            self.wake(worker, receiver);
        } else if channel.level < channel.capacity {
            channel.level += 1;
            self.emit(worker, Kind::Send as u8, object, 0);
        } else if self.random.chance(50) {
            channel.senders.push_back(task);
            self.block(worker, Kind::Send, object);
        } else {
            self.emit(worker, Kind::TrySendFull as u8, object, 0);
        }
    }

    fn receive(&mut self, worker: usize, task: u32, object: u32) {
        let channel = &mut self.objects[object as usize];
        let sender = channel.senders.pop_front().unwrap_or(0);
        if channel.level > 0 || sender != 0 {
            channel.level -= (channel.level > 0 && sender == 0) as usize;
            self.emit(worker, Kind::Recv as u8, object, sender);
            self.wake(worker, sender);
        } else if self.random.chance(50) {
            channel.receivers.push_back(task);
            self.block(worker, Kind::Recv, object);
        } else {
            self.emit(worker, Kind::TryRecvEmpty as u8, object, 0);
        }
    }

    fn lock_or_unlock(&mut self, worker: usize, task: u32) {
        if let Some(held) = self.tasks[task as usize].holds.pop() {
            self.touch(worker, held as u32);
            let next = self.objects[held].waiting.pop_front().unwrap_or(0);
            self.objects[held].owner = next;
            if next != 0 {
                self.tasks[next as usize].holds.push(held);
            }
            self.emit(worker, Kind::Unlock as u8, held as u32, next);
            return self.wake(worker, next);
        }
        let object = CHANNELS + 1 + self.random.below(MUTEXES as u64) as u32;
        self.touch(worker, object);
        let mutex = &mut self.objects[object as usize];
        if mutex.owner == 0 {
            mutex.owner = task;
            self.tasks[task as usize].holds.push(object as usize);
            self.emit(worker, Kind::Lock as u8, object, 0);
        } else {
            mutex.waiting.push_back(task);
            self.block(worker, Kind::Lock, object);
        }
    }

    /// Takes in what has come; whether that was all.
    fn watch(&mut self) -> bool {
        loop {
            match self.receiver.try_next() {
                Next::Chunk(chunk) => {
                    self.watched.push(&chunk);
                    self.receiver.recycle(chunk);
                }
                Next::Empty => return false,
                Next::End => return true,
            }
        }
    }

    /// Everything below the slowest worker that runs is shown as soon as all have been asked.
    fn shown_at_once(&mut self) {
        self.control.refresh();
        for worker in 0..self.workers.len() {
            if !self.workers[worker].idle {
                self.safepoint(worker);
            }
        }
        self.watch();
        let slowest = self.workers.iter().filter(|w| !w.idle).map(|w| w.clock).min().unwrap_or(u64::MAX);
        let complete = self.log.iter().filter(|step| step.0 < slowest).count();
        assert!(steps(&self.watched).len() >= complete);
    }
}

fn steps(store: &Store) -> Vec<Step> {
    let step = |event: tracer::events::Event| {
        let kind = event.kind as u8 | if event.blocked { BLOCKED } else { 0 };
        let arg = if event.kind == Kind::Output { 0 } else { event.arg };
        let object = if event.kind == Kind::Output { 0 } else { event.object };
        (event.clock, event.worker, kind, object, arg)
    };
    store.events(0..store.len()).filter(|event| !event.kind.is_bookkeeping()).map(step).collect()
}

fn shuffle(chunks: &mut [Chunk], random: &mut Random) {
    for i in (1..chunks.len()).rev() {
        chunks.swap(i, random.below(i as u64 + 1) as usize);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 150, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn the_merge_shows_what_happened(seed in any::<u64>(), workers in 1u32..=8, length in 1u64..4000) {
        let mut run = Run::new(seed, workers);
        for _ in 0..length {
            run.step();
            if run.random.chance(5) {
                run.watch();
            }
            if run.random.chance(1) {
                run.shown_at_once();
            }
        }
        run.workers.clear();
        prop_assert!(run.watch());
        prop_assert_eq!(run.receiver.late(), 0);

        // Sorting keeps each worker's own order, and that is all that the clock leaves open.
        let mut expected = std::mem::take(&mut run.log);
        expected.sort_by_key(|step| (step.0, step.1));
        let mut chunks = run.memory.take();
        shuffle(&mut chunks, &mut run.random);
        let kept = Store::of(Arc::default(), &merge(chunks));
        prop_assert_eq!(&steps(&kept), &expected);
        prop_assert_eq!((kept.dropped(), kept.damaged(), kept.tasks().illegal_transitions()), (0, 0, 0));
        prop_assert_eq!(check_store(&kept), vec![]);
        prop_assert!(kept.events(0..kept.len()).eq(run.watched.events(0..run.watched.len())));
        prop_assert_eq!(kept.now().counts(), run.watched.now().counts());
    }
}

/// The checker is not blind: with a clock that forgets causes the order is wrong, and it says so.
#[test]
fn a_clock_that_forgets_causes_is_found_out() {
    let mut found = 0;
    for seed in 0..50 {
        let mut run = Run::new(seed, 4);
        for _ in 0..3000 {
            run.step();
        }
        run.workers.clear();
        let mut chunks = run.memory.take();
        // One worker's clock runs ahead of everybody's.
        chunks.iter_mut().filter(|chunk| chunk.worker == 0).for_each(|chunk| chunk.clock += 1 << 40);
        found += !check_store(&Store::of(Arc::default(), &merge(chunks))).is_empty() as u32;
    }
    // Where worker 0 did nothing that others depend on, there is nothing to find.
    assert!(found >= 45, "{found}");
}
