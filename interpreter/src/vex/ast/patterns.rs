//! Patterns.

use super::{Expr, Ident, NodeId, Path};
use crate::source::Span;
/// A pattern.
#[derive(Debug)]
pub struct Pattern {
    /// Identity of the pattern; of the variable for a binding.
    pub id: NodeId,
    /// Where it stands.
    pub span: Span,
    /// What it is.
    pub kind: PatKind,
}

/// The kinds of patterns.
#[derive(Debug)]
pub enum PatKind {
    /// `_`.
    Wild,
    /// A bare name: a new variable, or a unit variant (`None`, `Stop`) or constant of that name; names settle it.
    Binding {
        /// The name.
        name: Ident,
    },
    /// A literal: number (perhaps with [`UnaryOp::Neg`](super::UnaryOp::Neg)), string, char, bool, `nil`.
    Literal(Box<Expr>),
    /// `0..10`, `10..=99`, `..5`, `7..`; the ends are literals.
    Range {
        /// Start.
        low: Option<Box<Expr>>,
        /// End.
        high: Option<Box<Expr>>,
        /// `..=`.
        inclusive: bool,
    },
    /// `(a, b)`; `()` is unit. `(p)` is just `p`.
    Tuple(Vec<Pattern>),
    /// `Msg.Stop`: a path of at least two names without arguments.
    Path(Path),
    /// `Some(p)`, `Msg.Pair(a, b)`, `Id(n)` of a tuple struct.
    Variant {
        /// The variant or tuple struct.
        path: Path,
        /// The payload.
        args: Vec<Pattern>,
    },
    /// `P { x, y: p, .. }`.
    Struct {
        /// The struct.
        path: Path,
        /// The fields.
        fields: Vec<FieldPattern>,
        /// `..` at the end: other fields are ignored.
        rest: bool,
    },
    /// `[a, ..rest, z]`.
    List {
        /// Before the rest (all, if there is none).
        before: Vec<Pattern>,
        /// `..rest` (a binding) or `..` ([`PatKind::Wild`]).
        rest: Option<Box<Pattern>>,
        /// After the rest.
        after: Vec<Pattern>,
    },
    /// `1 | 2`, at least two.
    Or(Vec<Pattern>),
    /// A syntax error was reported here.
    Error,
}

/// One field of a struct pattern.
#[derive(Debug)]
pub struct FieldPattern {
    /// The field.
    pub name: Ident,
    /// Its pattern; for the short form a [`PatKind::Binding`] with the field's span.
    pub pattern: Pattern,
}
