//! Maps and sets by key, and indexing of any container.

use super::list::slice_out_of_range;
use super::slab::{Object, Slab};
use super::table::Table;
use super::{Heap, Kind, wrong};
use crate::value::{Tag, Value};
use crate::vm::equal;
use crate::vm::fault::Fault;
use std::borrow::Cow;

/// Whether this is a map or set.
#[inline]
fn is_table(value: Value) -> bool {
    Kind::of(value.kind()) == Some(Kind::Table)
}

impl Heap {
    /// An empty map.
    pub fn map(&mut self) -> Value {
        self.new_table(Tag::Map, Table::default())
    }

    /// An empty set.
    pub fn set(&mut self) -> Value {
        self.new_table(Tag::Set, Table::default())
    }

    pub(crate) fn new_table(&mut self, tag: Tag, table: Table) -> Value {
        self.resized(0, Slab::<Table>::SLOT_BYTES + table.extra_bytes());
        Value::handle(tag, self.tables.insert(table))
    }

    /// The table of a map or set; a copy of a published one.
    #[inline]
    pub fn table(&self, value: Value) -> Result<Cow<'_, Table>, Fault> {
        if is_table(value)
            && let Some(table) = self.tables.private(value.slot())
        {
            return Ok(Cow::Borrowed(table));
        }
        self.read_table(value, |table| Cow::Owned(table.clone()))
    }

    /// Something about a map or set that can be read in one go, without looking at any other object.
    #[inline]
    pub(crate) fn read_table<R>(&self, value: Value, read: impl Fn(&Table) -> R) -> Result<R, Fault> {
        if is_table(value) {
            if let Some(table) = self.tables.private(value.slot()) {
                return Ok(read(table));
            }
            if let Some(result) = self.tables.locked(value.slot(), |table| read(table)) {
                return Ok(result);
            }
        }
        Err(wrong("a map or set", value))
    }

    /// The first entry at or after a position, and the position after it: how a `for` goes on.
    #[inline]
    pub fn table_next(&self, table: Value, position: usize) -> Result<Option<(usize, Value, Value)>, Fault> {
        self.read_table(table, |table| table.next_from(position))
    }

    /// Changes a table without putting anything new into it; growth is counted.
    pub(crate) fn change_table<R>(&mut self, value: Value, change: impl FnOnce(&mut Table) -> R) -> Result<R, Fault> {
        let count = |table: &mut Table| {
            let before = table.extra_bytes();
            let result = change(table);
            (result, before, table.extra_bytes())
        };
        let done = match self.tables.is_published(value.slot()) {
            _ if !is_table(value) => None,
            false => self.tables.private_mut(value.slot()).map(count),
            true => self.tables.locked(value.slot(), count),
        };
        let (result, before, after) = done.ok_or_else(|| wrong("a map or set", value))?;
        self.resized(before, after);
        Ok(result)
    }

    /// Hash of a key and its position in a private table, if it is there. `None` for a published table.
    #[inline]
    fn find(&self, table: Value, hash: u64, key: Value) -> Result<Option<Option<u32>>, Fault> {
        let Some(private) = self.tables.private(table.slot()) else { return Ok(None) };
        if !is_table(table) {
            return Err(wrong("a map or set", table));
        }
        let mut fault = None;
        let found = private.find(hash, |other| match equal::equal(self, other, key) {
            Ok(same) => same,
            Err(f) => {
                fault = Some(f);
                false
            }
        });
        match fault {
            Some(fault) => Err(fault),
            None => Ok(Some(found)),
        }
    }

    /// Works on a published table at the position of a key, if it is there, in one go towards other machines. `work` may be called
    /// only once, under the lock.
    ///
    /// Keys that stand for themselves are compared under the lock. Others lead to objects with locks of their own, so they are
    /// compared outside; then, under the lock again, the entries with this hash must be the same as before.
    #[cold]
    #[inline(never)]
    fn at_shared_key<R>(
        &self,
        table: Value,
        hash: u64,
        key: Value,
        mut work: impl FnMut(&mut Table, Option<u32>) -> R,
    ) -> Result<R, Fault> {
        let missing = || wrong("a map or set", table);
        if !is_table(table) {
            return Err(missing());
        }
        if equal::is_plain(key) {
            let done = self.tables.locked(table.slot(), |t| {
                let mut plain = true;
                let found = t.find(hash, |other| {
                    plain &= equal::is_plain(other);
                    plain && equal::equal(self, other, key) == Ok(true)
                });
                (plain || found.is_some()).then(|| work(t, found))
            });
            if let Some(result) = done.ok_or_else(missing)? {
                return Ok(result);
            }
        }
        loop {
            let candidates = self.tables.locked(table.slot(), |t| t.with_hash(hash)).ok_or_else(missing)?;
            let mut found = None;
            for &(position, other) in &candidates {
                if equal::equal(self, other, key)? {
                    found = Some(position);
                    break;
                }
            }
            let same = |t: &mut Table| (t.with_hash(hash) == candidates).then(|| work(t, found));
            if let Some(result) = self.tables.locked(table.slot(), same).ok_or_else(missing)? {
                return Ok(result);
            }
        }
    }

    /// Whether a map or set has a key.
    pub fn has_key(&self, table: Value, key: Value) -> Result<bool, Fault> {
        let hash = equal::hash(self, key)?;
        match self.find(table, hash, key)? {
            Some(found) => Ok(found.is_some()),
            None => self.at_shared_key(table, hash, key, |_, found| found.is_some()),
        }
    }

    /// The value under a key.
    pub fn map_get(&self, table: Value, key: Value) -> Result<Option<Value>, Fault> {
        let hash = equal::hash(self, key)?;
        let value = |t: &Table, found: Option<u32>| found.and_then(|position| t.at(position)).map(|(_, value)| value);
        match self.find(table, hash, key)? {
            Some(found) => Ok(self.tables.private(table.slot()).and_then(|t| value(t, found))),
            None => self.at_shared_key(table, hash, key, |t, found| value(t, found)),
        }
    }

    /// Sets the value under a key (for a set: `()`), and gives the old one.
    pub fn map_insert(&mut self, table: Value, key: Value, value: Value) -> Result<Option<Value>, Fault> {
        let hash = equal::hash(self, key)?;
        // Doubling: what it may have afterwards, not what it needs.
        let room = |heap: &Heap, len: usize| if len >= 64 { heap.room_for(len * 48) } else { Ok(()) };
        match self.find(table, hash, key)? {
            Some(Some(position)) => self.change_table(table, |t| t.replace(position, value)),
            Some(None) => {
                room(self, self.read_table(table, Table::len)?)?;
                self.change_table(table, |t| t.push(hash, key, value))?;
                Ok(None)
            }
            None => {
                room(self, self.read_table(table, Table::len)?)?;
                self.before_storing(Kind::Table, table, &[key, value]);
                self.change_at_shared_key(table, hash, key, |t, found| match found {
                    Some(position) => t.replace(position, value),
                    None => {
                        t.push(hash, key, value);
                        None
                    }
                })
            }
        }
    }

    /// Takes out the value under a key.
    pub fn map_remove(&mut self, table: Value, key: Value) -> Result<Option<Value>, Fault> {
        let hash = equal::hash(self, key)?;
        match self.find(table, hash, key)? {
            Some(Some(position)) => self.change_table(table, |t| t.remove(position)),
            Some(None) => Ok(None),
            None => self.change_at_shared_key(table, hash, key, |t, found| found.and_then(|at| t.remove(at))),
        }
    }

    /// As [`Heap::at_shared_key`], where `change` may make the table larger or smaller.
    fn change_at_shared_key<R>(
        &mut self,
        table: Value,
        hash: u64,
        key: Value,
        mut change: impl FnMut(&mut Table, Option<u32>) -> R,
    ) -> Result<R, Fault> {
        let (result, before, after) = self.at_shared_key(table, hash, key, |t, found| {
            let before = t.extra_bytes();
            let result = change(t, found);
            (result, before, t.extra_bytes())
        })?;
        self.resized(before, after);
        Ok(result)
    }

    /// `container[index]`: an element of a list, the value under a key of a map, a character of a string by position.
    #[inline]
    pub fn get_index(&self, container: Value, index: Value) -> Result<Value, Fault> {
        if container.is(Tag::List)
            && let Some(object) = self.lists.private(container.slot())
        {
            let elements = &object.0;
            let at = self.position(index, elements.len())?;
            return Ok(elements[at]);
        }
        self.get_index_cold(container, index)
    }

    #[inline(never)]
    fn get_index_cold(&self, container: Value, index: Value) -> Result<Value, Fault> {
        match container.kind() {
            Tag::List => {
                let at = self.position(index, self.list_len(container)?)?;
                let gone = || super::list::out_of_range(self.list_len(container).unwrap_or(0), at as i128);
                self.element(container, at)?.ok_or_else(gone)
            }
            Tag::Map => match self.map_get(container, index)? {
                Some(value) => Ok(value),
                None => Err(Fault::Panic(format!("key not found: {}", crate::vm::format::plain(self, index)))),
            },
            Tag::String => {
                let text = self.str(container)?;
                let at = crate::vm::arith::integer(self, index)?;
                match usize::try_from(at).ok().and_then(|at| text.chars().nth(at)) {
                    Some(c) => Ok(Value::new(Tag::Char, c as u64)),
                    None => Err(super::list::out_of_range(text.chars().count(), at)),
                }
            }
            Tag::Tuple => {
                let record = self.record_of(container)?;
                Ok(record.fields()[self.position(index, record.fields().len())?])
            }
            _ => Err(wrong("something that can be indexed", container)),
        }
    }

    /// `container[index] = value` of a list or map.
    #[inline]
    pub fn set_index(&mut self, container: Value, index: Value, value: Value) -> Result<(), Fault> {
        if container.is(Tag::List) {
            let at = self.position(index, self.list_len(container)?)?;
            return self.set_element(container, at, value);
        }
        if container.is(Tag::Map) {
            return self.map_insert(container, index, value).map(drop);
        }
        Err(wrong("something whose elements can be set", container))
    }

    /// `container[range]`: a new list (elements cloned) or string.
    pub fn get_slice(&mut self, container: Value, range: Value) -> Result<Value, Fault> {
        match container.kind() {
            Tag::List => {
                let (from, to) = self.range_bounds(range, self.list_len(container)?)?;
                self.slice(container, from, to)
            }
            Tag::String => {
                let (from, to) = self.range_bounds(range, self.str(container)?.len())?;
                self.substring(container, from, to)
            }
            _ => Err(wrong("something that can be sliced", container)),
        }
    }

    /// A new list of the elements `from..to` (cloned), which must be in range.
    pub fn slice(&mut self, list: Value, from: usize, to: usize) -> Result<Value, Fault> {
        let elements = self.elements(list)?;
        let Some(part) = elements.get(from..to) else {
            return Err(slice_out_of_range(elements.len(), from as i128, to as i128));
        };
        self.room_for(size_of_val(part))?;
        let part = part.to_vec();
        let shallow = self.list(part)?;
        // The handles in it are the originals'; a deep copy of the new list replaces them.
        self.clone_value(shallow)
    }

    /// A new string of the bytes `from..to`.
    pub fn substring(&mut self, text: Value, from: usize, to: usize) -> Result<Value, Fault> {
        let whole = self.str(text)?;
        match whole.get(from..to) {
            Some(part) => {
                let part: Box<str> = part.into();
                self.string(part)
            }
            None if to <= whole.len() && from <= to => {
                Err(Fault::Panic(format!("slice {from}..{to} cuts a character of the string in two")))
            }
            None => Err(slice_out_of_range(whole.len(), from as i128, to as i128)),
        }
    }

    /// Length of a list, map, set or string (bytes).
    #[inline]
    pub fn len(&self, container: Value) -> Result<usize, Fault> {
        match container.kind() {
            Tag::List => self.list_len(container),
            Tag::String => Ok(self.str(container)?.len()),
            Tag::Map | Tag::Set => self.read_table(container, Table::len),
            Tag::Tuple => self.with_record(container, |record| record.fields().len()),
            _ => Err(wrong("something that has a length", container)),
        }
    }
}
