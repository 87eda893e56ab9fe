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
        object_names: object_names(code, place),
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
        FunctionInfo { name, place }
    });
    named.collect()
}

/// The names of objects by the site that makes them. The elements of a literal such as `[Mutex.new(0), Mutex.new(0)]` are all
/// made for one variable, each at a site of its own: they are numbered, as the objects of one site in a loop are.
fn object_names(code: &Code, place: impl Fn(Span) -> Place) -> Vec<(Site, String)> {
    let line = |site: u32| code.spans.get(site as usize).map(|&span| place(span)).map(|at| (at.file, at.line));
    let mut count: FxHashMap<(Option<(u16, u32)>, &str), u32> = FxHashMap::default();
    for (site, name) in &code.object_names {
        *count.entry((line(*site), name)).or_insert(0) += 1;
    }
    let mut nth: FxHashMap<(Option<(u16, u32)>, &str), u32> = FxHashMap::default();
    let numbered = code.object_names.iter().map(|(site, name)| {
        let key = (line(*site), name.as_str());
        let nth = nth.entry(key).or_insert(0);
        *nth += 1;
        let several = count.get(&key).is_some_and(|&count| count > 1);
        (Site(*site), if several { format!("{name}[{nth}]") } else { name.clone() })
    });
    numbered.collect()
}
