//! Budgets: limits on the numbers of a profile, written in a TOML file and checked one by one.
//!
//! [`sections`] is the one table of what can be limited: reading ([`parse`]), measuring ([`check`]) and `docs/budgets.md` follow
//! it. Each limit comes to a [`Line`]: what was measured, what is allowed and a verdict. A limit on something that the run
//! never did is not passed silently: that is a verdict of its own, which fails unless the budget says otherwise. [`text`] and
//! [`markdown`] put the lines on screen and into comments.

mod check;
mod parse;
mod render;
mod sections;
mod units;

pub use check::fits;
pub use parse::Error;
pub use render::{escaped, markdown, summary, text};
pub use sections::{Field, Measure, SECTIONS, Section, Shape, Statistic};
pub use units::{Quantity, Unit};

use crate::profile::Profile;
use serde::{Deserialize, Serialize};
use std::path::Path;

/// What a budget file says.
#[derive(Clone, Debug, Default)]
pub struct Budget {
    limits: Vec<Limit>,
}

/// One limit.
#[derive(Clone, Debug)]
struct Limit {
    /// As in the file: `locks.table.hold.p99`.
    key: String,
    what: What,
    bound: Bound,
    quantity: Quantity,
    /// As in the file: `"1ms"`.
    written: String,
    /// Whether a number that was not measured is let through.
    missing_is_ok: bool,
}

/// What a limit is on.
#[derive(Clone, Debug)]
struct What {
    section: &'static Section,
    /// The object, place, operation or key that the file names; may have `*` in it. Empty where the section has none.
    name: String,
    /// In that section; for reasons of waits the reason stands in [`What::reason`].
    measure: Measure,
    /// The reason of a wait, where the section is by reason.
    reason: String,
    /// Of many durations, which.
    statistic: Option<Statistic>,
}

/// Which side of a limit is allowed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Bound {
    /// The measured number is at least the limit.
    Min,
    /// The measured number is at most the limit.
    Max,
}

impl Bound {
    /// The sign in front of a limit.
    pub fn sign(self) -> &'static str {
        match self {
            Bound::Min => "≥",
            Bound::Max => "≤",
        }
    }
}

/// What became of a limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    /// Within the budget.
    Ok,
    /// Over it, or under it where the limit is a least one.
    Over,
    /// The run has no such number.
    NotMeasured,
}

impl Verdict {
    /// The words of tables.
    pub fn name(self) -> &'static str {
        match self {
            Verdict::Ok => "ok",
            Verdict::Over => "over budget",
            Verdict::NotMeasured => "not measured",
        }
    }
}

/// A limit beside what was measured.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Line {
    /// The limit's key in the budget: `locks.table.hold.p99`.
    pub name: String,
    /// The number, in the measure that `unit` says; absent where there is none.
    pub measured: Option<f64>,
    /// The number for people: `3.20 ms`; `none` where nothing of the kind happened.
    pub measured_text: String,
    /// The limit in the same measure.
    pub limit: f64,
    /// The limit as the budget has it: `1ms`.
    pub limit_text: String,
    /// Which side of the limit is allowed.
    pub bound: Bound,
    /// What the numbers count: `ns`, `per-second`, `count`, `share`, `bytes`.
    pub unit: String,
    /// What became of it.
    pub verdict: Verdict,
    /// Whether it makes the check fail.
    pub fails: bool,
    /// The object or place that the number was measured at, where the limit is on one.
    pub at: Option<String>,
    /// A word on it, where there is one: why nothing was measured, a name that was perhaps meant.
    pub note: String,
}

impl Budget {
    /// Reads a budget. `path` is what errors call it.
    ///
    /// # Errors
    /// With every mistake in the file, each with its line and column.
    pub fn parse(text: &str, path: &Path) -> Result<Budget, Error> {
        parse::parse(text, path)
    }

    /// How many limits there are.
    pub fn len(&self) -> usize {
        self.limits.len()
    }

    /// Whether it limits nothing.
    pub fn is_empty(&self) -> bool {
        self.limits.is_empty()
    }

    /// Checks every limit, in the order of the file.
    pub fn check(&self, profile: &Profile) -> Vec<Line> {
        check::check(&self.limits, profile)
    }
}

/// Whether one of the lines makes the check fail.
pub fn failed(lines: &[Line]) -> bool {
    lines.iter().any(|line| line.fails)
}
