//! Functions of strings. Positions count characters.

use super::index::bounds;
use super::sequence::collect;
use super::{arg, given, index, integer_arg, of_kind, type_error, types, value_error};
use crate::value::{Tag, Value};
use crate::vm::builtins::Env;
use crate::vm::engine::Engine;
use crate::vm::fault::Fault;
use crate::vm::heap::Heap;

/// The text of the argument at a position.
fn text_arg<'a, E: Engine>(env: &'a Env<'_, E>, args: &[Value], at: usize) -> Result<&'a str, Fault> {
    let value = of_kind(env, args, at, Tag::String)?;
    env.heap.str(value)
}

/// A list of strings.
fn strings(heap: &mut Heap, parts: Vec<Box<str>>) -> Result<Value, Fault> {
    let mut list = Vec::with_capacity(parts.len());
    for part in parts {
        list.push(heap.string(part)?);
    }
    heap.list(list)
}

/// Fails where a list of so many strings would pass the limit.
fn room_for_parts(heap: &Heap, parts: usize, bytes: usize) -> Result<(), Fault> {
    heap.room_for(parts.saturating_mul(4 * size_of::<Value>()).saturating_add(bytes))
}

/// `upper(s)`
pub fn upper<E: Engine>(env: &mut Env<'_, E>, args: &[Value]) -> Result<Value, Fault> {
    let upper = text_arg(env, args, 0)?.to_uppercase();
    env.heap.string(upper)
}

/// `lower(s)`
pub fn lower<E: Engine>(env: &mut Env<'_, E>, args: &[Value]) -> Result<Value, Fault> {
    let lower = text_arg(env, args, 0)?.to_lowercase();
    env.heap.string(lower)
}

/// `capitalize(s)`: the first letter large, the rest small.
pub fn capitalize<E: Engine>(env: &mut Env<'_, E>, args: &[Value]) -> Result<Value, Fault> {
    let mut chars = text_arg(env, args, 0)?.chars();
    let first: String = chars.next().into_iter().flat_map(char::to_uppercase).collect();
    let capitalized = first + &chars.as_str().to_lowercase();
    env.heap.string(capitalized)
}

/// `title(s)`: the first letter of each word large.
pub fn title<E: Engine>(env: &mut Env<'_, E>, args: &[Value]) -> Result<Value, Fault> {
    let mut title = String::new();
    let mut in_word = false;
    for c in text_arg(env, args, 0)?.chars() {
        if in_word {
            title.extend(c.to_lowercase());
        } else {
            title.extend(c.to_uppercase());
        }
        in_word = c.is_alphabetic();
    }
    env.heap.string(title)
}

/// `strip(s [chars])`, and its sides.
pub fn strip<E: Engine>(env: &mut Env<'_, E>, args: &[Value], left: bool, right: bool) -> Result<Value, Fault> {
    let whole = text_arg(env, args, 0)?;
    let chars: Option<Vec<char>> = match given(args, 1) {
        None => None,
        Some(value) if value.is(Tag::Unit) => None,
        Some(_) => Some(text_arg(env, args, 1)?.chars().collect()),
    };
    let goes = |c: char| chars.as_ref().map_or(c.is_whitespace(), |chars| chars.contains(&c));
    let mut part = whole;
    if left {
        part = part.trim_start_matches(goes);
    }
    if right {
        part = part.trim_end_matches(goes);
    }
    let part: Box<str> = part.into();
    env.heap.string(part)
}

/// `split(s [separator [most]])`: at white space without a separator.
pub fn split<E: Engine>(env: &mut Env<'_, E>, args: &[Value]) -> Result<Value, Fault> {
    let whole = text_arg(env, args, 0)?;
    let most = match given(args, 2) {
        None => usize::MAX,
        Some(_) => usize::try_from(integer_arg(env, args, 2)?).unwrap_or(usize::MAX),
    };
    let separator = given(args, 1).filter(|value| !value.is(Tag::Unit));
    let parts: Vec<Box<str>> = if separator.is_some() {
        let separator = text_arg(env, args, 1)?;
        if separator.is_empty() {
            return Err(value_error("empty separator"));
        }
        room_for_parts(env.heap, whole.matches(separator).count(), whole.len())?;
        whole.splitn(most.saturating_add(1), separator).map(Box::from).collect()
    } else {
        room_for_parts(env.heap, whole.len() / 2, whole.len())?;
        let mut parts: Vec<Box<str>> = Vec::new();
        let mut rest = whole.trim_start();
        while !rest.is_empty() {
            if parts.len() == most {
                parts.push(rest.trim_end().into());
                break;
            }
            let end = rest.find(char::is_whitespace).unwrap_or(rest.len());
            let (part, after) = rest.split_at(end);
            parts.push(part.into());
            rest = after.trim_start();
        }
        parts
    };
    strings(env.heap, parts)
}

