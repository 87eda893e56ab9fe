//! `vex debug` without a screen: the command language against real programs, through the real binary.

use serde_json::Value;
use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};
use tempfile::TempDir;

const PHILOSOPHERS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/examples/vex/philosophers.vex");

/// Three workers share the jobs; the sum ends in a shared counter.
const POOL: &str = r#"import { Mutex, WaitGroup } from "sync"

struct Point { x: i64, y: i64 }

fn square(n: i64): i64 {
    let result = n * n
    return result
}

fn worker(id: i64, jobs: Channel<i64>, total: Mutex<i64>, wg: WaitGroup) {
    for j in jobs {
        let s = square(j)
        let! t = total.lock()
        *t += s
    }
    wg.done()
}

fn main() {
    let jobs: Channel<i64> = Channel(2)
    let total = Mutex.new(0)
    let wg = WaitGroup.new()
    for id in 1..=2 {
        wg.add(1)
        go worker(id, jobs, total, wg)
    }
    for n in 1..=6 {
        jobs.send(n)
    }
    jobs.close()
    wg.wait()
    let! sum = total.lock()
    println(f"sum {*sum}")
}
"#;

/// A value of each kind that can be printed.
const VALUES: &str = r#"struct Point { x: i64, y: i64 }

enum Shape { Dot, Circle(f64) }

fn main() {
    let! n: i64 = 42
    let small: i32 = 7
    let half = 0.5
    let yes = true
    let word = "hé\"y"
    let xs = [1, 2, 3]
    let p = Point { x: 3, y: 4 }
    let shape = Shape.Circle(1.5)
    let pair = (1, "a")
    let some: Option<i64> = Some(5)
    let none: Option<i64> = None
    let c: Channel<i64> = Channel(4)
    c.send(7)
    n += 1
    println(f"{n} {small} {half} {yes} {word} {xs.len()} {p.x}")
}
"#;

const SPIN: &str = "fn main() {\n    let! n = 0\n    while true { n += 1 }\n}\n";
const PANIC: &str =
    "fn inner(n: i64): i64 { return 10 / n }\nfn main() {\n    println(\"before\")\n    println(inner(0))\n}\n";
const CODE: &str = "fn main(): i32 {\n    return 7\n}\n";
const PARKED: &str = "fn wait(c: Channel<i64>) { println(<-c) }\n\nfn main() {\n    let c: Channel<i64> = Channel(0)\n    \
                      for i in 0..10000 { go wait(c) }\n    sleep(1)\n    println(\"all wait\")\n}\n";

/// What a run of the binary came to.
struct Outcome {
    code: i32,
    out: String,
    err: String,
}

/// A scratch folder with programs in it.
struct Folder(TempDir);

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

    fn vex(&self, args: &[&str]) -> Outcome {
        self.vex_with(args, "")
    }

    fn vex_with(&self, args: &[&str], input: &str) -> Outcome {
        let mut command = Command::new(env!("CARGO_BIN_EXE_vex"));
        command.current_dir(self.path()).args(args).env_remove("NO_COLOR");
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().expect("the binary starts");
        let mut stdin = child.stdin.take().expect("a pipe");
        let input = input.to_string();
        // Nobody has to read it.
        let writer = std::thread::spawn(move || drop(stdin.write_all(input.as_bytes())));
        let output = child.wait_with_output().expect("it ends");
        writer.join().expect("the writer ends");
        Outcome {
            code: output.status.code().expect("no signal ended it"),
            out: String::from_utf8(output.stdout).expect("text"),
            err: String::from_utf8(output.stderr).expect("text"),
        }
    }

    /// Debugs a program with these commands.
    fn debug(&self, program: &str, commands: &str) -> Outcome {
        self.vex(&["debug", program, "-c", commands])
    }
}

/// Debugs a program of its own with these commands.
fn debug(program: &str, commands: &str) -> Outcome {
    Folder::new(&[("p.vex", program)]).debug("p.vex", commands)
}

impl Outcome {
    /// The session went well, whatever the run came to.
    #[track_caller]
    fn fine(self, code: i32) -> Outcome {
        assert_eq!(self.code, code, "{}\n{}", self.out, self.err);
        self
    }

