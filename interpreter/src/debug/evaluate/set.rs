//! Setting variables, fields and elements of a stopped run.
//!
//! The new value must be what the place holds by its declaration, or by what it holds now where no declaration says it: the rest of the
//! program was compiled for that. It is computed twice: first as everything is evaluated, without a trace, to find out what
//! is wrong with it; then for good.

use super::calls::OnRun;
use super::eval::{Evaluator, Step, failed};
use super::expr::{Expr, Wrong};
use super::place::{Located, Place, read};
use super::{Compiled, Where, refused};
use crate::bytecode::liveness::Liveness;
use crate::debug::frames;
use crate::debug::request::Refused;
use crate::debug::values::{Detail, Teller, types};
use crate::debug::view::{Stoppable, View};
use crate::types::IntKind;
use crate::value::{Tag, Value};
use crate::vm::machine::Machine;
use tracer::inspect::Variable;
use tracer::program::ProgramInfo;

/// Sets the place that an expression means to the value of another; gives it as it is then.
///
/// # Errors
/// Why it cannot be set; nothing has changed then.
pub fn set<E: Stoppable>(
    machine: &mut Machine<E>,
    program: &ProgramInfo,
    at: Where<'_>,
    place: &str,
    value: &str,
) -> Result<Variable, Refused> {
    let (to, from) = (Compiled::new(place)?, Compiled::new(value)?);
    let scratch = machine.heap.begin_scratch(super::MEMORY);
    let tried = Evaluator::new(&mut OnRun { machine }, program, at).assignment(&to.expr, &from.expr);
    machine.heap.end_scratch(scratch);
    let explain = |error: Error| match error {
        Error::Place(wrong) => refused(place, &wrong),
        Error::Value(wrong) if wrong.needs_copy => {
            Refused("a value to be set cannot call functions of the program".into())
        }
        Error::Value(wrong) => refused(value, &wrong),
    };
    tried.map_err(explain)?;
    let (located, new) =
        Evaluator::new(&mut OnRun { machine }, program, at).assignment(&to.expr, &from.expr).map_err(explain)?;
    store(machine, &located.place, new).map_err(|wrong| refused(place, &wrong))?;
    let view = View::of(machine, program);
    let task = machine.sched.task(at.slot).id;
    let shown = read(&view, &located.place).unwrap_or(new);
    let mut variable = Teller::new(view, task, Detail::VIEW).variable(place.trim(), &located.ty, shown);
    let mut notes: Vec<&str> = Vec::new();
    if !located.mutable {
        notes.push("immutable in the program");
    }
    if is_dead(&view, at, &located.place) {
        notes.push("the program does not read it any more");
    }
    for note in notes {
        let separator = if variable.note.is_empty() { "" } else { ", " };
        variable.note.push_str(&format!("{separator}{note}"));
    }
    Ok(variable)
}

/// What is wrong, and with which of both.
enum Error {
    Place(Wrong),
    Value(Wrong),
}

impl Evaluator<'_> {
    /// The place to set, and a value that fits there.
    fn assignment(&mut self, place: &Expr, value: &Expr) -> Result<(Located, Value), Error> {
        let located = self.place(place).map_err(Error::Place)?;
        let held = read(&self.view(), &located.place);
        let new = self.fitting(&located, held, value).map_err(Error::Value)?;
        Ok((located, new))
    }

    fn fitting(&mut self, located: &Located, held: Option<Value>, value: &Expr) -> Step {
        let ty = located.ty.as_str();
        let tag = tag_of_type(ty).or(held.map(Value::kind));
        let hint = tag.filter(|tag| tag.int_kind().is_some() || matches!(tag, Tag::F32 | Tag::F64));
        let mut new = self.hinted(value, hint)?;
        let wanted = match (ty, held) {
            ("", Some(held)) => self.type_of(held),
            (ty, _) => ty.to_string(),
        };
        if is_plain_type(ty) || held.is_some_and(|held| !is_indirect(held)) && !is_handle_type(ty) {
            new = self.contents(new)?;
        }
        let view = self.view();
        let fits = fits(&view, ty, new) && held.is_none_or(|held| alike(&view, ty, held, new));
        if !fits || new.is(Tag::NoValue) {
            let found = self.type_of(new);
            return Err(Wrong::new(value.at, format!("a {wanted} is needed here, this is a {found}")));
        }
        Ok(new)
    }
}

