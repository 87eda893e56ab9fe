//! Operations on values of languages without static types: what their tags decide at run time.

use super::builtins::Env;
use super::engine::Engine;
use super::fault::{Fault, Outcome};
use super::heap::Heap;
use crate::builtins::Builtin;
use crate::bytecode::Code;
use crate::dynamic::{DynOp, ErrorKind};
use crate::value::{Tag, Value};
use scheduler::Resume;

/// An operator that gives a number, a string or a list; integers that fit have been dealt with.
pub fn arith(_heap: &mut Heap, op: DynOp, _left: Value, _right: Value) -> Result<Value, Fault> {
    Err(Fault::error(ErrorKind::Type, format!("unsupported operand types for {}", op.symbol())))
}

/// An operator that gives a truth value.
pub fn compare(_heap: &Heap, op: DynOp, left: Value, right: Value) -> Result<bool, Fault> {
    match op {
        DynOp::Eq | DynOp::Is => Ok(left == right),
        DynOp::Ne => Ok(left != right),
        _ => Err(Fault::error(ErrorKind::Type, format!("unsupported operand types for {}", op.symbol()))),
    }
}

/// Whether a value counts as true.
pub fn truthy(_heap: &Heap, value: Value) -> bool {
    value.payload != 0
}

/// `container[index]`
pub fn index(heap: &mut Heap, container: Value, index: Value) -> Result<Value, Fault> {
    heap.get_index(container, index)
}

/// `container[index] = value`
pub fn set_index(heap: &mut Heap, container: Value, index: Value, value: Value) -> Result<(), Fault> {
    heap.set_index(container, index, value)
}

/// The next element of what is walked over from a position on, and the position after it.
pub fn iterate(heap: &mut Heap, container: Value, position: u64) -> Result<Option<(u64, Value)>, Fault> {
    Ok(heap.element(container, position as usize)?.map(|element| (position + 1, element)))
}

/// The name of a value's type.
pub fn type_name(_code: &Code, _heap: &Heap, value: Value) -> String {
    format!("{:?}", value.kind())
}

/// The built-in method of a kind of values; the receiver is its first argument.
pub fn method(_tag: Tag, _name: &str) -> Option<Builtin> {
    None
}

/// An attribute of a value that is no object of a class.
pub fn attribute<E: Engine>(_env: &mut Env<'_, E>, _value: Value, _name: &str) -> Result<Option<Value>, Fault> {
    Ok(None)
}

/// A value as text, where nothing of the scheduler is at hand.
pub fn plain_text(_heap: &Heap, _code: &Code, value: Value) -> String {
    format!("{:?}", value.kind())
}

/// Runs a built-in of these languages.
pub fn call<E: Engine>(_env: &mut Env<'_, E>, builtin: Builtin, _args: &[Value]) -> Result<Outcome, Fault> {
    Err(Fault::panic(format!("internal: {} is unknown", builtin.name())))
}

/// Finishes a built-in that the task was blocked in.
pub fn complete<E: Engine>(_env: &mut Env<'_, E>, builtin: Builtin, _resume: Resume) -> Result<Value, Fault> {
    Err(Fault::panic(format!("internal: {} does not block", builtin.name())))
}
