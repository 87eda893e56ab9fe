//! Boxes: shared cells.

use super::{Env, arg};
use crate::value::{Tag, Value};
use crate::vm::engine::Engine;
use crate::vm::fault::Fault;

/// The box itself, which may stand behind a reference or a guard (but not behind another box: that one is meant).
fn the_box<E: Engine>(env: &mut Env<'_, E>, args: &[Value]) -> Result<Value, Fault> {
    env.seen(arg(args, 0)?, Tag::Box)
}

/// `Box(v)`
pub fn new<E: Engine>(env: &mut Env<'_, E>, args: &[Value]) -> Result<Value, Fault> {
    let value = arg(args, 0)?;
    Ok(env.heap.new_box(value))
}

/// `get()`
pub fn get<E: Engine>(env: &mut Env<'_, E>, args: &[Value]) -> Result<Value, Fault> {
    let cell = the_box(env, args)?;
    let content = env.heap.load_cell(cell)?;
    env.heap.clone_value(content)
}

/// `set(v)`: also gives a box whose content was taken a new one.
pub fn set<E: Engine>(env: &mut Env<'_, E>, args: &[Value]) -> Result<Value, Fault> {
    let cell = the_box(env, args)?;
    env.heap.store_cell(cell, arg(args, 1)?)?;
    Ok(Value::UNIT)
}

/// `swap(v)`
pub fn swap<E: Engine>(env: &mut Env<'_, E>, args: &[Value]) -> Result<Value, Fault> {
    let cell = the_box(env, args)?;
    env.heap.replace_cell(cell, arg(args, 1)?)
}

/// `take()`
pub fn take<E: Engine>(env: &mut Env<'_, E>, args: &[Value]) -> Result<Value, Fault> {
    let cell = the_box(env, args)?;
    env.heap.replace_cell(cell, Value::NONE)
}

/// `getRef()`: immutable references are the value itself.
pub fn get_ref<E: Engine>(env: &mut Env<'_, E>, args: &[Value]) -> Result<Value, Fault> {
    let cell = the_box(env, args)?;
    env.heap.load_cell(cell)
}

/// `getRefMut()`: the handle of an aggregate is its mutable reference; for anything else the box is.
pub fn get_ref_mut<E: Engine>(env: &mut Env<'_, E>, args: &[Value]) -> Result<Value, Fault> {
    let cell = the_box(env, args)?;
    let content = env.heap.load_cell(cell)?;
    Ok(if matches!(content.kind(), Tag::List | Tag::Map | Tag::Set | Tag::Struct) { content } else { cell })
}

/// `clone()`
pub fn clone<E: Engine>(env: &mut Env<'_, E>, args: &[Value]) -> Result<Value, Fault> {
    the_box(env, args)
}
