//! What can be walked over: lists, tuples, dicts (their keys), sets, strings (their characters), ranges of keys included.

use super::types::kind_name;
use crate::dynamic::ErrorKind;
use crate::value::{Tag, Value};
use crate::vm::fault::Fault;
use crate::vm::heap::Heap;
use crate::vm::heap::record::Record;
use std::borrow::Cow;
use std::ops::Deref;

/// The elements of a list or tuple: lent where nobody else can change them, copied otherwise.
pub enum Sequence<'a> {
    /// Of a list.
    List(Cow<'a, [Value]>),
    /// Of a tuple.
    Tuple(Cow<'a, Record>),
}

impl<'a> Sequence<'a> {
    /// The elements of a list or tuple.
    ///
    /// # Errors
    /// For any other value.
    #[inline]
    pub fn of(heap: &'a Heap, value: Value) -> Result<Sequence<'a>, Fault> {
        if value.is(Tag::List) {
            heap.elements(value).map(Sequence::List)
        } else {
            heap.record_of(value).map(Sequence::Tuple)
        }
    }
}

impl Deref for Sequence<'_> {
    type Target = [Value];

    #[inline]
    fn deref(&self) -> &[Value] {
        match self {
            Sequence::List(elements) => elements,
            Sequence::Tuple(record) => record.fields(),
        }
    }
}

/// The failure of a walk over what cannot be walked over.
#[cold]
pub fn not_iterable(heap: &Heap, value: Value) -> Fault {
    Fault::error(ErrorKind::Type, format!("'{}' object is not iterable", kind_name(heap, value)))
}

/// Whether a value can be walked over.
pub fn is_iterable(value: Value) -> bool {
    matches!(value.kind(), Tag::List | Tag::Tuple | Tag::Map | Tag::Set | Tag::String)
}

/// The next element of what is walked over from a position on, and the position after it. What is added meanwhile is met, too.
///
/// # Errors
/// TypeError for what cannot be walked over.
pub fn iterate(heap: &mut Heap, container: Value, position: u64) -> Result<Option<(u64, Value)>, Fault> {
    let at = usize::try_from(position).unwrap_or(usize::MAX);
    match container.kind() {
        Tag::List => Ok(heap.element(container, at)?.map(|element| (position + 1, element))),
        Tag::Tuple => {
            let field = heap.with_record(container, |record| record.fields().get(at).copied())?;
            Ok(field.map(|field| (position + 1, field)))
        }
        Tag::Map | Tag::Set => Ok(heap.table_next(container, at)?.map(|(next, key, _)| (next as u64, key))),
        Tag::String => {
            let Some(c) = heap.str(container)?.get(at..).and_then(|rest| rest.chars().next()) else { return Ok(None) };
            let mut buffer = [0; 4];
            let text: &str = c.encode_utf8(&mut buffer);
            Ok(Some((position + text.len() as u64, heap.string(text)?)))
        }
        _ => Err(not_iterable(heap, container)),
    }
}

/// A copy of all elements of what can be walked over.
///
/// # Errors
/// TypeError for what cannot be walked over, and where the copy does not fit into the guest's memory.
pub fn collect(heap: &mut Heap, value: Value) -> Result<Vec<Value>, Fault> {
    match value.kind() {
        Tag::List | Tag::Tuple => {
            let elements = Sequence::of(heap, value)?;
            heap.room_for(size_of_val(&*elements))?;
            Ok(elements.to_vec())
        }
        Tag::Map | Tag::Set => {
            let table = heap.table(value)?;
            heap.room_for(table.len().saturating_mul(size_of::<Value>()))?;
            Ok(table.iter().map(|(key, _)| key).collect())
        }
        Tag::String => {
            let text: Box<str> = heap.str(value)?.into();
            // A string of its own for each character.
            heap.room_for(text.len().saturating_mul(4 * size_of::<Value>()))?;
            let mut buffer = [0; 4];
            text.chars().map(|c| heap.string(&*c.encode_utf8(&mut buffer))).collect()
        }
        _ => Err(not_iterable(heap, value)),
    }
}
