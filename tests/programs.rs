//! Every guest program of `tests/programs/<language>/` does what its head says, on every seed.
//!
//! A head is a run of comments, `//` or `#`: `expect: ok|deadlock|leak|panic|compile-error`, `line: N` (of the primary error or the
//! panic), `exit: N`, `stdout:` / `stdout-any-order:` / `stdout-seed-0:` with lines `//| text` (`#| text`), `stderr-contains: text`,
//! `seeds: 0 1 7`, `only-seeds: 0`, `flags: --leaks deny`. One test a program: it runs in this process on many seeds and on several
//! workers, and once through the binary for its exit code and its report. `fail/*.golden` is the whole report of a failing program (UPDATE=1 writes it).

use interpreter::bytecode::Code;
use interpreter::pipeline::{self, Kind};
use interpreter::vm::io::Io;
use interpreter::vm::machine::Limits;
use interpreter::vm::parallel::run_parallel;
use interpreter::vm::run::{self, Ran, RunOptions};
use libtest_mimic::{Arguments, Failed, Trial};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, mpsc};
use std::time::Duration;
use tracer::causal;
use tracer::finding::Verdict;
use tracer::merge::merge;
use tracer::record::{Off, Recorder};
use tracer::sink::MemorySink;
use tracer::store::Store;

/// Seeds of the examples of the guides, and of the other programs.
const GUIDE_SEEDS: &[u64] = &[0, 1, 2, 3, 7, 42, 1234, 99999];
const SEEDS: u64 = 50;

/// Workers of the parallel runs.
const WORKERS: [u32; 4] = [1, 2, 4, 8];

/// What the head of a program says.
#[derive(Debug, Default)]
struct Head {
    expect: String,
    lines: Vec<u32>,
    exit: Option<i32>,
    stdout: Option<Vec<String>>,
    any_order: Option<Vec<String>>,
    seed_zero: Option<Vec<String>>,
    stderr: Vec<String>,
    seeds: Option<Vec<u64>>,
    only_seeds: bool,
    flags: Vec<String>,
}

fn head(text: &str) -> Result<Head, Failed> {
    let mut head = Head::default();
    let mut section = None;
    // Comments begin with `//` or, in a Lisp, with `#`.
    let comment = if text.starts_with('#') { "#" } else { "//" };
    for line in text.lines().map_while(|line| line.strip_prefix(comment)) {
        if let Some(text) = line.strip_prefix('|') {
            let text = text.strip_prefix(' ').unwrap_or(text).to_string();
            let target = match section {
                Some("stdout") => &mut head.stdout,
                Some("stdout-any-order") => &mut head.any_order,
                Some("stdout-seed-0") => &mut head.seed_zero,
                _ => return Err(format!("a line of output without a section: {line}").into()),
            };
            target.get_or_insert_default().push(text);
            continue;
        }
        section = None;
        let Some((key, value)) = line.trim().split_once(':') else { continue };
        let value = value.trim();
        let numbers = || value.split_whitespace().map(str::parse).collect::<Result<Vec<u64>, _>>();
        match key {
            "expect" => head.expect = value.to_string(),
            "line" => head.lines.push(value.parse()?),
            "exit" => head.exit = Some(value.parse()?),
            "stdout" => {
                section = Some("stdout");
                head.stdout.get_or_insert_default();
            }
            "stdout-any-order" => {
                section = Some("stdout-any-order");
                head.any_order.get_or_insert_default();
            }
            "stdout-seed-0" => {
                section = Some("stdout-seed-0");
                head.seed_zero.get_or_insert_default();
            }
            "stderr-contains" => head.stderr.push(value.to_string()),
            "seeds" => head.seeds = Some(numbers()?),
            "only-seeds" => (head.seeds, head.only_seeds) = (Some(numbers()?), true),
            "flags" => head.flags = value.split_whitespace().map(String::from).collect(),
            _ => {}
        }
    }
    if head.expect.is_empty() { Err("the head has no `expect:`".into()) } else { Ok(head) }
}

fn compare(what: &str, expected: &[String], got: &str) -> Result<(), Failed> {
    let got: Vec<&str> = got.lines().collect();
    if expected.iter().map(String::as_str).eq(got.iter().copied()) {
        return Ok(());
    }
    Err(format!("{what}: expected\n{}\ngot\n{}", expected.join("\n"), got.join("\n")).into())
}

