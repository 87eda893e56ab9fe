//! Marking: which objects of the heap and of the scheduler can be reached, and from which tasks.
//!
//! The collector marks from all tasks and the globals and frees the rest ([`collect`]); the detection of stuck tasks marks from
//! chosen tasks and asks what they reach (the scheduler's [`Reach`]). Both are exact: every value has its tag, and of a
//! frame's registers only those count that an instruction will still read. A list of what is marked but not yet
//! looked through replaces recursion; marks stand in bits beside the slabs, one for each slot.
//!
//! Frames are found through the return addresses on the stack: the register before a frame's first holds where to go on in
//! the caller, and the call instruction before that place says how far below the caller's frame begins.

use super::builtins::Sched;
use super::evidence;
use super::heap::bits::Bits;
use super::heap::{Heap, Kind};
use super::task::Body;
use crate::bytecode::Code;
use crate::bytecode::liveness::Liveness;
use crate::value::{Tag, Value};
use scheduler::{Child, Handle, Reach, Scheduler};
use tracer::event::Site;
use tracer::finding::ObjectKind;

/// What a scheduler handle points at; `None` for futures and for values that are no such handle.
pub(crate) fn object_kind(tag: Tag) -> Option<ObjectKind> {
    Some(match tag {
        Tag::Channel => ObjectKind::Channel,
        Tag::Mutex | Tag::MutexGuard => ObjectKind::Mutex,
        Tag::RwLock | Tag::ReadGuard | Tag::WriteGuard => ObjectKind::RwLock,
        Tag::Once => ObjectKind::Once,
        Tag::Barrier => ObjectKind::Barrier,
        Tag::WaitGroup => ObjectKind::WaitGroup,
        Tag::Semaphore => ObjectKind::Semaphore,
        Tag::Atomic => ObjectKind::Atomic,
        Tag::Context => ObjectKind::Context,
        Tag::Ticker => ObjectKind::Timer,
        _ => return None,
    })
}

/// Marks, and what is still to be looked through. Kept from one marking to the next for its room.
#[derive(Debug, Default)]
pub struct Marks {
    heap: [Bits; Kind::COUNT],
    objects: [Bits; ObjectKind::ALL.len()],
    tasks: Bits,
    pending: Vec<Child<Value>>,
    /// Which registers are still needed, where; made when first asked for.
    liveness: Option<Liveness>,
    /// Things marked since the marks were cleared.
    count: u64,
    /// Slices until the next weighing.
    slices: usize,
}

/// Slices between two weighings of the scheduler, at least.
const WEIGHING: usize = 16;

impl Marks {
    /// Whether to weigh the scheduler at the end of this slice; the more channels there are to look at, the more rarely.
    pub(super) fn weighing_due(&mut self, channels: usize) -> bool {
        match self.slices.checked_sub(1) {
            Some(left) => {
                self.slices = left;
                false
            }
            None => {
                self.slices = WEIGHING + channels / 256;
                true
            }
        }
    }

    /// Whether what a value points at was reached; what is no handle always counts. A future knows its task by number, too.
    fn is_marked(&self, value: Value) -> bool {
        let tag = value.kind();
        match (Kind::of(tag), object_kind(tag)) {
            (Some(kind), _) => self.heap[kind as usize].get(value.slot()),
            (None, Some(kind)) => self.objects[kind as usize].get(value.slot()),
            (None, None) => true,
        }
    }

    /// Slices until the next weighing.
    pub(super) fn slices(&self) -> usize {
        self.slices
    }

    /// Sets the slices until the next weighing.
    pub(super) fn set_slices(&mut self, slices: usize) {
        self.slices = slices;
    }

    /// Forgets all marks.
    fn clear(&mut self) {
        self.heap.iter_mut().chain(&mut self.objects).for_each(Bits::clear);
        self.tasks.clear();
        self.pending.clear();
        self.count = 0;
    }

    /// Marks a value.
    #[inline]
    fn value(&mut self, value: Value) {
        // Scalars are the most common and have the lowest tags.
        if value.tag < Tag::I128 as u8 {
            return;
        }
        let tag = value.kind();
        if let Some(kind) = Kind::of(tag) {
            if self.heap[kind as usize].set(value.slot()) {
                self.count += 1;
                if !matches!(kind, Kind::Wide | Kind::String) {
                    self.pending.push(Child::Value(value));
                }
            }
        } else if tag.is_scheduler() {
            self.pending.push(Child::Value(value));
        }
    }

