//! From text to forms: brackets, atoms, indexing and attributes. Strings are read in `strings.rs`.
//!
//! What is wrong is reported at the line that the language's users expect: a closing bracket that closes nothing or does not match, at
//! itself; the end of the text inside of brackets, at the innermost one that is open; a string that never ends, where it begins. The
//! reader goes on after an error, so that several are reported; of brackets that are still open at the end it speaks only where
//! nothing else was wrong with the brackets, because everything after the first such error is a guess.

use super::form::{Form, FormKind, Name};
use crate::diagnostics::{Code, Diagnostic, Diagnostics};
use crate::source::{FileId, Span};

/// How deeply brackets may be nested: what reads forms later goes down as many levels of the host's stack.
pub const MAX_DEPTH: usize = 200;

/// Reads all forms of a text.
pub fn read(text: &str, file: FileId, sink: &mut Diagnostics) -> Vec<Form> {
    let mut reader = Reader { text, file, at: 0, open: Vec::new(), unbalanced: false, reported: None, sink };
    // A mark that editors put before UTF-8 text.
    reader.eat_text("\u{feff}");
    let mut forms = Vec::new();
    loop {
        reader.skip_space();
        match reader.peek() {
            None => return forms,
            Some(closer @ (')' | ']' | '}')) => {
                let message = format!("this `{closer}` closes nothing");
                let span = reader.char_span();
                reader.bump();
                reader.unbalanced = true;
                reader.report(Code::UnmatchedDelimiter, span, message);
            }
            Some(',') => reader.stray_comma(),
            Some(_) => forms.push(reader.form()),
        }
    }
}

/// A bracket that is open.
struct Open {
    closer: char,
    span: Span,
}

/// The state of reading.
pub(super) struct Reader<'t, 's> {
    pub(super) text: &'t str,
    file: FileId,
    /// Byte offset of the next character.
    pub(super) at: usize,
    open: Vec<Open>,
    /// Something was wrong with the brackets already.
    pub(super) unbalanced: bool,
    /// Offset of the last closing bracket that was reported.
    reported: Option<usize>,
    sink: &'s mut Diagnostics,
}

/// Whether a character ends a name or number.
pub(super) fn ends_run(c: char) -> bool {
    c.is_whitespace() || matches!(c, '(' | ')' | '[' | ']' | '{' | '}' | '"' | '\'' | ',' | '#')
}

impl Reader<'_, '_> {
    pub(super) fn rest(&self) -> &str {
        self.text.get(self.at..).unwrap_or_default()
    }

    pub(super) fn peek(&self) -> Option<char> {
        self.rest().chars().next()
    }

    pub(super) fn bump(&mut self) -> Option<char> {
        let c = self.peek()?;
        self.at += c.len_utf8();
        Some(c)
    }

    pub(super) fn eat_text(&mut self, text: &str) -> bool {
        let there = self.rest().starts_with(text);
        if there {
            self.at += text.len();
        }
        there
    }

    pub(super) fn span(&self, from: usize) -> Span {
        Span::new(self.file, from as u32, self.at as u32)
    }

    /// The place of the next character.
    fn char_span(&self) -> Span {
        let length = self.peek().map_or(0, char::len_utf8);
        Span::new(self.file, self.at as u32, (self.at + length) as u32)
    }

    pub(super) fn report(&mut self, code: Code, span: Span, message: impl Into<String>) {
        self.sink.push(Diagnostic::new(code, span, message));
    }

    /// Says that a string never ends; everything up to the end of the text was part of it.
    pub(super) fn unterminated(&mut self, start: usize) {
        let span = Span::new(self.file, start as u32, (start + 1).min(self.text.len()) as u32);
        self.unbalanced = true;
        self.sink.push(Diagnostic::new(Code::UnterminatedString, span, "this string is never closed"));
    }

    /// Skips white space and comments.
    pub(super) fn skip_space(&mut self) {
        while let Some(c) = self.peek() {
            if c == '#' {
                let line = self.rest().find('\n').unwrap_or(self.rest().len());
                self.at += line;
            } else if c.is_whitespace() {
                self.bump();
            } else {
                return;
            }
        }
    }

    fn stray_comma(&mut self) {
        let span = self.char_span();
        self.bump();
        self.report(Code::UnexpectedToken, span, "a comma must follow an element of a tuple, list or dict");
    }

