//! Exceptions: where the program's language has them, a failure becomes one and goes to the handler that covers where it happened.
//!
//! A handler is found as clean-up code is: by the table of the function that each frame stands in. While an exception is on its way the
//! task's body holds it; `Catch` takes it, clean-up that only releases passes it on with `Unwind`. The stack of the place where it was
//! first raised is kept with it, so that one that nobody catches is reported there and not where it was raised again.

use super::dynamic;
use super::engine::Engine;
use super::evidence;
use super::fault::Fault;
use super::machine::{Machine, Stop};
use super::task::Body;
use crate::dynamic::ErrorKind;
use crate::value::{Tag, Value};
use scheduler::Runtime;
use tracer::finding::{Frame, Verdict};

/// Where the exception that a task raised last came from.
#[derive(Clone, Debug)]
pub struct Origin {
    /// The exception.
    pub exception: Value,
    /// The calls that led to it, innermost first.
    pub frames: Vec<Frame>,
}

impl<E: Engine> Machine<E> {
    /// The running task, which is saved, failed: leaves for the dispatch loop what is to be done about it.
    #[cold]
    #[inline(never)]
    pub(super) fn fail(&mut self, slot: u32, fault: Fault) {
        self.stop_due = self.raise(slot, fault);
        self.failed = true;
    }

    /// Sends the failed task, which stands at the instruction that failed, to its handler. Where there is none, or the failure cannot be
    /// caught, the task has failed.
    fn raise(&mut self, slot: u32, fault: Fault) -> Option<Stop> {
        let Some(exception) = self.exception(&fault) else { return Some(Stop::Fault(slot, fault)) };
        let body = self.body(slot);
        let again = body.origin.as_ref().is_some_and(|origin| origin.exception == exception);
        if !again {
            let frames = evidence::stack(&self.code, &self.sched.task(slot).body);
            self.body(slot).origin = Some(Box::new(Origin { exception, frames }));
        }
        let body = self.body(slot);
        body.raising = exception;
        let (pc, base) = (body.pc, body.base);
        if self.land(slot, pc, base) {
            return None;
        }
        self.body(slot).raising = Value::NONE;
        Some(Stop::Fault(slot, Fault::Raised(exception)))
    }

    /// The exception that a failure is; `None` for one that cannot be caught.
    fn exception(&mut self, fault: &Fault) -> Option<Value> {
        let dynamic = self.code.dynamic.as_ref()?;
        let (kind, message) = match fault {
            Fault::Raised(exception) => return Some(*exception),
            Fault::Error(kind, message) => (*kind, message.as_str()),
            Fault::Assert(message) => (ErrorKind::Assertion, message.as_str()),
            Fault::Panic(_) | Fault::Exit(_) => return None,
        };
        let class = dynamic.class_of(kind)?.0;
        let mut fields = vec![Value::NONE; self.code.structs.get(class as usize)?.fields.len()];
        // Where not even the message fits, the program is out of memory, and that is not to be caught.
        *fields.first_mut()? = self.heap.string(message).ok()?;
        Some(self.heap.structure(class, &fields))
    }

    /// What is to be said of an exception that nobody caught.
    pub(super) fn uncaught(&self, exception: Value) -> (Verdict, String) {
        let class = self.heap.with_record(exception, |record| record.ty).ok();
        let name =
            class.and_then(|class| self.code.structs.get(class as usize)).map_or("exception", |class| &class.name);
        let message = match self.heap.field(exception, 0) {
            Ok(message) if message.is(Tag::String) => self.heap.str(message).unwrap_or_default().to_string(),
            Ok(message) if message.is(Tag::Unit) || message.is(Tag::NoValue) => String::new(),
            Ok(message) => dynamic::plain_text(&self.heap, &self.code, message),
            Err(_) => String::new(),
        };
        let text = if message.is_empty() { name.to_string() } else { format!("{name}: {message}") };
        let assertion = self.code.dynamic.as_ref().and_then(|dynamic| {
            let base = dynamic.class_of(ErrorKind::Assertion)?;
            Some(dynamic.derives(crate::types::StructId(class?), base))
        });
        (if assertion == Some(true) { Verdict::Assert } else { Verdict::Panic }, text)
    }
}

/// The calls that led to the failure of a task: where an exception was first raised, or where the task stands.
pub(super) fn failed_at(body: &Body, fault: &Fault) -> Option<Vec<Frame>> {
    let origin = body.origin.as_ref()?;
    matches!(fault, Fault::Raised(exception) if *exception == origin.exception).then(|| origin.frames.clone())
}
