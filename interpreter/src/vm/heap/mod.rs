//! The guest's heap: a slab for each kind of object, addressed by handles in [`Value`]s.
//!
//! A [`Heap`] is one machine's view; [`Heap::share`] gives another machine its own. An object that several machines may reach is
//! published ([`publish`]) and locked for each access; accessors that give more than one element at once lend a private object and copy
//! a published one, so that no lock is held while anything else happens. Nothing that a guest does without synchronisation can
//! do more harm than a wrong element: every position is checked again under the lock.
//!
//! Everything goes through [`Heap`]: constructors, checked accessors (a wrong handle is a guest fault, never the host's panic),
//! and growth, which is where bytes are counted. Nothing here collects: [`Heap::should_collect`] says when the
//! loop's next safepoint should, so values held in host variables between safepoints are safe.
//!
//! Limits: objects of fixed size are made without a check, because straight code between two safepoints makes only a few; the
//! safepoint finds the limit passed ([`Heap::over_limit`] after a collection). What can be of any size (strings, lists, maps,
//! clones) is checked here and fails with `out of memory`.
//!
//! * [`slab`] the tables with [`bits`] and [`lock`], [`account`] the bytes; [`record`] tuples, structs, variants and closures, [`table`] maps and sets;
//! * [`list`] lists, [`maps`] maps and sets by key, [`refs`] cells, boxes and references, [`clone`] deep copies, [`publish`] sharing.

mod account;
pub mod bits;
pub mod clone;
pub mod list;
pub mod lock;
pub mod maps;
pub mod publish;
pub mod record;
pub mod refs;
pub mod scratch;
pub mod slab;
pub mod table;
#[cfg(test)]
mod tests;

use super::fault::Fault;
use crate::types::{OPTION, RESULT};
use crate::value::{Tag, Value};
use account::Account;
use bits::Bits;
use lock::{Constant, StateByte};
use record::Record;
use slab::{Object, Slab};
use std::borrow::Cow;
use table::Table;

/// The slabs, by what they hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// 128-bit integers.
    Wide,
    /// Strings.
    String,
    /// Lists.
    List,
    /// Maps and sets.
    Table,
    /// Tuples, structs, variants, closures, ranges.
    Record,
    /// Boxes and cells.
    Cell,
    /// References to fields and elements.
    Ref,
}

impl Kind {
    /// Number of kinds.
    pub const COUNT: usize = 7;

    /// The slab that a tag's handles point into; `None` for values that are not in the heap.
    pub fn of(tag: Tag) -> Option<Kind> {
        Some(match tag {
            Tag::I128 | Tag::U128 => Kind::Wide,
            Tag::String => Kind::String,
            Tag::List => Kind::List,
            Tag::Map | Tag::Set => Kind::Table,
            Tag::Tuple | Tag::Struct | Tag::Variant | Tag::Closure | Tag::Range => Kind::Record,
            Tag::Box | Tag::Cell => Kind::Cell,
            Tag::FieldRef | Tag::IndexRef => Kind::Ref,
            _ => return None,
        })
    }
}

/// A shared cell.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct CellObject(pub(crate) Value);

/// A reference to part of an object.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct RefObject {
    /// The record or container.
    pub(crate) base: Value,
    /// Position of the field as an integer, or the index or key.
    pub(crate) index: Value,
}

/// A string.
#[derive(Clone, Debug, Default)]
pub(crate) struct StrObject(pub(crate) Box<str>);

/// A list.
#[derive(Clone, Debug, Default)]
pub(crate) struct ListObject(pub(crate) Vec<Value>);

/// A 128-bit integer.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct WideObject(pub(crate) u128);

macro_rules! objects {
    ($($name:ident, $state:ident, |$this:ident| $extra:expr;)+) => {
        $( impl Object for $name {
            type State = $state;

            fn extra_bytes(&self) -> usize {
                let $this = self;
                $extra
            }
        } )+
    };
}

objects! {
    CellObject, StateByte, |_c| 0;
    RefObject, StateByte, |_r| 0;
    WideObject, Constant, |_w| 0;
    StrObject, Constant, |s| s.0.len();
}

impl Object for ListObject {
    type State = StateByte;

