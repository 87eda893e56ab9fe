//! `select` and `select!`.

use super::expect::{Expect, error_expr, expr};
use super::state::*;
use crate::core::{Expr, ExprKind, Pattern, SelectArm, SelectOp};
use crate::diagnostics::{Code, Diagnostic};
use crate::source::Span;
use crate::types::{OPTION, Ty, TyKind, Types};
use crate::vex::ast::{self, PatKind};

impl<'a> Checker<'a> {
    /// A select with its arms.
    pub fn select_expr(
        &mut self,
        is_async: bool,
        keyword: Span,
        arms: &'a [ast::SelectArm],
        e: &'a ast::Expr,
        expect: Expect,
    ) -> Expr {
        if is_async {
            self.require_async(keyword, "`select!`");
        }
        let mut built = Vec::new();
        let mut bodies = Vec::new();
        let mut default_at = None;
        let mut wanted = expect;
        for arm in arms {
            self.open_block();
            let head = self.select_op(arm, is_async);
            let body = match wanted {
                Expect::Drop => self.dropped(&arm.body),
                _ => self.check_expr(&arm.body, wanted),
            };
            self.close_block();
            wanted = self.next_branch(wanted, &body);
            match head {
                Head::Op(op, pattern) => built.push((Some((op, pattern)), arm.span)),
                Head::Default => {
                    if default_at.is_some() {
                        self.error(Code::BadSelect, arm.op_span, "a select has one `default`");
                    }
                    default_at = Some(built.len());
                    built.push((None, arm.span));
                }
                Head::Error => built.push((None, arm.span)),
            }
            bodies.push(body);
        }
        let (bodies, ty) = if bodies.is_empty() { (bodies, Types::NEVER) } else { self.join(bodies, expect) };
        let mut default = None;
        let mut out = Vec::new();
        for (index, ((head, span), body)) in built.into_iter().zip(bodies).enumerate() {
            match head {
                Some((op, pattern)) => out.push(SelectArm { op, pattern, body, span }),
                None if default_at == Some(index) => default = Some(Box::new(body)),
                None => {}
            }
        }
        expr(ExprKind::Select(out, default), ty, e.span)
    }

    fn select_op(&mut self, arm: &'a ast::SelectArm, is_async: bool) -> Head {
        match &arm.op {
            ast::SelectOp::Receive { pattern, channel } => {
                let place = self.check_place(channel);
                let Some((channel, element)) = self.channel_of(place, arm.op_span) else {
                    self.bind_error(pattern.as_ref());
                    return Head::Error;
                };
                // `Some(v) = <-ch` asks for values only: an arm on the Option.
                let wants_option = pattern.as_ref().is_some_and(is_option_pattern)
                    && !matches!(self.kind(element), TyKind::Enum(OPTION, _));
                if wants_option {
                    let option = self.types.intern(TyKind::Enum(OPTION, vec![element]));
                    let pattern = pattern.as_ref().map(|pattern| self.check_pattern(pattern, option, false));
                    return Head::Op(SelectOp::RecvOption(channel), pattern);
                }
                let pattern = self.arm_pattern(pattern.as_ref(), element);
                Head::Op(SelectOp::Recv(channel), pattern)
            }
            ast::SelectOp::ReceiveOption { pattern, channel } => {
                let place = self.check_place(channel);
                let Some((channel, element)) = self.channel_of(place, arm.op_span) else {
                    self.bind_error(pattern.as_ref());
                    return Head::Error;
                };
                let option = self.types.intern(TyKind::Enum(OPTION, vec![element]));
                let pattern = self.arm_pattern(pattern.as_ref(), option);
                Head::Op(SelectOp::RecvOption(channel), pattern)
            }
            ast::SelectOp::Send { channel, value } => {
                let place = self.check_place(channel);
                let Some((channel, element)) = self.channel_of(place, arm.op_span) else {
                    self.check_expr(value, Expect::Any);
                    return Head::Error;
                };
                let value = self.check_to(value, element);
                Head::Op(SelectOp::Send(channel, value), None)
            }
            ast::SelectOp::After(duration) => {
                let duration = self.after_duration(duration);
                Head::Op(SelectOp::After(duration), None)
            }
            ast::SelectOp::Default => Head::Default,
            ast::SelectOp::Future { pattern, future } => self.future_arm(pattern.as_ref(), future, arm, is_async),
        }
    }

