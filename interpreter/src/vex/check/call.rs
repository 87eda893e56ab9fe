//! Calls of functions: choosing the overload, type arguments, arguments; functions as values.

use super::expect::{Expect, error_expr, expr, look, read};
use super::state::*;
use crate::core::{self, Expr, ExprKind, Place, SpawnKind};
use crate::diagnostics::{Code, Diagnostic};
use crate::source::Span;
use crate::types::{Ty, TyKind, Types};
use crate::vex::ast::{self, NodeId, TypeExpr};

/// Arguments that were elaborated before the function was chosen.
type Ready<'x> = Option<&'x mut Vec<Option<Expr>>>;

impl<'a> Checker<'a> {
    /// `callee(args)`
    pub fn call(
        &mut self,
        callee: &'a ast::Expr,
        type_args: &'a [TypeExpr],
        args: &'a [ast::Expr],
        e: &'a ast::Expr,
        expect: Expect,
    ) -> Expr {
        let scope = self.frame().scope;
        if let ast::ExprKind::Name(name) = &callee.kind
            && !self.has_local(name)
        {
            let written: Vec<Ty> = type_args.iter().map(|arg| self.resolve_type(arg, scope)).collect();
            match self.lookup_value(name, scope) {
                Some(ValueDef::Fns(decls)) => return self.call_decls(&decls, written, args, e, expect),
                Some(_) => {}
                None => {
                    if let Some(value) = self.special_call(name, written.clone(), args, e, expect) {
                        return value;
                    }
                    let variants = self.lookup_variants(name, scope);
                    if !variants.is_empty() {
                        return match self.pick_variant(name, &variants, callee.span, expect) {
                            Some((id, index)) => self.variant_call(id, index, written, args, e, expect),
                            None => {
                                self.check_args_loosely(args);
                                error_expr(e.span)
                            }
                        };
                    }
                    if let Some(super::path_calls::StaticRef::Type(def, owner_args)) = self.resolve_static(callee) {
                        let args_given = if owner_args.is_empty() { written } else { owner_args };
                        return self.construct(def, args_given, args, e, expect);
                    }
                    self.unknown_name(name, callee.span);
                    self.check_args_loosely(args);
                    return error_expr(e.span);
                }
            }
        } else if let Some(super::path_calls::StaticRef::Type(def, owner_args)) = self.resolve_static(callee) {
            let written: Vec<Ty> = type_args.iter().map(|arg| self.resolve_type(arg, scope)).collect();
            let all = if owner_args.is_empty() { written } else { owner_args };
            return self.construct(def, all, args, e, expect);
        }
        let callee = self.check_expr(callee, Expect::Any);
        self.call_value(callee, args, e, expect)
    }

    /// A call of a function value.
    pub fn call_value(&mut self, callee: Expr, args: &'a [ast::Expr], e: &'a ast::Expr, _expect: Expect) -> Expr {
        let place = self.deref_all(super::expect::as_place(callee));
        let (params, ret) = match self.kind(place.ty) {
            TyKind::Fn(params, ret) => (params, ret),
            TyKind::Error => {
                self.check_args_loosely(args);
                return error_expr(e.span);
            }
            TyKind::Infer(_) if self.is_unknown(place.ty) => {
                let mut values = Vec::new();
                for arg in args {
                    values.push(self.check_expr(arg, Expect::Any));
                }
                let ret = self.fresh_at(e.id, 3);
                let params = values.iter().map(|value| value.ty).collect();
                let function = self.types.intern(TyKind::Fn(params, ret));
                self.unify(place.ty, function);
                return expr(ExprKind::CallValue(Box::new(look(place)), values), ret, e.span);
            }
            _ => {
                let shown = self.show(place.ty);
                if self.shallow(place.ty) != Types::NEVER {
                    self.error(Code::NotCallable, place.span, format!("`{shown}` is no function"));
                }
                self.check_args_loosely(args);
                return error_expr(e.span);
            }
        };
        if params.len() != args.len() {
            self.wrong_count("the function", params.len(), params.len(), args.len(), e.span, None);
            self.check_args_loosely(args);
            return expr(ExprKind::Error, ret, e.span);
        }
        let values = args.iter().zip(params).map(|(arg, param)| self.check_to(arg, param)).collect();
        expr(ExprKind::CallValue(Box::new(look(place)), values), ret, e.span)
    }

