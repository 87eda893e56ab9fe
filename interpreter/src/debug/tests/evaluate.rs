//! Expressions: their values, what is refused and why, and that nothing of the run notices.

use super::stand::{Stand, tell};
use crate::debug::evaluate::place::{locate, print, read};
use crate::debug::evaluate::set::set;
use crate::debug::evaluate::template::interpolate;
use crate::debug::evaluate::{Compiled, Where, evaluate};
use crate::value::Value;

/// The value of an expression where a program stands, or why it has none.
fn value(stand: &mut Stand, text: &str) -> String {
    let at = Where::frame(stand.slot(), 0);
    match evaluate(&mut stand.machine, &stand.program, at, text, false) {
        Ok(variable) => format!("{}: {}", variable.ty, variable.value),
        Err(why) => format!("! {why}"),
    }
}

/// Checks lines of `expression => type: value` or `expression => ! reason`.
#[track_caller]
fn check(stand: &mut Stand, table: &str) {
    let mut wrong = String::new();
    for line in table.lines().map(str::trim).filter(|line| !line.is_empty()) {
        let (text, expected) = line.rsplit_once(" => ").expect("a value");
        let found = value(stand, text.trim());
        if found != expected.trim() {
            wrong.push_str(&format!("{text} => {found}\n"));
        }
    }
    assert!(wrong.is_empty(), "\n{wrong}");
}

const PROGRAM: &str = r#"
import { Mutex, AtomicI64, RwLock } from "sync"
const LIMIT: i32 = 40
const NAME = "vex"
let! total = 7
struct Point { x: i64, y: i64 }
struct Id(u8)
enum Shape { Dot, Circle(f64), Box2(i64, i64) }
fn Point.new(x: i64, y: i64): Point { Point { x, y } }
fn (self: &Point) norm(): i64 { self.x * self.x + self.y * self.y }
fn (self: &Point) toString(): string { f"<{self.x} {self.y}>" }
fn (self: &Point!) shift(d: i64) { self.x += d }
fn double(n: i64): i64 { n * 2 }
fn narrow(n: i32): i32 { n }
fn loud(n: i64): i64 { println(n); n }
fn forever(): i64 { let! i = 0; loop { i = (i + 1) % 10 } }
fn broken(n: i64): i64 { let xs = [1]; xs[n] }
fn grow(xs: &Vec<i64>!): usize { xs.push(1); xs.len() }
async fn later(): i64 { 1 }
fn main() {
    let n = 5
    let small = 200u8
    let wide = 9i128
    let ratio = 2.5
    let short = 1.5f32
    let letter = 'x'
    let yes = true
    let name = "jobs"
    let! list = [10, 20, 30]
    let! map = Map.new<string, i64>()
    map.insert("a", 1)
    let! ids = Map.new<i64, string>()
    ids.insert(3, "three")
    let! set = Set.new<i64>()
    set.insert(5)
    let pair = (1, "two")
    let point = Point { x: 3, y: 4 }
    let id = Id(7)
    let some = Some(3)
    let none: Option<i64> = None
    let ok: Result<i64, string> = Ok(1)
    let err: Result<i64, string> = Err("no")
    let circle = Shape.Circle(1.5)
    let wait = 5.millis()
    let ch = Channel<i64>(4)
    ch.send(7)
    let m = Mutex.new(3)
    let guard = m.lock()
    let rw = RwLock.new(9)
    let hits = AtomicI64.new(41)
    let cell = Box(5)
    let boxed = Box(Point { x: 1, y: 2 })
    let add = |a: i64| a + n
    let later_on: i64
    println("here") // here
    list.push(n)
    println(small, wide, ratio, short, letter, yes, name, list, map, ids, set, pair, point, id.0, some, none, ok, err)
    println(circle.toString(), wait, ch.len(), *guard, hits.load(), cell, boxed, add(1), LIMIT, NAME, total, double(1))
    println(narrow(1), loud(1), broken(0), Point.new(1, 2).norm(), *rw.read())
    later_on = 1
    println(later_on, grow(&list!))
    if false { println(forever()); let! p = point; p.shift(1) ; go later() }
}
"#;

