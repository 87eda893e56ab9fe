use crate::bytecode::Code;
use crate::debug::request::{Direction, Go, Motion};
use crate::debug::session::{Debugger, SPACING, Setup};
use crate::pipeline::{Kind, compile};
use crate::vm::machine::Limits;
use scheduler::schedule::Schedule;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use tracer::inspect::Reason;

fn setup(seed: u64) -> Setup {
    Setup {
        schedule: Schedule::of_seed(seed),
        limits: Limits { memory: 64 << 20, tasks: 100_000 },
        stop_at_main: false,
        input: Vec::new(),
        args: Vec::new(),
        interrupt: Arc::new(AtomicBool::new(false)),
        spacing: SPACING,
    }
}

fn example(name: &str) -> Box<Code> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../examples/vex").join(name);
    Box::new(compile(&path, Kind::Program).expect("it is there").code.expect("it compiles"))
}

fn debugger(name: &str) -> Debugger {
    Debugger::new(&example(name), setup(0)).expect("it is valid")
}

fn forward(debugger: &mut Debugger, motion: Motion) -> Reason {
    debugger.go(&Go { motion, direction: Direction::Forward, alone: false, times: 1 })
}

fn back(debugger: &mut Debugger, motion: Motion) -> Reason {
    debugger.go(&Go { motion, direction: Direction::Back, alone: false, times: 1 })
}

fn line(debugger: &Debugger) -> u32 {
    debugger.place_of_frame().map_or(0, |place| place.line)
}

#[test]
fn a_look_at_moves() {
    let mut debugger = debugger("philosophers.vex");
    for _ in 0..12 {
        let reason = forward(&mut debugger, Motion::Switch);
        let moves = debugger.moves();
        println!("{:?} {reason:?}", debugger.at());
        for m in moves {
            println!("   {} {} | {} | {} | {} {}", m.number, m.who, m.does, m.effect, m.place, m.default);
        }
    }
    for _ in 0..6 {
        let reason = forward(&mut debugger, Motion::Over);
        println!("{:?} {reason:?} line {} {:?}", debugger.at(), line(&debugger), debugger.selected);
    }
    for _ in 0..6 {
        let reason = back(&mut debugger, Motion::Over);
        println!("back {:?} {reason:?} line {} {:?}", debugger.at(), line(&debugger), debugger.selected);
    }
    println!("{:#?}", debugger.variables());
    println!("{:#?}", debugger.tasks());
    println!("{:?}", forward(&mut debugger, Motion::Continue));
    println!("{:?}", debugger.findings().len());
    println!("{:?}", forward(&mut debugger, Motion::Continue));
}
