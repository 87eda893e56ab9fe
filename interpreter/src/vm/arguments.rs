//! Arguments meet parameters: calls of function values, where only the run says which function it is.
//!
//! The window of a call gets captures first, then one value for each parameter. The usual case is that the arguments fit as they stand.
//! Otherwise they are matched: a function value may hold leading arguments (a bound method), the last parameters may be optional (unset
//! where nothing is given), the very last may take what remains as a list, and arguments may come by name.

use super::dynamic;
use super::engine::Engine;
use super::fault::Fault;
use super::machine::{Entry, Machine};
use crate::dynamic::ErrorKind;
use crate::value::{Tag, Value};

/// A function value, taken apart.
pub(super) struct Callee {
    /// The function's number.
    pub function: u32,
    /// What a call needs to know of it.
    pub entry: Entry,
    /// Captured variables, then leading arguments.
    pub held: Vec<Value>,
}

impl<E: Engine> Machine<E> {
    /// The function behind a value that is called.
    pub(super) fn callee(&self, callee: Value) -> Result<Callee, Fault> {
        let (function, held) = match callee.kind() {
            Tag::Function => (callee.slot(), &[][..]),
            Tag::Closure => self.heap.function_of(callee)?,
            _ => {
                let name = super::dynamic::type_name(&self.code, &self.heap, callee);
                return Err(Fault::error(ErrorKind::Type, format!("a value of type {name} is no function")));
            }
        };
        let entry = *self.entries.get(function as usize).ok_or_else(|| Fault::panic("call of an unknown function"))?;
        if held.len() < entry.captures as usize {
            return Err(Fault::panic("internal: a closure misses captured variables"));
        }
        Ok(Callee { function, entry, held: held.to_vec() })
    }

    /// Makes the window of a call of a function value: captures first, then a value for each parameter. `args` values stand after
    /// `window`; the last of them are given by name, as the list of names number `names - 1` says (0: none is). The running task is
    /// saved; the stack may move.
    pub(super) fn prepare_call(
        &mut self,
        slot: u32,
        callee: Value,
        window: u16,
        args: u8,
        names: u16,
    ) -> Result<Entry, Fault> {
        let callee = self.callee(callee)?;
        let entry = callee.entry;
        let count = args as usize;
        if names == 0 && !entry.flexible && callee.held.len() + count == (entry.captures + entry.params) as usize {
            if callee.held.is_empty() {
                return Ok(entry);
            }
            self.grow_for(slot, window, entry)?;
            let body = self.body(slot);
            let first = body.base as usize + window as usize + 1;
            body.stack.copy_within(first..first + count, first + callee.held.len());
            body.stack[first..first + callee.held.len()].copy_from_slice(&callee.held);
            return Ok(entry);
        }
        let body = self.body(slot);
        let first = body.base as usize + window as usize + 1;
        let given = body.stack[first..first + count].to_vec();
        let values = self.matched(&callee, &given, names)?;
        self.grow_for(slot, window, entry)?;
        let body = self.body(slot);
        body.stack[first..first + values.len()].copy_from_slice(&values);
        Ok(entry)
    }

    /// Captures and a value for each parameter, of what a call gives.
    pub(super) fn matched(&mut self, callee: &Callee, given: &[Value], names: u16) -> Result<Vec<Value>, Fault> {
        let (captures, params) = (callee.entry.captures as usize, callee.entry.params as usize);
        let mut values = callee.held.clone();
        let code = self.code.clone();
        let Some(function) = code.functions.get(callee.function as usize) else {
            return Err(Fault::panic("call of an unknown function"));
        };
        let names: &[String] = match usize::from(names).checked_sub(1) {
            Some(list) => code.argument_names.get(list).map_or(&[], |names| names),
            None => &[],
        };
        let (positional, named) = given.split_at(given.len().saturating_sub(names.len()));
        values.extend_from_slice(positional);
        let plain = params - usize::from(function.rest);
        let wrong = |what: String| Err(Fault::error(ErrorKind::Type, format!("{}() {what}", function.name)));
        let count = values.len() - captures;
        let required = plain - usize::from(function.optional).min(plain);
        if count > plain && !function.rest {
            let takes = if required == plain { plain.to_string() } else { format!("{required} to {plain}") };
            let s = if plain == 1 { "" } else { "s" };
            let were = if count == 1 { "was" } else { "were" };
            return wrong(format!("takes {takes} argument{s}, but {count} {were} given"));
        }
        let remaining = if count > plain { values.split_off(captures + plain) } else { Vec::new() };
        values.resize(captures + plain, Value::NONE);
        for (name, &value) in names.iter().zip(named) {
            match function.parameters.iter().take(plain).position(|parameter| parameter == name) {
                Some(at) if values[captures + at].is(Tag::NoValue) => values[captures + at] = value,
                Some(_) => return wrong(format!("got two values for its parameter {name}")),
                None => return wrong(format!("has no parameter {name}")),
            }
        }
        let missing: Vec<&str> = (0..required)
            .filter(|&at| values[captures + at].is(Tag::NoValue))
            .filter_map(|at| function.parameters.get(at).map(String::as_str))
            .collect();
        if !missing.is_empty() {
            let s = if missing.len() == 1 { "" } else { "s" };
            return wrong(format!("misses its argument{s} {}", missing.join(", ")));
        }
        if function.rest {
            values.push(self.heap.list(remaining)?);
        }
        Ok(values)
    }

    /// The elements of a sequence of exactly so many.
    #[inline(never)]
    pub(super) fn unpacked(&mut self, sequence: Value, count: u8) -> Result<Vec<Value>, Fault> {
        let mut values = std::mem::take(&mut self.arguments);
        values.clear();
        if sequence.is(Tag::Tuple) {
            values.extend_from_slice(self.heap.record_of(sequence)?.fields());
        } else {
            let mut position = 0;
            // One more than fits tells that there are too many.
            while values.len() <= count as usize
                && let Some((next, value)) = dynamic::iterate(&mut self.heap, sequence, position)?
            {
                values.push(value);
                position = next;
            }
        }
        let found = values.len();
        if found == count as usize {
            return Ok(values);
        }
        self.arguments = values;
        let more = if found > count as usize { "too many values".to_string() } else { format!("only {found}") };
        Err(Fault::error(ErrorKind::Value, format!("expected {count} values to unpack, got {more}")))
    }

    /// Makes sure that the frame of a callee after the window fits.
    fn grow_for(&mut self, slot: u32, window: u16, entry: Entry) -> Result<(), Fault> {
        let extra = window as usize + 1 + entry.registers as usize;
        let body = self.body(slot);
        if body.stack.len() < body.base as usize + extra {
            self.grow_stack(slot, extra)?;
        }
        Ok(())
    }
}
