//! Two profiles compared: which numbers differ, by how much, and how sure that is.
//!
//! Numbers are aligned by key and place ([`align`]). How a difference is judged depends on what was measured:
//!
//! - **exact**: both are seeded runs in virtual time. Every difference is real.
//! - **repeated**: both have several runs (`vex profile --runs N`). A difference is real where the exact rank test says so at
//!   1 %, after correction for how many numbers are looked at ([`statistics`]).
//! - **single**: there is no telling a difference from noise; only large ones are spoken of, and what fails takes three times as
//!   much.
//!
//! Not every number can fail a comparison. *Outcomes* can: how long the run took, its rates, time on workers by place, peaks,
//! findings. The rest are *causes*: a consumer that became faster waits longer for its producer, which is no regression. They are
//! reported, and fail only where they are asked for by name.

mod align;
mod judge;
mod render;
pub mod statistics;

pub use render::{markdown, text};

use crate::about::{About, Runtime};
use crate::profile::Profile;
use serde::{Deserialize, Serialize};

/// The version of the document.
pub const VERSION: u32 = 1;

/// Runs of each side that are needed to be sure of anything: with four and four the rank test cannot fall below 1 %.
pub const RUNS: usize = 5;

/// How sure a difference has to be: the chance of calling one real that is none.
pub const ALPHA: f64 = 0.01;

/// By how much more a single run has to be worse to fail.
pub const SINGLE: f64 = 3.0;

/// What is asked.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// The smallest regression that fails: 0.1 is 10 %.
    pub fail_on: Option<f64>,
    /// The keys that can fail, with `*` for any text, in place of the outcomes.
    pub on: Vec<String>,
}

/// How differences are judged.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Method {
    /// Both runs are the same every time.
    Exact,
    /// There are enough runs of both.
    Repeated,
    /// There are not.
    Single,
}

/// What is compared.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Side {
    /// The file.
    pub path: String,
    /// What was run.
    pub about: About,
    /// How many runs there are.
    pub runs: usize,
}

/// What a difference is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    /// Worse.
    Regression,
    /// Better.
    Improvement,
    /// Different, and neither.
    Change,
    /// Not surely different, or too little.
    NoDifference,
}

impl Verdict {
    /// The word of tables.
    pub fn name(self) -> &'static str {
        match self {
            Verdict::Regression => "worse",
            Verdict::Improvement => "better",
            Verdict::Change => "different",
            Verdict::NoDifference => "no difference",
        }
    }
}

/// A number on both sides.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Change {
    /// Its key in the new profile.
    pub key: String,
    /// Its key in the old one, where that is another: the place has moved.
    pub old_key: Option<String>,
    /// Whether the place was matched only by its order.
    pub guessed: bool,
    /// The median of the old runs.
    pub old: f64,
    /// The median of the new ones.
    pub new: f64,
    /// How many old runs have it.
    pub old_runs: usize,
    /// How many new runs have it.
    pub new_runs: usize,
    /// By what factor it is larger: the median of all pairwise ratios. Absent where it is larger by any factor: from nothing.
    pub ratio: Option<f64>,
    /// The 95 % interval of that factor, where there are enough runs.
    pub interval: Option<(f64, f64)>,
    /// How far apart the samples lie, from -1 to 1: Cliff's delta.
    pub delta: f64,
    /// The chance of such a difference between equal programs, where there are enough runs.
    pub p: Option<f64>,
    /// The same after correction for how many numbers are looked at.
    pub adjusted_p: Option<f64>,
    /// What it is.
    pub verdict: Verdict,
    /// Whether it can make the comparison fail.
    pub outcome: bool,
    /// Whether it does.
    pub fails: bool,
    /// A word on it, where there is one.
    pub note: String,
}

/// A whole comparison.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Comparison {
    /// [`VERSION`].
    pub version: u32,
    /// What is compared with.
    pub old: Side,
    /// What is compared.
    pub new: Side,
    /// How differences were judged.
    pub method: Method,
    /// The smallest regression that fails, where one was asked for.
    pub fail_on: Option<f64>,
    /// Whether there is one.
    pub failed: bool,
    /// Numbers that differ: those that fail first, then the others, the largest effects first.
    pub changes: Vec<Change>,
    /// How many numbers show no difference.
    pub unchanged: usize,
    /// Keys that only the old profile has.
    pub only_old: Vec<String>,
    /// Keys that only the new profile has.
    pub only_new: Vec<String>,
    /// What to know when reading this.
    pub notes: Vec<String>,
}

/// Why two profiles cannot be compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NotComparable;

impl std::fmt::Display for NotComparable {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(
            "one is a seeded run in virtual time and the other ran in real time: their times have nothing in common",
        )
    }
}

impl std::error::Error for NotComparable {}

/// Compares two profiles, named by their files.
///
/// # Errors
/// When the times of one are virtual and those of the other are not.
pub fn compare(old: (&str, &Profile), new: (&str, &Profile), options: &Options) -> Result<Comparison, NotComparable> {
    let exact = [is_exact(&old.1.about), is_exact(&new.1.about)];
    if exact[0] != exact[1] {
        return Err(NotComparable);
    }
    let side = |(path, profile): (&str, &Profile)| Side {
        path: path.to_string(),
        about: profile.about.clone(),
        runs: profile.runs.len().max(1),
    };
    let (old_side, new_side) = (side(old), side(new));
    let method = match old_side.runs.min(new_side.runs) {
        _ if exact[0] => Method::Exact,
        RUNS.. => Method::Repeated,
        _ => Method::Single,
    };
    let mut comparison = Comparison {
        version: VERSION,
        method,
        fail_on: options.fail_on,
        failed: false,
        changes: Vec::new(),
        unchanged: 0,
        only_old: Vec::new(),
        only_new: Vec::new(),
        notes: notes(&old_side, &new_side, method),
        old: old_side,
        new: new_side,
    };
    judge::judge(&mut comparison, old.1, new.1, options);
    Ok(comparison)
}

/// Whether a run is the same every time.
fn is_exact(about: &About) -> bool {
    about.runtime == Runtime::Deterministic && !about.real_time
}

fn notes(old: &Side, new: &Side, method: Method) -> Vec<String> {
    let mut notes = Vec::new();
    match method {
        Method::Exact if old.about.seed != new.about.seed => {
            notes.push("The seeds differ: so do the schedules, whatever the program does.".to_string());
        }
        Method::Exact => notes.push("Seeded runs in virtual time: every difference is real.".to_string()),
        Method::Repeated => {}
        Method::Single => notes.push(format!(
            "{} and {}: too few to tell a difference from noise. Only one of three times the allowed size fails; profile with \
             `--runs 10` to be sure.",
            runs(old.runs),
            runs(new.runs),
        )),
    }
    if old.about.workers != new.about.workers {
        notes.push(format!("{} workers against {}.", old.about.workers, new.about.workers));
    }
    if old.about.args != new.about.args {
        notes.push("The programs were given other arguments.".to_string());
    }
    notes
}

/// `1 run`, `10 runs`.
fn runs(runs: usize) -> String {
    if runs == 1 { "1 run".to_string() } else { format!("{runs} runs") }
}
