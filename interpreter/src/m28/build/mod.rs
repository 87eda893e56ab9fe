//! From forms to the syntax tree: which form is meant, whether its parts fit, and in which scope each name stands.
//!
//! What a form binds is entered into its scope here, except by `=`: whether that makes a variable depends on what is set when it runs, which
//! `flow.rs` finds out. Files that are imported are read when their `import` is met and built afterwards, so nothing recurses
//! over files.

mod bind;
mod control;
mod modules;
mod operators;
mod tasks;

pub use operators::amount;

use super::form::{Form, FormKind, Name};
use super::tree::*;
use crate::core::LabelId;
use crate::diagnostics::{Code, Diagnostic, Diagnostics};
use crate::source::{SourceMap, Span};
use crate::vex::check::Loader;
use rustc_hash::FxHashMap;

/// The prelude's module.
pub const PRELUDE: ModuleId = ModuleId(0);
/// The main file's module.
pub const MAIN: ModuleId = ModuleId(1);

/// A frame that is being built.
struct Level {
    frame: FrameId,
    /// The loops around, innermost last.
    loops: Vec<LabelId>,
}

/// A file that was read and waits to be built.
struct Waiting {
    module: ModuleId,
    forms: Vec<Form>,
}

/// See the module.
pub struct Builder<'b> {
    pub tree: Tree,
    sink: &'b mut Diagnostics,
    sources: &'b mut SourceMap,
    loader: &'b mut dyn Loader,
    module: ModuleId,
    scope: ScopeId,
    levels: Vec<Level>,
    /// Classes around, with the name that their method gives its object.
    methods: Vec<(ClassId, Name)>,
    /// Names that were read since somebody last took them.
    mentions: Vec<Name>,
    waiting: Vec<Waiting>,
    /// Files by path.
    files: FxHashMap<String, ModuleId>,
    /// The form of the top level that is being built.
    top_form: Span,
}

impl<'b> Builder<'b> {
    pub fn new(sources: &'b mut SourceMap, sink: &'b mut Diagnostics, loader: &'b mut dyn Loader) -> Self {
        Builder {
            tree: Tree::default(),
            sink,
            sources,
            loader,
            module: PRELUDE,
            scope: ScopeId(0),
            levels: Vec::new(),
            methods: Vec::new(),
            mentions: Vec::new(),
            waiting: Vec::new(),
            files: FxHashMap::default(),
            top_form: Span::default(),
        }
    }

    /// Adds a file: its scope is there at once, its forms are built by [`Builder::build`].
    pub fn add_module(&mut self, name: &str, path: &str, forms: Vec<Form>, span: Span) -> ModuleId {
        let module = ModuleId(self.tree.modules.len() as u32);
        let (frame, scope) = (FrameId(self.tree.frames.len() as u32), ScopeId(self.tree.scopes.len() as u32));
        self.tree.scopes.push(Scope {
            kind: ScopeKind::Module,
            parent: None,
            frame,
            vars: FxHashMap::default(),
            declared: FxHashMap::default(),
            loops: 0,
        });
        self.tree.frames.push(Frame {
            kind: FrameKind::Module,
            name: if module == MAIN { "main".to_owned() } else { name.to_owned() },
            parent: None,
            module,
            scope,
            params: Vec::new(),
            rest: false,
            body: Vec::new(),
            span,
            labels: 0,
            captures: Vec::new(),
        });
        self.tree.modules.push(Module {
            name: name.to_owned(),
            frame,
            scope,
            imports: Vec::new(),
            mentions: Vec::new(),
            bodies: FxHashMap::default(),
        });
        self.files.insert(path.to_owned(), module);
        self.waiting.push(Waiting { module, forms });
        module
    }

