//! `vex explore`: it finds what hides in few schedules, says how to do it again, and that does it again.

use serde_json::Value;
use std::path::Path;
use std::process::{Command, Output};
use tempfile::TempDir;

/// Two locks taken in opposite order: only a switch between the two locks of a task shows it.
const DEADLOCK: &str = "import { Mutex, WaitGroup } from \"sync\"\n\nfn main() {\n    let a = Mutex.new(0)\n    \
    let b = Mutex.new(0)\n    let wg = WaitGroup.new()\n    wg.add(2)\n    go {\n        let x = a.lock()\n        \
    let y = b.lock()\n        drop(y)\n        drop(x)\n        wg.done()\n    }\n    go {\n        let y = b.lock()\n        \
    let x = a.lock()\n        drop(x)\n        drop(y)\n        wg.done()\n    }\n    wg.wait()\n}\n";
/// Three tasks with one lock: six orders.
const LOCK: &str = "import { Mutex, WaitGroup } from \"sync\"\n\nfn main() {\n    let m = Mutex.new(0)\n    \
    let wg = WaitGroup.new()\n    wg.add(3)\n    for i in 0..3 {\n        go {\n            let! g = m.lock()\n            \
    *g += i\n            drop(g)\n            wg.done()\n        }\n    }\n    wg.wait()\n}\n";
const ALONE: &str = "fn main() {\n    let! sum = 0\n    for i in 0..10 { sum += i }\n    println(sum)\n}\n";
const RACE: &str = "let! total = 0\n\nfn main() {\n    let ch = Channel<i64>(2)\n    for i in 0..2 {\n        go {\n            \
    total = i\n            ch.send(i)\n        }\n    }\n    let sum = <-ch + <-ch\n    assert(sum == 1, \"both\")\n}\n";
/// Fails where the second task comes first; a race with that besides, and a task that waits for ever.
const SEVERAL: &str = "let! total = 0\n\nfn main() {\n    let ch = Channel<i64>(2)\n    let never: Channel<i64> = Channel(0)\n    \
    go { never.send(1) }\n    for i in 0..2 {\n        go {\n            total = total + i\n            ch.send(i)\n        }\n    \
    }\n    let first = <-ch\n    let _ = <-ch\n    assert(first == 0, \"in order\")\n}\n";

struct Folder(TempDir);

impl Folder {
    fn new(program: &str) -> Folder {
        let folder = tempfile::tempdir().expect("a scratch folder");
        std::fs::write(folder.path().join("p.vex"), program).expect("a scratch file");
        Folder(folder)
    }

    fn path(&self) -> &Path {
        self.0.path()
    }

    fn vex(&self, args: &[&str]) -> Output {
        let mut command = Command::new(env!("CARGO_BIN_EXE_vex"));
        command.current_dir(self.path()).args(args).env("NO_COLOR", "1").output().expect("the binary starts")
    }

    fn explore(&self, options: &[&str]) -> (i32, Value, String) {
        let done = self.vex(&[&["explore", "p.vex", "--json"], options].concat());
        let err = String::from_utf8_lossy(&done.stderr).into_owned();
        let json = serde_json::from_slice(&done.stdout).unwrap_or_else(|error| panic!("{error}: {err}"));
        (done.status.code().expect("no signal"), json, err)
    }
}

#[test]
fn a_deadlock_that_few_schedules_have_is_found_and_replayed() {
    let folder = Folder::new(DEADLOCK);
    assert_eq!(folder.vex(&["run", "p.vex", "--seed", "0"]).status.code(), Some(0), "the reference schedule is fine");
    let (code, json, err) = folder.explore(&[]);
    assert_eq!((code, &json["verdict"], &json["complete"]), (102, &"deadlock".into(), &false.into()), "{err}");
    let bug = &json["bugs"][0];
    assert_eq!(json["bugs"].as_array().map(Vec::len), Some(1));
    assert!(bug["preemptions"].as_u64().is_some_and(|n| n > 0), "{bug}");
    assert_eq!(bug["tasks"].as_array().map(Vec::len), Some(3));
    assert!(bug["tasks"][1]["held"][0].as_str().is_some_and(|held| held.starts_with("mutex ")), "{bug}");
    let again = bug["replay"].as_str().expect("a command");
    assert!(err.contains(again), "{err}");
    let words: Vec<&str> = again.split_whitespace().skip(1).collect();
    assert_eq!(words[..4], ["replay", "p.vex", "--schedule", bug["schedule"].as_str().expect("a schedule")]);
    let done = folder.vex(&words);
    assert_eq!(done.status.code(), Some(102), "{again}");
    assert!(String::from_utf8_lossy(&done.stderr).contains("deadlock at"));
}

