//! Calls: of functions that are known, of what the library has, and of values.

use super::super::build::{PRELUDE, amount};
use super::super::form::Name;
use super::super::library::{self, Made};
use super::super::tree::*;
use super::body::Body;
use super::{Emit, make};
use crate::builtins::Builtin;
use crate::core::{Expr, ExprKind, FuncId, Function, FunctionKind, Local, LocalId};
use crate::diagnostics::{Code, Diagnostic};
use crate::source::Span;
use crate::types::Types;

impl Emit<'_> {
    /// Makes the functions that stand for built-in types.
    pub(super) fn type_functions(&mut self) {
        for &(name, ty) in library::TYPES {
            // Where objects are asked for their text, `str` is a function of the prelude, but not to the prelude itself.
            let shown = self.prelude_definition(name, self.shows_objects);
            let shown = shown.and_then(|definition| self.function_of(definition));
            let plain = self.wrapper(&Name::from(name));
            self.dynamic.types.extend(shown.into_iter().chain(plain).map(|function| (function, ty)));
        }
    }

    /// A function that does what a built-in or operator does.
    fn wrapper(&mut self, name: &Name) -> Option<FuncId> {
        if let Some(&function) = self.wrappers.get(name) {
            return Some(function);
        }
        let span = Span::default();
        let Made::Builtin(builtin) = library::find(name)?.made else { return None };
        let entry = library::find(name)?;
        let (params, optional, rest, body) = wrapped(builtin, entry.min(), entry.max());
        let locals = (0..params).map(|at| Local {
            name: format!("a{at}"),
            ty: Types::DYNAMIC,
            mutable: true,
            cell: false,
            span,
        });
        let function = self.add_function(Function {
            name: name.to_string(),
            kind: FunctionKind::Plain,
            captures: 0,
            params,
            optional,
            rest,
            locals: locals.collect(),
            ret: Types::DYNAMIC,
            body,
            span,
            prelude: true,
        });
        self.wrappers.insert(name.clone(), function);
        Some(function)
    }

    /// The function of the prelude that a name of the library means.
    /// `objects`: the program's objects say themselves how they are shown.
    pub(super) fn prelude_definition(&self, name: &str, objects: bool) -> Option<Definition> {
        let name = match library::find(name).map(|entry| (entry.made, entry.with_str())) {
            Some((_, Some(with_str))) if objects => with_str,
            Some((Made::Prelude(function), _)) => function,
            Some((Made::Builtin(_), _)) => return None,
            None => name,
        };
        self.definition(self.prelude_var(name)?)
    }

    /// The function of the prelude that a name of the library means in this program.
    fn prelude_function(&mut self, name: &str) -> Option<FuncId> {
        let definition = self.prelude_definition(name, self.shows_objects)?;
        self.function_of(definition)
    }

    /// The function that a definition stands for.
    pub(super) fn function_of(&mut self, definition: Definition) -> Option<FuncId> {
        match definition {
            Definition::Function(frame) => {
                self.need(frame);
                Some(FuncId(frame.0))
            }
            Definition::Class(class) => Some(self.constructor(class)),
            Definition::Module(_) => None,
        }
    }
}

/// The body of a function around a built-in.
fn wrapped(builtin: Builtin, least: usize, most: Option<usize>) -> (u32, u32, bool, Expr) {
    let span = Span::default();
    let read = |at: usize| make::read(make::local(LocalId(at as u32), span));
    let Some(most) = most else {
        let number = make::int(builtin as i64, span);
        let body = make::dynamic(ExprKind::Builtin(Builtin::DynSpread, vec![number, read(0)]), span);
        return (1, 0, true, body);
    };
    // What is not given is unset, which a built-in takes for not given.
    let body = make::dynamic(ExprKind::Builtin(builtin, (0..most).map(read).collect()), span);
    (most as u32, (most - least) as u32, false, body)
}