#[test]
fn values_of_every_kind() {
    check(
        &mut Stand::here(PROGRAM),
        r#"
        n => i64: 5
        (n) => i64: 5
        42 => i64: 42
        255u8 => u8: 255
        1.5 => f64: 1.5
        "a\nb" => string: "a\nb"
        'c' => char: 'c'
        () => (): ()
        total => i64: 7
        LIMIT => i32: 40
        NAME => string: "vex"
        SECOND => Duration: 1s
        list[0] => i64: 10
        list[n - 3] => i64: 30
        list[3] => ! index out of range: the length is 3 but the index is 3 (at column 1)
        list[-1] => ! index out of range: the length is 3 but the index is -1 (at column 1)
        list[1..] => [i64]: [20, 30]
        list[..=1] => [i64]: [10, 20]
        name[1..3] => string: "ob"
        map["a"] => i64: 1
        ids[3] => string: "three"
        pair.1 => string: "two"
        point.x => i64: 3
        boxed.y => i64: 2
        id.0 => u8: 7
        id.1 => ! a Id has no field `1` (at column 4)
        point.z => ! a Point has no field `z` (at column 7)
        *guard => i64: 3
        guard + 1 => i64: 4
        m.value => i64: 3
        rw.value => i64: 9
        cell + 1 => i64: 6
        ch[0] => i64: 7
        ch[1] => ! there is no such value in the buffer (at column 1)
        add.n => i64: 5
        (n, name) => tuple: (5, "jobs")
        [n, 2] => [i64]: [5, 2]
        [0; 3] => [i64]: [0, 0, 0]
        Point { x: 1, y: n } => Point: Point { x: 1, y: 5 }
        Id(9) => Id: Id(9)
        Shape.Dot => Shape: Dot
        Dot => Shape: Dot
        Shape.Circle(2.0) => Shape: Circle(2.0)
        Some(n) => Option: Some(5)
        None => Option: None
        0..n => Range: 0..5
        f"{n} of {name}" => string: "5 of jobs"
        n > 3 ? "many" : "few" => string: "many"
        if n > 9 { 1 } elif n > 4 { 2 } else { 3 } => i64: 2
        some ?? 0 => i64: 3
        none ?? 0 => i64: 0
        200 as u8 => u8: 200
        -1 as u8 => u8: 255
        ratio as i64 => i64: 2
        later_on => ! `later_on` has no value here
        nothing => ! there is no `nothing` here
        "#,
    );
}

#[test]
fn operators_have_the_rules_of_the_language() {
    check(
        &mut Stand::here(PROGRAM),
        r#"
        n + 1 => i64: 6
        1 + n * 2 => i64: 11
        small + 1 => u8: 201
        small + 100 => ! integer overflow in `+`: 200 + 100 does not fit in u8 (at column 7)
        small + 300 => ! 300 does not fit in u8 (at column 9)
        300 + small => ! 300 does not fit in u8 (at column 1)
        small + n => ! there is no `+` of u8 and i64 (at column 7)
        small == n => ! u8 and i64 are not compared; `as` makes one of them the other (at column 7)
        small as i64 == n => bool: false
        small == 200 => bool: true
        list.len() == 3 => bool: true
        wide * 100000000000000000000 => i128: 900000000000000000000
        n / 0 => ! division by zero (at column 3)
        n ** 3 => i64: 125
        n << 2 | 1 => i64: 21
        -n => i64: -5
        ~0 => i64: -1
        !yes => bool: false
        !n => ! `!` needs a bool, this is a i64 (at column 1)
        ratio * 2 => f64: 5.0
        ratio > 2 => bool: true
        short + 1 => f32: 2.5
        name + "!" => string: "jobs!"
        name + 1 => ! there is no `+` of string and i64 (at column 6)
        yes && n == 5 => bool: true
        false && 1 / 0 == 1 => bool: false
        n && yes => ! this is a i64, not a bool (at column 1)
        wait * 2 => Duration: 10ms
        wait > 1.second() => bool: false
        some == Some(3) => bool: true
        none < some => bool: true
        pair == (1, "two") => bool: true
        letter == 'x' => bool: true
        point == Point { x: 3, y: 4 } => bool: true
        circle == Shape.Circle(1.5) => bool: true
        list == [10, 20, 30] => bool: true
        "#,
    );
}

