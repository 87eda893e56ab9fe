//! The 16-byte value that every register, field and buffer slot holds: a tag and a 64-bit payload.
//!
//! Integers are stored sign- or zero-extended to 64 bits, so that one comparison serves all kinds up to 64 bits; 128-bit
//! integers and everything else that does not fit are handles into the heap's slabs or the scheduler's. Never a pointer: copies
//! are snapshots. The tag is a byte with padding after it, so that compilers move a value as two scalars
//! (one 16-byte vector move after scalar stores costs ten times as much).

use crate::types::IntKind;

macro_rules! tags {
    ($($name:ident = $number:literal, $doc:literal;)+) => {
        /// What a [`Value`] is.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        #[repr(u8)]
        pub enum Tag { $( #[doc = $doc] $name = $number, )+ }

        impl Tag {
            /// Every tag.
            pub const ALL: &'static [Tag] = &[$(Tag::$name),+];

            /// The tag with this number.
            pub fn from_byte(byte: u8) -> Option<Tag> {
                match byte { $($number => Some(Tag::$name),)+ _ => None }
            }
        }
    };
}

tags! {
    Unit = 0, "`()`";
    Bool = 1, "0 or 1";
    Char = 2, "Code point";
    F32 = 3, "Bits of an `f64` that holds an `f32` exactly";
    F64 = 4, "Bits";
    I8 = 5, "Sign-extended";
    I16 = 6, "Sign-extended";
    I32 = 7, "Sign-extended";
    I64 = 8, "As it is";
    Isize = 9, "As it is";
    U8 = 10, "Zero-extended";
    U16 = 11, "Zero-extended";
    U32 = 12, "Zero-extended";
    U64 = 13, "As it is";
    Usize = 14, "As it is";
    Duration = 15, "Nanoseconds, signed";
    Time = 16, "Nanoseconds since the run began";
    Function = 17, "Index of a function without captures";
    Variant0 = 18, "A variant without fields: enum in the high half, variant in the low half";
    NoValue = 19, "No value: an unset variable, or the missing zero value of a channel's type";
    Nil = 20, "The null pointer";
    Symbol = 21, "Index of a name in the program's table of symbols";
    // Heap handles from here: slot of the heap's slab for the kind.
    I128 = 24, "Heap: wide integer";
    U128 = 25, "Heap: wide integer";
    String = 26, "Heap: immutable string";
    List = 27, "Heap: list, array";
    Map = 28, "Heap: insertion-ordered map";
    Set = 29, "Heap: insertion-ordered set";
    Tuple = 30, "Heap: record without a type";
    Struct = 31, "Heap: record with a struct's number";
    Variant = 32, "Heap: record with an enum's and a variant's number";
    Closure = 33, "Heap: function and captures";
    Box = 34, "Heap: shared cell of a `Box`";
    Cell = 35, "Heap: cell of a captured variable; also what `&x!` of such a variable is";
    FieldRef = 36, "Heap: reference to a field (record, position)";
    IndexRef = 37, "Heap: reference to an element (container, index)";
    Range = 38, "Heap: record of two integers and whether inclusive";
    // Scheduler handles from here: slot of the scheduler's slab for the kind.
    Channel = 48, "Scheduler: channel; the tag of its zero value stands in the low byte of the high half (`NoValue`: it has none)";
    Mutex = 49, "Scheduler: mutex";
    RwLock = 50, "Scheduler: read-write lock";
    Once = 51, "Scheduler: once";
    Barrier = 52, "Scheduler: barrier";
    WaitGroup = 53, "Scheduler: wait group";
    Semaphore = 54, "Scheduler: semaphore";
    Atomic = 55, "Scheduler: atomic; the tag of its content stands in the low byte of the high half";
    Context = 56, "Scheduler: context";
    Ticker = 57, "Scheduler: ticker (timer)";
    Future = 58, "Scheduler: packed `scheduler::Handle` of the task whose result is to come";
    MutexGuard = 59, "Scheduler: the mutex that it holds";
    ReadGuard = 60, "Scheduler: the read-write lock that it holds";
    WriteGuard = 61, "Scheduler: the read-write lock that it holds";
    // The interpreter's own.
    Return = 63, "Return address of a frame, in the register before its first";
}

/// A value: 16 bytes, `Copy`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(C)]
pub struct Value {
    /// What it is: a [`Tag`] as a number.
    pub tag: u8,
    /// See the tag.
    pub payload: u64,
}

impl Default for Value {
    fn default() -> Self {
        Value::UNIT
    }
}

impl Value {
    /// `()`
    pub const UNIT: Value = Value { tag: Tag::Unit as u8, payload: 0 };
    /// No value.
    pub const NONE: Value = Value { tag: Tag::NoValue as u8, payload: 0 };

    /// A value of a tag and payload.
    #[inline(always)]
    pub fn new(tag: Tag, payload: u64) -> Value {
        Value { tag: tag as u8, payload }
    }

    /// An `i64`.
    #[inline(always)]
    pub fn i64(n: i64) -> Value {
        Value::new(Tag::I64, n as u64)
    }

    /// A `usize`.
    #[inline(always)]
    pub fn usize(n: u64) -> Value {
        Value::new(Tag::Usize, n)
    }

    /// A `bool`.
    #[inline(always)]
    pub fn bool(b: bool) -> Value {
        Value::new(Tag::Bool, b as u64)
    }

    /// An `f64`.
    #[inline(always)]
    pub fn f64(x: f64) -> Value {
        Value::new(Tag::F64, x.to_bits())
    }

    /// A handle.
    #[inline(always)]
    pub fn handle(tag: Tag, slot: u32) -> Value {
        Value::new(tag, slot as u64)
    }

    /// The tag. Values are only made from tags, so an unknown byte cannot be met; it reads as `NoValue`.
    #[inline]
    pub fn kind(self) -> Tag {
        Tag::from_byte(self.tag).unwrap_or(Tag::NoValue)
    }

    /// Whether it has this tag.
    #[inline(always)]
    pub fn is(self, tag: Tag) -> bool {
        self.tag == tag as u8
    }

    /// A channel whose element type has this zero value ([`Value::NONE`] where it has none). Zero values are told apart by
    /// their tag alone: 0, 0.0, false, `""`, `()`, `None`, the empty list, map or set.
    pub fn channel(slot: u32, zero: Value) -> Value {
        Value::new(Tag::Channel, slot as u64 | (zero.tag as u64) << 32)
    }

    /// The tag of a channel's zero value.
    pub fn channel_zero(self) -> Tag {
        Tag::from_byte((self.payload >> 32) as u8).unwrap_or(Tag::NoValue)
    }

    /// The slot of a handle.
    #[inline(always)]
    pub fn slot(self) -> u32 {
        self.payload as u32
    }

    /// The payload as a signed integer.
    #[inline(always)]
    pub fn int(self) -> i64 {
        self.payload as i64
    }

    /// The payload as a float.
    #[inline(always)]
    pub fn float(self) -> f64 {
        f64::from_bits(self.payload)
    }

    /// Whether it is a `true`.
    #[inline(always)]
    pub fn truthy(self) -> bool {
        self.payload & 1 != 0
    }
}

impl Tag {
    /// The tag of an integer kind.
    pub fn of_int(kind: IntKind) -> Tag {
        match kind {
            IntKind::I8 => Tag::I8,
            IntKind::I16 => Tag::I16,
            IntKind::I32 => Tag::I32,
            IntKind::I64 => Tag::I64,
            IntKind::I128 => Tag::I128,
            IntKind::Isize => Tag::Isize,
            IntKind::U8 => Tag::U8,
            IntKind::U16 => Tag::U16,
            IntKind::U32 => Tag::U32,
            IntKind::U64 => Tag::U64,
            IntKind::U128 => Tag::U128,
            IntKind::Usize => Tag::Usize,
        }
    }

    /// The integer kind of a tag.
    pub fn int_kind(self) -> Option<IntKind> {
        Some(match self {
            Tag::I8 => IntKind::I8,
            Tag::I16 => IntKind::I16,
            Tag::I32 => IntKind::I32,
            Tag::I64 => IntKind::I64,
            Tag::I128 => IntKind::I128,
            Tag::Isize => IntKind::Isize,
            Tag::U8 => IntKind::U8,
            Tag::U16 => IntKind::U16,
            Tag::U32 => IntKind::U32,
            Tag::U64 => IntKind::U64,
            Tag::U128 => IntKind::U128,
            Tag::Usize => IntKind::Usize,
            _ => return None,
        })
    }

    /// Whether the payload is a handle into the heap.
    #[inline(always)]
    pub fn is_heap(self) -> bool {
        (Tag::I128 as u8..=Tag::Range as u8).contains(&(self as u8))
    }

    /// Whether the payload is a handle into the scheduler.
    #[inline(always)]
    pub fn is_scheduler(self) -> bool {
        (Tag::Channel as u8..=Tag::WriteGuard as u8).contains(&(self as u8))
    }
}
