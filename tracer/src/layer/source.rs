//! What a program's sources say of its objects and tasks, where they can be read: Tokio tells the place at which a mutex
//! is made or a task spawned, but not what the program calls it.
//!
//! No parser: the statement around the place is looked at as text. What does not look like one of the usual forms has no
//! name, and the place stands for it.

use crate::program::Place;
use rustc_hash::FxHashMap;
use std::fs::File;
use std::io::Read;
use std::sync::Arc;

/// Largest source file that is read, and bytes of all of them.
const LARGEST: u64 = 1 << 20;
const ALL: usize = 16 << 20;

/// Source files that have been read.
#[derive(Debug, Default)]
pub(super) struct Texts {
    texts: FxHashMap<String, Option<Arc<str>>>,
    bytes: usize,
}

impl Texts {
    /// Reads a file, once. Dependencies' sources are left alone: they are not what a view should show.
    pub(super) fn read(&mut self, path: &str) {
        if self.texts.contains_key(path) {
            return;
        }
        let theirs = path.contains("/registry/src/") || path.contains("/rustc/") || path.contains("/toolchains/");
        let room = ALL.saturating_sub(self.bytes) as u64;
        let text = if theirs { None } else { text_of(path, room.min(LARGEST)) };
        self.bytes += text.as_ref().map_or(0, |text| text.len());
        self.texts.insert(path.to_string(), text);
    }

    /// A file's text.
    pub(super) fn get(&self, path: &str) -> Option<&Arc<str>> {
        self.texts.get(path)?.as_ref()
    }
}

fn text_of(path: &str, room: u64) -> Option<Arc<str>> {
    let mut text = String::new();
    File::open(path).ok()?.take(room + 1).read_to_string(&mut text).ok()?;
    (text.len() as u64 <= room).then(|| Arc::from(text))
}

/// The text from the beginning of the statement (or field, or item) to a place.
fn before(text: &str, place: Place) -> Option<&str> {
    let here = offset(text, place)?;
    let head = text.get(..here)?;
    let start = head.rfind([';', '{', '}']).map_or(0, |at| at + 1);
    Some(head[start..].trim_start())
}

/// The byte offset of a place.
fn offset(text: &str, place: Place) -> Option<usize> {
    let mut start = 0;
    for _ in 1..place.line {
        start += text.get(start..)?.find('\n')? + 1;
    }
    let line = text.get(start..)?;
    let column = place.column.saturating_sub(1) as usize;
    Some(start + line.char_indices().nth(column).map_or(line.len(), |(at, _)| at))
}

fn is_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

/// The identifier that a text begins with.
fn word(text: &str) -> Option<&str> {
    let end = text.find(|c| !is_word(c)).unwrap_or(text.len());
    (end > 0 && !text.starts_with(|c: char| c.is_numeric())).then(|| &text[..end])
}

/// What the variable, field or static is called for which the expression at a place is made.
pub(super) fn variable(text: &str, place: Place) -> Option<String> {
    let before = before(text, place)?;
    // The last binding before the place: `let accounts = Arc::new(`, or of several fields or arguments the nearest one.
    let mut best = None;
    for (at, _) in before.match_indices("let ") {
        let rest = before[at + 4..].trim_start();
        let rest = rest.strip_prefix("mut ").unwrap_or(rest).trim_start();
        // `let (tx, rx) = channel()`: the first name stands for both ends.
        best = word(rest.trim_start_matches(['(', ' '])).map(|name| name.strip_suffix("_tx").unwrap_or(name)).or(best);
    }
    if best.is_none() {
        for key in ["static ", "const "] {
            if let Some(at) = before.rfind(key) {
                best = word(before[at + key.len()..].trim_start().trim_start_matches("mut ").trim_start());
            }
        }
    }
    if best.is_none() {
        // A field: `accounts: Arc::new(`; not a path (`Arc::new`).
        let bytes = before.as_bytes();
        let colon = (0..bytes.len())
            .rev()
            .find(|&at| bytes[at] == b':' && bytes.get(at + 1) != Some(&b':') && (at == 0 || bytes[at - 1] != b':'));
        if let Some(colon) = colon {
            let head = before[..colon].trim_end();
            let start = head.rfind(|c| !is_word(c)).map_or(0, |at| at + 1);
            best = word(&head[start..]);
        }
    }
    best.map(str::to_string)
}