fn check_output(head: &Head, seed: Option<u64>, out: &str) -> Result<(), Failed> {
    if let Some(expected) = &head.stdout {
        compare("standard output", expected, out)?;
    }
    if let Some(expected) = &head.any_order {
        let mut expected = expected.clone();
        expected.sort();
        let mut got: Vec<&str> = out.lines().collect();
        got.sort_unstable();
        compare("standard output, in any order", &expected, &got.join("\n"))?;
    }
    if let Some(expected) = &head.seed_zero
        && seed == Some(0)
    {
        compare("standard output at seed 0", expected, out)?;
    }
    Ok(())
}

fn verdict_of(expect: &str) -> Option<Verdict> {
    Some(match expect {
        "ok" => Verdict::Ok,
        "deadlock" => Verdict::Deadlock,
        "leak" => Verdict::Leak,
        "panic" => Verdict::Panic,
        _ => return None,
    })
}

fn compile(path: &Path) -> Result<Code, Failed> {
    let compiled = pipeline::compile(path, Kind::Program)?;
    compiled.code.as_ref().cloned().ok_or_else(|| compiled.render(false).into())
}

const LIMITS: Limits = Limits { memory: 1 << 30, tasks: 1_000_000 };

fn run_on_seeds(path: &Path, code: &Code, head: &Head) -> Result<(), Failed> {
    let guide = path.file_name().is_some_and(|name| {
        let name = name.to_string_lossy();
        name.starts_with(['v', 'm']) && name.get(1..2).is_some_and(|digit| digit.parse::<u8>().is_ok())
    });
    let default = || if guide { GUIDE_SEEDS.to_vec() } else { (0..SEEDS).collect() };
    for seed in head.seeds.clone().unwrap_or_else(default) {
        let options =
            RunOptions { seed: Some(seed), real_time: false, limits: LIMITS, stop_at_main: false, sample: None };
        let ran = run::run(code, &options, Off, Io::memory(), Arc::default(), &mut |_| ());
        check_run(head, code, &ran, Some(seed)).map_err(|error| explain(code, &ran, &format!("seed {seed}"), error))?;
    }
    Ok(())
}

/// On several workers, in real time and recorded: the same verdict and output, and a recording whose order explains itself.
fn run_in_parallel(code: &Code, head: &Head) -> Result<(), Failed> {
    for workers in WORKERS {
        let options = RunOptions { seed: None, real_time: true, limits: LIMITS, stop_at_main: false, sample: None };
        let (sink, memory) = MemorySink::unbounded();
        let recorders = (0..workers).map(|worker| Recorder::new(sink.clone()).with_worker(worker)).collect();
        let stop = Arc::new(AtomicBool::new(false));
        let watchdog = Watchdog::new(stop.clone());
        let ran = run_parallel(code, &options, recorders, Io::memory(), stop, &|_| (), |_| ());
        drop(watchdog);
        let how = format!("{workers} workers");
        // A program that only says what happens on some seeds says nothing of this schedule.
        if !head.only_seeds {
            check_run(head, code, &ran, None).map_err(|error| explain(code, &ran, &how, error))?;
        }
        let chunks = merge(memory.take());
        let store = Store::of(Arc::new(interpreter::trace_info::program_info(code)), &chunks);
        let violations: Vec<String> = causal::check_store(&store).iter().map(ToString::to_string).collect();
        if !violations.is_empty() {
            return Err(format!("{how}: the recording contradicts itself:\n{}", violations.join("\n")).into());
        }
    }
    Ok(())
}

/// Ends a run that hangs.
struct Watchdog {
    _ends: mpsc::Sender<()>,
}

impl Watchdog {
    fn new(stop: Arc<AtomicBool>) -> Self {
        let (sender, receiver) = mpsc::channel::<()>();
        std::thread::spawn(move || {
            if receiver.recv_timeout(Duration::from_secs(60)) == Err(mpsc::RecvTimeoutError::Timeout) {
                stop.store(true, Ordering::Relaxed);
            }
        });
        Self { _ends: sender }
    }
}

/// A failure with what the run reported.
fn explain(code: &Code, ran: &Ran, how: &str, error: Failed) -> Failed {
    let info = interpreter::trace_info::program_info(code);
    let words = tracer::report::Report::new(&info, &ran.report.findings);
    let report: String = ran.report.findings.iter().map(|finding| words.text(finding)).collect();
    format!("{how}: {}\n{report}", error.message().unwrap_or_default()).into()
}

