//! The layer under programs without Tokio, and under whatever anybody may tell it. Tokio itself: `tests/rust_programs.rs`.

use super::fields::{Fields, How, Update};
use super::resources::Sort;
use super::state::State;
use super::stream::Stream;
use super::{Level, Options, Recording};
use crate::causal;
use crate::control::Control;
use crate::event::{Kind, TaskId};
use crate::file::TraceFile;
use crate::sink::{BackPressure, LiveReceiver, Next, live};
use crate::store::Store;
use crate::trace::Trace;
use proptest::prelude::*;
use std::path::PathBuf;
use std::sync::Arc;
use tracing::{info, info_span, trace};
use tracing_subscriber::prelude::*;

fn scratch(name: &str) -> PathBuf {
    std::env::temp_dir().join(format!("vex-layer-{}-{name}.vxt", std::process::id()))
}

/// What was recorded of a program.
fn recorded(name: &str, options: Options, program: impl FnOnce()) -> (Store, TraceFile) {
    let path = scratch(name);
    let recording = Recording::with(&path, options).expect("a file in the temporary directory");
    tracing::subscriber::with_default(tracing_subscriber::registry().with(recording.layer()), program);
    recording.finish().expect("written");
    let file = TraceFile::open(&path).expect("a trace");
    let _ = std::fs::remove_file(&path);
    let mut store = Store::new(file.program().clone());
    file.each(&mut |chunk| store.push(chunk)).expect("readable");
    (store, file)
}

fn markers(store: &Store) -> Vec<(String, String)> {
    let marker = |event: &crate::events::Event<'_>| event.kind == Kind::Marker;
    let said = |event: crate::events::Event<'_>| (store.task_name(event.task), event.text.to_string());
    store.events(0..store.len()).filter(marker).map(said).collect()
}

#[test]
fn the_outermost_span_is_a_task_and_what_is_in_it_are_its_markers() {
    let (store, _) = recorded("spans", Options::default(), || {
        let _request = info_span!("request", id = 7).entered();
        info!(bytes = 12, "read");
        let _inner = info_span!("parse").entered();
        trace!("too fine");
    });
    assert_eq!(causal::check_foreign(store.events(0..store.len())), []);
    let markers = markers(&store);
    let texts: Vec<&str> = markers.iter().map(|(_, text)| text.as_str()).collect();
    assert_eq!(texts, ["id=7", "INFO tracer::layer::tests: read bytes=12", "begin parse", "end parse"]);
    assert!(markers.iter().all(|(task, _)| task == "request#1"));
    assert_eq!(store.count(Kind::TaskEnd), 1);
}

#[test]
fn threads_that_say_something_are_tasks_and_spans_know_their_thread() {
    let (store, _) = recorded("threads", Options::default(), || {
        info!("before");
        let dispatch = tracing::dispatcher::get_default(Clone::clone);
        let work = move || {
            tracing::dispatcher::with_default(&dispatch, || {
                let _job = info_span!("job").entered();
                info!("working");
            });
        };
        std::thread::Builder::new().name("helper".into()).spawn(work).expect("a thread").join().expect("no panic");
    });
    assert_eq!(causal::check_foreign(store.events(0..store.len())), []);
    let said = markers(&store);
    assert!(said.iter().any(|(task, text)| task == "job#1" && text.ends_with("working")), "{said:?}");
    assert!(said.iter().any(|(task, text)| task.ends_with("#1") && text.ends_with("before")), "{said:?}");
    assert_eq!(store.workers().len(), 2);
}

#[test]
fn a_span_entered_again_and_again_is_one_task_that_waits_between() {
    let (store, _) = recorded("again", Options::default().level(Level::TRACE), || {
        let request = info_span!("request");
        for _ in 0..3 {
            request.in_scope(|| ());
            std::thread::sleep(std::time::Duration::from_micros(100));
        }
    });
    assert_eq!(causal::check_foreign(store.events(0..store.len())), []);
    let of = |event: &crate::events::Event<'_>| event.kind == Kind::Switch && event.object != 0;
    assert_eq!(store.events(0..store.len()).filter(of).count(), 3);
    assert_eq!(store.tasks().len(), 1);
}

#[test]
fn a_program_that_blocks_loses_nothing_through_a_queue_of_one() {
    let (store, file) = recorded("block", Options::default().block().queue(1), || {
        for number in 0..20_000 {
            info!(number, "event");
        }
    });
    assert_eq!(store.count(Kind::Marker), 20_000);
    assert_eq!(file.ending().map(|ending| ending.dropped), Some(0));
    assert_eq!(store.dropped(), 0);
}

#[test]
fn what_was_recorded_can_be_read_before_the_end() {
    let path = scratch("alive");
    let recording = Recording::to(&path).expect("a file in the temporary directory");
    tracing::subscriber::with_default(tracing_subscriber::registry().with(recording.layer()), || {
        let _request = info_span!("request").entered();
        info!("read");
    });
    // As after a `kill -9`: nobody has finished the file. The writer takes its time, a loaded machine more of it.
    let read = |_| {
        std::thread::sleep(std::time::Duration::from_millis(20));
        let file = TraceFile::open(&path).ok().filter(|file| file.len() > 0 && !file.program().functions.is_empty())?;
        let mut store = Store::new(file.program().clone());
        file.each(&mut |chunk| store.push(chunk)).expect("readable");
        Some((store, file.ending().is_none()))
    };
    let (store, unfinished) = (0..1500).find_map(read).expect("events within half a minute");
    assert!(unfinished);
    assert_eq!(markers(&store), [("request#1".to_string(), "INFO tracer::layer::tests: read".to_string())]);
    drop(recording);
    let _ = std::fs::remove_file(&path);
}

