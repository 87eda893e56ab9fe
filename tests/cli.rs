//! The command line keeps its contract: exit codes, what goes to which stream, the JSON documents, every option.
//!
//! One short program for each case, written into a scratch folder and run by the real binary from there, so that the places
//! in reports are bare file names.

#![expect(clippy::disallowed_methods, reason = "how long a real process takes is what some cases are about")]

use serde_json::Value;
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use tempfile::TempDir;

const OK: &str = "fn main(): i32 {\n    println(\"hello\")\n    eprintln(\"aside\")\n    return 0\n}\n";
const SPIN: &str = "fn main() { while true {} }\n";
const DEADLOCK: &str = "fn main() {\n    let jobs: Channel<i64> = Channel(0)\n    let v = <-jobs\n    println(v)\n}\n";
const LEAK: &str =
    "fn main() {\n    let jobs: Channel<i64> = Channel(0)\n    go { jobs.send(1) }\n    println(\"bye\")\n}\n";
const PANIC: &str =
    "fn inner(n: i64): i64 { return 10 / n }\nfn main() {\n    println(\"before\")\n    println(inner(0))\n}\n";
const ASSERT: &str = "fn main() {\n    assert(1 + 1 == 3, \"sums\")\n}\n";
const WRONG: &str = "fn main() {\n    let x: i32 = \"a\"\n    println(x, y)\n}\n";
const WARNING: &str = "fn main() {\n    let unused = 5\n    println(\"w\")\n}\n";
/// The order of its lines depends on the schedule.
const RACY: &str = "fn main() {\n    let c: Channel<i64> = Channel(0)\n    for i in 0..8 { go { c.send(i) } }\n    \
                    for _ in 0..8 { println(<-c) }\n}\n";

/// A scratch folder with programs in it.
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

    fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_vex"));
        command.current_dir(self.path()).args(args).env_remove("NO_COLOR").stdin(Stdio::null());
        command
    }

    fn vex(&self, args: &[&str]) -> Outcome {
        outcome(&self.command(args).output().expect("the binary starts"))
    }
}

fn outcome(output: &std::process::Output) -> Outcome {
    Outcome {
        code: output.status.code().expect("no signal ended it"),
        out: String::from_utf8(output.stdout.clone()).expect("text"),
        err: String::from_utf8(output.stderr.clone()).expect("text"),
    }
}

/// Runs one program with arguments in front of and behind its name.
fn run(program: &str, before: &[&str], after: &[&str]) -> Outcome {
    let args = [&["run"], before, &["p.vex"], after].concat();
    Folder::new(&[("p.vex", program)]).vex(&args)
}

fn document(outcome: &Outcome) -> Value {
    serde_json::from_str(&outcome.out).unwrap_or_else(|error| panic!("{error} in\n{}", outcome.out))
}

fn main_returns(code: i32) -> String {
    format!("fn main(): i32 {{ return {code} }}\n")
}

// --- Exit codes ---

#[test]
fn the_programs_own_code_is_passed_through_also_where_it_equals_one_of_ours() {
    for code in [0, 1, 7, 65, 70, 101, 102, 124, 255] {
        let done = run(&main_returns(code), &[], &[]);
        assert_eq!((done.code, done.out.as_str(), done.err.as_str()), (code, "", ""));
    }
    let json = document(&run(&main_returns(102), &["--json"], &[]));
    assert_eq!(
        (&json["verdict"], &json["exit_code"], &json["program_exit_code"]),
        (&"ok".into(), &102.into(), &102.into())
    );
}

