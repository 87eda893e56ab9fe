//! Assignments: plain, compound, to several places at once.

use super::expect::{Expect, expr, look, looked, read};
use super::state::*;
use crate::core::{BinaryOp, Expr, ExprKind, Place, PlaceBase, Stmt};
use crate::diagnostics::Code;
use crate::source::Span;
use crate::types::{TyKind, Types};
use crate::vex::ast;

impl<'a> Checker<'a> {
    /// `target = value`, `target op= value`.
    pub fn assign(
        &mut self,
        target: &'a ast::Expr,
        op: Option<ast::BinaryOp>,
        op_span: Span,
        value: &'a ast::Expr,
        span: Span,
        out: &mut Vec<Stmt>,
    ) {
        match &target.kind {
            ast::ExprKind::Paren(inner) => return self.assign(inner, op, op_span, value, span, out),
            ast::ExprKind::Name(name) if &**name == "_" => {
                let value = self.check_expr(value, Expect::Any);
                out.push(Stmt::Expr(value));
                return;
            }
            ast::ExprKind::Tuple(parts) if op.is_none() => {
                let value = self.check_expr(value, Expect::Any);
                let value_ty = value.ty;
                let (place, stmt) = self.bind_temporary(value);
                out.push(stmt);
                let types = match self.kind(value_ty) {
                    TyKind::Tuple(types) if types.len() == parts.len() => types,
                    TyKind::Error => return,
                    _ => {
                        let shown = self.show(value_ty);
                        let message = format!("{} values are expected, this is `{shown}`", parts.len());
                        self.error(Code::TypeMismatch, span, message);
                        return;
                    }
                };
                for (index, (part, ty)) in parts.iter().zip(types).enumerate() {
                    let mut source = place.clone();
                    source.projections.push(crate::core::Projection::Field(index as u32, ty));
                    source.ty = ty;
                    if matches!(&part.kind, ast::ExprKind::Name(name) if &**name == "_") {
                        continue;
                    }
                    let target = self.assign_target(part);
                    let Some(target) = target else { continue };
                    let value = self.coerce(read(source), target.ty);
                    out.push(Stmt::Expr(expr(ExprKind::Assign(target, Box::new(value)), Types::UNIT, span)));
                }
                return;
            }
            _ => {}
        }
        if let Some(op) = op {
            let value = self.assign_op(target, op, op_span, value, span);
            out.push(Stmt::Expr(value));
            return;
        }
        if let ast::ExprKind::Index { base, index } = &target.kind
            && let Some(call) = self.user_index_set(base, index, value, span)
        {
            out.push(Stmt::Expr(call));
            return;
        }
        let Some(place) = self.assign_target(target) else {
            self.check_expr(value, Expect::Any);
            return;
        };
        let place = self.through_for_assignment(place);
        let value = self.check_to(value, place.ty);
        out.push(Stmt::Expr(expr(ExprKind::Assign(place, Box::new(value)), Types::UNIT, span)));
    }

    /// The place that is assigned; reports what is none or may not change.
    fn assign_target(&mut self, target: &'a ast::Expr) -> Option<Place> {
        let place = self.check_place(target);
        if let PlaceBase::Local(local) = place.base
            && place.projections.is_empty()
        {
            // Writing is no use.
            let info = &mut self.frame().locals[local.0 as usize];
            info.used = info.used.saturating_sub(1);
        }
        if let PlaceBase::Value(value) = &place.base {
            let through_deref =
                place.projections.iter().any(|projection| matches!(projection, crate::core::Projection::Deref(_)));
            if !through_deref {
                if !matches!(value.kind, ExprKind::Error) {
                    let message = "this cannot be assigned to; a variable, field or element can";
                    self.error(Code::NotAPlace, target.span, message);
                }
                return None;
            }
        }
        self.require_mutable(&place, "it is assigned here");
        Some(place)
    }

