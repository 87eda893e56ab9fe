//! The text form of a run: one line an event, the same for the same run on every machine and in every build.
//!
//! What a line says of `object` and `arg` comes from the [`Field`] descriptors of the event table alone, so that a new
//! kind needs nothing here.

use crate::event::{EndStatus, Field, ObjectId, TaskId};
use crate::events::Event;
use crate::store::Store;
use std::fmt::Write;
use std::io;
use std::ops::Range;

/// Writes the events of a range of ordinals (`0..store.len()` for all), each as a line.
pub fn dump(store: &Store, range: Range<u64>, out: &mut dyn io::Write) -> io::Result<()> {
    let mut text = String::new();
    for event in store.events(range) {
        text.clear();
        line(store, &event, &mut text);
        text.push('\n');
        out.write_all(text.as_bytes())?;
    }
    Ok(())
}

/// A hash over the lines of all events that is the same on every machine and in every build (FNV-1a, 64 bits).
pub fn dump_hash(store: &Store) -> u64 {
    let mut hash = Fnv(0xcbf2_9ce4_8422_2325);
    // Writing to a hash cannot fail.
    let _ = dump(store, 0..store.len(), &mut hash);
    hash.0
}

struct Fnv(u64);

impl io::Write for Fnv {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        for &byte in bytes {
            self.0 = (self.0 ^ byte as u64).wrapping_mul(0x0000_0100_0000_01b3);
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Appends the line of an event, without its end:
/// `    12    1204000 ns  worker#1        chan.send           jobs → woke worker#2  at pool.vex:12:5`.
pub fn line(store: &Store, event: &Event, out: &mut String) {
    let time = store.time_of_clock(event.clock);
    let name = store.task_name(event.task);
    // Writing to a string cannot fail.
    let _ = write!(out, "{:>6} {time:>12} ns  {name:<14}  {:<20}", event.ordinal, event.kind.name());
    details(store, event, out);
    if event.blocked {
        out.push_str(" blocked");
    }
    if store.program().place(event.site).is_some() {
        let _ = write!(out, "  at {}", store.program().locate(event.site));
    }
    out.truncate(out.trim_end().len());
}

/// Appends what an event is about, each part with a blank before it: ` jobs → woke worker#2`.
pub fn details(store: &Store, event: &Event, out: &mut String) {
    field(store, event.kind.object_field(), event.object, event, out);
    field(store, event.kind.arg_field(), event.arg, event, out);
}

fn field(store: &Store, field: Field, value: u32, event: &Event, out: &mut String) {
    let _ = match field {
        Field::None | Field::High64 | Field::TextLen => Ok(()),
        Field::Task | Field::Woken | Field::Object if value == 0 => Ok(()),
        Field::Task => write!(out, " {}", store.task_name(TaskId(value))),
        Field::Woken => write!(out, " → woke {}", store.task_name(TaskId(value))),
        Field::Object => write!(out, " {}", store.object_name(ObjectId(value))),
        Field::Function => match store.program().functions.get(value as usize) {
            Some(function) => write!(out, " fn {}", function.name),
            None => write!(out, " fn ?"),
        },
        Field::Count(name) => write!(out, " {name}={value}"),
        Field::Signed(name) => write!(out, " {name}={}", value as i32),
        Field::Status => write!(out, " {}", status(value)),
        Field::TextAt => {
            out.push(' ');
            quote(event.text, out);
            Ok(())
        }
        Field::Low64(name) => write!(out, " {name}={}", event.wide()),
    };
}

/// How a task ended, by the argument of its last event: `done`.
pub(crate) fn status(value: u32) -> &'static str {
    match value {
        v if v == EndStatus::Done as u32 => "done",
        v if v == EndStatus::Panicked as u32 => "panicked",
        v if v == EndStatus::Cancelled as u32 => "cancelled",
        _ => "?",
    }
}

/// Appends text in quotes on one line: `\n`, `\t`, `\"`, `\\`, and `\u{..}` for other control characters.
pub fn quote(text: &str, out: &mut String) {
    out.push('"');
    for character in text.chars() {
        match character {
            '\n' => out.push_str("\\n"),
            '\t' => out.push_str("\\t"),
            '\r' => out.push_str("\\r"),
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            c if c.is_control() => out.extend(c.escape_unicode()),
            c => out.push(c),
        }
    }
    out.push('"');
}
