//! `await` and `join!`.

use super::expect::{Expect, block, error_expr, expr, read};
use super::state::*;
use crate::builtins::Builtin;
use crate::core::{Expr, ExprKind, FunctionKind, SpawnKind};
use crate::diagnostics::{Code, Diagnostic};
use crate::source::Span;
use crate::types::{Ty, TyKind, Types};
use crate::vex::ast;

impl<'a> Checker<'a> {
    /// Reports an `await` where none may stand.
    pub fn require_async(&mut self, span: Span, what: &str) {
        let frame = self.frame();
        if frame.async_context {
            return;
        }
        let (name, head, closure) = (frame.name.clone(), frame.span, frame.kind == FunctionKind::Closure);
        let where_ = if closure { "a closure".to_string() } else { format!("`{name}`") };
        self.report(
            Diagnostic::new(Code::AwaitOutsideAsync, span, format!("{what} in {where_}, which is not async"))
                .note_at(head, "this is not `async`")
                .help("make it an `async fn`, or start a task: `go { .. }`"),
        );
    }

    /// `await e`
    pub fn await_expr(&mut self, inner: &'a ast::Expr, e: &'a ast::Expr, expect: Expect) -> Expr {
        let span = e.span;
        let keyword = Span::new(span.file, span.lo, (span.lo + 5).min(span.hi));
        self.require_async(keyword, "`await`");
        let mut target = inner;
        while let ast::ExprKind::Paren(inside) = &target.kind {
            target = inside;
        }
        match &target.kind {
            ast::ExprKind::Join(futures) => return self.join_now(futures, span),
            ast::ExprKind::Select { is_async, keyword, arms } => {
                return self.select_expr(*is_async, *keyword, arms, target, expect);
            }
            _ => {}
        }
        let hint = match expect.ty() {
            Some(ty) if !self.is_unknown(ty) => Expect::Is(self.types.intern(TyKind::Future(ty))),
            _ => Expect::Any,
        };
        let value = self.check_expr(target, hint);
        self.await_value(value, span)
    }

    /// Waits for a future.
    fn await_value(&mut self, value: Expr, span: Span) -> Expr {
        // `await sleep(n)` needs no task of its own.
        if let Some(duration) = self.sleep_of(&value) {
            return expr(ExprKind::Builtin(Builtin::Sleep, vec![duration]), Types::UNIT, span);
        }
        match self.kind(value.ty) {
            TyKind::Future(ty) => expr(ExprKind::Await(Box::new(value)), ty, span),
            TyKind::Error | TyKind::Never => value,
            TyKind::Ref(_) | TyKind::RefMut(_) | TyKind::Box(_) => {
                let place = self.deref_all(super::expect::as_place(value));
                if let TyKind::Future(ty) = self.kind(place.ty) {
                    return expr(ExprKind::Await(Box::new(read(place))), ty, span);
                }
                self.not_a_future(place.ty, span);
                error_expr(span)
            }
            TyKind::Infer(_) if self.is_unknown(value.ty) => {
                let ty = self.fresh();
                let future = self.types.intern(TyKind::Future(ty));
                self.unify(value.ty, future);
                expr(ExprKind::Await(Box::new(value)), ty, span)
            }
            _ => {
                self.not_a_future(value.ty, span);
                error_expr(span)
            }
        }
    }

    fn not_a_future(&mut self, ty: Ty, span: Span) {
        let shown = self.show(ty);
        self.report(
            Diagnostic::new(Code::NotAFuture, span, format!("a future is expected, this is `{shown}`"))
                .help("`await` takes what a call of an `async fn` gives"),
        );
    }

    /// The duration, if the value is the future of a `sleep`.
    pub fn sleep_of(&mut self, value: &Expr) -> Option<Expr> {
        let ExprKind::Spawn(SpawnKind::Async, func, args) = &value.kind else { return None };
        let Some(ValueDef::Fns(decls)) = self.scopes[0].values.get("sleep_future") else { return None };
        if self.decl(decls[0]).func != Some(*func) {
            return None;
        }
        args.first().cloned()
    }

