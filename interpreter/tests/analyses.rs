//! Profiles of real programs: samples that change nothing, critical paths whose lengths are known, red flags that come and that
//! stay away.

use interpreter::bytecode::Code;
use interpreter::pipeline::{self, Kind as Compile};
use interpreter::trace_info::program_info;
use interpreter::vm::io::{Input, Io, Sink};
use interpreter::vm::machine::Limits;
use interpreter::vm::parallel::run_parallel;
use interpreter::vm::run::{self, Ran, RunOptions};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use tracer::about::{About, Ending};
use tracer::analysis;
use tracer::event::Kind;
use tracer::events::Event;
use tracer::merge::merge;
use tracer::profile::Profile;
use tracer::record::{Recorder, wall_clock};
use tracer::sink::MemorySink;
use tracer::store::Store;
use tracer::trace::MemoryTrace;

const LIMITS: Limits = Limits { memory: 1 << 30, tasks: 1_000_000 };

fn compile(path: &Path) -> Code {
    let compiled = pipeline::compile(path, Compile::Program).expect("it can be read");
    let text = compiled.render(false);
    compiled.code.unwrap_or_else(|| panic!("{}: {text}", path.display()))
}

/// A program of its own.
fn program(source: &str) -> Code {
    let mut file = tempfile::Builder::new().suffix(".vex").tempfile().expect("a temporary file can be made");
    file.write_all(source.as_bytes()).expect("it can be written");
    compile(file.path())
}

fn io() -> Io {
    Io::new(Sink::Events, Sink::Events, Input::Empty)
}

fn trace_of(code: &Code, ran: Ran, about: About, chunks: Vec<tracer::chunk::Chunk>) -> MemoryTrace {
    let ending = Ending {
        verdict: ran.report.verdict,
        exit_code: ran.report.exit_code,
        program_exit_code: Some(ran.report.exit_code),
        clock: ran.report.clock,
        dropped: 0,
        note: String::new(),
    };
    let program = Arc::new(program_info(code));
    MemoryTrace { program, about, ending: Some(ending), findings: ran.report.findings, chunks }
}

/// A seeded run in virtual time.
fn seeded(code: &Code, seed: u64, sample: Option<u32>) -> MemoryTrace {
    let options = RunOptions { seed: Some(seed), real_time: false, limits: LIMITS, stop_at_main: false, sample };
    let (sink, memory) = MemorySink::unbounded();
    let ran = run::run(code, &options, Recorder::new(sink), io(), Arc::default(), &mut |_| ());
    let about = About { seed: Some(seed), workers: 1, ..About::default() };
    trace_of(code, ran, about, memory.take())
}

/// A run on several workers.
fn parallel(code: &Code, workers: u32, sample: Option<u32>) -> MemoryTrace {
    let options = RunOptions { seed: None, real_time: true, limits: LIMITS, stop_at_main: false, sample };
    let (sink, memory) = MemorySink::unbounded();
    let recorder = |worker| Recorder::new(sink.clone()).with_worker(worker).at_safepoints().with_wall(wall_clock());
    let recorders = (0..workers).map(recorder).collect();
    let ran = run_parallel(code, &options, recorders, io(), Arc::default(), &|_| (), |_| ());
    let about = About { workers, real_time: true, ..About::default() };
    trace_of(code, ran, about, merge(memory.take()))
}

fn profile(trace: &MemoryTrace) -> Profile {
    analysis::profile(trace).expect("memory can be read")
}

fn path(name: &str) -> PathBuf {
    std::env::set_current_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/..")).expect("the workspace is there");
    PathBuf::from(name)
}

fn examples() -> Vec<PathBuf> {
    let entries = std::fs::read_dir(path("examples/vex")).expect("the examples are there");
    let mut paths: Vec<PathBuf> = entries.map(|entry| entry.expect("it can be listed").path()).collect();
    paths.sort();
    paths
}

