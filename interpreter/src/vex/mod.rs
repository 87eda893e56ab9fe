//! The language Vex.
//!
//! `lexer` and `parser` turn text into the tree of `ast`; start reading there: it is what every later stage gets.

pub mod ast;
pub mod check;
pub mod inspect;
pub mod lexer;
pub mod parser;
pub mod token;
