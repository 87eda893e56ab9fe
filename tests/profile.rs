//! `vex profile` on the command line: what is printed where, exit codes and which comes first, repeated runs, budgets, inputs
//! that are recordings.

use serde_json::{Value, json};
use std::path::Path;
use std::process::{Command, Stdio};
use tempfile::TempDir;

const PIPE: &str = "\
fn work(n: i64): i64 {
    let! x = n
    for i in 0..200 { x = (x * 31 + i) % 1000003 }
    return x
}

fn main(): i32 {
    let jobs = Channel<i64>(2)
    go {
        for n in 0..20 { jobs.send(work(n)) }
        jobs.close()
    }
    let! sum = 0
    for x in jobs { sum += x }
    println(\"sum\")
    eprintln(\"aside\")
    return 0
}
";
const DEADLOCK: &str = "fn main() {\n    let jobs = Channel<i64>(0)\n    println(<-jobs)\n}\n";
const THREE: &str = "fn main(): i32 { return 3 }\n";
const WRONG: &str = "fn main() {\n    let x: i32 = \"a\"\n}\n";
const WITHIN: &str = "tasks.peak = 10\n";
const OVER: &str = "[tasks]\npeak = 1\n";

/// A scratch folder.
struct Folder(TempDir);

/// What a run of the binary came to.
struct Outcome {
    code: i32,
    out: String,
    err: String,
}

impl Folder {
    fn new(files: &[(&str, &str)]) -> Folder {
        let folder = tempfile::tempdir().expect("a scratch folder");
        for (name, text) in files {
            std::fs::write(folder.path().join(name), text).expect("a scratch file");
        }
        Folder(folder)
    }

    fn path(&self) -> &Path {
        self.0.path()
    }

    fn read(&self, name: &str) -> String {
        std::fs::read_to_string(self.path().join(name)).expect("a file")
    }

    fn vex(&self, args: &[&str]) -> Outcome {
        let mut command = Command::new(env!("CARGO_BIN_EXE_vex"));
        let output =
            command.current_dir(self.path()).args(args).stdin(Stdio::null()).output().expect("the binary starts");
        Outcome {
            code: output.status.code().expect("no signal ended it"),
            out: String::from_utf8(output.stdout).expect("text"),
            err: String::from_utf8(output.stderr).expect("text"),
        }
    }
}

fn document(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_else(|error| panic!("{error} in\n{text}"))
}

#[test]
fn standard_output_is_the_programs_and_the_report_goes_to_standard_error() {
    let folder = Folder::new(&[("p.vex", PIPE)]);
    for how in [&["--seed", "1"][..], &["--workers", "2"], &[]] {
        let done = folder.vex(&[&["profile", "p.vex"][..], how].concat());
        assert_eq!((done.code, done.out.as_str()), (0, "sum\n"), "{how:?}: {}", done.err);
        assert!(done.err.starts_with("aside\n") && done.err.len() > 100, "{how:?}: {}", done.err);
    }
    let into_file = folder.vex(&["profile", "p.vex", "--seed", "1", "-o", "report.md"]);
    assert_eq!((into_file.code, into_file.out.as_str(), into_file.err.as_str()), (0, "sum\n", "aside\n"));
    assert!(folder.read("report.md").contains("p.vex"));
}

#[test]
fn a_profile_on_standard_output_moves_the_programs_output() {
    let folder = Folder::new(&[("p.vex", PIPE)]);
    let done = folder.vex(&["profile", "p.vex", "--seed", "1", "--format", "json", "-o", "-"]);
    assert_eq!((done.code, done.err.as_str()), (0, "sum\naside\n"));
    assert_eq!(document(&done.out)["about"]["title"], "p.vex");
    let json = folder.vex(&["profile", "p.vex", "--seed", "1", "--json"]);
    let profile = document(&json.out);
    assert_eq!((json.code, json.err.as_str()), (0, ""));
    assert_eq!(
        (&profile["stdout"], &profile["stderr"], &profile["exit_code"]),
        (&json!("sum\n"), &json!("aside\n"), &json!(0))
    );
    assert!(profile["totals"]["tasks"].as_u64().is_some_and(|tasks| tasks >= 2), "{}", profile["totals"]);
}

#[test]
fn a_seeded_profile_is_the_same_every_time() {
    let folder = Folder::new(&[("p.vex", PIPE)]);
    let profile = |name: &str| {
        let done = folder.vex(&["profile", "p.vex", "--seed", "3", "--format", "json", "-o", name]);
        assert_eq!(done.code, 0, "{}", done.err);
        folder.read(name)
    };
    assert_eq!(profile("a.json"), profile("b.json"));
    assert!(document(&profile("a.json"))["on_cpu"].as_array().is_some_and(|stacks| !stacks.is_empty()));
}

#[test]
fn over_budget_is_105_and_each_limit_has_a_line() {
    let folder = Folder::new(&[("p.vex", PIPE), ("within.toml", WITHIN), ("over.toml", OVER)]);
    let within = folder.vex(&["profile", "p.vex", "--seed", "1", "--budget", "within.toml"]);
    assert_eq!((within.code, within.out.as_str()), (0, "sum\n"));
    assert!(within.err.ends_with("budget: 1 limit holds\n"), "{}", within.err);
    let over = folder.vex(&["profile", "p.vex", "--seed", "1", "--budget", "over.toml", "--comment", "c.md"]);
    assert_eq!((over.code, over.out.as_str()), (105, "sum\n"));
    assert!(over.err.ends_with("budget: 1 of 1 limit failed: tasks.peak\n"), "{}", over.err);
    assert!(over.err.contains("tasks.peak         2  ≤ 1    over budget"), "{}", over.err);
    assert!(
        folder.read("c.md").starts_with("### ❌ budget: 1 of 1 limit failed: tasks.peak"),
        "{}",
        folder.read("c.md")
    );
    let json = folder.vex(&["profile", "p.vex", "--seed", "1", "--budget", "over.toml", "--json"]);
    let profile = document(&json.out);
    let line = &profile["budget"][0];
    assert_eq!((json.code, &profile["exit_code"]), (105, &json!(105)));
    assert_eq!((&line["name"], &line["measured"], &line["limit"]), (&json!("tasks.peak"), &json!(2.0), &json!(1.0)));
    assert_eq!((&line["verdict"], &line["fails"]), (&json!("over"), &json!(true)));
}

#[test]
fn what_the_run_came_to_goes_before_the_budget() {
    let folder = Folder::new(&[
        ("d.vex", DEADLOCK),
        ("three.vex", THREE),
        ("over.toml", "duration = \"0ns\"\n[tasks]\npeak = 0\n"),
    ]);
    for (program, code) in [("d.vex", 102), ("three.vex", 3)] {
        let done = folder.vex(&["profile", program, "--seed", "1", "--budget", "over.toml"]);
        assert_eq!(done.code, code, "{}", done.err);
        assert!(done.err.contains("over budget"), "{}", done.err);
    }
    let deadlock = folder.vex(&["profile", "d.vex", "--workers", "2"]);
    assert_eq!((deadlock.code, deadlock.out.as_str()), (102, ""));
    assert!(deadlock.err.starts_with("deadlock at "), "{}", deadlock.err);
}

#[test]
fn a_budget_with_mistakes_is_66_before_anything_is_run() {
    let folder = Folder::new(&[("p.vex", PIPE), ("b.toml", "[rats]\nx = 1\n[tasks]\npeak = \"many\"\n")]);
    let done = folder.vex(&["profile", "p.vex", "--budget", "b.toml"]);
    assert_eq!((done.code, done.out.as_str()), (66, ""));
    let expected = "vex: b.toml:1:2: unknown key or section `rats`; did you mean `rates`?\n\
                    vex: b.toml:4:8: tasks.peak is a count like 100 or \"10k\", not \"many\"\n";
    assert_eq!(done.err, expected);
    let json = folder.vex(&["profile", "p.vex", "--budget", "b.toml", "--json"]);
    assert_eq!((json.code, &document(&json.out)["exit_code"]), (66, &json!(66)));
    assert_eq!(folder.vex(&["profile", "p.vex", "--budget", "nowhere.toml"]).code, 66);
}

#[test]
fn several_runs_are_one_profile_with_the_numbers_of_each() {
    let folder = Folder::new(&[("p.vex", PIPE)]);
    let done = folder.vex(&["profile", "p.vex", "--runs", "3", "--format", "json", "-o", "p.json"]);
    assert_eq!((done.code, done.out.as_str(), done.err.as_str()), (0, "sum\n", "aside\n"));
    let profile = document(&folder.read("p.json"));
    let runs = profile["runs"].as_array().expect("runs");
    let durations: Vec<f64> = runs.iter().filter_map(|run| run["duration_ns"].as_f64()).collect();
    assert_eq!((runs.len(), durations.len()), (3, 3));
    assert!(runs.iter().all(|run| run["numbers"]["total/duration"].as_f64() == run["duration_ns"].as_f64()
        && run["wall_ns"].as_u64() > Some(0)));
    let undisturbed = |run: &Value| run["numbers"]["total/undisturbed"].as_f64();
    assert!(runs.iter().all(|run| undisturbed(run) <= run["duration_ns"].as_f64() && undisturbed(run).is_some()));
    let mut sorted = durations.clone();
    sorted.sort_by(f64::total_cmp);
    assert_eq!(profile["totals"]["duration_ns"].as_f64(), sorted.get(1).copied());
    let same = folder.vex(&["diff", "p.json", "p.json", "--fail-on", "1%"]);
    assert_eq!(
        (same.code, same.out.lines().next()),
        (0, Some("p.json (3 runs) → p.json (3 runs): no regression of 1 %"))
    );
}

#[test]
fn a_run_that_fails_is_the_last() {
    let folder = Folder::new(&[("d.vex", DEADLOCK)]);
    let done = folder.vex(&["profile", "d.vex", "--seed", "1", "--runs", "4", "-o", "d.md"]);
    assert_eq!(done.code, 102);
    assert!(done.err.ends_with("vex: run 1 of 4 failed: there are no further runs\n"), "{}", done.err);
}

#[test]
fn a_recording_is_looked_at_and_its_report_goes_to_standard_output() {
    let folder = Folder::new(&[("p.vex", PIPE), ("over.toml", OVER)]);
    let kept =
        folder.vex(&["profile", "p.vex", "--seed", "1", "--keep-trace", "p.vxt", "--format", "json", "-o", "p.json"]);
    assert_eq!((kept.code, kept.out.as_str()), (0, "sum\n"));
    for name in ["p.vxt", "p.json"] {
        let report = folder.vex(&["profile", name]);
        assert_eq!((report.code, report.err.as_str()), (0, ""), "{name}");
        assert!(report.out.contains("p.vex"), "{}", report.out);
        let budget = folder.vex(&["profile", name, "--budget", "over.toml"]);
        assert_eq!(budget.code, 105, "{name}: {}", budget.err);
        let nothing_is_run = folder.vex(&["profile", name, "--seed", "1"]);
        assert_eq!((nothing_is_run.code, nothing_is_run.out.as_str()), (2, ""));
        assert!(nothing_is_run.err.contains("nothing is run, so --seed means nothing"), "{}", nothing_is_run.err);
    }
    let again = folder.vex(&["profile", "p.vxt", "--format", "json"]);
    let (mut one, mut other) = (document(&again.out), document(&folder.read("p.json")));
    one["exit_code"] = Value::Null;
    other["exit_code"] = Value::Null;
    assert_eq!(one, other);
}

#[test]
fn a_wrong_command_line_or_program_is_said() {
    let folder =
        Folder::new(&[("p.vex", PIPE), ("w.vex", WRONG), ("x.vxt", "hello"), ("x.json", "{}"), ("p.txt", PIPE)]);
    for (args, code) in [
        (&["profile"][..], 2),
        (&["profile", "p.vex", "--format", "cobol"], 2),
        (&["profile", "p.vex", "--format", "json"], 2),
        (&["profile", "p.vex", "--runs", "0"], 2),
        (&["profile", "p.vex", "--json", "--format", "folded"], 2),
        (&["profile", "p.vex", "--json", "-o", "x"], 2),
        (&["profile", "p.txt"], 2),
        (&["profile", "w.vex"], 65),
        (&["profile", "nowhere.vex"], 66),
        (&["profile", "nowhere.vxt"], 66),
        (&["profile", "x.vxt"], 66),
        (&["profile", "x.json"], 66),
        (&["profile", "p.vex", "--seed", "1", "--stdin", "nowhere.txt"], 66),
        (&["profile", "p.vex", "--seed", "1", "-o", "no/such/folder.md"], 66),
    ] {
        let done = folder.vex(args);
        assert_eq!(done.code, code, "{args:?}: {}", done.err);
        assert!(!done.err.is_empty(), "{args:?}");
    }
}

/// What the page on CI tells people to run is there: commands, options, formats.
#[test]
fn the_commands_of_the_page_on_ci_exist() {
    let page = include_str!("../docs/ci.md");
    let folder = Folder::new(&[]);
    let mut checked = 0;
    let words: Vec<&str> =
        page.split(|c: char| c.is_whitespace() || "`|".contains(c)).filter(|word| !word.is_empty()).collect();
    for (at, _) in words.iter().enumerate().filter(|(_, word)| **word == "vex") {
        let Some(command @ ("profile" | "diff" | "view" | "export" | "trace")) = words.get(at + 1).copied() else {
            continue;
        };
        let help = folder.vex(&[command, "--help"]);
        assert_eq!(help.code, 0, "{command}");
        let end = words[at + 1..]
            .iter()
            .position(|word| *word == "vex" || *word == "-")
            .map_or(words.len(), |next| at + 1 + next);
        for pair in words[at + 2..end.min(at + 16)].windows(2) {
            if let Some(option) = pair[0]
                .strip_prefix("--")
                .filter(|option| !option.is_empty() && !option.starts_with("edit") && !option.starts_with("body"))
            {
                assert!(help.out.contains(&format!("--{option}")), "{command} has no --{option}");
                checked += 1;
            }
            if pair[0] == "--format" {
                assert!(help.out.contains(pair[1]), "{command} has no format {}", pair[1]);
            }
        }
    }
    assert!(checked >= 10, "{checked}");
}
