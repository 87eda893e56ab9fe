//! Tests of the front end: forms, what is wrong with a text and where, and what names mean.

mod forms;
mod reader;
mod scopes;
mod seed;

use crate::core::Program;
use crate::core_text::program_text;
use crate::diagnostics::{Code, Diagnostics};
use crate::source::SourceMap;
use crate::vex::check::Loader;

/// Files beside the program.
struct Beside<'f>(&'f [(&'f str, &'f str)]);

impl Loader for Beside<'_> {
    fn load(&mut self, _importer: &str, path: &str) -> Result<(String, String), String> {
        let found = self.0.iter().find(|(name, _)| *name == path);
        found
            .map(|(name, text)| ((*name).to_owned(), (*text).to_owned()))
            .ok_or_else(|| format!("there is no file `{path}`"))
    }
}

fn check_with(text: &str, files: &[(&str, &str)]) -> (Option<Program>, Diagnostics, SourceMap) {
    let (mut sources, mut sink) = (SourceMap::default(), Diagnostics::default());
    let file = sources.add("main.m28", text);
    let program = super::check(&mut sources, file, &mut sink, &mut Beside(files));
    (program, sink, sources)
}

/// What is wrong with a text: line, code, message; in order of place.
fn wrong(text: &str) -> Vec<(u32, Code, String)> {
    let (_, sink, sources) = check_with(text, &[]);
    let found = sink.sorted().into_iter().map(|d| {
        let line = sources.file(d.primary.file).line_column(d.primary.lo).line;
        (line, d.code, d.message.clone())
    });
    found.collect()
}

/// Line and code of what is wrong.
fn codes(text: &str) -> Vec<(u32, Code)> {
    wrong(text).into_iter().map(|(line, code, _)| (line, code)).collect()
}

/// The core tree as text. The program must be free of errors.
fn core(text: &str) -> String {
    core_with(text, &[])
}

fn core_with(text: &str, files: &[(&str, &str)]) -> String {
    let (program, sink, _) = check_with(text, files);
    match program {
        Some(program) => program_text(&program),
        None => panic!("{text}\n{:#?}", sink.list()),
    }
}

/// Asserts that the core tree has these parts, in this order.
#[track_caller]
fn has(text: &str, parts: &[&str]) {
    let tree = core(text);
    let mut rest = tree.as_str();
    for part in parts {
        match rest.find(part) {
            Some(at) => rest = &rest[at + part.len()..],
            None => panic!("{part:?} is missing in\n{tree}"),
        }
    }
}

/// Asserts that the core tree does not have this part.
#[track_caller]
fn lacks(text: &str, part: &str) {
    let tree = core(text);
    assert!(!tree.contains(part), "{part:?} is in\n{tree}");
}