/// What the task is called that is spawned at a place: the function that is called (`tokio::spawn(worker(rx))`), or the function
/// around an async block (`main.task`).
pub(super) fn task(text: &str, place: Place) -> Option<String> {
    let here = offset(text, place)?;
    let after = text.get(here..)?;
    let open = after.find('(')?;
    let inner = after[open + 1..].trim_start();
    // `spawn`, `set.spawn`, `tokio::spawn`: what is called must be on the way to the bracket.
    let called: &str = &after[..open];
    if !called.chars().all(|c| is_word(c) || matches!(c, ':' | '.' | '<' | '>' | ' ' | '\n')) {
        return None;
    }
    let path = inner.find(|c: char| !is_word(c) && c != ':').map_or(inner, |end| &inner[..end]);
    let calls = inner[path.len()..].starts_with('(') && !path.is_empty();
    let name = path.rsplit("::").next().and_then(word).filter(|_| calls);
    if let Some(name) = name {
        return Some(name.to_string());
    }
    let head = &text[..here];
    let mut at = head.len();
    while let Some(found) = head[..at].rfind("fn ") {
        let own = head[..found].chars().next_back().is_none_or(|c| !is_word(c));
        if own && let Some(name) = word(head[found + 3..].trim_start()) {
            return Some(format!("{name}.task"));
        }
        at = found;
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The place of the `^` in the line below the code.
    fn at(text: &str, needle: &str) -> Place {
        let offset = text.find(needle).expect("it is in there");
        let line = text[..offset].matches('\n').count() as u32 + 1;
        let column = text[..offset].rsplit('\n').next().map_or(0, |line| line.chars().count()) as u32 + 1;
        Place { file: 0, line, column }
    }

    #[test]
    fn objects_are_called_what_the_program_calls_them() {
        let cases = [
            ("fn f() { let accounts = Arc::new(Mutex::new(0)); }", "Mutex::new", Some("accounts")),
            ("fn f() {\n    let mut a: Arc<Mutex<u8>> =\n        Arc::new(Mutex::new(0));\n}", "Mutex::new", Some("a")),
            ("let (jobs_tx, rx) = mpsc::channel(8);", "mpsc", Some("jobs")),
            ("Shared { log: Mutex::new(1), bank: Arc::new(Mutex::new(2)) }", "Mutex::new(2", Some("bank")),
            ("static TABLE: LazyLock<Mutex<u8>> = LazyLock::new(|| Mutex::new(0));", "Mutex::new", Some("TABLE")),
            ("f(Mutex::new(0));", "Mutex", None),
            ("let x = 1; g(Arc::new(Mutex::new(0)))", "Mutex", None),
        ];
        for (text, needle, name) in cases {
            assert_eq!(variable(text, at(text, needle)).as_deref(), name, "{text}");
        }
    }

    #[test]
    fn tasks_are_called_after_what_they_run() {
        let cases = [
            ("async fn main() { tokio::spawn(worker(1, rx)); }", "tokio::spawn", Some("worker")),
            ("fn start() { set.spawn(jobs::clean(x)); }", "spawn", Some("clean")),
            ("async fn serve() {\n  tokio::spawn(async move { a().await });\n}", "tokio::spawn", Some("serve.task")),
            ("spawn(async {})", "spawn", None),
        ];
        for (text, needle, name) in cases {
            assert_eq!(task(text, at(text, needle)).as_deref(), name, "{text}");
        }
    }

    #[test]
    fn places_outside_of_the_text_have_no_name() {
        let text = "fn f() {}\n";
        for (line, column) in [(0, 0), (1, 400), (7, 1), (u32::MAX, u32::MAX)] {
            let place = Place { file: 0, line, column };
            assert_eq!(variable(text, place), None);
            let _ = task(text, place);
        }
    }
}
