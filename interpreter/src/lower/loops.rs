//! Loops, labelled blocks, and the ways out of them: `break`, `continue`, `return`.
//!
//! Loops are turned over: the test stands before the first turn and again at the bottom, where it is one instruction with the jump back.
//! Constants that instructions inside need in a register are loaded once, before the outermost loop.

use super::analysis::{Use, loop_constants, peel, size_up_to};
use super::branch::immediate;
use super::expr::{constant_of, end_of};
use super::function::{Emitter, Frame};
use super::kinds::Number;
use super::pattern::Moves;
use crate::bytecode::instr::{Instr, Reg};
use crate::bytecode::ops::Op;
use crate::core::{Const, Expr, ExprKind, IterKind, LabelId, PatternKind, Stmt};
use crate::source::Span;
use crate::types::{Ty, Types};
use crate::value::Tag;

/// A condition larger than this is not repeated at the bottom of its loop.
const MAX_REPEATED: usize = 16;

impl<'p> Emitter<'_, 'p> {
    fn enter_loop(&mut self, label: LabelId, dest: Option<Reg>) -> (super::asm::Label, super::asm::Label) {
        let (exit, next) = (self.asm.label(), self.asm.label());
        let first_entry = self.entries.len();
        self.frames.push(Frame { label, break_to: exit, continue_to: Some(next), dest, first_entry });
        self.branch_depth += 1;
        (exit, next)
    }

    fn leave_loop(&mut self) {
        self.frames.pop();
        self.branch_depth -= 1;
    }

    /// Loads the constants of a loop that is not inside another one; gives how many were there before.
    fn hoist(&mut self, parts: &[&'p Expr], span: Span) -> usize {
        let before = self.hoisted.len();
        if before > 0 || self.in_landing {
            return before;
        }
        let kinds = &self.lowerer.kinds;
        let needs_register = |constant: &Const, ty: Ty, how: Use| -> bool {
            if matches!(constant, Const::Unit | Const::Nil) {
                return false;
            }
            let number = kinds.number(ty);
            let small = immediate(constant).is_some();
            match how {
                Use::AddImm => !(small && matches!(number, Number::I64 | Number::Narrow(_) | Number::U64(_))),
                Use::Compare => !(small && number.signed_order()),
                Use::CompareEq => !(small && number.same_payload()),
                Use::Operand => true,
            }
        };
        let found = loop_constants(parts, &needs_register);
        for (constant, ty) in found {
            let register = self.alloc(span);
            self.load_const(constant, ty, register, span);
            self.hoisted.push((constant, ty, register));
        }
        before
    }

    /// The body of a loop: a scope of its own each turn.
    fn body(&mut self, body: &'p Expr) {
        let scope = self.begin_scope();
        self.expr_void(body);
        self.end_scope(scope, end_of(body.span));
    }

    /// What the loop's value is when it ends by itself; then the place to which `break` goes.
    fn end_loop(&mut self, otherwise: Option<&'p Expr>, exit: super::asm::Label, dest: Option<Reg>, span: Span) {
        self.leave_loop();
        match (otherwise, dest) {
            (Some(value), dest) => self.conditional(span, |e| e.expr_into(value, dest)),
            (None, Some(dest)) => self.load_unit(dest, span),
            (None, None) => {}
        }
        self.asm.bind(exit);
    }

    pub fn labelled(&mut self, label: LabelId, body: &'p Expr, dest: Option<Reg>, span: Span) {
        let exit = self.asm.label();
        let first_entry = self.entries.len();
        self.frames.push(Frame { label, break_to: exit, continue_to: None, dest, first_entry });
        self.conditional(span, |e| e.expr_into(body, dest));
        self.frames.pop();
        self.asm.bind(exit);
    }

    pub fn loop_forever(&mut self, label: LabelId, body: &'p Expr, dest: Option<Reg>, span: Span) {
        let mark = self.mark();
        let hoisted = self.hoist(&[body], span);
        let (exit, next) = self.enter_loop(label, dest);
        let head = self.asm.label();
        self.asm.bind(head);
        self.body(body);
        self.asm.bind(next);
        self.jump(Op::Loop, Reg(0), Reg(0), head, end_of(span));
        self.leave_loop();
        self.asm.bind(exit);
        self.hoisted.truncate(hoisted);
        self.reset(mark);
    }

    pub fn while_loop(
        &mut self,
        label: LabelId,
        cond: &'p Expr,
        body: &'p Expr,
        otherwise: Option<&'p Expr>,
        dest: Option<Reg>,
        span: Span,
    ) {
        if constant_of(cond) == Some(&Const::Bool(true)) {
            self.loop_forever(label, body, dest, span);
            return;
        }
        let mark = self.mark();
        let hoisted = self.hoist_while(cond, body, span);
        let (exit, next) = self.enter_loop(label, dest);
        let (head, ended) = (self.asm.label(), self.asm.label());
        if size_up_to(cond, MAX_REPEATED) < MAX_REPEATED {
            self.scoped_branch(cond, ended, false);
            self.asm.bind(head);
            self.body(body);
            self.asm.bind(next);
            self.branch_back(cond, head, ended);
        } else {
            self.asm.bind(head);
            self.asm.bind(next);
            self.scoped_branch(cond, ended, false);
            self.body(body);
            // `continue` goes to the test, which stands at the head.
            self.jump(Op::Loop, Reg(0), Reg(0), head, end_of(span));
        }
        self.asm.bind(ended);
        self.end_loop(otherwise, exit, dest, span);
        self.hoisted.truncate(hoisted);
        self.reset(mark);
    }

    /// As [`Emitter::hoist`], with the operands of the test, which has no immediate form at the bottom.
    fn hoist_while(&mut self, cond: &'p Expr, body: &'p Expr, span: Span) -> usize {
        let before = self.hoist(&[cond, body], span);
        if before == 0
            && !self.in_landing
            && let ExprKind::Compare(op, left, right) = &peel(cond).kind
            && !matches!(op, crate::core::CompareOp::Eq | crate::core::CompareOp::Ne)
        {
            for side in [left, right] {
                let side = peel(side);
                if let ExprKind::Const(constant) = &side.kind
                    && !self.hoisted.iter().any(|(c, ty, _)| *c == constant && *ty == side.ty)
                {
                    let register = self.alloc(span);
                    self.load_const(constant, side.ty, register, span);
                    self.hoisted.push((constant, side.ty, register));
                }
            }
        }
        before
    }

    pub fn for_range(&mut self, expr: &'p Expr, dest: Option<Reg>) {
        let ExprKind::ForRange { label, var, lo, hi, inclusive, body, otherwise } = &expr.kind else { return };
        let span = lo.span.to(hi.span);
        let mark = self.mark();
        let hoisted = self.hoist(&[expr], expr.span);
        // A variable of any type counts by the type of its range.
        let ty = if self.is_dynamic(self.local_type(*var)) { lo.ty } else { self.local_type(*var) };
        let number = self.lowerer.kinds.number(ty);
        // A variable that changes, or that a closure shares, is a copy of the counter.
        let own = self.is_cell(*var) || self.is_assigned(*var);
        let counter = self.alloc(span);
        self.expr_to(lo, counter);
        let limit = self.bound(hi, expr);
        let (exit, next) = self.enter_loop(*label, dest);
        let (head, ended) = (self.asm.label(), self.asm.label());
        let first = self.begin_scope();
        let enters = match (constant_of(lo), constant_of(hi)) {
            (Some(Const::Int(lo)), Some(Const::Int(hi))) => lo < hi || (*inclusive && lo == hi),
            _ => false,
        };
        let unsigned = matches!(number, Number::U64(_));
        let typed = number.signed_order() || unsigned;
        if !enters {
            let (op, a, b) = match (typed, unsigned, inclusive) {
                (true, false, false) => (Op::JumpLeI, limit, counter),
                (true, false, true) => (Op::JumpLtI, limit, counter),
                (true, true, false) => (Op::JumpLeU, limit, counter),
                (true, true, true) => (Op::JumpLtU, limit, counter),
                (false, ..) => {
                    let truth = self.alloc(span);
                    let past = if *inclusive { crate::core::CompareOp::Gt } else { crate::core::CompareOp::Ge };
                    self.op(Op::Compare, past as u8, truth, counter, limit, span);
                    (Op::JumpIf, truth, Reg(0))
                }
            };
            self.jump(op, a, b, ended, span);
        }
        self.asm.bind(head);
        let turn = self.begin_scope();
        if own {
            let register = self.declare(*var, span);
            self.copy(register, counter, span);
        } else {
            self.place_local(*var, counter);
        }
        self.local_ready(*var, true, span);
        self.body(body);
        self.end_scope(turn, end_of(body.span));
        self.asm.bind(next);
        match (typed, unsigned, inclusive) {
            (true, false, false) => self.jump(Op::ForStep, counter, limit, head, span),
            (true, false, true) => self.jump(Op::ForStepIncl, counter, limit, head, span),
            (true, true, false) => self.jump(Op::ForStepU, counter, limit, head, span),
            (true, true, true) => self.jump(Op::ForStepInclU, counter, limit, head, span),
            (false, ..) => self.slow_step(counter, limit, ty, *inclusive, head, ended, span),
        }
        self.asm.bind(ended);
        self.end_scope(first, span);
        self.end_loop(otherwise.as_deref(), exit, dest, expr.span);
        self.hoisted.truncate(hoisted);
        self.reset(mark);
    }

    /// The step of a range whose numbers no typed instruction counts (128 bits, type parameters).
    #[expect(clippy::too_many_arguments, reason = "the parts of one loop")]
    fn slow_step(
        &mut self,
        counter: Reg,
        limit: Reg,
        ty: Ty,
        inclusive: bool,
        head: super::asm::Label,
        ended: super::asm::Label,
        span: Span,
    ) {
        let mark = self.mark();
        let other = self.alloc(span);
        let equal = crate::core::CompareOp::Ge as u8;
        if inclusive {
            // Tested before the step, so that the largest number does not overflow.
            self.op(Op::Compare, equal, other, counter, limit, span);
            self.jump(Op::JumpIf, other, Reg(0), ended, span);
        }
        self.load_const(&Const::Int(1), ty, other, span);
        self.op(Op::Arith, crate::core::BinaryOp::Add as u8, counter, counter, other, span);
        if !inclusive {
            self.op(Op::Compare, equal, other, counter, limit, span);
            self.jump(Op::JumpIf, other, Reg(0), ended, span);
        }
        self.jump(Op::Loop, Reg(0), Reg(0), head, span);
        self.reset(mark);
    }

    /// The bound of a range in a register that nothing in the loop changes.
    fn bound(&mut self, hi: &'p Expr, range: &'p Expr) -> Reg {
        self.operand_before(hi, &[range])
    }

    pub fn for_each(&mut self, expr: &'p Expr, dest: Option<Reg>) {
        let ExprKind::ForEach { label, pattern, iter, iterable, clone_elements, body, otherwise } = &expr.kind else {
            return;
        };
        let span = iterable.span;
        let outer = self.begin_scope();
        let hoisted = self.hoist(&[body], expr.span);
        let container = self.iterated(iterable, body);
        let (exit, next) = self.enter_loop(*label, dest);
        let (head, ended) = (self.asm.label(), self.asm.label());
        let is_channel = *iter == IterKind::Channel;
        let mut counter = Reg(0);
        let element = if is_channel {
            match &pattern.kind {
                PatternKind::Bind(id, None) => self.declare(*id, span),
                _ => self.alloc(span),
            }
        } else {
            counter = self.alloc_many(2, span);
            self.load_imm(counter, Tag::Usize, 0, span);
            Reg(counter.0 + 1)
        };
        // Elements of a list of droppable values move out of it one by one.
        let mut bound = Vec::new();
        super::pattern::bindings(pattern, &mut bound);
        let moves_out = *iter == IterKind::List
            && bound.iter().any(|&id| {
                let ty = self.local_type(id);
                self.lowerer.kinds.is_droppable(ty)
            });
        let taken = if moves_out { Some(self.alloc_many(2, span)) } else { None };
        self.asm.bind(head);
        if is_channel {
            self.jump(Op::RecvOrJump, element, container, ended, span);
        } else {
            if let Some(taken) = taken {
                self.copy(taken, counter, span);
            }
            self.asm.jump(
                Instr::new(Op::IterNext, *iter as u8, counter.operand(), container.operand(), 0),
                ended,
                span,
            );
            if let Some(taken) = taken {
                let unset = Reg(taken.0 + 1);
                self.clear(unset, span);
                self.op(Op::SetIndex, 0, container, taken, unset, span);
            }
        }
        let turn = self.begin_scope();
        if *clone_elements && !self.lowerer.kinds.is_scalar(pattern.ty) && self.cloning_matters(pattern.ty) {
            self.op(Op::Clone, 0, element, element, Reg(0), span);
        }
        match &pattern.kind {
            PatternKind::Bind(id, None) => {
                self.place_local(*id, element);
                let ty = self.local_type(*id);
                if !is_channel && !*clone_elements && self.lowerer.kinds.clones_on_copy(ty) {
                    self.op(Op::Clone, 0, element, element, Reg(0), span);
                }
                self.local_ready(*id, is_channel || moves_out, pattern.span);
            }
            PatternKind::Wild => {
                if is_channel {
                    self.drop_value(element, pattern.ty, span);
                }
            }
            _ => {
                self.declare_bindings(pattern);
                let mut moves = Moves::default();
                let owned = is_channel || moves_out || *clone_elements || *iter == IterKind::Map;
                self.pattern(pattern, element, None, owned, &mut moves);
                self.commit_moves(&moves, element, span);
                self.make_cells(&moves, pattern.span);
                self.bindings_ready(&moves, owned, pattern.span);
            }
        }
        self.body(body);
        self.end_scope(turn, end_of(body.span));
        self.asm.bind(next);
        self.jump(Op::Loop, Reg(0), Reg(0), head, span);
        self.asm.bind(ended);
        self.end_loop(otherwise.as_deref(), exit, dest, expr.span);
        self.hoisted.truncate(hoisted);
        self.end_scope(outer, end_of(expr.span));
    }

    /// Strings are immutable and handles are shared: a clone of them would be the same.
    fn cloning_matters(&self, ty: Ty) -> bool {
        use crate::types::TyKind as K;
        !matches!(
            self.lowerer.kinds.kind(self.lowerer.kinds.strip(ty)),
            K::Str | K::String | K::Channel(_) | K::Mutex(_) | K::RwLock(_) | K::Atomic(_) | K::WaitGroup | K::Fn(..)
        )
    }

    /// What a loop walks over: a variable that the body assigns to is read once.
    fn iterated(&mut self, iterable: &'p Expr, body: &'p Expr) -> Reg {
        match &iterable.kind {
            ExprKind::Borrow(_) | ExprKind::BorrowMut(_) => self.operand_before(iterable, &[body]),
            ExprKind::Read(place) if !self.lowerer.kinds.is_droppable(place.ty) => {
                // The elements are copied or cloned one by one; the container need not be.
                match self.plain_local(place) {
                    Some(id) if !super::analysis::may_change(body, id) => self.register(id, iterable.span),
                    _ => {
                        let register = self.alloc(iterable.span);
                        self.borrow_to(place, register);
                        register
                    }
                }
            }
            _ => self.owned(iterable),
        }
    }

    pub fn break_to(&mut self, label: LabelId, value: Option<&'p Expr>, span: Span) {
        let Some(frame) = self.frames.iter().rev().find(|f| f.label == label) else { return };
        let (target, dest, first_entry) = (frame.break_to, frame.dest, frame.first_entry);
        match (value, dest) {
            (Some(value), dest) => self.scoped(span, |e| e.expr_into(value, dest)),
            (None, Some(dest)) => self.load_unit(dest, span),
            (None, None) => {}
        }
        let before = self.emit_exits(first_entry, span);
        self.goto(target, span);
        self.restore_entries(before);
    }

    /// Where a branch goes that does nothing but leave or repeat a loop, if nothing happens on the way.
    pub fn plain_exit(&self, expr: &Expr) -> Option<super::asm::Label> {
        let (label, leaves) = match &expr.kind {
            ExprKind::Break(label, None) => (label, true),
            ExprKind::Continue(label) => (label, false),
            ExprKind::Block(stmts, tail) => {
                return match (&stmts[..], tail) {
                    ([], Some(tail)) => self.plain_exit(tail),
                    ([Stmt::Expr(only)], None) => self.plain_exit(only),
                    _ => None,
                };
            }
            _ => return None,
        };
        let frame = self.frames.iter().rev().find(|f| f.label == *label)?;
        let quiet = !self.has_exits(frame.first_entry) && (frame.dest.is_none() || !leaves);
        if leaves { Some(frame.break_to) } else { frame.continue_to }.filter(|_| quiet)
    }

    pub fn continue_to(&mut self, label: LabelId, span: Span) {
        let Some(frame) = self.frames.iter().rev().find(|f| f.label == label) else { return };
        let (Some(target), first_entry) = (frame.continue_to, frame.first_entry) else { return };
        let before = self.emit_exits(first_entry, span);
        self.goto(target, span);
        self.restore_entries(before);
    }

    pub fn return_value(&mut self, value: Option<&'p Expr>, span: Span) {
        let unit = self.function.is_some_and(|f| self.lowerer.kinds.is_unit(f.ret));
        let mark = self.mark();
        let naming = self.result_name();
        let result = match value {
            Some(value) if !unit => {
                let value_type = value.ty;
                if self.has_exits(0) || self.leaves_temporaries(value) || value_type == Types::NEVER {
                    // What runs on the way out must not change it.
                    let register = self.alloc(span);
                    self.scoped(span, |e| {
                        e.naming = naming;
                        e.expr_to(value, register);
                    });
                    Some(register)
                } else {
                    self.naming = naming;
                    Some(self.operand(value))
                }
            }
            Some(value) => {
                self.scoped(span, |e| e.expr_void(value));
                None
            }
            None => None,
        };
        let before = self.emit_exits(0, span);
        match result {
            Some(register) => self.op(Op::Return, 0, register, Reg(0), Reg(0), span),
            None => self.op(Op::ReturnUnit, 0, Reg(0), Reg(0), Reg(0), span),
        }
        self.restore_entries(before);
        self.reset(mark);
    }
}
