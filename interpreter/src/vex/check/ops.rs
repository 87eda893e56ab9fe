//! Operators: arithmetic, comparison, logic, casts, and the `op` methods of user types.

use super::assign::arithmetic;
use super::expect::{Expect, error_expr, expr, looked, string};
use super::infer::VarKind;
use super::state::*;
use crate::builtins::Builtin;
use crate::core::{BinaryOp, CompareOp, Const, Expr, ExprKind, UnaryOp};
use crate::diagnostics::{Code, Diagnostic};
use crate::source::Span;
use crate::types::{Ty, TyKind, Types};
use crate::vex::ast;

impl<'a> Checker<'a> {
    /// `-e`, `!e`, `~e`
    pub fn unary(&mut self, op: ast::UnaryOp, operand: &'a ast::Expr, e: &'a ast::Expr, expect: Expect) -> Expr {
        let span = e.span;
        if op == ast::UnaryOp::Neg {
            // The sign belongs to the literal: `-128i8` fits.
            match &operand.kind {
                ast::ExprKind::Int { value, suffix } => {
                    if let Ok(value) = i128::try_from(*value) {
                        return self.int_literal(-value, suffix.as_ref(), expect, span);
                    }
                }
                ast::ExprKind::Float { value, suffix } => {
                    return self.float_literal(-value, suffix.as_ref(), expect, span);
                }
                _ => {}
            }
        }
        let hint = if op == ast::UnaryOp::Not { Expect::Is(Types::BOOL) } else { expect };
        let hint = if hint == Expect::Drop { Expect::Any } else { hint };
        let value = self.check_expr(operand, hint);
        let value = self.unwrap_operand(value);
        let value = self.operand(value);
        let ty = self.shallow(value.ty);
        let kind = self.kind(ty);
        let (core, fits) = match op {
            ast::UnaryOp::Neg => {
                let fits =
                    matches!(kind, TyKind::Int(_) | TyKind::F32 | TyKind::F64 | TyKind::Param(_) | TyKind::Infer(_));
                if matches!(kind, TyKind::Duration) {
                    let zero = self.nanos(0, span);
                    let kind = ExprKind::Binary(BinaryOp::Sub, Box::new(zero), Box::new(value));
                    return expr(kind, Types::DURATION, span);
                }
                (UnaryOp::Neg, fits)
            }
            ast::UnaryOp::Not => {
                let fits = self.could_unify(ty, Types::BOOL) || matches!(kind, TyKind::Int(_));
                if self.is_unknown(ty) {
                    self.unify(ty, Types::BOOL);
                }
                (if matches!(kind, TyKind::Int(_)) { UnaryOp::BitNot } else { UnaryOp::Not }, fits)
            }
            ast::UnaryOp::BitNot => {
                (UnaryOp::BitNot, matches!(kind, TyKind::Int(_) | TyKind::Infer(_) | TyKind::Param(_)))
            }
            ast::UnaryOp::Deref => (UnaryOp::Neg, false),
        };
        if matches!(kind, TyKind::Error | TyKind::Never) {
            return value;
        }
        if !fits {
            let name = match op {
                ast::UnaryOp::Neg => "op-",
                ast::UnaryOp::Not => "op!",
                _ => "op~",
            };
            if let Some(call) = self.op_method(name, value.clone(), Vec::new(), span) {
                return call;
            }
            let shown = self.show(ty);
            self.error(Code::BadOperand, span, format!("`{}` does not work on `{shown}`", op.text()));
            return error_expr(span);
        }
        expr(ExprKind::Unary(core, Box::new(looked(value))), ty, span)
    }

