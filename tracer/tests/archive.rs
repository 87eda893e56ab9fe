//! A store whose events stay in blocks answers as one that has them all in memory does: exactly where one looks closely, and to
//! within a cell of the grid where one looks at the whole. With tiny limits, so that every path is taken.

use proptest::prelude::*;
use std::sync::Arc;
use tracer::archive::filter::Subject;
use tracer::archive::source::InMemory;
use tracer::archive::{Limits, open_blocks, summarise_blocks};
use tracer::chunk::Chunk;
use tracer::event::{BLOCKED, Kind, ObjectId, Record, Site, TaskId};
use tracer::events::Event;
use tracer::model::state::TaskState;
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
}

/// A run that more or less could be: tasks on workers over channels and locks, in blocks of random length.
struct Maker {
    random: Random,
    chunks: Vec<Chunk>,
    records: Vec<Record>,
    text: Vec<u8>,
    /// What the chunk at hand begins with.
    begin: (u64, u64, u32, TaskId),
    ordinal: u64,
    clock: u64,
    wall: u64,
    worker: u32,
    /// The task of each worker.
    running: Vec<u32>,
    /// Tasks that do not run, and whether they are blocked.
    waiting: Vec<(u32, bool)>,
    tasks: u32,
    length: usize,
}

const CHANNELS: u32 = 3;
const MUTEXES: u32 = 2;

impl Maker {
    fn run(seed: u64, events: u64, workers: u64, real_time: bool) -> Vec<Chunk> {
        let mut random = Random(seed);
        let length = 1 + random.below(60) as usize;
        let mut maker = Maker {
            random,
            chunks: Vec::new(),
            records: Vec::new(),
            text: Vec::new(),
            begin: (0, 0, 0, TaskId(0)),
            ordinal: 0,
            clock: 0,
            wall: 0,
            worker: 0,
            running: vec![0; workers as usize],
            waiting: Vec::new(),
            tasks: 0,
            length,
        };
        maker.spawn();
        for object in 1..=CHANNELS {
            maker.emit(Kind::ChanMake as u8, object, object * 2);
        }
        (CHANNELS + 1..=CHANNELS + MUTEXES).for_each(|object| maker.emit(Kind::MutexMake as u8, object, 0));
        while maker.ordinal < events {
            maker.step(real_time);
        }
        if !maker.records.is_empty() {
            maker.flush();
        }
        maker.chunks
    }

    fn emit(&mut self, kind: u8, object: u32, arg: u32) {
        let delta = match self.random.below(12) {
            0 => self.random.below(300),
            1..4 => 0,
            _ => self.random.below(6),
        };
        let site = self.random.below(40) as u32;
        self.records.push(Record::new(kind, site, delta as u32, object, arg));
        self.clock += delta;
        self.wall += delta * 2;
        self.ordinal += 1;
        match Kind::from_byte(kind & !BLOCKED) {
            Some(Kind::Switch) => self.running[self.worker as usize] = object,
            Some(Kind::Worker) => self.worker = object,
            _ => {}
        }
        if self.records.len() >= self.length {
            self.flush();
        }
    }

    fn flush(&mut self) {
        let (first, clock, worker, task) = self.begin;
        let mut chunk = Chunk::of(first, clock, task, &self.records, &self.text);
        chunk.worker = worker;
        self.chunks.push(chunk);
        self.records.clear();
        self.text.clear();
        self.length = 1 + self.random.below(60) as usize;
        // Now and then some are lost.
        if self.random.below(40) == 0 {
            self.ordinal += 1 + self.random.below(20);
            self.clock += self.random.below(20);
        }
        self.begin = (self.ordinal, self.clock, self.worker, TaskId(self.running[self.worker as usize]));
    }

    fn spawn(&mut self) {
        self.tasks += 1;
        self.emit(Kind::TaskSpawn as u8, self.tasks, self.tasks % 3);
        self.waiting.push((self.tasks, false));
    }

