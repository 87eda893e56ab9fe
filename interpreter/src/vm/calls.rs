//! Calls, spawns and the end of tasks: what the dispatch loop leaves to functions.

use super::arith;
use super::builtins;
use super::builtins::Env;
use super::dynamic;
use super::dynamic::locks::{UNLOCKED_MUTEX, UNLOCKED_RWMUTEX};
use super::evidence;
use super::fault::Fault;
use super::format;
use super::machine::{Entry, Machine, Stop};
use super::task::{Body, MAX_STACK};
use crate::core::{BinaryOp, CompareOp};
use crate::dynamic::{DynOp, ErrorKind};
use crate::value::{Tag, Value};
use crate::vm::engine::Engine;
use scheduler::{At, Handle, Runtime, Side, Step};
use tracer::event::EndStatus;

impl<E: Engine> Machine<E> {
    // Out of line, so that the dispatch loop keeps its state in registers across them.
    #[inline(never)]
    pub(super) fn send(&mut self, at: At, channel: u32, value: Value) -> Step {
        self.sched.send(&mut self.tr, at, channel, value)
    }

    #[inline(never)]
    pub(super) fn recv(&mut self, at: At, channel: u32) -> Step<Value> {
        self.sched.recv(&mut self.tr, at, channel)
    }

    /// Locks a mutex, or the write side of a read-write lock, that anybody may release.
    #[inline(never)]
    pub(super) fn lock_any(&mut self, at: At, lock: Value) -> Result<Step, Fault> {
        match lock.kind() {
            Tag::Mutex => Ok(self.sched.lock(&mut self.tr, at, lock.slot())),
            Tag::RwLock => Ok(self.sched.write_lock(&mut self.tr, at, lock.slot())),
            _ => Err(self.no_lock(lock)),
        }
    }

    /// Releases what [`Machine::lock_any`] locked. Where it is not held that is fatal.
    #[inline(never)]
    pub(super) fn unlock_any(&mut self, at: At, lock: Value) -> Result<(), Fault> {
        let (side, message) = match lock.kind() {
            Tag::Mutex => (Side::Mutex, UNLOCKED_MUTEX),
            Tag::RwLock => (Side::Write, UNLOCKED_RWMUTEX),
            _ => return Err(self.no_lock(lock)),
        };
        if self.sched.unlock_any(&mut self.tr, at, side, lock.slot()) { Ok(()) } else { Err(Fault::panic(message)) }
    }

    #[cold]
    fn no_lock(&self, value: Value) -> Fault {
        let name = dynamic::type_name(&self.code, &self.heap, value);
        Fault::error(ErrorKind::Type, format!("expected mutex or rwmutex, got '{name}'"))
    }

    #[inline(never)]
    pub(super) fn dynamic_arith(&mut self, op: DynOp, left: Value, right: Value) -> Result<Value, Fault> {
        dynamic::arith(&mut self.heap, op, left, right)
    }

    #[inline(never)]
    pub(super) fn dynamic_compare(&mut self, op: DynOp, left: Value, right: Value) -> Result<bool, Fault> {
        dynamic::compare(&self.heap, op, left, right)
    }