    /// The transcript has these parts, in this order.
    #[track_caller]
    fn says(self, parts: &[&str]) -> Outcome {
        let mut rest = self.out.as_str();
        for part in parts {
            match rest.find(part) {
                Some(at) => rest = &rest[at + part.len()..],
                None => panic!("`{part}` is not said (any more) in\n{}\n{}", self.out, self.err),
            }
        }
        self
    }

    /// What is said to the nth command with this text, from 0.
    #[track_caller]
    fn answer(&self, command: &str, nth: usize) -> String {
        let head = format!("(vex) {command}\n");
        let found = self.out.split(&head).nth(nth + 1);
        let answer = found.unwrap_or_else(|| panic!("no `{command}` number {nth} in\n{}\n{}", self.out, self.err));
        answer.split("(vex) ").next().unwrap_or("").to_string()
    }

    fn document(&self) -> Value {
        serde_json::from_str(&self.out).unwrap_or_else(|error| panic!("{error} in\n{}\n{}", self.out, self.err))
    }
}

// --- The language and its frame ---

#[test]
fn a_transcript_has_commands_answers_and_the_programs_output_apart() {
    let done = debug(POOL, "break 7; continue; where; continue\ndelete all; continue").fine(0);
    let done = done.says(&[
        "the beginning of the run: a scheduling point, 1 move (`moves`) · event 1, step 0, 0 ns\n",
        "(vex) break 7\nbreakpoint 1: break 7, at p.vex:7\n",
        "(vex) continue\nbreakpoint 1: worker#",
        "    7 |     return result\n",
        "(vex) where\n> 0  square  p.vex:7:",
        "  1  worker  p.vex:12:",
        "(vex) delete all\nremoved: 1 breakpoint\n",
        "(vex) continue\n| sum 91\nthe run is over, exit code 0",
    ]);
    assert_eq!(done.err, "");
    assert_eq!(done.out.matches("| sum 91").count(), 1);
}

#[test]
fn output_is_shown_once_however_often_the_run_comes_by() {
    let done = debug(PANIC, "continue; start; continue; output").fine(101);
    assert_eq!(done.out.matches("| before\n").count(), 2, "once when it was written, once asked for:\n{}", done.out);
    assert!(done.answer("output", 0).contains("| before"), "{}", done.out);
    assert!(done.err.starts_with("panic"), "{}", done.err);
}

#[test]
fn commands_come_from_a_file_several_options_or_a_pipe() {
    let folder =
        Folder::new(&[("p.vex", POOL), ("cmds.txt", "# a comment\nbreak fn square # another\ncontinue; where\n")]);
    let expected = folder.debug("p.vex", "break fn square; continue; where").fine(0).out;
    assert_eq!(folder.vex(&["debug", "p.vex", "--script", "cmds.txt"]).fine(0).out, expected);
    assert_eq!(folder.vex(&["debug", "p.vex", "-c", "break fn square", "-c", "continue;where"]).fine(0).out, expected);
    assert_eq!(folder.vex_with(&["debug", "p.vex"], "break fn square\n\ncontinue\nwhere").fine(0).out, expected);
    let dash = folder.vex_with(&["debug", "p.vex", "--script", "-"], "break fn square;continue;where\n");
    assert_eq!(dash.fine(0).out, expected);
}

#[test]
fn quit_ends_a_script() {
    let done = debug(PANIC, "info; quit; nonsense").fine(0);
    assert!(!done.out.contains("nonsense") && done.err.is_empty());
}

#[test]
fn help_says_what_a_command_does() {
    let done = debug(CODE, "help; help break; help back write").fine(0);
    assert!(done.answer("help", 0).contains("step [N]"));
    done.says(&["break WHERE [CONDITIONS]", "when held > DURATION", "back write NAME"]);
}

// --- Mistakes and exit codes ---