/// The events of a run but for samples, without their ordinals.
fn events(trace: &MemoryTrace) -> Vec<String> {
    let store = Store::of(trace.program.clone(), &trace.chunks);
    let sampled = |kind| matches!(kind, Kind::Sample | Kind::StackFrame | Kind::BlockedAt | Kind::ClockJump);
    let line = |at: Event| {
        format!(
            "{} {:?} {} {} {} {} {} {}",
            at.clock, at.kind, at.blocked, at.task.0, at.site.0, at.object, at.arg, at.text
        )
    };
    // Where text stands in its chunk is not what happened.
    let plain = |at: Event| if at.text.is_empty() { line(at) } else { line(Event { object: 0, ..at }) };
    store.events(0..u64::MAX).filter(|event| !sampled(event.kind)).map(plain).collect()
}

#[test]
fn samples_change_nothing_else() {
    let programs = [
        "examples/vex/pipeline.vex",
        "tests/programs/vex/merge_sort_parallel.vex",
        "tests/programs/vex/rwlock_cache.vex",
        "tests/programs/vex/select_forms.vex",
        "tests/programs/vex/defer_order.vex",
    ];
    for name in programs {
        let code = compile(&path(name));
        for seed in [0, 1, 7] {
            let plain = events(&seeded(&code, seed, None));
            for every in [1, 2, 7, 1000] {
                let trace = seeded(&code, seed, Some(every));
                assert!(events(&trace) == plain, "{name}: seed {seed}, a sample every {every} ticks changes events");
                let again = seeded(&code, seed, Some(every));
                let bytes = |trace: &MemoryTrace| -> Vec<_> {
                    trace.chunks.iter().flat_map(|chunk| chunk.records().to_vec()).collect()
                };
                assert!(bytes(&trace) == bytes(&again), "{name}: seed {seed} gives other samples the second time");
            }
        }
    }
}

#[test]
fn samples_add_up_to_the_time_that_tasks_ran() {
    let code = compile(&path("tests/programs/vex/merge_sort_parallel.vex"));
    let one = profile(&seeded(&code, 1, Some(1)));
    let sum = one.on_cpu.iter().map(|row| row.ns).sum::<u64>();
    let running = one.totals.running_ns;
    assert!(sum <= running && sum * 10 >= running * 9, "{sum} of {running}");
    // Stacks go up to a task's first function, and places know their functions.
    let deepest = one.on_cpu.iter().map(|row| depth(&one, row.frame)).max();
    assert!(deepest >= Some(2), "{deepest:?}");
    assert!(one.on_cpu.iter().all(|row| !one.sites[one.frames[row.frame as usize].site as usize].function.is_empty()));
    // Those that were blocked have stacks, too, and none is left out.
    let blocked = one.blocked.iter().map(|row| row.ns).sum::<u64>();
    assert_eq!(blocked, one.totals.blocked_ns + one.totals.sleeping_ns);
    // Fewer samples say the same, roughly.
    let few = profile(&seeded(&code, 1, Some(50)));
    let sum = few.on_cpu.iter().map(|row| row.ns).sum::<u64>();
    assert!(sum <= running && sum + 50 * 2 >= running, "{sum} of {running}");
}

fn depth(profile: &Profile, frame: u32) -> usize {
    std::iter::successors(Some(frame), |&frame| profile.frames[frame as usize].caller).count()
}

#[test]
fn several_workers_sample_as_well() {
    let code = compile(&path("tests/programs/vex/merge_sort_parallel.vex"));
    let trace = parallel(&code, 3, Some(5));
    let profile = profile(&trace);
    assert!(!profile.on_cpu.is_empty(), "no samples");
    let running = profile.totals.running_ns;
    let sum = profile.on_cpu.iter().map(|row| row.ns).sum::<u64>();
    assert!(sum <= running, "{sum} of {running}");
    let waits: u64 = profile.waits.iter().map(|row| row.time.count()).sum();
    assert_eq!(profile.blocked.iter().map(|row| row.count).sum::<u64>(), waits);
}

#[test]
fn every_example_has_a_profile() {
    for path in examples() {
        let code = compile(&path);
        let trace = seeded(&code, 1, Some(100));
        let profile = profile(&trace);
        assert!(profile.totals.tasks > 0, "{}", path.display());
    }
}

