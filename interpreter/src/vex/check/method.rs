//! Method calls: finds the method through references, boxes and guards; methods of numbers and of every value.

use super::builtin_types::head_of;
use super::expect::{Expect, as_place, error_expr, expr, look, looked};
use super::infer::VarKind;
use super::state::*;
use super::tables::snake_case;
use crate::builtins::Builtin;
use crate::core::{BinaryOp, Expr, ExprKind, Place, Projection};
use crate::diagnostics::{Code, Diagnostic};
use crate::source::Span;
use crate::types::{IntKind, Ty, TyKind, Types};
use crate::vex::ast::{self, Ident, Name, TypeExpr};

impl<'a> Checker<'a> {
    /// `receiver.method(args)`, which may turn out to be a call of an associated function or of a module's.
    pub fn method_call(
        &mut self,
        receiver: &'a ast::Expr,
        method: &'a Ident,
        type_args: &'a [TypeExpr],
        args: &'a [ast::Expr],
        e: &'a ast::Expr,
        expect: Expect,
    ) -> Expr {
        if let Some(owner) = self.resolve_static(receiver) {
            return self.static_call(owner, method, type_args, args, e, expect);
        }
        let place = self.check_place(receiver);
        let scope = self.frame().scope;
        let written: Vec<Ty> = type_args.iter().map(|arg| self.resolve_type(arg, scope)).collect();
        self.method_on(place, method, written, args, e, expect)
    }

    /// A method call on an elaborated receiver.
    pub fn method_on(
        &mut self,
        place: Place,
        method: &'a Ident,
        written: Vec<Ty>,
        args: &'a [ast::Expr],
        e: &'a ast::Expr,
        expect: Expect,
    ) -> Expr {
        let snake = snake_case(&method.name);
        let outer_ty = place.ty;
        let mut at = place;
        loop {
            let ty = self.shallow(at.ty);
            let kind = self.kind(ty);
            if self.is_unknown(ty) {
                return self.method_on_unknown(at, method, args, e);
            }
            if matches!(kind, TyKind::Error | TyKind::Never) {
                self.check_args_loosely(args);
                return error_expr(e.span);
            }
            if snake == "sort_by"
                && let Some(value) = self.special_method(&at, &kind, &snake, args, e, expect)
            {
                return value;
            }
            if let Some((decls, prefix)) = self.find_method(ty, &kind, &snake, &method.name) {
                self.owner_prefix = prefix;
                if matches!(kind, TyKind::F32) {
                    let number = expr(ExprKind::Cast(Box::new(look(at))), Types::F64, e.span);
                    return self.call_method_decls(&decls, as_place(number), written, args, e, expect);
                }
                return self.call_method_decls(&decls, at, written, args, e, expect);
            }
            if let Some(value) = self.special_method(&at, &kind, &snake, args, e, expect) {
                return value;
            }
            if let TyKind::Struct(id, type_args) = &kind {
                let info = &self.structs[id.0 as usize];
                if let Some(index) = info.fields.iter().position(|field| field.name == method.name) {
                    let field_ty = info.fields[index].ty;
                    let field_ty = self.subst(field_ty, type_args);
                    if matches!(self.kind(field_ty), TyKind::Fn(..)) {
                        at.projections.push(Projection::Field(index as u32, field_ty));
                        at.ty = field_ty;
                        return self.call_value(look(at), args, e, expect);
                    }
                }
            }
            match self.deref_place(at.clone()) {
                Some(next) => at = next,
                None => break,
            }
        }
        if let Some(value) = self.universal_method(at, &snake, args, e) {
            return value;
        }
        self.unknown_member(outer_ty, method, "method");
        self.check_args_loosely(args);
        error_expr(e.span)
    }

    fn method_on_unknown(&mut self, at: Place, method: &'a Ident, args: &'a [ast::Expr], e: &'a ast::Expr) -> Expr {
        let snake = snake_case(&method.name);
        if args.is_empty() && snake == "to_string" {
            return expr(ExprKind::Format(vec![look(at)]), Types::STRING, e.span);
        }
        if args.is_empty() && snake == "clone" {
            let ty = at.ty;
            return expr(ExprKind::Builtin(Builtin::CloneValue, vec![look(at)]), ty, e.span);
        }
        self.check_args_loosely(args);
        if self.put_off() {
            let message = format!("the type of the value before `.{}` is not known here", method.name);
            self.report(
                Diagnostic::new(Code::CannotInfer, e.span, message).help("annotate the variable with its type"),
            );
        }
        let ty = self.fresh_at(e.id, 4);
        expr(ExprKind::Error, ty, e.span)
    }

