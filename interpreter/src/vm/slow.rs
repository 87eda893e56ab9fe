//! Instructions that are too long to stand in the dispatch loop: allocations, generic arithmetic, built-ins, selects.
//!
//! The loop has saved the task (`pc` is the instruction itself) before it comes here, and reloads its registers after. A task
//! that an operation has parked or put back may already run on another machine: nothing here touches it from then on.

use super::arith;
use super::builtins;
use super::dynamic;
use super::evidence;
use super::fault::{Fault, Outcome};
use super::machine::Machine;
use crate::builtins::Builtin;
use crate::bytecode::{Instr, Op};
use crate::core::{BinaryOp, CompareOp, UnaryOp};
use crate::dynamic::DynOp;
use crate::types::IntKind;
use crate::value::{Tag, Value};
use crate::vm::engine::Engine;
use scheduler::{At, Runtime, Step};

/// How the loop goes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Flow {
    /// With the next instruction.
    Next,
    /// With the jump in field `c`.
    Jump,
    /// With another task: this one is blocked here.
    Block,
    /// With another task: this one is in the run queue.
    Switch,
    /// Not at all: [`Machine::take_fault`] has the reason.
    Fault,
}

impl<E: Engine> Machine<E> {
    /// Executes one of the long instructions.
    #[inline(never)]
    pub(super) fn slow(&mut self, slot: u32, i: Instr) -> Flow {
        let may_park = matches!(i.op, Op::CallBuiltin | Op::ReadLock | Op::WriteLock);
        if E::PARALLEL && may_park && self.sampler.is_some() {
            self.note_stack();
        }
        let flow = match self.execute(slot, i) {
            Ok(flow) => flow,
            Err(fault) => {
                self.fault = Some(fault);
                Flow::Fault
            }
        };
        if E::PARALLEL && !matches!(flow, Flow::Block | Flow::Switch) {
            let at = At { site: self.body(slot).pc, clock: self.clock };
            self.stored(at);
        }
        // The loop knows where to go on; only the collector has to be told what is still needed there.
        let after = match flow {
            Flow::Next => 1,
            Flow::Jump => 1 + i.imm_c(),
            // A task that lets others run was moved on before.
            Flow::Switch if !E::PARALLEL => 0,
            Flow::Switch | Flow::Block | Flow::Fault => return flow,
        };
        if self.heap.should_collect() {
            let pc = self.body(slot).pc;
            self.body(slot).pc = (i64::from(pc) + after) as u32;
            if let Err(fault) = self.collect_garbage() {
                self.body(slot).pc = pc;
                self.fault = Some(fault);
                return Flow::Fault;
            }
        }
        flow
    }

    /// Why the task failed in [`Machine::slow`].
    #[cold]
    pub(super) fn take_fault(&mut self) -> Fault {
        self.fault.take().unwrap_or_else(|| Fault::panic("internal error: a failure without a reason"))
    }

    #[inline(always)]
    fn register(&mut self, slot: u32, operand: u16) -> &mut Value {
        let body = self.body(slot);
        &mut body.stack[body.base as usize + operand as usize / 2]
    }

    /// `n` registers from an operand on, copied.
    fn registers_from(&mut self, slot: u32, operand: u16, n: u8) -> Vec<Value> {
        let mut values = std::mem::take(&mut self.arguments);
        values.clear();
        let body = self.body(slot);
        let first = body.base as usize + operand as usize / 2;
        values.extend_from_slice(&body.stack[first..first + n as usize]);
        values
    }

