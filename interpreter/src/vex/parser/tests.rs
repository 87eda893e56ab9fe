//! What the parser reads, and what it says about what it cannot read.

use super::parse;
use crate::diagnostics::Diagnostics;
use crate::source::SourceMap;
use crate::vex::ast::{Module, NodeIds};

fn parsed(text: &str) -> (Module, SourceMap, Diagnostics) {
    let mut map = SourceMap::default();
    let file = map.add("test.vex", text);
    let mut diagnostics = Diagnostics::with_limit(1000);
    let module = parse(text, file, &mut NodeIds::default(), &mut diagnostics);
    (module, map, diagnostics)
}

/// Each error as `line:column CODE message`.
fn errors(text: &str) -> Vec<String> {
    let (_, map, diagnostics) = parsed(text);
    let describe = |d: &&crate::diagnostics::Diagnostic| {
        let at = map.file(d.primary.file).line_column(d.primary.lo);
        format!("{}:{} {} {}", at.line, at.column, d.code.id(), d.message)
    };
    diagnostics.sorted().iter().map(describe).collect()
}

#[track_caller]
fn parses(text: &str) -> Module {
    let found = errors(text);
    assert!(found.is_empty(), "{found:#?}\nin\n{text}");
    parsed(text).0
}

#[test]
fn reads_statements_and_their_ends() {
    let module = parses("fn main() {\n    let x = 1\n    go { x() };\n    *x += 1\n    x <- 2\n    x\n}\n");
    assert_eq!(module.items.len(), 1);
}