#[test]
fn a_race_is_found_with_both_places_and_replayed() {
    let folder = Folder::new(RACE);
    let (code, json, err) = folder.explore(&[]);
    assert_eq!((code, &json["verdict"]), (104, &"race".into()), "{err}");
    let bug = &json["bugs"][0];
    for task in bug["tasks"].as_array().expect("two accesses") {
        assert_eq!((&task["op"], &task["object"]), (&"write".into(), &"variable total".into()));
        assert!(task["at"].as_str().is_some_and(|at| at.starts_with("p.vex:7:")), "{task}");
    }
    let words: Vec<&str> = bug["replay"].as_str().expect("a command").split_whitespace().skip(1).collect();
    let done = folder.vex(&words);
    assert_eq!(done.status.code(), Some(104), "{words:?}");
    // Where races are not looked for there is nothing wrong.
    let (code, json, _) = folder.explore(&["--races", "off", "--schedules", "50"]);
    assert_eq!((code, &json["verdict"], &json["schedules"]), (0, &"ok".into(), &50.into()));
}

#[test]
fn all_reports_each_distinct_bug_once_and_the_worst_decides() {
    let folder = Folder::new(SEVERAL);
    let (code, json, err) = folder.explore(&["--all", "--schedules", "200"]);
    assert_eq!((code, &json["verdict"], &json["schedules"]), (101, &"assert".into(), &200.into()), "{err}");
    let mut verdicts: Vec<&str> =
        json["bugs"].as_array().expect("bugs").iter().filter_map(|b| b["verdict"].as_str()).collect();
    verdicts.sort_unstable();
    assert_eq!(verdicts, ["assert", "leak", "race"], "{err}");
    let (code, json, _) = folder.explore(&["--all", "--schedules", "200", "--leaks", "ignore", "--races", "off"]);
    assert_eq!((code, json["bugs"].as_array().map(Vec::len)), (101, Some(1)));
}

#[test]
fn the_same_search_says_the_same() {
    let folder = Folder::new(SEVERAL);
    let [mut one, mut other] = [0, 1].map(|_| folder.explore(&["--all", "--schedules", "100", "--seed", "5"]));
    one.1["elapsed_ms"] = 0.into();
    other.1["elapsed_ms"] = 0.into();
    assert_eq!(one, other);
    assert!(one.1["bugs"][0]["schedule"].as_str().is_some_and(|schedule| schedule.starts_with("1:seed=")));
}

#[test]
fn traces_are_counted_apart_from_the_order_of_what_is_independent() {
    // Three tasks, one lock: the orders of the three sections, whatever else the schedules do.
    let (code, json, err) = Folder::new(LOCK).explore(&["--schedules", "500"]);
    assert_eq!((code, &json["distinct_traces"], &json["complete"]), (0, &6.into(), &false.into()), "{err}");
    let (_, json, _) = Folder::new(&DEADLOCK.replace(
        "        let y = b.lock()\n        let x = a.lock()\n",
        "        let x = a.lock()\n        let y = b.lock()\n",
    ))
    .explore(&["--schedules", "500"]);
    assert_eq!(json["distinct_traces"], 2);
    // Tasks that share nothing have one trace.
    let apart = LOCK
        .replace("let! g = m.lock()", "let! g = 0")
        .replace("*g += i", "g += i")
        .replace("            drop(g)\n", "");
    let (code, json, err) = Folder::new(&apart).explore(&["--schedules", "100"]);
    assert_eq!((code, &json["distinct_traces"]), (0, &1.into()), "{err}");
}

#[test]
fn a_program_without_a_choice_is_done_after_one_schedule() {
    let (code, json, err) = Folder::new(ALONE).explore(&[]);
    assert_eq!(
        (code, &json["verdict"], &json["complete"], &json["schedules"]),
        (0, &"ok".into(), &true.into(), &1.into())
    );
    assert!(err.contains("that is every schedule there is"), "{err}");
    // Numbers that a seed draws are a choice, too.
    let (_, json, _) = Folder::new("fn main() { println(randomInt(0, 9)) }\n").explore(&["--schedules", "5"]);
    assert_eq!((&json["complete"], &json["schedules"]), (&false.into(), &5.into()));
}

#[test]
fn a_program_that_never_ends_does_not_hold_the_search_up() {
    let folder = Folder::new("fn main() { while true {} }\n");
    let (code, json, err) = folder.explore(&["--schedules", "2"]);
    assert_eq!((code, &json["schedules"], &json["complete"]), (0, &2.into(), &false.into()), "{err}");
    assert!(err.contains("2 went on for too long"), "{err}");
    let (code, json, _) = folder.explore(&["--time-limit", "300ms", "--schedules", "1000000"]);
    assert_eq!((code, &json["verdict"], &json["complete"]), (0, &"ok".into(), &false.into()));
}

#[test]
fn what_is_wrong_with_the_input_is_said() {
    let folder = Folder::new("fn main() { println(x) }\n");
    let done = folder.vex(&["explore", "p.vex"]);
    assert_eq!(done.status.code(), Some(65));
    assert_eq!(folder.vex(&["explore", "nowhere.vex"]).status.code(), Some(66));
    assert_eq!(folder.vex(&["explore"]).status.code(), Some(2));
}
