//! `vex profile`: where a program's time goes, as a report, a document or a file for other tools, and whether it keeps to a
//! budget.
//!
//! A program is recorded into a scratch file with its stacks sampled, and the recording is analysed when it has ended; with
//! `--runs N` that is done again and again, and the profile is that of the run with the median duration. A trace or a
//! profile's document is only looked at. See `docs/profile.md` for what goes where and which exit code comes first.

use crate::cli::ProfileArgs;
use crate::load::{self, Execution, Loaded};
use crate::profiles::{self, Kind, Profiled};
use crate::recording::{self, RecordOptions};
use crate::{exit, report};
use anyhow::Context;
use interpreter::bytecode::Code;
use interpreter::trace_info::program_info;
use interpreter::vm::io::{Input, Io, Sink};
use serde::Serialize;
use std::collections::BTreeMap;
use std::fs::File;
use std::io::{BufReader, IsTerminal, Write};
use std::path::{Path, PathBuf};
use std::time::Instant;
use tempfile::TempDir;
use tracer::budget::{self, Budget, Line};
use tracer::export::{self, BudgetLine, Format};
use tracer::file::TraceFile;
use tracer::finding::Verdict;
use tracer::profile::{Profile, RunNumbers, numbers};

/// Columns of the report where nobody says how wide the terminal is.
const WIDTH: usize = 100;

/// What `--format` says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Output {
    /// One screen for people.
    Report,
    /// For another tool.
    Export(Format),
}

/// The names of formats, each with its line.
pub fn outputs() -> impl clap::builder::TypedValueParser<Value = Output> {
    use clap::builder::{PossibleValue, PossibleValuesParser, TypedValueParser};
    let report =
        PossibleValue::new("report").help("One screen in Markdown: verdict, rates, top places, latencies, red flags");
    let formats = Format::ALL.iter().filter(|format| **format != Format::Report).map(|format| {
        let info = format.info();
        let value = PossibleValue::new(info.name).help(info.doc);
        if info.alias.is_empty() { value } else { value.alias(info.alias) }
    });
    PossibleValuesParser::new(std::iter::once(report).chain(formats).collect::<Vec<_>>()).try_map(|name| {
        match (name.as_str(), Format::by_name(&name)) {
            ("report", _) => Ok(Output::Report),
            (_, Some(format)) => Ok(Output::Export(format)),
            (_, None) => Err(format!("there is no format {name}")),
        }
    })
}

/// Profiles and gives the exit code.
///
/// # Errors
/// When an input cannot be read, or an output not be written.
pub fn run(args: &ProfileArgs) -> anyhow::Result<i32> {
    let kind = if args.common.lang.is_some() { Kind::Other } else { profiles::kind(&args.file) };
    let is_program = kind == Kind::Other && args.file.extension().is_none_or(|extension| extension != "vxt");
    if let Some(problem) = problem(args, is_program) {
        load::say(&format!("vex: {problem}\n"));
        return Ok(exit::USAGE);
    }
    // Before anything is run: a budget with mistakes is found out at once.
    let budget = match args.budget.as_deref().map(read_budget).transpose() {
        Ok(budget) => budget,
        Err(error) => return refuse(args, &crate::message(&error)),
    };
    let outcome = if is_program {
        let code = match load::program(&args.file, &args.common)? {
            Loaded::Program(code) => code,
            Loaded::Wrong(code) => return Ok(code),
        };
        measure(args, &code)?
    } else {
        match profiles::open(&args.file) {
            Ok(profiled) => Outcome { profiled, code: exit::SUCCESS, output: None, _scratch: None },
            Err(error) => return refuse(args, &crate::message(&error)),
        }
    };
    let lines = budget.map(|budget| budget.check(&outcome.profiled.profile));
    let over = lines.as_deref().is_some_and(budget::failed);
    let code = if outcome.code == exit::SUCCESS && over { exit::BUDGET } else { outcome.code };
    write(args, &outcome, lines.as_deref(), code, is_program)?;
    if let Some(lines) = &lines {
        load::say(&budget::text(lines));
    }
    Ok(code)
}

