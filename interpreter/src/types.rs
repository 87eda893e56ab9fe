//! Types as the checks and lowering see them: interned, compared by number.
//!
//! One set of types for all languages. Generics are erased: a `Param` is a value of any kind, and every value carries its tag.

use rustc_hash::FxHashMap;

/// An interned type.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Ty(pub u32);

/// Index of a struct in [`crate::core::Program::structs`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct StructId(pub u32);

/// Index of an enum in [`crate::core::Program::enums`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct EnumId(pub u32);

/// Index of a contract in the checker's table.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ContractId(pub u32);

/// `Option<T>`: variants `Some(T)` = 0 and `None` = 1. Always enum 0.
pub const OPTION: EnumId = EnumId(0);
/// `Result<T, E>`: variants `Ok(T)` = 0 and `Err(E)` = 1. Always enum 1.
pub const RESULT: EnumId = EnumId(1);

/// The kinds of integers. `usize` and `isize` are 64 bits wide and types of their own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[repr(u8)]
#[expect(missing_docs, reason = "the names say it all")]
pub enum IntKind {
    I8,
    I16,
    I32,
    I64,
    I128,
    Isize,
    U8,
    U16,
    U32,
    U64,
    U128,
    Usize,
}

impl IntKind {
    /// All kinds.
    pub const ALL: [IntKind; 12] = [
        IntKind::I8,
        IntKind::I16,
        IntKind::I32,
        IntKind::I64,
        IntKind::I128,
        IntKind::Isize,
        IntKind::U8,
        IntKind::U16,
        IntKind::U32,
        IntKind::U64,
        IntKind::U128,
        IntKind::Usize,
    ];

    /// The name in source text.
    pub fn name(self) -> &'static str {
        match self {
            IntKind::I8 => "i8",
            IntKind::I16 => "i16",
            IntKind::I32 => "i32",
            IntKind::I64 => "i64",
            IntKind::I128 => "i128",
            IntKind::Isize => "isize",
            IntKind::U8 => "u8",
            IntKind::U16 => "u16",
            IntKind::U32 => "u32",
            IntKind::U64 => "u64",
            IntKind::U128 => "u128",
            IntKind::Usize => "usize",
        }
    }

    /// Smallest and largest value (of `u128` the largest that an `i128` holds).
    pub fn range(self) -> (i128, i128) {
        match self {
            IntKind::I8 => (i8::MIN.into(), i8::MAX.into()),
            IntKind::I16 => (i16::MIN.into(), i16::MAX.into()),
            IntKind::I32 => (i32::MIN.into(), i32::MAX.into()),
            IntKind::I64 | IntKind::Isize => (i64::MIN.into(), i64::MAX.into()),
            IntKind::I128 => (i128::MIN, i128::MAX),
            IntKind::U8 => (0, u8::MAX.into()),
            IntKind::U16 => (0, u16::MAX.into()),
            IntKind::U32 => (0, u32::MAX.into()),
            IntKind::U64 | IntKind::Usize => (0, u64::MAX.into()),
            IntKind::U128 => (0, i128::MAX),
        }
    }

    /// Kinds whose arithmetic is done in 64 bits and then checked against the range (`i8`–`i32`, `u8`–`u32`).
    pub fn is_narrow(self) -> bool {
        matches!(self, IntKind::I8 | IntKind::I16 | IntKind::I32 | IntKind::U8 | IntKind::U16 | IntKind::U32)
    }
}

