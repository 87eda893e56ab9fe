//! Source text to tokens, in one pass and without recursion.
//!
//! An f-string comes as a flat sequence, `FStringStart (StrText | HoleOpen tokens HoleClose)* FStringEnd`, and a
//! back-tick template alike; a stack of modes remembers which string the lexer is in, so holes may hold any
//! expression, further strings included. The sequence is always complete, after errors too: the parser never
//! meets a hole without its end.
//!
//! Comments and white space leave only the flags `newline_before` and `space_before` on the next token. Which
//! newlines end a statement is the parser's business: it knows the brackets.
//!
//! Strings may span lines, so a forgotten quote swallows everything up to the next one and the file ends inside
//! a string. In that case the file is read a second time with `Lexer::suspicious` on, which ends a string at
//! its line if what follows its would-be end does not look like code; the error is then where the quote is missing.

use super::token::{Token, TokenKind as T};
use crate::diagnostics::{Code, Diagnostic, Diagnostics};
use crate::source::{FileId, Span};

/// What the lexer made of a file.
#[derive(Debug)]
pub struct Tokens {
    /// The tokens; the last one is [`T::Eof`].
    pub tokens: Vec<Token>,
    /// The `///` comments: index of the token that follows, and the text after the slashes.
    pub docs: Vec<(u32, Span)>,
    /// The file ended inside a string or comment (reported): what is missing at its end follows from that.
    pub truncated: bool,
}

/// Splits `text` into tokens.
pub fn lex(text: &str, file: FileId, diagnostics: &mut Diagnostics) -> Tokens {
    let mut first = Lexer::new(text, file, false);
    first.run();
    if first.ended_in_string {
        let mut second = Lexer::new(text, file, true);
        second.run();
        first = second;
    }
    for diagnostic in first.found {
        diagnostics.push(diagnostic);
    }
    Tokens { tokens: first.tokens, docs: first.docs, truncated: first.truncated }
}

/// The string that the lexer is in.
struct Mode {
    /// Back-ticks; otherwise an f-string.
    template: bool,
    /// In a hole (at this depth of braces), or in the text.
    hole: Option<u32>,
    /// The token that opened the string.
    start: Span,
    /// The token that opened the hole.
    hole_start: Span,
}

struct Lexer<'a> {
    text: &'a str,
    bytes: &'a [u8],
    file: FileId,
    at: usize,
    /// Where the line of the last token begins (lines inside strings do not count).
    line_start: usize,
    newline: bool,
    space: bool,
    tokens: Vec<Token>,
    docs: Vec<(u32, Span)>,
    modes: Vec<Mode>,
    found: Vec<Diagnostic>,
    ended_in_string: bool,
    truncated: bool,
    /// See the module header.
    suspicious: bool,
}

/// More than this many errors of the lexer are no help; the rest of the file is no Vex.
const MAX_ERRORS: usize = 10_000;

impl<'a> Lexer<'a> {
    fn new(text: &'a str, file: FileId, suspicious: bool) -> Self {
        Lexer {
            text,
            bytes: text.as_bytes(),
            file,
            at: 0,
            line_start: 0,
            newline: true,
            space: true,
            tokens: Vec::with_capacity(text.len() / 4),
            docs: Vec::new(),
            modes: Vec::new(),
            found: Vec::new(),
            ended_in_string: false,
            truncated: false,
            suspicious,
        }
    }

    fn run(&mut self) {
        if self.text.starts_with('\u{feff}') {
            self.at = '\u{feff}'.len_utf8();
        }
        if self.bytes[self.at..].starts_with(b"#!") {
            self.skip_line();
        }
        loop {
            if self.modes.last().is_some_and(|mode| mode.hole.is_none()) {
                self.string_text();
            } else {
                self.skip_blank();
                if self.at >= self.bytes.len() {
                    break;
                }
                self.token();
            }
            if self.at >= self.bytes.len() {
                break;
            }
        }
        while let Some(mode) = self.modes.last() {
            let (start, hole, hole_start) = (mode.start, mode.hole, mode.hole_start);
            self.truncated = true;
            if hole.is_some() {
                self.error(Code::BadInterpolation, hole_start, "this hole is never closed", |d| {
                    d.help("a literal brace in an f-string is written `{{` or `\\{`")
                });
            } else {
                self.ended_in_string = true;
                self.error(Code::UnterminatedString, start, "this string is never closed", |d| d);
            }
            self.close_mode();
        }
        let end = self.bytes.len();
        self.emit(T::Eof, end);
    }

