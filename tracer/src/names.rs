//! How tasks, objects, places and durations are worded, in one place: views, dumps and reports all ask here.

use crate::event::Site;
use crate::finding::{ObjectKind, TaskRef, WaitReason};
use crate::program::ProgramInfo;
use std::fmt::Write;

/// The name of the how-many-th task (from 1) of a function: `worker#3`; the program's first task is simply `main`.
pub fn task_name(program: &ProgramInfo, function: u32, nth: u32) -> String {
    match program.functions.get(function as usize) {
        Some(info) if info.name == "main" && nth <= 1 => "main".to_string(),
        Some(info) => format!("{}#{nth}", info.name),
        // The recording does not say which function, or the program is not at hand.
        None if function == u32::MAX => format!("task#{nth}"),
        None => format!("fn{function}#{nth}"),
    }
}

/// The name of a task of a finding.
pub fn task_ref_name(program: &ProgramInfo, task: &TaskRef) -> String {
    task_name(program, task.function, task.nth)
}

/// The name of an object: what the program calls it (`jobs`), with a number from 1 where its site made several (`ch#2`; elements of
/// a list literal have their index in the name already: `fork[0]`);
/// the kind and the place where the program gives no name (`channel@12:5`).
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

/// What a task in a wait does: `waits to receive from jobs`, `waits to lock fork[2]`.
pub fn wait_phrase(reason: WaitReason, on: &str) -> String {
    match reason {
        WaitReason::Send => format!("waits to send to {on}"),
        WaitReason::Recv => format!("waits to receive from {on}"),
        WaitReason::Select if on.is_empty() => "waits for ever in an empty select".to_string(),
        WaitReason::Select => format!("waits in a select for {on}"),
        WaitReason::Lock => format!("waits to lock {on}"),
        WaitReason::ReadLock => format!("waits to read {on}"),
        WaitReason::WriteLock => format!("waits to write {on}"),
        WaitReason::Await => format!("waits for the result of {on}"),
        WaitReason::WaitGroup => format!("waits for {}", after_kind("wait group", on)),
        WaitReason::Once => format!("waits for the first caller of {}", after_kind("once", on)),
        WaitReason::Barrier => format!("waits at {}", after_kind("barrier", on)),
        WaitReason::Semaphore => format!("waits for a permit of {on}"),
        WaitReason::Sleep => "sleeps".to_string(),
        WaitReason::Io => "waits in a C call or an I/O operation".to_string(),
    }
}

/// `barrier start`; just the name where that says the kind already.
fn after_kind(kind: &str, name: &str) -> String {
    if name.starts_with(kind) { name.to_string() } else { format!("{kind} {name}") }
}

/// What nobody is left to do for a task in such a wait: `no live task can send to it`.
pub fn missing_phrase(reason: WaitReason) -> &'static str {
    match reason {
        WaitReason::Send => "no live task can receive from it",
        WaitReason::Recv => "no live task can send to it",
        WaitReason::Select => "no live task can make any of its arms ready",
        WaitReason::Lock | WaitReason::ReadLock | WaitReason::WriteLock => "no live task can unlock it",
        WaitReason::Await => "that task can never end",
        WaitReason::WaitGroup => "no live task can count it down",
        WaitReason::Once => "no live task can finish it",
        WaitReason::Barrier => "no live task can arrive at it",
        WaitReason::Semaphore => "no live task can release one",
        WaitReason::Sleep | WaitReason::Io => "nothing can wake it",
    }
}

/// What the missing partner of such a wait is called: `sender`.
pub fn partner_word(reason: WaitReason) -> &'static str {
    match reason {
        WaitReason::Send => "receiver",
        WaitReason::Recv => "sender",
        WaitReason::Lock | WaitReason::ReadLock | WaitReason::WriteLock | WaitReason::Semaphore => "holder",
        _ => "partner",
    }
}

/// Names in a row: `a`, `a and b`, `a, b and c`.
pub fn list(names: &[String]) -> String {
    match names {
        [] => String::new(),
        [one] => one.clone(),
        [before @ .., last] => format!("{} and {last}", before.join(", ")),
    }
}

/// Names to choose from: `a`, `a or b`, `a, b or c`.
pub fn either(names: &[String]) -> String {
    match names {
        [before @ .., last] if !before.is_empty() => format!("{} or {last}", before.join(", ")),
        _ => names.concat(),
    }
}

/// The ends of a long row: `a, b and c`, but `a … e` for more than three.
pub fn span(names: &[String]) -> String {
    match names {
        [first, _, _, .., last] => format!("{first} … {last}"),
        _ => list(names),
    }
}

/// A duration with three significant digits and its unit: `0 ns`, `312 ns`, `4.20 µs`, `1.20 ms`, `2.50 s`, `1 min 30 s`.
pub fn duration(nanoseconds: u64) -> String {
    // The bounds are where rounding to three digits reaches the next unit: there is no `1000 µs`.
    let (unit, scale) = match nanoseconds {
        0..1_000 => return format!("{nanoseconds} ns"),
        1_000..999_500 => ("µs", 1e3),
        999_500..999_500_000 => ("ms", 1e6),
        999_500_000..59_950_000_000 => ("s", 1e9),
        _ => {
            let seconds = nanoseconds.saturating_add(500_000_000) / 1_000_000_000;
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
