//! Places: what can be set, and what can be watched.
//!
//! A place is found once, by an expression, and then read as often as one likes at next to no cost. It is about one thing that the
//! expression meant when it was found: `xs[i]` is the element at the index that `i` had. A place in a frame is gone with the frame.

use super::calls::OnRun;
use super::eval::{Evaluator, Step, failed};
use super::expr::{Expr, ExprKind, Wrong};
use super::{Compiled, Where, refused};
use crate::debug::frames;
use crate::debug::request::Refused;
use crate::debug::view::{Stoppable, View};
use crate::value::{Tag, Value};
use crate::vm::arith;
use crate::vm::machine::Machine;
use rustc_hash::FxHasher;
use std::hash::Hasher;
use tracer::program::ProgramInfo;

/// A place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// A local in a register.
    Register {
        /// Slot of the task.
        slot: u32,
        /// Number of the task.
        task: u32,
        /// Its frame's function.
        function: u32,
        /// Its frame's register 0.
        base: u32,
        /// The register, as an index into the stack.
        at: u32,
        /// First instruction at which it is there.
        from: u32,
        /// One past the last.
        to: u32,
    },
    /// The content of a cell or box.
    Cell(Value),
    /// A field of a record.
    Field(Value, u32),
    /// An element of a list.
    Element(Value, u32),
    /// The value under a key of a map.
    Entry(Value, Value),
    /// What a mutex protects.
    Mutex(u32),
    /// What a read-write lock protects.
    RwLock(u32),
    /// A global.
    Global(u32),
    /// A task's copy of a global.
    ThreadLocal {
        /// Slot of the task.
        slot: u32,
        /// Number of the task.
        task: u32,
        /// The global.
        global: u32,
    },
}

/// A place, and what its declaration says.
#[derive(Clone, Debug)]
pub struct Located {
    /// The place.
    pub place: Place,
    /// Its type in the language's words; empty where no declaration says it.
    pub ty: String,
    /// Whether the program itself may assign there.
    pub mutable: bool,
}

/// Finds the place that an expression means in a frame.
///
/// # Errors
/// Why it means none.
pub fn locate<E: Stoppable>(
    machine: &mut Machine<E>,
    program: &ProgramInfo,
    at: Where<'_>,
    text: &str,
) -> Result<Located, Refused> {
    let compiled = Compiled::new(text)?;
    let scratch = machine.heap.begin_scratch(super::MEMORY);
    let mut host = OnRun { machine };
    let result = Evaluator::new(&mut host, program, at).place(&compiled.expr);
    machine.heap.end_scratch(scratch);
    let located = result.map_err(|wrong| refused(text, &wrong))?;
    // What a key was made of is gone with the scratch.
    if let Place::Entry(_, key) = located.place
        && key.kind().is_heap()
        && !survives(machine, key)
    {
        return Err(Refused("the key must be one that the program has, or a number".into()));
    }
    Ok(located)
}

fn survives<E: Stoppable>(machine: &Machine<E>, key: Value) -> bool {
    let heap = &machine.heap;
    match key.kind() {
        Tag::String => heap.strings.is_taken(key.slot()),
        Tag::I128 | Tag::U128 => heap.wides.is_taken(key.slot()),
        _ => heap.records.is_taken(key.slot()),
    }
}

/// What a place holds; `None` where it is not there (any more, or yet).
pub fn read(view: &View<'_>, place: &Place) -> Option<Value> {
    let found = match *place {
        Place::Register { slot, task, function, base, at, from, to } => {
            let owner = view.live(slot).filter(|owner| owner.id == task)?;
            let body = &owner.body;
            if body.base < base {
                return None;
            }
            if body.base == base {
                let inside = view.code.functions.get(function as usize)?;
                // Its own code, between the declaration and the end of the scope.
                if !(inside.start <= body.pc && body.pc < inside.end) || body.pc < from || body.pc >= to {
                    return None;
                }
            }
            body.stack.get(at as usize).copied()?
        }
        Place::Cell(cell) => view.heap.cell_content(cell).ok()?,
        Place::Field(record, field) => view.heap.field(record, field).ok()?,
        Place::Element(list, index) => view.heap.element(list, index as usize).ok()??,
        Place::Entry(map, key) => view.heap.map_get(map, key).ok()??,
        Place::Mutex(slot) => crate::debug::values::objects::protected(view, tracer::finding::ObjectKind::Mutex, slot)?,
        Place::RwLock(slot) => {
            crate::debug::values::objects::protected(view, tracer::finding::ObjectKind::RwLock, slot)?
        }
        Place::Global(index) => view.globals.load(index as usize, false),
        Place::ThreadLocal { slot, task, global } => {
            let owner = view.live(slot).filter(|owner| owner.id == task)?;
            owner.body.thread_locals.as_ref()?.get(global as usize).copied()?
        }
    };
    (!found.is(Tag::NoValue)).then_some(found)
}

