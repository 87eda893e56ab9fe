//! `vex debug`: a schedule step by step, on the screen or by a script.

use crate::cli::{DebugArgs, OnExit, Races};
use crate::debug::console::Console;
use crate::debug::script::{Done, Script, Source};
use crate::debug::session::DebugSession;
use crate::debug::unreadable;
use crate::load::{self, Loaded, Watchdog};
use crate::{exit, report, schedule};
use anyhow::Context;
use interpreter::bytecode::Code;
use interpreter::debug::session::{Debugger, SPACING, Setup};
use scheduler::schedule::Schedule;
use serde_json::{Value, json};
use std::fs::File;
use std::io::{BufReader, BufWriter, Cursor, IsTerminal, Write};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use tracer::finding::Verdict;
use tui::session::Description;

/// Debugs the program and gives the exit code.
///
/// # Errors
/// When an input cannot be read, or an output not be written.
pub fn run(args: &DebugArgs) -> anyhow::Result<i32> {
    let sources = sources(args)?;
    if sources.is_none()
        && let Some(wrong) = no_screen(args)
    {
        load::say(&format!("vex: {wrong}\n"));
        return Ok(exit::USAGE);
    }
    let code = match load::program(&args.file, &args.common)? {
        Loaded::Program(code) => code,
        Loaded::Wrong(code) => return Ok(code),
    };
    let interrupt = Arc::new(AtomicBool::new(false));
    let setup = setup(args, &code, interrupt.clone())?;
    let debugger = Debugger::new(&code, setup).context("the program is not valid")?;
    let console = Console::new(debugger, args.bounds.policy());
    match sources {
        Some(sources) => scripted(args, console, sources, &interrupt),
        None => on_screen(args, console, interrupt),
    }
}

/// Where the commands are; `None` where a user is to give them on the screen.
fn sources(args: &DebugArgs) -> anyhow::Result<Option<Vec<Source>>> {
    let standard = || Source { name: "<stdin>".to_string(), lines: Box::new(BufReader::new(std::io::stdin())) };
    if let Some(path) = args.script.as_deref() {
        if path.as_os_str() == "-" {
            return Ok(Some(vec![standard()]));
        }
        return Ok(Some(vec![Source { name: path.display().to_string(), lines: Box::new(open(path)?) }]));
    }
    if args.commands.is_empty() {
        return Ok((!std::io::stdin().is_terminal()).then(|| vec![standard()]));
    }
    let several = args.commands.len() > 1;
    let source = |(index, commands): (usize, &String)| Source {
        name: if several { format!("-c {}", index + 1) } else { "-c".to_string() },
        lines: Box::new(Cursor::new(commands.clone())),
    };
    Ok(Some(args.commands.iter().enumerate().map(source).collect()))
}

/// Opens a file; a directory is none.
fn open(path: &Path) -> anyhow::Result<BufReader<File>> {
    let name = path.display().to_string();
    let file = File::open(path).map_err(|error| unreadable(&name, &error))?;
    Ok(BufReader::new(file))
}

/// Why the screen cannot be shown, if it cannot.
fn no_screen(args: &DebugArgs) -> Option<&'static str> {
    if !std::io::stdout().is_terminal() {
        return Some("the screen needs a terminal; without one use `--script FILE` or `-c COMMANDS`");
    }
    if args.common.json {
        return Some("--json is for scripts: use `--script FILE` or `-c COMMANDS`");
    }
    let limited = args.bounds.time_limit.is_some();
    limited.then_some("--time-limit is for scripts; on the screen a motion can be interrupted")
}

/// How the debugger begins.
fn setup(args: &DebugArgs, code: &Code, interrupt: Arc<AtomicBool>) -> anyhow::Result<Setup> {
    let schedule = match &args.schedule {
        Some(text) => schedule::read(text)?,
        None => Schedule::of_seed(args.seed),
    };
    if let Some(name) = &args.schedule
        && let (_, Some(note)) = schedule::fit(&schedule, code, name)
    {
        load::say(&format!("vex: {note}\n"));
    }
    // What the schedule was made with, unless the command line says otherwise.
    let mut input: Vec<String> = schedule.input.iter().map(|line| line.text.clone()).collect();
    let arguments = if args.args.is_empty() { &schedule.args } else { &args.args }.clone();
    if let Some(path) = &args.stdin {
        let bytes = std::fs::read(path).map_err(|error| unreadable(&path.display().to_string(), &error))?;
        input.clear();
        input.extend(String::from_utf8_lossy(&bytes).lines().map(str::to_string));
    }
    Ok(Setup {
        schedule,
        limits: load::limits(&args.bounds),
        stop_at_main: args.bounds.on_exit == OnExit::Stop,
        races: args.bounds.races != Races::Off,
        input,
        args: arguments,
        interrupt,
        spacing: SPACING,
    })
}

