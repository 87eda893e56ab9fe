//! A task runs again: the instruction that it was blocked in is completed with what the scheduler handed over. Also the
//! outcomes of channel operations, which are the same whether they blocked or not, and cancellation.

use super::builtins::{self, channels};
use super::fault::Fault;
use super::heap::NONE_VALUE;
use super::machine::{Machine, Stop};
use super::task::RETURN_END;
use crate::builtins::Builtin;
use crate::bytecode::instr::Reg;
use crate::bytecode::program::ArmCode;
use crate::bytecode::{Instr, Op};
use crate::value::{Tag, Value};
use crate::vm::engine::Engine;
use scheduler::{Arm, ArmOutcome, At, Handle, Resume, Runtime, Selected};
use tracer::event::EndStatus;

pub use super::builtins::channels::mode;

impl<E: Engine> Machine<E> {
    /// Readies a task that was chosen to run: completes what it was blocked in, and gives the instruction to go on with.
    #[inline]
    pub(super) fn resume(&mut self, slot: u32) -> Result<u32, Stop> {
        let task = self.sched.task_mut(slot);
        match task.take_resume() {
            Resume::None => Ok(task.body.pc),
            resume => {
                self.complete(slot, resume)?;
                Ok(self.body(slot).pc)
            }
        }
    }

    /// Completes the instruction at which a task is blocked, and moves it on.
    fn complete(&mut self, slot: u32, resume: Resume) -> Result<(), Stop> {
        let task = self.sched.task_mut(slot);
        let (pc, base, handed) = (task.body.pc, task.body.base, task.value);
        let i = self.code.instrs[pc as usize];
        let register = |operand: u16| base as usize + operand as usize / 2;
        let fault = |fault| Err(Stop::Fault(slot, fault));
        if resume == Resume::Cancelled {
            return match self.unwind_from(slot, pc, base) {
                Some(stop) => Err(stop),
                None => Ok(()),
            };
        }
        let result = match (i.op, resume) {
            (Op::Recv, Resume::Received) if i.n == mode::PLAIN => Ok(handed),
            (Op::Recv, Resume::Received | Resume::Closed) if i.n == mode::TWO => {
                let received = resume == Resume::Received;
                let body = self.body(slot);
                body.stack[register(i.a)] = if received { handed } else { Value::UNIT };
                body.stack[register(i.a) + 1] = Value::bool(received);
                body.pc = pc + 1;
                return Ok(());
            }
            (Op::Recv, Resume::Received) => {
                let channel = self.body(slot).stack[register(i.b)];
                self.contents(channel).and_then(|channel| self.recv_outcome(i.n, channel, Some(handed)))
            }
            (Op::Recv, Resume::Closed) => {
                let channel = self.body(slot).stack[register(i.b)];
                self.contents(channel).and_then(|channel| self.recv_outcome(i.n, channel, None))
            }
            (Op::RecvOrJump, Resume::Received) | (Op::Await, Resume::Done) => Ok(handed),
            (Op::RecvOrJump, Resume::Closed) => {
                self.body(slot).pc = (i64::from(pc) + 1 + i.imm_c()) as u32;
                return Ok(());
            }
            (Op::Send, Resume::Sent | Resume::SendClosed) => {
                match self.send_outcome(i.n, resume == Resume::Sent) {
                    // A plain send has no result.
                    Ok(_) if i.n == mode::PLAIN => {
                        self.body(slot).pc = pc + 1;
                        return Ok(());
                    }
                    Ok(value) => {
                        let body = self.body(slot);
                        body.stack[register(i.c)] = value;
                        body.pc = pc + 1;
                        return Ok(());
                    }
                    Err(error) => return fault(error),
                }
            }
            (Op::MutexLock, Resume::Acquired) => self.guard(slot, i, base, Tag::MutexGuard),
            (Op::DynLock, Resume::Acquired) => Ok(Value::UNIT),
            (Op::ReadLock, Resume::Acquired) => self.guard(slot, i, base, Tag::ReadGuard),
            (Op::WriteLock, Resume::Acquired) => self.guard(slot, i, base, Tag::WriteGuard),
            (Op::Await, Resume::Gone) => Err(Fault::panic("await of a task that was cancelled")),
            (Op::Select, Resume::Arm { arm, outcome }) => match self.arm_value(slot, i, base, arm, outcome, handed) {
                Ok(value) => {
                    let body = self.body(slot);
                    body.stack[register(i.a) + 1] = value;
                    Ok(Value::usize(u64::from(arm)))
                }
                Err(error) => Err(error),
            },
            (Op::CallBuiltin, _) => match Builtin::from_index(i.c) {
                Some(builtin) => {
                    let at = At { site: pc, clock: self.clock };
                    builtins::complete(&mut self.env(slot, at), builtin, resume)
                }
                None => Err(Fault::panic("internal error: unknown built-in")),
            },
            (op, resume) => Err(Fault::panic(format!("internal error: {} resumed with {resume:?}", op.name()))),
        };
        match result {
            Ok(value) => {
                let body = self.body(slot);
                body.stack[register(i.a)] = value;
                body.pc = pc + 1;
                Ok(())
            }
            Err(error) => fault(error),
        }
    }

