//! The recorder, its sinks and its brake.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::SeqCst};
use std::thread;
use std::time::Duration;
use tracer::chunk::Chunk;
use tracer::control::Control;
use tracer::event::Kind;
use tracer::program::ProgramInfo;
use tracer::record::{Off, Recorder, Tracer, wall_clock};
use tracer::sink::{BackPressure, HashSink, MemorySink, Next, live};
use tracer::store::Store;

const ATOMIC: u8 = Kind::Atomic as u8;

fn store(chunks: &[Chunk]) -> Store {
    Store::of(Arc::new(ProgramInfo::default()), chunks)
}

#[test]
fn what_is_emitted_comes_back_over_many_chunks() {
    let (sink, memory) = MemorySink::unbounded();
    let mut recorder = Recorder::new(sink);
    for i in 0..20_000u32 {
        if i % 100 == 0 {
            recorder.emit(Kind::Switch as u8, 0, i as u64 * 3, 1 + i / 100, 0);
        }
        recorder.emit(ATOMIC, i % 1000, i as u64 * 3, i, i ^ 5);
    }
    assert_eq!(recorder.ordinal(), 20_200);
    drop(recorder);
    let store = store(&memory.take());
    assert_eq!((store.len(), store.dropped(), store.damaged()), (20_200, 0, 0));
    let mut expected = 0;
    for event in store.events(0..store.len()).filter(|event| event.kind == Kind::Atomic) {
        assert_eq!((event.object, event.arg, event.site.0), (expected, expected ^ 5, expected % 1000));
        assert_eq!((event.clock, event.task.0), (expected as u64 * 3, 1 + expected / 100));
        assert_eq!(store.event(event.ordinal), Some(event));
        expected += 1;
    }
    assert_eq!(expected, 20_000);
    for clock in [0, 1, 2, 3, 29_999, 59_997] {
        let ordinal = store.ordinal_at(clock);
        assert!(store.time_of(ordinal) >= clock);
        assert!(ordinal == 0 || store.time_of(ordinal - 1) < clock);
    }
    assert_eq!(store.ordinal_at(60_000), store.len());
}

#[test]
fn long_jumps_of_the_clock_are_kept_and_steps_back_are_not() {
    let (sink, memory) = MemorySink::unbounded();
    let mut recorder = Recorder::new(sink);
    let far = 5_000_000_000_000;
    for clock in [7, far, far + 1, 3, far + 2] {
        recorder.emit(ATOMIC, 0, clock, 0, 0);
    }
    drop(recorder);
    let store = store(&memory.take());
    let clocks: Vec<u64> = store.events(0..99).filter(|e| e.kind == Kind::Atomic).map(|e| e.clock).collect();
    assert_eq!(clocks, [7, far, far + 1, far + 1, far + 2]);
    assert_eq!(store.count(Kind::ClockJump), 1);
}

#[test]
fn texts_are_kept_whatever_their_length() {
    let (sink, memory) = MemorySink::unbounded();
    let mut recorder = Recorder::new(sink);
    let long = "äöü€".repeat(500_000);
    for text in ["", "one\n", &long, "two"] {
        recorder.text(Kind::Output, 1, 0, text);
    }
    drop(recorder);
    let store = store(&memory.take());
    let text: String = (0..store.outputs()).filter_map(|n| store.event(store.output(n)?)).map(|e| e.text).collect();
    assert!(text == format!("one\n{long}two"));
}

#[test]
fn a_ring_keeps_the_newest_and_counts_the_rest() {
    let (sink, memory) = MemorySink::ring(200_000);
    let mut recorder = Recorder::new(sink);
    for i in 0..100_000u32 {
        recorder.emit(ATOMIC, 0, i as u64, i, 0);
    }
    drop(recorder);
    let chunks = memory.take();
    let kept: u64 = chunks.iter().map(|chunk| chunk.len() as u64).sum();
    assert!(kept * 16 <= 200_000 && kept * 16 > 130_000);
    assert_eq!(kept + memory.dropped(), 100_000);
    let store = store(&chunks);
    assert_eq!((store.len(), store.first(), store.dropped()), (100_000, 100_000 - kept, 100_000 - kept));
    assert_eq!(store.event(store.first()).map(|event| event.object as u64), Some(100_000 - kept));
    assert_eq!(store.event(store.first() - 1), None);
}

