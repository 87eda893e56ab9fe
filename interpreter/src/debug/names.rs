//! Finding objects by number and by name.
//!
//! An object is called as everywhere (`jobs`, `fork#2`); where no object is, a variable of the frame that holds one will do, because
//! that is how the code before the user's eyes calls it.

use super::frames;
use super::values::{locals, objects};
use super::view::View;
use crate::value::{Tag, Value};
use crate::vm::mark::object_kind;
use tracer::event::ObjectId;
use tracer::finding::ObjectKind;

/// The objects that are there, by kind and slot, with their numbers.
fn all<'v>(view: &View<'v>) -> impl Iterator<Item = (ObjectKind, u32, ObjectId)> + use<'v> {
    let sched = view.sched;
    ObjectKind::ALL
        .into_iter()
        .flat_map(move |kind| sched.live_objects(kind).map(move |(slot, object)| (kind, slot, object.id)))
}

/// Where the object with a number is.
pub fn find(view: &View<'_>, id: ObjectId) -> Option<(ObjectKind, u32)> {
    all(view).find(|&(.., other)| other == id).map(|(kind, slot, _)| (kind, slot))
}

/// The object with a name, or that a variable of a frame of a task holds.
///
/// # Errors
/// When there is none, or several have the name.
pub fn named(view: &View<'_>, name: &str, frame: Option<(u32, usize)>) -> Result<ObjectId, String> {
    let mut found = all(view).filter(|&(kind, slot, _)| objects::name(view, kind, slot) == name).map(|(.., id)| id);
    match (found.next(), found.next()) {
        (Some(id), None) => return Ok(id),
        (Some(_), Some(_)) => return Err(format!("several objects are called `{name}`")),
        (None, _) => {}
    }
    let value = frame.and_then(|(slot, index)| variable(view, slot, index, name));
    let object = value.map(|value| through(view, value)).and_then(|value| {
        let kind = object_kind(value.kind())?;
        Some(view.sched.object(kind, value.slot()).id)
    });
    match (object, value) {
        (Some(id), _) if id.0 != 0 => Ok(id),
        (_, Some(_)) => Err(format!("`{name}` is no channel, lock or other object that tasks wait for")),
        (_, None) => Err(format!("there is no object and no variable `{name}`")),
    }
}

/// What stands behind boxes, cells and references.
fn through(view: &View<'_>, mut value: Value) -> Value {
    // A box that holds itself has no end.
    for _ in 0..8 {
        let next = match value.kind() {
            Tag::Box | Tag::Cell => view.heap.cell_content(value),
            Tag::FieldRef | Tag::IndexRef => view.heap.load(value),
            _ => return value,
        };
        match next {
            Ok(next) => value = next,
            Err(_) => return value,
        }
    }
    value
}

/// What a local or global of this name holds.
fn variable(view: &View<'_>, slot: u32, index: usize, name: &str) -> Option<Value> {
    let frame = frames::nth(view.code, &view.live(slot)?.body, index)?;
    if let Some(local) = frames::local(view.code, &frame, name) {
        return Some(locals::local_value(view, slot, &local));
    }
    let global = view.code.globals.iter().position(|global| global.name == name)?;
    Some(locals::global_value(view, Some(slot), global))
}
