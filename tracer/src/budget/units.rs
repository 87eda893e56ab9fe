//! Numbers with units, as people write them in budgets and as tables print them: `10M/s`, `2.5us`, `10k`, `5%`, `64MiB`.
//!
//! One table has every suffix. A quantity is written out in the largest unit that brings it back exactly.

use crate::names;
use std::fmt::{self, Display};

/// What a number counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unit {
    /// How often a second.
    Rate,
    /// Nanoseconds.
    Duration,
    /// Things.
    Count,
    /// A part of a whole: 1 is all of it.
    Share,
    /// Bytes.
    Bytes,
}

/// A number and what it counts, in the unit's own measure: a second, a nanosecond, one, the whole, a byte.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Quantity {
    /// The number.
    pub value: f64,
    /// What it counts.
    pub unit: Unit,
}

/// Suffixes and what they stand for, the smallest first; of several spellings of one size the first is the one written out.
const SUFFIXES: &[(Unit, &[(&str, f64)])] = &[
    (Unit::Rate, &[("/s", 1.0), ("k/s", 1e3), ("K/s", 1e3), ("M/s", 1e6), ("G/s", 1e9)]),
    (
        Unit::Duration,
        &[
            ("ns", 1.0),
            ("us", 1e3),
            ("µs", 1e3),
            ("μs", 1e3),
            ("ms", 1e6),
            ("s", 1e9),
            ("min", 60e9),
            ("m", 60e9),
            ("h", 3600e9),
        ],
    ),
    (Unit::Count, &[("", 1.0), ("k", 1e3), ("K", 1e3), ("M", 1e6), ("G", 1e9)]),
    (Unit::Share, &[("%", 0.01)]),
    (
        Unit::Bytes,
        &[
            ("B", 1.0),
            ("kB", 1e3),
            ("KB", 1e3),
            ("KiB", 1024.0),
            ("MB", 1e6),
            ("MiB", 1_048_576.0),
            ("GB", 1e9),
            ("GiB", 1_073_741_824.0),
        ],
    ),
];

impl Unit {
    /// Every unit.
    pub const ALL: [Unit; 5] = [Unit::Rate, Unit::Duration, Unit::Count, Unit::Share, Unit::Bytes];

    /// What such a number looks like, for messages.
    pub fn example(self) -> &'static str {
        match self {
            Unit::Rate => "a rate like \"500k/s\" or \"10M/s\"",
            Unit::Duration => "a duration like \"2.5us\", \"1ms\" or \"2s\"",
            Unit::Count => "a count like 100 or \"10k\"",
            Unit::Share => "a percentage like \"5%\"",
            Unit::Bytes => "a size like \"64MiB\"",
        }
    }

    /// The word in JSON documents: what [`Quantity::value`] is in.
    pub fn name(self) -> &'static str {
        match self {
            Unit::Rate => "per-second",
            Unit::Duration => "ns",
            Unit::Count => "count",
            Unit::Share => "share",
            Unit::Bytes => "bytes",
        }
    }

    fn suffixes(self) -> &'static [(&'static str, f64)] {
        SUFFIXES.iter().find(|(unit, _)| *unit == self).map_or(&[], |(_, suffixes)| suffixes)
    }
}

impl Quantity {
    /// A number of a unit.
    pub fn new(value: f64, unit: Unit) -> Self {
        Self { value, unit }
    }

    /// Reads a number of this unit, which is not negative. Spaces around it and before its suffix, and `_` between digits, are
    /// allowed.
    pub fn parse(text: &str, unit: Unit) -> Option<Self> {
        let text = text.trim();
        let end = text.find(|c: char| !c.is_ascii_digit() && !matches!(c, '.' | '_')).unwrap_or(text.len());
        let (digits, suffix) = text.split_at(end);
        // `1e3` is no number here: people do not write limits so, and `1e3s` would read badly.
        let number: f64 = digits.replace('_', "").parse().ok()?;
        let suffix = suffix.trim();
        let (_, scale) = unit.suffixes().iter().find(|(known, _)| *known == suffix)?;
        let value = scaled(number, *scale, unit);
        value.is_finite().then_some(Self { value, unit })
    }