    /// The declarations of a method for a type; for a contract's method also the contract's own arguments.
    fn find_method(&mut self, ty: Ty, kind: &TyKind, snake: &str, exact: &str) -> Option<(Vec<DeclId>, Vec<Ty>)> {
        match kind {
            TyKind::Param(index) => {
                let bounds = self.generics.get(*index as usize)?.bounds.clone();
                let owner = self.generics[*index as usize].name.clone();
                return self.contract_method(&bounds, ty, snake, Some(&owner));
            }
            TyKind::Contract(id, args) => {
                return self.contract_method(&[(*id, args.clone())], ty, snake, None);
            }
            _ => {}
        }
        let heads: Vec<Head> = match kind {
            TyKind::F32 => vec![Head::F32, Head::F64],
            TyKind::Infer(_) => match self.free_kind(ty) {
                Some(VarKind::Float) => vec![Head::F64],
                _ => {
                    let mut heads = vec![Head::Int(IntKind::I64), Head::Int(IntKind::I32)];
                    heads.extend(IntKind::ALL.into_iter().map(Head::Int));
                    heads
                }
            },
            _ => head_of(kind).into_iter().collect(),
        };
        let name = Name::from(snake);
        for head in heads {
            let Some(list) = self.methods.get(&(head, name.clone())) else { continue };
            let mut fitting: Vec<DeclId> = list.iter().copied().filter(|&decl| self.self_fits(decl, ty)).collect();
            if fitting.is_empty() {
                fitting.clone_from(list);
            }
            // `fooBar` and `foo_bar` of one user type are two methods.
            if fitting.iter().any(|&decl| *self.decl(decl).name == *exact) {
                fitting.retain(|&decl| *self.decl(decl).name == *exact || self.decl(decl).prelude);
            }
            return Some((fitting, Vec::new()));
        }
        None
    }

    fn self_fits(&self, decl: DeclId, ty: Ty) -> bool {
        match self.decl(decl).self_ty {
            Some(own) => self.matches_params(own, ty),
            None => false,
        }
    }

    fn matches_params(&self, pattern: Ty, ty: Ty) -> bool {
        let (pattern, ty) = (self.shallow(pattern), self.shallow(ty));
        match (self.types.kind(pattern), self.types.kind(ty)) {
            (TyKind::Param(_), _) | (_, TyKind::Infer(_)) | (TyKind::Infer(_), _) => true,
            (TyKind::List(a), TyKind::Array(b, _) | TyKind::Span(b)) => self.matches_params(*a, *b),
            (TyKind::String, TyKind::Str) | (TyKind::Str, TyKind::String) => true,
            (a, b) => {
                pattern == ty
                    || a.pairs(b).is_some_and(|pairs| pairs.into_iter().all(|(a, b)| self.matches_params(a, b)))
            }
        }
    }

    /// A method of the contracts that bound a type, or of those they extend.
    fn contract_method(
        &mut self,
        bounds: &[(crate::types::ContractId, Vec<Ty>)],
        self_ty: Ty,
        snake: &str,
        owner: Option<&Name>,
    ) -> Option<(Vec<DeclId>, Vec<Ty>)> {
        let mut open = bounds.to_vec();
        let mut seen = Vec::new();
        while let Some((id, args)) = open.pop() {
            if seen.contains(&id) {
                continue;
            }
            seen.push(id);
            let info = &self.contracts[id.0 as usize];
            open.extend(info.supers.iter().cloned());
            let methods: Vec<DeclId> =
                info.methods.iter().copied().filter(|&decl| snake_case(&self.decl(decl).name) == snake).collect();
            if methods.is_empty() {
                continue;
            }
            let assoc = info.assoc.clone();
            let mut prefix = vec![self_ty];
            prefix.extend(args);
            for name in assoc {
                let dotted = owner.map(|owner| format!("{owner}.{name}"));
                let index = self.type_params.names.iter().position(|own| {
                    Some(&**own) == dotted.as_deref() || (owner.is_some_and(|owner| &**owner == "Self") && *own == name)
                });
                let ty = match index {
                    Some(index) => self.types.intern(TyKind::Param(index as u32)),
                    None => self.fresh(),
                };
                prefix.push(ty);
            }
            return Some((methods, prefix));
        }
        None
    }

