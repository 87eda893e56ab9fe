//! `?`, `??`, `!>` and `|>`: all become matches and calls.

use super::expect::{Expect, block, error_expr, expr, read};
use super::state::*;
use crate::core::{Expr, ExprKind, MatchArm, Pattern, PatternKind};
use crate::diagnostics::{Code, Diagnostic};
use crate::source::Span;
use crate::types::{OPTION, RESULT, Ty, TyKind, Types};
use crate::vex::ast;

/// An Option or a Result.
enum Fallible {
    Option(Ty),
    Result(Ty, Ty),
}

impl<'a> Checker<'a> {
    fn fallible(&self, ty: Ty) -> Option<Fallible> {
        match self.kind(ty) {
            TyKind::Enum(OPTION, args) => Some(Fallible::Option(args[0])),
            TyKind::Enum(RESULT, args) => Some(Fallible::Result(args[0], args[1])),
            _ => None,
        }
    }

    /// `Some(v) => v` or `Ok(v) => v`.
    fn success_arm(&mut self, whole: Ty, value: Ty, span: Span) -> MatchArm {
        let local = self.declare_local("", value, false, span);
        let bind = Pattern { kind: PatternKind::Bind(local, None), ty: value, span };
        let pattern = Pattern { kind: PatternKind::Variant(0, vec![bind]), ty: whole, span };
        let place = self.local_place(local, span);
        MatchArm { pattern, guard: None, body: read(place) }
    }

    /// `e?`
    pub fn try_expr(&mut self, inner: &'a ast::Expr, span: Span, _expect: Expect) -> Expr {
        let value = self.check_expr(inner, Expect::Any);
        let value = match self.kind(value.ty) {
            TyKind::Ref(_) | TyKind::RefMut(_) => read(self.deref_refs(super::expect::as_place(value))),
            _ => value,
        };
        let whole = value.ty;
        let mark = Span::new(span.file, span.hi.saturating_sub(1), span.hi);
        match self.fallible(whole) {
            Some(Fallible::Option(some)) => {
                let ret = self.frame().ret;
                let other = self.fresh();
                let option = self.types.intern(TyKind::Enum(OPTION, vec![other]));
                if !self.unify(ret, option) {
                    self.bad_try("an Option", whole, mark);
                }
                let leave = expr(ExprKind::Return(Some(Box::new(super::loops::none(ret, span)))), Types::NEVER, span);
                let arm = self.success_arm(whole, some, span);
                let any = Pattern { kind: PatternKind::Wild, ty: whole, span };
                let arms = vec![arm, MatchArm { pattern: any, guard: None, body: leave }];
                expr(ExprKind::Match(Box::new(value), arms), some, span)
            }
            Some(Fallible::Result(ok, err)) => {
                let ret = self.frame().ret;
                let (other, other_err) = (self.fresh(), self.fresh());
                let result = self.types.intern(TyKind::Enum(RESULT, vec![other, other_err]));
                let local = self.declare_local("", err, false, span);
                let place = self.local_place(local, span);
                let mut error = read(place);
                if !self.unify(ret, result) {
                    self.bad_try("a Result", whole, mark);
                } else {
                    error = match self.try_coerce(error, other_err) {
                        Ok(error) => error,
                        Err(_) => self.convert_error(local, err, other_err, mark),
                    };
                }
                let failure = expr(ExprKind::Variant(RESULT, 1, vec![error]), ret, span);
                let leave = expr(ExprKind::Return(Some(Box::new(failure))), Types::NEVER, span);
                let bind = Pattern { kind: PatternKind::Bind(local, None), ty: err, span };
                let pattern = Pattern { kind: PatternKind::Variant(1, vec![bind]), ty: whole, span };
                let arms = vec![self.success_arm(whole, ok, span), MatchArm { pattern, guard: None, body: leave }];
                expr(ExprKind::Match(Box::new(value), arms), ok, span)
            }
            None => {
                if self.is_unknown(whole) {
                    if self.put_off() {
                        self.error(Code::CannotInfer, span, "the type of the value before `?` is not known here");
                    }
                    return expr(ExprKind::Error, Types::ERROR, span);
                }
                if !matches!(self.kind(whole), TyKind::Error | TyKind::Never) {
                    let shown = self.show(whole);
                    self.error(
                        Code::NeedlessTry,
                        mark,
                        format!("`?` has no effect on `{shown}`, which is neither Option nor Result"),
                    );
                }
                value
            }
        }
    }

