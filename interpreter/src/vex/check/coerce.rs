//! Fits a value to the type its place demands.
//!
//! Beside equal types: `&T!` serves as `&T`; a borrowed value is copied out where it is Copy or a string; a value is
//! borrowed where `&T` is wanted; a struct serves as a contract it satisfies and as a part of a union; and the result of
//! `ch.recv()` is unwrapped where the bare value is demanded (row C1 of the language sheet).

use super::expect::{Expect, as_place, error_expr, expr, look, read, string};
use super::state::Checker;
use crate::builtins::Builtin;
use crate::core::{Expr, ExprKind, MatchArm, Pattern, PatternKind, Place, PlaceBase};
use crate::diagnostics::{Code, Diagnostic};
use crate::types::{OPTION, Ty, TyKind, Types};
use crate::vex::ast;

impl<'a> Checker<'a> {
    /// Elaborates an expression that must have this type.
    pub fn check_to(&mut self, e: &'a ast::Expr, ty: Ty) -> Expr {
        let expect = if self.shallow(ty) == Types::UNIT { Expect::Drop } else { Expect::Is(ty) };
        let value = self.check_expr(e, expect);
        self.coerce(value, ty)
    }

    /// Fits a value to a type; reports a mismatch.
    pub fn coerce(&mut self, value: Expr, ty: Ty) -> Expr {
        match self.try_coerce(value, ty) {
            Ok(value) => value,
            Err(value) => {
                self.report_mismatch(&value, ty);
                error_expr(value.span)
            }
        }
    }

    /// Fits a value to a type, or gives it back.
    #[expect(clippy::result_large_err, reason = "the value comes back for another try, not as an error")]
    pub fn try_coerce(&mut self, value: Expr, ty: Ty) -> Result<Expr, Expr> {
        let want = self.shallow(ty);
        let have = self.shallow(value.ty);
        let value = self.reborrow(value, have, want);
        if have == want || have == Types::NEVER || have == Types::ERROR || want == Types::ERROR {
            return Ok(value);
        }
        let want_kind = self.types.kind(want).clone();
        let have_kind = self.types.kind(have).clone();
        if self.demands_unwrap(&value, &want_kind) {
            let value = self.unwrap_received(value);
            return self.try_coerce(value, ty);
        }
        match (&have_kind, &want_kind) {
            (_, TyKind::Dynamic) | (TyKind::Dynamic, _) => return Ok(Expr { ty: want, ..value }),
            (TyKind::Ref(a), TyKind::Ref(b)) | (TyKind::RefMut(a), TyKind::Ref(b) | TyKind::RefMut(b))
                if matches!(self.kind(*b), TyKind::Contract(..)) && !matches!(self.kind(*a), TyKind::Contract(..)) =>
            {
                let TyKind::Contract(id, _) = self.kind(*b) else { return Err(value) };
                return if self.satisfies(*a, id) == Some(true) { Ok(Expr { ty: want, ..value }) } else { Err(value) };
            }
            (TyKind::RefMut(a), TyKind::Ref(b)) => {
                if self.unify(*a, *b) {
                    return Ok(Expr { ty: want, ..value });
                }
                return self.deref_towards(value, want);
            }
            (TyKind::Ref(_) | TyKind::RefMut(_), TyKind::Ref(_) | TyKind::RefMut(_)) => {
                if self.unify(have, want) {
                    return Ok(value);
                }
                return self.deref_towards(value, want);
            }
            (TyKind::Ref(target) | TyKind::RefMut(target), _) if !matches!(want_kind, TyKind::Infer(_)) => {
                let target = self.shallow(*target);
                if matches!(want_kind, TyKind::Contract(..) | TyKind::Union(_)) {
                    let place = self.deref_refs(as_place(value));
                    return self.try_coerce(look(place), want);
                }
                let known = self.types.kind(target).clone();
                if self.could_unify(target, want) && (self.is_copied_out(&known) || self.is_unknown(target)) {
                    self.unify(target, want);
                    let place = self.deref_refs(as_place(value));
                    return Ok(read(place));
                }
                return Err(value);
            }
            (_, TyKind::Ref(target)) if !matches!(have_kind, TyKind::Infer(_)) => {
                // A value where `&T` is wanted is borrowed.
                let target = self.shallow(*target);
                if matches!(self.types.kind(target), TyKind::Contract(..) | TyKind::Union(_)) {
                    let inner = self.try_coerce(super::expect::looked(value), target)?;
                    return Ok(Expr { ty: want, ..inner });
                }
                if self.could_unify(have, target) {
                    self.unify(have, target);
                    let mut borrowed = look(as_place(value));
                    borrowed.ty = want;
                    return Ok(borrowed);
                }
                return self.deref_towards(value, want);
            }
            (TyKind::List(a) | TyKind::Array(a, _), TyKind::Span(b)) => {
                if self.unify(*a, *b) {
                    return Ok(Expr { ty: want, ..value });
                }
                return Err(value);
            }
            (_, TyKind::Contract(id, _)) if !matches!(have_kind, TyKind::Contract(..) | TyKind::Infer(_)) => {
                return if self.satisfies(have, *id) == Some(true) { Ok(widened(value, want)) } else { Err(value) };
            }
            (_, TyKind::Union(parts)) if !self.is_unknown(have) => {
                let inner: Vec<Ty> = match &have_kind {
                    TyKind::Union(own) => own.clone(),
                    _ => vec![have],
                };
                for own in inner {
                    let default = match self.free_kind(own) {
                        Some(super::infer::VarKind::Int) => Types::I64,
                        Some(super::infer::VarKind::Float) => Types::F64,
                        _ => own,
                    };
                    let exact = parts.iter().copied().find(|&part| self.shallow(part) == default);
                    let part = exact.or_else(|| parts.iter().copied().find(|&part| self.could_unify(own, part)));
                    let Some(part) = part else { return Err(value) };
                    self.unify(own, part);
                }
                return Ok(widened(value, want));
            }
            (TyKind::Fn(have_params, have_ret), TyKind::Fn(want_params, want_ret))
                if have_params.len() == want_params.len() =>
            {
                let params: Vec<(Ty, Ty)> = have_params.iter().copied().zip(want_params.iter().copied()).collect();
                // References are erased, so a function of `&T` serves as a function of `T`.
                let fits = params.into_iter().all(|(a, b)| self.unify(a, b) || self.unify_behind_refs(a, b));
                let ret_fits = self.shallow(*want_ret) == Types::UNIT || self.unify(*have_ret, *want_ret);
                return if fits && ret_fits { Ok(Expr { ty: want, ..value }) } else { Err(value) };
            }
            _ => {}
        }
        if self.unify(have, want) { Ok(value) } else { Err(value) }
    }

