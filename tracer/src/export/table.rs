//! Events as rows of a table: the columns that CSV and Parquet share.
//!
//! What the two words of a record mean depends on its kind; here every meaning has a column of its own. Cells that an event does not have
//! are empty (NULL).

use super::directory::{Directory, Names, try_each_event};
use crate::dump;
use crate::event::{Field, ObjectId, TaskId};
use crate::events::Event;
use crate::trace::Trace;
use std::io;
use std::ops::Range;
use std::sync::Arc;

/// What a column holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Type {
    Bool,
    U32,
    U64,
    I64,
    Text,
}

/// A column.
pub(super) struct Column {
    pub(super) name: &'static str,
    pub(super) holds: Type,
    /// Whether there may be no value.
    pub(super) optional: bool,
}

macro_rules! columns {
    ($($name:literal $holds:ident $($optional:ident)?;)+) => {
        /// The columns, in order.
        pub(super) const COLUMNS: &[Column] = &[
            $(Column { name: $name, holds: Type::$holds, optional: columns!(@ $($optional)?) },)+
        ];
    };
    (@ optional) => { true };
    (@) => { false };
}

columns! {
    "event" U64;
    "time_ns" U64;
    "clock" U64;
    "worker" U32;
    "task" U32;
    "task_name" Text optional;
    "kind" Text;
    "blocked" Bool;
    "file" Text optional;
    "line" U32 optional;
    "column" U32 optional;
    "object" U32 optional;
    "object_kind" Text optional;
    "object_name" Text optional;
    "other_task" U32 optional;
    "other_task_name" Text optional;
    "value" I64 optional;
    "value_name" Text optional;
    "value2" I64 optional;
    "value2_name" Text optional;
    "text" Text optional;
}

/// One value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Cell<'a> {
    Null,
    Bool(bool),
    U32(u32),
    U64(u64),
    I64(i64),
    Text(&'a str),
    Name(Arc<str>),
}

/// A row: a cell for each of [`COLUMNS`].
pub(super) type Row<'a> = [Cell<'a>; COLUMNS.len()];

/// Gives every event of these times as a row.
pub(super) fn each_row(
    trace: &dyn Trace,
    times: &Range<u64>,
    mut each: impl FnMut(&Row) -> io::Result<()>,
) -> io::Result<()> {
    let directory = Directory::of(trace)?;
    let mut names = Names::default();
    try_each_event(trace, |event| {
        let time = directory.time(event.clock);
        if times.contains(&time) { each(&row(&directory, &mut names, event, time)) } else { Ok(()) }
    })
}

/// What the words of a record say, each in its column.
#[derive(Default)]
struct Words<'a> {
    object: u32,
    task: u32,
    values: [Option<(i64, &'static str)>; 2],
    text: Option<&'a str>,
}

impl<'a> Words<'a> {
    fn value(&mut self, value: i64, name: &'static str) {
        let place = usize::from(self.values[0].is_some());
        self.values[place] = Some((value, name));
    }

    fn field(&mut self, field: Field, word: u32, event: &Event<'a>, directory: &'a Directory) {
        match field {
            Field::None | Field::High64 | Field::TextLen => {}
            Field::Task | Field::Woken => self.task = word,
            // The second object of an event is the parent of the first.
            Field::Object if self.object != 0 => self.value(word.into(), "parent"),
            Field::Object => self.object = word,
            Field::Function => {
                self.value(if word == u32::MAX { -1 } else { word.into() }, "function");
                self.text = directory.program().functions.get(word as usize).map(|info| info.name.as_str());
            }
            Field::Count(name) => self.value(word.into(), name),
            Field::Signed(name) => self.value((word as i32).into(), name),
            Field::Status => {
                self.value(word.into(), "status");
                self.text = Some(dump::status(word));
            }
            Field::TextAt => self.text = Some(event.text),
            Field::Low64(name) => self.value(i64::try_from(event.wide()).unwrap_or(i64::MAX), name),
        }
    }
}

fn row<'a>(directory: &'a Directory, names: &mut Names, event: &Event<'a>, time: u64) -> Row<'a> {
    let mut words = Words::default();
    words.field(event.kind.object_field(), event.object, event, directory);
    words.field(event.kind.arg_field(), event.arg, event, directory);
    let program = directory.program();
    let place = program.place(event.site);
    let file = place.and_then(|place| program.files.get(place.file as usize));
    let named = |there: bool, name: &mut dyn FnMut() -> Arc<str>| if there { Cell::Name(name()) } else { Cell::Null };
    let some = |number: u32| if number == 0 { Cell::Null } else { Cell::U32(number) };
    let value = |at: usize| words.values[at].map_or(Cell::Null, |(value, _)| Cell::I64(value));
    let value_name = |at: usize| words.values[at].map_or(Cell::Null, |(_, name)| Cell::Text(name));
    let kind = directory.object_kind(ObjectId(words.object));
    [
        Cell::U64(event.ordinal),
        Cell::U64(time),
        Cell::U64(event.clock),
        Cell::U32(event.worker),
        Cell::U32(event.task.0),
        named(event.task != TaskId(0), &mut || names.task(directory, event.task.0)),
        Cell::Text(event.kind.name()),
        Cell::Bool(event.blocked),
        file.map_or(Cell::Null, |file| Cell::Text(&file.path)),
        place.map_or(Cell::Null, |place| Cell::U32(place.line)),
        place.map_or(Cell::Null, |place| Cell::U32(place.column)),
        some(words.object),
        kind.map_or(Cell::Null, |kind| Cell::Text(kind.name())),
        named(words.object != 0, &mut || names.object(directory, words.object)),
        some(words.task),
        named(words.task != 0, &mut || names.task(directory, words.task)),
        value(0),
        value_name(0),
        value(1),
        value_name(1),
        words.text.map_or(Cell::Null, Cell::Text),
    ]
}
