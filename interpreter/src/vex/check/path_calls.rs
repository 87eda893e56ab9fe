//! What stands before a dot when it is no value: types and modules; and values made by naming them: variants, tuple
//! structs, associated functions.

use super::builtin_types::{BuiltinType, head_of};
use super::expect::{Expect, error_expr, expr, read};
use super::hints;
use super::state::*;
use super::tables::snake_case;
use crate::core::{Expr, ExprKind};
use crate::diagnostics::{Code, Diagnostic};
use crate::types::{EnumId, Ty, TyKind, Types};
use crate::vex::ast::{self, Ident, Name, TypeExpr};

/// What a path names that is no value.
#[derive(Clone, Debug)]
pub enum StaticRef {
    /// A type with its written arguments (none if left out).
    Type(TypeDef, Vec<Ty>),
    /// A module.
    Module(ModuleDef),
    /// A type parameter.
    Param(u32),
}

impl<'a> Checker<'a> {
    /// The type or module that an expression names, if it is no value.
    pub fn resolve_static(&mut self, e: &'a ast::Expr) -> Option<StaticRef> {
        match &e.kind {
            ast::ExprKind::Name(name) => {
                if self.has_local(name) {
                    return None;
                }
                let scope = self.frame().scope;
                if matches!(self.lookup_value(name, scope), Some(ValueDef::Global(_) | ValueDef::Const(_))) {
                    return None;
                }
                if &**name == "Self" {
                    let ty = self.type_params.self_ty?;
                    return self.static_of(ty);
                }
                if let Some(index) = self.type_params.names.iter().rposition(|param| param == name) {
                    return Some(StaticRef::Param(index as u32));
                }
                if let Some(def) = self.lookup_type(name, scope) {
                    return Some(self.see_alias(def, e.span));
                }
                self.lookup_module(name, scope).map(StaticRef::Module)
            }
            ast::ExprKind::Field { base, field } => match self.resolve_static(base)? {
                StaticRef::Module(module) => {
                    if let Some(def) = self.type_in(module, &field.name) {
                        return Some(self.see_alias(def, e.span));
                    }
                    self.module_in(module, &field.name).map(StaticRef::Module)
                }
                _ => None,
            },
            ast::ExprKind::Instantiate { base, type_args } => match self.resolve_static(base)? {
                StaticRef::Type(def, _) => {
                    let scope = self.frame().scope;
                    let args = type_args.iter().map(|arg| self.resolve_type(arg, scope)).collect();
                    Some(StaticRef::Type(def, args))
                }
                _ => None,
            },
            ast::ExprKind::Paren(inner) => self.resolve_static(inner),
            _ => None,
        }
    }

    /// The same without an effect on type arguments' variables; for a look ahead.
    pub fn peek_static(&mut self, e: &'a ast::Expr) -> Option<StaticRef> {
        self.resolve_static(e)
    }

    fn see_alias(&mut self, def: TypeDef, span: crate::source::Span) -> StaticRef {
        match def {
            TypeDef::Alias(_) => {
                let ty = self.build_type(def, Vec::new(), span);
                self.static_of(ty).unwrap_or(StaticRef::Type(TypeDef::Prim(ty), Vec::new()))
            }
            def => StaticRef::Type(def, Vec::new()),
        }
    }

    /// The definition and arguments behind a type.
    fn static_of(&self, ty: Ty) -> Option<StaticRef> {
        Some(match self.kind(ty) {
            TyKind::Struct(id, args) => StaticRef::Type(TypeDef::Struct(id), args),
            TyKind::Enum(id, args) => StaticRef::Type(TypeDef::Enum(id), args),
            TyKind::List(t) => StaticRef::Type(TypeDef::Builtin(BuiltinType::Vec), vec![t]),
            TyKind::Map(k, v) => StaticRef::Type(TypeDef::Builtin(BuiltinType::Map), vec![k, v]),
            TyKind::Set(t) => StaticRef::Type(TypeDef::Builtin(BuiltinType::Set), vec![t]),
            TyKind::Channel(t) => StaticRef::Type(TypeDef::Builtin(BuiltinType::Channel), vec![t]),
            TyKind::Box(t) => StaticRef::Type(TypeDef::Builtin(BuiltinType::Box), vec![t]),
            TyKind::Mutex(t) => StaticRef::Type(TypeDef::Builtin(BuiltinType::Mutex), vec![t]),
            TyKind::RwLock(t) => StaticRef::Type(TypeDef::Builtin(BuiltinType::RwLock), vec![t]),
            TyKind::Param(index) => StaticRef::Param(index),
            _ => StaticRef::Type(TypeDef::Prim(ty), Vec::new()),
        })
    }

