//! `vex trace`: a program and its live picture, or its events as text.

use crate::cli::{CommonArgs, Leaks, TraceArgs};
use crate::live::{self, LiveRun, Recorders};
use crate::load::{self, Execution, Loaded};
use crate::{exit, report};
use anyhow::Context;
use interpreter::bytecode::Code;
use interpreter::trace_info::program_info;
use interpreter::vm::io::{Input, Io, Sink};
use interpreter::vm::run::Ran;
use std::fs::File;
use std::io::{BufReader, BufWriter, IsTerminal, Write};
use std::path::Path;
use std::sync::Arc;
use tracer::control::Control;
use tracer::dump::dump;
use tracer::finding::Verdict;
use tracer::merge::merge;
use tracer::sink::MemorySink;
use tracer::store::Store;
use tui::session::{Description, Ending};

/// Runs the program under the tracer and gives the exit code.
///
/// # Errors
/// When an input cannot be read, or the terminal or the dump's file not be used.
pub fn run(args: &TraceArgs) -> anyhow::Result<i32> {
    let terminal = std::io::stdout().is_terminal() && std::io::stdin().is_terminal();
    if !args.headless && !terminal {
        load::say("vex: the screen needs a terminal; without one use `vex trace --headless --dump`\n");
        return Ok(exit::USAGE);
    }
    if args.common.json && args.headless && args.output.as_os_str() == "-" {
        load::say("vex: --json puts its document on standard output: say where the dump goes with `-o FILE`\n");
        return Ok(exit::USAGE);
    }
    let code = match load::program(&args.file, &args.common)? {
        Loaded::Program(code) => code,
        Loaded::Wrong(code) => return Ok(code),
    };
    let mut io = Io::new(Sink::Events, Sink::Events, input(args.stdin.as_deref())?);
    io.args.clone_from(&args.args);
    if args.headless { headless(args, &code, io) } else { watch(args, code, io) }
}

/// The guest's standard input: the screen's keyboard is ours.
fn input(path: Option<&Path>) -> anyhow::Result<Input> {
    let Some(path) = path else { return Ok(Input::Empty) };
    let file = File::open(path).with_context(|| format!("cannot read {}", path.display()))?;
    Ok(Input::Stream(Box::new(BufReader::new(file))))
}

/// Prints every event as a line.
fn headless(args: &TraceArgs, code: &Code, io: Io) -> anyhow::Result<i32> {
    let execution = Execution::new(&args.execution);
    let (sink, memory) = MemorySink::unbounded();
    let parallel = execution.workers.is_some();
    let sinks = vec![sink; execution.workers.unwrap_or(1) as usize];
    let recorders = Recorders::new(sinks, &execution.options, parallel, None);
    let (options, stop) = (&execution.options, execution.stop.clone());
    let mut ran = live::run(code, options, recorders, io, stop, &|_| (), |_| ());
    let mut store = Store::new(Arc::new(program_info(code)));
    let chunks = memory.take();
    for chunk in if parallel { merge(chunks) } else { chunks } {
        store.push(&chunk);
    }
    // Only the store knows which events they speak of.
    store.set_findings(std::mem::take(&mut ran.report.findings));
    ran.report.findings = store.findings().to_vec();
    let mut out: Box<dyn Write> = if args.output.as_os_str() == "-" {
        Box::new(BufWriter::new(std::io::stdout().lock()))
    } else {
        let file = File::create(&args.output).with_context(|| format!("cannot write {}", args.output.display()))?;
        Box::new(BufWriter::new(file))
    };
    dump(&store, 0..store.len(), &mut out)?;
    out.flush()?;
    finish(code, &ran, &args.common, args.execution.bounds.leaks)
}

/// Shows the run on the terminal.
fn watch(args: &TraceArgs, code: Box<Code>, io: Io) -> anyhow::Result<i32> {
    let execution = Execution::new(&args.execution);
    let control = Arc::new(if args.paused { Control::new_paused() } else { Control::new() });
    control.set_rate(args.rate.unwrap_or(0));
    let description = Description {
        title: args.file.display().to_string(),
        mode: match (args.execution.seed, execution.workers) {
            (Some(seed), _) => format!("seed {seed}"),
            (None, Some(1)) => "1 worker".to_string(),
            // The header says how many workers there are, where there are several.
            (None, _) => String::new(),
        },
        live: true,
        replay: report::replay(&args.file, &args.args, &args.execution),
    };
    let leaks = args.execution.bounds.leaks;
    let ending = move |ran: &Ran| Ending {
        verdict: ran.report.verdict,
        exit_code: report::exit_code(&ran.report, leaks),
        note: if ran.report.verdict == Verdict::TimeLimit { "stopped by --time-limit".into() } else { String::new() },
    };
    let finished = code.clone();
    let (session, engine) = LiveRun::start(code, &execution, io, control.clone(), description, ending)?;
    let mut options = tui::Options::detect();
    options.rate = args.rate.filter(|&rate| rate > 0);
    load::theme(&mut options.theme, args.common.color, args.ascii);
    let shown = tui::run(Box::new(session), options);
    execution.stop.store(true, std::sync::atomic::Ordering::Relaxed);
    control.quit();
    let ran = engine.join();
    shown?;
    match ran {
        // The user left before the end: that is no verdict on the program.
        Ok(ran) if ran.report.verdict == Verdict::TimeLimit && args.execution.bounds.time_limit.is_none() => {
            Ok(exit::SUCCESS)
        }
        Ok(ran) => finish(&finished, &ran, &args.common, leaks),
        Err(_) => Ok(exit::INTERNAL),
    }
}

/// Says what was found, and gives the exit code.
fn finish(code: &Code, ran: &Ran, common: &CommonArgs, leaks: Leaks) -> anyhow::Result<i32> {
    let program = program_info(code);
    load::say(&report::text(&program, &ran.report, leaks));
    if common.json {
        // The output is among the events.
        let document = report::json(&program, &ran.report, leaks, None);
        writeln!(std::io::stdout(), "{document:#}")?;
    }
    Ok(report::exit_code(&ran.report, leaks))
}