    fn execute(&mut self, slot: u32, i: Instr) -> Result<Flow, Fault> {
        let (b, c) = match i.op {
            // Fields that are no registers must not be read as such: they may lie outside the frame.
            Op::Arith
            | Op::Compare
            | Op::DynArith
            | Op::DynCompare
            | Op::RepeatList
            | Op::MakeRange
            | Op::GetSlice
            | Op::RefIndex => (*self.register(slot, i.b), *self.register(slot, i.c)),
            Op::Unary
            | Op::Cast
            | Op::Len
            | Op::Clone
            | Op::NewCell
            | Op::RefField
            | Op::IterNext
            | Op::VariantNumber
            | Op::SpawnValue
            | Op::ReadLock
            | Op::WriteLock
            | Op::WaitGroupAdd => (*self.register(slot, i.b), Value::UNIT),
            _ => (Value::UNIT, Value::UNIT),
        };
        let site = self.body(slot).pc;
        let at = At { site, clock: self.clock };
        let result = match i.op {
            Op::Arith => arith::arith(&mut self.heap, binary_op(i.n), b, c)?,
            Op::Unary => arith::unary(&mut self.heap, unary_op(i.n), b)?,
            Op::Cast => arith::cast(&mut self.heap, b, Tag::from_byte(i.n).unwrap_or(Tag::I64))?,
            Op::Compare => Value::bool(arith::compare(&self.heap, compare_op(i.n), b, c)?),
            Op::DynArith => dynamic::arith(&mut self.heap, dynamic_op(i.n), b, c)?,
            Op::DynCompare => Value::bool(dynamic::compare(&self.heap, dynamic_op(i.n), b, c)?),
            Op::VariantNumber => Value::i64(self.heap.variant_of(b).map_or(-1, |(_, variant)| i64::from(variant))),
            Op::JumpNotType => {
                let value = *self.register(slot, i.a);
                let passes = evidence::runtime_type(&self.heap, value) == self.code.type_tests[i.b as usize];
                return Ok(if passes { Flow::Next } else { Flow::Jump });
            }
            Op::LoadThreadLocal => self.thread_local(slot, i.wide_index()),
            Op::StoreThreadLocal => {
                let value = *self.register(slot, i.a);
                self.set_thread_local(slot, i.wide_index(), value);
                return Ok(Flow::Next);
            }
            Op::MakeList | Op::MakeTuple | Op::MakeStruct | Op::MakeVariant | Op::MakeClosure | Op::Format => {
                let values = self.registers_from(slot, i.b, i.n);
                let made = self.make(i, &values);
                self.arguments = values;
                made?
            }
            Op::AppendList => {
                let values = self.registers_from(slot, i.b, i.n);
                let list = *self.register(slot, i.a);
                let appended = self.heap.append(list, &values);
                self.arguments = values;
                appended?;
                return Ok(Flow::Next);
            }
            Op::RepeatList => match u64::try_from(arith::integer(&self.heap, c)?) {
                Ok(count) => self.heap.repeat(b, count)?,
                Err(_) => return Err(Fault::panic("a list cannot have a negative length")),
            },
            Op::MakeRange => self.heap.range(b, c, i.n == 1),
            Op::GetSlice => self.heap.get_slice(b, c)?,
            Op::Len => {
                let container = self.contents(b)?;
                if container.is(Tag::Channel) {
                    Value::usize(self.sched.channel_len(container.slot()) as u64)
                } else {
                    Value::usize(self.heap.len(container)? as u64)
                }
            }
            Op::IterNext => {
                let position = self.register(slot, i.a).payload;
                let Some((next, element)) = self.iterate(i.n, b, position)? else { return Ok(Flow::Jump) };
                *self.register(slot, i.a + 2) = element;
                Value::usize(next)
            }
            Op::Clone => self.heap.clone_value(b)?,
            Op::NewCell => self.heap.cell(b),
            Op::RefField => self.heap.field_ref(b, u32::from(i.c)),
            Op::RefIndex => self.heap.index_ref(b, c),
            Op::CallBuiltin => {
                let Some(builtin) = Builtin::from_index(i.c) else {
                    return Err(Fault::panic("internal error: unknown built-in"));
                };
                let args = self.registers_from(slot, i.b, i.n);
                let outcome = builtins::call(&mut self.env(slot, at), builtin, &args);
                self.arguments = args;
                match outcome? {
                    Outcome::Done(value) => value,
                    Outcome::Blocked => return Ok(Flow::Block),
                    Outcome::Yield => {
                        *self.register(slot, i.a) = Value::UNIT;
                        self.body(slot).pc += 1;
                        self.sched.yield_now(&mut self.tr, at);
                        return Ok(Flow::Switch);
                    }
                }
            }
            Op::CallMethod => {
                let values = self.registers_from(slot, i.a + 2, i.n);
                let result = self.default_method(i.wide_index(), &values);
                self.arguments = values;
                result?
            }
            Op::SpawnValue => {
                let values = self.registers_from(slot, i.a + 2, i.n);
                let future = self.spawn_value(at, b, &values, i.c == 1);
                self.arguments = values;
                future?
            }
            Op::ReadLock | Op::WriteLock => {
                let b = self.seen(b, Tag::RwLock)?;
                let (step, guard) = if i.op == Op::ReadLock {
                    (self.sched.read_lock(&mut self.tr, at, b.slot()), Tag::ReadGuard)
                } else {
                    (self.sched.write_lock(&mut self.tr, at, b.slot()), Tag::WriteGuard)
                };
                if step == Step::Blocked {
                    return Ok(Flow::Block);
                }
                Value::handle(guard, b.slot())
            }
            Op::WaitGroupAdd => {
                let group = *self.register(slot, i.a);
                let group = self.seen(group, Tag::WaitGroup)?;
                self.wait_group_add(at, group, b.int())?;
                return Ok(Flow::Next);
            }
            Op::Panic => {
                let message = *self.register(slot, i.a);
                return Err(self.panic_fault(message));
            }
            Op::AssertFail => {
                let message = *self.register(slot, i.a);
                return Err(self.assert_fault(message));
            }
            op => return Err(Fault::panic(format!("internal error: {} cannot be reached", op.name()))),
        };
        *self.register(slot, i.a) = result;
        Ok(Flow::Next)
    }

