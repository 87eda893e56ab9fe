//! Lists: access by position, growth with its bytes counted, and slices.

use super::slab::{Object, Slab};
use super::{Heap, Kind, ListObject, wrong};
use crate::value::{Tag, Value};
use crate::vm::fault::Fault;
use std::borrow::Cow;

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

    /// The elements of a list; a copy of a published one's.
    #[inline(always)]
    pub fn elements(&self, list: Value) -> Result<Cow<'_, [Value]>, Fault> {
        match self.lists.private(list.slot()) {
            Some(object) if list.is(Tag::List) => Ok(Cow::Borrowed(&object.0)),
            _ => self.read_list(list, |elements| Cow::Owned(elements.to_vec())),
        }
    }

    /// Something about a list that can be read in one go.
    #[inline]
    pub(crate) fn read_list<R>(&self, list: Value, read: impl Fn(&[Value]) -> R) -> Result<R, Fault> {
        self.read_vec(list, |elements| read(elements))
    }

    #[inline]
    fn read_vec<R>(&self, list: Value, read: impl Fn(&Vec<Value>) -> R) -> Result<R, Fault> {
        if list.is(Tag::List) {
            if let Some(object) = self.lists.private(list.slot()) {
                return Ok(read(&object.0));
            }
            if let Some(result) = self.lists.locked(list.slot(), |object| read(&object.0)) {
                return Ok(result);
            }
        }
        Err(wrong("a list", list))
    }

    /// Number of elements of a list.
    #[inline]
    pub fn list_len(&self, list: Value) -> Result<usize, Fault> {
        self.read_list(list, <[Value]>::len)
    }

    /// Elements that a list has room for without growing.
    pub fn capacity(&self, list: Value) -> Result<usize, Fault> {
        self.read_vec(list, Vec::capacity)
    }

    /// An element of a list; `None` past its end.
    #[inline]
    pub fn element(&self, list: Value, at: usize) -> Result<Option<Value>, Fault> {
        self.read_list(list, |elements| elements.get(at).copied())
    }

    /// Replaces an element of a list.
    #[inline]
    pub fn set_element(&mut self, list: Value, at: usize, value: Value) -> Result<(), Fault> {
        if let Some(object) = self.lists.private_mut(list.slot())
            && list.is(Tag::List)
            && let Some(element) = object.0.get_mut(at)
        {
            *element = value;
            return Ok(());
        }
        self.set_shared_element(list, at, value)
    }

    #[cold]
    #[inline(never)]
    fn set_shared_element(&mut self, list: Value, at: usize, value: Value) -> Result<(), Fault> {
        self.before_storing(Kind::List, list, &[value]);
        let len = self.change_list(list, |elements| match elements.get_mut(at) {
            Some(element) => {
                *element = value;
                None
            }
            None => Some(elements.len()),
        })?;
        len.map_or(Ok(()), |len| Err(out_of_range(len, at as i128)))
    }

    /// Changes a list in any way that does not need much more room and puts nothing new into it; growth is counted. `change`
    /// must not assume a length: another machine may have changed a published list since it was looked at.
    pub fn change_list<R>(&mut self, list: Value, change: impl FnOnce(&mut Vec<Value>) -> R) -> Result<R, Fault> {
        let count = |object: &mut ListObject| {
            let before = object.extra_bytes();
            let result = change(&mut object.0);
            (result, before, object.extra_bytes())
        };
        let done = match self.lists.is_published(list.slot()) {
            _ if !list.is(Tag::List) => None,
            false => self.lists.private_mut(list.slot()).map(count),
            true => self.lists.locked(list.slot(), count),
        };
        let (result, before, after) = done.ok_or_else(|| wrong("a list", list))?;
        self.resized(before, after);
        Ok(result)
    }

    /// As [`Heap::change_list`], where `change` puts these values into the list.
    pub fn change_list_with<R>(
        &mut self,
        list: Value,
        new: &[Value],
        change: impl FnOnce(&mut Vec<Value>) -> R,
    ) -> Result<R, Fault> {
        self.before_storing(Kind::List, list, new);
        self.change_list(list, change)
    }

    /// Appends an element.
    #[inline]
    pub fn push(&mut self, list: Value, value: Value) -> Result<(), Fault> {
        if let Some(object) = self.lists.private_mut(list.slot())
            && list.is(Tag::List)
            && object.0.len() < object.0.capacity()
        {
            object.0.push(value);
            return Ok(());
        }
        self.push_growing(list, value)
    }

    #[cold]
    #[inline(never)]
    fn push_growing(&mut self, list: Value, value: Value) -> Result<(), Fault> {
        self.room_for_one_more(list)?;
        self.change_list_with(list, &[value], |elements| elements.push(value))
    }

    /// Fails where a list that is full cannot grow.
    pub fn room_for_one_more(&self, list: Value) -> Result<(), Fault> {
        let len = self.list_len(list)?;
        // Doubling: what it will have, not what it needs.
        self.room_for(len.max(4) * size_of::<Value>())
    }

    /// Appends elements.
    pub fn append(&mut self, list: Value, values: &[Value]) -> Result<(), Fault> {
        self.room_for(size_of_val(values))?;
        self.change_list_with(list, values, |elements| elements.extend_from_slice(values))
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
