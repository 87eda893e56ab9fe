//! Uses of places: use after move, conflicting borrows, and what may not cross an `await`.

use super::state::{Gone, Path, Spoiled};
use super::walk::{Use, Walk};
use crate::core::{Expr, ExprKind, Place, PlaceBase, Projection};
use crate::diagnostics::{Code, Diagnostic};
use crate::source::Span;

impl Walk<'_> {
    /// A place is used.
    pub(super) fn place(&mut self, place: &Place, how: Use, span: Span) {
        if let PlaceBase::Value(value) = &place.base {
            self.expr(value, Use::Look);
        }
        for step in &place.projections {
            if let Projection::Index(index, _) = step {
                self.expr(index, Use::Look);
            }
        }
        let Some((path, through)) = self.path(place) else { return };
        self.used(&path, span);
        let takes = how == Use::Take && !through && !self.kinds.is_copy(place.ty);
        let access = match how {
            Use::Take if !takes => Use::Look,
            how => how,
        };
        self.access(&path, access, span);
        if takes && let Some(state) = &mut self.state {
            state.guards.remove(&path.local);
            state.gone.insert(path, Gone::Moved(span));
        }
    }

    /// A place gets a new value.
    pub(super) fn assign(&mut self, place: &Place, span: Span) {
        if let PlaceBase::Value(value) = &place.base {
            self.expr(value, Use::Look);
        }
        for step in &place.projections {
            if let Projection::Index(index, _) = step {
                self.expr(index, Use::Look);
            }
        }
        let Some((path, through)) = self.path(place) else { return };
        // Storing into a part needs the whole; the whole itself is simply replaced.
        if through || !path.fields.is_empty() {
            self.used(&Path { local: path.local, fields: Vec::new() }, span);
        }
        self.access(&path, Use::Change, span);
        if !through && let Some(state) = &mut self.state {
            state.assign(&path);
            if path.fields.is_empty() {
                state.loans.remove(&path.local);
                state.spoiled.remove(&path.local);
            }
        }
    }

    /// A path is used in any way: it must have a value, and a reference must still be good.
    pub(super) fn used(&mut self, path: &Path, span: Span) {
        let Some(state) = &self.state else { return };
        if let Some((_, why)) = state.gone(path) {
            let diagnostic = self.gone(path, why, span, Code::UseAfterMove);
            self.report(diagnostic);
        }
        self.spoiled(path, span);
    }

    /// A path is captured by a `go` block.
    pub(super) fn used_in_task(&mut self, path: &Path, head: Span, inside: Span) {
        let Some(state) = &self.state else { return };
        if let Some((_, why)) = state.gone(path) {
            let code = if matches!(why, Gone::IntoTask(..)) { Code::MovedIntoTwoTasks } else { Code::UseAfterMove };
            let mut diagnostic = self.gone(path, why, head, code);
            if inside != head && !matches!(why, Gone::IntoTask(_, first) if first == inside) {
                diagnostic = diagnostic.note_at(inside, "used here in the task".to_string());
            }
            self.report(diagnostic);
        }
        self.spoiled(path, inside);
    }

    fn gone(&self, path: &Path, why: Gone, span: Span, code: Code) -> Diagnostic {
        let name = self.path_name(path);
        let clone = format!("`{}.clone()`", name.trim_matches('`'));
        match why {
            Gone::Unassigned(declared) => {
                Diagnostic::new(Code::UnassignedVariable, span, format!("{name} is used before it has a value"))
                    .label("used here")
                    .note_at(declared, "declared without a value here".to_string())
            }
            Gone::Moved(moved) if moved == span => {
                Diagnostic::new(code, span, format!("{name} is moved again in the next turn of the loop"))
                    .label("moved here, in an earlier turn")
                    .help(format!("use {clone}, or move it before the loop"))
            }
            Gone::Moved(moved) => Diagnostic::new(code, span, format!("{name} is used after it was moved"))
                .label("used here")
                .note_at(moved, format!("{name} is moved here"))
                .help(format!("use {clone} where it is moved, or lend it with `&`")),
            Gone::IntoTask(head, inside) => {
                let again = code == Code::MovedIntoTwoTasks;
                let message = match () {
                    () if again && head == span => {
                        format!("{name} cannot be moved into several goroutines: the loop starts one each turn")
                    }
                    () if again => format!("{name} cannot be moved into several goroutines"),
                    () => format!("{name} is used after it was moved into a goroutine"),
                };
                let label = if again { "this goroutine needs it, too" } else { "used here" };
                let mut diagnostic = Diagnostic::new(code, span, message).label(label);
                if head != span {
                    diagnostic = diagnostic.note_at(head, format!("{name} is moved into this goroutine"));
                }
                if inside != head {
                    diagnostic = diagnostic.note_at(inside, "which uses it here".to_string());
                }
                diagnostic.help("share it: `Box(Mutex.new(..))`, a channel, or a clone for each goroutine")
            }
        }
    }

    fn spoiled(&mut self, path: &Path, span: Span) {
        let Some(state) = &mut self.state else { return };
        let Some(spoiled) = state.spoiled.remove(&path.local) else { return };
        let name = self.name(path.local);
        let diagnostic = match spoiled {
            Spoiled::Await { at, borrow } => Diagnostic::new(
                Code::BorrowAcrossAwait,
                at,
                format!("the reference `{name}` is alive across an `await`"),
            )
            .label("the task waits here")
            .note_at(borrow, format!("`{name}` borrows here"))
            .note_at(span, format!("`{name}` is used here, after the `await`"))
            .help("copy what you need before the `await`, or borrow again after it"),
            Spoiled::Access { at, borrow } => Diagnostic::new(
                Code::ConflictingBorrow,
                at,
                format!("the value is borrowed by `{name}` and cannot be used so"),
            )
            .label("conflicts with the borrow")
            .note_at(borrow, format!("`{name}` borrows here"))
            .note_at(span, format!("`{name}` is still used here"))
            .help("end the borrow before: there may be one `&T!` or many `&T`"),
        };
        self.report(diagnostic);
    }

    /// A path is accessed: references that conflict with it are spoiled.
    pub(super) fn access(&mut self, path: &Path, how: Use, span: Span) {
        let Some(state) = &mut self.state else { return };
        for (&reference, loan) in &state.loans {
            let conflicts = loan.mutable || how != Use::Look;
            if conflicts && loan.path.overlaps(path) && reference != path.local {
                state.spoiled.entry(reference).or_insert(Spoiled::Access { at: span, borrow: loan.span });
            }
        }
    }

    /// The task waits here: no guard may be held, and references are spoiled.
    pub(super) fn awaits(&mut self, span: Span) {
        let Some(state) = &mut self.state else { return };
        for (&reference, loan) in &state.loans {
            state.spoiled.entry(reference).or_insert(Spoiled::Await { at: span, borrow: loan.span });
        }
        let guards: Vec<_> = state.guards.iter().map(|(&local, &span)| (local, span)).collect();
        for (local, borrow) in guards {
            let name = self.name(local);
            let message = format!("the lock guard `{name}` is alive across an `await`");
            let diagnostic = Diagnostic::new(Code::BorrowAcrossAwait, span, message)
                .label("the task waits here, still holding the lock")
                .note_at(borrow, format!("`{name}` is locked here"))
                .help(format!("release it before: `drop({name})`, or a block of its own"));
            self.report(diagnostic);
        }
    }

    /// Arguments of one call that borrow one value mutably and otherwise.
    pub(super) fn aliased(&mut self, args: &[Expr]) {
        let mut seen: Vec<(super::state::Path, bool, Span)> = Vec::new();
        for arg in args {
            let (place, mutable) = match &arg.kind {
                ExprKind::Borrow(place) => (place, false),
                ExprKind::BorrowMut(place) => (place, true),
                _ => continue,
            };
            let Some((path, through)) = self.path(place) else { continue };
            if through || self.kinds.is_shareable(place.ty) || self.kinds.is_copy(place.ty) && !mutable {
                continue;
            }
            if let Some((_, _, first)) =
                seen.iter().find(|(other, other_mutable, _)| (mutable || *other_mutable) && other.overlaps(&path))
            {
                let name = self.path_name(&path);
                let diagnostic = Diagnostic::new(
                    Code::ConflictingBorrow,
                    arg.span,
                    format!("{name} is borrowed mutably and otherwise at once"),
                )
                .label("second borrow")
                .note_at(*first, "first borrow".to_string());
                self.report(diagnostic);
            }
            seen.push((path, mutable, arg.span));
        }
    }
}
