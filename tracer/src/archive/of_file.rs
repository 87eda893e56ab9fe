//! Trace files as blocks, and their summaries.

use super::source::{Block, Blocks, in_order};
use super::{Limits, open_blocks, summarise_blocks, summary::Summary};
use crate::chunk::Chunk;
use crate::file::{self, TraceFile};
use crate::store::Store;
use crate::trace::Trace;
use std::borrow::Borrow;
use std::fmt::Debug;
use std::sync::Arc;

/// Events below which a trace needs no stored summary: making it takes no longer than reading it.
const SMALL: u64 = 1 << 20;

/// A trace file as blocks, somebody's or one's own.
#[derive(Debug)]
struct FileBlocks<F> {
    file: F,
    blocks: Vec<Block>,
}

impl<F: Borrow<TraceFile>> FileBlocks<F> {
    fn new(file: F) -> Self {
        let block = |info: &file::BlockInfo| Block {
            first: info.first,
            events: info.events,
            clock: info.clock,
            last: info.end_clock,
        };
        Self { blocks: in_order(file.borrow().blocks().iter().map(block)), file }
    }
}

impl<F: Borrow<TraceFile> + Send + Sync + Debug> Blocks for FileBlocks<F> {
    fn blocks(&self) -> &[Block] {
        &self.blocks
    }

    fn read(&self, block: usize, chunk: &mut Chunk) -> bool {
        self.file.borrow().read(block, chunk).is_ok()
    }
}

/// Makes the summary of a trace for its section [`file::SUMMARIES`], on so many threads; empty where the trace is so small that
/// it needs none.
///
/// # Errors
/// When a block cannot be read. (A damaged one is a gap, and no error.)
pub fn summarise(file: &TraceFile, threads: usize) -> Result<Vec<u8>, file::Error> {
    if file.len() < SMALL {
        return Ok(Vec::new());
    }
    // Whether the file can be read at all is known from its first block.
    if !file.blocks().is_empty()
        && let Err(error @ file::Error::Read { .. }) = file.read(0, &mut Chunk::new())
    {
        return Err(error);
    }
    let blocks = FileBlocks::new(file);
    Ok(summarise_blocks(&blocks, threads, &Limits::of(file.len())))
}

/// Whether a trace is so large that its summary should be stored, and has none that fits.
pub fn lacks_summary(file: &TraceFile) -> bool {
    let fits = |bytes: Vec<u8>| Summary::fits(&bytes, FileBlocks::new(file).blocks());
    file.len() >= SMALL && !file.section(file::SUMMARIES).is_some_and(fits)
}

/// A store of a trace file, with the summary in these bytes or else in the file; where neither fits it is made now, on so many
/// threads.
pub fn open(file: TraceFile, summary: Option<Vec<u8>>, threads: usize) -> Store {
    let (program, findings) = (Arc::clone(file.program()), file.findings().to_vec());
    let limits = Limits::of(file.len());
    let summary = summary.or_else(|| file.section(file::SUMMARIES));
    let mut store = open_blocks(program, Arc::new(FileBlocks::new(file)), summary.as_deref(), threads, limits);
    store.set_findings(findings);
    store
}