    /// Methods that the engine knows and the table of signatures cannot say: sending, numbers, times.
    fn special_method(
        &mut self,
        at: &Place,
        kind: &TyKind,
        snake: &str,
        args: &'a [ast::Expr],
        e: &'a ast::Expr,
        expect: Expect,
    ) -> Option<Expr> {
        let span = e.span;
        match kind {
            TyKind::Channel(element) if snake == "send" && args.len() == 1 => {
                let channel = look(at.clone());
                let value = self.check_to(&args[0], *element);
                let (builtin, ty) = if expect == Expect::Drop {
                    (Builtin::ChannelSend, Types::UNIT)
                } else {
                    (Builtin::ChannelSendBool, Types::BOOL)
                };
                Some(expr(ExprKind::Builtin(builtin, vec![channel, value]), ty, span))
            }
            TyKind::List(element) | TyKind::Array(element, _) if snake == "sort_by" && args.len() == 1 => {
                self.sort_by(at, *element, &args[0], span)
            }
            TyKind::Int(_) | TyKind::F32 | TyKind::F64 => self.number_method(at, snake, args, e),
            TyKind::Infer(_) => self.number_method(at, snake, args, e),
            TyKind::Char if matches!(snake, "to_int" | "code" | "to_u32" | "ord") && args.is_empty() => {
                let ty = self.types.intern(TyKind::Int(IntKind::U32));
                Some(expr(ExprKind::Builtin(Builtin::CharToInt, vec![look(at.clone())]), ty, span))
            }
            TyKind::Map(key, value) if snake == "set" && args.len() == 2 => {
                self.require_mutable(at, "`set` changes it");
                let map = expr(ExprKind::BorrowMut(at.clone()), at.ty, span);
                let key_value = self.check_expr(&args[0], Expect::Is(*key));
                let key_value = self.coerce_key(key_value, *key);
                let value = self.check_to(&args[1], *value);
                Some(expr(ExprKind::Builtin(Builtin::MapInsert, vec![map, key_value, value]), Types::BOOL, span))
            }
            TyKind::Range(element) if args.is_empty() && matches!(snake, "to_list" | "collect" | "to_vec") => {
                let ty = self.types.intern(TyKind::List(*element));
                let call = self.call_prelude("range_to_list", vec![look(at.clone())], span)?;
                Some(Expr { ty, ..call })
            }
            _ => None,
        }
    }

    /// `sortBy(|a, b| ..)`: the comparison gives a bool ("before") or a number (negative: before).
    fn sort_by(&mut self, at: &Place, element: Ty, compare: &'a ast::Expr, span: Span) -> Option<Expr> {
        self.require_mutable(at, "`sortBy` changes it");
        let ret = self.fresh_at(compare.id, 5);
        let want = self.types.intern(TyKind::Fn(vec![element, element], ret));
        let compare = self.check_to(compare, want);
        let number = matches!(self.kind(ret), TyKind::Int(_)) || self.free_kind(ret) == Some(VarKind::Int);
        let function = if number { "sort_by_number" } else { "sort_by_bool" };
        let list = self.types.intern(TyKind::List(element));
        let list = expr(ExprKind::BorrowMut(at.clone()), self.types.intern(TyKind::RefMut(list)), span);
        let compare_span = compare.span;
        match self.call_prelude(function, vec![list, compare], span) {
            Some(call) => Some(call),
            None => {
                let shown = self.show(ret);
                let message = format!("the comparison gives a `bool` or an `i64`, not `{shown}`");
                self.error(Code::TypeMismatch, compare_span, message);
                Some(error_expr(span))
            }
        }
    }

