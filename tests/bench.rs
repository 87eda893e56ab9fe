//! `vex bench` and `vex doctor` keep their contract: what the lines, documents and exit codes are. Never how fast anything is.

use serde_json::Value;
use std::process::{Command, Stdio};

struct Outcome {
    code: i32,
    out: String,
    err: String,
}

fn vex(args: &[&str], variables: &[(&str, &str)]) -> Outcome {
    let mut command = Command::new(env!("CARGO_BIN_EXE_vex"));
    for name in ["NO_COLOR", "REPS", "TARGET_MS"] {
        command.env_remove(name);
    }
    let output = command.args(args).envs(variables.iter().copied()).stdin(Stdio::null()).output();
    let output = output.expect("the binary starts");
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("text");
    Outcome {
        code: output.status.code().expect("no signal ended it"),
        out: text(output.stdout),
        err: text(output.stderr),
    }
}

fn bench(args: &[&str]) -> Outcome {
    vex(&[&["bench", "--rounds", "1", "--sample", "1ms"], args].concat(), &[])
}

fn document(outcome: &Outcome) -> Value {
    assert_eq!(outcome.code, 0, "{}", outcome.err);
    serde_json::from_str(&outcome.out).unwrap_or_else(|error| panic!("{error} in\n{}", outcome.out))
}

/// The lines that a measuring script reads, split at tabs.
fn lines(outcome: &Outcome) -> Vec<Vec<&str>> {
    assert_eq!(outcome.code, 0, "{}", outcome.err);
    outcome.out.lines().map(|line| line.split('\t').collect()).collect()
}

const MODES: [&str; 4] = ["vex-s", "vex-s-traced", "vex-p", "vex-p-traced"];

const TWO: &str = "^(atomic_uncontended|mutex_4tasks)$";

#[test]
fn kit_lines_are_samples_of_known_modes() {
    let outcome = bench(&["--kit", "--filter", TWO]);
    let lines = lines(&outcome);
    for row in ["atomic_uncontended", "mutex_4tasks"] {
        for mode in MODES {
            let mine: Vec<_> = lines.iter().filter(|line| line[1] == mode && line[2] == row).collect();
            assert_eq!(mine.len(), 1, "{row} {mode}\n{}", outcome.out);
            let [kind, _, _, value, unit, cores] = mine[0][..] else { panic!("{:?}", mine[0]) };
            assert_eq!((kind, unit), ("S", "ops/s"));
            assert!(value.parse::<f64>().is_ok_and(|value| value > 0.0), "{value}");
            assert!(cores.parse::<f64>().is_ok(), "{cores}");
        }
    }
    assert!(lines.iter().all(|line| line[0] == "S" && ["atomic_uncontended", "mutex_4tasks"].contains(&line[2])));
}

#[test]
fn a_row_that_should_scale_is_measured_with_one_worker_too() {
    let document = document(&bench(&["--json", "--filter", "^nest_4tasks$", "--workers", "2"]));
    assert_eq!(document["workers"], 2);
    let modes = document["rows"][0]["modes"].as_array().expect("modes");
    let single = modes.iter().find(|mode| mode["mode"] == "vex-p-1").expect("the mode");
    assert!(single["best"].as_f64() > Some(0.0) && single["scaling"].is_null());
    assert!(modes[2]["scaling"].as_f64() > Some(0.0), "{}", modes[2]);
    let asked = lines(&bench(&["--kit", "--filter", "^atomic_uncontended$", "--mode", "vex-p-1"])).len();
    assert_eq!(asked, 1, "a mode that was asked for measures every row");
}

#[test]
fn the_script_that_wants_lines_says_how_many_and_how_long() {
    let args = ["bench", "--kit", "--filter", "^atomic_uncontended$", "--mode", "vex-s"];
    let outcome = vex(&args, &[("REPS", "3"), ("TARGET_MS", "1")]);
    assert_eq!(lines(&outcome).len(), 3, "{}", outcome.out);
}

