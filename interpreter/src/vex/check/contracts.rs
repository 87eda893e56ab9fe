//! Who satisfies which contract: the methods that a struct's header promises, and the bounds of type parameters.

use super::builtin_types::head_of;
use super::state::*;
use super::tables::snake_case;
use crate::diagnostics::{Code, Diagnostic};
use crate::source::Span;
use crate::types::{ContractId, Ty, TyKind};
use crate::vex::ast::Name;

impl<'a> Checker<'a> {
    /// Checks every struct and enum against the contracts of its header.
    pub fn check_contracts(&mut self) {
        self.check_contracts_since(0, 0);
    }

    /// The same for those that were declared later than the first so many.
    pub fn check_contracts_since(&mut self, structs: usize, enums: usize) {
        for index in structs..self.structs.len() {
            let id = crate::types::StructId(index as u32);
            let info = &self.structs[index];
            let (contracts, header, name) = (info.contracts.clone(), info.ast.header, info.name.clone());
            let args = (0..info.generics.len()).map(|i| self.types.intern(TyKind::Param(i as u32))).collect();
            let ty = self.types.intern(TyKind::Struct(id, args));
            let assoc: Vec<(Name, Ty)> = self.structs[index]
                .ast
                .assoc_types
                .iter()
                .filter_map(|assoc| {
                    let ty = self.structs[index].assoc.get(&assoc.name.name)?;
                    Some((assoc.name.name.clone(), *ty))
                })
                .collect();
            for (contract, args, _) in contracts {
                self.check_conformance(ty, &name, header, contract, &args, &assoc);
            }
        }
        for index in enums..self.enums.len() {
            let id = crate::types::EnumId(index as u32);
            let info = &self.enums[index];
            let (contracts, header, name) = (info.contracts.clone(), info.ast.header, info.name.clone());
            let args = (0..info.generics.len()).map(|i| self.types.intern(TyKind::Param(i as u32))).collect();
            let ty = self.types.intern(TyKind::Enum(id, args));
            for (contract, args, _) in contracts {
                self.check_conformance(ty, &name, header, contract, &args, &[]);
            }
        }
    }

    fn check_conformance(
        &mut self,
        ty: Ty,
        name: &str,
        header: Span,
        contract: ContractId,
        args: &[Ty],
        assoc: &[(Name, Ty)],
    ) {
        let Some(head) = head_of(&self.kind(ty)) else { return };
        let mut open = vec![(contract, args.to_vec())];
        let mut seen = Vec::new();
        while let Some((contract, args)) = open.pop() {
            if seen.contains(&contract) {
                continue;
            }
            seen.push(contract);
            let info = &self.contracts[contract.0 as usize];
            open.extend(info.supers.iter().cloned());
            let (methods, assoc_names, contract_name) = (info.methods.clone(), info.assoc.clone(), info.name.clone());
            let mut subst = vec![ty];
            subst.extend(&args);
            for assoc_name in &assoc_names {
                let found = assoc.iter().find(|(name, _)| name == assoc_name).map(|(_, ty)| *ty);
                let ty = match found {
                    Some(ty) => ty,
                    None => self.fresh(),
                };
                subst.push(ty);
            }
            for required in methods {
                self.check_method(head, name, header, &contract_name, required, &subst);
            }
        }
    }