#[test]
fn methods_that_only_look() {
    check(
        &mut Stand::here(PROGRAM),
        r#"
        list.len() => usize: 3
        list.contains(20) => bool: true
        list.get(1) => Option: Some(20)
        list.get(9) => Option: None
        list.indexOf(30) => Option: Some(2)
        list.sum() => i64: 60
        list.max().unwrap() => i64: 30
        list.join(", ") => string: "10, 20, 30"
        list.push(1) => ! `push` would change the program; only what looks is evaluated (at column 6)
        list.len(1) => ! `len` takes 0 arguments, not 1 (at column 6)
        name.to_upper() => string: "JOBS"
        name.startsWith("jo") => bool: true
        name.split("o") => [string]: ["j", "bs"]
        name.len() => usize: 4
        map.get("a") => Option: Some(1)
        map.contains("b") => bool: false
        map.keys() => [string]: ["a"]
        set.contains(5) => bool: true
        some.is_some() => bool: true
        some.unwrap() => i64: 3
        none.isNone() => bool: true
        none.unwrap() => ! there is nothing: it is `None` (at column 6)
        none.unwrap_or(8) => i64: 8
        ok.isOk() => bool: true
        err.unwrapErr() => string: "no"
        err.ok() => Option: None
        ch.len() => usize: 1
        ch.cap() => usize: 4
        ch.is_closed() => bool: false
        ch.recv() => ! `recv` would change the program; only what looks is evaluated (at column 4)
        <-ch => ! `<-` would take a value out of the channel (at column 1)
        hits.load() => i64: 41
        hits.fetch_add(1) => ! `fetch_add` would change the program; only what looks is evaluated (at column 6)
        cell.get() => i64: 5
        n.abs() => i64: 5
        n.min(3) => i64: 3
        max(n, 9) => i64: 9
        ratio.floor() => f64: 2.0
        letter.isAlpha() => bool: true
        n.toString() => string: "5"
        wait.as_millis() => i64: 5
        Duration.from_secs(2) => Duration: 2s
        now() >= now() => bool: true
        n.nothing() => ! a i64 has no method `nothing` (at column 3)
        nothing(1) => ! there is no function `nothing` here (at column 1)
        "#,
    );
}

#[test]
fn functions_of_the_program() {
    check(
        &mut Stand::here(PROGRAM),
        r#"
        double(n) => i64: 10
        double(double(2)) + 1 => i64: 9
        narrow(3) => i32: 3
        narrow(n) => ! a i32 is needed here, this is a i64 (at column 8)
        narrow(3000000000) => ! 3000000000 does not fit in i32 (at column 8)
        point.norm() => i64: 25
        point.norm() > 20 => bool: true
        Point.new(1, 2) => Point: Point { x: 1, y: 2 }
        Point.new(1, 2).norm() => i64: 5
        f"{point}" => string: "<3 4>"
        add(2) => i64: 7
        double(1, 2) => ! `double` takes 1 arguments (at column 1)
        loud(1) => ! `loud` has an effect on others (output at test.vex:15:24) (at column 1)
        forever() => ! `forever` does not end within 10 000 000 instructions (at column 1)
        broken(1) => ! `broken` panics: index out of range: the length is 1 but the index is 1 (at column 1)
        later() => ! `later` is async: a call of it makes a task (at column 1)
        grow(list) => usize: 4
        list.len() => usize: 3
        "#,
    );
}

