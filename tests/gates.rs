//! Budgets and comparisons on the command line: exit codes, what goes where, and what is said of inputs that are none.

use serde_json::{Value, json};
use std::path::Path;
use std::process::{Command, Stdio};
use tempfile::TempDir;

/// A scratch folder.
struct Folder(TempDir);

/// What a run of the binary came to.
struct Outcome {
    code: i32,
    out: String,
    err: String,
}

impl Folder {
    fn new() -> Folder {
        Folder(tempfile::tempdir().expect("a scratch folder"))
    }

    fn path(&self) -> &Path {
        self.0.path()
    }

    fn write(&self, name: &str, text: &str) {
        std::fs::write(self.path().join(name), text).expect("a scratch file");
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

/// The document of a profile of runs on the parallel runtime that took so many milliseconds, or of a seeded run.
fn profile(milliseconds: &[f64], seeded: bool) -> String {
    let runs: Vec<Value> = milliseconds
        .iter()
        .map(|ms| json!({ "duration_ns": ms * 1e6, "wall_ns": 0, "numbers": { "total/duration": ms * 1e6, "count/task spawn": 3.0 } }))
        .map(|mut run| {
            run["duration_ns"] = json!(run["duration_ns"].as_f64().map(|ns| ns as u64));
            run
        })
        .collect();
    let runtime = if seeded { "deterministic" } else { "parallel" };
    json!({
        "version": 1,
        "about": { "title": "p.vex", "runtime": runtime, "real_time": !seeded },
        "totals": { "duration_ns": 2_000_000 },
        "runs": runs,
    })
    .to_string()
}

const STEADY: &[f64] = &[10.0, 10.1, 9.9, 10.05, 9.95, 10.2, 10.15];
const SLOWER: &[f64] = &[12.0, 12.12, 11.88, 12.06, 11.94, 12.24, 12.18];

#[test]
fn a_regression_is_105_and_an_equal_profile_0() {
    let folder = Folder::new();
    folder.write("old.json", &profile(STEADY, false));
    folder.write("new.json", &profile(SLOWER, false));
    let found = folder.vex(&["diff", "old.json", "new.json", "--fail-on", "10%", "--comment", "c.md"]);
    assert_eq!((found.code, found.err.as_str()), (105, ""), "{}", found.out);
    let first = found.out.lines().next().expect("a line");
    assert_eq!(first, "old.json (7 runs) → new.json (7 runs): regression of at least 10 %: total/duration +20.0 %");
    assert!(found.out.contains("FAILS, p = 0.0006"), "{}", found.out);
    assert!(folder.read("c.md").starts_with("### ❌ regression of at least 10 %"), "{}", folder.read("c.md"));
    for args in [
        &["diff", "old.json", "new.json"][..],
        &["diff", "old.json", "new.json", "--fail-on", "25%"],
        &["diff", "old.json", "old.json", "--fail-on", "1%"],
        &["diff", "new.json", "old.json", "--fail-on", "10%"],
        &["diff", "old.json", "new.json", "--fail-on", "10%", "--on", "rate/*"],
    ] {
        let done = folder.vex(args);
        assert_eq!((done.code, done.err.as_str()), (0, ""), "{args:?}: {}", done.out);
    }
}

#[test]
fn a_comparison_is_a_document() {
    let folder = Folder::new();
    folder.write("old.json", &profile(&[10.0], true));
    folder.write("new.json", &profile(&[11.5], true));
    let done = folder.vex(&["diff", "old.json", "new.json", "--fail-on", "10%", "--json"]);
    let document: Value = serde_json::from_str(&done.out).expect("a document");
    assert_eq!((done.code, &document["exit_code"], &document["failed"]), (105, &json!(105), &json!(true)));
    assert_eq!((&document["method"], &document["fail_on"]), (&json!("exact"), &json!(0.1)));
    let change = &document["changes"][0];
    assert_eq!(
        (&change["key"], &change["verdict"], &change["fails"]),
        (&json!("total/duration"), &json!("regression"), &json!(true))
    );
    assert_eq!((&change["old"], &change["new"]), (&json!(10e6), &json!(11.5e6)));
}

#[test]
fn inputs_that_are_no_profiles_are_66() {
    let folder = Folder::new();
    folder.write("ok.json", &profile(&[10.0], true));
    folder.write("real.json", &profile(&[10.0], false));
    folder.write("other.json", "{\"a\":1}");
    folder.write("wrong.json", "{\"version\":1,\"totals\":{\"events\":\"many\"}}");
    folder.write("huge.json", "{\"version\":1,\"totals\":{\"events\":1e400}}");
    folder.write("nan.json", "{\"version\":1,\"totals\":{},\"rates\":[{\"per_second\":NaN}]}");
    folder.write("newer.json", "{\"version\":99,\"totals\":{}}");
    folder.write("frames.json", "{\"version\":1,\"totals\":{},\"frames\":[{\"site\":0,\"caller\":0}]}");
    folder.write("text.txt", "hello");
    folder.write("empty.json", "");
    for (name, said) in [
        ("nowhere.json", "cannot read nowhere.json"),
        ("other.json", "other.json is not a profile: it has no `version` and `totals`"),
        ("wrong.json", "wrong.json is not a profile: invalid type"),
        ("huge.json", "huge.json is not a profile: number out of range"),
        ("nan.json", "nan.json is not a profile: expected value"),
        ("newer.json", "newer.json was written by a newer vex"),
        ("frames.json", "frames.json is a damaged profile"),
        ("text.txt", "text.txt is not a trace file"),
        ("empty.json", "empty.json is not a trace file"),
        ("real.json", "cannot be compared: one is a seeded run in virtual time"),
    ] {
        let done = folder.vex(&["diff", "ok.json", name]);
        assert_eq!((done.code, done.out.as_str()), (66, ""), "{name}");
        assert!(done.err.starts_with("vex: ") && done.err.contains(said), "{name}: {}", done.err);
        let json = folder.vex(&["diff", name, "ok.json", "--json"]);
        let document: Value = serde_json::from_str(&json.out).expect("a document");
        assert_eq!(
            (json.code, &document["verdict"], &document["exit_code"]),
            (66, &json!("error"), &json!(66)),
            "{name}"
        );
    }
}

#[test]
fn a_wrong_command_line_is_2() {
    let folder = Folder::new();
    folder.write("ok.json", &profile(&[10.0], true));
    for args in [
        &["diff", "ok.json"][..],
        &["diff", "ok.json", "ok.json", "--fail-on", "10"],
        &["diff", "ok.json", "ok.json", "--fail-on", "-1%"],
        &["diff", "ok.json", "ok.json", "--on", "rate/*"],
    ] {
        let done = folder.vex(args);
        assert_eq!((done.code, done.out.as_str()), (2, ""), "{args:?}: {}", done.err);
    }
}
