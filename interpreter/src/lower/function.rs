//! The state of one function being compiled: registers, locals, and what is emitted.
//!
//! Registers are a stack. A local takes the next one when it is declared and keeps it to the end of its scope; temporaries come
//! above and are given back by resetting to a mark. A droppable temporary is *pinned*: it stays until its statement ends.

use super::Lowerer;
use super::asm::{Assembler, Label, Position};
use super::scope::{Entry, Segment};
use crate::bytecode::instr::{Instr, Reg};
use crate::bytecode::ops::Op;
use crate::core::{Const, FuncId, Function, GlobalId, LabelId, LocalId};
use crate::diagnostics::{Code as DiagnosticCode, Diagnostic};
use crate::source::Span;
use crate::types::{StructId, Ty, Types};
use crate::value::Tag;

/// Where `break` and `continue` of a loop or block go.
pub struct Frame {
    pub label: LabelId,
    pub break_to: Label,
    pub continue_to: Option<Label>,
    /// Where the value of a `break` is wanted.
    pub dest: Option<Reg>,
    /// Clean-up entries from this one on belong to the inside.
    pub first_entry: usize,
}

/// What an expression is evaluated for: it gives the objects that it makes their name.
#[derive(Clone, Copy)]
pub struct ObjectName {
    pub of: NameOf,
    /// Position in a list literal.
    pub index: Option<u32>,
}

/// The variable or field behind an [`ObjectName`].
#[derive(Clone, Copy)]
pub enum NameOf {
    Local(LocalId),
    Global(GlobalId),
    Field(StructId, u32),
}

impl From<NameOf> for ObjectName {
    fn from(of: NameOf) -> Self {
        ObjectName { of, index: None }
    }
}

/// A named local's stay in its register.
pub struct LocalRange {
    pub local: LocalId,
    pub register: Reg,
    /// Whether it stands in a cell there.
    pub cell: bool,
    pub from: Position,
    pub to: Option<Position>,
}

/// See the module. `'p` is the program's life, `'a` that of the work on this function.
pub struct Emitter<'a, 'p> {
    pub lowerer: &'a mut Lowerer<'p>,
    /// The function; `None` for generated ones.
    pub function: Option<&'p Function>,
    /// Its number.
    pub id: Option<FuncId>,
    pub asm: Assembler,
    /// Register of each declared local.
    registers: Vec<Option<Reg>>,
    /// Whether a local can change after it is first set.
    pub assigned: Vec<bool>,
    /// Clean-up entry of each droppable local.
    pub local_entries: Vec<Option<usize>>,
    next: u32,
    pub pinned: u32,
    highest: u32,
    pub frames: Vec<Frame>,
    pub entries: Vec<Entry<'p>>,
    pub current: Option<usize>,
    pub segments: Vec<Segment>,
    pub segment_start: Position,
    pub in_landing: bool,
    /// How many conditions the code being emitted depends on; tells certain moves from possible ones.
    pub branch_depth: u32,
    /// Constants that stay in registers during the loops around.
    pub hoisted: Vec<(&'p Const, Ty, Reg)>,
    pub naming: Option<ObjectName>,
    pub ranges: Vec<LocalRange>,
    /// Sites that make objects, with their names.
    pub object_names: Vec<(Position, String)>,
    /// Whether the function makes unnamed droppable values at all (then conditions are compiled with care).
    pub has_droppable_temporaries: bool,
    failed: bool,
}

/// What is left of an [`Emitter`] when its function is done.
pub struct Finished<'p> {
    pub asm: Assembler,
    pub function: Option<&'p Function>,
    pub registers: u16,
    pub segments: Vec<Segment>,
    pub ranges: Vec<LocalRange>,
    pub object_names: Vec<(Position, String)>,
}