    /// A task that may be woken.
    fn blocked(&mut self) -> u32 {
        let found = self.waiting.iter().position(|task| task.1);
        found.filter(|_| self.random.below(2) == 0).map_or(0, |index| {
            self.waiting[index].1 = false;
            self.waiting[index].0
        })
    }

    fn step(&mut self, real_time: bool) {
        let worker = self.random.below(self.running.len() as u64) as u32;
        if worker != self.worker {
            self.emit(Kind::Worker as u8, worker, self.running[worker as usize]);
        }
        if real_time && self.random.below(12) == 0 {
            self.emit(Kind::Anchor as u8, self.wall as u32, 0);
        }
        let task = self.running[worker as usize];
        if task == 0 || self.random.below(6) == 0 {
            let ready: Vec<usize> = (0..self.waiting.len()).filter(|&index| !self.waiting[index].1).collect();
            if task != 0 && !ready.is_empty() {
                self.emit(Kind::Preempt as u8, 0, 0);
                self.waiting.push((task, false));
            }
            if !ready.is_empty() {
                let next = ready[self.random.below(ready.len() as u64) as usize];
                let next = self.waiting.remove(next).0;
                self.emit(Kind::Switch as u8, next, 0);
            } else if task == 0 {
                let woken = self.blocked();
                match woken {
                    0 => self.spawn(),
                    woken => self.emit(Kind::TimerFire as u8, 90 + woken, woken),
                }
            }
            return;
        }
        let channel = 1 + self.random.below(CHANNELS.into()) as u32;
        let mutex = CHANNELS + 1 + self.random.below(MUTEXES.into()) as u32;
        let choice = self.random.below(30);
        match choice {
            0 => self.spawn(),
            1..7 | 9..13 => {
                let kind = if choice < 7 { Kind::Send } else { Kind::Recv };
                let woken = self.blocked();
                self.emit(kind as u8, channel, woken);
            }
            7 => self.block(Kind::Send, channel),
            8 => self.block(Kind::Recv, channel),
            13 => self.block(Kind::Lock, mutex),
            14..17 => self.emit(Kind::Lock as u8, mutex, 0),
            17..20 => {
                let woken = self.blocked();
                self.emit(Kind::Unlock as u8, mutex, woken);
            }
            20 => {
                self.emit(Kind::TaskEnd as u8, 0, 0);
                self.running[worker as usize] = 0;
                self.emit(Kind::Switch as u8, 0, 0);
            }
            21 => {
                let at = self.text.len() as u32;
                self.text.extend_from_slice("grüße".as_bytes());
                self.emit(Kind::Output as u8, at, 7);
            }
            22 => self.block(Kind::Sleep, 100 + task),
            23 => {
                let woken = self.blocked();
                self.emit(Kind::Close as u8, channel, 1);
                self.emit(Kind::Wake as u8, woken, channel);
            }
            _ => self.emit(Kind::Atomic as u8, 80, choice as u32),
        }
    }

    fn block(&mut self, kind: Kind, object: u32) {
        let task = self.running[self.worker as usize];
        self.emit(kind as u8 | BLOCKED, object, 0);
        self.waiting.push((task, true));
        self.running[self.worker as usize] = 0;
        self.emit(Kind::Switch as u8, 0, 0);
    }
}

/// So little that nothing is exact without a window, which may be as large as it has to be.
const TINY: Limits = Limits { keyframe: 100, entries: 24, at_once: u64::MAX, later: 0, window: 64, fine: u64::MAX };

fn open(chunks: &[Chunk], limits: Limits) -> Store {
    let blocks = Arc::new(InMemory::new(chunks.to_vec()));
    let bytes = summarise_blocks(&*blocks, 2, &limits);
    open_blocks(Arc::default(), blocks, Some(&bytes), 1, limits)
}

/// Times to look at: the whole, halves, small parts, single ticks.
fn times(store: &Store) -> Vec<std::ops::Range<u64>> {
    let (start, end) = (store.start_time(), store.end_time() + 1);
    let length = end - start;
    let mut times = vec![start..end, start..start + length / 2, start + length / 2..end + 50];
    for part in [7, 23, 61] {
        let at = start + length * (part % 10) / 10;
        times.push(at..at + (length / part).max(1));
    }
    times.push(end - 1..end);
    times
}