#[test]
fn a_wrong_command_line_is_2() {
    let folder = Folder::new(&[("p.vex", OK)]);
    for args in [
        &[][..],
        &["bogus"],
        &["run"],
        &["run", "p.vex", "--no-such-option"],
        &["run", "p.vex", "--seed", "many"],
        &["run", "p.vex", "--leaks", "maybe"],
        &["run", "p.vex", "--max-memory", "lots"],
        &["run", "p.vex", "--time-limit", "soon"],
        &["run", "p.vex", "--lang", "cobol"],
        &["run", "p.vex", "--races", "deny"],
        &["run", "p.vex", "--races", "maybe", "--seed", "1"],
        &["explore", "p.vex", "--schedules", "0"],
        &["run", "p.vex", "--virtual-time"],
        &["run", "p.vex", "--real-time"],
        &["run", "p.vex", "--seed", "1", "--virtual-time", "--real-time"],
        &["trace", "p.vex", "--headless"],
        &["trace", "p.vex", "--dump"],
        &["trace", "p.vex", "--headless", "--dump", "--json"],
        &["check"],
        &["check", "p.vex", "--json", "--emit", "bytecode"],
    ] {
        let done = folder.vex(args);
        assert_eq!(done.code, 2, "{args:?}: {}", done.err);
        assert_eq!(done.out, "", "{args:?}");
        assert!(!done.err.is_empty(), "{args:?}");
    }
}

#[test]
fn a_source_error_is_65_with_every_error_and_without_warnings() {
    let done = run(WRONG, &[], &[]);
    assert_eq!((done.code, done.out.as_str()), (65, ""));
    assert!(done.err.contains("error[E0301]") && done.err.contains("--> p.vex:2:18"), "{}", done.err);
    assert!(done.err.contains("error[E0201]") && done.err.contains("--> p.vex:3:16"), "{}", done.err);
    assert!(!done.err.contains("warning"), "{}", done.err);
    let library = run("export fn f(): i64 { return 1 }\n", &[], &[]);
    assert_eq!(library.code, 65);
    assert!(library.err.contains("has no function `main`"), "{}", library.err);
}

#[test]
fn an_input_that_cannot_be_read_is_66() {
    let folder = Folder::new(&[("p.vex", OK)]);
    for args in [
        &["run", "nowhere.vex"][..],
        &["run", "."],
        &["check", "nowhere.vex"],
        &["trace", "nowhere.vex", "--headless", "--dump"],
        &["trace", "p.vex", "--headless", "--dump", "--stdin", "nowhere.txt"],
        &["trace", "p.vex", "--headless", "--dump", "-o", "no/such/folder.txt"],
    ] {
        let done = folder.vex(args);
        assert_eq!((done.code, done.out.as_str()), (66, ""), "{args:?}: {}", done.err);
        assert!(done.err.starts_with("vex: "), "{args:?}: {}", done.err);
    }
}

#[test]
fn a_panic_is_101_with_its_stack() {
    let done = run(PANIC, &[], &[]);
    assert_eq!((done.code, done.out.as_str()), (101, "before\n"));
    assert_eq!(done.err, "panic in main: division by zero\n  at inner (p.vex:1:32)\n  at main (p.vex:4:13)\n");
    let failed = run(ASSERT, &[], &[]);
    assert_eq!(failed.code, 101);
    assert!(failed.err.contains("sums") && failed.err.contains("p.vex:2:5"), "{}", failed.err);
}

#[test]
fn a_deadlock_is_102_and_a_leak_103_where_denied() {
    let deadlock = run(DEADLOCK, &[], &[]);
    assert_eq!((deadlock.code, deadlock.out.as_str()), (102, ""));
    assert!(deadlock.err.contains("main waits to receive from jobs at p.vex:3:13"), "{}", deadlock.err);
    let denied = run(LEAK, &["--leaks", "deny"], &[]);
    assert_eq!((denied.code, denied.out.as_str()), (103, "bye\n"));
    assert!(denied.err.contains("waits to send to jobs at p.vex:3:10"), "{}", denied.err);
    let warned = run(LEAK, &[], &[]);
    assert_eq!((warned.code, warned.err), (0, denied.err));
    let ignored = run(LEAK, &["--leaks", "ignore"], &[]);
    assert_eq!((ignored.code, ignored.err.as_str()), (0, ""));
    // A leak does not hide what main returned.
    let program = LEAK.replace("fn main() {", "fn main(): i32 {").replace("println(\"bye\")", "return 9");
    assert_eq!(run(&program, &[], &[]).code, 9);
    assert_eq!(run(&program, &["--leaks", "deny"], &[]).code, 103);
}

