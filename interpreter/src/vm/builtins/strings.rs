//! Strings: immutable, UTF-8; lengths and positions are bytes, except for `charAt`.

use super::{Env, arg};
use crate::value::{Tag, Value};
use crate::vm::engine::Engine;
use crate::vm::fault::Fault;
use crate::vm::heap::Heap;

/// The text of argument number `at`.
fn text<'a, E: Engine>(env: &'a mut Env<'_, E>, args: &[Value], at: usize) -> Result<&'a str, Fault> {
    env.text(arg(args, at)?)
}

/// The texts of the first two arguments.
fn two<'a, E: Engine>(env: &'a mut Env<'_, E>, args: &[Value]) -> Result<(&'a str, &'a str), Fault> {
    let a = env.seen(arg(args, 0)?, Tag::String)?;
    let b = env.seen(arg(args, 1)?, Tag::String)?;
    Ok((env.heap.str(a)?, env.heap.str(b)?))
}

/// A list of strings.
fn strings(heap: &mut Heap, parts: Vec<Box<str>>) -> Result<Value, Fault> {
    let mut list = Vec::with_capacity(parts.len());
    for part in parts {
        list.push(heap.string(part)?);
    }
    heap.list(list)
}

/// Fails where a list of so many parts (strings) would pass the limit.
fn room_for_parts(heap: &Heap, parts: usize, bytes: usize) -> Result<(), Fault> {
    heap.room_for(parts.saturating_mul(2 * size_of::<Value>()).saturating_add(bytes))
}

/// `len()`
pub fn len<E: Engine>(env: &mut Env<'_, E>, args: &[Value]) -> Result<Value, Fault> {
    Ok(Value::usize(text(env, args, 0)?.len() as u64))
}

/// `isEmpty()`
pub fn is_empty<E: Engine>(env: &mut Env<'_, E>, args: &[Value]) -> Result<Value, Fault> {
    Ok(Value::bool(text(env, args, 0)?.is_empty()))
}

/// `trim()`
pub fn trim<E: Engine>(env: &mut Env<'_, E>, args: &[Value]) -> Result<Value, Fault> {
    let trimmed: Box<str> = text(env, args, 0)?.trim().into();
    env.heap.string(trimmed)
}

/// `toUpper()`
pub fn to_upper<E: Engine>(env: &mut Env<'_, E>, args: &[Value]) -> Result<Value, Fault> {
    let upper = text(env, args, 0)?.to_uppercase();
    env.heap.string(upper)
}

/// `toLower()`
pub fn to_lower<E: Engine>(env: &mut Env<'_, E>, args: &[Value]) -> Result<Value, Fault> {
    let lower = text(env, args, 0)?.to_lowercase();
    env.heap.string(lower)
}

/// `contains(s)`; a char is looked for, too.
pub fn contains<E: Engine>(env: &mut Env<'_, E>, args: &[Value]) -> Result<Value, Fault> {
    let wanted = env.plain(arg(args, 1)?)?;
    if wanted.is(Tag::Char) {
        let c = char::from_u32(wanted.slot());
        return Ok(Value::bool(c.is_some_and(|c| text(env, args, 0).is_ok_and(|text| text.contains(c)))));
    }
    let (text, wanted) = two(env, args)?;
    Ok(Value::bool(text.contains(wanted)))
}

/// `starts_with(s)`
pub fn starts_with<E: Engine>(env: &mut Env<'_, E>, args: &[Value]) -> Result<Value, Fault> {
    let (text, start) = two(env, args)?;
    Ok(Value::bool(text.starts_with(start)))
}

/// `ends_with(s)`
pub fn ends_with<E: Engine>(env: &mut Env<'_, E>, args: &[Value]) -> Result<Value, Fault> {
    let (text, end) = two(env, args)?;
    Ok(Value::bool(text.ends_with(end)))
}

/// `indexOf(s)`
pub fn index_of<E: Engine>(env: &mut Env<'_, E>, args: &[Value]) -> Result<Value, Fault> {
    let (text, wanted) = two(env, args)?;
    let at = text.find(wanted).map(|at| Value::usize(at as u64));
    Ok(env.heap.option(at))
}

