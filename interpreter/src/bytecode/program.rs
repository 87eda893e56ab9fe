//! A compiled program: the instructions of all functions and the tables that they refer to.

use super::instr::{Instr, Reg};
use crate::core::{Const, FunctionKind, RuntimeType};
use crate::dynamic::Dynamic;
use crate::source::{SourceMap, Span};
use crate::types::IntKind;
use std::sync::Arc;

/// A constant of the pool. The virtual machine makes a value of each at load.
#[derive(Clone, Debug, PartialEq)]
pub enum Constant {
    /// An integer of a kind.
    Int(IntKind, i128),
    /// An `f64`.
    F64(f64),
    /// An `f32`.
    F32(f32),
    /// A string.
    Str(String),
    /// A function without captures, by number.
    Function(u32),
    /// A variant without fields: enum and variant numbers.
    Variant(u32, u32),
    /// A duration in nanoseconds.
    Duration(i64),
    /// No value (the zero of a type that has none).
    NoValue,
    /// The null pointer.
    Nil,
    /// A symbol, by number.
    Symbol(u32),
}

/// A function's code.
#[derive(Clone, Debug)]
pub struct FunctionCode {
    /// Name shown to people.
    pub name: String,
    /// What it is.
    pub kind: FunctionKind,
    /// Index of its first instruction.
    pub start: u32,
    /// One past its last.
    pub end: u32,
    /// Captures, in the first registers.
    pub captures: u16,
    /// Parameters, in the registers after the captures.
    pub params: u16,
    /// How many parameters at the end (before the one that takes the rest) may be unset when it is called.
    pub optional: u16,
    /// The last parameter is a list of the arguments that remain.
    pub rest: bool,
    /// Names of the parameters, for calls that give arguments by name.
    pub parameters: Vec<String>,
    /// Registers of the frame, call windows included.
    pub registers: u16,
    /// Its head in the source.
    pub span: Span,
    /// Whether it comes from the prelude.
    pub prelude: bool,
    /// Named locals with the instructions during which they live in their register.
    pub locals: Vec<LocalCode>,
    /// Clean-up code for a task that is cancelled inside; inner ranges come first.
    pub cleanups: Vec<Cleanup>,
}

/// A named local as a debugger sees it.
#[derive(Clone, Debug)]
pub struct LocalCode {
    /// Its name.
    pub name: String,
    /// Its type in the language's words.
    pub ty: String,
    /// Its register.
    pub register: Reg,
    /// Whether the register holds a cell with the value.
    pub cell: bool,
    /// Whether the program may assign to it.
    pub mutable: bool,
    /// First instruction at which it has its value.
    pub from: u32,
    /// One past the last.
    pub to: u32,
}

/// A module global as a debugger sees it.
#[derive(Clone, Debug)]
pub struct GlobalCode {
    /// Its name.
    pub name: String,
    /// Its type in the language's words.
    pub ty: String,
    /// Whether it holds a cell with the value.
    pub cell: bool,
    /// Whether the program may assign to it.
    pub mutable: bool,
    /// Whether each task has its own copy.
    pub thread_local: bool,
}

/// A constant as a debugger sees it; instructions hold its value.
#[derive(Clone, Debug)]
pub struct ConstCode {
    /// Its name.
    pub name: String,
    /// Its type in the language's words.
    pub ty: String,
    /// Its value.
    pub value: Const,
}

/// Where a cancelled task goes on: deferred work and releases, ending in `Unwind`.
#[derive(Clone, Copy, Debug)]
pub struct Cleanup {
    /// First instruction covered.
    pub from: u32,
    /// One past the last.
    pub to: u32,
    /// The clean-up code.
    pub target: u32,
}

/// What an arm of a select does, by registers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ArmCode {
    /// Receive a value (zero once closed); `bool`: the value is used (no zero value: panic).
    Recv(Reg, bool),
    /// Receive an Option.
    RecvOption(Reg),
    /// Receive a tuple of the value and whether there was one.
    RecvPair(Reg),
    /// Send the second to the first.
    Send(Reg, Reg),
    /// A timer; the register holds a duration.
    After(Reg),
    /// A future; losers are cancelled.
    Future(Reg),
}

/// A select.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SelectCode {
    /// Its arms in source order.
    pub arms: Vec<ArmCode>,
    /// Whether it has a default.
    pub default: bool,
}

/// A struct as formatting and debuggers see it.
#[derive(Clone, Debug)]
pub struct StructCode {
    /// Its name.
    pub name: String,
    /// Field names.
    pub fields: Vec<String>,
    /// Printed `Id(7)`.
    pub tuple: bool,
    /// Function that runs when a value is dropped.
    pub drop: Option<u32>,
}

/// An enum as formatting and debuggers see it.
#[derive(Clone, Debug)]
pub struct EnumCode {
    /// Its name.
    pub name: String,
    /// Variant names and their numbers of fields.
    pub variants: Vec<(String, u16)>,
}

/// A compiled program.
#[derive(Clone, Debug)]
pub struct Code {
    /// The instructions of all functions.
    pub instrs: Vec<Instr>,
    /// Source of each instruction.
    pub spans: Vec<Span>,
    /// The functions.
    pub functions: Vec<FunctionCode>,
    /// The constant pool.
    pub constants: Vec<Constant>,
    /// Selects.
    pub selects: Vec<SelectCode>,
    /// Jump tables: absolute instruction indexes.
    pub tables: Vec<Vec<u32>>,
    /// Variants that are made or tested: enum and variant numbers.
    pub variants: Vec<(u32, u32)>,
    /// Type tests of unions.
    pub type_tests: Vec<RuntimeType>,
    /// Names of methods that are called by name.
    pub method_names: Vec<String>,
    /// Methods found by kind and name: (receiver, index of the name, function), sorted.
    pub methods: Vec<(RuntimeType, u32, u32)>,
    /// Structs.
    pub structs: Vec<StructCode>,
    /// Enums; `Option` and `Result` are 0 and 1.
    pub enums: Vec<EnumCode>,
    /// Globals.
    pub globals: Vec<GlobalCode>,
    /// Constants.
    pub consts: Vec<ConstCode>,
    /// Sets the globals; run first, in `main`'s task.
    pub init: Option<u32>,
    /// The program's start.
    pub main: u32,
    /// Names that are values.
    pub symbols: Vec<String>,
    /// Names of the last arguments of calls that give some by name.
    pub argument_names: Vec<Vec<String>>,
    /// Of a language without static types: its classes. Failures of the engine are then exceptions.
    pub dynamic: Option<Dynamic>,
    /// Instructions that make an object and the variable or field that it is made for, sorted.
    pub object_names: Vec<(u32, String)>,
    /// The files.
    pub sources: Arc<SourceMap>,
}

impl Code {
    /// The function that an instruction belongs to.
    pub fn function_at(&self, pc: u32) -> Option<u32> {
        let index = self.functions.partition_point(|f| f.start <= pc).checked_sub(1)?;
        (pc < self.functions[index].end).then_some(index as u32)
    }
}
