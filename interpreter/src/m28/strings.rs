//! Strings, f-strings, and the two meanings of a single quote.

use super::form::{Form, FormKind};
use super::reader::{Reader, ends_run};
use crate::diagnostics::Code;

impl Reader<'_, '_> {
    /// Whether the single quote here begins a string; otherwise it quotes the form after it.
    ///
    /// `'word'` is a string and `'word` a quote. For everything longer the next single quote decides, on this line or a later one: `'two words'`
    /// ends with a quote that stands at the end of something, `(f 'a 'b)` goes on with one that begins something.
    pub(super) fn single_quote_is_string(&self) -> bool {
        let inside = self.rest().get(1..).unwrap_or_default();
        match inside.chars().next() {
            None => return true,
            Some(c) if c.is_whitespace() => return true,
            Some(')' | ']' | '}' | ',' | '#') => return inside.lines().next().is_some_and(|line| line.contains('\'')),
            Some(_) => {}
        }
        let run = inside.find(ends_run).unwrap_or(inside.len());
        if inside.get(run..).is_some_and(|after| after.starts_with('\'')) {
            return true;
        }
        let mut before = '\'';
        let mut chars = inside.char_indices();
        let (mut depth, mut closed, mut later_line) = (0i64, false, false);
        while let Some((at, c)) = chars.next() {
            match c {
                '\'' => {
                    let after = inside.get(at + 1..).and_then(|rest| rest.chars().next());
                    let after_something = !before.is_whitespace() && !matches!(before, '(' | '[' | '{' | ',');
                    let at_end = match after {
                        None | Some(')' | ']' | '}' | ',' | '#') => true,
                        Some(':') => after_something,
                        Some(c) => c.is_whitespace(),
                    };
                    return at_end || (after_something && !closed && !later_line);
                }
                '\\' => {
                    chars.next();
                }
                '"' => {
                    // What stands in double quotes says nothing.
                    let rest = inside.get(at + 1..).unwrap_or_default();
                    if let Some(length) = rest.find(['"', '\n']).filter(|&length| rest[length..].starts_with('"')) {
                        let end = at + 1 + length;
                        while chars.clone().next().is_some_and(|(next, _)| next <= end) {
                            chars.next();
                        }
                    }
                }
                '(' | '[' | '{' => depth += 1,
                ')' | ']' | '}' => {
                    depth -= 1;
                    closed |= depth < 0;
                }
                // Brackets around the quote were closed: what comes now is no part of it.
                '\n' | '#' if closed => return false,
                '\n' => later_line = true,
                '#' if later_line && before.is_whitespace() => {
                    while chars.clone().next().is_some_and(|(_, c)| c != '\n') {
                        chars.next();
                    }
                }
                _ => {}
            }
            before = c;
        }
        false
    }

    /// Reads a string; the next character is its quote.
    pub(super) fn string(&mut self) -> Form {
        let start = self.at;
        let delimiter = self.delimiter();
        let mut value = String::new();
        loop {
            if self.eat_text(&delimiter) {
                return Form { kind: FormKind::Str(value), span: self.span(start) };
            }
            match self.bump() {
                None => {
                    self.unterminated(start);
                    return self.error_form(start);
                }
                Some('\\') => self.escape(&mut value),
                Some(c) => value.push(c),
            }
        }
    }

    /// Reads an f-string; the next character is its quote, `start` is where the `f` stands.
    pub(super) fn template(&mut self, start: usize) -> Form {
        let delimiter = self.delimiter();
        let (mut parts, mut text, mut from) = (Vec::new(), String::new(), self.at);
        loop {
            if self.eat_text(&delimiter) {
                break;
            }
            if self.eat_text("{{") {
                text.push('{');
                continue;
            }
            if self.eat_text("}}") {
                text.push('}');
                continue;
            }
            if self.peek() == Some('{') {
                if !text.is_empty() {
                    let span = self.span(from);
                    parts.push(Form { kind: FormKind::Str(std::mem::take(&mut text)), span });
                }
                match self.hole() {
                    Some(hole) => parts.push(hole),
                    None if self.peek().is_none() => {
                        // A bracket in the hole that is never closed has been reported.
                        if !self.unbalanced {
                            self.unterminated(start);
                        }
                        return self.error_form(start);
                    }
                    None => {}
                }
                from = self.at;
                continue;
            }
            match self.bump() {
                None => {
                    self.unterminated(start);
                    return self.error_form(start);
                }
                Some('\\') => self.escape(&mut text),
                Some(c) => text.push(c),
            }
        }
        if !text.is_empty() {
            parts.push(Form { kind: FormKind::Str(text), span: self.span(from) });
        }
        Form { kind: FormKind::Template(parts), span: self.span(start) }
    }

    /// Reads `{form}`.
    fn hole(&mut self) -> Option<Form> {
        let start = self.at;
        if !self.deeper() {
            return None;
        }
        self.begin('}');
        let mut forms = Vec::new();
        loop {
            self.skip_space();
            if self.peek().is_none() {
                self.abandon();
                return None;
            }
            if self.ends() {
                break;
            }
            if self.peek() == Some(',') {
                self.bump();
                self.report(Code::BadInterpolation, self.span(start), "a hole of an f-string holds one form");
                continue;
            }
            forms.push(self.form());
        }
        if forms.len() != 1 {
            let message = match forms.len() {
                0 => "a hole of an f-string needs a form; a brace itself is written `{{`",
                _ => "a hole of an f-string holds one form",
            };
            self.report(Code::BadInterpolation, self.span(start), message);
        }
        forms.into_iter().next()
    }

    /// `"`, `'`, or three of them.
    fn delimiter(&mut self) -> String {
        for triple in ["\"\"\"", "'''"] {
            if self.eat_text(triple) {
                return triple.to_owned();
            }
        }
        self.bump().map(String::from).unwrap_or_default()
    }

    /// After a backslash. What it does not know stays as it is.
    fn escape(&mut self, value: &mut String) {
        match self.bump() {
            Some('n') => value.push('\n'),
            Some('t') => value.push('\t'),
            Some('r') => value.push('\r'),
            Some('0') => value.push('\0'),
            Some(c @ ('"' | '\'' | '\\')) => value.push(c),
            Some('\n') => {}
            Some(other) => value.extend(['\\', other]),
            // The end of the text: that the string is never closed is said by the caller.
            None => {}
        }
    }
}
