//! From the text of a budget to limits. Every mistake is said, each with its line and column.

use super::sections::{Field, Measure, SECTIONS, Section, Shape, Statistic, has_fixed_names, section};
use super::units::{Quantity, Unit};
use super::{Bound, Budget, Limit, What};
use crate::finding::WaitReason;
use crate::profile::Profile;
use std::fmt;
use std::ops::Range;
use std::path::{Path, PathBuf};
use toml::Spanned;
use toml::de::{DeTable, DeValue};

/// What is wrong with a budget file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Error {
    path: PathBuf,
    /// Line and column, both from 1, and what is wrong there.
    mistakes: Vec<(usize, usize, String)>,
}

impl Error {
    /// Each mistake with its line and column, both from 1, in the order of the file.
    pub fn mistakes(&self) -> &[(usize, usize, String)] {
        &self.mistakes
    }
}

impl fmt::Display for Error {
    /// A line for each: `budget.toml:3:7: …`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, (line, column, message)) in self.mistakes.iter().enumerate() {
            let end = if i == 0 { "" } else { "\n" };
            write!(f, "{end}{}:{line}:{column}: {message}", self.path.display())?;
        }
        Ok(())
    }
}

impl std::error::Error for Error {}

/// Reads a budget.
pub fn parse(text: &str, path: &Path) -> Result<Budget, Error> {
    let (table, errors) = DeTable::parse_recoverable(text);
    let mut reader = Reader { limits: Vec::new(), mistakes: Vec::new(), missing_is_ok: false };
    for error in errors {
        reader.mistakes.push((error.span().unwrap_or_default(), first_line(error.message())));
    }
    // A file that is not TOML has been understood only in parts: what is made of those would mislead.
    if reader.mistakes.is_empty() {
        reader.file(table.get_ref());
        if reader.limits.is_empty() && reader.mistakes.is_empty() {
            reader.wrong(0..0, "the budget limits nothing");
        }
    }
    if reader.mistakes.is_empty() {
        return Ok(Budget { limits: reader.limits });
    }
    reader.mistakes.sort_by_key(|(span, _)| span.start);
    let mistakes = reader.mistakes.into_iter().map(|(span, message)| {
        let (line, column) = position(text, span.start);
        (line, column, message)
    });
    Err(Error { path: path.to_path_buf(), mistakes: mistakes.collect() })
}

/// Line and column of a byte, both from 1; the column counts characters.
fn position(text: &str, at: usize) -> (usize, usize) {
    let before = text.get(..at).unwrap_or(text);
    let line = before.matches('\n').count() + 1;
    let column = before.rsplit('\n').next().unwrap_or("").chars().count() + 1;
    (line, column)
}

fn first_line(message: &str) -> String {
    message.lines().next().unwrap_or("this is not TOML").to_string()
}

type Key<'a> = Spanned<std::borrow::Cow<'a, str>>;
type Value<'a> = Spanned<DeValue<'a>>;

struct Reader {
    limits: Vec<Limit>,
    mistakes: Vec<(Range<usize>, String)>,
    missing_is_ok: bool,
}

impl Reader {
    fn wrong(&mut self, at: Range<usize>, message: impl Into<String>) {
        self.mistakes.push((at, message.into()));
    }

    fn file(&mut self, table: &DeTable<'_>) {
        // It counts for the whole file, wherever it stands.
        if let Some((_, value)) = table.iter().find(|(key, _)| key.get_ref() == "missing") {
            self.missing_is_ok = self.missing(value).unwrap_or_default();
        }
        for (key, value) in by_place(table) {
            let name = key.get_ref().as_ref();
            if name == "missing" {
                continue;
            }
            let top = section("").into_iter();
            if let Some((section, field)) = top.clone().find_map(|top| Some((top, field(top, name)?))) {
                self.field(section, "", field, name, value);
            } else if let Some(section) = section(name).filter(|_| !name.is_empty()) {
                self.section(section, value);
            } else {
                let fields = top.flat_map(|top| fields(top).iter().map(|field| field.key));
                let known = SECTIONS.iter().map(|section| section.name).chain(fields).chain(["missing"]);
                self.unknown(key, "key or section", known.filter(|known| !known.is_empty()));
            }
        }
    }

    /// What `missing = …` says; absent where that is wrong.
    fn missing(&mut self, value: &Value<'_>) -> Option<bool> {
        match value.get_ref() {
            DeValue::String(word) if word == "ok" => Some(true),
            DeValue::String(word) if word == "fail" => Some(false),
            other => {
                let found = words(other);
                self.wrong(value.span(), format!("`missing` is \"fail\" or \"ok\", not {found}"));
                None
            }
        }
    }

