//! Hostile input: whatever a file holds and whatever a program does, vex says something clear, with the right exit code, in
//! bounded time, and neither panics nor dies of a signal.
//!
//! Every case is a file, made here, and one run of the real binary.

#![expect(clippy::disallowed_methods, reason = "that a real process ends in time is what the cases are about")]

use std::fmt::Display;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// No case may take longer, on a busy machine and in an unoptimised build too.
const PATIENCE: Duration = Duration::from_secs(100);

/// What a run came to.
struct Outcome {
    code: i32,
    out: String,
    err: String,
}

impl Outcome {
    /// The exit code, and what standard output or standard error must say.
    #[track_caller]
    fn is(&self, code: i32, says: &str) {
        let start = |text: &str| text.chars().take(400).collect::<String>();
        let (out, err) = (start(&self.out), start(&self.err));
        assert_eq!(self.code, code, "exit code; output: {out}\nerrors: {err}");
        assert!(self.out.contains(says) || self.err.contains(says), "`{says}` is in neither: {out}\nerrors: {err}");
        assert!(!self.err.contains("thread '"), "a panic of vex itself: {err}");
    }
}

/// Runs files with options; the first is the program.
fn vex(files: &[(&str, &[u8])], options: &[&str]) -> Outcome {
    let folder = tempfile::tempdir().expect("a scratch folder");
    for (name, bytes) in files {
        std::fs::write(folder.path().join(name), bytes).expect("a scratch file");
    }
    std::fs::create_dir(folder.path().join("folder.vex")).expect("a scratch folder");
    // Into files: a pipe that nobody empties would stop the process.
    let (out, err) = (folder.path().join("out"), folder.path().join("err"));
    let mut child = Command::new(env!("CARGO_BIN_EXE_vex"))
        .current_dir(folder.path())
        .args(options)
        .args(files.first().map(|(name, _)| name))
        .env("NO_COLOR", "1")
        .stdin(Stdio::null())
        .stdout(std::fs::File::create(&out).expect("a scratch file"))
        .stderr(std::fs::File::create(&err).expect("a scratch file"))
        .spawn()
        .expect("the binary starts");
    let start = Instant::now();
    let status = loop {
        if let Some(status) = child.try_wait().expect("it is our child") {
            break status;
        }
        if start.elapsed() > PATIENCE {
            child.kill().expect("it is our child");
            panic!("it did not end in {PATIENCE:?}");
        }
        std::thread::sleep(Duration::from_millis(5));
    };
    let text = |path| String::from_utf8_lossy(&std::fs::read(path).expect("it was written")).into_owned();
    Outcome { code: status.code().expect("no signal ended it"), out: text(&out), err: text(&err) }
}

fn run(program: impl AsRef<[u8]>, options: &[&str]) -> Outcome {
    vex(&[("p.vex", program.as_ref())], &[&["run", "--time-limit", "60s"], options].concat())
}

/// The body of a `main` on the deterministic runtime with little memory.
fn body(text: impl Display) -> Outcome {
    run(
        format!("import {{ WaitGroup }} from \"sync\"\nfn main() {{\n{text}\n}}\n"),
        &["--seed", "0", "--max-memory", "64MiB"],
    )
}

fn list<T: Display>(items: impl Iterator<Item = T>, between: &str) -> String {
    items.map(|item| item.to_string()).collect::<Vec<_>>().join(between)
}

// --- Programs that never stop asking ---

#[test]
fn endless_recursion_is_a_panic_with_a_stack() {
    let done = run("fn f(n: i64): i64 { return f(n + 1) + 1 }\nfn main() { println(f(0)) }\n", &[]);
    done.is(101, "stack overflow");
    assert!(done.err.contains("at f (p.vex:1:28)"), "{}", done.err);
    assert!(done.err.len() < 20_000, "a stack of that depth is shown in part: {} bytes", done.err.len());
    let even = "fn even(n: i64): bool { return odd(n + 1) }\nfn odd(n: i64): bool { return even(n + 1) }\n";
    run(format!("{even}fn main() {{ go {{ println(even(0)) }} }}\n"), &[]).is(101, "stack overflow");
    // A type that grows with each call, and a text that contains itself.
    let grows = "struct P<T> { x: T }\nfn f<T>(n: i64, x: T) { f(n + 1, P { x: x }) }\nfn main() { f(0, 1) }\n";
    run(grows, &["--max-memory", "64MiB"]).is(101, "");
    let display = "struct S { x: i64 }\nfn (self: &S) toString(): string { return f\"{self}\" }\n";
    run(format!("{display}fn main() {{ println(S {{ x: 1 }}) }}\n"), &[]).is(101, "stack overflow");
}