    /// `await join!(a(), b())`: all are started, then awaited one after the other; the time taken is the maximum.
    fn join_now(&mut self, futures: &'a [ast::Expr], span: Span) -> Expr {
        let Some(values) = self.join_values(futures, span) else { return error_expr(span) };
        if let [only] = values.as_slice()
            && matches!(self.kind(only.ty), TyKind::List(_) | TyKind::Array(..))
        {
            let value = values.into_iter().next();
            let Some(value) = value else { return error_expr(span) };
            return self.call_prelude("join_list", vec![value], span).unwrap_or_else(|| error_expr(span));
        }
        let mut stmts = Vec::new();
        let mut waits = Vec::new();
        for value in values {
            let TyKind::Future(ty) = self.kind(value.ty) else { continue };
            let at = value.span;
            let (place, stmt) = self.bind_temporary(value);
            stmts.push(stmt);
            waits.push(expr(ExprKind::Await(Box::new(read(place))), ty, at));
        }
        block(stmts, self.tuple_of(waits, span))
    }

    fn tuple_of(&mut self, mut values: Vec<Expr>, span: Span) -> Expr {
        if values.len() == 1
            && let Some(only) = values.pop()
        {
            return only;
        }
        if values.is_empty() {
            return super::expect::unit(span);
        }
        let types = values.iter().map(|value| value.ty).collect();
        let ty = self.types.intern(TyKind::Tuple(types));
        expr(ExprKind::Tuple(values), ty, span)
    }

    /// The futures of a `join!`; `None` where one of them is none.
    fn join_values(&mut self, futures: &'a [ast::Expr], span: Span) -> Option<Vec<Expr>> {
        let mut values = Vec::new();
        let mut fine = true;
        for future in futures {
            let value = self.check_expr(future, Expect::Any);
            match self.kind(value.ty) {
                TyKind::Future(_) => {}
                TyKind::List(element) | TyKind::Array(element, _) if futures.len() == 1 => {
                    let ty = self.fresh();
                    let want = self.types.intern(TyKind::Future(ty));
                    if !self.unify(element, want) {
                        self.not_a_future(element, value.span);
                        fine = false;
                    }
                }
                TyKind::Infer(_) if self.is_unknown(value.ty) => {
                    let ty = self.fresh();
                    let want = self.types.intern(TyKind::Future(ty));
                    self.unify(value.ty, want);
                }
                TyKind::Error | TyKind::Never => fine = false,
                _ => {
                    self.not_a_future(value.ty, value.span);
                    fine = false;
                }
            }
            values.push(value);
        }
        let _ = span;
        fine.then_some(values)
    }

    /// `join!(..)` that is not awaited at once: a future of its own, an async function that awaits its arguments.
    pub fn join_future(&mut self, futures: &'a [ast::Expr], span: Span) -> Expr {
        let Some(values) = self.join_values(futures, span) else { return error_expr(span) };
        if let [only] = values.as_slice()
            && matches!(self.kind(only.ty), TyKind::List(_) | TyKind::Array(..))
        {
            let only = only.clone();
            return self.call_prelude("join_list_async", vec![only], span).unwrap_or_else(|| error_expr(span));
        }
        let scope = self.frame().scope;
        let parent = self.frame().name.clone();
        let func = self.new_func();
        self.pass_funcs.push(func);
        let frame = self.new_frame(func, format!("{parent}.join"), FunctionKind::Async, span, Types::UNIT, true, scope);
        self.frames.push(frame);
        let mut waits = Vec::new();
        for value in &values {
            let TyKind::Future(ty) = self.kind(value.ty) else { continue };
            let local = self.declare_local("", value.ty, false, value.span);
            self.frame().params.push(local);
            let place = self.local_place(local, value.span);
            waits.push(expr(ExprKind::Await(Box::new(read(place))), ty, value.span));
        }
        let body = self.tuple_of(waits, span);
        let ret = body.ty;
        self.frame().ret = ret;
        self.close_frame(body);
        let future = self.types.intern(TyKind::Future(ret));
        expr(ExprKind::Spawn(SpawnKind::Async, func, values), future, span)
    }
}
