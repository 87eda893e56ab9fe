//! What is known at a point of a function: moved values, guards that are held, borrows that are alive.

use crate::core::LocalId;
use crate::source::Span;
use std::collections::BTreeMap;

/// A local, or a field of it: the positions of the fields from the outside in.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Path {
    /// The local.
    pub local: LocalId,
    /// Fields.
    pub fields: Vec<u32>,
}

impl Path {
    /// A whole local.
    pub fn local(local: LocalId) -> Self {
        Self { local, fields: Vec::new() }
    }

    /// Whether one contains the other.
    pub fn overlaps(&self, other: &Path) -> bool {
        let shorter = self.fields.len().min(other.fields.len());
        self.local == other.local && self.fields[..shorter] == other.fields[..shorter]
    }
}

/// Why a path has no value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Gone {
    /// It was moved here.
    Moved(Span),
    /// It was moved into a task: the `go` (its keyword) and the use inside.
    IntoTask(Span, Span),
    /// It was declared without a value.
    Unassigned(Span),
}

/// What a reference borrows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Loan {
    /// The value.
    pub path: Path,
    /// `&x!`
    pub mutable: bool,
    /// Where it was borrowed.
    pub span: Span,
}

/// What happened to a reference that is an error if it is used again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Spoiled {
    /// The value was accessed in a way that conflicts with the borrow.
    Access {
        /// The access.
        at: Span,
        /// The borrow.
        borrow: Span,
    },
    /// The task waited.
    Await {
        /// The `await`.
        at: Span,
        /// The borrow.
        borrow: Span,
    },
}

/// Everything known at a point.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct State {
    /// Paths that (may) have no value.
    pub gone: BTreeMap<Path, Gone>,
    /// Locals that (may) hold a guard, and where they got it.
    pub guards: BTreeMap<LocalId, Span>,
    /// References by the local that holds them.
    pub loans: BTreeMap<LocalId, Loan>,
    /// References whose next use is an error.
    pub spoiled: BTreeMap<LocalId, Spoiled>,
}

impl State {
    /// What is known where two ways meet. `None` is a way that never comes here.
    pub fn join(a: Option<State>, b: Option<State>) -> Option<State> {
        let (Some(mut a), Some(b)) = (a.clone(), b.clone()) else { return a.or(b) };
        for (path, gone) in b.gone {
            a.gone.entry(path).or_insert(gone);
        }
        for (local, span) in b.guards {
            a.guards.entry(local).or_insert(span);
        }
        for (local, loan) in b.loans {
            a.loans.entry(local).or_insert(loan);
        }
        for (local, spoiled) in b.spoiled {
            a.spoiled.entry(local).or_insert(spoiled);
        }
        Some(a)
    }

    /// A local (newly declared, or at the end of its scope) starts afresh.
    pub fn forget(&mut self, local: LocalId) {
        self.gone.retain(|path, _| path.local != local);
        self.guards.remove(&local);
        self.loans.remove(&local);
        self.spoiled.remove(&local);
    }

    /// A path has a value again.
    pub fn assign(&mut self, path: &Path) {
        self.gone.retain(|gone, _| !(gone.local == path.local && gone.fields.starts_with(&path.fields)));
    }

    /// Why a path (or a part of it, or what contains it) has no value.
    pub fn gone(&self, path: &Path) -> Option<(&Path, Gone)> {
        self.gone.iter().find(|(gone, _)| gone.overlaps(path)).map(|(gone, &why)| (gone, why))
    }
}
