//! Ownership: what is moved is gone, what is borrowed is not changed, and nothing borrowed crosses an `await` or goes into a task.
//!
//! One walk over each function of the core tree, in order of evaluation, with a [`state::State`] of what is moved, held and borrowed at that
//! point. Where control flow joins, states join: what may be moved counts as moved. Loop bodies are walked twice, so that the second turn
//! sees what the first one did. Borrows end at their last use without a liveness analysis: an access that conflicts only
//! *marks* the reference, and the error is reported when the reference is used after that; the same for an `await`.
//!
//! It is lenient where types are erased: a value of a type parameter counts as Copy.

mod borrows;
mod kinds;
mod state;
mod walk;

use crate::core::Program;
use crate::diagnostics::Diagnostic;

/// Everything that is wrong with the program's moves and borrows.
pub fn check(program: &Program) -> Vec<Diagnostic> {
    let mut found = Vec::new();
    for function in program.functions.iter().filter(|function| !function.prelude) {
        walk::Walk::new(program, function, &mut found).function();
    }
    // A loop body is walked twice and closures share spans with their function: each place is reported once.
    found.sort_by_key(|diagnostic: &Diagnostic| diagnostic.primary);
    found.dedup_by_key(|diagnostic| (diagnostic.primary, diagnostic.code));
    found
}

#[cfg(test)]
mod tests;