#[test]
fn a_wrong_or_failing_command_ends_a_script_with_2_and_its_place() {
    let folder = Folder::new(&[("p.vex", POOL), ("cmds.txt", "step\n  step; brake 12\nstep\n")]);
    let done = folder.vex(&["debug", "p.vex", "--script", "cmds.txt"]).fine(2);
    assert_eq!(done.err, "vex: cmds.txt:2:9: there is no command `brake`; did you mean `break`?\n");
    assert_eq!(done.out.matches("(vex) step\n").count(), 2);
    let done = folder.vex(&["debug", "p.vex", "--script", "cmds.txt", "--keep-going"]).fine(2);
    assert_eq!(done.out.matches("(vex) step\n").count(), 3);
    for (commands, said) in [
        ("step; step x", "-c:1:12: nothing more is expected here, but there is `x`"),
        ("pick 99", "-c:1:1: "),
        ("print nosuch", "-c:1:1: "),
        ("break fn nosuch", "-c:1:1: "),
        ("break nosuch.vex:3", "-c:1:1: "),
        ("break 1000", "-c:1:1: "),
        ("delete 7", "-c:1:1: there is no breakpoint 7"),
        ("task nobody", "-c:1:1: "),
        ("frame 99", "-c:1:1: "),
        ("down", "-c:1:1: frame 0 is the innermost"),
        ("back", "-c:1:1: there was no motion yet"),
        ("undo", "-c:1:1: "),
        ("object nosuch", "-c:1:1: there is no object `nosuch`"),
        ("list 1000", "-c:1:1: the file has no line 1000"),
        ("list nosuch.vex:1", "-c:1:1: the program has no file `nosuch.vex`"),
        ("set nosuch = 3", "-c:1:1: "),
        ("print 1 +", "-c:1:1: "),
        ("save nowhere/x.vxs", "-c:1:1: cannot write nowhere/x.vxs"),
    ] {
        let done = folder.debug("p.vex", commands).fine(2);
        assert!(done.err.starts_with("vex: ") && done.err.contains(said), "{commands}: {}", done.err);
        assert_eq!(done.err.lines().count(), 1, "{commands}: {}", done.err);
    }
    let second = folder.vex(&["debug", "p.vex", "-c", "step", "-c", "step\n  x"]).fine(2);
    assert!(second.err.contains("-c 2:2:3: there is no command `x`"), "{}", second.err);
}

#[test]
fn what_cannot_be_read_is_66_and_a_wrong_source_65() {
    let folder = Folder::new(&[("p.vex", CODE), ("wrong.vex", "fn main() { x }\n"), ("bad.vxs", "no schedule\n")]);
    std::fs::write(folder.path().join("binary.txt"), b"step\n\xff\xfe\n").expect("a scratch file");
    for (args, part) in [
        (&["debug", "p.vex", "--script", "nowhere.txt"][..], "nowhere.txt"),
        (&["debug", "p.vex", "--script", "."], "."),
        (&["debug", "p.vex", "--script", "binary.txt"], "binary.txt"),
        (&["debug", "nowhere.vex", "-c", "step"], "nowhere.vex"),
        (&["debug", "p.vex", "--schedule", "bad.vxs", "-c", "step"], "bad.vxs"),
        (&["debug", "p.vex", "--schedule", "nowhere.vxs", "-c", "step"], "nowhere.vxs"),
        (&["debug", "p.vex", "--stdin", "nowhere.txt", "-c", "step"], "nowhere.txt"),
    ] {
        let done = folder.vex(args).fine(66);
        assert!(done.err.starts_with("vex: ") && done.err.contains(part), "{args:?}: {}", done.err);
    }
    assert!(folder.debug("wrong.vex", "step").fine(65).err.contains("error[E"));
    let json = folder.vex(&["debug", "wrong.vex", "--json", "-c", "step"]).fine(65).document();
    assert_eq!((&json["verdict"], &json["exit_code"]), (&"error".into(), &65.into()));
}

