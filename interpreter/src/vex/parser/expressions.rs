//! Operators by precedence climbing, prefix operators, and what follows an operand: calls, fields, indices, `?`.

use super::{Context, Parsed, Parser, Separator};
use crate::diagnostics::{Code, Diagnostic};
use crate::source::Span;
use crate::vex::ast::{BinaryOp, Expr, ExprKind, FieldInit, Ident, Path, TypeExpr, UnaryOp};
use crate::vex::token::TokenKind as T;

// Binding powers, from loose to tight. Left-associative operators parse their right side one tighter.
const PIPE: u8 = 1;
const CONDITIONAL: u8 = 2;
const RESCUE: u8 = 3;
const RANGE: u8 = 4;
const COMPARE: u8 = 7;
const POWER: u8 = 14;
const CAST: u8 = 15;

/// Binding power of the operators that become an [`ExprKind::Binary`].
fn binary_operator(kind: T) -> Option<(BinaryOp, u8)> {
    Some(match kind {
        T::PipePipe => (BinaryOp::Or, 5),
        T::AmpAmp => (BinaryOp::And, 6),
        T::EqEq => (BinaryOp::Eq, COMPARE),
        T::BangEq => (BinaryOp::Ne, COMPARE),
        T::Lt => (BinaryOp::Lt, COMPARE),
        T::Gt => (BinaryOp::Gt, COMPARE),
        T::LtEq => (BinaryOp::Le, COMPARE),
        T::GtEq => (BinaryOp::Ge, COMPARE),
        T::Pipe => (BinaryOp::BitOr, 8),
        T::Caret => (BinaryOp::BitXor, 9),
        T::Amp => (BinaryOp::BitAnd, 10),
        T::Shl => (BinaryOp::Shl, 11),
        T::Shr => (BinaryOp::Shr, 11),
        T::Plus => (BinaryOp::Add, 12),
        T::Minus => (BinaryOp::Sub, 12),
        T::Star => (BinaryOp::Mul, 13),
        T::Slash => (BinaryOp::Div, 13),
        T::Percent => (BinaryOp::Rem, 13),
        T::StarStar => (BinaryOp::Pow, POWER),
        _ => return None,
    })
}

