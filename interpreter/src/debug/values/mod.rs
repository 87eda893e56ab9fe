//! Values of a stopped run in the user's words: one line each, and parts to unfold.
//!
//! Everything here costs as much as it shows, never as much as there is: a list of ten million elements is its first few and their
//! number. [`Detail`] says how much is shown; what is left out can still be asked for by an expression (`xs[100..150]`).
//!
//! * [`lines`] the one line; [`objects`] channels, locks and their like, [`sharing`] of boxes; [`types`] names of types for parts;
//! * [`locals`] the variables of a frame and the globals; [`tasks`] what the tasks wait for and hold; [`told`] objects as a list of facts.

pub mod lines;
pub mod locals;
pub mod objects;
pub mod sharing;
pub mod tasks;
pub mod told;
pub mod types;

use super::view::View;
use crate::value::{Tag, Value};
use sharing::Sharing;
use std::cell::{Cell, OnceCell};
use tracer::inspect::Variable;

/// How much of a value is shown.
#[derive(Clone, Copy, Debug)]
pub struct Detail {
    /// Parts of parts, so deep.
    pub depth: u32,
    /// Parts of one value.
    pub parts: usize,
    /// Parts of everything that is shown at once.
    pub total: usize,
    /// Bytes of a line.
    pub line: usize,
}

impl Detail {
    /// What a variable view shows.
    pub const VIEW: Detail = Detail { depth: 3, parts: 24, total: 600, line: 120 };
    /// Only the line.
    pub const LINE: Detail = Detail { depth: 0, parts: 0, total: 0, line: 200 };
}

/// Tells values.
pub struct Teller<'v> {
    pub(super) view: View<'v>,
    detail: Detail,
    /// Number of the task whose frame is looked at; 0: none in particular.
    task: u32,
    /// Parts that may still be shown.
    left: Cell<usize>,
    /// Who shares which box; found out when there is one to show.
    sharing: OnceCell<Option<Sharing>>,
    /// Objects within objects, for lines.
    pub(super) nesting: Cell<u32>,
}

/// What stands at the end of references, boxes and guards.
struct Seen {
    /// It; `Err` where it cannot be told, with the word for it.
    target: Result<Value, &'static str>,
    /// What was passed on the way, in words.
    notes: Vec<String>,
}

