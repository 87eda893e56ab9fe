//! Sleeping, timers and durations. Points in time are nanoseconds since the run began.

use super::{Env, arg};
use crate::value::{Tag, Value};
use crate::vm::engine::Engine;
use crate::vm::fault::{Fault, Outcome};
use scheduler::Runtime;

/// `sleep(d)`: always blocks, were it for nothing, so that others get their turn.
pub fn sleep<E: Engine>(env: &mut Env<'_, E>, args: &[Value]) -> Result<Outcome, Fault> {
    let nanoseconds = env.nanoseconds(arg(args, 0)?)?;
    env.sched.sleep(env.tr, env.at, nanoseconds);
    Ok(Outcome::Blocked)
}

/// `now()`
pub fn now<E: Engine>(env: &mut Env<'_, E>) -> Value {
    Value::new(Tag::Time, env.sched.now())
}

/// `after(d)`
pub fn after<E: Engine>(env: &mut Env<'_, E>, args: &[Value]) -> Result<Value, Fault> {
    let nanoseconds = env.nanoseconds(arg(args, 0)?)?;
    let channel = env.sched.after(env.tr, env.at, nanoseconds);
    env.heap.charge(super::objects::BYTES * 2);
    Ok(times(channel))
}

/// The handle of a channel of times.
fn times(channel: u32) -> Value {
    Value::channel(channel, Value::new(Tag::Time, 0))
}

/// `newTicker(d)`
pub fn new_ticker<E: Engine>(env: &mut Env<'_, E>, args: &[Value]) -> Result<Value, Fault> {
    let period = env.nanoseconds(arg(args, 0)?)?;
    if period == 0 {
        return Err(Fault::panic("the period of a ticker must be longer than nothing"));
    }
    env.heap.charge(super::objects::BYTES * 2);
    Ok(Value::handle(Tag::Ticker, env.sched.ticker(env.tr, env.at, period)))
}

/// `ticker.channel()`
pub fn ticker_channel<E: Engine>(env: &mut Env<'_, E>, args: &[Value]) -> Result<Value, Fault> {
    let ticker = env.seen(arg(args, 0)?, Tag::Ticker)?;
    Ok(times(env.sched.timer_channel(ticker.slot())))
}

/// `ticker.stop()`
pub fn ticker_stop<E: Engine>(env: &mut Env<'_, E>, args: &[Value]) -> Result<Value, Fault> {
    let ticker = env.seen(arg(args, 0)?, Tag::Ticker)?;
    env.sched.stop_timer(env.tr, env.at, ticker.slot());
    Ok(Value::UNIT)
}

/// `t.since(earlier)`
pub fn since<E: Engine>(env: &mut Env<'_, E>, args: &[Value]) -> Result<Value, Fault> {
    let (later, earlier) = (env.seen(arg(args, 0)?, Tag::Time)?, env.seen(arg(args, 1)?, Tag::Time)?);
    Ok(Value::new(Tag::Duration, later.int().saturating_sub(earlier.int()) as u64))
}

/// `t.elapsed()`
pub fn elapsed<E: Engine>(env: &mut Env<'_, E>, args: &[Value]) -> Result<Value, Fault> {
    let start = env.seen(arg(args, 0)?, Tag::Time)?;
    Ok(Value::new(Tag::Duration, (env.sched.now() as i64).saturating_sub(start.int()) as u64))
}

/// A duration of so many units.
pub fn duration_from<E: Engine>(env: &mut Env<'_, E>, args: &[Value], unit: i128) -> Result<Value, Fault> {
    let count = env.integer(arg(args, 0)?)?;
    match count.checked_mul(unit).and_then(|n| i64::try_from(n).ok()) {
        Some(nanoseconds) => Ok(Value::new(Tag::Duration, nanoseconds as u64)),
        None => Err(Fault::panic("a duration of more than 292 years")),
    }
}

/// Whole units of a duration.
pub fn duration_as<E: Engine>(env: &mut Env<'_, E>, args: &[Value], unit: i64) -> Result<Value, Fault> {
    Ok(Value::i64(env.seen(arg(args, 0)?, Tag::Duration)?.int() / unit))
}

/// A duration in seconds.
pub fn duration_seconds<E: Engine>(env: &mut Env<'_, E>, args: &[Value]) -> Result<Value, Fault> {
    Ok(Value::f64(env.seen(arg(args, 0)?, Tag::Duration)?.int() as f64 / 1e9))
}
