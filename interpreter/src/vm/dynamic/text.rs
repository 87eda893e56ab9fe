//! Values as text: as `print` shows them, and as they stand inside of containers.
//!
//! At the top a string is its text and an exception its message; inside of containers strings are quoted. A list of what is being
//! written replaces recursion; what contains itself, or is nested very deeply, shows as `...`.

use crate::bytecode::Code;
use crate::dynamic::ErrorKind;
use crate::types::StructId;
use crate::value::{Tag, Value};
use crate::vm::builtins::Sched;
use crate::vm::fault::Fault;
use crate::vm::heap::Heap;
use crate::vm::task::Body;
use scheduler::Runtime;
use std::fmt::Write;

/// Deepest nesting that is written out.
const MAX_DEPTH: usize = 1_000;

/// A value as `print` shows it, appended to a text.
///
/// # Errors
/// Where the text would not fit into the guest's memory.
pub fn text(
    heap: &Heap,
    sched: &impl Runtime<Value, Body>,
    code: &Code,
    value: Value,
    out: &mut String,
) -> Result<(), Fault> {
    at_top(heap, Some(sched), code, value, out)
}

/// The same where the scheduler is not at hand: its objects show as their kind.
pub fn plain_text(heap: &Heap, code: &Code, value: Value) -> String {
    let mut out = String::new();
    match at_top(heap, None::<&Sched>, code, value, &mut out) {
        Ok(()) => out,
        Err(_) => "...".to_string(),
    }
}

fn at_top<R: Runtime<Value, Body>>(
    heap: &Heap,
    sched: Option<&R>,
    code: &Code,
    value: Value,
    out: &mut String,
) -> Result<(), Fault> {
    match value.kind() {
        Tag::String => {
            let text = heap.str(value)?;
            heap.room_for(out.len().saturating_add(text.len()))?;
            out.push_str(text);
            Ok(())
        }
        Tag::Struct => match exception_message(heap, code, value) {
            Some(message) if message.is(Tag::Struct) => inside(heap, sched, code, message, out),
            Some(message) if message.is(Tag::NoValue) => Ok(()),
            Some(message) => at_top(heap, sched, code, message, out),
            None => inside(heap, sched, code, value, out),
        },
        _ => inside(heap, sched, code, value, out),
    }
}

/// The message of an exception; `None` for other values.
pub fn exception_message(heap: &Heap, code: &Code, value: Value) -> Option<Value> {
    let dynamic = code.dynamic.as_ref()?;
    let class = StructId(heap.with_record(value, |record| record.ty).ok()?);
    let base = dynamic.class_of(ErrorKind::Exception)?;
    if !value.is(Tag::Struct) || !dynamic.derives(class, base) {
        return None;
    }
    heap.with_record(value, |record| record.fields().first().copied()).ok()?.or(Some(Value::NONE))
}

/// A value as it stands inside of a container, appended to a text.
///
/// # Errors
/// Where the text would not fit into the guest's memory.
pub fn repr(
    heap: &Heap,
    sched: &impl Runtime<Value, Body>,
    code: &Code,
    value: Value,
    out: &mut String,
) -> Result<(), Fault> {
    inside(heap, Some(sched), code, value, out)
}

fn inside<R: Runtime<Value, Body>>(
    heap: &Heap,
    sched: Option<&R>,
    code: &Code,
    value: Value,
    out: &mut String,
) -> Result<(), Fault> {
    let mut writer = Writer { heap, sched, code, open: Vec::new() };
    let mut next = Some(value);
    let mut checked = out.len();
    loop {
        if let Some(value) = next.take() {
            writer.begin(value, out);
        }
        // Shared parts may make a text that is longer than any memory.
        if out.len() - checked > 1 << 16 {
            heap.room_for(out.len())?;
            checked = out.len();
        }
        match writer.go_on(out) {
            Step::Value(value) => next = Some(value),
            Step::Closed => {}
            Step::End => return heap.room_for(out.len()),
        }
    }
}

/// A container whose elements are being written.
struct Open {
    value: Value,
    /// Position of the next element.
    at: usize,
    written: usize,
    /// In a dict: the value of the key just written comes next.
    value_next: Option<Value>,
    /// What ends it: `]`, `}`, `)`, or of an exception `)` too.
    close: char,
    /// Only the first so many elements.
    most: usize,
}

enum Step {
    Value(Value),
    Closed,
    End,
}

struct Writer<'a, R> {
    heap: &'a Heap,
    sched: Option<&'a R>,
    code: &'a Code,
    open: Vec<Open>,
}

