//! Who a task is, whatever the schedule: the path of those who spawned each other down to it, `main/worker.1/child.2`. A part is
//! the name of a function and the how-many-th task of that function which its parent spawned it is.
//!
//! A path is a list from its end to its root whose tails are shared, so that a task costs one part. Equality goes by a hash of all
//! parts first.

use std::fmt;
use std::hash::Hasher;
use std::sync::Arc;

/// The name of a function, shared.
pub type Name = Arc<str>;

/// A task's path. Cheap to clone.
#[derive(Clone)]
pub struct TaskPath(Arc<Part>);

struct Part {
    parent: Option<TaskPath>,
    function: Name,
    nth: u32,
    depth: u32,
    hash: u64,
}

/// Paths may be as long as a run has tasks: dropping one must not recurse.
impl Drop for Part {
    fn drop(&mut self) {
        let mut next = self.parent.take();
        while let Some(path) = next {
            next = Arc::into_inner(path.0).and_then(|mut part| part.parent.take());
        }
    }
}

impl TaskPath {
    /// The path of a task that nobody spawned.
    pub fn root(function: Name) -> Self {
        Self::part(None, function, 1)
    }

    /// The path of the how-many-th task (from 1) of a function that this task spawned.
    pub fn child(&self, function: Name, nth: u32) -> Self {
        Self::part(Some(self.clone()), function, nth)
    }

    fn part(parent: Option<TaskPath>, function: Name, nth: u32) -> Self {
        let mut hasher = rustc_hash::FxHasher::default();
        hasher.write_u64(parent.as_ref().map_or(0, TaskPath::hash));
        hasher.write(function.as_bytes());
        hasher.write_u32(nth);
        let depth = parent.as_ref().map_or(0, |parent| parent.0.depth.saturating_add(1));
        Self(Arc::new(Part { parent, function, nth, depth, hash: hasher.finish() }))
    }

    /// Equal paths have the same.
    pub fn hash(&self) -> u64 {
        self.0.hash
    }

    /// The path of its parent.
    pub fn parent(&self) -> Option<&TaskPath> {
        self.0.parent.as_ref()
    }

    /// Its function.
    pub fn function(&self) -> &Name {
        &self.0.function
    }

    /// The how-many-th of its function that its parent spawned, from 1.
    pub fn nth(&self) -> u32 {
        self.0.nth
    }

    /// How many stand above it.
    pub fn depth(&self) -> u32 {
        self.0.depth
    }

    /// From itself up to the root.
    fn up(&self) -> impl Iterator<Item = &TaskPath> {
        std::iter::successors(Some(self), |path| path.parent())
    }

    /// Its last part as text: `worker.1`, `main` of a root.
    pub fn last_part(&self) -> String {
        let mut out = String::new();
        self.push_part(&mut out);
        out
    }

    fn push_part(&self, out: &mut String) {
        escape(&self.0.function, out);
        if self.0.parent.is_some() {
            out.push('.');
            out.push_str(&self.0.nth.to_string());
        }
    }

    /// Reads a path, below `parent` where there is one.
    pub fn parse(text: &str, parent: Option<&TaskPath>) -> Option<TaskPath> {
        let mut path = parent.cloned();
        for part in text.split('/') {
            path = Some(match path {
                None => TaskPath::root(unescape(part)?),
                Some(above) => {
                    let (function, nth) = part.rsplit_once('.')?;
                    // Only one way to write a number, so that equal texts are equal paths.
                    let nth: u32 = nth.parse().ok().filter(|n: &u32| *n > 0 && n.to_string() == nth)?;
                    above.child(unescape(function)?, nth)
                }
            });
        }
        path
    }
}

impl PartialEq for TaskPath {
    fn eq(&self, other: &Self) -> bool {
        if self.0.hash != other.0.hash || self.0.depth != other.0.depth {
            return false;
        }
        for (mine, theirs) in self.up().zip(other.up()) {
            if Arc::ptr_eq(&mine.0, &theirs.0) {
                return true;
            }
            if mine.0.nth != theirs.0.nth || mine.0.function != theirs.0.function {
                return false;
            }
        }
        true
    }
}

impl Eq for TaskPath {}

impl fmt::Display for TaskPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let parts: Vec<&TaskPath> = self.up().collect();
        let mut text = String::new();
        for (index, part) in parts.iter().rev().enumerate() {
            if index > 0 {
                text.push('/');
            }
            part.push_part(&mut text);
        }
        f.write_str(&text)
    }
}

impl fmt::Debug for TaskPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// Appends text such that it holds no blank, no slash and nothing that means something to a shell or to the format: letters,
/// digits and `_ . -` stand for themselves, of everything else the bytes are written as `%2F`.
pub(super) fn escape(text: &str, out: &mut String) {
    let mut buffer = [0; 4];
    for c in text.chars() {
        if c.is_alphanumeric() || matches!(c, '_' | '.' | '-') {
            out.push(c);
        } else {
            for byte in c.encode_utf8(&mut buffer).bytes() {
                out.push_str(&format!("%{byte:02X}"));
            }
        }
    }
}

/// The text that [`escape`] wrote; `None` where it cannot have. Never empty.
pub(super) fn unescape(text: &str) -> Option<Name> {
    let plain = unescape_any(text)?;
    (!plain.is_empty()).then(|| plain.into())
}

/// The same for text that may be empty.
pub(super) fn unescape_any(text: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('%') {
        bytes.extend_from_slice(&rest.as_bytes()[..at]);
        let digits = rest.get(at + 1..at + 3).filter(|hex| hex.bytes().all(|b| b.is_ascii_hexdigit()))?;
        bytes.push(u8::from_str_radix(digits, 16).ok()?);
        rest = &rest[at + 3..];
    }
    bytes.extend_from_slice(rest.as_bytes());
    let plain = String::from_utf8(bytes).ok()?;
    let mut again = String::with_capacity(text.len());
    escape(&plain, &mut again);
    (again == text).then_some(plain)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_what_they_say() {
        let main = TaskPath::root("main".into());
        let child = main.child("main.go".into(), 2).child("größe<T>".into(), 1);
        assert_eq!(child.to_string(), "main/main.go.2/größe%3CT%3E.1");
        assert_eq!(TaskPath::parse(&child.to_string(), None).as_ref(), Some(&child));
        assert_eq!(TaskPath::parse("größe%3CT%3E.1", child.parent()), Some(child.clone()));
        assert_ne!(child, main);
        for wrong in ["", "/", "main/", "main/a", "main/a.0", "main/a.01", "main/a.x", "ma in", "m%2", "m%zz", "m%61in"]
        {
            assert_eq!(TaskPath::parse(wrong, None), None, "{wrong}");
        }
    }

    #[test]
    fn a_long_path_neither_prints_nor_drops_by_recursion() {
        let mut path = TaskPath::root("main".into());
        for _ in 0..300_000 {
            path = path.child("next".into(), 1);
        }
        assert_eq!(path.to_string().len(), 4 + 300_000 * 7);
    }
}
