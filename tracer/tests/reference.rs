//! `docs/events.md` is derived from the event table. `UPDATE=1 cargo test -p tracer --test reference` writes it anew.

use std::fmt::Write;
use std::path::Path;
use tracer::event::{Category, Field, Kind};
use tracer::model::state::TRANSITIONS;

fn field(field: Field) -> String {
    match field {
        Field::None => "–".to_string(),
        Field::Task => "task".to_string(),
        Field::Woken => "task woken".to_string(),
        Field::Object => "object".to_string(),
        Field::Function => "function".to_string(),
        Field::Count(name) => name.to_string(),
        Field::Signed(name) => format!("{name}, signed"),
        Field::Status => "0 done, 1 panicked, 2 cancelled".to_string(),
        Field::TextAt => "offset of the text".to_string(),
        Field::TextLen => "its length".to_string(),
        Field::Low64(name) => format!("{name}, low half"),
        Field::High64 => "high half".to_string(),
    }
}

fn title(category: Category) -> &'static str {
    match category {
        Category::Task => "Tasks and the scheduler",
        Category::Channel => "Channels and select",
        Category::Lock => "Mutex and RwLock",
        Category::Sync => "WaitGroup, Once, Barrier, Semaphore",
        Category::Memory => "Atomics and memory",
        Category::Future => "Futures",
        Category::Time => "Time and contexts",
        Category::Program => "The program's own events",
        Category::Meta => "The recording itself",
    }
}

fn page() -> String {
    let mut out = String::from(
        "# Events\n\n\
         What a recorded run consists of. This page is derived from the table in `tracer/src/event.rs`; a test says when it is\n\
         stale (`UPDATE=1 cargo test -p tracer --test reference` writes it anew).\n\n\
         An event is a record of 16 bytes: its kind (one byte, with a flag that says whether the task blocked in the\n\
         operation), its site in the code (24 bits), the ticks since the record before (32 bits), and two words, *object* and\n\
         *arg*, whose meaning the table gives. The task is that of the last `task.switch`. A wake-up rides in the operation that\n\
         caused it: a receive that blocked is complete at the send which names its task as woken, without a record of its own.\n",
    );
    let mut category = None;
    for &kind in Kind::ALL {
        if category != Some(kind.category()) {
            category = Some(kind.category());
            let _ = write!(
                out,
                "\n## {}\n\n| kind | object | arg | what it records |\n| --- | --- | --- | --- |\n",
                title(kind.category())
            );
        }
        let (object, arg) = (field(kind.object_field()), field(kind.arg_field()));
        let _ = writeln!(out, "| `{}` | {object} | {arg} | {} |", kind.name(), kind.doc().trim());
    }
    out.push_str("\n## States of a task\n\nThe legal transitions; a store counts all others as damage.\n\n| from | to | because |\n| --- | --- | --- |\n");
    for (from, to, why) in TRANSITIONS {
        let _ = writeln!(out, "| {from:?} | {to:?} | {why} |");
    }
    out
}

#[test]
fn the_page_of_events_is_up_to_date() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/events.md");
    let page = page();
    if std::env::var_os("UPDATE").is_some() {
        std::fs::write(&path, &page).unwrap();
    }
    let found = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(found == page, "docs/events.md is stale: run UPDATE=1 cargo test -p tracer --test reference");
}

#[test]
fn kinds_of_a_category_stand_together() {
    let mut seen = Vec::new();
    for kind in Kind::ALL {
        if seen.last() != Some(&kind.category()) {
            assert!(!seen.contains(&kind.category()), "{} stands apart from its category", kind.name());
            seen.push(kind.category());
        }
    }
}
