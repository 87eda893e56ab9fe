//! The Vex checker: names, imports, types, inference, and the elaboration of the syntax tree into the core tree.
//!
//! The idea: one pass over each function body that infers and builds the core tree at once, top down with an
//! expected type ([`expect::Expect`]), with inference variables that are filled in by unification ([`infer`]).
//! Where a decision needs a type that is not known yet (a method called on a value whose type a later statement
//! settles), the pass goes on, remembers what it has learned about every variable, and the body is checked once more
//! with that knowledge (`body::check_function`); errors are reported by the last pass only.
//!
//! Order of work (start reading in [`check`]):
//! - `modules` loads what is imported, `declare` enters every declaration into the scope of its module,
//!   `signatures` resolves the types of fields, variants and functions, `contracts` checks who satisfies what;
//! - `body`, `stmt`, `expr` and their like elaborate the bodies; types in the tree may still be variables;
//! - `finish` walks every function once more: fills in the types, checks literals and matches, chooses what
//!   depends on final types (formatting, operators of user types).
//!
//! Functions of the prelude are elaborated only when something refers to them, so a program holds what it uses.
//! Nothing here knows about moves and borrows: the ownership pass reads the core tree.

mod assign;
mod async_ops;
mod body;
mod builtin_types;
mod call;
mod calls_std;
mod closure;
mod coerce;
mod consts;
mod contracts;
mod control;
mod declare;
mod display;
mod exhaustive;
mod expect;
mod expr;
mod finish;
mod format;
mod hints;
mod infer;
mod literals;
mod lookup;
mod loops;
mod matching;
mod method;
mod modules;
mod ops;
mod path_calls;
mod patterns;
mod place;
mod resolve;
mod select;
mod show;
mod signatures;
mod state;
mod stmt;
mod struct_lit;
mod tables;
mod try_ops;

#[cfg(test)]
mod tests;

pub use hints::suggest;
pub use modules::{Loader, NoFiles};

use crate::core::Program;
use crate::diagnostics::{Code, Diagnostic, Diagnostics};
use crate::source::{FileId, SourceMap, Span};
use crate::vex::ast::{Module, NodeIds};

/// Stack of the thread that checks: the tree's height is limited by the parser, but a level of it may take several
/// frames here.
const CHECKER_STACK: usize = 256 << 20;

/// Checks a program and elaborates it: `main` is the parsed main file, `loader` reads the files that it imports.
///
/// Gives `None` if there was an error, here or earlier (it is in `sink`). Warnings do not matter.
pub fn check(
    sources: &mut SourceMap,
    main_file: FileId,
    main: Module,
    ids: &mut NodeIds,
    sink: &mut Diagnostics,
    loader: &mut (dyn Loader + Send),
) -> Option<Program> {
    let started = {
        let sink = &mut *sink;
        std::thread::scope(|scope| {
            let work = move || check_here(sources, main_file, main, ids, sink, loader);
            let handle = std::thread::Builder::new().stack_size(CHECKER_STACK).spawn_scoped(scope, work)?;
            match handle.join() {
                Ok(program) => Ok(program),
                Err(panic) => std::panic::resume_unwind(panic),
            }
        })
    };
    started.unwrap_or_else(|error: std::io::Error| {
        let message = format!("the program cannot be checked: no thread for it: {error}");
        sink.push(Diagnostic::new(Code::Unsupported, Span::new(main_file, 0, 0), message));
        None
    })
}

fn check_here(
    sources: &mut SourceMap,
    main_file: FileId,
    main: Module,
    ids: &mut NodeIds,
    sink: &mut Diagnostics,
    loader: &mut dyn Loader,
) -> Option<Program> {
    let loaded = modules::load_all(sources, main_file, main, ids, sink, loader);
    let mut checker = state::Checker::new(&loaded);
    checker.run();
    let program = checker.into_program(sink);
    if sink.has_errors() {
        return None;
    }
    let mut program = program?;
    program.sources = std::sync::Arc::new(sources.clone());
    Some(program)
}
