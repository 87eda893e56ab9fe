//! What the user types after `/`: words and fields that all must hold for a row to stay.
//!
//! `task:NAME`, `on:NAME` and `kind:NAME` ask one field, any other word the whole row; a minus in front turns a term round.
//! Lower case matches both cases; `a|b` is either of them, and `kind:=NAME` a kind of exactly that name.

/// What a filter can ask of a row. A field that a row does not have is empty, and matches no term but the negative.
#[derive(Clone, Copy, Debug, Default)]
pub struct Fields<'a> {
    /// The whole row as shown.
    pub text: &'a str,
    /// Name of its task.
    pub task: &'a str,
    /// Name of its object.
    pub object: &'a str,
    /// Name of its kind and its category, such as `chan.send channel`.
    pub kind: &'a str,
    /// Whether its task blocked (`kind:blocked`).
    pub blocked: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Ask {
    Text,
    Task,
    Object,
    Kind,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Term {
    ask: Ask,
    negative: bool,
    exact_case: bool,
    word: String,
}

/// A filter.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Filter {
    text: String,
    terms: Vec<Term>,
}

impl Filter {
    /// Understands what the user typed; everything is a filter.
    pub fn parse(text: &str) -> Filter {
        let terms = text.split_whitespace().filter_map(|word| {
            let (negative, word) = match word.strip_prefix('-') {
                Some(rest) if !rest.is_empty() => (true, rest),
                _ => (false, word),
            };
            let (ask, word) = match word.split_once(':') {
                Some(("task", rest)) => (Ask::Task, rest),
                Some(("on", rest)) => (Ask::Object, rest),
                Some(("kind", rest)) => (Ask::Kind, rest),
                _ => (Ask::Text, word),
            };
            let exact_case = word.chars().any(char::is_uppercase);
            (word.chars().any(|c| c != '|')).then(|| Term { ask, negative, exact_case, word: word.to_string() })
        });
        Filter { text: text.trim().to_string(), terms: terms.collect() }
    }

    /// As typed.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Whether it lets everything through.
    pub fn is_empty(&self) -> bool {
        self.terms.is_empty()
    }

    /// Whether the row's text is needed; making it is the dear part.
    pub fn needs_text(&self) -> bool {
        self.terms.iter().any(|term| term.ask == Ask::Text)
    }

    /// Whether a row stays.
    pub fn matches(&self, fields: &Fields) -> bool {
        self.terms.iter().all(|term| {
            let found = match term.ask {
                Ask::Text => term.is_in(fields.text),
                // A name is meant as a whole where a task of exactly that name could be meant: `phil#1` is not `phil#12`.
                Ask::Task => term.is_name(fields.task),
                Ask::Object => term.is_name(fields.object),
                Ask::Kind => term.word == "blocked" && fields.blocked || term.is_kind(fields.kind),
            };
            found != term.negative
        })
    }
}

impl Term {
    /// The words of which one must do.
    fn any(&self, does: impl FnMut(&str) -> bool) -> bool {
        self.word.split('|').filter(|word| !word.is_empty()).any(does)
    }

    fn is_in(&self, text: &str) -> bool {
        self.any(|word| self.contains(text, word))
    }

    fn contains(&self, text: &str, word: &str) -> bool {
        if self.exact_case { text.contains(word) } else { contains_ignoring_case(text, word) }
    }

    fn is_name(&self, name: &str) -> bool {
        self.any(|word| match word.contains('#') {
            true if self.exact_case => name == word,
            true => name.eq_ignore_ascii_case(word),
            false => self.contains(name, word),
        })
    }

    /// A kind is named by a part of its name or category, after `=` by all of its name.
    fn is_kind(&self, kind: &str) -> bool {
        match self.word.strip_prefix('=') {
            Some(names) => kind.split(' ').next().is_some_and(|kind| names.split('|').any(|name| name == kind)),
            None => self.is_in(kind),
        }
    }
}

/// Whether a text contains a lower-case word in any case of ASCII letters; no allocation, since logs are long.
fn contains_ignoring_case(text: &str, word: &str) -> bool {
    text.as_bytes().windows(word.len()).any(|part| part.eq_ignore_ascii_case(word.as_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;

    const ROW: Fields = Fields {
        text: "12 phil#1 locks Fork#2, blocked",
        task: "phil#1",
        object: "fork#2",
        kind: "mutex.lock",
        blocked: true,
    };

    #[test]
    fn all_terms_must_hold() {
        for (text, stays) in [
            ("", true),
            ("phil", true),
            ("fork", true),
            ("Fork", true),
            ("FORK", false),
            ("phil -locks", false),
            ("-main", true),
            ("task:phil#1", true),
            ("task:phil#12", false),
            ("task:phil", true),
            ("on:fork kind:mutex", true),
            ("kind:blocked", true),
            ("-kind:blocked", false),
            ("kind:chan", false),
            ("kind:", true),
            ("-", false),
            ("cat|fork", true),
            ("cat|dog", false),
            ("on:fork#1|fork#2", true),
            ("|", true),
            ("kind:=mutex.lock", true),
            ("kind:=mutex", false),
            ("kind:=mutex.unlock|mutex.lock", true),
            ("kind:=chan.send", false),
        ] {
            assert_eq!(Filter::parse(text).matches(&ROW), stays, "{text:?}");
        }
    }
}
