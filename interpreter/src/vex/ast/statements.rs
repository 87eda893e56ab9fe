//! Blocks and statements.

use super::{BinaryOp, Expr, Item, Let, NodeId};
use crate::source::Span;
/// `{ .. }`.
#[derive(Debug)]
pub struct Block {
    /// Identity of the block.
    pub id: NodeId,
    /// The braces included. A block the parser made around a single statement (`x => y = 1`) has the statement's span.
    pub span: Span,
    /// All statements but the tail.
    pub stmts: Vec<Stmt>,
    /// The last expression if no `;` follows it: the block's value.
    pub tail: Option<Box<Expr>>,
}

/// A statement.
#[derive(Debug)]
pub struct Stmt {
    /// Where it stands, without the `;`.
    pub span: Span,
    /// What it is.
    pub kind: StmtKind,
}

/// The kinds of statements. A statement in the place of an expression (`v = <-a => n += v`, `|x| n = x`) is
/// wrapped into an [`ExprKind::Block`](super::ExprKind::Block) that holds only it.
#[derive(Debug)]
pub enum StmtKind {
    /// `let`.
    Let(Box<Let>),
    /// A declaration inside a function.
    Item(Box<Item>),
    /// An expression whose value is dropped.
    Expr(Box<Expr>),
    /// `place = e`, `place += e`.
    Assign {
        /// What is assigned; any expression, the checker says whether it is a place. The name `_` discards;
        /// a tuple or list of places assigns each.
        target: Box<Expr>,
        /// The operator of a compound assignment.
        op: Option<BinaryOp>,
        /// The operator token.
        op_span: Span,
        /// The value.
        value: Box<Expr>,
    },
    /// `ch <- v`.
    Send {
        /// The channel.
        channel: Box<Expr>,
        /// The `<-`.
        op_span: Span,
        /// What is sent.
        value: Box<Expr>,
    },
    /// `go ..`.
    Go {
        /// Identity of the spawn site.
        id: NodeId,
        /// The word `go`.
        keyword: Span,
        /// What runs.
        body: GoBody,
    },
    /// `defer stmt`, `defer { .. }`; a single statement is wrapped into a block.
    Defer {
        /// The word `defer`.
        keyword: Span,
        /// What runs at scope exit.
        body: Box<Block>,
    },
}

/// What a `go` statement starts.
#[derive(Debug)]
pub enum GoBody {
    /// `go { .. }`.
    Block(Box<Block>),
    /// `go f(args)`: a `Call` or `MethodCall`, perhaps of a closure.
    Call(Box<Expr>),
}