impl Parser<'_> {
    /// An expression.
    pub(super) fn expr(&mut self) -> Parsed<Expr> {
        self.nested(|p| p.operators(0))
    }

    pub(super) fn make(&mut self, kind: ExprKind, span: Span) -> Expr {
        Expr { id: self.fresh(), span, kind }
    }

    /// An operand and the operators after it that bind at least as tightly as `least`.
    fn operators(&mut self, least: u8) -> Parsed<Expr> {
        let lo = self.token().lo;
        let mut left = match self.kind() {
            T::DotDot | T::DotDotEq => self.range(None)?,
            _ => self.prefix()?,
        };
        while !self.line_ends() {
            let token = self.token();
            left = match token.kind {
                T::As if least <= CAST => {
                    self.bump();
                    let ty = Box::new(self.single_type()?);
                    ExprKind::Cast { value: Box::new(left), ty }
                }
                T::DotDot | T::DotDotEq if least <= RANGE => {
                    let range = self.range(Some(left))?;
                    self.link()?;
                    left = range;
                    continue;
                }
                T::QuestionQuestion if least <= RESCUE => {
                    self.bump();
                    let default = Box::new(self.nested(|p| p.operators(RESCUE + 1))?);
                    ExprKind::Coalesce { value: Box::new(left), default }
                }
                T::BangGt if least <= RESCUE => self.rescue(left)?,
                T::Question if least <= CONDITIONAL => self.conditional(left)?,
                T::PipeGt if least <= PIPE => {
                    self.bump();
                    let target = Box::new(self.nested(|p| p.operators(PIPE + 1))?);
                    ExprKind::Pipe { value: Box::new(left), target }
                }
                kind => match binary_operator(kind) {
                    Some((op, power)) if least <= power => self.binary(left, op, power)?,
                    _ => break,
                },
            }
            .at(self, lo);
            self.link()?;
        }
        Ok(left)
    }

    fn binary(&mut self, left: Expr, op: BinaryOp, power: u8) -> Parsed<ExprKind> {
        let token = self.bump();
        let op_span = token.span(self.file);
        if power == COMPARE
            && let ExprKind::Binary { op: before, op_span: first, .. } = &left.kind
            && matches!(before, BinaryOp::Eq | BinaryOp::Ne | BinaryOp::Lt | BinaryOp::Gt | BinaryOp::Le | BinaryOp::Ge)
        {
            let diagnostic = Diagnostic::new(Code::ChainedComparison, op_span, "comparisons do not chain")
                .note_at(*first, "the first comparison")
                .help("combine two comparisons with `&&`, or put one into parentheses");
            self.report_and_go_on(diagnostic);
        }
        if matches!(op, BinaryOp::Add | BinaryOp::Sub) && self.is_adjacent(token.kind) && self.peek(1).newline_before {
            let failed = self.expected("an operand", "");
            let sign = op.text();
            self.help_last(&format!("Vex has no `{sign}{sign}`; write `x {sign}= 1`"));
            return Err(failed);
        }
        let next = if op == BinaryOp::Pow { power } else { power + 1 };
        let right = Box::new(self.nested(|p| p.operators(next))?);
        Ok(ExprKind::Binary { op, op_span, left: Box::new(left), right })
    }

    /// `..`, `..=` and what follows.
    fn range(&mut self, low: Option<Expr>) -> Parsed<Expr> {
        let operator = self.bump();
        let lo = low.as_ref().map_or(operator.lo, |low| low.span.lo);
        let next = self.kind();
        let open = !next.starts_expression() || self.line_ends() || self.context.head && next == T::LBrace;
        let high = if open { None } else { Some(Box::new(self.nested(|p| p.operators(RANGE + 1))?)) };
        let inclusive = operator.kind == T::DotDotEq;
        if inclusive && high.is_none() {
            return Err(self.expected("the end of the range", "after `..=`"));
        }
        let span = self.span_from(lo);
        Ok(self.make(ExprKind::Range { low: low.map(Box::new), high, inclusive }, span))
    }

    /// `value !> fallback`, `value !> |e| fallback`.
    fn rescue(&mut self, value: Expr) -> Parsed<ExprKind> {
        self.bump();
        let value = Box::new(value);
        if matches!(self.kind(), T::Pipe | T::PipePipe) {
            let (mut params, header) = self.closure_params()?;
            let param = params.pop();
            if !params.is_empty() {
                let message = "a rescue takes at most one parameter: the error";
                self.report_and_go_on(Diagnostic::new(Code::BadParameter, header, message));
            }
            let fallback = Box::new(self.nested(Self::body_expr)?);
            return Ok(ExprKind::Rescue { value, param: param.map(Box::new), fallback });
        }
        let fallback = Box::new(self.nested(|p| p.operators(RESCUE + 1))?);
        Ok(ExprKind::Rescue { value, param: None, fallback })
    }

    fn conditional(&mut self, condition: Expr) -> Parsed<ExprKind> {
        let question = self.bump();
        let context = Context { colons: self.context.colons + 1, ..self.context };
        let then = Box::new(self.with_context(context, |p| p.nested(|p| p.operators(CONDITIONAL)))?);
        if self.eat(T::Colon).is_none() {
            return Err(self.expected_close(question, T::Colon, "", "the conditional"));
        }
        let otherwise = Box::new(self.nested(|p| p.operators(CONDITIONAL))?);
        Ok(ExprKind::Conditional { condition: Box::new(condition), then, otherwise })
    }

    /// Whether the next token, a `?`, is a conditional: an expression and a `:` follow, and no conditional
    /// around it needs that `:`. Looks ahead to where the statement or list element ends; the number of `?` on
    /// one level is limited by the height of the tree.
    fn is_conditional(&self) -> bool {
        let next = self.peek(1);
        if !next.kind.starts_expression() || self.context.newlines && next.newline_before {
            return false;
        }
        let (mut depth, mut colons) = (0u32, 0u32);
        let mut in_params = false;
        let mut previous = T::Question;
        for (index, token) in self.tokens.iter().enumerate().skip(self.at + 1) {
            match token.kind {
                T::Eof => return false,
                T::LBrace if depth == 0 && self.context.head => return false,
                T::RParen | T::RBracket | T::RBrace | T::HoleClose if depth == 0 => return false,
                T::RParen | T::RBracket | T::RBrace | T::HoleClose => depth -= 1,
                kind if kind.closing().is_some() => depth += 1,
                _ if depth > 0 => {}
                _ if in_params => in_params = token.kind != T::Pipe,
                T::Pipe if !ends_operand(previous) => in_params = true,
                T::Comma | T::Semi | T::FatArrow | T::Assign | T::Let | T::LetBang | T::Go | T::Defer => return false,
                _ if index > self.at + 1
                    && self.context.newlines
                    && token.newline_before
                    && !token.kind.continues_line() =>
                {
                    return false;
                }
                T::Colon if !matches!(previous, T::Label | T::Pipe | T::PipePipe) => {
                    colons += 1;
                    if colons > self.context.colons {
                        return true;
                    }
                }
                _ => {}
            }
            previous = token.kind;
        }
        false
    }

    fn prefix(&mut self) -> Parsed<Expr> {
        let token = self.token();
        let unary = |op| move |operand| ExprKind::Unary { op, operand };
        match token.kind {
            T::Minus => self.prefixed(unary(UnaryOp::Neg)),
            T::Bang => self.prefixed(unary(UnaryOp::Not)),
            T::Tilde => self.prefixed(unary(UnaryOp::BitNot)),
            T::Star => self.prefixed(unary(UnaryOp::Deref)),
            T::LeftArrow => self.prefixed(ExprKind::Receive),
            T::StarStar => {
                let outer = self.prefixed(unary(UnaryOp::Deref))?;
                let span = outer.span;
                Ok(self.make(ExprKind::Unary { op: UnaryOp::Deref, operand: Box::new(outer) }, span))
            }
            T::Amp | T::AmpAmp => self.borrow(),
            T::Await => self.await_expr(),
            _ => self.postfix(),
        }
    }

    fn prefixed(&mut self, build: impl FnOnce(Box<Expr>) -> ExprKind) -> Parsed<Expr> {
        let token = self.bump();
        let operand = Box::new(self.nested(Self::prefix)?);
        let span = self.span_from(token.lo);
        Ok(self.make(build(operand), span))
    }

    /// `&e`, `&e!`, `&!e`, and `&&e` for `& &e`.
    fn borrow(&mut self) -> Parsed<Expr> {
        let token = self.bump();
        let early = self.is_adjacent(T::Bang);
        if early {
            self.bump();
        }
        let operand = Box::new(self.nested(Self::prefix)?);
        let late = self.is_adjacent(T::Bang);
        if late {
            self.bump();
        }
        let span = self.span_from(token.lo);
        let inner = self.make(ExprKind::Borrow { mutable: early || late, operand }, span);
        if token.kind == T::Amp {
            return Ok(inner);
        }
        Ok(self.make(ExprKind::Borrow { mutable: false, operand: Box::new(inner) }, span))
    }

    /// `await e`; the `?`s at the end of `e` belong to the result: `await e?` is `(await e)?`.
    fn await_expr(&mut self) -> Parsed<Expr> {
        let token = self.bump();
        let mut operand = self.nested(Self::prefix)?;
        let mut tries = Vec::new();
        while let ExprKind::Try(inner) = operand.kind {
            tries.push(operand.span.hi);
            operand = *inner;
        }
        let span = Span::new(self.file, token.lo, operand.span.hi);
        let mut expr = self.make(ExprKind::Await(Box::new(operand)), span);
        while let Some(hi) = tries.pop() {
            let span = Span::new(self.file, token.lo, hi);
            expr = self.make(ExprKind::Try(Box::new(expr)), span);
        }
        Ok(expr)
    }

    fn postfix(&mut self) -> Parsed<Expr> {
        let lo = self.token().lo;
        let mut expr = self.primary()?;
        while !self.line_ends() {
            expr = match self.kind() {
                T::Dot => self.member(expr)?,
                T::ColonColon if matches!(self.peek(1).kind, T::Ident) => {
                    self.report_double_colon();
                    self.member(expr)?
                }
                T::LParen => {
                    let args = self.args()?;
                    ExprKind::Call { callee: Box::new(expr), type_args: Vec::new(), args }
                }
                T::LBracket => {
                    let open = self.bump();
                    let index = Box::new(self.with_context(Context::PARENS, Self::expr)?);
                    if self.eat(T::RBracket).is_none() {
                        return Err(self.expected_close(open, T::RBracket, "", "this index"));
                    }
                    ExprKind::Index { base: Box::new(expr), index }
                }
                T::Question if !self.is_conditional() => {
                    self.bump();
                    ExprKind::Try(Box::new(expr))
                }
                T::Lt if matches!(expr.kind, ExprKind::Name(_)) && self.type_args_end(self.at).is_some() => {
                    let type_args = self.type_args()?;
                    self.instantiated(expr, type_args)?
                }
                T::LBrace if self.opens_struct_literal(&expr) => self.struct_literal(expr, Vec::new())?,
                T::Bang if self.is_adjacent(T::Bang) && self.peek(1).kind == T::LParen => {
                    let diagnostic =
                        Diagnostic::new(Code::OtherLanguage, self.error_span(), "only `join!` and methods take a `!`");
                    self.report_and_go_on(diagnostic.help("leave out the `!`"));
                    self.bump();
                    continue;
                }
                _ => break,
            }
            .at(self, lo);
            self.link()?;
        }
        Ok(expr)
    }

    /// What `name<..>` is: a call, a struct literal, or the generic name with its arguments.
    fn instantiated(&mut self, base: Expr, type_args: Vec<TypeExpr>) -> Parsed<ExprKind> {
        if self.is(T::LParen) && !self.line_ends() {
            let args = self.args()?;
            return Ok(ExprKind::Call { callee: Box::new(base), type_args, args });
        }
        if self.is(T::LBrace) && self.opens_struct_literal(&base) {
            return self.struct_literal(base, type_args);
        }
        Ok(ExprKind::Instantiate { base: Box::new(base), type_args })
    }

    /// `.field`, `.0`, `.method(..)`, `.method!<T>(..)`.
    fn member(&mut self, base: Expr) -> Parsed<ExprKind> {
        self.bump();
        let token = self.token();
        let name = match token.kind {
            T::Await => {
                let diagnostic =
                    Diagnostic::new(Code::OtherLanguage, self.error_span(), "`await` stands before its future");
                self.report_and_go_on(diagnostic.help("write `await e` instead of `e.await`"));
                self.bump();
                return Ok(ExprKind::Await(Box::new(base)));
            }
            T::Ident | T::Int => {
                self.bump();
                self.ident_of(token)
            }
            kind if kind.is_keyword() && !token.newline_before => {
                self.bump();
                self.ident_of(token)
            }
            _ => return Err(self.expected("a field or method", "after `.`")),
        };
        if token.kind == T::Int {
            return Ok(ExprKind::Field { base: Box::new(base), field: name });
        }
        if self.is_adjacent(T::Bang) && matches!(self.peek(1).kind, T::LParen | T::Lt) {
            self.bump();
        }
        let has_type_args = self.is(T::Lt) && !self.line_ends() && self.type_args_end(self.at).is_some();
        let type_args = if has_type_args { self.type_args()? } else { Vec::new() };
        if self.is(T::LParen) && !self.line_ends() {
            let args = self.args()?;
            return Ok(ExprKind::MethodCall { receiver: Box::new(base), method: name, type_args, args });
        }
        let lo = base.span.lo;
        let field = ExprKind::Field { base: Box::new(base), field: name };
        if type_args.is_empty() {
            return Ok(field);
        }
        let span = self.span_from(lo);
        let field = self.make(field, span);
        self.instantiated(field, type_args)
    }

    /// `(a, b, ...rest)`.
    pub(super) fn args(&mut self) -> Parsed<Vec<Expr>> {
        let open = self.bump();
        self.list(open, Separator::Comma, "the call", Self::element)
    }

    /// An argument or an element of a list: an expression or `...xs`.
    pub(super) fn element(&mut self) -> Parsed<Expr> {
        let Some(dots) = self.eat(T::Ellipsis) else { return self.expr() };
        let inner = Box::new(self.expr()?);
        let span = self.span_from(dots.lo);
        Ok(self.make(ExprKind::Spread(inner), span))
    }

    /// Whether the `{` after `expr` opens a struct literal.
    fn opens_struct_literal(&mut self, expr: &Expr) -> bool {
        let last = match &expr.kind {
            ExprKind::Name(name) => name,
            ExprKind::Field { field, .. } => &field.name,
            _ => return false,
        };
        let upper = last.starts_with(|c: char| c.is_ascii_uppercase());
        if self.token().newline_before || path_of(expr).is_none() {
            return false;
        }
        let (first, second) = (self.peek(1).kind, self.peek(2).kind);
        let field = first == T::Ident && second == T::Colon;
        if self.context.head {
            if field && upper {
                let message = "a struct literal in the head of a statement needs parentheses";
                let diagnostic = Diagnostic::new(Code::StructLiteralInHead, expr.span, message);
                self.report_and_go_on(diagnostic.help("put `(` and `)` around the literal"));
            }
            return field && upper;
        }
        match first {
            T::Ident => field || second == T::Comma || second == T::RBrace && upper,
            T::RBrace => upper,
            T::DotDot => true,
            _ => false,
        }
    }

    fn struct_literal(&mut self, name: Expr, type_args: Vec<TypeExpr>) -> Parsed<ExprKind> {
        let Some(path) = path_of(&name) else { return Err(self.expected("the name of a struct", "")) };
        let open = self.bump();
        let mut base = None;
        let fields = self.list(open, Separator::CommaOrLine, "this struct literal", |p| {
            if p.eat(T::DotDot).or_else(|| p.eat(T::Ellipsis)).is_some() {
                base = Some(Box::new(p.expr()?));
                return Ok(None);
            }
            let name = p.ident("of the field")?;
            if p.eat(T::Colon).is_some() {
                let value = p.expr()?;
                return Ok(Some(FieldInit { name, value, shorthand: false }));
            }
            let value = p.make(ExprKind::Name(name.name.clone()), name.span);
            Ok(Some(FieldInit { name, value, shorthand: true }))
        })?;
        let fields = fields.into_iter().flatten().collect();
        Ok(ExprKind::Struct { path: Box::new(path), type_args, fields, base })
    }
}

