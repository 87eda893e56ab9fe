//! The values of expressions.

use super::calls::Host;
use super::expr::{Expr, ExprKind, Wrong};
use super::{Where, is_path};
use crate::bytecode::Code;
use crate::core::{BinaryOp, CompareOp, UnaryOp};
use crate::debug::frames::{self, Frame};
use crate::debug::values::types;
use crate::debug::view::View;
use crate::types::{IntKind, OPTION, RESULT};
use crate::value::{Tag, Value};
use crate::vm::arith;
use crate::vm::fault::Fault;
use crate::vm::format;
use scheduler::{Handle, State};
use std::sync::Arc;
use tracer::finding::ObjectKind;
use tracer::program::ProgramInfo;

/// How deep expressions may be evaluated.
const MAX_DEPTH: u32 = 300;

/// What a step of an evaluation gives.
pub(super) type Step<R = Value> = Result<R, Wrong>;

/// A failure of the engine's operations as a reason.
pub(super) fn failed(at: u32, fault: Fault) -> Wrong {
    match fault {
        Fault::Panic(message) if message.starts_with("out of memory") => {
            Wrong::new(at, format!("this takes more memory than an evaluation may ({} MiB)", super::MEMORY >> 20))
        }
        Fault::Panic(message) | Fault::Assert(message) | Fault::Error(_, message) => Wrong::new(at, message),
        Fault::Raised(_) => Wrong::new(at, "it raises an exception"),
        Fault::Exit(code) => Wrong::new(at, format!("it ends the program with code {code}")),
    }
}

/// Evaluates in one frame.
pub(super) struct Evaluator<'e> {
    pub host: &'e mut dyn Host,
    pub program: &'e ProgramInfo,
    pub code: Arc<Code>,
    pub at: Where<'e>,
    pub frame: Option<Frame>,
    depth: u32,
}

impl<'e> Evaluator<'e> {
    pub fn new(host: &'e mut dyn Host, program: &'e ProgramInfo, at: Where<'e>) -> Evaluator<'e> {
        let code = host.code().clone();
        let task = host.sched().task(at.slot);
        let live = !matches!(task.state, State::Free | State::Ended);
        let frame = if live { frames::nth(&code, &task.body, at.frame) } else { None };
        Evaluator { host, program, code, at, frame, depth: 0 }
    }

    /// What there is to look at.
    pub fn view(&self) -> View<'_> {
        View {
            heap: self.host.heap(),
            sched: self.host.sched(),
            code: &self.code,
            globals: self.host.globals(),
            program: self.program,
        }
    }

    /// Number of the task.
    pub fn task_number(&self) -> u32 {
        self.host.sched().task(self.at.slot).id
    }

    /// What is to be said of the value besides.
    pub fn note(&self) -> String {
        self.host.note()
    }

    /// A value's type as it shows itself.
    pub fn type_of(&self, value: Value) -> String {
        types::of_value(&self.view(), value)
    }

    /// The type of an expression where a declaration says it; empty otherwise.
    pub fn static_type(&self, expr: &Expr) -> String {
        match &expr.kind {
            ExprKind::Name(name) => self.variable(name).map_or(String::new(), |variable| variable.ty),
            ExprKind::Index(base, _) if is_path(base) => {
                let ty = self.static_type(base);
                let parameters = types::Parameters::of(&ty);
                let element = if parameters.at(1).is_empty() { parameters.at(0) } else { parameters.at(1) };
                element.to_string()
            }
            _ => String::new(),
        }
    }

    /// The value of an expression.
    pub fn value(&mut self, expr: &Expr) -> Step {
        self.hinted(expr, None)
    }

    /// The value of an expression behind references, boxes and guards.
    pub fn plain(&mut self, expr: &Expr, hint: Option<Tag>) -> Step {
        let value = self.hinted(expr, hint)?;
        self.contents(value).map_err(|wrong| Wrong { at: expr.at, ..wrong })
    }

    /// What a value stands for, one step further.
    pub fn load(&mut self, value: Value) -> Step {
        let ground = self.host.ground();
        match value.kind() {
            Tag::MutexGuard => Ok(*ground.sched.mutex_value(value.slot())),
            Tag::ReadGuard | Tag::WriteGuard => Ok(*ground.sched.rwlock_value(value.slot())),
            _ => ground.heap.load(value).map_err(|fault| failed(0, fault)),
        }
    }

