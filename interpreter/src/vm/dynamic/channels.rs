//! Channels: blocking and trying operations, closing.

use super::{arg, given, integer_arg, of_kind, value_error};
use crate::dynamic::ErrorKind;
use crate::value::{Tag, Value};
use crate::vm::builtins::Env;
use crate::vm::builtins::channels::SEND_CLOSED;
use crate::vm::engine::Engine;
use crate::vm::fault::{Fault, Outcome};
use scheduler::{Runtime, Step, Try};

/// What an object of the scheduler counts for in memory until it is weighed.
const BYTES: usize = 128;

/// `chan([capacity])`
pub fn new<E: Engine>(env: &mut Env<'_, E>, args: &[Value]) -> Result<Value, Fault> {
    let capacity = match given(args, 0) {
        None => 0,
        Some(_) => integer_arg(env, args, 0)?,
    };
    let Ok(capacity) = u32::try_from(capacity) else {
        return Err(value_error(if capacity < 0 {
            format!("channel buffer size must be non-negative, got {capacity}")
        } else {
            format!("channel buffer size {capacity} is too large")
        }));
    };
    env.heap.charge(BYTES);
    // A plain receive from a closed one gives None.
    Ok(Value::channel(env.sched.channel(env.tr, env.at, capacity), Value::UNIT))
}

fn channel<E: Engine>(env: &Env<'_, E>, args: &[Value]) -> Result<u32, Fault> {
    of_kind(env, args, 0, Tag::Channel).map(Value::slot)
}

/// `send(channel, value)`
pub fn send<E: Engine>(env: &mut Env<'_, E>, args: &[Value]) -> Result<Outcome, Fault> {
    let (channel, value) = (channel(env, args)?, arg(args, 1)?);
    env.publish(value);
    match env.sched.send(env.tr, env.at, channel, value) {
        Step::Ready(()) => Ok(Outcome::Done(Value::UNIT)),
        Step::Closed => sent(false).map(Outcome::Done),
        Step::Blocked => Ok(Outcome::Blocked),
    }
}

/// What a send gives: it went through, or the channel is closed.
pub fn sent(went: bool) -> Result<Value, Fault> {
    if went { Ok(Value::UNIT) } else { Err(Fault::error(ErrorKind::Runtime, SEND_CLOSED)) }
}

/// `recv(channel)`: the value and True; `(None, False)` once closed and drained.
pub fn recv<E: Engine>(env: &mut Env<'_, E>, args: &[Value]) -> Result<Outcome, Fault> {
    let channel = channel(env, args)?;
    let value = match env.sched.recv(env.tr, env.at, channel) {
        Step::Ready(value) => Some(value),
        Step::Closed => None,
        Step::Blocked => return Ok(Outcome::Blocked),
    };
    Ok(Outcome::Done(received(env, value)))
}

/// What a receive gives; without a value the channel is closed and drained.
pub fn received<E: Engine>(env: &mut Env<'_, E>, value: Option<Value>) -> Value {
    let ok = Value::bool(value.is_some());
    env.heap.tuple(&[value.unwrap_or(Value::UNIT), ok])
}

/// `try-send(channel, value)`: whether it went.
pub fn try_send<E: Engine>(env: &mut Env<'_, E>, args: &[Value]) -> Result<Value, Fault> {
    let (channel, value) = (channel(env, args)?, arg(args, 1)?);
    env.publish(value);
    match env.sched.try_send(env.tr, env.at, channel, value) {
        Try::Ready(()) => Ok(Value::bool(true)),
        Try::NotNow => Ok(Value::bool(false)),
        Try::Closed => sent(false),
    }
}

/// `try-recv(channel)`: the value, whether there was one, and whether there may be more.
pub fn try_recv<E: Engine>(env: &mut Env<'_, E>, args: &[Value]) -> Result<Value, Fault> {
    let channel = channel(env, args)?;
    let (value, success, open) = match env.sched.try_recv(env.tr, env.at, channel) {
        Try::Ready(value) => (value, true, true),
        Try::NotNow => (Value::UNIT, false, true),
        Try::Closed => (Value::UNIT, false, false),
    };
    Ok(env.heap.tuple(&[value, Value::bool(success), Value::bool(open)]))
}

/// `close-chan(channel)`. A second time has no effect but a warning.
pub fn close<E: Engine>(env: &mut Env<'_, E>, args: &[Value]) -> Result<Value, Fault> {
    let channel = channel(env, args)?;
    if !env.sched.close(env.tr, env.at, channel) {
        env.sched.closed_again(env.tr, env.at, channel);
        env.common.warn(crate::vm::sharing::Warning::ClosedAgain, env.at.site);
    }
    Ok(Value::UNIT)
}

/// `chan-closed?(channel)`
pub fn is_closed<E: Engine>(env: &mut Env<'_, E>, args: &[Value]) -> Result<Value, Fault> {
    let channel = channel(env, args)?;
    Ok(Value::bool(env.sched.channel_closed(channel)))
}
