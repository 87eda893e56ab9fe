//! The command line: every command and option, defined once; help and parsing come from it.

use crate::commands::export::Times;
use clap::{Args, Parser, Subcommand, ValueEnum};
use std::path::PathBuf;
use std::time::Duration;
use tracer::export::Format;

/// A terminal visual debugger and profiler for concurrent programs.
#[derive(Parser, Debug)]
#[command(name = "vex", version, about, after_help = crate::exit::help(), max_term_width = 100)]
pub struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// The commands.
#[derive(Subcommand, Debug)]
pub enum Command {
    /// Run a program, without a trace
    Run(RunArgs),
    /// Run a program and watch it live; the screen stays on the finished trace until `q`
    Trace(TraceArgs),
    /// Look at a recorded trace on the same screen
    View(ViewArgs),
    /// Step through a schedule, forwards and back, and choose who runs next
    Debug(DebugArgs),
    /// Do a recorded schedule again, exactly
    Replay(ReplayArgs),
    /// Search schedules for deadlocks, leaks, panics, failed asserts and data races
    Explore(ExploreArgs),
    /// Say where a program's time goes; check a budget; write the profile for other tools
    Profile(Box<ProfileArgs>),
    /// Compare two profiles, or traces; say what became slower, and how sure that is
    Diff(DiffArgs),
    /// Parse, resolve, type-check and ownership-check files; run nothing
    Check(CheckArgs),
    /// Convert a recorded run for other tools: pprof, Perfetto, Firefox, DuckDB and more
    Export(ExportArgs),
    /// Measure this machine's rates beside the performance table
    Bench(BenchArgs),
    /// Say what this machine and terminal can do: counters, colours, characters, mouse
    Doctor(DoctorArgs),
}

/// When to colour.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum ColorChoice {
    /// Where the output is a terminal and NO_COLOR is not set.
    Auto,
    /// Always.
    Always,
    /// Never.
    Never,
}

/// The source languages.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Language {
    /// `.vex`, `.vx`
    Vex,
    /// `.m28`
    M28,
}

impl From<Language> for interpreter::pipeline::Language {
    fn from(language: Language) -> Self {
        match language {
            Language::Vex => interpreter::pipeline::Language::Vex,
            Language::M28 => interpreter::pipeline::Language::M28,
        }
    }
}

/// What to do about leaked tasks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Leaks {
    /// Say nothing.
    Ignore,
    /// Report them.
    Warn,
    /// Report them and fail.
    Deny,
}

/// What to do about data races.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Races {
    /// Do not look for them.
    Off,
    /// Report them.
    Warn,
    /// Report them and fail.
    Deny,
}

/// What decides over findings that a run can live with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Policy {
    /// What to do about leaks.
    pub leaks: Leaks,
    /// What to do about races.
    pub races: Races,
}

/// What to do when `main` returns.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum OnExit {
    /// Let runnable and sleeping tasks finish first, then report what is still blocked.
    Drain,
    /// End at once.
    Stop,
}

/// Options that every command has.
#[derive(Args, Debug)]
pub struct CommonArgs {
    /// The source language [default: by the file's extension]
    #[arg(long, value_name = "LANG")]
    pub lang: Option<Language>,
    /// When to use colours; NO_COLOR is obeyed
    #[arg(long, value_name = "WHEN", default_value = "auto")]
    pub color: ColorChoice,
    /// One machine-readable JSON document on standard output; human text goes to standard error
    #[arg(long)]
    pub json: bool,
}

/// Options of a run.
#[derive(Args, Debug)]
pub struct Execution {
    /// Deterministic run: the schedule is drawn from this seed (0: first in, first out, run until blocked)
    #[arg(long, value_name = "N")]
    pub seed: Option<u64>,
    /// OS threads of the parallel runtime [default: one for each core]
    #[arg(long, value_name = "N", conflicts_with = "seed", value_parser = clap::value_parser!(u32).range(1..=1024))]
    pub workers: Option<u32>,
    /// With a seed: sleeping costs no wall time [default]
    #[arg(long, requires = "seed", conflicts_with = "real_time")]
    pub virtual_time: bool,
    /// With a seed: sleeping takes real time
    #[arg(long, requires = "seed")]
    pub real_time: bool,
    #[command(flatten)]
    pub bounds: Bounds,
}

