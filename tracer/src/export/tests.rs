//! Every format on one small profile written by hand, and on names that try to break out of it.

use super::*;
use crate::about::About;
use crate::event::{Kind, ObjectId, Site, TaskId};
use crate::finding::*;
use crate::profile::*;
use crate::testing::Stream;
use crate::trace::MemoryTrace;
use serde_json::json;
use std::sync::Arc;

/// The bytes of a format.
pub(super) fn bytes(format: Format, trace: Option<&dyn Trace>, profile: &Profile) -> Vec<u8> {
    let mut out = Vec::new();
    write(format, trace, profile, &mut out).unwrap();
    out
}

fn text(format: Format, profile: &Profile) -> String {
    String::from_utf8(bytes(format, None, profile)).unwrap()
}

fn of(durations: &[u64]) -> Distribution {
    let mut out = Distribution::new();
    durations.iter().for_each(|&ns| out.record(ns));
    out
}

/// `main` calls `worker`, which computes for 700 ns in 7 samples and waits: 2 × for `jobs`, once for the lock `counter`, and sleeps.
fn profile_named(worker: &str, file: &str, object: &str) -> Profile {
    let site = |line, column, function: &str| SiteInfo { file: file.into(), line, column, function: function.into() };
    let blocked = |frame, reason: &str, count, ns| BlockedTime { frame, reason: reason.into(), count, ns };
    Profile {
        version: VERSION,
        about: About { title: file.into(), writer: "vex 0.1.0".into(), seed: Some(7), ..About::default() },
        totals: Totals { duration_ns: 2000, blocked_ns: 450, sleeping_ns: 100, ..Totals::default() },
        sites: vec![site(3, 5, "main"), site(12, 9, worker), site(14, 1, worker)],
        frames: vec![
            FrameInfo { site: 0, caller: None },
            FrameInfo { site: 1, caller: Some(0) },
            FrameInfo { site: 2, caller: Some(0) },
        ],
        on_cpu: vec![StackTime { frame: 1, samples: 7, ns: 700 }, StackTime { frame: 0, samples: 1, ns: 100 }],
        blocked: vec![blocked(2, "recv", 2, 400), blocked(1, "lock", 1, 50), blocked(0, "sleep", 1, 100)],
        waits: vec![
            WaitRow { reason: "recv".into(), time: of(&[100, 300]), ..WaitRow::default() },
            WaitRow { reason: "lock".into(), time: of(&[50]), ..WaitRow::default() },
        ],
        waits_by_object: vec![WaitRow {
            reason: "recv".into(),
            object: Some(object.into()),
            time: of(&[100, 300]),
            ..WaitRow::default()
        }],
        locks: vec![LockRow { name: "counter".into(), wait: of(&[50]), hold: of(&[20, 30]), ..LockRow::default() }],
        ..Profile::default()
    }
}

pub(super) fn profile() -> Profile {
    profile_named("worker", "t.vex", "jobs")
}

/// Names that mean something to somebody: to JSON, XML, CSV, shells, terminals, log formats.
pub(super) fn hostile() -> Profile {
    profile_named("wo\"r;k,e\nr</x>&\u{1b}[31m\u{0}\u{7f}\u{fffd}", "a b\\;\t\"<.vex", "j,o b\r\n\"s'")
}

/// `main` sends three values over `jobs`, which has room for one, to `worker#1`, who prints and takes the lock `counter`.
pub(super) fn trace() -> MemoryTrace {
    let mut run = Stream::with_main();
    let jobs = run.make(Kind::ChanMake, 3, "jobs", 1);
    let counter = run.make(Kind::MutexMake, 4, "counter", 0);
    run.line(5).wait(10);
    let worker = run.spawn(1);
    run.line(6).emit(Kind::Send, jobs, 0).wait(10).block(Kind::Send, jobs, 0);
    run.line(10).switch(worker).wait(5).emit(Kind::Recv, jobs, 1).wait(5);
    run.line(11).emit(Kind::Lock, counter, 0).wait(20).text(Kind::Output, "a,\"b\"\n").emit(Kind::Unlock, counter, 0);
    run.line(10).emit(Kind::Recv, jobs, 0).block(Kind::Recv, jobs, 0);
    run.line(7).switch(1).wait(7).emit(Kind::Send, jobs, worker).wait(1).line(8).end(0);
    run.line(12).switch(worker).wait(3).end(0);
    let mut trace = run.trace();
    trace.about = profile().about;
    trace
}