/// What [`print`] gives.
pub type Print = u64;

/// Parts of a value that count for whether it is the same.
const PARTS: usize = 256;

/// A number that is the same as long as a value shows the same: numbers and texts by what they are, lists, records and maps by their
/// first few hundred parts and their length, objects by identity. What a watched place held before is kept as this.
pub fn print(view: &View<'_>, value: Value) -> Print {
    let mut hasher = FxHasher::default();
    let mut pending = vec![(value, 0u32)];
    let mut left = PARTS;
    let heap = view.heap;
    while let Some((value, depth)) = pending.pop() {
        left = match left.checked_sub(1) {
            Some(left) => left,
            None => break,
        };
        hasher.write_u8(value.tag);
        match value.kind() {
            Tag::String => hasher.write(heap.str(value).unwrap_or_default().as_bytes()),
            Tag::I128 | Tag::U128 => hasher.write_u128(heap.wide_bits(value).unwrap_or(0)),
            Tag::List | Tag::Map | Tag::Set | Tag::Tuple | Tag::Struct | Tag::Variant if depth < 8 => {
                let len = match value.kind() {
                    Tag::List | Tag::Map | Tag::Set => heap.len(value).unwrap_or(0),
                    _ => heap.with_record(value, |record| record.fields().len()).unwrap_or(0),
                };
                hasher.write_usize(len);
                if let Some((_, variant)) = heap.variant_of(value) {
                    hasher.write_u32(variant);
                }
                let most = len.min(left);
                let first = pending.len();
                match value.kind() {
                    Tag::List => pending.extend(
                        (0..most).map_while(|at| heap.element(value, at).ok().flatten()).map(|part| (part, depth + 1)),
                    ),
                    Tag::Map | Tag::Set => {
                        let mut at = 0;
                        while pending.len() < first + most
                            && let Ok(Some((next, key, part))) = heap.table_next(value, at)
                        {
                            pending.extend([(key, depth + 1), (part, depth + 1)]);
                            at = next;
                        }
                    }
                    _ => {
                        let fields = heap.with_record(value, |record| {
                            record.fields().iter().take(most).copied().collect::<Vec<_>>()
                        });
                        pending.extend(fields.unwrap_or_default().into_iter().map(|part| (part, depth + 1)));
                    }
                }
                pending[first..].reverse();
            }
            Tag::Box | Tag::Cell if depth < 8 => {
                pending.push((heap.cell_content(value).unwrap_or(Value::NONE), depth + 1));
            }
            _ => hasher.write_u64(value.payload),
        }
    }
    hasher.finish()
}

/// Whether two values show the same, as far as [`print`] looks.
pub fn same(view: &View<'_>, a: Value, b: Value) -> bool {
    a == b || a.tag == b.tag && print(view, a) == print(view, b)
}