    fn wrong_count(&mut self, what: &str, least: usize, most: usize, given: usize, span: Span, declared: Option<Span>) {
        let wanted = if least == most { format!("{least}") } else { format!("{least} to {most}") };
        let plural = if wanted == "1" { "" } else { "s" };
        let verb = if given == 1 { "is" } else { "are" };
        let message = format!("{what} takes {wanted} argument{plural}, {given} {verb} given");
        let mut diagnostic = Diagnostic::new(Code::WrongArgumentCount, span, message);
        if let Some(declared) = declared {
            diagnostic = diagnostic.note_at(declared, "declared here");
        }
        self.report(diagnostic);
    }

    /// How many arguments a declaration takes at least and at most.
    fn arity(&self, decl: DeclId) -> (usize, usize) {
        let params = &self.decl(decl).params;
        let rest = params.iter().any(|param| param.rest);
        let least = params.iter().filter(|param| param.default.is_none() && !param.rest).count();
        (least, if rest { usize::MAX } else { params.len() })
    }

    fn takes(&self, decl: DeclId, count: usize) -> bool {
        let (least, most) = self.arity(decl);
        // An atomic's memory ordering may follow the declared arguments.
        let ordering = usize::from(self.accepts_ordering(decl));
        (least..=most.saturating_add(ordering * 2)).contains(&count)
    }

    fn accepts_ordering(&self, decl: DeclId) -> bool {
        let info = self.decl(decl);
        matches!(info.body, Body::Builtin(_))
            && info.self_ty.is_some_and(|ty| matches!(self.kind(ty), TyKind::Atomic(_)))
            && info.receiver.is_some()
    }

    /// A call of a function by name.
    pub fn call_decls(
        &mut self,
        decls: &[DeclId],
        type_args: Vec<Ty>,
        args: &'a [ast::Expr],
        e: &'a ast::Expr,
        expect: Expect,
    ) -> Expr {
        let Some((decl, mut ready)) = self.choose(decls, args, e.span, None) else { return error_expr(e.span) };
        self.call_decl(decl, None, type_args, args, ready.as_mut(), e, expect)
    }

    /// A call of a method on a place.
    pub fn call_method_decls(
        &mut self,
        decls: &[DeclId],
        receiver: Place,
        type_args: Vec<Ty>,
        args: &'a [ast::Expr],
        e: &'a ast::Expr,
        expect: Expect,
    ) -> Expr {
        let Some((decl, mut ready)) = self.choose(decls, args, e.span, Some(receiver.ty)) else {
            return error_expr(e.span);
        };
        self.call_decl(decl, Some(receiver), type_args, args, ready.as_mut(), e, expect)
    }

