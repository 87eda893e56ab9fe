//! What an event costs: to emit, and to take in at the store. Every item is one event, so the reports read in events/s.

use divan::counter::ItemsCount;
use divan::{Bencher, black_box};
use std::sync::Arc;
use tracer::chunk::{CAPACITY, Chunk};
use tracer::event::{EndStatus, Kind, ObjectId, Record, TaskId};
use tracer::program::ProgramInfo;
use tracer::record::{Off, Recorder, Tracer};
use tracer::sink::{CountSink, HashSink, MemorySink};
use tracer::store::Store;

fn main() {
    divan::main();
}

const EVENTS: u32 = 1_000_000;

fn emit<T: Tracer>(tracer: &mut T, clock: &mut u64) {
    for i in 0..EVENTS {
        *clock += 3;
        tracer.emit(Kind::Atomic as u8, black_box(17), *clock, i & 7, i);
    }
}

/// The same among work as an interpreter does it between two events (a chain of dependent operations, about 3 ns): what is
/// left of the cost where the processor can overlap it. Back to back, an event waits for the position that the one
/// before it stored.
fn work<T: Tracer>(tracer: &mut T, clock: &mut u64) -> u64 {
    let mut x = black_box(1u64);
    for i in 0..EVENTS {
        *clock += 3;
        tracer.emit(Kind::Atomic as u8, black_box(17), *clock, i & 7, i);
        for _ in 0..7 {
            x = x.wrapping_mul(0x9e37_79b9_7f4a_7c15).wrapping_add(i as u64);
        }
    }
    x
}

#[divan::bench]
fn work_with_events_off(bencher: Bencher) {
    bencher.counter(ItemsCount::new(EVENTS)).bench_local(|| work(&mut Off, &mut 0));
}

#[divan::bench]
fn work_with_events_on(bencher: Bencher) {
    let (mut recorder, mut clock) = (Recorder::new(CountSink::new().0), 0);
    bencher.counter(ItemsCount::new(EVENTS)).bench_local(|| work(&mut recorder, &mut clock));
}

/// Into a flight recorder of 16 MiB that has been touched: more than the inner caches hold.
#[divan::bench]
fn work_with_a_large_ring(bencher: Bencher) {
    let (mut recorder, mut clock) = (Recorder::new(MemorySink::ring(16 << 20).0), 0);
    work(&mut recorder, &mut clock);
    work(&mut recorder, &mut clock);
    bencher.counter(ItemsCount::new(EVENTS)).bench_local(|| work(&mut recorder, &mut clock));
}

#[divan::bench]
fn emit_off(bencher: Bencher) {
    bencher.counter(ItemsCount::new(EVENTS)).bench_local(|| emit(&mut Off, &mut 0));
}

#[divan::bench]
fn emit_to_a_count(bencher: Bencher) {
    let (mut recorder, mut clock) = (Recorder::new(CountSink::new().0), 0);
    bencher.counter(ItemsCount::new(EVENTS)).bench_local(|| emit(&mut recorder, &mut clock));
}

#[divan::bench]
fn emit_to_a_ring(bencher: Bencher) {
    let (mut recorder, mut clock) = (Recorder::new(MemorySink::ring(1 << 20).0), 0);
    bencher.counter(ItemsCount::new(EVENTS)).bench_local(|| emit(&mut recorder, &mut clock));
}

#[divan::bench]
fn emit_to_a_hash(bencher: Bencher) {
    let (mut recorder, mut clock) = (Recorder::new(HashSink::new().0), 0);
    bencher.counter(ItemsCount::new(EVENTS)).bench_local(|| emit(&mut recorder, &mut clock));
}

/// Chunks of a run made of one round over and over.
fn chunks(events: usize, begin: &[(Kind, bool, u32, u32)], round: &[(Kind, bool, u32, u32)]) -> Vec<Chunk> {
    let all = begin.iter().chain(round.iter().cycle()).take(events);
    let records: Vec<Record> = all
        .map(|&(kind, blocked, object, arg)| Record::new(kind as u8 | (blocked as u8) << 7, 9, 3, object, arg))
        .collect();
    let mut chunks = Vec::new();
    for (i, part) in records.chunks(CAPACITY).enumerate() {
        chunks.push(Chunk::of((i * CAPACITY) as u64, (i * CAPACITY) as u64 * 3, TaskId(1), part, b""));
    }
    chunks
}

const PING_PONG_BEGIN: &[(Kind, bool, u32, u32)] = &[
    (Kind::TaskSpawn, false, 1, 0),
    (Kind::TaskSpawn, false, 2, 1),
    (Kind::Switch, false, 1, 0),
    (Kind::ChanMake, false, 1, 0),
    (Kind::ChanMake, false, 2, 0),
];

