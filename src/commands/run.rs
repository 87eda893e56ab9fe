//! `vex run`: a program at full speed, without a trace.

use crate::cli::RunArgs;
use crate::load::{self, Loaded};
use crate::report;
use interpreter::trace_info::program_info;
use interpreter::vm::io::{Input, Io, Sink};
use interpreter::vm::run;
use std::io::Write;
use tracer::record::Off;

/// Runs the program and gives the exit code.
///
/// # Errors
/// When the file cannot be read, or standard output not written.
pub fn run(args: &RunArgs) -> anyhow::Result<i32> {
    let code = match load::program(&args.file, &args.common)? {
        Loaded::Program(code) => code,
        Loaded::Wrong(code) => return Ok(code),
    };
    // The document has the output, so that standard output carries nothing else.
    let mut io = if args.common.json {
        Io::new(Sink::Memory, Sink::Memory, Input::Stream(Box::new(std::io::BufReader::new(std::io::stdin()))))
    } else {
        Io::real()
    };
    io.args.clone_from(&args.args);
    let execution = load::Execution::new(&args.execution);
    let ran = run::run(&code, &execution.options, Off, io, execution.stop.clone(), &mut |_| ());
    drop(execution);
    let program = program_info(&code);
    load::say(&report::text(&program, &ran.report, args.execution.leaks));
    if args.common.json {
        let output = Some((ran.io.stdout(), ran.io.stderr()));
        let document = report::json(&program, &ran.report, args.execution.leaks, output);
        writeln!(std::io::stdout(), "{document:#}")?;
    }
    Ok(report::exit_code(&ran.report, args.execution.leaks))
}
