//! Atomics: 64 bits whose kind stands in the handle. Additions wrap around in the width of that kind.

use super::objects::BYTES;
use super::{Env, arg};
use crate::builtins::Builtin;
use crate::value::{Tag, Value};
use crate::vm::engine::Engine;
use crate::vm::fault::Fault;
use scheduler::Runtime;

/// An atomic's handle.
pub fn handle(slot: u32, content: Tag) -> Value {
    Value::new(Tag::Atomic, slot as u64 | (content as u64) << 32)
}

/// The kind of an atomic's content.
#[inline]
pub fn content_tag(atomic: Value) -> Tag {
    Tag::from_byte((atomic.payload >> 32) as u8).unwrap_or(Tag::I64)
}

/// A number with as many bits as the content's kind has, as a payload.
#[inline]
pub fn wrapped(content: Tag, number: i64) -> i64 {
    match content {
        Tag::Bool => number & 1,
        Tag::I8 => number as i8 as i64,
        Tag::I16 => number as i16 as i64,
        Tag::I32 => number as i32 as i64,
        Tag::U8 => number as u8 as i64,
        Tag::U16 => number as u16 as i64,
        Tag::U32 => number as u32 as i64,
        _ => number,
    }
}

/// `AtomicI32.new(v)` and its kin; a missing value is 0 of an `i64`.
pub fn new<E: Engine>(env: &mut Env<'_, E>, args: &[Value]) -> Result<Value, Fault> {
    let value = env.plain(args.first().copied().unwrap_or(Value::i64(0)))?;
    let narrow = value.kind().int_kind().is_some() && !value.is(Tag::I128) && !value.is(Tag::U128);
    if !narrow && !value.is(Tag::Bool) {
        return Err(Fault::Panic(format!("an atomic cannot hold a value of kind {:?}", value.kind())));
    }
    env.heap.charge(BYTES);
    Ok(handle(env.sched.new_atomic(env.tr, env.at, value.int()), value.kind()))
}

/// One operation: `change` gives the new content; the result is the old one.
#[inline]
fn operate<E: Engine>(env: &mut Env<'_, E>, atomic: Value, mut change: impl FnMut(i64) -> i64) -> Result<Value, Fault> {
    let atomic = env.seen(atomic, Tag::Atomic)?;
    let content = content_tag(atomic);
    let old = env.sched.atomic_update(env.tr, env.at, atomic.slot(), |old| wrapped(content, change(old)));
    Ok(Value::new(content, old as u64))
}

/// `load()`
pub fn load<E: Engine>(env: &mut Env<'_, E>, args: &[Value]) -> Result<Value, Fault> {
    let atomic = env.seen(arg(args, 0)?, Tag::Atomic)?;
    let value = env.sched.atomic_load(env.tr, env.at, atomic.slot());
    Ok(Value::new(content_tag(atomic), value as u64))
}

/// `store(v)`
pub fn store<E: Engine>(env: &mut Env<'_, E>, args: &[Value]) -> Result<Value, Fault> {
    let new = env.plain(arg(args, 1)?)?;
    operate(env, arg(args, 0)?, |_| new.int())?;
    Ok(Value::UNIT)
}

/// `swap(v)`
pub fn swap<E: Engine>(env: &mut Env<'_, E>, args: &[Value]) -> Result<Value, Fault> {
    let new = env.plain(arg(args, 1)?)?;
    operate(env, arg(args, 0)?, |_| new.int())
}

/// `fetch_add(v)` and its kin.
pub fn fetch<E: Engine>(env: &mut Env<'_, E>, builtin: Builtin, args: &[Value]) -> Result<Value, Fault> {
    let by = env.plain(arg(args, 1)?)?.int();
    operate(env, arg(args, 0)?, |old| match builtin {
        Builtin::AtomicSub => old.wrapping_sub(by),
        Builtin::AtomicAnd => old & by,
        Builtin::AtomicOr => old | by,
        Builtin::AtomicXor => old ^ by,
        _ => old.wrapping_add(by),
    })
}

/// `compare_exchange(expected, new)`
pub fn compare_exchange<E: Engine>(env: &mut Env<'_, E>, args: &[Value]) -> Result<Value, Fault> {
    let (expected, new) = (env.plain(arg(args, 1)?)?.int(), env.plain(arg(args, 2)?)?.int());
    let old = operate(env, arg(args, 0)?, |old| if old == expected { new } else { old })?;
    Ok(if old.int() == expected { env.heap.ok(old) } else { env.heap.err(old) })
}