#[test]
fn endless_allocation_ends_at_the_memory_limit() {
    for text in [
        "let! xs: [i64] = []\n while true { xs.push(1) }",
        "let! s = \"x\"\n while true { s = s + s }",
        "let! m = Map.new<i64, i64>()\n let! i = 0\n while true { m.insert(i, i)\n i += 1 }",
        "let! m = Map.new<string, string>()\n let! i = 0\n while true { m.insert(f\"key {i}\", \"v\")\n i += 1 }",
        "let c: Channel<i64> = Channel(0)\n while true { go { println(<-c) } }",
        "let! all: [Channel<i64>] = []\n while true { all.push(Channel<i64>(100)) }",
        "let c = Channel<string>(1000000000)\n while true { c.send(\"a\" + \"b\") }",
        "let! lists: [[i64]] = []\n while true { lists.push([1, 2, 3]) }",
    ] {
        let done = body(text);
        done.is(101, "--max-memory");
        assert!(done.err.contains("p.vex:"), "{text}: {}", done.err);
    }
    // Garbage is no allocation.
    body("let! s = \"\"\n for i in 0..300000 { s = f\"{i} bottles of something or other\" }\n println(s)")
        .is(0, "299999");
}

#[test]
fn a_single_request_beyond_the_limit_is_refused_at_once() {
    for text in [
        "println(\"abc\".repeat(9000000000000000000).len())",
        "println(\"abc\".repeat(100000000).len())",
        "let! xs = Vec.withCapacity<i64>(9000000000000000)\n xs.push(1)",
        "println(\"abc\".repeat(9000000).split(\"b\").len())",
    ] {
        body(text).is(101, "--max-memory");
    }
    // A capacity is a limit, not a reservation.
    body("let c = Channel<i64>(9000000000000000000)\n c.send(1)\n println(c.len())").is(0, "1");
    body("for i in 0..9000000000000000000 { if i > 3 { break } }\n println(\"out\")").is(0, "out");
    body("let s = \"abc\"\n println(s[1..900000])").is(101, "slice out of range");
}

#[test]
fn a_million_tasks_come_and_go() {
    let finish = "let wg = WaitGroup.new()\n wg.add(1000000)\n for i in 0..1000000 { go { wg.done() } }\n wg.wait()\n println(\"done\")";
    body(finish).is(0, "done");
    let parked = "let wg = WaitGroup.new()\n let gate: Channel<i64> = Channel(0)\n wg.add(1000000)\n \
                  for i in 0..1000000 { go { let _ = gate.recv()\n wg.done() } }\n sleep(1)\n gate.close()\n wg.wait()\n \
                  println(\"done\")";
    let program = format!("import {{ WaitGroup }} from \"sync\"\nfn main() {{\n{parked}\n}}\n");
    run(program, &["--seed", "0", "--max-memory", "1GiB"]).is(0, "done");
}

#[test]
fn too_many_tasks_are_a_panic_of_the_program() {
    let program = "fn main() {\n let c: Channel<i64> = Channel(0)\n for i in 0..100000 { go { println(<-c) } }\n}\n";
    run(program, &["--max-tasks", "1000"]).is(101, "--max-tasks");
    let fork = "fn bomb() {\n go bomb()\n go bomb()\n yield_now()\n sleep(1000)\n}\nfn main() { bomb() }\n";
    run(fork, &["--seed", "0", "--max-tasks", "20000"]).is(101, "--max-tasks");
}

#[test]
fn a_report_on_many_tasks_has_an_end() {
    let done = body("let c: Channel<i64> = Channel(0)\n for i in 0..20000 { go { println(<-c) } }");
    done.is(0, "20 000 tasks are blocked for good");
}

#[test]
fn endless_loops_and_sleeps_end_at_the_time_limit() {
    for (text, options) in [
        ("go { while true {} }\n sleep(1)", &["--time-limit", "300ms"][..]),
        ("go { while true {} }\n sleep(1)", &["--time-limit", "300ms", "--seed", "4"]),
        ("while true { yield_now() }", &["--time-limit", "300ms", "--seed", "4"]),
        ("while true { sleep(1) }", &["--time-limit", "300ms", "--seed", "4"]),
        ("sleep(9000000000000)", &["--time-limit", "300ms"]),
    ] {
        let program = format!("fn main() {{\n{text}\n}}\n");
        vex(&[("p.vex", program.as_bytes())], &[&["run"], options].concat()).is(124, "time limit reached");
    }
    body("sleep(9000000000000)\n println(\"woke\")").is(0, "woke");
}

#[test]
fn many_timers_and_many_arms() {
    let timers = "let wg = WaitGroup.new()\n wg.add(10000)\n for i in 0..10000 { go { sleep(i % 97)\n wg.done() } }\n wg.wait()\n \
                  println(\"done\")";
    body(timers).is(0, "done");
    let arms = list((0..999).map(|i| format!("v = <-d => println(v + {i}),")), "\n");
    let text = "let c: Channel<i64> = Channel(1)\n c.send(5)\n let d: Channel<i64> = Channel(0)\n select {\n";
    body(format!("{text}{arms}\n v = <-c => println(f\"got {{v}}\"),\n}}")).is(0, "got 5");
    body(format!("let d: Channel<i64> = Channel(0)\n select {{\n{arms}\n}}")).is(102, "deadlock");
}