#[test]
fn the_time_limit_is_124_in_real_time_and_with_a_seed() {
    for before in [&["--time-limit", "200ms"][..], &["--time-limit", "200ms", "--seed", "3"]] {
        let start = Instant::now();
        let done = run(SPIN, before, &[]);
        assert_eq!((done.code, done.out.as_str()), (124, ""));
        assert_eq!(done.err, "time limit reached: p.vex was stopped\n");
        assert!(start.elapsed() < Duration::from_secs(20), "{before:?}");
    }
    let json = document(&run(SPIN, &["--time-limit", "100ms", "--json"], &[]));
    assert_eq!((&json["verdict"], &json["exit_code"]), (&"time-limit".into(), &124.into()));
    assert!(json["program_exit_code"].is_null());
    assert_eq!(run(OK, &["--time-limit", "1h"], &[]).code, 0);
    // Also while everybody sleeps, and where the endless loop is not in main.
    assert_eq!(run("fn main() { sleep(1000000000) }\n", &["--time-limit", "200ms"], &[]).code, 124);
    let spinner = "fn main() {\n    go { while true {} }\n    sleep(1)\n    println(\"main\")\n}\n";
    let done = run(spinner, &["--time-limit", "300ms"], &[]);
    assert_eq!((done.code, done.out.as_str()), (124, "main\n"));
}

// --- Streams ---

#[test]
fn run_adds_nothing_to_the_programs_output() {
    let done = run(OK, &[], &[]);
    assert_eq!((done.code, done.out.as_str(), done.err.as_str()), (0, "hello\n", "aside\n"));
    // A warning is for `check`.
    let warned = run(WARNING, &[], &[]);
    assert_eq!((warned.out.as_str(), warned.err.as_str()), ("w\n", ""));
    let folder = Folder::new(&[("p.vex", WARNING)]);
    let checked = folder.vex(&["check", "p.vex"]);
    assert_eq!((checked.code, checked.out.as_str()), (0, ""));
    assert!(checked.err.contains("warning[W0101]") && checked.err.contains("--> p.vex:2:9"), "{}", checked.err);
}

#[test]
fn a_reader_that_leaves_ends_the_run_quietly() {
    let folder = Folder::new(&[("p.vex", "fn main() {\n    let! i = 0\n    while true { println(i)\n i += 1 }\n}\n")]);
    for args in [&["run", "--time-limit", "20s", "p.vex"][..], &["run", "--time-limit", "20s", "--seed", "1", "p.vex"]]
    {
        let mut child = folder.command(args).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("it starts");
        let mut line = String::new();
        let mut reader = BufReader::new(child.stdout.take().expect("a pipe"));
        reader.read_line(&mut line).expect("a line");
        assert_eq!(line, "0\n");
        drop(reader);
        let done = outcome(&child.wait_with_output().expect("it ends"));
        assert_eq!((done.code, done.err.as_str()), (0, ""), "{args:?}");
    }
    // The dump's and the disassembly's readers may leave too, and nobody may read the report.
    let mut dump = folder.command(&["trace", "p.vex", "--headless", "--dump", "--time-limit", "200ms"]);
    let mut child = dump.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("it starts");
    drop(child.stdout.take());
    let done = outcome(&child.wait_with_output().expect("it ends"));
    assert!(!done.err.contains("panicked") && done.code != 70, "{}: {}", done.code, done.err);
    let folder = Folder::new(&[("p.vex", DEADLOCK)]);
    let mut child = folder.command(&["run", "p.vex"]).stderr(Stdio::piped()).spawn().expect("it starts");
    drop(child.stderr.take());
    assert_eq!(child.wait().expect("it ends").code(), Some(102));
}

