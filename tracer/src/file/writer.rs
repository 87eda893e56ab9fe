//! Writing a trace file, from its beginning to its end, each section in one write.
//!
//! A write that fails ends the file where its last whole section ended; what comes after that is counted. To finish such a
//! file anyway (a full disk), blocks are taken off its end to make room for the index.

use super::cutter::{Cut, Cutter, Kinds};
use super::index::{BlockInfo, Index, SectionInfo, trailer};
use super::section::{Packer, Tag};
use super::source::Source;
use super::stamps::{self, Tally};
use super::{ENDS, Ends, FINDING, HEAD, Header, INDEX, PART, preamble};
use crate::about::Ending;
use crate::chunk::Chunk;
use crate::finding::Finding;
use std::fs::{File, OpenOptions};
use std::io::{self, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

/// Writes a trace file.
pub struct FileWriter {
    cutter: Cutter,
    out: Out,
    /// Events that it was given.
    pushed: u64,
}

/// Blocks of which the index is kept in memory until it is written: those of some 17 million events.
const PART_BLOCKS: usize = 4096;

/// What a trace is written to: a file, or in tests something that gets full.
trait Medium: Write + Seek + Send {
    /// Forgets what stands behind this length.
    fn cut(&mut self, length: u64) -> io::Result<()>;
}

impl Medium for File {
    fn cut(&mut self, length: u64) -> io::Result<()> {
        self.set_len(length)
    }
}

/// The file and what stands in it.
struct Out {
    file: Box<dyn Medium>,
    /// Where it can be read again.
    path: Option<PathBuf>,
    /// Where the last whole section ends.
    offset: u64,
    index: Index,
    /// Of each block in the index, and of each part of it all together.
    tallies: Vec<Tally>,
    parts: Vec<Tally>,
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
    /// Bytes of the blocks as they stand in the file.
    pub stored: u64,
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
        let is_file = file.metadata()?.is_file();
        // A pipe or a device has no length; what cannot be written shows with the first write.
        let _ = file.set_len(0);
        Self::new(Box::new(file), is_file.then(|| path.to_path_buf()), header)
    }

    fn new(mut file: Box<dyn Medium>, path: Option<PathBuf>, header: &Header) -> io::Result<Self> {
        let preamble = preamble();
        file.write_all(&preamble)?;
        let out = Out {
            file,
            path,
            offset: preamble.len() as u64,
            index: Index::default(),
            tallies: Vec::new(),
            parts: Vec::new(),
            written: Written::default(),
            failed: None,
        };
        let mut writer = Self { cutter: Cutter::new(), out, pushed: 0 };
        writer.add(HEAD, &serde_json::to_vec(header)?)?;
        Ok(writer)
    }

    /// Appends events.
    ///
    /// # Errors
    /// When the file cannot be written: now, or before.
    pub fn push(&mut self, chunk: &Chunk) -> io::Result<()> {
        self.pushed += chunk.len() as u64;
        self.out.check()?;
        let Self { cutter, out, .. } = self;
        cutter.push(chunk, &mut |cut| out.block(cut))?;
        out.part(&mut cutter.packer)
    }

    /// Writes the events that do not fill a block yet as a block, so that they survive whatever happens.
    ///
    /// # Errors
    /// When the file cannot be written: now, or before.
    pub fn flush(&mut self) -> io::Result<()> {
        self.out.check()?;
        let Self { cutter, out, .. } = self;
        cutter.flush(&mut |cut| out.block(cut))?;
        out.part(&mut cutter.packer)
    }

    /// Appends a block that has been cut before.
    pub(super) fn block(&mut self, cut: Cut) -> io::Result<()> {
        self.pushed += cut.info.events as u64;
        self.out.check()?;
        self.out.block(cut)?;
        self.out.part(&mut self.cutter.packer)
    }

    /// Says anew what the file is of, for a program whose table grows while it runs: a reader believes the last.
    ///
    /// # Errors
    /// When the file cannot be written: now, or before.
    pub fn header(&mut self, header: &Header) -> io::Result<()> {
        self.out.check()?;
        self.add(HEAD, &serde_json::to_vec(header)?)
    }

    /// Appends a finding as it is made, so that it survives whatever happens.
    ///
    /// # Errors
    /// When the file cannot be written: now, or before.
    pub fn finding(&mut self, finding: &Finding) -> io::Result<()> {
        self.out.check()?;
        self.add(FINDING, &serde_json::to_vec(finding)?)
    }

    /// How many events of which kind there were, those that do not fill a block yet left out.
    pub fn kinds(&self) -> &Kinds {
        self.cutter.kinds()
    }

    /// Gives findings the ordinals of their events, where several workers' are named by stamps.
    ///
    /// # Errors
    /// When the file cannot be written: now, or before.
    pub fn resolve(&mut self, findings: &mut [Finding]) -> io::Result<()> {
        if !stamps::are_stamped(findings) {
            return Ok(());
        }
        let flushed = self.flush();
        let Out { index, tallies, parts, path, .. } = &self.out;
        // What cannot be read again names no event.
        let Some(file) = path.as_deref().and_then(|path| File::open(path).ok()).and_then(|file| Source::new(file).ok())
        else {
            stamps::forget(findings);
            return flushed;
        };
        let mut read = stamps::reader(&file);
        let mut section = Vec::new();
        let (mut before, mut end) = (Tally::default(), 0);
        for (part, tally) in index.parts.iter().zip(parts) {
            let read_part = file.read_some(part.offset, part.size as usize, &mut section);
            let blocks = read_part.ok().and_then(|()| Index::of_part(&section, part.offset)).unwrap_or_default();
            if stamps::may_be_in(findings, &before, tally) {
                let tallies = stamps::tallies(&blocks, end, &mut read);
                stamps::resolve(findings, &before, blocks.iter().zip(&tallies), &mut read);
            }
            before.merge(tally);
            end = blocks.last().map_or(end, BlockInfo::end);
        }
        stamps::resolve(findings, &before, index.blocks.iter().zip(tallies), &mut read);
        stamps::forget(findings);
        flushed
    }

    /// Ends the file: how the run ended, what was found in the end, further sections, and the index. Where events could not
    /// be written the further sections are left out, and the ending counts the events as dropped.
    ///
    /// # Errors
    /// When the file cannot be finished. It can be read up to its last whole block all the same.
    pub fn finish(mut self, ending: Ending, findings: &[Finding], sections: &[(Tag, Vec<u8>)]) -> io::Result<Written> {
        let mut findings = findings.to_vec();
        // What went wrong before does not keep the end from being written.
        let _ = self.flush().and_then(|()| self.resolve(&mut findings));
        let sections = if self.out.failed.is_none() { sections } else { &[] };
        self.end(Some(Ends { ending, findings }), sections)
    }

    /// Ends the file of a run that goes on: with an index, but nothing about how it ended.
    pub(super) fn close(mut self) -> io::Result<Written> {
        self.flush()?;
        self.end(None, &[])
    }

    fn end(mut self, mut ends: Option<Ends>, sections: &[(Tag, Vec<u8>)]) -> io::Result<Written> {
        let dropped = ends.as_ref().map_or(0, |ends| ends.ending.dropped);
        loop {
            if let Some(ends) = &mut ends {
                ends.ending.dropped = dropped.saturating_add(self.pushed.saturating_sub(self.out.written.events));
            }
            let document = ends.as_ref().map(serde_json::to_vec).transpose()?;
            self.out.failed = None;
            match self.tail(document.as_deref(), sections) {
                Ok(()) => break,
                Err(error) if !self.out.make_room(document.map_or(0, |bytes| bytes.len() as u64)) => return Err(error),
                Err(_) => {}
            }
        }
        let lost = self.pushed.saturating_sub(self.out.written.events);
        Ok(Written { lost, bytes: self.out.offset, ..self.out.written })
    }

    fn tail(&mut self, ends: Option<&[u8]>, sections: &[(Tag, Vec<u8>)]) -> io::Result<()> {
        if let Some(ends) = ends {
            self.add(ENDS, ends)?;
        }
        for (tag, bytes) in sections {
            self.add(*tag, bytes)?;
        }
        let Self { cutter, out, .. } = self;
        out.offset += append_index(&mut *out.file, out.offset, &out.index, &mut cutter.packer)?;
        Ok(())
    }

    /// Appends a section that is no block of events.
    pub(super) fn add(&mut self, tag: Tag, bytes: &[u8]) -> io::Result<()> {
        let section = self.cutter.packer.pack(tag, &[], bytes);
        let offset = self.out.offset;
        let size = self.out.write(section)?;
        self.out.index.sections.push(SectionInfo { tag, offset, size });
        Ok(())
    }

    /// Events so far, those that do not fill a block yet among them.
    pub fn events(&self) -> u64 {
        self.out.written.events + self.cutter.pending()
    }

    /// Bytes of the file so far.
    pub fn bytes(&self) -> u64 {
        self.out.offset
    }
}

