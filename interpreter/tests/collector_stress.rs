//! Every guest program once more, with a collection at every safepoint: the output must not change.
//!
//! A root that the collector forgets, or a register that liveness calls dead too early, is a wrong output or an
//! internal fault here, and next to never elsewhere.

use interpreter::pipeline::{Kind, compile};
use interpreter::value::{Tag, Value};
use interpreter::vm::engine::Deterministic;
use interpreter::vm::io::Io;
use interpreter::vm::machine::{Limits, Machine, Program};
use scheduler::{Config, Oracle, Scheduler, TimeSource};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use tracer::record::Off;

/// The programs: not those that must fail to compile, and not modules of others.
fn programs() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/programs/vex");
    let mut files = Vec::new();
    for folder in [folder.clone(), folder.join("fail")] {
        let entries = std::fs::read_dir(&folder).expect("the folder of programs");
        files.extend(
            entries.flatten().map(|entry| entry.path()).filter(|path| path.extension().is_some_and(|e| e == "vex")),
        );
    }
    files.sort();
    files
}

/// Output, failures and verdict of a run.
fn run(code: &interpreter::bytecode::Code, seed: u64, stress: bool) -> String {
    let sched = Scheduler::new(Config {
        oracle: Oracle::seed(seed),
        time: TimeSource::virtual_time(),
        time_value: |nanoseconds| Value::new(Tag::Time, nanoseconds),
        may_cancel: true,
    });
    let limits = Limits { memory: 256 << 20, tasks: 1 << 20 };
    let program = Program::new(code).expect("a program that verifies");
    let mut machine = Machine::<Deterministic<Off>>::new(&program, sched, Off, Io::memory(), limits, Arc::default());
    if stress {
        machine.heap.stress();
    }
    let report = machine.run(&mut |_| ());
    let findings: Vec<_> = report.findings.iter().map(|finding| (finding.verdict, finding.message.clone())).collect();
    let io = machine.common.io();
    format!("{}{}{findings:?} {:?} {}", io.stdout(), io.stderr(), report.verdict, report.exit_code)
}

#[test]
fn programs_do_the_same_when_every_safepoint_collects() {
    let mut ran = 0;
    for path in programs() {
        let compiled = compile(&path, Kind::Program).expect("a readable file");
        let Some(code) = compiled.code else { continue };
        for seed in [0, 3] {
            let (calm, stressed) = (run(&code, seed, false), run(&code, seed, true));
            assert!(!calm.contains("internal"), "{}: {calm}", path.display());
            assert_eq!(calm, stressed, "{} with seed {seed}", path.display());
        }
        ran += 1;
    }
    assert!(ran > 50, "only {ran} programs compile");
}
