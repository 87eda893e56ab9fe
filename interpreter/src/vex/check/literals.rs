//! Literals: numbers that adapt to their context, strings, lists, tuples, ranges.

use super::expect::{Expect, error_expr, expr, string};
use super::infer::VarKind;
use super::state::Checker;
use crate::core::{Const, Expr, ExprKind};
use crate::diagnostics::Code;
use crate::source::Span;
use crate::types::{Ty, TyKind, Types};
use crate::vex::ast::{self, Name};

impl<'a> Checker<'a> {
    /// An integer literal.
    pub fn int_literal(&mut self, value: i128, suffix: Option<&Name>, expect: Expect, span: Span) -> Expr {
        let ty = match suffix {
            Some(suffix) => match super::builtin_types::named_type(&mut self.types, suffix) {
                Some(super::state::TypeDef::Prim(ty)) => ty,
                _ => Types::I64,
            },
            None => {
                let wanted = expect.ty().map(|ty| self.strip_refs(ty));
                match wanted.map(|ty| (ty, self.kind(ty))) {
                    Some((ty, TyKind::Int(_) | TyKind::F32 | TyKind::F64)) => ty,
                    Some((ty, TyKind::Infer(_)))
                        if matches!(self.free_kind(ty), Some(VarKind::Int | VarKind::Float)) =>
                    {
                        ty
                    }
                    _ => self.fresh_kind(VarKind::Int),
                }
            }
        };
        expr(ExprKind::Const(Const::Int(value)), ty, span)
    }

    /// A float literal.
    pub fn float_literal(&mut self, value: f64, suffix: Option<&Name>, expect: Expect, span: Span) -> Expr {
        let ty = match suffix.map(|suffix| &**suffix) {
            Some("f32") => self.types.intern(TyKind::F32),
            Some(_) => Types::F64,
            None => {
                let wanted = expect.ty().map(|ty| self.strip_refs(ty));
                match wanted.map(|ty| (ty, self.kind(ty))) {
                    Some((ty, TyKind::F32 | TyKind::F64)) => ty,
                    _ => self.fresh_kind(VarKind::Float),
                }
            }
        };
        expr(ExprKind::Const(Const::Float(value)), ty, span)
    }

    /// A constant of a known integer type.
    pub fn int_const(&self, value: i128, ty: Ty, span: Span) -> Expr {
        expr(ExprKind::Const(Const::Int(value)), ty, span)
    }

    /// A string literal.
    pub fn str_literal(&mut self, text: &str, expect: Expect, span: Span) -> Expr {
        let mut value = string(text, span);
        if expect.ty().is_some_and(|ty| self.strip_refs(ty) == Types::STR) {
            value.ty = Types::STR;
        }
        value
    }

    /// `[a, b]`
    pub fn list_literal(&mut self, elements: &'a [ast::Expr], e: &'a ast::Expr, expect: Expect) -> Expr {
        let wanted = expect.ty().map(|ty| self.kind(ty));
        let (element, array) = match wanted {
            Some(TyKind::List(element) | TyKind::Span(element)) => (element, None),
            Some(TyKind::Array(element, len)) => (element, Some(len)),
            Some(TyKind::Set(element)) => (element, None),
            _ => (self.fresh_at(e.id, 0), None),
        };
        let mut values = Vec::new();
        let mut spread = Vec::new();
        for (position, item) in elements.iter().enumerate() {
            if let ast::ExprKind::Spread(inner) = &item.kind {
                let list = self.types.intern(TyKind::List(element));
                let value = self.check_to(inner, list);
                spread.push((position, value));
            } else {
                values.push(self.check_element(item, element));
                continue;
            }
            values.push(error_expr(item.span));
        }
        if !spread.is_empty() {
            return self.spread_list(values, spread, element, e.span);
        }
        let ty = match array {
            Some(len) => {
                if len != values.len() as u64 {
                    let message = format!("an array of {len} elements is expected, {} are given", values.len());
                    self.error(Code::TypeMismatch, e.span, message);
                }
                self.types.intern(TyKind::Array(element, len))
            }
            None => self.types.intern(TyKind::List(element)),
        };
        expr(ExprKind::List(values), ty, e.span)
    }

    fn check_element(&mut self, item: &'a ast::Expr, element: Ty) -> Expr {
        self.check_to(item, element)
    }