    /// What built-ins get to work with.
    pub(super) fn env(&mut self, task: u32, at: At) -> Env<'_, E> {
        Env {
            heap: &mut self.heap,
            sched: &mut self.sched,
            tr: &mut self.tr,
            at,
            code: &self.code,
            common: &self.common,
            task,
        }
    }

    /// The VM's part of a task.
    #[inline(always)]
    pub(super) fn body(&mut self, slot: u32) -> &mut Body {
        &mut self.sched.task_mut(slot).body
    }

    /// Enlarges the running task's stack so that `extra` registers from the start of its running frame fit.
    #[cold]
    #[inline(never)]
    pub(super) fn grow_stack(&mut self, slot: u32, extra: usize) -> Result<(), Fault> {
        let body = self.body(slot);
        let needed = body.base as usize + extra;
        if needed > MAX_STACK {
            return Err(Fault::panic("stack overflow"));
        }
        body.enlarge(needed);
        Ok(())
    }

    /// The method that the program defines for this kind of receiver.
    pub(super) fn find_method(&mut self, receiver: Value, name: u32) -> Option<Entry> {
        let mut receiver = receiver;
        // References and boxes are seen through, as everywhere; a chain of them is short.
        for _ in 0..8 {
            let kind = evidence::runtime_type(&self.heap, receiver);
            if let Some(&function) = self.methods.get(&(kind, name)) {
                return self.entries.get(function as usize).copied();
            }
            match self.deref(receiver) {
                Ok(target) if target != receiver => receiver = target,
                _ => return None,
            }
        }
        None
    }

    /// A method that generic code calls on a value whose kind has it built in: operators, comparison, formatting, cloning.
    pub(super) fn default_method(&mut self, name: u32, args: &[Value]) -> Result<Value, Fault> {
        let name = self.code.method_names[name as usize].clone();
        let (left, right) = (args.first().copied().unwrap_or_default(), args.get(1).copied().unwrap_or_default());
        let binary = |op| (Some(op), None);
        let compare = |op| (None, Some(op));
        let (arith_op, compare_op) = match name.as_str() {
            "op+" => binary(BinaryOp::Add),
            "op-" if args.len() == 2 => binary(BinaryOp::Sub),
            "op*" => binary(BinaryOp::Mul),
            "op/" => binary(BinaryOp::Div),
            "op%" => binary(BinaryOp::Rem),
            "op**" => binary(BinaryOp::Pow),
            "op&" => binary(BinaryOp::BitAnd),
            "op|" => binary(BinaryOp::BitOr),
            "op^" => binary(BinaryOp::BitXor),
            "op<<" => binary(BinaryOp::Shl),
            "op>>" => binary(BinaryOp::Shr),
            "op==" | "eq" => compare(CompareOp::Eq),
            "op!=" => compare(CompareOp::Ne),
            "op<" => compare(CompareOp::Lt),
            "op<=" => compare(CompareOp::Le),
            "op>" => compare(CompareOp::Gt),
            "op>=" => compare(CompareOp::Ge),
            "toString" | "to_string" => return self.format(&args[..args.len().min(1)]),
            "clone" => return self.heap.clone_value(left),
            _ => {
                let text = format::preview(&self.heap, &mut self.sched, &self.code, left);
                return Err(Fault::panic(format!("the value {text} has no method `{name}`")));
            }
        };
        match (arith_op, compare_op) {
            (Some(op), _) => arith::arith(&mut self.heap, op, left, right),
            (None, Some(op)) => Ok(Value::bool(arith::compare(&self.heap, op, left, right)?)),
            (None, None) => Ok(Value::UNIT),
        }
    }

    /// Text of values, joined.
    pub(super) fn format(&mut self, values: &[Value]) -> Result<Value, Fault> {
        let text = format::join(&self.heap, &mut self.sched, &self.code, values)?;
        self.heap.string(text)
    }

    /// A new task of a function.
    #[inline(never)]
    pub(super) fn spawn(&mut self, at: At, function: u32, args: &[Value], joinable: bool) -> Result<Value, Fault> {
        let entry = self.entries[function as usize];
        self.spawn_entry(at, function, entry, &[], args, joinable)
    }

    /// A new task of a function value.
    pub(super) fn spawn_value(
        &mut self,
        at: At,
        callee: Value,
        args: &[Value],
        joinable: bool,
    ) -> Result<Value, Fault> {
        let callee = self.callee(callee)?;
        let (function, entry) = (callee.function, callee.entry);
        let values = self.matched(&callee, args, 0)?;
        self.spawn_entry(at, function, entry, &values, &[], joinable)
    }

    #[inline]
    fn spawn_entry(
        &mut self,
        at: At,
        function: u32,
        entry: Entry,
        captures: &[Value],
        args: &[Value],
        joinable: bool,
    ) -> Result<Value, Fault> {
        if self.sched.live() >= self.limits.tasks {
            return Err(Fault::panic(format!("too many tasks: the limit is {} (--max-tasks)", self.limits.tasks)));
        }
        self.publish(at, captures);
        self.publish(at, args);
        let child =
            self.sched.spawn(&mut self.tr, at, function, joinable, |body: &mut Body| body.start(entry, captures, args));
        Ok(if joinable { Value::new(Tag::Future, child.pack()) } else { Value::UNIT })
    }

    /// The result of a future, or `None` where the task is now blocked.
    #[inline(never)]
    pub(super) fn await_future(&mut self, at: At, future: Value) -> Result<Option<Value>, Fault> {
        if !future.is(Tag::Future) {
            // What is no future is there already (`await` of a plain value in generic code).
            return Ok(Some(future));
        }
        match self.sched.await_task(&mut self.tr, at, Handle::unpack(future.payload), true) {
            Step::Ready(value) => Ok(Some(value)),
            Step::Blocked => Ok(None),
            Step::Closed => Err(Fault::panic("await of a future whose result is gone")),
        }
    }

    /// The running task's first function returned.
    #[inline(never)]
    pub(super) fn task_returned(&mut self, slot: u32, value: Value) -> Option<Stop> {
        let is_main = self.sched.task(slot).id == 1;
        // `main` itself has returned to the start-up function by now.
        let site = if is_main { self.code.functions[self.code.main as usize].end - 1 } else { self.body(slot).pc };
        let at = At { site, clock: self.clock };
        self.publish(at, &[value]);
        self.sched.end_task(&mut self.tr, at, EndStatus::Done, value);
        if is_main {
            self.common.set_main_result(value);
            if self.stop_at_main {
                return Some(Stop::MainReturned);
            }
        }
        if self.sched.scan_due(self.clock) {
            self.scan();
        }
        None
    }

    /// The running task's slice is used up.
    #[cold]
    #[inline(never)]
    pub(super) fn slice_ended(&mut self, slot: u32) -> SliceEnd {
        if self.sampler.is_some()
            && let Some(segment) = self.segment_ended(slot)
        {
            return SliceEnd::GoOn(segment);
        }
        if self.stop_requested() {
            return SliceEnd::Stop(Stop::Stopped);
        }
        self.weigh();
        if self.heap.should_collect()
            && let Err(fault) = self.collect_garbage()
        {
            return SliceEnd::Stop(Stop::Fault(slot, fault));
        }
        let at = At { site: self.body(slot).pc, clock: self.clock };
        match self.sched.slice_end(&mut self.tr, at) {
            Some(slice) if self.sampler.is_some() => SliceEnd::GoOn(self.begin_segment(slice)),
            Some(slice) => SliceEnd::GoOn(slice),
            None => SliceEnd::Switch,
        }
    }

    /// Releases what a droppable value stands for; nothing for others.
    pub(super) fn release(&mut self, at: At, value: Value) {
        builtins::release::<E>(&mut self.sched, &mut self.tr, at, value);
    }

    /// Raises or lowers a wait group's counter.
    pub(super) fn wait_group_add(&mut self, at: At, group: Value, n: i64) -> Result<(), Fault> {
        let result = self.sched.wait_group_add(&mut self.tr, at, group.slot(), n);
        result.map_err(|_| Fault::panic(builtins::locks::NEGATIVE_COUNTER))
    }

    /// A panic with the message in a value.
    pub(super) fn panic_fault(&mut self, message: Value) -> Fault {
        Fault::Panic(self.text(message))
    }

    /// A failed assertion with the message in a value.
    pub(super) fn assert_fault(&mut self, message: Value) -> Fault {
        Fault::Assert(self.text(message))
    }

    fn text(&mut self, value: Value) -> String {
        let mut text = String::new();
        format::display(&self.heap, &mut self.sched, &self.code, value, &mut text);
        text
    }

    /// This task's copy of a thread-local global.
    pub(super) fn thread_local(&mut self, slot: u32, global: u32) -> Value {
        let locals = self.body(slot).thread_locals.as_ref();
        locals.and_then(|locals| locals.get(global as usize)).copied().unwrap_or(Value::NONE)
    }

    /// Sets this task's copy of a thread-local global.
    pub(super) fn set_thread_local(&mut self, slot: u32, global: u32, value: Value) {
        let globals = self.globals.count();
        let locals = self.body(slot).thread_locals.get_or_insert_with(|| Box::new(vec![Value::NONE; globals]));
        if let Some(copy) = locals.get_mut(global as usize) {
            *copy = value;
        }
    }
}

/// What follows the end of a slice.
pub(super) enum SliceEnd {
    /// The task goes on for so many ticks.
    GoOn(u32),
    /// Another task runs.
    Switch,
    /// Back to the driver.
    Stop(Stop),
}