/// Does the commands of a script.
fn scripted(
    args: &DebugArgs,
    mut console: Console,
    sources: Vec<Source>,
    interrupt: &Arc<AtomicBool>,
) -> anyhow::Result<i32> {
    let over = Arc::new(AtomicBool::new(false));
    let watchdog = args.bounds.time_limit.map(|limit| {
        let (over, interrupt) = (over.clone(), interrupt.clone());
        Watchdog::new(limit, move || {
            over.store(true, Ordering::SeqCst);
            interrupt.store(true, Ordering::SeqCst);
        })
    });
    let json = args.common.json;
    // The document has standard output for itself.
    let mut out: Box<dyn Write> =
        if json { Box::new(std::io::stderr()) } else { Box::new(BufWriter::new(std::io::stdout())) };
    let is_over = || over.load(Ordering::SeqCst);
    let mut script = Script::new(&mut console, &mut out, &is_over);
    script.json = json;
    script.keep_going = args.keep_going;
    let done = script.run(sources)?;
    drop(watchdog);
    finish(args, &mut console, done, is_over())
}

/// Says how the session ended, and gives the exit code.
fn finish(args: &DebugArgs, console: &mut Console, done: Done, timed_out: bool) -> anyhow::Result<i32> {
    let policy = args.bounds.policy();
    let program = console.program().clone();
    console.settle();
    let inspection = console.debugger().inspection();
    // What counts is where the run stands: gone back from its end, it has not ended.
    let ended = inspection.ended.and(console.debugger().ended().cloned());
    if let Some(report) = &ended {
        load::say(&report::text(&program, report, policy));
    }
    let of_run = ended.as_ref().and_then(|report| exit::of_verdict(report.verdict, policy));
    let code = match () {
        () if timed_out => {
            load::say(&format!("time limit reached: {} was stopped\n", args.file.display()));
            exit::TIME_LIMIT
        }
        () if done.failed => exit::USAGE,
        () => of_run.unwrap_or(exit::SUCCESS),
    };
    if args.common.json {
        let verdict = match &ended {
            _ if timed_out => Some(Verdict::TimeLimit),
            ended => ended.as_ref().map(|report| report.verdict),
        };
        let mut document = json!({
            "commands": done.commands,
            "verdict": verdict.map(report::verdict_name),
            "exit_code": code,
            "program_exit_code": null,
            "findings": [],
        });
        if let Some(report) = &ended {
            let of_run = report::json(&program, report, policy, None);
            for field in ["program_exit_code", "findings"] {
                document[field] = of_run.get(field).cloned().unwrap_or(Value::Null);
            }
        }
        writeln!(std::io::stdout(), "{document:#}")?;
    }
    Ok(code)
}

/// Shows the debugger on the terminal.
fn on_screen(args: &DebugArgs, console: Console, interrupt: Arc<AtomicBool>) -> anyhow::Result<i32> {
    let description = Description {
        title: args.file.display().to_string(),
        mode: match &args.schedule {
            Some(_) => "schedule".to_string(),
            None => format!("seed {}", args.seed),
        },
        live: true,
        // Which run it is changes with every choice.
        replay: None,
    };
    let (session, debugger) = DebugSession::start(console, description, interrupt, args.bounds.policy())?;
    let mut options = tui::Options::detect();
    load::theme(&mut options.theme, args.common.color, args.ascii);
    let shown = tui::run(Box::new(session), options);
    let console = debugger.join();
    shown?;
    match console {
        Ok(_) => Ok(exit::SUCCESS),
        Err(_) => Ok(exit::INTERNAL),
    }
}
