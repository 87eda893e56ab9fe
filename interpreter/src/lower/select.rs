//! `select`: operands first, one instruction that waits, then a jump to the chosen arm.

use super::function::Emitter;
use super::pattern::Moves;
use crate::bytecode::instr::Reg;
use crate::bytecode::ops::Op;
use crate::bytecode::program::{ArmCode, SelectCode};
use crate::core::{Expr, PatternKind, SelectArm, SelectOp};
use crate::lower::asm::Label;
use crate::source::Span;

/// With more arms than this the chosen one is found by a jump table.
const MAX_COMPARED: usize = 3;

impl<'p> Emitter<'_, 'p> {
    pub fn select(&mut self, arms: &'p [SelectArm], default: Option<&'p Expr>, dest: Option<Reg>, span: Span) {
        let scope = self.begin_scope();
        let mut codes = Vec::with_capacity(arms.len());
        for (i, arm) in arms.iter().enumerate() {
            let mut later: Vec<&'p Expr> = Vec::new();
            for arm in &arms[i + 1..] {
                match &arm.op {
                    SelectOp::Recv(e)
                    | SelectOp::RecvOption(e)
                    | SelectOp::RecvPair(e)
                    | SelectOp::After(e)
                    | SelectOp::Future(e) => {
                        later.push(e);
                    }
                    SelectOp::Send(channel, value) => later.extend([channel, value]),
                }
            }
            let used = arm.pattern.as_ref().is_some_and(|p| !matches!(p.kind, PatternKind::Wild));
            codes.push(match &arm.op {
                SelectOp::Recv(channel) => ArmCode::Recv(self.operand_before(channel, &later), used),
                SelectOp::RecvOption(channel) => ArmCode::RecvOption(self.operand_before(channel, &later)),
                SelectOp::RecvPair(channel) => ArmCode::RecvPair(self.operand_before(channel, &later)),
                SelectOp::After(duration) => ArmCode::After(self.operand_before(duration, &later)),
                SelectOp::Future(future) => ArmCode::Future(self.operand_before(future, &later)),
                SelectOp::Send(channel, value) => {
                    let mut after = later.clone();
                    after.push(value);
                    let channel = self.operand_before(channel, &after);
                    ArmCode::Send(channel, self.operand_before(value, &later))
                }
            });
        }
        let chosen = self.alloc_many(2, span);
        let received = Reg(chosen.0 + 1);
        let index = self.lowerer.select(SelectCode { arms: codes, default: default.is_some() });
        match index {
            Some(index) => self.op_number(Op::Select, 0, chosen, Reg(0), index, span),
            None => self.too_large(span, "the program has more than 65,535 selects"),
        }

        let done = self.asm.label();
        let labels: Vec<Label> = arms.iter().map(|_| self.asm.label()).collect();
        let other = self.asm.label();
        if arms.len() > MAX_COMPARED && self.lowerer.jump_tables.len() < u16::MAX as usize {
            let mut targets = labels.clone();
            targets.push(other);
            self.asm.switch(chosen.operand(), targets, span);
        } else {
            for (i, &label) in labels.iter().enumerate().skip(1) {
                self.jump_imm(Op::JumpEqImm, chosen, i as i16, label, span);
            }
            if default.is_some() && !arms.is_empty() {
                self.jump_imm(Op::JumpNeImm, chosen, 0, other, span);
            }
            if let Some(&first) = labels.first() {
                self.goto_next(first);
            } else {
                self.goto(other, span);
            }
        }
        for (arm, &label) in arms.iter().zip(&labels) {
            self.asm.bind(label);
            self.select_arm(arm, received, dest, done);
            self.goto(done, super::expr::end_of(arm.body.span));
        }
        self.asm.bind(other);
        match default {
            Some(default) => self.conditional(default.span, |e| e.expr_into(default, dest)),
            // Without a default one of the arms was chosen; without arms nothing ever is.
            None => self.op(Op::Trap, 3, Reg(0), Reg(0), Reg(0), span),
        }
        self.asm.bind(done);
        self.end_scope(scope, super::expr::end_of(span));
    }

    /// Control falls to the label, which is bound next.
    fn goto_next(&mut self, label: Label) {
        self.goto(label, Span::default());
        self.asm.fall_into(label);
    }

    fn select_arm(&mut self, arm: &'p SelectArm, received: Reg, dest: Option<Reg>, done: Label) {
        self.branch_depth += 1;
        let scope = self.begin_scope();
        let skipped = self.asm.label();
        if let Some(pattern) = &arm.pattern {
            if matches!(pattern.kind, PatternKind::Wild) {
                self.drop_value(received, pattern.ty, pattern.span);
            } else if let PatternKind::Bind(id, None) = pattern.kind {
                // It stays where it was received.
                self.place_local(id, received);
                self.local_ready(id, true, pattern.span);
            } else {
                self.declare_bindings(pattern);
                let mut moves = Moves::default();
                self.pattern(pattern, received, Some(skipped), true, &mut moves);
                self.commit_pattern(pattern, &moves, received, pattern.span);
                self.make_cells(&moves, pattern.span);
                self.bindings_ready(&moves, true, pattern.span);
            }
        }
        self.scoped(arm.body.span, |e| e.expr_into(&arm.body, dest));
        self.end_scope(scope, super::expr::end_of(arm.body.span));
        self.branch_depth -= 1;
        if self.asm.is_used(skipped) {
            self.goto(done, arm.span);
            self.asm.bind(skipped);
            if let Some(dest) = dest {
                self.load_unit(dest, arm.span);
            }
        }
    }
}
