//! The lines of a budget on screen and in Markdown.

use super::{Line, Verdict, failed};
use std::fmt::Write;
use unicode_width::UnicodeWidthStr;

const HEADS: [&str; 5] = ["budget", "measured", "limit", "verdict", "at"];

/// The cells of a line.
fn cells(line: &Line) -> [String; 5] {
    let place = line.at.clone().filter(|at| !line.name.contains(at.as_str())).unwrap_or_default();
    let last = if line.note.is_empty() { place } else { line.note.clone() };
    let verdict = match line.verdict {
        Verdict::NotMeasured if !line.fails => "not measured (allowed)".to_string(),
        verdict => verdict.name().to_string(),
    };
    [line.name.clone(), line.measured_text.clone(), format!("{} {}", line.bound.sign(), line.limit_text), verdict, last]
}

/// `budget: 2 of 5 limits failed: locks.table.hold.p99, rates."task spawn"`, or that all hold.
pub fn summary(lines: &[Line]) -> String {
    let failing: Vec<&str> = lines.iter().filter(|line| line.fails).map(|line| line.name.as_str()).collect();
    let all = match lines.len() {
        1 => "1 limit".to_string(),
        n => format!("{n} limits"),
    };
    let missing = lines.iter().filter(|line| line.verdict == Verdict::NotMeasured && !line.fails).count();
    let missing = if missing > 0 { format!(" ({missing} not measured)") } else { String::new() };
    match failing.as_slice() {
        [] if lines.len() == 1 => format!("budget: 1 limit holds{missing}"),
        [] => format!("budget: all {all} hold{missing}"),
        failing => format!("budget: {} of {all} failed: {}", failing.len(), failing.join(", ")),
    }
}

/// An aligned table, failed lines first, with the summary as its last line.
pub fn text(lines: &[Line]) -> String {
    let rows: Vec<[String; 5]> = std::iter::once(HEADS.map(str::to_string)).chain(in_order(lines).map(cells)).collect();
    let mut widths = [0; 5];
    for row in &rows {
        for (width, cell) in widths.iter_mut().zip(row) {
            *width = (*width).max(cell.width());
        }
    }
    let mut out = String::new();
    for row in &rows {
        let mut written = String::new();
        for (i, (cell, width)) in row.iter().zip(widths).enumerate() {
            let space = " ".repeat(width - cell.width());
            // Numbers end at one column.
            let _ = if i == 1 { write!(written, "{space}{cell}  ") } else { write!(written, "{cell}{space}  ") };
        }
        let _ = writeln!(out, "{}", written.trim_end());
    }
    let _ = writeln!(out, "{}", summary(lines));
    out
}

/// A table in Markdown under a heading with the summary.
pub fn markdown(lines: &[Line]) -> String {
    let mut out = String::new();
    let sign = if failed(lines) { "❌" } else { "✅" };
    let _ = writeln!(out, "### {sign} {}\n", escaped(&summary(lines)));
    let _ = writeln!(out, "| {} |\n|---|---:|---:|---|---|", HEADS.join(" | "));
    for line in in_order(lines) {
        let [name, measured, limit, verdict, at] = cells(line).map(|cell| escaped(&cell));
        let verdict = if line.fails { format!("**{verdict}**") } else { verdict };
        let _ = writeln!(out, "| {name} | {measured} | {limit} | {verdict} | {at} |");
    }
    out
}

/// Failed lines first, otherwise as in the file.
fn in_order(lines: &[Line]) -> impl Iterator<Item = &Line> {
    let (bad, good): (Vec<&Line>, Vec<&Line>) = lines.iter().partition(|line| line.fails);
    bad.into_iter().chain(good)
}

/// Text that Markdown shows as it is.
pub fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        if matches!(c, '|' | '*' | '_' | '`' | '<' | '>' | '[' | ']' | '\\' | '#' | '~' | '@') {
            out.push('\\');
        }
        out.push(if c.is_control() { ' ' } else { c });
    }
    out
}