    fn number_method(&mut self, at: &Place, snake: &str, args: &'a [ast::Expr], e: &'a ast::Expr) -> Option<Expr> {
        let span = e.span;
        let ty = at.ty;
        let integer = matches!(self.kind(ty), TyKind::Int(_)) || self.free_kind(ty) == Some(VarKind::Int);
        let value = look(at.clone());
        let pair = |this: &mut Self, builtin: Builtin| -> Option<Expr> {
            let [other] = args else { return None };
            let other = this.check_to(other, ty);
            Some(expr(ExprKind::Builtin(builtin, vec![value.clone(), other]), ty, span))
        };
        match (snake, args.len()) {
            ("abs", 0) => return Some(expr(ExprKind::Builtin(Builtin::Abs, vec![value]), ty, span)),
            ("min", 1) => return pair(self, Builtin::MinOf),
            ("max", 1) => return pair(self, Builtin::MaxOf),
            ("wrapping_add", 1) => return pair(self, Builtin::WrappingAdd),
            ("wrapping_sub", 1) => return pair(self, Builtin::WrappingSub),
            ("wrapping_mul", 1) => return pair(self, Builtin::WrappingMul),
            ("pow", 1) if integer => {
                let exponent = self.check_expr(&args[0], Expect::Any);
                let exponent = self.integer(exponent);
                let exponent = if self.unify(exponent.ty, ty) { exponent } else { self.int_of(exponent, ty) };
                let kind = ExprKind::Binary(BinaryOp::Pow, Box::new(looked(value)), Box::new(looked(exponent)));
                return Some(expr(kind, ty, span));
            }
            _ => {}
        }
        if !args.is_empty() || !integer {
            return None;
        }
        let (scale, builtin) = match snake {
            "nanos" | "nanoseconds" | "nanosecond" => (1, Builtin::DurationFromNanos),
            "micros" | "microseconds" | "microsecond" => (1, Builtin::DurationFromMicros),
            "millis" | "milliseconds" | "millisecond" | "ms" => (1, Builtin::DurationFromMillis),
            "secs" | "seconds" | "second" | "sec" => (1, Builtin::DurationFromSecs),
            "minutes" | "minute" | "mins" => (60, Builtin::DurationFromSecs),
            "hours" | "hour" => (3600, Builtin::DurationFromSecs),
            _ => return None,
        };
        let count = self.int_of(value, Types::I64);
        let count = if scale == 1 {
            count
        } else {
            let factor = self.int_const(scale, Types::I64, span);
            expr(ExprKind::Binary(BinaryOp::Mul, Box::new(count), Box::new(factor)), Types::I64, span)
        };
        Some(expr(ExprKind::Builtin(builtin, vec![count]), Types::DURATION, span))
    }

    /// Methods that every value has.
    fn universal_method(&mut self, at: Place, snake: &str, args: &'a [ast::Expr], e: &'a ast::Expr) -> Option<Expr> {
        let span = e.span;
        let ty = at.ty;
        match (snake, args.len()) {
            ("clone" | "copy" | "to_owned", 0) => {
                Some(expr(ExprKind::Builtin(Builtin::CloneValue, vec![look(at)]), ty, span))
            }
            ("to_string" | "to_str" | "debug", 0) => Some(expr(ExprKind::Format(vec![look(at)]), Types::STRING, span)),
            ("eq" | "equals", 1) => {
                let other = self.check_expr(&args[0], Expect::Is(ty));
                let other = self.coerce_key(other, ty);
                let kind = ExprKind::Compare(crate::core::CompareOp::Eq, Box::new(look(at)), Box::new(looked(other)));
                Some(expr(kind, Types::BOOL, span))
            }
            ("drop", 0) => {
                Some(expr(ExprKind::Builtin(Builtin::Release, vec![super::expect::read(at)]), Types::UNIT, span))
            }
            _ => None,
        }
    }

    /// Names of fields and methods of a type, for hints.
    pub fn member_names(&self, ty: Ty) -> Vec<String> {
        let mut names = Vec::new();
        let mut ty = self.shallow(ty);
        loop {
            let kind = self.kind(ty);
            if let TyKind::Struct(id, _) = &kind {
                names.extend(self.structs[id.0 as usize].fields.iter().map(|field| field.name.to_string()));
            }
            if let Some(head) = head_of(&kind) {
                let own = self.methods.iter().filter(|((own, _), _)| *own == head);
                names.extend(own.flat_map(|(_, decls)| decls.iter().map(|decl| self.decl(*decl).name.to_string())));
            }
            if let TyKind::Channel(_) = kind {
                names.push("send".into());
            }
            match self.deref_step(ty) {
                Some(next) => ty = next,
                None => break,
            }
        }
        names.sort();
        names
    }

