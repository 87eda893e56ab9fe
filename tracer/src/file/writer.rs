//! Writing a trace file, from its beginning to its end, each section in one write.
//!
//! How events are cut into blocks depends on the events alone, never on the chunks in which they come, which depend on the
//! watcher's timing: the file of a seeded run is the same every time. ([`FileWriter::flush`] cuts, too; it is for runs in
//! real time.)
//!
//! A write that fails ends the file where its last whole section ended; what comes after that is counted. To finish such a
//! file anyway (a full disk), blocks are taken off its end to make room for the index.

use super::block::{Encoder, Now};
use super::index::{BlockInfo, Index, SectionInfo, trailer};
use super::section::{Packer, Tag};
use super::{ENDS, EVENTS, Ends, FINDING, HEAD, Header, INDEX, preamble};
use crate::about::Ending;
use crate::chunk::{CAPACITY, Chunk, SLOTS};
use crate::event::{Kind, Record};
use crate::events::is_text;
use crate::finding::Finding;
use std::fs::{File, OpenOptions};
use std::io::{self, Seek, SeekFrom, Write};
use std::path::Path;

/// Side text at which a block is full.
const TEXT_LIMIT: usize = 1 << 18;

/// Longest text of one event; recorders split longer ones far below that.
const LONGEST_TEXT: usize = 1 << 24;

/// Writes a trace file.
pub struct FileWriter {
    file: File,
    /// Where the last whole section ends.
    offset: u64,
    packer: Packer,
    encoder: Encoder,
    index: Index,
    /// Events that do not fill a block yet.
    pending: Chunk,
    /// What held before the first of them, and its ordinal.
    began: (Now, u64),
    /// What holds after the newest event, and the ordinal after it.
    now: Now,
    end: u64,
    written: Written,
    failed: Option<(io::ErrorKind, String)>,
}

/// What stands in a file that was finished.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Written {
    /// Events.
    pub events: u64,
    /// Events that could not be written.
    pub lost: u64,
    /// Blocks.
    pub blocks: u64,
    /// Bytes of the events before compression.
    pub raw: u64,
    /// Bytes of the file.
    pub bytes: u64,
}

impl FileWriter {
    /// Begins a file in place of what is there.
    ///
    /// # Errors
    /// When it cannot be written, or another writer is at it.
    pub fn create(path: &Path, header: &Header) -> io::Result<Self> {
        let file = OpenOptions::new().write(true).create(true).truncate(false).open(path)?;
        super::lock(&file)?;
        // A pipe or a device has no length; what cannot be written shows with the first write.
        let _ = file.set_len(0);
        Self::new(file, header)
    }

