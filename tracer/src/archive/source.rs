//! What is needed of a file: its blocks, one by one, in any order, from any thread.

use crate::chunk::Chunk;
pub use crate::events::Block;
use std::fmt::Debug;

/// Blocks of events that can be read again and again.
pub trait Blocks: Send + Sync + Debug {
    /// Where they are in the stream: ordinals and clocks rise from each to the next ([`in_order`]).
    fn blocks(&self) -> &[Block];

    /// Reads a block; says whether that went well. One that cannot be read is a gap.
    fn read(&self, block: usize, chunk: &mut Chunk) -> bool;
}

/// Makes a list of blocks one in which ordinals and clocks rise, whatever a file claims.
pub fn in_order(blocks: impl IntoIterator<Item = Block>) -> Vec<Block> {
    use crate::chunk::SLOTS;
    use crate::events::LARGEST;
    let (mut end, mut clock) = (0u64, 0u64);
    let rising = |mut block: Block| {
        block.events = block.events.min(SLOTS as u32);
        block.first = if block.first < LARGEST { block.first.max(end) } else { end };
        block.clock = block.clock.clamp(clock, LARGEST.max(clock));
        block.last = block.last.clamp(block.clock, LARGEST.max(block.clock));
        (end, clock) = (block.end(), block.last);
        block
    };
    blocks.into_iter().map(rising).collect()
}

/// Chunks in memory as if they were a file's blocks: for tests, and for what is too small for a file.
#[derive(Debug, Default)]
pub struct InMemory {
    chunks: Vec<Chunk>,
    blocks: Vec<Block>,
}

impl InMemory {
    /// Of whole chunks in order.
    pub fn new(chunks: Vec<Chunk>) -> Self {
        let blocks = chunks.iter().map(|chunk| {
            let clock = |clock: u64, record| clock.saturating_add(crate::events::ticks(record));
            let last = chunk.records().iter().fold(chunk.clock, clock);
            Block { first: chunk.first, events: chunk.len() as u32, clock: chunk.clock, last }
        });
        Self { blocks: in_order(blocks), chunks }
    }
}

impl Blocks for InMemory {
    fn blocks(&self) -> &[Block] {
        &self.blocks
    }

    fn read(&self, block: usize, chunk: &mut Chunk) -> bool {
        let found = self.chunks.get(block);
        if let Some(found) = found {
            chunk.clone_from(found);
        }
        found.is_some()
    }
}
