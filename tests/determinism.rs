//! The same seed gives the same events: twice in a row, and on every machine and in every build.
//!
//! Each program is traced in this process and the text dump of all its events is hashed. `determinism.golden` holds the
//! hashes of a few programs; a debug and a release build, and every machine, must agree with it. UPDATE=1 writes it: after a
//! change that is meant to change schedules or events, and then only.

use interpreter::bytecode::Code;
use interpreter::pipeline::{self, Kind};
use interpreter::trace_info::program_info;
use interpreter::vm::io::{Input, Io, Sink};
use interpreter::vm::machine::Limits;
use interpreter::vm::run::{self, RunOptions};
use std::fmt::Write;
use std::path::Path;
use std::sync::Arc;
use tracer::dump::dump_hash;
use tracer::record::Recorder;
use tracer::sink::MemorySink;
use tracer::store::Store;

/// Programs that between them use every kind of object and every way to block.
const PROGRAMS: &[&str] = &[
    "account_actor",
    "async_retry",
    "atomics_cas",
    "barrier_phases",
    "bounded_buffer",
    "channels_of_channels",
    "context_cancel",
    "context_timeout_values",
    "defer_order",
    "fan_in_merge",
    "join_tuple_and_list",
    "merge_sort_parallel",
    "once_init",
    "philosophers_ordered",
    "pub_sub",
    "rate_limiter",
    "rwlock_cache",
    "select_cancel_defers",
    "select_forms",
    "semaphore_limit",
    "v05_worker_pool",
    "v08_concurrent_async",
    "fail/deadlock_mutex_cycle",
    "fail/leak_range_never_closed",
    "fail/panic_nested_calls",
];
/// Those whose hashes stand in the golden file.
const GOLDEN: &[&str] = &[
    "async_retry",
    "bounded_buffer",
    "philosophers_ordered",
    "rwlock_cache",
    "select_forms",
    "v05_worker_pool",
    "fail/deadlock_mutex_cycle",
];
const SEEDS: &[u64] = &[0, 1, 7, 42];

fn compile(name: &str) -> Code {
    // A path from the package's folder: places in the dump begin with it.
    std::env::set_current_dir(env!("CARGO_MANIFEST_DIR")).expect("the package's folder is there");
    let path = format!("tests/programs/vex/{name}.vex");
    let compiled = pipeline::compile(Path::new(&path), Kind::Program).expect("it can be read");
    let text = compiled.render(false);
    compiled.code.unwrap_or_else(|| panic!("{path}: {text}"))
}

/// The hash of the dump, and how many events it has.
fn hash(code: &Code, seed: u64) -> (u64, u64) {
    let options = RunOptions {
        seed: Some(seed),
        real_time: false,
        limits: Limits { memory: 1 << 30, tasks: 1_000_000 },
        stop_at_main: false,
        sample: None,
    };
    let (sink, memory) = MemorySink::unbounded();
    let io = Io::new(Sink::Events, Sink::Events, Input::Empty);
    run::run(code, &options, Recorder::new(sink), io, Arc::default(), &mut |_| ());
    let mut store = Store::new(Arc::new(program_info(code)));
    for chunk in memory.take() {
        store.push(&chunk);
    }
    (dump_hash(&store), store.len())
}

#[test]
fn the_same_seed_gives_the_same_events() {
    for name in PROGRAMS {
        // Compiled twice as well: nothing of one compilation may be left to chance.
        let (first, second) = (compile(name), compile(name));
        let mut different = 0;
        for &seed in SEEDS {
            let (hashed, events) = hash(&first, seed);
            assert!(events > 2, "{name}: seed {seed} has no events");
            assert_eq!(hash(&second, seed), (hashed, events), "{name}: seed {seed} gave other events the second time");
            different += usize::from(hashed != hash(&first, 0).0);
        }
        // A program with one task only has one schedule.
        let alone = ["defer_order", "fail/panic_nested_calls"].contains(name);
        assert!(alone || different > 0, "{name}: no seed changes anything");
    }
}

#[test]
fn every_build_and_machine_gives_the_same_events() {
    let mut text = String::new();
    for name in GOLDEN {
        let code = compile(name);
        for &seed in SEEDS {
            let (hash, events) = hash(&code, seed);
            writeln!(text, "{name} seed {seed}: {hash:016x}, {events} events").expect("a string takes all");
        }
    }
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/determinism.golden");
    if std::env::var_os("UPDATE").is_some() {
        std::fs::write(&path, &text).expect("the golden file can be written");
    }
    let expected = std::fs::read_to_string(&path).unwrap_or_default();
    assert_eq!(text, expected, "other events than in {} (UPDATE=1 rewrites it)", path.display());
}