    /// Begins a file that is open for writing, and empty.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn new(mut file: File, header: &Header) -> io::Result<Self> {
        let preamble = preamble();
        file.write_all(&preamble)?;
        let mut writer = Self {
            file,
            offset: preamble.len() as u64,
            packer: Packer::new(),
            encoder: Encoder::default(),
            index: Index::default(),
            pending: Chunk::new(),
            began: (Now::default(), 0),
            now: Now::default(),
            end: 0,
            written: Written::default(),
            failed: None,
        };
        writer.add(HEAD, &serde_json::to_vec(header)?)?;
        Ok(writer)
    }

    /// Appends events.
    ///
    /// # Errors
    /// When the file cannot be written: now, or before.
    pub fn push(&mut self, chunk: &Chunk) -> io::Result<()> {
        if let Err(error) = self.check() {
            self.written.lost += chunk.len() as u64;
            return Err(error);
        }
        let records = chunk.records();
        let Some(first) = records.first() else { return Ok(()) };
        // A switch of workers says itself what runs from then on.
        let follows = chunk.first == self.end
            && chunk.clock == self.now.clock
            && (first.kind_site as u8 == Kind::Worker as u8
                || (chunk.worker == self.now.worker && chunk.task == self.now.task));
        if !follows {
            self.flush()?;
            self.now = Now { clock: chunk.clock, worker: chunk.worker, task: chunk.task };
            self.end = self.end.max(chunk.first);
        }
        if self.pending.is_empty() && is_full_block(records) && chunk.text.len() < TEXT_LIMIT {
            self.began = (self.now, self.end);
            records.iter().for_each(|record| self.now.step(record));
            self.end += records.len() as u64;
            return self.block(records, &chunk.text);
        }
        for record in records {
            self.append(*record, chunk)?;
        }
        Ok(())
    }

    fn append(&mut self, mut record: Record, chunk: &Chunk) -> io::Result<()> {
        let pending = &mut self.pending;
        if is_text(&record) {
            let start = record.object as usize;
            match chunk.text.get(start..start.saturating_add(record.arg as usize)) {
                Some(text) if text.len() > LONGEST_TEXT => {
                    return Err(io::Error::new(io::ErrorKind::InvalidInput, "an event's text is too long for a trace"));
                }
                Some(text) => {
                    record.object = pending.text.len() as u32;
                    pending.text.extend_from_slice(text);
                }
                // Still outside, whatever text comes with it.
                None => record.object = u32::MAX,
            }
        }
        if pending.is_empty() {
            self.began = (self.now, self.end);
        }
        if let Some(slot) = pending.slots.get_mut(pending.len) {
            *slot = record;
            pending.len += 1;
            self.now.step(&record);
            self.end = self.end.saturating_add(1);
        }
        // An event stays with the clock jump before it.
        let full = pending.len >= CAPACITY && record.kind_site as u8 != Kind::ClockJump as u8;
        if full || pending.len >= SLOTS || pending.text.len() >= TEXT_LIMIT { self.flush() } else { Ok(()) }
    }

    /// Writes the events that do not fill a block yet as a block, so that they survive whatever happens.
    ///
    /// # Errors
    /// When the file cannot be written: now, or before.
    pub fn flush(&mut self) -> io::Result<()> {
        self.check()?;
        if self.pending.is_empty() {
            return Ok(());
        }
        let mut pending = std::mem::take(&mut self.pending);
        let written = self.block(pending.records(), &pending.text);
        pending.clear();
        self.pending = pending;
        written
    }

    /// Writes the newest events as a block.
    fn block(&mut self, records: &[Record], text: &[u8]) -> io::Result<()> {
        let (before, first) = self.began;
        let text = self.encoder.encode(records, text);
        let mut block = BlockInfo {
            first,
            events: records.len() as u32,
            clock: before.clock,
            end_clock: self.now.clock,
            worker: before.worker,
            task: before.task,
            text: text as u32,
            offset: self.offset,
            stored: 0,
            raw: self.encoder.raw.len() as u64,
        };
        let section = self.packer.pack(EVENTS, &block.info(), &self.encoder.raw);
        let written = write(&mut self.file, self.offset, section);
        match written {
            Ok(size) => {
                block.stored = size;
                self.offset += size;
                self.index.blocks.push(block);
                self.written.events += records.len() as u64;
                self.written.raw += block.raw;
                self.written.blocks += 1;
                Ok(())
            }
            Err(error) => {
                self.written.lost += records.len() as u64;
                Err(self.fail(error))
            }
        }
    }

    /// Appends a finding as it is made, so that it survives whatever happens.
    ///
    /// # Errors
    /// When the file cannot be written: now, or before.
    pub fn finding(&mut self, finding: &Finding) -> io::Result<()> {
        self.check()?;
        self.add(FINDING, &serde_json::to_vec(finding)?)
    }

    /// Ends the file: how the run ended, what was found in the end, further sections, and the index. Where events could not
    /// be written the further sections are left out, and the ending counts the events as dropped.
    ///
    /// # Errors
    /// When the file cannot be finished. It can be read up to its last whole block all the same.
    pub fn finish(
        mut self,
        mut ending: Ending,
        findings: &[Finding],
        sections: &[(Tag, Vec<u8>)],
    ) -> io::Result<Written> {
        // What went wrong before does not keep the end from being written.
        let _ = self.flush();
        let whole = self.failed.is_none();
        loop {
            ending.dropped = ending.dropped.saturating_add(self.written.lost);
            let ends = serde_json::to_vec(&Ends { ending: ending.clone(), findings: findings.to_vec() })?;
            ending.dropped -= self.written.lost;
            self.failed = None;
            let sections = if whole { sections } else { &[] };
            match self.tail(&ends, sections) {
                Ok(()) => break,
                Err(error) if !self.make_room(ends.len() as u64) => return Err(error),
                Err(_) => {}
            }
        }
        self.written.bytes = self.offset;
        Ok(self.written)
    }

    fn tail(&mut self, ends: &[u8], sections: &[(Tag, Vec<u8>)]) -> io::Result<()> {
        self.add(ENDS, ends)?;
        for (tag, bytes) in sections {
            self.add(*tag, bytes)?;
        }
        let size = write_index(&mut self.file, self.offset, &self.index, &mut self.packer)?;
        self.offset += size;
        Ok(())
    }

    /// Takes blocks off the end of the file until there is room for its end; `false` where none is left.
    fn make_room(&mut self, ends: u64) -> bool {
        let wanted = ends + 64 * self.index.blocks.len() as u64 + 4096;
        let mut room = 0;
        while room < wanted {
            let Some(block) = self.index.blocks.pop() else { break };
            room += self.offset - block.offset;
            self.offset = block.offset;
            self.written.lost += block.events as u64;
            self.written.events -= block.events as u64;
            self.written.raw -= block.raw;
            self.written.blocks -= 1;
        }
        self.index.sections.retain(|section| section.offset < self.offset && section.tag != ENDS);
        let _ = self.file.set_len(self.offset);
        room > 0 && self.file.seek(SeekFrom::Start(self.offset)).is_ok()
    }

    /// Appends a section that is no block of events.
    fn add(&mut self, tag: Tag, bytes: &[u8]) -> io::Result<()> {
        let section = self.packer.pack(tag, &[], bytes);
        match write(&mut self.file, self.offset, section) {
            Ok(size) => {
                self.index.sections.push(SectionInfo { tag, offset: self.offset, size });
                self.offset += size;
                Ok(())
            }
            Err(error) => Err(self.fail(error)),
        }
    }

    fn check(&self) -> io::Result<()> {
        match &self.failed {
            Some((kind, why)) => Err(io::Error::new(*kind, why.clone())),
            None => Ok(()),
        }
    }

    fn fail(&mut self, error: io::Error) -> io::Error {
        self.failed = Some((error.kind(), error.to_string()));
        error
    }

    /// Events so far, those that do not fill a block yet among them.
    pub fn events(&self) -> u64 {
        self.written.events + self.pending.len() as u64
    }

    /// Bytes of the file so far.
    pub fn bytes(&self) -> u64 {
        self.offset
    }
}

