//! `vex replay`: a schedule done again.

use crate::cli::{Execution as ExecutionArgs, ReplayArgs};
use crate::load::{self, Execution, Loaded};
use crate::{exit, report, schedule};
use anyhow::Context;
use interpreter::bytecode::Code;
use interpreter::schedule::{names, stamp};
use interpreter::trace_info::program_info;
use interpreter::vm::io::{Input, Io, Sink};
use interpreter::vm::run::{Ran, Replayed, run_scripted};
use scheduler::schedule::{InputLine, Keep, Schedule, Script};
use serde_json::Value;
use std::fs::File;
use std::io::{BufRead, BufReader, BufWriter, Read, Write};
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use tracer::counting::Counting;
use tracer::dump::dump;
use tracer::program::ProgramInfo;
use tracer::race::Racing;
use tracer::record::{Off, Recorder};
use tracer::sink::MemorySink;
use tracer::store::Store;

/// Divergences that are printed; a JSON document has all.
const SHOWN: usize = 20;

/// Runs the program by the schedule and gives the exit code.
///
/// # Errors
/// When an input cannot be read, or an output not be written.
pub fn run(args: &ReplayArgs) -> anyhow::Result<i32> {
    if args.common.json && args.output.as_deref().is_some_and(|path| path.as_os_str() == "-") {
        load::say("vex: --json puts its document on standard output: say where the schedule goes with `-o FILE`\n");
        return Ok(exit::USAGE);
    }
    let code = match load::program(&args.file, &args.common)? {
        Loaded::Program(code) => code,
        Loaded::Wrong(code) => return Ok(code),
    };
    let mut wanted = match schedule::read(&args.schedule) {
        Ok(wanted) => wanted,
        Err(error) => return refuse(args, &crate::message(&error)),
    };
    if !args.args.is_empty() {
        wanted.args.clone_from(&args.args);
    }
    let (follow, note) = schedule::fit(&wanted, &code, &args.schedule);
    match note {
        Some(note) if args.strict => return refuse(args, &format!("{note}, and --strict allows none of that")),
        Some(note) => load::say(&format!("vex: {note}\n")),
        None => {}
    }
    let keep = if args.output.is_some() { Keep::Everything } else { Keep::Changes };
    let script = Script::new(&wanted, names(&code), keep, follow, args.strict);
    let (io, read) = streams(args, &wanted);
    let program = program_info(&code);
    let (ran, mut replayed) = execute(args, &code, script, io)?;
    replayed.schedule.program = Some(stamp(&code));
    replayed.schedule.args = wanted.args;
    replayed.schedule.input = read.lines(wanted.input);
    finish(args, &program, &ran, &replayed)
}

/// Says why nothing is run.
fn refuse(args: &ReplayArgs, message: &str) -> anyhow::Result<i32> {
    load::say(&format!("vex: {message}\n"));
    if args.common.json {
        writeln!(std::io::stdout(), "{:#}", report::refusal(exit::INPUT, message))?;
    }
    Ok(exit::INPUT)
}

/// The program's streams. It reads the lines that the schedule has, or the real standard input where that has none.
fn streams(args: &ReplayArgs, schedule: &Schedule) -> (Io, Heard) {
    let heard = Heard::default();
    let input = if schedule.input.is_empty() {
        let stdin: Box<dyn BufRead + Send> = Box::new(BufReader::new(std::io::stdin()));
        Input::Stream(Box::new(Hearing { inner: stdin, heard: heard.clone() }))
    } else {
        Input::text(schedule.input.iter().map(|line| format!("{}\n", line.text)).collect::<String>())
    };
    let sink = |stream: Box<dyn Write + Send>| match (args.dump, args.common.json) {
        (true, _) => Sink::Events,
        (_, true) => Sink::Memory,
        _ => Sink::Stream(stream),
    };
    let mut io = Io::new(sink(Box::new(std::io::stdout())), sink(Box::new(std::io::stderr())), input);
    io.args.clone_from(&schedule.args);
    (io, heard)
}

