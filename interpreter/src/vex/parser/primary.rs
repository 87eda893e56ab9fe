//! What operators work on: names, literals, parentheses, lists, closures, and the expressions that begin with a word.

use super::{Parsed, Parser, Separator};
use crate::diagnostics::{Code, Diagnostic};
use crate::source::Span;
use crate::vex::ast::{Closure, ClosureParam, Expr, ExprKind, Ident};
use crate::vex::token::{Token, TokenKind as T};

impl Parser<'_> {
    pub(super) fn primary(&mut self) -> Parsed<Expr> {
        let token = self.token();
        let kind = match token.kind {
            T::Int | T::Float | T::Str | T::Char | T::True | T::False | T::Nil => return self.literal(),
            T::FStringStart | T::TemplateStart => return self.interpolated(),
            T::Ident | T::SelfWord => return self.name_or_word(),
            T::LParen => self.parenthesised()?,
            T::LBracket => self.list_literal()?,
            T::Pipe | T::PipePipe => self.closure()?,
            T::LBrace => ExprKind::Block { label: None, block: self.block()? },
            T::If => self.if_expr()?,
            T::Match => self.match_expr()?,
            T::For | T::While | T::Loop => self.loop_expr(None)?,
            T::Label => self.labelled()?,
            T::Unsafe => {
                self.bump();
                ExprKind::Unsafe(self.block()?)
            }
            T::Return => {
                self.bump();
                ExprKind::Return(self.jump_value()?)
            }
            T::Break => {
                self.bump();
                let label = self.jump_label();
                ExprKind::Break { label, value: self.jump_value()? }
            }
            T::Continue => {
                self.bump();
                ExprKind::Continue { label: self.jump_label() }
            }
            _ => return Err(self.no_expression()),
        };
        let span = self.span_from(token.lo);
        Ok(self.make(kind, span))
    }

    fn no_expression(&mut self) -> super::Failed {
        let token = self.token();
        let failed = match token.kind {
            T::RParen | T::RBracket | T::RBrace if token.newline_before || token.kind == T::RBrace => {
                self.expected("an expression", "before the end of the block")
            }
            _ => self.expected("an expression", ""),
        };
        match token.kind {
            T::Fn => self.help_last("a function without a name is written as a closure: `|x| x + 1`"),
            T::Go | T::Defer => self.help_last("`go` and `defer` are statements and give no value"),
            T::Async => self.help_last("there are no async blocks; write an `async fn`, or a `go` block"),
            T::Let | T::LetBang => self.help_last("`let` is a statement; conditions use `if let` and `while let`"),
            T::Assign => self.help_last("`==` compares"),
            T::Plus => self.help_last("`+` needs an operand before it"),
            _ => {}
        }
        failed
    }

    /// A name, or `select`, `select!`, `join!`.
    fn name_or_word(&mut self) -> Parsed<Expr> {
        let token = self.token();
        let next = self.peek(1);
        let bang = next.kind == T::Bang && !next.space_before;
        let after_bang = self.peek(2).kind;
        let text = self.text_of(token);
        let kind = match text {
            "select" if next.kind == T::LBrace && !next.newline_before && !self.context.head => {
                self.bump();
                self.select(token.span(self.file), false)?
            }
            "select" if bang && after_bang == T::LBrace => {
                self.bump();
                self.bump();
                let keyword = self.span_from(token.lo);
                self.select(keyword, true)?
            }
            "join" if bang && after_bang == T::LParen => {
                self.bump();
                self.bump();
                let open = self.bump();
                ExprKind::Join(self.list(open, Separator::Comma, "`join!`", Self::element)?)
            }
            _ => {
                self.bump();
                ExprKind::Name(self.name(token.lo, token.hi))
            }
        };
        let span = self.span_from(token.lo);
        Ok(self.make(kind, span))
    }

    /// `(e)`, `(a, b)`, `()`.
    fn parenthesised(&mut self) -> Parsed<ExprKind> {
        let open = self.bump();
        let mut parts = self.list(open, Separator::Comma, "the parenthesis", Self::expr)?;
        let trailing = self.tokens[self.at.saturating_sub(2)].kind == T::Comma;
        if parts.len() == 1
            && !trailing
            && let Some(only) = parts.pop()
        {
            return Ok(ExprKind::Paren(Box::new(only)));
        }
        Ok(ExprKind::Tuple(parts))
    }

    /// `[a, b]`, `[v; n]`.
    fn list_literal(&mut self) -> Parsed<ExprKind> {
        let open = self.bump();
        let mut repeat = None;
        let elements = self.list(open, Separator::Comma, "this list", |p| {
            let element = p.element()?;
            if p.is(T::Semi) && repeat.is_none() {
                p.bump();
                repeat = Some(p.expr()?);
            }
            Ok(element)
        })?;
        let Some(len) = repeat else { return Ok(ExprKind::List(elements)) };
        let mut elements = elements.into_iter();
        match (elements.next(), elements.next()) {
            (Some(value), None) => Ok(ExprKind::Repeat { value: Box::new(value), len: Box::new(len) }),
            _ => {
                let message = "`[value; count]` repeats one value";
                self.report_and_go_on(Diagnostic::new(Code::UnexpectedToken, len.span, message));
                Ok(ExprKind::Error)
            }
        }
    }

    /// `|a: i32, b| e`, `|x: i32|: i32 { .. }`, `|| e`.
    fn closure(&mut self) -> Parsed<ExprKind> {
        let (params, header) = self.closure_params()?;
        let ret = if self.eat_return_colon() { Some(self.single_type()?) } else { None };
        let body = self.nested(Self::body_expr)?;
        Ok(ExprKind::Closure(Box::new(Closure { params, ret, body, header })))
    }

    /// The part between the bars, and where it stands.
    pub(super) fn closure_params(&mut self) -> Parsed<(Vec<ClosureParam>, Span)> {
        let open = self.bump();
        let mut params = Vec::new();
        if open.kind == T::PipePipe {
            return Ok((params, open.span(self.file)));
        }
        while self.eat(T::Pipe).is_none() {
            let pattern = self.single_pattern()?;
            let mutable = self.is_adjacent(T::Bang);
            if mutable {
                self.bump();
            }
            let ty = if self.eat(T::Colon).is_some() { Some(self.single_type()?) } else { None };
            params.push(ClosureParam { pattern, mutable, ty });
            if self.eat(T::Comma).is_none() && !self.is(T::Pipe) {
                return Err(self.expected_close(open, T::Pipe, "`,` or ", "the parameters"));
            }
        }
        let header = self.span_from(open.lo);
        Ok((params, header))
    }

    /// The value of `return` and `break`, if one stands on the same line.
    fn jump_value(&mut self) -> Parsed<Option<Box<Expr>>> {
        let body_follows = self.context.head && self.is(T::LBrace);
        if !self.kind().starts_expression() || self.line_ends() || body_follows {
            return Ok(None);
        }
        Ok(Some(Box::new(self.expr()?)))
    }

    fn jump_label(&mut self) -> Option<Ident> {
        if self.line_ends() || self.peek(1).kind == T::Colon {
            return None;
        }
        self.eat(T::Label).map(|token| self.ident_of(token))
    }

    /// `'name: loop { .. }`, `'name: { .. }`.
    fn labelled(&mut self) -> Parsed<ExprKind> {
        let token: Token = self.bump();
        let label = Some(self.ident_of(token));
        self.expect(T::Colon, "after the label")?;
        match self.kind() {
            T::For | T::While | T::Loop => self.loop_expr(label),
            T::LBrace => Ok(ExprKind::Block { label, block: self.block()? }),
            _ => Err(self.expected("a loop or block", "after the label")),
        }
    }
}
