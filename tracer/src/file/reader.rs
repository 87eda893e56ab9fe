//! Reading a trace file.

use super::block::Decoder;
use super::index::{self, BlockInfo, Index, SectionInfo, TRAILER};
use super::scan::scan;
use super::section::{Head, Tag};
use super::source::Source;
use super::stamps::{self, Tally};
use super::{ENDS, Ends, Error, FINDING, HEAD, Header, INDEX, LARGEST_DOCUMENT, MAGIC, PART, PREAMBLE, VERSION};
use crate::about::{About, Ending};
use crate::chunk::Chunk;
use crate::finding::Finding;
use crate::program::ProgramInfo;
use crate::trace::Trace;
use serde::de::DeserializeOwned;
use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Mutex, PoisonError};

/// A trace file that is open for reading. Reads take `&self`, from as many threads as one likes.
#[derive(Debug)]
pub struct TraceFile {
    path: PathBuf,
    source: Source,
    header: Header,
    ending: Option<Ending>,
    findings: Vec<Finding>,
    index: Index,
    /// Where the sections of the file end: its index, or what is cut off, comes behind.
    end: u64,
    finished: bool,
    warnings: Vec<String>,
    damaged: AtomicU64,
    scratch: Mutex<Vec<Scratch>>,
}

/// Memory for reading a section, kept for the next one.
#[derive(Debug, Default)]
struct Scratch {
    section: Vec<u8>,
    decoder: Decoder,
}

impl TraceFile {
    /// Opens a trace file: reads what it is of and where everything is, but no events.
    ///
    /// # Errors
    /// When it is no trace file, of a newer major version, or cannot be read. One that is damaged or was cut off is no error;
    /// see [`TraceFile::warnings`].
    pub fn open(path: &Path) -> Result<TraceFile, Error> {
        let failed = |source| Error::Read { path: path.to_path_buf(), source };
        let source = File::open(path).and_then(Source::new).map_err(failed)?;
        let mut preamble = Vec::new();
        source.read_some(0, PREAMBLE, &mut preamble).map_err(failed)?;
        let version = match preamble.first_chunk::<PREAMBLE>() {
            Some(begin) if begin[..8] == MAGIC => u16::from_le_bytes([begin[8], begin[9]]),
            _ => 0,
        };
        if version == 0 {
            return Err(Error::NotATrace { path: path.to_path_buf() });
        }
        if version > VERSION.0 {
            return Err(Error::Newer { path: path.to_path_buf(), version });
        }
        let mut file = TraceFile {
            path: path.to_path_buf(),
            source,
            header: Header::default(),
            ending: None,
            findings: Vec::new(),
            index: Index::default(),
            end: PREAMBLE as u64,
            finished: false,
            warnings: Vec::new(),
            damaged: AtomicU64::new(0),
            scratch: Mutex::default(),
        };
        file.find_sections().map_err(failed)?;
        file.read_documents();
        Ok(file)
    }

    /// Finds out where everything is: by the index, or by looking through the file.
    fn find_sections(&mut self) -> io::Result<()> {
        if let Some((index, end)) = self.read_index() {
            (self.index, self.end, self.finished) = (index, end, true);
            return Ok(());
        }
        let found = scan(&self.source)?;
        let ended = found.index.sections.iter().any(|section| section.tag == ENDS);
        let name = self.path.display().to_string();
        let events = found.index.blocks.last().map_or(0, BlockInfo::end);
        if ended {
            self.warnings.push(format!("{name}: its index is missing or damaged; the file was looked through instead"));
        } else {
            self.warnings.push(format!("{name} was cut off after event {events}: read up to its last whole block"));
        }
        if found.damaged > 0 || found.skipped > 0 {
            self.warnings.push(format!(
                "{name} is damaged: {} sections and {} bytes between sections were left out",
                found.damaged, found.skipped
            ));
        }
        self.damaged = AtomicU64::new(found.damaged);
        (self.index, self.end) = (found.index, found.end);
        Ok(())
    }