    /// A unit variant, or a variant with payload as a function value, by its bare name.
    pub fn variant_value(&mut self, name: &str, variants: &[(EnumId, u32)], e: &'a ast::Expr, expect: Expect) -> Expr {
        match self.pick_variant(name, variants, e.span, expect) {
            Some((id, index)) => self.variant_with(id, index, Vec::new(), e, expect),
            None => error_expr(e.span),
        }
    }

    /// Which of several enums' variants a bare name means.
    pub fn pick_variant(
        &mut self,
        name: &str,
        variants: &[(EnumId, u32)],
        span: crate::source::Span,
        expect: Expect,
    ) -> Option<(EnumId, u32)> {
        if let &[only] = variants {
            return Some(only);
        }
        if let Some(ty) = expect.ty() {
            let ty = self.strip_refs(ty);
            if let TyKind::Enum(wanted, _) = self.kind(ty)
                && let Some(&found) = variants.iter().find(|(id, _)| *id == wanted)
            {
                return Some(found);
            }
        }
        let names: Vec<String> =
            variants.iter().map(|(id, _)| format!("`{}.{name}`", self.enums[id.0 as usize].name)).collect();
        self.report(
            Diagnostic::new(Code::AmbiguousName, span, format!("`{name}` may be {}", names.join(" or ")))
                .help("write it with the name of its enum"),
        );
        None
    }

    /// A variant without arguments.
    pub fn variant_with(&mut self, id: EnumId, index: u32, args: Vec<Ty>, e: &'a ast::Expr, expect: Expect) -> Expr {
        let (name, payload) = self.enums[id.0 as usize].variants[index as usize].clone();
        let ty = self.enum_type(id, args, e, expect);
        if !payload.is_empty() {
            let enum_name = self.enums[id.0 as usize].name.clone();
            let message = format!(
                "`{enum_name}.{name}` needs {} value{}",
                payload.len(),
                if payload.len() == 1 { "" } else { "s" }
            );
            self.error(Code::WrongArgumentCount, e.span, message);
            return error_expr(e.span);
        }
        expr(ExprKind::Variant(id, index, Vec::new()), ty, e.span)
    }

    /// An enum's type with arguments from what was written, what is expected, or variables.
    fn enum_type(&mut self, id: EnumId, mut args: Vec<Ty>, e: &ast::Expr, expect: Expect) -> Ty {
        let count = self.enums[id.0 as usize].generics.len();
        for index in args.len()..count {
            let var = self.fresh_at(e.id, 10 + index as u32);
            args.push(var);
        }
        args.truncate(count);
        let ty = self.types.intern(TyKind::Enum(id, args));
        if let Some(want) = expect.ty()
            && matches!(self.kind(want), TyKind::Enum(own, _) if own == id)
        {
            self.unify(ty, want);
        }
        ty
    }

    /// `Msg.Put(3)`, `Some(x)`.
    pub fn variant_call(
        &mut self,
        id: EnumId,
        index: u32,
        type_args: Vec<Ty>,
        args: &'a [ast::Expr],
        e: &'a ast::Expr,
        expect: Expect,
    ) -> Expr {
        let (name, payload) = self.enums[id.0 as usize].variants[index as usize].clone();
        let ty = self.enum_type(id, type_args, e, expect);
        let TyKind::Enum(_, type_args) = self.kind(ty) else { return error_expr(e.span) };
        if args.len() != payload.len() {
            let enum_name = self.enums[id.0 as usize].name.clone();
            // `Ok()` of a `Result<(), E>` means `Ok(())`.
            if args.is_empty() && payload.len() == 1 {
                let only = self.subst(payload[0], &type_args);
                if self.unify(only, Types::UNIT) {
                    return expr(ExprKind::Variant(id, index, vec![super::expect::unit(e.span)]), ty, e.span);
                }
            }
            let message = format!(
                "`{enum_name}.{name}` takes {} value{}, {} given",
                payload.len(),
                if payload.len() == 1 { "" } else { "s" },
                if args.len() == 1 { "1 is".to_string() } else { format!("{} are", args.len()) }
            );
            self.error(Code::WrongArgumentCount, e.span, message);
            for arg in args {
                self.check_expr(arg, Expect::Any);
            }
            return expr(ExprKind::Error, ty, e.span);
        }
        let mut values = Vec::new();
        for (arg, part) in args.iter().zip(payload) {
            let part = self.subst(part, &type_args);
            let value = if self.shallow(part) == Types::UNIT {
                let value = self.check_expr(arg, Expect::Is(part));
                self.coerce(value, part)
            } else {
                self.check_to(arg, part)
            };
            values.push(value);
        }
        expr(ExprKind::Variant(id, index, values), ty, e.span)
    }

