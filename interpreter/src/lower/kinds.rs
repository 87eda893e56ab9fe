//! What lowering asks about types: how values are computed with, copied, borrowed and dropped.
//!
//! *Droppable* types hold a guard, a future or a struct with a `drop` method; their values are released at scope exit. Types that
//! *clone on copy* are Copy aggregates that the program changes in place somewhere; all other Copy values share their heap object.

use crate::core::{Program, RuntimeType};
use crate::lower::analysis::Mutated;
use crate::types::{EnumId, IntKind, StructId, Ty, TyKind, Types};
use crate::value::Tag;
use rustc_hash::FxHashMap;

/// How arithmetic on a type is compiled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Number {
    /// `i64`.
    I64,
    /// `isize`: compared like `i64`, computed by tag.
    Isize,
    /// Integers up to 32 bits.
    Narrow(IntKind),
    /// `u64`, `usize`.
    U64(IntKind),
    /// `f64`.
    F64,
    /// `bool`, `char`, durations and times: only compared by payload.
    Payload,
    /// Everything else, by tag.
    Dynamic,
}

impl Number {
    /// Whether equality of payloads is equality of values.
    pub fn same_payload(self) -> bool {
        !matches!(self, Number::F64 | Number::Dynamic)
    }

    /// Whether a signed comparison of payloads orders values.
    pub fn signed_order(self) -> bool {
        matches!(self, Number::I64 | Number::Isize | Number::Narrow(_) | Number::Payload)
    }
}

/// How a value is dropped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DropKind {
    /// Nothing to do.
    None,
    /// One `Release`.
    Release,
    /// A call of the type's generated function.
    Glue,
}

/// Nesting of type arguments at which the search for droppable parts gives up (polymorphic recursion has no end).
const MAX_TYPE_DEPTH: u32 = 64;

/// See the module.
pub struct Kinds<'p> {
    program: &'p Program,
    /// The program's types, to which substituted field types are added.
    pub types: Types,
    droppable: FxHashMap<Ty, bool>,
    clones: FxHashMap<Ty, bool>,
    mutated: Mutated,
}

impl<'p> Kinds<'p> {
    /// For a program.
    pub fn new(program: &'p Program, mutated: Mutated) -> Self {
        Self {
            program,
            types: program.types.clone(),
            droppable: FxHashMap::default(),
            clones: FxHashMap::default(),
            mutated,
        }
    }

    /// The structure of a type.
    pub fn kind(&self, ty: Ty) -> &TyKind {
        self.types.kind(ty)
    }

    /// The type behind immutable references, which are erased at run time.
    pub fn strip(&self, mut ty: Ty) -> Ty {
        while let TyKind::Ref(inner) = self.kind(ty) {
            ty = *inner;
        }
        ty
    }

    /// Whether it is a reference.
    pub fn is_reference(&self, ty: Ty) -> bool {
        matches!(self.kind(ty), TyKind::Ref(_) | TyKind::RefMut(_) | TyKind::Span(_))
    }

    /// How to compute with it.
    pub fn number(&self, ty: Ty) -> Number {
        match self.kind(self.strip(ty)) {
            TyKind::Int(IntKind::I64) => Number::I64,
            TyKind::Int(IntKind::Isize) => Number::Isize,
            TyKind::Int(kind @ (IntKind::U64 | IntKind::Usize)) => Number::U64(*kind),
            TyKind::Int(kind) if kind.is_narrow() => Number::Narrow(*kind),
            TyKind::F64 => Number::F64,
            TyKind::Bool | TyKind::Char | TyKind::Duration | TyKind::Time => Number::Payload,
            _ => Number::Dynamic,
        }
    }

    /// Whether it is `()`.
    pub fn is_unit(&self, ty: Ty) -> bool {
        matches!(self.kind(self.strip(ty)), TyKind::Unit)
    }

    /// The tag of values of a scalar type.
    pub fn tag(&self, ty: Ty) -> Option<Tag> {
        Some(match self.kind(self.strip(ty)) {
            TyKind::Unit => Tag::Unit,
            TyKind::Bool => Tag::Bool,
            TyKind::Char => Tag::Char,
            TyKind::F32 => Tag::F32,
            TyKind::F64 => Tag::F64,
            TyKind::Int(kind) => Tag::of_int(*kind),
            TyKind::Duration => Tag::Duration,
            TyKind::Time => Tag::Time,
            _ => return None,
        })
    }

    /// Whether values are plain data in one register, with nothing in the heap.
    pub fn is_scalar(&self, ty: Ty) -> bool {
        match self.kind(self.strip(ty)) {
            TyKind::Int(kind) => !matches!(kind, IntKind::I128 | IntKind::U128),
            TyKind::Unit | TyKind::Bool | TyKind::Char | TyKind::F32 | TyKind::F64 => true,
            TyKind::Duration | TyKind::Time => true,
            _ => false,
        }
    }

