//! Text of values: Display as `println` and f-strings show it, and a short preview for debuggers.
//!
//! A list of what is being written replaces recursion. A box inside itself shows as `…`; so does what is nested more than
//! [`MAX_DEPTH`] deep, and a text ends in `…` past [`Style::max_bytes`]: sizes at which nobody reads it, but at which
//! the host must not fall over. Objects of the scheduler are worded by an [`Objects`], because this module knows only the heap.

use super::fault::Fault;
use super::heap::Heap;
use crate::bytecode::Code;
use crate::bytecode::program::StructCode;
use crate::value::{Tag, Value};
use std::fmt::Write;

/// Deepest nesting that is written out.
pub const MAX_DEPTH: usize = 10_000;

/// Words for what only the scheduler knows.
pub trait Objects {
    /// What a guard gives access to; `None` for other values.
    fn guarded(&mut self, value: Value) -> Option<Value>;

    /// Writes a channel, lock, atomic, … such as `Channel(cap 3)`.
    fn describe(&self, value: Value, out: &mut String);
}

/// No scheduler: handles show as their kind.
pub struct NoObjects;

impl Objects for NoObjects {
    fn guarded(&mut self, _value: Value) -> Option<Value> {
        None
    }

    fn describe(&self, value: Value, out: &mut String) {
        let _ = write!(out, "{:?}", value.kind());
    }
}

/// How to write.
#[derive(Clone, Copy, Debug)]
pub struct Style {
    /// Strings in quotes, and chars too.
    pub quoted: bool,
    /// Where the text is cut off.
    pub max_bytes: usize,
    /// How many elements of a container are shown.
    pub max_elements: usize,
}

impl Style {
    /// What the program prints.
    pub const DISPLAY: Style = Style { quoted: false, max_bytes: 64 << 20, max_elements: usize::MAX };
    /// What a view has room for.
    pub const PREVIEW: Style = Style { quoted: true, max_bytes: 200, max_elements: 16 };
}

/// Display form of a value, appended to `out`.
pub fn display(heap: &Heap, objects: &mut dyn Objects, code: &Code, value: Value, out: &mut String) {
    write_value(heap, Some(code), objects, value, Style::DISPLAY, out);
}

/// Display forms of several values, joined.
///
/// # Errors
/// When the text would not fit into the guest's memory.
pub fn join(heap: &Heap, objects: &mut dyn Objects, code: &Code, values: &[Value]) -> Result<String, Fault> {
    let mut text = String::new();
    for &value in values {
        if value.is(Tag::String) {
            text.push_str(heap.str(value)?);
        } else {
            display(heap, objects, code, value, &mut text);
        }
        heap.room_for(text.len())?;
    }
    Ok(text)
}

/// A short form for debuggers and views: strings quoted, long things cut off.
pub fn preview(heap: &Heap, objects: &mut dyn Objects, code: &Code, value: Value) -> String {
    let mut out = String::new();
    write_value(heap, Some(code), objects, value, Style::PREVIEW, &mut out);
    out
}

/// Text of a value in any style.
pub fn styled(heap: &Heap, objects: &mut dyn Objects, code: &Code, value: Value, style: Style, out: &mut String) {
    write_value(heap, Some(code), objects, value, style, out);
}

/// A short form where neither the program nor the scheduler is at hand (panic messages).
pub fn plain(heap: &Heap, value: Value) -> String {
    let mut out = String::new();
    write_value(heap, None, &mut NoObjects, value, Style { quoted: false, ..Style::PREVIEW }, &mut out);
    out
}

/// A scalar (an atomic's content).
pub fn plain_scalar(value: Value, out: &mut String) {
    let _ = match value.kind() {
        Tag::Bool => write!(out, "{}", value.truthy()),
        Tag::U8 | Tag::U16 | Tag::U32 | Tag::U64 | Tag::Usize => write!(out, "{}", value.payload),
        _ => write!(out, "{}", value.int()),
    };
}

/// A container whose elements are being written.
struct Open {
    value: Value,
    /// Elements written; for maps and sets the position in the table.
    at: usize,
    /// Elements written.
    count: usize,
    /// In a map: the value of the key just written comes next.
    value_next: Option<Value>,
    close: &'static str,
}

fn write_value(
    heap: &Heap,
    code: Option<&Code>,
    objects: &mut dyn Objects,
    value: Value,
    style: Style,
    out: &mut String,
) {
    let start = out.len();
    let mut writer = Writer { heap, code, objects, style, open: Vec::new() };
    // A reference into a map is only looked up here, at the start; see `Heap::load_part`.
    let mut next = Some(if value.is(Tag::IndexRef) { heap.load(value).unwrap_or(value) } else { value });
    loop {
        if let Some(value) = next.take() {
            writer.begin(value, out);
        }
        if out.len() - start > style.max_bytes {
            let mut cut = start + style.max_bytes;
            while !out.is_char_boundary(cut) {
                cut -= 1;
            }
            out.truncate(cut);
            out.push('…');
            return;
        }
        match writer.go_on(out) {
            Step::Value(value) => next = Some(value),
            Step::Closed => {}
            Step::End => return,
        }
    }
}

