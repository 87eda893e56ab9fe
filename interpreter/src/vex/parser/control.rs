//! Expressions with bodies: if, match, loops, select.

use super::{Context, Failed, Parsed, Parser, Separator};
use crate::diagnostics::{Code, Diagnostic};
use crate::source::Span;
use crate::vex::ast::{Arm, Condition, Expr, ExprKind, Ident, PatKind, Pattern, SelectArm, SelectOp};
use crate::vex::token::TokenKind as T;

impl Parser<'_> {
    /// The part before a `{`: there `{` opens the body. After an error in it the body is still read.
    fn head(&mut self, parse: impl FnOnce(&mut Self) -> Parsed<Expr>) -> Parsed<Expr> {
        let lo = self.token().lo;
        let context = Context { head: true, colons: 0, ..self.context };
        match self.with_context(context, parse) {
            Ok(expr) => {
                if !self.is(T::LBrace) {
                    let failed = self.expected("`{`", "to open the body");
                    if self.is(T::Assign) {
                        self.help_last("`==` compares");
                    }
                    self.skip_to_body().map_err(|Failed| failed)?;
                }
                Ok(expr)
            }
            Err(Failed) => {
                self.skip_to_body()?;
                let span = self.span_from(lo);
                Ok(self.make(ExprKind::Error, span))
            }
        }
    }

    /// After an error: to a `{` on the same line.
    fn skip_to_body(&mut self) -> Parsed<()> {
        loop {
            let token = self.token();
            match token.kind {
                T::LBrace => return Ok(()),
                T::Eof | T::RBrace | T::Semi | T::FatArrow | T::HoleClose => return Err(Failed),
                _ if token.newline_before => return Err(Failed),
                _ => self.bump(),
            };
        }
    }

    fn condition(&mut self) -> Parsed<Condition> {
        if !matches!(self.kind(), T::Let | T::LetBang) {
            return Ok(Condition::Expr(self.head(Self::expr)?));
        }
        self.bump();
        let mut pattern = None;
        let value = self.head(|p| {
            pattern = Some(p.pattern()?);
            p.expect(T::Assign, "after the pattern")?;
            p.expr()
        })?;
        match pattern {
            Some(pattern) => Ok(Condition::Let { pattern, value }),
            None => Ok(Condition::Expr(value)),
        }
    }

    pub(super) fn if_expr(&mut self) -> Parsed<ExprKind> {
        self.bump();
        let mut branches = Vec::new();
        loop {
            let condition = self.nested(Self::condition)?;
            branches.push((condition, self.block()?));
            if self.eat(T::Elif).is_some() {
                continue;
            }
            if self.eat(T::Else).is_none() {
                return Ok(ExprKind::If { branches, otherwise: None });
            }
            if self.eat(T::If).is_none() {
                let otherwise = Some(self.block()?);
                return Ok(ExprKind::If { branches, otherwise });
            }
        }
    }

    pub(super) fn loop_expr(&mut self, label: Option<Ident>) -> Parsed<ExprKind> {
        match self.bump().kind {
            T::For => {
                let mut pattern = None;
                let iter = self.nested(|p| {
                    p.head(|p| {
                        pattern = Some(p.pattern()?);
                        if !p.is(T::In) {
                            let comma = p.is(T::Comma);
                            let failed = p.expected("`in`", "after the pattern of the loop");
                            p.help_last(if comma {
                                "several names need parentheses: `for (i, x) in ..`"
                            } else {
                                "a loop is written `for x in xs { .. }`; `while` takes a condition"
                            });
                            return Err(failed);
                        }
                        p.bump();
                        p.expr()
                    })
                })?;
                let body = self.block()?;
                let pattern = match pattern {
                    Some(pattern) => pattern,
                    None => self.make_pattern(PatKind::Error, iter.span),
                };
                Ok(ExprKind::For { label, pattern: Box::new(pattern), iter: Box::new(iter), body })
            }
            T::While => {
                let condition = Box::new(self.nested(Self::condition)?);
                Ok(ExprKind::While { label, condition, body: self.block()? })
            }
            _ => Ok(ExprKind::Loop { label, body: self.block()? }),
        }
    }

    pub(super) fn match_expr(&mut self) -> Parsed<ExprKind> {
        self.bump();
        let scrutinee = Box::new(self.nested(|p| p.head(Self::expr))?);
        let open = self.expect(T::LBrace, "to open the arms")?;
        let arms = self.list(open, Separator::CommaOrLine, "this match", |p| {
            let lo = p.token().lo;
            let pattern = p.pattern()?;
            let guard = if p.eat(T::If).is_some() { Some(p.expr()?) } else { None };
            p.fat_arrow("after the pattern")?;
            let body = p.arm_body()?;
            let span = p.span_from(lo);
            Ok(Arm { pattern, guard, body, span })
        })?;
        Ok(ExprKind::Match { scrutinee, arms })
    }

    fn fat_arrow(&mut self, place: &str) -> Parsed<()> {
        if self.eat(T::FatArrow).is_some() {
            return Ok(());
        }
        let arrow = matches!(self.kind(), T::Arrow | T::Colon);
        let failed = self.expected("`=>`", place);
        if arrow {
            self.help_last("the arms of `match` and `select` are written `pattern => value`");
        }
        Err(failed)
    }

    /// The value of an arm, and the `,` that may follow a block on the same line.
    fn arm_body(&mut self) -> Parsed<Expr> {
        if !self.is(T::LBrace) {
            return self.nested(Self::body_expr);
        }
        let block = self.block()?;
        let span = block.span;
        let body = self.make(ExprKind::Block { label: None, block }, span);
        if !self.is(T::RBrace) && !self.is(T::Comma) && !self.token().newline_before {
            // `a => {..} b => {..}`: the comma after a block is optional. `list` asks for one, so show it a line.
            let at = self.at;
            self.tokens[at].newline_before = true;
        }
        Ok(body)
    }

    pub(super) fn select(&mut self, keyword: Span, is_async: bool) -> Parsed<ExprKind> {
        let open = self.expect(T::LBrace, "to open the arms")?;
        let arms = self.list(open, Separator::CommaOrLine, "this select", |p| {
            let lo = p.token().lo;
            if p.is_word(0, "case") && !matches!(p.peek(1).kind, T::Assign | T::FatArrow | T::LeftArrow | T::Dot)
                || p.is_word(0, "case") && p.peek(1).kind == T::LeftArrow && p.arm_receives(p.at + 1)
            {
                p.bump();
            }
            let op = p.select_op(is_async)?;
            let op_span = p.span_from(lo);
            p.fat_arrow("after the operation")?;
            let body = p.arm_body()?;
            let span = p.span_from(lo);
            let id = p.fresh();
            Ok(SelectArm { id, op, op_span, body, span })
        })?;
        Ok(ExprKind::Select { is_async, keyword, arms })
    }

    /// Whether an arm that begins at the `<-` at `index` receives, though a word stands before it: in
    /// `case <-quit =>` the word is the prefix and `quit` the channel; a channel named `case` is as improbable
    /// as the arm `case <-1` is, so `<-` with space before and none after decides.
    fn arm_receives(&self, index: usize) -> bool {
        match (self.tokens.get(index), self.tokens.get(index + 1)) {
            (Some(arrow), Some(next)) => arrow.space_before && !next.space_before,
            _ => false,
        }
    }

    fn select_op(&mut self, is_async: bool) -> Parsed<SelectOp> {
        let next = self.peek(1).kind;
        if self.is_word(0, "default") && next == T::FatArrow {
            self.bump();
            return Ok(SelectOp::Default);
        }
        if self.is_word(0, "_") && next == T::FatArrow {
            let diagnostic =
                Diagnostic::new(Code::BadSelectArm, self.error_span(), "the arm for `nothing ready` is `default`");
            self.report_and_go_on(diagnostic.help("write `default => ..`"));
            self.bump();
            return Ok(SelectOp::Default);
        }
        if self.is_word(0, "after") && !matches!(next, T::Assign | T::FatArrow | T::LeftArrow | T::Dot) {
            self.bump();
            return Ok(SelectOp::After(Box::new(self.expr()?)));
        }
        let pattern = if self.arm_binds() { Some(self.arm_pattern()?) } else { None };
        let operation = self.expr()?;
        if self.is(T::LeftArrow) && pattern.is_none() {
            self.bump();
            let value = Box::new(self.expr()?);
            return Ok(SelectOp::Send { channel: Box::new(operation), value });
        }
        let span = operation.span;
        Ok(match operation.kind {
            ExprKind::Receive(channel) => SelectOp::Receive { pattern, channel },
            ExprKind::MethodCall { receiver, method, args, .. } if &*method.name == "recv" && args.is_empty() => {
                SelectOp::ReceiveOption { pattern, channel: receiver }
            }
            ExprKind::MethodCall { receiver, method, mut args, .. }
                if &*method.name == "send" && args.len() == 1 && pattern.is_none() && !is_async =>
            {
                match args.pop() {
                    Some(value) => SelectOp::Send { channel: receiver, value: Box::new(value) },
                    None => SelectOp::Default,
                }
            }
            kind => SelectOp::Future { pattern, future: Box::new(self.make(kind, span)) },
        })
    }

    fn arm_pattern(&mut self) -> Parsed<Pattern> {
        // `let v = <-ch` is a habit that does no harm.
        if matches!(self.kind(), T::Let | T::LetBang) {
            self.bump();
        }
        let pattern = self.pattern()?;
        self.expect(T::Assign, "after the pattern")?;
        Ok(pattern)
    }

    /// Whether the arm begins with `pattern =`: a `=` comes before the `=>`.
    fn arm_binds(&self) -> bool {
        let mut depth = 0u32;
        for (index, token) in self.tokens.iter().enumerate().skip(self.at) {
            match token.kind {
                _ if depth == 0 && token.newline_before && index > self.at => return false,
                T::Assign if depth == 0 => return true,
                T::FatArrow | T::LeftArrow | T::Semi if depth == 0 => return false,
                T::Eof => return false,
                T::RParen | T::RBracket | T::RBrace | T::HoleClose if depth == 0 => return false,
                T::RParen | T::RBracket | T::RBrace | T::HoleClose => depth -= 1,
                kind if kind.closing().is_some() => depth += 1,
                _ => {}
            }
        }
        false
    }
}
