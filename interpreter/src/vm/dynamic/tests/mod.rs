//! Tables of calls as text: `function arguments => result`.
//!
//! ```text
//! nth [1 2] -1 => 2                  result, as it stands inside of a container
//! append [1] 2 => None; [1, 2]       the first argument behind it, where the call has changed it
//! nth [1] 5 => ! IndexError: list…   the beginning of the exception that it raises
//! mutex-unlock M => fatal: unlock…   the beginning of the failure that nobody can catch
//! recv C => blocked                  the task would wait
//! ```
//!
//! Functions are called by their names in the library; operators stand for themselves. Values are written as the language has them; a
//! capital letter is a value that the test has bound.

mod objects;
mod operators;
mod texts;
mod values;

use super::{arith, compare, index, set_index};
use crate::builtins::Builtin;
use crate::bytecode::program::StructCode;
use crate::core::{FuncId, RuntimeType};
use crate::dynamic::{DynOp, Dynamic, ErrorKind};
use crate::m28::library::{self, Made};
use crate::types::{IntKind, StructId};
use crate::value::{Tag, Value};
use crate::vm::builtins::testing;
use crate::vm::dynamic::text;
use crate::vm::fault::{Fault, Outcome};

/// A world whose program has no static types.
struct World(testing::World);

impl World {
    fn new() -> World {
        let mut world = testing::World::new();
        let class = |name: &str, fields: &[&str]| StructCode {
            name: name.into(),
            fields: fields.iter().map(|f| f.to_string()).collect(),
            tuple: false,
            drop: None,
        };
        world.code.structs.push(class("Exception", &["message"]));
        world.code.structs.push(class("ValueError", &["message"]));
        world.code.dynamic = Some(Dynamic {
            types: vec![
                (FuncId(0), RuntimeType::Int(IntKind::I64)),
                (FuncId(1), RuntimeType::String),
                (FuncId(2), RuntimeType::Struct(StructId(0))),
                (FuncId(3), RuntimeType::Struct(StructId(3))),
            ],
            bases: vec![(StructId(4), StructId(3))],
            errors: vec![(ErrorKind::Exception, StructId(3)), (ErrorKind::Value, StructId(4))],
            attributes: Vec::new(),
        });
        world.code.symbols = vec!["recv".to_string(), "name".to_string()];
        world.heap.dynamic = true;
        World(world)
    }

    fn bind(&mut self, letter: char, value: Value) {
        self.0.bound.insert(letter, value);
    }

    /// Checks a table.
    #[track_caller]
    fn check(&mut self, table: &str) {
        let mut wrong = Vec::new();
        for line in table.lines().map(str::trim).filter(|line| !line.is_empty()) {
            let (call, expected) = line.split_once(" => ").unwrap_or_else(|| panic!("no result: {line}"));
            let got = self.run(call.trim());
            let expected = expected.trim();
            let same = match expected.starts_with(['!']) || expected.starts_with("fatal:") {
                true => got.starts_with(expected),
                false => got == expected,
            };
            if !same {
                wrong.push(format!("{call}\n  expected {expected}\n  got      {got}"));
            }
        }
        assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
    }

    fn run(&mut self, call: &str) -> String {
        let (name, rest) = call.split_once(' ').unwrap_or((call, ""));
        let args = Parser { world: self, rest }.all();
        let before = args.first().map(|&first| self.repr(first));
        let outcome = match operator(name, args.len()) {
            Some(op) => self.operate(op, &args).map(Outcome::Done),
            None if name == "index" => index(&mut self.0.heap, args[0], args[1]).map(Outcome::Done),
            None if name == "set-index" => {
                set_index(&mut self.0.heap, args[0], args[1], args[2]).map(|()| Outcome::Done(Value::UNIT))
            }
            None => self.0.call(builtin(name), &args),
        };
        let mut got = match outcome {
            Ok(Outcome::Done(value)) => self.repr(value),
            Ok(Outcome::Blocked) => "blocked".to_string(),
            Ok(Outcome::Yield) => "yields".to_string(),
            Err(Fault::Error(kind, message)) => format!("! {}: {message}", kind.class_name()),
            Err(Fault::Panic(message)) => format!("fatal: {message}"),
            Err(fault) => format!("{fault:?}"),
        };
        if let (Some(&first), Some(before)) = (args.first(), before) {
            let after = self.repr(first);
            if after != before && matches!(first.kind(), Tag::List | Tag::Map) {
                got += &format!("; {after}");
            }
        }
        got
    }