    /// The index and where it stands, where the file ends with a trailer that leads to one.
    fn read_index(&self) -> Option<(Index, u64)> {
        let length = self.source.length();
        let mut trailer = [0; TRAILER];
        self.source.read(length.checked_sub(TRAILER as u64)?, &mut trailer).ok()?;
        let (offset, size) = index::find(&trailer, length)?;
        let payload = self.read_section(INDEX, offset, size, usize::MAX).ok()?;
        let mut index = Index::decode(&payload, offset)?;
        let mut blocks = Vec::new();
        for part in std::mem::take(&mut index.parts) {
            let payload = self.read_section(PART, part.offset, part.size, usize::MAX).ok()?;
            append(&mut blocks, &Index::decode(&payload, part.offset)?.blocks)?;
        }
        append(&mut blocks, &index.blocks)?;
        index.blocks = blocks;
        Some((index, offset))
    }

    /// Reads what the file is of, how it ended and what was found.
    fn read_documents(&mut self) {
        match self.last_document::<Header>(HEAD) {
            Ok(Some(header)) => self.header = header,
            Ok(None) => self.warnings.push("the trace does not say what it is of".to_string()),
            Err(error) => self.warnings.push(format!("the trace does not say what it is of: {error}")),
        }
        match self.last_document::<Ends>(ENDS) {
            Ok(Some(ends)) => (self.ending, self.findings) = (Some(ends.ending), ends.findings),
            Ok(None) => {}
            Err(error) => self.warnings.push(format!("the trace does not say how it ended: {error}")),
        }
        if self.ending.is_none() {
            let sections: Vec<SectionInfo> = self.sections(FINDING).collect();
            for section in sections {
                match self.document(&section) {
                    Ok(finding) => self.findings.push(finding),
                    Err(error) => self.warnings.push(format!("a finding cannot be read: {error}")),
                }
            }
            self.resolve();
        }
    }

    /// Findings that were written as they were made name their events by stamps, if several workers recorded.
    fn resolve(&mut self) {
        let mut findings = std::mem::take(&mut self.findings);
        if stamps::are_stamped(&findings) {
            let mut read = |block, _: &BlockInfo, chunk: &mut Chunk| self.read(block, chunk).is_ok();
            let tallies = stamps::tallies(&self.index.blocks, 0, &mut read);
            let blocks = self.index.blocks.iter().zip(&tallies);
            stamps::resolve(&mut findings, &Tally::default(), blocks, &mut read);
            stamps::forget(&mut findings);
        }
        self.findings = findings;
    }

    fn sections(&self, tag: Tag) -> impl Iterator<Item = SectionInfo> {
        self.index.sections.iter().copied().filter(move |section| section.tag == tag)
    }

    /// The last document of this name.
    fn last_document<T: DeserializeOwned>(&self, tag: Tag) -> Result<Option<T>, Error> {
        let section = self.sections(tag).last();
        section.map(|section| self.document(&section)).transpose()
    }

    fn document<T: DeserializeOwned>(&self, section: &SectionInfo) -> Result<T, Error> {
        let bytes = self.read_section(section.tag, section.offset, section.size, LARGEST_DOCUMENT)?;
        serde_json::from_slice(&bytes).map_err(|_| Error::Damaged("a document makes no sense"))
    }

    /// What went wrong so far in reading the file as a whole, each a sentence.
    pub fn warnings(&self) -> &[String] {
        &self.warnings
    }

    /// Blocks that could not be read so far: their events are missing.
    pub fn damaged(&self) -> u64 {
        self.damaged.load(Relaxed)
    }

    /// Whether the file was finished: it ends with an index.
    pub fn is_finished(&self) -> bool {
        self.finished
    }

    /// Its path.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Its length in bytes when it was opened.
    pub fn size(&self) -> u64 {
        self.source.length()
    }

    /// What it is of.
    pub fn header(&self) -> &Header {
        &self.header
    }

    /// Its blocks, in the order of their events.
    pub fn blocks(&self) -> &[BlockInfo] {
        &self.index.blocks
    }

