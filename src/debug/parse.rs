//! From the text of a command to the command. Breakpoints have a parser of their own ([`super::breakpoint`]).

use super::command::{Command, Line, Which};
use super::nearest::did_you_mean;
use super::scan;
use super::table::{self, Form, Id, NoCommand, Row};
use interpreter::debug::request::{Direction, Go, Motion};

/// Why a command is not understood.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wrong {
    /// The column in the command's text, in characters from 1.
    pub column: usize,
    /// In a sentence.
    pub message: String,
}

/// Understands a command.
///
/// # Errors
/// When it is none, with the place and the nearest one.
pub fn parse(text: &str) -> Result<Command, Wrong> {
    let mut words = Words { text, at: 0 };
    if let Some(at) = scan::unclosed(text) {
        return Err(words.wrong(at, "this is never closed".to_string()));
    }
    let (at, word) = words.need("a command (`help` lists them)")?;
    let row = command(&words, at, word, |_| true)?;
    let command = match row.id {
        Id::Back => match words.peek() {
            None => Command::Back,
            Some(_) => motion(&mut words, Direction::Back)?,
        },
        Id::Write | Id::Sent | Id::Taken => {
            return Err(words.wrong(at, format!("`{}` goes back only: `{}`", row.name, row.example)));
        }
        Id::Step
        | Id::Line
        | Id::Over
        | Id::Out
        | Id::Event
        | Id::Switch
        | Id::Operation
        | Id::Blocking
        | Id::Run
        | Id::Continue
        | Id::Goto
        | Id::Start
        | Id::End => {
            words.at = at;
            motion(&mut words, Direction::Forward)?
        }
        Id::Moves => Command::Moves,
        Id::Pick => Command::Pick(words.number("the number of a move (`moves` lists them)")?),
        Id::Preempt => Command::Preempt,
        Id::Undo => Command::Undo,
        Id::Break | Id::Watch => Command::Break(super::breakpoint::parse(&mut words, row)?),
        Id::Breakpoints => Command::Breakpoints,
        Id::Delete => Command::Delete(which(&mut words)?),
        Id::Enable => Command::Enable(which(&mut words)?, true),
        Id::Disable => Command::Enable(which(&mut words)?, false),
        Id::Where => Command::Where { all: words.take("all") },
        Id::Tasks => Command::Tasks,
        Id::Task => Command::Select(words.name("a task's name, path or number")?),
        Id::Frame => Command::Frame(words.number("the number of a frame (`where` lists them)")?),
        Id::Up => Command::FrameBy(words.count()?.into()),
        Id::Down => Command::FrameBy(-i64::from(words.count()?)),
        Id::Locals => Command::Locals,
        Id::Print | Id::Eval => {
            Command::Evaluate { text: words.rest("an expression")?.to_string(), effects: row.id == Id::Eval }
        }
        Id::Set => set(&mut words)?,
        Id::Objects => Command::Objects,
        Id::Object => Command::Object(words.name("an object's name (`objects` lists them)")?),
        Id::Waits => Command::Waits,
        Id::List => Command::List(list(&mut words)?),
        Id::Events => Command::Events(if words.peek().is_some() { words.number("how many")? } else { 10 }),
        Id::Output => Command::Output,
        Id::Findings => Command::Findings,
        Id::Info => Command::Info,
        Id::Schedule => Command::Schedule,
        Id::Save => Command::Save(unquoted(words.rest("a file")?).into()),
        Id::Restart => Command::Restart,
        Id::Help => Command::Help(help(&mut words)?),
        Id::Quit => Command::Quit,
    };
    words.end()?;
    Ok(command)
}

/// The row of a word that stands at a place.
fn command(words: &Words, at: usize, word: &str, wanted: impl Fn(&Row) -> bool) -> Result<&'static Row, Wrong> {
    table::find(word, wanted).map_err(|no| {
        words.wrong(
            at,
            match no {
                NoCommand::Ambiguous(names) => {
                    let names: Vec<String> = names.into_iter().map(|name| format!("`{name}`")).collect();
                    format!("`{word}` may be {}", tracer::names::either(&names))
                }
                NoCommand::Unknown(nearest) => format!("there is no command `{word}`{}", did_you_mean(nearest)),
            },
        )
    })
}

