//! Closures and `go`: functions inside of functions, with what they capture.

use super::expect::{Expect, error_expr, expr, look, read, unit};
use super::state::*;
use crate::core::{Expr, ExprKind, FunctionKind, PlaceBase, SpawnKind, Stmt};
use crate::diagnostics::Code;
use crate::source::Span;
use crate::types::{Ty, TyKind, Types};
use crate::vex::ast::{self, PatKind};

impl<'a> Checker<'a> {
    /// `|a, b| e`
    pub fn closure(&mut self, closure: &'a ast::Closure, e: &'a ast::Expr, expect: Expect) -> Expr {
        let wanted = match expect.ty().map(|ty| self.strip_refs(ty)).map(|ty| self.kind(ty)) {
            Some(TyKind::Fn(params, ret)) => Some((params, ret)),
            _ => None,
        };
        if let Some((params, _)) = &wanted
            && params.len() != closure.params.len()
        {
            let message = format!(
                "a closure of {} parameter{} is expected, this has {}",
                params.len(),
                if params.len() == 1 { "" } else { "s" },
                closure.params.len()
            );
            self.error(Code::WrongArgumentCount, closure.header, message);
        }
        let scope = self.frame().scope;
        let declared_ret = closure.ret.as_ref().map(|ret| self.resolve_type(ret, scope));
        let ret = match (declared_ret, &wanted) {
            (Some(ret), _) => ret,
            (None, Some((_, ret))) => *ret,
            (None, None) => self.fresh_at(e.id, 0),
        };
        let mut types = Vec::new();
        let mut own_types = Vec::new();
        for (index, param) in closure.params.iter().enumerate() {
            let declared = param.ty.as_ref().map(|ty| self.resolve_type(ty, scope));
            let given = wanted.as_ref().and_then(|(params, _)| params.get(index).copied());
            let own = match (declared, given) {
                (Some(declared), Some(given)) => {
                    if !self.unify(declared, given) {
                        let (a, b) = (self.strip_refs(declared), self.strip_refs(given));
                        if !self.unify(a, b) {
                            let (a, b) = (self.show(declared), self.show(given));
                            let message = format!("the parameter is `{a}`, but the closure is called with `{b}`");
                            self.error(Code::TypeMismatch, param.pattern.span, message);
                        }
                    }
                    types.push(given);
                    declared
                }
                (Some(ty), None) | (None, Some(ty)) => {
                    types.push(ty);
                    ty
                }
                (None, None) => {
                    let ty = self.fresh_at(param.pattern.id, 1);
                    types.push(ty);
                    ty
                }
            };
            own_types.push(own);
        }
        let parent = self.frame().name.clone();
        let func = self.new_func();
        self.pass_funcs.push(func);
        let frame =
            self.new_frame(func, format!("{parent}.closure"), FunctionKind::Closure, closure.header, ret, false, scope);
        let prelude_async = self.frame().async_context && self.in_prelude;
        self.frames.push(frame);
        self.frame().async_context = prelude_async;
        let mut stmts = Vec::new();
        for (param, ty) in closure.params.iter().zip(own_types) {
            match &param.pattern.kind {
                PatKind::Binding { name } => {
                    let local = self.declare_local(&name.name, ty, param.mutable, name.span);
                    self.frame().locals[local.0 as usize].warn = false;
                    self.frame().params.push(local);
                }
                PatKind::Wild => {
                    let local = self.declare_local("", ty, false, param.pattern.span);
                    self.frame().params.push(local);
                }
                _ => {
                    let local = self.declare_local("", ty, false, param.pattern.span);
                    self.frame().params.push(local);
                    let place = self.local_place(local, param.pattern.span);
                    let place = self.deref_refs(place);
                    let pattern = self.check_pattern(&param.pattern, place.ty, param.mutable);
                    stmts.push(Stmt::Let { pattern, value: Some(read(place)), span: param.pattern.span });
                }
            }
        }
        let body = self.closure_body(&closure.body, ret);
        let body = if stmts.is_empty() {
            body
        } else {
            let ty = body.ty;
            let span = body.span;
            expr(ExprKind::Block(stmts, Some(Box::new(body))), ty, span)
        };
        let captures = self.frame().captures.clone();
        self.close_frame(body);
        if let Some((params, _)) = wanted
            && params.len() != types.len()
        {
            // Reported above; as expected from here on.
            types = params;
        }
        let ty = self.types.intern(TyKind::Fn(types, ret));
        expr(ExprKind::Closure(func, captures), ty, e.span)
    }

    fn closure_body(&mut self, body: &'a ast::Expr, ret: Ty) -> Expr {
        if self.shallow(ret) == Types::UNIT {
            return self.dropped(body);
        }
        if self.is_unknown(ret) {
            let value = self.check_expr(body, Expect::Any);
            // `return v` inside may have said what it returns.
            if self.is_unknown(ret) {
                self.unify(ret, value.ty);
                return value;
            }
            return self.coerce(value, ret);
        }
        self.check_to(body, ret)
    }

