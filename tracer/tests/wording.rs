//! Dumps and reports as golden texts. `UPDATE=1 cargo test -p tracer --test wording` writes them anew.

use std::path::Path;
use tracer::dump;
use tracer::event::{Kind, ObjectId, Site, TaskId};
use tracer::finding::{
    BlockedTask, Finding, Frame, Missing, ObjectKind, ObjectRef, Target, TaskRef, Verdict, WaitReason,
};
use tracer::names;
use tracer::report::Report;
use tracer::store::Store;
use tracer::testing::Stream;

fn golden(name: &str, text: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden").join(name);
    if std::env::var_os("UPDATE").is_some() {
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, text).unwrap();
    }
    let found = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(found == text, "{name} differs; now it is\n{text}");
}

/// A run with an event of every kind, in an order that makes some sense.
fn of_every_kind() -> Stream {
    let mut s = Stream::with_main();
    let jobs = s.make(Kind::ChanMake, 3, "jobs", 2);
    let locks = [s.make(Kind::MutexMake, 4, "fork", 0), s.make(Kind::MutexMake, 4, "fork", 0)];
    let worker = s.line(9).spawn(1);
    s.wait(10).line(10).block(Kind::Recv, jobs, 0).switch(worker);
    s.wait(5).line(20).emit(Kind::Send, jobs, 1).emit(Kind::Send, jobs, 0).emit(Kind::Lock, locks[1], 0);
    s.text(Kind::Output, "a \"quoted\" line\n\ttabbed \\ \u{1b}[31m ünï\n").emit(Kind::Preempt, 0, 0);
    s.switch(1).wait(6_000_000_000).line(0);
    for &kind in Kind::ALL {
        let ends = matches!(
            kind,
            Kind::TaskEnd | Kind::Switch | Kind::TaskSpawn | Kind::AsyncSpawn | Kind::ClockJump | Kind::Anchor
        );
        match kind {
            _ if ends => {}
            Kind::Output | Kind::ErrorOutput | Kind::Panic | Kind::Marker => {
                s.wait(1).line(40).text(kind, "text");
            }
            _ => {
                // Whatever makes an object gets a number of its own for it.
                let makes = kind.name().ends_with("make") || matches!(kind, Kind::Sleep | Kind::TimerSet);
                s.wait(1).line(40).emit(kind, if makes { 100 + kind as u32 } else { 2 }, 1);
            }
        }
    }
    s.end(worker);
    s
}

#[test]
fn a_dump_has_a_line_for_every_event() {
    let store = of_every_kind().store();
    let mut out = Vec::new();
    dump::dump(&store, 0..store.len(), &mut out).unwrap();
    let text = String::from_utf8(out).unwrap();
    assert_eq!(text.lines().count() as u64, store.len());
    golden("dump.txt", &text);
    assert_eq!(dump::dump_hash(&store), dump::dump_hash(&of_every_kind().store()));
    let mut other = of_every_kind();
    other.text(Kind::Output, "more");
    assert_ne!(dump::dump_hash(&store), dump::dump_hash(&other.store()));
}

fn task(id: u32, function: u32, nth: u32) -> TaskRef {
    TaskRef { id: TaskId(id), function, nth, spawned_at: Site(30) }
}

fn object(id: u32, kind: ObjectKind, line: u32, nth: u32) -> ObjectRef {
    ObjectRef { id: ObjectId(id), kind, made_at: Site(line), nth }
}

fn blocked(task: TaskRef, reason: WaitReason, targets: Vec<Target>, line: u32) -> BlockedTask {
    BlockedTask {
        task,
        reason,
        targets,
        stack: vec![Site(line)],
        since: 4_200_000,
        event: None,
        held: Vec::new(),
        waits_for: Vec::new(),
        missing: None,
    }
}

fn finding(verdict: Verdict, tasks: Vec<BlockedTask>) -> Finding {
    Finding {
        verdict,
        message: String::new(),
        culprit: None,
        stack: Vec::new(),
        tasks,
        cycle: Vec::new(),
        clock: 5_000_000,
        event: Some(309),
        race: None,
    }
}

