//! Resolves what declarations say about types: fields, payloads, bounds, parameters, results; fills the method tables.

use super::builtin_types::head_of;
use super::state::*;
use super::tables::snake_case;
use crate::diagnostics::{Code, Diagnostic};
use crate::types::{Ty, TyKind, Types};
use crate::vex::ast::{self, FnOwner, Name, StructBody, TypeExpr, TypeKind};

/// How many declarations of each kind there were before the ones to resolve.
#[derive(Clone, Copy, Default)]
pub struct Marks {
    structs: usize,
    enums: usize,
    contracts: usize,
    decls: usize,
    aliases: usize,
}

impl<'a> Checker<'a> {
    /// Where the tables end now.
    pub fn marks(&self) -> Marks {
        Marks {
            structs: self.structs.len(),
            enums: self.enums.len(),
            contracts: self.contracts.len(),
            decls: self.decls.len(),
            aliases: self.aliases.len(),
        }
    }

    /// Resolves all declarations of files.
    pub fn resolve_all(&mut self) {
        self.resolve_since(Marks::default());
    }

    /// Resolves the declarations that were entered since.
    pub fn resolve_since(&mut self, from: Marks) {
        let outer = std::mem::take(&mut self.type_params);
        for index in from.structs..self.structs.len() {
            self.structs[index].generics = Self::plain_generics(&self.structs[index].ast.generics);
        }
        for index in from.enums..self.enums.len() {
            self.enums[index].generics = Self::plain_generics(&self.enums[index].ast.generics);
        }
        for index in from.contracts..self.contracts.len() {
            self.contracts[index].generics = Self::plain_generics(&self.contracts[index].ast.generics);
        }
        for index in from.contracts..self.contracts.len() {
            self.resolve_contract_head(index);
        }
        for index in from.structs..self.structs.len() {
            self.resolve_struct(index);
        }
        for index in from.enums..self.enums.len() {
            self.resolve_enum(index);
        }
        for index in from.aliases..self.aliases.len() {
            // Resolved once for its errors; uses resolve it again with their arguments.
            let (def, scope) = (self.aliases[index].ast, self.aliases[index].scope);
            let names = def.generics.params.iter().map(|param| param.name.name.clone()).collect();
            self.type_params = TypeParams { names, self_ty: None };
            self.aliases[index].busy = true;
            self.resolve_type(&def.ty, scope);
            self.aliases[index].busy = false;
            self.type_params = TypeParams::default();
        }
        let last = self.decls.len();
        for index in from.contracts..self.contracts.len() {
            self.resolve_contract_methods(index);
        }
        for index in from.decls..last {
            self.resolve_function(DeclId(index as u32));
        }
        self.type_params = outer;
    }

    fn resolve_bounds(&mut self, params: &'a [ast::GenericParam], generics: &mut [GenericInfo], scope: ScopeId) {
        for param in params {
            let mut bounds = Vec::new();
            for bound in &param.bounds {
                bounds.extend(self.resolve_contract(bound, scope));
            }
            let default = param.default.as_ref().map(|default| self.resolve_type(default, scope));
            if let Some(info) = generics.iter_mut().find(|info| info.name == param.name.name) {
                info.bounds.extend(bounds);
                info.default = info.default.or(default);
            }
        }
    }

    fn report_duplicate_params(&mut self, generics: &ast::Generics) {
        for (index, param) in generics.params.iter().enumerate() {
            if generics.params[..index].iter().any(|other| other.name.name == param.name.name) {
                self.error(
                    Code::DuplicateDefinition,
                    param.name.span,
                    format!("the type parameter `{}` is declared twice", param.name.name),
                );
            }
        }
    }