#[test]
fn the_hash_does_not_depend_on_where_chunks_end() {
    let hash = |control: Option<Arc<Control>>| {
        let (sink, totals) = HashSink::new();
        let mut recorder = Recorder::new(sink);
        if let Some(control) = &control {
            recorder = recorder.with_control(Arc::clone(control));
        }
        for i in 0..10_000u32 {
            recorder.emit(ATOMIC, i % 7, i as u64, i, i);
            if i % 50 == 0 {
                recorder.text(Kind::Output, 3, i as u64, "hello");
                control.as_ref().inspect(|control| control.refresh());
                recorder.poll(i as u64);
            }
        }
        drop(recorder);
        totals.get()
    };
    let plain = hash(None);
    assert_eq!(plain.events, 10_200);
    assert_eq!(hash(Some(Arc::new(Control::new()))), plain);
}

#[test]
fn wall_time_is_interpolated_between_anchors() {
    let (sink, memory) = MemorySink::unbounded();
    let mut times = [1000u64, 9000].into_iter();
    let mut recorder = Recorder::new(sink).with_wall(move || times.next().unwrap_or(9000));
    for clock in [0, 10, 20, 40] {
        recorder.emit(ATOMIC, 0, clock, 0, 0);
    }
    recorder.finish();
    drop(recorder);
    let store = store(&memory.take());
    assert!(!store.is_virtual());
    let times: Vec<u64> =
        store.events(0..99).filter(|e| e.kind == Kind::Atomic).map(|e| store.time_of(e.ordinal)).collect();
    assert_eq!(times, [1000, 3000, 5000, 9000]);
    assert_eq!(store.event(store.ordinal_at(4000)).map(|event| event.clock), Some(20));
    assert_eq!((store.start_time(), store.end_time()), (1000, 9000));
}

#[test]
fn a_log_leaves_out_the_stamps_of_the_clock() {
    let (sink, memory) = MemorySink::unbounded();
    let mut recorder = Recorder::new(sink).with_wall(wall_clock());
    for clock in 0..10_000 {
        recorder.emit(ATOMIC, 0, clock, 0, 0);
        if clock % 700 == 0 {
            recorder.idle(clock);
        }
    }
    drop(recorder);
    let store = store(&memory.take());
    let steps: Vec<u64> =
        store.events(0..store.len()).filter(|event| event.kind == Kind::Atomic).map(|event| event.ordinal).collect();
    assert_eq!((steps.len(), store.rows()), (10_000, 10_000));
    let rows: Vec<u64> = (0..).map_while(|row| store.at_row(row)).collect();
    assert_eq!(rows, steps);
    assert!((0..).zip(&steps).all(|(row, &ordinal)| store.rows_before(ordinal) == row));
    assert_eq!(Some(&store.newest()), steps.last());
}

#[test]
fn the_machines_clock_never_goes_back() {
    let (sink, memory) = MemorySink::unbounded();
    let mut recorder = Recorder::new(sink).with_wall(wall_clock());
    for clock in 0..20_000 {
        recorder.emit(ATOMIC, 0, clock, 0, 0);
        if clock % 1000 == 0 {
            recorder.idle(clock);
        }
    }
    drop(recorder);
    let store = store(&memory.take());
    assert!(store.count(Kind::Anchor) >= 20);
    let times: Vec<u64> = (0..store.len()).step_by(97).map(|ordinal| store.time_of(ordinal)).collect();
    assert!(times.is_sorted() && times.last() <= Some(&store.end_time()));
}

#[test]
fn nothing_is_left_of_events_that_are_off() {
    let mut off = Off;
    off.emit(ATOMIC, 0, 0, 0, 0);
    off.text(Kind::Output, 0, 0, "text");
    off.poll(0);
    assert_eq!((off.ordinal(), off.last(), off.quit()), (0, None, false));
    const { assert!(!Off::ON && Recorder::ON) };
}