    /// Whether `&x!` of such a value is its own handle rather than a reference cell.
    pub fn is_aggregate(&self, ty: Ty) -> bool {
        matches!(
            self.kind(ty),
            TyKind::Struct(..)
                | TyKind::List(_)
                | TyKind::Array(..)
                | TyKind::Span(_)
                | TyKind::Map(..)
                | TyKind::Set(_)
                | TyKind::Box(_)
                | TyKind::Contract(..)
                | TyKind::Channel(_)
                | TyKind::Mutex(_)
                | TyKind::MutexGuard(_)
                | TyKind::RwLock(_)
                | TyKind::ReadGuard(_)
                | TyKind::WriteGuard(_)
                | TyKind::Future(_)
                | TyKind::Atomic(_)
                | TyKind::Once
                | TyKind::Barrier
                | TyKind::WaitGroup
                | TyKind::Semaphore
                | TyKind::Context
                | TyKind::Ticker
        )
    }

    /// Whether a dereference of such a value does nothing at run time.
    pub fn deref_is_erased(&self, ty: Ty) -> bool {
        match self.kind(ty) {
            TyKind::Ref(_) => true,
            TyKind::RefMut(inner) => self.is_aggregate(*inner),
            TyKind::Box(_) | TyKind::MutexGuard(_) | TyKind::ReadGuard(_) | TyKind::WriteGuard(_) => false,
            TyKind::Pointer(_) | TyKind::Param(_) | TyKind::Dynamic | TyKind::Error => false,
            _ => true,
        }
    }

    /// Types of a struct's fields with its arguments filled in.
    pub fn field_types(&mut self, id: StructId, args: &[Ty]) -> Vec<Ty> {
        let Some(def) = self.program.structs.get(id.0 as usize) else { return Vec::new() };
        let types: Vec<Ty> = def.fields.iter().map(|f| f.1).collect();
        types.into_iter().map(|ty| self.substitute(ty, args)).collect()
    }

    /// Types of the fields of each variant with the enum's arguments filled in.
    pub fn variant_types(&mut self, id: EnumId, args: &[Ty]) -> Vec<Vec<Ty>> {
        let program = self.program;
        let Some(def) = program.enums.get(id.0 as usize) else { return Vec::new() };
        def.variants.iter().map(|v| v.1.iter().map(|&ty| self.substitute(ty, args)).collect()).collect()
    }

    fn substitute(&mut self, ty: Ty, args: &[Ty]) -> Ty {
        if args.is_empty() {
            return ty;
        }
        let kind = self.kind(ty).clone();
        let mut each = |list: Vec<Ty>| -> Vec<Ty> { list.into_iter().map(|t| self.substitute(t, args)).collect() };
        let new = match kind {
            TyKind::Param(i) => return args.get(i as usize).copied().unwrap_or(ty),
            TyKind::Tuple(parts) => TyKind::Tuple(each(parts)),
            TyKind::Union(parts) => TyKind::Union(each(parts)),
            TyKind::Struct(id, parts) => TyKind::Struct(id, each(parts)),
            TyKind::Enum(id, parts) => TyKind::Enum(id, each(parts)),
            TyKind::List(t) => TyKind::List(self.substitute(t, args)),
            TyKind::Array(t, n) => TyKind::Array(self.substitute(t, args), n),
            TyKind::Map(k, v) => TyKind::Map(self.substitute(k, args), self.substitute(v, args)),
            TyKind::Set(t) => TyKind::Set(self.substitute(t, args)),
            TyKind::Future(t) => TyKind::Future(self.substitute(t, args)),
            TyKind::MutexGuard(t) => TyKind::MutexGuard(self.substitute(t, args)),
            TyKind::ReadGuard(t) => TyKind::ReadGuard(self.substitute(t, args)),
            TyKind::WriteGuard(t) => TyKind::WriteGuard(self.substitute(t, args)),
            // The rest is shared or erased: what is inside neither drops nor is copied.
            _ => return ty,
        };
        self.types.intern(new)
    }

    /// How values of the type are dropped.
    pub fn drop_kind(&mut self, ty: Ty) -> DropKind {
        let handle = matches!(
            self.kind(ty),
            TyKind::MutexGuard(_) | TyKind::ReadGuard(_) | TyKind::WriteGuard(_) | TyKind::Future(_)
        );
        match self.droppable(ty, 0) {
            _ if handle => DropKind::Release,
            true => DropKind::Glue,
            false => DropKind::None,
        }
    }

    /// Whether values of the type must be released.
    pub fn is_droppable(&mut self, ty: Ty) -> bool {
        self.droppable(ty, 0)
    }