/// `replace(from, to)`
pub fn replace<E: Engine>(env: &mut Env<'_, E>, args: &[Value]) -> Result<Value, Fault> {
    let to = env.seen(arg(args, 2)?, Tag::String)?;
    let a = env.seen(arg(args, 0)?, Tag::String)?;
    let b = env.seen(arg(args, 1)?, Tag::String)?;
    let (text, from, to) = (env.heap.str(a)?, env.heap.str(b)?, env.heap.str(to)?);
    env.heap.room_for(text.len().saturating_add(text.matches(from).count().saturating_mul(to.len())))?;
    let replaced = text.replace(from, to);
    env.heap.string(replaced)
}

/// `split(sep)`; an empty separator splits into characters.
pub fn split<E: Engine>(env: &mut Env<'_, E>, args: &[Value]) -> Result<Value, Fault> {
    let (text, separator) = (env.seen(arg(args, 0)?, Tag::String)?, env.seen(arg(args, 1)?, Tag::String)?);
    let (text, separator) = (env.heap.str(text)?, env.heap.str(separator)?);
    let parts: Vec<Box<str>> = if separator.is_empty() {
        room_for_parts(env.heap, text.len(), text.len())?;
        text.chars().map(|c| c.to_string().into()).collect()
    } else {
        room_for_parts(env.heap, text.matches(separator).count(), text.len())?;
        text.split(separator).map(Into::into).collect()
    };
    strings(env.heap, parts)
}

/// `lines()`
pub fn lines<E: Engine>(env: &mut Env<'_, E>, args: &[Value]) -> Result<Value, Fault> {
    let value = env.seen(arg(args, 0)?, Tag::String)?;
    let text = env.heap.str(value)?;
    room_for_parts(env.heap, text.lines().count(), text.len())?;
    let parts = text.lines().map(Into::into).collect();
    strings(env.heap, parts)
}

/// `repeat(n)`
pub fn repeat<E: Engine>(env: &mut Env<'_, E>, args: &[Value]) -> Result<Value, Fault> {
    let count = env.count(arg(args, 1)?, "count")? as usize;
    let value = env.seen(arg(args, 0)?, Tag::String)?;
    let text = env.heap.str(value)?;
    env.heap.room_for(text.len().saturating_mul(count))?;
    let repeated = text.repeat(count);
    env.heap.string(repeated)
}

/// `chars()`
pub fn chars<E: Engine>(env: &mut Env<'_, E>, args: &[Value]) -> Result<Value, Fault> {
    let value = env.seen(arg(args, 0)?, Tag::String)?;
    let text = env.heap.str(value)?;
    env.heap.room_for(text.len().saturating_mul(size_of::<Value>()))?;
    let chars = text.chars().map(|c| Value::new(Tag::Char, c.into())).collect();
    env.heap.list(chars)
}

/// `substring(a, b)`
pub fn substring<E: Engine>(env: &mut Env<'_, E>, args: &[Value]) -> Result<Value, Fault> {
    let value = env.seen(arg(args, 0)?, Tag::String)?;
    let (from, to) = (env.plain(arg(args, 1)?)?, env.plain(arg(args, 2)?)?);
    let (from, to) = env.heap.slice_bounds(from, to, env.heap.str(value)?.len())?;
    env.heap.substring(value, from, to)
}

/// `parseInt()`: white space around the number is fine.
pub fn parse_int<E: Engine>(env: &mut Env<'_, E>, args: &[Value]) -> Result<Value, Fault> {
    let number = text(env, args, 0)?.trim().parse::<i64>().ok().map(Value::i64);
    Ok(env.heap.option(number))
}

/// `parseFloat()`: white space around the number is fine.
pub fn parse_float<E: Engine>(env: &mut Env<'_, E>, args: &[Value]) -> Result<Value, Fault> {
    let number = text(env, args, 0)?.trim().parse::<f64>().ok().map(Value::f64);
    Ok(env.heap.option(number))
}

/// `charAt(i)`: the i-th character, not byte.
pub fn char_at<E: Engine>(env: &mut Env<'_, E>, args: &[Value]) -> Result<Value, Fault> {
    let at = env.integer(arg(args, 1)?)?;
    let text = text(env, args, 0)?;
    let c = usize::try_from(at).ok().and_then(|at| text.chars().nth(at));
    let c = c.map(|c| Value::new(Tag::Char, c.into()));
    Ok(env.heap.option(c))
}