impl<'a, 'p> Emitter<'a, 'p> {
    /// Gives the lowerer back.
    pub fn finish(self) -> Finished<'p> {
        Finished {
            registers: self.highest as u16,
            asm: self.asm,
            function: self.function,
            segments: self.segments,
            ranges: self.ranges,
            object_names: self.object_names,
        }
    }

    pub fn new(lowerer: &'a mut Lowerer<'p>, function: Option<(FuncId, &'p Function)>) -> Self {
        let (id, function) = function.unzip();
        let asm = Assembler::new(lowerer.jump_tables.len() as u32);
        let count = function.map_or(0, |f| f.locals.len());
        Emitter {
            lowerer,
            function,
            id,
            segment_start: asm.position(),
            asm,
            registers: vec![None; count],
            assigned: function.map_or_else(Vec::new, super::analysis::assigned_locals),
            local_entries: vec![None; count],
            next: 0,
            pinned: 0,
            highest: 0,
            frames: Vec::new(),
            entries: Vec::new(),
            current: None,
            segments: Vec::new(),
            in_landing: false,
            branch_depth: 0,
            hoisted: Vec::new(),
            naming: None,
            ranges: Vec::new(),
            object_names: Vec::new(),
            has_droppable_temporaries: false,
            failed: false,
        }
    }

    // ---- limits

    /// Reports something too large; the program is not run, so what is emitted from now on does not matter.
    pub fn too_large(&mut self, span: Span, what: impl Into<String>) {
        if !self.failed {
            self.failed = true;
            self.lowerer.errors.push(Diagnostic::new(DiagnosticCode::TooLarge, span, what));
        }
    }

    /// Whether to give up; also notices that the function has grown beyond bounds.
    pub fn gave_up(&mut self, span: Span) -> bool {
        if !self.failed && self.asm.too_large() {
            let name = self.function.map_or("a generated function", |f| &f.name);
            self.too_large(span, format!("`{name}` has too many instructions"));
        }
        self.failed
    }

    // ---- registers

    /// The next free register.
    pub fn mark(&self) -> u32 {
        self.next
    }

    /// Gives registers from `mark` on back, pinned ones apart.
    pub fn reset(&mut self, mark: u32) {
        self.next = mark.max(self.pinned);
    }

    /// Takes a register.
    pub fn alloc(&mut self, span: Span) -> Reg {
        self.alloc_many(1, span)
    }

    /// Takes registers in a row and gives the first.
    pub fn alloc_many(&mut self, count: u32, span: Span) -> Reg {
        let first = self.next;
        if first + count > Reg::MAX as u32 {
            self.too_large(span, "a function needs more than 32,767 registers");
            return Reg(0);
        }
        self.next += count;
        self.highest = self.highest.max(self.next);
        Reg(first as u16)
    }

    /// Whether the register is the topmost one in use.
    pub fn is_top(&self, register: Reg) -> bool {
        register.0 as u32 + 1 == self.next
    }

    // ---- locals

    /// The local's declaration; `None` only in a tree that is not well formed.
    pub fn local(&self, id: LocalId) -> Option<&'p crate::core::Local> {
        self.function?.locals.get(id.0 as usize)
    }

    /// The local's type.
    pub fn local_type(&self, id: LocalId) -> Ty {
        self.local(id).map_or(Types::ERROR, |l| l.ty)
    }

    /// Whether the local lives in a cell.
    pub fn is_cell(&self, id: LocalId) -> bool {
        self.local(id).is_some_and(|l| l.cell)
    }

    /// Whether the local can change after it is first set.
    pub fn is_assigned(&self, id: LocalId) -> bool {
        self.assigned.get(id.0 as usize).copied().unwrap_or(true)
    }

    /// The local's register.
    pub fn register(&mut self, id: LocalId, span: Span) -> Reg {
        match self.registers.get(id.0 as usize).copied().flatten() {
            Some(register) => register,
            // Not declared: a tree that is not well formed. It gets a register of its own rather than a wrong one.
            None => self.declare(id, span),
        }
    }

    /// Gives the local a register.
    pub fn declare(&mut self, id: LocalId, span: Span) -> Reg {
        let register = self.alloc(span);
        self.place_local(id, register);
        register
    }

    /// The local lives in this register.
    pub fn place_local(&mut self, id: LocalId, register: Reg) {
        if let Some(slot) = self.registers.get_mut(id.0 as usize) {
            *slot = Some(register);
        }
    }

    /// The local's value has arrived in its register: it moves into its cell, and its range begins. Droppable ones that are
    /// `owned` are released at the end of the scope around.
    pub fn local_ready(&mut self, id: LocalId, owned: bool, span: Span) {
        self.make_cell(id, span);
        self.local_in_place(id, owned, span);
    }

    /// A value that is to live in a cell moves there.
    pub fn make_cell(&mut self, id: LocalId, span: Span) {
        if self.is_cell(id) {
            let register = self.register(id, span);
            self.op(Op::NewCell, 0, register, register, Reg(0), span);
        }
    }

    /// The second half of [`Emitter::local_ready`].
    pub fn local_in_place(&mut self, id: LocalId, owned: bool, span: Span) {
        let register = self.register(id, span);
        self.begin_range(id, register);
        let ty = self.local_type(id);
        if owned && self.lowerer.kinds.is_droppable(ty) {
            let entry = self.push_drop(register, ty, self.is_cell(id), span);
            if let Some(slot) = self.local_entries.get_mut(id.0 as usize) {
                *slot = Some(entry);
            }
        }
    }

    /// From here on debuggers show the local.
    pub fn begin_range(&mut self, id: LocalId, register: Reg) {
        if self.local(id).is_some_and(|l| !l.name.is_empty()) && !self.in_landing {
            let from = self.asm.position();
            let cell = self.is_cell(id);
            self.ranges.push(LocalRange { local: id, register, cell, from, to: None });
        }
    }

    /// An argument is where it belongs; `entry` is the function's first position. Debuggers show every argument from there on: one that
    /// has to move into a cell first as it came.
    pub fn argument_in_place(&mut self, id: LocalId, entry: Position, moves: bool, owned: bool, span: Span) {
        let first = self.ranges.len();
        if moves && self.is_cell(id) {
            let register = self.register(id, span);
            self.begin_range(id, register);
            self.make_cell(id, span);
            let end = self.asm.position();
            if let Some(range) = self.ranges.get_mut(first) {
                (range.cell, range.from, range.to) = (false, entry, Some(end));
            }
            self.local_in_place(id, owned, span);
        } else {
            self.local_in_place(id, owned, span);
            if let Some(range) = self.ranges.get_mut(first) {
                range.from = entry;
            }
        }
    }

    // ---- instructions

    /// Emits an instruction on registers.
    pub fn op(&mut self, op: Op, n: u8, a: Reg, b: Reg, c: Reg, span: Span) {
        self.asm.emit(Instr::new(op, n, a.operand(), b.operand(), c.operand()), span);
    }

    /// Emits an instruction whose last field is a number.
    pub fn op_number(&mut self, op: Op, n: u8, a: Reg, b: Reg, number: u16, span: Span) {
        self.asm.emit(Instr::new(op, n, a.operand(), b.operand(), number), span);
    }

    /// Emits an instruction with a 32-bit number.
    pub fn op_wide(&mut self, op: Op, n: u8, a: Reg, wide: u32, span: Span) {
        self.asm.emit(Instr::wide(op, n, a.operand(), wide as i32), span);
    }

    /// Emits a jump or a branch on up to two registers.
    pub fn jump(&mut self, op: Op, a: Reg, b: Reg, label: Label, span: Span) {
        self.asm.jump(Instr::new(op, 0, a.operand(), b.operand(), 0), label, span);
    }

    /// Emits a branch on a register and a number.
    pub fn jump_imm(&mut self, op: Op, a: Reg, number: i16, label: Label, span: Span) {
        self.asm.jump(Instr::new(op, 0, a.operand(), number as u16, 0), label, span);
    }

    /// Emits an unconditional jump.
    pub fn goto(&mut self, label: Label, span: Span) {
        self.jump(Op::Jump, Reg(0), Reg(0), label, span);
    }

    /// Copies a register, unless it is the same.
    pub fn copy(&mut self, dest: Reg, source: Reg, span: Span) {
        if dest != source {
            self.op(Op::Move, 0, dest, source, Reg(0), span);
        }
    }

    /// Loads a small number with a tag.
    pub fn load_imm(&mut self, dest: Reg, tag: Tag, number: i32, span: Span) {
        self.asm.emit(Instr::wide(Op::LoadImm, tag as u8, dest.operand(), number), span);
    }

    /// Loads `()`.
    pub fn load_unit(&mut self, dest: Reg, span: Span) {
        self.load_imm(dest, Tag::Unit, 0, span);
    }

    /// The register is unset from now on.
    pub fn clear(&mut self, register: Reg, span: Span) {
        self.op(Op::Clear, 0, register, Reg(0), Reg(0), span);
    }
}
