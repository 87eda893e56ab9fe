//! What an event costs on its way into a trace file and out of it. Every item is one event, so the reports read in events/s.

use divan::counter::ItemsCount;
use divan::{Bencher, black_box};
use std::path::PathBuf;
use tracer::about::Ending;
use tracer::chunk::{CAPACITY, Chunk};
use tracer::event::{BLOCKED, Kind, Record, TaskId};
use tracer::file::{FileWriter, Header, Ring, TraceFile};
use tracer::finding::Verdict;
use tracer::trace::Trace;

fn main() {
    divan::main();
}

const CHUNKS: usize = 1000;

/// A pipeline of eight tasks on bounded channels whose scheduler picks the next task at random, and preempts at random: what a
/// seeded run of a busy program looks like.
fn pipeline() -> Vec<Chunk> {
    let mut seed = 12345u64;
    let mut random = move |below: u32| {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (seed >> 33) as u32 % below
    };
    let mut step = [0u32; 9];
    let mut records = Vec::new();
    let mut task = 1;
    while records.len() < CHUNKS * CAPACITY {
        let site = 100 * task;
        let (kind, place, ticks, object) = match step[task as usize] % 4 {
            0 => (Kind::Recv as u8, site + 3, 9, task),
            1 => (Kind::Lock as u8, site + 11, 14, 20 + random(3)),
            2 => (Kind::Unlock as u8, site + 17, 6, 20),
            _ => (Kind::Send as u8, site + 23, 8 + random(4), task + 1),
        };
        let woken = if random(3) == 0 { 1 + random(8) } else { 0 };
        let blocks = random(8) == 0;
        let arg = if kind == Kind::Send as u8 || kind == Kind::Recv as u8 { woken } else { 0 };
        records.push(Record::new(if blocks { kind | BLOCKED } else { kind }, place, ticks, object, arg));
        step[task as usize] += 1;
        let preempted = random(12) == 0;
        if preempted && !blocks {
            records.push(Record::new(Kind::Preempt as u8, place, 3, 0, 0));
        }
        if blocks || preempted {
            task = 1 + random(8);
            records.push(Record::new(Kind::Switch as u8, 0, 2, task, 200 + random(1000)));
        }
    }
    chunks(&records)
}

/// Two tasks that take turns.
fn ping_pong() -> Vec<Chunk> {
    let round = [
        Record::new(Kind::Recv as u8 | BLOCKED, 9, 3, 1, 0),
        Record::new(Kind::Switch as u8, 0, 3, 2, 1000),
        Record::new(Kind::Send as u8, 12, 3, 1, 1),
        Record::new(Kind::Recv as u8 | BLOCKED, 13, 3, 2, 0),
        Record::new(Kind::Switch as u8, 0, 3, 1, 1000),
        Record::new(Kind::Send as u8, 8, 3, 2, 2),
    ];
    chunks(&round.iter().copied().cycle().take(CHUNKS * CAPACITY).collect::<Vec<_>>())
}

fn chunks(records: &[Record]) -> Vec<Chunk> {
    let (mut clock, mut task, mut first) = (0, TaskId(0), 0);
    let mut chunks = Vec::new();
    for records in records.chunks(CAPACITY) {
        chunks.push(Chunk::of(first, clock, task, records, b""));
        first += records.len() as u64;
        clock += records.iter().map(|record| record.clock_delta as u64).sum::<u64>();
        let switch = records.iter().rev().find(|record| record.kind() == Some(Kind::Switch));
        task = switch.map_or(task, |switch| TaskId(switch.object));
    }
    chunks
}

fn path(name: &str) -> PathBuf {
    std::env::temp_dir().join(format!("vex-bench-{name}-{}.vxt", std::process::id()))
}

fn write(path: &std::path::Path, chunks: &[Chunk]) -> tracer::file::Written {
    let mut writer = FileWriter::create(path, &Header::default()).expect("a file");
    for chunk in chunks {
        writer.push(black_box(chunk)).expect("room");
    }
    let ending = Ending {
        verdict: Verdict::Ok,
        exit_code: 0,
        program_exit_code: None,
        clock: 0,
        dropped: 0,
        note: String::new(),
    };
    writer.finish(ending, &[], &[]).expect("room")
}