    /// What a value stands for in the end.
    pub fn contents(&mut self, mut value: Value) -> Step {
        for _ in 0..64 {
            let next = self.load(value)?;
            if next == value {
                return Ok(value);
            }
            value = next;
        }
        Err(Wrong::new(0, "references without end"))
    }

    /// The value of an expression; a number without a kind takes the one of the hint.
    pub fn hinted(&mut self, expr: &Expr, hint: Option<Tag>) -> Step {
        if self.depth >= MAX_DEPTH {
            return Err(Wrong::new(expr.at, "this is nested too deeply"));
        }
        self.depth += 1;
        let result = self.step(expr, hint);
        self.depth -= 1;
        result
    }

    fn step(&mut self, expr: &Expr, hint: Option<Tag>) -> Step {
        let at = expr.at;
        match &expr.kind {
            ExprKind::Int(n, kind) => self.integer(at, *n, *kind, hint),
            ExprKind::Float(x, short) if *short || hint == Some(Tag::F32) => Ok(arith::f32_value(*x as f32)),
            ExprKind::Float(x, _) => Ok(Value::f64(*x)),
            ExprKind::Str(text) => self.string(at, text),
            ExprKind::Char(c) => Ok(Value::new(Tag::Char, u64::from(*c))),
            ExprKind::Bool(b) => Ok(Value::bool(*b)),
            ExprKind::Unit => Ok(Value::UNIT),
            ExprKind::Nil => Ok(Value::new(Tag::Nil, 0)),
            ExprKind::Name(name) => self.name(at, name),
            ExprKind::Tuple(parts) => {
                let values = self.values(parts)?;
                Ok(self.host.ground().heap.tuple(&values))
            }
            ExprKind::List(parts) => self.list(at, parts),
            ExprKind::Repeat(value, count) => {
                let value = self.value(value)?;
                let count = self.count(count)?;
                self.host.ground().heap.repeat(value, count).map_err(|fault| failed(at, fault))
            }
            ExprKind::Struct(name, fields) => self.structure(at, name, fields),
            ExprKind::Field(base, field) => self.field(at, base, field),
            ExprKind::Index(base, index) => self.index(at, base, index),
            ExprKind::Slice(base, from, to, inclusive) => {
                self.slice(at, base, from.as_deref(), to.as_deref(), *inclusive)
            }
            ExprKind::Call(callee, args) => self.call(at, callee, args),
            ExprKind::Method(receiver, method, args) => self.method(at, receiver, method, args),
            ExprKind::Unary(op, operand) => {
                let value = self.plain(operand, hint)?;
                if *op == UnaryOp::Not && !value.is(Tag::Bool) {
                    return Err(Wrong::new(at, format!("`!` needs a bool, this is a {}", self.type_of(value))));
                }
                if !is_number(value) && !value.is(Tag::Bool) && !value.is(Tag::Duration) {
                    return Err(Wrong::new(at, format!("a {} has no such operator", self.type_of(value))));
                }
                arith::unary(self.host.ground().heap, *op, value).map_err(|fault| failed(at, fault))
            }
            ExprKind::Deref(operand) => {
                let value = self.value(operand)?;
                self.load(value).map_err(|wrong| Wrong { at, ..wrong })
            }
            ExprKind::Binary(op, left, right) => self.binary(at, *op, left, right, hint),
            ExprKind::Compare(op, left, right) => self.compare(at, *op, left, right),
            ExprKind::And(left, right) => Ok(Value::bool(self.truth(left)? && self.truth(right)?)),
            ExprKind::Or(left, right) => Ok(Value::bool(self.truth(left)? || self.truth(right)?)),
            ExprKind::OrElse(value, other) => {
                let value = self.plain(value, None)?;
                match self.payload(value) {
                    Some((true, Some(content))) => Ok(content),
                    Some(_) => self.hinted(other, hint),
                    None => Err(Wrong::new(at, "`??` needs an Option or a Result")),
                }
            }
            ExprKind::If(condition, then, otherwise) => {
                let chosen = if self.truth(condition)? { then } else { otherwise };
                self.hinted(chosen, hint)
            }
            ExprKind::Cast(value, to) => {
                let value = self.plain(value, None)?;
                if !is_number(value) && !matches!(value.kind(), Tag::Bool | Tag::Char) {
                    return Err(Wrong::new(at, format!("a {} cannot be converted", self.type_of(value))));
                }
                arith::cast(self.host.ground().heap, value, *to).map_err(|fault| failed(at, fault))
            }
            ExprKind::Range(low, high, inclusive) => {
                let (low, high) = self.pair(low, high, hint)?;
                if low.kind() != high.kind() || !is_integer(low) && !low.is(Tag::Char) {
                    return Err(Wrong::new(at, "a range goes from one integer or character to another of its kind"));
                }
                Ok(self.host.ground().heap.range(low, high, *inclusive))
            }
            ExprKind::Format(parts) => {
                let mut text = String::new();
                for part in parts {
                    let value = self.value(part)?;
                    text.push_str(&self.display(part.at, value)?);
                }
                self.string(at, &text)
            }
        }
    }