/// Runs a program of `events` events in a thread of its own; it ends early when the watcher leaves.
fn program(
    control: &Arc<Control>,
    pressure: BackPressure,
    events: u32,
) -> (tracer::sink::LiveReceiver, Arc<AtomicU64>) {
    let (sink, receiver) = live(4, pressure, Arc::clone(control));
    let emitted = Arc::new(AtomicU64::new(0));
    let counter = Arc::clone(&emitted);
    let control = Arc::clone(control);
    thread::spawn(move || {
        let mut recorder = Recorder::new(sink).with_control(control);
        for i in 0..events {
            if recorder.quit() {
                break;
            }
            recorder.emit(ATOMIC, 0, i as u64, i, 0);
            counter.fetch_add(1, SeqCst);
            if i % 100 == 99 {
                recorder.poll(i as u64);
            }
        }
    });
    (receiver, emitted)
}

/// Receives until there are as many events as wanted, or the program has ended.
fn receive(receiver: &mut tracer::sink::LiveReceiver, store: &mut Store, wanted: u64) -> bool {
    while store.len() < wanted {
        match receiver.wait(Duration::from_secs(20)) {
            Next::Chunk(chunk) => {
                store.push(&chunk);
                receiver.recycle(chunk);
            }
            Next::Empty => panic!("nothing came; {} of {wanted} events", store.len()),
            Next::End => return false,
        }
    }
    true
}

#[test]
fn a_paused_program_takes_single_steps_and_is_resumed() {
    let control = Arc::new(Control::new_paused());
    let (mut receiver, emitted) = program(&control, BackPressure::Block, 50_000);
    let mut store = store(&[]);
    // The first event happens before the program can be asked to stop.
    assert!(receive(&mut receiver, &mut store, 1));
    for n in 2..10 {
        control.step(1);
        assert!(receive(&mut receiver, &mut store, n));
        assert_eq!(store.len(), n);
    }
    control.step(25);
    assert!(receive(&mut receiver, &mut store, 34));
    assert_eq!(store.len(), 34);
    assert!(control.is_paused() && emitted.load(SeqCst) <= 34);
    control.resume();
    assert!(!receive(&mut receiver, &mut store, u64::MAX));
    assert_eq!((store.len(), store.dropped()), (50_000, 0));
    assert_eq!(control.stats().events, 50_000);
}

#[test]
fn a_running_program_is_paused_at_its_next_slice_end() {
    let control = Arc::new(Control::new());
    let (mut receiver, emitted) = program(&control, BackPressure::DropOldest, u32::MAX);
    control.pause();
    while !control.stats().waiting {
        thread::yield_now();
    }
    let stopped_at = emitted.load(SeqCst);
    control.step(1);
    let mut store = store(&[]);
    receive(&mut receiver, &mut store, stopped_at + 1);
    assert_eq!(store.len(), stopped_at + 1);
    control.quit();
    while !matches!(receiver.wait(Duration::from_secs(20)), Next::End) {}
}

#[test]
fn a_slow_program_still_ends_at_once_when_the_watcher_leaves() {
    let control = Arc::new(Control::new());
    control.set_rate(1);
    let (receiver, emitted) = program(&control, BackPressure::Block, u32::MAX);
    while emitted.load(SeqCst) == 0 && !control.stats().waiting {
        thread::sleep(Duration::from_millis(1));
        if control.stats().events > 0 {
            break;
        }
    }
    // Leaving quits; the program's thread drops its recorder, which nobody waits for.
    drop(receiver);
    assert!(control.is_quit());
}

#[test]
fn a_fast_rate_loses_nothing() {
    let control = Arc::new(Control::new());
    control.set_rate(10_000_000);
    let (mut receiver, _) = program(&control, BackPressure::Block, 300_000);
    let mut store = store(&[]);
    assert!(!receive(&mut receiver, &mut store, u64::MAX));
    assert_eq!((store.len(), store.dropped()), (300_000, 0));
}

#[test]
fn a_watcher_that_is_too_slow_sees_the_newest_and_how_much_was_dropped() {
    let control = Arc::new(Control::new());
    let (sink, mut receiver) = live(2, BackPressure::DropOldest, Arc::clone(&control));
    let mut recorder = Recorder::new(sink);
    for i in 0..100_000u32 {
        recorder.emit(ATOMIC, 0, i as u64, i, 0);
    }
    drop(recorder);
    let mut store = store(&[]);
    assert!(!receive(&mut receiver, &mut store, u64::MAX));
    assert_eq!(store.len(), 100_000);
    assert_eq!(store.dropped(), control.stats().dropped);
    assert!(store.dropped() > 80_000);
}