/// A name, and what records it.
type Program = (&'static str, fn() -> Vec<Chunk>);

const PROGRAMS: [Program; 2] = [("pipeline", pipeline), ("ping-pong", ping_pong)];

#[divan::bench(args = 0..PROGRAMS.len(), sample_count = 20)]
fn persist(bencher: Bencher, program: usize) {
    let (name, make) = PROGRAMS[program];
    let (chunks, path) = (make(), path(name));
    let events: usize = chunks.iter().map(Chunk::len).sum();
    let written = write(&path, &chunks);
    println!(
        "{name}: {:.2} bytes an event, {:.2} before compression",
        written.stored as f64 / events as f64,
        written.raw as f64 / events as f64
    );
    bencher.counter(ItemsCount::new(events)).bench_local(|| write(&path, &chunks));
    let _ = std::fs::remove_file(path);
}

/// A connection to a thread that writes, as a recording has it.
#[divan::bench(sample_count = 20)]
fn persist_beside_a_producer(bencher: Bencher) {
    let (chunks, path) = (pipeline(), path("thread"));
    let events: usize = chunks.iter().map(Chunk::len).sum();
    bencher.counter(ItemsCount::new(events)).bench_local(|| {
        let (send, receive) = crossbeam_channel::bounded::<Vec<Chunk>>(16);
        std::thread::scope(|scope| {
            scope.spawn(|| {
                let mut writer = FileWriter::create(&path, &Header::default()).expect("a file");
                for chunks in receive {
                    chunks.iter().for_each(|chunk| writer.push(chunk).expect("room"));
                }
                writer.flush().expect("room");
            });
            for some in chunks.chunks(8) {
                send.send(some.to_vec()).expect("somebody reads");
            }
            drop(send);
        });
    });
    let _ = std::fs::remove_file(path);
}

#[divan::bench(sample_count = 20)]
fn keep_in_a_ring(bencher: Bencher) {
    let chunks = pipeline();
    let events: usize = chunks.iter().map(Chunk::len).sum();
    bencher.counter(ItemsCount::new(events)).bench_local(|| {
        let mut ring = Ring::new(1 << 20);
        chunks.iter().for_each(|chunk| ring.push(black_box(chunk)).expect("no long text"));
        ring.events()
    });
}

#[divan::bench(args = 0..PROGRAMS.len(), sample_count = 20)]
fn read(bencher: Bencher, program: usize) {
    let (name, make) = PROGRAMS[program];
    let (chunks, path) = (make(), path(name));
    let events: usize = chunks.iter().map(Chunk::len).sum();
    write(&path, &chunks);
    let trace = TraceFile::open(&path).expect("a trace");
    bencher.counter(ItemsCount::new(events)).bench_local(|| {
        let mut read = 0;
        trace.each(&mut |chunk| read += chunk.len()).expect("readable");
        read
    });
    let _ = std::fs::remove_file(path);
}

/// Any block, as a view asks for it. An item is a block here.
#[divan::bench]
fn read_one_block(bencher: Bencher) {
    let (chunks, path) = (pipeline(), path("block"));
    write(&path, &chunks);
    let trace = TraceFile::open(&path).expect("a trace");
    let (mut chunk, mut block) = (Chunk::new(), 0);
    bencher.bench_local(|| {
        block = (block + 617) % trace.blocks().len();
        trace.read(block, &mut chunk).expect("whole");
        chunk.len()
    });
    let _ = std::fs::remove_file(path);
}

#[divan::bench]
fn open(bencher: Bencher) {
    let (chunks, path) = (pipeline(), path("open"));
    write(&path, &chunks);
    bencher.bench_local(|| TraceFile::open(black_box(&path)).expect("a trace").len());
    let _ = std::fs::remove_file(path);
}
