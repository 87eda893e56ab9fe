//! What a trace needs to know of a compiled program: names and places, for the tracer.

use crate::bytecode::Code;
use crate::source::Span;
use tracer::event::Site;
use tracer::program::{FunctionInfo, Place, ProgramInfo, SourceText};

/// Names and places of a program. Sites are indexes of instructions.
pub fn program_info(code: &Code) -> ProgramInfo {
    let place = |span: Span| {
        let at = code.sources.file(span.file).line_column(span.lo);
        Place { file: span.file.0, line: at.line, column: at.column }
    };
    ProgramInfo {
        files: code.sources.files().iter().map(|f| SourceText { path: f.path.clone(), text: f.text.clone() }).collect(),
        functions: code.functions.iter().map(|f| FunctionInfo { name: f.name.clone(), place: place(f.span) }).collect(),
        places: code.spans.iter().map(|&span| place(span)).collect(),
        object_names: code.object_names.iter().map(|(site, name)| (Site(*site), name.clone())).collect(),
    }
}
