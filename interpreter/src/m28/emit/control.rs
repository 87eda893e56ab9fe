//! Branches, loops, scopes and exceptions.

use super::super::tree::*;
use super::body::Body;
use super::make;
use super::names::unit_if;
use crate::builtins::Builtin;
use crate::core::{Expr, ExprKind, IterKind, LabelId, LocalId, Stmt};
use crate::dynamic::ErrorKind;
use crate::source::Span;
use crate::types::Types;

/// Longer chains of conditions are left by a jump, so that the tree does not become deeper and deeper.
const MAX_NESTED: usize = 16;

impl<'t> Body<'_, 't> {
    /// A special form, for its value or for what it does.
    pub fn form(&mut self, node: &'t Node, wanted: bool) -> Expr {
        let span = node.span;
        match &node.kind {
            NodeKind::Function(frame, name) => self.function(*frame, *name, wanted, span),
            NodeKind::Let { scope, bindings, body } => {
                let mut stmts = Vec::new();
                for (var, value) in bindings {
                    let value = self.value(value);
                    let local = self.declare_as_is(*var);
                    stmts.push(make::let_local(local, value, self.tree().var(*var).span));
                }
                let (body, tail) = self.sequence(body, wanted, Some(*scope), span);
                stmts.extend(body);
                stmts.splice(0..0, self.declarations(*scope));
                match tail {
                    Some(tail) => make::block(stmts, tail, span),
                    None => make::effects(stmts, span),
                }
            }
            NodeKind::If(clauses, otherwise) => self.conditions(clauses, otherwise.as_deref(), wanted, span),
            NodeKind::While { label, cond, body } => {
                let cond = Box::new(self.value(cond));
                let body = Box::new(self.run(body, false, span));
                let kind = ExprKind::While { label: *label, cond, body, otherwise: None };
                self.without_value(make::expr(kind, Types::UNIT, span), wanted)
            }
            NodeKind::For { label, target, over, body } => {
                let walk = self.walk(*label, target, over, body, span);
                self.without_value(walk, wanted)
            }
            NodeKind::Try { body, handlers, otherwise, finally } => {
                self.attempt(body, handlers, otherwise.as_deref(), finally.as_deref(), wanted, span)
            }
            NodeKind::Assert(condition, message) => {
                let condition = self.value(condition);
                let message = message.as_ref().map(|message| self.value(message));
                let message = message.unwrap_or_else(|| make::string("assertion failed", span));
                let message = make::dynamic(ExprKind::Builtin(Builtin::DynStr, vec![message]), span);
                let failed = self.raise_error(ErrorKind::Assertion, message, span);
                let test = ExprKind::If(Box::new(make::not(condition)), Box::new(failed), None);
                self.without_value(make::expr(test, Types::UNIT, span), wanted)
            }
            NodeKind::Class(class, name) => {
                let made = self.class(*class, *name, span);
                self.without_value(made, wanted)
            }
            NodeKind::Import { module, name, names } => {
                let made = self.import(*module, *name, names, span);
                self.without_value(made, wanted)
            }
            NodeKind::Go(frame) => {
                let started = self.go(*frame, span);
                self.without_value(started, wanted)
            }
            NodeKind::Select { timeout, cases, default, expired } => {
                let (default, expired) = (default.as_deref(), expired.as_deref());
                self.select(timeout.as_deref(), cases, default, expired, wanted, span)
            }
            NodeKind::WithLock { shared, lock, body } => self.with_lock(*shared, lock, body, wanted, span),
            _ => self.value(node),
        }
    }

    fn without_value(&mut self, effect: Expr, wanted: bool) -> Expr {
        let span = effect.span;
        if wanted { make::block(vec![Stmt::Expr(effect)], make::none(span), span) } else { effect }
    }

    fn conditions(
        &mut self,
        clauses: &'t [(Node, Vec<Node>)],
        otherwise: Option<&'t [Node]>,
        wanted: bool,
        span: Span,
    ) -> Expr {
        let nested = clauses.len() <= MAX_NESTED;
        let mut made = Vec::new();
        for (condition, body) in clauses {
            let condition = self.value(condition);
            let at = body.iter().fold(None, |at: Option<Span>, node| Some(at.map_or(node.span, |at| at.to(node.span))));
            let body = self.run(body, wanted, at.unwrap_or(condition.span));
            made.push((condition, body));
        }
        let last = match otherwise {
            Some(body) => {
                let at = body.first().map_or(span, |node| node.span);
                Some(self.run(body, wanted, at))
            }
            None => wanted.then(|| make::none(span)),
        };
        if nested {
            let mut value = last;
            for (condition, body) in made.into_iter().rev() {
                let at = condition.span.to(span);
                let ty = if wanted { Types::DYNAMIC } else { Types::UNIT };
                let other = value.map(Box::new);
                value = Some(make::expr(ExprKind::If(Box::new(condition), Box::new(body), other), ty, at));
            }
            return value.unwrap_or_else(|| make::none(span));
        }
        let label = self.new_label();
        let mut stmts = Vec::new();
        for (condition, body) in made {
            let at = condition.span;
            let leave = if wanted {
                make::expr(ExprKind::Break(label, Some(Box::new(body))), Types::NEVER, at)
            } else {
                let out = make::expr(ExprKind::Break(label, None), Types::NEVER, at);
                make::effects(vec![Stmt::Expr(body), Stmt::Expr(out)], at)
            };
            let test = ExprKind::If(Box::new(condition), Box::new(leave), None);
            stmts.push(Stmt::Expr(make::expr(test, Types::UNIT, at)));
        }
        let body = make::block(stmts, last.unwrap_or_else(|| make::none(span)), span);
        let ty = if wanted { Types::DYNAMIC } else { Types::UNIT };
        make::expr(ExprKind::Labelled(label, Box::new(body)), ty, span)
    }

    // ---- loops

    /// `break` or `continue`.
    pub fn leave(&mut self, label: LabelId, breaks: bool, span: Span) -> Expr {
        let mut stmts = self.end_turn(label, span);
        let kind = if breaks { ExprKind::Break(label, None) } else { ExprKind::Continue(label) };
        let leave = make::expr(kind, Types::NEVER, span);
        if stmts.is_empty() {
            return leave;
        }
        stmts.push(Stmt::Expr(leave));
        make::expr(ExprKind::Block(stmts, None), Types::NEVER, span)
    }

    /// Copies what closures may have changed in the variables of a loop's turn to those that stay.
    fn end_turn(&mut self, label: LabelId, span: Span) -> Vec<Stmt> {
        let Some((_, vars)) = self.turns.iter().find(|(turn, _)| *turn == label).cloned() else { return Vec::new() };
        let copies = vars.into_iter().map(|(var, outer)| {
            let value = make::read(self.place(var, span));
            Stmt::Expr(self.set_var(outer, value, span))
        });
        copies.collect()
    }

    fn walk(&mut self, label: LabelId, target: &'t ForTarget, over: &'t Node, body: &'t [Node], span: Span) -> Expr {
        let mut stmts = Vec::new();
        let mut changed = Vec::new();
        self.changed_by_closures(target, &mut changed);
        if !changed.is_empty() {
            self.turns.push((label, changed.clone()));
        }
        let range = self.range(over);
        // A loop variable that nothing changes is the loop's own; otherwise it gets the element at the beginning of each turn.
        let own = match target {
            ForTarget::Name(var) => {
                let entry = self.tree().var(*var);
                let plain = entry.writes == 0 && !self.emit.in_cell(*var);
                plain.then_some(*var)
            }
            ForTarget::Unpack(..) => None,
        };
        let element = match own {
            Some(var) => {
                let local = self.declare_as_is(var);
                if range.is_some()
                    && let Some(entry) = self.locals.get_mut(local.0 as usize)
                {
                    entry.ty = Types::I64;
                }
                if let Some(outer) = self.kept_after(var) {
                    let value = make::read(make::local(local, over.span));
                    stmts.push(Stmt::Expr(self.set_var(outer, value, over.span)));
                }
                local
            }
            None => {
                let ty = if range.is_some() { Types::I64 } else { Types::DYNAMIC };
                let local = self.temporary(ty, over.span);
                self.bind_turn(target, local, over.span, &mut stmts);
                local
            }
        };
        let last = self.end_turn(label, span);
        let (inner, _) = self.sequence(body, false, None, span);
        stmts.extend(inner);
        stmts.extend(last);
        if !changed.is_empty() {
            self.turns.pop();
        }
        let body = Box::new(make::effects(stmts, span));
        let kind = match range {
            Some((lo, hi)) => ExprKind::ForRange {
                label,
                var: element,
                lo: Box::new(lo),
                hi: Box::new(hi),
                inclusive: false,
                body,
                otherwise: None,
            },
            None => ExprKind::ForEach {
                label,
                pattern: make::bind(element, Types::DYNAMIC, over.span),
                iter: IterKind::Dynamic,
                iterable: Box::new(self.value(over)),
                clone_elements: false,
                body,
                otherwise: None,
            },
        };
        make::expr(kind, Types::UNIT, span)
    }

    /// `(range n)` or `(range a b)` in the head of a loop: its bounds.
    fn range(&mut self, over: &'t Node) -> Option<(Expr, Expr)> {
        let NodeKind::Call { callee, args, named } = &over.kind else { return None };
        let NodeKind::Name(id) = &callee.kind else { return None };
        let entry = self.tree().use_of(*id);
        let range = &*entry.name == "range" && entry.candidates.is_empty() && named.is_empty();
        let bound = |body: &mut Self, node: &'t Node| {
            let value = body.value(node);
            match value.ty {
                Types::I64 => value,
                _ => make::expr(ExprKind::Builtin(Builtin::DynBound, vec![value]), Types::I64, node.span),
            }
        };
        match &args[..] {
            [hi] if range => Some((make::int(0, over.span), bound(self, hi))),
            [lo, hi] if range => Some((bound(self, lo), bound(self, hi))),
            _ => None,
        }
    }

    /// Loop variables that live in a cell and whose last value is asked for after the loop.
    fn changed_by_closures(&self, target: &ForTarget, found: &mut Vec<(VarId, VarId)>) {
        match target {
            ForTarget::Name(var) => {
                if self.emit.in_cell(*var)
                    && let Some(outer) = self.kept_after(*var)
                {
                    found.push((*var, outer));
                }
            }
            ForTarget::Unpack(parts, _) => parts.iter().for_each(|part| self.changed_by_closures(part, found)),
        }
    }

    /// Gives the variables of a turn their values.
    fn bind_turn(&mut self, target: &'t ForTarget, from: LocalId, span: Span, stmts: &mut Vec<Stmt>) {
        let value = make::read(make::local(from, span));
        match target {
            ForTarget::Name(var) => {
                let local = self.declare_as_is(*var);
                let at = self.tree().var(*var).span;
                stmts.push(make::let_local(local, value, at));
                if let Some(outer) = self.kept_after(*var) {
                    let value = make::read(make::local(local, at));
                    stmts.push(Stmt::Expr(self.set_var(outer, value, at)));
                }
            }
            ForTarget::Unpack(parts, at) => {
                for (target, part) in parts.iter().zip(self.unpack(value, parts.len(), *at, stmts)) {
                    self.bind_turn(target, part, *at, stmts);
                }
            }
        }
    }

    // ---- exceptions

    /// Raises an exception of one of the engine's kinds.
    pub fn raise_error(&mut self, kind: ErrorKind, message: Expr, span: Span) -> Expr {
        let exception = match self.emit.prelude_class(kind.class_name()) {
            Some(class) => {
                let constructor = self.emit.constructor(class);
                make::dynamic(ExprKind::Call(constructor, vec![message]), span)
            }
            None => message,
        };
        make::expr(ExprKind::Raise(Box::new(exception)), Types::NEVER, span)
    }

    pub fn raise(&mut self, parts: &'t [Node], span: Span) -> Expr {
        let exception = match parts {
            [] => match self.handled.last() {
                Some(&exception) => make::read(make::local(exception, span)),
                None => {
                    let message = make::string("there is no exception to raise again", span);
                    return self.raise_error(ErrorKind::Runtime, message, span);
                }
            },
            [only] => {
                let value = self.value(only);
                if matches!(only.kind, NodeKind::Literal(Literal::Str(_)) | NodeKind::Template(_)) {
                    return self.raise_error(ErrorKind::Exception, value, span);
                }
                let made = match &only.kind {
                    NodeKind::Call { callee, .. } => match &callee.kind {
                        NodeKind::Name(id) => matches!(self.known(*id), Some(Definition::Class(_))),
                        _ => false,
                    },
                    _ => false,
                };
                if made { value } else { self.as_exception(value, span) }
            }
            [class, args @ ..] => self.call(class, args, &[], span),
        };
        make::expr(ExprKind::Raise(Box::new(exception)), Types::NEVER, span)
    }

    /// What `raise` does with a value that may be a class or a text: the prelude makes an exception of it.
    fn as_exception(&mut self, value: Expr, span: Span) -> Expr {
        let Some(definition @ Definition::Function(frame)) = self.emit.prelude_definition("%exception", false) else {
            return value;
        };
        let Some(function) = self.emit.function_of(definition) else { return value };
        let mut args = vec![value];
        args.resize_with(self.tree().frame(frame).params.len(), || make::dynamic(ExprKind::Unset, span));
        make::dynamic(ExprKind::Call(function, args), span)
    }

    fn attempt(
        &mut self,
        body: &'t [Node],
        handlers: &'t [Handler],
        otherwise: Option<&'t [Node]>,
        finally: Option<&'t [Node]>,
        wanted: bool,
        span: Span,
    ) -> Expr {
        let ty = if wanted { Types::DYNAMIC } else { Types::UNIT };
        let mut stmts = Vec::new();
        // Whether the body went well, for `else`.
        let flag = otherwise.map(|_| self.temporary(Types::BOOL, span));
        let flag_place = |flag: LocalId| make::place(crate::core::PlaceBase::Local(flag), Types::BOOL, span);
        if let Some(flag) = flag {
            stmts.push(make::let_local(flag, make::boolean(false, span), span));
        }
        let mut inner = self.run(body, wanted && otherwise.is_none(), span);
        if let Some(flag) = flag {
            let done = make::assign(flag_place(flag), make::boolean(true, span));
            let steps = vec![Stmt::Expr(inner), Stmt::Expr(done)];
            inner = if wanted { make::block(steps, make::none(span), span) } else { make::effects(steps, span) };
        }
        let catch = (!handlers.is_empty()).then(|| {
            let exception = self.temporary(Types::DYNAMIC, span);
            self.handled.push(exception);
            let handler = self.handlers(handlers, exception, wanted, span);
            self.handled.pop();
            (exception, Box::new(handler))
        });
        let mut value = if catch.is_some() {
            make::expr(ExprKind::Try { body: Box::new(inner), catch, finally: None }, ty, span)
        } else {
            inner
        };
        if let (Some(flag), Some(otherwise)) = (flag, otherwise) {
            let at = otherwise.first().map_or(span, |node| node.span);
            let after = self.run(otherwise, wanted, at);
            let went_well = make::read(flag_place(flag));
            if wanted {
                let kept = self.temporary(Types::DYNAMIC, span);
                stmts.push(make::let_local(kept, value, span));
                value = make::if_else(went_well, after, make::read(make::local(kept, span)), span);
            } else {
                stmts.push(Stmt::Expr(value));
                value = make::expr(ExprKind::If(Box::new(went_well), Box::new(after), None), Types::UNIT, span);
            }
            value = make::block(stmts, value, span);
        }
        match finally {
            Some(finally) => {
                let at = finally.first().map_or(span, |node| node.span);
                let finally = Some(Box::new(self.run(finally, false, at)));
                make::expr(ExprKind::Try { body: Box::new(value), catch: None, finally }, ty, span)
            }
            None => value,
        }
    }

    /// What happens with an exception: the first handler that fits, or it goes on.
    fn handlers(&mut self, handlers: &'t [Handler], exception: LocalId, wanted: bool, span: Span) -> Expr {
        let read = |at: Span| make::read(make::local(exception, at));
        let mut chain: Vec<(Option<Expr>, Expr)> = Vec::new();
        for handler in handlers {
            let at = handler.span;
            let condition = self.catches(&handler.types, exception, at);
            let mut stmts = Vec::new();
            if let Some(name) = handler.name {
                stmts.push(Stmt::Expr(self.set_name(name, read(at), at)));
            }
            let (body, tail) = self.sequence(&handler.body, wanted, None, at);
            stmts.extend(body);
            let body = match tail {
                Some(tail) => make::block(stmts, tail, at),
                None => make::effects(stmts, at),
            };
            let last = condition.is_none();
            chain.push((condition, body));
            if last {
                break;
            }
        }
        let mut value = make::expr(ExprKind::Raise(Box::new(read(span))), Types::NEVER, span);
        for (condition, body) in chain.into_iter().rev() {
            value = match condition {
                None => body,
                Some(condition) if wanted => make::if_else(condition, body, value, span),
                Some(condition) => unit_if(condition, body, value, span),
            };
        }
        value
    }

    /// Whether a handler catches; `None` if it catches everything.
    fn catches(&mut self, types: &'t [Node], exception: LocalId, span: Span) -> Option<Expr> {
        let everything = |body: &Self, node: &Node| match &node.kind {
            NodeKind::Name(id) => {
                body.known(*id) == body.emit.prelude_class(ErrorKind::Exception.class_name()).map(Definition::Class)
            }
            _ => false,
        };
        if types.is_empty() || types.iter().any(|node| everything(self, node)) {
            return None;
        }
        let mut condition: Option<Expr> = None;
        for node in types {
            let exception = make::read(make::local(exception, span));
            let class = self.value(node);
            let test = make::dynamic(ExprKind::Builtin(Builtin::DynIsInstance, vec![exception, class]), node.span);
            condition = Some(match condition {
                Some(others) => make::dynamic(ExprKind::Or(Box::new(others), Box::new(test)), span),
                None => test,
            });
        }
        condition
    }

    /// Runs a file that is imported, if it has not run, and binds names.
    fn import(&mut self, module: ModuleId, name: Option<UseId>, names: &'t [(UseId, UseId)], span: Span) -> Expr {
        let frame = self.tree().module(module).frame;
        let loaded = self.emit.loaded(module);
        let place = || make::place(crate::core::PlaceBase::Global(loaded), Types::DYNAMIC, span);
        let mark = make::assign(place(), make::boolean(true, span));
        let run = make::expr(ExprKind::Call(crate::core::FuncId(frame.0), Vec::new()), Types::UNIT, span);
        let first = make::effects(vec![Stmt::Expr(mark), Stmt::Expr(run)], span);
        let fresh = make::not(make::is_set(place()));
        let once = ExprKind::If(Box::new(fresh), Box::new(first), None);
        let mut stmts = vec![Stmt::Expr(make::expr(once, Types::UNIT, span))];
        if let Some(name) = name {
            let value = make::dynamic(
                ExprKind::Const(crate::core::Const::Symbol(format!("<module '{}'>", self.tree().module(module).name))),
                span,
            );
            stmts.push(Stmt::Expr(self.set_name(name, value, span)));
        }
        for &(source, name) in names {
            if self.tree().use_of(source).candidates.is_empty() {
                let entry = self.tree().use_of(source);
                let (name, at) = (entry.name.clone(), entry.span);
                let message = format!("the module `{}` has no `{name}`", self.tree().module(module).name);
                self.emit.report(crate::diagnostics::Code::UnknownImport, at, message);
                continue;
            }
            let value = self.read_name(source);
            stmts.push(Stmt::Expr(self.set_name(name, value, span)));
        }
        make::effects(stmts, span)
    }
}
