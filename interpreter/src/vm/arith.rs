//! Arithmetic, casts and comparison by the operands' tags: what generic code, wide integers, strings and durations need.
//! The dispatch loop does the common typed cases itself and takes its messages from here.
//!
//! Integers are computed in 128 bits and checked against their kind's range. Methods that a program defines for its own
//! types (`op+`) are found by the loop before it asks here.

use super::equal;
use super::fault::Fault;
use super::heap::{Heap, wrong};
use crate::core::{BinaryOp, CompareOp, UnaryOp};
use crate::types::IntKind;
use crate::value::{Tag, Value};
use std::cmp::Ordering;

impl BinaryOp {
    /// Every operator, by position.
    pub const ALL: [BinaryOp; 11] = [
        BinaryOp::Add,
        BinaryOp::Sub,
        BinaryOp::Mul,
        BinaryOp::Div,
        BinaryOp::Rem,
        BinaryOp::Pow,
        BinaryOp::BitAnd,
        BinaryOp::BitOr,
        BinaryOp::BitXor,
        BinaryOp::Shl,
        BinaryOp::Shr,
    ];

    /// As it is written.
    pub fn symbol(self) -> &'static str {
        match self {
            BinaryOp::Add => "+",
            BinaryOp::Sub => "-",
            BinaryOp::Mul => "*",
            BinaryOp::Div => "/",
            BinaryOp::Rem => "%",
            BinaryOp::Pow => "**",
            BinaryOp::BitAnd => "&",
            BinaryOp::BitOr => "|",
            BinaryOp::BitXor => "^",
            BinaryOp::Shl => "<<",
            BinaryOp::Shr => ">>",
        }
    }
}

impl CompareOp {
    /// Every operator, by position.
    pub const ALL: [CompareOp; 6] =
        [CompareOp::Eq, CompareOp::Ne, CompareOp::Lt, CompareOp::Le, CompareOp::Gt, CompareOp::Ge];
}

impl UnaryOp {
    /// Every operator, by position.
    pub const ALL: [UnaryOp; 3] = [UnaryOp::Neg, UnaryOp::Not, UnaryOp::BitNot];
}

/// The panic of a result that its kind cannot hold.
#[cold]
#[inline(never)]
pub fn overflow(op: BinaryOp, kind: IntKind, a: i128, b: i128) -> Fault {
    let (symbol, kind) = (op.symbol(), kind.name());
    Fault::Panic(format!("integer overflow in `{symbol}`: {a} {symbol} {b} does not fit in {kind}"))
}

/// The panic of a division (or remainder) by zero.
#[cold]
#[inline(never)]
pub fn division_by_zero() -> Fault {
    Fault::panic("division by zero")
}

#[cold]
#[inline(never)]
fn unsupported(what: &str, a: Value, b: Value) -> Fault {
    Fault::Panic(format!("internal: {what} of {:?} and {:?}", a.kind(), b.kind()))
}

/// The number that an integer of any kind stands for (a `u128` above the largest `i128` reads as that).
#[inline]
pub fn integer(heap: &Heap, value: Value) -> Result<i128, Fault> {
    match value.kind() {
        Tag::I8 | Tag::I16 | Tag::I32 | Tag::I64 | Tag::Isize => Ok(value.int() as i128),
        Tag::U8 | Tag::U16 | Tag::U32 | Tag::U64 | Tag::Usize => Ok(value.payload as i128),
        Tag::I128 => Ok(heap.wide_bits(value)? as i128),
        Tag::U128 => Ok(i128::try_from(heap.wide_bits(value)?).unwrap_or(i128::MAX)),
        _ => Err(wrong("an integer", value)),
    }
}

/// An integer of a kind from a number; `None` where it does not fit. (For a `u128` the number's upper half is out of reach.)
#[inline]
pub fn make_integer(heap: &mut Heap, kind: IntKind, number: i128) -> Option<Value> {
    match kind {
        IntKind::I128 => Some(heap.i128(number)),
        IntKind::U128 => u128::try_from(number).ok().map(|n| heap.u128(n)),
        _ => {
            let (lo, hi) = kind.range();
            (lo <= number && number <= hi).then(|| Value::new(Tag::of_int(kind), number as u64))
        }
    }
}

