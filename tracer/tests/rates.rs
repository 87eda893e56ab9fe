//! Rates of operations and what workers did, of runs written by hand.

use tracer::event::Kind;
use tracer::model::rates::{COUNT, ROWS, Rate, row_of};
use tracer::store::Store;
use tracer::testing::Stream;

const SECOND: u64 = 1_000_000_000;

fn row(name: &str) -> usize {
    ROWS.iter().position(|row| row.name == name).unwrap()
}

/// Two seconds: 1000 atomic operations in the first, one every millisecond; a burst of 4000 in 100 ms, then nothing more.
fn bursts() -> Store {
    let mut stream = Stream::with_main();
    let atomic = stream.make(Kind::AtomicMake, 3, "hits", 0);
    for _ in 0..1000 {
        stream.wait(SECOND / 1000).emit(Kind::Atomic, atomic, 1);
    }
    for _ in 0..4000 {
        stream.wait(SECOND / 40_000).emit(Kind::Atomic, atomic, 1);
    }
    stream.wait(SECOND * 9 / 10).end(0);
    stream.store()
}

fn close(value: f64, truth: f64) -> bool {
    (value - truth).abs() <= truth * 0.01
}

#[test]
fn now_is_the_last_second_and_the_peak_stays() {
    let store = bursts();
    let at = |time| store.rates_at(time)[row("atomic operation")];
    let first = at(SECOND * 9 / 10);
    assert!(first.total.abs_diff(900) <= 1 && close(first.now, 1000.0) && close(first.peak, 1000.0), "{first:?}");
    let burst = at(SECOND * 11 / 10);
    assert!(close(burst.now, 4900.0) && close(burst.peak, 40_000.0), "{burst:?}");
    let end = at(store.end_time());
    assert_eq!(end.total, 5000);
    assert!(close(end.now, 4000.0) && close(end.peak, 40_000.0), "{end:?}");
    assert!(close(end.nanoseconds().unwrap(), 250_000.0));
    // The past is what it was, whatever came after.
    assert_eq!(at(0), Rate { total: 0, ..Rate::default() });
    assert!(close(at(SECOND / 2).now, 1000.0));
}

#[test]
fn the_history_has_the_burst_in_its_cell() {
    let store = bursts();
    let cells = store.rate_history(0..2 * SECOND, 20);
    let atomic: Vec<f64> = cells.iter().map(|cell| cell[row("atomic operation")].round()).collect();
    assert!(atomic[..9].iter().all(|&rate| close(rate, 1000.0)), "{atomic:?}");
    assert!(close(atomic[10], 40_000.0), "{atomic:?}");
    assert!(atomic[11..].iter().all(|&rate| rate < 50.0), "{atomic:?}");
    assert!(cells.iter().all(|cell| cell[row("select")] == 0.0));
}

#[test]
fn an_operation_counts_once_wherever_it_blocked() {
    let mut stream = Stream::with_main();
    let chan = stream.make(Kind::ChanMake, 2, "jobs", 1);
    let lock = stream.make(Kind::MutexMake, 3, "gate", 0);
    let rw = stream.make(Kind::RwMake, 4, "table", 0);
    let worker = stream.spawn(1);
    let future = stream.wait(1).emit(Kind::AsyncSpawn, 9, 2).clock();
    assert_eq!(future, 1);
    // Through the buffer; from hand to hand to a blocked receiver; taken from a blocked sender.
    stream.emit(Kind::Send, chan, 0).emit(Kind::Recv, chan, 0);
    stream.block(Kind::Recv, chan, 0).switch(worker).emit(Kind::Send, chan, 1);
    stream.emit(Kind::Send, chan, 0).block(Kind::Send, chan, 0).switch(1).emit(Kind::Recv, chan, worker);
    // A lock, then one that is handed over.
    stream.emit(Kind::Lock, lock, 0).switch(worker).block(Kind::Lock, lock, 0).switch(1).emit(
        Kind::Unlock,
        lock,
        worker,
    );
    stream.switch(worker).emit(Kind::Unlock, lock, 0);
    stream.emit(Kind::ReadLock, rw, 0).emit(Kind::ReadUnlock, rw, 0);
    stream.emit(Kind::WriteLock, rw, 0).emit(Kind::WriteUnlock, rw, 0);
    stream.emit(Kind::SelectCommit, chan, 0).emit(Kind::SelectDefault, 0, 0);
    let store = stream.wait(1).end(0).store();
    let mut counted = [0; COUNT];
    for event in store.events(0..store.len()) {
        if let Some(row) = row_of(&event) {
            counted[row] += 1;
        }
    }
    let expected = [
        ("goroutine spawn", 1),
        ("channel send/recv", 3),
        ("async task spawn", 1),
        ("mutex lock/unlock", 2),
        ("atomic operation", 0),
        ("rwlock lock/unlock", 2),
        ("select", 2),
    ];
    for (name, count) in expected {
        assert_eq!(counted[row(name)], count, "{name}");
    }
    assert_eq!(store.rates().totals(), counted);
    assert_eq!(store.rates_at(store.end_time()).map(|rate| rate.total), counted);
}

