//! What a value is: names of types, classes, instances, methods and attributes of built-in types.

use super::methods;
use crate::builtins::Builtin;
use crate::bytecode::Code;
use crate::core::RuntimeType;
use crate::dynamic::ErrorKind;
use crate::types::{IntKind, StructId};
use crate::value::{Tag, Value};
use crate::vm::builtins::Env;
use crate::vm::engine::Engine;
use crate::vm::fault::Fault;
use crate::vm::heap::Heap;
use std::borrow::Cow;

/// The name of a value's type where classes cannot be asked for theirs (messages about operands).
pub fn kind_name(_heap: &Heap, value: Value) -> Cow<'static, str> {
    Cow::Borrowed(tag_name(value.kind()))
}

/// The name of the type that a tag stands for.
pub fn tag_name(tag: Tag) -> &'static str {
    match tag {
        Tag::Unit | Tag::NoValue | Tag::Nil => "NoneType",
        Tag::Bool => "bool",
        Tag::F64 | Tag::F32 => "float",
        Tag::String => "str",
        Tag::List => "list",
        Tag::Map => "dict",
        Tag::Set => "set",
        Tag::Tuple => "tuple",
        Tag::Symbol => "symbol",
        Tag::Function | Tag::Closure => "function",
        Tag::Struct => "object",
        Tag::Channel => "channel",
        Tag::Mutex => "mutex",
        Tag::RwLock => "rwmutex",
        Tag::WaitGroup => "waitgroup",
        Tag::Context => "context",
        tag if tag.int_kind().is_some() => "int",
        _ => "object",
    }
}

/// The name of a value's type: of an object, that of its class.
pub fn type_name(code: &Code, heap: &Heap, value: Value) -> String {
    match value.kind() {
        Tag::Struct => {
            let class = heap.with_record(value, |record| record.ty).unwrap_or(u32::MAX);
            code.structs.get(class as usize).map_or_else(|| "object".to_string(), |class| class.name.clone())
        }
        Tag::Function | Tag::Closure if class_of(code, heap, value).is_some() => "type".to_string(),
        tag => tag_name(tag).to_string(),
    }
}

/// The type that a function value stands for: a class, or a built-in type by its function.
pub fn class_of(code: &Code, heap: &Heap, value: Value) -> Option<RuntimeType> {
    let (function, _) = heap.function_of(value).ok()?;
    let types = &code.dynamic.as_ref()?.types;
    types.iter().find(|(id, _)| id.0 == function).map(|(_, ty)| *ty)
}

/// The name of a class or built-in type.
pub fn class_name(code: &Code, ty: RuntimeType) -> &str {
    match ty {
        RuntimeType::Struct(class) => code.structs.get(class.0 as usize).map_or("object", |class| &*class.name),
        RuntimeType::Int(_) => "int",
        RuntimeType::Float | RuntimeType::Float32 => "float",
        RuntimeType::Bool => "bool",
        RuntimeType::String => "str",
        RuntimeType::Unit => "NoneType",
        RuntimeType::List => "list",
        RuntimeType::Map => "dict",
        RuntimeType::Set => "set",
        RuntimeType::Tuple => "tuple",
        RuntimeType::Function => "function",
        _ => "object",
    }
}

/// The name of a function value.
pub fn function_name<'c>(code: &'c Code, heap: &Heap, value: Value) -> &'c str {
    let function = heap.function_of(value).ok().and_then(|(function, _)| code.functions.get(function as usize));
    function.map_or("?", |function| &*function.name)
}

/// The built-in type of a value; classes are told apart by their numbers.
fn runtime_type(heap: &Heap, value: Value) -> RuntimeType {
    match value.kind() {
        Tag::Unit | Tag::NoValue | Tag::Nil => RuntimeType::Unit,
        Tag::Bool => RuntimeType::Bool,
        Tag::F64 | Tag::F32 => RuntimeType::Float,
        Tag::String => RuntimeType::String,
        Tag::List => RuntimeType::List,
        Tag::Map => RuntimeType::Map,
        Tag::Set => RuntimeType::Set,
        Tag::Tuple => RuntimeType::Tuple,
        Tag::Function | Tag::Closure => RuntimeType::Function,
        Tag::Struct => match heap.with_record(value, |record| record.ty) {
            Ok(class) => RuntimeType::Struct(StructId(class)),
            Err(_) => RuntimeType::Other,
        },
        tag if tag.int_kind().is_some() => RuntimeType::Int(IntKind::I64),
        _ => RuntimeType::Other,
    }
}