/// A state whose records are kept.
fn state() -> (State, LiveReceiver) {
    let (sink, receiver) = live(4096, BackPressure::DropOldest, Arc::new(Control::new()));
    (State::new(Stream::new(sink)), receiver)
}

fn records(mut state: State, mut receiver: LiveReceiver) -> Store {
    state.settle_all();
    let now = state.now;
    state.stream.flush(now);
    let mut store = Store::new(Arc::new(state.table.news().unwrap_or_default()));
    while let Next::Chunk(chunk) = receiver.try_next() {
        store.push(&chunk);
    }
    store
}

fn resource(concrete: &str, internal: bool) -> Fields {
    Fields { concrete: concrete.to_string(), internal, ..Fields::default() }
}

fn update(update: Update, how: How) -> Fields {
    Fields { update, how, ..Fields::default() }
}

#[test]
fn two_tasks_that_lock_two_mutexes_in_opposite_order_are_found_and_one_that_can_give_up_is_not() {
    for gives_up in [false, true] {
        let (mut state, receiver) = state();
        let worker = state.new_worker("main");
        let (first, second, timer) = (100, 101, 102);
        state.new_resource(worker, first, &resource("Mutex", false), None);
        state.new_resource(worker, second, &resource("Mutex", false), None);
        state.new_resource(worker, timer, &resource("Sleep", false), None);
        let function = state.table.function("transfer", crate::program::Place::default());
        for (task, own, other) in [(1, first, second), (2, second, first)] {
            state.new_task(worker, task, function, 0);
            state.enter(worker, task);
            state.resource_update(worker, own, &update(Update::Locked(true), How::Override));
            let wait = 200 + task;
            state.new_operation(worker, wait, other, None, "Mutex::lock");
            state.new_operation(worker, wait + 10, timer, None, "Sleep::new_timeout");
            state.now += 10;
            // The first task must wait for the second to have its lock.
            if task == 1 {
                state.exit(worker, task, false);
                continue;
            }
            if gives_up {
                state.polled(worker, wait + 10, false);
            }
            state.polled(worker, wait, false);
            state.exit(worker, task, false);
            state.enter(worker, 1);
            state.polled(worker, 201, false);
            state.exit(worker, 1, false);
        }
        assert_eq!(state.findings.len(), usize::from(!gives_up));
        if let Some(finding) = state.findings.first() {
            let tasks: Vec<TaskId> = finding.tasks.iter().map(|task| task.task.id).collect();
            assert_eq!(finding.cycle.len(), 2);
            assert_eq!(finding.tasks.iter().map(|task| task.held.len()).collect::<Vec<_>>(), [1, 1]);
            let store = records(state, receiver);
            assert_eq!(store.waits(10).cycles, [tasks]);
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    /// Whatever is told, in whatever order: no panic, and records that a store understands.
    #[test]
    fn nonsense_is_recorded_without_harm(steps in proptest::collection::vec((0u8..20, 0u64..6, 0u64..6, 0u32..3), 0..200)) {
        let (mut state, receiver) = state();
        for _ in 0..3 {
            state.new_worker("thread");
        }
        let kinds = ["Mutex", "RwLock", "Semaphore", "Sender|Receiver", "Barrier", "Sleep"];
        for (what, a, b, worker) in steps {
            state.now += 3 * a;
            let (resource_key, operation) = (100 + a, 200 + b);
            match what {
                0 | 1 => state.new_task(worker, 1 + a, 0, 0),
                2..=4 => state.enter(worker, 1 + a),
                5 | 6 => state.exit(worker, 1 + a, b == 0),
                7 => state.end_task(worker, 1 + a),
                8 => state.wake(worker, 1 + a),
                9 => state.new_resource(worker, resource_key, &resource(kinds[b as usize], false), None),
                10 => {
                    state.new_resource(worker, 110 + a, &resource("Semaphore", true), (b < 3).then_some(resource_key));
                    state.resource_update(worker, 110 + a, &update(Update::Permits(b), How::Override));
                }
                11 => state.new_operation(worker, operation, resource_key + 10 * (a & 1), (b > 3).then_some(200), "RwLock::write"),
                12 | 13 => state.polled(worker, operation, a > 3),
                14 => {
                    state.operation_update(worker, operation, &update(Update::Requested(1 + a), How::Override), true);
                    state.operation_update(worker, operation, &update(Update::Obtained(b), How::Add), a < 2);
                    let other = if a > 3 { Update::Arrived(1) } else { Update::Leader };
                    state.operation_update(worker, operation, &update(other, How::Override), true);
                }
                15 => {
                    let updates = [
                        Update::Locked(b & 1 == 0), Update::WriteLocked(b & 1 == 0), Update::Readers(1), Update::Size(b),
                        Update::Duration(b), Update::ValueSent,
                    ];
                    let how = if b > 2 { How::Add } else { How::Sub };
                    state.resource_update(worker, resource_key, &update(updates[b as usize], how));
                }
                16 => state.resource_update(worker, 110 + a, &update(Update::Permits(b), How::Add)),
                17 => if b > 3 { state.end_operation(operation) } else { state.end_resource(resource_key) },
                18 => state.event(worker, crate::program::Place::default(), "said"),
                _ => {
                    state.new_span(300 + a, "span", String::new(), crate::program::Place::default());
                    state.enter_span(worker, 300 + a);
                    state.exit_span(worker, 300 + a, false);
                    if b > 2 { state.end_span(worker, 300 + a) }
                }
            }
        }
        state.look_everywhere();
        prop_assert!(state.resources.values().all(|resource| resource.sort != Sort::Inside(0)));
        let store = records(state, receiver);
        prop_assert_eq!((store.damaged(), store.dropped()), (0, 0));
    }
}
