//! Structural equality, order and hash of values.
//!
//! All three see through references and boxes, and work on a list of what is still to be looked at instead of
//! recursion. Two boxes that are being compared already count as equal, which ends cycles. Handles of the scheduler and functions
//! are equal when they are the same one.
//!
//! In programs without static types ([`Heap::dynamic`]) numbers of all kinds are equal as numbers, truth values being 0 and 1; objects of
//! classes are equal when they are the same one; and a list may contain itself, so that looking ends at a depth.

use super::arith::integer;
use super::fault::Fault;
use super::heap::Heap;
use super::heap::record::Record;
use crate::dynamic::ErrorKind;
use crate::types::OPTION;
use crate::value::{Tag, Value};
use rustc_hash::{FxHashSet, FxHasher};
use std::cmp::Ordering;
use std::hash::Hasher;

/// How deep maps may be keys of maps, and boxes may hold nothing but boxes.
const MAX_DEPTH: u32 = 100;

/// How deep lists and tuples of programs without static types are looked into.
const MAX_NESTING: usize = 10_000;

/// What such a program is told beyond.
const TOO_DEEP: &str = "maximum recursion depth exceeded in comparison";

#[cold]
fn too_deep(heap: &Heap) -> Fault {
    if heap.dynamic {
        return Fault::error(ErrorKind::Runtime, TOO_DEEP);
    }
    Fault::panic("value nested too deeply")
}

/// Whether two values are equal.
#[inline]
pub fn equal(heap: &Heap, a: Value, b: Value) -> Result<bool, Fault> {
    if a.tag == b.tag {
        match a.kind() {
            // The same bits mean the same thing.
            Tag::Unit | Tag::Bool | Tag::Char | Tag::I8 | Tag::I16 | Tag::I32 | Tag::I64 | Tag::Isize => {
                return Ok(a.payload == b.payload);
            }
            Tag::U8 | Tag::U16 | Tag::U32 | Tag::U64 | Tag::Usize | Tag::Duration | Tag::Time | Tag::Variant0 => {
                return Ok(a.payload == b.payload);
            }
            Tag::F32 | Tag::F64 => return Ok(a.float() == b.float()),
            Tag::String => return Ok(a.payload == b.payload || heap.str(a)? == heap.str(b)?),
            _ => {}
        }
    }
    equal_deep(heap, a, b, 0)
}

/// Two sequences of children that are being compared, and how far.
struct Pair {
    a: Value,
    b: Value,
    at: usize,
    len: usize,
}

/// Boxes that are being compared with each other.
#[derive(Default)]
struct Seen(FxHashSet<(u32, u32)>);

fn equal_deep(heap: &Heap, a: Value, b: Value, depth: u32) -> Result<bool, Fault> {
    if depth > MAX_DEPTH {
        return Err(too_deep(heap));
    }
    let mut seen = Seen::default();
    let mut pending: Vec<Pair> = Vec::new();
    let (mut a, mut b) = (a, b);
    loop {
        if !equal_step(heap, a, b, depth, &mut seen, &mut pending)? {
            return Ok(false);
        }
        loop {
            let Some(pair) = pending.last_mut() else { return Ok(true) };
            if pair.at == pair.len {
                pending.pop();
                continue;
            }
            (a, b) = (child(heap, pair.a, pair.at)?, child(heap, pair.b, pair.at)?);
            pair.at += 1;
            break;
        }
    }
}

/// Whether two values are equal as far as one look says; what is left goes to `pending`.
fn equal_step(
    heap: &Heap,
    a: Value,
    b: Value,
    depth: u32,
    seen: &mut Seen,
    pending: &mut Vec<Pair>,
) -> Result<bool, Fault> {
    let Some((a, b)) = through(heap, a, b, seen)? else { return Ok(true) };
    let (ta, tb) = (a.kind(), b.kind());
    if ta.int_kind().is_some() && tb.int_kind().is_some() {
        // Generic code may meet integers of two kinds; they are equal as numbers.
        return same_number(heap, a, b);
    }
    if ta != tb {
        return Ok(heap.dynamic && same_mixed(a, b));
    }
    let len = match ta {
        Tag::Struct if heap.dynamic => return Ok(a.payload == b.payload),
        Tag::F32 | Tag::F64 => return Ok(a.float() == b.float()),
        Tag::String => return Ok(heap.str(a)? == heap.str(b)?),
        Tag::List => {
            let (x, y) = (heap.list_len(a)?, heap.list_len(b)?);
            if x != y {
                return Ok(false);
            }
            x
        }
        Tag::Tuple | Tag::Struct | Tag::Variant | Tag::Range => {
            let shape = |record: &Record| (record.ty, record.variant, record.fields().len());
            let (x, y) = (heap.with_record(a, shape)?, heap.with_record(b, shape)?);
            if x != y {
                return Ok(false);
            }
            x.2
        }
        Tag::Map | Tag::Set => return same_table(heap, a, b, depth),
        _ => return Ok(a.payload == b.payload),
    };
    if len > 0 && a.payload != b.payload {
        if heap.dynamic && pending.len() >= MAX_NESTING {
            return Err(Fault::error(ErrorKind::Runtime, TOO_DEEP));
        }
        pending.push(Pair { a, b, at: 0, len });
    }
    Ok(true)
}