/// The same number with as many bits as the kind has: what `as` and wrapping operations do.
pub fn truncated(heap: &mut Heap, kind: IntKind, number: i128) -> Value {
    let payload = match kind {
        IntKind::I8 => number as i8 as u64,
        IntKind::I16 => number as i16 as u64,
        IntKind::I32 => number as i32 as u64,
        IntKind::I64 | IntKind::Isize => number as u64,
        IntKind::U8 => number as u8 as u64,
        IntKind::U16 => number as u16 as u64,
        IntKind::U32 => number as u32 as u64,
        IntKind::U64 | IntKind::Usize => number as u64,
        IntKind::I128 => return heap.i128(number),
        IntKind::U128 => return heap.u128(number as u128),
    };
    Value::new(Tag::of_int(kind), payload)
}

/// An `f32`, stored as the `f64` that equals it.
#[inline]
pub fn f32_value(x: f32) -> Value {
    Value::new(Tag::F32, (x as f64).to_bits())
}

/// `a op b`.
pub fn arith(heap: &mut Heap, op: BinaryOp, a: Value, b: Value) -> Result<Value, Fault> {
    match (a.kind(), b.kind()) {
        (Tag::F64, Tag::F64) => {
            Ok(Value::f64(float(op, a.float(), b.float()).ok_or_else(|| unsupported("bits", a, b))?))
        }
        (Tag::F32, Tag::F32) => {
            // Rounding the exact double result of one operation to single precision is the single operation (all but `**`).
            float(op, a.float(), b.float()).map(|x| f32_value(x as f32)).ok_or_else(|| unsupported("bits", a, b))
        }
        (Tag::String, Tag::String) if op == BinaryOp::Add => concat(heap, a, b),
        (Tag::Bool, Tag::Bool) => match op {
            BinaryOp::BitAnd => Ok(Value::bool(a.truthy() & b.truthy())),
            BinaryOp::BitOr => Ok(Value::bool(a.truthy() | b.truthy())),
            BinaryOp::BitXor => Ok(Value::bool(a.truthy() ^ b.truthy())),
            _ => Err(unsupported(op.symbol(), a, b)),
        },
        (Tag::Duration | Tag::Time, _) | (_, Tag::Duration) => time(heap, op, a, b),
        (ta, tb) => match (ta.int_kind(), tb.int_kind()) {
            (Some(kind), Some(_)) => integers(heap, op, kind, a, b),
            _ => Err(unsupported(op.symbol(), a, b)),
        },
    }
}

fn float(op: BinaryOp, a: f64, b: f64) -> Option<f64> {
    Some(match op {
        BinaryOp::Add => a + b,
        BinaryOp::Sub => a - b,
        BinaryOp::Mul => a * b,
        BinaryOp::Div => a / b,
        BinaryOp::Rem => a % b,
        BinaryOp::Pow => a.powf(b),
        BinaryOp::BitAnd | BinaryOp::BitOr | BinaryOp::BitXor | BinaryOp::Shl | BinaryOp::Shr => return None,
    })
}

fn concat(heap: &mut Heap, a: Value, b: Value) -> Result<Value, Fault> {
    let (a, b) = (heap.str(a)?, heap.str(b)?);
    heap.room_for(a.len() + b.len())?;
    let mut text = String::with_capacity(a.len() + b.len());
    text.push_str(a);
    text.push_str(b);
    heap.string(text)
}

fn integers(heap: &mut Heap, op: BinaryOp, kind: IntKind, a: Value, b: Value) -> Result<Value, Fault> {
    if kind == IntKind::U128 {
        return unsigned_wide(heap, op, a, b);
    }
    let (x, y) = (integer(heap, a)?, integer(heap, b)?);
    let number = match op {
        BinaryOp::Add => x.checked_add(y),
        BinaryOp::Sub => x.checked_sub(y),
        BinaryOp::Mul => x.checked_mul(y),
        BinaryOp::Div | BinaryOp::Rem if y == 0 => return Err(division_by_zero()),
        BinaryOp::Div => x.checked_div(y),
        BinaryOp::Rem => x.checked_rem(y).or(Some(0)),
        BinaryOp::Pow => match u32::try_from(y) {
            Ok(exponent) => x.checked_pow(exponent),
            Err(_) if y < 0 => return Err(negative_exponent(y)),
            // 0, 1 and -1 to a huge power.
            Err(_) if x == -1 && y % 2 == 0 => Some(1),
            Err(_) => (-1..=1).contains(&x).then_some(x),
        },
        BinaryOp::BitAnd => Some(x & y),
        BinaryOp::BitOr => Some(x | y),
        BinaryOp::BitXor => Some(x ^ y),
        BinaryOp::Shl => {
            let shifted = x.wrapping_shl(shift_amount(op, kind, y)?);
            return Ok(truncated(heap, kind, shifted));
        }
        BinaryOp::Shr => Some(x >> shift_amount(op, kind, y)?),
    };
    number.and_then(|n| make_integer(heap, kind, n)).ok_or_else(|| overflow(op, kind, x, y))
}

