//! `vex trace --headless -o`: the file has the run, the run does not notice, and whatever ends it leaves a file.

#![cfg(unix)]

use serde_json::Value;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::sync::Arc;
use std::time::Duration;
use tracer::about::Runtime;
use tracer::causal::check_store;
use tracer::dump::dump;
use tracer::file::TraceFile;
use tracer::finding::Verdict;
use tracer::store::Store;
use tracer::trace::Trace;

/// Workers in a ring, whose order depends on the schedule.
const BUSY: &str = "fn pass(from: Channel<i64>, to: Channel<i64>) {\n    for n in from { to.send(n + 1) }\n    to.close()\n}\n\
     fn main() {\n    let first: Channel<i64> = Channel(2)\n    let! last = first\n    for _ in 0..4 {\n        \
     let next: Channel<i64> = Channel(2)\n        let from = last\n        go pass(from, next)\n        last = next\n    }\n    \
     go {\n        for n in 0..2000 { first.send(n) }\n        first.close()\n    }\n    let! sum = 0\n    let end = last\n    \
     for n in end { sum += n }\n    println(sum)\n}\n";
const DEADLOCK: &str = "fn main() {\n    let jobs: Channel<i64> = Channel(0)\n    println(\"waiting\")\n    let v = <-jobs\n    println(v)\n}\n";
/// Events for ever.
const ENDLESS: &str = "fn main() {\n    let a: Channel<i64> = Channel(0)\n    let b: Channel<i64> = Channel(0)\n    \
     go { for n in a { b.send(n) } }\n    while true {\n        a.send(1)\n        let n = <-b\n    }\n}\n";

struct Folder(tempfile::TempDir);

impl Folder {
    fn new(program: &str) -> Folder {
        let folder = tempfile::tempdir().expect("a scratch folder");
        std::fs::write(folder.path().join("p.vex"), program).expect("a scratch file");
        Folder(folder)
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_vex"));
        command.current_dir(self.0.path()).args(args).stdin(Stdio::null());
        command
    }

    fn vex(&self, args: &[&str]) -> Output {
        self.command(args).output().expect("the binary starts")
    }

    /// Starts an endless recording and waits until its file is that long.
    fn start(&self, args: &[&str], file: &str, bytes: u64) -> Child {
        let mut command = self.command(args);
        let child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("the binary starts");
        wait(|| std::fs::metadata(self.path(file)).is_ok_and(|file| file.len() >= bytes));
        child
    }
}

/// Waits for something that comes for sure.
fn wait(done: impl Fn() -> bool) {
    for _ in 0..6000 {
        if done() {
            return;
        }
        std::thread::sleep(Duration::from_millis(10));
    }
    panic!("it did not come");
}

fn signal(child: &Child, name: &str) {
    let sent = Command::new("kill").args([name, &child.id().to_string()]).status();
    assert!(sent.expect("kill is there").success());
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).expect("text")
}

fn open(path: &Path) -> TraceFile {
    TraceFile::open(path).expect("a trace")
}

fn store(trace: &TraceFile) -> Store {
    let mut store = Store::new(Arc::clone(trace.program()));
    trace.each(&mut |chunk| store.push(chunk)).expect("readable");
    store
}

/// Its events as text, from the first that there is.
fn lines(trace: &TraceFile) -> String {
    let store = store(trace);
    let mut out = Vec::new();
    dump(&store, store.first()..store.len(), &mut out).expect("memory");
    text(&out)
}

#[test]
fn a_seeded_run_is_the_same_file_every_time_and_does_not_notice() {
    let folder = Folder::new(BUSY);
    for seed in ["0", "7"] {
        let run = folder.vex(&["run", "p.vex", "--seed", seed]);
        let args = ["trace", "p.vex", "--seed", seed, "--headless", "-o"];
        let first = folder.vex(&[&args[..], &["a.vxt"]].concat());
        let second = folder.vex(&[&args[..], &["b.vxt"]].concat());
        assert_eq!((first.status.code(), &first.stdout), (Some(0), &run.stdout), "{}", text(&first.stderr));
        assert_eq!(second.status.code(), Some(0));
        let file = std::fs::read(folder.path("a.vxt")).expect("it is there");
        assert!(file == std::fs::read(folder.path("b.vxt")).expect("it is there"));
        let trace = open(&folder.path("a.vxt"));
        let dumped = folder.vex(&["trace", "p.vex", "--seed", seed, "--headless", "--dump"]);
        assert_eq!(lines(&trace), text(&dumped.stdout));
        assert_eq!(trace.warnings(), &[] as &[String]);
        let about = trace.about();
        assert_eq!((about.title.as_str(), about.language.as_str(), about.started), ("p.vex", "vex", None));
        assert_eq!(
            (about.runtime, about.seed.map(|seed| seed.to_string())),
            (Runtime::Deterministic, Some(seed.to_string()))
        );
        assert_eq!(trace.program().files[0].text.as_ref(), BUSY);
        let ending = trace.ending().expect("it ended");
        assert_eq!((ending.verdict, ending.exit_code, ending.dropped, ending.note.as_str()), (Verdict::Ok, 0, 0, ""));
    }
}