    /// Chooses among overloads by the number, then by the types of the arguments.
    fn choose(
        &mut self,
        decls: &[DeclId],
        args: &'a [ast::Expr],
        span: Span,
        receiver: Option<Ty>,
    ) -> Option<(DeclId, Option<Vec<Option<Expr>>>)> {
        if let &[only] = decls {
            return Some((only, None));
        }
        let mut fitting: Vec<DeclId> = decls.iter().copied().filter(|&decl| self.takes(decl, args.len())).collect();
        if let Some(receiver) = receiver {
            // The program's own method stands before the prelude's; a receiver's arguments may tell methods apart.
            let own: Vec<DeclId> = fitting.iter().copied().filter(|&decl| self.receiver_fits(decl, receiver)).collect();
            if !own.is_empty() {
                fitting = own;
            }
            if fitting.iter().any(|&decl| !self.decl(decl).prelude) {
                fitting.retain(|&decl| !self.decl(decl).prelude);
            }
        }
        match fitting.as_slice() {
            &[only] => return Some((only, None)),
            [] => {
                let name = self.decl(decls[0]).full_name.clone();
                let mut diagnostic = Diagnostic::new(
                    Code::WrongArgumentCount,
                    span,
                    format!("no `{name}` takes {} argument{}", args.len(), if args.len() == 1 { "" } else { "s" }),
                );
                for &decl in decls.iter().filter(|&&decl| !self.decl(decl).prelude) {
                    diagnostic = diagnostic.note_at(self.decl(decl).span, "this one does not fit");
                }
                self.report(diagnostic);
                self.check_args_loosely(args);
                return None;
            }
            _ => {}
        }
        let mut ready: Vec<Option<Expr>> = Vec::new();
        for arg in args {
            let closure = matches!(arg.kind, ast::ExprKind::Closure(_) | ast::ExprKind::Spread(_));
            ready.push(if closure { None } else { Some(self.check_expr(arg, Expect::Any)) });
        }
        let mut best: Option<(usize, DeclId)> = None;
        for &decl in &fitting {
            let params = self.decl(decl).params.clone();
            let mut score = 0;
            let mut fits = true;
            for (index, value) in ready.iter().enumerate() {
                let Some(param) = params.get(index).or_else(|| params.last().filter(|param| param.rest)) else {
                    continue;
                };
                let Some(value) = value else { continue };
                let (have, want) = (self.strip_refs(value.ty), self.strip_refs(param.ty));
                if matches!(self.kind(want), TyKind::Param(_)) {
                    continue;
                }
                if have == want {
                    score += 2;
                } else if self.could_unify(have, want) {
                    // A literal's default type is the better match.
                    let default = match self.free_kind(have) {
                        Some(super::infer::VarKind::Int) => Types::I64,
                        Some(super::infer::VarKind::Float) => Types::F64,
                        _ => Types::ERROR,
                    };
                    score += usize::from(default == want);
                } else if let TyKind::Contract(id, _) = self.kind(want) {
                    fits &= self.satisfies(have, id) == Some(true);
                } else {
                    fits = false;
                }
            }
            if fits && best.is_none_or(|(most, _)| score > most) {
                best = Some((score, decl));
            }
        }
        match best {
            Some((_, decl)) => Some((decl, Some(ready))),
            None => {
                let name = self.decl(fitting[0]).full_name.clone();
                let types: Vec<String> = ready
                    .iter()
                    .map(|value| value.as_ref().map_or_else(|| "a closure".into(), |value| self.show(value.ty)))
                    .collect();
                if ready.iter().flatten().all(|value| self.shallow(value.ty) != Types::ERROR) {
                    let message = format!("no `{name}` takes ({})", types.join(", "));
                    let mut diagnostic = Diagnostic::new(Code::TypeMismatch, span, message);
                    for &decl in fitting.iter().filter(|&&decl| !self.decl(decl).prelude) {
                        diagnostic = diagnostic.note_at(self.decl(decl).span, "this one does not fit");
                    }
                    self.report(diagnostic);
                }
                None
            }
        }
    }

    fn receiver_fits(&self, decl: DeclId, receiver: Ty) -> bool {
        let Some(own) = self.decl(decl).self_ty else { return false };
        self.fits_with_params(own, self.strip_refs(receiver))
    }

    /// Whether a type with parameters could become this one.
    fn fits_with_params(&self, pattern: Ty, ty: Ty) -> bool {
        let (pattern, ty) = (self.shallow(pattern), self.shallow(ty));
        let (pk, tk) = (self.types.kind(pattern), self.types.kind(ty));
        match (pk, tk) {
            (TyKind::Param(_), _) | (_, TyKind::Infer(_)) => true,
            (TyKind::List(a), TyKind::Array(b, _) | TyKind::Span(b)) => self.fits_with_params(*a, *b),
            _ => {
                pattern == ty
                    || pk.pairs(tk).is_some_and(|pairs| pairs.into_iter().all(|(a, b)| self.fits_with_params(a, b)))
            }
        }
    }

