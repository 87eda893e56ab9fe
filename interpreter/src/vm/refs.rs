//! Seeing through references, boxes and guards, and walking over containers: both need the heap and the scheduler.

use super::arith;
use super::builtins::locks::released;
use super::dynamic;
use super::engine::Engine;
use super::fault::Fault;
use super::machine::Machine;
use crate::core::{BinaryOp, IterKind};
use crate::dynamic::ErrorKind;
use crate::value::{Tag, Value};
use scheduler::{At, Runtime};

impl<E: Engine> Machine<E> {
    /// What a value stands for; what is no reference, box or guard is itself.
    pub(super) fn deref(&mut self, value: Value) -> Result<Value, Fault> {
        match value.kind() {
            Tag::MutexGuard => self.sched.mutex_value(value.slot()).copied().ok_or_else(released),
            Tag::ReadGuard | Tag::WriteGuard => Ok(self.sched.rwlock_value(value.slot())),
            _ => self.heap.load(value),
        }
    }

    /// What a value stands for in the end: behind any references, boxes and guards.
    pub(super) fn contents(&mut self, mut value: Value) -> Result<Value, Fault> {
        for _ in 0..64 {
            let next = self.deref(value)?;
            if next == value {
                return Ok(value);
            }
            value = next;
        }
        Err(Fault::panic("internal error: references without end"))
    }

    /// A handle of this kind, behind any references, boxes and guards.
    #[cold]
    #[inline(never)]
    pub(super) fn seen(&mut self, value: Value, tag: Tag) -> Result<Value, Fault> {
        let contents = self.contents(value)?;
        if contents.is(tag) {
            Ok(contents)
        } else {
            let found = dynamic::type_name(&self.code, &self.heap, contents);
            let wanted = format!("{tag:?}").to_lowercase();
            Err(Fault::error(ErrorKind::Type, format!("expected a {wanted}, found a value of type {found}")))
        }
    }

    /// Replaces what a value stands for. An aggregate stands for itself: it takes over the new value's content.
    pub(super) fn deref_store(&mut self, at: At, target: Value, value: Value) -> Result<(), Fault> {
        match target.kind() {
            Tag::MutexGuard => {
                self.publish(at, &[value]);
                *self.sched.mutex_value(target.slot()).ok_or_else(released)? = value;
            }
            Tag::ReadGuard | Tag::WriteGuard => {
                self.publish(at, &[value]);
                self.sched.set_rwlock_value(target.slot(), value);
            }
            _ => {
                self.heap.store(target, value)?;
                self.stored(at);
            }
        }
        Ok(())
    }

    /// What a value stands for; most are guards of mutexes.
    #[inline(always)]
    pub(super) fn deref_guard(&mut self, reference: Value) -> Result<Value, Fault> {
        if reference.is(Tag::MutexGuard) {
            return self.sched.mutex_value(reference.slot()).copied().ok_or_else(released);
        }
        self.deref(reference)
    }

    /// Adds a number to an `i64` behind the guard of a mutex, in place; `false` where it is none, or would overflow.
    #[inline(always)]
    pub(super) fn guarded_add(&mut self, reference: Value, n: i64) -> bool {
        if reference.is(Tag::MutexGuard)
            && let Some(content) = self.sched.mutex_value(reference.slot())
            && content.is(Tag::I64)
            && let Some(sum) = content.int().checked_add(n)
        {
            content.payload = sum as u64;
            return true;
        }
        false
    }

    /// Adds a number to what a value stands for.
    pub(super) fn deref_add(&mut self, at: At, target: Value, n: i64) -> Result<(), Fault> {
        let old = self.deref(target)?;
        let (op, size) = if n < 0 { (BinaryOp::Sub, n.unsigned_abs()) } else { (BinaryOp::Add, n as u64) };
        let amount = match old.kind() {
            Tag::F64 | Tag::F32 => Value::new(old.kind(), (size as f64).to_bits()),
            Tag::I128 => self.heap.i128(size.into()),
            Tag::U128 => self.heap.u128(size.into()),
            kind => Value::new(kind, size),
        };
        let new = arith::arith(&mut self.heap, op, old, amount)?;
        self.deref_store(at, target, new)
    }

    /// The next element of a container from a position on, and the position after it. `mode` is the [`IterKind`] by
    /// position; positions of strings are bytes.
    pub(super) fn iterate(&mut self, mode: u8, container: Value, position: u64) -> Result<Option<(u64, Value)>, Fault> {
        let at = position as usize;
        if mode == IterKind::List as u8 {
            return Ok(self.heap.element(container, at)?.map(|element| (position + 1, element)));
        }
        if mode == IterKind::String as u8 {
            let rest = self.heap.str(container)?.get(at..).unwrap_or_default();
            let next = rest.chars().next();
            return Ok(next.map(|c| (position + c.len_utf8() as u64, Value::new(Tag::Char, u64::from(c)))));
        }
        if mode == IterKind::Range as u8 {
            let (lo, hi, inclusive) = self.heap.range_of(container)?;
            // The ends are of one kind; characters are walked over by their code.
            let number = |machine: &Self, end: Value| match end.kind() {
                Tag::Char => Ok(end.int().into()),
                _ => arith::integer(&machine.heap, end),
            };
            let next = number(self, lo)?.saturating_add(position.into());
            if next >= number(self, hi)?.saturating_add(inclusive.into()) {
                return Ok(None);
            }
            let element = match lo.kind().int_kind() {
                Some(kind) => arith::truncated(&mut self.heap, kind, next),
                None => Value::new(lo.kind(), next as u64),
            };
            return Ok(Some((position + 1, element)));
        }
        if mode == IterKind::Dynamic as u8 {
            return dynamic::iterate(&mut self.heap, container, position);
        }
        let Some((next, key, value)) = self.heap.table_next(container, at)? else { return Ok(None) };
        let element = if mode == IterKind::Map as u8 { self.heap.tuple(&[key, value]) } else { key };
        Ok(Some((next as u64, element)))
    }
}
