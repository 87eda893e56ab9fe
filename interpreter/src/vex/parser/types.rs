//! Types, and the look-ahead that tells type arguments from comparisons.

use super::{Context, Parsed, Parser, Separator};
use crate::diagnostics::{Code, Diagnostic};
use crate::source::Span;
use crate::vex::ast::{GenericParam, Generics, Path, TypeExpr, TypeKind};
use crate::vex::token::TokenKind as T;

impl Parser<'_> {
    /// A type, `A | B` included.
    pub(super) fn type_expr(&mut self) -> Parsed<TypeExpr> {
        self.nested(|p| {
            let lo = p.token().lo;
            p.eat(T::Pipe);
            let first = p.single_type()?;
            if !p.is(T::Pipe) {
                return Ok(first);
            }
            let mut members = vec![first];
            while p.eat(T::Pipe).is_some() {
                members.push(p.single_type()?);
            }
            let span = p.span_from(lo);
            Ok(p.make_type(TypeKind::Union(members), span))
        })
    }

    /// A type without `|`, which ends the parameters of a closure.
    pub(super) fn single_type(&mut self) -> Parsed<TypeExpr> {
        self.nested(Self::type_here)
    }

    pub(super) fn make_type(&mut self, kind: TypeKind, span: Span) -> TypeExpr {
        TypeExpr { id: self.fresh(), span, kind }
    }

    fn type_here(&mut self) -> Parsed<TypeExpr> {
        let start = self.token();
        let kind = match start.kind {
            T::Amp | T::AmpAmp => {
                self.bump();
                let early_bang = self.eat(T::Bang).is_some();
                let target = Box::new(self.single_type()?);
                let mutable = self.eat_bang_in_type() || early_bang;
                let inner = TypeKind::Ref { mutable, target };
                if start.kind == T::Amp {
                    inner
                } else {
                    let span = Span::new(self.file, start.lo + 1, self.last_end);
                    let target = Box::new(self.make_type(inner, span));
                    TypeKind::Ref { mutable: false, target }
                }
            }
            T::Star => {
                self.bump();
                let target = Box::new(self.single_type()?);
                let mutable = self.eat_bang_in_type();
                TypeKind::Pointer { mutable, target }
            }
            T::LBracket => self.list_type()?,
            T::LParen => {
                let open = self.bump();
                let mut members = self.list(open, Separator::Comma, "this tuple type", Self::type_expr)?;
                let trailing = self.tokens[self.at.saturating_sub(2)].kind == T::Comma;
                match members.pop() {
                    Some(only) if members.is_empty() && !trailing => return Ok(only),
                    Some(last) => members.push(last),
                    None => {}
                }
                TypeKind::Tuple(members)
            }
            T::Fn => self.fn_type()?,
            T::Ident if self.text_of(start) == "_" => {
                self.bump();
                TypeKind::Infer
            }
            T::Ident => {
                let path = self.path("of the type")?;
                // `x as i32 < y` compares.
                let generic = self.is(T::Lt) && !path.segments.last().is_some_and(|last| is_scalar(&last.name));
                let args = if generic { self.type_args()? } else { Vec::new() };
                TypeKind::Path { path, args }
            }
            _ => return Err(self.expected("a type", "")),
        };
        let span = self.span_from(start.lo);
        if self.is(T::Question) && !self.token().space_before {
            let diagnostic = Diagnostic::new(Code::OtherLanguage, self.error_span(), "`T?` is no type in Vex");
            self.report_and_go_on(diagnostic.help("write `Option<T>`"));
            self.bump();
        }
        Ok(self.make_type(kind, span))
    }

    fn list_type(&mut self) -> Parsed<TypeKind> {
        let open = self.bump();
        self.with_context(Context::PARENS, |p| {
            let element = Box::new(p.type_expr()?);
            let kind = if p.eat(T::Semi).is_some() {
                TypeKind::Array { element, len: Box::new(p.expr()?) }
            } else {
                TypeKind::List(element)
            };
            if p.eat(T::RBracket).is_none() {
                return Err(p.expected_close(open, T::RBracket, "", "this list type"));
            }
            Ok(kind)
        })
    }

    fn fn_type(&mut self) -> Parsed<TypeKind> {
        self.bump();
        let open = self.expect(T::LParen, "after `fn`")?;
        let params = self.list(open, Separator::Comma, "this function type", |p| {
            // `fn(x: i32)`: the name says nothing.
            if p.is(T::Ident) && p.peek(1).kind == T::Colon {
                p.bump();
                p.bump();
            }
            p.type_expr()
        })?;
        let ret = if self.eat_return_colon() { Some(Box::new(self.single_type()?)) } else { None };
        Ok(TypeKind::Fn { params, ret })
    }

    /// Takes the `:` before a return type, or the `->` of other languages with a message.
    pub(super) fn eat_return_colon(&mut self) -> bool {
        if self.is(T::Arrow) {
            let diagnostic =
                Diagnostic::new(Code::OtherLanguage, self.error_span(), "a return type is written after `:`");
            self.report_and_go_on(diagnostic.help("write `:` instead of `->`"));
            self.bump();
            return true;
        }
        self.eat(T::Colon).is_some()
    }

    /// `a.b.c`.
    pub(super) fn path(&mut self, place: &str) -> Parsed<Path> {
        let first = self.ident(place)?;
        let mut span = first.span;
        let mut segments = vec![first];
        while matches!(self.kind(), T::Dot | T::ColonColon) && matches!(self.peek(1).kind, T::Ident) {
            if self.is(T::ColonColon) {
                self.report_double_colon();
            }
            self.bump();
            let segment = self.ident(place)?;
            span = span.to(segment.span);
            segments.push(segment);
        }
        Ok(Path { segments, span })
    }

    pub(super) fn report_double_colon(&mut self) {
        let diagnostic = Diagnostic::new(Code::OtherLanguage, self.error_span(), "paths are written with `.`");
        self.report_and_go_on(diagnostic.help("write `.` instead of `::`"));
    }

    /// `<A, B>`; the next token is `<`.
    pub(super) fn type_args(&mut self) -> Parsed<Vec<TypeExpr>> {
        let open = self.bump();
        let context = Context { newlines: false, ..self.context };
        self.with_context(context, |p| {
            let mut args = Vec::new();
            loop {
                if p.eat_closing_angle() {
                    return Ok(args);
                }
                args.push(p.type_expr()?);
                if p.eat(T::Comma).is_none() {
                    if p.eat_closing_angle() {
                        return Ok(args);
                    }
                    return Err(p.expected_close(open, T::Gt, "`,` or ", "these type arguments"));
                }
            }
        })
    }

    /// `<T: Shape + Clone = Sq, U>` if it is there.
    pub(super) fn generics(&mut self) -> Parsed<Generics> {
        if !self.is(T::Lt) {
            return Ok(Generics::default());
        }
        let open = self.bump();
        let mut params = Vec::new();
        while !self.eat_closing_angle() {
            let name = self.ident("of the type parameter")?;
            let bounds = if self.eat(T::Colon).is_some() { self.bounds()? } else { Vec::new() };
            let default = if self.eat(T::Assign).is_some() { Some(self.type_expr()?) } else { None };
            params.push(GenericParam { id: self.fresh(), name, bounds, default });
            if self.eat(T::Comma).is_none() {
                if self.eat_closing_angle() {
                    break;
                }
                return Err(self.expected_close(open, T::Gt, "`,` or ", "these type parameters"));
            }
        }
        let span = Some(self.span_from(open.lo));
        Ok(Generics { params, span })
    }

    /// `A + B`, also `A & B`.
    pub(super) fn bounds(&mut self) -> Parsed<Vec<TypeExpr>> {
        let mut bounds = vec![self.single_type()?];
        while self.eat(T::Plus).or_else(|| self.eat(T::Amp)).is_some() {
            bounds.push(self.single_type()?);
        }
        Ok(bounds)
    }

    /// `where T: A + B, U: C`: added to the parameters.
    pub(super) fn where_clause(&mut self, generics: &mut Generics) -> Parsed<()> {
        if self.eat_word("where").is_none() {
            return Ok(());
        }
        while self.is(T::Ident) {
            let name = self.ident("of the type parameter")?;
            self.expect(T::Colon, "after the type parameter")?;
            let bounds = self.bounds()?;
            match generics.params.iter_mut().find(|param| param.name.name == name.name) {
                Some(param) => param.bounds.extend(bounds),
                None => {
                    let message = format!("`{}` is no type parameter of this declaration", name.name);
                    self.report_and_go_on(Diagnostic::new(Code::UnknownType, name.span, message));
                }
            }
            if self.eat(T::Comma).is_none() {
                break;
            }
        }
        Ok(())
    }

    /// If the `<` at token `from` opens type arguments, the index of the token after them.
    ///
    /// `f<i64>(x)` and `a < b` begin alike. Type arguments hold only what types are made of, they close, and a
    /// token follows that could not follow a comparison. Nested `<` are counted up to the limit of nesting,
    /// which keeps the look-ahead linear in `[a<b, a<b, ..`.
    pub(super) fn type_args_end(&self, from: usize) -> Option<usize> {
        let (mut angles, mut brackets) = (0u32, 0u32);
        let mut previous = T::Lt;
        for (index, token) in self.tokens.iter().enumerate().skip(from) {
            let may_begin = matches!(
                previous,
                T::Lt | T::Comma | T::LParen | T::LBracket | T::Colon | T::Pipe | T::Amp | T::AmpAmp | T::Star
            );
            match token.kind {
                T::Lt if angles < super::MAX_DEPTH => angles += 1,
                T::Gt | T::BangGt => angles -= 1,
                T::Shr if angles >= 2 => angles -= 2,
                T::Amp | T::AmpAmp | T::Star if may_begin => {}
                T::LParen | T::LBracket if may_begin || previous == T::Fn => brackets += 1,
                T::RParen | T::RBracket if brackets > 0 => brackets -= 1,
                T::Semi | T::Int if brackets > 0 => {}
                T::Ident | T::Fn if may_begin || matches!(previous, T::Dot | T::Semi) => {}
                T::Dot | T::Comma | T::Pipe | T::Colon | T::Bang if previous != T::Lt => {}
                _ => return None,
            }
            previous = token.kind;
            if angles == 0 {
                return (brackets == 0 && self.may_follow_type_args(index + 1)).then_some(index + 1);
            }
        }
        None
    }

    fn may_follow_type_args(&self, index: usize) -> bool {
        let Some(token) = self.tokens.get(index) else { return true };
        let closer = matches!(
            token.kind,
            T::Dot | T::RParen | T::RBracket | T::RBrace | T::Comma | T::Semi | T::Eof | T::HoleClose | T::LBrace
        );
        closer || token.newline_before || token.kind == T::LParen
    }
}

/// Types that take no arguments whatever follows.
fn is_scalar(name: &str) -> bool {
    let is_number =
        |letter: &str| name.strip_prefix(letter).is_some_and(|width| width == "size" || width.parse::<u8>().is_ok());
    ["i", "u", "f"].into_iter().any(is_number) || matches!(name, "bool" | "char" | "str" | "string" | "ptr")
}