    /// All two-sided operators.
    pub fn binary(
        &mut self,
        op: ast::BinaryOp,
        op_span: Span,
        left: &'a ast::Expr,
        right: &'a ast::Expr,
        span: Span,
        expect: Expect,
    ) -> Expr {
        match op {
            ast::BinaryOp::And | ast::BinaryOp::Or => {
                let left = self.check_bool(left);
                let right = self.check_bool(right);
                let (left, right) = (Box::new(left), Box::new(right));
                let kind =
                    if op == ast::BinaryOp::And { ExprKind::And(left, right) } else { ExprKind::Or(left, right) };
                return expr(kind, Types::BOOL, span);
            }
            _ => {}
        }
        let comparison = compare_op(op);
        // The wanted type helps literals, but only where both operands have the type of the result.
        let hint = match expect.ty().map(|ty| (ty, self.kind(ty))) {
            Some((ty, TyKind::Int(_) | TyKind::F32 | TyKind::F64)) if comparison.is_none() => Expect::Is(ty),
            _ => Expect::Any,
        };
        let left_is_literal = is_number_literal(left);
        let (left, right) = if left_is_literal && !is_number_literal(right) {
            // `1 + x`: the literal adapts to the other side.
            let right_value = self.check_expr(right, hint);
            let number = self.strip_refs(right_value.ty);
            let scale = matches!(self.kind(number), TyKind::Duration);
            let left_hint = if scale { Expect::Any } else { Expect::Is(number) };
            let left_value = self.check_expr(left, left_hint);
            (left_value, right_value)
        } else {
            let left_value = self.check_expr(left, hint);
            let shift = matches!(op, ast::BinaryOp::Shl | ast::BinaryOp::Shr);
            let left_ty = self.strip_refs(left_value.ty);
            let right_hint = match self.kind(left_ty) {
                _ if shift => Expect::Any,
                TyKind::Duration | TyKind::Time if comparison.is_none() => Expect::Any,
                // The left side of an arithmetic operator unwraps a `recv()`.
                TyKind::Enum(..) if matches!(left_value.kind, ExprKind::Builtin(Builtin::ChannelRecv, _)) => {
                    Expect::Any
                }
                _ => Expect::Is(left_ty),
            };
            let right_value = self.check_expr(right, right_hint);
            (left_value, right_value)
        };
        match comparison {
            Some(comparison) => self.compare(comparison, op, op_span, left, right, span),
            None => {
                let left = self.unwrap_operand(left);
                let right = self.unwrap_operand(right);
                self.arithmetic(op, op_span, left, right, span)
            }
        }
    }

    fn compare(
        &mut self,
        comparison: CompareOp,
        op: ast::BinaryOp,
        op_span: Span,
        left: Expr,
        right: Expr,
        span: Span,
    ) -> Expr {
        let is_option = |this: &Self, value: &Expr| {
            matches!(this.kind(this.strip_refs(value.ty)), TyKind::Enum(crate::types::OPTION, _))
        };
        // `ch.recv() == Some(1)` compares options, `ch.recv() == 1` demands the value.
        let both = is_option(self, &left) && is_option(self, &right);
        let received = |value: &Expr| matches!(value.kind, ExprKind::Builtin(Builtin::ChannelRecv, _));
        let (left, right) = if both && !(received(&left) && received(&right)) {
            (left, right)
        } else {
            (self.unwrap_operand(left), self.unwrap_operand(right))
        };
        let left = self.operand(left);
        let right = self.operand(right);
        let left = self.see_through(left, &right);
        let right = self.see_through(right, &left);
        if !self.unify(left.ty, right.ty) && !self.comparable_by_union(&left, &right) {
            if self.shallow(left.ty) != Types::NEVER && self.shallow(right.ty) != Types::NEVER {
                let (a, b) = (self.show(left.ty), self.show(right.ty));
                self.operand_mismatch(op, op_span, &a, &b, left.ty, right.ty);
            }
            return expr(ExprKind::Error, Types::BOOL, span);
        }
        let (name, negate, swap) = match comparison {
            CompareOp::Eq => ("op==", false, false),
            CompareOp::Ne => ("op==", true, false),
            CompareOp::Lt => ("op<", false, false),
            CompareOp::Ge => ("op<", true, false),
            CompareOp::Gt => ("op<", false, true),
            CompareOp::Le => ("op<", true, true),
        };
        if matches!(self.kind(left.ty), TyKind::Struct(..) | TyKind::Enum(..)) {
            let own = op_name(op);
            if let Some(call) = self.op_method(own, left.clone(), vec![right.clone()], span) {
                return call;
            }
            let (a, b) = if swap { (right.clone(), left.clone()) } else { (left.clone(), right.clone()) };
            if let Some(call) = self.op_method(name, a, vec![b], span) {
                return if negate {
                    expr(ExprKind::Unary(UnaryOp::Not, Box::new(call)), Types::BOOL, span)
                } else {
                    call
                };
            }
        }
        self.checks.push((left.ty, op_span, op));
        expr(ExprKind::Compare(comparison, Box::new(looked(left)), Box::new(looked(right))), Types::BOOL, span)
    }

