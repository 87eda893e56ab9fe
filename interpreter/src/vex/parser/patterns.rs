//! Patterns.

use super::{Parsed, Parser, Separator};
use crate::diagnostics::{Code, Diagnostic};
use crate::source::Span;
use crate::vex::ast::{Expr, ExprKind, FieldPattern, PatKind, Path, Pattern, UnaryOp};
use crate::vex::token::TokenKind as T;

/// Elements of a list pattern while it is read.
enum Element {
    Pattern(Pattern),
    Rest(Pattern),
}

impl Parser<'_> {
    /// A pattern, `a | b` included.
    pub(super) fn pattern(&mut self) -> Parsed<Pattern> {
        self.nested(|p| {
            let lo = p.token().lo;
            p.eat(T::Pipe);
            let first = p.single_pattern()?;
            if !p.is(T::Pipe) {
                return Ok(first);
            }
            let mut alternatives = vec![first];
            while p.eat(T::Pipe).is_some() {
                alternatives.push(p.single_pattern()?);
            }
            let span = p.span_from(lo);
            Ok(p.make_pattern(PatKind::Or(alternatives), span))
        })
    }

    /// A pattern without `|`, which ends the parameters of a closure.
    pub(super) fn single_pattern(&mut self) -> Parsed<Pattern> {
        self.nested(Self::pattern_here)
    }

    pub(super) fn make_pattern(&mut self, kind: PatKind, span: Span) -> Pattern {
        Pattern { id: self.fresh(), span, kind }
    }

    fn pattern_here(&mut self) -> Parsed<Pattern> {
        let start = self.token();
        let kind = match start.kind {
            T::Ident if self.text_of(start) == "_" => {
                self.bump();
                PatKind::Wild
            }
            T::Ident | T::SelfWord => self.named_pattern()?,
            T::Int | T::Float | T::Str | T::Char | T::True | T::False | T::Nil | T::Minus | T::DotDot | T::DotDotEq => {
                self.literal_pattern()?
            }
            T::LParen => {
                let open = self.bump();
                let mut parts = self.list(open, Separator::Comma, "this tuple pattern", Self::pattern)?;
                let trailing = self.tokens[self.at.saturating_sub(2)].kind == T::Comma;
                match parts.pop() {
                    Some(only) if parts.is_empty() && !trailing => return Ok(only),
                    Some(last) => parts.push(last),
                    None => {}
                }
                PatKind::Tuple(parts)
            }
            T::LBracket => self.list_pattern()?,
            // Patterns see through references.
            T::Amp => {
                self.bump();
                return self.single_pattern();
            }
            _ => return Err(self.expected("a pattern", "")),
        };
        let span = self.span_from(start.lo);
        Ok(self.make_pattern(kind, span))
    }

    fn named_pattern(&mut self) -> Parsed<PatKind> {
        if self.is_word(0, "mut") && self.peek(1).kind == T::Ident {
            let diagnostic =
                Diagnostic::new(Code::OtherLanguage, self.error_span(), "mutable variables are declared with `let!`");
            self.report_and_go_on(diagnostic.help("write `let!` and leave out `mut`"));
            self.bump();
        }
        let mut path = self.path("of the pattern")?;
        match self.kind() {
            T::LParen => {
                let open = self.bump();
                let args = self.list(open, Separator::Comma, "this pattern", Self::pattern)?;
                Ok(PatKind::Variant { path, args })
            }
            T::LBrace => self.struct_pattern(path),
            _ if path.segments.len() > 1 => Ok(PatKind::Path(path)),
            _ => match path.segments.pop() {
                Some(name) => Ok(PatKind::Binding { name }),
                None => Ok(PatKind::Error),
            },
        }
    }

    fn struct_pattern(&mut self, path: Path) -> Parsed<PatKind> {
        let open = self.bump();
        let mut rest = false;
        let fields = self.list(open, Separator::CommaOrLine, "this struct pattern", |p| {
            if p.eat(T::DotDot).is_some() {
                rest = true;
                return Ok(None);
            }
            let name = p.ident("of the field")?;
            let pattern = if p.eat(T::Colon).is_some() {
                p.pattern()?
            } else {
                p.make_pattern(PatKind::Binding { name: name.clone() }, name.span)
            };
            Ok(Some(FieldPattern { name, pattern }))
        })?;
        Ok(PatKind::Struct { path, fields: fields.into_iter().flatten().collect(), rest })
    }

    fn list_pattern(&mut self) -> Parsed<PatKind> {
        let open = self.bump();
        let elements = self.list(open, Separator::Comma, "this list pattern", |p| {
            let token = p.token();
            let is_rest = matches!(token.kind, T::DotDot | T::Ellipsis)
                && matches!(p.peek(1).kind, T::Ident | T::Comma | T::RBracket);
            if !is_rest {
                return p.pattern().map(Element::Pattern);
            }
            p.bump();
            if p.is(T::Ident) && !p.is_word(0, "_") {
                let name = p.ident("of the rest")?;
                let span = name.span;
                Ok(Element::Rest(p.make_pattern(PatKind::Binding { name }, span)))
            } else {
                p.eat(T::Ident);
                let span = token.span(p.file);
                Ok(Element::Rest(p.make_pattern(PatKind::Wild, span)))
            }
        })?;
        let (mut before, mut rest, mut after) = (Vec::new(), None, Vec::new());
        for element in elements {
            match element {
                Element::Pattern(pattern) if rest.is_none() => before.push(pattern),
                Element::Pattern(pattern) => after.push(pattern),
                Element::Rest(pattern) if rest.is_none() => rest = Some(Box::new(pattern)),
                Element::Rest(pattern) => {
                    let message = "a list pattern has at most one `..`";
                    self.report_and_go_on(Diagnostic::new(Code::UnexpectedToken, pattern.span, message));
                }
            }
        }
        Ok(PatKind::List { before, rest, after })
    }

    fn literal_pattern(&mut self) -> Parsed<PatKind> {
        let low = if matches!(self.kind(), T::DotDot | T::DotDotEq) { None } else { Some(self.pattern_literal()?) };
        let Some(operator) = self.eat(T::DotDot).or_else(|| self.eat(T::DotDotEq)) else {
            return match low {
                Some(literal) => Ok(PatKind::Literal(Box::new(literal))),
                None => Err(self.expected("a pattern", "")),
            };
        };
        let inclusive = operator.kind == T::DotDotEq;
        let has_high = matches!(self.kind(), T::Int | T::Float | T::Char | T::Minus);
        let high = if has_high { Some(Box::new(self.pattern_literal()?)) } else { None };
        if high.is_none() && (inclusive || low.is_none()) {
            return Err(self.expected("the end of the range", ""));
        }
        Ok(PatKind::Range { low: low.map(Box::new), high, inclusive })
    }

    /// A literal, or a number with a minus.
    fn pattern_literal(&mut self) -> Parsed<Expr> {
        let Some(minus) = self.eat(T::Minus) else { return self.literal() };
        if !matches!(self.kind(), T::Int | T::Float) {
            return Err(self.expected("a number", "after `-`"));
        }
        let operand = Box::new(self.literal()?);
        let span = self.span_from(minus.lo);
        Ok(self.make(ExprKind::Unary { op: UnaryOp::Neg, operand }, span))
    }
}