    fn extra_bytes(&self) -> usize {
        self.0.capacity() * size_of::<Value>()
    }

    fn twin(&self) -> Self {
        ListObject(with_room(&self.0))
    }
}

/// A copy with the same room to grow, so that it weighs the same.
pub(crate) fn with_room<T: Copy>(items: &Vec<T>) -> Vec<T> {
    let mut copy = Vec::with_capacity(items.capacity());
    copy.extend_from_slice(items);
    copy
}

/// The heap of a machine that is alone, as it was; see [`Heap::image`].
#[derive(Debug)]
pub struct Image {
    wides: slab::Image<WideObject>,
    strings: slab::Image<StrObject>,
    lists: slab::Image<ListObject>,
    tables: slab::Image<Table>,
    records: slab::Image<Record>,
    cells: slab::Image<CellObject>,
    refs: slab::Image<RefObject>,
    account: account::Image,
    published: usize,
}

/// The heap.
#[derive(Debug)]
pub struct Heap {
    pub(crate) wides: Slab<WideObject>,
    pub(crate) strings: Slab<StrObject>,
    pub(crate) lists: Slab<ListObject>,
    pub(crate) tables: Slab<Table>,
    pub(crate) records: Slab<Record>,
    pub(crate) cells: Slab<CellObject>,
    pub(crate) refs: Slab<RefObject>,
    account: Account,
    /// Objects that were published because they were stored in published ones, since somebody last asked.
    published: usize,
    /// The program has no static types: objects of classes are equal when they are the same one, and lists may contain themselves.
    pub(crate) dynamic: bool,
}

/// A handle that points nowhere, or at another kind of thing than its tag says: a mistake of the engine.
#[cold]
#[inline(never)]
pub(crate) fn wrong(what: &str, value: Value) -> Fault {
    Fault::Panic(format!("internal: expected {what}, found {:?}", value.kind()))
}

impl Heap {
    /// An empty heap that may hold so many bytes.
    pub fn new(max_bytes: u64) -> Heap {
        Heap {
            wides: Slab::default(),
            strings: Slab::default(),
            lists: Slab::default(),
            tables: Slab::default(),
            records: Slab::default(),
            cells: Slab::default(),
            refs: Slab::default(),
            account: Account::new(max_bytes),
            published: 0,
            dynamic: false,
        }
    }

    /// Another machine's view of the same heap.
    pub fn share(&mut self) -> Heap {
        Heap {
            wides: self.wides.share(),
            strings: self.strings.share(),
            lists: self.lists.share(),
            tables: self.tables.share(),
            records: self.records.share(),
            cells: self.cells.share(),
            refs: self.refs.share(),
            account: self.account.share(),
            published: 0,
            dynamic: self.dynamic,
        }
    }

    /// A copy of the heap of a machine that is alone, to go back to.
    pub fn image(&self) -> Image {
        Image {
            wides: self.wides.image(),
            strings: self.strings.image(),
            lists: self.lists.image(),
            tables: self.tables.image(),
            records: self.records.image(),
            cells: self.cells.image(),
            refs: self.refs.image(),
            account: self.account.image(),
            published: self.published,
        }
    }

    /// Makes the heap what it was. It then behaves as it did then, to the slot of each object and the time of each collection.
    pub fn restore(&mut self, image: &Image) {
        self.wides.restore(&image.wides);
        self.strings.restore(&image.strings);
        self.lists.restore(&image.lists);
        self.tables.restore(&image.tables);
        self.records.restore(&image.records);
        self.cells.restore(&image.cells);
        self.refs.restore(&image.refs);
        self.account.restore(&image.account);
        self.published = image.published;
    }

    /// Says which task runs on this machine now, where several machines share the heap: builds with debug assertions then stop at
    /// an access to an object of another task that was not published. 0: none in particular.
    #[inline]
    pub fn set_task(&mut self, task: u32) {
        if cfg!(debug_assertions) {
            self.lists.set_task(task);
            self.tables.set_task(task);
            self.records.set_task(task);
            self.cells.set_task(task);
            self.refs.set_task(task);
        }
    }

    /// Bytes in use, garbage that is not yet collected included, as far as this machine knows.
    pub fn bytes(&self) -> usize {
        self.account.bytes()
    }