    /// Whether brackets may be opened once more; if not, the rest of the text is given up.
    pub(super) fn deeper(&mut self) -> bool {
        if self.open.len() < MAX_DEPTH {
            return true;
        }
        let span = self.char_span();
        if !self.unbalanced {
            self.report(Code::NestedTooDeeply, span, format!("more than {MAX_DEPTH} brackets are nested here"));
        }
        self.unbalanced = true;
        self.at = self.text.len();
        false
    }

    /// Forgets the innermost bracket: its string never ends, which is what is wrong.
    pub(super) fn abandon(&mut self) {
        self.open.pop();
    }

    pub(super) fn error_form(&self, from: usize) -> Form {
        Form { kind: FormKind::Error, span: self.span(from) }
    }

    /// Reads a form. The next character is neither white space nor a closing bracket nor a comma.
    pub(super) fn form(&mut self) -> Form {
        let start = self.at;
        match self.peek() {
            Some('(') => self.parentheses(),
            Some('[') => self.brackets(),
            Some('{') => self.dict(),
            Some('"') => self.string(),
            Some('\'') if self.single_quote_is_string() => self.string(),
            Some('\'') => self.quote(),
            Some(_) => self.run(start, false),
            None => self.error_form(start),
        }
    }

    fn quote(&mut self) -> Form {
        let start = self.at;
        self.bump();
        match self.peek() {
            Some(c) if !c.is_whitespace() && !matches!(c, ')' | ']' | '}' | ',' | '#') => {}
            _ => {
                self.report(Code::UnexpectedToken, self.span(start), "a quote `'` needs a form right after it");
                return self.error_form(start);
            }
        }
        // A quote of a quote of a quote is nesting too.
        if !self.deeper() {
            return self.error_form(start);
        }
        let span = self.span(start);
        self.open.push(Open { closer: '\'', span });
        let quoted = self.form();
        self.open.pop();
        Form { kind: FormKind::Quote(Box::new(quoted)), span: self.span(start) }
    }

    /// Opens a bracket, reads elements up to its end, and gives them and whether there was a comma.
    fn elements(&mut self, closer: char) -> Option<(Vec<Form>, bool)> {
        if !self.deeper() {
            return None;
        }
        self.begin(closer);
        let (mut items, mut commas, mut separated) = (Vec::new(), false, true);
        loop {
            self.skip_space();
            if self.ends() {
                return Some((items, commas));
            }
            if self.peek() == Some(',') {
                if separated {
                    self.stray_comma();
                } else {
                    self.bump();
                }
                (commas, separated) = (true, true);
                continue;
            }
            items.push(self.form());
            separated = false;
        }
    }

    /// The next character opens a bracket.
    pub(super) fn begin(&mut self, closer: char) {
        let span = self.char_span();
        self.bump();
        self.open.push(Open { closer, span });
    }

    /// Whether the innermost bracket ends here, for whatever reason. White space was skipped.
    pub(super) fn ends(&mut self) -> bool {
        let Some(innermost) = self.open.last() else { return true };
        let (wanted, opened) = (innermost.closer, innermost.span);
        match self.peek() {
            None => {
                if !self.unbalanced {
                    self.unbalanced = true;
                    let opener = self.text.get(opened.lo as usize..opened.hi as usize).unwrap_or_default();
                    let message = format!("this `{opener}` is never closed");
                    self.report(Code::UnclosedDelimiter, opened, message);
                }
            }
            Some(c @ (')' | ']' | '}')) if c == wanted => {
                self.bump();
            }
            Some(c @ (')' | ']' | '}')) => {
                if self.reported != Some(self.at) {
                    self.reported = Some(self.at);
                    self.unbalanced = true;
                    let message = format!("`{c}` does not close the bracket that is open, which needs `{wanted}`");
                    let diagnostic = Diagnostic::new(Code::UnmatchedDelimiter, self.char_span(), message);
                    self.sink.push(diagnostic.note_at(opened, "opened here"));
                }
                // It closes a bracket further out, if there is one of its kind; otherwise it is a slip and closes this one.
                if !self.open.iter().any(|open| open.closer == c) {
                    self.bump();
                }
            }
            Some(_) => return false,
        }
        self.open.pop();
        true
    }

