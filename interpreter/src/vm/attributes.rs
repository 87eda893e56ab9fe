//! Attributes and methods of values whose class only the run knows.
//!
//! Objects are records; which field an attribute is in is known for each class when the program is loaded. What an object does not have
//! itself its class may have as a method, which then is a function that holds the object as its first argument.

use super::builtins;
use super::dynamic;
use super::engine::Engine;
use super::evidence;
use super::fault::{Fault, Outcome};
use super::machine::{Entry, Machine};
use crate::bytecode::Code;
use crate::bytecode::Instr;
use crate::core::RuntimeType;
use crate::dynamic::ErrorKind;
use crate::types::StructId;
use crate::value::{Tag, Value};
use rustc_hash::FxHashMap;
use scheduler::At;

/// Position of each attribute that the program names in the objects of each class: (class, number of the name).
pub(super) type Attributes = FxHashMap<(u32, u32), u32>;

/// See [`Attributes`].
pub(super) fn attributes(code: &Code) -> Attributes {
    let mut found = Attributes::default();
    if code.dynamic.is_some() {
        let names: FxHashMap<&str, u32> =
            code.method_names.iter().enumerate().map(|(i, name)| (name.as_str(), i as u32)).collect();
        for (class, def) in code.structs.iter().enumerate() {
            for (field, name) in def.fields.iter().enumerate() {
                found.extend(names.get(name.as_str()).map(|&name| ((class as u32, name), field as u32)));
            }
        }
    }
    found
}

impl<E: Engine> Machine<E> {
    fn name(&self, name: u32) -> &str {
        self.code.method_names.get(name as usize).map_or("?", |name| name)
    }

    /// The class of an object.
    #[inline]
    fn class(&self, value: Value) -> Option<u32> {
        if value.is(Tag::Struct) { self.heap.with_record(value, |record| record.ty).ok() } else { None }
    }

    #[cold]
    fn no_attribute(&self, value: Value, name: u32) -> Fault {
        let kind = dynamic::type_name(&self.code, &self.heap, value);
        Fault::error(ErrorKind::Attribute, format!("'{kind}' object has no attribute '{}'", self.name(name)))
    }

    /// The attribute with the name of this number.
    pub(super) fn attribute(&mut self, slot: u32, at: At, value: Value, name: u32) -> Result<Value, Fault> {
        match self.find_attribute(slot, at, value, name)? {
            Some(found) => Ok(found),
            None => Err(self.no_attribute(value, name)),
        }
    }

    fn find_attribute(&mut self, slot: u32, at: At, value: Value, name: u32) -> Result<Option<Value>, Fault> {
        if let Some(class) = self.class(value) {
            if let Some(&field) = self.attributes.get(&(class, name)) {
                let found = self.heap.field(value, field)?;
                if !found.is(Tag::NoValue) {
                    return Ok(Some(found));
                }
            }
            if let Some(&method) = self.methods.get(&(RuntimeType::Struct(StructId(class)), name)) {
                return Ok(Some(self.heap.closure(method, &[value])));
            }
            return Ok(self.class_attribute(class, name));
        }
        if matches!(value.kind(), Tag::Function | Tag::Closure) {
            let (function, _) = self.heap.function_of(value)?;
            let Some(class) = self.class_of_constructor(function) else { return Ok(None) };
            if let Some(&method) = self.methods.get(&(RuntimeType::Struct(StructId(class)), name)) {
                return Ok(Some(Value::new(Tag::Function, u64::from(method))));
            }
            return Ok(self.class_attribute(class, name));
        }
        let kind = evidence::runtime_type(&self.heap, value);
        if let Some(&method) = self.methods.get(&(kind, name)) {
            return Ok(Some(self.heap.closure(method, &[value])));
        }
        let code = self.code.clone();
        let name = code.method_names.get(name as usize).map_or("?", |name| name);
        dynamic::attribute(&mut self.env(slot, at), value, name)
    }

    pub(super) fn class_of_constructor(&self, function: u32) -> Option<u32> {
        let types = &self.code.dynamic.as_ref()?.types;
        types.iter().find_map(|(constructor, kind)| match kind {
            RuntimeType::Struct(class) if constructor.0 == function => Some(class.0),
            _ => None,
        })
    }

