//! `vex trace`: a program and its live picture, its events in a file, or its events as text.

use crate::cli::{CommonArgs, Policy, TraceArgs};
use crate::live::{self, LiveRun, Recorders};
use crate::load::{self, Execution, Loaded};
use crate::recording::{self, RecordOptions, Recorded, Tee};
use crate::{exit, report};
use anyhow::Context;
use interpreter::bytecode::Code;
use interpreter::trace_info::program_info;
use interpreter::vm::io::{Input, Io, Sink};
use interpreter::vm::run::Ran;
use serde_json::json;
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
/// When an input cannot be read, or the terminal or the file not be used.
pub fn run(args: &TraceArgs) -> anyhow::Result<i32> {
    if let Some(problem) = problem(args) {
        load::say(&format!("vex: {problem}\n"));
        return Ok(exit::USAGE);
    }
    let code = match load::program(&args.file, &args.common)? {
        Loaded::Program(code) => code,
        Loaded::Wrong(code) => return Ok(code),
    };
    let input = input(args.stdin.as_deref())?;
    match &args.output {
        Some(to) if args.headless && !args.dump => record(args, &code, input, to),
        _ if args.headless => print(args, &code, events_only(args, input)),
        _ => watch(args, code, events_only(args, input)),
    }
}

/// What is wrong with how the options go together.
fn problem(args: &TraceArgs) -> Option<&'static str> {
    if let Some(problem) = args.execution.problem() {
        return Some(problem);
    }
    let terminal = std::io::stdout().is_terminal() && std::io::stdin().is_terminal();
    let standard = args.output.as_ref().is_some_and(|path| path.as_os_str() == "-");
    if !args.headless && !terminal {
        return Some(
            "the screen needs a terminal; without one record with `vex trace --headless -o OUT.vxt` or print the events with \
             `vex trace --headless --dump`",
        );
    }
    if args.headless && !args.dump && args.output.is_none() {
        return Some("--headless: say where to record to with `-o OUT.vxt`, or print the events as text with `--dump`");
    }
    if !args.dump && standard {
        return Some("a trace is no text for standard output: say which file to record to with `-o OUT.vxt`");
    }
    if args.common.json && args.dump && (standard || args.output.is_none()) {
        return Some("--json puts its document on standard output: say where the dump goes with `-o FILE`");
    }
    None
}

/// The guest's standard input: the screen's keyboard is ours.
fn input(path: Option<&Path>) -> anyhow::Result<Input> {
    let Some(path) = path else { return Ok(Input::Empty) };
    let file = File::open(path).with_context(|| format!("cannot read {}", path.display()))?;
    Ok(Input::Stream(Box::new(BufReader::new(file))))
}

/// Streams whose output is only an event.
fn events_only(args: &TraceArgs, input: Input) -> Io {
    let mut io = Io::new(Sink::Events, Sink::Events, input);
    io.args.clone_from(&args.args);
    io
}

/// Records into a file.
fn record(args: &TraceArgs, code: &Code, input: Input, to: &Path) -> anyhow::Result<i32> {
    let stream = |stream: Box<dyn Write + Send>| {
        // The document has the output, so that standard output carries nothing else.
        if args.common.json { Sink::Memory } else { Sink::Stream(stream) }
    };
    let mut io = Io::new(stream(Box::new(std::io::stdout())), stream(Box::new(std::io::stderr())), input);
    io.args.clone_from(&args.args);
    let execution = Execution::new(&args.execution);
    let about = recording::about(&args.file, &args.args, &args.common, &args.execution, &execution);
    let policy = args.execution.bounds.policy();
    let options = RecordOptions { ring: args.ring, policy, signals: true };
    let recorded = recording::record(code, &execution, io, about, to, &options)?;
    let program = program_info(code);
    if recorded.signal == 0 {
        load::say(&report::text(&program, &recorded.ran.report, policy));
    }
    let virtual_time = execution.workers.is_none() && !execution.options.real_time;
    load::say(&recorded.summary(virtual_time));
    if args.common.json {
        let output = Some((recorded.ran.io.stdout(), recorded.ran.io.stderr()));
        let mut document = report::json(&program, &recorded.ran.report, policy, output);
        document["exit_code"] = recorded.exit_code.into();
        document["trace"] = document_of(&recorded);
        writeln!(std::io::stdout(), "{document:#}")?;
    }
    Ok(recorded.exit_code)
}