/// What bounds a run, on either runtime.
#[derive(Args, Debug, Clone)]
pub struct Bounds {
    /// Stop the program after this long (`500ms`, `10s`, `2m`)
    #[arg(long, value_name = "DURATION", value_parser = humantime::parse_duration)]
    pub time_limit: Option<Duration>,
    /// What to do about tasks that can never wake again
    #[arg(long, value_name = "WHAT", default_value = "warn")]
    pub leaks: Leaks,
    /// Look for data races: accesses of several tasks to one place that nothing orders (needs a seed)
    #[arg(long, value_name = "WHAT", default_value = "off")]
    pub races: Races,
    /// When `main` returns: let the other tasks finish first, or end at once
    #[arg(long, value_name = "WHAT", default_value = "drain")]
    pub on_exit: OnExit,
    /// Limit on the program's memory (`256MiB`, `2GB`); passing it is a panic of the program [default: half of the machine's]
    #[arg(long, value_name = "SIZE", value_parser = parse_size)]
    pub max_memory: Option<u64>,
    /// Limit on the tasks alive at once; passing it is a panic of the program
    #[arg(long, value_name = "N", default_value_t = 10_000_000)]
    pub max_tasks: usize,
}

impl Bounds {
    /// What decides over findings.
    pub fn policy(&self) -> Policy {
        Policy { leaks: self.leaks, races: self.races }
    }
}

impl Execution {
    /// What is wrong with how the options go together.
    pub fn problem(&self) -> Option<&'static str> {
        (self.bounds.races != Races::Off && self.seed.is_none()).then_some(
            "--races needs a seed: races are looked for on the deterministic runtime; say `--seed N`, or search schedules \
             with `vex explore`",
        )
    }
}

/// `vex run`
#[derive(Args, Debug)]
pub struct RunArgs {
    /// The program
    pub file: PathBuf,
    /// The program's arguments
    #[arg(last = true)]
    pub args: Vec<String>,
    /// Read the machine's counters at every task switch, and say at the end what each operation, function and task cost
    #[arg(long)]
    pub counters: bool,
    #[command(flatten)]
    pub common: CommonArgs,
    #[command(flatten)]
    pub execution: Execution,
}

/// `vex trace`
#[derive(Args, Debug)]
pub struct TraceArgs {
    /// The program
    pub file: PathBuf,
    /// The program's arguments
    #[arg(last = true)]
    pub args: Vec<String>,
    /// Run without the screen: record into a file (`-o OUT.vxt`), or print the events (`--dump`)
    #[arg(long)]
    pub headless: bool,
    /// With --headless: print the events as text, one a line (the program's output is then an event too)
    #[arg(long, requires = "headless")]
    pub dump: bool,
    /// Record into this trace file; with --dump: where the text goes, `-` is standard output [default: -]
    #[arg(short, value_name = "FILE")]
    pub output: Option<PathBuf>,
    /// Flight recorder: keep only the newest events, in so much memory (`256M`), and write the file on a finding, on SIGUSR1 and
    /// at the end
    #[arg(long, value_name = "SIZE", value_parser = parse_size, requires = "headless", conflicts_with = "dump")]
    pub ring: Option<u64>,
    /// The program's standard input; without it the input is empty
    #[arg(long, value_name = "FILE")]
    pub stdin: Option<PathBuf>,
    /// Begin paused, before the first event
    #[arg(long, conflicts_with = "headless")]
    pub paused: bool,
    /// Begin in slow motion: so many events a second
    #[arg(long, value_name = "EVENTS", conflicts_with = "headless")]
    pub rate: Option<u64>,
    /// Draw with ASCII only [default: where the locale is not UTF-8]
    #[arg(long)]
    pub ascii: bool,
    #[command(flatten)]
    pub common: CommonArgs,
    #[command(flatten)]
    pub execution: Execution,
}

