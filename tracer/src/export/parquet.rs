//! Events as a Parquet file, for DuckDB, Spark, pandas or DataFusion.
//!
//! A row group holds so many events that reading one column of it is worth a seek, and few enough that gathering them costs a few
//! megabytes. Names are dictionary-encoded by the crate; ordinals and times are written as differences, which are small.

use super::table::{COLUMNS, Cell, Row, Type, each_row};
use super::{Error, Format, Input};
use crate::trace::Trace;
use bytes::Bytes;
use parquet::basic::{Compression, Encoding};
use parquet::column::writer::ColumnWriter;
use parquet::data_type::ByteArray;
use parquet::errors::ParquetError;
use parquet::file::metadata::KeyValue;
use parquet::file::properties::{WriterProperties, WriterVersion};
use parquet::file::writer::SerializedFileWriter;
use parquet::schema::parser::parse_message_type;
use parquet::schema::types::ColumnPath;
use std::fmt::Write as _;
use std::io::{self, Write};
use std::sync::{Arc, Mutex, PoisonError};

/// Events of a row group.
const ROW_GROUP: usize = 1 << 17;

/// Columns that rise from row to row.
const RISING: [&str; 3] = ["event", "time_ns", "clock"];

/// What the crate writes to: it wants to own it, and to send it to other threads. Emptied after each row group.
#[derive(Clone, Default)]
struct Buffer(Arc<Mutex<Vec<u8>>>);

impl Write for Buffer {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Buffer {
    fn empty_into(&self, out: &mut dyn Write) -> io::Result<()> {
        let mut bytes = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        out.write_all(&bytes)?;
        bytes.clear();
        Ok(())
    }
}

/// The cells of one column in a row group: its values, and for each row whether there is one.
struct Gathered {
    bools: Vec<bool>,
    words: Vec<i32>,
    longs: Vec<i64>,
    /// Texts one after the other, and where each ends.
    text: Vec<u8>,
    ends: Vec<usize>,
    levels: Vec<i16>,
}

impl Gathered {
    fn new() -> Self {
        Self { bools: vec![], words: vec![], longs: vec![], text: vec![], ends: vec![], levels: vec![] }
    }

    fn push(&mut self, cell: &Cell) {
        match cell {
            Cell::Null => {}
            Cell::Bool(value) => self.bools.push(*value),
            // Unsigned numbers are stored as the signed ones of the same bits; the schema says that they are unsigned.
            Cell::U32(value) => self.words.push(*value as i32),
            Cell::U64(value) => self.longs.push(*value as i64),
            Cell::I64(value) => self.longs.push(*value),
            Cell::Text(text) => self.push_text(text),
            Cell::Name(text) => self.push_text(text),
        }
        self.levels.push(i16::from(*cell != Cell::Null));
    }

    fn push_text(&mut self, text: &str) {
        self.text.extend_from_slice(text.as_bytes());
        self.ends.push(self.text.len());
    }

    fn write(&mut self, column: &mut ColumnWriter, optional: bool) -> Result<(), ParquetError> {
        let levels = optional.then_some(self.levels.as_slice());
        match column {
            ColumnWriter::BoolColumnWriter(column) => column.write_batch(&self.bools, levels, None)?,
            ColumnWriter::Int32ColumnWriter(column) => column.write_batch(&self.words, levels, None)?,
            ColumnWriter::Int64ColumnWriter(column) => column.write_batch(&self.longs, levels, None)?,
            ColumnWriter::ByteArrayColumnWriter(column) => {
                let text = Bytes::from(std::mem::take(&mut self.text));
                let starts = std::iter::once(0).chain(self.ends.iter().copied());
                let texts: Vec<ByteArray> =
                    starts.zip(&self.ends).map(|(start, &end)| ByteArray::from(text.slice(start..end))).collect();
                column.write_batch(&texts, levels, None)?
            }
            _ => return Err(ParquetError::NYI("a column of another type".to_string())),
        };
        self.bools.clear();
        self.words.clear();
        self.longs.clear();
        self.ends.clear();
        self.levels.clear();
        Ok(())
    }
}

/// Everything that is being written.
struct Table<'a> {
    file: SerializedFileWriter<Buffer>,
    buffer: Buffer,
    columns: Vec<Gathered>,
    rows: usize,
    out: &'a mut dyn Write,
}

