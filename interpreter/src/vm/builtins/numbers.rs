//! Numbers, characters and random numbers.

use super::{Env, arg};
use crate::builtins::Builtin;
use crate::core::UnaryOp;
use crate::value::{Tag, Value};
use crate::vm::engine::Engine;
use crate::vm::fault::Fault;
use crate::vm::heap::{Heap, wrong};
use crate::vm::{arith, equal};
use scheduler::Runtime;
use std::cmp::Ordering;

/// `abs()`
pub fn abs<E: Engine>(env: &mut Env<'_, E>, args: &[Value]) -> Result<Value, Fault> {
    let value = env.plain(arg(args, 0)?)?;
    let negative = match value.kind() {
        Tag::F32 | Tag::F64 => value.float().is_sign_negative(),
        Tag::Duration => value.int() < 0,
        _ => arith::integer(env.heap, value)? < 0,
    };
    if negative { arith::unary(env.heap, UnaryOp::Neg, value) } else { Ok(value) }
}

/// `min(a, b)` and `max(a, b)`: the first of equal ones; a NaN loses.
pub fn extreme<E: Engine>(env: &mut Env<'_, E>, args: &[Value], wanted: Ordering) -> Result<Value, Fault> {
    let (a, b) = (env.plain(arg(args, 0)?)?, env.plain(arg(args, 1)?)?);
    Ok(match equal::order(env.heap, b, a)? {
        Some(order) if order == wanted => b,
        None if matches!(a.kind(), Tag::F32 | Tag::F64) && a.float().is_nan() => b,
        _ => a,
    })
}

fn is_float(value: Value) -> bool {
    matches!(value.kind(), Tag::F32 | Tag::F64)
}

/// A float in the kind of another.
fn like(kind: Value, x: f64) -> Value {
    if kind.is(Tag::F32) { arith::f32_value(x as f32) } else { Value::f64(x) }
}

/// A function of one float.
pub fn float<E: Engine>(env: &mut Env<'_, E>, args: &[Value], function: fn(f64) -> f64) -> Result<Value, Fault> {
    let value = env.plain(arg(args, 0)?)?;
    if is_float(value) { Ok(like(value, function(value.float()))) } else { Err(wrong("a float", value)) }
}

/// `pow(e)`
pub fn pow<E: Engine>(env: &mut Env<'_, E>, args: &[Value]) -> Result<Value, Fault> {
    let (value, exponent) = (env.plain(arg(args, 0)?)?, env.plain(arg(args, 1)?)?);
    if is_float(value) && is_float(exponent) {
        Ok(like(value, value.float().powf(exponent.float())))
    } else {
        Err(wrong("a float", value))
    }
}

/// An integer of any kind as 128 bits of two's complement.
fn bits(heap: &Heap, value: Value) -> Result<i128, Fault> {
    if value.is(Tag::U128) { Ok(heap.wide_bits(value)? as i128) } else { arith::integer(heap, value) }
}

/// `wrapping_add(n)` and its kin.
pub fn wrapping<E: Engine>(env: &mut Env<'_, E>, builtin: Builtin, args: &[Value]) -> Result<Value, Fault> {
    let (a, b) = (env.plain(arg(args, 0)?)?, env.plain(arg(args, 1)?)?);
    let Some(kind) = a.kind().int_kind() else { return Err(wrong("an integer", a)) };
    let (x, y) = (bits(env.heap, a)?, bits(env.heap, b)?);
    let number = match builtin {
        Builtin::WrappingSub => x.wrapping_sub(y),
        Builtin::WrappingMul => x.wrapping_mul(y),
        _ => x.wrapping_add(y),
    };
    Ok(arith::truncated(env.heap, kind, number))
}

fn character<E: Engine>(env: &mut Env<'_, E>, args: &[Value]) -> Result<char, Fault> {
    let value = env.seen(arg(args, 0)?, Tag::Char)?;
    char::from_u32(value.slot()).ok_or_else(|| wrong("a character", value))
}

/// The code point of a char.
pub fn char_to_int<E: Engine>(env: &mut Env<'_, E>, args: &[Value]) -> Result<Value, Fault> {
    Ok(Value::i64(character(env, args)? as i64))
}

/// A question about a char.
pub fn char_is<E: Engine>(env: &mut Env<'_, E>, args: &[Value], test: fn(char) -> bool) -> Result<Value, Fault> {
    Ok(Value::bool(test(character(env, args)?)))
}

/// A char from a char.
pub fn char_to<E: Engine>(env: &mut Env<'_, E>, args: &[Value], map: fn(char) -> char) -> Result<Value, Fault> {
    Ok(Value::new(Tag::Char, map(character(env, args)?).into()))
}

/// So many random bits (at most 62), drawn from the run's seed.
fn random_bits<E: Engine>(env: &mut Env<'_, E>, bits: u32) -> u64 {
    let (high, low) = (bits / 2, bits - bits / 2);
    u64::from(env.sched.random(1 << high)) << low | u64::from(env.sched.random(1 << low))
}

/// `random()`: 53 random bits after the point.
pub fn random<E: Engine>(env: &mut Env<'_, E>) -> Value {
    Value::f64(random_bits(env, 53) as f64 / (1u64 << 53) as f64)
}

/// `randomInt(lo, hi)`
pub fn random_int<E: Engine>(env: &mut Env<'_, E>, args: &[Value]) -> Result<Value, Fault> {
    let (lo, hi) = (env.integer(arg(args, 0)?)?, env.integer(arg(args, 1)?)?);
    let range = hi.saturating_sub(lo);
    if range <= 0 {
        return Err(Fault::Panic(format!("randomInt of an empty range: {lo}..{hi}")));
    }
    let number = match u32::try_from(range) {
        Ok(range) => env.sched.random(range).into(),
        // The remainder of twice as many bits: the bias is far below what anyone can measure.
        Err(_) => {
            let wide = (random_bits(env, 62) as i128) << 62 | random_bits(env, 62) as i128;
            wide % range
        }
    };
    Ok(Value::i64((lo + number) as i64))
}
