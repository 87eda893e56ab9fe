//! Which memory the instructions and built-ins of languages without static types read and write: their operands' tags decide.

use super::touch::Touches;
use crate::builtins::Builtin;
use crate::bytecode::{Instr, Op};
use crate::core::RuntimeType;
use crate::dynamic::DynOp;
use crate::types::StructId;
use crate::value::{Tag, Value};
use crate::vm::dynamic;
use crate::vm::engine::Engine;
use crate::vm::evidence;
use crate::vm::machine::Machine;
use tracer::race::location::{Location, Space};

/// Whether a value has parts that tasks may share.
fn has_parts(value: Value) -> bool {
    matches!(value.kind(), Tag::List | Tag::Map | Tag::Set | Tag::Tuple | Tag::Struct | Tag::Variant)
}

impl<E: Engine> Machine<E> {
    /// What an instruction of these languages touches.
    pub(super) fn touched_by_tags(&mut self, i: Instr, out: &mut Touches) {
        match i.op {
            Op::DynAdd | Op::DynMul => self.touch_joined([i.b, i.c], out),
            Op::DynArith if matches!(DynOp::ALL.get(i.n as usize), Some(DynOp::Add | DynOp::Mul)) => {
                self.touch_joined([i.b, i.c], out);
            }
            Op::DynCompare if matches!(DynOp::ALL.get(i.n as usize), Some(DynOp::Is)) => {}
            Op::DynCompare => self.touch_compared([i.b, i.c], out),
            Op::JumpDynEq | Op::JumpDynLt | Op::JumpDynLe | Op::LoopDynLt | Op::LoopDynLe => {
                self.touch_compared([i.a, i.b], out);
            }
            Op::JumpTruth => {
                let value = self.operand(i.a);
                self.touch_length(value, out);
            }
            Op::Truth => {
                let value = self.operand(i.b);
                self.touch_length(value, out);
            }
            Op::DynIndex => {
                let (container, index) = (self.operand(i.b), self.operand(i.c));
                self.touch_indexed(container, index, false, out);
            }
            Op::DynSetIndex => {
                let (container, index) = (self.operand(i.a), self.operand(i.b));
                self.touch_indexed(container, index, true, out);
            }
            Op::Attr => {
                let value = self.operand(i.b);
                self.touch_attribute(value, u32::from(i.c), false, out);
            }
            Op::SetAttr => {
                let value = self.operand(i.a);
                self.touch_attribute(value, u32::from(i.b), true, out);
            }
            Op::CallAttr => {
                let (receiver, name) = (self.operand(i.a + 2), i.wide_index());
                let kind = evidence::runtime_type(&self.heap, receiver);
                if self.methods.contains_key(&(kind, name)) {
                    return;
                }
                let text = self.code.method_names.get(name as usize).map_or("", |name| name.as_str());
                match dynamic::method(receiver.kind(), text) {
                    Some(builtin) => {
                        let args = self.operands(i.a + 2, i.n);
                        super::builtins::touched(self, builtin, args, out);
                    }
                    None => self.touch_attribute(receiver, name, false, out),
                }
            }
            _ => {}
        }
    }

    fn touch_joined(&mut self, operands: [u16; 2], out: &mut Touches) {
        for operand in operands {
            let value = self.operand(operand);
            if has_parts(value) {
                self.touch_whole(value, out);
            }
        }
    }

    fn touch_compared(&mut self, operands: [u16; 2], out: &mut Touches) {
        let [left, right] = operands.map(|operand| self.operand(operand));
        if has_parts(left) || has_parts(right) {
            self.touch_deep(left, out);
            self.touch_deep(right, out);
        }
    }

    fn touch_length(&mut self, value: Value, out: &mut Touches) {
        if has_parts(value) {
            self.touch_shape(value, false, out);
        }
    }

    /// An element by a position that may count from the end, or by a key.
    pub(super) fn touch_indexed(&mut self, container: Value, index: Value, write: bool, out: &mut Touches) {
        if !container.is(Tag::List) {
            return self.touch_element(container, index, write, out);
        }
        let len = self.heap.list_len(container).unwrap_or(0);
        let at = if index.int() < 0 { index.int().saturating_add_unsigned(len as u64) } else { index.int() };
        let at = usize::try_from(at).unwrap_or(usize::MAX);
        self.touch_position(container, at, write, out);
    }

    /// The field of an object, or the variable of a class, that an attribute is.
    fn touch_attribute(&mut self, value: Value, name: u32, write: bool, out: &mut Touches) {
        match value.kind() {
            Tag::Struct => {
                let class = self.heap.with_record(value, |record| record.ty).unwrap_or(u32::MAX);
                if let Some(&field) = self.attributes.get(&(class, name)) {
                    out.touch(Location::new(Space::Record, value.slot(), field), write);
                    let unset = self.heap.field(value, field).is_ok_and(|field| field.is(Tag::NoValue));
                    if write || !unset {
                        return;
                    }
                }
                if !self.methods.contains_key(&(RuntimeType::Struct(StructId(class)), name))
                    && let Some(global) = self.class_variable(class, name)
                {
                    out.touch(Location::new(Space::Global, global, 0), write);
                }
            }
            Tag::Function | Tag::Closure => {
                let class =
                    self.heap.function_of(value).ok().and_then(|(function, _)| self.class_of_constructor(function));
                if let Some(global) = class.and_then(|class| self.class_variable(class, name)) {
                    out.touch(Location::new(Space::Global, global, 0), write);
                }
            }
            // An attribute of a dict is an entry.
            Tag::Map => self.touch_shape(value, write, out),
            _ => {}
        }
    }

    /// What a built-in of these languages touches.
    pub(super) fn touched_by_dynamic(&mut self, builtin: Builtin, args: [Value; 3], out: &mut Touches) {
        use Builtin::*;
        let [receiver, first, _] = args;
        match builtin {
            // Printed, compared or looked through to the last part.
            DynPrint | DynStr | DynRepr | DynFormatValue | DynFormat | DynContains | DynIndexOf | DynCount | DynMin
            | DynMax | DynSorted | DynSortedBy | DynJoin | DynSum => {
                for value in args {
                    self.touch_deep(value, out);
                }
            }
            DynList | DynTuple | DynDict | DynReversed | DynEnumerate | DynZip | DynAny | DynAll | DynCopy
            | DynSlice | DynKeys | DynValues | DynItems | DynSpread => {
                for value in args.into_iter().filter(|&value| has_parts(value)) {
                    self.touch_whole(value, out);
                }
            }
            DynLen | DynBool | DynGet => self.touch_length(receiver, out),
            DynNth => self.touch_indexed(receiver, first, false, out),
            DynRemove | DynSort => {
                self.touch_deep(receiver, out);
                self.touch_shape(receiver, true, out);
            }
            DynExtend | DynUpdate | DynAssignAll => {
                if has_parts(first) {
                    self.touch_whole(first, out);
                }
                self.touch_shape(receiver, true, out);
            }
            DynAppend | DynInsert | DynPop | DynReverse | DynClear | DynSetDefault | DynPopItem => {
                self.touch_shape(receiver, true, out);
            }
            _ => {}
        }
    }
}
