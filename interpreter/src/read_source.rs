//! Source files from disk: everything that can be wrong with one before its language is even asked.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use crate::diagnostics::{Code, Diagnostic, Diagnostics};
use crate::source::{FileId, SourceMap, Span};

/// Larger files are refused.
pub const MAX_SOURCE_BYTES: u64 = 64 << 20;

/// Why a file is no source text.
#[derive(Debug, thiserror::Error)]
pub enum SourceError {
    /// It cannot be opened or read.
    #[error("cannot read the file: {0}")]
    Io(#[from] io::Error),
    /// It is a directory.
    #[error("this is a directory")]
    Directory,
    /// It is larger than [`MAX_SOURCE_BYTES`].
    #[error("the file is larger than {} MiB", MAX_SOURCE_BYTES >> 20)]
    TooLarge,
    /// It is not UTF-8.
    #[error("the file is not UTF-8 text: byte {offset} (line {line}) fits no character")]
    NotUtf8 {
        /// The first byte that fits no character, from 0.
        offset: usize,
        /// Its line, from 1.
        line: usize,
        /// The text up to there.
        valid: String,
    },
}

/// The text of a file.
pub fn read_source(path: &Path) -> Result<String, SourceError> {
    let file = File::open(path)?;
    if file.metadata()?.is_dir() {
        return Err(SourceError::Directory);
    }
    let mut bytes = Vec::new();
    // Not the length of the metadata: devices and pipes have none.
    file.take(MAX_SOURCE_BYTES + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > MAX_SOURCE_BYTES {
        return Err(SourceError::TooLarge);
    }
    String::from_utf8(bytes).map_err(|error| {
        let offset = error.utf8_error().valid_up_to();
        let valid = String::from_utf8_lossy(&error.as_bytes()[..offset]).into_owned();
        SourceError::NotUtf8 { offset, line: valid.bytes().filter(|&b| b == b'\n').count() + 1, valid }
    })
}

/// Reads a file into the map, or reports why it cannot be read.
pub fn load_source(path: &Path, map: &mut SourceMap, diagnostics: &mut Diagnostics) -> Option<FileId> {
    let shown = path.display().to_string();
    match read_source(path) {
        Ok(text) => Some(map.add(shown, text)),
        Err(error) => {
            let message = error.to_string();
            // What could be read is put into the map, so that the place can be shown.
            let text = match error {
                SourceError::NotUtf8 { valid, .. } => valid,
                _ => String::new(),
            };
            let end = text.len() as u32;
            let file = map.add(shown, text);
            diagnostics.push(Diagnostic::new(Code::UnreadableFile, Span::new(file, end, end), message));
            None
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(bytes: &[u8]) -> Result<String, String> {
        let mut file = tempfile::NamedTempFile::new().expect("a scratch file");
        io::Write::write_all(&mut file, bytes).expect("it can be written");
        read_source(file.path()).map_err(|error| error.to_string())
    }

    #[test]
    fn reads_text_and_refuses_the_rest() {
        assert_eq!(message(b""), Ok(String::new()));
        assert_eq!(message("\u{feff}fn main() {}\0".as_bytes()), Ok("\u{feff}fn main() {}\0".to_owned()));
        let broken = Err("the file is not UTF-8 text: byte 4 (line 2) fits no character".to_owned());
        assert_eq!(message(b"ab\nc\xff\n"), broken);
        let missing = read_source(Path::new("/nowhere/a.vex")).map_err(|error| error.to_string());
        assert!(missing.is_err_and(|message| message.starts_with("cannot read the file: ")));
        let directory = read_source(Path::new("/")).map_err(|error| error.to_string());
        assert_eq!(directory, Err("this is a directory".to_owned()));
    }

    #[test]
    fn reports_the_place_of_a_broken_character() {
        let mut file = tempfile::NamedTempFile::new().expect("a scratch file");
        io::Write::write_all(&mut file, b"fn main() {}\n\xff").expect("it can be written");
        let (mut map, mut diagnostics) = (SourceMap::default(), Diagnostics::default());
        assert_eq!(load_source(file.path(), &mut map, &mut diagnostics), None);
        assert!(map.locate(diagnostics.list()[0].primary).ends_with(":2:1"));
    }
}
