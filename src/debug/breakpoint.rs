//! `break` and `watch`: what to wait for, and on which conditions.
//!
//! Behind what it waits for stand conditions in any order. An expression goes up to the next one of their words; where such a
//! word is part of the expression, brackets around the expression keep it together.

use super::nearest::{did_you_mean, nearest};
use super::parse::{Words, Wrong, line, unquoted};
use super::scan;
use super::table::{Id, Row};
use interpreter::debug::request::{BreakOn, Breakpoint, Hits};
use tracer::event::Kind;

/// A word for events; the names of the event table (`mutex.lock`) work as well.
pub struct EventWord {
    /// The word.
    pub word: &'static str,
    /// What it stands for.
    pub kinds: &'static [Kind],
    /// When that happens.
    pub help: &'static str,
}

const fn event(word: &'static str, kinds: &'static [Kind], help: &'static str) -> EventWord {
    EventWord { word, kinds, help }
}

/// The words for events.
pub const EVENTS: &[EventWord] = &[
    event("spawn", &[Kind::TaskSpawn, Kind::AsyncSpawn], "a task is made"),
    event("end", &[Kind::TaskEnd], "a task ends"),
    event("cancel", &[Kind::TaskCancel, Kind::ContextCancel], "a task or a context is cancelled"),
    event("switch", &[Kind::Switch], "another task runs"),
    event("yield", &[Kind::Yield, Kind::Preempt], "a task makes room, or its slice is used up"),
    event("send", &[Kind::Send], "a value is sent, or waits to be"),
    event("recv", &[Kind::Recv, Kind::RecvClosed], "a value is received, or waited for"),
    event("close", &[Kind::Close, Kind::CloseAgain], "a channel is closed"),
    event("select", &[Kind::SelectWait, Kind::SelectCommit, Kind::SelectDefault], "a select waits or chooses"),
    event("lock", &[Kind::Lock, Kind::ReadLock, Kind::WriteLock], "a lock is taken, or waited for"),
    event("unlock", &[Kind::Unlock, Kind::ReadUnlock, Kind::WriteUnlock], "a lock is given back"),
    event("wait", &[Kind::WaitGroupWait, Kind::BarrierWait], "a task comes to a wait group or a barrier"),
    event("add", &[Kind::WaitGroupAdd], "a wait group is counted up"),
    event("done", &[Kind::WaitGroupDone], "a wait group is counted down"),
    event("begin", &[Kind::OnceBegin], "a once begins, or its end is waited for"),
    event("acquire", &[Kind::Acquire], "a permit is taken, or waited for"),
    event("release", &[Kind::Release], "a permit is given back"),
    event("await", &[Kind::Await], "the result of a task is taken, or waited for"),
    event("sleep", &[Kind::Sleep], "a task goes to sleep"),
    event("fire", &[Kind::TimerFire], "a timer fires"),
    event("atomic", &[Kind::Atomic], "an atomic operation"),
    event("output", &[Kind::Output, Kind::ErrorOutput], "the program writes something"),
];

/// Events with which a lock's holder can be told.
const LOCKS: &[Kind] = &[
    Kind::Lock,
    Kind::TryLockFail,
    Kind::Unlock,
    Kind::ReadLock,
    Kind::WriteLock,
    Kind::ReadUnlock,
    Kind::WriteUnlock,
    Kind::Acquire,
    Kind::Release,
];

/// What `break` takes beside a line and an event's word.
pub const OTHERS: &[&str] = &["fn", "panic", "finding", "blocks"];

/// A word that begins a condition.
struct Condition {
    word: &'static str,
    usage: &'static str,
    help: &'static str,
}

/// The conditions.
const CONDITIONS: &[Condition] = &[
    Condition { word: "if", usage: "if EXPR", help: "only where this holds in the innermost frame of the task" },
    Condition {
        word: "hits",
        usage: "hits N, hits >= N, every N",
        help: "only the Nth time, from the Nth time on, every N times",
    },
    Condition { word: "every", usage: "", help: "" },
    Condition { word: "once", usage: "once", help: "goes away when it has stopped" },
    Condition { word: "log", usage: "log \"TEXT {EXPR}\"", help: "does not stop, but says this" },
    Condition { word: "by", usage: "by TASK", help: "of events: only of this task" },
    Condition {
        word: "where",
        usage: "where EXPR",
        help: "of `send`: only where this holds for the `value` that is sent",
    },
    Condition {
        word: "when",
        usage: "when held > DURATION",
        help: "of locks: only where it has been held for longer, in the program's time",
    },
    Condition { word: "blocking", usage: "blocking", help: "of events: only where the task blocks in it" },
];