#[test]
fn the_command_line_is_checked() {
    let folder = Folder::new(&[("p.vex", CODE)]);
    for args in [
        &["debug"][..],
        &["debug", "p.vex", "--seed", "x"],
        &["debug", "p.vex", "--seed", "1", "--schedule", "x"],
        &["debug", "p.vex", "-c", "step", "--script", "x"],
        &["debug", "p.vex", "--workers", "2"],
        &["debug", "p.vex", "--real-time"],
        &["debug", "p.vex", "--dap"],
    ] {
        assert_eq!(folder.vex(args).code, 2, "{args:?}");
    }
}

#[test]
fn a_run_at_its_end_gives_the_code_of_its_finding() {
    assert!(debug(CODE, "continue").fine(0).out.contains("exit code 7"), "the program's own code is no finding");
    debug(PANIC, "continue").fine(101).says(&["panic in main: division by zero"]);
    debug(PANIC, "continue; back step").fine(0);
    let leak = "fn main() {\n    let c: Channel<i64> = Channel(0)\n    go { c.send(1) }\n    println(\"bye\")\n}\n";
    debug(leak, "continue").fine(0);
    let folder = Folder::new(&[("p.vex", leak)]);
    let denied = folder.vex(&["debug", "p.vex", "--leaks", "deny", "-c", "continue"]).fine(103);
    assert!(denied.err.starts_with("leak at "), "{}", denied.err);
    assert_eq!(folder.vex(&["debug", "p.vex", "--leaks", "ignore", "-c", "continue"]).fine(0).err, "");
    let stopped = folder.vex(&["debug", "p.vex", "--leaks", "deny", "--on-exit", "stop", "-c", "continue"]);
    stopped.fine(0);
}

#[test]
fn a_time_limit_ends_what_would_never_end() {
    let folder = Folder::new(&[("p.vex", SPIN)]);
    let done = folder.vex(&["debug", "p.vex", "--time-limit", "300ms", "-c", "continue; step"]).fine(124);
    assert!(done.err.contains("time limit reached"), "{}", done.err);
    assert!(!done.out.contains("(vex) step"), "{}", done.out);
    let json =
        folder.vex(&["debug", "p.vex", "--json", "--time-limit", "300ms", "-c", "continue"]).fine(124).document();
    assert_eq!((&json["verdict"], &json["exit_code"]), (&"time-limit".into(), &124.into()));
    assert_eq!(json["commands"][0]["reason"]["kind"], "interrupted");
}

#[test]
fn limits_input_and_arguments_are_the_programs() {
    let program = "fn main() {\n    println(args().join(\"|\"))\n    \
                   while let Some(line) = readLine() { println(f\"<{line}>\") }\n}\n";
    let folder = Folder::new(&[("p.vex", program), ("input.txt", "one\n\nthree"), ("many.vex", PARKED)]);
    let args = ["debug", "p.vex", "--stdin", "input.txt", "-c", "continue", "--", "a", "--seed"];
    folder.vex(&args).fine(0).says(&["| a|--seed\n| <one>\n| <>\n| <three>\n"]);
    let limited = folder.vex(&["debug", "many.vex", "--max-tasks", "100", "-c", "continue"]).fine(101);
    assert!(limited.err.contains("--max-tasks"), "{}", limited.err);
}

// --- Breakpoints ---

#[test]
fn lines_functions_and_conditions_stop_where_they_hold() {
    debug(POOL, "break p.vex:6 if n == 4; continue; print n; continue").fine(0).says(&[
        "breakpoint 1: worker#",
        "    6 |     let result = n * n\n",
        "n: i64 = 4\n",
        "the run is over",
    ]);
    debug(POOL, "break fn square hits 3; continue; print n; continue").fine(0).says(&[
        "breakpoint 1: ",
        "n: i64 = 3\n",
        "the run is over",
    ]);
    let from = debug(POOL, "break fn square hits >= 5; continue; continue; continue").fine(0);
    assert_eq!(from.out.matches("breakpoint 1: worker#").count(), 2, "{}", from.out);
    let every = debug(POOL, "break fn square every 2; continue; continue; continue; continue").fine(0);
    assert_eq!(every.out.matches("breakpoint 1: worker#").count(), 3, "{}", every.out);
    let once = debug(POOL, "break fn square once; continue; continue; breakpoints").fine(0);
    assert_eq!(once.out.matches("breakpoint 1: worker#").count(), 1, "{}", once.out);
    assert_eq!(once.answer("breakpoints", 0), "there are no breakpoints\n");
    let off = debug(POOL, "break fn square; disable 1; continue; breakpoints").fine(0);
    assert!(
        !off.out.contains("breakpoint 1: worker#")
            && off.answer("breakpoints", 0).starts_with("1  off  break fn square")
    );
}