fn unsigned_wide(heap: &mut Heap, op: BinaryOp, a: Value, b: Value) -> Result<Value, Fault> {
    let x = heap.wide_bits(a)?;
    // The right side of a shift or power may be of any kind.
    let y = if b.is(Tag::U128) { heap.wide_bits(b)? } else { integer(heap, b)? as u128 };
    let number = match op {
        BinaryOp::Add => x.checked_add(y),
        BinaryOp::Sub => x.checked_sub(y),
        BinaryOp::Mul => x.checked_mul(y),
        BinaryOp::Div | BinaryOp::Rem if y == 0 => return Err(division_by_zero()),
        BinaryOp::Div => x.checked_div(y),
        BinaryOp::Rem => x.checked_rem(y),
        BinaryOp::Pow => match u32::try_from(y) {
            Ok(exponent) => x.checked_pow(exponent),
            Err(_) => (x <= 1).then_some(x),
        },
        BinaryOp::BitAnd => Some(x & y),
        BinaryOp::BitOr => Some(x | y),
        BinaryOp::BitXor => Some(x ^ y),
        BinaryOp::Shl => Some(x << shift_amount(op, IntKind::U128, y as i128)?),
        BinaryOp::Shr => Some(x >> shift_amount(op, IntKind::U128, y as i128)?),
    };
    match number {
        Some(number) => Ok(heap.u128(number)),
        None => Err(Fault::Panic(format!(
            "integer overflow in `{symbol}`: {x} {symbol} {y} does not fit in u128",
            symbol = op.symbol()
        ))),
    }
}

#[cold]
fn negative_exponent(exponent: i128) -> Fault {
    Fault::Panic(format!("negative exponent {exponent} in `**` of integers"))
}

/// Width of an integer kind in bits.
fn bits(kind: IntKind) -> u32 {
    match kind {
        IntKind::I8 | IntKind::U8 => 8,
        IntKind::I16 | IntKind::U16 => 16,
        IntKind::I32 | IntKind::U32 => 32,
        IntKind::I64 | IntKind::Isize | IntKind::U64 | IntKind::Usize => 64,
        IntKind::I128 | IntKind::U128 => 128,
    }
}

fn shift_amount(op: BinaryOp, kind: IntKind, by: i128) -> Result<u32, Fault> {
    if (0..bits(kind) as i128).contains(&by) {
        Ok(by as u32)
    } else {
        Err(Fault::Panic(format!("shift out of range: {} {} {by}", kind.name(), op.symbol())))
    }
}