    /// A `&T!` that is handed on where a reference is wanted is lent, not moved.
    fn reborrow(&self, value: Expr, have: Ty, want: Ty) -> Expr {
        let TyKind::RefMut(_) = self.types.kind(have) else { return value };
        let mutable = match self.types.kind(want) {
            TyKind::RefMut(_) => true,
            TyKind::Ref(_) => false,
            _ => return value,
        };
        let span = value.span;
        match value.kind {
            ExprKind::Read(place) => match self.deref_place(place.clone()) {
                Some(target) if mutable => expr(ExprKind::BorrowMut(target), have, span),
                Some(target) => expr(ExprKind::Borrow(target), have, span),
                None => expr(ExprKind::Read(place), have, span),
            },
            kind => Expr { kind, ..value },
        }
    }

    fn unify_behind_refs(&mut self, a: Ty, b: Ty) -> bool {
        let (a, b) = (self.strip_refs(a), self.strip_refs(b));
        self.unify(a, b)
    }

    /// `&Box<T>` and guards serve as `&T`.
    #[expect(clippy::result_large_err, reason = "as in `try_coerce`")]
    fn deref_towards(&mut self, value: Expr, want: Ty) -> Result<Expr, Expr> {
        let target = match *self.types.kind(want) {
            TyKind::Ref(target) | TyKind::RefMut(target) => self.shallow(target),
            _ => return Err(value),
        };
        let mut place = as_place(value.clone());
        while let Some(next) = self.deref_place(place) {
            place = next;
            if self.could_unify(place.ty, target) && !self.is_unknown(place.ty) {
                self.unify(place.ty, target);
                let mut seen = look(place);
                seen.ty = want;
                return Ok(seen);
            }
        }
        Err(value)
    }