#[test]
fn wrong_and_hostile_expressions_are_told() {
    let mut stand = Stand::here(PROGRAM);
    check(
        &mut stand,
        r#"
        n + => ! expected an expression, found the end (at column 3)
        n n => ! expected the end of the expression, found `n` (at column 3)
        (n => ! expected `,` or `)` to close the parenthesis, found the end (at column 2)
        let x = 1 => ! expected an expression, found `let` (at column 1)
        n = 3 => ! expected the end of the expression, found `=` (at column 3)
        "é" + n => ! there is no `+` of string and i64 (at column 5)
        ünï => ! `ü` cannot stand in a name
        |x: i64| x => ! closures are not evaluated here (at column 1)
        match n { _ => 1 } => ! `match` is not evaluated here (at column 1)
        { let x = 1; x } => ! statements are not evaluated here, only expressions (at column 3)
        later().await => ! `await` stands before its future (at column 9)
        "x".repeat(100000000000) => ! this takes more memory than an evaluation may (64 MiB) (at column 5)
        [0; 10000000000] => ! this takes more memory than an evaluation may (64 MiB) (at column 1)
        "#,
    );
}

#[test]
fn what_is_nested_without_end_is_refused() {
    let mut stand = Stand::here(PROGRAM);
    let open = "(".repeat(5_000) + "n" + &")".repeat(5_000);
    assert!(value(&mut stand, &open).starts_with("! "), "{}", value(&mut stand, &open));
    assert_eq!(value(&mut stand, &("1".to_string() + &" + 1".repeat(250))), "i64: 251");
    assert!(value(&mut stand, &("1".to_string() + &" + 1".repeat(2_400))).starts_with("! "));
    assert!(value(&mut stand, &("-".repeat(3_000) + "n")).starts_with("! "));
    assert!(value(&mut stand, &"x".repeat(20_000)).contains("at most 10000 bytes"));
    assert!(value(&mut stand, &("n".to_string() + &".x".repeat(400))).starts_with("! "));
    for text in [
        "",
        " ",
        "\0",
        "\"",
        "'",
        "{",
        "}",
        "f\"{\"",
        "0x",
        "1e999999",
        "99999999999999999999999999999999999999999999",
        ")",
        "..",
        "🦀",
    ] {
        assert!(value(&mut stand, text).starts_with("! "), "{text:?} gives {}", value(&mut stand, text));
    }
}

#[test]
fn conditions_hold_or_not_and_may_use_further_names() {
    let mut stand = Stand::here(PROGRAM);
    let slot = stand.slot();
    let bound = [("value", Value::i64(8))];
    let mut holds = |text: &str| {
        let compiled = Compiled::new(text).expect("an expression");
        let at = Where { slot, frame: 0, bound: &bound };
        compiled.holds(&mut stand.machine, &stand.program, at).map_err(|why| why.to_string())
    };
    assert_eq!(holds("n == 5 && value > 7"), Ok(true));
    assert_eq!(holds("double(value) == 15"), Ok(false));
    assert_eq!(holds("n"), Err("it is a i64, neither true nor false".to_string()));
    assert_eq!(
        holds("m == 3"),
        Err("Mutex and i64 are not compared; `as` makes one of them the other (at column 3)".into())
    );
}

#[test]
fn texts_with_values_in_them() {
    let mut stand = Stand::here(PROGRAM);
    let at = Where::frame(stand.slot(), 0);
    let mut text = |text: &str| match interpolate(&mut stand.machine, &stand.program, at, text) {
        Ok(text) => text,
        Err(why) => format!("! {why}"),
    };
    assert_eq!(text("no values"), "no values");
    assert_eq!(text("{n} of {list.len()}: {name}, {letter}, {pair} {{n}}"), "5 of 3: jobs, x, (1, \"two\") {n}");
    assert_eq!(text("{map[\"a\"]} {f\"{n}}}\"}"), "1 5}");
    assert_eq!(text("{gone} {1 / 0}"), "<there is no `gone` here> <division by zero (at column 3)>");
    assert_eq!(text("{n"), "! a `{` without its `}`; a plain one is written `{{`");
    assert_eq!(text("n}"), "! a `}` without a `{`; a plain one is written `}}`");
    assert_eq!(text("{1 +}"), "! expected an expression, found the end (at column 3)");
}

/// Sets a place, and tells what it then is.
fn set_to(stand: &mut Stand, place: &str, value: &str) -> String {
    let at = Where::frame(stand.slot(), 0);
    match set(&mut stand.machine, &stand.program, at, place, value) {
        Ok(variable) => tell(&variable).lines().next().unwrap_or_default().to_string(),
        Err(why) => format!("! {why}"),
    }
}

#[test]
fn variables_fields_and_elements_can_be_set() {
    let mut stand = Stand::here(PROGRAM);
    for (place, value, expected) in [
        ("total", "n * 2", "total: i64 = 10"),
        ("small", "7", "small: u8 = 7 (immutable in the program)"),
        ("small", "300", "! 300 does not fit in u8"),
        ("small", "n", "! a u8 is needed here, this is a i64"),
        ("ratio", "3", "ratio: f64 = 3.0 (immutable in the program)"),
        ("name", "name + \"!\"", "name: string = \"jobs!\" (immutable in the program)"),
        ("list[1]", "99", "list[1]: i64 = 99"),
        ("list[7]", "99", "! index out of range: the length is 3 but the index is 7 (at column 1)"),
        ("list", "[1, 2]", "list: [i64] = [1, 2]"),
        ("list", "n", "! a [i64] is needed here, this is a i64"),
        ("map[\"a\"]", "5", "map[\"a\"]: i64 = 5"),
        ("map[\"b\"]", "6", "map[\"b\"]: i64 = 6"),
        ("point.x", "n + 1", "point.x: i64 = 6"),
        ("point.x", "\"a\"", "! a i64 is needed here, this is a string (at column 1)"),
        ("point", "Point { x: 8, y: 9 }", "point: Point = Point { x: 8, y: 9 } (immutable in the program)"),
        ("point", "Id(1)", "! a Point is needed here, this is a Id (at column 1)"),
        ("some", "None", "some: Option<i64> = None (immutable in the program)"),
        ("circle", "Shape.Dot", "circle: Shape = Dot (immutable in the program)"),
        ("*guard", "12", "*guard: i64 = 12"),
        ("m.value", "13", "m.value: i64 = 13"),
        ("*cell", "14", "*cell: i64 = 14"),
        ("cell", "Box(15)", "cell: Box<i64> = 15 (unique, immutable in the program)"),
        ("cell", "15", "! a Box<i64> is needed here, this is a i64"),
        ("wait", "1.second()", "wait: Duration = 1s (immutable in the program)"),
        ("later_on", "3", "later_on: i64 = 3 (immutable in the program, the program does not read it any more)"),
        ("LIMIT", "3", "! `LIMIT` is a constant"),
        ("n + 1", "3", "! this is no variable, field or element (at column 3)"),
        ("n", "double(1)", "! a value to be set cannot call functions of the program"),
        ("nothing", "1", "! there is no variable `nothing` here"),
    ] {
        assert_eq!(set_to(&mut stand, place, value), expected, "{place} = {value}");
    }
    // The program goes on with what was set.
    stand.steps(100_000);
    let out = stand.machine.common.io().stdout().to_string();
    assert!(out.contains("jobs!") && out.contains("[1, 2, 5]"), "{out}");
}

#[test]
fn watched_places_are_read_after_every_step() {
    let mut stand = Stand::here(
        r#"
struct Point { x: i64 }
fn add(p: &Point!, n: i64): i64 { p.x += n; p.x }
fn run(): i64 {
    let! i = 0
    let! p = Point { x: 1 }
    let! xs = [1]
    println("here") // here
    while i < 3 {
        i += 1
        add(&p!, i)
        xs.push(i)
    }
    p.x + xs.len() as i64
}
fn main() { println(run()); println(run()) }
"#,
    );
    let at = Where::frame(stand.slot(), 0);
    let places = ["i", "p.x", "xs"];
    let places: Vec<_> = places
        .iter()
        .map(|text| locate(&mut stand.machine, &stand.program, at, text).expect("a place").place)
        .collect();
    let mut seen: Vec<Vec<String>> = vec![Vec::new(); places.len()];
    let mut prints = vec![None; places.len()];
    for _ in 0..2_000 {
        for (index, place) in places.iter().enumerate() {
            let view = stand.view();
            let now = read(&view, place);
            let print = now.map(|now| print(&view, now));
            if print != prints[index] {
                prints[index] = print;
                let teller = crate::debug::values::Teller::new(view, 0, crate::debug::values::Detail::LINE);
                seen[index].push(now.map_or("gone".to_string(), |now| teller.line(now)));
            }
        }
        stand.steps(1);
        if stand.ended || stand.machine.common.io().stdout().lines().count() > 1 {
            break;
        }
    }
    assert_eq!(seen[0], ["0", "1", "2", "3", "gone"]);
    assert_eq!(seen[1], ["1", "2", "4", "7"]);
    assert_eq!(seen[2], ["[1]", "[1, 1]", "[1, 1, 2]", "[1, 1, 2, 3]", "gone"]);
}

/// Everything that a run does from here on, and its memory on the way.
fn rest(stand: &mut Stand) -> String {
    let mut out = String::new();
    while !stand.ended && out.len() < 1 << 20 {
        stand.steps(97);
        let machine = &stand.machine;
        out.push_str(&format!("{} {} {} ", machine.clock, machine.heap.bytes(), machine.heap.objects()));
    }
    out + stand.machine.common.io().stdout()
}

#[test]
fn nothing_of_the_run_notices_an_evaluation() {
    let text = PROGRAM.replace(
        "list.push(n)",
        "list.push(n); let! k = 0; while k < 3000 { list.push(k); let s = f\"{k}\"; map.insert(s, k); k += 1 }",
    );
    let expected = rest(&mut Stand::here(&text));
    let mut stand = Stand::here(&text);
    let expressions = [
        "n + 1",
        "f\"{list} {map}\"",
        "[1, 2, 3]",
        "double(n)",
        "grow(list)",
        "loud(1)",
        "broken(3)",
        "forever()",
        "nothing",
        "1 / 0",
        "list[0..2]",
        "map.keys()",
        "Some(Point { x: 1, y: 2 })",
        "9i128 * wide",
        "\"a\".repeat(1000000)",
        "hits.load()",
        "point.norm()",
        "[0; 100000000000]",
        "name.chars()",
    ];
    for step in 0..60 {
        let at = Where::frame(stand.slot(), 0);
        for (index, text) in expressions.iter().enumerate() {
            if index % 5 == step % 5 || !text.contains("forever") {
                let _ = evaluate(&mut stand.machine, &stand.program, at, text, index % 2 == 0);
            }
            let _ = locate(&mut stand.machine, &stand.program, at, text);
        }
        // Setting what cannot be set changes nothing either.
        assert!(set_to(&mut stand, "small", "\"long\" + name").starts_with("! "));
        if step % 7 == 0 {
            stand.steps(97);
        }
    }
    let mut stand_two = Stand::here(&text);
    for step in 0..60 {
        if step % 7 == 0 {
            stand_two.steps(97);
        }
    }
    assert_eq!(rest(&mut stand), rest(&mut stand_two));
    assert!(expected.ends_with(stand.machine.common.io().stdout()));
}

#[test]
fn effects_that_are_asked_for_happen_on_a_copy() {
    let mut stand = Stand::here(PROGRAM);
    let at = Where::frame(stand.slot(), 0);
    let told = evaluate(&mut stand.machine, &stand.program, at, "loud(3)", true).expect("a value");
    assert_eq!(tell(&told), "loud(3): i64 = 3 (effects on a copy only: output at test.vex:15:24, writes \"3\\n\")\n");
    assert_eq!(stand.machine.common.io().stdout(), "");
    let told = evaluate(&mut stand.machine, &stand.program, at, "grow(list)", false).expect("a value");
    assert_eq!(tell(&told), "grow(list): usize = 4\n");
    assert_eq!(value(&mut stand, "list"), "[i64]: [10, 20, 30]");
}

#[test]
fn any_row_of_words_is_a_value_or_a_reason() {
    const WORDS: [&str; 58] = [
        "n", "small", "wide", "ratio", "name", "list", "map", "point", "some", "none", "circle", "ch", "m", "guard",
        "cell", "add", "add", "double", "Point", "Shape", "Circle", "Id", "1", "0", "-", "200u8", "2.5", "\"a\"",
        "'c'", "f\"{n}\"", "true", "+", "*", "/", "%", "**", "<<", "==", "<", "&&", "!", "~", "&", ".", ".", ".x",
        ".0", ".len()", ".get(", "(", ")", "[", "]", "..", " as u8", "? 1 :", "??", ",",
    ];
    let mut stand = Stand::here(PROGRAM);
    let before = (stand.machine.heap.bytes(), stand.machine.heap.objects());
    let mut random = 12_345u64;
    let (mut values, mut reasons) = (0, 0);
    for _ in 0..20_000 {
        let mut text = String::new();
        random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        for _ in 0..1 + (random >> 60) {
            random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            text.push_str(WORDS[(random >> 33) as usize % WORDS.len()]);
        }
        match value(&mut stand, &text).starts_with("! ") {
            true => reasons += 1,
            false => values += 1,
        }
    }
    assert!(values > 500 && reasons > 500, "{values} values, {reasons} reasons");
    assert_eq!((stand.machine.heap.bytes(), stand.machine.heap.objects()), before);
}
