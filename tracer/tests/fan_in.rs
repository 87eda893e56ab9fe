//! Streams of several workers: merged into one, live and afterwards, and braked by a watcher.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::SeqCst};
use std::thread;
use std::time::Duration;
use tracer::chunk::Chunk;
use tracer::control::Control;
use tracer::event::{Kind, Stamp, TaskId};
use tracer::events::Event;
use tracer::fan_in::{MergedReceiver, WorkerSink, live_workers};
use tracer::merge::merge;
use tracer::program::ProgramInfo;
use tracer::record::{Recorder, Tracer};
use tracer::sink::{BackPressure, MemorySink, Next};
use tracer::store::Store;

const ATOMIC: u8 = Kind::Atomic as u8;

fn store<'a>(chunks: impl IntoIterator<Item = &'a Chunk>) -> Store {
    Store::of(Arc::new(ProgramInfo::default()), chunks)
}

/// The events that are steps of the program.
fn steps(store: &Store) -> Vec<Event<'_>> {
    store.events(0..store.len()).filter(|event| !event.kind.is_bookkeeping()).collect()
}

fn recorder(worker: u32, sink: WorkerSink, control: &Arc<Control>) -> Recorder {
    Recorder::new(sink).with_worker(worker).with_control(control.clone()).at_safepoints()
}

/// What has come so far.
fn drain(receiver: &mut MergedReceiver, store: &mut Store) -> bool {
    loop {
        match receiver.try_next() {
            Next::Chunk(chunk) => {
                store.push(&chunk);
                receiver.recycle(chunk);
            }
            Next::Empty => return false,
            Next::End => return true,
        }
    }
}

#[test]
fn two_streams_become_one_by_clock_then_worker() {
    let (sink, memory) = MemorySink::unbounded();
    let mut workers: Vec<Recorder> =
        (0..2).map(|n| Recorder::new(sink.clone()).with_worker(n).at_safepoints()).collect();
    let mut stamps = Vec::new();
    for (worker, clock, object) in [(0, 5, 1), (1, 5, 2), (1, 6, 3), (0, 9, 4), (1, 9, 5), (0, 1 << 40, 6)] {
        if object == 2 {
            workers[1].emit(Kind::Switch as u8, 0, 4, 7, 0);
            workers[1].text(Kind::Output, 0, 4, "from the second");
        }
        stamps.push((workers[worker].ordinal(), object));
        workers[worker].emit(ATOMIC, 0, clock, object, 0);
    }
    drop(workers);
    let chunks = merge(memory.take().into_iter().rev());
    let store = store(&chunks);
    let found: Vec<_> =
        steps(&store).iter().filter(|e| e.kind == Kind::Atomic).map(|e| (e.clock, e.worker, e.object)).collect();
    assert_eq!(found, [(5, 0, 1), (5, 1, 2), (6, 1, 3), (9, 0, 4), (9, 1, 5), (1 << 40, 0, 6)]);
    assert_eq!(steps(&store)[1].text, "from the second");
    assert!(steps(&store).iter().all(|event| (event.task == TaskId(7)) == (event.worker == 1)));
    assert_eq!((store.dropped(), store.damaged()), (0, 0));
    for (stamp, object) in stamps {
        assert!(Stamp::of(stamp).is_some());
        let ordinal = store.ordinal_of(stamp);
        assert_eq!(ordinal.and_then(|ordinal| store.event(ordinal)).map(|event| event.object), Some(object));
    }
    assert_eq!(store.ordinal_of(Stamp { worker: 1, count: 99 }.number()), None);
    assert_eq!(store.ordinal_of(3), Some(3));
}