    /// An error of another type than the function's: a text becomes an `Error`, everything else must agree.
    fn convert_error(&mut self, local: crate::core::LocalId, have: Ty, want: Ty, span: Span) -> Expr {
        let place = self.local_place(local, span);
        let value = read(place);
        let to_error = matches!(self.kind(want), TyKind::Struct(id, _) if &*self.structs[id.0 as usize].name == "Error" && self.structs[id.0 as usize].scope == ROOT);
        if to_error
            && super::ops::is_text(&self.kind(have))
            && let Some(call) = self.call_prelude("errors_new", vec![value.clone()], span)
        {
            return call;
        }
        self.report_mismatch(&value, want);
        error_expr(span)
    }

    fn bad_try(&mut self, what: &str, ty: Ty, span: Span) {
        let frame = self.frame();
        let (ret, name, head) = (frame.ret, frame.name.clone(), frame.span);
        if self.shallow(ret) == Types::ERROR {
            return;
        }
        let (ret, ty) = (self.show(ret), self.show(ty));
        self.report(
            Diagnostic::new(
                Code::BadTry,
                span,
                format!("`?` on `{ty}` returns early with {what}, but `{name}` returns `{ret}`"),
            )
            .note_at(head, "this function")
            .help("handle it here with `match`, or give the function a fitting result type"),
        );
    }

    /// `a ?? b`: both sides are evaluated.
    pub fn coalesce(&mut self, value: &'a ast::Expr, default: &'a ast::Expr, span: Span, expect: Expect) -> Expr {
        let expect = if expect == Expect::Drop { Expect::Any } else { expect };
        let value = self.check_expr(value, Expect::Any);
        let value = self.owned(value);
        let whole = value.ty;
        let (Some(Fallible::Option(inner)) | Some(Fallible::Result(inner, _))) = self.fallible(whole) else {
            self.not_fallible("??", &value);
            self.check_expr(default, expect);
            return error_expr(span);
        };
        let default = self.check_expr(default, Expect::Is(inner));
        // `a ?? b` of two options is an option.
        if self.fallible(default.ty).is_some() && self.unify(default.ty, whole) {
            let (place, stmt) = self.bind_temporary(value);
            let (other, other_stmt) = self.bind_temporary(default);
            let bind = Pattern { kind: PatternKind::Wild, ty: inner, span };
            let some = Pattern { kind: PatternKind::Variant(0, vec![bind]), ty: whole, span };
            let any = Pattern { kind: PatternKind::Wild, ty: whole, span };
            let arms = vec![
                MatchArm { pattern: some, guard: None, body: read(place.clone()) },
                MatchArm { pattern: any, guard: None, body: read(other) },
            ];
            let result = expr(ExprKind::Match(Box::new(super::expect::look(place)), arms), whole, span);
            return block(vec![stmt, other_stmt], result);
        }
        let default = self.coerce(default, inner);
        let any = Pattern { kind: PatternKind::Wild, ty: whole, span };
        if matches!(default.kind, ExprKind::Const(_)) || self.shallow(default.ty) == Types::NEVER {
            let arms =
                vec![self.success_arm(whole, inner, span), MatchArm { pattern: any, guard: None, body: default }];
            return expr(ExprKind::Match(Box::new(value), arms), inner, span);
        }
        let (place, stmt) = self.bind_temporary(value);
        let (other, other_stmt) = self.bind_temporary(default);
        let arms =
            vec![self.success_arm(whole, inner, span), MatchArm { pattern: any, guard: None, body: read(other) }];
        let result = expr(ExprKind::Match(Box::new(read(place)), arms), inner, span);
        block(vec![stmt, other_stmt], result)
    }

