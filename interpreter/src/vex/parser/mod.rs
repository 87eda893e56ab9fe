//! Tokens to the tree of `vex::ast`, by recursive descent, recovering from errors.
//!
//! A parse function reports what is wrong and returns `Err(Failed)`; whoever owns a list (statements, arms,
//! fields, arguments) catches it, skips to where the next element begins, and goes on. So one wrong statement
//! costs one message, and the rest of the file is still read.
//!
//! Invariants:
//! - no input makes it panic, hang or overflow the stack. Recursion goes through `Parser::nested`, which
//!   counts, and loops that build a chain (`a + b + c`, `a.b().c()`) through `Parser::link`; beyond the limits
//!   one error is reported and parsing ends. Every loop consumes a token or leaves.
//! - the work is linear in the number of tokens but for look-aheads bounded by those limits.
//! - an `Error` node or a missing part comes only with a diagnostic.
//!
//! Files: `items` declarations, `types`, `patterns`, `statements`, `expressions` operators and postfix forms,
//! `primary` what operators work on, `control` if, match, loops, select, `literals`.

mod control;
mod expressions;
mod items;
mod literals;
mod patterns;
mod primary;
mod statements;
#[cfg(test)]
mod tests;
mod types;

use rustc_hash::FxHashSet;

use super::ast::{Ident, Module, Name, NodeId, NodeIds};
use super::lexer;
use super::token::{Token, TokenKind as T};
use crate::diagnostics::{Code, Diagnostic, Diagnostics};
use crate::source::{FileId, Span};

/// How deep brackets, blocks, types and prefix operators may nest. Chosen so that the parser stays far below a
/// stack of 2 MiB in an unoptimised build.
pub const MAX_DEPTH: u32 = 256;

/// How high the tree may become, chains of operators and calls included, so that later stages may recurse.
pub const MAX_HEIGHT: u32 = 512;

/// Reads one file. What was understood is returned in any case; whether it is all is said by `diagnostics`.
pub fn parse(text: &str, file: FileId, ids: &mut NodeIds, diagnostics: &mut Diagnostics) -> Module {
    let items = Parser::of(text, file, ids, diagnostics).module_items();
    Module { file, items }
}

/// Reads one expression that is all of a text, as a debugger is given it; `None` where it is wrong, which `diagnostics` tell.
pub fn parse_expression(
    text: &str,
    file: FileId,
    ids: &mut NodeIds,
    diagnostics: &mut Diagnostics,
) -> Option<super::ast::Expr> {
    let mut parser = Parser::of(text, file, ids, diagnostics);
    // Lines do not end anything here.
    let parsed = parser.with_context(Context::PARENS, |p| {
        let expr = p.expr().ok()?;
        match p.is(T::Eof) {
            true => Some(expr),
            false => {
                p.expected("the end of the expression", "");
                None
            }
        }
    });
    parsed.filter(|_| !diagnostics.has_errors())
}

impl<'a> Parser<'a> {
    fn of(text: &'a str, file: FileId, ids: &'a mut NodeIds, diagnostics: &'a mut Diagnostics) -> Parser<'a> {
        let lexed = lexer::lex(text, file, diagnostics);
        Parser {
            text,
            file,
            tokens: lexed.tokens,
            docs: lexed.docs,
            truncated: lexed.truncated,
            at: 0,
            last_end: 0,
            context: Context::BRACES,
            depth: 0,
            height: 0,
            stopped: false,
            misaligned: None,
            last_error: None,
            ids,
            names: FxHashSet::default(),
            diagnostics,
        }
    }
}

/// An error that was reported already.
struct Failed;

type Parsed<R> = Result<R, Failed>;

/// What depends on the brackets around.
#[derive(Clone, Copy)]
struct Context {
    /// A newline may end a statement: not inside `(` and `[`.
    newlines: bool,
    /// In the head of `if`, `while`, `for`, `match`: `{` opens the body.
    head: bool,
    /// How many `:` the conditionals around wait for.
    colons: u32,
}

impl Context {
    const BRACES: Context = Context { newlines: true, head: false, colons: 0 };
    const PARENS: Context = Context { newlines: false, head: false, colons: 0 };
}

struct Parser<'a> {
    text: &'a str,
    file: FileId,
    /// Ends with [`T::Eof`].
    tokens: Vec<Token>,
    docs: Vec<(u32, Span)>,
    /// See [`lexer::Tokens::truncated`].
    truncated: bool,
    /// The next token.
    at: usize,
    /// Where the last consumed token ended.
    last_end: u32,
    context: Context,
    depth: u32,
    /// Height of what was built so far at this depth.
    height: u32,
    /// A limit was passed: nothing more is reported.
    stopped: bool,
    /// The first block whose `}` stands further to the left than the line of its `{`: if a `}` is missing at the
    /// end of the file, it is probably this block's.
    misaligned: Option<Span>,
    /// The token at which the last error was reported; a second one there would only repeat it.
    last_error: Option<usize>,
    ids: &'a mut NodeIds,
    names: FxHashSet<Name>,
    diagnostics: &'a mut Diagnostics,
}