/// The same with names that mean something to somebody.
fn hostile_trace() -> MemoryTrace {
    let mut trace = trace();
    let program = Arc::make_mut(&mut trace.program);
    program.files[0].path = hostile().about.title;
    program.functions[1].name = hostile().sites[1].function.clone();
    program.object_names[0].1 = hostile().waits_by_object[0].object.clone().unwrap();
    trace.about.title = hostile().about.title;
    trace
}

/// A deadlock of two philosophers that took their forks on lines 20 and 21, and wait on 30 and 31; and a panic in `main` on line 40.
fn findings() -> Vec<Finding> {
    let task = |id, nth| TaskRef { id: TaskId(id), function: 2, nth, spawned_at: Site(5) };
    let fork = |nth| ObjectRef { id: ObjectId(nth), kind: ObjectKind::Mutex, made_at: Site(4), nth };
    let blocked = |id, nth, wants, has, line| BlockedTask {
        task: task(id, nth),
        reason: WaitReason::Lock,
        targets: vec![Target::Object(fork(wants))],
        stack: vec![Site(line + 10)],
        since: 100,
        event: None,
        held: vec![(fork(has), Site(line))],
        waits_for: vec![task(5 - id, 3 - nth)],
        missing: None,
    };
    let deadlock = Finding {
        verdict: Verdict::Deadlock,
        message: String::new(),
        culprit: None,
        stack: Vec::new(),
        tasks: vec![blocked(2, 1, 2, 1, 20), blocked(3, 2, 1, 2, 21)],
        cycle: vec![0, 1],
        clock: 120,
        event: None,
        race: None,
    };
    let main = TaskRef { id: TaskId(1), function: 0, nth: 1, spawned_at: Site(0) };
    let panic = Finding {
        verdict: Verdict::Panic,
        message: "no <way> & \u{1b}[1mno\u{0} \"way\"\u{ffff}".to_string(),
        culprit: Some(main),
        stack: vec![Frame { function: 0, site: Site(40) }],
        tasks: Vec::new(),
        cycle: Vec::new(),
        ..deadlock.clone()
    };
    vec![deadlock, panic]
}

/// A run with these findings, and its profile with a red flag.
fn troubled() -> (MemoryTrace, Profile) {
    let (mut trace, mut profile) = (trace(), profile());
    trace.findings = findings();
    let report = crate::report::Report::new(&trace.program, &trace.findings);
    profile.findings = trace.findings.iter().map(|f| serde_json::to_value(report.json(f)).unwrap()).collect();
    profile.flags = vec![Flag {
        rule: "lock-across-wait".into(),
        severity: Severity::Warning,
        sentence: "counter is held across a receive.".into(),
        sites: vec![1, 2],
        count: 3,
        ..Flag::default()
    }];
    (trace, profile)
}

/// Formats that a profile is enough for.
fn of_profiles() -> impl Iterator<Item = Format> {
    Format::ALL.iter().copied().filter(|format| !format.info().events)
}

#[test]
fn names_are_unique_and_found() {
    for (index, &format) in Format::ALL.iter().enumerate() {
        let info = format.info();
        assert_eq!(Format::by_name(info.name), Some(format));
        assert!(!info.doc.is_empty() && !info.extension.is_empty());
        for other in &Format::ALL[index + 1..] {
            assert_ne!(info.name, other.info().name);
            assert_ne!(info.name, other.info().alias);
        }
    }
    assert_eq!(Format::by_name(""), None);
    assert_eq!(Format::by_name("xml"), None);
}