/// The conditions for people: how each is written, and what it means.
pub fn conditions() -> impl Iterator<Item = (&'static str, &'static str)> {
    CONDITIONS.iter().filter(|condition| !condition.usage.is_empty()).map(|condition| (condition.usage, condition.help))
}

/// What `break` can wait for, for people.
pub const PLACES: &[(&str, &str)] = &[
    ("break 12, break pool.vex:12", "a task comes to the line"),
    ("break fn worker", "a function of this name is entered"),
    ("break send jobs, break spawn", "an event (the words are below), on one object or any"),
    ("break blocks, break blocks worker#3", "any task blocks, or this one"),
    ("break panic", "a task panics, or an assertion fails"),
    ("break finding", "anything is found wrong"),
];

/// The kinds of an event's word.
fn kinds(word: &str) -> Option<Vec<Kind>> {
    let known = EVENTS.iter().find(|event| event.word == word).map(|event| event.kinds.to_vec());
    known
        .or_else(|| Kind::ALL.iter().find(|kind| kind.name() == word && !kind.is_bookkeeping()).map(|&kind| vec![kind]))
}

/// What follows `break` or `watch`.
pub fn parse(words: &mut Words, row: &'static Row) -> Result<Breakpoint, Wrong> {
    let begin = words.skip();
    let on = if row.id == Id::Watch {
        BreakOn::Write(words.name("the name of a variable, field or element")?)
    } else {
        place(words)?
    };
    let text = format!("{} {}", row.name, words.text[begin..].trim_end());
    let mut breakpoint = Breakpoint { on, condition: None, hits: None, log: None, once: false, text };
    let mut seen: Vec<&str> = Vec::new();
    while words.peek().is_some() {
        let (at, word) = words.need("a condition")?;
        let Some(condition) = CONDITIONS.iter().find(|condition| condition.word == word) else {
            let meant = nearest(word, CONDITIONS.iter().map(|condition| condition.word));
            return Err(words.wrong(at, format!("`{word}` is no condition of a breakpoint{}", did_you_mean(meant))));
        };
        if seen.contains(&condition.word) {
            return Err(words.wrong(at, format!("`{word}` stands here twice")));
        }
        seen.push(condition.word);
        self::condition(words, at, condition.word, &mut breakpoint)?;
    }
    Ok(breakpoint)
}

fn place(words: &mut Words) -> Result<BreakOn, Wrong> {
    let what = "what to stop at (`12`, `pool.vex:12`, `fn NAME`, `send NAME`, `blocks`, `panic`, `finding`)";
    let (at, word) = words.need(what)?;
    if word.ends_with(|c: char| c.is_ascii_digit())
        && let Some(line) = line(word)
    {
        return Ok(BreakOn::Line { file: line.file, line: line.line });
    }
    match word {
        "fn" => return words.name("the name of a function").map(BreakOn::Function),
        "panic" => return Ok(BreakOn::Panic),
        "finding" => return Ok(BreakOn::Finding),
        _ => {}
    }
    let blocks = word == "blocks";
    let kinds = match kinds(word) {
        // Every kind with which a task can block says so with the same flag.
        _ if blocks => Kind::ALL.to_vec(),
        Some(kinds) => kinds,
        None => {
            let known = EVENTS.iter().map(|event| event.word).chain(OTHERS.iter().copied());
            let hint = did_you_mean(nearest(word, known));
            let hint = if hint.is_empty() { format!("; a function is `break fn {word}`") } else { hint };
            return Err(words.wrong(at, format!("`{word}` is nothing to stop at{hint}")));
        }
    };
    let name = words.peek().filter(|word| CONDITIONS.iter().all(|condition| condition.word != *word));
    let name = if name.is_some() { Some(words.name("a name")?) } else { None };
    let (on, by) = if blocks { (None, name) } else { (name, None) };
    Ok(BreakOn::Event { kinds, blocked: blocks, on, by, held_longer: None, value: None })
}

/// One condition, whose word has been read.
fn condition(words: &mut Words, at: usize, word: &str, breakpoint: &mut Breakpoint) -> Result<(), Wrong> {
    let only = |wanted: &str| format!("`{word}` is for {wanted}, and this is none");
    match word {
        "if" => breakpoint.condition = Some(expression(words)?),
        "once" => breakpoint.once = true,
        "every" | "hits" => {
            if breakpoint.hits.is_some() {
                return Err(words.wrong(at, "`hits` and `every` do not go together".to_string()));
            }
            breakpoint.hits = Some(hits(words, word)?);
        }
        "log" => {
            let (at, text) = words.need("text in quotes")?;
            if unquoted(text).len() == text.len() {
                return Err(words.wrong(at, "text in quotes is wanted: `log \"x is {x}\"`".to_string()));
            }
            breakpoint.log = Some(unescape(unquoted(text)));
        }
        _ => {
            let BreakOn::Event { kinds, blocked, by, held_longer, value, .. } = &mut breakpoint.on else {
                return Err(words.wrong(at, only("breakpoints on events")));
            };
            match word {
                "by" => *by = Some(words.name("the name of a task")?),
                "blocking" => *blocked = true,
                "where" if kinds.contains(&Kind::Send) && !*blocked => *value = Some(expression(words)?),
                "where" => return Err(words.wrong(at, only("breakpoints on `send`"))),
                _ if kinds.iter().all(|kind| LOCKS.contains(kind)) => *held_longer = Some(held(words)?),
                _ => return Err(words.wrong(at, only("breakpoints on locks"))),
            }
        }
    }
    Ok(())
}

