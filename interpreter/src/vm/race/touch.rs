//! Which memory an instruction reads and writes: the table by opcode.

use super::builtins;
use crate::builtins::Builtin;
use crate::bytecode::{Instr, Op};
use crate::core::IterKind;
use crate::value::{Tag, Value};
use crate::vm::engine::Engine;
use crate::vm::machine::Machine;
use rustc_hash::FxHashSet;
use scheduler::Runtime;
use tracer::race::location::{Location, Space};

/// Places that an instruction touches, in order, and whether it writes them.
#[derive(Debug, Default)]
pub(super) struct Touches {
    places: Vec<(Location, bool)>,
    /// Objects that a walk has been through.
    walked: FxHashSet<(u8, u64)>,
    pending: Vec<Value>,
}

/// Parts that a walk through a value (to print, compare or copy it) goes through at most: who prints a million elements races with
/// what is wrong with the first ones.
const WALK: usize = 1 << 16;

impl Touches {
    pub(super) fn clear(&mut self) {
        self.places.clear();
    }

    pub(super) fn is_empty(&self) -> bool {
        self.places.is_empty()
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &(Location, bool)> {
        self.places.iter()
    }

    pub(super) fn read(&mut self, location: Location) {
        self.places.push((location, false));
    }

    pub(super) fn write(&mut self, location: Location) {
        self.places.push((location, true));
    }

    pub(super) fn touch(&mut self, location: Location, write: bool) {
        self.places.push((location, write));
    }
}

/// Whether an instruction can touch memory that tasks may share.
#[inline(always)]
pub(in crate::vm) fn touches(op: Op) -> bool {
    matches!(
        op,
        Op::LoadGlobal
            | Op::StoreGlobal
            | Op::AppendList
            | Op::Compare
            | Op::CallMethod
            | Op::CallBuiltin
            | Op::GetField
            | Op::SetField
            | Op::GetIndex
            | Op::SetIndex
            | Op::GetSlice
            | Op::Len
            | Op::IterNext
            | Op::Clone
            | Op::Format
            | Op::LoadCell
            | Op::StoreCell
            | Op::Deref
            | Op::DerefStore
            | Op::DerefAddImm
            | Op::Send
            | Op::Recv
            | Op::RecvOrJump
            | Op::MutexLock
            | Op::ReadLock
            | Op::WriteLock
            | Op::AtomicAdd
            | Op::AtomicLoad
            | Op::WaitGroupAdd
            | Op::WaitGroupDone
            | Op::DynAdd
            | Op::DynMul
            | Op::DynArith
            | Op::DynCompare
            | Op::JumpDynEq
            | Op::JumpDynLt
            | Op::JumpDynLe
            | Op::LoopDynLt
            | Op::LoopDynLe
            | Op::JumpTruth
            | Op::Truth
            | Op::DynIndex
            | Op::DynSetIndex
            | Op::Attr
            | Op::SetAttr
            | Op::CallAttr
            | Op::Unpack
    )
}

/// The place of a cell's or box's content.
fn cell(value: Value) -> Option<Location> {
    match value.kind() {
        Tag::Cell => Some(Location::new(Space::Cell, value.slot(), 0)),
        Tag::Box => Some(Location::new(Space::Box, value.slot(), 0)),
        _ => None,
    }
}

/// The place that stands for a container as a whole.
fn shape(container: Value) -> Option<Location> {
    let space = match container.kind() {
        Tag::List => Space::List,
        Tag::Map => Space::Map,
        Tag::Set => Space::Set,
        _ => return None,
    };
    Some(Location::shape(space, container.slot()))
}

/// Whether a value's fields can change.
fn is_record(value: Value) -> bool {
    matches!(value.kind(), Tag::Tuple | Tag::Struct | Tag::Variant)
}

impl<E: Engine> Machine<E> {
    pub(super) fn operand(&mut self, operand: u16) -> Value {
        let running = self.running;
        let body = self.body(running);
        body.stack.get(body.base as usize + operand as usize / 2).copied().unwrap_or(Value::NONE)
    }

    /// The first three of `n` registers.
    pub(super) fn operands(&mut self, first: u16, n: u8) -> [Value; 3] {
        std::array::from_fn(|at| if at < n as usize { self.operand(first + 2 * at as u16) } else { Value::NONE })
    }

