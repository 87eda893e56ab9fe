//! Maps and sets by key, and indexing of any container.

use super::list::slice_out_of_range;
use super::slab::{Object, Slab};
use super::table::Table;
use super::{Heap, Kind, wrong};
use crate::value::{Tag, Value};
use crate::vm::equal;
use crate::vm::fault::Fault;

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

    /// The table of a map or set.
    #[inline]
    pub fn table(&self, value: Value) -> Result<&Table, Fault> {
        match self.tables.get(value.slot()) {
            Some(table) if Kind::of(value.kind()) == Some(Kind::Table) => Ok(table),
            _ => Err(wrong("a map or set", value)),
        }
    }

    /// Changes a table; growth is counted.
    pub(crate) fn change_table<R>(&mut self, value: Value, change: impl FnOnce(&mut Table) -> R) -> Result<R, Fault> {
        match self.tables.get_mut(value.slot()) {
            Some(table) if Kind::of(value.kind()) == Some(Kind::Table) => {
                let before = table.extra_bytes();
                let result = change(table);
                let after = table.extra_bytes();
                self.resized(before, after);
                Ok(result)
            }
            _ => Err(wrong("a map or set", value)),
        }
    }

    /// Hash of a key and its position, if it is there.
    fn find(&self, table: Value, key: Value) -> Result<(u64, Option<u32>), Fault> {
        let hash = equal::hash(self, key)?;
        let mut fault = None;
        let found = self.table(table)?.find(hash, |other| match equal::equal(self, other, key) {
            Ok(same) => same,
            Err(f) => {
                fault = Some(f);
                false
            }
        });
        match fault {
            Some(fault) => Err(fault),
            None => Ok((hash, found)),
        }
    }

    /// Whether a map or set has a key.
    pub fn has_key(&self, table: Value, key: Value) -> Result<bool, Fault> {
        Ok(self.find(table, key)?.1.is_some())
    }

    /// The value under a key.
    pub fn map_get(&self, table: Value, key: Value) -> Result<Option<Value>, Fault> {
        let (_, found) = self.find(table, key)?;
        Ok(match found {
            Some(position) => self.table(table)?.at(position).map(|(_, value)| value),
            None => None,
        })
    }

    /// Sets the value under a key (for a set: `()`), and gives the old one.
    pub fn map_insert(&mut self, table: Value, key: Value, value: Value) -> Result<Option<Value>, Fault> {
        let (hash, found) = self.find(table, key)?;
        match found {
            Some(position) => self.change_table(table, |t| t.replace(position, value)),
            None => {
                // Doubling: what it may have afterwards, not what it needs.
                let now = self.table(table)?;
                if now.len() >= 64 {
                    self.room_for(now.len() * 48)?;
                }
                self.change_table(table, |t| t.push(hash, key, value))?;
                Ok(None)
            }
        }
    }

    /// Takes out the value under a key.
    pub fn map_remove(&mut self, table: Value, key: Value) -> Result<Option<Value>, Fault> {
        match self.find(table, key)?.1 {
            Some(position) => self.change_table(table, |t| t.remove(position)),
            None => Ok(None),
        }
    }

    /// `container[index]`: an element of a list, the value under a key of a map, a character of a string by position.
    #[inline]
    pub fn get_index(&self, container: Value, index: Value) -> Result<Value, Fault> {
        if container.is(Tag::List) {
            let elements = self.elements(container)?;
            let at = self.position(index, elements.len())?;
            return Ok(elements[at]);
        }
        self.get_index_cold(container, index)
    }

    #[inline(never)]
    fn get_index_cold(&self, container: Value, index: Value) -> Result<Value, Fault> {
        match container.kind() {
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
                let fields = self.record_of(container)?.fields();
                Ok(fields[self.position(index, fields.len())?])
            }
            _ => Err(wrong("something that can be indexed", container)),
        }
    }

    /// `container[index] = value` of a list or map.
    #[inline]
    pub fn set_index(&mut self, container: Value, index: Value, value: Value) -> Result<(), Fault> {
        if container.is(Tag::List) {
            let at = self.position(index, self.elements(container)?.len())?;
            self.elements_mut(container)?[at] = value;
            return Ok(());
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
                let (from, to) = self.range_bounds(range, self.elements(container)?.len())?;
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
            Tag::List => Ok(self.elements(container)?.len()),
            Tag::String => Ok(self.str(container)?.len()),
            Tag::Map | Tag::Set => Ok(self.table(container)?.len()),
            Tag::Tuple => Ok(self.record_of(container)?.fields().len()),
            _ => Err(wrong("something that has a length", container)),
        }
    }
}
