//! Patterns: tests that jump away where they fail, and bindings, in one walk; `let`.
//!
//! Binding a droppable part moves it, but only once the whole pattern and its guard hold: until then such moves are noted in
//! [`Moves`]. They then mark the place that the part came from as unset, so that the whole can still be released.

use super::branch::immediate;
use super::function::{Emitter, NameOf};
use super::kinds::Number;
use crate::builtins::Builtin;
use crate::bytecode::instr::{Instr, Reg};
use crate::bytecode::ops::Op;
use crate::core::{Const, Expr, ExprKind, LocalId, Pattern, PatternKind, PlaceBase};
use crate::lower::asm::Label;
use crate::source::Span;
use crate::types::{Ty, TyKind, Types};
use crate::value::Tag;

/// Droppable parts that a pattern binds: the local, and the record and field that it comes from (none: the whole value).
#[derive(Default)]
pub struct Moves {
    list: Vec<(LocalId, Option<(Reg, u16)>)>,
    /// All locals that were bound, in order.
    bound: Vec<LocalId>,
}

impl<'p> Emitter<'_, 'p> {
    /// `let pattern = value`
    pub fn let_statement(&mut self, pattern: &'p Pattern, value: &'p Expr, span: Span) {
        if let PatternKind::Bind(id, None) = &pattern.kind {
            let register = self.declare(*id, span);
            self.scoped(span, |e| {
                e.naming = Some(NameOf::Local(*id).into());
                e.expr_to(value, register);
            });
            self.local_ready(*id, !self.is_look(value), pattern.span);
            return;
        }
        if let PatternKind::Wild = &pattern.kind {
            // `let _ = e`: evaluated, and dropped like a statement's value.
            self.scoped(span, |e| e.expr_void(value));
            return;
        }
        self.declare_bindings(pattern);
        let mut moves = Moves::default();
        let scope = self.begin_scope();
        let (register, owned) = self.scrutinee(value);
        let failed = self.asm.label();
        self.pattern(pattern, register, Some(failed), owned, &mut moves);
        self.commit_pattern(pattern, &moves, register, span);
        if self.asm.is_used(failed) {
            let done = self.asm.label();
            self.goto(done, span);
            self.asm.bind(failed);
            self.op(Op::Trap, 1, Reg(0), Reg(0), Reg(0), span);
            self.asm.bind(done);
        }
        self.end_scope(scope, span);
        self.make_cells(&moves, span);
        self.bindings_ready(&moves, owned, span);
    }

    /// `let x` without a value: unset until it is assigned.
    pub fn declare_unset(&mut self, pattern: &'p Pattern, span: Span) {
        let mut bound = Vec::new();
        bindings(pattern, &mut bound);
        for id in bound {
            let register = self.declare(id, span);
            self.clear(register, span);
            self.local_ready(id, true, span);
        }
    }

    /// Gives all locals of a pattern their registers.
    pub fn declare_bindings(&mut self, pattern: &'p Pattern) {
        let mut bound = Vec::new();
        bindings(pattern, &mut bound);
        for id in bound {
            self.declare(id, pattern.span);
        }
    }

    /// Evaluates what is matched: its register, and whether the bindings take the value's parts over.
    pub fn scrutinee(&mut self, value: &'p Expr) -> (Reg, bool) {
        let droppable = self.lowerer.kinds.is_droppable(value.ty);
        match &value.kind {
            ExprKind::Borrow(_) | ExprKind::BorrowMut(_) => (self.operand(value), false),
            ExprKind::Read(place) if !droppable => {
                if let PlaceBase::Value(inner) = &place.base
                    && place.projections.is_empty()
                {
                    return self.scrutinee(inner);
                }
                let register = match self.plain_local(place) {
                    // The arms may assign to the variable, but the parts are taken out before.
                    Some(id) => self.register(id, value.span),
                    None => {
                        let register = self.alloc(value.span);
                        self.borrow_to(place, register);
                        register
                    }
                };
                (register, false)
            }
            _ if droppable => (self.owned(value), true),
            _ => (self.operand(value), true),
        }
    }

    /// Tests the value in a register and binds what the pattern names; jumps to `fail` where it does not match. Without `fail` it is known
    /// to match, and nothing is tested.
    pub fn pattern(&mut self, pattern: &'p Pattern, value: Reg, fail: Option<Label>, owned: bool, moves: &mut Moves) {
        let span = pattern.span;
        if self.gave_up(span) {
            return;
        }
        match &pattern.kind {
            PatternKind::Wild => {}
            PatternKind::Bind(id, inner) => {
                self.bind(*id, value, owned, span);
                self.note_binding(*id, None, owned, moves);
                if let Some(inner) = inner {
                    self.pattern(inner, value, fail, false, moves);
                }
            }
            PatternKind::Const(constant) => {
                if let Some(fail) = fail {
                    self.test_const(constant, pattern.ty, value, fail, span);
                }
            }
            PatternKind::Range { lo, hi, inclusive } => {
                if let Some(fail) = fail {
                    if let Some(lo) = lo {
                        self.test_bound(value, lo, pattern.ty, Bound::AtLeast, fail, span);
                    }
                    if let Some(hi) = hi {
                        let bound = if *inclusive { Bound::AtMost } else { Bound::Below };
                        self.test_bound(value, hi, pattern.ty, bound, fail, span);
                    }
                }
            }
            PatternKind::Variant(variant, fields) => {
                if let Some(fail) = fail {
                    self.test_variant(value, *variant, fail, span);
                }
                for (i, field) in fields.iter().enumerate() {
                    self.field_pattern(field, value, i as u16, fail, owned, moves);
                }
            }
            PatternKind::Fields(fields) => {
                for (i, field) in fields {
                    self.field_pattern(field, value, *i as u16, fail, owned, moves);
                }
            }
            PatternKind::List { before, rest, after } => {
                self.list_pattern(before, rest, after, value, fail, owned, moves, span);
            }
            PatternKind::Or(alternatives) => self.or_pattern(alternatives, value, fail, owned, moves, span),
            PatternKind::TypeTest(ty, inner) => {
                if let Some(fail) = fail {
                    let kind = self.lowerer.kinds.runtime_type(*ty);
                    let index = self.lowerer.tables.type_test(kind);
                    self.asm.jump(
                        Instr::new(Op::JumpNotType, 0, value.operand(), index.min(u16::MAX as u32) as u16, 0),
                        fail,
                        span,
                    );
                }
                self.pattern(inner, value, fail, owned, moves);
            }
        }
    }

    /// The test for a variant alone.
    pub fn test_variant(&mut self, value: Reg, variant: u32, fail: Label, span: Span) {
        self.asm.jump(
            Instr::new(Op::JumpNotVariant, 0, value.operand(), variant.min(u16::MAX as u32) as u16, 0),
            fail,
            span,
        );
    }

    fn or_pattern(
        &mut self,
        alternatives: &'p [Pattern],
        value: Reg,
        fail: Option<Label>,
        owned: bool,
        moves: &mut Moves,
        span: Span,
    ) {
        let matched = self.asm.label();
        for (i, alternative) in alternatives.iter().enumerate() {
            let last = i + 1 == alternatives.len();
            // Each alternative takes its parts from its own places, so its moves are done at once.
            let mut own = Moves::default();
            let next = if last { None } else { Some(self.asm.label()) };
            self.pattern(alternative, value, next.or(fail), owned, &mut own);
            self.commit_moves(&own, value, span);
            if let Some(next) = next {
                self.goto(matched, span);
                self.asm.bind(next);
            }
            // All bind the same locals: the first one names them.
            if i == 0 {
                moves.bound.extend(own.bound);
            }
        }
        self.asm.bind(matched);
    }

    pub fn field_pattern(
        &mut self,
        field: &'p Pattern,
        record: Reg,
        position: u16,
        fail: Option<Label>,
        owned: bool,
        moves: &mut Moves,
    ) {
        let span = field.span;
        match &field.kind {
            PatternKind::Wild => {}
            PatternKind::Bind(id, None) => {
                let register = self.register(*id, span);
                self.op_number(Op::GetField, 0, register, record, position, span);
                self.copy_bound(*id, register, owned, span);
                self.note_binding(*id, Some((record, position)), owned, moves);
            }
            _ => {
                // Its register stays: a noted move may come back to it.
                let part = self.alloc(span);
                self.op_number(Op::GetField, 0, part, record, position, span);
                self.pattern(field, part, fail, owned, moves);
            }
        }
    }

    fn element_pattern(
        &mut self,
        element: &'p Pattern,
        list: Reg,
        index: Reg,
        fail: Option<Label>,
        owned: bool,
        moves: &mut Moves,
    ) {
        if let PatternKind::Wild = element.kind {
            return;
        }
        if let PatternKind::Bind(id, None) = element.kind {
            let register = self.register(id, element.span);
            self.op(Op::GetIndex, 0, register, list, index, element.span);
            self.copy_bound(id, register, owned, element.span);
            self.note_binding(id, None, false, moves);
            return;
        }
        let part = self.alloc(element.span);
        self.op(Op::GetIndex, 0, part, list, index, element.span);
        self.pattern(element, part, fail, owned, moves);
    }

    #[expect(clippy::too_many_arguments, reason = "the parts of one kind of pattern")]
    fn list_pattern(
        &mut self,
        before: &'p [Pattern],
        rest: &'p Option<Option<LocalId>>,
        after: &'p [Pattern],
        list: Reg,
        fail: Option<Label>,
        owned: bool,
        moves: &mut Moves,
        span: Span,
    ) {
        let needed = before.len() + after.len();
        let usize_ty = Types::USIZE;
        let length = self.alloc(span);
        self.op(Op::Len, 0, length, list, Reg(0), span);
        if let Some(fail) = fail {
            let op = if rest.is_some() { Bound::AtLeast } else { Bound::Exactly };
            self.test_bound(length, &Const::Int(needed as i128), usize_ty, op, fail, span);
        }
        for (i, element) in before.iter().enumerate() {
            let index = self.alloc(span);
            self.load_const(&Const::Int(i as i128), usize_ty, index, span);
            self.element_pattern(element, list, index, fail, owned, moves);
        }
        if let Some(Some(id)) = rest {
            let row = self.alloc_many(3, span);
            self.copy(row, list, span);
            self.load_const(&Const::Int(before.len() as i128), usize_ty, Reg(row.0 + 1), span);
            self.position_from_end(Reg(row.0 + 2), length, after.len(), span);
            let register = self.register(*id, span);
            self.call_builtin(Builtin::ListSlice, 3, register, row, span);
            moves.bound.push(*id);
        }
        for (i, element) in after.iter().enumerate() {
            let index = self.alloc(span);
            self.position_from_end(index, length, after.len() - i, span);
            self.element_pattern(element, list, index, fail, owned, moves);
        }
    }

    /// `dest = length - distance`
    fn position_from_end(&mut self, dest: Reg, length: Reg, distance: usize, span: Span) {
        match i16::try_from(distance) {
            Ok(small) => {
                self.op_number(Op::AddImmU, Tag::Usize as u8, dest, length, (-small) as u16, span);
            }
            Err(_) => {
                self.load_const(&Const::Int(distance as i128), Types::USIZE, dest, span);
                self.op(Op::SubU, Tag::Usize as u8, dest, length, dest, span);
            }
        }
    }

    fn bind(&mut self, id: LocalId, value: Reg, owned: bool, span: Span) {
        let register = self.register(id, span);
        self.copy(register, value, span);
        self.copy_bound(id, register, owned, span);
    }

    /// What a pattern binds by looking is a copy of its own.
    fn copy_bound(&mut self, id: LocalId, register: Reg, owned: bool, span: Span) {
        let ty = self.local_type(id);
        if !owned && self.lowerer.kinds.clones_on_copy(ty) {
            self.op(Op::Clone, 0, register, register, Reg(0), span);
        }
    }

    fn note_binding(&mut self, id: LocalId, from: Option<(Reg, u16)>, owned: bool, moves: &mut Moves) {
        moves.bound.push(id);
        let ty = self.local_type(id);
        if owned && self.lowerer.kinds.is_droppable(ty) {
            moves.list.push((id, from));
        }
    }

    /// Whether the pattern binds everything in its value that must be released.
    fn takes_all(&mut self, pattern: &Pattern) -> bool {
        match &pattern.kind {
            PatternKind::Bind(..) | PatternKind::Const(_) | PatternKind::Range { .. } => true,
            PatternKind::Wild => !self.lowerer.kinds.is_droppable(pattern.ty),
            PatternKind::Variant(_, fields) => fields.iter().all(|field| self.takes_all(field)),
            PatternKind::Fields(fields) => {
                let own_drop = match self.lowerer.kinds.kind(pattern.ty) {
                    TyKind::Struct(id, _) => {
                        self.lowerer.program.structs.get(id.0 as usize).is_none_or(|s| s.drop.is_some())
                    }
                    _ => false,
                };
                !own_drop && fields.iter().all(|(_, field)| self.takes_all(field))
            }
            PatternKind::TypeTest(_, inner) => self.takes_all(inner),
            PatternKind::Or(_) | PatternKind::List { .. } => false,
        }
    }

    /// The pattern and its guard hold: moved parts are gone from where they were. Where nothing that must be released is left
    /// in the whole value, that is gone.
    pub fn commit_pattern(&mut self, pattern: &Pattern, moves: &Moves, whole: Reg, span: Span) {
        if !moves.list.is_empty() && self.takes_all(pattern) {
            self.clear(whole, span);
        } else {
            self.commit_moves(moves, whole, span);
        }
    }

    /// Moved parts are gone from where they were.
    pub fn commit_moves(&mut self, moves: &Moves, whole: Reg, span: Span) {
        for (_, from) in &moves.list {
            match from {
                None => self.clear(whole, span),
                Some((record, position)) => {
                    let mark = self.mark();
                    let unset = self.alloc(span);
                    self.clear(unset, span);
                    self.asm.emit(Instr::new(Op::SetField, 0, record.operand(), *position, unset.operand()), span);
                    self.reset(mark);
                }
            }
        }
    }

    /// Bound locals that live in cells move there.
    pub fn make_cells(&mut self, moves: &Moves, span: Span) {
        for &id in &moves.bound {
            self.make_cell(id, span);
        }
    }

    /// The bound locals have their values, in their cells where they live in one.
    pub fn bindings_ready(&mut self, moves: &Moves, owned: bool, span: Span) {
        for &id in &moves.bound {
            self.local_in_place(id, owned, span);
        }
    }

    fn test_const(&mut self, constant: &'p Const, ty: Ty, value: Reg, fail: Label, span: Span) {
        let mark = self.mark();
        match constant {
            Const::Unit => {}
            Const::Bool(true) => self.jump(Op::JumpIfNot, value, Reg(0), fail, span),
            Const::Bool(false) => self.jump(Op::JumpIf, value, Reg(0), fail, span),
            _ => {
                let number = self.lowerer.kinds.number(ty);
                match immediate(constant) {
                    Some(n) if number.same_payload() => self.jump_imm(Op::JumpNeImm, value, n, fail, span),
                    _ => {
                        let other = self.alloc(span);
                        self.load_const(constant, ty, other, span);
                        if number.same_payload() {
                            self.jump(Op::JumpNeI, value, other, fail, span);
                        } else {
                            let equal = crate::core::CompareOp::Eq as u8;
                            self.op(Op::Compare, equal, other, value, other, span);
                            self.jump(Op::JumpIfNot, other, Reg(0), fail, span);
                        }
                    }
                }
            }
        }
        self.reset(mark);
    }

    /// Jumps to `fail` unless the value keeps the bound.
    fn test_bound(&mut self, value: Reg, limit: &Const, ty: Ty, bound: Bound, fail: Label, span: Span) {
        use crate::core::CompareOp as C;
        let mark = self.mark();
        let number = self.lowerer.kinds.number(ty);
        // Lengths and small unsigned numbers compare like signed ones only where the value is known to be small: not in general.
        let length = ty == Types::USIZE && matches!(bound, Bound::Exactly);
        match immediate(limit) {
            Some(n) if number.signed_order() || length => {
                let op = match bound {
                    Bound::AtLeast => Op::JumpLtImm,
                    Bound::AtMost => Op::JumpGtImm,
                    Bound::Below => Op::JumpGeImm,
                    Bound::Exactly => Op::JumpNeImm,
                };
                self.jump_imm(op, value, n, fail, span);
            }
            _ => {
                let other = self.alloc(span);
                self.load_const(limit, ty, other, span);
                let (lt, le) = match number {
                    Number::U64(_) => (Op::JumpLtU, Op::JumpLeU),
                    Number::F64 => (Op::JumpNotLeF, Op::JumpNotLtF),
                    _ => (Op::JumpLtI, Op::JumpLeI),
                };
                match (number, bound) {
                    (Number::Dynamic, _) => {
                        let op = match bound {
                            Bound::AtLeast => C::Ge,
                            Bound::AtMost => C::Le,
                            Bound::Below => C::Lt,
                            Bound::Exactly => C::Eq,
                        };
                        self.op(Op::Compare, op as u8, other, value, other, span);
                        self.jump(Op::JumpIfNot, other, Reg(0), fail, span);
                    }
                    // Not (limit <= value), not (value <= limit), not (value < limit).
                    (Number::F64, Bound::AtLeast) => self.jump(lt, other, value, fail, span),
                    (Number::F64, Bound::AtMost) => self.jump(lt, value, other, fail, span),
                    (Number::F64, _) => self.jump(le, value, other, fail, span),
                    (_, Bound::AtLeast) => self.jump(lt, value, other, fail, span),
                    (_, Bound::AtMost) => self.jump(lt, other, value, fail, span),
                    (_, Bound::Below) => self.jump(le, other, value, fail, span),
                    (_, Bound::Exactly) => self.jump(Op::JumpNeI, value, other, fail, span),
                }
            }
        }
        self.reset(mark);
    }
}

/// What a value must keep.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Bound {
    AtLeast,
    AtMost,
    Below,
    Exactly,
}

/// All locals that a pattern binds, once each, in order.
pub fn bindings(pattern: &Pattern, found: &mut Vec<LocalId>) {
    match &pattern.kind {
        PatternKind::Wild | PatternKind::Const(_) | PatternKind::Range { .. } => {}
        PatternKind::Bind(id, inner) => {
            found.push(*id);
            inner.iter().for_each(|p| bindings(p, found));
        }
        PatternKind::Variant(_, fields) => fields.iter().for_each(|p| bindings(p, found)),
        PatternKind::Fields(fields) => fields.iter().for_each(|(_, p)| bindings(p, found)),
        PatternKind::List { before, rest, after } => {
            before.iter().for_each(|p| bindings(p, found));
            found.extend(rest.iter().flatten());
            after.iter().for_each(|p| bindings(p, found));
        }
        PatternKind::Or(alternatives) => alternatives.iter().take(1).for_each(|p| bindings(p, found)),
        PatternKind::TypeTest(_, inner) => bindings(inner, found),
    }
}