#[test]
fn log_points_speak_and_do_not_stop() {
    let done = debug(POOL, "break 7 log \"{n} squared is {result}\"; continue").fine(0);
    for (n, result) in (1..=6).map(|n| (n, n * n)) {
        assert!(done.out.contains(&format!("log: {n} squared is {result}\n")), "{n} in\n{}", done.out);
    }
    done.says(&["the run is over"]);
}

#[test]
fn events_are_stopped_at() {
    for (breakpoint, said) in [
        ("break spawn", &["breakpoint 1: main"][..]),
        ("break send jobs", &["breakpoint 1: main"]),
        ("break send jobs where value > 4", &["breakpoint 1: main"]),
        ("break recv jobs by worker#2", &["breakpoint 1: "]),
        ("break close", &["breakpoint 1: main"]),
        ("break lock total", &["breakpoint 1: worker#"]),
        ("break mutex.unlock", &["breakpoint 1: worker#"]),
        ("break blocks", &["breakpoint 1: "]),
        ("break blocks worker#1", &["breakpoint 1: "]),
        ("break done wg", &["breakpoint 1: worker#"]),
        ("break end", &["breakpoint 1: "]),
        ("break output", &["breakpoint 1: main"]),
    ] {
        debug(POOL, &format!("{breakpoint}; continue")).fine(0).says(said);
    }
    let sends = debug(POOL, "break send jobs where value > 4; continue; continue; continue; breakpoints").fine(0);
    assert_eq!(sends.out.matches("breakpoint 1: main at").count(), 2, "{}", sends.out);
    assert!(sends.answer("breakpoints", 0).contains("met 2 times"), "{}", sends.out);
    debug(PANIC, "break panic; continue").fine(101).says(&["breakpoint 1: main at p.vex:1:"]);
    debug(PANIC, "break finding; continue").says(&["breakpoint 1"]);
    let held = "import { Mutex } from \"sync\"\n\nfn main() {\n    let m = Mutex.new(0)\n    go { let g = m.lock()\n        sleep(5)\n    }\n    \
                sleep(1)\n    let g = m.lock()\n    println(\"mine\")\n}\n";
    debug(held, "break lock m when held > 1us; continue").fine(0).says(&["breakpoint 1: "]);
    let short = debug(held, "break lock m when held > 1s; continue").fine(0);
    assert!(!short.out.contains("breakpoint 1: main"), "{}", short.out);
}

#[test]
fn a_watched_variable_stops_where_it_is_written_and_back_goes_there() {
    let sums =
        "fn main() {\n    let! total = 0\n    for n in 1..=3 {\n        total += n\n    }\n    println(total)\n}\n";
    let done = debug(sums, "line; line; watch total; continue; continue; continue; delete 1; continue").fine(0);
    done.says(&["total was 0 and is 1", "total was 1 and is 3", "total was 3 and is 6", "the run is over"]);
    let back = debug(sums, "break 6; continue; print total; back write total; print total").fine(0);
    assert_eq!(
        (back.answer("print total", 0), back.answer("print total", 1)),
        ("total: i64 = 6\n".into(), "total: i64 = 3\n".into())
    );
}

// --- Looking and changing ---

