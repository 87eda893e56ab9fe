//! Numbers as people read them: every quantity leaves here with its unit, short enough for a cell of a table.

pub use tracer::names::count;
use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

/// A span of nanoseconds with three or four digits that matter: `850 ns`, `15.2 µs`, `1.204 ms`, `12.5 s`, `3 min 20 s`.
pub fn duration(ns: u64) -> String {
    const UNITS: [(&str, u64); 4] = [("ns", 1), ("µs", 1_000), ("ms", 1_000_000), ("s", 1_000_000_000)];
    if ns >= 120 * 1_000_000_000 {
        let seconds = ns / 1_000_000_000;
        return match seconds {
            0..7200 => format!("{} min {:02} s", seconds / 60, seconds % 60),
            _ => format!("{} h {:02} min", seconds / 3600, seconds / 60 % 60),
        };
    }
    let (unit, size) = UNITS.into_iter().rev().find(|(_, size)| ns >= *size).unwrap_or(UNITS[0]);
    format!("{} {unit}", significant(ns as f64 / size as f64, size == 1))
}

/// A span in as few columns as possible, for tight tables: `15 µs`, `1.2 ms`.
pub fn short_duration(ns: u64) -> String {
    let (unit, size): (&str, u64) = match ns {
        0..1_000 => ("ns", 1),
        1_000..1_000_000 => ("µs", 1_000),
        1_000_000..1_000_000_000 => ("ms", 1_000_000),
        1_000_000_000..120_000_000_000 => ("s", 1_000_000_000),
        _ => ("min", 60_000_000_000),
    };
    let value = ns as f64 / size as f64;
    if size == 1 || value >= 9.95 {
        format!("{value:.0} {unit}")
    } else {
        format!("{} {unit}", trim(format!("{value:.1}")))
    }
}

fn significant(value: f64, whole: bool) -> String {
    match value {
        _ if whole => format!("{value:.0}"),
        v if v >= 99.95 => format!("{v:.0}"),
        v if v >= 9.995 => trim(format!("{v:.1}")),
        v => trim(format!("{v:.3}")),
    }
}

/// Removes zeros behind a decimal point, and the point with them.
fn trim(text: String) -> String {
    match text.contains('.') {
        true => text.trim_end_matches('0').trim_end_matches('.').to_string(),
        false => text,
    }
}

/// A count in at most five columns: `980`, `51.2 k`, `3.1 M`.
pub fn short_count(n: f64) -> String {
    match n {
        n if n < 999.5 => trim(format!("{:.*}", if n < 9.95 { 1 } else { 0 }, n)),
        n if n < 999_500.0 => format!("{} k", significant_short(n / 1e3)),
        n if n < 999_500_000.0 => format!("{} M", significant_short(n / 1e6)),
        n => format!("{} G", significant_short(n / 1e9)),
    }
}

fn significant_short(value: f64) -> String {
    if value >= 99.95 { format!("{value:.0}") } else { trim(format!("{value:.1}")) }
}

/// `1 task`, `5 tasks`.
pub fn plural(n: u64, word: &str) -> String {
    if n == 1 { format!("1 {word}") } else { format!("{} {word}s", count(n)) }
}

/// A part of a whole in percent; never rounds something to nothing, nor nearly all to all.
pub fn percent(part: f64) -> String {
    match part * 100.0 {
        p if p <= 0.0 => "0 %".into(),
        p if p < 1.0 => "< 1 %".into(),
        p if p > 99.0 && p < 100.0 => "> 99 %".into(),
        p => format!("{p:.0} %"),
    }
}

/// Columns that a text takes on screen.
pub fn width(text: &str) -> usize {
    UnicodeWidthStr::width(text)
}

/// The text cut to a number of columns, with `…` as its last where something is missing.
pub fn fit(text: &str, columns: usize) -> String {
    if width(text) <= columns {
        return text.to_string();
    }
    let mut out = String::new();
    let mut used = 0;
    for c in text.chars() {
        let w = c.width().unwrap_or(0);
        if used + w + 1 > columns {
            break;
        }
        used += w;
        out.push(c);
    }
    if columns > 0 {
        out.push('…');
    }
    out
}

/// [`fit`], filled with spaces on the right.
pub fn pad(text: &str, columns: usize) -> String {
    let mut out = fit(text, columns);
    out.extend(std::iter::repeat_n(' ', columns.saturating_sub(width(&out))));
    out
}

/// [`fit`], filled with spaces on the left.
pub fn pad_left(text: &str, columns: usize) -> String {
    let fitted = fit(text, columns);
    format!("{}{fitted}", " ".repeat(columns.saturating_sub(width(&fitted))))
}

/// The text broken at spaces into lines of at most so many columns; a longer word is cut.
pub fn wrap(text: &str, columns: usize) -> Vec<String> {
    let mut lines = Vec::new();
    if columns == 0 {
        return lines;
    }
    for paragraph in text.split('\n') {
        let mut line = String::new();
        for word in paragraph.split(' ').filter(|word| !word.is_empty()) {
            let mut word = word.to_string();
            if !line.is_empty() && width(&line) + 1 + width(&word) > columns {
                lines.push(std::mem::take(&mut line));
            }
            while width(&word) > columns {
                let mut head = String::new();
                while let Some(c) = word.chars().next() {
                    if width(&head) + c.width().unwrap_or(0) > columns {
                        break;
                    }
                    head.push(c);
                    word.remove(0);
                }
                if head.is_empty() {
                    break; // a character wider than the line
                }
                lines.push(head);
            }
            if !line.is_empty() {
                line.push(' ');
            }
            line.push_str(&word);
        }
        lines.push(line);
    }
    lines
}

/// Text of the guest made safe for a cell: control characters (escape sequences above all) and tabs become spaces or marks.
pub fn printable(text: &str) -> String {
    text.chars()
        .map(|c| {
            if c == '\t' {
                ' '
            } else if c.is_control() {
                '¤'
            } else {
                c
            }
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_have_units_and_no_needless_digits() {
        for (ns, text) in [
            (0, "0 ns"),
            (850, "850 ns"),
            (15_200, "15.2 µs"),
            (312_000, "312 µs"),
            (1_204_000, "1.204 ms"),
            (1_000_000, "1 ms"),
            (12_500_000_000, "12.5 s"),
            (200_000_000_000, "3 min 20 s"),
        ] {
            assert_eq!(duration(ns), text);
        }
        assert_eq!(short_duration(1_234_567), "1.2 ms");
        assert_eq!(short_duration(12_345_678), "12 ms");
    }

    #[test]
    fn counts_are_grouped() {
        assert_eq!(count(0), "0");
        assert_eq!(count(999), "999");
        assert_eq!(count(10_200), "10 200");
        assert_eq!(count(1_234_567), "1 234 567");
        assert_eq!(short_count(51_234.0), "51.2 k");
        assert_eq!(short_count(0.0), "0");
        assert_eq!(plural(1, "task"), "1 task");
    }

    #[test]
    fn text_is_cut_and_wrapped_by_columns() {
        assert_eq!(fit("philosopher", 5), "phil…");
        assert_eq!(fit("漢字漢字", 5), "漢字…");
        assert_eq!(pad("a", 3), "a  ");
        assert_eq!(pad_left("7", 3), "  7");
        assert_eq!(wrap("a bb ccc dddddd", 4), ["a bb", "ccc", "dddd", "dd"]);
        assert_eq!(wrap("", 4), [""]);
    }

    #[test]
    fn control_characters_never_reach_the_screen() {
        assert_eq!(printable("a\u{1b}[2Jb\tc"), "a¤[2Jb c");
    }
}
