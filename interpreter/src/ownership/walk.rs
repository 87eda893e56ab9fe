//! The walk over a function's body, in order of evaluation.

use super::kinds::Kinds;
use super::state::{Gone, Loan, Path, State};
use crate::builtins::Builtin;
use crate::core::{
    Expr, ExprKind, Function, FunctionKind, LabelId, LocalId, Pattern, PatternKind, Place, PlaceBase, Program,
    Projection, SelectArm, SelectOp, SpawnKind, Stmt,
};
use crate::diagnostics::{Code, Diagnostic};
use crate::source::Span;
use crate::types::TyKind;

/// How a place is used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Use {
    /// Looked at, or copied.
    Look,
    /// Borrowed mutably.
    Change,
    /// Moved out of, if its type is no Copy.
    Take,
}

/// A loop or labelled block around the current point.
struct Scope {
    label: LabelId,
    breaks: Option<State>,
    continues: Option<State>,
}

/// The walk over one function.
pub(super) struct Walk<'p> {
    pub(super) program: &'p Program,
    pub(super) function: &'p Function,
    pub(super) kinds: Kinds<'p>,
    /// What is known here; `None` where control never comes.
    pub(super) state: Option<State>,
    found: &'p mut Vec<Diagnostic>,
    scopes: Vec<Scope>,
    returns: bool,
}

impl<'p> Walk<'p> {
    pub(super) fn new(program: &'p Program, function: &'p Function, found: &'p mut Vec<Diagnostic>) -> Self {
        Self {
            program,
            function,
            kinds: Kinds::new(program),
            state: Some(State::default()),
            found,
            scopes: Vec::new(),
            returns: false,
        }
    }

    /// Checks the function.
    pub(super) fn function(mut self) {
        self.captured_copies(&self.function.body);
        self.expr(&self.function.body, Use::Take);
    }

    pub(super) fn report(&mut self, diagnostic: Diagnostic) {
        self.found.push(diagnostic);
    }

