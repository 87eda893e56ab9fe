//! Small programs with the lines and codes of their ownership errors.

use crate::pipeline::{Kind, compile_text};
use crate::vex::check::NoFiles;

/// Checks a whole program: the expected errors are `line:code`, by line.
#[track_caller]
fn check(source: &str, expected: &[&str]) {
    let compiled = compile_text("test.vex", source, Kind::Program, &mut NoFiles);
    let errors: Vec<String> = compiled
        .diagnostics
        .sorted()
        .into_iter()
        .filter(|d| d.severity() == crate::diagnostics::Severity::Error)
        .map(|d| format!("{}:{}", compiled.sources.file(d.primary.file).line_column(d.primary.lo).line, d.code.id()))
        .collect();
    assert_eq!(errors, expected, "{source}\n{}", compiled.render(false));
}

/// Checks the body of a `main`, whose first line counts as line 1.
#[track_caller]
fn main_body(body: &str, expected: &[&str]) {
    check(
        &format!("import {{ Mutex, RwLock, WaitGroup, AtomicI64 }} from \"sync\"; async fn main() {{ {body}\n}}"),
        expected,
    );
}

#[test]
fn a_value_is_gone_after_it_was_moved() {
    main_body("let a = [1]\nlet b = a\nprintln(a)\nprintln(b)", &["3:E0401"]);
    main_body("let a = \"x\" + \"y\"\nlet b = a\nprintln(b)", &[]);
    main_body("let a = 1\nlet b = a\nprintln(a + b)", &[]);
    main_body("let ch = Channel<[i64]>(1)\nlet xs = [1]\nch.send(xs)\nprintln(xs.len())", &["4:E0401"]);
    main_body("let a = Box(1)\nlet b = a\nprintln(a.get() + b.get())", &["3:E0401"]);
    main_body("let a = Box(1)\nlet b = a.clone()\nprintln(a.get() + b.get())", &[]);
}

#[test]
fn moves_follow_control_flow() {
    main_body("let a = [1]\nif a.len() > 0 { let b = a\nprintln(b) }\nprintln(a)", &["4:E0401"]);
    main_body("let a = [1]\nif a.len() > 5 { let b = a\nprintln(b)\nreturn }\nprintln(a)", &[]);
    main_body("let a = [1]\nfor _ in 0..2 { let b = a\nprintln(b) }", &["2:E0401"]);
    main_body("let! a = [1]\nfor _ in 0..2 { let b = a\nprintln(b)\na = [2] }", &[]);
    main_body("let a = [1]\nlet b = a.len() == 1 ? a : [2]\nprintln(b)\nprintln(a)", &["4:E0401"]);
    main_body("let a = [1]\nloop { let b = a\nprintln(b)\nbreak }", &[]);
}

#[test]
fn a_goroutine_takes_what_it_uses() {
    main_body("let! d = [1]\ngo { d.push(4) }\ngo { d.push(5) }", &["3:E0402"]);
    main_body("let! d = [1]\ngo { d.push(4) }\nprintln(d.len())", &["3:E0401"]);
    main_body("let! d = [1]\nfor i in 0..2 {\ngo { d.push(i) } }", &["3:E0402"]);
    main_body("for x in [[1], [2]] { go { println(x) } }", &[]);
    main_body("let ch = Channel<i64>(2)\ngo { ch.send(1) }\ngo { ch.send(2) }\nprintln(<-ch + <-ch)", &[]);
    main_body("let d = Box(Mutex.new([1]))\ngo { d.lock().push(4) }\ngo { d.lock().push(5) }", &[]);
    main_body("let a = AtomicI64.new(0)\ngo { a.fetch_add(1) }\ngo { a.fetch_add(1) }\nprintln(a.load())", &[]);
}

#[test]
fn a_captured_number_is_a_copy() {
    main_body("let! n = 0\ngo {\nn += 1 }\nprintln(n)", &["3:E0403"]);
    main_body("let! n = 0\ngo { let! m = n\nm += 1\nprintln(m) }\nprintln(n)", &[]);
}

#[test]
fn no_reference_goes_into_a_task() {
    let f = "fn f(xs: &[i64]) {\ngo { println(xs.len()) }\n}\nfn main() { let v = [1]\nf(&v) }";
    check(f, &["2:E0404"]);
    main_body("let v = [1]\nlet r = &v\ngo { println(r.len()) }", &["3:E0404"]);
}

#[test]
fn nothing_borrowed_is_alive_across_an_await() {
    main_body("let m = Mutex.new(0)\nlet! g = m.lock()\n*g += 1\nawait sleep(1)\n*g += 1", &["4:E0405"]);
    main_body("let m = Mutex.new(0)\nlet! g = m.lock()\n*g += 1\ndrop(g)\nawait sleep(1)", &[]);
    main_body("let m = Mutex.new(0)\n{ let! g = m.lock()\n*g += 1 }\nawait sleep(1)", &[]);
    main_body("let m = Mutex.new(0)\nlet! g = m.lock()\nif *g == 0 { drop(g) }\nawait sleep(1)", &["4:E0405"]);
    main_body("let xs = [1]\nlet r = &xs[0]\nawait sleep(1)\nprintln(*r)", &["3:E0405"]);
    main_body("let xs = [1]\nlet r = &xs[0]\nprintln(*r)\nawait sleep(1)", &[]);
    main_body("let m = RwLock.new(0)\nlet g = m.read()\nawait sleep(1)\nprintln(*g)", &["3:E0405"]);
}

#[test]
fn one_mutable_borrow_or_many_others_until_their_last_use() {
    main_body("let! xs = [1]\nlet first = &xs[0]\nxs.push(2)\nprintln(*first)", &["3:E0406"]);
    main_body("let! xs = [1]\nlet first = &xs[0]\nprintln(*first)\nxs.push(2)", &[]);
    main_body("let xs = [1]\nlet a = &xs\nlet b = &xs\nprintln(a.len() + b.len())", &[]);
    let f = "fn f(a: &[i64]!, b: &[i64]) { a.push(b.len() as i64) }\nfn main() { let! xs = [1]\nf(&xs!, &xs) }";
    check(f, &["3:E0406"]);
    let reborrow =
        "fn g(a: &[i64]!) { a.push(1) }\nfn f(a: &[i64]!) { g(a)\ng(a) }\nfn main() { let! xs = [1]\nf(&xs!) }";
    check(reborrow, &[]);
}

#[test]
fn a_future_is_awaited_once() {
    let f =
        "async fn n(): i64 { 1 }\nasync fn main() { let f = n()\nlet a = await f\nlet b = await f\nprintln(a + b) }";
    check(f, &["4:E0401"]);
}

#[test]
fn a_variable_needs_a_value_before_it_is_used() {
    main_body("let x: i64\nprintln(x)", &["2:E0320"]);
    main_body("let x: i64\nif 1 > 0 { x = 1 } else { x = 2 }\nprintln(x)", &[]);
}

#[test]
fn matches_only_look_at_what_they_match() {
    main_body(
        "let o: Option<[i64]> = Some([1])\nmatch o { Some(_) => println(1), None => println(0) }\nprintln(o)",
        &[],
    );
    main_body(
        "let o: Option<[i64]> = Some([1])\nmatch o { Some(x) => println(x), None => println(0) }\nprintln(o)",
        &[],
    );
}
