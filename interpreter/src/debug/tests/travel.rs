use crate::bytecode::Code;
use crate::debug::travel::{Halt, Setup, Stops, Travel, back as back_one};
use crate::pipeline::{Kind, compile};
use crate::value::{Tag, Value};
use crate::vm::io::{Input, Io, Sink};
use crate::vm::machine::Limits;
use crate::vm::run::{RunOptions, run};
use proptest::prelude::*;
use scheduler::{Config, Oracle, TimeSource};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use tracer::record::Recorder;
use tracer::sink::{HashSink, Totals};

const LIMITS: Limits = Limits { memory: 64 << 20, tasks: 100_000 };

pub fn programs() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/programs");
    let mut found = Vec::new();
    let mut pending = vec![folder];
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
    let options = RunOptions { seed: Some(seed), real_time: false, limits: LIMITS, stop_at_main: false };
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

#[test]
fn stepping_to_the_end_is_running() {
    let mut seen = 0;
    for seed in [0, 1, 7] {
        for (path, code, _) in short(seed) {
            let (report, totals) = plain(&code, seed);
            for spacing in [100, 5_000] {
                let mut travel = travel(&code, seed, spacing);
                assert!(travel.forward(u64::MAX, Stops::default()).ended);
                assert_eq!(format!("{:?}", travel.ended().expect("it ended")), report, "{}", path.display());
                assert_eq!(travel.machine.tr.len(), totals.events, "{}", path.display());
                assert_eq!(travel.machine.tr.hash(0..u64::MAX), totals.hash, "{} seed {seed}", path.display());
            }
            seen += 1;
        }
    }
    assert!(seen > 200, "{seen} programs end by themselves");
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
