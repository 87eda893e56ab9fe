//! The variables of a frame, and the globals.

use super::{Detail, Teller};
use crate::bytecode::Op;
use crate::debug::frames::{self, Frame, Local};
use crate::debug::view::View;
use crate::value::{Tag, Value};
use tracer::inspect::Variable;

/// What is shown of so many variables at once.
const TOTAL: usize = 2_000;

/// The variables of a visible frame of a task, captured ones and parameters first. Those that an inner one of the same name hides are
/// there, too, and say so.
pub fn variables(view: &View<'_>, slot: u32, frame: usize) -> Vec<Variable> {
    let Some(task) = view.live(slot) else { return Vec::new() };
    let Some(frame) = frames::nth(view.code, &task.body, frame) else { return Vec::new() };
    let teller = Teller::new(*view, task.id, Detail { total: TOTAL, ..Detail::VIEW });
    frames::locals(view.code, &frame).iter().map(|local| variable(&teller, slot, &frame, local)).collect()
}

/// The globals.
pub fn globals(view: &View<'_>, slot: Option<u32>) -> Vec<Variable> {
    let teller = Teller::new(*view, 0, Detail { total: TOTAL, ..Detail::VIEW });
    (0..view.code.globals.len())
        .map(|index| {
            let global = &view.code.globals[index];
            let value = global_value(view, slot, index);
            let mut variable = teller.variable(&global.name, &global.ty, value);
            let word = if global.thread_local { "thread-local" } else { "global" };
            add_note(&mut variable, word);
            variable
        })
        .collect()
}

/// What a global holds; of a thread-local one the copy of this task.
pub(in crate::debug) fn global_value(view: &View<'_>, slot: Option<u32>, index: usize) -> Value {
    let global = &view.code.globals[index];
    if global.thread_local {
        let copies = slot.and_then(|slot| view.sched.task(slot).body.thread_locals.as_ref());
        return copies.and_then(|copies| copies.get(index)).copied().unwrap_or(Value::NONE);
    }
    let value = view.globals.load(index, false);
    if global.cell && value.is(Tag::Cell) { view.heap.cell_content(value).unwrap_or(Value::NONE) } else { value }
}

/// What a local holds now, out of its cell.
pub(in crate::debug) fn local_value(view: &View<'_>, slot: u32, local: &Local<'_>) -> Value {
    let value = view.register(slot, local.at).unwrap_or(Value::NONE);
    if local.code.cell && value.is(Tag::Cell) { view.heap.cell_content(value).unwrap_or(Value::NONE) } else { value }
}

fn variable(teller: &Teller<'_>, slot: u32, frame: &Frame, local: &Local<'_>) -> Variable {
    let view = &teller.view;
    let value = local_value(view, slot, local);
    let mut variable = teller.variable(&local.code.name, &local.code.ty, value);
    if value.is(Tag::NoValue) && value.payload == 0 && !declared_without_value(view, local) {
        let guard = ["MutexGuard<", "ReadGuard<", "WriteGuard<"].iter().any(|ty| local.code.ty.starts_with(ty));
        variable.value = if guard { "released" } else { "moved" }.to_string();
    }
    if is_capture(view, frame, local) {
        add_note(&mut variable, "captured");
    }
    if local.shadowed {
        add_note(&mut variable, "shadowed");
    }
    variable
}

/// Whether the variable began unset (`let x: i32`): the instruction before its life clears its register.
fn declared_without_value(view: &View<'_>, local: &Local<'_>) -> bool {
    let before = local.code.from.checked_sub(1).and_then(|pc| view.code.instrs.get(pc as usize));
    let is_clear = |pc: u32| {
        view.code.instrs.get(pc as usize).is_some_and(|i| i.op == Op::Clear && i.a == local.code.register.operand())
    };
    match before {
        // One in a cell is cleared, then put there.
        Some(i) if i.op == Op::NewCell => local.code.from.checked_sub(2).is_some_and(is_clear),
        Some(_) => is_clear(local.code.from - 1),
        None => false,
    }
}

fn is_capture(view: &View<'_>, frame: &Frame, local: &Local<'_>) -> bool {
    view.code.functions.get(frame.function as usize).is_some_and(|f| local.code.register.0 < f.captures)
}

fn add_note(variable: &mut Variable, note: &str) {
    if !variable.note.is_empty() {
        variable.note.push_str(", ");
    }
    variable.note.push_str(note);
}
