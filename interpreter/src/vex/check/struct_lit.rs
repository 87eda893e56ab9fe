//! Struct literals: `P { x: 1, y, ..base }`.

use super::expect::{Expect, error_expr, expr, read};
use super::state::*;
use crate::core::{Expr, ExprKind, Projection};
use crate::diagnostics::{Code, Diagnostic};
use crate::types::{Ty, TyKind, Types};
use crate::vex::ast::{self, Visibility};

impl<'a> Checker<'a> {
    /// A struct literal.
    pub fn struct_literal(
        &mut self,
        path: &'a ast::Path,
        type_args: &'a [ast::TypeExpr],
        fields: &'a [ast::FieldInit],
        base: Option<&'a ast::Expr>,
        e: &'a ast::Expr,
        expect: Expect,
    ) -> Expr {
        let span = e.span;
        let scope = self.frame().scope;
        let written: Vec<Ty> = type_args.iter().map(|arg| self.resolve_type(arg, scope)).collect();
        let is_self = matches!(path.segments.as_slice(), [only] if &*only.name == "Self");
        let ty = if is_self {
            self.type_params.self_ty
        } else {
            match self.lookup_type_path(path, scope) {
                Some(TypeDef::Struct(id)) => {
                    let count = self.structs[id.0 as usize].generics.len();
                    let mut args = written;
                    for index in args.len()..count {
                        let var = self.fresh_at(e.id, 10 + index as u32);
                        args.push(var);
                    }
                    Some(self.build_type(TypeDef::Struct(id), args, path.span))
                }
                Some(def) => Some(self.build_type(def, written, path.span)),
                None => None,
            }
        };
        let Some(ty) = ty else {
            let name = Self::path_name(path);
            let mut diagnostic =
                Diagnostic::new(Code::UnknownType, path.span, format!("the struct `{name}` is not known"));
            let mut names: Vec<String> = self.structs.iter().map(|info| info.name.to_string()).collect();
            names.sort();
            diagnostic = super::hints::suggest(diagnostic, &name, names.iter().map(String::as_str));
            self.report(diagnostic);
            return self.loose_fields(fields, base, span);
        };
        let TyKind::Struct(id, args) = self.kind(ty) else {
            if self.shallow(ty) != Types::ERROR {
                let shown = self.show(ty);
                self.error(Code::UnknownType, path.span, format!("`{shown}` is no struct"));
            }
            return self.loose_fields(fields, base, span);
        };
        if let Some(want) = expect.ty() {
            let want = self.strip_refs(want);
            if matches!(self.kind(want), TyKind::Struct(own, _) if own == id) && self.could_unify(ty, want) {
                self.unify(ty, want);
            }
        }
        let count = self.structs[id.0 as usize].fields.len();
        let mut values: Vec<Option<Expr>> = (0..count).map(|_| None).collect();
        let mut order = Vec::new();
        for field in fields {
            let info = &self.structs[id.0 as usize];
            let Some(index) = info.fields.iter().position(|own| own.name == field.name.name) else {
                self.unknown_member(ty, &field.name, "field");
                self.check_expr(&field.value, Expect::Any);
                continue;
            };
            let own = &info.fields[index];
            let (field_ty, visibility, owner) = (own.ty, own.visibility, info.scope);
            if visibility != Visibility::Public && !self.same_file(owner) {
                let name = self.structs[id.0 as usize].name.clone();
                let kind = if visibility == Visibility::Private { "private" } else { "readonly" };
                self.error(
                    Code::PrivateMember,
                    field.name.span,
                    format!("the field `{}` of `{name}` is {kind}", field.name.name),
                );
            }
            let field_ty = self.subst(field_ty, &args);
            let value = self.check_to(&field.value, field_ty);
            if values[index].is_some() {
                self.error(
                    Code::MissingField,
                    field.name.span,
                    format!("the field `{}` is given twice", field.name.name),
                );
                continue;
            }
            values[index] = Some(value);
            order.push(index as u32);
        }
        let mut stmts = Vec::new();
        if let Some(base) = base {
            let value = self.check_to(base, ty);
            let place = match value.kind {
                ExprKind::Read(place) if Self::is_plain(&place) => place,
                kind => {
                    let (place, stmt) = self.bind_temporary(Expr { kind, ..value });
                    stmts.push(stmt);
                    place
                }
            };
            for (index, slot) in values.iter_mut().enumerate() {
                if slot.is_none() {
                    let field_ty = self.structs[id.0 as usize].fields[index].ty;
                    let field_ty = self.subst(field_ty, &args);
                    let mut from = place.clone();
                    from.projections.push(Projection::Field(index as u32, field_ty));
                    from.ty = field_ty;
                    *slot = Some(read(from));
                    order.push(index as u32);
                }
            }
        }
        let mut missing = Vec::new();
        for (index, slot) in values.iter_mut().enumerate() {
            if slot.is_some() {
                continue;
            }
            let info = &self.structs[id.0 as usize];
            let (default, field_ty, owner) = (info.fields[index].default, info.fields[index].ty, info.scope);
            match default {
                Some(default) => {
                    let field_ty = self.subst(field_ty, &args);
                    *slot = Some(self.in_scope(owner, |this| this.check_to(default, field_ty)));
                    order.push(index as u32);
                }
                None => missing.push(format!("`{}`", info.fields[index].name)),
            }
        }
        if !missing.is_empty() {
            let name = self.structs[id.0 as usize].name.clone();
            let plural = if missing.len() == 1 { "field" } else { "fields" };
            let header = self.structs[id.0 as usize].ast.header;
            self.report(
                Diagnostic::new(
                    Code::MissingField,
                    path.span,
                    format!("`{name}` lacks the {plural} {}", missing.join(", ")),
                )
                .note_at(header, "declared here"),
            );
            return expr(ExprKind::Error, ty, span);
        }
        let values = values.into_iter().flatten().collect();
        let literal = expr(ExprKind::Struct(id, values, order), ty, span);
        if stmts.is_empty() { literal } else { super::expect::block(stmts, literal) }
    }

    fn loose_fields(
        &mut self,
        fields: &'a [ast::FieldInit],
        base: Option<&'a ast::Expr>,
        span: crate::source::Span,
    ) -> Expr {
        for field in fields {
            self.check_expr(&field.value, Expect::Any);
        }
        if let Some(base) = base {
            self.check_expr(base, Expect::Any);
        }
        error_expr(span)
    }
}
