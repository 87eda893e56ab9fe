//! Turns written types into types, and names into what they stand for.

use super::builtin_types::{named_type, type_names};
use super::hints;
use super::state::*;
use super::tables::{needs_import, std_module};
use crate::diagnostics::{Code, Diagnostic};
use crate::source::Span;
use crate::types::{ContractId, Ty, TyKind, Types};
use crate::vex::ast::{self, Ident, Name, Path, TypeExpr, TypeKind};

impl<'a> Checker<'a> {
    /// The type that is written. Left-out type arguments become variables.
    pub fn resolve_type(&mut self, written: &'a TypeExpr, scope: ScopeId) -> Ty {
        match &written.kind {
            TypeKind::Path { path, args } => self.resolve_type_path(path, args, scope),
            TypeKind::Ref { mutable, target } => {
                let target = self.resolve_type(target, scope);
                self.types.intern(if *mutable { TyKind::RefMut(target) } else { TyKind::Ref(target) })
            }
            TypeKind::Pointer { target, .. } => {
                let target = self.resolve_type(target, scope);
                self.types.intern(TyKind::Pointer(target))
            }
            TypeKind::List(element) => {
                let element = self.resolve_type(element, scope);
                self.types.intern(TyKind::List(element))
            }
            TypeKind::Array { element, len } => {
                let element = self.resolve_type(element, scope);
                let len = self.const_len(len, scope);
                self.types.intern(TyKind::Array(element, len))
            }
            TypeKind::Tuple(parts) => {
                if parts.is_empty() {
                    return Types::UNIT;
                }
                let parts = parts.iter().map(|part| self.resolve_type(part, scope)).collect();
                self.types.intern(TyKind::Tuple(parts))
            }
            TypeKind::Fn { params, ret } => {
                let params = params.iter().map(|param| self.resolve_type(param, scope)).collect();
                let ret = ret.as_ref().map_or(Types::UNIT, |ret| self.resolve_type(ret, scope));
                self.types.intern(TyKind::Fn(params, ret))
            }
            TypeKind::Union(parts) => {
                let mut flat: Vec<Ty> = Vec::new();
                for part in parts {
                    let part = self.resolve_type(part, scope);
                    match self.kind(part) {
                        TyKind::Union(inner) => flat.extend(inner),
                        _ => flat.push(part),
                    }
                }
                flat.dedup();
                if flat.len() == 1 { flat[0] } else { self.types.intern(TyKind::Union(flat)) }
            }
            TypeKind::Infer => self.fresh_at(written.id, 0),
            TypeKind::Error => Types::ERROR,
        }
    }

    fn resolve_type_path(&mut self, path: &'a Path, args: &'a [TypeExpr], scope: ScopeId) -> Ty {
        if let [only] = path.segments.as_slice() {
            if let Some(index) = self.type_params.names.iter().rposition(|name| *name == only.name) {
                return self.types.intern(TyKind::Param(index as u32));
            }
            if &*only.name == "Self" {
                if let Some(ty) = self.type_params.self_ty {
                    return ty;
                }
                self.error(Code::UnknownType, only.span, "`Self` has a meaning in contracts and methods only");
                return Types::ERROR;
            }
            if &*only.name == "any" {
                return Types::DYNAMIC;
            }
        }
        if let [owner, assoc] = path.segments.as_slice()
            && let Some(ty) = self.resolve_assoc(owner, assoc)
        {
            return ty;
        }
        let Some(def) = self.lookup_type_path(path, scope) else {
            self.unknown_type(path, scope);
            for arg in args {
                self.resolve_type(arg, scope);
            }
            return Types::ERROR;
        };
        let args: Vec<Ty> = args.iter().map(|arg| self.resolve_type(arg, scope)).collect();
        self.build_type(def, args, path.span)
    }

    /// `T.Item`, `Self.Item`.
    fn resolve_assoc(&mut self, owner: &Ident, assoc: &Ident) -> Option<Ty> {
        let dotted = format!("{}.{}", owner.name, assoc.name);
        if let Some(index) = self.type_params.names.iter().position(|name| **name == *dotted) {
            return Some(self.types.intern(TyKind::Param(index as u32)));
        }
        if &*owner.name == "Self" {
            let self_ty = self.type_params.self_ty?;
            if let Some(index) = self.type_params.names.iter().position(|name| *name == assoc.name) {
                return Some(self.types.intern(TyKind::Param(index as u32)));
            }
            if let TyKind::Struct(id, _) = self.kind(self_ty) {
                return self.structs[id.0 as usize].assoc.get(&assoc.name).copied();
            }
        }
        None
    }

