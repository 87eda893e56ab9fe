//! Scripts into commands and commands into words: what separates, what belongs together.
//!
//! Commands end at a line's end or at `;`, comments begin with `#` where a word could begin (`worker#3` is a name). Inside
//! quotes and brackets nothing separates, but they end with their line: what is left open is a mistake of that line.

/// A command of a script.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Piece {
    /// Its line, from 1.
    pub line: usize,
    /// The column of its first character, from 1.
    pub column: usize,
    /// Its text, without the space around it; never empty.
    pub text: String,
}

/// The commands of a script, in order.
pub fn commands(script: &str) -> Vec<Piece> {
    let mut pieces = Vec::new();
    for (number, line) in script.lines().enumerate() {
        let mut begin = 0;
        let mut at = 0;
        let mut word = true;
        let end = loop {
            let Some(next) = line[at..].chars().next() else { break line.len() };
            match next {
                '#' if word => break at,
                ';' => {
                    pieces.extend(piece(line, number, begin, at));
                    begin = at + 1;
                }
                _ => {}
            }
            word = next.is_whitespace() || next == ';';
            // What is never closed takes the rest of the line.
            at = past(line, at);
        };
        pieces.extend(piece(line, number, begin, end));
    }
    pieces
}

fn piece(line: &str, number: usize, begin: usize, end: usize) -> Option<Piece> {
    let text = &line[begin..end];
    let lead = text.len() - text.trim_start().len();
    let text = text.trim();
    let column = line[..begin + lead].chars().count() + 1;
    (!text.is_empty()).then(|| Piece { line: number + 1, column, text: text.to_string() })
}

/// What begins at a place of a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Group {
    /// Nothing that belongs together.
    None,
    /// Quotes or brackets, up to here.
    Ends(usize),
    /// Quotes or brackets that are never closed.
    Open,
}

/// What is open.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Open {
    /// A bracket, by what closes it.
    Bracket(char),
    /// Text; whether `{…}` in it are expressions.
    Text(bool),
}

/// Where the quotes or brackets that begin at `start` end.
fn group_end(line: &str, start: usize) -> Group {
    let mut open: Vec<Open> = Vec::new();
    let mut chars = line[start..].char_indices().map(|(at, c)| (at + start, c)).peekable();
    while let Some((at, c)) = chars.next() {
        let inside = open.last().copied();
        match (inside, c) {
            (Some(Open::Text(_)), '\\') => {
                chars.next();
            }
            (Some(Open::Text(_)), '"') => {
                open.pop();
            }
            (Some(Open::Text(true)), '{') if chars.peek().is_some_and(|&(_, next)| next == '{') => {
                chars.next();
            }
            (Some(Open::Text(true)), '{') => open.push(Open::Bracket('}')),
            (Some(Open::Text(_)), _) => {}
            (_, '"') => open.push(Open::Text(interpolates(&line[..at]))),
            (_, '(') => open.push(Open::Bracket(')')),
            (_, '[') => open.push(Open::Bracket(']')),
            (_, '{') => open.push(Open::Bracket('}')),
            (_, '\'') => {
                // Only what looks like a character; an apostrophe is none.
                let length = character(&line[at..]);
                while chars.peek().is_some_and(|&(next, _)| next < at + length) {
                    chars.next();
                }
                if length == 0 && open.is_empty() {
                    return Group::None;
                }
            }
            (Some(Open::Bracket(close)), c) if c == close => {
                open.pop();
            }
            (Some(Open::Bracket(_)), _) => {}
            (None, _) => return Group::None,
        }
        if open.is_empty() {
            return Group::Ends(chars.peek().map_or(line.len(), |&(next, _)| next));
        }
    }
    Group::Open
}

/// Whether a quote after this begins text with expressions in it: `f"…"`, and a log point's.
fn interpolates(before: &str) -> bool {
    let word = before.trim_end().rsplit(|c: char| !c.is_alphanumeric() && c != '_').next().unwrap_or("");
    if before.ends_with(char::is_whitespace) { word == "log" } else { word == "f" }
}