/// Prints the reports of all examples: `cargo test -p interpreter --test analyses -- --nocapture reports`.
#[test]
fn reports_fit_on_a_screen() {
    for path in examples() {
        let code = compile(&path);
        let mut trace = seeded(&code, 1, Some(100));
        trace.about.title = path.display().to_string();
        let report = tracer::profile::report(&profile(&trace), 100);
        println!("{report}\n=====");
        let lines = report.lines().count();
        assert!(lines <= 50, "{}: {lines} lines", path.display());
        assert!(report.lines().all(|line| line.chars().count() <= 100 || line.starts_with('|')), "{report}");
    }
}

/// Source of programs: a rule, one that breaks it, and one that does the same well.
const RULES: &[(&str, &str, &str)] = &[
    (
        "lock-across-wait",
        r#"import { Mutex, WaitGroup } from "sync"
fn worker(m: Mutex<i64>, wg: WaitGroup) {
    let! g = m.lock()
    sleep(10)
    *g += 1
    wg.done()
}
fn main() {
    let m = Mutex.new(0)
    let wg = WaitGroup.new()
    for _ in 0..3 {
        wg.add(1)
        go worker(m, wg)
    }
    wg.wait()
}"#,
        r#"import { Mutex, WaitGroup } from "sync"
fn worker(m: Mutex<i64>, wg: WaitGroup) {
    sleep(10)
    *m.lock() += 1
    wg.done()
}
fn main() {
    let m = Mutex.new(0)
    let wg = WaitGroup.new()
    for _ in 0..3 {
        wg.add(1)
        go worker(m, wg)
    }
    wg.wait()
}"#,
    ),
    (
        "convoy",
        r#"import { Mutex, WaitGroup } from "sync"
fn worker(m: Mutex<i64>, wg: WaitGroup) {
    for _ in 0..5 {
        let! g = m.lock()
        sleep(1)
        *g += 1
    }
    wg.done()
}
fn main() {
    let m = Mutex.new(0)
    let wg = WaitGroup.new()
    for _ in 0..8 {
        wg.add(1)
        go worker(m, wg)
    }
    wg.wait()
}"#,
        r#"import { Mutex, WaitGroup } from "sync"
fn worker(m: Mutex<i64>, wg: WaitGroup) {
    for _ in 0..5 {
        sleep(1)
        *m.lock() += 1
    }
    wg.done()
}
fn main() {
    let m = Mutex.new(0)
    let wg = WaitGroup.new()
    for _ in 0..8 {
        wg.add(1)
        go worker(m, wg)
    }
    wg.wait()
}"#,
    ),
    (
        "busy-polling",
        r#"fn main() {
    let c = Channel<i64>(1)
    go {
        let! sum = 0
        for i in 0..20000 { sum += i }
        c.send(sum)
    }
    let! going = true
    while going {
        select {
            _ = <-c => { going = false },
            default => {},
        }
    }
}"#,
        r#"fn main() {
    let c = Channel<i64>(1)
    go {
        let! sum = 0
        for i in 0..20000 { sum += i }
        c.send(sum)
    }
    let! found = 0
    while found == 0 {
        let! work = 0
        for i in 0..3000 { work += i }
        select {
            v = <-c => { found = v },
            default => {},
        }
    }
}"#,
    ),
    (
        "unbuffered-hot-channel",
        r#"fn main() {
    let c = Channel<i64>()
    go {
        for i in 0..2000 {
            if i % 4 == 0 { sleep(4) }
            c.send(i)
        }
        c.close()
    }
    for _ in c { sleep(1) }
}"#,
        r#"fn main() {
    let c = Channel<i64>(16)
    go {
        for i in 0..2000 {
            if i % 4 == 0 { sleep(4) }
            c.send(i)
        }
        c.close()
    }
    for _ in c { sleep(1) }
}"#,
    ),
    (
        "goroutine-explosion",
        r#"import { WaitGroup } from "sync"
fn main() {
    let wg = WaitGroup.new()
    for _ in 0..10001 {
        wg.add(1)
        go {
            sleep(1)
            wg.done()
        }
    }
    wg.wait()
}"#,
        r#"import { WaitGroup } from "sync"
fn main() {
    let wg = WaitGroup.new()
    for _ in 0..500 {
        wg.add(1)
        go {
            sleep(1)
            wg.done()
        }
    }
    wg.wait()
}"#,
    ),
    (
        "never-received",
        r#"fn main() {
    let c = Channel<i64>(4)
    c.send(1)
    c.send(2)
    <-c
}"#,
        r#"fn main() {
    let c = Channel<i64>(4)
    c.send(1)
    c.send(2)
    c.close()
    for _ in c {}
}"#,
    ),
    (
        "sequential-awaits",
        r#"async fn fetch(i: i64): i64 {
    await sleep(10)
    i
}
async fn main() {
    let! sum = 0
    for i in 0..5 { sum += await fetch(i) }
    println(f"{sum}")
}"#,
        r#"async fn fetch(i: i64): i64 {
    await sleep(10)
    i
}
async fn main() {
    let (a, b, c) = await join!(fetch(1), fetch(2), fetch(3))
    println(f"{a + b + c}")
}"#,
    ),
];