#[test]
fn colours_only_where_asked_for() {
    let folder = Folder::new(&[("p.vex", WRONG)]);
    let plain = folder.vex(&["run", "p.vex"]).err;
    assert!(!plain.contains('\x1b'), "a pipe gets no colours");
    assert!(folder.vex(&["run", "--color", "always", "p.vex"]).err.contains('\x1b'));
    let forced =
        folder.command(&["check", "--color", "always", "p.vex"]).env("NO_COLOR", "1").output().expect("it starts");
    assert!(outcome(&forced).err.contains('\x1b'), "what was said is stronger than the environment");
    assert_eq!(folder.vex(&["run", "--color", "never", "p.vex"]).err, plain);
}

#[test]
fn help_offers_what_works_and_says_the_exit_codes() {
    let folder = Folder::new(&[]);
    let help = folder.vex(&["--help"]);
    assert_eq!((help.code, help.err.as_str()), (0, ""));
    let commands: Vec<&str> = help
        .out
        .lines()
        .skip_while(|line| *line != "Commands:")
        .skip(1)
        .take_while(|line| !line.is_empty())
        .filter_map(|line| line.split_whitespace().next())
        .collect();
    let offered = [
        "run", "trace", "view", "debug", "replay", "explore", "profile", "diff", "check", "export", "bench", "doctor",
        "help",
    ];
    assert_eq!(commands, offered);
    for code in ["65", "66", "101", "102", "103", "104", "105", "124"] {
        assert!(help.out.lines().any(|line| line.trim_start().starts_with(code)), "{code}");
    }
    for command in ["bench", "doctor", "diff"] {
        assert!(folder.vex(&[command, "--help"]).out.contains("--json"), "{command}");
    }
    for command in ["run", "trace", "debug", "replay", "profile", "check"] {
        let help = folder.vex(&[command, "--help"]);
        assert_eq!(help.code, 0);
        assert!(help.out.contains("--json") && help.out.contains("--lang"), "{command}");
        assert_eq!(help.out.contains("--workers"), ["run", "trace", "profile"].contains(&command));
        assert_eq!(help.out.contains("--races"), command != "check");
        assert!(!help.out.contains("--allow"), "{command} --allow does not work yet");
    }
    assert!(folder.vex(&["--version"]).out.starts_with("vex "));
}

#[test]
fn the_language_is_that_of_the_extension_or_what_is_said() {
    let folder = Folder::new(&[("p.vx", OK), ("p.txt", OK), ("program", OK)]);
    assert_eq!(folder.vex(&["run", "p.vx"]).out, "hello\n");
    for name in ["p.txt", "program"] {
        for command in [&["run"][..], &["check"], &["trace", "--headless", "--dump"]] {
            let done = folder.vex(&[command, &[name]].concat());
            assert_eq!((done.code, done.out.as_str()), (2, ""), "{command:?} {name}");
            assert!(done.err.contains("--lang"), "{}", done.err);
        }
        assert_eq!(folder.vex(&["run", "--lang", "vex", name]).out, "hello\n");
        assert_eq!(folder.vex(&["check", "--lang", "vex", name]).code, 0);
    }
}

// --- JSON ---

