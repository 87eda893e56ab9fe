//! What languages without static types have: operators by tag, truth, attributes, calls with named arguments, exceptions.

use super::analysis::peel;
use super::asm::Label;
use super::branch::immediate;
use super::expr::{count, end_of};
use super::function::{Emitter, ObjectName};
use crate::builtins::Builtin;
use crate::bytecode::access::RECV_TWO;
use crate::bytecode::instr::{Instr, Reg};
use crate::bytecode::ops::Op;
use crate::bytecode::program::Constant;
use crate::core::{Const, Expr, ExprKind, LocalId};
use crate::dynamic::DynOp;
use crate::source::Span;
use crate::types::{Ty, TyKind};

/// The comparison with its operands exchanged, for those that can be.
fn mirror(op: DynOp) -> Option<DynOp> {
    Some(match op {
        DynOp::Eq => DynOp::Eq,
        DynOp::Ne => DynOp::Ne,
        DynOp::Lt => DynOp::Gt,
        DynOp::Le => DynOp::Ge,
        DynOp::Gt => DynOp::Lt,
        DynOp::Ge => DynOp::Le,
        _ => return None,
    })
}

/// The integer that an expression is, if it fits an immediate field.
fn small(expr: &Expr) -> Option<i16> {
    match &peel(expr).kind {
        ExprKind::Const(constant @ Const::Int(_)) => immediate(constant),
        _ => None,
    }
}

