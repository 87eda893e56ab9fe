//! `vex replay`: a schedule done again gives the same run, by its seed, by its decisions, and from its text; in an edited program it
//! leads to the same place, or says where it does not.

use interpreter::bytecode::Code;
use interpreter::pipeline::{self, Kind};
use interpreter::schedule::{names, stamp};
use interpreter::vm::io::{Input, Io, Sink};
use interpreter::vm::machine::Limits;
use interpreter::vm::run::{self, Replayed, RunOptions, run_scripted};
use scheduler::schedule::{Follow, Keep, Schedule, Script};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Arc;
use tracer::counting::Counting;
use tracer::finding::Verdict;
use tracer::record::Recorder;
use tracer::sink::{HashSink, Totals};

fn compile(path: &Path) -> Option<Code> {
    pipeline::compile(path, Kind::Program).expect("it can be read").code
}

fn programs() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/programs/vex");
    let mut all: Vec<PathBuf> = [folder.clone(), folder.join("fail")]
        .iter()
        .flat_map(|folder| std::fs::read_dir(folder).expect("the folder is there"))
        .map(|entry| entry.expect("it can be read").path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "vex"))
        .collect();
    all.sort();
    all
}

fn options(seed: Option<u64>) -> RunOptions {
    let limits = Limits { memory: 1 << 30, tasks: 1_000_000 };
    RunOptions { seed, real_time: false, limits, stop_at_main: false, sample: None }
}

/// What must be the same.
#[derive(Debug, PartialEq)]
struct Same {
    events: Totals,
    out: String,
    verdict: Verdict,
    code: i32,
    findings: Vec<String>,
}

fn same(totals: Totals, ran: &run::Ran) -> Same {
    Same {
        events: totals,
        out: ran.io.stdout().to_string(),
        verdict: ran.report.verdict,
        code: ran.report.exit_code,
        findings: ran.report.findings.iter().map(|finding| format!("{finding:?}")).collect(),
    }
}

fn seeded(code: &Code, seed: u64) -> Same {
    let (sink, totals) = HashSink::new();
    let io = Io::new(Sink::Memory, Sink::Memory, Input::Empty);
    let ran = run::run(code, &options(Some(seed)), Recorder::new(sink), io, Arc::default(), &mut |_| ());
    same(totals.get(), &ran)
}

fn replay(code: &Code, schedule: &Schedule, follow: Follow) -> (Same, Replayed) {
    let (sink, totals) = HashSink::new();
    let io = Io::new(Sink::Memory, Sink::Memory, Input::Empty);
    let script = Script::new(schedule, names(code), Keep::Everything, follow, false);
    let tracer = Counting::new(Recorder::new(sink));
    let (ran, replayed) = run_scripted(code, &options(None), script, tracer, io, Arc::default(), &mut |_| ());
    (same(totals.get(), &ran), replayed)
}

#[test]
fn a_seeded_run_is_done_again_by_seed_by_decisions_and_by_points() {
    let mut runs = 0;
    for path in programs() {
        let Some(code) = compile(&path) else { continue };
        for seed in [0, 1, 2, 7, 42] {
            let run = seeded(&code, seed);
            let (again, spelled_out) = replay(&code, &Schedule::of_seed(seed), Follow::Keys);
            assert!(again == run, "{} by seed {seed}", path.display());
            let text = Schedule { program: Some(stamp(&code)), ..spelled_out.schedule }.to_text();
            let read = Schedule::parse(&text).unwrap_or_else(|error| panic!("{error} in\n{text}"));
            assert_eq!(read.to_text(), text);
            let (again, replayed) = replay(&code, &read, Follow::Keys);
            assert!(again == run, "{} by the decisions of seed {seed}", path.display());
            assert_eq!(replayed.divergences, []);
            assert_eq!(replayed.schedule.decisions, read.decisions);
            // Slices end elsewhere, so events differ; what was found does not.
            let (again, _) = replay(&code, &read, Follow::Points);
            assert_eq!(again.verdict, run.verdict, "{} by the points of seed {seed}", path.display());
            runs += 1;
        }
    }
    assert!(runs >= 300, "{runs}");
}

/// Two tasks that take two locks in opposite order: fine, one after the other.
const CROSSED: &str = r#"import { Mutex, WaitGroup } from "sync"

fn think() {}

fn forwards(a: Mutex<i64>, b: Mutex<i64>, wg: WaitGroup) {
    let! x = a.lock()
    think()
    let! y = b.lock()
    *x += *y
    *y += 1
    wg.done()
}

