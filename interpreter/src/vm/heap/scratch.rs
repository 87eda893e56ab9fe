//! Working in the heap without a trace: what a debugger makes while it evaluates an expression is gone afterwards, and neither the slot of
//! any later object nor the time of any collection tells of it.
//!
//! Objects made in between stand behind all others and are taken out again. Changes to objects that were there before are not
//! undone: whoever works here must make none.

use super::{Heap, account, slab};

/// What a heap goes back to.
pub struct Scratch {
    wides: slab::Scratch,
    strings: slab::Scratch,
    lists: slab::Scratch,
    tables: slab::Scratch,
    records: slab::Scratch,
    cells: slab::Scratch,
    refs: slab::Scratch,
    account: account::Image,
    max_bytes: usize,
}

impl Heap {
    /// Begins work that leaves no trace and may take so many bytes. The machine is alone, and nothing is collected before
    /// [`Heap::end_scratch`].
    pub fn begin_scratch(&mut self, bytes: usize) -> Scratch {
        Scratch {
            wides: self.wides.begin_scratch(),
            strings: self.strings.begin_scratch(),
            lists: self.lists.begin_scratch(),
            tables: self.tables.begin_scratch(),
            records: self.records.begin_scratch(),
            cells: self.cells.begin_scratch(),
            refs: self.refs.begin_scratch(),
            account: self.account.image(),
            max_bytes: self.account.limit(bytes),
        }
    }

    /// Takes everything out that was made since.
    pub fn end_scratch(&mut self, before: Scratch) {
        self.wides.end_scratch(before.wides);
        self.strings.end_scratch(before.strings);
        self.lists.end_scratch(before.lists);
        self.tables.end_scratch(before.tables);
        self.records.end_scratch(before.records);
        self.cells.end_scratch(before.cells);
        self.refs.end_scratch(before.refs);
        self.account.restore(&before.account);
        self.account.set_limit(before.max_bytes);
    }
}
