//! Deep copies: lists, maps, sets, tuples, structs and variants are copied all the way down; strings and the other
//! immutable things, boxes, functions and the handles of the scheduler are shared.
//!
//! A list of copies still to be looked through replaces recursion, so that no guest structure is too deep.

use super::record::Record;
use super::slab::{Object, Slab};
use super::{Heap, wrong};
use crate::value::{Tag, Value};
use crate::vm::fault::Fault;

/// Whether a copy of this must be an object of its own.
#[inline]
fn is_copied(value: Value) -> bool {
    const TAGS: u64 = 1 << Tag::List as u8
        | 1 << Tag::Map as u8
        | 1 << Tag::Set as u8
        | 1 << Tag::Tuple as u8
        | 1 << Tag::Struct as u8
        | 1 << Tag::Variant as u8;
    value.tag < 64 && TAGS >> value.tag & 1 != 0
}

impl Heap {
    /// A deep copy.
    #[inline]
    pub fn clone_value(&mut self, value: Value) -> Result<Value, Fault> {
        if is_copied(value) { self.clone_deep(value) } else { Ok(value) }
    }

    #[inline(never)]
    fn clone_deep(&mut self, value: Value) -> Result<Value, Fault> {
        let mut pending = Vec::new();
        let copy = self.shallow(value, &mut pending)?;
        while let Some(object) = pending.pop() {
            // Each child is replaced by a shallow copy of itself, which is then looked through in turn.
            match object.kind() {
                Tag::List => {
                    for at in 0..self.list_len(object)? {
                        if let Some(child) = self.element(object, at)?
                            && is_copied(child)
                        {
                            let child = self.shallow(child, &mut pending)?;
                            self.set_element(object, at, child)?;
                        }
                    }
                }
                Tag::Map | Tag::Set => {
                    // Taken out, because copying its children needs the heap; a copy is reachable only from here.
                    let Some(mut table) = self.tables.private_mut(object.slot()).map(std::mem::take) else {
                        return Err(wrong("a map", object));
                    };
                    for (key, value) in table.iter_mut() {
                        for child in [key, value] {
                            if is_copied(*child) {
                                *child = self.shallow(*child, &mut pending)?;
                            }
                        }
                    }
                    if let Some(slot) = self.tables.private_mut(object.slot()) {
                        *slot = table;
                    }
                }
                _ => {
                    for at in 0..self.with_record(object, |record| record.fields().len())? {
                        let child = self.field(object, at as u32)?;
                        if is_copied(child) {
                            let child = self.shallow(child, &mut pending)?;
                            self.set_field(object, at as u32, child)?;
                        }
                    }
                }
            }
        }
        Ok(copy)
    }

    /// A copy of one object; noted as pending if it has children to be copied.
    fn shallow(&mut self, value: Value, pending: &mut Vec<Value>) -> Result<Value, Fault> {
        let (copy, deep) = match value.kind() {
            Tag::List => {
                let elements = self.elements(value)?;
                self.room_for(size_of_val::<[Value]>(&elements))?;
                let elements = elements.into_owned();
                let deep = elements.iter().copied().any(is_copied);
                (self.list(elements)?, deep)
            }
            tag @ (Tag::Map | Tag::Set) => {
                let table = self.table(value)?;
                self.room_for(table.extra_bytes())?;
                let table = table.into_owned();
                let deep = table.iter().any(|(key, value)| is_copied(key) || is_copied(value));
                (self.new_table(tag, table), deep)
            }
            tag => {
                let record = self.record_of(value)?.into_owned();
                let bytes = Slab::<Record>::SLOT_BYTES + record.extra_bytes();
                self.room_for(bytes)?;
                let deep = record.fields().iter().copied().any(is_copied);
                self.resized(0, bytes);
                (Value::handle(tag, self.records.insert(record)), deep)
            }
        };
        if deep {
            pending.push(copy);
        }
        Ok(copy)
    }
}