    /// Whether a value of this type is copied out of a reference: Copy types and strings.
    fn is_copied_out(&self, kind: &TyKind) -> bool {
        match kind {
            TyKind::Int(_)
            | TyKind::F32
            | TyKind::F64
            | TyKind::Bool
            | TyKind::Char
            | TyKind::Str
            | TyKind::String
            | TyKind::Unit
            | TyKind::Duration
            | TyKind::Time
            | TyKind::Param(_)
            | TyKind::Fn(..)
            | TyKind::Infer(_)
            | TyKind::Context
            | TyKind::Channel(_)
            | TyKind::Mutex(_)
            | TyKind::RwLock(_)
            | TyKind::Atomic(_)
            | TyKind::WaitGroup
            | TyKind::Barrier
            | TyKind::Semaphore
            | TyKind::Once
            | TyKind::Pointer(_)
            | TyKind::Ref(_) => true,
            TyKind::Tuple(parts) | TyKind::Enum(OPTION, parts) => {
                parts.iter().all(|&part| self.is_copied_out(&self.kind(part)))
            }
            TyKind::Struct(id, _) => self.structs[id.0 as usize].copy,
            TyKind::Enum(id, _) => self.enums[id.0 as usize].copy,
            TyKind::Array(element, _) => self.is_copied_out(&self.kind(*element)),
            _ => false,
        }
    }

    /// Whether the value is itself a `recv()` call and its place demands the bare value.
    fn demands_unwrap(&self, value: &Expr, want: &TyKind) -> bool {
        if !matches!(value.kind, ExprKind::Builtin(Builtin::ChannelRecv, _)) {
            return false;
        }
        match want {
            TyKind::Infer(_) => !self.is_unknown_kind(want),
            TyKind::Error | TyKind::Never | TyKind::Dynamic | TyKind::Param(_) => {
                matches!(want, TyKind::Param(_))
            }
            TyKind::Enum(OPTION, args) => {
                // Of a channel of options the inner one may be meant.
                let TyKind::Enum(OPTION, have) = self.kind(value.ty) else { return false };
                let inner_option = matches!(self.kind(have[0]), TyKind::Enum(OPTION, _));
                inner_option && !self.could_unify(have[0], args[0])
            }
            TyKind::Unit => false,
            _ => true,
        }
    }

    fn is_unknown_kind(&self, kind: &TyKind) -> bool {
        match kind {
            TyKind::Infer(index) => {
                matches!(self.vars[*index as usize], super::infer::Slot::Free(super::infer::VarKind::General))
            }
            _ => false,
        }
    }

    /// An operand that is a `recv()` call gives the bare value.
    pub fn unwrap_operand(&mut self, value: Expr) -> Expr {
        if matches!(value.kind, ExprKind::Builtin(Builtin::ChannelRecv, _)) {
            self.unwrap_received(value)
        } else {
            value
        }
    }

    /// `Some(v)` gives `v`, `None` panics.
    fn unwrap_received(&mut self, value: Expr) -> Expr {
        let TyKind::Enum(OPTION, args) = self.kind(value.ty) else { return value };
        let (ty, option, span) = (args[0], value.ty, value.span);
        let local = self.declare_local("", ty, false, span);
        let bind = Pattern { kind: PatternKind::Bind(local, None), ty, span };
        let some = Pattern { kind: PatternKind::Variant(0, vec![bind]), ty: option, span };
        let none = Pattern { kind: PatternKind::Wild, ty: option, span };
        let message = string("receive on closed channel", span);
        let panic = expr(ExprKind::Panic(Box::new(message)), Types::NEVER, span);
        let place = self.local_place(local, span);
        let arms = vec![
            MatchArm { pattern: some, guard: None, body: read(place) },
            MatchArm { pattern: none, guard: None, body: panic },
        ];
        expr(ExprKind::Match(Box::new(value), arms), ty, span)
    }

    /// A map's or set's key: given plainly or borrowed.
    pub fn coerce_key(&mut self, value: Expr, key: Ty) -> Expr {
        let value = self.operand(value);
        let value = self.unwrap_operand(value);
        let key = self.strip_refs(key);
        if self.unify(value.ty, key) {
            return value;
        }
        self.report_mismatch(&value, key);
        error_expr(value.span)
    }