#[test]
fn a_run_on_several_workers_keeps_its_result_and_its_order() {
    let folder = Folder::new(BUSY);
    let done = folder.vex(&["trace", "p.vex", "--workers", "3", "--headless", "-o", "t.vxt"]);
    let run = folder.vex(&["run", "p.vex"]);
    assert_eq!((done.status.code(), &done.stdout), (Some(0), &run.stdout));
    let trace = open(&folder.path("t.vxt"));
    let store = store(&trace);
    let wrong: Vec<String> = check_store(&store).iter().map(ToString::to_string).collect();
    assert_eq!(wrong, Vec::<String>::new());
    let events = store.len();
    assert_eq!((trace.len(), trace.about().runtime, trace.about().workers), (events, Runtime::Parallel, 3));
    assert!(trace.about().started.is_some());
    assert_eq!(trace.ending().map(|ending| ending.dropped), Some(0));
    assert!(text(&done.stderr).replace(',', "").contains(&format!("t.vxt: {events} events")), "{}", text(&done.stderr));
}

#[test]
fn findings_stand_in_the_file_under_the_names_of_its_events() {
    let folder = Folder::new(DEADLOCK);
    for how in [["--seed", "0"], ["--workers", "2"]] {
        let args = [&["trace", "p.vex", "--headless", "--json", "-o", "t.vxt"][..], &how].concat();
        let done = folder.vex(&args);
        assert_eq!(done.status.code(), Some(102), "{}", text(&done.stderr));
        let document: Value = serde_json::from_slice(&done.stdout).expect("one document");
        assert_eq!((&document["verdict"], &document["stdout"]), (&"deadlock".into(), &"waiting\n".into()));
        let trace = open(&folder.path("t.vxt"));
        assert_eq!(document["trace"]["events"], trace.len());
        assert_eq!(document["trace"]["bytes"], std::fs::metadata(folder.path("t.vxt")).expect("it is there").len());
        let finding = &trace.findings()[0];
        assert_eq!(finding.verdict, Verdict::Deadlock);
        let event = finding.tasks[0].event.expect("traced");
        assert_eq!(
            store(&trace).event(event).map(|event| (event.kind.name(), event.blocked)),
            Some(("chan.recv", true))
        );
    }
}

#[test]
fn a_killed_recorder_leaves_what_it_has_written() {
    let folder = Folder::new(ENDLESS);
    for how in [["--seed", "0"], ["--workers", "2"]] {
        let args = [&["trace", "p.vex", "--headless", "-o", "t.vxt"][..], &how].concat();
        let mut child = folder.start(&args, "t.vxt", 200_000);
        signal(&child, "-KILL");
        child.wait().expect("it is gone");
        let trace = open(&folder.path("t.vxt"));
        assert!(trace.warnings()[0].contains("was cut off after event"), "{:?}", trace.warnings());
        assert!(trace.len() > 10_000 && trace.ending().is_none());
        let store = store(&trace);
        assert_eq!((store.len(), trace.damaged(), store.damaged()), (trace.len(), 0, 0));
        assert!(store.tasks().len() >= 2);
        std::fs::remove_file(folder.path("t.vxt")).expect("it is there");
    }
}

#[test]
fn a_signal_ends_the_program_and_finishes_the_file() {
    let folder = Folder::new(ENDLESS);
    for (name, code, how) in [("-INT", 130, ["--seed", "3"]), ("-TERM", 143, ["--workers", "2"])] {
        let args = [&["trace", "p.vex", "--headless", "-o", "t.vxt"][..], &how].concat();
        let child = folder.start(&args, "t.vxt", 100_000);
        signal(&child, name);
        let done = child.wait_with_output().expect("it ends");
        assert_eq!(done.status.code(), Some(code), "{}", text(&done.stderr));
        let trace = open(&folder.path("t.vxt"));
        assert_eq!(trace.warnings(), &[] as &[String]);
        let ending = trace.ending().expect("it was finished");
        assert_eq!((ending.exit_code, ending.dropped), (code, 0));
        assert_eq!(ending.note, format!("stopped by SIG{}", &name[1..]));
        std::fs::remove_file(folder.path("t.vxt")).expect("it is there");
    }
}

