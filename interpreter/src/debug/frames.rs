//! The frames of a task that stands: where each is, and which variables it has there.
//!
//! People see the same frames as in the stack of a panic: those of the prelude (and of generated drop functions) are left out,
//! unless there are no others. Frames are numbered among the visible ones, from 0, the innermost.

use super::view::View;
use crate::bytecode::Code;
use crate::bytecode::program::{FunctionCode, LocalCode};
use crate::vm::mark::Frames;
use crate::vm::task::Body;
use tracer::event::Site;
use tracer::inspect::FrameView;

/// A frame of a task.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Frame {
    /// Its function.
    pub function: u32,
    /// The instruction to go on with; of a frame that waits for a call, that call.
    pub pc: u32,
    /// Its register 0, as an index into the task's stack.
    pub base: u32,
    /// Whether it waits for a call.
    pub calling: bool,
}

/// All frames of a task, the innermost first.
pub fn all<'a>(code: &'a Code, body: &'a Body) -> impl Iterator<Item = Frame> + 'a {
    Frames::of(code, body).filter_map(|frame| {
        let function = code.function_at(frame.pc)?;
        Some(Frame { function, pc: frame.pc, base: frame.base as u32, calling: frame.calling })
    })
}

/// The frames that people see, the innermost first; one at a time, for a stack may be very deep.
pub fn visible<'a>(code: &'a Code, body: &'a Body) -> impl Iterator<Item = Frame> + 'a {
    let hidden = |frame: &Frame| code.functions[frame.function as usize].prelude;
    let only_hidden = all(code, body).all(|frame| hidden(&frame));
    all(code, body).filter(move |frame| only_hidden || !hidden(frame))
}

/// A visible frame by its number.
pub fn nth(code: &Code, body: &Body, index: usize) -> Option<Frame> {
    visible(code, body).nth(index)
}

/// The visible frames as a user sees them: at most so many, the innermost first.
pub fn views(view: &View<'_>, slot: u32, most: usize) -> Vec<FrameView> {
    let Some(task) = view.live(slot) else { return Vec::new() };
    let frames = visible(view.code, &task.body).take(most).enumerate();
    frames
        .map(|(index, frame)| FrameView {
            index,
            function: function_name(view, frame.function),
            place: view.program.locate(Site(frame.pc)),
            site: Site(frame.pc),
        })
        .collect()
}

/// What people call a function.
pub fn function_name(view: &View<'_>, function: u32) -> String {
    view.program.functions.get(function as usize).map_or_else(
        || view.code.functions.get(function as usize).map_or("?".into(), |f| f.name.clone()),
        |f| f.name.clone(),
    )
}

/// A local that has its register at the frame's instruction.
#[derive(Clone, Copy, Debug)]
pub struct Local<'a> {
    /// The declaration.
    pub code: &'a LocalCode,
    /// Index of its register in the task's stack.
    pub at: usize,
    /// Whether an inner variable of the same name hides it.
    pub shadowed: bool,
}

/// The locals of a frame in order of declaration, captured variables and parameters first.
pub fn locals<'a>(code: &'a Code, frame: &Frame) -> Vec<Local<'a>> {
    let Some(function) = code.functions.get(frame.function as usize) else { return Vec::new() };
    let mut found = in_scope(function, frame.pc);
    // Registers are a stack: what is declared later, further inside or in the same scope, has the higher one.
    found.sort_by_key(|local| (local.register, local.from));
    let hidden = |at: usize, found: &[&LocalCode]| found[at + 1..].iter().any(|later| later.name == found[at].name);
    let shadowed: Vec<bool> = (0..found.len()).map(|at| hidden(at, &found)).collect();
    let place = |local: &LocalCode| frame.base as usize + local.register.0 as usize;
    found.iter().zip(shadowed).map(|(code, shadowed)| Local { code, at: place(code), shadowed }).collect()
}

/// The local that a name means in a frame.
pub fn local<'a>(code: &'a Code, frame: &Frame, name: &str) -> Option<Local<'a>> {
    locals(code, frame).into_iter().rfind(|local| local.code.name == name)
}

/// What is declared for this instruction, each variable once.
fn in_scope(function: &FunctionCode, pc: u32) -> Vec<&LocalCode> {
    let mut found: Vec<&LocalCode> = Vec::new();
    for local in function.locals.iter().filter(|local| local.from <= pc && pc < local.to) {
        // Alternatives of a pattern and code that stands several times declare the same variable again.
        if !found.iter().any(|other| other.register == local.register && other.name == local.name) {
            found.push(local);
        }
    }
    found
}