/// `vex view`
#[derive(Args, Debug)]
pub struct ViewArgs {
    /// The trace (`vex trace … --headless -o OUT.vxt` records one)
    #[arg(value_name = "TRACE")]
    pub trace: PathBuf,
    /// Draw with ASCII only [default: where the locale is not UTF-8]
    #[arg(long)]
    pub ascii: bool,
    /// When to use colours; NO_COLOR is obeyed
    #[arg(long, value_name = "WHEN", default_value = "auto")]
    pub color: ColorChoice,
}

/// `vex debug`. Time is always virtual: sleeping costs no wall time.
#[derive(Args, Debug)]
pub struct DebugArgs {
    /// The program
    pub file: PathBuf,
    /// The program's arguments
    #[arg(last = true)]
    pub args: Vec<String>,
    /// The schedule to begin with: a file, or the inline string that a finding printed
    #[arg(long, value_name = "S", conflicts_with = "seed")]
    pub schedule: Option<String>,
    /// The schedule is drawn from this seed (0: first in, first out, run until blocked)
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub seed: u64,
    /// Do the debugger's commands in this file, without the screen; `-` is standard input
    #[arg(long, value_name = "FILE")]
    pub script: Option<PathBuf>,
    /// Do these commands, without the screen (`break 12; continue; moves`); may be given again
    #[arg(short, value_name = "COMMANDS", conflicts_with = "script")]
    pub commands: Vec<String>,
    /// In a script: go on after a command that failed
    #[arg(long)]
    pub keep_going: bool,
    /// The program's standard input; without it the input is empty
    #[arg(long, value_name = "FILE")]
    pub stdin: Option<PathBuf>,
    /// Draw with ASCII only [default: where the locale is not UTF-8]
    #[arg(long)]
    pub ascii: bool,
    #[command(flatten)]
    pub common: CommonArgs,
    #[command(flatten)]
    pub bounds: Bounds,
}

/// `vex replay`. Time is always virtual: sleeping costs no wall time.
#[derive(Args, Debug)]
pub struct ReplayArgs {
    /// The program
    pub file: PathBuf,
    /// The program's arguments, in place of those in the schedule
    #[arg(last = true)]
    pub args: Vec<String>,
    /// The schedule: a file, or the inline string that a finding printed (`1:seed=7`)
    #[arg(long, value_name = "S")]
    pub schedule: String,
    /// Run nothing that the schedule does not say: end with 66 where it cannot be followed
    #[arg(long)]
    pub strict: bool,
    /// Print the events as text, one a line, in place of the program's output
    #[arg(long, conflicts_with = "json")]
    pub dump: bool,
    /// Write the schedule of this run, with every decision spelled out; `-` is standard output
    #[arg(short, value_name = "FILE")]
    pub output: Option<PathBuf>,
    #[command(flatten)]
    pub common: CommonArgs,
    #[command(flatten)]
    pub bounds: Bounds,
}

/// `vex explore`. Time is always virtual: sleeping costs no wall time.
#[derive(Args, Debug)]
pub struct ExploreArgs {
    /// The program
    pub file: PathBuf,
    /// The program's arguments
    #[arg(last = true)]
    pub args: Vec<String>,
    /// The first schedule is drawn from this seed, the next from the next
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub seed: u64,
    /// Run so many schedules
    #[arg(long, value_name = "N", default_value_t = 1000, value_parser = clap::value_parser!(u64).range(1..))]
    pub schedules: u64,
    /// Go on after a bug: report each distinct one once, and exit with the code of the most severe
    #[arg(long)]
    pub all: bool,
    /// Stop the search after this long (`500ms`, `10s`, `2m`)
    #[arg(long, value_name = "DURATION", value_parser = humantime::parse_duration)]
    pub time_limit: Option<Duration>,
    /// What to do about tasks that can never wake again
    #[arg(long, value_name = "WHAT", default_value = "deny")]
    pub leaks: Leaks,
    /// What to do about accesses of several tasks to one place that nothing orders
    #[arg(long, value_name = "WHAT", default_value = "deny")]
    pub races: Races,
    /// When `main` returns: let the other tasks finish first, or end at once
    #[arg(long, value_name = "WHAT", default_value = "drain")]
    pub on_exit: OnExit,
    /// Limit on the program's memory (`256MiB`, `2GB`); passing it is a panic of the program [default: half of the machine's]
    #[arg(long, value_name = "SIZE", value_parser = parse_size)]
    pub max_memory: Option<u64>,
    /// Limit on the tasks alive at once; passing it is a panic of the program
    #[arg(long, value_name = "N", default_value_t = 10_000_000)]
    pub max_tasks: usize,
    #[command(flatten)]
    pub common: CommonArgs,
}