/// The length of a character literal at the beginning of a text, or 0.
fn character(text: &str) -> usize {
    let mut chars = text.char_indices().skip(1);
    let close = match chars.next() {
        Some((_, '\\')) => text[2..].char_indices().skip(1).take(10).find(|&(_, c)| c == '\'').map(|(at, _)| at + 2),
        Some((_, c)) if c != '\'' => chars.next().filter(|&(_, c)| c == '\'').map(|(at, _)| at),
        _ => None,
    };
    close.map_or(0, |at| at + 1)
}

/// The place behind the character, the quotes or the brackets at a place.
pub fn past(text: &str, at: usize) -> usize {
    match group_end(text, at) {
        Group::None => text[at..].chars().next().map_or(text.len(), |next| at + next.len_utf8()),
        Group::Ends(end) => end,
        Group::Open => text.len(),
    }
}

/// Where the first quote or bracket of a command stands that is never closed, as a byte.
pub fn unclosed(text: &str) -> Option<usize> {
    let mut at = 0;
    while at < text.len() {
        if group_end(text, at) == Group::Open {
            return Some(at);
        }
        at = past(text, at);
    }
    None
}

/// The end of the word at a place: up to white space outside of quotes and brackets.
pub fn word_end(text: &str, start: usize) -> usize {
    let mut at = start;
    while text[at..].chars().next().is_some_and(|next| !next.is_whitespace()) {
        at = past(text, at);
    }
    at
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(script: &str) -> Vec<String> {
        commands(script).into_iter().map(|piece| piece.text).collect()
    }

    #[test]
    fn commands_end_at_semicolons_and_lines_but_not_inside_expressions() {
        for (script, expected) in [
            ("", &[][..]),
            (" ; ;\n\n ;", &[]),
            ("break 12; continue;moves", &["break 12", "continue", "moves"]),
            ("step\n  over  \r\nout", &["step", "over", "out"]),
            ("print f(1; 2); step", &["print f(1; 2)", "step"]),
            ("print \"a;b\\\";c\"; step", &["print \"a;b\\\";c\"", "step"]),
            ("print ';'; step", &["print ';'", "step"]),
            ("print '\\''; step", &["print '\\''", "step"]),
            ("print f\"{m[\"a;b\"]} {{\"; step", &["print f\"{m[\"a;b\"]} {{\"", "step"]),
            ("break 3 log \"x {m[\"k;\"]}\"; step", &["break 3 log \"x {m[\"k;\"]}\"", "step"]),
            ("save it's; step", &["save it's", "step"]),
            ("print (1\nstep", &["print (1", "step"]),
            ("print \"a; b\nstep", &["print \"a; b", "step"]),
            ("step # one; two\nover#no comment", &["step", "over#no comment"]),
            ("# all\ntask worker#3; #end", &["task worker#3"]),
            ("print \"# no comment\"", &["print \"# no comment\""]),
        ] {
            assert_eq!(texts(script), expected, "{script}");
        }
    }

    #[test]
    fn places_count_characters_from_one() {
        let places: Vec<_> = commands("é; step\n\t over;  x").iter().map(|piece| (piece.line, piece.column)).collect();
        assert_eq!(places, [(1, 1), (1, 4), (2, 3), (2, 10)]);
    }

    #[test]
    fn words_end_at_space_outside_of_brackets() {
        let word = |text: &str| text[..word_end(text, 0)].to_string();
        assert_eq!(word("m[\"a b\"].x = 3"), "m[\"a b\"].x");
        assert_eq!(word("\"a b\" c"), "\"a b\"");
        assert_eq!(word("x"), "x");
        assert_eq!(word(""), "");
        assert_eq!(unclosed("print f(1, [2)"), Some(7));
        assert_eq!(unclosed("print (1) + \"a"), Some(12));
        assert_eq!(unclosed("print (']')"), None);
    }
}