/// What is wrong with how the options go together.
fn problem(args: &ProfileArgs, is_program: bool) -> Option<String> {
    let standard = args.output.as_ref().is_some_and(|path| path.as_os_str() == "-");
    let Output::Export(format) = args.format else {
        return if is_program { None } else { nothing_is_run(args) };
    };
    let info = format.info();
    if is_program && args.output.is_none() {
        return Some(format!(
            "standard output is the program's: say where the profile goes with `-o profile.{}` (`-o -`: standard output, and the \
             program's output goes to standard error)",
            info.extension
        ));
    }
    if (standard || args.output.is_none()) && info.binary && std::io::stdout().is_terminal() {
        return Some(format!(
            "{} is no text for a terminal: say where it goes with `-o profile.{}`",
            info.name, info.extension
        ));
    }
    if is_program { None } else { nothing_is_run(args) }
}

/// Which option means nothing where a recording is only looked at.
fn nothing_is_run(args: &ProfileArgs) -> Option<String> {
    let given = [
        (args.runs.is_some(), "--runs"),
        (args.keep_trace.is_some(), "--keep-trace"),
        (args.stdin.is_some(), "--stdin"),
        (args.execution.seed.is_some(), "--seed"),
        (args.execution.workers.is_some(), "--workers"),
        (args.execution.bounds.time_limit.is_some(), "--time-limit"),
        (!args.args.is_empty(), "arguments"),
    ];
    let (_, option) = given.into_iter().find(|(given, _)| *given)?;
    Some(format!("{} is a recording: nothing is run, so {option} means nothing", args.file.display()))
}

fn read_budget(path: &Path) -> anyhow::Result<Budget> {
    let text = std::fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?;
    Ok(Budget::parse(&text, path)?)
}

/// Says why nothing is profiled.
fn refuse(args: &ProfileArgs, message: &str) -> anyhow::Result<i32> {
    message.lines().for_each(|line| load::say(&format!("vex: {line}\n")));
    if args.common.json {
        writeln!(std::io::stdout(), "{:#}", report::refusal(exit::INPUT, message))?;
    }
    Ok(exit::INPUT)
}

/// What was measured.
struct Outcome {
    profiled: Profiled,
    /// What the run came to.
    code: i32,
    /// What the program wrote, where the document has it.
    output: Option<(String, String)>,
    /// Where the recordings are, until they have been exported.
    _scratch: Option<TempDir>,
}

/// A run that is over.
struct Run {
    path: PathBuf,
    profile: Profile,
    wall_ns: u64,
    /// The processor time of vex meanwhile; 0 where that is not asked for.
    cpu_ns: u64,
    code: i32,
    output: (String, String),
    /// Whether it was no whole run: a deadlock, a panic, the time limit, a signal.
    failed: bool,
}