    /// The variable of a class, or of one that it derives from, that is an attribute of the class itself.
    pub(super) fn class_variable(&self, class: u32, name: u32) -> Option<u32> {
        let dynamic = self.code.dynamic.as_ref()?;
        let name = self.name(name);
        let mut class = StructId(class);
        for _ in 0..=dynamic.bases.len() {
            let found = dynamic.attributes.iter().find(|(constructor, attribute, _)| {
                attribute == name && self.class_of_constructor(constructor.0) == Some(class.0)
            });
            if let Some((_, _, global)) = found {
                return Some(global.0);
            }
            class = dynamic.bases.iter().find(|(derived, _)| *derived == class)?.1;
        }
        None
    }

    fn class_attribute(&self, class: u32, name: u32) -> Option<Value> {
        let global = self.class_variable(class, name)?;
        Some(self.globals.load(global as usize, E::PARALLEL)).filter(|value| !value.is(Tag::NoValue))
    }

    /// Sets the attribute with the name of this number.
    pub(super) fn set_attribute(&mut self, at: At, object: Value, name: u32, value: Value) -> Result<(), Fault> {
        if let Some(class) = self.class(object)
            && let Some(&field) = self.attributes.get(&(class, name))
        {
            return self.heap.set_field(object, field, value);
        }
        if matches!(object.kind(), Tag::Function | Tag::Closure) {
            let (function, _) = self.heap.function_of(object)?;
            let variable = self.class_of_constructor(function).and_then(|class| self.class_variable(class, name));
            if let Some(global) = variable {
                self.publish(at, &[value]);
                self.globals.store(global as usize, value, E::PARALLEL);
                return Ok(());
            }
        }
        if object.is(Tag::Map) {
            let key = self.name(name).to_string();
            let key = self.heap.string(key)?;
            return dynamic::set_index(&mut self.heap, object, key, value);
        }
        Err(self.no_attribute(object, name))
    }

    /// Calls the method of the first argument after the window, or the function that its attribute holds. `None`: it was a built-in, and
    /// its result stands in the window. The task is saved; the stack may move.
    pub(super) fn call_attribute(&mut self, slot: u32, i: Instr) -> Result<Option<Entry>, Fault> {
        let (window, count, name) = (i.a / 2, i.n, i.wide_index());
        let body = self.body(slot);
        let (pc, first) = (body.pc, body.base as usize + window as usize + 1);
        let receiver = body.stack[first];
        let kind = evidence::runtime_type(&self.heap, receiver);
        if let Some(&method) = self.methods.get(&(kind, name)) {
            let method = Value::new(Tag::Function, u64::from(method));
            return self.prepare_call(slot, method, window, count, 0).map(Some);
        }
        let at = At { site: pc, clock: self.clock };
        if let Some(builtin) = dynamic::method(receiver.kind(), self.name(name)) {
            let args = self.body(slot).stack[first..first + count as usize].to_vec();
            return match builtins::call(&mut self.env(slot, at), builtin, &args)? {
                Outcome::Done(value) => {
                    self.body(slot).stack[first - 1] = value;
                    Ok(None)
                }
                Outcome::Blocked | Outcome::Yield => Err(Fault::panic("internal: a method that blocks")),
            };
        }
        let function = self.attribute(slot, at, receiver, name)?;
        self.body(slot).stack.copy_within(first + 1..first + count as usize, first);
        self.prepare_call(slot, function, window, count - 1, 0).map(Some)
    }

    /// The failure of a use of a variable that is not set.
    #[cold]
    pub(super) fn unset(&self, name: u32) -> Fault {
        let name = match self.code.constants.get(name as usize) {
            Some(crate::bytecode::program::Constant::Str(name)) => name,
            _ => "?",
        };
        Fault::error(ErrorKind::Name, format!("name '{name}' is not defined"))
    }

    /// What is raised: an exception, or the failure that it is none.
    pub(super) fn raised(&self, value: Value) -> Fault {
        let exception = self.class(value).is_some_and(|class| {
            let dynamic = self.code.dynamic.as_ref();
            dynamic.is_some_and(|dynamic| {
                dynamic.class_of(ErrorKind::Exception).is_some_and(|base| dynamic.derives(StructId(class), base))
            })
        });
        if exception {
            Fault::Raised(value)
        } else {
            Fault::error(ErrorKind::Type, "exceptions must derive from Exception")
        }
    }
}
