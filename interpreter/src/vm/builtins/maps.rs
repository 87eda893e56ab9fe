//! Maps and sets, in order of insertion.

use super::{Env, arg};
use crate::value::{Tag, Value};
use crate::vm::engine::Engine;
use crate::vm::fault::Fault;

fn map<E: Engine>(env: &mut Env<'_, E>, args: &[Value]) -> Result<Value, Fault> {
    env.seen(arg(args, 0)?, Tag::Map)
}

/// `insert(k, v)`: true where the key is new.
pub fn insert<E: Engine>(env: &mut Env<'_, E>, args: &[Value]) -> Result<Value, Fault> {
    let map = map(env, args)?;
    let old = env.heap.map_insert(map, arg(args, 1)?, arg(args, 2)?)?;
    Ok(Value::bool(old.is_none()))
}

fn lookup<E: Engine>(env: &mut Env<'_, E>, args: &[Value]) -> Result<Option<Value>, Fault> {
    let map = map(env, args)?;
    env.heap.map_get(map, arg(args, 1)?)
}

/// `get(k)`: the value in place.
pub fn get<E: Engine>(env: &mut Env<'_, E>, args: &[Value]) -> Result<Value, Fault> {
    let value = lookup(env, args)?;
    Ok(env.heap.option(value))
}

/// `getOwned(k)`: a clone.
pub fn get_owned<E: Engine>(env: &mut Env<'_, E>, args: &[Value]) -> Result<Value, Fault> {
    let value = match lookup(env, args)? {
        Some(value) => Some(env.heap.clone_value(value)?),
        None => None,
    };
    Ok(env.heap.option(value))
}

/// `getOr(k, default)`: an owned value, so what is in the map is cloned.
pub fn get_or<E: Engine>(env: &mut Env<'_, E>, args: &[Value]) -> Result<Value, Fault> {
    match lookup(env, args)? {
        Some(value) => env.heap.clone_value(value),
        None => arg(args, 2),
    }
}

/// `contains(k)` of maps and sets.
pub fn contains<E: Engine>(env: &mut Env<'_, E>, args: &[Value], tag: Tag) -> Result<Value, Fault> {
    let table = env.seen(arg(args, 0)?, tag)?;
    env.heap.has_key(table, arg(args, 1)?).map(Value::bool)
}

/// `remove(k)` of a map.
pub fn remove<E: Engine>(env: &mut Env<'_, E>, args: &[Value]) -> Result<Value, Fault> {
    let map = map(env, args)?;
    let value = env.heap.map_remove(map, arg(args, 1)?)?;
    Ok(env.heap.option(value))
}

/// `len()` of maps and sets.
pub fn len<E: Engine>(env: &mut Env<'_, E>, args: &[Value], tag: Tag) -> Result<Value, Fault> {
    let table = env.seen(arg(args, 0)?, tag)?;
    Ok(Value::usize(env.heap.len(table)? as u64))
}

/// `isEmpty()` of maps and sets.
pub fn is_empty<E: Engine>(env: &mut Env<'_, E>, args: &[Value], tag: Tag) -> Result<Value, Fault> {
    let table = env.seen(arg(args, 0)?, tag)?;
    Ok(Value::bool(env.heap.len(table)? == 0))
}

/// The keys of a map, the elements of a set: owned, so cloned.
pub fn keys<E: Engine>(env: &mut Env<'_, E>, args: &[Value], tag: Tag) -> Result<Value, Fault> {
    let table = env.seen(arg(args, 0)?, tag)?;
    let table = env.heap.table(table)?;
    env.heap.room_for(table.len() * size_of::<Value>())?;
    let keys: Vec<Value> = table.iter().map(|(key, _)| key).collect();
    let list = env.heap.list(keys)?;
    env.heap.clone_value(list)
}

/// `values()` of a map: owned, so cloned.
pub fn values<E: Engine>(env: &mut Env<'_, E>, args: &[Value]) -> Result<Value, Fault> {
    let map = map(env, args)?;
    let table = env.heap.table(map)?;
    env.heap.room_for(table.len() * size_of::<Value>())?;
    let values: Vec<Value> = table.iter().map(|(_, value)| value).collect();
    let list = env.heap.list(values)?;
    env.heap.clone_value(list)
}

/// `clear()` of maps and sets.
pub fn clear<E: Engine>(env: &mut Env<'_, E>, args: &[Value], tag: Tag) -> Result<Value, Fault> {
    let table = env.seen(arg(args, 0)?, tag)?;
    env.heap.change_table(table, |table| table.clear())?;
    Ok(Value::UNIT)
}

/// `insert(v)` of a set: true where it is new.
pub fn set_insert<E: Engine>(env: &mut Env<'_, E>, args: &[Value]) -> Result<Value, Fault> {
    let set = env.seen(arg(args, 0)?, Tag::Set)?;
    let old = env.heap.map_insert(set, arg(args, 1)?, Value::UNIT)?;
    Ok(Value::bool(old.is_none()))
}

/// `remove(v)` of a set.
pub fn set_remove<E: Engine>(env: &mut Env<'_, E>, args: &[Value]) -> Result<Value, Fault> {
    let set = env.seen(arg(args, 0)?, Tag::Set)?;
    let old = env.heap.map_remove(set, arg(args, 1)?)?;
    Ok(Value::bool(old.is_some()))
}
