//! Built-ins: those with an opcode of their own, and the general call.

use super::expr::count;
use super::function::{Emitter, NameOf};
use crate::builtins::Builtin as B;
use crate::bytecode::instr::Reg;
use crate::bytecode::ops::Op;
use crate::core::{Expr, ExprKind};
use crate::source::Span;

impl<'p> Emitter<'_, 'p> {
    pub fn builtin(&mut self, builtin: B, args: &'p [Expr], dest: Option<Reg>, expr: &'p Expr) {
        let span = expr.span;
        let naming = self.naming.take();
        match (builtin, args) {
            (B::ChannelSend, [channel, value]) => self.send(0, channel, value, dest, span),
            (B::ChannelSendBool, [channel, value]) => self.send(1, channel, value, dest, span),
            (B::ChannelSendResult, [channel, value]) => self.send(2, channel, value, dest, span),
            (B::ChannelRecvValue, [channel]) => self.one(Op::Recv, 0, channel, dest, span),
            // Nobody looks at the Option.
            (B::ChannelRecv, [channel]) if dest.is_none() => self.one(Op::Recv, 3, channel, dest, span),
            (B::ChannelRecv, [channel]) => self.one(Op::Recv, 1, channel, dest, span),
            (B::ChannelRecvResult, [channel]) => self.one(Op::Recv, 2, channel, dest, span),
            (B::ChannelRecvDiscard, [channel]) => self.one(Op::Recv, 3, channel, dest, span),
            (B::DynSend, [channel, value]) => self.send(0, channel, value, dest, span),
            (B::DynRecv, [channel]) if dest.is_none() => self.one(Op::Recv, 3, channel, dest, span),
            (B::DynRecv, [channel]) => self.one(Op::Recv, 4, channel, dest, span),
            // Only the value is wanted: `(nth (recv ch) 0)`. A closed channel gives None.
            (B::DynNth, [received, index]) if is_received_value(received, index) => {
                if let ExprKind::Builtin(_, channel) = &received.kind
                    && let [channel] = &channel[..]
                {
                    self.one(Op::Recv, 0, channel, dest, span);
                }
            }
            (B::DynLock, [lock]) => self.one(Op::DynLock, 0, lock, dest, span),
            (B::DynUnlock, [lock]) => self.one(Op::DynUnlock, 0, lock, dest, span),
            (B::DynWaitGroupDone, [group]) => {
                let group = self.operand(group);
                self.op(Op::WaitGroupDone, 0, group, Reg(0), Reg(0), span);
                self.unit_result(dest, span);
            }
            (B::MutexLock, [lock]) => self.one(Op::MutexLock, 0, lock, dest, span),
            (B::RwLockRead, [lock]) => self.one(Op::ReadLock, 0, lock, dest, span),
            (B::RwLockWrite, [lock]) => self.one(Op::WriteLock, 0, lock, dest, span),
            (B::AtomicLoad, [atomic]) => self.one(Op::AtomicLoad, 0, atomic, dest, span),
            (B::ListLen | B::StringLen | B::MapLen | B::SetLen, [value]) => self.one(Op::Len, 0, value, dest, span),
            (B::CloneValue, [value]) => {
                self.naming = naming;
                self.one(Op::Clone, 0, value, dest, span);
            }
            (B::AtomicAdd, [atomic, amount]) => {
                let atomic = self.operand_before(atomic, &[amount]);
                let amount = self.operand(amount);
                let dest = self.dest_or_scratch(dest, span);
                self.op(Op::AtomicAdd, 0, dest, atomic, amount, span);
            }
            (B::WaitGroupAdd, [group, amount]) => {
                let group = self.operand_before(group, &[amount]);
                let amount = self.operand(amount);
                self.op(Op::WaitGroupAdd, 0, group, amount, Reg(0), span);
                self.unit_result(dest, span);
            }
            (B::WaitGroupDone, [group]) => {
                let group = self.operand(group);
                self.op(Op::WaitGroupDone, 0, group, Reg(0), Reg(0), span);
                self.unit_result(dest, span);
            }
            (B::ListPush, [list, value]) => {
                let list_register = self.operand_before(list, &[value]);
                self.naming = match &list.kind {
                    ExprKind::BorrowMut(place) | ExprKind::Borrow(place) | ExprKind::Read(place) => self.name_of(place),
                    _ => None,
                };
                let value = self.operand(value);
                self.naming = None;
                self.op_number(Op::AppendList, 1, list_register, value, 0, span);
                self.unit_result(dest, span);
            }
            (B::Release, [value]) => {
                self.release(value, span);
                self.unit_result(dest, span);
            }
            (B::BoxNew, [value]) => {
                self.naming = naming;
                let value = self.operand(value);
                let dest = self.dest_or_scratch(dest, span);
                self.naming = naming;
                self.call_builtin(builtin, 1, dest, value, span);
                self.naming = None;
            }
            _ => {
                let first = self.arguments(builtin, args, span);
                let dest = self.dest_or_scratch(dest, span);
                self.naming = naming;
                self.call_builtin(builtin, count(args), dest, first, span);
                self.naming = None;
            }
        }
    }

    /// The arguments in a row. Receivers by reference are only looked at.
    fn arguments(&mut self, builtin: B, args: &'p [Expr], span: Span) -> Reg {
        let looks_at_receiver = builtin.signature().starts_with("fn (self: &")
            || matches!(builtin, B::Equal | B::ToString | B::CloneValue | B::Print | B::Eprint);
        if let ([one], true) = (args, looks_at_receiver) {
            return self.look_operand(one);
        }
        match args.first() {
            Some(receiver) if looks_at_receiver && self.is_unnamed_droppable(receiver) => {
                let receiver_register = self.owned(receiver);
                let row = self.alloc_many(args.len() as u32, span);
                self.copy(row, receiver_register, receiver.span);
                for (i, arg) in args.iter().enumerate().skip(1) {
                    self.expr_to(arg, Reg(row.0 + i as u16));
                }
                row
            }
            _ => self.values(args, span),
        }
    }

    fn dest_or_scratch(&mut self, dest: Option<Reg>, span: Span) -> Reg {
        dest.unwrap_or_else(|| self.alloc(span))
    }

    fn unit_result(&mut self, dest: Option<Reg>, span: Span) {
        if let Some(dest) = dest {
            self.load_unit(dest, span);
        }
    }

    /// An instruction of one operand and a result.
    fn one(&mut self, op: Op, n: u8, operand: &'p Expr, dest: Option<Reg>, span: Span) {
        let source = self.look_operand(operand);
        let dest = self.dest_or_scratch(dest, span);
        self.op(op, n, dest, source, Reg(0), span);
    }

    fn send(&mut self, mode: u8, channel: &'p Expr, value: &'p Expr, dest: Option<Reg>, span: Span) {
        let channel = self.operand_before(channel, &[value]);
        let value = self.operand(value);
        if mode == 0 {
            self.op(Op::Send, 0, channel, value, Reg(0), span);
            self.unit_result(dest, span);
        } else {
            let dest = self.dest_or_scratch(dest, span);
            self.op(Op::Send, mode, channel, value, dest, span);
        }
    }

    /// `drop(x)`: at once, in the variable's own register.
    fn release(&mut self, value: &'p Expr, span: Span) {
        if let ExprKind::Read(place) = &value.kind
            && let Some(id) = self.plain_local(place)
            && self.lowerer.kinds.is_droppable(place.ty)
        {
            let register = self.register(id, span);
            self.drop_value(register, place.ty, span);
            self.released(id, span);
            return;
        }
        self.expr_void(value);
    }

    /// Notes what an object that the next instruction makes is called.
    pub fn note_object(&mut self, builtin: B) {
        let makes = matches!(
            builtin,
            B::ChannelNew
                | B::MutexNew
                | B::RwLockNew
                | B::OnceNew
                | B::BarrierNew
                | B::WaitGroupNew
                | B::SemaphoreNew
                | B::AtomicNew
                | B::ContextBackground
                | B::ContextTodo
                | B::ContextWithCancel
                | B::ContextWithTimeout
                | B::ContextWithDeadline
                | B::ContextWithValue
                | B::NewTicker
                | B::After
                | B::BoxNew
                | B::DynChan
                | B::DynMutex
                | B::DynRwMutex
                | B::DynWaitGroup
                | B::DynContextBackground
                | B::DynContextChild
                | B::DynContextTimeout
                | B::DynContextDone
        );
        let Some(name) = self.naming.filter(|_| makes && self.asm.reachable()) else { return };
        let index = name.index;
        let name = match name.of {
            NameOf::Local(id) => self.local(id).map(|l| l.name.clone()),
            NameOf::Global(id) => self.lowerer.program.globals.get(id.0 as usize).map(|g| g.name.clone()),
            NameOf::Field(id, number) => {
                let def = self.lowerer.program.structs.get(id.0 as usize);
                def.and_then(|s| s.fields.get(number as usize)).map(|f| f.0.clone())
            }
        };
        if let Some(name) = name.filter(|n| !n.is_empty()) {
            let site = self.asm.position();
            self.object_names.push((site, index.map_or(name.clone(), |index| format!("{name}[{index}]"))));
        }
    }
}

/// Whether an element of a sequence is the value just received from a channel.
fn is_received_value(sequence: &Expr, index: &Expr) -> bool {
    matches!(&sequence.kind, ExprKind::Builtin(B::DynRecv, channel) if channel.len() == 1)
        && matches!(&index.kind, ExprKind::Const(crate::core::Const::Int(0)))
}