// ------------------------------------------------------------------------------------------------ looking ahead

impl Parser<'_> {
    fn token(&self) -> Token {
        self.tokens[self.at]
    }

    fn kind(&self) -> T {
        self.tokens[self.at].kind
    }

    fn peek(&self, ahead: usize) -> Token {
        self.tokens[(self.at + ahead).min(self.tokens.len() - 1)]
    }

    fn is(&self, kind: T) -> bool {
        self.kind() == kind
    }

    fn text_of(&self, token: Token) -> &str {
        &self.text[token.lo as usize..token.hi as usize]
    }

    /// Whether the token `ahead` is the identifier `word`: for words that mean something in some places only.
    fn is_word(&self, ahead: usize, word: &str) -> bool {
        let token = self.peek(ahead);
        token.kind == T::Ident && self.text_of(token) == word
    }

    /// Whether the next token begins a new statement because of its newline.
    fn line_ends(&self) -> bool {
        let token = self.token();
        self.context.newlines && token.newline_before && !token.kind.continues_line()
    }

    /// Whether the next token is `kind` and sticks to the one before it.
    fn is_adjacent(&self, kind: T) -> bool {
        let token = self.token();
        token.kind == kind && !token.space_before
    }
}

// --------------------------------------------------------------------------------------------------- consuming

impl Parser<'_> {
    /// Takes the next token; the end of the file stays.
    fn bump(&mut self) -> Token {
        let token = self.tokens[self.at];
        if token.kind != T::Eof {
            self.at += 1;
            self.last_end = token.hi;
        }
        token
    }

    fn eat(&mut self, kind: T) -> Option<Token> {
        self.is(kind).then(|| self.bump())
    }

    fn eat_word(&mut self, word: &str) -> Option<Token> {
        self.is_word(0, word).then(|| self.bump())
    }

    fn expect(&mut self, kind: T, place: &str) -> Parsed<Token> {
        match self.eat(kind) {
            Some(token) => Ok(token),
            None => Err(self.expected(kind.describe(), place)),
        }
    }

    /// Takes `>`, or the first half of a token that begins with it.
    fn eat_closing_angle(&mut self) -> bool {
        let rest = match self.kind() {
            T::Gt => {
                self.bump();
                return true;
            }
            T::Shr => T::Gt,
            T::GtEq => T::Assign,
            T::ShrAssign => T::GtEq,
            _ => return false,
        };
        self.take_first_byte(rest);
        true
    }

    /// Takes `!`, or the first half of `!>` and `!=` (in types: `Vec<&T!>`).
    fn eat_bang_in_type(&mut self) -> bool {
        let rest = match self.kind() {
            T::Bang => {
                self.bump();
                return true;
            }
            T::BangGt => T::Gt,
            T::BangEq => T::Assign,
            _ => return false,
        };
        self.take_first_byte(rest);
        true
    }

    fn take_first_byte(&mut self, rest: T) {
        let token = &mut self.tokens[self.at];
        token.lo += 1;
        token.kind = rest;
        token.newline_before = false;
        token.space_before = false;
        self.last_end = token.lo;
    }

    /// Takes a name.
    fn ident(&mut self, place: &str) -> Parsed<Ident> {
        match self.kind() {
            T::Ident | T::SelfWord => {
                let token = self.bump();
                Ok(self.ident_of(token))
            }
            kind => {
                let failed = self.expected("a name", place);
                if kind.is_keyword() {
                    self.help_last("this word is a keyword and cannot be a name");
                }
                Err(failed)
            }
        }
    }

    fn ident_of(&mut self, token: Token) -> Ident {
        Ident { name: self.name(token.lo, token.hi), span: token.span(self.file) }
    }

    /// The text of a range as a shared name.
    fn name(&mut self, lo: u32, hi: u32) -> Name {
        let text = &self.text[lo as usize..hi as usize];
        self.intern(text)
    }

    fn intern(&mut self, text: &str) -> Name {
        match self.names.get(text) {
            Some(name) => name.clone(),
            None => {
                let name: Name = text.into();
                self.names.insert(name.clone());
                name
            }
        }
    }

    fn fresh(&mut self) -> NodeId {
        self.ids.fresh()
    }

    /// From `lo` to the end of the last token that was taken.
    fn span_from(&self, lo: u32) -> Span {
        Span::new(self.file, lo, self.last_end.max(lo))
    }
}

