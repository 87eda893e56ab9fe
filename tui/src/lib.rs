//! The terminal UI: it draws a trace, live or recorded, and sends the user's wishes to the run.
//!
//! It knows the trace (`tracer`) and nothing of the engine; what it needs from a run is the trait [`session::Session`].
//! To add a command: a row in [`commands`]. To add a view: a row and a file in [`views`].

pub mod commands;
pub mod filter;
pub mod format;
pub mod keys;
pub mod layout;
pub mod session;
pub mod syntax;
pub mod terminal;
pub mod theme;
pub mod views;

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
    /// The view to begin with.
    pub view: views::View,
}

impl Options {
    /// What the environment says.
    pub fn detect() -> Options {
        Options {
            theme: theme::Theme::detect(|name| std::env::var(name).ok()),
            mouse: true,
            view: views::View::Timeline,
        }
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