    /// Reports a value of the wrong type.
    pub fn report_mismatch(&mut self, value: &Expr, want: Ty) {
        let have = self.shallow(value.ty);
        if have == Types::ERROR || self.shallow(want) == Types::ERROR {
            return;
        }
        let (have_text, want_text) = (self.show(have), self.show(want));
        let message = format!("`{want_text}` is expected, this is `{have_text}`");
        let mut diagnostic = Diagnostic::new(Code::TypeMismatch, value.span, message)
            .label(format!("expected `{want_text}`, found `{have_text}`"));
        let (have_kind, want_kind) = (self.kind(have), self.kind(want));
        let number = |kind: &TyKind| matches!(kind, TyKind::Int(_) | TyKind::F32 | TyKind::F64);
        if number(&have_kind) && number(&want_kind) {
            diagnostic = diagnostic.help(format!("convert it: `.. as {want_text}`"));
        }
        if let TyKind::Enum(id, args) = &have_kind
            && *id == OPTION
            && self.could_unify(args[0], want)
        {
            diagnostic = diagnostic.help("take the value out of the Option: `match`, `if let`, `??` or `.unwrap()`");
        }
        if let TyKind::Future(inner) = have_kind
            && self.could_unify(inner, want)
        {
            diagnostic = diagnostic.help("an async call gives a future: write `await` before it");
        }
        if let TyKind::Ref(inner) | TyKind::RefMut(inner) = have_kind
            && self.could_unify(inner, want)
        {
            diagnostic = diagnostic.help("it is borrowed: `.clone()` makes a value of its own");
        }
        if want == Types::STRING || want == Types::STR {
            diagnostic = diagnostic.help("turn it into text: `.toString()` or `f\"{..}\"`");
        }
        self.report(diagnostic);
    }

    /// A value that must be an integer of any type.
    pub fn integer(&mut self, value: Expr) -> Expr {
        let value = self.operand(value);
        let value = self.unwrap_operand(value);
        match self.kind(value.ty) {
            TyKind::Int(_) | TyKind::Error | TyKind::Never | TyKind::Dynamic => value,
            TyKind::Infer(_) if self.free_kind(value.ty) == Some(super::infer::VarKind::Float) => {
                self.wrong_integer(value)
            }
            TyKind::Infer(_) => {
                let number = self.fresh_kind(super::infer::VarKind::Int);
                if self.unify(value.ty, number) {
                    return value;
                }
                self.wrong_integer(value)
            }
            _ => self.wrong_integer(value),
        }
    }

    fn wrong_integer(&mut self, value: Expr) -> Expr {
        let shown = self.show(value.ty);
        self.error(Code::TypeMismatch, value.span, format!("an integer is expected, this is `{shown}`"));
        error_expr(value.span)
    }

    /// An integer as a `usize`.
    pub fn usize_of(&mut self, value: Expr) -> Expr {
        self.int_of(value, Types::USIZE)
    }

    /// An integer of any type as one of this type; a literal adapts.
    pub fn int_of(&mut self, value: Expr, ty: Ty) -> Expr {
        let value = self.integer(value);
        let have = self.shallow(value.ty);
        if matches!(value.kind, ExprKind::Const(_)) && self.free_kind(have).is_some() {
            self.unify(have, ty);
        }
        let have = self.shallow(value.ty);
        if have == ty || have == Types::ERROR || have == Types::NEVER {
            return value;
        }
        let span = value.span;
        expr(ExprKind::Cast(Box::new(value)), ty, span)
    }

    /// A temporary in a local of its own: its place, and the `let` that fills it.
    pub fn bind_temporary(&mut self, value: Expr) -> (Place, crate::core::Stmt) {
        let (ty, span) = (value.ty, value.span);
        let local = self.declare_local("", ty, false, span);
        let pattern = Pattern { kind: PatternKind::Bind(local, None), ty, span };
        let stmt = crate::core::Stmt::Let { pattern, value: Some(value), span };
        (self.local_place(local, span), stmt)
    }

    /// Whether a place can be evaluated twice without a difference.
    pub fn is_plain(place: &Place) -> bool {
        let simple = |projection: &crate::core::Projection| match projection {
            crate::core::Projection::Index(index, _) => match &index.kind {
                ExprKind::Const(_) => true,
                ExprKind::Read(place) | ExprKind::Borrow(place) => Self::is_plain(place),
                _ => false,
            },
            _ => true,
        };
        !matches!(place.base, PlaceBase::Value(_)) && place.projections.iter().all(simple)
    }
}

/// A value as one of a wider type. What makes the value keeps its own type, since it decides how it is computed.
fn widened(value: Expr, ty: Ty) -> Expr {
    match value.kind {
        ExprKind::Read(_) | ExprKind::Borrow(_) | ExprKind::BorrowMut(_) | ExprKind::Call(..) => Expr { ty, ..value },
        _ => {
            let span = value.span;
            expr(ExprKind::Block(Vec::new(), Some(Box::new(value))), ty, span)
        }
    }
}
