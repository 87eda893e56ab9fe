//! Output, input, text, copies and the program's end.

use super::{Env, arg};
use crate::value::{Tag, Value};
use crate::vm::engine::Engine;
use crate::vm::fault::{Fault, Outcome};
use crate::vm::{equal, format};
use scheduler::{Runtime, Step};
use std::sync::PoisonError;
use tracer::event::Kind;

/// `print` and its kin: the text is already formatted.
pub fn print<E: Engine>(env: &mut Env<'_, E>, args: &[Value], to: Kind) -> Result<Value, Fault> {
    let value = arg(args, 0)?;
    if value.is(Tag::String) {
        let text = env.heap.str(value)?;
        let clock = env.sched.stamp(env.at.clock);
        env.common.io().print(env.tr, env.at.site, clock, to, text);
    } else {
        let text = display(env, value)?;
        let clock = env.sched.stamp(env.at.clock);
        env.common.io().print(env.tr, env.at.site, clock, to, &text);
    }
    Ok(Value::UNIT)
}

/// Display form of a value, as text of the host.
pub fn display<E: Engine>(env: &mut Env<'_, E>, value: Value) -> Result<String, Fault> {
    let mut text = String::new();
    format::display(env.heap, env.sched, env.code, value, &mut text);
    env.heap.room_for(text.len())?;
    Ok(text)
}

/// `toString()`
pub fn to_string<E: Engine>(env: &mut Env<'_, E>, args: &[Value]) -> Result<Value, Fault> {
    let value = arg(args, 0)?;
    if value.is(Tag::String) {
        return Ok(value);
    }
    let text = display(env, value)?;
    env.heap.string(text)
}

/// `clone()`
pub fn clone<E: Engine>(env: &mut Env<'_, E>, args: &[Value]) -> Result<Value, Fault> {
    let value = arg(args, 0)?;
    // A guard's or reference's clone is a clone of what it stands for; a box's is another handle of the same cell.
    let value = if value.is(Tag::Box) { value } else { env.plain(value)? };
    env.heap.clone_value(value)
}

/// Structural equality; guards count as what they guard.
pub fn equal<E: Engine>(env: &mut Env<'_, E>, args: &[Value]) -> Result<Value, Fault> {
    let (a, b) = (env.plain(arg(args, 0)?)?, env.plain(arg(args, 1)?)?);
    equal::equal(env.heap, a, b).map(Value::bool)
}

/// `exit(code)`
pub fn exit<E: Engine>(env: &mut Env<'_, E>, args: &[Value]) -> Result<Fault, Fault> {
    let code = env.integer(arg(args, 0)?)?;
    Ok(Fault::Exit(code as i32))
}

/// `readLine()`: other tasks go on while a person types, where they can.
pub fn read_line<E: Engine>(env: &mut Env<'_, E>) -> Result<Outcome, Fault> {
    let input = {
        let mut io = env.common.io();
        io.flush();
        io.input()
    };
    let (task, lines) = (env.sched.task(env.task).id, env.common.lines());
    let read = move || {
        let line = input.lock().unwrap_or_else(PoisonError::into_inner).read_line();
        lines.lock().unwrap_or_else(PoisonError::into_inner).insert(task, line);
    };
    match env.sched.outside(env.tr, env.at, read) {
        Step::Blocked => Ok(Outcome::Blocked),
        Step::Ready(()) | Step::Closed => line_read(env).map(Outcome::Done),
    }
}

/// The line that was read.
pub fn line_read<E: Engine>(env: &mut Env<'_, E>) -> Result<Value, Fault> {
    match env.common.take_line(env.sched.task(env.task).id) {
        Some(line) => {
            let line = env.heap.string(line)?;
            Ok(env.heap.some(line))
        }
        None => Ok(crate::vm::heap::NONE_VALUE),
    }
}

/// `args()`
pub fn arguments<E: Engine>(env: &mut Env<'_, E>) -> Result<Value, Fault> {
    let arguments = env.common.io().args.clone();
    let mut list = Vec::with_capacity(arguments.len());
    for argument in arguments {
        list.push(env.heap.string(argument)?);
    }
    env.heap.list(list)
}
