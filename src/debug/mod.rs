//! The debugger's command language and its answers: what `vex debug` understands in a script, on a command line and on the
//! screen, and what it says.
//!
//! * [`table`] the one table of commands: names, arguments, help,
//! * [`scan`] scripts into commands and commands into words; [`parse`], [`breakpoint`] a command's text to a [`command::Command`];
//!   [`nearest`] what was probably meant,
//! * [`console`] does what a command asks for; [`text`] words what it found; [`help`] words the table,
//! * [`script`] a session that is read from a file, a command line or a pipe; [`session`] one on the screen.

pub mod breakpoint;
pub mod command;
pub mod complete;
pub mod console;
pub mod help;
pub mod nearest;
pub mod parse;
pub mod scan;
pub mod script;
pub mod session;
pub mod table;
#[cfg(test)]
mod tests;
pub mod text;

/// What is said of an input that cannot be read.
pub fn unreadable(name: &str, error: &std::io::Error) -> anyhow::Error {
    anyhow::anyhow!("cannot read {name}: {error}")
}