    /// A guard or box compared with a bare value is seen through.
    fn see_through(&mut self, value: Expr, other: &Expr) -> Expr {
        let wrapped = |kind: &TyKind| {
            matches!(kind, TyKind::Box(_) | TyKind::MutexGuard(_) | TyKind::ReadGuard(_) | TyKind::WriteGuard(_))
        };
        if wrapped(&self.kind(value.ty)) && !wrapped(&self.kind(other.ty)) && !self.is_unknown(other.ty) {
            return super::expect::look(self.deref_all(super::expect::as_place(value)));
        }
        value
    }

    fn comparable_by_union(&self, left: &Expr, right: &Expr) -> bool {
        match (self.kind(left.ty), self.kind(right.ty)) {
            (TyKind::Union(parts), _) => parts.iter().any(|&part| self.could_unify(part, right.ty)),
            (_, TyKind::Union(parts)) => parts.iter().any(|&part| self.could_unify(part, left.ty)),
            (TyKind::Pointer(_), TyKind::Pointer(_)) => true,
            _ => false,
        }
    }

    /// An operator that computes, on elaborated operands.
    pub fn arithmetic(&mut self, op: ast::BinaryOp, op_span: Span, left: Expr, right: Expr, span: Span) -> Expr {
        let left = self.operand(left);
        let right = self.operand(right);
        let left = self.see_through(left, &right);
        let right = self.see_through(right, &left);
        let Some(core) = arithmetic(op) else { return error_expr(span) };
        let (lk, rk) = (self.kind(left.ty), self.kind(right.ty));
        if matches!(lk, TyKind::Error) || matches!(rk, TyKind::Error) {
            return error_expr(span);
        }
        if let Some(value) = self.time_arithmetic(core, &left, &right, &lk, &rk, span) {
            return value;
        }
        if core == BinaryOp::Add && (is_text(&lk) || is_text(&rk)) {
            return self.concatenate(left, right, op_span, span);
        }
        if matches!(lk, TyKind::Struct(..) | TyKind::Enum(..)) || matches!(rk, TyKind::Struct(..)) {
            if let Some(call) = self.op_method(op_name(op), left.clone(), vec![right.clone()], span) {
                return call;
            }
            let (a, b) = (self.show(left.ty), self.show(right.ty));
            let message = format!("`{}` does not work on `{a}` and `{b}`", op.text());
            let mut diagnostic = Diagnostic::new(Code::BadOperand, op_span, message);
            if let TyKind::Struct(id, _) = lk {
                let name = self.structs[id.0 as usize].name.clone();
                diagnostic =
                    diagnostic.help(format!("define it: `fn (self: &{name}) op{}(other: &{name}): {name}`", op.text()));
            }
            if matches!(lk, TyKind::Enum(crate::types::OPTION, _))
                || matches!(rk, TyKind::Enum(crate::types::OPTION, _))
            {
                diagnostic = diagnostic.help("take the value out first: `match`, `if let`, `??` or `.unwrap()`");
            }
            self.report(diagnostic);
            return error_expr(span);
        }
        if matches!(core, BinaryOp::Shl | BinaryOp::Shr) {
            let left = self.integer(left);
            let right = self.integer(right);
            let ty = left.ty;
            return expr(ExprKind::Binary(core, Box::new(looked(left)), Box::new(looked(right))), ty, span);
        }
        if !self.unify(left.ty, right.ty) {
            let never = self.shallow(left.ty) == Types::NEVER || self.shallow(right.ty) == Types::NEVER;
            if !never {
                let (a, b) = (self.show(left.ty), self.show(right.ty));
                self.operand_mismatch(op, op_span, &a, &b, left.ty, right.ty);
                return error_expr(span);
            }
        }
        let ty = if self.shallow(left.ty) == Types::NEVER { right.ty } else { left.ty };
        self.require_arithmetic(op, ty, op_span);
        expr(ExprKind::Binary(core, Box::new(looked(left)), Box::new(looked(right))), ty, span)
    }