    /// What the instruction touches.
    pub(super) fn touched(&mut self, i: Instr, out: &mut Touches) {
        match i.op {
            Op::LoadGlobal => out.read(Location::new(Space::Global, i.wide_index(), 0)),
            Op::StoreGlobal => out.write(Location::new(Space::Global, i.wide_index(), 0)),
            Op::GetField => {
                let record = self.operand(i.b);
                if is_record(record) {
                    out.read(Location::new(Space::Record, record.slot(), u32::from(i.c)));
                }
            }
            Op::SetField => {
                let record = self.operand(i.a);
                if is_record(record) {
                    out.write(Location::new(Space::Record, record.slot(), u32::from(i.b)));
                }
            }
            Op::GetIndex => {
                let (container, index) = (self.operand(i.b), self.operand(i.c));
                self.touch_element(container, index, false, out);
            }
            Op::SetIndex => {
                let (container, index) = (self.operand(i.a), self.operand(i.b));
                self.touch_element(container, index, true, out);
            }
            Op::AppendList => {
                let list = self.operand(i.a);
                self.touch_shape(list, true, out);
            }
            Op::GetSlice | Op::Unpack => {
                let container = self.operand(i.b);
                self.touch_whole(container, out);
            }
            Op::Len => {
                let container = self.operand(i.b);
                self.touch_shape(container, false, out);
            }
            Op::IterNext => {
                let (container, position) = (self.operand(i.b), self.operand(i.a));
                let any_list = i.n == IterKind::Dynamic as u8 && container.is(Tag::List);
                if i.n == IterKind::List as u8 || any_list {
                    self.touch_position(container, position.payload as usize, false, out);
                } else if let Some(location) = shape(container) {
                    out.read(location);
                }
            }
            Op::Clone => {
                let value = self.operand(i.b);
                self.touch_deep(value, out);
            }
            Op::Compare => {
                for operand in [i.b, i.c] {
                    let value = self.operand(operand);
                    self.touch_deep(value, out);
                }
            }
            Op::Format => {
                for at in 0..u16::from(i.n) {
                    let value = self.operand(i.b + 2 * at);
                    self.touch_deep(value, out);
                }
            }
            Op::CallMethod => {
                // What no method is found for is an operation on the values as they are.
                let receiver = self.operand(i.a + 2);
                if self.find_method(receiver, i.wide_index()).is_none() {
                    for at in 1..=u16::from(i.n) {
                        let value = self.operand(i.a + 2 * at);
                        self.touch_deep(value, out);
                    }
                }
            }
            Op::LoadCell => out.places.extend(cell(self.operand(i.b)).map(|location| (location, false))),
            Op::StoreCell => out.places.extend(cell(self.operand(i.a)).map(|location| (location, true))),
            Op::Deref => {
                let target = self.operand(i.b);
                self.touch_target(target, false, out);
            }
            Op::DerefStore => {
                let (target, value) = (self.operand(i.a), self.operand(i.b));
                if is_record(target) || shape(target).is_some() {
                    self.touch_whole(value, out);
                }
                self.touch_target(target, true, out);
            }
            Op::DerefAddImm => {
                let target = self.operand(i.a);
                self.touch_target(target, false, out);
                self.touch_target(target, true, out);
            }
            // These look through references at the object that they are about.
            Op::Send | Op::WaitGroupAdd | Op::WaitGroupDone => {
                let value = self.operand(i.a);
                self.touch_through(value, None, out);
            }
            Op::Recv
            | Op::RecvOrJump
            | Op::MutexLock
            | Op::ReadLock
            | Op::WriteLock
            | Op::AtomicAdd
            | Op::AtomicLoad => {
                let value = self.operand(i.b);
                self.touch_through(value, None, out);
            }
            Op::CallBuiltin => {
                if let Some(builtin) = Builtin::from_index(i.c) {
                    let args = self.operands(i.b, i.n);
                    builtins::touched(self, builtin, args, out);
                }
            }
            _ => self.touched_by_tags(i, out),
        }
    }

    /// Goes through references, boxes and guards, which reads them, to what they stand for: to the first value with a tag, or to what
    /// is no reference.
    pub(super) fn touch_through(&mut self, mut value: Value, wanted: Option<Tag>, out: &mut Touches) -> Value {
        for _ in 0..64 {
            if wanted.is_some_and(|tag| value.is(tag)) {
                return value;
            }
            let next = match value.kind() {
                Tag::MutexGuard => self.sched.mutex_value(value.slot()).copied(),
                Tag::ReadGuard | Tag::WriteGuard => Some(self.sched.rwlock_value(value.slot())),
                Tag::Box | Tag::Cell | Tag::FieldRef | Tag::IndexRef => {
                    self.touch_target(value, false, out);
                    self.heap.load(value).ok()
                }
                _ => return value,
            };
            let Some(next) = next else { return value };
            value = next;
        }
        value
    }