/// Everything that is asked about closely.
fn same(whole: &Store, filed: &mut Store) {
    assert_eq!(whole.len(), filed.len());
    assert_eq!((whole.first(), whole.rows(), whole.outputs()), (filed.first(), filed.rows(), filed.outputs()));
    assert_eq!((whole.newest(), whole.dropped()), (filed.newest(), filed.dropped()));
    assert_eq!((whole.start_time(), whole.end_time()), (filed.start_time(), filed.end_time()));
    let events: Vec<_> = whole.events(0..whole.len()).collect();
    for (&a, b) in events.iter().zip(filed.events(0..whole.len())) {
        // Where the text stands is nobody's business.
        let object = if b.kind == Kind::Output { a.object } else { b.object };
        assert_eq!(a, Event { object, ..b });
    }
    assert_eq!(events.len(), filed.events(0..whole.len()).count());
    for &kind in Kind::ALL {
        assert_eq!(whole.count(kind), filed.count(kind));
    }
    let mut each = Vec::new();
    filed.each(5..whole.len() - 3, |event| {
        each.push(event.ordinal);
        true
    });
    assert!(each.iter().eq(whole.events(5..whole.len() - 3).map(|event| event.ordinal).collect::<Vec<_>>().iter()));
    for row in (0..whole.rows() + 2).step_by(7) {
        assert_eq!(whole.at_row(row), filed.at_row(row), "row {row}");
    }
    for number in 0..=whole.outputs() {
        assert_eq!(whole.output(number), filed.output(number));
    }
    let tasks: Vec<TaskId> = whole.tasks().iter().map(|task| task.id).collect();
    assert_eq!(whole.tasks().tree(0, 999), filed.tasks().tree(0, 999));
    for &id in &tasks {
        let (a, b) = (whole.tasks().get(id).unwrap(), filed.tasks().get(id).unwrap());
        assert_eq!(
            (a.nth, a.start, a.end, a.site, a.state, a.slices),
            (b.nth, b.start, b.end, b.site, b.state, b.slices)
        );
        assert_eq!(whole.task_name(id), filed.task_name(id));
    }
    assert_eq!(whole.objects().iter().collect::<Vec<_>>(), filed.objects().iter().collect::<Vec<_>>());
    assert_eq!(whole.locks().iter().collect::<Vec<_>>(), filed.locks().iter().collect::<Vec<_>>());
    for (id, channel) in whole.channels().iter() {
        let other = filed.channels().get(id).unwrap();
        let of = |c: &tracer::model::channels::Channel| (c.peak, c.sent, c.received, c.closed, c.waits, c.wait_ticks);
        assert_eq!(of(channel), of(other));
        assert_eq!(channel.shares(1 << 40), other.shares(1 << 40));
        assert_eq!(whole.next_message(id), filed.next_message(id));
    }
    for times in times(whole) {
        for cells in [1, 13, 40] {
            for &task in tasks.iter().step_by(tasks.len() / 6 + 1) {
                assert_eq!(
                    whole.lane(task, times.clone(), cells),
                    filed.lane(task, times.clone(), cells),
                    "task {task:?} {times:?} {cells}"
                );
                assert_eq!(whole.times(task, times.clone()), filed.times(task, times.clone()));
            }
            for channel in 1..=CHANNELS {
                let channel = ObjectId(channel);
                let (a, b) =
                    (whole.occupancy(channel, times.clone(), cells), filed.occupancy(channel, times.clone(), cells));
                assert_eq!(a, b, "channel {channel:?} {times:?} {cells}");
            }
            let edges: Vec<u64> = (0..=cells as u64)
                .map(|i| whole.clock_at(times.start + (times.end - times.start) * i / cells as u64))
                .collect();
            for worker in 0..3 {
                assert_eq!(whole.worker_lane(worker, &edges), filed.worker_lane(worker, &edges), "W{worker} {edges:?}");
                assert_eq!(whole.work(worker, times.clone()), filed.work(worker, times.clone()));
            }
            assert_eq!(whole.rate_history(times.clone(), cells), filed.rate_history(times.clone(), cells));
        }
        assert_eq!(whole.rates_at(times.end), filed.rates_at(times.end));
        assert_eq!(whole.ordinal_at(times.start), filed.ordinal_at(times.start));
    }
    let end = whole.len();
    for (from, to) in [(0, end), (end / 3, end / 2 + 1), (end / 2, end / 2 + 9), (end - 1, end + 5)] {
        let edges: Vec<u64> = (0..=20).map(|i| from + (to - from) * i / 20).collect();
        for &task in &tasks {
            assert_eq!(whole.lane_by_events(task, &edges), filed.lane_by_events(task, &edges), "{task:?} {edges:?}");
        }
    }
    for ordinal in (0..end + 3).step_by(19) {
        assert_eq!(whole.cause(ordinal), filed.cause(ordinal), "cause of {:?}", whole.event(ordinal));
        assert_eq!(whole.effects(ordinal), filed.effects(ordinal), "effects of {:?}", whole.event(ordinal));
        assert_eq!(whole.time_of(ordinal), filed.time_of(ordinal));
        assert_eq!(whole.rows_before(ordinal), filed.rows_before(ordinal));
        assert_eq!(whole.outputs_before(ordinal), filed.outputs_before(ordinal));
        let subjects = [
            Subject::Task(tasks[ordinal as usize % tasks.len()]),
            Subject::Object(ObjectId(1 + (ordinal % 5) as u32)),
            Subject::Site(Site((ordinal % 41) as u32)),
        ];
        for subject in subjects {
            assert_eq!(whole.next_of(subject, ordinal), filed.next_of(subject, ordinal), "{subject:?} after {ordinal}");
            let back = (whole.previous_of(subject, ordinal), filed.previous_of(subject, ordinal));
            assert_eq!(back.0, back.1, "{subject:?} before {ordinal}");
            let next = whole.events(ordinal + 1..end).find(|event| subject.has(event)).map(|event| event.ordinal);
            assert_eq!(filed.next_of(subject, ordinal), next);
        }
        assert_eq!(whole.state_of(tasks[0], ordinal), filed.state_of(tasks[0], ordinal));
    }
    for ordinal in (0..end).step_by(113) {
        let (a, b) = (whole.at(ordinal), filed.at(ordinal));
        assert!(a.tasks().eq(b.tasks()), "at {ordinal}");
        assert!(a.objects().eq(b.objects()) && a.counts() == b.counts() && a.current() == b.current());
        let (a, b) = (whole.waits_at(ordinal, 99), filed.waits_at(ordinal, 99));
        assert_eq!(format!("{a:?}"), format!("{b:?}"));
    }
    filed.settle();
}

