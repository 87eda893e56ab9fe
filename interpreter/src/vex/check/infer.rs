//! Inference variables and unification.
//!
//! A variable is a [`TyKind::Infer`] with a slot here. Literals make variables that only numbers may fill: an integer
//! literal's may become a float too (`let x: f64 = 1`), and is `i64` where nothing says otherwise.
//! `str` and `string` unify: both are the same value at run time, and a literal is either.

use super::state::Checker;
use crate::types::{Ty, TyKind, Types};
use rustc_hash::FxHashMap;

/// What may fill a variable.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum VarKind {
    /// Any type.
    General,
    /// An integer type, or a float type.
    Int,
    /// A float type.
    Float,
}

/// State of a variable.
#[derive(Clone, Copy, Debug)]
pub enum Slot {
    /// Not known yet.
    Free(VarKind),
    /// Filled.
    Bound(Ty),
}

impl Checker<'_> {
    /// A new variable.
    pub fn fresh_kind(&mut self, kind: VarKind) -> Ty {
        let index = self.vars.len() as u32;
        self.vars.push(Slot::Free(kind));
        self.types.intern(TyKind::Infer(index))
    }

    /// A new variable for any type.
    pub fn fresh(&mut self) -> Ty {
        self.fresh_kind(VarKind::General)
    }

    /// The type with its outermost variable looked up.
    pub fn shallow(&self, mut ty: Ty) -> Ty {
        while let TyKind::Infer(index) = self.types.kind(ty) {
            match self.vars[*index as usize] {
                Slot::Bound(bound) => ty = bound,
                Slot::Free(_) => break,
            }
        }
        ty
    }

    /// The structure of a type with its outermost variable looked up.
    pub fn kind(&self, ty: Ty) -> TyKind {
        self.types.kind(self.shallow(ty)).clone()
    }

    /// Which kind of free variable a type is, if it is one.
    pub fn free_kind(&self, ty: Ty) -> Option<VarKind> {
        match self.types.kind(self.shallow(ty)) {
            TyKind::Infer(index) => match self.vars[*index as usize] {
                Slot::Free(kind) => Some(kind),
                Slot::Bound(_) => None,
            },
            _ => None,
        }
    }

    /// Whether nothing at all is known about a type.
    pub fn is_unknown(&self, ty: Ty) -> bool {
        self.free_kind(ty) == Some(VarKind::General)
    }

    /// The type with all variables looked up.
    pub fn resolve(&mut self, ty: Ty) -> Ty {
        let ty = self.shallow(ty);
        if !self.types.kind(ty).has_parts() {
            return ty;
        }
        let kind = self.types.kind(ty).clone();
        let mapped = kind.map_parts(&mut |part| self.resolve(part));
        self.types.intern(mapped)
    }

    /// The type with parameters replaced by arguments; parameters without an argument stay.
    pub fn subst(&mut self, ty: Ty, args: &[Ty]) -> Ty {
        if args.is_empty() {
            return ty;
        }
        let ty = self.shallow(ty);
        if let TyKind::Param(index) = *self.types.kind(ty) {
            return args.get(index as usize).copied().unwrap_or(ty);
        }
        if !self.types.kind(ty).has_parts() {
            return ty;
        }
        let kind = self.types.kind(ty).clone();
        let mapped = kind.map_parts(&mut |part| self.subst(part, args));
        self.types.intern(mapped)
    }

    /// Makes two types equal by filling variables; false where they cannot be.
    pub fn unify(&mut self, a: Ty, b: Ty) -> bool {
        let a = self.shallow(a);
        let b = self.shallow(b);
        if a == b || a == Types::ERROR || b == Types::ERROR {
            return true;
        }
        match (self.free_kind(a), self.free_kind(b)) {
            (Some(VarKind::General), _) => return self.bind(a, b),
            (_, Some(VarKind::General)) => return self.bind(b, a),
            (Some(VarKind::Int), Some(_)) => return self.bind(a, b),
            (Some(VarKind::Float), Some(_)) => return self.bind(b, a),
            (Some(kind), None) => return self.fits(kind, b) && self.bind(a, b),
            (None, Some(kind)) => return self.fits(kind, a) && self.bind(b, a),
            (None, None) => {}
        }
        let (ka, kb) = (self.types.kind(a).clone(), self.types.kind(b).clone());
        match (&ka, &kb) {
            (TyKind::Str, TyKind::String) | (TyKind::String, TyKind::Str) => true,
            _ => match ka.pairs(&kb) {
                Some(pairs) => pairs.into_iter().all(|(x, y)| self.unify(x, y)),
                None => false,
            },
        }
    }

    /// Whether two types could be made equal, without doing it.
    pub fn could_unify(&self, a: Ty, b: Ty) -> bool {
        let (a, b) = (self.shallow(a), self.shallow(b));
        if a == b || a == Types::ERROR || b == Types::ERROR || a == Types::NEVER {
            return true;
        }
        match (self.free_kind(a), self.free_kind(b)) {
            (Some(VarKind::General), _) | (_, Some(VarKind::General)) | (Some(_), Some(_)) => return true,
            (Some(kind), None) => return self.fits(kind, b),
            (None, Some(kind)) => return self.fits(kind, a),
            (None, None) => {}
        }
        match (self.types.kind(a), self.types.kind(b)) {
            (TyKind::Str, TyKind::String) | (TyKind::String, TyKind::Str) => true,
            (ka, kb) => ka.pairs(kb).is_some_and(|pairs| pairs.into_iter().all(|(x, y)| self.could_unify(x, y))),
        }
    }

    fn fits(&self, kind: VarKind, ty: Ty) -> bool {
        match self.types.kind(ty) {
            TyKind::Int(_) => kind == VarKind::Int,
            TyKind::F32 | TyKind::F64 => true,
            _ => false,
        }
    }

    fn bind(&mut self, var: Ty, to: Ty) -> bool {
        if to == Types::NEVER {
            // A value that never comes says nothing about the variable.
            return true;
        }
        let TyKind::Infer(index) = *self.types.kind(var) else { return false };
        if self.occurs(index, to) {
            return false;
        }
        self.vars[index as usize] = Slot::Bound(to);
        true
    }

    fn occurs(&self, index: u32, ty: Ty) -> bool {
        let ty = self.shallow(ty);
        let kind = self.types.kind(ty);
        if let TyKind::Infer(other) = kind {
            return *other == index;
        }
        kind.has_parts() && kind.parts().into_iter().any(|part| self.occurs(index, part))
    }

    /// Gives every number variable from `first` on its default, `i64` or `f64`.
    pub fn default_numbers(&mut self, first: usize) {
        for index in first..self.vars.len() {
            match self.vars[index] {
                Slot::Free(VarKind::Int) => self.vars[index] = Slot::Bound(Types::I64),
                Slot::Free(VarKind::Float) => self.vars[index] = Slot::Bound(Types::F64),
                _ => {}
            }
        }
    }

    /// Whether a type still holds a free variable.
    pub fn has_free(&self, ty: Ty) -> bool {
        let ty = self.shallow(ty);
        let kind = self.types.kind(ty);
        matches!(kind, TyKind::Infer(_)) || (kind.has_parts() && kind.parts().into_iter().any(|p| self.has_free(p)))
    }

    /// Whether a type has more parts than any honest program's: pairs of pairs of pairs double with each line.
    pub fn is_too_large(&self, ty: Ty) -> bool {
        const MOST: u64 = 4000;
        let kind = self.types.kind(self.shallow(ty));
        kind.has_parts() && self.weight(ty, &mut FxHashMap::default()) > MOST
    }

    /// How many parts a type has, each shared part counted as often as it occurs.
    fn weight(&self, ty: Ty, known: &mut FxHashMap<Ty, u64>) -> u64 {
        let ty = self.shallow(ty);
        let kind = self.types.kind(ty);
        if !kind.has_parts() {
            return 1;
        }
        if let Some(&weight) = known.get(&ty) {
            return weight;
        }
        let parts = kind.parts();
        let weight = parts.into_iter().fold(1u64, |sum, part| sum.saturating_add(self.weight(part, known)));
        known.insert(ty, weight);
        weight
    }

    /// The type behind references, boxes excluded.
    pub fn strip_refs(&self, ty: Ty) -> Ty {
        let mut ty = self.shallow(ty);
        while let TyKind::Ref(target) | TyKind::RefMut(target) = *self.types.kind(ty) {
            ty = self.shallow(target);
        }
        ty
    }

    /// One step through a reference, box or guard.
    pub fn deref_step(&self, ty: Ty) -> Option<Ty> {
        match *self.types.kind(self.shallow(ty)) {
            TyKind::Ref(t)
            | TyKind::RefMut(t)
            | TyKind::Box(t)
            | TyKind::MutexGuard(t)
            | TyKind::ReadGuard(t)
            | TyKind::WriteGuard(t)
            | TyKind::Pointer(t) => Some(self.shallow(t)),
            _ => None,
        }
    }
}