    /// What a reference, a box or an aggregate itself stands for is read or replaced.
    pub(super) fn touch_target(&mut self, target: Value, write: bool, out: &mut Touches) {
        match target.kind() {
            Tag::Cell | Tag::Box => out.places.extend(cell(target).map(|location| (location, write))),
            Tag::FieldRef => {
                if let Ok([record, field]) = self.heap.reference(target)
                    && is_record(record)
                {
                    out.touch(Location::new(Space::Record, record.slot(), field.slot()), write);
                }
            }
            Tag::IndexRef => {
                if let Ok([container, index]) = self.heap.reference(target) {
                    self.touch_element(container, index, write, out);
                }
            }
            // An aggregate takes over another's content; reading it gives it as it is.
            Tag::List | Tag::Map | Tag::Set if write => {
                out.places.extend(shape(target).map(|location| (location, true)))
            }
            Tag::Tuple | Tag::Struct | Tag::Variant if write => {
                let fields = self.heap.with_record(target, |record| record.fields().len()).unwrap_or(0);
                for field in 0..fields as u32 {
                    out.write(Location::new(Space::Record, target.slot(), field));
                }
            }
            _ => {}
        }
    }

    /// An element of a list, or the value under a key.
    pub(super) fn touch_element(&mut self, container: Value, index: Value, write: bool, out: &mut Touches) {
        match container.kind() {
            Tag::List => {
                let index = self.touch_through(index, None, out);
                let position = self.heap.list_len(container).and_then(|len| self.heap.position(index, len));
                match position {
                    Ok(position) => self.touch_position(container, position, write, out),
                    Err(_) => out.read(Location::shape(Space::List, container.slot())),
                }
            }
            _ => out.places.extend(shape(container).map(|location| (location, write))),
        }
    }

    /// An element of a list by its position: that there is one is read, too.
    pub(super) fn touch_position(&mut self, list: Value, position: usize, write: bool, out: &mut Touches) {
        if let Some(location) = shape(list) {
            out.read(location);
            let position = u32::try_from(position).unwrap_or(u32::MAX);
            let element = Location::new(Space::List, list.slot(), position);
            if self.heap.list_len(list).is_ok_and(|len| (position as usize) < len) && !element.is_shape() {
                out.touch(element, write);
            }
        }
    }

    /// How many elements there are, and which: what changes it conflicts with every use.
    pub(super) fn touch_shape(&mut self, container: Value, write: bool, out: &mut Touches) {
        let container = self.touch_through(container, None, out);
        out.places.extend(shape(container).map(|location| (location, write)));
    }

    /// A container and everything directly in it is read.
    pub(super) fn touch_whole(&mut self, value: Value, out: &mut Touches) -> Value {
        let value = self.touch_through(value, None, out);
        if let Some(location) = shape(value) {
            out.read(location);
        }
        if value.is(Tag::List) {
            let len = self.heap.list_len(value).unwrap_or(0).min(WALK);
            for at in 0..len as u32 {
                out.read(Location::new(Space::List, value.slot(), at));
            }
        } else if is_record(value) {
            let fields = self.heap.with_record(value, |record| record.fields().len()).unwrap_or(0);
            for field in 0..fields as u32 {
                out.read(Location::new(Space::Record, value.slot(), field));
            }
        }
        value
    }

    /// A value and everything in it is read, as for printing, comparing or copying it.
    pub(super) fn touch_deep(&mut self, value: Value, out: &mut Touches) {
        if !value.kind().is_heap() && !value.kind().is_scheduler() || value.is(Tag::String) {
            return;
        }
        out.walked.clear();
        out.pending.clear();
        out.pending.push(value);
        while let Some(value) = out.pending.pop() {
            if out.places.len() > WALK
                || !(value.kind().is_heap() || value.kind().is_scheduler())
                || value.is(Tag::String)
            {
                continue;
            }
            let value = self.touch_through(value, None, out);
            if (shape(value).is_none() && !is_record(value)) || !out.walked.insert((value.tag, value.payload)) {
                continue;
            }
            self.touch_whole(value, out);
            let pending = &mut out.pending;
            self.heap.children(value, |child| pending.push(child));
        }
    }
}