#[test]
fn a_worker_that_idles_is_not_waited_for_and_comes_back_above_what_was_shown() {
    let control = Arc::new(Control::new());
    let (sinks, mut receiver) = live_workers(2, 16, BackPressure::Block, control.clone());
    let mut workers: Vec<Recorder> = (0..).zip(sinks).map(|(n, sink)| recorder(n, sink, &control)).collect();
    let mut store = Store::new(Arc::default());
    workers.iter_mut().for_each(|worker| assert_eq!(worker.awake(0), 0));
    workers[1].emit(ATOMIC, 0, 10, 1, 0);
    workers[1].idle(12);
    workers[0].emit(ATOMIC, 0, 50, 2, 0);
    drain(&mut receiver, &mut store);
    // Worker 0 has not said yet how far it is.
    assert_eq!(steps(&store).len(), 0);
    assert!(!workers[0].poll(60));
    drain(&mut receiver, &mut store);
    assert_eq!(steps(&store).iter().map(|event| event.object).collect::<Vec<_>>(), [1, 2]);
    assert_eq!(workers[1].awake(13), 60);
    workers[1].emit(ATOMIC, 0, 60, 3, 0);
    workers[0].emit(ATOMIC, 0, 61, 4, 0);
    drain(&mut receiver, &mut store);
    workers.iter_mut().for_each(|worker| assert!(!worker.poll(70)));
    assert!(!drain(&mut receiver, &mut store));
    assert_eq!(steps(&store).len(), 4);
    drop(workers);
    assert!(drain(&mut receiver, &mut store));
    assert_eq!((receiver.late(), store.len()), (0, 4 + 4));
}

#[test]
fn lost_events_leave_a_gap_where_they_are_missing() {
    let (sink, memory) = MemorySink::unbounded();
    let mut workers: Vec<Recorder> =
        (0..2).map(|n| Recorder::new(sink.clone()).with_worker(n).at_safepoints()).collect();
    for round in 0..4u32 {
        for (n, worker) in workers.iter_mut().enumerate() {
            for i in 0..10 {
                worker.emit(ATOMIC, 0, (round * 100 + i * 2 + n as u32) as u64, round, i);
            }
            worker.finish();
        }
    }
    drop(workers);
    let mut chunks = memory.take();
    assert_eq!((chunks.len(), chunks[3].worker), (8, 1));
    chunks.remove(3);
    let store = store(&merge(chunks));
    assert_eq!((store.dropped(), steps(&store).len()), (10, 70));
    // The gap stands before the worker's next event.
    let stamp = Stamp { worker: 1, count: 20 }.number();
    let after = store.ordinal_of(stamp).and_then(|ordinal| store.event(ordinal)).unwrap();
    assert_eq!((after.worker, after.object, after.arg), (1, 2, 0));
    assert_eq!(store.ordinal_of(Stamp { worker: 1, count: 15 }.number()), None);
}

/// A worker that does nothing but record, with safepoints; the clock it ended at.
fn busy(mut recorder: Recorder, events: u64, emitted: Arc<AtomicU64>) -> thread::JoinHandle<()> {
    thread::spawn(move || {
        let mut clock = recorder.awake(0);
        let (mut done, mut budget) = (0, recorder.slice(100));
        while done < events && !recorder.quit() {
            clock += 1;
            recorder.emit(ATOMIC, 0, clock, done as u32, 0);
            emitted.fetch_add(1, SeqCst);
            done += 1;
            budget -= 1;
            if budget == 0 {
                while recorder.poll(clock) {
                    clock = recorder.wait(clock);
                }
                budget = recorder.slice(100);
            }
        }
    })
}

fn start(workers: usize, events: u64, chunks: usize, control: &Arc<Control>) -> (MergedReceiver, Arc<AtomicU64>) {
    let (sinks, receiver) = live_workers(workers, chunks, BackPressure::Block, control.clone());
    let emitted = Arc::new(AtomicU64::new(0));
    for (n, sink) in (0..).zip(sinks) {
        busy(recorder(n, sink, control), events, emitted.clone());
    }
    (receiver, emitted)
}