    /// A list literal with `...xs` in it: built by pushing.
    fn spread_list(&mut self, values: Vec<Expr>, spread: Vec<(usize, Expr)>, element: Ty, span: Span) -> Expr {
        use super::expect::{block, read};
        use crate::builtins::Builtin;
        use crate::core::{Pattern, PatternKind, Stmt};
        let ty = self.types.intern(TyKind::List(element));
        let local = self.declare_local("", ty, true, span);
        let list = expr(ExprKind::List(Vec::new()), ty, span);
        let pattern = Pattern { kind: PatternKind::Bind(local, None), ty, span };
        let mut stmts = vec![Stmt::Let { pattern, value: Some(list), span }];
        let mut spread = spread.into_iter().peekable();
        for (position, value) in values.into_iter().enumerate() {
            let place = self.local_place(local, span);
            let target = expr(ExprKind::BorrowMut(place), ty, span);
            let (builtin, value) = match spread.next_if(|(at, _)| *at == position) {
                Some((_, list)) => {
                    // The elements stay in the list that is spread as well.
                    let copy_ty = list.ty;
                    let at = list.span;
                    let copy =
                        expr(ExprKind::Builtin(Builtin::CloneValue, vec![super::expect::looked(list)]), copy_ty, at);
                    (Builtin::ListExtend, copy)
                }
                None => (Builtin::ListPush, value),
            };
            stmts.push(Stmt::Expr(expr(ExprKind::Builtin(builtin, vec![target, value]), Types::UNIT, span)));
        }
        let place = self.local_place(local, span);
        block(stmts, read(place))
    }

    /// `[value; count]`
    pub fn repeat_literal(&mut self, value: &'a ast::Expr, len: &'a ast::Expr, span: Span, expect: Expect) -> Expr {
        let wanted = expect.ty().map(|ty| self.kind(ty));
        let (element, array) = match wanted {
            Some(TyKind::List(element)) => (Some(element), None),
            Some(TyKind::Array(element, len)) => (Some(element), Some(len)),
            _ => (None, None),
        };
        let value = match element {
            Some(element) => self.check_to(value, element),
            None => self.check_expr(value, Expect::Any),
        };
        let count = self.check_index(len);
        let ty = match array {
            Some(wanted) => {
                let scope = self.frame().scope;
                if let Some(given) = self.const_int(len, scope)
                    && given != i128::from(wanted)
                {
                    let message = format!("an array of {wanted} elements is expected, {given} are given");
                    self.error(Code::TypeMismatch, span, message);
                }
                self.types.intern(TyKind::Array(value.ty, wanted))
            }
            None => self.types.intern(TyKind::List(value.ty)),
        };
        if !self.is_copy_like(value.ty) && !self.is_handle(value.ty) && !super::ops::is_text(&self.kind(value.ty)) {
            // Each element is a value of its own.
            let count = self.usize_of(count.clone());
            if let Some(call) = self.call_prelude("repeat_value", vec![value.clone(), count], span) {
                return Expr { ty, ..call };
            }
        }
        expr(ExprKind::Repeat(Box::new(value), Box::new(count)), ty, span)
    }

    /// `(a, b)`
    pub fn tuple_literal(&mut self, elements: &'a [ast::Expr], span: Span, expect: Expect) -> Expr {
        if elements.is_empty() {
            return super::expect::unit(span);
        }
        let wanted = match expect.ty().map(|ty| self.kind(ty)) {
            Some(TyKind::Tuple(parts)) if parts.len() == elements.len() => Some(parts),
            _ => None,
        };
        let mut values = Vec::new();
        for (position, element) in elements.iter().enumerate() {
            values.push(match &wanted {
                Some(parts) => self.check_to(element, parts[position]),
                None => self.check_expr(element, Expect::Any),
            });
        }
        let types = values.iter().map(|value| value.ty).collect();
        let ty = self.types.intern(TyKind::Tuple(types));
        expr(ExprKind::Tuple(values), ty, span)
    }

    /// The ends of a range, of one type.
    pub fn range_ends(&mut self, low: &'a ast::Expr, high: &'a ast::Expr, expect: Expect) -> (Expr, Expr) {
        let low_value = self.check_expr(low, expect);
        let low_value = self.operand(low_value);
        let high_value = self.check_expr(high, Expect::Is(low_value.ty));
        let high_value = self.operand(high_value);
        if !self.unify(low_value.ty, high_value.ty) {
            let (a, b) = (self.show(low_value.ty), self.show(high_value.ty));
            self.error(
                Code::TypeMismatch,
                high_value.span,
                format!("the ends of the range have different types, `{a}` and `{b}`"),
            );
        }
        (low_value, high_value)
    }

    /// `a..b` as a value.
    pub fn range_value(
        &mut self,
        low: Option<&'a ast::Expr>,
        high: Option<&'a ast::Expr>,
        inclusive: bool,
        span: Span,
        expect: Expect,
    ) -> Expr {
        let element = match expect.ty().map(|ty| self.kind(ty)) {
            Some(TyKind::Range(element)) => Expect::Is(element),
            _ => Expect::Any,
        };
        let (Some(low), Some(high)) = (low, high) else {
            self.error(Code::Unsupported, span, "an open range has a meaning as an index and in patterns only");
            return error_expr(span);
        };
        let (low, high) = self.range_ends(low, high, element);
        let ty = self.types.intern(TyKind::Range(low.ty));
        expr(ExprKind::Range(Box::new(low), Box::new(high), inclusive), ty, span)
    }
}
