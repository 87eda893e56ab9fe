//! Evaluating expressions of the program's language in a frame of a stopped run.
//!
//! An expression is read once ([`Compiled`]) and evaluated on run-time values. What it makes is made in a part of the heap that is given
//! back ([`crate::vm::heap::scratch`]), by the engine's own built-ins as far as these change nothing; nothing of the run can tell
//! that it was there. Where it calls functions of the program it is evaluated on a copy of the whole run instead ([`crate::vm::trial`]):
//! such a call must not do anything that others would notice, unless that is asked for; then it does so on the copy only.
//!
//! * [`expr`] expressions of any language; [`eval`] their values, with [`names`], [`methods`] and [`calls`];
//! * [`place`] places to set and to watch; [`set`] setting them; [`template`] text with expressions in it.

pub mod calls;
mod eval;
pub mod expr;
mod methods;
mod names;
pub mod place;
pub mod set;
pub mod template;

use super::request::Refused;
use super::values::{Detail, Teller};
use super::view::Stoppable;
use crate::value::{Tag, Value};
use crate::vex;
use crate::vm::machine::Machine;
use calls::{Host, OnCopy, OnRun};
use eval::Evaluator;
use expr::{Expr, ExprKind, Wrong};
use tracer::inspect::Variable;
use tracer::program::ProgramInfo;

/// Bytes that an evaluation may take.
const MEMORY: usize = 64 << 20;

/// The longest expression.
const LONGEST: usize = 10_000;

/// Where an expression is evaluated, and with what besides.
#[derive(Clone, Copy, Debug)]
pub struct Where<'a> {
    /// Slot of the task.
    pub slot: u32,
    /// Its visible frame, from 0, the innermost.
    pub frame: usize,
    /// Names that stand for values beside those of the frame.
    pub bound: &'a [(&'a str, Value)],
}

impl Where<'_> {
    /// A frame of a task.
    pub fn frame(slot: u32, frame: usize) -> Where<'static> {
        Where { slot, frame, bound: &[] }
    }
}

/// An expression that has been read.
#[derive(Clone, Debug)]
pub struct Compiled {
    text: String,
    expr: Expr,
}

impl Compiled {
    /// Reads an expression.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn new(text: &str) -> Result<Compiled, Refused> {
        if text.len() > LONGEST {
            return Err(Refused(format!("an expression has at most {LONGEST} bytes")));
        }
        // Every language reads into the same expressions; so far there is one.
        let expr = vex::inspect::expression(text).map_err(|wrong| refused(text, &wrong))?;
        Ok(Compiled { text: text.to_string(), expr })
    }

    /// As it was written.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Whether it holds.
    ///
    /// # Errors
    /// Why it has no truth value there.
    pub fn holds<E: Stoppable>(
        &self,
        machine: &mut Machine<E>,
        program: &ProgramInfo,
        at: Where<'_>,
    ) -> Result<bool, Refused> {
        self.with(machine, program, at, false, |evaluator, value| {
            let value = evaluator.contents(value)?;
            match value.kind() {
                Tag::Bool => Ok(value.truthy()),
                _ => Err(Wrong::new(0, format!("it is a {}, neither true nor false", evaluator.type_of(value)))),
            }
        })
    }

    /// Its value in words. With `effects` functions that it calls may do anything, on a copy of the run.
    ///
    /// # Errors
    /// Why it has none.
    pub fn evaluate<E: Stoppable>(
        &self,
        machine: &mut Machine<E>,
        program: &ProgramInfo,
        at: Where<'_>,
        effects: bool,
    ) -> Result<Variable, Refused> {
        self.with(machine, program, at, effects, |evaluator, value| {
            let ty = evaluator.static_type(&self.expr);
            let note = evaluator.note();
            let view = evaluator.view();
            let task = evaluator.task_number();
            let mut variable = Teller::new(view, task, Detail::VIEW).variable(self.text.trim(), &ty, value);
            if !note.is_empty() {
                let separator = if variable.note.is_empty() { "" } else { ", " };
                variable.note.push_str(&format!("{separator}{note}"));
            }
            Ok(variable)
        })
    }

    /// Its value as text, as the program would print it.
    ///
    /// # Errors
    /// Why it has none.
    pub fn text_of<E: Stoppable>(
        &self,
        machine: &mut Machine<E>,
        program: &ProgramInfo,
        at: Where<'_>,
    ) -> Result<String, Refused> {
        self.with(machine, program, at, false, |evaluator, value| {
            let contents = evaluator.contents(value)?;
            let view = evaluator.view();
            Ok(match contents.kind() {
                Tag::String => view.heap.str(contents).unwrap_or_default().chars().take(1000).collect(),
                Tag::Char => char::from_u32(contents.slot()).map_or(String::new(), String::from),
                _ => Teller::new(view, evaluator.task_number(), Detail::LINE).line(value),
            })
        })
    }

    /// Evaluates it and hands the value to `use_it` while it is there.
    fn with<E: Stoppable, R>(
        &self,
        machine: &mut Machine<E>,
        program: &ProgramInfo,
        at: Where<'_>,
        effects: bool,
        use_it: impl Fn(&mut Evaluator<'_>, Value) -> Result<R, Wrong>,
    ) -> Result<R, Refused> {
        let run = |host: &mut dyn Host| {
            let mut evaluator = Evaluator::new(host, program, at);
            let value = evaluator.value(&self.expr)?;
            use_it(&mut evaluator, value)
        };
        let scratch = machine.heap.begin_scratch(MEMORY);
        let result = run(&mut OnRun { machine });
        machine.heap.end_scratch(scratch);
        let result = match result {
            Err(wrong) if wrong.needs_copy => run(&mut OnCopy::of(machine, program, effects)),
            result => result,
        };
        result.map_err(|wrong| refused(&self.text, &wrong))
    }
}

/// Evaluates an expression in a frame of a task, in words.
///
/// # Errors
/// Why it has no value.
pub fn evaluate<E: Stoppable>(
    machine: &mut Machine<E>,
    program: &ProgramInfo,
    at: Where<'_>,
    text: &str,
    effects: bool,
) -> Result<Variable, Refused> {
    Compiled::new(text)?.evaluate(machine, program, at, effects)
}

/// A reason in words for the user.
fn refused(text: &str, wrong: &Wrong) -> Refused {
    // In a single word there is nothing to point at.
    let pointless = wrong.at == 0 || text.chars().all(|c| c.is_alphanumeric() || c == '_');
    if pointless { Refused(wrong.why.clone()) } else { Refused(format!("{} (at column {})", wrong.why, wrong.at)) }
}

/// Whether an expression is a name or a path of fields and elements.
fn is_path(expr: &Expr) -> bool {
    match &expr.kind {
        ExprKind::Name(_) => true,
        ExprKind::Field(base, _) | ExprKind::Index(base, _) | ExprKind::Deref(base) => is_path(base),
        _ => false,
    }
}