#[test]
fn the_document_has_the_documented_fields() {
    let document = document(&bench(&["--json", "--filter", TWO]));
    let documented = include_str!("../docs/bench.md");
    let fields = |value: &Value| {
        let keys: Vec<String> = value.as_object().expect("an object").keys().cloned().collect();
        for key in &keys {
            assert!(documented.contains(&format!("| `{key}` |")), "docs/bench.md does not know {key}");
        }
        keys
    };
    assert_eq!(fields(&document), ["machine", "rounds", "rows", "sample_ms", "workers"]);
    assert_eq!(fields(&document["machine"]).len(), 5);
    assert!(document["machine"]["counters"].as_str().is_some_and(|text| text.ends_with('.')));
    let rows = document["rows"].as_array().expect("rows");
    assert_eq!(rows.len(), 2);
    for row in rows {
        fields(row);
        let modes = row["modes"].as_array().expect("modes");
        assert_eq!(modes.iter().map(|mode| &mode["mode"]).collect::<Vec<_>>(), MODES);
        for mode in modes {
            fields(mode);
            assert_eq!(mode["samples"].as_array().map(Vec::len), Some(1), "{mode}");
            assert!(mode["best"].as_f64().is_some_and(|best| best > 0.0), "{mode}");
            assert_eq!(mode["failed"], Value::Null);
        }
        assert_eq!(modes[0]["slow_down"], Value::Null);
        assert!(modes[1]["slow_down"].is_number() && modes[3]["slow_down"].is_number());
    }
    let atomic = rows.iter().find(|row| row["row"] == "atomic_uncontended").expect("the row");
    assert_eq!((&atomic["operation"], &atomic["target"]), (&Value::from("atomic operation"), &Value::from(1e8)));
    assert!(atomic["modes"][0]["of_target"].is_number() && atomic["modes"][0]["reached"].is_boolean());
    assert_eq!(atomic["modes"][0]["ticks_per_op"].as_f64().map(f64::round), Some(2.0), "a loop step and a call");
}

#[test]
fn the_table_fits_and_names_rows_modes_and_counters() {
    let outcome = bench(&["--filter", TWO, "--color", "never"]);
    assert_eq!(outcome.code, 0, "{}", outcome.err);
    for word in
        ["atomic_uncontended", "mutex_4tasks", "vex-s-traced", "atomic operation", "ardware counters", "ticks/op"]
    {
        assert!(outcome.out.contains(word), "{word} in\n{}", outcome.out);
    }
    assert!(outcome.out.lines().all(|line| line.chars().count() <= 120), "{}", outcome.out);
    assert!(!outcome.out.contains('\x1b'));
    assert!(bench(&["--filter", TWO, "--color", "always"]).out.contains('\x1b'));
}

#[test]
fn what_cannot_be_measured_is_a_wrong_command_line() {
    for (args, word) in [
        (["--filter", "("], "regex parse error"),
        (["--filter", "no_such_row"], "spawn_batch1k"),
        (["--mode", "vex-q"], "vex-s-traced"),
        (["--rounds", "0"], "rounds"),
        (["--workers", "0"], "workers"),
        (["--sample", "soon"], "sample"),
    ] {
        let outcome = vex(&[&["bench"][..], &args].concat(), &[]);
        assert_eq!((outcome.code, outcome.out.as_str()), (2, ""), "{args:?}");
        assert!(outcome.err.contains(word), "{args:?}: {}", outcome.err);
    }
}

#[test]
fn blocked_tasks_are_measured_in_a_process_of_their_own() {
    for mode in MODES {
        let outcome = vex(&["bench", "--child", mode, "--tasks", "3000", "--workers", "3"], &[]);
        let parked = document(&outcome);
        assert_eq!(parked["tasks"], 3000);
        for field in ["spawned", "woken"] {
            assert!(parked[field].as_f64().is_some_and(|rate| rate > 0.0), "{mode} {field}: {parked}");
        }
        if cfg!(target_os = "linux") {
            let bytes = parked["bytes"].as_f64().expect("Linux says it");
            assert!(bytes > 16.0, "a task takes something: {parked}");
            assert!(parked["bytes_to_the_end"].as_f64() >= Some(bytes), "{parked}");
        }
    }
}

/// All keys of a document, at any depth.
fn keys(value: &Value) -> Vec<String> {
    value.as_object().map_or_else(Vec::new, |object| {
        object.iter().flat_map(|(key, value)| std::iter::once(key.clone()).chain(keys(value))).collect()
    })
}