#[test]
fn deep_data_is_printed_compared_cloned_and_dropped() {
    let uses =
        "let copy = list.clone()\n println(copy == list)\n println(f\"{list}\".len() > 1000)\n println(\"end\")\n}\n";
    let boxes = "struct Node { value: i64, next: Option<Box<Node>> }\nfn main() {\n let! list: Option<Box<Node>> = None\n \
                 for i in 0..1000000 { list = Some(Box(Node { value: i, next: list })) }\n ";
    run(format!("{boxes}{uses}"), &[]).is(0, "true\ntrue\nend");
    let cells = "enum L { Nil, Cons(i64, L) }\nfn main() {\n let! list = L.Nil\n \
                 for i in 0..1000000 { list = L.Cons(i, list) }\n ";
    run(format!("{cells}{uses}"), &[]).is(0, "true\ntrue\nend");
    // A box that contains itself.
    let ring = "struct N { next: Option<Box<N>> }\nfn main() {\n let! a = Box(N { next: None })\n let b = a.clone()\n \
                a.next = Some(b)\n println(a)\n println(\"end\")\n}\n";
    let done = run(ring, &[]);
    done.is(0, "end");
    assert!(done.out.len() < 1_000_000, "a text without an end is cut: {} bytes", done.out.len());
}

#[test]
fn arithmetic_at_its_ends() {
    body("let a: i64 = -9223372036854775807 - 1\n println(a / -1)").is(101, "integer overflow");
    body("let n: i64 = 70\n println(1 << n)").is(101, "shift out of range");
    body("let n: i64 = 1000\n println(10 ** n)").is(101, "integer overflow");
    body(format!("println({})", "9".repeat(100_000))).is(65, "too large");
}

#[test]
fn a_panic_in_a_defer_or_a_drop() {
    run("fn main() { defer panic(\"two\")\n panic(\"one\") }\n", &[]).is(101, "panic in main: one");
    let drop = "struct S { n: i64 }\nfn (self: &S) drop() { panic(\"in drop\") }\nfn main() {\n let s = S { n: 1 }\n println(s.n)\n}\n";
    run(drop, &[]).is(101, "in drop");
}

// --- Files that are no programs ---

#[test]
fn files_that_are_no_text() {
    run(b"fn main() { println(\"\xff\xfe\") }\n", &[]).is(65, "not UTF-8");
    run("", &[]).is(65, "has no function `main`");
    run("\u{feff}", &[]).is(65, "has no function `main`");
    run("\u{feff}fn main() { println(\"marked\") }\n", &[]).is(0, "marked");
    run("fn main() {\r\n    println(\"lines\")\r\n}\r\n", &[]).is(0, "lines");
    run("fn main() { println(\"a\0b\") }\n", &[]).is(0, "a\0b");
    run([0; 4096], &[]).is(65, "unknown character");
    run([0xff; 4096], &[]).is(65, "not UTF-8");
    run("}{)(][".repeat(10_000), &[]).is(65, "closes nothing");
    run("fn main() { println(\"abc", &[]).is(65, "never closed");
    run("fn main() { /* abc", &[]).is(65, "never closed");
    vex(&[], &["run", "folder.vex"]).is(66, "directory");
    vex(&[], &["run", "nowhere.vex"]).is(66, "No such file");
    vex(&[], &["check", "/dev/zero", "--lang", "vex"]).is(66, "larger than");
}

#[test]
fn imports_in_circles_and_of_nothing() {
    let a = b"import { b } from \"./b.vex\"\nexport fn a(): i64 { return 1 }\nfn main() { println(b() + 41) }\n";
    let b = b"import { a } from \"./a.vex\"\nexport fn b(): i64 { return a() }\n";
    vex(&[("a.vex", a), ("b.vex", b)], &["run"]).is(0, "42");
    run("import { a } from \"./p.vex\"\nexport fn a(): i64 { return 42 }\nfn main() { println(a()) }\n", &[])
        .is(0, "42");
    run("import { a } from \"./nowhere.vex\"\nfn main() { println(a()) }\n", &[]).is(65, "cannot be found");
    run("import { a } from \"nolib\"\nfn main() { println(a()) }\n", &[]).is(65, "cannot be found");
    run("import { a } from \"./folder.vex\"\nfn main() { println(a()) }\n", &[]).is(65, "directory");
    let broken = vex(&[("a.vex", a), ("b.vex", b"export fn b(): i64 { return \"x\" }\n")], &["run"]);
    broken.is(65, "--> b.vex:1:29");
    let text = vex(&[("a.vex", a), ("b.vex", b"\xff\xff")], &["run"]);
    text.is(65, "not UTF-8");
}

