//! Values as they are shown.

use super::stand::{Stand, tell};
use crate::debug::frames;
use crate::debug::values::locals::{globals, variables};

/// The variables of the innermost frame where the program stands.
fn shown(text: &str) -> String {
    let stand = Stand::here(text);
    variables(&stand.view(), stand.slot(), 0).iter().map(tell).collect()
}

#[track_caller]
fn check(text: &str, expected: &str) {
    let trim = |text: &str| text.trim_matches('\n').lines().map(str::trim_end).collect::<Vec<_>>().join("\n");
    let found = shown(text);
    assert_eq!(trim(&found), trim(expected), "\n{found}");
}

#[test]
fn scalars() {
    check(
        r#"
fn main() {
    let a = 5
    let b = 7u8
    let c = -1i128
    let d = 1.5
    let e = 'x'
    let f = true
    let g = "say \"hi\"\n"
    let h = ()
    let i = 5.millis()
    let j = 1..4
    println(a) // here
    println(b, c, d, e, f, g, i, j.map(|x: i64| x))
    println(h)
}
"#,
        r#"
a: i64 = 5
b: u8 = 7
c: i128 = -1
d: f64 = 1.5
e: char = 'x'
f: bool = true
g: string = "say \"hi\"\n"
h: () = ()
i: Duration = 5ms
j: Range<i64> = 1..4
"#,
    );
}

const COLLECTIONS: &str = r#"
struct Point { x: i64, y: i64 }
struct Id(i64)
struct Node { name: string, next: Option<Box<Node>> }
enum Msg { Stop, Put(i64), Pair(i64, string) }
fn main() {
    let list = [1, 2, 3]
    let nested = [[1], [2, 3]]
    let! map = Map.new<string, Point>()
    map.insert("a", Point { x: 1, y: 2 })
    let! set = Set.new<i64>()
    set.insert(5)
    let tuple = (1, "two", 'c')
    let id = Id(7)
    let some = Some(Point { x: 3, y: 4 })
    let none: Option<i64> = None
    let result: Result<i64, string> = Err("no")
    let stop = Msg.Stop
    let pair = Msg.Pair(1, "b")
    let list_of_ids = [Id(1), Id(2)]
    let node = Node { name: "a", next: Some(Box(Node { name: "b", next: None })) }
    let long = "x".repeat(500)
    let many = [0; 1000000]
    let later: i64
    let factor = 3
    let scale = |x: i64| x * factor
    println(list, nested, map, set, tuple, id, some, none, result) // here
    later = 5
    println(stop, pair, list_of_ids, node, long, many.len(), later, scale(4))
}
"#;

const SHARED: &str = r#"
import { Mutex, RwLock, WaitGroup, Once, Barrier, Semaphore, AtomicI64 } from "sync"
import { background, withTimeout, withCancel } from "context"
struct State { count: i64, log: [string] }
async fn fetch(n: i64): i64 { n * 2 }
fn worker(m: Mutex<State>, jobs: Channel<i64>) { for j in jobs { let g = m.lock(); println(j + g.count) } }
fn main() {
    let jobs = Channel<i64>(4)
    jobs.send(7)
    jobs.send(8)
    let quit = Channel<()>()
    let m = Mutex.new(State { count: 3, log: ["a"] })
    let guard = m.lock()
    let rw = RwLock.new(5)
    let reading = rw.read()
    let wg = WaitGroup.new()
    wg.add(2)
    let once = Once.new()
    let barrier = Barrier.new(2)
    let sem = Semaphore.new(3)
    sem.acquire()
    let hits = AtomicI64.new(41)
    let ctx = background()
    let timed = withTimeout(&ctx, 50.millis())
    let future = fetch(4)
    let cell = Box(5)
    let twin = cell.clone()
    let forks = [Mutex.new(1), Mutex.new(2)]
    go worker(m, jobs)
    println("x") // here
    println(guard.count, reading, hits.load(), cell, twin, forks.len())
    wg.done()
    wg.done()
    wg.wait()
    once.call_once(|| { println("once") })
    println(sem, barrier, timed, quit)
    sem.release()
    jobs.close()
}
"#;