    fn operate(&mut self, op: DynOp, args: &[Value]) -> Result<Value, Fault> {
        let right = args.get(1).copied().unwrap_or(Value::UNIT);
        if op.is_comparison() {
            return compare(&self.0.heap, op, args[0], right).map(Value::bool);
        }
        arith(&mut self.0.heap, op, args[0], right)
    }

    fn repr(&self, value: Value) -> String {
        let mut out = String::new();
        let World(world) = self;
        match text::repr(&world.heap, &world.sched, &world.code, value, &mut out) {
            Ok(()) => out,
            Err(fault) => format!("{fault:?}"),
        }
    }

    fn list(&mut self, elements: Vec<Value>) -> Value {
        self.0.heap.list(elements).expect("room")
    }
}

fn operator(name: &str, operands: usize) -> Option<DynOp> {
    if name == "-" && operands == 1 {
        return Some(DynOp::Neg);
    }
    DynOp::ALL.into_iter().find(|op| op.symbol() == name)
}

fn builtin(name: &str) -> Builtin {
    // Methods are called by their receiver's kind and name: `str.title`.
    if let Some((kind, method)) = name.split_once('.') {
        let tag = Tag::ALL.iter().find(|&&tag| super::types::tag_name(tag) == kind).expect("a kind of values");
        return super::method(*tag, method).unwrap_or_else(|| panic!("no method {name}"));
    }
    match library::find(name).map(|entry| entry.made) {
        Some(Made::Builtin(builtin)) => builtin,
        other => panic!("{name} is {other:?}"),
    }
}

/// Reads values.
struct Parser<'a, 'w> {
    world: &'w mut World,
    rest: &'a str,
}

impl Parser<'_, '_> {
    fn all(mut self) -> Vec<Value> {
        let mut values = Vec::new();
        while self.skip() {
            values.push(self.value());
        }
        values
    }

    /// Skips to the next value; whether there is one.
    fn skip(&mut self) -> bool {
        self.rest = self.rest.trim_start_matches([' ', ',', ':']);
        !self.rest.is_empty()
    }

    fn eat(&mut self, text: &str) -> bool {
        match self.rest.strip_prefix(text) {
            Some(rest) => {
                self.rest = rest;
                true
            }
            None => false,
        }
    }

    fn until(&mut self, close: &str) -> Vec<Value> {
        let mut values = Vec::new();
        while self.skip() && !self.eat(close) {
            values.push(self.value());
        }
        values
    }

    fn value(&mut self) -> Value {
        if self.eat("[") {
            let elements = self.until("]");
            return self.world.list(elements);
        }
        if self.eat("(") {
            let fields = self.until(")");
            return self.world.0.heap.tuple(&fields);
        }
        if self.eat("{") {
            let entries = self.until("}");
            let map = self.world.0.heap.map();
            for entry in entries.chunks(2) {
                self.world.0.heap.map_insert(map, entry[0], entry[1]).expect("a key");
            }
            return map;
        }
        for quote in ["'", "\""] {
            if self.eat(quote) {
                let (text, rest) = self.rest.split_once(quote).expect("a closing quote");
                self.rest = rest;
                let text = text.replace("\\n", "\n").replace("\\t", "\t").replace("\\\\", "\\");
                return self.world.0.heap.string(text).expect("room");
            }
        }
        let end = self.rest.find([' ', ',', ')', ']', '}', ':']).unwrap_or(self.rest.len());
        let (word, rest) = self.rest.split_at(end);
        self.rest = rest;
        if let Some(&bound) = word.chars().next().filter(|_| word.len() == 1).and_then(|c| self.world.0.bound.get(&c)) {
            return bound;
        }
        match word {
            "None" => Value::UNIT,
            "unset" => Value::NONE,
            "True" => Value::bool(true),
            "False" => Value::bool(false),
            "min-int" => Value::i64(i64::MIN),
            "max-int" => Value::i64(i64::MAX),
            _ => match word.parse::<i64>() {
                Ok(n) => Value::i64(n),
                Err(_) => Value::f64(word.parse().unwrap_or_else(|_| panic!("a value: {word:?}"))),
            },
        }
    }
}