    /// Variables for a declaration's type parameters.
    pub fn instantiate(&mut self, decl: DeclId, written: &[Ty], node: NodeId, span: Span) -> Vec<Ty> {
        let generics = self.decl(decl).generics.clone();
        // Written arguments may be all, or only the function's own.
        let own = generics.len() - self.decl(decl).owner_generics;
        let skip = if written.len() <= own && written.len() < generics.len() && self.decl(decl).receiver.is_some() {
            self.decl(decl).owner_generics
        } else {
            0
        };
        let visible = generics.iter().filter(|generic| !generic.name.contains('.')).count();
        if written.len() > visible {
            let name = self.decl(decl).full_name.clone();
            let message = format!("`{name}` takes {visible} type arguments, {} are given", written.len());
            self.error(Code::WrongTypeArguments, span, message);
        }
        let prefix = std::mem::take(&mut self.owner_prefix);
        let mut args = Vec::new();
        for index in 0..generics.len() {
            if let Some(&known) = prefix.get(index) {
                args.push(known);
                continue;
            }
            let arg = match index.checked_sub(skip).and_then(|index| written.get(index)) {
                Some(&ty) => ty,
                None => self.fresh_at(node, 20 + index as u32),
            };
            args.push(arg);
        }
        for (index, generic) in generics.iter().enumerate() {
            for (contract, _) in &generic.bounds {
                self.obligations.push(Obligation { ty: args[index], contract: *contract, span });
            }
        }
        args
    }

    /// A call of this declaration.
    #[expect(clippy::too_many_arguments, reason = "the parts of a call")]
    fn call_decl(
        &mut self,
        decl: DeclId,
        receiver: Option<Place>,
        written: Vec<Ty>,
        args: &'a [ast::Expr],
        mut ready: Ready<'_>,
        e: &'a ast::Expr,
        expect: Expect,
    ) -> Expr {
        let span = e.span;
        let type_args = self.instantiate(decl, &written, e.id, span);
        let info = self.decl(decl);
        let (params, ret, body, name, declared, is_async) =
            (info.params.clone(), info.ret, info.body, info.full_name.clone(), info.span, info.is_async);
        let (own_receiver, prelude) = (info.receiver, info.prelude);
        let mut values: Vec<Expr> = Vec::new();
        let receiver_ty = receiver.as_ref().map(|place| place.ty);
        if let (Some(place), Some((kind, ty))) = (receiver, own_receiver) {
            let ty = self.subst(ty, &type_args);
            values.push(self.take_receiver(place, kind, ty, &name, prelude));
        }
        let ret = self.subst(ret, &type_args);
        self.link_assoc(decl, &type_args);
        let result = if is_async { self.types.intern(TyKind::Future(ret)) } else { ret };
        // What is expected of the result helps the arguments.
        if let Some(want) = expect.ty()
            && self.has_free(result)
            && !self.is_unknown(result)
            && self.could_unify(result, want)
        {
            self.unify(result, want);
        }
        let mut args = args;
        if self.accepts_ordering(decl) {
            while args.len() > params.len() {
                if let Some((last, rest)) = args.split_last() {
                    let value = self.check_expr(last, Expect::Any);
                    self.require_ordering(&value);
                    args = rest;
                }
            }
        }
        let (least, most) = self.arity(decl);
        if !(least..=most).contains(&args.len()) {
            let shown = (!prelude).then_some(declared);
            self.wrong_count(&format!("`{name}`"), least, most.max(least), args.len(), span, shown);
            self.check_args_loosely(args);
            return expr(ExprKind::Error, result, span);
        }
        let lenient = prelude;
        let mut position = 0;
        for param in &params {
            let ty = self.subst(param.ty, &type_args);
            if param.rest {
                values.push(self.rest_arguments(&args[position.min(args.len())..], ty, span));
                position = args.len();
                continue;
            }
            let Some(arg) = args.get(position) else {
                if let Some(default) = param.default {
                    values.push(self.default_value(default, ty, decl));
                }
                continue;
            };
            let elaborated = ready.as_mut().and_then(|ready| ready.get_mut(position)).and_then(Option::take);
            position += 1;
            let value = self.argument(arg, elaborated, ty, param.ty, lenient);
            values.push(value);
        }
        let kind = match body {
            Body::Builtin(builtin) => ExprKind::Builtin(builtin, values),
            Body::Contract(_) if self.is_dynamic_receiver(receiver_ty) => {
                let method = self.decl(decl).name.to_string();
                self.dynamic_methods.insert(method.clone());
                ExprKind::CallMethod(method, values)
            }
            Body::Extern(_) => {
                self.error(
                    Code::Unsupported,
                    span,
                    format!("`{name}` is a function of another language; it cannot be called"),
                );
                ExprKind::Error
            }
            _ => {
                let func = self.request(decl);
                if is_async { ExprKind::Spawn(SpawnKind::Async, func, values) } else { ExprKind::Call(func, values) }
            }
        };
        expr(kind, result, span)
    }

