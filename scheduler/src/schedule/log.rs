//! What was decided so far, as a list that only grows and is cheap to copy: a checkpoint of a run copies it.

use super::Decision;
use std::sync::Arc;

/// Decisions of a piece that is not changed any more.
const PIECE: usize = 256;

/// A growing list of decisions: full pieces are shared between copies.
#[derive(Clone, Debug, Default)]
pub(super) struct Log {
    full: Vec<Arc<[Decision]>>,
    open: Vec<Decision>,
}

impl Log {
    pub fn push(&mut self, decision: Decision) {
        self.open.push(decision);
        if self.open.len() == PIECE {
            self.full.push(std::mem::take(&mut self.open).into());
        }
    }

    pub fn len(&self) -> usize {
        self.full.len() * PIECE + self.open.len()
    }

    pub fn iter(&self) -> impl Iterator<Item = &Decision> {
        self.full.iter().flat_map(|piece| piece.iter()).chain(&self.open)
    }
}
