//! Source text in lines, with just enough of a lexer to colour it: comments, strings, numbers, keywords, types.
//!
//! It is the same for all our languages and never wrong enough to hide a word: what it does not know stays plain. Comments and
//! strings may go over lines, so each line remembers in which of them it begins; colouring then needs no line but its own.

use crate::theme::Role;
use std::ops::Range;
use std::sync::Arc;
use tracer::program::ProgramInfo;

const KEYWORDS: &[&str] = &[
    "as", "async", "await", "break", "case", "const", "continue", "contract", "defer", "default", "else", "elif",
    "enum", "export", "extern", "false", "fn", "for", "from", "fun", "go", "if", "impl", "import", "in", "let", "loop",
    "match", "mod", "move", "mut", "nil", "policy", "private", "pub", "public", "readonly", "return", "select", "self",
    "spawn", "struct", "true", "try", "type", "unsafe", "use", "where", "while", "with",
];

/// Bytes of the longest line that is coloured.
const LONGEST: usize = 4096;

/// What a line begins inside of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
enum Within {
    #[default]
    Code,
    Comment,
    String,
}

/// A file in lines.
#[derive(Clone, Debug)]
pub struct SourceFile {
    /// As the user named it.
    pub path: String,
    text: Arc<str>,
    lines: Vec<(usize, Within)>,
}

impl SourceFile {
    /// All files of a program.
    pub fn all(program: &ProgramInfo) -> Vec<SourceFile> {
        program.files.iter().map(|file| SourceFile::new(&file.path, Arc::clone(&file.text))).collect()
    }

    fn new(path: &str, text: Arc<str>) -> SourceFile {
        let mut lines = Vec::new();
        let mut within = Within::Code;
        let mut start = 0;
        for line in text.split_inclusive('\n') {
            lines.push((start, within));
            within = scan(line.trim_end_matches(['\n', '\r']), within, &mut |_, _| {});
            start += line.len();
        }
        SourceFile { path: path.to_string(), text, lines }
    }

    /// Number of lines.
    pub fn len(&self) -> usize {
        self.lines.len()
    }

    /// Whether there is no text.
    pub fn is_empty(&self) -> bool {
        self.lines.is_empty()
    }

    /// A line without its end, counted from 1; empty where there is none.
    pub fn line(&self, number: u32) -> &str {
        let Some(index) = (number as usize).checked_sub(1) else { return "" };
        let Some(&(start, _)) = self.lines.get(index) else { return "" };
        let end = self.lines.get(index + 1).map_or(self.text.len(), |next| next.0);
        self.text[start..end].trim_end_matches(['\n', '\r'])
    }

    /// The coloured parts of a line: byte ranges of [`SourceFile::line`]. Lines that nobody wrote by hand stay plain.
    pub fn colors(&self, number: u32) -> Vec<(Range<usize>, Role)> {
        let mut parts = Vec::new();
        if self.line(number).len() > LONGEST {
            return parts;
        }
        if let Some(&(_, within)) = (number as usize).checked_sub(1).and_then(|index| self.lines.get(index)) {
            scan(self.line(number), within, &mut |range, role| parts.push((range, role)));
        }
        parts
    }
}