    /// Whether the method is to be found by the value's kind at run time.
    fn is_dynamic_receiver(&self, receiver: Option<Ty>) -> bool {
        let Some(ty) = receiver else { return false };
        let ty = self.strip_refs(ty);
        matches!(self.kind(ty), TyKind::Param(_) | TyKind::Contract(..) | TyKind::Union(_) | TyKind::Dynamic)
    }

    /// One argument. `declared` is the parameter's type before type arguments were put in.
    fn argument(&mut self, arg: &'a ast::Expr, ready: Option<Expr>, ty: Ty, declared: Ty, lenient: bool) -> Expr {
        // Counts, capacities and times of the library take any integer type.
        if lenient && matches!(self.kind(declared), TyKind::Int(_)) {
            let value = ready.unwrap_or_else(|| self.check_expr(arg, Expect::Any));
            return self.int_of(value, declared);
        }
        if lenient && matches!(self.kind(declared), TyKind::Duration) {
            let value = ready.unwrap_or_else(|| self.check_expr(arg, Expect::Any));
            return self.duration_of(value);
        }
        if lenient && matches!(self.kind(declared), TyKind::Ref(_)) {
            // Keys and the like may be given with or without `&`.
            let TyKind::Ref(target) = self.kind(ty) else { return error_expr(arg.span) };
            let value = ready.unwrap_or_else(|| self.check_expr(arg, Expect::Is(target)));
            let value = self.unwrap_operand(value);
            let mut value = super::expect::looked(self.operand(value));
            let target = self.strip_refs(target);
            if self.unify(value.ty, target) {
                value.ty = ty;
                return value;
            }
            return self.coerce(value, ty);
        }
        match ready {
            Some(value) => self.coerce(value, ty),
            None => self.check_to(arg, ty),
        }
    }

    /// A duration; an integer is milliseconds.
    pub fn duration_of(&mut self, value: Expr) -> Expr {
        let value = self.operand(value);
        let value = self.unwrap_operand(value);
        let span = value.span;
        match self.kind(value.ty) {
            TyKind::Duration | TyKind::Error | TyKind::Never => value,
            TyKind::Int(_) | TyKind::Infer(_) if !self.is_unknown(value.ty) => {
                let millis = self.int_of(value, Types::I64);
                let kind = ExprKind::Builtin(crate::builtins::Builtin::DurationFromMillis, vec![millis]);
                expr(kind, Types::DURATION, span)
            }
            _ => self.coerce(value, Types::DURATION),
        }
    }

    fn require_ordering(&mut self, value: &Expr) {
        let fits = match self.kind(value.ty) {
            TyKind::Enum(id, _) => &*self.enums[id.0 as usize].name == "Ordering",
            TyKind::Error => true,
            _ => false,
        };
        if !fits {
            let shown = self.show(value.ty);
            let message = format!("too many arguments: an `Ordering` may stand here, this is `{shown}`");
            self.error(Code::WrongArgumentCount, value.span, message);
        }
    }

    /// `rest: ...T`: the remaining arguments as a list.
    fn rest_arguments(&mut self, args: &'a [ast::Expr], element: Ty, span: Span) -> Expr {
        let list = self.types.intern(TyKind::List(element));
        if let [only] = args
            && let ast::ExprKind::Spread(inner) = &only.kind
        {
            return self.check_to(inner, list);
        }
        let values = args.iter().map(|arg| self.check_to(arg, element)).collect();
        expr(ExprKind::List(values), list, span)
    }

