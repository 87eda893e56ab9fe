//! Branches and jumps: `if`, `?:`, labelled blocks, `return`, `break`, `continue`.

use super::expect::{Expect, error_expr, expr, unit};
use super::state::*;
use crate::core::{Expr, ExprKind, FunctionKind, LabelId, MatchArm, Pattern, PatternKind};
use crate::diagnostics::{Code, Diagnostic};
use crate::source::Span;
use crate::types::{Ty, TyKind, Types};
use crate::vex::ast::{self, Condition, Ident};

impl<'a> Checker<'a> {
    /// Fits the values of branches to one type: the expected one, or the first branch's that comes to its end.
    pub fn join(&mut self, branches: Vec<Expr>, expect: Expect) -> (Vec<Expr>, Ty) {
        let all_leave = branches.iter().all(|branch| self.shallow(branch.ty) == Types::NEVER);
        if all_leave && !branches.is_empty() {
            return (branches, Types::NEVER);
        }
        if expect == Expect::Drop {
            return (branches, Types::UNIT);
        }
        let wanted = expect.ty().filter(|&ty| !self.is_unknown(ty));
        let ty = match wanted {
            Some(ty) => ty,
            None => {
                let first = branches.iter().find(|branch| {
                    let ty = self.shallow(branch.ty);
                    ty != Types::NEVER && ty != Types::ERROR
                });
                match first {
                    Some(branch) => branch.ty,
                    None => return (branches, Types::ERROR),
                }
            }
        };
        let branches = branches.into_iter().map(|branch| self.coerce_branch(branch, ty)).collect();
        (branches, ty)
    }

    /// A branch's value is fitted inside of its block, so that a move or unwrap happens there.
    pub fn coerce_branch(&mut self, branch: Expr, ty: Ty) -> Expr {
        match branch.kind {
            ExprKind::Block(stmts, Some(tail)) if branch.ty != Types::NEVER => {
                let tail = self.coerce_branch(*tail, ty);
                let ty = tail.ty;
                Expr { kind: ExprKind::Block(stmts, Some(Box::new(tail))), ty, span: branch.span }
            }
            kind => self.coerce(Expr { kind, ..branch }, ty),
        }
    }

    /// `if c {..} elif let p = e {..} else {..}`
    pub fn if_expr(
        &mut self,
        branches: &'a [(Condition, ast::Block)],
        otherwise: Option<&'a ast::Block>,
        span: Span,
        expect: Expect,
    ) -> Expr {
        // Without `else` there is no value.
        let expect = if otherwise.is_none() { Expect::Drop } else { expect };
        let mut heads = Vec::new();
        let mut bodies = Vec::new();
        let mut wanted = expect;
        for (condition, body) in branches {
            self.open_block();
            let head = match condition {
                Condition::Expr(e) => Head::Bool(self.check_bool(e)),
                Condition::Let { pattern, value } => {
                    let value = self.scrutinee(value);
                    let pattern = self.check_pattern(pattern, value.ty, false);
                    Head::Let(value, pattern)
                }
            };
            let body = self.check_block(body, wanted);
            self.close_block();
            wanted = self.next_branch(wanted, &body);
            heads.push(head);
            bodies.push(body);
        }
        let has_else = otherwise.is_some();
        if let Some(otherwise) = otherwise {
            bodies.push(self.check_block(otherwise, wanted));
        }
        let (mut bodies, ty) = if has_else { self.join(bodies, expect) } else { (bodies, Types::UNIT) };
        let mut rest = if has_else { bodies.pop() } else { None };
        while let (Some(head), Some(body)) = (heads.pop(), bodies.pop()) {
            let span = if heads.is_empty() { span } else { body.span };
            let kind = match head {
                Head::Bool(condition) => ExprKind::If(Box::new(condition), Box::new(body), rest.map(Box::new)),
                Head::Let(value, pattern) => {
                    let any = Pattern { kind: PatternKind::Wild, ty: value.ty, span: pattern.span };
                    let other = rest.unwrap_or_else(|| unit(span));
                    let arms = vec![
                        MatchArm { pattern, guard: None, body },
                        MatchArm { pattern: any, guard: None, body: other },
                    ];
                    ExprKind::Match(Box::new(value), arms)
                }
            };
            rest = Some(expr(kind, ty, span));
        }
        rest.unwrap_or_else(|| error_expr(span))
    }