/// `splitlines(s)`
pub fn split_lines<E: Engine>(env: &mut Env<'_, E>, args: &[Value]) -> Result<Value, Fault> {
    let whole = text_arg(env, args, 0)?;
    room_for_parts(env.heap, whole.matches('\n').count(), whole.len())?;
    let lines = whole.lines().map(Box::from).collect();
    strings(env.heap, lines)
}

/// `join(separator, strings)`, `join(strings [separator])`
pub fn join<E: Engine>(env: &mut Env<'_, E>, args: &[Value]) -> Result<Value, Fault> {
    let (first, second) = (arg(args, 0)?, given(args, 1));
    let (separator, parts) = match second {
        Some(parts) if first.is(Tag::String) => (Some(first), parts),
        separator => (separator, first),
    };
    let separator: Box<str> = match separator {
        None => "".into(),
        Some(separator) => text_arg(env, &[separator], 0)?.into(),
    };
    let parts = collect(env.heap, parts)?;
    let mut joined = String::new();
    for (at, &part) in parts.iter().enumerate() {
        if !part.is(Tag::String) {
            let name = types::type_name(env.code, env.heap, part);
            return Err(type_error(format!("sequence item {at}: expected str instance, {name} found")));
        }
        if at > 0 {
            joined.push_str(&separator);
        }
        let part = env.heap.str(part)?;
        env.heap.room_for(joined.len().saturating_add(part.len()))?;
        joined.push_str(part);
    }
    env.heap.string(joined)
}

/// `replace(s, old, new [most])`
pub fn replace<E: Engine>(env: &mut Env<'_, E>, args: &[Value]) -> Result<Value, Fault> {
    let (whole, old, new) = (text_arg(env, args, 0)?, text_arg(env, args, 1)?, text_arg(env, args, 2)?);
    let most = match given(args, 3) {
        None => usize::MAX,
        Some(_) => usize::try_from(integer_arg(env, args, 3)?).unwrap_or(usize::MAX),
    };
    let occurrences = if old.is_empty() { whole.len() + 1 } else { whole.matches(old).count() }.min(most);
    env.heap.room_for(whole.len().saturating_add(occurrences.saturating_mul(new.len())))?;
    let replaced = whole.replacen(old, new, occurrences);
    env.heap.string(replaced)
}

/// Whether a test holds for a string, or for one of a tuple of strings.
fn one_of<E: Engine>(env: &Env<'_, E>, wanted: Value, test: impl Fn(&str) -> bool) -> Result<Value, Fault> {
    if !wanted.is(Tag::Tuple) {
        return Ok(Value::bool(test(text_arg(env, &[wanted], 0)?)));
    }
    for &wanted in super::sequence::Sequence::of(env.heap, wanted)?.iter() {
        if test(text_arg(env, &[wanted], 0)?) {
            return Ok(Value::bool(true));
        }
    }
    Ok(Value::bool(false))
}

/// `startswith(s, start)`
pub fn starts_with<E: Engine>(env: &mut Env<'_, E>, args: &[Value]) -> Result<Value, Fault> {
    let whole = text_arg(env, args, 0)?;
    one_of(env, arg(args, 1)?, |start| whole.starts_with(start))
}

/// `endswith(s, end)`
pub fn ends_with<E: Engine>(env: &mut Env<'_, E>, args: &[Value]) -> Result<Value, Fault> {
    let whole = text_arg(env, args, 0)?;
    one_of(env, arg(args, 1)?, |end| whole.ends_with(end))
}

/// A byte position as a number of characters; -1 for none.
fn characters(text: &str, at: Option<usize>) -> Value {
    Value::i64(at.and_then(|at| text.get(..at)).map_or(-1, |before| before.chars().count() as i64))
}

/// `find(s, part [from])`: position of the first occurrence, or -1.
pub fn find<E: Engine>(env: &mut Env<'_, E>, args: &[Value]) -> Result<Value, Fault> {
    let (whole, part) = (text_arg(env, args, 0)?, text_arg(env, args, 1)?);
    let from = match given(args, 2) {
        None => Some(0),
        Some(from) => {
            let len = whole.chars().count();
            let past = index::integer(from).is_some_and(|from| usize::try_from(from).is_ok_and(|from| from > len));
            let from = bounds(env.heap, from, Value::NONE, len)?.0;
            if past { None } else { Some(whole.char_indices().nth(from).map_or(whole.len(), |(at, _)| at)) }
        }
    };
    let found = from.and_then(|from| whole[from..].find(part).map(|at| from + at));
    Ok(characters(whole, found))
}