#[test]
fn values_of_every_kind_are_printed() {
    let expressions = [
        "n",
        "small",
        "half",
        "yes",
        "word",
        "xs",
        "p",
        "shape",
        "pair",
        "some",
        "none",
        "c",
        "n * 2 + xs[1]",
        "p.x == 3",
    ];
    let prints: Vec<_> = expressions.iter().map(|text| format!("print {text}")).collect();
    let done = debug(VALUES, &format!("break 19; continue; {}; locals", prints.join("; "))).fine(0);
    for (expression, value) in [
        ("n", "n: i64 = 42"),
        ("small", "small: i32 = 7"),
        ("half", "half: f64 = 0.5"),
        ("yes", "yes: bool = true"),
        ("word", "word: string = \"hé\\\"y\""),
        ("xs", "xs: [i64] = [1, 2, 3]"),
        ("p", "p: Point = Point { x: 3, y: 4 }"),
        ("shape", "shape: Shape = Circle(1.5)"),
        ("some", "some: Option<i64> = Some(5)"),
        ("none", "none: Option<i64> = None"),
        ("n * 2 + xs[1]", "i64 = 86"),
        ("p.x == 3", "bool = true"),
        ("pair", "pair: (i64, string) = (1, \"a\")"),
        ("c", "c: Channel<i64> = c [7] cap 4"),
    ] {
        let answer = done.answer(&format!("print {expression}"), 0);
        assert!(answer.contains(value), "{expression}: {answer}");
    }
    assert_eq!(done.answer("locals", 0).lines().count(), 12, "{}", done.answer("locals", 0));
}

#[test]
fn set_forks_the_schedule_and_says_so() {
    let done = debug(VALUES, "break 19; continue; set n = 100; print n; set p.x = -1; continue").fine(0);
    assert!(done.answer("set n = 100", 0).contains("the schedule is forked here"), "{}", done.out);
    assert_eq!(done.answer("print n", 0), "n: i64 = 100\n");
    done.says(&["| 101 7 0.5 true hé\"y 3 -1\n"]);
    let effects = debug(VALUES, "break 19; continue; print xs.push(4); print xs").fine(2);
    assert!(effects.err.contains("would change the program"), "{}", effects.err);
}

#[test]
fn tasks_stacks_frames_and_source() {
    let done = debug(POOL, "break 7; continue; tasks; where all; frame 1; locals; up; list; list p.vex:20").fine(2);
    assert!(done.err.contains("frame 1 is the outermost"), "{}", done.err);
    let tasks = done.answer("tasks", 0);
    assert!(tasks.contains("main") && tasks.contains("worker#1") && tasks.contains("worker#2"), "{tasks}");
    assert!(done.answer("where all", 0).contains("> 0  square"), "{}", done.answer("where all", 0));
    let frame = done.answer("frame 1", 0);
    assert!(frame.starts_with("frame 1: worker at p.vex:12:"), "{frame}");
    let locals = done.answer("locals", 0);
    assert!(locals.contains("id: i64 = ") && locals.contains("jobs: Channel<i64> = "), "{locals}");
    let listed = debug(POOL, "break 7; continue; list; list 24; up; list").fine(0);
    assert!(
        listed.answer("list", 0).contains(">*    7 |     return result")
            && listed.answer("list", 0).contains("  <- worker#1\n"),
        "{}",
        listed.answer("list", 0)
    );
    assert!(listed.answer("list 24", 0).contains("   24 | "), "{}", listed.answer("list 24", 0));
    assert!(listed.answer("list", 1).contains(">    12 | "), "{}", listed.answer("list", 1));
    let other = debug(POOL, "break 7; continue; task main; where; task worker#2; task main/worker.1; task 1").fine(0);
    assert!(other.answer("where", 0).contains("main  p.vex:"), "{}", other.out);
    assert!(other.answer("task worker#2", 0).starts_with("worker#2"), "{}", other.out);
    assert!(other.answer("task main/worker.1", 0).starts_with("worker#1"), "{}", other.out);
}

#[test]
fn objects_waits_and_events_are_in_words() {
    let done =
        debug(POOL, "break 7; continue; objects; object jobs; object total; waits; events 3; info; findings").fine(0);
    let objects = done.answer("objects", 0);
    assert!(objects.contains("jobs   channel") && objects.contains("total  mutex"), "{objects}");
    assert!(done.answer("object jobs", 0).starts_with("channel jobs\n  capacity       2\n"), "{}", done.out);
    assert!(done.answer("object total", 0).contains("  value  0\n"), "{}", done.out);
    assert_eq!(done.answer("events 3", 0).lines().count(), 3);
    assert!(done.answer("info", 0).contains("choices by hand  0"), "{}", done.answer("info", 0));
    assert_eq!(done.answer("findings", 0), "nothing has been found wrong\n");
}