    /// What the next branch should give, after this one: literals in it adapt.
    pub fn next_branch(&self, expect: Expect, body: &Expr) -> Expect {
        let ty = self.shallow(body.ty);
        match expect {
            Expect::Any if ty != Types::NEVER && ty != Types::ERROR => Expect::Is(ty),
            other => other,
        }
    }

    /// `c ? a : b`
    pub fn conditional(
        &mut self,
        condition: &'a ast::Expr,
        then: &'a ast::Expr,
        otherwise: &'a ast::Expr,
        span: Span,
        expect: Expect,
    ) -> Expr {
        let condition = self.check_bool(condition);
        let then = self.check_expr(then, expect);
        let next = self.next_branch(expect, &then);
        let otherwise = self.check_expr(otherwise, next);
        let (mut both, ty) = self.join(vec![then, otherwise], expect);
        match (both.pop(), both.pop()) {
            (Some(otherwise), Some(then)) => {
                let kind = ExprKind::If(Box::new(condition), Box::new(then), Some(Box::new(otherwise)));
                expr(kind, ty, span)
            }
            _ => error_expr(span),
        }
    }

    /// What a `match` or `if let` looks at: a place is borrowed and seen through references, boxes and guards.
    pub fn scrutinee(&mut self, e: &'a ast::Expr) -> Expr {
        if let ast::ExprKind::Tuple(_) = e.kind {
            let value = self.check_expr(e, Expect::Any);
            // The parts are looked at, not moved into the tuple.
            if let ExprKind::Tuple(parts) = value.kind {
                let parts = parts.into_iter().map(|part| {
                    if self.is_droppable(part.ty) { part } else { super::expect::looked(self.operand(part)) }
                });
                let parts: Vec<Expr> = parts.collect();
                let types = parts.iter().map(|part| part.ty).collect();
                let ty = self.types.intern(TyKind::Tuple(types));
                return expr(ExprKind::Tuple(parts), ty, value.span);
            }
            return value;
        }
        let place = self.check_place(e);
        let place = self.deref_all(place);
        let plain = place.projections.is_empty();
        if plain && self.is_droppable(place.ty) {
            return super::expect::read(place);
        }
        super::expect::look(place)
    }

    /// Whether a value of this type is released when its scope ends: guards, futures, user types with `drop`.
    pub fn is_droppable(&self, ty: Ty) -> bool {
        match self.kind(ty) {
            TyKind::MutexGuard(_) | TyKind::ReadGuard(_) | TyKind::WriteGuard(_) | TyKind::Future(_) => true,
            TyKind::Struct(id, _) => {
                self.methods.contains_key(&(super::state::Head::Struct(id), ast::Name::from("drop")))
            }
            TyKind::Enum(_, parts) | TyKind::Tuple(parts) => parts.iter().any(|&part| self.is_droppable(part)),
            TyKind::List(part) => self.is_droppable(part),
            _ => false,
        }
    }

    /// A new label.
    pub fn new_label(&mut self) -> LabelId {
        let frame = self.frame();
        frame.next_label += 1;
        LabelId(frame.next_label - 1)
    }

    /// `'name: { .. }`
    pub fn labelled_block(
        &mut self,
        label: &'a Ident,
        block: &'a ast::Block,
        e: &'a ast::Expr,
        expect: Expect,
    ) -> Expr {
        let id = self.new_label();
        let value = match expect {
            Expect::Drop => None,
            Expect::Is(ty) => Some(ty),
            Expect::Any => Some(self.fresh_at(e.id, 1)),
        };
        let open = LoopInfo {
            name: Some(label.name.clone()),
            label: id,
            is_loop: false,
            value,
            broken: false,
            broke_value: false,
        };
        self.frame().loops.push(open);
        let inner = value.map_or(Expect::Drop, Expect::Is);
        let body = self.check_block(block, inner);
        let closed = self.frame().loops.pop();
        let broken = closed.as_ref().is_some_and(|open| open.broken);
        let broke_value = closed.is_some_and(|open| open.broke_value);
        let ty = match value {
            Some(ty) if broke_value => ty,
            _ => body.ty,
        };
        let body = if broke_value && self.shallow(body.ty) != Types::NEVER { self.coerce(body, ty) } else { body };
        let ty = if broken && !broke_value && self.shallow(ty) == Types::NEVER { Types::UNIT } else { ty };
        expr(ExprKind::Labelled(id, Box::new(body)), ty, e.span)
    }

