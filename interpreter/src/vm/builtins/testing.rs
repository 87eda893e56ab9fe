//! Tables of built-in calls as text: one call a line with its result behind `=>`.
//!
//! ```text
//! ListPush [1] 2 => (); [1, 2]        result; the receiver, where the call has changed it
//! ListRemove [1] 4 => ! index out...   the (beginning of the) panic's message
//! ChannelRecv C => blocked            the task would wait
//! ```
//!
//! Arguments are written as the program would print them, but strings and chars quoted and integers with a suffix where
//! they are not `i64`: `[1, 2u8]`, `("a", 'b')`, `{1: "x"}`, `set{1}`, `Some(1)`, `box(1)`, `5ms`, `t5ms`. A capital letter
//! is a value that the test has bound.

#![expect(missing_docs, reason = "a helper of the tests")]

use super::{Env, Sched, call};
use crate::builtins::Builtin;
use crate::bytecode::Code;
use crate::bytecode::program::{EnumCode, StructCode};
use crate::source::SourceMap;
use crate::types::IntKind;
use crate::value::{Tag, Value};
use crate::vm::engine::Deterministic;
use crate::vm::fault::{Fault, Outcome};
use crate::vm::heap::{Heap, NONE_VALUE};
use crate::vm::io::Io;
use crate::vm::sharing::Common;
use crate::vm::{arith, format};
use scheduler::{At, Config, Next, Oracle, Scheduler, TimeSource};
use std::collections::BTreeMap;
use std::sync::Arc;
use tracer::record::Off;

/// A program without instructions: the names of `Option`, `Result` and a few structs.
pub fn names() -> Code {
    let variants = |list: &[(&str, u16)]| list.iter().map(|&(name, fields)| (name.to_string(), fields)).collect();
    let structure = |name: &str, fields: &[&str], tuple| StructCode {
        name: name.into(),
        fields: fields.iter().map(|f| f.to_string()).collect(),
        tuple,
        drop: None,
    };
    Code {
        instrs: Vec::new(),
        spans: Vec::new(),
        functions: Vec::new(),
        constants: Vec::new(),
        selects: Vec::new(),
        tables: Vec::new(),
        variants: Vec::new(),
        type_tests: Vec::new(),
        method_names: Vec::new(),
        methods: Vec::new(),
        symbols: Vec::new(),
        argument_names: Vec::new(),
        dynamic: None,
        structs: vec![
            structure("P", &["x", "y"], false),
            structure("Id", &["0"], true),
            structure("Empty", &[], false),
        ],
        enums: vec![
            EnumCode { name: "Option".into(), variants: variants(&[("Some", 1), ("None", 0)]) },
            EnumCode { name: "Result".into(), variants: variants(&[("Ok", 1), ("Err", 1)]) },
            EnumCode { name: "Msg".into(), variants: variants(&[("Stop", 0), ("Put", 1), ("Pair", 2)]) },
        ],
        globals: Vec::new(),
        consts: Vec::new(),
        init: None,
        main: 0,
        object_names: Vec::new(),
        sources: Arc::new(SourceMap::default()),
    }
}

/// A heap and a scheduler whose one task runs.
pub struct World {
    pub heap: Heap,
    pub sched: Sched,
    pub code: Code,
    pub common: Common,
    pub bound: BTreeMap<char, Value>,
}

impl Default for World {
    fn default() -> Self {
        World::new()
    }
}

impl World {
    pub fn new() -> World {
        let mut sched: Sched = Scheduler::new(Config {
            oracle: Oracle::seed(0),
            time: TimeSource::virtual_time(),
            time_value: |now| Value::new(Tag::Time, now),
            may_cancel: false,
        });
        sched.spawn(&mut Off, At::default(), 0, false);
        assert!(matches!(sched.next_task(&mut Off, 0), Next::Run { .. }));
        World {
            heap: Heap::new(64 << 20),
            sched,
            code: names(),
            common: Common::new(Io::memory()),
            bound: BTreeMap::new(),
        }
    }

    pub fn call(&mut self, builtin: Builtin, args: &[Value]) -> Result<Outcome, Fault> {
        let task = self.sched.current();
        let (heap, sched, code, common) = (&mut self.heap, &mut self.sched, &self.code, &self.common);
        call(
            &mut Env::<Deterministic<Off>> { heap, sched, tr: &mut Off, at: At::default(), code, common, task },
            builtin,
            args,
        )
    }

    pub fn show(&mut self, value: Value) -> String {
        let mut out = String::new();
        format::display(&self.heap, &mut self.sched, &self.code, value, &mut out);
        out
    }

    /// Values from text.
    pub fn parse(&mut self, text: &str) -> Vec<Value> {
        let mut parser = Parser { world: self, rest: text };
        let mut values = Vec::new();
        while !parser.rest.trim_start().is_empty() {
            values.push(parser.value());
        }
        values
    }

    /// The outcome of a call as the tables write it.
    pub fn run(&mut self, builtin: Builtin, args: &[Value]) -> String {
        let before = args.first().map(|&receiver| self.show(receiver));
        match self.call(builtin, args) {
            Ok(Outcome::Done(value)) => {
                let after = args.first().map(|&receiver| self.show(receiver));
                let changed = if before == after { String::new() } else { format!("; {}", after.unwrap_or_default()) };
                format!("{}{changed}", self.show(value))
            }
            Ok(Outcome::Blocked) => "blocked".into(),
            Ok(Outcome::Yield) => "yield".into(),
            Err(Fault::Panic(message) | Fault::Error(_, message)) => format!("! {message}"),
            Err(other) => format!("{other:?}"),
        }
    }

