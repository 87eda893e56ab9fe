//! Contexts: cancellation from parent to child, with deadlines and reasons.

use super::time::millis_of;
use super::{arg, given, of_kind, text};
use crate::value::{Tag, Value};
use crate::vm::builtins::Env;
use crate::vm::engine::Engine;
use crate::vm::evidence;
use crate::vm::fault::Fault;
use scheduler::{At, Cause, ContextKind, Runtime};

/// What an object of the scheduler counts for in memory until it is weighed.
const BYTES: usize = 128;

fn make<E: Engine>(env: &mut Env<'_, E>, parent: Option<u32>, kind: ContextKind<Value>) -> Value {
    env.heap.charge(BYTES);
    Value::handle(Tag::Context, env.sched.context(env.tr, env.at, parent, kind))
}

fn context<E: Engine>(env: &Env<'_, E>, args: &[Value]) -> Result<u32, Fault> {
    of_kind(env, args, 0, Tag::Context).map(Value::slot)
}

/// `context-background()`
pub fn background<E: Engine>(env: &mut Env<'_, E>) -> Value {
    make(env, None, ContextKind::Plain)
}

/// A context below another one.
pub fn child<E: Engine>(env: &mut Env<'_, E>, args: &[Value]) -> Result<Value, Fault> {
    let parent = context(env, args)?;
    Ok(make(env, Some(parent), ContextKind::Plain))
}

/// A context below another one that is cancelled after so many milliseconds.
pub fn with_timeout<E: Engine>(env: &mut Env<'_, E>, args: &[Value]) -> Result<Value, Fault> {
    let parent = context(env, args)?;
    let nanoseconds = millis_of(env, arg(args, 1)?, "timeout")?;
    Ok(make(env, Some(parent), ContextKind::Timeout(nanoseconds)))
}

/// Cancels a context and all below it, once, perhaps for a reason.
pub fn cancel<E: Engine>(env: &mut Env<'_, E>, args: &[Value]) -> Result<Value, Fault> {
    let context = context(env, args)?;
    let reason: Option<Box<str>> = match given(args, 1) {
        Some(reason) if !reason.is(Tag::Unit) => {
            let mut out = String::new();
            text::text(env.heap, env.sched, env.code, reason, &mut out)?;
            env.heap.charge(out.len());
            Some(out.into())
        }
        _ => None,
    };
    // The function that cancels is the prelude's; what the program did is call it.
    let mut frames = Vec::new();
    evidence::visible_into(env.code, &env.sched.task(env.task).body, &mut frames);
    let site = frames.first().map_or(env.at.site, |frame| frame.site.0);
    env.sched.cancel_context_for(env.tr, At { site, ..env.at }, context, reason);
    Ok(Value::UNIT)
}

/// `context-done(context)`: a channel that is closed on cancellation.
pub fn done<E: Engine>(env: &mut Env<'_, E>, args: &[Value]) -> Result<Value, Fault> {
    let context = context(env, args)?;
    env.heap.charge(BYTES);
    // A plain receive from it, which is closed some time, gives None.
    Ok(Value::channel(env.sched.context_done(env.tr, env.at, context), Value::UNIT))
}

/// `context-canceled?(context)`
pub fn is_canceled<E: Engine>(env: &mut Env<'_, E>, args: &[Value]) -> Result<Value, Fault> {
    let context = context(env, args)?;
    Ok(Value::bool(env.sched.context_cause(context).is_some()))
}

/// `context-error(context)`: `None` while it is active, else why it is not.
pub fn error<E: Engine>(env: &mut Env<'_, E>, args: &[Value]) -> Result<Value, Fault> {
    const ABOVE: &str = "parent context canceled: ";
    let context = context(env, args)?;
    let Some(end) = env.sched.context_end(context) else { return Ok(Value::UNIT) };
    let own = match (end.cause, &end.reason) {
        (Cause::Deadline, _) => "deadline exceeded",
        (_, Some(reason)) => reason,
        (_, None) => "context canceled",
    };
    env.heap.room_for(end.above.saturating_mul(ABOVE.len()).saturating_add(own.len()))?;
    let message = ABOVE.repeat(end.above) + own;
    env.heap.string(message)
}
