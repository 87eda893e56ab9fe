//! Data races in guest programs: each race that a program's head declares is found on some seed, and no other on any.
//!
//! A head says `race: A B` for each pair of source lines that race (the same line twice where tasks race at one), or `race: none`. A
//! program of `tests/programs` without such a line has none. Programs of an edge of the order each stand in `races/`.

use interpreter::bytecode::Code;
use interpreter::pipeline::{self, Kind};
use interpreter::vm::io::Io;
use interpreter::vm::machine::Limits;
use interpreter::vm::run::{self, RunOptions, RunReport};
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::Arc;
use tracer::event::Site;
use tracer::finding::Verdict;
use tracer::race::Racing;

/// Seeds on which the programs of single edges run, and the others, which are longer.
const SEEDS: std::ops::Range<u64> = 0..12;
const FEW_SEEDS: [u64; 3] = [0, 3, 7];

fn run(code: &Code, seed: u64) -> RunReport {
    let limits = Limits { memory: 1 << 30, tasks: 1_000_000 };
    let options = RunOptions { seed: Some(seed), real_time: false, limits, stop_at_main: false, sample: None };
    run::run(code, &options, Racing::new(None), Io::memory(), Arc::default(), &mut |_| ()).report
}

fn line(code: &Code, site: Site) -> u32 {
    let span = code.spans[site.0 as usize];
    code.sources.file(span.file).line_column(span.lo).line
}

/// The pairs of lines that a run found races of.
fn races(code: &Code, report: &RunReport) -> BTreeSet<(u32, u32)> {
    let races = report.findings.iter().filter_map(|finding| finding.race.as_ref());
    let lines = races.map(|race| [race.first.site, race.second.site].map(|site| line(code, site)));
    lines.map(|[a, b]| (a.min(b), a.max(b))).collect()
}

/// The pairs of lines that the head declares.
fn declared(text: &str) -> BTreeSet<(u32, u32)> {
    let head = text.lines().take_while(|line| line.starts_with("//") || line.starts_with('#'));
    let said = head.filter_map(|line| line.trim_start_matches(['/', '#']).trim().strip_prefix("race:"));
    said.filter_map(|said| {
        let (a, b) = said.trim().split_once(' ')?;
        Some((a.parse().expect("a line"), b.parse().expect("a line")))
    })
    .collect()
}

fn programs(folder: &Path, out: &mut Vec<PathBuf>) {
    let entries = std::fs::read_dir(folder).expect("the folder is there");
    let mut paths: Vec<PathBuf> = entries.map(|entry| entry.expect("an entry").path()).collect();
    paths.sort();
    for path in paths {
        if path.is_dir() && path.file_name().is_none_or(|name| name != "modules") {
            programs(&path, out);
        } else if path.extension().is_some_and(|extension| extension == "vex" || extension == "m28") {
            out.push(path);
        }
    }
}