impl Evaluator<'_> {
    /// The place that an expression means.
    pub(super) fn place(&mut self, expr: &Expr) -> Step<Located> {
        let at = expr.at;
        let mutable = |place, ty: String| Located { place, ty, mutable: true };
        match &expr.kind {
            ExprKind::Name(name) => self.named_place(at, name),
            ExprKind::Field(base, field) => {
                let base = self.plain(base, None)?;
                match (self.field_position(base, field), base.kind(), field.as_str()) {
                    (Some(position), ..) => Ok(mutable(Place::Field(base, position), String::new())),
                    (None, Tag::Mutex, "value") => Ok(mutable(Place::Mutex(base.slot()), String::new())),
                    (None, Tag::RwLock, "value") => Ok(mutable(Place::RwLock(base.slot()), String::new())),
                    _ => Err(Wrong::new(at, format!("a {} has no field `{field}`", self.type_of(base)))),
                }
            }
            ExprKind::Index(base, index) => {
                let ty = self.static_type(expr);
                let base = self.plain(base, None)?;
                let index = self.plain(index, None)?;
                match base.kind() {
                    Tag::List => {
                        let len = self.host.heap().list_len(base).map_err(|fault| failed(at, fault))?;
                        let position = self.host.heap().position(index, len).map_err(|fault| failed(at, fault))?;
                        Ok(mutable(Place::Element(base, position as u32), ty))
                    }
                    Tag::Map => Ok(mutable(Place::Entry(base, index), ty)),
                    _ => Err(Wrong::new(at, format!("a {} has no elements to set or watch", self.type_of(base)))),
                }
            }
            ExprKind::Deref(operand) => {
                let value = self.value(operand)?;
                self.target(at, value)
            }
            _ => Err(Wrong::new(at, "this is no variable, field or element")),
        }
    }

    /// What a reference, box or guard stands for, as a place.
    fn target(&mut self, at: u32, value: Value) -> Step<Located> {
        let place = match value.kind() {
            Tag::Box | Tag::Cell => Place::Cell(value),
            Tag::MutexGuard => Place::Mutex(value.slot()),
            Tag::ReadGuard | Tag::WriteGuard => Place::RwLock(value.slot()),
            Tag::FieldRef | Tag::IndexRef => {
                let [base, index] = self.host.heap().reference(value).map_err(|fault| failed(at, fault))?;
                match (value.kind(), base.kind()) {
                    (Tag::FieldRef, _) => Place::Field(base, index.slot()),
                    (_, Tag::List) => {
                        let index = arith::integer(self.host.heap(), index).map_err(|fault| failed(at, fault))?;
                        Place::Element(base, u32::try_from(index).unwrap_or(u32::MAX))
                    }
                    _ => Place::Entry(base, index),
                }
            }
            _ => {
                let ty = self.type_of(value);
                return Err(Wrong::new(at, format!("this is a {ty} itself, there is nothing behind it")));
            }
        };
        Ok(Located { place, ty: String::new(), mutable: true })
    }

    fn named_place(&mut self, at: u32, name: &str) -> Step<Located> {
        let code = self.code.clone();
        let slot = self.at.slot;
        let task = self.host.sched().task(slot);
        if let Some(frame) = &self.frame
            && let Some(local) = frames::local(&code, frame, name)
        {
            let (ty, mutable) = (local.code.ty.clone(), local.code.mutable);
            let register = task.body.stack.get(local.at).copied().unwrap_or(Value::NONE);
            if local.code.cell && register.is(Tag::Cell) {
                return Ok(Located { place: Place::Cell(register), ty, mutable });
            }
            let place = Place::Register {
                slot,
                task: task.id,
                function: frame.function,
                base: frame.base,
                at: local.at as u32,
                from: local.code.from,
                to: local.code.to,
            };
            return Ok(Located { place, ty, mutable });
        }
        let Some(index) = code.globals.iter().rposition(|global| global.name == name) else {
            return match code.consts.iter().any(|constant| constant.name == name) {
                true => Err(Wrong::new(at, format!("`{name}` is a constant"))),
                false => Err(Wrong::new(at, format!("there is no variable `{name}` here"))),
            };
        };
        let global = &code.globals[index];
        let (ty, mutable, index) = (global.ty.clone(), global.mutable, index as u32);
        let held = self.host.globals().load(index as usize, false);
        let place = match () {
            () if global.thread_local => Place::ThreadLocal { slot, task: task.id, global: index },
            () if global.cell && held.is(Tag::Cell) => Place::Cell(held),
            () => Place::Global(index),
        };
        Ok(Located { place, ty, mutable })
    }
}
