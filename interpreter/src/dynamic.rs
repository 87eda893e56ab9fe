//! What languages without static types add to the core tree and to compiled programs: their operators, their classes and the exceptions
//! that failures of the engine become.

use crate::core::{FuncId, GlobalId, RuntimeType};
use crate::types::StructId;

/// Operators that look at the tags of their operands. Arithmetic and ordering fail with an exception where the operands do not fit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum DynOp {
    /// Sum; strings and lists are joined.
    Add,
    /// Difference.
    Sub,
    /// Product; strings and lists are repeated.
    Mul,
    /// Quotient, always a float.
    Div,
    /// Quotient, rounded down.
    FloorDiv,
    /// Remainder with the sign of the divisor.
    Mod,
    /// Power.
    Pow,
    /// Negation (one operand).
    Neg,
    /// Equal, structurally. Like all that follow it gives a `bool`.
    Eq,
    /// Not equal.
    Ne,
    /// Less.
    Lt,
    /// Less or equal.
    Le,
    /// Greater.
    Gt,
    /// Greater or equal.
    Ge,
    /// The same object.
    Is,
    /// Element, key or part of.
    In,
}

impl DynOp {
    /// All operators, by number.
    pub const ALL: [DynOp; 16] = [
        DynOp::Add,
        DynOp::Sub,
        DynOp::Mul,
        DynOp::Div,
        DynOp::FloorDiv,
        DynOp::Mod,
        DynOp::Pow,
        DynOp::Neg,
        DynOp::Eq,
        DynOp::Ne,
        DynOp::Lt,
        DynOp::Le,
        DynOp::Gt,
        DynOp::Ge,
        DynOp::Is,
        DynOp::In,
    ];

    /// Whether it gives a `bool` (equality, order, identity, membership) and not a number.
    pub fn is_comparison(self) -> bool {
        self as u8 >= DynOp::Eq as u8
    }

    /// The operator as people write it.
    pub fn symbol(self) -> &'static str {
        match self {
            DynOp::Add => "+",
            DynOp::Sub | DynOp::Neg => "-",
            DynOp::Mul => "*",
            DynOp::Div => "/",
            DynOp::FloorDiv => "//",
            DynOp::Mod => "%",
            DynOp::Pow => "**",
            DynOp::Eq => "==",
            DynOp::Ne => "!=",
            DynOp::Lt => "<",
            DynOp::Le => "<=",
            DynOp::Gt => ">",
            DynOp::Ge => ">=",
            DynOp::Is => "is",
            DynOp::In => "in",
        }
    }
}

macro_rules! error_kinds {
    ($($name:ident $class:literal $doc:literal;)+) => {
        /// What kind of failure an exception is.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum ErrorKind { $( #[doc = $doc] $name, )+ }

        impl ErrorKind {
            /// Every kind; the first is the base of all.
            pub const ALL: &'static [ErrorKind] = &[$(ErrorKind::$name),+];

            /// The name of its class.
            pub fn class_name(self) -> &'static str {
                match self { $(ErrorKind::$name => $class,)+ }
            }
        }
    };
}

error_kinds! {
    Exception "Exception" "Any failure.";
    Value "ValueError" "A value of the right type that makes no sense here.";
    Type "TypeError" "A value of the wrong type.";
    Runtime "RuntimeError" "What has no kind of its own: a send on a closed channel.";
    ZeroDivision "ZeroDivisionError" "Division by zero.";
    Index "IndexError" "A position outside of a sequence.";
    Key "KeyError" "A key that a dict does not have.";
    Name "NameError" "A variable that is not set.";
    Assertion "AssertionError" "A failed assertion.";
    Attribute "AttributeError" "An attribute that an object does not have.";
    Overflow "OverflowError" "A result outside of the 64-bit integers.";
}

/// What the engine must know of a program without static types.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Dynamic {
    /// Functions that stand for types: the constructor of each class, and the functions named like built-in types.
    pub types: Vec<(FuncId, RuntimeType)>,
    /// Classes and the class that each derives from.
    pub bases: Vec<(StructId, StructId)>,
    /// The class of each kind of exception. The message is its first field.
    pub errors: Vec<(ErrorKind, StructId)>,
    /// Attributes of classes themselves: constructor, name, the variable that holds it.
    pub attributes: Vec<(FuncId, String, GlobalId)>,
}

impl Dynamic {
    /// The class of a kind of exception.
    pub fn class_of(&self, kind: ErrorKind) -> Option<StructId> {
        self.errors.iter().find(|(k, _)| *k == kind).map(|(_, class)| *class)
    }

    /// Whether a class is another or derives from it.
    pub fn derives(&self, class: StructId, from: StructId) -> bool {
        let mut at = class;
        // A chain of bases is not longer than there are classes; one that goes in circles ends too.
        for _ in 0..=self.bases.len() {
            if at == from {
                return true;
            }
            match self.bases.iter().find(|(derived, _)| *derived == at) {
                Some(&(_, base)) => at = base,
                None => return false,
            }
        }
        false
    }
}
