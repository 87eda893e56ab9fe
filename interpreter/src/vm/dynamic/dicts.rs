//! Functions of dicts.

use super::collections::room_for_tuples;
use super::index::check_key;
use super::{arg, given, index, of_kind};
use crate::dynamic::ErrorKind;
use crate::value::{Tag, Value};
use crate::vm::builtins::Env;
use crate::vm::engine::Engine;
use crate::vm::fault::Fault;

/// `get(dict, key [default])`; also an element of a sequence by position.
pub fn get<E: Engine>(env: &mut Env<'_, E>, args: &[Value]) -> Result<Value, Fault> {
    let (container, key) = (arg(args, 0)?, arg(args, 1)?);
    let default = given(args, 2).unwrap_or(Value::UNIT);
    if container.is(Tag::Map) {
        check_key(env.heap, key)?;
        return Ok(env.heap.map_get(container, key)?.unwrap_or(default));
    }
    match index::index(env.heap, container, key) {
        Err(Fault::Error(ErrorKind::Index, _)) => Ok(default),
        result => result,
    }
}

/// The entries, one after the other, as they are now.
fn entries<E: Engine>(env: &Env<'_, E>, args: &[Value]) -> Result<Vec<(Value, Value)>, Fault> {
    let dict = of_kind(env, args, 0, Tag::Map)?;
    let table = env.heap.table(dict)?;
    room_for_tuples(env.heap, table.len())?;
    Ok(table.iter().collect())
}

/// `keys(dict)`: a list.
pub fn keys<E: Engine>(env: &mut Env<'_, E>, args: &[Value]) -> Result<Value, Fault> {
    let keys = entries(env, args)?.into_iter().map(|(key, _)| key).collect();
    env.heap.list(keys)
}

/// `values(dict)`: a list.
pub fn values<E: Engine>(env: &mut Env<'_, E>, args: &[Value]) -> Result<Value, Fault> {
    let values = entries(env, args)?.into_iter().map(|(_, value)| value).collect();
    env.heap.list(values)
}

/// `items(dict)`: a list of pairs.
pub fn items<E: Engine>(env: &mut Env<'_, E>, args: &[Value]) -> Result<Value, Fault> {
    let entries = entries(env, args)?;
    let pairs = entries.into_iter().map(|(key, value)| env.heap.tuple(&[key, value])).collect();
    env.heap.list(pairs)
}

/// `setdefault(dict, key [default])`: the value, which is set if there was none.
pub fn set_default<E: Engine>(env: &mut Env<'_, E>, args: &[Value]) -> Result<Value, Fault> {
    let (dict, key) = (of_kind(env, args, 0, Tag::Map)?, arg(args, 1)?);
    check_key(env.heap, key)?;
    if let Some(value) = env.heap.map_get(dict, key)? {
        return Ok(value);
    }
    let default = given(args, 2).unwrap_or(Value::UNIT);
    env.heap.map_insert(dict, key, default)?;
    Ok(default)
}

/// `update(dict, other)`: the entries of another dict, or pairs.
pub fn update<E: Engine>(env: &mut Env<'_, E>, args: &[Value]) -> Result<Value, Fault> {
    let dict = of_kind(env, args, 0, Tag::Map)?;
    super::convert::fill(env, dict, arg(args, 1)?)?;
    Ok(Value::UNIT)
}

/// `popitem(dict)`: takes the newest entry.
pub fn pop_item<E: Engine>(env: &mut Env<'_, E>, args: &[Value]) -> Result<Value, Fault> {
    let dict = of_kind(env, args, 0, Tag::Map)?;
    let last = env.heap.read_table(dict, |table| table.iter().next_back())?;
    match last {
        Some((key, value)) => {
            env.heap.map_remove(dict, key)?;
            Ok(env.heap.tuple(&[key, value]))
        }
        None => Err(Fault::error(ErrorKind::Key, "'popitem(): dictionary is empty'")),
    }
}