impl ExploreArgs {
    /// What bounds each run; the time limit is the search's.
    pub fn bounds(&self) -> Bounds {
        let Self { leaks, races, on_exit, max_memory, max_tasks, .. } = *self;
        Bounds { time_limit: None, leaks, races, on_exit, max_memory, max_tasks }
    }
}

/// `vex profile`
#[derive(Args, Debug)]
pub struct ProfileArgs {
    /// The program, or a recording of one: a trace (`.vxt`), or a profile as JSON
    pub file: PathBuf,
    /// The program's arguments
    #[arg(last = true)]
    pub args: Vec<String>,
    /// What to write
    #[arg(long, value_name = "FORMAT", default_value = "report", value_parser = crate::commands::profile::outputs(), conflicts_with = "json")]
    pub format: crate::commands::profile::Output,
    /// Where it goes; `-` is standard output, and the program's output then goes to standard error [default: the report of a
    /// program to standard error, that of a recording to standard output]
    #[arg(short, value_name = "FILE", conflicts_with = "json")]
    pub output: Option<PathBuf>,
    /// Check the limits in this file, and exit with 105 where one fails
    #[arg(long, value_name = "BUDGET.toml")]
    pub budget: Option<PathBuf>,
    /// Run the program so often; the profile is that of the run with the median duration, and has the numbers of all
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=200))]
    pub runs: Option<u32>,
    /// Write budget and report as Markdown, for a comment on a change
    #[arg(long, value_name = "FILE")]
    pub comment: Option<PathBuf>,
    /// The program's standard input [default: vex's own; empty with --runs]
    #[arg(long, value_name = "FILE")]
    pub stdin: Option<PathBuf>,
    /// Keep the recording that the profile is made of
    #[arg(long, value_name = "FILE.vxt")]
    pub keep_trace: Option<PathBuf>,
    #[command(flatten)]
    pub common: CommonArgs,
    #[command(flatten)]
    pub execution: Execution,
}

/// `vex diff`
#[derive(Args, Debug)]
pub struct DiffArgs {
    /// What to compare with: a trace, or a profile as JSON (`vex profile --format json`)
    pub old: PathBuf,
    /// What to compare
    pub new: PathBuf,
    /// Exit with 105 where something became worse by this much (`10%`)
    #[arg(long, value_name = "REGRESSION%", value_parser = crate::commands::diff::percentage)]
    pub fail_on: Option<f64>,
    /// The numbers that can fail, by key with `*` for any text (`wait/recv/*`); may be given again [default: the outcomes: time,
    /// rates, places on workers, peaks, findings]
    #[arg(long, value_name = "KEY", requires = "fail_on")]
    pub on: Vec<String>,
    /// Write the comparison as Markdown, for a comment on a change
    #[arg(long, value_name = "FILE")]
    pub comment: Option<PathBuf>,
    /// One machine-readable JSON document on standard output
    #[arg(long)]
    pub json: bool,
}

/// What `check --emit` prints.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Emit {
    /// The disassembly beside the source.
    Bytecode,
}

/// `vex check`
#[derive(Args, Debug)]
pub struct CheckArgs {
    /// The files
    #[arg(required = true)]
    pub files: Vec<PathBuf>,
    /// Print what the checked program is compiled to
    #[arg(long, value_name = "WHAT", conflicts_with = "json")]
    pub emit: Option<Emit>,
    #[command(flatten)]
    pub common: CommonArgs,
}