    /// Notes that the operator must work on this type, once it is known.
    pub fn require_arithmetic(&mut self, op: ast::BinaryOp, ty: Ty, op_span: Span) {
        self.checks.push((ty, op_span, op));
    }

    /// Durations and times.
    fn time_arithmetic(
        &mut self,
        op: BinaryOp,
        left: &Expr,
        right: &Expr,
        lk: &TyKind,
        rk: &TyKind,
        span: Span,
    ) -> Option<Expr> {
        let number = |this: &Self, value: &Expr, kind: &TyKind| {
            matches!(kind, TyKind::Int(_)) || this.free_kind(value.ty) == Some(VarKind::Int)
        };
        let (left, right, op) = match (lk, op, rk) {
            (TyKind::Duration, BinaryOp::Add | BinaryOp::Sub, TyKind::Duration) => (left.clone(), right.clone(), op),
            (TyKind::Duration, BinaryOp::Div, TyKind::Duration) => {
                let nanos = |value: &Expr| {
                    expr(ExprKind::Builtin(Builtin::DurationNanos, vec![looked(value.clone())]), Types::I64, value.span)
                };
                let kind = ExprKind::Binary(op, Box::new(nanos(left)), Box::new(nanos(right)));
                return Some(expr(kind, Types::I64, span));
            }
            (TyKind::Duration, BinaryOp::Mul | BinaryOp::Div | BinaryOp::Rem, _) if number(self, right, rk) => {
                let right = self.int_of(right.clone(), Types::I64);
                (left.clone(), right, op)
            }
            (_, BinaryOp::Mul, TyKind::Duration) if number(self, left, lk) => {
                let left = self.int_of(left.clone(), Types::I64);
                (right.clone(), left, op)
            }
            (TyKind::Duration, BinaryOp::Mul, _) | (_, BinaryOp::Mul, TyKind::Duration) => {
                let (duration, factor) = if matches!(lk, TyKind::Duration) { (left, right) } else { (right, left) };
                if self.is_unknown(factor.ty) {
                    self.unify(factor.ty, Types::I64);
                    (duration.clone(), factor.clone(), op)
                } else if matches!(self.kind(factor.ty), TyKind::F32 | TyKind::F64)
                    || self.free_kind(factor.ty) == Some(VarKind::Float)
                {
                    return Some(self.scale_duration(duration.clone(), factor.clone(), span));
                } else {
                    return None;
                }
            }
            (TyKind::Time, BinaryOp::Sub, TyKind::Time) => {
                let kind = ExprKind::Builtin(Builtin::TimeSub, vec![looked(left.clone()), right.clone()]);
                return Some(expr(kind, Types::DURATION, span));
            }
            (TyKind::Time, BinaryOp::Add | BinaryOp::Sub, TyKind::Duration) => {
                let kind = ExprKind::Binary(op, Box::new(looked(left.clone())), Box::new(looked(right.clone())));
                return Some(expr(kind, Types::TIME, span));
            }
            _ => return None,
        };
        let kind = ExprKind::Binary(op, Box::new(looked(left)), Box::new(looked(right)));
        Some(expr(kind, Types::DURATION, span))
    }

    fn scale_duration(&mut self, duration: Expr, factor: Expr, span: Span) -> Expr {
        let nanos = expr(ExprKind::Builtin(Builtin::DurationNanos, vec![looked(duration)]), Types::I64, span);
        let float = expr(ExprKind::Cast(Box::new(nanos)), Types::F64, span);
        let factor = if self.unify(factor.ty, Types::F64) {
            factor
        } else {
            expr(ExprKind::Cast(Box::new(factor)), Types::F64, span)
        };
        let product = expr(ExprKind::Binary(BinaryOp::Mul, Box::new(float), Box::new(factor)), Types::F64, span);
        let whole = expr(ExprKind::Cast(Box::new(product)), Types::I64, span);
        expr(ExprKind::Builtin(Builtin::DurationFromNanos, vec![whole]), Types::DURATION, span)
    }

