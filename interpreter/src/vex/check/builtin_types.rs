//! The types that the engine provides: their names, how many arguments they take, and how to build them.

use super::state::{Head, TypeDef};
use crate::types::{IntKind, Ty, TyKind, Types};

macro_rules! builtin_types {
    ($($variant:ident $arity:literal $($name:literal)+;)*) => {
        /// A built-in type that is written by name.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum BuiltinType { $($variant,)* }

        impl BuiltinType {
            /// How many type arguments it takes.
            pub fn arity(self) -> usize {
                match self { $(BuiltinType::$variant => $arity,)* }
            }

            /// The built-in type of this name.
            pub fn named(name: &str) -> Option<BuiltinType> {
                match name {
                    $($($name)|+ => Some(BuiltinType::$variant),)*
                    _ => None,
                }
            }

            /// Its first name.
            pub fn name(self) -> &'static str {
                match self { $(BuiltinType::$variant => [$($name),+][0],)* }
            }

            /// All names.
            pub const NAMES: &'static [&'static str] = &[$($($name,)+)*];
        }
    };
}

builtin_types! {
    Vec 1 "Vec" "List" "Array";
    Map 2 "Map" "HashMap";
    Set 1 "Set" "HashSet";
    Box 1 "Box";
    Channel 1 "Channel";
    Future 1 "Future";
    Mutex 1 "Mutex";
    MutexGuard 1 "MutexGuard";
    RwLock 1 "RwLock";
    ReadGuard 1 "ReadGuard" "RwLockReadGuard";
    WriteGuard 1 "WriteGuard" "RwLockWriteGuard";
    Once 0 "Once";
    Barrier 0 "Barrier";
    WaitGroup 0 "WaitGroup";
    Semaphore 0 "Semaphore";
    Atomic 1 "Atomic";
    Span 1 "Span";
    Range 1 "Range";
    Ticker 0 "Ticker";
    Pointer 1 "Pointer" "Ptr";
}

impl BuiltinType {
    /// The type with these arguments (as many as its arity).
    pub fn build(self, args: &[Ty]) -> TyKind {
        let arg = |index: usize| args.get(index).copied().unwrap_or(Types::ERROR);
        match self {
            BuiltinType::Vec => TyKind::List(arg(0)),
            BuiltinType::Map => TyKind::Map(arg(0), arg(1)),
            BuiltinType::Set => TyKind::Set(arg(0)),
            BuiltinType::Box => TyKind::Box(arg(0)),
            BuiltinType::Channel => TyKind::Channel(arg(0)),
            BuiltinType::Future => TyKind::Future(arg(0)),
            BuiltinType::Mutex => TyKind::Mutex(arg(0)),
            BuiltinType::MutexGuard => TyKind::MutexGuard(arg(0)),
            BuiltinType::RwLock => TyKind::RwLock(arg(0)),
            BuiltinType::ReadGuard => TyKind::ReadGuard(arg(0)),
            BuiltinType::WriteGuard => TyKind::WriteGuard(arg(0)),
            BuiltinType::Once => TyKind::Once,
            BuiltinType::Barrier => TyKind::Barrier,
            BuiltinType::WaitGroup => TyKind::WaitGroup,
            BuiltinType::Semaphore => TyKind::Semaphore,
            BuiltinType::Atomic => TyKind::Atomic(arg(0)),
            BuiltinType::Span => TyKind::Span(arg(0)),
            BuiltinType::Range => TyKind::Range(arg(0)),
            BuiltinType::Ticker => TyKind::Ticker,
            BuiltinType::Pointer => TyKind::Pointer(arg(0)),
        }
    }
}

