//! Rust programs that record themselves: the Tokio service of `examples/rust`, built and run as a user would, and what vex reads
//! out of its traces.

use std::path::{Path, PathBuf};
use std::process::Command;
use tracer::causal;
use tracer::event::{Kind, ObjectId, Site, TaskId};
use tracer::events::Event;
use tracer::file::TraceFile;
use tracer::finding::{Finding, Target, Verdict};
use tracer::names;
use tracer::store::Store;
use tracer::trace::Trace;

/// Builds the example. `None`, with a word on why, where its dependencies cannot be had.
fn build() -> Option<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/rust");
    let target = Path::new(env!("CARGO_TARGET_TMPDIR")).join("rust-programs");
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let built = Command::new(cargo)
        .args(["build", "--quiet", "--target-dir"])
        .arg(&target)
        // From its folder, whose `.cargo/config.toml` counts; flags in the environment would be in place of those.
        .current_dir(&folder)
        .env_remove("RUSTFLAGS")
        .env_remove("CARGO_ENCODED_RUSTFLAGS")
        .env_remove("CARGO_BUILD_TARGET")
        .output()
        .expect("cargo starts");
    let said = String::from_utf8_lossy(&built.stderr);
    let unreachable = ["failed to download", "failed to get", "failed to query", "offline", "Could not resolve host"];
    if !built.status.success() && unreachable.iter().any(|sign| said.contains(sign)) {
        eprintln!("SKIPPED: the crates of examples/rust are not here and cannot be downloaded:\n{said}");
        return None;
    }
    assert!(built.status.success(), "the example does not compile:\n{said}");
    Some(target.join("debug/service"))
}

/// What the program recorded in this mode.
struct Recorded {
    store: Store,
    findings: Vec<Finding>,
    verdict: Verdict,
    dropped: u64,
}

fn run(program: &Path, mode: &str) -> Recorded {
    let folder = tempfile::tempdir().expect("a scratch folder");
    let path = folder.path().join("out.vxt");
    let ran = Command::new(program).arg(mode).arg(&path).current_dir("examples/rust").output().expect("it starts");
    let said = String::from_utf8_lossy(&ran.stdout);
    assert!(ran.status.success() && said.contains(" events, "), "{said}{}", String::from_utf8_lossy(&ran.stderr));
    let file = TraceFile::open(&path).expect("a trace");
    assert_eq!(file.warnings(), [] as [&str; 0]);
    let mut store = Store::new(file.program().clone());
    file.each(&mut |chunk| store.push(chunk)).expect("readable");
    store.set_findings(file.findings().to_vec());
    let ending = file.ending().expect("it was finished");
    let violations = causal::check_foreign(store.events(0..store.len()));
    assert_eq!(violations, [], "in {mode}");
    Recorded { findings: store.findings().to_vec(), verdict: ending.verdict, dropped: ending.dropped, store }
}

impl Recorded {
    fn events(&self) -> impl Iterator<Item = Event<'_>> {
        self.store.events(0..self.store.len())
    }

    fn task(&self, name: &str) -> TaskId {
        let ids = (1..=self.store.tasks().created() as u32).map(TaskId);
        ids.clone().find(|&id| self.store.task_name(id) == name).unwrap_or_else(|| {
            let names: Vec<String> = ids.map(|id| self.store.task_name(id)).collect();
            panic!("no task {name} among {names:?}")
        })
    }

    fn object(&self, name: &str) -> ObjectId {
        let found = self.store.objects().iter().find(|(id, _)| self.store.object_name(*id) == name);
        found.unwrap_or_else(|| panic!("no object {name}")).0
    }

    /// The text of the line that a site is in.
    fn line(&self, site: Site) -> String {
        let program = self.store.program();
        let place = program.place(site).unwrap_or_else(|| panic!("site {} has no place", site.0));
        let file = &program.files[place.file as usize];
        assert_eq!(file.path, "src/main.rs");
        file.text.lines().nth(place.line as usize - 1).unwrap_or_default().trim().to_string()
    }

    fn count(&self, is: impl Fn(&Event<'_>) -> bool) -> usize {
        self.events().filter(is).count()
    }
}