    /// A constant duration.
    pub fn nanos(&self, nanos: i128, span: Span) -> Expr {
        let value = self.int_const(nanos, Types::I64, span);
        expr(ExprKind::Builtin(Builtin::DurationFromNanos, vec![value]), Types::DURATION, span)
    }

    fn concatenate(&mut self, left: Expr, right: Expr, op_span: Span, span: Span) -> Expr {
        let left = self.char_to_string(left);
        let right = self.char_to_string(right);
        for side in [&left, &right] {
            if self.is_unknown(side.ty) {
                self.unify(side.ty, Types::STRING);
            }
        }
        let fits = |this: &Self, value: &Expr| is_text(&this.kind(value.ty)) || this.shallow(value.ty) == Types::NEVER;
        if !fits(self, &left) || !fits(self, &right) {
            let (a, b) = (self.show(left.ty), self.show(right.ty));
            self.operand_mismatch(ast::BinaryOp::Add, op_span, &a, &b, left.ty, right.ty);
            return error_expr(span);
        }
        expr(ExprKind::Binary(BinaryOp::Add, Box::new(looked(left)), Box::new(looked(right))), Types::STRING, span)
    }

    /// A character becomes a string of it.
    pub fn char_to_string(&mut self, value: Expr) -> Expr {
        if !matches!(self.kind(value.ty), TyKind::Char) {
            return value;
        }
        let span = value.span;
        if let ExprKind::Const(Const::Char(c)) = value.kind {
            return string(c.to_string(), span);
        }
        expr(ExprKind::Format(vec![looked(value)]), Types::STRING, span)
    }

    /// Reports operands that do not go together.
    pub fn operand_mismatch(&mut self, op: ast::BinaryOp, op_span: Span, a: &str, b: &str, left: Ty, right: Ty) {
        let message = format!("`{}` needs operands of one type, these are `{a}` and `{b}`", op.text());
        let mut diagnostic = Diagnostic::new(Code::TypeMismatch, op_span, message);
        let number = |kind: TyKind| matches!(kind, TyKind::Int(_) | TyKind::F32 | TyKind::F64 | TyKind::Infer(_));
        if number(self.kind(left)) && number(self.kind(right)) {
            diagnostic = diagnostic.help(format!("convert one of them: `.. as {a}`"));
        } else if is_text(&self.kind(left)) || is_text(&self.kind(right)) {
            diagnostic = diagnostic.help("build text with an f-string: `f\"{a}{b}\"`");
        }
        let option = |kind: TyKind| matches!(kind, TyKind::Enum(crate::types::OPTION, _));
        if option(self.kind(left)) != option(self.kind(right)) {
            diagnostic =
                diagnostic.help("take the value out of the Option first: `match`, `if let`, `??` or `.unwrap()`");
        }
        self.report(diagnostic);
    }

    /// Checks that the operators of this function work on the types that were found.
    pub fn check_operators(&mut self) {
        for (ty, span, op) in std::mem::take(&mut self.checks) {
            let kind = self.kind(ty);
            if !operator_works(op, &kind) {
                if matches!(&kind, TyKind::Struct(..) | TyKind::Enum(..)) && self.has_op(op_name(op), ty) {
                    continue;
                }
                if let TyKind::Tuple(parts) | TyKind::Enum(_, parts) = &kind
                    && compare_op(op).is_some()
                    && parts.iter().all(|&part| operator_works(op, &self.kind(part)))
                {
                    continue;
                }
                let shown = self.show(ty);
                self.error(Code::BadOperand, span, format!("`{}` does not work on `{shown}`", op.text()));
            }
        }
    }

    fn has_op(&self, name: &str, ty: Ty) -> bool {
        super::builtin_types::head_of(&self.kind(ty))
            .is_some_and(|head| self.methods.contains_key(&(head, ast::Name::from(name))))
    }

