//! Changing lists (and what dicts share with them). Each change is made in one go towards other tasks; lengths and positions are looked at
//! under the list's lock.

use super::collections::in_order;
use super::compare::truthy;
use super::index::{check_key, no_key, position};
use super::sequence::collect;
use super::{arg, given, integer_arg, of_kind, type_error, types, value_error};
use crate::dynamic::ErrorKind;
use crate::value::{Tag, Value};
use crate::vm::builtins::Env;
use crate::vm::engine::Engine;
use crate::vm::equal;
use crate::vm::fault::Fault;
use crate::vm::heap::Heap;

/// `append(list, x, …)`: at the end, in place; gives the list.
pub fn append<E: Engine>(env: &mut Env<'_, E>, args: &[Value]) -> Result<Value, Fault> {
    let list = of_kind(env, args, 0, Tag::List)?;
    match args {
        [_, value] => env.heap.push(list, *value)?,
        [_] => return Err(super::missing()),
        _ => env.heap.append(list, &args[1..])?,
    }
    Ok(Value::UNIT)
}

/// `extend(list, x)`: all elements of x.
pub fn extend<E: Engine>(env: &mut Env<'_, E>, args: &[Value]) -> Result<Value, Fault> {
    let list = of_kind(env, args, 0, Tag::List)?;
    let more = collect(env.heap, arg(args, 1)?)?;
    env.heap.append(list, &more)?;
    Ok(Value::UNIT)
}

/// `insert(list, i, x)`: before position i, which is cut to the list's ends.
pub fn insert<E: Engine>(env: &mut Env<'_, E>, args: &[Value]) -> Result<Value, Fault> {
    let list = of_kind(env, args, 0, Tag::List)?;
    let (at, value) = (integer_arg(env, args, 1)?, arg(args, 2)?);
    env.heap.room_for_one_more(list)?;
    env.heap.change_list_with(list, &[value], |elements| {
        let len = elements.len();
        let at = if at < 0 { at.saturating_add_unsigned(len as u64).max(0) } else { at };
        elements.insert(usize::try_from(at).unwrap_or(usize::MAX).min(len), value);
    })?;
    Ok(Value::UNIT)
}

/// `pop(list [i])` and `pop(dict, key [default])`
pub fn pop<E: Engine>(env: &mut Env<'_, E>, args: &[Value]) -> Result<Value, Fault> {
    let container = arg(args, 0)?;
    if container.is(Tag::Map) {
        let key = arg(args, 1)?;
        check_key(env.heap, key)?;
        let found = env.heap.map_remove(container, key)?.or(given(args, 2));
        return found.ok_or_else(|| no_key(env.heap, key));
    }
    let list = of_kind(env, args, 0, Tag::List)?;
    let at = if given(args, 1).is_some() { integer_arg(env, args, 1)? } else { -1 };
    let taken = env.heap.change_list(list, |elements| match position(at, elements.len()) {
        Some(last) if last + 1 == elements.len() => Ok(elements.pop()),
        Some(at) => Ok(Some(elements.remove(at))),
        None => Err(elements.is_empty()),
    })?;
    match taken {
        Ok(value) => Ok(value.unwrap_or(Value::UNIT)),
        Err(true) => Err(Fault::error(ErrorKind::Index, "pop from empty list")),
        Err(false) => Err(Fault::error(ErrorKind::Index, "pop index out of range")),
    }
}

/// Position of the first equal element. Comparing looks at other objects, so the list's lock is not held.
fn find(heap: &Heap, list: Value, wanted: Value) -> Result<Option<(usize, Value)>, Fault> {
    for (at, &element) in heap.elements(list)?.iter().enumerate() {
        if equal::equal(heap, element, wanted)? {
            return Ok(Some((at, element)));
        }
    }
    Ok(None)
}

/// `remove(list, x)`: the first equal element; of a dict, a key.
pub fn remove<E: Engine>(env: &mut Env<'_, E>, args: &[Value]) -> Result<Value, Fault> {
    let wanted = arg(args, 1)?;
    if args[0].is(Tag::Map) {
        check_key(env.heap, wanted)?;
        return env.heap.map_remove(args[0], wanted)?.map(|_| Value::UNIT).ok_or_else(|| no_key(env.heap, wanted));
    }
    let list = of_kind(env, args, 0, Tag::List)?;
    while let Some((at, element)) = find(env.heap, list, wanted)? {
        // Another task may have changed the list since: then the element is looked for again.
        let removed = env.heap.change_list(list, |elements| {
            let there = elements.get(at) == Some(&element);
            if there {
                elements.remove(at);
            }
            there
        })?;
        if removed {
            return Ok(Value::UNIT);
        }
    }
    Err(value_error("list.remove(x): x not in list"))
}

/// `list.sort([reverse])`: what it was when it began, in order.
pub fn sort<E: Engine>(env: &mut Env<'_, E>, args: &[Value]) -> Result<Value, Fault> {
    let list = of_kind(env, args, 0, Tag::List)?;
    let reverse = given(args, 1).is_some_and(|reverse| truthy(env.heap, reverse));
    let values = collect(env.heap, list)?;
    let sorted = in_order(env.heap, values, reverse)?;
    replace(env.heap, list, sorted)
}

/// Makes a list hold what another one holds.
pub fn assign_all<E: Engine>(env: &mut Env<'_, E>, args: &[Value]) -> Result<Value, Fault> {
    let list = of_kind(env, args, 0, Tag::List)?;
    let values = collect(env.heap, arg(args, 1)?)?;
    replace(env.heap, list, values)
}

fn replace(heap: &mut Heap, list: Value, values: Vec<Value>) -> Result<Value, Fault> {
    heap.room_for(size_of_val(&*values))?;
    let new = values.clone();
    heap.change_list_with(list, &values, |elements| *elements = new)?;
    Ok(Value::UNIT)
}

/// `list.reverse()`
pub fn reverse<E: Engine>(env: &mut Env<'_, E>, args: &[Value]) -> Result<Value, Fault> {
    let list = of_kind(env, args, 0, Tag::List)?;
    env.heap.change_list(list, |elements| elements.reverse())?;
    Ok(Value::UNIT)
}

/// `clear()` of a list or dict.
pub fn clear<E: Engine>(env: &mut Env<'_, E>, args: &[Value]) -> Result<Value, Fault> {
    let container = arg(args, 0)?;
    match container.kind() {
        Tag::List => env.heap.change_list(container, Vec::clear)?,
        Tag::Map => env.heap.change_table(container, |table| table.clear())?,
        _ => {
            let name = types::type_name(env.code, env.heap, container);
            return Err(type_error(format!("'{name}' object cannot be cleared")));
        }
    }
    Ok(Value::UNIT)
}

/// `copy()` of a list or dict: another one with the same elements.
pub fn copy<E: Engine>(env: &mut Env<'_, E>, args: &[Value]) -> Result<Value, Fault> {
    let container = arg(args, 0)?;
    match container.kind() {
        Tag::List => {
            let elements = collect(env.heap, container)?;
            env.heap.list(elements)
        }
        Tag::Map => super::convert::dict(env, &args[..1]),
        _ => Ok(container),
    }
}
