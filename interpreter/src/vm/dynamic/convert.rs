//! Functions named like types: `int`, `float`, `bool`, `list`, `tuple`, `dict`.

use super::sequence::{collect, is_iterable};
use super::{compare, given, index, text, type_error, types, value_error};
use crate::dynamic::ErrorKind;
use crate::value::{Tag, Value};
use crate::vm::builtins::Env;
use crate::vm::engine::Engine;
use crate::vm::fault::Fault;

/// A string as a message shows it.
fn shown(text: &str) -> String {
    let mut out = String::new();
    let short: String = text.chars().take(200).collect();
    text::quoted(&short, &mut out);
    out
}

/// `int([x [base]])`: towards zero for floats, digits with single `_` between them for strings.
pub fn int<E: Engine>(env: &mut Env<'_, E>, args: &[Value]) -> Result<Value, Fault> {
    let Some(value) = given(args, 0) else { return Ok(Value::i64(0)) };
    match value.kind() {
        Tag::I64 | Tag::Bool => Ok(Value::i64(value.int())),
        Tag::F64 => whole(value.float()),
        Tag::String => {
            let base = match given(args, 1) {
                None => 10,
                Some(_) => super::integer_arg(env, args, 1)?,
            };
            if base != 0 && !(2..=36).contains(&base) {
                return Err(value_error("int() base must be >= 2 and <= 36, or 0"));
            }
            parse_int(env.heap.str(value)?, base as u32).map(Value::i64)
        }
        _ => {
            let name = types::type_name(env.code, env.heap, value);
            Err(type_error(format!("int() argument must be a string or a number, not '{name}'")))
        }
    }
}

/// A float without its fraction.
pub fn whole(x: f64) -> Result<Value, Fault> {
    if x.is_nan() {
        return Err(value_error("cannot convert float NaN to integer"));
    }
    let x = x.trunc();
    // Both ends are exact: -2^63 is a float, and 2^63 the first one that is too large.
    if (-9_223_372_036_854_775_808.0..9_223_372_036_854_775_808.0).contains(&x) {
        return Ok(Value::i64(x as i64));
    }
    Err(Fault::error(
        ErrorKind::Overflow,
        if x.is_infinite() {
            "cannot convert float infinity to integer".to_string()
        } else {
            format!("integer overflow: {} does not fit into 64 bits", text::float_text(x))
        },
    ))
}

fn parse_int(text: &str, base: u32) -> Result<i64, Fault> {
    let wrong = || value_error(format!("invalid literal for int() with base {base}: {}", shown(text)));
    let trimmed = text.trim();
    let (negative, digits) = match trimmed.strip_prefix('-') {
        Some(digits) => (true, digits),
        None => (false, trimmed.strip_prefix('+').unwrap_or(trimmed)),
    };
    let lower = digits.to_ascii_lowercase();
    let prefixed = |prefix, of| lower.strip_prefix(prefix).filter(|_| base == of || base == 0).map(|rest| (of, rest));
    let (base, digits) = prefixed("0x", 16)
        .or_else(|| prefixed("0o", 8))
        .or_else(|| prefixed("0b", 2))
        .unwrap_or((if base == 0 { 10 } else { base }, &*lower));
    let mut number: i128 = 0;
    let mut after_digit = false;
    for c in digits.chars() {
        if c == '_' && after_digit {
            after_digit = false;
            continue;
        }
        let digit = c.to_digit(base).ok_or_else(wrong)?;
        number = (number * i128::from(base) + i128::from(digit)).min(i128::from(u64::MAX));
        after_digit = true;
    }
    if !after_digit {
        return Err(wrong());
    }
    let number = if negative { -number } else { number };
    i64::try_from(number).map_err(|_| {
        Fault::error(ErrorKind::Overflow, format!("integer overflow: {} does not fit into 64 bits", shown(trimmed)))
    })
}

/// `float([x])`
pub fn float<E: Engine>(env: &mut Env<'_, E>, args: &[Value]) -> Result<Value, Fault> {
    let Some(value) = given(args, 0) else { return Ok(Value::f64(0.0)) };
    match value.kind() {
        Tag::I64 | Tag::Bool => Ok(Value::f64(value.int() as f64)),
        Tag::F64 => Ok(value),
        Tag::String => {
            let text = env.heap.str(value)?;
            let wrong = || value_error(format!("could not convert string to float: {}", shown(text)));
            let plain = text.trim().replace('_', "");
            plain.parse().map(Value::f64).map_err(|_| wrong())
        }
        _ => {
            let name = types::type_name(env.code, env.heap, value);
            Err(type_error(format!("float() argument must be a string or a number, not '{name}'")))
        }
    }
}

/// `bool([x])`
pub fn bool<E: Engine>(env: &mut Env<'_, E>, args: &[Value]) -> Value {
    Value::bool(given(args, 0).is_some_and(|value| compare::truthy(env.heap, value)))
}

/// Elements of `list(…)` and `tuple(…)`: those of the one argument where it can be walked over, else the arguments.
fn elements<E: Engine>(env: &mut Env<'_, E>, args: &[Value]) -> Result<Vec<Value>, Fault> {
    match args {
        [value] if is_iterable(*value) => collect(env.heap, *value),
        _ => Ok(args.to_vec()),
    }
}

/// `list(…)`
pub fn list<E: Engine>(env: &mut Env<'_, E>, args: &[Value]) -> Result<Value, Fault> {
    let elements = elements(env, args)?;
    env.heap.list(elements)
}

/// `tuple(…)`
pub fn tuple<E: Engine>(env: &mut Env<'_, E>, args: &[Value]) -> Result<Value, Fault> {
    if let [value] = args
        && value.is(Tag::Tuple)
    {
        return Ok(*value);
    }
    let elements = elements(env, args)?;
    Ok(env.heap.tuple(&elements))
}

/// `dict(…)`: of another dict, of pairs, or of keys and values in turn.
pub fn dict<E: Engine>(env: &mut Env<'_, E>, args: &[Value]) -> Result<Value, Fault> {
    let dict = env.heap.map();
    match args {
        [from] => fill(env, dict, *from)?,
        _ if args.len() % 2 == 1 => return Err(value_error("dict() needs a value for each key")),
        _ => {
            for pair in args.chunks_exact(2) {
                index::set_index(env.heap, dict, pair[0], pair[1])?;
            }
        }
    }
    Ok(dict)
}

/// Puts the entries of a dict, or pairs, into a dict.
pub fn fill<E: Engine>(env: &mut Env<'_, E>, dict: Value, from: Value) -> Result<(), Fault> {
    if from.is(Tag::Map) {
        let entries: Vec<(Value, Value)> = env.heap.table(from)?.iter().collect();
        for (key, value) in entries {
            env.heap.map_insert(dict, key, value)?;
        }
        return Ok(());
    }
    for (at, pair) in collect(env.heap, from)?.into_iter().enumerate() {
        let wrong = || value_error(format!("dictionary update sequence element #{at} is no pair of key and value"));
        if !is_iterable(pair) {
            return Err(wrong());
        }
        match collect(env.heap, pair)?[..] {
            [key, value] => index::set_index(env.heap, dict, key, value)?,
            _ => return Err(wrong()),
        }
    }
    Ok(())
}
