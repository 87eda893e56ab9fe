//! Maps and sets of the guest: a hash table over entries that stay in order of insertion.
//!
//! Keys are values whose equality looks into the heap, so the caller brings hash and equality; stored hashes make growing
//! independent of both. A removed entry leaves a gap, so that positions held by a running `for` stay right; gaps are closed
//! when an insertion finds too many of them, which makes removal O(1) amortised in any order. `first` skips the gap at the
//! front, so that taking from the front again and again stays cheap too.

use super::lock::StateByte;
use super::slab::Object;
use super::with_room;
use crate::value::Value;
use hashbrown::HashTable;

/// A map, or a set (whose values are `()`).
#[derive(Clone, Debug, Default)]
pub struct Table {
    index: HashTable<u32>,
    entries: Vec<Entry>,
    len: usize,
    first: usize,
}

/// An entry; a gap where `gone`.
#[derive(Clone, Copy, Debug)]
struct Entry {
    hash: u64,
    key: Value,
    value: Value,
    gone: bool,
}

/// Gaps that are always put up with.
const FEW: usize = 16;

impl Table {
    /// Number of keys.
    pub fn len(&self) -> usize {
        self.len
    }

    /// Whether there is no key.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Position of a key with this hash for which `equal` holds.
    #[inline]
    pub fn find(&self, hash: u64, mut equal: impl FnMut(Value) -> bool) -> Option<u32> {
        self.index
            .find(hash, |&at| self.entries.get(at as usize).is_some_and(|e| e.hash == hash && equal(e.key)))
            .copied()
    }

    /// Positions and keys of all entries with this hash, in order of positions.
    pub fn with_hash(&self, hash: u64) -> Vec<(u32, Value)> {
        let entries = self.index.iter_hash(hash).filter_map(|&at| Some((at, self.entries.get(at as usize)?)));
        let mut found: Vec<_> = entries.filter(|(_, e)| e.hash == hash).map(|(at, e)| (at, e.key)).collect();
        found.sort_unstable_by_key(|&(at, _)| at);
        found
    }

    /// Key and value at a position; `None` in a gap or past the end.
    #[inline]
    pub fn at(&self, position: u32) -> Option<(Value, Value)> {
        self.entries.get(position as usize).filter(|e| !e.gone).map(|e| (e.key, e.value))
    }

    /// The first entry at or after a position, and the position after it: how a `for` goes on.
    pub fn next_from(&self, position: usize) -> Option<(usize, Value, Value)> {
        let from = position.max(self.first);
        let found = self.entries.get(from..)?.iter().position(|e| !e.gone)?;
        let entry = &self.entries[from + found];
        Some((from + found + 1, entry.key, entry.value))
    }

    /// Replaces the value at a position and gives the old one.
    pub fn replace(&mut self, position: u32, value: Value) -> Option<Value> {
        let entry = self.entries.get_mut(position as usize).filter(|e| !e.gone)?;
        Some(std::mem::replace(&mut entry.value, value))
    }

    /// Appends a key that is known to be new.
    pub fn push(&mut self, hash: u64, key: Value, value: Value) {
        if self.entries.len() == self.entries.capacity() && self.gaps() > FEW.max(self.len / 2) {
            self.close_gaps();
        }
        let entries = &self.entries;
        let position = entries.len() as u32;
        self.index.insert_unique(hash, position, |&at| entries.get(at as usize).map_or(0, |e| e.hash));
        self.entries.push(Entry { hash, key, value, gone: false });
        self.len += 1;
    }

    /// Takes out the entry at a position.
    pub fn remove(&mut self, position: u32) -> Option<Value> {
        let entry = self.entries.get_mut(position as usize).filter(|e| !e.gone)?;
        entry.gone = true;
        let (hash, value) = (entry.hash, entry.value);
        if let Ok(found) = self.index.find_entry(hash, |&at| at == position) {
            found.remove();
        }
        self.len -= 1;
        while self.entries.last().is_some_and(|e| e.gone) {
            self.entries.pop();
        }
        while self.entries.get(self.first).is_some_and(|e| e.gone) {
            self.first += 1;
        }
        self.first = self.first.min(self.entries.len());
        Some(value)
    }