impl<R: Runtime<Value, Body>> Writer<'_, R> {
    fn begin(&mut self, value: Value, out: &mut String) {
        let (open, close, most) = match value.kind() {
            Tag::List => ('[', ']', usize::MAX),
            Tag::Tuple => ('(', ')', usize::MAX),
            Tag::Map | Tag::Set => ('{', '}', usize::MAX),
            Tag::Struct if exception_message(self.heap, self.code, value).is_some() => {
                out.push_str(self.class_name(value).unwrap_or("Exception"));
                ('(', ')', 1)
            }
            _ => return self.leaf(value, out),
        };
        if self.open.len() >= MAX_DEPTH || self.open.iter().any(|outer| outer.value == value) {
            out.push(open);
            out.push_str("...");
            return out.push(close);
        }
        out.push(open);
        self.open.push(Open { value, at: 0, written: 0, value_next: None, close, most });
    }

    fn go_on(&mut self, out: &mut String) -> Step {
        let heap = self.heap;
        let Some(open) = self.open.last_mut() else { return Step::End };
        if let Some(value) = open.value_next.take() {
            out.push_str(": ");
            return Step::Value(value);
        }
        let next = match open.value.kind() {
            _ if open.written >= open.most => None,
            Tag::List => heap.element(open.value, open.at).ok().flatten().map(|v| (open.at + 1, v, None)),
            tag @ (Tag::Map | Tag::Set) => {
                let entry = heap.table_next(open.value, open.at).ok().flatten();
                entry.map(|(at, key, value)| (at, key, (tag == Tag::Map).then_some(value)))
            }
            _ => {
                let field = heap.with_record(open.value, |r| r.fields().get(open.at).copied());
                field.ok().flatten().filter(|v| open.most > 1 || !v.is(Tag::NoValue)).map(|v| (open.at + 1, v, None))
            }
        };
        let Some((at, value, value_next)) = next else {
            if open.value.is(Tag::Tuple) && open.written == 1 {
                out.push(',');
            }
            out.push(open.close);
            self.open.pop();
            return Step::Closed;
        };
        if open.written > 0 {
            out.push_str(", ");
        }
        open.at = at;
        open.written += 1;
        open.value_next = value_next;
        Step::Value(value)
    }

    /// What has no elements.
    fn leaf(&self, value: Value, out: &mut String) {
        let slot = value.slot();
        let _ = match value.kind() {
            Tag::Unit | Tag::NoValue => write!(out, "None"),
            Tag::Bool => write!(out, "{}", if value.truthy() { "True" } else { "False" }),
            Tag::I64 => write!(out, "{}", value.int()),
            Tag::F64 => {
                float(value.float(), out);
                Ok(())
            }
            Tag::String => {
                quoted(self.heap.str(value).unwrap_or(""), out);
                Ok(())
            }
            Tag::Symbol => write!(out, "{}", self.code.symbols.get(slot as usize).map_or("?", |name| name)),
            Tag::Function | Tag::Closure => match super::types::class_of(self.code, self.heap, value) {
                Some(ty) => write!(out, "<class '{}'>", super::types::class_name(self.code, ty)),
                None => write!(out, "<function {}>", super::types::function_name(self.code, self.heap, value)),
            },
            Tag::Struct => write!(out, "<{} object>", self.class_name(value).unwrap_or("?")),
            Tag::Channel => match self.sched {
                Some(sched) => {
                    let _ = match sched.channel_capacity(slot) {
                        0 => write!(out, "<channel unbuffered"),
                        capacity => write!(out, "<channel buffer={capacity}"),
                    };
                    write!(out, " closed={}>", if sched.channel_closed(slot) { "True" } else { "False" })
                }
                None => write!(out, "<channel>"),
            },
            Tag::Mutex => write!(out, "<mutex>"),
            Tag::RwLock => write!(out, "<rwmutex>"),
            Tag::WaitGroup => write!(out, "<waitgroup>"),
            Tag::Context => match self.sched.map(|sched| sched.context_cause(slot).is_some()) {
                Some(true) => write!(out, "<context: canceled>"),
                Some(false) => write!(out, "<context: active>"),
                None => write!(out, "<context>"),
            },
            _ => write!(out, "<{}>", super::types::kind_name(self.heap, value)),
        };
    }

    fn class_name(&self, value: Value) -> Option<&str> {
        let class = self.heap.with_record(value, |record| record.ty).ok()?;
        self.code.structs.get(class as usize).map(|class| &*class.name)
    }
}

/// A string in quotes: single ones, unless it has those and no double ones.
pub fn quoted(text: &str, out: &mut String) {
    let quote = if text.contains('\'') && !text.contains('"') { '"' } else { '\'' };
    out.push(quote);
    for c in text.chars() {
        let _ = match c {
            '\\' => write!(out, "\\\\"),
            '\n' => write!(out, "\\n"),
            '\r' => write!(out, "\\r"),
            '\t' => write!(out, "\\t"),
            c if c == quote => write!(out, "\\{c}"),
            c if (c as u32) < 0x20 || (0x7f..0xa0).contains(&(c as u32)) => write!(out, "\\x{:02x}", c as u32),
            c => write!(out, "{c}"),
        };
    }
    out.push(quote);
}

/// A float as text.
pub fn float_text(x: f64) -> String {
    let mut out = String::new();
    float(x, &mut out);
    out
}

/// A float: the fewest digits that read back as the same one, always with a point or an exponent.
pub fn float(x: f64, out: &mut String) {
    if x.is_nan() {
        return out.push_str("nan");
    }
    if x.is_infinite() {
        return out.push_str(if x > 0.0 { "inf" } else { "-inf" });
    }
    // Rust's shortest digits in scientific form: `d.ddde±x`.
    let scientific = format!("{x:e}");
    let (mantissa, exponent) = scientific.split_once('e').unwrap_or((&scientific, "0"));
    let exponent: i32 = exponent.parse().unwrap_or(0);
    if (-4..16).contains(&exponent) {
        let start = out.len();
        let _ = write!(out, "{x}");
        if !out[start..].contains('.') {
            out.push_str(".0");
        }
    } else {
        let sign = if exponent < 0 { '-' } else { '+' };
        let _ = write!(out, "{mantissa}e{sign}{:02}", exponent.unsigned_abs());
    }
}

/// A float with so many digits after the point.
pub fn fixed(x: f64, digits: usize) -> String {
    if x.is_finite() { format!("{x:.digits$}") } else { float_text(x) }
}