/// A motion with its arguments.
fn motion(words: &mut Words, direction: Direction) -> Result<Command, Wrong> {
    let back = direction == Direction::Back;
    let (at, word) = words.need("a motion")?;
    // Forwards the word has been found already, among all commands.
    let allowed = |form: Form| if back { matches!(form, Form::Both | Form::Alone | Form::Back) } else { true };
    let row = match command(words, at, word, |row| allowed(row.form)) {
        Ok(row) => row,
        Err(wrong) => {
            // What is a command, but none that goes back, deserves to be told so.
            return Err(match table::find(word, |row| row.form != Form::Back) {
                Ok(other) => words.wrong(at, format!("`{}` does not go back", other.name)),
                Err(_) => wrong,
            });
        }
    };
    let mut times = 1;
    let motion = match row.id {
        Id::Step => Motion::Instruction,
        Id::Line => Motion::Into,
        Id::Over => Motion::Over,
        Id::Out => Motion::Out,
        Id::Event => Motion::Event,
        Id::Switch => Motion::Switch,
        Id::Operation => Motion::Operation(words.name("the name of a channel, lock or other object")?),
        Id::Blocking => Motion::Blocking,
        Id::Run => Motion::UntilBlocked,
        Id::Write => Motion::LastWrite(words.name("a variable's name")?),
        Id::Sent => Motion::Sent(words.name("the name of a variable or a channel")?),
        Id::Taken => Motion::Taken(words.name("the name of a lock")?),
        Id::Goto if words.take("step") => Motion::Step(words.number("the number of a step")?),
        Id::Goto => Motion::EventAt(words.number("the number of an event, or `step N`")?),
        Id::Start => Motion::Start,
        Id::End => Motion::Frontier,
        _ => Motion::Continue,
    };
    if row.arguments.contains("[N]") && words.peek().is_some_and(|word| word.starts_with(|c: char| c.is_ascii_digit()))
    {
        times = words.count()?;
    }
    let alone_at = words.skip();
    let alone = words.take("alone");
    if alone && row.form != Form::Alone {
        return Err(words.wrong(alone_at, format!("`{}` cannot be `alone`", row.name)));
    }
    words.end()?;
    Ok(Command::Go(Go { motion, direction, alone, times }))
}

fn which(words: &mut Words) -> Result<Which, Wrong> {
    if words.take("all") {
        return Ok(Which::All);
    }
    let mut numbers = vec![words.number("the number of a breakpoint, or `all`")?];
    while words.peek().is_some() {
        numbers.push(words.number("the number of a breakpoint")?);
    }
    Ok(Which::Numbers(numbers))
}

fn set(words: &mut Words) -> Result<Command, Wrong> {
    let at = words.skip();
    let rest = words.rest("PLACE = EXPR")?;
    // The first `=` outside of brackets that is no part of a comparison.
    let mut end = 0;
    while let Some(next) = rest[end..].chars().next() {
        if next == '=' {
            let (before, after) = (rest[..end].trim(), &rest[end + 1..]);
            let compares = after.starts_with('=') || before.ends_with(['=', '!', '<', '>']);
            return match (compares, before.is_empty(), after.trim().is_empty()) {
                (false, false, false) => Ok(Command::Set { place: before.into(), value: after.trim().into() }),
                (true, ..) => Err(words.wrong(at + end, "one `=` gives a value: `set x = 3`".to_string())),
                (_, true, _) => Err(words.wrong(at, "what is to be set? `set x = 3`".to_string())),
                _ => Err(words.wrong(at + end + 1, "a value is missing: `set x = 3`".to_string())),
            };
        }
        // A word's step: over brackets and quotes as a whole.
        end = scan::past(rest, end);
    }
    Err(words.wrong(at + rest.len(), "`= EXPR` is missing: `set x = 3`".to_string()))
}

fn list(words: &mut Words) -> Result<Option<Line>, Wrong> {
    if words.peek().is_none() {
        return Ok(None);
    }
    let (at, word) = words.need("a line")?;
    match line(word) {
        Some(line) => Ok(Some(line)),
        None => Err(words.wrong(at, format!("`{word}` is no line: `list 12`, `list pool.vex:12`"))),
    }
}

