//! What names mean in a frame: bound names, locals, globals, constants, variants, functions.

use super::eval::{Evaluator, Step};
use super::expr::Wrong;
use crate::bytecode::program::{ConstCode, FunctionCode};
use crate::core::{Const, FunctionKind};
use crate::debug::frames;
use crate::debug::values::locals::{global_value, local_value};
use crate::types::IntKind;
use crate::value::{Tag, Value};
use crate::vm::arith;
use crate::vm::heap::bare_variant;

/// Durations that have a name in the library.
const DURATIONS: [(&str, u64); 6] = [
    ("NANOSECOND", 1),
    ("MICROSECOND", 1_000),
    ("MILLISECOND", 1_000_000),
    ("SECOND", 1_000_000_000),
    ("MINUTE", 60_000_000_000),
    ("HOUR", 3_600_000_000_000),
];

/// A variable, and its type in the language's words.
pub(super) struct Variable {
    pub value: Value,
    pub ty: String,
}

impl Evaluator<'_> {
    /// The variable of a name, if there is one.
    pub(super) fn variable(&self, name: &str) -> Option<Variable> {
        if let Some(&(_, value)) = self.at.bound.iter().rfind(|(bound, _)| *bound == name) {
            return Some(Variable { value, ty: String::new() });
        }
        let (code, view) = (self.code.clone(), self.view());
        if let Some(frame) = &self.frame
            && let Some(local) = frames::local(&code, frame, name)
        {
            return Some(Variable { value: local_value(&view, self.at.slot, &local), ty: local.code.ty.clone() });
        }
        let index = code.globals.iter().rposition(|global| global.name == name)?;
        let value = global_value(&view, Some(self.at.slot), index);
        Some(Variable { value, ty: code.globals[index].ty.clone() })
    }

    /// The value of a name.
    pub(super) fn name(&mut self, at: u32, name: &str) -> Step<Value> {
        let name = name.strip_prefix('$').unwrap_or(name);
        if let Some(variable) = self.variable(name) {
            return match (variable.value.kind(), variable.value.payload) {
                (Tag::NoValue, 0) => Err(Wrong::new(at, format!("`{name}` has no value here"))),
                (Tag::NoValue, _) => {
                    Err(Wrong::new(at, format!("`{name}` is not used any more, and its value was given back")))
                }
                _ => Ok(variable.value),
            };
        }
        let code = self.code.clone();
        if let Some(constant) = code.consts.iter().rfind(|constant| constant.name == name) {
            return self.constant(at, constant);
        }
        if let Some((ty, variant, fields)) = self.variant(None, name) {
            if fields > 0 {
                return Err(Wrong::new(at, format!("`{name}` takes {fields} values")));
            }
            return Ok(bare_variant(ty, variant));
        }
        if let Some(&(_, nanoseconds)) = DURATIONS.iter().find(|(word, _)| *word == name) {
            return Ok(Value::new(Tag::Duration, nanoseconds));
        }
        let plain = |f: &FunctionCode| f.name == name && f.kind == FunctionKind::Plain && f.captures == 0;
        if let Some(function) = code.functions.iter().position(plain) {
            return Ok(Value::new(Tag::Function, function as u64));
        }
        Err(Wrong::new(at, self.unknown(name)))
    }

    fn unknown(&self, name: &str) -> String {
        let elsewhere = self
            .frame
            .and_then(|frame| self.code.functions.get(frame.function as usize))
            .is_some_and(|function| function.locals.iter().any(|local| local.name == name));
        match elsewhere {
            true => format!("`{name}` is not in scope here"),
            false => format!("there is no `{name}` here"),
        }
    }

    fn constant(&mut self, at: u32, constant: &ConstCode) -> Step<Value> {
        let heap = self.host.ground().heap;
        Ok(match &constant.value {
            Const::Unit => Value::UNIT,
            Const::Bool(b) => Value::bool(*b),
            Const::Char(c) => Value::new(Tag::Char, u64::from(*c)),
            Const::Nil => Value::new(Tag::Nil, 0),
            Const::Symbol(_) => Value::UNIT,
            Const::Str(text) => heap.string(text.as_str()).map_err(|fault| super::eval::failed(at, fault))?,
            Const::Float(x) if constant.ty == "f32" => arith::f32_value(*x as f32),
            Const::Float(x) => Value::f64(*x),
            Const::Int(n) => match constant.ty.as_str() {
                "f64" => Value::f64(*n as f64),
                "f32" => arith::f32_value(*n as f32),
                "Duration" => Value::new(Tag::Duration, *n as u64),
                ty => {
                    let kind = IntKind::ALL.into_iter().find(|kind| kind.name() == ty).unwrap_or(IntKind::I64);
                    arith::truncated(heap, kind, *n)
                }
            },
        })
    }

    /// A variant by name, of this enum or of the only one that has it: enum, variant, and its number of fields.
    pub(super) fn variant(&self, of: Option<&str>, name: &str) -> Option<(u32, u32, u16)> {
        let enums = self.code.enums.iter().enumerate().filter(|(_, def)| of.is_none_or(|of| def.name == of));
        let mut found = enums.filter_map(|(ty, def)| {
            let variant = def.variants.iter().position(|variant| variant.0 == name)?;
            Some((ty as u32, variant as u32, def.variants[variant].1))
        });
        let first = found.next()?;
        // `Some` and its like need no prefix, whatever else has one.
        (first.0 < 2 || found.next().is_none()).then_some(first)
    }
}