    /// A type from its definition and arguments; wrong numbers are reported.
    pub fn build_type(&mut self, def: TypeDef, mut args: Vec<Ty>, span: Span) -> Ty {
        let (arity, defaults, name): (usize, Vec<Option<Ty>>, String) = match def {
            TypeDef::Prim(_) => (0, Vec::new(), "the type".into()),
            TypeDef::Builtin(builtin) => (builtin.arity(), Vec::new(), builtin.name().into()),
            TypeDef::Struct(id) => {
                let info = &self.structs[id.0 as usize];
                (
                    info.ast.generics.params.len(),
                    info.generics.iter().map(|g| g.default).collect(),
                    info.name.to_string(),
                )
            }
            TypeDef::Enum(id) => {
                let info = &self.enums[id.0 as usize];
                (
                    info.ast.generics.params.len(),
                    info.generics.iter().map(|g| g.default).collect(),
                    info.name.to_string(),
                )
            }
            TypeDef::Contract(id) => {
                let info = &self.contracts[id.0 as usize];
                (
                    info.ast.generics.params.len(),
                    info.generics.iter().map(|g| g.default).collect(),
                    info.name.to_string(),
                )
            }
            TypeDef::Alias(id) => return self.resolve_alias(id, args, span),
        };
        // `Result<T>` leaves the error type to inference.
        if args.len() > arity {
            self.error(
                Code::WrongTypeArguments,
                span,
                format!(
                    "`{name}` takes {arity} type argument{}, not {}",
                    if arity == 1 { "" } else { "s" },
                    args.len()
                ),
            );
            args.truncate(arity);
        }
        while args.len() < arity {
            let default = defaults.get(args.len()).copied().flatten();
            let arg = match default {
                Some(default) => self.subst(default, &args.clone()),
                None => self.fresh(),
            };
            args.push(arg);
        }
        match def {
            TypeDef::Prim(ty) => ty,
            TypeDef::Builtin(builtin) => self.types.intern(builtin.build(&args)),
            TypeDef::Struct(id) => self.types.intern(TyKind::Struct(id, args)),
            TypeDef::Enum(id) => self.types.intern(TyKind::Enum(id, args)),
            TypeDef::Contract(id) => self.types.intern(TyKind::Contract(id, args)),
            TypeDef::Alias(_) => Types::ERROR,
        }
    }

    fn resolve_alias(&mut self, id: u32, args: Vec<Ty>, span: Span) -> Ty {
        let alias = &mut self.aliases[id as usize];
        let (def, scope) = (alias.ast, alias.scope);
        if alias.busy {
            self.error(
                Code::CyclicDefinition,
                def.name.span,
                format!("the type `{}` stands for itself", def.name.name),
            );
            return Types::ERROR;
        }
        alias.busy = true;
        let names = def.generics.params.iter().map(|param| param.name.name.clone()).collect();
        let outer = std::mem::replace(&mut self.type_params, TypeParams { names, self_ty: None });
        let ty = self.resolve_type(&def.ty, scope);
        self.type_params = outer;
        self.aliases[id as usize].busy = false;
        let arity = def.generics.params.len();
        if args.len() > arity {
            self.error(
                Code::WrongTypeArguments,
                span,
                format!("`{}` takes {arity} type arguments, not {}", def.name.name, args.len()),
            );
        }
        let mut args = args;
        args.truncate(arity);
        while args.len() < arity {
            let arg = self.fresh();
            args.push(arg);
        }
        self.subst(ty, &args)
    }

    /// The contract that is written, with its arguments.
    pub fn resolve_contract(&mut self, written: &'a TypeExpr, scope: ScopeId) -> Option<(ContractId, Vec<Ty>)> {
        let TypeKind::Path { path, args } = &written.kind else {
            if !matches!(written.kind, TypeKind::Error) {
                self.error(Code::UnknownType, written.span, "a contract is expected here");
            }
            return None;
        };
        match self.lookup_type_path(path, scope) {
            Some(TypeDef::Contract(id)) => {
                let mut args: Vec<Ty> = args.iter().map(|arg| self.resolve_type(arg, scope)).collect();
                let arity = self.contracts[id.0 as usize].ast.generics.params.len();
                while args.len() < arity {
                    let default = self.contracts[id.0 as usize].generics.get(args.len()).and_then(|g| g.default);
                    let arg = match default {
                        Some(default) => default,
                        None => match self.type_params.self_ty {
                            Some(ty) => ty,
                            None => self.fresh(),
                        },
                    };
                    args.push(arg);
                }
                Some((id, args))
            }
            Some(_) => {
                let name = path_text(path);
                self.error(Code::UnknownType, path.span, format!("`{name}` is a type, not a contract"));
                None
            }
            None => {
                self.unknown_type(path, scope);
                None
            }
        }
    }

    /// What a dotted path names as a type.
    pub fn lookup_type_path(&mut self, path: &Path, scope: ScopeId) -> Option<TypeDef> {
        match path.segments.as_slice() {
            [] => None,
            [only] => self.lookup_type(&only.name, scope),
            [modules @ .., last] => {
                let mut module = self.lookup_module(&modules[0].name, scope)?;
                for inner in &modules[1..] {
                    module = self.module_in(module, &inner.name)?;
                }
                self.type_in(module, &last.name)
            }
        }
    }

    /// What a plain name names as a type.
    pub fn lookup_type(&mut self, name: &str, scope: ScopeId) -> Option<TypeDef> {
        let mut at = Some(scope);
        while let Some(id) = at {
            let found = self.scopes[id.0 as usize].types.get(name).copied();
            if let Some(found) = found {
                self.mark_import(id, name);
                return Some(found);
            }
            at = self.scopes[id.0 as usize].parent;
        }
        if let Some(&found) = self.scopes[0].types.get(name) {
            self.names_error |= name == "Error" && !self.in_prelude && scope != ROOT;
            return Some(found);
        }
        named_type(&mut self.types, name)
    }