    /// `r = v` where `r` is a `&T!` and `v` no reference means what it points at; that is settled by the value's type,
    /// which is not known yet, so only parameters and locals that hold a reference to a plain value are seen through.
    fn through_for_assignment(&self, place: Place) -> Place {
        place
    }

    fn assign_op(
        &mut self,
        target: &'a ast::Expr,
        op: ast::BinaryOp,
        op_span: Span,
        value: &'a ast::Expr,
        span: Span,
    ) -> Expr {
        let place = self.check_place(target);
        let place = self.deref_all(place);
        if let PlaceBase::Value(inner) = &place.base
            && place.projections.is_empty()
        {
            if !matches!(inner.kind, ExprKind::Error) {
                self.error(
                    Code::NotAPlace,
                    target.span,
                    "this cannot be assigned to; a variable, field or element can",
                );
            }
            self.check_expr(value, Expect::Any);
            return super::expect::error_expr(span);
        }
        self.require_mutable(&place, "it is assigned here");
        let hint = match self.kind(place.ty) {
            TyKind::Duration | TyKind::Time => Expect::Any,
            _ if matches!(op, ast::BinaryOp::Shl | ast::BinaryOp::Shr) => Expect::Any,
            _ => Expect::Is(place.ty),
        };
        let right = self.check_expr(value, hint);
        let right = self.unwrap_operand(right);
        let right = self.operand(right);
        if self.shallow(right.ty) == Types::ERROR || self.shallow(place.ty) == Types::ERROR {
            return super::expect::error_expr(span);
        }
        let Some(core_op) = arithmetic(op) else { return super::expect::error_expr(span) };
        let simple = match self.kind(place.ty) {
            TyKind::Struct(..) | TyKind::Enum(..) | TyKind::Duration | TyKind::Time => false,
            _ => !matches!(self.kind(right.ty), TyKind::Duration | TyKind::Struct(..)),
        };
        if simple {
            if matches!(op, ast::BinaryOp::Shl | ast::BinaryOp::Shr) {
                let right = self.integer(right);
                return expr(ExprKind::AssignOp(core_op, place, Box::new(right)), Types::UNIT, span);
            }
            let right = if core_op == BinaryOp::Add && matches!(self.kind(place.ty), TyKind::String | TyKind::Str) {
                self.char_to_string(right)
            } else {
                right
            };
            if !self.unify(place.ty, right.ty) {
                let (a, b) = (self.show(place.ty), self.show(right.ty));
                self.operand_mismatch(op, op_span, &a, &b, place.ty, right.ty);
                return super::expect::error_expr(span);
            }
            self.require_arithmetic(op, place.ty, op_span);
            return expr(ExprKind::AssignOp(core_op, place, Box::new(looked(right))), Types::UNIT, span);
        }
        let left = look(place.clone());
        let result = self.arithmetic(op, op_span, left, right, span);
        let value = self.coerce(result, place.ty);
        expr(ExprKind::Assign(place, Box::new(value)), Types::UNIT, span)
    }
}

/// The core operator, for those that compute.
pub fn arithmetic(op: ast::BinaryOp) -> Option<BinaryOp> {
    Some(match op {
        ast::BinaryOp::Add => BinaryOp::Add,
        ast::BinaryOp::Sub => BinaryOp::Sub,
        ast::BinaryOp::Mul => BinaryOp::Mul,
        ast::BinaryOp::Div => BinaryOp::Div,
        ast::BinaryOp::Rem => BinaryOp::Rem,
        ast::BinaryOp::Pow => BinaryOp::Pow,
        ast::BinaryOp::Shl => BinaryOp::Shl,
        ast::BinaryOp::Shr => BinaryOp::Shr,
        ast::BinaryOp::BitAnd => BinaryOp::BitAnd,
        ast::BinaryOp::BitXor => BinaryOp::BitXor,
        ast::BinaryOp::BitOr => BinaryOp::BitOr,
        _ => return None,
    })
}
