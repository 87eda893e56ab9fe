//! What the place of an expression wants from it, and small constructors of core nodes.

use super::state::Checker;
use crate::core::{Const, Expr, ExprKind, Place, PlaceBase, Projection, Stmt};
use crate::source::Span;
use crate::types::{Ty, TyKind, Types};

/// What the place of an expression wants.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Expect {
    /// A value of whatever type.
    Any,
    /// No value: whatever comes is dropped.
    Drop,
    /// Preferably this type; the caller coerces or reports.
    Is(Ty),
}

impl Expect {
    /// The type, if one is wanted.
    pub fn ty(self) -> Option<Ty> {
        match self {
            Expect::Is(ty) => Some(ty),
            _ => None,
        }
    }
}

/// An expression node.
pub fn expr(kind: ExprKind, ty: Ty, span: Span) -> Expr {
    Expr { kind, ty, span }
}

/// The node that stands for something wrong.
pub fn error_expr(span: Span) -> Expr {
    expr(ExprKind::Error, Types::ERROR, span)
}

/// `()`
pub fn unit(span: Span) -> Expr {
    expr(ExprKind::Const(Const::Unit), Types::UNIT, span)
}

/// A string constant.
pub fn string(text: impl Into<String>, span: Span) -> Expr {
    expr(ExprKind::Const(Const::Str(text.into())), Types::STRING, span)
}

/// A place that holds the value of an expression.
pub fn temporary(value: Expr) -> Place {
    let (ty, span) = (value.ty, value.span);
    Place { base: PlaceBase::Value(Box::new(value)), projections: Vec::new(), ty, span }
}

/// A block of statements with a value.
pub fn block(stmts: Vec<Stmt>, value: Expr) -> Expr {
    let (ty, span) = (value.ty, value.span);
    expr(ExprKind::Block(stmts, Some(Box::new(value))), ty, span)
}

/// The value in a place: a copy or a move.
pub fn read(place: Place) -> Expr {
    let (ty, span) = (place.ty, place.span);
    if place.projections.is_empty()
        && let PlaceBase::Value(value) = place.base
    {
        return *value;
    }
    expr(ExprKind::Read(place), ty, span)
}

/// The value in a place, only looked at. The node has the place's own type.
pub fn look(place: Place) -> Expr {
    let (ty, span) = (place.ty, place.span);
    if place.projections.is_empty()
        && let PlaceBase::Value(value) = place.base
    {
        return *value;
    }
    expr(ExprKind::Borrow(place), ty, span)
}

/// A read that is an operand becomes a look.
pub fn looked(value: Expr) -> Expr {
    match value.kind {
        ExprKind::Read(place) => expr(ExprKind::Borrow(place), value.ty, value.span),
        kind => Expr { kind, ..value },
    }
}

/// The expression as a place: what it reads, or a temporary with its value.
pub fn as_place(value: Expr) -> Place {
    match value.kind {
        ExprKind::Read(place) => place,
        kind => temporary(Expr { kind, ..value }),
    }
}

impl Checker<'_> {
    /// One step through the reference, box or guard in a place.
    pub fn deref_place(&self, mut place: Place) -> Option<Place> {
        let target = self.deref_step(place.ty)?;
        place.projections.push(Projection::Deref(target));
        place.ty = target;
        Some(place)
    }

    /// Through all references, boxes and guards.
    pub fn deref_all(&self, mut place: Place) -> Place {
        while let Some(target) = self.deref_step(place.ty) {
            if matches!(self.types.kind(self.shallow(place.ty)), TyKind::Pointer(_)) {
                break;
            }
            place.projections.push(Projection::Deref(target));
            place.ty = target;
        }
        place
    }

    /// Through all references.
    pub fn deref_refs(&self, mut place: Place) -> Place {
        while let TyKind::Ref(target) | TyKind::RefMut(target) = *self.types.kind(self.shallow(place.ty)) {
            let target = self.shallow(target);
            place.projections.push(Projection::Deref(target));
            place.ty = target;
        }
        place
    }

    /// An operand seen through references.
    pub fn operand(&self, value: Expr) -> Expr {
        match *self.types.kind(self.shallow(value.ty)) {
            TyKind::Ref(_) | TyKind::RefMut(_) => look(self.deref_refs(as_place(value))),
            _ => value,
        }
    }
}
