//! Who shares a box: `unique` where there is one handle, `counted` where one task has several, `shared` where several tasks
//! reach it. (Vex's memory model picks the cost of a handle by these; see docs of the language.)
//!
//! It is found out by looking: from what each live task still needs to the boxes it can reach. Handles are counted where they are
//! owned: in variables of type `Box`, in fields, elements, captures, buffers. A run that is too large for that is not looked
//! through, and nothing is said.

use crate::bytecode::liveness::Liveness;
use crate::debug::frames;
use crate::debug::view::View;
use crate::value::{Tag, Value};
use crate::vm::heap::Kind;
use crate::vm::mark::object_kind;
use rustc_hash::{FxHashMap, FxHashSet};
use scheduler::{Child, Handle, State};

/// Things that are looked at at most.
const MOST: usize = 50_000;

/// Elements of lists, maps and records that are gone over at most.
const ELEMENTS: usize = 2_000_000;

/// Tasks up to which it is looked who reaches what.
const TASKS: usize = 64;

/// Frames of a task that are looked through.
const FRAMES: usize = 1_000;

/// What is known of a box.
#[derive(Debug, Default)]
struct Owners {
    handles: usize,
    /// Slots of the tasks that reach it.
    tasks: Vec<u32>,
}

/// What is known of all boxes.
#[derive(Debug, Default)]
pub struct Sharing {
    boxes: FxHashMap<u32, Owners>,
}

/// One look through.
struct Search<'v> {
    view: View<'v>,
    found: Sharing,
    /// Containers whose handles have been counted.
    counted: FxHashSet<(u8, u64)>,
    /// Things that the task at hand reaches.
    reached: FxHashSet<(u8, u64)>,
    pending: Vec<Child<Value>>,
    left: usize,
    elements: usize,
}

impl Sharing {
    /// Looks through a run; `None` where it is too large.
    pub fn of(view: View<'_>) -> Option<Sharing> {
        let tasks: Vec<u32> = view.sched.live_tasks().map(|(slot, _)| slot).take(TASKS + 1).collect();
        if tasks.len() > TASKS {
            return None;
        }
        let mut search = Search {
            view,
            found: Sharing::default(),
            counted: FxHashSet::default(),
            reached: FxHashSet::default(),
            pending: Vec::new(),
            left: MOST,
            elements: ELEMENTS,
        };
        let liveness = Liveness::new(view.code);
        let mut globals = Vec::new();
        view.globals.copy_to(&mut globals);
        for &global in &globals {
            search.own(global);
        }
        for slot in tasks {
            search.reached.clear();
            for &global in &globals {
                search.add(global);
            }
            search.task(&liveness, slot);
            search.drain(slot)?;
        }
        Some(search.found)
    }

    /// In a word for the side of this task (by slot), with who else has it.
    pub fn word(&self, slot: u32, of: Option<u32>, name: impl Fn(u32) -> String) -> String {
        let Some(owners) = self.boxes.get(&slot) else { return "unique".to_string() };
        let others: Vec<String> =
            owners.tasks.iter().filter(|&&task| Some(task) != of).map(|&task| name(task)).collect();
        match owners.tasks.len() {
            2.. => format!("shared with {}", tracer::names::span(&others)),
            _ if owners.handles > 1 => format!("counted, {} handles", owners.handles),
            _ => "unique".to_string(),
        }
    }
}

impl Search<'_> {
    /// A place that owns what it holds.
    fn own(&mut self, value: Value) {
        if value.is(Tag::Box) {
            self.found.boxes.entry(value.slot()).or_default().handles += 1;
        }
    }

    fn add(&mut self, value: Value) {
        if value.tag >= Tag::I128 as u8 {
            self.pending.push(Child::Value(value));
        }
    }

    /// What a task itself still needs.
    fn task(&mut self, liveness: &Liveness, slot: u32) {
        let view = self.view;
        let body = &view.sched.task(slot).body;
        for frame in frames::all(view.code, body).take(FRAMES) {
            let live = match frame.calling {
                true => liveness.live_after(view.code, frame.pc),
                false => liveness.live_before(view.code, frame.pc),
            };
            let owned: FxHashSet<usize> = frames::locals(view.code, &frame)
                .iter()
                .filter(|local| local.code.ty.starts_with("Box<") && !local.code.cell)
                .map(|local| local.at)
                .collect();
            for register in live.iter() {
                let at = frame.base as usize + register as usize;
                let Some(&value) = body.stack.get(at) else { continue };
                if owned.contains(&at) {
                    self.own(value);
                }
                self.add(value);
            }
        }
        for &value in body.thread_locals.iter().flat_map(|values| values.iter()) {
            self.own(value);
            self.add(value);
        }
        let mut children = Vec::new();
        view.sched.in_flight(slot, |child| children.push(child));
        for child in children {
            self.in_container(child);
        }
    }

    fn in_container(&mut self, child: Child<Value>) {
        if let Child::Value(value) = child {
            self.own(value);
        }
        self.pending.push(child);
    }

    /// Everything that the task in this slot reaches from what is pending.
    fn drain(&mut self, task: u32) -> Option<()> {
        let view = self.view;
        let mut parts: Vec<Child<Value>> = Vec::new();
        while let Some(next) = self.pending.pop() {
            self.left = self.left.checked_sub(1)?;
            let key = match next {
                Child::Value(value) => match (Kind::of(value.kind()), object_kind(value.kind())) {
                    (Some(kind), _) => (kind as u8, u64::from(value.slot())),
                    (None, Some(kind)) => (16 + kind as u8, u64::from(value.slot())),
                    (None, None) => (64, value.payload),
                },
                Child::Object(kind, slot) => (16 + kind as u8, u64::from(slot)),
                Child::Task(slot) => (65, u64::from(slot)),
            };
            if !self.reached.insert(key) {
                continue;
            }
            parts.clear();
            match next {
                Child::Value(value) => {
                    if value.is(Tag::Box) {
                        let owners = self.found.boxes.entry(value.slot()).or_default();
                        if !owners.tasks.contains(&task) {
                            owners.tasks.push(task);
                        }
                    }
                    if value.is(Tag::Future) {
                        let handle = Handle::unpack(value.payload);
                        let ended = view.sched.has_task(handle) && view.sched.task(handle.slot).state == State::Ended;
                        parts.extend(ended.then(|| Child::Value(view.sched.task(handle.slot).value)));
                    } else if let Some(kind) = object_kind(value.kind()) {
                        view.sched.children(kind, value.slot(), |child| parts.push(child));
                    } else {
                        // One that is too long is not begun.
                        self.elements = self.elements.checked_sub(view.heap.len(value).unwrap_or(0))?;
                        view.heap.children(value, |child| {
                            if child.tag >= Tag::I128 as u8 {
                                parts.push(Child::Value(child));
                            }
                        });
                    }
                }
                Child::Object(kind, slot) => view.sched.children(kind, slot, |child| parts.push(child)),
                Child::Task(_) => {}
            }
            let first_time = self.counted.insert(key);
            for part in parts.drain(..) {
                match part {
                    _ if first_time => self.in_container(part),
                    part => self.pending.push(part),
                }
            }
        }
        Some(())
    }
}
