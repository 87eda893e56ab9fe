//! What a trace needs to know of a compiled program: names and places, for the tracer.

use crate::bytecode::Code;
use crate::source::Span;
use rustc_hash::FxHashMap;
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
        functions: functions(code, place),
        places: code.spans.iter().map(|&span| place(span)).collect(),
        object_names: code.object_names.iter().map(|(site, name)| (Site(*site), name.clone())).collect(),
        globals: Vec::new(),
    }
}

/// The functions. Closures and `go` blocks of one function share its name: their tasks would too, so each is told by its line.
fn functions(code: &Code, place: impl Fn(Span) -> Place) -> Vec<FunctionInfo> {
    let mut count: FxHashMap<&str, u32> = FxHashMap::default();
    for function in &code.functions {
        *count.entry(&function.name).or_insert(0) += 1;
    }
    let named = code.functions.iter().map(|function| {
        let place = place(function.span);
        let alone = count.get(function.name.as_str()).is_none_or(|&count| count < 2);
        let name = if alone { function.name.clone() } else { format!("{}@{}", function.name, place.line) };
        FunctionInfo { name, place, sites: function.start..function.end }
    });
    named.collect()
}