    /// A number of a kind: its own, that of the hint, or the language's default.
    fn integer(&mut self, at: u32, n: i128, kind: Option<IntKind>, hint: Option<Tag>) -> Step {
        match (kind, hint) {
            (None, Some(Tag::F64)) => return Ok(Value::f64(n as f64)),
            (None, Some(Tag::F32)) => return Ok(arith::f32_value(n as f32)),
            _ => {}
        }
        let kind = kind.or(hint.and_then(Tag::int_kind)).unwrap_or(IntKind::I64);
        let made = arith::make_integer(self.host.ground().heap, kind, n);
        made.ok_or_else(|| Wrong::new(at, format!("{n} does not fit in {}", kind.name())))
    }

    pub(super) fn string(&mut self, at: u32, text: &str) -> Step {
        self.host.ground().heap.string(text).map_err(|fault| failed(at, fault))
    }

    pub(super) fn values(&mut self, list: &[Expr]) -> Step<Vec<Value>> {
        list.iter().map(|e| self.value(e)).collect()
    }

    fn list(&mut self, at: u32, parts: &[Expr]) -> Step {
        let mut values = Vec::new();
        for part in parts {
            let hint = values.first().map(|first: &Value| first.kind());
            values.push(self.hinted(part, hint)?);
        }
        self.host.ground().heap.list(values).map_err(|fault| failed(at, fault))
    }

    /// A number that counts something.
    pub(super) fn count(&mut self, expr: &Expr) -> Step<u64> {
        let value = self.plain(expr, Some(Tag::Usize))?;
        let number = match is_integer(value) {
            true => arith::integer(self.host.heap(), value).ok(),
            false => None,
        };
        let count = number.and_then(|n| u64::try_from(n).ok());
        count.ok_or_else(|| Wrong::new(expr.at, "this must be a whole number, not below zero"))
    }

    fn structure(&mut self, at: u32, name: &str, fields: &[(String, Expr)]) -> Step {
        let code = self.code.clone();
        let Some(ty) = code.structs.iter().position(|def| def.name == name) else {
            return Err(Wrong::new(at, format!("there is no struct `{name}`")));
        };
        let def = &code.structs[ty];
        if let Some((unknown, value)) = fields.iter().find(|(field, _)| !def.fields.contains(field)) {
            return Err(Wrong::new(value.at, format!("`{name}` has no field `{unknown}`")));
        }
        let mut values = Vec::new();
        for field in &def.fields {
            let Some((_, value)) = fields.iter().find(|(given, _)| given == field) else {
                return Err(Wrong::new(at, format!("the field `{field}` of `{name}` is missing")));
            };
            values.push(self.value(value)?);
        }
        Ok(self.host.ground().heap.structure(ty as u32, &values))
    }

    fn field(&mut self, at: u32, base: &Expr, field: &str) -> Step {
        // `Msg.Stop`
        if let ExprKind::Name(name) = &base.kind
            && self.variable(name).is_none()
            && self.code.enums.iter().any(|def| def.name == *name)
        {
            return match self.variant(Some(name), field) {
                Some((ty, variant, 0)) => Ok(crate::vm::heap::bare_variant(ty, variant)),
                Some((.., fields)) => Err(Wrong::new(at, format!("`{name}.{field}` takes {fields} values"))),
                None => Err(Wrong::new(at, format!("`{name}` has no variant `{field}`"))),
            };
        }
        let value = self.plain(base, None)?;
        match self.field_position(value, field) {
            Some(position) => {
                let field = self.host.heap().field(value, position).map_err(|fault| failed(at, fault))?;
                if field.is(Tag::NoValue) { Err(Wrong::new(at, "this field was moved out")) } else { Ok(field) }
            }
            None => self.inner(value, field).ok_or_else(|| self.no_field(at, value, field)),
        }
    }

