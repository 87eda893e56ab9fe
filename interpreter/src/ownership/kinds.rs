//! What is asked about types: is it copied, is it a handle that may be shared, does it hold a reference or a guard.

use crate::core::Program;
use crate::types::{EnumId, StructId, Ty, TyKind};

/// Types may refer to themselves through structs and enums; deeper than this the answer is the cautious one.
const DEPTH: u32 = 16;

/// Answers about the types of a program.
#[derive(Clone, Copy)]
pub struct Kinds<'p> {
    program: &'p Program,
}

impl<'p> Kinds<'p> {
    /// For a program.
    pub fn new(program: &'p Program) -> Self {
        Self { program }
    }

    /// The structure of a type.
    pub fn kind(&self, ty: Ty) -> &'p TyKind {
        self.program.types.kind(ty)
    }

    /// Whether values are copied rather than moved; giving a mutable reference on lends it. Handles (channels, locks, …) are: all copies are the same object.
    pub fn is_copy(&self, ty: Ty) -> bool {
        self.copy(ty, DEPTH)
    }

    fn copy(&self, ty: Ty, depth: u32) -> bool {
        if depth == 0 {
            return false;
        }
        match self.kind(ty) {
            TyKind::String
            | TyKind::List(_)
            | TyKind::Map(..)
            | TyKind::Set(_)
            | TyKind::Box(_)
            | TyKind::Future(_)
            | TyKind::MutexGuard(_)
            | TyKind::ReadGuard(_)
            | TyKind::WriteGuard(_)
            | TyKind::Contract(..) => false,
            TyKind::Tuple(parts) | TyKind::Union(parts) => parts.iter().all(|&part| self.copy(part, depth - 1)),
            TyKind::Array(element, _) => self.copy(*element, depth - 1),
            TyKind::Struct(id, _) => self.struct_def(*id).copy,
            TyKind::Enum(id, args) => {
                self.enum_def(*id).copy
                    || args.iter().all(|&arg| self.copy(arg, depth - 1))
                        && self
                            .enum_def(*id)
                            .variants
                            .iter()
                            .flat_map(|variant| &variant.1)
                            .all(|&field| self.copy(field, depth - 1))
            }
            _ => true,
        }
    }

    /// Whether many tasks may have it at once: all are handles of one object.
    pub fn is_shareable(&self, ty: Ty) -> bool {
        matches!(
            self.kind(ty),
            TyKind::Channel(_)
                | TyKind::Box(_)
                | TyKind::Atomic(_)
                | TyKind::Mutex(_)
                | TyKind::RwLock(_)
                | TyKind::Once
                | TyKind::Barrier
                | TyKind::WaitGroup
                | TyKind::Semaphore
                | TyKind::Context
                | TyKind::Ticker
                | TyKind::Fn(..)
        )
    }

    /// Whether a value is, or holds, a lock guard.
    pub fn holds_guard(&self, ty: Ty) -> bool {
        self.holds(ty, DEPTH, &|kind| {
            matches!(kind, TyKind::MutexGuard(_) | TyKind::ReadGuard(_) | TyKind::WriteGuard(_))
        })
    }

    /// Whether a value is, or holds, a reference or a span (to something that is not a shareable handle).
    pub fn holds_reference(&self, ty: Ty) -> bool {
        self.holds(ty, DEPTH, &|kind| match kind {
            TyKind::Ref(to) | TyKind::RefMut(to) => !self.is_shareable(*to),
            TyKind::Span(_) => true,
            _ => false,
        })
    }

    /// Whether it is a reference or a span itself.
    pub fn is_reference(&self, ty: Ty) -> bool {
        matches!(self.kind(ty), TyKind::Ref(_) | TyKind::RefMut(_) | TyKind::Span(_))
    }

    fn holds(&self, ty: Ty, depth: u32, test: &dyn Fn(&TyKind) -> bool) -> bool {
        let kind = self.kind(ty);
        if test(kind) {
            return true;
        }
        if depth == 0 {
            return false;
        }
        let part = |&ty: &Ty| self.holds(ty, depth - 1, test);
        match kind {
            TyKind::Tuple(parts) | TyKind::Union(parts) => parts.iter().any(part),
            TyKind::List(element) | TyKind::Array(element, _) | TyKind::Set(element) => part(element),
            TyKind::Map(key, value) => part(key) || part(value),
            TyKind::Struct(id, args) => {
                args.iter().any(part) || self.struct_def(*id).fields.iter().any(|(_, field)| part(field))
            }
            TyKind::Enum(id, args) => {
                args.iter().any(part) || self.enum_def(*id).variants.iter().flat_map(|variant| &variant.1).any(part)
            }
            _ => false,
        }
    }

    fn struct_def(&self, id: StructId) -> &'p crate::core::StructDef {
        &self.program.structs[id.0 as usize]
    }

    fn enum_def(&self, id: EnumId) -> &'p crate::core::EnumDef {
        &self.program.enums[id.0 as usize]
    }
}
