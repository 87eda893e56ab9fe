//! How tasks, objects, places and durations are worded, in one place: views, dumps and reports all ask here.

use crate::event::Site;
use crate::finding::{ObjectKind, TaskRef};
use crate::program::ProgramInfo;
use std::fmt::Write;

/// The name of the how-many-th task (from 1) of a function: `worker#3`; the program's first task is simply `main`.
pub fn task_name(program: &ProgramInfo, function: u32, nth: u32) -> String {
    match program.functions.get(function as usize) {
        Some(info) if info.name == "main" && nth <= 1 => "main".to_string(),
        Some(info) => format!("{}#{nth}", info.name),
        None => format!("task#{nth}"),
    }
}

/// The name of a task of a finding.
pub fn task_ref_name(program: &ProgramInfo, task: &TaskRef) -> String {
    task_name(program, task.function, task.nth)
}

/// The name of an object: what the program calls it (`jobs`), with a number where its site made several (`fork#2`); the
/// kind and the place where the program gives no name (`channel@12:5`).
pub fn object_name(program: &ProgramInfo, kind: ObjectKind, made_at: Site, nth: u32, several: bool) -> String {
    let mut name = match (program.object_name(made_at), program.place(made_at)) {
        (Some(name), _) => name.to_string(),
        (None, Some(place)) => format!("{}@{}:{}", kind.name(), place.line, place.column),
        (None, None) => format!("{}@?", kind.name()),
    };
    if several || nth > 1 {
        let _ = write!(name, "#{nth}");
    }
    name
}

/// A duration with three significant digits and its unit: `0 ns`, `312 ns`, `4.20 µs`, `1.20 ms`, `2.50 s`, `1 min 30 s`.
pub fn duration(nanoseconds: u64) -> String {
    let (unit, scale) = match nanoseconds {
        0..1_000 => return format!("{nanoseconds} ns"),
        1_000..1_000_000 => ("µs", 1e3),
        1_000_000..1_000_000_000 => ("ms", 1e6),
        1_000_000_000..60_000_000_000 => ("s", 1e9),
        _ => {
            let seconds = nanoseconds / 1_000_000_000;
            return format!("{} min {} s", seconds / 60, seconds % 60);
        }
    };
    let value = nanoseconds as f64 / scale;
    let decimals = match value {
        ..9.995 => 2,
        ..99.95 => 1,
        _ => 0,
    };
    format!("{value:.decimals$} {unit}")
}

/// A count with its thousands set apart, as in `10 200`.
pub fn count(number: u64) -> String {
    let digits = number.to_string();
    let mut out = String::with_capacity(digits.len() + digits.len() / 3);
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            out.push(' ');
        }
        out.push(digit);
    }
    out
}
