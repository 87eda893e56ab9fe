//! Sleeping and the time. Virtual under a seed: seconds since the run began.

use super::{arg, arith, type_error, types, value_error};
use crate::value::{Tag, Value};
use crate::vm::builtins::Env;
use crate::vm::engine::Engine;
use crate::vm::fault::{Fault, Outcome};
use scheduler::Runtime;

/// A number of units as nanoseconds.
fn nanoseconds<E: Engine>(env: &Env<'_, E>, value: Value, unit: f64, what: &str) -> Result<u64, Fault> {
    let Some(number) = arith::number(value) else {
        let name = types::type_name(env.code, env.heap, value);
        return Err(type_error(format!("{what} must be a number, not '{name}'")));
    };
    let nanoseconds = number.float() * unit;
    if nanoseconds.is_nan() || nanoseconds < 0.0 {
        return Err(value_error(format!("{what} must be non-negative")));
    }
    // Longer than 292 years is for ever; the cast saturates.
    Ok((nanoseconds.round() as u64).min(i64::MAX as u64))
}

/// A number of milliseconds as nanoseconds.
pub fn millis_of<E: Engine>(env: &Env<'_, E>, value: Value, what: &str) -> Result<u64, Fault> {
    nanoseconds(env, value, 1e6, what)
}

/// `sleep(seconds)`: always blocks, were it for nothing, so that others get their turn.
pub fn sleep<E: Engine>(env: &mut Env<'_, E>, args: &[Value]) -> Result<Outcome, Fault> {
    let nanoseconds = nanoseconds(env, arg(args, 0)?, 1e9, "sleep length")?;
    env.sched.sleep(env.tr, env.at, nanoseconds);
    Ok(Outcome::Blocked)
}

/// `time-sleep(milliseconds)`
pub fn sleep_millis<E: Engine>(env: &mut Env<'_, E>, args: &[Value]) -> Result<Outcome, Fault> {
    let nanoseconds = millis_of(env, arg(args, 0)?, "sleep length")?;
    env.sched.sleep(env.tr, env.at, nanoseconds);
    Ok(Outcome::Blocked)
}

/// A number of milliseconds as a duration of the engine, for timers of a select.
pub fn millis<E: Engine>(env: &mut Env<'_, E>, args: &[Value]) -> Result<Value, Fault> {
    millis_of(env, arg(args, 0)?, "timeout").map(|nanoseconds| Value::new(Tag::Duration, nanoseconds))
}

/// `time()`: seconds since the run began.
pub fn now<E: Engine>(env: &mut Env<'_, E>) -> Value {
    Value::f64(env.sched.now() as f64 / 1e9)
}