    fn parentheses(&mut self) -> Form {
        let start = self.at;
        let Some((items, commas)) = self.elements(')') else { return self.error_form(start) };
        let kind = if commas { FormKind::Tuple(items) } else { FormKind::List(items) };
        Form { kind, span: self.span(start) }
    }

    fn brackets(&mut self) -> Form {
        let start = self.at;
        let Some((items, _)) = self.elements(']') else { return self.error_form(start) };
        Form { kind: FormKind::Bracket(items), span: self.span(start) }
    }

    fn dict(&mut self) -> Form {
        let start = self.at;
        if !self.deeper() {
            return self.error_form(start);
        }
        self.begin('}');
        let mut entries = Vec::new();
        let mut separated = true;
        loop {
            self.skip_space();
            if self.ends() {
                return Form { kind: FormKind::Dict(entries), span: self.span(start) };
            }
            if self.peek() == Some(',') {
                if separated {
                    self.stray_comma();
                } else {
                    self.bump();
                }
                separated = true;
                continue;
            }
            separated = false;
            let before = self.at;
            let key = match self.peek() {
                Some('(' | '[' | '{' | '"' | '\'') => self.form(),
                _ => self.run(before, true),
            };
            self.skip_space();
            if !self.eat_text(":") {
                let span = key.span;
                let message = "a dict is written `{key: value, …}`: a `:` and a value are missing after this key";
                self.report(Code::UnexpectedToken, span, message);
                continue;
            }
            self.skip_space();
            match self.peek() {
                None | Some(')' | ']' | '}' | ',') => {
                    self.report(Code::UnexpectedToken, key.span, "this key has no value");
                }
                Some(_) => {
                    let value = self.form();
                    entries.push((key, value));
                }
            }
        }
    }

    /// Reads a name, keyword, number, f-string or `name=value`. In the keys of a dict a colon ends a name.
    fn run(&mut self, start: usize, key: bool) -> Form {
        let rest = self.rest();
        // The colon of a keyword is not the one after a key.
        let colon = usize::from(rest.starts_with(':'));
        let ends = |c| ends_run(c) || (key && c == ':');
        let end = rest.get(colon..).and_then(|rest| rest.find(ends)).map_or(rest.len(), |end| end + colon);
        let run = rest.get(..end).unwrap_or_default().to_owned();
        if run == "f" && rest.get(end..).is_some_and(|after| after.starts_with(['"', '\''])) {
            self.at += end;
            return self.template(start);
        }
        if let Some(length) = named_prefix(&run) {
            return self.named(start, run.get(..length).unwrap_or_default());
        }
        self.at += end;
        if run.is_empty() {
            // A character that begins nothing; it must not stop the reader.
            self.bump();
            self.report(Code::UnexpectedToken, self.span(start), "a form was expected here");
            return self.error_form(start);
        }
        let atom = self.atom(start, &run);
        match atom.kind {
            FormKind::Symbol(_) | FormKind::Attr(..) => self.postfix(atom),
            _ => atom,
        }
    }

    fn named(&mut self, start: usize, name: &str) -> Form {
        self.at += name.len() + 1;
        match self.peek() {
            Some(c) if !c.is_whitespace() && !matches!(c, ')' | ']' | '}' | ',' | '#') => {}
            _ => {
                let message = format!("`{name}=` needs a value right after it");
                self.report(Code::UnexpectedToken, self.span(start), message);
                return self.error_form(start);
            }
        }
        // `a=b=c=…` is nesting too.
        if !self.deeper() {
            return self.error_form(start);
        }
        let span = self.span(start);
        self.open.push(Open { closer: '=', span });
        let value = self.form();
        self.open.pop();
        Form { kind: FormKind::Named(name.into(), Box::new(value)), span: self.span(start) }
    }

