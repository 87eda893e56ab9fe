//! The way in: from a file's text to a core tree, on a thread with room for its depth.

use super::build::Builder;
use super::{emit, flow, reader, warn};
use crate::core::Program;
use crate::diagnostics::{Code, Diagnostic, Diagnostics};
use crate::source::{FileId, SourceMap, Span};
use crate::vex::check::Loader;

/// Stack of the thread that compiles: the reader limits the depth of brackets, but a level of them takes several frames here.
const STACK: usize = 256 << 20;

const PRELUDE: &str = include_str!("prelude.m28");

/// Reads and resolves a program and makes its core tree; `loader` reads the files that it imports.
///
/// Gives `None` if there was an error (it is in `sink`). Warnings do not matter.
pub fn check(
    sources: &mut SourceMap,
    file: FileId,
    sink: &mut Diagnostics,
    loader: &mut (dyn Loader + Send),
) -> Option<Program> {
    let started = {
        let sink = &mut *sink;
        std::thread::scope(|scope| {
            let work = move || check_here(sources, file, sink, loader);
            let handle = std::thread::Builder::new().stack_size(STACK).spawn_scoped(scope, work)?;
            match handle.join() {
                Ok(program) => Ok(program),
                Err(panic) => std::panic::resume_unwind(panic),
            }
        })
    };
    started.unwrap_or_else(|error: std::io::Error| {
        let message = format!("the program cannot be checked: no thread for it: {error}");
        sink.push(Diagnostic::new(Code::Unsupported, Span::new(file, 0, 0), message));
        None
    })
}

fn check_here(
    sources: &mut SourceMap,
    file: FileId,
    sink: &mut Diagnostics,
    loader: &mut dyn Loader,
) -> Option<Program> {
    let prelude_file = sources.add("<prelude>", PRELUDE);
    let (path, text) = (sources.file(file).path.clone(), sources.file(file).text.clone());
    let prelude = reader::read(PRELUDE, prelude_file, sink);
    let forms = reader::read(&text, file, sink);
    let mut tree = {
        let mut builder = Builder::new(sources, sink, loader);
        builder.add_module("prelude", "<prelude>", prelude, Span::new(prelude_file, 0, 0));
        builder.add_module("main", &path, forms, Span::new(file, 0, 0));
        builder.build();
        builder.tree
    };
    if sink.has_errors() {
        return None;
    }
    flow::resolve(&mut tree);
    warn::unbound_names(&tree, sink);
    let program = emit::emit(&tree, sources, sink);
    (!sink.has_errors()).then_some(program)
}