/// A program with names for the objects of the findings.
fn named() -> Store {
    let mut s = Stream::new();
    s.make(Kind::ChanMake, 3, "jobs", 0);
    s.make(Kind::MutexMake, 4, "fork", 0);
    s.make(Kind::WaitGroupMake, 5, "wg", 0);
    s.store()
}

fn philosophers() -> Finding {
    let fork = |nth: u32| object(10 + nth, ObjectKind::Mutex, 4, nth);
    let mut tasks = vec![blocked(
        task(1, 0, 1),
        WaitReason::WaitGroup,
        vec![Target::Object(object(9, ObjectKind::WaitGroup, 5, 1))],
        33,
    )];
    for nth in 1..=4 {
        let next = nth % 4 + 1;
        let mut phil = blocked(task(1 + nth, 2, nth), WaitReason::Lock, vec![Target::Object(fork(next))], 14);
        phil.held = vec![(fork(nth), Site(13))];
        phil.waits_for = vec![task(1 + next, 2, next)];
        phil.stack.push(Site(24));
        tasks.push(phil);
    }
    let mut found = finding(Verdict::Deadlock, tasks);
    found.cycle = vec![1, 2, 3, 4];
    found.culprit = Some(task(4, 2, 3));
    found
}

fn orphan() -> Finding {
    let mut worker =
        blocked(task(4, 1, 3), WaitReason::Recv, vec![Target::Object(object(2, ObjectKind::Channel, 3, 1))], 12);
    worker.missing = Some(Missing { task: task(1, 0, 1), ended_at: Site(41) });
    let mut selecting = blocked(
        task(5, 1, 4),
        WaitReason::Select,
        vec![
            Target::Object(object(2, ObjectKind::Channel, 3, 1)),
            Target::Object(object(7, ObjectKind::Channel, 77, 1)),
            Target::Task(task(6, 2, 1)),
        ],
        17,
    );
    selecting.waits_for = vec![task(6, 2, 1)];
    let empty = blocked(task(6, 2, 1), WaitReason::Select, Vec::new(), 18);
    let join = blocked(task(7, 2, 2), WaitReason::Await, vec![Target::Task(task(6, 2, 1))], 19);
    finding(Verdict::Leak, vec![worker, selecting, empty, join])
}

fn alone() -> Finding {
    let m = object(3, ObjectKind::Mutex, 4, 1);
    let mut main = blocked(task(1, 0, 1), WaitReason::Lock, vec![Target::Object(m)], 8);
    main.held = vec![(m, Site(7))];
    main.waits_for = vec![main.task];
    let mut found = finding(Verdict::Deadlock, vec![main]);
    found.cycle = vec![0];
    found
}

fn panic() -> Finding {
    let mut found = finding(Verdict::Panic, Vec::new());
    found.message = "division by zero".to_string();
    found.culprit = Some(task(4, 1, 3));
    found.stack = vec![Frame { function: 2, site: Site(12) }, Frame { function: 1, site: Site(20) }];
    found
}

#[test]
fn findings_are_reported_in_words_and_in_json() {
    let store = named();
    let mut out = String::new();
    for found in [philosophers(), orphan(), alone(), panic()] {
        let findings = [found];
        let report = Report::new(store.program(), &findings);
        out.push_str(&report.text(&findings[0]));
        out.push('\n');
        out.push_str(&serde_json::to_string_pretty(&report.json(&findings[0])).unwrap());
        out.push_str("\n\n");
    }
    golden("reports.txt", &out);
}

#[test]
fn durations_have_three_digits_and_a_unit() {
    let cases = [
        (0, "0 ns"),
        (999, "999 ns"),
        (1000, "1.00 µs"),
        (9_994, "9.99 µs"),
        (9_999, "10.0 µs"),
        (15_000, "15.0 µs"),
        (312_400, "312 µs"),
        (999_900, "1.00 ms"),
        (4_200_000, "4.20 ms"),
        (2_500_000_000, "2.50 s"),
        (59_940_000_000, "59.9 s"),
        (59_990_000_000, "1 min 0 s"),
        (90_000_000_000, "1 min 30 s"),
    ];
    for (nanoseconds, text) in cases {
        assert_eq!(names::duration(nanoseconds), text);
    }
    assert_eq!([0, 999, 10_200, 1_234_567].map(names::count), ["0", "999", "10 200", "1 234 567"]);
}