    fn no_field(&self, at: u32, value: Value, field: &str) -> Wrong {
        Wrong::new(at, format!("a {} has no field `{field}`", self.type_of(value)))
    }

    /// Position of a field of a record; variants number theirs.
    pub(super) fn field_position(&self, value: Value, field: &str) -> Option<u32> {
        let heap = self.host.heap();
        let count = match value.kind() {
            Tag::Tuple | Tag::Struct | Tag::Variant => heap.with_record(value, |record| record.fields().len()).ok()?,
            _ => return None,
        };
        if value.is(Tag::Struct) {
            let ty = heap.with_record(value, |record| record.ty).ok()?;
            let def = self.code.structs.get(ty as usize)?;
            return def.fields.iter().position(|name| name == field).map(|position| position as u32);
        }
        field.parse().ok().filter(|&position: &u32| (position as usize) < count)
    }

    /// What views show inside objects: the `value` of a lock, the `result` of a future.
    fn inner(&self, value: Value, field: &str) -> Option<Value> {
        use crate::debug::values::objects::protected;
        let view = self.view();
        match (value.kind(), field) {
            (Tag::Mutex, "value") => protected(&view, ObjectKind::Mutex, value.slot()),
            (Tag::RwLock, "value") => protected(&view, ObjectKind::RwLock, value.slot()),
            (Tag::Future, "result") => {
                let handle = Handle::unpack(value.payload);
                let task = view.sched.has_task(handle).then(|| view.sched.task(handle.slot))?;
                (task.state == State::Ended).then_some(task.value)
            }
            (Tag::Closure, name) => {
                let (function, captures) = view.heap.function_of(value).ok()?;
                let function = view.code.functions.get(function as usize)?;
                let local = function.locals.iter().find(|local| local.name == name)?;
                let capture = *captures.get(local.register.0 as usize)?;
                Some(if capture.is(Tag::Cell) { view.heap.cell_content(capture).ok()? } else { capture })
            }
            _ => None,
        }
    }

    fn index(&mut self, at: u32, base: &Expr, index: &Expr) -> Step {
        let base = self.plain(base, None)?;
        let index = self.plain(index, None)?;
        match base.kind() {
            Tag::List | Tag::String if !is_integer(index) => {
                Err(Wrong::new(at, format!("the index must be an integer, not a {}", self.type_of(index))))
            }
            Tag::List | Tag::Map | Tag::String => {
                let found = self.host.heap().get_index(base, index);
                found.map_err(|fault| failed(at, fault))
            }
            // What views show in a channel.
            Tag::Channel => {
                let number = arith::integer(self.host.heap(), index).map_err(|fault| failed(at, fault))?;
                let at_index = usize::try_from(number).ok();
                let values = crate::debug::values::objects::buffered(
                    &self.view(),
                    base.slot(),
                    at_index.map_or(0, |n| n.saturating_add(1)),
                );
                let found = at_index.and_then(|n| values.get(n).copied());
                found.ok_or_else(|| Wrong::new(at, "there is no such value in the buffer"))
            }
            _ => Err(Wrong::new(at, format!("a {} has no elements by index", self.type_of(base)))),
        }
    }

    fn slice(&mut self, at: u32, base: &Expr, from: Option<&Expr>, to: Option<&Expr>, inclusive: bool) -> Step {
        let base = self.plain(base, None)?;
        if !matches!(base.kind(), Tag::List | Tag::String) {
            return Err(Wrong::new(at, format!("a {} cannot be sliced", self.type_of(base))));
        }
        let from = from.map_or(Ok(0), |from| self.count(from))?;
        let (to, inclusive) = match to {
            Some(to) => (self.count(to)?, inclusive),
            None => (self.host.heap().len(base).unwrap_or(0) as u64, false),
        };
        let heap = self.host.ground().heap;
        let range = heap.range(Value::usize(from), Value::usize(to), inclusive);
        heap.get_slice(base, range).map_err(|fault| failed(at, fault))
    }

    /// Two operands, where a number without a kind takes the other's.
    fn pair(&mut self, left: &Expr, right: &Expr, hint: Option<Tag>) -> Step<(Value, Value)> {
        if left.is_open() && !right.is_open() {
            let right = self.plain(right, hint)?;
            return Ok((self.plain(left, Some(right.kind()))?, right));
        }
        let left = self.plain(left, hint)?;
        let right = self.plain(right, Some(left.kind()))?;
        Ok((left, right))
    }