#[test]
fn the_same_profile_gives_the_same_bytes() {
    for format in of_profiles() {
        for profile in [profile(), hostile(), Profile::default()] {
            let once = bytes(format, None, &profile);
            assert!(!once.is_empty() || format == Format::Folded, "{format}");
            assert!(once == bytes(format, None, &profile), "{format}");
            assert!(format.info().binary || std::str::from_utf8(&once).is_ok(), "{format}");
        }
    }
    for &format in Format::ALL {
        for trace in [trace(), hostile_trace(), MemoryTrace::default()] {
            let once = bytes(format, Some(&trace), &profile());
            assert!(!once.is_empty() && once == bytes(format, Some(&trace), &profile()), "{format}");
        }
    }
}

#[test]
fn a_format_of_events_needs_a_trace() {
    for &format in Format::ALL.iter().filter(|format| format.info().events) {
        let error = write(format, None, &profile(), &mut Vec::new()).unwrap_err();
        assert!(matches!(error, Error::NeedsEvents(said) if said == format));
        assert!(error.to_string().contains(format.info().name));
    }
}

#[test]
fn a_full_disk_is_an_error() {
    struct Full;
    impl Write for Full {
        fn write(&mut self, _: &[u8]) -> io::Result<usize> {
            Err(io::ErrorKind::StorageFull.into())
        }
        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }
    for &format in Format::ALL {
        let written = write(format, Some(&trace()), &profile(), &mut Full);
        assert!(matches!(written, Err(Error::Io(_))), "{format}: {written:?}");
    }
}

#[test]
fn stacks_that_lead_nowhere_end() {
    let mut profile = profile();
    profile.frames[0].caller = Some(2);
    profile.frames[1].caller = Some(1);
    profile.frames[2].site = 99;
    profile.on_cpu[0].frame = 77;
    profile.on_cpu[1].ns = u64::MAX;
    of_profiles().for_each(|format| drop(bytes(format, None, &profile)));
}

#[test]
fn folded_stacks() {
    assert_eq!(
        text(Format::Folded, &profile()),
        "on-cpu;main (t.vex:3);worker (t.vex:12) 700\n\
         on-cpu;main (t.vex:3) 100\n\
         off-cpu;main (t.vex:3);worker (t.vex:14);[recv] 400\n\
         off-cpu;main (t.vex:3);worker (t.vex:12);[lock] 50\n\
         off-cpu;main (t.vex:3);[sleep] 100\n"
    );
    let text = text(Format::Folded, &hostile());
    assert_eq!(text.lines().count(), 5);
    assert!(
        text.lines()
            .all(|line| line.split(';').count() <= 4 && line.rsplit(' ').next().unwrap().parse::<u64>().is_ok())
    );
}

#[test]
fn a_flame_graph_is_drawn_of_folded_stacks() {
    let mut options = inferno::flamegraph::Options::default();
    options.count_name = "ns".into();
    let mut svg = Vec::new();
    let folded = bytes(Format::Folded, None, &profile());
    inferno::flamegraph::from_reader(&mut options, &folded[..], &mut svg).unwrap();
    let svg = String::from_utf8(svg).unwrap();
    for frame in ["on-cpu (800 ns, 59.26%)", "worker (t.vex:12) (700 ns, 51.85%)", "[recv] (400 ns, 29.63%)"] {
        assert!(svg.contains(&format!("<title>{frame}</title>")), "{frame}");
    }
}

#[test]
fn without_samples_there_are_the_times_of_places() {
    let mut profile = profile();
    profile.waits_by_site =
        vec![WaitRow { reason: "recv".into(), site: Some(2), time: of(&[100, 300]), ..WaitRow::default() }];
    profile.by_site = vec![SiteTime { site: 1, on_cpu_ns: 600, ..SiteTime::default() }];
    (profile.frames, profile.on_cpu, profile.blocked) = (Vec::new(), Vec::new(), Vec::new());
    assert_eq!(text(Format::Folded, &profile), "on-cpu;worker (t.vex:12) 600\noff-cpu;worker (t.vex:14);[recv] 400\n");
}

