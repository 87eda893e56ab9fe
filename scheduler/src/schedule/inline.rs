//! The inline form of small schedules, for a command line: `1:seed=7`, `1:seed=0,cut=4+at=3+after=main%2Fa.1:1`. Nothing in it
//! means anything to a shell. What does not fit into [`LONGEST`] characters, or has arguments or input, belongs into a file.

use super::text::{Fields, FormatError, Paths, Word, known_version, write_fields};
use super::{Schedule, VERSION};

/// Characters of the longest inline form.
pub const LONGEST: usize = 400;

impl Schedule {
    /// Whether a text is meant as an inline form and not as the name of a file: digits and a colon come first.
    pub fn is_inline(text: &str) -> bool {
        text.split_once(':')
            .is_some_and(|(version, _)| !version.is_empty() && version.bytes().all(|b| b.is_ascii_digit()))
    }

    /// Reads the inline form.
    ///
    /// # Errors
    /// With the column, where the text is none.
    pub fn parse_inline(text: &str) -> Result<Schedule, FormatError> {
        let whole = Word { text, line: 1, column: 1 };
        if text.contains('\n') {
            return Err(whole.error("an inline schedule is one line"));
        }
        let (version, rest) =
            whole.split_first(':').ok_or_else(|| whole.error("an inline schedule begins with `1:`"))?;
        known_version(version)?;
        if text.chars().count() > LONGEST {
            return Err(whole.error(format!("an inline schedule has at most {LONGEST} characters: put it into a file")));
        }
        let mut schedule = Schedule::default();
        let mut has_seed = false;
        let mut column = rest.column;
        for part in rest.text.split(',') {
            let item = Word { text: part, line: 1, column };
            column += part.chars().count() + 1;
            let (what, value) = match item.split_first('=') {
                Some(both) => both,
                None if part == "time" || part.starts_with("time+") => (item, item),
                None => return Err(item.error(format!("{} should be like `seed=7`", item.shown()))),
            };
            match what.text {
                "seed" if !has_seed => {
                    has_seed = true;
                    schedule.seed = value.number()?;
                }
                "slices" if schedule.slices.is_none() => schedule.slices = Some(value.number()?),
                "seed" | "slices" => return Err(item.error("there is one already")),
                _ => schedule.decisions.push(decision(item)?),
            }
        }
        Ok(schedule)
    }

    /// The inline form, where there is one: the program, which the command line names anyway, is left out.
    pub fn to_inline(&self) -> Option<String> {
        if !self.args.is_empty() || !self.input.is_empty() {
            return None;
        }
        let mut out = format!("{VERSION}:seed={}", self.seed);
        if let Some(slices) = self.slices {
            out.push_str(&format!(",slices={slices}"));
        }
        for decision in &self.decisions {
            let mut fields = Vec::new();
            write_fields(decision, |path| path.to_string(), &mut fields);
            out.push(',');
            out.push_str(decision.what.word());
            // What comes first is the value of the word, but for `time`, which has none.
            out.push(if matches!(decision.what, super::What::Time) { '+' } else { '=' });
            out.push_str(&fields.join("+"));
            if out.len() > LONGEST * 4 {
                return None;
            }
        }
        (out.chars().count() <= LONGEST).then_some(out)
    }
}

/// `run=main/a.1+at=3+after=main:4`
fn decision(item: Word<'_>) -> Result<super::Decision, FormatError> {
    let end = item.text.find(['=', '+']).unwrap_or(item.text.len());
    let what = Word { text: &item.text[..end], ..item };
    let mut fields = Fields::default();
    let paths = Paths::default();
    let mut column = item.column + what.text.chars().count() + 1;
    for part in item.text.get(end + 1..).unwrap_or_default().split('+') {
        let word = Word { text: part, line: 1, column };
        column += part.chars().count() + 1;
        fields.take(word, &paths)?;
    }
    fields.decision(what, &paths)
}
