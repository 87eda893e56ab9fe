//! Arithmetic by tag: integers of 64 bits, floats, truth values as the integers 0 and 1; strings and lists join and repeat.
//!
//! Nothing wraps around: what does not fit is an OverflowError. `/` always gives a float; `//` and `%` round towards minus
//! infinity, so that `a == (a // b) * b + a % b` with the sign of `b`.

use super::types::kind_name;
use crate::dynamic::{DynOp, ErrorKind};
use crate::value::{Tag, Value};
use crate::vm::fault::Fault;
use crate::vm::heap::Heap;

/// A number as arithmetic sees it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Number {
    /// An integer or a truth value.
    Int(i64),
    /// A float.
    Float(f64),
}

/// The number that a value is, if it is one.
#[inline]
pub fn number(value: Value) -> Option<Number> {
    match value.kind() {
        Tag::I64 | Tag::Bool => Some(Number::Int(value.int())),
        Tag::F64 => Some(Number::Float(value.float())),
        _ => None,
    }
}

impl Number {
    /// As a float, rounded where it has to be.
    pub fn float(self) -> f64 {
        match self {
            Number::Int(n) => n as f64,
            Number::Float(x) => x,
        }
    }
}

/// An operator that gives a number, a string or a list. `Neg` looks at the left operand only.
///
/// # Errors
/// TypeError where the operands do not fit, OverflowError, ZeroDivisionError.
pub fn arith(heap: &mut Heap, op: DynOp, left: Value, right: Value) -> Result<Value, Fault> {
    if op == DynOp::Neg {
        return negative(heap, left);
    }
    match (number(left), number(right)) {
        (Some(Number::Int(a)), Some(Number::Int(b))) => integers(op, a, b),
        (Some(a), Some(b)) => floats(op, a.float(), b.float()).map(Value::f64),
        _ => collections(heap, op, left, right),
    }
}

fn negative(heap: &Heap, value: Value) -> Result<Value, Fault> {
    match number(value) {
        Some(Number::Int(n)) => n
            .checked_neg()
            .map(Value::i64)
            .ok_or_else(|| Fault::error(ErrorKind::Overflow, format!("integer overflow: -({n})"))),
        Some(Number::Float(x)) => Ok(Value::f64(-x)),
        None => {
            Err(Fault::error(ErrorKind::Type, format!("bad operand type for unary -: '{}'", kind_name(heap, value))))
        }
    }
}

/// Division by zero.
#[cold]
pub fn zero_division() -> Fault {
    Fault::error(ErrorKind::ZeroDivision, "division by zero")
}

#[cold]
fn overflow(op: DynOp, a: i64, b: i64) -> Fault {
    Fault::error(ErrorKind::Overflow, format!("integer overflow: {a} {} {b} does not fit into 64 bits", op.symbol()))
}

fn integers(op: DynOp, a: i64, b: i64) -> Result<Value, Fault> {
    let result = match op {
        DynOp::Add => a.checked_add(b),
        DynOp::Sub => a.checked_sub(b),
        DynOp::Mul => a.checked_mul(b),
        DynOp::Div if b == 0 => return Err(zero_division()),
        DynOp::Div => return Ok(Value::f64(quotient(a, b))),
        DynOp::FloorDiv | DynOp::Mod if b == 0 => return Err(zero_division()),
        DynOp::FloorDiv => a.checked_div(b).map(|q| if a % b != 0 && (a < 0) != (b < 0) { q - 1 } else { q }),
        DynOp::Mod => {
            let rest = a.wrapping_rem(b);
            Some(if rest != 0 && (rest < 0) != (b < 0) { rest + b } else { rest })
        }
        DynOp::Pow if b < 0 => return power(a as f64, b as f64).map(Value::f64),
        DynOp::Pow => power_of_integer(a, b as u64),
        _ => None,
    };
    result.map(Value::i64).ok_or_else(|| overflow(op, a, b))
}

/// The quotient, rounded once: converting both first would lose digits of large integers.
fn quotient(a: i64, b: i64) -> f64 {
    const EXACT: u64 = 1 << 53;
    if a.unsigned_abs() <= EXACT && b.unsigned_abs() <= EXACT || a % b != 0 {
        return a as f64 / b as f64;
    }
    (i128::from(a) / i128::from(b)) as f64
}

/// By squaring; `None` where it does not fit. Whatever the exponent, 64 rounds are enough.
fn power_of_integer(base: i64, mut exponent: u64) -> Option<i64> {
    let (mut result, mut square) = (1i64, base);
    loop {
        if exponent & 1 == 1 {
            result = result.checked_mul(square)?;
        }
        exponent >>= 1;
        if exponent == 0 {
            return Some(result);
        }
        square = square.checked_mul(square)?;
    }
}

fn floats(op: DynOp, a: f64, b: f64) -> Result<f64, Fault> {
    Ok(match op {
        DynOp::Add => a + b,
        DynOp::Sub => a - b,
        DynOp::Mul => a * b,
        DynOp::Div | DynOp::FloorDiv | DynOp::Mod if b == 0.0 => return Err(zero_division()),
        DynOp::Div => a / b,
        DynOp::FloorDiv => divided(a, b).0,
        DynOp::Mod => divided(a, b).1,
        _ => return power(a, b),
    })
}

