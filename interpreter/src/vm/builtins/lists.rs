//! Lists. Reads give elements in place (no copy); what the signature calls a clone is one.

use super::{Env, arg, misc, sort};
use crate::core::BinaryOp;
use crate::value::{Tag, Value};
use crate::vm::engine::Engine;
use crate::vm::fault::Fault;
use crate::vm::heap::list::out_of_range;
use crate::vm::{arith, equal};
use std::cmp::Ordering;

fn list<E: Engine>(env: &mut Env<'_, E>, args: &[Value]) -> Result<Value, Fault> {
    env.seen(arg(args, 0)?, Tag::List)
}

/// The position that an argument names, checked.
fn position<E: Engine>(env: &mut Env<'_, E>, list: Value, index: Value) -> Result<usize, Fault> {
    let index = env.plain(index)?;
    env.heap.position(index, env.heap.list_len(list)?)
}

/// `Vec.withCapacity(n)`
pub fn with_capacity<E: Engine>(env: &mut Env<'_, E>, args: &[Value]) -> Result<Value, Fault> {
    let capacity = env.count(arg(args, 0)?, "capacity")? as usize;
    env.heap.room_for(capacity.saturating_mul(size_of::<Value>()))?;
    env.heap.list(Vec::with_capacity(capacity))
}

/// `push(v)`
pub fn push<E: Engine>(env: &mut Env<'_, E>, args: &[Value]) -> Result<Value, Fault> {
    let list = list(env, args)?;
    env.heap.push(list, arg(args, 1)?)?;
    Ok(Value::UNIT)
}

/// `pop()`
pub fn pop<E: Engine>(env: &mut Env<'_, E>, args: &[Value]) -> Result<Value, Fault> {
    let list = list(env, args)?;
    let last = env.heap.change_list(list, Vec::pop)?;
    Ok(env.heap.option(last))
}

/// `insert(i, v)`
pub fn insert<E: Engine>(env: &mut Env<'_, E>, args: &[Value]) -> Result<Value, Fault> {
    let (list, value) = (list(env, args)?, arg(args, 2)?);
    let at = env.integer(arg(args, 1)?)?;
    let len = env.heap.list_len(list)?;
    if !(0..=len as i128).contains(&at) {
        return Err(out_of_range(len, at));
    }
    if len == env.heap.capacity(list)? {
        env.heap.room_for_one_more(list)?;
    }
    env.heap.change_list_with(list, &[value], |elements| {
        elements.push(value);
        // A published list may be shorter by now.
        if let Some(tail) = elements.get_mut(at as usize..) {
            tail.rotate_right(1);
        }
    })?;
    Ok(Value::UNIT)
}

/// `remove(i)`
pub fn remove<E: Engine>(env: &mut Env<'_, E>, args: &[Value]) -> Result<Value, Fault> {
    let list = list(env, args)?;
    let at = position(env, list, arg(args, 1)?)?;
    let removed =
        env.heap.change_list(
            list,
            |elements| {
                if at < elements.len() { Ok(elements.remove(at)) } else { Err(elements.len()) }
            },
        )?;
    removed.map_err(|len| out_of_range(len, at as i128))
}

/// `clear()`
pub fn clear<E: Engine>(env: &mut Env<'_, E>, args: &[Value]) -> Result<Value, Fault> {
    let list = list(env, args)?;
    env.heap.change_list(list, Vec::clear)?;
    Ok(Value::UNIT)
}

/// `set(i, v)`
pub fn set<E: Engine>(env: &mut Env<'_, E>, args: &[Value]) -> Result<Value, Fault> {
    let (list, value) = (list(env, args)?, arg(args, 2)?);
    let at = position(env, list, arg(args, 1)?)?;
    env.heap.set_element(list, at, value)?;
    Ok(Value::UNIT)
}

