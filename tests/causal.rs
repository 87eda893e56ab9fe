//! Every trace of every guest program is one that can have happened, and a trace that cannot is found out.

use interpreter::pipeline::{self, Kind as Compile};
use interpreter::trace_info::program_info;
use interpreter::vm::io::{Input, Io, Sink};
use interpreter::vm::machine::Limits;
use interpreter::vm::parallel::run_parallel;
use interpreter::vm::run::{self, RunOptions};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use tracer::causal::{check, check_store};
use tracer::event::Kind;
use tracer::events::Event;
use tracer::merge::merge;
use tracer::record::Recorder;
use tracer::sink::MemorySink;
use tracer::store::Store;

fn programs() -> Vec<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/programs/vex");
    let mut paths: Vec<PathBuf> = ["", "fail"]
        .iter()
        .flat_map(|folder| std::fs::read_dir(root.join(folder)).expect("the folder is there"))
        .filter_map(|entry| entry.ok().map(|entry| entry.path()))
        .filter(|path| path.extension().is_some_and(|extension| extension == "vex"))
        .collect();
    paths.sort();
    paths
}

/// A run of a program; `None` where it does not compile.
fn trace(path: &Path, seed: u64) -> Option<Store> {
    let code = pipeline::compile(path, Compile::Program).expect("it can be read").code?;
    let limits = Limits { memory: 1 << 30, tasks: 1_000_000 };
    let options = RunOptions { seed: Some(seed), real_time: false, limits, stop_at_main: false, sample: None };
    let (sink, memory) = MemorySink::unbounded();
    let io = Io::new(Sink::Events, Sink::Events, Input::Empty);
    run::run(&code, &options, Recorder::new(sink), io, Arc::default(), &mut |_| ());
    Some(Store::of(Arc::new(program_info(&code)), &memory.take()))
}

#[test]
fn the_deterministic_runtime_breaks_no_rule() {
    let mut traced = 0;
    for path in programs() {
        for seed in [0, 1, 7, 42] {
            let Some(store) = trace(&path, seed) else { continue };
            let wrong = check_store(&store);
            assert!(
                wrong.is_empty(),
                "{} seed {seed}: {} of {}: {}",
                path.display(),
                wrong.len(),
                store.len(),
                wrong[0]
            );
            traced += 1;
        }
    }
    assert!(traced > 200, "{traced}");
}

/// The events with new ordinals.
fn renumbered(mut events: Vec<Event>) -> Vec<Event> {
    (0..).zip(&mut events).for_each(|(ordinal, event)| event.ordinal = ordinal);
    events
}

/// An event moves to just before another one, earlier in the run, and takes over what stands there of worker and clock.
fn moved<'a>(events: &[Event<'a>], from: usize, to: usize) -> Vec<Event<'a>> {
    let mut events = events.to_vec();
    let event = Event { clock: events[to].clock, ..events.remove(from) };
    events.insert(to, event);
    renumbered(events)
}

fn without<'a>(events: &[Event<'a>], ordinal: usize) -> Vec<Event<'a>> {
    let mut events = events.to_vec();
    events.remove(ordinal);
    renumbered(events)
}