/// Quotient rounded down, and the remainder with the sign of the divisor.
fn divided(a: f64, b: f64) -> (f64, f64) {
    let mut rest = a % b;
    let mut quotient = (a - rest) / b;
    if rest != 0.0 {
        if (b < 0.0) != (rest < 0.0) {
            rest += b;
            quotient -= 1.0;
        }
    } else {
        rest = 0.0f64.copysign(b);
    }
    // The subtraction may have left it a little beside a whole number.
    let floor = quotient.floor();
    let floor = if quotient - floor > 0.5 { floor + 1.0 } else { floor };
    (if quotient == 0.0 { 0.0f64.copysign(a / b) } else { floor }, rest)
}

fn power(a: f64, b: f64) -> Result<f64, Fault> {
    if a == 0.0 && b < 0.0 {
        return Err(Fault::error(ErrorKind::ZeroDivision, "zero cannot be raised to a negative power"));
    }
    let result = a.powf(b);
    if a.is_finite() && b.is_finite() {
        if result.is_nan() {
            return Err(Fault::error(ErrorKind::Value, "a negative number cannot be raised to a fractional power"));
        }
        if result.is_infinite() {
            return Err(Fault::error(ErrorKind::Overflow, "float overflow: the power is too large"));
        }
    }
    Ok(result)
}

/// Joining and repeating.
fn collections(heap: &mut Heap, op: DynOp, left: Value, right: Value) -> Result<Value, Fault> {
    match (op, left.kind(), right.kind()) {
        (DynOp::Add, Tag::String, Tag::String) => join_strings(heap, left, right),
        (DynOp::Add, Tag::List, Tag::List) => {
            let mut elements = heap.elements(left)?.into_owned();
            let more = heap.elements(right)?;
            heap.room_for(size_of_val(&*more).saturating_add(size_of_val(&*elements)))?;
            elements.extend_from_slice(&more);
            drop(more);
            heap.list(elements)
        }
        (DynOp::Add, Tag::Tuple, Tag::Tuple) => {
            let mut fields = heap.record_of(left)?.fields().to_vec();
            let more = heap.record_of(right)?.into_owned();
            heap.room_for(size_of_val(more.fields()).saturating_add(size_of_val(&*fields)))?;
            fields.extend_from_slice(more.fields());
            Ok(heap.tuple(&fields))
        }
        (DynOp::Mul, Tag::String | Tag::List | Tag::Tuple, Tag::I64 | Tag::Bool) => repeat(heap, left, right.int()),
        (DynOp::Mul, Tag::I64 | Tag::Bool, Tag::String | Tag::List | Tag::Tuple) => repeat(heap, right, left.int()),
        (DynOp::Mul, Tag::String | Tag::List | Tag::Tuple, _)
        | (DynOp::Mul, _, Tag::String | Tag::List | Tag::Tuple) => {
            let other = if matches!(left.kind(), Tag::String | Tag::List | Tag::Tuple) { right } else { left };
            let other = kind_name(heap, other);
            Err(Fault::error(ErrorKind::Type, format!("can't multiply sequence by non-int of type '{other}'")))
        }
        _ => Err(unsupported(heap, op.symbol(), left, right)),
    }
}

/// The failure of an operator whose operands do not fit.
#[cold]
pub fn unsupported(heap: &Heap, symbol: &str, left: Value, right: Value) -> Fault {
    let (a, b) = (kind_name(heap, left), kind_name(heap, right));
    let hint = if symbol == "+" && (left.is(Tag::String) != right.is(Tag::String)) {
        " (str makes a string of a value)"
    } else {
        ""
    };
    Fault::error(ErrorKind::Type, format!("unsupported operand type(s) for {symbol}: '{a}' and '{b}'{hint}"))
}

fn join_strings(heap: &mut Heap, left: Value, right: Value) -> Result<Value, Fault> {
    let (a, b) = (heap.str(left)?, heap.str(right)?);
    if b.is_empty() {
        return Ok(left);
    }
    if a.is_empty() {
        return Ok(right);
    }
    heap.room_for(a.len().saturating_add(b.len()))?;
    let mut text = String::with_capacity(a.len() + b.len());
    text.push_str(a);
    text.push_str(b);
    heap.string(text)
}

/// A sequence, so many times; a negative number counts as 0.
fn repeat(heap: &mut Heap, sequence: Value, count: i64) -> Result<Value, Fault> {
    let count = usize::try_from(count.max(0)).unwrap_or(usize::MAX);
    match sequence.kind() {
        Tag::String => {
            let text = heap.str(sequence)?;
            heap.room_for(text.len().saturating_mul(count))?;
            let text = text.repeat(if text.is_empty() { 0 } else { count });
            heap.string(text)
        }
        Tag::List => {
            let elements = heap.elements(sequence)?;
            heap.room_for(size_of_val(&*elements).saturating_mul(count))?;
            let repeated = elements.repeat(if elements.is_empty() { 0 } else { count });
            drop(elements);
            heap.list(repeated)
        }
        _ => {
            let record = heap.record_of(sequence)?.into_owned();
            let fields = record.fields();
            heap.room_for(size_of_val(fields).saturating_mul(count))?;
            let repeated = fields.repeat(if fields.is_empty() { 0 } else { count });
            Ok(heap.tuple(&repeated))
        }
    }
}