/// Runs the program as often as asked, and takes the run with the median duration.
fn measure(args: &ProfileArgs, code: &Code) -> anyhow::Result<Outcome> {
    let scratch = tempfile::Builder::new().prefix("vex-profile-").tempdir().context("cannot make a scratch folder")?;
    let wanted = args.runs.unwrap_or(1);
    let mut runs: Vec<Run> = Vec::new();
    for number in 0..wanted {
        let path = scratch.path().join(format!("{number}.vxt"));
        let run = once(args, code, number, path)?;
        let failed = run.failed;
        runs.push(run);
        if failed {
            if wanted > 1 {
                load::say(&format!("vex: run {} of {wanted} failed: there are no further runs\n", number + 1));
            }
            break;
        }
        if !needs_events(args) && wanted > 1 {
            // Many recordings of a long run would fill a disk.
            let _ = std::fs::remove_file(scratch.path().join(format!("{number}.vxt")));
        }
    }
    let failed = runs.last().is_some_and(|run| run.failed);
    let code = match runs.last() {
        Some(last) if last.failed => last.code,
        _ => runs.iter().map(|run| run.code).find(|&code| code != exit::SUCCESS).unwrap_or(exit::SUCCESS),
    };
    let output = runs.first_mut().map(|run| std::mem::take(&mut run.output));
    let rows: Vec<RunNumbers> = runs.iter().map(numbers_of).collect();
    let chosen = if failed { runs.len() - 1 } else { median(&rows) };
    let sites = merged_sites(&runs, chosen);
    let run = runs.swap_remove(chosen);
    let mut profile = run.profile;
    profile.sites = sites;
    if wanted > 1 {
        profile.runs = rows;
    }
    if let Some(keep) = &args.keep_trace {
        std::fs::copy(&run.path, keep).with_context(|| format!("cannot write {}", keep.display()))?;
    }
    let trace = if needs_events(args) { Some(TraceFile::open(&run.path)?) } else { None };
    let profiled = Profiled { profile, trace };
    Ok(Outcome { profiled, code, output: output.filter(|_| args.common.json), _scratch: Some(scratch) })
}

/// Whether the recording itself is wanted.
fn needs_events(args: &ProfileArgs) -> bool {
    args.keep_trace.is_some() || matches!(args.format, Output::Export(format) if format.info().events)
}

/// The numbers of a run.
fn numbers_of(run: &Run) -> RunNumbers {
    let mut numbers = numbers(&run.profile);
    if run.cpu_ns > 0 {
        undisturbed(&mut numbers, &run.profile, run.cpu_ns);
    }
    RunNumbers { duration_ns: run.profile.totals.duration_ns, wall_ns: run.wall_ns, numbers }
}

/// Takes out what else the machine did: time in which a task had a worker, but the worker no processor. The duration was longer
/// by that, as far as workers did not wait side by side, and so was all time in places.
fn undisturbed(numbers: &mut BTreeMap<String, f64>, profile: &Profile, cpu_ns: u64) {
    let (duration, running) = (profile.totals.duration_ns as f64, profile.totals.running_ns as f64);
    let taken = (running - cpu_ns as f64).max(0.0);
    let at_once = (running / duration.max(1.0)).max(1.0);
    numbers.insert("total/undisturbed".to_string(), (duration - taken / at_once).max(0.0));
    let share = if running > 0.0 { 1.0 - taken / running } else { 1.0 };
    numbers.iter_mut().filter(|(key, _)| key.starts_with("on-cpu/")).for_each(|(_, ns)| *ns *= share);
}

/// The run with the median duration; of two the shorter one.
fn median(runs: &[RunNumbers]) -> usize {
    let mut order: Vec<usize> = (0..runs.len()).collect();
    order.sort_by_key(|&run| runs.get(run).map_or(0, |run| run.duration_ns));
    order.get(order.len().saturating_sub(1) / 2).copied().unwrap_or_default()
}

/// The places of one run, and behind them those that only other runs have been at: numbers of all runs speak of them.
fn merged_sites(runs: &[Run], chosen: usize) -> Vec<tracer::profile::SiteInfo> {
    let mut sites = runs.get(chosen).map(|run| run.profile.sites.clone()).unwrap_or_default();
    let mut seen: rustc_hash::FxHashSet<_> = sites.iter().cloned().collect();
    for site in runs.iter().flat_map(|run| &run.profile.sites) {
        if seen.insert(site.clone()) {
            sites.push(site.clone());
        }
    }
    sites
}