    /// Removes all.
    pub fn clear(&mut self) {
        self.index.clear();
        self.entries.clear();
        self.len = 0;
        self.first = 0;
    }

    /// Keys and values in order of insertion.
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = (Value, Value)> {
        self.entries.iter().filter(|e| !e.gone).map(|e| (e.key, e.value))
    }

    /// Keys and values in order of insertion, to be replaced by equal ones (a clone's).
    pub fn iter_mut(&mut self) -> impl Iterator<Item = (&mut Value, &mut Value)> {
        self.entries.iter_mut().filter(|e| !e.gone).map(|e| (&mut e.key, &mut e.value))
    }

    fn gaps(&self) -> usize {
        self.entries.len() - self.len
    }

    fn close_gaps(&mut self) {
        self.entries.retain(|e| !e.gone);
        self.first = 0;
        self.index.clear();
        let entries = &self.entries;
        for (position, entry) in entries.iter().enumerate() {
            self.index.insert_unique(entry.hash, position as u32, |&at| entries.get(at as usize).map_or(0, |e| e.hash));
        }
    }
}

impl Object for Table {
    type State = StateByte;

    fn twin(&self) -> Self {
        // A copied index has as much room as the original.
        Table { index: self.index.clone(), entries: with_room(&self.entries), ..*self }
    }

    fn extra_bytes(&self) -> usize {
        self.entries.capacity() * size_of::<Entry>() + self.index.capacity() * (size_of::<u32>() + 1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// A poor hash on purpose: collisions must be told apart by equality.
    fn hash(key: i64) -> u64 {
        (key as u64 % 5).wrapping_mul(0x9E37_79B9_7F4A_7C15)
    }

    fn find(table: &Table, key: i64) -> Option<u32> {
        table.find(hash(key), |k| k.int() == key)
    }

    proptest! {
        #[test]
        fn agrees_with_a_list_of_pairs(steps in proptest::collection::vec((0u8..3, 0i64..40, 0i64..1000), 0..400)) {
            let mut table = Table::default();
            let mut model: Vec<(i64, i64)> = Vec::new();
            for (what, key, value) in steps {
                let at = model.iter().position(|(k, _)| *k == key);
                match what {
                    0 | 1 => match (find(&table, key), at) {
                        (Some(position), Some(i)) => {
                            table.replace(position, Value::i64(value));
                            model[i].1 = value;
                        }
                        (None, None) => {
                            table.push(hash(key), Value::i64(key), Value::i64(value));
                            model.push((key, value));
                        }
                        other => prop_assert!(false, "{other:?}"),
                    },
                    _ => {
                        let removed = find(&table, key).and_then(|position| table.remove(position)).map(|v| v.int());
                        prop_assert_eq!(removed, at.map(|i| model.remove(i).1));
                    }
                }
                prop_assert_eq!(table.len(), model.len());
                let seen: Vec<(i64, i64)> = table.iter().map(|(k, v)| (k.int(), v.int())).collect();
                prop_assert_eq!(&seen, &model);
                let mut walked = Vec::new();
                let mut position = 0;
                while let Some((next, k, v)) = table.next_from(position) {
                    walked.push((k.int(), v.int()));
                    position = next;
                }
                prop_assert_eq!(&walked, &model);
            }
        }
    }

    #[test]
    fn a_queue_of_keys_does_not_grow_without_end() {
        let mut table = Table::default();
        for key in 0..100_000 {
            table.push(hash(key), Value::i64(key), Value::UNIT);
            if key >= 10 {
                let position = find(&table, key - 10).expect("was inserted ten turns ago");
                table.remove(position);
            }
        }
        assert_eq!(table.len(), 10);
        assert!(table.entries.capacity() < 200, "{}", table.entries.capacity());
    }
}