#[test]
fn red_flags_are_raised_and_only_where_they_should_be() {
    for (rule, bad, good) in RULES {
        let flagged = profile(&seeded(&program(bad), 1, None));
        let flag = flagged.flags.iter().find(|flag| flag.rule == *rule);
        let Some(flag) = flag else { panic!("{rule} is not raised: {:?}", flagged.flags) };
        println!("{rule}: {}", flag.sentence);
        assert!(flag.sentence.contains(".vex:") && flag.sentence.ends_with('.'), "{}", flag.sentence);
        assert!(flag.sites.iter().all(|&site| (site as usize) < flagged.sites.len()), "{rule}");
        let silent = profile(&seeded(&program(good), 1, None));
        assert!(silent.flags.is_empty(), "{rule}: {:?}", silent.flags);
    }
}

#[test]
fn healthy_examples_raise_no_flag() {
    for path in examples() {
        let name = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        for seed in [1, 2] {
            let profile = profile(&seeded(&compile(&path), seed, None));
            let rules: Vec<&str> = profile.flags.iter().map(|flag| flag.rule.as_str()).collect();
            // Three examples are there to show what is wrong with them.
            match name.as_str() {
                "busy" => assert_eq!(rules, ["convoy"]),
                "leak" => assert_eq!(rules, ["never-received"]),
                "philosophers" => assert!(rules.iter().all(|&rule| rule == "lock-across-wait"), "{rules:?}"),
                _ => assert!(rules.is_empty(), "{name}: {:?}", profile.flags),
            }
        }
    }
}

/// The critical path of a program: its length, and what of it was asleep, in milliseconds; and what stood for anything else, in
/// nanoseconds.
fn path_of(source: &str) -> (Profile, u64, u64) {
    let profile = profile(&seeded(&program(source), 1, None));
    let path = profile.critical_path.clone();
    assert_eq!(path.ns, path.running_ns + path.ready_ns + path.sleeping_ns + path.other_ns);
    assert_eq!(path.other_ns, 0, "{path:?}");
    let shares: u64 = path.sites.iter().map(|row| row.ns).sum();
    assert_eq!(shares, path.ns - path.ready_ns);
    (profile, path.sleeping_ns, path.ns - path.sleeping_ns)
}

const MS: u64 = 1_000_000;

fn is_about(ns: u64, milliseconds: u64) -> bool {
    (milliseconds * MS..milliseconds * MS + 1000).contains(&ns)
}