    fn peek(&self, ahead: usize) -> u8 {
        self.bytes.get(self.at + ahead).copied().unwrap_or(0)
    }

    fn span(&self, lo: usize, hi: usize) -> Span {
        Span::new(self.file, lo as u32, hi as u32)
    }

    fn error(&mut self, code: Code, span: Span, message: &str, more: impl FnOnce(Diagnostic) -> Diagnostic) {
        if self.found.len() < MAX_ERRORS {
            self.found.push(more(Diagnostic::new(code, span, message)));
        }
    }

    /// A token from `self.at` to `end`.
    fn emit(&mut self, kind: T, end: usize) {
        self.tokens.push(Token {
            kind,
            newline_before: self.newline,
            space_before: self.space,
            lo: self.at as u32,
            hi: end as u32,
        });
        self.at = end;
        self.newline = false;
        self.space = false;
    }

    fn skip_line(&mut self) {
        while self.at < self.bytes.len() && self.bytes[self.at] != b'\n' {
            self.at += 1;
        }
    }

    fn skip_blank(&mut self) {
        while self.at < self.bytes.len() {
            match self.bytes[self.at] {
                b'\n' => {
                    self.newline = true;
                    self.at += 1;
                    self.line_start = self.at;
                }
                b' ' | b'\t' | b'\r' | 0x0c => self.at += 1,
                b'/' if self.peek(1) == b'/' => {
                    let start = self.at;
                    self.skip_line();
                    if self.bytes[start..].starts_with(b"///") {
                        self.docs.push((self.tokens.len() as u32, self.span(start + 3, self.at)));
                    }
                }
                b'/' if self.peek(1) == b'*' => self.skip_block_comment(),
                _ => return,
            }
            self.space = true;
        }
    }

    fn skip_block_comment(&mut self) {
        let start = self.at;
        match self.text[start + 2..].find("*/") {
            Some(length) => {
                self.at = start + 2 + length + 2;
                self.newline |= self.bytes[start..self.at].contains(&b'\n');
            }
            None => {
                let span = self.span(start, start + 2);
                self.error(Code::UnterminatedComment, span, "this comment is never closed", |d| {
                    d.help("write `*/` where it ends")
                });
                self.at = self.bytes.len();
                self.truncated = true;
            }
        }
    }

    fn token(&mut self) {
        let byte = self.bytes[self.at];
        match byte {
            b'f' if self.peek(1) == b'"' => self.open_string(false, 2),
            b'a'..=b'z' | b'A'..=b'Z' | b'_' => self.word(),
            b'$' if self.peek(1).is_ascii_alphabetic() || self.peek(1) == b'_' => self.word(),
            b'0'..=b'9' => self.number(),
            b'"' => self.string(),
            b'`' => self.open_string(true, 1),
            b'\'' => self.quote(),
            b'{' | b'}' if !self.modes.is_empty() => self.brace_in_hole(byte),
            _ => match self.punctuation() {
                Some((kind, length)) => {
                    let end = self.at + length;
                    self.emit(kind, end);
                }
                None => self.unknown(),
            },
        }
    }

    fn word(&mut self) {
        let mut end = self.at + 1;
        while end < self.bytes.len() && (self.bytes[end].is_ascii_alphanumeric() || self.bytes[end] == b'_') {
            end += 1;
        }
        let word = &self.text[self.at..end];
        let kind = T::keyword(word).unwrap_or(T::Ident);
        if kind == T::Let && self.bytes.get(end) == Some(&b'!') && self.bytes.get(end + 1) != Some(&b'=') {
            self.emit(T::LetBang, end + 1);
        } else {
            self.emit(kind, end);
        }
    }

