//! Loops: `loop`, `while`, `while let`, and `for` over everything that can be walked.
//!
//! `for` and `while` used as a value give an Option: `Some(v)` by `break v`, `None` where the loop ends by itself.

use super::expect::{Expect, error_expr, expr, look, read};
use super::state::*;
use crate::builtins::Builtin;
use crate::core::{Expr, ExprKind, IterKind, LabelId, MatchArm, Pattern, PatternKind, Stmt};
use crate::diagnostics::{Code, Diagnostic};
use crate::source::Span;
use crate::types::{OPTION, Ty, TyKind, Types};
use crate::vex::ast::{self, Condition, Ident, PatKind};

/// How a loop's values are treated.
struct Opened {
    label: LabelId,
    /// Type of the loop's value where it is wanted and the loop can end by itself: an Option of what `break` carries.
    option: Option<Ty>,
}

impl<'a> Checker<'a> {
    fn open_loop(&mut self, name: Option<&Ident>, value: Option<Ty>) -> LabelId {
        let label = self.new_label();
        self.frame().loops.push(LoopInfo {
            name: name.map(|name| name.name.clone()),
            label,
            is_loop: true,
            value,
            broken: false,
            broke_value: false,
        });
        label
    }

    /// Opens a `for` or `while`. As a value it gives an Option, if a `break` in it carries one.
    fn open_option_loop(&mut self, name: Option<&Ident>, body: &ast::Block, expect: Expect, e: &ast::Expr) -> Opened {
        let carries = expect != Expect::Drop && super::matching::breaks_with_value(body);
        if !carries {
            return Opened { label: self.open_loop(name, None), option: None };
        }
        let inner = match expect.ty().map(|ty| self.kind(ty)) {
            Some(TyKind::Enum(OPTION, args)) => args[0],
            _ => self.fresh_at(e.id, 2),
        };
        let option = self.types.intern(TyKind::Enum(OPTION, vec![inner]));
        // `break v` fits `v` to the inner type; it is wrapped when the loop is closed.
        Opened { label: self.open_loop(name, Some(inner)), option: Some(option) }
    }

    /// `loop { .. }`
    pub fn loop_expr(
        &mut self,
        label: Option<&'a Ident>,
        body: &'a ast::Block,
        e: &'a ast::Expr,
        expect: Expect,
    ) -> Expr {
        let value = match expect {
            Expect::Drop => None,
            Expect::Is(ty) => Some(ty),
            Expect::Any => Some(self.fresh_at(e.id, 1)),
        };
        let id = self.open_loop(label, value);
        let body = self.check_block(body, Expect::Drop);
        let closed = self.frame().loops.pop();
        let (broken, broke_value) = closed.map_or((false, false), |open| (open.broken, open.broke_value));
        let ty = match (broken, broke_value, value) {
            (false, _, _) => Types::NEVER,
            (true, true, Some(ty)) => ty,
            (true, ..) => Types::UNIT,
        };
        expr(ExprKind::Loop(id, Box::new(body)), ty, e.span)
    }

    /// `while c { .. }`, `while let p = e { .. }`
    pub fn while_expr(
        &mut self,
        label: Option<&'a Ident>,
        condition: &'a Condition,
        body: &'a ast::Block,
        e: &'a ast::Expr,
        expect: Expect,
    ) -> Expr {
        let opened = self.open_option_loop(label, body, expect, e);
        self.open_block();
        let endless;
        let kind = match condition {
            Condition::Expr(condition) => {
                endless = matches!(condition.kind, ast::ExprKind::Bool(true));
                let cond = self.check_bool(condition);
                let body = self.check_block(body, Expect::Drop);
                let otherwise = opened.option.map(|ty| Box::new(none(ty, e.span)));
                ExprKind::While { label: opened.label, cond: Box::new(cond), body: Box::new(body), otherwise }
            }
            Condition::Let { pattern, value } => {
                endless = false;
                let value = self.scrutinee(value);
                let pattern = self.check_pattern(pattern, value.ty, false);
                let body = self.check_block(body, Expect::Drop);
                let any = Pattern { kind: PatternKind::Wild, ty: value.ty, span: pattern.span };
                let leave = expr(
                    ExprKind::Break(opened.label, opened.option.map(|ty| Box::new(none(ty, e.span)))),
                    Types::NEVER,
                    e.span,
                );
                let arms =
                    vec![MatchArm { pattern, guard: None, body }, MatchArm { pattern: any, guard: None, body: leave }];
                let turn = expr(ExprKind::Match(Box::new(value), arms), Types::UNIT, e.span);
                ExprKind::Loop(opened.label, Box::new(turn))
            }
        };
        self.close_block();
        let broken = self.frame().loops.pop().is_some_and(|open| open.broken);
        let ty = match opened.option {
            Some(ty) => ty,
            None if endless && !broken => Types::NEVER,
            None => Types::UNIT,
        };
        wrap_breaks(expr(kind, ty, e.span), &opened)
    }

