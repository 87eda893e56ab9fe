//! What the front ends say about a wrong program: codes, messages, spans, notes, and where they are collected.
//!
//! - `codes`: the one table of all codes; docs/diagnostics.md is derived from it.
//! - `render` for people, `json` for programs, `page` for docs/diagnostics.md.
//! - this file: [`Diagnostic`] and the sink [`Diagnostics`].
//!
//! A wrong guest program is data, not a Rust error: every stage takes `&mut Diagnostics`, reports, and goes on.

mod codes;
mod json;
mod page;
mod render;

pub use codes::{Code, Severity};
pub use json::{Record, json_lines};
pub use page::page;
pub use render::{Style, omitted, render, render_all};

use rustc_hash::FxHashSet;

use crate::source::Span;

/// A remark under a diagnostic.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Note {
    /// What it points at; `None` for a remark without a place.
    pub span: Option<Span>,
    /// The remark.
    pub message: String,
}

/// One error or warning.
///
/// Built in one expression: `Diagnostic::new(Code::X, span, "message").label("here").note(..).help("do this")`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Diagnostic {
    /// Which of the table; gives the severity too.
    pub code: Code,
    /// One sentence, lower case, no full stop; names in back-ticks.
    pub message: String,
    /// The place: its line is the line of the error.
    pub primary: Span,
    /// A few words under the underlined place; may be empty.
    pub label: String,
    /// Further places and remarks, in order.
    pub notes: Vec<Note>,
    /// What to do about it.
    pub help: Vec<String>,
}

impl Diagnostic {
    /// A diagnostic with neither label nor notes.
    pub fn new(code: Code, primary: Span, message: impl Into<String>) -> Self {
        Self { code, message: message.into(), primary, label: String::new(), notes: Vec::new(), help: Vec::new() }
    }

    /// Words under the underlined place.
    #[must_use]
    pub fn label(mut self, label: impl Into<String>) -> Self {
        self.label = label.into();
        self
    }

    /// A remark at another place.
    #[must_use]
    pub fn note_at(mut self, span: Span, message: impl Into<String>) -> Self {
        self.notes.push(Note { span: Some(span), message: message.into() });
        self
    }

    /// A remark without a place.
    #[must_use]
    pub fn note(mut self, message: impl Into<String>) -> Self {
        self.notes.push(Note { span: None, message: message.into() });
        self
    }

    /// A hint what to do.
    #[must_use]
    pub fn help(mut self, message: impl Into<String>) -> Self {
        self.help.push(message.into());
        self
    }

    /// Error or warning.
    pub fn severity(&self) -> Severity {
        self.code.severity()
    }
}

/// How many diagnostics of each severity are kept if nobody says otherwise.
pub const DEFAULT_LIMIT: usize = 50;

/// Collects the diagnostics of a run, in the order in which they were found.
///
/// Keeps a limited number of each severity and counts the rest, so that a broken file of a million lines neither
/// fills memory nor the screen; [`Diagnostics::omitted`] says how many are missing.
#[derive(Clone, Debug)]
pub struct Diagnostics {
    list: Vec<Diagnostic>,
    /// Code and place of those in the list.
    places: FxHashSet<(Code, Span)>,
    limit: usize,
    errors: usize,
    warnings: usize,
    last_kept: bool,
}

impl Default for Diagnostics {
    fn default() -> Self {
        Self::with_limit(DEFAULT_LIMIT)
    }
}

impl Diagnostics {
    /// An empty sink that keeps at most `limit` errors and `limit` warnings.
    pub fn with_limit(limit: usize) -> Self {
        Self {
            list: Vec::new(),
            places: FxHashSet::default(),
            limit: limit.max(1),
            errors: 0,
            warnings: 0,
            last_kept: false,
        }
    }

    /// Forgets the warnings.
    pub fn keep_errors(&mut self) {
        self.list.retain(|diagnostic| diagnostic.severity() == Severity::Error);
        self.warnings = 0;
    }

    /// Adds one, unless the same code was already reported at the same place.
    pub fn push(&mut self, diagnostic: Diagnostic) {
        self.last_kept = false;
        let key = (diagnostic.code, diagnostic.primary);
        if self.places.contains(&key) {
            return;
        }
        let count = match diagnostic.severity() {
            Severity::Error => &mut self.errors,
            Severity::Warning => &mut self.warnings,
        };
        *count += 1;
        if *count <= self.limit {
            self.last_kept = true;
            self.places.insert(key);
            self.list.push(diagnostic);
        }
    }

    /// Changes the one that was added last, to give it a hint once more is known.
    pub fn amend_last(&mut self, change: impl FnOnce(&mut Diagnostic)) {
        if self.last_kept
            && let Some(last) = self.list.last_mut()
        {
            change(last);
        }
    }

    /// Those that were kept, in the order in which they were found.
    pub fn list(&self) -> &[Diagnostic] {
        &self.list
    }

    /// Those that were kept, by place: file, then position (errors before warnings at one place).
    pub fn sorted(&self) -> Vec<&Diagnostic> {
        let mut sorted: Vec<&Diagnostic> = self.list.iter().collect();
        sorted.sort_by_key(|d| (d.primary.file, d.primary.lo, d.severity()));
        sorted
    }

    /// Whether there is an error: the program must not run.
    pub fn has_errors(&self) -> bool {
        self.errors > 0
    }

    /// How many errors were found, kept or not.
    pub fn error_count(&self) -> usize {
        self.errors
    }

    /// How many warnings were found, kept or not.
    pub fn warning_count(&self) -> usize {
        self.warnings
    }

    /// How many errors and warnings were found but not kept.
    pub fn omitted(&self) -> (usize, usize) {
        (self.errors.saturating_sub(self.limit), self.warnings.saturating_sub(self.limit))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::FileId;

    fn at(lo: u32) -> Diagnostic {
        Diagnostic::new(Code::UnexpectedToken, Span::new(FileId(0), lo, lo + 1), "x")
    }

    #[test]
    fn keeps_a_limited_number_and_counts_the_rest() {
        let mut sink = Diagnostics::with_limit(2);
        for lo in [5, 1, 1, 9, 7] {
            sink.push(at(lo));
        }
        assert_eq!(sink.error_count(), 4, "the repetition at 1 is dropped");
        assert_eq!(sink.omitted(), (2, 0));
        assert_eq!(sink.sorted().iter().map(|d| d.primary.lo).collect::<Vec<_>>(), [1, 5]);
    }
}
