//! The text form of a schedule, `.vxs`: read and written here, described in `docs/schedule-format.md`.
//!
//! One line is one thing: a word that says what, then fields `name=value` with blanks between them. Reading expects hostile input:
//! errors carry line and column, memory is bounded by the length of the text, nothing recurses.

use super::path::{escape, unescape_any};
use super::{Decision, InputLine, Operation, Point, ProgramStamp, Schedule, TaskPath, VERSION, What};
use rustc_hash::FxHashMap;
use std::fmt::{self, Write};
use tracer::event::Kind;

/// The first words of a file.
const MAGIC: &str = "vex schedule ";

/// Paths with more parts than this are written by a name for their parent.
const SHORT: u32 = 3;

/// Why a text is no schedule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FormatError {
    /// From 1; 0 where the whole is wrong.
    pub line: usize,
    /// From 1, in characters.
    pub column: usize,
    /// In a sentence.
    pub message: String,
}

impl fmt::Display for FormatError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}: {}", self.line, self.column, self.message)
    }
}

impl std::error::Error for FormatError {}

/// A word of a line, with its place.
#[derive(Clone, Copy)]
pub(super) struct Word<'a> {
    pub text: &'a str,
    pub line: usize,
    pub column: usize,
}

impl Word<'_> {
    pub fn error(&self, message: impl Into<String>) -> FormatError {
        FormatError { line: self.line, column: self.column, message: message.into() }
    }

    /// Its text for a message: not all of it where it is long.
    pub fn shown(&self) -> String {
        let mut chars = self.text.chars();
        let mut short: String = chars.by_ref().take(40).collect();
        if chars.next().is_some() {
            short.push('…');
        }
        format!("`{}`", short.escape_debug())
    }

    /// A decimal number, without signs or leading zeros.
    pub fn number<N: TryFrom<u64>>(&self) -> Result<N, FormatError> {
        let plain =
            self.text.bytes().all(|b| b.is_ascii_digit()) && (self.text.len() == 1 || !self.text.starts_with('0'));
        let number = if plain { self.text.parse::<u64>().ok() } else { None };
        number
            .and_then(|n| N::try_from(n).ok())
            .ok_or_else(|| self.error(format!("{} is no number that fits here", self.shown())))
    }

    /// A number from 1.
    pub fn count(&self) -> Result<u64, FormatError> {
        self.number().and_then(|n| if n == 0 { Err(self.error("counting begins with 1")) } else { Ok(n) })
    }

    /// What stands behind these bytes of it.
    fn after(&self, bytes: usize) -> Word<'_> {
        let (before, text) = self.text.split_at(bytes);
        Word { text, line: self.line, column: self.column + before.chars().count() }
    }

    /// What stands before and after the last of a character.
    fn split_last(&self, at: char) -> Option<(Word<'_>, Word<'_>)> {
        let place = self.text.rfind(at)?;
        Some((Word { text: &self.text[..place], ..*self }, self.after(place + at.len_utf8())))
    }

    /// What stands before and after the first of a character.
    pub fn split_first(&self, at: char) -> Option<(Word<'_>, Word<'_>)> {
        let place = self.text.find(at)?;
        Some((Word { text: &self.text[..place], ..*self }, self.after(place + at.len_utf8())))
    }
}

/// Names of paths that a text gives to long ones.
#[derive(Default)]
pub(super) struct Paths<'a>(FxHashMap<&'a str, TaskPath>);

impl<'a> Paths<'a> {
    /// A task: a path, or a name for one with more parts behind it.
    pub fn read(&self, word: Word<'_>) -> Result<TaskPath, FormatError> {
        let wrong = || word.error(format!("{} is no task: it should be like `main/worker.1`", word.shown()));
        if !word.text.starts_with('@') {
            return TaskPath::parse(word.text, None).ok_or_else(wrong);
        }
        let (name, rest) = word.text.split_once('/').map_or((word.text, None), |(name, rest)| (name, Some(rest)));
        let named = self
            .0
            .get(name)
            .ok_or_else(|| word.error(format!("there is no task {}", Word { text: name, ..word }.shown())))?;
        rest.map_or_else(|| Ok(named.clone()), |rest| TaskPath::parse(rest, Some(named)).ok_or_else(wrong))
    }