    fn droppable(&mut self, ty: Ty, depth: u32) -> bool {
        if let Some(&known) = self.droppable.get(&ty) {
            return known;
        }
        if depth > MAX_TYPE_DEPTH {
            return false;
        }
        let answer = match self.kind(ty).clone() {
            TyKind::MutexGuard(_) | TyKind::ReadGuard(_) | TyKind::WriteGuard(_) | TyKind::Future(_) => true,
            TyKind::Tuple(parts) => parts.into_iter().any(|t| self.droppable(t, depth + 1)),
            TyKind::List(t) | TyKind::Array(t, _) => self.droppable(t, depth + 1),
            TyKind::Map(_, v) => self.droppable(v, depth + 1),
            TyKind::Struct(id, args) => {
                if self.program.structs.get(id.0 as usize).is_some_and(|s| s.drop.is_some()) {
                    true
                } else {
                    // Assumed while looking inside, so that recursive types have an answer.
                    self.droppable.insert(ty, false);
                    let fields = self.field_types(id, &args);
                    fields.into_iter().any(|t| self.droppable(t, depth + 1))
                }
            }
            TyKind::Enum(id, args) => {
                self.droppable.insert(ty, false);
                let variants = self.variant_types(id, &args);
                variants.into_iter().flatten().any(|t| self.droppable(t, depth + 1))
            }
            _ => false,
        };
        self.droppable.insert(ty, answer);
        answer
    }

    /// Whether copying a value of the type must copy its heap object.
    pub fn clones_on_copy(&mut self, ty: Ty) -> bool {
        self.clones(ty, 0)
    }

    fn clones(&mut self, ty: Ty, depth: u32) -> bool {
        if let Some(&known) = self.clones.get(&ty) {
            return known;
        }
        if depth > MAX_TYPE_DEPTH {
            return true;
        }
        let answer = match self.kind(ty).clone() {
            TyKind::Tuple(parts) => {
                self.is_copy(ty, 0) && (self.mutated.tuples || parts.into_iter().any(|t| self.clones(t, depth + 1)))
            }
            TyKind::Array(t, _) => self.mutated.arrays || self.clones(t, depth + 1),
            TyKind::Struct(id, args) if self.program.structs.get(id.0 as usize).is_some_and(|s| s.copy) => {
                self.mutated.structs.contains(&id) || {
                    self.clones.insert(ty, false);
                    let fields = self.field_types(id, &args);
                    fields.into_iter().any(|t| self.clones(t, depth + 1))
                }
            }
            TyKind::Enum(id, args) if self.is_copy(ty, 0) => {
                self.clones.insert(ty, false);
                let variants = self.variant_types(id, &args);
                variants.into_iter().flatten().any(|t| self.clones(t, depth + 1))
            }
            _ => false,
        };
        self.clones.insert(ty, answer);
        answer
    }

    /// Whether reading copies a value of the type and leaves the old one usable on its own (not a shared handle).
    fn is_copy(&mut self, ty: Ty, depth: u32) -> bool {
        if depth > MAX_TYPE_DEPTH {
            return false;
        }
        match self.kind(ty).clone() {
            TyKind::Tuple(parts) => parts.into_iter().all(|t| self.is_copy(t, depth + 1)),
            TyKind::Array(t, _) => self.is_copy(t, depth + 1),
            TyKind::Struct(id, _) => self.program.structs.get(id.0 as usize).is_some_and(|s| s.copy),
            TyKind::Enum(id, args) => {
                self.program.enums.get(id.0 as usize).is_some_and(|e| e.copy)
                    || args.iter().all(|&t| self.is_copy(t, depth + 1)) && id == crate::types::OPTION
            }
            TyKind::List(_) | TyKind::Map(..) | TyKind::Set(_) | TyKind::Box(_) => false,
            TyKind::MutexGuard(_) | TyKind::ReadGuard(_) | TyKind::WriteGuard(_) | TyKind::Future(_) => false,
            TyKind::String | TyKind::Param(_) | TyKind::Dynamic | TyKind::Contract(..) => false,
            _ => true,
        }
    }

    /// The kind of a type's values as the virtual machine can test it.
    pub fn runtime_type(&self, ty: Ty) -> RuntimeType {
        match self.kind(self.strip(ty)) {
            TyKind::Struct(id, _) => RuntimeType::Struct(*id),
            TyKind::Enum(id, _) => RuntimeType::Enum(*id),
            TyKind::Int(kind) => RuntimeType::Int(*kind),
            TyKind::F32 => RuntimeType::Float32,
            TyKind::F64 => RuntimeType::Float,
            TyKind::Bool => RuntimeType::Bool,
            TyKind::Char => RuntimeType::Char,
            TyKind::Str | TyKind::String => RuntimeType::String,
            TyKind::Unit => RuntimeType::Unit,
            TyKind::List(_) | TyKind::Array(..) | TyKind::Span(_) => RuntimeType::List,
            TyKind::Map(..) => RuntimeType::Map,
            TyKind::Set(_) => RuntimeType::Set,
            TyKind::Tuple(_) => RuntimeType::Tuple,
            TyKind::Fn(..) => RuntimeType::Function,
            TyKind::Box(_) => RuntimeType::Box,
            TyKind::Duration => RuntimeType::Duration,
            TyKind::Time => RuntimeType::Time,
            _ => RuntimeType::Other,
        }
    }
}