    /// `for p in e { .. }`
    pub fn for_expr(
        &mut self,
        label: Option<&'a Ident>,
        pattern: &'a ast::Pattern,
        iter: &'a ast::Expr,
        body: &'a ast::Block,
        e: &'a ast::Expr,
        expect: Expect,
    ) -> Expr {
        let mut source = iter;
        while let ast::ExprKind::Paren(inner) = &source.kind {
            source = inner;
        }
        if let ast::ExprKind::Range { low: Some(low), high, inclusive } = &source.kind {
            let (low, high) = match high {
                Some(high) => self.range_ends(low, high, Expect::Any),
                None => {
                    let low = self.check_expr(low, Expect::Any);
                    let max = self.int_const(i64::MAX.into(), low.ty, low.span);
                    (low, max)
                }
            };
            return self.for_range(label, pattern, low, high, *inclusive, body, e, expect);
        }
        let place = self.check_place(source);
        // `for v in <-ch` walks over what was received, `for v in ch` over the channel.
        let by_reference = matches!(self.kind(place.ty), TyKind::Ref(_) | TyKind::RefMut(_));
        let place = self.deref_all(place);
        let ty = place.ty;
        let (kind, element) = match self.kind(ty) {
            TyKind::Range(element) => {
                let (place, stmt) = if Self::is_plain(&place) {
                    (place, None)
                } else {
                    let (place, stmt) = self.bind_temporary(read(place));
                    (place, Some(stmt))
                };
                return self.for_range_value(label, pattern, place, stmt, element, body, e, expect);
            }
            TyKind::List(element) | TyKind::Array(element, _) | TyKind::Span(element) => (IterKind::List, element),
            TyKind::Set(element) => (IterKind::Set, element),
            TyKind::Map(key, value) => {
                let pair = self.types.intern(TyKind::Tuple(vec![key, value]));
                (IterKind::Map, pair)
            }
            TyKind::String | TyKind::Str => (IterKind::String, Types::CHAR),
            TyKind::Channel(element) => (IterKind::Channel, element),
            TyKind::Ticker => {
                let channel = self.types.intern(TyKind::Channel(Types::TIME));
                let value = expr(ExprKind::Builtin(Builtin::TickerChannel, vec![look(place)]), channel, iter.span);
                return self.for_each(label, pattern, IterKind::Channel, value, Types::TIME, false, body, e, expect);
            }
            TyKind::Error => return self.for_error(label, pattern, body, e, expect),
            TyKind::Infer(_) if self.is_unknown(ty) => {
                if self.put_off() {
                    self.error(Code::CannotInfer, iter.span, "the type of what is walked over is not known here");
                }
                return self.for_error(label, pattern, body, e, expect);
            }
            _ => return self.for_iterator(label, pattern, place, body, e, expect),
        };
        let element = if by_reference && kind != IterKind::Channel && !self.is_copy_like(element) {
            self.types.intern(TyKind::Ref(element))
        } else {
            element
        };
        // Elements of a list that lives on are cloned; `finish` drops the clone where the list is never used again.
        let owned_place = !matches!(place.base, crate::core::PlaceBase::Value(_));
        let copies = matches!(kind, IterKind::String | IterKind::Channel) || self.is_copy_like(element);
        let clone = owned_place && !by_reference && !copies;
        let iterable = look(place);
        self.for_each(label, pattern, kind, iterable, element, clone, body, e, expect)
    }