#[test]
fn json_of_a_run_is_one_document() {
    let done = run(OK, &["--json"], &[]);
    assert_eq!((done.code, done.err.as_str()), (0, ""));
    let json = document(&done);
    assert_eq!(json["verdict"], "ok");
    assert_eq!(json["exit_code"], 0);
    assert_eq!(json["findings"], Value::Array(Vec::new()));
    assert_eq!((&json["stdout"], &json["stderr"]), (&"hello\n".into(), &"aside\n".into()));

    let deadlock = run(DEADLOCK, &["--json", "--seed", "0"], &[]);
    assert_eq!(deadlock.code, 102);
    assert!(deadlock.err.starts_with("deadlock at "), "the text is on standard error: {}", deadlock.err);
    let json = document(&deadlock);
    assert_eq!((&json["verdict"], &json["exit_code"]), (&"deadlock".into(), &102.into()));
    assert!(json["program_exit_code"].is_null(), "main never returned");
    let task = &json["findings"][0]["tasks"][0];
    assert_eq!((&task["task"], &task["state"], &task["op"]), (&"main".into(), &"blocked".into(), &"recv".into()));
    assert_eq!((&task["object"], &task["at"]), (&"channel jobs".into(), &"p.vex:3:13".into()));

    let panic = document(&run(PANIC, &["--json"], &[]));
    assert_eq!(
        (&panic["verdict"], &panic["exit_code"], &panic["stdout"]),
        (&"panic".into(), &101.into(), &"before\n".into())
    );
    let finding = &panic["findings"][0];
    assert_eq!((&finding["message"], &finding["at"]), (&"division by zero".into(), &"p.vex:1:32".into()));
    assert_eq!(finding["stack"][1]["function"], "main");
    assert_eq!(document(&run(ASSERT, &["--json"], &[]))["verdict"], "assert");

    let leak = document(&run(LEAK, &["--json", "--leaks", "deny"], &[]));
    assert_eq!(
        (&leak["verdict"], &leak["exit_code"], &leak["program_exit_code"]),
        (&"leak".into(), &103.into(), &0.into())
    );
}

#[test]
fn json_of_a_wrong_source_has_its_diagnostics() {
    let done = run(WRONG, &["--json"], &[]);
    assert_eq!(done.code, 65);
    assert!(done.err.contains("error[E0301]"));
    let json = document(&done);
    assert_eq!((&json["verdict"], &json["exit_code"]), (&"error".into(), &65.into()));
    let diagnostics = json["diagnostics"].as_array().expect("a list");
    assert_eq!(diagnostics.len(), 2);
    assert_eq!((&diagnostics[0]["code"], &diagnostics[0]["line"]), (&"E0301".into(), &2.into()));
    let folder = Folder::new(&[]);
    let missing = folder.vex(&["run", "--json", "nowhere.vex"]);
    assert_eq!((missing.code, &document(&missing)["exit_code"]), (66, &66.into()));
}

#[test]
fn json_of_check_is_one_object_for_each_finding() {
    let folder = Folder::new(&[("wrong.vex", WRONG), ("warning.vex", WARNING), ("ok.vex", OK)]);
    let done = folder.vex(&["check", "--json", "warning.vex", "wrong.vex", "ok.vex"]);
    assert_eq!((done.code, done.err.as_str()), (65, ""));
    let json = document(&done);
    let list = json.as_array().expect("a list");
    for object in list {
        for field in ["code", "severity", "message", "file", "line", "column", "end_line", "end_column", "notes"] {
            assert!(!object[field].is_null(), "{field} in {object}");
        }
        assert!(object["notes"].is_array());
    }
    let codes: Vec<_> = list.iter().map(|object| (object["file"].as_str(), object["code"].as_str())).collect();
    assert!(codes.contains(&(Some("warning.vex"), Some("W0101"))), "{codes:?}");
    assert!(codes.contains(&(Some("wrong.vex"), Some("E0301"))), "{codes:?}");
    let error = list.iter().find(|object| object["code"] == "E0301").expect("the error");
    let place = ["line", "column", "end_line", "end_column"].map(|field| error[field].as_u64());
    assert_eq!((place, &error["severity"]), ([Some(2), Some(18), Some(2), Some(21)], &"error".into()));
    let clean = folder.vex(&["check", "--json", "ok.vex"]);
    assert_eq!((clean.code, document(&clean)), (0, Value::Array(Vec::new())));
    // A file that is not there does not keep the others from being checked.
    let partly = folder.vex(&["check", "--json", "nowhere.vex", "warning.vex"]);
    assert_eq!((partly.code, document(&partly).as_array().map(Vec::len)), (66, Some(1)));
}