/// The recording as a part of the JSON document.
fn document_of(recorded: &Recorded) -> serde_json::Value {
    let written = recorded.written.unwrap_or_default();
    json!({
        "path": recorded.written.map(|_| recorded.path.display().to_string()),
        "events": recorded.events,
        "events_in_file": written.events,
        "dropped": recorded.dropped,
        "forgotten": recorded.forgotten,
        "blocks": written.blocks,
        "bytes": written.bytes,
        "bytes_before_compression": written.raw,
        "note": recorded.note,
    })
}

/// Prints every event as a line.
fn print(args: &TraceArgs, code: &Code, io: Io) -> anyhow::Result<i32> {
    let execution = Execution::new(&args.execution);
    let (sink, memory) = MemorySink::unbounded();
    let parallel = execution.workers.is_some();
    let sinks = vec![sink; execution.workers.unwrap_or(1) as usize];
    let recorders = Recorders::new(sinks, &execution.options, parallel, None).looking_for_races(execution.races);
    let (options, stop) = (&execution.options, execution.stop.clone());
    let mut ran = live::run(code, options, recorders, io, stop, &|_| (), |_| ());
    let mut store = Store::new(Arc::new(execution.program_info(code)));
    let chunks = memory.take();
    for chunk in if parallel { merge(chunks) } else { chunks } {
        store.push(&chunk);
    }
    // Only the store knows which events they speak of.
    store.set_findings(std::mem::take(&mut ran.report.findings));
    ran.report.findings = store.findings().to_vec();
    let mut out: Box<dyn Write> = match &args.output {
        Some(path) if path.as_os_str() != "-" => {
            let file = File::create(path).with_context(|| format!("cannot write {}", path.display()))?;
            Box::new(BufWriter::new(file))
        }
        _ => Box::new(BufWriter::new(std::io::stdout().lock())),
    };
    dump(&store, 0..store.len(), &mut out)?;
    out.flush()?;
    finish(code, &ran, &args.common, args.execution.bounds.policy())
}

/// Shows the run on the terminal, and records it beside that where a file is given.
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
    let policy = args.execution.bounds.policy();
    let tee = match &args.output {
        Some(path) => {
            let about = recording::about(&args.file, &args.args, &args.common, &args.execution, &execution);
            Some(Tee::create(path, about, execution.program_info(&code))?)
        }
        None => None,
    };
    let ending = move |ran: &Ran| Ending {
        verdict: report::verdict(&ran.report, policy),
        exit_code: report::exit_code(&ran.report, policy),
        note: if ran.report.verdict == Verdict::TimeLimit { "stopped by --time-limit".into() } else { String::new() },
    };
    let finished = code.clone();
    let (mut session, engine) = LiveRun::start(code, &execution, io, control.clone(), description, ending)?;
    session.tee = tee.clone();
    let mut options = tui::Options::detect();
    options.rate = args.rate.filter(|&rate| rate > 0);
    load::theme(&mut options.theme, args.common.color, args.ascii);
    let shown = tui::run(Box::new(session), options);
    execution.stop.store(true, std::sync::atomic::Ordering::Relaxed);
    control.quit();
    let ran = engine.join();
    shown?;
    let Ok(ran) = ran else { return Ok(exit::INTERNAL) };
    // The user left before the end: that is no verdict on the program.
    let left = ran.report.verdict == Verdict::TimeLimit && args.execution.bounds.time_limit.is_none();
    if let Some(tee) = tee {
        load::say(&tee.finish(&ran, report::exit_code(&ran.report, policy), left, control.stats().events));
    }
    if left { Ok(exit::SUCCESS) } else { finish(&finished, &ran, &args.common, policy) }
}

/// Says what was found, and gives the exit code.
fn finish(code: &Code, ran: &Ran, common: &CommonArgs, policy: Policy) -> anyhow::Result<i32> {
    let program = program_info(code);
    load::say(&report::text(&program, &ran.report, policy));
    if common.json {
        // The output is among the events.
        let document = report::json(&program, &ran.report, policy, None);
        writeln!(std::io::stdout(), "{document:#}")?;
    }
    Ok(report::exit_code(&ran.report, policy))
}
