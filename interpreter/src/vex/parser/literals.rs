//! Literals: numbers with their suffixes, strings with their escapes, f-strings and templates with their holes.

use super::{Context, Failed, Parsed, Parser};
use crate::diagnostics::{Code, Diagnostic};
use crate::source::Span;
use crate::vex::ast::{Expr, ExprKind, Ident, Name, StrPart};
use crate::vex::token::{Token, TokenKind as T};

const INT_SUFFIXES: [&str; 12] =
    ["i8", "i16", "i32", "i64", "i128", "isize", "u8", "u16", "u32", "u64", "u128", "usize"];
const FLOAT_SUFFIXES: [&str; 2] = ["f32", "f64"];

impl Parser<'_> {
    /// A literal other than an f-string or template; the next token is one.
    pub(super) fn literal(&mut self) -> Parsed<Expr> {
        let token = self.token();
        let span = token.span(self.file);
        let kind = match token.kind {
            T::Int | T::Float => self.number(token),
            T::Str => ExprKind::Str(self.string_value(token)),
            T::Char => self.char_value(token),
            T::True => ExprKind::Bool(true),
            T::False => ExprKind::Bool(false),
            T::Nil => ExprKind::Nil,
            _ => return Err(self.expected("a literal", "")),
        };
        self.bump();
        Ok(self.make(kind, span))
    }

    fn number(&mut self, token: Token) -> ExprKind {
        let text: String = self.text_of(token).chars().filter(|&c| c != '_').collect();
        match read_number(&text, token.kind == T::Float) {
            Ok(Number::Int(value, suffix)) => {
                let suffix = (!suffix.is_empty()).then(|| self.intern(&suffix));
                ExprKind::Int { value, suffix }
            }
            Ok(Number::Float(value, suffix)) => {
                let suffix = (!suffix.is_empty()).then(|| self.intern(&suffix));
                ExprKind::Float { value, suffix }
            }
            Err(message) => {
                self.report_and_go_on(Diagnostic::new(Code::BadNumber, token.span(self.file), message));
                ExprKind::Error
            }
        }
    }

    /// The value of a string token.
    fn string_value(&mut self, token: Token) -> Name {
        // The lexer gives a token without its closing quote only after an error.
        let text = self.text_of(token);
        let closed = text.len() >= 2 && text.ends_with('"');
        let hi = if closed { token.hi - 1 } else { token.hi };
        self.unescaped(token.lo + 1, hi, Quoting::Plain)
    }

    /// A string as a name with the span of its quotes: module paths and the like.
    pub(super) fn string_ident(&mut self, place: &str) -> Parsed<Ident> {
        if !self.is(T::Str) {
            return Err(self.expected("a string", place));
        }
        let token = self.bump();
        Ok(Ident { name: self.string_value(token), span: token.span(self.file) })
    }

    fn char_value(&mut self, token: Token) -> ExprKind {
        let text = self.text_of(token);
        if text.len() < 3 || !text.ends_with('\'') {
            return ExprKind::Error; // The lexer reported it.
        }
        let value = self.unescaped(token.lo + 1, token.hi - 1, Quoting::Plain);
        let mut chars = value.chars();
        match (chars.next(), chars.next()) {
            (Some(c), None) => ExprKind::Char(c),
            _ => {
                let message = "a character literal holds exactly one character";
                self.report_and_go_on(Diagnostic::new(Code::BadCharacterLiteral, token.span(self.file), message));
                ExprKind::Error
            }
        }
    }

    /// The text of the back-tick tag of a field, if one is there.
    pub(super) fn tag(&mut self) -> Parsed<Option<Ident>> {
        let Some(start) = self.eat(T::TemplateStart) else { return Ok(None) };
        let text = self.eat(T::StrText).map_or((self.last_end, self.last_end), |t| (t.lo, t.hi));
        if self.eat(T::TemplateEnd).is_none() {
            let failed = self.expected("the end of the tag", "");
            self.help_last("a tag is plain text between back-ticks");
            return Err(failed);
        }
        let span = self.span_from(start.lo);
        Ok(Some(Ident { name: self.name(text.0, text.1), span }))
    }

    /// An f-string or template; the next token is its start.
    pub(super) fn interpolated(&mut self) -> Parsed<Expr> {
        let start = self.bump();
        let template = start.kind == T::TemplateStart;
        let quoting = if template { Quoting::Plain } else { Quoting::FString };
        let end = if template { T::TemplateEnd } else { T::FStringEnd };
        let mut parts = Vec::new();
        loop {
            match self.kind() {
                T::StrText => {
                    let token = self.bump();
                    parts.push(StrPart::Text(self.unescaped(token.lo, token.hi, quoting)));
                }
                T::HoleOpen => {
                    let open = self.bump();
                    let hole = self.nested(|p| p.with_context(Context::PARENS, |p| p.hole(open)));
                    match hole {
                        Ok(expr) => parts.push(StrPart::Hole(expr)),
                        Err(Failed) => self.skip_hole()?,
                    }
                }
                kind if kind == end => {
                    self.bump();
                    break;
                }
                _ => return Err(self.expected(end.describe(), "")),
            }
        }
        let span = self.span_from(start.lo);
        Ok(self.make(ExprKind::Interpolated { parts, template }, span))
    }

    fn hole(&mut self, open: Token) -> Parsed<Expr> {
        if self.is(T::HoleClose) {
            let span = open.span(self.file).to(self.token().span(self.file));
            self.report(
                Diagnostic::new(Code::BadInterpolation, span, "this hole is empty")
                    .help("write an expression between the braces, or `{{}}` for literal braces"),
            );
            return Err(Failed);
        }
        let expr = self.expr()?;
        if self.is(T::HoleClose) {
            self.bump();
            return Ok(expr);
        }
        let message = format!("expected `}}` to close the hole, found {}", self.found());
        let help = if self.is(T::Colon) { "holes take no format specification" } else { "a hole holds one expression" };
        self.report(
            Diagnostic::new(Code::BadInterpolation, self.error_span(), message)
                .note_at(open.span(self.file), "the hole was opened here")
                .help(help),
        );
        Err(Failed)
    }

    /// After an error in a hole: past its end, which the lexer guarantees.
    fn skip_hole(&mut self) -> Parsed<()> {
        let mut depth = 0u32;
        loop {
            match self.bump().kind {
                T::HoleOpen => depth += 1,
                T::HoleClose if depth == 0 => return Ok(()),
                T::HoleClose => depth -= 1,
                T::Eof => return Err(Failed),
                _ => {}
            }
        }
    }

    /// The text from `lo` to `hi` with its escapes resolved.
    fn unescaped(&mut self, lo: u32, hi: u32, quoting: Quoting) -> Name {
        let text = &self.text[lo as usize..(hi as usize).max(lo as usize)];
        if !text.contains(['\\', '{', '}']) {
            return text.into();
        }
        let (value, bad) = unescape(text, quoting);
        for (start, end, message) in bad {
            let span = Span::new(self.file, lo + start as u32, lo + end as u32);
            let help = "known are \\n \\t \\r \\0 \\\\ \\\" \\' \\` \\{ \\} \\xNN \\u{N}; a backslash itself is `\\\\`";
            self.report_and_go_on(Diagnostic::new(Code::BadEscape, span, message).help(help));
        }
        value.into()
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Quoting {
    /// Strings, characters, templates.
    Plain,
    /// `{{` and `}}` are braces.
    FString,
}

/// The value of `text`, and wrong escapes with their ranges in it.
fn unescape(text: &str, quoting: Quoting) -> (String, Vec<(usize, usize, String)>) {
    let mut value = String::with_capacity(text.len());
    let mut bad = Vec::new();
    let mut chars = text.char_indices().peekable();
    while let Some((start, c)) = chars.next() {
        if quoting == Quoting::FString && (c == '{' || c == '}') {
            chars.next_if(|&(_, next)| next == c);
            value.push(c);
            continue;
        }
        if c != '\\' {
            value.push(c);
            continue;
        }
        let Some((at, escape)) = chars.next() else { break };
        let simple = match escape {
            'n' => Some('\n'),
            't' => Some('\t'),
            'r' => Some('\r'),
            '0' => Some('\0'),
            '\\' | '"' | '\'' | '`' | '{' | '}' => Some(escape),
            _ => None,
        };
        if let Some(c) = simple {
            value.push(c);
            continue;
        }
        let rest = &text[at + escape.len_utf8()..];
        let (digits, length) = match escape {
            'x' => (rest.get(..2), 2),
            'u' if rest.starts_with('{') => match rest.find('}') {
                Some(close) if close <= 7 => (rest.get(1..close), close + 1),
                _ => (None, 0),
            },
            _ => (None, 0),
        };
        let code = digits.filter(|d| d.bytes().all(|b| b.is_ascii_hexdigit()));
        match code.and_then(|d| u32::from_str_radix(d, 16).ok()).and_then(char::from_u32) {
            Some(c) => {
                value.push(c);
                let end = at + escape.len_utf8() + length;
                while chars.next_if(|&(index, _)| index < end).is_some() {}
            }
            None => bad.push((start, at + escape.len_utf8(), format!("unknown escape `\\{}`", escape.escape_debug()))),
        }
    }
    (value, bad)
}

#[derive(Debug, PartialEq)]
enum Number {
    Int(u128, String),
    Float(f64, String),
}

/// Reads a number without its `_`.
fn read_number(text: &str, float: bool) -> Result<Number, String> {
    let lower = text.to_ascii_lowercase();
    let (radix, base, digits) = match lower.get(..2) {
        Some("0x") => (16, "hexadecimal", &lower[2..]),
        Some("0o") => (8, "octal", &lower[2..]),
        Some("0b") => (2, "binary", &lower[2..]),
        _ => (10, "decimal", &lower[..]),
    };
    if float {
        let end = digits.find('f').unwrap_or(digits.len());
        let (number, suffix) = digits.split_at(end);
        let value: f64 = number.parse().map_err(|_| bad_suffix(number))?;
        if !value.is_finite() {
            return Err("this number is too large for an f64".to_owned());
        }
        return match suffix.is_empty() || FLOAT_SUFFIXES.contains(&suffix) {
            true => Ok(Number::Float(value, suffix.to_owned())),
            false => Err(bad_suffix(suffix)),
        };
    }
    let is_suffix = |c: char| if radix == 16 { !c.is_ascii_hexdigit() } else { c.is_ascii_alphabetic() };
    let end = digits.find(is_suffix).unwrap_or(digits.len());
    let (number, suffix) = digits.split_at(end);
    if number.is_empty() {
        return Err(format!("digits are missing in this {base} number"));
    }
    if let Some(wrong) = number.chars().find(|c| !c.is_digit(radix)) {
        return Err(format!("`{wrong}` is no digit of a {base} number"));
    }
    if radix == 10 && FLOAT_SUFFIXES.contains(&suffix) {
        return Ok(Number::Float(number.parse().map_err(|_| bad_suffix(suffix))?, suffix.to_owned()));
    }
    if !suffix.is_empty() && !INT_SUFFIXES.contains(&suffix) {
        return Err(bad_suffix(suffix));
    }
    match u128::from_str_radix(number, radix) {
        Ok(value) => Ok(Number::Int(value, suffix.to_owned())),
        Err(_) => Err("this number is too large for any integer type".to_owned()),
    }
}

fn bad_suffix(suffix: &str) -> String {
    let letters: String = suffix.chars().skip_while(|c| c.is_ascii_digit() || *c == '.').take(20).collect();
    format!("`{letters}` is no suffix of a number")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_numbers() {
        let int = |value, suffix: &str| Ok(Number::Int(value, suffix.to_owned()));
        let float = |value, suffix: &str| Ok(Number::Float(value, suffix.to_owned()));
        for (text, expected) in [
            ("42", int(42, "")),
            ("0xFF", int(255, "")),
            ("0xFFu8", int(255, "u8")),
            ("0o77", int(63, "")),
            ("0b1010i32", int(10, "i32")),
            ("255u8", int(255, "u8")),
            ("340282366920938463463374607431768211455", int(u128::MAX, "")),
            ("340282366920938463463374607431768211456", Err("this number is too large for any integer type".into())),
            ("7f64", float(7.0, "f64")),
            ("0x", Err("digits are missing in this hexadecimal number".into())),
            ("0b12", Err("`2` is no digit of a binary number".into())),
            ("12abc", Err("`abc` is no suffix of a number".into())),
        ] {
            assert_eq!(read_number(text, false), expected, "{text}");
        }
        for (text, expected) in [
            ("1.5", float(1.5, "")),
            ("2e3", float(2000.0, "")),
            ("1.5f32", float(1.5, "f32")),
            ("1e999", Err("this number is too large for an f64".into())),
            ("1.5u8", Err("`u8` is no suffix of a number".into())),
        ] {
            assert_eq!(read_number(text, true), expected, "{text}");
        }
    }

    #[test]
    fn resolves_escapes() {
        for (text, quoting, expected, wrong) in [
            (r"a\n\t\\", Quoting::Plain, "a\n\t\\", 0),
            (r"{{x}}", Quoting::Plain, "{{x}}", 0),
            (r"{{x}} \{y\}", Quoting::FString, "{x} {y}", 0),
            (r"\x41\u{e9}\u{1F600}", Quoting::Plain, "Aé😀", 0),
            (r"\q\xZZ\u{110000}\u", Quoting::Plain, "ZZ{110000}", 4),
        ] {
            let (value, bad) = unescape(text, quoting);
            assert_eq!((value.as_str(), bad.len()), (expected, wrong), "{text}");
        }
    }
}