    /// Reads a number of whichever unit it is written in.
    pub fn parse_any(text: &str) -> Option<Self> {
        Unit::ALL.into_iter().find_map(|unit| Self::parse(text, unit))
    }

    /// For people: three significant digits.
    pub fn human(&self) -> String {
        let value = self.value;
        match self.unit {
            Unit::Duration if value >= 0.0 => names::duration(value.round() as u64),
            Unit::Duration => format!("-{}", names::duration((-value).round() as u64)),
            Unit::Count if value.fract() == 0.0 && (0.0..1e15).contains(&value) => names::count(value as u64),
            Unit::Count => digits(value),
            Unit::Share => format!("{}%", digits(value * 100.0)),
            Unit::Rate => {
                let (suffix, scale) = match value.abs() {
                    999.5.. if value.abs() < 999.5e3 => ("k", 1e3),
                    999.5e3.. if value.abs() < 999.5e6 => ("M", 1e6),
                    999.5e6.. => ("G", 1e9),
                    _ => ("", 1.0),
                };
                format!("{}{suffix}/s", digits(value / scale))
            }
            Unit::Bytes => {
                let (suffix, scale) = match value.abs() {
                    1024.0.. if value.abs() < 1_048_576.0 => ("KiB", 1024.0),
                    1_048_576.0.. if value.abs() < 1_073_741_824.0 => ("MiB", 1_048_576.0),
                    1_073_741_824.0.. => ("GiB", 1_073_741_824.0),
                    _ => ("B", 1.0),
                };
                format!("{} {suffix}", digits(value / scale))
            }
        }
    }
}

/// A number times what its suffix stands for. One percent is a hundredth exactly as division rounds it.
fn scaled(number: f64, scale: f64, unit: Unit) -> f64 {
    if unit == Unit::Share { number / 100.0 } else { number * scale }
}

/// Three significant digits, without a point where there is nothing behind it.
fn digits(value: f64) -> String {
    let decimals = match value.abs() {
        ..9.995 => 2,
        ..99.95 => 1,
        _ => 0,
    };
    let text = format!("{value:.decimals$}");
    if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.').to_string() } else { text }
}