#[test]
fn a_run_that_is_ahead_of_its_watcher_waits_and_loses_nothing() {
    let control = Arc::new(Control::new());
    let (mut receiver, emitted) = start(4, 100_000, 8, &control);
    // It stops by itself: two chunks a worker are under way at most, and the one that is being filled.
    let mut before = u64::MAX;
    while before != emitted.load(SeqCst) {
        before = emitted.load(SeqCst);
        thread::sleep(Duration::from_millis(20));
    }
    assert!(before < 4 * 4 * 4096, "{before}");
    let mut store = Store::new(Arc::default());
    loop {
        match receiver.wait(Duration::from_secs(10)) {
            Next::Chunk(chunk) => {
                store.push(&chunk);
                receiver.recycle(chunk);
            }
            Next::Empty => {}
            Next::End => break,
        }
    }
    let steps = steps(&store);
    assert_eq!((steps.len(), receiver.late(), store.dropped()), (400_000, 0, 0));
    assert!(steps.is_sorted_by_key(|event| (event.clock, event.worker)));
    assert_eq!(control.stats().events, store.len() - store.count(Kind::Worker));
}

#[test]
fn a_paused_run_steps_one_event_a_worker_and_goes_on() {
    let control = Arc::new(Control::new_paused());
    let (mut receiver, emitted) = start(3, 5000, 64, &control);
    let mut store = Store::new(Arc::default());
    let mut settle = |receiver: &mut MergedReceiver, expected: usize| {
        while steps(&store).len() < expected {
            drain(receiver, &mut store);
            thread::yield_now();
        }
        // Nothing more comes.
        thread::sleep(Duration::from_millis(5));
        drain(receiver, &mut store);
        assert_eq!(steps(&store).len(), expected);
    };
    // Each runs up to its first safepoint, which is one operation away.
    settle(&mut receiver, 3);
    control.step(1);
    settle(&mut receiver, 6);
    control.step(2);
    settle(&mut receiver, 12);
    control.pause();
    control.step(1);
    settle(&mut receiver, 15);
    assert!(control.stats().waiting);
    control.resume();
    settle(&mut receiver, 15_000);
    assert_eq!((emitted.load(SeqCst), receiver.late()), (15_000, 0));
}

#[test]
fn a_watcher_that_leaves_frees_everybody() {
    for (control, chunks) in [(Control::new_paused(), 64), (Control::new(), 2)] {
        let control = Arc::new(control);
        let (sinks, receiver) = live_workers(2, chunks, BackPressure::Block, control.clone());
        let emitted = Arc::default();
        let threads: Vec<_> = (0..)
            .zip(sinks)
            .map(|(n, sink)| busy(recorder(n, sink, &control), u64::MAX, Arc::clone(&emitted)))
            .collect();
        while emitted.load(SeqCst) < 2 {
            thread::yield_now();
        }
        drop(receiver);
        threads.into_iter().for_each(|thread| thread.join().unwrap());
    }
}

#[test]
fn a_worker_that_panics_holds_nobody_back() {
    let control = Arc::new(Control::new());
    let (sinks, mut receiver) = live_workers(2, 16, BackPressure::Block, control.clone());
    let mut workers = (0..).zip(sinks).map(|(n, sink)| recorder(n, sink, &control));
    let (mut stays, mut fails) = (workers.next().unwrap(), workers.next().unwrap());
    stays.awake(0);
    let thread = thread::spawn(move || {
        fails.awake(0);
        fails.emit(ATOMIC, 0, 3, 1, 0);
        std::panic::resume_unwind(Box::new("a worker fails"));
    });
    assert!(thread.join().is_err());
    stays.emit(ATOMIC, 0, 100, 2, 0);
    control.refresh();
    stays.poll(200);
    let mut store = Store::new(Arc::default());
    drain(&mut receiver, &mut store);
    assert_eq!(steps(&store).iter().map(|event| event.object).collect::<Vec<_>>(), [1, 2]);
}
