//! Small parts of core trees.

use crate::core::{
    Const, Expr, ExprKind, Function, FunctionKind, LocalId, Pattern, PatternKind, Place, PlaceBase, Stmt,
};
use crate::dynamic::DynOp;
use crate::source::Span;
use crate::types::{Ty, Types};

pub fn expr(kind: ExprKind, ty: Ty, span: Span) -> Expr {
    Expr { kind, ty, span }
}

/// An expression of a value of any kind.
pub fn dynamic(kind: ExprKind, span: Span) -> Expr {
    expr(kind, Types::DYNAMIC, span)
}

/// `None`
pub fn none(span: Span) -> Expr {
    expr(ExprKind::Const(Const::Unit), Types::UNIT, span)
}

pub fn boolean(value: bool, span: Span) -> Expr {
    expr(ExprKind::Const(Const::Bool(value)), Types::BOOL, span)
}

pub fn int(value: i64, span: Span) -> Expr {
    expr(ExprKind::Const(Const::Int(value.into())), Types::I64, span)
}

pub fn string(value: impl Into<String>, span: Span) -> Expr {
    expr(ExprKind::Const(Const::Str(value.into())), Types::STR, span)
}

pub fn not(value: Expr) -> Expr {
    let span = value.span;
    expr(ExprKind::Unary(crate::core::UnaryOp::Not, Box::new(value)), Types::BOOL, span)
}

pub fn operator(op: DynOp, operands: Vec<Expr>, span: Span) -> Expr {
    let ty = if op.is_comparison() { Types::BOOL } else { Types::DYNAMIC };
    expr(ExprKind::Dyn(op, operands), ty, span)
}

pub fn if_else(condition: Expr, then: Expr, otherwise: Expr, span: Span) -> Expr {
    dynamic(ExprKind::If(Box::new(condition), Box::new(then), Some(Box::new(otherwise))), span)
}

/// Statements, then a value.
pub fn block(stmts: Vec<Stmt>, tail: Expr, span: Span) -> Expr {
    if stmts.is_empty() {
        return tail;
    }
    let ty = tail.ty;
    expr(ExprKind::Block(stmts, Some(Box::new(tail))), ty, span)
}

/// Statements without a value.
pub fn effects(stmts: Vec<Stmt>, span: Span) -> Expr {
    expr(ExprKind::Block(stmts, None), Types::UNIT, span)
}

pub fn place(base: PlaceBase, ty: Ty, span: Span) -> Place {
    Place { base, projections: Vec::new(), ty, span }
}

pub fn local(id: LocalId, span: Span) -> Place {
    place(PlaceBase::Local(id), Types::DYNAMIC, span)
}

pub fn read(place: Place) -> Expr {
    let (ty, span) = (place.ty, place.span);
    expr(ExprKind::Read(place), ty, span)
}

pub fn assign(place: Place, value: Expr) -> Expr {
    let span = place.span.to(value.span);
    expr(ExprKind::Assign(place, Box::new(value)), Types::UNIT, span)
}

pub fn is_set(place: Place) -> Expr {
    let span = place.span;
    expr(ExprKind::IsSet(place), Types::BOOL, span)
}

pub fn bind(id: LocalId, ty: Ty, span: Span) -> Pattern {
    Pattern { kind: PatternKind::Bind(id, None), ty, span }
}

/// `let id = value`
pub fn let_local(id: LocalId, value: Expr, span: Span) -> Stmt {
    let ty = value.ty;
    Stmt::Let { pattern: bind(id, ty, span), value: Some(value), span }
}

/// What stands for a number that no function has.
pub fn unused() -> Function {
    let span = Span::default();
    Function {
        name: "unused".into(),
        kind: FunctionKind::Plain,
        captures: 0,
        params: 0,
        optional: 0,
        rest: false,
        locals: Vec::new(),
        ret: Types::UNIT,
        body: none(span),
        span,
        prelude: true,
    }
}
