//! Scopes: what must be released or done when one is left, on every way out.
//!
//! Droppable values and defers are *entries*; each knows the entry that was active before it, so the active ones are a chain
//! from [`Emitter::current`] outwards. Falling out of a scope, `break`, `continue`, `return` and `?` emit the actions of the entries that
//! they leave, innermost first. For cancelled tasks each entry that was ever active also gets a *landing* in the cold section: its
//! action, then on to the landing of its parent, at last `Unwind`. A *segment* is a run of instructions during which one entry is the
//! current one; segments become the function's clean-up table. They are disjoint, so their order does not matter.
//!
//! Releases may come twice (a register that was moved out of is unset, and releasing an unset one does nothing); defers may not, which
//! is why an entry stops being current before its action is emitted. Landings have no clean-up of their own: a task is cancelled once.
//! A handler of exceptions is an entry, too: its landing hands the exception over to code in its proper place, which is covered by what is
//! around it.

use super::asm::{Label, Position};
use super::function::Emitter;
use super::kinds::DropKind;
use crate::bytecode::instr::Reg;
use crate::bytecode::ops::Op;
use crate::core::{Expr, LocalId};
use crate::source::Span;
use crate::types::Ty;

/// What happens when a scope is left.
#[derive(Clone, Copy)]
pub enum Action<'p> {
    /// A value in a register (or in the cell there) is dropped.
    Drop { register: Reg, ty: Ty, cell: bool },
    /// Deferred work is done.
    Defer(&'p Expr),
    /// Nothing, unless an exception comes: that goes to a handler.
    Catch { handler: Label, register: Reg },
    /// Deferred work is done; where an exception comes, a handler does it.
    Finally { work: &'p Expr, handler: Label, register: Reg },
}

/// See the module.
pub struct Entry<'p> {
    action: Action<'p>,
    parent: Option<usize>,
    landing: Option<Label>,
    landed: bool,
    /// The value is gone for certain: nothing to do any more.
    dead: bool,
    depth: u32,
    span: Span,
}

/// Instructions during which an entry is current.
pub struct Segment {
    pub from: Position,
    pub to: Position,
    pub landing: Label,
}

/// A scope that was begun.
pub struct Scope {
    first_entry: usize,
    first_range: usize,
    mark: u32,
    pinned: u32,
}