/// Durations and times, with saturation nowhere: what does not fit panics.
fn time(heap: &Heap, op: BinaryOp, a: Value, b: Value) -> Result<Value, Fault> {
    let too_long = || Fault::Panic(format!("overflow in `{}` of a duration", op.symbol()));
    let made = |tag: Tag, n: Option<i64>| n.map(|n| Value::new(tag, n as u64)).ok_or_else(too_long);
    let scaled = |d: Value, n: Value| -> Result<Option<i64>, Fault> {
        if matches!(n.kind(), Tag::F64 | Tag::F32) {
            let x = d.int() as f64 * n.float();
            return Ok((x.abs() < 9.2e18).then_some(x as i64));
        }
        Ok((d.int() as i128).checked_mul(integer(heap, n)?).and_then(|n| i64::try_from(n).ok()))
    };
    let (x, y) = (a.int(), b.int());
    match (a.kind(), op, b.kind()) {
        (Tag::Duration, BinaryOp::Add, Tag::Duration) => made(Tag::Duration, x.checked_add(y)),
        (Tag::Duration, BinaryOp::Sub, Tag::Duration) => made(Tag::Duration, x.checked_sub(y)),
        (Tag::Duration, BinaryOp::Rem | BinaryOp::Div, Tag::Duration) if y == 0 => Err(division_by_zero()),
        (Tag::Duration, BinaryOp::Rem, Tag::Duration) => made(Tag::Duration, Some(x.wrapping_rem(y))),
        (Tag::Duration, BinaryOp::Div, Tag::Duration) => made(Tag::I64, x.checked_div(y)),
        (Tag::Time, BinaryOp::Add, Tag::Duration) => made(Tag::Time, x.checked_add(y)),
        (Tag::Duration, BinaryOp::Add, Tag::Time) => made(Tag::Time, x.checked_add(y)),
        (Tag::Time, BinaryOp::Sub, Tag::Duration) => made(Tag::Time, x.checked_sub(y)),
        (Tag::Time, BinaryOp::Sub, Tag::Time) => made(Tag::Duration, x.checked_sub(y)),
        (Tag::Duration, BinaryOp::Mul, _) => made(Tag::Duration, scaled(a, b)?),
        (_, BinaryOp::Mul, Tag::Duration) => made(Tag::Duration, scaled(b, a)?),
        (Tag::Duration, BinaryOp::Div, Tag::F64 | Tag::F32) => {
            let quotient = x as f64 / b.float();
            made(Tag::Duration, (quotient.abs() < 9.2e18).then_some(quotient as i64))
        }
        (Tag::Duration, BinaryOp::Div, _) => match integer(heap, b)? {
            0 => Err(division_by_zero()),
            n => made(Tag::Duration, i64::try_from(x as i128 / n).ok()),
        },
        _ => Err(unsupported(op.symbol(), a, b)),
    }
}

/// `op a`.
pub fn unary(heap: &mut Heap, op: UnaryOp, a: Value) -> Result<Value, Fault> {
    match (op, a.kind()) {
        (UnaryOp::Neg, Tag::F64 | Tag::F32) => Ok(Value { tag: a.tag, payload: (-a.float()).to_bits() }),
        (UnaryOp::Neg, Tag::Duration) => a
            .int()
            .checked_neg()
            .map(|n| Value::new(Tag::Duration, n as u64))
            .ok_or_else(|| Fault::panic("overflow in `-` of a duration")),
        (UnaryOp::Not, Tag::Bool) => Ok(Value::bool(!a.truthy())),
        (op, tag) => {
            let Some(kind) = tag.int_kind() else { return Err(unsupported("negation", a, a)) };
            match op {
                UnaryOp::Neg => {
                    let number = if kind == IntKind::U128 { heap.wide_bits(a)? as i128 } else { integer(heap, a)? };
                    let negated = number.checked_neg().and_then(|n| make_integer(heap, kind, n));
                    negated.ok_or_else(|| {
                        Fault::Panic(format!("integer overflow in `-`: -({number}) does not fit in {}", kind.name()))
                    })
                }
                UnaryOp::Not | UnaryOp::BitNot if kind == IntKind::U128 => {
                    let bits = heap.wide_bits(a)?;
                    Ok(heap.u128(!bits))
                }
                UnaryOp::Not | UnaryOp::BitNot => {
                    let number = integer(heap, a)?;
                    Ok(truncated(heap, kind, !number))
                }
            }
        }
    }
}