    /// Types whose values are as good as their copies.
    pub fn is_copy_like(&self, ty: Ty) -> bool {
        match self.kind(ty) {
            TyKind::Int(_)
            | TyKind::F32
            | TyKind::F64
            | TyKind::Bool
            | TyKind::Char
            | TyKind::Str
            | TyKind::Unit
            | TyKind::Duration
            | TyKind::Time
            | TyKind::Ref(_) => true,
            TyKind::Tuple(parts) => parts.iter().all(|&part| self.is_copy_like(part)),
            TyKind::Infer(_) => !self.is_unknown(ty),
            _ => false,
        }
    }

    #[expect(clippy::too_many_arguments, reason = "the parts of a loop")]
    fn for_range(
        &mut self,
        label: Option<&'a Ident>,
        pattern: &'a ast::Pattern,
        lo: Expr,
        hi: Expr,
        inclusive: bool,
        body: &'a ast::Block,
        e: &'a ast::Expr,
        expect: Expect,
    ) -> Expr {
        let ty = if self.shallow(lo.ty) == Types::CHAR {
            Types::CHAR
        } else {
            let lo_span = lo.span;
            let number = self.integer(Expr { kind: lo.kind.clone(), ty: lo.ty, span: lo_span });
            number.ty
        };
        let opened = self.open_option_loop(label, body, expect, e);
        self.open_block();
        let name = match &pattern.kind {
            PatKind::Binding { name } if &*name.name != "_" => Some(name),
            PatKind::Wild | PatKind::Binding { .. } | PatKind::Error => None,
            _ => {
                self.error(Code::BadPattern, pattern.span, "a range gives numbers; a plain name takes them");
                None
            }
        };
        let var = match name {
            Some(name) => self.declare_local(&name.name, ty, false, name.span),
            None => self.declare_local("", ty, false, pattern.span),
        };
        let body = self.check_block(body, Expect::Drop);
        self.close_block();
        self.frame().loops.pop();
        let kind = ExprKind::ForRange {
            label: opened.label,
            var,
            lo: Box::new(lo),
            hi: Box::new(hi),
            inclusive,
            body: Box::new(body),
            otherwise: opened.option.map(|ty| Box::new(none(ty, e.span))),
        };
        wrap_breaks(expr(kind, opened.option.unwrap_or(Types::UNIT), e.span), &opened)
    }

    /// `for i in r` where `r` is a range value.
    #[expect(clippy::too_many_arguments, reason = "the parts of a loop")]
    fn for_range_value(
        &mut self,
        label: Option<&'a Ident>,
        pattern: &'a ast::Pattern,
        place: crate::core::Place,
        stmt: Option<Stmt>,
        element: Ty,
        body: &'a ast::Block,
        e: &'a ast::Expr,
        expect: Expect,
    ) -> Expr {
        let each = self.for_each(label, pattern, IterKind::Range, look(place), element, false, body, e, expect);
        match stmt {
            Some(stmt) => super::expect::block(vec![stmt], each),
            None => each,
        }
    }

    #[expect(clippy::too_many_arguments, reason = "the parts of a loop")]
    fn for_each(
        &mut self,
        label: Option<&'a Ident>,
        pattern: &'a ast::Pattern,
        iter: IterKind,
        iterable: Expr,
        element: Ty,
        clone_elements: bool,
        body: &'a ast::Block,
        e: &'a ast::Expr,
        expect: Expect,
    ) -> Expr {
        let opened = self.open_option_loop(label, body, expect, e);
        self.open_block();
        let pattern = self.check_pattern(pattern, element, false);
        let body = self.check_block(body, Expect::Drop);
        self.close_block();
        self.frame().loops.pop();
        let kind = ExprKind::ForEach {
            label: opened.label,
            pattern,
            iter,
            iterable: Box::new(iterable),
            clone_elements,
            body: Box::new(body),
            otherwise: opened.option.map(|ty| Box::new(none(ty, e.span))),
        };
        wrap_breaks(expr(kind, opened.option.unwrap_or(Types::UNIT), e.span), &opened)
    }

