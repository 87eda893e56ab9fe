//! Generated functions that drop values with droppable parts, one for each type: first the type's own `drop`, then its parts.

use super::function::Emitter;
use crate::bytecode::instr::{Instr, Reg};
use crate::bytecode::ops::Op;
use crate::core::IterKind;
use crate::source::Span;
use crate::types::{Ty, TyKind};
use crate::value::Tag;

impl Emitter<'_, '_> {
    /// The body: the value is in register 0.
    pub fn drop_glue_body(&mut self, ty: Ty, span: Span) {
        let value = self.alloc(span);
        let unset = self.asm.label();
        self.jump(Op::JumpIfUnset, value, Reg(0), unset, span);
        match self.lowerer.kinds.kind(ty).clone() {
            TyKind::Struct(id, args) => {
                if let Some(drop) = self.lowerer.program.structs.get(id.0 as usize).and_then(|s| s.drop) {
                    let window = self.alloc_many(2, span);
                    self.copy(Reg(window.0 + 1), value, span);
                    self.op_wide(Op::Call, 1, window, drop.0, span);
                    self.reset(1);
                }
                let fields = self.lowerer.kinds.field_types(id, &args);
                self.drop_fields(value, &fields, span);
            }
            TyKind::Tuple(parts) => self.drop_fields(value, &parts, span),
            TyKind::Enum(id, args) => {
                let variants = self.lowerer.kinds.variant_types(id, &args);
                for (i, fields) in variants.iter().enumerate() {
                    if !fields.iter().any(|&t| self.lowerer.kinds.is_droppable(t)) {
                        continue;
                    }
                    let next = self.asm.label();
                    self.test_variant(value, i as u32, next, span);
                    self.drop_fields(value, fields, span);
                    self.op(Op::ReturnUnit, 0, Reg(0), Reg(0), Reg(0), span);
                    self.asm.bind(next);
                }
            }
            TyKind::List(element) | TyKind::Array(element, _) => {
                self.drop_elements(value, element, IterKind::List, span);
            }
            TyKind::Map(_, element) => self.drop_elements(value, element, IterKind::Map, span),
            _ => {}
        }
        self.asm.bind(unset);
        self.op(Op::ReturnUnit, 0, Reg(0), Reg(0), Reg(0), span);
    }

    fn drop_fields(&mut self, record: Reg, types: &[Ty], span: Span) {
        for (i, &ty) in types.iter().enumerate() {
            if self.lowerer.kinds.is_droppable(ty) {
                let mark = self.mark();
                let part = self.alloc(span);
                self.op_number(Op::GetField, 0, part, record, i as u16, span);
                self.drop_value(part, ty, span);
                self.reset(mark);
            }
        }
    }

    fn drop_elements(&mut self, container: Reg, element: Ty, kind: IterKind, span: Span) {
        let counter = self.alloc_many(2, span);
        let part = Reg(counter.0 + 1);
        let (head, done) = (self.asm.label(), self.asm.label());
        self.load_imm(counter, Tag::Usize, 0, span);
        self.asm.bind(head);
        self.asm.jump(Instr::new(Op::IterNext, kind as u8, counter.operand(), container.operand(), 0), done, span);
        if kind == IterKind::Map {
            self.op_number(Op::GetField, 0, part, part, 1, span);
        }
        self.drop_value(part, element, span);
        self.jump(Op::Loop, Reg(0), Reg(0), head, span);
        self.asm.bind(done);
    }
}