/// `len()`
pub fn len<E: Engine>(env: &mut Env<'_, E>, args: &[Value]) -> Result<Value, Fault> {
    let list = list(env, args)?;
    Ok(Value::usize(env.heap.list_len(list)? as u64))
}

/// `isEmpty()`
pub fn is_empty<E: Engine>(env: &mut Env<'_, E>, args: &[Value]) -> Result<Value, Fault> {
    let list = list(env, args)?;
    Ok(Value::bool(env.heap.list_len(list)? == 0))
}

/// `get(i)`
pub fn get<E: Engine>(env: &mut Env<'_, E>, args: &[Value]) -> Result<Value, Fault> {
    let list = list(env, args)?;
    let at = env.integer(arg(args, 1)?)?;
    let element = usize::try_from(at).ok().and_then(|at| env.heap.element(list, at).ok()?);
    Ok(env.heap.option(element))
}

/// `first()`
pub fn first<E: Engine>(env: &mut Env<'_, E>, args: &[Value]) -> Result<Value, Fault> {
    let list = list(env, args)?;
    let element = env.heap.element(list, 0)?;
    Ok(env.heap.option(element))
}

/// `last()`
pub fn last<E: Engine>(env: &mut Env<'_, E>, args: &[Value]) -> Result<Value, Fault> {
    let list = list(env, args)?;
    let element = env.heap.read_list(list, |elements| elements.last().copied())?;
    Ok(env.heap.option(element))
}

/// `copyAt(i)`
pub fn copy_at<E: Engine>(env: &mut Env<'_, E>, args: &[Value]) -> Result<Value, Fault> {
    let list = list(env, args)?;
    let at = position(env, list, arg(args, 1)?)?;
    let element = env.heap.element(list, at)?.ok_or_else(|| out_of_range(at, at as i128))?;
    env.heap.clone_value(element)
}

/// `swap(i, j)`
pub fn swap<E: Engine>(env: &mut Env<'_, E>, args: &[Value]) -> Result<Value, Fault> {
    let list = list(env, args)?;
    let (i, j) = (position(env, list, arg(args, 1)?)?, position(env, list, arg(args, 2)?)?);
    env.heap.change_list(list, |elements| {
        // A published list may be shorter by now.
        if i.max(j) < elements.len() {
            elements.swap(i, j);
        }
    })?;
    Ok(Value::UNIT)
}

/// `reverse()`
pub fn reverse<E: Engine>(env: &mut Env<'_, E>, args: &[Value]) -> Result<Value, Fault> {
    let list = list(env, args)?;
    env.heap.change_list(list, |elements| elements.reverse())?;
    Ok(Value::UNIT)
}

/// `sort()`
pub fn sort<E: Engine>(env: &mut Env<'_, E>, args: &[Value]) -> Result<Value, Fault> {
    let list = list(env, args)?;
    let elements = env.heap.elements(list)?;
    env.heap.room_for(size_of_val::<[Value]>(&elements))?;
    let sorted = sort::sorted(env.heap, &elements)?;
    env.heap.change_list(list, |elements| {
        // A published list may have another length by now: then the sorted elements are what it holds.
        if elements.len() == sorted.len() { elements.copy_from_slice(&sorted) } else { *elements = sorted }
    })?;
    Ok(Value::UNIT)
}

fn find<E: Engine>(env: &mut Env<'_, E>, args: &[Value]) -> Result<Option<usize>, Fault> {
    let list = list(env, args)?;
    let wanted = arg(args, 1)?;
    for (at, &element) in env.heap.elements(list)?.iter().enumerate() {
        if equal::equal(env.heap, element, wanted)? {
            return Ok(Some(at));
        }
    }
    Ok(None)
}

/// `contains(v)`
pub fn contains<E: Engine>(env: &mut Env<'_, E>, args: &[Value]) -> Result<Value, Fault> {
    Ok(Value::bool(find(env, args)?.is_some()))
}

