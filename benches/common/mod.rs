//! The rows of the performance table: guest programs of `benches/programs/`, compiled once and run in this process.

use interpreter::bytecode::Code;
use interpreter::pipeline::{self, Kind};
use interpreter::vm::io::Io;
use interpreter::vm::machine::Limits;
use interpreter::vm::run::{self, RunOptions};
use std::path::Path;
use tracer::finding::Verdict;
use tracer::record::{Off, Recorder};
use tracer::sink::MemorySink;

/// A row: its name in the kit, operations for one run, and how many operations one of the program's `N` stands for.
pub struct Row {
    /// The kit's name; the program has the same.
    pub name: &'static str,
    /// What `N` is set to.
    pub n: u64,
    /// Operations of one run.
    pub operations: u64,
    /// The unit of its rate.
    #[allow(dead_code, reason = "only one of the two benches prints it")]
    pub unit: &'static str,
}

/// Every row. `fib32` counts calls: fib(32) makes 7,049,155 of them.
pub const ROWS: &[Row] = &[
    row("spawn_batch1k", 500_000),
    row("spawn_await", 500_000),
    row("chan_pingpong", 1_000_000),
    row("chan_buf128_1p1c", 1_000_000),
    row("chan_mpmc_4x4", 1_000_000),
    row("select4_ready", 1_000_000),
    row("mutex_uncontended", 3_000_000),
    row("atomic_uncontended", 5_000_000),
    row("rwlock", 1_000_000),
    Row { name: "fib32", n: 32, operations: 7_049_155, unit: "calls/s" },
    Row { name: "nest200M", n: 20_000_000, operations: 20_000_000, unit: "iters/s" },
];

const fn row(name: &'static str, n: u64) -> Row {
    Row { name, n, operations: n, unit: "ops/s" }
}

/// Bytes of events that a traced run keeps: a flight recorder.
const RING: usize = 16 << 20;

/// The program of a row.
pub fn compile(row: &Row) -> Code {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("benches/programs/{}.vex", row.name));
    let text = std::fs::read_to_string(&path).expect("the program of the row is there");
    let lines = text.lines().map(|line| match line.strip_prefix("const N: i64 = ") {
        Some(_) => format!("const N: i64 = {}\n", row.n),
        None => format!("{line}\n"),
    });
    let text: String = lines.collect();
    let compiled = pipeline::compile_text(row.name, &text, Kind::Program, &mut interpreter::vex::check::NoFiles);
    compiled.code.unwrap_or_else(|| panic!("{}", compiled.diagnostics.list()[0].message))
}

/// Runs a row's program once on the reference schedule.
pub fn run_once(code: &Code, traced: bool) {
    let options = RunOptions {
        seed: Some(0),
        real_time: false,
        limits: Limits { memory: 8 << 30, tasks: 10_000_000 },
        stop_at_main: false,
    };
    let ran = if traced {
        let (sink, _kept) = MemorySink::ring(RING);
        run::run(code, &options, Recorder::new(sink), Io::memory(), std::sync::Arc::default(), &mut |_| ())
    } else {
        run::run(code, &options, Off, Io::memory(), std::sync::Arc::default(), &mut |_| ())
    };
    assert_eq!(ran.report.verdict, Verdict::Ok, "{:?}", ran.report.findings);
}