#[test]
fn back_goes_to_who_sent_and_who_locked() {
    let sent = debug(POOL, "break 7; continue; back sent jobs").fine(0);
    assert!(sent.answer("back sent jobs", 0).starts_with("main at p.vex:28:"), "{}", sent.out);
    let taken = debug(POOL, "break 14; continue; object total; back taken total").fine(0);
    assert!(taken.answer("object total", 0).contains("worker#1"), "{}", taken.out);
    assert!(taken.answer("back taken total", 0).starts_with("worker#1 at p.vex:13:"), "{}", taken.out);
    let nobody = debug(POOL, "break 7; continue; back taken total").fine(0);
    assert!(nobody.answer("back taken total", 0).starts_with("nobody holds `total`"), "{}", nobody.out);
}

// --- Moving, choosing, replaying ---

#[test]
fn back_undoes_motions_one_after_the_other() {
    let done = debug(POOL, "step 3; switch; info; event 5; back; info; back; back; info").fine(0);
    let at = |nth| done.answer("info", nth).lines().find(|line| line.starts_with("step")).unwrap_or("").to_string();
    assert_eq!(at(0), at(1));
    assert_eq!(at(2), "step             0", "{}", done.out);
}

#[test]
fn motions_go_where_they_say_and_back_again() {
    let done =
        debug(POOL, "goto 10; info; goto step 100; info; end; info; start; info; event 4; info; back event; info")
            .fine(0);
    let number = |nth, word: &str| {
        let info = done.answer("info", nth);
        let line = info.lines().find(|line| line.starts_with(word)).unwrap_or("");
        line.split_whitespace().last().and_then(|number| number.parse::<u64>().ok()).unwrap_or(u64::MAX)
    };
    assert_eq!(number(0, "event"), 10);
    assert_eq!(number(1, "step"), 100);
    // The spawn of `main` comes before the first step.
    assert_eq!((number(3, "event"), number(3, "step")), (1, 0));
    assert_eq!(number(4, "event"), 5);
    assert_eq!(number(5, "event"), 4);
}

#[test]
fn the_philosophers_are_walked_into_the_deadlock_and_out_of_it() {
    let folder = Folder::new(&[]);
    let walk =
        folder.vex(&["debug", PHILOSOPHERS, "-c", "continue; findings; waits; save stuck.vxs; schedule"]).fine(102);
    assert!(walk.answer("findings", 0).contains("deadlock at "), "{}", walk.out);
    assert!(
        walk.answer("waits", 0).contains("Each of phil#1 … phil#4 holds one and waits for the next."),
        "{}",
        walk.out
    );
    let replayed = folder.vex(&["replay", PHILOSOPHERS, "--schedule", "stuck.vxs"]);
    assert_eq!(replayed.code, 102, "{}", replayed.err);
    let inline = walk.answer("schedule", 0);
    assert_eq!(folder.vex(&["replay", PHILOSOPHERS, "--schedule", inline.trim()]).code, 102);
    let again = folder.vex(&["debug", PHILOSOPHERS, "--schedule", "stuck.vxs", "-c", "continue"]).fine(102);
    assert!(again.err.starts_with("deadlock at "), "{}", again.err);
    // Three switches back nothing can be done any more: all four have their left forks. Where three of them are yet to take
    // theirs, time can pass first: phil#4 wakes, eats and goes, and nobody has to starve.
    let out =
        "continue; back switch 3; moves; back switch 5; moves; pick 4; moves; task phil#4; run; continue; save fed.vxs";
    let walk = folder.vex(&["debug", PHILOSOPHERS, "-c", out]).fine(0);
    assert_eq!(walk.answer("moves", 0).matches("waits to lock").count(), 3, "{}", walk.out);
    assert!(
        walk.answer("moves", 1).contains("  4  time    passes 10.0 ms to the next timer  wakes phil#4"),
        "{}",
        walk.out
    );
    assert!(walk.answer("moves", 2).contains("  4  phil#4  locks fork[0]"), "{}", walk.out);
    assert!(walk.answer("run", 0).contains("| philosopher 4 eats meal 3\n"), "{}", walk.out);
    assert!(walk.answer("continue", 1).contains("| everybody is full\nthe run is over, exit code 0"), "{}", walk.out);
    let replayed = folder.vex(&["replay", PHILOSOPHERS, "--schedule", "fed.vxs"]);
    assert_eq!((replayed.code, replayed.err.as_str()), (0, ""), "{}", replayed.out);
    assert!(replayed.out.ends_with("everybody is full\n"), "{}", replayed.out);
}