    /// `Type.member` that is an associated function as a value.
    pub fn associated_value(&mut self, def: TypeDef, field: &Ident, e: &'a ast::Expr) -> Option<Expr> {
        let ty = self.build_type(def, Vec::new(), e.span);
        if let (TyKind::Int(kind), "MAX" | "MIN") = (self.kind(ty), &*field.name) {
            let (low, high) = kind.range();
            return Some(self.int_const(if &*field.name == "MAX" { high } else { low }, ty, e.span));
        }
        let head = head_of(&self.kind(ty))?;
        let key = (head, Name::from(snake_case(&field.name)));
        let decls = self.associated.get(&key).or_else(|| self.methods.get(&key))?.clone();
        Some(self.function_value(&decls, &field.name, e))
    }

    /// `Type.function(args)`, `module.function(args)`.
    pub fn static_call(
        &mut self,
        owner: StaticRef,
        method: &'a Ident,
        type_args: &'a [TypeExpr],
        args: &'a [ast::Expr],
        e: &'a ast::Expr,
        expect: Expect,
    ) -> Expr {
        let scope = self.frame().scope;
        match owner {
            StaticRef::Module(module) => {
                let written: Vec<Ty> = type_args.iter().map(|arg| self.resolve_type(arg, scope)).collect();
                if let Some(def) = self.type_in(module, &method.name) {
                    return self.construct(def, written, args, e, expect);
                }
                match self.value_in(module, &method.name) {
                    Some(ValueDef::Fns(decls)) => return self.call_decls(&decls, written, args, e, expect),
                    Some(value) => {
                        let callee = self.value_place(value, &method.name, e);
                        return self.call_value(read(callee), args, e, expect);
                    }
                    None => {}
                }
                if let ModuleDef::Std(std) = module
                    && let Some(root) = std.root_name(&method.name)
                    && let Some(value) = self.special_call(root, written, args, e, expect)
                {
                    return value;
                }
                let message = format!("the module has no function `{}`", method.name);
                let diagnostic = Diagnostic::new(Code::UnknownMember, method.span, message);
                let names: Vec<String> = match module {
                    ModuleDef::Std(std) => std.names.iter().map(|(name, _)| name.to_string()).collect(),
                    ModuleDef::File(file) => {
                        let mut names: Vec<String> =
                            self.scopes[file.0 as usize].exports.iter().map(|name| name.to_string()).collect();
                        names.sort();
                        names
                    }
                };
                let diagnostic = hints::suggest(diagnostic, &method.name, names.iter().map(String::as_str));
                self.report(diagnostic);
                self.check_args_loosely(args);
                error_expr(e.span)
            }
            StaticRef::Type(def, owner_args) => self.type_call(def, owner_args, method, type_args, args, e, expect),
            StaticRef::Param(index) => {
                let name = self.type_params.names.get(index as usize).cloned().unwrap_or_else(|| Name::from("T"));
                self.error(
                    Code::Unsupported,
                    e.span,
                    format!("`{name}.{}(..)`: a type parameter has no functions when the program runs", method.name),
                );
                self.check_args_loosely(args);
                error_expr(e.span)
            }
        }
    }

    #[expect(clippy::too_many_arguments, reason = "the parts of a call")]
    fn type_call(
        &mut self,
        def: TypeDef,
        owner_args: Vec<Ty>,
        method: &'a Ident,
        type_args: &'a [TypeExpr],
        args: &'a [ast::Expr],
        e: &'a ast::Expr,
        expect: Expect,
    ) -> Expr {
        let scope = self.frame().scope;
        let written: Vec<Ty> = type_args.iter().map(|arg| self.resolve_type(arg, scope)).collect();
        if let TypeDef::Enum(id) = def {
            let info = &self.enums[id.0 as usize];
            if let Some(index) = info.variants.iter().position(|(name, _)| *name == method.name) {
                let type_args = if owner_args.is_empty() { written } else { owner_args };
                return self.variant_call(id, index as u32, type_args, args, e, expect);
            }
        }
        let all: Vec<Ty> = owner_args.iter().chain(&written).copied().collect();
        if let Some(value) = self.special_type_call(def, &method.name, all.clone(), args, e, expect) {
            return value;
        }
        let probe = self.build_type(def, owner_args.clone(), e.span);
        let Some(head) = head_of(&self.kind(probe)) else {
            self.check_args_loosely(args);
            return error_expr(e.span);
        };
        let key = (head, Name::from(snake_case(&method.name)));
        if let Some(decls) = self.associated.get(&key).cloned() {
            return self.call_decls(&decls, all, args, e, expect);
        }
        if let Some(decls) = self.methods.get(&key).cloned() {
            // `P.norm(&p)`: the receiver is the first argument.
            if let Some((first, rest)) = args.split_first() {
                let place = self.check_place(first);
                return self.call_method_decls(&decls, place, all, rest, e, expect);
            }
        }
        let name = self.type_def_name(def);
        let message = format!("`{name}` has no function `{}`", method.name);
        let diagnostic = Diagnostic::new(Code::UnknownMember, method.span, message);
        let mut names: Vec<String> = self
            .associated
            .iter()
            .filter(|((own, _), _)| *own == head)
            .flat_map(|(_, decls)| decls.iter().map(|decl| self.decl(*decl).name.to_string()))
            .collect();
        names.sort();
        let diagnostic = hints::suggest(diagnostic, &method.name, names.iter().map(String::as_str));
        self.report(diagnostic);
        self.check_args_loosely(args);
        error_expr(e.span)
    }