    fn binary(&mut self, at: u32, op: BinaryOp, left: &Expr, right: &Expr, hint: Option<Tag>) -> Step {
        let shift = matches!(op, BinaryOp::Shl | BinaryOp::Shr);
        let (a, b) = match shift {
            true => (self.plain(left, hint)?, self.plain(right, None)?),
            false => self.pair(left, right, hint)?,
        };
        if let Some(function) = self.user_method(a, &format!("op{}", op.symbol()), 2) {
            return self.host.call(at, function, &[], &[a, b]);
        }
        let time = |v: Value| matches!(v.kind(), Tag::Duration | Tag::Time);
        let fits = match (a.kind(), b.kind()) {
            (Tag::String, Tag::String) => op == BinaryOp::Add,
            (Tag::Bool, Tag::Bool) => matches!(op, BinaryOp::BitAnd | BinaryOp::BitOr | BinaryOp::BitXor),
            _ if shift => is_integer(a) && is_integer(b),
            _ if time(a) || time(b) => (time(a) || is_number(a)) && (time(b) || is_number(b)),
            (x, y) => x == y && is_number(a),
        };
        if !fits {
            let (a, b) = (self.type_of(a), self.type_of(b));
            return Err(Wrong::new(at, format!("there is no `{}` of {a} and {b}", op.symbol())));
        }
        arith::arith(self.host.ground().heap, op, a, b).map_err(|fault| failed(at, fault))
    }

    fn compare(&mut self, at: u32, op: CompareOp, left: &Expr, right: &Expr) -> Step {
        let (a, b) = self.pair(left, right, None)?;
        if let Some(function) = self.user_method(a, &format!("op{}", symbol(op)), 2) {
            return self.host.call(at, function, &[], &[a, b]);
        }
        let variant = |v: Value| matches!(v.kind(), Tag::Variant | Tag::Variant0);
        if a.kind() != b.kind() && !(variant(a) && variant(b)) {
            let (a, b) = (self.type_of(a), self.type_of(b));
            return Err(Wrong::new(at, format!("{a} and {b} are not compared; `as` makes one of them the other")));
        }
        let compared = arith::compare(self.host.heap(), op, a, b);
        compared.map(Value::bool).map_err(|fault| failed(at, fault))
    }

    pub(super) fn truth(&mut self, expr: &Expr) -> Step<bool> {
        let value = self.plain(expr, None)?;
        match value.is(Tag::Bool) {
            true => Ok(value.truthy()),
            false => Err(Wrong::new(expr.at, format!("this is a {}, not a bool", self.type_of(value)))),
        }
    }

    /// Of an option or result: whether it is the good case, and its content.
    pub(super) fn payload(&self, value: Value) -> Option<(bool, Option<Value>)> {
        let (ty, variant) = self.host.heap().variant_of(value)?;
        let good = variant == 0;
        (ty == OPTION.0 || ty == RESULT.0).then(|| (good, self.host.heap().field(value, 0).ok()))
    }

    /// A value as the program would print it.
    pub(super) fn display(&mut self, at: u32, value: Value) -> Step<String> {
        let contents = self.contents(value).map_err(|wrong| Wrong { at, ..wrong })?;
        if let Some(function) = self.user_method(contents, "toString", 1) {
            let text = self.host.call(at, function, &[], &[contents])?;
            return self.host.heap().str(text).map(str::to_string).map_err(|fault| failed(at, fault));
        }
        let code = self.code.clone();
        let ground = self.host.ground();
        format::join(ground.heap, ground.sched, &code, &[value]).map_err(|fault| failed(at, fault))
    }
}

pub(super) fn is_integer(value: Value) -> bool {
    value.kind().int_kind().is_some()
}

fn is_number(value: Value) -> bool {
    is_integer(value) || matches!(value.kind(), Tag::F32 | Tag::F64)
}

fn symbol(op: CompareOp) -> &'static str {
    match op {
        CompareOp::Eq => "==",
        CompareOp::Ne => "!=",
        CompareOp::Lt => "<",
        CompareOp::Le => "<=",
        CompareOp::Gt => ">",
        CompareOp::Ge => ">=",
    }
}