    fn check_method(
        &mut self,
        head: Head,
        type_name: &str,
        header: Span,
        contract: &str,
        required: DeclId,
        subst: &[Ty],
    ) {
        let wanted = self.decl(required);
        let method_name = wanted.name.clone();
        let (wanted_params, wanted_ret) = (wanted.params.clone(), wanted.ret);
        let (wanted_kind, wanted_async, wanted_span) =
            (wanted.receiver.map(|(kind, _)| kind), wanted.is_async, wanted.span);
        let has_default = matches!(wanted.body, Body::Contract(method) if method.body.is_some());
        let key = (head, Name::from(snake_case(&method_name)));
        let found = self.methods.get(&key).cloned().unwrap_or_default();
        if found.is_empty() {
            if has_default {
                // The contract's own body serves the type.
                self.methods.insert(key, vec![required]);
                self.method_list.push((head, required));
                return;
            }
            let message = format!("`{type_name}` lacks the method `{method_name}` of the contract `{contract}`");
            let receiver = if wanted_kind == Some(ReceiverKind::RefMut) { "!" } else { "" };
            let params: Vec<String> = wanted_params
                .iter()
                .map(|param| {
                    let ty = self.subst(param.ty, subst);
                    format!("{}: {}", param.name, self.show(ty))
                })
                .collect();
            let ret = self.subst(wanted_ret, subst);
            let ret = match self.kind(ret) {
                TyKind::Unit => String::new(),
                _ => format!(": {}", self.show(ret)),
            };
            let sketch =
                format!("fn (self: &{type_name}{receiver}) {method_name}({}){ret} {{ .. }}", params.join(", "));
            self.report(
                Diagnostic::new(Code::MissingContractMethod, header, message)
                    .note_at(wanted_span, "required here")
                    .help(format!("add `{sketch}`")),
            );
            return;
        }
        for &candidate in &found {
            if candidate == required || self.signature_fits(candidate, &wanted_params, wanted_ret, wanted_async, subst)
            {
                return;
            }
        }
        let span = self.decl(found[0]).span;
        let message = format!(
            "the method `{method_name}` of `{type_name}` has another signature than the contract `{contract}` demands"
        );
        self.report(
            Diagnostic::new(Code::MissingContractMethod, header, message)
                .note_at(span, "this method does not fit")
                .note_at(wanted_span, "required here"),
        );
    }