/// Runs the program once and analyses the recording.
fn once(args: &ProfileArgs, code: &Code, number: u32, path: PathBuf) -> anyhow::Result<Run> {
    let mut execution = Execution::new(&args.execution);
    execution.options.sample = Some(interpreter::vm::run::SAMPLE);
    let about = recording::about(&args.file, &args.args, &args.common, &args.execution, &execution);
    let io = streams(args, number)?;
    let policy = args.execution.bounds.policy();
    let options = RecordOptions { ring: None, policy, signals: true };
    let real_time = about.real_time;
    let (started, cpu) = (now(), processor_time());
    let recorded = recording::record(code, &execution, io, about, &path, &options)?;
    // A seeded run in virtual time has no wall time: its document is the same every time.
    let wall_ns = if real_time { u64::try_from(started.elapsed().as_nanos()).unwrap_or(u64::MAX) } else { 0 };
    let cpu_ns = if real_time { processor_time().saturating_sub(cpu) } else { 0 };
    let program = program_info(code);
    let ran = &recorded.ran;
    if recorded.signal == 0 {
        load::say(&report::text(&program, &ran.report, policy));
        let found = !report::shown(&ran.report.findings, policy).is_empty();
        if let Some(command) = report::replay(&args.file, &args.args, &args.execution).filter(|_| found) {
            load::say(&format!("again: {command}\n"));
        }
    }
    if recorded.dropped > 0 {
        load::say(&format!("vex: {} events were lost: {}\n", recorded.dropped, recorded.note));
    }
    let trace = TraceFile::open(&path)?;
    let profile = profiles::analysed(&trace, &path)?;
    let whole = match report::verdict(&ran.report, policy) {
        Verdict::Ok => true,
        verdict @ (Verdict::Leak | Verdict::Race) => exit::of_verdict(verdict, policy).is_none(),
        _ => false,
    };
    Ok(Run {
        path,
        profile,
        wall_ns,
        cpu_ns,
        code: recorded.exit_code,
        output: (ran.io.stdout().to_string(), ran.io.stderr().to_string()),
        failed: !whole || recorded.signal != 0,
    })
}

#[expect(clippy::disallowed_methods, reason = "how long a run in real time takes; seeded runs do not get to see it")]
fn now() -> Instant {
    Instant::now()
}

/// Processor time of this process so far, in nanoseconds.
fn processor_time() -> u64 {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::ProcessCPUTime);
    u64::try_from(time.tv_sec).unwrap_or(0) * 1_000_000_000 + u64::try_from(time.tv_nsec).unwrap_or(0)
}

/// The program's streams. With several runs its output is that of the first, and its input is a file or empty: nobody types it again.
fn streams(args: &ProfileArgs, number: u32) -> anyhow::Result<Io> {
    let input = match &args.stdin {
        Some(path) => {
            let file = File::open(path).with_context(|| format!("cannot read {}", path.display()))?;
            Input::Stream(Box::new(BufReader::new(file)))
        }
        None if args.runs.is_none() => Input::Stream(Box::new(BufReader::new(std::io::stdin()))),
        None => Input::Empty,
    };
    let standard = args.output.as_ref().is_some_and(|path| path.as_os_str() == "-");
    let sink = |stream: Box<dyn Write + Send>| match number {
        0 if args.common.json => Sink::Memory,
        0 => Sink::Stream(stream),
        _ => Sink::Memory,
    };
    // Standard output is the profile's where it was asked for there.
    let out: Box<dyn Write + Send> = if standard { Box::new(std::io::stderr()) } else { Box::new(std::io::stdout()) };
    let mut io = Io::new(sink(out), sink(Box::new(std::io::stderr())), input);
    io.args.clone_from(&args.args);
    Ok(io)
}

/// The JSON document: a profile, and what else there is to say of this run of vex.
#[derive(Serialize)]
struct Document<'a> {
    #[serde(flatten)]
    profile: &'a Profile,
    /// Of a program that was run: what vex exits with.
    exit_code: i32,
    #[serde(skip_serializing_if = "Option::is_none")]
    budget: Option<&'a [Line]>,
    #[serde(skip_serializing_if = "Option::is_none")]
    stdout: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    stderr: Option<&'a str>,
}