    fn guard(&mut self, slot: u32, i: Instr, base: u32, tag: Tag) -> Result<Value, Fault> {
        let lock = self.body(slot).stack[base as usize + i.b as usize / 2];
        Ok(Value::handle(tag, self.contents(lock)?.slot()))
    }

    /// What a send gives, by its mode: it went through, or the channel is closed.
    pub(super) fn send_outcome(&mut self, mode: u8, sent: bool) -> Result<Value, Fault> {
        channels::sent(&mut self.heap, mode, sent)
    }

    /// What a receive gives, by its mode; `None`: the channel is closed and drained.
    pub(super) fn recv_outcome(&mut self, mode: u8, channel: Value, received: Option<Value>) -> Result<Value, Fault> {
        channels::received(&mut self.heap, mode, channel, received)
    }

    /// The zero value that a closed channel gives.
    fn zero(&mut self, channel: Value) -> Result<Value, Fault> {
        channels::zero(&mut self.heap, channel)
    }

    /// Begins a select: the chosen arm and what it received, or `None` where the task is now blocked.
    #[inline(never)]
    pub(super) fn select(&mut self, slot: u32, at: At, i: Instr, base: u32) -> Result<Option<(usize, Value)>, Fault> {
        let number = i.c as usize;
        let mut arms = std::mem::take(&mut self.arms);
        arms.clear();
        if !self.plain_arms(slot, number, base, &mut arms) {
            arms.clear();
            self.any_arms(slot, at, number, base, &mut arms)?;
        }
        let (arm_count, has_default) = (arms.len(), self.selects[number].default);
        let mut selected = self.sched.select_try(&mut self.tr, at, &arms, has_default);
        if selected == Selected::NotReady {
            selected = self.sched.select_block(&mut self.tr, at, &arms);
        }
        self.arms = arms;
        match selected {
            Selected::Arm { arm, outcome, value } => {
                let value = self.arm_value(slot, i, base, arm, outcome, value)?;
                Ok(Some((arm as usize, value)))
            }
            Selected::Default => Ok(Some((arm_count, Value::UNIT))),
            Selected::NotReady => Ok(None),
        }
    }

    /// The arms, where all are what they nearly always are: channels as such, numbers, durations. `false` where one is not.
    #[inline(always)]
    fn plain_arms(&self, slot: u32, number: usize, base: u32, arms: &mut Vec<Arm<Value>>) -> bool {
        let registers = &self.sched.task(slot).body.stack[base as usize..];
        for arm in &self.selects[number].arms {
            let (first, second) = match *arm {
                ArmCode::Recv(first, _) | ArmCode::RecvOption(first) | ArmCode::RecvPair(first) => {
                    (registers[first.0 as usize], None)
                }
                ArmCode::Send(first, second) => (registers[first.0 as usize], Some(registers[second.0 as usize])),
                ArmCode::After(_) | ArmCode::Future(_) => return false,
            };
            let published = second.is_some_and(|value| E::PARALLEL && value.kind().is_heap());
            if !first.is(Tag::Channel) || published {
                return false;
            }
            arms.push(second.map_or(Arm::Recv(first.slot()), |value| Arm::Send(first.slot(), value)));
        }
        true
    }

    /// The arms, whatever they are.
    fn any_arms(
        &mut self,
        slot: u32,
        at: At,
        number: usize,
        base: u32,
        arms: &mut Vec<Arm<Value>>,
    ) -> Result<(), Fault> {
        for index in 0..self.selects[number].arms.len() {
            let arm = self.selects[number].arms[index];
            let stack = &self.body(slot).stack;
            let register = |register: Reg| stack[base as usize + register.0 as usize];
            let (mut first, second) = match arm {
                ArmCode::Recv(channel, _) | ArmCode::RecvOption(channel) | ArmCode::RecvPair(channel) => {
                    (register(channel), Value::UNIT)
                }
                ArmCode::Send(channel, value) => (register(channel), register(value)),
                ArmCode::After(duration) => (register(duration), Value::UNIT),
                ArmCode::Future(future) => (register(future), Value::UNIT),
            };
            if !first.is(Tag::Channel) {
                first = match arm {
                    ArmCode::After(_) | ArmCode::Future(_) => self.contents(first)?,
                    _ => self.seen(first, Tag::Channel)?,
                };
            }
            arms.push(match arm {
                ArmCode::Recv(..) | ArmCode::RecvOption(_) | ArmCode::RecvPair(_) => Arm::Recv(first.slot()),
                ArmCode::Send(..) => {
                    self.publish(at, &[second]);
                    Arm::Send(first.slot(), second)
                }
                ArmCode::After(_) => Arm::Timer(first.int().max(0) as u64),
                ArmCode::Future(_) => Arm::Future(Handle::unpack(first.payload)),
            });
        }
        Ok(())
    }