impl Display for Quantity {
    /// So that [`Quantity::parse`] reads the very same number.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.unit == Unit::Share {
            // A hundredth has no exact form: the neighbours of the product are tried for the one that comes back.
            let percent = self.value * 100.0;
            let candidates = [percent, percent.next_up(), percent.next_down()];
            let exact = candidates.into_iter().find(|&candidate| candidate / 100.0 == self.value);
            return write!(f, "{}%", exact.unwrap_or(percent));
        }
        let exact = |&&(_, scale): &&(&str, f64)| {
            let number = self.value / scale;
            number >= 1.0 && number * scale == self.value && number * 1000.0 == (number * 1000.0).round()
        };
        let suffixes = self.unit.suffixes();
        let (suffix, scale) = suffixes
            .iter()
            .filter(exact)
            .reduce(|best, other| if other.1 > best.1 { other } else { best })
            .or(suffixes.first())
            .copied()
            .unwrap_or(("", 1.0));
        write!(f, "{}{suffix}", self.value / scale)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn numbers_are_read_as_people_write_them() {
        for (text, unit, value) in [
            ("10M/s", Unit::Rate, 10e6),
            ("500k/s", Unit::Rate, 500e3),
            ("1_000/s", Unit::Rate, 1000.0),
            ("2.5us", Unit::Duration, 2500.0),
            ("2.5 µs", Unit::Duration, 2500.0),
            (" 1ms ", Unit::Duration, 1e6),
            ("1.5min", Unit::Duration, 90e9),
            ("0ns", Unit::Duration, 0.0),
            ("10k", Unit::Count, 10e3),
            ("7", Unit::Count, 7.0),
            ("5%", Unit::Share, 0.05),
            ("64MiB", Unit::Bytes, 67_108_864.0),
        ] {
            assert_eq!(Quantity::parse(text, unit), Some(Quantity { value, unit }), "{text}");
            assert_eq!(Quantity::parse_any(text), Some(Quantity { value, unit }), "{text}");
        }
    }

    #[test]
    fn anything_else_is_no_number() {
        for text in ["", "fast", "-1ms", "1 000/s", "1e3/s", "10/min", "nan%", "inf", "1..2ms", "ms", "10 M / s", "5%%"]
        {
            assert_eq!(Quantity::parse_any(text), None, "{text}");
        }
        assert_eq!(Quantity::parse("1ms", Unit::Rate), None);
        assert_eq!(Quantity::parse(&"9".repeat(400), Unit::Count), None);
    }

    #[test]
    fn people_read_three_digits() {
        for (value, unit, text) in [
            (10e6, Unit::Rate, "10M/s"),
            (1234.0, Unit::Rate, "1.23k/s"),
            (0.5, Unit::Rate, "0.5/s"),
            (999_600.0, Unit::Rate, "1M/s"),
            (1.2e6, Unit::Duration, "1.20 ms"),
            (10_200.0, Unit::Count, "10 200"),
            (2.5, Unit::Count, "2.5"),
            (0.051_23, Unit::Share, "5.12%"),
            (1536.0, Unit::Bytes, "1.5 KiB"),
        ] {
            assert_eq!(Quantity::new(value, unit).human(), text);
        }
    }

    #[test]
    fn the_largest_unit_that_is_exact_is_written() {
        for (value, unit, text) in [
            (10e6, Unit::Rate, "10M/s"),
            (2500.0, Unit::Duration, "2.5us"),
            (1_234_567.0, Unit::Duration, "1234.567us"),
            (90e9, Unit::Duration, "1.5min"),
            (0.05, Unit::Share, "5%"),
            (1_048_576.0, Unit::Bytes, "1MiB"),
            (0.0, Unit::Count, "0"),
        ] {
            assert_eq!(Quantity::new(value, unit).to_string(), text);
        }
    }

    fn units() -> impl Strategy<Value = Unit> {
        prop::sample::select(Unit::ALL.to_vec())
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_back(value in prop_oneof![0.0..1e15f64, (0u64..1 << 53).prop_map(|n| n as f64)], unit in units()) {
            let quantity = Quantity::new(value, unit);
            let text = quantity.to_string();
            let read = Quantity::parse(&text, unit).expect(&text);
            if unit == Unit::Share {
                // Not every number is a hundredth of another one.
                prop_assert!((read.value - value).abs() <= value.abs() * 4.0 * f64::EPSILON, "{}", text);
            } else {
                prop_assert_eq!(read, quantity, "{}", text);
            }
        }

        #[test]
        fn what_is_read_is_written_back(number in 0u32..1_000_000, decimals in 0usize..4, unit in units(), pick in any::<prop::sample::Index>()) {
            let (suffix, _) = pick.get(unit.suffixes());
            let text = format!("{:.decimals$}{suffix}", f64::from(number) / 8.0);
            let read = Quantity::parse(&text, unit).expect(&text);
            let again = Quantity::parse(&read.to_string(), unit).expect("what it writes");
            prop_assert!((read.value - again.value).abs() <= read.value * 4.0 * f64::EPSILON);
        }

        #[test]
        fn no_text_is_too_odd(text in "\\PC*") {
            for unit in Unit::ALL {
                if let Some(quantity) = Quantity::parse(&text, unit) {
                    prop_assert!(quantity.value.is_finite() && quantity.value >= 0.0);
                }
            }
        }
    }
}