/// Whether a run came out as the head says.
fn check_run(head: &Head, code: &Code, ran: &Ran, seed: Option<u64>) -> Result<(), Failed> {
    let wanted = verdict_of(&head.expect).ok_or("unknown verdict")?;
    let got = if ran.report.verdict == Verdict::Assert { Verdict::Panic } else { ran.report.verdict };
    if got != wanted {
        let out = ran.io.stdout();
        return Err(format!("verdict {got:?} instead of {wanted:?}; output so far:\n{out}").into());
    }
    check_output(head, seed, ran.io.stdout())?;
    if let (Some(&line), Some(finding)) = (head.lines.first(), ran.report.findings.last())
        && let Some(frame) = finding.stack.first()
    {
        let span = code.spans[frame.site.0 as usize];
        let got = code.sources.file(span.file).line_column(span.lo).line;
        if got != line {
            return Err(format!("the panic is at line {got}, not at line {line}").into());
        }
    }
    Ok(())
}

fn run_the_binary(path: &Path, head: &Head) -> Result<(), Failed> {
    let seed = head.seeds.as_ref().and_then(|seeds| seeds.first()).copied().unwrap_or(0);
    let mut command = Command::new(env!("CARGO_BIN_EXE_vex"));
    command.current_dir(env!("CARGO_MANIFEST_DIR")).env("NO_COLOR", "1").arg("run");
    command.args(["--time-limit", "60s", "--seed", &seed.to_string()]).args(&head.flags).arg(path);
    let output = command.output()?;
    let (out, err) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    let denied = head.flags.windows(2).any(|flags| flags == ["--leaks", "deny"]);
    let code = match head.expect.as_str() {
        "compile-error" => 65,
        "panic" => 101,
        "deadlock" => 102,
        "leak" if denied => 103,
        _ => head.exit.unwrap_or(0),
    };
    if output.status.code() != Some(code) {
        return Err(format!("exit code {:?} instead of {code}\n{out}{err}", output.status.code()).into());
    }
    if let Some(text) = head.stderr.iter().find(|text| !err.contains(*text)) {
        return Err(format!("standard error has no `{text}`:\n{err}").into());
    }
    if head.expect == "compile-error" {
        let mut got: Vec<u32> = err
            .lines()
            .filter_map(|line| line.trim_start().strip_prefix("--> "))
            .filter_map(|place| place.rsplit(':').nth(1)?.parse().ok())
            .collect();
        got.dedup();
        if !head.lines.iter().all(|line| got.contains(line)) {
            return Err(format!("errors at lines {got:?} instead of {:?}:\n{err}", head.lines).into());
        }
    }
    if path.parent().is_some_and(|folder| folder.ends_with("fail")) {
        golden(&path.with_extension("golden"), &err)?;
    }
    Ok(())
}

/// Compares a report with its golden file.
fn golden(path: &Path, report: &str) -> Result<(), Failed> {
    if std::env::var_os("UPDATE").is_some() {
        return Ok(fs::write(path, report)?);
    }
    let expected = fs::read_to_string(path).unwrap_or_default();
    if expected == report {
        return Ok(());
    }
    Err(format!(
        "the report is not that of {} (UPDATE=1 rewrites it). Expected:\n{expected}\nGot:\n{report}",
        path.display()
    )
    .into())
}

fn test(path: &Path) -> Result<(), Failed> {
    let head = head(&fs::read_to_string(path)?)?;
    if head.expect != "compile-error" {
        let code = compile(path)?;
        run_on_seeds(path, &code, &head)?;
        run_in_parallel(&code, &head)?;
    }
    run_the_binary(path, &head)
}

fn programs(folder: &Path, out: &mut Vec<PathBuf>) {
    let Ok(entries) = fs::read_dir(folder) else { return };
    let mut paths: Vec<PathBuf> = entries.filter_map(|entry| Some(entry.ok()?.path())).collect();
    paths.sort();
    for path in paths {
        // `modules` holds files that others import.
        if path.is_dir() && path.file_name().is_none_or(|name| name != "modules") {
            programs(&path, out);
        } else if path.extension().is_some_and(|extension| extension == "vex" || extension == "m28") {
            out.push(path);
        }
    }
}

fn main() {
    let arguments = Arguments::from_args();
    let mut paths = Vec::new();
    std::env::set_current_dir(env!("CARGO_MANIFEST_DIR")).expect("the package's folder is there");
    programs(Path::new("tests/programs"), &mut paths);
    let trials = paths.into_iter().map(|path| Trial::test(path.display().to_string(), move || test(&path)));
    libtest_mimic::run(&arguments, trials.collect()).exit();
}