/// Puts everything where it goes.
fn write(args: &ProfileArgs, outcome: &Outcome, lines: Option<&[Line]>, code: i32, ran: bool) -> anyhow::Result<()> {
    let profile = &outcome.profiled.profile;
    if let Some(path) = &args.comment {
        let comment = comment(profile, lines);
        std::fs::write(path, comment).with_context(|| format!("cannot write {}", path.display()))?;
    }
    let format = if args.common.json { Output::Export(Format::Json) } else { args.format };
    let standard = args.output.as_ref().is_some_and(|path| path.as_os_str() == "-");
    let mut out: Box<dyn Write> = match &args.output {
        Some(path) if !standard => {
            Box::new(File::create(path).with_context(|| format!("cannot write {}", path.display()))?)
        }
        None if ran && format == Output::Report => Box::new(std::io::stderr()),
        _ => Box::new(std::io::stdout().lock()),
    };
    match format {
        Output::Report => out.write_all(tracer::profile::report(profile, WIDTH).as_bytes())?,
        Output::Export(Format::Json) => {
            let output = outcome.output.as_ref();
            let document = Document {
                profile,
                exit_code: code,
                budget: lines,
                stdout: output.map(|output| output.0.as_str()),
                stderr: output.map(|output| output.1.as_str()),
            };
            let mut out = std::io::BufWriter::new(&mut out);
            serde_json::to_writer_pretty(&mut out, &document)?;
            out.write_all(b"\n")?;
            out.flush()?;
        }
        Output::Export(format) => {
            let budget: Vec<BudgetLine> = lines.unwrap_or_default().iter().map(test_line).collect();
            let input = export::Input { budget: &budget, ..export::Input::new(outcome.profiled.events(), profile) };
            export::write_input(format, &input, &mut out)
                .with_context(|| format!("cannot write {}", args.file.display()))?;
        }
    }
    out.flush()?;
    Ok(())
}

/// A limit as a test report has it.
fn test_line(line: &Line) -> BudgetLine {
    let note = if line.note.is_empty() { String::new() } else { format!(" ({})", line.note) };
    let (measured, sign, limit) = (&line.measured_text, line.bound.sign(), &line.limit_text);
    let verdict = format!("{}: {measured}, limit {sign} {limit}{note}", line.verdict.name());
    BudgetLine { name: line.name.clone(), passed: !line.fails, verdict }
}

/// What a comment on a change says: whether the budget was kept to, and folded away the whole report.
fn comment(profile: &Profile, lines: Option<&[Line]>) -> String {
    let mut out = lines.map(budget::markdown).unwrap_or_default();
    let title = budget::escaped(&profile.about.title);
    let report = tracer::profile::report(profile, WIDTH);
    if lines.is_none() {
        return report;
    }
    out.push_str(&format!("\n<details><summary>profile of {title}</summary>\n\n{report}\n</details>\n"));
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn runs(durations: &[u64]) -> Vec<RunNumbers> {
        durations.iter().map(|&duration_ns| RunNumbers { duration_ns, ..RunNumbers::default() }).collect()
    }

    /// Two workers ran 100 ns side by side, of which the processors gave them 120 of 200.
    #[test]
    fn what_the_machine_did_beside_is_taken_out() {
        let mut profile = Profile::default();
        (profile.totals.duration_ns, profile.totals.running_ns) = (100, 200);
        let check = |cpu_ns, expected: [f64; 2]| {
            let mut numbers = BTreeMap::from([("on-cpu/p.vex:1:1".to_string(), 150.0)]);
            undisturbed(&mut numbers, &profile, cpu_ns);
            assert_eq!([numbers["total/undisturbed"], numbers["on-cpu/p.vex:1:1"]], expected);
        };
        check(120, [60.0, 90.0]);
        check(200, [100.0, 150.0]);
        check(900, [100.0, 150.0]);
    }

    #[test]
    fn the_median_run_is_chosen() {
        for (durations, chosen) in [(&[][..], 0), (&[5], 0), (&[9, 1], 1), (&[9, 1, 5], 2), (&[4, 3, 2, 1], 2)] {
            assert_eq!(median(&runs(durations)), chosen, "{durations:?}");
        }
    }
}
