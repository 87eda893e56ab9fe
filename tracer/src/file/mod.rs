//! The trace file (`.vxt`): a run on disk, written while it runs and read at any place.
//!
//! `docs/trace-format.md` describes every byte. In short: a magic number and a version, then *sections*, each with a
//! checksummed header and an lz4 block: what the file is of (`HEAD`), blocks of at most some four thousand events (`EVNT`),
//! findings as they were made (`FIND`), how it ended (`ENDS`), any others by name, and an index (`INDX`) to which the last
//! bytes of the file point. A writer that is killed leaves a file without the end of it, which is read up to its last whole
//! block.
//!
//! - `section`, `varint`: what a section is, and numbers in it.
//! - `block`: the events of a block as bytes; `model`: what need not be written, since it can be guessed.
//! - `cutter`: a stream of events into blocks; `stamps`: which event a finding means.
//! - `index`: where everything is.
//! - [`FileWriter`] writes, [`Ring`] keeps the newest events instead, [`TraceFile`] reads, [`add_section`] adds to a file that is finished.
//!
//! Files are hostile input: no length is believed before it has been compared with what there is, no memory taken that the
//! file does not account for, and what makes no sense is an [`Error`] or a gap in the events, never a panic.

mod block;
mod cutter;
mod index;
mod model;
mod reader;
mod ring;
mod scan;
mod section;
mod source;
mod stamps;
mod tail;
mod varint;
mod writer;

pub use cutter::Kinds;
pub use index::BlockInfo;
pub use reader::TraceFile;
pub use ring::Ring;
pub use tail::add_section;
pub use writer::{FileWriter, Written};

use crate::about::About;
use crate::about::Ending;
use crate::finding::Finding;
use crate::program::ProgramInfo;
use section::Tag;
use serde::{Deserialize, Serialize};
use std::io;
use std::path::PathBuf;
use std::sync::Arc;

/// What a trace file begins with: a byte that is no text, the name, and what a transfer as text would change.
const MAGIC: [u8; 8] = *b"\x89vxt\r\n\x1a\n";

/// The version that is written. A reader reads every file of its major version: later minor versions only add sections, kinds
/// of events, fields of JSON documents and bytes behind those of an info.
pub const VERSION: (u16, u16) = (1, 0);

/// Bytes before the first section: magic number, version, four zeros.
const PREAMBLE: usize = 16;

const HEAD: Tag = *b"HEAD";
const EVENTS: Tag = *b"EVNT";
const FINDING: Tag = *b"FIND";
const ENDS: Tag = *b"ENDS";
const INDEX: Tag = *b"INDX";
const PART: Tag = *b"PART";

/// Largest block of events, uncompressed, and largest document.
const LARGEST_BLOCK: usize = 64 << 20;
const LARGEST_DOCUMENT: usize = 256 << 20;

/// The name of a section with summaries for the store.
pub const SUMMARIES: [u8; 4] = *b"SUMM";

/// What a trace file is of.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Header {
    /// What was run, and how.
    pub about: About,
    /// The program, so that a trace can be looked at where its sources are not.
    pub program: Arc<ProgramInfo>,
}

/// How a run ended, as a document.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct Ends {
    ending: Ending,
    #[serde(default)]
    findings: Vec<Finding>,
}

/// The bytes before the first section.
fn preamble() -> [u8; PREAMBLE] {
    let mut out = [0; PREAMBLE];
    out[..8].copy_from_slice(&MAGIC);
    out[8..10].copy_from_slice(&VERSION.0.to_le_bytes());
    out[10..12].copy_from_slice(&VERSION.1.to_le_bytes());
    out
}

/// Why a trace file cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// It does not begin as one.
    #[error("{} is not a trace file", path.display())]
    NotATrace {
        /// The file.
        path: PathBuf,
    },
    /// It is of a later major version.
    #[error("{} was written by a newer vex (trace format {version}; this one reads up to {}.x): use that one", path.display(), VERSION.0)]
    Newer {
        /// The file.
        path: PathBuf,
        /// Its major version.
        version: u16,
    },
    /// The system cannot read it.
    #[error("cannot read {}: {source}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// Something in it makes no sense.
    #[error("the trace is damaged: {0}")]
    Damaged(&'static str),
}

impl From<Error> for io::Error {
    fn from(error: Error) -> Self {
        match error {
            Error::Read { source, path } => io::Error::new(source.kind(), Error::Read { path, source }),
            other => io::Error::new(io::ErrorKind::InvalidData, other),
        }
    }
}

/// Makes sure that nobody else writes a file; released when it is closed. Advisory, and only where the system has it.
#[cfg(unix)]
fn lock(file: &std::fs::File) -> io::Result<()> {
    use rustix::fs::{FlockOperation, flock};
    use rustix::io::Errno;
    match flock(file, FlockOperation::NonBlockingLockExclusive) {
        Err(Errno::WOULDBLOCK) => Err(io::Error::new(io::ErrorKind::WouldBlock, "another process is writing it")),
        // A file system without locks has nobody to keep out.
        _ => Ok(()),
    }
}

#[cfg(not(unix))]
fn lock(_file: &std::fs::File) -> io::Result<()> {
    Ok(())
}