/// `a as` the kind of a tag: integers are cut to their width, floats are cut towards zero and stop at the ends of the range.
pub fn cast(heap: &mut Heap, a: Value, to: Tag) -> Result<Value, Fault> {
    let from = a.kind();
    if from == to {
        return Ok(a);
    }
    let is_float = matches!(from, Tag::F64 | Tag::F32);
    // The bits of the number, and it as a float.
    let (number, unsigned) = match from {
        Tag::Bool | Tag::Char => (a.payload as i128, false),
        Tag::Duration | Tag::Time => (a.int() as i128, false),
        Tag::U128 => (heap.wide_bits(a)? as i128, true),
        Tag::Variant0 | Tag::Variant => match heap.variant_of(a) {
            Some((_, variant)) => (variant as i128, false),
            None => return Err(wrong("a variant", a)),
        },
        _ if from.int_kind().is_some() => (integer(heap, a)?, false),
        _ if is_float => (0, false),
        // Values of a type known only at run time that need no change (a string as a string).
        _ => return Err(Fault::Panic(format!("a value of kind {from:?} cannot be cast to {to:?}"))),
    };
    let as_float = || match (is_float, unsigned) {
        (true, _) => a.float(),
        (false, true) => number as u128 as f64,
        (false, false) => number as f64,
    };
    match to {
        Tag::F64 => Ok(Value::f64(as_float())),
        // Straight from the integer: through f64 it would round twice.
        Tag::F32 if !is_float => Ok(f32_value(if unsigned { number as u128 as f32 } else { number as f32 })),
        Tag::F32 => Ok(f32_value(a.float() as f32)),
        Tag::Char => {
            let code = if is_float { a.float() as i128 } else { number };
            match u32::try_from(code).ok().and_then(char::from_u32) {
                Some(c) => Ok(Value::new(Tag::Char, c as u64)),
                None => Err(Fault::Panic(format!("{code} is not the code of a character"))),
            }
        }
        Tag::Bool => Ok(Value::bool(if is_float { a.float() != 0.0 } else { number != 0 })),
        Tag::Duration | Tag::Time => Ok(Value::new(to, if is_float { a.float() as i64 as u64 } else { number as u64 })),
        _ => match to.int_kind() {
            Some(kind) if is_float => Ok(from_float(heap, kind, a.float())),
            Some(kind) => Ok(truncated(heap, kind, number)),
            None => Err(Fault::Panic(format!("a value of kind {from:?} cannot be cast to {to:?}"))),
        },
    }
}

fn from_float(heap: &mut Heap, kind: IntKind, x: f64) -> Value {
    let payload = match kind {
        IntKind::I8 => x as i8 as u64,
        IntKind::I16 => x as i16 as u64,
        IntKind::I32 => x as i32 as u64,
        IntKind::I64 | IntKind::Isize => x as i64 as u64,
        IntKind::U8 => x as u8 as u64,
        IntKind::U16 => x as u16 as u64,
        IntKind::U32 => x as u32 as u64,
        IntKind::U64 | IntKind::Usize => x as u64,
        IntKind::I128 => return heap.i128(x as i128),
        IntKind::U128 => return heap.u128(x as u128),
    };
    Value::new(Tag::of_int(kind), payload)
}

/// `a op b` of a comparison. Comparisons with NaN are false, `!=` is true.
pub fn compare(heap: &Heap, op: CompareOp, a: Value, b: Value) -> Result<bool, Fault> {
    Ok(match op {
        CompareOp::Eq => equal::equal(heap, a, b)?,
        CompareOp::Ne => !equal::equal(heap, a, b)?,
        CompareOp::Lt => equal::order(heap, a, b)? == Some(Ordering::Less),
        CompareOp::Le => equal::order(heap, a, b)?.is_some_and(Ordering::is_le),
        CompareOp::Gt => equal::order(heap, a, b)? == Some(Ordering::Greater),
        CompareOp::Ge => equal::order(heap, a, b)?.is_some_and(Ordering::is_ge),
    })
}

/// Whether a number lies in the range of an integer kind of up to 32 bits.
#[inline(always)]
pub(super) fn fits(tag: u8, n: i64) -> bool {
    let (low, high) = match tag {
        t if t == Tag::I32 as u8 => (i32::MIN as i64, i32::MAX as i64),
        t if t == Tag::U32 as u8 => (0, u32::MAX as i64),
        t if t == Tag::I16 as u8 => (i16::MIN as i64, i16::MAX as i64),
        t if t == Tag::U16 as u8 => (0, u16::MAX as i64),
        t if t == Tag::I8 as u8 => (i8::MIN as i64, i8::MAX as i64),
        _ => (0, u8::MAX as i64),
    };
    low <= n && n <= high
}

/// The tag of an atomic's content.
#[inline(always)]
pub(super) fn atomic_tag(atomic: Value) -> u8 {
    (atomic.payload >> 32) as u8
}

/// A 64-bit result as an atomic of this kind holds it.
#[inline(always)]
pub(super) fn wrap(tag: u8, n: i64) -> i64 {
    match tag {
        t if t == Tag::I32 as u8 => n as i32 as i64,
        t if t == Tag::U32 as u8 => n as u32 as i64,
        t if t == Tag::Bool as u8 => n & 1,
        t if t == Tag::I16 as u8 => n as i16 as i64,
        t if t == Tag::U16 as u8 => n as u16 as i64,
        t if t == Tag::I8 as u8 => n as i8 as i64,
        t if t == Tag::U8 as u8 => n as u8 as i64,
        _ => n,
    }
}