    /// A program point: `main/worker.1:5`, `main/worker.1:5.2`.
    pub fn point(&self, word: Word<'_>) -> Result<Point, FormatError> {
        let wrong = || word.error(format!("{} is no point: it should be like `main/worker.1:5`", word.shown()));
        let (task, place) = word.split_last(':').ok_or_else(wrong)?;
        let (nth, stop) = match place.split_first('.') {
            Some((nth, stop)) => (nth.number()?, stop.number()?),
            None => (place.number()?, 1),
        };
        if stop == 0 {
            return Err(wrong());
        }
        Ok(Point { task: self.read(task)?, nth, stop, operation: None })
    }
}

impl Schedule {
    /// Reads a schedule from its text form.
    ///
    /// # Errors
    /// With line and column, where the text is none.
    pub fn parse(text: &str) -> Result<Schedule, FormatError> {
        let mut lines = (1..).zip(text.lines());
        let (_, first) = lines.next().unwrap_or((1, ""));
        let version = first.trim_start_matches('\u{feff}').strip_prefix(MAGIC).ok_or_else(|| FormatError {
            line: 1,
            column: 1,
            message: format!("this is no schedule: its first line should be `{MAGIC}{VERSION}`"),
        })?;
        let version = Word { text: version.trim_end(), line: 1, column: MAGIC.len() + 1 };
        known_version(version)?;
        let mut reader = Reader::default();
        for (number, line) in lines {
            reader.line(number, line)?;
        }
        Ok(reader.schedule)
    }

    /// Its text form.
    pub fn to_text(&self) -> String {
        let mut out = format!("{MAGIC}{VERSION}\n");
        if let Some(program) = &self.program {
            let _ = writeln!(out, "program {} hash={:016x}", encoded(&program.path), program.hash);
        }
        let _ = writeln!(out, "seed {}", self.seed);
        if let Some(slices) = self.slices {
            let _ = writeln!(out, "slices {slices}");
        }
        for argument in &self.args {
            let _ = writeln!(out, "arg {}", encoded(argument));
        }
        let mut paths = Written::default();
        for line in &self.input {
            let by = line.task.as_ref().map(|task| format!(" by={}", paths.write(task, &mut out)));
            let _ = writeln!(out, "input {}{}", encoded(&line.text), by.unwrap_or_default());
        }
        for decision in &self.decisions {
            paths.decision(decision, &mut out);
        }
        out
    }
}

/// Whether this is a version that is understood.
pub(super) fn known_version(word: Word<'_>) -> Result<(), FormatError> {
    match word.number::<u32>() {
        Ok(VERSION) => Ok(()),
        Ok(other) => Err(word.error(format!("version {other} is not known here: this vex reads version {VERSION}"))),
        Err(_) => Err(word.error(format!("{} is no version", word.shown()))),
    }
}

/// Text in double quotes.
fn encoded(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 2);
    out.push('"');
    for c in text.chars() {
        match c {
            '"' | '\\' => out.extend(['\\', c]),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            c if c.is_control() || matches!(c, '\u{2028}' | '\u{2029}' | '\u{feff}') => {
                let _ = write!(out, "\\u{{{:x}}}", c as u32);
            }
            c => out.push(c),
        }
    }
    out.push('"');
    out
}