/// `vex export`
#[derive(Args, Debug)]
pub struct ExportArgs {
    /// The trace (`.vxt`), or for formats that are not made of events the JSON document of a profile
    pub trace: PathBuf,
    /// What to convert it to
    #[arg(long, value_name = "FORMAT", value_parser = crate::commands::export::formats())]
    pub format: Format,
    /// Where it goes; `-` is standard output
    #[arg(short, value_name = "FILE", default_value = "-")]
    pub output: PathBuf,
    /// Only events of these times (`1ms..20ms`, `5s..`), from the beginning of the run
    #[arg(long, value_name = "FROM..TO", value_parser = crate::commands::export::times)]
    pub range: Option<Times>,
    /// When to use colours; NO_COLOR is obeyed
    #[arg(long, value_name = "WHEN", default_value = "auto")]
    pub color: ColorChoice,
}

/// `vex bench`
#[derive(Args, Debug)]
pub struct BenchArgs {
    /// Only the rows whose names match this regular expression
    #[arg(long, value_name = "RE", value_parser = |text: &str| regex::Regex::new(text))]
    pub filter: Option<regex::Regex>,
    /// Only this mode; may be given again
    #[arg(long, value_name = "MODE", value_parser = modes())]
    pub mode: Vec<String>,
    /// OS threads of the parallel runtime [default: one for each core]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=1024))]
    pub workers: Option<u32>,
    /// Samples of each row in each mode [default: 5; with --kit: $REPS, or 2]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    pub rounds: Option<u32>,
    /// How long a sample should take, about [default: 60ms; with --kit: $TARGET_MS milliseconds]
    #[arg(long, value_name = "DURATION", value_parser = humantime::parse_duration)]
    pub sample: Option<Duration>,
    /// Every sample as a tab-separated line, for a script that measures other programs beside vex
    #[arg(long, conflicts_with = "json")]
    pub kit: bool,
    /// When to use colours; NO_COLOR is obeyed
    #[arg(long, value_name = "WHEN", default_value = "auto")]
    pub color: ColorChoice,
    /// One machine-readable JSON document on standard output; human text goes to standard error
    #[arg(long)]
    pub json: bool,
    /// Block tasks in this mode and print what they took: what bench starts itself for the rows of blocked tasks
    #[arg(long, value_name = "MODE", hide = true)]
    pub child: Option<String>,
    /// How many tasks to block
    #[arg(long, value_name = "N", hide = true, default_value_t = crate::bench::rows::PARKED_TASKS)]
    pub tasks: u64,
}

/// `vex doctor`
#[derive(Args, Debug)]
pub struct DoctorArgs {
    /// When to use colours; NO_COLOR is obeyed
    #[arg(long, value_name = "WHEN", default_value = "auto")]
    pub color: ColorChoice,
    /// One machine-readable JSON document on standard output
    #[arg(long)]
    pub json: bool,
}

/// The names of the modes of `bench`.
fn modes() -> clap::builder::PossibleValuesParser {
    clap::builder::PossibleValuesParser::new(crate::bench::modes::MODES.iter().map(|mode| mode.name))
}

/// A size in bytes: a number with an optional unit (`KB`, `MiB`, `2G` …).
fn parse_size(text: &str) -> Result<u64, String> {
    text.parse::<bytesize::ByteSize>().map(|size| size.as_u64())
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn the_definitions_are_consistent() {
        Cli::command().debug_assert();
    }

    #[test]
    fn every_command_and_option_has_help() {
        for command in Cli::command().get_subcommands() {
            assert!(command.get_about().is_some(), "{}", command.get_name());
            for arg in command.get_arguments() {
                assert!(arg.get_help().is_some(), "{} {}", command.get_name(), arg.get_id());
            }
        }
    }

    #[test]
    fn sizes_have_units() {
        assert_eq!(parse_size("256MiB"), Ok(256 << 20));
        assert_eq!(parse_size("1000"), Ok(1000));
        assert!(parse_size("lots").is_err());
    }
}