    /// The most bytes that it may hold.
    pub fn max_bytes(&self) -> usize {
        self.account.max_bytes()
    }

    /// Enters this machine's numbers into the shared books; learns those of the others.
    pub fn settle(&mut self) {
        self.account.settle();
    }

    /// Number of objects, garbage included.
    pub fn objects(&self) -> usize {
        self.wides.count()
            + self.strings.count()
            + self.lists.count()
            + self.tables.count()
            + self.records.count()
            + self.cells.count()
            + self.refs.count()
    }

    /// Whether there is a list in a slot.
    pub fn has_list(&self, slot: u32) -> bool {
        self.lists.is_taken(slot)
    }

    /// Whether there is a map or a set in a slot.
    pub fn has_table(&self, slot: u32) -> bool {
        self.tables.is_taken(slot)
    }

    /// Whether there is a tuple, struct or variant in a slot.
    pub fn has_record(&self, slot: u32) -> bool {
        self.records.is_taken(slot)
    }

    /// Whether there is a cell or a box in a slot.
    pub fn has_cell(&self, slot: u32) -> bool {
        self.cells.is_taken(slot)
    }

    /// Whether the next safepoint should collect.
    #[inline(always)]
    pub fn should_collect(&mut self) -> bool {
        self.account.should_collect()
    }

    /// Collects at every safepoint from now on: a test's way to find a root that was forgotten.
    pub fn stress(&mut self) {
        self.account.stress();
    }

    /// To be asked after a collection: the failure of a guest that holds more than it may.
    pub fn over_limit(&self) -> Option<Fault> {
        self.account.over_limit()
    }

    /// Fails where so many more bytes would pass the limit. To be asked before allocating anything whose size the guest chooses.
    #[inline]
    pub fn room_for(&self, more: usize) -> Result<(), Fault> {
        self.account.room_for(more)
    }

    /// Counts bytes that something outside the heap has taken for the guest, until the next collection weighs it.
    #[inline]
    pub fn charge(&mut self, bytes: usize) {
        self.account.charge(bytes);
    }

    /// Counts what everything outside the heap weighs now, where it is more than was known.
    pub fn weigh(&mut self, outside: usize) {
        self.account.weigh(outside);
    }

    /// Counts what an object has grown or shrunk by.
    #[inline]
    pub(crate) fn resized(&mut self, before: usize, after: usize) {
        self.account.resized(before, after);
    }

    /// Frees what has no mark, and sets the next threshold; `outside` is what everything outside the heap weighs now. Gives
    /// the number of objects freed. The world is stopped.
    pub(crate) fn sweep(&mut self, marks: &[Bits; Kind::COUNT], outside: usize) -> usize {
        let freed = [
            self.wides.sweep(&marks[Kind::Wide as usize]),
            self.strings.sweep(&marks[Kind::String as usize]),
            self.lists.sweep(&marks[Kind::List as usize]),
            self.tables.sweep(&marks[Kind::Table as usize]),
            self.records.sweep(&marks[Kind::Record as usize]),
            self.cells.sweep(&marks[Kind::Cell as usize]),
            self.refs.sweep(&marks[Kind::Ref as usize]),
        ];
        self.account.swept(freed.iter().map(|f| f.1).sum(), outside);
        freed.iter().map(|f| f.0).sum()
    }

    // ---- strings -------------------------------------------------------------------------------------------------------

    /// A string.
    pub fn string(&mut self, text: impl Into<Box<str>>) -> Result<Value, Fault> {
        let text = text.into();
        self.room_for(text.len())?;
        self.account.add(Slab::<StrObject>::SLOT_BYTES + text.len());
        Ok(Value::handle(Tag::String, self.strings.insert(StrObject(text))))
    }

    /// The text of a string.
    #[inline]
    pub fn str(&self, value: Value) -> Result<&str, Fault> {
        match self.strings.constant(value.slot()) {
            Some(text) if value.is(Tag::String) => Ok(&text.0),
            _ => Err(wrong("a string", value)),
        }
    }

    // ---- wide integers -------------------------------------------------------------------------------------------------

    /// An `i128`.
    pub fn i128(&mut self, n: i128) -> Value {
        self.wide(Tag::I128, n as u128)
    }