#[test]
fn speedscope_frames_and_weights() {
    let document: serde_json::Value = serde_json::from_str(&text(Format::Speedscope, &profile())).unwrap();
    let frames = document["shared"]["frames"].as_array().unwrap();
    let names: Vec<&str> = frames.iter().map(|frame| frame["name"].as_str().unwrap()).collect();
    assert_eq!(names, ["main", "worker", "worker", "?", "[recv]", "[lock]", "[sleep]"]);
    assert_eq!(frames[1], json!({"name": "worker", "file": "t.vex", "line": 12, "col": 9}));
    let profiles = document["profiles"].as_array().unwrap();
    assert_eq!(profiles[0]["samples"], json!([[0, 1], [0]]));
    assert_eq!(profiles[0]["weights"], json!([700, 100]));
    assert_eq!(profiles[0]["endValue"], 800);
    assert_eq!(profiles[1]["samples"], json!([[0, 2, 4], [0, 1, 5], [0, 6]]));
}

#[test]
fn histograms_with_tags() {
    let log = text(Format::Hlog, &profile());
    let lines: Vec<&str> = log.lines().filter(|line| !line.starts_with('#')).collect();
    let tags: Vec<&str> = lines.iter().map(|line| line.split(',').next().unwrap()).collect();
    assert_eq!(
        tags,
        ["Tag=wait/recv", "Tag=wait/lock", "Tag=wait/recv/jobs", "Tag=lock-wait/counter", "Tag=lock-hold/counter"]
    );
    assert!(lines.iter().all(|line| line.split(',').count() == 5), "{log}");
    let log = text(Format::Hlog, &hostile());
    let lines: Vec<&str> = log.lines().filter(|line| !line.starts_with('#')).collect();
    assert!(lines.len() == 5 && lines.iter().all(|line| line.split(',').count() == 5), "{log}");
}

#[test]
fn the_document_comes_back() {
    for profile in [profile(), hostile()] {
        assert_eq!(serde_json::from_str::<Profile>(&text(Format::Json, &profile)).unwrap(), profile);
    }
}

#[test]
fn rows_of_events() {
    let trace = trace();
    let table = String::from_utf8(bytes(Format::Csv, Some(&trace), &profile())).unwrap();
    let lines: Vec<&str> = table.split("\r\n").collect();
    assert!(lines[0].starts_with("event,time_ns,clock,worker,task,task_name,kind,blocked,file,line,column,object,"));
    assert_eq!(lines.len(), trace.len() as usize + 2);
    assert_eq!(lines[3], "2,0,0,0,1,main,chan.make,false,t.vex,3,5,1,channel,jobs,,,1,capacity,,,");
    assert_eq!(lines[5], "4,10,10,0,1,main,task.spawn,false,t.vex,5,5,,,,2,worker#1,1,function,,,worker");
    assert_eq!(lines[7], "6,20,20,0,1,main,chan.send,true,t.vex,6,5,1,channel,jobs,,,,,,,");
    assert_eq!(lines[9], "8,25,25,0,2,worker#1,chan.recv,false,t.vex,10,5,1,channel,jobs,1,main,,,,,");
    assert_eq!(lines[11], "10,50,50,0,2,worker#1,output,false,t.vex,11,5,,,,,,,,,,\"a,\"\"b\"\"\n\"");
}

#[test]
fn rows_of_some_times() {
    let (trace, profile) = (trace(), profile());
    let input = Input { range: 20..25, ..Input::new(Some(&trace), &profile) };
    let mut out = Vec::new();
    write_input(Format::Csv, &input, &mut out).unwrap();
    let ordinals: Vec<String> =
        ::csv::Reader::from_reader(&out[..]).records().map(|row| row.unwrap()[0].into()).collect();
    assert_eq!(ordinals, ["6", "7"]);
}

#[test]
fn hostile_names_stay_in_their_cells() {
    let trace = hostile_trace();
    let table = bytes(Format::Csv, Some(&trace), &profile());
    let mut reader = ::csv::Reader::from_reader(&table[..]);
    let rows: Vec<_> = reader.records().map(|row| row.unwrap()).collect();
    assert_eq!(rows.len() as u64, trace.len());
    assert_eq!(rows[8].get(5).unwrap(), format!("{}#1", hostile().sites[1].function));
    assert_eq!(rows[8].get(13), hostile().waits_by_object[0].object.as_deref());
    assert_eq!(rows[8].get(8).unwrap(), hostile().about.title);
}

