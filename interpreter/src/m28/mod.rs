//! M28: a Lisp with goroutines.

pub mod library;
