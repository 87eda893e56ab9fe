//! Functions over anything that can be walked over.

use super::arith::number;
use super::compare::{contains as is_in, number_order, order, truthy};
use super::sequence::{Sequence, collect};
use super::text::quoted;
use super::{arg, given, index, integer_arg, type_error, types, value_error};
use crate::dynamic::ErrorKind;
use crate::value::{Tag, Value};
use crate::vm::builtins::Env;
use crate::vm::engine::Engine;
use crate::vm::equal;
use crate::vm::fault::Fault;
use crate::vm::heap::Heap;
use std::cmp::Ordering;

/// `len(x)`: elements, keys or characters.
pub fn len<E: Engine>(env: &mut Env<'_, E>, args: &[Value]) -> Result<Value, Fault> {
    let value = arg(args, 0)?;
    let len = match value.kind() {
        Tag::List => env.heap.list_len(value)?,
        Tag::Tuple | Tag::Map | Tag::Set => env.heap.len(value)?,
        Tag::String => env.heap.str(value)?.chars().count(),
        Tag::Channel => {
            use scheduler::Runtime;
            env.sched.channel_len(value.slot())
        }
        _ => {
            let name = types::type_name(env.code, env.heap, value);
            return Err(type_error(format!("object of type '{name}' has no len()")));
        }
    };
    Ok(Value::i64(len as i64))
}

/// `nth(x, i [default])`: with a default also where there is no such element.
pub fn nth<E: Engine>(env: &mut Env<'_, E>, args: &[Value]) -> Result<Value, Fault> {
    let (container, at) = (arg(args, 0)?, arg(args, 1)?);
    // `(nth 1 xs)`, as other Lisps have it.
    let (container, at) = if container.is(Tag::I64) && !at.is(Tag::I64) { (at, container) } else { (container, at) };
    match (index::index(env.heap, container, at), given(args, 2)) {
        (Err(Fault::Error(ErrorKind::Index | ErrorKind::Key, _)), Some(default)) => Ok(default),
        (result, _) => result,
    }
}

/// `slice(x, from [to])` and `substr(s, from [to])`
pub fn slice<E: Engine>(env: &mut Env<'_, E>, args: &[Value]) -> Result<Value, Fault> {
    let bound = |at| given(args, at).unwrap_or(Value::NONE);
    index::slice(env.heap, arg(args, 0)?, bound(1), bound(2))
}

/// `contains(container, x)`
pub fn contains<E: Engine>(env: &mut Env<'_, E>, args: &[Value]) -> Result<Value, Fault> {
    is_in(env.heap, arg(args, 0)?, arg(args, 1)?).map(Value::bool)
}

/// `range([from] to [step])`: a list.
pub fn range<E: Engine>(env: &mut Env<'_, E>, args: &[Value]) -> Result<Value, Fault> {
    let first = integer_arg(env, args, 0)?;
    let (from, to) = match given(args, 1) {
        None => (0, first),
        Some(_) => (first, integer_arg(env, args, 1)?),
    };
    let step = if given(args, 2).is_some() { integer_arg(env, args, 2)? } else { 1 };
    if step == 0 {
        return Err(value_error("range() arg 3 must not be zero"));
    }
    let distance = if step > 0 { i128::from(to) - i128::from(from) } else { i128::from(from) - i128::from(to) };
    let step_size = i128::from(step.unsigned_abs());
    let count = usize::try_from((distance.max(0) + step_size - 1) / step_size).unwrap_or(usize::MAX);
    env.heap.room_for(count.saturating_mul(size_of::<Value>()))?;
    let numbers = (0..count as i64).map(|n| Value::i64(from.wrapping_add(n.wrapping_mul(step)))).collect();
    env.heap.list(numbers)
}

/// What a function of one sequence or of several values works on.
fn operands<E: Engine>(env: &mut Env<'_, E>, args: &[Value]) -> Result<Vec<Value>, Fault> {
    match args {
        [sequence] => collect(env.heap, *sequence),
        _ => Ok(args.to_vec()),
    }
}

/// `min(…)` and `max(…)`: the first of the smallest or largest.
pub fn extreme<E: Engine>(env: &mut Env<'_, E>, args: &[Value], smallest: bool) -> Result<Value, Fault> {
    arg(args, 0)?;
    let values = operands(env, args)?;
    let at = first_extreme(env.heap, &values, smallest)?;
    values.get(at).copied().ok_or_else(|| no_extreme(smallest))
}