    /// A number with everything that sticks to it; the parser reads its value and suffix.
    fn number(&mut self) {
        let is_digit = |b: Option<&u8>| b.is_some_and(u8::is_ascii_digit);
        let is_word = |b: Option<&u8>| b.is_some_and(|&b| b.is_ascii_alphanumeric() || b == b'_');
        let mut end = self.at + 1;
        // `t.0.1` is two field accesses.
        if self.tokens.last().is_some_and(|t| t.kind == T::Dot && t.hi as usize == self.at) {
            while is_digit(self.bytes.get(end)) {
                end += 1;
            }
            return self.emit(T::Int, end);
        }
        let based =
            self.bytes[self.at] == b'0' && matches!(self.bytes.get(end), Some(b'x' | b'X' | b'o' | b'O' | b'b' | b'B'));
        let mut kind = T::Int;
        if !based {
            let digits = |mut end: usize| {
                while is_digit(self.bytes.get(end)) || self.bytes.get(end) == Some(&b'_') {
                    end += 1;
                }
                end
            };
            end = digits(end);
            if self.bytes.get(end) == Some(&b'.') && is_digit(self.bytes.get(end + 1)) {
                kind = T::Float;
                end = digits(end + 1);
            }
            if matches!(self.bytes.get(end), Some(b'e' | b'E')) {
                let sign = usize::from(matches!(self.bytes.get(end + 1), Some(b'+' | b'-')));
                if is_digit(self.bytes.get(end + 1 + sign)) {
                    kind = T::Float;
                    end = digits(end + 1 + sign);
                }
            }
        }
        while is_word(self.bytes.get(end)) {
            end += 1;
        }
        self.emit(kind, end);
    }

    /// Where the string ends whose text begins at `from`: the index of its closing quote.
    fn closing_quote(&self, from: usize) -> Option<usize> {
        let mut at = from;
        while at < self.bytes.len() {
            match self.bytes[at] {
                b'\\' => at += 2,
                b'"' => return Some(at),
                _ => at += 1,
            }
        }
        None
    }

    fn line_end(&self, from: usize) -> usize {
        self.text[from..].find('\n').map_or(self.bytes.len(), |n| from + n)
    }

    fn string(&mut self) {
        let start = self.at;
        let close = self.closing_quote(start + 1);
        let ends_on_line = close.is_some_and(|close| !self.text[start..close].contains('\n'));
        // `f"a {x"`: the hole was not closed, this quote ends the f-string.
        if !ends_on_line
            && let Some(mode) = self.modes.last()
            && !mode.template
            && mode.hole_start.lo as usize >= self.line_start
        {
            let span = mode.hole_start;
            self.error(Code::BadInterpolation, span, "this hole is never closed", |d| {
                d.help("close it with `}`, or write `{{` for a literal brace")
            });
            if let Some(mode) = self.modes.last_mut() {
                mode.hole = None;
            }
            let at = self.at;
            self.emit(T::HoleClose, at);
            return self.string_end(1);
        }
        match close {
            Some(close) if ends_on_line || !self.looks_swallowed(close) => self.emit(T::Str, close + 1),
            _ => {
                self.ended_in_string |= close.is_none();
                let line_end = self.line_end(start);
                let span = self.span(start, line_end.max(start + 1));
                self.error(Code::UnterminatedString, span, "this string is never closed", |d| {
                    d.help("write `\"` where it ends")
                });
                self.emit(T::Str, line_end.max(start + 1));
            }
        }
    }

    /// Whether the quote at `close` more likely begins a string than ends one.
    fn looks_swallowed(&self, close: usize) -> bool {
        let rest = self.text[close + 1..].trim_start_matches([' ', '\t', '\r']);
        self.suspicious
            && !rest.is_empty()
            && !rest.starts_with(['\n', ')', ']', '}', ',', ';', '.', '+', '?', ':', '='])
    }

    fn open_string(&mut self, template: bool, length: usize) {
        let start = self.span(self.at, self.at + length);
        let end = self.at + length;
        self.emit(if template { T::TemplateStart } else { T::FStringStart }, end);
        self.modes.push(Mode { template, hole: None, start, hole_start: start });
    }