/// The reader of a pipe leaves after a while, as a disk gets full: the program goes on to its own end.
#[test]
fn a_file_that_cannot_be_written_any_more_ends_the_recording_and_not_the_program() {
    let folder = Folder::new(BUSY);
    let made = Command::new("mkfifo").arg(folder.path("pipe")).status();
    assert!(made.expect("mkfifo is there").success());
    let part = std::fs::File::create(folder.path("part.vxt")).expect("a file");
    let mut reader =
        Command::new("head").args(["-c", "9000"]).arg(folder.path("pipe")).stdout(part).spawn().expect("it starts");
    let done = folder.vex(&["trace", "p.vex", "--seed", "3", "--headless", "-o", "pipe"]);
    reader.wait().expect("it ends");
    assert_eq!(done.status.code(), Some(0));
    assert_eq!(done.stdout, folder.vex(&["run", "p.vex", "--seed", "3"]).stdout);
    assert!(text(&done.stderr).contains("the recording ended after"), "{}", text(&done.stderr));
    let trace = open(&folder.path("part.vxt"));
    assert!(trace.warnings()[0].contains("was cut off"), "{:?}", trace.warnings());
    // Not even begun is something else.
    let done = folder.vex(&["trace", "p.vex", "--headless", "-o", "no/such/folder.vxt"]);
    assert_eq!((done.status.code(), text(&done.stdout)), (Some(66), String::new()));
    assert!(text(&done.stderr).contains("cannot write no/such/folder.vxt"), "{}", text(&done.stderr));
}

#[test]
fn a_flight_recorder_keeps_the_newest_events() {
    let folder = Folder::new(BUSY);
    let args = ["trace", "p.vex", "--seed", "3", "--headless", "-o"];
    folder.vex(&[&args[..], &["all.vxt"]].concat());
    let done = folder.vex(&[&args[..], &["ring.vxt", "--ring", "20KB"]].concat());
    assert_eq!(done.status.code(), Some(0), "{}", text(&done.stderr));
    let (all, ring) = (open(&folder.path("all.vxt")), open(&folder.path("ring.vxt")));
    let first = ring.blocks()[0].first;
    assert!(first > 0 && ring.len() == all.len());
    assert!(text(&done.stderr).replace(',', "").contains(&format!("{first} older ones")), "{}", text(&done.stderr));
    // Without the names of tasks and objects, which are in what was forgotten.
    let bare = |trace: &TraceFile| -> Vec<String> {
        let store = store(trace);
        store.events(first..store.len()).map(|event| format!("{event:?}")).collect()
    };
    assert_eq!(bare(&ring), bare(&all));
}

#[test]
fn a_flight_recorder_writes_on_a_signal_and_goes_on() {
    let folder = Folder::new(ENDLESS);
    let args = ["trace", "p.vex", "--workers", "2", "--headless", "--ring", "1MB", "-o", "t.vxt"];
    let child = folder.command(&args).stderr(Stdio::piped()).spawn().expect("the binary starts");
    std::thread::sleep(Duration::from_millis(300));
    // Until somebody listens, the signal would end the process: the first file says that it does.
    let listening = |name: &str| open_if_finished(&folder.path(name));
    signal(&child, "-USR1");
    wait(|| listening("t.vxt"));
    signal(&child, "-USR1");
    wait(|| listening("t.2.vxt"));
    signal(&child, "-TERM");
    let done = child.wait_with_output().expect("it ends");
    assert_eq!(done.status.code(), Some(143), "{}", text(&done.stderr));
    let traces = ["t.vxt", "t.2.vxt", "t.3.vxt"].map(|name| open(&folder.path(name)));
    assert!(traces[0].len() < traces[1].len() && traces[1].len() < traces[2].len());
    assert_eq!(traces.each_ref().map(|trace| trace.ending().is_some()), [false, false, true]);
    assert!(text(&done.stderr).contains("on SIGUSR1: wrote t.vxt"), "{}", text(&done.stderr));
}

fn open_if_finished(path: &Path) -> bool {
    TraceFile::open(path).is_ok_and(|trace| trace.is_finished())
}

#[test]
fn a_flight_recorder_writes_when_something_is_found() {
    let folder = Folder::new(DEADLOCK);
    let done = folder.vex(&["trace", "p.vex", "--seed", "0", "--headless", "--ring", "1MB", "-o", "t.vxt"]);
    assert_eq!(done.status.code(), Some(102));
    assert!(text(&done.stderr).contains("on a finding: wrote t.vxt"), "{}", text(&done.stderr));
    assert_eq!(open(&folder.path("t.vxt")).findings().len(), 1);
}

#[test]
fn what_does_not_go_together_is_a_usage_error() {
    let folder = Folder::new(BUSY);
    for (args, says) in [
        (&["--headless"][..], "-o OUT.vxt"),
        (&["--headless", "-o", "-"], "-o OUT.vxt"),
        (&["--headless", "--dump", "--ring", "1MB"], "--ring"),
        (&["--headless", "--ring", "lots", "-o", "t.vxt"], "lots"),
        (&["--headless", "--ring", "1MB"], "-o OUT.vxt"),
    ] {
        let done = folder.vex(&[&["trace", "p.vex"][..], args].concat());
        assert_eq!((done.status.code(), text(&done.stdout)), (Some(2), String::new()), "{args:?}");
        assert!(text(&done.stderr).contains(says), "{args:?}: {}", text(&done.stderr));
    }
}