/// The built-in type of this name, with the atomics that have their value's type in the name.
pub fn named_type(types: &mut Types, name: &str) -> Option<TypeDef> {
    let prim = match name {
        "bool" => Types::BOOL,
        "char" => Types::CHAR,
        "str" => Types::STR,
        "string" | "String" => Types::STRING,
        "f32" => types.intern(TyKind::F32),
        "f64" => Types::F64,
        "Duration" => Types::DURATION,
        "Time" | "Instant" => Types::TIME,
        "Context" => Types::CONTEXT,
        "ptr" => types.intern(TyKind::Pointer(Types::UNIT)),
        "error" => return None,
        _ => {
            if let Some(kind) = int_named(name) {
                types.intern(TyKind::Int(kind))
            } else if let Some(value) = name.strip_prefix("Atomic").filter(|rest| !rest.is_empty()) {
                let value = match value {
                    "Bool" => Types::BOOL,
                    other => {
                        let kind = int_named(&other.to_ascii_lowercase())?;
                        types.intern(TyKind::Int(kind))
                    }
                };
                types.intern(TyKind::Atomic(value))
            } else {
                return BuiltinType::named(name).map(TypeDef::Builtin);
            }
        }
    };
    Some(TypeDef::Prim(prim))
}

/// The integer type of this name.
pub fn int_named(name: &str) -> Option<IntKind> {
    IntKind::ALL.into_iter().find(|kind| kind.name() == name)
}

/// Names of built-in types, for "did you mean".
pub fn type_names() -> impl Iterator<Item = &'static str> {
    const OTHERS: &[&str] = &[
        "bool",
        "char",
        "str",
        "string",
        "f32",
        "f64",
        "Duration",
        "Time",
        "Context",
        "AtomicI32",
        "AtomicI64",
        "AtomicU32",
        "AtomicU64",
        "AtomicUsize",
        "AtomicBool",
    ];
    let ints = IntKind::ALL.iter().map(|kind| kind.name());
    OTHERS.iter().copied().chain(BuiltinType::NAMES.iter().copied()).chain(ints)
}

/// The head of a type's structure; `None` for what has no methods (variables, errors).
pub fn head_of(kind: &TyKind) -> Option<Head> {
    use BuiltinType as B;
    Some(match kind {
        TyKind::Struct(id, _) => Head::Struct(*id),
        TyKind::Enum(id, _) => Head::Enum(*id),
        TyKind::Contract(id, _) => Head::Contract(*id),
        TyKind::Int(kind) => Head::Int(*kind),
        TyKind::F32 => Head::F32,
        TyKind::F64 => Head::F64,
        TyKind::Bool => Head::Bool,
        TyKind::Char => Head::Char,
        TyKind::Str | TyKind::String => Head::String,
        TyKind::Unit => Head::Unit,
        TyKind::Tuple(_) => Head::Tuple,
        TyKind::List(_) | TyKind::Array(..) | TyKind::Span(_) => Head::List,
        TyKind::Map(..) => Head::Map,
        TyKind::Set(_) => Head::Set,
        TyKind::Range(_) => Head::Range,
        TyKind::Fn(..) => Head::Fn,
        TyKind::Box(_) => Head::Builtin(B::Box),
        TyKind::Channel(_) => Head::Builtin(B::Channel),
        TyKind::Future(_) => Head::Builtin(B::Future),
        TyKind::Mutex(_) => Head::Builtin(B::Mutex),
        TyKind::MutexGuard(_) => Head::Builtin(B::MutexGuard),
        TyKind::RwLock(_) => Head::Builtin(B::RwLock),
        TyKind::ReadGuard(_) => Head::Builtin(B::ReadGuard),
        TyKind::WriteGuard(_) => Head::Builtin(B::WriteGuard),
        TyKind::Once => Head::Builtin(B::Once),
        TyKind::Barrier => Head::Builtin(B::Barrier),
        TyKind::WaitGroup => Head::Builtin(B::WaitGroup),
        TyKind::Semaphore => Head::Builtin(B::Semaphore),
        TyKind::Atomic(_) => Head::Builtin(B::Atomic),
        TyKind::Ticker => Head::Builtin(B::Ticker),
        TyKind::Pointer(_) => Head::Builtin(B::Pointer),
        TyKind::Context => Head::Context,
        TyKind::Duration => Head::Duration,
        TyKind::Time => Head::Time,
        TyKind::Param(_) => Head::Param,
        TyKind::Error | TyKind::Never | TyKind::Dynamic | TyKind::Union(_) | TyKind::Infer(_) => return None,
        TyKind::Ref(_) | TyKind::RefMut(_) => return None,
    })
}
