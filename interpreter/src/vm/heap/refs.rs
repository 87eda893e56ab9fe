//! Cells of captured variables, boxes, and references to fields and elements.
//!
//! [`Heap::load`] and [`Heap::store`] go through one step of any of them; guards are the scheduler's, and the loop
//! looks there first.

use super::record::Record;
use super::slab::{Object, Slab};
use super::{CellObject, Heap, Kind, RefObject, wrong};
use crate::value::{Tag, Value};
use crate::vm::fault::Fault;

/// The panic of a box (or variable) whose content was moved out.
#[cold]
#[inline(never)]
fn taken(value: Value) -> Fault {
    Fault::panic(if value.is(Tag::Box) {
        "use of a Box whose content was taken"
    } else {
        "use of a variable whose value was moved out"
    })
}

impl Heap {
    /// A cell for a captured variable; `Value::NONE` while it is unset.
    #[inline]
    pub fn cell(&mut self, value: Value) -> Value {
        self.resized(0, Slab::<CellObject>::SLOT_BYTES);
        Value::handle(Tag::Cell, self.cells.insert(CellObject(value)))
    }

    /// A box.
    #[inline]
    pub fn new_box(&mut self, value: Value) -> Value {
        self.resized(0, Slab::<CellObject>::SLOT_BYTES);
        Value::handle(Tag::Box, self.cells.insert(CellObject(value)))
    }

    /// The content of a cell or box as it is, `Value::NONE` where there is none.
    #[inline]
    pub fn cell_content(&self, cell: Value) -> Result<Value, Fault> {
        if Kind::of(cell.kind()) == Some(Kind::Cell) {
            if let Some(object) = self.cells.private(cell.slot()) {
                return Ok(object.0);
            }
            if let Some(content) = self.cells.locked(cell.slot(), |object| object.0) {
                return Ok(content);
            }
        }
        Err(wrong("a cell", cell))
    }

    /// The content of a cell or box; one that was moved out panics.
    #[inline]
    pub fn load_cell(&self, cell: Value) -> Result<Value, Fault> {
        match self.cell_content(cell) {
            Ok(content) if content.is(Tag::NoValue) => Err(taken(cell)),
            other => other,
        }
    }

    /// Sets the content of a cell or box and gives the old one (`Value::NONE` where there was none).
    #[inline]
    pub fn store_cell(&mut self, cell: Value, value: Value) -> Result<Value, Fault> {
        match self.cells.private_mut(cell.slot()) {
            Some(object) if Kind::of(cell.kind()) == Some(Kind::Cell) => Ok(std::mem::replace(&mut object.0, value)),
            _ => self.change_shared_cell(cell, value, |_| true),
        }
    }

    /// As [`Heap::store_cell`], but a cell or box whose content was moved out panics and stays so. In one go towards other machines.
    pub fn replace_cell(&mut self, cell: Value, value: Value) -> Result<Value, Fault> {
        if self.cells.is_published(cell.slot()) {
            let old = self.change_shared_cell(cell, value, |content| !content.is(Tag::NoValue))?;
            return if old.is(Tag::NoValue) { Err(taken(cell)) } else { Ok(old) };
        }
        self.load_cell(cell)?;
        self.store_cell(cell, value)
    }

    /// Sets the content of a published cell where the old one, which is given, allows it.
    #[cold]
    #[inline(never)]
    fn change_shared_cell(&mut self, cell: Value, value: Value, may: impl Fn(Value) -> bool) -> Result<Value, Fault> {
        if Kind::of(cell.kind()) == Some(Kind::Cell) {
            self.before_storing(Kind::Cell, cell, &[value]);
            let change = |object: &mut CellObject| {
                let old = object.0;
                if may(old) {
                    object.0 = value;
                }
                old
            };
            if let Some(old) = self.cells.locked(cell.slot(), change) {
                return Ok(old);
            }
        }
        Err(wrong("a cell", cell))
    }

    /// A reference to a field of a record.
    pub fn field_ref(&mut self, record: Value, field: u32) -> Value {
        self.new_ref(Tag::FieldRef, record, Value::usize(field as u64))
    }

    /// A reference to an element of a list or to the value under a key of a map. The index is checked at each use.
    pub fn index_ref(&mut self, container: Value, index: Value) -> Value {
        // A reference as the index stands for its target now. So an index never leads to a further lookup by key, and a chain of
        // such lookups cannot be as long as the guest likes.
        let index = self.load(index).unwrap_or(Value::NONE);
        self.new_ref(Tag::IndexRef, container, index)
    }