const PING_PONG: &[(Kind, bool, u32, u32)] = &[
    (Kind::Recv, true, 1, 0),
    (Kind::Switch, false, 2, 0),
    (Kind::Send, false, 1, 1),
    (Kind::Recv, true, 2, 0),
    (Kind::Switch, false, 1, 0),
    (Kind::Send, false, 2, 2),
];

const BUFFERED: &[(Kind, bool, u32, u32)] = &[(Kind::Send, false, 1, 0), (Kind::Recv, false, 1, 0)];

const LOCK_BEGIN: &[(Kind, bool, u32, u32)] =
    &[(Kind::TaskSpawn, false, 1, 0), (Kind::Switch, false, 1, 0), (Kind::MutexMake, false, 1, 0)];

const LOCK: &[(Kind, bool, u32, u32)] = &[(Kind::Lock, false, 1, 0), (Kind::Unlock, false, 1, 0)];

fn ingest(bencher: Bencher, begin: &[(Kind, bool, u32, u32)], round: &[(Kind, bool, u32, u32)]) {
    let chunks = chunks(EVENTS as usize, begin, round);
    bencher
        .counter(ItemsCount::new(EVENTS))
        .bench_local(|| Store::of(Arc::new(ProgramInfo::default()), black_box(&chunks)).len());
}

#[divan::bench(sample_count = 20)]
fn ingest_ping_pong(bencher: Bencher) {
    ingest(bencher, PING_PONG_BEGIN, PING_PONG);
}

#[divan::bench(sample_count = 20)]
fn ingest_buffered(bencher: Bencher) {
    ingest(bencher, PING_PONG_BEGIN, BUFFERED);
}

#[divan::bench(sample_count = 20)]
fn ingest_mutex(bencher: Bencher) {
    ingest(bencher, LOCK_BEGIN, LOCK);
}

/// Tasks that come and go, a hundred at a time.
#[divan::bench(sample_count = 10)]
fn ingest_spawn(bencher: Bencher) {
    let mut round = vec![(Kind::TaskSpawn, false, 1, 0), (Kind::Switch, false, 1, 0)];
    let mut next = 2;
    while round.len() < EVENTS as usize {
        round.extend((next..next + 100).map(|task| (Kind::TaskSpawn, false, task, 1)));
        for task in next..next + 100 {
            round.push((Kind::Switch, false, task, 0));
            round.push((Kind::TaskEnd, false, 0, EndStatus::Done as u32));
        }
        next += 100;
    }
    ingest(bencher, &[], &round);
}

fn ping_pong_store() -> Store {
    Store::of(Arc::new(ProgramInfo::default()), &chunks(EVENTS as usize, PING_PONG_BEGIN, PING_PONG))
}

#[divan::bench]
fn redraw_a_lane_of_200_cells(bencher: Bencher) {
    let store = ping_pong_store();
    let end = store.end_time();
    bencher.bench_local(|| store.lane(TaskId(1), black_box(0..end), 200));
}

#[divan::bench]
fn redraw_a_strip_of_40_cells(bencher: Bencher) {
    let store = Store::of(Arc::new(ProgramInfo::default()), &chunks(EVENTS as usize, PING_PONG_BEGIN, BUFFERED));
    let end = store.end_time();
    bencher.bench_local(|| store.occupancy(ObjectId(1), black_box(0..end), 40));
}

#[divan::bench]
fn state_at_an_event(bencher: Bencher) {
    let store = ping_pong_store();
    let mut ordinal = 0;
    bencher.bench_local(|| {
        ordinal = (ordinal + 123_457) % store.len();
        store.at(ordinal).counts().alive()
    });
}

#[divan::bench]
fn find_an_event(bencher: Bencher) {
    let store = ping_pong_store();
    let mut ordinal = 0;
    bencher.bench_local(|| {
        ordinal = (ordinal + 123_457) % store.len();
        store.event(ordinal).map(|event| event.clock)
    });
}

/// A million tasks wait for one channel.
#[divan::bench(sample_count = 20)]
fn graph_of_a_million_waiting_tasks(bencher: Bencher) {
    let mut round = vec![(Kind::TaskSpawn, false, 1, 0), (Kind::Switch, false, 1, 0), (Kind::ChanMake, false, 1, 0)];
    round.extend((2..1_000_002).map(|task| (Kind::TaskSpawn, false, task, 1)));
    for task in 2..1_000_002 {
        round.push((Kind::Switch, false, task, 0));
        round.push((Kind::Recv, true, 1, 0));
    }
    let store = Store::of(Arc::new(ProgramInfo::default()), &chunks(round.len(), &[], &round));
    bencher.bench_local(|| store.waits(100).left_out);
}
