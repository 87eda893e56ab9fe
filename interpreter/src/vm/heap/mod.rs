//! The guest's heap: a slab for each kind of object, addressed by handles in [`Value`]s.
//!
//! Everything goes through [`Heap`]: constructors, checked accessors (a wrong handle is a guest fault, never the host's panic),
//! and growth, which is where bytes are counted. Nothing here collects: [`Heap::should_collect`] says when the
//! loop's next safepoint should, so values held in host variables between safepoints are safe.
//!
//! Limits: objects of fixed size are made without a check, because straight code between two safepoints makes only a few; the
//! safepoint finds the limit passed ([`Heap::over_limit`] after a collection). What can be of any size (strings, lists, maps,
//! clones) is checked here and fails with `out of memory`.
//!
//! * [`slab`] the tables, [`record`] tuples, structs, variants and closures, [`table`] maps and sets;
//! * [`list`] lists, [`maps`] maps and sets by key, [`refs`] cells, boxes and references, [`clone`] deep copies.

pub mod clone;
pub mod list;
pub mod maps;
pub mod record;
pub mod refs;
pub mod slab;
pub mod table;

use super::fault::Fault;
use crate::types::{OPTION, RESULT};
use crate::value::{Tag, Value};
use record::Record;
use slab::{Bits, Object, Slab};
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
    ($($name:ident, |$this:ident| $extra:expr;)+) => {
        $( impl Object for $name {
            fn extra_bytes(&self) -> usize {
                let $this = self;
                $extra
            }
        } )+
    };
}

objects! {
    CellObject, |_c| 0;
    RefObject, |_r| 0;
    WideObject, |_w| 0;
    StrObject, |s| s.0.len();
    ListObject, |l| l.0.capacity() * size_of::<Value>();
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
    bytes: usize,
    /// The part of `bytes` that is not in the slabs here: the scheduler's objects, task stacks.
    outside: usize,
    /// Collect when `bytes` reaches this.
    threshold: usize,
    max_bytes: usize,
    /// See [`Heap::stress`].
    stress: bool,
}

/// Below this many bytes a collection is not worth its time.
const FIRST_THRESHOLD: usize = 4 << 20;

/// Slots are 32 bits wide; no slab may come near their end.
const MAX_BYTES: u64 = 1 << 35;

/// A handle that points nowhere, or at another kind of thing than its tag says: a mistake of the engine.
#[cold]
#[inline(never)]
pub(crate) fn wrong(what: &str, value: Value) -> Fault {
    Fault::Panic(format!("internal: expected {what}, found {:?}", value.kind()))
}

impl Heap {
    /// An empty heap that may hold so many bytes.
    pub fn new(max_bytes: u64) -> Heap {
        let max_bytes = max_bytes.min(MAX_BYTES) as usize;
        Heap {
            wides: Slab::default(),
            strings: Slab::default(),
            lists: Slab::default(),
            tables: Slab::default(),
            records: Slab::default(),
            cells: Slab::default(),
            refs: Slab::default(),
            bytes: 0,
            outside: 0,
            threshold: FIRST_THRESHOLD.min(max_bytes / 2),
            max_bytes,
            stress: false,
        }
    }

    /// Bytes in use, garbage that is not yet collected included.
    pub fn bytes(&self) -> usize {
        self.bytes
    }

    /// The most bytes that it may hold.
    pub fn max_bytes(&self) -> usize {
        self.max_bytes
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

    /// Whether the next safepoint should collect.
    #[inline(always)]
    pub fn should_collect(&self) -> bool {
        self.bytes >= self.threshold
    }

    /// Collects at every safepoint from now on: a test's way to find a root that was forgotten.
    pub fn stress(&mut self) {
        self.stress = true;
        self.threshold = 0;
    }

    /// To be asked after a collection: the failure of a guest that holds more than it may.
    pub fn over_limit(&self) -> Option<Fault> {
        (self.bytes > self.max_bytes).then(|| self.out_of_memory(0))
    }

    #[cold]
    #[inline(never)]
    fn out_of_memory(&self, more: usize) -> Fault {
        let (used, limit) = (mebibytes(self.bytes), mebibytes(self.max_bytes));
        Fault::Panic(match more {
            0 => format!("out of memory: {used} are in use and the limit is {limit} (--max-memory)"),
            _ => format!(
                "out of memory: {} more on top of {used} would pass the limit of {limit} (--max-memory)",
                mebibytes(more)
            ),
        })
    }

    /// Fails where so many more bytes would pass the limit. To be asked before allocating anything whose size the guest chooses.
    #[inline]
    pub fn room_for(&self, more: usize) -> Result<(), Fault> {
        if self.bytes.saturating_add(more) > self.max_bytes { Err(self.out_of_memory(more)) } else { Ok(()) }
    }

    /// Counts bytes that something outside the heap has taken for the guest, until the next collection weighs it.
    #[inline]
    pub fn charge(&mut self, bytes: usize) {
        self.bytes += bytes;
        self.outside += bytes;
    }

    /// Counts what everything outside the heap weighs now, where it is more than was known.
    pub fn weigh(&mut self, outside: usize) {
        if outside > self.outside {
            self.bytes += outside - self.outside;
            self.outside = outside;
        }
    }

    /// Counts what an object has grown or shrunk by.
    #[inline]
    pub(crate) fn resized(&mut self, before: usize, after: usize) {
        self.bytes = (self.bytes + after).saturating_sub(before);
    }

    /// Frees what has no mark, and sets the next threshold; `outside` is what everything outside the heap weighs now. Gives
    /// the number of objects freed.
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
        let gone = self.outside + freed.iter().map(|f| f.1).sum::<usize>();
        self.bytes = self.bytes.saturating_sub(gone) + outside;
        self.outside = outside;
        // Twice what lives, but near the limit only half of what is left: garbage must not be taken for a full heap. A step
        // is never so small that a heap which is full for good costs more than a few collections before it fails.
        let left = self.max_bytes.saturating_sub(self.bytes);
        let step = self.bytes.max(FIRST_THRESHOLD).min((left / 2).max(self.max_bytes / 32));
        self.threshold = self.bytes + step;
        if self.stress {
            self.threshold = 0;
        }
        freed.iter().map(|f| f.0).sum()
    }

