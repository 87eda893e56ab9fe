//! M28: a Lisp with goroutines, channels and locks. Text to core tree.
//!
//! `reader` (with `strings`) makes forms of text, `build` a syntax tree of forms, `flow` finds out which variable each name means, `emit` makes the core
//! tree. `library` is the table of functions that are built in; others are written in M28 (`prelude.m28`). `check` is the way in.

mod build;
mod check;
mod emit;
mod flow;
mod form;
pub mod library;
mod mentions;
pub mod reader;
mod strings;
mod tree;
mod warn;

#[cfg(test)]
mod tests;

pub use check::check;