fn the_service(program: &Path) {
    let run = run(program, "service");
    assert_eq!((run.verdict, run.findings.len(), run.dropped), (Verdict::Ok, 0, 0));

    // Tasks: by name, from where, by whom; all have ended.
    let main = run.task("main");
    for (name, line) in
        [("worker#3", "spawn(\"worker\""), ("dispatcher#1", "spawn(\"dispatcher\""), ("client#2", "spawn(\"client\"")]
    {
        let task = run.store.tasks().get(run.task(name)).expect("known");
        assert_eq!(task.parent, main, "{name}");
        assert!(run.line(task.spawned_at).contains(line), "{name}: {}", run.line(task.spawned_at));
        assert!(task.end.is_some(), "{name}");
    }
    assert_eq!(run.count(|event| event.kind == Kind::TaskEnd && event.arg == 0), 7);

    // Waits: a sleep takes no less than it says, and each of the kinds that Tokio tells of is there.
    let sleeps: Vec<Event<'_>> = run.events().filter(|event| event.kind == Kind::Sleep).collect();
    assert!(sleeps.len() >= 24, "{}", sleeps.len());
    for sleep in &sleeps {
        let fire = run.events().find(|event| event.kind == Kind::TimerFire && event.object == sleep.object);
        let fire = fire.expect("every sleep ended");
        assert!(fire.clock - sleep.clock >= 500_000, "slept {} ns", fire.clock - sleep.clock);
        assert_eq!(fire.arg, sleep.task.0);
    }
    let (ledger, printers) = (run.object("ledger"), run.object("printers"));
    let blocked =
        |kind, object: ObjectId| run.count(|event| event.blocked && event.kind == kind && event.object == object.0);
    assert!(blocked(Kind::Lock, ledger) > 0);
    assert!(run.count(|event| event.blocked && event.kind == Kind::Recv) > 0);

    // Wakes: the client that waits for its answer is woken by the worker that sends it.
    let name = |task| run.store.task_name(task);
    let answers =
        run.events().filter(|event| event.kind == Kind::Send && name(TaskId(event.arg)).starts_with("client#"));
    let by: Vec<String> = answers.map(|event| name(event.task)).collect();
    assert!(!by.is_empty() && by.iter().all(|task| task.starts_with("worker#")), "{by:?}");
    // And so is a worker that waits for the ledger by the one that lets it go.
    let handed = |event: &Event<'_>| event.kind == Kind::Unlock && event.object == ledger.0 && event.arg != 0;
    assert_eq!(run.count(handed), blocked(Kind::Lock, ledger));

    // Locks: every order was written once, and `main` looked at the end.
    let lock = run.store.locks().get(ledger).expect("a lock");
    assert_eq!(lock.acquired, 25);
    assert_eq!(lock.contended as usize, blocked(Kind::Lock, ledger));
    assert!(lock.hold_ticks >= 24 * 500_000, "held {}", lock.hold_ticks);
    assert_eq!(run.store.locks().get(printers).expect("a semaphore").acquired, 24);

    // The program's own spans and events are markers of their tasks.
    let began = |event: &Event<'_>| event.kind == Kind::Marker && event.text.starts_with("begin write number=");
    assert_eq!(run.count(|event| began(event) && name(event.task).starts_with("worker#")), 24);
    assert_eq!(run.count(|event| event.text.ends_with("all orders are done written=24") && event.task == main), 1);
}

fn the_deadlock(program: &Path) {
    let run = run(program, "deadlock");
    assert_eq!((run.verdict, run.dropped), (Verdict::Deadlock, 0));
    let [finding] = &run.findings[..] else { panic!("one finding: {:?}", run.findings) };
    assert_eq!(finding.verdict, Verdict::Deadlock);
    let program = run.store.program();
    let told: Vec<(String, String, String)> = finding
        .tasks
        .iter()
        .map(|blocked| {
            let object = |object: &tracer::finding::ObjectRef| {
                names::object_name(program, object.kind, object.made_at, object.nth, false)
            };
            let wants = match &blocked.targets[..] {
                [Target::Object(wanted)] => object(wanted),
                other => panic!("waits for {other:?}"),
            };
            let held: Vec<String> = blocked.held.iter().map(|(held, _)| object(held)).collect();
            (names::task_ref_name(program, &blocked.task), held.join(" "), wants)
        })
        .collect();
    let row = |task: &str, held: &str, wants: &str| (task.to_string(), held.to_string(), wants.to_string());
    assert_eq!(told, [row("save#1", "checking", "savings"), row("spend#1", "savings", "checking")]);
    assert_eq!(finding.cycle, [0, 1]);
    // It was found when the second of them began to wait, long before the program gave up; and the views see the same ring.
    let closing = run.store.event(finding.event.expect("an event")).expect("it is there");
    assert!(closing.blocked && closing.kind == Kind::Lock);
    let graph = run.store.waits_at(closing.ordinal, 100);
    assert_eq!(graph.cycles, [vec![run.task("save#1"), run.task("spend#1")]]);
    assert_eq!(run.count(|event| event.kind == Kind::Finding), 1);
    // The runtime dropped both when the program ended.
    assert_eq!(run.count(|event| event.kind == Kind::TaskEnd && event.arg == 2), 2);
}

/// One test, so that the example is built once.
#[test]
fn a_tokio_service_is_seen_with_its_tasks_waits_wakes_locks_and_its_deadlock() {
    let Some(program) = build() else { return };
    the_service(&program);
    the_deadlock(&program);
}