// --------------------------------------------------------------------------------------------- limits and errors

impl Parser<'_> {
    /// Runs `parse` one level deeper.
    fn nested<R>(&mut self, parse: impl FnOnce(&mut Self) -> Parsed<R>) -> Parsed<R> {
        if self.depth >= MAX_DEPTH {
            return Err(self.too_deep());
        }
        self.depth += 1;
        let outer = std::mem::replace(&mut self.height, 0);
        let result = parse(self);
        self.height = outer.max(self.height + 1);
        self.depth -= 1;
        result
    }

    /// Counts a link of a chain: the tree becomes higher without recursion.
    fn link(&mut self) -> Parsed<()> {
        self.height += 1;
        if self.height > MAX_HEIGHT { Err(self.too_deep()) } else { Ok(()) }
    }

    fn too_deep(&mut self) -> Failed {
        let span = self.token().span(self.file);
        self.report(
            Diagnostic::new(Code::NestedTooDeeply, span, "this is nested too deeply")
                .label(format!("beyond {MAX_DEPTH} levels of nesting or {MAX_HEIGHT} links of a chain"))
                .help("give parts of it a name with `let`, or move them to a function"),
        );
        self.stopped = true;
        self.at = self.tokens.len() - 1;
        Failed
    }

    fn with_context<R>(&mut self, context: Context, parse: impl FnOnce(&mut Self) -> R) -> R {
        let outer = std::mem::replace(&mut self.context, context);
        let result = parse(self);
        self.context = outer;
        result
    }

    /// Reports an error about the next token, unless one was reported there already.
    fn report(&mut self, diagnostic: Diagnostic) {
        let follows = self.truncated && self.is(T::Eof);
        if !self.stopped && !follows && self.last_error != Some(self.at) {
            self.last_error = Some(self.at);
            self.diagnostics.push(diagnostic);
        }
    }

    /// Reports something that the parser understood nevertheless.
    fn report_and_go_on(&mut self, diagnostic: Diagnostic) {
        if !self.stopped {
            self.diagnostics.push(diagnostic);
        }
    }

    /// Adds a hint to the error that was just reported.
    fn help_last(&mut self, help: &str) {
        if !self.stopped && self.last_error == Some(self.at) {
            self.diagnostics.amend_last(|d| {
                if d.help.is_empty() {
                    d.help.push(help.to_owned());
                }
            });
        }
    }

    /// How messages call the next token.
    fn found(&self) -> String {
        let token = self.token();
        match token.kind {
            T::Ident | T::Int | T::Float | T::Label => {
                let text: String = self.text_of(token).chars().take(40).collect();
                format!("`{text}`")
            }
            kind => kind.describe().to_owned(),
        }
    }

    /// Where errors about the next token point: at the end of the file, the last character before it.
    fn error_span(&self) -> Span {
        let token = self.token();
        if token.kind == T::Eof && self.at > 0 {
            let last = self.tokens[self.at - 1];
            let length = self.text_of(last).chars().next_back().map_or(0, char::len_utf8) as u32;
            return Span::new(self.file, last.hi - length, last.hi);
        }
        token.span(self.file)
    }

    /// Reports `expected X PLACE, found Y`.
    fn expected(&mut self, what: &str, place: &str) -> Failed {
        let message =
            format!("expected {what}{}{place}, found {}", if place.is_empty() { "" } else { " " }, self.found());
        let code = if self.is(T::Eof) { Code::UnclosedDelimiter } else { Code::UnexpectedToken };
        let code = if self.is(T::Eof) && self.depth == 0 { Code::UnexpectedToken } else { code };
        self.report(Diagnostic::new(code, self.error_span(), message).label(format!("expected {what}")));
        Failed
    }

    /// Reports that the bracket `open` is not closed here.
    fn expected_close(&mut self, open: Token, close: T, or: &str, what: &str) -> Failed {
        let token = self.token();
        let unclosed =
            token.newline_before || matches!(token.kind, T::Eof | T::RParen | T::RBracket | T::RBrace | T::Semi);
        let code = if unclosed { Code::UnclosedDelimiter } else { Code::UnexpectedToken };
        let close = close.describe();
        let message = format!("expected {or}{close} to close {what}, found {}", self.found());
        let mut diagnostic = Diagnostic::new(code, self.error_span(), message)
            .label(format!("expected {or}{close}"))
            .note_at(open.span(self.file), format!("{what} was opened here"));
        if self.is(T::Eof)
            && let Some(block) = self.misaligned
        {
            diagnostic =
                diagnostic.note_at(block, "this `{` is probably the one: its `}` is indented less than its line");
        }
        self.report(diagnostic);
        Failed
    }

    /// The white space at the beginning of the line of `at`.
    fn indent(&self, at: u32) -> usize {
        let before = &self.text[..at as usize];
        // Far enough to find the beginning of any line that a person wrote.
        let line: Vec<u8> = before.bytes().rev().take(200).take_while(|&b| b != b'\n').collect();
        line.iter().rev().take_while(|b| b.is_ascii_whitespace()).count()
    }

    /// Notes a block whose closing brace, the next token, begins a line further to the left than the block's line.
    fn check_alignment(&mut self, open: Token) {
        let close = self.token();
        if self.misaligned.is_none() && close.newline_before && self.indent(close.lo) < self.indent(open.lo) {
            self.misaligned = Some(open.span(self.file));
        }
    }
}