    /// The name of a local as messages say it.
    pub(super) fn name(&self, local: LocalId) -> &'p str {
        let name = self.function.locals[local.0 as usize].name.as_str();
        if name.is_empty() { "the value" } else { name }
    }

    pub(super) fn path_name(&self, path: &Path) -> String {
        // Fields are known by position only here; the whole local names the trouble well enough.
        format!("`{}`", self.name(path.local))
    }

    /// The text of a span, as far as it is in the file.
    fn text(&self, span: Span) -> &'p str {
        let file = self.program.sources.file(span.file);
        file.text.get(span.lo as usize..span.hi as usize).unwrap_or("")
    }

    /// The local and the fields that a place begins with, and whether it goes on through something.
    pub(super) fn path(&self, place: &Place) -> Option<(Path, bool)> {
        let PlaceBase::Local(local) = place.base else { return None };
        let fields: Vec<u32> = place
            .projections
            .iter()
            .map_while(|step| match step {
                Projection::Field(field, _) => Some(*field),
                Projection::Index(..) | Projection::Deref(_) => None,
            })
            .collect();
        let through = fields.len() < place.projections.len();
        Some((Path { local, fields }, through))
    }

    fn exprs<'e>(&mut self, exprs: impl IntoIterator<Item = &'e Expr>, how: Use) {
        for expr in exprs {
            self.expr(expr, how);
        }
    }

    /// Evaluates an expression; `how` is what happens to its value if it is a place.
    pub(super) fn expr(&mut self, expr: &Expr, how: Use) {
        if self.state.is_none() {
            return;
        }
        match &expr.kind {
            ExprKind::Const(_) | ExprKind::Function(_) | ExprKind::Zero | ExprKind::Error => {}
            // Languages without static types own nothing.
            ExprKind::Dyn(..)
            | ExprKind::Index(..)
            | ExprKind::SetIndex(..)
            | ExprKind::Attr(..)
            | ExprKind::SetAttr(..)
            | ExprKind::CallAttr(..)
            | ExprKind::CallNamed(..)
            | ExprKind::Bound(..)
            | ExprKind::IsSet(_)
            | ExprKind::Unset
            | ExprKind::Try { .. }
            | ExprKind::Raise(_) => {}
            ExprKind::Read(place) => self.place(place, how, expr.span),
            ExprKind::Borrow(place) => self.place(place, Use::Look, expr.span),
            ExprKind::BorrowMut(place) => self.place(place, Use::Change, expr.span),
            ExprKind::Closure(_, captures) => {
                for capture in captures {
                    self.used(&Path::local(capture.outer), capture.span);
                }
            }
            ExprKind::Assign(place, value) => {
                self.expr(value, Use::Take);
                self.assign(place, expr.span);
            }
            ExprKind::AssignOp(_, place, value) => {
                self.expr(value, Use::Look);
                self.place(place, Use::Change, expr.span);
            }
            ExprKind::Binary(_, left, right) => self.exprs([&**left, right], Use::Look),
            ExprKind::Compare(_, left, right) => self.exprs([&**left, right], Use::Look),
            ExprKind::And(left, right) | ExprKind::Or(left, right) => {
                self.expr(left, Use::Look);
                let short = self.state.clone();
                self.expr(right, Use::Look);
                self.state = State::join(short, self.state.take());
            }
            ExprKind::Unary(_, operand) => self.expr(operand, Use::Look),
            ExprKind::Cast(operand) => self.expr(operand, how),
            ExprKind::Call(_, args) => {
                self.exprs(args, Use::Take);
                self.aliased(args);
            }
            ExprKind::CallValue(callee, args) => {
                self.expr(callee, Use::Look);
                self.exprs(args, Use::Take);
                self.aliased(args);
            }
            ExprKind::CallMethod(_, args) => self.exprs(args, Use::Take),
            ExprKind::Builtin(builtin, args) => self.builtin(*builtin, args, expr),
            ExprKind::Block(stmts, tail) => self.block(stmts, tail.as_deref(), how),
            ExprKind::Labelled(label, body) => {
                self.scopes.push(Scope { label: *label, breaks: None, continues: None });
                self.expr(body, how);
                let breaks = self.scopes.pop().and_then(|scope| scope.breaks);
                self.state = State::join(self.state.take(), breaks);
            }
            ExprKind::If(cond, then, otherwise) => {
                self.expr(cond, Use::Look);
                let before = self.state.clone();
                self.expr(then, how);
                let after_then = std::mem::replace(&mut self.state, before);
                if let Some(otherwise) = otherwise {
                    self.expr(otherwise, how);
                }
                self.state = State::join(after_then, self.state.take());
            }
            ExprKind::Match(scrutinee, arms) => {
                self.expr(scrutinee, Use::Look);
                let takes = |walk: &Self, pattern: &Pattern| walk.takes(pattern);
                let mut joined = None;
                let before = self.state.clone();
                for arm in arms {
                    self.state = before.clone();
                    if takes(self, &arm.pattern)
                        && let ExprKind::Read(place) = &scrutinee.kind
                    {
                        self.place(place, Use::Take, scrutinee.span);
                    }
                    self.bind(&arm.pattern, Some(scrutinee));
                    if let Some(guard) = &arm.guard {
                        self.expr(guard, Use::Look);
                    }
                    self.expr(&arm.body, how);
                    self.forget_pattern(&arm.pattern);
                    joined = State::join(joined, self.state.take());
                }
                self.state = joined;
            }
            ExprKind::Loop(label, body) => self.repeat(*label, |walk| walk.expr(body, Use::Look), None, false),
            ExprKind::While { label, cond, body, otherwise } => self.repeat(
                *label,
                |walk| {
                    walk.expr(cond, Use::Look);
                    let exit = walk.state.clone();
                    walk.expr(body, Use::Look);
                    // The way out leads from the condition.
                    walk.also_break(*label, exit);
                },
                otherwise.as_deref(),
                false,
            ),
            ExprKind::ForRange { label, var, lo, hi, body, otherwise, .. } => {
                self.exprs([&**lo, hi], Use::Look);
                self.repeat(
                    *label,
                    |walk| {
                        walk.forget(*var);
                        walk.expr(body, Use::Look);
                        walk.forget(*var);
                    },
                    otherwise.as_deref(),
                    true,
                );
            }
            ExprKind::ForEach { label, pattern, iterable, body, otherwise, .. } => {
                // Walking over a container does not take it.
                self.expr(iterable, Use::Look);
                self.repeat(
                    *label,
                    |walk| {
                        walk.bind(pattern, None);
                        walk.expr(body, Use::Look);
                        walk.forget_pattern(pattern);
                    },
                    otherwise.as_deref(),
                    true,
                );
            }
            ExprKind::Break(label, value) => {
                if let Some(value) = value {
                    self.expr(value, Use::Take);
                }
                let state = self.state.take();
                self.also_break(*label, state);
            }
            ExprKind::Continue(label) => {
                let state = self.state.take();
                if let Some(scope) = self.scopes.iter_mut().rev().find(|scope| scope.label == *label) {
                    scope.continues = State::join(scope.continues.take(), state);
                }
            }
            ExprKind::Return(value) => {
                if let Some(value) = value {
                    self.expr(value, Use::Take);
                }
                self.returns = true;
                self.state = None;
            }
            ExprKind::Tuple(parts) | ExprKind::List(parts) | ExprKind::Variant(_, _, parts) => {
                self.exprs(parts, Use::Take);
            }
            ExprKind::Repeat(value, count) => self.exprs([&**value, count], Use::Take),
            ExprKind::Struct(_, fields, order) => {
                for &field in order {
                    if let Some(value) = fields.get(field as usize) {
                        self.expr(value, Use::Take);
                    }
                }
            }
            ExprKind::Range(lo, hi, _) => self.exprs([&**lo, hi], Use::Look),
            ExprKind::Format(parts) => self.exprs(parts, Use::Look),
            ExprKind::Spawn(kind, function, args) => {
                let target = &self.program.functions[function.0 as usize];
                if *kind == SpawnKind::Go && target.kind == FunctionKind::Go {
                    self.go_block(expr, target, args);
                } else {
                    self.exprs(args, Use::Take);
                    if *kind == SpawnKind::Go {
                        self.references_into_task(expr, args);
                    }
                }
            }
            ExprKind::SpawnValue(kind, callee, args) => {
                self.expr(callee, Use::Look);
                self.exprs(args, Use::Take);
                if *kind == SpawnKind::Go {
                    self.references_into_task(expr, args);
                }
            }
            ExprKind::Await(future) => {
                self.expr(future, Use::Take);
                self.awaits(expr.span);
            }
            ExprKind::Select(arms, default) => self.select(expr, arms, default.as_deref(), how),
            ExprKind::Panic(message) => {
                self.expr(message, Use::Look);
                self.state = None;
            }
            ExprKind::Assert(cond, message) => {
                self.expr(cond, Use::Look);
                if let Some(message) = message {
                    let passes = self.state.clone();
                    self.expr(message, Use::Look);
                    self.state = passes;
                }
            }
        }
        if matches!(self.kinds.kind(expr.ty), TyKind::Never) && !matches!(expr.kind, ExprKind::Block(..)) {
            self.state = None;
        }
    }

    fn also_break(&mut self, label: LabelId, state: Option<State>) {
        if let Some(scope) = self.scopes.iter_mut().rev().find(|scope| scope.label == label) {
            scope.breaks = State::join(scope.breaks.take(), state);
        }
    }

    /// A loop: the body twice, so that the second turn sees the first. `may_skip`: it may end before the first turn.
    fn repeat(&mut self, label: LabelId, mut turn: impl FnMut(&mut Self), otherwise: Option<&Expr>, may_skip: bool) {
        let mut exits = None;
        let mut natural = if may_skip { self.state.clone() } else { None };
        for _ in 0..2 {
            self.scopes.push(Scope { label, breaks: None, continues: None });
            turn(self);
            if let Some(scope) = self.scopes.pop() {
                self.state = State::join(self.state.take(), scope.continues);
                exits = State::join(exits, scope.breaks);
            }
            if may_skip {
                natural = State::join(natural, self.state.clone());
            }
            if self.state.is_none() {
                break;
            }
        }
        self.state = natural;
        if let Some(otherwise) = otherwise {
            if self.state.is_none() {
                self.state.clone_from(&exits);
            }
            self.expr(otherwise, Use::Take);
        }
        self.state = State::join(self.state.take(), exits);
    }

    fn block(&mut self, stmts: &[Stmt], tail: Option<&Expr>, how: Use) {
        let mut declared = Vec::new();
        let mut deferred = Vec::new();
        for stmt in stmts {
            match stmt {
                Stmt::Let { pattern, value, span } => {
                    if let Some(value) = value {
                        // `let _ = x` and `let (a, _) = pair` take no more than they bind.
                        let take = if self.takes(pattern) { Use::Take } else { Use::Look };
                        self.expr(value, take);
                    }
                    self.bind(pattern, value.as_ref());
                    if value.is_none() {
                        self.unassigned(pattern, *span);
                    }
                    pattern_locals(pattern, &mut declared);
                }
                Stmt::Expr(expr) | Stmt::Unpack { value: expr, .. } => self.expr(expr, Use::Look),
                Stmt::Defer(body) => {
                    // It runs at the end of the block; what it needs must still be there then.
                    deferred.push(body);
                }
            }
        }
        if let Some(tail) = tail {
            self.expr(tail, how);
        }
        for body in deferred.into_iter().rev() {
            self.expr(body, Use::Look);
        }
        for local in declared {
            self.forget(local);
        }
    }

    fn unassigned(&mut self, pattern: &Pattern, span: Span) {
        let mut locals = Vec::new();
        pattern_locals(pattern, &mut locals);
        if let Some(state) = &mut self.state {
            for local in locals {
                state.gone.insert(Path::local(local), Gone::Unassigned(span));
            }
        }
    }

    pub(super) fn forget(&mut self, local: LocalId) {
        if let Some(state) = &mut self.state {
            state.forget(local);
        }
    }

    fn forget_pattern(&mut self, pattern: &Pattern) {
        let mut locals = Vec::new();
        pattern_locals(pattern, &mut locals);
        for local in locals {
            self.forget(local);
        }
    }

    /// Whether a pattern takes (a part of) the value: it binds something that is no Copy.
    fn takes(&self, pattern: &Pattern) -> bool {
        let mut locals = Vec::new();
        pattern_locals(pattern, &mut locals);
        locals.iter().any(|&local| !self.kinds.is_copy(self.function.locals[local.0 as usize].ty))
    }

    /// The names of a pattern get their values.
    fn bind(&mut self, pattern: &Pattern, value: Option<&Expr>) {
        let mut locals = Vec::new();
        pattern_locals(pattern, &mut locals);
        for local in locals {
            self.forget(local);
            let ty = self.function.locals[local.0 as usize].ty;
            if self.kinds.holds_guard(ty)
                && let Some(state) = &mut self.state
            {
                state.guards.insert(local, value.map_or(pattern.span, |value| value.span));
            }
        }
        if let (PatternKind::Bind(local, None), Some(value)) = (&pattern.kind, value) {
            self.lend(*local, value);
        }
    }

    /// What a built-in does to its arguments.
    fn builtin(&mut self, builtin: Builtin, args: &[Expr], expr: &Expr) {
        let looks = matches!(
            builtin,
            Builtin::Print
                | Builtin::Eprint
                | Builtin::ToString
                | Builtin::CloneValue
                | Builtin::Equal
                | Builtin::BoxClone
                | Builtin::ListContains
                | Builtin::ListIndexOf
        );
        self.exprs(args, if looks { Use::Look } else { Use::Take });
        // `await sleep(..)` is the operation itself.
        if builtin == Builtin::Sleep && self.text(expr.span).starts_with("await") {
            self.awaits(expr.span);
        }
    }

    fn select(&mut self, expr: &Expr, arms: &[SelectArm], default: Option<&Expr>, how: Use) {
        let mut waits = false;
        for arm in arms {
            match &arm.op {
                SelectOp::Recv(channel) | SelectOp::RecvOption(channel) | SelectOp::RecvPair(channel) => {
                    self.expr(channel, Use::Look);
                }
                SelectOp::Send(channel, value) => {
                    self.expr(channel, Use::Look);
                    self.expr(value, Use::Take);
                }
                SelectOp::After(duration) => self.expr(duration, Use::Look),
                SelectOp::Future(future) => {
                    waits = true;
                    self.expr(future, Use::Take);
                }
            }
        }
        if waits {
            self.awaits(expr.span);
        }
        let before = self.state.clone();
        let mut joined = None;
        for arm in arms {
            self.state = before.clone();
            if let Some(pattern) = &arm.pattern {
                self.bind(pattern, None);
            }
            self.expr(&arm.body, how);
            if let Some(pattern) = &arm.pattern {
                self.forget_pattern(pattern);
            }
            joined = State::join(joined, self.state.take());
        }
        if let Some(default) = default {
            self.state = before;
            self.expr(default, how);
            joined = State::join(joined, self.state.take());
        }
        self.state = joined;
    }

    /// A `go` block takes its captures with it.
    fn go_block(&mut self, expr: &Expr, target: &Function, args: &[Expr]) {
        let head = Span { hi: expr.span.lo + 2, ..expr.span };
        for (arg, inner) in args.iter().zip(&target.locals) {
            let (ExprKind::Read(place) | ExprKind::Borrow(place) | ExprKind::BorrowMut(place)) = &arg.kind else {
                self.expr(arg, Use::Take);
                continue;
            };
            let Some((path, _)) = self.path(place) else {
                self.place(place, Use::Take, arg.span);
                continue;
            };
            if self.kinds.holds_reference(inner.ty) {
                let name = self.path_name(&path);
                let message = format!("{name} is a reference, which a task cannot take with it");
                let diagnostic = Diagnostic::new(Code::ReferenceIntoTask, head, message)
                    .label(format!("this task captures {name}"))
                    .note_at(arg.span, "it is used here".to_string())
                    .help("move the value itself into the task, or share it through a Box, a Mutex or a channel");
                self.report(diagnostic);
                continue;
            }
            self.used_in_task(&path, head, arg.span);
            let shared = self.kinds.is_shareable(inner.ty) || self.kinds.is_copy(inner.ty);
            self.access(&path, if shared { Use::Look } else { Use::Take }, head);
            if !shared && let Some(state) = &mut self.state {
                state.gone.insert(path.clone(), Gone::IntoTask(head, arg.span));
                state.guards.remove(&path.local);
            }
        }
    }

    fn references_into_task(&mut self, expr: &Expr, args: &[Expr]) {
        for arg in args {
            if self.kinds.holds_reference(arg.ty) {
                let head = Span { hi: expr.span.lo + 2, ..expr.span };
                let message = "a reference is given to a task, which may outlive what it points at";
                let diagnostic = Diagnostic::new(Code::ReferenceIntoTask, head, message)
                    .label("the task starts here")
                    .note_at(arg.span, "this is a reference".to_string())
                    .help("give the task the value itself, or share it through a Box, a Mutex or a channel");
                self.report(diagnostic);
            }
        }
    }

    /// Assignments inside a `go` block to captured Copy variables are lost.
    fn captured_copies(&mut self, body: &Expr) {
        if self.function.kind != FunctionKind::Go {
            return;
        }
        let mut lost = Vec::new();
        crate::lower::analysis::walk(body, &mut |expr| {
            let (ExprKind::Assign(place, _) | ExprKind::AssignOp(_, place, _)) = &expr.kind else { return };
            if let PlaceBase::Local(local) = place.base
                && local.0 < self.function.captures
                && !place.projections.iter().any(|step| !matches!(step, Projection::Field(..)))
            {
                lost.push((local, expr.span));
            }
        });
        for (local, span) in lost {
            let ty = self.function.locals[local.0 as usize].ty;
            if !self.kinds.is_copy(ty) || self.kinds.is_shareable(ty) || self.kinds.is_reference(ty) {
                continue;
            }
            let name = self.name(local);
            let message = format!("the assignment to `{name}` would be lost: the task has a copy of it");
            let diagnostic = Diagnostic::new(Code::AssignToCapturedCopy, span, message)
                .label("assigned in the task only")
                .note_at(
                    self.function.locals[local.0 as usize].span,
                    format!("`{name}` is declared outside of the task"),
                )
                .help("share it through an atomic or a Mutex, or send the result over a channel");
            self.report(diagnostic);
        }
    }

    /// A reference bound to a name borrows until its last use.
    fn lend(&mut self, local: LocalId, value: &Expr) {
        let (place, mutable) = match &value.kind {
            ExprKind::Borrow(place) => (place, false),
            ExprKind::BorrowMut(place) => (place, true),
            _ => return,
        };
        if !self.kinds.is_reference(self.function.locals[local.0 as usize].ty) {
            return;
        }
        let Some((path, _)) = self.path(place) else { return };
        let owner = self.function.locals[path.local.0 as usize].ty;
        if self.kinds.is_shareable(owner) || self.kinds.is_reference(owner) && !mutable {
            return;
        }
        if let Some(state) = &mut self.state {
            state.loans.insert(local, Loan { path, mutable, span: value.span });
        }
    }
}

/// The locals that a pattern binds.
pub(super) fn pattern_locals(pattern: &Pattern, out: &mut Vec<LocalId>) {
    match &pattern.kind {
        PatternKind::Wild | PatternKind::Const(_) | PatternKind::Range { .. } => {}
        PatternKind::Bind(local, inner) => {
            out.push(*local);
            if let Some(inner) = inner {
                pattern_locals(inner, out);
            }
        }
        PatternKind::Variant(_, parts) => parts.iter().for_each(|part| pattern_locals(part, out)),
        // All alternatives bind the same.
        PatternKind::Or(parts) => parts.iter().take(1).for_each(|part| pattern_locals(part, out)),
        PatternKind::Fields(parts) => parts.iter().for_each(|(_, part)| pattern_locals(part, out)),
        PatternKind::List { before, rest, after } => {
            before.iter().chain(after).for_each(|part| pattern_locals(part, out));
            out.extend(rest.flatten());
        }
        PatternKind::TypeTest(_, inner) => pattern_locals(inner, out),
    }
}
