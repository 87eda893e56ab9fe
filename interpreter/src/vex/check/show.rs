//! How values are shown and cloned, once their types are final: by the engine, or by the program's own `toString` and
//! `clone`.

use super::expect::expr;
use super::state::*;
use crate::builtins::Builtin;
use crate::core::{BinaryOp, CompareOp, Expr, ExprKind, UnaryOp};
use crate::types::{OPTION, Ty, TyKind, Types};
use crate::vex::ast::Name;

impl Checker<'_> {
    /// A part of a formatted text: a call of `toString` where the program defines one for its type.
    pub fn settle_shown(&mut self, part: &mut Expr, prelude: bool) {
        let ty = self.seen_through(part.ty);
        if !self.has_own_text(ty, 0) {
            return;
        }
        let span = part.span;
        let value = std::mem::replace(part, super::expect::error_expr(span));
        *part = self.seen_value(value);
        match self.kind(ty) {
            TyKind::Struct(..) | TyKind::Enum(..) => {
                if let Some(decl) = self.own_method(ty, "to_string") {
                    if let Some(func) = self.decl(decl).func {
                        let value = std::mem::replace(part, super::expect::error_expr(span));
                        *part = expr(ExprKind::Call(func, vec![value]), Types::STRING, span);
                    }
                } else if matches!(self.kind(ty), TyKind::Enum(OPTION, _)) {
                    self.show_by(part, "show_option");
                } else if matches!(self.kind(ty), TyKind::Enum(crate::types::RESULT, _)) {
                    self.show_by(part, "show_result");
                }
            }
            TyKind::List(_) | TyKind::Array(..) => self.show_by(part, "show_list"),
            TyKind::Param(_) | TyKind::Contract(..) | TyKind::Union(_) | TyKind::Dynamic => {
                let _ = prelude;
                let value = std::mem::replace(part, super::expect::error_expr(span));
                *part = expr(ExprKind::CallMethod("toString".into(), vec![value]), Types::STRING, span);
            }
            _ => {}
        }
    }

    /// The value behind references, boxes and guards, looked at.
    fn seen_value(&self, value: Expr) -> Expr {
        let place = match value.kind {
            ExprKind::Read(place) | ExprKind::Borrow(place) => place,
            kind => super::expect::temporary(Expr { kind, ..value }),
        };
        super::expect::look(self.deref_all(place))
    }

    fn show_by(&mut self, part: &mut Expr, function: &str) {
        let span = part.span;
        let Some(ValueDef::Fns(decls)) = self.scopes[0].values.get(function) else { return };
        let Some(func) = self.decl(decls[0]).func else { return };
        let value = std::mem::replace(part, super::expect::error_expr(span));
        *part = expr(ExprKind::Call(func, vec![value]), Types::STRING, span);
    }

    /// The type behind references, boxes and guards.
    fn seen_through(&self, ty: Ty) -> Ty {
        let mut ty = self.shallow(ty);
        while let Some(next) = self.deref_step(ty) {
            if matches!(self.kind(ty), TyKind::Pointer(_)) {
                break;
            }
            ty = next;
        }
        ty
    }

    /// The program's own method for a type.
    fn own_method(&self, ty: Ty, name: &str) -> Option<DeclId> {
        let head = super::builtin_types::head_of(&self.kind(ty))?;
        let list = self.methods.get(&(head, Name::from(name)))?;
        list.iter()
            .copied()
            .find(|&decl| self.decl(decl).params.is_empty() && !matches!(self.decl(decl).body, Body::Builtin(_)))
    }

    /// Whether showing a value of this type calls a `toString` of the program.
    fn has_own_text(&self, ty: Ty, depth: u32) -> bool {
        const MAX_DEPTH: u32 = 4;
        if depth > MAX_DEPTH || !self.program_has_text {
            return false;
        }
        let ty = self.seen_through(ty);
        match self.kind(ty) {
            TyKind::Struct(..) => self.own_method(ty, "to_string").is_some(),
            TyKind::Enum(_, parts) => {
                self.own_method(ty, "to_string").is_some()
                    || parts.iter().any(|&part| self.has_own_text(part, depth + 1))
            }
            TyKind::List(part) | TyKind::Array(part, _) => self.has_own_text(part, depth + 1),
            TyKind::Param(_) | TyKind::Contract(..) | TyKind::Union(_) => true,
            _ => false,
        }
    }

    /// Whether the program makes values of the library's `Error`, which is shown as its message.
    fn uses_errors(&self) -> bool {
        let requested = |decl: &Decl<'_>| {
            decl.prelude
                && decl.func.is_some()
                && matches!(&*decl.full_name, "Error.new" | "errors_new" | "errors_wrap")
        };
        self.names_error || self.decls.iter().any(requested)
    }

    /// Makes sure that `toString` methods and what shows lists of them are there, if the program has any.
    pub fn request_texts(&mut self) {
        let own: Vec<DeclId> = self
            .method_list
            .iter()
            .map(|(_, decl)| *decl)
            .filter(|&decl| &*self.decl(decl).name == "toString" || &*self.decl(decl).name == "to_string")
            .filter(|&decl| !self.decl(decl).prelude || self.uses_errors())
            .collect();
        self.program_has_text = !own.is_empty();
        if !self.program_has_text {
            return;
        }
        self.dynamic_methods.insert("toString".into());
        self.dynamic_methods.insert("to_string".into());
        for decl in own {
            self.request(decl);
        }
        for name in ["show_list", "show_option", "show_result"] {
            if let Some(ValueDef::Fns(decls)) = self.scopes[0].values.get(name).cloned() {
                self.request(decls[0]);
            }
        }
    }

    /// An operator of generic code, where the program defines it for a type of its own: found by the values' kind.
    pub fn settle_operator(&mut self, e: &mut Expr) {
        let (name, swap, negate) = match &e.kind {
            ExprKind::Binary(op, left, _) if self.is_generic(left.ty) => (binary_name(*op), false, false),
            ExprKind::Compare(op, left, _) if self.is_generic(left.ty) => match op {
                CompareOp::Eq => ("op==", false, false),
                CompareOp::Ne => ("op==", false, true),
                CompareOp::Lt => ("op<", false, false),
                CompareOp::Gt => ("op<", true, false),
                CompareOp::Le => ("op<", true, true),
                CompareOp::Ge => ("op<", false, true),
            },
            _ => return,
        };
        let defined =
            self.method_list.iter().any(|(_, decl)| &*self.decl(*decl).name == name && !self.decl(*decl).prelude);
        if !defined {
            return;
        }
        self.dynamic_methods.insert(name.into());
        let span = e.span;
        let ty = e.ty;
        let (ExprKind::Binary(_, left, right) | ExprKind::Compare(_, left, right)) =
            std::mem::replace(&mut e.kind, ExprKind::Error)
        else {
            return;
        };
        let args = if swap { vec![*right, *left] } else { vec![*left, *right] };
        let call = expr(ExprKind::CallMethod(name.into(), args), ty, span);
        *e = if negate { expr(ExprKind::Unary(UnaryOp::Not, Box::new(call)), ty, span) } else { call };
    }

    fn is_generic(&self, ty: Ty) -> bool {
        matches!(self.types.kind(ty), TyKind::Param(_) | TyKind::Contract(..) | TyKind::Union(_))
    }

    /// `clone()` of a type with a `clone` method of its own was resolved to it; of a handle it is the handle.
    pub fn settle_clone(&mut self, e: &mut Expr) {
        if let ExprKind::Builtin(Builtin::CloneValue, args) = &mut e.kind
            && args.len() == 1
            && self.is_copy_like(e.ty)
            && let ExprKind::Borrow(_) = &args[0].kind
            && let Some(mut only) = args.pop()
        {
            if let ExprKind::Borrow(place) = only.kind {
                only.kind = ExprKind::Read(place);
            }
            *e = only;
        }
    }
}

fn binary_name(op: BinaryOp) -> &'static str {
    match op {
        BinaryOp::Add => "op+",
        BinaryOp::Sub => "op-",
        BinaryOp::Mul => "op*",
        BinaryOp::Div => "op/",
        BinaryOp::Rem => "op%",
        BinaryOp::Pow => "op**",
        BinaryOp::BitAnd => "op&",
        BinaryOp::BitOr => "op|",
        BinaryOp::BitXor => "op^",
        BinaryOp::Shl => "op<<",
        BinaryOp::Shr => "op>>",
    }
}
