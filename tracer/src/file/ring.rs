//! A flight recorder: the newest events of a run, in memory, until they are asked for.
//!
//! What is kept are blocks as a file has them, encoded and compressed: some six times as many events as records would be in
//! the same memory, and writing them is copying. Memory is taken until the limit is reached and reused from then on.

use super::Header;
use super::block::Decoder;
use super::cutter::{Cut, Cutter, Kinds};
use super::index::BlockInfo;
use super::stamps::{self, Tally};
use super::writer::{FileWriter, Written};
use crate::about::Ending;
use crate::chunk::Chunk;
use crate::finding::Finding;
use std::collections::VecDeque;
use std::io;
use std::path::Path;

/// Keeps the newest events.
pub struct Ring {
    cutter: Cutter,
    kept: Kept,
}

#[derive(Default)]
struct Kept {
    blocks: VecDeque<Block>,
    bytes: usize,
    limit: usize,
    /// What was forgotten: events of each worker, and all.
    before: Tally,
    forgotten: u64,
    events: u64,
}

struct Block {
    info: BlockInfo,
    tally: Tally,
    section: Vec<u8>,
}

impl Block {
    /// Memory that it takes.
    fn weight(&self) -> usize {
        self.section.capacity() + size_of::<Block>()
    }
}

impl Ring {
    /// A ring that takes about so many bytes; the newest block is always kept.
    pub fn new(bytes: usize) -> Self {
        Self { cutter: Cutter::new(), kept: Kept { limit: bytes, ..Kept::default() } }
    }

    /// Takes events.
    ///
    /// # Errors
    /// When they are nothing that a trace can hold (a text of many megabytes).
    pub fn push(&mut self, chunk: &Chunk) -> io::Result<()> {
        let Self { cutter, kept } = self;
        cutter.push(chunk, &mut |cut| kept.take(cut))
    }

    /// Events that came, those that were forgotten since among them.
    pub fn events(&self) -> u64 {
        self.kept.events + self.cutter.pending()
    }

    /// Events that were forgotten for newer ones.
    pub fn forgotten(&self) -> u64 {
        self.kept.forgotten
    }

    /// Memory in use.
    pub fn bytes(&self) -> usize {
        self.kept.bytes
    }

    /// How many events of which kind there were, those that do not fill a block yet left out.
    pub fn kinds(&self) -> &Kinds {
        self.cutter.kinds()
    }

    /// Gives findings the ordinals of their events, where several workers' are named by stamps. What an event that was
    /// forgotten is called nobody knows.
    ///
    /// # Errors
    /// See [`Ring::push`].
    pub fn resolve(&mut self, findings: &mut [Finding]) -> io::Result<()> {
        self.flush()?;
        let (blocks, before) = (&self.kept.blocks, &self.kept.before);
        let mut decoder = Decoder::default();
        let mut read = |number, info: &BlockInfo, chunk: &mut Chunk| {
            blocks.get(number).is_some_and(|block: &Block| decoder.open(&block.section, info, chunk).is_ok())
        };
        stamps::resolve(findings, before, blocks.iter().map(|block| (&block.info, &block.tally)), &mut read);
        stamps::forget(findings);
        Ok(())
    }

    fn flush(&mut self) -> io::Result<()> {
        let Self { cutter, kept } = self;
        cutter.flush(&mut |cut| kept.take(cut))
    }

    /// Writes what is there as a trace file, and keeps it. A run that goes on has no `ending` yet.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn write(
        &mut self,
        path: &Path,
        header: &Header,
        ending: Option<Ending>,
        findings: &[Finding],
    ) -> io::Result<Written> {
        let mut findings = findings.to_vec();
        self.resolve(&mut findings)?;
        let mut writer = FileWriter::create(path, header)?;
        for Block { info, tally, section } in &self.kept.blocks {
            writer.block(Cut { info: *info, tally: tally.clone(), section })?;
        }
        match ending {
            Some(ending) => writer.finish(ending, &findings, &[]),
            None => {
                findings.iter().try_for_each(|finding| writer.finding(finding))?;
                writer.close()
            }
        }
    }
}

impl Kept {
    fn take(&mut self, cut: Cut) -> io::Result<()> {
        let mut memory = Vec::new();
        // Blocks are much of a size, so that the memory of the oldest does for the newest.
        while self.bytes > self.limit
            && let Some(oldest) = self.blocks.pop_front()
        {
            self.bytes -= oldest.weight();
            self.forgotten += oldest.info.events as u64;
            self.before.merge(&oldest.tally);
            memory = oldest.section;
        }
        memory.clear();
        memory.extend_from_slice(cut.section);
        let block = Block { info: cut.info, tally: cut.tally, section: memory };
        self.bytes += block.weight();
        self.events += block.info.events as u64;
        self.blocks.push_back(block);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::{Kind, Record, Stamp, TaskId};
    use crate::file::TraceFile;
    use crate::finding::Verdict;
    use crate::trace::Trace;

    fn finding(stamp: u64) -> Finding {
        Finding {
            verdict: Verdict::Leak,
            message: String::new(),
            culprit: None,
            stack: Vec::new(),
            tasks: Vec::new(),
            cycle: Vec::new(),
            clock: 0,
            event: Some(stamp),
            race: None,
        }
    }

    /// Two workers take turns of ten events; the ring forgets most of them, and names of events stay right.
    #[test]
    fn the_newest_events_can_be_written_at_any_time() {
        let mut ring = Ring::new(100_000);
        let folder = tempfile::tempdir().expect("a scratch folder");
        let path = folder.path().join("t.vxt");
        let (mut first, mut clock, mut seed) = (0, 0, 1u32);
        for _ in 0..40 {
            let mut records = Vec::new();
            for turn in 0..200 {
                records.push(Record::new(Kind::Worker as u8, 0, 0, turn % 2, 1 + turn % 2));
                for _ in 0..10 {
                    seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                    records.push(Record::new(Kind::Atomic as u8, 9, 1, 5, seed));
                }
            }
            let chunk = Chunk::of(first, clock, TaskId(0), &records, b"");
            ring.push(&chunk).expect("nothing is too large");
            first += records.len() as u64;
            clock += 2000;
        }
        // Worker 1 recorded event n in turn n / 10 of its own, behind as many turns of worker 0 and one more.
        let stamp = |count| finding(Stamp { worker: 1, count }.number());
        let ordinal = |count: u64| count / 10 * 22 + 11 + 1 + count % 10;
        let written = ring.write(&path, &Header::default(), None, &[stamp(39_995), stamp(7)]).expect("room");
        assert_eq!(ring.events(), 40 * 2200);
        assert_eq!(written.events + ring.forgotten(), ring.events());
        assert!(ring.forgotten() > 40_000 && ring.bytes() < 160_000, "{} {}", ring.forgotten(), ring.bytes());
        let trace = TraceFile::open(&path).expect("a trace");
        assert_eq!(trace.warnings(), &[] as &[String]);
        assert_eq!((trace.len(), trace.ending()), (first, None));
        let events: Vec<_> = trace.findings().iter().map(|finding| finding.event).collect();
        assert_eq!(events, [Some(ordinal(39_995)), None]);
        let block = trace.blocks()[0];
        assert_eq!(block.first, ring.forgotten());
        assert_eq!((block.worker, block.task.0), ((block.first / 11 % 2) as u32, 1 + (block.first / 11 % 2) as u32));
        assert_eq!(block.clock, block.first / 11 * 10 + (block.first % 11).saturating_sub(1));
        let mut chunk = Chunk::new();
        trace.read(0, &mut chunk).expect("whole");
        assert_eq!(chunk.first, block.first);
    }
}