    /// A `u128`.
    pub fn u128(&mut self, n: u128) -> Value {
        self.wide(Tag::U128, n)
    }

    fn wide(&mut self, tag: Tag, bits: u128) -> Value {
        self.account.add(Slab::<WideObject>::SLOT_BYTES);
        Value::handle(tag, self.wides.insert(WideObject(bits)))
    }

    /// The bits of an `i128` or `u128`.
    #[inline]
    pub fn wide_bits(&self, value: Value) -> Result<u128, Fault> {
        match self.wides.constant(value.slot()) {
            Some(wide) if value.is(Tag::I128) || value.is(Tag::U128) => Ok(wide.0),
            _ => Err(wrong("a 128-bit integer", value)),
        }
    }

    // ---- records -------------------------------------------------------------------------------------------------------

    /// A record of any kind: the number of a struct, enum or function, and the number of a variant.
    #[inline]
    pub fn record(&mut self, tag: Tag, ty: u32, variant: u32, fields: &[Value]) -> Value {
        let record = Record::new(ty, variant, fields);
        self.account.add(Slab::<Record>::SLOT_BYTES + record.extra_bytes());
        Value::handle(tag, self.records.insert(record))
    }

    /// A tuple.
    #[inline]
    pub fn tuple(&mut self, fields: &[Value]) -> Value {
        self.record(Tag::Tuple, 0, 0, fields)
    }

    /// A struct of the type with this number.
    #[inline]
    pub fn structure(&mut self, ty: u32, fields: &[Value]) -> Value {
        self.record(Tag::Struct, ty, 0, fields)
    }

    /// A variant; one without fields needs no object.
    #[inline]
    pub fn variant(&mut self, ty: u32, variant: u32, fields: &[Value]) -> Value {
        if fields.is_empty() { bare_variant(ty, variant) } else { self.record(Tag::Variant, ty, variant, fields) }
    }

    /// `Some(value)`
    #[inline]
    pub fn some(&mut self, value: Value) -> Value {
        self.record(Tag::Variant, OPTION.0, SOME, &[value])
    }

    /// `Some` of a value that is there, otherwise `None`.
    #[inline]
    pub fn option(&mut self, value: Option<Value>) -> Value {
        match value {
            Some(value) => self.some(value),
            None => NONE_VALUE,
        }
    }

    /// `Ok(value)`
    #[inline]
    pub fn ok(&mut self, value: Value) -> Value {
        self.record(Tag::Variant, RESULT.0, OK, &[value])
    }

    /// `Err(value)`
    #[inline]
    pub fn err(&mut self, value: Value) -> Value {
        self.record(Tag::Variant, RESULT.0, ERR, &[value])
    }

    /// `Err("text")`
    pub fn err_text(&mut self, text: &str) -> Result<Value, Fault> {
        let text = self.string(text)?;
        Ok(self.err(text))
    }

    /// A closure of the function with this number.
    #[inline]
    pub fn closure(&mut self, function: u32, captures: &[Value]) -> Value {
        self.record(Tag::Closure, function, 0, captures)
    }

    /// A range; both ends are integers of one kind.
    #[inline]
    pub fn range(&mut self, lo: Value, hi: Value, inclusive: bool) -> Value {
        self.record(Tag::Range, 0, inclusive as u32, &[lo, hi])
    }