/// `indexOf(v)`
pub fn index_of<E: Engine>(env: &mut Env<'_, E>, args: &[Value]) -> Result<Value, Fault> {
    let at = find(env, args)?.map(|at| Value::usize(at as u64));
    Ok(env.heap.option(at))
}

/// `join(sep)`
pub fn join<E: Engine>(env: &mut Env<'_, E>, args: &[Value]) -> Result<Value, Fault> {
    let list = list(env, args)?;
    let separator = match args.get(1) {
        Some(&separator) => env.text(separator)?.to_string(),
        None => String::new(),
    };
    let mut text = String::new();
    for at in 0.. {
        let Some(element) = env.heap.element(list, at)? else { break };
        if at > 0 {
            text.push_str(&separator);
        }
        text.push_str(&misc::display(env, element)?);
        env.heap.room_for(text.len())?;
    }
    env.heap.string(text)
}

/// `extend(other)`
pub fn extend<E: Engine>(env: &mut Env<'_, E>, args: &[Value]) -> Result<Value, Fault> {
    let list = list(env, args)?;
    let other = env.seen(arg(args, 1)?, Tag::List)?;
    let more = env.heap.elements(other)?;
    env.heap.room_for(size_of_val::<[Value]>(&more))?;
    let more = more.into_owned();
    env.heap.append(list, &more)?;
    Ok(Value::UNIT)
}

/// `slice(a, b)`
pub fn slice<E: Engine>(env: &mut Env<'_, E>, args: &[Value]) -> Result<Value, Fault> {
    let list = list(env, args)?;
    let (from, to) = (env.plain(arg(args, 1)?)?, env.plain(arg(args, 2)?)?);
    let (from, to) = env.heap.slice_bounds(from, to, env.heap.list_len(list)?)?;
    env.heap.slice(list, from, to)
}

/// `enumerate()`
pub fn enumerate<E: Engine>(env: &mut Env<'_, E>, args: &[Value]) -> Result<Value, Fault> {
    let list = list(env, args)?;
    let len = env.heap.list_len(list)?;
    // A pair each, and the list of them.
    env.heap.room_for(len.saturating_mul(size_of::<crate::vm::heap::record::Record>() + size_of::<Value>()))?;
    let mut pairs = Vec::with_capacity(len);
    for at in 0..len {
        let Some(element) = env.heap.element(list, at)? else { break };
        pairs.push(env.heap.tuple(&[Value::usize(at as u64), element]));
    }
    env.heap.list(pairs)
}

/// `truncate(n)`
pub fn truncate<E: Engine>(env: &mut Env<'_, E>, args: &[Value]) -> Result<Value, Fault> {
    let list = list(env, args)?;
    let keep = env.count(arg(args, 1)?, "length")? as usize;
    env.heap.change_list(list, |elements| elements.truncate(keep))?;
    Ok(Value::UNIT)
}

/// `sum()`. The sum of an empty list is the integer 0: nothing in it says what kind of number it would be.
pub fn sum<E: Engine>(env: &mut Env<'_, E>, args: &[Value]) -> Result<Value, Fault> {
    let list = list(env, args)?;
    let Some(first) = env.heap.element(list, 0)? else { return Ok(Value::i64(0)) };
    let mut sum = first;
    for at in 1.. {
        let Some(element) = env.heap.element(list, at)? else { break };
        sum = arith::arith(env.heap, BinaryOp::Add, sum, element)?;
    }
    Ok(sum)
}

/// `min()` and `max()`: the first of those that are smallest or largest.
pub fn extreme<E: Engine>(env: &mut Env<'_, E>, args: &[Value], wanted: Ordering) -> Result<Value, Fault> {
    let list = list(env, args)?;
    let mut best: Option<Value> = None;
    for &element in env.heap.elements(list)?.iter() {
        let better = match best {
            Some(best) => equal::order(env.heap, element, best)? == Some(wanted),
            None => true,
        };
        if better {
            best = Some(element);
        }
    }
    Ok(env.heap.option(best))
}
