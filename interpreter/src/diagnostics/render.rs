//! Diagnostics as text for people, in the manner of rustc, by the crate annotate-snippets.
//!
//! The crate gets only the lines that it shows, not the whole file, so a diagnostic costs the same in a file of
//! ten lines and of ten megabytes. Ranges are clamped to characters of those lines before it sees them.

use std::ops::Range;

use annotate_snippets::renderer::DecorStyle;
use annotate_snippets::{AnnotationKind, Group, Level, Origin, Renderer, Snippet};

use super::{Diagnostic, Diagnostics, Severity};
use crate::source::{FileId, SourceFile, SourceMap, Span};

/// How diagnostics look.
#[derive(Clone, Copy, Debug)]
pub struct Style {
    /// With terminal colours.
    pub color: bool,
    /// With line-drawing characters instead of ASCII.
    pub unicode: bool,
    /// Longer source lines are cut.
    pub width: usize,
}

impl Default for Style {
    /// Plain text of 120 columns, for files and tests.
    fn default() -> Self {
        Style { color: false, unicode: false, width: 120 }
    }
}

/// A range over more lines than this is shown by its first line.
const MAX_SPAN_LINES: u32 = 5;
/// Lines between two places of one file beyond which they are shown as two snippets.
const MAX_GAP: u32 = 200;
/// A longer line is not quoted: the place is named only.
const MAX_LINE_BYTES: usize = 4000;

/// All diagnostics by place, and a last line about those that were not kept.
pub fn render_all(diagnostics: &Diagnostics, map: &SourceMap, style: Style) -> String {
    let mut text = String::new();
    for diagnostic in diagnostics.sorted() {
        text.push_str(&render(diagnostic, map, style));
        text.push_str("\n\n");
    }
    if let Some(omitted) = omitted(diagnostics) {
        text.push_str(&omitted);
        text.push('\n');
    }
    text
}

/// How many diagnostics were found but not kept, as a sentence.
pub fn omitted(diagnostics: &Diagnostics) -> Option<String> {
    let count = |n: usize, what: &str| match n {
        0 => None,
        1 => Some(format!("1 more {what}")),
        n => Some(format!("{n} more {what}s")),
    };
    let (errors, warnings) = diagnostics.omitted();
    let parts: Vec<String> = [count(errors, "error"), count(warnings, "warning")].into_iter().flatten().collect();
    (!parts.is_empty()).then(|| format!("... and {}, not shown", parts.join(" and ")))
}

/// One diagnostic, without a newline at its end.
pub fn render(diagnostic: &Diagnostic, map: &SourceMap, style: Style) -> String {
    let level = match diagnostic.severity() {
        Severity::Error => Level::ERROR,
        Severity::Warning => Level::WARNING,
    };
    let mut group =
        level.primary_title(&diagnostic.message).id(diagnostic.code.id()).elements(Vec::<Origin<'_>>::new());
    for part in parts(diagnostic, map) {
        group = part.add_to(group, map);
    }
    for note in diagnostic.notes.iter().filter(|note| note.span.is_none()) {
        group = group.element(Level::NOTE.message(&note.message));
    }
    for help in &diagnostic.help {
        group = group.element(Level::HELP.message(help));
    }
    let renderer = if style.color { Renderer::styled() } else { Renderer::plain() };
    let decor = if style.unicode { DecorStyle::Unicode } else { DecorStyle::Ascii };
    renderer.decor_style(decor).term_width(style.width.max(40)).render(&[group])
}

/// Places of one file that are shown together, between two of its lines.
struct Part<'a> {
    file: FileId,
    lines: Range<u32>,
    places: Vec<Place<'a>>,
}

struct Place<'a> {
    span: Span,
    label: &'a str,
    primary: bool,
}

fn parts<'a>(diagnostic: &'a Diagnostic, map: &SourceMap) -> Vec<Part<'a>> {
    let primary = Place { span: diagnostic.primary, label: &diagnostic.label, primary: true };
    let notes = diagnostic
        .notes
        .iter()
        .filter_map(|note| note.span.map(|span| Place { span, label: &note.message, primary: false }));
    let mut parts: Vec<Part<'a>> = Vec::new();
    for place in std::iter::once(primary).chain(notes) {
        let Some(file) = map.files().get(place.span.file.0 as usize) else { continue };
        let lines = shown_lines(file, place.span);
        let near = |part: &&mut Part<'_>| {
            part.file == place.span.file
                && lines.start <= part.lines.end.saturating_add(MAX_GAP)
                && part.lines.start <= lines.end.saturating_add(MAX_GAP)
        };
        match parts.iter_mut().find(near) {
            Some(part) => {
                part.lines = part.lines.start.min(lines.start)..part.lines.end.max(lines.end);
                part.places.push(place);
            }
            None => parts.push(Part { file: place.span.file, lines, places: vec![place] }),
        }
    }
    parts
}