    /// The body is elaborated for its own errors.
    fn for_error(
        &mut self,
        label: Option<&'a Ident>,
        pattern: &'a ast::Pattern,
        body: &'a ast::Block,
        e: &'a ast::Expr,
        expect: Expect,
    ) -> Expr {
        let iterable = error_expr(e.span);
        // The element's type may be known from an earlier pass.
        self.for_each(label, pattern, IterKind::List, iterable, Types::ERROR, false, body, e, expect);
        error_expr(e.span)
    }

    /// A type with `next(): Option<T>`.
    fn for_iterator(
        &mut self,
        label: Option<&'a Ident>,
        pattern: &'a ast::Pattern,
        place: crate::core::Place,
        body: &'a ast::Block,
        e: &'a ast::Expr,
        expect: Expect,
    ) -> Expr {
        let span = place.span;
        let ty = place.ty;
        let mut stmts = Vec::new();
        // The iterator lives in a variable of its own unless it is one already.
        let place = if Self::is_plain(&place) {
            place
        } else {
            let (place, stmt) = self.bind_temporary(read(place));
            if let crate::core::PlaceBase::Local(local) = place.base {
                self.frame().locals[local.0 as usize].local.mutable = true;
            }
            stmts.push(stmt);
            place
        };
        let name = Ident { name: ast::Name::from("next"), span };
        let next = self.call_next(place, &name, span);
        let element = next.as_ref().map(|next| (self.kind(next.ty), next.ty));
        let (Some(next), Some((TyKind::Enum(OPTION, args), option))) = (next, element) else {
            let shown = self.show(ty);
            self.report(
                Diagnostic::new(Code::NotIterable, span, format!("`{shown}` cannot be walked over with `for`"))
                    .help("it can with a method `next(): Option<T>`"),
            );
            return self.for_error(label, pattern, body, e, expect);
        };
        let opened = self.open_option_loop(label, body, expect, e);
        self.open_block();
        let pattern = self.check_pattern(pattern, args[0], false);
        let body = self.check_block(body, Expect::Drop);
        self.close_block();
        self.frame().loops.pop();
        let some = Pattern { span: pattern.span, ty: option, kind: PatternKind::Variant(0, vec![pattern]) };
        let any = Pattern { kind: PatternKind::Wild, ty: option, span };
        let value = opened.option.map(|ty| Box::new(none(ty, e.span)));
        let leave = expr(ExprKind::Break(opened.label, value), Types::NEVER, e.span);
        let arms =
            vec![MatchArm { pattern: some, guard: None, body }, MatchArm { pattern: any, guard: None, body: leave }];
        let turn = expr(ExprKind::Match(Box::new(next), arms), Types::UNIT, e.span);
        let ty = opened.option.unwrap_or(Types::UNIT);
        let whole = wrap_breaks(expr(ExprKind::Loop(opened.label, Box::new(turn)), ty, e.span), &opened);
        if stmts.is_empty() { whole } else { super::expect::block(stmts, whole) }
    }
}

/// `None` of an option type.
pub fn none(ty: Ty, span: Span) -> Expr {
    expr(ExprKind::Variant(OPTION, 1, Vec::new()), ty, span)
}

/// `break v` of a loop that gives an Option carries `Some(v)`; a plain `break` carries `None`.
fn wrap_breaks(mut whole: Expr, opened: &Opened) -> Expr {
    if let Some(option) = opened.option {
        wrap(&mut whole, opened.label, option);
    }
    whole
}

fn wrap(e: &mut Expr, label: LabelId, option: Ty) {
    if let ExprKind::Break(target, value) = &mut e.kind
        && *target == label
    {
        let span = e.span;
        let wrapped = match value.take() {
            Some(value) if matches!(value.kind, ExprKind::Variant(OPTION, 1, _)) && value.ty == option => *value,
            Some(value) => expr(ExprKind::Variant(OPTION, 0, vec![*value]), option, span),
            None => none(option, span),
        };
        *value = Some(Box::new(wrapped));
        return;
    }
    super::finish::each_child(e, &mut |child| wrap(child, label, option));
}