/// The structure of a type.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum TyKind {
    /// Something was wrong; already reported, agrees with everything.
    Error,
    /// No value: `return`, `panic`, a `loop` without `break`.
    Never,
    /// A value of a language without static types.
    Dynamic,
    /// `()`
    Unit,
    /// `bool`
    Bool,
    /// `char`
    Char,
    /// `str`: a borrowed or literal string, Copy.
    Str,
    /// `string`: an owned string.
    String,
    /// An integer.
    Int(IntKind),
    /// `f32`
    F32,
    /// `f64`
    F64,
    /// A tuple of two or more.
    Tuple(Vec<Ty>),
    /// `[T]`, `Vec<T>`
    List(Ty),
    /// `[T; N]`
    Array(Ty, u64),
    /// `Map<K, V>`, in insertion order.
    Map(Ty, Ty),
    /// `Set<T>`, in insertion order.
    Set(Ty),
    /// `a..b` as a value.
    Range(Ty),
    /// A struct with its type arguments.
    Struct(StructId, Vec<Ty>),
    /// An enum with its type arguments; `Option` and `Result` are [`OPTION`] and [`RESULT`].
    Enum(EnumId, Vec<Ty>),
    /// A value known only by a contract.
    Contract(ContractId, Vec<Ty>),
    /// `A | B`
    Union(Vec<Ty>),
    /// A function or closure.
    Fn(Vec<Ty>, Ty),
    /// `&T`
    Ref(Ty),
    /// `&T!`
    RefMut(Ty),
    /// `Span<T>`: a borrowed view of a list.
    Span(Ty),
    /// `*T`, `ptr`
    Pointer(Ty),
    /// `Box<T>`: a shared cell.
    Box(Ty),
    /// A channel handle.
    Channel(Ty),
    /// The result to come of an async call.
    Future(Ty),
    /// A mutex around a value.
    Mutex(Ty),
    /// What `lock()` gives.
    MutexGuard(Ty),
    /// A read-write lock around a value.
    RwLock(Ty),
    /// What `read()` gives.
    ReadGuard(Ty),
    /// What `write()` gives.
    WriteGuard(Ty),
    /// `Once`
    Once,
    /// `Barrier`
    Barrier,
    /// `WaitGroup`
    WaitGroup,
    /// `Semaphore`
    Semaphore,
    /// An atomic integer, or bool (`Ty` is the type of the value).
    Atomic(Ty),
    /// A context.
    Context,
    /// A ticker (`newTicker`): a channel of times that fills again and again.
    Ticker,
    /// `Duration`, nanoseconds in 64 bits.
    Duration,
    /// `Time`, nanoseconds since the run began.
    Time,
    /// A type parameter of the function or type around, by position. Erased at run time.
    Param(u32),
    /// An inference variable; none is left after checking.
    Infer(u32),
}

/// The interner.
#[derive(Debug, Clone)]
pub struct Types {
    kinds: Vec<TyKind>,
    index: FxHashMap<TyKind, Ty>,
}