/// The text that [`encoded`] wrote, where it ends, in bytes.
fn decoded<'a>(word: &Word<'a>) -> Result<(String, &'a str), FormatError> {
    let wrong = |at: usize, message: &str| word.after(at).error(message.to_string());
    let Some(body) = word.text.strip_prefix('"') else { return Err(word.error("text in double quotes is missing")) };
    let mut out = String::new();
    let mut chars = body.char_indices();
    while let Some((at, c)) = chars.next() {
        match c {
            '"' => return Ok((out, &body[at + 1..])),
            '\\' => match chars.next().map(|(_, c)| c) {
                Some(c @ ('"' | '\\')) => out.push(c),
                Some('n') => out.push('\n'),
                Some('r') => out.push('\r'),
                Some('t') => out.push('\t'),
                Some('u') => {
                    let rest = &body[at + 2..];
                    let code = rest.strip_prefix('{').and_then(|rest| rest.split_once('}')).map(|(code, _)| code);
                    let code = code.filter(|code| code.len() <= 6 && !code.starts_with('+'));
                    let c = code.and_then(|code| u32::from_str_radix(code, 16).ok()).and_then(char::from_u32);
                    let (Some(c), Some(code)) = (c, code) else { return Err(wrong(at + 1, "that is no character")) };
                    out.push(c);
                    chars.nth(code.len() + 1);
                }
                _ => {
                    return Err(wrong(
                        at + 1,
                        "after a backslash there should be one of `\"`, `\\`, `n`, `r`, `t`, `u`",
                    ));
                }
            },
            c => out.push(c),
        }
    }
    Err(wrong(word.text.len(), "the closing quote is missing"))
}

#[derive(Default)]
struct Reader<'a> {
    schedule: Schedule,
    paths: Paths<'a>,
    has_seed: bool,
}

impl<'a> Reader<'a> {
    fn line(&mut self, number: usize, line: &'a str) -> Result<(), FormatError> {
        let whole = Word { text: line, line: number, column: 1 };
        let start = line.len() - line.trim_start_matches([' ', '\t']).len();
        let text = line[start..].trim_end();
        if text.is_empty() || text.starts_with('#') {
            return Ok(());
        }
        let column = whole.after(start).column;
        let end = text.find([' ', '\t']).unwrap_or(text.len());
        let what = Word { text: &text[..end], line: number, column };
        let rest_at = text.len() - text[end..].trim_start_matches([' ', '\t']).len();
        let rest = Word { text: &text[rest_at..], line: number, column: column + text[..rest_at].chars().count() };
        match what.text {
            "program" => self.program(what, rest),
            "seed" if self.has_seed => Err(what.error("there is a seed already")),
            "seed" => {
                self.has_seed = true;
                self.schedule.seed = rest.number()?;
                Ok(())
            }
            "slices" if self.schedule.slices.is_some() => Err(what.error("there is one already")),
            "slices" => {
                self.schedule.slices = Some(rest.number()?);
                Ok(())
            }
            "arg" => {
                let (text, after) = decoded(&rest)?;
                nothing(&rest, after)?;
                self.schedule.args.push(text);
                Ok(())
            }
            "input" => self.input(rest),
            "task" => self.task(rest),
            _ => self.decision(what, rest),
        }
    }

    fn program(&mut self, what: Word<'_>, rest: Word<'_>) -> Result<(), FormatError> {
        if self.schedule.program.is_some() {
            return Err(what.error("there is a program already"));
        }
        let (path, after) = decoded(&rest)?;
        let at = rest.after(rest.text.len() - after.len());
        let hash = at.text.trim_start().strip_prefix("hash=").filter(|hex| hex.len() == 16);
        let hash = hash.filter(|hex| hex.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f')));
        let hash = hash.and_then(|hex| u64::from_str_radix(hex, 16).ok());
        let hash = hash.ok_or_else(|| at.error("after the path there should be `hash=` and 16 hexadecimal digits"))?;
        self.schedule.program = Some(ProgramStamp { path, hash });
        Ok(())
    }

    fn input(&mut self, rest: Word<'_>) -> Result<(), FormatError> {
        let (text, after) = decoded(&rest)?;
        let at = rest.after(rest.text.len() - after.trim_start().len());
        let task = match at.text.strip_prefix("by=") {
            Some(_) => Some(self.paths.read(at.after(3))?),
            None => {
                nothing(&rest, after)?;
                None
            }
        };
        self.schedule.input.push(InputLine { task, text });
        Ok(())
    }

    /// `task @1 main/a.1/b.2/c.1`
    fn task(&mut self, rest: Word<'a>) -> Result<(), FormatError> {
        let (name, path) = rest.text.split_once(' ').ok_or_else(|| rest.error("there should be a name and a path"))?;
        let name_word = Word { text: name, ..rest };
        if !name.starts_with('@') || name.len() < 2 || name.contains('/') {
            return Err(name_word.error("the name of a task begins with `@`"));
        }
        let at = rest.text.len() - path.trim_start().len();
        let path = self.paths.read(rest.after(at))?;
        match self.paths.0.insert(name, path) {
            None => Ok(()),
            Some(_) => Err(name_word.error("there is such a task already")),
        }
    }

    /// `run 12 main/worker.2 after=main/worker.1:5 slice=4`
    fn decision(&mut self, what: Word<'_>, rest: Word<'_>) -> Result<(), FormatError> {
        let mut fields = Fields::default();
        let mut column = rest.column;
        for part in rest.text.split(' ') {
            let word = Word { text: part, line: rest.line, column };
            column += part.chars().count() + 1;
            if !part.is_empty() {
                fields.take(word, &self.paths)?;
            }
        }
        let decision = fields.decision(what, &self.paths)?;
        self.schedule.decisions.push(decision);
        Ok(())
    }
}

/// Nothing may follow.
fn nothing(word: &Word<'_>, after: &str) -> Result<(), FormatError> {
    if after.trim().is_empty() {
        Ok(())
    } else {
        Err(word.after(word.text.len() - after.len()).error("nothing should follow here"))
    }
}

/// The fields of a decision, in the text form and in the inline form.
#[derive(Default)]
pub(super) struct Fields<'a> {
    key: Option<u64>,
    after: Option<Point>,
    /// The plain word: a task or a number.
    plain: Option<Word<'a>>,
    slice: Option<u32>,
    operation: Option<Operation>,
}

