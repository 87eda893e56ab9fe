//! Conditions: compiled to jumps, comparisons fused with them.

use super::analysis::has_droppable_temporary;
use super::expr::constant_of;
use super::function::Emitter;
use super::kinds::Number;
use crate::bytecode::instr::Reg;
use crate::bytecode::ops::Op;
use crate::core::{CompareOp, Const, Expr, ExprKind, UnaryOp};
use crate::lower::asm::Label;
use crate::source::Span;
use crate::value::Tag;

/// The comparison with its operands exchanged.
fn mirror(op: CompareOp) -> CompareOp {
    match op {
        CompareOp::Lt => CompareOp::Gt,
        CompareOp::Le => CompareOp::Ge,
        CompareOp::Gt => CompareOp::Lt,
        CompareOp::Ge => CompareOp::Le,
        same => same,
    }
}

/// The comparison that holds where this one does not (of values that are ordered).
fn negate(op: CompareOp) -> CompareOp {
    match op {
        CompareOp::Eq => CompareOp::Ne,
        CompareOp::Ne => CompareOp::Eq,
        CompareOp::Lt => CompareOp::Ge,
        CompareOp::Le => CompareOp::Gt,
        CompareOp::Gt => CompareOp::Le,
        CompareOp::Ge => CompareOp::Lt,
    }
}

/// A constant that fits a 16-bit immediate.
pub fn immediate(constant: &Const) -> Option<i16> {
    match constant {
        Const::Int(n) => i16::try_from(*n).ok(),
        Const::Char(c) => i16::try_from(*c as u32).ok(),
        Const::Bool(b) => Some(*b as i16),
        _ => None,
    }
}

