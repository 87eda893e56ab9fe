//! A session without a screen: commands from a file, the command line or a pipe, answers as a transcript or as one JSON document.
//!
//! In a transcript each command stands behind `(vex) `, the program's output behind `| `, and everything else is an answer.

use super::console::{Answer, Console};
use super::parse::parse;
use super::scan::{self, Piece};
use anyhow::Context;
use serde_json::{Value, json};
use std::io::{BufRead, Write};

/// Where commands come from.
pub struct Source {
    /// What it is called in front of the places of mistakes.
    pub name: String,
    /// Its lines, as they come.
    pub lines: Box<dyn BufRead>,
}

/// What came of a session.
#[derive(Debug, Default)]
pub struct Done {
    /// The commands with their answers, for `--json`.
    pub commands: Vec<Value>,
    /// Whether a command was wrong or failed.
    pub failed: bool,
}

/// Reads a script to its end, or to `quit`.
pub struct Script<'a> {
    /// Does what is asked for.
    pub console: &'a mut Console,
    /// The transcript.
    pub out: &'a mut dyn Write,
    /// Whether answers are kept as data.
    pub json: bool,
    /// Whether a failing command does not end it.
    pub keep_going: bool,
    /// Whether it has to end at once.
    pub over: &'a dyn Fn() -> bool,
    /// Output of the program whose line is not ended yet.
    line: String,
    done: Done,
}

impl<'a> Script<'a> {
    /// A session of a console with its transcript; its settings are fields.
    pub fn new(console: &'a mut Console, out: &'a mut dyn Write, over: &'a dyn Fn() -> bool) -> Self {
        let (line, done) = (String::new(), Done::default());
        Self { console, out, json: false, keep_going: false, over, line, done }
    }

    /// Does the commands of all sources.
    ///
    /// # Errors
    /// When a source cannot be read or the transcript not be written.
    pub fn run(mut self, sources: Vec<Source>) -> anyhow::Result<Done> {
        let standing = self.console.standing();
        self.out.write_all(standing.as_bytes())?;
        'all: for mut source in sources {
            let mut number = 0;
            let mut bytes = Vec::new();
            while !(self.over)() {
                bytes.clear();
                let read = source.lines.read_until(b'\n', &mut bytes);
                if read.map_err(|error| super::unreadable(&source.name, &error))? == 0 {
                    continue 'all;
                }
                let text = std::str::from_utf8(&bytes).with_context(|| format!("{} is not UTF-8 text", source.name))?;
                for piece in scan::commands(text) {
                    let place = format!("{}:{}", source.name, number + piece.line);
                    if (self.over)() || !self.command(&place, &piece)? {
                        break 'all;
                    }
                }
                number += 1;
            }
            break;
        }
        if !self.line.is_empty() {
            let rest = super::text::marked(&self.line);
            self.out.write_all(rest.as_bytes())?;
        }
        self.out.flush()?;
        Ok(self.done)
    }

    /// One command; whether the session goes on.
    fn command(&mut self, place: &str, piece: &Piece) -> anyhow::Result<bool> {
        writeln!(self.out, "(vex) {}", piece.text)?;
        let outcome = match parse(&piece.text) {
            Ok(command) => self.console.run(&command).map_err(|refused| (piece.column, refused.0)),
            Err(wrong) => Err((piece.column + wrong.column - 1, wrong.message)),
        };
        let output = self.console.debugger().take_output();
        self.output(&output)?;
        let goes_on = match outcome {
            Ok(answer) => {
                self.out.write_all(answer.text.as_bytes())?;
                let quit = answer.quit;
                if self.json {
                    let inspection =
                        if answer.changed { json!(self.console.debugger().inspection()) } else { Value::Null };
                    self.done.commands.push(record(piece, answer, inspection, output));
                }
                !quit
            }
            Err((column, message)) => {
                self.out.flush()?;
                crate::load::say(&format!("vex: {place}:{column}: {message}\n"));
                self.done.failed = true;
                self.done.commands.push(json!({
                    "command": piece.text, "ok": false, "error": message, "place": format!("{place}:{column}"),
                    "reason": null, "result": null, "inspection": null, "text": "", "output": output,
                }));
                self.keep_going
            }
        };
        // Whoever holds the other end of the pipe waits for the answer.
        self.out.flush()?;
        Ok(goes_on)
    }

    /// The program's output, in whole lines.
    fn output(&mut self, text: &str) -> std::io::Result<()> {
        self.line.push_str(text);
        if let Some(end) = self.line.rfind('\n') {
            let rest = self.line.split_off(end + 1);
            let lines = std::mem::replace(&mut self.line, rest);
            self.out.write_all(super::text::marked(&lines).as_bytes())?;
        }
        Ok(())
    }
}

/// A command with its answer as data.
fn record(piece: &Piece, answer: Answer, inspection: Value, output: String) -> Value {
    json!({
        "command": piece.text, "ok": true, "error": null, "place": null,
        "reason": answer.reason, "result": answer.result, "inspection": inspection, "text": answer.text, "output": output,
    })
}
