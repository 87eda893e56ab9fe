//! A run that can be read again and again, from its first event to its last: from memory, or from a file of any size.

use crate::about::{About, Ending};
use crate::chunk::Chunk;
use crate::finding::Finding;
use crate::program::ProgramInfo;
use std::io;
use std::sync::Arc;

/// A recorded run. Analyses and exports read it through this, chunk by chunk, and never hold all of it.
pub trait Trace {
    /// The program.
    fn program(&self) -> &Arc<ProgramInfo>;

    /// What was run, and how.
    fn about(&self) -> &About;

    /// How it ended; `None` where the recording was cut off before that.
    fn ending(&self) -> Option<&Ending>;

    /// What was found wrong, events named by ordinals.
    fn findings(&self) -> &[Finding];

    /// How many events there are, lost ones included.
    fn len(&self) -> u64;

    /// Whether there is no event.
    fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Gives every chunk in order to `take`, from the first to the last: one stream, merged where several workers recorded it.
    ///
    /// # Errors
    /// When the file cannot be read. Damaged chunks are no error: they are left out, and the gap shows in the ordinals.
    fn each(&self, take: &mut dyn FnMut(&Chunk)) -> io::Result<()>;
}

/// A run in memory.
#[derive(Clone, Debug, Default)]
pub struct MemoryTrace {
    /// See [`Trace::program`].
    pub program: Arc<ProgramInfo>,
    /// See [`Trace::about`].
    pub about: About,
    /// See [`Trace::ending`].
    pub ending: Option<Ending>,
    /// See [`Trace::findings`].
    pub findings: Vec<Finding>,
    /// The events: one stream.
    pub chunks: Vec<Chunk>,
}

impl Trace for MemoryTrace {
    fn program(&self) -> &Arc<ProgramInfo> {
        &self.program
    }
    fn about(&self) -> &About {
        &self.about
    }
    fn ending(&self) -> Option<&Ending> {
        self.ending.as_ref()
    }
    fn findings(&self) -> &[Finding] {
        &self.findings
    }
    fn len(&self) -> u64 {
        self.chunks.last().map_or(0, |chunk| chunk.first + chunk.len() as u64)
    }
    fn each(&self, take: &mut dyn FnMut(&Chunk)) -> io::Result<()> {
        self.chunks.iter().for_each(take);
        Ok(())
    }
}
