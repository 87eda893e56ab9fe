//! Forms that bind names: `def`, `=`, `set`, `let`, `lambda`, and the parameters of functions.

use super::super::form::{Form, FormKind, Name};
use super::super::tree::*;
use super::{Builder, Level};
use crate::diagnostics::{Code, Diagnostic};
use crate::source::Span;

impl Builder<'_> {
    pub(super) fn def(&mut self, operands: &[Form], span: Span) -> NodeKind {
        match operands {
            [Form { kind: FormKind::Symbol(name), span: at }, value] => {
                // The value first: it may be the old value of the same name.
                let value = self.boxed(value);
                let name = self.define(name, *at);
                NodeKind::Store(Target::Name(name), value)
            }
            [head @ Form { kind: FormKind::List(parts), .. }, body @ ..] if !parts.is_empty() => {
                let Some(name) = parts[0].symbol() else {
                    return self.bad_form(parts[0].span, "a function needs a name", "(def (name a b) body…)");
                };
                self.function(name, parts[0].span, &parts[1..], body, span.to(head.span))
            }
            [Form { kind: FormKind::Tuple(parts), .. }, body @ ..] if body.len() > 1 => {
                let Some(name) = parts.first().and_then(Form::symbol) else {
                    return self.bad_form(span, "a function needs a name", "(def (name a b) body…)");
                };
                self.function(name, parts[0].span, &parts[1..], body, span)
            }
            [target @ Form { kind: FormKind::Tuple(_) | FormKind::Bracket(_), .. }, value] => {
                let value = self.boxed(value);
                let target = self.target(target, How::Define);
                NodeKind::Store(target, value)
            }
            [Form { kind: FormKind::Symbol(name), span: at }, params, body @ ..] if params.group().is_some() => {
                let params = params.group().unwrap_or_default();
                self.function(name, *at, params, body, span)
            }
            _ => self.bad_form(span, "this `def` has the wrong parts", "(def x value)` or `(def (f a b) body…)"),
        }
    }

    /// A named function, bound in the current scope.
    fn function(&mut self, name: &Name, at: Span, params: &[Form], body: &[Form], span: Span) -> NodeKind {
        let top = self.levels.len() == 1 && self.tree.scope(self.scope).kind == ScopeKind::Module;
        let bound = self.define(name, at);
        let outside = if top { std::mem::take(&mut self.mentions) } else { Vec::new() };
        let frame = self.callable(FrameKind::Function, name.to_string(), params, body, span);
        if top {
            let inside = std::mem::replace(&mut self.mentions, outside);
            let module = self.module;
            self.tree.module_mut(module).bodies.entry(name.clone()).or_default().extend(inside);
        }
        self.defined_as(bound, Definition::Function(frame));
        NodeKind::Function(frame, Some(bound))
    }

    pub(super) fn lambda(&mut self, operands: &[Form], span: Span) -> NodeKind {
        let [params, body @ ..] = operands else {
            return self.bad_form(span, "`lambda` needs parameters", "(lambda (a b) body…)");
        };
        let Some(params) = params.group() else {
            return self.bad_form(
                params.span,
                "the parameters of `lambda` stand in parentheses",
                "(lambda (a b) body…)",
            );
        };
        let around = self.tree.frame(self.frame()).name.clone();
        let frame = self.callable(FrameKind::Lambda, format!("{around}.lambda"), params, body, span);
        NodeKind::Function(frame, None)
    }

    /// A function's frame, with parameters and body.
    pub(super) fn callable(
        &mut self,
        kind: FrameKind,
        name: String,
        params: &[Form],
        body: &[Form],
        span: Span,
    ) -> FrameId {
        let (frame, scope) = self.begin_frame(kind, name, span);
        let mut list = Vec::new();
        let mut rest = false;
        for param in params {
            if rest {
                let message = "nothing comes after the parameter that takes the rest";
                self.report(Diagnostic::new(Code::BadParameter, param.span, message));
                break;
            }
            let (name, default) = match &param.kind {
                FormKind::Symbol(name) => match name.strip_prefix('*') {
                    Some(taken) if !taken.is_empty() && !taken.starts_with('*') => {
                        rest = true;
                        (Name::from(taken), None)
                    }
                    Some(_) => {
                        let message = format!("`{name}` is no parameter; the rest is taken by `*name`");
                        self.report(Diagnostic::new(Code::BadParameter, param.span, message));
                        continue;
                    }
                    None => (name.clone(), None),
                },
                FormKind::Named(name, default) => (name.clone(), Some(self.expr(default))),
                FormKind::Error => continue,
                _ => {
                    let message = "a parameter is a name, `name=default` or `*rest`";
                    self.report(Diagnostic::new(Code::BadParameter, param.span, message));
                    continue;
                }
            };
            if default.is_none() && !rest && list.last().is_some_and(|last: &Param| last.default.is_some()) {
                let message = format!("`{name}` needs a default value, because the parameter before it has one");
                self.report(Diagnostic::new(Code::BadParameter, param.span, message));
            }
            if self.tree.scope(scope).vars.contains_key(&name) {
                let message = format!("there are two parameters `{name}`");
                self.report(Diagnostic::new(Code::BadParameter, param.span, message));
                continue;
            }
            let var = self.preset(&name, param.span);
            list.push(Param { var, default });
        }
        let body = self.exprs(body);
        self.end_frame(frame, scope, body);
        let entry = self.tree.frame_mut(frame);
        (entry.params, entry.rest) = (list, rest);
        frame
    }

    /// Begins a frame in a scope of its own.
    pub(super) fn begin_frame(&mut self, kind: FrameKind, name: String, span: Span) -> (FrameId, ScopeId) {
        let frame = FrameId(self.tree.frames.len() as u32);
        let parent = Some(self.frame());
        self.tree.frames.push(Frame {
            kind,
            name,
            parent,
            module: self.module,
            scope: self.scope,
            params: Vec::new(),
            rest: false,
            body: Vec::new(),
            span,
            labels: 0,
            captures: Vec::new(),
        });
        self.levels.push(Level { frame, loops: Vec::new() });
        let scope = self.push_scope(ScopeKind::Call, frame);
        self.tree.frame_mut(frame).scope = scope;
        (frame, scope)
    }

    pub(super) fn end_frame(&mut self, frame: FrameId, scope: ScopeId, body: Vec<Node>) {
        self.tree.frame_mut(frame).body = body;
        self.pop_scope(scope);
        self.levels.pop();
    }

    pub(super) fn assign(&mut self, operands: &[Form], how: How, span: Span) -> NodeKind {
        let [target, value] = operands else {
            let shape = if how == How::Set { "(set x value)" } else { "(= x value)" };
            return self.bad_form(span, "an assignment has a target and a value", shape);
        };
        let value = self.boxed(value);
        let target = self.target(target, how);
        NodeKind::Store(target, value)
    }

    /// What is assigned to.
    pub(super) fn target(&mut self, form: &Form, how: How) -> Target {
        match &form.kind {
            FormKind::Symbol(name) if how == How::Define => Target::Name(self.define(name, form.span)),
            FormKind::Symbol(name) => Target::Name(self.name_use(name, form.span, how)),
            FormKind::Tuple(parts) | FormKind::Bracket(parts) if !parts.is_empty() => {
                Target::Unpack(parts.iter().map(|part| self.target(part, how)).collect(), form.span)
            }
            FormKind::Index(container, index) => {
                let container = self.boxed(container);
                Target::Index(container, self.boxed(index))
            }
            FormKind::Attr(object, name) => {
                self.note_field(object, name);
                Target::Attr(self.boxed(object), name.clone())
            }
            FormKind::Error => Target::Error,
            kind => {
                let message = "this cannot be assigned to";
                let help = match kind {
                    FormKind::List(_) => "to compare, write `==`; to unpack, separate the names with commas: `(a, b)`",
                    _ => "a name, `(a, b)`, `xs[i]` and `object.attribute` can be assigned to",
                };
                self.report(Diagnostic::new(Code::NotAPlace, form.span, message).help(help));
                Target::Error
            }
        }
    }

    /// An object gets an attribute somewhere: its class must have room for it.
    fn note_field(&mut self, object: &Form, name: &Name) {
        let class = object.symbol().and_then(|object| self.methods.iter().rev().find(|(_, own)| own == object));
        let fields = match class.map(|(class, _)| *class) {
            Some(class) => &mut self.tree.class_mut(class).fields,
            None => &mut self.tree.loose_fields,
        };
        if !fields.contains(name) {
            fields.push(name.clone());
        }
    }

    pub(super) fn declare(&mut self, operands: &[Form], declared: Declared, span: Span) -> NodeKind {
        let shape = if declared == Declared::Global { "(global x)" } else { "(nonlocal x)" };
        if operands.is_empty() || operands.iter().any(|operand| operand.symbol().is_none()) {
            return self.bad_form(span, "names are expected here", shape);
        }
        // It holds for the function, also where it stands in a `let`.
        let mut scope = self.binding_scope();
        while let Scope { kind: ScopeKind::Let, parent: Some(parent), .. } = self.tree.scope(scope) {
            scope = self.tree.binding_scope(*parent);
        }
        if self.tree.scope(scope).kind == ScopeKind::Module {
            // There every name is global.
            return NodeKind::Nothing;
        }
        for name in operands.iter().filter_map(Form::symbol) {
            if self.tree.scope(scope).vars.get(name).is_some_and(|&var| self.tree.var(var).preset) {
                let message = format!("`{name}` is a parameter of this function");
                self.report(Diagnostic::new(Code::BadForm, span, message));
                continue;
            }
            self.tree.scope_mut(scope).declared.insert(name.clone(), declared);
        }
        NodeKind::Nothing
    }

    pub(super) fn let_form(&mut self, operands: &[Form], span: Span) -> NodeKind {
        const SHAPE: &str = "(let (x value y value) body…)";
        let Some((list, body)) = operands.split_first() else {
            return self.bad_form(span, "`let` needs bindings", SHAPE);
        };
        let Some(list) = list.group() else {
            return self.bad_form(list.span, "the bindings of `let` stand in parentheses", SHAPE);
        };
        // `((x 1) (y 2))` is how other Lisps write it.
        let pairs: Option<Vec<(&Name, Span, &Form)>> = match list.first() {
            Some(first) if first.symbol().is_none() => {
                let pair = |form: &Form| matches!(form.group(), Some([_, _]));
                if list.iter().all(pair) { collect(list.iter().filter_map(Form::group).flatten()) } else { None }
            }
            _ => collect(list.iter()),
        };
        let Some(pairs) = pairs else {
            return self.bad_form(span, "the bindings of `let` are names, each with a value", SHAPE);
        };
        // Each name is visible from the next value on.
        let (frame, outermost) = (self.frame(), self.scope);
        let mut bindings: Vec<(VarId, Node)> = Vec::new();
        let mut scope = None;
        for (name, at, value) in pairs {
            let value = self.expr(value);
            scope = Some(self.push_scope(ScopeKind::Let, frame));
            let var = self.preset(name, at);
            bindings.push((var, value));
        }
        let scope = scope.unwrap_or_else(|| self.push_scope(ScopeKind::Let, frame));
        let body = self.exprs(body);
        self.scope = outermost;
        NodeKind::Let { scope, bindings, body }
    }
}

/// Names and values in turn.
fn collect<'f>(forms: impl Iterator<Item = &'f Form>) -> Option<Vec<(&'f Name, Span, &'f Form)>> {
    let forms: Vec<&Form> = forms.collect();
    if forms.is_empty() || !forms.len().is_multiple_of(2) {
        return (forms.is_empty()).then(Vec::new);
    }
    forms.chunks(2).map(|pair| Some((pair[0].symbol()?, pair[0].span, pair[1]))).collect()
}