/// `rfind(s, part)`: position of the last occurrence, or -1.
pub fn find_last<E: Engine>(env: &mut Env<'_, E>, args: &[Value]) -> Result<Value, Fault> {
    let (whole, part) = (text_arg(env, args, 0)?, text_arg(env, args, 1)?);
    Ok(characters(whole, whole.rfind(part)))
}

/// Whether there is a character and all are of a sort.
pub fn all<E: Engine>(env: &mut Env<'_, E>, args: &[Value], sort: fn(char) -> bool) -> Result<Value, Fault> {
    let text = text_arg(env, args, 0)?;
    Ok(Value::bool(!text.is_empty() && text.chars().all(sort)))
}

/// Whether there is a letter with a case, and all of those have this one.
pub fn cased<E: Engine>(env: &mut Env<'_, E>, args: &[Value], case: fn(char) -> bool) -> Result<Value, Fault> {
    let text = text_arg(env, args, 0)?;
    let mut letters = text.chars().filter(|c| c.is_uppercase() || c.is_lowercase()).peekable();
    Ok(Value::bool(letters.peek().is_some() && letters.all(case)))
}

/// Where padding goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    /// Before the text.
    Left,
    /// Behind it.
    Right,
    /// Half of it on each side; what does not divide goes behind.
    Both,
}

/// A text made wide enough.
///
/// # Errors
/// Where it would not fit into the guest's memory.
pub fn padded(heap: &Heap, text: &str, width: i64, fill: char, side: Side) -> Result<String, Fault> {
    let missing = usize::try_from(width).unwrap_or(0).saturating_sub(text.chars().count());
    heap.room_for(missing.saturating_mul(fill.len_utf8()).saturating_add(text.len()))?;
    let before = match side {
        Side::Left => missing,
        Side::Right => 0,
        Side::Both => missing / 2,
    };
    let mut out = String::with_capacity(text.len() + missing * fill.len_utf8());
    out.extend(std::iter::repeat_n(fill, before));
    out.push_str(text);
    out.extend(std::iter::repeat_n(fill, missing - before));
    Ok(out)
}

/// `ljust(s, width [fill])`, `rjust`, `center`
pub fn pad<E: Engine>(env: &mut Env<'_, E>, args: &[Value], side: Side) -> Result<Value, Fault> {
    let width = integer_arg(env, args, 1)?;
    let fill = match given(args, 2) {
        None => ' ',
        Some(_) => {
            let mut chars = text_arg(env, args, 2)?.chars();
            match (chars.next(), chars.next()) {
                (Some(fill), None) => fill,
                _ => return Err(type_error("the fill character must be exactly one character long")),
            }
        }
    };
    let padded = padded(env.heap, text_arg(env, args, 0)?, width, fill, side)?;
    env.heap.string(padded)
}

/// `zfill(s, width)`: zeros between a sign and the digits.
pub fn zero_fill<E: Engine>(env: &mut Env<'_, E>, args: &[Value]) -> Result<Value, Fault> {
    let width = integer_arg(env, args, 1)?;
    let text = text_arg(env, args, 0)?;
    let signed = text.starts_with(['+', '-']);
    let (sign, digits) = text.split_at(usize::from(signed));
    let filled =
        sign.to_string() + &padded(env.heap, digits, width.saturating_sub(i64::from(signed)), '0', Side::Left)?;
    env.heap.string(filled)
}

/// `ord(c)`
pub fn ord<E: Engine>(env: &mut Env<'_, E>, args: &[Value]) -> Result<Value, Fault> {
    let text = text_arg(env, args, 0)?;
    let mut chars = text.chars();
    match (chars.next(), chars.next()) {
        (Some(c), None) => Ok(Value::i64(i64::from(u32::from(c)))),
        _ => {
            let len = text.chars().count();
            Err(type_error(format!("ord() expected a character, but string of length {len} found")))
        }
    }
}

/// `chr(n)`
pub fn chr<E: Engine>(env: &mut Env<'_, E>, args: &[Value]) -> Result<Value, Fault> {
    let code = integer_arg(env, args, 0)?;
    match u32::try_from(code).ok().and_then(char::from_u32) {
        Some(c) => {
            let mut buffer = [0; 4];
            env.heap.string(&*c.encode_utf8(&mut buffer))
        }
        None => Err(value_error("chr() arg is no character's number")),
    }
}