impl Out {
    fn block(&mut self, mut cut: Cut) -> io::Result<()> {
        cut.info.offset = self.offset;
        self.write(Some(cut.section))?;
        self.index.blocks.push(cut.info);
        self.tallies.push(cut.tally);
        self.written.events += cut.info.events as u64;
        self.written.blocks += 1;
        self.written.raw += cut.info.raw;
        self.written.stored += cut.info.stored;
        Ok(())
    }

    /// Writes the index so far, where it has got long, and forgets it.
    fn part(&mut self, packer: &mut Packer) -> io::Result<()> {
        if self.index.blocks.len() < PART_BLOCKS {
            return Ok(());
        }
        let mut part = Index { blocks: std::mem::take(&mut self.index.blocks), ..Index::default() };
        let offset = self.offset;
        let size = self.write(packer.pack(PART, &[], &part.encode())).inspect_err(|_| {
            std::mem::swap(&mut self.index.blocks, &mut part.blocks);
        })?;
        self.index.parts.push(SectionInfo { tag: PART, offset, size });
        let mut all = Tally::default();
        self.tallies.drain(..).for_each(|tally| all.merge(&tally));
        self.parts.push(all);
        Ok(())
    }

    fn write(&mut self, section: Option<&[u8]>) -> io::Result<u64> {
        match write(&mut *self.file, self.offset, section) {
            Ok(size) => {
                self.offset += size;
                Ok(size)
            }
            Err(error) => {
                self.failed = Some((error.kind(), error.to_string()));
                Err(error)
            }
        }
    }