#[test]
fn nesting_without_end_is_a_source_error() {
    let deep = 10_000;
    for text in [
        format!("let x = {}1{}", "(".repeat(deep), ")".repeat(deep)),
        format!("{} println(1) {}", "{".repeat(deep), "}".repeat(deep)),
        format!("let x: {}i64{} = None", "Option<".repeat(deep), ">".repeat(deep)),
        format!("let x = {}1{}", "[".repeat(deep), "]".repeat(deep)),
        format!("let x = {}1", "-".repeat(deep)),
        format!("let x = {}", list(std::iter::repeat_n(1, deep), " + ")),
        format!("let x = \"a\"{}", ".trim()".repeat(deep)),
        format!("let x = 3\n{}println(x){}", "if x > 1 {\n".repeat(deep), "}\n".repeat(deep)),
        format!("println({}1{})", "f\"{".repeat(1000), "}\"".repeat(1000)),
        format!("let f = {}1", "|| ".repeat(deep)),
        format!("{}println(1){}", "go { ".repeat(deep), " }".repeat(deep)),
        format!("match 1 {{ {}_{} => 1 }}", "Some(".repeat(deep), ")".repeat(deep)),
    ] {
        body(text).is(65, "nested too deeply");
    }
    // Without its other half as well.
    for open in ["(", "[", "{", "f(", "x.", "match x {", "fn f() {", "Vec<"] {
        assert_eq!(run(open.repeat(deep), &[]).code, 65, "{open}");
    }
    run("type A = B\ntype B = A\nfn main() {\n let x: A = 1\n println(x)\n}\n", &[]).is(65, "stands for itself");
}

#[test]
fn much_of_one_kind() {
    body(format!("{}\n println({})", list((0..10_000).map(|i| format!("let x{i} = {i}")), "\n"), "x9999"))
        .is(0, "9999");
    let arms = list((0..10_000).map(|i| format!("{i} => {},", i * 2)), "\n");
    body(format!("let x = 9999\n let r = match x {{\n{arms}\n _ => 0,\n}}\n println(r)")).is(0, "19998");
    body(format!("println([{}].len())", list(0..20_000, ", "))).is(0, "20000");
    body(format!("let x = 1\n println(f\"{}\")", "{x}".repeat(5000))).is(0, "11111");
    let chain = list((1..2000).map(|i| format!("elif x == {i} {{ println({i}) }}")), " ");
    body(format!("let x = 1999\n if x == 0 {{ println(0) }} {chain}")).is(0, "1999");
    let parameters = list((0..1000).map(|i| format!("a{i}: i64")), ", ");
    let program =
        format!("fn f({parameters}): i64 {{ return a999 }}\nfn main() {{ println(f({})) }}\n", list(0..1000, ", "));
    run(program, &[]).is(65, "more than 255 parameters");
    let fields = list((0..2000).map(|i| format!("a{i}: i64")), ", ");
    let values = list((0..2000).map(|i| format!("a{i}: {i}")), ", ");
    run(format!("struct S {{ {fields} }}\nfn main() {{\n let s = S {{ {values} }}\n println(s.a1999)\n}}\n"), &[])
        .is(65, "more than 255 fields");
    let wrong = body("y\n".repeat(5000));
    wrong.is(65, "more errors, not shown");
    assert!(wrong.err.len() < 100_000, "{} bytes of errors", wrong.err.len());
}

#[test]
fn very_long_lines() {
    // The program, the place of an error, and the report on a panic, each at the end of a line of 200 kB.
    let line = "print(1); ".repeat(20_000);
    run(format!("fn main() {{ {line} println(\"end\") }}\n"), &[]).is(0, "111end");
    run(format!("fn main() {{ {line} println(zzz) }}\n"), &[]).is(65, "p.vex:1:200022");
    run(format!("fn main() {{ {line} panic(\"here\") }}\n"), &[]).is(101, "p.vex:1:200014");
    run(format!("fn main() {{ println(\"{}\") }}\n", "é".repeat(1_000_000)), &[]).is(0, "éé");
}

#[test]
fn a_source_of_ten_megabytes() {
    let functions = list((0..230_000).map(|i| format!("fn f{i}(x: i64): i64 {{ return x + {i} }}")), "\n");
    let program = format!("{functions}\nfn main() {{ println(f7(35)) }}\n");
    assert!(program.len() > 10_000_000, "{}", program.len());
    run(program, &[]).is(0, "42");
    run("x".repeat(10_000_000), &[]).is(65, "error");
    vex(&[("p.vex", &vec![b' '; (64 << 20) + 1])], &["check"]).is(66, "larger than 64 MiB");
}