    /// Marks what an object or task refers to.
    fn child(&mut self, child: Child<Value>) {
        match child {
            Child::Value(value) => self.value(value),
            Child::Object(kind, slot) => self.object(kind, slot),
            Child::Task(slot) => self.task(slot),
        }
    }

    fn object(&mut self, kind: ObjectKind, slot: u32) {
        if self.objects[kind as usize].set(slot) {
            self.count += 1;
            self.pending.push(Child::Object(kind, slot));
        }
    }

    fn task(&mut self, slot: u32) {
        if self.tasks.set(slot) {
            self.count += 1;
            self.pending.push(Child::Task(slot));
        }
    }

    /// Marks everything that is reached from what is marked.
    fn drain(&mut self, heap: &Heap, sched: &Sched) {
        while let Some(next) = self.pending.pop() {
            match next {
                Child::Value(value) => self.look_through(heap, sched, value),
                Child::Object(kind, slot) => sched.children(kind, slot, |child| self.child(child)),
                // The future of an ended task keeps its result. One that still lives is a root by itself, or was left out on purpose.
                Child::Task(slot) => {
                    if sched.task(slot).state == scheduler::State::Ended {
                        self.value(sched.task(slot).value);
                    }
                }
            }
        }
    }

    /// Marks what a value refers to. A handle that points nowhere (a register's left-over) refers to nothing.
    fn look_through(&mut self, heap: &Heap, sched: &Sched, value: Value) {
        let tag = value.kind();
        if let Some(kind) = object_kind(tag) {
            return self.object(kind, value.slot());
        }
        if tag == Tag::Future {
            let handle = Handle::unpack(value.payload);
            if sched.has_task(handle) {
                self.task(handle.slot);
            }
            return;
        }
        heap.children(value, |child| self.value(child));
    }

    /// Marks what a task itself holds: live registers, thread-locals, values in flight.
    fn registers(&mut self, code: &Code, sched: &Sched, slot: u32) {
        let liveness = self.liveness.take().unwrap_or_else(|| Liveness::new(code));
        let body = &sched.task(slot).body;
        for frame in Frames::of(code, body) {
            // A frame that waits for a call has given away the call's window and will be given its result.
            let live = if frame.calling {
                liveness.words_after(code, frame.pc)
            } else {
                liveness.words_before(code, frame.pc)
            };
            for (index, &word) in live.iter().enumerate() {
                let mut word = word;
                while word != 0 {
                    let register = index * 64 + word.trailing_zeros() as usize;
                    word &= word - 1;
                    if let Some(&value) = body.stack.get(frame.base + register) {
                        self.value(value);
                    }
                }
            }
        }
        self.liveness = Some(liveness);
        for &value in body.thread_locals.iter().flat_map(|values| values.iter()) {
            self.value(value);
        }
        self.value(body.raising);
        if let Some(origin) = &body.origin {
            self.value(origin.exception);
        }
        sched.in_flight(slot, |child| self.child(child));
    }
}

/// What a register that nothing reads any more holds after what it pointed at was freed: see [`forget_freed`].
pub const FORGOTTEN: Value = Value { tag: Tag::NoValue as u8, payload: 1 };

/// After a collection: takes the handles of freed objects out of registers that no instruction reads any more. The program cannot
/// notice; a debugger, which shows such variables as long as they are in scope, would show whatever gets the slot next.
pub(super) fn forget_freed(sched: &mut Sched, code: &Code, marks: &mut Marks) {
    let liveness = marks.liveness.take().unwrap_or_else(|| Liveness::new(code));
    let slots: Vec<u32> = sched.live_tasks().map(|(slot, _)| slot).collect();
    let mut freed: Vec<usize> = Vec::new();
    for slot in slots {
        let body = &sched.task(slot).body;
        for frame in Frames::of(code, body) {
            let Some(function) = code.function_at(frame.pc) else { continue };
            // What lies above the window of a call belongs to the callee.
            let (live, registers) = if frame.calling {
                (liveness.words_after(code, frame.pc), code.instrs[frame.pc as usize].a / 2)
            } else {
                (liveness.words_before(code, frame.pc), code.functions[function as usize].registers)
            };
            for register in 0..registers as usize {
                let is_live = live.get(register / 64).is_some_and(|word| word >> (register % 64) & 1 != 0);
                let at = frame.base + register;
                if !is_live && body.stack.get(at).is_some_and(|&value| !marks.is_marked(value)) {
                    freed.push(at);
                }
            }
        }
        let body = &mut sched.task_mut(slot).body;
        for at in freed.drain(..) {
            body.stack[at] = FORGOTTEN;
        }
    }
    marks.liveness = Some(liveness);
}

