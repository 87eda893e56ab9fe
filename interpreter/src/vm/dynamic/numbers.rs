//! Functions of numbers.

use super::arith::{Number, arith, number};
use super::convert::whole as to_integer;
use super::sequence::collect;
use super::{arg, given, integer_arg, type_error, types, value_error};
use crate::dynamic::{DynOp, ErrorKind};
use crate::value::{Tag, Value};
use crate::vm::builtins::Env;
use crate::vm::engine::Engine;
use crate::vm::fault::Fault;
use scheduler::Runtime;

/// The argument at a position, a number.
fn number_arg<E: Engine>(env: &Env<'_, E>, args: &[Value], at: usize) -> Result<Number, Fault> {
    let value = arg(args, at)?;
    number(value).ok_or_else(|| {
        let name = types::type_name(env.code, env.heap, value);
        type_error(format!("must be a number, not '{name}'"))
    })
}

/// `sum(x [start])`
pub fn sum<E: Engine>(env: &mut Env<'_, E>, args: &[Value]) -> Result<Value, Fault> {
    let values = collect(env.heap, arg(args, 0)?)?;
    let mut sum = given(args, 1).unwrap_or(Value::i64(0));
    for value in values {
        sum = match (sum.is(Tag::I64) && value.is(Tag::I64)).then(|| sum.int().checked_add(value.int())).flatten() {
            Some(sum) => Value::i64(sum),
            None => arith(env.heap, DynOp::Add, sum, value)?,
        };
    }
    Ok(sum)
}

/// `abs(x)`
pub fn abs<E: Engine>(env: &mut Env<'_, E>, args: &[Value]) -> Result<Value, Fault> {
    match number_arg(env, args, 0)? {
        Number::Int(n) => n
            .checked_abs()
            .map(Value::i64)
            .ok_or_else(|| Fault::error(ErrorKind::Overflow, format!("integer overflow: abs({n})"))),
        Number::Float(x) => Ok(Value::f64(x.abs())),
    }
}

/// `round(x [digits])`: halves go to the even side; without digits an integer.
pub fn round<E: Engine>(env: &mut Env<'_, E>, args: &[Value]) -> Result<Value, Fault> {
    let x = number_arg(env, args, 0)?;
    let digits = match given(args, 1) {
        Some(digits) if !digits.is(Tag::Unit) => Some(integer_arg(env, args, 1)?),
        _ => None,
    };
    match (x, digits) {
        (Number::Int(n), None | Some(0..)) => Ok(Value::i64(n)),
        (Number::Int(n), Some(digits)) => Ok(Value::i64(round_integer(n, digits.unsigned_abs())?)),
        (Number::Float(x), None) => to_integer(x.round_ties_even()),
        (Number::Float(x), Some(digits)) => Ok(Value::f64(round_float(x, digits))),
    }
}

/// An integer rounded at so many digits before the point.
fn round_integer(n: i64, digits: u64) -> Result<i64, Fault> {
    let Some(unit) = u32::try_from(digits).ok().and_then(|digits| 10i128.checked_pow(digits)) else { return Ok(0) };
    let n = i128::from(n);
    let (mut whole, rest) = (n.div_euclid(unit), n.rem_euclid(unit));
    if rest * 2 > unit || rest * 2 == unit && whole % 2 != 0 {
        whole += 1;
    }
    i64::try_from(whole * unit).map_err(|_| Fault::error(ErrorKind::Overflow, "integer overflow: round()"))
}

/// A float with so many digits: the decimal text of the exact value is rounded, so that what looks like a half is one only if it is.
fn round_float(x: f64, digits: i64) -> f64 {
    if !x.is_finite() || digits > 330 {
        return x;
    }
    match usize::try_from(digits) {
        Ok(digits) => format!("{x:.digits$}").parse().unwrap_or(x),
        Err(_) if digits < -310 => 0.0f64.copysign(x),
        Err(_) => {
            let unit = 10f64.powi(digits.unsigned_abs() as i32);
            (x / unit).round_ties_even() * unit
        }
    }
}

/// `pow(a, b [modulus])`
pub fn pow<E: Engine>(env: &mut Env<'_, E>, args: &[Value]) -> Result<Value, Fault> {
    let (a, b) = (arg(args, 0)?, arg(args, 1)?);
    if given(args, 2).is_none() {
        return arith(env.heap, DynOp::Pow, a, b);
    }
    let (mut base, mut exponent, modulus) =
        (i128::from(integer_arg(env, args, 0)?), integer_arg(env, args, 1)?, i128::from(integer_arg(env, args, 2)?));
    if modulus == 0 {
        return Err(value_error("pow() 3rd argument cannot be 0"));
    }
    if exponent < 0 {
        return Err(value_error("pow() with a modulus needs an exponent that is not negative"));
    }
    let mut result = 1i128;
    base = base.rem_euclid(modulus.abs());
    while exponent > 0 {
        if exponent & 1 == 1 {
            result = result * base % modulus.abs();
        }
        base = base * base % modulus.abs();
        exponent >>= 1;
    }
    result %= modulus.abs();
    let result = if modulus < 0 && result != 0 { result + modulus } else { result };
    Ok(Value::i64(result as i64))
}

/// `divmod(a, b)`: a tuple of `a // b` and `a % b`.
pub fn divmod<E: Engine>(env: &mut Env<'_, E>, args: &[Value]) -> Result<Value, Fault> {
    let (a, b) = (arg(args, 0)?, arg(args, 1)?);
    let quotient = arith(env.heap, DynOp::FloorDiv, a, b)?;
    let rest = arith(env.heap, DynOp::Mod, a, b)?;
    Ok(env.heap.tuple(&[quotient, rest]))
}

/// `sqrt(x)`
pub fn sqrt<E: Engine>(env: &mut Env<'_, E>, args: &[Value]) -> Result<Value, Fault> {
    let x = number_arg(env, args, 0)?.float();
    if x < 0.0 { Err(value_error("math domain error")) } else { Ok(Value::f64(x.sqrt())) }
}

/// `floor(x)` and `ceil(x)`: an integer.
pub fn whole<E: Engine>(env: &mut Env<'_, E>, args: &[Value], round: fn(f64) -> f64) -> Result<Value, Fault> {
    match number_arg(env, args, 0)? {
        Number::Int(n) => Ok(Value::i64(n)),
        Number::Float(x) => to_integer(round(x)),
    }
}

/// `randint(a, b)`: both ends are possible; drawn from the run's seed.
pub fn random_int<E: Engine>(env: &mut Env<'_, E>, args: &[Value]) -> Result<Value, Fault> {
    let (low, high) = (integer_arg(env, args, 0)?, integer_arg(env, args, 1)?);
    if low > high {
        return Err(value_error(format!("empty range for randint({low}, {high})")));
    }
    let span = high.wrapping_sub(low) as u64;
    let mut half = || u64::from(env.sched.random(1 << 31));
    let drawn = half() | half() << 31 | half() << 62;
    let offset = if span == u64::MAX { drawn } else { drawn % (span + 1) };
    Ok(Value::i64(low.wrapping_add(offset as i64)))
}
