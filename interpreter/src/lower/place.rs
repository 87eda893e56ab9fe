//! Places: locals, globals, fields, elements and what references stand for; reading, moving out, borrowing, assigning.
//!
//! A place is resolved once, base first and then its indexes in order, to a [`Slot`]: registers that say where the value is. Steps
//! through references that are erased at run time vanish.

use super::analysis::{may_change, peel};
use super::function::{Emitter, NameOf, ObjectName};
use super::kinds::Number;
use crate::bytecode::instr::{Instr, Reg};
use crate::bytecode::ops::Op;
use crate::core::{BinaryOp, Const, Expr, ExprKind, LocalId, Place, PlaceBase, Projection};
use crate::source::Span;
use crate::types::{Ty, TyKind, Types};

/// Where a place's value is.
#[derive(Clone, Copy)]
enum Slot {
    /// In a local's register.
    Local(LocalId, Reg),
    /// In a register of its own (a temporary).
    Value(Reg),
    /// In the cell in a register.
    Cell(Reg),
    /// In a global.
    Global(u32),
    /// In this task's copy of a global.
    ThreadLocal(u32),
    /// A field of the record in a register.
    Field(Reg, u16),
    /// An element of the container in a register.
    Index(Reg, Reg),
    /// A part of the list or string in a register.
    Slice(Reg, Reg),
    /// What the reference in a register stands for.
    Deref(Reg),
}