#[test]
fn a_worker_is_idle_while_nobody_can_run() {
    let mut stream = Stream::with_main();
    stream.wait(600_000).block(Kind::Sleep, 50, 300);
    stream.wait(300_000).emit(Kind::TimerFire, 50, 1).switch(1);
    // A short gap is the scheduler at work.
    stream.wait(50_000).emit(Kind::Yield, 0, 0).wait(500).switch(1);
    let store = stream.wait(49_500).end(0).store();
    assert_eq!(store.workers().len(), 1);
    let work = store.work(0, 0..1_000_000);
    assert_eq!(work.busy, 700_000);
    assert_eq!(work.switches.round(), 3.0);
    assert_eq!(store.work(0, 600_000..900_000).busy, 0);
    let edges: Vec<u64> = (0..=10).map(|i| i * 100_000).collect();
    let lane: String = store.worker_lane(0, &edges).iter().map(|cell| tracer::testing::letter(cell.state)).collect();
    assert_eq!(lane, "######+++#");
    assert!(!store.workers().get(0).unwrap().is_busy());
    // After the end it stays idle.
    assert_eq!(store.work(0, 900_000..5_000_000).busy, 100_000);
    assert_eq!(store.work(7, 0..1_000_000).busy, 0);
}

#[test]
fn counters_are_increases_and_levels_of_a_worker() {
    use tracer::counters::Counter;
    let mut stream = Stream::with_main();
    for round in 1..=10u32 {
        stream.wait(SECOND / 10).emit(Kind::Counter, Counter::Instructions.id(), 4_000);
        stream.emit(Kind::Counter, Counter::Cycles.id(), 2_000).emit(Kind::Counter, Counter::QueueLength.id(), round);
        stream.emit(Kind::Counter, 9_999, 1);
    }
    let store = stream.wait(1).end(0).store();
    let worker = store.workers().get(0).unwrap();
    let machine = worker.machine(0, 2 * SECOND);
    assert_eq!(machine.get(Counter::Instructions), Some(40_000));
    assert_eq!(machine.instructions_per_cycle(), Some(2.0));
    assert_eq!(machine.get(Counter::CacheMisses), None);
    assert_eq!(worker.counted(Counter::QueueLength, 0, 2 * SECOND), Some(5.5));
    assert_eq!(worker.counted(Counter::Steals, 0, 2 * SECOND), None);
    let late = worker.counted(Counter::QueueLength, SECOND * 85 / 100, 2 * SECOND).unwrap();
    assert!(close(late, 9.5), "{late}");
}

#[test]
fn time_in_which_the_watcher_held_the_program_up_is_left_out() {
    let mut stream = Stream::with_main();
    let atomic = stream.make(Kind::AtomicMake, 3, "hits", 0);
    let mut wall: u64 = 0;
    let anchor = |stream: &mut Stream, wall: u64| {
        stream.emit(Kind::Anchor, wall as u32, (wall >> 32) as u32);
    };
    anchor(&mut stream, 0);
    for round in 0..200 {
        // A millisecond of work, for which the clock counts less, then waiting: mostly nine milliseconds.
        for _ in 0..1000 {
            stream.wait(300).emit(Kind::Atomic, atomic, 1);
        }
        wall += 1_000_000;
        anchor(&mut stream, wall);
        wall += [3_000_000, 9_000_000, 15_000_000, 9_000_000][round % 4];
        anchor(&mut stream, wall);
    }
    let store = stream.wait(1).end(0).store();
    assert_eq!(store.end_time(), 2 * SECOND);
    assert!((0.89..0.91).contains(&store.held_up()), "{}", store.held_up());
    let rate = store.rates_at(store.end_time())[row("atomic operation")];
    assert_eq!(rate.total, 200_000);
    let near = |value: f64| (value / 1e6 - 1.0).abs() < 0.1;
    assert!(near(rate.now) && near(rate.peak), "{rate:?}");
    let cells = store.rate_history(0..2 * SECOND, 10);
    assert!(cells.iter().all(|cell| near(cell[row("atomic operation")])), "{cells:?}");
}