    fn check(&self) -> io::Result<()> {
        match &self.failed {
            Some((kind, why)) => Err(io::Error::new(*kind, why.clone())),
            None => Ok(()),
        }
    }

    /// Takes blocks off the end of the file until there is room for its end; `false` where none is left.
    fn make_room(&mut self, ends: u64) -> bool {
        let wanted = ends + 64 * self.index.blocks.len() as u64 + 4096;
        let end = self.offset;
        while end - self.offset < wanted {
            let Some(block) = self.index.blocks.pop() else { break };
            self.tallies.pop();
            self.offset = block.offset;
            self.written.events -= block.events as u64;
            self.written.blocks -= 1;
            self.written.raw -= block.raw;
            self.written.stored -= block.stored;
        }
        let offset = self.offset;
        self.index.sections.retain(|section| section.offset < offset && section.tag != ENDS);
        let _ = self.file.cut(offset);
        offset < end && self.file.seek(SeekFrom::Start(offset)).is_ok()
    }
}

/// Writes a section. Where that fails the file ends where it began.
fn write(file: &mut dyn Medium, offset: u64, section: Option<&[u8]>) -> io::Result<u64> {
    let section = section.ok_or_else(|| io::Error::new(io::ErrorKind::FileTooLarge, "a section is too large"))?;
    if let Err(error) = file.write_all(section) {
        let _ = file.cut(offset);
        let _ = file.seek(SeekFrom::Start(offset));
        return Err(error);
    }
    Ok(section.len() as u64)
}

