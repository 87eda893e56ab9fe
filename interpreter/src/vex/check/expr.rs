//! Elaborates expressions: one arm a kind, the work is in the files of their subjects.

use super::expect::{Expect, as_place, error_expr, expr, look, read};
use super::state::*;
use crate::builtins::Builtin;
use crate::core::{Const, Expr, ExprKind};
use crate::diagnostics::Code;
use crate::types::{TyKind, Types};
use crate::vex::ast::{self, ExprKind as Ast};

impl<'a> Checker<'a> {
    /// Elaborates an expression. What `expect` wants is a hint, except for [`Expect::Drop`]; use
    /// [`Checker::check_to`] where the type must fit.
    pub fn check_expr(&mut self, e: &'a ast::Expr, expect: Expect) -> Expr {
        let value = self.check_kind(e, expect);
        if self.is_too_large(value.ty) {
            let message = "the type of this is too large: it has thousands of parts";
            self.error(Code::Unsupported, e.span, message);
            return error_expr(e.span);
        }
        value
    }

    fn check_kind(&mut self, e: &'a ast::Expr, expect: Expect) -> Expr {
        let span = e.span;
        match &e.kind {
            Ast::Int { value, suffix } => match i128::try_from(*value) {
                Ok(value) => self.int_literal(value, suffix.as_ref(), expect, span),
                Err(_) => {
                    self.error(Code::LiteralOutOfRange, span, format!("`{value}` does not fit any integer type"));
                    error_expr(span)
                }
            },
            Ast::Float { value, suffix } => self.float_literal(*value, suffix.as_ref(), expect, span),
            Ast::Str(text) => self.str_literal(text, expect, span),
            Ast::Interpolated { parts, .. } => self.interpolated(parts, span),
            Ast::Char(c) => expr(ExprKind::Const(Const::Char(*c)), Types::CHAR, span),
            Ast::Bool(value) => expr(ExprKind::Const(Const::Bool(*value)), Types::BOOL, span),
            Ast::Nil => self.nil(expect, span),
            Ast::Paren(inner) => self.check_expr(inner, expect),
            Ast::Name(name) => self.name_expr(name, e, expect),
            Ast::Field { base, field } => self.member_expr(base, field, e, expect),
            Ast::Index { .. } => read(self.check_place(e)),
            Ast::Unary { op: ast::UnaryOp::Deref, .. } => read(self.check_place(e)),
            Ast::Unary { op, operand } => self.unary(*op, operand, e, expect),
            Ast::Tuple(elements) => self.tuple_literal(elements, span, expect),
            Ast::List(elements) => self.list_literal(elements, e, expect),
            Ast::Repeat { value, len } => self.repeat_literal(value, len, span, expect),
            Ast::Spread(inner) => {
                self.check_expr(inner, Expect::Any);
                self.error(Code::NotIterable, span, "`...` has a meaning in lists and arguments only");
                error_expr(span)
            }
            Ast::Struct { path, type_args, fields, base } => {
                self.struct_literal(path, type_args, fields, base.as_deref(), e, expect)
            }
            Ast::Call { callee, type_args, args } => self.call(callee, type_args, args, e, expect),
            Ast::MethodCall { receiver, method, type_args, args } => {
                self.method_call(receiver, method, type_args, args, e, expect)
            }
            Ast::Instantiate { base, type_args } => self.instantiated_value(base, type_args, e),
            Ast::Borrow { mutable, operand } => self.borrow(*mutable, operand, e, expect),
            Ast::Receive(channel) => self.receive(channel, span, expect),
            Ast::Await(inner) => self.await_expr(inner, e, expect),
            Ast::Try(inner) => self.try_expr(inner, span, expect),
            Ast::Binary { op, op_span, left, right } => self.binary(*op, *op_span, left, right, span, expect),
            Ast::Coalesce { value, default } => self.coalesce(value, default, span, expect),
            Ast::Rescue { value, param, fallback } => self.rescue(value, param.as_deref(), fallback, span, expect),
            Ast::Pipe { value, target } => self.pipe(value, target, e, expect),
            Ast::Conditional { condition, then, otherwise } => {
                self.conditional(condition, then, otherwise, span, expect)
            }
            Ast::Range { low, high, inclusive } => {
                self.range_value(low.as_deref(), high.as_deref(), *inclusive, span, expect)
            }
            Ast::Cast { value, ty } => self.cast(value, ty, span),
            Ast::If { branches, otherwise } => self.if_expr(branches, otherwise.as_ref(), span, expect),
            Ast::Match { scrutinee, arms } => self.match_expr(scrutinee, arms, e, expect),
            Ast::While { label, condition, body } => self.while_expr(label.as_ref(), condition, body, e, expect),
            Ast::Loop { label, body } => self.loop_expr(label.as_ref(), body, e, expect),
            Ast::For { label, pattern, iter, body } => self.for_expr(label.as_ref(), pattern, iter, body, e, expect),
            Ast::Block { label: None, block } | Ast::Unsafe(block) => self.check_block(block, expect),
            Ast::Block { label: Some(label), block } => self.labelled_block(label, block, e, expect),
            Ast::Select { is_async, keyword, arms } => self.select_expr(*is_async, *keyword, arms, e, expect),
            Ast::Join(futures) => self.join_future(futures, span),
            Ast::Closure(closure) => self.closure(closure, e, expect),
            Ast::Return(value) => self.return_expr(value.as_deref(), span),
            Ast::Break { label, value } => self.break_expr(label.as_ref(), value.as_deref(), span),
            Ast::Continue { label } => self.continue_expr(label.as_ref(), span),
            Ast::Error => error_expr(span),
        }
    }

