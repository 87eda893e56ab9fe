//! The dispatch loop: fetch, dispatch, act on the outcome. Handlers are named after their opcode; what is rare is a
//! function elsewhere.
//!
//! This is the one file of the interpreter with `unsafe` code: register and instruction access without bounds checks. It is sound
//! because the verifier proved for every function that each register operand lies inside the frame, that each jump stays inside the function
//! and that no function runs off its end; because every call, spawn and resume checks that the stack holds the callee's whole frame
//! (`enter!`, [`Body::start`](super::task::Body::start)); and because nobody but the loop touches the stack of the running task. Registers are addressed as
//! `base + operand` in words, with operands doubled by the encoder: tag at `x`, payload at `x + 1`.
#![expect(unsafe_code, reason = "register access behind the verifier; see the module's header")]

use super::arith::{atomic_tag, fits, wrap};
use super::builtins::channels::mode;
use super::calls::SliceEnd;
use super::dynamic;
use super::engine::Engine;
use super::machine::{Entry, Machine, Stop};
use super::race::touches;
use super::slow::Flow;
use super::step::Before;
use super::task::RETURN_END;
use crate::bytecode::{Instr, Op};
use crate::dynamic::DynOp;
use crate::value::{Tag, Value};
use scheduler::{At, Next, Runtime, Step};
use tracer::record::Tracer;