// --------------------------------------------------------------------------------------------------- lists

/// What separates the elements of a list.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Separator {
    /// `,`, also after the last one.
    Comma,
    /// `,`, `;` or the end of the line.
    CommaOrLine,
}

impl Parser<'_> {
    /// The elements up to the closing bracket of `open`, which was taken, and the closing bracket.
    fn list<R>(
        &mut self,
        open: Token,
        separator: Separator,
        what: &str,
        mut element: impl FnMut(&mut Self) -> Parsed<R>,
    ) -> Parsed<Vec<R>> {
        let close = open.kind.closing().unwrap_or(T::RParen);
        let context = if close == T::RBrace { Context::BRACES } else { Context::PARENS };
        self.with_context(context, |p| {
            let mut elements = Vec::new();
            loop {
                if separator == Separator::CommaOrLine {
                    while matches!(p.kind(), T::Comma | T::Semi) {
                        p.bump();
                    }
                }
                if p.eat(close).is_some() {
                    return Ok(elements);
                }
                if p.is(T::Eof) {
                    return Err(p.expected_close(open, close, "", what));
                }
                let start = p.at;
                match p.nested(&mut element) {
                    Ok(value) => {
                        elements.push(value);
                        let separated = p.eat(T::Comma).is_some()
                            || p.is(close)
                            || separator == Separator::CommaOrLine && (p.is(T::Semi) || p.token().newline_before);
                        if !separated {
                            p.expected_close(open, close, "`,` or ", what);
                            let next = p.token();
                            // On a new line that is not indented the list was not closed; else a `,` is missing.
                            if !next.newline_before || next.kind.closing() == Some(T::RBrace) {
                                p.skip_to_next_element(start, close)?;
                            } else if p.indent(next.lo) <= p.indent(open.lo) || !next.kind.starts_expression() {
                                return Err(Failed);
                            }
                        }
                    }
                    Err(Failed) => p.skip_to_next_element(start, close)?,
                }
            }
        })
    }

    /// After an error inside brackets: skips past the next `,` of this list, or to its closing bracket.
    /// Fails if the list seems to have no end: the statement around it then takes over.
    fn skip_to_next_element(&mut self, start: usize, close: T) -> Parsed<()> {
        let mut open = Vec::new();
        loop {
            let token = self.token();
            match token.kind {
                T::Eof => return Err(Failed),
                kind if open.is_empty() && kind == close => return Ok(()),
                T::Comma if open.is_empty() => {
                    self.bump();
                    return Ok(());
                }
                T::RBrace | T::RParen | T::RBracket | T::HoleClose => match open.iter().rposition(|&o| o == token.kind)
                {
                    Some(index) => open.truncate(index),
                    None => return Err(Failed),
                },
                kind if token.newline_before && kind.starts_statement_only() && self.at > start => {
                    if open.is_empty() && close != T::RBrace {
                        return Err(Failed);
                    }
                }
                T::Semi if open.is_empty() && close != T::RBrace => return Err(Failed),
                _ if token.newline_before && open.is_empty() && close == T::RBrace && self.at > start => return Ok(()),
                kind => open.extend(kind.closing()),
            }
            self.bump();
        }
    }
}