/// Functions that make a context, and what makes it.
const CONTEXTS: [(&str, Builtin); 2] =
    [("context-with-cancel", Builtin::DynContextChild), ("context-with-timeout", Builtin::DynContextTimeout)];

impl<'t> Body<'_, 't> {
    /// What a name means that no variable of the program has.
    pub fn static_value(&mut self, name: &Name, span: Span) -> Option<Expr> {
        let definition = self.emit.prelude_definition(name, self.shows_objects());
        let function = match definition.and_then(|definition| self.emit.function_of(definition)) {
            Some(function) => function,
            None => self.emit.wrapper(name)?,
        };
        Some(make::dynamic(ExprKind::Function(function), span))
    }

    /// Whether values are shown as the program's classes say.
    pub fn shows_objects(&self) -> bool {
        self.emit.shows_objects && !self.emit.in_prelude(self.frame)
    }

    /// What a variable stands for where it is certainly set, or where that needs no setting.
    pub fn known(&self, id: UseId) -> Option<Definition> {
        let entry = self.tree().use_of(id);
        match entry.candidates[..] {
            [] => {
                let made = library::find(&entry.name).map(|entry| entry.made);
                let name = match made {
                    Some(Made::Prelude(function)) => function,
                    Some(Made::Builtin(_)) => return None,
                    None => &entry.name,
                };
                self.emit.prelude_var(name).and_then(|var| self.emit.definition(var))
            }
            [var] => {
                let prelude = self.tree().frame(self.tree().var(var).frame).module == PRELUDE;
                self.emit.definition(var).filter(|_| entry.definite || prelude)
            }
            _ => None,
        }
    }

    /// The file behind a name.
    pub fn module_of(&self, node: &Node) -> Option<ModuleId> {
        let NodeKind::Name(id) = &node.kind else { return None };
        match self.tree().use_of(*id).candidates[..] {
            [var] => match self.emit.definition(var) {
                Some(Definition::Module(module)) => Some(module),
                _ => None,
            },
            _ => None,
        }
    }

    /// `time.sleep`: a name of the library with a dot, where no variable is called `time`.
    fn dotted(&self, object: &Node, name: &Name) -> Option<Name> {
        let NodeKind::Name(id) = &object.kind else { return None };
        let entry = self.tree().use_of(*id);
        let dotted = Name::from(format!("{}.{name}", entry.name));
        (entry.candidates.is_empty() && library::find(&dotted).is_some()).then_some(dotted)
    }

    /// A variable of another file.
    pub fn module_var(&mut self, module: ModuleId, name: &Name, span: Span) -> Option<VarId> {
        let tree = self.tree();
        let scope = tree.module(module).scope;
        let there = tree.scope(scope).vars.get(name).filter(|&&var| tree.var(var).strong || tree.var(var).created);
        if there.is_none() {
            let message = format!("the module `{}` has no `{name}`", tree.module(module).name);
            self.emit.report(Code::UnknownImport, span, message);
        }
        there.copied()
    }

    /// `object.name` as a value.
    pub fn attribute(&mut self, object: &'t Node, name: &Name, span: Span) -> Expr {
        if let Some(module) = self.module_of(object) {
            let Some(var) = self.module_var(module, name, span) else {
                return make::expr(ExprKind::Error, Types::ERROR, span);
            };
            let place = self.place(var, span);
            return make::dynamic(ExprKind::Bound(Box::new(make::read(place)), name.to_string()), span);
        }
        if let Some(dotted) = self.dotted(object, name)
            && let Some(value) = self.static_value(&dotted, span)
        {
            return value;
        }
        if let Some(method) = self.class_method(object, name) {
            return make::dynamic(ExprKind::Function(method), span);
        }
        let object = Box::new(self.value(object));
        make::dynamic(ExprKind::Attr(object, name.to_string()), span)
    }

    /// `Class.method`
    fn class_method(&self, object: &Node, name: &Name) -> Option<FuncId> {
        let NodeKind::Name(id) = &object.kind else { return None };
        let Some(Definition::Class(class)) = self.known(*id) else { return None };
        let method = self.emit.method(class, name)?;
        let frame = self.tree().frames.get(method.0 as usize)?;
        frame.captures.is_empty().then_some(method)
    }

    pub fn call(&mut self, callee: &'t Node, args: &'t [Node], named: &'t [(Name, Node)], span: Span) -> Expr {
        match &callee.kind {
            NodeKind::Name(id) => {
                if let Some(definition) = self.known(*id)
                    && named.is_empty()
                    && let Some(call) = self.direct(definition, args, span)
                {
                    return call;
                }
                let entry = self.tree().use_of(*id);
                if entry.candidates.is_empty()
                    && let Some(found) = library::find(&entry.name)
                {
                    return self.library_call(found, &entry.name, args, named, span);
                }
            }
            NodeKind::Attr(object, name) => {
                if let Some(module) = self.module_of(object) {
                    let var = self.module_var(module, name, callee.span);
                    let settled = self.emit.settled.get(module.0 as usize).copied().unwrap_or(false);
                    if let Some(definition) = var.and_then(|var| self.emit.definition(var))
                        && settled
                        && named.is_empty()
                        && let Some(call) = self.direct(definition, args, span)
                    {
                        return call;
                    }
                } else if let Some(dotted) = self.dotted(object, name) {
                    if let Some(found) = library::find(&dotted) {
                        return self.library_call(found, &dotted, args, named, span);
                    }
                } else if let Some(method) = self.class_method(object, name) {
                    if named.is_empty()
                        && let Some(call) = self.direct(Definition::Function(FrameId(method.0)), args, span)
                    {
                        return call;
                    }
                } else if named.is_empty() {
                    let object = Box::new(self.value(object));
                    let args = self.values(args);
                    return make::dynamic(ExprKind::CallAttr(object, name.to_string(), args), span);
                }
            }
            _ => {}
        }
        let callee = Box::new(self.value(callee));
        let args = self.values(args);
        if named.is_empty() {
            return make::dynamic(ExprKind::CallValue(callee, args), span);
        }
        let named = named.iter().map(|(name, value)| (name.to_string(), self.value(value))).collect();
        make::dynamic(ExprKind::CallNamed(callee, args, named), span)
    }

    /// A call of a function that is known, if the arguments fit it.
    pub fn direct(&mut self, definition: Definition, args: &'t [Node], span: Span) -> Option<Expr> {
        let function = self.emit.function_of(definition)?;
        let tree = self.tree();
        let (frame, own) = match definition {
            Definition::Function(frame) => (Some(tree.frame(frame)), 0),
            // A constructor has the parameters of `__init__`, without the object.
            Definition::Class(class) => (self.emit.initializer(class).map(|frame| tree.frame(frame)), 1),
            Definition::Module(_) => return None,
        };
        let taken = match definition {
            Definition::Class(class) => !tree.class(class).captures.is_empty(),
            _ => frame.is_some_and(|frame| !frame.captures.is_empty()),
        };
        if taken {
            return None;
        }
        let params = frame.and_then(|frame| frame.params.get(own..)).unwrap_or_default();
        let rest = frame.is_some_and(|frame| frame.rest);
        let plain = params.len() - usize::from(rest && !params.is_empty());
        let needed = params.iter().take(plain).filter(|param| param.default.is_none()).count();
        if args.len() < needed || (args.len() > plain && !rest) {
            return None;
        }
        let (given, remaining) = args.split_at(plain.min(args.len()));
        let mut values = self.values(given);
        values.resize_with(plain, || make::dynamic(ExprKind::Unset, span));
        if rest {
            let remaining = self.values(remaining);
            values.push(make::dynamic(ExprKind::List(remaining), span));
        }
        Some(make::dynamic(ExprKind::Call(function, values), span))
    }

    /// A context with the function that cancels it. It is made here and not in the prelude, so that its place and its name are the program's.
    fn context_pair(&mut self, builtin: Builtin, args: &'t [Node], span: Span) -> Expr {
        let name = self.naming.take();
        let made = make::dynamic(ExprKind::Builtin(builtin, self.values(args)), span);
        let context = self.temporary(Types::DYNAMIC, span);
        self.locals[context.0 as usize].name = name.map_or_else(String::new, |name| name.to_string());
        let Some(pair) = self.emit.prelude_function("%context-pair") else {
            return make::expr(ExprKind::Error, Types::ERROR, span);
        };
        let pair = make::dynamic(ExprKind::Call(pair, vec![make::read(make::local(context, span))]), span);
        make::block(vec![make::let_local(context, made, span)], pair, span)
    }

    /// A call of the library.
    fn library_call(
        &mut self,
        entry: &'static library::Entry,
        name: &Name,
        args: &'t [Node],
        named: &'t [(Name, Node)],
        span: Span,
    ) -> Expr {
        let most = entry.max();
        if args.len() < entry.min() || most.is_some_and(|most| args.len() > most) {
            let amount = amount(entry.min(), most.unwrap_or(usize::MAX), "argument");
            let message = format!("`{name}` takes {amount}, not {}", args.len());
            let help = format!("it is called `({name} {})`", entry.parameters);
            self.emit.sink.push(Diagnostic::new(Code::WrongArgumentCount, span, message).help(help));
            return make::expr(ExprKind::Error, Types::ERROR, span);
        }
        let own = match (named.first(), entry.with_names(), entry.made) {
            (Some(_), Some(function), _) => Some(function),
            (Some(_), None, Made::Prelude(function)) => Some(function),
            (Some((argument, value)), None, Made::Builtin(_)) => {
                let message = format!("`{name}` has no argument `{argument}`");
                self.emit.report(Code::BadForm, value.span, message);
                return make::expr(ExprKind::Error, Types::ERROR, span);
            }
            (None, _, Made::Prelude(function)) => Some(function),
            (None, _, Made::Builtin(_)) => entry.with_str().filter(|_| self.shows_objects()),
        };
        if let (Some(function), None) = (own, named.first())
            && let Some((_, builtin)) = CONTEXTS.iter().find(|(known, _)| *known == function)
        {
            return self.context_pair(*builtin, args, span);
        }
        let builtin = match (own, entry.made) {
            (None, Made::Builtin(builtin)) => builtin,
            (own, _) => {
                let definition = own.and_then(|own| self.emit.prelude_definition(own, false));
                if let Some(definition) = definition
                    && named.is_empty()
                    && let Some(call) = self.direct(definition, args, span)
                {
                    return call;
                }
                let Some(function) = definition.and_then(|definition| self.emit.function_of(definition)) else {
                    // The table names a function that the prelude does not have.
                    return make::expr(ExprKind::Error, Types::ERROR, span);
                };
                let callee = Box::new(make::dynamic(ExprKind::Function(function), span));
                let args = self.values(args);
                let named: Vec<(String, Expr)> =
                    named.iter().map(|(name, value)| (name.to_string(), self.value(value))).collect();
                let kind = if named.is_empty() {
                    ExprKind::CallValue(callee, args)
                } else {
                    ExprKind::CallNamed(callee, args, named)
                };
                return make::dynamic(kind, span);
            }
        };
        let args = self.values(args);
        self.builtin_call(builtin, args, span)
    }

    /// A built-in on any number of values.
    pub fn builtin_call(&mut self, builtin: Builtin, args: Vec<Expr>, span: Span) -> Expr {
        /// As many as an instruction takes at once.
        const AT_ONCE: usize = 200;
        if args.len() <= AT_ONCE {
            return make::dynamic(ExprKind::Builtin(builtin, args), span);
        }
        let number = make::int(builtin as i64, span);
        let list = make::dynamic(ExprKind::List(args), span);
        make::dynamic(ExprKind::Builtin(Builtin::DynSpread, vec![number, list]), span)
    }
}