    /// `e as T`
    pub fn cast(&mut self, value: &'a ast::Expr, ty: &'a ast::TypeExpr, span: Span) -> Expr {
        let scope = self.frame().scope;
        let target = self.resolve_type(ty, scope);
        let hint = match self.kind(target) {
            TyKind::F32 | TyKind::F64 => Expect::Any,
            TyKind::Int(_) | TyKind::Infer(_) => Expect::Any,
            _ => Expect::Is(target),
        };
        let value = self.check_expr(value, hint);
        let value = self.unwrap_operand(value);
        let value = self.operand(value);
        let value = if matches!(
            self.kind(value.ty),
            TyKind::Box(_) | TyKind::MutexGuard(_) | TyKind::ReadGuard(_) | TyKind::WriteGuard(_)
        ) && !matches!(self.kind(target), TyKind::Box(_))
        {
            super::expect::look(self.deref_all(super::expect::as_place(value)))
        } else {
            value
        };
        if self.is_unknown(value.ty) {
            if self.put_off() {
                self.error(Code::CannotInfer, span, "the type of what is converted is not known here");
            }
            return expr(ExprKind::Error, target, span);
        }
        let from = self.kind(value.ty);
        let to = self.kind(target);
        let number = |kind: &TyKind| matches!(kind, TyKind::Int(_) | TyKind::F32 | TyKind::F64 | TyKind::Infer(_));
        let integer = |kind: &TyKind| matches!(kind, TyKind::Int(_) | TyKind::Infer(_));
        let plain_enum = |this: &Self, kind: &TyKind| match kind {
            TyKind::Enum(id, _) => this.enums[id.0 as usize].variants.iter().all(|(_, payload)| payload.is_empty()),
            _ => false,
        };
        let fits = number(&from) && number(&to)
            || matches!(from, TyKind::Bool | TyKind::Char) && integer(&to)
            || integer(&from) && matches!(to, TyKind::Char | TyKind::Bool)
            || plain_enum(self, &from) && integer(&to)
            || matches!((&from, &to), (TyKind::Pointer(_), TyKind::Pointer(_) | TyKind::Int(_)))
            || matches!((&from, &to), (TyKind::Int(_), TyKind::Pointer(_)))
            || matches!(from, TyKind::Error | TyKind::Never | TyKind::Param(_) | TyKind::Dynamic)
            || matches!(to, TyKind::Error | TyKind::Param(_) | TyKind::Dynamic);
        if fits {
            if plain_enum(self, &from) {
                return self.enum_number(value, &from, target, span);
            }
            return expr(ExprKind::Cast(Box::new(looked(value))), target, span);
        }
        match self.try_coerce(value, target) {
            Ok(value) => value,
            Err(value) => {
                let (a, b) = (self.show(value.ty), self.show(target));
                let mut diagnostic =
                    Diagnostic::new(Code::BadCast, span, format!("`{a}` cannot be converted to `{b}` with `as`"));
                if target == Types::STRING {
                    diagnostic = diagnostic.help("turn it into text with `.toString()`");
                } else if is_text(&from) {
                    diagnostic = diagnostic.help("read a number with `.parseInt()` or `.parseFloat()`");
                }
                self.report(diagnostic);
                error_expr(span)
            }
        }
    }

    /// The number of a variant; plain enums count from 0 unless numbers are given.
    fn enum_number(&mut self, value: Expr, kind: &TyKind, target: Ty, span: Span) -> Expr {
        let TyKind::Enum(id, _) = kind else { return error_expr(span) };
        let numbers = self.enums[id.0 as usize].discriminants.clone();
        let plain = numbers.iter().enumerate().all(|(index, &number)| number == index as i128);
        if plain {
            return expr(ExprKind::Cast(Box::new(looked(value))), target, span);
        }
        let ty = value.ty;
        let arms = numbers
            .iter()
            .enumerate()
            .map(|(index, &number)| crate::core::MatchArm {
                pattern: crate::core::Pattern {
                    kind: crate::core::PatternKind::Variant(index as u32, Vec::new()),
                    ty,
                    span,
                },
                guard: None,
                body: self.int_const(number, target, span),
            })
            .collect();
        expr(ExprKind::Match(Box::new(looked(value)), arms), target, span)
    }
}