    /// Text of an f-string or template up to its end or its next hole.
    fn string_text(&mut self) {
        let Some(mode) = self.modes.last() else { return };
        let (template, start) = (mode.template, mode.start);
        let end = self.bytes.len();
        let mut at = self.at;
        let mut lone_brace = None;
        while at < end {
            match self.bytes[at] {
                b'\\' => at = (at + 2).min(end),
                // In a file with a quote missing an f-string ends on its line.
                b'\n' if self.suspicious && !template => break,
                b'"' if !template => break,
                b'`' if template => break,
                b'{' if self.bytes.get(at + 1) == Some(&b'{') => {
                    if template {
                        break;
                    }
                    at += 2;
                }
                b'{' if !template => break,
                b'}' if !template => {
                    let double = self.bytes.get(at + 1) == Some(&b'}');
                    if !double {
                        lone_brace.get_or_insert(at);
                    }
                    at += if double { 2 } else { 1 };
                }
                _ => at += 1,
            }
        }
        if let Some(brace) = lone_brace {
            let span = self.span(brace, brace + 1);
            self.error(Code::BadInterpolation, span, "this `}` closes no hole", |d| {
                d.help("a literal brace is written `}}` or `\\}`")
            });
        }
        if at > self.at {
            self.emit(T::StrText, at);
        }
        if at >= end {
            return; // `run` reports it.
        }
        if self.bytes[at] == b'\n' {
            self.error(Code::UnterminatedString, start, "this string is never closed", |d| {
                d.help("write `\"` where it ends")
            });
            self.string_end(0);
        } else if self.bytes[at] == b'{' {
            let length = if template { 2 } else { 1 };
            let hole_start = self.span(at, at + length);
            self.emit(T::HoleOpen, at + length);
            if let Some(mode) = self.modes.last_mut() {
                mode.hole = Some(0);
                mode.hole_start = hole_start;
            }
        } else {
            self.string_end(1);
        }
    }

    fn string_end(&mut self, length: usize) {
        if let Some(mode) = self.modes.pop() {
            let end = self.at + length;
            self.emit(if mode.template { T::TemplateEnd } else { T::FStringEnd }, end);
        }
    }

    /// Ends the string, and its hole, where nothing in the text does.
    fn close_mode(&mut self) {
        if self.modes.last().is_some_and(|mode| mode.hole.is_some()) {
            let at = self.at;
            self.emit(T::HoleClose, at);
        }
        self.string_end(0);
    }

    fn brace_in_hole(&mut self, byte: u8) {
        let next = self.peek(1);
        let at = self.at;
        let Some(mode) = self.modes.last_mut() else { return };
        let depth = mode.hole.unwrap_or(0);
        if byte == b'{' {
            mode.hole = Some(depth + 1);
            self.emit(T::LBrace, at + 1);
        } else if depth > 0 {
            mode.hole = Some(depth - 1);
            self.emit(T::RBrace, at + 1);
        } else if !mode.template {
            mode.hole = None;
            self.emit(T::HoleClose, at + 1);
        } else if next == b'}' {
            mode.hole = None;
            self.emit(T::HoleClose, at + 2);
        } else {
            self.emit(T::RBrace, at + 1);
        }
    }

    /// A character `'x'` or a label `'name`.
    fn quote(&mut self) {
        let rest = &self.text[self.at + 1..];
        let mut chars = rest.chars();
        let first = chars.next();
        match first {
            Some('\\') => {
                // An escape: `\u{10FFFF}` is the longest.
                let escape = rest.char_indices().skip(2).take(11).take_while(|&(_, c)| c != '\n');
                if let Some((length, _)) = { escape }.find(|&(_, c)| c == '\'') {
                    let end = self.at + 1 + length + 1;
                    return self.emit(T::Char, end);
                }
            }
            Some(c) if c != '\'' && c != '\n' && chars.next() == Some('\'') => {
                let end = self.at + 1 + c.len_utf8() + 1;
                return self.emit(T::Char, end);
            }
            Some(c) if c.is_ascii_alphabetic() || c == '_' => {
                let length = rest.bytes().take_while(|b| b.is_ascii_alphanumeric() || *b == b'_').count();
                let end = self.at + 1 + length;
                if self.bytes.get(end) != Some(&b'\'') {
                    return self.emit(T::Label, end);
                }
            }
            _ => {}
        }
        // Not a character: up to a closing quote on this line if there is one near, else the quote alone.
        let near = rest.char_indices().take(40).take_while(|&(_, c)| c != '\n');
        let length = { near }.find(|&(_, c)| c == '\'').map_or(0, |(n, _)| n + 1);
        let end = self.at + 1 + length;
        let span = self.span(self.at, end);
        self.error(Code::BadCharacterLiteral, span, "a character literal holds exactly one character", |d| {
            d.help("strings are written with double quotes: `\"..\"`")
        });
        self.emit(T::Char, end);
    }

