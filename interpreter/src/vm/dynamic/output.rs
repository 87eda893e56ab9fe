//! Printing, text of values, and the program's end.

use super::{arg, text};
use crate::value::{Tag, Value};
use crate::vm::builtins::Env;
use crate::vm::engine::Engine;
use crate::vm::fault::Fault;
use scheduler::Runtime;
use tracer::event::Kind;

/// `print(a, b, …)`: one line, written at once.
pub fn print<E: Engine>(env: &mut Env<'_, E>, args: &[Value]) -> Result<Value, Fault> {
    let mut line = String::new();
    for (at, &value) in args.iter().enumerate() {
        if at > 0 {
            line.push(' ');
        }
        text::text(env.heap, env.sched, env.code, value, &mut line)?;
    }
    line.push('\n');
    let clock = env.sched.stamp(env.at.clock);
    env.common.io().print(env.tr, env.at.site, clock, Kind::Output, &line);
    Ok(Value::UNIT)
}

/// `str(a, b, …)`: the texts, joined.
pub fn str<E: Engine>(env: &mut Env<'_, E>, args: &[Value]) -> Result<Value, Fault> {
    if let [value] = args
        && value.is(Tag::String)
    {
        return Ok(*value);
    }
    let mut joined = String::new();
    for &value in args {
        text::text(env.heap, env.sched, env.code, value, &mut joined)?;
    }
    env.heap.string(joined)
}

/// `repr(x)`: as it stands inside of containers.
pub fn repr<E: Engine>(env: &mut Env<'_, E>, args: &[Value]) -> Result<Value, Fault> {
    let mut out = String::new();
    text::repr(env.heap, env.sched, env.code, arg(args, 0)?, &mut out)?;
    env.heap.string(out)
}

/// `exit([code])`
pub fn exit<E: Engine>(_env: &mut Env<'_, E>, args: &[Value]) -> Fault {
    Fault::Exit(super::given(args, 0).and_then(super::index::integer).unwrap_or(0) as i32)
}