/// `type(x)`: the class or the function of the built-in type; where the program has no such function, its text.
///
/// # Errors
/// Where memory ends.
pub fn type_of(code: &Code, heap: &mut Heap, value: Value) -> Result<Value, Fault> {
    let wanted = runtime_type(heap, value);
    let types = code.dynamic.iter().flat_map(|dynamic| &dynamic.types);
    match types.filter(|_| wanted != RuntimeType::Other).find(|(_, ty)| *ty == wanted) {
        Some((function, _)) => Ok(Value::new(Tag::Function, u64::from(function.0))),
        None => {
            let text = format!("<class '{}'>", type_name(code, heap, value));
            heap.string(text)
        }
    }
}

/// Whether a value is an instance of a class or built-in type, or of one of a tuple of them.
///
/// # Errors
/// TypeError where that is no class.
pub fn is_instance(code: &Code, heap: &Heap, value: Value, class: Value) -> Result<bool, Fault> {
    if class.is(Tag::Tuple) {
        for &class in super::sequence::Sequence::of(heap, class)?.iter() {
            // A tuple inside of a tuple is no class: one level is enough, and bounded.
            if !class.is(Tag::Tuple) && is_instance(code, heap, value, class)? {
                return Ok(true);
            }
        }
        return Ok(false);
    }
    let Some(wanted) = class_of(code, heap, class) else {
        // What `type` gives for types that the program has no function for.
        if class.is(Tag::String) {
            return Ok(heap.str(class)? == format!("<class '{}'>", type_name(code, heap, value)));
        }
        return Err(Fault::error(ErrorKind::Type, "isinstance() arg 2 must be a type or a tuple of types"));
    };
    let actual = runtime_type(heap, value);
    Ok(match (actual, wanted) {
        (RuntimeType::Struct(class), RuntimeType::Struct(from)) => {
            code.dynamic.as_ref().is_some_and(|dynamic| dynamic.derives(class, from))
        }
        // A truth value is an integer, too.
        (RuntimeType::Bool, RuntimeType::Int(_)) => true,
        (actual, wanted) => actual == wanted,
    })
}

/// The built-in method of a kind of values; the receiver is its first argument.
pub fn method(tag: Tag, name: &str) -> Option<Builtin> {
    methods::find(tag, name)
}

/// An attribute of a value that is no object of a class: the value under that key of a dict; the name of a function or class.
///
/// # Errors
/// Where memory ends.
pub fn attribute<E: Engine>(env: &mut Env<'_, E>, value: Value, name: &str) -> Result<Option<Value>, Fault> {
    match value.kind() {
        Tag::Map => {
            let key = env.heap.string(name)?;
            env.heap.map_get(value, key)
        }
        Tag::Function | Tag::Closure if name == "__name__" => {
            let name = match class_of(env.code, env.heap, value) {
                Some(ty) => class_name(env.code, ty),
                None => function_name(env.code, env.heap, value),
            };
            env.heap.string(name).map(Some)
        }
        _ => Ok(None),
    }
}

/// Whether an object's class has a method of this name.
///
/// # Errors
/// TypeError where the name is no string.
pub fn has_method<E: Engine>(env: &mut Env<'_, E>, args: &[Value]) -> Result<Value, Fault> {
    let (object, name) = (super::arg(args, 0)?, super::of_kind(env, args, 1, Tag::String)?);
    if !object.is(Tag::Struct) {
        return Ok(Value::bool(false));
    }
    let (name, ty) = (env.heap.str(name)?, runtime_type(env.heap, object));
    let number = env.code.method_names.iter().position(|known| known == name);
    let method = |number| env.code.methods.iter().any(|&(of, name, _)| of == ty && name as usize == number);
    Ok(Value::bool(number.is_some_and(method)))
}
