//! Source files and positions in them: what every later stage points at.
//!
//! A [`Span`] is a byte range in one file; lines and columns are computed only when something is shown.

use std::sync::Arc;

/// Index of a file in the [`SourceMap`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
pub struct FileId(pub u16);

/// A byte range `lo..hi` in one file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
pub struct Span {
    /// First byte.
    pub lo: u32,
    /// One past the last byte.
    pub hi: u32,
    /// The file.
    pub file: FileId,
}

impl Span {
    /// The range `lo..hi` of `file`.
    pub fn new(file: FileId, lo: u32, hi: u32) -> Self {
        Self { lo, hi, file }
    }

    /// The smallest span that covers both; `self`'s file wins where they differ.
    #[must_use]
    pub fn to(self, other: Span) -> Span {
        if self.file != other.file {
            return self;
        }
        Span { lo: self.lo.min(other.lo), hi: self.hi.max(other.hi), file: self.file }
    }
}

/// One file that was read, with the start of each line.
#[derive(Clone, Debug)]
pub struct SourceFile {
    /// The path as the user gave it (or as the import resolved it).
    pub path: String,
    /// The whole text.
    pub text: Arc<str>,
    line_starts: Vec<u32>,
    /// Characters before each multiple of [`STRIDE`] bytes, so that a column costs the same in a line of any length.
    characters: Vec<u32>,
}

/// Bytes between two counts of characters.
const STRIDE: usize = 256;

/// A position as people count: both from 1, the column in characters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct LineColumn {
    /// Line, from 1.
    pub line: u32,
    /// Column in characters, from 1.
    pub column: u32,
}

impl SourceFile {
    /// Line and column of a byte offset; offsets past the end give the last position.
    pub fn line_column(&self, offset: u32) -> LineColumn {
        let mut offset = (offset as usize).min(self.text.len());
        while !self.text.is_char_boundary(offset) {
            offset -= 1;
        }
        let line = self.line_starts.partition_point(|&start| start as usize <= offset) - 1;
        let column = self.characters_before(offset) - self.characters_before(self.line_starts[line] as usize) + 1;
        LineColumn { line: line as u32 + 1, column }
    }

    /// The characters that begin before a byte.
    fn characters_before(&self, offset: usize) -> u32 {
        let counted = offset / STRIDE;
        self.characters[counted] + begun(&self.text.as_bytes()[counted * STRIDE..offset])
    }

    /// The text of a line, counted from 1, without its end of line.
    pub fn line(&self, line: u32) -> Option<&str> {
        let start = *self.line_starts.get(line.checked_sub(1)? as usize)? as usize;
        let end = self.line_starts.get(line as usize).map_or(self.text.len(), |&e| e as usize);
        Some(self.text[start..end].trim_end_matches(['\n', '\r']))
    }

    /// The first byte of a line, counted from 1; the end of the text for lines past the last.
    pub fn line_start(&self, line: u32) -> u32 {
        let index = line.saturating_sub(1) as usize;
        self.line_starts.get(index).copied().unwrap_or(self.text.len() as u32)
    }

    /// How many lines the file has (an empty file has one).
    pub fn line_count(&self) -> u32 {
        self.line_starts.len() as u32
    }
}

/// The characters that begin in a piece of UTF-8 text.
fn begun(bytes: &[u8]) -> u32 {
    bytes.iter().filter(|&&byte| byte & 0xc0 != 0x80).count() as u32
}

/// All files of a program, in the order in which they were read.
#[derive(Clone, Debug, Default)]
pub struct SourceMap {
    files: Vec<SourceFile>,
}

impl SourceMap {
    /// Adds a file and gives its id.
    pub fn add(&mut self, path: impl Into<String>, text: impl Into<Arc<str>>) -> FileId {
        let text = text.into();
        let mut line_starts = vec![0];
        line_starts.extend(text.bytes().enumerate().filter(|&(_, b)| b == b'\n').map(|(i, _)| i as u32 + 1));
        let mut characters = vec![0];
        for piece in text.as_bytes().chunks_exact(STRIDE) {
            characters.push(characters[characters.len() - 1] + begun(piece));
        }
        self.files.push(SourceFile { path: path.into(), text, line_starts, characters });
        FileId((self.files.len() - 1) as u16)
    }

    /// The file behind an id.
    pub fn file(&self, id: FileId) -> &SourceFile {
        &self.files[id.0 as usize]
    }

    /// All files, in order.
    pub fn files(&self) -> &[SourceFile] {
        &self.files
    }

    /// `path:line:column` of the start of a span.
    pub fn locate(&self, span: Span) -> String {
        let file = self.file(span.file);
        let at = file.line_column(span.lo);
        format!("{}:{}:{}", file.path, at.line, at.column)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_count_characters_and_lines_start_at_one() {
        let mut map = SourceMap::default();
        let id = map.add("a.vex", "let é = 1\nx\n");
        let file = map.file(id);
        assert_eq!(file.line_column(0), LineColumn { line: 1, column: 1 });
        assert_eq!(file.line_column(6), LineColumn { line: 1, column: 6 });
        assert_eq!(file.line_column(11), LineColumn { line: 2, column: 1 });
        assert_eq!(file.line_column(999), LineColumn { line: 3, column: 1 });
        assert_eq!(file.line(2), Some("x"));
        assert_eq!(file.line_count(), 3);
    }

    #[test]
    fn columns_of_a_long_line_are_those_of_a_count_from_its_start() {
        let text = "x\n".to_owned() + &"aé→😀".repeat(300);
        let mut map = SourceMap::default();
        let id = map.add("a.vex", text.as_str());
        for (column, (offset, _)) in text[2..].char_indices().enumerate() {
            let at = LineColumn { line: 2, column: column as u32 + 1 };
            assert_eq!(map.file(id).line_column(offset as u32 + 2), at);
        }
        assert_eq!(map.file(id).line_column(u32::MAX), LineColumn { line: 2, column: 1201 });
    }
}
