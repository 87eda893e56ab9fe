//! Publishing: what several machines may come to reach is marked as such before they can.
//!
//! Everything that a published object leads to is published. So a value that is handed to other tasks (or stored where they
//! look) is published with all it leads to, and so is what is later stored into a published object. Private objects cost none of this,
//! and a machine that is alone publishes nothing.

use super::{Heap, Kind};
use crate::value::Value;

impl Heap {
    /// Publishes everything that is reached from a value. Gives the number of objects that were private until now; strings and wide
    /// integers, which anybody may look at anyway, are not counted. A list of what is still to be looked through replaces
    /// recursion, and what is published already is not looked through again.
    pub fn publish(&mut self, value: Value) -> usize {
        if !self.publish_one(value) {
            return 0;
        }
        let mut published = 1;
        let mut pending = vec![value];
        let mut children = Vec::new();
        while let Some(value) = pending.pop() {
            // Nobody else has a handle to it yet: what was private a moment ago can be looked at without its lock.
            self.children(value, |child| {
                if Kind::of(child.kind()).is_some_and(|kind| !matches!(kind, Kind::Wide | Kind::String)) {
                    children.push(child);
                }
            });
            for child in children.drain(..) {
                if self.publish_one(child) {
                    published += 1;
                    pending.push(child);
                }
            }
        }
        published
    }

    /// Publishes several values; see [`Heap::publish`].
    pub fn publish_all(&mut self, values: &[Value]) -> usize {
        values.iter().map(|&value| self.publish(value)).sum()
    }

    /// Marks one object as published; whether it was private.
    fn publish_one(&mut self, value: Value) -> bool {
        let slot = value.slot();
        match Kind::of(value.kind()) {
            Some(Kind::List) => self.lists.publish(slot),
            Some(Kind::Table) => self.tables.publish(slot),
            Some(Kind::Record) => self.records.publish(slot),
            Some(Kind::Cell) => self.cells.publish(slot),
            Some(Kind::Ref) => self.refs.publish(slot),
            Some(Kind::Wide | Kind::String) | None => false,
        }
    }

    /// Whether others may reach an object.
    #[inline]
    pub(crate) fn is_published(&self, kind: Kind, value: Value) -> bool {
        let slot = value.slot();
        match kind {
            Kind::List => self.lists.is_published(slot),
            Kind::Table => self.tables.is_published(slot),
            Kind::Record => self.records.is_published(slot),
            Kind::Cell => self.cells.is_published(slot),
            Kind::Ref => self.refs.is_published(slot),
            Kind::Wide | Kind::String => true,
        }
    }

    /// Before values are stored in an object: where it is published, so are they.
    #[inline]
    pub(crate) fn before_storing(&mut self, kind: Kind, object: Value, values: &[Value]) {
        if self.is_published(kind, object) {
            self.published += self.publish_all(values);
        }
    }

    /// Number of objects that were published because they were stored in published ones, since this was last asked.
    #[inline]
    pub fn take_published(&mut self) -> usize {
        std::mem::take(&mut self.published)
    }

    /// Gives everything that an object leads to, without locks: for the collector and the scan for stuck tasks, while the world is
    /// stopped, and for an object that nobody else has a handle to. A handle that points nowhere (a register's left-over) leads nowhere.
    pub(crate) fn children(&self, value: Value, mut found: impl FnMut(Value)) {
        let slot = value.slot();
        match Kind::of(value.kind()) {
            Some(Kind::List) => {
                for &element in self.lists.peek(slot).into_iter().flat_map(|list| &list.0) {
                    found(element);
                }
            }
            Some(Kind::Record) => {
                for &field in self.records.peek(slot).into_iter().flat_map(|record| record.fields()) {
                    found(field);
                }
            }
            Some(Kind::Table) => {
                for (key, value) in self.tables.peek(slot).into_iter().flat_map(|table| table.iter()) {
                    found(key);
                    found(value);
                }
            }
            Some(Kind::Cell) => {
                if let Some(cell) = self.cells.peek(slot) {
                    found(cell.0);
                }
            }
            Some(Kind::Ref) => {
                if let Some(reference) = self.refs.peek(slot) {
                    found(reference.base);
                    found(reference.index);
                }
            }
            Some(Kind::Wide | Kind::String) | None => {}
        }
    }
}