#[test]
fn programs_have_the_races_that_their_heads_declare_and_no_others() {
    std::env::set_current_dir(env!("CARGO_MANIFEST_DIR")).expect("the package's folder is there");
    let mut paths = Vec::new();
    programs(Path::new("tests/programs"), &mut paths);
    let mut wrong = Vec::new();
    let mut checked = 0;
    for path in paths {
        let compiled = pipeline::compile(&path, Kind::Program).expect("it can be read");
        // What does not compile is not meant to.
        let Some(code) = compiled.code.as_ref() else { continue };
        let declared = declared(&std::fs::read_to_string(&path).expect("it can be read"));
        let few = !path.components().any(|part| part.as_os_str() == "races") && declared.is_empty();
        let seeds: Vec<u64> = if few { FEW_SEEDS.to_vec() } else { SEEDS.collect() };
        let mut found = BTreeSet::new();
        for seed in seeds {
            let report = run(code, seed);
            found.append(&mut races(code, &report));
            let raced = report.findings.iter().any(|finding| finding.verdict == Verdict::Race);
            if raced && matches!(report.verdict, Verdict::Ok | Verdict::Leak) {
                wrong.push(format!("{}: seed {seed}: a race that the verdict does not tell", path.display()));
            }
        }
        if found != declared {
            wrong.push(format!("{}: races at {found:?} instead of {declared:?}", path.display()));
        }
        checked += 1;
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(checked > 100, "{checked} programs");
}

const COUNTER: &str = "import { WaitGroup } from \"sync\"\n\nlet! total = 0\n\nfn main() {\n    let wg = WaitGroup.new()\n    \
    wg.add(2)\n    for _ in 0..2 {\n        go {\n            total = total + 1\n            wg.done()\n        }\n    }\n    \
    wg.wait()\n}\n";

/// Runs the binary on a program.
fn vex(program: &str, before: &[&str], after: &[&str]) -> Output {
    let folder = tempfile::tempdir().expect("a scratch folder");
    std::fs::write(folder.path().join("p.vex"), program).expect("a scratch file");
    let mut command = Command::new(env!("CARGO_BIN_EXE_vex"));
    command.current_dir(folder.path()).args(before).arg("p.vex").args(after).env("NO_COLOR", "1");
    command.output().expect("the binary starts")
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

#[test]
fn off_says_nothing_warn_reports_and_deny_fails() {
    for (races, code, said) in [("off", 0, false), ("warn", 0, true), ("deny", 104, true)] {
        let done = vex(COUNTER, &["run"], &["--seed", "1", "--races", races]);
        let err = text(&done.stderr);
        assert_eq!(done.status.code(), Some(code), "{races}: {err}");
        assert_eq!(err.contains("data race at"), said, "{err}");
        if said {
            assert!(err.contains("on variable total") && err.contains("p.vex:10:"), "{err}");
            assert!(err.contains("Nothing orders them") && err.contains("Neither held a lock."), "{err}");
            assert!(err.contains(&format!("again: vex replay p.vex --schedule 1:seed=1 --races {races}")), "{err}");
        }
    }
    let done = vex(COUNTER, &["run"], &["--races", "warn"]);
    assert_eq!(done.status.code(), Some(2));
    assert!(text(&done.stderr).contains("needs a seed"), "{}", text(&done.stderr));
}

#[test]
fn every_command_that_runs_a_schedule_finds_the_race() {
    let document = |done: &Output| -> serde_json::Value {
        serde_json::from_slice(&done.stdout).unwrap_or_else(|error| panic!("{error}: {}", text(&done.stderr)))
    };
    let run = vex(COUNTER, &["run"], &["--seed", "1", "--races", "deny", "--json"]);
    let json = document(&run);
    assert_eq!(
        (&json["verdict"], &json["exit_code"], &json["program_exit_code"]),
        (&"race".into(), &104.into(), &0.into())
    );
    let bug = &json["findings"][0];
    assert_eq!(bug["verdict"], "race");
    let tasks = bug["tasks"].as_array().expect("two accesses");
    assert_eq!(tasks.len(), 2);
    for task in tasks {
        assert_eq!((&task["object"], &task["state"]), (&"variable total".into(), &"running".into()));
        assert!(task["at"].as_str().is_some_and(|at| at.starts_with("p.vex:10:")), "{task}");
    }
    let replay = vex(COUNTER, &["replay"], &["--schedule", "1:seed=1", "--races", "deny", "--json"]);
    assert_eq!(replay.status.code(), Some(104));
    assert_eq!(document(&replay)["findings"], json["findings"]);
    let dump = vex(COUNTER, &["trace", "--headless", "--dump"], &["--seed", "1", "--races", "deny"]);
    let lines = text(&dump.stdout);
    assert_eq!(dump.status.code(), Some(104), "{}", text(&dump.stderr));
    assert!(lines.contains("memory.read") && lines.contains("memory.write") && lines.contains("finding"), "{lines}");
    let script = ["-c", "continue; back; continue; continue", "--races", "deny", "--json"];
    let debugged = vex(COUNTER, &["debug"], &script);
    assert_eq!(debugged.status.code(), Some(104), "{}{}", text(&debugged.stdout), text(&debugged.stderr));
    let profile = vex(COUNTER, &["profile"], &["--seed", "1", "--races", "warn"]);
    assert!(text(&profile.stderr).contains("data race"), "{}", text(&profile.stderr));
}

#[test]
fn what_is_worse_than_a_race_decides_and_a_leak_does_not() {
    let racy_and = |end: &str| COUNTER.replace("    wg.wait()\n", &format!("    wg.wait()\n{end}\n"));
    let cases = [
        ("    assert(total == 7, \"no\")", 101),
        ("    let ch: Channel<i64> = Channel(0)\n    println(<-ch)", 102),
        ("    let ch: Channel<i64> = Channel(0)\n    go { ch.send(1) }", 104),
        ("    exit(3)", 104),
    ];
    for (end, code) in cases {
        let done = vex(&racy_and(end), &["run"], &["--seed", "0", "--races", "deny", "--leaks", "deny"]);
        assert_eq!(done.status.code(), Some(code), "{end}: {}", text(&done.stderr));
    }
    let leak = racy_and(cases[2].0);
    let done = vex(&leak, &["run"], &["--seed", "0", "--races", "warn", "--leaks", "deny"]);
    assert_eq!(done.status.code(), Some(103), "{}", text(&done.stderr));
}

#[test]
fn a_place_that_was_freed_has_no_history() {
    // Each round makes lists that nobody keeps; their numbers are used again by other tasks.
    let program = "import { WaitGroup } from \"sync\"\n\nfn fill(n: i64): i64 {\n    let! sum = 0\n    for i in 0..n {\n        \
        let! list = [i, i + 1]\n        list.push(i)\n        list[0] = 5\n        sum += list[0]\n    }\n    sum\n}\n\n\
        fn main() {\n    let wg = WaitGroup.new()\n    wg.add(3)\n    for _ in 0..3 {\n        go {\n            \
        let sum = fill(30000)\n            assert(sum == 150000, \"filled\")\n            wg.done()\n        }\n    }\n    \
        wg.wait()\n}\n";
    for seed in ["0", "2"] {
        let done = vex(program, &["run"], &["--seed", seed, "--races", "deny", "--max-memory", "4MiB"]);
        assert_eq!(done.status.code(), Some(0), "{}", text(&done.stderr));
    }
}
