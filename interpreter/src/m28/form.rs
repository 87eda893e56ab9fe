//! What the reader makes of a text: forms, the lists and atoms of the language, before anything is known about what they mean.

use crate::source::Span;
use std::rc::Rc;

/// A name, as often as it is needed.
pub type Name = Rc<str>;

/// A form with its place.
#[derive(Clone, Debug)]
pub struct Form {
    /// What it is.
    pub kind: FormKind,
    /// Where it stands.
    pub span: Span,
}

/// The kinds of forms.
#[derive(Clone, Debug)]
pub enum FormKind {
    /// `None`, `nil`
    None,
    /// `True`, `false`, …
    Bool(bool),
    /// A whole number of 64 bits.
    Int(i64),
    /// A number with a fraction or an exponent.
    Float(f64),
    /// A string.
    Str(String),
    /// `f"…"`: texts ([`FormKind::Str`]) and holes.
    Template(Vec<Form>),
    /// A name.
    Symbol(Name),
    /// `:name`
    Keyword(Name),
    /// `( … )` without commas.
    List(Vec<Form>),
    /// `(a, b)`
    Tuple(Vec<Form>),
    /// `[ … ]`
    Bracket(Vec<Form>),
    /// `{k: v, …}`
    Dict(Vec<(Form, Form)>),
    /// `x[i]`
    Index(Box<Form>, Box<Form>),
    /// `x.name`
    Attr(Box<Form>, Name),
    /// `'form`
    Quote(Box<Form>),
    /// `name=value` as an argument or parameter.
    Named(Name, Box<Form>),
    /// Something was wrong here; it was reported.
    Error,
}

impl Form {
    /// The name, if it is one.
    pub fn symbol(&self) -> Option<&Name> {
        match &self.kind {
            FormKind::Symbol(name) => Some(name),
            _ => None,
        }
    }

    /// Whether it is this name.
    pub fn is(&self, name: &str) -> bool {
        self.symbol().is_some_and(|symbol| &**symbol == name)
    }

    /// The elements of a list in parentheses.
    pub fn list(&self) -> Option<&[Form]> {
        match &self.kind {
            FormKind::List(items) => Some(items),
            _ => None,
        }
    }

    /// The name at the head of a list.
    pub fn head(&self) -> Option<&str> {
        self.list()?.first()?.symbol().map(|name| &**name)
    }

    /// The elements of `( … )`, `(a, b)` or `[ … ]`.
    pub fn group(&self) -> Option<&[Form]> {
        match &self.kind {
            FormKind::List(items) | FormKind::Tuple(items) | FormKind::Bracket(items) => Some(items),
            _ => None,
        }
    }
}
