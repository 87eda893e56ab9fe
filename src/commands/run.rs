//! `vex run`: a program at full speed, without a trace.

use crate::cli::{Races, RunArgs};
use crate::load::{self, Loaded};
use crate::{exit, log, report};
use interpreter::bytecode::Code;
use interpreter::trace_info::program_info;
use interpreter::vm::io::{Input, Io, Sink};
use interpreter::vm::parallel::run_parallel;
use interpreter::vm::run;
use std::io::Write;
use tracer::counters::{Accounts, Costs, Metered};
use tracer::race::Racing;
use tracer::record::{Off, Recorder};
use tracer::sink::CountSink;

/// Runs the program and gives the exit code.
///
/// # Errors
/// When the file cannot be read, or standard output not written.
pub fn run(args: &RunArgs) -> anyhow::Result<i32> {
    let costs = args.counters && args.execution.bounds.races != Races::Off;
    let costs =
        costs.then_some("--counters says what a program costs, which looking for races changes: say one of them");
    if let Some(problem) = args.execution.problem().or(costs) {
        load::say(&format!("vex: {problem}\n"));
        return Ok(exit::USAGE);
    }
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
    let accounts = args.counters.then(Accounts::default);
    let (options, stop) = (&execution.options, execution.stop.clone());
    let span =
        tracing::info_span!("run", seed = options.seed, execution.workers, real_time = options.real_time).entered();
    let ran = match (&accounts, execution.workers) {
        (Some(accounts), Some(workers)) => {
            let meters = (0..workers).map(|worker| metered(&code, worker, accounts)).collect();
            run_parallel(&code, options, meters, io, stop, &|_| (), |_| ())
        }
        (None, None) if execution.races => run::run(&code, options, Racing::new(None), io, stop, &mut |_| ()),
        (Some(accounts), None) => run::run(&code, options, metered(&code, 0, accounts), io, stop, &mut |_| ()),
        (None, Some(workers)) => run_parallel(&code, options, vec![Off; workers as usize], io, stop, &|_| (), |_| ()),
        (None, None) => run::run(&code, options, Off, io, stop, &mut |_| ()),
    };
    drop(execution);
    log::ran(&ran);
    drop(span);
    let program = program_info(&code);
    let costs = accounts.map(|accounts| Costs::new(&accounts, &program));
    load::say(&report::text(&program, &ran.report, args.execution.bounds.policy()));
    let found = !report::shown(&ran.report.findings, args.execution.bounds.policy()).is_empty();
    let replay = report::replay(&args.file, &args.args, &args.execution).filter(|_| found);
    if let Some(command) = &replay {
        load::say(&format!("again: {command}\n"));
    }
    if let Some(costs) = &costs {
        load::say(&costs.text());
    }
    if args.common.json {
        let output = Some((ran.io.stdout(), ran.io.stderr()));
        let mut document = report::json(&program, &ran.report, args.execution.bounds.policy(), output);
        if let Some(command) = replay {
            document["replay"] = command.into();
        }
        if let Some(costs) = &costs {
            document["costs"] = serde_json::to_value(costs)?;
        }
        writeln!(std::io::stdout(), "{document:#}")?;
    }
    Ok(report::exit_code(&ran.report, args.execution.bounds.policy()))
}

/// A tracer that meters a worker's tasks and keeps no events.
fn metered(code: &Code, worker: u32, accounts: &Accounts) -> Metered<Recorder> {
    let mut functions: Vec<_> =
        code.functions.iter().zip(0..).map(|(function, number)| (function.start, number)).collect();
    functions.sort_unstable();
    Metered::new(Recorder::new(CountSink::new().0), worker, functions.into(), accounts)
}