    /// A new value of some registers.
    fn make(&mut self, i: Instr, values: &[Value]) -> Result<Value, Fault> {
        Ok(match i.op {
            Op::MakeList => self.heap.list(values.to_vec())?,
            Op::MakeTuple => self.heap.tuple(values),
            Op::MakeStruct => self.heap.structure(u32::from(i.c), values),
            Op::MakeVariant => {
                let (kind, variant) = self.code.variants[i.c as usize];
                self.heap.variant(kind, variant, values)
            }
            Op::MakeClosure => self.heap.closure(u32::from(i.c), values),
            _ => self.format(values)?,
        })
    }

    /// The failure of a task whose integer operation overflowed or divided by zero. The task stands at the instruction.
    #[cold]
    #[inline(never)]
    pub(super) fn arithmetic_failed(&mut self, slot: u32, i: Instr) -> Fault {
        use BinaryOp::{Add, Div, Mul, Rem, Sub};
        let left = *self.register(slot, i.b);
        let immediate = matches!(i.op, Op::AddImm | Op::AddImmN | Op::AddImmU);
        let right = if immediate { Value::i64(i.imm_c()) } else { *self.register(slot, i.c) };
        let op = match i.op {
            Op::AddI | Op::AddN | Op::AddU | Op::AddImm | Op::AddImmN | Op::AddImmU => Add,
            Op::SubI | Op::SubN | Op::SubU => Sub,
            Op::MulI | Op::MulN | Op::MulU => Mul,
            Op::DivI | Op::DivU => Div,
            _ => Rem,
        };
        if matches!(op, Div | Rem) && right.payload == 0 {
            return arith::division_by_zero();
        }
        let kind = left.kind().int_kind().unwrap_or(IntKind::I64);
        let wide = |value: Value| match kind {
            IntKind::U64 | IntKind::Usize if !immediate || value != right => i128::from(value.payload),
            _ => i128::from(value.int()),
        };
        arith::overflow(op, kind, wide(left), wide(right))
    }
}

/// The operator behind the mode of `Arith`.
fn binary_op(mode: u8) -> BinaryOp {
    use BinaryOp::*;
    [Add, Sub, Mul, Div, Rem, Pow, BitAnd, BitOr, BitXor, Shl, Shr][mode as usize % 11]
}

/// The operator behind the mode of `Unary`.
fn unary_op(mode: u8) -> UnaryOp {
    [UnaryOp::Neg, UnaryOp::Not, UnaryOp::BitNot][mode as usize % 3]
}

/// The operator behind the mode of `DynArith` and `DynCompare`.
fn dynamic_op(mode: u8) -> DynOp {
    DynOp::ALL[mode as usize % DynOp::ALL.len()]
}

/// The operator behind the mode of `Compare`.
fn compare_op(mode: u8) -> CompareOp {
    use CompareOp::*;
    [Eq, Ne, Lt, Le, Gt, Ge][mode as usize % 6]
}
