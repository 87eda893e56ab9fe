//! A function as a whole: parameters, body, result.

use super::analysis::has_droppable_temporary;
use super::expr::end_of;
use super::function::{Emitter, NameOf, ObjectName};
use crate::bytecode::instr::Reg;
use crate::bytecode::ops::Op;
use crate::core::{CaptureMode, Expr, ExprKind, Function, FunctionKind, LocalId};

impl<'p> Emitter<'_, 'p> {
    /// Compiles a function. `modes` says how a closure gets its captures.
    pub fn function_body(&mut self, function: &'p Function, modes: &[CaptureMode]) {
        let kinds = &mut self.lowerer.kinds;
        self.has_droppable_temporaries = has_droppable_temporary(&function.body, &mut |ty| kinds.is_droppable(ty));
        let scope = self.begin_scope();
        let leading = function.captures + function.params;
        for id in (0..leading).map(LocalId) {
            self.declare(id, function.span);
        }
        let entry = self.asm.position();
        for id in (0..leading).map(LocalId) {
            let captured = id.0 < function.captures;
            // A shared cell arrives as it is.
            let moves = !(captured && modes.get(id.0 as usize) == Some(&CaptureMode::Cell));
            // What a closure owns stays with it from call to call.
            let owned = !(captured && function.kind == FunctionKind::Closure);
            self.argument_in_place(id, entry, moves, owned, function.span);
        }
        if self.lowerer.kinds.is_unit(function.ret) {
            self.return_value(Some(&function.body), end_of(function.body.span));
        } else {
            self.tail(&function.body);
        }
        if self.asm.reachable() {
            self.emit_exits(0, end_of(function.body.span));
            self.op(Op::ReturnUnit, 0, Reg(0), Reg(0), Reg(0), end_of(function.body.span));
        }
        self.end_scope(scope, end_of(function.body.span));
    }

    /// What the function's result is for, if it is a global's first value.
    pub fn result_name(&self) -> Option<ObjectName> {
        let global = self.lowerer.global_of_initializer.get(&self.id?)?;
        Some(NameOf::Global(*global).into())
    }

    /// The function's result: each branch returns by itself.
    pub fn tail(&mut self, expr: &'p Expr) {
        match &expr.kind {
            ExprKind::Block(stmts, tail) => {
                let scope = self.begin_scope();
                for stmt in stmts {
                    self.statement(stmt);
                }
                if let Some(tail) = tail {
                    self.tail(tail);
                }
                self.end_scope(scope, end_of(expr.span));
            }
            ExprKind::If(cond, then, Some(other)) => {
                let no = self.asm.label();
                self.scoped_branch(cond, no, false);
                self.branch_depth += 1;
                self.tail(then);
                self.asm.bind(no);
                self.tail(other);
                self.branch_depth -= 1;
            }
            ExprKind::Match(scrutinee, arms) if self.asm.reachable() => {
                self.match_tail(scrutinee, arms, expr.span);
            }
            _ if self.asm.reachable() => self.return_value(Some(expr), expr.span),
            _ => {}
        }
    }
}
