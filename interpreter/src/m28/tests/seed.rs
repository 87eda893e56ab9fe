//! Every block of the document that says what the language's concurrency is.

use super::{check_with, codes};
use crate::diagnostics::{Code, Severity};

#[test]
fn every_block_of_the_document_compiles_without_false_alarms() {
    let document = include_str!("../../../testdata/m28-concurrency.md");
    let blocks: Vec<&str> = document.split("```lisp\n").skip(1).filter_map(|rest| rest.split("```").next()).collect();
    assert_eq!(blocks.len(), 20);
    for (number, block) in blocks.iter().enumerate() {
        let (program, sink, _) = check_with(block, &[]);
        assert!(program.is_some(), "M{}: {:?}", number + 1, sink.list());
        // Blocks that use what another one binds have names that nothing binds; there is no other warning.
        let others = sink.list().iter().filter(|d| d.code != Code::UnboundName || d.severity() == Severity::Error);
        assert_eq!(others.count(), 0, "M{}: {:?}", number + 1, sink.list());
    }
    // Those that stand alone have none at all.
    for number in [2, 3, 10, 11, 16, 17, 20] {
        assert_eq!(codes(blocks[number - 1]), [], "M{number}");
    }
}