macro_rules! common {
    ($($name:ident = $kind:expr, $index:literal;)+) => {
        impl Types {
            $( #[doc = concat!("The type `", stringify!($kind), "`.")] pub const $name: Ty = Ty($index); )+
        }
        impl Default for Types {
            fn default() -> Self {
                let mut types = Types { kinds: Vec::new(), index: FxHashMap::default() };
                $( let ty = types.intern($kind); debug_assert_eq!(ty, Types::$name); )+
                types
            }
        }
    };
}

common! {
    ERROR = TyKind::Error, 0;
    NEVER = TyKind::Never, 1;
    DYNAMIC = TyKind::Dynamic, 2;
    UNIT = TyKind::Unit, 3;
    BOOL = TyKind::Bool, 4;
    CHAR = TyKind::Char, 5;
    STR = TyKind::Str, 6;
    STRING = TyKind::String, 7;
    I64 = TyKind::Int(IntKind::I64), 8;
    I32 = TyKind::Int(IntKind::I32), 9;
    USIZE = TyKind::Int(IntKind::Usize), 10;
    F64 = TyKind::F64, 11;
    DURATION = TyKind::Duration, 12;
    TIME = TyKind::Time, 13;
    CONTEXT = TyKind::Context, 14;
}

impl Types {
    /// The number of a type.
    pub fn intern(&mut self, kind: TyKind) -> Ty {
        if let Some(&ty) = self.index.get(&kind) {
            return ty;
        }
        let ty = Ty(self.kinds.len() as u32);
        self.kinds.push(kind.clone());
        self.index.insert(kind, ty);
        ty
    }

    /// The structure behind a number.
    pub fn kind(&self, ty: Ty) -> &TyKind {
        &self.kinds[ty.0 as usize]
    }
}

impl TyKind {
    /// Whether it is made of other types.
    pub fn has_parts(&self) -> bool {
        use TyKind::*;
        match self {
            Tuple(parts) | Union(parts) | Struct(_, parts) | Enum(_, parts) | Contract(_, parts) => !parts.is_empty(),
            Fn(..) | Map(..) => true,
            List(_) | Array(..) | Set(_) | Range(_) | Ref(_) | RefMut(_) | Span(_) | Pointer(_) | Box(_) => true,
            Channel(_) | Future(_) | Mutex(_) | MutexGuard(_) | RwLock(_) | ReadGuard(_) | WriteGuard(_) => true,
            Atomic(_) => true,
            Error | Never | Dynamic | Unit | Bool | Char | Str | String | Int(_) | F32 | F64 | Once | Barrier => false,
            WaitGroup | Semaphore | Context | Ticker | Duration | Time | Param(_) | Infer(_) => false,
        }
    }

    /// The types that it is made of, in order.
    pub fn parts(&self) -> Vec<Ty> {
        let mut parts = Vec::new();
        let _same = self.clone().map_parts(&mut |part| {
            parts.push(part);
            part
        });
        parts
    }

    /// The same structure over other types.
    #[must_use]
    pub fn map_parts(self, f: &mut dyn FnMut(Ty) -> Ty) -> TyKind {
        use TyKind::*;
        let all = |parts: Vec<Ty>, f: &mut dyn FnMut(Ty) -> Ty| parts.into_iter().map(f).collect::<Vec<Ty>>();
        match self {
            Tuple(parts) => Tuple(all(parts, f)),
            Union(parts) => Union(all(parts, f)),
            Struct(id, parts) => Struct(id, all(parts, f)),
            Enum(id, parts) => Enum(id, all(parts, f)),
            Contract(id, parts) => Contract(id, all(parts, f)),
            Fn(params, ret) => {
                let params = all(params, f);
                Fn(params, f(ret))
            }
            Map(key, value) => {
                let key = f(key);
                Map(key, f(value))
            }
            List(t) => List(f(t)),
            Array(t, n) => Array(f(t), n),
            Set(t) => Set(f(t)),
            Range(t) => Range(f(t)),
            Ref(t) => Ref(f(t)),
            RefMut(t) => RefMut(f(t)),
            Span(t) => Span(f(t)),
            Pointer(t) => Pointer(f(t)),
            Box(t) => Box(f(t)),
            Channel(t) => Channel(f(t)),
            Future(t) => Future(f(t)),
            Mutex(t) => Mutex(f(t)),
            MutexGuard(t) => MutexGuard(f(t)),
            RwLock(t) => RwLock(f(t)),
            ReadGuard(t) => ReadGuard(f(t)),
            WriteGuard(t) => WriteGuard(f(t)),
            Atomic(t) => Atomic(f(t)),
            leaf => leaf,
        }
    }

    /// Corresponding parts of two types of one structure; `None` where the structures differ.
    pub fn pairs(&self, other: &TyKind) -> Option<Vec<(Ty, Ty)>> {
        let same_head = match (self, other) {
            (TyKind::Struct(a, _), TyKind::Struct(b, _)) => a == b,
            (TyKind::Enum(a, _), TyKind::Enum(b, _)) => a == b,
            (TyKind::Contract(a, _), TyKind::Contract(b, _)) => a == b,
            (TyKind::Array(_, n), TyKind::Array(_, m)) => n == m,
            (a, b) if !a.has_parts() || !b.has_parts() => return (a == b).then(Vec::new),
            (a, b) => std::mem::discriminant(a) == std::mem::discriminant(b),
        };
        if !same_head {
            return None;
        }
        let (a, b) = (self.parts(), other.parts());
        (a.len() == b.len()).then(|| a.into_iter().zip(b).collect())
    }
}