    fn section(&mut self, section: &'static Section, value: &Value<'_>) {
        let DeValue::Table(table) = value.get_ref() else {
            let found = words(value.get_ref());
            return self.wrong(value.span(), format!("[{}] is a table, not {found}", section.name));
        };
        for (key, value) in by_place(table) {
            let name = key.get_ref().as_ref();
            let path = format!("{}.{}", section.name, quoted(name));
            match &section.shape {
                Shape::Fields(known) => match field(section, name) {
                    Some(field) => self.field(section, "", field, &path, value),
                    None => self.unknown(key, &format!("key of [{}]", section.name), known.iter().map(|f| f.key)),
                },
                Shape::Named(known) => self.named(section, known, false, name, &path, value),
                Shape::NamedReasons(known) => self.named(section, known, true, name, &path, value),
                Shape::Names(measure, unit, bound) => {
                    let known = (section.known)(&Profile::default());
                    if has_fixed_names(section) && !known.iter().any(|known| known == name) {
                        self.unknown(key, section.names, known.iter().map(String::as_str));
                        continue;
                    }
                    let what = What::new(section, name, *measure);
                    self.limit(&what, Some(*unit), *bound, &path, value);
                }
                Shape::Reasons => self.reason(section, "", key, &path, value, &[]),
                Shape::Numbers => {
                    let number = Measure::Number(|profile, key| crate::profile::numbers(profile).get(key).copied());
                    let what = What::new(section, name, number);
                    self.limit(&what, None, Bound::Max, &path, value);
                }
            }
        }
    }

    /// A name and the table of what is limited of it.
    fn named(
        &mut self,
        section: &'static Section,
        known: &'static [Field],
        reasons: bool,
        name: &str,
        path: &str,
        value: &Value<'_>,
    ) {
        let DeValue::Table(table) = value.get_ref() else {
            let found = words(value.get_ref());
            return self.wrong(value.span(), format!("{path} is a table of limits, not {found}"));
        };
        for (key, value) in by_place(table) {
            let path = format!("{path}.{}", key.get_ref());
            match known.iter().find(|field| field.key == key.get_ref()) {
                Some(field) => self.field(section, name, field, &path, value),
                None if reasons => self.reason(section, name, key, &path, value, known),
                None => self.unknown(key, &format!("key of a {}", section.names), known.iter().map(|f| f.key)),
            }
        }
    }

    /// A reason of waits and its table of statistics. `beside` are keys that could stand in its place.
    fn reason(
        &mut self,
        section: &'static Section,
        name: &str,
        key: &Key<'_>,
        path: &str,
        value: &Value<'_>,
        beside: &[Field],
    ) {
        let known = WaitReason::ALL.iter().map(|reason| reason.name());
        if !known.clone().any(|known| known == key.get_ref()) {
            let known = known.chain(beside.iter().map(|field| field.key));
            return self.unknown(key, "reason of waits", known);
        }
        let mut what = What::new(section, name, Measure::Waits);
        what.reason = key.get_ref().to_string();
        self.statistics(&what, path, value);
    }

    fn field(&mut self, section: &'static Section, name: &str, field: &Field, path: &str, value: &Value<'_>) {
        let what = What::new(section, name, field.measure);
        match field.measure {
            Measure::Number(_) => self.limit(&what, Some(field.unit), field.bound, path, value),
            Measure::Times(_) | Measure::Waits => self.statistics(&what, path, value),
        }
    }

    /// Limits on statistics of many durations.
    fn statistics(&mut self, what: &What, path: &str, value: &Value<'_>) {
        let known = || Statistic::all().map(|(name, _)| name);
        let DeValue::Table(table) = value.get_ref() else {
            let (found, which) = (words(value.get_ref()), known().collect::<Vec<_>>().join(", "));
            let message = format!("say of what {path} is limited to {found}: {which} (`{path}.p99 = …`)");
            return self.wrong(value.span(), message);
        };
        for (key, value) in by_place(table) {
            let name = key.get_ref().as_ref();
            let Some((name, statistic)) = Statistic::all().find(|(known, _)| *known == name) else {
                self.unknown(key, "statistic", known());
                continue;
            };
            let path = format!("{path}.{}", quoted(name));
            // Without quotes TOML reads `p99.9` as a table.
            if let DeValue::Table(inner) = value.get_ref()
                && inner.iter().any(|(key, _)| key.get_ref() == "9")
            {
                self.wrong(key.span(), format!("write `\"{name}.9\"` in quotes: TOML splits names at points"));
                continue;
            }
            let what = What { statistic: Some(statistic), ..what.clone() };
            self.limit(&what, Some(statistic.unit()), Bound::Max, &path, value);
        }
    }