    fn new_ref(&mut self, tag: Tag, base: Value, index: Value) -> Value {
        self.resized(0, Slab::<RefObject>::SLOT_BYTES);
        Value::handle(tag, self.refs.insert(RefObject { base, index }))
    }

    /// What a reference refers to: its record or container, and its index.
    #[cfg(test)]
    pub(crate) fn ref_parts(&self, value: Value) -> [Value; 2] {
        self.ref_of(value).map(|r| [r.base, r.index]).expect("a reference")
    }

    /// What a reference refers to: its record and the field's position, or its container and the index.
    pub fn reference(&self, value: Value) -> Result<[Value; 2], Fault> {
        self.ref_of(value).map(|r| [r.base, r.index])
    }

    fn ref_of(&self, value: Value) -> Result<RefObject, Fault> {
        match self.refs.constant(value.slot()) {
            Some(object) if Kind::of(value.kind()) == Some(Kind::Ref) => Ok(*object),
            _ => Err(wrong("a reference", value)),
        }
    }

    /// What a reference, cell or box stands for; any other value is itself. One step: a box in a field stays a box.
    #[inline]
    pub fn load(&self, value: Value) -> Result<Value, Fault> {
        match value.kind() {
            Tag::Box | Tag::Cell => self.load_cell(value),
            Tag::FieldRef => {
                let r = self.ref_of(value)?;
                self.field(r.base, r.index.slot())
            }
            Tag::IndexRef => {
                let r = self.ref_of(value)?;
                self.get_index(r.base, r.index)
            }
            _ => Ok(value),
        }
    }

    /// As [`Heap::load`], for looking at the parts of a value (comparing, hashing, writing), where a lookup by key could end up here
    /// again and again: a reference into a map is refused.
    #[inline]
    pub fn load_part(&self, value: Value) -> Result<Value, Fault> {
        if value.is(Tag::IndexRef) && !self.ref_of(value)?.base.is(Tag::List) {
            return Err(wrong("a plain value", value));
        }
        self.load(value)
    }

    /// Sets what a reference, cell or box stands for. Where `target` is an aggregate itself (`&x!` of a struct, list, map or
    /// set is the thing), it takes over the content of `value`.
    pub fn store(&mut self, target: Value, value: Value) -> Result<(), Fault> {
        match target.kind() {
            Tag::Box | Tag::Cell => self.store_cell(target, value).map(drop),
            Tag::FieldRef => {
                let r = self.ref_of(target)?;
                self.set_field(r.base, r.index.slot(), value)
            }
            Tag::IndexRef => {
                let r = self.ref_of(target)?;
                self.set_index(r.base, r.index, value)
            }
            _ => self.take_over(target, value),
        }
    }

    /// Gives an aggregate the content of another of its kind.
    fn take_over(&mut self, target: Value, value: Value) -> Result<(), Fault> {
        if target == value {
            return Ok(());
        }
        match (target.kind(), value.kind()) {
            (Tag::List, Tag::List) => {
                let elements = self.elements(value)?;
                self.room_for(size_of_val::<[Value]>(&elements))?;
                let elements = elements.into_owned();
                self.before_storing(Kind::List, target, &elements);
                self.change_list(target, |list| *list = elements)
            }
            (Tag::Map, Tag::Map) | (Tag::Set, Tag::Set) => {
                let table = self.table(value)?.into_owned();
                if self.tables.is_published(target.slot()) {
                    let parts: Vec<Value> = table.iter().flat_map(|(key, value)| [key, value]).collect();
                    self.before_storing(Kind::Table, target, &parts);
                }
                self.change_table(target, |old| *old = table)
            }
            (Tag::Tuple, Tag::Tuple) | (Tag::Struct, Tag::Struct) | (Tag::Variant, Tag::Variant) => {
                let record = self.record_of(value)?.into_owned();
                self.before_storing(Kind::Record, target, record.fields());
                let after = record.extra_bytes();
                let change = |old: &mut Record| std::mem::replace(old, record).extra_bytes();
                let before = match self.records.is_published(target.slot()) {
                    false => self.records.private_mut(target.slot()).map(change),
                    true => self.records.locked(target.slot(), change),
                };
                self.resized(before.ok_or_else(|| wrong("a record", target))?, after);
                Ok(())
            }
            _ => Err(wrong("a place of the same kind", target)),
        }
    }
}
