//! Text with expressions in braces, as log points say it: `got {job.id} of {jobs.len()}`. `{{` and `}}` are braces.

use super::{Compiled, Where};
use crate::debug::request::Refused;
use crate::debug::view::Stoppable;
use crate::vm::machine::Machine;
use tracer::program::ProgramInfo;

/// A text that has been read.
#[derive(Clone, Debug)]
pub struct Template {
    parts: Vec<Part>,
}

#[derive(Clone, Debug)]
enum Part {
    Text(String),
    Value(Compiled),
}

impl Template {
    /// Reads a text.
    ///
    /// # Errors
    /// What is wrong with it or with an expression in it.
    pub fn new(text: &str) -> Result<Template, Refused> {
        let mut parts = Vec::new();
        let mut plain = String::new();
        let mut rest = text;
        while let Some(at) = rest.find(['{', '}']) {
            plain.push_str(&rest[..at]);
            let brace = &rest[at..=at];
            rest = &rest[at + 1..];
            if let Some(after) = rest.strip_prefix(brace) {
                plain.push_str(brace);
                rest = after;
                continue;
            }
            if brace == "}" {
                return Err(Refused("a `}` without a `{`; a plain one is written `}}`".into()));
            }
            let end =
                closing(rest).ok_or_else(|| Refused("a `{` without its `}`; a plain one is written `{{`".into()))?;
            if !plain.is_empty() {
                parts.push(Part::Text(std::mem::take(&mut plain)));
            }
            parts.push(Part::Value(Compiled::new(&rest[..end])?));
            rest = &rest[end + 1..];
        }
        plain.push_str(rest);
        if !plain.is_empty() {
            parts.push(Part::Text(plain));
        }
        Ok(Template { parts })
    }

    /// The text in a frame. An expression that has no value there shows as the reason, in brackets.
    pub fn text<E: Stoppable>(&self, machine: &mut Machine<E>, program: &ProgramInfo, at: Where<'_>) -> String {
        let mut out = String::new();
        for part in &self.parts {
            match part {
                Part::Text(text) => out.push_str(text),
                Part::Value(compiled) => match compiled.text_of(machine, program, at) {
                    Ok(text) => out.push_str(&text),
                    Err(Refused(why)) => out.push_str(&format!("<{why}>")),
                },
            }
        }
        out
    }
}

/// Where the brace is that closes the one before this text. Braces inside of the expression come in pairs, unless they stand in quotes.
fn closing(text: &str) -> Option<usize> {
    let (mut depth, mut quoted, mut escaped) = (0, false, false);
    for (at, c) in text.char_indices() {
        match c {
            _ if escaped => escaped = false,
            '\\' if quoted => escaped = true,
            '"' => quoted = !quoted,
            '{' if !quoted => depth += 1,
            '}' if !quoted && depth == 0 => return Some(at),
            '}' if !quoted => depth -= 1,
            _ => {}
        }
    }
    None
}

/// A text with expressions in braces, in a frame.
///
/// # Errors
/// What is wrong with it.
pub fn interpolate<E: Stoppable>(
    machine: &mut Machine<E>,
    program: &ProgramInfo,
    at: Where<'_>,
    text: &str,
) -> Result<String, Refused> {
    Ok(Template::new(text)?.text(machine, program, at))
}