impl<'a> Fields<'a> {
    pub fn take(&mut self, word: Word<'a>, paths: &Paths<'_>) -> Result<(), FormatError> {
        let again = || Err(word.error(format!("{} is one too many", word.shown())));
        match word.text.split_once('=') {
            Some(("at", value)) => {
                if self.key.replace(word.after(word.text.len() - value.len()).count()?).is_some() {
                    return again();
                }
            }
            Some(("after", value)) => {
                if self.after.replace(paths.point(word.after(word.text.len() - value.len()))?).is_some() {
                    return again();
                }
            }
            Some(("slice", value)) => {
                let value = word.after(word.text.len() - value.len());
                let slice = value.number().ok().filter(|&slice: &u32| slice > 0);
                let slice = slice.ok_or_else(|| value.error(format!("{} is no length of a slice", value.shown())))?;
                if self.slice.replace(slice).is_some() {
                    return again();
                }
            }
            Some(("op", value)) => {
                let value = word.after(word.text.len() - value.len());
                if self.operation.replace(operation(value)?).is_some() {
                    return again();
                }
            }
            Some((name, _)) => {
                return Err(word.error(format!("there is no field {}", Word { text: name, ..word }.shown())));
            }
            None if self.plain.is_some() => return again(),
            None => self.plain = Some(word),
        }
        Ok(())
    }

    pub fn decision(self, what: Word<'_>, paths: &Paths<'_>) -> Result<Decision, FormatError> {
        let plain = self.plain;
        let value = |name: &str| plain.ok_or_else(|| what.error(format!("{} needs {name}", what.shown())));
        let decided = match what.text {
            "run" => What::Run { task: paths.read(value("a task")?)?, slice: self.slice },
            "time" => What::Time,
            "preempt" => What::Preempt { ticks: value("a number of ticks")?.number()? },
            "cut" => What::Cut { instructions: value("a number of instructions")?.number()? },
            "arm" => What::Arm { arm: value("the number of an arm")?.number()? },
            "random" => What::Number { value: value("a number")?.number()? },
            _ => return Err(what.error(format!("{} is no kind of decision that is known here", what.shown()))),
        };
        if let (What::Time, Some(word)) = (&decided, plain) {
            return Err(word.error("nothing like that belongs here"));
        }
        if self.slice.is_some() && !matches!(decided, What::Run { .. }) {
            return Err(what.error("only `run` has a slice"));
        }
        let mut after = self.after;
        match (&mut after, self.operation) {
            (Some(point), operation) => point.operation = operation,
            (None, Some(_)) => {
                return Err(what.error("`op` says what the operation of `after` is, and there is no `after`"));
            }
            (None, None) => {}
        }
        if self.key.is_none() && after.is_none() {
            return Err(what.error("a decision needs `at=` or `after=`, to say where it belongs"));
        }
        Ok(Decision { key: self.key, after, what: decided })
    }
}

