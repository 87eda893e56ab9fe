//! From a file to a verified program: reading, parsing, checking, lowering, verifying; and everything that was found wrong on
//! the way.

use crate::bytecode::{Code, verify};
use crate::diagnostics::{Diagnostic, Diagnostics, Record, Style, render_all};
use crate::lower;
use crate::m28;
use crate::ownership;
use crate::read_source::{SourceError, read_source};
use crate::source::SourceMap;
use crate::vex::ast::NodeIds;
use crate::vex::check::{self, Loader};
use crate::vex::parser;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use tracing::debug_span;

/// What became of a source file.
pub struct Compiled {
    /// The verified program, unless there are errors (or it is a library without `main`).
    pub code: Option<Code>,
    /// Errors and warnings.
    pub diagnostics: Diagnostics,
    /// The files that were read.
    pub sources: Arc<SourceMap>,
}

/// A file that cannot be read at all.
#[derive(Debug, thiserror::Error)]
#[error("{}: {source}", path.display())]
pub struct Unreadable {
    /// The file.
    pub path: PathBuf,
    /// Why.
    pub source: SourceError,
}

impl Compiled {
    /// The diagnostics as text for people.
    pub fn render(&self, color: bool) -> String {
        render_all(&self.diagnostics, &self.sources, Style { color, unicode: false, width: 120 })
    }

    /// The diagnostics as objects of the command line's JSON.
    pub fn records(&self) -> Vec<Record> {
        self.diagnostics.sorted().into_iter().map(|diagnostic| Record::of(diagnostic, &self.sources)).collect()
    }
}

/// Whether a program must have a `main`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// It is to be run.
    Program,
    /// It is only looked at; a module of others has none.
    Library,
}

/// The languages.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Language {
    /// `.vex`, `.vx`
    Vex,
    /// `.m28`
    M28,
}

impl Language {
    /// The language that a file's extension says.
    pub fn of(path: &Path) -> Option<Language> {
        match path.extension()?.to_str()? {
            "vex" | "vx" => Some(Language::Vex),
            "m28" => Some(Language::M28),
            _ => None,
        }
    }

    /// Its name, as `--lang` takes it.
    pub fn name(self) -> &'static str {
        match self {
            Language::Vex => "vex",
            Language::M28 => "m28",
        }
    }
}

/// Compiles the program in a file, in the language of its extension (Vex where that says nothing).
///
/// # Errors
/// When the file itself cannot be read. What is wrong with its text, or with a file that it imports, is a diagnostic.
pub fn compile(path: &Path, kind: Kind) -> Result<Compiled, Unreadable> {
    compile_as(path, Language::of(path).unwrap_or(Language::Vex), kind)
}

/// Compiles the program in a file.
///
/// # Errors
/// As [`compile`].
pub fn compile_as(path: &Path, language: Language, kind: Kind) -> Result<Compiled, Unreadable> {
    match read_source(path) {
        Ok(text) => Ok(compile_language(&path.display().to_string(), &text, language, kind, &mut Files)),
        // Text that is none is a wrong source and has a place; the rest is no source at all.
        Err(SourceError::NotUtf8 { .. }) => {
            let (mut sources, mut diagnostics) = (SourceMap::default(), Diagnostics::default());
            crate::read_source::load_source(path, &mut sources, &mut diagnostics);
            Ok(Compiled { code: None, diagnostics, sources: Arc::new(sources) })
        }
        Err(source) => Err(Unreadable { path: path.to_path_buf(), source }),
    }
}

/// Compiles a program's text. `path` is what diagnostics call it, what imports are relative to, and its extension says the language.
pub fn compile_text(path: &str, text: &str, kind: Kind, loader: &mut (dyn Loader + Send)) -> Compiled {
    compile_language(path, text, Language::of(Path::new(path)).unwrap_or(Language::Vex), kind, loader)
}

fn compile_language(
    path: &str,
    text: &str,
    language: Language,
    kind: Kind,
    loader: &mut (dyn Loader + Send),
) -> Compiled {
    let (mut sources, mut diagnostics, mut ids) = (SourceMap::default(), Diagnostics::default(), NodeIds::default());
    let file = sources.add(path, text);
    let checked = match language {
        Language::Vex => {
            let parse = debug_span!("parse", path, bytes = text.len());
            let module = parse.in_scope(|| parser::parse(text, file, &mut ids, &mut diagnostics));
            debug_span!("check")
                .in_scope(|| check::check(&mut sources, file, module, &mut ids, &mut diagnostics, loader))
        }
        Language::M28 => {
            let check = debug_span!("check", path, bytes = text.len());
            check.in_scope(|| m28::check(&mut sources, file, &mut diagnostics, loader))
        }
    };
    let Some(program) = checked else {
        return Compiled { code: None, diagnostics, sources: Arc::new(sources) };
    };
    let sources = program.sources.clone();
    let add = |found: Vec<Diagnostic>, diagnostics: &mut Diagnostics| {
        for diagnostic in found {
            diagnostics.push(diagnostic);
        }
    };
    if program.dynamic.is_none() {
        add(debug_span!("ownership").in_scope(|| ownership::check(&program)), &mut diagnostics);
    }
    if kind == Kind::Program && program.main.is_none() {
        let message = "the program has no function `main`";
        diagnostics.push(Diagnostic::new(
            crate::diagnostics::Code::NoMain,
            crate::source::Span::new(file, 0, 0),
            message,
        ));
    }
    let mut code = None;
    if !diagnostics.has_errors() && (kind == Kind::Program || program.main.is_some()) {
        match debug_span!("lower").in_scope(|| lower::compile(&program)) {
            Ok(compiled) => {
                // The dispatch loop trusts verified code; code that is not is a fault of the compiler and must never run.
                if let Err(error) = debug_span!("verify").in_scope(|| verify::verify(&compiled)) {
                    panic!("the compiler made code that does not verify: {error}");
                }
                code = Some(compiled);
            }
            Err(errors) => add(errors, &mut diagnostics),
        }
    }
    Compiled { code, diagnostics, sources }
}

/// Imports from the file system, relative to the importing file.
struct Files;

impl Loader for Files {
    fn load(&mut self, importer: &str, path: &str) -> Result<(String, String), String> {
        let folder = Path::new(importer).parent().unwrap_or(Path::new(""));
        let file = folder.join(path.strip_prefix("./").unwrap_or(path));
        match read_source(&file) {
            Ok(text) => Ok((file.display().to_string(), text)),
            Err(error) => Err(format!("{}: {error}", file.display())),
        }
    }
}