#[test]
fn collections_and_records() {
    let found = shown(COLLECTIONS);
    let expected = r#"list: [i64] = [1, 2, 3]
  [0]: i64 = 1
  [1]: i64 = 2
  [2]: i64 = 3
nested: [[i64]] = [[1], [2, 3]]
  [0]: [i64] = [1]
    [0]: i64 = 1
  [1]: [i64] = [2, 3]
    [0]: i64 = 2
    [1]: i64 = 3
map: Map<string, Point> = {"a": Point { x: 1, y: 2 }}
  ["a"]: Point = Point { x: 1, y: 2 }
    x: i64 = 1
    y: i64 = 2
set: Set<i64> = {5}
  #0: i64 = 5
tuple: (i64, string, char) = (1, "two", 'c')
  0: i64 = 1
  1: string = "two"
  2: char = 'c'
id: Id = Id(7)
  0: i64 = 7
some: Option<Point> = Some(Point { x: 3, y: 4 })
  0: Point = Point { x: 3, y: 4 }
    x: i64 = 3
    y: i64 = 4
none: Option<i64> = None
result: Result<i64, string> = Err("no")
  0: string = "no"
stop: Msg = Stop
pair: Msg = Pair(1, "b")
  0: i64 = 1
  1: string = "b"
list_of_ids: [Id] = [Id(1), Id(2)]
  [0]: Id = Id(1)
    0: i64 = 1
  [1]: Id = Id(2)
    0: i64 = 2
node: Node = Node { name: "a", next: Some(Node { name: "b", next: None }) }
  name: string = "a"
  next: Option = Some(Node { name: "b", next: None })
    0: Box = Node { name: "b", next: None } (unique)
      name: string = "b"
      next: Option = None
"#;
    assert!(found.starts_with(expected), "\n{found}");
}

#[test]
fn what_is_large_is_cut_and_counted() {
    let found = shown(COLLECTIONS);
    assert!(found.contains("x… (500 bytes)\n"), "\n{found}");
    assert!(found.contains("many: [i64] = [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, …]\n"), "\n{found}");
    assert!(found.contains("  [23]: i64 = 0\n  … of 1000000\n"), "\n{found}");
    assert!(found.contains("later: i64 = unset\n"), "\n{found}");
    assert!(found.contains("scale: fn(i64): i64 = fn main.closure\n  factor: i64 = 3\n"), "\n{found}");
}

#[test]
fn objects_of_the_scheduler() {
    let found = shown(SHARED);
    let expected = r#"jobs: Channel<i64> = jobs [7, 8] cap 4
  [0]: i64 = 7
  [1]: i64 = 8
quit: Channel<()> = quit cap 0
m: Mutex<State> = m (State { count: 3, log: ["a"] }) (locked by main)
  value: State = State { count: 3, log: ["a"] }
    count: i64 = 3
    log: [string] = ["a"]
      [0]: string = "a"
guard: MutexGuard<State> = State { count: 3, log: ["a"] } (locks m)
  count: i64 = 3
  log: [string] = ["a"]
    [0]: string = "a"
"#;
    assert!(found.starts_with(expected), "\n{found}");
    for line in [
        "reading: ReadGuard<i64> = 5 (reads rw)",
        "sem: Semaphore = sem 2 permits",
        "hits: Atomic<i64> = hits 41",
        "timed: Context = timed ends in 50.0 ms",
        "future: Future<i64> = fetch#1 ready",
        "forks: [Mutex<i64>] = [forks[0] (1), forks[1] (2)]",
    ] {
        assert!(found.contains(line), "{line}\n{found}");
    }
}

#[test]
fn the_innermost_variable_of_a_name_comes_last_and_hides_the_others() {
    check(
        r#"
fn main() {
    let x = 1
    let x = "two"
    if true {
        let x = 3.5
        println(x) // here
    }
    println(x)
}
"#,
        r#"
x: i64 = 1 (shadowed)
x: string = "two" (shadowed)
x: f64 = 3.5
"#,
    );
}