// --- Options of a run ---

#[test]
fn a_seed_decides_the_schedule() {
    let folder = Folder::new(&[("p.vex", RACY)]);
    let outputs: Vec<String> =
        (0..12).map(|seed| folder.vex(&["run", "--seed", &seed.to_string(), "p.vex"]).out).collect();
    for (seed, output) in outputs.iter().enumerate() {
        assert_eq!(&folder.vex(&["run", "--seed", &seed.to_string(), "p.vex"]).out, output);
    }
    assert_eq!(outputs[0], "0\n1\n2\n3\n4\n5\n6\n7\n", "seed 0 is first in, first out");
    assert!(outputs.iter().any(|output| output != &outputs[0]), "another seed is another schedule");
}

#[test]
fn time_is_virtual_with_a_seed_unless_real_time_is_asked_for() {
    let long = "fn main() {\n    sleep(3600000)\n    println(\"an hour later\")\n}\n";
    let start = Instant::now();
    for before in [&["--seed", "0"][..], &["--seed", "5", "--virtual-time"]] {
        assert_eq!(run(long, before, &[]).out, "an hour later\n");
    }
    assert!(start.elapsed() < Duration::from_secs(60));
    let short = "fn main() {\n    sleep(300)\n    println(\"later\")\n}\n";
    for before in [&["--seed", "0", "--real-time"][..], &[]] {
        let start = Instant::now();
        assert_eq!(run(short, before, &[]).out, "later\n");
        assert!(start.elapsed() >= Duration::from_millis(300), "{before:?}");
    }
}

#[test]
fn at_the_end_of_main_the_others_finish_or_are_stopped() {
    let program =
        "fn main() {\n    go {\n        sleep(50)\n        println(\"late\")\n    }\n    println(\"main\")\n}\n";
    assert_eq!(run(program, &["--seed", "0"], &[]).out, "main\nlate\n");
    assert_eq!(run(program, &["--on-exit", "drain"], &[]).out, "main\nlate\n");
    let stopped = run(program, &["--on-exit", "stop"], &[]);
    assert_eq!((stopped.code, stopped.out.as_str(), stopped.err.as_str()), (0, "main\n", ""));
    assert_eq!(run(LEAK, &["--on-exit", "stop", "--leaks", "deny"], &[]).code, 0, "nobody asks after the others");
}

#[test]
fn passing_a_limit_is_a_panic_that_names_the_option() {
    let parked = "fn main() {\n    let c: Channel<i64> = Channel(0)\n    for i in 0..1000 { go { println(<-c) } }\n}\n";
    let done = run(parked, &["--max-tasks", "100"], &[]);
    assert_eq!((done.code, done.out.as_str()), (101, ""));
    assert!(done.err.contains("--max-tasks") && done.err.contains("p.vex:3:"), "{}", done.err);
    let greedy = "fn main() {\n    let! xs: [i64] = []\n    while true { xs.push(1) }\n}\n";
    let done = run(greedy, &["--max-memory", "16MiB"], &[]);
    assert_eq!(done.code, 101);
    assert!(done.err.contains("--max-memory") && done.err.contains("p.vex:3:"), "{}", done.err);
}