impl Table<'_> {
    fn push(&mut self, row: &Row) -> io::Result<()> {
        self.columns.iter_mut().zip(row).for_each(|(column, cell)| column.push(cell));
        self.rows += 1;
        if self.rows == ROW_GROUP { self.end_group() } else { Ok(()) }
    }

    fn end_group(&mut self) -> io::Result<()> {
        let mut group = self.file.next_row_group()?;
        let mut columns = COLUMNS.iter().zip(&mut self.columns);
        while let Some(mut writer) = group.next_column()? {
            let Some((column, gathered)) = columns.next() else { break };
            gathered.write(writer.untyped(), column.optional)?;
            writer.close()?;
        }
        group.close()?;
        self.rows = 0;
        self.buffer.empty_into(self.out)
    }
}

pub(super) fn write(trace: &dyn Trace, input: &Input, out: &mut dyn Write) -> Result<(), Error> {
    let refused = |error: ParquetError| Error::Encode(Format::Parquet, error.to_string());
    let about = serde_json::to_string(trace.about())?;
    let mut properties = WriterProperties::builder()
        .set_writer_version(WriterVersion::PARQUET_2_0)
        .set_compression(Compression::SNAPPY)
        .set_created_by(input.profile.about.writer.clone())
        .set_key_value_metadata(Some(vec![KeyValue::new("vex.about".to_string(), about)]));
    for column in RISING {
        let path = ColumnPath::from(column);
        properties = properties
            .set_column_dictionary_enabled(path.clone(), false)
            .set_column_encoding(path, Encoding::DELTA_BINARY_PACKED);
    }
    let schema = parse_message_type(&schema()).map_err(refused)?;
    let buffer = Buffer::default();
    let file =
        SerializedFileWriter::new(buffer.clone(), Arc::new(schema), Arc::new(properties.build())).map_err(refused)?;
    let columns = COLUMNS.iter().map(|_| Gathered::new()).collect();
    let mut table = Table { file, buffer, columns, rows: 0, out };
    each_row(trace, &input.range, |row| table.push(row))?;
    if table.rows > 0 {
        table.end_group()?;
    }
    table.file.finish().map_err(refused)?;
    table.buffer.empty_into(table.out)?;
    Ok(())
}

/// The columns in the language of the format.
fn schema() -> String {
    let mut text = "message events {".to_string();
    for column in COLUMNS {
        let presence = if column.optional { "optional" } else { "required" };
        let (physical, logical) = match column.holds {
            Type::Bool => ("BOOLEAN", ""),
            Type::U32 => ("INT32", " (INTEGER(32,false))"),
            Type::U64 => ("INT64", " (INTEGER(64,false))"),
            Type::I64 => ("INT64", " (INTEGER(64,true))"),
            Type::Text => ("BYTE_ARRAY", " (STRING)"),
        };
        // Writing to a string cannot fail.
        let _ = write!(text, " {presence} {physical} {}{logical};", column.name);
    }
    text + " }"
}

#[cfg(test)]
mod tests {
    use super::super::tests::{bytes, profile, trace};
    use super::*;
    use ::parquet::file::reader::{FileReader, SerializedFileReader};
    use ::parquet::record::Field;

    #[test]
    fn rows_come_back() {
        let (trace, profile) = (trace(), profile());
        let file = bytes(Format::Parquet, Some(&trace), &profile);
        let reader = SerializedFileReader::new(Bytes::from(file)).unwrap();
        let rows: Vec<_> = reader.get_row_iter(None).unwrap().map(|row| row.unwrap().into_columns()).collect();
        assert_eq!(rows.len() as u64, trace.len());
        let text = |row: usize, column: &str| {
            let found = rows[row].iter().find(|(name, _)| name == column).unwrap();
            match &found.1 {
                Field::Str(text) => text.clone(),
                other => other.to_string(),
            }
        };
        assert_eq!(
            [text(8, "kind"), text(8, "task_name"), text(8, "other_task_name")],
            ["chan.recv", "worker#1", "main"]
        );
        assert_eq!([text(8, "time_ns"), text(8, "line"), text(8, "object_name")], ["25", "10", "jobs"]);
        assert_eq!([text(2, "value"), text(2, "value_name"), text(2, "text")], ["1", "capacity", "null"]);
        assert_eq!(text(10, "text"), "a,\"b\"\n");
    }
}