#[test]
fn a_deadlock_has_a_thread_flow_for_each_task() {
    let (trace, profile) = troubled();
    let document: serde_json::Value = serde_json::from_slice(&bytes(Format::Sarif, Some(&trace), &profile)).unwrap();
    let results = document["runs"][0]["results"].as_array().unwrap();
    let ids: Vec<&str> = results.iter().map(|result| result["ruleId"].as_str().unwrap()).collect();
    assert_eq!(ids, ["deadlock", "panic", "lock-across-wait"]);
    let flows = results[0]["codeFlows"][0]["threadFlows"].as_array().unwrap();
    let of = |flow: &serde_json::Value| {
        let steps = flow["locations"].as_array().unwrap().iter().map(|step| {
            let line = &step["location"]["physicalLocation"]["region"]["startLine"];
            format!("{line}: {}", step["location"]["message"]["text"].as_str().unwrap())
        });
        steps.collect::<Vec<_>>()
    };
    let first = [
        "5: phil#1 is spawned",
        "20: phil#1 takes mutex counter#1",
        "30: phil#1 waits to lock mutex counter#2 and holds mutex counter#1",
    ];
    assert_eq!(of(&flows[0]), first);
    assert_eq!((flows.len(), of(&flows[1])[2].split(' ').next()), (2, Some("31:")));
    assert_eq!(results[1]["stacks"][0]["frames"][0]["location"]["logicalLocations"][0]["name"], "main");
    assert_eq!(results[2]["relatedLocations"].as_array().unwrap().len(), 1);
    // From the profile alone there are the places where they wait.
    let document: serde_json::Value = serde_json::from_str(&text(Format::Sarif, &profile)).unwrap();
    let flows = document["runs"][0]["results"][0]["codeFlows"][0]["threadFlows"].as_array().unwrap();
    assert_eq!(of(&flows[0]), ["30: phil#1 waits (lock) for mutex counter#2 and holds mutex counter#1"]);
}

#[test]
fn files_are_references() {
    let (trace, mut profile) = troubled();
    profile.sites[1].file = "/a b/ü%.vex".into();
    let document: serde_json::Value = serde_json::from_slice(&bytes(Format::Sarif, Some(&trace), &profile)).unwrap();
    let place = &document["runs"][0]["results"][2]["locations"][0]["physicalLocation"];
    assert_eq!(place["artifactLocation"]["uri"], "file:///a%20b/%C3%BC%25.vex");
}

#[test]
fn test_cases_for_findings_and_budget_lines() {
    let (trace, profile) = troubled();
    let line = |name: &str, passed, verdict: &str| BudgetLine { name: name.into(), passed, verdict: verdict.into() };
    let budget = [line("rate.send", true, "12M/s, at least 10M/s"), line("p99 <recv>", false, "2 ms, at most 1 ms")];
    let input = Input { budget: &budget, ..Input::new(Some(&trace), &profile) };
    let mut out = Vec::new();
    write_input(Format::Junit, &input, &mut out).unwrap();
    let xml = String::from_utf8(out).unwrap();
    for part in [
        "<testsuite name=\"findings\" tests=\"7\" skipped=\"0\" errors=\"0\" failures=\"2\"",
        "<failure message=\"no &lt;way&gt; &amp; no &quot;way&quot;\" type=\"panic\">",
        "t.vex:20:5: phil#1 takes mutex counter#1",
        "lock-across-wait: counter is held across a receive.",
        "<testsuite name=\"budget\" tests=\"2\" skipped=\"0\" errors=\"0\" failures=\"1\"",
        "<testcase name=\"p99 &lt;recv&gt;\" classname=\"t.vex\">",
        "<failure message=\"2 ms, at most 1 ms\" type=\"over-budget\"/>",
    ] {
        assert!(xml.contains(part), "{part} is not in\n{xml}");
    }
    // Jenkins' schema has this on suites alone.
    assert!(!xml.split("<testsuite ").next().unwrap().contains("skipped"), "{xml}");
    assert!(!xml.contains(['\u{1b}', '\u{0}', '\u{ffff}']));
}