/// Writes a value to a place.
fn store<E: Stoppable>(machine: &mut Machine<E>, place: &Place, value: Value) -> Result<(), Wrong> {
    let gone = || Wrong::new(0, "this place is gone");
    let heap = &mut machine.heap;
    let done = match *place {
        Place::Register { slot, at, .. } => {
            let register = machine.sched.task_mut(slot).body.stack.get_mut(at as usize).ok_or_else(gone)?;
            *register = value;
            Ok(())
        }
        Place::Cell(cell) => heap.store_cell(cell, value).map(drop),
        Place::Field(record, field) => heap.set_field(record, field, value),
        Place::Element(list, index) => heap.set_element(list, index as usize, value),
        Place::Entry(map, key) => heap.map_insert(map, key, value).map(drop),
        Place::Mutex(slot) => {
            *machine.sched.mutex_value(slot) = value;
            Ok(())
        }
        Place::RwLock(slot) => {
            *machine.sched.rwlock_value(slot) = value;
            Ok(())
        }
        Place::Global(index) => {
            machine.globals.store(index as usize, value, false);
            Ok(())
        }
        Place::ThreadLocal { slot, global, .. } => {
            let copies = machine.sched.task_mut(slot).body.thread_locals.as_mut();
            let copy = copies.and_then(|copies| copies.get_mut(global as usize)).ok_or_else(gone)?;
            *copy = value;
            Ok(())
        }
    };
    done.map_err(|fault| failed(0, fault))
}

/// Whether it is a register that no instruction will read.
fn is_dead(view: &View<'_>, at: Where<'_>, place: &Place) -> bool {
    let Place::Register { slot, base, at: register, .. } = *place else { return false };
    let Some(frame) = frames::nth(view.code, &view.sched.task(slot).body, at.frame) else { return false };
    let liveness = Liveness::new(view.code);
    let live = match frame.calling {
        true => liveness.live_after(view.code, frame.pc),
        false => liveness.live_before(view.code, frame.pc),
    };
    !live.contains((register - base) as u16)
}

/// The tag of the values of a type that has only one kind of them, where numbers are converted to it.
pub(super) fn tag_of_type(ty: &str) -> Option<Tag> {
    match ty {
        "f64" => Some(Tag::F64),
        "f32" => Some(Tag::F32),
        "bool" => Some(Tag::Bool),
        "char" => Some(Tag::Char),
        "string" | "str" => Some(Tag::String),
        "()" => Some(Tag::Unit),
        "Duration" => Some(Tag::Duration),
        "Time" => Some(Tag::Time),
        _ => IntKind::ALL.into_iter().find(|kind| kind.name() == ty).map(Tag::of_int),
    }
}

/// Whether a type is one of numbers, texts and the like, whose values stand for themselves.
pub(super) fn is_plain_type(ty: &str) -> bool {
    tag_of_type(ty).is_some()
}

/// Whether values of the type are boxes, guards or references, which are seen through elsewhere.
fn is_handle_type(ty: &str) -> bool {
    ty.starts_with('&') || ["Box<", "MutexGuard<", "ReadGuard<", "WriteGuard<"].iter().any(|head| ty.starts_with(head))
}

fn is_indirect(value: Value) -> bool {
    matches!(
        value.kind(),
        Tag::Box | Tag::Cell | Tag::FieldRef | Tag::IndexRef | Tag::MutexGuard | Tag::ReadGuard | Tag::WriteGuard
    )
}

/// Whether a value can be of a type, as far as the type's words say it.
pub(super) fn fits(view: &View<'_>, ty: &str, value: Value) -> bool {
    if let Some(tag) = tag_of_type(ty) {
        return value.is(tag);
    }
    if ty.starts_with('[') {
        return value.is(Tag::List);
    }
    if ty.starts_with('(') {
        return value.is(Tag::Tuple);
    }
    let head = ty.split('<').next().unwrap_or_default();
    let tag = value.kind();
    match head {
        "Vec" => tag == Tag::List,
        "Map" | "Set" | "Range" | "Box" | "Channel" | "Mutex" | "RwLock" | "Once" | "Barrier" | "WaitGroup"
        | "Semaphore" | "Atomic" | "Context" | "Ticker" | "Future" | "MutexGuard" | "ReadGuard" | "WriteGuard" => {
            format!("{tag:?}") == head
        }
        _ if view.code.structs.iter().any(|def| def.name == head)
            || view.code.enums.iter().any(|def| def.name == head) =>
        {
            types::of_value(view, value) == head
        }
        _ if ty.starts_with("fn(") => matches!(tag, Tag::Function | Tag::Closure),
        // References, type parameters, contracts, unions: what is there now decides.
        _ => true,
    }
}

/// Whether a new value may stand where another one stands.
fn alike(view: &View<'_>, ty: &str, held: Value, new: Value) -> bool {
    if is_plain_type(ty) || ty.contains('|') {
        return true;
    }
    let variant = |value: Value| view.heap.variant_of(value).map(|(ty, _)| ty);
    match (variant(held), variant(new)) {
        (Some(held), Some(new)) => return held == new,
        (None, None) => {}
        _ => return false,
    }
    let function = |value: Value| matches!(value.kind(), Tag::Function | Tag::Closure);
    if function(held) || function(new) {
        return function(held) && function(new);
    }
    held.kind() == new.kind() && (!held.is(Tag::Struct) || types::of_value(view, held) == types::of_value(view, new))
}