#[test]
fn parameters_captures_and_globals() {
    let text = r#"
let! total = 10
let name = "pool"
fn add(n: i64, by!: i64): i64 {
    let! sum = n
    let f = || { sum += by; by += 1 }
    f()
    let g = |k: i64| {
        let inner = k + sum + n
        println(inner) // here
        inner
    }
    g(5)
}
fn main() { total += add(1, 2); println(total, name) }
"#;
    let stand = Stand::here(text);
    let told = |frame| variables(&stand.view(), stand.slot(), frame).iter().map(tell).collect::<String>();
    assert_eq!(told(0), "sum: i64 = 3 (captured)\nn: i64 = 1 (captured)\nk: i64 = 5\ninner: i64 = 9\n");
    let outer = told(1);
    assert!(outer.starts_with("n: i64 = 1\nby: i64 = 3\nsum: i64 = 3\n"), "{outer}");
    let globals: String = globals(&stand.view(), Some(stand.slot())).iter().map(tell).collect();
    assert_eq!(globals, "total: i64 = 10 (global)\nname: string = \"pool\" (global)\n");
    let frames: Vec<String> = frames::views(&stand.view(), stand.slot(), 10)
        .into_iter()
        .map(|frame| format!("{} {}", frame.function, frame.place))
        .collect();
    assert_eq!(frames, ["add.closure@8 test.vex:10:17", "add test.vex:13:5", "main test.vex:15:22"]);
}

#[test]
fn what_was_moved_or_released_says_so() {
    check(
        r#"
import { Mutex } from "sync"
async fn one(): i64 { 1 }
fn take(f: Future<i64>) { }
fn main() {
    let m = Mutex.new(1)
    let g = m.lock()
    let f = one()
    drop(g)
    take(f)
    let box = Box([1])
    let content = box.take()
    println(m.lock().toString(), content) // here
}
"#,
        r#"
m: Mutex<i64> = m (1)
  value: i64 = 1
g: MutexGuard<i64> = released
f: Future<i64> = one#1 ready
box: Box<[i64]> = moved out (unique)
content: [i64] = [1]
  [0]: i64 = 1
"#,
    );
}

#[test]
fn boxes_in_a_ring_end() {
    let found = shown(
        r#"
struct Node { name: string, next: Option<Box<Node>> }
fn main() {
    let! a = Box(Node { name: "a", next: None })
    let! b = Box(Node { name: "b", next: Some(a.clone()) })
    a.next = Some(b.clone())
    println("") // here
    println(a.name, b.name)
}
"#,
    );
    assert!(found.len() < 3_000, "{found}");
    assert!(found.contains("…"), "{found}");
}

#[test]
fn blocked_tasks_say_what_they_wait_for() {
    let stand = Stand::stuck(
        r#"
import { Mutex } from "sync"
fn reader(ch: Channel<i64>) { println(<-ch) }
async fn never(ch: Channel<i64>): i64 { <-ch }
fn main() {
    let ch = Channel<i64>()
    let m = Mutex.new(0)
    go reader(ch)
    let g = m.lock()
    go { let other = m.lock(); println(*other) }
    go { let r = await never(ch); println(r) }
    let again = m.lock()
    println(*g, *again)
}
"#,
    );
    let told: Vec<String> = super::super::values::tasks::views(&stand.view())
        .into_iter()
        .map(|task| format!("{} {} {} at {}", task.name, task.state.name(), task.waits, task.place))
        .collect();
    assert_eq!(
        told,
        [
            "main blocked to lock m at test.vex:12:17",
            "reader#1 blocked to receive from ch at test.vex:3:39",
            "main.go@10#1 blocked to lock m at test.vex:10:22",
            "main.go@11#1 blocked for the result of never#1 at test.vex:11:18",
            "never#1 blocked to receive from ch at test.vex:4:41",
        ]
    );
}

