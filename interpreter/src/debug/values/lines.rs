//! A value on one line.

use super::Teller;
use crate::value::{Tag, Value};
use crate::vm::format::{self, Objects, Style};

/// Elements of a list that a line has room for.
const ELEMENTS: usize = 16;

impl Teller<'_> {
    /// A value on a line, as it would be written in the program: strings quoted, what is long cut off with `…`. And what there is to
    /// note about it.
    pub(super) fn line_of(&self, value: Value) -> (String, String) {
        if value.kind().is_scheduler() {
            let mut out = String::new();
            self.describe(value, &mut out);
            return (out, self.object_note(value));
        }
        let line = self.text(value, self.detail.line, ELEMENTS);
        let note = match value.kind() {
            Tag::String => match self.view.heap.len(value) {
                Ok(bytes) if bytes > self.detail.line => format!("{bytes} bytes"),
                _ => String::new(),
            },
            _ => String::new(),
        };
        (line, note)
    }

    /// A value on a line, whatever it is.
    pub fn line(&self, value: Value) -> String {
        let Ok(target) = self.see(value).target else { return self.text(value, self.detail.line, ELEMENTS) };
        self.line_of(target).0
    }

    /// A value in a few characters: a key, an element of something that is on a line itself.
    pub(super) fn brief(&self, value: Value) -> String {
        self.text(value, 40, 6)
    }

    pub(super) fn text(&self, value: Value, max_bytes: usize, max_elements: usize) -> String {
        let mut out = String::new();
        let style = Style { quoted: true, max_bytes, max_elements };
        format::styled(self.view.heap, &mut Wording(self), self.view.code, value, style, &mut out);
        // A line is one line.
        if out.contains(|c: char| c.is_control()) {
            out = out.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
        }
        out
    }
}

/// Objects of the scheduler inside of values.
struct Wording<'t, 'v>(&'t Teller<'v>);

impl Objects for Wording<'_, '_> {
    fn guarded(&mut self, value: Value) -> Option<Value> {
        match value.kind() {
            Tag::MutexGuard | Tag::ReadGuard | Tag::WriteGuard => self.0.guard(value).1,
            _ => None,
        }
    }

    fn describe(&self, value: Value, out: &mut String) {
        self.0.describe(value, out);
    }
}
