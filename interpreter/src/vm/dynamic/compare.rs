//! Equality, order, identity, membership and truth by tag.
//!
//! Numbers of all kinds are equal as numbers (also as keys of dicts: the structural equality of the engine says so, see `vm/equal.rs`).
//! Objects of classes are equal when they are the same one. Order is that of numbers, strings, lists and tuples; a list of what is
//! still to be looked at replaces recursion, and what is nested too deeply (or contains itself) is a RuntimeError.

use super::arith::{Number, number};
use super::sequence::Sequence;
use super::types::kind_name;
use crate::dynamic::{DynOp, ErrorKind};
use crate::value::{Tag, Value};
use crate::vm::equal;
use crate::vm::fault::Fault;
use crate::vm::heap::Heap;
use std::cmp::Ordering;

/// Nesting beyond which comparing gives up.
pub const MAX_DEPTH: usize = 10_000;

/// The failure of a comparison of what is nested too deeply.
#[cold]
pub fn too_deep() -> Fault {
    Fault::error(ErrorKind::Runtime, "maximum recursion depth exceeded in comparison")
}

/// An operator that gives a truth value.
///
/// # Errors
/// TypeError where the operands have no order, or where the right one of `in` contains nothing.
pub fn compare(heap: &Heap, op: DynOp, left: Value, right: Value) -> Result<bool, Fault> {
    match op {
        DynOp::Eq => equal::equal(heap, left, right),
        DynOp::Ne => equal::equal(heap, left, right).map(|same| !same),
        DynOp::Is => same(heap, left, right),
        DynOp::In => contains(heap, right, left),
        _ => {
            let order = order(heap, op.symbol(), left, right)?;
            Ok(match op {
                DynOp::Lt => order == Some(Ordering::Less),
                DynOp::Le => matches!(order, Some(Ordering::Less | Ordering::Equal)),
                DynOp::Gt => order == Some(Ordering::Greater),
                _ => matches!(order, Some(Ordering::Greater | Ordering::Equal)),
            })
        }
    }
}

/// Whether two values are the same one. Numbers and strings, which cannot change, are the same when they look the same.
fn same(heap: &Heap, left: Value, right: Value) -> Result<bool, Fault> {
    if left.is(Tag::String) && right.is(Tag::String) {
        return Ok(heap.str(left)? == heap.str(right)?);
    }
    Ok(left == right)
}

/// Whether a value counts as true: `None`, `False`, zero and what is empty do not.
pub fn truthy(heap: &Heap, value: Value) -> bool {
    match value.kind() {
        Tag::Unit | Tag::NoValue | Tag::Nil => false,
        Tag::Bool => value.truthy(),
        Tag::I64 => value.payload != 0,
        Tag::F64 => value.float() != 0.0,
        Tag::String => heap.str(value).is_ok_and(|text| !text.is_empty()),
        Tag::List | Tag::Map | Tag::Set | Tag::Tuple => heap.len(value).is_ok_and(|len| len > 0),
        _ => true,
    }
}

/// An integer beside a float, without rounding either; `None` for NaN.
fn integer_to_float(n: i64, x: f64) -> Option<Ordering> {
    const LIMIT: f64 = 9_223_372_036_854_775_808.0;
    if x.is_nan() {
        None
    } else if x >= LIMIT {
        Some(Ordering::Less)
    } else if x < -LIMIT {
        Some(Ordering::Greater)
    } else {
        let whole = x.trunc();
        Some(n.cmp(&(whole as i64)).then(0.0.partial_cmp(&(x - whole))?))
    }
}

/// Order of two numbers; `None` where a NaN decides.
pub fn number_order(a: Number, b: Number) -> Option<Ordering> {
    match (a, b) {
        (Number::Int(a), Number::Int(b)) => Some(a.cmp(&b)),
        (Number::Float(a), Number::Float(b)) => a.partial_cmp(&b),
        (Number::Int(a), Number::Float(b)) => integer_to_float(a, b),
        (Number::Float(a), Number::Int(b)) => integer_to_float(b, a).map(Ordering::reverse),
    }
}

/// The order of two values; `None` where a NaN decides. `symbol` is the operator that asks.
///
/// # Errors
/// TypeError for values without an order.
pub fn order(heap: &Heap, symbol: &str, left: Value, right: Value) -> Result<Option<Ordering>, Fault> {
    if let (Some(a), Some(b)) = (number(left), number(right)) {
        return Ok(number_order(a, b));
    }
    let (mut a, mut b) = (left, right);
    for _ in 0..MAX_DEPTH {
        if let (Some(x), Some(y)) = (number(a), number(b)) {
            return Ok(number_order(x, y));
        }
        match (a.kind(), b.kind()) {
            (Tag::String, Tag::String) => return Ok(Some(heap.str(a)?.cmp(heap.str(b)?))),
            (Tag::List, Tag::List) | (Tag::Tuple, Tag::Tuple) => {}
            _ => return Err(no_order(heap, symbol, a, b)),
        }
        // The first elements that differ decide, else the lengths.
        let (x, y) = (Sequence::of(heap, a)?, Sequence::of(heap, b)?);
        let mut differing = None;
        for (&x, &y) in x.iter().zip(y.iter()) {
            if !equal::equal(heap, x, y)? {
                differing = Some((x, y));
                break;
            }
        }
        match differing {
            Some((x, y)) => (a, b) = (x, y),
            None => return Ok(Some(x.len().cmp(&y.len()))),
        }
    }
    Err(too_deep())
}

#[cold]
fn no_order(heap: &Heap, symbol: &str, a: Value, b: Value) -> Fault {
    let (a, b) = (kind_name(heap, a), kind_name(heap, b));
    Fault::error(ErrorKind::Type, format!("'{symbol}' not supported between instances of '{a}' and '{b}'"))
}

/// Whether a container has an element or key, or a string a part.
///
/// # Errors
/// TypeError for what contains nothing.
pub fn contains(heap: &Heap, container: Value, wanted: Value) -> Result<bool, Fault> {
    match container.kind() {
        Tag::List | Tag::Tuple => {
            for &element in Sequence::of(heap, container)?.iter() {
                if element == wanted || equal::equal(heap, element, wanted)? {
                    return Ok(true);
                }
            }
            Ok(false)
        }
        Tag::Map | Tag::Set => {
            super::index::check_key(heap, wanted)?;
            heap.has_key(container, wanted)
        }
        Tag::String if wanted.is(Tag::String) => Ok(heap.str(container)?.contains(heap.str(wanted)?)),
        Tag::String => Err(Fault::error(
            ErrorKind::Type,
            format!("'in <string>' requires string as left operand, not {}", kind_name(heap, wanted)),
        )),
        _ => {
            let name = kind_name(heap, container);
            Err(Fault::error(ErrorKind::Type, format!("argument of type '{name}' is not iterable")))
        }
    }
}
