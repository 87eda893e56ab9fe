//! Types as written.

use super::{Expr, NodeId, Path};
use crate::source::Span;
/// A type as written.
#[derive(Debug)]
pub struct TypeExpr {
    /// Identity of this mention of a type.
    pub id: NodeId,
    /// Where it stands.
    pub span: Span,
    /// What it is.
    pub kind: TypeKind,
}

/// The kinds of types.
#[derive(Debug)]
pub enum TypeKind {
    /// `i32`, `Vec<T>`, `sync.Mutex<T>`, `T.Item`, `Self`, `ptr`. Arguments belong to the last segment.
    Path {
        /// The name.
        path: Path,
        /// `<..>`; empty if left out.
        args: Vec<TypeExpr>,
    },
    /// `&T`, `&T!`.
    Ref {
        /// `!`.
        mutable: bool,
        /// The target.
        target: Box<TypeExpr>,
    },
    /// Raw `*T`, `*T!`.
    Pointer {
        /// `!`.
        mutable: bool,
        /// The target.
        target: Box<TypeExpr>,
    },
    /// `[T]`.
    List(Box<TypeExpr>),
    /// `[T; N]`.
    Array {
        /// The type of an element.
        element: Box<TypeExpr>,
        /// How many.
        len: Box<Expr>,
    },
    /// `(A, B)`; `()` is the empty one. `(A)` is just `A`.
    Tuple(Vec<TypeExpr>),
    /// `fn(A, B): R`.
    Fn {
        /// Parameter types (names, if written, are dropped).
        params: Vec<TypeExpr>,
        /// The type after `:`; missing means unit.
        ret: Option<Box<TypeExpr>>,
    },
    /// `A | B`, at least two.
    Union(Vec<TypeExpr>),
    /// `_`: to be inferred.
    Infer,
    /// A syntax error was reported here.
    Error,
}
