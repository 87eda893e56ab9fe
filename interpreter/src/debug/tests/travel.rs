use crate::bytecode::Code;
use crate::debug::travel::{Halt, Setup, Stops, Travel, back as back_one};
use crate::pipeline::{Kind, compile};
use crate::schedule::names;
use crate::value::{Tag, Value};
use crate::vm::io::{Input, Io, Sink};
use crate::vm::machine::Limits;
use crate::vm::run::{RunOptions, run, run_scripted};
use proptest::prelude::*;
use scheduler::schedule::{Follow, Keep, Schedule, Script};
use scheduler::{Config, Oracle, TimeSource};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use tracer::counting::Counting;
use tracer::record::Recorder;
use tracer::sink::{HashSink, Totals};

const LIMITS: Limits = Limits { memory: 64 << 20, tasks: 100_000 };

pub fn programs() -> Vec<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut found = Vec::new();
    let mut pending: Vec<PathBuf> = ["../tests", "../examples", "../tui/tests"].map(|folder| root.join(folder)).into();
    while let Some(folder) = pending.pop() {
        for entry in std::fs::read_dir(&folder).expect("the programs are there") {
            let path = entry.expect("readable").path();
            if path.is_dir() {
                pending.push(path);
            } else if path.extension().is_some_and(|extension| extension == "vex") {
                found.push(path);
            }
        }
    }
    found.sort();
    found
}

pub fn code(path: &Path) -> Option<Box<Code>> {
    compile(path, Kind::Program).ok()?.code.map(Box::new)
}

fn input() -> Io {
    Io::new(Sink::Events, Sink::Events, Input::Lines(Vec::new(), 0))
}

fn travel(code: &Code, seed: u64, spacing: u64) -> Travel {
    let config = |may_cancel| Config {
        oracle: Oracle::seed(seed),
        time: TimeSource::virtual_time(),
        time_value: |nanoseconds| Value::new(Tag::Time, nanoseconds),
        may_cancel,
    };
    let interrupt = Arc::new(AtomicBool::new(false));
    let setup = Setup {
        limits: LIMITS,
        stop_at_main: false,
        races: false,
        io: input(),
        config: &config,
        program: Arc::default(),
        spacing,
        interrupt,
    };
    Travel::new(code, setup).expect("the program is valid")
}

/// A plain run: how it ends, and what it records.
fn plain(code: &Code, seed: u64) -> (String, Totals) {
    let (sink, totals) = HashSink::new();
    let options = RunOptions { seed: Some(seed), real_time: false, limits: LIMITS, stop_at_main: false, sample: None };
    let stop = Arc::new(AtomicBool::new(false));
    let ran = run(code, &options, Recorder::new(sink), input(), stop, &mut |_| {});
    (format!("{:?}", ran.report), totals.get())
}

/// What can be seen of a state.
pub fn state(travel: &Travel) -> String {
    let machine = &travel.machine;
    let tasks: Vec<String> = machine
        .sched
        .live_tasks()
        .map(|(slot, task)| {
            let body = &task.body;
            let depth = body.stack.len().min(body.base as usize);
            format!(
                "{slot} {} {:?} {:?} {} {} {:?}",
                task.id,
                task.state,
                task.resume,
                body.pc,
                body.base,
                &body.stack[..depth]
            )
        })
        .collect();
    format!(
        "{:?} clock {} weighs {} {} objects {} findings {:?} {:?} {tasks:#?}",
        travel.at(),
        machine.clock,
        machine.heap.bytes(),
        machine.sched.bytes(),
        machine.heap.objects(),
        travel.findings(),
        travel.ended(),
    )
}

/// The programs whose runs are short enough to look at from everywhere.
fn short(seed: u64) -> impl Iterator<Item = (PathBuf, Box<Code>, u64)> {
    programs().into_iter().filter_map(move |path| {
        let code = code(&path)?;
        let mut travel = travel(&code, seed, 1 << 20);
        travel.forward(400_000, Stops::default());
        let steps = travel.at().step;
        travel.ended().is_some().then_some((path, code, steps))
    })
}

/// Runs by a schedule: how it ends, what it records, and the schedule with everything spelled out.
fn scripted(code: &Code, schedule: &Schedule, keep: Keep) -> (String, Totals, Schedule) {
    let (sink, totals) = HashSink::new();
    let options = RunOptions { seed: Some(0), real_time: false, limits: LIMITS, stop_at_main: false, sample: None };
    let stop = Arc::new(AtomicBool::new(false));
    let script = Script::new(schedule, names(code), keep, Follow::Keys, false);
    let tracer = Counting::new(Recorder::new(sink));
    let (ran, replayed) = run_scripted(code, &options, script, tracer, input(), stop, &mut |_| {});
    assert!(replayed.divergences.is_empty(), "{:?}", replayed.divergences);
    (format!("{:?}", ran.report), totals.get(), replayed.schedule)
}

