//! Random inputs for M28: bytes, token soup, and damaged programs, all the way to verified bytecode.
//!
//! Whatever the text, compiling it must end without a panic, every diagnostic must lie within its file and be showable, and what has no
//! error must have become code. `VEX_FUZZ_INPUTS` sets how many inputs are tried (docs/fuzzing.md).

mod damage;

use interpreter::diagnostics::{Style, json_lines, render_all};
use interpreter::pipeline::{Kind, compile_text};
use interpreter::vex::check::NoFiles;
use proptest::prelude::*;
use proptest::sample::select;
use proptest::test_runner::{Config, TestCaseError, TestRunner};
/// Inputs of each kind when nobody asks for more.
const DEFAULT_INPUTS: u32 = 300;

const TOKENS: &[&str] = &[
    "(",
    "(",
    "(",
    ")",
    ")",
    ")",
    "[",
    "]",
    "{",
    "}",
    ",",
    ":",
    "def",
    "=",
    "set",
    "global",
    "nonlocal",
    "let",
    "lambda",
    "if",
    "elif",
    "else",
    "cond",
    "while",
    "for",
    "in",
    "break",
    "continue",
    "return",
    "begin",
    "do",
    "try",
    "except",
    "as",
    "finally",
    "raise",
    "assert",
    "class",
    "import",
    "from",
    "go",
    "select",
    "select-timeout",
    "case",
    ":recv",
    ":send",
    "default",
    "timeout",
    "select-value",
    "with-mutex",
    "with-rlock",
    "and",
    "or",
    "not",
    "is",
    "+",
    "-",
    "*",
    "/",
    "//",
    "%",
    "**",
    "==",
    "<",
    "print",
    "send",
    "recv",
    "chan",
    "range",
    "len",
    "map",
    "sorted",
    "str",
    "context-with-cancel",
    "f",
    "g",
    "x",
    "y",
    "self",
    "__init__",
    "P",
    "Exception",
    "x.y",
    "x[0]",
    "xs[",
    "k=1",
    "*rest",
    "k=",
    "1",
    "2.5",
    "-3",
    "12ab",
    "\"s\"",
    "\"",
    "'",
    "'sym",
    "f\"{x}\"",
    "f\"{",
    "}\"",
    "#",
    "\n",
    "\n",
    "True",
    "None",
    "é",
    "\0",
    ".",
    "a..b",
];

fn inputs() -> u32 {
    let asked = std::env::var("VEX_FUZZ_INPUTS").ok().and_then(|text| text.parse::<u32>().ok());
    asked.map_or(DEFAULT_INPUTS, |all| all.div_ceil(4))
}

/// Tries the inputs of one kind.
fn fuzz(texts: impl Strategy<Value = String>) {
    let config = Config { cases: inputs(), failure_persistence: None, ..Config::default() };
    if let Err(error) = TestRunner::new(config).run(&texts, |text| survives(&text)) {
        panic!("{error}");
    }
}

fn survives(text: &str) -> Result<(), TestCaseError> {
    let compiled = compile_text("fuzz.m28", text, Kind::Program, &mut NoFiles);
    for diagnostic in compiled.diagnostics.list() {
        let places = diagnostic.notes.iter().filter_map(|note| note.span).chain([diagnostic.primary]);
        for span in places {
            let inside = compiled.sources.file(span.file).text.get(span.lo as usize..span.hi as usize).is_some();
            prop_assert!(inside, "{diagnostic:?}");
        }
    }
    prop_assert!(compiled.code.is_some() != compiled.diagnostics.has_errors(), "{:?}", compiled.diagnostics.list());
    render_all(&compiled.diagnostics, &compiled.sources, Style::default());
    let json = json_lines(&compiled.diagnostics, &compiled.sources);
    let json = json.map_err(|error| TestCaseError::fail(error.to_string()))?;
    prop_assert_eq!(json.lines().count(), compiled.diagnostics.list().len());
    Ok(())
}

/// Whole programs: the blocks of the document and every program of the tests.
fn programs() -> Vec<String> {
    let document = include_str!("../testdata/m28-concurrency.md");
    let blocks = document.split("```lisp\n").skip(1).filter_map(|rest| rest.split("```").next());
    let mut programs: Vec<String> = blocks.map(str::to_owned).collect();
    programs.extend(damage::test_programs("m28"));
    programs.push(include_str!("../src/m28/prelude.m28").to_owned());
    programs
}

#[test]
fn random_bytes_survive() {
    let bytes = prop::collection::vec(any::<u8>(), 0..200);
    fuzz(bytes.prop_map(|bytes| String::from_utf8_lossy(&bytes).into_owned()));
}

#[test]
fn token_soup_survives() {
    let soup = damage::soup(TOKENS);
    fuzz(soup);
}

/// Nested forms whose brackets match: what comes past the reader.
fn form() -> impl Strategy<Value = String> {
    let words: Vec<&str> = TOKENS
        .iter()
        .copied()
        .filter(|token| !token.contains(['(', ')', '[', ']', '{', '}', '"', '\'', '#', ',']))
        .collect();
    let atom = select(words).prop_map(str::to_owned);
    atom.prop_recursive(5, 60, 6, |inner| {
        let parts = prop::collection::vec(inner, 0..6);
        prop_oneof![
            4 => parts.clone().prop_map(|parts| format!("({})", parts.join(" "))),
            1 => parts.clone().prop_map(|parts| format!("[{}]", parts.join(" "))),
            1 => parts.prop_map(|parts| format!("({})", parts.join(", "))),
        ]
    })
}

#[test]
fn nested_forms_survive() {
    fuzz(prop::collection::vec(form(), 1..6).prop_map(|forms| forms.join("\n")));
}

#[test]
fn damaged_programs_survive() {
    let programs = programs();
    assert!(programs.len() > 20, "the programs of the tests are found");
    let strategy = (select(programs), prop::collection::vec(damage::damage(TOKENS), 1..4));
    fuzz(strategy.prop_map(|(program, changes)| damage::damaged(&program, &changes)));
}