/// What a task was blocked in may end one block before it goes on.
#[test]
fn a_wait_that_ends_at_the_end_of_a_block_is_found() {
    let chunks = Maker::run(16654355997344556799, 1200, 1, false);
    let whole = Store::of(Arc::default(), &chunks);
    same(&whole, &mut open(&chunks, Limits { entries: 1 << 18, at_once: 0, later: 0, ..TINY }));
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 12, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_store_of_blocks_answers_as_one_in_memory(seed: u64, workers in 1..4u64, real_time: bool) {
        let chunks = Maker::run(seed, 1500, workers, real_time);
        let whole = Store::of(Arc::default(), &chunks);
        same(&whole, &mut open(&chunks, TINY));
    }

    #[test]
    fn what_is_not_small_is_exact_without_windows(seed: u64, workers in 1..4u64) {
        let chunks = Maker::run(seed, 1200, workers, false);
        let whole = Store::of(Arc::default(), &chunks);
        same(&whole, &mut open(&chunks, Limits { entries: 1 << 18, at_once: 0, later: 0, ..TINY }));
    }

    #[test]
    fn a_picture_of_the_whole_is_right_to_within_the_grid(seed: u64) {
        let chunks = Maker::run(seed, 6000, 2, false);
        let whole = Store::of(Arc::default(), &chunks);
        let filed = open(&chunks, Limits { entries: 2500, at_once: 0, later: 0, ..TINY });
        let (start, end) = (whole.start_time(), whole.end_time() + 1);
        let cells = 8;
        let grid = filed.grid().expect("it is archived");
        prop_assert!(!grid.is_exact());
        let slack = 2 << grid.ticks;
        for task in whole.tasks().iter() {
            for cell in 0..cells {
                let (from, to) = (start + (end - start) * cell / cells, start + (end - start) * (cell + 1) / cells);
                let (a, b) = (whole.times(task.id, from..to), filed.times(task.id, from..to));
                for state in (0..TaskState::COUNT as u8).filter_map(TaskState::from_code) {
                    prop_assert!(a.of(state).abs_diff(b.of(state)) <= slack, "{:?} {:?} {:?}", task.id, a, b);
                }
            }
        }
        for channel in 1..=CHANNELS {
            let (a, b) = (
                whole.occupancy(ObjectId(channel), start..end, cells as usize),
                filed.occupancy(ObjectId(channel), start..end, cells as usize),
            );
            let extremes = |cells: &[Option<tracer::model::channels::Occupancy>]| {
                cells.iter().flatten().fold((u32::MAX, 0), |all, cell| (all.0.min(cell.min), all.1.max(cell.max)))
            };
            prop_assert_eq!(extremes(&a), extremes(&b));
        }
    }

    #[test]
    fn a_damaged_summary_is_made_anew(seed: u64, at: prop::sample::Index, to: u8, cut: prop::sample::Index) {
        let chunks = Maker::run(seed, 400, 2, true);
        let blocks = Arc::new(InMemory::new(chunks.clone()));
        let good = summarise_blocks(&*blocks, 1, &TINY);
        let whole = Store::of(Arc::default(), &chunks);
        let mut bad = good.clone();
        let place = at.index(bad.len());
        bad[place] = to;
        for bytes in [&bad[..], &good[..cut.index(good.len())]] {
            let store = open_blocks(Arc::default(), blocks.clone(), Some(bytes), 1, TINY);
            prop_assert_eq!(store.len(), whole.len());
            prop_assert_eq!(store.tasks().len(), whole.tasks().len());
        }
        // One whose sum is right is read, and whatever it says is no harm.
        let end = bad.len() - 4;
        let sum = crc32fast::hash(&bad[..end]);
        bad[end..].copy_from_slice(&sum.to_le_bytes());
        let store = open_blocks(Arc::default(), blocks, Some(&bad), 1, TINY);
        for task in store.tasks().iter().take(20) {
            for times in times(&whole) {
                let _ = (store.lane(task.id, times.clone(), 20), store.times(task.id, times), store.task_name(task.id));
            }
        }
        for ordinal in (0..whole.len()).step_by(31) {
            let _ = (store.cause(ordinal), store.effects(ordinal), store.waits_at(ordinal, 20));
            let _ = (store.at_row(ordinal), store.rows_before(ordinal), store.output(ordinal));
            let _ = (store.next_of(Subject::Object(ObjectId(1)), ordinal), store.rates_at(ordinal));
        }
    }
}

#[test]
fn a_summary_of_another_trace_is_not_believed() {
    let one = Arc::new(InMemory::new(Maker::run(1, 500, 1, false)));
    let other = Arc::new(InMemory::new(Maker::run(2, 600, 1, false)));
    let bytes = summarise_blocks(&*one, 1, &TINY);
    let store = open_blocks(Arc::default(), other, Some(&bytes), 1, TINY);
    assert!(store.len() >= 600);
}

#[test]
fn what_was_decoded_is_given_back() {
    let chunks = Maker::run(3, 60_000, 2, false);
    let mut store = open(&chunks, TINY);
    assert_eq!(store.events(0..store.len()).count() as u64 + store.dropped(), store.len());
    assert!(store.decoded() > 600);
    store.settle();
    assert!(store.decoded() <= 512);
}