/// Equality of two scalars of different kinds, where the program has no static types.
fn same_mixed(a: Value, b: Value) -> bool {
    use crate::vm::dynamic::arith::number;
    match (number(a), number(b)) {
        (Some(a), Some(b)) => crate::vm::dynamic::compare::number_order(a, b) == Some(Ordering::Equal),
        _ => false,
    }
}

/// Equality of two integers of any kinds.
fn same_number(heap: &Heap, a: Value, b: Value) -> Result<bool, Fault> {
    if a.is(Tag::U128) && b.is(Tag::U128) {
        return Ok(heap.wide_bits(a)? == heap.wide_bits(b)?);
    }
    Ok(integer(heap, a)? == integer(heap, b)?)
}

/// Equality of maps and sets: the same keys with equal values, in any order.
fn same_table(heap: &Heap, a: Value, b: Value, depth: u32) -> Result<bool, Fault> {
    let (x, y) = (heap.table(a)?, heap.table(b)?);
    if x.len() != y.len() {
        return Ok(false);
    }
    for (key, value) in x.iter() {
        let mut fault = None;
        let found = y.find(hash(heap, key)?, |other| match equal_deep(heap, other, key, depth + 1) {
            Ok(same) => same,
            Err(f) => {
                fault = Some(f);
                false
            }
        });
        if let Some(fault) = fault {
            return Err(fault);
        }
        let Some((_, other)) = found.and_then(|position| y.at(position)) else { return Ok(false) };
        if !equal_deep(heap, value, other, depth + 1)? {
            return Ok(false);
        }
    }
    Ok(true)
}

/// Whether comparing this with anything of the kind looks at nothing that could change: numbers, strings, handles.
pub fn is_plain(value: Value) -> bool {
    !is_indirect(value) && !has_children(value) && !matches!(value.kind(), Tag::Map | Tag::Set)
}

fn is_indirect(value: Value) -> bool {
    matches!(value.kind(), Tag::Box | Tag::Cell | Tag::FieldRef | Tag::IndexRef)
}

/// What two values stand for, behind references and boxes; `None` where they need no further look: the same box, or a pair of
/// boxes that is being compared already.
fn through(heap: &Heap, mut a: Value, mut b: Value, seen: &mut Seen) -> Result<Option<(Value, Value)>, Fault> {
    if is_indirect(a) && a == b {
        return Ok(None);
    }
    if a.is(Tag::Box) && b.is(Tag::Box) && !seen.0.insert((a.slot(), b.slot())) {
        return Ok(None);
    }
    for _ in 0..MAX_DEPTH {
        match (is_indirect(a), is_indirect(b)) {
            (false, false) => return Ok(Some((a, b))),
            (true, _) => a = heap.load_part(a)?,
            (false, true) => b = heap.load_part(b)?,
        }
    }
    Err(too_deep(heap))
}

/// The child of a list or record at a position.
fn child(heap: &Heap, parent: Value, at: usize) -> Result<Value, Fault> {
    let child = if parent.is(Tag::List) {
        heap.element(parent, at)?
    } else {
        heap.with_record(parent, |record| record.fields().get(at).copied())?
    };
    // Another machine may have taken it away since the number of children was asked for.
    Ok(child.unwrap_or(Value::NONE))
}

/// The order of two values of one kind: numbers, strings (by bytes), chars, bools, durations, times; tuples, structs and
/// lists by their first difference; variants by number, then fields (`None` before `Some`). `None` where a NaN decides.
pub fn order(heap: &Heap, a: Value, b: Value) -> Result<Option<Ordering>, Fault> {
    let mut seen = Seen::default();
    let mut pending: Vec<(Pair, Ordering)> = Vec::new();
    let (mut a, mut b) = (a, b);
    loop {
        let step = match through(heap, a, b, &mut seen)? {
            Some((a, b)) => order_step(heap, a, b, &mut pending)?,
            None => Some(Ordering::Equal),
        };
        if step != Some(Ordering::Equal) {
            return Ok(step);
        }
        loop {
            let Some((pair, rest)) = pending.last_mut() else { return Ok(Some(Ordering::Equal)) };
            if pair.at == pair.len {
                let rest = *rest;
                if rest != Ordering::Equal {
                    return Ok(Some(rest));
                }
                pending.pop();
                continue;
            }
            (a, b) = (child(heap, pair.a, pair.at)?, child(heap, pair.b, pair.at)?);
            pair.at += 1;
            break;
        }
    }
}

