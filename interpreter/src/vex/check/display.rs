//! Types as Vex writes them, for messages.

use super::infer::VarKind;
use super::state::Checker;
use crate::types::{Ty, TyKind};

/// Deeper types are cut: nobody reads them in a message.
const MAX_DEPTH: u32 = 6;

impl Checker<'_> {
    /// The type in Vex syntax.
    pub fn show(&self, ty: Ty) -> String {
        let mut out = String::new();
        self.write_type(&mut out, ty, 0);
        out
    }

    fn write_list(&self, out: &mut String, types: &[Ty], depth: u32) {
        for (index, &ty) in types.iter().enumerate() {
            if index > 0 {
                out.push_str(", ");
            }
            self.write_type(out, ty, depth);
        }
    }

    fn write_generic(&self, out: &mut String, name: &str, args: &[Ty], depth: u32) {
        out.push_str(name);
        if !args.is_empty() {
            out.push('<');
            self.write_list(out, args, depth);
            out.push('>');
        }
    }

    fn write_type(&self, out: &mut String, ty: Ty, depth: u32) {
        let ty = self.shallow(ty);
        let kind = self.types.kind(ty);
        if depth > MAX_DEPTH && kind.has_parts() {
            out.push('…');
            return;
        }
        let depth = depth + 1;
        match kind {
            TyKind::Error => out.push('?'),
            TyKind::Never => out.push_str("never"),
            TyKind::Dynamic => out.push_str("any"),
            TyKind::Unit => out.push_str("()"),
            TyKind::Bool => out.push_str("bool"),
            TyKind::Char => out.push_str("char"),
            TyKind::Str => out.push_str("str"),
            TyKind::String => out.push_str("string"),
            TyKind::Int(kind) => out.push_str(kind.name()),
            TyKind::F32 => out.push_str("f32"),
            TyKind::F64 => out.push_str("f64"),
            TyKind::Tuple(parts) => {
                out.push('(');
                self.write_list(out, parts, depth);
                out.push(')');
            }
            TyKind::List(element) => {
                out.push('[');
                self.write_type(out, *element, depth);
                out.push(']');
            }
            TyKind::Array(element, len) => {
                out.push('[');
                self.write_type(out, *element, depth);
                out.push_str(&format!("; {len}]"));
            }
            TyKind::Map(key, value) => self.write_generic(out, "Map", &[*key, *value], depth),
            TyKind::Set(t) => self.write_generic(out, "Set", &[*t], depth),
            TyKind::Range(t) => self.write_generic(out, "Range", &[*t], depth),
            TyKind::Struct(id, args) => {
                let name = self.structs[id.0 as usize].name.clone();
                self.write_generic(out, &name, args, depth);
            }
            TyKind::Enum(id, args) => {
                let name = self.enums[id.0 as usize].name.clone();
                self.write_generic(out, &name, args, depth);
            }
            TyKind::Contract(id, args) => {
                let name = self.contracts[id.0 as usize].name.clone();
                self.write_generic(out, &name, args, depth);
            }
            TyKind::Union(parts) => {
                for (index, &part) in parts.iter().enumerate() {
                    if index > 0 {
                        out.push_str(" | ");
                    }
                    self.write_type(out, part, depth);
                }
            }
            TyKind::Fn(params, ret) => {
                out.push_str("fn(");
                self.write_list(out, params, depth);
                out.push(')');
                if self.types.kind(self.shallow(*ret)) != &TyKind::Unit {
                    out.push_str(": ");
                    self.write_type(out, *ret, depth);
                }
            }
            TyKind::Ref(t) => {
                out.push('&');
                self.write_type(out, *t, depth);
            }
            TyKind::RefMut(t) => {
                out.push('&');
                self.write_type(out, *t, depth);
                out.push('!');
            }
            TyKind::Span(t) => self.write_generic(out, "Span", &[*t], depth),
            TyKind::Pointer(t) => {
                out.push('*');
                self.write_type(out, *t, depth);
            }
            TyKind::Box(t) => self.write_generic(out, "Box", &[*t], depth),
            TyKind::Channel(t) => self.write_generic(out, "Channel", &[*t], depth),
            TyKind::Future(t) => self.write_generic(out, "Future", &[*t], depth),
            TyKind::Mutex(t) => self.write_generic(out, "Mutex", &[*t], depth),
            TyKind::MutexGuard(t) => self.write_generic(out, "MutexGuard", &[*t], depth),
            TyKind::RwLock(t) => self.write_generic(out, "RwLock", &[*t], depth),
            TyKind::ReadGuard(t) => self.write_generic(out, "ReadGuard", &[*t], depth),
            TyKind::WriteGuard(t) => self.write_generic(out, "WriteGuard", &[*t], depth),
            TyKind::Atomic(t) => self.write_generic(out, "Atomic", &[*t], depth),
            TyKind::Once => out.push_str("Once"),
            TyKind::Barrier => out.push_str("Barrier"),
            TyKind::WaitGroup => out.push_str("WaitGroup"),
            TyKind::Semaphore => out.push_str("Semaphore"),
            TyKind::Context => out.push_str("Context"),
            TyKind::Ticker => out.push_str("Ticker"),
            TyKind::Duration => out.push_str("Duration"),
            TyKind::Time => out.push_str("Time"),
            TyKind::Param(index) => match self.generics.get(*index as usize) {
                Some(param) => out.push_str(&param.name),
                None => out.push_str(&format!("T{index}")),
            },
            TyKind::Infer(_) => out.push_str(match self.free_kind(ty) {
                Some(VarKind::Int) => "integer",
                Some(VarKind::Float) => "float",
                _ => "_",
            }),
        }
    }
}