/// `12` or `pool.vex:12`.
pub fn line(word: &str) -> Option<Line> {
    let (file, line) = match word.rsplit_once(':') {
        Some((file, line)) if !file.is_empty() => (Some(unquoted(file).to_string()), line),
        Some(_) => return None,
        None => (None, word),
    };
    let line = line.parse().ok().filter(|&line| line > 0)?;
    Some(Line { file, line })
}

fn help(words: &mut Words) -> Result<Option<&'static Row>, Wrong> {
    if words.take("back") {
        if words.peek().is_none() {
            return Ok(Some(table::row(Id::Back)));
        }
        let (at, word) = words.need("a motion")?;
        return command(words, at, word, |row| row.form != Form::Plain).map(Some);
    }
    if words.peek().is_none() {
        return Ok(None);
    }
    let (at, word) = words.need("a command")?;
    command(words, at, word, |_| true).map(Some)
}

/// Text without its quotes, if it has any.
pub fn unquoted(text: &str) -> &str {
    text.strip_prefix('"').and_then(|text| text.strip_suffix('"')).unwrap_or(text)
}

/// The words of a command, one after the other.
pub struct Words<'a> {
    /// The whole command.
    pub text: &'a str,
    /// How far it is read, in bytes.
    pub at: usize,
}

impl<'a> Words<'a> {
    /// A mistake at a byte of the command.
    pub fn wrong(&self, at: usize, message: String) -> Wrong {
        Wrong { column: self.text.get(..at).map_or(0, |before| before.chars().count()) + 1, message }
    }

    /// Goes past white space; where the next word begins.
    pub fn skip(&mut self) -> usize {
        let rest = &self.text[self.at..];
        self.at += rest.len() - rest.trim_start().len();
        self.at
    }

    /// The next word, which stays.
    pub fn peek(&mut self) -> Option<&'a str> {
        let at = self.skip();
        let word = &self.text[at..scan::word_end(self.text, at)];
        (!word.is_empty()).then_some(word)
    }

    /// The next word and where it begins.
    pub fn need(&mut self, what: &str) -> Result<(usize, &'a str), Wrong> {
        let Some(word) = self.peek() else {
            // Where it should stand: right behind what there is.
            return Err(self.wrong(self.text.trim_end().len(), format!("{what} is missing")));
        };
        let at = self.at;
        self.at += word.len();
        Ok((at, word))
    }

    /// Takes this word, if it is the next.
    pub fn take(&mut self, wanted: &str) -> bool {
        let found = self.peek() == Some(wanted);
        if found {
            self.at += wanted.len();
        }
        found
    }

    /// A name; one with spaces stands in quotes.
    pub fn name(&mut self, what: &str) -> Result<String, Wrong> {
        self.need(what).map(|(_, word)| unquoted(word).to_string())
    }

    /// A number.
    pub fn number<N: std::str::FromStr>(&mut self, what: &str) -> Result<N, Wrong> {
        let (at, word) = self.need(what)?;
        let digits = word.replace('_', "");
        let number = digits.parse().ok().filter(|_| digits.starts_with(|c: char| c.is_ascii_digit()));
        number.ok_or_else(|| self.wrong(at, format!("`{word}` is not {what}")))
    }

    /// How often: a number from 1, or 1 where there is none.
    pub fn count(&mut self) -> Result<u32, Wrong> {
        if self.peek().is_none() {
            return Ok(1);
        }
        let at = self.skip();
        match self.number("a number")? {
            0 => Err(self.wrong(at, "a number from 1 is wanted".to_string())),
            count => Ok(count),
        }
    }

    /// Everything that is left.
    pub fn rest(&mut self, what: &str) -> Result<&'a str, Wrong> {
        self.peek();
        let rest = self.text[self.at..].trim_end();
        if rest.is_empty() {
            self.need(what)?;
        }
        self.at = self.text.len();
        Ok(rest)
    }

    /// Nothing may be left.
    pub fn end(&mut self) -> Result<(), Wrong> {
        match self.peek() {
            None => Ok(()),
            Some(word) => Err(self.wrong(self.at, format!("nothing more is expected here, but there is `{word}`"))),
        }
    }
}