/// Goes through a line, reports its coloured parts and says what the next line begins inside of.
fn scan(line: &str, mut within: Within, report: &mut dyn FnMut(Range<usize>, Role)) -> Within {
    let bytes = line.as_bytes();
    let mut at = 0;
    while at < bytes.len() {
        let start = at;
        match within {
            Within::Comment => {
                at = line[at..].find("*/").map_or(bytes.len(), |found| at + found + 2);
                report(start..at, Role::Comment);
                within = if line[start..at].ends_with("*/") { Within::Code } else { Within::Comment };
            }
            Within::String => {
                within = Within::String;
                while at < bytes.len() {
                    match bytes[at] {
                        b'\\' => at += 2,
                        b'"' => {
                            at += 1;
                            within = Within::Code;
                            break;
                        }
                        _ => at += 1,
                    }
                }
                at = at.min(bytes.len());
                report(start..at, Role::Text);
            }
            Within::Code => {
                let byte = bytes[at];
                if line[at..].starts_with("//") {
                    report(at..bytes.len(), Role::Comment);
                    return Within::Code;
                } else if line[at..].starts_with("/*") {
                    at += 2;
                    report(start..at, Role::Comment);
                    within = Within::Comment;
                } else if byte == b'"' {
                    at += 1;
                    report(start..at, Role::Text);
                    within = Within::String;
                } else if let Some(end) = char_literal(&line[at..]) {
                    at += end;
                    report(start..at, Role::Text);
                } else if byte.is_ascii_digit() {
                    while at < bytes.len() && (bytes[at].is_ascii_alphanumeric() || bytes[at] == b'_') {
                        at += 1;
                    }
                    report(start..at, Role::Number);
                } else if byte.is_ascii_alphabetic() || byte == b'_' {
                    while at < bytes.len() && (bytes[at].is_ascii_alphanumeric() || bytes[at] == b'_') {
                        at += 1;
                    }
                    let word = &line[start..at];
                    if KEYWORDS.contains(&word) {
                        report(start..at, Role::Keyword);
                    } else if byte.is_ascii_uppercase() {
                        report(start..at, Role::Type);
                    }
                } else {
                    // Any other character, which may be longer than a byte.
                    at += line[at..].chars().next().map_or(1, char::len_utf8);
                }
            }
        }
    }
    within
}

/// Length of the character literal that a text begins with: without it `'"'` would open a string.
fn char_literal(text: &str) -> Option<usize> {
    let mut chars = text.char_indices();
    if chars.next()?.1 != '\'' {
        return None;
    }
    if chars.next()?.1 == '\\' {
        chars.next()?;
    }
    let (end, last) = chars.next()?;
    (last == '\'').then_some(end + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(text: &str) -> SourceFile {
        SourceFile::new("a.vex", text.into())
    }

    #[test]
    fn lines_are_counted_from_one() {
        let file = file("one\ntwo\r\n\nfour");
        assert_eq!(file.len(), 4);
        assert_eq!([0, 1, 2, 3, 4, 5].map(|n| file.line(n)), ["", "one", "two", "", "four", ""]);
    }

    #[test]
    fn words_strings_and_comments_are_told_apart() {
        let file = file("let x = \"a\\\"b\" + 12 // end");
        let parts: Vec<(&str, Role)> =
            file.colors(1).into_iter().map(|(range, role)| (&file.line(1)[range], role)).collect();
        let expected = [
            ("let", Role::Keyword),
            ("\"", Role::Text),
            ("a\\\"b\"", Role::Text),
            ("12", Role::Number),
            ("// end", Role::Comment),
        ];
        assert_eq!(parts, expected);
    }

    #[test]
    fn a_quote_in_a_character_opens_no_string() {
        assert_eq!(file("'\"' 1").colors(1), [(0..3, Role::Text), (4..5, Role::Number)]);
        assert_eq!(file("'\\n' it's").colors(1), [(0..4, Role::Text)]);
    }

    #[test]
    fn comments_and_strings_go_over_lines() {
        let file = file("a /* b\nc */ Channel\n\"d\ne\" fn");
        assert_eq!(file.colors(2), [(0..4, Role::Comment), (5..12, Role::Type)]);
        assert_eq!(file.colors(4), [(0..2, Role::Text), (3..5, Role::Keyword)]);
    }

    #[test]
    fn any_text_is_survived() {
        for text in ["", "\\", "\"\\", "/*/", "é\"ü\\", "日本 /* 語", "'\"'", "1é"] {
            let file = file(text);
            for (range, _) in file.colors(1) {
                assert!(
                    file.line(1).is_char_boundary(range.start) && file.line(1).is_char_boundary(range.end),
                    "{text}"
                );
            }
        }
    }
}
