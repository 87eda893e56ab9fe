//! Markdown that reads well raw: tables whose columns are aligned, sentences that are wrapped.

use std::fmt::Write;

/// On which side a column's cells stand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    /// Words.
    Left,
    /// Numbers.
    Right,
}

/// A table.
#[derive(Clone, Debug, Default)]
pub struct Table {
    columns: Vec<(String, Side)>,
    rows: Vec<Vec<String>>,
}

impl Table {
    /// A table with these columns and no row.
    pub fn new(columns: &[(&str, Side)]) -> Self {
        Self { columns: columns.iter().map(|&(name, side)| (name.to_string(), side)).collect(), rows: Vec::new() }
    }

    /// Adds a row: a cell for each column.
    pub fn row(&mut self, cells: Vec<String>) {
        self.rows.push(cells);
    }

    /// Whether it has no row.
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// The table as lines that are at most `width` wide where shortening the first column can do that; nothing for one without
    /// rows.
    pub fn text(&self, width: usize) -> String {
        let mut out = String::new();
        if self.rows.is_empty() {
            return out;
        }
        let mut widths: Vec<usize> = self.columns.iter().map(|(name, _)| length(name)).collect();
        for row in &self.rows {
            for (widest, cell) in widths.iter_mut().zip(row) {
                *widest = (*widest).max(length(&escape(cell)));
            }
        }
        let whole = widths.iter().map(|width| width + 3).sum::<usize>() + 1;
        if let Some(first) = widths.first_mut() {
            *first = first.saturating_sub(whole.saturating_sub(width)).max(24.min(*first));
        }
        let names: Vec<String> = self.columns.iter().map(|(name, _)| name.clone()).collect();
        self.line(&names, &widths, &mut out);
        out.push('|');
        for ((_, side), &width) in self.columns.iter().zip(&widths) {
            let dashes = "-".repeat(width + 1);
            let _ = if *side == Side::Right { write!(out, "{dashes}:|") } else { write!(out, "{dashes}-|") };
        }
        out.push('\n');
        self.rows.iter().for_each(|row| self.line(row, &widths, &mut out));
        out
    }

    fn line(&self, cells: &[String], widths: &[usize], out: &mut String) {
        out.push('|');
        for (((_, side), &width), cell) in self.columns.iter().zip(widths).zip(cells) {
            let cell = shorten(&escape(cell), width);
            let space = " ".repeat(width.saturating_sub(length(&cell)));
            let _ = match side {
                Side::Left => write!(out, " {cell}{space} |"),
                Side::Right => write!(out, " {space}{cell} |"),
            };
        }
        out.push('\n');
    }
}

/// A bar would end the cell.
fn escape(cell: &str) -> String {
    cell.replace('|', "\\|")
}

fn length(text: &str) -> usize {
    text.chars().count()
}

/// The end of a text that is too long: of a path that is what tells it from others.
fn shorten(text: &str, width: usize) -> String {
    let long = length(text);
    if long <= width {
        return text.to_string();
    }
    let rest: String = text.chars().skip(long + 1 - width.max(1)).collect();
    format!("…{rest}")
}

/// A sentence in lines of at most `width`, the first after `first`, the others after `rest`.
pub fn wrap(sentence: &str, first: &str, rest: &str, width: usize) -> String {
    let mut out = String::from(first);
    let mut column = length(first);
    let mut fresh = true;
    for word in sentence.split_whitespace() {
        if !fresh && column + 1 + length(word) > width {
            out.push('\n');
            out.push_str(rest);
            column = length(rest);
            fresh = true;
        }
        if !fresh {
            out.push(' ');
            column += 1;
        }
        out.push_str(word);
        column += length(word);
        fresh = false;
    }
    out.push('\n');
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_aligned_and_a_table_that_is_too_wide_loses_the_beginnings_of_its_places() {
        let mut table = Table::new(&[("place", Side::Left), ("ns", Side::Right)]);
        assert_eq!(table.text(80), "");
        table.row(vec!["a.vex:1:1".into(), "5".into()]);
        table.row(vec!["folder/b.vex:10:1".into(), "50".into()]);
        let expected = "| place             | ns |\n\
                        |-------------------|---:|\n\
                        | a.vex:1:1         |  5 |\n\
                        | folder/b.vex:10:1 | 50 |\n";
        assert_eq!(table.text(80), expected);
        table.row(vec!["a/long/folder/with/a/file.vex:1:1".into(), "7".into()]);
        let narrow = table.text(33);
        assert!(narrow.contains("| …der/with/a/file.vex:1:1 |  7 |"), "{narrow}");
        assert!(narrow.lines().all(|line| line.chars().count() <= 33), "{narrow}");
        assert!(table.text(10).lines().all(|line| line.chars().count() <= 33), "a place is not cut to nothing");
    }

    #[test]
    fn sentences_are_wrapped_between_words() {
        assert_eq!(wrap("one two three", "- ", "  ", 9), "- one two\n  three\n");
        assert_eq!(wrap("extraordinarily", "- ", "  ", 5), "- extraordinarily\n");
    }
}