// --- JSON ---

#[test]
fn json_is_one_document_for_the_session() {
    let folder = Folder::new(&[("p.vex", POOL), ("panic.vex", PANIC)]);
    let args = [
        "debug",
        "p.vex",
        "--json",
        "-c",
        "break 7; continue; print n; where; tasks; moves; locals; waits; list; events 2; info",
    ];
    let done = folder.vex(&args).fine(0);
    assert!(done.err.contains("(vex) break 7\n"), "the transcript is on standard error: {}", done.err);
    let json = done.document();
    let commands = json["commands"].as_array().expect("a list");
    assert_eq!(commands.len(), 11);
    for command in commands {
        for field in ["command", "ok", "error", "place", "reason", "result", "inspection", "text", "output"] {
            assert!(command.get(field).is_some(), "{field} in {command}");
        }
        assert_eq!(command["ok"], true);
    }
    assert_eq!(commands[0]["result"]["text"], "break 7");
    assert_eq!(commands[1]["reason"]["kind"], "breakpoint");
    assert_eq!(commands[1]["reason"]["ids"][0], 1);
    let inspection = &commands[1]["inspection"];
    for field in [
        "at",
        "frontier",
        "clock",
        "time",
        "running",
        "selected",
        "tasks",
        "moves",
        "stack",
        "variables",
        "breakpoints",
    ] {
        assert!(inspection.get(field).is_some(), "{field} in {inspection}");
    }
    assert_eq!(inspection["stack"][0]["function"], "square");
    assert_eq!((&commands[2]["result"]["type"], &commands[2]["result"]["value"]), (&"i64".into(), &"1".into()));
    assert!(commands[2]["inspection"].is_null());
    assert_eq!(commands[3]["result"][1]["function"], "worker");
    assert!(json["verdict"].is_null() && json["exit_code"] == 0, "the run has not ended");

    let ended = folder.vex(&["debug", "panic.vex", "--json", "-c", "continue"]).fine(101).document();
    assert_eq!((&ended["verdict"], &ended["exit_code"]), (&"panic".into(), &101.into()));
    assert_eq!(ended["commands"][0]["output"], "before\n");
    assert_eq!(ended["findings"][0]["message"], "division by zero");
    let failed = folder.vex(&["debug", "p.vex", "--json", "-c", "step; brake"]).fine(2).document();
    let last = &failed["commands"][1];
    assert_eq!((&last["ok"], &last["place"], &failed["exit_code"]), (&false.into(), &"-c:1:7".into(), &2.into()));
    assert!(last["error"].as_str().is_some_and(|error| error.contains("did you mean")), "{last}");
}

// --- Many tasks ---

#[test]
fn ten_thousand_tasks_are_no_trouble() {
    let folder = Folder::new(&[("p.vex", PARKED)]);
    let done = folder
        .debug("p.vex", "break 7; continue; tasks; task wait#9999; where; waits; back switch; list; delete 1; continue")
        .fine(0);
    assert_eq!(done.answer("tasks", 0).lines().count(), 10_001);
    assert!(done.answer("where", 0).contains("wait  p.vex:1:"), "{}", done.answer("where", 0));
    assert_eq!(done.answer("waits", 0).lines().count(), 10_000);
    done.says(&["| all wait\n"]);
}