#[test]
fn firefox_threads_and_weights() {
    let document: serde_json::Value = serde_json::from_str(&text(Format::Firefox, &profile())).unwrap();
    let threads = document["threads"].as_array().unwrap();
    let named = |name: &str| threads.iter().find(|thread| thread["name"] == *name).unwrap();
    assert_eq!(named("on-CPU")["samples"]["weight"], json!([0.0007, 0.0001]));
    assert_eq!(named("off-CPU")["samples"]["weight"], json!([0.0004, 0.00005, 0.0001]));
    assert!(named("off-CPU")["stringArray"].as_array().unwrap().contains(&"[recv]".into()));
}

/// The trace of Chrome's form: what there is of each phase.
#[test]
fn chrome_slices_flows_and_counters() {
    let document: serde_json::Value =
        serde_json::from_slice(&bytes(Format::Chrome, Some(&trace()), &profile())).unwrap();
    let events = document["traceEvents"].as_array().unwrap();
    let of = |phase: &'static str| events.iter().filter(move |event| event["ph"] == phase);
    let slices: Vec<String> = of("X")
        .map(|slice| {
            let (task, at) = (&slice["tid"], slice["args"]["at"].as_str().unwrap_or("?"));
            format!("{task} {}+{} {} {at}", slice["ts"], slice["dur"], slice["name"].as_str().unwrap())
        })
        .collect();
    assert_eq!(
        slices,
        [
            "1 0.0+0.0 ready ?",
            "1 0.0+0.02 running ?",
            "2 0.01+0.01 ready t.vex:5:5",
            "1 0.02+0.005 waits to send to jobs t.vex:6:5",
            "2 0.02+0.03 running t.vex:5:5",
            "1 0.025+0.025 ready t.vex:6:5",
            "2 0.05+0.007 waits to receive from jobs t.vex:10:5",
            "1 0.05+0.008 running t.vex:6:5",
            "2 0.057+0.001 ready t.vex:10:5",
            "2 0.058+0.003 running t.vex:10:5",
        ]
    );
    // A flow ends once for each that begins: three values, the spawn, and two who are woken.
    let ids = |phase: &'static str| {
        of(phase).map(|flow| flow["id"].as_u64().unwrap()).collect::<std::collections::BTreeSet<_>>()
    };
    assert!(ids("f").is_subset(&ids("s")), "{:?} {:?}", ids("f"), ids("s"));
    assert_eq!(ids("s").len(), 5);
    let lengths: Vec<u64> = of("C").filter_map(|counter| counter["args"]["length"].as_u64()).collect();
    assert_eq!(lengths, [0, 1, 0]);
    assert_eq!(of("i").map(|instant| instant["args"]["about"].clone()).collect::<Vec<_>>(), [json!("a,\"b\"\n")]);
    let names: Vec<_> =
        of("M").filter(|event| event["name"] == "thread_name").map(|event| &event["args"]["name"]).collect();
    assert_eq!(names, ["main", "worker#1"]);
}

#[test]
fn a_timeline_of_some_times_begins_with_what_was_going_on() {
    let (trace, profile) = (trace(), profile());
    let input = Input { range: 22..51, ..Input::new(Some(&trace), &profile) };
    let mut out = Vec::new();
    write_input(Format::Chrome, &input, &mut out).unwrap();
    let document: serde_json::Value = serde_json::from_slice(&out).unwrap();
    let slices = document["traceEvents"].as_array().unwrap().iter().filter(|event| event["ph"] == "X");
    let slices: Vec<String> =
        slices.map(|slice| format!("{} {}+{}", slice["tid"], slice["ts"], slice["dur"])).collect();
    assert_eq!(slices, ["1 0.022+0.003", "2 0.022+0.028", "1 0.025+0.025", "1 0.05+0.001", "2 0.05+0.001"]);
}