/// Every guest program whose run is short enough to be done often, on twenty seeds: run, stepped at some spacing of checkpoints, and
/// replayed from the text of its schedule.
#[test]
fn stepping_to_the_end_and_replaying_is_running() {
    const SEEDS: u64 = if cfg!(debug_assertions) { 20 } else { 50 };
    let (mut all, mut spacing) = (0, 30);
    for path in programs() {
        let Some(code) = code(&path) else { continue };
        let mut short = travel(&code, 0, 1 << 20);
        short.forward(400_000, Stops::default());
        if short.ended().is_none() {
            continue;
        }
        all += 1;
        for seed in 0..SEEDS {
            let (report, totals) = plain(&code, seed);
            spacing = spacing % 5_000 + 211;
            let mut travel = travel(&code, seed, spacing);
            assert!(travel.forward(u64::MAX, Stops::default()).ended);
            assert_eq!(format!("{:?}", travel.ended().expect("it ended")), report, "{} seed {seed}", path.display());
            let stepped = Totals { events: travel.machine.tr.len(), hash: travel.machine.tr.hash(0..u64::MAX) };
            assert_eq!(stepped, totals, "{} seed {seed} stepped", path.display());
            let (_, _, schedule) = scripted(&code, &Schedule::of_seed(seed), Keep::Everything);
            let read = Schedule::parse(&schedule.to_text()).expect("what was written can be read");
            assert_eq!(read, schedule);
            let (again, replayed, _) = scripted(&code, &read, Keep::Changes);
            assert_eq!((again, replayed), (report, totals), "{} seed {seed} replayed", path.display());
        }
    }
    assert!(all >= 100, "{all} programs end soon");
}

#[test]
fn back_to_the_start_and_forward_again_is_the_first_time() {
    for (path, code, steps) in short(7) {
        for spacing in [50, 1_000, 1 << 20] {
            let spacing = spacing.max(steps / 200);
            let mut travel = travel(&code, 7, spacing);
            travel.forward(u64::MAX, Stops::default());
            let (end, hash) = (state(&travel), travel.machine.tr.hash(0..u64::MAX));
            for from in [steps, steps / 2, steps - steps / 3, 1] {
                travel.seek(from);
                travel.seek(0);
                travel.forward(u64::MAX, Stops::default());
                assert_eq!(state(&travel), end, "{} spacing {spacing}", path.display());
                assert_eq!(travel.machine.tr.hash(0..u64::MAX), hash, "{}", path.display());
            }
        }
    }
}

#[test]
fn going_back_stops_where_going_forwards_did() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../examples/vex/philosophers.vex");
    let code = code(&path).expect("it compiles");
    let mut travel = travel(&code, 3, 64);
    let switches = || Stops { switches: true, ..Stops::default() };
    let mut forwards = Vec::new();
    while !travel.forward(u64::MAX, switches()).ended {
        forwards.push(travel.at().step);
    }
    let mut back = Vec::new();
    while back_one(&mut travel, |t| t, |_| switches(), |_, halt: Halt| halt.switch).expect("nobody interrupts") {
        back.push(travel.at().step);
    }
    back.reverse();
    assert_eq!(travel.at().step, 0);
    assert_eq!(back, forwards);
    assert!(forwards.len() > 50);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(if cfg!(debug_assertions) { 24 } else { 200 }))]

    /// Random journeys against the naive model: a fresh run to the same step.
    #[test]
    fn every_way_to_a_state_leads_to_the_same_state(
        which in any::<prop::sample::Index>(),
        seed in 0..20u64,
        spacing in prop::sample::select(vec![1u64, 17, 400, 10_000]),
        places in prop::collection::vec((0.0..1.0f64, 0..4u32), 1..8),
    ) {
        let all = programs();
        let Some(code) = code(&all[which.index(all.len())]) else { return Ok(()) };
        let mut length = travel(&code, seed, 1 << 20);
        length.forward(20_000, Stops::default());
        let steps = length.at().step;
        let spacing = spacing.max(steps / 100);
        let mut travelled = travel(&code, seed, spacing);
        for (place, nudge) in places {
            let step = (steps as f64 * place) as u64;
            travelled.seek(step);
            for _ in 0..nudge {
                travelled.seek(travelled.at().step.saturating_sub(1));
            }
            let mut naive = travel(&code, seed, u64::MAX);
            naive.seek(travelled.at().step);
            prop_assert_eq!(state(&travelled), state(&naive));
        }
    }
}
