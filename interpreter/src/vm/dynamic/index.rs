//! `x[i]`: positions in sequences, keys of dicts, characters of strings; slices. Negative positions count from the end.

use super::sequence::Sequence;
use super::text::quoted;
use super::types::kind_name;
use crate::dynamic::ErrorKind;
use crate::value::{Tag, Value};
use crate::vm::fault::Fault;
use crate::vm::heap::Heap;

/// The failure of a position that a sequence does not have.
#[cold]
pub fn out_of_range(what: &str) -> Fault {
    Fault::error(ErrorKind::Index, format!("{what} index out of range"))
}

/// The failure of a key that a dict does not have.
#[cold]
pub fn no_key(heap: &Heap, key: Value) -> Fault {
    Fault::error(ErrorKind::Key, key_text(heap, key))
}

/// A key as a message names it: short, however large it is.
fn key_text(heap: &Heap, key: Value) -> String {
    match key.kind() {
        Tag::String => {
            let mut out = String::new();
            let text = heap.str(key).unwrap_or("");
            let shown: String = text.chars().take(200).collect();
            quoted(&shown, &mut out);
            out
        }
        Tag::Unit => "None".into(),
        Tag::Bool => if key.truthy() { "True" } else { "False" }.into(),
        Tag::F64 => super::text::float_text(key.float()),
        _ => crate::vm::format::plain(heap, key),
    }
}

/// Position `index` in a sequence of this length.
#[inline]
pub fn position(index: i64, len: usize) -> Option<usize> {
    let at = if index < 0 { index.checked_add_unsigned(len as u64)? } else { index };
    usize::try_from(at).ok().filter(|&at| at < len)
}

/// An integer, or a truth value as one.
#[inline]
pub fn integer(value: Value) -> Option<i64> {
    matches!(value.kind(), Tag::I64 | Tag::Bool).then(|| value.int())
}

/// The index of a list, tuple or string.
fn sequence_index(heap: &Heap, container: Value, index: Value) -> Result<i64, Fault> {
    integer(index).ok_or_else(|| {
        let (what, index) = (kind_name(heap, container), kind_name(heap, index));
        let what = if container.is(Tag::String) { "string" } else { &*what };
        Fault::error(ErrorKind::Type, format!("{what} indices must be integers, not '{index}'"))
    })
}

/// Fails for a value that cannot be a key of a dict, because it can change.
///
/// # Errors
/// TypeError, RuntimeError for a tuple that is nested too deeply.
pub fn check_key(heap: &Heap, key: Value) -> Result<(), Fault> {
    if !matches!(key.kind(), Tag::List | Tag::Map | Tag::Set | Tag::Tuple) {
        return Ok(());
    }
    let mut pending = vec![key];
    let mut looked_at = 0;
    while let Some(key) = pending.pop() {
        match key.kind() {
            Tag::List | Tag::Map | Tag::Set => {
                let name = kind_name(heap, key);
                return Err(Fault::error(ErrorKind::Type, format!("unhashable type: '{name}'")));
            }
            // Tuples cannot contain themselves without a list or dict between, but they can share parts.
            Tag::Tuple => {
                looked_at += 1;
                if looked_at > super::compare::MAX_DEPTH {
                    return Err(super::compare::too_deep());
                }
                pending.extend_from_slice(&Sequence::of(heap, key)?);
            }
            _ => {}
        }
    }
    Ok(())
}

