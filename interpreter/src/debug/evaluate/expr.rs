//! Expressions as debuggers evaluate them, whatever language they were written in. A front end translates its syntax into these; what
//! it has and this has not, it refuses with a sentence.

use crate::core::{BinaryOp, CompareOp, UnaryOp};
use crate::types::IntKind;
use crate::value::Tag;

/// An expression.
#[derive(Clone, Debug, PartialEq)]
pub struct Expr {
    /// The column in characters, from 1, of where it begins (of an operator: of the operator).
    pub at: u32,
    /// What it is.
    pub kind: ExprKind,
}

/// The kinds of expressions.
#[derive(Clone, Debug, PartialEq)]
pub enum ExprKind {
    /// A number; without a kind it takes that of what it is used with.
    Int(i128, Option<IntKind>),
    /// A float of 64 bits, or of 32.
    Float(f64, bool),
    /// A text.
    Str(String),
    /// A character.
    Char(char),
    /// A truth value.
    Bool(bool),
    /// Nothing.
    Unit,
    /// The null pointer.
    Nil,
    /// A variable, constant, variant, function or type.
    Name(String),
    /// A tuple.
    Tuple(Vec<Expr>),
    /// A list.
    List(Vec<Expr>),
    /// The same value, so many times.
    Repeat(Box<Expr>, Box<Expr>),
    /// A struct with some of its fields by name.
    Struct(String, Vec<(String, Expr)>),
    /// A field by name or position; also a variant of an enum.
    Field(Box<Expr>, String),
    /// An element.
    Index(Box<Expr>, Box<Expr>),
    /// A range of elements; ends may be left out.
    Slice(Box<Expr>, Option<Box<Expr>>, Option<Box<Expr>>, bool),
    /// A call of a function, a variant or a value.
    Call(Box<Expr>, Vec<Expr>),
    /// A call of a method; also of what belongs to a type (`Point.new(1)`).
    Method(Box<Expr>, String, Vec<Expr>),
    /// Negation.
    Unary(UnaryOp, Box<Expr>),
    /// What a reference, box or guard stands for.
    Deref(Box<Expr>),
    /// Arithmetic.
    Binary(BinaryOp, Box<Expr>, Box<Expr>),
    /// A comparison.
    Compare(CompareOp, Box<Expr>, Box<Expr>),
    /// Both; the second only where the first holds.
    And(Box<Expr>, Box<Expr>),
    /// One of both; the second only where the first does not hold.
    Or(Box<Expr>, Box<Expr>),
    /// The value of an option or result that has one, otherwise the second.
    OrElse(Box<Expr>, Box<Expr>),
    /// One of two.
    If(Box<Expr>, Box<Expr>, Box<Expr>),
    /// Another kind of number.
    Cast(Box<Expr>, Tag),
    /// A range.
    Range(Box<Expr>, Box<Expr>, bool),
    /// Text of parts, joined.
    Format(Vec<Expr>),
}

impl Expr {
    /// An expression.
    pub fn new(at: u32, kind: ExprKind) -> Expr {
        Expr { at, kind }
    }

    /// Whether it is a number that takes the kind of what it is used with.
    pub fn is_open(&self) -> bool {
        match &self.kind {
            ExprKind::Int(_, None) => true,
            ExprKind::Unary(UnaryOp::Neg | UnaryOp::BitNot, operand) => operand.is_open(),
            ExprKind::Binary(_, left, right) => left.is_open() && right.is_open(),
            _ => false,
        }
    }
}

/// Why an expression has no value: a sentence, and the column where the reason stands (0: nowhere in particular).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wrong {
    /// The column, from 1.
    pub at: u32,
    /// The reason.
    pub why: String,
    /// It could be evaluated on a copy of the run, where functions of the program can be called.
    pub needs_copy: bool,
}

impl Wrong {
    /// At a place.
    pub fn new(at: u32, why: impl Into<String>) -> Wrong {
        Wrong { at, why: why.into(), needs_copy: false }
    }
}
