//! A comparison on screen and in Markdown.

use super::{Change, Comparison, Method, Side, Verdict, runs};
use crate::budget::escaped;
use crate::profile::numbers::{Unit, key_of, number};
use std::fmt::Write;
use unicode_width::UnicodeWidthStr;

/// Rows that are printed; the JSON document has all.
const SHOWN: usize = 20;

const HEADS: [&str; 6] = ["number", "old", "new", "change", "95 % interval", "verdict"];

/// `+20.6 %`, `new`.
fn change(ratio: Option<f64>) -> String {
    match ratio {
        None => "from 0".to_string(),
        Some(ratio) if ratio >= 10.0 => format!("× {ratio:.0}"),
        Some(ratio) => percent(ratio),
    }
}

fn percent(ratio: f64) -> String {
    let text = format!("{:+.1} %", (ratio - 1.0) * 100.0);
    text.replace('-', "−")
}

/// The columns of a row.
fn cells(row: &Change) -> [String; 6] {
    let unit = key_of(&row.key).map_or(Unit::Count, |key| key.unit);
    let interval = row.interval.filter(|_| row.ratio.is_some_and(|ratio| ratio < 10.0));
    let interval = interval.map_or_else(String::new, |(low, high)| format!("{} … {}", percent(low), percent(high)));
    let mut words = if row.fails { "FAILS".to_string() } else { row.verdict.name().to_string() };
    if let Some(p) = row.adjusted_p {
        let _ = if p < 0.0001 { write!(words, ", p < 0.0001") } else { write!(words, ", p = {p:.4}") };
    }
    let was = row.old_key.as_ref().map(|key| format!("was {key}{}", if row.guessed { ", a guess" } else { "" }));
    for note in was.into_iter().chain((!row.note.is_empty()).then(|| row.note.clone())) {
        let _ = write!(words, "; {note}");
    }
    [row.key.clone(), number(unit, row.old), number(unit, row.new), change(row.ratio), interval, words]
}

/// What came out, in a line.
pub fn verdict(comparison: &Comparison) -> String {
    let failing: Vec<&Change> = comparison.changes.iter().filter(|change| change.fails).collect();
    let limit = comparison.fail_on.map(|fail_on| format!("{} %", trimmed(fail_on * 100.0)));
    match (failing.first(), limit) {
        (Some(worst), Some(limit)) => {
            let more = match failing.len() {
                1 => String::new(),
                n => format!(", and {} more", n - 1),
            };
            format!("regression of at least {limit}: {} {}{more}", worst.key, change(worst.ratio))
        }
        (_, Some(limit)) => format!("no regression of {limit}"),
        _ if comparison.changes.is_empty() => "no difference".to_string(),
        _ => {
            let count = |verdict| comparison.changes.iter().filter(|change| change.verdict == verdict).count();
            let (worse, better) = (count(Verdict::Regression), count(Verdict::Improvement));
            let other = comparison.changes.len() - worse - better;
            format!("{worse} worse, {better} better, {other} otherwise different")
        }
    }
}

fn trimmed(number: f64) -> String {
    let text = format!("{number:.2}");
    text.trim_end_matches('0').trim_end_matches('.').to_string()
}

fn side(side: &Side) -> String {
    format!("{} ({})", side.path, runs(side.runs))
}

/// What the numbers without a difference come to.
fn rest(comparison: &Comparison) -> String {
    let only = |keys: &[String], side: &str| match keys.len() {
        0 => String::new(),
        n => format!("; {n} only in {side}"),
    };
    let difference = match (comparison.method, comparison.unchanged) {
        (Method::Exact, 1) => "is the same",
        (Method::Exact, _) => "are the same",
        (_, 1) => "shows no difference",
        _ => "show no difference",
    };
    let (old, new) = (only(&comparison.only_old, "old"), only(&comparison.only_new, "new"));
    format!("{} {difference}{old}{new}", numbers(comparison.unchanged))
}

/// `1 number`, `312 numbers`.
fn numbers(count: usize) -> String {
    let s = if count == 1 { "" } else { "s" };
    format!("{} number{s}", crate::names::count(count as u64))
}

/// The comparison as text: the verdict, the numbers that differ, one line for all others.
pub fn text(comparison: &Comparison) -> String {
    let mut out = format!("{} → {}: {}\n", side(&comparison.old), side(&comparison.new), verdict(comparison));
    for note in &comparison.notes {
        let _ = writeln!(out, "{note}");
    }
    if !comparison.changes.is_empty() {
        let rows: Vec<[String; 6]> = std::iter::once(HEADS.map(str::to_string))
            .chain(comparison.changes.iter().take(SHOWN).map(cells))
            .collect();
        let mut widths = [0; 6];
        for row in &rows {
            for (width, cell) in widths.iter_mut().zip(row) {
                *width = (*width).max(cell.width());
            }
        }
        out.push('\n');
        for row in &rows {
            let mut line = String::new();
            for (i, (cell, width)) in row.iter().zip(widths).enumerate() {
                let space = " ".repeat(width - cell.width());
                let _ =
                    if (1..4).contains(&i) { write!(line, "{space}{cell}  ") } else { write!(line, "{cell}{space}  ") };
            }
            let _ = writeln!(out, "{}", line.trim_end());
        }
        if let Some(more) = comparison.changes.len().checked_sub(SHOWN).filter(|&more| more > 0) {
            let _ = writeln!(out, "{more} more (all of them with `--json`)");
        }
        out.push('\n');
    }
    let _ = writeln!(out, "{}", rest(comparison));
    out
}

/// The comparison as a comment on a change: the verdict, what matters in a table, the rest folded away.
pub fn markdown(comparison: &Comparison) -> String {
    let sign = if comparison.failed { "❌" } else { "✅" };
    let mut out = format!("### {sign} {}\n\n", escaped(&verdict(comparison)));
    let (matters, other): (Vec<&Change>, Vec<&Change>) =
        comparison.changes.iter().partition(|change| change.fails || change.outcome);
    if !matters.is_empty() {
        table(&mut out, matters.into_iter());
        out.push('\n');
    }
    let _ = writeln!(out, "{}.\n", escaped(&rest(comparison)));
    for note in &comparison.notes {
        let _ = writeln!(out, "{}\n", escaped(note));
    }
    if !other.is_empty() {
        let _ = writeln!(out, "<details><summary>{} that may explain it</summary>\n", numbers(other.len()));
        table(&mut out, other.iter().copied().take(10 * SHOWN));
        if let Some(more) = other.len().checked_sub(10 * SHOWN).filter(|&more| more > 0) {
            let _ = writeln!(out, "\n{more} more");
        }
        let _ = writeln!(out, "\n</details>\n");
    }
    let _ = writeln!(out, "{} → {}", escaped(&side(&comparison.old)), escaped(&side(&comparison.new)));
    out
}

fn table<'a>(out: &mut String, rows: impl Iterator<Item = &'a Change>) {
    let _ = writeln!(out, "| {} |\n|---|---:|---:|---:|---|---|", HEADS.join(" | "));
    for row in rows {
        let [key, old, new, change, interval, words] = cells(row).map(|cell| escaped(&cell));
        let change = if row.fails { format!("**{change}**") } else { change };
        let _ = writeln!(out, "| {key} | {old} | {new} | {change} | {interval} | {words} |");
    }
}