    // ---- strings -------------------------------------------------------------------------------------------------------

    /// A string.
    pub fn string(&mut self, text: impl Into<Box<str>>) -> Result<Value, Fault> {
        let text = text.into();
        self.room_for(text.len())?;
        self.bytes += Slab::<StrObject>::SLOT_BYTES + text.len();
        Ok(Value::handle(Tag::String, self.strings.insert(StrObject(text))))
    }

    /// The text of a string.
    #[inline]
    pub fn str(&self, value: Value) -> Result<&str, Fault> {
        match self.strings.get(value.slot()) {
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
        self.bytes += Slab::<WideObject>::SLOT_BYTES;
        Value::handle(tag, self.wides.insert(WideObject(bits)))
    }

    /// The bits of an `i128` or `u128`.
    #[inline]
    pub fn wide_bits(&self, value: Value) -> Result<u128, Fault> {
        match self.wides.get(value.slot()) {
            Some(wide) if value.is(Tag::I128) || value.is(Tag::U128) => Ok(wide.0),
            _ => Err(wrong("a 128-bit integer", value)),
        }
    }

    // ---- records -------------------------------------------------------------------------------------------------------

    /// A record of any kind: the number of a struct, enum or function, and the number of a variant.
    #[inline]
    pub fn record(&mut self, tag: Tag, ty: u32, variant: u32, fields: &[Value]) -> Value {
        let record = Record::new(ty, variant, fields);
        self.bytes += Slab::<Record>::SLOT_BYTES + record.extra_bytes();
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

    /// The record behind a tuple, struct, variant with fields, closure or range.
    #[inline]
    pub fn record_of(&self, value: Value) -> Result<&Record, Fault> {
        match self.records.get(value.slot()) {
            Some(record) if Kind::of(value.kind()) == Some(Kind::Record) => Ok(record),
            _ => Err(wrong("a record", value)),
        }
    }

    /// Field number `at` of a record.
    #[inline]
    pub fn field(&self, value: Value, at: u32) -> Result<Value, Fault> {
        let record = self.record_of(value)?;
        match record.fields().get(at as usize) {
            Some(&field) => Ok(field),
            None => Err(wrong("a record with that field", value)),
        }
    }

    /// Sets field number `at` of a record.
    #[inline]
    pub fn set_field(&mut self, value: Value, at: u32, to: Value) -> Result<(), Fault> {
        if Kind::of(value.kind()) == Some(Kind::Record)
            && let Some(record) = self.records.get_mut(value.slot())
            && let Some(field) = record.fields_mut().get_mut(at as usize)
        {
            *field = to;
            return Ok(());
        }
        Err(wrong("a record with that field", value))
    }

    /// Enum and variant number of a variant, with or without fields; `None` for other values.
    #[inline]
    pub fn variant_of(&self, value: Value) -> Option<(u32, u32)> {
        if value.is(Tag::Variant0) {
            Some(((value.payload >> 32) as u32, value.payload as u32))
        } else if value.is(Tag::Variant) {
            self.records.get(value.slot()).map(|record| (record.ty, record.variant))
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
        match self.records.get(value.slot()) {
            Some(record) if value.is(Tag::Closure) => Ok((record.ty, record.fields())),
            _ => Err(wrong("a function", value)),
        }
    }

    /// Both ends of a range, and whether the upper one belongs to it.
    pub fn range_of(&self, value: Value) -> Result<(Value, Value, bool), Fault> {
        match self.records.get(value.slot()) {
            Some(record) if value.is(Tag::Range) => match record.fields() {
                [lo, hi] => Ok((*lo, *hi, record.variant != 0)),
                _ => Err(wrong("a range", value)),
            },
            _ => Err(wrong("a range", value)),
        }
    }
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

/// A number of bytes for people.
fn mebibytes(bytes: usize) -> String {
    match bytes {
        0..1024 => format!("{bytes} B"),
        1024..1_048_576 => format!("{:.1} KiB", bytes as f64 / 1024.0),
        _ => format!("{:.1} MiB", bytes as f64 / 1_048_576.0),
    }
}