    /// Elaborates a condition.
    pub fn check_bool(&mut self, e: &'a ast::Expr) -> Expr {
        let value = self.check_expr(e, Expect::Is(Types::BOOL));
        let value = self.operand(value);
        self.coerce(value, Types::BOOL)
    }

    fn nil(&mut self, expect: Expect, span: crate::source::Span) -> Expr {
        match expect.ty().map(|ty| (ty, self.kind(ty))) {
            Some((ty, TyKind::Pointer(_))) => expr(ExprKind::Const(Const::Nil), ty, span),
            _ => {
                let target = self.fresh();
                let ty = self.types.intern(TyKind::Pointer(target));
                expr(ExprKind::Const(Const::Nil), ty, span)
            }
        }
    }

    fn name_expr(&mut self, name: &ast::Name, e: &'a ast::Expr, expect: Expect) -> Expr {
        if !self.has_local(name) {
            let scope = self.frame().scope;
            let expected_fn = matches!(expect.ty().map(|ty| self.kind(ty)), Some(TyKind::Fn(..)));
            match self.lookup_value(name, scope) {
                Some(ValueDef::Fns(decls)) if expected_fn && decls.len() > 1 => {
                    return self.overloaded_value(&decls, name, e, expect);
                }
                Some(_) => {}
                None if self.special_name(name) => {}
                None => {
                    let variants = self.lookup_variants(name, scope);
                    if !variants.is_empty() {
                        return self.variant_value(name, &variants, e, expect);
                    }
                }
            }
        }
        read(self.check_place(e))
    }

    fn member_expr(&mut self, base: &'a ast::Expr, field: &'a ast::Ident, e: &'a ast::Expr, expect: Expect) -> Expr {
        if let Some(super::path_calls::StaticRef::Type(TypeDef::Enum(id), args)) = self.peek_static(base) {
            let info = &self.enums[id.0 as usize];
            if let Some(index) = info.variants.iter().position(|(name, _)| *name == field.name) {
                return self.variant_with(id, index as u32, args, e, expect);
            }
        }
        read(self.check_place(e))
    }

