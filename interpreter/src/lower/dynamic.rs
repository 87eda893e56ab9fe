//! What languages without static types have: operators by tag, attributes, flexible calls, exceptions.

use super::function::{Emitter, ObjectName};
use crate::bytecode::instr::Reg;
use crate::core::Expr;

impl<'p> Emitter<'_, 'p> {
    /// Evaluates an expression of a language without static types into a register.
    pub fn dynamic_to(&mut self, expr: &'p Expr, dest: Reg, _naming: Option<ObjectName>) {
        self.effect(expr);
        self.load_unit(dest, expr.span);
    }
}