/// A trace is broken in one place, in every way there is; how often that was tried.
fn break_it(path: &Path, store: &Store) -> usize {
    let events: Vec<Event> = store.events(0..store.len()).collect();
    let mut tried = 0;
    let mut caught = |what: &str, at: usize, broken: Vec<Event>| {
        tried += 1;
        assert!(
            !check(broken).is_empty(),
            "{}: {what} event {at} ({}) is not found",
            path.display(),
            events[at].kind.name()
        );
    };
    // A few of each kind in each trace.
    let mut seen = [0; 256];
    for (at, event) in events.iter().enumerate() {
        let count = &mut seen[event.kind as usize | (event.blocked as usize) << 7];
        *count += 1;
        if *count > 3 {
            continue;
        }
        let takes_value = event.kind == Kind::Recv && !event.blocked;
        match event.kind {
            Kind::Recv if takes_value => {
                if let Some(send) = store.cause(at as u64) {
                    let send = send as usize;
                    // Events do not say which value it is: where others are in the buffer it may take one of them.
                    let moves = |kind: Kind| {
                        let own = |e: &&Event| e.kind == kind && e.object == event.object && !e.blocked;
                        events[..send].iter().filter(own).count()
                    };
                    let empty = moves(Kind::Send) == moves(Kind::Recv);
                    if events[send].kind == Kind::Send && !events[send].blocked && event.arg == 0 && empty {
                        caught("moving before its send", at, moved(&events, at, send));
                    }
                }
                let mut twice = events.clone();
                twice.insert(at, *event);
                // Between the two another value may be in the buffer; so is everything after it.
                let last = events.iter().rposition(|e| e.kind == Kind::Recv && e.object == event.object && !e.blocked);
                if events.iter().filter(|e| e.object == event.object).all(|e| e.kind != Kind::TimerSet)
                    && last == Some(at)
                {
                    caught("repeating", at, renumbered(twice));
                }
            }
            Kind::Switch => caught("leaving out", at, without(&events, at)),
            Kind::TaskSpawn | Kind::AsyncSpawn => caught("leaving out", at, without(&events, at)),
            Kind::Lock | Kind::WriteLock | Kind::ReadLock if !event.blocked => {
                caught("leaving out", at, without(&events, at));
                if event.kind != Kind::ReadLock {
                    let mut twice = events.clone();
                    twice.insert(at, *event);
                    caught("repeating", at, renumbered(twice));
                }
            }
            Kind::Unlock | Kind::WriteUnlock if event.arg != 0 => caught("leaving out", at, without(&events, at)),
            Kind::Send if event.arg != 0 => caught("leaving out", at, without(&events, at)),
            Kind::Await if !event.blocked => {
                let end = events.iter().position(|e| e.kind == Kind::TaskEnd && e.task.0 == event.object);
                if let Some(end) = end.filter(|&end| end < at) {
                    caught("moving before the end of its task", at, moved(&events, at, end));
                }
            }
            Kind::Wake => {
                caught("moving before its cause", at, moved(&events, at, at - 1 - wakes_before(&events, at)));
            }
            // Who blocks for good may as well still run.
            Kind::Send if event.blocked && store.cause(at as u64).is_some() => {
                caught("leaving out", at, without(&events, at));
            }
            _ => {}
        }
    }
    tried
}

/// How many wakes of the same operation come right before.
fn wakes_before(events: &[Event], at: usize) -> usize {
    events[..at].iter().rev().take_while(|event| event.kind == Kind::Wake).count()
}

#[test]
fn whatever_is_broken_is_found() {
    let mut tried = 0;
    for path in programs() {
        if let Some(store) = trace(&path, 7)
            && store.len() < 20_000
        {
            tried += break_it(&path, &store);
        }
    }
    assert!(tried > 500, "{tried}");
}

/// A run on several workers.
fn parallel_trace(path: &Path, workers: u32) -> Option<Store> {
    let code = pipeline::compile(path, Compile::Program).expect("it can be read").code?;
    let limits = Limits { memory: 1 << 30, tasks: 1_000_000 };
    let options = RunOptions { seed: None, real_time: true, limits, stop_at_main: false, sample: None };
    let (sink, memory) = MemorySink::unbounded();
    let io = Io::new(Sink::Events, Sink::Events, Input::Empty);
    let recorder = |worker| Recorder::new(sink.clone()).with_worker(worker).at_safepoints();
    let recorders = (0..workers).map(recorder).collect();
    run_parallel(&code, &options, recorders, io, Arc::default(), &|_| (), |_| ());
    Some(Store::of(Arc::new(program_info(&code)), &merge(memory.take())))
}

#[test]
fn the_parallel_runtime_breaks_no_rule() {
    for path in programs() {
        for workers in [1, 2, 8] {
            let Some(store) = parallel_trace(&path, workers) else { continue };
            let wrong = check_store(&store);
            let count = wrong.len();
            assert!(count == 0, "{} on {workers}: {count} of {}: {}", path.display(), store.len(), wrong[0]);
            assert_eq!((store.dropped(), store.tasks().illegal_transitions()), (0, 0), "{}", path.display());
        }
    }
}
