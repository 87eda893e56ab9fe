//! `vex`: a terminal visual debugger and profiler for concurrent programs.
//!
//! Only wiring: the command line, one file per command, exit codes.

mod bench;
mod cli;
mod commands;
mod debug;
mod exit;
mod explore;
mod live;
mod load;
mod log;
mod profiles;
mod recorded;
mod recording;
mod report;
mod schedule;

use clap::Parser;
use cli::{Cli, Command};

/// Threads that run front ends and programs get a stack of this size: parsing and checking recurse over nested source.
const STACK: usize = 256 << 20;

fn main() {
    let cli = Cli::parse();
    let log = match log::Log::begin(&cli.command) {
        Ok(log) => log,
        Err(why) => {
            load::say(&format!("vex: {why}\n"));
            std::process::exit(exit::USAGE);
        }
    };
    tracing::info!(version = env!("CARGO_PKG_VERSION"), command = ?cli.command, "begin");
    let run = move || match cli.command {
        Command::Run(args) => commands::run::run(&args),
        Command::Trace(args) => commands::trace::run(&args),
        Command::View(args) => commands::view::run(&args),
        Command::Debug(args) => commands::debug::run(&args),
        Command::Replay(args) => commands::replay::run(&args),
        Command::Explore(args) => commands::explore::run(&args),
        Command::Profile(args) => commands::profile::run(&args),
        Command::Diff(args) => commands::diff::run(&args),
        Command::Check(args) => commands::check::run(&args),
        Command::Export(args) => commands::export::run(&args),
        Command::Bench(args) => commands::bench::run(&args),
        Command::Doctor(args) => commands::doctor::run(&args),
    };
    let thread = std::thread::Builder::new().name("vex".into()).stack_size(STACK).spawn(run);
    let code = match thread.map(std::thread::JoinHandle::join) {
        Ok(Ok(Ok(code))) => code,
        Ok(Ok(Err(error))) if is_broken_pipe(&error) => exit::SUCCESS,
        Ok(Ok(Err(error))) => {
            load::say(&format!("vex: {}\n", message(&error)));
            exit::INPUT
        }
        // The panic hook has said what happened.
        Ok(Err(_)) => exit::INTERNAL,
        Err(error) => {
            load::say(&format!("vex: cannot start a thread: {error}\n"));
            exit::INTERNAL
        }
    };
    tracing::info!(code, "end");
    log.end();
    std::process::exit(code);
}

/// An error and its causes, without what a cause only repeats.
fn message(error: &anyhow::Error) -> String {
    error.chain().fold(String::new(), |said, cause| match cause.to_string() {
        cause if said.contains(&cause) => said,
        cause if said.is_empty() => cause,
        cause => format!("{said}: {cause}"),
    })
}

/// Whether an error only means that nobody reads our output any more.
fn is_broken_pipe(error: &anyhow::Error) -> bool {
    error.chain().any(|cause| {
        cause.downcast_ref::<std::io::Error>().is_some_and(|io| io.kind() == std::io::ErrorKind::BrokenPipe)
    })
}
