//! The terminal UI: it draws a trace, live or recorded, and sends the user's wishes to the run.
//!
//! It knows the trace (`tracer`) and nothing of the engine; what it needs from a run is the trait [`session::Session`].
//! State, update and view are apart: everything that happens becomes a [`update::Message`], [`update::update`] alone changes
//! the [`state::State`], and drawing only reads it. Start reading at [`state`], then [`update`], [`draw`], and any file of
//! [`views`]. To add a command: a row in [`commands`]. To add a view: a row and a file in [`views`].

pub mod app;
pub mod commands;
pub mod debugger;
pub mod detail;
pub mod draw;
pub mod engine;
pub mod filter;
pub mod format;
pub mod keys;
pub mod layout;
pub mod session;
pub mod state;
pub mod syntax;
pub mod terminal;
pub mod theme;
pub mod update;
pub mod views;
pub mod widgets;
pub mod wording;

use std::io::IsTerminal;

/// Why the UI could not run.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Standard output is a file or a pipe.
    #[error("show the screen: standard output is not a terminal")]
    NotATerminal,
    /// The terminal failed.
    #[error("use the terminal: {0}")]
    Terminal(#[source] std::io::Error),
}

/// How to show.
#[derive(Clone, Copy, Debug)]
pub struct Options {
    /// Colours and characters.
    pub theme: theme::Theme,
    /// Whether to listen to the mouse.
    pub mouse: bool,
    /// Bytes of events to keep in memory; older ones are forgotten and counted as dropped. What is derived from them (lanes,
    /// messages, levels) takes about twice as much again.
    pub memory: usize,
    /// The view to begin with.
    pub view: views::View,
    /// Slow motion from the start, in events a second, as the session was told.
    pub rate: Option<u64>,
}

/// Bytes of events kept where nobody says otherwise: 20 million events, and about 1 GiB with all that is derived from them.
const MEMORY: usize = 320 << 20;

impl Options {
    /// What the environment says.
    pub fn detect() -> Options {
        let theme = theme::Theme::detect(|name| std::env::var(name).ok());
        Options { theme, mouse: true, memory: MEMORY, view: views::View::Timeline, rate: None }
    }
}

/// How the UI ended.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// How the run had ended when the user left; `None` where it still ran.
    pub ending: Option<session::Ending>,
    /// Whether a signal ended the UI and not the user.
    pub killed: bool,
}

/// Shows a run until the user leaves, which also asks the run to end ([`session::Request::Quit`]).
pub fn run(mut session: Box<dyn session::Session>, options: Options) -> Result<Outcome, Error> {
    if !std::io::stdout().is_terminal() {
        return Err(Error::NotATerminal);
    }
    app::run(session.as_mut(), &options)
}