enum Step {
    Value(Value),
    Closed,
    End,
}

struct Writer<'a> {
    heap: &'a Heap,
    code: Option<&'a Code>,
    objects: &'a mut dyn Objects,
    style: Style,
    open: Vec<Open>,
}

impl Writer<'_> {
    /// Whether the program's language has no static types; those write some constants in their own way.
    fn is_dynamic(&self) -> bool {
        self.code.is_some_and(|code| code.dynamic.is_some())
    }

    /// The name that a symbol is.
    fn symbol(&self, value: Value) -> &str {
        self.code.and_then(|code| code.symbols.get(value.slot() as usize)).map_or("<symbol>", |name| name)
    }

    /// Writes a value, or its beginning up to the first element.
    fn begin(&mut self, mut value: Value, out: &mut String) {
        // References, boxes and guards show as their target.
        let mut steps = 0;
        loop {
            let target = match value.kind() {
                Tag::Box | Tag::Cell | Tag::FieldRef | Tag::IndexRef => match self.heap.load_part(value) {
                    Ok(target) => target,
                    Err(_) if value.is(Tag::IndexRef) => return out.push_str("<reference>"),
                    Err(_) => return out.push_str("<moved>"),
                },
                Tag::MutexGuard | Tag::ReadGuard | Tag::WriteGuard => match self.objects.guarded(value) {
                    Some(target) => target,
                    None => break,
                },
                _ => break,
            };
            steps += 1;
            if steps > 64 {
                return out.push('…');
            }
            value = target;
        }
        if self.open.len() >= MAX_DEPTH || self.is_open(value) {
            return out.push('…');
        }
        let close = match value.kind() {
            Tag::Unit if self.is_dynamic() => return out.push_str("None"),
            Tag::Bool if self.is_dynamic() => return out.push_str(if value.truthy() { "True" } else { "False" }),
            Tag::Unit => return out.push_str("()"),
            Tag::NoValue => return out.push_str("<unset>"),
            Tag::Nil => return out.push_str("nil"),
            Tag::Symbol => return out.push_str(self.symbol(value)),
            Tag::Return => return out.push_str("<return address>"),
            Tag::Bool => return out.push_str(if value.truthy() { "true" } else { "false" }),
            Tag::Char => return self.write_char(value, out),
            Tag::F32 | Tag::F64 => return write_float(value.float(), out),
            Tag::I8 | Tag::I16 | Tag::I32 | Tag::I64 | Tag::Isize => {
                let _ = write!(out, "{}", value.int());
                return;
            }
            Tag::U8 | Tag::U16 | Tag::U32 | Tag::U64 | Tag::Usize => {
                let _ = write!(out, "{}", value.payload);
                return;
            }
            Tag::I128 => return self.write_wide(value, out),
            Tag::U128 => return self.write_wide(value, out),
            Tag::Duration | Tag::Time => return write_duration(value.int(), out),
            Tag::String => return self.write_string(value, out),
            Tag::Function | Tag::Closure => return self.write_function(value, out),
            Tag::Variant0 => return self.write_variant(value, out),
            Tag::Range => {
                if let Ok((lo, hi, inclusive)) = self.heap.range_of(value) {
                    // The ends are integers or characters; anything else could be a range again, and so on.
                    let end = |v: Value| if v.tag < Tag::String as u8 { plain(self.heap, v) } else { "…".into() };
                    let _ = write!(out, "{}{}{}", end(lo), if inclusive { "..=" } else { ".." }, end(hi));
                }
                return;
            }
            Tag::List => {
                out.push('[');
                "]"
            }
            Tag::Map | Tag::Set => {
                out.push('{');
                "}"
            }
            Tag::Tuple => {
                out.push('(');
                ")"
            }
            Tag::Struct => match struct_of(self.heap, self.code, value) {
                Some(def) if def.tuple => {
                    let _ = write!(out, "{}(", def.name);
                    ")"
                }
                Some(def) if def.fields.is_empty() => {
                    out.push_str(&def.name);
                    return;
                }
                def => {
                    let _ = write!(out, "{} {{ ", def.map_or("struct", |def| &def.name));
                    " }"
                }
            },
            Tag::Variant => {
                self.write_variant(value, out);
                out.push('(');
                ")"
            }
            Tag::Box | Tag::Cell | Tag::FieldRef | Tag::IndexRef => return out.push('…'),
            Tag::Channel
            | Tag::Mutex
            | Tag::RwLock
            | Tag::Once
            | Tag::Barrier
            | Tag::WaitGroup
            | Tag::Semaphore
            | Tag::Atomic
            | Tag::Context
            | Tag::Ticker
            | Tag::Future
            | Tag::MutexGuard
            | Tag::ReadGuard
            | Tag::WriteGuard => return self.objects.describe(value, out),
        };
        self.open.push(Open { value, at: 0, count: 0, value_next: None, close });
    }

    /// Goes on in the innermost container: its next element, after what separates it from the one before, or its end.
    fn go_on(&mut self, out: &mut String) -> Step {
        let heap = self.heap;
        let max = self.style.max_elements;
        let names = self.open.last().and_then(|open| struct_of(heap, self.code, open.value));
        let names = names.filter(|def| !def.tuple).map(|def| def.fields.as_slice());
        let Some(open) = self.open.last_mut() else { return Step::End };
        if let Some(value) = open.value_next.take() {
            out.push_str(": ");
            return Step::Value(value);
        }
        let next = match open.value.kind() {
            Tag::List => heap.element(open.value, open.at).ok().flatten().map(|v| (open.at + 1, v, None)),
            tag @ (Tag::Map | Tag::Set) => heap
                .table_next(open.value, open.at)
                .ok()
                .flatten()
                .map(|(at, key, value)| (at, key, (tag == Tag::Map).then_some(value))),
            _ => heap
                .with_record(open.value, |r| r.fields().get(open.at).copied())
                .ok()
                .flatten()
                .map(|v| (open.at + 1, v, None)),
        };
        let Some((at, value, value_next)) = next else {
            out.push_str(open.close);
            self.open.pop();
            return Step::Closed;
        };
        if open.count > 0 {
            out.push_str(", ");
        }
        if open.count >= max {
            out.push('…');
            out.push_str(open.close);
            self.open.pop();
            return Step::Closed;
        }
        if let Some(name) = names.and_then(|names| names.get(open.at)) {
            let _ = write!(out, "{name}: ");
        }
        open.at = at;
        open.count += 1;
        open.value_next = value_next;
        Step::Value(value)
    }

    /// Whether a container is being written already: it contains itself.
    fn is_open(&self, value: Value) -> bool {
        // Only a box can close a cycle, so what is nested a little is not searched for.
        self.open.len() > 64 && self.open.iter().any(|open| open.value == value)
    }

    fn write_variant(&self, value: Value, out: &mut String) {
        let Some((ty, variant)) = self.heap.variant_of(value) else { return };
        let name =
            self.code.and_then(|code| code.enums.get(ty as usize)).and_then(|e| e.variants.get(variant as usize));
        let _ = match (name, ty) {
            (Some((name, _)), _) => write!(out, "{name}"),
            (None, 0) => write!(out, "{}", if variant == 0 { "Some" } else { "None" }),
            (None, 1) => write!(out, "{}", if variant == 0 { "Ok" } else { "Err" }),
            (None, _) => write!(out, "variant {variant}"),
        };
    }

    fn write_wide(&self, value: Value, out: &mut String) {
        let bits = self.heap.wide_bits(value).unwrap_or(0);
        let _ = if value.is(Tag::U128) { write!(out, "{bits}") } else { write!(out, "{}", bits as i128) };
    }

    fn write_string(&self, value: Value, out: &mut String) {
        let text = self.heap.str(value).unwrap_or("");
        if !self.style.quoted {
            return out.push_str(text);
        }
        // A preview needs no more of it than it can show.
        let shown: String = text.chars().take(self.style.max_bytes).collect();
        let _ = write!(out, "{shown:?}");
    }

    fn write_char(&self, value: Value, out: &mut String) {
        let c = char::from_u32(value.slot()).unwrap_or(char::REPLACEMENT_CHARACTER);
        if self.style.quoted {
            let _ = write!(out, "{c:?}");
        } else {
            out.push(c);
        }
    }

    fn write_function(&self, value: Value, out: &mut String) {
        let name = self
            .heap
            .function_of(value)
            .ok()
            .and_then(|(function, _)| self.code?.functions.get(function as usize))
            .map_or("?", |function| &function.name);
        let _ = write!(out, "fn {name}");
    }
}

fn struct_of<'a>(heap: &Heap, code: Option<&'a Code>, value: Value) -> Option<&'a StructCode> {
    if !value.is(Tag::Struct) {
        return None;
    }
    code?.structs.get(heap.with_record(value, |record| record.ty).ok()? as usize)
}

/// A float with at most six decimals, zeros at the end cut off but for one: `3.0`, `78.53975`, `3.333333`.
pub fn write_float(x: f64, out: &mut String) {
    if !x.is_finite() {
        out.push_str(if x.is_nan() {
            "NaN"
        } else if x > 0.0 {
            "inf"
        } else {
            "-inf"
        });
        return;
    }
    let start = out.len();
    let _ = write!(out, "{x:.6}");
    let keep = out[start..].trim_end_matches('0').len();
    out.truncate(start + keep);
    if out.ends_with('.') {
        out.push('0');
    }
}

/// A duration in the largest unit that it fills: `100ms`, `1.5s`, `250µs`, `7ns`, `0ns`, `90s`.
pub fn write_duration(nanoseconds: i64, out: &mut String) {
    if nanoseconds < 0 {
        out.push('-');
    }
    let _ = write!(out, "{:?}", std::time::Duration::from_nanos(nanoseconds.unsigned_abs()));
}
