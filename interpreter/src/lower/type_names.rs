//! Types in the language's words, for debuggers.

use crate::core::Program;
use crate::types::{EnumId, StructId, Ty, TyKind, Types};

/// Deeper types are cut.
const MAX_DEPTH: u32 = 8;

/// The type as a user would write it.
pub fn type_name(program: &Program, types: &Types, ty: Ty) -> String {
    let mut text = String::new();
    write(program, types, ty, 0, &mut text);
    text
}

fn write(program: &Program, types: &Types, ty: Ty, depth: u32, out: &mut String) {
    if depth > MAX_DEPTH {
        out.push_str("..");
        return;
    }
    let one = |name: &str, inner: Ty, out: &mut String| {
        out.push_str(name);
        out.push('<');
        write(program, types, inner, depth + 1, out);
        out.push('>');
    };
    let list = |open: &str, parts: &[Ty], separator: &str, close: &str, out: &mut String| {
        out.push_str(open);
        for (i, &part) in parts.iter().enumerate() {
            if i > 0 {
                out.push_str(separator);
            }
            write(program, types, part, depth + 1, out);
        }
        out.push_str(close);
    };
    let named = |name: &str, args: &[Ty], out: &mut String| {
        out.push_str(name);
        if !args.is_empty() {
            list("<", args, ", ", ">", out);
        }
    };
    match types.kind(ty) {
        TyKind::Error | TyKind::Infer(_) => out.push('?'),
        TyKind::Never => out.push('!'),
        TyKind::Dynamic => out.push_str("any"),
        TyKind::Unit => out.push_str("()"),
        TyKind::Bool => out.push_str("bool"),
        TyKind::Char => out.push_str("char"),
        TyKind::Str => out.push_str("str"),
        TyKind::String => out.push_str("string"),
        TyKind::Int(kind) => out.push_str(kind.name()),
        TyKind::F32 => out.push_str("f32"),
        TyKind::F64 => out.push_str("f64"),
        TyKind::Tuple(parts) => list("(", parts, ", ", ")", out),
        TyKind::List(t) => list("[", &[*t], "", "]", out),
        TyKind::Array(t, n) => list("[", &[*t], "", &format!("; {n}]"), out),
        TyKind::Map(k, v) => list("Map<", &[*k, *v], ", ", ">", out),
        TyKind::Set(t) => one("Set", *t, out),
        TyKind::Range(t) => one("Range", *t, out),
        TyKind::Struct(StructId(id), args) => {
            named(program.structs.get(*id as usize).map_or("struct", |s| &s.name), args, out);
        }
        TyKind::Enum(EnumId(id), args) => {
            named(program.enums.get(*id as usize).map_or("enum", |e| &e.name), args, out);
        }
        TyKind::Contract(_, args) => named("contract", args, out),
        TyKind::Union(parts) => list("", parts, " | ", "", out),
        TyKind::Fn(params, ret) => {
            list("fn(", params, ", ", "): ", out);
            write(program, types, *ret, depth + 1, out);
        }
        TyKind::Ref(t) => list("&", &[*t], "", "", out),
        TyKind::RefMut(t) => list("&", &[*t], "", "!", out),
        TyKind::Span(t) => one("Span", *t, out),
        TyKind::Pointer(t) => list("*", &[*t], "", "", out),
        TyKind::Box(t) => one("Box", *t, out),
        TyKind::Channel(t) => one("Channel", *t, out),
        TyKind::Future(t) => one("Future", *t, out),
        TyKind::Mutex(t) => one("Mutex", *t, out),
        TyKind::MutexGuard(t) => one("MutexGuard", *t, out),
        TyKind::RwLock(t) => one("RwLock", *t, out),
        TyKind::ReadGuard(t) => one("ReadGuard", *t, out),
        TyKind::WriteGuard(t) => one("WriteGuard", *t, out),
        TyKind::Once => out.push_str("Once"),
        TyKind::Barrier => out.push_str("Barrier"),
        TyKind::WaitGroup => out.push_str("WaitGroup"),
        TyKind::Semaphore => out.push_str("Semaphore"),
        TyKind::Atomic(t) => one("Atomic", *t, out),
        TyKind::Context => out.push_str("Context"),
        TyKind::Ticker => out.push_str("Ticker"),
        TyKind::Duration => out.push_str("Duration"),
        TyKind::Time => out.push_str("Time"),
        TyKind::Param(i) => out.push_str(["T", "U", "V", "W"].get(*i as usize).unwrap_or(&"T")),
    }
}