/// Gives a kind its place: from `lo` to the last token that was taken.
trait At {
    fn at(self, parser: &mut Parser<'_>, lo: u32) -> Expr;
}

impl At for ExprKind {
    fn at(self, parser: &mut Parser<'_>, lo: u32) -> Expr {
        let span = parser.span_from(lo);
        parser.make(self, span)
    }
}

/// `m.P` as a path.
fn path_of(expr: &Expr) -> Option<Path> {
    let mut segments = Vec::new();
    let mut at = expr;
    loop {
        match &at.kind {
            ExprKind::Field { base, field } => {
                segments.push(field.clone());
                at = base;
            }
            ExprKind::Name(name) => {
                segments.push(Ident { name: name.clone(), span: at.span });
                segments.reverse();
                return Some(Path { segments, span: expr.span });
            }
            _ => return None,
        }
    }
}

/// Whether an operand can end with the token, so that a `|` after it is an operator.
fn ends_operand(kind: T) -> bool {
    matches!(
        kind,
        T::Ident
            | T::Int
            | T::Float
            | T::Str
            | T::Char
            | T::FStringEnd
            | T::TemplateEnd
            | T::True
            | T::False
            | T::Nil
            | T::SelfWord
            | T::RParen
            | T::RBracket
            | T::RBrace
    )
}