impl<E: Engine> Machine<E> {
    /// Runs tasks until something needs the driver: nothing can run, a task failed, the program ended, a poll is due.
    pub fn dispatch(&mut self) -> Stop {
        'switch: loop {
            let mut budget;
            let mut ip: *const Instr;
            if self.failed {
                self.failed = false;
                if let Some(stop) = self.stop_due.take() {
                    return stop;
                }
                budget = self.slice_end.wrapping_sub(self.clock) as i64;
                let pc = self.body(self.running).pc as usize;
                // SAFETY (of every `instrs.add` here): the index is inside the verified code.
                ip = unsafe { self.instrs().add(pc) };
            } else if E::STEP && self.stepper.midway() {
                budget = self.slice_end.wrapping_sub(self.clock) as i64;
                let pc = self.body(self.running).pc as usize;
                ip = unsafe { self.instrs().add(pc) };
            } else {
                if E::STEP && !self.stepper.may_switch(self.tr.stops()) {
                    return Stop::Step;
                }
                let (slot, mut slice) = match self.sched.next_task(&mut self.tr, self.clock) {
                    Next::Run { slot, slice } => (slot, slice),
                    other => {
                        if self.sampler.is_some() {
                            self.end_segment();
                        }
                        return Stop::Scheduler(other);
                    }
                };
                self.running = slot;
                if self.sampler.is_some() {
                    slice = self.begin_segment(slice);
                }
                if E::PARALLEL && cfg!(debug_assertions) {
                    self.heap.set_task(self.sched.task(slot).id);
                }
                if E::STEP {
                    self.stepper.begin_slice(self.sched.cut());
                }
                self.slice_end = self.clock + u64::from(slice);
                budget = i64::from(slice);
                ip = match self.resume(slot) {
                    Ok(pc) => unsafe { self.instrs().add(pc as usize) },
                    Err(Stop::Fault(slot, fault)) => {
                        self.fail(slot, fault);
                        continue 'switch;
                    }
                    Err(stop) => return stop,
                };
            }
            let mut base = self.registers();

            // Registers, as words from `base`.
            macro_rules! payload {
                ($x:expr) => {
                    // SAFETY: the operand is a register of the verified frame, which `enter` found inside the stack.
                    (*unsafe { &mut *base.add($x as usize + 1) })
                };
            }
            macro_rules! int {
                ($x:expr) => {
                    payload!($x) as i64
                };
            }
            macro_rules! float {
                ($x:expr) => {
                    f64::from_bits(payload!($x))
                };
            }
            macro_rules! tag {
                ($x:expr) => {
                    // SAFETY: as for `payload`.
                    unsafe { *base.add($x as usize).cast::<u8>() }
                };
            }
            macro_rules! get {
                ($x:expr) => {
                    Value { tag: tag!($x), payload: payload!($x) }
                };
            }
            // A handle of this kind, behind any references, boxes and guards.
            macro_rules! handle {
                ($x:expr, $tag:ident) => {{
                    let value = get!($x);
                    if value.is(Tag::$tag) { value } else { check!(self.seen(value, Tag::$tag)) }
                }};
            }
            macro_rules! set {
                ($x:expr, $tag:expr, $payload:expr) => {{
                    let (tag, payload): (u8, u64) = ($tag, $payload);
                    // SAFETY: as for `payload`.
                    unsafe { *base.add($x as usize).cast::<u8>() = tag };
                    payload!($x) = payload;
                }};
            }
            macro_rules! put {
                ($x:expr, $value:expr) => {{
                    let value: Value = $value;
                    set!($x, value.tag, value.payload);
                }};
            }
            macro_rules! many {
                ($x:expr, $n:expr) => {
                    // SAFETY: the verifier checked the whole range of registers; values are plain data.
                    unsafe {
                        std::slice::from_raw_parts(base.add($x as usize).cast::<Value>().cast_const(), $n as usize)
                    }
                };
            }

            // The instruction pointer as an index: of the next instruction.
            macro_rules! pc {
                () => {
                    ((ip as usize - self.instrs_at) / size_of::<Instr>())
                };
            }
            macro_rules! go_to {
                ($pc:expr) => {{
                    let pc = $pc as usize;
                    // SAFETY: see above.
                    ip = unsafe { self.instrs().add(pc) };
                }};
            }

            // Time, and leaving the loop.
            macro_rules! clock {
                () => {
                    self.slice_end.wrapping_sub(budget as u64)
                };
            }
            macro_rules! at {
                () => {
                    At { site: pc!() as u32 - 1, clock: clock!() }
                };
            }
            macro_rules! save {
                ($pc:expr) => {
                    self.clock = clock!();
                    self.leave($pc as u32, base);
                };
            }
            // The saved task failed: the head of the outer loop goes on where that is caught, if it is. Nothing is decided here, so
            // that the many places where an operation may fail stay small.
            macro_rules! raise {
                ($fault:expr) => {{
                    let fault = $fault;
                    self.fail(self.running, fault);
                    continue 'switch;
                }};
            }
            macro_rules! fail {
                ($fault:expr) => {{
                    let fault = $fault;
                    save!(pc!() - 1);
                    raise!(fault)
                }};
            }
            // An operation on numbers cannot be done: which, and why, is found out again out of line.
            macro_rules! fail_arith {
                ($i:expr) => {{
                    save!(pc!() - 1);
                    raise!(self.arithmetic_failed(self.running, *$i))
                }};
            }
            macro_rules! check {
                ($result:expr) => {
                    match $result {
                        Ok(value) => value,
                        Err(fault) => fail!(fault),
                    }
                };
            }
            // Before an operation that may park the task: from then on another machine may run it at once, so it must be
            // saved already, at this instruction, and not be touched after. A machine that is alone saves when it has to.
            macro_rules! may_park {
                () => {
                    if E::PARALLEL {
                        save!(pc!() - 1);
                        if self.sampler.is_some() {
                            self.note_stack();
                        }
                    }
                };
            }
            // The task waits: it is resumed at this instruction, which is then completed.
            macro_rules! block {
                () => {{
                    if !E::PARALLEL {
                        save!(pc!() - 1);
                    }
                    block!(saved)
                }};
                (saved) => {{
                    if self.sampler.is_some() {
                        self.blocked_at();
                    }
                    if self.sched.scan_due(self.clock) {
                        self.scan();
                    }
                    continue 'switch;
                }};
            }
            macro_rules! charge {
                () => {
                    budget -= 1;
                    if budget < 0 {
                        save!(pc!());
                        match self.slice_ended(self.running) {
                            SliceEnd::GoOn(slice) => {
                                self.slice_end = self.clock + u64::from(slice);
                                budget = i64::from(slice);
                            }
                            SliceEnd::Switch => continue 'switch,
                            SliceEnd::Stop(stop) => return stop,
                        }
                    }
                };
            }
            // After an allocation: the instruction is complete, so everything live is where the collector looks.
            macro_rules! allocated {
                () => {
                    if self.heap.should_collect() {
                        save!(pc!());
                        check!(self.collect_garbage());
                    }
                };
            }
            macro_rules! jump {
                ($offset:expr) => {{
                    let offset: i64 = $offset;
                    // SAFETY: see above; jumps stay inside their function.
                    ip = unsafe { ip.offset(offset as isize) };
                }};
            }
            macro_rules! jump_if {
                ($i:ident, $cond:expr) => {
                    if $cond {
                        jump!($i.imm_c());
                    }
                };
            }
            macro_rules! loop_if {
                ($i:ident, $cond:expr) => {
                    if $cond {
                        jump!($i.imm_c());
                        charge!();
                    }
                };
            }
            macro_rules! checked {
                ($i:ident, $tag:expr, $result:expr) => {
                    match $result {
                        Some(n) => set!($i.a, $tag, n as u64),
                        None => fail_arith!($i),
                    }
                };
            }
            macro_rules! narrow {
                ($i:ident, $result:expr) => {
                    match $result {
                        Some(n) if fits($i.n, n) => set!($i.a, $i.n, n as u64),
                        _ => fail_arith!($i),
                    }
                };
            }
            // Operators that look at tags: two integers at once, anything else out of line.
            macro_rules! dynamic_int {
                ($i:ident, $op:expr, $checked:ident, $right:expr) => {{
                    let (left, right) = (get!($i.b), $right);
                    let ints = left.is(Tag::I64) && right.is(Tag::I64);
                    match if ints { left.int().$checked(right.int()) } else { None } {
                        Some(n) => set!($i.a, Tag::I64 as u8, n as u64),
                        None => {
                            put!($i.a, check!(self.dynamic_arith($op, left, right)));
                            allocated!();
                        }
                    }
                }};
            }
            macro_rules! dynamic_order {
                ($i:ident, $op:ident, $holds:tt, $right:expr) => {{
                    let (left, right) = (get!($i.a), $right);
                    if left.is(Tag::I64) && right.is(Tag::I64) {
                        left.int() $holds right.int()
                    } else {
                        check!(self.dynamic_compare(DynOp::$op, left, right))
                    }
                }};
            }
            macro_rules! truth {
                ($value:expr) => {{
                    let value = $value;
                    if value.is(Tag::Bool) { value.truthy() } else { dynamic::truthy(&self.heap, value) }
                }};
            }
            // Goes on as an operation out of line says.
            macro_rules! act {
                ($flow:expr, $i:ident) => {
                    match $flow {
                        Flow::Next => {}
                        Flow::Jump => jump!($i.imm_c()),
                        Flow::Block => {
                            if self.sampler.is_some() {
                                self.blocked_at();
                            }
                            if self.sched.scan_due(self.clock) {
                                self.scan();
                            }
                            continue 'switch;
                        }
                        Flow::Switch => continue 'switch,
                        Flow::Fault => raise!(self.take_fault()),
                    }
                };
            }
            // Moves execution into a callee whose frame starts after the window register `$window` (words from `base`).
            macro_rules! enter {
                ($window:expr, $entry:expr) => {{
                    let window = $window as usize;
                    let entry: Entry = $entry;
                    if self.stack_end < (base as usize) + (window + 2 + 2 * entry.registers as usize) * 8 {
                        save!(pc!() - 1);
                        match self.grow_stack(self.running, window / 2 + 1 + entry.registers as usize) {
                            Ok(()) => base = self.registers(),
                            Err(fault) => fail!(fault),
                        }
                    }
                    set!(window, Tag::Return as u8, pc!() as u64);
                    // SAFETY: the callee's whole frame lies below `limit`.
                    base = unsafe { base.add(window + 2) };
                    go_to!(entry.start);
                    charge!();
                }};
            }
            macro_rules! return_value {
                ($value:expr) => {{
                    let value: Value = $value;
                    // SAFETY: the register before a frame's first is its return address.
                    let to = unsafe { *base.sub(1) };
                    if to == RETURN_END {
                        save!(pc!() - 1);
                        if let Some(stop) = self.task_returned(self.running, value) {
                            return stop;
                        }
                        continue 'switch;
                    }
                    go_to!(to);
                    // SAFETY: a return address follows a call instruction of verified code, whose window is where the
                    // caller's frame was left.
                    let call = unsafe { *ip.sub(1) };
                    base = unsafe { base.sub(call.a as usize + 2) };
                    put!(call.a, value);
                }};
            }

            loop {
                if E::STEP {
                    match self.stepper.before(pc!(), self.tr.stops()) {
                        Before::Go => {}
                        Before::Stop => {
                            save!(pc!());
                            return Stop::Step;
                        }
                        Before::Cut => {
                            save!(pc!());
                            self.cut();
                            continue 'switch;
                        }
                    }
                }
                // SAFETY: verified code never runs past its last instruction, and jumps stay inside it.
                let i = unsafe { &*ip };
                // SAFETY: a terminator is never passed, so the next instruction exists.
                ip = unsafe { ip.add(1) };
                if E::Tracer::RACES && touches(i.op) && self.lookout.is_on() {
                    save!(pc!() - 1);
                    self.tell_accesses(*i);
                }
                match i.op {
                    Op::Move => put!(i.a, get!(i.b)),
                    Op::LoadImm => set!(i.a, i.n, i.wide_imm() as i64 as u64),
                    Op::LoadConst => put!(i.a, self.constants[i.wide_index() as usize]),
                    Op::LoadGlobal => put!(i.a, self.globals.load(i.wide_index() as usize, E::PARALLEL)),
                    Op::StoreGlobal => {
                        let value = get!(i.a);
                        self.publish(at!(), &[value]);
                        self.globals.store(i.wide_index() as usize, value, E::PARALLEL);
                    }
                    Op::Clear => put!(i.a, Value::NONE),

                    Op::AddI => checked!(i, Tag::I64 as u8, int!(i.b).checked_add(int!(i.c))),
                    Op::SubI => checked!(i, Tag::I64 as u8, int!(i.b).checked_sub(int!(i.c))),
                    Op::MulI => checked!(i, Tag::I64 as u8, int!(i.b).checked_mul(int!(i.c))),
                    Op::DivI => {
                        let right = int!(i.c);
                        checked!(i, tag!(i.b), int!(i.b).checked_div(right));
                    }
                    Op::RemI => {
                        let right = int!(i.c);
                        if right == 0 {
                            fail_arith!(i);
                        }
                        set!(i.a, tag!(i.b), int!(i.b).wrapping_rem(right) as u64);
                    }
                    Op::AddImm => checked!(i, Tag::I64 as u8, int!(i.b).checked_add(i.imm_c())),
                    Op::AddN => narrow!(i, Some(int!(i.b).wrapping_add(int!(i.c)))),
                    Op::SubN => narrow!(i, Some(int!(i.b).wrapping_sub(int!(i.c)))),
                    Op::MulN => narrow!(i, int!(i.b).checked_mul(int!(i.c))),
                    Op::AddImmN => narrow!(i, Some(int!(i.b).wrapping_add(i.imm_c()))),
                    Op::AddU => checked!(i, i.n, payload!(i.b).checked_add(payload!(i.c))),
                    Op::AddImmU => checked!(i, i.n, payload!(i.b).checked_add_signed(i.imm_c())),
                    Op::SubU => checked!(i, i.n, payload!(i.b).checked_sub(payload!(i.c))),
                    Op::MulU => checked!(i, i.n, payload!(i.b).checked_mul(payload!(i.c))),
                    Op::DivU => checked!(i, i.n, payload!(i.b).checked_div(payload!(i.c))),
                    Op::RemU => checked!(i, i.n, payload!(i.b).checked_rem(payload!(i.c))),
                    Op::BitAnd => set!(i.a, tag!(i.b), payload!(i.b) & payload!(i.c)),
                    Op::BitOr => set!(i.a, tag!(i.b), payload!(i.b) | payload!(i.c)),
                    Op::BitXor => set!(i.a, tag!(i.b), payload!(i.b) ^ payload!(i.c)),
                    Op::AddF => put!(i.a, Value::f64(float!(i.b) + float!(i.c))),
                    Op::SubF => put!(i.a, Value::f64(float!(i.b) - float!(i.c))),
                    Op::MulF => put!(i.a, Value::f64(float!(i.b) * float!(i.c))),
                    Op::DivF => put!(i.a, Value::f64(float!(i.b) / float!(i.c))),
                    Op::Not => set!(i.a, Tag::Bool as u8, payload!(i.b) ^ 1),
                    Op::LtI => put!(i.a, Value::bool(int!(i.b) < int!(i.c))),
                    Op::LeI => put!(i.a, Value::bool(int!(i.b) <= int!(i.c))),
                    Op::EqI => put!(i.a, Value::bool(payload!(i.b) == payload!(i.c))),
                    Op::NeI => put!(i.a, Value::bool(payload!(i.b) != payload!(i.c))),
                    Op::LtF => put!(i.a, Value::bool(float!(i.b) < float!(i.c))),
                    Op::LeF => put!(i.a, Value::bool(float!(i.b) <= float!(i.c))),

                    Op::Jump => jump!(i.wide_imm() as i64),
                    Op::Loop => {
                        jump!(i.wide_imm() as i64);
                        charge!();
                    }
                    Op::JumpIf => {
                        if payload!(i.a) & 1 != 0 {
                            jump!(i.wide_imm() as i64);
                        }
                    }
                    Op::JumpIfNot => {
                        if payload!(i.a) & 1 == 0 {
                            jump!(i.wide_imm() as i64);
                        }
                    }
                    Op::JumpIfUnset => {
                        if tag!(i.a) == Tag::NoValue as u8 {
                            jump!(i.wide_imm() as i64);
                        }
                    }
                    Op::JumpEqI => jump_if!(i, payload!(i.a) == payload!(i.b)),
                    Op::JumpNeI => jump_if!(i, payload!(i.a) != payload!(i.b)),
                    Op::JumpLtI => jump_if!(i, int!(i.a) < int!(i.b)),
                    Op::JumpLeI => jump_if!(i, int!(i.a) <= int!(i.b)),
                    Op::JumpLtU => jump_if!(i, payload!(i.a) < payload!(i.b)),
                    Op::JumpLeU => jump_if!(i, payload!(i.a) <= payload!(i.b)),
                    Op::JumpEqImm => jump_if!(i, int!(i.a) == i.imm_b()),
                    Op::JumpNeImm => jump_if!(i, int!(i.a) != i.imm_b()),
                    Op::JumpLtImm => jump_if!(i, int!(i.a) < i.imm_b()),
                    Op::JumpLeImm => jump_if!(i, int!(i.a) <= i.imm_b()),
                    Op::JumpGtImm => jump_if!(i, int!(i.a) > i.imm_b()),
                    Op::JumpGeImm => jump_if!(i, int!(i.a) >= i.imm_b()),
                    Op::JumpLtF => jump_if!(i, float!(i.a) < float!(i.b)),
                    Op::JumpLeF => jump_if!(i, float!(i.a) <= float!(i.b)),
                    Op::JumpNotLtF => {
                        let less = float!(i.a) < float!(i.b);
                        jump_if!(i, !less)
                    }
                    Op::JumpNotLeF => {
                        let less = float!(i.a) <= float!(i.b);
                        jump_if!(i, !less)
                    }
                    Op::LoopLtI => loop_if!(i, int!(i.a) < int!(i.b)),
                    Op::LoopLeI => loop_if!(i, int!(i.a) <= int!(i.b)),
                    Op::LoopLtU => loop_if!(i, payload!(i.a) < payload!(i.b)),
                    Op::LoopIf => {
                        if payload!(i.a) & 1 != 0 {
                            jump!(i.wide_imm() as i64);
                            charge!();
                        }
                    }
                    Op::ForStep => {
                        let next = int!(i.a).wrapping_add(1);
                        payload!(i.a) = next as u64;
                        loop_if!(i, next < int!(i.b));
                    }
                    Op::ForStepIncl => {
                        let now = int!(i.a);
                        if now < int!(i.b) {
                            payload!(i.a) = (now + 1) as u64;
                            loop_if!(i, true);
                        }
                    }
                    Op::ForStepU => {
                        let next = payload!(i.a).wrapping_add(1);
                        payload!(i.a) = next;
                        loop_if!(i, next < payload!(i.b));
                    }
                    Op::ForStepInclU => {
                        let now = payload!(i.a);
                        if now < payload!(i.b) {
                            payload!(i.a) = now + 1;
                            loop_if!(i, true);
                        }
                    }
                    Op::Switch => {
                        let table = &self.code.tables[i.c as usize];
                        let case = (payload!(i.a) as usize).min(table.len() - 1);
                        go_to!(table[case]);
                    }
                    Op::JumpNotVariant => {
                        jump_if!(i, self.heap.variant_of(get!(i.a)).map(|(_, variant)| variant) != Some(i.b as u32))
                    }

                    Op::Call => {
                        // SAFETY: the verifier checked the function's number.
                        let entry = unsafe { *self.entries.get_unchecked(i.wide_index() as usize) };
                        enter!(i.a, entry);
                    }
                    Op::CallValue => {
                        let callee = get!(i.b);
                        // Most are plain functions whose arguments fit as they stand.
                        let entry = match self.entries.get(callee.payload as usize) {
                            Some(entry) if callee.is(Tag::Function) && entry.fits(i.n) && i.c == 0 => *entry,
                            _ => {
                                save!(pc!() - 1);
                                let entry = check!(self.prepare_call(self.running, callee, i.a / 2, i.n, i.c));
                                base = self.registers();
                                entry
                            }
                        };
                        enter!(i.a, entry);
                    }
                    Op::CallMethod => {
                        let receiver = get!(i.a + 2);
                        match self.find_method(receiver, i.wide_index()) {
                            Some(entry) => enter!(i.a, entry),
                            None => {
                                save!(pc!() - 1);
                                let flow = self.slow(self.running, *i);
                                act!(flow, i);
                                base = self.registers();
                            }
                        }
                    }
                    Op::Return => return_value!(get!(i.a)),
                    Op::ReturnUnit => return_value!(Value::UNIT),
                    // What is too long to stand here; see `slow`.
                    Op::Arith
                    | Op::Unary
                    | Op::Cast
                    | Op::Compare
                    | Op::JumpNotType
                    | Op::MakeList
                    | Op::AppendList
                    | Op::RepeatList
                    | Op::MakeTuple
                    | Op::MakeStruct
                    | Op::MakeVariant
                    | Op::MakeRange
                    | Op::MakeClosure
                    | Op::GetSlice
                    | Op::Len
                    | Op::IterNext
                    | Op::Clone
                    | Op::Format
                    | Op::NewCell
                    | Op::RefField
                    | Op::RefIndex
                    | Op::LoadThreadLocal
                    | Op::StoreThreadLocal
                    | Op::VariantNumber
                    | Op::CallBuiltin
                    | Op::Panic
                    | Op::AssertFail
                    | Op::Trap
                    | Op::SpawnValue
                    | Op::ReadLock
                    | Op::WriteLock
                    | Op::DynArith
                    | Op::DynCompare
                    | Op::WaitGroupAdd => {
                        save!(pc!() - 1);
                        let flow = self.slow(self.running, *i);
                        act!(flow, i);
                        base = self.registers();
                        charge!();
                    }
                    Op::Spawn | Op::SpawnAsync => {
                        let joinable = i.op == Op::SpawnAsync;
                        let future = check!(self.spawn(at!(), i.wide_index(), many!(i.a + 2, i.n), joinable));
                        put!(i.a, future);
                        allocated!();
                        charge!();
                    }
                    Op::Await => {
                        may_park!();
                        match check!(self.await_future(at!(), get!(i.b))) {
                            Some(value) => put!(i.a, value),
                            None => block!(),
                        }
                    }
                    Op::Unwind => {
                        save!(pc!() - 1);
                        if let Some(stop) = self.unwind(self.running) {
                            return stop;
                        }
                        go_to!(self.body(self.running).pc);
                        base = self.registers();
                    }

                    Op::GetField => put!(i.a, check!(self.heap.field(get!(i.b), i.c as u32))),
                    Op::SetField => {
                        check!(self.heap.set_field(get!(i.a), i.b as u32, get!(i.c)));
                        self.stored(at!());
                    }
                    Op::GetIndex => put!(i.a, check!(self.heap.get_index(get!(i.b), get!(i.c)))),
                    Op::SetIndex => {
                        check!(self.heap.set_index(get!(i.a), get!(i.b), get!(i.c)));
                        self.stored(at!());
                        allocated!();
                    }

                    Op::LoadCell => put!(i.a, check!(self.heap.load_cell(get!(i.b)))),
                    Op::StoreCell => {
                        check!(self.heap.store_cell(get!(i.a), get!(i.b)));
                        self.stored(at!());
                    }
                    Op::Deref => put!(i.a, check!(self.deref_guard(get!(i.b)))),
                    Op::DerefStore => check!(self.deref_store(at!(), get!(i.a), get!(i.b))),
                    Op::DerefAddImm => {
                        if !self.guarded_add(get!(i.a), i.imm_b()) {
                            check!(self.deref_add(at!(), get!(i.a), i.imm_b()));
                        }
                    }

                    Op::Send => {
                        let channel = handle!(i.a, Channel);
                        self.publish(at!(), &[get!(i.b)]);
                        may_park!();
                        match self.send(at!(), channel.slot(), get!(i.b)) {
                            Step::Ready(()) => {
                                if i.n != 0 {
                                    put!(i.c, check!(self.send_outcome(i.n, true)));
                                }
                            }
                            Step::Blocked => block!(),
                            Step::Closed => put!(i.c, check!(self.send_outcome(i.n, false))),
                        }
                        charge!();
                    }
                    Op::Recv => {
                        let channel = handle!(i.b, Channel);
                        may_park!();
                        match self.recv(at!(), channel.slot()) {
                            Step::Ready(value) => {
                                if i.n == mode::PLAIN {
                                    put!(i.a, value);
                                } else if i.n == mode::TWO {
                                    put!(i.a, value);
                                    put!(i.a + 2, Value::bool(true));
                                } else {
                                    put!(i.a, check!(self.recv_outcome(i.n, get!(i.b), Some(value))));
                                    allocated!();
                                }
                            }
                            Step::Blocked => block!(),
                            Step::Closed if i.n == mode::TWO => {
                                put!(i.a, Value::UNIT);
                                put!(i.a + 2, Value::bool(false));
                            }
                            Step::Closed => {
                                put!(i.a, check!(self.recv_outcome(i.n, get!(i.b), None)));
                                allocated!();
                            }
                        }
                        charge!();
                    }
                    Op::RecvOrJump => {
                        let channel = handle!(i.b, Channel);
                        may_park!();
                        match self.recv(at!(), channel.slot()) {
                            Step::Ready(value) => put!(i.a, value),
                            Step::Blocked => block!(),
                            Step::Closed => jump!(i.imm_c()),
                        }
                        charge!();
                    }
                    Op::Select => {
                        save!(pc!() - 1);
                        if E::PARALLEL && self.sampler.is_some() {
                            self.note_stack();
                        }
                        let (at, base_index) = (at!(), self.body(self.running).base);
                        match check!(self.select(self.running, at, *i, base_index)) {
                            Some((arm, value)) => {
                                put!(i.a, Value::usize(arm as u64));
                                put!(i.a + 2, value);
                                allocated!();
                                charge!();
                            }
                            // Saved above.
                            None => block!(saved),
                        }
                    }
                    Op::MutexLock => {
                        let mutex = handle!(i.b, Mutex).slot();
                        may_park!();
                        if self.sched.lock(&mut self.tr, at!(), mutex) == Step::Blocked {
                            block!();
                        }
                        put!(i.a, Value::handle(Tag::MutexGuard, mutex));
                        charge!();
                    }
                    Op::Release => {
                        let guard = get!(i.a);
                        if guard.is(Tag::MutexGuard) {
                            self.sched.unlock(&mut self.tr, at!(), guard.slot());
                        } else {
                            self.release(at!(), guard);
                        }
                        put!(i.a, Value::NONE);
                        charge!();
                    }
                    Op::AtomicAdd => {
                        let atomic = handle!(i.b, Atomic);
                        let (tag, n) = (atomic_tag(atomic), int!(i.c));
                        let old = if tag == Tag::I64 as u8 {
                            self.sched.atomic_add(&mut self.tr, at!(), atomic.slot(), n)
                        } else {
                            let add = |old: i64| wrap(tag, old.wrapping_add(n));
                            self.sched.atomic_update(&mut self.tr, at!(), atomic.slot(), add)
                        };
                        set!(i.a, tag, old as u64);
                        charge!();
                    }
                    Op::AtomicLoad => {
                        let atomic = handle!(i.b, Atomic);
                        let value = self.sched.atomic_load(&mut self.tr, at!(), atomic.slot());
                        set!(i.a, atomic_tag(atomic), value as u64);
                        charge!();
                    }
                    Op::WaitGroupDone => {
                        let group = handle!(i.a, WaitGroup);
                        check!(self.wait_group_add(at!(), group, -1));
                        charge!();
                    }

                    Op::DynAdd => dynamic_int!(i, DynOp::Add, checked_add, get!(i.c)),
                    Op::DynSub => dynamic_int!(i, DynOp::Sub, checked_sub, get!(i.c)),
                    Op::DynMul => dynamic_int!(i, DynOp::Mul, checked_mul, get!(i.c)),
                    Op::DynAddImm => dynamic_int!(i, DynOp::Add, checked_add, Value::i64(i.imm_c())),
                    Op::JumpDynEq => jump_if!(i, dynamic_order!(i, Eq, ==, get!(i.b)) != (i.n != 0)),
                    Op::JumpDynLt => jump_if!(i, dynamic_order!(i, Lt, <, get!(i.b)) != (i.n != 0)),
                    Op::JumpDynLe => jump_if!(i, dynamic_order!(i, Le, <=, get!(i.b)) != (i.n != 0)),
                    Op::JumpDynEqImm => jump_if!(i, dynamic_order!(i, Eq, ==, Value::i64(i.imm_b())) != (i.n != 0)),
                    Op::JumpDynLtImm => jump_if!(i, dynamic_order!(i, Lt, <, Value::i64(i.imm_b())) != (i.n != 0)),
                    Op::JumpDynLeImm => jump_if!(i, dynamic_order!(i, Le, <=, Value::i64(i.imm_b())) != (i.n != 0)),
                    Op::JumpDynGtImm => jump_if!(i, dynamic_order!(i, Gt, >, Value::i64(i.imm_b())) != (i.n != 0)),
                    Op::JumpDynGeImm => jump_if!(i, dynamic_order!(i, Ge, >=, Value::i64(i.imm_b())) != (i.n != 0)),
                    Op::LoopDynLt => loop_if!(i, dynamic_order!(i, Lt, <, get!(i.b))),
                    Op::LoopDynLe => loop_if!(i, dynamic_order!(i, Le, <=, get!(i.b))),
                    Op::JumpTruth => {
                        if truth!(get!(i.a)) != (i.n != 0) {
                            jump!(i.wide_imm() as i64);
                        }
                    }
                    Op::Truth => put!(i.a, Value::bool(truth!(get!(i.b)) != (i.n != 0))),
                    Op::IsSet => put!(i.a, Value::bool(tag!(i.b) != Tag::NoValue as u8)),
                    Op::CheckSet => {
                        if tag!(i.a) == Tag::NoValue as u8 {
                            fail!(self.unset(i.wide_index()));
                        }
                    }
                    Op::DynIndex => {
                        put!(i.a, check!(dynamic::index(&mut self.heap, get!(i.b), get!(i.c))));
                        allocated!();
                    }
                    Op::DynSetIndex => {
                        check!(dynamic::set_index(&mut self.heap, get!(i.a), get!(i.b), get!(i.c)));
                        self.stored(at!());
                        allocated!();
                    }
                    Op::Attr => {
                        let found = check!(self.attribute(self.running, at!(), get!(i.b), i.c as u32));
                        put!(i.a, found);
                        allocated!();
                    }
                    Op::SetAttr => {
                        check!(self.set_attribute(at!(), get!(i.a), i.b as u32, get!(i.c)));
                        self.stored(at!());
                        allocated!();
                    }
                    Op::CallAttr => {
                        save!(pc!() - 1);
                        let entry = check!(self.call_attribute(self.running, *i));
                        base = self.registers();
                        match entry {
                            Some(entry) => enter!(i.a, entry),
                            None => {
                                self.stored(at!());
                                allocated!();
                                charge!();
                            }
                        }
                    }
                    Op::DynLock => {
                        let lock = get!(i.b);
                        may_park!();
                        if check!(self.lock_any(at!(), lock)) == Step::Blocked {
                            block!();
                        }
                        put!(i.a, Value::UNIT);
                        charge!();
                    }
                    Op::DynUnlock => {
                        check!(self.unlock_any(at!(), get!(i.b)));
                        put!(i.a, Value::UNIT);
                        charge!();
                    }
                    Op::Unpack => {
                        let values = check!(self.unpacked(get!(i.b), i.n));
                        for (at, &value) in (0u16..).zip(&values) {
                            put!(i.a + 2 * at, value);
                        }
                        self.arguments = values;
                    }
                    Op::Raise => fail!(self.raised(get!(i.a))),
                    Op::Catch => {
                        let exception = std::mem::replace(&mut self.body(self.running).raising, Value::NONE);
                        if exception != Value::NONE {
                            put!(i.a, exception);
                            jump!(i.wide_imm() as i64);
                        }
                    }
                }
            }
        }
    }
}

impl<E: Engine> Machine<E> {
    /// The program's instructions.
    #[inline(always)]
    fn instrs(&self) -> *const Instr {
        self.instrs_at as *const Instr
    }

    /// Register 0 of the frame that the running task was saved in, as words. Notes the end of its stack.
    #[inline(always)]
    fn registers(&mut self) -> *mut u64 {
        let body = &mut self.sched.task_mut(self.running).body;
        let (base, length) = (body.base as usize, body.stack.len());
        debug_assert!(base <= length);
        let start: *mut Value = body.stack.as_mut_ptr();
        self.stack_end = start as usize + length * size_of::<Value>();
        // SAFETY: a frame's base was inside the stack when the frame was entered, and stacks never shrink.
        unsafe { start.add(base).cast() }
    }

    /// Saves where the running task stands.
    #[inline(always)]
    fn leave(&mut self, pc: u32, base: *mut u64) {
        let body = &mut self.sched.task_mut(self.running).body;
        body.pc = pc;
        body.base = ((base as usize - body.stack.as_ptr() as usize) / size_of::<Value>()) as u32;
    }
}