    /// A call with elaborated arguments; `None` where they do not fit.
    pub fn call_elaborated(
        &mut self,
        decl: DeclId,
        receiver: Option<Place>,
        args: Vec<Expr>,
        span: Span,
    ) -> Option<Expr> {
        let generics = self.decl(decl).generics.len();
        let mut type_args = std::mem::take(&mut self.owner_prefix);
        while type_args.len() < generics {
            let var = self.fresh();
            type_args.push(var);
        }
        let info = self.decl(decl);
        let (params, ret, body, name, is_async) =
            (info.params.clone(), info.ret, info.body, info.full_name.clone(), info.is_async);
        let own_receiver = info.receiver;
        if params.len() != args.len() {
            return None;
        }
        let receiver_ty = receiver.as_ref().map(|place| self.strip_refs(place.ty));
        let mut values = Vec::new();
        if let (Some(place), Some((kind, ty))) = (receiver, own_receiver) {
            let ty = self.subst(ty, &type_args);
            let place = self.deref_refs(place);
            let prelude = self.decl(decl).prelude;
            values.push(self.take_receiver(place, kind, ty, &name, prelude));
        }
        for (arg, param) in args.into_iter().zip(&params) {
            let ty = self.subst(param.ty, &type_args);
            values.push(self.try_coerce(arg, ty).ok()?);
        }
        let ret = self.subst(ret, &type_args);
        let dynamic = receiver_ty.is_some_and(|ty| matches!(self.kind(ty), TyKind::Param(_) | TyKind::Contract(..)));
        Some(match body {
            Body::Builtin(builtin) => expr(ExprKind::Builtin(builtin, values), ret, span),
            Body::Contract(_) if dynamic => {
                let method = self.decl(decl).name.to_string();
                self.dynamic_methods.insert(method.clone());
                expr(ExprKind::CallMethod(method, values), ret, span)
            }
            _ => {
                let func = self.request(decl);
                if is_async {
                    let future = self.types.intern(TyKind::Future(ret));
                    expr(ExprKind::Spawn(crate::core::SpawnKind::Async, func, values), future, span)
                } else {
                    expr(ExprKind::Call(func, values), ret, span)
                }
            }
        })
    }

    /// A call of a prelude function with elaborated arguments.
    pub fn call_prelude(&mut self, name: &str, args: Vec<Expr>, span: Span) -> Option<Expr> {
        let Some(ValueDef::Fns(decls)) = self.scopes[0].values.get(name).cloned() else { return None };
        self.call_elaborated(decls[0], None, args, span)
    }

    /// A user type's operator method.
    pub fn op_method(&mut self, name: &str, left: Expr, args: Vec<Expr>, span: Span) -> Option<Expr> {
        let ty = self.strip_refs(left.ty);
        let kind = self.kind(ty);
        let (decls, prefix) = self.find_method(ty, &kind, name, name)?;
        for decl in decls {
            let params = self.decl(decl).params.clone();
            let fits = params.len() == args.len()
                && params.iter().zip(&args).all(|(param, arg)| {
                    let (want, have) = (self.strip_refs(param.ty), self.strip_refs(arg.ty));
                    self.matches_params(want, have) || self.could_unify(have, want)
                });
            if fits {
                self.owner_prefix.clone_from(&prefix);
                return self.call_elaborated(decl, Some(as_place(left)), args, span);
            }
        }
        None
    }

    /// `next()` of an iterator.
    pub fn call_next(&mut self, place: Place, name: &Ident, span: Span) -> Option<Expr> {
        let ty = self.shallow(place.ty);
        let kind = self.kind(ty);
        let (decls, prefix) = self.find_method(ty, &kind, &name.name, &name.name)?;
        let decl = decls.into_iter().find(|&decl| self.decl(decl).params.is_empty())?;
        self.owner_prefix = prefix;
        self.call_elaborated(decl, Some(place), Vec::new(), span)
    }

    /// `op[]` of a user type.
    pub fn user_index(&mut self, at: &Place, index: &'a ast::Expr, span: Span) -> Option<Expr> {
        let ty = self.shallow(at.ty);
        let kind = self.kind(ty);
        let (decls, prefix) = self.find_method(ty, &kind, "op[]", "op[]")?;
        let value = self.check_expr(index, Expect::Any);
        let decl = decls.into_iter().find(|&decl| self.decl(decl).params.len() == 1)?;
        self.owner_prefix = prefix;
        self.call_elaborated(decl, Some(at.clone()), vec![value], span)
    }

    /// `op[]=` of a user type.
    pub fn user_index_set(
        &mut self,
        base: &'a ast::Expr,
        index: &'a ast::Expr,
        value: &'a ast::Expr,
        span: Span,
    ) -> Option<Expr> {
        if !self.methods.keys().any(|(_, name)| &**name == "op[]=") {
            return None;
        }
        let place = self.check_place(base);
        let place = self.deref_all(place);
        let ty = self.shallow(place.ty);
        let kind = self.kind(ty);
        if !matches!(kind, TyKind::Struct(..) | TyKind::Enum(..)) {
            return None;
        }
        let (decls, prefix) = self.find_method(ty, &kind, "op[]=", "op[]=")?;
        let decl = decls.into_iter().find(|&decl| self.decl(decl).params.len() == 2)?;
        let index = self.check_expr(index, Expect::Any);
        let value = self.check_expr(value, Expect::Any);
        self.owner_prefix = prefix;
        self.call_elaborated(decl, Some(place), vec![index, value], span)
    }
}
