//! Events as comma-separated values with a header, as RFC 4180 has them: quoted where they have to be, empty where there is none.

use super::table::{COLUMNS, Cell, each_row};
use super::{Error, Input};
use crate::trace::Trace;
use std::io::{self, Write};

pub(super) fn write(trace: &dyn Trace, input: &Input, out: &mut dyn Write) -> Result<(), Error> {
    let mut table = csv::WriterBuilder::new().terminator(csv::Terminator::CRLF).from_writer(out);
    table.write_record(COLUMNS.iter().map(|column| column.name)).map_err(io::Error::from)?;
    let mut digits = String::new();
    each_row(trace, &input.range, |row| {
        for cell in row {
            digits.clear();
            let text: &str = match cell {
                Cell::Null => "",
                Cell::Bool(value) => {
                    if *value {
                        "true"
                    } else {
                        "false"
                    }
                }
                Cell::U32(number) => number_in(&mut digits, number),
                Cell::U64(number) => number_in(&mut digits, number),
                Cell::I64(number) => number_in(&mut digits, number),
                Cell::Text(text) => text,
                Cell::Name(text) => text,
            };
            table.write_field(text)?;
        }
        Ok(table.write_record(None::<&[u8]>)?)
    })?;
    table.flush()?;
    Ok(())
}

fn number_in<'a>(digits: &'a mut String, number: &impl std::fmt::Display) -> &'a str {
    use std::fmt::Write;
    // Writing to a string cannot fail.
    let _ = write!(digits, "{number}");
    digits
}