/// Whether these records are a block as [`FileWriter::append`] would have cut it.
fn is_full_block(records: &[Record]) -> bool {
    let jump = |at: usize| records[at].kind_site as u8 == Kind::ClockJump as u8;
    match records.len() {
        CAPACITY => !jump(CAPACITY - 1),
        length => length == CAPACITY + 1 && jump(CAPACITY - 1) && !jump(CAPACITY),
    }
}

/// Writes a section. Where that fails the file ends where it began.
fn write(file: &mut File, offset: u64, section: Option<&[u8]>) -> io::Result<u64> {
    let section = section.ok_or_else(|| io::Error::new(io::ErrorKind::FileTooLarge, "a section is too large"))?;
    if let Err(error) = file.write_all(section) {
        let _ = file.set_len(offset);
        let _ = file.seek(SeekFrom::Start(offset));
        return Err(error);
    }
    Ok(section.len() as u64)
}

/// Writes the index and the trailer at the end of a file, which is at `offset`; gives their size.
pub(super) fn write_index(file: &mut File, offset: u64, index: &Index, packer: &mut Packer) -> io::Result<u64> {
    let payload = index.encode();
    let size = write(file, offset, packer.pack(INDEX, &[], &payload))?;
    let end = trailer(offset, size);
    write(file, offset, Some(&end)).map(|trailer| size + trailer)
}