impl<'p> Emitter<'_, 'p> {
    /// Begins a scope: a block, an arm, a statement.
    pub fn begin_scope(&mut self) -> Scope {
        Scope {
            first_entry: self.entries.len(),
            first_range: self.ranges.len(),
            mark: self.mark(),
            pinned: self.pinned,
        }
    }

    /// Ends a scope that control falls out of: releases and defers, then its registers are free.
    pub fn end_scope(&mut self, scope: Scope, span: Span) {
        self.emit_exits(scope.first_entry, span);
        let current = self.current;
        self.emit_landings(scope.first_entry, span);
        self.current = current;
        let end = self.asm.position();
        for range in &mut self.ranges[scope.first_range..] {
            range.to.get_or_insert(end);
        }
        self.pinned = scope.pinned;
        self.reset(scope.mark);
    }

    /// The value in the register is released when the scope ends.
    pub fn push_drop(&mut self, register: Reg, ty: Ty, cell: bool, span: Span) -> usize {
        self.push_entry(Action::Drop { register, ty, cell }, span)
    }

    /// Work for the end of the scope.
    pub fn push_defer(&mut self, work: &'p Expr) {
        self.push_entry(Action::Defer(work), work.span);
    }

    /// An unnamed droppable value: it stays in its register until the scope (its statement) ends.
    pub fn pin_temporary(&mut self, register: Reg, ty: Ty, span: Span) {
        self.pinned = self.pinned.max(register.0 as u32 + 1);
        self.push_drop(register, ty, false, span);
    }

    /// Exceptions of what follows, up to the end of the scope, go to a handler.
    pub fn push_catch(&mut self, handler: Label, register: Reg, span: Span) {
        self.push_entry(Action::Catch { handler, register }, span);
    }

    /// Work for the end of the scope, which a handler does where an exception ends it.
    pub fn push_finally(&mut self, work: &'p Expr, handler: Label, register: Reg) {
        self.push_entry(Action::Finally { work, handler, register }, work.span);
    }

    fn push_entry(&mut self, action: Action<'p>, span: Span) -> usize {
        let parent = self.current;
        let depth = self.branch_depth;
        self.entries.push(Entry { action, parent, landing: None, landed: false, dead: false, depth, span });
        let id = self.entries.len() - 1;
        self.set_current(Some(id));
        id
    }

    /// The local's value was moved out of its register. Where that is certain its entry is done with; otherwise the register is
    /// marked unset, and releasing it later does nothing.
    pub fn moved_out(&mut self, id: LocalId, span: Span) {
        let register = self.register(id, span);
        if let Some(entry) = self.local_entries.get(id.0 as usize).copied().flatten()
            && self.entries[entry].depth == self.branch_depth
            && !self.is_assigned(id)
        {
            self.entries[entry].dead = true;
            if self.current == Some(entry) {
                self.set_current(self.entries[entry].parent);
                return;
            }
        }
        self.clear(register, span);
    }

    /// The local's value was released in its register, which is unset now: where that is certain its entry is done with.
    pub fn released(&mut self, id: LocalId, span: Span) {
        let ty = self.local_type(id);
        if let Some(entry) = self.local_entries.get(id.0 as usize).copied().flatten()
            && self.entries[entry].depth == self.branch_depth
            && !self.is_assigned(id)
        {
            self.entries[entry].dead = true;
            if self.current == Some(entry) {
                self.set_current(self.entries[entry].parent);
                return;
            }
        }
        if self.lowerer.kinds.drop_kind(ty) == DropKind::Glue {
            let register = self.register(id, span);
            self.clear(register, span);
        }
    }

    /// The values of a scope's entries were used up: only a task that was cancelled before must release them.
    pub fn forget(&mut self, scope: &Scope) {
        for entry in &mut self.entries[scope.first_entry..] {
            entry.dead = true;
        }
    }

    /// Emits the actions of all active entries from `first_entry` on, innermost first. They are not active any more; a caller that
    /// leaves by a jump restores what this returns.
    pub fn emit_exits(&mut self, first_entry: usize, span: Span) -> Option<usize> {
        let before = self.current;
        while let Some(entry) = self.current.filter(|&e| e >= first_entry) {
            self.set_current(self.entries[entry].parent);
            if !self.entries[entry].dead && self.asm.reachable() && !self.gave_up(span) {
                self.run_action(entry, span);
            }
        }
        before
    }

    /// After a jump out: what follows belongs to the inside again.
    pub fn restore_entries(&mut self, before: Option<usize>) {
        self.set_current(before);
    }

    /// Whether leaving everything from `first_entry` on does anything.
    pub fn has_exits(&self, first_entry: usize) -> bool {
        let mut at = self.current;
        while let Some(entry) = at.filter(|&e| e >= first_entry) {
            if !self.entries[entry].dead {
                return true;
            }
            at = self.entries[entry].parent;
        }
        false
    }

    fn run_action(&mut self, entry: usize, span: Span) {
        match self.entries[entry].action {
            Action::Drop { register, ty, cell: false } => self.drop_value(register, ty, span),
            Action::Drop { register, ty, cell: true } => {
                let mark = self.mark();
                let value = self.alloc(span);
                self.op(Op::LoadCell, 0, value, register, Reg(0), span);
                self.drop_value(value, ty, span);
                self.clear(value, span);
                self.op(Op::StoreCell, 0, register, value, Reg(0), span);
                self.reset(mark);
            }
            Action::Catch { .. } => {}
            Action::Defer(work) | Action::Finally { work, .. } => {
                // One level deeper: the work stands on every way out, so no move in it is certain.
                self.branch_depth += 1;
                let naming = self.naming.take();
                let scope = self.begin_scope();
                self.expr_void(work);
                self.end_scope(scope, work.span);
                self.naming = naming;
                self.branch_depth -= 1;
            }
        }
    }

    /// Drops the value in a register, which is unset afterwards or not read again.
    pub fn drop_value(&mut self, register: Reg, ty: Ty, span: Span) {
        match self.lowerer.kinds.drop_kind(ty) {
            DropKind::None => {}
            DropKind::Release => self.op(Op::Release, 0, register, Reg(0), Reg(0), span),
            DropKind::Glue => {
                let glue = self.lowerer.drop_glue(ty);
                let mark = self.mark();
                let window = self.alloc_many(2, span);
                self.copy(Reg(window.0 + 1), register, span);
                self.op_wide(Op::Call, 1, window, glue, span);
                self.reset(mark);
            }
        }
    }

    fn set_current(&mut self, entry: Option<usize>) {
        if !self.in_landing {
            let here = self.asm.position();
            if let Some(open) = self.current
                && here != self.segment_start
            {
                let landing = self.landing(open);
                self.segments.push(Segment { from: self.segment_start, to: here, landing });
            }
            self.segment_start = here;
        }
        self.current = entry;
    }

    /// The label of an entry's landing.
    fn landing(&mut self, entry: usize) -> Label {
        match self.entries[entry].landing {
            Some(label) => label,
            None => {
                let label = self.asm.label();
                self.entries[entry].landing = Some(label);
                label
            }
        }
    }

    /// Emits the landings of a scope's entries while its registers are still known.
    fn emit_landings(&mut self, first_entry: usize, span: Span) {
        if self.in_landing {
            return;
        }
        // Close the segment: what comes next stands in the other section.
        self.set_current(self.current);
        let current = self.current;
        for entry in (first_entry..self.entries.len()).rev() {
            let Some(label) = self.entries[entry].landing.filter(|_| !self.entries[entry].landed) else { continue };
            if self.gave_up(span) {
                break;
            }
            self.entries[entry].landed = true;
            self.in_landing = true;
            self.asm.set_cold(true);
            self.asm.fall_into(label);
            self.asm.bind_entry(label);
            let (parent, at) = (self.entries[entry].parent, self.entries[entry].span);
            self.current = parent;
            if let Action::Catch { handler, register } | Action::Finally { handler, register, .. } =
                self.entries[entry].action
            {
                self.jump(Op::Catch, register, Reg(0), handler, at);
            }
            self.run_action(entry, at);
            match parent {
                Some(parent) => {
                    let next = self.landing(parent);
                    self.goto(next, at);
                }
                None => self.op(Op::Unwind, 0, Reg(0), Reg(0), Reg(0), at),
            }
            self.asm.set_cold(false);
            self.in_landing = false;
        }
        self.current = current;
    }

    /// Compiles something that may leave droppable temporaries behind; they are released when it is done.
    pub fn scoped(&mut self, span: Span, work: impl FnOnce(&mut Self)) {
        let scope = self.begin_scope();
        work(self);
        self.end_scope(scope, span);
    }

    /// Compiles something that only runs under a condition.
    pub fn conditional(&mut self, span: Span, work: impl FnOnce(&mut Self)) {
        self.branch_depth += 1;
        self.scoped(span, work);
        self.branch_depth -= 1;
    }
}