/// Runs it; with `--dump` the events go to standard output.
fn execute(args: &ReplayArgs, code: &Code, script: Script, io: Io) -> anyhow::Result<(Ran, Replayed)> {
    let bounds = args.bounds.clone();
    let seeded = ExecutionArgs { seed: Some(0), workers: None, virtual_time: true, real_time: false, bounds };
    let execution = Execution::new(&seeded);
    let (options, stop) = (&execution.options, execution.stop.clone());
    let found = &mut |_: &_| ();
    if !args.dump {
        return Ok(if execution.races {
            run_scripted(code, options, script, Racing::new(None), io, stop, found)
        } else {
            run_scripted(code, options, script, Counting::new(Off), io, stop, found)
        });
    }
    let (sink, memory) = MemorySink::unbounded();
    let (mut ran, replayed) = if execution.races {
        run_scripted(code, options, script, Racing::new(Some(Recorder::new(sink))), io, stop, found)
    } else {
        run_scripted(code, options, script, Counting::new(Recorder::new(sink)), io, stop, found)
    };
    let mut store = Store::new(Arc::new(execution.program_info(code)));
    for chunk in memory.take() {
        store.push(&chunk);
    }
    store.set_findings(std::mem::take(&mut ran.report.findings));
    ran.report.findings = store.findings().to_vec();
    let mut out = BufWriter::new(std::io::stdout().lock());
    dump(&store, 0..store.len(), &mut out)?;
    out.flush()?;
    Ok((ran, replayed))
}

/// Says what was found and where the run was not what the schedule said, and gives the exit code.
fn finish(args: &ReplayArgs, program: &ProgramInfo, ran: &Ran, replayed: &Replayed) -> anyhow::Result<i32> {
    let divergences: Vec<String> = replayed.divergences.iter().map(|divergence| divergence.words(program)).collect();
    for words in divergences.iter().take(SHOWN) {
        load::say(&format!("diverged: {words}\n"));
    }
    if let Some(more) = divergences.len().checked_sub(SHOWN).filter(|&more| more > 0) {
        load::say(&format!("diverged: {more} more\n"));
    }
    if let Some(path) = args.output.as_deref().filter(|_| !replayed.refused) {
        write(path, &replayed.schedule.to_text())?;
    }
    if replayed.refused {
        load::say("vex: the run does not follow the schedule, and --strict allows none of that\n");
    } else {
        load::say(&report::text(program, &ran.report, args.bounds.policy()));
    }
    let code = if replayed.refused { exit::INPUT } else { report::exit_code(&ran.report, args.bounds.policy()) };
    if args.common.json {
        let output = Some((ran.io.stdout(), ran.io.stderr()));
        let mut document = report::json(program, &ran.report, args.bounds.policy(), output);
        if replayed.refused {
            document["verdict"] = "error".into();
            document["exit_code"] = code.into();
            document["program_exit_code"] = Value::Null;
        }
        document["divergences"] = divergences.into();
        writeln!(std::io::stdout(), "{document:#}")?;
    }
    Ok(code)
}

/// Writes a file; `-` is standard output.
fn write(path: &Path, text: &str) -> anyhow::Result<()> {
    if path.as_os_str() == "-" {
        std::io::stdout().write_all(text.as_bytes())?;
        return Ok(());
    }
    let mut file = File::create(path).with_context(|| format!("cannot write {}", path.display()))?;
    file.write_all(text.as_bytes()).with_context(|| format!("cannot write {}", path.display()))
}

/// What the program has read.
#[derive(Clone, Default)]
struct Heard(Arc<Mutex<Vec<u8>>>);

impl Heard {
    /// As lines; those of the schedule where it had any.
    fn lines(&self, of_schedule: Vec<InputLine>) -> Vec<InputLine> {
        if !of_schedule.is_empty() {
            return of_schedule;
        }
        let bytes = std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner));
        let line = |line: &str| InputLine { task: None, text: line.to_string() };
        String::from_utf8_lossy(&bytes).lines().map(line).collect()
    }
}

/// An input that notes what is read from it.
struct Hearing {
    inner: Box<dyn BufRead + Send>,
    heard: Heard,
}

impl Read for Hearing {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let n = self.inner.read(buffer)?;
        self.heard.0.lock().unwrap_or_else(PoisonError::into_inner).extend_from_slice(&buffer[..n]);
        Ok(n)
    }
}

impl BufRead for Hearing {
    fn fill_buf(&mut self) -> std::io::Result<&[u8]> {
        self.inner.fill_buf()
    }

    fn consume(&mut self, n: usize) {
        // Asking for nothing more must not wait for more.
        if n > 0
            && let Ok(buffer) = self.inner.fill_buf()
        {
            let mut heard = self.heard.0.lock().unwrap_or_else(PoisonError::into_inner);
            heard.extend_from_slice(&buffer[..n.min(buffer.len())]);
        }
        self.inner.consume(n);
    }
}