    fn punctuation(&self) -> Option<(T, usize)> {
        let (a, b, c) = (self.bytes[self.at], self.peek(1), self.peek(2));
        let three = match (a, b, c) {
            (b'.', b'.', b'.') => Some(T::Ellipsis),
            (b'.', b'.', b'=') => Some(T::DotDotEq),
            (b'<', b'<', b'=') => Some(T::ShlAssign),
            (b'>', b'>', b'=') => Some(T::ShrAssign),
            _ => None,
        };
        if let Some(kind) = three {
            return Some((kind, 3));
        }
        let two = match (a, b) {
            (b'.', b'.') => Some(T::DotDot),
            (b'-', b'>') => Some(T::Arrow),
            (b'=', b'>') => Some(T::FatArrow),
            (b'<', b'-') => Some(T::LeftArrow),
            (b'?', b'?') => Some(T::QuestionQuestion),
            (b'!', b'>') => Some(T::BangGt),
            (b'!', b'=') => Some(T::BangEq),
            (b'=', b'=') => Some(T::EqEq),
            (b'<', b'=') => Some(T::LtEq),
            (b'>', b'=') => Some(T::GtEq),
            (b'<', b'<') => Some(T::Shl),
            (b'>', b'>') => Some(T::Shr),
            (b'*', b'*') => Some(T::StarStar),
            (b'&', b'&') => Some(T::AmpAmp),
            (b'|', b'|') => Some(T::PipePipe),
            (b'|', b'>') => Some(T::PipeGt),
            (b'+', b'=') => Some(T::PlusAssign),
            (b'-', b'=') => Some(T::MinusAssign),
            (b'*', b'=') => Some(T::StarAssign),
            (b'/', b'=') => Some(T::SlashAssign),
            (b'%', b'=') => Some(T::PercentAssign),
            (b'&', b'=') => Some(T::AmpAssign),
            (b'|', b'=') => Some(T::PipeAssign),
            (b'^', b'=') => Some(T::CaretAssign),
            (b':', b':') => Some(T::ColonColon),
            _ => None,
        };
        if let Some(kind) = two {
            return Some((kind, 2));
        }
        let one = match a {
            b'(' => T::LParen,
            b')' => T::RParen,
            b'[' => T::LBracket,
            b']' => T::RBracket,
            b'{' => T::LBrace,
            b'}' => T::RBrace,
            b',' => T::Comma,
            b';' => T::Semi,
            b':' => T::Colon,
            b'.' => T::Dot,
            b'?' => T::Question,
            b'!' => T::Bang,
            b'=' => T::Assign,
            b'<' => T::Lt,
            b'>' => T::Gt,
            b'+' => T::Plus,
            b'-' => T::Minus,
            b'*' => T::Star,
            b'/' => T::Slash,
            b'%' => T::Percent,
            b'&' => T::Amp,
            b'|' => T::Pipe,
            b'^' => T::Caret,
            b'~' => T::Tilde,
            _ => return None,
        };
        Some((one, 1))
    }

    /// A run of characters that begin no token: one error for all of them.
    fn unknown(&mut self) {
        let start = self.at;
        let rest = &self.text[start..];
        let is_unknown = |c: char| !c.is_ascii() || c.is_ascii_control() && !c.is_whitespace() || "#@\\$".contains(c);
        let length = rest.find(|c: char| !is_unknown(c)).unwrap_or(rest.len()).max(1);
        let run = &rest[..length];
        let span = self.span(start, start + length);
        let first = run.chars().next().unwrap_or(' ');
        let message = if run.chars().all(char::is_alphabetic) {
            format!("`{}` cannot stand in a name", shown(run))
        } else {
            format!("unknown character `{}`", shown(&run[..first.len_utf8()]))
        };
        self.error(Code::UnknownCharacter, span, &message, |d| match first {
            '“' | '”' | '„' | '«' | '»' | '‘' | '’' => {
                d.help("strings are written with straight quotes: `\"`")
            }
            '#' => d.help("comments begin with `//`"),
            c if c.is_alphabetic() => d.help("names are made of the letters a to z, A to Z, digits and `_`"),
            _ => d,
        });
        self.at = start + length;
        self.space = true;
    }
}

/// At most some characters of `text`, made printable.
fn shown(text: &str) -> String {
    text.chars().take(20).flat_map(|c| if c.is_control() { c.escape_default().collect() } else { vec![c] }).collect()
}