impl<'p> Emitter<'_, 'p> {
    /// Whether a value's kind is only known at run time, or is none that a condition can test as it stands.
    pub fn is_dynamic(&self, ty: Ty) -> bool {
        let kind = self.lowerer.kinds.kind(self.lowerer.kinds.strip(ty));
        self.lowerer.program.dynamic.is_some() && !matches!(kind, TyKind::Bool | TyKind::Never | TyKind::Error)
    }

    /// Jumps to `target` where the value in the register counts as `when`.
    pub fn jump_on(&mut self, ty: Ty, truth: Reg, target: Label, when: bool, span: Span) {
        if self.is_dynamic(ty) {
            self.asm.jump(Instr::new(Op::JumpTruth, !when as u8, truth.operand(), 0, 0), target, span);
        } else {
            let op = if when { Op::JumpIf } else { Op::JumpIfNot };
            self.jump(op, truth, Reg(0), target, span);
        }
    }

    /// Evaluates what only languages without static types have into a register.
    pub fn dynamic_to(&mut self, expr: &'p Expr, dest: Reg, naming: Option<ObjectName>) {
        let span = expr.span;
        match &expr.kind {
            ExprKind::Dyn(op, operands) => self.dynamic_operator(*op, operands, dest, span),
            ExprKind::Index(container, index) => {
                let container = self.operand_before(container, &[index]);
                let index = self.operand(index);
                self.op(Op::DynIndex, 0, dest, container, index, span);
            }
            ExprKind::SetIndex(container, index, value) => {
                self.set_index(container, index, value, Some(dest), span);
            }
            ExprKind::Attr(object, name) => {
                let object = self.operand(object);
                let name = self.attribute_name(name, span);
                self.op_number(Op::Attr, 0, dest, object, name, span);
            }
            ExprKind::SetAttr(object, name, value) => self.set_attribute(object, name, value, Some(dest), span),
            ExprKind::CallAttr(object, name, args) => self.call_attribute(object, name, args, dest, span),
            ExprKind::CallNamed(callee, args, named) => self.call_named(callee, args, named, dest, span),
            ExprKind::Bound(value, name) => {
                self.naming = naming;
                self.expr_to(value, dest);
                self.check_set(dest, name, span);
            }
            ExprKind::IsSet(place) => {
                let register = match self.plain_local(place) {
                    Some(id) => self.register(id, span),
                    None => {
                        let register = self.alloc(span);
                        self.read_to(place, register);
                        register
                    }
                };
                self.op(Op::IsSet, 0, dest, register, Reg(0), span);
            }
            ExprKind::Unset => self.clear(dest, span),
            ExprKind::Try { .. } => self.try_into(expr, Some(dest)),
            ExprKind::Raise(exception) => {
                let exception = self.operand(exception);
                self.op(Op::Raise, 0, exception, Reg(0), Reg(0), span);
            }
            _ => self.effect(expr),
        }
    }

    /// Fails where the variable in the register is unset.
    pub fn check_set(&mut self, register: Reg, name: &str, span: Span) {
        let name = self.lowerer.tables.constant(Constant::Str(name.to_string()));
        self.op_wide(Op::CheckSet, 0, register, name, span);
    }

    fn dynamic_operator(&mut self, op: DynOp, operands: &'p [Expr], dest: Reg, span: Span) {
        let [left, right] = operands else {
            if let [only] = operands {
                let source = self.operand(only);
                self.op(Op::DynArith, op as u8, dest, source, source, span);
            }
            return;
        };
        let added = match op {
            DynOp::Add => small(right),
            DynOp::Sub => small(right).and_then(i16::checked_neg),
            _ => None,
        };
        if let Some(added) = added {
            let source = self.operand(left);
            self.op_number(Op::DynAddImm, 0, dest, source, added as u16, span);
            return;
        }
        let first = self.operand_before(left, &[right]);
        let second = self.operand(right);
        let (code, n) = match op {
            DynOp::Add => (Op::DynAdd, 0),
            DynOp::Sub => (Op::DynSub, 0),
            DynOp::Mul => (Op::DynMul, 0),
            _ if op.is_comparison() => (Op::DynCompare, op as u8),
            _ => (Op::DynArith, op as u8),
        };
        self.op(code, n, dest, first, second, span);
    }

    /// Jumps to `target` where a comparison gives `when`.
    pub fn dynamic_branch(&mut self, op: DynOp, operands: &'p [Expr], target: Label, when: bool, span: Span) {
        let [left, right] = operands else { return };
        // "Not less" is not "greater or equal": there is not-a-number.
        let not = !when as u8;
        let immediate = |op| {
            Some(match op {
                DynOp::Eq => (Op::JumpDynEqImm, not),
                DynOp::Ne => (Op::JumpDynEqImm, 1 - not),
                DynOp::Lt => (Op::JumpDynLtImm, not),
                DynOp::Le => (Op::JumpDynLeImm, not),
                DynOp::Gt => (Op::JumpDynGtImm, not),
                DynOp::Ge => (Op::JumpDynGeImm, not),
                _ => return None,
            })
        };
        for (side, n, op) in [(left, small(right), Some(op)), (right, small(left), mirror(op))] {
            if let (Some(n), Some((code, mode))) = (n, op.and_then(immediate)) {
                let register = self.operand(side);
                self.asm.jump(Instr::new(code, mode, register.operand(), n as u16, 0), target, span);
                return;
            }
        }
        let first = self.operand_before(left, &[right]);
        let second = self.operand(right);
        let (code, mode, a, b) = match op {
            DynOp::Eq => (Op::JumpDynEq, not, first, second),
            DynOp::Ne => (Op::JumpDynEq, 1 - not, first, second),
            DynOp::Lt => (Op::JumpDynLt, not, first, second),
            DynOp::Le => (Op::JumpDynLe, not, first, second),
            DynOp::Gt => (Op::JumpDynLt, not, second, first),
            DynOp::Ge => (Op::JumpDynLe, not, second, first),
            _ => {
                let truth = self.alloc(span);
                self.op(Op::DynCompare, op as u8, truth, first, second, span);
                self.jump(if when { Op::JumpIf } else { Op::JumpIfNot }, truth, Reg(0), target, span);
                return;
            }
        };
        self.asm.jump(Instr::new(code, mode, a.operand(), b.operand(), 0), target, span);
    }

    /// At the bottom of a loop: back to `head` while an order holds, in one instruction where there is one.
    pub fn dynamic_branch_back(&mut self, op: DynOp, operands: &'p [Expr], head: Label, span: Span) -> bool {
        let (code, swap) = match op {
            DynOp::Lt => (Op::LoopDynLt, false),
            DynOp::Le => (Op::LoopDynLe, false),
            DynOp::Gt => (Op::LoopDynLt, true),
            DynOp::Ge => (Op::LoopDynLe, true),
            _ => return false,
        };
        let [left, right] = operands else { return false };
        let first = self.operand_before(left, &[right]);
        let second = self.operand(right);
        let (a, b) = if swap { (second, first) } else { (first, second) };
        self.jump(code, a, b, head, span);
        true
    }

    /// `and` and `or` as a value: the operand that decides.
    pub fn deciding_operand(&mut self, is_and: bool, left: &'p Expr, right: &'p Expr, dest: Reg, span: Span) {
        let done = self.asm.label();
        self.expr_to(left, dest);
        self.jump_on(left.ty, dest, done, !is_and, span);
        self.conditional(right.span, |e| e.expr_to(right, dest));
        self.asm.bind(done);
    }

    /// `container[index] = value`; gives the value.
    pub fn set_index(&mut self, container: &'p Expr, index: &'p Expr, value: &'p Expr, dest: Option<Reg>, span: Span) {
        let container = self.operand_before(container, &[index, value]);
        let index = self.operand_before(index, &[value]);
        let value = self.operand(value);
        self.op(Op::DynSetIndex, 0, container, index, value, span);
        if let Some(dest) = dest {
            self.copy(dest, value, span);
        }
    }

    /// `object.name = value`; gives the value.
    pub fn set_attribute(&mut self, object: &'p Expr, name: &str, value: &'p Expr, dest: Option<Reg>, span: Span) {
        let object = self.operand_before(object, &[value]);
        let value = self.operand(value);
        let name = self.attribute_name(name, span);
        self.asm.emit(Instr::new(Op::SetAttr, 0, object.operand(), name, value.operand()), span);
        if let Some(dest) = dest {
            self.copy(dest, value, span);
        }
    }

    fn attribute_name(&mut self, name: &str, span: Span) -> u16 {
        let index = self.lowerer.tables.method(name);
        u16::try_from(index).unwrap_or_else(|_| {
            self.too_large(span, "the program names more than 65,535 attributes");
            0
        })
    }

    fn call_attribute(&mut self, object: &'p Expr, name: &str, args: &'p [Expr], dest: Reg, span: Span) {
        let all: Vec<&'p Expr> = std::iter::once(object).chain(args).collect();
        let window = self.window_of(&all, Some(dest), &|_, _| false, span);
        let name = self.lowerer.tables.method(name);
        self.op_wide(Op::CallAttr, count(args).saturating_add(1), window, name, span);
        self.copy(dest, window, span);
    }

    fn call_named(&mut self, callee: &'p Expr, args: &'p [Expr], named: &'p [(String, Expr)], dest: Reg, span: Span) {
        let all: Vec<&'p Expr> = args.iter().chain(named.iter().map(|(_, value)| value)).collect();
        let (callee, dest_below) = self.callee(callee, &all, Some(dest));
        let window = self.window_of(&all, dest_below, &|_, _| false, span);
        let names = named.iter().map(|(name, _)| name.clone()).collect();
        match u16::try_from(self.lowerer.tables.argument_names(names) + 1) {
            Ok(names) => self.op_number(Op::CallValue, all.len() as u8, window, callee, names, span),
            Err(_) => self.too_large(span, "the program has more than 65,534 kinds of calls with named arguments"),
        }
        self.copy(dest, window, span);
    }

    /// Locals become the elements of a sequence; what is received from a channel need not become one first.
    pub fn unpack(&mut self, locals: &'p [LocalId], value: &'p Expr, span: Span) {
        if locals.len() > super::expr::MAX_VALUES {
            return self.too_large(span, format!("{} variables at once; at most {} are possible", locals.len(), 255));
        }
        let row = self.alloc_many(locals.len() as u32, span);
        for (&local, at) in locals.iter().zip(0..) {
            self.place_local(local, Reg(row.0 + at));
        }
        self.scoped(span, |e| match &peel(value).kind {
            ExprKind::Builtin(Builtin::DynRecv, channel) if locals.len() == 2 && channel.len() == 1 => {
                let channel = e.operand(&channel[0]);
                e.op(Op::Recv, RECV_TWO, row, channel, Reg(0), value.span);
            }
            _ => {
                let sequence = e.operand(value);
                e.op(Op::Unpack, locals.len() as u8, row, sequence, Reg(0), span);
            }
        });
        for &local in locals {
            self.local_ready(local, false, span);
        }
    }

    /// A body with a handler, work for every way out, or both.
    pub fn try_into(&mut self, expr: &'p Expr, dest: Option<Reg>) {
        let ExprKind::Try { body, catch, finally } = &expr.kind else { return };
        let Some(work) = finally else { return self.caught(body, catch.as_ref(), dest, expr.span) };
        let span = expr.span;
        let mark = self.mark();
        let exception = self.alloc(span);
        let (handler, done) = (self.asm.label(), self.asm.label());
        let scope = self.begin_scope();
        self.push_finally(work, handler, exception);
        self.caught(body, catch.as_ref(), dest, span);
        self.end_scope(scope, end_of(span));
        self.goto(done, end_of(span));
        self.asm.bind(handler);
        self.conditional(work.span, |e| {
            e.expr_void(work);
            e.op(Op::Raise, 0, exception, Reg(0), Reg(0), work.span);
        });
        self.asm.bind(done);
        self.reset(mark);
    }

    /// A body with a handler.
    fn caught(&mut self, body: &'p Expr, catch: Option<&'p (LocalId, Box<Expr>)>, dest: Option<Reg>, span: Span) {
        let Some((local, otherwise)) = catch else { return self.expr_into(body, dest) };
        let mark = self.mark();
        let register = self.declare(*local, otherwise.span);
        let (handler, done) = (self.asm.label(), self.asm.label());
        let scope = self.begin_scope();
        self.push_catch(handler, register, span);
        self.scoped(body.span, |e| e.expr_into(body, dest));
        self.end_scope(scope, end_of(body.span));
        self.goto(done, end_of(body.span));
        self.asm.bind(handler);
        self.branch_depth += 1;
        let scope = self.begin_scope();
        self.local_ready(*local, false, otherwise.span);
        self.expr_into(otherwise, dest);
        self.end_scope(scope, end_of(otherwise.span));
        self.branch_depth -= 1;
        self.asm.bind(done);
        self.reset(mark);
    }
}
