//! The tables beside the instructions: constants, variants, type tests, method names, each entry once.

use crate::bytecode::program::Constant;
use crate::core::RuntimeType;
use crate::types::IntKind;
use rustc_hash::FxHashMap;

#[derive(Clone, PartialEq, Eq, Hash)]
enum Key {
    Int(IntKind, i128),
    F64(u64),
    F32(u32),
    Str(String),
    Function(u32),
    Variant(u32, u32),
    Duration(i64),
    NoValue,
    Nil,
    Symbol(u32),
}

/// See the module.
#[derive(Default)]
pub struct Tables {
    /// The constant pool.
    pub constants: Vec<Constant>,
    constant_index: FxHashMap<Key, u32>,
    /// Variants that are made.
    pub variants: Vec<(u32, u32)>,
    variant_index: FxHashMap<(u32, u32), u32>,
    /// Kinds that are tested.
    pub type_tests: Vec<RuntimeType>,
    type_test_index: FxHashMap<RuntimeType, u32>,
    /// Methods that are called by name or can be.
    pub method_names: Vec<String>,
    method_index: FxHashMap<String, u32>,
    /// Names that are values.
    pub symbols: Vec<String>,
    symbol_index: FxHashMap<String, u32>,
    /// Names of the arguments that calls give by name.
    pub argument_names: Vec<Vec<String>>,
}

impl Tables {
    /// Index of a constant.
    pub fn constant(&mut self, constant: Constant) -> u32 {
        let key = match &constant {
            Constant::Int(kind, n) => Key::Int(*kind, *n),
            Constant::F64(x) => Key::F64(x.to_bits()),
            Constant::F32(x) => Key::F32(x.to_bits()),
            Constant::Str(s) => Key::Str(s.clone()),
            Constant::Function(f) => Key::Function(*f),
            Constant::Variant(e, v) => Key::Variant(*e, *v),
            Constant::Duration(n) => Key::Duration(*n),
            Constant::NoValue => Key::NoValue,
            Constant::Nil => Key::Nil,
            Constant::Symbol(n) => Key::Symbol(*n),
        };
        let next = self.constants.len() as u32;
        let index = *self.constant_index.entry(key).or_insert(next);
        if index == next {
            self.constants.push(constant);
        }
        index
    }

    /// Index of a variant.
    pub fn variant(&mut self, enumeration: u32, variant: u32) -> u32 {
        let next = self.variants.len() as u32;
        let index = *self.variant_index.entry((enumeration, variant)).or_insert(next);
        if index == next {
            self.variants.push((enumeration, variant));
        }
        index
    }

    /// Index of a type test.
    pub fn type_test(&mut self, kind: RuntimeType) -> u32 {
        let next = self.type_tests.len() as u32;
        let index = *self.type_test_index.entry(kind).or_insert(next);
        if index == next {
            self.type_tests.push(kind);
        }
        index
    }

    /// Index of a symbol.
    pub fn symbol(&mut self, name: &str) -> u32 {
        if let Some(&index) = self.symbol_index.get(name) {
            return index;
        }
        let index = self.symbols.len() as u32;
        self.symbols.push(name.to_string());
        self.symbol_index.insert(name.to_string(), index);
        index
    }

    /// Number of a list of argument names.
    pub fn argument_names(&mut self, names: Vec<String>) -> u32 {
        let found = self.argument_names.iter().position(|known| *known == names);
        found.unwrap_or_else(|| {
            self.argument_names.push(names);
            self.argument_names.len() - 1
        }) as u32
    }

    /// Index of a method's name.
    pub fn method(&mut self, name: &str) -> u32 {
        if let Some(&index) = self.method_index.get(name) {
            return index;
        }
        let index = self.method_names.len() as u32;
        self.method_names.push(name.to_string());
        self.method_index.insert(name.to_string(), index);
        index
    }
}