    /// `&x`, `&x!`
    fn borrow(&mut self, mutable: bool, operand: &'a ast::Expr, e: &'a ast::Expr, expect: Expect) -> Expr {
        let inner = match expect.ty().map(|ty| self.kind(ty)) {
            Some(TyKind::Ref(target) | TyKind::RefMut(target) | TyKind::Span(target)) => Expect::Is(target),
            _ => Expect::Any,
        };
        let is_place = matches!(
            operand.kind,
            Ast::Name(_)
                | Ast::Field { .. }
                | Ast::Index { .. }
                | Ast::Paren(_)
                | Ast::Unary { op: ast::UnaryOp::Deref, .. }
        );
        let place = if is_place {
            self.check_place(operand)
        } else {
            let value = self.check_expr(operand, inner);
            as_place(value)
        };
        // `&xs[a..b]` where a span is wanted is the slice itself.
        if mutable {
            // A reference handed on: `&r!` of a `&T!` is the same reference.
            if let TyKind::RefMut(_) = self.kind(place.ty) {
                return read(place);
            }
            self.require_mutable(&place, "it is borrowed mutably here");
            let ty = self.types.intern(TyKind::RefMut(place.ty));
            return expr(ExprKind::BorrowMut(place), ty, e.span);
        }
        let ty = self.types.intern(TyKind::Ref(place.ty));
        expr(ExprKind::Borrow(place), ty, e.span)
    }

    /// `<-ch`
    fn receive(&mut self, channel: &'a ast::Expr, span: crate::source::Span, expect: Expect) -> Expr {
        let place = self.check_place(channel);
        let Some((channel, element)) = self.channel_of(place, span) else { return error_expr(span) };
        if expect == Expect::Drop {
            return expr(ExprKind::Builtin(Builtin::ChannelRecvDiscard, vec![channel]), Types::UNIT, span);
        }
        if let Some(want) = expect.ty()
            && self.is_unknown(element)
            && !matches!(self.kind(want), TyKind::Ref(_) | TyKind::Contract(..) | TyKind::Union(_))
        {
            self.unify(element, want);
        }
        expr(ExprKind::Builtin(Builtin::ChannelRecvValue, vec![channel]), element, span)
    }

    /// The channel in a place, borrowed, and the type of its values.
    pub fn channel_of(
        &mut self,
        place: crate::core::Place,
        span: crate::source::Span,
    ) -> Option<(Expr, crate::types::Ty)> {
        let place = self.deref_all(place);
        match self.kind(place.ty) {
            TyKind::Channel(element) => Some((look(place), element)),
            TyKind::Ticker => {
                let ty = self.types.intern(TyKind::Channel(Types::TIME));
                let channel = expr(ExprKind::Builtin(Builtin::TickerChannel, vec![look(place)]), ty, span);
                Some((channel, Types::TIME))
            }
            TyKind::Error => None,
            TyKind::Infer(_) if self.is_unknown(place.ty) => {
                let element = self.fresh();
                let channel = self.types.intern(TyKind::Channel(element));
                self.unify(place.ty, channel);
                Some((look(place), element))
            }
            _ => {
                let shown = self.show(place.ty);
                self.error(Code::TypeMismatch, place.span, format!("a channel is expected, this is `{shown}`"));
                None
            }
        }
    }

    /// A value that is not wanted, as a statement's or block's.
    pub fn dropped(&mut self, e: &'a ast::Expr) -> Expr {
        let value = self.check_expr(e, Expect::Drop);
        let ignored = match self.kind(value.ty) {
            TyKind::Enum(id, _) => id == crate::types::RESULT,
            _ => false,
        };
        let assigned_call = matches!(value.kind, ExprKind::Call(..) | ExprKind::Builtin(..) | ExprKind::CallMethod(..));
        if ignored && assigned_call && !self.in_prelude {
            let diagnostic = crate::diagnostics::Diagnostic::new(
                Code::UnusedResult,
                value.span,
                "the result is dropped, and with it the error if there is one",
            );
            self.report(diagnostic.help("handle it with `match` or `?`, or discard it with `let _ = ..`"));
        }
        value
    }
}