#[cold]
fn no_extreme(smallest: bool) -> Fault {
    value_error(format!("{}() arg is an empty sequence", if smallest { "min" } else { "max" }))
}

fn first_extreme(heap: &Heap, values: &[Value], smallest: bool) -> Result<usize, Fault> {
    let (symbol, wanted) = if smallest { ("<", Ordering::Less) } else { (">", Ordering::Greater) };
    let mut best = 0;
    for at in 1..values.len() {
        if order(heap, symbol, values[at], values[best])? == Some(wanted) {
            best = at;
        }
    }
    Ok(best)
}

/// The value whose key is smallest or largest: values, their keys, whether the smallest is wanted, and what to give without values.
pub fn extreme_by<E: Engine>(env: &mut Env<'_, E>, args: &[Value]) -> Result<Value, Fault> {
    let (values, keys) = (collect(env.heap, arg(args, 0)?)?, collect(env.heap, arg(args, 1)?)?);
    let smallest = truthy(env.heap, arg(args, 2)?);
    let at = first_extreme(env.heap, &keys, smallest)?;
    values.get(at).copied().or_else(|| given(args, 3)).ok_or_else(|| no_extreme(smallest))
}

/// `sorted(x [reverse])`: a new list.
pub fn sorted<E: Engine>(env: &mut Env<'_, E>, args: &[Value]) -> Result<Value, Fault> {
    let values = collect(env.heap, arg(args, 0)?)?;
    let reverse = given(args, 1).is_some_and(|reverse| truthy(env.heap, reverse));
    let sorted = in_order(env.heap, values, reverse)?;
    env.heap.list(sorted)
}

/// Values sorted by the keys in another list: values, keys, whether the largest comes first.
pub fn sorted_by<E: Engine>(env: &mut Env<'_, E>, args: &[Value]) -> Result<Value, Fault> {
    let (values, keys) = (collect(env.heap, arg(args, 0)?)?, collect(env.heap, arg(args, 1)?)?);
    let reverse = given(args, 2).is_some_and(|reverse| truthy(env.heap, reverse));
    let order = permutation(env.heap, &keys, reverse)?;
    // Another task may have changed one of the lists since the keys were made.
    let sorted = order.into_iter().filter_map(|at| values.get(at).copied()).collect();
    env.heap.list(sorted)
}

/// Values in ascending (or descending) order, stable either way.
pub fn in_order(heap: &Heap, mut values: Vec<Value>, reverse: bool) -> Result<Vec<Value>, Fault> {
    if values.iter().all(|value| value.is(Tag::I64)) {
        // Integers that are equal look the same, so nobody can tell a stable order from another one.
        values.sort_unstable_by_key(|value| value.int());
        if reverse {
            values.reverse();
        }
        return Ok(values);
    }
    Ok(permutation(heap, &values, reverse)?.into_iter().map(|at| values[at]).collect())
}

/// Positions of keys in ascending (or descending) order, stable: a bottom-up merge, because comparing may fail and a NaN may be
/// inconsistent, which the standard library's sort answers with a panic.
fn permutation(heap: &Heap, keys: &[Value], reverse: bool) -> Result<Vec<usize>, Fault> {
    let len = keys.len();
    heap.room_for(len.saturating_mul(2 * size_of::<usize>()))?;
    let mut from: Vec<usize> = (0..len).collect();
    let mut to = from.clone();
    let before = if reverse { Ordering::Greater } else { Ordering::Less };
    let comes_first = |a: Value, b: Value| match (number(a), number(b)) {
        (Some(a), Some(b)) => Ok(number_order(a, b) == Some(before)),
        _ => order(heap, "<", a, b).map(|order| order == Some(before)),
    };
    let mut width = 1;
    while width < len {
        for start in (0..len).step_by(width * 2) {
            let middle = (start + width).min(len);
            let end = (start + width * 2).min(len);
            let (mut left, mut right) = (start, middle);
            for place in &mut to[start..end] {
                let take_right = left == middle || right < end && comes_first(keys[from[right]], keys[from[left]])?;
                let side = if take_right { &mut right } else { &mut left };
                *place = from[*side];
                *side += 1;
            }
        }
        std::mem::swap(&mut from, &mut to);
        width *= 2;
    }
    Ok(from)
}

/// `reversed(x)`: a new list.
pub fn reversed<E: Engine>(env: &mut Env<'_, E>, args: &[Value]) -> Result<Value, Fault> {
    let mut values = collect(env.heap, arg(args, 0)?)?;
    values.reverse();
    env.heap.list(values)
}