/// Writes the index and the trailer at the end of a file, which is at `offset`; gives their size.
pub(super) fn write_index(file: &mut File, offset: u64, index: &Index, packer: &mut Packer) -> io::Result<u64> {
    append_index(file, offset, index, packer)
}

fn append_index(file: &mut dyn Medium, offset: u64, index: &Index, packer: &mut Packer) -> io::Result<u64> {
    let payload = index.encode();
    let size = write(file, offset, packer.pack(INDEX, &[], &payload))?;
    let end = trailer(offset, size);
    write(file, offset, Some(&end)).map(|trailer| size + trailer)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::{Kind, Record, TaskId};
    use crate::file::TraceFile;
    use crate::finding::Verdict;
    use crate::trace::Trace;

    /// A disk with room for so many bytes.
    struct Small {
        file: File,
        room: u64,
    }

    impl Write for Small {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            let left = self.room.saturating_sub(self.file.stream_position()?);
            match bytes.len().min(left as usize) {
                0 => Err(io::Error::from(io::ErrorKind::StorageFull)),
                length => self.file.write(&bytes[..length]),
            }
        }
        fn flush(&mut self) -> io::Result<()> {
            self.file.flush()
        }
    }

    impl Seek for Small {
        fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
            self.file.seek(to)
        }
    }

    impl Medium for Small {
        fn cut(&mut self, length: u64) -> io::Result<()> {
            self.file.set_len(length)
        }
    }

    #[test]
    fn a_full_disk_leaves_a_finished_file_that_says_what_is_missing() {
        let folder = tempfile::tempdir().expect("a scratch folder");
        let path = folder.path().join("t.vxt");
        let mut seed = 1u32;
        let mut random = || {
            seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            seed >> 8
        };
        for room in [400, 5000, 60_000, 100_000] {
            let medium = Small { file: File::create(&path).expect("a file"), room };
            let mut writer = FileWriter::new(Box::new(medium), Some(path.clone()), &Header::default()).expect("room");
            let (mut pushed, mut refused) = (0, 0);
            for n in 0..20 {
                let records: Vec<Record> =
                    (0..1000).map(|_| Record::new(Kind::Atomic as u8, 3, 1, random(), random())).collect();
                pushed += 1000;
                refused += writer.push(&Chunk::of(n * 1000, n * 1000, TaskId(0), &records, b"")).is_err() as u64;
            }
            assert!(refused > 0);
            let ending = Ending {
                verdict: Verdict::Ok,
                exit_code: 0,
                program_exit_code: None,
                clock: 0,
                dropped: 5,
                note: "full".to_string(),
            };
            let finished = writer.finish(ending, &[], &[(*b"SUMM", vec![1; 9])]);
            let trace = TraceFile::open(&path).expect("a trace");
            if room < 1000 {
                assert!(finished.is_err() && trace.is_empty(), "no room for an end");
                continue;
            }
            let written = finished.expect("room was made");
            assert_eq!(trace.warnings(), &[] as &[String]);
            assert_eq!(trace.len(), written.events);
            assert_eq!(written.events + written.lost, pushed);
            assert_eq!(trace.ending().map(|ending| ending.dropped), Some(5 + written.lost));
            assert!(written.bytes <= room && (written.events > 0 || room < 60_000), "{written:?}");
            assert_eq!(trace.section(*b"SUMM"), None);
        }
    }
}