/// The order as far as one look says; children go to `pending` together with the order where they are all equal.
fn order_step(heap: &Heap, a: Value, b: Value, pending: &mut Vec<(Pair, Ordering)>) -> Result<Option<Ordering>, Fault> {
    let (ta, tb) = (a.kind(), b.kind());
    if ta.int_kind().is_some() && tb.int_kind().is_some() {
        if ta == Tag::U128 && tb == Tag::U128 {
            return Ok(Some(heap.wide_bits(a)?.cmp(&heap.wide_bits(b)?)));
        }
        return Ok(Some(integer(heap, a)?.cmp(&integer(heap, b)?)));
    }
    if let (Some((ea, va)), Some((eb, vb))) = (heap.variant_of(a), heap.variant_of(b)) {
        if (ea, va) != (eb, vb) {
            let order = (ea, va).cmp(&(eb, vb));
            return Ok(Some(if ea == OPTION.0 && ea == eb { order.reverse() } else { order }));
        }
        if ta == Tag::Variant0 || tb == Tag::Variant0 {
            return Ok(Some(Ordering::Equal));
        }
    }
    if ta != tb {
        return Err(no_order(a, b));
    }
    match ta {
        Tag::Unit | Tag::NoValue => Ok(Some(Ordering::Equal)),
        Tag::Bool | Tag::Char => Ok(Some(a.payload.cmp(&b.payload))),
        Tag::Duration | Tag::Time => Ok(Some(a.int().cmp(&b.int()))),
        Tag::F32 | Tag::F64 => Ok(a.float().partial_cmp(&b.float())),
        Tag::String => Ok(Some(heap.str(a)?.cmp(heap.str(b)?))),
        Tag::List | Tag::Tuple | Tag::Struct | Tag::Variant => {
            if ta == Tag::Struct && heap.with_record(a, |r| r.ty)? != heap.with_record(b, |r| r.ty)? {
                return Err(no_order(a, b));
            }
            let (x, y) = (children(heap, a)?, children(heap, b)?);
            pending.push((Pair { a, b, at: 0, len: x.min(y) }, x.cmp(&y)));
            Ok(Some(Ordering::Equal))
        }
        _ => Err(no_order(a, b)),
    }
}

fn children(heap: &Heap, parent: Value) -> Result<usize, Fault> {
    if parent.is(Tag::List) { heap.list_len(parent) } else { heap.with_record(parent, |record| record.fields().len()) }
}

#[cold]
fn no_order(a: Value, b: Value) -> Fault {
    let word = |v: Value| format!("{:?}", v.kind()).to_lowercase();
    Fault::Panic(format!("values of kind {} and {} have no order", word(a), word(b)))
}

/// How many parts of a key enter its hash. Enough to tell keys apart; a bound, so that a huge key costs what it must (one
/// comparison) and not twice that, and so that cycles end.
const HASHED_PARTS: usize = 128;

/// A hash under which equal values are equal. The same in every run.
pub fn hash(heap: &Heap, value: Value) -> Result<u64, Fault> {
    let mut hasher = FxHasher::default();
    if !is_indirect(value) && (!has_children(value) || heap.dynamic && value.is(Tag::Struct)) {
        leaf(heap, value, &mut hasher)?;
        return Ok(hasher.finish());
    }
    let mut pending: Vec<Pair> = Vec::new();
    let mut next = value;
    for _ in 0..HASHED_PARTS {
        let mut steps = 0;
        while is_indirect(next) {
            next = heap.load_part(next)?;
            steps += 1;
            if steps > MAX_DEPTH {
                return Err(too_deep(heap));
            }
        }
        if has_children(next) && !(heap.dynamic && next.is(Tag::Struct)) {
            let len = children(heap, next)?;
            hasher.write_usize(len);
            if let Some((_, variant)) = heap.variant_of(next) {
                hasher.write_u32(variant);
            }
            pending.push(Pair { a: next, b: next, at: 0, len });
        } else {
            leaf(heap, next, &mut hasher)?;
        }
        while pending.last().is_some_and(|pair| pair.at == pair.len) {
            pending.pop();
        }
        let Some(pair) = pending.last_mut() else { break };
        next = child(heap, pair.a, pair.at)?;
        pair.at += 1;
    }
    Ok(hasher.finish())
}

fn has_children(value: Value) -> bool {
    matches!(value.kind(), Tag::List | Tag::Tuple | Tag::Struct | Tag::Variant | Tag::Range)
}

fn leaf(heap: &Heap, value: Value, hasher: &mut FxHasher) -> Result<(), Fault> {
    match value.kind() {
        Tag::String => hasher.write(heap.str(value)?.as_bytes()),
        // Integers of all kinds are equal as numbers.
        Tag::I128 | Tag::U128 => hasher.write_u64(heap.wide_bits(value)? as u64),
        // 0.0 equals -0.0.
        Tag::F32 | Tag::F64 if value.float() == 0.0 => hasher.write_u64(0),
        // A float that is whole is equal to an integer, where there are no static types.
        Tag::F64 if value.float() as i64 as f64 == value.float() => hasher.write_u64(value.float() as i64 as u64),
        Tag::Map | Tag::Set => hasher.write_usize(heap.len(value)?),
        _ => hasher.write_u64(value.payload),
    }
    Ok(())
}