    /// A default value, elaborated where the function was declared: it sees no local of the caller.
    pub fn default_value(&mut self, default: &'a ast::Expr, ty: Ty, decl: DeclId) -> Expr {
        let scope = self.decl(decl).scope;
        self.in_scope(scope, |this| this.check_to(default, ty))
    }

    /// Runs `work` with the names of a scope and none of the locals.
    pub fn in_scope<R>(&mut self, scope: ScopeId, work: impl FnOnce(&mut Self) -> R) -> R {
        let outer_names = std::mem::take(&mut self.frame().names);
        let outer_scope = std::mem::replace(&mut self.frame().scope, scope);
        let kind = std::mem::replace(&mut self.frame().kind, core::FunctionKind::Plain);
        let result = work(self);
        self.frame().names = outer_names;
        self.frame().scope = outer_scope;
        self.frame().kind = kind;
        result
    }

    /// The receiver of a method, borrowed, borrowed mutably or taken.
    pub fn take_receiver(&mut self, place: Place, kind: ReceiverKind, ty: Ty, name: &str, prelude: bool) -> Expr {
        let target = match self.kind(ty) {
            TyKind::Ref(target) | TyKind::RefMut(target) if kind != ReceiverKind::Value => target,
            _ => ty,
        };
        if !self.unify_receiver(place.ty, target) {
            let value = look(place);
            self.report_mismatch(&value, target);
            return error_expr(value.span);
        }
        match kind {
            // `opt.map(f)` of the library leaves the variable usable; what must be released once is taken along.
            ReceiverKind::Value if prelude && !self.is_droppable(place.ty) => look(place),
            ReceiverKind::Value => read(place),
            ReceiverKind::Ref => look(place),
            ReceiverKind::RefMut => {
                self.require_mutable(&place, &format!("`{name}` changes it"));
                let (ty, span) = (place.ty, place.span);
                expr(ExprKind::BorrowMut(place), ty, span)
            }
        }
    }

    fn unify_receiver(&mut self, have: Ty, want: Ty) -> bool {
        match (self.kind(have), self.kind(want)) {
            (TyKind::Array(a, _) | TyKind::Span(a), TyKind::List(b)) => self.unify(a, b),
            (TyKind::F32, TyKind::F64) => true,
            (_, TyKind::Contract(id, _)) => self.satisfies(have, id) == Some(true),
            _ => self.unify(have, want),
        }
    }

    /// Type parameters that stand for associated types get their meaning from the receiver's type.
    fn link_assoc(&mut self, decl: DeclId, type_args: &[Ty]) {
        let generics = self.decl(decl).generics.clone();
        for (index, generic) in generics.iter().enumerate() {
            let Some((owner, assoc)) = generic.name.split_once('.') else { continue };
            let Some(position) = generics.iter().position(|other| &*other.name == owner) else { continue };
            let ty = self.strip_refs(type_args[position]);
            if let TyKind::Struct(id, _) = self.kind(ty)
                && let Some(&found) = self.structs[id.0 as usize].assoc.get(assoc)
            {
                self.unify(type_args[index], found);
            }
        }
    }

    /// A function as a value.
    pub fn function_value(&mut self, decls: &[DeclId], name: &str, e: &'a ast::Expr) -> Expr {
        if decls.len() > 1 {
            let first = self.decl(decls[0]).prelude;
            if !first {
                self.report(
                    Diagnostic::new(Code::AmbiguousName, e.span, format!("`{name}` has several overloads"))
                        .help("wrap the call in a closure: `|x: T| f(x)`"),
                );
                return error_expr(e.span);
            }
        }
        self.value_of(decls[0], &[], e)
    }