/// `container[index]`
///
/// # Errors
/// IndexError, KeyError, TypeError.
pub fn index(heap: &mut Heap, container: Value, index: Value) -> Result<Value, Fault> {
    match container.kind() {
        Tag::List => {
            let wanted = sequence_index(heap, container, index)?;
            let found =
                heap.read_list(container, |elements| position(wanted, elements.len()).map(|at| elements[at]))?;
            found.ok_or_else(|| out_of_range("list"))
        }
        Tag::Map => {
            check_key(heap, index)?;
            heap.map_get(container, index)?.ok_or_else(|| no_key(heap, index))
        }
        Tag::Tuple => {
            let wanted = sequence_index(heap, container, index)?;
            let field = |fields: &[Value]| position(wanted, fields.len()).map(|at| fields[at]);
            heap.with_record(container, |record| field(record.fields()))?.ok_or_else(|| out_of_range("tuple"))
        }
        Tag::String => {
            let wanted = sequence_index(heap, container, index)?;
            let text = heap.str(container)?;
            let at = character(text, wanted).ok_or_else(|| out_of_range("string"))?;
            let c: Box<str> = text[at..].chars().next().map(|c| c.encode_utf8(&mut [0; 4]).into()).unwrap_or_default();
            heap.string(c)
        }
        _ => {
            Err(Fault::error(ErrorKind::Type, format!("'{}' object is not subscriptable", kind_name(heap, container))))
        }
    }
}

/// Byte position of a character.
fn character(text: &str, index: i64) -> Option<usize> {
    if text.is_ascii() {
        return position(index, text.len());
    }
    let at = position(index, text.chars().count())?;
    text.char_indices().nth(at).map(|(at, _)| at)
}

/// `container[index] = value`
///
/// # Errors
/// IndexError, TypeError.
pub fn set_index(heap: &mut Heap, container: Value, index: Value, value: Value) -> Result<(), Fault> {
    match container.kind() {
        Tag::List => {
            let wanted = sequence_index(heap, container, index)?;
            let missing = || out_of_range("list assignment");
            let at = position(wanted, heap.list_len(container)?).ok_or_else(missing)?;
            // Another task may have made the list shorter meanwhile.
            heap.set_element(container, at, value).map_err(|_| missing())
        }
        Tag::Map => {
            check_key(heap, index)?;
            heap.map_insert(container, index, value).map(drop)
        }
        _ => {
            let name = kind_name(heap, container);
            Err(Fault::error(ErrorKind::Type, format!("'{name}' object does not support item assignment")))
        }
    }
}

/// Bounds of a slice as the guest gave them (unset or `None`: the end on that side), cut to a length.
pub fn bounds(heap: &Heap, from: Value, to: Value, len: usize) -> Result<(usize, usize), Fault> {
    let bound = |value: Value, default: usize| match value.kind() {
        Tag::Unit | Tag::NoValue => Ok(default),
        _ => match integer(value) {
            Some(at) if at < 0 => Ok(usize::try_from(at.saturating_add_unsigned(len as u64)).unwrap_or(0)),
            Some(at) => Ok(usize::try_from(at).unwrap_or(usize::MAX).min(len)),
            None => {
                let name = kind_name(heap, value);
                Err(Fault::error(ErrorKind::Type, format!("slice indices must be integers or None, not '{name}'")))
            }
        },
    };
    let (from, to) = (bound(from, 0)?, bound(to, len)?);
    Ok((from, to.max(from)))
}

/// The part of a sequence or string from a position to before another one.
///
/// # Errors
/// TypeError for anything else.
pub fn slice(heap: &mut Heap, container: Value, from: Value, to: Value) -> Result<Value, Fault> {
    match container.kind() {
        Tag::List | Tag::Tuple => {
            let elements = Sequence::of(heap, container)?;
            let (from, to) = bounds(heap, from, to, elements.len())?;
            let part = elements.get(from..to).unwrap_or(&[]);
            heap.room_for(size_of_val(part))?;
            let part = part.to_vec();
            drop(elements);
            if container.is(Tag::List) { heap.list(part) } else { Ok(heap.tuple(&part)) }
        }
        Tag::String => {
            let text = heap.str(container)?;
            let part: Box<str> = if text.is_ascii() {
                let (from, to) = bounds(heap, from, to, text.len())?;
                text[from..to].into()
            } else {
                let (from, to) = bounds(heap, from, to, text.chars().count())?;
                text.chars().skip(from).take(to - from).collect::<String>().into()
            };
            heap.string(part)
        }
        _ => {
            Err(Fault::error(ErrorKind::Type, format!("'{}' object is not subscriptable", kind_name(heap, container))))
        }
    }
}