    /// `[i]` and `.name` right after a name.
    fn postfix(&mut self, mut form: Form) -> Form {
        let start = form.span.lo as usize;
        let mut links = 0;
        loop {
            links += 1;
            if links > MAX_DEPTH {
                self.report(Code::NestedTooDeeply, self.span(start), "too many indexes in a row");
                return self.error_form(start);
            }
            match self.peek() {
                Some('[') => {
                    let at = self.at;
                    let Some((mut items, _)) = self.elements(']') else { return self.error_form(start) };
                    let index = match (items.pop(), items.is_empty()) {
                        (Some(index), true) => index,
                        (None, _) => {
                            self.report(
                                Code::UnexpectedToken,
                                self.span(at),
                                "an index is missing between `[` and `]`",
                            );
                            return self.error_form(start);
                        }
                        (Some(_), false) => {
                            let message = "an index is one form; put a space before `[` if this is a list of its own";
                            self.report(Code::UnexpectedToken, self.span(at), message);
                            return self.error_form(start);
                        }
                    };
                    let kind = FormKind::Index(Box::new(form), Box::new(index));
                    form = Form { kind, span: self.span(start) };
                }
                Some('.') if matches!(form.kind, FormKind::Index(..)) => {
                    let rest = self.rest();
                    let end = rest.find(ends_run).unwrap_or(rest.len());
                    let names = rest.get(1..end).unwrap_or_default().to_owned();
                    self.at += end;
                    form = self.attributes(start, form, &names);
                }
                _ => return form,
            }
        }
    }

    fn attributes(&mut self, start: usize, mut form: Form, names: &str) -> Form {
        for (count, name) in names.split('.').enumerate() {
            if name.is_empty() || count >= MAX_DEPTH {
                let message = "a name is missing beside the dot";
                self.report(Code::UnexpectedToken, self.span(start), message);
                return self.error_form(start);
            }
            form = Form { kind: FormKind::Attr(Box::new(form), name.into()), span: self.span(start) };
        }
        form
    }

    /// What a run of characters is.
    fn atom(&mut self, start: usize, run: &str) -> Form {
        let span = self.span(start);
        let kind = match run {
            "True" | "true" => FormKind::Bool(true),
            "False" | "false" => FormKind::Bool(false),
            "None" | "nil" => FormKind::None,
            _ if looks_like_number(run) => match number(run) {
                Ok(kind) => kind,
                Err(message) => {
                    self.report(Code::BadNumber, span, message);
                    FormKind::Error
                }
            },
            _ => match run.strip_prefix(':') {
                Some(name) if !name.is_empty() => FormKind::Keyword(name.into()),
                _ => return self.symbol(start, run),
            },
        };
        Form { kind, span }
    }

    fn symbol(&mut self, start: usize, run: &str) -> Form {
        let dotted = run.contains('.') && run.chars().any(|c| c != '.');
        let plain = |name: &str, span| Form { kind: FormKind::Symbol(Name::from(name)), span };
        let span = self.span(start);
        match run.split_once('.') {
            Some((first, names)) if dotted => {
                if first.is_empty() {
                    self.report(Code::UnexpectedToken, span, "a name is missing beside the dot");
                    return self.error_form(start);
                }
                let first_span = Span::new(self.file, start as u32, (start + first.len()) as u32);
                self.attributes(start, plain(first, first_span), names)
            }
            _ => plain(run, span),
        }
    }
}

/// The length of `name` where a run is `name=…`.
fn named_prefix(run: &str) -> Option<usize> {
    let (name, value) = run.split_once('=')?;
    let first = name.chars().next()?;
    let named = (first.is_alphabetic() || first == '_') && !name.contains(['.', '<', '>', '!', ':']);
    (named && !value.starts_with('=')).then_some(name.len())
}

fn looks_like_number(run: &str) -> bool {
    let digits = run.strip_prefix(['-', '+']).unwrap_or(run);
    let fraction = digits.strip_prefix('.').unwrap_or(digits);
    fraction.starts_with(|c: char| c.is_ascii_digit())
}

fn number(run: &str) -> Result<FormKind, String> {
    let digits = run.replace('_', "");
    let whole = digits.strip_prefix(['-', '+']).unwrap_or(&digits);
    if whole.chars().all(|c| c.is_ascii_digit()) {
        return match digits.parse() {
            Ok(value) => Ok(FormKind::Int(value)),
            Err(_) => Err(format!("{run} does not fit the 64 bits of a whole number")),
        };
    }
    let fits = |c: char| c.is_ascii_digit() || matches!(c, '.' | 'e' | 'E' | '+' | '-');
    match digits.parse::<f64>() {
        Ok(value) if value.is_finite() && digits.chars().all(fits) => Ok(FormKind::Float(value)),
        Ok(value) if value.is_infinite() => Err(format!("{run} is too large for a float")),
        _ => Err(format!("`{run}` is no number; a name cannot begin with a digit")),
    }
}