/// A frame of a task that is not running.
pub(crate) struct Frame {
    /// The instruction to go on with; the call, for a frame that waits for one.
    pub(crate) pc: u32,
    /// Index of its register 0 in the stack.
    pub(crate) base: usize,
    /// Whether it waits for a call.
    pub(crate) calling: bool,
}

/// The frames of a task, innermost first.
pub(crate) struct Frames<'a> {
    code: &'a Code,
    body: &'a Body,
    next: Option<Frame>,
}

impl<'a> Frames<'a> {
    pub(crate) fn of(code: &'a Code, body: &'a Body) -> Frames<'a> {
        Frames { code, body, next: Some(Frame { pc: body.pc, base: body.base as usize, calling: false }) }
    }
}

impl Iterator for Frames<'_> {
    type Item = Frame;

    fn next(&mut self) -> Option<Frame> {
        let frame = self.next.take()?;
        let address = frame.base.checked_sub(1).and_then(|below| self.body.stack.get(below));
        if let Some(address) = address.filter(|address| address.is(Tag::Return))
            && let Ok(pc) = u32::try_from(address.payload.wrapping_sub(1))
            && let Some(call) = self.code.instrs.get(pc as usize)
            && let Some(base) = frame.base.checked_sub(1 + call.a as usize / 2)
        {
            self.next = Some(Frame { pc, base, calling: true });
        }
        Some(frame)
    }
}

/// Values that live as long as the program.
#[derive(Clone, Copy, Debug)]
pub struct Roots<'a> {
    /// The globals.
    pub globals: &'a [Value],
    /// The constant pool.
    pub constants: &'a [Value],
}

/// What a collection did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Collected {
    /// Objects that are left, the scheduler's included.
    pub live: usize,
    /// Objects freed, the scheduler's included.
    pub freed: usize,
}

/// Frees everything that no task and no global can reach. The running task's registers must stand in its body.
pub fn collect(heap: &mut Heap, sched: &mut Sched, code: &Code, roots: Roots<'_>, marks: &mut Marks) -> Collected {
    marks.clear();
    for &value in roots.constants.iter().chain(roots.globals) {
        marks.value(value);
    }
    let mut stacks = 0;
    for (slot, task) in sched.live_tasks() {
        stacks += task.body.stack.capacity() * size_of::<Value>();
        marks.registers(code, sched, slot);
        marks.drain(heap, sched);
    }
    marks.drain(heap, sched);
    let mut freed = 0;
    for kind in ObjectKind::ALL {
        let keep = &marks.objects[kind as usize];
        freed += sched.sweep(kind, |slot| keep.get(slot));
    }
    freed += sched.sweep_tasks(|slot| marks.tasks.get(slot));
    let outside = sched.bytes() + stacks;
    freed += heap.sweep(&marks.heap, outside);
    let live = heap.objects() + ObjectKind::ALL.iter().map(|&kind| sched.count(kind)).sum::<usize>();
    Collected { live, freed }
}

/// Reachability for the detection of stuck tasks.
pub struct Marker<'a> {
    heap: &'a Heap,
    code: &'a Code,
    globals: &'a [Value],
    marks: &'a mut Marks,
}

impl<'a> Marker<'a> {
    /// A marker without marks. Constants need not be marked: they lead to no object of the scheduler.
    pub fn new(heap: &'a Heap, code: &'a Code, globals: &'a [Value], marks: &'a mut Marks) -> Self {
        marks.clear();
        Marker { heap, code, globals, marks }
    }
}

impl Reach<Value, Body> for Marker<'_> {
    fn begin(&mut self, scheduler: &Scheduler<Value, Body>, globals: bool) {
        self.marks.clear();
        if globals {
            for &value in self.globals {
                self.marks.value(value);
            }
            self.marks.drain(self.heap, scheduler);
        }
    }

    fn add_task(&mut self, scheduler: &Scheduler<Value, Body>, slot: u32) {
        self.marks.registers(self.code, scheduler, slot);
        self.marks.drain(self.heap, scheduler);
    }

    fn reached(&self, kind: ObjectKind, slot: u32) -> bool {
        self.marks.objects[kind as usize].get(slot)
    }

    fn reached_task(&self, slot: u32) -> bool {
        self.marks.tasks.get(slot)
    }

    fn cost(&self) -> u64 {
        self.marks.count
    }

    fn stack(&self, scheduler: &Scheduler<Value, Body>, slot: u32) -> Vec<Site> {
        let frames = evidence::stack(self.code, &scheduler.task(slot).body);
        evidence::visible(self.code, frames).into_iter().map(|frame| frame.site).collect()
    }
}