    fn arm_pattern(&mut self, pattern: Option<&'a ast::Pattern>, ty: Ty) -> Option<Pattern> {
        let pattern = pattern?;
        if matches!(pattern.kind, PatKind::Wild) {
            return None;
        }
        Some(self.check_pattern(pattern, ty, false))
    }

    fn bind_error(&mut self, pattern: Option<&'a ast::Pattern>) {
        if let Some(pattern) = pattern {
            self.check_pattern(pattern, Types::ERROR, false);
        }
    }

    /// `after 50.millis()`, `after sleep(50)`, `after 50`.
    fn after_duration(&mut self, e: &'a ast::Expr) -> Expr {
        let value = self.check_expr(e, Expect::Any);
        if let Some(duration) = self.sleep_of(&value) {
            return duration;
        }
        super::expect::looked(self.duration_of(value))
    }

    fn future_arm(
        &mut self,
        pattern: Option<&'a ast::Pattern>,
        future: &'a ast::Expr,
        arm: &'a ast::SelectArm,
        is_async: bool,
    ) -> Head {
        let value = match &future.kind {
            ast::ExprKind::Await(inner) => self.check_expr(inner, Expect::Any),
            _ => self.check_expr(future, Expect::Any),
        };
        if let Some(duration) = self.sleep_of(&value) {
            let pattern = self.arm_pattern(pattern, Types::UNIT);
            if let Some(pattern) = pattern {
                // A timer gives nothing; the name stands for `()`.
                return Head::Op(SelectOp::After(duration), Some(pattern));
            }
            return Head::Op(SelectOp::After(duration), None);
        }
        let ty = value.ty;
        match self.kind(ty) {
            TyKind::Future(result) => {
                if !is_async {
                    self.report(
                        Diagnostic::new(
                            Code::BadSelect,
                            arm.op_span,
                            "`select` waits for channels and timers, this is a future",
                        )
                        .help("write `select!` in an async function"),
                    );
                }
                let pattern = self.arm_pattern(pattern, result);
                Head::Op(SelectOp::Future(value), pattern)
            }
            // `t = after(d)` in the form of a plain value: receive from the channel.
            TyKind::Channel(element) => {
                let pattern = self.arm_pattern(pattern, element);
                Head::Op(SelectOp::Recv(super::expect::looked(value)), pattern)
            }
            TyKind::Error | TyKind::Never => {
                self.bind_error(pattern);
                Head::Error
            }
            TyKind::Infer(_) if self.is_unknown(ty) => {
                let result = self.fresh();
                let want = self.types.intern(TyKind::Future(result));
                self.unify(ty, want);
                let pattern = self.arm_pattern(pattern, result);
                Head::Op(SelectOp::Future(value), pattern)
            }
            _ => {
                let shown = self.show(ty);
                self.bind_error(pattern);
                self.error(Code::NotAFuture, arm.op_span, format!("a select cannot wait for `{shown}`"));
                let _ = error_expr(arm.span);
                Head::Error
            }
        }
    }
}

fn is_option_pattern(pattern: &ast::Pattern) -> bool {
    match &pattern.kind {
        PatKind::Variant { path, .. } => path.segments.last().is_some_and(|name| &*name.name == "Some"),
        _ => false,
    }
}

/// What an arm waits for.
#[expect(clippy::large_enum_variant, reason = "one at a time, on the stack")]
enum Head {
    Op(SelectOp, Option<Pattern>),
    Default,
    Error,
}