    /// Builds all files that were added, and those that they import.
    pub fn build(&mut self) {
        let mut next = 0;
        while next < self.waiting.len() {
            let Some(Waiting { module, forms }) = self.waiting.get_mut(next).map(std::mem::take) else { return };
            next += 1;
            let (frame, scope) = (self.tree.module(module).frame, self.tree.module(module).scope);
            (self.module, self.scope) = (module, scope);
            self.levels = vec![Level { frame, loops: Vec::new() }];
            let mut body = Vec::new();
            for form in &forms {
                self.mentions.clear();
                self.top_form = form.span;
                body.push(self.expr(form));
                let mentions = std::mem::take(&mut self.mentions);
                self.tree.module_mut(module).mentions.push(mentions);
            }
            self.tree.frame_mut(frame).body = body;
        }
    }

    // ---- diagnostics

    fn report(&mut self, diagnostic: Diagnostic) {
        self.sink.push(diagnostic);
    }

    /// Reports a form with the wrong parts; `shape` is how it is written.
    fn bad_form(&mut self, span: Span, message: impl Into<String>, shape: &str) -> NodeKind {
        self.report(Diagnostic::new(Code::BadForm, span, message).help(format!("it is written `{shape}`")));
        NodeKind::Error
    }

    // ---- scopes

    fn push_scope(&mut self, kind: ScopeKind, frame: FrameId) -> ScopeId {
        let id = ScopeId(self.tree.scopes.len() as u32);
        let loops = self.levels.last().map_or(0, |level| level.loops.len() as u32);
        let parent = Some(self.scope);
        self.tree.scopes.push(Scope {
            kind,
            parent,
            frame,
            vars: FxHashMap::default(),
            declared: FxHashMap::default(),
            loops,
        });
        self.scope = id;
        id
    }

    fn pop_scope(&mut self, id: ScopeId) {
        if let Some(parent) = self.tree.scope(id).parent {
            self.scope = parent;
        }
    }

    fn frame(&self) -> FrameId {
        self.levels.last().map_or(FrameId(0), |level| level.frame)
    }

    /// The scope in which names are bound: not the turn of a loop.
    fn binding_scope(&self) -> ScopeId {
        self.tree.binding_scope(self.scope)
    }

    /// A variable of a scope, made if it is not there.
    fn var_in(&mut self, scope: ScopeId, name: &Name, span: Span) -> VarId {
        self.tree.var_in(scope, name, span)
    }

    /// A variable that is set before its scope's body runs.
    fn preset(&mut self, name: &Name, span: Span) -> VarId {
        let var = self.tree.add_var(self.scope, name, span);
        let scope = self.scope;
        self.tree.scope_mut(scope).vars.insert(name.clone(), var);
        let entry = self.tree.var_mut(var);
        (entry.preset, entry.strong, entry.binders) = (true, true, 1);
        var
    }

    fn name_use(&mut self, name: &Name, span: Span, how: How) -> UseId {
        let id = UseId(self.tree.uses.len() as u32);
        if how == How::Read {
            self.mentions.push(name.clone());
        }
        let (name, scope) = (name.clone(), self.scope);
        self.tree.uses.push(Use { name, scope, span, how, candidates: Vec::new(), definite: false, creates: None });
        id
    }

    /// Binds a name in the current scope, as `def` does.
    fn define(&mut self, name: &Name, span: Span) -> UseId {
        let mut scope = self.binding_scope();
        if let Some(&declared) = self.tree.scope(scope).declared.get(name) {
            match declared {
                Declared::Global => scope = self.tree.module(self.module).scope,
                Declared::Nonlocal => return self.name_use(name, span, How::Assign),
            }
        }
        let var = self.var_in(scope, name, span);
        let entry = self.tree.var_mut(var);
        entry.strong = true;
        entry.binders += 1;
        self.name_use(name, span, How::Define)
    }

    /// Says what a name is.
    fn defined_as(&mut self, id: UseId, what: Definition) {
        let (name, scope) = (self.tree.use_of(id).name.clone(), self.tree.use_of(id).scope);
        let scope = self.tree.binding_scope(scope);
        if let Some(&var) = self.tree.scope(scope).vars.get(&name) {
            self.tree.var_mut(var).is = Some(what);
        }
    }

    // ---- expressions

    /// Builds forms in a row.
    fn exprs(&mut self, forms: &[Form]) -> Vec<Node> {
        forms.iter().map(|form| self.expr(form)).collect()
    }

