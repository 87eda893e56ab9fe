//! The untyped syntax tree of Vex: exactly what was written, with a place for everything.
//!
//! The parser builds it, name resolution and the type checker read it; nobody changes it.
//!
//! - Every node has a [`Span`]; names have their own ([`Ident`]).
//! - Nodes that later stages attach facts to (expressions, patterns, types, blocks, parameters, items …) carry
//!   a [`NodeId`], unique over all files of one program, so that a fact lives in a side table and not in the tree.
//! - Ambiguities that need names to settle stay open here and are said on the variant:
//!   `a.b(c)` is always [`ExprKind::MethodCall`] (it may turn out to be an associated function, an enum variant
//!   or a module's function), a bare name in a pattern is always [`PatKind::Binding`] (it may turn out to be a
//!   unit variant such as `None`).
//! - The parser limits the height of the tree (see `parser::MAX_HEIGHT`), so walking and dropping it may recurse.
//! - After a syntax error the tree holds [`ExprKind::Error`] and its like; they come only with a diagnostic.

mod expressions;
mod items;
mod patterns;
mod statements;
mod types;

pub use expressions::*;
pub use items::*;
pub use patterns::*;
pub use statements::*;
pub use types::*;

use std::sync::Arc;

use crate::source::{FileId, Span};

/// The text of a name; clones share one allocation.
pub type Name = Arc<str>;

/// Identity of a node, unique over all files of one program; the key of side tables.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct NodeId(pub u32);

/// Hands out node ids; one for all files of a program.
#[derive(Debug, Default)]
pub struct NodeIds {
    next: u32,
}

impl NodeIds {
    /// A new id.
    pub fn fresh(&mut self) -> NodeId {
        let id = NodeId(self.next);
        self.next += 1;
        id
    }

    /// How many were handed out: all ids are below it.
    pub fn count(&self) -> usize {
        self.next as usize
    }
}

/// A name where it was written. `self`, `Self` and `_` are names too; `$println` keeps its `$`.
#[derive(Clone, Debug)]
pub struct Ident {
    /// The name.
    pub name: Name,
    /// Where it stands.
    pub span: Span,
}

/// A dotted path: `Msg`, `Msg.Put`, `sync.Mutex`. Never empty.
#[derive(Clone, Debug)]
pub struct Path {
    /// The names, from left to right.
    pub segments: Vec<Ident>,
    /// From the first name to the last.
    pub span: Span,
}

/// One file.
#[derive(Debug)]
pub struct Module {
    /// The file it was read from.
    pub file: FileId,
    /// Declarations in source order.
    pub items: Vec<Item>,
}
