//! `vex view` on a real pseudo-terminal: recorded traces open in every view, whole or cut off, and what is no trace is refused.

mod pty;

use pty::Vex;
use std::path::PathBuf;
use std::process::Command;
use std::sync::Arc;
use tracer::about::{About, Ending};
use tracer::file::{FileWriter, Header, SUMMARIES, TraceFile};
use tracer::finding::Verdict;
use tracer::testing::large::{Shape, program, run};

/// A place for a file of this test's own.
fn scratch(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(name)
}

/// Writes a made-up trace of so many events.
fn record(name: &str, events: u64) -> PathBuf {
    let path = scratch(name);
    let about = About {
        title: "dir/large.vex".to_string(),
        seed: Some(7),
        started: Some(1_764_000_000_000),
        ..About::default()
    };
    let mut writer = FileWriter::create(&path, &Header { about, program: Arc::new(program()) }).expect("a file");
    run(events, Shape { producers: 2, workers: 3, spawned: 1 }, |chunk| writer.push(chunk).expect("it is written"));
    let ending = Ending {
        verdict: Verdict::Ok,
        exit_code: 0,
        program_exit_code: Some(0),
        clock: 0,
        dropped: 0,
        note: String::new(),
    };
    writer.finish(ending, &[], &[]).expect("it is finished");
    path
}

fn text(path: &std::path::Path) -> &str {
    path.to_str().expect("a plain path")
}

#[test]
fn every_view_shows_a_recording() {
    let path = record("whole.vxt", 40_000);
    let mut vex = Vex::start_as("view", (140, 40), &[text(&path)], &[]);
    vex.shows_all(&["large.vex", "finished ok", "recording", "produce#1", "work#1", "│"]);
    vex.keys("2");
    vex.shows_all(&["jobs", "results", "occupancy over time"]);
    vex.keys("3");
    vex.shows_all(&["total", "taken"]);
    vex.keys("4");
    vex.shows("Waits");
    vex.keys("6");
    vex.shows_all(&["channel send/recv", "mutex lock/unlock"]);
    vex.keys("8");
    vex.shows("jobs.send(1)");
    vex.keys("9");
    vex.shows("written nothing");
    vex.keys("0");
    vex.shows("events 0 –");
    vex.keys(":20000\r");
    vex.shows_all(&["event 20 000", "20 000"]);
    // What led here, and what it led to.
    vex.keys("n");
    vex.shows("because");
    vex.keys("1");
    vex.keys("++++++++");
    vex.shows("a cell");
    vex.keys(" ");
    vex.shows("this is a recording: there is no program to pause, step or slow down");
    vex.keys("q");
    assert_eq!(vex.ends_and_gives_back().exit_code(), 0);
}

#[test]
fn a_large_trace_gets_its_summary_once() {
    let path = record("large.vxt", (1 << 20) + 1000);
    assert!(tracer::archive::lacks_summary(&TraceFile::open(&path).expect("a trace")));
    for _ in 0..2 {
        let mut vex = Vex::start_as("view", (100, 30), &[text(&path)], &[]);
        vex.shows_all(&["finished ok", "1 049 ", "work#1"]);
        let file = TraceFile::open(&path).expect("a trace");
        assert!(!tracer::archive::lacks_summary(&file) && file.section(SUMMARIES).is_some());
        vex.keys("q");
        assert_eq!(vex.ends_and_gives_back().exit_code(), 0);
    }
    std::fs::remove_file(path).expect("it was there");
}

#[test]
fn a_trace_that_was_cut_off_is_shown_as_far_as_it_goes() {
    let path = record("cut.vxt", 30_000);
    let bytes = std::fs::read(&path).expect("a file");
    std::fs::write(&path, &bytes[..bytes.len() * 2 / 3]).expect("a shorter file");
    let mut vex = Vex::start_as("view", (140, 30), &[text(&path)], &[]);
    vex.shows_all(&["○ cut off", "was cut off after event", "work#1"]);
    // Any key takes the message away.
    vex.keys("f");
    vex.until("no message", |screen| !screen.contains("was cut off after event"));
    vex.keys("q");
    vex.shows("was cut off after event");
    assert_eq!(vex.ends_and_gives_back().exit_code(), 0);
}

#[test]
fn what_is_no_trace_and_what_is_no_terminal_is_said() {
    let vex = |args: &[&str]| {
        let output = Command::new(env!("CARGO_BIN_EXE_vex")).args(args).output().expect("vex runs");
        (output.status.code(), String::from_utf8_lossy(&output.stderr).into_owned())
    };
    let (code, said) = vex(&["view", "Cargo.toml"]);
    assert_eq!(code, Some(66), "{said}");
    assert!(said.contains("is not a trace file"), "{said}");
    let (code, said) = vex(&["view", "nowhere.vxt"]);
    assert_eq!(code, Some(66), "{said}");
    assert!(said.contains("cannot read nowhere.vxt"), "{said}");
    let path = record("small.vxt", 100);
    let (code, said) = vex(&["view", text(&path)]);
    assert_eq!(code, Some(2), "{said}");
    assert!(said.contains("needs a terminal"), "{said}");
    assert_eq!(vex(&["view"]).0, Some(2));
}