fn is_number_literal(e: &ast::Expr) -> bool {
    match &e.kind {
        ast::ExprKind::Int { suffix, .. } => suffix.is_none(),
        ast::ExprKind::Float { suffix, .. } => suffix.is_none(),
        ast::ExprKind::Paren(inner) => is_number_literal(inner),
        ast::ExprKind::Unary { op: ast::UnaryOp::Neg, operand } => is_number_literal(operand),
        _ => false,
    }
}

/// Whether a type is text.
pub fn is_text(kind: &TyKind) -> bool {
    matches!(kind, TyKind::String | TyKind::Str)
}

fn compare_op(op: ast::BinaryOp) -> Option<CompareOp> {
    Some(match op {
        ast::BinaryOp::Eq => CompareOp::Eq,
        ast::BinaryOp::Ne => CompareOp::Ne,
        ast::BinaryOp::Lt => CompareOp::Lt,
        ast::BinaryOp::Gt => CompareOp::Gt,
        ast::BinaryOp::Le => CompareOp::Le,
        ast::BinaryOp::Ge => CompareOp::Ge,
        _ => return None,
    })
}

/// The name of the method that defines an operator for a user type.
pub fn op_name(op: ast::BinaryOp) -> &'static str {
    match op {
        ast::BinaryOp::Add => "op+",
        ast::BinaryOp::Sub => "op-",
        ast::BinaryOp::Mul => "op*",
        ast::BinaryOp::Div => "op/",
        ast::BinaryOp::Rem => "op%",
        ast::BinaryOp::Pow => "op**",
        ast::BinaryOp::Shl => "op<<",
        ast::BinaryOp::Shr => "op>>",
        ast::BinaryOp::BitAnd => "op&",
        ast::BinaryOp::BitXor => "op^",
        ast::BinaryOp::BitOr => "op|",
        ast::BinaryOp::Eq => "op==",
        ast::BinaryOp::Ne => "op!=",
        ast::BinaryOp::Lt => "op<",
        ast::BinaryOp::Gt => "op>",
        ast::BinaryOp::Le => "op<=",
        ast::BinaryOp::Ge => "op>=",
        ast::BinaryOp::And => "op&&",
        ast::BinaryOp::Or => "op||",
    }
}

/// Whether the engine's operator works on two values of this type.
fn operator_works(op: ast::BinaryOp, kind: &TyKind) -> bool {
    let integer = matches!(
        kind,
        TyKind::Int(_) | TyKind::Error | TyKind::Never | TyKind::Dynamic | TyKind::Param(_) | TyKind::Infer(_)
    );
    let number = integer || matches!(kind, TyKind::F32 | TyKind::F64);
    match op {
        ast::BinaryOp::Eq | ast::BinaryOp::Ne => !matches!(kind, TyKind::Fn(..) | TyKind::Future(_)),
        ast::BinaryOp::Lt | ast::BinaryOp::Gt | ast::BinaryOp::Le | ast::BinaryOp::Ge => {
            number
                || is_text(kind)
                || matches!(
                    kind,
                    TyKind::Char | TyKind::Bool | TyKind::Duration | TyKind::Time | TyKind::List(_) | TyKind::Array(..)
                )
        }
        ast::BinaryOp::Add => number || is_text(kind),
        ast::BinaryOp::Sub | ast::BinaryOp::Mul | ast::BinaryOp::Div | ast::BinaryOp::Rem | ast::BinaryOp::Pow => {
            number
        }
        ast::BinaryOp::BitAnd | ast::BinaryOp::BitXor | ast::BinaryOp::BitOr => integer || matches!(kind, TyKind::Bool),
        ast::BinaryOp::Shl | ast::BinaryOp::Shr => integer,
        ast::BinaryOp::And | ast::BinaryOp::Or => matches!(kind, TyKind::Bool),
    }
}