fn hits(words: &mut Words, word: &str) -> Result<Hits, Wrong> {
    let from = word == "hits" && words.take(">=");
    if !from && word == "hits" {
        words.take("==");
    }
    let at = words.skip();
    let number = words.number("a number of times (`hits 3`, `hits >= 3`, `every 10`)")?;
    match (number, word) {
        (0, _) => Err(words.wrong(at, "a number from 1 is wanted".to_string())),
        (_, "every") => Ok(Hits::Every(number)),
        _ if from => Ok(Hits::From(number)),
        _ => Ok(Hits::At(number)),
    }
}

/// `held > 1ms`, as nanoseconds.
fn held(words: &mut Words) -> Result<u64, Wrong> {
    let at = words.skip();
    if !(words.take("held") && words.take(">")) {
        return Err(words.wrong(at, "`when held > DURATION` is wanted, as in `when held > 1ms`".to_string()));
    }
    let (at, word) = words.need("a duration, as in `1ms`")?;
    let mut text = word.to_string();
    if word.ends_with(|c: char| c.is_ascii_digit())
        && let Some(unit) = words.peek()
        && unit.chars().all(char::is_alphabetic)
        && CONDITIONS.iter().all(|condition| condition.word != unit)
    {
        words.name("a unit")?;
        text.push_str(unit);
    }
    let duration = humantime::parse_duration(&text.replace('µ', "u"));
    let nanoseconds = duration.ok().and_then(|duration| u64::try_from(duration.as_nanos()).ok());
    nanoseconds.ok_or_else(|| words.wrong(at, format!("`{text}` is no duration; one is `1ms`, `250us`, `2s`")))
}

/// An expression: up to the next condition.
fn expression(words: &mut Words) -> Result<String, Wrong> {
    let begin = words.skip();
    let mut end = begin;
    while end < words.text.len() {
        let word = &words.text[end..scan::word_end(words.text, end)];
        let follows = end > begin && begins_condition(word, words.text[end + word.len()..].trim_start());
        if follows {
            break;
        }
        // Past the word and the space behind it.
        end += word.len();
        end += words.text[end..].len() - words.text[end..].trim_start().len();
    }
    let text = words.text[begin..end].trim_end();
    if text.is_empty() {
        words.at = begin;
        return Err(words.wrong(words.text[..begin].trim_end().len(), "an expression is missing".to_string()));
    }
    words.at = end;
    Ok(text.to_string())
}

/// Whether a word in an expression with this behind it begins a condition: what cannot go on as one is part of the expression.
fn begins_condition(word: &str, behind: &str) -> bool {
    let number = |text: &str| text.starts_with(|c: char| c.is_ascii_digit());
    match word {
        "hits" => number(behind.trim_start_matches(['>', '=']).trim_start()),
        "every" => number(behind),
        "log" => behind.starts_with('"'),
        "when" => behind.starts_with("held"),
        "once" | "blocking" => {
            behind.is_empty()
                || CONDITIONS.iter().any(|condition| behind.split_whitespace().next() == Some(condition.word))
        }
        "by" => behind.starts_with(|c: char| c.is_alphanumeric() || c == '_'),
        _ => CONDITIONS.iter().any(|condition| condition.word == word) && !behind.is_empty(),
    }
}

/// A log point's text with `\n`, `\t`, `\"` and `\\` as what they mean. What stands in `{…}` is an expression and stays.
fn unescape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut depth = 0_usize;
    let mut chars = text.chars();
    while let Some(c) = chars.next() {
        match c {
            '{' => depth += 1,
            '}' => depth = depth.saturating_sub(1),
            '\\' if depth == 0 => {
                match chars.next() {
                    Some('n') => out.push('\n'),
                    Some('t') => out.push('\t'),
                    Some(other) => out.push(other),
                    None => out.push('\\'),
                }
                continue;
            }
            _ => {}
        }
        out.push(c);
    }
    out
}