    /// `go { .. }`, `go f(x)`
    pub fn go(&mut self, body: &'a ast::GoBody, keyword: Span, span: Span) -> Expr {
        match body {
            ast::GoBody::Block(block) => {
                let parent = self.frame().name.clone();
                let scope = self.frame().scope;
                let func = self.new_func();
                self.pass_funcs.push(func);
                let frame =
                    self.new_frame(func, format!("{parent}.go"), FunctionKind::Go, keyword, Types::UNIT, true, scope);
                self.frames.push(frame);
                let body = self.check_block(block, Expect::Drop);
                let captures = self.frame().captures.clone();
                self.close_frame(body);
                let mut args = Vec::new();
                for capture in captures {
                    let info = &self.frame().locals[capture.outer.0 as usize];
                    let ty = info.local.ty;
                    let place = crate::core::Place {
                        base: PlaceBase::Local(capture.outer),
                        projections: Vec::new(),
                        ty,
                        span: capture.span,
                    };
                    args.push(read(place));
                }
                expr(ExprKind::Spawn(SpawnKind::Go, func, args), Types::UNIT, span)
            }
            ast::GoBody::Call(call) => {
                let value = self.check_expr(call, Expect::Drop);
                self.go_call(value, span)
            }
        }
    }

    /// The call of `go f(x)`: its arguments are evaluated here, the call itself runs in the new task.
    fn go_call(&mut self, value: Expr, span: Span) -> Expr {
        let kind = match value.kind {
            ExprKind::Call(func, args) | ExprKind::Spawn(_, func, args) => ExprKind::Spawn(SpawnKind::Go, func, args),
            ExprKind::CallValue(callee, args) => ExprKind::SpawnValue(SpawnKind::Go, callee, args),
            ExprKind::SpawnValue(_, callee, args) => ExprKind::SpawnValue(SpawnKind::Go, callee, args),
            ExprKind::Error => return error_expr(span),
            ExprKind::Builtin(builtin, args) => {
                return self.go_lifted(args, value.ty, span, |args| ExprKind::Builtin(builtin, args));
            }
            ExprKind::CallMethod(name, args) => {
                return self.go_lifted(args, value.ty, span, |args| ExprKind::CallMethod(name, args));
            }
            ExprKind::Format(args) => {
                return self.go_lifted(args, value.ty, span, ExprKind::Format);
            }
            _ => {
                self.error(Code::BadGoOrDefer, span, "`go` needs a call or a block here: write `go { .. }`");
                return error_expr(span);
            }
        };
        expr(kind, Types::UNIT, span)
    }

    fn go_lifted(&mut self, args: Vec<Expr>, ty: Ty, span: Span, make: impl FnOnce(Vec<Expr>) -> ExprKind) -> Expr {
        let parent = self.frame().name.clone();
        let scope = self.frame().scope;
        let func = self.new_func();
        self.pass_funcs.push(func);
        let frame = self.new_frame(func, format!("{parent}.go"), FunctionKind::Go, span, Types::UNIT, true, scope);
        self.frames.push(frame);
        let mut given = Vec::new();
        let mut inner = Vec::new();
        for arg in args {
            // Constants and zero values stay where they are used.
            if matches!(arg.kind, ExprKind::Const(_) | ExprKind::Zero) {
                inner.push(arg);
                continue;
            }
            let local = self.declare_local("", arg.ty, false, arg.span);
            self.frame().params.push(local);
            let place = self.local_place(local, arg.span);
            inner.push(match arg.kind {
                ExprKind::Borrow(_) => look(place),
                ExprKind::BorrowMut(_) => {
                    let ty = place.ty;
                    expr(ExprKind::BorrowMut(place), ty, arg.span)
                }
                _ => read(place),
            });
            // A handle is handed over as it is.
            let arg = match arg.kind {
                ExprKind::Borrow(place) if self.is_handle(arg.ty) => expr(ExprKind::Read(place), arg.ty, arg.span),
                kind => Expr { kind, ..arg },
            };
            given.push(arg);
        }
        let call = expr(make(inner), ty, span);
        let body = expr(ExprKind::Block(vec![Stmt::Expr(call)], Some(Box::new(unit(span)))), Types::UNIT, span);
        self.close_frame(body);
        expr(ExprKind::Spawn(SpawnKind::Go, func, given), Types::UNIT, span)
    }

    /// Handles that every task may hold.
    pub fn is_handle(&self, ty: Ty) -> bool {
        matches!(
            self.kind(ty),
            TyKind::Channel(_)
                | TyKind::Box(_)
                | TyKind::Mutex(_)
                | TyKind::RwLock(_)
                | TyKind::Atomic(_)
                | TyKind::Once
                | TyKind::Barrier
                | TyKind::WaitGroup
                | TyKind::Semaphore
                | TyKind::Context
                | TyKind::Ticker
                | TyKind::Fn(..)
        )
    }
}