#[test]
fn boxes_say_who_shares_them() {
    let found = shown(
        r#"
struct Pair { a: Box<i64>, b: Box<i64> }
fn look(b: &Box<i64>): i64 { b.get() }
fn main() {
    let alone = Box(1)
    let twice = Box(2)
    let again = twice.clone()
    let pair = Pair { a: again, b: twice.clone() }
    let common = Box(3)
    let other = common.clone()
    go { println(other) }
    println("here") // here
    println(look(&alone), twice, pair.a, pair.b, common)
}
"#,
    );
    for line in [
        "alone: Box<i64> = 1 (unique)",
        "twice: Box<i64> = 2 (counted, 3 handles)",
        "common: Box<i64> = 3 (shared with main.go#1)",
    ] {
        assert!(found.contains(line), "{line}\n{found}");
    }
}

/// The objects of a program that stands, as text.
fn told(stand: &Stand) -> String {
    let mut out = String::new();
    for object in crate::debug::values::told::views(&stand.view()) {
        let facts: Vec<String> = object.facts.iter().map(|(word, what)| format!("{word} {what}")).collect();
        out.push_str(&format!("{} {}: {}", object.kind.name(), object.name, facts.join("; ")));
        if !object.waiting.is_empty() {
            out.push_str(&format!(" <- {}", object.waiting.join(", ")));
        }
        out.push('\n');
    }
    out
}

#[test]
fn objects_tell_what_is_in_them_who_holds_them_and_who_waits() {
    let stand = Stand::stuck(
        r#"
import { Mutex, RwLock, WaitGroup, Once, Barrier, Semaphore, AtomicI64 } from "sync"
import { background, withCancel, cancel } from "context"
fn sender(ch: Channel<i64>, n: i64) { ch.send(n) }
fn reader(rw: RwLock<i64>) { let g = rw.write(); println(*g) }
fn locker(m: Mutex<string>) { let g = m.lock(); println(g.len()) }
fn either(a: Channel<i64>, b: Channel<()>) { select { v = <-a => println(v), <-b => println("b") } }
fn main() {
    let jobs = Channel<i64>(2)
    let out = Channel<i64>()
    let quit = Channel<()>()
    let m = Mutex.new("text")
    let rw = RwLock.new(5)
    let wg = WaitGroup.new()
    wg.add(2)
    let barrier = Barrier.new(3)
    let sem = Semaphore.new(1)
    let hits = AtomicI64.new(4)
    let root = background()
    let child = withCancel(&root)
    jobs.send(7)
    jobs.send(8)
    go sender(jobs, 9)
    go sender(jobs, 10)
    go either(out, quit)
    let guard = m.lock()
    let reading = rw.read()
    go reader(rw)
    go locker(m)
    go { barrier.wait() }
    sem.acquire()
    go { sem.acquire() }
    yield_now()
    cancel(&child)
    wg.wait()
    println(guard.len(), *reading, hits.load(), jobs.len())
}
"#,
    );
    let found = told(&stand);
    let expected = r#"channel jobs: capacity 2; buffer [7, 8]; sent last sender#2 <- sender#1 to send 9, sender#2 to send 10
channel out: capacity 0; buffer [] <- either#1 to receive (arm 1 of a select)
channel quit: capacity 0; buffer [] <- either#1 to receive (arm 2 of a select)
mutex m: value "text"; owner main, at test.vex:26:17 <- locker#1
rwlock rw: value 5; reader main, at test.vex:27:19 <- reader#1 to write
wait group wg: count 2 <- main
barrier barrier: parties 3; arrived 1 <- main.go@30#1
semaphore sem: permits 0; holder main, at test.vex:31:5 <- main.go@32#1
atomic hits: value 4
context root: state active; child child
context child: state canceled; parent root
"#;
    assert_eq!(found, expected, "\n{found}");
    let tasks: Vec<String> = crate::debug::values::tasks::views(&stand.view())
        .into_iter()
        .map(|task| format!("{}: {} | {}", task.name, task.waits, task.holds.join(" ")))
        .collect();
    assert_eq!(tasks[0], "main: for wait group wg | m rw sem");
    assert_eq!(tasks[3], "either#1: in a select for out or quit | ");
}