fn backwards(a: Mutex<i64>, b: Mutex<i64>, wg: WaitGroup) {
    let! y = b.lock()
    think()
    let! x = a.lock()
    *x += 1
    *y += *x
    wg.done()
}

fn main() {
    let a = Mutex.new(0)
    let b = Mutex.new(0)
    let wg = WaitGroup.new()
    wg.add(2)
    go forwards(a, b, wg)
    go backwards(a, b, wg)
    wg.wait()
    println("done")
}
"#;

/// What a run of the binary came to: exit code, standard output, standard error.
fn vex(folder: &Path, args: &[&str]) -> (i32, String, String) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_vex"));
    let done = command.current_dir(folder).args(args).stdin(Stdio::null()).output().expect("the binary starts");
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).expect("text");
    (done.status.code().expect("no signal ended it"), text(&done.stdout), text(&done.stderr))
}

/// A folder with `p.vex` and the schedule `s.vxs`, which leads it into the deadlock.
fn crossed() -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a scratch folder");
    std::fs::write(folder.path().join("p.vex"), CROSSED).expect("a scratch file");
    let stuck = |seed: &u64| vex(folder.path(), &["run", "p.vex", "--seed", &seed.to_string()]).0 == 102;
    let seed = (1..60).find(stuck).expect("some seed closes the circle");
    let (code, _, said) = vex(folder.path(), &["run", "p.vex", "--seed", &seed.to_string()]);
    assert_eq!(code, 102);
    // The report says how to do it again, and that does it.
    let again = said.lines().find_map(|line| line.strip_prefix("again: vex ")).expect("a command");
    let (code, out, same) = vex(folder.path(), &again.split(' ').collect::<Vec<_>>());
    assert_eq!((code, out.as_str(), said.replace(&format!("again: vex {again}\n"), "")), (102, "", same));
    let inline = format!("1:seed={seed}");
    let done = vex(folder.path(), &["replay", "p.vex", "--schedule", &inline, "-o", "s.vxs"]);
    assert_eq!(done.0, 102, "{}", done.2);
    folder
}

#[test]
fn a_deadlock_is_found_again_in_an_edited_program_and_not_in_a_renamed_one() {
    let folder = crossed();
    let go = |text: &str, more: &[&str]| {
        std::fs::write(folder.path().join("p.vex"), text).expect("a scratch file");
        vex(folder.path(), &[&["replay", "p.vex", "--schedule", "s.vxs"], more].concat())
    };
    assert_eq!(go(CROSSED, &["--strict"]).0, 102);
    let comment = CROSSED.replace("fn main", "// Where it all begins.\n\nfn main");
    assert_eq!(go(&comment, &["--strict"]).0, 102);
    let busy = "    let! sum = 0\n    for i in 0..1000 { sum += i }\n    println(f\"sum {sum}\")\n";
    let edited = CROSSED
        .replace(
            "    let! x = a.lock()\n    let! y",
            &format!("{busy}    let! x = a.lock()\n    println(\"one\")\n    let! y"),
        )
        .replace("    wg.add(2)\n", "    println(\"begin\")\n    wg.add(2)\n");
    assert!(edited.contains("one") && edited.contains("begin"));
    let (code, _, said) = go(&edited, &[]);
    assert_eq!(code, 102, "{said}");
    assert!(said.contains("another state of it") && !said.contains("diverged"), "{said}");
    let (code, out, said) = go(&edited, &["--strict"]);
    assert_eq!((code, out.as_str()), (66, ""), "{said}");
    let (code, _, said) = go(&CROSSED.replace("forwards", "onwards").replace("backwards", "astern"), &[]);
    assert_eq!(code, 0, "{said}");
    assert!(said.contains("diverged: decision 2: ") && said.contains("there is no task main/backwards.1"), "{said}");
}

#[test]
fn a_schedule_made_by_hand_is_a_line() {
    let folder = crossed();
    // `forwards` takes one lock and makes room: by point alone, without an exact key.
    let made = "vex schedule 1\npreempt 0 after=main/forwards.1:1\n";
    std::fs::write(folder.path().join("made.vxs"), made).expect("a scratch file");
    let (code, _, said) = vex(folder.path(), &["replay", "p.vex", "--schedule", "made.vxs", "--strict"]);
    assert_eq!(code, 102, "{said}");
    let (code, _, said) = vex(folder.path(), &["replay", "p.vex", "--schedule", "1:preempt=0+after=main/forwards.1:1"]);
    assert_eq!(code, 102, "{said}");
    let (code, out, _) = vex(folder.path(), &["replay", "p.vex", "--schedule", "1:seed=0"]);
    assert_eq!((code, out.as_str()), (0, "done\n"));
}