    fn signature_fits(
        &mut self,
        candidate: DeclId,
        params: &[ParamInfo<'a>],
        ret: Ty,
        is_async: bool,
        subst: &[Ty],
    ) -> bool {
        let info = self.decl(candidate);
        let (own_params, own_ret) = (info.params.clone(), info.ret);
        if own_params.len() != params.len() || info.is_async != is_async {
            return false;
        }
        // Parameters of the method itself may be called anything.
        let generic = info.generics.len() > info.owner_generics;
        if generic {
            return true;
        }
        own_params.iter().zip(params).all(|(own, wanted)| {
            let wanted = self.subst(wanted.ty, subst);
            self.unify(own.ty, wanted)
        }) && {
            let wanted = self.subst(ret, subst);
            self.unify(own_ret, wanted)
        }
    }

    /// Whether a type satisfies a contract; `None` where it is not known yet.
    pub fn satisfies(&mut self, ty: Ty, contract: ContractId) -> Option<bool> {
        let ty = self.shallow(ty);
        let name = self.contracts[contract.0 as usize].name.clone();
        let prelude = self.contracts[contract.0 as usize].scope == ROOT;
        let declared: Vec<ContractId> = match self.kind(ty) {
            TyKind::Infer(_) => return if self.is_unknown(ty) { None } else { Some(prelude) },
            TyKind::Error | TyKind::Never | TyKind::Dynamic => return Some(true),
            TyKind::Struct(id, _) => self.structs[id.0 as usize].contracts.iter().map(|c| c.0).collect(),
            TyKind::Enum(id, _) => self.enums[id.0 as usize].contracts.iter().map(|c| c.0).collect(),
            TyKind::Param(index) => {
                let bounds = self.generics.get(index as usize).map(|g| g.bounds.clone()).unwrap_or_default();
                bounds.into_iter().map(|(id, _)| id).collect()
            }
            TyKind::Contract(id, _) => vec![id],
            TyKind::Ref(target) | TyKind::RefMut(target) | TyKind::Box(target) if !prelude => {
                return self.satisfies(target, contract);
            }
            kind => {
                return Some(prelude && builtin_satisfies(&kind, &name) || !prelude && self.has_methods(ty, contract));
            }
        };
        let mut open = declared;
        let mut seen = Vec::new();
        while let Some(id) = open.pop() {
            if id == contract {
                return Some(true);
            }
            if !seen.contains(&id) {
                seen.push(id);
                open.extend(self.contracts[id.0 as usize].supers.iter().map(|(id, _)| *id));
            }
        }
        // Everything can be compared, shown and cloned; the rest must be promised or have the methods.
        let universal = prelude
            && matches!(
                &*name,
                "Clone" | "Display" | "Debug" | "Eq" | "ConcurrentSafe" | "SuspendSafe" | "Drop" | "Hash"
            );
        if universal {
            return Some(true);
        }
        if matches!(self.kind(ty), TyKind::Param(_)) {
            return Some(false);
        }
        Some(prelude && self.has_operator(ty, &name))
    }

    /// Whether a built-in type has all methods of a contract, declared by the program for it.
    fn has_methods(&mut self, ty: Ty, contract: ContractId) -> bool {
        let Some(head) = head_of(&self.kind(ty)) else { return false };
        let methods = self.contracts[contract.0 as usize].methods.clone();
        !methods.is_empty()
            && methods.iter().all(|&method| {
                let key = (head, Name::from(snake_case(&self.decl(method).name)));
                self.methods.contains_key(&key)
            })
    }

    fn has_operator(&self, ty: Ty, contract: &str) -> bool {
        let op = match contract {
            "Add" => "op+",
            "Sub" => "op-",
            "Mul" => "op*",
            "Div" => "op/",
            "Rem" => "op%",
            "Neg" => "op-",
            "Ord" => "op<",
            "Iterator" => "next",
            _ => return false,
        };
        let Some(head) = head_of(&self.kind(ty)) else { return false };
        self.methods.contains_key(&(head, Name::from(op)))
    }

    /// Checks the bounds that calls have collected.
    pub fn check_obligations(&mut self) {
        for obligation in std::mem::take(&mut self.obligations) {
            if self.satisfies(obligation.ty, obligation.contract) == Some(false) {
                let ty = self.show(obligation.ty);
                let contract = self.contracts[obligation.contract.0 as usize].name.clone();
                let mut diagnostic = Diagnostic::new(
                    Code::BoundNotSatisfied,
                    obligation.span,
                    format!("`{ty}` does not satisfy the contract `{contract}`"),
                );
                if let TyKind::Struct(id, _) = self.kind(obligation.ty) {
                    let info = &self.structs[id.0 as usize];
                    diagnostic = diagnostic
                        .note_at(info.ast.header, format!("`{}` is declared here", info.name))
                        .help(format!("declare `struct {}: {contract}` and its methods", info.name));
                }
                self.report(diagnostic);
            }
        }
    }
}

/// What the engine's own types can do.
fn builtin_satisfies(kind: &TyKind, contract: &str) -> bool {
    let number = matches!(kind, TyKind::Int(_) | TyKind::F32 | TyKind::F64);
    match contract {
        "Copy" => {
            number
                || matches!(
                    kind,
                    TyKind::Bool
                        | TyKind::Char
                        | TyKind::Str
                        | TyKind::Unit
                        | TyKind::Duration
                        | TyKind::Time
                        | TyKind::Ref(_)
                )
        }
        "Add" => number || matches!(kind, TyKind::String | TyKind::Str | TyKind::Duration),
        "Sub" => number || matches!(kind, TyKind::Duration | TyKind::Time),
        "Mul" | "Div" | "Rem" | "Neg" | "Num" | "Numeric" => {
            number || (contract != "Rem" && matches!(kind, TyKind::Duration))
        }
        "Ord" => {
            number
                || matches!(
                    kind,
                    TyKind::Bool
                        | TyKind::Char
                        | TyKind::Str
                        | TyKind::String
                        | TyKind::Duration
                        | TyKind::Time
                        | TyKind::Tuple(_)
                        | TyKind::List(_)
                        | TyKind::Ref(_)
                        | TyKind::RefMut(_)
                )
        }
        "Iterator" => matches!(kind, TyKind::Range(_)),
        _ => true,
    }
}