    /// Checks a table.
    pub fn check(&mut self, table: &str) {
        for line in table.lines().map(str::trim).filter(|line| !line.is_empty()) {
            let (call, expected) = line.rsplit_once(" =>").expect("a line has a result");
            let (name, args) = call.trim().split_once(' ').unwrap_or((call.trim(), ""));
            let builtin = Builtin::ALL.iter().copied().find(|b| b.name() == name).expect("a built-in");
            let args = self.parse(args);
            let got = self.run(builtin, &args);
            match expected.trim().strip_suffix("...") {
                Some(start) => assert!(got.starts_with(start), "{line}: {got}"),
                None => assert_eq!(got, expected.trim(), "{line}"),
            }
        }
    }
}

struct Parser<'a, 'w> {
    world: &'w mut World,
    rest: &'a str,
}

impl Parser<'_, '_> {
    fn eat(&mut self, token: &str) -> bool {
        self.rest = self.rest.trim_start();
        match self.rest.strip_prefix(token) {
            Some(rest) => {
                self.rest = rest;
                true
            }
            None => false,
        }
    }

    fn until(&mut self, close: &str) -> Vec<Value> {
        let mut values = Vec::new();
        while !self.eat(close) {
            values.push(self.value());
            if !self.eat(",") {
                self.eat(":");
            }
        }
        values
    }

    fn value(&mut self) -> Value {
        if self.eat("[") {
            let elements = self.until("]");
            return self.world.heap.list(elements).expect("room");
        }
        if self.eat("set{") {
            let set = self.world.heap.set();
            for key in self.until("}") {
                self.world.heap.map_insert(set, key, Value::UNIT).expect("a key");
            }
            return set;
        }
        if self.eat("{") {
            let map = self.world.heap.map();
            for pair in self.until("}").chunks(2) {
                self.world.heap.map_insert(map, pair[0], pair[1]).expect("a key");
            }
            return map;
        }
        if self.eat("()") {
            return Value::UNIT;
        }
        for (name, make) in [
            ("Some(", (|heap: &mut Heap, v: &[Value]| heap.some(v[0])) as fn(&mut Heap, &[Value]) -> Value),
            ("Ok(", |heap, v| heap.ok(v[0])),
            ("Err(", |heap, v| heap.err(v[0])),
            ("box(", |heap, v| heap.new_box(v[0])),
            ("cell(", |heap, v| heap.cell(v[0])),
            ("Put(", |heap, v| heap.variant(2, 1, v)),
            ("Pair(", |heap, v| heap.variant(2, 2, v)),
            ("P(", |heap, v| heap.structure(0, v)),
            ("Id(", |heap, v| heap.structure(1, v)),
            ("range(", |heap, v| heap.range(v[0], v[1], false)),
            ("rangeincl(", |heap, v| heap.range(v[0], v[1], true)),
            ("elem(", |heap, v| heap.index_ref(v[0], v[1])),
            ("field(", |heap, v| heap.field_ref(v[0], v[1].slot())),
            ("(", |heap, v| heap.tuple(v)),
        ] {
            if self.eat(name) {
                let values = self.until(")");
                return make(&mut self.world.heap, &values);
            }
        }
        if self.eat("\"") {
            let (text, rest) = self.rest.split_once('"').expect("a closing quote");
            self.rest = rest;
            return self.world.heap.string(text.replace("\\n", "\n")).expect("room");
        }
        if self.eat("'") {
            let c = self.rest.chars().next().expect("a character");
            self.rest = &self.rest[c.len_utf8() + 1..];
            return Value::new(Tag::Char, c.into());
        }
        let end = self.rest.find(|c: char| !(c.is_alphanumeric() || "._-+".contains(c))).unwrap_or(self.rest.len());
        let (word, rest) = self.rest.split_at(end);
        self.rest = rest;
        self.word(word)
    }

    fn word(&mut self, word: &str) -> Value {
        match word {
            "true" | "false" => return Value::bool(word == "true"),
            "None" => return NONE_VALUE,
            "Stop" => return crate::vm::heap::bare_variant(2, 0),
            "Empty" => return self.world.heap.structure(2, &[]),
            "NaN" => return Value::f64(f64::NAN),
            "inf" => return Value::f64(f64::INFINITY),
            _ => {}
        }
        if let Some(&value) = word.chars().next().and_then(|c| self.world.bound.get(&c)) {
            return value;
        }
        if let Some(time) = word.strip_prefix('t') {
            let duration = self.word(time);
            return Value::new(Tag::Time, duration.payload);
        }
        for (suffix, unit) in [("ns", 1), ("ms", 1_000_000)] {
            if let Some(number) = word.strip_suffix(suffix) {
                let nanoseconds = number.parse::<i64>().expect("a number") * unit;
                return Value::new(Tag::Duration, nanoseconds as u64);
            }
        }
        if let Some(number) = word.strip_suffix("f32") {
            return arith::f32_value(number.parse().expect("a float"));
        }
        for kind in IntKind::ALL {
            if let Some(number) = word.strip_suffix(kind.name()) {
                return match kind {
                    IntKind::U128 => self.world.heap.u128(number.parse().expect("a number")),
                    _ => arith::make_integer(&mut self.world.heap, kind, number.parse().expect("a number"))
                        .expect("fits"),
                };
            }
        }
        if word.contains('.') {
            return Value::f64(word.parse().expect("a float"));
        }
        Value::i64(word.parse().unwrap_or_else(|_| panic!("a value: {word:?}")))
    }
}
