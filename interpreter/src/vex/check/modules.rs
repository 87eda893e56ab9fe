//! Loads a program's files: the built-in signatures, the prelude, the main file, and every file it imports.
//!
//! Standard modules are names of the root scope under another path (see [`super::tables::STD_MODULES`]), no files.

use super::tables::{StdModule, std_module};
use crate::builtins::Builtin;
use crate::diagnostics::{Code, Diagnostic, Diagnostics};
use crate::source::{FileId, SourceMap};
use crate::vex::ast::{ItemKind, Module, Name, NodeIds};
use crate::vex::parser;
use rustc_hash::FxHashMap;

/// Reads the files that imports name.
pub trait Loader {
    /// The file that `path` (`./m.vex`) names in the file `importer`: its path and its text. The error says why not.
    fn load(&mut self, importer: &str, path: &str) -> Result<(String, String), String>;
}

/// A loader for programs of one file.
pub struct NoFiles;

impl Loader for NoFiles {
    fn load(&mut self, _importer: &str, path: &str) -> Result<(String, String), String> {
        Err(format!("there is no file `{path}`"))
    }
}

/// What an import's path leads to.
#[derive(Clone, Copy, Debug)]
pub enum ImportTarget {
    /// A file, by position in [`Loaded::modules`].
    Module(usize),
    /// A standard module.
    Std(&'static StdModule),
}

/// A parsed file.
pub struct LoadedModule {
    /// The tree.
    pub ast: Module,
    /// Where its imports lead; missing ones were reported.
    pub imports: FxHashMap<Name, ImportTarget>,
}

/// Everything that was parsed.
pub struct Loaded {
    /// Signatures of the built-ins, in the order of the table (those that have one).
    pub builtins: Module,
    /// Which built-in each function of `builtins` is.
    pub builtin_order: Vec<Builtin>,
    /// The prelude.
    pub prelude: Module,
    /// The main file first.
    pub modules: Vec<LoadedModule>,
}

const PRELUDE: &str = include_str!("../prelude.vex");

/// Parses everything the program consists of.
pub fn load_all(
    sources: &mut SourceMap,
    main_file: FileId,
    main: Module,
    ids: &mut NodeIds,
    sink: &mut Diagnostics,
    loader: &mut dyn Loader,
) -> Loaded {
    let mut builtin_order = Vec::new();
    let mut text = String::new();
    for &builtin in Builtin::ALL {
        if !builtin.signature().is_empty() {
            text.push_str(builtin.signature());
            text.push_str(" {}\n");
            builtin_order.push(builtin);
        }
    }
    let builtins = parse_internal(sources, "<built-ins>", &text, ids, sink);
    let prelude = parse_internal(sources, "<prelude>", PRELUDE, ids, sink);
    let mut modules = vec![LoadedModule { ast: main, imports: FxHashMap::default() }];
    let mut files: FxHashMap<String, usize> = FxHashMap::default();
    files.insert(normal_path(&sources.file(main_file).path), 0);
    let mut next = 0;
    while next < modules.len() {
        let importer = sources.file(modules[next].ast.file).path.clone();
        let mut wanted = Vec::new();
        for item in &modules[next].ast.items {
            if let ItemKind::Import(import) = &item.kind {
                wanted.push(import.path.clone());
            }
        }
        for path in wanted {
            let target = match std_module(&path.name) {
                Some(module) => ImportTarget::Std(module),
                None => match loader.load(&importer, &path.name) {
                    Ok((file_path, text)) => {
                        let index = match files.get(&normal_path(&file_path)) {
                            Some(&index) => index,
                            None => {
                                files.insert(normal_path(&file_path), modules.len());
                                let file = sources.add(file_path, text.as_str());
                                let ast = parser::parse(&text, file, ids, sink);
                                modules.push(LoadedModule { ast, imports: FxHashMap::default() });
                                modules.len() - 1
                            }
                        };
                        ImportTarget::Module(index)
                    }
                    Err(reason) => {
                        let known =
                            "standard modules are `sync`, `sync/atomic`, `time`, `context`, `errors`, `testing`";
                        sink.push(
                            Diagnostic::new(
                                Code::UnknownModule,
                                path.span,
                                format!("the module `{}` cannot be found: {reason}", path.name),
                            )
                            .help(known),
                        );
                        continue;
                    }
                },
            };
            modules[next].imports.insert(path.name.clone(), target);
        }
        next += 1;
    }
    Loaded { builtins, builtin_order, prelude, modules }
}

fn parse_internal(
    sources: &mut SourceMap,
    path: &str,
    text: &str,
    ids: &mut NodeIds,
    sink: &mut Diagnostics,
) -> Module {
    let file = sources.add(path, text);
    parser::parse(text, file, ids, sink)
}

/// One spelling for one file: without `.` and inner `..` parts.
fn normal_path(path: &str) -> String {
    let mut parts: Vec<&str> = Vec::new();
    for part in path.split(['/', '\\']) {
        match part {
            "." => {}
            ".." if parts.last().is_some_and(|&last| last != ".." && !last.is_empty()) => {
                parts.pop();
            }
            part => parts.push(part),
        }
    }
    parts.join("/")
}