/// `mutex.lock`, `mutex.lock@fork#2`
fn operation(word: Word<'_>) -> Result<Operation, FormatError> {
    let (kind, object) = word.text.split_once('@').unwrap_or((word.text, ""));
    let kind = Kind::ALL.iter().copied().find(|known| known.name() == kind && known.is_operation());
    let object = unescape_any(object).map(Into::into);
    match (kind, object) {
        (Some(kind), Some(object)) => Ok(Operation { kind, object }),
        _ => Err(word.error(format!("{} is no operation", word.shown()))),
    }
}

/// Writes fields; the same in both forms.
pub(super) fn write_fields(decision: &Decision, mut path: impl FnMut(&TaskPath) -> String, out: &mut Vec<String>) {
    let what = match &decision.what {
        What::Run { task, .. } => path(task),
        What::Time => String::new(),
        What::Preempt { ticks } => ticks.to_string(),
        What::Cut { instructions } => instructions.to_string(),
        What::Arm { arm } => arm.to_string(),
        What::Number { value } => value.to_string(),
    };
    if !what.is_empty() {
        out.push(what);
    }
    if let Some(key) = decision.key {
        out.push(format!("at={key}"));
    }
    if let Some(point) = &decision.after {
        let stop = if point.stop == 1 { String::new() } else { format!(".{}", point.stop) };
        out.push(format!("after={}:{}{stop}", path(&point.task), point.nth));
        if let Some(operation) = &point.operation {
            let mut text = format!("op={}", operation.kind.name());
            if !operation.object.is_empty() {
                text.push('@');
                escape(&operation.object, &mut text);
            }
            out.push(text);
        }
    }
    if let What::Run { slice: Some(slice), .. } = &decision.what {
        out.push(format!("slice={slice}"));
    }
}

impl What {
    /// Its word in both forms.
    pub(super) fn word(&self) -> &'static str {
        match self {
            What::Run { .. } => "run",
            What::Time => "time",
            What::Preempt { .. } => "preempt",
            What::Cut { .. } => "cut",
            What::Arm { .. } => "arm",
            What::Number { .. } => "random",
        }
    }
}

/// Paths that have been given names in a text that is being written.
#[derive(Default)]
struct Written {
    names: FxHashMap<u64, Vec<(TaskPath, usize)>>,
    count: usize,
}

impl Written {
    fn name(&self, path: &TaskPath) -> Option<usize> {
        self.names.get(&path.hash())?.iter().find(|(known, _)| known == path).map(|&(_, name)| name)
    }

    /// How a path is written. Long ones are given by their parent's name, which is introduced first.
    fn write(&mut self, path: &TaskPath, out: &mut String) -> String {
        if path.depth() < SHORT {
            return path.to_string();
        }
        // Those above it that have no name yet, the path itself last; a chain may be as long as the run.
        let mut unnamed: Vec<&TaskPath> = Vec::new();
        let mut up = Some(path);
        while let Some(above) = up.filter(|above| above.depth() >= SHORT && self.name(above).is_none()) {
            unnamed.push(above);
            up = above.parent();
        }
        for path in unnamed.into_iter().rev() {
            let parent = path.parent().map(|parent| match self.name(parent) {
                Some(name) => format!("@{name}"),
                None => parent.to_string(),
            });
            self.count += 1;
            let _ = writeln!(out, "task @{} {}/{}", self.count, parent.unwrap_or_default(), path.last_part());
            self.names.entry(path.hash()).or_default().push((path.clone(), self.count));
        }
        self.name(path).map_or_else(|| path.to_string(), |name| format!("@{name}"))
    }

    fn decision(&mut self, decision: &Decision, out: &mut String) {
        let mut fields = vec![decision.what.word().to_string()];
        write_fields(decision, |path| self.write(path, out), &mut fields);
        let _ = writeln!(out, "{}", fields.join(" "));
    }
}
