//! Printing and formatting: everything becomes [`ExprKind::Format`] of parts.

use super::expect::{Expect, expr, looked, string};
use super::state::*;
use crate::builtins::Builtin;
use crate::core::{Expr, ExprKind};
use crate::diagnostics::Code;
use crate::source::Span;
use crate::types::Types;
use crate::vex::ast::{self, StrPart};

impl<'a> Checker<'a> {
    /// `println(..)` and its kin.
    pub fn print(&mut self, builtin: Builtin, args: &'a [ast::Expr], line: bool, span: Span) -> Expr {
        let mut parts = self.format_args(args, span);
        if line {
            parts.push(string("\n", span));
        }
        let text = expr(ExprKind::Format(parts), Types::STRING, span);
        expr(ExprKind::Builtin(builtin, vec![text]), Types::UNIT, span)
    }

    /// A value to be shown: only looked at.
    fn shown(&mut self, e: &'a ast::Expr) -> Expr {
        let value = self.check_expr(e, Expect::Any);
        let value = looked(self.operand(value));
        if self.shallow(value.ty) == Types::NEVER {
            return value;
        }
        value
    }

    /// The parts of a text from arguments: a format string and its values, or plain values one after the other.
    pub fn format_args(&mut self, args: &'a [ast::Expr], span: Span) -> Vec<Expr> {
        let Some((first, rest)) = args.split_first() else { return vec![string("", span)] };
        let text = match &first.kind {
            ast::ExprKind::Str(text) if !rest.is_empty() && has_hole(text) => text,
            _ => return args.iter().map(|arg| self.shown(arg)).collect(),
        };
        let mut values: Vec<Option<Expr>> = rest.iter().map(|arg| Some(self.shown(arg))).collect();
        let mut parts = Vec::new();
        let mut next = 0;
        let mut used = vec![false; values.len()];
        for piece in pieces(text) {
            match piece {
                Piece::Text(text) => parts.push(string(text, first.span)),
                Piece::Hole(position) => {
                    let position = position.unwrap_or_else(|| {
                        next += 1;
                        next - 1
                    });
                    match values.get_mut(position) {
                        Some(slot) => {
                            // A value that is shown twice is computed twice.
                            let value = slot.clone();
                            used[position] = true;
                            if let Some(value) = value {
                                parts.push(value);
                            }
                        }
                        None => {
                            let message = format!("the format string has no argument for `{{}}` number {position}");
                            self.error(Code::WrongArgumentCount, first.span, message);
                        }
                    }
                }
            }
        }
        if let Some(unused) = used.iter().position(|used| !used) {
            self.error(Code::WrongArgumentCount, rest[unused].span, "the format string does not use this argument");
        }
        parts
    }

    /// `f".. {e} .."` and templates.
    pub fn interpolated(&mut self, parts: &'a [StrPart], span: Span) -> Expr {
        let mut out = Vec::new();
        for part in parts {
            match part {
                StrPart::Text(text) => out.push(string(&**text, span)),
                StrPart::Hole(e) => out.push(self.shown(e)),
            }
        }
        match out.as_slice() {
            [] => string("", span),
            [Expr { kind: ExprKind::Const(crate::core::Const::Str(_)), .. }] => out.swap_remove(0),
            _ => expr(ExprKind::Format(out), Types::STRING, span),
        }
    }
}

enum Piece {
    Text(String),
    /// Of the next argument, or of the one with this number.
    Hole(Option<usize>),
}

fn has_hole(text: &str) -> bool {
    pieces(text).iter().any(|piece| matches!(piece, Piece::Hole(_)))
}

/// Splits a format string; `{{` and `}}` are literal braces, and braces around anything but a number are text.
fn pieces(text: &str) -> Vec<Piece> {
    let mut out = Vec::new();
    let mut plain = String::new();
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        let after = &rest[c.len_utf8()..];
        if c == '{' {
            if let Some(after) = after.strip_prefix('{') {
                plain.push('{');
                rest = after;
                continue;
            }
            if let Some(end) = after.find('}') {
                let inside = after[..end].trim();
                let inside = inside.strip_prefix(":?").unwrap_or(inside);
                let position = inside.parse::<usize>().ok();
                if inside.is_empty() || position.is_some() {
                    if !plain.is_empty() {
                        out.push(Piece::Text(std::mem::take(&mut plain)));
                    }
                    out.push(Piece::Hole(position));
                    rest = &after[end + 1..];
                    continue;
                }
            }
        }
        if c == '}'
            && let Some(after) = after.strip_prefix('}')
        {
            plain.push('}');
            rest = after;
            continue;
        }
        plain.push(c);
        rest = after;
    }
    if !plain.is_empty() {
        out.push(Piece::Text(plain));
    }
    out
}