impl<'v> Teller<'v> {
    /// For a view, from the side of the task with this number (0: nobody's).
    pub fn new(view: View<'v>, task: u32, detail: Detail) -> Teller<'v> {
        Teller { view, detail, task, left: Cell::new(detail.total), sharing: OnceCell::new(), nesting: Cell::new(0) }
    }

    /// A value with a name. Without a type in the language's words the value's own kind stands there.
    pub fn variable(&self, name: impl Into<String>, ty: &str, value: Value) -> Variable {
        self.tell(name.into(), ty, value, 0)
    }

    fn tell(&self, name: String, ty: &str, value: Value, depth: u32) -> Variable {
        let ty = if ty.is_empty() { types::of_value(&self.view, value) } else { ty.to_string() };
        let Seen { target, notes } = self.see(value);
        let note = notes.join(", ");
        let target = match target {
            Ok(target) => target,
            Err(word) => {
                return Variable { name, ty, value: word.to_string(), note, parts: Vec::new(), part_count: 0 };
            }
        };
        let (shown, more) = self.line_of(target);
        let note = [note, more].into_iter().filter(|note| !note.is_empty()).collect::<Vec<_>>().join(", ");
        let part_count = self.part_count(target);
        let parts = if depth < self.detail.depth { self.parts(target, &ty, depth) } else { Vec::new() };
        Variable { name, ty, value: shown, note, parts, part_count }
    }

    /// Through references, boxes and guards to what is meant.
    fn see(&self, mut value: Value) -> Seen {
        let mut notes = Vec::new();
        // A box that holds itself has no end.
        for _ in 0..8 {
            let next = match value.kind() {
                Tag::Box => {
                    notes.push(self.sharing_of(value));
                    self.view.heap.cell_content(value).ok()
                }
                Tag::Cell | Tag::FieldRef | Tag::IndexRef => {
                    notes.push("reference".to_string());
                    self.view.heap.load(value).ok()
                }
                Tag::MutexGuard | Tag::ReadGuard | Tag::WriteGuard => {
                    let (note, content) = self.guard(value);
                    notes.push(note);
                    match content {
                        Some(content) => Some(content),
                        None => return Seen { target: Err("released"), notes },
                    }
                }
                Tag::NoValue => {
                    let word = match value.payload {
                        _ if !notes.is_empty() => "moved out",
                        0 => "unset",
                        _ => "no longer used",
                    };
                    return Seen { target: Err(word), notes };
                }
                _ => return Seen { target: Ok(value), notes },
            };
            match next {
                Some(next) => value = next,
                None => return Seen { target: Err("?"), notes },
            }
        }
        Seen { target: Ok(value), notes }
    }

    /// `unique`, `counted`, `shared` of a box; `box` where that is not known.
    fn sharing_of(&self, value: Value) -> String {
        // A line says nothing of it.
        if self.detail.depth == 0 {
            return "box".to_string();
        }
        let Some(sharing) = self.sharing.get_or_init(|| Sharing::of(self.view)) else { return "box".to_string() };
        let own = self.view.sched.live_tasks().find(|(_, task)| task.id == self.task).map(|(slot, _)| slot);
        sharing.word(value.slot(), own, |task| objects::task_name(&self.view, task))
    }

    /// How many parts a value has.
    fn part_count(&self, value: Value) -> usize {
        let heap = self.view.heap;
        match value.kind() {
            Tag::List | Tag::Map | Tag::Set => heap.len(value).unwrap_or(0),
            Tag::Tuple | Tag::Struct | Tag::Variant | Tag::Closure => {
                heap.with_record(value, |record| record.fields().len()).unwrap_or(0)
            }
            _ => self.object_part_count(value),
        }
    }

    /// The first parts of a value.
    fn parts(&self, value: Value, ty: &str, depth: u32) -> Vec<Variable> {
        let most = self.detail.parts.min(self.left.get());
        let mut found: Vec<(String, &str, Value)> = Vec::new();
        let heap = self.view.heap;
        let parameters = types::Parameters::of(ty);
        match value.kind() {
            Tag::List => {
                let element = parameters.at(0);
                let values = (0..most).map_while(|at| heap.element(value, at).ok().flatten());
                found.extend(values.enumerate().map(|(at, part)| (format!("[{at}]"), element, part)));
            }
            Tag::Map => {
                let mut at = 0;
                while found.len() < most
                    && let Ok(Some((next, key, part))) = heap.table_next(value, at)
                {
                    found.push((format!("[{}]", self.brief(key)), parameters.at(1), part));
                    at = next;
                }
            }
            Tag::Set => {
                let mut at = 0;
                while found.len() < most
                    && let Ok(Some((next, part, _))) = heap.table_next(value, at)
                {
                    found.push((format!("#{}", found.len()), parameters.at(0), part));
                    at = next;
                }
            }
            Tag::Tuple | Tag::Struct | Tag::Variant | Tag::Closure => {
                let fields = |record: &crate::vm::heap::record::Record| {
                    record.fields().iter().take(most).copied().collect::<Vec<_>>()
                };
                let values = heap.with_record(value, fields).unwrap_or_default();
                for (at, part) in values.into_iter().enumerate() {
                    let ty = if value.is(Tag::Tuple) { parameters.at(at) } else { "" };
                    found.push((self.field_name(value, at), ty, part));
                }
            }
            _ => found = self.object_parts(value, &parameters, most),
        }
        self.left.set(self.left.get() - found.len().min(self.left.get()));
        found.into_iter().map(|(name, ty, part)| self.tell(name, ty, part, depth + 1)).collect()
    }

    /// What a field of a record is called.
    fn field_name(&self, value: Value, at: usize) -> String {
        let code = self.view.code;
        let name = match value.kind() {
            Tag::Struct => self
                .view
                .heap
                .with_record(value, |record| record.ty)
                .ok()
                .and_then(|ty| code.structs.get(ty as usize))
                .and_then(|def| def.fields.get(at))
                .map(String::as_str),
            Tag::Closure => self.view.heap.function_of(value).ok().and_then(|(function, _)| {
                let function = code.functions.get(function as usize)?;
                function.locals.iter().find(|local| local.register.0 as usize == at).map(|local| local.name.as_str())
            }),
            _ => None,
        };
        name.map_or_else(|| at.to_string(), str::to_string)
    }
}