impl<'p> Emitter<'_, 'p> {
    /// The local that a place simply is, where its register can be read as it stands.
    pub fn plain_local(&self, place: &Place) -> Option<LocalId> {
        let PlaceBase::Local(id) = place.base else { return None };
        (!self.is_cell(id) && self.is_bare(place)).then_some(id)
    }

    /// Whether all steps of a place vanish.
    fn is_bare(&self, place: &Place) -> bool {
        let mut ty = self.base_type(place);
        for projection in &place.projections {
            let Projection::Deref(next) = projection else { return false };
            if !self.lowerer.kinds.deref_is_erased(ty) {
                return false;
            }
            ty = *next;
        }
        true
    }

    fn base_type(&self, place: &Place) -> Ty {
        match &place.base {
            PlaceBase::Local(id) => self.local_type(*id),
            PlaceBase::Global(id) => self.lowerer.program.globals.get(id.0 as usize).map_or(Types::ERROR, |g| g.ty),
            PlaceBase::Value(e) => e.ty,
        }
    }

    /// Whether the global lives in a cell, because a mutable reference to it is taken somewhere.
    fn is_cell_global(&self, id: u32) -> bool {
        self.lowerer.cell_globals.contains(&id)
    }

    /// Evaluates everything in the place but its last step. `later` is evaluated afterwards and before the slot is used.
    fn resolve(&mut self, place: &'p Place, later: &[&'p Expr]) -> Slot {
        let span = place.span;
        let mut slot = match &place.base {
            PlaceBase::Local(id) => {
                let register = self.register(*id, span);
                if self.is_cell(*id) {
                    Slot::Cell(register)
                } else if !place.projections.is_empty()
                    && self.is_assigned(*id)
                    && (later.iter().any(|e| may_change(e, *id)) || indexes(place).any(|e| may_change(e, *id)))
                {
                    let copy = self.alloc(span);
                    self.copy(copy, register, span);
                    Slot::Value(copy)
                } else {
                    Slot::Local(*id, register)
                }
            }
            PlaceBase::Global(id) => self.global_slot(id.0, span),
            PlaceBase::Value(e) => Slot::Value(self.owned(e)),
        };
        let mut ty = self.base_type(place);
        let count = place.projections.len();
        for (i, projection) in place.projections.iter().enumerate() {
            match projection {
                Projection::Field(number, next) => {
                    let base = self.slot_register(slot, span);
                    slot = Slot::Field(base, *number as u16);
                    ty = *next;
                }
                Projection::Index(index, next) => {
                    let base = self.slot_register(slot, span);
                    let mut after: Vec<&'p Expr> = later.to_vec();
                    after.extend(place.projections[i + 1..count].iter().filter_map(|p| match p {
                        Projection::Index(e, _) => Some(&**e),
                        _ => None,
                    }));
                    let at = self.operand_before(index, &after);
                    let is_slice =
                        matches!(self.lowerer.kinds.kind(self.lowerer.kinds.strip(index.ty)), TyKind::Range(_));
                    slot = if is_slice { Slot::Slice(base, at) } else { Slot::Index(base, at) };
                    ty = *next;
                }
                Projection::Deref(next) => {
                    if !self.lowerer.kinds.deref_is_erased(ty) {
                        let reference = self.slot_register(slot, span);
                        slot = Slot::Deref(reference);
                    }
                    ty = *next;
                }
            }
        }
        slot
    }

    fn global_slot(&mut self, id: u32, span: Span) -> Slot {
        let global = self.lowerer.program.globals.get(id as usize);
        if global.is_some_and(|g| g.thread_local.is_some()) {
            return Slot::ThreadLocal(id);
        }
        if self.is_cell_global(id) {
            let cell = self.alloc(span);
            self.op_wide(Op::LoadGlobal, 0, cell, id, span);
            return Slot::Cell(cell);
        }
        Slot::Global(id)
    }

    /// The slot's value in some register.
    fn slot_register(&mut self, slot: Slot, span: Span) -> Reg {
        match slot {
            Slot::Local(_, register) | Slot::Value(register) => register,
            _ => {
                let register = self.alloc(span);
                self.load_slot(slot, register, span);
                register
            }
        }
    }

    fn load_slot(&mut self, slot: Slot, dest: Reg, span: Span) {
        let none = Reg(0);
        match slot {
            Slot::Local(_, register) | Slot::Value(register) => self.copy(dest, register, span),
            Slot::Cell(cell) => self.op(Op::LoadCell, 0, dest, cell, none, span),
            Slot::Global(id) => self.op_wide(Op::LoadGlobal, 0, dest, id, span),
            Slot::ThreadLocal(id) => self.load_thread_local(id, dest, span),
            Slot::Field(base, number) => self.op_number(Op::GetField, 0, dest, base, number, span),
            Slot::Index(base, index) => self.op(Op::GetIndex, 0, dest, base, index, span),
            Slot::Slice(base, range) => self.op(Op::GetSlice, 0, dest, base, range, span),
            Slot::Deref(reference) => self.op(Op::Deref, 0, dest, reference, none, span),
        }
    }

    /// A task's copy is made at its first use.
    fn load_thread_local(&mut self, id: u32, dest: Reg, span: Span) {
        let Some(init) = self.lowerer.program.globals.get(id as usize).and_then(|g| g.thread_local) else { return };
        let (unset, done) = (self.asm.label(), self.asm.label());
        let mark = self.mark();
        let window = self.alloc(span);
        self.op_wide(Op::LoadThreadLocal, 0, dest, id, span);
        self.jump(Op::JumpIfUnset, dest, Reg(0), unset, span);
        self.goto(done, span);
        self.asm.bind(unset);
        self.op_wide(Op::Call, 0, window, init.0, span);
        self.op_wide(Op::StoreThreadLocal, 0, window, id, span);
        self.copy(dest, window, span);
        self.asm.bind(done);
        self.reset(mark);
    }

    fn store_slot(&mut self, slot: Slot, value: Reg, span: Span) {
        match slot {
            Slot::Local(_, register) | Slot::Value(register) => self.copy(register, value, span),
            Slot::Cell(cell) => self.op(Op::StoreCell, 0, cell, value, Reg(0), span),
            Slot::Global(id) => self.op_wide(Op::StoreGlobal, 0, value, id, span),
            Slot::ThreadLocal(id) => self.op_wide(Op::StoreThreadLocal, 0, value, id, span),
            Slot::Field(base, number) => {
                self.asm.emit(Instr::new(Op::SetField, 0, base.operand(), number, value.operand()), span);
            }
            Slot::Index(base, index) => self.op(Op::SetIndex, 0, base, index, value, span),
            Slot::Deref(reference) => self.op(Op::DerefStore, 0, reference, value, Reg(0), span),
            // The checker refuses assignments to slices.
            Slot::Slice(..) => self.op_number(Op::Trap, 0, Reg(0), Reg(0), 0, span),
        }
    }

    /// Reads the place into a register: a copy, or a move out of it.
    pub fn read_to(&mut self, place: &'p Place, dest: Reg) {
        let span = place.span;
        let mark = self.mark();
        let slot = self.resolve(place, &[]);
        let owned_value = matches!(slot, Slot::Value(_)) && place.projections.is_empty();
        if self.lowerer.kinds.is_droppable(place.ty) {
            self.load_slot(slot, dest, span);
            match slot {
                Slot::Local(id, _) => self.moved_out(id, span),
                Slot::Value(register) if dest != register => self.clear(register, span),
                Slot::Value(_) | Slot::Slice(..) => {}
                _ => {
                    let unset = self.alloc(span);
                    self.clear(unset, span);
                    self.store_slot(slot, unset, span);
                }
            }
        } else if self.lowerer.kinds.clones_on_copy(place.ty) && !owned_value && !matches!(slot, Slot::Slice(..)) {
            let register = self.slot_register(slot, span);
            self.op(Op::Clone, 0, dest, register, Reg(0), span);
        } else {
            self.load_slot(slot, dest, span);
        }
        self.reset(mark);
    }

    /// Looks at the place: its value in a register, not moved.
    pub fn borrow_to(&mut self, place: &'p Place, dest: Reg) {
        let mark = self.mark();
        let slot = self.resolve(place, &[]);
        self.load_slot(slot, dest, place.span);
        self.reset(mark);
    }

    /// A mutable reference to the place: its handle where the value is an aggregate.
    pub fn borrow_mut_to(&mut self, place: &'p Place, dest: Reg) {
        let span = place.span;
        let mark = self.mark();
        let slot = self.resolve(place, &[]);
        if self.lowerer.kinds.is_aggregate(place.ty) {
            self.load_slot(slot, dest, span);
        } else {
            match slot {
                // Reborrowing gives the reference itself.
                Slot::Cell(register) | Slot::Deref(register) | Slot::Local(_, register) => {
                    self.copy(dest, register, span);
                }
                Slot::Value(register) => self.op(Op::NewCell, 0, dest, register, Reg(0), span),
                Slot::Field(base, number) => self.op_number(Op::RefField, 0, dest, base, number, span),
                Slot::Index(base, index) => self.op(Op::RefIndex, 0, dest, base, index, span),
                Slot::Global(_) | Slot::ThreadLocal(_) | Slot::Slice(..) => {
                    self.load_slot(slot, dest, span);
                    self.op(Op::NewCell, 0, dest, dest, Reg(0), span);
                }
            }
        }
        self.reset(mark);
    }

    /// The name of the objects that are made for a place.
    pub fn name_of(&self, place: &Place) -> Option<ObjectName> {
        let mut ty = self.base_type(place);
        let mut name = match &place.base {
            PlaceBase::Local(id) => Some(NameOf::Local(*id)),
            PlaceBase::Global(id) => Some(NameOf::Global(*id)),
            PlaceBase::Value(_) => None,
        };
        for projection in &place.projections {
            ty = match projection {
                Projection::Field(number, next) => {
                    if let TyKind::Struct(id, _) = self.lowerer.kinds.kind(self.lowerer.kinds.strip(ty)) {
                        name = Some(NameOf::Field(*id, *number));
                    }
                    *next
                }
                Projection::Index(_, next) | Projection::Deref(next) => *next,
            };
        }
        name.map(ObjectName::from)
    }

    /// `place = value`
    pub fn assign(&mut self, place: &'p Place, value: &'p Expr, span: Span) {
        let mark = self.mark();
        let name = self.name_of(place);
        let droppable = self.lowerer.kinds.is_droppable(place.ty);
        if let Some(id) = self.plain_local(place)
            && !droppable
        {
            let register = self.register(id, span);
            self.naming = name;
            if writes_last(value) {
                self.expr_to(value, register);
            } else {
                let temporary = self.alloc(span);
                self.expr_to(value, temporary);
                self.copy(register, temporary, span);
            }
            self.reset(mark);
            return;
        }
        if let (PlaceBase::Global(id), []) = (&place.base, &place.projections[..])
            && self.is_cell_global(id.0)
            && self.is_init()
        {
            let register = self.alloc(span);
            self.naming = name;
            self.expr_to(value, register);
            self.op(Op::NewCell, 0, register, register, Reg(0), span);
            self.op_wide(Op::StoreGlobal, 0, register, id.0, span);
            self.reset(mark);
            return;
        }
        let slot = self.resolve(place, &[value]);
        self.naming = name;
        let register = if droppable {
            let register = self.alloc(span);
            self.expr_to(value, register);
            register
        } else {
            self.operand(value)
        };
        self.naming = None;
        if droppable {
            let old = self.alloc(span);
            self.load_slot(slot, old, span);
            self.store_slot(slot, register, span);
            self.drop_value(old, place.ty, span);
        } else {
            self.store_slot(slot, register, span);
        }
        self.reset(mark);
    }

    fn is_init(&self) -> bool {
        let (Some(function), Some(init)) = (self.function, self.lowerer.program.init) else { return false };
        self.lowerer.program.functions.get(init.0 as usize).is_some_and(|f| std::ptr::eq(f, function))
    }

    /// `place op= value`
    pub fn assign_op(&mut self, op: BinaryOp, place: &'p Place, value: &'p Expr, span: Span) {
        let mark = self.mark();
        let ty = place.ty;
        let number = self.lowerer.kinds.number(ty);
        if let Some(id) = self.plain_local(place) {
            let register = self.register(id, span);
            if !self.immediate_op(op, register, register, value, number, span) {
                let right = self.operand(value);
                self.binary(op, register, register, right, ty, span);
            }
            self.reset(mark);
            return;
        }
        let slot = self.resolve(place, &[value]);
        if let Slot::Deref(reference) = slot
            && matches!(number, Number::I64 | Number::Isize | Number::Narrow(_) | Number::U64(_))
            && let Some(amount) = add_immediate(op, value)
        {
            self.asm.emit(Instr::new(Op::DerefAddImm, 0, reference.operand(), amount as u16, 0), span);
            self.reset(mark);
            return;
        }
        let right = self.operand_or_immediate(op, value, number);
        let current = self.alloc(span);
        self.load_slot(slot, current, span);
        match right {
            Some(right) => self.binary(op, current, current, right, ty, span),
            None => {
                self.immediate_op(op, current, current, value, number, span);
            }
        }
        self.store_slot(slot, current, span);
        self.reset(mark);
    }

    fn operand_or_immediate(&mut self, op: BinaryOp, value: &'p Expr, number: Number) -> Option<Reg> {
        let immediate =
            add_immediate(op, value).is_some() && matches!(number, Number::I64 | Number::Narrow(_) | Number::U64(_));
        (!immediate).then(|| self.operand(value))
    }
}