    fn owned(&mut self, value: Expr) -> Expr {
        match self.kind(value.ty) {
            TyKind::Ref(_) | TyKind::RefMut(_) => read(self.deref_refs(super::expect::as_place(value))),
            _ => value,
        }
    }

    fn not_fallible(&mut self, op: &str, value: &Expr) {
        if self.is_unknown(value.ty) {
            if self.put_off() {
                self.error(
                    Code::CannotInfer,
                    value.span,
                    format!("the type of the value before `{op}` is not known here"),
                );
            }
            return;
        }
        if !matches!(self.kind(value.ty), TyKind::Error | TyKind::Never) {
            let shown = self.show(value.ty);
            self.error(Code::BadOperand, value.span, format!("`{op}` needs an Option or a Result, this is `{shown}`"));
        }
    }

    /// `a !> v`, `a !> |e| v`
    pub fn rescue(
        &mut self,
        value: &'a ast::Expr,
        param: Option<&'a ast::ClosureParam>,
        fallback: &'a ast::Expr,
        span: Span,
        expect: Expect,
    ) -> Expr {
        let value = self.check_expr(value, Expect::Any);
        let value = self.owned(value);
        let whole = value.ty;
        let fallible = self.fallible(whole);
        let (inner, error) = match fallible {
            Some(Fallible::Option(inner)) => (inner, Types::UNIT),
            Some(Fallible::Result(inner, error)) => (inner, error),
            None => {
                self.not_fallible("!>", &value);
                self.open_block();
                if let Some(param) = param {
                    self.check_pattern(&param.pattern, Types::ERROR, false);
                }
                self.check_expr(fallback, Expect::Any);
                self.close_block();
                return error_expr(span);
            }
        };
        let _ = expect;
        self.open_block();
        let pattern = match (param, matches!(self.kind(whole), TyKind::Enum(RESULT, _))) {
            (Some(param), true) => {
                let bound = self.check_pattern(&param.pattern, error, param.mutable);
                Pattern { kind: PatternKind::Variant(1, vec![bound]), ty: whole, span }
            }
            (Some(param), false) => {
                self.check_pattern(&param.pattern, Types::UNIT, false);
                Pattern { kind: PatternKind::Wild, ty: whole, span }
            }
            (None, _) => Pattern { kind: PatternKind::Wild, ty: whole, span },
        };
        let body = self.check_to(fallback, inner);
        self.close_block();
        let arms = vec![self.success_arm(whole, inner, span), MatchArm { pattern, guard: None, body }];
        expr(ExprKind::Match(Box::new(value), arms), inner, span)
    }

