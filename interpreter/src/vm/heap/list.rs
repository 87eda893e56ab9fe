//! Lists: access by position, growth with its bytes counted, and slices.

use super::slab::{Object, Slab};
use super::{Heap, ListObject, wrong};
use crate::value::{Tag, Value};
use crate::vm::fault::Fault;

/// The panic of an index past the end (or below zero).
#[cold]
#[inline(never)]
pub fn out_of_range(len: usize, index: i128) -> Fault {
    Fault::Panic(format!("index out of range: the length is {len} but the index is {index}"))
}

/// The panic of a slice whose bounds do not fit.
#[cold]
#[inline(never)]
pub fn slice_out_of_range(len: usize, from: i128, to: i128) -> Fault {
    Fault::Panic(if from > to {
        format!("slice out of range: it starts at {from} but ends at {to}")
    } else {
        format!("slice out of range: the length is {len} but the slice is {from}..{to}")
    })
}

impl Heap {
    /// A list of these elements.
    #[inline]
    pub fn list(&mut self, elements: Vec<Value>) -> Result<Value, Fault> {
        let list = ListObject(elements);
        self.room_for(list.extra_bytes())?;
        self.resized(0, Slab::<ListObject>::SLOT_BYTES + list.extra_bytes());
        Ok(Value::handle(Tag::List, self.lists.insert(list)))
    }

    /// A list of the same value, so many times.
    pub fn repeat(&mut self, value: Value, count: u64) -> Result<Value, Fault> {
        self.room_for(usize::try_from(count).unwrap_or(usize::MAX).saturating_mul(size_of::<Value>()))?;
        self.list(vec![value; count as usize])
    }

    /// The elements of a list.
    #[inline(always)]
    pub fn elements(&self, list: Value) -> Result<&[Value], Fault> {
        match self.lists.get(list.slot()) {
            Some(object) if list.is(Tag::List) => Ok(&object.0),
            _ => Err(wrong("a list", list)),
        }
    }

    /// The elements of a list, to be replaced one by one.
    #[inline(always)]
    pub fn elements_mut(&mut self, list: Value) -> Result<&mut [Value], Fault> {
        match self.lists.get_mut(list.slot()) {
            Some(object) if list.is(Tag::List) => Ok(&mut object.0),
            _ => Err(wrong("a list", list)),
        }
    }

    /// Changes a list in any way that does not need much more room; growth is counted.
    pub fn change_list<R>(&mut self, list: Value, change: impl FnOnce(&mut Vec<Value>) -> R) -> Result<R, Fault> {
        match self.lists.get_mut(list.slot()) {
            Some(object) if list.is(Tag::List) => {
                let before = object.extra_bytes();
                let result = change(&mut object.0);
                let after = object.extra_bytes();
                self.resized(before, after);
                Ok(result)
            }
            _ => Err(wrong("a list", list)),
        }
    }

    /// Appends an element.
    #[inline]
    pub fn push(&mut self, list: Value, value: Value) -> Result<(), Fault> {
        match self.lists.get_mut(list.slot()) {
            Some(object) if list.is(Tag::List) => {
                if object.0.len() < object.0.capacity() {
                    object.0.push(value);
                    return Ok(());
                }
                self.push_growing(list, value)
            }
            _ => Err(wrong("a list", list)),
        }
    }

    #[cold]
    #[inline(never)]
    fn push_growing(&mut self, list: Value, value: Value) -> Result<(), Fault> {
        let len = self.elements(list)?.len();
        // Doubling: what it will have, not what it needs.
        self.room_for(len.max(4) * size_of::<Value>())?;
        self.change_list(list, |elements| elements.push(value))
    }

    /// Appends elements.
    pub fn append(&mut self, list: Value, values: &[Value]) -> Result<(), Fault> {
        self.room_for(size_of_val(values))?;
        self.change_list(list, |elements| elements.extend_from_slice(values))
    }

    /// Position `index` as the guest gave it (any integer kind up to 64 bits; unsigned ones by `unsigned`), checked against a length.
    #[inline(always)]
    pub fn position(&self, index: Value, len: usize) -> Result<usize, Fault> {
        // A negative index reads as a huge one, and an unsigned one past i64::MAX is out of range anyway.
        if index.payload < len as u64 && !index.is(Tag::I128) && !index.is(Tag::U128) {
            return Ok(index.payload as usize);
        }
        self.wide_position(index, len)
    }

    #[cold]
    #[inline(never)]
    fn wide_position(&self, index: Value, len: usize) -> Result<usize, Fault> {
        let index = crate::vm::arith::integer(self, index)?;
        if (0..len as i128).contains(&index) { Ok(index as usize) } else { Err(out_of_range(len, index)) }
    }

    /// Bounds of a slice as the guest gave them, checked against a length.
    pub fn slice_bounds(&self, from: Value, to: Value, len: usize) -> Result<(usize, usize), Fault> {
        let from = crate::vm::arith::integer(self, from)?;
        let to = crate::vm::arith::integer(self, to)?;
        if 0 <= from && from <= to && to <= len as i128 {
            Ok((from as usize, to as usize))
        } else {
            Err(slice_out_of_range(len, from, to))
        }
    }

    /// Bounds of the slice that a range takes of something so long.
    pub fn range_bounds(&self, range: Value, len: usize) -> Result<(usize, usize), Fault> {
        let (lo, hi, inclusive) = self.range_of(range)?;
        let from = crate::vm::arith::integer(self, lo)?;
        let to = crate::vm::arith::integer(self, hi)?.saturating_add(inclusive as i128);
        if 0 <= from && from <= to && to <= len as i128 {
            Ok((from as usize, to as usize))
        } else {
            Err(slice_out_of_range(len, from, to))
        }
    }
}
