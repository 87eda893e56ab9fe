//! `vex export`: what goes where, and what it says when it cannot.

use std::path::Path;
use std::process::{Command, Output, Stdio};
use tracer::event::Kind;
use tracer::export::Format;
use tracer::file::{FileWriter, Header};
use tracer::testing::Stream;
use tracer::trace::Trace;

/// A trace of `main`, who sends 40 values over `jobs` to `worker#1`, 10 ns each; gives how many events it has.
fn record(path: &Path) -> u64 {
    let mut run = Stream::with_main();
    let jobs = run.make(Kind::ChanMake, 3, "jobs", 0);
    let worker = run.spawn(1);
    run.line(12).switch(worker);
    for _ in 0..40 {
        run.line(12).block(Kind::Recv, jobs, 0).line(7).switch(1).wait(10).emit(Kind::Send, jobs, worker);
        run.emit(Kind::Yield, 0, 0).line(12).switch(worker);
    }
    run.end(0).line(8).switch(1).end(0);
    let trace = run.trace();
    let header = Header { program: trace.program.clone(), ..Header::default() };
    let mut file = FileWriter::create(path, &header).expect("a scratch file");
    trace.chunks.iter().for_each(|chunk| file.push(chunk).expect("room on the disk"));
    let ending = trace.ending.clone().expect("it ended");
    file.finish(ending, &[], &[]).expect("room on the disk");
    trace.len()
}

fn vex(folder: &Path, args: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_vex"));
    command.current_dir(folder).args(args).stdin(Stdio::null()).output().expect("the binary starts")
}

fn lossy(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

#[test]
fn every_format_goes_to_a_file_and_to_standard_output_alike() {
    let folder = tempfile::tempdir().expect("a scratch folder");
    let events = record(&folder.path().join("t.vxt"));
    for format in Format::ALL {
        let name = format.info().name;
        let out = vex(folder.path(), &["export", "t.vxt", "--format", name]);
        assert_eq!((out.status.code(), lossy(&out.stderr).as_str()), (Some(0), ""), "{name}");
        let file = vex(folder.path(), &["export", "t.vxt", "--format", name, "-o", "out"]);
        assert_eq!((file.status.code(), lossy(&file.stdout).as_str()), (Some(0), ""), "{name}");
        let written = std::fs::read(folder.path().join("out")).expect("the file");
        assert!(!written.is_empty() && written == out.stdout, "{name}");
        if *format == Format::Csv {
            assert_eq!(lossy(&written).lines().count() as u64, events + 1);
        }
    }
}

#[test]
fn a_range_keeps_its_events_and_is_not_for_profiles() {
    let folder = tempfile::tempdir().expect("a scratch folder");
    record(&folder.path().join("t.vxt"));
    // The range is in half of the forty values: ten a hundred nanoseconds.
    let out = vex(folder.path(), &["export", "t.vxt", "--format", "csv", "--range", "100ns..200ns"]);
    let sends = lossy(&out.stdout).lines().filter(|line| line.contains("chan.send")).count();
    assert_eq!((out.status.code(), sends), (Some(0), 10));
    for args in [
        &["--format", "folded", "--range", "1ms.."][..],
        &["--format", "csv", "--range", "2ms..1ms"],
        &["--format", "xls"],
        &[],
    ] {
        let out = vex(folder.path(), &[&["export", "t.vxt"], args].concat());
        assert_eq!((out.status.code(), lossy(&out.stdout).as_str()), (Some(2), ""), "{args:?}");
        assert!(!out.stderr.is_empty(), "{args:?}");
    }
}

#[test]
fn a_profile_is_converted_where_events_are_not_needed() {
    let folder = tempfile::tempdir().expect("a scratch folder");
    record(&folder.path().join("t.vxt"));
    let made = vex(folder.path(), &["export", "t.vxt", "--format", "json", "-o", "p.json"]);
    assert_eq!(made.status.code(), Some(0), "{}", lossy(&made.stderr));
    for format in Format::ALL.iter().map(|format| format.info()) {
        let direct = vex(folder.path(), &["export", "t.vxt", "--format", format.name]);
        let out = vex(folder.path(), &["export", "p.json", "--format", format.name]);
        let (code, said) = (out.status.code(), lossy(&out.stderr));
        if format.events {
            assert_eq!(code, Some(66), "{}: {said}", format.name);
            assert!(said.contains("events of a trace"), "{said}");
        } else {
            assert_eq!((code, said.as_str()), (Some(0), ""), "{}", format.name);
            assert!(out.stdout == direct.stdout, "{}", format.name);
        }
    }
}

#[test]
fn what_is_no_trace_is_66() {
    let folder = tempfile::tempdir().expect("a scratch folder");
    for (name, text) in
        [("empty", ""), ("text", "no trace"), ("document.json", "{\"version\": \"one\"}"), ("half.json", "{\"ver")]
    {
        std::fs::write(folder.path().join(name), text).expect("a scratch file");
        let out = vex(folder.path(), &["export", name, "--format", "folded", "-o", "out"]);
        assert_eq!(out.status.code(), Some(66), "{name}: {}", lossy(&out.stderr));
        assert!(lossy(&out.stderr).starts_with("vex: "), "{name}");
        assert!(!folder.path().join("out").exists(), "{name}");
    }
    let out = vex(folder.path(), &["export", "nowhere.vxt", "--format", "csv"]);
    assert_eq!(out.status.code(), Some(66));
}