    /// `x |> f`, `x |> f(y)`
    pub fn pipe(&mut self, value: &'a ast::Expr, target: &'a ast::Expr, e: &'a ast::Expr, expect: Expect) -> Expr {
        let scope = self.frame().scope;
        let no_args: &'a [ast::Expr] = &[];
        let (callee, type_args, args): (&'a ast::Expr, &'a [ast::TypeExpr], &'a [ast::Expr]) = match &target.kind {
            ast::ExprKind::Call { callee, type_args, args } => (callee, type_args, args),
            ast::ExprKind::MethodCall { receiver, method, args, .. } => {
                // `x |> m.f(y)` of a module or type is `m.f(x, y)`.
                if let Some(owner) = self.resolve_static(receiver) {
                    return self.pipe_static(owner, method, value, args, e, expect);
                }
                let first = self.check_expr(value, Expect::Any);
                let place = self.check_place(receiver);
                let snake = super::tables::snake_case(&method.name);
                let place = self.deref_all(place);
                let Some(head) = super::builtin_types::head_of(&self.kind(place.ty)) else { return error_expr(e.span) };
                let decls = self.methods.get(&(head, ast::Name::from(snake))).cloned().unwrap_or_default();
                let mut values = vec![first];
                for arg in args {
                    values.push(self.check_expr(arg, Expect::Any));
                }
                return match decls.first() {
                    Some(&decl) => self.call_elaborated(decl, Some(place), values, e.span).unwrap_or_else(|| {
                        self.error(Code::TypeMismatch, e.span, "the piped value does not fit the method");
                        error_expr(e.span)
                    }),
                    None => {
                        self.unknown_member(place.ty, method, "method");
                        error_expr(e.span)
                    }
                };
            }
            _ => (target, &[], no_args),
        };
        if let ast::ExprKind::Name(name) = &callee.kind
            && !self.has_local(name)
        {
            let found = self.lookup_value(name, scope);
            match found {
                Some(ValueDef::Fns(decls)) => {
                    let written = type_args.iter().map(|arg| self.resolve_type(arg, scope)).collect();
                    return self.call_piped(&decls, written, value, args, e, expect);
                }
                Some(_) => {}
                None if args.is_empty() => {
                    let one = std::slice::from_ref(value);
                    if let Some(result) = self.special_call(name, Vec::new(), one, e, expect) {
                        return result;
                    }
                    let variants = self.lookup_variants(name, scope);
                    if let Some((id, index)) = variants.first().copied() {
                        return self.variant_call(id, index, Vec::new(), one, e, expect);
                    }
                }
                None => {}
            }
        }
        if let Some(super::path_calls::StaticRef::Type(def, owner_args)) = self.resolve_static(callee)
            && args.is_empty()
        {
            return self.construct(def, owner_args, std::slice::from_ref(value), e, expect);
        }
        let first = self.check_expr(value, Expect::Any);
        // A closure's parameter learns its type from the value.
        let ret = self.fresh();
        let hint =
            if args.is_empty() { Expect::Is(self.types.intern(TyKind::Fn(vec![first.ty], ret))) } else { Expect::Any };
        let callee = self.check_expr(callee, hint);
        let place = self.deref_all(super::expect::as_place(callee));
        match self.kind(place.ty) {
            TyKind::Fn(params, ret) if params.len() == args.len() + 1 => {
                let mut values = vec![self.coerce(first, params[0])];
                for (arg, &param) in args.iter().zip(&params[1..]) {
                    values.push(self.check_to(arg, param));
                }
                expr(ExprKind::CallValue(Box::new(super::expect::look(place)), values), ret, e.span)
            }
            TyKind::Error => error_expr(e.span),
            _ => {
                let shown = self.show(place.ty);
                self.error(
                    Code::NotCallable,
                    target.span,
                    format!("`|>` needs a function of the value, this is `{shown}`"),
                );
                error_expr(e.span)
            }
        }
    }

    fn pipe_static(
        &mut self,
        owner: super::path_calls::StaticRef,
        method: &'a ast::Ident,
        value: &'a ast::Expr,
        args: &'a [ast::Expr],
        e: &'a ast::Expr,
        expect: Expect,
    ) -> Expr {
        let decls = match owner {
            super::path_calls::StaticRef::Module(module) => match self.value_in(module, &method.name) {
                Some(ValueDef::Fns(decls)) => decls,
                _ => Vec::new(),
            },
            super::path_calls::StaticRef::Type(def, owner_args) => {
                let ty = self.build_type(def, owner_args, e.span);
                let snake = super::tables::snake_case(&method.name);
                super::builtin_types::head_of(&self.kind(ty))
                    .and_then(|head| self.associated.get(&(head, ast::Name::from(snake))).cloned())
                    .unwrap_or_default()
            }
            super::path_calls::StaticRef::Param(_) => Vec::new(),
        };
        if decls.is_empty() {
            self.error(Code::UnknownMember, method.span, format!("there is no function `{}` here", method.name));
            self.check_expr(value, Expect::Any);
            self.check_args_loosely(args);
            return error_expr(e.span);
        }
        self.call_piped(&decls, Vec::new(), value, args, e, expect)
    }
}