/// `enumerate(x [start])`: a list of pairs.
pub fn enumerate<E: Engine>(env: &mut Env<'_, E>, args: &[Value]) -> Result<Value, Fault> {
    let values = collect(env.heap, arg(args, 0)?)?;
    let start = if given(args, 1).is_some() { integer_arg(env, args, 1)? } else { 0 };
    room_for_tuples(env.heap, values.len())?;
    let pairs = values.into_iter().zip(0i64..).map(|(value, at)| {
        let at = Value::i64(start.saturating_add(at));
        env.heap.tuple(&[at, value])
    });
    let pairs = pairs.collect();
    env.heap.list(pairs)
}

/// Fails where so many short tuples would pass the limit.
pub fn room_for_tuples(heap: &Heap, count: usize) -> Result<(), Fault> {
    heap.room_for(count.saturating_mul(6 * size_of::<Value>()))
}

/// `zip(a, b, …)`: a list of tuples, as long as the shortest.
pub fn zip<E: Engine>(env: &mut Env<'_, E>, args: &[Value]) -> Result<Value, Fault> {
    let mut columns = Vec::with_capacity(args.len());
    for &sequence in args {
        columns.push(collect(env.heap, sequence)?);
    }
    let rows = columns.iter().map(Vec::len).min().unwrap_or(0);
    room_for_tuples(env.heap, rows.saturating_mul(1 + columns.len() / 4))?;
    let mut row = Vec::with_capacity(columns.len());
    let mut tuples = Vec::with_capacity(rows);
    for at in 0..rows {
        row.clear();
        row.extend(columns.iter().map(|column| column[at]));
        tuples.push(env.heap.tuple(&row));
    }
    env.heap.list(tuples)
}

/// `any(x)` (`wanted`: true) and `all(x)` (`wanted`: false).
pub fn any<E: Engine>(env: &mut Env<'_, E>, args: &[Value], wanted: bool) -> Result<Value, Fault> {
    let values = collect(env.heap, arg(args, 0)?)?;
    let found = values.iter().any(|&value| truthy(env.heap, value) == wanted);
    Ok(Value::bool(found == wanted))
}

/// Position of the first equal element; of a part in a string.
pub fn index_of<E: Engine>(env: &mut Env<'_, E>, args: &[Value]) -> Result<Value, Fault> {
    let (container, wanted) = (arg(args, 0)?, arg(args, 1)?);
    if container.is(Tag::String) {
        let found = super::strings::find(env, args)?;
        return if found.int() < 0 { Err(value_error("substring not found")) } else { Ok(found) };
    }
    if !matches!(container.kind(), Tag::List | Tag::Tuple) {
        let name = types::type_name(env.code, env.heap, container);
        return Err(type_error(format!("'{name}' object has no positions")));
    }
    let from = if given(args, 2).is_some() { integer_arg(env, args, 2)? } else { 0 };
    let elements = Sequence::of(env.heap, container)?;
    let from = usize::try_from(from).unwrap_or(0);
    for (at, &element) in elements.iter().enumerate().skip(from) {
        if equal::equal(env.heap, element, wanted)? {
            return Ok(Value::i64(at as i64));
        }
    }
    let mut shown = String::new();
    match wanted.kind() {
        Tag::String => quoted(env.heap.str(wanted)?, &mut shown),
        _ => super::text::repr(env.heap, env.sched, env.code, wanted, &mut shown)?,
    }
    Err(value_error(format!("{shown} is not in {}", types::type_name(env.code, env.heap, container))))
}

/// How many elements are equal; how often a part occurs in a string.
pub fn count<E: Engine>(env: &mut Env<'_, E>, args: &[Value]) -> Result<Value, Fault> {
    let (container, wanted) = (arg(args, 0)?, arg(args, 1)?);
    let count = match container.kind() {
        Tag::String if wanted.is(Tag::String) => {
            let (text, part) = (env.heap.str(container)?, env.heap.str(wanted)?);
            if part.is_empty() { text.chars().count() + 1 } else { text.matches(part).count() }
        }
        Tag::List | Tag::Tuple => {
            let mut count = 0;
            for &element in Sequence::of(env.heap, container)?.iter() {
                count += usize::from(equal::equal(env.heap, element, wanted)?);
            }
            count
        }
        _ => {
            let name = types::type_name(env.code, env.heap, container);
            return Err(type_error(format!("nothing can be counted in '{name}'")));
        }
    };
    Ok(Value::i64(count as i64))
}