fn indexes(place: &Place) -> impl Iterator<Item = &Expr> {
    place.projections.iter().filter_map(|p| match p {
        Projection::Index(e, _) => Some(&**e),
        _ => None,
    })
}

/// The number that `op value` adds, if it is small and constant.
pub fn add_immediate(op: BinaryOp, value: &Expr) -> Option<i16> {
    let ExprKind::Const(Const::Int(n)) = &peel(value).kind else { return None };
    match op {
        BinaryOp::Add => i16::try_from(*n).ok(),
        BinaryOp::Sub => n.checked_neg().and_then(|n| i16::try_from(n).ok()),
        _ => None,
    }
}

/// Whether the expression writes its wanted register in its last instruction only, after everything has been read.
fn writes_last(expr: &Expr) -> bool {
    match &expr.kind {
        ExprKind::Block(stmts, Some(tail)) => stmts.is_empty() && writes_last(tail),
        ExprKind::If(_, then, Some(other)) => writes_last(then) && writes_last(other),
        ExprKind::Block(..)
        | ExprKind::If(..)
        | ExprKind::Match(..)
        | ExprKind::Labelled(..)
        | ExprKind::Loop(..)
        | ExprKind::While { .. }
        | ExprKind::ForRange { .. }
        | ExprKind::ForEach { .. }
        | ExprKind::Try { .. }
        | ExprKind::Bound(..)
        | ExprKind::CallNamed(..)
        | ExprKind::CallAttr(..)
        | ExprKind::Select(..) => false,
        // The operand that decides is written before the other is read.
        ExprKind::And(..) | ExprKind::Or(..) => expr.ty == Types::BOOL,
        // A compare may be built from branches, but then it has read its operands before it writes.
        _ => true,
    }
}