    fn boxed(&mut self, form: &Form) -> Box<Node> {
        Box::new(self.expr(form))
    }

    /// Builds a form whose value is wanted, or its effect.
    pub fn expr(&mut self, form: &Form) -> Node {
        let span = form.span;
        let kind = match &form.kind {
            FormKind::None => NodeKind::Literal(Literal::None),
            FormKind::Bool(value) => NodeKind::Literal(Literal::Bool(*value)),
            FormKind::Int(value) => NodeKind::Literal(Literal::Int(*value)),
            FormKind::Float(value) => NodeKind::Literal(Literal::Float(*value)),
            FormKind::Str(value) => NodeKind::Literal(Literal::Str(value.clone())),
            FormKind::Keyword(name) => NodeKind::Literal(Literal::Symbol(format!(":{name}").into())),
            FormKind::Template(parts) => NodeKind::Template(self.exprs(parts)),
            FormKind::Symbol(name) => NodeKind::Name(self.name_use(name, span, How::Read)),
            FormKind::Tuple(items) => NodeKind::Tuple(self.exprs(items)),
            FormKind::Bracket(items) => NodeKind::List(self.exprs(items)),
            FormKind::Dict(entries) => {
                NodeKind::Dict(entries.iter().map(|(key, value)| (self.expr(key), self.expr(value))).collect())
            }
            FormKind::Index(container, index) => {
                let container = self.boxed(container);
                NodeKind::Index(container, self.boxed(index))
            }
            FormKind::Attr(object, name) => NodeKind::Attr(self.boxed(object), name.clone()),
            FormKind::Quote(quoted) => self.quoted(quoted),
            FormKind::Named(name, _) => {
                let message = format!("`{name}=…` gives an argument its name; it cannot stand here");
                self.report(
                    Diagnostic::new(Code::MisplacedForm, span, message)
                        .help(format!("an assignment is written `(= {name} value)`")),
                );
                NodeKind::Error
            }
            FormKind::List(items) => self.list(items, span),
            FormKind::Error => NodeKind::Error,
        };
        Node { kind, span }
    }

    /// A form as data.
    fn quoted(&mut self, form: &Form) -> NodeKind {
        let all = |builder: &mut Self, items: &[Form]| -> Vec<Node> {
            items.iter().map(|item| Node { kind: builder.quoted(item), span: item.span }).collect()
        };
        match &form.kind {
            FormKind::Symbol(name) => NodeKind::Literal(Literal::Symbol(name.clone())),
            FormKind::List(items) | FormKind::Bracket(items) => NodeKind::List(all(self, items)),
            FormKind::Tuple(items) => NodeKind::Tuple(all(self, items)),
            FormKind::Attr(..) => {
                let mut names = Vec::new();
                let mut at = form;
                while let FormKind::Attr(object, name) = &at.kind {
                    names.push(name.to_string());
                    at = object;
                }
                names.extend(at.symbol().map(|name| name.to_string()));
                names.reverse();
                NodeKind::Literal(Literal::Symbol(names.join(".").into()))
            }
            FormKind::Quote(inner) => {
                let quote = Node { kind: NodeKind::Literal(Literal::Symbol("quote".into())), span: form.span };
                NodeKind::List(vec![quote, Node { kind: self.quoted(inner), span: inner.span }])
            }
            _ => self.expr(form).kind,
        }
    }

    /// A list: a special form, an operator or a call.
    fn list(&mut self, items: &[Form], span: Span) -> NodeKind {
        let Some((head, operands)) = items.split_first() else { return NodeKind::Tuple(Vec::new()) };
        if let Some(name) = head.symbol() {
            let name = name.clone();
            if let Some(kind) = self.special(&name, operands, head.span, span) {
                return kind;
            }
        }
        self.call(head, operands)
    }

