//! Expressions, driven by where their value is wanted.
//!
//! [`Emitter::expr_to`] puts a value into a given register, [`Emitter::expr_void`] wants none, and [`Emitter::operand`] gives the register
//! in which it already is, where that can be said (a local, a constant kept for a loop), or a temporary.

use super::analysis::{may_change, peel};
use super::function::{Emitter, NameOf, ObjectName};
use crate::bytecode::instr::{Instr, Reg};
use crate::bytecode::ops::Op;
use crate::bytecode::program::Constant;
use crate::core::{Const, Expr, ExprKind, Place, PlaceBase, SpawnKind, Stmt};
use crate::diagnostics::{Code as DiagnosticCode, Diagnostic};
use crate::source::Span;
use crate::types::{IntKind, OPTION, Ty, TyKind};
use crate::value::Tag;

/// Operand counts have 8 bits.
pub const MAX_VALUES: usize = 255;
/// Longer lists and texts are made piece by piece.
const PIECE: usize = 64;

impl<'p> Emitter<'_, 'p> {
    /// Evaluates into a register.
    pub fn expr_to(&mut self, expr: &'p Expr, dest: Reg) {
        if self.gave_up(expr.span) || !self.asm.reachable() {
            return;
        }
        let naming = self.naming.take();
        let mark = self.mark();
        let span = expr.span;
        match &expr.kind {
            ExprKind::Const(c) => self.load_const(c, expr.ty, dest, span),
            ExprKind::Read(place) => {
                if let PlaceBase::Value(value) = &place.base
                    && place.projections.is_empty()
                {
                    self.naming = naming;
                    self.expr_to(value, dest);
                } else {
                    self.read_to(place, dest);
                }
            }
            ExprKind::Borrow(place) => self.borrow_to(place, dest),
            ExprKind::BorrowMut(place) => self.borrow_mut_to(place, dest),
            ExprKind::Function(id) => self.load_constant(dest, Constant::Function(id.0), span),
            ExprKind::Closure(id, captures) => self.closure(*id, captures, dest, span),
            ExprKind::Binary(op, left, right) => self.binary_expr(*op, left, right, dest, span),
            ExprKind::Compare(op, left, right) => self.compare_expr(*op, left, right, dest, span),
            ExprKind::And(left, right) | ExprKind::Or(left, right) if self.is_dynamic(expr.ty) => {
                let is_and = matches!(expr.kind, ExprKind::And(..));
                self.deciding_operand(is_and, left, right, dest, span);
            }
            ExprKind::And(..) | ExprKind::Or(..) => self.truth_to(expr, dest),
            ExprKind::Unary(op, operand) => self.unary(*op, operand, dest, span),
            ExprKind::Cast(operand) => self.cast(operand, expr.ty, dest, span),
            ExprKind::Call(id, args) => self.call(*id, args, Some(dest), span),
            ExprKind::CallValue(callee, args) => self.call_value(callee, args, Some(dest), span),
            ExprKind::CallMethod(name, args) => self.call_method(name, args, Some(dest), span),
            ExprKind::Builtin(builtin, args) => {
                self.naming = naming;
                self.builtin(*builtin, args, Some(dest), expr);
                self.naming = None;
            }
            ExprKind::Block(stmts, tail) => {
                let scope = self.begin_scope();
                for stmt in stmts {
                    self.statement(stmt);
                }
                match tail {
                    Some(tail) => self.scoped(span, |e| {
                        e.naming = naming;
                        e.expr_to(tail, dest);
                    }),
                    None => self.load_unit(dest, span),
                }
                self.end_scope(scope, end_of(span));
            }
            ExprKind::Labelled(label, body) => self.labelled(*label, body, Some(dest), span),
            ExprKind::If(cond, then, other) => {
                self.if_else(cond, then, other.as_deref(), Some(dest), naming, span);
            }
            ExprKind::Match(scrutinee, arms) => self.match_expr(scrutinee, arms, Some(dest), naming, span),
            ExprKind::Tuple(parts) => {
                let first = self.named_values(parts, &mut |_| naming, span);
                self.op_number(Op::MakeTuple, count(parts), dest, first, 0, span);
            }
            ExprKind::List(items) => self.list(items, naming, dest, span),
            ExprKind::Repeat(value, times) => {
                self.naming = naming;
                let value = self.operand_before(value, &[times]);
                self.naming = None;
                let times = self.operand(times);
                self.op(Op::RepeatList, 0, dest, value, times, span);
            }
            ExprKind::Struct(id, fields, order) => {
                let first = self.struct_values(*id, fields, order, span);
                let n = count(fields);
                self.op_number(Op::MakeStruct, n, dest, first, id.0 as u16, span);
            }
            ExprKind::Variant(id, variant, fields) if fields.is_empty() => {
                self.load_constant(dest, Constant::Variant(id.0, *variant), span);
            }
            ExprKind::Variant(id, variant, fields) => {
                let first = self.named_values(fields, &mut |_| naming, span);
                let index = self.lowerer.tables.variant(id.0, *variant);
                if index > u16::MAX as u32 {
                    self.too_large(span, "the program makes more than 65,535 kinds of variants");
                }
                self.op_number(Op::MakeVariant, count(fields), dest, first, index as u16, span);
            }
            ExprKind::Range(lo, hi, inclusive) => {
                let low = self.operand_before(lo, &[hi]);
                let high = self.operand(hi);
                self.op(Op::MakeRange, *inclusive as u8, dest, low, high, span);
            }
            ExprKind::Zero => self.zero(expr.ty, dest, span),
            ExprKind::Format(parts) => self.format(parts, dest, span),
            ExprKind::Spawn(kind, id, args) => self.spawn(*kind, *id, args, Some(dest), span),
            ExprKind::SpawnValue(kind, callee, args) => self.spawn_value(*kind, callee, args, Some(dest), span),
            ExprKind::Await(future) => self.await_future(future, dest, span),
            ExprKind::Select(arms, default) => self.select(arms, default.as_deref(), Some(dest), span),
            ExprKind::Loop(label, body) => self.loop_forever(*label, body, Some(dest), span),
            ExprKind::While { label, cond, body, otherwise } => {
                self.while_loop(*label, cond, body, otherwise.as_deref(), Some(dest), span);
            }
            ExprKind::ForRange { .. } => self.for_range(expr, Some(dest)),
            ExprKind::ForEach { .. } => self.for_each(expr, Some(dest)),
            ExprKind::Break(..)
            | ExprKind::Continue(_)
            | ExprKind::Return(_)
            | ExprKind::Panic(_)
            | ExprKind::Error => self.effect(expr),
            ExprKind::Assign(..) | ExprKind::AssignOp(..) | ExprKind::Assert(..) => {
                self.effect(expr);
                self.load_unit(dest, span);
            }
            _ => self.dynamic_to(expr, dest, naming),
        }
        self.reset(mark);
    }

    /// Evaluates for the effect; a droppable result is dropped.
    pub fn expr_void(&mut self, expr: &'p Expr) {
        if self.gave_up(expr.span) || !self.asm.reachable() {
            return;
        }
        self.naming = None;
        let mark = self.mark();
        let span = expr.span;
        if self.lowerer.kinds.is_droppable(expr.ty) {
            let value = self.alloc(span);
            self.expr_to(expr, value);
            if self.asm.reachable() && !self.is_look(expr) {
                self.drop_value(value, expr.ty, span);
            }
            self.reset(mark);
            return;
        }
        match &expr.kind {
            ExprKind::Const(_) | ExprKind::Function(_) | ExprKind::Zero => {}
            ExprKind::Read(place) | ExprKind::Borrow(place) | ExprKind::BorrowMut(place) => {
                if self.plain_local(place).is_some() {
                } else if let PlaceBase::Value(value) = &place.base
                    && place.projections.is_empty()
                {
                    self.expr_void(value);
                } else {
                    // Looking can fail (an index out of range), so it is done.
                    let value = self.alloc(span);
                    self.expr_to(expr, value);
                }
            }
            ExprKind::And(left, right) => {
                let skip = self.asm.label();
                self.branch(left, skip, false);
                self.conditional(right.span, |e| e.expr_void(right));
                self.asm.bind(skip);
            }
            ExprKind::Or(left, right) => {
                let skip = self.asm.label();
                self.branch(left, skip, true);
                self.conditional(right.span, |e| e.expr_void(right));
                self.asm.bind(skip);
            }
            ExprKind::Block(stmts, tail) => {
                let scope = self.begin_scope();
                for stmt in stmts {
                    self.statement(stmt);
                }
                if let Some(tail) = tail {
                    self.scoped(tail.span, |e| e.expr_void(tail));
                }
                self.end_scope(scope, end_of(span));
            }
            ExprKind::Labelled(label, body) => self.labelled(*label, body, None, span),
            ExprKind::If(cond, then, other) => self.if_else(cond, then, other.as_deref(), None, None, span),
            ExprKind::Match(scrutinee, arms) => self.match_expr(scrutinee, arms, None, None, span),
            ExprKind::Builtin(builtin, args) => self.builtin(*builtin, args, None, expr),
            ExprKind::Call(id, args) => self.call(*id, args, None, span),
            ExprKind::CallValue(callee, args) => self.call_value(callee, args, None, span),
            ExprKind::CallMethod(name, args) => self.call_method(name, args, None, span),
            ExprKind::Spawn(kind @ SpawnKind::Go, id, args) => self.spawn(*kind, *id, args, None, span),
            ExprKind::SpawnValue(kind @ SpawnKind::Go, callee, args) => {
                self.spawn_value(*kind, callee, args, None, span);
            }
            ExprKind::Select(arms, default) => self.select(arms, default.as_deref(), None, span),
            ExprKind::Loop(label, body) => self.loop_forever(*label, body, None, span),
            ExprKind::While { label, cond, body, otherwise } => {
                self.while_loop(*label, cond, body, otherwise.as_deref(), None, span);
            }
            ExprKind::ForRange { .. } => self.for_range(expr, None),
            ExprKind::ForEach { .. } => self.for_each(expr, None),
            ExprKind::Assign(..)
            | ExprKind::AssignOp(..)
            | ExprKind::Break(..)
            | ExprKind::Continue(_)
            | ExprKind::Return(_)
            | ExprKind::Panic(_)
            | ExprKind::Assert(..)
            | ExprKind::Error => self.effect(expr),
            ExprKind::Try { .. } => self.try_into(expr, None),
            ExprKind::SetIndex(container, index, value) => self.set_index(container, index, value, None, span),
            ExprKind::SetAttr(object, name, value) => self.set_attribute(object, name, value, None, span),
            _ => {
                let value = self.alloc(span);
                self.expr_to(expr, value);
            }
        }
        self.reset(mark);
    }

    /// Expressions that have no value of their own.
    pub fn effect(&mut self, expr: &'p Expr) {
        let span = expr.span;
        match &expr.kind {
            ExprKind::Assign(place, value) => self.assign(place, value, span),
            ExprKind::AssignOp(op, place, value) => self.assign_op(*op, place, value, span),
            ExprKind::Break(label, value) => self.break_to(*label, value.as_deref(), span),
            ExprKind::Continue(label) => self.continue_to(*label, span),
            ExprKind::Return(value) => self.return_value(value.as_deref(), span),
            ExprKind::Panic(message) => {
                let message = self.operand(message);
                self.op(Op::Panic, 0, message, Reg(0), Reg(0), span);
            }
            ExprKind::Assert(cond, message) => {
                let holds = self.asm.label();
                self.scoped_branch(cond, holds, true);
                self.branch_depth += 1;
                let text = match message {
                    Some(message) => self.operand(message),
                    None => {
                        let text = self.alloc(span);
                        self.load_constant(text, Constant::Str("assertion failed".to_string()), span);
                        text
                    }
                };
                self.op(Op::AssertFail, 0, text, Reg(0), Reg(0), span);
                self.branch_depth -= 1;
                self.asm.bind(holds);
            }
            _ => {
                if self.asm.reachable() {
                    let message = "this part of the program was not understood and cannot be run";
                    self.lowerer.errors.push(Diagnostic::new(DiagnosticCode::Unsupported, span, message));
                }
                self.op(Op::Trap, 0, Reg(0), Reg(0), Reg(0), span);
            }
        }
    }

    /// A statement of a block.
    pub fn statement(&mut self, stmt: &'p Stmt) {
        if !self.asm.reachable() {
            return;
        }
        match stmt {
            Stmt::Let { pattern, value: Some(value), span } => self.let_statement(pattern, value, *span),
            Stmt::Let { pattern, value: None, span } => self.declare_unset(pattern, *span),
            Stmt::Expr(expr) => self.scoped(expr.span, |e| e.expr_void(expr)),
            Stmt::Defer(work) => self.push_defer(work),
            Stmt::Unpack { locals, value, span } => self.unpack(locals, value, *span),
        }
    }

    // ---- where a value is

    /// Whether the expression only looks at a value that somebody else owns.
    pub fn is_look(&self, expr: &Expr) -> bool {
        matches!(expr.kind, ExprKind::Borrow(_) | ExprKind::BorrowMut(_))
    }

    /// The register that holds the value: a local's own, or a temporary.
    pub fn operand(&mut self, expr: &'p Expr) -> Reg {
        match &expr.kind {
            ExprKind::Read(place) => {
                let by_reading = |e: &mut Self, place: &'p Place| {
                    let ty = place.ty;
                    !e.lowerer.kinds.is_droppable(ty) && !e.lowerer.kinds.clones_on_copy(ty)
                };
                if let Some(id) = self.plain_local(place)
                    && by_reading(self, place)
                {
                    self.naming = None;
                    return self.register(id, expr.span);
                }
            }
            ExprKind::Borrow(place) | ExprKind::BorrowMut(place) => {
                if let Some(id) = self.plain_local(place) {
                    self.naming = None;
                    return self.register(id, expr.span);
                }
                if let PlaceBase::Value(value) = &place.base
                    && place.projections.is_empty()
                    && matches!(expr.kind, ExprKind::Borrow(_))
                {
                    return self.owned(value);
                }
            }
            ExprKind::Block(stmts, Some(tail)) if stmts.is_empty() => return self.operand(tail),
            ExprKind::Bound(value, name) => {
                let register = self.operand(value);
                self.check_set(register, name, expr.span);
                return register;
            }
            ExprKind::Const(c) => {
                if let Some((_, _, register)) = self.hoisted.iter().find(|(k, ty, _)| *k == c && *ty == expr.ty) {
                    self.naming = None;
                    return *register;
                }
            }
            _ => {}
        }
        let register = self.alloc(expr.span);
        self.expr_to(expr, register);
        register
    }

    /// Like [`Emitter::operand`] where `later` is evaluated before the register is used and might assign to it.
    pub fn operand_before(&mut self, expr: &'p Expr, later: &[&'p Expr]) -> Reg {
        let read = match &peel_blocks(expr).kind {
            ExprKind::Bound(value, _) => value,
            _ => peel_blocks(expr),
        };
        if let ExprKind::Read(place) | ExprKind::Borrow(place) = &read.kind
            && let Some(id) = self.plain_local(place)
            && (self.is_assigned(id) || self.lowerer.kinds.is_droppable(place.ty))
            && later.iter().any(|e| may_change(e, id))
        {
            let register = self.alloc(expr.span);
            self.expr_to(expr, register);
            return register;
        }
        self.operand(expr)
    }

    /// An unnamed value that is looked at: a droppable one is released at the end of the statement.
    pub fn owned(&mut self, expr: &'p Expr) -> Reg {
        if self.is_look(expr) || !self.lowerer.kinds.is_droppable(expr.ty) {
            return self.operand(expr);
        }
        let register = self.alloc(expr.span);
        self.expr_to(expr, register);
        self.pin_temporary(register, expr.ty, expr.span);
        register
    }

    /// Evaluates into registers in a row; gives the first.
    pub fn values(&mut self, exprs: &'p [Expr], span: Span) -> Reg {
        self.named_values(exprs, &mut |_| None, span)
    }

    fn named_values(
        &mut self,
        exprs: &'p [Expr],
        name: &mut dyn FnMut(usize) -> Option<ObjectName>,
        span: Span,
    ) -> Reg {
        if exprs.len() > MAX_VALUES {
            self.too_large(span, format!("{} values at once; at most {MAX_VALUES} are possible", exprs.len()));
            return Reg(0);
        }
        match exprs {
            [] => Reg(0),
            [one] => {
                self.naming = name(0);
                self.operand(one)
            }
            _ => {
                let all: Vec<(usize, &'p Expr)> = exprs.iter().enumerate().collect();
                self.row(&all, name, span)
            }
        }
    }

    /// Evaluates into a row of registers at the top, in order; temporaries that must outlive their part make the row move up.
    fn row(
        &mut self,
        exprs: &[(usize, &'p Expr)],
        name: &mut dyn FnMut(usize) -> Option<ObjectName>,
        span: Span,
    ) -> Reg {
        let mut registers = Vec::with_capacity(exprs.len());
        for &(i, expr) in exprs {
            let register = self.alloc(expr.span);
            self.naming = name(i);
            self.expr_to(expr, register);
            registers.push(register);
        }
        self.gather(registers, span)
    }

    /// Makes a row of registers from what may lie apart.
    fn gather(&mut self, registers: Vec<Reg>, span: Span) -> Reg {
        let Some(&first) = registers.first() else { return Reg(0) };
        if registers.windows(2).all(|pair| pair[0].0 + 1 == pair[1].0) {
            return first;
        }
        let row = self.alloc_many(registers.len() as u32, span);
        for (i, register) in registers.into_iter().enumerate() {
            self.copy(Reg(row.0 + i as u16), register, span);
        }
        row
    }

    /// The window of a call: arguments in a row after its first register, nothing alive above. `dest` is used where it is on top.
    /// `looks` says which arguments the callee only looks at: unnamed droppable ones stay with the statement.
    pub fn window(
        &mut self,
        args: &'p [Expr],
        dest: Option<Reg>,
        looks: &dyn Fn(&Self, usize) -> bool,
        span: Span,
    ) -> Reg {
        self.window_of(&args.iter().collect::<Vec<_>>(), dest, looks, span)
    }

    /// As [`Emitter::window`], of arguments that lie apart in the tree.
    pub fn window_of(
        &mut self,
        args: &[&'p Expr],
        dest: Option<Reg>,
        looks: &dyn Fn(&Self, usize) -> bool,
        span: Span,
    ) -> Reg {
        if args.len() > MAX_VALUES {
            self.too_large(span, format!("{} arguments; at most {MAX_VALUES} are possible", args.len()));
            return Reg(0);
        }
        // A receiver that stays is made below the window, so that the window need not move.
        let receiver = match args.first() {
            Some(first) if looks(self, 0) && self.is_unnamed_droppable(first) => Some(self.owned(first)),
            _ => None,
        };
        let window = match dest {
            Some(dest) if self.is_top(dest) => dest,
            _ => self.alloc(span),
        };
        let mut registers = vec![window];
        for (i, &arg) in args.iter().enumerate() {
            let register = self.alloc(arg.span);
            match receiver {
                Some(receiver) if i == 0 => self.copy(register, receiver, arg.span),
                _ if looks(self, i) => self.look_to(arg, register),
                _ => self.expr_to(arg, register),
            }
            registers.push(register);
        }
        let in_a_row = registers.windows(2).all(|pair| pair[0].0 + 1 == pair[1].0);
        if in_a_row && self.mark() == window.0 as u32 + 1 + args.len() as u32 {
            return window;
        }
        // Pinned temporaries lie between or above, where the callee's frame would be: the window moves up.
        let row = self.alloc_many(registers.len() as u32, span);
        for (i, register) in registers.into_iter().enumerate().skip(1) {
            self.copy(Reg(row.0 + i as u16), register, span);
        }
        row
    }

    /// Whether the expression makes a droppable value that nobody has a name for yet.
    pub fn is_unnamed_droppable(&mut self, expr: &Expr) -> bool {
        !matches!(expr.kind, ExprKind::Read(_) | ExprKind::Borrow(_) | ExprKind::BorrowMut(_))
            && self.lowerer.kinds.is_droppable(expr.ty)
    }

    /// Evaluates into a register for somebody who only looks.
    pub fn look_to(&mut self, expr: &'p Expr, dest: Reg) {
        if self.is_unnamed_droppable(expr) {
            let value = self.owned(expr);
            self.copy(dest, value, expr.span);
        } else {
            self.expr_to(expr, dest);
        }
    }

    /// [`Emitter::operand`] for somebody who only looks.
    pub fn look_operand(&mut self, expr: &'p Expr) -> Reg {
        if self.is_unnamed_droppable(expr) { self.owned(expr) } else { self.operand(expr) }
    }

    fn struct_values(&mut self, id: crate::types::StructId, fields: &'p [Expr], order: &[u32], span: Span) -> Reg {
        if fields.len() > MAX_VALUES || id.0 > u16::MAX as u32 {
            self.too_large(span, "a struct with more than 255 fields, or more than 65,535 structs");
            return Reg(0);
        }
        let in_order = order.iter().enumerate().all(|(i, &at)| i as u32 == at);
        if in_order || order.len() != fields.len() {
            return self.named_values(fields, &mut |i| Some(NameOf::Field(id, i as u32).into()), span);
        }
        let row = self.alloc_many(fields.len() as u32, span);
        for &at in order {
            if let Some(field) = fields.get(at as usize) {
                self.naming = Some(NameOf::Field(id, at).into());
                self.expr_to(field, Reg(row.0 + at as u16));
            }
        }
        row
    }

    fn list(&mut self, items: &'p [Expr], naming: Option<ObjectName>, dest: Reg, span: Span) {
        if items.len() <= MAX_VALUES {
            let first = self.named_values(items, &mut |i| indexed(naming, i), span);
            self.op_number(Op::MakeList, count(items), dest, first, 0, span);
            return;
        }
        // Built apart from the wanted register, which the items may still read.
        let list = self.alloc(span);
        self.op_number(Op::MakeList, 0, list, Reg(0), 0, span);
        for (part, piece) in items.chunks(PIECE).enumerate() {
            let mark = self.mark();
            let first = self.named_values(piece, &mut |i| indexed(naming, part * PIECE + i), span);
            self.op_number(Op::AppendList, count(piece), list, first, 0, span);
            self.reset(mark);
        }
        self.copy(dest, list, span);
    }

    /// Text from parts. Nested texts are made in one go, and what is known of the text is put together here.
    fn format(&mut self, parts: &'p [Expr], dest: Reg, span: Span) {
        let mut pieces = Vec::new();
        flatten(parts, &mut pieces);
        if let [] | [Piece::Text(_)] = &pieces[..] {
            let text = pieces.pop().map_or_else(String::new, |piece| match piece {
                Piece::Text(text) => text,
                Piece::Value(_) => String::new(),
            });
            self.load_constant(dest, Constant::Str(text), span);
            return;
        }
        if pieces.len() <= MAX_VALUES {
            let first = self.pieces(&pieces, span);
            self.op_number(Op::Format, pieces.len() as u8, dest, first, 0, span);
            return;
        }
        let text = self.alloc_many(2, span);
        let piece_text = Reg(text.0 + 1);
        self.load_constant(text, Constant::Str(String::new()), span);
        for part in pieces.chunks(PIECE) {
            let mark = self.mark();
            let first = self.pieces(part, span);
            self.op_number(Op::Format, part.len() as u8, piece_text, first, 0, span);
            self.op_number(Op::Format, 2, text, text, 0, span);
            self.reset(mark);
        }
        self.copy(dest, text, span);
    }

    fn pieces(&mut self, pieces: &[Piece<'p>], span: Span) -> Reg {
        if let [Piece::Value(value)] = pieces {
            return self.look_operand(value);
        }
        let mut registers = Vec::with_capacity(pieces.len());
        for piece in pieces {
            let register = self.alloc(span);
            match piece {
                Piece::Text(text) => self.load_constant(register, Constant::Str(text.clone()), span),
                Piece::Value(value) => self.look_to(value, register),
            }
            registers.push(register);
        }
        self.gather(registers, span)
    }

    // ---- constants

    /// Loads a constant of a type.
    pub fn load_const(&mut self, constant: &Const, ty: Ty, dest: Reg, span: Span) {
        let tag = self.lowerer.kinds.tag(ty);
        match constant {
            Const::Unit => self.load_unit(dest, span),
            Const::Bool(b) => self.load_imm(dest, Tag::Bool, *b as i32, span),
            Const::Char(c) => self.load_imm(dest, Tag::Char, *c as i32, span),
            Const::Nil => self.load_imm(dest, Tag::Nil, 0, span),
            Const::Symbol(name) => {
                let number = self.lowerer.tables.symbol(name);
                self.load_constant(dest, Constant::Symbol(number), span);
            }
            Const::Str(s) => self.load_constant(dest, Constant::Str(s.clone()), span),
            Const::Float(x) => self.load_float(*x, tag, dest, span),
            Const::Int(n) => match tag {
                Some(Tag::F64 | Tag::F32) => self.load_float(*n as f64, tag, dest, span),
                Some(tag @ (Tag::Duration | Tag::Time)) => match i32::try_from(*n) {
                    Ok(small) => self.load_imm(dest, tag, small, span),
                    Err(_) => self.load_constant(dest, Constant::Duration(*n as i64), span),
                },
                tag => {
                    let kind = tag.and_then(Tag::int_kind).unwrap_or(IntKind::I64);
                    match i32::try_from(*n) {
                        Ok(small) if !matches!(kind, IntKind::I128 | IntKind::U128) => {
                            self.load_imm(dest, Tag::of_int(kind), small, span);
                        }
                        _ => self.load_constant(dest, Constant::Int(kind, *n), span),
                    }
                }
            },
        }
    }

    fn load_float(&mut self, x: f64, tag: Option<Tag>, dest: Reg, span: Span) {
        let constant = if tag == Some(Tag::F32) { Constant::F32(x as f32) } else { Constant::F64(x) };
        self.load_constant(dest, constant, span);
    }

    /// Loads a constant of the pool.
    pub fn load_constant(&mut self, dest: Reg, constant: Constant, span: Span) {
        let index = self.lowerer.tables.constant(constant);
        self.op_wide(Op::LoadConst, 0, dest, index, span);
    }

    /// The value that a closed channel of the type gives.
    fn zero(&mut self, ty: Ty, dest: Reg, span: Span) {
        match self.lowerer.kinds.kind(self.lowerer.kinds.strip(ty)).clone() {
            TyKind::Str | TyKind::String => self.load_constant(dest, Constant::Str(String::new()), span),
            TyKind::F64 | TyKind::F32 => self.load_const(&Const::Float(0.0), ty, dest, span),
            TyKind::Int(_) => self.load_const(&Const::Int(0), ty, dest, span),
            TyKind::Enum(OPTION, _) => self.load_constant(dest, Constant::Variant(OPTION.0, 1), span),
            TyKind::List(_) => self.op_number(Op::MakeList, 0, dest, Reg(0), 0, span),
            TyKind::Map(..) => self.call_builtin(crate::builtins::Builtin::MapNew, 0, dest, Reg(0), span),
            TyKind::Set(_) => self.call_builtin(crate::builtins::Builtin::SetNew, 0, dest, Reg(0), span),
            TyKind::Unit | TyKind::Bool | TyKind::Char | TyKind::Duration | TyKind::Time => {
                let tag = self.lowerer.kinds.tag(ty).unwrap_or(Tag::Unit);
                self.load_imm(dest, tag, 0, span);
            }
            _ => self.clear(dest, span),
        }
    }

    /// Emits the plain call of a built-in on a row of registers.
    pub fn call_builtin(&mut self, builtin: crate::builtins::Builtin, n: u8, dest: Reg, first: Reg, span: Span) {
        self.note_object(builtin);
        self.asm.emit(Instr::new(Op::CallBuiltin, n, dest.operand(), first.operand(), builtin as u16), span);
    }
}

/// A piece of a text.
enum Piece<'p> {
    Text(String),
    Value(&'p Expr),
}

fn flatten<'p>(parts: &'p [Expr], pieces: &mut Vec<Piece<'p>>) {
    for part in parts {
        let text = match &peel(part).kind {
            ExprKind::Format(inner) => {
                flatten(inner, pieces);
                continue;
            }
            ExprKind::Const(Const::Str(text)) => text.clone(),
            ExprKind::Const(Const::Char(c)) => c.to_string(),
            _ => {
                pieces.push(Piece::Value(part));
                continue;
            }
        };
        match pieces.last_mut() {
            Some(Piece::Text(before)) => before.push_str(&text),
            _ => pieces.push(Piece::Text(text)),
        }
    }
}

/// The name of an element of a list literal.
fn indexed(name: Option<ObjectName>, index: usize) -> Option<ObjectName> {
    name.map(|name| ObjectName { index: Some(index as u32), ..name })
}

fn peel_blocks(mut expr: &Expr) -> &Expr {
    while let ExprKind::Block(stmts, Some(tail)) = &expr.kind {
        if !stmts.is_empty() {
            break;
        }
        expr = tail;
    }
    expr
}

/// The number of registers as field `n` says it; more than 255 were refused before.
pub fn count(exprs: &[Expr]) -> u8 {
    exprs.len().min(MAX_VALUES) as u8
}

/// The closing end of a construct: where what happens when it is left stands.
pub fn end_of(span: Span) -> Span {
    Span { lo: span.hi.saturating_sub(1).max(span.lo), ..span }
}

/// The constant that an expression is, looking through borrows.
pub fn constant_of(expr: &Expr) -> Option<&Const> {
    match &peel(expr).kind {
        ExprKind::Const(c) => Some(c),
        _ => None,
    }
}