    /// Reads a block of events into a chunk, whatever was in that before.
    ///
    /// # Errors
    /// When the block cannot be read, or is damaged: then the chunk is empty.
    pub fn read(&self, block: usize, chunk: &mut Chunk) -> Result<(), Error> {
        chunk.clear();
        let info = self.index.blocks.get(block).ok_or(Error::Damaged("there is no such block"))?;
        let mut scratch = self.lock().pop().unwrap_or_default();
        let read = self.read_block(info, &mut scratch, chunk);
        self.lock().push(scratch);
        if matches!(read, Err(Error::Damaged(_))) {
            self.damaged.fetch_add(1, Relaxed);
            chunk.clear();
        }
        read
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Vec<Scratch>> {
        self.scratch.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn read_block(&self, info: &BlockInfo, scratch: &mut Scratch, chunk: &mut Chunk) -> Result<(), Error> {
        let Scratch { section, decoder } = scratch;
        let size = usize::try_from(info.stored).map_err(|_| Error::Damaged("a block is too large"))?;
        let failed = |source| Error::Read { path: self.path.clone(), source };
        self.source.read_some(info.offset, size, section).map_err(failed)?;
        decoder.open(section, info, chunk)
    }

    /// The content of the last section of this name, where there is one and it is whole: what was stored beside the events.
    pub fn section(&self, tag: [u8; 4]) -> Option<Vec<u8>> {
        let section = self.sections(tag).last()?;
        self.read_section(tag, section.offset, section.size, usize::MAX).ok()
    }

    /// The payload of a section that should be of this name and at most this large.
    fn read_section(&self, tag: Tag, offset: u64, size: u64, most: usize) -> Result<Vec<u8>, Error> {
        let (mut section, mut raw) = (Vec::new(), Vec::new());
        let head = self.read_whole(tag, offset, size, most, &mut section)?;
        head.unpack(&section, &mut raw)?;
        Ok(raw)
    }

    /// Reads a section as it stands in the file. Its size has been compared with the file's length.
    fn read_whole(&self, tag: Tag, offset: u64, size: u64, most: usize, section: &mut Vec<u8>) -> Result<Head, Error> {
        let size = usize::try_from(size).map_err(|_| Error::Damaged("a section is too large"))?;
        let failed = |source| Error::Read { path: self.path.clone(), source };
        self.source.read_some(offset, size, section).map_err(failed)?;
        let (head, _) = Head::parse(section).ok_or(Error::Damaged("a section has no header"))?;
        if head.tag != tag || head.size() != size as u64 {
            return Err(Error::Damaged("a section is not what the index says"));
        }
        if head.raw > most {
            return Err(Error::Damaged("a section is too large"));
        }
        Ok(head)
    }

    /// For whoever changes the end of the file: where its sections end, and which there are.
    pub(super) fn layout(self) -> (Index, u64) {
        (self.index, self.end)
    }
}

/// Appends blocks, if they come behind those that are there.
fn append(blocks: &mut Vec<BlockInfo>, more: &[BlockInfo]) -> Option<()> {
    let end = blocks.last().map_or(0, BlockInfo::end);
    if more.first().is_some_and(|block| block.first < end) {
        return None;
    }
    blocks.extend_from_slice(more);
    Some(())
}

impl Trace for TraceFile {
    fn program(&self) -> &Arc<ProgramInfo> {
        &self.header.program
    }

    fn about(&self) -> &About {
        &self.header.about
    }

    fn ending(&self) -> Option<&Ending> {
        self.ending.as_ref()
    }

    fn findings(&self) -> &[Finding] {
        &self.findings
    }

    fn len(&self) -> u64 {
        self.index.blocks.last().map_or(0, BlockInfo::end)
    }

    fn each(&self, take: &mut dyn FnMut(&Chunk)) -> io::Result<()> {
        let mut chunk = Chunk::new();
        for block in 0..self.index.blocks.len() {
            match self.read(block, &mut chunk) {
                Ok(()) => take(&chunk),
                Err(Error::Damaged(_)) => {}
                Err(error) => return Err(error.into()),
            }
        }
        Ok(())
    }
}