    fn resolve_struct(&mut self, index: usize) {
        let (def, scope) = (self.structs[index].ast, self.structs[index].scope);
        self.report_duplicate_params(&def.generics);
        let mut generics = self.structs[index].generics.clone();
        let id = crate::types::StructId(index as u32);
        let args = (0..generics.len()).map(|i| self.types.intern(TyKind::Param(i as u32))).collect();
        let self_ty = self.types.intern(TyKind::Struct(id, args));
        self.type_params = TypeParams { names: Self::generic_names(&generics), self_ty: Some(self_ty) };
        self.resolve_bounds(&def.generics.params, &mut generics, scope);
        self.structs[index].generics = generics;
        for assoc in &def.assoc_types {
            if let Some(ty) = &assoc.ty {
                let ty = self.resolve_type(ty, scope);
                self.structs[index].assoc.insert(assoc.name.name.clone(), ty);
            }
        }
        let written: &'a [ast::Field] = match &def.body {
            StructBody::Named(fields) | StructBody::Tuple(fields) => fields,
            StructBody::Unit => &[],
        };
        let mut fields: Vec<FieldInfo<'a>> = Vec::new();
        for field in written {
            let ty = self.resolve_type(&field.ty, scope);
            if let Some(first) = fields.iter().find(|other| other.name == field.name.name) {
                let first = first.span;
                self.report(
                    Diagnostic::new(
                        Code::DuplicateDefinition,
                        field.name.span,
                        format!("`{}` has two fields `{}`", def.name.name, field.name.name),
                    )
                    .note_at(first, "first declared here"),
                );
                continue;
            }
            fields.push(FieldInfo {
                name: field.name.name.clone(),
                ty,
                default: field.default.as_ref(),
                visibility: field.visibility,
                span: field.name.span,
            });
        }
        self.structs[index].fields = fields;
        let (contracts, copy) = self.resolve_attached(&def.contracts, scope);
        self.structs[index].contracts = contracts;
        self.structs[index].copy = copy;
        self.type_params = TypeParams::default();
    }

    /// The contracts after the colon, and whether `Copy` is among them.
    fn resolve_attached(
        &mut self,
        written: &'a [TypeExpr],
        scope: ScopeId,
    ) -> (Vec<(crate::types::ContractId, Vec<Ty>, crate::source::Span)>, bool) {
        let mut contracts = Vec::new();
        let mut copy = false;
        for contract in written {
            if let Some((id, args)) = self.resolve_contract(contract, scope) {
                copy |= &*self.contracts[id.0 as usize].name == "Copy";
                contracts.push((id, args, contract.span));
            }
        }
        (contracts, copy)
    }

    fn resolve_enum(&mut self, index: usize) {
        let (def, scope) = (self.enums[index].ast, self.enums[index].scope);
        self.report_duplicate_params(&def.generics);
        let mut generics = self.enums[index].generics.clone();
        let id = crate::types::EnumId(index as u32);
        let args = (0..generics.len()).map(|i| self.types.intern(TyKind::Param(i as u32))).collect();
        let self_ty = self.types.intern(TyKind::Enum(id, args));
        self.type_params = TypeParams { names: Self::generic_names(&generics), self_ty: Some(self_ty) };
        self.resolve_bounds(&def.generics.params, &mut generics, scope);
        self.enums[index].generics = generics;
        let mut next = 0i128;
        let mut plain = true;
        for (position, variant) in def.variants.iter().enumerate() {
            let payload: Vec<Ty> = variant.payload.iter().map(|ty| self.resolve_type(ty, scope)).collect();
            plain &= payload.is_empty();
            self.enums[index].variants[position].1 = payload;
            if let Some(value) = &variant.discriminant {
                match self.const_int(value, scope) {
                    Some(value) => next = value,
                    None => self.error(Code::NotAConstant, value.span, "a variant's number must be a constant"),
                }
            }
            self.enums[index].discriminants.push(next);
            next += 1;
        }
        let (contracts, copy) = self.resolve_attached(&def.contracts, scope);
        self.enums[index].contracts = contracts;
        self.enums[index].copy = copy || plain;
        self.type_params = TypeParams::default();
    }

    fn resolve_contract_head(&mut self, index: usize) {
        let (def, scope) = (self.contracts[index].ast, self.contracts[index].scope);
        let mut generics = self.contracts[index].generics.clone();
        let self_ty = self.types.intern(TyKind::Param(0));
        self.type_params = TypeParams { names: Self::generic_names(&generics), self_ty: Some(self_ty) };
        for param in &def.generics.params {
            if let Some(default) = &param.default {
                let default = self.resolve_type(default, scope);
                if let Some(info) = generics.iter_mut().find(|info| info.name == param.name.name) {
                    info.default = Some(default);
                }
            }
        }
        self.contracts[index].generics = generics;
        for parent in &def.supers {
            let parent = self.resolve_contract(parent, scope);
            self.contracts[index].supers.extend(parent);
        }
        self.type_params = TypeParams::default();
    }

    fn resolve_contract_methods(&mut self, index: usize) {
        let (def, scope) = (self.contracts[index].ast, self.contracts[index].scope);
        let id = crate::types::ContractId(index as u32);
        let prelude = scope == ROOT;
        for method in &def.methods {
            // Self, the contract's parameters, its associated types, the method's own parameters.
            let mut generics = vec![GenericInfo { name: Name::from("Self"), bounds: Vec::new(), default: None }];
            generics.extend(self.contracts[index].generics.iter().cloned());
            for assoc in &self.contracts[index].assoc {
                generics.push(GenericInfo { name: assoc.clone(), bounds: Vec::new(), default: None });
            }
            let owner_generics = generics.len();
            let args = (1..=def.generics.params.len()).map(|i| self.types.intern(TyKind::Param(i as u32))).collect();
            generics[0].bounds.push((id, args));
            generics.extend(Self::plain_generics(&method.generics));
            let self_ty = self.types.intern(TyKind::Param(0));
            self.type_params = TypeParams { names: Self::generic_names(&generics), self_ty: Some(self_ty) };
            self.resolve_bounds(&method.generics.params, &mut generics, scope);
            let (kind, receiver) = if method.mutable {
                (ReceiverKind::RefMut, TyKind::RefMut(self_ty))
            } else {
                (ReceiverKind::Ref, TyKind::Ref(self_ty))
            };
            let receiver = self.types.intern(receiver);
            let params = self.resolve_params(&method.params, scope);
            let ret = method.ret.as_ref().map_or(Types::UNIT, |ret| self.resolve_type(ret, scope));
            let decl = DeclId(self.decls.len() as u32);
            self.decls.push(Decl {
                name: method.name.name.clone(),
                full_name: format!("{}.{}", def.name.name, method.name.name),
                scope,
                body: Body::Contract(method),
                generics,
                owner_generics,
                receiver: Some((kind, receiver)),
                self_ty: Some(self_ty),
                params,
                ret,
                is_async: method.is_async.is_some(),
                prelude,
                span: method.span,
                func: None,
                starter: None,
            });
            self.contracts[index].methods.push(decl);
            self.type_params = TypeParams::default();
        }
    }

    fn resolve_params(&mut self, written: &'a [ast::Param], scope: ScopeId) -> Vec<ParamInfo<'a>> {
        let mut params: Vec<ParamInfo<'a>> = Vec::new();
        for param in written {
            if params.iter().any(|other| other.name == param.name.name && &*param.name.name != "_") {
                self.error(
                    Code::DuplicateDefinition,
                    param.name.span,
                    format!("the parameter `{}` is declared twice", param.name.name),
                );
            }
            let ty = self.resolve_type(&param.ty, scope);
            params.push(ParamInfo {
                name: param.name.name.clone(),
                ty,
                rest: param.rest,
                default: param.default.as_ref(),
            });
        }
        params
    }

    /// Resolves a function's signature and enters methods into the tables.
    fn resolve_function(&mut self, decl: DeclId) {
        let index = decl.0 as usize;
        let scope = self.decls[index].scope;
        let (function, builtin): (&'a ast::Function, bool) = match self.decls[index].body {
            Body::Ast(function) => (function, false),
            Body::Builtin(_) => {
                let position = index;
                match &self.loaded.builtins.items[position].kind {
                    ast::ItemKind::Function(function) => (function, true),
                    _ => return,
                }
            }
            Body::Extern(function) => (function, false),
            Body::Contract(_) => return,
        };
        let mut generics: Vec<GenericInfo> = Vec::new();
        let owner: Option<&'a TypeExpr> = match &function.owner {
            FnOwner::None => None,
            FnOwner::Type(ty) => Some(ty),
            FnOwner::Receiver(receiver) => Some(&receiver.ty),
        };
        if let Some(owner) = owner {
            self.implicit_generics(owner, scope, &mut generics);
        }
        let owner_generics = generics.len();
        self.report_duplicate_params(&function.generics);
        generics.extend(Self::plain_generics(&function.generics));
        self.add_assoc_params(&function.generics, &mut generics);
        self.type_params = TypeParams { names: Self::generic_names(&generics), self_ty: None };
        let mut self_ty = None;
        let mut receiver = None;
        if let Some(owner) = owner {
            let ty = self.resolve_type(owner, scope);
            let (kind, target) = match self.kind(ty) {
                TyKind::Ref(target) => (ReceiverKind::Ref, target),
                TyKind::RefMut(target) => (ReceiverKind::RefMut, target),
                _ => (ReceiverKind::Value, ty),
            };
            // `fn (self: &Pair)` of a generic struct, `fn Vec.new<T>()`: the arguments that were left out are parameters.
            let target = self.owner_type(target, owner_generics, &function.owner, &generics);
            self_ty = Some(target);
            if matches!(function.owner, FnOwner::Receiver(_)) {
                let ty = match kind {
                    ReceiverKind::Ref => self.types.intern(TyKind::Ref(target)),
                    ReceiverKind::RefMut => self.types.intern(TyKind::RefMut(target)),
                    ReceiverKind::Value => target,
                };
                receiver = Some((kind, ty));
            }
        }
        self.type_params.self_ty = self_ty;
        self.resolve_bounds(&function.generics.params, &mut generics, scope);
        let params = self.resolve_params(&function.params, scope);
        let ret = function.ret.as_ref().map_or(Types::UNIT, |ret| self.resolve_type(ret, scope));
        self.type_params = TypeParams::default();
        let owner_name = self_ty.map(|ty| self.owner_name(ty));
        let info = &mut self.decls[index];
        info.generics = generics;
        info.owner_generics = owner_generics;
        info.receiver = receiver;
        info.self_ty = self_ty;
        info.params = params;
        info.ret = ret;
        if let Some(owner) = owner_name {
            info.full_name = format!("{owner}.{}", info.name);
        }
        if let Some(ty) = self_ty {
            self.enter_method(decl, ty, builtin);
        }
        self.report_overload_clash(decl);
    }

    /// Type arguments of an owner that name no type are its parameters.
    fn implicit_generics(&mut self, owner: &'a TypeExpr, scope: ScopeId, generics: &mut Vec<GenericInfo>) {
        match &owner.kind {
            TypeKind::Ref { target, .. } => self.implicit_generics(target, scope, generics),
            TypeKind::Path { path, args } => {
                let def = self.lookup_type_path(path, scope);
                let declared = match def {
                    Some(TypeDef::Struct(id)) => self.structs[id.0 as usize].generics.clone(),
                    Some(TypeDef::Enum(id)) => self.enums[id.0 as usize].generics.clone(),
                    _ => Vec::new(),
                };
                if args.is_empty() && matches!(def, Some(TypeDef::Struct(_) | TypeDef::Enum(_))) {
                    generics.extend(declared);
                    return;
                }
                for (position, arg) in args.iter().enumerate() {
                    self.implicit_arg(arg, scope, declared.get(position), generics);
                }
            }
            TypeKind::List(element) => self.implicit_arg(element, scope, None, generics),
            _ => {}
        }
    }

    fn implicit_arg(
        &mut self,
        arg: &'a TypeExpr,
        scope: ScopeId,
        declared: Option<&GenericInfo>,
        generics: &mut Vec<GenericInfo>,
    ) {
        match &arg.kind {
            TypeKind::Path { path, args } if args.is_empty() => {
                if let [name] = path.segments.as_slice()
                    && self.lookup_type(&name.name, scope).is_none()
                    && !generics.iter().any(|generic| generic.name == name.name)
                {
                    let bounds = declared.map(|declared| declared.bounds.clone()).unwrap_or_default();
                    generics.push(GenericInfo { name: name.name.clone(), bounds, default: None });
                }
            }
            TypeKind::Path { args, .. } => {
                for inner in args {
                    self.implicit_arg(inner, scope, None, generics);
                }
            }
            TypeKind::Ref { target, .. } | TypeKind::List(target) | TypeKind::Array { element: target, .. } => {
                self.implicit_arg(target, scope, None, generics);
            }
            TypeKind::Tuple(parts) | TypeKind::Union(parts) => {
                for part in parts {
                    self.implicit_arg(part, scope, None, generics);
                }
            }
            _ => {}
        }
    }

    /// `T.Item` of a bounded parameter is a parameter of its own, which calls infer.
    fn add_assoc_params(&mut self, written: &'a ast::Generics, generics: &mut Vec<GenericInfo>) {
        for param in &written.params {
            for bound in &param.bounds {
                let TypeKind::Path { path, .. } = &bound.kind else { continue };
                let Some(last) = path.segments.last() else { continue };
                for contract in &self.contracts {
                    if contract.name == last.name {
                        for assoc in &contract.assoc {
                            let name = Name::from(format!("{}.{assoc}", param.name.name));
                            if !generics.iter().any(|generic| generic.name == name) {
                                generics.push(GenericInfo { name, bounds: Vec::new(), default: None });
                            }
                        }
                    }
                }
            }
        }
    }

    /// The owner's type; arguments that were left out are the parameters.
    fn owner_type(&mut self, target: Ty, owner_generics: usize, owner: &FnOwner, generics: &[GenericInfo]) -> Ty {
        let written = match owner {
            FnOwner::Type(ty) => ty,
            FnOwner::Receiver(receiver) => &receiver.ty,
            FnOwner::None => return target,
        };
        let written = match &written.kind {
            TypeKind::Ref { target, .. } => target,
            _ => written,
        };
        let TypeKind::Path { args, .. } = &written.kind else { return target };
        if !args.is_empty() {
            return target;
        }
        let count = self.types.kind(target).parts().len();
        let available = if owner_generics > 0 { owner_generics } else { generics.len() };
        let params: Vec<Ty> = (0..count.min(available)).map(|i| self.types.intern(TyKind::Param(i as u32))).collect();
        let mut next = 0;
        let kind = self.types.kind(target).clone();
        if matches!(kind, TyKind::Atomic(_) | TyKind::Pointer(_)) && self.free_kind(kind.parts()[0]).is_none() {
            return target;
        }
        let mapped = kind.map_parts(&mut |part| {
            let param = params.get(next).copied().unwrap_or(part);
            next += 1;
            param
        });
        self.types.intern(mapped)
    }

    fn owner_name(&self, ty: Ty) -> String {
        let shown = match self.kind(ty) {
            TyKind::List(_) => "Vec".to_string(),
            _ => self.show(ty),
        };
        match shown.find('<') {
            Some(end) => shown[..end].to_string(),
            None => shown,
        }
    }

    fn enter_method(&mut self, decl: DeclId, ty: Ty, builtin: bool) {
        let Some(head) = head_of(&self.kind(ty)) else {
            if !matches!(self.kind(ty), TyKind::Error) {
                let span = self.decls[decl.0 as usize].span;
                let shown = self.show(ty);
                self.error(Code::Unsupported, span, format!("methods cannot be declared for `{shown}`"));
            }
            return;
        };
        let name = Name::from(snake_case(&self.decls[decl.0 as usize].name));
        let is_method = self.decls[decl.0 as usize].receiver.is_some();
        let table = if is_method { &mut self.methods } else { &mut self.associated };
        table.entry((head, name)).or_default().push(decl);
        if is_method && !builtin {
            self.method_list.push((head, decl));
        }
    }

    /// Two functions of one name must differ in the number or types of their parameters.
    fn report_overload_clash(&mut self, decl: DeclId) {
        let info = self.decl(decl);
        if info.prelude {
            return;
        }
        let others: Vec<DeclId> = match (info.self_ty, info.receiver.is_some()) {
            (Some(ty), method) => {
                let Some(head) = head_of(&self.kind(ty)) else { return };
                let key = (head, Name::from(snake_case(&info.name)));
                let table = if method { &self.methods } else { &self.associated };
                table.get(&key).cloned().unwrap_or_default()
            }
            (None, _) => match self.scopes[info.scope.0 as usize].values.get(&info.name) {
                Some(ValueDef::Fns(list)) => list.clone(),
                _ => return,
            },
        };
        // Thousands of overloads are compared with their neighbours only.
        const MOST: usize = 64;
        let before = others.partition_point(|&other| other < decl);
        for &other in &others[before.saturating_sub(MOST)..before] {
            if other >= decl || self.decl(other).prelude {
                continue;
            }
            let (a, b) = (self.decl(decl), self.decl(other));
            let same = a.name == b.name
                && a.params.len() == b.params.len()
                && a.params.iter().zip(&b.params).all(|(x, y)| x.ty == y.ty)
                && a.self_ty == b.self_ty;
            if same {
                let (span, first, name) = (a.span, b.span, a.full_name.clone());
                self.report(
                    Diagnostic::new(Code::DuplicateDefinition, span, format!("`{name}` is declared twice"))
                        .note_at(first, "first declared here")
                        .help("overloads differ in the number or the types of their parameters"),
                );
                return;
            }
        }
    }
}
