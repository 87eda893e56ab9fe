//! Calls, spawns, awaits and closures.

use super::function::Emitter;
use crate::bytecode::instr::Reg;
use crate::bytecode::ops::Op;
use crate::core::{Capture, CaptureMode, Expr, ExprKind, FuncId, SpawnKind};
use crate::source::Span;
use crate::types::TyKind;

impl<'p> Emitter<'_, 'p> {
    /// A call of a known function.
    pub fn call(&mut self, id: FuncId, args: &'p [Expr], dest: Option<Reg>, span: Span) {
        let window = self.window(args, dest, &|e, i| e.parameter_is_reference(id, i), span);
        self.op_wide(Op::Call, args.len() as u8, window, id.0, span);
        self.result(window, dest, span);
    }

    /// A call of a method found at run time.
    pub fn call_method(&mut self, name: &str, args: &'p [Expr], dest: Option<Reg>, span: Span) {
        // Which function it will be is not known, but all of that name agree in what they borrow.
        let target = self.lowerer.program.methods.iter().find(|m| m.name == name).map(|m| m.func);
        let looks = |e: &Self, i: usize| target.is_none_or(|id| e.parameter_is_reference(id, i));
        let window = self.window(args, dest, &looks, span);
        let method = self.lowerer.tables.method(name);
        self.op_wide(Op::CallMethod, args.len() as u8, window, method, span);
        self.result(window, dest, span);
    }

    /// A call of a function value, which is evaluated first.
    pub fn call_value(&mut self, callee: &'p Expr, args: &'p [Expr], dest: Option<Reg>, span: Span) {
        let ty = self.lowerer.kinds.strip(callee.ty);
        let (callee, dest_below) = self.callee(callee, &args.iter().collect::<Vec<_>>(), dest);
        let looks = |e: &Self, i: usize| match e.lowerer.kinds.kind(ty) {
            TyKind::Fn(params, _) => params.get(i).is_some_and(|&ty| e.lowerer.kinds.is_reference(ty)),
            _ => false,
        };
        let window = self.window(args, dest_below, &looks, span);
        self.op_number(Op::CallValue, args.len() as u8, window, callee, 0, span);
        self.result(window, dest, span);
    }

    /// The function value must lie below the window: the wanted register is the window only where nothing had to come above it.
    pub fn callee(&mut self, callee: &'p Expr, args: &[&'p Expr], dest: Option<Reg>) -> (Reg, Option<Reg>) {
        let mut register = self.operand_before(callee, args);
        if dest == Some(register) {
            let copy = self.alloc(callee.span);
            self.copy(copy, register, callee.span);
            register = copy;
        }
        (register, dest)
    }

    fn parameter_is_reference(&self, id: FuncId, index: usize) -> bool {
        let function = self.lowerer.program.functions.get(id.0 as usize);
        let local = function.and_then(|f| f.locals.get(f.captures as usize + index));
        local.is_some_and(|l| self.lowerer.kinds.is_reference(l.ty))
    }

    fn result(&mut self, window: Reg, dest: Option<Reg>, span: Span) {
        if let Some(dest) = dest {
            self.copy(dest, window, span);
        }
    }

    /// A new task of a known function.
    pub fn spawn(&mut self, kind: SpawnKind, id: FuncId, args: &'p [Expr], dest: Option<Reg>, span: Span) {
        let window = self.window(args, dest, &|_, _| false, span);
        let op = if kind == SpawnKind::Go { Op::Spawn } else { Op::SpawnAsync };
        self.op_wide(op, args.len() as u8, window, id.0, span);
        self.result(window, dest, span);
    }

    /// A new task of a function value.
    pub fn spawn_value(&mut self, kind: SpawnKind, callee: &'p Expr, args: &'p [Expr], dest: Option<Reg>, span: Span) {
        let (callee, dest_below) = self.callee(callee, &args.iter().collect::<Vec<_>>(), dest);
        let window = self.window(args, dest_below, &|_, _| false, span);
        self.op_number(Op::SpawnValue, args.len() as u8, window, callee, (kind == SpawnKind::Async) as u16, span);
        self.result(window, dest, span);
    }

    /// Waits for a future, which is consumed by that. Until then it is the task's to let go if it is cancelled.
    pub fn await_future(&mut self, future: &'p Expr, dest: Reg, span: Span) {
        if let ExprKind::Read(place) = &future.kind
            && let Some(id) = self.plain_local(place)
        {
            let register = self.register(id, future.span);
            self.op(Op::Await, 0, dest, register, Reg(0), span);
            if self.lowerer.kinds.is_droppable(place.ty) {
                self.moved_out(id, span);
            }
            return;
        }
        let register = self.alloc(future.span);
        self.expr_to(future, register);
        let scope = self.begin_scope();
        if !self.is_look(future) && self.lowerer.kinds.is_droppable(future.ty) {
            self.push_drop(register, future.ty, false, span);
        }
        self.op(Op::Await, 0, dest, register, Reg(0), span);
        self.forget(&scope);
        self.end_scope(scope, span);
    }

    /// A closure over the function around.
    pub fn closure(&mut self, id: FuncId, captures: &'p [Capture], dest: Reg, span: Span) {
        if captures.is_empty() {
            self.load_constant(dest, crate::bytecode::program::Constant::Function(id.0), span);
            return;
        }
        if captures.len() > super::expr::MAX_VALUES || id.0 > u16::MAX as u32 {
            self.too_large(span, "a closure over more than 255 variables, or more than 65,535 functions");
            return;
        }
        let first = self.alloc_many(captures.len() as u32, span);
        for (i, capture) in captures.iter().enumerate() {
            let to = Reg(first.0 + i as u16);
            let from = self.register(capture.outer, capture.span);
            let ty = self.local_type(capture.outer);
            let cell = self.is_cell(capture.outer);
            match capture.mode {
                CaptureMode::Cell => self.copy(to, from, capture.span),
                CaptureMode::Value if cell => self.op(Op::LoadCell, 0, to, from, Reg(0), capture.span),
                CaptureMode::Value if self.lowerer.kinds.clones_on_copy(ty) => {
                    self.op(Op::Clone, 0, to, from, Reg(0), capture.span);
                }
                // A guard that a closure looks at stays with its variable, which releases it.
                CaptureMode::Value => self.copy(to, from, capture.span),
            }
        }
        self.op_number(Op::MakeClosure, captures.len() as u8, dest, first, id.0 as u16, span);
    }
}
