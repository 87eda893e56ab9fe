//! Classes and files.

use super::super::form::{Form, FormKind, Name};
use super::super::library;
use super::super::reader;
use super::super::tree::*;
use super::Builder;
use crate::diagnostics::{Code, Diagnostic};
use crate::source::Span;

const CLASS: &str = "(class Name (Base) (def __init__ (self) …) (def method (self) …) (= attribute value))";
const FROM: &str = "(from module import (a, b))";
/// More files than this are refused: each has a number of 16 bits in every span.
const MAX_FILES: usize = 4096;

impl Builder<'_> {
    pub(super) fn class_form(&mut self, operands: &[Form], span: Span) -> NodeKind {
        let [Form { kind: FormKind::Symbol(name), span: at }, rest @ ..] = operands else {
            return self.bad_form(span, "a class needs a name", CLASS);
        };
        let (bases, members) = match rest {
            [bases, members @ ..] if is_bases(bases) => (bases.group().unwrap_or_default(), members),
            members => (&[][..], members),
        };
        if let [_, second, ..] = bases {
            let message = "a class derives from one class only";
            self.report(Diagnostic::new(Code::Unsupported, second.span, message));
        }
        let base = bases.first().and_then(|base| {
            base.symbol().map(|name| self.name_use(name, base.span, How::Read)).or_else(|| {
                let message = "the class that this one derives from is named by its name";
                self.report(Diagnostic::new(Code::BadForm, base.span, message));
                None
            })
        });
        let bound = self.define(name, *at);
        let class = ClassId(self.tree.classes.len() as u32);
        self.tree.classes.push(Class {
            name: name.clone(),
            span,
            module: self.module,
            base,
            methods: Vec::new(),
            attributes: Vec::new(),
            fields: Vec::new(),
            captures: Vec::new(),
        });
        self.defined_as(bound, Definition::Class(class));
        let top = self.levels.len() == 1 && self.tree.scope(self.scope).kind == ScopeKind::Module;
        for member in members {
            self.member(class, member, top);
        }
        NodeKind::Class(class, bound)
    }

    fn member(&mut self, class: ClassId, member: &Form, top: bool) {
        let span = member.span;
        let parts = member.list().unwrap_or_default();
        let (name, params, body) = match (member.head(), parts) {
            // A text that says what the class is for.
            _ if matches!(member.kind, FormKind::Str(_) | FormKind::None | FormKind::Error) => return,
            (Some("def"), [_, Form { kind: FormKind::List(head), .. }, body @ ..]) if !head.is_empty() => {
                (&head[0], &head[1..], body)
            }
            (Some("def" | "="), [_, Form { kind: FormKind::Symbol(name), .. }, value]) => {
                let value = self.expr(value);
                self.tree.class_mut(class).attributes.push((name.clone(), value));
                return;
            }
            (Some("def"), [_, name, params, body @ ..]) if params.group().is_some() => {
                (name, params.group().unwrap_or_default(), body)
            }
            (Some("pass"), [_]) => return,
            _ if member.is("pass") => return,
            _ => {
                self.bad_form(span, "a class consists of methods and attributes", CLASS);
                return;
            }
        };
        let Some(name) = name.symbol() else {
            self.bad_form(span, "a method needs a name", CLASS);
            return;
        };
        let Some(own) = params.first().and_then(Form::symbol).filter(|own| !own.starts_with('*')) else {
            let message = format!("the method `{name}` needs a parameter for its object");
            self.report(
                Diagnostic::new(Code::BadParameter, span, message).help(format!("`(def {name} (self …) body…)`")),
            );
            return;
        };
        self.methods.push((class, own.clone()));
        let outside = if top { std::mem::take(&mut self.mentions) } else { Vec::new() };
        let shown = format!("{}.{name}", self.tree.class(class).name);
        let frame = self.callable(FrameKind::Function, shown, params, body, span);
        if top {
            let inside = std::mem::replace(&mut self.mentions, outside);
            let (module, class_name) = (self.module, self.tree.class(class).name.clone());
            self.tree.module_mut(module).bodies.entry(class_name).or_default().extend(inside);
        }
        self.methods.pop();
        let methods = &mut self.tree.class_mut(class).methods;
        match methods.iter_mut().find(|(other, _)| other == name) {
            // The later definition counts.
            Some(entry) => entry.1 = frame,
            None => methods.push((name.clone(), frame)),
        }
    }

    // ---- files

    pub(super) fn import_form(&mut self, operands: &[Form], span: Span) -> NodeKind {
        let (module, name) = match operands {
            [module] => (module, None),
            [module, word, name] if word.is("as") => (module, Some(name)),
            _ => return self.bad_form(span, "`import` names a module", "(import module)"),
        };
        let Some(path) = dotted(module) else {
            return self.bad_form(module.span, "the name of a module is expected here", "(import module)");
        };
        let shown = match name {
            Some(name) => name.symbol().cloned(),
            None => path.split('.').next_back().map(Name::from),
        };
        let Some(shown) = shown else {
            return self.bad_form(span, "the new name of the module is no name", "(import module as name)");
        };
        let at = name.map_or(module.span, |name| name.span);
        match self.import(&path, module.span, span == self.top_form) {
            Imported::Module(module) => {
                let bound = self.define(&shown, at);
                self.defined_as(bound, Definition::Module(module));
                NodeKind::Import { module, name: Some(bound), names: Vec::new() }
            }
            Imported::Library => NodeKind::Nothing,
            Imported::Missing => NodeKind::Error,
        }
    }

    pub(super) fn names_form(&mut self, operands: &[Form], span: Span) -> NodeKind {
        let (module, wanted) = match operands {
            [module, word, wanted @ ..] if word.is("import") && !wanted.is_empty() => (module, wanted),
            _ => return self.bad_form(span, "this import has the wrong parts", FROM),
        };
        let Some(path) = dotted(module) else {
            return self.bad_form(module.span, "the name of a module is expected here", FROM);
        };
        let wanted = match wanted {
            [group] if group.group().is_some() => group.group().unwrap_or_default(),
            names => names,
        };
        let module = match self.import(&path, module.span, span == self.top_form) {
            Imported::Module(module) => module,
            Imported::Library => {
                return self.bad_form(
                    span,
                    "the names of this module are used with its name",
                    &format!("(import {path})"),
                );
            }
            Imported::Missing => return NodeKind::Error,
        };
        let mut names = Vec::new();
        let mut forms = wanted.iter().peekable();
        while let Some(form) = forms.next() {
            let Some(name) = form.symbol() else {
                return self.bad_form(form.span, "a name is expected here", FROM);
            };
            let mut shown = form;
            if forms.peek().is_some_and(|word| word.is("as")) {
                forms.next();
                match forms.next() {
                    Some(renamed) if renamed.symbol().is_some() => shown = renamed,
                    _ => return self.bad_form(form.span, "a name is expected after `as`", FROM),
                }
            }
            let (scope, own) = (self.tree.module(module).scope, self.scope);
            self.scope = scope;
            let source = self.name_use(name, form.span, How::Read);
            self.scope = own;
            let Some(shown_name) = shown.symbol().cloned() else { continue };
            names.push((source, self.define(&shown_name, shown.span)));
        }
        NodeKind::Import { module, name: None, names }
    }

    /// Finds a module; `top` where the import is a form of the top level, and not part of one.
    fn import(&mut self, path: &str, span: Span, top: bool) -> Imported {
        let importer = self.sources.file(span.file).path.clone();
        let file = format!("{}.m28", path.replace('.', "/"));
        let loaded = self.loader.load(&importer, &file);
        let module = match loaded {
            Ok((found, text)) => match self.files.get(&normal_path(&found)) {
                Some(&module) => module,
                None if self.tree.modules.len() >= MAX_FILES => {
                    self.report(Diagnostic::new(Code::TooLarge, span, "the program has too many files"));
                    return Imported::Missing;
                }
                None => {
                    let file = self.sources.add(found.as_str(), text.as_str());
                    let forms = reader::read(&text, file, self.sink);
                    self.add_module(path, &normal_path(&found), forms, Span::new(file, 0, 0))
                }
            },
            Err(_) if library_module(path) => return Imported::Library,
            Err(reason) => {
                let message = format!("the module `{path}` cannot be found: {reason}");
                self.report(
                    Diagnostic::new(Code::UnknownModule, span, message).help("modules are files beside the program"),
                );
                return Imported::Missing;
            }
        };
        if module == super::MAIN {
            let message = "the program cannot import itself";
            self.report(Diagnostic::new(Code::ImportCycle, span, message));
            return Imported::Missing;
        }
        let own = self.module;
        self.tree.module_mut(own).imports.push((module, top));
        Imported::Module(module)
    }
}

/// Whether functions of the library are named with this name and a dot.
fn library_module(path: &str) -> bool {
    let inside = |name: &&str| name.strip_prefix(path).is_some_and(|rest| rest.starts_with('.'));
    library::all().any(|entry| entry.names.iter().any(inside))
}

/// What an import found.
enum Imported {
    Module(ModuleId),
    Library,
    Missing,
}

/// Whether the second part of a class names what it derives from.
fn is_bases(form: &Form) -> bool {
    match form.group() {
        Some([]) => true,
        Some([first, ..]) => !matches!(first.symbol().map(|name| &**name), Some("def" | "=" | "pass")),
        None => false,
    }
}

/// `a.b` as text.
fn dotted(form: &Form) -> Option<String> {
    match &form.kind {
        FormKind::Symbol(name) => Some(name.to_string()),
        FormKind::Attr(object, name) => Some(format!("{}.{name}", dotted(object)?)),
        FormKind::Str(name) if !name.is_empty() => Some(name.trim_end_matches(".m28").to_owned()),
        _ => None,
    }
}

/// One spelling for one file: without `.` and inner `..` parts.
pub fn normal_path(path: &str) -> String {
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
