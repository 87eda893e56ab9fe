//! Contexts: cancellation, deadlines and values that flow from parent to child.

use super::objects::BYTES;
use super::{Env, arg};
use crate::value::{Tag, Value};
use crate::vm::engine::Engine;
use crate::vm::fault::Fault;
use scheduler::{Cause, ContextKind, Runtime};

fn make<E: Engine>(env: &mut Env<'_, E>, parent: Option<u32>, kind: ContextKind<Value>) -> Value {
    env.heap.charge(BYTES);
    Value::handle(Tag::Context, env.sched.context(env.tr, env.at, parent, kind))
}

fn context<E: Engine>(env: &mut Env<'_, E>, args: &[Value]) -> Result<u32, Fault> {
    Ok(env.seen(arg(args, 0)?, Tag::Context)?.slot())
}

/// `background()` and `todo()`
pub fn root<E: Engine>(env: &mut Env<'_, E>) -> Value {
    make(env, None, ContextKind::Plain)
}

/// `withCancel(parent)`
pub fn with_cancel<E: Engine>(env: &mut Env<'_, E>, args: &[Value]) -> Result<Value, Fault> {
    let parent = context(env, args)?;
    Ok(make(env, Some(parent), ContextKind::Plain))
}

/// `withTimeout(parent, d)`
pub fn with_timeout<E: Engine>(env: &mut Env<'_, E>, args: &[Value]) -> Result<Value, Fault> {
    let parent = context(env, args)?;
    let timeout = env.nanoseconds(arg(args, 1)?)?;
    Ok(make(env, Some(parent), ContextKind::Timeout(timeout)))
}

/// `withDeadline(parent, t)`
pub fn with_deadline<E: Engine>(env: &mut Env<'_, E>, args: &[Value]) -> Result<Value, Fault> {
    let parent = context(env, args)?;
    let deadline = env.seen(arg(args, 1)?, Tag::Time)?;
    Ok(make(env, Some(parent), ContextKind::Deadline(deadline.int().max(0) as u64)))
}

/// `withValue(parent, key, v)`
pub fn with_value<E: Engine>(env: &mut Env<'_, E>, args: &[Value]) -> Result<Value, Fault> {
    let parent = context(env, args)?;
    let key: Box<str> = env.text(arg(args, 1)?)?.into();
    let value = arg(args, 2)?;
    env.publish(value);
    env.heap.charge(key.len());
    Ok(make(env, Some(parent), ContextKind::Value(key, value)))
}

/// `cancel(ctx)`
pub fn cancel<E: Engine>(env: &mut Env<'_, E>, args: &[Value]) -> Result<Value, Fault> {
    let context = context(env, args)?;
    env.sched.cancel_context(env.tr, env.at, context, Cause::Cancelled);
    Ok(Value::UNIT)
}

/// `isDone(ctx)`
pub fn is_done<E: Engine>(env: &mut Env<'_, E>, args: &[Value]) -> Result<Value, Fault> {
    let context = context(env, args)?;
    env.sched.saw_cancelled(env.tr, env.at, context);
    Ok(Value::bool(env.sched.context_cause(context).is_some()))
}

/// `isCanceled(ctx)`
pub fn is_canceled<E: Engine>(env: &mut Env<'_, E>, args: &[Value]) -> Result<Value, Fault> {
    let context = context(env, args)?;
    env.sched.saw_cancelled(env.tr, env.at, context);
    Ok(Value::bool(env.sched.context_cause(context).is_some() && !env.sched.context_timed_out(context)))
}

/// `isTimeout(ctx)`
pub fn is_timeout<E: Engine>(env: &mut Env<'_, E>, args: &[Value]) -> Result<Value, Fault> {
    let context = context(env, args)?;
    env.sched.saw_cancelled(env.tr, env.at, context);
    Ok(Value::bool(env.sched.context_timed_out(context)))
}

/// `cause(ctx)`
pub fn cause<E: Engine>(env: &mut Env<'_, E>, args: &[Value]) -> Result<Value, Fault> {
    let context = context(env, args)?;
    env.sched.saw_cancelled(env.tr, env.at, context);
    let text = match env.sched.context_cause(context) {
        None => "",
        Some(_) if env.sched.context_timed_out(context) => "context deadline exceeded",
        Some(_) => "context canceled",
    };
    env.heap.string(text)
}

/// `getValue(ctx, key)`
pub fn value<E: Engine>(env: &mut Env<'_, E>, args: &[Value]) -> Result<Value, Fault> {
    let context = context(env, args)?;
    let key = env.seen(arg(args, 1)?, Tag::String)?;
    let value = env.sched.context_value(context, env.heap.str(key)?);
    Ok(env.heap.option(value))
}

/// `hasValue(ctx, key)`
pub fn has_value<E: Engine>(env: &mut Env<'_, E>, args: &[Value]) -> Result<Value, Fault> {
    let context = context(env, args)?;
    let key = env.seen(arg(args, 1)?, Tag::String)?;
    Ok(Value::bool(env.sched.context_value(context, env.heap.str(key)?).is_some()))
}

/// `remainingTime(ctx)`
pub fn remaining<E: Engine>(env: &mut Env<'_, E>, args: &[Value]) -> Result<Value, Fault> {
    let context = context(env, args)?;
    let nanoseconds = env.sched.context_remaining(context).map_or(i64::MAX, |n| i64::try_from(n).unwrap_or(i64::MAX));
    Ok(Value::new(Tag::Duration, nanoseconds as u64))
}

/// `done(ctx)`
pub fn done<E: Engine>(env: &mut Env<'_, E>, args: &[Value]) -> Result<Value, Fault> {
    let context = context(env, args)?;
    env.heap.charge(BYTES);
    Ok(Value::channel(env.sched.context_done(env.tr, env.at, context), Value::UNIT))
}