    fn special(&mut self, name: &str, operands: &[Form], head: Span, span: Span) -> Option<NodeKind> {
        Some(match name {
            "def" => self.def(operands, span),
            "=" => self.assign(operands, How::Assign, span),
            "set" => self.assign(operands, How::Set, span),
            "global" => self.declare(operands, Declared::Global, span),
            "nonlocal" => self.declare(operands, Declared::Nonlocal, span),
            "let" => self.let_form(operands, span),
            "lambda" => self.lambda(operands, span),
            "quote" => match operands {
                [quoted] => self.quoted(quoted),
                _ => self.bad_form(span, "`quote` takes one form", "(quote form)"),
            },
            "if" => self.if_form(operands, span),
            "cond" => self.cond_form(operands, span),
            "while" => self.while_form(operands, span),
            "for" => self.for_form(operands, span),
            "break" | "continue" => self.leave_loop(name, operands, span),
            "return" => self.return_form(operands, span),
            "begin" | "do" => NodeKind::Sequence(self.exprs(operands)),
            "try" => self.try_form(operands),
            "raise" => NodeKind::Raise(self.exprs(operands)),
            "assert" => self.assert_form(operands, span),
            "class" => self.class_form(operands, span),
            "import" => self.import_form(operands, span),
            "from" => self.names_form(operands, span),
            "go" => self.go_form(operands, span),
            "select" => self.select_form(operands, None),
            "select-timeout" => match operands.split_first() {
                Some((timeout, cases)) => {
                    let timeout = self.boxed(timeout);
                    self.select_form(cases, Some(timeout))
                }
                None => self.bad_form(span, "the time is missing", "(select-timeout ms [(case :recv ch) body…] …)"),
            },
            "with-mutex" => self.with_lock(name, operands, false, span),
            "with-rlock" => self.with_lock(name, operands, true, span),
            "elif" | "else" | "except" | "finally" => {
                let message = format!("`{name}` stands only inside of the form that it belongs to");
                self.report(Diagnostic::new(Code::MisplacedForm, head, message));
                NodeKind::Error
            }
            _ => return self.operator(name, operands, span),
        })
    }

    fn call(&mut self, head: &Form, operands: &[Form]) -> NodeKind {
        let callee = self.boxed(head);
        let (mut args, mut named): (Vec<Node>, Vec<(Name, Node)>) = (Vec::new(), Vec::new());
        for operand in operands {
            if let FormKind::Named(name, value) = &operand.kind {
                if named.iter().any(|(other, _)| other == name) {
                    let message = format!("the argument `{name}` is given twice");
                    self.report(Diagnostic::new(Code::BadForm, operand.span, message));
                }
                let value = self.expr(value);
                named.push((name.clone(), value));
                continue;
            }
            if !named.is_empty() {
                let message = "an argument without a name after one with a name";
                self.report(Diagnostic::new(Code::BadForm, operand.span, message));
            }
            args.push(self.expr(operand));
        }
        NodeKind::Call { callee, args, named }
    }
}

impl std::default::Default for Waiting {
    fn default() -> Self {
        Waiting { module: PRELUDE, forms: Vec::new() }
    }
}

impl Tree {
    /// The nearest scope in which names are bound.
    pub fn binding_scope(&self, mut scope: ScopeId) -> ScopeId {
        while let Scope { kind: ScopeKind::Turn, parent: Some(parent), .. } = self.scope(scope) {
            scope = *parent;
        }
        scope
    }

    /// A variable that is not entered into its scope.
    pub fn add_var(&mut self, scope: ScopeId, name: &Name, span: Span) -> VarId {
        let id = VarId(self.vars.len() as u32);
        self.vars.push(Var {
            name: name.clone(),
            scope,
            frame: self.scope(scope).frame,
            span,
            preset: false,
            outer: None,
            strong: false,
            created: false,
            writes: 0,
            rewritten: false,
            read: false,
            captured: false,
            captured_early: false,
            is: None,
            binders: 0,
            set_by: None,
        });
        id
    }

    /// A variable of a scope, made if it is not there.
    pub fn var_in(&mut self, scope: ScopeId, name: &Name, span: Span) -> VarId {
        if let Some(&var) = self.scope(scope).vars.get(name) {
            return var;
        }
        let var = self.add_var(scope, name, span);
        self.scope_mut(scope).vars.insert(name.clone(), var);
        var
    }
}