    /// `return`, `return e`
    pub fn return_expr(&mut self, value: Option<&'a ast::Expr>, span: Span) -> Expr {
        let ret = self.frame().ret;
        let go = self.frame().kind == FunctionKind::Go;
        let value = match value {
            None => {
                let shallow = self.shallow(ret);
                if shallow != Types::UNIT && shallow != Types::ERROR && !self.unify(ret, Types::UNIT) {
                    let shown = self.show(ret);
                    self.error(Code::MissingReturn, span, format!("a value of type `{shown}` must be returned"));
                }
                None
            }
            Some(e) if go || self.shallow(ret) == Types::UNIT => {
                let value = self.check_expr(e, Expect::Any);
                let ty = self.shallow(value.ty);
                if !matches!(ty, Types::UNIT | Types::NEVER | Types::ERROR) {
                    let shown = self.show(ty);
                    let what = if go { "a `go` block gives no value" } else { "the function returns nothing" };
                    self.report(
                        Diagnostic::new(Code::TypeMismatch, e.span, format!("{what}, this is `{shown}`"))
                            .help("a function's result type is written after its parameters: `fn f(): T`"),
                    );
                }
                Some(value)
            }
            Some(e) => Some(self.check_to(e, ret)),
        };
        expr(ExprKind::Return(value.map(Box::new)), Types::NEVER, span)
    }

    /// The loop that `break` or `continue` means, as a position in the frame.
    fn find_loop(&mut self, label: Option<&Ident>, what: &str, span: Span) -> Option<usize> {
        let loops = &self.frame().loops;
        match label {
            Some(label) => {
                let found = loops.iter().rposition(|open| open.name.as_ref() == Some(&label.name));
                if found.is_none() {
                    let message = format!("no loop around this is called `'{}`", label.name);
                    self.error(Code::UnknownLabel, label.span, message);
                }
                found
            }
            None => {
                let found = loops.iter().rposition(|open| open.is_loop);
                if found.is_none() {
                    self.error(Code::OutsideLoop, span, format!("`{what}` outside of a loop"));
                }
                found
            }
        }
    }

    /// `break`, `break 'label`, `break v`
    pub fn break_expr(&mut self, label: Option<&'a Ident>, value: Option<&'a ast::Expr>, span: Span) -> Expr {
        let Some(at) = self.find_loop(label, "break", span) else {
            if let Some(value) = value {
                self.check_expr(value, Expect::Any);
            }
            return expr(ExprKind::Error, Types::NEVER, span);
        };
        let (id, wanted) = {
            let open = &mut self.frame().loops[at];
            open.broken = true;
            open.broke_value |= value.is_some();
            (open.label, open.value)
        };
        let value = value.map(|value| match wanted {
            Some(ty) => {
                let value = self.check_to(value, ty);
                Box::new(value)
            }
            None => Box::new(self.check_expr(value, Expect::Any)),
        });
        // A value that nobody wants is computed and dropped.
        expr(ExprKind::Break(id, value), Types::NEVER, span)
    }

    /// `continue`, `continue 'label`
    pub fn continue_expr(&mut self, label: Option<&'a Ident>, span: Span) -> Expr {
        let Some(at) = self.find_loop(label, "continue", span) else {
            return expr(ExprKind::Error, Types::NEVER, span);
        };
        let open = &self.frame().loops[at];
        if !open.is_loop {
            let message = "`continue` needs a loop, this label names a block";
            self.error(Code::OutsideLoop, span, message);
        }
        let id = self.frame().loops[at].label;
        expr(ExprKind::Continue(id), Types::NEVER, span)
    }
}

enum Head {
    Bool(Expr),
    Let(Expr, Pattern),
}
