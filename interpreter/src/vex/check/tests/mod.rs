//! Tests of the checker, grouped by the sections of the language sheet. A case is a source text and what it gives.

use super::{NoFiles, check};
use crate::core::Program;
use crate::diagnostics::{Diagnostics, Severity};
use crate::source::SourceMap;
use crate::vex::ast::NodeIds;
use crate::vex::parser;

/// Checks a text; the diagnostics as `(code, line)` with messages.
fn run(text: &str) -> (Option<Program>, Vec<(&'static str, u32)>, String) {
    let mut sources = SourceMap::default();
    let file = sources.add("test.vex", text);
    let mut ids = NodeIds::default();
    let mut sink = Diagnostics::default();
    let module = parser::parse(text, file, &mut ids, &mut sink);
    let program = check(&mut sources, file, module, &mut ids, &mut sink, &mut NoFiles);
    let mut found = Vec::new();
    let mut texts = String::new();
    for diagnostic in sink.sorted() {
        texts.push_str(&format!(
            "{} {}: {}\n",
            diagnostic.code.id(),
            sources.locate(diagnostic.primary),
            diagnostic.message
        ));
        if diagnostic.severity() == Severity::Error {
            found.push((
                diagnostic.code.id(),
                sources.file(diagnostic.primary.file).line_column(diagnostic.primary.lo).line,
            ));
        }
    }
    (program, found, texts)
}

/// The text must check.
#[track_caller]
fn check_ok(text: &str) -> Program {
    let (program, errors, texts) = run(text);
    assert!(errors.is_empty(), "unexpected errors in\n{text}\n{texts}");
    program.expect("a program without errors is elaborated")
}

/// The text must give these errors.
#[track_caller]
fn check_errors(text: &str, expected: &[(&str, u32)]) {
    let (_, errors, texts) = run(text);
    assert_eq!(errors, expected, "in\n{text}\n{texts}");
}

#[test]
fn programs_of_the_suite_check() {
    let root = concat!(env!("CARGO_MANIFEST_DIR"), "/../tests/programs/vex");
    let mut paths: Vec<_> = std::fs::read_dir(root)
        .expect("the programs are there")
        .filter_map(|entry| entry.ok().map(|entry| entry.path()))
        .filter(|path| path.extension().is_some_and(|extension| extension == "vex"))
        .collect();
    paths.sort();
    let mut failures = String::new();
    for path in paths {
        let text = std::fs::read_to_string(&path).expect("readable");
        if text.contains("// expect: compile-error") || text.contains("from \"./") {
            continue;
        }
        let (_, errors, texts) = run(&text);
        if !errors.is_empty() {
            failures.push_str(&format!("{}\n{texts}\n", path.display()));
        }
    }
    assert!(failures.is_empty(), "{failures}");
}