impl<'p> Emitter<'_, 'p> {
    /// Whether evaluating the expression leaves values behind that must be released before going on.
    pub fn leaves_temporaries(&mut self, expr: &Expr) -> bool {
        if !self.has_droppable_temporaries {
            return false;
        }
        let kinds = &mut self.lowerer.kinds;
        has_droppable_temporary(expr, &mut |ty| kinds.is_droppable(ty))
    }

    /// Jumps to `target` where the condition is `when`, otherwise goes on; temporaries of the condition are released on both ways.
    pub fn scoped_branch(&mut self, cond: &'p Expr, target: Label, when: bool) {
        if self.leaves_temporaries(cond) {
            let mark = self.mark();
            let truth = self.alloc(cond.span);
            self.scoped(cond.span, |e| e.expr_to(cond, truth));
            self.jump_on(cond.ty, truth, target, when, cond.span);
            self.reset(mark);
        } else {
            self.branch(cond, target, when);
        }
    }

    /// Jumps to `target` where the condition is `when`, otherwise goes on.
    pub fn branch(&mut self, cond: &'p Expr, target: Label, when: bool) {
        let span = cond.span;
        if self.gave_up(span) || !self.asm.reachable() {
            return;
        }
        self.naming = None;
        let mark = self.mark();
        match &cond.kind {
            ExprKind::Const(Const::Bool(b)) => {
                if *b == when {
                    self.goto(target, span);
                }
            }
            ExprKind::Unary(UnaryOp::Not, inner) if self.lowerer.kinds.tag(inner.ty) == Some(Tag::Bool) => {
                self.branch(inner, target, !when);
            }
            // The wanted way of an && is through both, its other way out of either.
            ExprKind::And(left, right) | ExprKind::Or(left, right) => {
                let is_and = matches!(cond.kind, ExprKind::And(..));
                if is_and != when {
                    self.scoped_branch(left, target, when);
                    self.branch_depth += 1;
                    self.scoped_branch(right, target, when);
                    self.branch_depth -= 1;
                } else {
                    let skip = self.asm.label();
                    self.scoped_branch(left, skip, !when);
                    self.branch_depth += 1;
                    self.scoped_branch(right, target, when);
                    self.branch_depth -= 1;
                    self.asm.bind(skip);
                }
            }
            ExprKind::Block(stmts, Some(tail)) if stmts.is_empty() => self.branch(tail, target, when),
            ExprKind::Compare(op, left, right) => self.compare_branch(*op, left, right, target, when, span),
            ExprKind::Dyn(op, operands) if op.is_comparison() => {
                self.dynamic_branch(*op, operands, target, when, span);
            }
            ExprKind::Unary(UnaryOp::Not, inner) if self.is_dynamic(inner.ty) => self.branch(inner, target, !when),
            _ => {
                let truth = self.operand(cond);
                self.jump_on(cond.ty, truth, target, when, span);
            }
        }
        self.reset(mark);
    }

    fn compare_branch(
        &mut self,
        op: CompareOp,
        left: &'p Expr,
        right: &'p Expr,
        target: Label,
        when: bool,
        span: Span,
    ) {
        use CompareOp as C;
        let number = self.lowerer.kinds.number(left.ty);
        let equality = matches!(op, C::Eq | C::Ne);
        let wanted = if when { op } else { negate(op) };
        if (equality && number.same_payload()) || number.signed_order() {
            if let Some(n) = constant_of(right).and_then(immediate) {
                let register = self.operand(left);
                self.jump_imm(immediate_op(wanted), register, n, target, span);
                return;
            }
            if let Some(n) = constant_of(left).and_then(immediate) {
                let register = self.operand(right);
                self.jump_imm(immediate_op(mirror(wanted)), register, n, target, span);
                return;
            }
        }
        let first = self.operand_before(left, &[right]);
        let second = self.operand(right);
        let (code, a, b) = match (number, wanted) {
            (n, C::Eq) if n.same_payload() => (Op::JumpEqI, first, second),
            (n, C::Ne) if n.same_payload() => (Op::JumpNeI, first, second),
            (n, C::Lt) if n.signed_order() => (Op::JumpLtI, first, second),
            (n, C::Le) if n.signed_order() => (Op::JumpLeI, first, second),
            (n, C::Gt) if n.signed_order() => (Op::JumpLtI, second, first),
            (n, C::Ge) if n.signed_order() => (Op::JumpLeI, second, first),
            (Number::U64(_), C::Lt) => (Op::JumpLtU, first, second),
            (Number::U64(_), C::Le) => (Op::JumpLeU, first, second),
            (Number::U64(_), C::Gt) => (Op::JumpLtU, second, first),
            (Number::U64(_), C::Ge) => (Op::JumpLeU, second, first),
            // Not-a-number makes "not less" differ from "greater or equal".
            (Number::F64, _) if !equality => match (op, when) {
                (C::Lt, true) => (Op::JumpLtF, first, second),
                (C::Le, true) => (Op::JumpLeF, first, second),
                (C::Gt, true) => (Op::JumpLtF, second, first),
                (_, true) => (Op::JumpLeF, second, first),
                (C::Lt, false) => (Op::JumpNotLtF, first, second),
                (C::Le, false) => (Op::JumpNotLeF, first, second),
                (C::Gt, false) => (Op::JumpNotLtF, second, first),
                (_, false) => (Op::JumpNotLeF, second, first),
            },
            _ => {
                let truth = self.alloc(span);
                self.op(Op::Compare, op as u8, truth, first, second, span);
                let code = if when { Op::JumpIf } else { Op::JumpIfNot };
                self.jump(code, truth, Reg(0), target, span);
                return;
            }
        };
        self.jump(code, a, b, target, span);
    }

    /// At the bottom of a loop: back to `head` while the condition holds, otherwise on to `exit` or past the last instruction.
    pub fn branch_back(&mut self, cond: &'p Expr, head: Label, exit: Label) {
        use CompareOp as C;
        let span = cond.span;
        let mark = self.mark();
        match &cond.kind {
            _ if self.leaves_temporaries(cond) => {
                self.scoped_branch(cond, exit, false);
                self.jump(Op::Loop, Reg(0), Reg(0), head, span);
            }
            ExprKind::Block(stmts, Some(tail)) if stmts.is_empty() => self.branch_back(tail, head, exit),
            ExprKind::And(left, right) => {
                self.branch(left, exit, false);
                self.branch_back(right, head, exit);
            }
            ExprKind::Compare(op @ (C::Lt | C::Le | C::Gt | C::Ge), left, right)
                if self.loop_op(*op, left).is_some() =>
            {
                let first = self.operand_before(left, &[right]);
                let second = self.operand(right);
                if let Some((code, swap)) = self.loop_op(*op, left) {
                    let (a, b) = if swap { (second, first) } else { (first, second) };
                    self.jump(code, a, b, head, span);
                }
            }
            ExprKind::Dyn(op, operands) if self.dynamic_branch_back(*op, operands, head, span) => {}
            ExprKind::Compare(..) | ExprKind::Unary(..) | ExprKind::Or(..) | ExprKind::Const(_) | ExprKind::Dyn(..) => {
                self.branch(cond, exit, false);
                self.jump(Op::Loop, Reg(0), Reg(0), head, span);
            }
            _ if self.is_dynamic(cond.ty) => {
                self.branch(cond, exit, false);
                self.jump(Op::Loop, Reg(0), Reg(0), head, span);
            }
            _ => {
                let truth = self.operand(cond);
                self.jump(Op::LoopIf, truth, Reg(0), head, span);
            }
        }
        self.reset(mark);
    }

    fn loop_op(&self, op: CompareOp, left: &Expr) -> Option<(Op, bool)> {
        let number = self.lowerer.kinds.number(left.ty);
        let swap = matches!(op, CompareOp::Gt | CompareOp::Ge);
        match (number, op) {
            (n, CompareOp::Lt | CompareOp::Gt) if n.signed_order() => Some((Op::LoopLtI, swap)),
            (n, CompareOp::Le | CompareOp::Ge) if n.signed_order() => Some((Op::LoopLeI, swap)),
            (Number::U64(_), CompareOp::Lt | CompareOp::Gt) => Some((Op::LoopLtU, swap)),
            _ => None,
        }
    }

    /// A short circuit as a value.
    pub fn truth_to(&mut self, cond: &'p Expr, dest: Reg) {
        let (no, done) = (self.asm.label(), self.asm.label());
        self.branch(cond, no, false);
        self.load_imm(dest, Tag::Bool, 1, cond.span);
        self.goto(done, cond.span);
        self.asm.bind(no);
        self.load_imm(dest, Tag::Bool, 0, cond.span);
        self.asm.bind(done);
    }

    /// `if`
    pub fn if_else(
        &mut self,
        cond: &'p Expr,
        then: &'p Expr,
        other: Option<&'p Expr>,
        dest: Option<Reg>,
        naming: Option<super::function::ObjectName>,
        span: Span,
    ) {
        if let (None, None, Some(target)) = (other, dest, self.plain_exit(then)) {
            self.scoped_branch(cond, target, true);
            return;
        }
        let (no, done) = (self.asm.label(), self.asm.label());
        self.scoped_branch(cond, no, false);
        self.conditional(then.span, |e| {
            e.naming = naming;
            e.expr_into(then, dest);
        });
        if other.is_some() || dest.is_some() {
            self.goto(done, super::expr::end_of(then.span));
        }
        self.asm.bind(no);
        match other {
            Some(other) => self.conditional(other.span, |e| {
                e.naming = naming;
                e.expr_into(other, dest);
            }),
            None => {
                if let Some(dest) = dest {
                    self.load_unit(dest, span);
                }
            }
        }
        self.asm.bind(done);
    }

    /// Evaluates into a register, or for the effect.
    pub fn expr_into(&mut self, expr: &'p Expr, dest: Option<Reg>) {
        match dest {
            Some(dest) => self.expr_to(expr, dest),
            None => self.expr_void(expr),
        }
    }
}

fn immediate_op(op: CompareOp) -> Op {
    match op {
        CompareOp::Eq => Op::JumpEqImm,
        CompareOp::Ne => Op::JumpNeImm,
        CompareOp::Lt => Op::JumpLtImm,
        CompareOp::Le => Op::JumpLeImm,
        CompareOp::Gt => Op::JumpGtImm,
        CompareOp::Ge => Op::JumpGeImm,
    }
}