#[test]
fn the_doctor_needs_no_terminal_and_documents_its_fields() {
    let document = document(&vex(&["doctor", "--json"], &[("TERM", "xterm-256color"), ("LC_ALL", "C.UTF-8")]));
    let documented = include_str!("../docs/doctor.md");
    for key in keys(&document) {
        assert!(documented.contains(&format!("`{key}`")), "docs/doctor.md does not know {key}");
    }
    let terminal = &document["terminal"];
    assert_eq!((&terminal["is_terminal"], &terminal["unicode"]), (&Value::from(false), &Value::from(true)));
    assert!(document["machine"]["cores"].as_u64() >= Some(1));
    assert!(document["machine"]["memory_limit"].as_u64() > Some(1 << 20));
    let hardware = &document["counters"]["hardware"];
    let lacking = hardware["available"].as_array().is_some_and(Vec::is_empty);
    assert!(!lacking || (hardware["why"].is_string() && hardware["help"].is_string()), "{hardware}");
    if cfg!(target_os = "linux") {
        let software = document["counters"]["software"]["available"].to_string();
        assert!(software.contains("task-clock") && software.contains("page-faults"), "{software}");
    }
}

#[test]
fn the_doctor_sees_what_the_screen_would() {
    for (variables, colors, unicode) in [
        ([("TERM", "xterm"), ("COLORTERM", "truecolor"), ("LC_ALL", "C.UTF-8")], "truecolor", true),
        ([("TERM", "xterm-256color"), ("COLORTERM", ""), ("LC_ALL", "C")], "256", false),
        ([("TERM", "vt100"), ("COLORTERM", ""), ("LC_ALL", "C.UTF-8")], "16", true),
        ([("TERM", "dumb"), ("COLORTERM", ""), ("LC_ALL", "C.UTF-8")], "none", false),
    ] {
        let outcome = vex(&["doctor", "--json"], &variables);
        let document = document(&outcome);
        assert_eq!(document["terminal"]["colors"], colors, "{variables:?}");
        assert_eq!(document["terminal"]["unicode"], unicode, "{variables:?}");
        let text = vex(&["doctor"], &variables).out;
        assert!(text.contains(colors) && text.contains("hardware") && text.contains("no terminal"), "{text}");
        assert!(text.lines().all(|line| line.chars().count() <= 100), "{text}");
    }
}

const TASKS: &str = "fn work(n: i64): i64 {\n    let! sum = 0\n    for i in 0..n { sum += i }\n    return sum\n}\n\
                     fn main() {\n    let c: Channel<i64> = Channel(0)\n    for i in 0..3 { go { c.send(work(500000)) } }\n    \
                     for _ in 0..3 { println(<-c) }\n}\n";

#[test]
fn counters_say_what_operations_functions_and_tasks_cost() {
    let folder = tempfile::tempdir().expect("a scratch folder");
    let path = folder.path().join("p.vex");
    std::fs::write(&path, TASKS).expect("a scratch file");
    let path = path.to_str().expect("a path of text");
    let text = vex(&["run", "--counters", path], &[]);
    assert_eq!((text.code, text.out.lines().count()), (0, 3), "{}", text.err);
    for word in ["by operation", "compute", "chan.recv", "by function", "by task", "main (task 1)", "ardware counters"]
    {
        assert!(text.err.contains(word), "{word} in\n{}", text.err);
    }
    assert!(text.err.lines().all(|line| line.chars().count() <= 130), "{}", text.err);
    let document = document(&vex(&["run", "--counters", "--json", path], &[]));
    let costs = &document["costs"];
    let total = costs["total"]["slices"].as_u64().expect("a number");
    for section in ["operations", "functions", "tasks"] {
        let section = costs[section].as_array().expect("a section");
        assert_eq!(
            section.iter().map(|cost| cost["slices"].as_u64().expect("a number")).sum::<u64>(),
            total,
            "{costs}"
        );
    }
    assert_eq!(costs["tasks"].as_array().map(Vec::len), Some(4), "{costs}");
    let plain: Value = serde_json::from_str(&vex(&["run", "--json", path], &[]).out).expect("a document");
    assert_eq!(plain["costs"], Value::Null);
}