#[test]
fn what_cannot_be_followed_is_66_under_strict() {
    let folder = crossed();
    let wrong = "1:run=main/nobody.1+at=1";
    let (code, out, said) = vex(folder.path(), &["replay", "p.vex", "--schedule", wrong]);
    assert_eq!((code, out.as_str()), (0, "done\n"), "{said}");
    assert!(
        said.contains("diverged: decision 1: wanted main/nobody.1 to run; there is no task main/nobody.1"),
        "{said}"
    );
    let (code, out, said) = vex(folder.path(), &["replay", "p.vex", "--schedule", wrong, "--strict"]);
    assert_eq!((code, out.as_str()), (66, ""), "{said}");
    let (code, out, _) = vex(folder.path(), &["replay", "p.vex", "--schedule", wrong, "--strict", "--json"]);
    let document: serde_json::Value = serde_json::from_str(&out).expect("a document");
    assert_eq!((code, &document["exit_code"], &document["verdict"]), (66, &66.into(), &"error".into()));
    assert_eq!(document["divergences"].as_array().map(Vec::len), Some(1));
}

#[test]
fn what_is_no_schedule_is_66_with_its_place() {
    let folder = crossed();
    let text = std::fs::read_to_string(folder.path().join("s.vxs")).expect("it was written");
    let cases: [(&str, Vec<u8>, &str); 5] = [
        ("other.vxs", b"fn main() {}\n".to_vec(), "other.vxs:1:1: this is no schedule"),
        ("later.vxs", text.replacen("schedule 1", "schedule 9", 1).into_bytes(), "later.vxs:1:14: version 9"),
        ("cut.vxs", [text.as_bytes(), b"run main/wo"].concat(), "`main/wo` is no task"),
        ("kind.vxs", [text.as_bytes(), b"call 3 at=9\n"].concat(), "`call` is no kind of decision"),
        ("bytes.vxs", [text.as_bytes(), &[0xff, 0xfe]].concat(), "this is no text"),
    ];
    for (name, bytes, expected) in cases {
        std::fs::write(folder.path().join(name), bytes).expect("a scratch file");
        let (code, out, said) = vex(folder.path(), &["replay", "p.vex", "--schedule", name]);
        assert_eq!((code, out.as_str()), (66, ""), "{name}: {said}");
        assert!(said.starts_with(&format!("vex: {name}:")) && said.contains(expected), "{name}: {said}");
    }
    for (schedule, expected) in
        [("nowhere.vxs", "cannot read nowhere.vxs"), (".", "cannot read ."), ("1:seed=x", "--schedule:1:8: ")]
    {
        let (code, out, said) = vex(folder.path(), &["replay", "p.vex", "--schedule", schedule]);
        assert_eq!((code, out.as_str()), (66, ""), "{schedule}: {said}");
        assert!(said.contains(expected), "{schedule}: {said}");
    }
    assert_eq!(vex(folder.path(), &["replay", "p.vex"]).0, 2);
}

#[test]
fn what_was_read_and_the_arguments_are_part_of_it() {
    let folder = tempfile::tempdir().expect("a scratch folder");
    let program = "fn main() {\n    for a in args() { println(a) }\n    match readLine() {\n        Some(line) => println(f\"<{line}>\"),\n        \
                   None => println(\"nothing\"),\n    }\n}\n";
    std::fs::write(folder.path().join("p.vex"), program).expect("a scratch file");
    std::fs::write(folder.path().join("in.txt"), "one\ntwo\n").expect("a scratch file");
    let mut command = Command::new(env!("CARGO_BIN_EXE_vex"));
    command.current_dir(folder.path()).args(["replay", "p.vex", "--schedule", "1:seed=3", "-o", "s.vxs", "--", "x y"]);
    command.stdin(std::fs::File::open(folder.path().join("in.txt")).expect("it is there"));
    let done = command.output().expect("the binary starts");
    assert_eq!(String::from_utf8_lossy(&done.stdout), "x y\n<one>\n");
    let (code, out, said) = vex(folder.path(), &["replay", "p.vex", "--schedule", "s.vxs"]);
    assert_eq!((code, out.as_str(), said.as_str()), (0, "x y\n<one>\n", ""));
    let (_, out, _) = vex(folder.path(), &["replay", "p.vex", "--schedule", "s.vxs", "--", "z"]);
    assert_eq!(out, "z\n<one>\n");
}