#[test]
fn input_and_arguments_are_the_programs() {
    let program = "fn main(): i32 {\n    println(args().join(\"|\"))\n    \
                   while let Some(line) = readLine() { println(f\"<{line}>\") }\n    exit(5)\n    return 0\n}\n";
    let folder = Folder::new(&[("p.vex", program)]);
    for before in [&["run"][..], &["run", "--seed", "2"]] {
        // What follows `--` is never taken for an option of ours.
        let mut command = folder.command(&[before, &["p.vex", "--", "--seed", "x", "--json"]].concat());
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().expect("it starts");
        child.stdin.take().expect("a pipe").write_all(b"one\n\nthree").expect("it is read");
        let done = outcome(&child.wait_with_output().expect("it ends"));
        assert_eq!((done.code, done.out.as_str(), done.err.as_str()), (5, "--seed|x|--json\n<one>\n<>\n<three>\n", ""));
    }
    std::fs::write(folder.path().join("input.txt"), "from a file\n").expect("a scratch file");
    let traced = folder.vex(&["trace", "p.vex", "--headless", "--dump", "--stdin", "input.txt", "--", "a"]);
    assert_eq!(traced.code, 5);
    assert!(traced.out.contains("<from a file>") && traced.out.contains("\"a\\n\""), "{}", traced.out);
    // Nobody has to read what is written to the program.
    let folder = Folder::new(&[("p.vex", OK)]);
    let mut command = folder.command(&["run", "p.vex"]);
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().expect("it starts");
    let _ = child.stdin.take().expect("a pipe").write_all(b"unread\n");
    assert_eq!(outcome(&child.wait_with_output().expect("it ends")).out, "hello\n");
}

// --- check and trace ---

#[test]
fn the_bytecode_stands_beside_its_source() {
    let folder = Folder::new(&[("p.vex", PANIC), ("wrong.vex", WRONG)]);
    let done = folder.vex(&["check", "--emit", "bytecode", "p.vex"]);
    assert_eq!((done.code, done.err.as_str()), (0, ""));
    for part in ["fn inner: params 1", "fn main: params 0", "1 | fn inner", "4 | println(inner(0))", "Return"] {
        assert!(done.out.contains(part), "{part} in\n{}", done.out);
    }
    let wrong = folder.vex(&["check", "--emit", "bytecode", "wrong.vex"]);
    assert_eq!((wrong.code, wrong.out.as_str()), (65, ""));
}

#[test]
fn a_dump_has_a_line_for_each_event_and_the_output_is_one() {
    let folder = Folder::new(&[("p.vex", OK), ("deadlock.vex", DEADLOCK)]);
    let args = ["trace", "p.vex", "--headless", "--dump", "--seed", "0"];
    let done = folder.vex(&args);
    assert_eq!((done.code, done.err.as_str()), (0, ""));
    for (index, line) in done.out.lines().enumerate() {
        let ordinal = line.split_whitespace().next();
        assert_eq!(ordinal, Some(index.to_string().as_str()), "{line}");
    }
    assert!(done.out.contains("output               \"hello\\n\"  at p.vex:2:5"), "{}", done.out);
    assert!(!done.out.lines().any(|line| line == "hello"), "the output is only an event");
    let into_file = folder.vex(&[&args[..], &["-o", "dump.txt", "--json"]].concat());
    assert_eq!(document(&into_file)["verdict"], "ok");
    assert_eq!(std::fs::read_to_string(folder.path().join("dump.txt")).expect("the dump"), done.out);
    let deadlock = folder.vex(&["trace", "deadlock.vex", "--headless", "--dump"]);
    assert_eq!(deadlock.code, 102);
    assert!(deadlock.out.contains("recv") && deadlock.err.starts_with("deadlock at "), "{}", deadlock.err);
    assert_eq!(folder.vex(&["trace", "p.vex", "--headless", "--dump", "-o", "-", "--seed", "0"]).out, done.out);
}

#[test]
fn the_screen_needs_a_terminal() {
    let folder = Folder::new(&[("p.vex", OK)]);
    let done = folder.vex(&["trace", "p.vex"]);
    assert_eq!((done.code, done.out.as_str()), (2, ""));
    assert!(done.err.contains("terminal") && done.err.contains("--headless --dump"), "{}", done.err);
}