    /// A limit: a number, or a table with `min` and `max`. Without a unit any will do.
    fn limit(&mut self, what: &What, unit: Option<Unit>, bound: Bound, path: &str, value: &Value<'_>) {
        let DeValue::Table(table) = value.get_ref() else {
            return self.bound(what, unit, bound, path, value, self.missing_is_ok);
        };
        let missing = table.iter().find(|(key, _)| key.get_ref() == "missing");
        let missing_is_ok = missing.and_then(|(_, value)| self.missing(value)).unwrap_or(self.missing_is_ok);
        let mut bounds = 0;
        for (key, value) in by_place(table) {
            let bound = match key.get_ref().as_ref() {
                "min" => Bound::Min,
                "max" => Bound::Max,
                "missing" => continue,
                _ => {
                    self.unknown(key, "key of a limit", ["min", "max", "missing"].into_iter());
                    return;
                }
            };
            bounds += 1;
            self.bound(what, unit, bound, path, value, missing_is_ok);
        }
        if bounds == 0 {
            self.wrong(value.span(), format!("{path} has neither `min` nor `max`"));
        }
    }

    fn bound(
        &mut self,
        what: &What,
        unit: Option<Unit>,
        bound: Bound,
        path: &str,
        value: &Value<'_>,
        missing_is_ok: bool,
    ) {
        let written = match value.get_ref() {
            DeValue::String(text) => text.trim().to_string(),
            DeValue::Integer(number) => number.to_string(),
            DeValue::Float(number) => number.to_string(),
            _ => String::new(),
        };
        let read = match unit {
            Some(unit) => Quantity::parse(&written, unit),
            None => Quantity::parse_any(&written),
        };
        let Some(quantity) = read else {
            let expected = match unit {
                Some(unit) => unit.example().to_string(),
                None => "a number with its unit, like \"10M/s\", \"1ms\", 100 or \"5%\"".to_string(),
            };
            let found = words(value.get_ref());
            return self.wrong(value.span(), format!("{path} is {expected}, not {found}"));
        };
        let key = path.to_string();
        self.limits.push(Limit { key, what: what.clone(), bound, quantity, written, missing_is_ok });
    }

    fn unknown<'n>(&mut self, key: &Key<'_>, what: &str, known: impl Iterator<Item = &'n str>) {
        let known: Vec<&str> = known.collect();
        let name = key.get_ref();
        let help = match closest(name, known.iter().copied()) {
            Some(close) => format!("did you mean `{close}`?"),
            None => format!("there are {}", known.join(", ")),
        };
        self.wrong(key.span(), format!("unknown {what} `{name}`; {help}"));
    }
}

impl What {
    fn new(section: &'static Section, name: &str, measure: Measure) -> Self {
        Self { section, name: name.to_string(), measure, reason: String::new(), statistic: None }
    }
}

/// The keys of a section that stand there by themselves.
fn fields(section: &'static Section) -> &'static [Field] {
    match section.shape {
        Shape::Fields(fields) => fields,
        _ => &[],
    }
}

fn field(section: &'static Section, key: &str) -> Option<&'static Field> {
    fields(section).iter().find(|field| field.key == key)
}

/// The entries of a table in the order of the file.
fn by_place<'t, 'i>(table: &'t DeTable<'i>) -> Vec<(&'t Key<'i>, &'t Value<'i>)> {
    let mut entries: Vec<_> = table.iter().collect();
    entries.sort_by_key(|(key, _)| key.span().start);
    entries
}

/// A value as a message quotes it.
fn words(value: &DeValue<'_>) -> String {
    match value {
        DeValue::String(text) => format!("{:?}", text.as_ref()),
        DeValue::Integer(number) => format!("`{number}`"),
        DeValue::Float(number) => format!("`{number}`"),
        DeValue::Boolean(truth) => format!("`{truth}`"),
        DeValue::Datetime(time) => format!("`{time}`"),
        DeValue::Array(_) => "a list".to_string(),
        DeValue::Table(_) => "a table".to_string(),
    }
}

/// A name as TOML wants it between points.
fn quoted(name: &str) -> String {
    let bare = !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_'));
    if bare { name.to_string() } else { format!("{name:?}") }
}

/// The known name that was perhaps meant.
pub fn closest<'n>(name: &str, known: impl Iterator<Item = &'n str>) -> Option<&'n str> {
    let scored = known.map(|known| (strsim::normalized_damerau_levenshtein(name, known), known));
    let best = scored.max_by(|a, b| a.0.total_cmp(&b.0))?;
    (best.0 >= 0.5).then_some(best.1)
}