    /// The overload that fits the expected function type.
    pub fn overloaded_value(&mut self, decls: &[DeclId], name: &str, e: &'a ast::Expr, expect: Expect) -> Expr {
        if let Some(want) = expect.ty()
            && let TyKind::Fn(params, _) = self.kind(want)
        {
            for &decl in decls {
                let own = self.decl(decl).params.clone();
                if own.len() == params.len()
                    && own.iter().zip(&params).all(|(own, &want)| self.could_unify(own.ty, want))
                {
                    return self.value_of(decl, &[], e);
                }
            }
        }
        self.function_value(decls, name, e)
    }

    /// A declaration as a value.
    pub fn value_of(&mut self, decl: DeclId, written: &[Ty], e: &ast::Expr) -> Expr {
        let args = self.instantiate(decl, written, e.id, e.span);
        let info = self.decl(decl);
        let (params, ret, is_async, receiver) = (info.params.clone(), info.ret, info.is_async, info.receiver);
        let mut types: Vec<Ty> = receiver.iter().map(|&(_, ty)| ty).collect();
        for param in &params {
            types.push(if param.rest { self.types.intern(TyKind::List(param.ty)) } else { param.ty });
        }
        let types: Vec<Ty> = types.into_iter().map(|ty| self.subst(ty, &args)).collect();
        let ret = self.subst(ret, &args);
        let (func, ret) = if is_async {
            (self.starter(decl), self.types.intern(TyKind::Future(ret)))
        } else {
            (self.request(decl), ret)
        };
        let ty = self.types.intern(TyKind::Fn(types, ret));
        expr(ExprKind::Function(func), ty, e.span)
    }

    /// `f<i64>` as a value.
    pub fn instantiated_value(&mut self, base: &'a ast::Expr, type_args: &'a [TypeExpr], e: &'a ast::Expr) -> Expr {
        let scope = self.frame().scope;
        let written: Vec<Ty> = type_args.iter().map(|arg| self.resolve_type(arg, scope)).collect();
        if let ast::ExprKind::Name(name) = &base.kind
            && !self.has_local(name)
            && let Some(ValueDef::Fns(decls)) = self.lookup_value(name, scope)
        {
            return self.value_of(decls[0], &written, e);
        }
        self.error(Code::WrongTypeArguments, e.span, "this takes no type arguments");
        error_expr(e.span)
    }

    /// `value |> f(args)`: the value is the first argument.
    pub fn call_piped(
        &mut self,
        decls: &[DeclId],
        written: Vec<Ty>,
        value: &'a ast::Expr,
        args: &'a [ast::Expr],
        e: &'a ast::Expr,
        expect: Expect,
    ) -> Expr {
        if args.is_empty() {
            return self.call_decls(decls, written, std::slice::from_ref(value), e, expect);
        }
        let count = args.len() + 1;
        let Some(&decl) = decls.iter().find(|&&decl| self.takes(decl, count)) else {
            let name = self.decl(decls[0]).full_name.clone();
            let (least, most) = self.arity(decls[0]);
            self.wrong_count(&format!("`{name}`"), least, most, count, e.span, Some(self.decl(decls[0]).span));
            self.check_args_loosely(args);
            return error_expr(e.span);
        };
        let type_args = self.instantiate(decl, &written, e.id, e.span);
        let info = self.decl(decl);
        let (params, ret, body, is_async) = (info.params.clone(), info.ret, info.body, info.is_async);
        let mut values = Vec::new();
        for (arg, param) in std::iter::once(value).chain(args).zip(&params) {
            let ty = self.subst(param.ty, &type_args);
            values.push(self.check_to(arg, ty));
        }
        for param in &params[values.len().min(params.len())..] {
            let ty = self.subst(param.ty, &type_args);
            if let Some(default) = param.default {
                values.push(self.default_value(default, ty, decl));
            }
        }
        let ret = self.subst(ret, &type_args);
        match body {
            Body::Builtin(builtin) => expr(ExprKind::Builtin(builtin, values), ret, e.span),
            _ => {
                let func = self.request(decl);
                if is_async {
                    let future = self.types.intern(TyKind::Future(ret));
                    expr(ExprKind::Spawn(SpawnKind::Async, func, values), future, e.span)
                } else {
                    expr(ExprKind::Call(func, values), ret, e.span)
                }
            }
        }
    }
}