    /// What a plain name names as a module. Standard modules need no import where nothing else has the name.
    pub fn lookup_module(&mut self, name: &str, scope: ScopeId) -> Option<ModuleDef> {
        let mut at = Some(scope);
        while let Some(id) = at {
            if let Some(&found) = self.scopes[id.0 as usize].modules.get(name) {
                self.mark_import(id, name);
                return Some(found);
            }
            at = self.scopes[id.0 as usize].parent;
        }
        match name {
            "sync" | "atomic" | "time" => std_module(name).map(ModuleDef::Std),
            _ => None,
        }
    }

    /// A module inside a module.
    pub fn module_in(&self, module: ModuleDef, name: &str) -> Option<ModuleDef> {
        match module {
            ModuleDef::Std(std) => {
                let inner = std.modules.iter().find(|path| path.rsplit('/').next() == Some(name))?;
                std_module(inner).map(ModuleDef::Std)
            }
            ModuleDef::File(scope) => self.scopes[scope.0 as usize].modules.get(name).copied(),
        }
    }

    /// A type of a module.
    pub fn type_in(&mut self, module: ModuleDef, name: &str) -> Option<TypeDef> {
        match module {
            ModuleDef::Std(std) => self.root_type(std.root_name(name)?),
            ModuleDef::File(scope) => {
                let scope = &self.scopes[scope.0 as usize];
                if scope.exports.contains(name) { scope.types.get(name).copied() } else { None }
            }
        }
    }

    /// A value of a module.
    pub fn value_in(&mut self, module: ModuleDef, name: &str) -> Option<ValueDef> {
        match module {
            ModuleDef::Std(std) => self.root_value(std.root_name(name)?),
            ModuleDef::File(scope) => {
                let scope = &self.scopes[scope.0 as usize];
                if scope.exports.contains(name) { scope.values.get(name).cloned() } else { None }
            }
        }
    }

    /// What a plain name names as a value at the top of a scope.
    pub fn lookup_value(&mut self, name: &str, scope: ScopeId) -> Option<ValueDef> {
        let mut at = Some(scope);
        while let Some(id) = at {
            if let Some(found) = self.scopes[id.0 as usize].values.get(name) {
                let found = found.clone();
                self.mark_import(id, name);
                return Some(found);
            }
            at = self.scopes[id.0 as usize].parent;
        }
        if needs_import(name) && !self.in_prelude {
            return None;
        }
        self.root_value(name)
    }

    /// The variants that a bare name may mean, nearest scope first.
    pub fn lookup_variants(&self, name: &str, scope: ScopeId) -> Vec<(crate::types::EnumId, u32)> {
        let mut at = Some(scope);
        while let Some(id) = at {
            if let Some(found) = self.scopes[id.0 as usize].variants.get(name) {
                return found.clone();
            }
            at = self.scopes[id.0 as usize].parent;
        }
        self.scopes[0].variants.get(name).cloned().unwrap_or_default()
    }

    /// The import that brought a name in is used.
    pub fn mark_import(&mut self, scope: ScopeId, name: &str) {
        let imports = &mut self.scopes[scope.0 as usize].unused_imports;
        if !imports.is_empty() {
            imports.retain(|(import, _)| &**import != name);
        }
    }

    fn unknown_type(&mut self, path: &Path, scope: ScopeId) {
        let name = path_text(path);
        let diagnostic = Diagnostic::new(Code::UnknownType, path.span, format!("the type `{name}` is not known"));
        let mut candidates: Vec<Name> = Vec::new();
        let mut at = Some(scope);
        while let Some(id) = at {
            candidates.extend(self.scopes[id.0 as usize].types.keys().cloned());
            at = self.scopes[id.0 as usize].parent;
        }
        candidates.extend(self.scopes[0].types.keys().cloned());
        candidates.extend(self.type_params.names.iter().cloned());
        candidates.extend(type_names().map(Name::from));
        candidates.sort();
        let diagnostic = hints::suggest(diagnostic, &name, candidates.iter().map(|name| &**name));
        self.report(diagnostic);
    }

    /// Names of the type parameters that are in scope.
    pub fn generic_names(generics: &[GenericInfo]) -> Vec<Name> {
        generics.iter().map(|generic| generic.name.clone()).collect()
    }

    /// The declared parameters of a declaration, bounds not resolved yet.
    pub fn plain_generics(generics: &ast::Generics) -> Vec<GenericInfo> {
        let plain = |param: &ast::GenericParam| GenericInfo {
            name: param.name.name.clone(),
            bounds: Vec::new(),
            default: None,
        };
        generics.params.iter().map(plain).collect()
    }
}

/// A path as it was written.
pub fn path_text(path: &Path) -> String {
    path.segments.iter().map(|segment| &*segment.name).collect::<Vec<_>>().join(".")
}
