//! Arithmetic, comparisons as values, conversions: the instruction of the operands' type.

use super::expr::constant_of;
use super::function::Emitter;
use super::kinds::Number;
use super::place::add_immediate;
use crate::bytecode::instr::Reg;
use crate::bytecode::ops::Op;
use crate::core::{BinaryOp, CompareOp, Const, Expr, UnaryOp};
use crate::source::Span;
use crate::types::{IntKind, Ty};
use crate::value::Tag;

impl<'p> Emitter<'_, 'p> {
    pub fn binary_expr(&mut self, op: BinaryOp, left: &'p Expr, right: &'p Expr, dest: Reg, span: Span) {
        let mut ty = self.lowerer.kinds.strip(left.ty);
        if self.lowerer.kinds.number(ty) == Number::Payload && self.lowerer.kinds.tag(ty) != Some(Tag::Bool) {
            // Durations and times mix with integers: by tag.
            ty = crate::types::Types::DYNAMIC;
        }
        if let Some(folded) = self.fold(op, left, right, ty) {
            self.load_const(&folded, ty, dest, span);
            return;
        }
        let number = self.lowerer.kinds.number(ty);
        if add_immediate(op, right).is_some() {
            let source = self.operand(left);
            if self.immediate_op(op, dest, source, right, number, span) {
                return;
            }
            let right = self.operand(right);
            self.binary(op, dest, source, right, ty, span);
            return;
        }
        // 1 + x is x + 1.
        if op == BinaryOp::Add && add_immediate(op, left).is_some() {
            let source = self.operand(right);
            if self.immediate_op(op, dest, source, left, number, span) {
                return;
            }
            let left = self.operand(left);
            self.binary(op, dest, left, source, ty, span);
            return;
        }
        let first = self.operand_before(left, &[right]);
        let second = self.operand(right);
        self.binary(op, dest, first, second, ty, span);
    }

    /// The value of an operation on two integer constants that does not overflow.
    fn fold(&self, op: BinaryOp, left: &Expr, right: &Expr, ty: Ty) -> Option<Const> {
        let (Const::Int(a), Const::Int(b)) = (constant_of(left)?, constant_of(right)?) else { return None };
        let value = match op {
            BinaryOp::Add => a.checked_add(*b),
            BinaryOp::Sub => a.checked_sub(*b),
            BinaryOp::Mul => a.checked_mul(*b),
            BinaryOp::Div => a.checked_div(*b),
            BinaryOp::Rem => a.checked_rem(*b),
            _ => None,
        }?;
        let (lo, hi) = self.lowerer.kinds.tag(ty)?.int_kind()?.range();
        (lo..=hi).contains(&value).then_some(Const::Int(value))
    }

    /// `dest = source op small constant` in one instruction, where there is one.
    pub fn immediate_op(
        &mut self,
        op: BinaryOp,
        dest: Reg,
        source: Reg,
        value: &Expr,
        number: Number,
        span: Span,
    ) -> bool {
        let Some(amount) = add_immediate(op, value) else { return false };
        let (op, tag) = match number {
            Number::I64 => (Op::AddImm, 0),
            Number::Narrow(kind) => (Op::AddImmN, Tag::of_int(kind) as u8),
            Number::U64(kind) => (Op::AddImmU, Tag::of_int(kind) as u8),
            _ => return false,
        };
        self.op_number(op, tag, dest, source, amount as u16, span);
        true
    }

    /// `dest = left op right` for operands of a type.
    pub fn binary(&mut self, op: BinaryOp, dest: Reg, left: Reg, right: Reg, ty: Ty, span: Span) {
        use BinaryOp as B;
        let number = self.lowerer.kinds.number(ty);
        let unsigned = |kind: IntKind| kind.range().0 == 0;
        let typed = match (number, op) {
            (Number::I64, B::Add) => Some((Op::AddI, 0)),
            (Number::I64, B::Sub) => Some((Op::SubI, 0)),
            (Number::I64, B::Mul) => Some((Op::MulI, 0)),
            (Number::I64 | Number::Isize, B::Div) => Some((Op::DivI, 0)),
            (Number::I64 | Number::Isize, B::Rem) => Some((Op::RemI, 0)),
            (Number::Narrow(kind), B::Add) => Some((Op::AddN, Tag::of_int(kind) as u8)),
            (Number::Narrow(kind), B::Sub) => Some((Op::SubN, Tag::of_int(kind) as u8)),
            (Number::Narrow(kind), B::Mul) => Some((Op::MulN, Tag::of_int(kind) as u8)),
            (Number::Narrow(kind), B::Div) if unsigned(kind) => Some((Op::DivU, Tag::of_int(kind) as u8)),
            (Number::Narrow(kind), B::Rem) if unsigned(kind) => Some((Op::RemU, Tag::of_int(kind) as u8)),
            (Number::Narrow(_), B::Rem) => Some((Op::RemI, 0)),
            (Number::U64(kind), B::Add) => Some((Op::AddU, Tag::of_int(kind) as u8)),
            (Number::U64(kind), B::Sub) => Some((Op::SubU, Tag::of_int(kind) as u8)),
            (Number::U64(kind), B::Mul) => Some((Op::MulU, Tag::of_int(kind) as u8)),
            (Number::U64(kind), B::Div) => Some((Op::DivU, Tag::of_int(kind) as u8)),
            (Number::U64(kind), B::Rem) => Some((Op::RemU, Tag::of_int(kind) as u8)),
            (Number::F64, B::Add) => Some((Op::AddF, 0)),
            (Number::F64, B::Sub) => Some((Op::SubF, 0)),
            (Number::F64, B::Mul) => Some((Op::MulF, 0)),
            (Number::F64, B::Div) => Some((Op::DivF, 0)),
            (Number::F64 | Number::Dynamic, _) => None,
            (_, B::BitAnd) => Some((Op::BitAnd, 0)),
            (_, B::BitOr) => Some((Op::BitOr, 0)),
            (_, B::BitXor) => Some((Op::BitXor, 0)),
            _ => None,
        };
        let (code, n) = typed.unwrap_or((Op::Arith, op as u8));
        self.op(code, n, dest, left, right, span);
    }

    pub fn unary(&mut self, op: UnaryOp, operand: &'p Expr, dest: Reg, span: Span) {
        let ty = operand.ty;
        let source = self.operand(operand);
        if op == UnaryOp::Not && self.is_dynamic(ty) {
            self.op(Op::Truth, 1, dest, source, Reg(0), span);
            return;
        }
        if op == UnaryOp::Not && self.lowerer.kinds.tag(ty) == Some(Tag::Bool) {
            self.op(Op::Not, 0, dest, source, Reg(0), span);
        } else {
            self.op(Op::Unary, op as u8, dest, source, Reg(0), span);
        }
    }

    pub fn cast(&mut self, operand: &'p Expr, target: Ty, dest: Reg, span: Span) {
        let (from, to) = (self.lowerer.kinds.tag(operand.ty), self.lowerer.kinds.tag(target));
        match to {
            Some(to_tag) if from != to => {
                if let (Some(Const::Int(n)), Some(kind)) = (constant_of(operand), to_tag.int_kind()) {
                    let (lo, hi) = kind.range();
                    if (lo..=hi).contains(n) {
                        self.load_const(&Const::Int(*n), target, dest, span);
                        return;
                    }
                }
                let source = self.operand(operand);
                self.op(Op::Cast, to_tag as u8, dest, source, Reg(0), span);
            }
            _ => self.expr_to(operand, dest),
        }
    }

    /// A comparison as a value.
    pub fn compare_expr(&mut self, op: CompareOp, left: &'p Expr, right: &'p Expr, dest: Reg, span: Span) {
        use CompareOp as C;
        let number = self.lowerer.kinds.number(left.ty);
        let first = self.operand_before(left, &[right]);
        let second = self.operand(right);
        let (code, a, b) = match op {
            C::Eq if number.same_payload() => (Op::EqI, first, second),
            C::Ne if number.same_payload() => (Op::NeI, first, second),
            C::Lt if number.signed_order() => (Op::LtI, first, second),
            C::Le if number.signed_order() => (Op::LeI, first, second),
            C::Gt if number.signed_order() => (Op::LtI, second, first),
            C::Ge if number.signed_order() => (Op::LeI, second, first),
            C::Lt if number == Number::F64 => (Op::LtF, first, second),
            C::Le if number == Number::F64 => (Op::LeF, first, second),
            C::Gt if number == Number::F64 => (Op::LtF, second, first),
            C::Ge if number == Number::F64 => (Op::LeF, second, first),
            _ => {
                self.op(Op::Compare, op as u8, dest, first, second, span);
                return;
            }
        };
        self.op(code, 0, dest, a, b, span);
    }
}
