//! Random inputs for the front end of Vex: bytes, token soup, and damaged programs.
//!
//! Whatever the text, reading it must end without a panic, every diagnostic must lie within the file and be
//! showable, and an error node in the tree must come with an error. `VEX_FUZZ_INPUTS` sets how many inputs are
//! tried (docs/fuzzing.md).

mod damage;

use interpreter::diagnostics::{Diagnostics, Style, json_lines, render_all};
use interpreter::source::SourceMap;
use interpreter::vex::ast::NodeIds;
use interpreter::vex::parser::parse;
use proptest::prelude::*;
use proptest::sample::select;
use proptest::test_runner::{Config, TestCaseError, TestRunner};

/// Inputs of each kind when nobody asks for more.
const DEFAULT_INPUTS: u32 = 2_000;

const TOKENS: &[&str] = &[
    "fn",
    "let",
    "let!",
    "const",
    "struct",
    "enum",
    "contract",
    "if",
    "else",
    "elif",
    "for",
    "while",
    "loop",
    "match",
    "return",
    "break",
    "continue",
    "defer",
    "go",
    "async",
    "await",
    "import",
    "export",
    "from",
    "as",
    "type",
    "where",
    "true",
    "false",
    "nil",
    "self",
    "Self",
    "unsafe",
    "extern",
    "public",
    "private",
    "readonly",
    "select",
    "select!",
    "join!",
    "policy",
    "with",
    "in",
    "threadlocal",
    "case",
    "after",
    "default",
    "op",
    "op+",
    "x",
    "y",
    "f",
    "P",
    "Msg",
    "ch",
    "Vec",
    "Some",
    "_",
    "$println",
    "'a",
    "'x'",
    "1",
    "0.5",
    "0xFF",
    "7u8",
    "\"s\"",
    "f\"{x}\"",
    "f\"",
    "\"",
    "`",
    "{{",
    "}}",
    "`t {{ x }}`",
    "(",
    ")",
    "[",
    "]",
    "{",
    "}",
    ",",
    ";",
    ":",
    "::",
    ".",
    "..",
    "..=",
    "...",
    "->",
    "=>",
    "<-",
    "?",
    "??",
    "!",
    "!>",
    "!=",
    "=",
    "==",
    "<",
    ">",
    "<=",
    ">=",
    "<<",
    ">>",
    ">>=",
    "+",
    "-",
    "*",
    "**",
    "/",
    "%",
    "&",
    "&&",
    "|",
    "||",
    "|>",
    "^",
    "~",
    "+=",
    "//",
    "/*",
    "*/",
    "///",
    "\n",
    "\n",
    "\n",
    " ",
    "\\",
    "é",
    "#",
    "\0",
];

fn inputs() -> u32 {
    let asked = std::env::var("VEX_FUZZ_INPUTS").ok().and_then(|text| text.parse::<u32>().ok());
    asked.map_or(DEFAULT_INPUTS, |all| all.div_ceil(3))
}

/// Tries the inputs of one kind.
fn fuzz(texts: impl Strategy<Value = String>) {
    let config = Config { cases: inputs(), failure_persistence: None, ..Config::default() };
    if let Err(error) = TestRunner::new(config).run(&texts, |text| survives(&text)) {
        panic!("{error}");
    }
}

fn survives(text: &str) -> Result<(), TestCaseError> {
    let mut map = SourceMap::default();
    let file = map.add("fuzz.vex", text);
    let mut diagnostics = Diagnostics::default();
    let module = parse(text, file, &mut NodeIds::default(), &mut diagnostics);
    for diagnostic in diagnostics.list() {
        let places = diagnostic.notes.iter().filter_map(|note| note.span).chain([diagnostic.primary]);
        for span in places {
            prop_assert!(text.get(span.lo as usize..span.hi as usize).is_some(), "{diagnostic:?}");
        }
    }
    for item in &module.items {
        prop_assert!(text.get(item.span.lo as usize..item.span.hi as usize).is_some(), "{:?}", item.span);
    }
    if !diagnostics.has_errors() {
        prop_assert!(!format!("{:?}", module.items).contains("kind: Error"), "an error node without an error");
    }
    let shown = render_all(&diagnostics, &map, Style::default());
    prop_assert!(shown.is_empty() != diagnostics.has_errors());
    let json = json_lines(&diagnostics, &map).map_err(|error| TestCaseError::fail(error.to_string()))?;
    prop_assert_eq!(json.lines().count(), diagnostics.list().len());
    Ok(())
}

/// Whole programs: the blocks of the guides and every program of the tests.
fn programs() -> Vec<String> {
    let guides = include_str!("../testdata/guides.md");
    let blocks = guides.split("```vex\n").skip(1).filter_map(|rest| rest.split("```").next());
    let mut programs: Vec<String> = blocks.map(str::to_owned).collect();
    programs.extend(damage::test_programs("vex"));
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
    fuzz((soup, any::<bool>()).prop_map(|(soup, wrapped)| match wrapped {
        true => format!("fn main() {{ {soup} }}"),
        false => soup,
    }));
}

#[test]
fn damaged_programs_survive() {
    let programs = programs();
    assert!(programs.len() > 17, "the programs of the tests are found");
    let strategy = (select(programs), prop::collection::vec(damage::damage(TOKENS), 1..6));
    fuzz(strategy.prop_map(|(program, changes)| damage::damaged(&program, &changes)));
}