#[test]
fn the_critical_path_of_a_fork_and_join_is_its_longest_branch() {
    let (profile, sleeping, rest) = path_of(
        r#"import { WaitGroup } from "sync"
fn work(ms: i64, wg: WaitGroup) {
    sleep(ms)
    wg.done()
}
fn main() {
    let wg = WaitGroup.new()
    wg.add(3)
    go work(10, wg)
    go work(30, wg)
    go work(20, wg)
    wg.wait()
}"#,
    );
    // A timer fires when the others have nothing to do at that time: some instructions late.
    assert!(is_about(sleeping, 30) && rest < MS / 100, "{sleeping} {rest}");
    let longest = &profile.critical_path.sites[0];
    assert!(is_about(longest.ns, 30), "{longest:?}");
    assert_eq!(profile.sites[longest.site as usize].line, 3);
    assert_eq!(profile.sites[longest.site as usize].function, "work");
    // Into the branch by its spawn, and back by its end of the wait.
    assert_eq!(profile.critical_path.handovers, 2);
}

#[test]
fn the_critical_path_goes_through_channels_and_locks() {
    let (_, sleeping, _) = path_of(
        r#"fn main() {
    let a = Channel<i64>()
    let b = Channel<i64>()
    go {
        sleep(5)
        a.send(1)
        sleep(100)
    }
    go {
        let v = <-a
        sleep(7)
        b.send(v)
    }
    <-b
}"#,
    );
    assert!(is_about(sleeping, 12), "{sleeping}");
    let (_, sleeping, _) = path_of(
        r#"import { Mutex, WaitGroup } from "sync"
fn work(m: Mutex<i64>, wg: WaitGroup) {
    let! g = m.lock()
    sleep(10)
    *g += 1
    wg.done()
}
fn main() {
    let m = Mutex.new(0)
    let wg = WaitGroup.new()
    wg.add(3)
    for _ in 0..3 { go work(m, wg) }
    wg.wait()
}"#,
    );
    assert!(is_about(sleeping, 30), "{sleeping}");
}

#[test]
fn back_pressure_is_followed_through_the_stages_to_the_slow_one() {
    let profile = profile(&seeded(&compile(&path("examples/vex/pipeline.vex")), 1, None));
    let chain = &profile.back_pressure[0];
    println!("{}", chain.sentence);
    assert_eq!(chain.channels, ["parsed", "raw"]);
    assert_eq!(chain.consumers, ["enrich", "parse"]);
    assert_eq!(chain.producers, ["read"]);
    assert!(chain.consumer_busy > 0.9, "{}", chain.consumer_busy);
    let parsed = profile.channels.iter().find(|row| row.name == "parsed").expect("it is there");
    assert_eq!(parsed.suggested_capacity, None, "{}", parsed.advice);
    assert!(parsed.advice.contains("slower"), "{}", parsed.advice);
}

#[test]
fn a_burst_gets_a_capacity_that_holds_it() {
    let source = |capacity: u64| {
        format!(
            "fn main() {{
    let c = Channel<i64>({capacity})
    go {{
        for i in 0..400 {{
            if i % 10 == 0 {{ sleep(12) }}
            c.send(i)
        }}
        c.close()
    }}
    for _ in c {{ sleep(1) }}
}}"
        )
    };
    let small = profile(&seeded(&program(&source(2)), 1, None));
    let row = &small.channels[0];
    assert_eq!(row.suggested_capacity, Some(16), "{}", row.advice);
    // And with it nobody waits.
    let large = profile(&seeded(&program(&source(16)), 1, None));
    assert!(large.channels[0].send_wait.total() * 10 < row.send_wait.total(), "{:?}", large.channels[0].send_wait);
    assert_eq!(large.channels[0].suggested_capacity, None);
}

#[test]
fn the_spawn_tree_names_functions_and_places() {
    let profile = profile(&seeded(&compile(&path("examples/vex/pool.vex")), 1, None));
    let rows: Vec<(&str, u64, Option<u32>)> =
        profile.spawn_tree.iter().map(|row| (row.function.as_str(), row.count, row.parent)).collect();
    assert_eq!(rows[0], ("main", 1, None));
    assert!(rows.contains(&("worker", 3, Some(0))), "{rows:?}");
    let running: u64 = profile.spawn_tree.iter().map(|row| row.running.total()).sum();
    assert_eq!(running, profile.totals.running_ns);
}