    /// The record behind a tuple, struct, variant with fields, closure or range; a copy of a published one.
    #[inline]
    pub fn record_of(&self, value: Value) -> Result<Cow<'_, Record>, Fault> {
        if Kind::of(value.kind()) == Some(Kind::Record) {
            if let Some(record) = self.records.private(value.slot()) {
                return Ok(Cow::Borrowed(record));
            }
            if let Some(record) = self.records.locked(value.slot(), |record| record.clone()) {
                return Ok(Cow::Owned(record));
            }
        }
        Err(wrong("a record", value))
    }

    /// Something about a record that can be read in one go.
    #[inline]
    pub(crate) fn with_record<R>(&self, value: Value, read: impl Fn(&Record) -> R) -> Result<R, Fault> {
        if Kind::of(value.kind()) == Some(Kind::Record) {
            if let Some(record) = self.records.private(value.slot()) {
                return Ok(read(record));
            }
            if let Some(result) = self.records.locked(value.slot(), |record| read(record)) {
                return Ok(result);
            }
        }
        Err(wrong("a record", value))
    }

    /// Field number `at` of a record.
    #[inline]
    pub fn field(&self, value: Value, at: u32) -> Result<Value, Fault> {
        if Kind::of(value.kind()) == Some(Kind::Record)
            && let Some(record) = self.records.private(value.slot())
            && let Some(&field) = record.fields().get(at as usize)
        {
            return Ok(field);
        }
        self.shared_field(value, at)
    }

    #[cold]
    #[inline(never)]
    fn shared_field(&self, value: Value, at: u32) -> Result<Value, Fault> {
        match self.with_record(value, |record| record.fields().get(at as usize).copied())? {
            Some(field) => Ok(field),
            None => Err(wrong("a record with that field", value)),
        }
    }

    /// Sets field number `at` of a tuple, struct or variant.
    #[inline]
    pub fn set_field(&mut self, value: Value, at: u32, to: Value) -> Result<(), Fault> {
        if is_changeable(value)
            && let Some(record) = self.records.private_mut(value.slot())
            && let Some(field) = record.fields_mut().get_mut(at as usize)
        {
            *field = to;
            return Ok(());
        }
        self.set_shared_field(value, at, to)
    }

    #[cold]
    #[inline(never)]
    fn set_shared_field(&mut self, value: Value, at: u32, to: Value) -> Result<(), Fault> {
        if is_changeable(value) {
            self.before_storing(Kind::Record, value, &[to]);
            let set = |record: &mut Record| record.fields_mut().get_mut(at as usize).map(|field| *field = to);
            if let Some(Some(())) = self.records.locked(value.slot(), set) {
                return Ok(());
            }
        }
        Err(wrong("a record with that field", value))
    }

    /// Enum and variant number of a variant, with or without fields; `None` for other values.
    #[inline]
    pub fn variant_of(&self, value: Value) -> Option<(u32, u32)> {
        if value.is(Tag::Variant0) {
            Some(((value.payload >> 32) as u32, value.payload as u32))
        } else if value.is(Tag::Variant) {
            let numbers = |record: &Record| (record.ty, record.variant);
            match self.records.private(value.slot()) {
                Some(record) => Some(numbers(record)),
                None => self.records.locked(value.slot(), |record| numbers(record)),
            }
        } else {
            None
        }
    }

    /// Function number and captures of a closure, or of a function without captures.
    #[inline]
    pub fn function_of(&self, value: Value) -> Result<(u32, &[Value]), Fault> {
        if value.is(Tag::Function) {
            return Ok((value.slot(), &[]));
        }
        // What a closure captures never changes.
        match self.records.constant(value.slot()) {
            Some(record) if value.is(Tag::Closure) => Ok((record.ty, record.fields())),
            _ => Err(wrong("a function", value)),
        }
    }

    /// Both ends of a range, and whether the upper one belongs to it.
    pub fn range_of(&self, value: Value) -> Result<(Value, Value, bool), Fault> {
        // Nor does a range.
        match self.records.constant(value.slot()) {
            Some(record) if value.is(Tag::Range) => match record.fields() {
                [lo, hi] => Ok((*lo, *hi, record.variant != 0)),
                _ => Err(wrong("a range", value)),
            },
            _ => Err(wrong("a range", value)),
        }
    }
}

/// Whether this is a record that can change; closures and ranges cannot.
#[inline]
fn is_changeable(value: Value) -> bool {
    matches!(value.kind(), Tag::Tuple | Tag::Struct | Tag::Variant)
}

/// Number of `Some` in `Option`.
pub const SOME: u32 = 0;
/// Number of `None` in `Option`.
pub const NONE: u32 = 1;
/// Number of `Ok` in `Result`.
pub const OK: u32 = 0;
/// Number of `Err` in `Result`.
pub const ERR: u32 = 1;

/// `None`
pub const NONE_VALUE: Value = bare_variant(OPTION.0, NONE);

/// A variant without fields.
pub const fn bare_variant(ty: u32, variant: u32) -> Value {
    Value { tag: Tag::Variant0 as u8, payload: (ty as u64) << 32 | variant as u64 }
}