    /// What the chosen arm of a select binds.
    fn arm_value(
        &mut self,
        slot: u32,
        i: Instr,
        base: u32,
        arm: u16,
        outcome: ArmOutcome,
        handed: Value,
    ) -> Result<Value, Fault> {
        let number = i.c as usize;
        let value = match (self.selects[number].arms[arm as usize], outcome) {
            (ArmCode::Recv(..), ArmOutcome::Received) => handed,
            (ArmCode::Recv(_, false), ArmOutcome::Closed) => Value::UNIT,
            (ArmCode::Recv(channel, true), ArmOutcome::Closed) => {
                let channel = self.body(slot).stack[base as usize + channel.0 as usize];
                let channel = self.contents(channel)?;
                self.zero(channel)?
            }
            (ArmCode::RecvOption(_), ArmOutcome::Received) => self.heap.some(handed),
            (ArmCode::RecvOption(_), _) => NONE_VALUE,
            (ArmCode::RecvPair(_), ArmOutcome::Received) => self.heap.tuple(&[handed, Value::bool(true)]),
            (ArmCode::RecvPair(_), _) => self.heap.tuple(&[Value::UNIT, Value::bool(false)]),
            (_, ArmOutcome::SendClosed) => return Err(channels::send_closed()),
            (ArmCode::Future(_), ArmOutcome::Done) => handed,
            (ArmCode::Future(_), ArmOutcome::Gone) => return Err(Fault::panic("await of a task that was cancelled")),
            _ => Value::UNIT,
        };
        // An async select cancels the futures that lost.
        for index in 0..self.selects[number].arms.len() {
            if let ArmCode::Future(future) = self.selects[number].arms[index]
                && index != arm as usize
            {
                let future = self.body(slot).stack[base as usize + future.0 as usize];
                let at = At { site: self.body(slot).pc, clock: self.clock };
                self.sched.cancel_task(&mut self.tr, at, Handle::unpack(future.payload));
            }
        }
        Ok(value)
    }

    /// `Unwind`: the clean-up of this function is done; the caller's follows, or the task ends.
    pub(super) fn unwind(&mut self, slot: u32) -> Option<Stop> {
        let body = self.body(slot);
        let base = body.base;
        let to = body.stack[base as usize - 1].payload;
        if to == RETURN_END {
            return Some(self.end_unwound(slot));
        }
        let (pc, base) = self.caller(to, base);
        self.unwind_from(slot, pc, base)
    }

    /// The call instruction and the base of the frame that a return address leads to.
    pub(super) fn caller(&self, to: u64, base: u32) -> (u32, u32) {
        let pc = to as u32 - 1;
        (pc, base - 1 - u32::from(self.code.instrs[pc as usize].a / 2))
    }

    /// Sends a task that is cancelled, or has an exception on its way, to the code that covers where it stands, or to its end.
    fn unwind_from(&mut self, slot: u32, pc: u32, base: u32) -> Option<Stop> {
        if self.land(slot, pc, base) { None } else { Some(self.end_unwound(slot)) }
    }

    /// Finds the clean-up or handler that covers where a task stands, in this frame or one that called it, and puts the task there.
    /// Where there is none the task stays in its outermost frame, if it is cancelled, and where it is otherwise.
    pub(super) fn land(&mut self, slot: u32, mut pc: u32, mut base: u32) -> bool {
        loop {
            let function = self.code.function_at(pc).map(|f| &self.code.functions[f as usize]);
            let cleanup = function.and_then(|f| f.cleanups.iter().find(|c| c.from <= pc && pc < c.to)).copied();
            let body = self.body(slot);
            if let Some(cleanup) = cleanup {
                body.pc = cleanup.target;
                body.base = base;
                return true;
            }
            let to = body.stack[base as usize - 1].payload;
            if to == RETURN_END {
                if body.raising == Value::NONE {
                    body.pc = pc;
                    body.base = base;
                }
                return false;
            }
            (pc, base) = self.caller(to, base);
        }
    }

    /// The end of a task that nothing more holds: it was cancelled, or nobody caught its exception.
    fn end_unwound(&mut self, slot: u32) -> Stop {
        let body = self.body(slot);
        let exception = std::mem::replace(&mut body.raising, Value::NONE);
        if exception != Value::NONE {
            return Stop::Fault(slot, Fault::Raised(exception));
        }
        let at = At { site: self.body(slot).pc, clock: self.clock };
        self.sched.end_task(&mut self.tr, at, EndStatus::Cancelled, Value::UNIT);
        Stop::TaskEnded
    }
}
