//! Patterns: resolves names, gives bindings their types, and reports what cannot match.

use super::state::*;
use crate::core::{Const, LocalId, Pattern, PatternKind};
use crate::diagnostics::{Code, Diagnostic};
use crate::source::Span;
use crate::types::{EnumId, Ty, TyKind, Types};
use crate::vex::ast::{self, Ident, Name, PatKind, Path};

/// Names that a pattern has bound.
#[derive(Default)]
struct Bindings {
    names: Vec<(Name, LocalId)>,
    /// In the second and later alternatives of `p | q`: names must be among these, and bind the same locals.
    reuse: Option<Vec<(Name, LocalId)>>,
    mutable: bool,
}

impl<'a> Checker<'a> {
    /// A pattern for values of type `ty`; its names are declared in the innermost block.
    pub fn check_pattern(&mut self, pattern: &'a ast::Pattern, ty: Ty, mutable: bool) -> Pattern {
        let mut bindings = Bindings { mutable, ..Bindings::default() };
        self.pattern(pattern, ty, &mut bindings)
    }

    fn pattern(&mut self, pattern: &'a ast::Pattern, ty: Ty, bindings: &mut Bindings) -> Pattern {
        let span = pattern.span;
        let seen = self.strip_refs(ty);
        let make = |kind: PatternKind, ty: Ty| Pattern { kind, ty, span };
        match &pattern.kind {
            PatKind::Wild | PatKind::Error => make(PatternKind::Wild, ty),
            PatKind::Binding { name } => self.binding(name, ty, bindings),
            PatKind::Literal(literal) => {
                let (value, value_ty) = self.pattern_literal(literal, seen);
                match value {
                    Some(value) => {
                        self.pattern_fits(seen, value_ty, span);
                        make(PatternKind::Const(value), seen)
                    }
                    None => make(PatternKind::Wild, ty),
                }
            }
            PatKind::Range { low, high, inclusive } => {
                let end = |this: &mut Self, end: &'a Option<Box<ast::Expr>>| {
                    let end = end.as_deref()?;
                    let (value, value_ty) = this.pattern_literal(end, seen);
                    this.pattern_fits(seen, value_ty, end.span);
                    value
                };
                let lo = end(self, low);
                let hi = end(self, high);
                make(PatternKind::Range { lo, hi, inclusive: *inclusive }, seen)
            }
            PatKind::Tuple(parts) => {
                if parts.is_empty() {
                    self.pattern_fits(seen, Types::UNIT, span);
                    return make(PatternKind::Wild, ty);
                }
                let types = match self.kind(seen) {
                    TyKind::Tuple(types) if types.len() == parts.len() => types,
                    TyKind::Error => vec![Types::ERROR; parts.len()],
                    TyKind::Infer(_) if self.is_unknown(seen) => {
                        let types: Vec<Ty> = parts.iter().map(|part| self.fresh_at(part.id, 0)).collect();
                        let tuple = self.types.intern(TyKind::Tuple(types.clone()));
                        self.unify(seen, tuple);
                        types
                    }
                    TyKind::Tuple(types) => {
                        let message = format!("the pattern has {} parts, the tuple has {}", parts.len(), types.len());
                        self.error(Code::BadPattern, span, message);
                        vec![Types::ERROR; parts.len()]
                    }
                    _ => {
                        self.wrong_pattern(seen, "a tuple", span);
                        vec![Types::ERROR; parts.len()]
                    }
                };
                let fields = parts
                    .iter()
                    .zip(types)
                    .enumerate()
                    .map(|(index, (part, ty))| (index as u32, self.pattern(part, ty, bindings)))
                    .collect();
                make(PatternKind::Fields(fields), seen)
            }
            PatKind::Path(path) => self.path_pattern(path, &[], seen, span, bindings),
            PatKind::Variant { path, args } => self.path_pattern(path, args, seen, span, bindings),
            PatKind::Struct { path, fields, rest } => self.struct_pattern(path, fields, *rest, seen, span, bindings),
            PatKind::List { before, rest, after } => {
                self.list_pattern(before, rest.as_deref(), after, seen, span, bindings)
            }
            PatKind::Or(alternatives) => {
                let mut patterns = Vec::new();
                let outer_reuse = bindings.reuse.take();
                let start = bindings.names.len();
                for (index, alternative) in alternatives.iter().enumerate() {
                    if index == 0 {
                        bindings.reuse.clone_from(&outer_reuse);
                        patterns.push(self.pattern(alternative, ty, bindings));
                        continue;
                    }
                    let mut same = bindings.names[start..].to_vec();
                    if let Some(outer) = &outer_reuse {
                        same.extend(outer.iter().cloned());
                    }
                    let before = bindings.names.len();
                    bindings.reuse = Some(same);
                    patterns.push(self.pattern(alternative, ty, bindings));
                    // What the alternative bound again is no new name.
                    let bound: Vec<Name> = bindings.names.drain(before..).map(|(name, _)| name).collect();
                    for (name, _) in &bindings.names[start..] {
                        if !bound.contains(name) {
                            self.error(
                                Code::BadPattern,
                                alternative.span,
                                format!("`{name}` is not bound in every alternative"),
                            );
                        }
                    }
                }
                bindings.reuse = outer_reuse;
                make(PatternKind::Or(patterns), seen)
            }
        }
    }

    /// A bare name: a unit variant, a constant, or a new variable.
    fn binding(&mut self, name: &'a Ident, ty: Ty, bindings: &mut Bindings) -> Pattern {
        let span = name.span;
        if &*name.name == "_" {
            return Pattern { kind: PatternKind::Wild, ty, span };
        }
        let seen = self.strip_refs(ty);
        if let TyKind::Enum(id, _) = self.kind(seen) {
            let info = &self.enums[id.0 as usize];
            if let Some(index) = info.variants.iter().position(|(own, _)| *own == name.name) {
                return self.variant_pattern(id, index as u32, &[], seen, span, bindings);
            }
        }
        let scope = self.frame().scope;
        let capital = name.name.starts_with(|c: char| c.is_ascii_uppercase());
        if capital {
            let variants = self.lookup_variants(&name.name, scope);
            if let &[(id, index)] = variants.as_slice() {
                let payload = !self.enums[id.0 as usize].variants[index as usize].1.is_empty();
                if self.is_unknown(seen) || (!payload && !matches!(self.kind(seen), TyKind::Error)) {
                    return self.variant_pattern(id, index, &[], seen, span, bindings);
                }
            }
            if let Some(ValueDef::Const(index)) = self.lookup_value(&name.name, scope)
                && let Some((value, value_ty)) = self.const_scalar(index)
            {
                self.pattern_fits(seen, value_ty, span);
                return Pattern { kind: PatternKind::Const(value), ty: seen, span };
            }
            if let TyKind::Enum(id, _) = self.kind(seen) {
                self.unknown_variant(id, name);
                return Pattern { kind: PatternKind::Wild, ty, span };
            }
        }
        if let Some(reuse) = &bindings.reuse {
            match reuse.iter().find(|(own, _)| *own == name.name) {
                Some(&(_, local)) => {
                    let own = self.frame().locals[local.0 as usize].local.ty;
                    if !self.unify(own, ty) {
                        let (a, b) = (self.show(own), self.show(ty));
                        let message = format!("`{}` is `{a}` in one alternative and `{b}` in another", name.name);
                        self.error(Code::BadPattern, span, message);
                    }
                    bindings.names.push((name.name.clone(), local));
                    return Pattern { kind: PatternKind::Bind(local, None), ty, span };
                }
                None => {
                    let message = format!("`{}` is not bound in every alternative", name.name);
                    self.error(Code::BadPattern, span, message);
                }
            }
        }
        if bindings.names.iter().any(|(own, _)| *own == name.name) {
            let message = format!("`{}` is bound twice in one pattern", name.name);
            self.error(Code::DuplicateDefinition, span, message);
        }
        let local = self.declare_local(&name.name, ty, bindings.mutable, span);
        bindings.names.push((name.name.clone(), local));
        Pattern { kind: PatternKind::Bind(local, None), ty, span }
    }

    /// A literal in a pattern, with its type.
    fn pattern_literal(&mut self, e: &'a ast::Expr, seen: Ty) -> (Option<Const>, Ty) {
        let scope = self.frame().scope;
        match &e.kind {
            ast::ExprKind::Str(text) => (Some(Const::Str(text.to_string())), Types::STRING),
            ast::ExprKind::Char(c) => (Some(Const::Char(*c)), Types::CHAR),
            ast::ExprKind::Bool(value) => (Some(Const::Bool(*value)), Types::BOOL),
            ast::ExprKind::Float { value, .. } => (Some(Const::Float(*value)), self.float_ty(seen)),
            ast::ExprKind::Nil => (Some(Const::Nil), seen),
            ast::ExprKind::Unary { op: ast::UnaryOp::Neg, operand }
                if matches!(operand.kind, ast::ExprKind::Float { .. }) =>
            {
                match &operand.kind {
                    ast::ExprKind::Float { value, .. } => (Some(Const::Float(-value)), self.float_ty(seen)),
                    _ => (None, Types::ERROR),
                }
            }
            ast::ExprKind::Error => (None, Types::ERROR),
            _ => match self.const_int(e, scope) {
                Some(value) => {
                    let ty = self.fresh_kind(super::infer::VarKind::Int);
                    if matches!(self.kind(seen), TyKind::F64 | TyKind::F32) {
                        return (Some(Const::Float(value as f64)), seen);
                    }
                    (Some(Const::Int(value)), ty)
                }
                None => {
                    self.error(Code::NotAConstant, e.span, "a pattern is made of literals and constants");
                    (None, Types::ERROR)
                }
            },
        }
    }

    fn float_ty(&self, seen: Ty) -> Ty {
        if matches!(self.kind(seen), TyKind::F32) { seen } else { Types::F64 }
    }

    fn pattern_fits(&mut self, seen: Ty, pattern: Ty, span: Span) {
        if let TyKind::Union(parts) = self.kind(seen)
            && parts.iter().any(|&part| self.could_unify(part, pattern))
        {
            return;
        }
        if !self.unify(seen, pattern) {
            let (a, b) = (self.show(seen), self.show(pattern));
            self.error(Code::BadPattern, span, format!("the value is `{a}`, the pattern is for `{b}`"));
        }
    }

    fn wrong_pattern(&mut self, seen: Ty, what: &str, span: Span) {
        if self.shallow(seen) == Types::ERROR {
            return;
        }
        let shown = self.show(seen);
        let mut diagnostic =
            Diagnostic::new(Code::BadPattern, span, format!("the value is `{shown}`, the pattern is for {what}"));
        if matches!(self.kind(seen), TyKind::Box(_)) {
            diagnostic = diagnostic.help("bind the box to a name and match on that");
        }
        self.report(diagnostic);
    }

    /// `Msg.Put(p)`, `Some(p)`, `Id(p)`, `Msg.Stop`.
    fn path_pattern(
        &mut self,
        path: &'a Path,
        args: &'a [ast::Pattern],
        seen: Ty,
        span: Span,
        bindings: &mut Bindings,
    ) -> Pattern {
        let scope = self.frame().scope;
        let Some((last, owner)) = path.segments.split_last() else {
            return Pattern { kind: PatternKind::Wild, ty: seen, span };
        };
        if owner.is_empty() {
            if let TyKind::Enum(id, _) = self.kind(seen) {
                let info = &self.enums[id.0 as usize];
                if let Some(index) = info.variants.iter().position(|(own, _)| *own == last.name) {
                    return self.variant_pattern(id, index as u32, args, seen, span, bindings);
                }
            }
            let variants = self.lookup_variants(&last.name, scope);
            if let Some(&(id, index)) = variants.first() {
                return self.variant_pattern(id, index, args, seen, span, bindings);
            }
            match self.lookup_type(&last.name, scope) {
                Some(TypeDef::Struct(id)) if self.structs[id.0 as usize].tuple => {
                    return self.tuple_struct_pattern(id, args, seen, span, bindings);
                }
                Some(def) if matches!(self.kind(seen), TyKind::Union(_)) && args.len() == 1 => {
                    let ty = self.build_type(def, Vec::new(), last.span);
                    let inner = self.pattern(&args[0], ty, bindings);
                    return Pattern { kind: PatternKind::TypeTest(ty, Box::new(inner)), ty: seen, span };
                }
                _ => {}
            }
            if let TyKind::Enum(id, _) = self.kind(seen) {
                self.unknown_variant(id, last);
            } else {
                self.error(Code::UnknownVariant, last.span, format!("no variant `{}` is known here", last.name));
            }
        } else {
            let owner_path = Path { segments: owner.to_vec(), span: path.span };
            match self.lookup_type_path(&owner_path, scope) {
                Some(TypeDef::Enum(id)) => {
                    let info = &self.enums[id.0 as usize];
                    match info.variants.iter().position(|(own, _)| *own == last.name) {
                        Some(index) => return self.variant_pattern(id, index as u32, args, seen, span, bindings),
                        None => self.unknown_variant(id, last),
                    }
                }
                Some(TypeDef::Alias(_)) => {
                    if let Some(TypeDef::Alias(alias)) = self.lookup_type_path(&owner_path, scope) {
                        let ty = self.build_type(TypeDef::Alias(alias), Vec::new(), path.span);
                        if let TyKind::Enum(id, _) = self.kind(ty) {
                            let info = &self.enums[id.0 as usize];
                            if let Some(index) = info.variants.iter().position(|(own, _)| *own == last.name) {
                                return self.variant_pattern(id, index as u32, args, seen, span, bindings);
                            }
                            self.unknown_variant(id, last);
                        }
                    }
                }
                Some(_) => {
                    let name = Self::path_name(&owner_path);
                    self.error(Code::UnknownVariant, path.span, format!("`{name}` is no enum"));
                }
                None => {
                    let name = Self::path_name(&owner_path);
                    self.error(Code::UnknownType, path.span, format!("the type `{name}` is not known"));
                }
            }
        }
        for arg in args {
            self.pattern(arg, Types::ERROR, bindings);
        }
        Pattern { kind: PatternKind::Wild, ty: seen, span }
    }

    fn variant_pattern(
        &mut self,
        id: EnumId,
        index: u32,
        args: &'a [ast::Pattern],
        seen: Ty,
        span: Span,
        bindings: &mut Bindings,
    ) -> Pattern {
        let (name, payload) = self.enums[id.0 as usize].variants[index as usize].clone();
        let count = self.enums[id.0 as usize].generics.len();
        let type_args: Vec<Ty> = match self.kind(seen) {
            TyKind::Enum(own, args) if own == id => args,
            _ => {
                let args: Vec<Ty> = (0..count).map(|_| self.fresh()).collect();
                let ty = self.types.intern(TyKind::Enum(id, args.clone()));
                if matches!(self.kind(seen), TyKind::Union(_)) && self.could_unify_part(seen, ty) {
                    let inner = self.variant_pattern(id, index, &[], ty, span, &mut Bindings::default());
                    return Pattern { kind: PatternKind::TypeTest(ty, Box::new(inner)), ty: seen, span };
                }
                if !self.unify(seen, ty) {
                    let enum_name = self.enums[id.0 as usize].name.clone();
                    self.wrong_pattern(seen, &format!("`{enum_name}`"), span);
                }
                args
            }
        };
        if args.len() != payload.len() {
            let message = format!(
                "`{name}` holds {} value{}, the pattern has {}",
                payload.len(),
                if payload.len() == 1 { "" } else { "s" },
                args.len()
            );
            self.error(Code::BadPattern, span, message);
        }
        let mut parts = Vec::new();
        for (position, arg) in args.iter().enumerate() {
            let ty = match payload.get(position) {
                Some(&ty) => self.subst(ty, &type_args),
                None => Types::ERROR,
            };
            parts.push(self.pattern(arg, ty, bindings));
        }
        while parts.len() < payload.len() {
            let ty = self.subst(payload[parts.len()], &type_args);
            parts.push(Pattern { kind: PatternKind::Wild, ty, span });
        }
        parts.truncate(payload.len());
        Pattern { kind: PatternKind::Variant(index, parts), ty: seen, span }
    }

    fn could_unify_part(&self, union: Ty, part: Ty) -> bool {
        match self.kind(union) {
            TyKind::Union(parts) => parts.iter().any(|&own| self.could_unify(own, part)),
            _ => false,
        }
    }

    fn tuple_struct_pattern(
        &mut self,
        id: crate::types::StructId,
        args: &'a [ast::Pattern],
        seen: Ty,
        span: Span,
        bindings: &mut Bindings,
    ) -> Pattern {
        let type_args = self.struct_args(id, seen, span);
        let fields: Vec<Ty> = self.structs[id.0 as usize].fields.iter().map(|field| field.ty).collect();
        if args.len() != fields.len() {
            let name = self.structs[id.0 as usize].name.clone();
            let message = format!("`{name}` has {} fields, the pattern has {}", fields.len(), args.len());
            self.error(Code::BadPattern, span, message);
        }
        let mut parts = Vec::new();
        for (index, arg) in args.iter().enumerate() {
            let ty = match fields.get(index) {
                Some(&ty) => self.subst(ty, &type_args),
                None => Types::ERROR,
            };
            parts.push((index as u32, self.pattern(arg, ty, bindings)));
        }
        parts.truncate(fields.len());
        self.union_test(id, &type_args, PatternKind::Fields(parts), seen, span)
    }

    /// The type arguments of a struct that a pattern names; reports a value of another type.
    fn struct_args(&mut self, id: crate::types::StructId, seen: Ty, span: Span) -> Vec<Ty> {
        match self.kind(seen) {
            TyKind::Struct(own, args) if own == id => args,
            _ => {
                let count = self.structs[id.0 as usize].generics.len();
                let args: Vec<Ty> = (0..count).map(|_| self.fresh()).collect();
                let ty = self.types.intern(TyKind::Struct(id, args.clone()));
                if !self.could_unify_part(seen, ty) && !self.unify(seen, ty) {
                    let name = self.structs[id.0 as usize].name.clone();
                    self.wrong_pattern(seen, &format!("`{name}`"), span);
                }
                args
            }
        }
    }

    fn union_test(
        &mut self,
        id: crate::types::StructId,
        args: &[Ty],
        kind: PatternKind,
        seen: Ty,
        span: Span,
    ) -> Pattern {
        if matches!(self.kind(seen), TyKind::Union(_)) {
            let ty = self.types.intern(TyKind::Struct(id, args.to_vec()));
            let inner = Pattern { kind, ty, span };
            return Pattern { kind: PatternKind::TypeTest(ty, Box::new(inner)), ty: seen, span };
        }
        Pattern { kind, ty: seen, span }
    }

    fn struct_pattern(
        &mut self,
        path: &'a Path,
        fields: &'a [ast::FieldPattern],
        rest: bool,
        seen: Ty,
        span: Span,
        bindings: &mut Bindings,
    ) -> Pattern {
        let scope = self.frame().scope;
        let id = match self.lookup_type_path(path, scope) {
            Some(TypeDef::Struct(id)) => id,
            Some(def @ TypeDef::Alias(_)) => {
                let ty = self.build_type(def, Vec::new(), path.span);
                match self.kind(ty) {
                    TyKind::Struct(id, _) => id,
                    _ => return self.bad_struct_pattern(path, fields, seen, span, bindings),
                }
            }
            _ => return self.bad_struct_pattern(path, fields, seen, span, bindings),
        };
        let type_args = self.struct_args(id, seen, span);
        let mut parts: Vec<(u32, Pattern)> = Vec::new();
        for field in fields {
            let info = &self.structs[id.0 as usize];
            let found = info.fields.iter().position(|own| own.name == field.name.name);
            match found {
                Some(index) => {
                    let ty = self.structs[id.0 as usize].fields[index].ty;
                    let ty = self.subst(ty, &type_args);
                    if parts.iter().any(|(own, _)| *own == index as u32) {
                        let message = format!("the field `{}` stands twice in the pattern", field.name.name);
                        self.error(Code::DuplicateDefinition, field.name.span, message);
                    }
                    let part = self.pattern(&field.pattern, ty, bindings);
                    parts.push((index as u32, part));
                }
                None => {
                    let ty = self.types.intern(TyKind::Struct(id, type_args.clone()));
                    self.unknown_member(ty, &field.name, "field");
                    self.pattern(&field.pattern, Types::ERROR, bindings);
                }
            }
        }
        let total = self.structs[id.0 as usize].fields.len();
        if !rest && parts.len() < total && parts.len() == fields.len() {
            let missing: Vec<String> = self.structs[id.0 as usize]
                .fields
                .iter()
                .enumerate()
                .filter(|(index, _)| !parts.iter().any(|(own, _)| *own == *index as u32))
                .map(|(_, field)| format!("`{}`", field.name))
                .collect();
            let message = format!("the pattern leaves out {}", missing.join(", "));
            self.report(Diagnostic::new(Code::BadPattern, span, message).help("end it with `..` to ignore the others"));
        }
        self.union_test(id, &type_args, PatternKind::Fields(parts), seen, span)
    }

    fn bad_struct_pattern(
        &mut self,
        path: &'a Path,
        fields: &'a [ast::FieldPattern],
        seen: Ty,
        span: Span,
        bindings: &mut Bindings,
    ) -> Pattern {
        let name = Self::path_name(path);
        self.error(Code::UnknownType, path.span, format!("the struct `{name}` is not known"));
        for field in fields {
            self.pattern(&field.pattern, Types::ERROR, bindings);
        }
        Pattern { kind: PatternKind::Wild, ty: seen, span }
    }

    fn list_pattern(
        &mut self,
        before: &'a [ast::Pattern],
        rest: Option<&'a ast::Pattern>,
        after: &'a [ast::Pattern],
        seen: Ty,
        span: Span,
        bindings: &mut Bindings,
    ) -> Pattern {
        let element = match self.kind(seen) {
            TyKind::List(element) | TyKind::Array(element, _) | TyKind::Span(element) => element,
            TyKind::Infer(_) if self.is_unknown(seen) => {
                let element = self.fresh();
                let list = self.types.intern(TyKind::List(element));
                self.unify(seen, list);
                element
            }
            _ => {
                self.wrong_pattern(seen, "a list", span);
                Types::ERROR
            }
        };
        let before = before.iter().map(|part| self.pattern(part, element, bindings)).collect();
        let rest = rest.map(|rest| match &rest.kind {
            PatKind::Binding { name } if &*name.name != "_" => {
                let list = self.types.intern(TyKind::List(element));
                let pattern = self.binding(name, list, bindings);
                match pattern.kind {
                    PatternKind::Bind(local, _) => Some(local),
                    _ => None,
                }
            }
            _ => None,
        });
        let after = after.iter().map(|part| self.pattern(part, element, bindings)).collect();
        Pattern { kind: PatternKind::List { before, rest, after }, ty: seen, span }
    }
}
