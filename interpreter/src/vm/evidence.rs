//! Evidence for findings: stacks of tasks, and the finding of a task that failed.

use super::engine::Engine;
use super::fault::Fault;
use super::heap::Heap;
use super::machine::Machine;
use super::mark::Frames;
use super::raise;
use super::task::Body;
use crate::bytecode::Code;
use crate::core::RuntimeType;
use crate::dynamic::ErrorKind;
use crate::types::{EnumId, StructId};
use crate::value::{Tag, Value};
use scheduler::Runtime;
use tracer::event::{Kind, Site};
use tracer::finding::{Finding, Frame, Verdict};
use tracer::record::Tracer;

/// Most frames that a finding carries: the innermost and the outermost half.
const MAX_FRAMES: usize = 64;

/// The kind of a value that methods are found by.
pub fn runtime_type(heap: &Heap, value: Value) -> RuntimeType {
    match value.kind() {
        Tag::Struct => heap
            .with_record(value, |record| record.ty)
            .map_or(RuntimeType::Other, |ty| RuntimeType::Struct(StructId(ty))),
        Tag::Variant | Tag::Variant0 => {
            heap.variant_of(value).map_or(RuntimeType::Other, |(kind, _)| RuntimeType::Enum(EnumId(kind)))
        }
        Tag::Unit => RuntimeType::Unit,
        Tag::Bool => RuntimeType::Bool,
        Tag::Char => RuntimeType::Char,
        Tag::F32 => RuntimeType::Float32,
        Tag::F64 => RuntimeType::Float,
        Tag::Duration => RuntimeType::Duration,
        Tag::Time => RuntimeType::Time,
        Tag::Function | Tag::Closure => RuntimeType::Function,
        Tag::String => RuntimeType::String,
        Tag::List => RuntimeType::List,
        Tag::Map => RuntimeType::Map,
        Tag::Set => RuntimeType::Set,
        Tag::Tuple => RuntimeType::Tuple,
        Tag::Box => RuntimeType::Box,
        tag => tag.int_kind().map_or(RuntimeType::Other, RuntimeType::Int),
    }
}

/// The stack of a task that is not running, innermost call first. Each frame's site is where it stands: the instruction
/// to go on with, and the calls that led there.
pub fn stack(code: &Code, body: &Body) -> Vec<Frame> {
    let frames = Frames::of(code, body);
    frames.filter_map(|frame| Some(Frame { function: code.function_at(frame.pc)?, site: Site(frame.pc) })).collect()
}

/// The frames of a task that is not running that people want to see, innermost call first: without the prelude's, unless there are
/// no others.
pub fn visible_into(code: &Code, body: &Body, out: &mut Vec<Frame>) {
    let frames = || Frames::of(code, body).filter_map(|frame| Some((code.function_at(frame.pc)?, Site(frame.pc))));
    let of_user = |function: u32| code.functions.get(function as usize).is_some_and(|function| !function.prelude);
    out.extend(frames().filter(|&(function, _)| of_user(function)).map(|(function, site)| Frame { function, site }));
    if out.is_empty() {
        out.extend(frames().map(|(function, site)| Frame { function, site }));
    }
}

/// The frames that people want to see: without the prelude's, unless there are no others, and not more than fit.
pub fn visible(code: &Code, frames: Vec<Frame>) -> Vec<Frame> {
    let user: Vec<Frame> =
        frames.iter().copied().filter(|frame| !code.functions[frame.function as usize].prelude).collect();
    let mut shown = if user.is_empty() { frames } else { user };
    if shown.len() > MAX_FRAMES {
        shown.drain(MAX_FRAMES / 2..shown.len() - MAX_FRAMES / 2);
    }
    shown
}

impl<E: Engine> Machine<E> {
    /// The finding of a task that panicked or failed an assertion; it is recorded as an event.
    pub(super) fn failure(&mut self, slot: u32, fault: &Fault) -> Option<Finding> {
        let (verdict, message) = match fault {
            Fault::Panic(message) => (Verdict::Panic, message.clone()),
            Fault::Assert(message) => (Verdict::Assert, message.clone()),
            Fault::Error(ErrorKind::Assertion, message) => (Verdict::Assert, message.clone()),
            Fault::Error(_, message) => (Verdict::Panic, message.clone()),
            Fault::Raised(exception) => self.uncaught(*exception),
            Fault::Exit(_) => return None,
        };
        let task = self.sched.task(slot);
        let frames = raise::failed_at(&task.body, fault).unwrap_or_else(|| stack(&self.code, &task.body));
        let frames = visible(&self.code, frames);
        // The event stands where the user's code does, not inside a prelude function that it called.
        let site = frames.first().map_or(task.body.pc, |frame| frame.site.0);
        let culprit = task.evidence();
        let clock = self.sched.stamp(self.clock);
        self.tr.text(Kind::Panic, site, clock, &message);
        Some(Finding {
            verdict,
            message,
            culprit: Some(culprit),
            stack: frames,
            tasks: Vec::new(),
            cycle: Vec::new(),
            clock,
            event: self.tr.last(),
            race: None,
        })
    }
}