    /// `Type(args)`: a tuple struct, or the `new` of a built-in or user type.
    pub fn construct(
        &mut self,
        def: TypeDef,
        type_args: Vec<Ty>,
        args: &'a [ast::Expr],
        e: &'a ast::Expr,
        expect: Expect,
    ) -> Expr {
        if let TypeDef::Struct(id) = def
            && self.structs[id.0 as usize].tuple
        {
            return self.tuple_struct(id, type_args, args, e, expect);
        }
        if let Some(value) = self.special_type_call(def, "new", type_args.clone(), args, e, expect) {
            return value;
        }
        let probe = self.build_type(def, type_args.clone(), e.span);
        if let TyKind::Int(_) | TyKind::F32 | TyKind::F64 | TyKind::String | TyKind::Char | TyKind::Bool =
            self.kind(probe)
            && let [only] = args
        {
            return self.convert_call(probe, only, e);
        }
        if let Some(head) = head_of(&self.kind(probe)) {
            let key = (head, Name::from("new"));
            if let Some(decls) = self.associated.get(&key).cloned() {
                return self.call_decls(&decls, type_args, args, e, expect);
            }
        }
        let name = self.type_def_name(def);
        let mut diagnostic = Diagnostic::new(Code::NotCallable, e.span, format!("the type `{name}` cannot be called"));
        if matches!(def, TypeDef::Struct(_)) {
            diagnostic = diagnostic.help(format!("make one with `{name} {{ field: value, .. }}`"));
        }
        self.report(diagnostic);
        self.check_args_loosely(args);
        error_expr(e.span)
    }

    /// `i64(x)`, `string(x)`: conversions in the form of a call.
    fn convert_call(&mut self, target: Ty, arg: &'a ast::Expr, e: &'a ast::Expr) -> Expr {
        let value = self.check_expr(arg, Expect::Any);
        let value = self.unwrap_operand(value);
        let value = super::expect::looked(self.operand(value));
        if target == Types::STRING {
            return expr(ExprKind::Format(vec![value]), Types::STRING, e.span);
        }
        let number = |kind: &TyKind| matches!(kind, TyKind::Int(_) | TyKind::F32 | TyKind::F64 | TyKind::Infer(_));
        let from = self.kind(value.ty);
        if number(&from) || matches!(from, TyKind::Char | TyKind::Bool | TyKind::Error) {
            return expr(ExprKind::Cast(Box::new(value)), target, e.span);
        }
        self.coerce(value, target)
    }

    /// `Id(7)` of a tuple struct.
    fn tuple_struct(
        &mut self,
        id: crate::types::StructId,
        mut type_args: Vec<Ty>,
        args: &'a [ast::Expr],
        e: &'a ast::Expr,
        expect: Expect,
    ) -> Expr {
        let count = self.structs[id.0 as usize].generics.len();
        for index in type_args.len()..count {
            let var = self.fresh_at(e.id, 10 + index as u32);
            type_args.push(var);
        }
        let ty = self.types.intern(TyKind::Struct(id, type_args.clone()));
        if let Some(want) = expect.ty()
            && matches!(self.kind(want), TyKind::Struct(own, _) if own == id)
        {
            self.unify(ty, want);
        }
        let fields: Vec<Ty> = self.structs[id.0 as usize].fields.iter().map(|field| field.ty).collect();
        if fields.len() != args.len() {
            let name = self.structs[id.0 as usize].name.clone();
            let message = format!("`{name}` has {} fields, {} values are given", fields.len(), args.len());
            self.error(Code::WrongArgumentCount, e.span, message);
            self.check_args_loosely(args);
            return expr(ExprKind::Error, ty, e.span);
        }
        let mut values = Vec::new();
        for (arg, field) in args.iter().zip(fields) {
            let field = self.subst(field, &type_args);
            values.push(self.check_to(arg, field));
        }
        let order = (0..values.len() as u32).collect();
        expr(ExprKind::Struct(id, values, order), ty, e.span)
    }

    /// Elaborates arguments for their own errors only.
    pub fn check_args_loosely(&mut self, args: &'a [ast::Expr]) {
        for arg in args {
            let arg = match &arg.kind {
                ast::ExprKind::Spread(inner) => inner,
                _ => arg,
            };
            self.check_expr(arg, Expect::Any);
        }
    }
}
