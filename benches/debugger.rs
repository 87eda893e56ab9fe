//! How long a debugger's user waits. `cargo bench --bench debugger`

use divan::Bencher;
use interpreter::debug::request::{Direction, Go, Motion};
use interpreter::debug::session::{Debugger, SPACING, Setup};
use interpreter::pipeline::{Kind, compile};
use interpreter::vm::machine::Limits;
use scheduler::schedule::Schedule;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

fn main() {
    divan::main();
}

/// One task, one loop, 150 million steps.
const LOOP: &str = "fn main() {\n let! s = 0\n for i in 0..50000000 {\n  s = s + (i % 7)\n }\n println(s)\n}\n";

/// Ten thousand tasks, all blocked or ready.
const TASKS: &str = "fn worker(id: i64, c: Channel<i64>) {\n c.send(id)\n}\nfn main() {\n let c: Channel<i64> = Channel(0)\n \
    for i in 0..10000 {\n  go worker(i, c)\n }\n let! s = 0\n for i in 0..10000 {\n  s = s + <-c\n }\n println(s)\n}\n";

/// A debugger that stands at a step.
fn at(text: &str, step: u64) -> Debugger {
    let folder = tempfile::tempdir().expect("there is room for a file");
    let path = folder.path().join("program.vex");
    std::fs::write(&path, text).expect("the file can be written");
    let code = compile(&path, Kind::Program).expect("it is there").code.expect("it compiles");
    let setup = Setup {
        schedule: Schedule::of_seed(0),
        limits: Limits { memory: 1 << 30, tasks: 100_000 },
        stop_at_main: false,
        races: false,
        input: Vec::new(),
        args: Vec::new(),
        interrupt: Arc::new(AtomicBool::new(false)),
        spacing: SPACING,
    };
    let mut debugger = Debugger::new(&code, setup).expect("it is valid");
    go(&mut debugger, Motion::Step(step), Direction::Forward);
    debugger
}

fn go(debugger: &mut Debugger, motion: Motion, direction: Direction) {
    debugger.go(&Go { motion, direction, alone: false, times: 1 });
}

/// A hundred steps in one direction and again, so that all kinds of distances to a checkpoint are met.
fn often(bencher: Bencher, text: &str, step: u64, motion: &Motion, direction: Direction) {
    let mut debugger = at(text, step);
    bencher.bench_local(|| go(&mut debugger, motion.clone(), direction));
}

#[divan::bench(sample_count = 2000, sample_size = 1)]
fn loop_step_back(bencher: Bencher) {
    often(bencher, LOOP, 10_000_000, &Motion::Instruction, Direction::Back);
}

#[divan::bench(sample_count = 2000, sample_size = 1)]
fn loop_line_back(bencher: Bencher) {
    often(bencher, LOOP, 10_000_000, &Motion::Over, Direction::Back);
}

#[divan::bench(sample_count = 2000, sample_size = 1)]
fn loop_line(bencher: Bencher) {
    often(bencher, LOOP, 10_000_000, &Motion::Over, Direction::Forward);
}

/// The farthest from a checkpoint that a first step back can be.
#[divan::bench(sample_count = 40, sample_size = 1)]
fn loop_first_step_back(bencher: Bencher) {
    let step = 10 * SPACING - 1;
    bencher
        .with_inputs(|| at(LOOP, step))
        .bench_local_refs(|debugger| go(debugger, Motion::Instruction, Direction::Back));
}

#[divan::bench(sample_count = 3, sample_size = 1)]
fn loop_100_million_steps(bencher: Bencher) {
    bencher
        .with_inputs(|| at(LOOP, 0))
        .bench_local_refs(|debugger| go(debugger, Motion::Step(100_000_000), Direction::Forward));
}

#[divan::bench(sample_count = 100, sample_size = 1)]
fn tasks_step_back(bencher: Bencher) {
    often(bencher, TASKS, 60_000, &Motion::Instruction, Direction::Back);
}

#[divan::bench(sample_count = 100, sample_size = 1)]
fn tasks_switch_back(bencher: Bencher) {
    often(bencher, TASKS, 60_000, &Motion::Switch, Direction::Back);
}

#[divan::bench(sample_count = 20, sample_size = 1)]
fn tasks_line(bencher: Bencher) {
    often(bencher, TASKS, 60_000, &Motion::Over, Direction::Forward);
}

#[divan::bench(sample_count = 20, sample_size = 1)]
fn tasks_all_there_is_to_see(bencher: Bencher) {
    let mut debugger = at(TASKS, 60_000);
    go(&mut debugger, Motion::Switch, Direction::Back);
    bencher.bench_local(|| debugger.inspection());
}
