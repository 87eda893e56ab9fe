//! Diagnostics for programs: `vex check --json`, one object a line.

use serde::Serialize;

use super::{Diagnostic, Diagnostics};
use crate::source::{SourceMap, Span};

/// A place: lines and columns from 1, columns in characters, the end exclusive.
#[derive(Clone, Debug, Serialize)]
pub struct Place {
    file: String,
    line: u32,
    column: u32,
    end_line: u32,
    end_column: u32,
}

/// A diagnostic as it is written.
#[derive(Clone, Debug, Serialize)]
pub struct Record {
    code: &'static str,
    severity: &'static str,
    message: String,
    #[serde(flatten)]
    place: Place,
    notes: Vec<NoteRecord>,
}

/// A note: `kind` is `label` (about the place of the error itself), `note` or `help`.
#[derive(Clone, Debug, Serialize)]
pub struct NoteRecord {
    kind: &'static str,
    message: String,
    #[serde(flatten)]
    place: Option<Place>,
}

impl Place {
    fn of(span: Span, map: &SourceMap) -> Option<Place> {
        let file = map.files().get(span.file.0 as usize)?;
        let (start, end) = (file.line_column(span.lo), file.line_column(span.hi));
        Some(Place {
            file: file.path.clone(),
            line: start.line,
            column: start.column,
            end_line: end.line,
            end_column: end.column,
        })
    }
}

impl Record {
    /// The written form of a diagnostic.
    pub fn of(diagnostic: &Diagnostic, map: &SourceMap) -> Record {
        let nowhere = || Place { file: String::new(), line: 1, column: 1, end_line: 1, end_column: 1 };
        let mut notes = Vec::new();
        if !diagnostic.label.is_empty() {
            let place = Place::of(diagnostic.primary, map);
            notes.push(NoteRecord { kind: "label", message: diagnostic.label.clone(), place });
        }
        for note in &diagnostic.notes {
            let place = note.span.and_then(|span| Place::of(span, map));
            notes.push(NoteRecord { kind: "note", message: note.message.clone(), place });
        }
        notes.extend(diagnostic.help.iter().map(|message| NoteRecord {
            kind: "help",
            message: message.clone(),
            place: None,
        }));
        Record {
            code: diagnostic.code.id(),
            severity: diagnostic.severity().name(),
            message: diagnostic.message.clone(),
            place: Place::of(diagnostic.primary, map).unwrap_or_else(nowhere),
            notes,
        }
    }
}

/// All diagnostics that were kept, by place, one JSON object a line. What was not kept is said by
/// [`Diagnostics::omitted`]; take a sink with a high limit where that matters.
pub fn json_lines(diagnostics: &Diagnostics, map: &SourceMap) -> serde_json::Result<String> {
    let mut text = String::new();
    for diagnostic in diagnostics.sorted() {
        text.push_str(&serde_json::to_string(&Record::of(diagnostic, map))?);
        text.push('\n');
    }
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnostics::Code;

    #[test]
    fn writes_one_object_a_line() {
        let mut map = SourceMap::default();
        let file = map.add("a.vex", "let é = \nx\n");
        let mut sink = Diagnostics::default();
        sink.push(
            Diagnostic::new(Code::UnexpectedToken, Span::new(file, 10, 11), "no `x`")
                .note_at(Span::new(file, 0, 3), "here")
                .help("write y"),
        );
        let expected = concat!(
            r#"{"code":"E0101","severity":"error","message":"no `x`","#,
            r#""file":"a.vex","line":2,"column":1,"end_line":2,"end_column":2,"notes":["#,
            r#"{"kind":"note","message":"here","file":"a.vex","line":1,"column":1,"end_line":1,"end_column":4},"#,
            r#"{"kind":"help","message":"write y"}]}"#,
            "\n"
        );
        assert_eq!(json_lines(&sink, &map).expect("it can be written"), expected);
    }
}