/// The lines of a span that are shown, as first..last+1.
fn shown_lines(file: &SourceFile, span: Span) -> Range<u32> {
    let first = file.line_column(span.lo).line;
    let last = file.line_column(span.hi.saturating_sub(1).max(span.lo)).line;
    if last - first > MAX_SPAN_LINES { first..first + 1 } else { first..last + 1 }
}

impl<'a> Part<'a> {
    fn add_to(self, group: Group<'a>, map: &'a SourceMap) -> Group<'a> {
        let file = map.file(self.file);
        let start = file.line_start(self.lines.start) as usize;
        let end = file.line_start(self.lines.end) as usize;
        let text = file.text[start..end].trim_end_matches(['\n', '\r']);
        if text.lines().any(|line| line.len() > MAX_LINE_BYTES) {
            return self.places.iter().fold(group, |group, place| {
                let at = file.line_column(place.span.lo);
                let origin = Origin::path(file.path.as_str()).line(at.line as usize).char_column(at.column as usize);
                let group = group.element(origin);
                if place.label.is_empty() { group } else { group.element(Level::NOTE.message(place.label)) }
            });
        }
        let mut snippet = Snippet::source(text).line_start(self.lines.start as usize).path(file.path.as_str());
        for place in &self.places {
            let shown = shown_lines(file, place.span);
            let kind = if place.primary { AnnotationKind::Primary } else { AnnotationKind::Context };
            let lo = clamp(file, place.span.lo as usize, start, start + text.len());
            let line_end = file.line_start(shown.end) as usize;
            let hi = clamp(file, (place.span.hi as usize).min(line_end), lo, start + text.len());
            let hi = lo + file.text[lo..hi].trim_end_matches(['\n', '\r']).len();
            let mut annotation = kind.span(lo - start..hi - start);
            if !place.label.is_empty() {
                annotation = annotation.label(place.label);
            }
            snippet = snippet.annotation(annotation);
        }
        group.element(snippet)
    }
}

/// `offset` between two bounds, at the start of a character.
fn clamp(file: &SourceFile, offset: usize, low: usize, high: usize) -> usize {
    let mut offset = offset.clamp(low, high.max(low));
    while !file.text.is_char_boundary(offset) {
        offset -= 1;
    }
    offset
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnostics::Code;

    const TEXT: &str =
        "fn main() {\n    let! data = [1, 2, 3]\n    go { data.push(4) };\n    go { data.push(5) };\n}\n";

    fn span(map: &SourceMap, file: FileId, nth: usize, text: &str) -> Span {
        let (lo, _) = map.file(file).text.match_indices(text).nth(nth).expect("the text is there");
        Span::new(file, lo as u32, (lo + text.len()) as u32)
    }

    #[test]
    fn shows_both_captures_of_a_moved_value() {
        let mut map = SourceMap::default();
        let file = map.add("a.vex", TEXT);
        let diagnostic = Diagnostic::new(Code::MovedIntoTwoTasks, span(&map, file, 2, "data"), "cannot move `data`")
            .label("used after the move")
            .note_at(span(&map, file, 1, "data"), "moved into this task")
            .note("lists are not Copy")
            .help("share it through a Box");
        let expected = "\
error[E0402]: cannot move `data`
 --> a.vex:4:10
  |
3 |     go { data.push(4) };
  |          ---- moved into this task
4 |     go { data.push(5) };
  |          ^^^^ used after the move
  |
  = note: lists are not Copy
  = help: share it through a Box";
        assert_eq!(render(&diagnostic, &map, Style::default()), expected);
        assert!(render(&diagnostic, &map, Style { color: true, ..Style::default() }).contains("\u{1b}["));
    }

    #[test]
    fn says_how_many_are_missing() {
        let mut map = SourceMap::default();
        let file = map.add("a.vex", TEXT);
        let mut sink = Diagnostics::with_limit(1);
        for lo in 0..3 {
            sink.push(Diagnostic::new(Code::UnexpectedToken, Span::new(file, lo, lo + 1), "x"));
        }
        assert!(render_all(&sink, &map, Style::default()).ends_with("\n... and 2 more errors, not shown\n"));
    }

    #[test]
    fn any_range_can_be_shown() {
        let mut map = SourceMap::default();
        let long = format!("let x = \"{}\"", "é".repeat(5000));
        for text in ["", "\n", "é\r\n\u{feff}日本\ttab", long.as_str(), TEXT] {
            let file = map.add("a.vex", text);
            let ends = [0, 1, 2, 3, 7, 20, 40, 60, 90, 9000, u32::MAX];
            for lo in ends {
                for hi in ends.into_iter().filter(|&hi| hi >= lo) {
                    let place = Span::new(file, lo, hi);
                    let diagnostic = Diagnostic::new(Code::UnexpectedToken, place, "x")
                        .label("y")
                        .note_at(Span::new(file, 0, lo), "z");
                    let shown = render(&diagnostic, &map, Style::default());
                    assert!(shown.starts_with("error[E0101]: x\n"), "{shown}");
                    assert!(shown.contains("--> a.vex:"), "{shown}");
                }
            }
        }
    }
}
